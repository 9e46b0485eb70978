package web

import (
	"context"
	"errors"
	"io"
	"net/url"
	"path"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/policy"
	"redsteward/registry"
)

// Scans is what the pages need of scanned papers of votes and photos of public revenue. Every method checks right and scope and lists its errors there.
type Scans interface {
	// OneVote returns a vote and whether the actor may open the papers that name owners; the others add, take back and open its scans.
	OneVote(ctx context.Context, by policy.Actor, project, id string) (row registry.VoteRow, named bool, err error)
	AddVoteScan(ctx context.Context, by policy.Actor, project, id string, seq int64, kind registry.ScanKind, upload *files.Upload) error
	WithdrawVoteScan(ctx context.Context, by policy.Actor, project, id string, seq int64, n int, why string) error
	OpenVoteScan(ctx context.Context, by policy.Actor, project, id string, n int) (io.ReadSeekCloser, int64, files.Stored, error)
	// OneRevenue returns a half-year; the others add, take back and open its photos.
	OneRevenue(ctx context.Context, by policy.Actor, project, half string) (registry.RevenueRow, error)
	AddRevenuePhoto(ctx context.Context, by policy.Actor, project, half string, seq int64, upload *files.Upload) error
	WithdrawRevenuePhoto(ctx context.Context, by policy.Actor, project, half string, seq int64, n int, why string) error
	OpenRevenuePhoto(ctx context.Context, by policy.Actor, project, half string, n int) (io.ReadSeekCloser, int64, files.Stored, error)
}

// maxScanUpload is the largest upload of one scan with its form, in bytes.
const maxScanUpload = 31 << 20

// scanRoutes are the page of a vote with its scans and that of a half-year with its photos.
func (s *Server) scanRoutes() []Route {
	const get, post, one = fiber.MethodGet, fiber.MethodPost, "/:n<int>"
	var routes []Route
	for _, d := range []struct {
		path                      string
		show, add, open, withdraw func(c *fiber.Ctx, by policy.Actor) error
	}{{projectsPath + "/:id/votes/:part/scans", s.voteScans, s.addVoteScan, s.openVoteScan, s.withdrawVoteScan},
		{projectsPath + "/:id/revenue/:part/photos", s.revenuePhotos, s.addRevenuePhoto, s.openRevenuePhoto, s.withdrawRevenuePhoto}} {
		routes = append(routes, Route{Method: get, Path: d.path, Action: policy.ReadRegister, Handler: d.show},
			Route{Method: post, Path: d.path, Action: policy.WriteRegister, Handler: d.add, Upload: maxScanUpload},
			Route{Method: get, Path: d.path + one, Action: policy.ReadRegister, Handler: d.open},
			Route{Method: post, Path: d.path + one + "/withdraw", Action: policy.WriteRegister, Handler: d.withdraw})
	}
	return routes
}

// scanView is what register_scans.html shows.
type scanView struct {
	Crumbs           []crumb
	Title, Path      string
	Seq              int64
	Facts            []option
	Scans            []scanLine
	CanWrite, Hidden bool
	// Kinds are those to choose from when one is added; Accept says so to the browser.
	Kinds         []field
	Accept, Hint  string
	FileError     string
	WithdrawError string
}

// scanLine is a scan in words; Link is "" for what the reader may not open.
type scanLine struct {
	Kind, Name, On, Link, Withdrawn, Path string
}

// scanPage begins the page of a row with its scans.
func (s *Server) scanPage(c *fiber.Ctx, by policy.Actor, list []registry.Scan, named bool, refused []fault.Field) (scanView, error) {
	r, err := s.registered.OneProject(c.UserContext(), by, c.Params("id"))
	v := scanView{Crumbs: []crumb{{"小区登记", projectsPath}, {r.Name, projectPath(r.ID)}}, CanWrite: s.guard.Allow(by, policy.WriteRegister)}
	for i, scan := range list {
		l := scanLine{Kind: registry.TextOf(registry.ScanKinds(), scan.Kind), Name: scan.File.Name, On: scan.On.Chinese(), Withdrawn: scan.Withdrawn, Path: "/" + count(i)}
		if scan.Kind == registry.ScanTally && !named {
			l.Name, v.Hidden = "", true // the name of a file may be that of a person
		} else if scan.Withdrawn == "" {
			l.Link = "/" + count(i)
		}
		v.Scans = append(v.Scans, l)
	}
	for _, f := range refused {
		switch f.Name {
		case "file", "files":
			v.FileError = f.Message
		case "reason":
			v.WithdrawError = f.Message
		}
	}
	return v, err
}

// showScans answers with the page of a row and its scans.
func (s *Server) showScans(c *fiber.Ctx, by policy.Actor, v scanView, refused []fault.Field) error {
	for i := range v.Scans {
		l := &v.Scans[i]
		l.Path = v.Path + l.Path
		if l.Link != "" {
			l.Link = v.Path + l.Link
		}
	}
	p := page{Title: v.Title, Nav: projectsPath, Data: v, Fields: refused, Script: true}
	if len(refused) > 0 {
		return s.refuse(c, by, "register_scans", p)
	}
	return s.render(c, by, "register_scans", p)
}

func (s *Server) voteScans(c *fiber.Ctx, by policy.Actor) error { return s.showVote(c, by, nil) }

// showVote is the page of a vote.
func (s *Server) showVote(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	row, named, err := s.registered.OneVote(c.UserContext(), by, c.Params("id"), c.Params("part"))
	if err != nil {
		return err
	}
	v, err := s.scanPage(c, by, row.Scans, named, refused)
	if err != nil {
		return err
	}
	check := row.Check()
	result := "没有达到法定比例"
	if check.Carried() {
		result = "达到法定比例"
	}
	v.Title, v.Path, v.Seq = row.Title, votePath(row.Project, row.ID), row.Seq
	v.Facts = []option{{"事项", registry.TextOf(registry.Matters(), row.Matter)}, {"结果", result}, {"通知业主", row.Notified.Chinese()}, {"表决截至", row.Held.Chinese()},
		{"参与", row.Joined.Area.Fixed(2) + " / " + row.All.Area.Fixed(2) + " 平方米，" + count(int(row.Joined.Heads)) + " / " + count(int(row.All.Heads)) + " 人"},
		{"同意", row.Vote.Agreed.Area.Fixed(2) + " 平方米，" + count(int(row.Vote.Agreed.Heads)) + " 人（须" + check.Needs + "）"}, {"公示", row.Published.Chinese()}}
	v.Kinds = withErrors([]field{{Name: "kind", Label: "是什么", Options: choicesOf("请选择", registry.ScanKinds())}}, refused)
	v.Accept, v.Hint = ".pdf,.jpg,.jpeg,.png", "PDF、JPG 或 PNG；表决票和汇总表写有业主姓名，只有办理和监督的人能打开"
	return s.showScans(c, by, v, refused)
}

// votePath is the page of a vote.
func votePath(project, id string) string { return projectPath(project) + "/votes/" + id + "/scans" }

func (s *Server) revenuePhotos(c *fiber.Ctx, by policy.Actor) error { return s.showRevenue(c, by, nil) }

// showRevenue is the page of a half-year of public revenue.
func (s *Server) showRevenue(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	row, err := s.registered.OneRevenue(c.UserContext(), by, c.Params("id"), c.Params("part"))
	if err != nil {
		return err
	}
	v, err := s.scanPage(c, by, row.Photos, true, refused)
	if err != nil {
		return err
	}
	v.Title, v.Path, v.Seq = registry.HalfText(row.Half)+"公共收益公示", revenuePhotosPath(row.Project, row.Half), row.Seq
	v.Facts = []option{{"收入", yuan(row.In()) + " 元"}, {"支出", yuan(row.Out()) + " 元"}, {"期末余额", yuan(row.Balance()) + " 元"}}
	if row.Published.IsZero() {
		v.Facts = append(v.Facts, option{"公示", "没有公示"})
		v.CanWrite = false
	} else {
		v.Facts = append(v.Facts, option{"公示", row.Published.Chinese() + "起在" + row.Where + "公示 " + count(int(row.Days)) + " 日"})
	}
	v.Accept, v.Hint = ".jpg,.jpeg,.png", "JPG 或 PNG；拍公示栏和内容，不拍人"
	return s.showScans(c, by, v, refused)
}

func revenuePhotosPath(project, half string) string {
	return projectPath(project) + "/revenue/" + half + "/photos"
}

// takeScan reads the form of a scan, hands it to a command, and shows the page again with what was refused.
func (s *Server) takeScan(c *fiber.Ctx, by policy.Actor, kinds []files.Kind, add func(values url.Values, upload *files.Upload) error, show func(*fiber.Ctx, policy.Actor, []fault.Field) error) (err error) {
	var upload *files.Upload
	values, readErr := s.readForm(c, maxScanUpload, func(name string, r io.Reader) (err error) {
		if upload != nil {
			return fault.InvalidFields("web.takeScan", fault.Field{Name: "file", Message: "一次只交一份"})
		}
		upload, err = s.files.Receive(name, r, kinds...)
		return err
	})
	if upload != nil {
		defer func() { err = errors.Join(err, upload.Close()) }()
	}
	if readErr == nil {
		readErr = add(values, upload)
	}
	return s.afterScan(c, by, "file", readErr, show)
}

// afterScan answers a form of a page with scans: back to the page, with what was refused, a conflict at its field.
func (s *Server) afterScan(c *fiber.Ctx, by policy.Actor, conflictAt string, err error, show func(*fiber.Ctx, policy.Actor, []fault.Field) error) error {
	refused := refusedForm(err)
	if fault.Is(err, fault.Conflict) {
		refused = []fault.Field{{Name: conflictAt, Message: fault.MessageOf(err)}}
	}
	if len(refused) > 0 {
		return show(c, by, refused)
	}
	if err != nil {
		return err
	}
	if c.Params("n") == "" {
		return seeOther(c, c.Path())
	}
	return seeOther(c, path.Dir(path.Dir(c.Path())))
}

func (s *Server) addVoteScan(c *fiber.Ctx, by policy.Actor) error {
	return s.takeScan(c, by, []files.Kind{files.PDF, files.JPEG, files.PNG}, func(values url.Values, upload *files.Upload) error {
		return s.registered.AddVoteScan(c.UserContext(), by, c.Params("id"), c.Params("part"), seqOf(values.Get("seq")), registry.ScanKind(values.Get("kind")), upload)
	}, s.showVote)
}

func (s *Server) addRevenuePhoto(c *fiber.Ctx, by policy.Actor) error {
	return s.takeScan(c, by, []files.Kind{files.JPEG, files.PNG}, func(values url.Values, upload *files.Upload) error {
		return s.registered.AddRevenuePhoto(c.UserContext(), by, c.Params("id"), c.Params("part"), seqOf(values.Get("seq")), upload)
	}, s.showRevenue)
}

// scanAt is the number of a scan in an address, -1 for none.
func scanAt(c *fiber.Ctx) int {
	n, err := c.ParamsInt("n")
	if err != nil {
		return -1
	}
	return n
}

func (s *Server) withdrawVoteScan(c *fiber.Ctx, by policy.Actor) error {
	return s.afterScan(c, by, "reason", s.registered.WithdrawVoteScan(c.UserContext(), by, c.Params("id"), c.Params("part"), formSeq(c), scanAt(c), c.FormValue("reason")), s.showVote)
}

func (s *Server) withdrawRevenuePhoto(c *fiber.Ctx, by policy.Actor) error {
	return s.afterScan(c, by, "reason", s.registered.WithdrawRevenuePhoto(c.UserContext(), by, c.Params("id"), c.Params("part"), formSeq(c), scanAt(c), c.FormValue("reason")), s.showRevenue)
}

func (s *Server) openVoteScan(c *fiber.Ctx, by policy.Actor) error {
	r, size, file, err := s.registered.OpenVoteScan(c.UserContext(), by, c.Params("id"), c.Params("part"), scanAt(c))
	if err == nil {
		sendFile(c, r, size, file.Kind, file.Name, false)
	}
	return err
}

func (s *Server) openRevenuePhoto(c *fiber.Ctx, by policy.Actor) error {
	r, size, file, err := s.registered.OpenRevenuePhoto(c.UserContext(), by, c.Params("id"), c.Params("part"), scanAt(c))
	if err == nil {
		sendFile(c, r, size, file.Kind, file.Name, false)
	}
	return err
}

// standingScans is how many scans were not taken back.
func standingScans(list []registry.Scan) int {
	n := 0
	for _, scan := range list {
		if scan.Withdrawn == "" {
			n++
		}
	}
	return n
}

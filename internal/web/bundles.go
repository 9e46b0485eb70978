package web

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/rating"
)

// Bundles makes the bundles (复算包) of published stars. Implementations must be safe for concurrent use.
type Bundles interface {
	// Bundle returns the file of a star, the same bytes every time; full is the form that opens what everybody may not see. Returns NotFound if there is no such
	// star, or for the full form none in the actor's scope; Forbidden with the rule; Conflict that says why there can be none.
	Bundle(ctx context.Context, by policy.Actor, star StarID, full bool) ([]byte, error)
	// MayOpen reports whether the actor may have the full form.
	MayOpen(ctx context.Context, by policy.Actor, star StarID) bool
	// Key returns the public key of the log as verify wants it. Returns NotFound if nothing was signed yet.
	Key(ctx context.Context) (string, error)
}

// StarID names a star.
type StarID struct {
	// Period is the id of the published period; "" for tables that belong to none, which have Evaluation instead.
	Period, Evaluation string
	// Subject is the id of the subject.
	Subject string
}

// checkPath is where anybody checks a bundle that he has.
const checkPath = "/open/check"

// maxBundleForm is the largest form with a bundle.
const maxBundleForm = rating.MaxBundleBytes + 64<<10

// Bundles that one address may have checked in a window: each takes about as long as a page of the board, a hostile one longer.
const (
	checkTries  = 60
	checkWindow = signInWindow
)

// bundleRoutes are the pages behind 技术核验; none without bundles.
func (s *Server) bundleRoutes() []Route {
	if s.bundles == nil {
		return nil
	}
	const get, one = fiber.MethodGet, "/stars/:id<maxLen(200)>"
	return []Route{
		{Method: get, Path: one + "/verify", Action: policy.VerifyResult, Handler: s.verifyStar},
		{Method: get, Path: one + "/bundle.json", Action: policy.VerifyResult, Handler: s.bundle(false)},
		{Method: get, Path: one + "/full.json", Action: policy.ReadPartyFact, Handler: s.bundle(true)},
		{Method: get, Path: checkPath, Action: policy.VerifyResult, Handler: s.checkForm},
		{Method: fiber.MethodPost, Path: checkPath, Action: policy.VerifyResult, Handler: s.checkBundle, Upload: maxBundleForm},
	}
}

// verifyView is what verify.html shows.
type verifyView struct {
	*rating.BundleReport
	// Name, Title and Grade are what a person knows the star by: the compound, the evaluation or its period, the grade.
	Name, Title, Grade, Total string
	// Number is the document number and At the moment of the publication; "" for a table.
	Number, At string
	// First is the first difference in words, "" if everything agrees.
	FirstSaid string
	// Star is the page of the star, Public and Full are downloads; "" on the page of an upload, and Full where it is not allowed.
	Star, Public, Full string
	// Foreign: the bundle is signed with another key than that of this installation.
	Foreign bool
	// OwnKeyText is the key of this installation; "" before anything was signed.
	OwnKeyText string
	FileError  string
	MaxMB      int
	// Records are the records of the log by which the star stands, with the addresses of their proofs; none on the page of an upload.
	Records []caseLink
}

// askedBundle is the star that an address names: of the period asked for, else of the shown evaluation.
func (s *Server) askedBundle(c *fiber.Ctx) (StarID, error) {
	if period := c.Query("period"); period != "" {
		id, err := url.PathUnescape(c.Params("id"))
		if err != nil || !journal.ValidPart(period) {
			return StarID{}, fault.New("web.askedBundle", fault.NotFound, "")
		}
		return StarID{Period: period, Subject: id}, nil
	}
	asked, err := s.askedStar(c.UserContext(), policy.Actor{}, c.Params("id"))
	if err != nil {
		return StarID{}, err
	}
	return StarID{Period: asked.Period, Evaluation: asked.ID, Subject: asked.id}, nil
}

// address is that of a page or a download of the star's bundle: it names the period, so that it leads to the same star for good.
func (id StarID) address(what string) string {
	path := starAddress(id.Subject) + "/" + what
	if id.Period != "" {
		path += "?period=" + url.QueryEscape(id.Period)
	}
	return path
}

// verifyStar recomputes a star and shows what came out (技术核验).
func (s *Server) verifyStar(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	star, err := s.askedBundle(c)
	if err != nil {
		return err
	}
	full := ""
	if s.bundles.MayOpen(ctx, by, star) {
		full = star.address("full.json")
	}
	cached, err := s.bundled.get(star.address("verify")+"#"+full+star.Evaluation+s.frame(c, by), func() ([]byte, error) {
		data, err := s.publicBundle(ctx, star)
		if err != nil {
			return nil, err
		}
		v, err := s.checked(ctx, data)
		if err != nil {
			return nil, err
		}
		v.Star, v.Public, v.Full = starAddress(star.Subject), star.address("bundle.json"), full
		proof := func(what string, n int64) {
			if n > 0 && s.journal != nil {
				v.Records = append(v.Records, caseLink{fmt.Sprintf("%s：日志第 %d 条", what, n), fmt.Sprintf("%s/%d/proof.json", openRecordsPath, n)})
			}
		}
		proof("评价，含全部结果的总指纹", v.Bundle.Evaluation.N)
		if p := v.Bundle.Publication; p != nil {
			proof("公布", p.Entry.N)
		}
		return s.renderBytes(c, by, "verify", page{Title: v.Name + " 技术核验", Nav: "/", Data: v})
	})
	if err != nil {
		return err
	}
	return cached.send(c)
}

// bundleCache bounds the memory of bundles and of the pages that recomputed them: both never change.
const bundleCache = 8 << 20

// publicBundle is the public form, which is the same for everybody and made once while people ask for it.
func (s *Server) publicBundle(ctx context.Context, star StarID) ([]byte, error) {
	cached, err := s.bundled.get(star.address("bundle.json")+"#"+star.Evaluation, func() ([]byte, error) { return s.bundles.Bundle(ctx, policy.Actor{}, star, false) })
	if err != nil {
		return nil, err
	}
	return cached.plain, nil
}

// bundle hands out the file of a star.
func (s *Server) bundle(full bool) func(c *fiber.Ctx, by policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		star, err := s.askedBundle(c)
		if err != nil {
			return err
		}
		name, data := "star", []byte(nil)
		if full {
			name = "full"
			data, err = s.bundles.Bundle(c.UserContext(), by, star, true)
		} else {
			data, err = s.publicBundle(c.UserContext(), star)
		}
		if err != nil {
			return err
		}
		for _, part := range []string{star.Period, star.Subject} {
			if part != "" {
				name += "-" + strings.Map(plainRune, part)
			}
		}
		sendJSONFile(c, name+".json", data)
		return nil
	}
}

// plainRune keeps what may stand in the name of a file anywhere.
func plainRune(r rune) rune {
	if strings.ContainsRune(`/\:*?"<>|%`, r) || r < ' ' {
		return '-'
	}
	return r
}

// sendJSONFile answers with JSON as a download.
func sendJSONFile(c *fiber.Ctx, name string, data []byte) {
	c.Set(fiber.HeaderContentDisposition, "attachment; filename*=UTF-8''"+url.PathEscape(name))
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Response().Header.SetContentType(fiber.MIMEApplicationJSONCharsetUTF8)
	c.Response().SetBodyRaw(data)
}

// checked verifies a bundle. Whether it was signed here is told apart from whether it agrees with itself.
func (s *Server) checked(ctx context.Context, data []byte) (*verifyView, error) {
	key, err := s.bundles.Key(ctx)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	b, err := rating.ReadBundle(data)
	if err != nil {
		return nil, err
	}
	held := key // a foreign bundle is held against its own key: whether it was altered is worth knowing too
	if b.Key != key {
		held = ""
	}
	report, err := rating.VerifyBundle(data, held)
	if err != nil {
		return nil, err
	}
	v := &verifyView{BundleReport: report, Foreign: b.Key != key, OwnKeyText: key}
	if !report.OK() {
		v.FirstSaid = report.First.Chinese()
	}
	if report.Sheet != nil {
		v.Name = report.Sheet.About.Name
	}
	if r := report.Result; r != nil {
		if v.Name == "" {
			v.Name = r.Subject
		}
		v.Title, v.Grade = r.Period, r.Label
		if r.Total.Counted {
			v.Total = r.Total.Shown
		}
	}
	if made := report.Evaluation; made != nil && made.Title != "" {
		v.Title = made.Title
	}
	if p := report.Bundle.Publication; p != nil {
		v.Number = p.Number
		var at journal.Time
		if err := at.UnmarshalText([]byte(p.At)); err == nil { // ReadBundle has read it
			v.At = dateTime(at.Time)
		}
	}
	return v, nil
}

// checkForm asks for a bundle.
func (s *Server) checkForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showCheck(c, by, &verifyView{}, nil)
}

func (s *Server) showCheck(c *fiber.Ctx, by policy.Actor, v *verifyView, fields []fault.Field) error {
	v.MaxMB = rating.MaxBundleBytes >> 20
	if v.OwnKeyText == "" {
		key, err := s.bundles.Key(c.UserContext())
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		v.OwnKeyText = key
	}
	if len(fields) > 0 {
		v.FileError = fields[0].Message
		c.Status(fiber.StatusUnprocessableEntity)
	}
	return s.render(c, by, "verify", page{Title: "核对复算包", Nav: "/open", Data: v, Fields: fields})
}

// checkBundle checks the bundle that somebody has.
func (s *Server) checkBundle(c *fiber.Ctx, by policy.Actor) error {
	if err := s.slowDown(c, s.checks, "核对"); err != nil {
		return err
	}
	s.used(c, s.checks)
	var data []byte
	took := false
	_, err := s.readForm(c, maxBundleForm, func(_ string, r io.Reader) (err error) {
		if took {
			return fault.InvalidFields("web.checkBundle", fault.Field{Name: "file", Message: "一次只能核对一个文件，现在有两个"})
		}
		took = true
		data, err = io.ReadAll(io.LimitReader(r, rating.MaxBundleBytes+1))
		return err
	})
	if err == nil && !took {
		err = fault.InvalidFields("web.checkBundle", fault.Field{Name: "file", Message: "请选择要核对的复算包"})
	}
	var v *verifyView
	if err == nil {
		v, err = s.checked(c.UserContext(), data)
	}
	if fields := fileFaults(err); len(fields) > 0 {
		return s.showCheck(c, by, &verifyView{}, fields)
	}
	if err != nil {
		return err
	}
	return s.showCheck(c, by, v, nil)
}

// KeyText is the key that signed the bundle.
func (v *verifyView) KeyText() string {
	if v.BundleReport == nil {
		return ""
	}
	return v.Bundle.Key
}

// Covered says which records of the log the checkpoint covers; "" if it does not hold.
func (v *verifyView) Covered() string {
	if v.BundleReport == nil || v.Checkpoint == nil {
		return ""
	}
	return fmt.Sprintf("%s签，覆盖日志第 1 至 %d 条", dateTime(v.Checkpoint.At.Time), v.Checkpoint.Size)
}

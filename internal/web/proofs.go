package web

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
	"redsteward/supervision/repair"
)

// Evidence is what the pages of proof need; only Points may be nil: then the maximum stands for the effect on points.
type Evidence struct {
	// Proofs keeps windows and proofs.
	Proofs *evidence.Service
	// Projects lists the projects of an actor.
	Projects Projects
	// Points tells what proof does to the points.
	Points Points
}

// Points tells what the indicators behind a fact would come to; cycle.Service implements it.
type Points interface {
	// WhatIf tells what they come to if exactly these readings were accepted; false if that cannot be said of this fact alone.
	WhatIf(ctx context.Context, period, fact, firm string, told []supervision.Reading) (cycle.Effect, bool, error)
}

// effects tells what a fact of a project comes to with each of some lists of waiting proofs added to what counts, except one proof; none if that cannot be said.
func (s *Server) effects(c *fiber.Ctx, by policy.Actor, about evidence.Proof, except string, added ...[]evidence.Proof) ([]string, error) {
	if s.evidence.Points == nil {
		return nil, nil
	}
	told, err := s.evidence.Proofs.Told(c.UserContext(), by, about.Project, about.Ask.Fact, except)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(added))
	for i, list := range added {
		all := slices.Clone(told)
		for _, p := range list {
			r := p.Reading()
			if r.Accepted.IsZero() || p.State.Waits() {
				r.Accepted = journal.At(s.clocks.Business()).Time // as exact as a cut-off: never after one of the same moment
			}
			all = append(all, r)
		}
		e, known, err := s.evidence.Points.WhatIf(c.UserContext(), about.Period, about.Ask.Fact, about.Firm, all)
		if err != nil || !known {
			return nil, err
		}
		if out[i] = "不计分"; e.Counted {
			out[i] = e.Points.Fixed(2) + " 分"
		}
	}
	return out, nil
}

// Projects lists projects; registry.Service implements it.
type Projects interface {
	// Projects returns a page of the projects in the actor's scope. Returns Forbidden without policy.ReadRegister.
	Projects(ctx context.Context, by policy.Actor, q registry.ProjectQuery) (registry.Page[registry.ProjectRow], error)
}

// maxProofBody is the largest request of a form for proof: every file at its limit, and room for the fields.
const maxProofBody = evidence.MaxFiles*files.MaxPaper + 1<<20

// evidenceRoutes are the rows of proof.
func (s *Server) evidenceRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	if s.evidence == nil {
		return nil
	}
	form := "/proofs/:period<maxLen(64)>/:project<maxLen(64)>/:fact<maxLen(64)>"
	one := "/proof/:id<maxLen(64)>"
	rows := []Route{
		{Method: get, Path: "/proofs", Action: policy.ReadEvidence, Handler: s.proofs},
		{Method: get, Path: "/proofs/:period<maxLen(64)>/:project<maxLen(64)>", Action: policy.ReadEvidence, Handler: s.proofNeeds},
		{Method: get, Path: form, Action: policy.SubmitEvidence, Handler: s.proofForm},
		{Method: post, Path: form, Action: policy.SubmitEvidence, Handler: s.sendProof, Upload: maxProofBody},
		{Method: get, Path: one, Action: policy.ReadEvidence, Handler: s.proof},
		{Method: get, Path: one + "/correct", Action: policy.SubmitEvidence, Handler: s.proofForm},
		{Method: post, Path: one + "/correct", Action: policy.SubmitEvidence, Handler: s.sendProof, Upload: maxProofBody},
		{Method: post, Path: one + "/withdraw", Action: policy.SubmitEvidence, Handler: s.withdrawProof},
		{Method: post, Path: one + "/object", Action: policy.SubmitEvidence, Handler: s.objectProof},
		{Method: get, Path: one + "/files/:n<int>", Action: policy.ReadEvidence, Handler: s.proofFile},
		{Method: get, Path: drawingsPath, Action: policy.AuditEvidence, Handler: s.auditDraws},
	}
	for _, d := range desks() {
		rows = append(rows,
			Route{Method: get, Path: d.path, Action: d.action, Handler: func(c *fiber.Ctx, by policy.Actor) error { return s.reviews(c, by, d) }},
			Route{Method: post, Path: d.path + "/:id<maxLen(64)>", Action: d.action, Handler: func(c *fiber.Ctx, by policy.Actor) error { return s.decideProof(c, by, d) }},
			Route{Method: post, Path: d.path + "/:id<maxLen(64)>/undo", Action: d.action, Handler: func(c *fiber.Ctx, by policy.Actor) error { return s.undoProof(c, by, d) }},
		)
	}
	return rows
}

// windowView is a window as pages show it.
type windowView struct {
	ID, Title string
	// Until says until when, Left what is left of it; Class is late, soon or "".
	Until, Left, Class string
	// Closed is why nothing is taken in, "" while it is open.
	Closed  string
	Current bool
}

func (s *Server) windowView(id string, w evidence.Window) windowView {
	now := s.clocks.Business()
	v := windowView{ID: id, Title: w.Title, Until: evidence.Moment(w.Closes.Time)}
	if err := w.Open(now); err != nil {
		v.Closed, v.Left = fault.MessageOf(err), "已截止"
		if now.Before(w.Opens.Time) {
			v.Left = "尚未开放"
		}
		return v
	}
	last := calendar.DateOf(w.Closes.Add(-time.Millisecond))
	switch days := last.Sub(calendar.DateOf(now)); {
	case days == 0:
		v.Left, v.Class = "今天截止", "late"
	case days <= 3:
		v.Left, v.Class = fmt.Sprintf("还剩 %d 日", days), "soon"
	default:
		v.Left = fmt.Sprintf("还剩 %d 日", days)
	}
	return v
}

// proofsView is what proofs.html shows.
type proofsView struct {
	Windows []windowView
	Window  *windowView
	Rows    []projectNeeds
	Next    string
	// Urges leads to whom the actor can urge, none for who cannot.
	Urges []crumb
}

// projectNeeds is one project and what is missing of it.
type projectNeeds struct {
	Name, Firm, Community, Link string
	Missing, Returned, All      int
}

// proofs lists the projects of the actor with what each still has to submit in a period.
func (s *Server) proofs(c *fiber.Ctx, by policy.Actor) error {
	list, err := s.evidence.Proofs.Windows(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := proofsView{Urges: s.urges(by, "proofs")}
	for i, w := range list {
		one := s.windowView(w.ID, w.State)
		one.Current = w.ID == c.Query("period") || c.Query("period") == "" && i == 0
		v.Windows = append(v.Windows, one)
		if one.Current {
			v.Window = &v.Windows[i]
		}
	}
	if v.Window != nil {
		page, err := s.evidence.Projects.Projects(c.UserContext(), by, registry.ProjectQuery{After: c.Query("after")})
		if err != nil {
			return err
		}
		if page.Next != "" {
			v.Next = "/proofs?period=" + v.Window.ID + "&after=" + page.Next
		}
		if v.Rows, err = s.projectNeeds(c, by, v.Window.ID, page.Rows); err != nil {
			return err
		}
	}
	return s.render(c, by, "proofs", page{Title: "佐证材料", Nav: "/proofs", Data: v})
}

// projectNeeds asks what is missing of each project; one that the actor could not see in the period is left out.
func (s *Server) projectNeeds(c *fiber.Ctx, by policy.Actor, period string, rows []registry.ProjectRow) ([]projectNeeds, error) {
	all, err := s.evidence.Proofs.NeedsOf(c.UserContext(), by, period, projectIDs(rows))
	if err != nil {
		return nil, err
	}
	out := make([]projectNeeds, 0, len(all))
	for _, needs := range all {
		one := projectNeeds{Name: needs.Place.Name, Firm: needs.Place.FirmName, Community: needs.Place.CommunityName, Link: "/proofs/" + period + "/" + needs.Place.Project,
			Missing: len(needs.Missing()), All: len(needs.List)}
		for _, n := range needs.List {
			if n.Returned {
				one.Returned++
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// needsView is what proof_needs.html shows.
type needsView struct {
	Window                   windowView
	Project, Firm, Community string
	Missing                  int
	Rows                     []needView
	CanSubmit                bool
}

// needView is one ask.
type needView struct {
	Name, Indicator, Points, Missing string
	// Now are the points as of now, Then those with what waits accepted, "" if nothing waits; both "" if that cannot be said.
	Now, Then string
	Link      string
	Proofs    []proofRow
	// Held says that the system holds it and nothing is asked for; Records is where it is to be seen, "" for who may not.
	Held, Records string
}

// proofRow is one proof in a list.
type proofRow struct {
	Link, State, Day, Receipt, Reason string
	Files                             int
}

func rowOf(d store.Doc[evidence.Proof]) proofRow {
	p := d.State
	return proofRow{Link: "/proof/" + d.ID, State: p.State.Title(), Day: p.Day.Chinese(), Receipt: p.Receipt, Reason: p.Reason, Files: len(p.Files)}
}

// proofNeeds shows what a period asks of a project, and what is missing.
func (s *Server) proofNeeds(c *fiber.Ctx, by policy.Actor) error {
	period, project := c.Params("period"), c.Params("project")
	needs, err := s.evidence.Proofs.Needs(c.UserContext(), by, period, project)
	if err != nil {
		return err
	}
	v := needsView{Window: s.windowView(period, needs.Window), Project: needs.Place.Name, Firm: needs.Place.FirmName, Community: needs.Place.CommunityName,
		Missing: len(needs.Missing())}
	v.CanSubmit = v.Window.Closed == "" && s.guard.Allow(by, policy.SubmitEvidence)
	for _, n := range needs.List {
		one := needView{Name: n.Ask.Name, Indicator: n.Ask.Indicator, Points: n.Ask.Points, Link: "/proofs/" + period + "/" + project + "/" + n.Ask.Fact}
		if n.Held {
			one.Held, one.Records = cycle.SourceName(n.Ask.Held), s.recordsOf(by, n.Ask.Held, project)
		}
		switch {
		case n.Missing:
			one.Missing = "缺材料"
		case n.Files > 0:
			one.Missing = fmt.Sprintf("还差 %d 个文件", n.Files)
		}
		var waits []evidence.Proof
		for _, d := range n.Proofs {
			one.Proofs = append(one.Proofs, rowOf(d))
			if d.State.State.Waits() {
				waits = append(waits, d.State)
			}
		}
		points, err := s.effects(c, by, evidence.Proof{Period: period, Project: project, Firm: needs.Place.Firm, Ask: n.Ask}, "", nil, waits)
		if err != nil {
			return err
		}
		if len(points) > 0 && !n.Held { // what the system holds gives points that proof does not tell
			if one.Now = points[0]; len(waits) > 0 {
				one.Then = points[1]
			}
		}
		v.Rows = append(v.Rows, one)
	}
	said, err := s.sentNotice(c, by)
	if err != nil {
		return err
	}
	return s.render(c, by, "proof_needs", page{Title: needs.Window.Title + "佐证材料：" + needs.Place.Name, Nav: "/proofs", Said: said, Data: v, Script: true})
}

// recordsOf is where a source shows what it holds of a project, "" for who may not see it.
func (s *Server) recordsOf(by policy.Actor, source, project string) string {
	if source == repair.Source && s.repairs != nil && s.guard.Allow(by, policy.ReadRepairs) {
		return repairsPath + "?project=" + url.QueryEscape(project)
	}
	return ""
}

// sentNotice says what became of the proof that was sent before this page, "" if none was.
func (s *Server) sentNotice(c *fiber.Ctx, by policy.Actor) (string, error) {
	if c.Query("sent") == "" {
		return "", nil
	}
	d, err := s.evidence.Proofs.One(c.UserContext(), by, c.Query("sent"))
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return fmt.Sprintf("“%s”已提交，回执编号 %s，社区%s前初审。", d.State.Ask.Name, d.State.Receipt, d.State.Due.Chinese()), err
}

// proofView is what proof.html shows.
type proofView struct {
	ID          string
	Seq         int64
	State       string
	Back        string
	Facts       []namedFigure
	Files       []fileView
	Timeline    []stepLine
	CanWithdraw bool
	CanCorrect  bool
	Closed      string
	// Object is the form of an objection, empty if there is nothing to object to; Until is the last day for it.
	Object []field
	Until  string
}

// stepLine is one line of a timeline, as the template "timeline" wants it.
type stepLine struct{ State, Label, Sub string }

// fileView is one file of a proof.
type fileView struct {
	N                int
	Name, Kind, Size string
	// Address is where the file is shown, Original where it is downloaded, Hash the id in a draft.
	Address, Original, Hash string
	Image, PDF              bool
	Width, Height           int64
}

func fileViews(id string, list []files.Stored) []fileView {
	out := make([]fileView, len(list))
	for i, f := range list {
		address := "/proof/" + id + "/files/" + strconv.Itoa(i)
		out[i] = fileView{N: i + 1, Name: f.Name, Kind: f.Kind.Title(), Size: sizeText(f.Size), Address: address, Original: address + "?original=1", Hash: f.Original,
			Image: f.Kind.Image(), PDF: f.Kind == files.PDF, Width: f.Width, Height: f.Height}
	}
	return out
}

// sizeText is 1.8 MB, 320 KB.
func sizeText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", max(1, n>>10))
	}
	tenths := n * 10 >> 20
	return fmt.Sprintf("%d.%d MB", tenths/10, tenths%10)
}

// cellTexts says what was filled in: 应到人数 5 人.
func cellTexts(ask supervision.Ask, cells []supervision.Cell) string {
	var out []string
	for _, col := range ask.Columns {
		for _, cell := range cells {
			if cell.Column == col.Name {
				out = append(out, col.Label+" "+cellText(col, cell))
			}
		}
	}
	return strings.Join(out, "，")
}

func cellText(col supervision.Column, cell supervision.Cell) string {
	switch {
	case cell.NA:
		return "不适用"
	case col.Kind == supervision.ColumnBool:
		return map[bool]string{true: "是", false: "否"}[!cell.Number.IsZero()]
	case col.Kind == supervision.ColumnCount, col.Kind == supervision.ColumnNumber:
		return strings.TrimSpace(cell.Number.String() + " " + col.Unit)
	}
	text := cell.Text
	for _, v := range col.Values {
		if v.ID == cell.Text {
			text = v.Text
		}
	}
	if cell.Document != "" {
		text += "（" + cell.Document + "）"
	}
	return text
}

// proof shows one proof with what happened to it.
func (s *Server) proof(c *fiber.Ctx, by policy.Actor) error { return s.showProof(c, by, "", nil) }

// showProof is proof with what was typed into the form of an objection and what is wrong with it.
func (s *Server) showProof(c *fiber.Ctx, by policy.Actor, typed string, refused []fault.Field) error {
	d, err := s.evidence.Proofs.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	p := d.State
	window, err := s.evidence.Proofs.Window(c.UserContext(), by, p.Period)
	if err != nil {
		return err
	}
	v := proofView{ID: d.ID, Seq: d.Seq, State: p.State.Title(), Back: "/proofs/" + p.Period + "/" + p.Project, Files: fileViews(d.ID, p.Files), Facts: proofFacts(p)}
	mine := s.guard.Allow(by, policy.SubmitEvidence)
	v.CanWithdraw = mine && (p.State.Waits() || p.State == evidence.Returned)
	if p.State == evidence.Returned && mine {
		v.Closed = fault.MessageOf(window.State.For(p).Open(s.clocks.Business()))
		v.CanCorrect = v.Closed == ""
	}
	published, err := s.publishedOn(c, p.Period)
	if err != nil {
		return err
	}
	v.Facts = append(v.Facts, auditFacts(p, published)...)
	if mine && p.Objectable(calendar.DateOf(s.clocks.Business())) {
		v.Until = p.Due.Chinese()
		v.Object = withErrors([]field{{Name: "reason", Label: "异议和理由", Rows: 3, Value: typed, Hint: "最多 200 字，由没有办过这件材料的人答复"}}, refused)
	}
	history, err := s.evidence.Proofs.History(c.UserContext(), by, d.ID)
	if err != nil {
		return err
	}
	for i, h := range history {
		line := stepLine{State: "done", Label: s.moverOf(h) + string(h.Move), Sub: dateTime(h.At)}
		if i == len(history)-1 {
			line.State = "now"
		}
		if h.Reason != "" {
			line.Sub += "：" + h.Reason
		}
		v.Timeline = append(v.Timeline, line)
	}
	return s.render(c, by, "proof", page{Title: p.Ask.Name + "：" + p.ProjectName, Nav: "/proofs", Data: v, Script: true, Fields: refused})
}

// moverOf names the office that made a move.
func (s *Server) moverOf(h evidence.Happened) string {
	if h.Office == "" {
		return map[bool]string{true: "", false: "企业"}[h.Move == evidence.MoveUndo]
	}
	return s.roleTitle(h.Office)
}

// roleTitle is the Chinese name of a role.
func (s *Server) roleTitle(role string) string {
	if info, ok := s.guard.Rules().Role(policy.Role(role)); ok {
		return info.Title
	}
	return role
}

// proofFacts are what a proof says, for a list of pairs.
func proofFacts(p evidence.Proof) []namedFigure {
	facts := []namedFigure{{"小区", p.ProjectName}, {"企业", p.FirmName}, {"期间", p.Title}, {"指标", p.Ask.Indicator}, {"规则", strings.TrimSpace(p.Ask.Clause + " " + p.Ask.Note)},
		{"事实日期", p.Day.Chinese()}, {"填报", cellTexts(p.Ask, p.Cells)}, {"说明", p.Note}, {"提交", dateTime(p.Submitted.At.Time)}, {"回执编号", p.Receipt}, {"理由", p.Reason}}
	out := facts[:0]
	for _, f := range facts {
		if f.Text != "" {
			out = append(out, f)
		}
	}
	return out
}

// withdrawProof takes a proof back.
func (s *Server) withdrawProof(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.evidence.Proofs.Withdraw(c.UserContext(), by, supervision.At{ID: c.Params("id"), Seq: formSeq(c)})
	if err != nil {
		return err
	}
	return seeOther(c, "/proof/"+d.ID)
}

// filePolicy is for answers that are files: nothing in them runs, and only our own pages may frame them.
const filePolicy = "default-src 'none'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"

// proofFile hands out a file of a proof: photos as the copy that was drawn anew and PDF files in the page, everything else and every original as a download.
func (s *Server) proofFile(c *fiber.Ctx, by policy.Actor) error {
	n, err := c.ParamsInt("n")
	if err != nil {
		return fault.New("web.proofFile", fault.NotFound, "")
	}
	original := c.Query("original") == "1"
	r, size, file, err := s.evidence.Proofs.OpenFile(c.UserContext(), by, c.Params("id"), n, !original)
	if err != nil {
		return err
	}
	sendFile(c, r, size, file.Kind, file.Name, original)
	return nil
}

// sendFile answers with a file that was taken in: the copy of a photo and a PDF are shown in the page, everything else and every original is a download.
func sendFile(c *fiber.Ctx, r io.Reader, size int64, kind files.Kind, name string, original bool) {
	h := &c.Response().Header
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set(fiber.HeaderCacheControl, "private, max-age=600")
	if !original && kind.Image() {
		kind = files.JPEG // the copy
	}
	h.SetContentType(kind.MediaType())
	if original || !kind.Image() && kind != files.PDF {
		h.Set(fiber.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	}
	c.Context().SetBodyStream(r, int(size))
}

package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
)

// proofPaper is what a form for proof is about.
type proofPaper struct {
	form   evidence.Form
	action string // the address of the form
	ask    supervision.Ask
	window evidence.Window
	// project and period name what is asked, returned is the proof that is corrected.
	project  string
	returned store.Doc[evidence.Proof]
	// held says why nothing is asked for (免报), "" if it is.
	held string
}

// proofPaper finds what the address asks for: the form of one ask, or the correction of a returned proof.
func (s *Server) proofPaper(c *fiber.Ctx, by policy.Actor) (proofPaper, error) {
	ctx, proofs := c.UserContext(), s.evidence.Proofs
	if id := c.Params("id"); id != "" {
		d, err := proofs.One(ctx, by, id)
		if err != nil {
			return proofPaper{}, err
		}
		w, err := proofs.Window(ctx, by, d.State.Period)
		return proofPaper{form: evidence.Form{Period: d.State.Period, Project: d.State.Project, Fact: d.State.Ask.Fact, Proof: id}, action: "/proof/" + id + "/correct",
			ask: d.State.Ask, window: w.State.For(d.State), project: d.State.ProjectName, returned: d}, err
	}
	form := evidence.Form{Period: c.Params("period"), Project: c.Params("project"), Fact: c.Params("fact")}
	needs, err := proofs.Needs(ctx, by, form.Period, form.Project)
	if err != nil {
		return proofPaper{}, err
	}
	ask, ok := needs.Window.Ask(form.Fact)
	if !ok {
		return proofPaper{}, fault.New("web.proofPaper", fault.NotFound, "")
	}
	p := proofPaper{form: form, action: "/proofs/" + form.Period + "/" + form.Project + "/" + form.Fact, ask: ask, window: needs.Window, project: needs.Place.Name}
	for _, n := range needs.List {
		if n.Ask.Fact == form.Fact && n.Held {
			p.held = "系统已有，免报：" + needs.Place.Name + "这一期以" + cycle.SourceName(ask.Held) + "为准，不用提交材料。"
		}
	}
	return p, nil
}

// proofFormView is what proof_form.html shows.
type proofFormView struct {
	Action, Back, Project string
	Ask                   supervision.Ask
	Window                windowView
	Fields                []field
	Note                  field
	Files                 []fileView
	FileErrors            []string
	MaxFiles              int
	// Key makes a second press and a resend one act.
	Key    string
	Seq    int64
	Saved  string
	Reason string
	// Earlier are proofs of the same ask.
	Earlier []proofRow
}

// proofForm shows the form, with what was typed and uploaded before.
func (s *Server) proofForm(c *fiber.Ctx, by policy.Actor) error {
	p, err := s.proofPaper(c, by)
	if err != nil {
		return err
	}
	draft, err := s.evidence.Proofs.Draft(c.UserContext(), by, p.form)
	if err != nil {
		return err
	}
	said, err := s.sentNotice(c, by)
	if err != nil {
		return err
	}
	return s.showProofForm(c, by, p, draft, draft.Texts, said, nil)
}

// showProofForm renders the form; the status was set before.
func (s *Server) showProofForm(c *fiber.Ctx, by policy.Actor, p proofPaper, draft evidence.Draft, typed map[string]string, said string, refused []fault.Field) error {
	if typed == nil {
		typed = typedOf(p.returned.State)
	}
	v := proofFormView{Action: p.action, Back: "/proofs/" + p.form.Period + "/" + p.form.Project, Project: p.project, Ask: p.ask, Window: s.windowView(p.form.Period, p.window),
		MaxFiles: evidence.MaxFiles, Key: typed["key"], Seq: p.returned.Seq, Reason: p.returned.State.Reason, Files: fileViews("", draft.Files)}
	v.Window.Closed = cmp.Or(v.Window.Closed, p.held)
	if v.Key == "" {
		v.Key = freshKey()
	}
	if !draft.Saved.IsZero() {
		v.Saved = "草稿，" + dateTime(draft.Saved.Time) + " 已保存"
	}
	v.Fields = withErrors(proofFields(p, typed), refused)
	v.Note = withErrors([]field{{Name: "note", Label: "说明", Hint: "200 字以内，不要写业主姓名和电话", Rows: 3, Optional: true, Value: typed["note"]}}, refused)[0]
	for _, f := range refused {
		if f.Name == "files" {
			v.FileErrors = append(v.FileErrors, f.Message)
		}
	}
	earlier, err := s.evidence.Proofs.Earlier(c.UserContext(), by, p.form.Project, p.form.Fact)
	if err != nil {
		return err
	}
	for _, d := range earlier {
		v.Earlier = append(v.Earlier, rowOf(d))
	}
	title := "提交佐证材料："
	if p.form.Proof != "" {
		title = "补正佐证材料："
	}
	return s.render(c, by, "proof_form", page{Title: title + p.ask.Name, Nav: "/proofs", Said: said, Data: v, Fields: refused, Script: true, Scripts: []string{"proof.js"}})
}

// freshKey is a key for one act.
func freshKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// proofFields are the controls of a form.
func proofFields(p proofPaper, typed map[string]string) []field {
	list := []field{{Name: "day", Label: "事实日期", Type: "date", Value: typed["day"],
		Hint: fmt.Sprintf("事情发生的日期，不是上传日期；%s至%s", p.window.Days.First.Chinese(), p.window.Days.Last.Chinese())}}
	for _, col := range p.ask.Columns {
		name := "cells." + col.Name
		f := field{Name: name, Label: col.Label, Type: "text", Value: typed[name]}
		if col.Unit != "" {
			f.Label += "（" + col.Unit + "）"
		}
		switch {
		case col.Kind == supervision.ColumnCount:
			f.Mode = "numeric"
		case col.Kind == supervision.ColumnNumber:
			f.Mode = "decimal"
		case col.Kind == supervision.ColumnBool:
			f.Options = []option{{"", "请选择"}, {"1", "是"}, {"0", "否"}}
		case len(col.Values) > 0:
			f.Options = []option{{"", "请选择"}}
			for _, v := range col.Values {
				f.Options = append(f.Options, option{v.ID, v.Text})
			}
		}
		list = append(list, f)
		if col.Kind == supervision.ColumnEvent {
			list = append(list, field{Name: "document." + col.Name, Label: "文号", Type: "text", Value: typed["document."+col.Name]},
				field{Name: "until." + col.Name, Label: "有效期至", Type: "date", Optional: true, Value: typed["until."+col.Name]})
		}
	}
	return list
}

// typedOf is what somebody would have typed to say what a proof says.
func typedOf(p evidence.Proof) map[string]string {
	typed := map[string]string{"day": p.Day.String(), "note": p.Note}
	for _, cell := range p.Cells {
		typed["cells."+cell.Column] = cell.Text
		if cell.Text == "" {
			typed["cells."+cell.Column] = cell.Number.String()
		}
		typed["document."+cell.Column], typed["until."+cell.Column] = cell.Document, cell.Until.String()
	}
	return typed
}

// readProof makes a submission of what was typed, with everything that cannot be read.
func readProof(p proofPaper, typed map[string]string) (evidence.Submission, []fault.Field) {
	in := evidence.Submission{Period: p.form.Period, Project: p.form.Project, Fact: p.form.Fact, Note: typed["note"]}
	var bad []fault.Field
	date := func(name string) (d calendar.Date) {
		if typed[name] == "" {
			return d
		}
		d, err := calendar.ParseDate(typed[name])
		if err != nil {
			bad = append(bad, fault.Field{Name: name, Message: err.Error()})
		}
		return d
	}
	if in.Day = date("day"); typed["day"] == "" {
		bad = append(bad, fault.Field{Name: "day", Message: "请填写事情发生的日期，不是上传的日期"})
	}
	for _, col := range p.ask.Columns {
		name := "cells." + col.Name
		text := strings.TrimSpace(typed[name])
		cell := supervision.Cell{Column: col.Name}
		switch {
		case text == "":
			bad = append(bad, fault.Field{Name: name, Message: "请填写“" + col.Label + "”"})
		case col.Kind == supervision.ColumnCount || col.Kind == supervision.ColumnNumber || col.Kind == supervision.ColumnBool:
			n, err := num.Parse(text)
			if err != nil {
				bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf("“%s”：%s", col.Label, fault.MessageOf(err))})
			}
			cell.Number = n
		default:
			cell.Text, cell.Document, cell.Until = text, typed["document."+col.Name], date("until."+col.Name)
		}
		in.Cells = append(in.Cells, cell)
	}
	return in, bad
}

// The buttons of the form beside sending.
const (
	doSave   = "save"
	doRemove = "remove."
)

// sendProof takes in the files of a form as they arrive, keeps what was typed, and hands the proof in unless another button was pressed. For a program (the own script)
// the answer is what the draft holds.
func (s *Server) sendProof(c *fiber.Ctx, by policy.Actor) error {
	p, err := s.proofPaper(c, by)
	if err != nil {
		return err
	}
	var refused []fault.Field
	values, err := s.readForm(c, maxProofBody, func(name string, r io.Reader) error {
		_, err := s.evidence.Proofs.Attach(c.UserContext(), by, p.form, name, r)
		if fields := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(fields) > 0 {
			refused = append(refused, fields...)
			return skipFile(r)
		}
		return err
	})
	if errors.Is(err, errEndless) { // The form is answered with what was read until then.
		err = nil
	}
	typed := map[string]string{}
	for name := range values {
		if name != tokenField && name != "do" {
			typed[name] = values.Get(name)
		}
	}
	if fault.Is(err, fault.Conflict) && !wantsJSON(c) {
		return s.closedForm(c, by, p, typed, err)
	}
	if err != nil {
		return err
	}
	return s.actOnProof(c, by, p, values, typed, refused)
}

// errEndless ends the reading of a form in which a refused file goes on and on.
var errEndless = errors.New("the refused file does not end")

// skipFile reads a refused file to its end, so that the next one can be looked at.
func skipFile(r io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, files.MaxPaper))
	if err == nil && n == files.MaxPaper {
		return errEndless
	}
	return err
}

// actOnProof does what the pressed button says.
func (s *Server) actOnProof(c *fiber.Ctx, by policy.Actor, p proofPaper, values url.Values, typed map[string]string, refused []fault.Field) error {
	ctx, do := c.UserContext(), values.Get("do")
	draft, err := s.evidence.Proofs.SaveDraft(ctx, by, p.form, typed)
	if hash, ok := strings.CutPrefix(do, doRemove); ok && err == nil {
		draft, err = s.evidence.Proofs.Detach(ctx, by, p.form, hash)
	}
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return draftAnswer(c, draft, refused)
	}
	if do != "" && len(refused) == 0 {
		return seeOther(c, p.action)
	}
	in, bad := readProof(p, typed)
	in.Files = draft.Files
	in.Idem = idemOf(typed, in)
	d, err := oneRound(ctx, append(bad, refused...), func(ctx context.Context) (store.Doc[evidence.Proof], error) { return s.handIn(ctx, by, p, values, in) })
	if fields := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(fields) > 0 {
		return s.showRefused(c, by, p, draft, typed, fields)
	}
	if fault.Is(err, fault.Conflict) {
		return s.closedForm(c, by, p, typed, err)
	}
	if err != nil {
		return err
	}
	if err := s.evidence.Proofs.DropDraft(ctx, by, p.form); err != nil {
		return err
	}
	return s.nextMissing(c, by, d)
}

// handIn submits or corrects.
func (s *Server) handIn(ctx context.Context, by policy.Actor, p proofPaper, values url.Values, in evidence.Submission) (store.Doc[evidence.Proof], error) {
	if p.form.Proof == "" {
		return s.evidence.Proofs.Submit(ctx, by, in)
	}
	return s.evidence.Proofs.Correct(ctx, by, supervision.At{ID: p.form.Proof, Seq: seqOf(values.Get("seq")), Idem: in.Idem}, in)
}

// idemOf is the key of the form with what was said: a resend is the same act, a changed form is another. What was sent once lost its files with the draft, so that
// they do not belong to what is compared.
func idemOf(typed map[string]string, in evidence.Submission) *store.Idem {
	if typed["key"] == "" {
		return nil
	}
	said, err := json.Marshal([]any{in.Period, in.Project, in.Fact, in.Day, in.Note, in.Cells})
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(said)
	return &store.Idem{Key: typed["key"], Body: sum[:]}
}

func (s *Server) showRefused(c *fiber.Ctx, by policy.Actor, p proofPaper, draft evidence.Draft, typed map[string]string, refused []fault.Field) error {
	c.Status(statusOf(fault.Invalid))
	return s.showProofForm(c, by, p, draft, typed, "", refused)
}

// closedForm shows the form again with the reason for which it was not taken in; what was typed stays.
func (s *Server) closedForm(c *fiber.Ctx, by policy.Actor, p proofPaper, typed map[string]string, reason error) error {
	draft, err := s.evidence.Proofs.Draft(c.UserContext(), by, p.form)
	if err != nil {
		return err
	}
	c.Status(statusOf(fault.Conflict))
	return s.showProofForm(c, by, p, draft, typed, "没有提交："+fault.MessageOf(reason), nil)
}

// draftAnswer is what the own script is told.
func draftAnswer(c *fiber.Ctx, draft evidence.Draft, refused []fault.Field) error {
	type one struct {
		Name string `json:"name"`
		Size string `json:"size"`
		Hash string `json:"hash"`
	}
	out := struct {
		Files   []one    `json:"files"`
		Saved   string   `json:"saved"`
		Refused []string `json:"refused,omitempty"`
	}{Files: []one{}, Saved: dateTime(draft.Saved.Time)}
	for _, f := range draft.Files {
		out.Files = append(out.Files, one{f.Name, sizeText(f.Size), f.Original})
	}
	for _, f := range refused {
		out.Refused = append(out.Refused, f.Message)
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.JSON(out)
}

// nextMissing opens the next form of the project that is still missing, after the one just sent, or the list if nothing is.
func (s *Server) nextMissing(c *fiber.Ctx, by policy.Actor, sent store.Doc[evidence.Proof]) error {
	p := sent.State
	list := "/proofs/" + p.Period + "/" + p.Project
	needs, err := s.evidence.Proofs.Needs(c.UserContext(), by, p.Period, p.Project)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(needs.List, func(n evidence.Need) bool { return n.Ask.Fact == p.Ask.Fact })
	for i := range needs.List {
		if n := needs.List[(at+1+i)%len(needs.List)]; n.Missing {
			return seeOther(c, list+"/"+n.Ask.Fact+"?sent="+sent.ID)
		}
	}
	return seeOther(c, list+"?sent="+sent.ID)
}

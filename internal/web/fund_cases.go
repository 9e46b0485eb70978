package web

import (
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
)

// caseView is what fund_case.html shows: one case.
type caseView struct {
	// Home and HomeTitle lead back to the list; Path is the page's own address.
	Home, HomeTitle, Path string
	Key                   string
	Seq                   int64
	Title, Sub, State     string
	// Above is what stands over the list, in the crumbs: the fund, without a path for who may not open it; nil for nothing.
	Above *crumb
	// NotesTitle is the heading of Notes.
	NotesTitle string
	// ClockTitle is what the clock is of where something only may be done until then, "" for the state.
	ClockTitle string
	// Late marks an overrun clock; Next says in big what comes next and who does it.
	Late         bool
	Next, Reason string
	Clock        map[string]string
	Facts        [][2]string
	Lines        []fund.Line
	// Papers are the files, Prints the papers to print, Links what is done on another page, Missing what has still to be handed in.
	Papers, Prints, Links []caseLink
	Missing               []string
	// Notes are a list of things within the case, such as objections.
	Notes   []caseNote
	Acts    []caseAct
	Levels  []approvalLevelView
	History []step
	// Letter are the levels of the approval of a letter of the bureau, LetterTitle is what the letter is called.
	Letter      []approvalLevelView
	LetterTitle string
	// Walks: the actor walks through a sheet that is kept on the phone. Later is a step that is not offered yet, "" for none.
	Walks bool
	Later string
	// Study is what was found out about a version of a scheme, nil for everything else.
	Study *studyView
	// Signing is where the approval is signed.
	Signing signingView
}

// fundCrumb leads to the overview of the fund, for who may open it.
func (s *Server) fundCrumb(by policy.Actor) *crumb {
	c := &crumb{Label: "保修金"}
	if s.guard.Allow(by, policy.ReadFund) {
		c.Path = fundPath
	}
	return c
}

type caseLink struct{ Title, Link string }

// caseNote is one thing within a case, with its state and its own forms.
type caseNote struct {
	Title, Sub, State string
	// Link is the sheet that it stands for, "" for none.
	Link string
	Acts []caseAct
	// Ready: the sheet is filled in, so that its acts come before opening it again.
	Ready bool
	// Papers are its pictures, Links other pages about it.
	Papers, Links []caseLink
}

// caseAct is one form of a case: one step.
type caseAct struct {
	// Step is the step as the address has it, Title its name, Hint one line about it, Button what it is carried out with.
	Step, Title, Hint string
	Fields            []field
	// File is what the paper is called, "" for a form without; FileError is what is wrong with it.
	File, FileError string
	// Take is where a number is taken before the step, so that the paper bears it in print; "" for none.
	Take string
	// First is the step that comes next: it stands open. Ends: it ends the case; Aside: it is not what usually comes next.
	First, Ends, Aside bool
	// Errors are those that belong to no field.
	Errors []string
}

// caseForm says which fields a step has; what is "" is left out. Amount is filled beforehand.
type caseForm struct {
	day, number, text, amount, file, hint, already, password string
	// next is the number that is proposed, "" for none; held: it was taken for this paper beforehand. take is where one is taken, "" for who may not or where one is held.
	next, take  string
	held        bool
	choices     []option
	choice      string
	ends, aside bool
}

// bounceForm is the form for a payment that the bank sent back.
func bounceForm() caseForm {
	return caseForm{number: "银行凭证号", day: "退汇到账日期", text: "退汇原因（户名、账号不符等）", file: "银行退汇凭证", aside: true, hint: "银行把款退回来的，由支付人以外的人登记；核对收款账户以后重新支付。"}
}

// act turns a form into what the page shows, with what was typed and refused if it is the one that was sent.
func (f caseForm) act(step, title string, typed url.Values, refused []fault.Field, today calendar.Date) caseAct {
	a := caseAct{Step: step, Title: title, Hint: f.hint, File: f.file, Ends: f.ends, Aside: f.aside}
	mine := typed.Get("step") == step
	value := func(name, otherwise string) string {
		if mine {
			return typed.Get(step + "-" + name)
		}
		return otherwise
	}
	add := func(name string, one field) {
		one.Name = step + "-" + name
		for _, bad := range refused {
			if mine && bad.Name == one.Name && one.Error == "" {
				one.Error = bad.Message
			}
		}
		a.Fields = append(a.Fields, one)
	}
	if f.choice != "" {
		add("choice", field{Label: f.choice, Options: f.choices, Value: value("choice", "")})
	}
	if f.number != "" {
		one := field{Label: f.number, Type: "text", Autocomplete: "off", Value: value("number", f.next)}
		switch {
		case f.held:
			one.Hint = "已填好为这一件取的号，文书上印的也是它"
		case f.next != "":
			one.Hint = "已填好下一个号；办公室给了别的号就改成那个号"
		}
		a.Take = f.take
		add("number", one)
	}
	if f.amount != "" {
		add("amount", field{Label: f.amount, Type: "text", Mode: "decimal", Autocomplete: "off", Value: value("amount", f.already), Hint: "例如 42600.00，最多两位小数"})
	}
	if f.day != "" {
		add("day", field{Label: f.day, Type: "date", Value: value("day", today.String())})
	}
	if f.text != "" {
		add("text", field{Label: f.text, Rows: 2, Value: value("text", "")})
	}
	if f.password != "" {
		add("current", field{Label: f.password, Type: "password", Autocomplete: "current-password"})
	}
	for _, bad := range refused {
		switch {
		case !mine:
		case bad.Name == step+"-paper":
			a.FileError = bad.Message
		case f.choice == "" && bad.Name == step+"-choice":
			a.Errors = append(a.Errors, bad.Message)
		}
	}
	return a
}

// hung shows a period after which nobody is late, because a paper only hangs to be read or something only may be done in it: once its days are over it says so in the words of over.
func (t taskClock) hung(title, over string, d calendar.Deadline) (clock map[string]string, late bool) {
	if clock, late = t.running(title, d); late {
		clock["Left"], clock["Class"] = over, ""
	}
	return clock, false
}

// dueIn puts a period into a line of a list; hangs as in hung.
func (t taskClock) dueIn(row *caseRow, d calendar.Deadline, hangs bool) {
	if d.Rule == "" {
		return
	}
	row.Due = d.Due.Chinese()
	if hangs && d.Late(t.now) {
		row.Due += "公示期满"
		return
	}
	row.Chip, row.Left = t.left(clockTask(d))
}

// running is a running period in words; nil without one.
func (t taskClock) running(title string, d calendar.Deadline) (map[string]string, bool) {
	if d.Rule == "" {
		return nil, false
	}
	state, left := t.left(clockTask(d))
	class := map[string]string{"逾期": "late", "临期": "soon", "今天到期": "soon"}[state]
	from := d.Due.Chinese() + "止"
	if !d.Resolved() {
		from = d.Chinese()
	}
	return map[string]string{"Title": title, "From": from, "Left": left, "Basis": d.Basis, "Class": class}, d.Late(t.now)
}

// signCase adds to a case what the actor can do with an approval of it.
func (s *Server) signCase(c *fiber.Ctx, by policy.Actor, v *caseView, desk policy.ApprovalDesk, a *policy.Approval, scans []files.Stored, keys []string, day calendar.Date, typed url.Values, refused []fault.Field) (err error) {
	ctx := c.UserContext()
	v.Papers = append(v.Papers, scanLinks(v.Path, len(scans))...)
	v.Signing, err = s.signing(c, by, v.Path, v.Seq, toSign{approval: a, maySign: desk.MaySign(ctx, by, a, keys, day), mayLook: func(scan string) bool { return desk.MayLook(ctx, by, a, scan, keys, day) }, scans: len(scans)}, typed, refused)
	return err
}

// casePaper records a signature on paper.
func (s *Server) casePaper(c *fiber.Ctx, address string, do func(at casework.At, in policy.OnPaper, password string) error, show func(typed url.Values, refused []fault.Field) error) error {
	values, upload, err := s.takeDocument(c)
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	in := policy.OnPaper{Hash: values.Get("hash"), Signer: values.Get("signer"), Upload: upload}
	if text := values.Get("signed_on"); text != "" && err == nil {
		var bad error
		if in.SignedOn, bad = calendar.ParseDate(text); bad != nil {
			err = fault.InvalidFields("web.casePaper", fault.Field{Name: "signed_on", Message: dayFault(text)})
		}
	}
	if err == nil {
		err = do(casework.At{ID: c.Params("id"), Seq: seqOf(values.Get("seq"))}, in, values.Get("current"))
	}
	if refused := refusedForm(err); len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
		return show(url.Values{"signer": values["signer"], "signed_on": values["signed_on"]}, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, address+"?done=paper")
}

// scanOf is the scan that an address names, nil if it names none.
func scanOf(scans []files.Stored, name string) *files.Stored {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "scan-"))
	if err != nil || !strings.HasPrefix(name, "scan-") || n < 1 || n > len(scans) {
		return nil
	}
	return &scans[n-1]
}

// caseInput reads the form of a step: its fields carry the step's name before them. What cannot be read is refused under that name.
func (s *Server) caseInput(c *fiber.Ctx, step string) (url.Values, casework.Input, []fault.Field, error) {
	var in casework.Input
	var bad []fault.Field
	values, err := s.readForm(c, maxFundForm, func(name string, r io.Reader) error {
		if in.Upload != nil {
			bad = append(bad, fault.Field{Name: step + "-paper", Message: "只收一个文件，多页请合成一个 PDF"})
			return skipFile(r)
		}
		upload, err := s.files.Receive(name, r, files.PDF, files.JPEG, files.PNG)
		if fault.Is(err, fault.Invalid) {
			for _, found := range fault.FieldsOf(err) {
				bad = append(bad, fault.Field{Name: step + "-paper", Message: found.Message})
			}
			return skipFile(r)
		}
		in.Upload = upload
		return err
	})
	if errors.Is(err, errEndless) {
		err = nil
	}
	if err != nil {
		return values, in, nil, err
	}
	text := func(name string) string { return strings.TrimSpace(values.Get(step + "-" + name)) }
	in.Number, in.Text, in.Choice, in.Password = text("number"), text("text"), text("choice"), values.Get(step+"-current")
	if day := text("day"); day != "" {
		if in.Day, err = calendar.ParseDate(day); err != nil {
			bad, err = append(bad, fault.Field{Name: step + "-day", Message: dayFault(day)}), nil
		}
	}
	if values.Has(step + "-amount") {
		if in.Fen, err = fund.ParseMoney(step+"-amount", "金额", text("amount")); err != nil {
			bad, err = append(bad, fault.FieldsOf(err)...), nil
		}
	}
	return values, in, bad, err
}

// caseStep carries a step of a case out: do gets what was read and may only be tried (see inOneRound), show the page with what was refused.
func (s *Server) caseStep(c *fiber.Ctx, step, address string, do func(ctx context.Context, at casework.At, in casework.Input) error, show func(typed url.Values, refused []fault.Field) error) error {
	values, in, bad, err := s.caseInput(c, step)
	if in.Upload != nil {
		defer in.Upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err != nil {
		return err
	}
	sum := ""
	if in.Upload != nil {
		sum = in.Upload.SHA256
	}
	err = inOneRound(c.UserContext(), &bad, func(ctx context.Context) error {
		err := do(ctx, casework.At{ID: c.Params("id"), Seq: seqOf(values.Get("seq")), Idem: idemFrom(c, values, sum)}, in)
		if !fault.Is(err, fault.Invalid) {
			return err
		}
		refused := slices.Clone(fault.FieldsOf(err))
		for i := range refused {
			if refused[i].Name == "files" {
				refused[i].Name = "paper"
			}
		}
		return fault.InvalidFields("web.caseStep", ofStep(refused, step+"-")...)
	})
	switch {
	case err == nil:
		return seeOther(c, address+"?done="+step)
	case !fault.Is(err, fault.Invalid):
		return err
	}
	values.Set("step", step)
	c.Status(statusOf(fault.Invalid))
	return show(values, fault.FieldsOf(err))
}

// caseSign carries a signature out.
func (s *Server) caseSign(c *fiber.Ctx, address string, do func(at casework.At, sign policy.Sign, password string) error, show func(typed url.Values, refused []fault.Field) error) error {
	values := formValues(c)
	sign := policy.Sign{Move: policy.ApprovalMove(values.Get("move")), Reason: values.Get("reason"), SubjectHash: values.Get("hash")}
	if scan := values.Get("scan"); scan != "" {
		sign.Paper = &policy.PaperSignature{FileHash: scan}
	}
	err := do(casework.At{ID: c.Params("id"), Seq: seqOf(values.Get("seq"))}, sign, values.Get("current"))
	if refused := refusedForm(err); len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
		return show(url.Values{"reason": values["reason"]}, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, address+"?done=sign")
}

// sendStored answers with a file of a case.
func (s *Server) sendStored(c *fiber.Ctx, f *files.Stored) error {
	if f == nil {
		return fault.New("web.sendStored", fault.NotFound, "没有找到这份文件")
	}
	hash, original := f.Shown, c.Query("original") == "1"
	if original || hash == "" {
		hash, original = f.Original, original || f.Kind != files.PDF
	}
	r, size, err := s.files.Open(c.UserContext(), hash)
	if err != nil {
		return err
	}
	sendFile(c, r, size, f.Kind, f.Name, original)
	return nil
}

// caseHistory is what happened to a case, oldest first; title puts the last step of a change into words.
func caseHistory[T any](changes []store.Change[T], title func(*T) string) []step {
	var out []step
	for i := range changes {
		out = append(out, step{"done", title(&changes[i].State), dateTime(changes[i].At)})
	}
	return out
}

// shownText is from when until when a paper hangs; one of before says from when only.
func shownText(p *casework.Paper) string {
	if p.Until.IsZero() {
		return "自" + p.Day.Chinese() + "起"
	}
	return p.Day.Chinese() + "至" + p.Until.Chinese()
}

// paperText is “编号，2026年10月19日，情况”.
func paperText(p *casework.Paper) string {
	if p == nil {
		return ""
	}
	var parts []string
	for _, one := range []string{p.Number, p.Day.Chinese(), p.Text} {
		if one != "" {
			parts = append(parts, one)
		}
	}
	return strings.Join(parts, "，")
}

// printView is what fund_print.html shows: a paper for printing.
type printView struct {
	Back, Kind, Title, Number, To string
	// Paper is what it is called among the kinds of papers, "" for its title among the prints of its case.
	Paper string
	Words []string
	Rows  [][2]string
	// Tables stand below the rows, Below are rows below them.
	Tables []printTable
	Below  [][2]string
	// Date is the day of the paper, From who issues it, "" for the bureau; Hash is what was signed.

	Date string
	From string
	Hash string
	// Next is another sheet of the same paper, nil for none.
	Next *printView
}

// printTable is a table of a paper under its caption.
type printTable struct {
	Caption string
	Heads   []string
	Rows    [][]string
}

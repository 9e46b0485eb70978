package web

import (
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/policy"
	"redsteward/registry/filing"
)

// filingView is what filing.html shows.
type filingView struct {
	filingLine
	ID, Key, Basis, Event, Happened, Note, Reason, Clause, Hash, HashShown, Clock, Correct, Own string
	Seq                                                                                         int64
	OwnLate, Final                                                                              bool
	Documents                                                                                   []filingDocument
	Scans                                                                                       []string
	Levels                                                                                      []approvalLevelView
	History                                                                                     []step
	Sheets                                                                                      []sheetLineView
	Notice                                                                                      *noticeView
	// The forms that the actor can send now; empty ones are not shown.
	Edit, Ask, Refuse, Sign, Paper, Answer   []field
	CanSubmit, CanWithdraw, CanAccept        bool
	CanResend, CanAsk, CanRefuse             bool
	CanSign, Deputizes, CanPaper, HasReceipt bool
	Papers                                   []paperView
	// Prints are its papers for printing.
	Prints []printLine
}

type filingDocument struct {
	ID, Title, File, Link, Error string
	Optional                     bool
}

// approvalLevelView is one level of an approval with its seats.
type approvalLevelView struct {
	Name  string
	Now   bool
	Seats []approvalSeatView
}

type approvalSeatView struct{ Office, Said string }

// seatOpen is said of a seat that nobody has signed at.
const seatOpen = "未签"

type paperView struct{ Office, Hash, Link string }

// step is one line of a timeline.
type step struct{ State, Label, Sub string }

// approvalLevels puts an approval into words; for every part that is approved.
func (s *Server) approvalLevels(a *policy.Approval) []approvalLevelView {
	if a == nil {
		return nil
	}
	var out []approvalLevelView
	for i, level := range a.Chain.Levels {
		l := approvalLevelView{Name: level.Name, Now: a.State == policy.ApprovalPending && a.Level == int64(i)}
		for k, seat := range level.Seats {
			shown := approvalSeatView{Office: s.titleOfOffice(string(seat.Role)), Said: seatOpen}
			for _, d := range a.Decisions {
				if d.Round == a.Round && d.Level == int64(i) && d.Seat == int64(k) {
					shown.Said = s.decisionSaid(d)
				}
			}
			l.Seats = append(l.Seats, shown)
		}
		out = append(out, l)
	}
	return out
}

// decisionSaid is what was decided: “同意，代，10月19日 09:30”.
func (s *Server) decisionSaid(d policy.ApprovalDecision) string {
	text := map[policy.ApprovalMove]string{policy.MoveAgree: "同意", policy.MoveReturn: "退回", policy.MoveRefuse: "不同意", policy.MoveConfirmPaper: "同意（纸质签字，已核对）", policy.MoveRejectPaper: "签字件未采用"}[d.Move]
	if d.Move == policy.MoveAgree && d.Paper != nil {
		text = "纸质签字，待另一人核对"
	}
	if d.Deputy {
		text += "（代）"
		if d.For == "" {
			text += s.titleOfOffice(string(d.As))
		}
	}
	if d.Reason != "" {
		text += "：" + d.Reason
	}
	return text + "，" + dateTime(d.At.Time)
}

// filing shows a filing and what the actor can do with it.
func (s *Server) filing(c *fiber.Ctx, by policy.Actor) error {
	return s.showFiling(c, by, url.Values{}, nil)
}

func (s *Server) showFiling(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.filings.One(ctx, by, id)
	if err != nil {
		return err
	}
	f := &doc.State
	v := filingView{filingLine: filingLineOf(id, f, s.clockOf(c.UserContext()).now), ID: id, Seq: doc.Seq, Key: newKey(), Basis: f.Basis, Event: f.Event, Note: f.Note, Reason: f.Reason, Clause: f.Clause,
		Final: f.State.Final(), HasReceipt: f.State == filing.Registered, Levels: s.approvalLevels(f.Approval)}
	if !f.Happened.IsZero() {
		v.Happened = f.Happened.Chinese()
	}
	s.filingClocks(&v, f)
	for i := range f.Scans {
		v.Scans = append(v.Scans, filingsPath+"/"+id+"/scans/"+strconv.Itoa(i))
	}
	s.filingForms(c, by, &v, f, typed, refused)
	for _, sheet := range f.Sheets {
		title := sheet.Kind.Title()
		if form, err := s.filings.Kinds.Sheet(sheet.Kind); err == nil {
			title = form.Title
		}
		one := sheetLineView{Path: v.Path + "/sheets/" + string(sheet.Kind), Title: title, State: string(sheet.State())}
		if sheet.State() != filing.SheetFilled {
			one.Due = sheet.Due.Chinese()
		}
		v.Sheets = append(v.Sheets, one)
	}
	v.Notice = s.filingNotice(ctx, f)
	if v.Prints, err = s.paperLines(ctx, by, filingsPath, id, s.filingPapers(by, f)); err != nil {
		return err
	}
	history, err := s.filings.History(ctx, by, id)
	if err != nil {
		return err
	}
	for _, h := range history {
		v.History = append(v.History, step{"done", string(h.Move), joinWords(dateTime(h.At), s.actedBy(c, by, h.By))})
	}
	if v.CanPaper {
		people, err := s.people.Colleagues(ctx, by, policy.SignApproval, policy.SignApproval)
		if err != nil {
			return err
		}
		signers := []option{{Label: "请选择"}}
		for _, p := range people {
			signers = append(signers, option{Value: p.ID, Label: p.Name + "（" + p.Titles + "）"})
		}
		v.Paper = withErrors([]field{{Name: "signer", Label: "在纸上签字的人", Options: signers, Value: typed.Get("signer")}, {Name: "signed_on", Label: "纸上的签字日期", Type: "date", Value: typed.Get("signed_on")}}, refused)
	}
	return s.render(c, by, "filing", page{Title: f.Title, Nav: filingsPath, Data: v, Fields: refused, Said: saidParam(c, filingSaid)})
}

// filingClocks says how the deadlines stand.
func (s *Server) filingClocks(v *filingView, f *filing.Filing) {
	switch {
	case f.Clock.Rule == "" || f.State.Final():
	case f.Left != nil:
		v.Clock = "等待补正，停走；还剩 " + strconv.FormatInt(*f.Left, 10) + " 个工作日"
	default:
		v.Clock = f.Clock.Chinese() + "前办结"
	}
	if f.State == filing.Correcting {
		v.Correct = f.Due.Chinese()
	}
	if f.Own.Rule != "" {
		v.Own = f.Own.Chinese()
		v.OwnLate = !f.Submitted.IsZero() && f.Own.Late(f.Submitted.Time)
	}
}

// filingForms puts the forms of a page together.
func (s *Server) filingForms(c *fiber.Ctx, by policy.Actor, v *filingView, f *filing.Filing, typed url.Values, refused []fault.Field) {
	ctx := c.UserContext()
	value := func(name, now string) string {
		if typed.Has(name) {
			return typed.Get(name)
		}
		return now
	}
	kind, _ := s.filings.Kinds.Find(f.Kind)
	apply := s.filings.MayApply(by, f)
	v.CanSubmit, v.CanWithdraw = apply && f.Can(filing.MoveEdit), apply && f.Can(filing.MoveWithdraw)
	v.Documents = filingDocuments(v.ID, kind, f, v.CanSubmit, refused)
	if v.CanSubmit {
		happened := ""
		if !f.Happened.IsZero() {
			happened = f.Happened.String()
		}
		v.Edit = withErrors([]field{{Name: "happened", Label: f.Event, Type: "date", Value: value("happened", happened)},
			{Name: "note", Label: "说明", Rows: 3, Optional: true, Value: value("note", f.Note), Hint: "200 字以内，不要写个人的身份证号和电话"}}, refused)
	}
	if s.guard.Allow(by, policy.HandleFiling) {
		v.CanAccept, v.CanResend, v.CanAsk, v.CanRefuse = f.Can(filing.MoveAccept), f.Can(filing.MoveResend), f.Can(filing.MoveAsk), f.Refusable(s.clocks.Business())
		v.Ask = withErrors([]field{{Name: "ask-reason", Label: "要补正的全部内容", Rows: 3, Value: typed.Get("ask-reason"), Hint: "只能告知一次，请写全"}}, refused)
		v.Refuse = withErrors([]field{{Name: "reason", Label: "理由", Rows: 2, Value: typed.Get("reason")}, {Name: "clause", Label: "依据的条款", Type: "text", Value: typed.Get("clause")}}, refused)
	}
	if s.guard.Allow(by, policy.AnswerFiling) && f.Noticed(s.clocks.Business()) == filing.NoticeOpen {
		v.Answer = withErrors([]field{{Name: "answer", Label: "社区的答复", Options: []option{{Label: "请选择"}, {string(filing.NoticeAgreed), "没有异议"}, {string(filing.NoticeObjected), "有意见"}}, Value: typed.Get("answer")},
			{Name: "text", Label: "意见", Rows: 3, Optional: true, Value: typed.Get("text"), Hint: "有意见的写明，200 字以内，不要写个人的身份证号和电话"}}, refused)
	}
	if f.State != filing.Approving || !s.guard.Allow(by, policy.SignApproval) {
		return
	}
	v.Hash, v.HashShown = f.Approval.SubjectHash, hashGroups(f.Approval.SubjectHash)
	v.CanSign = s.filings.MaySign(ctx, by, f)
	v.CanPaper = f.Approval.Chain.Levels[f.Approval.Level].Paper && len(f.Approval.Papers()) == 0
	v.Sign = withErrors([]field{{Name: "reason", Label: "理由", Rows: 2, Optional: true, Value: typed.Get("reason"), Hint: "退回、不同意或按岗位代签时必须写"},
		{Name: "current", Label: "你的密码", Type: "password", Autocomplete: "current-password", Hint: "签署前再核对一次是本人"}}, refused)
	for i, scan := range f.Approval.Papers() {
		if s.filings.MayLook(ctx, by, f, scan.Paper.FileHash) {
			v.Papers = append(v.Papers, paperView{Office: s.titleOfOffice(string(scan.As)), Hash: scan.Paper.FileHash, Link: filingsPath + "/" + v.ID + "/scans/" + strconv.Itoa(len(f.Scans)-len(f.Approval.Papers())+i)})
		}
	}
}

// hashGroups shows a whole hash in groups of eight digits, so that it fits a phone and can be compared with one on paper.
func hashGroups(hash string) string {
	algorithm, digits, _ := strings.Cut(hash, ":")
	out := algorithm
	for rest := digits; rest != ""; rest = rest[min(8, len(rest)):] {
		out += " " + rest[:min(8, len(rest))]
	}
	return out
}

// filingDocuments lists what is wanted and what is there; with all of what is wanted only while it can be added.
func filingDocuments(id string, kind filing.Kind, f *filing.Filing, editing bool, refused []fault.Field) []filingDocument {
	var out []filingDocument
	for i, d := range f.Documents {
		out = append(out, filingDocument{ID: d.ID, Title: d.Title, File: d.File.Name, Link: filingsPath + "/" + id + "/files/" + strconv.Itoa(i)})
	}
	if !editing {
		return out
	}
	for _, w := range kind.Documents {
		if _, has := f.Document(w.ID); has {
			continue
		}
		one := filingDocument{ID: w.ID, Title: w.Title, Optional: w.Optional}
		for _, bad := range refused {
			if bad.Name == "document-"+w.ID {
				one.Error = bad.Message
			}
		}
		out = append(out, one)
	}
	return out
}

// takeDocument reads a form with one file; the caller closes the upload, which is nil if no file was chosen.
func (s *Server) takeDocument(c *fiber.Ctx) (url.Values, *files.Upload, error) {
	var upload *files.Upload
	values, err := s.readForm(c, maxFiling, func(name string, r io.Reader) (err error) {
		if upload != nil {
			return fault.InvalidFields("web.takeDocument", fault.Field{Name: "file", Message: "一次只能传一个文件"})
		}
		upload, err = s.files.Receive(name, r, files.JPEG, files.PNG, files.PDF)
		return err
	})
	return values, upload, err
}

// attachDocument takes one document of a draft in.
func (s *Server) attachDocument(c *fiber.Ctx, by policy.Actor) error {
	values, upload, err := s.takeDocument(c)
	if upload != nil {
		defer func() { err = errors.Join(err, upload.Close()) }()
	}
	return s.filingDone(c, by, "saved", values, func() error {
		switch {
		case err != nil:
			return err
		case upload == nil:
			return fault.InvalidFields("web.attachDocument", fault.Field{Name: "document-" + values.Get("document"), Message: "请先选择文件（PDF、JPG 或 PNG）"})
		}
		_, err := s.filings.Attach(c.UserContext(), by, filingAt(c, values), values.Get("document"), upload)
		return err
	})
}

// signFiling signs, returns, refuses or looks at a scan a second time.
func (s *Server) signFiling(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	at := filingAt(c, values)
	at.Idem = nil // the body holds the password
	return s.filingDone(c, by, "signed", url.Values{"reason": values["reason"]}, func() error {
		_, err := s.filings.Sign(c.UserContext(), by, at, filing.Signing{Move: policy.ApprovalMove(values.Get("move")), Reason: values.Get("reason"), Hash: values.Get("hash"), Password: values.Get("current"), Scan: values.Get("scan")})
		return err
	})
}

// paperFiling records a signed paper.
func (s *Server) paperFiling(c *fiber.Ctx, by policy.Actor) error {
	values, upload, err := s.takeDocument(c)
	if upload != nil {
		defer func() { err = errors.Join(err, upload.Close()) }()
	}
	typed := url.Values{"signer": values["signer"], "signed_on": values["signed_on"]}
	return s.filingDone(c, by, "paper", typed, func() error {
		switch {
		case err != nil:
			return err
		case upload == nil:
			return fault.InvalidFields("web.paperFiling", fault.Field{Name: "paper", Message: "请上传签字件扫描件（PDF、JPG 或 PNG）"})
		}
		in := filing.Signing{Move: policy.MoveAgree, Hash: values.Get("hash"), Password: values.Get("current"), Upload: upload, Signer: values.Get("signer")}
		if text := values.Get("signed_on"); text != "" {
			if in.SignedOn, err = calendar.ParseDate(text); err != nil {
				return fault.InvalidFields("web.paperFiling", fault.Field{Name: "signed_on", Message: "“" + text + "”不是日期，要写成 2026-10-19"})
			}
		}
		at := filingAt(c, values)
		at.Idem = nil // the body holds the password
		_, err := s.filings.Sign(c.UserContext(), by, at, in)
		return err
	})
}

func (s *Server) filingFile(c *fiber.Ctx, by policy.Actor) error { return s.sendFiled(c, by, false) }

func (s *Server) filingScan(c *fiber.Ctx, by policy.Actor) error { return s.sendFiled(c, by, true) }

// sendFiled answers with a document or a scan.
func (s *Server) sendFiled(c *fiber.Ctx, by policy.Actor, scan bool) error {
	n, err := c.ParamsInt("n")
	if err != nil {
		return fault.New("web.sendFiled", fault.NotFound, "")
	}
	r, size, file, err := s.filings.OpenFile(c.UserContext(), by, c.Params("id"), n, scan)
	if err != nil {
		return err
	}
	sendFile(c, r, size, file.Kind, file.Name, file.Kind.Image())
	return nil
}

// filingPapers are the papers of a filing, with their names in addresses.
func filingPapers(f *filing.Filing) []crumb {
	if f.State != filing.Registered {
		return nil
	}
	return []crumb{{"备案回执", "receipt"}}
}

// filingReceipt is the receipt, for printing.
func (s *Server) filingReceipt(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.filings.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	f := doc.State
	if f.State != filing.Registered {
		return fault.New("web.filingReceipt", fault.NotFound, "这件备案还没有回执")
	}
	v := map[string]any{"F": &f, "Path": filingsPath + "/" + doc.ID, "Happened": f.Happened.Chinese(), "Filed": f.Filed.Chinese(), "Hash": hashGroups(f.Approval.SubjectHash)}
	return s.render(c, by, "filing_receipt", page{Title: "备案回执", Script: true, Data: v, Paper: "备案回执"})
}

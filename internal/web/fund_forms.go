package web

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// fundForm is one form below a ledger.
type fundForm struct {
	// path stands below the ledger, done is the sentence after it, action its right.
	path, done string
	action     policy.Action
	title      string
	intro      string
	button     string
	// paper is what the scan is called, "" for a form without.
	paper string
	// fields are those of the form; value gives what was typed.
	fields func(st fund.Statement, value func(string) string) []field
	// run reads the form and carries it out.
	run func(c *fiber.Ctx, by policy.Actor, in *typed, paper files.Stored, idem *store.Idem) error
	// try, if not nil, shows what would come of it before it is carried out.
	try func(c *fiber.Ctx, by policy.Actor, in *typed) (fund.Computed, error)
}

// money reads an amount of a form.
func (t *typed) money(name, label string) int64 {
	fen, err := fund.ParseMoney(name, label, t.text(name))
	if err != nil {
		t.bad = append(t.bad, fault.FieldsOf(err)...)
	}
	return fen
}

// dueOptions are the amounts of a ledger of which something is open.
func dueOptions(st fund.Statement) []option {
	var out []option
	for _, d := range st.Ledger.Dues {
		if d.Open() > 0 {
			out = append(out, option{d.ID, d.Phase + "，还差 " + fund.Yuan(d.Open()) + " 元"})
		}
	}
	if len(out) != 1 {
		out = append([]option{{"", "请选择"}}, out...)
	}
	return out
}

func amountField(value func(string) string) field {
	return field{Name: "amount", Label: "金额（元）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: value("amount"), Hint: "例如 42600.00，最多两位小数"}
}

func fundReason(value func(string) string, hint string) field {
	return field{Name: "reason", Label: "原因", Rows: 2, Value: value("reason"), Hint: hint}
}

// courtFields are those of a paper of a court.
func courtFields(value func(string) string, until bool) []field {
	out := []field{{Name: "court", Label: "法院", Type: "text", Value: value("court")}, {Name: "document", Label: "文书编号", Type: "text", Autocomplete: "off", Value: value("document"), Hint: "协助执行通知书的文号"},
		amountField(value), {Name: "day", Label: "办理日期", Type: "date", Value: value("day")}}
	if until {
		out = append(out, field{Name: "until", Label: "冻结期满日", Type: "date", Value: value("until"), Optional: true})
	}
	return out
}

func courtOrder(c *fiber.Ctx, in *typed, paper files.Stored) fund.CourtOrder {
	return fund.CourtOrder{Freeze: c.Params("freeze"), Court: in.text("court"), Document: in.text("document"), Fen: in.money("amount", "金额"), Day: in.date("day", "办理日期"), Until: in.date("until", "冻结期满日"), Paper: paper}
}

func moneyIn(in *typed, paper files.Stored) fund.Money {
	return fund.Money{Due: in.text("due"), Fen: in.money("amount", "金额"), Day: in.date("day", "银行入账日期"), Receipt: in.text("receipt"), Note: in.text("note"), Paper: paper}
}

func assessInput(in *typed) fund.AssessInput {
	a := fund.AssessInput{Phase: in.text("phase"), Area: in.text("area"), Day: in.date("day", "缴存期限"), Begun: in.date("begun", "存储期起算日")}
	if in.text("cost") != "" {
		a.Cost = in.money("cost", "总造价")
	}
	return a
}

// fundForms are the forms below a ledger.
func (s *Server) fundForms() []fundForm {
	scan := "银行回单"
	return []fundForm{
		{path: "/assess", done: "assess", action: policy.AssessFund, title: "核定应缴保修金", intro: "先试算，逐行核对以后再核定。规则按缴存期限那一天有效的版本。", button: "核定应缴",
			fields: func(_ fund.Statement, value func(string) string) []field {
				return []field{{Name: "phase", Label: "分期", Type: "text", Value: value("phase"), Hint: "例如 一期；不分期的填 整体"},
					{Name: "cost", Label: "物业建筑安装总造价（元）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: value("cost"), Optional: true, Hint: "按总造价缴存的填"},
					{Name: "area", Label: "建筑面积（平方米）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: value("area"), Optional: true, Hint: "按面积缴存的填，最多两位小数"},
					{Name: "day", Label: "缴存期限", Type: "date", Value: value("day"), Hint: "竣工验收或者交付的日期，要在这一天以前缴存"},
					{Name: "begun", Label: "存储期起算日", Type: "date", Value: value("begun"), Optional: true, Hint: "首套交付等起算的日期；还没有到的以后再登记"}}
			},
			try: func(c *fiber.Ctx, by policy.Actor, in *typed) (fund.Computed, error) {
				a := assessInput(in)
				var out fund.Computed
				err := in.with(func(ctx context.Context) (err error) {
					out, err = s.fund.Compute(ctx, by, c.Params("project"), a)
					return err
				})
				return out, err
			},
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, _ files.Stored, idem *store.Idem) error {
				a := assessInput(in)
				return in.with(func(ctx context.Context) error {
					_, err := s.fund.Assess(ctx, by, c.Params("project"), a, idem)
					return err
				})
			}},
		{path: "/pay", done: "pay", action: policy.BookFund, title: "登记收款", intro: "一张票据登记一次。录错的由另一人冲正后重新登记。", button: "登记收款", paper: scan,
			fields: func(st fund.Statement, value func(string) string) []field {
				return []field{{Name: "due", Label: "缴存哪一笔应缴", Options: dueOptions(st), Value: value("due")}, amountField(value), {Name: "day", Label: "银行入账日期", Type: "date", Value: value("day")},
					{Name: "receipt", Label: "票据号码", Type: "text", Autocomplete: "off", Value: value("receipt"), Hint: "开给建设单位的资金往来票据"}, {Name: "note", Label: "备注", Type: "text", Value: value("note"), Optional: true}}
			},
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, paper files.Stored, idem *store.Idem) error {
				m := moneyIn(in, paper)
				return in.with(func(ctx context.Context) error {
					_, err := s.fund.Pay(ctx, by, c.Params("project"), m, idem)
					return err
				})
			}},
		{path: "/interest", done: "interest", action: policy.BookFund, title: "登记利息", intro: "利息归缴存人，和本金分开记。", button: "登记利息", paper: scan,
			fields: func(_ fund.Statement, value func(string) string) []field {
				return []field{amountField(value), {Name: "day", Label: "银行入账日期", Type: "date", Value: value("day")}, {Name: "note", Label: "备注", Type: "text", Value: value("note"), Optional: true, Hint: "例如 2026年第三季度结息"}}
			},
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, paper files.Stored, idem *store.Idem) error {
				m := moneyIn(in, paper)
				return in.with(func(ctx context.Context) error {
					_, err := s.fund.BookInterest(ctx, by, c.Params("project"), m, idem)
					return err
				})
			}},
		{path: "/letter", done: "letter", action: policy.AssessFund, title: "登记保函或保险", intro: "替代的金额不用缴存现金，到期以前要续保或者缴存。", button: "登记替代", paper: "保函或保单",
			fields: func(st fund.Statement, value func(string) string) []field {
				return []field{{Name: "due", Label: "替代哪一笔应缴", Options: dueOptions(st), Value: value("due")}, {Name: "kind", Label: "种类", Options: choicesOf("请选择", fund.LetterKinds()), Value: value("kind")}, amountField(value),
					{Name: "issuer", Label: "出具单位", Type: "text", Value: value("issuer"), Hint: "银行或者保险公司"}, {Name: "number", Label: "编号", Type: "text", Autocomplete: "off", Value: value("number")},
					{Name: "from", Label: "起期", Type: "date", Value: value("from")}, {Name: "until", Label: "止期", Type: "date", Value: value("until")}}
			},
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, paper files.Stored, idem *store.Idem) error {
				l := fund.LetterInput{Due: in.text("due"), Fen: in.money("amount", "金额"), Kind: fund.LetterKind(in.text("kind")), Issuer: in.text("issuer"), Number: in.text("number"),
					Days: in.span("from", "起期", "until", "止期"), Paper: paper}
				return in.with(func(ctx context.Context) error {
					_, err := s.fund.AcceptLetter(ctx, by, c.Params("project"), l, idem)
					return err
				})
			}},
		{path: "/letters/:letter<maxLen(8)>/end", done: "end", action: policy.AssessFund, title: "终止替代", intro: "保函或者保险到期没有续、被撤销的，终止替代；这笔钱重新要缴存现金。", button: "终止替代",
			fields: func(_ fund.Statement, value func(string) string) []field {
				return []field{fundReason(value, "例如 到期未续")}
			},
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, _ files.Stored, idem *store.Idem) error {
				_, err := s.fund.EndLetter(c.UserContext(), by, c.Params("project"), c.Params("letter"), in.text("reason"), idem)
				return err
			}},
		{path: "/dues/:due<maxLen(8)>/begin", done: "begin", action: policy.AssessFund, title: "登记存储期起算日", intro: "登记以后，届满的日期就能算出来。", button: "登记起算日",
			fields: func(_ fund.Statement, value func(string) string) []field {
				return []field{{Name: "begun", Label: "存储期起算日", Type: "date", Value: value("begun")}}
			},
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, _ files.Stored, idem *store.Idem) error {
				day := in.date("begun", "存储期起算日")
				return in.with(func(ctx context.Context) error {
					_, err := s.fund.Begin(ctx, by, c.Params("project"), c.Params("due"), day, idem)
					return err
				})
			}},
		{path: "/freeze", done: "freeze", action: policy.AssessFund, title: "登记司法冻结", intro: "凭法院的协助执行通知书。冻结的金额不能退还，也不能冲减。", button: "登记冻结", paper: "协助执行通知书",
			fields: func(_ fund.Statement, value func(string) string) []field { return courtFields(value, true) },
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, paper files.Stored, idem *store.Idem) error {
				o := courtOrder(c, in, paper)
				return in.with(func(ctx context.Context) error {
					_, err := s.fund.FreezeMoney(ctx, by, c.Params("project"), o, idem)
					return err
				})
			}},
		{path: "/freezes/:freeze<maxLen(8)>/release", done: "release", action: policy.ReverseFund, title: "解除冻结", intro: "登记冻结和解除冻结必须由不同的人办理。", button: "解除冻结", paper: "协助执行通知书",
			fields: func(_ fund.Statement, value func(string) string) []field { return courtFields(value, false) },
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, paper files.Stored, idem *store.Idem) error {
				o := courtOrder(c, in, paper)
				return in.with(func(ctx context.Context) error {
					_, err := s.fund.Release(ctx, by, c.Params("project"), o, idem)
					return err
				})
			}},
		{path: "/freezes/:freeze<maxLen(8)>/deduct", done: "deduct", action: policy.ReverseFund, title: "登记司法扣划", intro: "登记冻结和办理扣划必须由不同的人办理。", button: "登记扣划", paper: "协助执行通知书",
			fields: func(_ fund.Statement, value func(string) string) []field { return courtFields(value, false) },
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, paper files.Stored, idem *store.Idem) error {
				o := courtOrder(c, in, paper)
				return in.with(func(ctx context.Context) error {
					_, err := s.fund.Deduct(ctx, by, c.Params("project"), o, idem)
					return err
				})
			}},
		{path: "/penalty", done: "penalty", action: policy.AssessFund, title: "登记滞纳金或罚款", intro: "照决定书登记；缴入国库，不进保修金的账。规则有条款和比例的，同时列出按规则的算法；没有的只记录、不计算。", button: "登记", paper: "决定书",
			fields: func(st fund.Statement, value func(string) string) []field {
				return []field{{Name: "due", Label: "哪一笔应缴逾期", Options: dueOptions(st), Value: value("due")}, {Name: "kind", Label: "种类", Options: choicesOf("请选择", fund.PenaltyKinds()), Value: value("kind")},
					{Name: "document", Label: "文书编号", Type: "text", Autocomplete: "off", Value: value("document")}, {Name: "day", Label: "文书日期", Type: "date", Value: value("day")}, amountField(value)}
			},
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, paper files.Stored, idem *store.Idem) error {
				p := fund.PenaltyInput{Due: in.text("due"), Kind: fund.PenaltyKind(in.text("kind")), Document: in.text("document"), Day: in.date("day", "文书日期"), Fen: in.money("amount", "金额"), Paper: paper}
				return in.with(func(ctx context.Context) error {
					_, err := s.fund.RecordPenalty(ctx, by, c.Params("project"), p, idem)
					return err
				})
			}},
		{path: "/penalties/:penalty<maxLen(8)>/end", done: "penalty_end", action: policy.AssessFund, title: "滞纳金、罚款办结", intro: "缴入国库的填缴款书，撤销的填撤销的文书。", button: "办结",
			fields: func(_ fund.Statement, value func(string) string) []field {
				return []field{{Name: "end", Label: "结果", Options: choicesOf("请选择", fund.PenaltyEnds()), Value: value("end")}, {Name: "day", Label: "日期", Type: "date", Value: value("day")},
					{Name: "document", Label: "缴款书或者文书编号", Type: "text", Autocomplete: "off", Value: value("document")}}
			},
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, _ files.Stored, idem *store.Idem) error {
				day := in.date("day", "日期")
				return in.with(func(ctx context.Context) error {
					_, err := s.fund.EndPenalty(ctx, by, c.Params("project"), c.Params("penalty"), fund.PenaltyEnd(in.text("end")), day, in.text("document"), idem)
					return err
				})
			}},
		{path: "/entries/:no<int>/reverse", done: "reverse", action: policy.ReverseFund, title: "冲正", intro: "冲正记一笔相反的分录，原来那一笔留在账上；登记和冲正必须由不同的人办理。", button: "冲正这一笔",
			fields: func(_ fund.Statement, value func(string) string) []field {
				return []field{fundReason(value, "写明错在哪里")}
			},
			run: func(c *fiber.Ctx, by policy.Actor, in *typed, _ files.Stored, idem *store.Idem) error {
				no, err := strconv.ParseInt(c.Params("no"), 10, 64)
				if err != nil {
					return fault.New("web.reverse", fault.NotFound, "没有找到这一笔")
				}
				_, err = s.fund.Reverse(c.UserContext(), by, c.Params("project"), no, in.text("reason"), idem)
				return err
			}},
	}
}

// fundFormView is what fund_form.html shows.
type fundFormView struct {
	Crumbs        []crumb
	Intro, Button string
	Address, Back string
	Key           string
	Form          []field
	// Paper is what the scan is called, PaperError what is wrong with it, Kept and KeptName the one taken in before.
	Paper, PaperError, Kept, KeptName string
	// Lines are the computation that is to be confirmed, Tried its amount in fen; TryFirst: there is one to look at first.
	Lines    []fund.Line
	Tried    int64
	TryFirst bool
	// About is the entry that is reversed.
	About string
}

// formOf describes a form with what was typed.
func (s *Server) formOf(c *fiber.Ctx, f fundForm, st fund.Statement, value func(string) string) fundFormView {
	v := fundFormView{Crumbs: []crumb{{"保修金", fundPath}, {st.Place.Name, ledgerPath(st.Place.Project)}}, Intro: f.intro, Button: f.button, Address: c.Path(), Back: ledgerPath(st.Place.Project), Paper: f.paper,
		Form: f.fields(st, value), TryFirst: f.try != nil}
	if no := c.Params("no"); no != "" {
		for _, m := range st.Movements {
			if strconv.FormatInt(m.No, 10) == no {
				v.About = "第 " + no + " 笔：" + m.Day.Chinese() + m.Kind.Title() + "，" + fund.Yuan(m.Fen) + " 元，" + m.Text
			}
		}
	}
	return v
}

// showFundForm shows an empty form.
func (s *Server) showFundForm(f fundForm) func(c *fiber.Ctx, by policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		st, err := s.fund.Statement(c.UserContext(), by, c.Params("project"))
		if err != nil {
			return err
		}
		v := s.formOf(c, f, st, func(string) string { return "" })
		v.Key = newKey()
		return s.render(c, by, "fund_form", page{Title: f.title, Nav: fundPath, Data: v})
	}
}

// fundUpload is what came with a form.
type fundUpload struct {
	values  url.Values
	upload  *files.Upload
	kept    files.Stored
	refused []fault.Field
}

// readFund reads a form; a scan waits in a temporary file, which the caller closes.
func (s *Server) readFund(c *fiber.Ctx, f fundForm) (u fundUpload, err error) {
	wrong := func(err error) []fault.Field {
		var out []fault.Field
		if fault.Is(err, fault.Invalid) {
			for _, found := range fault.FieldsOf(err) {
				out = append(out, fault.Field{Name: "paper", Message: found.Message})
			}
		}
		return out
	}
	u.values, err = s.readForm(c, maxFundForm, func(name string, r io.Reader) error {
		if u.upload != nil || f.paper == "" {
			u.refused = append(u.refused, fault.Field{Name: "paper", Message: "只收一个文件，多页请合成一个 PDF"})
			return skipFile(r)
		}
		received, err := s.files.Receive(name, r, files.PDF, files.JPEG, files.PNG)
		if fields := wrong(err); len(fields) > 0 {
			u.refused = append(u.refused, fields...)
			return skipFile(r)
		}
		u.upload = received
		return err
	})
	if errors.Is(err, errEndless) { // the form is answered with what was read until then
		err = nil
	}
	if text := u.values.Get(keptField); text != "" && u.upload == nil && err == nil {
		var ok bool
		if u.kept, ok = s.openScan(c, c.Path(), text); !ok {
			u.refused = append(u.refused, fault.Field{Name: "paper", Message: "扫描件要重新选择"})
		}
	}
	return u, err
}

// takeFundForm carries a form out. A scan is kept only once everything else can be read; one that was taken in stays with the form.
func (s *Server) takeFundForm(f fundForm) func(c *fiber.Ctx, by policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		u, err := s.readFund(c, f)
		if u.upload != nil {
			defer u.upload.Close() //nolint:errcheck // a temporary file that only we know
		}
		if err != nil {
			return err
		}
		ctx := c.UserContext()
		st, err := s.fund.Statement(ctx, by, c.Params("project"))
		if err != nil {
			return err
		}
		in := &typed{c: c, values: u.values}
		if f.try != nil {
			// What is carried out is what was looked at: a form that was changed since is tried first again.
			computed, err := f.try(c, by, &typed{c: c, values: u.values})
			if err != nil || u.values.Get("tried") != strconv.FormatInt(computed.Fen, 10) {
				return s.answerFund(c, by, f, st, u, err, computed)
			}
		}
		idem := idemFrom(c, u.values, u.kept.Original)
		if u.upload != nil {
			idem = idemFrom(c, u.values, u.upload.SHA256)
			unread := &typed{c: c, values: u.values}
			if len(u.refused) == 0 && f.readable(c, unread) {
				kept, err := s.files.Keep(ctx, store.Meta{By: by.ID, Action: string(f.action)}, u.upload)
				if fault.Is(err, fault.Invalid) {
					for _, found := range fault.FieldsOf(err) {
						u.refused = append(u.refused, fault.Field{Name: "paper", Message: found.Message})
					}
				} else if err != nil {
					return err
				} else {
					u.kept = kept
				}
			}
		}
		if len(u.refused) == 0 {
			if err = f.run(c, by, in, u.kept, idem); err == nil {
				return seeOther(c, ledgerPath(st.Place.Project)+"?done="+f.done)
			}
		} else {
			err = fault.InvalidFields("web.fund")
		}
		return s.answerFund(c, by, f, st, u, err, fund.Computed{})
	}
}

// readable reports whether amounts and days of the form can be read, so that a scan is not kept for a form that certainly comes back.
func (f fundForm) readable(c *fiber.Ctx, in *typed) bool {
	courtOrder(c, in, files.Stored{})
	in.span("from", "", "until", "")
	return len(in.bad) == 0
}

// answerFund shows the form again: with a computation to confirm, or with what was refused.
func (s *Server) answerFund(c *fiber.Ctx, by policy.Actor, f fundForm, st fund.Statement, u fundUpload, err error, computed fund.Computed) error {
	refused := append(u.refused, fault.FieldsOf(err)...)
	v := s.formOf(c, f, st, u.values.Get)
	v.Key, v.Lines, v.Tried = u.values.Get("key"), computed.Lines, computed.Fen
	switch {
	case err == nil:
	case fault.Is(err, fault.Conflict):
		refused = append(refused, fault.Field{Name: v.Form[0].Name, Message: fault.MessageOf(err)})
	case !fault.Is(err, fault.Invalid) || len(refused) == 0:
		return err
	}
	if v.Key == "" || len(refused) > 0 {
		v.Key = newKey() // what was refused took no effect; the corrected form is another request
	}
	if u.kept.Original != "" {
		v.Kept, v.KeptName = s.sealScan(c, c.Path(), u.kept), u.kept.Name
	}
	for i := range refused {
		r := &refused[i]
		if r.Name != "paper" {
			continue
		}
		if u.upload != nil && u.kept.Original == "" && len(u.refused) == 0 {
			r.Message = f.paper + "没有保存，改好以后请重新选择" // it was there, and is not kept for a form that cannot be read
		}
		v.PaperError = r.Message
	}
	v.Form = withErrors(v.Form, refused)
	p := page{Title: f.title, Nav: fundPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "fund_form", p)
	}
	return s.render(c, by, "fund_form", p)
}

package web

import (
	"cmp"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// What the pages of every decision against a firm (casework.Ruling) have in common.

// rulingNames are the words of one kind of ruling.
type rulingNames struct {
	// Notice and Decision are its papers, Document what it rests on, Objection what the firm does against it, Reply what answers that.
	Notice, Decision, Document, Objection, Reply string
	// Upheld and Dismissed are the two answers.
	Upheld, Dismissed string
	// Period is the rule of the days in which the firm may object.
	Period string
}

// restsFields are the fields of the form with which a case is begun; on is the hint about the day, known what is known before somebody types.
func restsFields(c *fiber.Ctx, grounds *casework.Grounds, names rulingNames, on string, known casework.Rests) []field {
	said := map[string]string{"ground": known.Ground, "source": known.Source, "number": known.Number, "issuer": known.Issuer, "text": known.Text}
	if !known.Effective.IsZero() {
		said["effective"] = known.Effective.String()
	}
	value := func(name string) string { return typedOr(c, name, said[name]) }
	return []field{
		{Name: "ground", Label: "理由", Options: choicesOf("请选择", grounds.Grounds()), Value: value("ground")},
		{Name: "source", Label: names.Document, Options: choicesOf("请选择", grounds.Documents()), Value: value("source")},
		{Name: "number", Label: "文号", Type: "text", Autocomplete: "off", Value: value("number")},
		{Name: "issuer", Label: "作出单位", Type: "text", Autocomplete: "off", Value: value("issuer")},
		{Name: "effective", Label: "生效日期", Type: "date", Value: value("effective"), Hint: on},
		{Name: "text", Label: "认定的事实", Rows: 4, Value: value("text"), Hint: "500 字以内，按文书写，不要写个人的姓名和电话"},
	}
}

// restsOf reads that form.
func restsOf(in *typed) casework.Rests {
	return casework.Rests{Ground: in.text("ground"), Source: in.text("source"), Number: in.text("number"), Issuer: in.text("issuer"), Text: in.text("text"), Effective: in.date("effective", "生效日期")}
}

// rulingForms are the forms of the steps that every ruling has.
func rulingForms[D ~string](names rulingNames) map[D]caseForm {
	return map[D]caseForm{
		casework.RuleScan:     {file: names.Document + "的扫描件", hint: "PDF 或照片；和立案时填的文号、日期一致。"},
		casework.RuleServe:    {number: names.Notice + "文号", day: "送达日期", text: "送达方式", file: "送达回证或者签收照片", hint: "打印" + names.Notice + "送达企业；陈述申辩的期限从送达的次日起算，不会提前结束。"},
		casework.RulePlead:    {text: "陈述申辩", file: "证据材料（没有的不传）", hint: "写明事实、理由；期限内可以多次提出。"},
		casework.RuleHear:     {choice: "意见", choices: []option{{Label: "请选择"}, {"adopt", "建议采纳"}, {"reject", "建议不采纳"}}, text: "听取情况和理由", file: "陈述申辩笔录", hint: "由立案、告知以外的人听取；听取的人不再参加联审签署。"},
		casework.RuleSend:     {number: "联审纪要文号", day: "联审日期", text: "联审意见、参加单位", file: "联审纪要", hint: "企业陈述申辩的期限满了以后才能提交；立案、告知、听取的人不能签。"},
		casework.RuleIssue:    {number: names.Decision + "文号", day: "送达日期", text: "送达方式", file: "送达回证或者签收照片", hint: "从送达之日起生效。"},
		casework.RuleObject:   {text: names.Objection, file: "证据材料（没有的不传）", hint: "只能提出一次；答复以前决定仍有效。"},
		casework.RuleAnswer:   {choice: "结果", choices: []option{{Label: "请选择"}, {casework.RuleUphold, names.Upheld}, {casework.RuleDismiss, names.Dismissed}}, text: "理由", file: names.Reply + "（没有的不传）", hint: "由没有参与的人答复。"},
		casework.RuleWithdraw: {text: "理由", ends: true},
	}
}

// rulingNotes adds what was said by the firm and about it to the page of a case; waits is the word for an objection that waits, kept and gone are those for the two answers.
func rulingNotes(v *caseView, r *casework.Ruling, names rulingNames, waits, kept, gone string) {
	v.NotesTitle = "陈述申辩与" + names.Objection
	note := func(title, state, file string, p *casework.Paper) {
		if p == nil {
			return
		}
		n := caseNote{Title: title, Sub: paperText(p), State: state}
		if p.File != nil {
			n.Links = []caseLink{{"附件", v.Path + "/files/" + file}}
		}
		v.Notes = append(v.Notes, n)
	}
	for i := range r.Pleas {
		note("企业陈述申辩", "", "plea-"+strconv.Itoa(i+1), &r.Pleas[i])
	}
	for i := range r.Hearings {
		note("听取", "", "hearing-"+strconv.Itoa(i+1), &r.Hearings[i])
	}
	if r.Answer != nil {
		waits = ""
	}
	note("企业"+names.Objection, waits, "objection", r.Objection)
	if r.Clock.Rule == names.Period {
		v.ClockTitle = names.Objection + "期" // the decision itself does not end with it
	}
	note(names.Objection+"答复", map[bool]string{false: kept, true: gone}[r.Upheld], "answer", r.Answer)
}

// rulingFiles are the files of a case.
func rulingFiles(r *casework.Ruling, names rulingNames) (out caseFiles) {
	out.paper("document", names.Document, &r.Document)
	out.paper("notice", names.Notice+"送达回证", r.Notice)
	for i := range r.Pleas {
		out.add("plea-"+strconv.Itoa(i+1), "陈述申辩材料", "note", r.Pleas[i].File)
	}
	for i := range r.Hearings {
		out.add("hearing-"+strconv.Itoa(i+1), "陈述申辩笔录", "note", r.Hearings[i].File)
	}
	out.paper("minutes", "联审纪要", r.Minutes)
	out.paper("decision", names.Decision+"送达回证", r.Decision)
	if r.Objection != nil {
		out.add("objection", names.Objection+"材料", "note", r.Objection.File)
	}
	if r.Answer != nil {
		out.add("answer", names.Reply, "note", r.Answer.File)
	}
	return out
}

// rulingCells are the columns about the way of a case in Excel, with their headings.
func rulingCells(r *casework.Ruling) []any {
	paper := func(p *casework.Paper) (string, calendar.Date) {
		if p == nil {
			return "", calendar.Date{}
		}
		return p.Number, p.Day
	}
	notice, noticed := paper(r.Notice)
	minutes, _ := paper(r.Minutes)
	decision, decided := paper(r.Decision)
	objection := ""
	switch {
	case r.Answer != nil && r.Upheld:
		objection = "成立，已撤销"
	case r.Answer != nil:
		objection = "不成立，维持"
	case r.Objection != nil:
		objection = "待答复"
	}
	return []any{r.Drafted, notice, noticed, int64(len(r.Pleas)), minutes, decision, decided, r.Clock.Due, objection, r.Reason}
}

// rulingHeads are the headings of rulingCells.
func rulingHeads(names rulingNames) []string {
	return []string{"立案日期", names.Notice + "文号", "告知日期", "陈述申辩（次）", "联审纪要", names.Decision + "文号", "送达日期", "期限", names.Objection, "办结说明"}
}

// heardText says in a decision what came of the firm's pleading.
func heardText(r *casework.Ruling) string {
	if len(r.Pleas) > 0 {
		return "你单位的陈述申辩已经听取，并由联审研究。"
	}
	return "你单位在期限内没有陈述申辩。"
}

// hearingTitle is what the record of a hearing (陈述申辩) is called.
const hearingTitle = "陈述申辩笔录"

// hears adds the record of a hearing to the papers of a decision against a firm, for who hears: once something was said in writing, or while it may be.
func (s *Server) hears(by policy.Actor, right policy.Action, r *casework.Ruling, hearing bool, out []caseLink) []caseLink {
	if s.guard.Allow(by, right) && (hearing || len(r.Pleas) > 0) {
		out = append(out, caseLink{hearingTitle, "hearing"})
	}
	return out
}

// paperNumber is the number of a paper, blank before it has one.
func paperNumber(p *casework.Paper) string {
	if p == nil {
		return blank
	}
	return cmp.Or(p.Number, blank)
}

// hearingRecord is the record: what the firm said already, and what was heard, with room for what is said now and for the signatures of both sides.
func hearingRecord(r *casework.Ruling, about, notice string) printView {
	v := printView{Title: hearingTitle, Date: "　　年　　月　　日", Words: []string{"听取人说明身份和陈述申辩的权利。听取人没有参与起草和送达；记录经陈述人核对以后签名。"},
		Rows: [][2]string{{"当事人", r.FirmName}, {"小区", r.Name}, {"事由", about}, {"通知书", notice}, {"时间和地点", blank}, {"听取人和职务", blank}, {"陈述人、职务和联系电话", blank}, {"委托手续", blank}}}
	for i, p := range r.Pleas {
		v.Rows = append(v.Rows, [2]string{"书面陈述 " + strconv.Itoa(i+1), p.Text + "（" + p.Day.Chinese() + "）"})
	}
	for i, p := range r.Hearings {
		v.Rows = append(v.Rows, [2]string{"听取意见 " + strconv.Itoa(i+1), p.Text + "（" + p.Day.Chinese() + "）"})
	}
	v.Rows = append(v.Rows, [][2]string{{"陈述申辩的内容", room}, {"提交的证据", room}, {"听取人的意见", room}, {"陈述人核对无误，签名、日期", blank}, {"听取人签名", blank}, {"记录人签名", blank}}...)
	return v
}

// periodText is how long a period of deadlines.yaml is, in words.
func periodText(desk casework.Desk, rule string) string {
	d, err := desk.Deadlines(rule, desk.Today())
	if err != nil {
		return ""
	}
	unit := string(d.Unit)
	if d.Unit == calendar.UnitWorkday || d.Unit == calendar.UnitMonth {
		unit = "个" + unit
	}
	return strconv.Itoa(d.N) + " " + unit
}

// dated gives a paper its number and day, once it has them.
func (v *printView) dated(p *casework.Paper) {
	if p != nil {
		v.Number, v.Date = p.Number, p.Day.Chinese()
	}
}

// rulingTasks are the lines of a to-do page about a list of cases: what the actor can do, and a pleading that nobody heard yet.
func rulingTasks[T any, S comparable, D caseStepName](found []store.Doc[T], work []caseWork[S, D], state func(*T) S, ruling func(*T) *casework.Ruling, can func(*T, D) bool, line func(id string, one *T, w caseWork[S, D]) Task, hear caseWork[S, D]) []Task {
	clock := func(one *T, do D) calendar.Deadline {
		switch string(do) {
		case casework.RuleAnswer, casework.RulePlead, casework.RuleObject:
			return ruling(one).Clock
		}
		return calendar.Deadline{}
	}
	out := caseTasks(found, work, state, can, clock, line)
	for i := range found {
		if one := &found[i].State; ruling(one).Unheard() && can(one, casework.RuleHear) {
			out = append(out, line(found[i].ID, one, hear))
		}
	}
	return out
}

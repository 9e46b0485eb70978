package web

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/dunning"
)

// dunningsPath is the list of deposits that are asked for because they are late.
const dunningsPath = fundPath + "/dunnings"

// dunningPages are the pages of dunnings.
func (s *Server) dunningPages() casePages[dunning.Dunning, dunning.Step] {
	list := caseList[dunning.Dunning]{path: dunningsPath, nav: fundPath, title: "保修金催缴", sub: "首次应缴过了期限没有缴清的：起草、签发、送达催缴通知书；维修用去的补存在使用申请里催缴", find: "小区、建设单位或分期", opened: "起草日期", figure: "还差（元）", money: true, unit: "件", read: policy.ReadFund,
		above: s.fundCrumb, nothing: "逾期的应缴在小区的保修金页上起草催缴通知书。", hidden: []string{"project"},
		links: func(by policy.Actor) []crumb {
			return append([]crumb{{"账龄", ageingPath + "?group=" + agedDue}}, s.urges(by, "dunnings")...)
		},
		filters: func(value map[string]string) []field { return []field{stateFilter(dunning.States(), value)} },
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[dunning.Dunning], error) {
			return s.dunnings.List(ctx, by, caseFilter(value), due, after)
		},
		row:   dunningRow,
		heads: []string{"小区", "所在社区", "建设单位", "分期", "缴存期限", "状态", "起草日期", "还差（元）", "滞纳金（元）", "送达次数", "最近送达", "期限", "下一步"},
		cells: func(d *dunning.Dunning) [][]any {
			latest := calendar.Date{}
			if n := len(d.Sent); n > 0 {
				latest = d.Sent[n-1].Day
			}
			return [][]any{{d.Name, d.Place, d.DeveloperName, d.Phase, d.Until, d.State.Title(), d.Opened, inYuan(d.Fen), inYuan(d.Fee), int64(len(d.Sent)), latest, d.Clock.Due, d.Next()}}
		}}
	return casePages[dunning.Dunning, dunning.Step]{caseList: list, s: s, series: seriesOf[dunning.Dunning, dunning.Step]("fund-dunning"), bears: bearsOf[dunning.Dunning](map[string]dunning.Step{"letter": dunning.StepDeliver}), cases: s.dunnings, signs: s.dunnings, steps: dunning.Steps(), forms: dunningForms,
		shared: func(d *dunning.Dunning) *casework.Case { return &d.Case }, last: func(d *dunning.Dunning) dunning.Step { return d.Last }, signing: func(d *dunning.Dunning) *policy.Approval { return d.Signing() },
		files: dunningFiles, over: func(k *dunning.Dunning) bool { return k.State.Final() }, prints: dunningPrints, paper: s.dunningPaper, view: s.dunningView,
		said: map[string]string{"open": "已起草。打印送审稿核对后送审。"}}
}

// dunningRoutes are the pages of dunnings; none without them. They stand before those of the ledgers, whose address begins alike.
func (s *Server) dunningRoutes() []Route {
	if s.dunnings == nil {
		return nil
	}
	return append([]Route{{Method: fiber.MethodPost, Path: dunningsPath + "/new", Action: policy.AssessFund, Handler: s.openDunning}}, s.dunningPages().routes()...)
}

func dunningRow(clock taskClock, id string, d *dunning.Dunning) caseRow {
	r := caseRow{Path: dunningsPath + "/" + id, Name: d.Name, Place: d.Place, Title: d.Phase + "保修金，期限" + d.Until.Chinese(), State: d.State.Title(), Next: d.Next(), Opened: d.Opened.Chinese()}
	clock.dueIn(&r, d.Clock, false)
	r.amount(d.Fen)
	return r
}

// openDunning drafts the letter for an amount that is late.
func (s *Server) openDunning(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.dunnings.Open(c.UserContext(), by, c.FormValue("project"), c.FormValue("due"), formIdem(c))
	if err != nil {
		return err
	}
	return seeOther(c, dunningsPath+"/"+doc.ID+"?done=open")
}

// dunningForms are the forms of the steps.
func dunningForms(*dunning.Dunning) map[dunning.Step]caseForm {
	return map[dunning.Step]caseForm{
		dunning.StepLetter:   {hint: "打印送审稿核对；金额按送审当天账上还差的。签发以后才能送达，送审的人不能签。"},
		dunning.StepDeliver:  {number: "催缴通知书编号", day: "送达日期", text: "送达方式", file: "送达回证或者签收照片", hint: "打印签发的催缴通知书送达建设单位，从送达的次日起算期限。"},
		dunning.StepSettle:   {aside: true, hint: "出纳登记收款、账上缴清以后办结。"},
		dunning.StepWithdraw: {text: "理由", ends: true},
	}
}

// dunningFiles are the files of a case: the proofs of delivery.
func dunningFiles(d *dunning.Dunning) []caseFile {
	var out caseFiles
	for i := range d.Sent {
		out.paper("sent-"+strconv.Itoa(i+1), "第 "+strconv.Itoa(i+1)+" 次送达", &d.Sent[i])
	}
	return out
}

// dunningPrints are the papers of a case.
func dunningPrints(policy.Actor, *dunning.Dunning) []caseLink {
	return []caseLink{{"催缴通知书", "letter"}}
}

// dunningView adds to a page what only dunnings have.
func (s *Server) dunningView(_ *fiber.Ctx, by policy.Actor, d *dunning.Dunning, v *caseView, _ url.Values, _ []fault.Field) error {
	v.Title, v.Sub, v.State, v.Next, v.Lines = d.Name+"：催缴"+d.Phase+"保修金", d.Place, d.State.Title(), d.Next(), d.Lines
	v.Facts = filled([][2]string{{"建设单位", d.DeveloperName}, {"应缴", d.Phase + "，" + d.Document}, {"缴存期限", d.Until.Chinese()}, {"还差", fund.Yuan(d.Fen) + " 元（" + d.Asked.Chinese() + "）"}, {"滞纳金", feeText(d)}})
	for i := range d.Sent {
		v.Facts = append(v.Facts, [2]string{"第 " + strconv.Itoa(i+1) + " 次催缴", paperText(&d.Sent[i])})
	}
	if d.Letter != nil {
		v.Letter, v.LetterTitle = s.approvalLevels(&d.Letter.Approval), "催缴通知书"
	}
	if s.guard.Allow(by, policy.ReadFund) {
		v.Prints = append(v.Prints, caseLink{"这个小区的保修金", ledgerPath(d.Project)})
	}
	return nil
}

// feeText is the late fee in words; without a clause in the rule none is computed.
func feeText(d *dunning.Dunning) string {
	if d.Fee == 0 {
		return "核定时的规则没有滞纳金条款，不计算"
	}
	return fund.Yuan(d.Fee) + " 元，算到" + d.Asked.Chinese()
}

// dunningPaper puts the letter into words.
func (s *Server) dunningPaper(ctx context.Context, _ policy.Actor, _ string, d *dunning.Dunning, print caseLink) (printView, error) {
	v := printView{Title: print.Title, To: d.DeveloperName, Date: s.clockOf(ctx).today.Chinese(), Words: []string{"你单位建设的" + d.Name + d.Phase + "应当在" + d.Until.Chinese() + "以前缴存新建物业质量保修金，期限已过，还没有缴清。请在收到本通知书后限期缴清，并将缴款凭证送我局。"}}
	if v.To == "" {
		v.To = "建设单位"
	}
	v.Rows = [][2]string{{"小区", d.Place + " " + d.Name}, {"依据", d.Document}, {"缴存期限", d.Until.Chinese()}, {"还差", fund.Yuan(d.Fen) + " 元（截至" + d.Asked.Chinese() + "）"}}
	for _, line := range d.Lines {
		v.Rows = append(v.Rows, [2]string{line.Label, line.How + "，" + line.Value})
	}
	if n := len(d.Sent); n > 0 && (d.Letter == nil || d.Letter.Sent) { // the next one is another paper
		v.Number, v.Date = d.Sent[n-1].Number, d.Sent[n-1].Day.Chinese()
	}
	s.signedNotice(&v, d.Letter, string(dunning.StepDeliver), !d.State.Final())
	return v, nil
}

// dunningsOf are the dunnings of a project for the page of its ledger, the latest first, and the amounts for which one can be opened.
func (s *Server) dunningsOf(c *fiber.Ctx, by policy.Actor, project string, ledger fund.Ledger) (lines []caseRow, ready []fund.Due, err error) {
	if s.dunnings == nil {
		return nil, nil, nil
	}
	found, err := s.dunnings.Page(c.UserContext(), by, store.Query{Index: casework.ByProject, Key: project, Desc: true}, func(*dunning.Dunning) bool { return true })
	if err != nil {
		return nil, nil, err
	}
	for i := range found.Docs {
		lines = append(lines, dunningRow(s.clockOf(c.UserContext()), found.Docs[i].ID, &found.Docs[i].State))
	}
	if s.guard.Allow(by, policy.AssessFund) {
		ready, err = s.dunnings.Ready(c.UserContext(), project, ledger)
	}
	return lines, ready, err
}

// DunningTasks is the work with late deposits, for everybody whose step is next.
type DunningTasks struct {
	// Dunnings keeps them, and tells who may do what.
	Dunnings *dunning.Service
}

// dunningWork are the steps that stand on a to-do page, the most pressing first.
var dunningWork = []caseWork[dunning.State, dunning.Step]{
	{dunning.StepSign, []dunning.State{dunning.Draft, dunning.Dunned}, "催缴通知书，签署", "去签署"},
	{dunning.StepSettle, []dunning.State{dunning.Draft, dunning.Dunned}, "已经缴清，办结催缴", "去办结"},
	{dunning.StepDeliver, []dunning.State{dunning.Draft, dunning.Dunned}, "送达催缴通知书", "去登记"},
	{dunning.StepLetter, []dunning.State{dunning.Draft}, "催缴通知书送审", "去送审"},
	{dunning.StepLetter, []dunning.State{dunning.Dunned}, "逾期没有缴清，再次催缴", "去送审"},
}

// Tasks implements Tasks.
func (t DunningTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Dunnings.Guard.Allow(by, policy.ReadFund) {
		return nil, nil
	}
	found, err := openCases(func(after string) (store.Page[dunning.Dunning], error) {
		return t.Dunnings.List(ctx, by, casework.Filter{}, true, after)
	})
	can := func(d *dunning.Dunning, do dunning.Step) bool { return t.Dunnings.Can(ctx, by, d, do) }
	clock := func(d *dunning.Dunning, do dunning.Step) calendar.Deadline {
		if do == dunning.StepSettle {
			return calendar.Deadline{}
		}
		return d.Clock
	}
	return caseTasks(found, dunningWork, func(d *dunning.Dunning) dunning.State { return d.State }, can, clock, func(id string, d *dunning.Dunning, w caseWork[dunning.State, dunning.Step]) Task {
		return Task{Title: d.Name + d.Phase + "：" + w.verb, Context: "还差 " + fund.Yuan(d.Fen) + " 元，缴存期限" + d.Until.Chinese(), Party: d.DeveloperName, Link: dunningsPath + "/" + id, Button: w.button, Nav: fundPath}
	}), err
}

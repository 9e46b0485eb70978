package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/adoption"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// studyView is what was found out about a version, as its page shows it before anybody signs.
type studyView struct {
	// Running says how far the study is, Failure why the last one failed, Stale what happened since.
	Running, Failure, Stale string
	// Done: there is something to show; Excel is the same as a workbook.
	Done        bool
	Made, Excel string
	Changes     []changeRow
	Counts      []studyCount
	Broken      []verdictView
	Verdicts    []verdictView
	Trials      int
	Unfed       []adoption.Unfed
	Replays     []replayView
}

// changeRow is one value that differs. Rule is the address of the history of the rule.
type changeRow struct{ Title, Rule, Label, Before, After string }

// studyCount is a number of guarantees.
type studyCount struct {
	Word string
	N    int
}

// verdictView is one guarantee; Example are the facts of a counterexample, Two says that there are two subjects: else one is rated with and without a step.
type verdictView struct {
	Word, Title, Why, Before, After string
	Example                         []adoption.FactRow
	Two                             bool
}

// replayView is one replayed period.
type replayView struct {
	Name, From, To        string
	Subjects, Moved       int
	Up, Down              int
	MeanBefore, MeanAfter string
	Grades                []rating.GradeMove
	Steps                 []replayStep
	Lost                  []rating.LostFact
	Rows                  []replayRow
	More                  int
	Weights               []weightRow
	WeightsNote           string
	Open                  bool
}

type replayStep struct {
	Title, Keys, Sum string
	Moved, Regraded  int
}

type replayRow struct{ Name, Firm, Before, After, Change, Grades, Why string }

// weightRow is an indicator with its weights; Within: it is a share of the row above that is not within another.
type weightRow struct {
	Name, Nominal, Effective, Finding string
	Within                            bool
}

// shownNumber is a number with its sign: “+2.50”, “−3.00”; "—" for none.
func shownNumber(x *num.Num, sign bool) string {
	if x == nil {
		return "—"
	}
	text := points(*x, defaultPlaces)
	if sign && x.Sign() > 0 {
		text = "+" + text
	}
	return text
}

// changeRows lists what differs, value by value.
func changeRows(rhythm string, changes []rating.RuleChange) []changeRow {
	var out []changeRow
	for _, c := range changes {
		link := schemesPath + "/rule?rhythm=" + rhythm + "&rule=" + url.QueryEscape(c.Rule())
		if c.ID == "*" {
			link = ""
		}
		title := c.Title
		switch {
		case c.Added:
			title += "（新增）"
		case c.Removed:
			title += "（删去）"
		}
		for _, k := range c.Keys {
			out = append(out, changeRow{title, link, k.Label, cmp.Or(k.Before, "—"), cmp.Or(k.After, "—")})
		}
	}
	return out
}

// replayOf puts a replay on the page.
func replayOf(r *rating.Replay, open bool) replayView {
	v := replayView{Name: r.Name, From: r.From, To: r.To, Subjects: r.Subjects, Moved: r.Moved, Up: r.Up, Down: r.Down, MeanBefore: shownNumber(r.MeanBefore, false), MeanAfter: shownNumber(r.MeanAfter, false), Grades: r.Grades, Lost: r.Lost, Open: open, WeightsNote: weightsNote}
	for i := range r.Steps {
		step := &r.Steps[i]
		v.Steps = append(v.Steps, replayStep{Title: step.Title(), Keys: stepKeys(step), Moved: step.Moved, Regraded: step.Regraded, Sum: shownNumber(&step.Sum, true)})
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		if !row.Moved() {
			continue
		}
		if len(v.Rows) == movedShown {
			v.More++
			continue
		}
		v.Rows = append(v.Rows, replayRow{Name: cmp.Or(row.Name, row.Subject), Firm: row.Firm, Before: shownNumber(row.Before, false), After: shownNumber(row.After, false), Change: shownNumber(row.Change(), true), Grades: gradesText(row), Why: rowWhy(r, row)})
	}
	for _, w := range r.Weights {
		v.Weights = append(v.Weights, weightRow{w.Name, points(w.Nominal, defaultPlaces), points(w.Effective, defaultPlaces), w.Says(), w.In != ""})
	}
	return v
}

// stepKeys are the values that a step changes: “满分 9 → 12”.
func stepKeys(s *rating.ReplayStep) string {
	var out []string
	for _, c := range s.Changes {
		for _, k := range c.Keys {
			if len(out) == 4 {
				return strings.Join(out, "；") + "；等"
			}
			out = append(out, k.Label+" "+cmp.Or(k.Before, "—")+" → "+cmp.Or(k.After, "—"))
		}
	}
	return strings.Join(out, "；")
}

// gradesText is “三星 → 四星”, or one grade that stays.
func gradesText(row *rating.ReplayRow) string {
	before, after := cmp.Or(row.BeforeLabel, "无等级"), cmp.Or(row.AfterLabel, "无等级")
	if before == after {
		return before
	}
	return before + " → " + after
}

// rowWhy says which change of the rules moved a subject by how much, the largest first.
func rowWhy(r *rating.Replay, row *rating.ReplayRow) string {
	by := slices.Clone(row.By)
	size := func(s rating.RowStep) num.Num {
		if s.Change == nil {
			return num.Num{}
		}
		return s.Change.Abs()
	}
	slices.SortStableFunc(by, func(a, b rating.RowStep) int { return size(b).Cmp(size(a)) })
	var out []string
	for _, s := range by {
		text := r.Steps[s.Step].Title()
		if s.Change != nil {
			text += " " + shownNumber(s.Change, true)
		}
		if s.Label != "" {
			text += "，成为" + s.Label
		}
		out = append(out, text)
	}
	return strings.Join(out, "；")
}

// studyView reads what was found out about a version.
func (s *Server) studyView(ctx context.Context, by policy.Actor, id string, version *adoption.Version) (*studyView, error) {
	v := &studyView{}
	r, err := s.adoptions.Read(ctx, by, id)
	if err != nil || r == nil {
		return v, err
	}
	k := version.Study
	v.Done, v.Trials, v.Excel, v.Unfed = true, r.Trials, schemesPath+"/"+id+"/replay.xlsx", r.Unfed
	v.Made = dateTime(k.At.Time) + "测算，与 " + r.Base + " 版比较"
	v.Changes = changeRows(version.Rhythm, r.Changes)
	v.Counts = []studyCount{{"已证明", k.Proved}, {"试验未能推翻", k.NotRefuted}, {"不成立", k.Refuted}, {"提醒", k.Reminders}, {"不适用", k.NotApplicable}}
	for _, one := range r.Verdicts {
		row := verdictView{Word: verdictWord(one), Title: one.Title, Why: one.Why, Before: one.Before, After: one.After, Example: one.Example, Two: slices.ContainsFunc(one.Example, adoption.FactRow.Differs)}
		if one.Finding == rating.FindingRefuted {
			v.Broken = append(v.Broken, row)
		} else {
			v.Verdicts = append(v.Verdicts, row)
		}
	}
	for i, replay := range r.Replays {
		v.Replays = append(v.Replays, replayOf(replay, i == 0))
	}
	return v, nil
}

// verdictWord is the finding as people read it.
func verdictWord(v adoption.Verdict) string {
	switch v.Finding {
	case rating.FindingProved:
		return "已证明"
	case rating.FindingNotRefuted:
		return strconv.Itoa(v.Trials) + " 次试验未能推翻"
	case rating.FindingNotApplicable:
		return "不适用"
	}
	if v.Advice {
		return "提醒"
	}
	return "不成立"
}

// weightsNote says what the two weights are, and what the rows of indicators of earlier results are.
const weightsNote = "名义权重是满分在总分满分里的占比（各小区平均）；有效权重是这一项得分与总分一起变动的份额：协方差 ÷ 总分的方差，合计 100 %。取自以往季度得分的项，下面分列其中各季度指标的份额，不另计入合计。"

// replaySheets are replays as sheets of a workbook: the subjects, the steps, the facts that a period lacks, the weights.
func replaySheets(replays []*rating.Replay) []report.Figures {
	rows := report.Figures{Sheet: "小区变化", Heads: []string{"周期", "小区", "所在社区", "企业", "原得分", "新得分", "变化", "原等级", "新等级", "升降", "由哪些改动造成"}, Note: "新得分是按新的一版在当时固定的事实上重新计算的，不改变已公布的结果。改动按方案里的次序一条一条换上，各条造成的变化相加等于总的变化。"}
	steps := report.Figures{Sheet: "改动影响", Heads: []string{"周期", "改动", "改了什么", "影响小区", "等级变化", "分数变化合计"}}
	lost := report.Figures{Sheet: "当时没有的事实", Heads: []string{"周期", "事实", "原因", "影响小区", "重放时剔除的规则"}, Note: "当时没有的事实不按零分计：用到它的指标剔除，其余按比例补足。"}
	weights := report.Figures{Sheet: "有效权重", Heads: []string{"周期", "指标", "其中的指标", "名义权重（%）", "有效权重（%）", "说明"}, Note: weightsNote}
	for _, r := range replays {
		for i := range r.Rows {
			row := &r.Rows[i]
			rows.Rows = append(rows.Rows, []any{r.Name, cmp.Or(row.Name, row.Subject), row.Place, row.Firm, optionalNumber(row.Before, defaultPlaces), optionalNumber(row.After, defaultPlaces), optionalNumber(row.Change(), defaultPlaces), row.BeforeLabel, row.AfterLabel, []string{"降", "", "升"}[row.Way+1], rowWhy(r, row)})
		}
		for i := range r.Steps {
			step := &r.Steps[i]
			steps.Rows = append(steps.Rows, []any{r.Name, step.Title(), stepKeys(step), int64(step.Moved), int64(step.Regraded), plainNumber(step.Sum, defaultPlaces)})
		}
		for _, l := range r.Lost {
			lost.Rows = append(lost.Rows, []any{r.Name, l.Name, l.Why, int64(l.Subjects), strings.Join(l.Readers, "、")})
		}
		var of, within string
		for _, w := range r.Weights {
			if w.In == "" {
				of, within = w.Name, ""
			} else {
				within = w.Name
			}
			weights.Rows = append(weights.Rows, []any{r.Name, of, within, plainNumber(w.Nominal, defaultPlaces), plainNumber(w.Effective, defaultPlaces), w.Says()})
		}
	}
	return []report.Figures{rows, steps, lost, weights}
}

// changeSheet is what differs as a sheet.
func changeSheet(changes []rating.RuleChange) report.Figures {
	sheet := report.Figures{Sheet: "改了什么", Heads: []string{"规则", "项", "原来", "现在"}}
	for _, row := range changeRows("", changes) {
		sheet.Rows = append(sheet.Rows, []any{row.Title, row.Label, row.Before, row.After})
	}
	return sheet
}

// replayExcel is all that was found out about a version as a workbook.
func (s *Server) replayExcel(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.adoptions.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	r, err := s.adoptions.Read(c.UserContext(), by, doc.ID)
	if err != nil {
		return err
	}
	if r == nil {
		r = &adoption.Report{}
	}
	promises := report.Figures{Sheet: "保证", Heads: []string{"保证", "结论", "怎样知道的", "反例：原来（不计这一步）", "反例：改后（计这一步）", "反例的事实"}}
	for _, v := range r.Verdicts {
		var facts []string
		for _, f := range v.Example {
			facts = append(facts, f.Name+"："+f.One)
			if f.Differs() {
				facts[len(facts)-1] += " → " + f.Two
			}
		}
		promises.Rows = append(promises.Rows, []any{v.Title, verdictWord(v), v.Why, v.Before, v.After, strings.Join(facts, "；")})
	}
	return sendFigures(c, doc.State.Name+"测算.xlsx", append(replaySheets(r.Replays), changeSheet(r.Changes), promises)...)
}

// compareView is what scheme_compare.html shows.
type compareView struct {
	Form    []field
	Excel   string
	Changes []changeRow
	Replay  *replayView
	One     string
	Two     string
}

// compared reads which two versions are to be shown side by side.
func (s *Server) compared(c *fiber.Ctx, by policy.Actor) (*adoption.Comparison, []field, error) {
	ctx := c.UserContext()
	rhythm := cmp.Or(c.Query("rhythm"), cycle.RhythmYear)
	one, two, period := c.Query("one"), c.Query("two"), c.Query("period")
	page, err := s.adoptions.All(ctx, by, casework.ListQuery(false, ""), func(*adoption.Version) bool { return true })
	if err != nil {
		return nil, nil, err
	}
	if len(c.Queries()) == 0 && len(page) > 0 {
		two, rhythm = page[0].ID, page[0].State.Rhythm // the latest one is what somebody comes for
	}
	page = slices.DeleteFunc(page, func(d versionDoc) bool { return d.State.Rhythm != rhythm })
	found, err := s.adoptions.Compare(ctx, by, rhythm, one, two, period)
	if fault.Is(err, fault.Invalid) && c.Query("rhythm") != "" { // another rhythm was chosen: the two versions are of the one before
		one, two, period = "", "", ""
		found, err = s.adoptions.Compare(ctx, by, rhythm, one, two, period)
	}
	if err != nil {
		return nil, nil, err
	}
	versions := []option{{"", "最初的一版（配置文件）"}}
	for _, d := range page {
		versions = append(versions, option{d.ID, d.State.SchemeVersion + " 版（" + d.State.State.Title() + "）"})
	}
	var periods []option
	for _, p := range found.Periods {
		periods = append(periods, option{p.ID, p.Name})
	}
	form := []field{{Name: "rhythm", Label: "周期", Options: rhythmOptions(), Value: rhythm}, {Name: "one", Label: "一版", Options: versions, Value: one}, {Name: "two", Label: "另一版", Options: versions, Value: two}}
	if len(periods) > 0 {
		form = append(form, field{Name: "period", Label: "在哪一期上算", Options: periods, Value: cmp.Or(period, periods[0].Value)})
	}
	return found, form, nil
}

// compareSchemes shows two versions side by side over a published period.
func (s *Server) compareSchemes(c *fiber.Ctx, by policy.Actor) error {
	found, form, err := s.compared(c, by)
	if err != nil {
		return err
	}
	query := url.Values{}
	for _, f := range form {
		query.Set(f.Name, f.Value)
	}
	v := compareView{Form: form, Excel: schemesPath + "/compare.xlsx?" + query.Encode(), Changes: changeRows(query.Get("rhythm"), found.Changes), One: found.Schemes[0].Version, Two: found.Schemes[1].Version}
	if found.Replay != nil {
		shown := replayOf(found.Replay, true)
		v.Replay = &shown
	}
	return s.render(c, by, "scheme_compare", page{Title: "两版方案对照", Nav: schemesPath, Data: v})
}

// compareExcel is the same as a workbook.
func (s *Server) compareExcel(c *fiber.Ctx, by policy.Actor) error {
	found, _, err := s.compared(c, by)
	if err != nil {
		return err
	}
	var replays []*rating.Replay
	if found.Replay != nil {
		replays = append(replays, found.Replay)
	}
	return sendFigures(c, "方案对照 "+found.Schemes[0].Version+"、"+found.Schemes[1].Version+".xlsx", append(replaySheets(replays), changeSheet(found.Changes))...)
}

// ruleView is what scheme_rule.html shows.
type ruleView struct {
	Form    []field
	Title   string
	Moments []ruleMoment
	// Log is the address of the log of changes, "" for who may not read it.
	Log string
}

// ruleMoment is the rule in one version.
type ruleMoment struct {
	Version, Path, When, Who, Why string
	// Same: nothing differs from the version before; Gone: it has no such rule.
	Same, Gone    bool
	Changed, Keys []changeRow
}

// ruleHistory follows one rule through the versions: who changed it, when and under which number.
func (s *Server) ruleHistory(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	rhythm := cmp.Or(c.Query("rhythm"), cycle.RhythmYear)
	now, err := s.adoptions.InForce(ctx, rhythm, s.clockOf(ctx).today)
	if err != nil {
		return err
	}
	scheme, err := rating.ParseScheme(now.File)
	if err != nil {
		return err
	}
	rules := ruleOptions(scheme)
	rule := cmp.Or(c.Query("rule"), rules[0].Value)
	if !slices.ContainsFunc(rules, func(o option) bool { return o.Value == rule }) {
		rules = append(rules, option{rule, "已经删去的规则（" + rule + "）"})
	}
	section, id, _ := strings.Cut(rule, "/")
	moments, err := s.adoptions.RuleHistory(ctx, by, rhythm, section, id)
	if err != nil {
		return err
	}
	v := ruleView{Form: []field{{Name: "rhythm", Label: "周期", Options: rhythmOptions(), Value: rhythm}, {Name: "rule", Label: "规则", Options: rules, Value: rule}}}
	if s.guard.Allow(by, policy.ReadLog) {
		v.Log = logPath + "?q=" + string(policy.AdoptScheme)
	}
	rows := func(keys []rating.KeyChange) []changeRow {
		var out []changeRow
		for _, k := range keys {
			out = append(out, changeRow{Label: k.Label, Before: cmp.Or(k.Before, "—"), After: cmp.Or(k.After, "—")})
		}
		return out
	}
	for i, m := range slices.Backward(moments) {
		one := ruleMoment{Version: m.Version + " 版", Same: i > 0 && m.Same, Gone: len(m.Keys) == 0, Keys: rows(m.Keys), Changed: rows(m.Changed), Why: m.Why, When: "最初的一版（配置文件）"}
		if m.Since != "" {
			one.When = m.Since + "起的结果所用（当时的配置文件）"
		}
		if m.ID != "" {
			one.Path, one.When = schemesPath+"/"+m.ID, m.From.Chinese()+"起建立的周期使用"
			one.Who = m.Number + "，" + s.titleOfOffice(string(m.ProposerOffice)) + "提出，" + s.titleOfOffice(string(m.ByOffice)) + dateTime(m.At) + "采用"
		}
		if !m.Until.IsZero() {
			one.When += "，到" + m.Until.Chinese()
		}
		v.Title = cmp.Or(v.Title, m.Title)
		v.Moments = append(v.Moments, one)
	}
	return s.render(c, by, "scheme_rule", page{Title: "一条规则的变化", Nav: schemesPath, Data: v})
}

// ruleOptions are the rules of a scheme with the numbers that the method gives them.
func ruleOptions(s *rating.Scheme) []option {
	var out []option
	numbers := clauseNumbers(s)
	for _, in := range s.Indicators {
		out = append(out, option{"indicators/" + in.ID, strings.TrimSpace(numbers[in.ID] + " " + in.Name)})
	}
	for _, p := range s.Parts {
		out = append(out, option{"parts/" + p.ID, "部分：" + p.Name})
	}
	out = append(out, option{"total/", "总分"})
	for _, a := range s.Adjust {
		out = append(out, option{"adjust/" + a.ID, "调整：" + a.Name})
	}
	for _, e := range s.Eligibility {
		out = append(out, option{"eligibility/" + e.ID, "参评条件：" + e.Name})
	}
	for _, g := range s.Grades.List {
		out = append(out, option{"grades.list/" + g.ID, "等级：" + g.Label})
	}
	for _, f := range s.Facts {
		out = append(out, option{"facts/" + f.ID, "事实：" + f.Name})
	}
	return out
}

// schemePaper puts the adoption into words: the form that is signed, and the decision.
func (s *Server) schemePaper(ctx context.Context, by policy.Actor, id string, v *adoption.Version, print caseLink) (printView, error) {
	r, err := s.adoptions.Read(ctx, by, id)
	if err != nil {
		return printView{}, err
	}
	out := printView{Title: v.Title + "（" + v.SchemeVersion + " 版）采用审批表", Date: s.clockOf(ctx).today.Chinese(), Rows: [][2]string{{"方案", v.Title + "，" + v.SchemeID + " " + v.SchemeVersion + " 版"}, {"周期", rhythmWord(v.Rhythm)}, {"修改的理由", v.Why}, {"对照的版本", v.BaseVersion + " 版"}}}
	if v.Adopted != nil {
		out.Date = calendar.DateOf(v.Adopted.At.Time).Chinese()
	}
	if print.Link == "decision" {
		out.Title, out.Number = "关于采用"+v.Title+"（"+v.SchemeVersion+" 版）的决定", v.Adopted.Number
		out.Words = []string{"经测算、审核和审批，决定采用" + v.Title + " " + v.SchemeVersion + " 版。" + v.Adopted.From.Chinese() + "起建立的评价周期使用这一版；此前建立的周期和已经公布的结果仍按原来的版本，不作改变。"}
	}
	for _, row := range changeRows(v.Rhythm, r.Changes) {
		out.Rows = append(out.Rows, [2]string{row.Title, row.Label + "：" + row.Before + " → " + row.After})
	}
	k := v.Study
	out.Rows = append(out.Rows, [2]string{"保证", "已证明 " + strconv.Itoa(k.Proved) + " 项，试验未能推翻 " + strconv.Itoa(k.NotRefuted) + " 项，不成立 " + strconv.Itoa(k.Refuted) + " 项，提醒 " + strconv.Itoa(k.Reminders) + " 项"})
	for _, b := range k.Broken {
		out.Rows = append(out.Rows, [2]string{"不成立", b.Title})
	}
	for _, w := range v.Waivers {
		out.Rows = append(out.Rows, [2]string{"放行理由", w.Reason + "（" + s.titleOfOffice(string(w.Office)) + "，" + dateTime(w.At.Time) + "）"})
	}
	for _, one := range r.Replays {
		text := strconv.Itoa(one.Subjects) + " 个小区，变动 " + strconv.Itoa(one.Moved) + " 个，升级 " + strconv.Itoa(one.Up) + " 个，降级 " + strconv.Itoa(one.Down) + " 个；平均 " + shownNumber(one.MeanBefore, false) + " → " + shownNumber(one.MeanAfter, false)
		out.Rows = append(out.Rows, [2]string{"重放" + one.Name, text})
		for _, l := range one.Lost {
			out.Rows = append(out.Rows, [2]string{"当时没有的事实", l.Name + "：" + l.Why})
		}
	}
	for _, level := range s.approvalLevels(v.Approval) {
		for _, seat := range level.Seats {
			out.Rows = append(out.Rows, [2]string{level.Name, seat.Office + "：" + seat.Said})
		}
	}
	out.Rows = append(out.Rows, [2]string{"方案文件指纹", hashGroups(v.Hash)}, [2]string{"测算结果指纹", hashGroups(k.File)})
	if v.Approval != nil {
		out.Hash = hashGroups(v.Approval.SubjectHash)
	}
	return out, nil
}

package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// scoresPath is where firms see the scores of a quarter before they are published.
const scoresPath = "/scores"

// scoreRoutes are the pages of the scores that firms were told.
func (s *Server) scoreRoutes() []Route {
	return []Route{
		{Method: fiber.MethodGet, Path: scoresPath, Action: policy.ReadObjection, Handler: s.scores},
		{Method: fiber.MethodGet, Path: scoresPath + ".xlsx", Action: policy.ReadObjection, Handler: s.scoresExcel},
		{Method: fiber.MethodGet, Path: scoresPath + "/:period<maxLen(16)>/:project<maxLen(64)>", Action: policy.ReadObjection, Handler: s.score},
		{Method: fiber.MethodGet, Path: scoresPath + "/:period<maxLen(16)>/:project<maxLen(64)>/report", Action: policy.ReadObjection, Handler: s.scoreReport},
	}
}

// scorePath is the page of a project's scores.
func scorePath(period, project string) string {
	return scoresPath + "/" + url.PathEscape(period) + "/" + url.PathEscape(project)
}

// scoresView is what scores.html shows.
type scoresView struct {
	Path, Name, Word, Text, Excel string
	Query                         string
	Filters                       []field
	ByName, ByTotal               sortLink
	Parts                         []string
	Rows                          []scoreRow
	First, Last, Count            int
	Next, Back                    string
	Filtered                      bool
}

// scoreRow is one project.
type scoreRow struct {
	Path, Name, Sub, Label, Total string
	Rates                         []string
	// Coach is what can still be done for the star, "" for who may not see that.
	Coach string
	// Until is the last day of objection, "" if nothing of it can be objected to; Objections are those that stand, with their word.
	Until, Word, Objections string
}

// scoresPage is how many projects stand on a page.
const scoresPage = 50

// toldNow finds the quarter of a list, the newest without one; nil if nothing was told yet.
func (s *Server) toldNow(c *fiber.Ctx, by policy.Actor, l listAddress) (*cycle.ToldScores, []option, error) {
	periods, err := s.cycle.ToldPeriods(c.UserContext(), by)
	if err != nil || len(periods) == 0 {
		return nil, nil, err
	}
	var options []option
	for _, p := range periods {
		options = append(options, option{p.ID, p.Name})
	}
	found, err := s.cycle.ToldScores(c.UserContext(), by, cmp.Or(l.value["period"], periods[0].ID))
	return found, options, err
}

// scoresList reads the address of the list and keeps the rows that it asks for, in its order.
func scoresList(c *fiber.Ctx) (listAddress, func(rows []cycle.ToldRow) []cycle.ToldRow) {
	l := readList(c, scoresPath, "q", "period", "only")
	return l, func(rows []cycle.ToldRow) []cycle.ToldRow {
		rows = slices.DeleteFunc(slices.Clone(rows), func(r cycle.ToldRow) bool {
			standing := slices.ContainsFunc(r.Objections, func(o objectionDoc) bool { return o.State.State != cycle.ObjectionWithdrawn })
			return !casework.Says(l.value["q"], r.Name, r.Firm, r.Community) || l.value["only"] == "objected" && !standing || l.value["only"] == "open" && r.Until.Rule == ""
		})
		if l.value["sort"] == "name" {
			slices.SortStableFunc(rows, func(a, b cycle.ToldRow) int {
				return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Project, b.Project))
			})
		}
		if l.value["desc"] != "" {
			slices.Reverse(rows)
		}
		return rows
	}
}

// scores lists the projects of the scope with what was told of them.
func (s *Server) scores(c *fiber.Ctx, by policy.Actor) error {
	l, keep := scoresList(c)
	found, periods, err := s.toldNow(c, by, l)
	if err != nil {
		return err
	}
	v := scoresView{Path: scoresPath, Query: l.value["q"], Excel: l.excel(), Filtered: l.value["q"] != "" || l.value["only"] != "", ByName: l.sorted("name", "小区", "total"), ByTotal: l.sorted("total", "总分", "total")}
	if found == nil {
		return s.render(c, by, "scores", page{Title: "得分告知", Nav: scoresPath, Data: v})
	}
	v.Name, v.Word, v.Text = found.Period.Name, periodWord(&found.Period, found.Hearing), s.toldText(found)
	v.Filters = []field{{Name: "period", Label: "周期", Options: periods, Value: found.Period.ID}, {Name: "only", Label: "只看", Options: []option{{Label: "全部"}, {"open", "还可以提异议的"}, {"objected", "有异议的"}}, Value: l.value["only"]}}
	for _, name := range topPartNames(found.Scheme) {
		v.Parts = append(v.Parts, shortName(name))
	}
	rows := keep(found.Rows)
	from, _ := strconv.Atoi(l.after)
	from = min(max(from, 0), len(rows))
	page1 := rows[from:min(from+scoresPage, len(rows))]
	v.First, v.Last, v.Count = from+1, from+len(page1), len(rows)
	if v.Last < v.Count {
		v.Next = l.address("after", strconv.Itoa(v.Last))
	}
	if from > 0 {
		v.Back = l.address("after", strconv.Itoa(max(from-scoresPage, 0)))
	}
	places := places(found.Scheme.Total.Decimals, found.Scheme.Defaults.Decimals)
	ids := make([]string, len(page1))
	for i := range page1 {
		ids[i] = page1[i].Project
	}
	coach, err := s.cycle.Coachable(c.UserContext(), by, ids...)
	if err != nil {
		return err
	}
	for i := range page1 {
		row := scoreRowOf(found.Period.ID, &page1[i], places)
		if coach[page1[i].Project] {
			row.Coach = coachAddress(page1[i].Project)
		}
		v.Rows = append(v.Rows, row)
	}
	return s.render(c, by, "scores", page{Title: "得分告知", Nav: scoresPath, Data: v})
}

// toldText says what can be done now.
func (s *Server) toldText(found *cycle.ToldScores) string {
	h := found.Hearing
	switch {
	case h.Stars && found.Period.State == cycle.StatePublished:
		return "星级已经公布，不再受理申诉；申诉的答复列在各项旁边"
	case h.Stars && h.Runs && h.Ends.Resolved():
		return "拟评结果已经公示；申诉期到" + h.Ends.Chinese() + "，可以逐项或者就整个结果申诉"
	case h.Stars && !h.Runs:
		return "申诉期已于" + h.Ends.Chinese() + "届满，办结、审批以后公布"
	case found.Period.State == cycle.StatePublished:
		return "已经通报，不再受理异议；异议的答复列在各项旁边"
	case h.Runs && !h.Ends.Resolved():
		return "异议期哪天届满还算不出（放假安排尚未装载），届满以前可以逐项提出异议"
	case h.Runs:
		return "通报以前告知企业；异议期到" + h.Ends.Chinese() + "，对事实有异议的逐项提出"
	}
	return "异议期已于" + h.Ends.Chinese() + "届满，异议办结、审批以后通报"
}

func scoreRowOf(period string, r *cycle.ToldRow, places int) scoreRow {
	row := scoreRow{Path: scorePath(period, r.Project), Name: r.Name, Sub: joinWords(r.Firm, r.Community), Label: r.Label, Total: "—"}
	if r.Total != nil {
		row.Total = points(*r.Total, places)
	}
	for _, rate := range r.Rates {
		row.Rates = append(row.Rates, rateText(rate))
	}
	if r.Until.Rule != "" {
		row.Until = r.Until.Chinese()
	}
	row.Word, row.Objections = objectionWords(r.Objections)
	return row
}

func rateText(rate *num.Num) string {
	if rate == nil {
		return "—"
	}
	return rate.Fixed(0)
}

// objectionWords are the state that stands for the objections of a project, and how many stand.
func objectionWords(list []objectionDoc) (word, text string) {
	n := 0
	for _, state := range cycle.ObjectionStates() {
		for _, o := range list {
			if o.State.State != state || state == cycle.ObjectionWithdrawn {
				continue
			}
			if n++; word == "" {
				word = state.Title()
			}
		}
	}
	if n == 0 {
		return "", ""
	}
	return word, count(n) + " 项"
}

// scoresExcel is the same list as Excel, all of it.
func (s *Server) scoresExcel(c *fiber.Ctx, by policy.Actor) error {
	l, keep := scoresList(c)
	found, _, err := s.toldNow(c, by, l)
	if err != nil {
		return err
	}
	if found == nil {
		return fault.New("web.scoresExcel", fault.NotFound, "还没有告知过得分")
	}
	sheet := report.Figures{Sheet: "得分告知", Heads: []string{"季度", "小区", "社区", "乡镇", "企业", "结果", "总分"}}
	for _, part := range topPartNames(found.Scheme) {
		sheet.Heads = append(sheet.Heads, part+"（得分率%）")
	}
	sheet.Heads = append(sheet.Heads, "异议期止", "异议（项）", "异议状态")
	for _, r := range keep(found.Rows) {
		row := []any{found.Period.Name, r.Name, r.Community, r.Township, r.Firm, r.Label, optionalNumber(r.Total, 2)}
		for _, rate := range r.Rates {
			row = append(row, optionalNumber(rate, 1))
		}
		word, n := objectionWords(r.Objections)
		sheet.Rows = append(sheet.Rows, append(row, r.Until.Due, n, word))
	}
	return sendFigures(c, found.Period.ID+"得分告知.xlsx", sheet)
}

// scoreView is what score.html shows: the lines of one project as they were told, those first about which something is to be said.
type scoreView struct {
	Name, Sub, Period, Back, Report, Word, Label, Reason string
	Clock                                                map[string]string
	Sums                                                 *sumsView
	// Lost are the lines that lost points, lack data, were told again or are objected to, those that lost most first; Groups hold the Rest of them.
	Lost   []scoreLine
	Groups []scoreGroup
	Rest   int
	// All opens the rest.
	All bool
	// Whole is where a firm appeals against the whole result, "" if it cannot now; WholeOf are the appeals against it.
	Whole        string
	WholeOf      []objectionLine
	Changed      string
	Changes      *changesView
	Hash, Scheme string
	Hidden       string // which parts are told by their total only, "" for none
	Coach        string // what can still be done for the star; "" for who may not see it
}

// scoreGroup is one part of the lines.
type scoreGroup struct {
	Name, Points, Max string
	Lines             []scoreLine
}

// scoreLine is one line, or an item of the line above it.
type scoreLine struct {
	lineView
	// Part is the part of a line, Was what it gave before it was told again.
	Part, Was string
	// Object is where it is objected to, "" if it cannot be now; Objections are those to it.
	Object     string
	Objections []objectionLine
}

// objectionLine is an objection beside its line.
type objectionLine struct{ Link, State, Text string }

// toldStar is what was told of a project in the form of a star, with the offices of who scored and reviewed, how numbers are shown, and its page without its lines.
func (s *Server) toldStar(c *fiber.Ctx, by policy.Actor) (told *cycle.ToldResult, one Star, e Evaluation, v scoreView, err error) {
	if told, err = s.cycle.ToldResult(c.UserContext(), by, c.Params("period"), c.Params("project")); err != nil {
		return nil, one, e, v, err
	}
	x, err := rating.Explain(told.Scheme, told.Result)
	if err != nil {
		return nil, one, e, v, err
	}
	h, err := s.cycle.Hearing(c.UserContext(), &told.Period)
	if err != nil {
		return nil, one, e, v, err
	}
	e = DescribeScheme(Evaluation{}, told.Scheme)
	x.Join(told.Earlier)
	one = StarOf(Row{ID: told.Stored.Subject, Name: told.Stored.Name}, x, !told.Whole)
	one.linkScores(told.Stored.Subject)
	one.Behind = BehindOf(told.Scheme, told.Result, told.Gathered)
	kinds, err := s.opens(c.UserContext(), by, told.Stored.Keys, told.Period.Days.Last)
	if err != nil {
		return nil, one, e, v, err
	}
	one.restOn(kinds)
	if told.Result.Status == rating.StatusRated && told.Result.Total.Counted {
		one.Total = &told.Result.Total.Points
	}
	s.officesOf(one.Groups)
	if b := told.Before; b != nil {
		if one.Before, err = BeforeOf(b.Period.Name, b.Scheme, &b.Stored, &told.Stored, told.Scheme.Hash, !told.Whole); err != nil {
			return nil, one, e, v, err
		}
	}
	v = scoreView{Name: told.Stored.Name, Sub: joinWords(told.Stored.Firm, told.Stored.Place), Period: told.Period.Name, Back: scoresPath + "?period=" + url.QueryEscape(told.Period.ID), Report: scorePath(told.Period.ID, told.Stored.Subject) + "/report",
		Word: periodWord(&told.Period, h), Label: told.Result.Label, Reason: reasonOf(told.Scheme, told.Result), Hash: told.Result.Hash(), Scheme: told.Scheme.ID + " " + told.Scheme.Version + " 版"}
	v.Sums, v.Changed, v.Changes = sumsOf(one, told.Result.Label, e.Places, e.Grades, false), one.Before.changed(one.Total, told.Result.Label, e.Places), changesOf(one, e.Places)
	for _, g := range one.Gates {
		v.Sums.Steps = append(v.Sums.Steps, stepView{Name: g.Name, Said: g.Said})
	}
	var hidden []string
	for _, g := range one.Groups {
		if g.Hidden {
			hidden = append(hidden, g.Name)
		}
	}
	if len(hidden) > 0 {
		v.Hidden = strings.Join(hidden, "、") + "按规则只给合计，逐项得分只给本企业和有权看党建事实的人看。"
	}
	if h.Runs && told.Period.State == cycle.StateEvaluated {
		v.Clock, _ = s.clockOf(c.UserContext()).running(hearsWord(h.Stars), h.Ends)
	}
	return told, one, e, v, nil
}

// score shows the lines of a project as they were told, each with what can be done about it.
func (s *Server) score(c *fiber.Ctx, by policy.Actor) error {
	told, one, _, v, err := s.toldStar(c, by)
	if err != nil {
		return err
	}
	v.All, v.Sums.Bare = c.Query("all") != "", true
	may := s.guard.Allow(by, policy.RaiseObjection)
	v.Whole, v.WholeOf = objectable(told, "", may)
	if v.Coach, err = s.coachLink(c.UserContext(), by, told.Stored.Subject); err != nil {
		return err
	}
	type said struct {
		rows []scoreLine
		lost num.Num
	}
	var first []said
	for i, g := range one.Groups {
		group := scoreGroup{Name: g.Name, Points: v.Sums.Groups[i].Points, Max: v.Sums.Groups[i].Max}
		for _, line := range g.Lines {
			rows := s.scoreLines(told, line, may)
			if rows[0].Part = g.Name; line.lost().Sign() > 0 || line.Lacks || rows[0].Was != "" || len(rows[0].Objections) > 0 {
				first = append(first, said{rows, line.lost()})
				continue
			}
			group.Lines = append(group.Lines, rows...)
			v.Rest++
		}
		if len(group.Lines) > 0 {
			v.Groups = append(v.Groups, group)
		}
	}
	slices.SortStableFunc(first, func(a, b said) int { return b.lost.Cmp(a.lost) })
	for _, f := range first {
		v.Lost = append(v.Lost, f.rows...)
	}
	return s.render(c, by, "score", page{Title: v.Name + "：" + v.Period + "得分", Nav: scoresPath, Data: v, Script: true})
}

// scoreReport is the same as an official report, for print and as a document.
func (s *Server) scoreReport(c *fiber.Ctx, by policy.Actor) error {
	told, one, _, v, err := s.toldStar(c, by)
	if err != nil {
		return err
	}
	for i := range v.Sums.Groups {
		g := &v.Sums.Groups[i]
		g.Lines = nil
		for _, line := range one.Groups[i].Lines {
			for _, row := range s.scoreLines(told, line, false) {
				for _, o := range row.Objections {
					row.State = strings.TrimSpace(row.State + " " + o.State)
				}
				g.Lines = append(g.Lines, row.lineView)
			}
		}
	}
	p := reportPage{Title: v.Name + "：" + v.Period + "得分说明", Sub: v.Word, Back: scorePath(told.Period.ID, told.Stored.Subject), Kind: "得分说明", Date: s.clockOf(c.UserContext()).today.Chinese(), Hash: hashGroups("sha256:" + v.Hash)}
	p.Facts = filled([][2]string{{"小区", v.Name}, {"所在", told.Stored.Place}, {"物业企业", told.Stored.Firm}, {"结果", v.Label}, {"总分", v.Sums.Score + " / " + v.Sums.Max}, {"说明", v.Reason}, {"规则", v.Scheme}})
	if v.Changed != "" {
		p.add(reportSection{Title: "和上次比", Words: []string{v.Changed}})
	}
	p.explain(v.Sums, v.Changes)
	p.add(reportSection{Title: "只给合计的部分", Words: filledWords([]string{v.Hidden})})
	p.add(reportSection{Title: "异议", Words: []string{"通报以前的得分只给本企业和主管部门看；一项只提一次异议，由没有给这一项评分、复核的人答复。"}})
	return s.render(c, by, "report", page{Title: p.Title, Data: p, Script: true, Paper: p.Kind})
}

// scoreLines are the rows of a line with its items; may says that the actor objects to lines.
func (s *Server) scoreLines(told *cycle.ToldResult, line Line, may bool) []scoreLine {
	views, _ := lineViews(line)
	var rows []scoreLine
	for _, lv := range views {
		rows = append(rows, scoreLine{lineView: lv})
	}
	first, state := &rows[0], told.Lines[line.ID]
	if state.Again {
		first.Was = "—"
		if state.Was != nil {
			first.Was = points(*state.Was, line.Places)
		}
	}
	first.Object, first.Objections = objectable(told, line.ID, may)
	return rows
}

// objectable is where the actor objects to a line, "" if he cannot now, with the objections to it; may says that he objects to lines.
func objectable(told *cycle.ToldResult, line string, may bool) (address string, list []objectionLine) {
	state, standing := told.Lines[line], false
	for _, o := range state.Objections {
		text := ""
		if n := len(o.State.Answers); n > 0 {
			text = o.State.Answers[n-1].Words
		}
		list = append(list, objectionLine{objectionsPath + "/" + o.ID, o.State.State.Title(), text})
		standing = standing || o.State.Evaluation == told.Stored.Evaluation && o.State.State != cycle.ObjectionWithdrawn
	}
	if may && state.Open && !standing {
		address = objectionsPath + "/new?" + url.Values{"period": {told.Period.ID}, "project": {told.Stored.Subject}, "line": {line}}.Encode()
	}
	return address, list
}

// handOffice is the title of the office in what a reading says of who acted; never an account.
func (s *Server) handOffice(hand string) string {
	office, _, found := strings.Cut(hand, "/")
	if !found {
		return ""
	}
	return s.titleOfOffice(office)
}

// recordsBehind counts the records that a frozen fact names: one by one, or as root/<count>/<hash>.
func recordsBehind(sources []string) int {
	if len(sources) == 1 {
		if rest, folded := strings.CutPrefix(sources[0], "root/"); folded {
			n, _, _ := strings.Cut(rest, "/")
			many, _ := strconv.Atoi(n)
			return many
		}
	}
	return len(sources)
}

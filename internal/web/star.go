package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating/response"
	"redsteward/rating/standing"
	"redsteward/supervision/evidence"
)

// starView is what star.html shows.
type starView struct {
	*board
	Star
	Rank, Ranked int
	Level        int
	Grade, Score string
	// Was is the grade that was published where a decision lowered it, Status how the star stands in words, "" for none.
	Was, Status string
	State       string
	Sums        *sumsView
	Outputs     []namedFigure
	LostOnly    bool
	Here, Lost  string
	FirmAddress string
	CSV         string
	Report      string // the same as an official report
	Verify      string // the page that recomputes it; "" if there is none
	Coach       string // what can still be done for the star; "" for who may not see it
	Beside      string // the page that puts it beside others
	Said        *response.Said
	Worst       []lostView
	ToNext      string
	NextGrade   string
	// Meaning says in one sentence what the grade stands for, Changed what changed since the period before, Compared how it stands among similar ones.
	Meaning, Changed string
	Compared         []string
	// Peers lead to the board of those of its place, its kind and its size.
	Peers   []crumb
	Changes *changesView
	// History are all published periods, nil for a table that no period belongs to.
	History *historyView
	// Range is how firmly it stands, nil for who may not see that.
	Range *projectRange
}

type namedFigure struct{ Name, Text string }

type stepView struct {
	Name, Basis, Change, Said string
	Minus                     bool
}

// lostView is one of the lines that lost most.
type lostView struct{ Name, Text string }

// groupView is one part of the lines.
type groupView struct {
	ID, Name          string
	Reasons           string
	Points, Max, Lost string
	Rate              string
	Hidden, AnyLost   bool
	Lines             []lineView
	Clawed            []Clawed
}

type lineView struct {
	// Anchor is its place on the page, Proof says on how many records of which source it rests, with those that may be opened; empty for an item.
	Anchor, Proof                       string
	Records                             []crumb
	Clause, Name, Rule, Basis, Fact, By string
	Proposal                            bool
	Points, Max, Lost, State            string
	// Link is where an item is told in full, "" for none.
	Link            string
	IsItem, AnyLost bool
	Clawed          []Clawed
	// Items are those of a line, for a narrow screen, which folds them.
	Items []lineView
}

// star is one subject with every line.
func (s *Server) star(c *fiber.Ctx, by policy.Actor) error {
	asked, err := s.askedStar(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	lostOnly := c.Query("only") == "lost"
	query := ""
	if lostOnly {
		query = "only=lost"
	}
	if asked.Restricted && asked.lines {
		query += "&lines=all" // what those in whose scope it lies see is another page
	}
	if asked.whole {
		query += "&lines=whole"
	}
	if asked.scores {
		query += "&scores=yes"
	}
	query += "&opens=" + strings.Join(asked.opens, ".")
	coach := ""
	if s.cycle != nil && asked.Restricted && asked.lines {
		if coach, err = s.coachLink(c.UserContext(), by, asked.id); err != nil {
			return err
		}
	}
	if coach != "" {
		query += "&coach=yes"
	}
	for _, c := range asked.clawed {
		said := clawedLine(c)
		query += "&clawed=" + url.QueryEscape(c.Fact+" "+c.Day.String()+" "+said.Text+said.Link)
	}
	within, err := s.rangeOf(c.UserContext(), by, asked.ID, asked.Period, asked.id)
	if err != nil {
		return err
	}
	if within != nil {
		query += "&range=" + url.QueryEscape(within.Range+within.Link)
	}
	said, err := s.saidOf(c.UserContext(), asked.Period, asked.id)
	if err != nil {
		return err
	}
	shown, err := s.pastNow(c.UserContext()) // another publication makes another history
	if err != nil {
		return err
	}
	query += "&past=" + shown.version
	if said != nil {
		query += "&said=" + url.QueryEscape(said.On.String()+said.Words)
	}
	key := s.cacheKey(c, by, asked.board, starAddress(asked.id), query)
	cached, err := s.cache.get(key, func() ([]byte, error) {
		one, err := s.loadStar(c.UserContext(), asked)
		if err != nil {
			return nil, err
		}
		v := s.starView(asked.board, one, lostOnly)
		past, err := s.stars.History(c.UserContext(), asked.id)
		if err != nil {
			return nil, err
		}
		v.Range, v.Said, v.History = within, said, asked.board.history(past, starAddress(asked.id))
		v.Coach = coach
		if s.bundles != nil {
			v.Verify = StarID{Period: asked.Period, Subject: asked.id}.address("verify")
		}
		return s.renderBytes(c, by, "star", page{Title: strings.TrimSpace(one.Name + " " + v.Grade + " " + v.Score), Nav: "/", Data: v, Script: true})
	})
	if err != nil {
		return err
	}
	return cached.send(c)
}

// askedStar is a subject of the shown evaluation, whether the actor may see its lines, also those that the rule keeps back (whole) and open the scores of its quarters, and what was taken back of its proof afterwards.
type askedStar struct {
	*board
	id     string
	lines  bool
	whole  bool
	scores bool
	// opens are the kinds of records behind the lines that the actor may open.
	opens  []string
	clawed []evidence.Clawed
}

// askedStar finds the subject of an escaped id in an address. Returns NotFound if the evaluation has no such subject.
func (s *Server) askedStar(ctx context.Context, by policy.Actor, escaped string) (askedStar, error) {
	const op = "web.askedStar"
	b, err := s.boardNow(ctx)
	if err != nil {
		return askedStar{}, err
	}
	id, err := url.PathUnescape(escaped)
	if err != nil {
		return askedStar{}, fault.Wrap(op, fault.NotFound, "", err)
	}
	row, ok := b.byID[id]
	if !ok {
		return askedStar{}, fault.New(op, fault.NotFound, "")
	}
	asked := askedStar{board: b, id: id, lines: true}
	if asked.clawed, err = s.clawed(ctx, by, b, id); err != nil || !b.Restricted {
		return asked, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadEvaluation)
	if asked.lines = scope.Covers(row.Keys, b.Day); err != nil || !asked.lines {
		return asked, err
	}
	kept, err := s.guard.KeptScope(ctx, by)
	if asked.whole = kept.Covers(row.Keys, b.Day); err != nil || s.cycle == nil {
		return asked, err
	}
	scores, err := s.guard.Scope(ctx, by, policy.ReadObjection)
	if err != nil {
		return asked, err
	}
	asked.scores = scores.Covers(row.Keys, b.Day)
	asked.opens, err = s.opens(ctx, by, row.Keys, b.Day)
	return asked, err
}

// loadStar loads a subject, with its lines if the actor may see them.
func (s *Server) loadStar(ctx context.Context, asked askedStar) (Star, error) {
	one, err := s.stars.Star(ctx, asked.ID, asked.id, asked.whole)
	if err != nil {
		return one, err
	}
	s.officesOf(one.Groups)
	one.claw(asked.clawed)
	one.restOn(asked.opens)
	if asked.scores {
		one.linkScores(asked.id)
	}
	if !asked.lines {
		one.keepLines()
	}
	return one, nil
}

// linkScores leads from what a star takes of earlier quarters to the lines of these.
func (one *Star) linkScores(project string) {
	for i := range one.Groups {
		for k := range one.Groups[i].Lines {
			for n := range one.Groups[i].Lines[k].Items {
				if item := &one.Groups[i].Lines[k].Items[n]; item.Period != "" {
					item.Link = scorePath(item.Period, project)
				}
			}
		}
	}
}

// officesOf leaves of who scored and reviewed the lines the offices only.
func (s *Server) officesOf(groups []LineGroup) {
	for i := range groups {
		for k := range groups[i].Lines {
			l := &groups[i].Lines[k]
			l.By, l.Reviewed = s.handOffice(l.By), s.handOffice(l.Reviewed)
		}
	}
}

// starByID is a subject and its board by the escaped id of an address, as the actor may see it.
func (s *Server) starByID(ctx context.Context, by policy.Actor, escaped string) (*board, Star, error) {
	asked, err := s.askedStar(ctx, by, escaped)
	if err != nil {
		return nil, Star{}, err
	}
	one, err := s.loadStar(ctx, asked)
	return asked.board, one, err
}

// shownReasons is how many reasons a part gives to the public.
const shownReasons = 3

// keepLines takes the lines out and leaves, for each part, the names of those that lost most (practice.md §7: star, totals and reasons by dimension are
// public). A part of which the rule makes public the sum only gives no reasons either.
func (one *Star) keepLines() {
	keepGroups(one.Groups)
	one.Next = one.Next.open()
	if one.Before != nil {
		keepGroups(one.Before.Groups)
	}
}

func keepGroups(groups []LineGroup) {
	for i := range groups {
		g := &groups[i]
		for _, l := range worstOf(g.Lines, shownReasons) {
			g.Reasons = append(g.Reasons, l.Name)
		}
		for _, l := range g.Lines {
			for _, c := range l.Clawed {
				g.Clawed = append(g.Clawed, Clawed{Text: "“" + l.Name + "”：" + c.Text, Link: c.Link})
			}
		}
		g.Kept, g.Lines = true, nil
	}
}

// worstOf are the lines that lost most, at most so many.
func worstOf(lines []Line, most int) []Line {
	var lost []Line
	for _, l := range lines {
		if l.Points != nil && l.Max != nil && l.Points.Less(*l.Max) && !l.Part {
			lost = append(lost, l)
		}
	}
	slices.SortStableFunc(lost, func(x, y Line) int { return y.Max.Sub(*y.Points).Cmp(x.Max.Sub(*x.Points)) })
	return lost[:min(most, len(lost))]
}

func (s *Server) starView(b *board, one Star, lostOnly bool) *starView {
	v := &starView{board: b, Star: one, Ranked: len(b.rows), Level: b.grades[one.Row.Grade].Level, Grade: b.gradeOf(one.Row.Grade), LostOnly: lostOnly,
		Here: starAddress(one.ID), Lost: starAddress(one.ID) + "?only=lost#lines", CSV: starAddress(one.ID) + "/lines.csv", Report: starAddress(one.ID) + "/report", Beside: besideAddress(besidePath, []string{one.ID})}
	if r := b.byID[one.ID]; r != nil {
		v.Rank = r.Rank
		if r.firm != nil {
			v.FirmAddress = firmAddress(r.firm.ID)
		}
	}
	if one.Stands.Status == standing.Demoted {
		now := b.grades[one.Stands.Grade]
		v.Was, v.Level, v.Grade = v.Grade, now.Level, now.Label
	}
	if one.Stands.Status != "" {
		v.Status = one.Stands.Status.Title()
	}
	if one.Total != nil {
		v.Score = points(*one.Total, b.Places)
	}
	for i, o := range b.Evaluation.Outputs {
		if i < len(one.Row.Outputs) && one.Row.Outputs[i] != nil {
			v.Outputs = append(v.Outputs, namedFigure{Name: o.Name, Text: points(*one.Row.Outputs[i], o.Places)})
		}
	}
	v.Worst = worstLines(one, 3)
	v.NextGrade, v.ToNext = b.toNext(&one.Row)
	v.Meaning, v.Changed, v.Compared = v.meaning(b, one), one.Before.changed(one.Total, cmp.Or(v.Was, v.Grade), b.Places), comparisons(b, one)
	v.Peers = b.peers(one)
	v.Changes = changesOf(one, b.Places)
	v.Sums = sumsOf(one, cmp.Or(v.Was, v.Grade), b.Places, b.Grades, lostOnly)
	return v
}

// lostText is the loss with its sign, “—” for none.
func lostText(lost num.Num, places int) string {
	if lost.IsZero() {
		return "—"
	}
	return points(lost.Neg(), places)
}

// lineViews turns a line and its items into rows of the table.
func lineViews(l Line) (rows []lineView, anyLost bool) {
	row := lineView{Anchor: "l-" + l.ID, Clause: l.Clause, Name: l.Name, Rule: l.Rule, Basis: l.Basis, Fact: l.Fact, Proposal: l.Proposal, State: l.State, Points: "—", Max: "—", Clawed: l.Clawed, Proof: l.Proof, Records: l.Records}
	row.By = strings.Trim(strings.Join([]string{l.By, l.Reviewed}, " / "), " /")
	if l.Points != nil && l.Max != nil {
		lost := l.Max.Sub(*l.Points)
		row.Points, row.Max, row.Lost, row.AnyLost = points(*l.Points, l.Places), points(*l.Max, l.Places), lostText(lost, l.Places), lost.Sign() > 0
	}
	rows = append(rows, row)
	for _, item := range l.Items {
		iv := lineView{Name: item.Name, Link: item.Link, Fact: item.Found, State: item.State, IsItem: true, Points: "—", Max: "—"}
		if item.Points != nil {
			iv.Points = points(*item.Points, item.Places)
			iv.AnyLost = item.Points.Sign() < 0
			if item.Max != nil {
				lost := item.Max.Sub(*item.Points)
				iv.Max, iv.Lost, iv.AnyLost = points(*item.Max, item.Places), lostText(lost, item.Places), lost.Sign() > 0
			}
		}
		rows = append(rows, iv)
	}
	rows[0].Items = rows[1:]
	return rows, row.AnyLost
}

// worstLines names the lines that lost most; what the rule keeps back is never named.
func worstLines(one Star, most int) []lostView {
	type loss struct {
		name string
		lost num.Num
		text string
	}
	var all []loss
	add := func(name string, points, full *num.Num, places int) {
		if points != nil && full != nil && points.Less(*full) {
			lost := full.Sub(*points)
			all = append(all, loss{name, lost, lostText(lost, places)})
		}
	}
	for _, g := range one.Groups {
		for _, l := range g.Lines {
			if l.Part {
				continue
			}
			add(strings.TrimSpace(l.Clause+" "+l.Name), l.Points, l.Max, l.Places)
		}
	}
	if lines := linesOf(one); len(lines) == 1 { // one checklist is the whole rule: its items tell more
		all = nil
		for _, item := range lines[0].Items {
			add(item.Name, item.Points, item.Max, item.Places)
		}
	}
	slices.SortStableFunc(all, func(x, y loss) int { return y.lost.Cmp(x.lost) })
	var out []lostView
	for i := range min(most, len(all)) {
		out = append(out, lostView{Name: all[i].name, Text: all[i].text})
	}
	return out
}

func linesOf(one Star) []Line {
	var out []Line
	for _, g := range one.Groups {
		out = append(out, g.Lines...)
	}
	return out
}

// toNext says how far a row is from the lower end of the grade above: “1.37 分”, in points before bonus and deductions if that is another number; "" if there is none, no points lack, or full points do not suffice.
func (b *board) toNext(r *Row) (grade, lack string) {
	if r.Total == nil {
		return "", ""
	}
	for i, g := range b.Grades {
		if i == 0 || g.ID != r.Grade {
			continue
		}
		if next := b.Grades[i-1]; next.From != nil && r.Total.Less(*next.From) && r.ToNext != nil {
			if lack = points(*r.ToNext, b.Places) + " 分"; !r.ToNext.Equal(next.From.Sub(*r.Total)) {
				lack += "（" + beforeSteps + "）"
			}
			return next.Label, lack
		}
	}
	return "", ""
}

// starCSV is every line as a table for Excel.
func (s *Server) starCSV(c *fiber.Ctx, by policy.Actor) error {
	b, one, err := s.starByID(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	sheet := ruledCSV{report.NewCSV("部分", "条款", "指标", "规则", "依据", "本期事实", "来源", "得分", "满分", "说明", "评价规则", "规则指纹"), []string{report.Guard(b.SchemeID + " " + b.SchemeVersion), b.SchemeHash}}
	for _, g := range one.Groups {
		if g.Hidden {
			sheet.Add(report.Guard(g.Name), "", "", "", "", "", "", optionalNumber(g.Points, 2), optionalNumber(g.Max, 2), report.Guard("按规则只公开合计"+clawedText(g.Clawed)))
			continue
		}
		if g.Kept {
			sheet.Add(report.Guard(g.Name), "", "", "", "", "", "", optionalNumber(g.Points, 2), optionalNumber(g.Max, 2), report.Guard(strings.Join(g.Reasons, "、")+clawedText(g.Clawed)))
			continue
		}
		for _, l := range g.Lines {
			sheet.Add(report.Guard(g.Name), report.Guard(l.Clause), report.Guard(l.Name), report.Guard(l.Rule), report.Guard(l.Basis), report.Guard(l.Fact), report.Guard(l.Proof), optionalNumber(l.Points, l.Places), optionalNumber(l.Max, l.Places), report.Guard(l.State+clawedText(l.Clawed)))
			for _, item := range l.Items {
				sheet.Add(report.Guard(g.Name), report.Guard(l.Clause), report.Guard("· "+item.Name), "", "", report.Guard(item.Found), "", optionalNumber(item.Points, item.Places), optionalNumber(item.Max, item.Places), report.Guard(item.State))
			}
		}
	}
	for _, a := range one.Adjustments {
		sheet.Add("总分调整", "", report.Guard(a.Name), "", report.Guard(a.Basis), report.Guard(a.Said), "", optionalNumber(a.Change, 2), "", "")
	}
	for _, voice := range one.Voices {
		sheet.Add("评价主体", "", report.Guard(voice.Name), "", "", "", "", plainNumber(voice.Points, b.Places), plainNumber(voice.Max, b.Places), "看得分的一个角度，不再加权")
	}
	if one.Next != nil {
		for _, d := range one.Next.Demands {
			sheet.Add("到"+report.Guard(one.Next.Label)+"的要求", "", report.Guard(d.What), report.Guard(d.Needs), "", report.Guard(d.Has), "", "", "", met(d))
		}
	}
	return sendTable(c, "lines.csv", sheet.CSV)
}

// ruledCSV ends each row of a table of open data with the version and the fingerprint of the rule.
type ruledCSV struct {
	*report.CSV
	rule []string
}

// Add adds a row.
func (t ruledCSV) Add(cells ...string) { t.CSV.Add(append(cells, t.rule...)...) }

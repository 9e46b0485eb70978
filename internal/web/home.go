package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry/fund"
	"redsteward/registry/handover"
	"redsteward/supervision/survey"
)

// homePath is the page of owners and their committees: their compound on one page, in large type and plain sentences.
const homePath = "/home"

// homeRoutes is the page of owners.
func (s *Server) homeRoutes() []Route {
	return []Route{{Method: fiber.MethodGet, Path: homePath, Action: policy.ReadHome, Handler: s.home}}
}

// homeView is what home.html shows.
type homeView struct {
	Places []homePlace
	// Big: every page is in large type already.
	Big bool
}

// homePlace is one compound.
type homePlace struct {
	Name     string
	Sections []homeSection
}

// homeSection is one matter: sentences, and where more of it stands.
type homeSection struct {
	Title string
	// Level and Grade are a star above the sentences, 0 for none.
	Level int
	Grade string
	Words []string
	Links []crumb
}

// say adds sentences; empty ones are left out.
func (h *homeSection) say(words ...string) { h.Words = append(h.Words, filledWords(words)...) }

// link adds a way on.
func (h *homeSection) link(label, path string) { h.Links = append(h.Links, crumb{label, path}) }

// homesOf are the compounds that an actor has an office in, in the order of the appointments.
func (s *Server) homesOf(ctx context.Context, by policy.Actor) ([]string, error) {
	scope, err := s.guard.Scope(ctx, by, policy.ReadHome)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, key := range scope.Keys() {
		if project, ok := strings.CutPrefix(key, policy.ProjectKey("")); ok && !slices.Contains(out, project) {
			out = append(out, project)
		}
	}
	return out, nil
}

// home shows the compounds of an owner or a committee.
func (s *Server) home(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	projects, err := s.homesOf(ctx, by)
	if err != nil {
		return err
	}
	v := homeView{Big: s.bigType(c, by)}
	for _, project := range projects {
		p, err := s.homePlace(ctx, by, project)
		if err != nil {
			return err
		}
		v.Places = append(v.Places, p)
	}
	return s.render(c, by, "home", page{Title: "我的小区", Nav: homePath, Data: v})
}

// homePlace puts a compound into words.
func (s *Server) homePlace(ctx context.Context, by policy.Actor, project string) (homePlace, error) {
	p := homePlace{Name: "我的小区"}
	add := func(h homeSection) {
		if len(h.Words) > 0 {
			p.Sections = append(p.Sections, h)
		}
	}
	b, err := s.boardNow(ctx)
	if err := ignoreMissing(err); err != nil {
		return p, err
	}
	var firm string
	var money homeSection
	if s.serves(fundPath) && s.guard.Allow(by, policy.ReadFund) {
		st, err := s.fund.Statement(ctx, by, project)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return p, err
		}
		if err == nil {
			p.Name, firm, money = st.Place.Name, st.Place.FirmName, s.homeFund(&st)
		}
	}
	if b != nil {
		if r := b.byID[project]; r != nil {
			p.Name = cmp.Or(r.Name, p.Name)
		}
		star, err := s.homeStar(ctx, b, project)
		if err != nil {
			return p, err
		}
		add(star)
		served, err := s.homeFirm(ctx, b, project, firm)
		if err != nil {
			return p, err
		}
		add(served)
	}
	add(money)
	defects, err := s.homeDefects(ctx, by, project)
	if err != nil {
		return p, err
	}
	add(defects)
	asked, err := s.homeSurvey(ctx, by, project)
	if err != nil {
		return p, err
	}
	add(asked)
	return p, nil
}

// homeStar says what the star is, what it means, what changed and how it compares.
func (s *Server) homeStar(ctx context.Context, b *board, project string) (homeSection, error) {
	h := homeSection{Title: "我们小区的星级"}
	r := b.byID[project]
	if r == nil {
		h.say("我们小区没有参加“" + b.Title + "”。")
		h.link("看星级榜", "/")
		return h, nil
	}
	one, err := s.stars.Star(ctx, b.ID, project, false)
	if err != nil {
		return h, err
	}
	one.Row.Stands, one.Row.Mark = r.Stands, r.Mark
	one.keepLines()
	star := s.starView(b, one, false)
	h.Level, h.Grade = star.Level, star.Grade
	if one.Total == nil {
		h.say("这一次没有评出星级" + because(one.Reason) + "。")
	} else {
		h.say("评为“" + star.Grade + "”：满分 " + one.Max.String() + " 分，得了 " + star.Score + " 分。")
		if star.Rank > 0 {
			h.say("有名次的 " + count(star.Ranked) + " 个" + b.Subject + "里，排在第 " + count(star.Rank) + "。")
		}
		if star.ToNext != "" {
			h.say("离上一级“" + star.NextGrade + "”还差 " + star.ToNext + "。")
		}
		best, worst := extremes(one.Parts)
		if best >= 0 && best != worst {
			h.say("做得最好的是“" + b.Parts[best].Name + "”，最差的是“" + b.Parts[worst].Name + "”。")
		}
	}
	h.say(one.Since(), cmp.Or(star.Changed, "这是系统里第一次评，没有上一次可以比。"))
	past, err := s.stars.History(ctx, project)
	if err != nil {
		return h, err
	}
	if v := b.history(past, ""); v != nil {
		h.say(v.lately("最近一个季度是"))
	}
	h.say(b.beside(r))
	h.link("看得分和失分在哪里", starAddress(project))
	h.link("看历年的星级", starAddress(project)+"#history")
	if s.serves(platePath) {
		h.link("查门口的标牌是真是假", platePath)
	}
	return h, nil
}

// beside says how many of about the same size are better and worse; "" where there are too few to say so.
func (b *board) beside(r *ranked) string {
	better, worse, all := 0, 0, 0
	for _, other := range b.rows {
		if r.Total == nil || r.Size == "" || other.Size != r.Size || other == r {
			continue
		}
		all++
		switch {
		case r.Total.Less(*other.Total):
			better++
		case other.Total.Less(*r.Total):
			worse++
		}
	}
	if all < fewest {
		return ""
	}
	return "和大小差不多的（" + r.Size + "）比：比我们分数高的 " + count(better) + " 个，比我们低的 " + count(worse) + " 个。"
}

// because is a reason as the end of a sentence, "" for none.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return "，因为" + reason
}

// lately says what the newest quarter came to and how that compares, "" if no quarter was published.
func (v *historyView) lately(begin string) string {
	for _, r := range v.Rows {
		if r.Stars || r.Total == "—" {
			continue
		}
		return begin + r.Period + "，得 " + r.Total + " 分" + r.changed() + "。"
	}
	return ""
}

// changed is the change of a period as the end of a sentence, "" if there was none before.
func (r *historyRow) changed() string {
	switch more, isMore := strings.CutPrefix(r.Change, "+"); {
	case isMore:
		return "，比上一次高 " + more + " 分"
	case strings.HasPrefix(r.Change, "−"):
		return "，比上一次低 " + strings.TrimPrefix(r.Change, "−") + " 分"
	case r.Change == "持平":
		return "，和上一次一样"
	case r.Change == otherRule:
		return "；评价办法改过，和上一次不能直接比"
	case r.Change == otherFirm:
		return "；换过物业企业，和上一次不能比"
	}
	return ""
}

// homeFirm says who serves the compound, what became of its other compounds, and what changed.
func (s *Server) homeFirm(ctx context.Context, b *board, project, firm string) (homeSection, error) {
	h := homeSection{Title: "管我们小区的物业企业"}
	r := b.byID[project]
	if r != nil && firm == "" {
		firm = r.Firm
	}
	switch {
	case firm == "" && r == nil:
		return h, nil
	case firm == "":
		h.say("现在没有登记物业企业。")
		return h, nil
	}
	h.say("现在由" + firm + "服务。")
	if r != nil && r.Firm != "" && r.Firm != firm {
		h.say("评星的时候是" + r.Firm + "服务的，星级不跟着换企业走。")
	}
	at := slices.IndexFunc(b.firms.list, func(f *rankedFirm) bool { return f.Name == firm && !f.Apart })
	if at < 0 {
		return h, nil
	}
	f := b.firms.list[at]
	if f.Total != nil {
		h.say("这家企业管的 " + count(f.Count) + " 个" + b.Subject + "合起来得 " + f.Shown + " 分，是“" + f.Grade + "”" + rankAmong(f.Rank, b.firms.ranked) + "。")
	} else {
		h.say("这家企业管的 " + count(f.Count) + " 个" + b.Subject + "还没有可以汇总的结果。")
	}
	past, err := s.pastNow(ctx)
	if err != nil {
		return h, err
	}
	if v := historyOf(b.Parts, b.Subject, pastOfFirms(f.ID, past.list)); v != nil {
		h.say(v.lately("最近一个季度是"))
	}
	h.link("看这家企业管的小区", firmAddress(f.ID))
	return h, nil
}

// homeFund says what there is of the guarantee fund.
func (s *Server) homeFund(st *fund.Statement) homeSection {
	h := homeSection{Title: "质量保修金"}
	l := &st.Ledger
	if st.Seq == 0 {
		h.say("保修金是开发商交的、保修期里修房子用的钱。我们小区还没有核定过，没有这笔钱。")
		return h
	}
	h.say("保修金是开发商交的、保修期里修房子用的钱。账上现在有 " + fund.Yuan(l.Balances.Bank) + " 元。")
	var held, frozen, owed int64
	for _, x := range l.Holds {
		held += x.Fen
	}
	for _, x := range l.Freezes {
		frozen += x.Open
	}
	for _, d := range l.Dues {
		if !d.Cancelled {
			owed += d.Open()
		}
	}
	if held > 0 {
		h.say("其中 " + fund.Yuan(held) + " 元留给正在办的维修，不能再用在别处。")
	}
	if frozen > 0 {
		h.say("其中 " + fund.Yuan(frozen) + " 元被法院冻结。")
	}
	if owed > 0 {
		h.say("开发商还欠 " + fund.Yuan(owed) + " 元没有交。")
	} else {
		h.say("开发商该交的都交齐了。")
	}
	for i := len(st.Movements) - 1; i >= 0; i-- {
		if m := movementOf(fundLedgerView{}, policy.Actor{}, st.Movements[i]); !m.Undone && m.In+m.Out != "" {
			way := "收入 " + m.In
			if m.Out != "" {
				way = "支出 " + m.Out
			}
			h.say("最近一笔：" + m.Day + "，" + way + " 元，" + m.Text + "。")
			break
		}
	}
	h.link("看每一笔收支", ledgerPath(st.Place.Project)+"/statement")
	h.link("申请用保修金、看办到哪一步", claimsPath)
	return h
}

// homeDefects says what of a handover is still to be repaired.
func (s *Server) homeDefects(ctx context.Context, by policy.Actor, project string) (homeSection, error) {
	h := homeSection{Title: "交房查出来、还没修好的"}
	if !s.serves(handoversPath) || !s.guard.Allow(by, policy.ReadHandover) {
		return h, nil
	}
	found, err := s.handovers.Service.ListPage(ctx, by, handover.Filter{Project: project}, "")
	if err != nil {
		return h, err
	}
	for _, d := range found.Docs {
		if d.State.State == handover.Cancelled {
			continue
		}
		w, err := s.handovers.Service.One(ctx, by, d.ID)
		if err != nil {
			return h, err
		}
		words := d.State.Title() + "：查出来的问题都修好了。"
		if n := len(w.Open()); n > 0 {
			words = d.State.Title() + "：还有 " + count(n) + " 处没有修好。"
		}
		h.say(words)
		h.link("看"+d.State.Title()+"的每一处", handoversPath+"/"+d.ID)
	}
	return h, nil
}

// until is a deadline as the end of a sentence, "" while nobody can tell it.
func until(d calendar.Deadline) string {
	if !d.Resolved() {
		return ""
	}
	return "，到" + d.Chinese() + "为止"
}

// homeSurvey says whether a survey runs.
func (s *Server) homeSurvey(ctx context.Context, by policy.Actor, project string) (homeSection, error) {
	h := homeSection{Title: "满意度调查"}
	if !s.serves(surveysPath) || !s.guard.Allow(by, policy.ReadSurvey) {
		return h, nil
	}
	found, err := s.surveys.List(ctx, by, survey.Filter{Project: project})
	if err != nil {
		return h, err
	}
	for _, d := range found {
		o, year := &d.State, strconv.FormatInt(d.State.Year, 10)+"年的满意度调查"
		switch o.State {
		case survey.Open:
			h.say(year + "正在做" + until(o.Clock) + "。收到通知的住户都可以答，不写名字。")
		case survey.Closed:
			h.say(year + "已经收完，正在汇总。")
		case survey.Published:
			h.say(year + "结果已经公布。")
		case survey.NotEnough:
			h.say(year + "答的人不够，没有结果。")
		default:
			continue
		}
		h.link("看"+year, surveysPath+"/"+d.ID)
		break // the newest one
	}
	return h, nil
}

// rankAmong ends a sentence about a firm with its rank, "" where nobody has one.
func rankAmong(rank, of int) string {
	if rank == 0 {
		return ""
	}
	return "，在 " + count(of) + " 家里排第 " + count(rank)
}

package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/handover"
	"redsteward/supervision"
	"redsteward/supervision/matter"
	"redsteward/supervision/rectification"
)

// issuesPath are the three lists (问题清单, 责任清单, 整改清单): the same rows, seen as what was found, who answers for it until when, and what became of it.
const issuesPath = rectificationsPath + "/lists"

// The sources of a problem.
const (
	fromVisit      = "visit"
	fromInspection = "inspection"
	fromHandover   = "handover"
	fromMatter     = "matter"
)

// issueSources are the sources with their words.
func issueSources() []registry.Choice {
	return []registry.Choice{{ID: fromVisit, Text: "走访评价"}, {ID: fromInspection, Text: "行政检查"}, {ID: fromHandover, Text: "承接查验"}, {ID: fromMatter, Text: "公共安全隐患"}}
}

// issue is one problem: a finding of a paper, a defect of a handover, a hazard.
type issue struct {
	path, source, place, party, problem, basis, request, answer, look, standing string
	found, due, closed                                                          calendar.Date
	fixed                                                                       bool
}

// issueFilter is what the lists are narrowed to; the zero value lets everything through.
type issueFilter struct {
	text, township, source, state string
	days                          policy.Span
	today                         calendar.Date
}

// lets reports whether a problem passes; keys are the scope keys of what it was found in.
func (w issueFilter) lets(k *issue, keys []string) bool {
	return (w.source == "" || k.source == w.source) && (w.township == "" || slices.Contains(keys, policy.TownshipKey(w.township))) &&
		w.stands(k) && (w.days.From.IsZero() || k.found.Compare(w.days.From) >= 0) && (w.days.Until.IsZero() || k.found.Compare(w.days.Until) <= 0) &&
		(registry.Finds(k.place, w.text) || registry.Finds(k.party, w.text) || strings.Contains(k.problem, w.text))
}

// The states by which problems are looked for.
const (
	issueOpen  = "open"
	issueLate  = "late"
	issueFixed = "fixed"
)

// stands reports whether a problem is in the wanted state.
func (w issueFilter) stands(k *issue) bool {
	switch w.state {
	case issueOpen:
		return !k.fixed
	case issueLate:
		return !k.fixed && !k.due.IsZero() && k.due.Compare(w.today) < 0
	case issueFixed:
		return k.fixed
	}
	return true
}

// issueRoutes are the three lists as page, workbook and book.
func (s *Server) issueRoutes() []Route {
	const get = fiber.MethodGet
	return []Route{
		{Method: get, Path: issuesPath, Action: policy.ReadRectification, Handler: s.showsDossier(s.issueLists)},
		{Method: get, Path: issuesPath + ".xlsx", Action: policy.ReadRectification, Handler: s.sendsDossier(s.issueLists)},
		{Method: get, Path: issuesPath + "/print", Action: policy.ReadRectification, Handler: s.printsDossier(s.issueLists)},
	}
}

// issueLists puts the three lists together; each has a row for each problem, so that they agree.
func (s *Server) issueLists(c *fiber.Ctx, by policy.Actor) (dossierView, error) {
	l := readList(c, issuesPath, "list", "q", "township", "source", "state", "from", "until")
	w := issueFilter{text: l.value["q"], township: l.value["township"], source: l.value["source"], state: l.value["state"], today: s.clockOf(c.UserContext()).today}
	var bad []fault.Field
	for name, day := range map[string]*calendar.Date{"from": &w.days.From, "until": &w.days.Until} {
		if text := l.value[name]; text != "" {
			var err error
			if *day, err = calendar.ParseDate(text); err != nil {
				bad = append(bad, fault.Field{Name: name, Message: dayFault(text)})
			}
		}
	}
	if len(bad) > 0 {
		return dossierView{}, fault.InvalidFields("web.issueLists", bad...)
	}
	filters := []field{{Name: "source", Label: "来源", Options: choicesOf("全部", issueSources()), Value: w.source},
		{Name: "state", Label: "整改情况", Options: []option{{"", "全部"}, {issueOpen, "没有核实整改"}, {issueLate, "其中超过期限"}, {issueFixed, "核实整改"}}, Value: w.state}, {Name: "from", Label: "发现日期从", Type: "date", Value: l.value["from"], Optional: true}, {Name: "until", Label: "到", Type: "date", Value: l.value["until"], Optional: true}}
	if s.registered != nil {
		towns, err := s.townshipOptions(c.UserContext())
		if err != nil {
			return dossierView{}, err
		}
		filters = slices.Insert(filters, 0, field{Name: "township", Label: "乡镇", Options: towns, Value: w.township})
	}
	all, err := s.issues(c.UserContext(), by, w)
	if err != nil {
		return dossierView{}, err
	}
	query := strings.TrimPrefix(l.address(), issuesPath)
	v := dossierView{Kind: "三张清单", Name: "问题、责任、整改", Sub: "走访评价、行政检查文书里的问题，承接查验的缺陷，公共安全隐患；三张清单是同样的行", Crumbs: []crumb{{"整改", rectificationsPath}},
		List: &l, MostPrinted: 500, Back: l.address(), Print: issuesPath + "/print" + query, Excel: l.excel(), Find: issuesPath, Query: w.text, Filters: filters}
	open := 0
	problems := dossierPart{ID: "problems", Title: "问题清单", Heads: []string{"小区", "问题", "来源", "发现日期", "依据"}}
	duties := dossierPart{ID: "duties", Title: "责任清单", Heads: []string{"小区", "责任单位", "要求", "期限", "问题"}}
	fixes := dossierPart{ID: "fixes", Title: "整改清单", Heads: []string{"小区", "情况", "责任单位", "问题", "整改", "复查", "办结日期"}}
	for i := range all {
		k := &all[i]
		problems.add(k.path, k.place, k.problem, registry.TextOf(issueSources(), k.source), k.found, k.basis)
		duties.add(k.path, k.place, k.party, k.request, k.due, k.problem)
		fixes.add(k.path, k.place, k.standing, k.party, k.problem, k.answer, k.look, k.closed)
		if !k.fixed {
			open++
		}
	}
	said := "共 " + count(len(all)) + " 项，核实整改 " + count(len(all)-open) + " 项，没有核实整改 " + count(open) + " 项。"
	problems.Note, duties.Note, fixes.Note = said, said, said
	v.Parts = []dossierPart{problems, duties, fixes}
	return v, nil
}

// issues are the problems of an actor's scope, the latest first. What he may not read is not there.
func (s *Server) issues(ctx context.Context, by policy.Actor, w issueFilter) ([]issue, error) {
	docs, err := s.rectificationsOf(ctx, by, rectification.Filter{})
	if err != nil {
		return nil, err
	}
	var out []issue
	add := func(k issue, keys []string) {
		if w.lets(&k, keys) {
			out = append(out, k)
		}
	}
	for i := range docs {
		c := &docs[i].State
		if c.State == rectification.Withdrawn {
			continue
		}
		for n := range c.Findings {
			f := &c.Findings[n]
			k := issue{path: rectificationsPath + "/" + docs[i].ID, source: fromVisit, place: c.Name, party: c.FirmName, problem: f.Problem, basis: f.Basis, request: f.Request, answer: paperText(f.Answer), look: paperText(f.Look), standing: f.Standing(), found: c.Opened, closed: c.Closed, fixed: f.Fixed}
			if c.Formal {
				k.source = fromInspection
			}
			if c.Kind == supervision.PaperTransfer {
				k.party, k.standing, k.look = c.To, "已移送："+c.State.Title(), paperText(c.Outcome)
			}
			if !f.Fixed {
				k.due = c.Clock.Due
			}
			add(k, c.Keys)
		}
	}
	if err := s.handoverIssues(ctx, by, add); err != nil {
		return nil, err
	}
	if err := s.matterIssues(ctx, by, w.township, add); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b issue) int { return b.found.Compare(a.found) })
	return out, nil
}

// handoverIssues are the defects of handovers for which the developer or the firm is liable.
func (s *Server) handoverIssues(ctx context.Context, by policy.Actor, add func(issue, []string)) error {
	if s.handovers == nil || s.off(handoversPath) || !s.guard.Allow(by, policy.ReadHandover) {
		return nil
	}
	docs, err := openCases(func(after string) (store.Page[handover.Handover], error) {
		return s.handovers.Service.ListPage(ctx, by, handover.Filter{}, after)
	})
	if err != nil {
		return err
	}
	for _, doc := range docs {
		w, err := s.handovers.Service.One(ctx, by, doc.ID)
		if err != nil {
			return err
		}
		h := &w.Doc.State
		if h.State == handover.Cancelled {
			continue
		}
		for i := range w.Lines {
			l := &w.Lines[i]
			if !l.Blocks() {
				continue
			}
			party := h.DeveloperName
			if l.Liable() == handover.PartyFirm {
				party = h.FirmName
			}
			problem := l.Note
			if problem == "" {
				problem = "不符合：" + l.Sentence
			}
			add(issue{path: handoversPath + "/" + doc.ID, source: fromHandover, place: h.Title(), party: party, problem: l.Where + l.Name + "：" + problem, basis: h.List.Version + " 版查验清单", request: l.Sentence, answer: l.Repair, standing: l.Stands(), found: h.Opened, due: l.Due(h), fixed: !l.Open()}, h.Keys)
		}
	}
	return nil
}

// matterIssues are the hazards of compounds. What the reporter wrote stands on the page of the matter alone.
func (s *Server) matterIssues(ctx context.Context, by policy.Actor, township string, add func(issue, []string)) error {
	if s.matters == nil || s.off(mattersPath) || !s.guard.Allow(by, policy.ReadMatter) {
		return nil
	}
	return s.matters.Each(ctx, by, matter.Filter{Township: township}, func(doc store.Doc[matter.Matter]) {
		m := &doc.State
		if !m.Hazard || m.Project == "" || m.State == matter.Merged {
			return
		}
		k := issue{path: mattersPath + "/" + url.PathEscape(doc.ID), source: fromMatter, place: m.ProjectName, party: m.DepartmentTitle, problem: m.CategoryTitle + "：" + m.Place(), standing: m.State.Title(), found: calendar.DateOf(m.Reported.At.Time), fixed: m.State == matter.Fixed}
		if !m.State.Closed() {
			k.due = m.Due.Due
		}
		if !m.Closed.IsZero() {
			k.closed = calendar.DateOf(m.Closed.Time)
		}
		add(k, []string{policy.TownshipKey(m.Township)})
	})
}

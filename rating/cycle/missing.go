package cycle

import (
	"cmp"
	"context"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/supervision/application"
	"redsteward/supervision/matter"
	"redsteward/supervision/repair"
	"redsteward/supervision/veto"
)

// Missing is one project with what is not known of it yet.
type Missing struct {
	// Project is the id; the names are for people.
	Project, Name, Firm, Community string
	// Items are the facts that are missing, those worth most first.
	Items []MissingItem
	// Points is what the lines that cannot be scored are worth together.
	Points num.Num
}

// MissingItem is one fact that nobody has told.
type MissingItem struct {
	// Fact is the id in the scheme, Name its name, Source who tells it.
	Fact, Name, Source string
	// Points is the maximum of the line that reads it; 0 if none does.
	Points num.Num
}

// SourceName is what a source holds, in Chinese; what a scheme of somebody else calls a source stays as it is.
func SourceName(source string) string {
	switch source {
	case SourceRegistry:
		return "登记"
	case SourceParty:
		return "党建台账"
	case SourceHonours:
		return "表彰奖励登记"
	case SourceSurvey:
		return "满意度调查"
	case SourceFilings:
		return "合同备案"
	case SourceHandovers:
		return "承接查验"
	case application.Source:
		return "星级申报"
	case SourceCommunity:
		return "微心愿和议事任务"
	case veto.Source:
		return "一票否决认定"
	case "rectification":
		return "整改记录"
	case repair.Source:
		return "报修台账"
	case matter.SourceMatters:
		return "事项"
	case "observation":
		return "观察记录"
	case "evidence":
		return "佐证材料"
	case "inspection":
		return "走访表"
	}
	return source
}

// SourceText says in Chinese who a source waits for.
func SourceText(source string) string {
	switch source {
	case SourceRegistry:
		return "登记（物业管理股补登）"
	case SourceParty:
		return "党组织（党建台账）"
	case SourceHonours:
		return "登记（表彰奖励）"
	case SourceSurvey:
		return "住建局公布满意度调查的结果"
	case matter.SourceMatters:
		return "承办部门（事项办结）"
	case repair.Source:
		return "社区或者住建局（报修回访）"
	case "evidence":
		return "物业企业（佐证材料）"
	case "inspection":
		return "走访人员（走访表）"
	case "observation":
		return "登记单位（观察记录）"
	}
	return source
}

// Missing lists what the projects within the actor's scope still lack in a period, those that lack most first. While the period is not evaluated the
// sources are asked as they are now; afterwards the frozen facts answer. Nothing is written. Returns NotFound if the period was not planned.
func (s *Service) Missing(ctx context.Context, by policy.Actor, id string) ([]Missing, error) {
	p, scope, err := s.readable(ctx, by, id)
	if err != nil {
		return nil, err
	}
	scheme, _, err := s.schemeOf(ctx, &p)
	if err != nil {
		return nil, err
	}
	var list []Missing
	add := func(m Missing, sub rating.Subject, r *rating.Result, keys []string) {
		if m.Items, m.Points = missingItems(scheme, sub, r); len(m.Items) > 0 && scope.Covers(keys, p.Days.Last) {
			list = append(list, m)
		}
	}
	if p.Evaluation == "" {
		g, err := s.gather(ctx, &p, scheme, func(int) error { return nil })
		if err != nil {
			return nil, err
		}
		for _, project := range g.order {
			b := g.buckets[project]
			_, sub := b.freeze(g)
			r := rating.Evaluate(scheme, nil, sub, nil)
			h := &b.holding
			add(Missing{Project: h.Project, Name: h.Name, Firm: h.FirmName, Community: h.CommunityName}, sub, &r, h.Keys())
		}
	} else {
		for stored, err := range s.archive.Results(ctx, p.Evaluation) {
			if err != nil {
				return nil, err
			}
			sub, r, err := stored.Open(scheme)
			if err != nil {
				return nil, err
			}
			add(Missing{Project: stored.Subject, Name: stored.Name, Firm: stored.Firm, Community: stored.Community}, sub, r, stored.Keys)
		}
	}
	slices.SortStableFunc(list, func(a, b Missing) int { return cmp.Or(b.Points.Cmp(a.Points), cmp.Compare(a.Project, b.Project)) })
	return list, nil
}

// missingItems are the missing facts behind lines that count, and those that the register should hold.
func missingItems(s *rating.Scheme, sub rating.Subject, r *rating.Result) ([]MissingItem, num.Num) {
	var items []MissingItem
	var sum num.Num
	seen := map[string]bool{}
	put := func(f *rating.Fact, points num.Num) {
		if !seen[f.ID] {
			seen[f.ID] = true
			items = append(items, MissingItem{Fact: f.ID, Name: f.Name, Source: cmp.Or(f.Otherwise, f.Source), Points: points})
		}
	}
	for i := range r.Lines {
		line := &r.Lines[i]
		if line.State != rating.LineMissing {
			continue
		}
		full := maximum(s, line.ID)
		sum = sum.Add(full)
		for _, use := range line.Facts {
			if at, ok := s.FactIndex(use.ID); ok && sub.Values[at].State == rating.Missing {
				put(&s.Facts[at], full)
			}
		}
	}
	for i := range s.Facts {
		if s.Facts[i].Source == SourceRegistry && sub.Values[i].State == rating.Missing {
			put(&s.Facts[i], num.Num{})
		}
	}
	slices.SortStableFunc(items, func(a, b MissingItem) int { return b.Points.Cmp(a.Points) })
	return items, sum
}

func maximum(s *rating.Scheme, indicator string) num.Num {
	for i := range s.Indicators {
		if s.Indicators[i].ID == indicator {
			return s.Indicators[i].Max
		}
	}
	return num.Num{}
}

// readable loads a period for somebody who may read periods, with the rows that he may see.
func (s *Service) readable(ctx context.Context, by policy.Actor, id string) (Period, policy.Scope, error) {
	p, err := s.Period(ctx, by, id)
	if err != nil {
		return Period{}, policy.Scope{}, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadPeriods)
	return p, scope, err
}

// Result returns the result of a project in an evaluated period, with every line, for somebody in whose scope it lies. Returns NotFound outside of the
// scope, and if there is none.
func (s *Service) Result(ctx context.Context, by policy.Actor, id, project string) (rating.ArchivedResult, *rating.Scheme, error) {
	const op = "cycle.Result"
	if err := s.guard.Require(by, policy.ReadEvaluation); err != nil {
		return rating.ArchivedResult{}, nil, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return rating.ArchivedResult{}, nil, err
	}
	none := fault.New(op, fault.NotFound, "没有找到要看的内容")
	if p.Evaluation == "" || p.State != StatePublished && !s.guard.Allow(by, policy.ReadPeriods) {
		return rating.ArchivedResult{}, nil, none
	}
	stored, err := s.archive.Result(ctx, p.Evaluation, project)
	if fault.Is(err, fault.NotFound) {
		return rating.ArchivedResult{}, nil, none
	}
	if err != nil {
		return rating.ArchivedResult{}, nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadEvaluation)
	if err != nil {
		return rating.ArchivedResult{}, nil, err
	}
	if err := scope.Require(op, stored.Keys, p.Days.Last); err != nil {
		return rating.ArchivedResult{}, nil, err
	}
	scheme, _, err := s.schemeOf(ctx, &p)
	return stored, scheme, err
}

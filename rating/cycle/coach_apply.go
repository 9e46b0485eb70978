package cycle

import (
	"maps"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/rating"
	"redsteward/supervision/application"
)

// need takes what nothing counts without as done, as long as it still can be, and says whether that is assumed of the application.
func (s *Service) need(v *Coached, held *coachHeld) {
	v.needed = map[string]rating.Value{}
	if s.actions != nil {
		for i := range s.actions.List {
			one := CoachAction{Action: &s.actions.List[i]}
			if !one.Action.Needed || one.Action.Suits(v.Scheme) != "" {
				continue
			}
			l, why := v.Course.Lever(one.Action, nil)
			if s.until(&one, v, held, calendar.Date{}); why != "" || v.closed(&one, held) {
				continue
			}
			v.needed[one.ID] = v.Course.Subject.Get(one.Fact)
			v.Course.Take(l.Steps[len(l.Steps)-1]...)
		}
	}
	_, asked := v.Scheme.FactIndex(application.FactStanding)
	taken := slices.ContainsFunc(slices.Collect(maps.Keys(v.needed)), func(id string) bool { return s.action(id).Fact == application.FactStanding })
	switch {
	case taken && v.Course.Replay:
		v.Agreed = "那一年没有申报，或者没有通过；下面按下一年度申报、各级同意试算。"
	case taken:
		v.Agreed = "星级申报还没有提交；下面按提交以后各级同意试算。"
	case !asked || v.Course.Replay || v.Course.Subject.Get(application.FactStanding).State != rating.Missing:
	case held.round != nil:
		v.Agreed = "星级申报还在审核；下面按各级同意试算。"
	default:
		v.Agreed = "还没有通知申报；下面按各级同意试算。"
	}
}

// action is the one of coach.yaml with an id.
func (s *Service) action(id string) *rating.Action {
	return &s.actions.List[slices.IndexFunc(s.actions.List, func(a rating.Action) bool { return a.ID == id })]
}

// closed reports whether the last day of an action is over, for the year that runs.
func (v *Coached) closed(one *CoachAction, held *coachHeld) bool {
	return !v.Course.Replay && !one.Until.IsZero() && one.Until.Compare(calendar.DateOf(held.at)) < 0
}

// window is the last day of the window in which firms apply: of the year that runs, or when the year before is run again and that is over, of the next one.
func (s *Service) window(one *CoachAction, v *Coached, held *coachHeld) {
	if held.round == nil {
		one.Limit = "还没有通知申报"
		return
	}
	due := s.resolve(held.round.Window)
	switch {
	case !due.Resolved():
		one.Limit = held.round.Name + "的申报期哪天届满还算不出"
	case v.Course.Replay && due.Due.Compare(calendar.DateOf(held.at)) < 0:
		one.Limit = held.round.Name + "的申报期已过，等下一次申报通知"
	default:
		one.Until, one.Limit = due.Due, held.round.Name+"申报期最后一天"
	}
}

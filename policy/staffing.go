package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
)

// Separated is work whose steps must be done by different persons.
type Separated struct {
	// Name is Chinese: 登记备案审批.
	Name string
	// Steps need one person each.
	Steps []SeparatedStep
}

// SeparatedStep is one step of such work.
type SeparatedStep struct {
	// Name is Chinese: 股长审核.
	Name string
	// Seat says who may do it; Action, if not empty, says instead that whoever has the right may.
	Seat   Seat
	Action Action
	// Opens are the rights that show what is signed: a seat is of no use to who may not open it. Empty: nothing is asked.
	Opens []Action
}

// Place is where such work is done: rows with these scope keys.
type Place struct {
	// Name is what people call it, Keys are its scope keys.
	Name string
	Keys []string
}

// Lack is a set of steps for which there are too few persons: the witness that they cannot all be done by different ones (Hall's theorem).
type Lack struct {
	// Work is what the steps belong to, Steps are their names.
	Work  string
	Steps []string
	// Need is how many different persons the steps take, Have how many there are.
	Need, Have int
	// Absent: there are enough persons as long as nobody is away; with one away there are Have.
	Absent bool
	// Blind are the titles of offices that have a seat in the steps, but whose holders may not open what they would sign; Opens are the rights that these lack.
	Blind, Opens []string
	// Places are the places in which it is so, nil for all.
	Places []string
}

// Chinese says what lacks.
func (l Lack) Chinese() string {
	text := l.Work + "："
	if len(l.Places) > 0 {
		text += strings.Join(l.Places, "、") + "的"
	}
	text += "“" + strings.Join(l.Steps, "”“") + "”"
	if l.Absent {
		text += fmt.Sprintf("要 %d 名不同的人，一人不在就只剩 %d 名", l.Need, l.Have)
	} else {
		text += fmt.Sprintf("要 %d 名不同的人，现有 %d 名能办", l.Need, l.Have)
	}
	if len(l.Blind) > 0 {
		text += "；" + strings.Join(l.Blind, "、") + "有席位，但没有“" + strings.Join(l.Opens, "”“") + "”的权限，打不开要签的内容"
	}
	return text
}

// Separated is the work of a chain: the makers and every seat, each another person; who signs must have the rights that open what he signs.
func (c Chain) Separated(makers []Role, opens ...Action) Separated {
	out := Separated{Name: c.Title}
	if len(makers) > 0 {
		out.Steps = append(out.Steps, SeparatedStep{Name: "经办", Seat: Seat{Role: makers[0], Deputies: makers[1:]}})
	}
	for _, level := range c.Levels {
		for _, seat := range level.Seats {
			out.Steps = append(out.Steps, SeparatedStep{Name: level.Name, Seat: seat, Opens: opens})
		}
	}
	return out
}

// SeparatedWork is what the product separates whatever the chains say; the steps that firms and the program itself do need no staff.
func SeparatedWork() []Separated {
	step := func(name string, action Action) SeparatedStep { return SeparatedStep{Name: name, Action: action} }
	return []Separated{
		{"观察记录", []SeparatedStep{step("登记", RecordObservation), step("复核", ReviewObservation), step("答复得分异议", AnswerObjection)}},
		{"走访评价", []SeparatedStep{step("第一人打分", DoVisit), step("第二人打分", DoVisit), step("复核", ReviewVisit), step("答复得分异议", AnswerObjection)}},
		{"佐证材料", []SeparatedStep{step("社区初审", AcceptEvidence), step("住建局复核", ReviewEvidence), step("抽查", AuditEvidence), step("答复追回异议", AuditEvidence), step("答复得分异议", AnswerObjection)}},
		{"评价结果", []SeparatedStep{step("运行评价", RunEvaluation), step("答复得分异议", AnswerObjection), step("公布", PublishEvaluation)}},
		{"评价方案", []SeparatedStep{step("提出", ProposeScheme), step("采用", AdoptScheme)}},
		{"双随机抽取", []SeparatedStep{step("准备", DrawInspection), step("公布", DrawInspection)}},
		{"失信信息", []SeparatedStep{step("登记", RecordCredit), step("核对", ConfirmCredit), step("答复异议", ConfirmCredit)}},
		{"行业评价记录", []SeparatedStep{step("登记", RecordMark), step("核对", ConfirmMark), step("答复异议", ConfirmMark)}},
		{"表彰奖励", []SeparatedStep{step("登记", RecordHonour), step("核对", ConfirmHonour)}},
		{"保修金规则", []SeparatedStep{step("填报", ProposeFundRule), step("采用", AdoptFundRule)}},
		{"保修金收款与月报", []SeparatedStep{step("登记、编制", BookFund), step("冲正、关账", ReverseFund)}},
		{"保修金司法冻结", []SeparatedStep{step("登记冻结", AssessFund), step("解除、扣划", ReverseFund)}},
		{"保修金退汇", []SeparatedStep{step("支付", PayClaim), step("登记退汇", ReverseFund)}},
		{"业主组织候选人", []SeparatedStep{step("提出", PrepareBody), step("资格审查", QualifyBody)}},
		{"红色达人评选", []SeparatedStep{step("推荐", RecommendModel), step("审核", ReviewModel), step("公示命名", NameModel)}},
		{"议事结果公开", []SeparatedStep{step("拟稿", RunDeliberation), step("审核", PublishDeliberation)}},
		{"统计报表", []SeparatedStep{step("制表", CompileReturn), step("审核", CheckReturn), step("签发", SignReturn)}},
		{"满意度调查", []SeparatedStep{step("组织", RunSurvey), step("公布", PublishSurvey)}},
	}
}

// Staffing proves for each work in each place that its steps can be done by different persons of the accounts at hand, also with any one of them away, and
// returns what lacks; empty if nothing does. Who is away today counts only through his deputy. A context of store.KnownAt asks for the accounts of then; what a role may do is
// what the rules say now. Returns Forbidden without ReadApprovals.
func (s *Service) Staffing(ctx context.Context, by Actor, work []Separated, places []Place) ([]Lack, error) {
	if err := s.guard.Require(by, ReadApprovals); err != nil {
		return nil, err
	}
	people, err := s.crew(ctx)
	if err != nil {
		return nil, err
	}
	var found []Lack
	for _, one := range work {
		for _, place := range places {
			for _, lack := range s.guard.Rules().lacks(one, place, people) {
				found = addLack(found, lack, place.Name)
			}
		}
	}
	for i := range found {
		if len(found[i].Places) == len(places) {
			found[i].Places = nil
		}
	}
	return found, nil
}

// addLack puts a lack to the equal one of other places.
func addLack(found []Lack, lack Lack, place string) []Lack {
	i := slices.IndexFunc(found, func(f Lack) bool {
		return f.Work == lack.Work && f.Need == lack.Need && f.Have == lack.Have && f.Absent == lack.Absent && slices.Equal(f.Steps, lack.Steps) && slices.Equal(f.Blind, lack.Blind) && slices.Equal(f.Opens, lack.Opens)
	})
	if i < 0 {
		i, found = len(found), append(found, lack)
	}
	found[i].Places = append(found[i].Places, place)
	return found
}

// hand is a person who is there today, with his own offices and those of the absent for whom he signs.
type hand struct {
	own, absent []Appointment
}

// crew are the people who are there today, or were on the day that the context looks back to.
func (s *Service) crew(ctx context.Context) ([]hand, error) {
	today := calendar.DateOf(store.ClockIn(ctx, s.clocks.Business))
	index := map[string]int{}
	var out []hand
	var away []store.Doc[Account]
	err := s.eachAccount(store.WholePast(ctx), func(d store.Doc[Account]) {
		switch {
		case d.State.Disabled:
		case d.State.away(today) != nil:
			away = append(away, d)
		default:
			index[d.ID] = len(out)
			out = append(out, hand{own: s.guard.Rules().inForce(d.State.Appointments, today)})
		}
	})
	for _, d := range away {
		if i, there := index[d.State.away(today).Deputy]; there {
			out[i].absent = append(out[i].absent, s.guard.Rules().inForce(d.State.Appointments, today)...)
		}
	}
	return out, err
}

// holds reports whether an appointment reaches a place.
func (p Place) holds(ap Appointment) bool {
	return slices.ContainsFunc(ap.Scopes, func(key string) bool { return key == County || slices.Contains(p.Keys, key) })
}

// seated is the office through which a person can do a step in a place, "" if through none. The right of an action is his own; a seat he also takes for an
// absent person.
func (r *Rules) seated(h hand, step SeparatedStep, place Place) Role {
	for i, ap := range h.own {
		able := step.Seat.heldBy(h.own[i:i+1]) || step.Seat.deputyRole(h.own[i:i+1]) != ""
		if step.Action != "" {
			able, _ = r.RoleAllows(ap.Role, step.Action)
		}
		if able && place.holds(ap) {
			return ap.Role
		}
	}
	for i, ap := range h.absent {
		if step.Action == "" && step.Seat.heldBy(h.absent[i:i+1]) && place.holds(ap) {
			return ap.Role
		}
	}
	return ""
}

// closed are the rights that a person would need in a place to open what the step signs, and has through none of his own offices: who signs for an absent
// person reads for himself.
func (r *Rules) closed(h hand, step SeparatedStep, place Place) []Action {
	var out []Action
	for _, action := range step.Opens {
		if !slices.ContainsFunc(h.own, func(ap Appointment) bool {
			allowed, _ := r.RoleAllows(ap.Role, action)
			return allowed && place.holds(ap)
		}) {
			out = append(out, action)
		}
	}
	return out
}

// lacks finds what lacks of some work in a place: if it can be done, what would with one person away.
func (r *Rules) lacks(work Separated, place Place, people []hand) []Lack {
	able := make([][]int, len(work.Steps))
	blind, opens := make([][]string, len(work.Steps)), make([][]string, len(work.Steps))
	for i, step := range work.Steps {
		for k, h := range people {
			role := r.seated(h, step, place)
			if role == "" {
				continue
			}
			missing := r.closed(h, step, place)
			if len(missing) == 0 {
				able[i] = append(able[i], k)
				continue
			}
			blind[i] = addOnce(blind[i], r.byCode[role].Title)
			for _, action := range missing {
				opens[i] = addOnce(opens[i], r.actions[action].Name)
			}
		}
	}
	lack := func(absent bool, steps []int, have int) Lack {
		l := Lack{Work: work.Name, Need: len(steps), Have: have, Absent: absent}
		for _, i := range steps {
			l.Steps = append(l.Steps, work.Steps[i].Name)
			l.Blind, l.Opens = addOnce(l.Blind, blind[i]...), addOnce(l.Opens, opens[i]...)
		}
		return l
	}
	chosen, short, have := match(able, -1)
	if short != nil {
		return []Lack{lack(false, short, have)}
	}
	var out []Lack
	for _, person := range chosen {
		_, short, have := match(able, person)
		if short == nil {
			continue
		}
		if l := lack(true, short, have); !slices.ContainsFunc(out, func(o Lack) bool { return slices.Equal(o.Steps, l.Steps) }) {
			out = append(out, l)
		}
	}
	return out
}

// addOnce adds what a list has not yet.
func addOnce(list []string, more ...string) []string {
	for _, one := range more {
		if !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list
}

// match gives each step a person of its own by augmenting paths, leaving one person out (-1: nobody). If that cannot be, it returns the steps that together
// have fewer persons than they are, and how many persons these have.
func match(able [][]int, without int) (chosen []int, short []int, have int) {
	stepOf := map[int]int{}
	for start := range able {
		seen, reached := map[int]bool{}, []int{}
		var place func(step int) bool
		place = func(step int) bool {
			reached = append(reached, step)
			for _, person := range able[step] {
				if person == without || seen[person] {
					continue
				}
				seen[person] = true
				other, taken := stepOf[person]
				if !taken || place(other) {
					stepOf[person] = step
					return true
				}
			}
			return false
		}
		if !place(start) {
			slices.Sort(reached)
			return nil, reached, len(seen)
		}
	}
	chosen = make([]int, len(able))
	for person, step := range stepOf {
		chosen[step] = person
	}
	return chosen, nil, 0
}

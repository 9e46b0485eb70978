package rating

import (
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"redsteward/internal/num"
	"redsteward/internal/yamlstrict"
)

// How an action moves its fact. What was found already is moved by none of them.
const (
	HowCases  = "cases"  // a ratio: so many more cases, all done well.
	HowRound  = "round"  // a ratio or checklist of which another round (visit, sheet of a quarter) is still to come: that one in full.
	HowDue    = "due"    // a ratio of what is due: so many more of it done.
	HowRaise  = "raise"  // a count: so many more, up to its maximum.
	HowYes    = "yes"    // a yes or no: yes.
	HowSettle = "settle" // events that count against it: settled, so that none is left.
	HowBecome = "become" // a text that is From: To.
)

// The days that end what can still be done.
const (
	LastDays   = "days"   // it must happen by the last day of the period.
	LastSubmit = "submit" // its proof must be handed in by the last day for material.
	LastCutoff = "cutoff" // its record must be accepted by the cut-off.
	LastWindow = "window" // it must be done by the end of the window in which firms apply for a star.
)

// Action is something that a firm can do for its star.
type Action struct {
	// ID names it; Fact is what it moves and How, by By a step in at most Most steps.
	ID   string `yaml:"id,required"`
	Fact string `yaml:"fact,required"`
	How  string `yaml:"how,required"`
	By   int    `yaml:"by"`
	Most int    `yaml:"most"`
	// From and To are the values of a text between which HowBecome moves; when the time is run again, From is whatever it was.
	From string `yaml:"from"`
	To   string `yaml:"to"`
	// Needed: without it nothing else of the year counts, so that everything is rated as if it were done, as long as it still can be.
	Needed bool `yaml:"needed"`
	// Start: it can be begun where nothing is known yet.
	Start bool `yaml:"start"`
	// Effort is that of one step, 1 (an afternoon) to 5 (a year's work).
	Effort int `yaml:"effort,required"`
	// Text says what to do in one sentence, Proof what proves it, Who does it; Source is the source of facts that takes the proof.
	Text   string `yaml:"text,required"`
	Proof  string `yaml:"proof,required"`
	Source string `yaml:"source,required"`
	Who    string `yaml:"who,required"`
	// Last is the day that ends it.
	Last string `yaml:"last,required"`
	// Basis is where the effort comes from; Proposal is true where it is one.
	Basis    string `yaml:"basis"`
	Proposal bool   `yaml:"proposal"`
}

// Actions are what a coach.yaml says.
type Actions struct {
	// Version names it.
	Version string `yaml:"version,required"`
	// List is in the order of the file; one fact is moved by one of them.
	List []Action `yaml:"actions,required"`
}

var actionForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// maxActions and maxActionSteps bound what a search has to look at.
const (
	maxActions     = 40
	maxActionSteps = 5
)

// ParseActions reads a coach.yaml. With a scheme, an action that moves nothing of it is a mistake too; without, such an action is left aside when it is used. Returns Invalid with every mistake, named
// file:line:column.
func ParseActions(file string, data []byte, s *Scheme) (*Actions, error) {
	a := &Actions{}
	doc := yamlstrict.Decode(file, data, a)
	if n := len(a.List); n > maxActions {
		doc.Add("actions", fmt.Sprintf("最多 %d 条措施，现在有 %d 条", maxActions, n))
	}
	ids, facts := map[string]bool{}, map[string]bool{}
	for i := range a.List {
		one := &a.List[i]
		at := fmt.Sprintf("actions.%d.", i)
		add := func(key, format string, args ...any) { doc.Add(at+key, fmt.Sprintf(format, args...)) }
		within := func(key string, n, least, most int) {
			if n < least || n > most {
				add(key, "要在 %d 至 %d 之间，现在是 %d", least, most, n)
			}
		}
		words := func(key, text string, least, most int) {
			if n := utf8.RuneCountInString(text); n < least || n > most {
				add(key, "要写 %d 至 %d 个字，现在有 %d 个", least, most, n)
			}
		}
		if ids[one.ID] || !actionForm.MatchString(one.ID) {
			add("id", "代码“%s”重复，或者不是小写字母、数字和下划线", one.ID)
		}
		if facts[one.Fact] {
			add("fact", "事实 %s 已经有一条措施；一项事实只写一条", one.Fact)
		}
		ids[one.ID], facts[one.Fact] = true, true
		if one.By == 0 {
			one.By = 1
		}
		if one.Most == 0 {
			one.Most = 1
		}
		switch one.How {
		case HowCases, HowDue, HowRaise:
		case HowRound, HowYes, HowSettle, HowBecome:
			if one.By != 1 || one.Most != 1 {
				add("how", "how 是 %s 的只有一步，不写 by 和 most", one.How)
			}
		default:
			add("how", "没有“%s”；可以写 cases、round、due、raise、yes、settle、become", one.How)
		}
		if (one.From != "" && one.To != "" && one.From != one.To) != (one.How == HowBecome) || one.How != HowBecome && one.From+one.To != "" {
			add("how", "how: become 要写两个不同的取值 from 和 to；别的不写")
		}
		within("by", one.By, 1, 100)
		within("most", one.Most, 1, maxActionSteps)
		within("effort", one.Effort, 1, 5)
		words("text", one.Text, 6, 120)
		words("proof", one.Proof, 4, 120)
		words("who", one.Who, 2, 20)
		if !slices.Contains([]string{LastDays, LastSubmit, LastCutoff, LastWindow}, one.Last) {
			add("last", "没有“%s”；可以写 days、submit、cutoff、window", one.Last)
		}
		if s != nil {
			if why := one.Suits(s); why != "" {
				add("fact", "%s", why)
			}
		}
		if one.Basis == "" && !one.Proposal {
			add("effort", "没有依据的力度要写明 proposal: true")
		}
	}
	return a, doc.Err()
}

// Suits tells in Chinese why the scheme has nothing that an action could move, "" if it has: the fact is declared and read, of a kind that how moves, told by the source that takes the
// proof, and not a finding that stands.
func (a *Action) Suits(s *Scheme) string {
	at, ok := s.FactIndex(a.Fact)
	if !ok {
		return "方案 " + s.ID + " " + s.Version + " 没有事实 " + a.Fact
	}
	f := &s.Facts[at]
	fits := map[string][]string{HowCases: {TypeRatio}, HowRound: {TypeRatio, TypeChecklist}, HowDue: {TypeRatio}, HowRaise: {TypeCount}, HowYes: {TypeBool}, HowSettle: {TypeEvents}, HowBecome: {TypeText}}[a.How]
	switch {
	case !slices.Contains(fits, f.Type):
		return fmt.Sprintf("事实 %s 的类型是 %s，how: %s 动不了它", f.ID, f.Type, a.How)
	case a.Source != f.Source && a.Source != f.Otherwise:
		return fmt.Sprintf("事实 %s 由 %s 提供，不收 %s 的证明", f.ID, f.Source, a.Source)
	case f.Type == TypeEvents && f.Source != "rectification", f.Better == "lower" && f.Type != TypeEvents:
		return "事实 " + f.ID + " 是已经作出的认定，企业动不了"
	case a.How == HowBecome && (f.valueIndex(a.From) < 0 || f.valueIndex(a.To) < 0):
		return "事实 " + f.ID + " 没有取值 " + a.From + " 或 " + a.To
	case a.How == HowRaise && f.Max == nil:
		return "事实 " + f.ID + " 没有声明最大值，不知道做到多少为止"
	case !s.reads(at):
		return "方案 " + s.ID + " " + s.Version + " 的规则不读事实 " + f.ID
	}
	return ""
}

// reads reports whether a rule, a condition or an adjustment reads a fact.
func (s *Scheme) reads(fact int) bool {
	found := false
	note := func(f int) { found = found || f == fact }
	for i := range s.program.indicators {
		for _, f := range s.program.indicators[i].facts {
			note(f)
		}
	}
	for i := range s.program.adjust {
		for _, f := range s.program.adjust[i].facts {
			note(f)
		}
	}
	for i := range s.program.require {
		s.program.require[i].facts(note)
	}
	return found
}

// Lever is what an action can still do for a course. open is how many of what is due and not done can still be done in time, by fact; a fact that is not there has no such limit. Without a lever, why says in
// Chinese why not.
func (c *Course) Lever(a *Action, open map[string]int) (l Lever, why string) {
	l = Lever{ID: a.ID, Effort: a.Effort}
	most := a.Most
	if n, limited := open[a.Fact]; limited && !c.Replay {
		if n == 0 {
			return l, "期限已过，或者现在没有要办的"
		}
		most = min(most, n)
	}
	why = "已经做满"
	if a.How == HowBecome {
		why = "已经办了，或者已有结论"
	}
	if a.How == HowRound && !c.Replay && !c.ahead(a.Fact) {
		return l, "本季度已经评过，作出的结果不能改"
	}
	for k := 1; k <= most; k++ {
		var step []Setting
		further := false
		for i, st := range c.stages() {
			at, ok := st.Scheme.program.factIndex[a.Fact]
			if !ok {
				continue
			}
			f, v := &st.Scheme.Facts[at], st.Subject.Values[at]
			if i == 0 && v.State == NotApplicable || v.State == Missing && !a.Start {
				why = "现在没有要办的，或者还没有记录"
				continue
			}
			n, moved := k, Value{}
			for ; n > 0; n-- { // what is full earlier than the others stays full
				if to, ok := f.moved(a, v, n, st.Rounds, c.Replay, st.Subject.AsOf); ok && f.refuse(to) == "" {
					moved = to
					break
				}
			}
			if n == 0 {
				continue
			}
			further = further || n == k
			step = append(step, Setting{Stage: i, Fact: a.Fact, Value: moved})
		}
		if !further {
			break
		}
		l.Steps = append(l.Steps, step)
	}
	if len(l.Steps) > 0 {
		why = ""
	}
	return l, why
}

// ahead reports whether a round of a fact is still to come: the period that runs has none yet.
func (c *Course) ahead(fact string) bool {
	if c.Running == nil {
		return c.Subject.Get(fact).State == Missing
	}
	_, declared := c.Running.Scheme.FactIndex(fact)
	return declared && c.Running.Subject.Get(fact).State == Missing
}

// moved is the value after k steps of an action, the last of which may be a part of one; false if it brings nothing that the steps before did not.
func (f *Fact) moved(a *Action, v Value, k, rounds int, replay bool, asOf Date) (Value, bool) {
	n, before := num.FromInt(int64(k*a.By)), num.FromInt(int64((k-1)*a.By))
	if v.State == NotApplicable {
		return v, false
	}
	was := v
	v = Value{State: Present, Number: v.Number, Den: v.Den, Items: v.Items, Events: v.Events}
	upTo := func(most num.Num) (Value, bool) {
		v.Number = num.Min(was.Number.Add(n), most)
		return v, was.Number.Add(before).Less(most)
	}
	switch a.How {
	case HowCases:
		if replay && was.State != Missing {
			return upTo(v.Den)
		}
		v.Number, v.Den = was.Number.Add(n), was.Den.Add(n)
		return v, !was.Number.Equal(was.Den) || was.State == Missing
	case HowDue:
		return upTo(v.Den)
	case HowRound:
		return f.anotherRound(was, max(rounds, 1), replay)
	case HowRaise:
		return upTo(*f.Max)
	case HowBecome:
		v.Text = a.To
		return v, was.State != Missing && was.Text != a.To && (replay || was.Text == a.From)
	case HowYes:
		v.Number = one
		return v, was.State == Missing || was.Number.IsZero()
	case HowSettle:
		v.Events = nil
		for i := range was.Events {
			if e := &was.Events[i]; !f.Codes[f.codeIndex(e.Code)].active(e, asOf) {
				v.Events = append(v.Events, *e)
			}
		}
		return v, len(v.Events) < len(was.Events)
	}
	return v, false
}

// anotherRound adds a round in full to those that were made, or makes all of them full when the time is run again.
func (f *Fact) anotherRound(was Value, rounds int, replay bool) (Value, bool) {
	v := Value{State: Present}
	made := num.FromInt(int64(rounds))
	if was.State == Missing {
		made = num.Num{}
	}
	if f.Type == TypeRatio {
		size, err := was.Den.Quo(made)
		if size = size.Round(0, num.HalfUp); err != nil || size.IsZero() {
			size = one
		}
		v.Number, v.Den = was.Number.Add(size), was.Den.Add(size)
		if replay {
			v.Number, v.Den = size, size
		}
		return v, was.State == Missing || !was.Number.Equal(was.Den)
	}
	better := was.State == Missing
	for i := range f.Items {
		item := ItemValue{State: Present, Number: *f.Max}
		if was.State == Present {
			if was.Items[i].State != Present {
				v.Items = append(v.Items, was.Items[i])
				continue
			}
			better = better || was.Items[i].Number.Less(*f.Max)
			if !replay {
				share, _ := was.Items[i].Number.Mul(made).Add(*f.Max).Quo(made.Add(one))
				item.Number = share
			}
		}
		v.Items = append(v.Items, item)
	}
	return v, better
}

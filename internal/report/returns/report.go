package returns

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// State is where a return stands.
type State string

// The states.
const (
	// Draft: the figures are there, to be looked at by who compiles.
	Draft State = "draft"
	// Compiled: waits to be checked.
	Compiled State = "compiled"
	// Checked: waits for who answers for it.
	Checked State = "checked"
	// Reported: signed and frozen.
	Reported State = "reported"
)

// States are all states in the order of a life.
func States() []registry.Choice {
	return []registry.Choice{{ID: string(Draft), Text: "草稿"}, {ID: string(Compiled), Text: "待审核"}, {ID: string(Checked), Text: "待签发"}, {ID: string(Reported), Text: "已报出"}}
}

// Title is the state for people.
func (s State) Title() string { return registry.TextOf(States(), s) }

// Step is what is done to a return; its text is for people.
type Step string

// The steps.
const (
	StepDraft   Step = "生成草稿"
	StepTake    Step = "重新取数"
	StepType    Step = "填写"
	StepCompile Step = "送审"
	StepRecall  Step = "撤回"
	StepCheck   Step = "审核"
	StepReturn  Step = "退回"
	StepSign    Step = "签发"
	StepCorrect Step = "更正"
	StepGiveUp  Step = "放弃更正"
)

// steps say from which state each step leads to which, and by which right.
var steps = map[Step]struct {
	from   []State
	to     State
	action policy.Action
}{
	StepTake:    {[]State{Draft}, Draft, policy.CompileReturn},
	StepType:    {[]State{Draft}, Draft, policy.CompileReturn},
	StepCompile: {[]State{Draft}, Compiled, policy.CompileReturn},
	StepRecall:  {[]State{Compiled}, Draft, policy.CompileReturn},
	StepCheck:   {[]State{Compiled}, Checked, policy.CheckReturn},
	StepReturn:  {[]State{Compiled, Checked}, Draft, policy.CheckReturn},
	StepSign:    {[]State{Checked}, Reported, policy.SignReturn},
	StepCorrect: {[]State{Reported}, Draft, policy.CompileReturn},
	StepGiveUp:  {[]State{Draft}, Reported, policy.CompileReturn},
}

// Hands are who made a version, and when.
type Hands struct {
	// Compiled, Checked and Signed are 制表, 审核 and 负责人, empty before.
	Compiled supervision.Hand `json:"compiled,omitzero"`
	Checked  supervision.Hand `json:"checked,omitzero"`
	Signed   supervision.Hand `json:"signed,omitzero"`
}

// Version is what was reported once. It never changes.
type Version struct {
	// No counts from 1; Figures is the digest under which the numbers are kept, Taken when they were counted.
	No      int64            `json:"no"`
	Figures string           `json:"figures" privacy:"public"`
	Taken   supervision.Hand `json:"taken"`
	Hands
	// To is the addressee, Note what was said with it, Reason why it corrects the one before, "" for the first.
	To     string `json:"to" privacy:"public"`
	Note   string `json:"note,omitempty" privacy:"internal"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
}

// Return is one return of one term and scope.
type Return struct {
	// Form is the id of the return, Title its name; Term is the id of the term, Words what people call it, Days its days.
	Form  string        `json:"form" privacy:"public"`
	Title string        `json:"title" privacy:"public"`
	Term  string        `json:"term" privacy:"public"`
	Words string        `json:"words" privacy:"public"`
	Days  calendar.Span `json:"days"`
	// Scope is policy.County or the id of a township, Place its name.
	Scope string `json:"scope" privacy:"public"`
	Place string `json:"place" privacy:"public"`
	// Due is when it is to be reported.
	Due calendar.Deadline `json:"due"`
	// State is where it stands, Last what was done last by whom, Reason why it was returned or is corrected.
	State  State            `json:"state" privacy:"public"`
	Last   Step             `json:"last" privacy:"internal"`
	Hand   supervision.Hand `json:"hand"`
	Reason string           `json:"reason,omitempty" privacy:"internal"`
	// Figures is the digest of the numbers on the desk, Taken when they were counted; while it is reported they are those of the last version.
	Figures string           `json:"figures" privacy:"public"`
	Taken   supervision.Hand `json:"taken"`
	Hands
	// Typed is what was filled in by hand; it stands in the numbers too.
	Typed []Typed `json:"typed,omitempty"`
	// To is the addressee, Note what is said with it.
	To   string `json:"to" privacy:"public"`
	Note string `json:"note,omitempty" privacy:"internal"`
	// Correcting is why what was reported is corrected, "" unless that is being done.
	Correcting string `json:"correcting,omitempty" privacy:"internal"`
	// Versions are what was reported, oldest first.
	Versions []Version `json:"versions,omitempty"`
}

// Version is the reported version of a number, nil if there is none.
func (r *Return) Version(no int64) *Version {
	i := slices.IndexFunc(r.Versions, func(v Version) bool { return v.No == no })
	if i < 0 {
		return nil
	}
	return &r.Versions[i]
}

// LastVersion is the one that was reported last, nil before.
func (r *Return) LastVersion() *Version { return r.Version(int64(len(r.Versions))) }

// Name is what people call it.
func (r *Return) Name() string { return r.Words + r.Title + placeWord(r) }

func placeWord(r *Return) string {
	if r.Scope == policy.County {
		return ""
	}
	return "（" + r.Place + "）"
}

// Waits reports whether it is not reported, or being corrected.
func (r *Return) Waits() bool { return r.State != Reported }

// Late reports whether it was not reported in time on a day; what is being corrected was.
func (r *Return) Late(on calendar.Date) bool {
	return len(r.Versions) == 0 && r.Due.Resolved() && r.Due.Due.Compare(on) < 0
}

// maxVersions keeps a document far below the limit of a record.
const maxVersions = 50

func (r *Return) keys() []string {
	if r.Scope == policy.County {
		return []string{policy.County}
	}
	return []string{policy.TownshipKey(r.Scope)}
}

const (
	returnKind  = "return"
	figuresKind = "return-figures"
	byScope     = "scope"
	byTerm      = "term"
	byState     = "state"
)

// idOf is the document of a return, a term and a scope.
func idOf(form, term, scope string) string { return form + "." + term + "." + scope }

// returnDocument is how returns are stored.
func returnDocument() casework.Kind[Return] {
	listed := func(r *Return) []string {
		return append(slices.DeleteFunc(r.keys(), func(k string) bool { return k == policy.County }), policy.County)
	}
	sort := func(id string, r *Return) string { return r.Days.Last.String() + id }
	with := func(before string, r *Return) []string {
		out := listed(r)
		for i := range out {
			out[i] = before + out[i]
		}
		return out
	}
	return casework.Kind[Return]{Word: "这张报表", Read: policy.ReadReturn,
		Kind: store.Kind[Return]{Name: returnKind, Version: 1, Indexes: []store.Index[Return]{
			{Name: byScope, Keys: func(_ string, r *Return) []string { return listed(r) }, Sort: sort},
			{Name: byTerm, Keys: func(_ string, r *Return) []string { return with(r.Form+"/", r) }, Sort: sort},
			{Name: byState, Keys: func(_ string, r *Return) []string { return with(string(r.State)+"/", r) }, Sort: sort},
		}},
		Row: func(r *Return) casework.Row {
			return casework.Row{Keys: r.keys(), Day: r.Days.Last, State: r.State.Title()}
		}}
}

// Part is a part of the numbers or of a list of a return, which are kept under the digest of their content: what is the same is kept once, and what is kept never changes.
type Part struct {
	// Data is base64 of compressed JSON, Parts how many parts there are.
	Data  string `json:"data" privacy:"internal"`
	Parts int64  `json:"parts"`
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Form is the id of a return, Term of a term, Scope of a township or policy.County, State a state; Text is looked for in names.
	Form, Term, Scope string
	State             State
	Text              string
	// Late keeps what was not reported in time, as of On.
	Late bool
	On   calendar.Date
}

func (w Filter) lets(r *Return) bool {
	return (w.Form == "" || r.Form == w.Form) && (w.Term == "" || r.Term == w.Term) && (w.Scope == "" || r.Scope == w.Scope) && (w.State == "" || r.State == w.State) && (!w.Late || r.Late(w.On)) &&
		(strings.TrimSpace(w.Text) == "" || registry.Finds(r.Title, w.Text) || registry.Finds(r.Place, w.Text) || strings.Contains(r.Words, strings.TrimSpace(w.Text)))
}

// query is the narrowest query of a filter for a scope.
func (w Filter) query(scope policy.Scope) store.Query {
	q := store.Query{Index: byScope, Desc: true}
	before := ""
	switch {
	case w.Form != "":
		q.Index, before = byTerm, w.Form+"/"
	case w.State != "":
		q.Index, before = byState, string(w.State)+"/"
	}
	if scope.All() {
		q.Key = before + policy.County
		return q
	}
	q.In = []string{}
	for _, key := range scope.Keys() {
		q.In = append(q.In, before+key)
	}
	return q
}

// List returns a page of returns, the newest term first. Returns Forbidden without ReadReturn.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, after string) (store.Page[Return], error) {
	scope, err := s.rows.Scope(ctx, by, policy.ReadReturn)
	if err != nil {
		return store.Page[Return]{}, err
	}
	q := w.query(scope)
	q.After = after
	page, err := s.rows.Docs.ListWhere(ctx, q, func(d *store.Doc[Return]) bool {
		s.resolve(&d.State)
		return scope.Covers(d.State.keys(), d.State.Days.Last) && w.lets(&d.State)
	})
	for i := range page.Docs {
		s.resolve(&page.Docs[i].State)
	}
	return page, err
}

// All returns every return of a list. Errors as those of List.
func (s *Service) All(ctx context.Context, by policy.Actor, w Filter) ([]store.Doc[Return], error) {
	return paged(func(after string) (store.Page[Return], error) { return s.List(ctx, by, w, after) })
}

// resolve looks again for a day that lay beyond the loaded calendar.
func (s *Service) resolve(r *Return) { r.Due = s.Resolve(r.Due) }

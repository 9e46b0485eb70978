package cycle

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Remark is what somebody said of the stars of a year while they were shown to the public (公示意见).
type Remark struct {
	// Case holds the compound, "" for the whole publicity, scope keys and the day on which it came; its clock is that of the answer, its reason why everybody does not read it.
	casework.Case
	// Year and YearName are the year, Came the moment.
	Year     string       `json:"year" privacy:"public"`
	YearName string       `json:"year_name" privacy:"public"`
	Came     journal.Time `json:"came"`
	// Words are what was said; who said it and a phone are for who answers only.
	Words string `json:"words" privacy:"internal"`
	Who   string `json:"who,omitempty" privacy:"pii"`
	Phone string `json:"phone,omitempty" privacy:"pii"`
	// State is where it stands, Last what was done last.
	State RemarkState `json:"state" privacy:"public"`
	Last  RemarkStep  `json:"last" privacy:"public"`
	// Answer is the answer, nil before; Public is what everybody reads of the remark once it was reviewed, "" while it is kept back; Reviewed says who reviewed it.
	Answer   *Answer          `json:"answer,omitempty"`
	Public   string           `json:"public,omitempty" privacy:"public"`
	Reviewed supervision.Hand `json:"reviewed,omitzero"`
}

// RemarkState is where a remark stands. A new one gets a row in remarkSteps and a word and colour in internal/web.
type RemarkState string

// The states of a remark.
const (
	// RemarkOpen waits for its answer.
	RemarkOpen RemarkState = "open"
	// RemarkAnswered was answered; another person decides whether everybody reads it.
	RemarkAnswered RemarkState = "answered"
	// RemarkShown was reviewed, and everybody reads it with its answer.
	RemarkShown RemarkState = "shown"
	// RemarkKept was reviewed and is not shown.
	RemarkKept RemarkState = "kept"
)

// RemarkStates are all states in the order of a life.
func RemarkStates() []RemarkState {
	return []RemarkState{RemarkOpen, RemarkAnswered, RemarkShown, RemarkKept}
}

// Title is the state for people.
func (s RemarkState) Title() string {
	return map[RemarkState]string{RemarkOpen: "意见待答复", RemarkAnswered: "答复待审核", RemarkShown: "已公开答复", RemarkKept: "已答复不公开"}[s]
}

// RemarkStep is what is done to a remark; it names the form on its page.
type RemarkStep string

// The steps.
const (
	RemarkMake   RemarkStep = "make"
	RemarkAnswer RemarkStep = "answer"
	// RemarkShow shows it to everybody, RemarkKeep keeps it back, also after it was shown.
	RemarkShow RemarkStep = "show"
	RemarkKeep RemarkStep = "keep"
)

// RemarkSteps are all steps in the order of a life.
func RemarkSteps() []RemarkStep {
	return []RemarkStep{RemarkMake, RemarkAnswer, RemarkShow, RemarkKeep}
}

// Title is the step for people.
func (s RemarkStep) Title() string {
	return map[RemarkStep]string{RemarkMake: "提出意见", RemarkAnswer: "答复", RemarkShow: "审核后公开", RemarkKeep: "不公开"}[s]
}

// Action is the right that a step asks for.
func (s RemarkStep) Action() policy.Action {
	if s == RemarkMake {
		return policy.MakeRemark
	}
	return policy.HandleRemark
}

// remarkSteps is the one table of transitions; what is not in it is a Conflict.
var remarkSteps = casework.Table[RemarkState, RemarkStep]{
	"":             {RemarkMake: RemarkOpen},
	RemarkOpen:     {RemarkAnswer: RemarkAnswered},
	RemarkAnswered: {RemarkShow: RemarkShown, RemarkKeep: RemarkKept},
	RemarkShown:    {RemarkKeep: RemarkKept},
	RemarkKept:     {RemarkShow: RemarkShown},
}

// Next is what comes next and who does it.
func (r *Remark) Next() string {
	switch r.State {
	case RemarkOpen:
		return "物业管理股核实后答复"
	case RemarkAnswered:
		return "由答复以外的人审核是否公开"
	}
	return ""
}

// Remarks are what the public said of the stars of years. Every call names the actor; a refused call writes nothing.
type Remarks struct {
	*casework.Rows[Remark]
	cycle *Service
	desk  casework.Desk
}

const (
	remarkKind = "remark"
	remarkWord = "这条公示意见"
	// byYear lists the remarks of a year, and under year/public those that everybody reads; byCame lists them by the day on which they came.
	byYear, byCame = "year", "came"
	publicRemarks  = "/public"
	// ruleRemark is the period of the answer, ruleForget that after which name and phone are destroyed.
	ruleRemark, ruleForget = "rating.remark_answer", "rating.remark_personal"
	// The bounds of texts in characters, and how far back persons are forgotten, in days.
	maxWho, forgetBack = 20, 800
)

// Dues are the clocks of the answers to remarks that run. It asks for no right: for reminders.
func (r *Remarks) Dues(ctx context.Context) ([]casework.Due, error) {
	out, err := r.Rows.Dues(ctx, casework.ByScope, policy.County, func(one *Remark) *casework.Case { return &one.Case }, func(one *Remark) (string, bool, casework.Acts) {
		if one.State != RemarkOpen {
			return "", false, nil
		}
		return cmp.Or(one.Name, "全县") + "的" + one.YearName + "公示意见，答复", false, r.Rows.Acting(policy.HandleRemark, one)
	})
	for i := range out {
		out[i].Project = cmp.Or(out[i].Project, remarkKind) // what is about the publicity as a whole
	}
	return out, err
}

func newRemarks(ctx context.Context, s *Service) (*Remarks, error) {
	listed := func(_ string, r *Remark) []string { return append([]string{policy.County}, r.Keys...) }
	came := func(_ string, r *Remark) string { return store.SortTime(r.Came.Time) }
	rows, err := casework.NewRows(ctx, s.db, s.guard, casework.Kind[Remark]{
		Kind: store.Kind[Remark]{Name: remarkKind, Version: 1, Subject: func(id string, _ *Remark) string { return remarkKind + "/" + id }, Indexes: []store.Index[Remark]{
			{Name: casework.ByScope, Keys: listed, Sort: came},
			{Name: byYear, Keys: func(_ string, r *Remark) []string {
				if r.State == RemarkShown {
					return []string{r.Year, r.Year + publicRemarks}
				}
				return []string{r.Year}
			}, Sort: came},
			{Name: byCame, Keys: func(_ string, r *Remark) []string { return []string{r.Opened.String()} }, Sort: came},
		}},
		Word: remarkWord, Read: policy.HandleRemark,
		Row: func(r *Remark) casework.Row { return casework.Row{Keys: r.Keys, Day: r.Opened, State: r.State.Title()} },
	})
	return &Remarks{Rows: rows, cycle: s, desk: casework.Desk{DB: s.db, Guard: s.guard, Keeper: s.keeper, Deadlines: s.deadlines, Now: s.db.Now}}, err
}

// Remarks are the remarks of the public on the stars of years.
func (s *Service) Remarks() *Remarks { return s.remarked }

// Today is the business day.
func (r *Remarks) Today() calendar.Date { return r.desk.Today() }

// waiting counts the remarks of a year that wait for their answer, from their heads.
func (r *Remarks) waiting(ctx context.Context, year string) (n int, err error) {
	for q := (store.Query{Index: byYear, Key: year, Limit: store.MaxLimit}); ; {
		page, err := r.Docs.ListHeads(ctx, q)
		if err != nil {
			return 0, err
		}
		for i := range page.Heads {
			if page.Heads[i].State.State == RemarkOpen {
				n++
			}
		}
		if q.After = page.Next; q.After == "" {
			return n, nil
		}
	}
}

// RemarkInput is what the form of a remark says.
type RemarkInput struct {
	// Year and Project say of what, Project "" for the whole publicity; Words what, Who and Phone by whom, "" for nobody.
	Year, Project, Words, Who, Phone string
}

// Make takes a remark in while the stars of a year are shown; anybody may. The same form twice is one remark. Returns Forbidden without MakeRemark, NotFound if the year is not shown or the compound not in it, Invalid for refused fields (words, who, phone),
// Conflict if the publicity has ended.
func (r *Remarks) Make(ctx context.Context, by policy.Actor, in RemarkInput, idem *store.Idem) (store.Doc[Remark], error) {
	const op = "cycle.Remark"
	none := store.Doc[Remark]{}
	if err := r.desk.Guard.Require(by, policy.MakeRemark); err != nil {
		return none, err
	}
	who := by.ID
	if who == "" {
		who = string(policy.Anonymous)
	}
	meta := store.Meta{By: who, Action: string(policy.MakeRemark), Why: RemarkMake.Title(), Idem: idem}
	if doc, done, err := r.Docs.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	p, err := r.cycle.shownYear(ctx, in.Year)
	if err != nil {
		return none, err
	}
	h, err := r.cycle.Hearing(ctx, &p)
	if err != nil {
		return none, err
	}
	if p.State != StateEvaluated || !h.Shows {
		return none, fault.New(op, fault.Conflict, p.Name+"的公示期到"+h.Shown.Chinese()+"为止，已经届满，不再接收公示意见；仍有意见的，请向县住建局物业管理股反映")
	}
	one := Remark{Case: casework.Case{Project: in.Project, Keys: []string{}, Opened: r.Today(), By: who}, Year: p.ID, YearName: p.Name, Came: journal.At(r.desk.Now()), Words: in.Words, Who: strings.TrimSpace(in.Who), Phone: strings.ReplaceAll(strings.TrimSpace(in.Phone), " ", ""), State: RemarkOpen, Last: RemarkMake}
	if in.Project != "" {
		stored, err := r.cycle.archive.Result(ctx, p.shown().Evaluation, in.Project)
		if fault.Is(err, fault.NotFound) {
			return none, fault.New(op, fault.NotFound, "公示里没有这个小区")
		}
		if err != nil {
			return none, err
		}
		one.Name, one.Place, one.Keys = stored.Name, stored.Place, stored.Keys
	}
	f := r.desk.Check()
	f.Text("words", "意见", &one.Words, leastGround, maxGround)
	if found := supervision.Personal(one.Words); found != "" {
		f.Fail("words", "“%s”像电话、证件号或者门牌，请不要写在意见里，联系方式填在下面", found)
	}
	if one.Who != "" {
		f.Text("who", "称呼", &one.Who, 1, maxWho)
	}
	if one.Phone != "" && !registry.ValidPhone(one.Phone) {
		f.Fail("phone", "电话“%s”不像手机号或者座机号", one.Phone)
	}
	if err := f.Err(); err != nil {
		return none, err
	}
	if one.Clock, err = r.desk.Deadlines(ruleRemark, one.Opened); err != nil {
		return none, err
	}
	return r.Docs.Commit(ctx, meta, r.desk.DB.NewID(meta), 0, one)
}

// Do carries a step out. Returns Forbidden without HandleRemark and for who answered and wants to review it, NotFound outside the scope, Invalid for refused fields (text), Conflict for a step that the state does not know or if somebody was quicker.
func (r *Remarks) Do(ctx context.Context, by policy.Actor, at casework.At, do RemarkStep, in casework.Input) (store.Doc[Remark], error) {
	return r.Change(ctx, by, policy.HandleRemark, at, do.Title(), func(one *Remark) error {
		next, err := remarkSteps.Next(remarkWord, one.State, do)
		if err != nil {
			return err
		}
		if err := one.apart(by, do); err != nil {
			return err
		}
		hand := supervision.HandOf(r.desk.Guard.Rules(), by, policy.HandleRemark, journal.At(r.desk.Now()))
		f := r.desk.Check()
		switch do {
		case RemarkAnswer:
			f.Text("text", "答复", &in.Text, leastGround, maxAnswer)
			one.Answer, one.Clock = &Answer{Hand: hand, Words: in.Text}, calendar.Deadline{}
		case RemarkShow:
			f.Text("text", "公开的意见", &in.Text, leastGround, maxGround)
			if found := supervision.Personal(in.Text + " " + one.Answer.Words); found != "" {
				f.Fail("text", "“%s”像电话、证件号或者门牌，不能公开", found)
			}
			one.Public, one.Reviewed, one.Reason = in.Text, hand, ""
		case RemarkKeep:
			f.Text("text", "不公开的理由", &in.Text, leastGround, maxGround)
			one.Public, one.Reviewed, one.Reason = "", hand, in.Text
		}
		one.State, one.Last = next, do
		return f.Err()
	})
}

// apart refuses to review what one has answered.
func (r *Remark) apart(by policy.Actor, do RemarkStep) error {
	if do == RemarkAnswer || r.Answer == nil {
		return nil
	}
	return policy.Separate(by, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: r.Answer.By}})
}

// Can reports whether the actor can take a step now.
func (r *Remarks) Can(_ context.Context, by policy.Actor, one *Remark, do RemarkStep) bool {
	if _, err := remarkSteps.Next(remarkWord, one.State, do); err != nil || one.State == "" {
		return false
	}
	return r.desk.Guard.Allow(by, policy.HandleRemark) && one.apart(by, do) == nil
}

// List returns one page of the remarks, the latest first; state and year keep those of them, "" all; text is looked for in words and names. Returns Forbidden without HandleRemark.
func (r *Remarks) List(ctx context.Context, by policy.Actor, text, year string, state RemarkState, after string) (store.Page[Remark], error) {
	return r.Page(ctx, by, store.Query{Index: casework.ByScope, Desc: true, After: after, Limit: casework.PageSize}, func(one *Remark) bool {
		return (year == "" || one.Year == year) && (state == "" || one.State == state) && casework.Says(text, one.Name, one.Words)
	})
}

// OpenRemark is what everybody reads of a remark.
type OpenRemark struct {
	// Name is the compound, "" for the whole publicity; Words what was said, as it was reviewed, Answer what was answered.
	Name, Words, Answer string
	// Came and Answered are the days.
	Came, Answered calendar.Date
}

// Open returns the remarks on a year that were reviewed for everybody, the latest first. Anybody may ask.
func (r *Remarks) Open(ctx context.Context, year string) ([]OpenRemark, error) {
	page, err := r.Docs.List(ctx, store.Query{Index: byYear, Key: year + publicRemarks, Desc: true, Limit: store.MaxLimit})
	if err != nil {
		return nil, err
	}
	var out []OpenRemark
	for i := range page.Docs {
		if one := &page.Docs[i].State; one.State == RemarkShown && one.Answer != nil {
			out = append(out, OpenRemark{Name: one.Name, Words: one.Public, Answer: one.Answer.Words, Came: one.Opened, Answered: calendar.DateOf(one.Answer.At.Time)})
		}
	}
	return out, nil
}

// Forget destroys name and phone of remarks that came longer ago than rating.remark_personal says; what was said and answered stays.
func (r *Remarks) Forget(ctx context.Context) error {
	meta := store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "提意见人的个人信息保存期满"}
	for back := 1; back <= forgetBack; back++ {
		day := r.Today().Add(-back)
		term, err := r.desk.Deadlines(ruleForget, day)
		if err != nil {
			return err
		}
		if !term.Late(r.desk.Now()) {
			continue
		}
		page, err := r.Docs.List(ctx, store.Query{Index: byCame, Key: day.String(), Limit: store.MaxLimit})
		if err != nil {
			return err
		}
		for _, d := range slices.DeleteFunc(page.Docs, func(d store.Doc[Remark]) bool { return d.Purged }) {
			if err := r.desk.DB.Purge(ctx, meta, remarkKind+"/"+d.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

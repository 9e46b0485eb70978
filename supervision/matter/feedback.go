package matter

import (
	"context"
	"fmt"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Feedback is what a township or a department is told of a month or a quarter (定期反馈). What it says is frozen when it is made: what happens to the matters later changes nothing of it.
type Feedback struct {
	// Period is the one that it is about, Township or Department the receiver's id, the other one "", Receiver its name.
	Period     string `json:"period" privacy:"public"`
	Township   string `json:"township,omitempty" privacy:"public"`
	Department string `json:"department,omitempty" privacy:"public"`
	Receiver   string `json:"receiver" privacy:"public"`
	// Made is when and by whom it was made; By is the system's account for the nightly job.
	Made supervision.Hand `json:"made"`
	// Total are the figures of all, Before those of the period before as they were then, Kinds those of each kind.
	Total  Counts       `json:"total"`
	Before Counts       `json:"before"`
	Kinds  []CountsLine `json:"kinds,omitempty"`
	// Least is below how many cases no rate is shown.
	Least int64 `json:"least"`
	// Late, Again and Open are what was overdue, reopened, and open otherwise, of whatever period; LateN, AgainN and OpenN how many there were, because long lists are cut.
	Late   []FeedbackLine `json:"late,omitempty"`
	Again  []FeedbackLine `json:"again,omitempty"`
	Open   []FeedbackLine `json:"open,omitempty"`
	LateN  int64          `json:"late_n"`
	AgainN int64          `json:"again_n"`
	OpenN  int64          `json:"open_n"`
	// Due is until when it is signed for, Signed by whom and when, empty before.
	Due    calendar.Deadline `json:"due"`
	Signed supervision.Hand  `json:"signed,omitzero"`
}

// CountsLine are the figures of one group.
type CountsLine struct {
	// Name is what the group is called.
	Name string `json:"name" privacy:"public"`
	Counts
}

// FeedbackLine is one matter as it was then.
type FeedbackLine struct {
	// ID is its id; Title, Place, State and Department are words, Due the last day of its deadline.
	ID         string        `json:"id" privacy:"public"`
	Title      string        `json:"title" privacy:"public"`
	Place      string        `json:"place" privacy:"internal"`
	State      string        `json:"state" privacy:"public"`
	Department string        `json:"department,omitempty" privacy:"public"`
	Due        calendar.Date `json:"due,omitzero"`
}

// Asks is what the receiver is to do, in words.
func (f *Feedback) Asks() []string {
	var out []string
	add := func(n int64, text string) {
		if n > 0 {
			out = append(out, fmt.Sprintf("%d 件%s", n, text))
		}
	}
	add(f.LateN, "已经逾期：马上办理，办不了的在系统里写明原因，答复以前不再计为按期。")
	add(f.AgainN, "上报人要求重新办理：重新派单、到现场看过再答复。")
	add(f.OpenN, "还在办理：在期限以内签收、答复，来不及的在届满以前申请延期。")
	if len(out) == 0 {
		out = []string{"没有逾期、重新办理和没有办结的事项。"}
	}
	return append(out, "核对这份反馈并签收；有出入的向派单员提出，更正以后反映在下一期。")
}

const (
	feedbackKind = "matter-feedback"
	// feedbackRule is until when a feedback is signed for.
	feedbackRule = "matter.feedback"
	// feedbackLines is how many matters each list of a feedback holds at most.
	feedbackLines = 60
)

// receiverKey is the key under which a feedback is listed for its receiver.
func (f *Feedback) receiverKey() string {
	if f.Department != "" {
		return unitKey(f.Department)
	}
	return policy.TownshipKey(f.Township)
}

func feedbackDocument() store.Kind[Feedback] {
	return store.Kind[Feedback]{Name: feedbackKind, Version: 1, Indexes: []store.Index[Feedback]{{Name: byScope, Keys: func(_ string, f *Feedback) []string {
		keys := []string{f.receiverKey(), policy.County}
		if f.Signed.By == "" {
			keys = append(keys, "open/"+f.receiverKey())
		}
		return keys
	}, Sort: func(_ string, f *Feedback) string {
		if f.Made.At.IsZero() {
			return ""
		}
		return store.SortTime(f.Made.At.Time) + f.Period + f.receiverKey()
	}}}}
}

// idOfFeedback is the stream of a receiver's feedback.
func idOfFeedback(p Period, township, department string) string {
	if department != "" {
		return p.String() + ".u." + department
	}
	return p.String() + ".t." + township
}

// MakeFeedbackDue makes the feedback of the month that ended before today and, after the end of one, of the quarter. A job of every month; twice is once.
func (s *Service) MakeFeedbackDue(ctx context.Context) error {
	today := s.today()
	year, month, _ := today.Parts()
	first, err := calendar.NewDate(year, month, 1)
	if err != nil {
		return err
	}
	last := first.Add(-1)
	periods := []Period{MonthOf(last)}
	if q := calendar.QuarterOf(last); q.Span().Last == last {
		periods = append(periods, Period{q.String()})
	}
	for _, p := range periods {
		if err := s.makeFeedback(ctx, store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "定期反馈"}, supervision.Hand{By: policy.SystemActor().ID, At: journal.At(s.Now())}, p, func(string) bool { return true }); err != nil {
			return err
		}
	}
	return nil
}

// MakeFeedback makes the feedback of a period for the townships and departments of a dispatcher that have none yet: for the whole county all of them, else his townships. Returns Forbidden without DispatchMatter, Invalid for a period that is not over.
func (s *Service) MakeFeedback(ctx context.Context, by policy.Actor, p Period) error {
	const op = "matter.MakeFeedback"
	scope, err := s.desk.Scope(ctx, by, policy.DispatchMatter)
	if err != nil {
		return err
	}
	if p.IsZero() || p.Span().Last.Compare(s.today()) >= 0 {
		return fault.InvalidFields(op, fault.Field{Name: "period", Message: "这段时间还没有过完，不能反馈"})
	}
	return s.makeFeedback(ctx, store.Meta{By: by.ID, Action: string(policy.DispatchMatter), Why: "定期反馈"}, s.hand(by, policy.DispatchMatter), p, func(key string) bool { return scope.All() || scope.Covers([]string{key}, s.today()) })
}

// makeFeedback makes what is missing of a period, for the receivers that covers lets through.
func (s *Service) makeFeedback(ctx context.Context, meta store.Meta, hand supervision.Hand, p Period, covers func(key string) bool) error {
	towns, err := s.Places.DivisionsAt(ctx, registry.LevelTownship, s.today())
	if err != nil {
		return err
	}
	var list []Feedback
	for _, t := range towns {
		list = append(list, Feedback{Township: t.ID, Receiver: t.Display})
	}
	for _, d := range s.Tree.departments {
		list = append(list, Feedback{Department: d.ID, Receiver: d.Title})
	}
	for i := range list {
		f := &list[i]
		id := idOfFeedback(p, f.Township, f.Department)
		if !covers(f.receiverKey()) {
			continue
		}
		if _, err := s.feedbacks.Head(ctx, id); !fault.Is(err, fault.NotFound) {
			if err != nil {
				return err
			}
			continue
		}
		f.Period, f.Made, f.Least = p.String(), hand, s.Tree.least
		if err := s.fillFeedback(ctx, p, f); err != nil {
			return err
		}
		if f.Total.Reported == 0 && f.LateN+f.AgainN+f.OpenN == 0 {
			continue // nothing to tell
		}
		if _, err := s.feedbacks.Commit(ctx, meta, id, 0, *f); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return nil
}

// before is the period before another one of the same length.
func (p Period) before() Period {
	last := p.Span().First.Add(-1)
	switch len(p.text) {
	case len("2026Q3"):
		return Period{calendar.QuarterOf(last).String()}
	case len("2026"):
		return Period{calendar.Year(last.Year()).String()}
	}
	return MonthOf(last)
}

// fillFeedback counts and lists what a feedback tells.
func (s *Service) fillFeedback(ctx context.Context, p Period, f *Feedback) (err error) {
	if f.Due, err = s.Deadlines(feedbackRule, s.today()); err != nil {
		return err
	}
	key, today := f.receiverKey(), s.today()
	kinds := map[string]*Figure{}
	theirs := func(one *facts) bool { return f.Department == "" || one.Department == f.Department }
	if err := s.eachFact(ctx, p, []string{key}, func(one *facts) {
		if !theirs(one) {
			return
		}
		f.Total.add(one, today)
		if kinds[one.Kind] == nil {
			kinds[one.Kind] = &Figure{ID: one.Kind}
		}
		kinds[one.Kind].add(one, today)
	}); err != nil {
		return err
	}
	if err := s.eachFact(ctx, p.before(), []string{key}, func(one *facts) {
		if theirs(one) {
			f.Before.add(one, today)
		}
	}); err != nil {
		return err
	}
	named, err := s.named(ctx, ByKind, kinds)
	if err != nil {
		return err
	}
	for _, k := range named {
		f.Kinds = append(f.Kinds, CountsLine{k.Name, k.Counts})
	}
	for q := (store.Query{Index: byDue, Key: key, Limit: store.MaxLimit}); ; {
		page, err := s.rows.List(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Docs {
			m := &page.Docs[i].State
			if f.Department != "" && m.Department != f.Department {
				continue
			}
			m.Due = s.Resolve(m.Due)
			list, n := &f.Open, &f.OpenN
			switch {
			case m.Late(s.Now()):
				list, n = &f.Late, &f.LateN
			case m.Reopened > 0:
				list, n = &f.Again, &f.AgainN
			}
			if *n++; *n <= feedbackLines {
				*list = append(*list, FeedbackLine{ID: page.Docs[i].ID, Title: m.CategoryTitle, Place: m.Place(), State: m.State.Title(), Department: m.DepartmentTitle, Due: m.Due.Due})
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// receives reports whether a person signs for a feedback: who handles matters of the department, who has an office for the township itself.
func (s *Service) receives(by policy.Actor, f *Feedback) bool {
	if f.Department != "" {
		d, err := s.Tree.Department(f.Department)
		return err == nil && d.has(by)
	}
	for _, a := range by.Appointments {
		if ok, _ := s.Guard.Rules().RoleAllows(a.Role, policy.ReadMatterFigures); !ok {
			continue
		}
		for _, key := range a.Scopes {
			if key == policy.TownshipKey(f.Township) {
				return true
			}
		}
	}
	return false
}

// sees reports whether a feedback exists for a person: who receives it, and who counts the whole county or the township.
func (s *Service) sees(by policy.Actor, scope policy.Scope, f *Feedback) bool {
	if s.receives(by, f) {
		return true
	}
	_, own := s.figureKeys(by, scope)
	return own == nil && (scope.All() || f.Township != "" && scope.Covers([]string{policy.TownshipKey(f.Township)}, s.today()))
}

// Feedbacks returns up to 50 feedbacks, the last made first, and the cursor of the next page; open: only those for which the actor is to sign. Returns Forbidden without ReadMatterFigures.
func (s *Service) Feedbacks(ctx context.Context, by policy.Actor, open bool, after string) (store.Page[Feedback], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadMatterFigures)
	if err != nil {
		return store.Page[Feedback]{}, err
	}
	before := ""
	if open {
		before = "open/"
	}
	q := store.Query{Index: byScope, In: []string{}, After: after, Limit: perPage, Desc: true}
	for _, d := range s.Tree.Of(by) {
		q.In = append(q.In, before+unitKey(d.ID))
	}
	for _, key := range scope.Keys() {
		if strings.HasPrefix(key, policy.TownshipKey("")) {
			q.In = append(q.In, before+key)
		}
	}
	if _, own := s.figureKeys(by, scope); scope.All() && own == nil && !open {
		q.Key, q.In = policy.County, nil
	}
	return s.feedbacks.ListWhere(ctx, q, func(d *store.Doc[Feedback]) bool {
		return s.sees(by, scope, &d.State) && (!open || s.receives(by, &d.State))
	})
}

// Feedback returns a feedback, and whether the actor is to sign for it. Returns Forbidden without ReadMatterFigures, NotFound for one that is not for him.
func (s *Service) Feedback(ctx context.Context, by policy.Actor, id string) (store.Doc[Feedback], bool, error) {
	const op = "matter.Feedback"
	none := store.Doc[Feedback]{}
	scope, err := s.desk.Scope(ctx, by, policy.ReadMatterFigures)
	if err != nil {
		return none, false, err
	}
	if !journal.ValidID(id) {
		return none, false, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	doc, err := s.feedbacks.Load(ctx, id)
	if err != nil {
		return none, false, err
	}
	if !s.sees(by, scope, &doc.State) {
		return none, false, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	doc.State.Due = s.Resolve(doc.State.Due)
	return doc, doc.State.Signed.By == "" && s.receives(by, &doc.State), nil
}

// SignFeedback signs for a feedback (签收). Errors as those of Feedback, Forbidden for somebody who does not receive it, Conflict if it is signed already.
func (s *Service) SignFeedback(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Feedback], error) {
	const op = "matter.SignFeedback"
	none := store.Doc[Feedback]{}
	if err := s.Guard.Require(by, policy.ReadMatterFigures); err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.ReadMatterFigures), Why: "签收定期反馈", Idem: at.Idem}
	if doc, done, err := s.feedbacks.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, may, err := s.Feedback(ctx, by, at.ID)
	switch {
	case err != nil:
		return none, err
	case doc.State.Signed.By != "":
		return none, fault.New(op, fault.Conflict, "这份反馈已经签收，请刷新后再看")
	case !may:
		return none, &fault.Error{Op: op, Kind: fault.Forbidden, Message: "这份反馈由" + doc.State.Receiver + "签收", Rule: "定期反馈：由接收的乡镇或者部门签收"}
	}
	f := doc.State
	f.Signed = s.hand(by, policy.ReadMatterFigures)
	return s.feedbacks.Commit(ctx, meta, at.ID, at.Seq, f)
}

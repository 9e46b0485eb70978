package inspection

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Walk is a visit with its sheet and the answers so far.
type Walk struct {
	Visit store.Doc[Visit]
	// Sheet is nil until the visit begins; then Answers are those given, by item id.
	Sheet   *Sheet
	Answers map[string]Answer
	// digest stands for the answers given.
	digest string
}

// Signed reports whether an account's signature stands under the answers as they are now.
func (w Walk) Signed(account string) bool {
	return w.digest == w.Visit.State.Digest && w.Visit.State.Signed(account)
}

// Signatures is how many signatures stand under the answers as they are now.
func (w Walk) Signatures() int {
	if w.digest != w.Visit.State.Digest {
		return 0
	}
	return len(w.Visit.State.Signatures)
}

// One returns a visit with its sheet and answers. Returns Forbidden without ReadVisit, NotFound outside the scope.
func (s *Visits) One(ctx context.Context, by policy.Actor, id string) (Walk, error) {
	scope, err := s.desk.Scope(ctx, by, s.acting(by, s.duty.read))
	if err != nil {
		return Walk{}, err
	}
	doc, err := s.desk.Load(ctx, "inspection.One", scope, id)
	if err != nil {
		return Walk{Visit: doc}, err
	}
	kept, err := s.unseen(ctx, by)
	if err != nil {
		return Walk{}, err
	}
	if kept(id, &doc.State) {
		message := "这次走访要由另外的人再评一次，再评通过复核以前，可能去再评的人看不到它的结果"
		if doc.State.State == Started {
			message = "走访签完名以前，结果只有走访的人、安排和复核走访的人看得到"
		}
		return Walk{}, &fault.Error{Op: "inspection.One", Kind: fault.Forbidden, Message: message, Rule: "双评：两次各自独立打分"}
	}
	return s.walk(ctx, doc)
}

// walk is a visit with its sheet and answers, whoever asks.
func (s *Visits) walk(ctx context.Context, doc store.Doc[Visit]) (Walk, error) {
	if doc.State.Sheet.Hash == "" {
		return Walk{Visit: doc}, nil
	}
	w := Walk{Visit: doc, Answers: map[string]Answer{}}
	var err error
	if w.Sheet, err = s.sheetOf(ctx, &doc.State); err != nil {
		return Walk{}, err
	}
	found, digest, err := s.given(ctx, doc.ID, w.Sheet)
	w.digest = digest
	for _, a := range found {
		if a != nil {
			w.Answers[a.State.Item] = a.State
		}
	}
	return w, err
}

// lastTries is how many earlier answers are looked at for one that was signed.
const lastTries = 6

// Last returns the answer that the same item of a project got at the visit before, if it was signed by all. Returns Forbidden without ReadVisit; NotFound if there is none, or
// the visit lies outside the scope.
func (s *Visits) Last(ctx context.Context, by policy.Actor, visit, item string) (Answer, error) {
	const op = "inspection.Last"
	none := fault.New(op, fault.NotFound, "没有上一次的结果")
	scope, err := s.desk.Scope(ctx, by, s.acting(by, s.duty.read))
	if err != nil {
		return Answer{}, err
	}
	doc, err := s.desk.Load(ctx, op, scope, visit)
	if err != nil {
		return Answer{}, err
	}
	if !journal.ValidPart(item) {
		return Answer{}, none
	}
	kept, err := s.unseen(ctx, by)
	if err != nil {
		return Answer{}, err
	}
	page, err := s.answers.List(ctx, store.Query{Index: byItem, Key: doc.State.Project + "/" + doc.State.Series + "/" + item, Desc: true, Limit: lastTries})
	if err != nil {
		return Answer{}, err
	}
	for _, a := range page.Docs {
		if a.State.Visit == visit || a.State.Day.Compare(doc.State.Day) > 0 {
			continue
		}
		earlier, err := s.visits.Load(ctx, a.State.Visit)
		if err != nil {
			return Answer{}, err
		}
		if (earlier.State.State == Submitted || earlier.State.State == Accepted) && !kept(a.State.Visit, &earlier.State) {
			return a.State, nil
		}
	}
	return Answer{}, none
}

// Mine returns up to 50 visits that the actor has still to do or to sign, in the order set. Returns Forbidden without DoVisit.
func (s *Visits) Mine(ctx context.Context, by policy.Actor, after string) (store.Page[Visit], error) {
	scope, err := s.desk.Scope(ctx, by, s.acting(by, policy.DoVisit))
	if err != nil {
		return store.Page[Visit]{}, err
	}
	return s.page(ctx, scope, nil, store.Query{Index: byWork, Key: officerKey(by.ID), After: after}, func(v *Visit) bool { return v.State.Open() })
}

// VisitFilter narrows a list; what is zero does not narrow.
type VisitFilter struct {
	// Project is the id of a project, Firm that of a firm, Quarter the quarter of the day; a firm is not asked for together with a project.
	Project string
	Firm    string
	Quarter calendar.Quarter
	// Series is the series of the sheet, State one state, Assessor one who scores (nil for all), Name a part of the project's name, as pinyin too.
	Series   string
	State    VisitState
	Assessor *Assessor
	Name     string
	// Oldest puts the oldest first.
	Oldest bool
}

// List returns up to 50 visits, the latest first, and the cursor of the next page. Returns Forbidden without ReadVisit, Invalid for a cursor of another list or if too many rows
// would have to be read.
func (s *Visits) List(ctx context.Context, by policy.Actor, f VisitFilter, after string) (store.Page[Visit], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadVisit)
	if err != nil {
		return store.Page[Visit]{}, err
	}
	suffix := ""
	if f.Quarter != (calendar.Quarter{}) {
		suffix = "/" + f.Quarter.String()
	}
	q := supervision.ScopeQuery(scope, byDay, "", suffix)
	if f.Project != "" {
		if !journal.ValidPart(f.Project) {
			return store.Page[Visit]{}, nil
		}
		q = store.Query{Index: byDay, Key: policy.ProjectKey(f.Project) + suffix}
	}
	if f.Firm != "" {
		if !journal.ValidPart(f.Firm) {
			return store.Page[Visit]{}, nil
		}
		q = store.Query{Index: byDay, Key: policy.FirmKey(f.Firm) + suffix}
	}
	q.Desc, q.After = !f.Oldest, after
	kept, err := s.unseen(ctx, by)
	if err != nil {
		return store.Page[Visit]{}, err
	}
	return s.page(ctx, scope, kept, q, func(v *Visit) bool {
		return (f.Series == "" || v.Series == f.Series) && (f.State == "" || v.State == f.State) && (f.Assessor == nil || v.Assessor == *f.Assessor) && registry.Finds(v.Name, f.Name)
	})
}

// Queue returns up to 50 signed visits that wait for the actor's review, oldest first; those that he was sent to are not among them. Returns Forbidden without ReviewVisit.
func (s *Visits) Queue(ctx context.Context, by policy.Actor, after string) (store.Page[Visit], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReviewVisit)
	if err != nil {
		return store.Page[Visit]{}, err
	}
	q := supervision.ScopeQuery(scope, byWork, "", "")
	q.After = after
	kept, err := s.unseen(ctx, by)
	if err != nil {
		return store.Page[Visit]{}, err
	}
	return s.page(ctx, scope, kept, q, func(v *Visit) bool { return !slices.Contains(v.Officers, by.ID) })
}

// page reads a page of rows inside the scope that are not kept from the actor and that keep lets through.
func (s *Visits) page(ctx context.Context, scope policy.Scope, kept func(string, *Visit) bool, q store.Query, keep func(*Visit) bool) (store.Page[Visit], error) {
	q.Limit = visitsPerPage
	return s.visits.ListWhere(ctx, q, func(d *store.Doc[Visit]) bool {
		return (kept == nil || !kept(d.ID, &d.State)) && scope.Covers(d.State.rowKeys(), d.State.Day) && keep(&d.State)
	})
}

// Source implements supervision.Readings.
func (s *Visits) Source() string { return "inspection" }

// EachReading implements supervision.Readings: one reading for each fact of each accepted visit.
func (s *Visits) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return supervision.EachCounting(ctx, s.visits, counting, span, func(last store.Change[Visit]) error {
		if !span.Has(last.State.counts()) || last.State.Reviewed.At.After(asOf) {
			return nil
		}
		change, ok, err := supervision.AcceptedChange(ctx, s.visits, last, upTo, func(v *Visit) bool { return v.State == Accepted })
		if err != nil || !ok {
			return err
		}
		v := change.State
		r := supervision.Reading{Project: v.Project, Firm: v.Firm, Day: v.counts(), Asked: v.For, Accepted: v.Reviewed.At.Time, Record: change.RecordID,
			Hash: hex.EncodeToString(change.Hash[:]), N: change.N, ReviewedBy: v.Reviewed.Signed()}
		for _, h := range v.Signatures {
			if h.By == v.Officers[0] {
				r.ScoredBy = h.Signed()
			}
		}
		for _, sum := range v.Sums {
			r.Fact, r.Cells = sum.Fact, sum.Cells
			if err := yield(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// Changes returns how often the answer to an item was given or changed. Returns Forbidden without ReadVisit, NotFound outside the scope.
func (s *Visits) Changes(ctx context.Context, by policy.Actor, visit, item string) (int64, error) {
	if _, err := s.One(ctx, by, visit); err != nil {
		return 0, err
	}
	head, err := s.answers.Head(ctx, visit+"/"+item)
	return head.Seq, err
}

// Findings implements supervision.Findings.
func (s *Visits) Findings(ctx context.Context, by policy.Actor, visit string) (supervision.Found, error) {
	w, err := s.One(ctx, by, visit)
	if err != nil {
		return supervision.Found{}, err
	}
	v := &w.Visit.State
	if v.State != Accepted {
		return supervision.Found{}, fault.New("inspection.Findings", fault.Conflict, "这次走访还没有复核通过，现在是“"+v.State.Title()+"”，通过后才能起草文书")
	}
	out := supervision.Found{Visit: visit, Sheet: v.Sheet.Title, Series: v.Series, Day: v.Day, Project: v.Project, Name: v.Name, Firm: v.Firm, Keys: v.Keys}
	for _, item := range w.Sheet.Items() {
		a, given := w.Answers[item.ID]
		if !given || a.Paper.Kind == "" {
			continue
		}
		out.Findings = append(out.Findings, finding(item, a))
	}
	return out, nil
}

// WithFindings implements supervision.Findings.
func (s *Visits) WithFindings(ctx context.Context, by policy.Actor, after string) (store.Page[supervision.FoundKinds], error) {
	none := store.Page[supervision.FoundKinds]{}
	scope, err := s.desk.Scope(ctx, by, policy.ReadVisit)
	if err != nil {
		return none, err
	}
	q := supervision.ScopeQuery(scope, byDay, "", "")
	q.Desc, q.After = true, after
	kept, err := s.unseen(ctx, by)
	if err != nil {
		return none, err
	}
	page, err := s.page(ctx, scope, kept, q, func(v *Visit) bool {
		return v.State == Accepted && slices.ContainsFunc(v.Given, func(g Given) bool { return g.Paper != "" })
	})
	out := store.Page[supervision.FoundKinds]{Next: page.Next}
	for _, d := range page.Docs {
		v := &d.State
		k := supervision.FoundKinds{Project: v.Project, Name: v.Name, Sheet: v.Sheet.Title, Day: v.Day, Kinds: map[supervision.PaperKind]int{}}
		for _, g := range v.Given {
			if g.Paper != "" {
				k.Kinds[g.Paper]++
			}
		}
		out.Docs = append(out.Docs, store.Doc[supervision.FoundKinds]{ID: d.ID, State: k})
	}
	return out, err
}

package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// Audit is the random audit (抽查) of a proof that counts.
type Audit struct {
	// Drawn is when the draw fell on it.
	Drawn journal.Time `json:"drawn"`
	// Decided is who upheld it or took it back, Reason why.
	Decided supervision.Hand `json:"decided"`
	Reason  string           `json:"reason,omitempty" privacy:"internal"`
	// Objected is who of the firm objected to the taking back, Objection with what.
	Objected  supervision.Hand `json:"objected"`
	Objection string           `json:"objection,omitempty" privacy:"internal"`
	// Answered is who restored it or left it taken back, Answer why.
	Answered supervision.Hand `json:"answered"`
	Answer   string           `json:"answer,omitempty" privacy:"internal"`
}

// Draw is the one draw of a period: which of the proofs that counted are audited. Its id is that of the window.
type Draw struct {
	// Title is the period's, At when it was drawn.
	Title string       `json:"title" privacy:"public"`
	At    journal.Time `json:"at"`
	// Among is how many proofs could be drawn, List the SHA-256 of the ids of the records that hold them, one a line in their order.
	Among int    `json:"among"`
	List  string `json:"list" privacy:"public"`
	// Seed is the keyed hash of period and list, as 64 hex digits: nobody knows it before everything was accepted, and the store can make it again. Those are drawn whose
	// SHA-256 of seed and id is smallest.
	Seed string `json:"seed" privacy:"public"`
	// Drawn are the ids of the proofs, in the order of those hashes.
	Drawn []string `json:"drawn" privacy:"internal"`
}

const (
	// auditOneIn is the share that is audited: 5 %, at least one.
	auditOneIn = 20
	// mostAudited bounds a draw.
	mostAudited = 500
	// auditAfter is how long after the closing of a window its draw is made: by then what was handed in on the last evening is decided.
	auditAfter = 10 * 24 * time.Hour
	// auditWithin is how long after the closing a draw is still made.
	auditWithin = 120 * 24 * time.Hour
	// markedWithin is how long after a draw the job looks whether everything is marked that was drawn.
	markedWithin = 7 * 24 * time.Hour
)

// DrawAudits is the job that makes the draws of the windows that closed ten days ago, and marks what was drawn. Returns schedule.Skip if there was nothing to draw.
func (s *Service) DrawAudits(ctx context.Context, _ time.Time) error {
	windows, err := s.windows.List(ctx, store.Query{Index: byOpening, Key: "all", Desc: true, Limit: 12})
	if err != nil {
		return err
	}
	did := false
	for _, w := range windows.Docs {
		ago := s.db.Now().Sub(w.State.Closes.Time)
		if ago < auditAfter || ago > auditWithin {
			continue
		}
		doc, err := s.draws.Load(ctx, w.ID)
		if fault.Is(err, fault.NotFound) {
			doc, err = s.draw(ctx, w.ID, w.State.Title)
		}
		if err != nil {
			return err
		}
		if doc.ID == "" || s.db.Now().Sub(doc.State.At.Time) > markedWithin {
			continue
		}
		marked, err := s.mark(ctx, doc.State)
		if err != nil {
			return err
		}
		did = did || marked
	}
	if !did {
		return &schedule.Skip{Reason: "没有要抽查的佐证材料"}
	}
	return nil
}

// drawMeta is what the records of a draw say.
func drawMeta() store.Meta {
	return store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "截止后随机抽查"}
}

// draw makes the draw of a period; the zero value if nothing of it counts.
func (s *Service) draw(ctx context.Context, period, title string) (store.Doc[Draw], error) {
	var records, ids []string
	for q := (store.Query{Index: byScope, Key: period + "/" + policy.County, Limit: store.MaxLimit}); ; {
		page, err := s.rows.ListHeads(ctx, q)
		if err != nil {
			return store.Doc[Draw]{}, err
		}
		for _, head := range page.Heads {
			if drawable(&head.State) {
				records, ids = append(records, head.RecordID), append(ids, head.ID)
			}
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if len(ids) == 0 {
		return store.Doc[Draw]{}, nil
	}
	slices.Sort(records)
	list := sha256.Sum256([]byte(strings.Join(records, "\n")))
	d := Draw{Title: title, At: journal.At(s.db.Now()), Among: len(ids), List: hex.EncodeToString(list[:])}
	d.Seed = s.db.MAC("evidence/audit", period+" "+d.List)
	d.Drawn = drawn(d.Seed, ids)
	doc, err := s.draws.Commit(ctx, drawMeta(), period, 0, d)
	if fault.Is(err, fault.Conflict) {
		return s.draws.Load(ctx, period) // Another process was quicker.
	}
	return doc, err
}

// drawable reports whether a draw may fall on a proof: it counts, and nobody is to decide about it.
func drawable(p *Proof) bool {
	return (p.State == Accepted || p.State == Confirmed) && p.Stage() == StageNone
}

// drawn are the ids on which a seed falls: one in auditOneIn, at least one.
func drawn(seed string, ids []string) []string {
	lot := make(map[string]string, len(ids))
	for _, id := range ids {
		sum := sha256.Sum256([]byte(seed + " " + id))
		lot[id] = hex.EncodeToString(sum[:])
	}
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b string) int { return strings.Compare(lot[a], lot[b]) })
	return ids[:min((len(ids)+auditOneIn-1)/auditOneIn, mostAudited)]
}

// mark puts what was drawn into the queue of the audit, and tells whether there was anything left to mark. A proof about which somebody decided meanwhile is left alone.
func (s *Service) mark(ctx context.Context, d Draw) (bool, error) {
	did := false
	for _, id := range d.Drawn {
		doc, err := s.rows.Load(ctx, id)
		if err != nil {
			return did, err
		}
		p := doc.State
		if p.Audit != nil || !drawable(&p) {
			continue
		}
		if p.State, err = p.State.next(MoveDraw); err != nil {
			return did, err
		}
		p.Last, p.Audit = MoveDraw, &Audit{Drawn: journal.At(s.db.Now())}
		if p.Due, err = s.deadlines(auditRule, calendar.DateOf(s.db.Now())); err != nil {
			return did, err
		}
		if _, err := s.rows.Commit(ctx, drawMeta(), id, doc.Seq, p); err != nil && !fault.Is(err, fault.Conflict) {
			return did, err
		}
		did = true
	}
	return did, nil
}

// Object is the firm's objection to the taking back of a proof. Returns Forbidden without SubmitEvidence, NotFound outside the scope, Invalid without a reason, Conflict if
// it was not taken back, if the time for it is over, or if somebody was quicker.
func (s *Service) Object(ctx context.Context, by policy.Actor, at supervision.At, reason string) (store.Doc[Proof], error) {
	const op = "evidence.Object"
	reason = strings.TrimSpace(reason)
	if err := s.guard.Require(by, policy.SubmitEvidence); err != nil {
		return store.Doc[Proof]{}, err
	}
	if err := supervision.CheckReason(op, reason); err != nil {
		return store.Doc[Proof]{}, err
	}
	if supervision.PrivateNumber(reason) {
		return store.Doc[Proof]{}, fault.InvalidFields(op, fault.Field{Name: "reason", Message: "理由里有电话或身份证号码，请删去"})
	}
	return s.desk.Change(ctx, by, policy.SubmitEvidence, at, reason, func(_ policy.Scope, p *Proof) error {
		next, err := p.State.next(MoveObject)
		if err != nil {
			return err
		}
		today := calendar.DateOf(s.db.Now())
		if !p.Objectable(today) {
			return fault.New(op, fault.Conflict, "提出异议的期限已于"+p.Due.Chinese()+"届满")
		}
		audit := *p.Audit
		audit.Objected, audit.Objection = supervision.HandOf(s.guard.Rules(), by, policy.SubmitEvidence, journal.At(s.db.Now())), reason
		p.State, p.Last, p.Reason, p.Audit = next, MoveObject, reason, &audit
		if p.Due, err = s.deadlines(answerRule, today); err != nil {
			return err
		}
		return p.act(by.ID, policy.PartMake)
	})
}

// Objectable reports whether the firm may still object on this day to what was taken back.
func (p Proof) Objectable(today calendar.Date) bool {
	return p.State == TakenBack && (!p.Due.Resolved() || p.Due.Due.Compare(today) >= 0)
}

// Owed are up to 50 proofs about which it is the actor's firm's turn: returned ones whose own clock runs, and those that were taken back and to which it may still object,
// the last due first. Returns Forbidden without SubmitEvidence.
func (s *Service) Owed(ctx context.Context, by policy.Actor) ([]store.Doc[Proof], error) {
	scope, err := s.desk.Scope(ctx, by, policy.SubmitEvidence)
	if err != nil {
		return nil, err
	}
	q := supervision.ScopeQuery(scope, byWork, string(StageFirm)+"/", "")
	q.Desc = true
	now := s.db.Now()
	page, err := s.page(ctx, scope, q, func(p *Proof) bool {
		return p.Objectable(calendar.DateOf(now)) || p.State == Returned && Window{}.For(*p).Open(now) == nil
	})
	return page.Docs, err
}

// Drawing is a draw with the proofs on which it fell.
type Drawing struct {
	// Period is the id of the window, Draw the draw.
	Period string
	Draw   Draw
	// Proofs are what was drawn, in its order.
	Proofs []store.Doc[Proof]
}

// Drawings are the draws of the latest windows, newest first. Returns Forbidden without AuditEvidence.
func (s *Service) Drawings(ctx context.Context, by policy.Actor) ([]Drawing, error) {
	if err := s.guard.Require(by, policy.AuditEvidence); err != nil {
		return nil, err
	}
	windows, err := s.windows.List(ctx, store.Query{Index: byOpening, Key: "all", Desc: true, Limit: 12})
	if err != nil {
		return nil, err
	}
	var out []Drawing
	for _, w := range windows.Docs {
		d, err := s.Drawing(ctx, by, w.ID)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// Drawing is the draw of a period with what of it lies in the scope. Returns Forbidden without ReadEvidence, NotFound if nothing was drawn yet.
func (s *Service) Drawing(ctx context.Context, by policy.Actor, period string) (Drawing, error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadEvidence)
	if err != nil {
		return Drawing{}, err
	}
	if !journal.ValidPart(period) {
		return Drawing{}, fault.New("evidence.Drawing", fault.NotFound, "没有找到要看的内容")
	}
	doc, err := s.draws.Load(ctx, period)
	if err != nil {
		return Drawing{}, err
	}
	out := Drawing{Period: period, Draw: doc.State}
	docs, err := s.rows.LoadEach(ctx, doc.State.Drawn)
	for _, d := range docs {
		if d != nil && scope.Covers(d.State.Keys, d.State.Day) {
			out.Proofs = append(out.Proofs, *d)
		}
	}
	return out, err
}

// Clawed is a piece of proof that counted in an evaluation and was taken back by the random audit afterwards.
type Clawed struct {
	// Fact is the fact that it is about, Firm the id of the firm, Day the date of the fact.
	Fact, Firm string
	Day        calendar.Date
	// Taken is the day on which it was taken back.
	Taken calendar.Date
	// Proof is the proof, nil for who may not read it.
	Proof *store.Doc[Proof]
}

// Clawed tells what of the proof of a project counted as of a cut-off and a log number, and was taken back afterwards; what was restored is not among it. It asks for no right: fact and days are as public as the result that rests on them, the rest is for
// those who may read the proof.
func (s *Service) Clawed(ctx context.Context, by policy.Actor, project string, cutoff time.Time, upTo int64) ([]Clawed, error) {
	if !journal.ValidPart(project) {
		return nil, nil
	}
	var scope policy.Scope
	if s.guard.Allow(by, policy.ReadEvidence) {
		var err error
		if scope, err = s.desk.Scope(ctx, by, policy.ReadEvidence); err != nil {
			return nil, err
		}
	}
	var out []Clawed
	for q := (store.Query{Index: byScope, Key: policy.ProjectKey(project), Limit: store.MaxLimit}); ; {
		page, err := s.rows.ListHeads(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, head := range page.Heads {
			p := head.State
			if p.Audit == nil || p.State.Counts() || p.Audit.Decided.By == "" {
				continue
			}
			was, ok, err := supervision.Standing(ctx, s.rows, head, s.db.Now(), upTo)
			if err != nil {
				return nil, err
			}
			if !ok || !was.State.State.Counts() || was.State.Decided.At.After(cutoff) {
				continue
			}
			one := Clawed{Fact: p.Ask.Fact, Firm: p.Firm, Day: p.Day, Taken: calendar.DateOf(p.Audit.Decided.At.Time)}
			if scope.Covers(p.Keys, p.Day) {
				one.Proof = &store.Doc[Proof]{ID: head.ID, State: p}
			}
			out = append(out, one)
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

package inspection

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Records are the 现场检查笔录 of inspections, answered like the sheets of visits and kept apart from them.
type Records struct{ of *Inspections }

// Records are the records of these inspections.
func (s *Inspections) Records() Records { return Records{s} }

// One returns a record with its sheet and answers. Returns Forbidden without DoInspection, NotFound outside the scope.
func (r Records) One(ctx context.Context, by policy.Actor, id string) (Walk, error) {
	return r.of.records.One(ctx, by, id)
}

// Last is as Visits.Last, of the same check at the inspection before.
func (r Records) Last(ctx context.Context, by policy.Actor, record, item string) (Answer, error) {
	return r.of.records.Last(ctx, by, record, item)
}

// Ready is as Visits.Ready.
func (r Records) Ready(ctx context.Context, by policy.Actor, record, item string, in Found, idem *store.Idem) (bool, error) {
	return r.of.records.Ready(ctx, by, record, item, in, idem)
}

// Reply is as Visits.Reply.
func (r Records) Reply(ctx context.Context, by policy.Actor, record, item string, in Found, idem *store.Idem) (store.Doc[Answer], error) {
	return r.of.records.Reply(ctx, by, record, item, in, idem)
}

// Sign is as Visits.Sign, but for somebody whose certificate does not count today: he gets Conflict.
func (r Records) Sign(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Visit], error) {
	card, _, err := r.of.Certificates.Of(ctx, by.ID)
	if err != nil {
		return store.Doc[Visit]{}, err
	}
	if err := r.of.Guard.Require(by, policy.DoInspection); err != nil {
		return store.Doc[Visit]{}, err
	}
	if lacks := card.Lacks(r.of.Today()); lacks != "" {
		return store.Doc[Visit]{}, fault.New("inspection.Sign", fault.Conflict, lacks+"，不能签笔录")
	}
	return r.of.records.Sign(ctx, by, at)
}

// CheckFilter narrows a list; what is zero does not narrow.
type CheckFilter struct {
	// Text is looked for in the names of project and firm, in the number of the notice and the electronic code; State and Ground are codes, Project and Firm ids.
	Text, Project, Firm string
	State               State
	Ground              Ground
}

func (w CheckFilter) lets(c *Inspection) bool {
	said := registry.Finds(c.Name, w.Text) || registry.Finds(c.FirmName, w.Text) || c.Notice != nil && casework.Says(w.Text, c.Notice.Number) || c.Code != "" && casework.Says(strings.ToUpper(strings.ReplaceAll(w.Text, " ", "")), c.Code)
	return said && (w.State == "" || c.State == w.State) && (w.Ground == "" || c.Ground == w.Ground) &&
		(w.Project == "" || c.Project == w.Project) && (w.Firm == "" || c.Firm == w.Firm)
}

// shows reports whether an inspection inside the scope exists for an actor: who is only inspected does not see it before its notice.
func (s *Inspections) shows(by policy.Actor, c *Inspection) bool {
	if c.Notice != nil || s.Guard.Allow(by, policy.PlanInspection) || s.Guard.Allow(by, policy.SignApproval) || s.Guard.Allow(by, policy.DoInspection) {
		return true
	}
	firm := slices.ContainsFunc(by.Appointments, func(a policy.Appointment) bool {
		return slices.Contains([]policy.Role{"firm_manager", "project_manager"}, a.Role)
	})
	return !firm
}

// List returns a page of inspections, the latest first, or with due what is due first. Returns Forbidden without ReadInspection.
func (s *Inspections) List(ctx context.Context, by policy.Actor, w CheckFilter, due bool, after string) (store.Page[Inspection], error) {
	return s.Page(ctx, by, casework.ListQuery(due, after), func(c *Inspection) bool { return s.shows(by, c) && w.lets(c) })
}

// One returns an inspection. Returns Forbidden without ReadInspection, NotFound outside the scope and, for who is only inspected, before its notice.
func (s *Inspections) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Inspection], error) {
	doc, err := s.Cases.One(ctx, by, id)
	if err == nil && !s.shows(by, &doc.State) {
		return store.Doc[Inspection]{}, notFound("inspection.One")
	}
	return doc, err
}

// Walks are the records of an inspection, a department each, in the order of its teams; none before it begins. Who is only inspected sees them once they are signed. Returns what One returns.
func (s *Inspections) Walks(ctx context.Context, by policy.Actor, id string) ([]Walk, error) {
	doc, err := s.One(ctx, by, id)
	if err != nil {
		return nil, err
	}
	c := &doc.State
	if c.Answered == nil && !s.Guard.Allow(by, policy.PlanInspection) && !s.Guard.Allow(by, policy.DoInspection) {
		return nil, nil
	}
	return s.walks(ctx, c)
}

// walks reads the records, whoever asks.
func (s *Inspections) walks(ctx context.Context, c *Inspection) ([]Walk, error) {
	var out []Walk
	for _, t := range c.Teams {
		if t.Record == "" {
			continue
		}
		doc, err := s.records.visits.Load(ctx, t.Record)
		if err != nil {
			return nil, err
		}
		w, err := s.records.walk(ctx, doc)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// Verified is what the electronic code of a notice tells everybody: enough to know that the inspection is real, no person.
type Verified struct {
	// Number and Notified are those of the notice, Firm and Project whom it is about, Day the planned day or the day of it.
	Number, Notified, Firm, Project, Day string
	// Matters are what is inspected, Departments who does it, Persons how many.
	Matters, Departments []string
	Persons              int
	// State is where it stands.
	State string
}

// Verify says what an electronic code stands for. Anybody may ask; returns NotFound for a code that is none.
func (s *Inspections) Verify(ctx context.Context, code string) (Verified, error) {
	const op = "inspection.Verify"
	none := fault.New(op, fault.NotFound, "没有这个检查码，请核对检查通知书；核对不上的可以拒绝检查")
	if len(code) != codeLength || !journal.ValidPart(code) {
		return Verified{}, none
	}
	target, err := s.DB.Claimed(ctx, codeClaim, code)
	if fault.Is(err, fault.NotFound) {
		return Verified{}, none
	}
	if err != nil {
		return Verified{}, err
	}
	c, err := s.byTarget(ctx, target)
	if err != nil || c.Code != code {
		return Verified{}, cmpErr(err, none)
	}
	v := Verified{Number: c.Notice.Number, Notified: c.Notice.Day.Chinese(), Firm: c.FirmName, Project: c.Name, Day: c.Opened.Chinese(), State: c.State.Title()}
	for _, t := range c.Teams {
		v.Departments, v.Persons = append(v.Departments, t.Department), v.Persons+len(t.Officers)
		for _, m := range t.Matters {
			v.Matters = append(v.Matters, m.Name+"（"+m.Basis+"）")
		}
	}
	return v, nil
}

// byTarget is the inspection that a claim points to, whoever asks.
func (s *Inspections) byTarget(ctx context.Context, target string) (Inspection, error) {
	doc, err := s.Cases.Load(ctx, target[len(inspectionKind)+1:])
	return doc.State, err
}

// Findings implements supervision.Findings: what of an inspection counts is what was signed and taken by the firm.
func (s *Inspections) Findings(ctx context.Context, by policy.Actor, id string) (supervision.Found, error) {
	doc, err := s.One(ctx, by, id)
	if err != nil {
		return supervision.Found{}, err
	}
	c := &doc.State
	if c.Answered == nil {
		return supervision.Found{}, fault.New("inspection.Findings", fault.Conflict, "这次检查现在是“"+c.State.Title()+"”，笔录签收后才能起草文书")
	}
	walks, err := s.walks(ctx, c)
	if err != nil {
		return supervision.Found{}, err
	}
	out := supervision.Found{Visit: id, Formal: true, Sheet: "行政检查", Series: InspectionKind, Day: c.Opened, Project: c.Project, Name: c.Name, Firm: c.Firm, Keys: c.Keys}
	for i, w := range walks {
		for _, item := range w.Sheet.Items() {
			a, given := w.Answers[item.ID]
			if !given || a.Paper.Kind == "" {
				continue
			}
			f := finding(item, a)
			if f.Kind, f.To = c.Teams[i].mayPaper(s.Agenda.Bureau, f.Kind, f.To); f.Kind == supervision.PaperOrder {
				f.Law, f.Article, f.Competence = item.Law.Name, item.Law.Article, item.Law.Competence
			}
			out.Findings = append(out.Findings, f)
		}
	}
	return out, nil
}

// finding is what an answer found, with its pictures.
func finding(item Item, a Answer) supervision.Finding {
	f := supervision.Finding{Item: item.ID, Sentence: item.Sentence, Lost: a.Lost, Kind: a.Paper.Kind, To: a.Paper.To, Problem: a.Paper.Problem, Basis: a.Paper.Basis, Request: a.Paper.Request}
	for _, photo := range a.Photos {
		f.Photos = append(f.Photos, files.Stored{Name: "现场照片.jpg", Kind: files.JPEG, Original: photo.Original, Shown: photo.Shown})
	}
	return f
}

// Kept implements supervision.Findings: no inspection is scored a second time.
func (s *Inspections) Kept(context.Context, policy.Actor) (map[string]bool, error) { return nil, nil }

// WithFindings implements supervision.Findings.
func (s *Inspections) WithFindings(ctx context.Context, by policy.Actor, after string) (store.Page[supervision.FoundKinds], error) {
	page, err := s.Page(ctx, by, store.Query{Index: casework.ByScope, Desc: true, After: after}, func(c *Inspection) bool { return c.Found > 0 && s.shows(by, c) })
	out := store.Page[supervision.FoundKinds]{Next: page.Next}
	for _, d := range page.Docs {
		found, err := s.Findings(ctx, by, d.ID)
		if err != nil {
			return out, err
		}
		k := supervision.FoundKinds{Project: found.Project, Name: found.Name, Sheet: found.Sheet, Day: found.Day, Kinds: map[supervision.PaperKind]int{}}
		for _, f := range found.Findings {
			k.Kinds[f.Kind]++
		}
		out.Docs = append(out.Docs, store.Doc[supervision.FoundKinds]{ID: d.ID, State: k})
	}
	return out, err
}

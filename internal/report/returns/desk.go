package returns

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/report/templates"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Config is what the desk works with.
type Config struct {
	DB    *store.DB
	Guard *policy.Guard
	// Keeper keeps templates.
	Keeper *files.Keeper
	// Sources are the registers; they may be set until the first figures are made.
	Sources Sources
	Forms   *Set
	// Days moves what is due to a worked day.
	Days *calendar.Calendar
	// Now is the business clock.
	Now func() time.Time
}

// Service is the desk of returns. Every call names the actor and asks for right and scope.
type Service struct {
	Config
	// Templates are the office's own workbooks by the id of their return.
	Templates *templates.Shelf
	rows      *casework.Rows[Return]
	parts     *store.Collection[Part]
}

// New opens the desk on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c}
	var err error
	if s.rows, err = casework.NewRows(ctx, c.DB, c.Guard, returnDocument()); err != nil {
		return nil, err
	}
	if s.parts, err = store.NewCollection(ctx, c.DB, store.Kind[Part]{Name: figuresKind, Version: 1}); err != nil {
		return nil, err
	}
	s.Templates, err = templates.Open(ctx, c.DB, templateKind, c.Guard, c.Keeper, c.Now, templates.Rights{Read: policy.ReadReturn, Keep: policy.KeepReturnTemplate})
	return s, err
}

// Today is the business day.
func (s *Service) Today() calendar.Date { return calendar.DateOf(s.Now()) }

// Resolve looks again for a day that lay beyond the loaded calendar.
func (s *Service) Resolve(d calendar.Deadline) calendar.Deadline { return s.Days.Resolve(d) }

// DueOf is when the return of a term is due.
func (s *Service) DueOf(f *Form, t Term) calendar.Deadline {
	return s.Days.Resolve(calendar.Deadline{Rule: "return." + f.ID, Start: t.Span.Last, N: f.Due.Days, Unit: calendar.UnitDay, Rolls: f.Due.Rolls, Basis: cmp.Or(f.Basis, "报表说明：报告期结束后 "+fmt.Sprint(f.Due.Days)+" 日")})
}

// expected is the day of a deadline, or the one that it would be without a calendar.
func expected(d calendar.Deadline) calendar.Date {
	if d.Resolved() {
		return d.Due
	}
	return d.Start.Add(d.N)
}

// hand is who acts now by which office.
func (s *Service) hand(by policy.Actor, action policy.Action) supervision.Hand {
	h := supervision.Hand{By: by.ID, At: journal.At(s.Now())}
	for _, a := range by.Appointments {
		if ok, _ := s.Guard.Rules().RoleAllows(a.Role, action); ok {
			h.Office = string(a.Role)
			break
		}
	}
	return h
}

// Scopes are those for which a return can be made by an actor: the county, and each township if the return has them. Returns Forbidden without the action.
func (s *Service) Scopes(ctx context.Context, by policy.Actor, f *Form, action policy.Action) ([]Scope, error) {
	scope, err := s.rows.Scope(ctx, by, action)
	if err != nil {
		return nil, err
	}
	var out []Scope
	if scope.All() {
		out = append(out, Scope{policy.County, "全县"})
	}
	if !f.Townships {
		return out, nil
	}
	towns, err := s.towns(ctx)
	for _, t := range towns {
		if scope.Covers([]string{t.key()}, s.Today()) {
			out = append(out, t)
		}
	}
	return out, err
}

// towns are the townships in which a compound lies: the others have nothing to report.
func (s *Service) towns(ctx context.Context) ([]Scope, error) {
	places, err := s.Sources.Register.Communities(ctx)
	if err != nil {
		return nil, err
	}
	var out []Scope
	seen := map[string]bool{}
	for _, p := range places {
		if !seen[p.Township] {
			seen[p.Township] = true
			d, err := s.Sources.Register.Division(ctx, p.Township)
			if err != nil {
				return nil, err
			}
			out = append(out, Scope{p.Township, d.Display})
		}
	}
	slices.SortFunc(out, func(a, b Scope) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return out, nil
}

// form is a return of the configuration. Returns NotFound.
func (s *Service) form(id string) (*Form, error) {
	f, known := s.Forms.Find(id)
	if !known {
		return nil, fault.New("returns.form", fault.NotFound, "没有这张报表")
	}
	return f, nil
}

// ComingReturn is a term of a return for the county that has no draft yet.
type ComingReturn struct {
	Form *Form
	Term Term
	Due  calendar.Deadline
}

// comingWithin is how many days ahead a return is told that will be due.
const comingWithin = 31

// Coming are, for each return, the term that is due next and, as long as the job would still make its draft, the one before, if they have no draft. Returns Forbidden without CompileReturn.
func (s *Service) Coming(ctx context.Context, by policy.Actor) ([]ComingReturn, error) {
	if _, err := s.rows.Scope(ctx, by, policy.CompileReturn); err != nil {
		return nil, err
	}
	today := s.Today()
	var out []ComingReturn
	for i := range s.Forms.forms {
		f := &s.Forms.forms[i]
		for t := f.TermOf(today); ; t = f.before(t) {
			due := s.DueOf(f, t)
			if expected(due).Compare(today.Add(-draftWithin)) < 0 {
				break
			}
			if expected(due).Compare(today.Add(comingWithin)) > 0 {
				continue
			}
			_, err := s.rows.Docs.Head(ctx, idOf(f.ID, t.ID, policy.County))
			if fault.Is(err, fault.NotFound) {
				out = append(out, ComingReturn{f, t, due})
			} else if err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(out, func(a, b ComingReturn) int { return expected(a.Due).Compare(expected(b.Due)) })
	return out, nil
}

// Terms are the newest terms of a return, the present one first.
func (s *Service) Terms(f *Form, n int) []Term {
	out := []Term{f.TermOf(s.Today())}
	for len(out) < n {
		out = append(out, f.before(out[len(out)-1]))
	}
	return out
}

// Result is what came of one scope of a batch.
type Result struct {
	Scope
	// ID is the return that was made or is there, Made that it was made now, Err why not, "" if it was.
	ID   string
	Made bool
	Err  string
}

// DraftAll makes the drafts of a term for some scopes (policy.County and ids of townships), with a result for each; the registers are read once. What is there already is left alone. Returns Forbidden without CompileReturn, NotFound for an unknown return, Invalid for a term
// that is none or has not begun.
func (s *Service) DraftAll(ctx context.Context, by policy.Actor, form, term string, scopes []string) ([]Result, error) {
	const op = "returns.DraftAll"
	f, err := s.form(form)
	if err != nil {
		return nil, err
	}
	allowed, err := s.Scopes(ctx, by, f, policy.CompileReturn)
	if err != nil {
		return nil, err
	}
	t, err := f.Term(term)
	if err != nil {
		return nil, fault.InvalidFields(op, fault.Field{Name: "term", Message: fault.MessageOf(err)})
	}
	if t.Span.First.Compare(s.Today()) > 0 {
		return nil, fault.InvalidFields(op, fault.Field{Name: "term", Message: t.Chinese() + "还没有开始"})
	}
	m := s.maker()
	var out []Result
	for _, id := range scopes {
		for _, one := range allowed {
			if one.ID == id {
				out = append(out, s.draft(ctx, m, s.hand(by, policy.CompileReturn), policy.CompileReturn, f, t, one))
			}
		}
	}
	if len(out) == 0 {
		return nil, fault.InvalidFields(op, fault.Field{Name: "scope", Message: "请选择范围"})
	}
	return out, nil
}

// draft makes one draft; twice is once.
func (s *Service) draft(ctx context.Context, m *maker, by supervision.Hand, action policy.Action, f *Form, t Term, scope Scope) Result {
	out := Result{Scope: scope, ID: idOf(f.ID, t.ID, scope.ID)}
	fail := func(err error) Result {
		if fault.Is(err, fault.Conflict) {
			return out
		}
		out.Err = fault.MessageOf(err)
		return out
	}
	if _, err := s.rows.Docs.Head(ctx, out.ID); err == nil || !fault.Is(err, fault.NotFound) {
		if err == nil {
			return out
		}
		return fail(err)
	}
	r := Return{Form: f.ID, Title: f.Title, Term: t.ID, Words: t.Chinese(), Days: t.Span, Scope: scope.ID, Place: scope.Name, Due: s.DueOf(f, t), State: Draft, Last: StepDraft, Hand: by, To: f.To}
	meta := store.Meta{By: by.By, Action: string(action), Why: string(StepDraft)}
	if err := s.take(ctx, m, meta, f, &r, by); err != nil {
		return fail(err)
	}
	if _, err := s.rows.Docs.Commit(ctx, meta, out.ID, 0, r); err != nil {
		return fail(err)
	}
	out.Made = true
	return out
}

// draftWithin is how many days after the day on which a return was due the job still makes its draft: longer than the program stands still, shorter than what a new installation has missed.
const draftWithin = 10

// DraftDue makes the drafts of the returns that are due today, or were due in the days before while the program stood still, for the county and, where the return says so, for each township: a job of every morning; twice is once. What fails stops no other draft and is told at the end.
func (s *Service) DraftDue(ctx context.Context, _ time.Time) error {
	today, m := s.Today(), s.maker()
	by := supervision.Hand{By: policy.SystemActor().ID, At: journal.At(s.Now())}
	towns, err := s.towns(ctx)
	if err != nil {
		return err
	}
	made := 0
	var failed []error
	for i := range s.Forms.forms {
		f := &s.Forms.forms[i]
		scopes := []Scope{{policy.County, "全县"}}
		if f.Townships {
			scopes = append(scopes, towns...)
		}
		for t := f.TermOf(today); ; t = f.before(t) {
			day := expected(s.DueOf(f, t))
			if day.Compare(today.Add(-draftWithin)) < 0 {
				break
			}
			if day.Compare(today) > 0 {
				continue
			}
			for _, scope := range scopes {
				out := s.draft(ctx, m, by, policy.RunJob, f, t, scope)
				if out.Err != "" {
					failed = append(failed, fault.New("returns.DraftDue", fault.Internal, scope.Name+t.Chinese()+f.Title+"："+out.Err))
				}
				if out.Made {
					made++
				}
			}
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	if made == 0 {
		return &schedule.Skip{Reason: "没有到期的报表"}
	}
	return nil
}

// maker reads the registers anew.
func (s *Service) maker() *maker { return newMaker(s.Sources, s.Sources.Matters.Tree.Least()) }

// take counts the figures of a return anew and keeps them.
func (s *Service) take(ctx context.Context, m *maker, meta store.Meta, f *Form, r *Return, by supervision.Hand) error {
	t, err := f.Term(r.Term)
	if err != nil {
		return err
	}
	found, err := s.count(ctx, m, f, t, Scope{r.Scope, r.Place})
	if err != nil {
		return err
	}
	for name, data := range found.lists {
		if err := s.put(ctx, meta, name, data); err != nil {
			return err
		}
	}
	r.Taken = by
	return s.keep(ctx, meta, r, &found.figures)
}

// keep keeps the numbers of a return, with what was filled in by hand.
func (s *Service) keep(ctx context.Context, meta store.Meta, r *Return, f *Figures) error {
	f.put(r.Typed)
	data, err := json.Marshal(f)
	if err != nil {
		return fault.Wrap("returns.keep", fault.Internal, "报表没有算成", err)
	}
	r.Figures = digest(data)
	return s.put(ctx, meta, r.Figures, data)
}

// count makes the figures of a return as the registers have them now.
func (s *Service) count(ctx context.Context, m *maker, f *Form, t Term, scope Scope) (*made, error) {
	before, err := s.reported(ctx, f, f.before(t), scope)
	if err != nil {
		return nil, err
	}
	year, err := s.reported(ctx, f, f.yearBefore(t), scope)
	if err != nil {
		return nil, err
	}
	return m.make(ctx, f, t, scope, before, year)
}

// reported are the figures that were reported last for a term, nil if none were.
func (s *Service) reported(ctx context.Context, f *Form, t Term, scope Scope) (*Figures, error) {
	doc, err := s.rows.Docs.Load(ctx, idOf(f.ID, t.ID, scope.ID))
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := doc.State.LastVersion()
	if v == nil {
		return nil, nil
	}
	return s.figures(ctx, v.Figures)
}

// partBytes is how much compressed content one record holds, in base64 well below the limit of a record.
const partBytes = 36 << 10

// put keeps content under its digest. What is there is left alone.
func (s *Service) put(ctx context.Context, meta store.Meta, name string, data []byte) error {
	if _, err := s.parts.Head(ctx, name+"/0"); err == nil || !fault.Is(err, fault.NotFound) {
		return err
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	all := packed.Bytes()
	parts := max(1, (len(all)+partBytes-1)/partBytes)
	// The first part goes last: what has it is complete.
	for n := parts - 1; n >= 0; n-- {
		piece := all[n*partBytes : min(len(all), (n+1)*partBytes)]
		meta.Idem = nil
		_, err := s.parts.Commit(ctx, meta, fmt.Sprintf("%s/%d", name, n), 0, Part{Data: base64.StdEncoding.EncodeToString(piece), Parts: int64(parts)})
		if err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return nil
}

// get reads content by its digest. Returns Internal if it is not what it was.
func (s *Service) get(ctx context.Context, name string, into any) error {
	const op = "returns.get"
	var packed bytes.Buffer
	for n, parts := int64(0), int64(1); n < parts; n++ {
		head, err := s.parts.Head(ctx, fmt.Sprintf("%s/%d", name, n))
		if err != nil {
			return fault.Wrap(op, fault.Internal, "报表的数据不完整，请运行 redsteward doctor", err)
		}
		piece, err := base64.StdEncoding.DecodeString(head.State.Data)
		if err != nil {
			return fault.Wrap(op, fault.Internal, "报表的数据已损坏，请运行 redsteward doctor", err)
		}
		packed.Write(piece)
		parts = head.State.Parts
	}
	r, err := gzip.NewReader(&packed)
	if err != nil {
		return fault.Wrap(op, fault.Internal, "报表的数据已损坏，请运行 redsteward doctor", err)
	}
	data, err := io.ReadAll(r)
	if err == nil && digest(data) != name {
		err = fault.New(op, fault.Internal, "指纹不符")
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fault.Wrap(op, fault.Internal, "报表的数据已损坏，请运行 redsteward doctor", err)
	}
	return nil
}

func (s *Service) figures(ctx context.Context, name string) (*Figures, error) {
	var f Figures
	err := s.get(ctx, name, &f)
	return &f, err
}

// One returns a return with the numbers on the desk. Returns Forbidden without ReadReturn, NotFound outside the scope.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Return], *Figures, error) {
	doc, err := s.rows.One(ctx, by, id)
	if err != nil {
		return doc, nil, err
	}
	s.resolve(&doc.State)
	f, err := s.figures(ctx, doc.State.Figures)
	return doc, f, err
}

// FiguresOf returns the numbers of a reported version. Errors as those of One, NotFound for a version that there is not.
func (s *Service) FiguresOf(ctx context.Context, by policy.Actor, id string, no int64) (store.Doc[Return], *Version, *Figures, error) {
	doc, err := s.rows.One(ctx, by, id)
	if err != nil {
		return doc, nil, nil, err
	}
	s.resolve(&doc.State)
	v := doc.State.Version(no)
	if v == nil {
		return doc, nil, nil, fault.New("returns.FiguresOf", fault.NotFound, "没有这一版")
	}
	f, err := s.figures(ctx, v.Figures)
	return doc, v, f, err
}

// Audit reads the numbers of every return and every reported version with the lists behind them, and tells what is not as it was kept. It returns how many returns and versions there are. It asks for no right: for doctor.
func (s *Service) Audit(ctx context.Context, found func(name, text string)) (all, versions int, err error) {
	seen := map[string]bool{}
	err = s.rows.Every(ctx, func(doc store.Doc[Return]) {
		all++
		names := []string{doc.State.Figures}
		for i := range doc.State.Versions {
			versions++
			names = append(names, doc.State.Versions[i].Figures)
		}
		for _, name := range names {
			if seen[name] {
				continue
			}
			seen[name] = true
			f, err := s.figures(ctx, name)
			if err != nil {
				found(doc.State.Name(), "的数字不能读取："+fault.MessageOf(err))
				continue
			}
			for i := range f.Cells {
				for _, list := range []string{f.Cells[i].List, f.Cells[i].Of} {
					if list == "" || seen[list] {
						continue
					}
					seen[list] = true
					var rows []Row
					if err := s.get(ctx, list, &rows); err != nil {
						found(doc.State.Name(), "“"+f.Cells[i].Title+"”的清单不能读取："+fault.MessageOf(err))
					}
				}
			}
		}
	})
	return all, versions, err
}

// Behind returns the list behind a number: of a cell or, with a table, of a group of its, cut down to what counts there; whole asks for the list of the denominator of a rate. Figures are those of the return that was shown to the actor.
func (s *Service) Behind(ctx context.Context, f *Figures, key string, by By, group string, whole bool) (*Filled, []Row, error) {
	cell := f.Cell(key)
	if cell == nil {
		return nil, nil, fault.New("returns.Behind", fault.NotFound, "没有这个指标")
	}
	if cell.ByHand {
		return nil, nil, fault.New("returns.Behind", fault.NotFound, cellsLists)
	}
	name := cell.List
	if whole {
		name = cell.Of
	}
	if name == "" {
		return cell, nil, nil
	}
	var rows []Row
	if err := s.get(ctx, name, &rows); err != nil {
		return nil, nil, err
	}
	if by != "" {
		kept := rows[:0]
		for i := range rows {
			if rows[i].Counts(by, group) {
				kept = append(kept, rows[i])
			}
		}
		rows = kept
	}
	return cell, rows, nil
}

// Compare counts a return as the registers have it now and tells what differs from the numbers on the desk, or from what was reported last. Nothing is kept. Errors as those of One.
func (s *Service) Compare(ctx context.Context, by policy.Actor, id string) (store.Doc[Return], []Difference, error) {
	doc, was, err := s.One(ctx, by, id)
	if err != nil {
		return doc, nil, err
	}
	f, err := s.form(doc.State.Form)
	if err != nil {
		return doc, nil, err
	}
	t, err := f.Term(doc.State.Term)
	if err != nil {
		return doc, nil, err
	}
	found, err := s.count(ctx, s.maker(), f, t, Scope{doc.State.Scope, doc.State.Place})
	if err != nil {
		return doc, nil, err
	}
	found.figures.put(doc.State.Typed)
	return doc, Differences(was, &found.figures), nil
}

// History returns the changes of a return, oldest first. Errors as those of One.
func (s *Service) History(ctx context.Context, by policy.Actor, id string) ([]store.Change[Return], error) {
	return s.rows.History(ctx, by, id)
}

// Input is what a form of a step says.
type Input struct {
	// To is the addressee, Note what is said with the return, Reason why it is returned or corrected.
	To, Note, Reason string
	// Typed are numbers filled in by hand as they were typed, by key of the cell; "" takes one back.
	Typed map[string]string
}

// The longest words.
const (
	maxTo     = 60
	maxNote   = 500
	maxReason = 300
)

// Can reports whether an actor may do a step now.
func (s *Service) Can(ctx context.Context, by policy.Actor, r *Return, do Step) bool {
	if _, known := steps[do]; !known {
		return false
	}
	scope, err := s.Guard.Scope(ctx, by, s.action(r, do))
	return err == nil && scope.Covers(r.keys(), r.Days.Last) && s.refuses(by, r, do) == nil
}

// action is the right of a step: who signs sends back what waits for the signature.
func (s *Service) action(r *Return, do Step) policy.Action {
	if do == StepReturn && r.State == Checked {
		return policy.SignReturn
	}
	return steps[do].action
}

// refuses says why an actor with the right may not do a step now, nil if he may.
func (s *Service) refuses(by policy.Actor, r *Return, do Step) error {
	const op = "returns.Do"
	step := steps[do]
	stands := false
	for _, from := range step.from {
		stands = stands || r.State == from
	}
	if !stands || do == StepGiveUp && len(r.Versions) == 0 {
		return fault.New(op, fault.Conflict, "这张报表现在是“"+r.State.Title()+"”，不能"+string(do))
	}
	for i := range r.Typed {
		if h := r.Typed[i].By; (do == StepCheck || do == StepSign) && h.By == by.ID {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "你填写过这张报表的数，要由另外的人审核、签发", Rule: "报表台：制表人、审核人、负责人互不相同"}
		}
	}
	apart := func(others ...supervision.Hand) error {
		for _, h := range others {
			if h.By != "" && h.By == by.ID {
				return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "制表、审核、签发要由三个人办理，你已经办理过前面的一步", Rule: "报表台：制表人、审核人、负责人互不相同"}
			}
		}
		return nil
	}
	switch do {
	case StepRecall:
		if r.Compiled.By != by.ID {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "送审以后由制表人本人撤回", Rule: "报表台：撤回由制表人办理"}
		}
	case StepCheck:
		return apart(r.Compiled)
	case StepSign:
		return apart(r.Compiled, r.Checked)
	}
	return nil
}

// Do does a step. Returns Forbidden without its right or for who did an earlier part, NotFound outside the scope, Invalid for refused fields (to, note, reason, keys of cells that are filled in by hand), Conflict if somebody was quicker or the state does not allow it.
func (s *Service) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in Input) (store.Doc[Return], error) {
	const op = "returns.Do"
	none := store.Doc[Return]{}
	step, known := steps[do]
	if !known {
		return none, fault.New(op, fault.NotFound, "没有这一步")
	}
	action := step.action
	if do == StepReturn {
		// Whose turn it is decides by which right it is sent back.
		if doc, err := s.rows.One(ctx, by, at.ID); err == nil {
			action = s.action(&doc.State, do)
		}
	}
	var bad registry.Faults
	switch do {
	case StepCompile:
		bad.Text("to", "报送单位", &in.To, 2, maxTo)
		bad.Text("note", "编报说明", &in.Note, 0, maxNote)
	case StepReturn, StepCorrect:
		bad.Text("reason", "理由", &in.Reason, 4, maxReason)
	}
	if err := bad.Err(op); err != nil {
		return none, err
	}
	hand := s.hand(by, action)
	return s.rows.Change(ctx, by, action, at, string(do), func(r *Return) error {
		s.resolve(r)
		if err := s.refuses(by, r, do); err != nil {
			return err
		}
		if s.action(r, do) != action {
			return fault.New(op, fault.Conflict, "这张报表刚被别人办过，请刷新后再办")
		}
		r.State, r.Last, r.Hand = step.to, do, hand
		return s.apply(ctx, by, r, do, in, hand)
	})
}

// apply does what a step does to a return whose state was moved.
func (s *Service) apply(ctx context.Context, by policy.Actor, r *Return, do Step, in Input, hand supervision.Hand) error {
	meta := store.Meta{By: by.ID, Action: string(policy.CompileReturn), Why: string(do)}
	switch do {
	case StepTake, StepCorrect:
		f, err := s.form(r.Form)
		if err != nil {
			return err
		}
		if do == StepCorrect {
			if len(r.Versions) >= maxVersions {
				return fault.New("returns.Do", fault.Conflict, fmt.Sprintf("一张报表最多报出 %d 版", maxVersions))
			}
			r.Correcting, r.Reason = strings.TrimSpace(in.Reason), ""
		}
		r.Hands = Hands{}
		return s.take(ctx, s.maker(), meta, f, r, hand)
	case StepType:
		form, err := s.form(r.Form)
		if err != nil {
			return err
		}
		f, err := s.figures(ctx, r.Figures)
		if err == nil {
			r.Typed, err = f.retype(form, r.Typed, in.Typed, hand)
		}
		if err != nil {
			return err
		}
		return s.keep(ctx, meta, r, f)
	case StepCompile:
		f, err := s.figures(ctx, r.Figures)
		if err != nil {
			return err
		}
		if open := f.unfilled(); len(open) > 0 {
			return fault.InvalidFields("returns.Do", open...)
		}
		r.Hands = Hands{Compiled: hand}
		r.To, r.Note, r.Reason = in.To, in.Note, ""
	case StepRecall:
		r.Hands = Hands{}
	case StepCheck:
		r.Checked = hand
	case StepReturn:
		r.Hands, r.Reason = Hands{}, strings.TrimSpace(in.Reason)
	case StepSign:
		r.Signed = hand
		r.Versions = append(r.Versions, Version{No: int64(len(r.Versions)) + 1, Figures: r.Figures, Taken: r.Taken, Hands: r.Hands, To: r.To, Note: r.Note, Reason: r.Correcting})
		r.Correcting = ""
	case StepGiveUp:
		v := r.LastVersion()
		f, err := s.figures(ctx, v.Figures)
		if err != nil {
			return err
		}
		r.Typed = f.typed()
		r.Figures, r.Taken, r.Hands, r.To, r.Note, r.Correcting, r.Reason = v.Figures, v.Taken, v.Hands, v.To, v.Note, "", ""
	}
	return nil
}

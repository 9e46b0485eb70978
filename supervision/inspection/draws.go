package inspection

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Listing lists the compounds of the register; registry.Service does.
type Listing interface {
	// AllProjects calls yield for every project of the actor's scope. Returns Forbidden without ReadRegister.
	AllProjects(ctx context.Context, by policy.Actor, q registry.ProjectQuery, yield func(registry.ProjectRow) error) error
}

// Standing tells how compounds and firms stand.
type Standing interface {
	// Stars are the published stars, 1 to 5, that stand today, by project; one without a star is left out.
	Stars(ctx context.Context) (map[string]int64, error)
	// Points are the points of a firm's industry record today and how many marks they are. Returns Forbidden without ReadMarks.
	Points(ctx context.Context, by policy.Actor, firm string) (num.Num, int, error)
}

// DrawsConfig is what Draws needs; everything is required.
type DrawsConfig struct {
	// Inspections plans what is drawn, Listing and Standing say from what and how heavily.
	Inspections *Inspections
	Listing     Listing
	Standing    Standing
}

// Draws runs the draws of 双随机. Every call but the public ones names the actor; a refused call writes nothing. It is safe for concurrent use.
type Draws struct {
	DrawsConfig
	rows  *casework.Rows[Draw]
	parts *store.Collection[frozen]
}

const (
	drawKind = "inspection-draw"
	partKind = "inspection-draw-list"
	byPublic = "public"
	// everybody is the key of byPublic.
	everybody = "public"
	// partSize is how many compounds a document of the lists holds, so that it fits a record.
	partSize = 100
	// maxDrawn bounds the compounds of a draw, maxDrawers its inspectors, maxListed its lists.
	maxDrawn   = 60
	maxDrawers = 60
	maxListed  = 20000
	// ruleShow is the deadline of deadlines.yaml for the result of an inspection that was drawn.
	ruleShow = "inspection.show"
)

// NewDraws opens the draws on the store of the inspections.
func NewDraws(ctx context.Context, c DrawsConfig) (*Draws, error) {
	s := &Draws{DrawsConfig: c}
	day := func(_ string, d *Draw) string { return d.Day.String() }
	kind := store.Kind[Draw]{Name: drawKind, Version: 1, Indexes: []store.Index[Draw]{
		{Name: casework.ByScope, Keys: func(string, *Draw) []string { return []string{policy.County} }, Sort: day},
		{Name: byPublic, Keys: func(_ string, d *Draw) []string {
			if !d.Public() {
				return nil
			}
			return []string{everybody}
		}, Sort: day},
	}}
	var err error
	s.rows, err = casework.NewRows(ctx, c.Inspections.DB, c.Inspections.Guard, casework.Kind[Draw]{Kind: kind, Word: "这次抽取", Read: policy.DrawInspection, Row: func(d *Draw) casework.Row {
		return casework.Row{Keys: []string{policy.County}, Day: d.Day, State: d.State.Title()}
	}})
	if err != nil {
		return nil, err
	}
	s.parts, err = store.NewCollection(ctx, c.Inspections.DB, store.Kind[frozen]{Name: partKind, Version: 1})
	return s, err
}

// Freeze is what is said when the lists of a draw are frozen.
type Freeze struct {
	// Title names it, Matters are the codes of what is inspected, Planned is the day for which the inspections are planned, Count how many compounds are drawn.
	Title   string
	Matters []string
	Planned calendar.Date
	Count   int64
	// Inspectors are the account ids of those who can be drawn, by department.
	Inspectors map[string][]string
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

// Freeze freezes the lists of a draw: every compound that a firm serves, unless the firm has had its inspections of the year or too few inspectors may go there, with its lots; the inspectors, masked; the conflicts. The seed
// is made now and shown to nobody. Returns Forbidden without DrawInspection or for somebody whose scope is not the whole county, Invalid for refused fields (title, matters, planned, count, inspectors).
func (s *Draws) Freeze(ctx context.Context, by policy.Actor, in Freeze) (store.Doc[Draw], error) {
	return s.rows.Begin(ctx, by, policy.DrawInspection, StepFreeze.Title(), in.Idem, func(begun casework.New) (Draw, error) {
		if !begun.Scope.All() {
			return Draw{}, fault.New("inspection.Freeze", fault.Forbidden, "双随机抽取由全县范围的岗位办理")
		}
		of, today := s.Inspections, s.Inspections.Today()
		f := of.Check()
		d := Draw{Title: in.Title, Day: today, Planned: in.Planned, State: Frozen, Last: StepFreeze}
		f.Text("title", "名称", &d.Title, 2, maxCheckNumber)
		if in.Planned.IsZero() || in.Planned.Compare(today.Add(int(of.Agenda.Draw.Ahead))) < 0 {
			f.Fail("planned", "检查日期要在抽取以后，最早%s", today.Add(int(of.Agenda.Draw.Ahead)).Chinese())
		}
		if in.Count < 1 || in.Count > maxDrawn {
			f.Fail("count", "抽取的小区要有 1 至 %d 个，现在是 %d", maxDrawn, in.Count)
		}
		asked := Inspection{}
		of.checkMatters(f, &asked, in.Matters)
		lists := frozen{Lists: Lists{Count: in.Count, PerFirm: of.Agenda.Draw.PerFirm, Persons: of.Agenda.Draw.Persons}}
		for i := range asked.Teams {
			lists.Departments = append(lists.Departments, asked.Teams[i].Department)
			d.Matters = append(d.Matters, asked.Teams[i].Matters...)
		}
		err := s.crew(ctx, f, &lists.Lists, in)
		if err == nil {
			err = f.Err()
		}
		if err == nil {
			err = s.fill(ctx, by, in.Planned, &lists)
		}
		if err != nil {
			return Draw{}, err
		}
		if int64(len(lists.Objects)) < in.Count {
			f.Fail("count", "可以抽取的小区只有 %d 个，要抽 %d 个", len(lists.Objects), in.Count)
		}
		if len(lists.Objects) > maxListed {
			f.Fail("count", "名单有 %d 个小区，最多 %d 个", len(lists.Objects), maxListed)
		}
		if err := f.Err(); err != nil {
			return Draw{}, err
		}
		d.Digest, d.Objects, d.Left = lists.Digest(), int64(len(lists.Objects)), int64(len(lists.Left))
		d.Seed = of.DB.MAC("draw-seed", begun.ID)[:32]
		d.Commitment = supervision.Commitment(d.Seed)
		d.made(by.ID)
		d.Parts, err = s.keep(ctx, store.Meta{By: by.ID, Action: begun.Meta.Action, Why: begun.Meta.Why}, begun.ID, &lists)
		return d, err
	})
}

// crew puts the inspectors and their conflicts on the lists.
func (s *Draws) crew(ctx context.Context, f *casework.Check, lists *Lists, in Freeze) error {
	of, seen, number := s.Inspections, map[string]bool{}, 0
	for _, department := range lists.Departments {
		if n := int64(len(in.Inspectors[department])); n < lists.Persons || n > maxDrawers {
			f.Fail("inspectors", "%s要有 %d 至 %d 名检查人员可以抽取，现在有 %d 名", department, lists.Persons, maxDrawers, n)
		}
		for _, id := range slices.Sorted(slices.Values(in.Inspectors[department])) {
			if seen[id] {
				f.Fail("inspectors", "同一个人选了两次")
				continue
			}
			seen[id] = true
			person, lacks, err := of.able(ctx, id, in.Planned)
			if err != nil {
				return err
			}
			if lacks != "" {
				f.Fail("inspectors", "%s", lacks)
				continue
			}
			number++
			key := fmt.Sprintf("检查人员%d", number)
			lists.Inspectors = append(lists.Inspectors, Inspector{Key: key, Name: policy.MaskName(person.Name), Department: department, Account: id})
			avoids, _, err := of.Recusals.Of(ctx, id)
			if err != nil {
				return err
			}
			for _, firm := range avoids.Firms {
				if pair := (Avoided{key, firm.Firm}); firm.Holds(in.Planned) && !slices.Contains(lists.Conflicts, pair) {
					lists.Conflicts = append(lists.Conflicts, pair)
				}
			}
		}
	}
	return nil
}

// fill puts the compounds on the lists, with their lots.
func (s *Draws) fill(ctx context.Context, by policy.Actor, planned calendar.Date, lists *frozen) error {
	of := s.Inspections
	stars, err := s.Standing.Stars(ctx)
	if err != nil {
		return err
	}
	points, full := map[string]num.Num{}, map[string]bool{}
	err = s.Listing.AllProjects(ctx, by, registry.ProjectQuery{}, func(row registry.ProjectRow) error {
		if row.Firm == "" {
			lists.Left = append(lists.Left, LeftOut{Name: row.Name, Why: "没有物业企业服务"})
			return nil
		}
		if _, known := points[row.Firm]; !known {
			used, err := of.Used(ctx, row.Firm, planned.Year())
			if err != nil {
				return err
			}
			full[row.Firm] = used >= of.Agenda.Cap
			if points[row.Firm], _, err = s.Standing.Points(ctx, by, row.Firm); err != nil {
				return err
			}
		}
		left := LeftOut{Name: row.Name, Company: row.FirmName}
		for _, department := range lists.Departments {
			if n := int64(len(lists.crew(department, row.Firm))); n < lists.Persons {
				left.Why = fmt.Sprintf("%s不用回避的检查人员只有 %d 名", department, n)
			}
		}
		if full[row.Firm] {
			left.Why = fmt.Sprintf("这家企业 %d 年的日常检查已满", planned.Year())
		}
		if left.Why != "" {
			lists.Left = append(lists.Left, left)
			return nil
		}
		o := Object{Project: row.ID, Name: row.Name, Firm: row.Firm, Company: row.FirmName}
		o.Weight, o.Why = of.Agenda.Draw.weigh(stars[row.ID], points[row.Firm])
		lists.Objects = append(lists.Objects, o)
		return nil
	})
	slices.SortFunc(lists.Objects, func(a, b Object) int { return strings.Compare(a.Project, b.Project) })
	return err
}

// keep stores the lists in documents that fit a record; those that an interrupted try left are written anew.
func (s *Draws) keep(ctx context.Context, meta store.Meta, id string, lists *frozen) (int64, error) {
	parts := []frozen{{Lists: lists.Lists}}
	parts[0].Objects = nil
	for chunk := range slices.Chunk(lists.Objects, partSize) {
		parts = append(parts, frozen{Lists: Lists{Objects: chunk}})
	}
	for chunk := range slices.Chunk(lists.Left, partSize) {
		parts = append(parts, frozen{Left: chunk})
	}
	for n := range parts {
		name := partID(id, n)
		head, err := s.parts.Head(ctx, name)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return 0, err
		}
		if _, err := s.parts.Commit(ctx, meta, name, head.Seq, parts[n]); err != nil {
			return 0, err
		}
	}
	return int64(len(parts)), nil
}

func partID(draw string, n int) string { return fmt.Sprintf("%s-%d", draw, n) }

// lists reads the frozen lists of a draw. Returns Internal for lists that are not those of its digest.
func (s *Draws) lists(ctx context.Context, id string, d *Draw) (frozen, error) {
	var out frozen
	for n := range int(d.Parts) {
		doc, err := s.parts.Load(ctx, partID(id, n))
		if err != nil {
			return out, err
		}
		if n == 0 {
			out = doc.State
			continue
		}
		out.Objects, out.Left = append(out.Objects, doc.State.Objects...), append(out.Left, doc.State.Left...)
	}
	if out.Digest() != d.Digest {
		return out, fault.New("inspection.lists", fault.Internal, "这次抽取的名单与冻结时的摘要不符，不能抽取，请核验日志")
	}
	return out, nil
}

// Do carries a step out; why is the reason of StepGiveUp. Returns Forbidden without DrawInspection, and for StepOpen for who prepared the draw, NotFound, Invalid (why), Conflict for a step that the state does not know, a
// draw before its day, an opening before everything is planned, or if somebody was quicker. StepDrawLots also plans the inspections, as StepArrange does; an inspection that cannot be planned is told with its reason.
func (s *Draws) Do(ctx context.Context, by policy.Actor, at casework.At, do DrawStep, why string) (store.Doc[Draw], error) {
	const op = "inspection.DrawStep"
	doc, err := s.rows.Change(ctx, by, policy.DrawInspection, at, do.Title(), func(d *Draw) error {
		next, err := d.State.next(do)
		if err != nil {
			return err
		}
		today := s.Inspections.Today()
		switch do {
		case StepAnnounce:
			d.Announced = today
			d.made(by.ID)
		case StepDrawLots:
			if first := d.First(s.Inspections.Agenda); today.Compare(first) < 0 {
				return fault.New(op, fault.Conflict, "名单和校验值要先公布，最早"+first.Chinese()+"抽取")
			}
			lists, err := s.lists(ctx, at.ID, d)
			if err != nil {
				return err
			}
			for _, pick := range lists.Draw(d.Seed) {
				o := lists.object(pick.Project)
				d.Picks = append(d.Picks, Picked{Pick: pick, Name: o.Name, Company: o.Company})
			}
			d.Drew = today
			d.made(by.ID)
		case StepArrange:
			if err := s.arrange(ctx, by, at.ID, d); err != nil {
				return err
			}
		case StepOpen:
			if !d.planned() {
				return fault.New(op, fault.Conflict, "还有抽中的小区没有安排检查，先安排")
			}
			if err := policy.Separate(by, policy.PartCheck, d.Acts); err != nil {
				return err
			}
			d.Acts = append(slices.Clip(d.Acts), policy.Act{Part: policy.PartCheck, By: by.ID})
			d.Published = today
		case StepShow:
			if err := s.show(ctx, d); err != nil {
				return err
			}
			if !slices.ContainsFunc(d.Picks, func(p Picked) bool { return !p.over() }) {
				next = Shown
			}
		case StepGiveUp:
			f := s.Inspections.Check()
			f.Text("why", "理由", &why, 4, maxNote)
			if err := f.Err(); err != nil {
				return err
			}
			d.Reason = why
		}
		d.State, d.Last = next, do
		return nil
	})
	if err != nil || do != StepDrawLots {
		return doc, err
	}
	// A retry of the draw finds what the first try has planned since.
	if doc, err = s.rows.Docs.Load(ctx, doc.ID); err != nil || doc.State.planned() {
		return doc, err
	}
	return s.Do(ctx, by, casework.At{ID: doc.ID, Seq: doc.Seq}, StepArrange, "")
}

// planned reports whether every compound that was drawn has its inspection, or a reason why not.
func (d *Draw) planned() bool {
	return !slices.ContainsFunc(d.Picks, func(p Picked) bool { return p.Inspection == "" && p.Why == "" })
}

// First is the first day on which lots may be drawn, no day before the announcement.
func (d *Draw) First(a *Agenda) calendar.Date {
	if d.Announced.IsZero() {
		return calendar.Date{}
	}
	return d.Announced.Add(int(a.Draw.Ahead))
}

// arrange plans the inspections that are not planned yet; a retry finds those that an interrupted try planned.
func (s *Draws) arrange(ctx context.Context, by policy.Actor, id string, d *Draw) error {
	lists, err := s.lists(ctx, id, d)
	if err != nil {
		return err
	}
	var matters []string
	for _, m := range d.Matters {
		matters = append(matters, m.ID)
	}
	d.Picks = slices.Clone(d.Picks)
	for i := range d.Picks {
		p := &d.Picks[i]
		if p.Inspection != "" || p.Why != "" {
			continue
		}
		in := PlanInspection{Project: p.Project, Matters: matters, Day: d.Planned, Ground: GroundRandom, Officers: map[string][]string{}, Draw: id, Idem: &store.Idem{Key: fmt.Sprintf("%s/%s/%d", drawKind, id, i)}}
		if today := s.Inspections.Today(); in.Day.Compare(today) < 0 {
			in.Day = today
		}
		for _, key := range p.Inspectors {
			who := lists.Inspector(key)
			in.Officers[who.Department] = append(in.Officers[who.Department], who.Account)
		}
		doc, err := s.Inspections.Plan(ctx, by, in)
		switch {
		case fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict):
			p.Why = "没有安排：" + fault.MessageOf(err)
			for _, f := range fault.FieldsOf(err) {
				p.Why += "；" + f.Message
			}
		case err != nil:
			return err
		}
		p.Inspection = doc.ID
	}
	return nil
}

// show makes public what finished inspections found, and which did not take place. Returns Conflict if there is nothing new.
func (s *Draws) show(ctx context.Context, d *Draw) error {
	d.Picks, d.Last = slices.Clone(d.Picks), StepShow
	news := false
	for i := range d.Picks {
		p := &d.Picks[i]
		if p.over() {
			continue
		}
		doc, err := s.Inspections.Load(ctx, p.Inspection)
		if err != nil {
			return err
		}
		switch c := &doc.State; c.State {
		case Told:
			p.Result, p.Done, p.Shown, news = c.Result(), c.Answered.Paper.Day, s.Inspections.Today(), true
		case Dropped:
			p.Why, news = "检查已撤回", true
		}
	}
	if !news {
		return fault.New("inspection.show", fault.Conflict, "没有新办完的检查；结果告知企业以后才能公示")
	}
	return nil
}

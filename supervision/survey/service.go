package survey

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Register is what a survey looks up; registry.Service answers.
type Register interface {
	// OneProject returns a project of the actor's scope. Returns Forbidden without ReadRegister, NotFound.
	OneProject(ctx context.Context, by policy.Actor, id string) (registry.ProjectRow, error)
}

// Config is what surveys need; everything is required.
type Config struct {
	// DB keeps them, Guard says who may do what, Now is the business clock.
	DB    *store.DB
	Guard *policy.Guard
	Now   func() time.Time
	// Register is looked up, Terms are the questionnaire and the sizes, Deadlines starts a deadline by its rule, Days resolves what could not be.
	Register  Register
	Terms     *Terms
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	Days      interface {
		Resolve(d calendar.Deadline) calendar.Deadline
	}
}

// Service runs the surveys. Every call but the public ones names the actor; a refused call writes nothing.
type Service struct {
	Config
	rows  *store.Collection[Survey]
	boxes *store.EphemeralCollection[box]
}

const (
	surveyKind = "survey"
	// serialClaim belongs a number at the head of codes to one survey.
	serialClaim = "survey-serial"
	byScope     = "scope"
	byOpen      = "open"
	byPublic    = "public"
	// everybody is the key of byPublic.
	everybody = "public"
)

// The rules of deadlines.yaml.
const (
	ruleRun     = "survey.run"
	ruleMore    = "survey.more"
	rulePublish = "survey.publish"
)

// maxFrame bounds the buildings of a frame, maxHouseholds the households of one.
const (
	maxFrame      = 120
	maxHouseholds = 5000
	maxWhy        = 200
)

func document() store.Kind[Survey] {
	keys := func(s *Survey) []string { return append([]string{policy.County}, s.Keys...) }
	return store.Kind[Survey]{Name: surveyKind, Version: 1, Indexes: []store.Index[Survey]{
		{Name: byScope, Keys: func(_ string, s *Survey) []string { return keys(s) }, Sort: func(_ string, s *Survey) string { return s.Day.String() }},
		{Name: byOpen, Keys: func(_ string, s *Survey) []string {
			if s.State.Public() || s.State == Cancelled {
				return nil
			}
			return keys(s)
		}, Sort: func(_ string, s *Survey) string { return s.Day.String() }},
		{Name: byPublic, Keys: func(_ string, s *Survey) []string {
			if !s.State.Public() {
				return nil
			}
			return []string{everybody, policy.ProjectKey(s.Project)}
		}, Sort: func(_ string, s *Survey) string { return s.Published.String() }},
	}}
}

// New opens the surveys.
func New(ctx context.Context, c Config) (*Service, error) {
	rows, err := store.NewCollection(ctx, c.DB, document())
	if err != nil {
		return nil, err
	}
	boxes, err := store.NewEphemeral[box](c.DB, "survey-box")
	return &Service{Config: c, rows: rows, boxes: boxes}, err
}

// Today is the business day.
func (s *Service) Today() calendar.Date { return calendar.DateOf(s.Now()) }

// desk is where surveys are changed.
func (s *Service) desk() supervision.Desk[Survey] {
	return supervision.Desk[Survey]{Guard: s.Guard, Rows: s.rows, Place: func(o *Survey) ([]string, calendar.Date) { return o.Keys, o.Day }, Outdated: func(o *Survey) error {
		return fault.New("survey.change", fault.Conflict, "这次调查刚被别人办过，现在是“"+o.State.Title()+"”，请刷新后再办")
	}}
}

// apart refuses whoever acts for a firm, whatever the table of rights says: a firm never has a hand in its own survey, nor in a rival's.
func apart(by policy.Actor) error {
	for _, ap := range by.Appointments {
		if strings.HasPrefix(ap.Unit, "f:") {
			return &fault.Error{Op: "survey.apart", Kind: fault.Forbidden, Message: "物业服务企业的人员不能组织、录入或者公布满意度调查", Rule: "满意度调查规则：企业不能办理对自己的调查"}
		}
	}
	return nil
}

// idOf is the stream of a project's survey of a year.
func idOf(project string, year int64) string { return project + "." + strconv.FormatInt(year, 10) }

// Plan is what is said when a survey is prepared.
type Plan struct {
	// Project is the id; By how households answer.
	Project string
	By      Way
	// Frame are the buildings with their occupied households, in order.
	Frame []Block
}

// FrameOf proposes the frame of a project: its buildings in the register, or the whole project as one.
func FrameOf(p *registry.ProjectRow) []Block {
	var out []Block
	for _, b := range p.Project.Buildings {
		if b.Withdrawn == "" && b.Households > 0 {
			name := b.Name
			if phase := p.Project.PhaseName(b.Phase); phase != "" {
				name = phase + b.Name
			}
			out = append(out, Block{name, b.Households})
		}
	}
	if len(out) == 0 {
		out = []Block{{"全小区", p.Place.Households}}
	}
	return out
}

// bad gathers what is wrong with an input.
type bad []fault.Field

func (b *bad) add(name, format string, args ...any) {
	*b = append(*b, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
}

func (b bad) err(op string) error {
	if len(b) == 0 {
		return nil
	}
	return fault.InvalidFields(op, b...)
}

func (b *bad) frame(frame []Block, households int64) {
	if len(frame) == 0 || len(frame) > maxFrame {
		b.add("frame", "楼栋要有 1 至 %d 幢，现在有 %d 幢", maxFrame, len(frame))
		return
	}
	seen := map[string]bool{}
	for i, block := range frame {
		if n := utf8.RuneCountInString(block.Name); n < 1 || n > 20 || strings.TrimSpace(block.Name) != block.Name {
			b.add("frame", "第 %d 行：楼栋名称要写 1 至 20 个字，现在是“%s”", i+1, block.Name)
		}
		if seen[block.Name] {
			b.add("frame", "第 %d 行：“%s”写了两次", i+1, block.Name)
		}
		seen[block.Name] = true
		if block.Households < 1 || block.Households > maxHouseholds {
			b.add("frame", "第 %d 行：“%s”的已入住户数要在 1 至 %d 之间，现在是 %d", i+1, block.Name, maxHouseholds, block.Households)
		}
	}
	if n := occupiedOf(frame); n > households {
		b.add("frame", "各楼已入住户数合计 %d 户，多于登记的总户数 %d 户", n, households)
	}
}

// Prepare draws the households of a project for this year's survey. Returns Forbidden without RunSurvey or for who acts for a firm, NotFound outside the scope, Invalid for refused fields (project, by, frame), Conflict if
// there is a survey this year.
func (s *Service) Prepare(ctx context.Context, by policy.Actor, in Plan, idem *store.Idem) (store.Doc[Survey], error) {
	const op = "survey.Prepare"
	none := store.Doc[Survey]{}
	desk := s.desk()
	scope, err := desk.Scope(ctx, by, policy.RunSurvey)
	if err == nil {
		err = apart(by)
	}
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.RunSurvey), Why: StepPrepare.Title(), Idem: idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	if in.Project == "" {
		return none, fault.InvalidFields(op, fault.Field{Name: "project", Message: "请选择小区"})
	}
	row, err := s.Register.OneProject(ctx, by, in.Project)
	if err != nil {
		return none, err
	}
	today := s.Today()
	if err := scope.Require(op, row.Keys(), today); err != nil {
		return none, err
	}
	o := Survey{Project: in.Project, Name: row.Name, Community: row.Community, CommunityName: row.CommunityName, TownshipName: row.TownshipName, Firm: row.Firm, FirmName: row.FirmName, Keys: row.Keys(), Day: today,
		Year: int64(today.Year()), Round: 1, Form: s.Terms.form(row.Contract.Level), By: in.By, Frame: in.Frame, Households: row.Place.Households, State: Prepared, Last: StepPrepare}
	id, seq := idOf(in.Project, o.Year), int64(0)
	switch before, err := s.rows.Load(ctx, id); {
	case err == nil:
		if _, err := before.State.State.next(StepPrepare); err != nil {
			return none, fault.New(op, fault.Conflict, fmt.Sprintf("%s %d 年已经有满意度调查，现在是“%s”；每年一次", o.Name, o.Year, before.State.State.Title()))
		}
		seq, o.Round, o.Serial = before.Seq, before.State.Round+1, before.State.Serial
	case !fault.Is(err, fault.NotFound):
		return none, err
	}
	var b bad
	if o.Firm == "" {
		b.add("project", "%s今天没有服务企业，没有可以评价的服务", o.Name)
	}
	if in.By != ByCode && in.By != ByList {
		b.add("by", "请选择答卷方式")
	}
	b.frame(in.Frame, o.Households)
	if err := b.err(op); err != nil {
		return none, err
	}
	occupied := occupiedOf(in.Frame)
	o.Needed, o.Population = s.Terms.Needed(o.Households, occupied)
	o.Invited = s.Terms.Invited(o.Needed, occupied)
	o.Seed = s.DB.MAC("survey-seed", fmt.Sprintf("%s/%d", id, o.Round))[:32]
	o.Commitment = supervision.Commitment(o.Seed)
	o.made(by.ID)
	if o.Serial == "" {
		if o.Serial, err = s.claimSerial(ctx, store.Meta{By: meta.By, Action: meta.Action, Why: meta.Why}, id); err != nil {
			return none, err
		}
	}
	return desk.Commit(ctx, meta, id, seq, o)
}

// change carries out a step: table, outsiders, then f.
func (s *Service) change(ctx context.Context, by policy.Actor, at supervision.At, do Step, why string, f func(*Survey, *bad) error) (store.Doc[Survey], error) {
	said := do.Title()
	if why != "" {
		said += "：" + why
	}
	doc, err := s.desk().Change(ctx, by, do.Action(), at, said, func(_ policy.Scope, o *Survey) error {
		if do != StepDeliver {
			if err := apart(by); err != nil {
				return err
			}
		}
		to, err := o.State.next(do)
		if err != nil {
			return err
		}
		o.Clock, o.Reason = s.resolved(o.Clock), why
		var b bad
		if err := f(o, &b); err != nil {
			return err
		}
		if err := b.err("survey." + string(do)); err != nil {
			return err
		}
		if to == either {
			if to = NotEnough; o.Enough() {
				to = Published
			}
		}
		o.State, o.Last = to, do
		return nil
	})
	return doc, err
}

// resolved gives a deadline the due date that the calendar knows by now.
func (s *Service) resolved(d calendar.Deadline) calendar.Deadline {
	if d.Rule == "" {
		return d
	}
	return s.Days.Resolve(d)
}

// Open begins: the hash of the seed is public from now on, codes are taken, the end is computed. Returns Forbidden, NotFound, Conflict.
func (s *Service) Open(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Survey], error) {
	return s.change(ctx, by, at, StepOpen, "", func(o *Survey, _ *bad) (err error) {
		o.Opened = s.Today()
		if o.Clock, err = s.Deadlines(ruleRun, o.Opened); err != nil {
			return err
		}
		o.made(by.ID)
		return s.placeBox(ctx, at.ID, o.Round)
	})
}

// Deliver says for the community that the slips were handed out, but for so many that reached nobody. Returns Forbidden without DeliverSurvey, NotFound, Invalid (unreached), Conflict.
func (s *Service) Deliver(ctx context.Context, by policy.Actor, at supervision.At, unreached int64) (store.Doc[Survey], error) {
	return s.change(ctx, by, at, StepDeliver, "", func(o *Survey, b *bad) error {
		if o.By != ByCode {
			return fault.New("survey.Deliver", fault.Conflict, "这次调查按名单入户，没有要发的答题码")
		}
		if unreached < 0 || unreached > o.Invited {
			b.add("unreached", "没有发出的要在 0 至 %d 张之间，现在是 %d", o.Invited, unreached)
		}
		o.Delivered, o.Unreached = s.Today(), unreached
		return nil
	})
}

// Extend moves the end once, before it has come, by at most the days of the rule survey.more. Returns Forbidden, NotFound, Invalid (until, why), Conflict if it is too late or was extended.
func (s *Service) Extend(ctx context.Context, by policy.Actor, at supervision.At, until calendar.Date, why string) (store.Doc[Survey], error) {
	const op = "survey.Extend"
	return s.change(ctx, by, at, StepExtend, strings.TrimSpace(why), func(o *Survey, b *bad) error {
		switch {
		case o.Extended:
			return fault.New(op, fault.Conflict, "截止日已经延长过一次，不能再延")
		case !o.Clock.Resolved():
			return fault.New(op, fault.Conflict, "截止日还没有定，不用延长")
		case o.Clock.Late(s.Now()):
			return fault.New(op, fault.Conflict, "截止日"+o.Clock.Due.Chinese()+"已经过了，只能在截止以前延长")
		}
		rule, err := s.Deadlines(ruleMore, o.Clock.Due)
		if err != nil {
			return err
		}
		last := rule.Due
		if !rule.Resolved() {
			last = o.Clock.Due.Add(rule.N)
		}
		if until.Compare(o.Clock.Due) <= 0 || until.Compare(last) > 0 {
			b.add("until", "延长到的日子要在%s以后，最晚%s", o.Clock.Due.Chinese(), last.Chinese())
		}
		b.why(why)
		o.Clock.Due, o.Extended = until, true
		o.Clock.Basis += "；" + s.Today().Chinese() + "延长"
		o.made(by.ID)
		return nil
	})
}

func (b *bad) why(why string) {
	if n := utf8.RuneCountInString(strings.TrimSpace(why)); n < 4 || n > maxWhy {
		b.add("why", "理由要写 4 至 %d 个字，现在有 %d 个", maxWhy, n)
	}
}

// Cancel gives a survey up; what was answered is destroyed uncounted, and another one can be prepared. Returns Forbidden, NotFound, Invalid (why), Conflict.
func (s *Service) Cancel(ctx context.Context, by policy.Actor, at supervision.At, why string) (store.Doc[Survey], error) {
	doc, err := s.change(ctx, by, at, StepCancel, strings.TrimSpace(why), func(o *Survey, b *bad) error {
		b.why(why)
		o.Clock = calendar.Deadline{}
		o.made(by.ID)
		return nil
	})
	if err != nil {
		return doc, err
	}
	return doc, s.removeBox(ctx, doc.ID, doc.State.Round)
}

// Close ends a survey whose last day has passed, or whose every household has answered, and counts. With fewer answers than needed nothing but their number is kept. Returns Forbidden, NotFound, Conflict before the end.
func (s *Service) Close(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Survey], error) {
	const op = "survey.Close"
	sealed := int64(0)
	doc, err := s.change(ctx, by, at, StepClose, "", func(o *Survey, _ *bad) error {
		found, err := s.boxes.Get(ctx, boxID(at.ID, o.Round))
		if err != nil {
			return err
		}
		if o.Clock.Resolved() && !o.Clock.Late(s.Now()) && found.State.answers() < o.Invited {
			return fault.New(op, fault.Conflict, "截止日"+o.Clock.Due.Chinese()+"还没有过，也还有没交的答卷，不能汇总")
		}
		full, err := s.seal(ctx, at.ID, o.Round, true)
		if err != nil {
			return err
		}
		sealed = o.Round
		o.Result = full.result(o)
		o.Closed = s.Today()
		for _, h := range o.Result.Hands {
			o.made(h.By)
		}
		o.made(by.ID)
		o.Clock, err = s.Deadlines(rulePublish, o.Closed)
		return err
	})
	if err != nil {
		if sealed > 0 {
			// Somebody was quicker: if the survey is still open, its box takes answers again.
			if now, loadErr := s.rows.Head(ctx, at.ID); loadErr == nil && now.State.State == Open {
				_, _ = s.seal(ctx, at.ID, sealed, false)
			}
		}
		return doc, err
	}
	return doc, s.removeBox(ctx, doc.ID, doc.State.Round)
}

// Publish makes the result public, or that there were not enough answers. Returns Forbidden without PublishSurvey or for who ran it or entered answers, NotFound, Conflict.
func (s *Service) Publish(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Survey], error) {
	return s.change(ctx, by, at, StepPublish, "", func(o *Survey, _ *bad) error {
		if err := policy.Separate(by, policy.PartCheck, o.Acts); err != nil {
			return err
		}
		o.Acts = append(slices.Clip(o.Acts), policy.Act{Part: policy.PartCheck, By: by.ID})
		o.Published, o.Clock = s.Today(), calendar.Deadline{}
		return nil
	})
}

// Can reports whether the actor may do a step now, as far as state, rights and days say; what the form must hold is told by the step.
func (s *Service) Can(by policy.Actor, o *Survey, do Step) bool {
	if _, err := o.State.next(do); err != nil || !s.Guard.Allow(by, do.Action()) || do != StepDeliver && apart(by) != nil {
		return false
	}
	late := o.Clock.Late(s.Now())
	switch do {
	case StepPrepare:
		return false // it has a page of its own
	case StepDeliver:
		return o.By == ByCode
	case StepExtend:
		return !o.Extended && o.Clock.Resolved() && !late
	case StepPublish:
		return policy.Separate(by, policy.PartCheck, o.Acts) == nil
	}
	return true
}

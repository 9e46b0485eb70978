package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Something of a project that ends on a day is told 90, 60 and 30 days before, to those who must act. It is told until it is renewed: a later contract of the phase, a later term,
// a later paper of the same kind and subject. Who has reminded the others says so once for each of the three days; then it rests until the next one.

// ExpiryKind is what ends.
type ExpiryKind string

// The kinds of what ends.
const (
	// ExpiryContract: a service contract (物业服务合同).
	ExpiryContract ExpiryKind = "contract"
	// ExpiryCustody: an emergency custody (应急托管).
	ExpiryCustody ExpiryKind = "custody"
	// ExpiryBody: the term of an owners' body (业主组织任期).
	ExpiryBody ExpiryKind = "body"
	// ExpiryPaper: insurance, certificates, tests (保险与证照).
	ExpiryPaper ExpiryKind = "paper"
)

// ExpiryKinds lists the kinds of what ends.
func ExpiryKinds() []Choice {
	return []Choice{{string(ExpiryContract), "物业服务合同"}, {string(ExpiryCustody), "应急托管"}, {string(ExpiryBody), "业主组织任期"}, {string(ExpiryPaper), "保险与证照"}}
}

// ExpiryStages are how many days before its end something is told, the last one first; 0 stands for what has ended.
func ExpiryStages() []int64 { return []int64{0, 30, 60, 90} }

// StageOf is the stage of something that ends in so many days, 90, 60, 30, or 0 after its end; false if it is not told yet.
func StageOf(days int) (int64, bool) {
	if days < 0 {
		return 0, true
	}
	for _, stage := range ExpiryStages()[1:] {
		if int64(days) <= stage {
			return stage, true
		}
	}
	return 0, false
}

// Expiry is something of a project that ends soon or has ended without being renewed.
type Expiry struct {
	// Place says where the project lies and who holds it today.
	Place
	// Kind is what ends, Item names it within the project, What says it in words, Party who must renew it: the firm, of the term of an owners' body the community.
	Kind              ExpiryKind
	Item, What, Party string
	// Until is the last day, Days how many days are left, below 0 after it; Stage is 90, 60, 30, or 0 after it.
	Until calendar.Date
	Days  int
	Stage int64
	// Reminded is the day on which somebody said at this stage that he reminded those who must act, no date if nobody did.
	Reminded calendar.Date
}

// ending is one end of a project.
type ending struct {
	kind             ExpiryKind
	item, what, firm string
	until            calendar.Date
}

// tracks are the phases for which contracts are looked at one by one: only "" if no contract is about a single phase.
func (p *Project) tracks() []string {
	if !slices.ContainsFunc(p.Contracts, func(c Contract) bool { return c.Phase != "" }) {
		return []string{""}
	}
	var out []string
	for _, phase := range p.Phases {
		out = append(out, phase.ID)
	}
	return out
}

// lastContract is the contract of a phase that ends last; open if it has no end.
func (p *Project) lastContract(phase string) (last Contract, open bool) {
	for _, c := range p.Contracts {
		if !c.covers(phase) {
			continue
		}
		if c.Days.Until.IsZero() {
			return c, true
		}
		if c.Days.Until.Compare(last.Days.Until) > 0 {
			last = c
		}
	}
	return last, false
}

// endings are all ends of a project that nothing renews, whenever they are.
func (p *Project) endings() []ending {
	var out []ending
	for _, phase := range p.tracks() {
		last, open := p.lastContract(phase)
		if open || last.Firm == "" || slices.ContainsFunc(out, func(e ending) bool { return e.item == "contract/"+last.ID }) {
			continue
		}
		e := ending{kind: ExpiryContract, item: "contract/" + last.ID, what: p.PhaseName(last.Phase) + "物业服务合同", firm: last.Firm, until: last.Days.Until}
		if last.Kind == ContractCustody {
			e.kind, e.what = ExpiryCustody, p.PhaseName(last.Phase)+"应急托管"
		}
		out = append(out, e)
	}
	if n := len(p.Bodies); n > 0 && !p.Bodies[n-1].Days.Until.IsZero() {
		last := p.Bodies[n-1]
		out = append(out, ending{kind: ExpiryBody, item: "body/" + last.Days.From.String(), what: TextOf(BodyKinds(), last.Kind) + "任期", until: last.Days.Until})
	}
	for _, q := range p.latestPapers() {
		out = append(out, ending{kind: ExpiryPaper, item: "paper/" + q.ID, what: q.Subject + TextOf(PaperKinds(), q.Kind), until: q.Days.Until})
	}
	return out
}

// byWatch lists projects by the first of their ends; those without any contract come first. It takes the place of the index “ending” of earlier versions.
const byWatch = "watch"

// watchDay is the day by which a project is listed: no date if it has no contract at all; false if nothing ends.
func (p *Project) watchDay() (first calendar.Date, listed bool) {
	if len(p.Contracts) == 0 {
		return first, true
	}
	for _, e := range p.endings() {
		if !listed || e.until.Compare(first) < 0 {
			first, listed = e.until, true
		}
	}
	return first, listed
}

// watchKeys list a project for its place, and for every firm that ever held it.
func watchKeys(id string, p *Project) []string {
	if _, listed := p.watchDay(); !listed {
		return nil
	}
	keys := append(p.placeKeys(id), "")
	for _, c := range p.Contracts {
		keys = append(keys, policy.FirmKey(c.Firm))
	}
	return keys
}

func watchSort(_ string, p *Project) string {
	first, _ := p.watchDay()
	return first.String()
}

// eachWatched calls yield for the projects of the actor's scope of which something ends on a day or before, or that have no contract, what ends first before the others.
func (s *Service) eachWatched(ctx context.Context, by policy.Actor, last calendar.Date, yield func(d *store.Doc[Project]) error) error {
	scope, err := s.readScope(ctx, by)
	if err != nil {
		return err
	}
	today := s.On(ctx)
	ask := store.Query{Index: byWatch, Limit: store.MaxLimit}
	if !scope.All() {
		ask.In = scope.Keys()
	}
	for {
		page, err := s.projects.ListWhere(ctx, ask, func(d *store.Doc[Project]) bool { return scope.Covers(d.State.keysOn(d.ID, today), today) })
		if err != nil {
			return err
		}
		for i := range page.Docs {
			if first, _ := page.Docs[i].State.watchDay(); first.Compare(last) > 0 {
				return nil
			}
			if err := yield(&page.Docs[i]); err != nil {
				return err
			}
		}
		if ask.After = page.Next; ask.After == "" {
			return nil
		}
	}
}

// ExpiryQuery narrows what ends; what is zero does not narrow.
type ExpiryQuery struct {
	// Text is looked for in the name of the project; Township keeps those there; Kind those of that kind; Stage those of that stage, “0”, “30”, “60” or “90”.
	Text, Township string
	Kind           ExpiryKind
	Stage          string
}

// Expiries lists what ends within 90 days or has ended without being renewed, in the actor's scope, the earliest end first. Returns Forbidden without ReadRegister.
func (s *Service) Expiries(ctx context.Context, by policy.Actor, q ExpiryQuery) ([]Expiry, error) {
	today, book := s.On(ctx), s.nameBook()
	var out []Expiry
	err := s.eachWatched(ctx, by, today.Add(endingDays), func(d *store.Doc[Project]) error {
		p := &d.State
		if q.Township != "" && p.Township != q.Township || !finds(p.Name, q.Text) {
			return nil
		}
		var place Place
		var marks Reminders
		for _, e := range p.endings() {
			stage, told := StageOf(e.until.Sub(today))
			if !told || q.Kind != "" && q.Kind != e.kind || q.Stage != "" && q.Stage != fmt.Sprint(stage) {
				continue
			}
			if place.Project == "" {
				var err error
				if place, err = book.place(ctx, d.ID, p, today); err != nil {
					return err
				}
				found, err := s.reminders.Load(ctx, d.ID)
				if err != nil && !fault.Is(err, fault.NotFound) {
					return err
				}
				marks = found.State
			}
			x := Expiry{Place: place, Kind: e.kind, Item: e.item, What: e.what, Party: place.FirmName, Until: e.until, Days: e.until.Sub(today), Stage: stage}
			switch {
			case e.kind == ExpiryBody:
				x.Party = place.CommunityName
			case e.firm != "":
				firm, err := book.firm(ctx, e.firm)
				if err != nil {
					return err
				}
				x.Party = firm.Name
			}
			if m, ok := marks.of(e.item, e.until, stage); ok {
				x.Reminded = calendar.DateOf(m.At.Time)
			}
			out = append(out, x)
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b Expiry) int { return a.Until.Compare(b.Until) })
	return out, err
}

// Unserved are the projects of the actor's scope for which no contract was ever registered. Returns Forbidden without ReadRegister.
func (s *Service) Unserved(ctx context.Context, by policy.Actor) ([]Place, error) {
	book := s.nameBook()
	var out []Place
	err := s.eachWatched(ctx, by, calendar.Date{}, func(d *store.Doc[Project]) error {
		place, err := book.place(ctx, d.ID, &d.State, s.On(ctx))
		out = append(out, place)
		return err
	})
	return out, err
}

const reminderKind = "reminder"

// Reminders are what was said about the ends of one project, and about the clocks of the cases that are about it; the stream has the id of the project.
type Reminders struct {
	// Marks are the reminders of the last two years, oldest first.
	Marks []ReminderMark `json:"marks,omitempty"`
}

// ReminderMark says that those who must act were reminded.
type ReminderMark struct {
	// Item, Until and Stage are those of the expiry; of a clock of a case its name (casework.Rows.Item), its last day, and how many days before it that was told, 0 for after it.
	Item  string        `json:"item" privacy:"internal"`
	Until calendar.Date `json:"until"`
	Stage int64         `json:"stage"`
	// By is who said so, At when.
	By string       `json:"by" privacy:"internal"`
	At journal.Time `json:"at"`
}

func (r Reminders) of(item string, until calendar.Date, stage int64) (ReminderMark, bool) {
	for _, m := range r.Marks {
		if m.Item == item && m.Until == until && m.Stage == stage {
			return m, true
		}
	}
	return ReminderMark{}, false
}

// reminderDocument is how reminders are stored.
func reminderDocument() store.Kind[Reminders] {
	return store.Kind[Reminders]{Name: reminderKind, Version: 1}
}

// keptMarks is how long the mark of a past end is kept, in days.
const keptMarks = 730

// Remind says that those who must act about an end were reminded; saying it again at the same stage writes nothing. Returns Forbidden without WriteRegister, NotFound, Conflict
// if the end is renewed, not told yet, or past: what has ended is to be put in order and rests no more.
func (s *Service) Remind(ctx context.Context, by policy.Actor, project, item string) error {
	const op = "registry.Remind"
	d, err := s.projectFor(ctx, by, policy.WriteRegister, project)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(d.State.endings(), func(e ending) bool { return e.item == item })
	if at < 0 {
		return fault.New(op, fault.Conflict, "这一项已经续办，不用再提醒")
	}
	e := d.State.endings()[at]
	stage, told := StageOf(e.until.Sub(s.Today()))
	switch {
	case !told:
		return fault.New(op, fault.Conflict, "离到期还有 90 日以上，不用提醒")
	case stage == 0:
		return fault.New(op, fault.Conflict, e.what+"已经过期，请续办或者登记新的情况")
	}
	_, err = s.Mark(ctx, s.meta(by, policy.WriteRegister, "到期提醒："+strings.TrimSpace(e.what)), project, ReminderMark{Item: item, Until: e.until, Stage: stage, By: by.ID, At: journal.At(s.now())})
	return err
}

// Mark notes that who must act about something of a project was told, and reports whether that is new: the same item, day and stage a second time writes nothing. It asks for no right. Returns Conflict if somebody was quicker.
func (r *Register) Mark(ctx context.Context, meta store.Meta, project string, m ReminderMark) (bool, error) {
	now, err := r.reminders.Load(ctx, project)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return false, err
	}
	if _, done := now.State.of(m.Item, m.Until, m.Stage); done {
		return false, nil
	}
	oldest := calendar.DateOf(m.At.Time).Add(-keptMarks)
	now.State.Marks = slices.DeleteFunc(slices.Clone(now.State.Marks), func(old ReminderMark) bool { return old.Until.Compare(oldest) < 0 })
	now.State.Marks = append(now.State.Marks, m)
	_, err = r.reminders.Commit(ctx, meta, project, now.Seq, now.State)
	return err == nil, err
}

// Marks are what was noted of the reminders of a project under names that begin with a text, the oldest first. It asks for no right.
func (r *Register) Marks(ctx context.Context, project, begin string) ([]ReminderMark, error) {
	found, err := r.reminders.Load(ctx, project)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return slices.DeleteFunc(slices.Clone(found.State.Marks), func(m ReminderMark) bool { return !strings.HasPrefix(m.Item, begin) }), err
}

package matter

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Config is what the matters need; everything is required.
type Config struct {
	// DB keeps them, Guard says who may do what, Keeper takes photos in, Now is the business clock.
	DB     *store.DB
	Guard  *policy.Guard
	Keeper *files.Keeper
	Now    func() time.Time
	// Places says where things lie, Tree: see there.
	Places supervision.Atlas
	Tree   *Tree
	// Finder makes what finds places by their names, for one file and one goroutine.
	Finder func() *registry.Finder
	// Deadlines starts a deadline by its rule; NotFound for an unknown one. Resolve gives an unresolved one its due date if the calendar reaches that far by now.
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	Resolve   func(calendar.Deadline) calendar.Deadline
}

// Service follows matters. Every call names the actor; a refused call writes nothing.
type Service struct {
	Config
	rows *store.Collection[Matter]
	// feedbacks are what receivers were told, frozen.
	feedbacks *store.Collection[Feedback]
	// tickets are those of whoever has no account.
	tickets supervision.Tickets
	desk    supervision.Desk[Matter]
	// Orders is where orders of other platforms come in.
	Orders *registry.Intake[OrderLine]
}

const (
	matterKind = "matter"
	// byScope lists everything by scope keys, department and reporter, the moment of the report decides the order; byDue what is open by scope keys and department, by its deadline; byWork by whose turn it is, and what was merged by what it was merged into.
	byScope = "scope"
	byDue   = "due"
	byWork  = "work"
	// byMonth lists everything by month of the report with scope keys and departments.
	byMonth = "month"
	// The deadlines beside those of the categories.
	dispatchRule = "matter.dispatch"
	signRule     = "matter.sign"
	moreRule     = "matter.extension"
	checkRule    = "matter.callback"
	reopenRule   = "matter.reopen"
	// superviseRule is how long after the first rung the second one is proposed.
	superviseRule = "matter.supervise"
	// never sorts what has no day behind everything else.
	never = "9999-12-31"
)

// listed are the keys under which a matter is found: those of its scope, of the departments that ever had it, and of who reported it.
func (m *Matter) listed() []string {
	keys := supervision.ListKeys(m.Keys)
	for _, d := range m.Departments {
		keys = append(keys, unitKey(d))
	}
	if m.Order != nil {
		for _, key := range supervision.ListKeys(m.Keys) {
			keys = append(keys, ordersBefore+key)
		}
	}
	return append(keys, mineKey(m.Reported.By))
}

// heldKey is the key of what was closed and is held against a firm.
const heldKey = "held"

func mineKey(account string) string { return "by:" + account }

// intoKey is the key of what was merged into a matter.
func intoKey(id string) string { return "into/" + id }

// dueText sorts by the deadline of the present state, what is urgent first.
func (m *Matter) dueText() string {
	urgency := "1"
	if m.Urgent {
		urgency = "0"
	}
	if !m.Due.Resolved() {
		return urgency + never
	}
	return urgency + m.Due.Due.String()
}

// document is how matters are stored.
func document() store.Kind[Matter] {
	due := func(_ string, m *Matter) string { return m.dueText() }
	return store.Kind[Matter]{Name: matterKind, Version: 1, Indexes: []store.Index[Matter]{
		{Name: byScope, Keys: func(_ string, m *Matter) []string {
			if m.done() && m.against() {
				return append(m.listed(), heldKey)
			}
			return m.listed()
		}, Sort: func(_ string, m *Matter) string { return store.SortTime(m.Reported.At.Time) }},
		{Name: byDue, Keys: func(_ string, m *Matter) []string {
			if m.State.Closed() {
				return nil
			}
			return m.listed()
		}, Sort: func(_ string, m *Matter) string { return m.dueText()[1:] }},
		{Name: byWork, Keys: func(_ string, m *Matter) []string { return m.work() }, Sort: due},
		{Name: byMonth, Keys: func(_ string, m *Matter) []string { return m.monthly() }, Sort: func(_ string, m *Matter) string { return store.SortTime(m.Reported.At.Time) }},
	}, Columns: func(_ string, m *Matter) any { return m.facts() }}
}

// New opens the matters.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c, tickets: supervision.Tickets{DB: c.DB, Of: matterKind}}
	var err error
	s.rows, err = store.NewCollection(ctx, c.DB, document())
	s.desk = supervision.Desk[Matter]{Guard: c.Guard, Rows: s.rows, Place: func(m *Matter) ([]string, calendar.Date) { return m.Keys, m.Day }, Shows: s.shows,
		Outdated: func(m *Matter) error {
			return fault.New("matter.Change", fault.Conflict, "这件事项刚被别人办过（"+string(plainMove(m.Last))+"），现在是“"+m.State.Title()+"”，请刷新后再办")
		}}
	if err == nil {
		s.feedbacks, err = store.NewCollection(ctx, c.DB, feedbackDocument())
	}
	if err == nil {
		err = s.openOrders(ctx)
	}
	return s, err
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

func (s *Service) hand(by policy.Actor, action policy.Action) supervision.Hand {
	return supervision.HandOf(s.Guard.Rules(), by, action, journal.At(s.Now()))
}

// bad gathers what is wrong with an input.
type bad []fault.Field

func (b *bad) add(name, format string, args ...any) {
	*b = append(*b, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
}

func (b *bad) err(op string) error {
	if len(*b) == 0 {
		return nil
	}
	return fault.InvalidFields(op, *b...)
}

// number finds phones and identity numbers.
var number = regexp.MustCompile(`1[3-9][0-9]{9}|[0-9]{17}[0-9Xx]`)

// text trims a text, checks its length in signs, and that it names nobody's phone or identity number: what is written here is shown to firms.
func (b *bad) text(name, label string, value *string, least, most int) {
	*value = strings.TrimSpace(*value)
	if n := utf8.RuneCountInString(*value); n < least || n > most {
		b.add(name, "%s要写 %d 至 %d 个字，现在有 %d 个", label, least, most, n)
	}
	if number.MatchString(*value) {
		b.add(name, "%s里不要写电话号码和身份证号", label)
	}
}

// ownWords checks the place and the words of a report.
func (b *bad) ownWords(where, words *string) {
	b.text("where", "具体位置", where, 2, MaxPlace)
	b.text("words", "情况", words, 5, MaxWords)
}

// MaxPhotos is how many photos a report, an answer or a check has at most.
const MaxPhotos = 3

func (b *bad) photos(list []*files.Upload) {
	if len(list) > MaxPhotos {
		b.add("photos", "最多 %d 张照片，现在有 %d 张", MaxPhotos, len(list))
	}
}

// keep stores photos; they were checked by their content when they came in.
func (s *Service) keep(ctx context.Context, meta store.Meta, list []*files.Upload) ([]files.Stored, error) {
	var out []files.Stored
	for _, upload := range list {
		stored, err := s.Keeper.Keep(ctx, meta, upload)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(f files.Stored) bool { return f.Original == stored.Original }) {
			out = append(out, stored)
		}
	}
	return out, nil
}

// Input is what somebody reports.
type Input struct {
	// Category is a code of matters.yaml.
	Category string
	// Community is the id of a division, Project that of a compound; one of them is enough. Where says the place in words.
	Community, Project, Where string
	// Words say what is the matter.
	Words string
	// Redirected says that somebody inside put another place or category, because what the form offered is not in the register any more; "" for nobody.
	Redirected string
	// Photos show it; they stay the caller's to close.
	Photos []*files.Upload
	// Idem makes a retry safe, nil for none.
	Idem *store.Idem
}

// Report takes a matter in. Returns Forbidden without ReportMatter or for a role that matters.yaml does not name, Invalid for refused fields (category, community, project, where, words, photos),
// NotFound for a place outside the scope.
func (s *Service) Report(ctx context.Context, by policy.Actor, in Input) (store.Doc[Matter], error) {
	const op = "matter.Report"
	none := store.Doc[Matter]{}
	scope, err := s.desk.Scope(ctx, by, policy.ReportMatter)
	if err != nil {
		return none, err
	}
	source := s.Tree.SourceOf(by)
	if source == "" {
		return none, &fault.Error{Op: op, Kind: fault.Forbidden, Message: "你的岗位没有列为上报人", Rule: "matters.yaml：reporters"}
	}
	meta := store.Meta{By: by.ID, Action: string(policy.ReportMatter), Why: string(MoveReport), Idem: in.Idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	m, err := s.written(ctx, op, in)
	if err != nil {
		return none, err
	}
	if err := scope.Require(op, m.Keys, m.Day); err != nil {
		return none, err
	}
	m.Source, m.Reported = source, s.hand(by, policy.ReportMatter)
	return s.first(ctx, meta, s.DB.NewID(meta), m, in.Photos)
}

// Admit takes in what a row of an answer to a task of collection (收表任务) tells of a hazard, by who asked for the answer: of one key there is one matter, and a second time gives its id and writes nothing.
// Returns Forbidden without SendCollection, Invalid for refused fields (category, community, project, where, words), NotFound for a place outside the scope.
func (s *Service) Admit(ctx context.Context, by policy.Actor, h supervision.Hazard) (string, error) {
	const op = "matter.Admit"
	scope, err := s.desk.Scope(ctx, by, policy.SendCollection)
	if err != nil {
		return "", err
	}
	m, err := s.written(ctx, op, Input{Category: h.Category, Community: h.Community, Project: h.Project, Where: h.Where, Words: h.Words})
	if err != nil {
		return "", err
	}
	if err := scope.Require(op, m.Keys, m.Day); err != nil {
		return "", err
	}
	id := s.DB.MAC("matter/return", h.Key)[:32]
	if _, err := s.rows.Load(ctx, id); err == nil || !fault.Is(err, fault.NotFound) {
		return id, err
	}
	m.Source, m.Reported, m.From = SourceReturn, s.hand(by, policy.SendCollection), h.From
	if _, err = s.first(ctx, store.Meta{By: by.ID, Action: string(policy.SendCollection), Why: string(MoveReport)}, id, m, nil); fault.Is(err, fault.Conflict) {
		err = nil // another one clicked at the same moment
	}
	return id, err
}

// Admitted is the id of the answer to a task of collection whose row a matter was, "" for all others. It asks for no right: for doctor. Returns NotFound if there is no such matter.
func (s *Service) Admitted(ctx context.Context, id string) (from string, err error) {
	doc, err := s.rows.Load(ctx, id)
	return doc.State.From, err
}

// Hazards are the categories of hazards, for who passes them on.
func (s *Service) Hazards() []registry.Choice {
	var out []registry.Choice
	for _, k := range s.Tree.Kinds() {
		if !k.Hazard {
			continue
		}
		for _, c := range k.Categories {
			out = append(out, registry.Choice{ID: c.ID, Text: c.Title})
		}
	}
	return out
}

// written is the matter that a report makes, without who reports it. Returns Invalid for refused fields, NotFound for a place that is none.
func (s *Service) written(ctx context.Context, op string, in Input) (Matter, error) {
	var b bad
	kind, category, err := s.Tree.Category(in.Category)
	if err != nil {
		b.add("category", "请选择分类")
	}
	m := Matter{Kind: kind.ID, KindTitle: kind.Title, Category: category.ID, CategoryTitle: category.Title, Hazard: kind.Hazard, Urgent: category.Urgent, AnswerRule: category.Answer,
		Where: in.Where, Words: in.Words, Day: s.today()}
	b.ownWords(&m.Where, &m.Words)
	b.photos(in.Photos)
	if err := s.place(ctx, in, &m, &b); err != nil {
		return m, err
	}
	return m, b.err(op)
}

// first keeps the photos of a report and stores it as the first state of a matter.
func (s *Service) first(ctx context.Context, meta store.Meta, id string, m Matter, photos []*files.Upload) (_ store.Doc[Matter], err error) {
	if m.Photos, err = s.keep(ctx, meta, photos); err != nil {
		return store.Doc[Matter]{}, err
	}
	m.State, m.Last, m.Hand = Reported, MoveReport, m.Reported
	if m.Due, err = s.Deadlines(dispatchRule, s.today()); err != nil {
		return store.Doc[Matter]{}, err
	}
	return s.rows.Commit(ctx, meta, id, 0, m)
}

// place says where a matter is: in a compound, or only in a community.
func (s *Service) place(ctx context.Context, in Input, m *Matter, b *bad) error {
	w, err := supervision.Locate(ctx, s.Places, in.Community, in.Project, m.Day, b.add)
	m.Project, m.ProjectName, m.Firm, m.FirmName = w.Project, w.ProjectName, w.Firm, w.FirmName
	m.Community, m.CommunityName, m.Township, m.TownshipName, m.Keys = w.Community, w.CommunityName, w.Township, w.TownshipName, w.Keys
	return err
}

// Communities are the communities in which the actor may report, by name; none for somebody who reports about compounds only. Returns Forbidden without ReportMatter.
func (s *Service) Communities(ctx context.Context, by policy.Actor) ([]registry.Choice, error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReportMatter)
	if err != nil {
		return nil, err
	}
	list, err := s.Places.DivisionsAt(ctx, registry.LevelCommunity, s.today())
	var out []registry.Choice
	for _, d := range list {
		if scope.Covers([]string{policy.CommunityKey(d.ID), policy.TownshipKey(d.Parent)}, s.today()) {
			out = append(out, registry.Choice{ID: d.ID, Text: d.Display})
		}
	}
	return out, err
}

// change loads a matter, lets f say which move it is and what it changes, and commits it. why is what the log says; the action decides right and scope.
func (s *Service) change(ctx context.Context, by policy.Actor, action policy.Action, at supervision.At, move Move, f func(m *Matter) (Move, error)) (store.Doc[Matter], error) {
	doc, err := s.desk.Change(ctx, by, action, at, string(move), func(_ policy.Scope, m *Matter) error {
		if _, err := m.State.next(move); err != nil {
			return err
		}
		m.Reason = ""
		move, err := f(m)
		if err != nil {
			return err
		}
		if m.State, err = m.State.next(move); err != nil {
			return err
		}
		m.Last, m.Hand = move, s.hand(by, action)
		return nil
	})
	if err == nil {
		doc = s.seen(by, doc)
	}
	return doc, err
}

// drawn tells whether the draw falls on the record with which an answer comes in: one of five, by a keyed hash that nobody can steer.
func (s *Service) drawn(at supervision.At) bool {
	stream, err := journal.StreamKey(matterKind, at.ID)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(s.DB.MAC("matter/sample", journal.RecordID(stream, at.Seq+1))[:15], 16, 64)
	return err == nil && n%5 == 0
}

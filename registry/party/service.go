package party

import (
	"context"
	"fmt"
	"io"
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
)

// Register tells who serves where; *registry.Service does.
type Register interface {
	// Held are the projects that a firm holds on a day.
	Held(ctx context.Context, firm string, on calendar.Date) ([]registry.Place, error)
	// Contractor is the firm of a contract, without names and phones, whoever asks.
	Contractor(ctx context.Context, id string) (registry.Firm, error)
	// AllProjects yields what the actor may see.
	AllProjects(ctx context.Context, by policy.Actor, q registry.ProjectQuery, yield func(registry.ProjectRow) error) error
	// Finder finds firms and communities by the words of a workbook; each is for one goroutine.
	Finder() *registry.Finder
}

// Config is what the sheets need; everything is required.
type Config struct {
	// DB keeps them, Guard says who may do what, Keeper takes photos in.
	DB     *store.DB
	Guard  *policy.Guard
	Keeper *files.Keeper
	// Now is the business clock.
	Now func() time.Time
	// Register tells who serves where, Chains how sheets are confirmed.
	Register Register
	Chains   *policy.Chains
	// Persons knows who signed on paper, and asks for a password again.
	Persons policy.Persons
	// Posts tells who of the firms serves in a party organisation too; *registry.Books does.
	Posts Posts
}

// Posts counts the posts of firms' people in party organisations.
type Posts interface {
	// CrossPosts are those of a day, by firm.
	CrossPosts(ctx context.Context, on calendar.Date) (registry.CrossPosts, error)
}

// Chain is the way of confirmation in approvals.yaml.
const Chain = "party-sheet"

// Service keeps the sheets. Every call names the actor; a refused call writes nothing.
type Service struct {
	Config
	rows *store.Collection[Sheet]
	// industry keeps the branch of the trade.
	industry *store.Collection[Industry]
	// Intake is where activities come in from Excel.
	Intake *registry.Intake[Row]
}

const (
	sheetKind = "party-sheet"
	// byQuarter lists by scope key, the latest quarter last; byWork lists what waits for a level; byConfirmed lists what was confirmed at some time.
	byQuarter   = "quarter"
	byWork      = "work"
	byConfirmed = "confirmed"
)

// document is how sheets are stored.
func document() store.Kind[Sheet] {
	sort := func(_ string, s *Sheet) string { return s.Quarter }
	return store.Kind[Sheet]{Name: sheetKind, Version: 1, Indexes: []store.Index[Sheet]{
		{Name: byQuarter, Keys: func(_ string, s *Sheet) []string { return append([]string{policy.County}, s.Keys...) }, Sort: sort},
		{Name: byWork, Keys: func(_ string, s *Sheet) []string {
			if s.State == Confirmed {
				return nil
			}
			return []string{string(s.State)}
		}, Sort: sort},
		{Name: byConfirmed, Keys: func(_ string, s *Sheet) []string {
			if s.Approval == nil && s.State != Confirmed {
				return nil
			}
			return []string{s.Quarter, policy.FirmKey(s.Firm) + "/" + s.Quarter}
		}},
	}}
}

// New opens the sheets.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c}
	var err error
	if s.rows, err = store.NewCollection(ctx, c.DB, document()); err != nil {
		return nil, err
	}
	kind := store.Kind[Industry]{Name: industryKind, Version: 1, Subject: func(id string, in *Industry) string { return in.era().Subject(industryKind, id) }}
	if s.industry, err = store.NewCollection(ctx, c.DB, kind); err != nil {
		return nil, err
	}
	s.Intake, err = s.openIntake(ctx)
	return s, err
}

// At is the sheet that a command is about.
type At struct {
	// Firm, Community and Quarter name it.
	Firm, Community, Quarter string
	// Seq is the change that the actor saw, 0 for a sheet that does not exist yet.
	Seq int64
	// Idem makes a retry safe, nil for none.
	Idem *store.Idem
}

// ID is the id of the sheet.
func (a At) ID() string { return a.Firm + "/" + a.Community + "/" + a.Quarter }

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

// on is the day that a page shows: today, or the day that is looked back to.
func (s *Service) on(ctx context.Context) calendar.Date {
	return calendar.DateOf(store.ClockIn(ctx, s.Now))
}

// scope is the right and the rows of it.
func (s *Service) scope(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := s.Guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	return s.Guard.Scope(ctx, by, action)
}

// fresh is a new sheet. Returns Invalid (community, quarter) if the firm held no project in that community in the quarter, NotFound for malformed ids.
func (s *Service) fresh(ctx context.Context, at At) (Sheet, error) {
	const op = "party.fresh"
	quarter, err := calendar.ParseQuarter(at.Quarter)
	if err != nil || !journal.ValidID(at.ID()) {
		return Sheet{}, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	today := s.today()
	if quarter.Span().First.Compare(today) > 0 {
		return Sheet{}, fault.InvalidFields(op, fault.Field{Name: "quarter", Message: quarter.Chinese() + "还没有开始"})
	}
	for _, day := range []calendar.Date{earlier(quarter.Span().Last, today), quarter.Span().First} {
		held, err := s.Register.Held(ctx, at.Firm, day)
		if err != nil {
			return Sheet{}, err
		}
		for _, place := range held {
			if place.Community == at.Community {
				return Sheet{Firm: at.Firm, FirmName: place.FirmName, Community: at.Community, CommunityName: place.CommunityName, Quarter: at.Quarter, Day: day,
					Keys: []string{policy.FirmKey(at.Firm), policy.CommunityKey(at.Community), policy.TownshipKey(place.Township)}}, nil
			}
		}
	}
	return Sheet{}, fault.InvalidFields(op, fault.Field{Name: "community", Message: "这家企业在" + quarter.Chinese() + "没有服务这个社区的小区"})
}

func earlier(a, b calendar.Date) calendar.Date {
	if a.Compare(b) < 0 {
		return a
	}
	return b
}

// Fill adds an activity to a sheet, or corrects the one of its kind and day; the first activity opens the sheet. photo is its site photo, nil to leave it. Returns Forbidden without
// RecordPartyFact, NotFound outside the scope, Invalid for refused fields (kind, day, expected, present, note, community, quarter), Conflict if the sheet is handed on or seq is not the last
// change.
func (s *Service) Fill(ctx context.Context, by policy.Actor, at At, line Line, photo *files.Upload) (store.Doc[Sheet], error) {
	return s.FillAll(ctx, by, at, []Line{line}, photo)
}

// FillAll is Fill for several activities at once; photo belongs to the last one. Errors as those of Fill.
func (s *Service) FillAll(ctx context.Context, by policy.Actor, at At, lines []Line, photo *files.Upload) (store.Doc[Sheet], error) {
	return s.change(ctx, by, policy.RecordPartyFact, at, MoveFill, "", func(sheet *Sheet) error {
		quarter, err := calendar.ParseQuarter(sheet.Quarter)
		if err != nil {
			return err
		}
		for i, line := range lines {
			if bad := line.check(quarter, s.today()); len(bad) > 0 {
				return fault.InvalidFields("party.Fill", bad...)
			}
			if photo != nil && i == len(lines)-1 {
				stored, err := s.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(policy.RecordPartyFact)}, photo)
				if err != nil {
					return err
				}
				line.Photo = &stored
			}
			if err := sheet.put(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// Drop takes an activity out. Returns as Fill, NotFound for one that is not there.
func (s *Service) Drop(ctx context.Context, by policy.Actor, at At, kind Kind, day calendar.Date) (store.Doc[Sheet], error) {
	return s.change(ctx, by, policy.RecordPartyFact, at, MoveFill, "", func(sheet *Sheet) error {
		var kept []Line
		for _, l := range sheet.Lines {
			if l.Kind != kind || l.Day != day {
				kept = append(kept, l)
			}
		}
		if len(kept) == len(sheet.Lines) {
			return fault.New("party.Drop", fault.NotFound, "没有找到这项活动")
		}
		sheet.Lines = kept
		return nil
	})
}

// Submit hands a sheet on to the first level. Returns Forbidden, NotFound, Invalid for an empty sheet, Conflict.
func (s *Service) Submit(ctx context.Context, by policy.Actor, at At) (store.Doc[Sheet], error) {
	return s.change(ctx, by, policy.RecordPartyFact, at, MoveSubmit, "", func(sheet *Sheet) error {
		if len(sheet.Lines) == 0 {
			return fault.InvalidFields("party.Submit", fault.Field{Name: "kind", Message: "台账里还没有活动，请先填写"})
		}
		hash, err := sheet.Hash()
		if err != nil {
			return err
		}
		chain, err := s.Chains.On(Chain, s.today())
		if err != nil {
			return err
		}
		approval, err := policy.OpenApproval(s.Guard.Rules(), chain, fmt.Sprintf("%s/%s/%d", sheetKind, at.ID(), at.Seq+1), hash, by)
		sheet.Approval, sheet.Reason = &approval, ""
		return err
	})
}

// Recall takes a sheet back before any level confirmed it. Returns Forbidden, NotFound, Conflict.
func (s *Service) Recall(ctx context.Context, by policy.Actor, at At) (store.Doc[Sheet], error) {
	return s.change(ctx, by, policy.RecordPartyFact, at, MoveRecall, "", func(*Sheet) error { return nil })
}

// Reopen opens a confirmed sheet again, with a reason; what was confirmed counts until the sheet is confirmed anew. Returns Forbidden, NotFound, Invalid for the field reason, Conflict.
func (s *Service) Reopen(ctx context.Context, by policy.Actor, at At, reason string) (store.Doc[Sheet], error) {
	return s.change(ctx, by, policy.RecordPartyFact, at, MoveReopen, reason, func(sheet *Sheet) error {
		return said("party.Reopen", "请写明为什么更正", reason, sheet)
	})
}

// said takes a reason over. Returns Invalid (reason) for none or one that is too long.
func said(op, missing, reason string, sheet *Sheet) error {
	sheet.Reason = strings.TrimSpace(reason)
	switch n := utf8.RuneCountInString(sheet.Reason); {
	case n == 0:
		return fault.InvalidFields(op, fault.Field{Name: "reason", Message: missing})
	case n > 200:
		return fault.InvalidFields(op, fault.Field{Name: "reason", Message: fmt.Sprintf("最多 200 个字，现在有 %d 个", n)})
	}
	return nil
}

// Confirm confirms a sheet at the level whose turn it is. reason is needed from who stands in for the level's own office. Returns Forbidden for who handed it on, who confirmed a lower
// level, or whose level it is not; NotFound, Invalid, Conflict.
func (s *Service) Confirm(ctx context.Context, by policy.Actor, at At, reason string) (store.Doc[Sheet], error) {
	return s.decide(ctx, by, at, policy.MoveAgree, reason)
}

// Return gives a sheet back with a reason. Returns as Confirm, Invalid for the reason.
func (s *Service) Return(ctx context.Context, by policy.Actor, at At, reason string) (store.Doc[Sheet], error) {
	return s.decide(ctx, by, at, policy.MoveReturn, reason)
}

func (s *Service) decide(ctx context.Context, by policy.Actor, at At, move policy.ApprovalMove, reason string) (store.Doc[Sheet], error) {
	do := MoveConfirm
	if move == policy.MoveReturn {
		do = MoveReturn
	}
	return s.change(ctx, by, policy.ConfirmPartyFact, at, do, reason, func(sheet *Sheet) error {
		if move == policy.MoveReturn {
			if err := said("party.Return", "请写明退回的理由", reason, sheet); err != nil {
				return err
			}
		}
		next, err := s.sign(ctx, by, sheet, move, reason)
		if err != nil {
			return err
		}
		sheet.Approval = &next
		if do == MoveConfirm && next.State == policy.ApprovalPending {
			sheet.Last, sheet.State = MovePass, Passing
		}
		return nil
	})
}

// approvals signs as party organisations do.
func (s *Service) approvals() policy.ApprovalDesk {
	return policy.ApprovalDesk{Guard: s.Guard, Persons: s.Persons, Chains: s.Chains, Now: s.Now, Signs: policy.ConfirmPartyFact}
}

// sign is the next signature of an approval by one of the actor's offices that reach the sheet.
func (s *Service) sign(ctx context.Context, by policy.Actor, sheet *Sheet, move policy.ApprovalMove, reason string) (policy.Approval, error) {
	return s.approvals().Decide(ctx, by, sheet.Approval, policy.Sign{Move: move, Reason: reason, SubjectHash: sheet.Approval.SubjectHash}, sheet.Keys, sheet.Day)
}

// MayDecide reports whether the actor can confirm or return a sheet now. A deputy gives a reason, so it is asked with one.
func (s *Service) MayDecide(ctx context.Context, by policy.Actor, sheet *Sheet) bool {
	if !sheet.State.Waits() || !s.Guard.Allow(by, policy.ConfirmPartyFact) {
		return false
	}
	_, err := s.sign(ctx, by, sheet, policy.MoveAgree, "代签")
	return err == nil
}

// change loads a sheet inside the scope of an action, or begins one, checks the move and that nobody was quicker, and commits what f makes of it.
func (s *Service) change(ctx context.Context, by policy.Actor, action policy.Action, at At, move Move, why string, f func(*Sheet) error) (store.Doc[Sheet], error) {
	const op = "party.change"
	none := store.Doc[Sheet]{}
	scope, err := s.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	if why == "" {
		why = string(move)
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: at.Idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := s.load(ctx, scope, at)
	if fault.Is(err, fault.NotFound) && at.Seq == 0 && move == MoveFill {
		doc = store.Doc[Sheet]{ID: at.ID()}
		if doc.State, err = s.fresh(ctx, at); err == nil {
			err = scope.Require(op, doc.State.Keys, doc.State.Day)
		}
	}
	if err != nil {
		return none, err
	}
	if doc.Seq != at.Seq {
		return none, fault.New(op, fault.Conflict, "这份台账刚被别人办过，现在是“"+doc.State.State.Title()+"”，请刷新后再办")
	}
	next, err := doc.State.State.next(move)
	if err != nil {
		return none, err
	}
	before := doc.State.State
	doc.State.State, doc.State.Last = next, move
	if err := f(&doc.State); err != nil {
		return none, err
	}
	if doc.State.Last == MovePass {
		if doc.State.State, err = before.next(MovePass); err != nil {
			return none, err
		}
	}
	return s.rows.Commit(ctx, meta, at.ID(), at.Seq, doc.State)
}

// load is a sheet inside the scope; NotFound for everything else.
func (s *Service) load(ctx context.Context, scope policy.Scope, at At) (store.Doc[Sheet], error) {
	const op = "party.load"
	if !journal.ValidID(at.ID()) {
		return store.Doc[Sheet]{}, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	doc, err := s.rows.Load(ctx, at.ID())
	if err != nil {
		return doc, err
	}
	return doc, scope.Require(op, doc.State.Keys, doc.State.Day)
}

// One returns a sheet. Returns Forbidden without ReadPartyFact, NotFound outside the scope.
func (s *Service) One(ctx context.Context, by policy.Actor, at At) (store.Doc[Sheet], error) {
	scope, err := s.scope(ctx, by, policy.ReadPartyFact)
	if err != nil {
		return store.Doc[Sheet]{}, err
	}
	return s.load(ctx, scope, at)
}

// Blank is the sheet that the first activity would open. Returns Forbidden without RecordPartyFact, NotFound outside the scope, Invalid (community, quarter).
func (s *Service) Blank(ctx context.Context, by policy.Actor, at At) (Sheet, error) {
	scope, err := s.scope(ctx, by, policy.RecordPartyFact)
	if err != nil {
		return Sheet{}, err
	}
	sheet, err := s.fresh(ctx, at)
	if err == nil {
		err = scope.Require("party.Blank", sheet.Keys, sheet.Day)
	}
	return sheet, err
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Firm and Community are ids, Quarter as 2026Q4, State one of States, Text is looked for in the names.
	Firm, Community, Quarter string
	State                    State
	Text                     string
	// Ascending puts the earliest quarter first.
	Ascending bool
}

// perPage is a page of a list.
const perPage = 50

// List returns up to 50 sheets and the cursor of the next page. Returns Forbidden without ReadPartyFact.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, after string) (store.Page[Sheet], error) {
	scope, err := s.scope(ctx, by, policy.ReadPartyFact)
	if err != nil {
		return store.Page[Sheet]{}, err
	}
	q := store.Query{Index: byQuarter, Desc: !w.Ascending, After: after, Limit: perPage}
	switch {
	case !scope.All():
		q.In = scope.Keys()
	case w.Firm != "":
		q.Key = policy.FirmKey(w.Firm)
	default:
		q.Key = policy.County
	}
	text := strings.TrimSpace(w.Text)
	return s.rows.ListWhere(ctx, q, func(d *store.Doc[Sheet]) bool {
		e := &d.State
		return scope.Covers(e.Keys, e.Day) && (w.Firm == "" || e.Firm == w.Firm) && (w.Community == "" || e.Community == w.Community) && (w.Quarter == "" || e.Quarter == w.Quarter) && (w.State == "" || e.State == w.State) &&
			(text == "" || registry.Finds(e.FirmName, text) || registry.Finds(e.CommunityName, text))
	})
}

// Each yields every sheet of a list, for an export. Errors as those of List, and what yield returns.
func (s *Service) Each(ctx context.Context, by policy.Actor, w Filter, yield func(d store.Doc[Sheet]) error) error {
	for after := ""; ; {
		page, err := s.List(ctx, by, w, after)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if err := yield(d); err != nil {
				return err
			}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// Queue returns up to 500 sheets that the actor can act on now: to confirm those that wait, to correct those that came back. Returns Forbidden without the right.
func (s *Service) Queue(ctx context.Context, by policy.Actor, state State) ([]store.Doc[Sheet], error) {
	action := policy.RecordPartyFact
	if state.Waits() {
		action = policy.ConfirmPartyFact
	}
	scope, err := s.scope(ctx, by, action)
	if err != nil {
		return nil, err
	}
	page, err := s.rows.ListWhere(ctx, store.Query{Index: byWork, Key: string(state), Limit: store.MaxLimit}, func(d *store.Doc[Sheet]) bool {
		return scope.Covers(d.State.Keys, d.State.Day) && (!state.Waits() || s.MayDecide(ctx, by, &d.State) || s.looks(ctx, by, &d.State))
	})
	return page.Docs, err
}

// Scan returns the n-th signed paper of a sheet, from 1. Returns NotFound outside the scope or if there is none.
func (s *Service) Scan(ctx context.Context, by policy.Actor, at At, n int) (files.Stored, error) {
	doc, err := s.One(ctx, by, at)
	if err == nil && (n < 1 || n > len(doc.State.Scans)) {
		err = fault.New("party.Scan", fault.NotFound, "没有找到这份文件")
	}
	if err != nil {
		return files.Stored{}, err
	}
	return doc.State.Scans[n-1], nil
}

// Photo opens the site photo of an activity. Returns NotFound outside the scope or if there is none.
func (s *Service) Photo(ctx context.Context, by policy.Actor, at At, n int) (io.ReadSeekCloser, int64, files.Stored, error) {
	doc, err := s.One(ctx, by, at)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	if n < 0 || n >= len(doc.State.Lines) || doc.State.Lines[n].Photo == nil {
		return nil, 0, files.Stored{}, fault.New("party.Photo", fault.NotFound, "没有找到要看的内容")
	}
	photo := *doc.State.Lines[n].Photo
	r, size, err := s.Keeper.Open(ctx, photo.Shown)
	return r, size, photo, err
}

// Uses counts, for registry.Uses, the sheets under a scope key that were written since a moment: “2 份党建台账”, "" for none. It asks for no right.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	page, err := s.rows.ListWhere(ctx, store.Query{Index: byQuarter, Key: key, Limit: store.MaxLimit}, func(d *store.Doc[Sheet]) bool { return !d.At.Before(since) })
	if err != nil || len(page.Docs) == 0 {
		return "", err
	}
	return fmt.Sprintf("%d 份党建台账", len(page.Docs)), nil
}

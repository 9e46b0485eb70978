package conduct

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
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Register tells what entries are about; registry.Register does.
type Register interface {
	// Place says where a project lies and who holds it on a day. Returns NotFound.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
	// FirmNames are the names of firms by id; one that does not exist is left out.
	FirmNames(ctx context.Context, ids []string) (map[string]string, error)
}

// Config is what the books need; everything is required.
type Config struct {
	// DB keeps them, Guard says who may do what, Keeper takes papers in.
	DB     *store.DB
	Guard  *policy.Guard
	Keeper *files.Keeper
	// Now is the business clock.
	Now func() time.Time
	// Register tells what entries are about, Finder finds it by the words of a workbook, for one goroutine each.
	Register Register
	Finder   func() *registry.Finder
	// Terms are those of conduct.yaml, Deadlines starts a deadline by its rule.
	Terms     *Terms
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
}

// Service keeps the books. Every call names the actor; a refused call writes nothing.
type Service struct {
	Config
	books map[Book]*store.Collection[Entry]
	// intake are the imports of each book.
	intake map[Book]*registry.Intake[Line]
}

const (
	// byDecided and byUntil list by scope key, by the day of the document and by the last day; byWork lists what somebody is to do.
	byDecided = "decided"
	byUntil   = "until"
	byWork    = "work"
	// replaceRule marks what a confirmed correction replaces.
	replaceRule = "mark-replace"
)

// kind is the kind under which a book is stored.
func (b Book) kind() string { return "conduct-" + string(b) }

// document is how a book is stored.
func document(b Book) store.Kind[Entry] {
	list := func(_ string, e *Entry) []string { return append(slices.Clone(e.Keys), policy.County) }
	kind := store.Kind[Entry]{Name: b.kind(), Version: 1, Indexes: []store.Index[Entry]{
		{Name: byDecided, Keys: list, Sort: func(_ string, e *Entry) string { return e.Decided.String() }},
		{Name: byUntil, Keys: list, Sort: func(_ string, e *Entry) string { return e.Until.String() }},
		{Name: byWork, Keys: func(_ string, e *Entry) []string {
			if e.State != Recorded && e.State != Returned && e.State != Objected {
				return nil
			}
			return []string{string(e.State)}
		}, Sort: func(_ string, e *Entry) string {
			if e.State == Objected {
				return e.Objection.Due.Due.String()
			}
			return e.Decided.String()
		}},
	}}
	kind.Subject = func(id string, _ *Entry) string { return b.kind() + "/" + id }
	return kind
}

// New opens the books and their imports.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c, books: map[Book]*store.Collection[Entry]{}, intake: map[Book]*registry.Intake[Line]{}}
	for _, b := range Books() {
		rows, err := store.NewCollection(ctx, c.DB, document(b))
		if err != nil {
			return nil, err
		}
		s.books[b] = rows
		if s.intake[b], err = s.openIntake(ctx, b); err != nil {
			return nil, err
		}
	}
	return s, c.DB.Register(store.Rule{Name: replaceRule, Title: "行业评价记录更正以后替代原来的记录", Kinds: []string{Marks.kind()}, Apply: s.replace})
}

// About is an entry, for the register of what goes out. It asks for no right.
func (s *Service) About(ctx context.Context, b Book, id string) (Entry, error) {
	doc, err := s.books[b].Load(ctx, id)
	return doc.State, err
}

// At is the entry that a command is about.
type At struct {
	// ID is the entry, Seq the change that the actor saw.
	ID  string
	Seq int64
	// Idem makes a retry safe, nil for none.
	Idem *store.Idem
}

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

// identity is the id of an entry about a document: the same document about the same firm is entered once, whoever enters it.
func (s *Service) identity(b Book, in Input) string {
	return s.DB.MAC(b.kind(), strings.Join([]string{in.Firm, in.Project, in.Number, in.Title, in.Decided.String(), in.Person}, "\n"))[:32]
}

// entry makes the entry of an input, with what is wrong with it by field.
func (s *Service) entry(ctx context.Context, b Book, in Input) (Entry, []fault.Field, error) {
	class, bad := in.check(b, s.Terms, s.today())
	e := Entry{Input: in, ClassTitle: class.Title, Shown: class.Public, Points: class.Points, Day: s.today()}
	if len(bad) == 0 {
		e.Until = in.until(b, s.Terms, class)
	}
	if !journal.ValidPart(in.Firm) {
		return e, append(bad, fault.Field{Name: "firm", Message: "请选择企业"}), nil
	}
	names, err := s.Register.FirmNames(ctx, []string{in.Firm})
	if err != nil {
		return e, nil, err
	}
	var found bool
	if e.FirmName, found = names[in.Firm]; !found {
		return e, append(bad, fault.Field{Name: "firm", Message: "没有编号为“" + in.Firm + "”的企业"}), nil
	}
	e.Keys = []string{policy.FirmKey(in.Firm)}
	if in.Project == "" || in.Decided.IsZero() {
		return e, bad, nil
	}
	place, err := s.Register.Place(ctx, in.Project, in.Decided)
	switch {
	case fault.Is(err, fault.NotFound):
		return e, append(bad, fault.Field{Name: "project", Message: "没有编号为“" + in.Project + "”的小区"}), nil
	case err != nil:
		return e, nil, err
	case place.Firm != in.Firm:
		return e, append(bad, fault.Field{Name: "project", Message: fmt.Sprintf("%s在%s不由%s服务", place.Name, in.Decided.Chinese(), e.FirmName)}), nil
	}
	e.ProjectName, e.Keys = place.Name, place.Keys()
	return e, bad, nil
}

// Record enters an entry, which waits for another person; paper is its scanned document, nil for none. Returns Forbidden without the right, NotFound for a firm outside the
// scope, Invalid for refused fields (those of Input in JSON), Conflict if the document is entered already.
func (s *Service) Record(ctx context.Context, by policy.Actor, b Book, in Input, paper *files.Upload, idem *store.Idem) (store.Doc[Entry], error) {
	return s.record(ctx, by, b, in, paper, "", idem)
}

// Correct enters the entry that is to stand in the place of a mark; the other counts until this one is confirmed. Returns as Record, Conflict for an entry that cannot be
// replaced or that has a correction already.
func (s *Service) Correct(ctx context.Context, by policy.Actor, old string, in Input, paper *files.Upload, idem *store.Idem) (store.Doc[Entry], error) {
	return s.record(ctx, by, Marks, in, paper, old, idem)
}

func (s *Service) record(ctx context.Context, by policy.Actor, b Book, in Input, paper *files.Upload, corrects string, idem *store.Idem) (store.Doc[Entry], error) {
	const op = "conduct.Record"
	none := store.Doc[Entry]{}
	scope, err := s.scope(ctx, by, b.rights().record)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(b.rights().record), Why: string(MoveRecord), Idem: idem}
	if doc, done, err := s.books[b].Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	if corrects != "" {
		doc, err := s.load(ctx, op, b, scope, corrects)
		if err != nil {
			return none, err
		}
		if _, err := b.next(doc.State.State, MoveReplace); err != nil {
			return none, err
		}
		if in.Firm != doc.State.Firm {
			return none, fault.InvalidFields(op, fault.Field{Name: "firm", Message: "更正的须是同一家企业：原记录是“" + doc.State.FirmName + "”"})
		}
	}
	e, bad, err := s.entry(ctx, b, in)
	if err != nil {
		return none, err
	}
	if err := refuse(op, bad); err != nil {
		return none, err
	}
	if err := scope.Require(op, e.Keys, e.Day); err != nil {
		return none, err
	}
	id := s.identity(b, e.Input)
	if e.Corrects = corrects; corrects != "" {
		id = correctionOf(corrects)
	}
	seq, err := s.vacant(ctx, b, id)
	if err != nil {
		return none, err
	}
	if err := s.keep(ctx, meta, &e, paper); err != nil {
		return none, err
	}
	e.State, e.Last, e.Acts = Recorded, MoveRecord, []policy.Act{{Part: policy.PartMake, By: by.ID}}
	return s.books[b].Commit(ctx, meta, id, seq, e)
}

// correctionOf is the id of the one entry that may correct another.
func correctionOf(id string) string {
	base, count, _ := strings.Cut(id, ".")
	n, _ := strconv.Atoi(count) // "" is the first
	return base + "." + strconv.Itoa(max(n, 1)+1)
}

// vacant is the change after which a place can be taken: 0, or that by which an entry was withdrawn. Returns Conflict if an entry stands there.
func (s *Service) vacant(ctx context.Context, b Book, id string) (int64, error) {
	head, err := s.books[b].Head(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case head.State.State != Withdrawn:
		return 0, fault.New("conduct.vacant", fault.Conflict, fmt.Sprintf("%s“%s”已经登记，现在是“%s”", b.Title(), head.State.Title, head.State.State.Title()))
	}
	return head.Seq, nil
}

// keep takes the scanned document in, if there is one.
func (s *Service) keep(ctx context.Context, meta store.Meta, e *Entry, paper *files.Upload) error {
	if paper == nil {
		return nil
	}
	stored, err := s.Keeper.Keep(ctx, store.Meta{By: meta.By, Action: meta.Action}, paper)
	e.Paper = &stored
	return err
}

// Edit corrects what was returned and hands it on again. Returns as Record, and Conflict for whoever is late.
func (s *Service) Edit(ctx context.Context, by policy.Actor, b Book, at At, in Input, paper *files.Upload) (store.Doc[Entry], error) {
	const op = "conduct.Edit"
	return s.change(ctx, by, b, b.rights().record, at, MoveEdit, func(meta store.Meta, e *Entry) error {
		if in.Firm != e.Firm {
			return fault.InvalidFields(op, fault.Field{Name: "firm", Message: "企业不能改：登记错了企业的，请撤回后重新登记"})
		}
		next, bad, err := s.entry(ctx, b, in)
		if err != nil {
			return err
		}
		if err := refuse(op, bad); err != nil {
			return err
		}
		next.Paper, next.Corrects, next.Acts = e.Paper, e.Corrects, act(e.Acts, policy.PartMake, by)
		if err := s.keep(ctx, meta, &next, paper); err != nil {
			return err
		}
		*e = next
		return nil
	})
}

// act notes who did a part, once.
func act(acts []policy.Act, part policy.Part, by policy.Actor) []policy.Act {
	done := policy.Act{Part: part, By: by.ID}
	if slices.Contains(acts, done) {
		return acts
	}
	return append(slices.Clone(acts), done)
}

// Withdraw takes an entry back before it counted. Returns Forbidden, NotFound, Conflict.
func (s *Service) Withdraw(ctx context.Context, by policy.Actor, b Book, at At) (store.Doc[Entry], error) {
	return s.change(ctx, by, b, b.rights().record, at, MoveWithdraw, func(store.Meta, *Entry) error { return nil })
}

// Confirm lets an entry count. Returns Forbidden without the right and for who entered it, NotFound, Conflict.
func (s *Service) Confirm(ctx context.Context, by policy.Actor, b Book, at At) (store.Doc[Entry], error) {
	return s.change(ctx, by, b, b.rights().confirm, at, MoveConfirm, func(_ store.Meta, e *Entry) error {
		if err := policy.Separate(by, policy.PartCheck, e.Acts); err != nil {
			return err
		}
		e.Reason, e.Acts = "", act(e.Acts, policy.PartCheck, by)
		return nil
	})
}

// Return gives an entry back to who entered it, with a reason. Returns as Confirm, Invalid for the reason.
func (s *Service) Return(ctx context.Context, by policy.Actor, b Book, at At, reason string) (store.Doc[Entry], error) {
	return s.change(ctx, by, b, b.rights().confirm, at, MoveReturn, func(_ store.Meta, e *Entry) error {
		if err := policy.Separate(by, policy.PartCheck, e.Acts); err != nil {
			return err
		}
		return said("conduct.Return", "reason", "请写明退回的理由", reason, &e.Reason)
	})
}

// Object enters the objection of a firm, which is marked at once; the clock of the answer begins. Returns Forbidden for who may not, NotFound for an entry of another firm,
// Invalid for the field ground, Conflict for what cannot be objected to any more.
func (s *Service) Object(ctx context.Context, by policy.Actor, b Book, at At, ground string) (store.Doc[Entry], error) {
	return s.change(ctx, by, b, b.rights().object, at, MoveObject, func(_ store.Meta, e *Entry) error {
		o := Objection{By: by.ID, At: journal.At(s.Now())}
		err := said("conduct.Object", "ground", "请写明异议的理由", ground, &o.Ground)
		if err != nil {
			return err
		}
		o.Due, err = s.Deadlines(s.Terms.objection(b), s.today())
		e.Objection = &o
		return err
	})
}

// Answer answers an objection: upheld annuls the entry. Returns Forbidden without the right, for who entered or confirmed the entry, NotFound, Invalid for the reason, Conflict.
func (s *Service) Answer(ctx context.Context, by policy.Actor, b Book, at At, upheld bool, reason string) (store.Doc[Entry], error) {
	move := MoveKeep
	if upheld {
		move = MoveUphold
	}
	return s.change(ctx, by, b, b.rights().confirm, at, move, func(_ store.Meta, e *Entry) error {
		for _, done := range e.Acts {
			if done.By == by.ID {
				return &fault.Error{Op: "conduct.Answer", Kind: fault.Forbidden, Message: "这一条由你登记或核对，异议必须由另一人答复", Rule: "不相容岗位规则：登记、核对、异议答复由不同的人完成"}
			}
		}
		o := *e.Objection
		if err := said("conduct.Answer", "reason", "请写明答复的理由", reason, &o.Answer); err != nil {
			return err
		}
		o.Upheld, e.Objection = upheld, &o
		return nil
	})
}

// Repair enters the decision of 信用中国 by which 失信信息 was repaired: its number and date. Returns Forbidden, NotFound, Invalid for refused fields (repair_number, repaired), Conflict.
func (s *Service) Repair(ctx context.Context, by policy.Actor, at At, number string, day calendar.Date) (store.Doc[Entry], error) {
	const op = "conduct.Repair"
	return s.change(ctx, by, Credit, policy.ConfirmCredit, at, MoveRepair, func(_ store.Meta, e *Entry) error {
		f := &form{}
		f.text("repair_number", "信用中国修复决定的编号", &number, 4, maxNumber)
		switch {
		case day.IsZero():
			f.add("repaired", "请填写修复决定的日期，例如 2026-10-19")
		case day.Compare(s.today()) > 0:
			f.add("repaired", "修复决定的日期%s还没有到", day.Chinese())
		case day.Compare(e.Decided) < 0:
			f.add("repaired", "修复决定的日期%s早于文书的日期%s", day.Chinese(), e.Decided.Chinese())
		}
		e.RepairNumber, e.Repaired = number, day
		return refuse(op, f.bad)
	})
}

// Annul says that an entry does not stand: its document was annulled. Returns Forbidden, NotFound, Invalid for the reason, Conflict.
func (s *Service) Annul(ctx context.Context, by policy.Actor, b Book, at At, reason string) (store.Doc[Entry], error) {
	return s.change(ctx, by, b, b.rights().confirm, at, MoveAnnul, func(_ store.Meta, e *Entry) error {
		return said("conduct.Annul", "reason", "请写明撤销的依据，例如撤销决定的文号", reason, &e.Reason)
	})
}

// said takes a text that must not be empty or too long.
func said(op, name, missing, text string, into *string) error {
	*into = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(*into); {
	case n == 0:
		return fault.InvalidFields(op, fault.Field{Name: name, Message: missing})
	case n > maxReason:
		return fault.InvalidFields(op, fault.Field{Name: name, Message: fmt.Sprintf("最多 %d 个字，现在有 %d 个", maxReason, n)})
	}
	return nil
}

// change loads an entry inside the scope of an action, checks the move and that nobody was quicker, and commits what f makes of it.
func (s *Service) change(ctx context.Context, by policy.Actor, b Book, action policy.Action, at At, move Move, f func(store.Meta, *Entry) error) (store.Doc[Entry], error) {
	const op = "conduct.change"
	none := store.Doc[Entry]{}
	if action == "" {
		return none, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	scope, err := s.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: string(move), Idem: at.Idem}
	if doc, done, err := s.books[b].Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := s.load(ctx, op, b, scope, at.ID)
	if err != nil {
		return none, err
	}
	if doc.Seq != at.Seq {
		return none, fault.New(op, fault.Conflict, "这一条刚被别人办过，现在是“"+doc.State.State.Title()+"”，请刷新后再办")
	}
	next, err := b.next(doc.State.State, move)
	if err != nil {
		return none, err
	}
	if doc.State.StateOn(s.today()) == Lapsed && (move == MoveObject || move == MoveRepair) {
		return none, fault.New(op, fault.Conflict, "这一条已在"+doc.State.Until.Chinese()+"过了有效期，不用再"+string(move))
	}
	if err := f(meta, &doc.State); err != nil {
		return none, err
	}
	doc.State.State, doc.State.Last = next, move
	return s.books[b].Commit(ctx, meta, at.ID, at.Seq, doc.State)
}

// load is an entry inside the scope; NotFound for everything else.
func (s *Service) load(ctx context.Context, op string, b Book, scope policy.Scope, id string) (store.Doc[Entry], error) {
	if !journal.ValidPart(id) {
		return store.Doc[Entry]{}, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	doc, err := s.books[b].Load(ctx, id)
	if err != nil {
		return doc, err
	}
	return doc, scope.Require(op, doc.State.Keys, doc.State.Day)
}

// replace is the rule: what a confirmed correction names is marked, so that lists show it. Sums do not wait for it.
func (s *Service) replace(ctx context.Context, ev store.Event) error {
	rows := s.books[Marks]
	doc, err := rows.Load(ctx, ev.ID)
	if err != nil || doc.State.State != Effective || doc.State.Corrects == "" {
		return err
	}
	old, err := rows.Load(ctx, doc.State.Corrects)
	if err != nil || old.State.State == Replaced {
		return err
	}
	if old.State.State, err = Marks.next(old.State.State, MoveReplace); fault.Is(err, fault.Conflict) {
		return nil // an objection came meanwhile: its answer decides
	} else if err != nil {
		return err
	}
	old.State.Last = MoveReplace
	meta := store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: string(MoveReplace), Cause: journal.Cause(ev.RecordID, replaceRule)}
	_, err = rows.Commit(ctx, meta, old.ID, old.Seq, old.State)
	return err
}

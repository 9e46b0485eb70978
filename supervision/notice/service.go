package notice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/outbox"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Register is what notices need of the register; registry.Register implements it.
type Register interface {
	// EachHolding yields what is known on a day of every project that is not closed.
	EachHolding(ctx context.Context, on calendar.Date, yield func(registry.Holding) error) error
	// DivisionsAt lists the divisions of a level that exist on a day.
	DivisionsAt(ctx context.Context, level registry.Level, day calendar.Date) ([]registry.DivisionRow, error)
}

// Config is what the notices need; everything but Persons, Chains and Tell is required.
type Config struct {
	casework.Desk
	Register Register
	// Offices are the offices that people hold today; policy.Service.Offices gives them.
	Offices func(ctx context.Context) ([]policy.Office, error)
	// Tell puts into the outbox that there is a notice; nil: nothing goes out. It may be called twice with the same.
	Tell func(ctx context.Context, meta store.Meta, p outbox.Post) error
}

// Service keeps notices and their copies. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	notices *casework.Rows[Notice]
	copies  *store.Collection[Copy]
}

const (
	noticeKind = "notice"
	copyKind   = "notice-copy"
	// followRule completes what a notice decided for its copies.
	followRule = "notice-followed"
	// byScope lists notices by scope keys, byUntil by scope keys and last day; of copies byAccount lists those of a receiver (those with something to do first), byWork only these, byNotice those of a notice.
	byScope   = "scope"
	byUntil   = "until"
	byAccount = "account"
	byWork    = "work"
	byNotice  = "notice"
	// The bounds of texts in signs, of lists in pieces.
	leastWords, maxHead, maxWords = 2, 40, 1000
	maxFiles, maxTargets          = 3, 200
	maxUrged                      = 20
	// MaxPeople is to how many people one notice goes at most.
	MaxPeople = 800
	// longest is how many days ahead a notice may end.
	longest = 366
	word    = "这条通知"
)

// New opens the notices on a store and registers their follow-up.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c}
	owned := func(_ string, n *Notice) []string {
		if n.automatic() {
			return nil
		}
		return supervision.ListKeys(n.Owner)
	}
	var err error
	s.notices, err = casework.NewRows(ctx, c.DB, c.Guard, casework.Kind[Notice]{Word: word, Read: policy.SendNotice,
		Row: func(n *Notice) casework.Row { return casework.Row{Keys: n.Owner, Day: n.Day, State: n.State.Title()} },
		Kind: store.Kind[Notice]{Name: noticeKind, Version: 1, Indexes: []store.Index[Notice]{
			{Name: byScope, Keys: owned, Sort: func(_ string, n *Notice) string { return store.SortTime(n.Made.At.Time) }},
			{Name: byUntil, Keys: owned, Sort: func(_ string, n *Notice) string { return n.Until.String() }},
		}}})
	if err != nil {
		return nil, err
	}
	s.copies, err = store.NewCollection(ctx, c.DB, store.Kind[Copy]{Name: copyKind, Version: 1, Indexes: []store.Index[Copy]{
		{Name: byAccount, Keys: func(_ string, k *Copy) []string { return []string{k.Account} }, Sort: func(_ string, k *Copy) string {
			if k.Open() {
				return "1" + store.SortTime(k.Sent.Time)
			}
			return "0" + store.SortTime(k.Sent.Time)
		}},
		{Name: byWork, Keys: func(_ string, k *Copy) []string {
			if !k.Open() {
				return nil
			}
			return []string{k.Account}
		}, Sort: func(_ string, k *Copy) string { return k.Until.String() }},
		{Name: byNotice, Keys: func(_ string, k *Copy) []string { return []string{k.Notice} }, Sort: func(_ string, k *Copy) string { return store.SortInt(k.N) }},
	}})
	if err != nil {
		return nil, err
	}
	return s, c.DB.Register(store.Rule{Name: followRule, Title: "通知发出或者撤回以后更新各人的通知", Kinds: []string{noticeKind}, Apply: func(ctx context.Context, e store.Event) error {
		return s.follow(ctx, e.ID, store.Meta{By: e.Meta.By, Action: e.Meta.Action, Why: e.Meta.Why, Cause: journal.Cause(e.RecordID, followRule)})
	}})
}

// CopyID is the id of the copy of a receiver by his place in Notice.People.
func CopyID(notice string, n int64) string { return fmt.Sprintf("%s.%d", notice, n) }

func (s *Service) hand(by policy.Actor) supervision.Hand {
	return supervision.HandOf(s.Guard.Rules(), by, policy.SendNotice, journal.At(s.Now()))
}

// Input is what the form of a notice says.
type Input struct {
	Title, Text     string
	Receipt, Urgent bool
	Until           calendar.Date
	// Uploads are attached, beside what is attached already; Drop takes off what was.
	Uploads []*files.Upload
	Drop    bool
}

// Make begins a notice. Returns Forbidden without SendNotice, Invalid for refused fields (title, text, until, files).
func (s *Service) Make(ctx context.Context, by policy.Actor, in Input, idem *store.Idem) (store.Doc[Notice], error) {
	return s.notices.Begin(ctx, by, policy.SendNotice, StepMake.Title(), idem, func(begun casework.New) (Notice, error) {
		n := Notice{Day: s.Today(), State: Draft, Last: StepMake, Made: s.hand(by)}
		var err error
		if n.Owner, n.OwnerName, err = s.officeOf(ctx, n.Made.Office, begun.Scope); err != nil {
			return Notice{}, err
		}
		return n, s.write(ctx, begun.Meta, &n, in)
	})
}

// officeOf is whose notice it becomes: that of the county under the name of the role, or of the townships or communities of the scope under theirs.
func (s *Service) officeOf(ctx context.Context, role string, scope policy.Scope) (keys []string, name string, err error) {
	info, _ := s.Guard.Rules().Role(policy.Role(role))
	if scope.All() {
		return []string{policy.County}, info.Title, nil
	}
	m, err := s.places(ctx)
	if err != nil {
		return nil, "", err
	}
	var names []string
	for _, key := range scope.Keys() {
		if m.names[key] != "" {
			keys, names = append(keys, key), append(names, m.names[key])
		}
	}
	if len(keys) == 0 {
		return nil, "", &fault.Error{Op: "notice.Make", Kind: fault.Forbidden, Message: "你的任命没有写明范围，不能发通知", Rule: "通知只发给任职范围内的人"}
	}
	return keys, strings.Join(names, "、"), nil
}

// write checks what a form says of a notice and puts it there.
func (s *Service) write(ctx context.Context, meta store.Meta, n *Notice, in Input) error {
	f := s.Check()
	f.Text("title", "标题", &in.Title, leastWords, maxHead)
	f.Text("text", "正文", &in.Text, leastWords, maxWords)
	if strings.ContainsAny(in.Title, "\r\n") {
		f.Fail("title", "标题只能写一行")
	}
	today := s.Today()
	switch {
	case in.Until.IsZero():
		f.Fail("until", "请填写有效期到哪一天，例如 %s", today.Add(7))
	case in.Until.Compare(today) < 0:
		f.Fail("until", "%s已经过了，今天是%s", in.Until.Chinese(), today.Chinese())
	case in.Until.Sub(today) > longest:
		f.Fail("until", "%s在一年以后，通知最多有效一年", in.Until.Chinese())
	}
	kept := slices.Clone(n.Files)
	if in.Drop {
		kept = nil
	}
	if len(kept)+len(in.Uploads) > maxFiles {
		f.Fail("files", "最多 %d 个附件，现在有 %d 个", maxFiles, len(kept)+len(in.Uploads))
	}
	if err := f.Err(); err != nil {
		return err
	}
	for _, upload := range in.Uploads {
		file, err := s.Keeper.Keep(ctx, meta, upload)
		if err != nil {
			return err
		}
		kept = append(kept, file)
	}
	n.Title, n.Text, n.Receipt, n.Urgent, n.Until, n.Files = in.Title, in.Text, in.Receipt, in.Urgent, in.Until, kept
	return nil
}

// change takes a step of a notice by who sends it.
func (s *Service) change(ctx context.Context, by policy.Actor, at casework.At, do Step, f func(meta store.Meta, n *Notice) error) (store.Doc[Notice], error) {
	doc, err := s.notices.Change(ctx, by, policy.SendNotice, at, do.Title(), func(n *Notice) error {
		next, err := steps.Next(word, n.State, do)
		if err != nil {
			return err
		}
		if err := f(store.Meta{By: by.ID, Action: string(policy.SendNotice), Why: do.Title()}, n); err != nil {
			return err
		}
		n.State, n.Last = next, do
		return nil
	})
	if err != nil || doc.State.Sent == nil {
		return doc, err
	}
	return doc, s.follow(ctx, doc.ID, store.Meta{By: by.ID, Action: string(policy.SendNotice), Why: doc.State.Last.Title()})
}

// Edit writes a notice that was not sent. Returns as Make, NotFound outside the scope, Conflict if it was sent or somebody was quicker.
func (s *Service) Edit(ctx context.Context, by policy.Actor, at casework.At, in Input) (store.Doc[Notice], error) {
	return s.change(ctx, by, at, StepEdit, func(meta store.Meta, n *Notice) error { return s.write(ctx, meta, n, in) })
}

// Address says to whom a notice goes: what is chosen of a kind replaces what was chosen of it. Returns as Edit, Invalid (to) for who is no candidate, or too many.
func (s *Service) Address(ctx context.Context, by policy.Actor, at casework.At, kind TargetKind, ids []string) (store.Doc[Notice], error) {
	if _, err := s.notices.One(ctx, by, at.ID); err != nil {
		return store.Doc[Notice]{}, err // before anything is said of who could be chosen
	}
	candidates, err := s.Candidates(ctx, by, kind, "")
	if err != nil {
		return store.Doc[Notice]{}, err
	}
	return s.change(ctx, by, at, StepAddress, func(_ store.Meta, n *Notice) error {
		f := s.Check()
		targets := slices.DeleteFunc(slices.Clone(n.Targets), func(t Target) bool { return t.Kind == kind })
		for _, id := range ids {
			i := slices.IndexFunc(candidates, func(c Candidate) bool { return c.ID == id })
			if i < 0 {
				f.Fail("to", "选中的里面有一个不在你的范围内，或者现在没有账号，请刷新后再选")
				break
			}
			t := Target{Kind: kind, ID: id, Name: candidates[i].Name}
			if kind == ToPerson {
				t.Name = ""
			}
			if !slices.Contains(targets, t) {
				targets = append(targets, t)
			}
		}
		if len(targets) > maxTargets {
			f.Fail("to", "最多选 %d 项，现在选了 %d 项；人多的请按岗位选", maxTargets, len(targets))
		}
		n.Targets = targets
		return f.Err()
	})
}

// Send sends a notice to who was chosen, as they hold their offices today. Returns as Edit, Conflict if nobody is left, its last day has passed, or they are too many.
func (s *Service) Send(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Notice], error) {
	const op = "notice.Send"
	return s.change(ctx, by, at, StepSend, func(_ store.Meta, n *Notice) error {
		people, units, err := s.receivers(ctx, by, n.Targets)
		switch {
		case err != nil:
			return err
		case len(people) == 0:
			return fault.New(op, fault.Conflict, "没有收件人：还没有选，或者选的单位和岗位现在没有别的账号")
		case len(people) > MaxPeople:
			return fault.New(op, fault.Conflict, fmt.Sprintf("一条通知最多发给 %d 人，现在有 %d 人，请分开发", MaxPeople, len(people)))
		case n.Until.Compare(s.Today()) < 0:
			return fault.New(op, fault.Conflict, "有效期"+n.Until.Chinese()+"已经过了，请先修改")
		}
		sent := s.hand(by)
		n.People, n.Units, n.Sent, n.Day = people, units, &sent, s.Today()
		return nil
	})
}

// Urge urges everybody who has something to do with a notice, and returns how many that are. Returns as Edit, Conflict if nobody has, or it was done today.
func (s *Service) Urge(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Notice], int, error) {
	const op = "notice.Urge"
	var to []int64
	doc, err := s.change(ctx, by, at, StepUrge, func(_ store.Meta, n *Notice) error {
		switch k := len(n.Urged); {
		case k > 0 && calendar.DateOf(n.Urged[k-1].By.At.Time) == s.Today():
			return fault.New(op, fault.Conflict, "今天已经催过一次，各人的待办里都有；要紧的请用催办话术打电话")
		case k >= maxUrged:
			return fault.New(op, fault.Conflict, fmt.Sprintf("已经催过 %d 次，请打电话", k))
		}
		all, err := s.copiesOf(ctx, at.ID)
		if err != nil {
			return err
		}
		for i := range all {
			if all[i].State.Open() {
				to = append(to, all[i].State.N)
			}
		}
		if len(to) == 0 {
			return fault.New(op, fault.Conflict, "所有人都已经办了，不用催")
		}
		n.Urged = append(slices.Clone(n.Urged), Urged{By: s.hand(by), To: to})
		return nil
	})
	if err == nil && len(to) == 0 { // a retry of what was done
		if k := len(doc.State.Urged); k > 0 {
			to = doc.State.Urged[k-1].To
		}
	}
	return doc, len(to), err
}

// Withdraw takes a notice back: receivers see why and no longer what it said. Returns as Edit, Invalid (why) without a reason.
func (s *Service) Withdraw(ctx context.Context, by policy.Actor, at casework.At, why string) (store.Doc[Notice], error) {
	return s.change(ctx, by, at, StepWithdraw, func(_ store.Meta, n *Notice) error {
		f := s.Check()
		f.Text("why", "撤回的理由", &why, leastWords, 200)
		ended := s.hand(by)
		n.Ended, n.Reason = &ended, why
		return f.Err()
	})
}

// follow brings the copies in line with their notice, and tells of it by other channels. It may be repeated.
func (s *Service) follow(ctx context.Context, id string, meta store.Meta) error {
	doc, err := s.notices.Docs.Load(ctx, id)
	if err != nil || doc.State.Sent == nil {
		return err
	}
	n := &doc.State
	for i, to := range n.People {
		k, err := s.followOne(ctx, meta, id, n, int64(i), to)
		if err == nil {
			err = s.tell(ctx, meta, n, &k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) followOne(ctx context.Context, meta store.Meta, id string, n *Notice, place int64, to Recipient) (Copy, error) {
	for try := 0; ; try++ {
		doc, err := s.copies.Load(ctx, CopyID(id, place))
		switch {
		case fault.Is(err, fault.NotFound):
			doc.State = Copy{Notice: id, N: place, Account: to.Account, Unit: n.Units[to.Unit], Title: n.Title, Sender: n.OwnerName, Receipt: n.Receipt, Urgent: n.Urgent, Until: n.Until, Sent: n.Sent.At, State: Unread}
			doc.State.keepUp(n)
		case err != nil:
			return Copy{}, err
		case !doc.State.keepUp(n):
			return doc.State, nil
		}
		_, err = s.copies.Commit(ctx, meta, CopyID(id, place), doc.Seq, doc.State)
		if !fault.Is(err, fault.Conflict) || try == 3 {
			return doc.State, err
		}
	}
}

// tell puts into the outbox what a receiver has not done yet: that there is a notice, and the last urging.
func (s *Service) tell(ctx context.Context, meta store.Meta, n *Notice, k *Copy) error {
	if s.Tell == nil || !k.Open() {
		return nil
	}
	values := map[string]string{outbox.FieldOffice: k.Sender}
	if k.Receipt {
		values[outbox.FieldReceipt], values[outbox.FieldDue] = "要签收", k.Until.Chinese()
	}
	post := outbox.Post{Event: "notice." + k.Notice, Account: k.Account, Template: outbox.NewNotice, Values: values, Urgent: k.Urgent}
	if times := len(n.Urged); times > 0 {
		if !slices.Contains(n.Urged[times-1].To, k.N) {
			return nil
		}
		post.Event, post.Template = fmt.Sprintf("urging.%s.%d", k.Notice, times), outbox.Urging
	}
	return s.Tell(ctx, meta, post)
}

// copiesOf are all copies of a notice in the order of its list, whoever asks.
func (s *Service) copiesOf(ctx context.Context, notice string) ([]store.Doc[Copy], error) {
	var out []store.Doc[Copy]
	for q := (store.Query{Index: byNotice, Key: notice, Limit: store.MaxLimit}); ; {
		page, err := s.copies.List(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Docs...)
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Text is looked for in titles and names of offices.
	Text string
	// State keeps the notices in a state, Copies the copies in one, Open those with something to do.
	State  State
	Copies CopyState
	Open   bool
}

// Notices returns a page of the notices of the actor's office, the newest first or with until by their last day. Returns Forbidden without SendNotice.
func (s *Service) Notices(ctx context.Context, by policy.Actor, w Filter, until bool, after string) (store.Page[Notice], error) {
	q := store.Query{Index: byScope, Desc: true, After: after}
	if until {
		q = store.Query{Index: byUntil, After: after}
	}
	return s.notices.Page(ctx, by, q, func(n *Notice) bool {
		return (registry.Finds(n.Title, w.Text) || registry.Finds(n.OwnerName, w.Text)) && (w.State == "" || n.State == w.State)
	})
}

// Inbox returns a page of what the actor got: what he has to do first, then the newest; with until what he has to do by the last day. Returns Forbidden without ReadNotice.
func (s *Service) Inbox(ctx context.Context, by policy.Actor, w Filter, until bool, after string) (store.Page[Copy], error) {
	if err := s.Guard.Require(by, policy.ReadNotice); err != nil {
		return store.Page[Copy]{}, err
	}
	q := store.Query{Index: byAccount, Key: by.ID, Desc: true, After: after}
	if until {
		q = store.Query{Index: byWork, Key: by.ID, After: after}
	}
	return s.copies.ListWhere(ctx, q, func(d *store.Doc[Copy]) bool {
		k := &d.State
		return (registry.Finds(k.Title, w.Text) || registry.Finds(k.Sender, w.Text)) && (w.Copies == "" || k.State == w.Copies) && (!w.Open || k.Open())
	})
}

// Work are the copies with which the actor has something to do, by their last day. Returns none without ReadNotice.
func (s *Service) Work(ctx context.Context, by policy.Actor) ([]store.Doc[Copy], error) {
	if !s.Guard.Allow(by, policy.ReadNotice) {
		return nil, nil
	}
	page, err := s.copies.List(ctx, store.Query{Index: byWork, Key: by.ID, Limit: store.MaxLimit})
	return page.Docs, err
}

// View is a copy with what it says.
type View struct {
	store.Doc[Copy]
	// Notice is what was sent; of a withdrawn one only the reason is left.
	Notice Notice
}

// One returns a copy of the actor. Returns Forbidden without ReadNotice, NotFound for what he did not get.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (View, error) {
	hidden := fault.New("notice.One", fault.NotFound, "没有找到"+word)
	if err := s.Guard.Require(by, policy.ReadNotice); err != nil {
		return View{}, err
	}
	if !journal.ValidPart(id) {
		return View{}, hidden
	}
	k, err := s.copies.Load(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && k.State.Account != by.ID {
		return View{}, hidden
	}
	if err != nil {
		return View{}, err
	}
	n, err := s.notices.Docs.Load(ctx, k.State.Notice)
	if n.State.State == Withdrawn {
		n.State.Text, n.State.Files = "", nil
	}
	return View{k, n.State}, err
}

// Open is One for who looks at it: the copy is read from now on.
func (s *Service) Open(ctx context.Context, by policy.Actor, id string) (View, error) {
	v, err := s.One(ctx, by, id)
	if err != nil || v.State.State != Unread {
		return v, err
	}
	at := journal.At(s.Now())
	v.State.State, v.State.ReadAt = Read, &at
	doc, err := s.copies.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.ReadNotice), Why: Read.Title()}, id, v.Seq, v.State)
	if fault.Is(err, fault.Conflict) { // opened or urged at the same moment: the next look marks it
		return s.One(ctx, by, id)
	}
	v.Doc = doc
	return v, err
}

// Sign signs for a copy; twice is as good as once. Returns Forbidden without ReadNotice, NotFound for what the actor did not get, Conflict if it was withdrawn or is not to be signed for.
func (s *Service) Sign(ctx context.Context, by policy.Actor, id string) error {
	const op = "notice.Sign"
	v, err := s.One(ctx, by, id)
	if err != nil {
		return err
	}
	switch {
	case v.State.State == Signed:
		return nil
	case v.State.State == Recalled || v.Notice.State == Withdrawn:
		return fault.New(op, fault.Conflict, "这条通知已经撤回，不用签收")
	case !v.State.Receipt:
		return fault.New(op, fault.Conflict, "这条通知不用签收")
	}
	at := journal.At(s.Now())
	if v.State.ReadAt == nil {
		v.State.ReadAt = &at
	}
	v.State.State, v.State.SignedAt = Signed, &at
	_, err = s.copies.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.ReadNotice), Why: Signed.Title()}, id, v.Seq, v.State)
	return err
}

// Count is how the copies of a notice stand.
type Count struct{ All, Read, Signed, Open int }

// Sent is a notice as its office sees it.
type Sent struct {
	store.Doc[Notice]
	// Copies are in the order of the list, Count is how they stand; Names are those of the receivers by account (personal data), without those whose account is no more.
	Copies []store.Doc[Copy]
	Count  Count
	Names  map[string]string
	// Chosen is how many people would get a notice that was not sent.
	Chosen int
}

// Notice returns a notice of the actor's office. Returns Forbidden without SendNotice, NotFound outside the scope.
func (s *Service) Notice(ctx context.Context, by policy.Actor, id string) (Sent, error) {
	doc, err := s.notices.One(ctx, by, id)
	if err != nil {
		return Sent{}, err
	}
	v := Sent{Doc: doc, Names: map[string]string{}}
	var failed error
	if doc.State.Sent == nil {
		var people []Recipient
		people, _, failed = s.receivers(ctx, by, doc.State.Targets)
		v.Chosen = len(people)
	} else {
		v.Copies, failed = s.copiesOf(ctx, id)
	}
	offices, err := s.Offices(ctx)
	for _, o := range offices {
		v.Names[o.Account] = o.Name
	}
	for i := range v.Copies {
		k := &v.Copies[i].State
		v.Count.All++
		if k.ReadAt != nil {
			v.Count.Read++
		}
		if k.SignedAt != nil {
			v.Count.Signed++
		}
		if k.Open() {
			v.Count.Open++
		}
	}
	return v, errors.Join(failed, err)
}

// OpenFile opens an attachment, counted from 1, for who sent a notice or got one that stands; id is that of the notice or of the copy. Returns NotFound to everybody else.
func (s *Service) OpenFile(ctx context.Context, by policy.Actor, id string, copied bool, n int) (io.ReadSeekCloser, int64, files.Stored, error) {
	var list []files.Stored
	if copied {
		v, err := s.One(ctx, by, id)
		if err != nil {
			return nil, 0, files.Stored{}, err
		}
		list = v.Notice.Files
	} else {
		doc, err := s.notices.One(ctx, by, id)
		if err != nil {
			return nil, 0, files.Stored{}, err
		}
		list = doc.State.Files
	}
	if n < 1 || n > len(list) {
		return nil, 0, files.Stored{}, fault.New("notice.OpenFile", fault.NotFound, "没有找到这个附件")
	}
	r, size, err := s.Keeper.Open(ctx, list[n-1].Original)
	return r, size, list[n-1], err
}

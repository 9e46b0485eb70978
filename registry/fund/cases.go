package fund

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Persons knows who has an account and asks for a password again; policy.Service does.
type Persons interface {
	// Reauthenticate returns Invalid with the field current for a wrong one.
	Reauthenticate(ctx context.Context, by policy.Actor, password string) error
	// Person returns who has an account, with his offices. Returns NotFound.
	Person(ctx context.Context, id string) (policy.Actor, error)
}

// Desk is what the desks of claims and refunds need; everything is required.
type Desk struct {
	// DB keeps the cases, Guard says who may do what, Keeper takes papers in.
	DB     *store.DB
	Guard  *policy.Guard
	Keeper *files.Keeper
	// Fund keeps the ledgers.
	Fund *Service
	// Persons and Chains serve the approvals.
	Persons Persons
	Chains  *policy.Chains
	// Deadlines starts a period of deadlines.yaml; NotFound for an unknown rule.
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	// Now is the business clock.
	Now func() time.Time
}

// Today is the business day.
func (d Desk) Today() calendar.Date { return calendar.DateOf(d.Now()) }

// Keep takes the paper of a form in. Returns Invalid (paper) if there is none, with what it should be.
func (d Desk) Keep(ctx context.Context, by policy.Actor, action policy.Action, upload *files.Upload, missing string) (files.Stored, error) {
	if upload == nil {
		return files.Stored{}, fault.InvalidFields("fund.Keep", fault.Field{Name: "paper", Message: missing})
	}
	return d.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(action)}, upload)
}

// Open begins or goes on with the approval of a case: all levels sign anew what it says now.
func (d Desk) Open(by policy.Actor, chain, subject string, before *policy.Approval, said any) (*policy.Approval, error) {
	hash, err := Digest(said)
	if err != nil {
		return nil, err
	}
	var next policy.Approval
	if before != nil && before.Maker == by.ID && before.State == policy.ApprovalReturned {
		next, err = before.Decide(by, policy.Sign{Move: policy.MoveResubmit, SubjectHash: hash}, d.Now())
		return &next, err
	}
	way, err := d.Chains.On(chain, d.Today())
	if err != nil {
		return nil, err
	}
	next, err = policy.OpenApproval(d.Guard.Rules(), way, subject, hash, by)
	return &next, err
}

// Digest is what everybody signs: the algorithm and the hash of what a case says.
func Digest(said any) (string, error) {
	text, err := json.Marshal(said)
	if err != nil {
		return "", fault.Wrap("fund.Digest", fault.Internal, "", err)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Decide asks an approval for a signature of the offices that reach the case; it changes nothing.
func (d Desk) Decide(ctx context.Context, by policy.Actor, a *policy.Approval, sign policy.Sign, keys []string, day calendar.Date) (policy.Approval, error) {
	signer, err := d.Guard.Signer(ctx, by, policy.SignApproval)
	if err != nil {
		return policy.Approval{}, err
	}
	return a.Decide(signer.At(keys, day), sign, d.Now())
}

// OnPaper is a signature on paper: what was signed by its hash, the account of who signed, the day written on the paper, and its scan. It counts once a second person has looked at it.
type OnPaper struct {
	Hash, Signer string
	SignedOn     calendar.Date
	Upload       *files.Upload
}

// PaperSign is a signature on paper as an approval takes it. Returns Invalid (paper, signer) without a scan or a signer.
func (d Desk) PaperSign(ctx context.Context, in OnPaper, keys []string, day calendar.Date) (policy.Sign, error) {
	const op = "fund.PaperSign"
	if in.Upload == nil {
		return policy.Sign{}, fault.InvalidFields(op, fault.Field{Name: "paper", Message: "请上传签字件扫描件（PDF、JPG 或 PNG）"})
	}
	who, err := d.Persons.Person(ctx, in.Signer)
	if fault.Is(err, fault.NotFound) {
		return policy.Sign{}, fault.InvalidFields(op, fault.Field{Name: "signer", Message: "请选择在纸上签字的人"})
	}
	if err != nil {
		return policy.Sign{}, err
	}
	signer, err := d.Guard.Signer(ctx, who, policy.SignApproval)
	if err != nil {
		return policy.Sign{}, err
	}
	return policy.Sign{Move: policy.MoveAgree, SubjectHash: in.Hash, Signer: signer.At(keys, day), Paper: &policy.PaperSignature{FileHash: "sha256:" + in.Upload.SHA256, Signer: in.Signer, SignedOn: in.SignedOn}}, nil
}

// MayLook reports whether the actor may look at a scan of an approval a second time.
func (d Desk) MayLook(ctx context.Context, by policy.Actor, a *policy.Approval, scan string, keys []string, day calendar.Date) bool {
	_, err := d.Decide(ctx, by, a, policy.Sign{Move: policy.MoveConfirmPaper, SubjectHash: a.SubjectHash, Paper: &policy.PaperSignature{FileHash: scan}}, keys, day)
	return err == nil
}

// MaySign reports whether the actor may sign an approval now.
func (d Desk) MaySign(ctx context.Context, by policy.Actor, a *policy.Approval, keys []string, day calendar.Date) bool {
	if a == nil || a.State != policy.ApprovalPending || !d.Guard.Allow(by, policy.SignApproval) {
		return false
	}
	_, err := d.Decide(ctx, by, a, policy.Sign{Move: policy.MoveAgree, SubjectHash: a.SubjectHash, Reason: "代"}, keys, day)
	return err == nil
}

// Paper is a paper of a case.
type Paper struct {
	// Number is that of the paper, Day its day, Text what it says or how it was delivered.
	Number string        `json:"number,omitempty" privacy:"internal"`
	Day    calendar.Date `json:"day,omitzero"`
	Text   string        `json:"text,omitempty" privacy:"internal"`
	// File is its scan, nil if there is none.
	File *files.Stored `json:"file,omitempty"`
	// By is who entered it.
	By string `json:"by,omitempty" privacy:"internal"`
}

// Input is what a form of a case says; each step reads the fields that it names.
type Input struct {
	// Day is a date, Fen an amount, Number the number of a paper, Text words, Choice one of a list.
	Day                  calendar.Date
	Fen                  int64
	Number, Text, Choice string
	// Upload is the paper, nil for none.
	Upload *files.Upload
}

// Check gathers what is wrong with the fields of a form.
type Check struct {
	bad   bad
	today calendar.Date
}

// Check begins a check of fields.
func (d Desk) Check() *Check { return &Check{today: d.Today()} }

// Fail names what is wrong with a field.
func (c *Check) Fail(name, format string, args ...any) { c.bad.add(name, format, args...) }

// Text trims a text and checks its length.
func (c *Check) Text(name, label string, value *string, least, most int) {
	c.bad.text(name, label, value, least, most)
}

// Past refuses a day that is missing, has not come, or lies before another one.
func (c *Check) Past(name, label string, day, after calendar.Date) {
	switch {
	case day.IsZero():
		c.Fail(name, "请填写%s，例如 %s", label, c.today)
	case day.Compare(c.today) > 0:
		c.Fail(name, "%s%s还没有到，今天是%s", label, day.Chinese(), c.today.Chinese())
	case !after.IsZero() && day.Compare(after) < 0:
		c.Fail(name, "%s%s早于%s", label, day.Chinese(), after.Chinese())
	}
}

// Money refuses an amount that is none.
func (c *Check) Money(fen int64) { checkFen(&c.bad, fen) }

// Err is what was refused, nil for nothing.
func (c *Check) Err() error { return c.bad.err("fund.Check") }

// At names the case that somebody saw.
type At struct {
	// ID is the id, Seq the last change seen.
	ID  string
	Seq int64
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

// Cases keeps the cases of one kind: every call asks for right and scope, one change after the other, a refused one writes nothing.
type Cases[T any] struct {
	desk Desk
	rows *store.Collection[T]
	// read is the right to see them, place says where one lies: its scope keys and the day by which they were stamped.
	read  policy.Action
	place func(*T) ([]string, calendar.Date)
	// word is what people call one.
	word string
}

// The lists of cases.
const (
	// ByScope lists all by scope key, the latest first.
	ByScope = "scope"
	// ByWork lists those in which something is to be done, by scope key, what is due first on top.
	ByWork = "work"
	// ByProject lists those of a project.
	ByProject = "project"
)

// NewCases opens the cases of a kind with the lists ByScope, ByWork and ByProject. place is where a case lies, due what is to be done until when: false for a case
// that is over.
func NewCases[T any](ctx context.Context, desk Desk, kind, word string, read policy.Action, project func(*T) string, place func(*T) ([]string, calendar.Date), due func(*T) (calendar.Date, bool)) (*Cases[T], error) {
	listed := func(c *T) []string {
		keys, _ := place(c)
		return append([]string{policy.County}, keys...)
	}
	sort := func(_ string, c *T) string {
		_, day := place(c)
		return day.String()
	}
	rows, err := store.NewCollection(ctx, desk.DB, store.Kind[T]{Name: kind, Version: 1, Indexes: []store.Index[T]{
		{Name: ByScope, Keys: func(_ string, c *T) []string { return listed(c) }, Sort: sort},
		{Name: ByWork, Keys: func(_ string, c *T) []string {
			if _, open := due(c); !open {
				return nil
			}
			return listed(c)
		}, Sort: func(_ string, c *T) string {
			if day, open := due(c); open && !day.IsZero() {
				return day.String()
			}
			return "9999-99-99"
		}},
		{Name: ByProject, Keys: func(_ string, c *T) []string { return []string{project(c)} }, Sort: sort},
	}})
	return &Cases[T]{desk: desk, rows: rows, read: read, place: place, word: word}, err
}

// scope is the right and the rows of it.
func (c *Cases[T]) scope(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := c.desk.Guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	return c.desk.Guard.Scope(ctx, by, action)
}

// load is a case inside a scope; NotFound for everything else.
func (c *Cases[T]) load(ctx context.Context, scope policy.Scope, id string) (store.Doc[T], error) {
	const op = "fund.load"
	hidden := fault.New(op, fault.NotFound, "没有找到"+c.word)
	if !journal.ValidPart(id) {
		return store.Doc[T]{}, hidden
	}
	doc, err := c.rows.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return doc, hidden
	}
	if err != nil {
		return doc, err
	}
	keys, day := c.place(&doc.State)
	return doc, scope.Require(op, keys, day)
}

// One returns a case. Returns Forbidden without the right to read, NotFound outside the scope.
func (c *Cases[T]) One(ctx context.Context, by policy.Actor, id string) (store.Doc[T], error) {
	scope, err := c.scope(ctx, by, c.read)
	if err != nil {
		return store.Doc[T]{}, err
	}
	return c.load(ctx, scope, id)
}

// Begin stores a new case that f makes; f gets the scope of the action to ask for the project in it. Returns Forbidden without the action, and what f returns.
func (c *Cases[T]) Begin(ctx context.Context, by policy.Actor, action policy.Action, why string, idem *store.Idem, f func(scope policy.Scope) (T, error)) (store.Doc[T], error) {
	none := store.Doc[T]{}
	scope, err := c.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: idem}
	if doc, done, err := c.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	state, err := f(scope)
	if err != nil {
		return none, err
	}
	return c.rows.Commit(ctx, meta, c.desk.DB.NewID(meta), 0, state)
}

// Change commits what f makes of a case inside the scope of an action, if nobody was quicker. Returns Forbidden without the action, NotFound outside the scope,
// Conflict if somebody was quicker, and what f returns.
func (c *Cases[T]) Change(ctx context.Context, by policy.Actor, action policy.Action, at At, why string, f func(*T) error) (store.Doc[T], error) {
	none := store.Doc[T]{}
	scope, err := c.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: at.Idem}
	if doc, done, err := c.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := c.load(ctx, scope, at.ID)
	if err != nil {
		return none, err
	}
	overtaken := fault.New("fund.Change", fault.Conflict, c.word+"刚被别人办过，请刷新后再办")
	if doc.Seq != at.Seq {
		return none, overtaken
	}
	if err := f(&doc.State); err != nil {
		return none, err
	}
	out, err := c.rows.Commit(ctx, meta, at.ID, at.Seq, doc.State)
	if fault.Is(err, fault.Conflict) {
		if now, headErr := c.rows.Head(ctx, at.ID); headErr == nil && now.Seq != at.Seq {
			return none, overtaken
		}
	}
	return out, err
}

// Page returns one page of a list inside the actor's scope, as far as keep lets it through. Returns Forbidden without the right to read.
func (c *Cases[T]) Page(ctx context.Context, by policy.Actor, q store.Query, keep func(*T) bool) (store.Page[T], error) {
	scope, err := c.scope(ctx, by, c.read)
	if err != nil {
		return store.Page[T]{}, err
	}
	if q.Index != ByProject {
		q.Key = policy.County
		if !scope.All() {
			q.In = scope.Keys()
		}
	}
	q.Limit = PageSize
	return c.rows.ListWhere(ctx, q, func(d *store.Doc[T]) bool {
		keys, day := c.place(&d.State)
		return scope.Covers(keys, day) && keep(&d.State)
	})
}

// Of yields the cases of a project, whoever asks: for the desks themselves and for doctor.
func (c *Cases[T]) Of(ctx context.Context, project string) ([]store.Doc[T], error) {
	page, err := c.rows.List(ctx, store.Query{Index: ByProject, Key: project, Limit: store.MaxLimit})
	return page.Docs, err
}

// Every calls yield for every case, whoever asks: for doctor.
func (c *Cases[T]) Every(ctx context.Context, yield func(store.Doc[T])) error {
	for d, err := range c.rows.Each(ctx) {
		if err != nil {
			return err
		}
		yield(d)
	}
	return nil
}

// History returns the changes of a case, oldest first. Errors as those of One.
func (c *Cases[T]) History(ctx context.Context, by policy.Actor, id string) ([]store.Change[T], error) {
	if _, err := c.One(ctx, by, id); err != nil {
		return nil, err
	}
	var out []store.Change[T]
	for change, err := range c.rows.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		out = append(out, change)
	}
	return out, nil
}

// Subject names a case for its approval.
func Subject(kind string, at At) string { return fmt.Sprintf("%s/%s/%d", kind, at.ID, at.Seq) }

// Apart refuses who prepared or approved a case: he does not pay it. Returns Forbidden with the rule.
func Apart(by policy.Actor, made string, a *policy.Approval) error {
	acts := []policy.Act{{Part: policy.PartMake, By: made}}
	if a != nil {
		acts = append(acts, policy.Act{Part: policy.PartMake, By: a.Maker})
		for _, d := range a.Decisions {
			acts = append(acts, policy.Act{Part: policy.PartMake, By: d.By})
		}
	}
	if err := policy.Separate(by, policy.PartCheck, acts); err != nil {
		return &fault.Error{Op: "fund.Apart", Kind: fault.Forbidden, Message: "这件由你经办或者审批，支付必须由另一人完成", Rule: "不相容岗位规则 S-2：经办与审批必须由不同的人完成"}
	}
	return nil
}

// maxBounced is how often a payment of a case can come back.
const maxBounced = 10

// Bounced checks what a form says about a payment that the bank sent back, and keeps its paper. Fields number (of the bank's paper), day (of the bank), text (why), paper. Returns Forbidden for who paid, Invalid for
// refused fields.
func (d Desk) Bounced(ctx context.Context, by policy.Actor, paid *Paper, before int, in Input) (Paper, error) {
	if err := policy.Separate(by, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: paid.By}}); err != nil {
		return Paper{}, err
	}
	f := d.Check()
	f.Text("number", "银行凭证号", &in.Number, 2, 40)
	f.Past("day", "退汇到账日期", in.Day, paid.Day)
	f.Text("text", "退汇原因", &in.Text, 2, 60)
	if before >= maxBounced {
		f.Fail("text", "已经退汇 %d 次，请查明收款账户", maxBounced)
	}
	if err := f.Err(); err != nil {
		return Paper{}, err
	}
	file, err := d.Keep(ctx, by, policy.ReverseFund, in.Upload, "请上传银行的退汇凭证")
	return Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &file, By: by.ID}, err
}

// Defect is a finding of a handover inspection for which the developer is liable and which was not repaired in time.
type Defect struct {
	// Project is where, Name what was inspected, Where and Text describe the finding.
	Project, Name, Where, Text string
}

// Says reports whether one of some texts contains a search text; an empty one is in all.
func Says(text string, in ...string) bool {
	text = strings.TrimSpace(text)
	return text == "" || slices.ContainsFunc(in, func(one string) bool { return strings.Contains(one, text) })
}

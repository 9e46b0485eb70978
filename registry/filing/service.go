package filing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
	"redsteward/registry/casework"
)

// Places says where a project lies and who holds it; registry.Register answers.
type Places interface {
	// Place returns it as of a day. Returns NotFound if there is no such project.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
	// FirmNames returns the names of firms by id; one that does not exist is left out.
	FirmNames(ctx context.Context, ids []string) (map[string]string, error)
	// DeveloperName returns the name of a developer. Returns NotFound.
	DeveloperName(ctx context.Context, id string) (string, error)
}

// Persons knows the accounts; policy.Service does.
type Persons interface {
	// Person returns an account as of today. Returns NotFound.
	Person(ctx context.Context, id string) (policy.Actor, error)
	// Reauthenticate asks for the password again. Returns Invalid with the field current for a wrong one.
	Reauthenticate(ctx context.Context, by policy.Actor, password string) error
}

// Config is what the filings need; everything is required.
type Config struct {
	// DB keeps them, Guard says who may do what, Keeper takes documents in.
	DB     *store.DB
	Guard  *policy.Guard
	Keeper *files.Keeper
	// Now is the business clock.
	Now func() time.Time
	// Places, Persons, Chains and Kinds: see there.
	Places  Places
	Persons Persons
	Chains  *policy.Chains
	Kinds   *Kinds
	// Deadlines starts a deadline by its rule; NotFound for an unknown one. Days counts working days.
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	Days      Workdays
	// Letters is the register of what goes out, which keeps the numbers of the bureau.
	Letters *casework.Letters
}

// Service runs filings. Every call names the actor; a refused call writes nothing.
type Service struct {
	Config
	rows *store.Collection[Filing]
}

const (
	filingKind  = "filing"
	numberClaim = "filing-number"
	// byScope lists everything by the scope keys, byWork what somebody is to do, byNumber the registered ones of a kind and year, byNotice those that no community answered.
	byScope  = "scope"
	byWork   = "work"
	byNumber = "number"
	byNotice = "notice"
	// correctionRule is until when a correction is to come.
	correctionRule = "filing.contract_correction"
	// never sorts what has no day behind everything else.
	never = "9999-12-31"
	// developerRole owes what it files, so its filings have its key too.
	developerRole policy.Role = "developer"
	// committeeRole files for the owners.
	committeeRole policy.Role = "owners_committee"
)

// document is how filings are stored.
func document() store.Kind[Filing] {
	return store.Kind[Filing]{Name: filingKind, Version: 1, Indexes: []store.Index[Filing]{
		{Name: byScope, Keys: func(_ string, f *Filing) []string { return listKeys(f.Keys, "") }, Sort: func(_ string, f *Filing) string { return store.SortTime(f.since()) }},
		{Name: byWork, Keys: func(_ string, f *Filing) []string {
			if stage := f.Stage(); stage != "" {
				return listKeys(f.Keys, string(stage)+"/")
			}
			return nil
		}, Sort: func(_ string, f *Filing) string { return f.due().Due.String() }},
		{Name: byNumber, Keys: func(_ string, f *Filing) []string {
			if f.Number == "" {
				return nil
			}
			return []string{numberKey(f.Kind, f.Year)}
		}, Sort: func(_ string, f *Filing) string { return store.SortInt(f.Nth) }},
		{Name: byNotice, Keys: func(_ string, f *Filing) []string {
			if f.Notice == nil || f.Notice.Answer != "" || f.State == Refused || f.State == Withdrawn {
				return nil
			}
			return listKeys(f.Keys, "")
		}, Sort: func(_ string, f *Filing) string {
			if f.Notice == nil || !f.Notice.Due.Resolved() {
				return never
			}
			return f.Notice.Due.Due.String()
		}},
	}}
}

func numberKey(kind string, year int64) string { return fmt.Sprintf("%s/%d", kind, year) }

// listKeys are the keys under which a row is listed: its own and that of the county.
func listKeys(keys []string, before string) []string {
	out := []string{before + policy.County}
	for _, key := range keys {
		out = append(out, before+key)
	}
	return out
}

// New opens the filings.
func New(ctx context.Context, c Config) (*Service, error) {
	rows, err := store.NewCollection(ctx, c.DB, document())
	s := &Service{Config: c, rows: rows}
	c.Letters.Bear(filingKind, func(ctx context.Context, id string) (casework.Borne, error) {
		doc, err := rows.Load(ctx, id)
		return doc.State.borne(), err
	})
	return s, err
}

// The places of its papers among what a filing sends out; codeAsk and codeRefuse name those whose numbers are given in the register of what goes out.
const (
	slotReceived = "received"
	slotAsked    = "asked"
	slotRefused  = "refused"
	slotReceipt  = "receipt"
	codeAsk      = filingKind + ".ask"
	codeRefuse   = filingKind + ".refuse"
)

// borne is what a filing sends out: what the applicant finds on its page, the receipt with its register number.
func (f *Filing) borne() casework.Borne {
	of := casework.Borne{Name: cmp.Or(f.ProjectName, f.FirmName), Project: f.Project, Keys: f.Keys, Day: f.Day}
	add := func(slot, code, title, number string, day calendar.Date) {
		of.Papers = append(of.Papers, casework.Outgoing{Slot: slot, For: code, Title: title, To: f.Addressee(), Way: casework.WaySystem, Paper: casework.Paper{Number: number, Day: day}})
	}
	if !f.Submitted.IsZero() {
		add(slotReceived, "", "备案材料收件回执", "", calendar.DateOf(f.Submitted.Time))
	}
	if f.Asking != nil {
		add(slotAsked, codeAsk, "一次性告知书", "", f.Asking.Day)
	}
	if f.Refusal != nil {
		add(slotRefused, codeRefuse, "不予备案告知书", "", f.Refusal.Day)
	}
	if f.Number != "" {
		add(slotReceipt, "", "备案回执", f.Number, f.Filed)
	}
	return of
}

// At is the filing that a command is about.
type At struct {
	// ID is the filing, Seq the change that the actor saw.
	ID  string
	Seq int64
	// Idem makes a retry safe, nil for none.
	Idem *store.Idem
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

// Opening is a draft to begin.
type Opening struct {
	// Kind is the code of the kind, Subject the id of the project, or of the firm if the kind is about a firm as such.
	Kind, Subject string
	// Happened, Note and Files are what another part of the register knows already; all may be empty. Files are by the code of the document; one that the kind does not want is left out.
	Happened calendar.Date
	Note     string
	Files    map[string]files.Stored
}

// Start begins a draft. Returns Forbidden without ApplyFiling or for a kind that others file, Invalid for refused fields (kind, project, firm, happened, note), NotFound outside the scope.
func (s *Service) Start(ctx context.Context, by policy.Actor, in Opening, idem *store.Idem) (store.Doc[Filing], error) {
	const op = "filing.Start"
	none := store.Doc[Filing]{}
	scope, err := s.scope(ctx, by, policy.ApplyFiling)
	if err != nil {
		return none, err
	}
	k, err := s.Kinds.Find(in.Kind)
	if err != nil {
		return none, fault.InvalidFields(op, fault.Field{Name: "kind", Message: "请选择备案种类"})
	}
	if !mine(k, by) {
		return none, &fault.Error{Op: op, Kind: fault.Forbidden, Message: "“" + k.Title + "”不由你的岗位提交", Rule: "filings.yaml：" + k.ID + " 的 by"}
	}
	meta := store.Meta{By: by.ID, Action: string(policy.ApplyFiling), Why: k.Title, Idem: idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	f := Filing{Kind: k.ID, Title: k.Title, Basis: k.Basis, Event: k.Event, Day: s.today(), State: Draft, Last: MoveEdit, By: by.ID}
	if err := s.about(ctx, k, in.Subject, &f); err != nil {
		return none, err
	}
	if err := refuse(op, s.fill(&f, in.Happened, in.Note)); err != nil {
		return none, err
	}
	for _, w := range k.Documents {
		if file, ok := in.Files[w.ID]; ok {
			f.Documents = append(f.Documents, Document{ID: w.ID, Title: w.Title, File: file})
		}
	}
	if err := scope.Require(op, f.Keys, f.Day); err != nil {
		return none, err
	}
	return s.rows.Commit(ctx, meta, s.DB.NewID(meta), 0, f)
}

// about says what a draft is about.
func (s *Service) about(ctx context.Context, k Kind, subject string, f *Filing) error {
	const op = "filing.about"
	field, missing := "project", "请选择小区"
	if k.FirmWide {
		field, missing = "firm", "请选择企业"
	}
	if !journal.ValidPart(subject) {
		return fault.InvalidFields(op, fault.Field{Name: field, Message: missing})
	}
	if k.FirmWide {
		names, err := s.Places.FirmNames(ctx, []string{subject})
		if err == nil && names[subject] == "" {
			return fault.New(op, fault.NotFound, "没有找到这家企业")
		}
		f.Firm, f.FirmName, f.Applicant, f.Keys = subject, names[subject], names[subject], []string{policy.FirmKey(subject)}
		return err
	}
	place, err := s.Places.Place(ctx, subject, f.Day)
	if err != nil {
		return err
	}
	f.Project, f.ProjectName, f.Firm, f.FirmName, f.Keys = subject, place.Name, place.Firm, place.FirmName, place.Keys()
	switch {
	case slices.Contains(k.By, developerRole):
		f.Keys = place.DutyKeys()
		if place.Developer != "" {
			f.Applicant, err = s.Places.DeveloperName(ctx, place.Developer)
		}
	case slices.Contains(k.By, committeeRole):
		f.Applicant = place.Name + "业主委员会（物业管理委员会）"
	default:
		f.Applicant = place.FirmName
	}
	return err
}

// Firms are the firms for which the actor may file, by name. Returns Forbidden without ApplyFiling.
func (s *Service) Firms(ctx context.Context, by policy.Actor) ([]registry.Choice, error) {
	scope, err := s.scope(ctx, by, policy.ApplyFiling)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, key := range scope.Keys() {
		if id, ok := strings.CutPrefix(key, policy.FirmKey("")); ok {
			ids = append(ids, id)
		}
	}
	names, err := s.Places.FirmNames(ctx, ids)
	var out []registry.Choice
	for id, name := range names {
		out = append(out, registry.Choice{ID: id, Text: name})
	}
	slices.SortFunc(out, func(a, b registry.Choice) int { return strings.Compare(a.Text+a.ID, b.Text+b.ID) })
	return out, err
}

// MayApply reports whether the actor is one of those who file it.
func (s *Service) MayApply(by policy.Actor, f *Filing) bool {
	k, err := s.Kinds.Find(f.Kind)
	return err == nil && s.Guard.Allow(by, policy.ApplyFiling) && mine(k, by)
}

// mine reports whether a person files a kind.
func mine(k Kind, by policy.Actor) bool {
	for _, role := range k.By {
		if by.Has(role) {
			return true
		}
	}
	return false
}

// Edit keeps the fields of a draft or a correction as they are typed; what is missing is told by Submit. Returns Invalid for refused fields (happened, note).
func (s *Service) Edit(ctx context.Context, by policy.Actor, at At, happened calendar.Date, note string) (store.Doc[Filing], error) {
	return s.change(ctx, by, policy.ApplyFiling, at, MoveEdit, func(f *Filing) error {
		return refuse("filing.Edit", s.fill(f, happened, note))
	})
}

// fill puts the fields of the form in and returns what is wrong with them.
func (s *Service) fill(f *Filing, happened calendar.Date, note string) []fault.Field {
	note = strings.TrimSpace(note)
	var bad []fault.Field
	if utf8.RuneCountInString(note) > MaxText {
		bad = append(bad, fault.Field{Name: "note", Message: "说明太长，请压缩到 200 字以内"})
	}
	if happened.Compare(s.today()) > 0 {
		bad = append(bad, fault.Field{Name: "happened", Message: f.Event + " " + happened.Chinese() + " 晚于今天"})
	}
	f.Happened, f.Note = happened, note
	return bad
}

func refuse(op string, bad []fault.Field) error {
	if len(bad) == 0 {
		return nil
	}
	return fault.InvalidFields(op, bad...)
}

// Attach puts a file in the place of one document. Returns Invalid for a document that the kind does not want, and the errors of files.Keeper.Keep.
func (s *Service) Attach(ctx context.Context, by policy.Actor, at At, id string, upload *files.Upload) (store.Doc[Filing], error) {
	return s.change(ctx, by, policy.ApplyFiling, at, MoveEdit, func(f *Filing) error {
		k, err := s.Kinds.Find(f.Kind)
		if err != nil {
			return err
		}
		wanted, ok := k.wanted(id)
		if !ok {
			return fault.InvalidFields("filing.Attach", fault.Field{Name: "document", Message: "请选择这份文件是哪一项材料"})
		}
		file, err := s.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(policy.ApplyFiling)}, upload)
		if err != nil {
			return err
		}
		f.drop(id)
		f.Documents = append(f.Documents, Document{ID: id, Title: wanted.Title, File: file})
		return nil
	})
}

// Detach takes a document out.
func (s *Service) Detach(ctx context.Context, by policy.Actor, at At, id string) (store.Doc[Filing], error) {
	return s.change(ctx, by, policy.ApplyFiling, at, MoveEdit, func(f *Filing) error {
		f.drop(id)
		return nil
	})
}

func (f *Filing) drop(id string) {
	var kept []Document
	for _, d := range f.Documents {
		if d.ID != id {
			kept = append(kept, d)
		}
	}
	f.Documents = kept
}

// Submit hands a draft or a correction in, with the fields of its form. The bureau's clock begins, or goes on. Returns Invalid with everything that is wrong or missing (happened, note, document-<id>).
func (s *Service) Submit(ctx context.Context, by policy.Actor, at At, happened calendar.Date, note string) (store.Doc[Filing], error) {
	return s.change(ctx, by, policy.ApplyFiling, at, MoveSubmit, func(f *Filing) error {
		k, err := s.Kinds.Find(f.Kind)
		if err != nil {
			return err
		}
		bad := s.fill(f, happened, note)
		if f.Happened.IsZero() {
			bad = append(bad, fault.Field{Name: "happened", Message: "请填写" + f.Event})
		}
		for _, w := range k.Documents {
			if _, has := f.Document(w.ID); !has && !w.Optional {
				bad = append(bad, fault.Field{Name: "document-" + w.ID, Message: "还缺“" + w.Title + "”"})
			}
		}
		if len(bad) > 0 {
			return refuse("filing.Submit", bad)
		}
		if k.Within != "" {
			if f.Own, err = s.Deadlines(k.Within, f.Happened); err != nil {
				return err
			}
		}
		f.Reason, f.Due = "", calendar.Deadline{}
		if f.Left != nil {
			f.Clock, f.Left = resume(s.Days, f.Clock, *f.Left, s.today()), nil
			return nil
		}
		f.Submitted = journal.At(s.Now())
		if k.Notice != "" {
			f.Notice = &Notice{}
			if f.Notice.Due, err = s.Deadlines(k.Notice, s.today()); err != nil {
				return err
			}
		}
		f.Clock, err = s.Deadlines(k.Clock, s.today())
		return err
	})
}

// Withdraw takes a filing back before it was accepted.
func (s *Service) Withdraw(ctx context.Context, by policy.Actor, at At) (store.Doc[Filing], error) {
	return s.change(ctx, by, policy.ApplyFiling, at, MoveWithdraw, func(*Filing) error { return nil })
}

// Accept accepts a filing and sends it through its approval. Returns Forbidden for who filed it.
func (s *Service) Accept(ctx context.Context, by policy.Actor, at At) (store.Doc[Filing], error) {
	return s.change(ctx, by, policy.HandleFiling, at, MoveAccept, func(f *Filing) error {
		f.Reason = ""
		return s.send(by, at, f)
	})
}

// Resend sends a filing through its approval again after it was sent back.
func (s *Service) Resend(ctx context.Context, by policy.Actor, at At) (store.Doc[Filing], error) {
	return s.change(ctx, by, policy.HandleFiling, at, MoveResend, func(f *Filing) error {
		f.Reason = ""
		return s.send(by, at, f)
	})
}

// send begins the approval, or goes on with the one that the same officer began.
func (s *Service) send(by policy.Actor, at At, f *Filing) error {
	hash, err := f.Hash()
	if err != nil {
		return err
	}
	var next policy.Approval
	if f.Approval != nil && f.Approval.Maker == by.ID {
		next, err = f.Approval.Decide(by, policy.Sign{Move: policy.MoveResubmit, SubjectHash: hash}, s.Now())
	} else {
		k, findErr := s.Kinds.Find(f.Kind)
		if findErr != nil {
			return findErr
		}
		chain, chainErr := s.Chains.On(k.Chain, s.today())
		if chainErr != nil {
			return chainErr
		}
		next, err = policy.OpenApproval(s.Guard.Rules(), chain, fmt.Sprintf("%s/%s/%d", filingKind, at.ID, at.Seq), hash, by)
	}
	f.Approval = &next
	return err
}

// Ask asks the applicant, once, for everything that is to be corrected; the bureau's clock stands meanwhile. Returns Conflict the second time, Invalid without a
// reason.
func (s *Service) Ask(ctx context.Context, by policy.Actor, at At, reason string) (store.Doc[Filing], error) {
	const op = "filing.Ask"
	return s.change(ctx, by, policy.HandleFiling, at, MoveAsk, func(f *Filing) error {
		if f.Asked {
			return fault.New(op, fault.Conflict, "已经一次性告知过补正，不能再要求补正；请受理，或者写明理由不予备案")
		}
		var err error
		if f.Reason, err = checked(op, "reason", "请一次写清要补正的全部内容", reason); err != nil {
			return err
		}
		left := stop(s.Days, f.Clock, s.today())
		f.Asked, f.Left = true, &left
		f.Due, err = s.Deadlines(correctionRule, s.today())
		f.Asking = &Told{Day: s.today(), Text: f.Reason, Until: f.Due}
		return err
	})
}

// Refuse does not file it, with the reason and the clause. While a correction is awaited it waits for its deadline. Returns Invalid for refused fields (reason,
// clause).
func (s *Service) Refuse(ctx context.Context, by policy.Actor, at At, reason, clause string) (store.Doc[Filing], error) {
	const op = "filing.Refuse"
	return s.change(ctx, by, policy.HandleFiling, at, MoveRefuse, func(f *Filing) error {
		if !f.Refusable(s.Now()) {
			return fault.New(op, fault.Conflict, "补正期限"+f.Due.Chinese()+"还没有过，现在不能不予备案")
		}
		var err error
		if f.Reason, err = checked(op, "reason", "请写明不予备案的理由", reason); err != nil {
			return err
		}
		f.Clause, err = checked(op, "clause", "请写明依据的条款", clause)
		f.Refusal = &Told{Day: s.today(), Text: f.Reason, Clause: f.Clause}
		return err
	})
}

// checked is a text that must not be empty or too long.
func checked(op, field, missing, text string) (string, error) {
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "", fault.InvalidFields(op, fault.Field{Name: field, Message: missing})
	case n > MaxText:
		return "", fault.InvalidFields(op, fault.Field{Name: field, Message: fmt.Sprintf("最多 %d 个字，现在有 %d 个", MaxText, n)})
	}
	return text, nil
}

// scope is the right and the rows of it.
func (s *Service) scope(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := s.Guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	return s.Guard.Scope(ctx, by, action)
}

// change loads a filing inside the scope of an action, checks the move and that nobody was quicker, and commits what f makes of it.
func (s *Service) change(ctx context.Context, by policy.Actor, action policy.Action, at At, move Move, f func(*Filing) error) (store.Doc[Filing], error) {
	none := store.Doc[Filing]{}
	scope, err := s.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: string(move), Idem: at.Idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := s.load(ctx, by, scope, at.ID)
	if err != nil {
		return none, err
	}
	if doc.Seq != at.Seq {
		return none, fault.New("filing.change", fault.Conflict, "这件备案刚被别人办过，现在是“"+doc.State.State.Title()+"”，请刷新后再办")
	}
	next, err := doc.State.State.next(move)
	if err != nil {
		return none, err
	}
	if action == policy.ApplyFiling && !s.MayApply(by, &doc.State) {
		return none, &fault.Error{Op: "filing.change", Kind: fault.Forbidden, Message: "“" + doc.State.Title + "”不由你的岗位提交", Rule: "filings.yaml：" + doc.State.Kind + " 的 by"}
	}
	if action == policy.HandleFiling && doc.State.By == by.ID {
		return none, &fault.Error{Op: "filing.change", Kind: fault.Forbidden, Message: "这件备案由你提交，必须由另一人办理", Rule: "不相容岗位规则 S-2：经办与审批必须由不同的人完成"}
	}
	if err := f(&doc.State); err != nil {
		return none, err
	}
	doc.State.State, doc.State.Last = next, move
	return s.rows.Commit(ctx, meta, at.ID, at.Seq, doc.State)
}

// load is a filing inside the scope; NotFound for everything else, and for drafts of others.
func (s *Service) load(ctx context.Context, by policy.Actor, scope policy.Scope, id string) (store.Doc[Filing], error) {
	const op = "filing.load"
	hidden := fault.New(op, fault.NotFound, "没有找到要看的内容")
	if !journal.ValidPart(id) {
		return store.Doc[Filing]{}, hidden
	}
	doc, err := s.rows.Load(ctx, id)
	if err != nil {
		return doc, err
	}
	if doc.State.State == Draft && !s.Guard.Allow(by, policy.ApplyFiling) {
		return store.Doc[Filing]{}, hidden
	}
	return doc, scope.Require(op, doc.State.Keys, doc.State.Day)
}

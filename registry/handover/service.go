package handover

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
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

// Estate is what a handover asks of the register; registry.Register implements it.
type Estate interface {
	// Place returns NotFound if there is no such project.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
	// Built returns a project with phases, buildings and rooms, and NotFound if there is none.
	Built(ctx context.Context, project string) (registry.Project, error)
	// DeveloperName returns "" for an id that does not exist.
	DeveloperName(ctx context.Context, id string) (string, error)
}

// Filings tells what was filed; *filing.Service does.
type Filings interface {
	// FiledOf lists the filings of a kind of a project that came in and were neither refused nor withdrawn, the last one first; one without a number is not registered yet.
	// Returns Forbidden without ReadFiling.
	FiledOf(ctx context.Context, by policy.Actor, project, kind string) ([]registry.FiledRef, error)
}

// FilingKind is the kind of filing in filings.yaml with which the documents of a handover come in.
const FilingKind = "handover"

// Deadlines starts a period of deadlines.yaml. Returns NotFound for an unknown rule.
type Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)

// The periods of deadlines.yaml.
const (
	ruleDocuments = "handover.documents"
	ruleMissing   = "handover.missing_documents"
	ruleComplete  = "handover.complete"
	ruleFix       = "handover.fix"
	ruleTransfer  = "handover.transfer"
	ruleFile      = "handover.file"
	rulePublish   = "handover.publish"
	ruleShown     = "handover.shown"
)

// Config is what a Service needs; every field is required.
type Config struct {
	DB        *store.DB
	Guard     *policy.Guard
	Estate    Estate
	Filings   Filings
	Deadlines Deadlines
	// List is the checklist for new handovers, Hash its fingerprint.
	List List
	Hash string
	// Keeper keeps photos and scans.
	Keeper *files.Keeper
	// Now is the business clock.
	Now func() time.Time
}

// Service keeps handovers. Every call asks for right and scope first, and a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	rows    *store.Collection[Handover]
	answers *store.Collection[Answer]
	kept    *store.Collection[List]
	// Papers and Findings are where documents and results of the walk come in from Excel.
	Papers   *registry.Intake[PaperRow]
	Findings *registry.Intake[FindingRow]
	// read holds the kept lists by fingerprint, which never change.
	read sync.Map
}

const (
	handoverKind = "handover"
	phaseClaim   = "handover-phase"
	overallClaim = "handover-overall"
	filingClaim  = "handover-filing"
	// PageSize is a page of every list.
	PageSize = 50
	// maxItems and maxBuildings bound what one handover inspects.
	maxItems     = 1000
	maxBuildings = 60
	maxReason    = 200
	maxPromise   = 60
	maxNotices   = 12
)

// The names of the indexes.
const (
	byScope = "by-scope"
	byWork  = "by-work"
	byLater = "by-later"
)

// handoverDocument is how handovers are stored and listed.
func handoverDocument() store.Kind[Handover] {
	return store.Kind[Handover]{
		Name: handoverKind, Version: 1, Subject: func(id string, _ *Handover) string { return handoverKind + "/" + id },
		Indexes: []store.Index[Handover]{
			// All, by scope key.
			{Name: byScope, Keys: func(_ string, h *Handover) []string { return append([]string{policy.County}, h.Keys...) },
				Sort: func(_ string, h *Handover) string { return h.Opened.String() }},
			// Those in which something is to be done, by scope key, what is due first on top.
			{Name: byWork, Keys: func(_ string, h *Handover) []string {
				if !h.State.Running() && !h.Unshown() && len(h.Owed()) == 0 {
					return nil
				}
				return append([]string{policy.County}, h.Keys...)
			}, Sort: func(_ string, h *Handover) string {
				if _, d, ok := h.Clock(); ok && d.Resolved() {
					return d.Due.String()
				}
				return "9999-99-99"
			}},
		},
	}
}

// answerDocument is how answers are stored; those that outlive the agreement are listed as long as they are open.
func answerDocument() store.Kind[Answer] {
	return store.Kind[Answer]{
		Name: "handover-answer", Version: 1,
		Indexes: []store.Index[Answer]{{Name: byLater, Keys: func(_ string, a *Answer) []string {
			if a.Later == nil || a.Value != Fail || a.Judged == Conform {
				return nil
			}
			return append([]string{policy.County}, a.Later.Keys...)
		}, Sort: func(_ string, a *Answer) string {
			if a.Later == nil {
				return ""
			}
			return a.Later.Due.String()
		}}},
	}
}

// New opens handovers on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c}
	var err error
	if s.rows, err = store.NewCollection(ctx, c.DB, handoverDocument()); err != nil {
		return nil, err
	}
	if s.answers, err = store.NewCollection(ctx, c.DB, answerDocument()); err != nil {
		return nil, err
	}
	if s.kept, err = store.NewCollection(ctx, c.DB, store.Kind[List]{Name: "handover-list", Version: 1}); err != nil {
		return nil, err
	}
	return s, s.openIntakes(ctx)
}

// At names the handover that somebody saw.
type At struct {
	// ID is the id, Seq the last change seen.
	ID  string
	Seq int64
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

// hand is the actor acting at this moment, in the first of his roles that allows the action.
func (s *Service) hand(by policy.Actor, action policy.Action) Hand {
	h := Hand{By: by.ID, At: journal.At(s.Now())}
	for _, role := range by.Roles() {
		if ok, _ := s.Guard.Rules().RoleAllows(role, action); ok {
			h.Office = string(role)
			break
		}
	}
	return h
}

// scope is the right and the rows of it. Returns Forbidden without the right.
func (s *Service) scope(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := s.Guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	return s.Guard.Scope(ctx, by, action)
}

// load returns a handover inside the scope; NotFound for everything else.
func (s *Service) load(ctx context.Context, scope policy.Scope, id string) (store.Doc[Handover], error) {
	const op = "handover.load"
	if !journal.ValidID(id) {
		return store.Doc[Handover]{}, fault.New(op, fault.NotFound, "没有找到这次承接查验")
	}
	d, err := s.rows.Load(ctx, id)
	if err != nil {
		return d, err
	}
	return d, scope.Require(op, d.State.Keys, d.State.Opened)
}

func overtaken() error {
	return fault.New("handover.change", fault.Conflict, "这次承接查验刚被别人办过，请刷新后再办")
}

// change loads a handover, checks that nobody was quicker, takes the step and commits what f makes of it.
func (s *Service) change(ctx context.Context, by policy.Actor, action policy.Action, at At, do step, why string, f func(*Handover) error) (store.Doc[Handover], error) {
	none := store.Doc[Handover]{}
	scope, err := s.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: at.Idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := s.load(ctx, scope, at.ID)
	if err != nil {
		return none, err
	}
	if doc.Seq != at.Seq {
		return none, overtaken()
	}
	h := doc.State
	before := h.State
	if h.State, err = before.next(do); err != nil {
		return none, err
	}
	h.By = s.hand(by, action)
	if err := f(&h); err != nil {
		return none, err
	}
	doc, err = s.rows.Commit(ctx, meta, at.ID, at.Seq, h)
	if fault.Is(err, fault.Conflict) {
		if fresh, headErr := s.rows.Head(ctx, at.ID); headErr == nil && fresh.Seq != at.Seq {
			return doc, overtaken()
		}
	}
	return doc, err
}

// Opening is a handover to be opened.
type Opening struct {
	// Project is the id of the project, Phase that of the phase, "" if it has none.
	Project, Phase string
	// Inspection is the planned day of the walk, Delivery the one of the delivery to the owners, not before it.
	Inspection, Delivery calendar.Date
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

// Open opens the handover of a phase. Returns Forbidden without OpenHandover, NotFound for a project outside the scope, Invalid for refused fields (project, phase,
// inspection, delivery), Conflict if the phase has one that is not cancelled.
func (s *Service) Open(ctx context.Context, by policy.Actor, in Opening) (store.Doc[Handover], error) {
	const op = "handover.Open"
	none := store.Doc[Handover]{}
	scope, err := s.scope(ctx, by, policy.OpenHandover)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.OpenHandover), Idem: in.Idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	if in.Project == "" {
		return none, fault.InvalidFields(op, fault.Field{Name: "project", Message: "请选择小区"})
	}
	h := Handover{Project: in.Project, Phase: in.Phase, Opened: s.today(), Inspection: in.Inspection, Delivery: in.Delivery,
		List: ListRef{Version: s.List.Version, Hash: s.Hash}, By: s.hand(by, policy.OpenHandover)}
	if err := s.locate(ctx, scope, &h); err != nil {
		return none, err
	}
	if h.State, err = h.State.next(stepOpen); err != nil {
		return none, err
	}
	if err := s.startClocks(&h); err != nil {
		return none, err
	}
	for _, e := range s.List.Conditions {
		h.Conditions = append(h.Conditions, Condition{ID: e.ID})
	}
	for _, e := range s.List.Documents {
		h.Documents = append(h.Documents, Document{ID: e.ID})
	}
	if err := s.keep(ctx, meta); err != nil {
		return none, err
	}
	id := s.DB.NewID(meta)
	if err := s.claim(ctx, meta, &h, id); err != nil {
		return none, err
	}
	return s.rows.Commit(ctx, meta, id, 0, h)
}

// startClocks counts the days before walk and delivery.
func (s *Service) startClocks(h *Handover) (err error) {
	if h.Papers, err = s.Deadlines(ruleDocuments, h.Inspection); err != nil {
		return err
	}
	h.Before, err = s.Deadlines(ruleComplete, h.Delivery)
	return err
}

// locate fills in where the project lies, who hands over and takes over, and what is inspected.
func (s *Service) locate(ctx context.Context, scope policy.Scope, h *Handover) error {
	const op = "handover.Open"
	place, err := s.Estate.Place(ctx, h.Project, h.Opened)
	if err != nil {
		return err
	}
	h.Name, h.Developer, h.Firm, h.FirmName, h.Keys = place.Name, place.Developer, place.Firm, place.FirmName, place.DutyKeys()
	if err := scope.Require(op, h.Keys, h.Opened); err != nil {
		return err
	}
	built, err := s.Estate.Built(ctx, h.Project)
	if err != nil {
		return err
	}
	if h.DeveloperName, err = s.Estate.DeveloperName(ctx, h.Developer); err != nil {
		return err
	}
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	h.PhaseName = built.PhaseName(h.Phase)
	switch {
	case h.Phase != "" && h.PhaseName == "":
		fail("phase", "%s没有编号为“%s”的分期", h.Name, h.Phase)
	case h.Phase == "" && len(built.Phases) > 0:
		fail("phase", "%s分期建设，请选择分期", h.Name)
	}
	for _, b := range built.StandingBuildings() {
		if b.Phase == h.Phase {
			h.Buildings = append(h.Buildings, Site{b.ID, b.Name, b.Kind})
		}
	}
	items := len(s.List.Items(h.Buildings))
	switch {
	case h.Developer == "":
		fail("project", "%s没有登记建设单位，请先在小区登记里选定", h.Name)
	case h.Firm == "":
		fail("project", "%s今天没有执行中的物业服务合同，承接查验以前期物业服务合同为前提", h.Name)
	case len(bad) > 0:
	case len(h.Buildings) == 0:
		fail("project", "%s没有登记楼栋，请先登记楼栋，查验清单按楼栋类型生成", h.Title())
	case len(h.Buildings) > maxBuildings || items > maxItems:
		fail("project", "一次承接查验最多 %d 幢、%d 项，现在有 %d 幢、%d 项，请按分期办理", maxBuildings, maxItems, len(h.Buildings), items)
	}
	if h.Inspection.IsZero() {
		fail("inspection", "请填写计划现场查验日期，例如 2026-10-19")
	}
	switch {
	case h.Delivery.IsZero():
		fail("delivery", "请填写计划交付日期，例如 2026-11-30")
	case h.Delivery.Compare(h.Inspection) < 0:
		fail("delivery", "计划交付日期%s早于计划查验日期%s", h.Delivery.Chinese(), h.Inspection.Chinese())
	}
	if len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	return nil
}

// claim takes the phase for a handover. One that was cancelled gives it up. Returns Conflict if another one holds it.
func (s *Service) claim(ctx context.Context, meta store.Meta, h *Handover, id string) error {
	key, target := h.Project+"/"+h.Phase, handoverKind+"/"+id
	err := s.DB.Claim(ctx, meta, phaseClaim, key, target)
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	held, heldErr := s.DB.Claimed(ctx, phaseClaim, key)
	if heldErr != nil {
		return err
	}
	other, heldErr := s.rows.Load(ctx, strings.TrimPrefix(held, handoverKind+"/"))
	if heldErr != nil || other.State.State != Cancelled {
		return fault.Wrap("handover.claim", fault.Conflict, h.Title()+"已经有一次承接查验，请在列表里打开它", err)
	}
	if err := s.DB.Release(ctx, meta, phaseClaim, key, held); err != nil {
		return err
	}
	return s.DB.Claim(ctx, meta, phaseClaim, key, target)
}

// keep stores the list under its fingerprint, once.
func (s *Service) keep(ctx context.Context, meta store.Meta) error {
	if _, err := s.kept.Load(ctx, s.Hash); !fault.Is(err, fault.NotFound) {
		return err
	}
	meta.Idem = nil
	_, err := s.kept.Commit(ctx, meta, s.Hash, 0, s.List)
	if fault.Is(err, fault.Conflict) {
		return nil // another handover was opened at this moment: the same fingerprint is the same list
	}
	return err
}

// listOf is the list with which a handover was opened.
func (s *Service) listOf(ctx context.Context, h *Handover) (*List, error) {
	if known, ok := s.read.Load(h.List.Hash); ok {
		return known.(*List), nil
	}
	doc, err := s.kept.Load(ctx, h.List.Hash)
	if err != nil {
		return nil, fault.Wrap("handover.listOf", fault.Internal, "查验清单没有保存下来", err)
	}
	s.read.Store(h.List.Hash, &doc.State)
	return &doc.State, nil
}

// Prepare says which preconditions hold. Returns Forbidden without OpenHandover, NotFound outside the scope, Conflict if they are checked already or
// somebody was quicker.
func (s *Service) Prepare(ctx context.Context, by policy.Actor, at At, met []string) (store.Doc[Handover], error) {
	return s.change(ctx, by, policy.OpenHandover, at, stepPrepare, "", func(h *Handover) error {
		h.Conditions = slices.Clone(h.Conditions)
		for i := range h.Conditions {
			h.Conditions[i].Met = slices.Contains(met, h.Conditions[i].ID)
		}
		return nil
	})
}

// Hand says which documents were handed over and what is promised for the others; those not named stay as they are. Signatures that were given before fall away
// with the next one. Returns Forbidden without OpenHandover, NotFound outside the scope, Invalid for refused fields (promise.<id>, due.<id>), Conflict once both
// have signed or if somebody was quicker.
func (s *Service) Hand(ctx context.Context, by policy.Actor, at At, said []Document) (store.Doc[Handover], error) {
	return s.change(ctx, by, policy.OpenHandover, at, stepDocuments, "", func(h *Handover) error {
		list, err := s.listOf(ctx, h)
		if err != nil {
			return err
		}
		latest, err := s.Deadlines(ruleMissing, h.Delivery)
		if err != nil {
			return err
		}
		var bad []fault.Field
		h.Documents = slices.Clone(h.Documents)
		for i, d := range h.Documents {
			at := slices.IndexFunc(said, func(next Document) bool { return next.ID == d.ID })
			if at < 0 {
				continue
			}
			next := said[at]
			if next.Promise = strings.TrimSpace(next.Promise); next.Handed {
				next.Promise, next.Due = "", calendar.Date{}
			}
			bad = append(bad, next.faults(list.Documents[i].Name, s.today(), latest)...)
			h.Documents[i] = next
		}
		if len(bad) > 0 {
			return fault.InvalidFields("handover.Hand", bad...)
		}
		return nil
	})
}

// faults checks what is said of a document; what is missing must come until the period that runs from the delivery is over, if that is known.
func (d Document) faults(name string, today calendar.Date, latest calendar.Deadline) []fault.Field {
	var bad []fault.Field
	switch n := utf8.RuneCountInString(d.Promise); {
	case n > maxPromise:
		bad = append(bad, fault.Field{Name: "promise." + d.ID, Message: fmt.Sprintf("%s：承诺最多 %d 个字，现在有 %d 个", name, maxPromise, n)})
	case n == 0 && !d.Due.IsZero():
		bad = append(bad, fault.Field{Name: "promise." + d.ID, Message: name + "：写了补交日期，还要写明承诺"})
	case n > 0 && d.Due.IsZero():
		bad = append(bad, fault.Field{Name: "due." + d.ID, Message: name + "：请填写补交日期，例如 2026-10-19"})
	case n > 0 && d.Due.Compare(today) < 0:
		bad = append(bad, fault.Field{Name: "due." + d.ID, Message: fmt.Sprintf("%s：补交日期%s已经过去，今天是%s", name, d.Due.Chinese(), today.Chinese())})
	case n > 0 && latest.Resolved() && d.Due.Compare(latest.Due) > 0:
		bad = append(bad, fault.Field{Name: "due." + d.ID, Message: fmt.Sprintf("%s：补交日期%s太晚，缺的资料最迟在计划交付后 %d %s内（%s）补交", name, d.Due.Chinese(), latest.N, latest.Unit, latest.Due.Chinese())})
	}
	return bad
}

// Lacks says in Chinese what is missing before the walk: preconditions that do not hold and documents of which nothing is said; none if all is there.
func Lacks(list *List, h *Handover) []fault.Field {
	var out []fault.Field
	for i, c := range h.Conditions {
		if !c.Met {
			out = append(out, fault.Field{Name: "met-" + c.ID, Message: "前提条件还不具备：" + list.Conditions[i].Name})
		}
	}
	for i, d := range h.Documents {
		if !d.Settled() {
			out = append(out, fault.Field{Name: "promise." + d.ID, Message: "资料没有移交，也没有承诺和补交日期：" + list.Documents[i].Name})
		}
	}
	return out
}

// Check confirms for the firm that the preconditions hold and the documents are there or promised. Returns Forbidden without WalkHandover, NotFound outside the
// scope, Invalid naming what is missing, Conflict if that was done or somebody was quicker.
func (s *Service) Check(ctx context.Context, by policy.Actor, at At) (store.Doc[Handover], error) {
	return s.change(ctx, by, policy.WalkHandover, at, stepReady, "", func(h *Handover) error {
		list, err := s.listOf(ctx, h)
		if err != nil {
			return err
		}
		if lacks := Lacks(list, h); len(lacks) > 0 {
			return fault.InvalidFields("handover.Check", lacks...)
		}
		return nil
	})
}

// Start begins the walk. Returns Forbidden without WalkHandover, NotFound outside the scope, Conflict if it is not its turn or somebody was quicker.
func (s *Service) Start(ctx context.Context, by policy.Actor, at At) (store.Doc[Handover], error) {
	return s.change(ctx, by, policy.WalkHandover, at, stepStart, "", func(h *Handover) error {
		h.Began = s.today()
		return nil
	})
}

// Cancel gives a handover up; its phase can be opened again. Returns Forbidden without OpenHandover, NotFound outside the scope, Invalid without a reason, Conflict
// once both have signed or if somebody was quicker.
func (s *Service) Cancel(ctx context.Context, by policy.Actor, at At, reason string) (store.Doc[Handover], error) {
	reason, err := s.reasoned(by, policy.OpenHandover, reason)
	if err != nil {
		return store.Doc[Handover]{}, err
	}
	return s.change(ctx, by, policy.OpenHandover, at, stepCancel, reason, func(h *Handover) error {
		h.Reason = reason
		return nil
	})
}

// reasoned asks for the right, then for a reason of 2 to 200 characters.
func (s *Service) reasoned(by policy.Actor, action policy.Action, reason string) (string, error) {
	if err := s.Guard.Require(by, action); err != nil {
		return "", err
	}
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < 2 || n > maxReason {
		return "", fault.InvalidFields("handover.reason", fault.Field{Name: "reason", Message: fmt.Sprintf("请写明理由，2 至 %d 个字，现在有 %d 个", maxReason, n)})
	}
	return reason, nil
}

// Filter keeps some handovers. The zero value keeps all.
type Filter struct {
	// Text is looked for in the names of project, phase, developer and firm, in their pinyin, and at the beginning of the number.
	Text string
	// State and Project keep those in the state and of the project, Firm those that the firm took part in.
	State         State
	Project, Firm string
}

// key is the scope key under which the handovers of the filter are listed.
func (f Filter) key() string {
	switch {
	case f.Project != "":
		return policy.ProjectKey(f.Project)
	case f.Firm != "":
		return policy.FirmKey(f.Firm)
	}
	return policy.County
}

// ListPage lists the handovers of the scope, newest first; after is the cursor of the page before. Returns Forbidden without ReadHandover.
func (s *Service) ListPage(ctx context.Context, by policy.Actor, f Filter, after string) (store.Page[Handover], error) {
	return s.listed(ctx, by, store.Query{Index: byScope, Key: f.key(), Desc: true, After: after, Limit: PageSize}, func(id string, h *Handover) bool {
		return (f.State == "" || h.State == f.State) && (f.Project == "" || h.Project == f.Project) && (f.Firm == "" || h.Firm == f.Firm) &&
			(registry.Finds(h.Title(), f.Text) || registry.Finds(h.DeveloperName, f.Text) || registry.Finds(h.FirmName, f.Text) ||
				strings.HasPrefix(h.Number(id), strings.ToUpper(strings.TrimSpace(f.Text))))
	})
}

// Work lists the handovers of the scope in which something is still to be done, what is due first on top. Returns Forbidden without ReadHandover.
func (s *Service) Work(ctx context.Context, by policy.Actor) (store.Page[Handover], error) {
	return s.listed(ctx, by, store.Query{Index: byWork, Key: policy.County, Limit: PageSize}, func(string, *Handover) bool { return true })
}

func (s *Service) listed(ctx context.Context, by policy.Actor, q store.Query, keep func(id string, h *Handover) bool) (store.Page[Handover], error) {
	scope, err := s.scope(ctx, by, policy.ReadHandover)
	if err != nil {
		return store.Page[Handover]{}, err
	}
	if !scope.All() {
		q.In = append([]string{}, scope.Keys()...)
	}
	return s.rows.ListWhere(ctx, q, func(d *store.Doc[Handover]) bool {
		return scope.Covers(d.State.Keys, d.State.Opened) && keep(d.ID, &d.State)
	})
}

// Uses counts the handovers under a scope key that were written since a moment: “1 次承接查验”, "" for none. It asks for no right and shows nothing of them.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	page, err := s.rows.ListWhere(ctx, store.Query{Index: byScope, Key: key, Limit: store.MaxLimit}, func(d *store.Doc[Handover]) bool { return !d.At.Before(since) })
	if err != nil || len(page.Docs) == 0 {
		return "", err
	}
	return fmt.Sprintf("%d 次承接查验", len(page.Docs)), nil
}

// EveryLife calls yield with the changes, oldest first, of every handover that was opened by a day, whoever asks: for the rating.
func (s *Service) EveryLife(ctx context.Context, until calendar.Date, yield func([]store.Change[Handover]) error) error {
	return s.rows.EachLife(ctx, func(d *store.Doc[Handover]) bool { return d.State.Opened.Compare(until) <= 0 }, yield)
}

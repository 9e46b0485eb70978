package handover

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Walk is a handover with everything that was found.
type Walk struct {
	// Doc is the handover, List its checklist.
	Doc  store.Doc[Handover]
	List *List
	// Lines are its items in the order of the walk, Hidden the defects that were found after the transfer, in the order in which they were told.
	Lines, Hidden []Line
	// digest stands for what developer and firm agree on as it is now.
	digest string
}

// Done is how many items were answered.
func (w *Walk) Done() int {
	n := 0
	for _, l := range w.Lines {
		if l.Seq > 0 {
			n++
		}
	}
	return n
}

// Findings are the lines that do not conform, in the order of the walk.
func (w *Walk) Findings() []Line { return w.which(func(l *Line) bool { return l.Value == Fail }) }

// Open are the findings that still have to be repaired.
func (w *Walk) Open() []Line { return w.which((*Line).Open) }

// Unpictured are the findings without a photo.
func (w *Walk) Unpictured() []Line { return w.which((*Line).Unpictured) }

// pictured refuses a step as long as some findings have no photo, and names each (field finding-<item>).
func pictured(lines []Line, step string) error {
	var bad []fault.Field
	for _, l := range lines {
		if l.Unpictured() {
			bad = append(bad, fault.Field{Name: "finding-" + l.Item.ID, Message: l.Where + l.Name + "缺照片，补拍以后才能" + step})
		}
	}
	if len(bad) > 0 {
		return fault.InvalidFields("handover.pictured", bad...)
	}
	return nil
}

// Left are the open findings that go into the agreement as they are.
func (w *Walk) Left() []Line { return w.which((*Line).Left) }

func (w *Walk) which(keep func(*Line) bool) []Line {
	var out []Line
	for i := range w.Lines {
		if keep(&w.Lines[i]) {
			out = append(out, w.Lines[i])
		}
	}
	return out
}

// Find returns the line of an item; false if there is none.
func (w *Walk) Find(item string) (Line, bool) {
	for _, l := range slices.Concat(w.Lines, w.Hidden) {
		if l.Item.ID == item {
			return l, true
		}
	}
	return Line{}, false
}

// Digest stands for what developer and firm agree on: as it is now, and from the agreement on as it was then.
func (w *Walk) Digest() string {
	if h := &w.Doc.State; !h.Agreed.IsZero() {
		return h.Digest
	}
	return w.digest
}

// Signed reports whether a side has signed what stands now.
func (w *Walk) Signed(side Side) bool {
	h := &w.Doc.State
	return h.Signed(side) && h.Digest == w.Digest()
}

// One returns a handover with what was found; names of who took part are masked without ReadContacts. Returns Forbidden without ReadHandover, NotFound outside the scope.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (Walk, error) {
	scope, err := s.scope(ctx, by, policy.ReadHandover)
	if err != nil {
		return Walk{}, err
	}
	doc, err := s.load(ctx, scope, id)
	if err != nil {
		return Walk{}, err
	}
	contacts, err := s.Guard.Scope(ctx, by, policy.ReadContacts)
	if err != nil {
		return Walk{}, err
	}
	if h := &doc.State; !doc.Purged && !contacts.Covers(h.Keys, h.Opened) {
		h.Witnesses = slices.Clone(h.Witnesses)
		for i := range h.Witnesses {
			h.Witnesses[i].Name = policy.MaskName(h.Witnesses[i].Name)
		}
	}
	return s.walk(ctx, doc)
}

// walk reads the answers of a handover from their heads.
func (s *Service) walk(ctx context.Context, doc store.Doc[Handover]) (Walk, error) {
	w := Walk{Doc: doc}
	var err error
	if w.List, err = s.listOf(ctx, &doc.State); err != nil {
		return w, err
	}
	items := w.List.Items(doc.State.Buildings)
	for some := range slices.Chunk(items, store.MaxLimit) {
		ids := make([]string, len(some))
		for i, item := range some {
			ids[i] = doc.ID + "/" + item.ID
		}
		found, err := s.answers.LoadEach(ctx, ids)
		if err != nil {
			return w, err
		}
		for i, item := range some {
			w.Lines = append(w.Lines, lineOf(&doc.State, item, found[i]))
		}
	}
	if w.Hidden, err = s.hidden(ctx, doc); err != nil {
		return w, err
	}
	w.digest, err = w.content()
	return w, err
}

// lineOf is an item with the head of its answer, nil for none.
func lineOf(h *Handover, item Item, found *store.Doc[Answer]) Line {
	if found == nil {
		return h.line(item, nil, 0)
	}
	return h.line(item, &found.State, found.Seq)
}

// content is the digest of what is signed: list, buildings, preconditions, documents, rooms, disputes and the last change of every answer.
func (w *Walk) content() (string, error) {
	h := &w.Doc.State
	seqs := make([]int64, len(w.Lines))
	for i, l := range w.Lines {
		seqs[i] = l.Seq
	}
	raw, err := json.Marshal(struct {
		ID, List   string
		Buildings  []Site
		Conditions []Condition
		Documents  []Document
		Rooms      []Room
		Seqs       []int64
		Received   []Room    `json:",omitempty"`
		Disputes   []Dispute `json:",omitempty"`
	}{w.Doc.ID, h.List.Hash, h.Buildings, h.Conditions, h.Documents, h.Rooms, seqs, h.Received, h.Disputes})
	if err != nil {
		return "", fault.Wrap("handover.content", fault.Internal, "", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// edit changes the answer to one item: what f makes of it is stored after whatever stands there now.
func (s *Service) edit(ctx context.Context, by policy.Actor, action policy.Action, id, item string, do step, idem *store.Idem, f func(Line) (Answer, error)) (store.Doc[Answer], bool, error) {
	none := store.Doc[Answer]{}
	scope, err := s.scope(ctx, by, action)
	if err != nil {
		return none, false, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Idem: idem}
	if doc, done, err := s.answers.Replay(ctx, meta); err != nil || done {
		return doc, done, err
	}
	doc, err := s.load(ctx, scope, id)
	if err != nil {
		return none, false, err
	}
	if _, err := doc.State.State.next(do); err != nil {
		return none, false, err
	}
	list, err := s.listOf(ctx, &doc.State)
	if err != nil {
		return none, false, err
	}
	line, err := s.lineAt(ctx, doc, list, item)
	if err != nil {
		return none, false, err
	}
	next, err := f(line)
	if errors.Is(err, errOnlyAsked) {
		return none, false, nil
	}
	if err != nil {
		return none, false, err
	}
	next.Handover, next.Item, next.Given = id, item, s.hand(by, action)
	out, err := s.answers.Commit(ctx, meta, id+"/"+item, line.Seq, next)
	if fault.Is(err, fault.Conflict) {
		return out, false, fault.Wrap("handover.edit", fault.Conflict, line.Where+line.Name+"刚被别人登记过，请刷新后再办", err)
	}
	return out, false, err
}

// lineAt is one item of a handover with its answer, read from its head. Returns NotFound for an unknown item.
func (s *Service) lineAt(ctx context.Context, doc store.Doc[Handover], list *List, item string) (Line, error) {
	missing := fault.New("handover.lineAt", fault.NotFound, "这次承接查验没有“"+item+"”这一项")
	known := Item{ID: item}
	if !known.IsHidden() {
		items := list.Items(doc.State.Buildings)
		at := slices.IndexFunc(items, func(i Item) bool { return i.ID == item })
		if at < 0 {
			return Line{}, missing
		}
		known = items[at]
	}
	head, err := s.answers.Load(ctx, doc.ID+"/"+item)
	switch {
	case fault.Is(err, fault.NotFound) && known.IsHidden():
		return Line{}, missing
	case fault.Is(err, fault.NotFound):
		return lineOf(&doc.State, known, nil), nil
	case err != nil:
		return Line{}, err
	}
	if known.IsHidden() {
		known.Name = head.State.Later.Name
	}
	return lineOf(&doc.State, known, &head), nil
}

// errOnlyAsked ends an edit that only asks whether it would be taken.
var errOnlyAsked = errors.New("only asked")

// answering checks an answer; counted only asks, and counts the photos.
func answering(in Found, counted bool) func(Line) (Answer, error) {
	return func(l Line) (Answer, error) {
		in := in.trimmed()
		if bad := in.faults(l.Item, counted); len(bad) > 0 {
			return Answer{}, fault.InvalidFields("handover.Reply", bad...)
		}
		if counted {
			return Answer{}, errOnlyAsked
		}
		return Answer{Found: in}, nil
	}
}

// Ready says whether an answer would be taken, so that nobody's photos are kept for one that is not; photos of in are only counted. done says that this very
// request took effect before. Returns what Reply returns.
func (s *Service) Ready(ctx context.Context, by policy.Actor, id, item string, in Found, idem *store.Idem) (done bool, err error) {
	_, done, err = s.edit(ctx, by, policy.WalkHandover, id, item, stepAnswer, idem, answering(in, true))
	return done, err
}

// Reply gives the answer to an item on the walk, or changes it. The key of idem is the phone's own for this answer: sent twice, it counts once. Returns Forbidden
// without WalkHandover, NotFound outside the scope and for an unknown item, Invalid for refused fields (value, lost, where, note, photos), Conflict if no answers
// are taken or somebody answered at this moment.
func (s *Service) Reply(ctx context.Context, by policy.Actor, id, item string, in Found, idem *store.Idem) (store.Doc[Answer], error) {
	doc, _, err := s.edit(ctx, by, policy.WalkHandover, id, item, stepAnswer, idem, answering(in, false))
	return doc, err
}

// finding refuses an item at which nothing is to be repaired.
func finding(l Line) error {
	if l.Open() {
		return nil
	}
	return fault.New("handover.finding", fault.Conflict, l.Where+l.Name+"没有要整改的问题")
}

// Repair says how a finding was repaired. Returns Forbidden without RepairHandover, NotFound outside the scope and for an unknown item, Invalid for the field
// repair, Conflict if nothing is to be repaired there or it is not the time.
func (s *Service) Repair(ctx context.Context, by policy.Actor, id, item, how string, idem *store.Idem) (store.Doc[Answer], error) {
	doc, _, err := s.edit(ctx, by, policy.RepairHandover, id, item, stepRepair, idem, func(l Line) (Answer, error) {
		if err := finding(l); err != nil {
			return Answer{}, err
		}
		how := strings.TrimSpace(how)
		if n := utf8.RuneCountInString(how); n < 2 || n > maxNote {
			return Answer{}, fault.InvalidFields("handover.Repair", fault.Field{Name: "repair", Message: fmt.Sprintf("请写明怎样整改的，2 至 %d 个字，现在有 %d 个", maxNote, n)})
		}
		a := l.Answer
		a.Repaired, a.Repair, a.Judged = true, how, ""
		return a, nil
	})
	return doc, err
}

// Judge says whether a finding was repaired. Returns Forbidden without WalkHandover, NotFound outside the scope and for an unknown item, Conflict if there was
// nothing to repair or it is not the time.
func (s *Service) Judge(ctx context.Context, by policy.Actor, id, item string, passed bool, idem *store.Idem) (store.Doc[Answer], error) {
	doc, _, err := s.edit(ctx, by, policy.WalkHandover, id, item, stepJudge, idem, func(l Line) (Answer, error) {
		if !l.Blocks() {
			return Answer{}, finding(l)
		}
		a := l.Answer
		if a.Judged = Fail; passed {
			a.Judged = Conform
		}
		return a, nil
	})
	return doc, err
}

// moving is change for a step that depends on what was found.
func (s *Service) moving(ctx context.Context, by policy.Actor, action policy.Action, at At, do step, f func(*Handover, *Walk) error) (store.Doc[Handover], error) {
	return s.change(ctx, by, action, at, do, "", func(h *Handover) error {
		w, err := s.walk(ctx, store.Doc[Handover]{ID: at.ID, State: *h})
		if err != nil {
			return err
		}
		if left := len(w.Lines) - w.Done(); left > 0 {
			first := w.which(func(l *Line) bool { return l.Seq == 0 })[0]
			return fault.InvalidFields("handover.moving", fault.Field{Name: "answers", Message: fmt.Sprintf("还有 %d 项没有查，从“%s%s”查起", left, first.Where, first.Name)})
		}
		return f(h, &w)
	})
}

// Notify gives the developer written notice of everything that is to be repaired; its clock runs from today. Returns Forbidden without WalkHandover, NotFound
// outside the scope, Invalid naming what was not inspected or has no photo (finding-<item>), Conflict if nothing is to be repaired, if it is not the time or somebody was quicker.
func (s *Service) Notify(ctx context.Context, by policy.Actor, at At) (store.Doc[Handover], error) {
	return s.moving(ctx, by, policy.WalkHandover, at, stepNotice, func(h *Handover, w *Walk) error {
		open := w.Open()
		if len(open) == 0 {
			return fault.New("handover.Notify", fault.Conflict, "没有要整改的问题，请直接确认查验结果")
		}
		if err := pictured(open, string(stepNotice)); err != nil {
			return err
		}
		if len(h.Notices) >= maxNotices {
			return fault.New("handover.Notify", fault.Conflict, fmt.Sprintf("整改通知已发 %d 次，请取消后重新查验", maxNotices))
		}
		clock, err := s.Deadlines(ruleFix, s.today())
		if err != nil {
			return err
		}
		n := Notice{On: s.today(), Clock: clock}
		for _, l := range open {
			n.Items = append(n.Items, l.Item.ID)
		}
		h.Notices = append(slices.Clone(h.Notices), n)
		h.walked(s.today())
		return nil
	})
}

// walked notes the last day of the walk, once.
func (h *Handover) walked(on calendar.Date) {
	if h.Ended.IsZero() {
		h.Ended = on
	}
}

// Recheck begins the re-inspection. Returns Forbidden without WalkHandover, NotFound outside the scope, Conflict if it is not the time or somebody was quicker.
func (s *Service) Recheck(ctx context.Context, by policy.Actor, at At) (store.Doc[Handover], error) {
	return s.change(ctx, by, policy.WalkHandover, at, stepRecheck, "", func(*Handover) error { return nil })
}

// Settle ends the walk: nothing is open, developer and firm can sign. The rooms are taken from the register. Returns Forbidden without WalkHandover, NotFound
// outside the scope, Invalid naming what was not inspected, is still open or has no photo, Conflict if it is not the time or somebody was quicker.
func (s *Service) Settle(ctx context.Context, by policy.Actor, at At) (store.Doc[Handover], error) {
	return s.moving(ctx, by, policy.WalkHandover, at, stepSettle, func(h *Handover, w *Walk) error {
		if err := w.settled(); err != nil {
			return err
		}
		if err := pictured(w.Lines, string(stepSettle)); err != nil {
			return err
		}
		built, err := s.Estate.Built(ctx, h.Project)
		if err != nil {
			return err
		}
		h.unsign()
		h.Rooms = roomsOf(built)
		h.walked(s.today())
		return nil
	})
}

// settled refuses a walk in which something is still open that does not go into the agreement, or in which a dispute waits.
func (w *Walk) settled() error {
	for _, d := range w.Doc.State.Disputes {
		if !d.Over() && !d.NotedByAll() {
			return fault.InvalidFields("handover.settled", fault.Field{Name: "disputes", Message: "争议" + d.ID + "还没有处理，两方也没有都同意带争议签协议"})
		}
	}
	open := w.which(func(l *Line) bool { return l.Open() && !l.Left() })
	if len(open) == 0 {
		return nil
	}
	return fault.InvalidFields("handover.settled", fault.Field{Name: "answers", Message: fmt.Sprintf("还有 %d 处问题没有复验合格，第一处是“%s%s”，请发整改通知、登记复验结果，或登记为遗留问题", len(open), open[0].Where, open[0].Name)})
}

// Reopen takes the re-inspection up again before both have signed; the signatures fall away. Returns Forbidden without WalkHandover, NotFound outside the scope,
// Invalid without a reason, Conflict if it is not the time or somebody was quicker.
func (s *Service) Reopen(ctx context.Context, by policy.Actor, at At, reason string) (store.Doc[Handover], error) {
	reason, err := s.reasoned(by, policy.WalkHandover, reason)
	if err != nil {
		return store.Doc[Handover]{}, err
	}
	return s.change(ctx, by, policy.WalkHandover, at, stepReopen, reason, func(h *Handover) error {
		h.Reason = reason
		h.unsign()
		return nil
	})
}

// sideOf is for whom an actor signs.
func sideOf(by policy.Actor) (Side, bool) {
	for _, role := range by.Roles() {
		switch role {
		case "developer":
			return SideDeveloper, true
		case "firm_manager":
			return SideFirm, true
		}
	}
	return "", false
}

// SideOf is for whom an actor signs; false if he does not sign.
func (s *Service) SideOf(by policy.Actor) (Side, bool) {
	if !s.Guard.Allow(by, policy.SignHandover) {
		return "", false
	}
	return sideOf(by)
}

// Sign puts a party's signature under what stands now; signatures under something else fall away, and with the last one the clock of the transfer begins. Returns
// Forbidden without SignHandover or for who stands for neither party, NotFound outside the scope, Conflict if it is not the time, the party has signed or somebody was
// quicker, Invalid if something was found since.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at At) (store.Doc[Handover], error) {
	const op = "handover.Sign"
	if err := s.Guard.Require(by, policy.SignHandover); err != nil {
		return store.Doc[Handover]{}, err
	}
	side, ok := sideOf(by)
	if !ok {
		return store.Doc[Handover]{}, &fault.Error{Op: op, Kind: fault.Forbidden, Message: "承接查验协议由建设单位和物业企业负责人签，你的岗位不代表其中一方", Rule: "《物业承接查验办法》第十九、二十三条"}
	}
	return s.moving(ctx, by, policy.SignHandover, at, stepSign, func(h *Handover, w *Walk) error {
		if err := w.settled(); err != nil {
			return err
		}
		if h.Digest != w.digest {
			h.unsign()
			h.Digest = w.digest
		}
		if h.Signed(side) {
			return fault.New(op, fault.Conflict, side.Title()+"已经签过，等另一方签")
		}
		h.Signatures = append(slices.Clone(h.Signatures), Signature{Side: side, Hand: h.By})
		if len(h.Signatures) < len(Parties()) {
			h.State = Agreeing
			return nil
		}
		h.Agreed = s.today()
		var err error
		if h.Transfer, err = s.Deadlines(ruleTransfer, h.Agreed); err != nil {
			return err
		}
		h.Publish, err = s.Deadlines(rulePublish, h.Agreed)
		return err
	})
}

// Take records the transfer; the clock of the filing begins. Returns Forbidden without WalkHandover, NotFound outside the scope, Invalid for a day before the
// agreement or after today (field day), Conflict if it is not the time or somebody was quicker.
func (s *Service) Take(ctx context.Context, by policy.Actor, at At, day calendar.Date) (store.Doc[Handover], error) {
	return s.change(ctx, by, policy.WalkHandover, at, stepTransfer, "", func(h *Handover) error {
		if day.Compare(h.Agreed) < 0 || day.Compare(s.today()) > 0 {
			return fault.InvalidFields("handover.Take", fault.Field{Name: "day", Message: fmt.Sprintf("交接日期要在签协议的%s和今天（%s）之间", h.Agreed.Chinese(), s.today().Chinese())})
		}
		h.Transferred = day
		var err error
		h.Filing, err = s.Deadlines(ruleFile, day)
		return err
	})
}

// File ends a handover with the receipt of its filing. Returns Forbidden without FileHandover or ReadFiling, NotFound outside the scope, Invalid for refused fields (filing: none of
// the project's, not registered yet, about another day of transfer; overall: the whole project was not handed over with its last phase), Conflict if the filing belongs to another
// phase, if it is not the time or somebody was quicker.
func (s *Service) File(ctx context.Context, by policy.Actor, at At, filing string) (store.Doc[Handover], error) {
	const op = "handover.File"
	return s.change(ctx, by, policy.FileHandover, at, stepFile, "", func(h *Handover) error {
		if err := s.overallFirst(ctx, h); err != nil {
			return err
		}
		list, err := s.Filings.FiledOf(ctx, by, h.Project, FilingKind)
		if err != nil {
			return err
		}
		said := ""
		i := slices.IndexFunc(list, func(r registry.FiledRef) bool { return r.ID == filing })
		switch {
		case i < 0:
			said = "请选择这个小区的承接查验备案"
		case list[i].Number == "":
			said = "这件备案还没有办结，出具回执以后再登记"
		case list[i].Happened != h.Transferred:
			said = fmt.Sprintf("%s备案的交接日期%s与这次的%s不同，不是这一次的备案", list[i].Number, list[i].Happened.Chinese(), h.Transferred.Chinese())
		}
		if said != "" {
			return fault.InvalidFields(op, fault.Field{Name: "filing", Message: said})
		}
		if err := s.claimOnce(ctx, by, policy.FileHandover, filingClaim, filing, at.ID, list[i].Number+"已经是另一期承接查验的备案"); err != nil {
			return err
		}
		h.Receipt, h.Filed = &Receipt{ID: filing, Number: list[i].Number}, list[i].Filed
		return nil
	})
}

// FiledWith are the filings about the day on which a handover was transferred, the last one first; none before. Returns Forbidden without ReadFiling.
func (s *Service) FiledWith(ctx context.Context, by policy.Actor, h *Handover) ([]registry.FiledRef, error) {
	if h.Transferred.IsZero() {
		return nil, nil
	}
	list, err := s.Filings.FiledOf(ctx, by, h.Project, FilingKind)
	return slices.DeleteFunc(list, func(r registry.FiledRef) bool { return r.Happened != h.Transferred }), err
}

package handover

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
)

// hidden reads the defects of a handover that were found after the transfer. Their numbers have no gap.
func (s *Service) hidden(ctx context.Context, doc store.Doc[Handover]) ([]Line, error) {
	if doc.State.Transferred.IsZero() {
		return nil, nil
	}
	ids := make([]string, maxHidden)
	for i := range ids {
		ids[i] = doc.ID + "/" + hiddenItem(i+1, nil).ID
	}
	found, err := s.answers.LoadEach(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []Line
	for i, a := range found {
		if a != nil {
			out = append(out, lineOf(&doc.State, hiddenItem(i+1, a.State.Later), a))
		}
	}
	return out, nil
}

// Defect is a defect that was found after the transfer.
type Defect struct {
	// Name is what has it (2 to 30 characters), Seen the day on which it was found. Found says where and who is liable; Value is not looked at, photos are Uploads.
	Name string
	Seen calendar.Date
	Found
	Uploads []*files.Upload
}

const maxDefectName = 30

// Tell records a defect that was found after the transfer (隐蔽问题): the developer repairs what it is liable for. Its period runs from today. Returns Forbidden
// without WalkHandover, NotFound outside the scope, Invalid for refused fields (defect, seen, lost, where, note, photos), Conflict if it is not the time or somebody
// was quicker.
func (s *Service) Tell(ctx context.Context, by policy.Actor, id string, in Defect, idem *store.Idem) (store.Doc[Answer], error) {
	const op = "handover.Tell"
	none := store.Doc[Answer]{}
	scope, err := s.scope(ctx, by, policy.WalkHandover)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.WalkHandover), Idem: idem}
	if doc, done, err := s.answers.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := s.load(ctx, scope, id)
	if err != nil {
		return none, err
	}
	h := &doc.State
	if _, err := h.State.next(stepHidden); err != nil {
		return none, err
	}
	told, err := s.hidden(ctx, doc)
	if err != nil {
		return none, err
	}
	if len(told) == maxHidden {
		return none, fault.New(op, fault.Conflict, fmt.Sprintf("移交后发现的问题最多登记 %d 处", maxHidden))
	}
	name, bad := text("defect", "哪里有问题", in.Name, maxDefectName)
	if in.Seen.Compare(h.Transferred) < 0 || in.Seen.Compare(s.today()) > 0 {
		bad = append(bad, fault.Field{Name: "seen", Message: fmt.Sprintf("发现日期要在交接的%s和今天（%s）之间", h.Transferred.Chinese(), s.today().Chinese())})
	}
	in.Value = Fail
	found := in.trimmed()
	found.Photos = make([]Photo, len(in.Uploads))
	later := &Later{Keys: h.Keys, Opened: h.Opened, Title: h.Title(), Name: name, Seen: in.Seen}
	item := hiddenItem(len(told)+1, later)
	if err := refused(op, append(bad, found.faults(item, true)...)); err != nil {
		return none, err
	}
	clock, err := s.Deadlines(ruleFix, s.today())
	if err != nil {
		return none, err
	}
	later.Due = clock.Due
	for i, u := range in.Uploads {
		photo, err := s.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(policy.WalkHandover)}, u)
		if err != nil {
			return none, err
		}
		found.Photos[i] = Photo{photo.Original, photo.Shown}
	}
	a := Answer{Handover: id, Item: item.ID, Found: found, Later: later, Given: s.hand(by, policy.WalkHandover)}
	out, err := s.answers.Commit(ctx, meta, id+"/"+item.ID, 0, a)
	if fault.Is(err, fault.Conflict) {
		return out, overtaken()
	}
	return out, err
}

// Later lists the open defects of the scope that outlive their agreement, what is due first on top. Returns Forbidden without ReadHandover.
func (s *Service) Later(ctx context.Context, by policy.Actor) (store.Page[Answer], error) {
	scope, err := s.scope(ctx, by, policy.ReadHandover)
	if err != nil {
		return store.Page[Answer]{}, err
	}
	q := store.Query{Index: byLater, Key: policy.County, Limit: PageSize}
	if !scope.All() {
		q.In = append([]string{}, scope.Keys()...)
	}
	return s.answers.ListWhere(ctx, q, func(d *store.Doc[Answer]) bool {
		return d.State.Later != nil && scope.Covers(d.State.Later.Keys, d.State.Later.Opened)
	})
}

// Rest answers with 符合 whatever was not answered yet in the group of an item, at the same place: the objects that were seen in order. It returns how many that
// were. Each answer has a key of its own from idem, so that a retry goes on where it stopped. Errors as those of Reply.
func (s *Service) Rest(ctx context.Context, by policy.Actor, id, item string, idem *store.Idem) (int, error) {
	w, err := s.One(ctx, by, id)
	if err != nil {
		return 0, err
	}
	at, ok := w.Find(item)
	if !ok {
		return 0, fault.New("handover.Rest", fault.NotFound, "这次承接查验没有“"+item+"”这一项")
	}
	n := 0
	for _, l := range w.Lines {
		if l.Where != at.Where || l.Group != at.Group || l.Seq > 0 {
			continue
		}
		var key *store.Idem
		if idem != nil {
			key = &store.Idem{Key: idem.Key + "/" + l.Item.ID, Body: idem.Body}
		}
		if _, err := s.Reply(ctx, by, id, l.Item.ID, Found{Value: Conform}, key); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Overall is the handover of a whole project, with its last phase.
type Overall struct {
	// On is its day; Phases are the names of the phases.
	On     calendar.Date `json:"on"`
	Phases []string      `json:"phases" privacy:"public"`
	Hand   Hand          `json:"hand"`
}

// PhaseStand is how the handover of a phase stands.
type PhaseStand struct {
	// Phase is the id, Name what people call it; ID is the handover that is not cancelled, "" for none, State how it stands.
	Phase, Name, ID string
	State           State
	Overall         bool
}

// Phases are the phases of the project of a handover with their handovers, in the order of the register; none for a project built at once. Returns Forbidden without
// ReadHandover, NotFound outside the scope.
func (s *Service) Phases(ctx context.Context, by policy.Actor, id string) ([]PhaseStand, error) {
	scope, err := s.scope(ctx, by, policy.ReadHandover)
	if err != nil {
		return nil, err
	}
	doc, err := s.load(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	return s.phases(ctx, doc.State.Project)
}

func (s *Service) phases(ctx context.Context, project string) ([]PhaseStand, error) {
	built, err := s.Estate.Built(ctx, project)
	if err != nil || len(built.Phases) == 0 {
		return nil, err
	}
	page, err := s.rows.ListWhere(ctx, store.Query{Index: byScope, Key: policy.ProjectKey(project), Limit: store.MaxLimit}, func(d *store.Doc[Handover]) bool {
		return d.State.Project == project && d.State.State != Cancelled
	})
	if err != nil {
		return nil, err
	}
	var out []PhaseStand
	for _, phase := range built.Phases {
		stand := PhaseStand{Phase: phase.ID, Name: phase.Name}
		for _, d := range page.Docs {
			if d.State.Phase == phase.ID {
				stand.ID, stand.State, stand.Overall = d.ID, d.State.State, d.State.Overall != nil
			}
		}
		out = append(out, stand)
	}
	return out, nil
}

// WholeDue reports whether all phases of a project are handed over and the whole is not: then it is due.
func WholeDue(phases []PhaseStand) bool {
	return len(phases) > 1 && !slices.ContainsFunc(phases, func(p PhaseStand) bool {
		return p.Overall || p.State != Transferred && p.State != Filed
	})
}

// overallFirst refuses to file the last phase before the whole project was handed over.
func (s *Service) overallFirst(ctx context.Context, h *Handover) error {
	phases, err := s.phases(ctx, h.Project)
	if err != nil || !WholeDue(phases) {
		return err
	}
	return fault.InvalidFields("handover.overallFirst", fault.Field{Name: "overall", Message: "各期都已交接，请物业企业先登记整体移交，再备案"})
}

// HandOverWhole records the handover of the whole project with its last phase. Returns Forbidden without WalkHandover, NotFound outside the scope, Invalid (field
// whole) for a day before the transfer or after today, Conflict if phases are left, if it was recorded, if it is not the time or somebody was quicker.
func (s *Service) HandOverWhole(ctx context.Context, by policy.Actor, at At, day calendar.Date) (store.Doc[Handover], error) {
	const op = "handover.HandOverWhole"
	return s.change(ctx, by, policy.WalkHandover, at, stepOverall, "", func(h *Handover) error {
		phases, err := s.phases(ctx, h.Project)
		if err != nil {
			return err
		}
		var names []string
		for _, p := range phases {
			names = append(names, p.Name)
			if p.State != Transferred && p.State != Filed {
				return fault.New(op, fault.Conflict, fmt.Sprintf("%s还没有交接（%s），最后一期交接后才办整体移交", p.Name, p.State.Title()))
			}
		}
		if !WholeDue(phases) {
			return fault.New(op, fault.Conflict, "整体移交已经登记过，或者这个小区不分期")
		}
		if day.Compare(h.Transferred) < 0 || day.Compare(s.today()) > 0 {
			return fault.InvalidFields(op, fault.Field{Name: "whole", Message: fmt.Sprintf("整体移交日期要在交接的%s和今天（%s）之间", h.Transferred.Chinese(), s.today().Chinese())})
		}
		if err := s.claimOnce(ctx, by, policy.WalkHandover, overallClaim, h.Project, at.ID, "整体移交正由另一期登记"); err != nil {
			return err
		}
		h.Overall = &Overall{On: day, Phases: names, Hand: h.By}
		return nil
	})
}

// claimOnce takes something for a handover; what it took in a try that was cut off is its own. Returns Conflict with a message if another one has it.
func (s *Service) claimOnce(ctx context.Context, by policy.Actor, action policy.Action, name, key, id, taken string) error {
	target := handoverKind + "/" + id
	err := s.DB.Claim(ctx, store.Meta{By: by.ID, Action: string(action)}, name, key, target)
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	held, heldErr := s.DB.Claimed(ctx, name, key)
	if heldErr == nil && held == target {
		return nil
	}
	return errors.Join(fault.Wrap("handover.claimOnce", fault.Conflict, taken, err), heldErr)
}

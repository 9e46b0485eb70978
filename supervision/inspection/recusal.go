package inspection

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Recusal is which firms somebody must not inspect (回避); its id is that of the account. One that ended keeps its line.
type Recusal struct {
	// Firms are the firms, the first declared first.
	Firms []RecusedFirm `json:"firms"`
}

// RecusedFirm is one firm that somebody must not inspect.
type RecusedFirm struct {
	// Firm is the id with its name, Why the reason, By who declared it.
	Firm string `json:"firm" privacy:"internal"`
	Name string `json:"name" privacy:"internal"`
	Why  string `json:"why" privacy:"internal"`
	By   string `json:"by" privacy:"internal"`
	// From is the first day, Ended the day from which it does not hold any more, no day for one that holds.
	From  calendar.Date `json:"from"`
	Ended calendar.Date `json:"ended,omitzero"`
}

// Holds reports whether a line holds on a day.
func (f RecusedFirm) Holds(day calendar.Date) bool {
	return f.From.Compare(day) <= 0 && (f.Ended.IsZero() || f.Ended.Compare(day) > 0)
}

// From reports whether somebody must not inspect a firm on a day.
func (r *Recusal) From(firm string, day calendar.Date) bool {
	return slices.ContainsFunc(r.Firms, func(f RecusedFirm) bool { return f.Firm == firm && f.Holds(day) })
}

const (
	recusalKind = "recusal"
	// maxRecused bounds the lines of an account.
	maxRecused = 100
)

// Recusals keeps who must not inspect whom. It is safe for concurrent use.
type Recusals struct {
	db     *store.DB
	guard  *policy.Guard
	places supervision.Places
	rows   *store.Collection[Recusal]
}

// NewRecusals opens recusals on a store.
func NewRecusals(ctx context.Context, db *store.DB, guard *policy.Guard, places supervision.Places) (*Recusals, error) {
	s := &Recusals{db: db, guard: guard, places: places}
	var err error
	s.rows, err = store.NewCollection(ctx, db, store.Kind[Recusal]{Name: recusalKind, Version: 1})
	return s, err
}

// Of is the recusal of an account with its last change, an empty one without. It asks for no right.
func (s *Recusals) Of(ctx context.Context, account string) (Recusal, int64, error) {
	if !journal.ValidPart(account) {
		return Recusal{}, 0, nil
	}
	doc, err := s.rows.Load(ctx, account)
	if fault.Is(err, fault.NotFound) {
		return Recusal{}, 0, nil
	}
	return doc.State, doc.Seq, err
}

// May reports whether the actor declares for others too.
func (s *Recusals) May(by policy.Actor) bool { return s.guard.Allow(by, policy.PlanInspection) }

// mine refuses who declares neither for himself nor for others.
func (s *Recusals) mine(by policy.Actor, account string) (store.Meta, error) {
	if by.ID == account && s.guard.Allow(by, policy.DoInspection) {
		return store.Meta{By: by.ID, Action: string(policy.DoInspection), Why: "申报回避"}, nil
	}
	return store.Meta{By: by.ID, Action: string(policy.PlanInspection), Why: "登记回避"}, s.guard.Require(by, policy.PlanInspection)
}

// Declare says that somebody must not inspect, from today on, the firm that holds a project; seq is the change that was seen, 0 for none. Returns Forbidden for another's without PlanInspection, NotFound for an unknown
// project, Invalid (project, why), Conflict if somebody was quicker.
func (s *Recusals) Declare(ctx context.Context, by policy.Actor, account string, seq int64, project, why string) error {
	const op = "inspection.Declare"
	meta, err := s.mine(by, account)
	if err != nil {
		return err
	}
	now, last, err := s.Of(ctx, account)
	if err != nil {
		return err
	}
	if last != seq {
		return fault.New(op, fault.Conflict, "这份回避申报刚被改过，请刷新后再办")
	}
	var bad registry.Faults
	bad.Words("why", "回避理由", &why, 2, maxNote)
	today := calendar.DateOf(s.db.Now())
	place := registry.Place{}
	if project == "" {
		bad.Add("project", "请选择这家企业服务的一个小区")
	} else if place, err = s.places.Place(ctx, project, today); err != nil {
		return err
	}
	switch {
	case project == "":
	case place.Firm == "":
		bad.Add("project", "%s今天没有物业企业服务", place.Name)
	case now.From(place.Firm, today):
		bad.Add("project", "已经申报过对%s回避", place.FirmName)
	case len(now.Firms) >= maxRecused:
		bad.Add("project", "一个人最多申报 %d 家企业", maxRecused)
	}
	if err := bad.Err(op); err != nil {
		return err
	}
	now.Firms = append(slices.Clip(now.Firms), RecusedFirm{Firm: place.Firm, Name: place.FirmName, Why: why, By: by.ID, From: today})
	_, err = s.rows.Commit(ctx, meta, account, seq, now)
	return err
}

// End ends, from today on, that somebody must not inspect a firm. Returns Forbidden without PlanInspection, since nobody frees himself, NotFound for what does not hold, Conflict if somebody was quicker.
func (s *Recusals) End(ctx context.Context, by policy.Actor, account string, seq int64, firm string) error {
	const op = "inspection.EndRecusal"
	if err := s.guard.Require(by, policy.PlanInspection); err != nil {
		return err
	}
	if by.ID == account {
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "解除回避要由另一人办理", Rule: "不相容岗位规则：不能解除自己的回避"}
	}
	now, last, err := s.Of(ctx, account)
	if err != nil {
		return err
	}
	today := calendar.DateOf(s.db.Now())
	k := slices.IndexFunc(now.Firms, func(f RecusedFirm) bool { return f.Firm == firm && f.Holds(today) })
	switch {
	case k < 0:
		return fault.New(op, fault.NotFound, "没有找到这条回避申报")
	case last != seq:
		return fault.New(op, fault.Conflict, "这份回避申报刚被改过，请刷新后再办")
	}
	now.Firms = slices.Clone(now.Firms)
	now.Firms[k].Ended = today
	_, err = s.rows.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.PlanInspection), Why: "解除回避"}, account, seq, now)
	return err
}

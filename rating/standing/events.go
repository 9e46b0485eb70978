package standing

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/change"
	"redsteward/registry/conduct"
	"redsteward/supervision/evidence"
	"redsteward/supervision/matter"
	"redsteward/supervision/rectification"
	"redsteward/supervision/veto"
)

// Sources are the parts in which something happens that a case about a star could rest on; a nil one has nothing.
type Sources struct {
	Vetoes         *veto.Service
	Conduct        *conduct.Service
	Changes        *change.Service
	Proofs         *evidence.Service
	Rectifications *rectification.Service
	Matters        *matter.Service
	// Grounds say how often complaints repeat before they are an event.
	Grounds *casework.Grounds
	// Issuer is who makes the bureau's own papers.
	Issuer string
}

// The kinds of documents of the bureau's own parts, codes of standing.yaml.
const (
	sourceVeto    = "veto"
	sourceCheck   = "check"
	sourceRecheck = "recheck"
	sourceMatter  = "matter"
)

// rectifiedWithin is how many months after its visit an order can be found unfixed; older visits are not looked through.
const rectifiedWithin = 6

// Events are what happened on a day or later, as far as the actor may read it. What is annulled, repaired, lifted or expired by today is not among it.
func (x Sources) Events(ctx context.Context, by policy.Actor, from calendar.Date, today calendar.Date) ([]Event, error) {
	var out []Event
	add := func(e Event) { out = append(out, e) }
	for _, read := range []func() error{
		func() error { return x.vetoes(ctx, by, from, today, add) }, func() error { return x.credit(ctx, by, from, today, add) }, func() error { return x.proofs(ctx, by, from, today, add) },
		func() error { return x.unfixed(ctx, by, from, add) }, func() error { return x.refusals(ctx, by, add) },
		func() error { return x.complaints(ctx, by, from, add) },
	} {
		if err := read(); err != nil && !fault.Is(err, fault.Forbidden) {
			return nil, err
		}
	}
	return out, nil
}

// each goes through the pages of a list until there is no more or look has enough.
func each[T any](list func(after string) (store.Page[T], error), look func(id string, one *T) bool) error {
	for after := ""; ; {
		page, err := list(after)
		if err != nil {
			return err
		}
		for i := range page.Docs {
			if !look(page.Docs[i].ID, &page.Docs[i].State) {
				return nil
			}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

func (x Sources) vetoes(ctx context.Context, by policy.Actor, from, today calendar.Date, add func(Event)) error {
	if x.Vetoes == nil {
		return nil
	}
	return each(func(after string) (store.Page[veto.Veto], error) {
		return x.Vetoes.List(ctx, by, veto.Filter{}, false, after)
	}, func(id string, v *veto.Veto) bool {
		switch v.StateOn(today) {
		case veto.InForce, veto.Objected, veto.Easing:
			if v.From.Compare(from) >= 0 {
				add(Event{Kind: EventVeto, ID: id, Project: v.Project, Firm: v.Firm, Source: sourceVeto, Number: v.Decision.Number, Issuer: x.Issuer, Text: v.GroundTitle + "：" + v.Document.Text, Day: v.From})
			}
		}
		return true
	})
}

func (x Sources) credit(ctx context.Context, by policy.Actor, from, today calendar.Date, add func(Event)) error {
	if x.Conduct == nil {
		return nil
	}
	return each(func(after string) (store.Page[conduct.Entry], error) {
		return x.Conduct.List(ctx, by, conduct.Credit, conduct.Filter{}, after)
	}, func(id string, e *conduct.Entry) bool {
		stands := e.State == conduct.Effective || e.State == conduct.Objected
		if stands && (e.Until.IsZero() || today.Compare(e.Until) <= 0) && e.Decided.Compare(from) >= 0 {
			add(Event{Kind: EventKind(e.Source), ID: id, Project: e.Project, Firm: e.Firm, Source: e.Source, Number: e.Number, Issuer: e.Authority, Text: e.Title, Day: e.Decided})
		}
		return e.Decided.Compare(from) >= 0 // the latest document is first
	})
}

func (x Sources) proofs(ctx context.Context, by policy.Actor, from, today calendar.Date, add func(Event)) error {
	if x.Proofs == nil {
		return nil
	}
	drawn, err := x.Proofs.Drawings(ctx, by)
	for _, d := range drawn {
		for i := range d.Proofs {
			p := &d.Proofs[i].State
			if p.State != evidence.Forfeited && (p.State != evidence.TakenBack || p.Objectable(today)) {
				continue
			}
			day := calendar.DateOf(p.Audit.Decided.At.Time)
			if p.State == evidence.Forfeited {
				day = calendar.DateOf(p.Audit.Answered.At.Time)
			}
			if day.Compare(from) >= 0 {
				add(Event{Kind: EventProof, ID: d.Proofs[i].ID, Detail: p.Period + "/" + p.Project, Project: p.Project, Firm: p.Firm, Source: sourceCheck, Issuer: x.Issuer, Text: p.Ask.Name + "的佐证材料（回执 " + p.Receipt + "）抽查追回：" + p.Audit.Reason, Day: day, About: p.Day})
			}
		}
	}
	return err
}

func (x Sources) unfixed(ctx context.Context, by policy.Actor, from calendar.Date, add func(Event)) error {
	if x.Rectifications == nil {
		return nil
	}
	oldest := from.AddMonths(-rectifiedWithin)
	return each(func(after string) (store.Page[rectification.Case], error) {
		return x.Rectifications.List(ctx, by, rectification.Filter{}, false, after)
	}, func(id string, c *rectification.Case) bool {
		if c.State == rectification.Unfixed && c.Closed.Compare(from) >= 0 && c.Served != nil {
			add(Event{Kind: EventUnfixed, ID: id, Project: c.Project, Firm: c.Firm, Source: sourceRecheck, Issuer: x.Issuer, Text: "责令整改（" + c.Served.Number + "）未整改办结：" + c.Reason, Day: c.Closed})
		}
		return c.Opened.Compare(oldest) >= 0 // the latest visit is first
	})
}

// refusals are the firms that refuse to leave. The document is still to come; the day is that of the last measure that was taken.
func (x Sources) refusals(ctx context.Context, by policy.Actor, add func(Event)) error {
	if x.Changes == nil {
		return nil
	}
	open, err := x.Changes.Running(ctx, by)
	for i := range open {
		if c := &open[i].State; c.State == change.Refusing {
			e := Event{Kind: EventRefusal, ID: open[i].ID, Project: c.Project, Firm: c.Firm, Day: c.Given}
			if n := len(c.Measures); n > 0 {
				e.Day, e.Text = c.Measures[n-1].On, c.Measures[n-1].What
			}
			add(e)
		}
	}
	return err
}

// complaint is one matter that is held against a firm.
type complaint struct {
	id, project, firm, category, title string
	day                                calendar.Date
}

// complaints are the matters that repeat: of one kind, about one compound and its firm, as many as the ground asks for within its months. Only what was closed since the publication counts, since the rating counted what was before.
func (x Sources) complaints(ctx context.Context, by policy.Actor, from calendar.Date, add func(Event)) error {
	if x.Matters == nil || x.Grounds == nil {
		return nil
	}
	why, leads := x.Grounds.From(string(EventComplaints))
	if !leads {
		return nil
	}
	held, err := x.Matters.Held(ctx, by, from)
	var all []complaint
	for i := range held {
		m := &held[i].State
		all = append(all, complaint{held[i].ID, m.Project, m.Firm, m.Category, m.CategoryTitle, calendar.DateOf(m.Closed.Time)})
	}
	for _, e := range repeated(all, why) {
		e.Issuer = x.Issuer
		add(e)
	}
	return err
}

// repeated groups complaints, in order of their closing, into events: each is full with the last of its group and each complaint is in one, so that an event stays the same when others follow.
func repeated(all []complaint, why casework.Ground) (out []Event) {
	groups := map[complaint][]complaint{}
	for _, c := range all {
		kind := complaint{project: c.project, firm: c.firm, category: c.category}
		group := slices.DeleteFunc(groups[kind], func(old complaint) bool { return old.day.AddMonths(int(why.Within)).Compare(c.day) <= 0 })
		group = append(group, c)
		if int64(len(group)) == why.Times {
			text := fmt.Sprintf("同一小区“%s”的诉求 %d 个月内 %d 件办结，查实由企业负责、诉求合理：", c.title, why.Within, why.Times)
			for i, one := range group {
				if i > 0 {
					text += "、"
				}
				text += one.day.Chinese()
			}
			out = append(out, Event{Kind: EventComplaints, ID: c.id, Project: c.project, Firm: c.firm, Source: sourceMatter, Text: text, Day: c.day})
			group = nil
		}
		groups[kind] = group
	}
	return out
}

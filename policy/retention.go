package policy

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// Outlived is personal data that is no longer needed for what it was collected for.
type Outlived struct {
	// Subject is whose key goes once the term has passed, Since the day from which it counts.
	Subject string
	Since   calendar.Date
	// First, if not nil, is done before.
	First func(ctx context.Context, meta store.Meta) error
}

// Keeping is one kind of personal data and how long it is kept (个人信息保护法 art. 19, 47).
type Keeping struct {
	// Rule is the term in deadlines.yaml, Why what the log says.
	Rule, Why string
	// Each yields what is no longer needed, however long. It may yield what was destroyed before.
	Each func(ctx context.Context, yield func(Outlived) error) error
}

// Retention destroys personal data after its term. The log stays verifiable: what is destroyed is the key.
type Retention struct {
	DB        *store.DB
	Now       func() time.Time
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	Keepings  []Keeping
}

// Forget destroys everything whose term has passed. For the nightly job; after a stop the next night goes on. Returns Unavailable.
func (r *Retention) Forget(ctx context.Context) error {
	for _, k := range r.Keepings {
		var due []Outlived
		err := k.Each(ctx, func(o Outlived) error {
			term, err := r.Deadlines(k.Rule, o.Since)
			if err != nil || !term.Late(r.Now()) {
				return err
			}
			gone, err := r.DB.Forgotten(ctx, o.Subject)
			if err == nil && !gone {
				due = append(due, o)
			}
			return err
		})
		if err != nil {
			return err
		}
		meta := store.Meta{By: SystemActor().ID, Action: string(RunJob), Why: k.Why}
		for _, o := range due {
			if o.First != nil {
				if err := o.First(ctx, meta); err != nil {
					return err
				}
			}
			if err := r.DB.Purge(ctx, meta, o.Subject); err != nil {
				return err
			}
		}
	}
	return nil
}

// Departed yields the accounts whose last office has ended, from the day after it, and those that were never appointed, from the day on which their password was set. With the account go
// where its person is reached (outbox.Contact) and the saved views, which lie under its key. The login is free for somebody else before that.
func (s *Service) Departed(ctx context.Context, yield func(Outlived) error) error {
	today := calendar.DateOf(s.clocks.Business())
	var out []Outlived
	err := s.eachAccount(ctx, func(d store.Doc[Account]) {
		since := calendar.DateOf(d.State.Password.SetAt.Time)
		for i, ap := range d.State.Appointments {
			until := ap.Days.Until
			if until.IsZero() || until.Compare(today) >= 0 {
				return
			}
			if i == 0 || until.Compare(since) > 0 {
				since = until
			}
		}
		login, target := d.State.Login, accountKind+"/"+d.ID
		out = append(out, Outlived{Subject: target, Since: since, First: func(ctx context.Context, meta store.Meta) error {
			if err := s.db.Release(ctx, meta, loginClaim, login, target); err != nil && !fault.Is(err, fault.Conflict) {
				return err
			}
			s.cache.forgetAccount(d.ID)
			return nil
		}})
	})
	if err != nil {
		return err
	}
	for _, o := range out {
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

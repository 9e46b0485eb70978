package policy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

const (
	// tokenBytes are the random bytes of a token.
	tokenBytes = 32
	// seenEvery is how often the last request of a session is written down.
	seenEvery = time.Minute
	// recheck is how long an account is believed without asking the store; another process may have closed it.
	recheck = 5 * time.Second
	// maxOpen bounds the sessions held in memory; those left out are just read again.
	maxOpen = 20_000
)

// session is one signed-in browser, stored under the hash of its token.
type session struct {
	Account string `json:"account" privacy:"internal"`
	// Epoch is that of the account when it signed in.
	Epoch int64 `json:"epoch"`
	// Seen is the last request, written at most once a minute.
	Seen journal.Time `json:"seen"`
	// Until is its end whatever happens.
	Until  journal.Time `json:"until"`
	Second bool         `json:"second,omitempty"`
}

// openSession is a session in memory, guarded by Service.mu.
type openSession struct {
	session
	account Account
	checked time.Time
	seen    time.Time
	written time.Time
}

// sessionID is the hash under which a token is stored.
func sessionID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// begin opens a session.
func (s *Service) begin(ctx context.Context, d store.Doc[Account], second bool, now time.Time) (SignedIn, error) {
	token, err := randomText(tokenBytes)
	if err != nil {
		return SignedIn{}, err
	}
	until := now.Add(s.opt.Longest)
	id := sessionID(token)
	state := session{Account: d.ID, Epoch: d.State.Epoch, Seen: journal.At(now), Until: journal.At(until), Second: second}
	if err := s.sessions.Put(ctx, id, state, s.db.Now().Add(s.opt.Longest)); err != nil {
		return SignedIn{}, err
	}
	actor := s.actor(d.ID, d.State, id)
	actor.SecondFactor = second
	return SignedIn{Token: token, Actor: actor, Until: until, Idle: s.opt.Idle}, nil
}

// Resolve implements Accounts.
func (s *Service) Resolve(ctx context.Context, token string) (Actor, error) {
	const op = "policy.Resolve"
	ended := fault.Wrap(op, fault.Unauthenticated, "登录已结束，请重新登录", errEnded)
	if token == "" {
		return Actor{}, ended
	}
	id := sessionID(token)
	now := s.clocks.Security()
	s.mu.Lock()
	held, ok := s.open[id]
	fresh := ok && now.Sub(held.checked) < recheck && !now.Before(held.checked)
	s.mu.Unlock()
	if !fresh {
		var err error
		if held, err = s.readSession(ctx, id, now); err != nil {
			if fault.Is(err, fault.NotFound) {
				return Actor{}, ended
			}
			return Actor{}, err
		}
	}
	s.mu.Lock()
	idle := now.Sub(held.seen) >= s.opt.Idle || !now.Before(held.Until.Time) || held.account.Disabled || held.account.Epoch != held.Epoch
	write := false
	if !idle {
		held.seen = now
		if write = now.Sub(held.written) >= seenEvery; write {
			held.written = now
		}
	}
	state, account := held.session, held.account
	s.mu.Unlock()
	if idle {
		if err := s.end(ctx, id); err != nil {
			return Actor{}, err
		}
		return Actor{}, ended
	}
	if write {
		state.Seen = journal.At(now)
		if err := s.sessions.Put(ctx, id, state, s.db.Now().Add(state.Until.Sub(now))); err != nil {
			return Actor{}, err
		}
	}
	actor := s.actor(state.Account, account, id)
	actor.SecondFactor = state.Second
	return actor, nil
}

// readSession reads session and account and holds them in memory. Returns NotFound if there is no such session.
func (s *Service) readSession(ctx context.Context, id string, now time.Time) (*openSession, error) {
	stored, err := s.sessions.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	d, err := s.accounts.Load(ctx, stored.State.Account)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if held, ok := s.open[id]; ok {
		held.account, held.checked = d.State, now
		return held, nil
	}
	if len(s.open) >= maxOpen {
		clear(s.open)
	}
	held := &openSession{session: stored.State, account: d.State, checked: now, seen: stored.State.Seen.Time, written: stored.State.Seen.Time}
	s.open[id] = held
	return held, nil
}

// end closes one session; closing it twice is no error.
func (s *Service) end(ctx context.Context, id string) error {
	s.mu.Lock()
	delete(s.open, id)
	s.mu.Unlock()
	return s.sessions.Delete(ctx, id)
}

// forgetAccount lets the next request of every session of an account ask the store again.
func (s *Service) forgetAccount(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, held := range s.open {
		if held.Account == id {
			delete(s.open, key)
		}
	}
}

// SignOut implements Accounts.
func (s *Service) SignOut(ctx context.Context, by Actor) error {
	if by.Session == "" {
		return nil
	}
	return s.end(ctx, by.Session)
}

// SignOutEverywhere implements Accounts.
func (s *Service) SignOutEverywhere(ctx context.Context, by Actor) error {
	meta, err := s.require(by, CloseSession)
	if err != nil {
		return err
	}
	d, err := s.accounts.Load(ctx, by.ID)
	if err != nil {
		return err
	}
	d.State.Epoch++
	if _, err := s.accounts.Commit(ctx, meta, by.ID, d.Seq, d.State); err != nil {
		return err
	}
	s.forgetAccount(by.ID)
	return nil
}

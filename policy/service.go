package policy

import (
	"context"
	"time"
)

// Accounts is what the web layer needs from accounts and sessions; Service implements it.
type Accounts interface {
	// SignIn checks login, password and one-time code and opens a session; the token in the answer goes into the cookie and is stored
	// nowhere. Returns Unauthenticated with one and the same message for an unknown login, a wrong password, a wrong code, a disabled
	// and a locked account; Unavailable if too many sign-ins run at once.
	SignIn(ctx context.Context, in Credentials) (SignedIn, error)
	// Resolve returns the actor of a token, with the appointments of the business day. Returns Unauthenticated if the session is
	// unknown, idle too long, older than its absolute limit, or its account was disabled.
	Resolve(ctx context.Context, token string) (Actor, error)
	// SignOut ends the actor's own session; ending it twice is no error.
	SignOut(ctx context.Context, by Actor) error
	// SignOutEverywhere ends all sessions of the actor's own account.
	SignOutEverywhere(ctx context.Context, by Actor) error
}

// Credentials are what a person types at sign-in.
type Credentials struct {
	// Login as typed; compared without regard to case, width and surrounding blanks.
	Login string
	// Password as typed.
	Password string
	// Code is the six-digit one-time code, "" if the account has none.
	Code string
	// Source is the address of the peer, for the limit per source. It is stored only as HMAC.
	Source string
	// PreviousToken is the token in the cookie of the request, if any; that session ends (rotation).
	PreviousToken string
}

// SignedIn is the answer to a successful sign-in.
type SignedIn struct {
	// Token is 256 random bits, base64url without padding; only the person's cookie holds it.
	Token string
	// Actor is the person, as Resolve would return it.
	Actor Actor
	// Until is when the session ends whatever happens (12 hours by default).
	Until time.Time
	// Idle is the idle log-out in force.
	Idle time.Duration
}

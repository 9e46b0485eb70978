package policy

import (
	"context"
	"strings"
)

// KeptScope returns the rows of which the actor sees also the lines that a scheme keeps back (disclose: total): those of the firm that it serves in, and those whose party facts it may read. Everybody else, the housing
// bureau too, sees the totals of such a part only (practice §2). It is asked together with the scope of what is shown, never instead of it. Returns Unavailable if tenure cannot be asked.
func (g *Guard) KeptScope(ctx context.Context, by Actor) (Scope, error) {
	s, err := g.Scope(ctx, by, ReadPartyFact)
	if err != nil {
		return Scope{}, err
	}
	for _, ap := range by.Appointments {
		if strings.HasPrefix(ap.Unit, FirmKey("")) {
			s.reaches = append(s.reaches, reach{key: ap.Unit})
		}
	}
	return s, nil
}

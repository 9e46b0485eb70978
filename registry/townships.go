package registry

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/policy"
)

// Townships implements policy.Townships: the scope keys of all townships of today.
func (r *Register) Townships(ctx context.Context) ([]string, error) {
	rows, err := r.DivisionsAt(ctx, LevelTownship, calendar.DateOf(r.db.Now()))
	if err != nil {
		return nil, err
	}
	out := make([]string, len(rows))
	for i, d := range rows {
		out[i] = policy.TownshipKey(d.ID)
	}
	return out, nil
}

var _ policy.Townships = (*Register)(nil)

package returns

import (
	"context"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// Sent is what a return sent out, for the register of what goes out: every reported version, to its addressee. It asks for no right. Returns NotFound for a return that is not there.
func (s *Service) Sent(ctx context.Context, id string) (casework.Borne, error) {
	doc, err := s.rows.Docs.Load(ctx, id)
	return doc.State.borne(), err
}

func (r *Return) borne() casework.Borne {
	of := casework.Borne{Name: r.Name(), Day: r.Days.Last}
	if r.Scope != policy.County {
		of.Keys = []string{policy.TownshipKey(r.Scope)}
	}
	for i := range r.Versions {
		v, title := &r.Versions[i], "报表"
		if v.No > 1 {
			title += "（第 " + strconv.FormatInt(v.No, 10) + " 次报送，更正）"
		}
		if v.To != "" {
			of.Papers = append(of.Papers, casework.Outgoing{Slot: "v" + strconv.FormatInt(v.No, 10), Title: title, To: v.To, Paper: casework.Paper{Day: calendar.DateOf(v.Signed.At.Time), By: v.Signed.By}})
		}
	}
	return of
}

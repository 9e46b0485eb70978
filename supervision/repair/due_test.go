package repair

import (
	"fmt"
	"maps"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

// TestInTime: the log tells the rating of each repair whether it was in time, on the day on which it was due, as the log stood then; what was not due yet says only that there is a log.
func TestInTime(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.Forward("2026-09-30")
	d.enter("7", done("2026-09-02 09:00", "2026-09-02 10:00", "2026-09-03 10:00")) // in time
	d.enter("8", done("2026-09-05 09:00", "2026-09-06 10:00", "2026-09-09 10:00")) // late: 72 hours
	d.enter("9", leak("2026-09-20 09:00"))                                         // never answered
	withdrawn := d.enter("10", leak("2026-09-21 09:00"))
	registrytest.Must[store.Doc[Repair]](t)(d.Withdraw(ctx, d.manager, at(withdrawn), "登记重复"))
	d.enter("11", leak("2026-09-29 18:00")) // due in October
	agreed := leak("2026-08-20 09:00")
	agreed.Agreed = moment("2026-11-20 18:00") // due three months later
	corrected := d.enter("12", agreed)
	quarter := calendar.Quarter{Year: 2026, N: 3}.Span()
	read := func(span calendar.Span, upTo int64) map[string]int {
		t.Helper()
		out := map[string]int{}
		if err := d.EachReading(ctx, span, d.Now(), upTo, func(r supervision.Reading) error {
			if r.Fact != factInTime || r.Project != d.project || r.Firm != d.firm || r.Record == "" || len(r.Hash) != 64 || r.ScoredBy == "" || !span.Has(r.Day) {
				t.Errorf("%+v", r)
			}
			out[fmt.Sprintf("%s %s/%s", r.Day, r.Cells[0].Number, r.Cells[1].Number)]++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := map[string]int{"2026-09-05 1/1": 1, "2026-09-08 0/1": 1, "2026-09-23 0/1": 1, "2026-09-29 0/0": 1, "2026-08-20 0/0": 1}
	d.Forward("2026-10-10")
	if got := read(quarter, 1<<40); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	next := calendar.Quarter{Year: 2026, N: 4}.Span()
	if got := read(next, 1<<40); !maps.Equal(got, map[string]int{"2026-10-02 0/1": 1, "2026-11-20 0/0": 1}) {
		t.Errorf("the next quarter: %v", got)
	}
	// What is corrected later leaves what was known before.
	frozen := registrytest.Must[int64](t)(d.Desk.DB.Engine().LastN(ctx))
	said := corrected.State.Said
	said.Agreed = moment("2026-08-21 18:00")
	registrytest.Must[store.Doc[Repair]](t)(d.Correct(ctx, d.manager, at(corrected), said, "约定时间登记错"))
	if got := read(quarter, frozen); !maps.Equal(got, want) {
		t.Errorf("as it was: %v, want %v", got, want)
	}
	if got := read(quarter, 1<<40); got["2026-08-21 0/1"] != 1 || got["2026-08-20 0/0"] != 0 {
		t.Errorf("as it is: %v", got)
	}
	for name, tt := range map[string]struct {
		project, firm string
		days          calendar.Span
		want          bool
	}{
		"the quarter":             {d.project, d.firm, quarter, true},
		"only due in it":          {d.project, d.firm, next, true},
		"nothing of these days":   {d.project, d.firm, calendar.Quarter{Year: 2026, N: 2}.Span(), false},
		"another compound":        {d.other, d.firm, quarter, false},
		"another firm":            {d.project, "x", quarter, false},
		"withdrawn, nothing else": {d.project, d.firm, calendar.Span{First: day("2026-09-21"), Last: day("2026-09-22")}, false},
	} {
		if got, err := d.Logged(ctx, tt.project, tt.firm, tt.days); err != nil || got != tt.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

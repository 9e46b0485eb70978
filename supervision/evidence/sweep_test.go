package evidence

import (
	"errors"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/schedule"
)

// sweep runs the job and tells how many records it wrote, one for each file with its shown copy two.
func (d *desk) sweep(t *testing.T) int64 {
	t.Helper()
	before := d.Records(t)
	err := d.SweepFiles(t.Context(), d.Clock())
	n := d.Records(t) - before
	if nothing := new(schedule.Skip); errors.As(err, &nothing) != (n == 0) || err != nil && n > 0 {
		t.Fatalf("%d records and %v", n, err)
	}
	return n
}

func (d *desk) there(t *testing.T, list []files.Stored) bool {
	t.Helper()
	there := 0
	for _, f := range list {
		for _, hash := range []string{f.Original, f.Shown} {
			r, _, err := d.keeper.Open(t.Context(), hash)
			if err == nil {
				there++
				err = r.Close()
			}
			if err != nil && !fault.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
		}
	}
	if there != 0 && there != 2*len(list) {
		t.Fatalf("%d of %d files are there", there, 2*len(list))
	}
	return there > 0
}

// TestSweepFiles: what was uploaded goes when nobody handed it in and its draft is gone, and not before.
func TestSweepFiles(t *testing.T) {
	d := newDesk(t)
	month := 30 * 24 * time.Hour
	in := submission(t, d)
	doc, err := d.Submit(t.Context(), clerk, in)
	if err != nil {
		t.Fatal(err)
	}
	other := Form{Period: period, Project: "p1", Fact: fact}
	forgotten := d.attach(t, boss, other, 120)
	if _, err := d.Detach(t.Context(), boss, other, forgotten[0].Original); err != nil {
		t.Fatal(err)
	}
	typing := d.attach(t, boss, other, 240)
	if d.sweep(t) != 0 {
		t.Error("a fresh upload was removed")
	}
	d.Wait(2*month - time.Hour)
	// Somebody still types at a draft: it lives for two more months. Nobody holds the other file any more.
	if _, err := d.SaveDraft(t.Context(), boss, other, map[string]string{"note": "还在写"}); err != nil {
		t.Fatal(err)
	}
	d.Wait(2 * 24 * time.Hour)
	if n := d.sweep(t); n != 2 || d.there(t, forgotten) || !d.there(t, typing) {
		t.Errorf("%d records; the forgotten file is there: %v, that of the draft: %v", n, d.there(t, forgotten), d.there(t, typing))
	}
	d.Wait(2 * month)
	if n := d.sweep(t); n != 2 || d.there(t, typing) {
		t.Errorf("%d records; the file of the expired draft is there: %v", n, d.there(t, typing))
	}
	if !d.there(t, doc.State.Files) || d.sweep(t) != 0 {
		t.Error("a file that was handed in is gone")
	}
	// The form of a browser that was left open for all that time still names the file.
	d.MoveTo(mustDate("2027-03-02").Begins())
	in.Files = typing
	before := d.Records(t)
	_, err = d.Submit(t.Context(), clerk, in)
	wantKind(t, err, fault.Invalid)
	if d.Records(t) != before {
		t.Error("the refused submission wrote something")
	}
}

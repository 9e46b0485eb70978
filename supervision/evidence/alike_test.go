package evidence

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// wall is a photo of fields of light that the seed decides about; light is added to all of them.
func wall(t testing.TB, seed, light uint32) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 90, 72))
	for y := range 72 {
		for x := range 90 {
			n := (uint32(y/8*9+x/10) + 1) * (2654435761 + seed*40503)
			m.SetGray(x, y, color.Gray{Y: uint8(20 + (n>>16)%200 + light)})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// handIn submits a proof of the party day with one file.
func (d *desk) handIn(t testing.TB, by policy.Actor, in Submission, name string, data []byte) store.Doc[Proof] {
	t.Helper()
	file, err := d.keeper.Take(t.Context(), store.Meta{By: by.ID, Action: string(policy.SubmitEvidence)}, name, bytes.NewReader(data), files.PNG, files.PDF)
	if err != nil {
		t.Fatal(err)
	}
	in.Fact, in.Cells, in.Files = fact, []supervision.Cell{count("here", 4), count("due", 5)}, []files.Stored{file}
	doc, err := d.Submit(t.Context(), by, in)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// The same file and a copy of a photo are found across firms and periods; how much is told depends on who asks.
func TestAlike(t *testing.T) {
	d := newDesk(t)
	early, late := mustDate("2027-02-10"), mustDate("2027-02-20")
	first := d.handIn(t, clerk, Submission{Period: period, Project: "p1", Day: early}, "会场.png", wall(t, 1, 0))
	copied := d.handIn(t, successor, Submission{Period: period, Project: "p2", Day: late}, "合影.png", wall(t, 1, 9))
	other := d.handIn(t, clerk, Submission{Period: period, Project: "p1", Day: early}, "会场2.png", wall(t, 2, 0))
	same := d.handIn(t, clerk, Submission{Period: period, Project: "p2", Day: early}, "会场.png", wall(t, 1, 0))
	paper := []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n")
	list := d.handIn(t, clerk, Submission{Period: period, Project: "p1", Day: early}, "台账.pdf", paper)
	lent := d.handIn(t, clerk, Submission{Period: period, Project: "p2", Day: early}, "台账.pdf", paper)
	taken := d.handIn(t, successor, Submission{Period: period, Project: "p2", Day: late}, "台账.pdf", paper)
	// The window of the next quarter: last quarter's photo of the same compound.
	next := window()
	d.MoveTo(mustDate("2027-04-10").Begins())
	next.Title = "2027年第二季度"
	next.Days.First, next.Days.Last = mustDate("2027-04-01"), mustDate("2027-06-30")
	next.Opens, next.Closes = journal.At(next.Days.First.Begins()), journal.At(next.Days.Last.Ends())
	if _, err := d.OpenWindow(t.Context(), policy.SystemActor(), "2027Q2", next); err != nil {
		t.Fatal(err)
	}
	again := d.handIn(t, clerk, Submission{Period: "2027Q2", Project: "p1", Day: mustDate("2027-04-02")}, "会场.png", wall(t, 2, 0))

	type finding struct {
		id              string
		exact, sameFirm bool
	}
	for _, tt := range []struct {
		name   string
		by     policy.Actor
		doc    store.Doc[Proof]
		reused bool
		want   []finding // in any order; "" is a proof that the community may not see
	}{
		{"a first photo", worker, first, true, []finding{{"", false, false}, {"", true, true}}},
		{"a copy by another firm", neighbour, copied, true, []finding{{"", false, false}, {same.ID, false, false}}},
		{"a photo of its own, until it was used again", worker, other, true, []finding{{again.ID, true, true}}},
		{"a list that the firm shows for both compounds", worker, list, true, []finding{{"", true, false}}},
		{"the list of the firm before", neighbour, taken, true, []finding{{"", true, false}, {lent.ID, true, false}}},
		{"last quarter's photo", worker, again, true, []finding{{other.ID, true, true}}},
	} {
		found, err := d.Alike(t.Context(), tt.by, tt.doc.ID)
		if err != nil || len(found) != len(tt.want) {
			t.Errorf("%s: %+v %v", tt.name, found, err)
			continue
		}
		left := map[finding]int{}
		for _, f := range found {
			id := ""
			if f.Proof != nil {
				id = f.Proof.ID
			}
			left[finding{id, f.Exact, f.SameFirm}]++
			if f.Year != 2027 || f.File != 0 || f.Other != 0 {
				t.Errorf("%s: %+v", tt.name, f)
			}
		}
		for _, f := range tt.want {
			left[f]--
		}
		for f, n := range left {
			if n != 0 {
				t.Errorf("%s: %+v is off by %d", tt.name, f, n)
			}
		}
		doc := d.decide(t, tt.by, tt.doc, Decision{Move: MoveAccept})
		if doc.State.Reused != tt.reused || tt.reused && (doc.State.Sampled || doc.State.Stage() != StageBureau) {
			t.Errorf("%s: reused %v, sampled %v, %q", tt.name, doc.State.Reused, doc.State.Sampled, doc.State.Stage())
		}
	}
	// The bureau sees all of it.
	if found, err := d.Alike(t.Context(), officer, copied.ID); err != nil || len(found) != 2 || found[0].Proof == nil || found[1].Proof == nil {
		t.Errorf("%+v %v", found, err)
	}
	// What was taken back was not used, and nothing like it is left.
	if _, err := d.Withdraw(t.Context(), clerk, at(lent)); err != nil {
		t.Fatal(err)
	}
	if found, err := d.Alike(t.Context(), officer, taken.ID); err != nil || len(found) != 1 || found[0].Proof.ID != list.ID {
		t.Errorf("%+v %v", found, err)
	}
	before := d.Records(t)
	_, err := d.Alike(t.Context(), clerk, first.ID)
	wantKind(t, err, fault.Forbidden)
	_, err = d.Alike(t.Context(), neighbour, first.ID)
	wantKind(t, err, fault.NotFound)
	if d.Records(t) != before {
		t.Error("asking wrote something")
	}
}

// A file that stands nowhere else flags nothing.
func TestOwnFilesFlagNothing(t *testing.T) {
	d := newDesk(t)
	alone := d.handIn(t, clerk, Submission{Period: period, Project: "p1", Day: mustDate("2027-02-10")}, "会场.png", wall(t, 3, 0))
	handedAgain := d.handIn(t, clerk, Submission{Period: period, Project: "p1", Day: mustDate("2027-02-11")}, "会场.png", wall(t, 3, 0))
	for _, doc := range []store.Doc[Proof]{alone, handedAgain} {
		if doc = d.decide(t, worker, doc, Decision{Move: MoveAccept}); doc.State.Reused {
			t.Errorf("%+v", doc.State)
		}
	}
}

package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// audits runs the job and tells how many records it wrote.
func (d *desk) audits(t testing.TB) int64 {
	t.Helper()
	before := d.Records(t)
	err := d.DrawAudits(t.Context(), d.Clock())
	n := d.Records(t) - before
	if nothing := new(schedule.Skip); errors.As(err, &nothing) != (n == 0) || err != nil && n > 0 {
		t.Fatalf("%d records and %v", n, err)
	}
	return n
}

// TestAudit: what counts is drawn after the window closed and looked at once more; what is taken back counts no more until an objection is right.
func TestAudit(t *testing.T) {
	d := newDesk(t)
	var docs []store.Doc[Proof]
	for range 3 {
		doc := d.decide(t, worker, d.submit(t), Decision{Move: MoveAccept})
		if doc.State.Stage() == StageBureau {
			doc = d.decide(t, chief, doc, Decision{Move: MoveConfirm})
		}
		docs = append(docs, doc)
	}
	// What waits for the bureau, and what was refused, is not drawn.
	d.decide(t, worker, d.submit(t), Decision{Move: MoveAccept, Concern: "请复核"})
	d.decide(t, worker, d.submit(t), Decision{Move: MoveRefuse, Reason: "不是本期的活动"})
	d.MoveTo(mustDate("2027-04-11").Begins().Add(-time.Minute))
	if n := d.audits(t); n != 0 {
		t.Errorf("%d records before the day", n)
	}
	d.Wait(time.Minute)
	if n := d.audits(t); n != 2 {
		t.Fatalf("%d records, want the draw and its mark", n)
	}
	if n := d.audits(t); n != 0 {
		t.Errorf("a second run wrote %d records", n)
	}
	// Anybody in the office can draw again.
	list, err := d.Drawings(t.Context(), officer)
	if err != nil || len(list) != 1 || list[0].Draw.Among != 3 || len(list[0].Proofs) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	draw, doc := list[0].Draw, list[0].Proofs[0]
	var ids, records []string
	for _, one := range docs {
		head := store.Change[Proof]{}
		for change, err := range d.rows.History(t.Context(), one.ID) {
			if err != nil {
				t.Fatal(err)
			}
			if change.Seq == one.Seq {
				head = change
			}
		}
		ids, records = append(ids, one.ID), append(records, head.RecordID)
	}
	slices.Sort(records)
	if sum := sha256.Sum256([]byte(strings.Join(records, "\n"))); hex.EncodeToString(sum[:]) != draw.List || d.DB.MAC("evidence/audit", period+" "+draw.List) != draw.Seed {
		t.Error("list and seed are not those of what counted")
	}
	if again := drawn(draw.Seed, ids); !slices.Equal(again, draw.Drawn) || doc.ID != again[0] {
		t.Errorf("drawn again: %q, before %q", again, draw.Drawn)
	}
	if doc.State.State == Submitted || !doc.State.State.Counts() || doc.State.Due.Due != mustDate("2027-04-21") || len(d.readings(t)) != 4 {
		t.Errorf("%+v, %d readings", doc.State, len(d.readings(t)))
	}

	other := docs[slices.IndexFunc(docs, func(one store.Doc[Proof]) bool { return one.ID != doc.ID })]
	before := d.Records(t)
	for _, tt := range []struct {
		name string
		by   policy.Actor
		doc  store.Doc[Proof]
		in   Decision
		kind fault.Kind
		want string
	}{
		{"a community audits", worker, doc, Decision{Move: MoveTakeBack, Reason: "不符"}, fault.Forbidden, ""},
		{"who accepted it audits", person("worker", "property_officer", "", policy.County), doc, Decision{Move: MoveTakeBack, Reason: "不符"}, fault.Forbidden, "由你"},
		{"the director, who only reads", director, doc, Decision{Move: MoveUphold}, fault.Forbidden, ""},
		{"without a reason", officer, doc, Decision{Move: MoveTakeBack}, fault.Invalid, "请写明理由"},
		{"a review of what is audited", officer, doc, Decision{Move: MoveOverturn, Reason: "不符"}, fault.Conflict, ""},
		{"not drawn", officer, other, Decision{Move: MoveTakeBack, Reason: "不符"}, fault.Conflict, "没有抽中抽查"},
		{"an answer before there is an objection", deputy, doc, Decision{Move: MoveRestore, Reason: "属实"}, fault.Conflict, ""},
	} {
		_, err := d.Decide(t.Context(), tt.by, at(tt.doc), tt.in)
		if fault.KindOf(err) != tt.kind || !strings.Contains(fmt.Sprint(fault.MessageOf(err), fault.FieldsOf(err)), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	_, err = d.Drawings(t.Context(), clerk)
	wantKind(t, err, fault.Forbidden)
	if d.Records(t) != before {
		t.Fatal("a refused call wrote something")
	}

	// Upheld, and undone within ten minutes; then taken back.
	upheld := d.decide(t, officer, doc, Decision{Move: MoveUphold})
	if upheld.State.State != Upheld || len(d.readings(t)) != 4 {
		t.Errorf("%+v", upheld.State)
	}
	back, err := d.Undo(t.Context(), officer, at(upheld))
	if err != nil || back.State.Stage() != StageAudit {
		t.Fatalf("%+v %v", back.State, err)
	}
	frozen, then := d.Records(t), d.Clock()
	d.Wait(time.Hour)
	taken := d.decide(t, officer, back, Decision{Move: MoveTakeBack, Reason: "现场核对与填报不符"})
	if taken.State.State != TakenBack || len(d.readings(t)) != 3 || len(d.readingsAsOf(t, then, frozen)) != 4 {
		t.Errorf("%+v: %d readings now, %d then", taken.State, len(d.readings(t)), len(d.readingsAsOf(t, then, frozen)))
	}

	// What rests on it says so: to everybody the fact and the day, the rest to whom it concerns; nothing for what was gathered later, or had a cut-off before.
	for name, tt := range map[string]struct {
		by         policy.Actor
		cutoff     time.Time
		upTo       int64
		want, open int
	}{
		"everybody":          {policy.Actor{}, then, frozen, 1, 0},
		"another firm":       {successor, then, frozen, 1, 0},
		"the firm":           {clerk, then, frozen, 1, 1},
		"gathered later":     {officer, then, d.Records(t), 0, 0},
		"an earlier cut-off": {officer, doc.State.Decided.At.Add(-time.Second), frozen, 0, 0},
	} {
		list, err := d.Clawed(t.Context(), tt.by, doc.State.Project, tt.cutoff, tt.upTo)
		open := 0
		for _, c := range list {
			if c.Fact != doc.State.Ask.Fact || c.Firm != doc.State.Firm || c.Day != doc.State.Day || c.Taken != calendar.DateOf(d.Clock()) {
				t.Errorf("%s: %+v", name, c)
			}
			if c.Proof != nil && c.Proof.State.Audit.Reason == "现场核对与填报不符" {
				open++
			}
		}
		if err != nil || len(list) != tt.want || open != tt.open {
			t.Errorf("%s: %d pieces, %d open: %v", name, len(list), open, err)
		}
	}

	// The firm is told, and may object once and in time.
	for by, want := range map[*policy.Actor]int{&clerk: 1, &boss: 1, &successor: 0} {
		if list, err := d.Owed(t.Context(), *by); err != nil || len(list) != want {
			t.Errorf("%s is told of %d: %v", by.ID, len(list), err)
		}
	}
	before = d.Records(t)
	object := func(by policy.Actor, doc store.Doc[Proof], reason string) error {
		_, err := d.Object(t.Context(), by, at(doc), reason)
		return err
	}
	wantKind(t, object(worker, taken, "属实"), fault.Forbidden)
	wantKind(t, object(successor, taken, "属实"), fault.NotFound)
	wantKind(t, object(clerk, taken, " "), fault.Invalid)
	wantKind(t, object(clerk, taken, "请问王女士 13812345678"), fault.Invalid)
	wantKind(t, object(clerk, other, "属实"), fault.Conflict)
	in := d.Clock()
	d.MoveTo(taken.State.Due.Due.Ends())
	wantKind(t, object(clerk, taken, "属实"), fault.Conflict)
	if list, err := d.Owed(t.Context(), clerk); err != nil || len(list) != 0 {
		t.Error("the firm is told after the last day", err)
	}
	d.MoveTo(in)
	if d.Records(t) != before {
		t.Fatal("a refused objection wrote something")
	}
	if err := object(clerk, taken, "原始记录在门岗，随时可以查"); err != nil {
		t.Fatal(err)
	}
	disputed, err := d.One(t.Context(), clerk, taken.ID)
	if err != nil || disputed.State.State != Disputed || disputed.State.Due.Due != mustDate("2027-04-16") {
		t.Fatalf("%+v %v", disputed.State, err)
	}
	wantKind(t, object(clerk, disputed, "再说一次"), fault.Conflict)
	_, err = d.Decide(t.Context(), officer, at(disputed), Decision{Move: MoveForfeit, Reason: "维持"})
	wantKind(t, err, fault.Forbidden)
	for by, want := range map[*policy.Actor]int{&officer: 0, &deputy: 1} {
		if page, err := d.Queue(t.Context(), *by, StageAnswer, ""); err != nil || len(page.Docs) != want {
			t.Errorf("%d objections wait for %s: %v", len(page.Docs), by.ID, err)
		}
	}
	// Either answer; the fact counts again only with the first, and then as it was accepted then.
	restored := d.decide(t, deputy, disputed, Decision{Move: MoveRestore, Reason: "门岗记录属实"})
	got := d.readings(t)
	if restored.State.State != Restored || len(got) != 4 || !slices.ContainsFunc(got, func(r supervision.Reading) bool {
		return r.ReviewedBy == "deputy_director/deputy" && r.Accepted.Equal(doc.State.Decided.At.Time)
	}) {
		t.Errorf("%+v %+v", restored.State, got)
	}
	back, err = d.Undo(t.Context(), deputy, at(restored))
	if err != nil {
		t.Fatal(err)
	}
	if lost := d.decide(t, deputy, back, Decision{Move: MoveForfeit, Reason: "没有新的依据"}); lost.State.State != Forfeited || len(d.readings(t)) != 3 {
		t.Errorf("%+v", lost.State)
	}
	history, err := d.Service.History(t.Context(), clerk, doc.ID)
	if err != nil || !slices.ContainsFunc(history, func(h Happened) bool {
		return h.Move == MoveTakeBack && h.Office == "property_officer" && h.Reason == "现场核对与填报不符"
	}) {
		t.Errorf("%+v %v", history, err)
	}
}

// One in twenty is drawn, at least one, whatever the order of the list.
func TestDrawn(t *testing.T) {
	for n, want := range map[int]int{1: 1, 20: 1, 21: 2, 129: 7, 12_000: mostAudited} {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = fmt.Sprint("proof", i)
		}
		got := drawn("seed", ids)
		slices.Reverse(ids)
		if len(got) != want || !slices.Equal(got, drawn("seed", ids)) || n > 20 && slices.Equal(got, drawn("other", ids)) {
			t.Errorf("of %d: %d drawn, want %d", n, len(got), want)
		}
	}
}

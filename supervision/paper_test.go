package supervision

import (
	"bytes"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
)

// scanned is a scan as it comes from a form; each text is another file.
func (d *desk) scanned(t *testing.T, text string) *files.Upload {
	t.Helper()
	up, err := d.papers.Keeper.Receive("签字件.pdf", bytes.NewReader([]byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%"+text+"\n%%EOF\n")), files.PDF)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := up.Close(); err != nil {
			t.Error(err)
		}
	})
	return up
}

// TestPartyFactOnPaper: a level that is signed on paper counts once another person looked at the scan; who recorded it, who signed it and who entered the fact do
// not; a refused call writes nothing.
func TestPartyFactOnPaper(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	doc := d.record(t, instructor, trained())
	paper := func(by policy.Actor, signer, day, typed string) (store.Doc[Observation], error) {
		in := policy.OnPaper{Hash: doc.State.Approval.SubjectHash, Signer: signer, Upload: d.scanned(t, signer+day)}
		if day != "" {
			in.SignedOn = mustDate(day)
		}
		return d.ConfirmOnPaper(ctx, by, at(doc), in, typed)
	}
	look := func(by policy.Actor, move policy.ApprovalMove, why, typed string) (store.Doc[Observation], error) {
		sign := policy.Sign{Move: move, Reason: why, SubjectHash: doc.State.Approval.SubjectHash}
		if waiting := doc.State.Approval.Papers(); len(waiting) > 0 {
			sign.Paper = waiting[0].Paper
		}
		return d.LookAtPaper(ctx, by, at(doc), sign, typed)
	}
	refuse := func(name string, kind fault.Kind, field string, do func() (store.Doc[Observation], error)) {
		t.Helper()
		before := d.Records(t)
		_, err := do()
		if !fault.Is(err, kind) || field != "" && (len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != field) || d.Records(t) != before {
			t.Errorf("%s: %v", name, err)
		}
	}
	const today = "2027-03-01"
	for _, tt := range []struct {
		name, signer, day, typed string
		by                       policy.Actor
		kind                     fault.Kind
		field                    string
	}{
		{"not the level's turn", "industry", today, password, organiser, fault.Forbidden, ""},
		{"who recorded the fact", "instructor", today, password, organiser, fault.Forbidden, ""},
		{"a secretary of no project of the firm", "nobody", today, password, organiser, fault.Invalid, "signer"},
		{"without a day", "secretary", "", password, organiser, fault.Invalid, "signed_on"},
		{"a day to come", "secretary", "2027-03-02", password, organiser, fault.Invalid, "signed_on"},
		{"a wrong password", "secretary", today, "wrong", organiser, fault.Invalid, "current"},
		{"housing staff", "secretary", today, password, chief, fault.Forbidden, ""},
		{"who may record only", "secretary", today, password, instructor, fault.Forbidden, ""},
	} {
		refuse(tt.name, tt.kind, tt.field, func() (store.Doc[Observation], error) { return paper(tt.by, tt.signer, tt.day, tt.typed) })
	}
	refuse("no scan", fault.Invalid, "paper", func() (store.Doc[Observation], error) {
		return d.ConfirmOnPaper(ctx, organiser, at(doc), policy.OnPaper{Hash: doc.State.Approval.SubjectHash, Signer: "secretary", SignedOn: mustDate(today)}, password)
	})
	next := func(got store.Doc[Observation], err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		doc = got
	}
	next(paper(organiser, "secretary", today, password))
	if doc.State.State != ObservationRecorded || len(doc.State.Scans) != 1 || doc.State.Levels()[0].Done() {
		t.Fatalf("a scan counts before anybody looked at it: %s, %+v", doc.State.State, doc.State.Levels())
	}
	for _, who := range []policy.Actor{organiser, secretary, instructor} {
		refuse(who.ID+" looks", fault.Forbidden, "", func() (store.Doc[Observation], error) { return look(who, policy.MoveConfirmPaper, "", password) })
	}
	if queue, err := d.Queue(ctx, industry, ""); err != nil || len(queue.Docs) != 1 {
		t.Errorf("the scan waits for nobody: %d, %v", len(queue.Docs), err)
	}
	refuse("no reason", fault.Invalid, "reason", func() (store.Doc[Observation], error) { return look(industry, policy.MoveRejectPaper, "", password) })
	refuse("neither accepted nor not", fault.Conflict, "", func() (store.Doc[Observation], error) { return look(industry, policy.MoveAgree, "", password) })
	refuse("looked at with a wrong password", fault.Invalid, "current", func() (store.Doc[Observation], error) { return look(industry, policy.MoveConfirmPaper, "", "wrong") })
	next(look(industry, policy.MoveRejectPaper, "看不清签名", password))
	if doc.State.State != ObservationRecorded || len(doc.State.Approval.Papers()) != 0 {
		t.Fatalf("not accepted, and %s", doc.State.State)
	}
	refuse("nothing waits", fault.Conflict, "", func() (store.Doc[Observation], error) { return look(industry, policy.MoveConfirmPaper, "", password) })

	next(paper(organiser, "secretary", "2027-02-28", password))
	next(look(industry, policy.MoveConfirmPaper, "", password))
	level := doc.State.Levels()[0]
	if doc.State.State != ObservationPassing || !level.Done() || !level.Seats[0].Paper || level.Seats[0].As != "community_secretary" || doc.State.Reviewed.By != "secretary" {
		t.Fatalf("%s, %+v, by %+v", doc.State.State, level, doc.State.Reviewed)
	}
	refuse("who signed on paper confirms again", fault.Forbidden, "", func() (store.Doc[Observation], error) { return d.Confirm(ctx, secretary, at(doc)) })
	// Who looked at the scan signed nothing: the next level is still his.
	doc = d.confirm(t, industry, doc)
	next(paper(industry, "organiser", today, password))
	next(look(secretary, policy.MoveConfirmPaper, "", password))
	if doc.State.State != ObservationConfirmed || len(d.readings(t)) != 2 || d.readings(t)[0].ReviewedBy != "organisation/organiser" {
		t.Errorf("%s, %+v", doc.State.State, d.readings(t))
	}
	if shown, err := d.One(ctx, chief, doc.ID); err != nil || shown.State.Scans != nil {
		t.Errorf("housing staff are shown the scans of party organisations: %v", err)
	}

	// What two persons confirm takes no paper.
	doc = d.record(t, officer, draft(9, 10))
	refuse("an ordinary one", fault.Conflict, "", func() (store.Doc[Observation], error) {
		return d.ConfirmOnPaper(ctx, both(secretary, organiser), at(doc), policy.OnPaper{Signer: "secretary", SignedOn: calendar.DateOf(d.Clock()), Upload: d.scanned(t, "x")}, password)
	})
}

// both is one person with the offices of two.
func both(a, b policy.Actor) policy.Actor {
	a.Appointments = append(a.Appointments[:len(a.Appointments):len(a.Appointments)], b.Appointments...)
	return a
}

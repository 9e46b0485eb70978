package party

import (
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/registrytest"
)

// TestOnPaper: the level of the trade's secretary is signed on paper; it confirms once a third person has looked at the scan, and who may not is refused and writes nothing.
func TestOnPaper(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	doc := d.tell(must[store.Doc[Sheet]](t)(d.Fill(ctx, d.people["worker"], d.at(0), theme(), nil)), do{"worker", MoveSubmit, Waiting, ""}, do{"secretary", MoveConfirm, Passing, ""})
	paper := func(who, signer, password string) func() error {
		return func() error {
			next, err := d.ConfirmOnPaper(ctx, d.people[who], d.at(doc.Seq), policy.OnPaper{Hash: doc.State.Approval.SubjectHash, Signer: d.people[signer].ID, SignedOn: d.Today(), Upload: d.Desk.Photo()}, password)
			if err == nil {
				doc = next
			}
			return err
		}
	}
	look := func(who string, move policy.ApprovalMove, reason string) func() error {
		return func() error {
			sign := policy.Sign{Move: move, Reason: reason, SubjectHash: doc.State.Approval.SubjectHash}
			if waiting := doc.State.Approval.Papers(); len(waiting) > 0 {
				sign.Paper = &policy.PaperSignature{FileHash: waiting[0].Paper.FileHash}
			}
			next, err := d.LookAtPaper(ctx, d.people[who], d.at(doc.Seq), sign, registrytest.Password)
			if err == nil {
				doc = next
			}
			return err
		}
	}
	d.Refused("recorded by the firm", fault.Forbidden, paper("firm", "industry", registrytest.Password))
	d.Refused("recorded far away", fault.NotFound, paper("far", "industry", registrytest.Password))
	d.Refused("signed by who cannot", fault.Forbidden, paper("organisation", "organisation", registrytest.Password))
	d.Refused("a wrong password", fault.Invalid, paper("organisation", "industry", "x"), "current")
	d.Refused("nothing to look at", fault.Conflict, look("industry2", policy.MoveConfirmPaper, ""))
	if err := paper("organisation", "industry", registrytest.Password)(); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	if doc.State.State != Passing || len(doc.State.Scans) != 1 || len(doc.State.Approval.Papers()) != 1 {
		t.Fatalf("after the scan %+v", doc.State)
	}
	d.Refused("looked at by who recorded it", fault.Forbidden, look("organisation", policy.MoveConfirmPaper, ""))
	d.Refused("looked at by who signed it", fault.Forbidden, look("industry", policy.MoveConfirmPaper, ""))
	d.Refused("signed there on the screen", fault.Conflict, look("industry2", policy.MoveAgree, ""), "采用")
	waits := func(who string) bool {
		return len(must[[]store.Doc[Sheet]](t)(d.Queue(ctx, d.people[who], Passing))) == 1
	}
	if !waits("industry2") || waits("organisation") {
		t.Error("the scan waits for the wrong person")
	}
	if err := look("industry2", policy.MoveRejectPaper, "签字看不清")(); err != nil {
		t.Fatal(err)
	}
	if doc.State.State != Passing || len(doc.State.Approval.Papers()) != 0 {
		t.Fatalf("after it was not accepted %+v", doc.State)
	}
	for _, f := range []func() error{paper("organisation", "industry", registrytest.Password), look("industry2", policy.MoveConfirmPaper, "")} {
		if err := f(); err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
	}
	if doc.State.State != Passing || doc.State.Last != MovePass || doc.State.Approval.Level != 2 {
		t.Fatalf("after it was accepted %s %s, level %d", doc.State.State, doc.State.Last, doc.State.Approval.Level)
	}
	if scan, err := d.Scan(ctx, d.people["secretary"], d.at(0), 2); err != nil || scan.Size == 0 {
		t.Errorf("the scan %+v %v", scan, err)
	}
	d.Refused("no such scan", fault.NotFound, func() error { _, err := d.Scan(ctx, d.people["secretary"], d.at(0), 3); return err })
	d.tell(doc, do{"organisation", MoveConfirm, Confirmed, ""})
}

package cycle

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/policy"
)

// TestSignaturesOfPublication walks through who may not do what in the approval of a publication; a refused call writes nothing.
func TestSignaturesOfPublication(t *testing.T) {
	d := newDesk(t, 1)
	d.full(t, "p0001", "2026-08-10")
	const id = "2026Q3"
	made := d.evaluated(t, id)
	ctx, sender := t.Context(), person("sender", "property_officer")
	send := func(by policy.Actor, evaluation string) func() error {
		return func() error { _, err := d.Send(ctx, by, id, evaluation); return err }
	}
	d.refused(t, fault.Forbidden, "", send(vice, made.ID))
	d.refused(t, fault.Forbidden, "", send(firmOne, made.ID))
	d.refused(t, fault.Conflict, "又评价过一次", send(officer, "another"))
	d.refused(t, fault.Conflict, "还没有送审", func() error { _, err := d.Publish(ctx, chief, id, made.ID, ""); return err })

	d.heard(t, id)
	p := must[Period](t)(d.Send(ctx, sender, id, made.ID))
	if p.Sent.Minutes != "" || p.Approval.Chain.ID != ChainQuarter || p.Approval.Maker != sender.ID {
		t.Errorf("sent %+v by %s through %s", p.Sent, p.Approval.Maker, p.Approval.Chain.ID)
	}
	sign := func(by policy.Actor, change func(*policy.Sign), typed string) func() error {
		in := policy.Sign{Move: policy.MoveAgree, SubjectHash: p.Approval.SubjectHash}
		change(&in)
		return func() error { _, err := d.Sign(ctx, by, id, in, typed); return err }
	}
	right := func(*policy.Sign) {}
	for _, tt := range []struct {
		name  string
		by    policy.Actor
		in    func(*policy.Sign)
		typed string
		kind  fault.Kind
		words string
	}{
		{"who evaluated it", officer, right, password, fault.Forbidden, "S-1"},
		{"who sent it", sender, right, password, fault.Forbidden, "由你经办"},
		{"a second office of who sent it", policy.Actor{ID: sender.ID, Appointments: chief.Appointments}, right, password, fault.Forbidden, "由你经办"},
		{"not his turn", boss, right, password, fault.Forbidden, "现在不是由你签署"},
		{"from outside", firmOne, right, password, fault.Forbidden, ""},
		{"a wrong password", chief, right, "wrong", fault.Invalid, "current"},
		{"another result", chief, func(in *policy.Sign) { in.SubjectHash = "sha256:" + strings.Repeat("0", 64) }, password, fault.Conflict, "内容已经变化"},
		{"returned without a reason", chief, func(in *policy.Sign) { in.Move = policy.MoveReturn }, password, fault.Invalid, "reason"},
		{"a deputy without a reason", vice, right, password, fault.Invalid, "reason"},
		{"a scan that nobody recorded", chief, func(in *policy.Sign) {
			in.Move, in.Paper = policy.MoveConfirmPaper, &policy.PaperSignature{FileHash: "sha256:" + strings.Repeat("0", 64)}
		}, password, fault.Conflict, "没有等待核对"},
	} {
		t.Run(tt.name, func(t *testing.T) { d.refused(t, tt.kind, tt.words, sign(tt.by, tt.in, tt.typed)) })
	}
	d.refused(t, fault.Conflict, "正在审批", send(officer, made.ID))
	d.refused(t, fault.Forbidden, "只有经办人", func() error { _, err := d.Withdraw(ctx, chief, id); return err })
	if !d.MaySign(ctx, chief, &p) || d.MaySign(ctx, officer, &p) || d.MaySign(ctx, boss, &p) {
		t.Error("it does not wait for the head of the section alone")
	}
	if err := d.agrees(t, chief, id); err != nil {
		t.Fatal(err)
	}
	d.refused(t, fault.Forbidden, "已经签过", func() error { return d.agrees(t, chief, id) })
	d.refused(t, fault.Conflict, "还在审批", func() error { _, err := d.Publish(ctx, chief, id, made.ID, ""); return err })
	if err := d.agrees(t, vice, id); err != nil {
		t.Fatal(err)
	}
	d.refused(t, fault.Conflict, "又评价过一次", func() error { _, err := d.Publish(ctx, boss, id, "another", ""); return err })
	both := policy.Actor{ID: sender.ID, Appointments: boss.Appointments}
	d.refused(t, fault.Forbidden, "S-2", func() error { _, err := d.Publish(ctx, both, id, made.ID, ""); return err })
	if _, err := d.Publish(ctx, chief, id, made.ID, ""); err != nil {
		t.Fatal(err)
	}
}

// TestEvaluatorSignsNowhere: who evaluated signs neither himself, nor on paper, nor through a deputy.
func TestEvaluatorSignsNowhere(t *testing.T) {
	d := newDesk(t, 1)
	d.full(t, "p0001", "2026-08-10")
	d.closed(t, "2026Q3")
	made, err := d.Evaluate(t.Context(), chief, "2026Q3")
	if err != nil {
		t.Fatal(err)
	}
	d.heard(t, "2026Q3")
	p := must[Period](t)(d.Send(t.Context(), officer, "2026Q3", made.ID))
	stands := person("other", "property_officer")
	stands.Deputizes = []policy.Deputizing{{For: chief.ID, Appointments: chief.Appointments}}
	d.refused(t, fault.Forbidden, "现在不是由你签署", func() error { return d.agrees(t, stands, "2026Q3") })
	d.refused(t, fault.Forbidden, "S-1", func() error {
		_, err := d.SignOnPaper(t.Context(), officer, "2026Q3", policy.OnPaper{Hash: p.Approval.SubjectHash, Signer: chief.ID, SignedOn: on(t, "2026-09-30"), Upload: d.scan(t)}, password)
		return err
	})
}

// scan is a picture that waits in a temporary file.
func (d *desk) scan(t testing.TB) *files.Upload {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	up := must[*files.Upload](t)(d.keeper.Receive("签字件.png", &b, files.PNG))
	t.Cleanup(func() { _ = up.Close() })
	return up
}

// TestYearSignedOnPaper: an absent person's deputy signs the second level, the last one signs on paper; the scan counts after a second look.
func TestYearSignedOnPaper(t *testing.T) {
	d := newDesk(t, 1)
	d.full(t, "p0001", "2026-08-10")
	d.published(t, "2026Q3")
	d.set(t, "2026-12-01")
	must[Period](t)(d.Plan(t.Context(), officer, "2026", on(t, "2027-01-10"), on(t, "2027-01-20")))
	must[Period](t)(d.Open(t.Context(), officer, "2026"))
	d.set(t, "2027-01-11")
	must[Period](t)(d.Close(t.Context(), officer, "2026"))
	d.set(t, "2027-01-21")
	made, err := d.Evaluate(t.Context(), officer, "2026")
	if err != nil {
		t.Fatal(err)
	}
	d.heard(t, "2026")
	p := must[Period](t)(d.Send(t.Context(), officer, "2026", made.ID))
	if err := d.agrees(t, chief, "2026"); err != nil {
		t.Fatal(err)
	}
	stands := person("colleague", "legal_officer")
	stands.Deputizes = []policy.Deputizing{{For: vice.ID, Appointments: vice.Appointments}}
	if err := d.agrees(t, stands, "2026"); err != nil {
		t.Fatal(err)
	}
	paper := policy.OnPaper{Hash: p.Approval.SubjectHash, Signer: boss.ID, SignedOn: calendar.DateOf(d.Clock()), Upload: d.scan(t)}
	record := func(change func(*policy.OnPaper), typed string) func() error {
		in := paper
		change(&in)
		return func() error { _, err := d.SignOnPaper(t.Context(), officer, "2026", in, typed); return err }
	}
	for _, tt := range []struct {
		name, typed string
		change      func(*policy.OnPaper)
		kind        fault.Kind
		words       string
	}{
		{"no scan", password, func(in *policy.OnPaper) { in.Upload = nil }, fault.Invalid, "paper"},
		{"nobody signed", password, func(in *policy.OnPaper) { in.Signer = "" }, fault.Invalid, "signer"},
		{"signed tomorrow", password, func(in *policy.OnPaper) { in.SignedOn = calendar.DateOf(d.Clock()).Add(1) }, fault.Invalid, "signed_on"},
		{"for whom it does not wait", password, func(in *policy.OnPaper) { in.Signer = chief.ID }, fault.Forbidden, "签过"},
		{"a wrong password", "wrong", func(*policy.OnPaper) {}, fault.Invalid, "current"},
	} {
		t.Run(tt.name, func(t *testing.T) { d.refused(t, tt.kind, tt.words, record(tt.change, tt.typed)) })
	}
	if err := record(func(*policy.OnPaper) {}, password)(); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	p = must[Period](t)(d.Period(t.Context(), officer, "2026"))
	if len(p.Scans) != 1 || len(p.Approval.Papers()) != 1 || !p.Signing() {
		t.Fatalf("after the scan: %d scans, %+v", len(p.Scans), p.Approval)
	}
	hash := p.Approval.Papers()[0].Paper.FileHash
	if d.MayLook(t.Context(), officer, &p, hash) || !d.MayLook(t.Context(), chief, &p, hash) {
		t.Error("the scan is to be looked at by somebody else than who recorded it")
	}
	look := policy.Sign{Move: policy.MoveConfirmPaper, SubjectHash: p.Approval.SubjectHash, Paper: &policy.PaperSignature{FileHash: hash}}
	d.refused(t, fault.Forbidden, "另一人核对", func() error { _, err := d.Sign(t.Context(), officer, "2026", look, password); return err })
	if p = must[Period](t)(d.Sign(t.Context(), chief, "2026", look, password)); !p.Approved() {
		t.Errorf("not approved: %+v", p.Approval)
	}
	p = must[Period](t)(d.Publish(t.Context(), chief, "2026", made.ID, "都建发〔2027〕12号"))
	if p.Publication.Number == "" || p.Publication.Minutes == "" {
		t.Errorf("published %+v", p.Publication)
	}
}

// TestOldPeriodIsRead: a period that was published before publications were approved is still what it was.
func TestOldPeriodIsRead(t *testing.T) {
	const old = `{"id":"2025","rhythm":"year","name":"2025年度","state":"published","evaluation":"e","publication":{"by":"a","at":"2026-01-20T01:00:00.000Z","number":"都建发〔2026〕3号","root":"r","count":3}}`
	var p Period
	if err := json.Unmarshal([]byte(old), &p); err != nil {
		t.Fatal(err)
	}
	if p.Approval != nil || p.ToSend() || p.Signing() || p.Approved() || p.Publication.Number != "都建发〔2026〕3号" {
		t.Errorf("%+v", p)
	}
}

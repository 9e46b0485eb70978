package station

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
)

// modelPeople are the three parts of a selection.
func (d *desk) modelPeople() map[policy.Action]policy.Actor {
	county := policy.Actor{ID: "a-county", Appointments: []policy.Appointment{{Role: "organisation", Scopes: []string{policy.County}}}}
	return map[policy.Action]policy.Actor{policy.RecommendModel: d.secretary, policy.ReviewModel: d.town, policy.NameModel: county}
}

var aModel = ModelInput{Name: "张晓敏", Deeds: "十年来义务照看楼栋老人，带动三十户参加志愿服务", Consent: true}

// led brings a new recommendation into a state and returns its id.
func (d *desk) led(to ModelState) string {
	d.t.Helper()
	ctx := d.t.Context()
	id, err := d.Recommend(ctx, d.secretary, east, aModel)
	if err != nil {
		d.t.Fatal(err, fault.FieldsOf(err))
	}
	moves := map[ModelState][]ModelMove{ModelRecommended: nil, ModelReturned: {MoveReturn}, ModelReviewed: {MoveReview}, ModelShown: {MoveReview, MoveShow}, ModelNamed: {MoveReview, MoveShow, MoveName},
		ModelEnded: {MoveReview, MoveShow, MoveName, MoveEnd}, ModelRefused: {MoveRefuse}, ModelWithdrawn: {MoveRetract}}[to]
	for i, move := range moves {
		if move == MoveName {
			d.now = d.now.AddDate(0, 0, 6)
		}
		row, err := d.OneModel(ctx, d.secretary, id)
		if err != nil {
			d.t.Fatal(err)
		}
		if err := d.MoveModel(ctx, d.modelPeople()[row.action(move)], id, ModelStep{Move: move, Seq: int64(i + 1), Reason: "材料不全"}); err != nil {
			d.t.Fatal(move, err)
		}
	}
	return id
}

// onePage begins like a PDF, which is what a scan is told by.
var onePage = []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")

// scan is an upload as the pages receive it.
func (d *desk) scan(name string, data []byte) *files.Upload {
	d.t.Helper()
	upload, err := d.files.Receive(name, bytes.NewReader(data), files.PDF, files.JPEG, files.PNG, files.XLSX)
	if err != nil {
		d.t.Fatal(err, fault.FieldsOf(err))
	}
	d.t.Cleanup(func() { _ = upload.Close() })
	return upload
}

// Every state with every move: what the table knows goes through, everything else is a Conflict that writes nothing.
func TestModelMoves(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	for _, state := range ModelStates() {
		for _, move := range ModelMoves() {
			id := d.led(state)
			row, err := d.OneModel(ctx, d.secretary, id)
			if err != nil || row.State != state {
				t.Fatalf("%s: %s %v", state, row.State, err)
			}
			if state == ModelShown && move == MoveName {
				d.refused("named before the publicity ended", fault.Conflict, "期满以后", func() error {
					return d.MoveModel(ctx, d.modelPeople()[policy.NameModel], id, ModelStep{Move: move, Seq: row.Seq})
				})
				d.now = d.now.AddDate(0, 0, 6)
			}
			do := func() error {
				return d.MoveModel(ctx, d.modelPeople()[row.action(move)], id, ModelStep{Move: move, Seq: row.Seq, Reason: "材料不全", Input: aModel, Paper: d.scan("同意书.pdf", onePage)})
			}
			want, known := modelMoves[state][move]
			if !known {
				d.refused(string(state)+" "+string(move), fault.Conflict, "不能"+string(move), do)
				continue
			}
			if err := do(); err != nil {
				t.Errorf("%s %s: %v", state, move, err)
				continue
			}
			if row, err = d.OneModel(ctx, d.secretary, id); err != nil || row.State != want {
				t.Errorf("%s %s leads to %s, want %s, %v", state, move, row.State, want, err)
			}
		}
	}
}

// Who may, who may not, and nobody does two parts.
func TestModelRights(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	people := d.modelPeople()
	d.refused("another community", fault.NotFound, "", func() error { _, err := d.Recommend(ctx, d.neighbour, east, aModel); return err })
	d.refused("the bureau", fault.Forbidden, "", func() error { _, err := d.Recommend(ctx, d.officer, east, aModel); return err })
	for want, in := range map[string]ModelInput{"name": {Name: "张*敏", Deeds: aModel.Deeds}, "deeds 事迹有 2 个字": {Name: "张晓敏", Deeds: "热心"}, "不要写本人姓名": {Name: "张晓敏", Deeds: "张晓敏十年来义务照看楼栋老人"}} {
		d.refused(want, fault.Invalid, want, func() error { _, err := d.Recommend(ctx, d.secretary, east, in); return err })
	}
	id := d.led(ModelRecommended)
	for _, tt := range []struct {
		name string
		by   policy.Actor
		step ModelStep
		kind fault.Kind
	}{
		{"the community reviews", d.secretary, ModelStep{Move: MoveReview, Seq: 1}, fault.Forbidden},
		{"the county reviews", people[policy.NameModel], ModelStep{Move: MoveReview, Seq: 1}, fault.Forbidden},
		{"a neighbour takes back", d.neighbour, ModelStep{Move: MoveRetract, Seq: 1}, fault.NotFound},
		{"an old page", d.town, ModelStep{Move: MoveReview, Seq: 9}, fault.Conflict},
		{"returned without reason", d.town, ModelStep{Move: MoveReturn, Seq: 1}, fault.Invalid},
		{"an unknown move", d.secretary, ModelStep{Move: "表扬", Seq: 1}, fault.Conflict},
	} {
		d.refused(tt.name, tt.kind, "", func() error { return d.MoveModel(ctx, tt.by, id, tt.step) })
	}
	both := policy.Actor{ID: d.secretary.ID, Appointments: append(slices.Clone(d.secretary.Appointments), d.town.Appointments...)}
	d.refused("reviews what he recommended", fault.Forbidden, "", func() error { return d.MoveModel(ctx, both, id, ModelStep{Move: MoveReview, Seq: 1}) })
	if err := d.MoveModel(ctx, d.town, id, ModelStep{Move: MoveReview, Seq: 1}); err != nil {
		t.Fatal(err)
	}
	twice := policy.Actor{ID: d.town.ID, Appointments: append(slices.Clone(d.town.Appointments), people[policy.NameModel].Appointments...)}
	d.refused("names what he reviewed", fault.Forbidden, "", func() error { return d.MoveModel(ctx, twice, id, ModelStep{Move: MoveShow, Seq: 2}) })
}

// Everybody sees who is shown and named, with the name by consent only, and without it from the moment in which it is withdrawn.
func TestModelConsent(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := d.led(ModelNamed)
	d.led(ModelRecommended)
	public := func(want string) {
		t.Helper()
		rows, err := d.Models(ctx, policy.Actor{}, "")
		if err != nil || len(rows) != 1 || rows[0].Name != want || rows[0].Deeds != aModel.Deeds || rows[0].By != "" {
			t.Errorf("everybody sees %+v %v, want %s", rows, err, want)
		}
	}
	public("张晓敏")
	then := store.KnownAt(ctx, d.now)
	d.now = d.now.AddDate(0, 0, 1)
	if err := d.MoveModel(ctx, d.secretary, id, ModelStep{Move: MoveConsent, Seq: 4}); err != nil {
		t.Fatal(err)
	}
	public(nameless)
	// Who looks back to the day of the consent finds the selection, but what was taken down stays down.
	if rows, err := d.Models(then, policy.Actor{}, ""); err != nil || len(rows) != 1 || rows[0].Name != nameless || !rows[0].Consent {
		t.Errorf("looking back: %+v %v", rows, err)
	}
	if row, err := d.OneModel(ctx, d.town, id); err != nil || row.Name != "张晓敏" {
		t.Errorf("the township sees %q %v", row.Name, err)
	}
	if err := d.MoveModel(ctx, d.secretary, id, ModelStep{Move: MoveConsent, Seq: 5, Consent: true}); err != nil {
		t.Fatal(err)
	}
	public("张晓敏")
	if rows, err := d.Models(ctx, d.neighbour, ""); err != nil || len(rows) != 0 {
		t.Errorf("another community works with %+v %v", rows, err)
	}
	if rows, err := d.Models(ctx, d.town, ModelNamed); err != nil || len(rows) != 1 {
		t.Errorf("the township lists %+v %v", rows, err)
	}
	shown := d.led(ModelShown)
	then = store.KnownAt(ctx, d.now)
	d.now = d.now.AddDate(0, 0, 1)
	if err := d.MoveModel(ctx, d.modelPeople()[policy.NameModel], shown, ModelStep{Move: MoveRefuse, Seq: 3, Reason: "公示期间有异议"}); err != nil {
		t.Fatal(err)
	}
	if row, err := d.OneModel(then, d.town, shown); err != nil || row.Name != store.PurgedText || row.State != ModelShown {
		t.Errorf("looking back at who was refused later: %+v %v", row, err)
	}
}

// The scan of a consent: only with a consent, only for who may see the name; it goes with the consent, and its bytes with the job that removes files.
func TestConsentPaper(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := d.led(ModelNamed)
	attach := func(by policy.Actor, seq int64, paper *files.Upload) func() error {
		return func() error { return d.MoveModel(ctx, by, id, ModelStep{Move: MovePaper, Seq: seq, Paper: paper}) }
	}
	pdf := d.scan("张晓敏同意书.pdf", onePage)
	d.refused("nothing chosen", fault.Invalid, "paper 请选择同意书的扫描件", attach(d.secretary, 4, nil))
	d.refused("the township", fault.Forbidden, "", attach(d.town, 4, pdf))
	d.refused("another community", fault.NotFound, "", attach(d.neighbour, 4, pdf))
	d.refused("an old page", fault.Conflict, "", attach(d.secretary, 3, pdf))
	if err := d.MoveModel(ctx, d.secretary, id, ModelStep{Move: MoveConsent, Seq: 4}); err != nil {
		t.Fatal(err)
	}
	d.refused("without a consent", fault.Invalid, "paper 本人没有同意", attach(d.secretary, 5, pdf))
	if err := d.MoveModel(ctx, d.secretary, id, ModelStep{Move: MoveConsent, Seq: 5, Consent: true}); err != nil {
		t.Fatal(err)
	}
	if err := attach(d.secretary, 6, pdf)(); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	for who, by := range map[string]policy.Actor{"the community": d.secretary, "the township": d.town, "the county": d.modelPeople()[policy.NameModel]} {
		r, size, file, err := d.OpenConsent(ctx, by, id)
		if err != nil {
			t.Errorf("%s: %v", who, err)
			continue
		}
		got, err := io.ReadAll(r)
		if err != nil || r.Close() != nil || !bytes.Equal(got, onePage) || size != int64(len(onePage)) || file.Kind != files.PDF || file.Name != "张晓敏同意书.pdf" {
			t.Errorf("%s reads %q %+v %v", who, got, file, err)
		}
	}
	open := func(by policy.Actor) func() error {
		return func() error { _, _, _, err := d.OpenConsent(ctx, by, id); return err }
	}
	d.refused("opened by another community", fault.NotFound, "", open(d.neighbour))
	d.refused("opened by the bureau", fault.Forbidden, "", open(d.officer))
	auditor := policy.Actor{ID: "a-auditor", Appointments: []policy.Appointment{{Role: "auditor", Scopes: []string{policy.County}}}}
	if row, err := d.OneModel(ctx, auditor, id); err != nil || row.Opens || row.Paper == nil || row.Paper.Name != "" {
		t.Errorf("an auditor sees %+v %v", row, err)
	}
	d.refused("opened by who may not see names", fault.NotFound, "", open(auditor))
	d.refused("opened by everybody", fault.Unauthenticated, "", open(policy.Actor{}))
	rows, err := d.Models(ctx, policy.Actor{}, "")
	if err != nil || len(rows) != 1 || rows[0].Paper != nil || rows[0].Opens {
		t.Errorf("everybody is told of the paper: %+v %v", rows, err)
	}

	// Months later nobody removes it, because a selection holds it; with the consent it goes.
	swept := func() int {
		t.Helper()
		held, err := d.Consents(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n, err := d.files.Sweep(ctx, store.Meta{By: "system", Action: "job.run"}, d.now.Add(time.Second), held)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := swept(); n != 0 {
		t.Errorf("%d files removed that a selection holds", n)
	}
	if err := d.MoveModel(ctx, d.secretary, id, ModelStep{Move: MoveConsent, Seq: 7}); err != nil {
		t.Fatal(err)
	}
	if n := swept(); n != 1 {
		t.Errorf("%d files removed after the consent was withdrawn", n)
	}
	d.refused("opened after it went", fault.NotFound, "", open(d.secretary))
}

// A naming is taken back: with a reason and a day, and the public does not see it any more.
func TestNamingTakenBack(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := d.led(ModelNamed)
	county := d.modelPeople()[policy.NameModel]
	end := func(by policy.Actor, why string) func() error {
		return func() error { return d.MoveModel(ctx, by, id, ModelStep{Move: MoveEnd, Seq: 4, Reason: why}) }
	}
	d.refused("no reason", fault.Invalid, "reason", end(county, ""))
	d.refused("the community", fault.Forbidden, "", end(d.secretary, "不再从事志愿服务"))
	d.refused("the township", fault.Forbidden, "", end(d.town, "不再从事志愿服务"))
	if rows, err := d.Models(ctx, policy.Actor{}, ""); err != nil || len(rows) != 1 {
		t.Fatalf("%+v %v", rows, err)
	}
	if err := end(county, "不再从事志愿服务")(); err != nil {
		t.Fatal(err)
	}
	if rows, err := d.Models(ctx, policy.Actor{}, ""); err != nil || len(rows) != 0 {
		t.Errorf("everybody still sees %+v %v", rows, err)
	}
	row, err := d.OneModel(ctx, d.town, id)
	if err != nil || row.State != ModelEnded || row.Reason != "不再从事志愿服务" || row.Ended != d.today() || row.Name != "张晓敏" {
		t.Errorf("%+v %v", row, err)
	}
}

// Names of those whose selection came to nothing are not shown after the decision and destroyed in the night after; everything else stays, and all other names too.
func TestNamesAreForgotten(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	named, refused, withdrawn := d.led(ModelNamed), d.led(ModelRefused), d.led(ModelWithdrawn)
	for _, id := range []string{refused, withdrawn} {
		row, err := d.OneModel(ctx, d.secretary, id)
		if err != nil || row.Name != store.PurgedText || row.Deeds != aModel.Deeds {
			t.Errorf("shown after the decision: %+v %v", row, err)
		}
		if stored, err := d.models.Load(ctx, id); err != nil || stored.State.Name != aModel.Name {
			t.Fatalf("%+v %v", stored, err)
		}
	}
	for range 2 {
		if err := d.ForgetModels(ctx, d.now); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{refused, withdrawn} {
		doc, err := d.models.Load(ctx, id)
		if err != nil || !doc.Purged || doc.State.Name != store.PurgedText {
			t.Errorf("in the journal: %+v %v", doc, err)
		}
		for change, err := range d.models.History(ctx, id) {
			if err != nil || strings.Contains(change.State.Name, aModel.Name) {
				t.Errorf("in its history: %q %v", change.State.Name, err)
			}
		}
	}
	before, err := d.db.Engine().LastN(ctx)
	if err != nil {
		t.Fatal(err)
	}
	err = d.ForgetModels(ctx, d.now)
	if after, countErr := d.db.Engine().LastN(ctx); err != nil || countErr != nil || after != before {
		t.Errorf("forgotten again: %v %v", err, countErr)
	}
	if row, err := d.OneModel(ctx, d.secretary, named); err != nil || row.Name != aModel.Name {
		t.Errorf("%+v %v", row, err)
	}
}

// Whoever is meant after a recommendation was mended has not agreed yet.
func TestAnotherPersonHasNotAgreed(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := d.led(ModelRecommended)
	for _, step := range []struct {
		by policy.Actor
		ModelStep
	}{{d.secretary, ModelStep{Move: MovePaper, Paper: d.scan("同意书.pdf", onePage)}}, {d.town, ModelStep{Move: MoveReturn, Reason: "姓名写错"}}, {d.secretary, ModelStep{Move: MoveRecommend, Input: ModelInput{Name: "张晓明", Deeds: aModel.Deeds}}}} {
		row, err := d.OneModel(ctx, d.secretary, id)
		if err != nil {
			t.Fatal(err)
		}
		step.Seq = row.Seq
		if err := d.MoveModel(ctx, step.by, id, step.ModelStep); err != nil {
			t.Fatal(step.Move, err, fault.FieldsOf(err))
		}
	}
	if row, err := d.OneModel(ctx, d.secretary, id); err != nil || row.Consent || row.Paper != nil || row.Name != "张晓明" {
		t.Errorf("%+v %v", row, err)
	}
}

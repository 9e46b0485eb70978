package station

import (
	"slices"
	"testing"

	"redsteward/internal/fault"
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
		ModelRefused: {MoveRefuse}, ModelWithdrawn: {MoveRetract}}[to]
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
				return d.MoveModel(ctx, d.modelPeople()[row.action(move)], id, ModelStep{Move: move, Seq: row.Seq, Reason: "材料不全", Input: aModel})
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
	if err := d.MoveModel(ctx, d.secretary, id, ModelStep{Move: MoveConsent, Seq: 4}); err != nil {
		t.Fatal(err)
	}
	public(nameless)
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
}

package matter

import (
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

func (d *desk) told(key string, photos ...*files.Upload) Told {
	d.T.Helper()
	in := Input{Category: "cleaning", Community: east, Project: d.project, Where: "北门垃圾房", Words: "垃圾两天没有清运", Photos: photos, Idem: &store.Idem{Key: key, Body: []byte(key)}}
	return registrytest.Must[Told](d.T)(d.Tell(d.T.Context(), policy.Actor{}, in))
}

// TestTell: a stranger gets number and code, follows his matter with both and with nothing less, judges it and has it reopened once; nothing of a person is stored.
func TestTell(t *testing.T) {
	d := newDesk(t)
	ctx, nobody := t.Context(), policy.Actor{}
	photo := d.Photo()
	photo.Name = "王芳家.png"
	told := d.told("a", photo)
	if again := d.told("a", photo); again.Number != told.Number || again.Code != told.Code {
		t.Error("the same form twice is two matters")
	}
	if len(told.Number) != supervision.NumberLength || len(told.Code) != supervision.CodeLength || told.State != Reported {
		t.Errorf("%+v", told)
	}
	raw := d.did(d.rows.Load(ctx, d.tickets.ID(told.Number)))
	if raw.State.Reported.By != string(policy.Anonymous) || raw.State.Source != SourceResident || raw.State.Photos[0].Name != "照片1" || strings.Contains(raw.State.Ticket.Secret, told.Code) {
		t.Errorf("%+v", raw.State)
	}
	for name, of := range map[string][2]string{"no such number": {"ABCDEFGH", told.Code}, "another code": {told.Number, "ABCDEF"}, "no code": {told.Number, ""}, "nothing": {"", ""}} {
		d.Refused(name, fault.NotFound, func() error { _, err := d.LookUp(ctx, nobody, of[0], of[1]); return err })
		d.Refused(name, fault.NotFound, func() error {
			_, err := d.ReopenTold(ctx, nobody, of[0], of[1], "没有解决", nil)
			return err
		})
	}
	for field, bad := range map[string]Input{"community": {Category: "cleaning", Where: "北门", Words: "垃圾两天没有清运"}, "where": {Category: "cleaning", Community: east, Words: "垃圾两天没有清运"}, "category": {Community: east, Where: "北门", Words: "垃圾两天没有清运"},
		"words": {Category: "cleaning", Community: east, Where: "北门", Words: "打13800000000找我"}} {
		d.Refused(field, fault.Invalid, func() error { _, err := d.Tell(ctx, nobody, bad); return err }, field)
	}
	d.Refused("judged before an answer", fault.Conflict, func() error {
		_, err := d.Judge(ctx, nobody, told.Number, told.Code, true, "yes", nil)
		return err
	})
	m := d.did(d.Dispatch(ctx, d.dispatcher, at(raw), "housing"))
	m = d.did(d.Accept(ctx, d.officer, at(m)))
	m = d.did(d.Begin(ctx, d.officer, at(m)))
	m = d.did(d.Answer(ctx, d.officer, at(m), good()))
	if m.State.State != Answered {
		t.Errorf("%+v", m.State)
	}
	now := registrytest.Must[Told](t)(d.LookUp(ctx, nobody, strings.ToLower(told.Number[:4])+" "+told.Number[4:], told.Code))
	if !now.CanJudge || now.CanReopen || now.Answer != good().Words || now.Department != "县住建局" {
		t.Errorf("%+v", now)
	}
	d.Refused("no word of satisfaction", fault.Invalid, func() error {
		_, err := d.Judge(ctx, nobody, told.Number, told.Code, true, "unreached", nil)
		return err
	}, "满意")
	now = registrytest.Must[Told](t)(d.Judge(ctx, nobody, told.Number, told.Code, false, "no", nil))
	if now.State != Unfixed || !now.CanReopen {
		t.Errorf("%+v", now)
	}
	// The firm and the department learn neither who told of it nor that somebody without an account judged it.
	for _, by := range []policy.Actor{d.manager, d.officer} {
		seen := d.did(d.One(ctx, by, m.ID))
		if s := &seen.State; s.Source != "" || s.Ticket != nil || s.Reported.By != "" || s.Hand.By != "" || s.Check.By.By != "" || s.Check.Way != WaySample {
			t.Errorf("%s learns %+v", by.ID, s)
		}
		for _, h := range registrytest.Must[[]Happened](t)(d.History(ctx, by, m.ID)) {
			if h.By.By == string(policy.Anonymous) {
				t.Errorf("%s reads who did %s", by.ID, h.Move)
			}
		}
	}
	now = registrytest.Must[Told](t)(d.ReopenTold(ctx, nobody, told.Number, told.Code, "又堆满了", nil))
	if now.State != Reopened || now.CanReopen {
		t.Errorf("%+v", now)
	}
	m = d.did(d.rows.Load(ctx, m.ID))
	m = d.did(d.Dispatch(ctx, d.dispatcher, at(m), "housing"))
	m = d.did(d.Accept(ctx, d.officer, at(m)))
	m = d.did(d.Begin(ctx, d.officer, at(m)))
	m = d.did(d.Answer(ctx, d.officer, at(m), good()))
	d.did(d.Verify(ctx, d.worker, at(m), CheckInput{Move: MoveFixed, Words: "现场看过"}))
	d.Refused("reopened twice", fault.Conflict, func() error {
		_, err := d.ReopenTold(ctx, nobody, told.Number, told.Code, "又堆满了", nil)
		return err
	})
	communities, compounds, err := d.OpenPlaces(ctx, nobody, east)
	if err != nil || len(communities) == 0 || len(compounds) != 1 || compounds[0].Text != "望湖苑" {
		t.Error(communities, compounds, err)
	}
}

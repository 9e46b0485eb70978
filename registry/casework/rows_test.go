package casework_test

import (
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

// note is a document that the frame keeps in this test.
type note struct {
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	Text string        `json:"text" privacy:"public"`
}

const (
	here  = "d360428001001"
	there = "d360428001002"
)

func TestRows(t *testing.T) {
	d := registrytest.NewDesk(t, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))
	ctx := t.Context()
	rows := registrytest.Must[*casework.Rows[note]](t)(casework.NewRows(ctx, d.DB, d.Guard, casework.Kind[note]{Word: "这份记录", Read: policy.ReadRegister,
		Kind: store.Kind[note]{Name: "note", Version: 1, Indexes: []store.Index[note]{{Name: "scope", Keys: func(_ string, n *note) []string { return append([]string{policy.County}, n.Keys...) }}}},
		Row:  func(n *note) casework.Row { return casework.Row{Keys: n.Keys, Day: n.Day, State: n.Text} }}))
	officer, worker := registrytest.Person("officer", "property_officer", policy.County), registrytest.Person("worker", "community_worker", policy.CommunityKey(here))
	begin := func(community, project string, idem *store.Idem) store.Doc[note] {
		t.Helper()
		return registrytest.Must[store.Doc[note]](t)(rows.Begin(ctx, officer, policy.WriteRegister, "登记", idem, func(begun casework.New) (note, error) {
			keys := []string{policy.CommunityKey(community), policy.ProjectKey(project)}
			return note{keys, d.Today(), "新"}, begun.Scope.Require("test", keys, d.Today())
		}))
	}
	idem := &store.Idem{Key: "k1", Body: []byte("form")}
	first := begin(here, "p1", idem)
	if again := begin(here, "p1", idem); again.ID != first.ID {
		t.Errorf("a retry began %s beside %s", again.ID, first.ID)
	}
	begin(here, "p2", nil)
	far := begin(there, "p3", nil)

	all := func(by policy.Actor, q store.Query) int {
		t.Helper()
		q.Index = "scope"
		return len(registrytest.Must[[]store.Doc[note]](t)(rows.All(ctx, by, q, func(*note) bool { return true })))
	}
	for name, tt := range map[string]struct{ got, want int }{
		"the officer's scope":                       {all(officer, store.Query{}), 3},
		"the worker's":                              {all(worker, store.Query{}), 2},
		"one project of it":                         {all(worker, store.Query{Key: policy.ProjectKey("p1")}), 1},
		"a project outside":                         {all(worker, store.Query{Key: policy.ProjectKey("p3")}), 0},
		"a key that names more than the scope":      {all(worker, store.Query{Key: policy.County}), 2},
		"the neighbour's community, by its own key": {all(worker, store.Query{Key: policy.CommunityKey(there)}), 0},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d rows, want %d", name, tt.got, tt.want)
		}
	}

	change := func(by policy.Actor, id string, seq int64, f func(*note) error) func() error {
		return func() error {
			_, err := rows.Change(ctx, by, policy.WriteRegister, casework.At{ID: id, Seq: seq}, "改", f)
			return err
		}
	}
	to := func(text string) func(*note) error { return func(n *note) error { n.Text = text; return nil } }
	if err := change(officer, first.ID, first.Seq, to("改过"))(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		kind fault.Kind
		call func() error
		said string
	}{
		{"without the right", fault.Forbidden, change(worker, first.ID, first.Seq+1, to("x")), ""},
		{"from an old page", fault.Conflict, change(officer, first.ID, first.Seq, to("x")), "这份记录刚被别人办过，现在是“改过”"},
		{"what is refused", fault.Invalid, change(officer, first.ID, first.Seq+1, func(n *note) error {
			n.Text = "x"
			return fault.InvalidFields("test", fault.Field{Name: "text", Message: "不对"})
		}), "不对"},
		{"one that is not there", fault.NotFound, change(officer, "none", 1, to("x")), "没有找到这份记录"},
		{"no id at all", fault.NotFound, change(officer, "a/b", 1, to("x")), "没有找到这份记录"},
		{"one outside, as if it were not there", fault.NotFound, func() error { _, err := rows.One(ctx, worker, far.ID); return err }, "没有找到这份记录"},
		{"its history", fault.NotFound, func() error { _, err := rows.History(ctx, worker, far.ID); return err }, "没有找到这份记录"},
		{"begun without the right", fault.Forbidden, func() error {
			_, err := rows.Begin(ctx, worker, policy.WriteRegister, "登记", nil, func(casework.New) (note, error) { return note{}, nil })
			return err
		}, ""},
	} {
		d.Refused(tt.name, tt.kind, tt.call, tt.said)
	}
	if now := registrytest.Must[store.Doc[note]](t)(rows.One(ctx, worker, first.ID)); now.State.Text != "改过" || now.Seq != first.Seq+1 {
		t.Errorf("%+v", now)
	}
	// A key of the list and a moment say what would be lost with a division or project.
	if said := registrytest.Must[string](t)(rows.Touched(ctx, "scope", policy.CommunityKey(here), time.Time{}, "份记录")); said != "2 份记录" {
		t.Error(said)
	}
	if said := registrytest.Must[string](t)(rows.Touched(ctx, "scope", policy.CommunityKey(here), d.Clock().Add(time.Hour), "份记录")); said != "" {
		t.Error(said)
	}
}

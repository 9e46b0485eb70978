package casework_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

// TestSeals: the office sees what is approved and not sent yet, numbers it and seals it once; what was taken back or sent meanwhile is refused and writes nothing.
func TestSeals(t *testing.T) {
	ctx := t.Context()
	d := &numbers{Desk: registrytest.NewDesk(t, registrytest.Day("2026-10-19").Begins().Add(9*time.Hour)), kinds: map[string]*casework.Cases[notice]{}}
	d.open()
	d.kinds["order"].Awaits(func(n *notice) []casework.Awaited {
		if n.Sent != nil || n.Reason != "" {
			return nil
		}
		return []casework.Awaited{{Code: "order.send", Title: "通知书", To: "安居物业", Print: "paper"}}
	})
	office := policy.Actor{ID: "o", Name: "o", Appointments: []policy.Appointment{{Role: "office", Scopes: []string{policy.County}}}}
	waiting := func(want ...string) {
		t.Helper()
		list, err := d.letters.Waiting(ctx, office)
		var got []string
		for _, w := range list {
			got = append(got, w.About+" "+w.Number+" "+w.Sealed.String())
		}
		if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("waiting %q, %v; want %q", got, err, want)
		}
	}
	first, second := d.begin("order", "望湖苑"), d.begin("order", "滨江花园")
	waiting("望湖苑  ", "滨江花园  ")
	one := "order/" + first.ID
	d.Refused("the list without the right", fault.Forbidden, func() error { _, err := d.letters.Waiting(ctx, clerk); return err })
	d.Refused("a seal without the right", fault.Forbidden, func() error {
		_, err := d.letters.SealPaper(ctx, clerk, one, "order.send", d.Today(), "1", nil)
		return err
	})
	d.Refused("a paper that no case has", fault.Conflict, func() error { _, err := d.letters.Give(ctx, office, one, "order.other", "", nil); return err })
	d.Refused("a kind that nobody knows", fault.NotFound, func() error {
		_, err := d.letters.OneWaiting(ctx, office, "none/"+first.ID, "order.send")
		return err
	})
	if _, err := d.letters.Give(ctx, office, one, "order.send", "", nil); err != nil {
		t.Fatal(err)
	}
	waiting("望湖苑 都建整〔2026〕120号 ", "滨江花园  ")
	d.Refused("the same number for another paper", fault.Invalid, func() error {
		_, err := d.letters.Give(ctx, office, "order/"+second.ID, "order.send", "都建整[2026]120号", nil)
		return err
	}, "number", "望湖苑")
	seal := func() error {
		_, err := d.letters.SealPaper(ctx, office, one, "order.send", d.Today(), "2", &store.Idem{Key: "seal"})
		return err
	}
	for range 2 { // a retry of the same form enters it once
		if err := seal(); err != nil {
			t.Fatal(err)
		}
	}
	waiting("望湖苑 都建整〔2026〕120号 2026-10-19", "滨江花园  ")
	// Its number is given up: the paper waits for another one, and is sealed again under that.
	lines, err := d.letters.Of(ctx, office, one)
	if err != nil || len(lines) != 1 {
		t.Fatal(lines, err)
	}
	if _, err := d.letters.Do(ctx, office, casework.At{ID: lines[0].ID, Seq: lines[0].Seq}, casework.LetterGiveUp, casework.Input{Text: "打印错了"}); err != nil {
		t.Fatal(err)
	}
	waiting("望湖苑  ", "滨江花园  ")
	d.Refused("under a number that was given up", fault.Conflict, func() error {
		_, err := d.letters.SealPaper(ctx, office, one, "order.send", d.Today(), "2", nil)
		return err
	}, "还没有文号")
	// The case is taken back while the page is open.
	if _, err := d.kinds["order"].Change(ctx, clerk, policy.HandleRectification, second, "撤回", func(n *notice) error { n.Reason = "写错了"; return nil }); err != nil {
		t.Fatal(err)
	}
	waiting("望湖苑  ")
	d.Refused("a case that was taken back", fault.Conflict, func() error {
		_, err := d.letters.Give(ctx, office, "order/"+second.ID, "order.send", "", nil)
		return err
	}, "撤回")
	// What no case sends is sealed on its own line.
	letter, err := d.letters.Record(ctx, office, casework.NewLetter{Word: "都建整", Title: "汛期检查通知"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.letters.SealLetter(ctx, office, letter.ID, d.Today(), "5", nil); err != nil {
		t.Fatal(err)
	}
	d.Refused("twice", fault.Conflict, func() error {
		_, err := d.letters.SealLetter(ctx, office, letter.ID, d.Today(), "5", nil)
		return err
	}, "已经登记用印")
	page, err := d.letters.Seals(ctx, office, casework.SealFilter{Text: "汛期"}, "")
	if err != nil || len(page.Docs) != 1 || page.Docs[0].State.Copies != 5 {
		t.Fatal(page.Docs, err)
	}
	at := casework.At{ID: page.Docs[0].ID, Seq: page.Docs[0].Seq}
	d.Refused("taken back without a reason", fault.Invalid, func() error { _, err := d.letters.VoidSeal(ctx, office, at, ""); return err }, "text")
	if _, err := d.letters.VoidSeal(ctx, office, at, "不是这一份"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.letters.SealLetter(ctx, office, letter.ID, d.Today(), "1", nil); err != nil {
		t.Error(err)
	}
	// A township sees the seals of its own papers only.
	north := policy.Actor{ID: "n", Name: "n", Appointments: []policy.Appointment{{Role: "township_party", Scopes: []string{"t:360428101"}}}}
	if page, err := d.letters.Seals(ctx, north, casework.SealFilter{}, ""); err != nil || len(page.Docs) != 0 {
		t.Error(page.Docs, err)
	}
}

// TestStoredSeals: what is stored stays readable.
func TestStoredSeals(t *testing.T) {
	golden, err := os.ReadFile("testdata/seal.fields")
	if got := strings.Join(store.FieldNames[casework.Seal](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields of seals changed; old records would not be read:\n%s%v", got, err)
	}
}

package outbox

import (
	"testing"

	"redsteward/internal/fault"
)

// TestAddresses: who may correct accounts enters addresses for others, all or none; what a person chose stays, and nothing is sent by a channel that nobody chose.
func TestAddresses(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.wants("a", "sms")
	list := []Addresses{{Account: "a", Mail: " a2@example.org "}, {Account: "b", Phone: "13900001111"}}
	if _, err := d.EnterAddresses(ctx, person("a"), list); !fault.Is(err, fault.Forbidden) {
		t.Errorf("somebody enters the addresses of others: %v", err)
	}
	if _, err := d.Unreached(ctx, person("a"), []string{"a"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("somebody looks who lacks an address: %v", err)
	}
	contact := func(id string) Contact {
		t.Helper()
		c, _, err := d.contactOf(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, tt := range []struct {
		field string
		a     Addresses
	}{{"phone", Addresses{Account: "c", Phone: "12345"}}, {"mail", Addresses{Account: "c", Mail: "张三"}}, {"network", Addresses{Account: "c", Network: "a b"}}} {
		_, bad, err := d.LookAtAddresses(ctx, admin, tt.a)
		if err != nil || len(bad) != 1 || bad[0].Name != tt.field {
			t.Errorf("%s: %+v %v", tt.field, bad, err)
		}
		if n, err := d.EnterAddresses(ctx, admin, append(list[:2:2], tt.a)); n != 0 || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %d entered, %v", tt.field, n, err)
		}
	}
	if got := contact("b"); got.Phone != "" {
		t.Error("a refused list wrote something")
	}
	if lack, err := d.Unreached(ctx, admin, []string{"a", "b"}); err != nil || lack[0] || !lack[1] {
		t.Errorf("who lacks an address: %v %v", lack, err)
	}
	if n, err := d.EnterAddresses(ctx, admin, list); n != 2 || err != nil {
		t.Errorf("%d entered, %v", n, err)
	}
	if n, err := d.EnterAddresses(ctx, admin, list); n != 0 || err != nil {
		t.Errorf("the same again: %d entered, %v", n, err)
	}
	if got := contact("a"); got.Phone != "13800000000" || got.Mail != "a2@example.org" || len(got.Channels) != 1 {
		t.Errorf("what stood there: %+v", got)
	}
	if got := contact("b"); got.Phone != "13900001111" || len(got.Channels) != 0 || !got.Digest {
		t.Errorf("who had chosen nothing: %+v", got)
	}
	d.tell("e", "b")
	d.deliver()
	d.wantStands("nobody chose a channel", "")
}

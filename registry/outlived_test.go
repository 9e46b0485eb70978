package registry

import (
	"testing"

	"redsteward/internal/store"
	"redsteward/policy/policytest"
)

// TestOutlivedFirm: the people of a firm are forgotten when the term after its last contract has passed, not while it serves; the firm stays, and can be registered with new people, who have a term of their own.
func TestOutlivedFirm(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	firm := func(name, code string) string {
		id, err := d.CreateFirm(ctx, d.officer, firmOf(name, code))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	serving, left := firm("在管物业服务有限公司", codeOne), firm("离场物业服务有限公司", codeTwo)
	for i, c := range []ContractInput{{Firm: serving, Days: span(t, "2024-01-01", "")}, {Firm: left, Days: span(t, "2024-01-01", "2025-06-30")}} {
		c.Kind, c.Level = ContractChosen, LevelSecond
		project, err := d.CreateProject(ctx, d.officer, ProjectInput{Name: []string{"甲苑", "乙苑"}[i], Address: "东湖路 1 号", Community: east, Households: 300, Kind: KindCommodity})
		if err == nil {
			err = d.AddContract(ctx, d.officer, project, 1, c)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	forget := func(days int) int { return policytest.Forget(t, d.db, d.on.Clock, days, d.OutlivedFirms) }
	people := func(id string) string {
		t.Helper()
		f, err := d.OneFirm(ctx, d.officer, id)
		if err != nil {
			t.Fatal(err)
		}
		return f.LegalPerson + f.Phone
	}
	const known, gone = "张小敏13812345678", store.PurgedText + store.PurgedText
	if n := forget(10_000); n != 0 || people(left) != known {
		t.Errorf("before the term: %d purges, %s", n, people(left))
	}
	if n := forget(30); n != 1 || people(left) != gone || people(serving) != known {
		t.Errorf("after the term: %d purges, %s, %s", n, people(left), people(serving))
	}
	if n := forget(30); n != 0 {
		t.Errorf("the next night: %d purges", n)
	}
	head, err := d.firms.Head(ctx, left)
	if err != nil {
		t.Fatal(err)
	}
	again := firmOf("离场物业服务有限公司", codeTwo)
	again.LegalPerson, again.Phone = "李新来", "13900000009"
	if err := d.ChangeFirm(ctx, d.officer, left, head.Seq, again); err != nil {
		t.Fatalf("a firm that came back: %v", err)
	}
	if n := forget(30); n != 0 || people(left) != "李新来13900000009" {
		t.Errorf("new people: %d purges, %s", n, people(left))
	}
	if n := forget(-1); n != 1 || people(left) != gone {
		t.Errorf("the term of the new people: %d purges, %s", n, people(left))
	}
}

// TestOutlivedDeveloper: the people of a developer are forgotten when the term after it was dissolved has passed.
func TestOutlivedDeveloper(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	stays, dissolved := d.developer("在的置业有限公司", codeOne), d.developer("不在的置业有限公司", codeTwo)
	if err := d.SetStanding(ctx, d.officer, dissolved, 1, Standing{State: StandingDissolved, From: day(t, "2026-01-01"), Basis: "市场监管公告"}); err != nil {
		t.Fatal(err)
	}
	purged := func(id string) bool {
		t.Helper()
		v, err := d.OneDeveloper(ctx, d.officer, id)
		if err != nil {
			t.Fatal(err)
		}
		return v.LegalPerson == store.PurgedText
	}
	forget := func(days int) int { return policytest.Forget(t, d.db, d.on.Clock, days, d.OutlivedDevelopers) }
	if n := forget(400); n != 0 || purged(dissolved) {
		t.Errorf("before the term: %d purges", n)
	}
	if n := forget(100); n != 1 || !purged(dissolved) || purged(stays) {
		t.Errorf("after the term: %d purges", n)
	}
}

// TestOutlivedEntry: what a row of a book says about a person is forgotten when the term after its withdrawal has passed; a row that is brought back is filled in anew.
func TestOutlivedEntry(t *testing.T) {
	d := newBookDesk(t)
	ctx := t.Context()
	values := map[string]string{"name": "洪城志愿队", "kind": "party", "members": "12", "leader": "王有福"}
	id, err := d.CreateEntry(ctx, d.secretary, BookTeams, east, values)
	if err != nil {
		t.Fatal(err)
	}
	leader := func() string {
		t.Helper()
		e, err := d.entries.Load(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return e.State.Personal[0].Text
	}
	forget := func(days int) int { return policytest.Forget(t, d.desk.db, d.on.Clock, days, d.Outlived) }
	if n := forget(-1); n != 0 || leader() != "王有福" {
		t.Errorf("a row that counts: %d purges", n)
	}
	if err := d.WithdrawEntry(ctx, d.secretary, id, 1, "队伍已解散", false); err != nil {
		t.Fatal(err)
	}
	if n := forget(30); n != 0 || leader() != "王有福" {
		t.Errorf("before the term: %d purges", n)
	}
	if n := forget(-1); n != 1 || leader() != store.PurgedText {
		t.Errorf("after the term: %d purges, %s", n, leader())
	}
	if err := d.WithdrawEntry(ctx, d.secretary, id, 2, "队伍重新组建", true); err != nil {
		t.Fatal(err)
	}
	values["leader"] = "李新来"
	if err := d.ChangeEntry(ctx, d.secretary, id, 3, values); err != nil || leader() != "李新来" {
		t.Errorf("filled in anew: %v %s", err, leader())
	}
}

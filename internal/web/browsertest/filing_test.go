package browsertest

import (
	"context"
	"testing"

	"redsteward/policy"
	"redsteward/registry/filing"
)

// filingPages are the pages of filings.
func filingPages(waiting, filed string) []opened {
	return []opened{{"filings", "/filings", 200}, {"filings-none", "/filings?q=zzz", 200}, {"filing-sign", "/filings/" + waiting, 200}, {"filing-filed", "/filings/" + filed, 200}, {"filing-receipt", "/filings/" + filed + "/receipt", 200}}
}

// TestFilings looks at the pages of a firm that files, and of who signs.
func TestFilings(t *testing.T) {
	f := started(t, 1)
	ctx := context.Background()
	firm, _, project := fillRegister(t, f)
	for login, ap := range map[string]policy.Appointment{
		"filer": {Role: "firm_manager", Unit: policy.FirmKey(firm), Scopes: []string{policy.FirmKey(firm)}}, "chief": {Role: "section_chief", Unit: policy.County, Scopes: []string{policy.County}},
		"law": {Role: "legal_officer", Unit: policy.County, Scopes: []string{policy.County}},
	} {
		if err := f.Appoint(ctx, login, "周望平", ap); err != nil {
			t.Fatal(err)
		}
	}
	actor := func(login string) policy.Actor {
		by, err := f.People.ActorOf(ctx, login)
		if err != nil {
			t.Fatal(err)
		}
		return by
	}
	var ids []string
	for n := range 2 {
		id, err := f.Filed(ctx, actor("filer"), project)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := f.Filings.One(ctx, registerStaff, id)
		if err != nil {
			t.Fatal(err)
		}
		if doc, err = f.Filings.Accept(ctx, registerStaff, filing.At{ID: id, Seq: doc.Seq}); err != nil {
			t.Fatal(err)
		}
		for _, login := range []string{"chief", "law"} {
			if n == 0 {
				continue
			}
			if doc, err = f.Filings.Sign(ctx, actor(login), filing.At{ID: id, Seq: doc.Seq}, filing.Signing{Move: policy.MoveAgree, Hash: doc.State.Approval.SubjectHash, Password: Password}); err != nil {
				t.Fatal(err)
			}
		}
		ids = append(ids, id)
	}
	tb := newTab(t, browser(t))
	signIn(t, tb, f, "chief", Password)
	tb.look(t, f, filingPages(ids[0], ids[1]))
	signIn(t, tb, f, "filer", Password)
	tb.look(t, f, []opened{{"filing-new", "/filings/new", 200}})
}

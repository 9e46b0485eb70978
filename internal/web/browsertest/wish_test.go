package browsertest

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/wish"
)

// step sends the form of a step on the page of a wish, with its fields filled in, and waits for the page to say that it was done.
func (tb *tab) step(t *testing.T, f *Fixture, page, name string, values map[string]string) {
	t.Helper()
	tb.open(t, f.Base+page, widths[1].width, widths[1].height)
	for id, v := range values {
		tb.do(t, chromedp.SetValue("#"+name+"-"+id, v))
	}
	tb.press(t, `form[action="`+page+"/"+name+`"] button`)
	tb.until(t, `location.search === "?done=`+name+`"`)
}

// signOut forgets who is signed in.
func (tb *tab) signOut(t *testing.T) {
	t.Helper()
	if _, err := chromedp.Call(tb.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
}

// journeyWish is journey 12 on phones, and looks at every page on its way: an old lady orders a handrail, the community whose secretary's login and actor are given dispatches, a unit takes it and a second one cannot, it is
// shown without her name, and she rates it by her number.
func journeyWish(t *testing.T, tb *tab, f *Fixture, login string, secretary policy.Actor, community string) {
	t.Helper()
	ctx, key := context.Background(), policy.CommunityKey(community)
	for account, name := range map[string]string{"unit": "县税务局", "rival": Hostile[:30]} {
		id, err := f.Stations.Books.CreateEntry(ctx, secretary, registry.BookUnits, community, map[string]string{"name": name})
		if err == nil {
			err = f.Appoint(ctx, account, "姓名"+account, policy.Appointment{Role: "cobuilder", Unit: "u:" + id, Scopes: []string{key}})
		}
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
	}

	// A party member reported; another one of the community confirmed.
	member, err := f.Wishes.Report(ctx, secretary, wish.MemberInput{Community: community, Name: "李报到", Phone: "13900000001", Unit: "县税务局", Skills: []string{"care"}, Agreed: true})
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	worker := policy.Actor{ID: "worker", Appointments: []policy.Appointment{{Role: "community_worker", Scopes: []string{key}}}}
	if _, err := f.Wishes.StepMember(ctx, worker, casework.At{ID: member.ID, Seq: member.Seq}, wish.MemberConfirm, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Stations.Books.CreateEntry(ctx, secretary, registry.BookSupplies, community, map[string]string{"name": "装扶手" + Hostile[:30], "giver": "县税务局", "kind": "care", "until": "2026-10-31"}); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}

	tb.signOut(t)
	tb.look(t, f, []opened{{"wish-ask", "/wish?community=" + community, 200}})
	tb.do(t, chromedp.SetValue("#kind", "care"), chromedp.SetValue("#words", "想在楼梯口装一个扶手"+Hostile[:40]), chromedp.SetValue("#name", "王桂英"), chromedp.SetValue("#phone", "13800001234"))
	tb.press(t, `main form[method="post"] button`)
	tb.until(t, `document.querySelector("dd.b.n")`)
	tb.lookAt(t, "wish-told", 200)
	number, code, _ := strings.Cut(value[string](t, tb, `[...document.querySelectorAll("dd.b.n")].map(d => d.textContent).join("|")`), "|")
	list, err := f.Wishes.List(ctx, secretary, wish.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	page := "/needs/" + list[0].ID

	signIn(t, tb, f, login, Password)
	tb.look(t, f, []opened{{"wish-new", "/needs/new", 200}, {"supplies", "/supplies", 200}, {"supply-new", "/supplies/new", 200},
		{"members", "/members", 200}, {"member", "/members/" + member.ID, 200}, {"member-new", "/members/new", 200}, {"member-years", "/members/years", 200}, {"member-letter", "/members/years/letter?community=" + community + "&unit=县税务局", 200}})
	errand, err := f.Wishes.Enter(ctx, secretary, wish.Input{Kind: "errand", Community: community, Words: "想请驿站代办证明" + Hostile[:30], Asker: wish.Asker{Name: "李大爷"}})
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	desk := "/needs/" + errand.ID
	tb.step(t, f, desk, "accept", nil)
	tb.step(t, f, desk, "take", nil)
	tb.step(t, f, desk, "receive", map[string]string{"papers": "身份证原件 1 份"})
	tb.look(t, f, []opened{{"errand", desk, 200}, {"errand-receipt", desk + "/receipts/0", 200}})
	tb.step(t, f, page, "accept", nil)
	tb.look(t, f, []opened{{"wish-accepted", page, 200}})
	tb.says(t, "王桂英", "县税务局（共建单位）", "派单建议")
	tb.step(t, f, page, "pool", nil)
	signIn(t, tb, f, "unit", Password)
	tb.step(t, f, page, "take", nil)
	tb.look(t, f, []opened{{"wish-of-ours", page, 200}})
	if shown := tb.text(t); strings.Contains(shown, "王桂英") || strings.Contains(shown, "13800001234") {
		t.Error("the unit sees who asked")
	}
	tb.step(t, f, page, "prove", map[string]string{"words": "扶手已经装好，试过牢固", "helpers": "3", "hours": "2.5"})
	signIn(t, tb, f, "rival", Password)
	if status := tb.open(t, f.Base+page, 390, 844); status != 404 {
		t.Errorf("a second unit gets %d for a wish that is taken", status)
	}

	// Who writes the words for the public does not review them.
	now, err := f.Wishes.One(ctx, worker, list[0].ID)
	if err == nil {
		now, err = f.Wishes.Confirm(ctx, worker, casework.At{ID: now.ID, Seq: now.Seq}, "李报到")
	}
	if err == nil {
		_, err = f.Wishes.Write(ctx, worker, casework.At{ID: now.ID, Seq: now.Seq}, "楼梯口装上了扶手"+Hostile[:40])
	}
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	signIn(t, tb, f, login, Password)
	tb.step(t, f, page, "publish", nil)
	tb.look(t, f, []opened{{"needs", "/needs", 200}, {"served", "/served", 200}, {"wish-served", page, 200}})
	tb.signOut(t)
	tb.look(t, f, []opened{{"wishes", "/wishes", 200}})
	tb.says(t, "楼梯口装上了扶手", "县税务局")
	if strings.Contains(tb.text(t), "王桂英") {
		t.Error("the public sees who asked")
	}

	tb.look(t, f, []opened{{"wish-find", "/wish/find", 200}})
	tb.do(t, chromedp.SetValue("#number", number), chromedp.SetValue("#code", code))
	tb.press(t, `form[action="/wish/find"] button`)
	tb.until(t, `document.querySelector("#score")`)
	tb.lookAt(t, "wish-to-rate", 200)
	tb.do(t, chromedp.SetValue("#score", "5"))
	tb.press(t, `form[action="/wish/rate"] button`)
	tb.until(t, `document.body.innerText.includes("谢谢你的评单")`)
	if now, err = f.Wishes.One(ctx, worker, list[0].ID); err != nil || now.State.State != wish.Done || now.State.Rating.Score != 5 {
		t.Errorf("%+v, %v", now.State, err)
	}
	// What was rated is booked for the unit, and reversed by somebody who had no hand in it.
	signIn(t, tb, f, login, Password)
	tb.look(t, f, []opened{{"points", "/points", 200}, {"point-entries", "/points/entries?taker=" + now.State.Taker.Key, 200}, {"member-certificate", "/members/" + member.ID + "/certificate", 200}})
	tb.says(t, "李报到", "服务 1 件")
	tb.look(t, f, []opened{{"point-reverse", "/points/" + list[0].ID + "/reverse", 200}})
	tb.do(t, chromedp.SetValue("#reason", "服务不实"))
	tb.press(t, `form[action="/points/`+list[0].ID+`/reverse"] button`)
	tb.until(t, `location.pathname === "/points"`)
	if accounts, err := f.Wishes.PointAccounts(ctx, worker); err != nil || len(accounts) != 1 || accounts[0].Points != 0 {
		t.Errorf("%+v, %v", accounts, err)
	}
}

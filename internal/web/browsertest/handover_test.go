package browsertest

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"

	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/handover"
)

// TestHandoverPages opens the pages of a handover while it is walked, and walks one item on a phone.
func TestHandoverPages(t *testing.T) {
	f := started(t, 1)
	ctx, day := context.Background(), f.Register.Today()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	firm, err := f.Register.CreateFirm(ctx, registerStaff, registry.FirmInput{Name: "赣北一盏灯物业服务有限公司", Code: "91350100M000100Y43", Origin: registry.OriginMarket})
	must(err)
	developer, err := f.Register.CreateDeveloper(ctx, registerStaff, registry.DeveloperInput{Name: Hostile[:50], Code: "91360428MA7XAMPL5W"})
	must(err)
	project, err := f.Register.CreateProject(ctx, registerStaff, registry.ProjectInput{Name: "望湖苑", Address: "都昌镇东风大道 8 号", Community: "360428100001", Households: 300, Kind: registry.KindCommodity, Developer: developer})
	must(err)
	must(f.Register.AddContract(ctx, registerStaff, project, 1, registry.ContractInput{Firm: firm, Kind: registry.ContractEarly, Level: registry.LevelSecond, Fee: 125, Days: policy.Span{From: day.Add(-30)}}))
	must(f.Register.PutPhase(ctx, registerStaff, project, 2, "", "一期"))
	must(f.Register.PutBuilding(ctx, registerStaff, project, 3, "", registry.BuildingInput{Name: "1幢", Phase: "ph1", Kind: registry.BuildingHigh, Floors: 18}))
	must(f.Appoint(ctx, "builder", "赵建国", policy.Appointment{Role: "developer", Unit: policy.DeveloperKey(developer), Scopes: []string{policy.DeveloperKey(developer)}}))
	must(f.Appoint(ctx, "taker", "林小满", policy.Appointment{Role: "firm_manager", Unit: policy.FirmKey(firm), Scopes: []string{policy.FirmKey(firm)}}))
	service, builder, taker := f.Handovers.Service, f.who(t, "builder"), f.who(t, "taker")
	doc, err := service.Open(ctx, builder, handover.Opening{Project: project, Phase: "ph1", Inspection: day, Delivery: day.Add(60)})
	must(err)
	doc, err = service.Prepare(ctx, builder, handover.At{ID: doc.ID, Seq: doc.Seq}, []string{"accepted", "equipment"})
	must(err)
	doc, err = service.Hand(ctx, builder, handover.At{ID: doc.ID, Seq: doc.Seq}, []handover.Document{{ID: "drawings", Handed: true}, {ID: "owners", Promise: "交付前十日提供", Due: day.Add(20)}})
	must(err)
	path := "/handovers/" + doc.ID
	tb := newTab(t, browser(t))
	signIn(t, tb, f, "builder", Password)
	tb.look(t, f, []opened{{"handovers", "/handovers", 200}, {"handover-new", "/handovers/new?project=" + project, 200}, {"handover-draft", path, 200}})
	for _, do := range []func(context.Context, policy.Actor, handover.At) (store.Doc[handover.Handover], error){service.Check, service.Start} {
		doc, err = do(ctx, taker, handover.At{ID: doc.ID, Seq: doc.Seq})
		must(err)
	}
	signIn(t, tb, f, "taker", Password)
	tb.look(t, f, []opened{{"handover-walk", path, 200}, {"handover-item", path + "/items/b1.roof", 200}})
	// The phone keeps what was answered and sends it: three items, the last leads back to the page of the handover.
	tb.open(t, f.Base+path+"/items/b1.roof", 390, 844)
	for _, next := range []string{"b1.rails", "site.roads"} {
		tb.do(t, chromedp.Click(`#walk-values label.ok`), chromedp.Click(`#walk-save`))
		tb.until(t, `location.pathname==="`+path+`/items/`+next+`"`)
	}
	tb.do(t, chromedp.Click(`#walk-values label.no`), chromedp.Click(`#walk-save`))
	tb.until(t, `document.getElementById("walk-state").textContent.includes("至少拍 1 张")`)
	tb.do(t, chromedp.Click(`#walk-values label.ok`), chromedp.Click(`#walk-save`))
	tb.until(t, `location.pathname==="`+path+`"`)
	w, err := service.One(ctx, taker, doc.ID)
	if err != nil || w.Done() != 3 {
		t.Errorf("%d of 3 items were answered: %v", w.Done(), err)
	}
	doc, err = service.Settle(ctx, taker, handover.At{ID: doc.ID, Seq: w.Doc.Seq})
	must(err)
	tb.look(t, f, []opened{{"handover-sign", path, 200}})
}

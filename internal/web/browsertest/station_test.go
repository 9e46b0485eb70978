package browsertest

import (
	"context"
	"testing"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/station"
)

// TestStationPages opens the pages of stations, of their books and of the policy papers, filled with rows.
func TestStationPages(t *testing.T) {
	f := started(t, 1)
	ctx := context.Background()
	const east = "360428100001"
	at := policy.Appointment{Role: "community_secretary", Scopes: []string{policy.CommunityKey(east)}}
	if err := f.Appoint(ctx, "station", "林小满", at); err != nil {
		t.Fatal(err)
	}
	if err := f.Appoint(ctx, "paper", "周望平", policy.Appointment{Role: "property_officer", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	secretary, officer := f.who(t, "station"), f.who(t, "paper")
	add := func(by policy.Actor, book, community string, values map[string]string) string {
		t.Helper()
		id, err := f.Stations.Books.CreateEntry(ctx, by, book, community, values)
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
		return id
	}
	add(secretary, "premises", east, map[string]string{"name": "党群服务中心", "area": "320.5", "until": "2026-11-30", "problem": "狭小"})
	room := add(secretary, "rooms", east, map[string]string{"name": Hostile[:30], "zone": "council", "hours": "08:30-20:00", "bookable": "yes"})
	add(secretary, "rooms", east, map[string]string{"name": "便民服务中心", "zone": "service", "bookable": "no"})
	add(secretary, "standard", east, map[string]string{"day": "2026-10-12", "sign": "unmet"})
	worker := add(secretary, "workers", east, map[string]string{"code": "城东-01", "name": "张晓敏", "phone": "13800001234", "from": "2024-05-01", "until": "2026-10-31", "duty": "yes", "allowance": "200"})
	old := add(officer, "papers", "", map[string]string{"number": "都住建发〔2024〕8号", "title": "物业管理工作实施意见（试行）", "open": "yes"})
	paper := add(officer, "papers", "", map[string]string{"number": "都住建发〔2026〕3号", "title": "物业管理工作实施意见", "open": "yes", "replaces": "都住建发〔2024〕8号"})
	if err := f.Stations.Service.PlanMonth(ctx, secretary, east, "2026-10", 0, false); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Stations.Service.BookTime(ctx, secretary, station.BookingInput{Book: registry.BookRooms, Entry: room, Day: f.Register.Today(), Hours: "14:00-15:00", Person: "王建国", Phone: "13800001234", Purpose: "板凳议事会"}); err != nil {
		t.Fatal(err)
	}
	model, err := f.Stations.Service.Recommend(ctx, secretary, east, station.ModelInput{Name: "李秀英", Deeds: "十年来义务照看楼栋老人，带动三十户参加志愿服务", Consent: true})
	if err != nil {
		t.Fatal(err)
	}
	tb := newTab(t, browser(t))
	tb.look(t, f, []opened{{"papers-public", "/papers", 200}, {"paper-public", "/papers/" + old, 200}})
	signIn(t, tb, f, "station", Password)
	tb.look(t, f, []opened{{"stations", "/stations", 200}, {"book", "/books/rooms", 200}, {"book-checks", "/books/standard?state=unmet", 200},
		{"book-empty", "/books/services", 200}, {"book-entry", "/books/workers/" + worker, 200}, {"book-new", "/books/standard/new", 200}, {"book-edit", "/books/rooms/" + room + "/edit", 200},
		{"book-withdraw", "/books/rooms/" + room + "/withdraw", 200}, {"book-imports", "/books/rooms/imports", 200},
		{"duty", "/stations/duty", 200}, {"duty-swap", "/stations/duty/swap?community=" + east + "&month=2026-10&day=2026-10-20", 200}, {"bookings", "/stations/bookings", 200}, {"booking-new", "/stations/bookings/new", 200},
		{"models", "/models", 200}, {"model", "/models/" + model, 200}, {"model-new", "/models/new", 200}, {"booking-settle", "/stations/bookings/" + room + "/2026-10-19/1", 200}})
	tb.open(t, f.Base+"/books/rooms/new", 1440, 900)
	if status := tb.submit(t, map[string]string{"hours": "20:00-08:30"}); status != 422 {
		t.Errorf("a wrong room answers %d", status)
	}
	tb.lookAt(t, "book-refused", 422)
	tb.open(t, f.Base+"/stations/duty/sheet", 1440, 900)
	if n := sheets(t, tb, "duty-sheet"); n != 2 {
		t.Errorf("a month of duty prints on %d pages, want 2", n)
	}
	signIn(t, tb, f, "paper", Password)
	tb.look(t, f, []opened{{"paper", "/papers/" + paper, 200}, {"book-masked", "/books/workers/" + worker, 200}})
	lookAtSurvey(t, tb, f, officer, east)
	journeyDeliberation(t, tb, f, "station", officer, east)
	journeyWish(t, tb, f, "station", secretary, east)
	journeyDispatcher(t, tb, f, "paper", east)
	journeyResident(t, tb, f, officer, east)
	journeyOutside(t, tb, f, east)
}

package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/station"
)

// The figures of the article: what the demonstration's stations add up to.
const (
	articleUnits   = 65   // 共建单位
	articleMembers = 1648 // members who reported to a community
	articleTeams   = 73   // volunteer teams
	articleErrands = 1300 // errands done this year, up to stationsDay
	eastStreet     = "360428100009"
)

// demoRow is one row of a book.
type demoRow struct {
	by              policy.Actor
	book, community string
	values          map[string]string
}

// stationsDay is when the stations are registered: before the quarter ends whose return is reported, so that what was reported is what the books say of that day.
const stationsDay = "2026-09-21"

// stationActs lets the stations, their people and the policy papers be registered, and the work of the month be planned shortly before the demonstration stands still.
func (l *countyLoader) stationActs() []act {
	at, day := calendar.DateOf(mustTime(stationsDay+"T09:00:00+08:00")), calendar.DateOf(mustTime(demoStart)).Add(-3)
	return []act{{hour(at, 9), partRegister, l.registerStations}, {hour(at, 15), partRegister, l.registerHandled},
		{hour(day, 9), partRegister, func(ctx context.Context) error { return l.enterRows(ctx, l.managerRows()) }}, {hour(day, 15), partRegister, l.runStations}}
}

// registerStations enters the rows of all books but what stands on others.
func (l *countyLoader) registerStations(ctx context.Context) error {
	var rows []demoRow
	communities := l.plan.names.Communities[:l.plan.size.communities]
	yes := func(ok bool) string {
		if ok {
			return "yes"
		}
		return "no"
	}
	for i, community := range communities {
		secretary := l.of("community_secretary", i)
		add := func(book string, pairs ...string) {
			values := map[string]string{}
			for k := 0; k+1 < len(pairs); k += 2 {
				values[pairs[k]] = pairs[k+1]
			}
			rows = append(rows, demoRow{secretary, book, community, values})
		}
		area := 260
		source := "public"
		if community == eastStreet {
			area, source = 580, "resettled"
		}
		problem, solved := "原办公用房狭小", fmt.Sprintf("202%d-0%d-15", 2+i%4, 1+i%9)
		if i == 3 {
			problem, solved = "一层漏雨，等待修缮", ""
		}
		add("premises", "name", "党群服务中心", "place", pick(draws(l.plan.seed, "premises", i), l.plan.names.Streets)+fmt.Sprintf("%d号", 1+i), "source", source, "area", fmt.Sprint(area), "from", fmt.Sprintf("202%d-03-01", 2+i%4),
			"problem", problem, "measure", "一居一策（演示）", "solved", solved)
		for k, room := range [][2]string{{"便民服务中心", "service"}, {"红色蒲公英驿站", "special"}, {"协商议事厅", "council"}} {
			add("rooms", "name", room[0], "zone", room[1], "area", fmt.Sprint(40+20*k), "hours", "08:30-20:00", "bookable", yes(k > 0))
		}
		for _, service := range [][2]string{{"居住证明开具", "公安"}, {"城乡居民医保参保", "医保"}} {
			add("services", "name", service[0], "department", service[1], "agency", "yes", "bookable", "yes", "hours", "08:30-17:30", "places", "2")
		}
		checks := []string{"day", "2026-09-18", "x_name", "红色蒲公英积分"}
		book, _ := l.books.Set().Find(registry.BookStandard)
		for k, f := range book.Fields {
			if f.Kind == registry.FieldCheck {
				state := registry.CheckMet
				if (k+i)%11 == 5 {
					state = registry.CheckUnmet
				}
				checks = append(checks, f.ID, state)
			}
		}
		add("standard", checks...)
		for k := range 4 {
			r := draws(l.plan.seed, "worker", i, k)
			until, certificate := "", ""
			if k == 1 {
				until, certificate = "2027-12-31", "assistant"
			}
			if k == 2 && i%4 == 0 {
				until = "2026-11-30"
			}
			add("workers", "code", fmt.Sprintf("%s-%02d", community[8:], k+1), "name", l.plan.person(r), "post", []string{"deputy", "officer", "officer", "grid"}[k], "chosen", "recruited", "from", fmt.Sprintf("202%d-07-01", r.IntN(5)), "until", until,
				"duty", "yes", "certificate", certificate, "training", fmt.Sprint(20+r.IntN(40)))
		}
	}
	rows = append(rows, l.crossRows()...)
	office := l.of("office", 0)
	for _, p := range [][]string{
		{"都府办发〔演示〕1号", "物业管理工作实施意见（试行）", "县人民政府办公室（演示）", "service", ""},
		{"都住建发〔演示〕2号", "新建物业质量保修金管理暂行办法", "县住建局（演示）", "fund", "2026-12-31"},
		{"都住建发〔演示〕3号", "关于规范新建物业承接查验工作的通知", "县住建局（演示）", "handover", ""},
		{"都组发〔演示〕4号", "社区工作者职业化体系建设办法（试行）", "县委组织部（演示）", "worker", ""},
	} {
		rows = append(rows, demoRow{office, registry.BookPapers, "", map[string]string{"number": p[0], "title": p[1], "issuer": p[2], "issued": "2023-06-01", "force": "2023-07-01", "topic": p[3], "until": p[4], "open": "yes"}})
	}
	return l.enterRows(ctx, rows)
}

// helperRows are the units and teams that serve the communities, shared out evenly, the rest to the last one, and what some of them offer (供给清单).
func (l *countyLoader) helperRows() (rows, offers []demoRow) {
	communities := l.plan.names.Communities[:l.plan.size.communities]
	last := len(communities) - 1
	share := func(total, i int) int {
		if i == last {
			return total - total/len(communities)*last
		}
		return total / len(communities)
	}
	for i, community := range communities {
		secretary, team := l.of("community_secretary", i), ""
		for k := range share(articleUnits, i) {
			r := draws(l.plan.seed, "unit", i, k)
			members := articleMembers / articleUnits
			if i == last && k == 0 {
				members += articleMembers % articleUnits
			}
			rows = append(rows, demoRow{secretary, registry.BookUnits, community, map[string]string{"name": fmt.Sprintf("县直单位%02d-%d（演示）", i+1, k+1), "kind": pick(r, []string{"office", "institution", "state", "private"}), "members": fmt.Sprint(members), "from": "2024-03-01"}})
		}
		for k := range share(articleTeams, i) {
			r := draws(l.plan.seed, "team", i, k)
			name := pick(r, []string{"鄱湖红", "心连心", "微公益", "鄱湖红先锋骑手"}) + fmt.Sprintf("%d队（演示）", k+1)
			if k == 0 {
				team = name
			}
			rows = append(rows, demoRow{secretary, registry.BookTeams, community, map[string]string{"name": name, "kind": pick(r, []string{"party", "residents", "riders"}), "members": fmt.Sprint(8 + r.IntN(20)), "hours": fmt.Sprint(40 + r.IntN(200))}})
		}
		for k, offer := range [][]string{{"上门陪伴读报（演示）", "care", "14:00-17:00", "2027-06-30"}, {"手机小课堂（演示）", "skills", "", ""}, {"楼道灯和扶手小修（演示）", "repair", "08:30-11:30", "2026-10-31"}} {
			giver := fmt.Sprintf("县直单位%02d-1（演示）", i+1)
			if k == 1 {
				giver = team
			}
			if (i+k)%3 != 2 {
				offers = append(offers, demoRow{secretary, registry.BookSupplies, community, map[string]string{"name": offer[0], "giver": giver, "kind": offer[1], "by": pick(draws(l.plan.seed, "supply", i, k), []string{"group", "member"}), "hours": offer[2], "orders": fmt.Sprint(1 + (i+k)%4), "from": "2026-07-01", "until": offer[3]}})
			}
		}
	}
	return rows, offers
}

// crossRows are who of the firms holds a post in a community too: one manager a community and firm, until the firm has as many as the plan says, and one member of
// each community's owners' committees.
func (l *countyLoader) crossRows() []demoRow {
	var rows []demoRow
	nth, done := map[int]int{}, map[[2]int]bool{}
	add := func(community, firm int, post, seat, project string) {
		nth[community]++
		id := l.plan.names.Communities[community]
		r := draws(l.plan.seed, "crossing", community, nth[community])
		rows = append(rows, demoRow{l.of("community_secretary", community), registry.BookCrossings, id, map[string]string{"code": fmt.Sprintf("%s-兼%02d", id[8:], nth[community]), "name": l.plan.person(r), "firm": l.plan.firms[firm].input.Code,
			"post": post, "seat": seat, "project": project, "from": fmt.Sprintf("202%d-0%d-01", 3+r.IntN(3), 1+r.IntN(9)), "basis": "社区党委会议纪要（演示）"}})
	}
	posts := map[int]int64{}
	for i := range l.plan.projects {
		pr, community := &l.plan.projects[i], i%l.plan.size.communities
		switch {
		case done[[2]int{pr.firm, community}]:
		case posts[pr.firm] < l.plan.firms[pr.firm].crossing:
			posts[pr.firm]++
			add(community, pr.firm, "manager", "party", "")
		case nth[community] == 0 && pr.body.Kind == registry.BodyManagement:
			add(community, pr.firm, "staff", "committee", pr.input.Name)
		}
		done[[2]int{pr.firm, community}] = true
	}
	return rows
}

// managerRows are who answers for each compound, since its contract began; a few have not reported to the community yet.
func (l *countyLoader) managerRows() []demoRow {
	var rows []demoRow
	for i := range l.plan.projects {
		pr, community := &l.plan.projects[i], i%l.plan.size.communities
		from := pr.contract.Days.From
		if pr.earlier >= 0 {
			from = l.plan.size.handsOver()
		}
		if from.Compare(calendar.DateOf(mustTime(demoStart))) > 0 { // in a small county a firm may begin later
			continue
		}
		values := map[string]string{"project": pr.input.Name, "from": from.String(), "name": l.plan.person(draws(l.plan.seed, "manager", i)), "phone": fmt.Sprintf("0792-0002%03d", i), "firm": l.plan.firms[pr.firm].input.Code}
		if i%10 != 9 {
			values["reported"] = from.Add(3 + i%7).String()
		}
		rows = append(rows, demoRow{l.of("community_secretary", community), registry.BookManagers, l.plan.names.Communities[community], values})
	}
	return rows
}

// enterRows enters rows side by side.
func (l *countyLoader) enterRows(ctx context.Context, rows []demoRow) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(actsAtOnce)
	for _, row := range rows {
		group.Go(func() error {
			_, err := l.books.CreateEntry(within, row.by, row.book, row.community, row.values)
			return err
		})
	}
	return group.Wait()
}

// runStations makes the rosters of the month, takes a booking for the day on which the demonstration stands still, and enters what the counters handled.
func (l *countyLoader) runStations(ctx context.Context) error {
	today := calendar.DateOf(mustTime(demoStart))
	communities := l.plan.names.Communities[:l.plan.size.communities]
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(actsAtOnce)
	for i, community := range communities {
		group.Go(func() error { return l.runStation(within, i, community, today, len(communities)) })
	}
	return group.Wait()
}

// handledMonths are the days of this year on which the counters added up what they had handled, before the stations are registered.
var handledMonths = []string{"2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29", "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-18"}

// registerHandled enters what the counters handled this year: the errands of the article, shared out over communities and months, the rest to the last ones.
func (l *countyLoader) registerHandled(ctx context.Context) error {
	communities := l.plan.names.Communities[:l.plan.size.communities]
	var rows []demoRow
	left := articleErrands
	for i, community := range communities {
		secretary := l.of("community_secretary", i)
		services, err := l.books.RefChoices(ctx, secretary, registry.BookServices, community)
		if err != nil {
			return err
		}
		for k, day := range handledMonths {
			errands := articleErrands / (len(communities) * len(handledMonths))
			if i == len(communities)-1 && k == len(handledMonths)-1 {
				errands = left
			}
			left -= errands
			rows = append(rows, demoRow{secretary, "handled", community, map[string]string{"day": day, "service": services[0].ID, "count": fmt.Sprint(errands + 5), "agency": fmt.Sprint(errands), "passed": "2", "department": "公安"}})
		}
	}
	return l.enterRows(ctx, rows)
}

func (l *countyLoader) runStation(ctx context.Context, i int, community string, today calendar.Date, of int) error {
	secretary := l.of("community_secretary", i)
	if i != of-1 { // the last community shows what an open month looks like
		if err := l.stations.PlanMonth(ctx, secretary, community, today.String()[:7], 0, false); err != nil {
			return err
		}
	}
	halls, err := l.books.RefChoices(ctx, secretary, registry.BookRooms, community)
	if err != nil {
		return err
	}
	services, err := l.books.RefChoices(ctx, secretary, registry.BookServices, community)
	if err != nil {
		return err
	}
	for _, hall := range halls {
		if hall.Text != "协商议事厅" {
			continue
		}
		in := station.BookingInput{Book: registry.BookRooms, Entry: hall.ID, Day: today, Hours: "15:00-16:30", Person: l.plan.person(draws(l.plan.seed, "booking", i)), Purpose: "板凳议事会"}
		if _, err := l.stations.BookTime(ctx, secretary, in); err != nil {
			return err
		}
		firm := l.firms[i%len(l.firms)]
		rows := []demoRow{{secretary, "sharing", community, map[string]string{"number": fmt.Sprintf("共用-%02d", i+1), "room": hall.ID, "firm": firm, "weekdays": "每周二", "hours": "09:00-11:00", "purpose": "物业接待日", "from": "2026-01-01", "until": "2026-12-31"}},
			{secretary, "firm_hours", community, map[string]string{"day": today.Add(-9).String(), "firm": firm, "activity": "小区清洁日", "people": "6", "hours": "12"}}}
		rows = append(rows, demoRow{secretary, "handled", community, map[string]string{"day": today.Add(-3).String(), "service": services[0].ID, "count": "9", "agency": "2", "passed": "1", "department": "公安"}})
		return l.enterRows(ctx, rows)
	}
	return nil
}

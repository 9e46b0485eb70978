//go:build !race

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"redsteward/configs"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund/claim"
	"redsteward/registry/station"
	"redsteward/supervision/collection"
	"redsteward/supervision/notice"
)

// pointsOn is wishes.yaml with points (积分) switched on, so that there are some.
func pointsOn(t *testing.T) string {
	t.Helper()
	data, err := configs.Files.ReadFile("wishes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "wishes.yaml")
	if err := os.WriteFile(file, bytes.Replace(data, []byte("\n  on: false"), []byte("\n  on: true\n  from: 2026-01-01"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// makeRows gives the county what it has none of, each by who may, so that every route about an object has one to be tried with. It returns the day of the booking.
func makeRows(t *testing.T, s *service, w *watched) (booked string) {
	t.Helper()
	ctx, today := t.Context(), s.collections.Today()
	seated := func(role policy.Role, n int) policy.Actor {
		t.Helper()
		by, err := s.accounts.ActorOf(ctx, loginOf(role, n))
		if err != nil {
			t.Fatal(role, err)
		}
		return by
	}
	check := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(what, err)
		}
	}
	dispatcher, secretary, manager := seated("dispatcher", 0), seated("community_secretary", 0), seated("firm_manager", 0)

	task, err := s.collections.Make(ctx, dispatcher, collection.TaskInput{Title: "安全生产月报表", Text: "请各社区填报本月检查次数。", Contact: "综合办 0792-5213001", Due: today.Add(5), Rows: collection.RowsOne,
		Columns: []collection.ColumnInput{{Title: "检查次数", Kind: collection.KindWhole, Required: true}}}, nil)
	check("task", err)
	to, err := s.collections.Candidates(ctx, dispatcher, collection.ToCommunity, "")
	check("addressees", err)
	task, err = s.collections.Address(ctx, dispatcher, casework.At{ID: task.ID, Seq: task.Seq}, collection.ToCommunity, []string{to[0].ID})
	check("address", err)
	task, err = s.collections.Send(ctx, dispatcher, casework.At{ID: task.ID, Seq: task.Seq})
	check("send", err)
	_, err = s.collections.Repeat(ctx, dispatcher, task.ID, collection.PlanInput{Every: collection.Monthly, On: 5, Rule: "collection.five"}, nil)
	check("plan", err)

	_, err = s.notices.Make(ctx, secretary, notice.Input{Title: "开展消防通道清理", Text: "请各网格员本周内完成。", Until: today.Add(5)}, nil)
	check("notice", err)

	check("points", s.wishes.BookPoints(ctx))

	services, err := s.books.Entries(ctx, secretary, registry.EntryQuery{Book: registry.BookServices})
	check("services", err)
	day := today.Add(1)
	_, err = s.stations.BookTime(ctx, secretary, station.BookingInput{Book: registry.BookServices, Entry: services.Rows[0].ID, Day: day, Hours: "09:00-10:00", Person: "来人"})
	check("booking", err)

	rows, _, err := s.cycle.Coaches(ctx, manager, "", 0, 0)
	check("coach", err)
	given := errors.New("no action of any project can be given")
	for _, r := range rows {
		if given == nil {
			break
		}
		v, err := s.cycle.Coach(ctx, manager, r.Project, cycle.CoachAsk{})
		if err != nil {
			continue
		}
		if i := slices.IndexFunc(v.Actions, func(a cycle.CoachAction) bool { return a.Why == "" }); i >= 0 {
			_, given = s.cycle.CoachTasks().Give(ctx, manager, cycle.CoachGift{Project: r.Project, Action: v.Actions[i].ID, Basis: v.Basis, Due: today}, nil)
		}
	}
	check("coach task", given)

	photo, err := demoPhoto(3)
	check("photo", err)
	claimed, offered := errors.New("no project"), errors.New("no firm in the community of the first secretary")
	check("projects", w.Each(ctx, "project", "", 0, func(r store.Row) error {
		_, id, err := journal.ParseStreamKey(r.Stream)
		if err != nil {
			return err
		}
		place, err := s.register.Place(ctx, id, today)
		if err != nil || place.Firm == "" || place.Developer == "" {
			return err
		}
		if home := secretary.Appointments[0].Scopes[0]; offered != nil && slices.Contains(place.DutyKeys(), home) {
			_, offered = s.books.CreateEntry(ctx, secretary, registry.BookSupplies, strings.TrimPrefix(home, "c:"), map[string]string{"name": "换灯泡", "giver": place.FirmName, "kind": "repair", "by": "group", "orders": "2", "from": "2026-07-01"})
		}
		if claimed == nil {
			return nil
		}
		upload, err := s.keeper.Receive("裂缝.jpg", bytes.NewReader(photo), files.JPEG)
		if err != nil {
			return err
		}
		defer func() { _ = upload.Close() }()
		by := policy.Actor{ID: manager.ID, Appointments: []policy.Appointment{{Role: "firm_manager", Unit: policy.FirmKey(place.Firm), Scopes: []string{policy.FirmKey(place.Firm)}}}}
		_, claimed = s.claims.Open(ctx, by, claim.Opening{Project: id, Part: "structure", Where: "3幢地下室", Defect: "侧墙渗漏，顶板开裂", Completed: today.AddMonths(-24), Delivered: today.AddMonths(-22), Photo: upload})
		return nil
	}))
	check("claim", claimed)
	check("offer", offered)
	return day.String()
}

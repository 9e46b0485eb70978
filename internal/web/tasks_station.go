package web

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/station"
)

// StationTasks is the work of the stations: duty without people, today's bookings, what runs out.
type StationTasks struct {
	// Guard tells who may do what; Stations keeps the books and rosters.
	Guard    *policy.Guard
	Stations *Stations
}

// Tasks implements Tasks.
func (t StationTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	var out []Task
	today := calendar.DateOf(now)
	if t.Guard.Allow(by, policy.WriteStation) {
		gaps, err := t.Stations.Service.Gaps(ctx, by)
		if err != nil {
			return nil, err
		}
		for _, g := range gaps {
			out = append(out, Task{Title: "给" + g.Name + "值班表补人", Context: "今后 7 日内有 " + count(g.Days) + " 天缺人", Due: g.First, Basis: "365天服务不打烊", Link: dutyPath + "?community=" + g.Community + "&month=" + g.First.String()[:7],
				Button: "去排班", Nav: dutyPath, Count: g.Days})
		}
		rows, err := t.Stations.Service.BookingsOn(ctx, by, today, "")
		if err != nil {
			return nil, err
		}
		open := 0
		for _, row := range rows {
			if row.State.Open() {
				open++
			}
		}
		if open > 0 {
			out = append(out, Task{Title: "接待今天的 " + count(open) + " 个预约", Context: "接待后登记已到、未到", Due: today, Link: bookingsPath + "?day=" + today.String(), Button: "看预约", Nav: bookingsPath, Count: open})
		}
	}
	if t.Guard.Allow(by, policy.ReadModel) {
		some, err := t.modelTasks(ctx, by, today)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	for _, b := range t.Stations.Books.Set().All() {
		_, write := b.Actions()
		if !t.Guard.Allow(by, write) || !b.Expires() {
			continue
		}
		due, n, err := t.ending(ctx, by, b.ID)
		if err != nil {
			return nil, err
		}
		path, nav := bookAt(&b)
		if n > 0 {
			out = append(out, Task{Title: "处理 " + count(n) + " " + b.Unit + "到期的" + b.Title, Context: count(b.WatchedDays()) + " 日内到期和已过期的，续期、更新或者撤下", Due: due, Link: path + "?state=ending", Button: "去办理", Nav: nav, Count: n})
		}
	}
	return out, nil
}

// ending counts the rows of a book whose watched last day is near or over, with the first day.
func (t StationTasks) ending(ctx context.Context, by policy.Actor, book string) (first calendar.Date, n int, err error) {
	err = t.Stations.Books.AllEntries(ctx, by, registry.EntryQuery{Book: book, State: registry.EntriesEnding}, func(row registry.EntryRow) error {
		if n++; n == 1 || row.Ends.Compare(first) < 0 {
			first = row.Ends
		}
		return nil
	})
	return first, n, err
}

// modelTasks is the work with selections of 红色达人: what waits for the actor's own move.
func (t StationTasks) modelTasks(ctx context.Context, by policy.Actor, today calendar.Date) ([]Task, error) {
	var out []Task
	for _, state := range []station.ModelState{station.ModelRecommended, station.ModelReturned, station.ModelReviewed, station.ModelShown} {
		rows, err := t.Stations.Service.Models(ctx, by, state)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			moves, err := t.Stations.Service.MayMove(ctx, by, &row.Model)
			if err != nil {
				return nil, err
			}
			for _, move := range moves {
				title := map[station.ModelMove]string{station.MoveReview: "审核" + row.CommunityName + "推荐的红色达人", station.MoveRecommend: "补正红色达人推荐", station.MoveShow: "公示" + row.CommunityName + "推荐的红色达人",
					station.MoveName: "公示已满，命名" + row.CommunityName + "的红色达人"}[move]
				if title == "" {
					continue
				}
				k := Task{Title: title, Context: "现在是" + row.State.Title(), Link: modelsPath + "/" + row.ID, Button: "去办理", Nav: modelsPath}
				if move == station.MoveName {
					k.Due = today
				}
				out = append(out, k)
			}
		}
	}
	return out, nil
}

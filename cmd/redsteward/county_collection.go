package main

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision/collection"
)

// collectionTale is one task of collection of the demonstration while it happens.
type collectionTale struct {
	*countyLoader
	in  collection.TaskInput
	now store.Doc[collection.Task]
}

// collectionActs hands out two tasks to the firms: one of the month before, archived with one firm missing and set to come again every half-year, and one that runs, which a third of the firms has not signed and a third has answered.
func (l *countyLoader) collectionActs() []act {
	today := calendar.DateOf(mustTime(demoStart))
	past := &collectionTale{countyLoader: l, in: collection.TaskInput{Title: "住宅小区微型消防站情况统计", Text: "请各企业按小区填报微型消防站的建设和人员情况（演示）。", Contact: "物业管理股 0792-5213000（演示）", Due: today.Add(-24), Rows: collection.RowsProject,
		Columns: []collection.ColumnInput{{Title: "户数", Kind: collection.KindWhole, Source: collection.SourceHouseholds, Required: true}, {Title: "已建微型消防站", Kind: collection.KindYesNo, Required: true}, {Title: "站内人数", Kind: collection.KindWhole, Most: "50"}}}}
	running := &collectionTale{countyLoader: l, in: collection.TaskInput{Title: "住宅小区消防设施排查", Text: "请各企业逐个小区排查消防设施和通道，周五下班前填报；有隐患的写明位置和情况（演示）。", Contact: "物业管理股 0792-5213000（演示）", Due: today.Add(4), Rows: collection.RowsProject, Hazard: 5, Category: "fire_gear",
		Columns: []collection.ColumnInput{{Title: "户数", Kind: collection.KindWhole, Source: collection.SourceHouseholds, Required: true}, {Title: "项目负责人", Kind: collection.KindPerson, Source: collection.SourceManager},
			{Title: "灭火器数量", Kind: collection.KindWhole, Required: true, Most: "5000"}, {Title: "消防通道畅通", Kind: collection.KindYesNo, Required: true}, {Title: "隐患情况", Kind: collection.KindLong, Required: true, Hint: "写明位置；没有的写“无”"}, {Title: "整改完成日期", Kind: collection.KindDate}}}}
	acts := []act{{hour(today.Add(-31), 9), partMatters, past.send}, {hour(today.Add(-3), 9), partMatters, running.send}}
	for i := range l.firms {
		if i > 0 || len(l.firms) == 1 {
			acts = append(acts, act{hour(today.Add(-30), 10), partMatters, past.sign(i)}, act{hour(today.Add(-29+i%4), 15), partMatters, past.fill(i, map[string]string{"已建微型消防站": "是", "站内人数": "6"})})
		}
		if i%3 > 0 {
			acts = append(acts, act{hour(today.Add(-3), 14), partMatters, running.sign(i)})
		}
		if i%3 == 2 {
			hazard := "无"
			if i%6 == 2 {
				hazard = "2 幢 3 层两具灭火器压力不足（演示）"
			}
			acts = append(acts, act{hour(today.Add(-2), 10), partMatters, running.fill(i, map[string]string{"灭火器数量": "48", "消防通道畅通": "是", "隐患情况": hazard})})
		}
	}
	return append(acts, act{hour(today.Add(-26), 9), partMatters, past.remind}, act{hour(today.Add(-20), 17), partMatters, past.close}, act{hour(today.Add(-19), 9), partMatters, past.repeat})
}

// officer is who sends the tasks.
func (t *collectionTale) officer() policy.Actor { return t.of("property_officer", 0) }

func (t *collectionTale) at() casework.At { return casework.At{ID: t.now.ID, Seq: t.now.Seq} }

// send writes a task and hands it out to every firm that serves a compound.
func (t *collectionTale) send(ctx context.Context) (err error) {
	by := t.officer()
	if t.now, err = t.collections.Make(ctx, by, t.in, nil); err != nil {
		return err
	}
	to, err := t.collections.Candidates(ctx, by, collection.ToFirm, "")
	if err != nil {
		return err
	}
	ids := make([]string, len(to))
	for i, a := range to {
		ids[i] = a.ID
	}
	if t.now, err = t.collections.Address(ctx, by, t.at(), collection.ToFirm, ids); err == nil {
		t.now, err = t.collections.Send(ctx, by, t.at())
	}
	return err
}

// answer finds what a firm has to answer, false if it was not asked.
func (t *collectionTale) answer(ctx context.Context, firm int) (collection.SheetView, bool, error) {
	n := slices.IndexFunc(t.now.State.To, func(a collection.Addressee) bool { return a.ID == t.firms[firm] })
	if n < 0 {
		return collection.SheetView{}, false, nil
	}
	v, err := t.collections.Sheet(ctx, t.of("firm_manager", firm), collection.SheetID(t.now.ID, n))
	return v, err == nil, err
}

// sign signs for it.
func (t *collectionTale) sign(firm int) func(context.Context) error {
	return func(ctx context.Context) error {
		v, asked, err := t.answer(ctx, firm)
		if err == nil && asked {
			_, err = t.collections.Sign(ctx, t.of("firm_manager", firm), casework.At{ID: v.ID, Seq: v.Seq})
		}
		return err
	}
}

// fill answers it, every compound with the same words by title of the column.
func (t *collectionTale) fill(firm int, words map[string]string) func(context.Context) error {
	return func(ctx context.Context) error {
		v, asked, err := t.answer(ctx, firm)
		if err != nil || !asked {
			return err
		}
		values := map[string]string{}
		for _, c := range t.now.State.Columns {
			if text, said := words[c.Title]; said {
				values[c.ID] = text
			}
		}
		at := casework.At{ID: v.ID, Seq: v.Seq}
		for i, row := range v.Rows {
			doc, err := t.collections.Save(ctx, t.of("firm_manager", firm), at, collection.Fill{Row: row.ID, Values: values, File: i == len(v.Rows)-1})
			if err != nil {
				return err
			}
			at.Seq = doc.Seq
		}
		return nil
	}
}

// repeat lets it come again at the end of every half-year, to whoever serves a compound then.
func (t *collectionTale) repeat(ctx context.Context) error {
	in := collection.PlanInput{Every: collection.HalfYearly, On: 31, Month: 6, Rolls: true, Rule: "collection.ten", Everybody: true}
	_, err := t.collections.Repeat(ctx, t.officer(), t.now.ID, in, nil)
	return err
}

// remind reminds who is missing; close archives it.
func (t *collectionTale) remind(ctx context.Context) (err error) {
	t.now, _, err = t.collections.Remind(ctx, t.officer(), t.at())
	return err
}

func (t *collectionTale) close(ctx context.Context) (err error) {
	t.now, err = t.collections.Close(ctx, t.officer(), t.at())
	return err
}

package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
	"redsteward/supervision/rectification"
)

// valueOf is what the box of a document sends.
func valueOf(id string, seq int64) string { return id + "@" + strconv.FormatInt(seq, 10) }

// matterUrges confirms the proposed 催办 and 督办 of many matters at once, each as its page does it.
func (s *Server) matterUrges() batch {
	return batch{path: mattersPath + "/urge", back: mattersPath, backTitle: "事项", title: "批量催办、督办", sub: "系统按期限提出，由你确认：先催办，催办以后还逾期的督办；每件一个期限各一次", button: "催办、督办勾选的", unit: "件", none: "没有要催办、督办的事项", action: policy.DispatchMatter, ticked: true, find: findByText,
		rows: func(c *fiber.Ctx, by policy.Actor) ([]batchRow, error) {
			docs, err := s.matters.ToUrge(c.UserContext(), by)
			if err != nil {
				return nil, err
			}
			var rows []batchRow
			for i := range docs {
				m := &docs[i].State
				rows = append(rows, batchRow{Path: mattersPath + "/" + docs[i].ID, Name: s.matters.Proposes(m).Title() + "：" + m.CategoryTitle + "（" + m.Place() + "）", Text: joinWords(m.DepartmentTitle, "期限 "+s.matters.Resolve(m.Due).Chinese(), m.State.Title()), Value: valueOf(docs[i].ID, docs[i].Seq), Late: true})
			}
			return rowsFound(rows, c.Query("q")), nil
		},
		do: func(c *fiber.Ctx, by policy.Actor, list []casework.At, _ url.Values) ([]batchResult, error) {
			return eachOf(c.UserContext(), list, "已办", "件", func(ctx context.Context, at casework.At) (name, path string, err error) {
				doc, err := s.matters.One(ctx, by, at.ID)
				if err != nil {
					return "", "", err
				}
				m := &doc.State
				rung := s.matters.Proposes(m)
				name = strings.TrimPrefix(rung.Title()+"：", "：") + m.CategoryTitle + "（" + m.Place() + "）"
				_, err = s.matters.Urge(ctx, by, supervision.At(at), rung)
				return name, mattersPath + "/" + at.ID, err
			})
		}}
}

// pressed are the rungs of the ladder that need no paper of their own to be handed in: the others are taken one by one.
var pressed = []rectification.RungKind{rectification.RungRemind, rectification.RungPress}

// rectificationUrges confirms the proposed 提醒 and 督办 of many cases at once, each as its page does it.
func (s *Server) rectificationUrges() batch {
	rungOf := func(k *rectification.Case) rectification.RungKind {
		if rung := k.Proposed(s.clocks.Business()); slices.Contains(pressed, rung) {
			return rung
		}
		return ""
	}
	nameOf := func(k *rectification.Case, rung rectification.RungKind) string {
		return strings.TrimPrefix(registry.TextOf(rectification.RungKinds(), rung)+"：", "：") + k.Name + k.Kind.Title()
	}
	return batch{path: rectificationsPath + "/urge", back: rectificationsPath, backTitle: "整改", title: "批量提醒、督办", sub: "系统按期限提出，由你确认；约谈、登记行业评价记录、移送要逐件办。确认以后在各件上打印提醒函、督办通知书", button: "提醒、督办勾选的", unit: "件", none: "没有要提醒、督办的整改", action: policy.HandleRectification, ticked: true, find: findByText,
		form: func(_ *fiber.Ctx, _ policy.Actor, typed url.Values) ([]field, error) {
			day := typed.Get("day")
			if day == "" {
				day = calendar.DateOf(s.clocks.Business()).String()
			}
			text := typed.Get("text")
			if text == "" && typed.Get("key") == "" {
				text = "期限已过，请尽快改正并逐项回复"
			}
			return []field{{Name: "day", Label: "日期", Type: "date", Value: day}, {Name: "text", Label: "办理情况", Rows: 2, Value: text, Hint: "每一件都写这句；文号在各件上登记"}}, nil
		},
		rows: func(c *fiber.Ctx, by policy.Actor) ([]batchRow, error) {
			docs, err := s.rectificationsOf(c.UserContext(), by, rectification.Filter{})
			if err != nil {
				return nil, err
			}
			var rows []batchRow
			for i := range docs {
				k := &docs[i].State
				if rung := rungOf(k); rung != "" {
					rows = append(rows, batchRow{Path: rectificationsPath + "/" + docs[i].ID, Name: nameOf(k, rung), Text: joinWords(k.FirmName, k.State.Title(), "没有核实 "+count(len(k.Open()))+" 项"), Value: valueOf(docs[i].ID, docs[i].Seq), Late: true})
				}
			}
			return rowsFound(rows, c.Query("q")), nil
		},
		do: func(c *fiber.Ctx, by policy.Actor, list []casework.At, values url.Values) ([]batchResult, error) {
			day, err := calendar.ParseDate(values.Get("day"))
			if err != nil {
				return nil, fault.InvalidFields("web.rectificationUrges", fault.Field{Name: "day", Message: dayFault(values.Get("day"))})
			}
			return eachOf(c.UserContext(), list, "已办", "件", func(ctx context.Context, at casework.At) (name, path string, err error) {
				doc, err := s.rectifications.One(ctx, by, at.ID)
				if err != nil {
					return "", "", err
				}
				k := &doc.State
				rung := rungOf(k)
				name = nameOf(k, rung)
				_, err = s.rectifications.Do(ctx, by, at, rectification.StepRung, casework.Input{Choice: string(rung), Day: day, Text: values.Get("text")})
				return name, rectificationsPath + "/" + at.ID, err
			})
		}}
}

// visitBatch sends people to many compounds at once (批量派查): the days are worked ones from the first day on, so many compounds on each, in the order of the list. The list is confirmed before anything is planned.
func (s *Server) visitBatch() batch {
	const path = visitsPath + "/batch"
	planOf := func(at casework.At, values url.Values) inspection.PlanVisit {
		// The confirmed list says day and place of each row in one number: 202610190003.
		day, _ := calendar.ParseDate(time.Date(int(at.Seq/1e8), time.Month(at.Seq/1e6%100), int(at.Seq/1e4%100), 0, 0, 0, 0, time.UTC).Format("2006-01-02"))
		return inspection.PlanVisit{Project: at.ID, Series: values.Get("series"), Assessor: inspection.Assessor(values.Get("assessor")), Day: day, Order: at.Seq % 1e4, Officers: officersOf(values), Idem: at.Idem}
	}
	return batch{path: path, back: visitsPath, backTitle: "走访评价", title: "批量派查", sub: "勾选小区，写明从哪天起、一天几个、谁去；下一页列出每个小区的日期，核对以后再派", button: "派查勾选的", unit: "个", none: "没有符合条件的小区", action: policy.PlanVisit,
		find: func(c *fiber.Ctx, _ policy.Actor, _ url.Values) ([]field, error) {
			fields := []field{{Name: "q", Label: "小区名称、拼音或地址", Type: "search", Autocomplete: "off", Value: c.Query("q")}, {Name: "all", Label: "列出", Options: []option{{"", "本季度没有走访的"}, {"1", "全部"}}, Value: c.Query("all")}}
			if s.registered == nil {
				return fields, nil
			}
			towns, err := s.townshipOptions(c.UserContext())
			return append(fields, field{Name: "township", Label: "乡镇", Options: towns, Value: c.Query("township")}), err
		},
		form: s.visitBatchForm,
		rows: func(c *fiber.Ctx, by policy.Actor) ([]batchRow, error) { return s.visitsDue(c, by) },
		plan: func(c *fiber.Ctx, by policy.Actor, list []casework.At, values url.Values) ([]batchRow, error) {
			return s.planBatch(c, by, list, values, planOf)
		},
		do: func(c *fiber.Ctx, by policy.Actor, list []casework.At, values url.Values) ([]batchResult, error) {
			return eachOf(c.UserContext(), list, "已安排", "个", func(ctx context.Context, at casework.At) (name, path string, err error) {
				doc, err := s.supervision.Visits.Plan(ctx, by, planOf(at, values))
				if err != nil {
					_ = s.eachProject(ctx, by, registry.ProjectQuery{}, func(row *registry.ProjectRow) bool { // without a name the row is told as one outside the scope
						if row.ID == at.ID {
							name = row.Name
						}
						return name == ""
					})
					return name, "", err
				}
				return doc.State.Name + "，" + doc.State.Day.Chinese() + "第 " + count(int(doc.State.Order)) + " 站", visitsPath + "/" + doc.ID, nil
			})
		}}
}

// eachProject tells the lines of the projects in the actor's scope, until told false.
func (s *Server) eachProject(ctx context.Context, by policy.Actor, q registry.ProjectQuery, tell func(*registry.ProjectRow) bool) error {
	for {
		p, err := s.supervision.Projects.Projects(ctx, by, q)
		if err != nil {
			return err
		}
		for i := range p.Rows {
			if !tell(&p.Rows[i]) {
				return nil
			}
		}
		if q.After = p.Next; q.After == "" {
			return nil
		}
	}
}

// visitBatchForm are who goes, with which sheet, from which day on, and how many compounds a day.
func (s *Server) visitBatchForm(c *fiber.Ctx, by policy.Actor, typed url.Values) ([]field, error) {
	people, err := s.walkers(c.UserContext(), by)
	if err != nil {
		return nil, err
	}
	today := calendar.DateOf(s.clocks.Business())
	day, each := typed.Get("day"), typed.Get("each")
	if typed.Get("key") == "" {
		day, each = today.String(), "4"
	}
	series, assessors := s.visitChoices(today)
	return append([]field{{Name: "day", Label: "从哪天起", Type: "date", Value: day, Hint: "只排工作日"}, {Name: "each", Label: "一天几个小区", Type: "text", Mode: "numeric", Autocomplete: "off", Value: each},
		{Name: "assessor", Label: "由谁评", Options: assessors, Value: typed.Get("assessor")}, {Name: "series", Label: "评价表", Options: series, Value: typed.Get("series")}}, officerFields(people, func(i int) string { return typed.Get(officerName(i)) }, nil)...), nil
}

// visitChoices are the sheets of a day and who may score.
func (s *Server) visitChoices(day calendar.Date) (series, assessors []option) {
	for _, sheet := range s.supervision.Visits.Sheets.Series(day) {
		series = append(series, option{Value: sheet.Series, Label: plainTitle(sheet.Title) + "，要 " + count(int(sheet.Persons)) + " 人签名"})
	}
	for _, a := range inspection.Assessors() {
		assessors = append(assessors, option{Value: string(a), Label: a.Title()})
	}
	return series, assessors
}

// visitsDue lists the compounds of the actor's scope, without all those that nobody visited or is sent to this quarter.
func (s *Server) visitsDue(c *fiber.Ctx, by policy.Actor) ([]batchRow, error) {
	ctx := c.UserContext()
	quarter := calendar.QuarterOf(calendar.DateOf(s.clocks.Business()))
	visited := map[string]calendar.Date{}
	err := eachPage(func(after string) (store.Page[inspection.Visit], error) {
		return s.supervision.Visits.List(ctx, by, inspection.VisitFilter{Quarter: quarter}, after)
	}, func(d store.Doc[inspection.Visit]) {
		if v := &d.State; v.State != inspection.Cancelled && visited[v.Project].Compare(v.Day) < 0 {
			visited[v.Project] = v.Day
		}
	})
	if err != nil {
		return nil, err
	}
	var rows []batchRow
	err = s.eachProject(ctx, by, registry.ProjectQuery{Text: c.Query("q"), Township: c.Query("township")}, func(row *registry.ProjectRow) bool {
		last, was := visited[row.ID]
		if was && c.Query("all") == "" {
			return true
		}
		said := "本季度没有走访"
		if was {
			said = last.Chinese() + "走访"
		}
		rows = append(rows, batchRow{Path: projectsPath + "/" + row.ID, Name: row.Name, Text: joinWords(row.CommunityName, row.FirmName, said), Value: valueOf(row.ID, 0)})
		return true
	})
	return rows, err
}

// planBatch gives each compound its day and place and asks the service, without writing, what it would refuse: that stands beside the row. What is wrong with the form itself stands at its fields.
func (s *Server) planBatch(c *fiber.Ctx, by policy.Actor, list []casework.At, values url.Values, planOf func(casework.At, url.Values) inspection.PlanVisit) ([]batchRow, error) {
	const op = "web.planBatch"
	var bad []fault.Field
	day, err := calendar.ParseDate(values.Get("day"))
	if err != nil {
		bad = append(bad, fault.Field{Name: "day", Message: dayFault(values.Get("day"))})
	}
	each, err := strconv.Atoi(values.Get("each"))
	if err != nil || each < 1 || each > 30 {
		bad = append(bad, fault.Field{Name: "each", Message: "一天几个小区要写 1 至 30 的整数"})
	}
	if len(bad) > 0 {
		return nil, fault.InvalidFields(op, bad...)
	}
	names := map[string]string{}
	if err := s.eachProject(c.UserContext(), by, registry.ProjectQuery{}, func(row *registry.ProjectRow) bool { names[row.ID] = row.Name; return true }); err != nil {
		return nil, err
	}
	rows, refused := make([]batchRow, len(list)), 0
	for i, at := range list {
		if i%each == 0 {
			if i > 0 {
				day = day.Add(1)
			}
			day = s.workedFrom(day)
		}
		year, month, date := day.Parts()
		at.Seq = int64(year)*1e8 + int64(month)*1e6 + int64(date)*1e4 + int64(i%each+1)
		rows[i] = batchRow{Name: names[at.ID], Text: day.Chinese() + "，第 " + count(i%each+1) + " 站", Value: valueOf(at.ID, at.Seq)}
		if rows[i].Name == "" {
			rows[i].Name = "不在你的范围内的一个"
		}
		_, err := s.supervision.Visits.Plan(store.Trial(c.UserContext()), by, planOf(at, values))
		ofForm := slices.DeleteFunc(slices.Clone(refusedForm(err)), func(f fault.Field) bool {
			return !slices.Contains([]string{"day", "series", "assessor", "officers"}, f.Name)
		})
		if len(ofForm) > 0 {
			refused++
		}
		if i == 0 {
			bad = ofForm
		}
		if err != nil && !fault.Is(err, fault.Forbidden) { // Forbidden: it would be written
			if rows[i].Why = refusalText(err); rows[i].Why == "" {
				return nil, err
			}
		}
	}
	// What holds for every row is a mistake of the form; who may not go to one compound may go to the others.
	if refused == len(rows) && len(bad) > 0 {
		for i := range bad {
			if bad[i].Name == "officers" {
				bad[i].Name = officerName(0)
			}
		}
		return nil, fault.InvalidFields(op, bad...)
	}
	return rows, nil
}

// workedFrom is the first worked day from a day on; beyond the loaded calendar Monday to Friday count.
func (s *Server) workedFrom(day calendar.Date) calendar.Date {
	for ; ; day = day.Add(1) {
		worked := day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
		if s.holidays != nil {
			if said, known := s.holidays.Workday(day); known {
				worked = said
			}
		}
		if worked {
			return day
		}
	}
}

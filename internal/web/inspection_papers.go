package web

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/supervision/inspection"
)

// inspectionPaper is a paper of an inspection for printing: the form of its approval, the notice, the record, the result.
func (s *Server) inspectionPaper(ctx context.Context, by policy.Actor, id string, k *inspection.Inspection, print caseLink) (printView, error) {
	v := printView{To: k.FirmName, Date: s.clockOf(ctx).today.Chinese()}
	departments, matters := inspectionParts(k)
	switch print.Link {
	case "approval":
		v.Title, v.To, v.Hash = "行政检查审批表", "", hashGroups(k.Approval.SubjectHash)
		// As it was sent round: nothing of what came after.
		sent := *k
		sent.Notice, sent.Answered, sent.Told = nil, nil, nil
		facts, err := s.inspectionFacts(ctx, &sent)
		if err != nil {
			return printView{}, err
		}
		v.Rows = append([][2]string{{"检查对象", k.Name}}, facts...)
		v.Date = ""
		for _, d := range k.Approval.Decisions {
			v.Date = calendar.DateOf(d.At.Time).Chinese()
		}
		for _, level := range s.approvalLevels(k.Approval) {
			for _, seat := range level.Seats {
				v.Rows = append(v.Rows, [2]string{level.Name, seat.Office + "：" + seat.Said})
			}
		}
	case "notice":
		v.Title = "行政检查通知书"
		when := k.Opened.Chinese()
		v.Words = []string{"我局" + joined(departments) + "定于" + when + "对你单位服务的" + k.Name + "进行" + k.Ground.Title() + "。检查人员不少于两人，到场先出示执法证；没有出示的，你单位有权拒绝检查。",
			"请准备有关资料并安排人员到场。你单位可以陈述、申辩；检查中需要回避的，请当场提出。"}
		for i := range k.Teams {
			t := &k.Teams[i]
			v.Rows = append(v.Rows, [2]string{t.Department, mattersOf(t)})
		}
		if k.Notice != nil {
			v.Number, v.Date = k.Notice.Number, k.Notice.Day.Chinese()
			v.Rows = append(v.Rows, [2]string{"检查码", codeGroups(k.Code) + "（在本局公开网页“行政检查”核验）"})
		}
		if k.Approval != nil {
			v.Hash = hashGroups(k.Approval.SubjectHash)
		}
	case "record":
		return s.inspectionRecord(ctx, by, id, k)
	case "result":
		v.Title = "检查结果告知书"
		v.Words = []string{fmt.Sprintf("%s，我局%s对你单位服务的%s进行了%s（%s），%s。", k.Opened.Chinese(), joined(departments), k.Name, k.Ground.Title(), strings.Join(matters, "、"), k.Result())}
		if k.Told != nil {
			v.Date = k.Told.Day.Chinese()
		}
		found, err := s.inspections.Findings(ctx, by, id)
		if err != nil {
			return printView{}, err
		}
		for _, f := range found.Findings {
			v.Rows = append(v.Rows, [2]string{"第 " + f.Item + " 项", f.Problem + " 处理：" + f.Kind.Title() + "。"})
		}
	}
	return v, nil
}

// inspectionRecord is the record that is signed on site: one sheet for each department (综合查一次), as soon as everything is answered.
func (s *Server) inspectionRecord(ctx context.Context, by policy.Actor, id string, k *inspection.Inspection) (printView, error) {
	const op = "web.inspectionRecord"
	walks, err := s.inspections.Walks(ctx, by, id)
	if err != nil {
		return printView{}, err
	}
	var sheets []printView
	for _, w := range walks {
		at := slices.IndexFunc(k.Teams, func(t inspection.Team) bool { return t.Record == w.Visit.ID })
		t := &k.Teams[at]
		if left := int(w.Sheet.Count()) - len(w.Answers); left > 0 {
			return printView{}, fault.New(op, fault.Conflict, fmt.Sprintf("%s还有 %d 项没有查，查完再打印笔录", t.Department, left))
		}
		people, err := s.inspectingTeam(ctx, t)
		if err != nil {
			return printView{}, err
		}
		v := printView{Title: "现场检查笔录", Date: k.Opened.Chinese(), Words: []string{"检查人员出示执法证、说明来意后，对" + k.FirmName + "服务的" + k.Name + "进行检查，情况如下。"},
			Rows: filled([][2]string{{"检查机关", t.Department}, {"被检查单位", k.FirmName}, {"地点", k.Place}, {"事由", k.Ground.Title()}, {"理由", k.Why}, {"检查日期", k.Opened.Chinese()}, {"事项", mattersOf(t)}, {"检查人员", strings.Join(people, "、")}})}
		if at > 0 {
			v.From = t.Department
		}
		if k.Notice != nil {
			v.Rows = append(v.Rows, [2]string{"检查通知", k.Notice.Number})
		}
		count := map[inspection.Value]int{}
		for _, a := range w.Answers {
			count[a.Value]++
		}
		v.Rows = append(v.Rows, answeredRows(w)...)
		v.Rows = append(v.Rows, [2]string{"结果", fmt.Sprintf("符合 %d 项，不适用 %d 项，不符合 %d 项", count[inspection.Conform], count[inspection.NotApplicable], count[inspection.Fail])})
		sign := "　"
		if a := k.Answered; a != nil && a.Refused {
			sign = "拒绝签收：" + a.Paper.Text + "；见证：" + a.Witness
		}
		v.Rows = append(v.Rows, [2]string{"被检查单位意见", "　"}, [2]string{"被检查单位签名", sign})
		for n := range people {
			v.Rows = append(v.Rows, [2]string{fmt.Sprintf("检查人员 %d 签名", n+1), "　"})
		}
		sheets = append(sheets, v)
	}
	if len(sheets) == 0 {
		return printView{}, fault.New(op, fault.NotFound, "还没有开始检查")
	}
	for n := len(sheets) - 1; n > 0; n-- {
		sheets[n-1].Next = &sheets[n]
	}
	return sheets[0], nil
}

// joined names the departments of a joint inspection (综合查一次), nothing for one alone.
func joined(departments []string) string {
	if len(departments) < 2 {
		return ""
	}
	return "会同" + strings.Join(departments[1:], "、") + "，按“综合查一次”"
}

// inspectedView is what inspection_public.html shows: the list of matters, and what a code stands for.
type inspectedView struct {
	Agenda   *inspection.Agenda
	Matters  []inspectedMatter
	Code     field
	Verified *inspection.Verified
	// Draws leads to the public draws, "" without them.
	Draws string
}

type inspectedMatter struct{ Name, Department, Law, Competence, Lacks string }

// inspected is the page for everybody: what is inspected, by which law, how often, and whether a notice is real.
func (s *Server) inspected(c *fiber.Ctx, by policy.Actor) error {
	v := inspectedView{Agenda: s.inspections.Agenda, Code: field{Name: "code", Label: "检查码", Type: "text", Autocomplete: "off", Value: c.Query("code"), Hint: "印在检查通知书上的 12 位字母和数字"}}
	if s.draws != nil {
		v.Draws = drawsPath
	}
	for _, m := range s.inspections.Agenda.Matters {
		v.Matters = append(v.Matters, inspectedMatter{m.Name, m.Department, m.Law + m.Article, m.Competence, m.Lacks()})
	}
	p := page{Title: "行政检查", Nav: inspectedPath, Data: &v}
	if v.Code.Value == "" {
		return s.render(c, by, "inspection_public", p)
	}
	if err := s.slowDown(c, s.codes, "填错检查码"); err != nil {
		return err
	}
	found, err := s.inspections.Verify(c.UserContext(), strings.ToUpper(strings.Join(strings.Fields(v.Code.Value), "")))
	if fault.Is(err, fault.NotFound) {
		s.used(c, s.codes)
		v.Code.Error = fault.MessageOf(err)
		p.Fields = []fault.Field{{Name: "code", Message: v.Code.Error}}
		return s.refuse(c, by, "inspection_public", p)
	}
	if err != nil {
		return err
	}
	v.Verified = &found
	return s.render(c, by, "inspection_public", p)
}

package web

import (
	"cmp"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision/matter"
)

// matterPapers are the papers of a matter as the actor sees it: what a department is handed, and what it answered; to another platform for who may know that it came from there. Who reported it stands on none of them.
func (s *Server) matterPapers(id string, m *matter.Matter) []pagePaper {
	var out []pagePaper
	if m.Department != "" {
		out = append(out, pagePaper{"dispatch", "事项交办单", "", always(s.matterDispatched(id, m))})
	}
	if m.Answer == nil {
		return out
	}
	out = append(out, pagePaper{"answer", "事项办理反馈单", "", always(s.matterAnswered(id, m))})
	if m.Order != nil {
		v := s.matterAnswered(id, m)
		v.Title, v.To, v.From = m.Order.SystemTitle()+"工单办理回复", m.Order.SystemTitle(), ""
		v.Words = []string{"你单位转来的工单已经办理，现将办理情况回复如下。"}
		v.Rows = append([][2]string{{"工单编号", m.Order.Number}, {"来件日期", m.Order.Received.Chinese()}}, v.Rows...)
		if !m.Order.Due.IsZero() {
			v.Rows = append(v.Rows, [2]string{"平台的期限", m.Order.Due.Chinese()})
		}
		out = append(out, pagePaper{"order", "工单办理回复", "", always(v)})
	}
	return out
}

// matterFacts are what every paper of a matter says of it.
func matterFacts(id string, m *matter.Matter) [][2]string {
	return filled([][2]string{{"事项编号", id[:min(8, len(id))]}, {"分类", m.KindTitle + "，" + m.CategoryTitle}, {"位置", m.TownshipName + m.CommunityName + " " + m.Place()}, {"物业企业", m.FirmName}, {"情况", m.Words}, {"上报时间", dateTime(m.Reported.At.Time)}})
}

// matterDispatched hands a matter to a department.
func (s *Server) matterDispatched(id string, m *matter.Matter) printView {
	v := printView{From: m.TownshipName, To: m.DepartmentTitle, Date: "　　年　　月　　日", Words: []string{"下列事项请你单位办理，在期限内签收、办结，并在系统里答复、附现场照片；不属于你单位职责的，签收期限内写明理由退回一次。"}, Rows: matterFacts(id, m)}
	if m.Urgent {
		v.Rows = append(v.Rows, [2]string{"缓急", "紧急"})
	}
	due, title := m.AnswerBy, "办结期限"
	if due.Rule == "" {
		due, title = m.Due, "签收期限"
	}
	if due.Rule != "" {
		v.Rows = append(v.Rows, [2]string{title, due.Chinese()})
	}
	v.Below = [][2]string{{"签收人、日期", blank}, {"办理情况", room}, {"承办人签名", blank}}
	return v
}

// matterAnswered tells what was done, and how that was verified.
func (s *Server) matterAnswered(id string, m *matter.Matter) printView {
	a := m.Answer
	v := printView{From: m.DepartmentTitle, To: m.TownshipName, Date: calendar.DateOf(a.By.At.Time).Chinese(), Words: []string{"交办的下列事项已经办理，现将办理情况反馈如下。"},
		Rows: append(matterFacts(id, m), [2]string{"承办部门", m.DepartmentTitle}, [2]string{"办理情况", a.Words}, [2]string{"办理结果", map[bool]string{true: "已解决", false: "没有解决"}[a.Fixed]}, [2]string{"责任方", cmp.Or(registry.TextOf(matter.Liables(), a.Liable), blank)}, [2]string{"诉求合理", yesNo(a.Reasonable)}, [2]string{"答复时间", dateTime(a.By.At.Time)})}
	if a.Late {
		v.Rows = append(v.Rows, [2]string{"逾期", "是"})
	}
	if k := m.Check; k != nil {
		v.Rows = append(v.Rows, [2]string{"核实方式", k.Way.Title()})
		if k.Satisfied != "" {
			v.Rows = append(v.Rows, [2]string{"满意度", registry.TextOf(matter.Satisfactions(), k.Satisfied)})
		}
	}
	return v
}

// matterPaper is one of them for printing.
func (s *Server) matterPaper(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.matters.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.printPaper(c, by, mattersPath, doc.ID, s.matterPapers(doc.ID, &doc.State))
}

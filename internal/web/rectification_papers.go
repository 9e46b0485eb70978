package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
	"redsteward/supervision/rectification"
)

// blank is a row to be filled in by hand, room one in which much is written.
const (
	blank = "　"
	room  = "　　"
)

// rungPapers is what the paper of a rung is called. A mark has none: it is entered in its book.
var rungPapers = map[rectification.RungKind]string{rectification.RungRemind: "整改提醒函", rectification.RungPress: "整改督办通知书", rectification.RungTalk: "约谈通知书", rectification.RungHandOn: "移送函"}

// rectificationPrints are the papers that a case has now: the paper itself and those of the rungs that were taken; for who handles it also what goes with the delivery, and the paper of the rung that is proposed.
func (s *Server) rectificationPrints(by policy.Actor, k *rectification.Case) []caseLink {
	out := []caseLink{{k.Kind.Title(), "paper"}}
	for i, r := range k.Rungs {
		if title := rungPapers[r.Kind]; title != "" {
			out = append(out, caseLink{title, "rung-" + strconv.Itoa(i+1)})
		}
	}
	if slices.ContainsFunc(k.Findings, func(f rectification.Finding) bool { return f.Look != nil }) {
		out = append(out, caseLink{"整改复查意见书", "recheck"})
	}
	if !s.guard.Allow(by, policy.HandleRectification) {
		return out
	}
	if title := rungPapers[k.Proposed(s.clocks.Business())]; title != "" {
		out = append(out, caseLink{title + "（建议的下一步）", "next"})
	}
	transfer := k.Kind == supervision.PaperTransfer
	if k.State == rectification.Ready || k.Served != nil {
		out = append(out, caseLink{map[bool]string{false: "送达回证", true: "移送函回执"}[transfer], "receipt"})
	}
	if k.Firm != "" && !transfer {
		out = append(out, caseLink{"送达地址确认书", "address"})
	}
	return out
}

// rectificationPrint is a paper of a case for printing.
func (s *Server) rectificationPrint(ctx context.Context, _ policy.Actor, id string, k *rectification.Case, print caseLink) (printView, error) {
	switch print.Link {
	case "paper":
		return s.rectificationPaperOf(ctx, k), nil
	case "next":
		v := s.rungPaper(ctx, k, rectification.Rung{Kind: k.Proposed(s.clocks.Business())})
		v.Paper = v.Title
		return v, nil
	case "recheck":
		return recheckPaper(k), nil
	case "receipt":
		return s.serviceReceipt(ctx, id, k)
	case "address":
		return printView{Title: print.Title, From: k.FirmName, Date: "　　年　　月　　日", Words: []string{"为了及时收到文书，请如实填写。地址、电话变更的，请书面告知我局；没有告知的，按本确认书送达的为送达。没有写明电子送达方式的，不以电子方式送达。"},
			Rows: [][2]string{{"受送达人", k.FirmName}, {"送达地址", blank}, {"收件人和职务", blank}, {"联系电话", blank}, {"同意电子送达：邮箱、政务微信等", blank}, {"受送达人签名、盖章", blank}}}, nil
	}
	n, err := strconv.Atoi(strings.TrimPrefix(print.Link, "rung-"))
	if err != nil {
		return printView{}, err
	}
	return s.rungPaper(ctx, k, k.Rungs[n-1]), nil
}

// rectificationPaperOf puts the paper into words. It is no penalty; only an order orders.
func (s *Server) rectificationPaperOf(ctx context.Context, k *rectification.Case) printView {
	v := printView{Title: k.Kind.Title(), To: k.FirmName, Date: s.clockOf(ctx).today.Chinese()}
	if k.Served != nil {
		v.Number, v.Date = k.Served.Number, k.Served.Day.Chinese()
	}
	seen := k.Opened.Chinese() + "对" + k.Name + map[bool]string{false: "走访评价", true: "行政检查"}[k.Formal] + "时，发现下列问题。"
	period := ""
	for _, p := range s.rectificationPeriods() {
		if p.ID == k.Period {
			period = "自收到本文书次日起 " + strings.TrimSpace(p.Text[strings.LastIndex(p.Text, "，")+len("，"):]) + "内"
		}
	}
	switch k.Kind {
	case supervision.PaperSuggestion:
		v.Words = []string{seen + "建议你单位" + period + "改正，并逐项回复整改情况、附整改后的照片。"}
	case supervision.PaperAssignment:
		v.Words = []string{seen + "请你单位按物业服务合同的约定，" + period + "办理，并逐项回复整改情况、附整改后的照片。"}
	case supervision.PaperOrder:
		v.Words = []string{k.Opened.Chinese() + "我局对你单位服务的" + k.Name + "进行行政检查，发现下列行为。根据所列规定，责令你单位" + period + "改正，并书面报告改正情况。"}
		if k.Remedy != "" {
			v.Words = append(v.Words, k.Remedy)
		}
	case supervision.PaperTransfer:
		v.To, v.Words = k.To, []string{seen + "属于你单位职责范围，现移送你单位依法处理，请将处理结果告知我局。"}
	}
	for i := range k.Findings {
		f := &k.Findings[i]
		said := f.Problem + " 要求：" + f.Request + "。依据：" + f.Basis + "。"
		if f.Law != "" {
			said = f.Problem + " 责令：" + f.Request + "。依据：" + f.Law + f.Article + "；职权依据：" + f.Competence + "。"
		}
		v.Rows = append(v.Rows, [2]string{"第 " + f.Item + " 项", said})
	}
	if k.Approval != nil {
		v.Hash = hashGroups(k.Approval.SubjectHash)
	}
	return v
}

// recheckPaper tells what the second looks found, problem by problem; it is dated as the last of them.
func recheckPaper(k *rectification.Case) printView {
	v := printView{Title: "整改复查意见书", To: k.FirmName}
	last, open := calendar.Date{}, 0
	for i := range k.Findings {
		f := &k.Findings[i]
		said := f.Problem + " 复查：" + f.Standing()
		if f.Look != nil {
			said += "，" + paperText(f.Look)
			if f.Look.Day.Compare(last) > 0 {
				last = f.Look.Day
			}
		}
		if !f.Fixed {
			open++
		}
		v.Rows = append(v.Rows, [2]string{"第 " + f.Item + " 项", said})
	}
	result := "所列问题都已核实整改。"
	if open > 0 {
		result = "还有 " + count(open) + " 项没有核实整改，请继续整改并回复。"
	}
	paper := k.Kind.Title()
	if k.Served != nil {
		paper += "（" + k.Served.Number + "）"
	}
	v.Date, v.Words = last.Chinese(), []string{"你单位服务的" + k.Name + "，对" + paper + "所列问题的整改，已经复查，情况如下。" + result}
	return v
}

// rungPaper puts the paper of a rung into words, of one that is not taken yet as a draft. None of them is a penalty.
func (s *Server) rungPaper(ctx context.Context, k *rectification.Case, r rectification.Rung) printView {
	day := r.Paper.Day
	if day.IsZero() {
		day = s.clockOf(ctx).today
	}
	v := printView{Title: rungPapers[r.Kind], To: k.FirmName, Number: r.Paper.Number, Date: day.Chinese()}
	told := "你单位服务的" + k.Name + "，" + k.Kind.Title() + "（" + k.Served.Number + "，" + k.Served.Day.Chinese() + "送达）所列下列问题，到今天还没有核实整改。"
	var open []string
	for i := range k.Findings {
		// What was put right later was still open on the day of the paper.
		if f := &k.Findings[i]; !f.Fixed || f.Look.Day.Compare(day) >= 0 {
			open = append(open, f.Item)
			v.Rows = append(v.Rows, [2]string{"第 " + f.Item + " 项", f.Problem + " 要求：" + f.Request + "。"})
		}
	}
	switch r.Kind {
	case rectification.RungRemind:
		v.Words = []string{told + "请尽快改正，逐项回复整改情况、附整改后的照片。"}
	case rectification.RungPress:
		v.Words = []string{told + "经提醒仍没有改好，现予督办。请明确责任人和完成日期，逐项改正、回复。"}
	case rectification.RungTalk:
		v.Words = []string{told + "现约谈你单位负责人。请按下列时间、地点到场，带整改方案和有关资料；不能到场的，请提前说明理由。"}
		v.Rows = append([][2]string{{"时间", blank}, {"地点", blank}, {"联系人和电话", blank}}, v.Rows...)
		v.Next = &printView{Title: "约谈记录", Date: "　　年　　月　　日", Rows: [][2]string{{"时间和地点", blank}, {"约谈人（不少于两人）和职务", blank}, {"被约谈单位", k.FirmName}, {"被约谈人和职务", blank}, {"事项", k.Name + k.Kind.Title() + "第 " + strings.Join(open, "、") + " 项"},
			{"约谈内容", room}, {"被约谈单位的陈述", room}, {"整改承诺和完成日期", room}, {"被约谈人签名", blank}, {"约谈人签名", blank}, {"记录人签名", blank}}}
	case rectification.RungHandOn:
		v.To, v.Words = "", []string{k.FirmName + "服务的" + k.Name + "，" + k.Kind.Title() + "（" + k.Served.Number + "）所列下列问题，多次督促仍没有改好，属于你单位职责范围，现移送你单位依法处理，请将处理结果告知我局。"}
	}
	if r.Paper.Text != "" {
		v.Rows = append(v.Rows, [2]string{"办理内容", r.Paper.Text})
	}
	return v
}

// serviceReceipt is the receipt of a delivery, to be signed by who takes the paper.
func (s *Server) serviceReceipt(ctx context.Context, id string, k *rectification.Case) (printView, error) {
	do, means := rectification.StepServe, blank
	if k.Kind == supervision.PaperTransfer {
		do = rectification.StepHandOver
	}
	number, err := s.heldFor(ctx, letterKind(rectificationsPath)+"/"+id, k.Code(do))
	if err != nil {
		return printView{}, err
	}
	if k.Served != nil {
		if number = k.Served.Number; k.Served.Text != "" {
			means = registry.TextOf(rectification.Means(), k.Served.Text)
		}
	}
	v := printView{Title: "送达回证", Date: "　　年　　月　　日"}
	if k.Kind == supervision.PaperTransfer {
		v.Title, v.From, v.Rows = "移送函回执", k.To, [][2]string{{"收到的文书", joinWords(k.Kind.Title(), number)}, {"事由", k.Name + "，" + k.Sheet}, {"收到日期", blank}, {"收件人签名、盖章", blank}, {"承办部门和联系电话", blank}}
		return v, nil
	}
	address, confirmed, err := s.rectifications.AddressOf(ctx, k.Firm)
	if err != nil {
		return printView{}, err
	}
	where := blank
	if confirmed {
		where = address.Text + "（" + address.Day.Chinese() + "确认）"
	}
	return receiptOf(joinWords(k.Kind.Title(), number), k.FirmName, where, means), nil
}

// serviceAddress shows the scan of the confirmed address of the firm of a case.
func (s *Server) serviceAddress(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.rectifications.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	address, confirmed, err := s.rectifications.AddressOf(c.UserContext(), doc.State.Firm)
	if err != nil || !confirmed {
		return s.sendStored(c, nil)
	}
	return s.sendStored(c, &address.Paper)
}

// rectificationParts are the papers of a case: what it comes from, and its own.
func (s *Server) rectificationParts(c *fiber.Ctx, by policy.Actor, id string, k *rectification.Case) ([]volumeItem, error) {
	found, err := s.foundParts(c, by, k)
	if err != nil {
		return nil, err
	}
	own, err := s.rectificationOwn(c, by, id, k)
	return append(found, own...), err
}

// rectificationOwn are the papers of a case itself: the paper with its approval, delivery, answers and second looks, the ladder, the outcome.
func (s *Server) rectificationOwn(c *fiber.Ctx, by policy.Actor, id string, k *rectification.Case) (items []volumeItem, err error) {
	path, list := rectificationsPath+"/"+id, rectificationFiles(k)
	print := func(title, link string) error {
		item, ok, err := s.boundPaper(c, path+"/print/"+link, title)
		if ok {
			items = append(items, item)
		}
		return err
	}
	files := func(name string) error {
		items, err = s.boundFiles(c.UserContext(), items, path, list, func(f caseFile) bool { return f.name == name })
		return err
	}
	if err := print(k.Kind.Title(), "paper"); err != nil {
		return nil, err
	}
	items = s.boundLevels(items, k.Approval)
	if p := k.Served; p != nil {
		items = append(items, paperItem("送达", p, [2]string{"文号", p.Number}, [2]string{"送达日期", p.Day.Chinese()}, [2]string{"送达方式", registry.TextOf(rectification.Means(), p.Text)}, [2]string{"受移送单位", k.To}))
		if err := files("served"); err != nil {
			return nil, err
		}
	}
	for i := range k.Findings {
		f := &k.Findings[i]
		item := paperItem("第 "+f.Item+" 项的回复和复查", nil, [2]string{"应当做到", f.Sentence}, [2]string{"问题", f.Problem}, [2]string{"要求", f.Request}, [2]string{"企业回复", paperText(f.Answer)}, [2]string{"复查", paperText(f.Look)}, [2]string{"结果", f.Standing()})
		if f.Answer != nil {
			item.By, item.Day = k.FirmName, f.Answer.Day.Chinese()
		}
		items = append(items, item.with(path, list, func(one caseFile) bool { return one.of == f.Item }))
	}
	for i, r := range k.Rungs {
		name := "rung-" + strconv.Itoa(i+1)
		if title := rungPapers[r.Kind]; title == "" {
			items = append(items, paperItem(registry.TextOf(rectification.RungKinds(), r.Kind), &r.Paper, [2]string{"办理", paperText(&r.Paper)}))
		} else if err := print(title, name); err != nil {
			return nil, err
		}
		if err := files(name); err != nil {
			return nil, err
		}
	}
	if k.Outcome != nil {
		items = append(items, paperItem("移送的处理结果", k.Outcome, [2]string{"处理结果", paperText(k.Outcome)}))
		if err := files("outcome"); err != nil {
			return nil, err
		}
	}
	if !k.Closed.IsZero() {
		items = append(items, volumeItem{Title: "结案", Day: k.Closed.Chinese(), Rows: filled([][2]string{{"办结日期", k.Closed.Chinese()}, {"结果", k.State.Title()}, {"问题", count(len(k.Findings)) + " 项，核实整改 " + count(len(k.Findings)-len(k.Open())) + " 项"}, {"理由", k.Reason}})})
	}
	return items, nil
}

// foundParts are the papers of the inspection, or the sheet of the visit, from which the findings come, as far as the actor may read them.
func (s *Server) foundParts(c *fiber.Ctx, by policy.Actor, k *rectification.Case) ([]volumeItem, error) {
	ctx := c.UserContext()
	if k.Formal {
		if s.inspections == nil {
			return nil, nil
		}
		doc, err := s.inspections.One(ctx, by, k.Visit)
		if closedTo(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return s.inspectionPages().boundPrints(c, by, doc.ID, &doc.State)
	}
	w, err := s.supervision.Visits.One(ctx, by, k.Visit)
	if closedTo(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	people, err := s.officerNames(ctx, w.Visit.State)
	if err != nil {
		return nil, err
	}
	visit := &w.Visit.State
	rows := [][2]string{{"小区", visit.Name}, {"走访日期", visit.Day.Chinese()}, {"走访人员", people}}
	if visit.Full > 0 {
		rows = append(rows, [2]string{"得分", fmt.Sprintf("%d / %d 分", visit.Points, visit.Full)})
	}
	return []volumeItem{{Title: visit.Sheet.Title, Day: visit.Day.Chinese(), Rows: append(rows, answeredRows(w)...)}}, nil
}

// inspectionParts are the papers of an inspection, and those of the cases that came of it.
func (s *Server) inspectionParts(c *fiber.Ctx, by policy.Actor, id string, k *inspection.Inspection) ([]volumeItem, error) {
	items, err := s.inspectionPages().boundPrints(c, by, id, k)
	if err != nil || s.rectifications == nil || !s.guard.Allow(by, policy.ReadRectification) {
		return items, err
	}
	docs, err := s.rectificationsOf(c.UserContext(), by, rectification.Filter{Project: k.Project})
	for _, doc := range slices.Backward(docs) {
		if doc.State.Visit != id {
			continue
		}
		own, err := s.rectificationOwn(c, by, doc.ID, &doc.State)
		if err != nil {
			return nil, err
		}
		items = append(items, own...)
	}
	return items, err
}

// answeredRows are the answers of a sheet, an item a row.
func answeredRows(w inspection.Walk) [][2]string {
	var rows [][2]string
	for _, item := range w.Sheet.Items() {
		if a, ok := w.Answers[item.ID]; ok {
			rows = append(rows, [2]string{item.ID, item.Sentence + "：" + joinWords(a.Value.Title(), a.Where, a.Note)})
		}
	}
	return rows
}

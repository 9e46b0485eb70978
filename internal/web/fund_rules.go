package web

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
)

// fundVersion is one version for people.
type fundVersion struct {
	fund.Version
	No, Word, RateText, BaseText, DueText, StartsText, RoundingText, DaysText, InPlace, LateText, FineText, StagesText string
	CanDecide                                                                                                          bool
	// Refuse is the field with the reason for not adopting it.
	Refuse field
}

// versionNo is the number of a version for people.
func versionNo(id string) string { return strings.TrimPrefix(id, "r") }

// fundRulesView is what fund_rules.html shows.
type fundRulesView struct {
	Versions          []fundVersion
	CanPropose, Unset bool
	Key               string
}

func (s *Server) fundVersions(by policy.Actor, book fund.Book, refused []fault.Field) []fundVersion {
	var out []fundVersion
	for i := len(book.Versions) - 1; i >= 0; i-- {
		v := book.Versions[i]
		t := v.Terms
		f := fundVersion{Version: v, No: versionNo(v.ID), Word: v.State.Title(), RateText: t.Rate.String() + "%", BaseText: registry.TextOf(fund.Bases(), t.Base), DueText: registry.TextOf(fund.Events(), t.DueBefore) + "前",
			StartsText: registry.TextOf(fund.Events(), t.Starts) + "起 " + strconv.FormatInt(t.Years, 10) + " 年", RoundingText: registry.TextOf(fund.Roundings(), t.Rounding), DaysText: spanText(t.Days),
			CanDecide: v.State == fund.RuleProposed && s.guard.Allow(by, policy.AdoptFundRule) && v.Proposed.By != by.ID}
		f.Refuse = withErrors([]field{{Name: refusalField(v.ID), Label: "不采用的理由", Type: "text"}}, refused)[0]
		if t.Rate.IsZero() {
			f.RateText = ""
		}
		if t.AreaFen > 0 {
			f.BaseText += "（" + fund.Yuan(t.AreaFen) + " 元/平方米）"
		}
		switch {
		case t.Letter && t.Insurance:
			f.InPlace = "银行保函、工程质量潜在缺陷保险"
		case t.Letter:
			f.InPlace = "银行保函"
		case t.Insurance:
			f.InPlace = "工程质量潜在缺陷保险"
		}
		if t.LatePercent.Sign() > 0 {
			f.LateText = "每日 " + t.LatePercent.String() + "%（" + t.LateClause + "）"
		}
		f.FineText = fineText(t.Fine)
		f.StagesText = strings.Join(stageTexts(fund.Due{Stages: t.Stages}), "；")
		out = append(out, f)
	}
	return out
}

// fineText is a clause about fines for people, "" without one.
func fineText(t fund.FineTerms) string {
	if t.Clause == "" {
		return ""
	}
	var parts []string
	if t.Percent.Sign() > 0 {
		parts = append(parts, "未缴金额的 "+t.Percent.String()+"%")
	}
	if t.Min > 0 {
		parts = append(parts, fund.Yuan(t.Min)+" 元以上")
	}
	if t.Max > 0 {
		parts = append(parts, fund.Yuan(t.Max)+" 元以下")
	}
	return strings.Join(parts, "，") + "（" + t.Clause + "）"
}

// stageLine is one line of the stages of a rule.
var stageLine = regexp.MustCompile(`^满?\s*([0-9]{1,2})\s*年\s*退?\s*([0-9]{1,2}(?:\.[0-9]{1,4})?)\s*[%％]$`)

// stages reads the stages of a release, one a line, such as 满5年退30%; what cannot be read is refused with its line.
func (t *typed) stages(name string) []fund.Stage {
	var out []fund.Stage
	n := 0
	for line := range strings.Lines(t.text(name)) {
		n++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		parts := stageLine.FindStringSubmatch(line)
		if parts == nil {
			t.bad = append(t.bad, fault.Field{Name: name, Message: "分期退还第 " + strconv.Itoa(n) + " 行“" + string([]rune(line)[:min(20, len([]rune(line)))]) + "”看不懂，要写成 满5年退30%，一行一期"})
			return nil
		}
		after, _ := strconv.ParseInt(parts[1], 10, 64) // the pattern allows digits only
		percent, err := num.Parse(parts[2])
		if err != nil {
			t.bad = append(t.bad, fault.Field{Name: name, Message: "分期退还第 " + strconv.Itoa(n) + " 行的比例“" + parts[2] + "”要填数字"})
			return nil
		}
		out = append(out, fund.Stage{After: after, Percent: percent})
	}
	return out
}

// refusalField is the field with the reason for not adopting a version.
func refusalField(version string) string { return "reason-" + version }

// fundRules lists the versions of the rule.
func (s *Server) fundRules(c *fiber.Ctx, by policy.Actor) error { return s.showFundRules(c, by, nil) }

func (s *Server) showFundRules(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	book, err := s.fund.Rules(c.UserContext(), by)
	if err != nil {
		return err
	}
	_, ruled := book.On(s.clockOf(c.UserContext()).today)
	v := fundRulesView{Versions: s.fundVersions(by, book, refused), CanPropose: s.guard.Allow(by, policy.ProposeFundRule), Unset: !ruled, Key: newKey()}
	said := saidParam(c, map[string]string{"proposed": "已填报，等股长或局领导采用。", "adopted": "已采用，按起止日期生效。", "refused": "已记为不采用。"})
	p := page{Title: "保修金规则", Nav: fundPath, Said: said, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "fund_rules", p)
	}
	return s.render(c, by, "fund_rules", p)
}

// adoptFundRule puts a version in force.
func (s *Server) adoptFundRule(c *fiber.Ctx, by policy.Actor) error {
	return s.decidedRule(c, by, s.fund.AdoptRule(c.UserContext(), by, c.Params("version"), formIdem(c)), "adopted")
}

// refuseFundRule sets a version aside.
func (s *Server) refuseFundRule(c *fiber.Ctx, by policy.Actor) error {
	return s.decidedRule(c, by, s.fund.RefuseRule(c.UserContext(), by, c.Params("version"), c.FormValue(refusalField(c.Params("version"))), formIdem(c)), "refused")
}

func (s *Server) decidedRule(c *fiber.Ctx, by policy.Actor, err error, done string) error {
	switch {
	case err == nil:
		return seeOther(c, fundRulesPath+"?done="+done)
	case fault.Is(err, fault.Conflict):
		return s.showFundRules(c, by, []fault.Field{{Name: refusalField(c.Params("version")), Message: fault.MessageOf(err)}})
	case fault.Is(err, fault.Invalid):
		return s.showFundRules(c, by, []fault.Field{{Name: refusalField(c.Params("version")), Message: fault.FieldsOf(err)[0].Message}})
	}
	return err
}

// ruleEntry is the form of a new version.
func (s *Server) ruleEntry(c *fiber.Ctx) entry {
	value := func(name string) string { return typedOr(c, name, "") }
	yes := []option{{"", "不可以"}, {"1", "可以"}}
	e := entry{title: "填报保修金规则", nav: fundPath, entryView: entryView{Crumbs: []crumb{{"保修金", fundPath}, {"保修金规则", fundRulesPath}}, Intro: "照上级和本局的文件填，由股长或局领导采用后才生效。", Address: fundRulesPath + "/new", Button: "填报", Back: fundRulesPath,
		Notes: []string{"缴存比例没有预设：浙江、宁波等地为建筑安装总造价的 2%，本县的比例以九江市、都昌县的文件为准；文件没有写明的留空，留空时不能核定应缴。", "存储期各地多为 8 年，从首套房屋交付起算。", "滞纳金、罚款没有条款的不填，系统只记录、不计算；由住建局按上级文件确定以后再填报。", "一笔应缴按缴存期限那一天有效的一版计算，期限在新版生效以后的按新版。", "采用以后不能改；要改就填报新的一版，上一版自动到前一日为止。"}}}
	e.Form = []field{
		{Name: "title", Label: "文件名称", Type: "text", Value: value("title")}, {Name: "document", Label: "文号", Type: "text", Value: value("document"), Autocomplete: "off"}, {Name: "clause", Label: "条款", Type: "text", Value: value("clause"), Optional: true},
		{Name: "rate", Label: "缴存比例（%）", Type: "text", Mode: "decimal", Value: value("rate"), Optional: true, Hint: "文件没有写明的留空"},
		{Name: "base", Label: "缴存基数", Options: choicesOf("请选择", fund.Bases()), Value: value("base")},
		{Name: "area_fen", Label: "每平方米造价标准（元）", Type: "text", Mode: "decimal", Value: value("area_fen"), Optional: true, Hint: "只在按建筑面积计算时填"},
		{Name: "due_before", Label: "在什么以前缴存", Options: choicesOf("请选择", fund.Events()), Value: value("due_before")},
		{Name: "starts", Label: "存储期从什么起算", Options: choicesOf("请选择", fund.Events()), Value: value("starts")}, {Name: "years", Label: "存储期（年）", Type: "text", Mode: "numeric", Value: value("years")},
		{Name: "letter", Label: "可以用银行保函替代", Options: yes, Value: value("letter")}, {Name: "insurance", Label: "可以用工程质量潜在缺陷保险替代", Options: yes, Value: value("insurance")},
		{Name: "stages", Label: "分期退还", Rows: 3, Value: value("stages"), Optional: true, Hint: "一行一期，例如 满5年退30%；最多 5 期，余下的到期退还。不分期的留空"},
		{Name: "late_percent", Label: "滞纳金（每日 %）", Type: "text", Mode: "decimal", Value: value("late_percent"), Optional: true, Hint: "例如 0.05；没有条款的不填"}, {Name: "late_clause", Label: "滞纳金条款", Type: "text", Value: value("late_clause"), Optional: true},
		{Name: "fine_percent", Label: "罚款（未缴金额的 %）", Type: "text", Mode: "decimal", Value: value("fine_percent"), Optional: true, Hint: "条款只写幅度的不填比例"}, {Name: "fine_min", Label: "罚款下限（元）", Type: "text", Mode: "decimal", Value: value("fine_min"), Optional: true},
		{Name: "fine_max", Label: "罚款上限（元）", Type: "text", Mode: "decimal", Value: value("fine_max"), Optional: true}, {Name: "fine_clause", Label: "罚款条款", Type: "text", Value: value("fine_clause"), Optional: true},
		{Name: "rounding", Label: "修约", Options: choicesOf("请选择", fund.Roundings()), Value: value("rounding")},
		{Name: "from", Label: "生效日期", Type: "date", Value: value("from")}, {Name: "until", Label: "失效日期", Type: "date", Value: value("until"), Optional: true},
	}
	return e
}

// fundRuleForm shows the form of a new version.
func (s *Server) fundRuleForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showEntry(c, by, s.ruleEntry(c), nil)
}

// proposeFundRule proposes a version.
func (s *Server) proposeFundRule(c *fiber.Ctx, by policy.Actor) error {
	in := typed{c: c}
	t := fund.Terms{Title: in.text("title"), Document: in.text("document"), Clause: in.text("clause"), Rate: in.number("rate", "缴存比例", "2"), Base: fund.Base(in.text("base")), DueBefore: fund.Event(in.text("due_before")),
		Starts: fund.Event(in.text("starts")), Years: in.whole("years", "存储期", "8"), Letter: in.text("letter") == "1", Insurance: in.text("insurance") == "1", LatePercent: in.number("late_percent", "滞纳金比例", "0.05"),
		LateClause: in.text("late_clause"), Rounding: fund.Rounding(in.text("rounding")), Days: in.span("from", "生效日期", "until", "失效日期")}
	if in.text("area_fen") != "" {
		t.AreaFen = in.money("area_fen", "每平方米造价标准")
	}
	t.Stages = in.stages("stages")
	t.Fine = fund.FineTerms{Percent: in.number("fine_percent", "罚款比例", "3"), Clause: in.text("fine_clause")}
	if in.text("fine_min") != "" {
		t.Fine.Min = in.money("fine_min", "罚款下限")
	}
	if in.text("fine_max") != "" {
		t.Fine.Max = in.money("fine_max", "罚款上限")
	}
	err := in.with(func(ctx context.Context) error { _, err := s.fund.ProposeRule(ctx, by, t, nil); return err })
	return s.settled(c, by, s.ruleEntry(c), err, "title", fundRulesPath+"?done=proposed")
}

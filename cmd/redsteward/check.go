package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report/returns"
	"redsteward/policy"
	"redsteward/policy/outbox"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/rating/standing"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/conduct"
	"redsteward/registry/fund/claim"
	"redsteward/registry/handover"
	"redsteward/supervision"
	"redsteward/supervision/application"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/inspection"
	"redsteward/supervision/repair"
	"redsteward/supervision/survey"
	"redsteward/supervision/veto"
	"redsteward/supervision/wish"
)

// checkCommand checks the files that an operator may edit; it knows each by its content.
type checkCommand struct {
	Files  []string `arg:"" optional:"" placeholder:"F" help:"方案、走访评价表、时限、角色、审批流程、节假日、配置文件"`
	Data   string   `placeholder:"DIR" help:"再按这个数据文件夹里现有的账号，证明各审批流程和互相分开的岗位都有足够的人，缺一个人时也有；方案再按里面最近公布的一期的事实，列出每项指标声明的权重和实际的权重"`
	Trials int      `default:"1000" placeholder:"N" help:"方案的每项保证不能证明时，试验多少次（1 到 1000000）"`
}

// maxTrials keeps a slip of the keyboard from running for days.
const maxTrials = 1_000_000

// Run implements the subcommand: every mistake of every file, one a line; for a scheme without mistakes the verdict on each of its guarantees.
// A file with mistakes is a wrong input, a refuted guarantee something that was found.
func (c *checkCommand) Run(p *program) error {
	if c.Trials < 1 || c.Trials > maxTrials {
		return fault.New("cmd.check", fault.Invalid, fmt.Sprintf("--trials 要在 1 到 %d 之间，不能是 %d", maxTrials, c.Trials))
	}
	if len(c.Files) == 0 && c.Data == "" {
		return fault.New("cmd.check", fault.Invalid, "请写明要检查的文件，或者用 --data 写明数据文件夹")
	}
	bad, refuted := 0, 0
	facts := checkedData{check: c, p: p}
	defer facts.close()
	for _, name := range c.Files {
		kind, scheme, err := checkFile(name, p)
		if err == nil {
			fmt.Fprintf(p.out, "%s：%s，没有错误\n", name, kind)
			if scheme != nil {
				refuted += printGuarantees(p.out, scheme, c.Trials)
				if err := facts.weigh(name, scheme); err != nil {
					return err
				}
			}
			continue
		}
		bad++
		fmt.Fprintf(p.out, "%s：%s\n", name, fault.MessageOf(err))
		for _, problem := range rating.ProblemsOf(err) {
			fmt.Fprintf(p.out, "  %s:%s\n", name, problem)
		}
		if rating.ProblemsOf(err) == nil {
			for _, f := range fault.FieldsOf(err) {
				fmt.Fprintf(p.out, "  %s: %s\n", f.Name, f.Message)
			}
		}
	}
	if bad > 0 {
		return fault.New("cmd.check", fault.Invalid, fmt.Sprintf("%d 个文件有错误", bad))
	}
	lacking := 0
	if c.Data != "" {
		var err error
		if lacking, err = facts.staffing(); err != nil {
			return err
		}
	}
	if refuted > 0 {
		fmt.Fprintf(p.out, "有 %d 项保证已推翻\n", refuted)
	}
	if refuted+lacking > 0 {
		return errFound
	}
	return nil
}

// checkFile tells what a file is and whether it is right; scheme is set if it is a right scheme.
func checkFile(name string, p *program) (kind string, scheme *rating.Scheme, err error) {
	data, err := readInput(name)
	if err != nil {
		return "", nil, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return "空文件", nil, fault.New("cmd.check", fault.Invalid, "文件是空的")
	}
	if hasKey(data, "indicators") && !strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, ".conf") {
		s, err := rating.ParseScheme(data)
		if err != nil {
			return "评分方案", nil, err
		}
		return fmt.Sprintf("评分方案 %s %s，指纹 %.16s", s.ID, s.Version, s.Hash), s, nil
	}
	kind, err = checkOther(name, data, p)
	return kind, nil, err
}

// checkOther does it for what is no scheme.
func checkOther(name string, data []byte, p *program) (kind string, err error) {
	base := filepath.Base(name)
	switch {
	case strings.HasSuffix(base, ".conf"):
		csv, err := configs.Files.ReadFile("roles.csv")
		if err != nil {
			return "", err
		}
		_, err = policy.LoadRules(data, csv)
		return "权限模型", err
	case strings.HasSuffix(base, ".csv") && bytes.HasPrefix(data, []byte("date,kind,name")):
		c, err := calendar.Parse(calendar.File{Name: name, Data: data})
		if err == nil {
			if warning := c.Warning(calendar.DateOf(p.now())); warning != "" {
				return "节假日表（提醒：" + warning + "）", nil
			}
		}
		return "节假日表", err
	case strings.HasSuffix(base, ".csv"):
		conf, err := configs.Files.ReadFile("roles.conf")
		if err != nil {
			return "", err
		}
		_, err = policy.LoadRules(conf, data)
		return "角色与权限", err
	case hasKey(data, "sheet"):
		sheet, err := inspection.ParseSheet(name, data)
		if err != nil {
			return "走访评价表", err
		}
		return fmt.Sprintf("走访评价表 %s %s，%d 项，指纹 %.16s", sheet.ID, sheet.Version, sheet.Count(), inspection.HashSheet(data)), nil
	case hasKey(data, "books"):
		set, err := registry.ParseBooks(name, data)
		if err != nil {
			return "台账栏目", err
		}
		return fmt.Sprintf("台账栏目，%d 本台账", len(set.All())), nil
	case hasKey(data, "handover"):
		list, err := handover.ParseList(name, data)
		if err != nil {
			return "承接查验清单", err
		}
		return fmt.Sprintf("承接查验清单 %s，%d 组查验对象，指纹 %.16s", list.Version, len(list.Groups), handover.Hash(data)), nil
	case hasKey(data, "chains"):
		rules, err := shippedRules()
		if err != nil {
			return "", err
		}
		chains, err := supervision.ParseChains(name, data, rules)
		if err != nil {
			return "逐级确认表", err
		}
		return fmt.Sprintf("逐级确认表，%d 项事实", chains.Count()), nil
	case hasKey(data, "offices"):
		modules, err := policy.ParseModules(name, data)
		if err != nil {
			return "模块表", err
		}
		off := slices.DeleteFunc(slices.Clone(modules.All()), func(m policy.Module) bool { return m.Off == "" })
		return fmt.Sprintf("模块表，%d 个模块，%d 个停用", len(modules.All()), len(off)), nil
	case hasKey(data, "approvals"):
		rules, err := shippedRules()
		if err != nil {
			return "", err
		}
		chains, err := policy.ParseChains(name, data, rules)
		if err != nil {
			return "审批流程表", err
		}
		return fmt.Sprintf("审批流程表，%d 个流程", len(chains.All())), nil
	case hasKey(data, "filings"):
		rules, err := shippedRules()
		if err != nil {
			return "", err
		}
		settings, err := loadConfig("", p.env, nil)
		if err != nil {
			return "", err
		}
		kinds, err := checked(name, data, p, filingKinds(settings, rules))
		if err != nil {
			return "备案种类表", err
		}
		return fmt.Sprintf("备案种类表，%d 种", len(kinds.All())), nil
	case hasKey(data, "reporters"):
		rules, err := shippedRules()
		if err != nil {
			return "", err
		}
		tree, err := checked(name, data, p, matterTree(rules))
		if err != nil {
			return "事项分类表", err
		}
		return fmt.Sprintf("事项分类表，%d 类", tree.Count()), nil
	case hasKey(data, "credit"):
		terms, err := checked(name, data, p, timed(conduct.ParseTerms))
		if err != nil {
			return "信用与评价期限表", err
		}
		return fmt.Sprintf("信用与评价期限表，失信程度 %d 级、评价记录 %d 种、表彰 %d 级", len(terms.Classes(conduct.Credit)), len(terms.Classes(conduct.Marks)), len(terms.Classes(conduct.Honours))), nil
	case hasKey(data, "quiet"):
		rules, err := outbox.ParseRules(name, data)
		if err != nil {
			return "消息渠道和模板", err
		}
		said := fmt.Sprintf("消息渠道和模板，%d 个模板、%d 个渠道", len(rules.Templates), len(rules.Channels))
		if len(rules.Channels) == 0 {
			said += "（没有渠道，什么都不发）"
		}
		return said, nil
	case hasKey(data, "near"):
		rules, err := cycle.ParseRangeRules(name, data)
		if err != nil {
			return "敏感性区间的规则", err
		}
		return fmt.Sprintf("敏感性区间的规则 %s", rules.Version()), nil
	case hasKey(data, "yearly_cap"):
		agenda, err := inspection.ParseAgenda(name, data)
		if err != nil {
			return "行政检查事项清单", err
		}
		said, open := fmt.Sprintf("行政检查事项清单 %s，%d 个事项，同一企业每年最多 %d 次", agenda.Version, len(agenda.Matters), agenda.Cap), 0
		for _, m := range agenda.Matters {
			if m.Lacks() != "" {
				open++
			}
		}
		if open > 0 {
			said += fmt.Sprintf("（提醒：%d 个事项的依据还没有确认，不能检查）", open)
		}
		return said, nil
	case hasKey(data, "agree_over"):
		terms, err := checked(name, data, p, timed(deliberation.ParseTerms))
		if err != nil {
			return "议事名单", err
		}
		said := fmt.Sprintf("议事名单，会议形式 %d 种、议题类别 %d 种", len(terms.Kinds()), len(terms.Subjects()))
		if len(terms.Must()) == 0 || len(terms.Never()) == 0 {
			said += "（提醒：五必议、三不议还没有定）"
		}
		return said, nil
	case hasKey(data, "low"):
		terms, err := checked(name, data, p, timed(wish.ParseTerms))
		if err != nil {
			return "微心愿种类", err
		}
		said := fmt.Sprintf("微心愿种类 %s，%d 种", terms.Version(), len(terms.Kinds()))
		if terms.Proposal() {
			said += "（提醒：是建议值，本县还没有定）"
		}
		return said, nil
	case hasKey(data, "invite_percent"):
		terms, err := survey.ParseTerms(name, data)
		if err != nil {
			return "满意度调查问卷", err
		}
		return fmt.Sprintf("满意度调查问卷 %s，%d 题", terms.Version(), terms.Questions()), nil
	case hasKey(data, "grounds") && hasKey(data, "kind"):
		grounds, err := standing.ParseGrounds(name, data)
		if err != nil {
			return "降星、摘牌的情形", err
		}
		return fmt.Sprintf("降星、摘牌的情形 %d 种，文书 %d 种", len(grounds.Grounds()), len(grounds.Documents())), nil
	case hasKey(data, "grounds"):
		terms, err := veto.ParseTerms(name, data)
		if err != nil {
			return "一票否决的理由", err
		}
		return fmt.Sprintf("一票否决的理由 %d 种，生效文书 %d 种", len(terms.Grounds()), len(terms.Documents())), nil
	case hasKey(data, "series"):
		series, err := casework.ParseSeries(name, data)
		if err != nil {
			return "文号", err
		}
		words := make([]string, len(series.All()))
		for i, row := range series.All() {
			words[i] = row.Word
		}
		return "文号的机关代字：" + strings.Join(words, "、"), nil
	case hasKey(data, "returns"):
		set, err := checkedReturns(name, data, p)
		if err != nil {
			return "报表", err
		}
		titles := make([]string, len(set.All()))
		for i, f := range set.All() {
			titles[i] = f.Title
		}
		return "报表：" + strings.Join(titles, "、"), nil
	case hasKey(data, "lists"):
		rules, err := cycle.ParseLists(name, data)
		if err != nil {
			return "红榜和整改提示榜", err
		}
		return "榜单：" + strings.Join(rules.Titles(), "、"), nil
	case hasKey(data, "pledge"):
		terms, err := checked(name, data, p, timed(application.ParseTerms))
		if err != nil {
			return "星级申报规则", err
		}
		return fmt.Sprintf("星级申报规则，%d 级，承诺 %d 条", terms.Levels(), len(terms.Pledge())), nil
	case hasKey(data, "actions"):
		return checkActions(name, data, p)
	case hasKey(data, "sample_percent"):
		terms, err := repair.ParseTerms(name, data)
		if err != nil {
			return "报修台账规则", err
		}
		return fmt.Sprintf("报修台账规则 %s，%d 个类别，回访 %d %%", terms.Version(), len(terms.Categories()), terms.Percent()), nil
	case hasKey(data, "parts") && hasKey(data, "refund"):
		rules, err := checked(name, data, p, timed(claim.ParseRules))
		if err != nil {
			return "保修金使用和退还", err
		}
		return fmt.Sprintf("保修金使用和退还，%d 个保修部位，%d 份材料", len(rules.Parts), len(rules.Documents)), nil
	case hasKey(data, "deadlines"):
		rules, err := calendar.ParseRules(name, data)
		if err != nil {
			return "时限表", err
		}
		return fmt.Sprintf("时限表，%d 项", len(rules.All())), nil
	}
	_, err = loadConfig(name, nil, nil)
	return "配置文件", err
}

// checked reads a file of rules against the deadlines of the configuration that the environment names.
func checked[T any](name string, data []byte, p *program, parse ruleParser[T]) (rules T, err error) {
	c, err := loadConfig("", p.env, nil)
	if err != nil {
		return rules, err
	}
	t, err := readTimetable(c)
	if err != nil {
		return rules, err
	}
	return parse(name, data, t)
}

// checkedReturns checks a returns.yaml beside the matters.yaml of the configuration.
func checkedReturns(name string, data []byte, p *program) (*returns.Set, error) {
	c, err := loadConfig("", p.env, nil)
	if err != nil {
		return nil, err
	}
	rules, err := shippedRules()
	if err != nil {
		return nil, err
	}
	kinds, err := ownOr(c.Files.Matters, "matters.yaml")
	if err != nil {
		return nil, err
	}
	tree, err := checked("matters.yaml", kinds, p, matterTree(rules))
	if err != nil {
		return nil, err
	}
	return checked(name, data, p, returnSet(tree))
}

// shippedRules are the roles that the program carries.
func shippedRules() (*policy.Rules, error) {
	conf, err := configs.Files.ReadFile("roles.conf")
	if err != nil {
		return nil, err
	}
	csv, err := configs.Files.ReadFile("roles.csv")
	if err != nil {
		return nil, err
	}
	return policy.LoadRules(conf, csv)
}

// hasKey reports whether a YAML file has a key at its top level.
func hasKey(data []byte, key string) bool {
	return bytes.HasPrefix(data, []byte(key+":")) || bytes.Contains(data, []byte("\n"+key+":"))
}

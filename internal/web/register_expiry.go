package web

import (
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
)

const expiryPath = "/register/expiry"

// expiryLetter is the kind of letters of guarantee, which the fund keeps.
const expiryLetter = "letter"

// daysText says how many days something has left.
func daysLeft(days int) string {
	switch {
	case days < 0:
		return "过期 " + count(-days) + " 日"
	case days == 0:
		return "今天到期"
	}
	return "还剩 " + count(days) + " 日"
}

// daysChip is the look of days that are left.
func daysChip(days int) string {
	switch {
	case days < 0:
		return "逾期"
	case days <= 30:
		return "临期"
	}
	return "期限内"
}

// stageOptions are the stages as a filter; each begins where the one before it ends.
func stageOptions() []option {
	out, from := []option{{"", "全部"}}, int64(0)
	for _, stage := range registry.ExpiryStages() {
		text := strconv.FormatInt(from, 10) + "–" + strconv.FormatInt(stage, 10) + " 日"
		switch {
		case stage == 0:
			text = "已过期"
		case from == 1:
			text = strconv.FormatInt(stage, 10) + " 日以内"
		}
		out, from = append(out, option{strconv.FormatInt(stage, 10), text}), stage+1
	}
	return out
}

// expiryBoard puts together what ends: from the register, and the letters of guarantee of the fund for who may see them.
func (s *Server) expiryBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	ctx := c.UserContext()
	l := readList(c, expiryPath, "q", "township", "kind", "stage")
	b := boardAt(l, "到期提醒", "90 日内到期和已经过期、还没有续办的，先到期的在前；续办以后自动消失")
	kinds := registry.ExpiryKinds()
	letters := s.fund != nil && s.guard.Allow(by, policy.ReadFund)
	if letters {
		kinds = append(kinds, registry.Choice{ID: expiryLetter, Text: "保函与保险（保修金）"})
	}
	towns, err := s.townshipOptions(ctx)
	if err != nil {
		return l, b, err
	}
	b.Filters = []boardFilter{{Name: "q", Label: "小区", Value: l.value["q"]}, {Name: "township", Label: "乡镇", Value: l.value["township"], Options: towns},
		{Name: "kind", Label: "事项", Value: l.value["kind"], Options: choicesOf("全部", kinds)}, {Name: "stage", Label: "期限", Value: l.value["stage"], Options: stageOptions()}}
	var list []registry.Expiry
	if l.value["kind"] != expiryLetter {
		if list, err = s.registered.Expiries(ctx, by, registry.ExpiryQuery{Text: l.value["q"], Township: l.value["township"], Kind: registry.ExpiryKind(l.value["kind"]), Stage: l.value["stage"]}); err != nil {
			return l, b, err
		}
	}
	if letters && (l.value["kind"] == "" || l.value["kind"] == expiryLetter) {
		more, err := s.expiringLetters(c, by, fund.Filter{Text: l.value["q"], Township: l.value["township"]}, l.value["stage"])
		if err != nil {
			return l, b, err
		}
		list = append(list, more...)
		slices.SortStableFunc(list, func(a, b registry.Expiry) int { return a.Until.Compare(b.Until) })
	}
	b.Heads = []boardHead{head("小区", ""), head("事项", ""), head("到期", "no-s"), head("期限", ""), head("责任单位", "no-s"), head("提醒", "")}
	b.OnScreen = "提醒"
	writes := s.guard.Allow(by, policy.WriteRegister)
	for _, x := range list {
		row := boardRow{Name: x.Name, Path: projectPath(x.Project), Sub: x.TownshipName + " " + x.CommunityName, Cells: []boardCell{{Text: x.What}, {Text: x.Until.Chinese(), Class: "no-s nw", Value: x.Until},
			{Text: daysLeft(x.Days), Chip: daysChip(x.Days)}, textCell(x.Party)}}
		told := boardCell{}
		switch {
		case x.Kind == expiryLetter:
			row.Path = ledgerPath(x.Project)
		case !x.Reminded.IsZero():
			told.Text = "已提醒"
			told.Sub = x.Reminded.Chinese()
		case writes && x.Stage > 0:
			told.Form = &boardForm{Action: expiryPath + "/remind", Button: "已提醒", Values: []option{{"project", x.Project}, {"item", x.Item}}}
		}
		row.Cells = append(row.Cells, told)
		b.Rows = append(b.Rows, row)
	}
	b.Note = "合同看每一期最后一份，业主组织看最近一届，保险与证照看同一对象最近一份。点“已提醒”以后，到下一个提醒日（60 日、30 日、过期）以前不再列入经办人的待办。"
	b.Nothing, b.NothingText = "没有 90 日内到期的事项", "合同、业主组织任期、保险与证照在到期前 90 日列到这里。"
	return l, b, nil
}

// expiringLetters are the letters of guarantee of the ledgers that a filter lets through, which end within 90 days or have ended and still stand in the place of money.
func (s *Server) expiringLetters(c *fiber.Ctx, by policy.Actor, w fund.Filter, stage string) ([]registry.Expiry, error) {
	today := s.clockOf(c.UserContext()).today
	var out []registry.Expiry
	_, err := s.fund.Find(c.UserContext(), by, w, func(r fund.Row) error {
		for _, letter := range r.Ledger.Letters {
			days := letter.Days.Until.Sub(today)
			at, told := registry.StageOf(days)
			if !letter.Ended.IsZero() || letter.Days.Until.IsZero() || !told || stage != "" && stage != strconv.FormatInt(at, 10) {
				continue
			}
			place := registry.Place{Project: r.Project, Name: r.Ledger.Name, CommunityName: r.Ledger.Place}
			out = append(out, registry.Expiry{Place: place, Kind: expiryLetter, What: "保修金" + registry.TextOf(fund.LetterKinds(), letter.Kind), Party: "建设单位", Until: letter.Days.Until, Days: days, Stage: at})
		}
		return nil
	})
	return out, err
}

// remind notes that those who must act were reminded.
func (s *Server) remind(c *fiber.Ctx, by policy.Actor) error {
	if err := s.registered.Remind(c.UserContext(), by, c.FormValue("project"), c.FormValue("item")); err != nil {
		return err
	}
	return seeOther(c, expiryPath+"?done=reminded")
}

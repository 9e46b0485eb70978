package web

import (
	"cmp"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
)

// registerPrintRoutes are the papers of what a project has: the result of a vote of its owners, and its public revenue of a half-year, as they hang in the compound.
func (s *Server) registerPrintRoutes() []Route {
	const print = "/print/:paper<maxLen(16)>"
	return []Route{{Method: fiber.MethodGet, Path: projectsPath + "/:id/votes/:part" + print, Action: policy.ReadRegister, Handler: s.votePaper},
		{Method: fiber.MethodGet, Path: projectsPath + "/:id/revenue/:part" + print, Action: policy.ReadRegister, Handler: s.revenuePaper}}
}

// votePaper tells the owners the result of a vote.
func (s *Server) votePaper(c *fiber.Ctx, by policy.Actor) error {
	ctx, project := c.UserContext(), c.Params("id")
	row, err := s.registered.OneProject(ctx, by, project)
	if err != nil {
		return err
	}
	votes, err := s.registered.Votes(ctx, by, project)
	if err != nil {
		return err
	}
	vote, found := partOf(votes, func(v registry.VoteRow) bool { return v.ID == c.Params("part") })
	if !found {
		return noPart("次表决")
	}
	check := vote.Check()
	v := printView{Back: projectPath(project), From: row.Name + "业主大会", To: "全体业主", Date: cmp.Or(vote.Published, vote.Held).Chinese(), Words: []string{row.Name + "业主大会就下列事项进行了书面表决，现将结果公告如下。" + voteResult(check) + "业主大会的决定对全体业主有约束力；认为决定侵害合法权益的，可以依法请求人民法院撤销。"}}
	v.Rows = filled([][2]string{{"表决事项", registry.TextOf(registry.Matters(), vote.Matter)}, {"表决内容", vote.Title}, {"通知业主的日期", vote.Notified.Chinese()}, {"表决截止日期", vote.Held.Chinese()}, {"需要", "参与表决的面积和人数都占三分之二以上，其中" + check.Needs + "同意"}, {"结果", map[bool]string{true: "通过", false: "没有通过"}[check.Carried()]}, {"公示日期", vote.Published.Chinese()}, {"依据", "《民法典》第二百七十八条"}})
	sums := printTable{Caption: "表决情况", Heads: voteColumns}
	for _, part := range []struct {
		name string
		of   registry.Owners
	}{{"全体业主", vote.All}, {"参与表决", vote.Joined}, {"同意", vote.Agreed}} {
		sums.Rows = append(sums.Rows, []string{part.name, areaText(part.of.Area), strconv.FormatInt(part.of.Heads, 10)})
	}
	v.Tables = []printTable{sums}
	return s.printPaper(c, by, projectPath(project)+"/votes", vote.ID, []pagePaper{{"result", "业主大会表决结果公告", "", always(v)}})
}

// voteResult is what came of a vote, in a sentence.
func voteResult(check registry.VoteCheck) string {
	switch {
	case !check.Attended:
		return "参与表决的没有达到三分之二，表决没有通过。"
	case !check.Agreed:
		return "同意的没有达到" + check.Needs + "，表决没有通过。"
	}
	return "表决达到法定比例，已经通过。"
}

// revenuePaper is the public revenue of a half-year as it is shown to the owners.
func (s *Server) revenuePaper(c *fiber.Ctx, by policy.Actor) error {
	ctx, project := c.UserContext(), c.Params("id")
	row, err := s.registered.OneProject(ctx, by, project)
	if err != nil {
		return err
	}
	halves, err := s.registered.Revenues(ctx, by, project)
	if err != nil {
		return err
	}
	r, found := partOf(halves, func(r registry.RevenueRow) bool { return r.Half == c.Params("part") })
	if !found {
		return noPart("个半年的公共收益")
	}
	shown := ""
	if !r.Published.IsZero() {
		shown = r.Published.Chinese() + "起 " + strconv.FormatInt(r.Days, 10) + " 日，" + r.Where
	}
	v := printView{Back: projectPath(project), From: cmp.Or(row.FirmName, row.Name+"业主委员会"), To: "全体业主", Date: cmp.Or(r.Published, s.registered.On(ctx)).Chinese(), Words: []string{row.Name + registry.HalfText(r.Half) + "利用共有部分经营的收支情况，公示如下。对收支有疑问的，可以在公示期内查阅账目、提出意见。"},
		Rows:  filled([][2]string{{"期初余额（元）", fund.Yuan(r.Opening)}, {"收入合计（元）", fund.Yuan(r.In())}, {"支出合计（元）", fund.Yuan(r.Out())}, {"期末余额（元）", fund.Yuan(r.Balance())}, {"与上期期末的差额", r.Gap}, {"账户", r.Account}, {"公示", shown}, {"业主意见", r.Objection}, {"答复", r.Answer}, {"依据", "《民法典》第二百八十二条"}}),
		Below: [][2]string{{"业主委员会（盖章）", room}, {"物业企业（盖章）", room}}}
	lines := printTable{Caption: "收支明细", Heads: revenueColumns}
	for _, part := range []struct {
		name  string
		kinds []registry.Choice
	}{{"收入", registry.Incomes()}, {"支出", registry.Expenses()}} {
		for _, kind := range part.kinds {
			lines.Rows = append(lines.Rows, []string{part.name, kind.Text, fund.Yuan(r.Of(kind.ID))})
		}
	}
	v.Tables = []printTable{lines}
	return s.printPaper(c, by, projectPath(project)+"/revenue", r.Half, []pagePaper{{"shown", "公共收益公示表", "", always(v)}})
}

package web

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
)

const coveragePath = "/register/coverage"

// Watches is what the boards of the register need. Every method checks right and scope and lists its errors there.
type Watches interface {
	// Coverage tells how every project is served today.
	Coverage(ctx context.Context, by policy.Actor, q registry.CoverageQuery) (registry.Coverage, error)
	Expiries
	// Remind says that those who must act about an end were reminded. Returns Conflict if it is renewed, or not to be reminded of.
	Remind(ctx context.Context, by policy.Actor, project, item string) error
	// Marks are what was noted of the reminders of a project under names that begin with a text. It asks for no right.
	Marks(ctx context.Context, project, begin string) ([]registry.ReminderMark, error)
}

// boardRoutes are the boards of the register.
func (s *Server) boardRoutes() []Route {
	const get = fiber.MethodGet
	return []Route{
		{Method: get, Path: coveragePath, Action: policy.ReadRegister, Handler: s.showsOverview(s.coverageBoard)},
		{Method: get, Path: coveragePath + ".xlsx", Action: policy.ReadRegister, Handler: s.sendsOverview(s.coverageBoard)},
		{Method: get, Path: tilesPath, Action: policy.ReadRegister, Handler: s.tiles},
		{Method: get, Path: tilesPath + ".xlsx", Action: policy.ReadRegister, Handler: s.tilesExcel},
		{Method: get, Path: expiryPath, Action: policy.ReadRegister, Handler: s.showsOverview(s.expiryBoard)},
		{Method: get, Path: expiryPath + ".xlsx", Action: policy.ReadRegister, Handler: s.sendsOverview(s.expiryBoard)},
		{Method: fiber.MethodPost, Path: expiryPath + "/remind", Action: policy.WriteRegister, Handler: s.remind},
	}
}

// coverChips are the looks of the forms.
var coverChips = map[registry.Cover]string{registry.CoverMarket: "已签收", registry.CoverState: "已签收", registry.CoverCustody: "临期", registry.CoverPart: "需确认", registry.CoverNone: "无合同"}

// coverageBoard puts the coverage together.
func (s *Server) coverageBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, coveragePath, "q", "township", "form")
	b := boardAt(l, "物业服务覆盖", "任职范围内每个小区由谁服务，国有兜底和应急托管单列")
	found, err := s.registered.Coverage(c.UserContext(), by, registry.CoverageQuery{Text: l.value["q"], Township: l.value["township"], Form: registry.Cover(l.value["form"]), Sort: l.value["sort"], Desc: l.value["desc"] != ""})
	if err != nil {
		return l, b, err
	}
	towns, err := s.townshipOptions(c.UserContext())
	if err != nil {
		return l, b, err
	}
	b.Filters = []boardFilter{{Name: "q", Label: "小区名称或地址", Value: l.value["q"]}, {Name: "township", Label: "乡镇", Value: l.value["township"], Options: towns},
		{Name: "form", Label: "覆盖方式", Value: l.value["form"], Options: choicesOf("全部", registry.Covers())}}
	var projects, households int64
	for _, f := range found.Figures {
		projects, households = projects+f.Projects, households+f.Households
	}
	b.Figures = []boardFigure{{Label: "全部小区", Value: count(int(projects)) + " 个", Sub: count(int(households)) + " 户", Link: l.address("form", "")}}
	for _, f := range found.Figures {
		b.Figures = append(b.Figures, boardFigure{Label: registry.TextOf(registry.Covers(), f.Form), Value: count(int(f.Projects)) + " 个", Sub: shareText(f.Projects, projects) + "，" + count(int(f.Households)) + " 户", Link: l.address("form", string(f.Form))})
	}
	b.Heads = []boardHead{{l.sorted(registry.ByName, "小区", registry.ByName), ""}, head("覆盖方式", ""), head("服务企业", "no-s"), head("合同类型", "no-s"), head("合同截止", "no-s"), {l.sorted(registry.ByHouseholds, "户数", registry.ByName), "num"}}
	for _, r := range found.Rows {
		until := boardCell{Class: "no-s nw"}
		if r.Firm != "" {
			until.Text = "长期"
			if !r.Contract.Days.Until.IsZero() {
				until.Text, until.Value = r.Contract.Days.Until.Chinese(), r.Contract.Days.Until
			}
		}
		form := boardCell{Text: registry.TextOf(registry.Covers(), r.Form), Chip: coverChips[r.Form]}
		if len(r.Without) > 0 && r.Form == registry.CoverPart {
			form.Sub = strings.Join(r.Without, "、") + "没有合同"
		}
		kind := ""
		if r.Firm != "" {
			kind = registry.TextOf(registry.ContractKinds(), r.Contract.Kind)
		}
		b.Rows = append(b.Rows, boardRow{Name: r.Name, Path: projectPath(r.Project), Sub: r.TownshipName + " " + r.CommunityName, Cells: []boardCell{form, textCell(r.FirmName), textCell(kind), until,
			{Text: count(int(r.Households)), Class: "num", Value: r.Households}}})
	}
	b.Note = "按今天生效的合同统计：应急托管看合同类型，国有兜底看企业性质，其余为市场化；有分期没有合同的列为部分分期无合同。"
	b.Nothing, b.NothingText = "还没有登记小区", "登记小区和合同以后，这里按覆盖方式统计。"
	return l, b, nil
}

// shareText is a share in percent with one decimal, “—” of nothing.
func shareText(part, whole int64) string {
	if whole == 0 {
		return "—"
	}
	return num.FromFrac(part*100, whole).Fixed(1) + "%"
}

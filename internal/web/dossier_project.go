package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/refund"
	"redsteward/registry/party"
)

// projectDossier is 一小区一档: everything about a project that the actor may read.
func (s *Server) projectDossier(c *fiber.Ctx, by policy.Actor) (dossierView, error) {
	r, err := s.registered.OneProject(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return dossierView{}, err
	}
	path := projectPath(r.ID)
	v := dossierView{Kind: "一小区一档", Name: r.Name, Sub: r.TownshipName + " " + r.CommunityName + " · " + r.Project.Address, Crumbs: []crumb{{"小区登记", projectsPath}, {r.Name, path}}, Back: path + "/dossier", Print: path + "/dossier/print", Excel: path + "/dossier.xlsx", Timeline: path + "/timeline"}
	d := &dossier{s: s, c: c, by: by}
	d.projectFacts(r)
	d.estate(r)
	d.contracts(r)
	d.owners(r)
	d.money(r)
	d.booked(registry.FieldProject, registry.EntryQuery{Community: r.Community, Project: r.ID})
	of := about{project: r.ID}
	d.filings(of)
	d.handovers(of)
	d.fund(r.ID)
	d.changes(of)
	d.matters(of)
	d.repairs(of)
	d.visits(of)
	d.inspections(of)
	d.rectifications(of)
	d.vetoes(of)
	d.applications(of)
	d.standings(of)
	d.surveys(of)
	d.objections(of)
	d.deliberations(of)
	d.wishes(of)
	d.proofs(of)
	d.conduct(of)
	if r.Firm != "" {
		d.party(party.Filter{Firm: r.Firm, Community: r.Community})
	}
	d.stars(policy.ProjectKey(r.ID), "")
	v.Parts = d.parts
	return v, d.err
}

// projectFacts adds what the register says of the project itself.
func (d *dossier) projectFacts(r registry.ProjectRow) {
	d.part(true, policy.ReadRegister, dossierPart{ID: "facts", Title: "基本情况", Heads: []string{"项目", "内容"}}, func(p *dossierPart) error {
		developer, err := d.s.registered.DeveloperName(d.c.UserContext(), r.Developer)
		if err != nil {
			return err
		}
		grids, err := d.s.registered.GridsOf(d.c.UserContext(), r.Project)
		if err != nil {
			return err
		}
		var names []string
		for _, g := range grids {
			names = append(names, g.Display)
		}
		p.fact("小区", r.Name)
		p.fact("乡镇", r.TownshipName)
		p.fact("社区（村）", r.CommunityName)
		p.fact("网格", strings.Join(names, "、"))
		p.fact("地址", r.Project.Address)
		p.fact("户数", r.Households)
		p.fact("建筑面积（平方米）", areaShown(r.Project.Area))
		p.fact("物业类型", registry.TextOf(registry.ProjectKinds(), r.Project.Kind))
		p.fact("竣工验收", r.Project.Completed)
		p.fact("交付日期", r.Project.Delivered)
		p.fact("首次承接", r.Project.TakenOver)
		p.fact("建设单位", developer)
		p.fact("现服务企业", r.FirmName)
		return nil
	})
}

// estate adds phases, buildings, rooms and papers.
func (d *dossier) estate(r registry.ProjectRow) {
	d.part(len(r.Project.Phases) > 0, policy.ReadRegister, dossierPart{ID: "phases", Title: "分期", Heads: []string{"分期", "楼栋"}}, func(p *dossierPart) error {
		for _, phase := range r.Project.Phases {
			n := int64(0)
			for _, b := range r.Project.StandingBuildings() {
				if b.Phase == phase.ID {
					n++
				}
			}
			p.add("", phase.Name, n)
		}
		return nil
	})
	d.part(true, policy.ReadRegister, dossierPart{ID: "buildings", Title: "楼栋", Heads: []string{"楼栋", "户数", "分期", "种类", "层数", "建筑面积（平方米）", "竣工验收", "交付"}}, func(p *dossierPart) error {
		for _, b := range r.Project.StandingBuildings() {
			p.add("", b.Name, b.Households, r.Project.PhaseName(b.Phase), registry.TextOf(registry.BuildingKinds(), b.Kind), b.Floors, areaCell(b.Area), b.Completed, b.Delivered)
		}
		return nil
	})
	d.part(true, policy.ReadRegister, dossierPart{ID: "rooms", Title: "物业用房与社区用房", Heads: []string{"用房", "面积（平方米）", "位置", "移交日期"}}, func(p *dossierPart) error {
		for _, room := range r.Project.StandingRooms() {
			p.add("", registry.TextOf(registry.RoomKinds(), room.Kind), areaCell(room.Area), room.Place, room.HandedOver)
		}
		return nil
	})
	d.part(true, policy.ReadRegister, dossierPart{ID: "papers", Title: "保险与证照", Heads: []string{"证照", "有效期截止", "有效期起始", "编号"}}, func(p *dossierPart) error {
		for _, q := range r.Project.StandingPapers() {
			p.add("", paperName(q), q.Days.Until, q.Days.From, q.Number)
		}
		return nil
	})
}

// contracts adds all contracts of a project, the newest first.
func (d *dossier) contracts(r registry.ProjectRow) {
	d.part(true, policy.ReadRegister, dossierPart{ID: "contracts", Title: "物业服务合同", Heads: []string{"企业", "状态", "起始日", "截止日", "分期", "类型", "服务等级", "收费方式", "物业费（元/平方米·月）", "提前终止原因"}}, func(p *dossierPart) error {
		ids := make([]string, 0, len(r.Project.Contracts))
		for _, k := range r.Project.Contracts {
			ids = append(ids, k.Firm)
		}
		names, err := d.s.registered.FirmNames(d.c.UserContext(), ids)
		if err != nil {
			return err
		}
		scope, err := d.s.guard.Scope(d.c.UserContext(), d.by, policy.ReadRegister)
		if err != nil {
			return err
		}
		for _, k := range slices.SortedFunc(slices.Values(r.Project.Contracts), func(a, b registry.Contract) int { return b.Days.From.Compare(a.Days.From) }) {
			path := ""
			if scope.Covers([]string{policy.FirmKey(k.Firm)}, r.Day) {
				path = firmPath(k.Firm) + "/dossier"
			}
			p.add(path, names[k.Firm], d.contractState(k), k.Days.From, k.Days.Until, r.Project.PhaseName(k.Phase), registry.TextOf(registry.ContractKinds(), k.Kind), registry.TextOf(registry.ServiceLevels(), k.Level), registry.TextOf(registry.Charges(), k.Charge), inYuan(k.Fee), k.Ended)
		}
		return nil
	})
}

// owners adds bodies and votes of the owners.
func (d *dossier) owners(r registry.ProjectRow) {
	d.part(true, policy.ReadRegister, dossierPart{ID: "bodies", Title: "业主组织", Heads: []string{"业主组织", "状态", "任期起始", "任期届满", "成员", "其中党员"}}, func(p *dossierPart) error {
		for _, b := range slices.Backward(r.Project.Bodies) {
			state := "已届满"
			switch {
			case b.Kind == registry.BodyNone: // nobody holds an office
				state = ""
			case b.Days.Holds(r.Day):
				state = "在任"
			}
			p.add("", registry.TextOf(registry.BodyKinds(), b.Kind), state, b.Days.From, b.Days.Until, known(b.Members), known(b.PartyMembers))
		}
		return nil
	})
	d.part(d.s.bodies != nil, policy.ReadRegister, dossierPart{ID: "foundings", Title: "业主组织组建和换届", Heads: []string{"组建和换届", "状态", "筹备组成立", "候选人", "审查通过", "公示", "产生", "成员", "其中党员", "备案号"}, More: bodiesPath}, func(p *dossierPart) error {
		list, err := d.s.bodies.Of(d.c.UserContext(), d.by, r.ID)
		for _, doc := range slices.Backward(list) {
			f := &doc.State
			p.add(bodyPath(doc.ID), f.Title(), f.State.Title(), f.Group.On, known(f.Candidates.All), known(f.Qualified.All), f.Notice.On, f.Chosen.On, known(f.Chosen.All), known(f.Chosen.Party), f.Number)
		}
		return err
	})
	d.part(true, policy.ReadRegister, dossierPart{ID: "votes", Title: "业主大会表决", Heads: []string{"表决", "结果", "事项", "表决截至", "公示", "参与面积（平方米）", "参与人数", "同意面积（平方米）", "同意人数"}}, func(p *dossierPart) error {
		votes, err := d.s.registered.Votes(d.c.UserContext(), d.by, r.ID)
		for _, v := range votes {
			result := "未达到法定比例"
			if v.Check().Carried() {
				result = "达到法定比例"
			}
			p.add("", v.Title, result, registry.TextOf(registry.Matters(), v.Matter), v.Held, v.Published, v.Joined.Area, v.Joined.Heads, v.Agreed.Area, v.Agreed.Heads)
		}
		return err
	})
}

// money adds the public revenue and the facts about the repair fund.
func (d *dossier) money(r registry.ProjectRow) {
	d.part(true, policy.ReadRegister, dossierPart{ID: "revenues", Title: "公共收益", Heads: []string{"半年", "期末余额（元）", "期初（元）", "收入（元）", "支出（元）", "公示日期", "业主异议", "答复"}, More: moneyPath}, func(p *dossierPart) error {
		rows, err := d.s.registered.Revenues(d.c.UserContext(), d.by, r.ID)
		for _, v := range rows {
			p.add("", registry.HalfText(v.Half), inYuan(v.Balance()), inYuan(v.Opening), inYuan(v.In()), inYuan(v.Out()), v.Published, v.Objection, v.Answer)
		}
		return err
	})
	d.part(true, policy.ReadRegister, dossierPart{ID: "repairfund", Title: "维修资金", Heads: []string{"种类", "金额（元）", "日期", "说明", "撤下原因"}}, func(p *dossierPart) error {
		facts, _, err := d.s.registered.Repairs(d.c.UserContext(), d.by, r.ID)
		for _, f := range facts.Facts {
			p.add("", registry.TextOf(registry.RepairKinds(), f.Kind), inYuan(f.Fen), f.On, f.What, f.Withdrawn)
		}
		return err
	})
}

// fund adds the ledger of the guarantee fund, its entries, claims and refunds, each with its own right.
func (d *dossier) fund(project string) {
	ctx := d.c.UserContext()
	var movements []fund.Movement
	d.part(d.s.fund != nil, policy.ReadFund, dossierPart{ID: "fund", Title: "保修金余额", Heads: []string{"科目", "余额（元）"}, More: ledgerPath(project)}, func(p *dossierPart) error {
		st, err := d.s.fund.Statement(ctx, d.by, project)
		if fault.Is(err, fault.NotFound) {
			return nil // outside the scope of the fund
		}
		if err != nil || st.Seq == 0 {
			return err
		}
		movements = st.Movements
		for _, a := range fund.Accounts() {
			p.add("", a.Title(), inYuan(st.Ledger.Balances.Of(a)))
		}
		return nil
	})
	d.part(len(movements) > 0, policy.ReadFund, dossierPart{ID: "movements", Title: "保修金收支", Heads: []string{"事项", "金额（元）", "日期", "序号", "说明", "票据", "冲正"}, More: ledgerPath(project)}, func(p *dossierPart) error {
		for _, m := range movements {
			undone := ""
			if m.Undone {
				undone = "已冲正"
			}
			p.add("", m.Kind.Title(), inYuan(m.Fen), m.Day, m.No, m.Text, m.Receipt, undone)
		}
		return nil
	})
	d.part(d.s.claims != nil, policy.ReadClaim, dossierPart{ID: "claims", Title: "保修金使用", Heads: []string{"部位与缺陷", "状态", "提出日期", "申请（元）", "核定（元）", "决算（元）"}, More: claimsPath + "?project=" + project}, func(p *dossierPart) error {
		return eachPage(func(after string) (store.Page[claim.Claim], error) {
			return d.s.claims.List(ctx, d.by, casework.Filter{Project: project}, false, after)
		}, func(doc store.Doc[claim.Claim]) {
			f := &doc.State
			p.add(claimsPath+"/"+doc.ID, fmt.Sprintf("%s %s：%s", f.Title, f.Where, f.Defect), f.State.Title(), f.Opened, inYuan(f.Asked), inYuan(f.Granted), inYuan(f.Cost))
		})
	})
	d.part(d.s.refunds != nil, policy.ReadRefund, dossierPart{ID: "refunds", Title: "保修金退还", Heads: []string{"分期", "状态", "开始日期", "存储期满", "退还（元）"}, More: refundsPath + "?project=" + project}, func(p *dossierPart) error {
		return eachPage(func(after string) (store.Page[refund.Refund], error) {
			return d.s.refunds.List(ctx, d.by, casework.Filter{Project: project}, false, after)
		}, func(doc store.Doc[refund.Refund]) {
			f := &doc.State
			p.add(refundsPath+"/"+doc.ID, f.Phase, f.State.Title(), f.Opened, f.Ends, inYuan(f.Fen))
		})
	})
}

// areaCell is an area for a cell, "" for what is not known.
func areaCell(area num.Num) any {
	if area.IsZero() {
		return ""
	}
	return area
}

// known is a number for a cell, "" for what was not told.
func known(n int64) any {
	if n == 0 {
		return ""
	}
	return n
}

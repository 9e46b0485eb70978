package web

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/party"
)

// firmDossier is 一企一档: everything about a firm that the actor may read.
func (s *Server) firmDossier(c *fiber.Ctx, by policy.Actor) (dossierView, error) {
	f, err := s.registered.OneFirm(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return dossierView{}, err
	}
	path := firmPath(f.ID)
	v := dossierView{Kind: "一企一档", Name: f.Name, Sub: "统一社会信用代码 " + string(f.Code), Crumbs: []crumb{{"企业登记", firmsPath}, {f.Name, path}}, Back: path + "/dossier", Print: path + "/dossier/print", Excel: path + "/dossier.xlsx"}
	d := &dossier{s: s, c: c, by: by}
	d.firmFacts(f)
	d.organisation(f)
	d.held(f)
	of := about{firm: f.ID}
	d.filings(of)
	d.handovers(of)
	d.changes(of)
	d.matters(of)
	d.repairs(of)
	d.visits(of)
	d.inspections(of)
	d.rectifications(of)
	d.vetoes(of)
	d.applications(of)
	d.collections(of)
	d.standings(of)
	d.surveys(of)
	d.wishes(of)
	d.conduct(of)
	d.party(party.Filter{Firm: f.ID})
	d.activities(f)
	d.booked(registry.FieldFirm, registry.EntryQuery{Firm: f.ID})
	d.stars(policy.FirmKey(f.ID), f.Name)
	v.Parts = d.parts
	return v, d.err
}

// firmFacts adds what the register says of the firm itself; names and phones are masked as on its page.
func (d *dossier) firmFacts(f registry.FirmView) {
	d.part(true, policy.ReadRegister, dossierPart{ID: "facts", Title: "基本情况", Heads: []string{"项目", "内容"}}, func(p *dossierPart) error {
		p.fact("企业名称", f.Name)
		p.fact("统一社会信用代码", string(f.Code))
		p.fact("代码核对", f.Code.InnerWarning())
		p.fact("企业性质", registry.TextOf(registry.Origins(), f.Origin))
		p.fact("法定代表人", f.LegalPerson)
		p.fact("联系电话", f.Phone)
		p.fact("住所", f.Address)
		p.fact("成立日期", f.Founded)
		if f.Firm.Capital > 0 {
			p.fact("注册资本（元）", inYuan(f.Firm.Capital))
		}
		p.fact("总公司", f.HeadName)
		p.fact("总公司代码", string(f.HeadCode))
		for _, b := range f.Branches {
			p.fact("分公司", b.Text)
		}
		if f.Staff > 0 {
			p.fact("从业人员", f.Staff)
			p.fact("项目负责人", f.Managers)
			crossing, err := d.s.crossing(d.c.UserContext(), f)
			if err != nil {
				return err
			}
			p.fact("交叉任职", crossing)
		}
		return nil
	})
}

// organisation adds how the party was organised in the firm, the newest first.
func (d *dossier) organisation(f registry.FirmView) {
	d.part(true, policy.ReadRegister, dossierPart{ID: "party", Title: "党组织", Heads: []string{"形式", "党员人数", "起始日", "截止日", "正式党员", "党支部", "书记", "指导员", "派出单位"}, More: partyPath}, func(p *dossierPart) error {
		for _, o := range slices.Backward(f.Firm.Party) {
			p.add("", formWord(o), o.Members, o.Days.From, o.Days.Until, o.Full, o.Branch, o.Secretary, o.Instructor, o.Office)
		}
		return nil
	})
}

// activities adds what is confirmed of the party activities of the last four quarters, which everybody sees who sees the firm.
func (d *dossier) activities(f registry.FirmView) {
	d.part(d.s.party != nil, policy.ReadRegister, dossierPart{ID: "activities", Title: "已确认的党建活动", Heads: []string{"季度与活动", "次数", "全季度应有"}, More: partyPath}, func(p *dossierPart) error {
		day := d.s.registered.On(d.c.UserContext())
		quarter := calendar.QuarterOf(day)
		for range 4 {
			done, err := d.s.party.Result(d.c.UserContext(), f.ID, f.PartyOn(day), quarter)
			if err != nil {
				return err
			}
			for _, k := range done {
				p.add("", quarter.Chinese()+" "+registry.TextOf(party.Kinds(), k.Kind), int64(k.Times), int64(k.Due))
			}
			quarter = quarter.Add(-1)
		}
		return nil
	})
}

// held adds every contract that the firm has or had.
func (d *dossier) held(f registry.FirmView) {
	d.part(true, policy.ReadRegister, dossierPart{ID: "contracts", Title: "服务的小区与合同", Heads: []string{"小区", "状态", "位置", "户数", "起始日", "截止日", "分期", "类型", "服务等级", "收费方式", "物业费（元/平方米·月）", "提前终止原因"}}, func(p *dossierPart) error {
		all, err := d.s.registered.ContractsOf(d.c.UserContext(), d.by, f.ID)
		for _, k := range all {
			p.add(projectPath(k.Project)+"/dossier", k.Name, d.contractState(k.Contract), k.TownshipName+" "+k.CommunityName, k.Households, k.Days.From, k.Days.Until, k.Phase, registry.TextOf(registry.ContractKinds(), k.Contract.Kind),
				registry.TextOf(registry.ServiceLevels(), k.Level), registry.TextOf(registry.Charges(), k.Charge), inYuan(k.Fee), k.Ended)
		}
		return err
	})
}

// booked adds what the books say: of a firm what stations share with it, the hours of its volunteers and its people, of a project who answers for it — every book with a column of a kind, without that column.
func (d *dossier) booked(kind registry.FieldKind, q registry.EntryQuery) {
	if d.s.stations == nil {
		return
	}
	for _, book := range d.s.stations.Books.Set().All() {
		at := slices.IndexFunc(book.Fields, func(f registry.BookField) bool { return f.Kind == kind })
		if at < 0 {
			continue
		}
		heads := []string{book.Title, "社区"}
		for _, f := range book.Fields {
			if f.Kind != kind {
				heads = append(heads, f.Label)
			}
		}
		read, _ := book.Actions()
		d.part(true, read, dossierPart{ID: "book-" + book.ID, Title: book.Title, Heads: heads, More: booksPath + "/" + book.ID}, func(p *dossierPart) error {
			q.Book = book.ID
			return d.s.stations.Books.AllEntries(d.c.UserContext(), d.by, q, func(row registry.EntryRow) error {
				cells := []any{row.Name, row.CommunityName}
				for _, f := range book.Fields {
					if f.Kind != kind {
						cells = append(cells, row.Texts[f.ID])
					}
				}
				p.add(booksPath+"/"+book.ID+"/"+row.ID, cells...)
				return nil
			})
		})
	}
}

package web

import (
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/change"
	"redsteward/registry/conduct"
	"redsteward/registry/filing"
	"redsteward/registry/handover"
	"redsteward/registry/party"
	"redsteward/supervision/collection"
	"redsteward/supervision/rectification"
	"redsteward/supervision/survey"
)

// The parts of a dossier that projects and firms have in common.

// contractState says how a contract stands on a day.
func (d *dossier) contractState(k registry.Contract) string {
	switch day := d.s.registered.On(d.c.UserContext()); {
	case k.Days.Holds(day):
		return "生效中"
	case day.Compare(k.Days.From) < 0:
		return "未开始"
	}
	return "已结束"
}

// filings adds what was filed.
func (d *dossier) filings(of about) {
	d.part(d.s.filings != nil, policy.ReadFiling, dossierPart{ID: "filings", Title: "登记备案", Heads: []string{"种类", "状态", "小区", "企业", "备案号", "事项日期", "回执日期"}, More: filingsPath}, func(p *dossierPart) error {
		return d.s.filings.Each(d.c.UserContext(), d.by, filing.Filter{Project: of.project, Firm: of.firm}, func(id string, f *filing.Filing) {
			p.add(filingsPath+"/"+id, f.Title, f.State.Title(), f.ProjectName, f.FirmName, f.Number, f.Happened, f.Filed)
		})
	})
}

// handovers adds the handover inspections.
func (d *dossier) handovers(of about) {
	d.part(d.s.handovers != nil, policy.ReadHandover, dossierPart{ID: "handovers", Title: "承接查验", Heads: []string{"小区与分期", "状态", "建设单位", "企业", "开始日期", "签署日期", "移交日期", "备案日期"}, More: handoversPath}, func(p *dossierPart) error {
		return eachPage(func(after string) (store.Page[handover.Handover], error) {
			return d.s.handovers.Service.ListPage(d.c.UserContext(), d.by, handover.Filter{Project: of.project, Firm: of.firm}, after)
		}, func(doc store.Doc[handover.Handover]) {
			h := &doc.State
			p.add(handoversPath+"/"+doc.ID, h.Title(), h.State.Title(), h.DeveloperName, h.FirmName, h.Opened, h.Agreed, h.Transferred, h.Filed)
		})
	})
}

// changes adds how firms came and went.
func (d *dossier) changes(of about) {
	d.part(d.s.changes != nil, policy.ReadRegister, dossierPart{ID: "changes", Title: "物业更换", Heads: []string{"小区与分期", "状态", "退出企业", "通知日期", "服务截止", "接续企业", "办结日期"}, More: changesPath}, func(p *dossierPart) error {
		all, err := d.s.changes.Find(d.c.UserContext(), d.by, change.Filter{Project: of.project, Firm: of.firm})
		for _, doc := range all {
			c := &doc.State
			p.add(changesPath+"/"+doc.ID, c.Name(), c.State.Title(), c.FirmName, c.Given, c.Leaves, c.NextFirm, c.Ended)
		}
		return err
	})
}

// rectifications adds what visits found and how it was put right.
func (d *dossier) rectifications(of about) {
	d.part(d.s.rectifications != nil, policy.ReadRectification, dossierPart{ID: "rectifications", Title: "整改", Heads: []string{"文书", "状态", "小区", "企业", "走访日期", "已核实", "问题", "办结日期"}, More: rectificationsPath}, func(p *dossierPart) error {
		docs, err := d.s.rectificationsOf(d.c.UserContext(), d.by, rectification.Filter{Project: of.project, Firm: of.firm})
		for i := range docs {
			k := &docs[i].State
			p.add(rectificationsPath+"/"+docs[i].ID, k.Kind.Title(), k.State.Title(), k.Name, k.FirmName, k.Opened, int64(len(k.Findings)-len(k.Open())), int64(len(k.Findings)), k.Closed)
		}
		return err
	})
}

// collections adds the tasks of collection that a firm was given, and how it answered.
func (d *dossier) collections(of about) {
	d.part(d.s.collections != nil, policy.ReadCollection, dossierPart{ID: "collections", Title: "收表任务", Heads: []string{"任务", "状态", "下发日期", "上报期限", "首次上报", "迟报", "催报次数"}, More: receivedPath}, func(p *dossierPart) error {
		return eachPage(func(after string) (store.Page[collection.Sheet], error) {
			return d.s.collections.Sheets(d.c.UserContext(), d.by, collection.Filter{Unit: policy.FirmKey(of.firm)}, false, after)
		}, func(doc store.Doc[collection.Sheet]) {
			a := &doc.State
			p.add(sheetPath(doc.ID), a.Title, a.State.Title(), a.Day, a.Due.Due, handTime(a.First), yesWord(a.Late), int64(len(a.Reminded)))
		})
	})
}

// objections adds what the firm objected to in the scores that it was told.
func (d *dossier) objections(of about) {
	d.part(d.s.cycle != nil, policy.ReadObjection, dossierPart{ID: "objections", Title: "得分异议", Heads: []string{"季度与项目", "状态", "企业", "告知得分", "提出日期"}, More: objectionsPath}, func(p *dossierPart) error {
		return eachPage(func(after string) (store.Page[cycle.Objection], error) {
			return d.s.cycle.Objections().List(d.c.UserContext(), d.by, casework.Filter{Project: of.project}, "", false, after)
		}, func(doc store.Doc[cycle.Objection]) {
			o := &doc.State
			p.add(objectionsPath+"/"+doc.ID, o.PeriodName+"："+o.Title, o.State.Title(), o.Firm, scoreText(o.Points, o.Max), o.Opened)
		})
	})
}

// surveys adds how satisfied households were.
func (d *dossier) surveys(of about) {
	d.part(d.s.surveys != nil, policy.ReadSurvey, dossierPart{ID: "surveys", Title: "满意度调查", Heads: []string{"小区", "年度", "状态", "企业", "开始", "汇总", "答卷 / 要求", "总体满意率"}, More: surveysPath}, func(p *dossierPart) error {
		docs, err := d.s.surveys.List(d.c.UserContext(), d.by, survey.Filter{Project: of.project, Firm: of.firm})
		for i := range docs {
			o := &docs[i].State
			p.add(surveysPath+"/"+docs[i].ID, o.Name, o.Year, o.State.Title(), o.FirmName, o.Opened, o.Closed, answersOf(o), overallOf(o))
		}
		return err
	})
}

// conduct adds the three books, each with its own right.
func (d *dossier) conduct(of about) {
	if d.s.conduct == nil {
		return
	}
	day := d.s.registered.On(d.c.UserContext())
	for _, b := range conduct.Books() {
		heads := []string{"内容", "状态", classWord(b), "企业", "小区", "文号", dayWord(b), "有效至"}
		if b == conduct.Marks {
			heads = append(heads, "分值")
		}
		d.part(true, b.Read(), dossierPart{ID: string(b), Title: b.Title(), Heads: heads, More: bookPath(b)}, func(p *dossierPart) error {
			return d.s.conduct.Each(d.c.UserContext(), d.by, b, conduct.Filter{Project: of.project, Firm: of.firm}, func(doc store.Doc[conduct.Entry]) error {
				e := &doc.State
				cells := []any{e.Title, e.StateOn(day).Title(), e.ClassTitle, e.FirmName, e.ProjectName, e.Number, e.Decided, e.Until}
				if b == conduct.Marks {
					cells = append(cells, signed(e.Points, 0))
				}
				p.add(bookPath(b)+"/"+doc.ID, cells...)
				return nil
			})
		})
	}
}

// party adds the sheets of party activities that the filter lets through.
func (d *dossier) party(w party.Filter) {
	d.part(d.s.party != nil, policy.ReadPartyFact, dossierPart{ID: "sheets", Title: "党建台账", Heads: []string{"季度", "状态", "企业", "社区", "活动", "应到", "实到"}, More: sheetsPath}, func(p *dossierPart) error {
		return d.s.party.Each(d.c.UserContext(), d.by, w, func(doc store.Doc[party.Sheet]) error {
			e := &doc.State
			var expected, present int64
			for _, l := range e.Lines {
				expected, present = expected+l.Expected, present+l.Present
			}
			p.add(sheetsPath+"/"+e.Firm+"/"+e.Community+"/"+e.Quarter, e.Quarter, e.State.Title(), e.FirmName, e.CommunityName, int64(len(e.Lines)), expected, present)
			return nil
		})
	})
}

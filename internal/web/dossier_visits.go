package web

import (
	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/evidence"
	"redsteward/supervision/inspection"
	"redsteward/supervision/wish"
)

// The parts of a dossier about who came to look, what was talked over and wished for, and what was handed in.

// visits adds what visits (走访评价) saw.
func (d *dossier) visits(of about) {
	d.part(d.s.supervision != nil, policy.ReadVisit, dossierPart{ID: "visits", Title: "走访评价", Heads: []string{"评价表", "状态", "小区", "走访日期", "得分", "满分"}, More: visitsPath}, func(p *dossierPart) error {
		return eachPage(func(after string) (store.Page[inspection.Visit], error) {
			return d.s.supervision.Visits.List(d.c.UserContext(), d.by, inspection.VisitFilter{Project: of.project, Firm: of.firm}, after)
		}, func(doc store.Doc[inspection.Visit]) {
			v := &doc.State
			title := v.Sheet.Title
			if title == "" {
				title = d.s.seriesTitle(v.Series)
			}
			points, full := any(""), any("")
			if v.Full > 0 && v.State == inspection.Accepted {
				points, full = v.Points, v.Full
			}
			if v.Assessor != inspection.OwnPeople {
				title += "（" + v.Assessor.Title() + "）"
			}
			p.add(visitsPath+"/"+doc.ID, title, v.State.Title(), v.Name, v.Day, points, full)
		})
	})
}

// inspections adds the administrative inspections.
func (d *dossier) inspections(of about) {
	d.part(d.s.inspections != nil, policy.ReadInspection, dossierPart{ID: "inspections", Title: "行政检查", Heads: []string{"事由", "状态", "小区", "企业", "检查日期", "结果", "通知日期", "告知日期"}, More: inspectionsPath}, func(p *dossierPart) error {
		return eachPage(func(after string) (store.Page[inspection.Inspection], error) {
			return d.s.inspections.List(d.c.UserContext(), d.by, inspection.CheckFilter{Project: of.project, Firm: of.firm}, false, after)
		}, func(doc store.Doc[inspection.Inspection]) {
			k := &doc.State
			noticed, told := calendar.Date{}, calendar.Date{}
			if k.Notice != nil {
				noticed = k.Notice.Day
			}
			if k.Told != nil {
				told = k.Told.Day
			}
			p.add(inspectionsPath+"/"+doc.ID, k.Ground.Title(), k.State.Title(), k.Name, k.FirmName, k.Opened, k.Result(), noticed, told)
		})
	})
}

// deliberations adds what was talked over about a project.
func (d *dossier) deliberations(of about) {
	d.part(d.s.deliberations != nil, policy.ReadDeliberation, dossierPart{ID: "deliberations", Title: "红色议事", Heads: []string{"议题", "状态", "社区", "问题收集", "公开日期", "办结日期"}, More: deliberationPath}, func(p *dossierPart) error {
		docs, err := d.s.deliberations.Items(d.c.UserContext(), d.by, deliberation.Filter{Project: of.project, Firm: of.firm})
		for i := range docs {
			k := &docs[i].State
			p.add(deliberationPath+"/"+docs[i].ID, k.Name(), k.State.Title(), k.CommunityName, k.Found, k.Published, k.Ended)
		}
		return err
	})
}

// wishes adds what was wished for and who served it; who asked stands on the page of a wish alone.
func (d *dossier) wishes(of about) {
	d.part(d.s.wishes != nil, policy.ReadWish, dossierPart{ID: "wishes", Title: "微心愿", Heads: []string{"心愿", "状态", "种类", "位置", "谁来服务", "点单日期", "接单日期", "确认服务", "公开晒单", "办结日期"}, More: needsPath}, func(p *dossierPart) error {
		docs, err := d.s.wishes.List(d.c.UserContext(), d.by, wish.Filter{Project: of.project, Firm: of.firm})
		for i := range docs {
			w := &docs[i].State
			p.add(needsPath+"/"+docs[i].ID, cut(w.Words, 24), w.State.Title(), w.KindTitle, w.Spotted(), takerName(w), w.Day, w.Taken, w.Served, w.Published, w.Ended)
		}
		return err
	})
}

// proofs adds the evidence that was handed in for a project.
func (d *dossier) proofs(of about) {
	d.part(d.s.evidence != nil, policy.ReadEvidence, dossierPart{ID: "proofs", Title: "佐证材料", Heads: []string{"内容", "状态", "事实日期", "提交日期", "周期"}}, func(p *dossierPart) error {
		return eachPage(func(after string) (store.Page[evidence.Proof], error) {
			return d.s.evidence.Proofs.List(d.c.UserContext(), d.by, evidence.Filter{Project: of.project}, after)
		}, func(doc store.Doc[evidence.Proof]) {
			k := &doc.State
			sent := calendar.Date{}
			if !k.Submitted.At.IsZero() {
				sent = calendar.DateOf(k.Submitted.At.Time)
			}
			p.add("/proof/"+doc.ID, k.Ask.Name, k.State.Title(), k.Day, sent, k.Title)
		})
	})
}

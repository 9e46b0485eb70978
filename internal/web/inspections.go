package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
)

// The pages of inspections: the list of the office, the page for everybody, the certificates.
const (
	inspectionsPath  = "/inspections"
	inspectedPath    = "/inspection"
	certificatesPath = "/certificates"
)

// inspectionPages are the pages of inspections.
func (s *Server) inspectionPages() casePages[inspection.Inspection, inspection.Step] {
	list := caseList[inspection.Inspection]{path: inspectionsPath, nav: inspectionsPath, title: "行政检查", sub: "按事项清单：审批、通知、两人持证、笔录、告知；与走访评价分开", find: "小区或企业", opened: "检查日期", figure: "结果", unit: "次", read: policy.ReadInspection,
		nothing: "按事项清单安排，审批后通知企业。", hidden: []string{"project", "firm"}, links: s.inspectionLinks,
		begin: func(by policy.Actor) (link, text string) {
			if s.guard.Allow(by, policy.PlanInspection) {
				link = inspectionsPath + "/new"
			}
			return link, "安排检查"
		},
		filters: func(value map[string]string) []field {
			return []field{codeFilter("ground", "事由", inspection.AllGrounds(), value), stateFilter(inspection.States(), value)}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[inspection.Inspection], error) {
			return s.inspections.List(ctx, by, inspection.CheckFilter{Text: value["q"], State: inspection.State(value["state"]), Ground: inspection.Ground(value["ground"]), Project: value["project"], Firm: value["firm"]}, due, after)
		},
		row: func(clock taskClock, id string, c *inspection.Inspection) caseRow {
			r := caseRow{Path: inspectionsPath + "/" + id, Name: c.Name, Title: c.Ground.Title(), Place: c.FirmName, State: c.State.Title(), Next: c.Next(), Figure: c.Result(), Short: joinWords(c.Opened.Chinese(), c.Result()), Opened: c.Opened.Chinese()}
			clock.dueIn(&r, c.Clock, false)
			return r
		},
		heads: []string{"小区", "企业", "事由", "理由", "部门", "事项", "检查日期", "状态", "通知书文号", "检查码", "本年第几次", "结果", "告知日期"},
		cells: func(k *inspection.Inspection) [][]any {
			departments, matters := inspectionParts(k)
			row := []any{k.Name, k.FirmName, k.Ground.Title(), k.Why, strings.Join(departments, "、"), strings.Join(matters, "、"), k.Opened, k.State.Title(), "", k.Code, k.Slot, k.Result(), nil}
			if k.Notice != nil {
				row[8] = k.Notice.Number
			}
			if k.Told != nil {
				row[12] = k.Told.Day
			}
			return [][]any{row}
		}}
	return casePages[inspection.Inspection, inspection.Step]{caseList: list, s: s, series: seriesOf[inspection.Inspection, inspection.Step]("inspection"), bears: bearsOf[inspection.Inspection](map[string]inspection.Step{"notice": inspection.StepNotice}), cases: s.inspections, signs: s.inspections, of: inspectionOf, steps: inspection.Steps(), forms: func(*inspection.Inspection) map[inspection.Step]caseForm { return inspectionForms() },
		shared: func(k *inspection.Inspection) *casework.Case { return &k.Case }, last: func(k *inspection.Inspection) inspection.Step { return k.Last }, signing: func(k *inspection.Inspection) *policy.Approval { return k.Approval },
		files: inspectionFiles, over: func(k *inspection.Inspection) bool { return k.State.Final() }, parts: s.inspectionParts, prints: s.inspectionPrints, paper: s.inspectionPaper, view: s.inspectionView, said: map[string]string{"plan": "已安排，核对后送审。", "record": "已签笔录。"}}
}

// inspectionLinks are the other pages about inspections that somebody has to do with.
func (s *Server) inspectionLinks(by policy.Actor) []crumb {
	var out []crumb
	if s.inspections.Certificates.May(by) {
		out = append(out, crumb{"执法证", certificatesPath})
	}
	out = append(out, crumb{"事项清单", inspectedPath})
	switch {
	case s.draws == nil:
		return out
	case s.guard.Allow(by, policy.DrawInspection):
		out = append(out, crumb{"双随机抽取", lotsPath})
	default:
		out = append(out, crumb{"双随机抽取", drawsPath})
	}
	if s.guard.Allow(by, policy.DoInspection) {
		out = append(out, crumb{"回避申报", recusalsPath})
	}
	return out
}

// inspectionRoutes are the pages of inspections; none without them.
func (s *Server) inspectionRoutes() []Route {
	if s.inspections == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, inspectionsPath + "/:id<maxLen(64)>"
	return append([]Route{
		{Method: get, Path: inspectedPath, Action: policy.Public, Handler: s.inspected},
		{Method: get, Path: inspectionsPath + workerFile, Action: policy.Public, Handler: s.walkWorker, Plain: true},
		{Method: get, Path: inspectionsPath + "/new", Action: policy.PlanInspection, Handler: s.newInspection},
		{Method: post, Path: inspectionsPath + "/new", Action: policy.PlanInspection, Handler: s.planInspection},
		{Method: get, Path: one + "/photos/:photo<maxLen(64)>", Action: policy.ReadInspection, Handler: s.inspectionPhoto},
		{Method: get, Path: one + "/items/:item<maxLen(20)>", Action: policy.DoInspection, Handler: s.recordItem},
		{Method: post, Path: one + "/items/:item<maxLen(20)>", Action: policy.DoInspection, Handler: s.answerRecord, Upload: answerBytes},
		{Method: post, Path: one + "/record", Action: policy.DoInspection, Handler: s.signRecord, Upload: maxFundForm},
		{Method: get, Path: certificatesPath, Action: policy.ReadInspection, Handler: s.certificates},
		{Method: post, Path: certificatesPath + "/:account<maxLen(64)>", Action: policy.KeepCertificate, Handler: s.enterCertificate},
		{Method: post, Path: certificatesPath + "/:account<maxLen(64)>/end", Action: policy.KeepCertificate, Handler: s.endCertificate},
	}, s.inspectionPages().routes()...)
}

// inspectionParts are the departments and the matters of an inspection.
func inspectionParts(k *inspection.Inspection) (departments, matters []string) {
	for _, t := range k.Teams {
		departments = append(departments, t.Department)
		for _, m := range t.Matters {
			matters = append(matters, m.Name)
		}
	}
	return departments, matters
}

// inspectionPlanView is what inspection_plan.html shows.
type inspectionPlanView struct {
	Key, Find   string
	More        bool
	Form        []field
	Departments []inspectionPlanDepartment
	Cap         int64
	Errors      []string
}

// inspectionPlanDepartment is a department with its matters and who goes for it.
type inspectionPlanDepartment struct {
	Name     string
	Matters  []inspectionPlanMatter
	Officers []field
}

type inspectionPlanMatter struct {
	ID, Name, Basis, Lacks string
	Checked                bool
}

// planInspectors is how many persons a form takes for a department.
const planInspectors = 3

// newInspection is the form for an inspection.
func (s *Server) newInspection(c *fiber.Ctx, by policy.Actor) error {
	return s.showInspectionPlan(c, by, url.Values{"day": {calendar.DateOf(s.clocks.Business()).String()}, "project": {c.Query("project")}}, nil)
}

func (s *Server) showInspectionPlan(c *fiber.Ctx, by policy.Actor, values url.Values, refused []fault.Field) error {
	ctx := c.UserContext()
	colleagues, err := s.supervision.Colleagues.Colleagues(ctx, by, policy.PlanInspection, policy.DoInspection)
	if err != nil {
		return err
	}
	projects, more, err := s.projectOptions(c, by, c.Query("find"))
	if err != nil {
		return err
	}
	people, today := []option{{Label: "（不用）"}}, calendar.DateOf(s.clocks.Business())
	for _, p := range colleagues {
		card, _, err := s.inspections.Certificates.Of(ctx, p.ID)
		if err != nil {
			return err
		}
		said := card.Lacks(today)
		if said == "" {
			said = "执法证有效至" + card.Until.Chinese()
		}
		people = append(people, option{p.ID, p.Name + "（" + p.Titles + "，" + said + "）"})
	}
	v := inspectionPlanView{Key: c.FormValue("key"), Find: c.Query("find"), More: more, Cap: s.inspections.Agenda.Cap, Form: withErrors([]field{
		{Name: "project", Label: "小区", Options: projects, Value: values.Get("project")},
		{Name: "day", Label: "检查日期", Type: "date", Value: values.Get("day")},
		{Name: "ground", Label: "事由", Options: s.groundOptions(), Value: values.Get("ground"), Hint: "专项检查只列文件部署的，检查日期要在它的期间里，同一企业一年有上限"},
		{Name: "why", Label: "理由", Rows: 2, Value: values.Get("why"), Hint: "个案、投诉举报、复查不计入年度次数，写明案件、投诉或者上次检查"},
	}, refused)}
	if v.Key == "" {
		v.Key = newKey()
	}
	for _, m := range s.inspections.Agenda.Matters {
		at := slices.IndexFunc(v.Departments, func(d inspectionPlanDepartment) bool { return d.Name == m.Department })
		if at < 0 {
			at = len(v.Departments)
			d := inspectionPlanDepartment{Name: m.Department}
			for k := range planInspectors {
				name := fmt.Sprintf("officer-%d-%d", at+1, k+1)
				d.Officers = append(d.Officers, field{Name: name, Label: fmt.Sprintf("第 %d 名检查人员", k+1), Options: people, Value: values.Get(name)})
			}
			v.Departments = append(v.Departments, d)
		}
		v.Departments[at].Matters = append(v.Departments[at].Matters, inspectionPlanMatter{m.ID, m.Name, m.Law + m.Article, m.Lacks(), slices.Contains(values["matters"], m.ID)})
	}
	for _, f := range refused {
		if f.Name == "matters" || f.Name == "officers" || f.Name == "cap" {
			v.Errors = append(v.Errors, f.Message)
		}
	}
	p := page{Title: "安排行政检查", Nav: inspectionsPath, Fields: refused, Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "inspection_plan", p)
	}
	return s.render(c, by, "inspection_plan", p)
}

// specialGround begins the choice of one special inspection among the grounds.
const specialGround = "special/"

// groundOptions are the grounds that somebody can choose: the special inspections that were ordered and have not ended among them.
func (s *Server) groundOptions() []option {
	out, today := choicesOf("请选择", inspection.Grounds()), calendar.DateOf(s.clocks.Business())
	for _, sp := range s.inspections.Agenda.Specials {
		if sp.Until.Compare(today) >= 0 {
			out = append(out, option{specialGround + sp.ID, "专项检查：" + sp.Name + "（" + sp.Document + "，" + sp.From.Chinese() + "至" + sp.Until.Chinese() + "）"})
		}
	}
	return out
}

// planInspection plans an inspection and shows it.
func (s *Server) planInspection(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	in := inspection.PlanInspection{Project: values.Get("project"), Matters: values["matters"], Ground: inspection.Ground(values.Get("ground")), Why: values.Get("why"), Officers: map[string][]string{}, Idem: formIdem(c)}
	if special, ok := strings.CutPrefix(values.Get("ground"), specialGround); ok {
		in.Ground, in.Special = inspection.GroundSpecial, special
	}
	var bad []fault.Field
	var err error
	if in.Day, err = calendar.ParseDate(values.Get("day")); err != nil {
		bad = append(bad, fault.Field{Name: "day", Message: dayFault(values.Get("day"))})
	}
	if in.Project == "" {
		bad = append(bad, fault.Field{Name: "project", Message: "请选择小区"})
	}
	var departments []string
	for _, m := range s.inspections.Agenda.Matters {
		if !slices.Contains(departments, m.Department) {
			departments = append(departments, m.Department)
		}
	}
	for i, d := range departments {
		for k := range planInspectors {
			if id := values.Get(fmt.Sprintf("officer-%d-%d", i+1, k+1)); id != "" {
				in.Officers[d] = append(in.Officers[d], id)
			}
		}
	}
	doc, err := oneRound(c.UserContext(), bad, func(ctx context.Context) (store.Doc[inspection.Inspection], error) {
		return s.inspections.Plan(ctx, by, in)
	})
	if fault.Is(err, fault.Conflict) {
		return s.showInspectionPlan(c, by, values, []fault.Field{{Name: "cap", Message: fault.MessageOf(err)}})
	}
	if refused := refusedForm(err); refused != nil {
		return s.showInspectionPlan(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, inspectionsPath+"/"+doc.ID+"?done=plan")
}

// inspectionForms are the forms of the steps.
func inspectionForms() map[inspection.Step]caseForm {
	return map[inspection.Step]caseForm{
		inspection.StepSend:   {hint: "送审的人不能再审批这一件。"},
		inspection.StepNotice: {number: "检查通知书文号", day: "通知日期", choice: "通知方式", choices: choicesOf("请选择", inspection.NoticeMeans()), hint: "登记后生成检查码，印在检查通知书上，企业可以在公开网页核验。"},
		inspection.StepBegin:  {hint: "全部检查人员的执法证今天有效才能开始；到场先出示执法证、说明来意。"},
		inspection.StepTake:   {choice: "企业", choices: []option{{Label: "请选择"}, {"signed", "签收"}, {"refused", "拒绝签收"}}, text: "签收人职务；拒签的写理由", number: "拒签的：见证人单位和职务", file: "签过字的笔录（拍照或者扫描）", hint: "姓名只在签字件上，不录入。"},
		inspection.StepTell:   {day: "告知日期", text: "告知方式", file: "结果告知书回执（没有的不传）"},
		inspection.StepDrop:   {text: "理由", ends: true, hint: "撤回后占用的年度次数退回。"},
	}
}

// inspectionOf is the inspection to which a record belongs.
func inspectionOf(id string) string {
	of, _, _ := strings.Cut(id, "-")
	return of
}

// inspectionView adds to a page what only inspections have.
func (s *Server) inspectionView(c *fiber.Ctx, by policy.Actor, k *inspection.Inspection, v *caseView, typed url.Values, refused []fault.Field) (err error) {
	id := inspectionOf(c.Params("id"))
	v.NotesTitle, v.Title, v.Sub, v.State, v.Next = "现场检查笔录", k.Name+"：行政检查", k.FirmName+" · "+k.Ground.Title(), k.State.Title(), k.Next()
	if v.Facts, err = s.inspectionFacts(c.UserContext(), k); err != nil {
		return err
	}
	if k.Answered != nil && k.Found > 0 && s.rectifications != nil && s.guard.Allow(by, policy.HandleRectification) {
		v.Links = append(v.Links, caseLink{"起草整改文书", rectificationsPath + "/new?visit=" + url.QueryEscape(id)})
	}
	switch {
	case k.Draw == "" || s.draws == nil:
	case s.guard.Allow(by, policy.DrawInspection):
		v.Papers = append(v.Papers, caseLink{"双随机抽取", lotsPath + "/" + k.Draw})
	default:
		v.Papers = append(v.Papers, caseLink{"双随机抽取", drawsPath + "/" + k.Draw})
	}
	v.Walks = k.State == inspection.OnSite && k.Names(by.ID)
	var complete bool
	if v.Notes, complete, err = s.recordNotes(c, by, id, k, typed, refused); !complete {
		// What is not answered is not printed.
		v.Prints = slices.DeleteFunc(v.Prints, func(l caseLink) bool { return strings.HasSuffix(l.Link, "/print/record") })
	}
	// The firm takes the record once everybody has signed it: until then the way to the check is what an inspector needs.
	if slices.ContainsFunc(v.Notes, func(n caseNote) bool { return n.State == recordOpen }) {
		v.Later = string(inspection.StepTake)
	}
	return err
}

// inspectionFiles are the files of an inspection.
func inspectionFiles(k *inspection.Inspection) []caseFile {
	var out caseFiles
	if k.Answered != nil {
		out.paper("record", "签过字的笔录", &k.Answered.Paper)
	}
	out.paper("told", "结果告知书回执", k.Told)
	return out
}

// inspectionPrints are the papers that an inspection has now.
func (s *Server) inspectionPrints(by policy.Actor, k *inspection.Inspection) []caseLink {
	var out []caseLink
	// The form that went round for approval stays in the bureau.
	if k.Approval != nil && (s.guard.Allow(by, policy.PlanInspection) || s.guard.Allow(by, policy.SignApproval)) {
		out = append(out, caseLink{"行政检查审批表", "approval"})
	}
	out = append(out, caseLink{"行政检查通知书", "notice"})
	// The record is printed on site, to be signed there.
	if k.Answered != nil || k.State == inspection.OnSite && (s.guard.Allow(by, policy.PlanInspection) || s.guard.Allow(by, policy.DoInspection)) {
		out = append(out, caseLink{"现场检查笔录", "record"})
	}
	if k.Answered != nil {
		out = append(out, caseLink{"检查结果告知书", "result"})
	}
	return out
}

// inspectionFacts are what is known about an inspection, line by line.
func (s *Server) inspectionFacts(ctx context.Context, k *inspection.Inspection) ([][2]string, error) {
	out := [][2]string{{"物业企业", k.FirmName}, {"地点", k.Place}, {"事由", k.Ground.Title()}, {"理由", k.Why}, {"检查日期", k.Opened.Chinese()}}
	for i := range k.Teams {
		t := &k.Teams[i]
		people, err := s.inspectingTeam(ctx, t)
		if err != nil {
			return nil, err
		}
		out = append(out, [2]string{t.Department, mattersOf(t) + "；检查人员：" + strings.Join(people, "、")})
	}
	if k.Special != nil {
		out = append(out, [2]string{"专项检查", fmt.Sprintf("%s（%s），%d 年第 %d 次，上限 %d 次", k.Special.Name, k.Special.Document, k.Opened.Year(), k.Slot, s.inspections.Agenda.SpecialCap)})
	} else if k.Slot > 0 {
		out = append(out, [2]string{"年度次数", fmt.Sprintf("%d 年第 %d 次，上限 %d 次", k.Opened.Year(), k.Slot, s.inspections.Agenda.Cap)})
	}
	out = append(out, [2]string{"事项清单", k.List})
	if p := k.Notice; p != nil {
		out = append(out, [2]string{"检查通知", p.Number + "，" + p.Day.Chinese() + "，" + registry.TextOf(inspection.NoticeMeans(), p.Text)}, [2]string{"检查码", codeGroups(k.Code)})
	}
	if a := k.Answered; a != nil {
		said := "企业签收，" + a.Paper.Text
		if a.Refused {
			said = "企业拒绝签收：" + a.Paper.Text + "；见证：" + a.Witness
		}
		out = append(out, [2]string{"笔录", said}, [2]string{"结果", k.Result()})
	}
	if p := k.Told; p != nil {
		out = append(out, [2]string{"结果告知", p.Day.Chinese() + "，" + p.Text})
	}
	return filled(out), nil
}

// mattersOf are the matters of a team with their basis.
func mattersOf(t *inspection.Team) string {
	var out []string
	for _, m := range t.Matters {
		out = append(out, m.Name+"（"+m.Basis+"）")
	}
	return strings.Join(out, "、")
}

// inspectingTeam are the masked names of a team with the numbers of their certificates.
func (s *Server) inspectingTeam(ctx context.Context, t *inspection.Team) ([]string, error) {
	var out []string
	for n, id := range t.Officers {
		name := "（已停用）"
		switch person, err := s.inspections.Persons.Person(ctx, id); {
		case err == nil:
			name = policy.MaskName(person.Name)
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
		if n < len(t.Numbers) {
			name += "（执法证 " + t.Numbers[n] + "）"
		}
		out = append(out, name)
	}
	return out, nil
}

// codeGroups is an electronic code in groups of four.
func codeGroups(code string) string {
	var parts []string
	for rest := code; rest != ""; rest = rest[min(4, len(rest)):] {
		parts = append(parts, rest[:min(4, len(rest))])
	}
	return strings.Join(parts, " ")
}

// recordOpen is the word for a record that somebody has still to sign.
const recordOpen = "检查中"

// recordNotes are the records of an inspection, each with what was found; complete says that everything is answered.
func (s *Server) recordNotes(c *fiber.Ctx, by policy.Actor, id string, k *inspection.Inspection, typed url.Values, refused []fault.Field) (out []caseNote, complete bool, err error) {
	walks, err := s.inspections.Walks(c.UserContext(), by, id)
	if err != nil {
		return nil, false, err
	}
	complete = true
	for i, w := range walks {
		complete = complete && int64(len(w.Answers)) == w.Sheet.Count()
		t := &k.Teams[i]
		record := &w.Visit.State
		n := caseNote{Title: t.Department, Sub: fmt.Sprintf("已查 %d / %d 项，已签名 %d / %d 人", len(w.Answers), w.Sheet.Count(), w.Signatures(), len(record.Officers)), State: recordOpen}
		if record.State == inspection.Submitted {
			n.State = "已签名"
		}
		if slices.Contains(t.Officers, by.ID) && record.State.Answers() {
			n.Link = inspectionsPath + "/" + t.Record + "/items/" + firstOpen(w)
			if int64(len(w.Answers)) == w.Sheet.Count() && !w.Signed(by.ID) {
				n.Ready = true
				sign := caseForm{hint: "签名后答案再有改动，签名作废；全部检查人员签名后才能由企业签收。"}.act("record", "签笔录", typed, refused, s.inspections.Today())
				sign.First = true
				n.Acts = append(n.Acts, sign)
			}
		}
		out = append(out, n)
		for _, item := range w.Sheet.Items() {
			a, ok := w.Answers[item.ID]
			if !ok || a.Value != inspection.Fail {
				continue
			}
			f := caseNote{Title: item.ID + " " + item.Sentence, Sub: joinWords("不符合", a.Where, a.Note), State: item.Paper.Title()}
			for _, photo := range a.Photos {
				f.Papers = append(f.Papers, caseLink{"现场照片", inspectionsPath + "/" + id + "/photos/" + photo.Original})
			}
			out = append(out, f)
		}
	}
	return out, complete, nil
}

// firstOpen is the first item of a sheet without an answer, the first of all once every one has one.
func firstOpen(w inspection.Walk) string {
	items := w.Sheet.Items()
	for _, item := range items {
		if _, ok := w.Answers[item.ID]; !ok {
			return item.ID
		}
	}
	return items[0].ID
}

// signRecord signs the record of the actor's department as it is.
func (s *Server) signRecord(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), inspectionOf(c.Params("id"))
	values, upload, err := s.takeDocument(c)
	if upload != nil {
		upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err != nil {
		return err
	}
	doc, err := s.inspections.One(ctx, by, id)
	if err != nil {
		return err
	}
	for _, t := range doc.State.Teams {
		if !slices.Contains(t.Officers, by.ID) || t.Record == "" {
			continue
		}
		w, err := s.inspections.Records().One(ctx, by, t.Record)
		if err != nil {
			return err
		}
		_, err = s.inspections.Records().Sign(ctx, by, supervision.At{ID: t.Record, Seq: w.Visit.Seq, Idem: idemFrom(c, values)})
		if refused := refusedForm(err); refused != nil {
			c.Status(statusOf(fault.Invalid))
			return s.inspectionPages().show(c, by, url.Values{"step": {"record"}}, refused)
		}
		if err != nil {
			return err
		}
		return seeOther(c, inspectionsPath+"/"+id+"?done=record")
	}
	return fault.New("web.signRecord", fault.NotFound, "没有找到要签的笔录")
}

// inspectionPhoto shows a photo of a record; the inspection decides who sees it.
func (s *Server) inspectionPhoto(c *fiber.Ctx, by policy.Actor) error {
	walks, err := s.inspections.Walks(c.UserContext(), by, inspectionOf(c.Params("id")))
	if err != nil {
		return err
	}
	for _, w := range walks {
		if shown := shownPhoto(w, c.Params("photo")); shown != "" && s.supervision.Photos != nil {
			return s.sendPhoto(c, s.supervision.Photos, shown)
		}
	}
	return fault.New("web.inspectionPhoto", fault.NotFound, "")
}

// shownPhoto is the copy that pages show of a photo of a sheet, "" if the sheet has none such.
func shownPhoto(w inspection.Walk, original string) string {
	for _, a := range w.Answers {
		for _, photo := range a.Photos {
			if photo.Original == original {
				return photo.Shown
			}
		}
	}
	return ""
}

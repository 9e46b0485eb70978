package web

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/adoption"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// schemesPath lists the versions of the rating schemes.
const schemesPath = "/schemes"

// versionDoc is a version with its id.
type versionDoc = store.Doc[adoption.Version]

// schemeCases lets a study go on after its request was answered.
type schemeCases struct{ *adoption.Service }

// Do implements caseService.
func (s schemeCases) Do(ctx context.Context, by policy.Actor, at casework.At, do adoption.Step, in casework.Input) (versionDoc, error) {
	if do == adoption.StepStudy {
		return versionDoc{}, s.StartStudy(ctx, by, at.ID)
	}
	return s.Service.Do(ctx, by, at, do, in)
}

// schemePages are the pages of versions.
func (s *Server) schemePages() casePages[adoption.Version, adoption.Step] {
	list := caseList[adoption.Version]{path: schemesPath, nav: schemesPath, title: "评价方案", sub: "新的一版先测算保证和以往各期的变化，再审批、发文采用；已经建立的周期和已经公布的结果不变", find: "方案、理由、版本或文号", opened: "提出日期", figure: "改动", unit: "版", thing: "方案", read: policy.ReadPeriods,
		nothing: "要改指标、权重或者等级线，提出新的一版。", begin: func(by policy.Actor) (string, string) {
			if !s.guard.Allow(by, policy.ProposeScheme) {
				return "", ""
			}
			return schemesPath + "/new", "提出新的一版"
		},
		links: func(policy.Actor) []crumb {
			return []crumb{{"两版对照", schemesPath + "/compare"}, {"查一条规则", schemesPath + "/rule"}}
		},
		filters: func(value map[string]string) []field {
			return []field{stateFilter(adoption.States(), value), {Name: "rhythm", Label: "周期", Options: append([]option{{Label: "全部"}}, rhythmOptions()...), Value: value["rhythm"]}}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[adoption.Version], error) {
			return s.adoptions.List(ctx, by, caseFilter(value), value["rhythm"], due, after)
		},
		extra: s.usedVersions,
		row: func(_ taskClock, id string, v *adoption.Version) caseRow {
			r := caseRow{Path: schemesPath + "/" + id, Name: v.Name, Title: v.Why, Place: rhythmWord(v.Rhythm) + "，拟自" + v.From.Chinese() + "起", State: v.State.Title(), Next: v.Next(), Opened: v.Opened.Chinese(), Figure: strconv.Itoa(v.Changes) + " 条"}
			r.Short = "改动 " + r.Figure
			if a := v.Adopted; a != nil {
				r.Place = rhythmWord(v.Rhythm) + "，" + a.Number + "，自" + a.From.Chinese() + "起"
			}
			return r
		},
		heads: []string{"方案", "周期", "版本", "状态", "提出日期", "理由", "对照的版本", "改动条数", "拟施行", "不成立的保证", "放行人数", "重放的小区数", "变动", "升级", "降级", "文号", "采用日期", "自哪天起使用", "指纹"},
		cells: func(v *adoption.Version) [][]any {
			row := []any{v.Title, rhythmWord(v.Rhythm), v.SchemeVersion, v.State.Title(), v.Opened, v.Why, v.BaseVersion, int64(v.Changes), v.From, "", int64(len(v.Waivers)), "", "", "", "", "", calendar.Date{}, calendar.Date{}, v.Hash}
			if k := v.Study; k != nil {
				row[9], row[11], row[12], row[13], row[14] = int64(len(k.Broken)), int64(k.Subjects), int64(k.Moved), int64(k.Up), int64(k.Down)
			}
			if a := v.Adopted; a != nil {
				row[15], row[16], row[17] = a.Number, calendar.DateOf(a.At.Time), a.From
			}
			return [][]any{row}
		}}
	return casePages[adoption.Version, adoption.Step]{caseList: list, s: s, series: seriesOf[adoption.Version, adoption.Step]("scheme-version"), cases: schemeCases{s.adoptions}, signs: s.adoptions, steps: adoption.Steps(), forms: schemeForms,
		shared: func(v *adoption.Version) *casework.Case { return &v.Case }, last: func(v *adoption.Version) adoption.Step { return v.Last }, signing: func(v *adoption.Version) *policy.Approval {
			if v.State != adoption.Signing {
				return nil
			}
			return v.Approval
		},
		files: func(*adoption.Version) []caseFile { return nil }, over: func(v *adoption.Version) bool { return v.State.Final() }, prints: schemePrints, paper: s.schemePaper, view: s.schemeView,
		said: map[string]string{"propose": "已提出，正在测算。", "study": "正在测算，刷新这一页看结果。", "send": "已送审。", "adopt": "已采用。从施行日期起建立的周期使用这一版。"}}
}

// rhythmOptions are the rhythms that have schemes.
func rhythmOptions() []option {
	return []option{{cycle.RhythmQuarter, "季度得分"}, {cycle.RhythmYear, "年度星级"}}
}

// schemeRoutes are the pages of versions; none without them.
func (s *Server) schemeRoutes() []Route {
	if s.adoptions == nil {
		return nil
	}
	const get, one = fiber.MethodGet, schemesPath + "/:id<maxLen(64)>"
	return append([]Route{
		{Method: get, Path: schemesPath + "/new", Action: policy.ProposeScheme, Handler: s.newScheme},
		{Method: fiber.MethodPost, Path: schemesPath + "/new", Action: policy.ProposeScheme, Handler: s.proposeScheme, Upload: maxFundForm},
		{Method: get, Path: schemesPath + "/compare", Action: policy.ReadPeriods, Handler: s.compareSchemes},
		{Method: get, Path: schemesPath + "/compare.xlsx", Action: policy.ReadPeriods, Handler: s.compareExcel},
		{Method: get, Path: schemesPath + "/rule", Action: policy.ReadPeriods, Handler: s.ruleHistory},
		{Method: get, Path: one + "/method", Action: policy.ReadPeriods, Handler: s.schemeMethod},
		{Method: get, Path: one + "/scheme.yaml", Action: policy.ReadPeriods, Handler: s.schemeFile},
		{Method: get, Path: one + "/replay.xlsx", Action: policy.ReadPeriods, Handler: s.replayExcel},
	}, s.schemePages().routes()...)
}

// schemeForms are the forms of the steps.
func schemeForms(v *adoption.Version) map[adoption.Step]caseForm {
	return map[adoption.Step]caseForm{
		adoption.StepStudy:    {hint: "核对每一项保证，在已经公布的各期上重放。", aside: v.Study != nil},
		adoption.StepWaive:    {text: "放行的理由（两人各写一份，都不能是提出的人）", hint: "有保证不成立。修改方案另提一版，或者写明为什么仍然可以采用。", aside: true},
		adoption.StepSend:     {hint: "送审以后内容不能再改；各级签的是方案文件、施行日期、测算结果和放行理由的校验值。"},
		adoption.StepAdopt:    {number: "文号，例如 都建发〔2026〕30号", hint: "由没有提出的人办理。施行日期已经过了的，自今天起。"},
		adoption.StepWithdraw: {text: "理由", ends: true, aside: true},
	}
}

// usedVersions shows above the list which versions are and were used, and says of an adopted one whether it still is.
func (s *Server) usedVersions(c *fiber.Ctx, _ policy.Actor, v *casesView) error {
	words := map[string]string{}
	for _, rhythm := range rhythmOptions() {
		line, err := s.adoptions.Line(c.UserContext(), rhythm.Value)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		used := usedLine{Title: rhythm.Label}
		for i, one := range line {
			row := usedRow{Version: one.Version, Title: one.Title, State: s.usedWord(c.UserContext(), line, i), From: "最初的一版（配置文件）", Number: one.Number, Why: one.Why}
			if one.ID != "" {
				row.Path, row.From = schemesPath+"/"+one.ID, one.From.Chinese()+"起"
				words[row.Path] = row.State
			}
			if !one.Until.IsZero() {
				row.From += "，到" + one.Until.Chinese()
			}
			used.Rows = append(used.Rows, row)
		}
		v.Used = append(v.Used, used)
	}
	for i := range v.Rows {
		if word := words[v.Rows[i].Path]; word != "" {
			v.Rows[i].State = word
		}
	}
	return nil
}

// usedLine is the line of versions of a rhythm, usedRow one of them.
type usedLine struct {
	Title string
	Rows  []usedRow
}

type usedRow struct{ Path, Version, Title, State, From, Number, Why string }

// usedWord says whether a version of a line waits, is used, or was overtaken.
func (s *Server) usedWord(ctx context.Context, line []adoption.InForce, i int) string {
	today := s.clockOf(ctx).today
	switch {
	case line[i].From.Compare(today) > 0:
		return "待施行"
	case !line[i].Until.IsZero() && line[i].Until.Compare(today) < 0:
		return "已被代替"
	}
	return "使用中"
}

// schemePrints are the papers of a version.
func schemePrints(_ policy.Actor, v *adoption.Version) []caseLink {
	if v.Study == nil {
		return nil
	}
	if v.Adopted != nil {
		return []caseLink{{"方案采用决定", "decision"}, {"方案审批表", "form"}}
	}
	return []caseLink{{"方案审批表", "form"}}
}

// schemeView adds to a page what only versions have.
func (s *Server) schemeView(c *fiber.Ctx, by policy.Actor, v *adoption.Version, view *caseView, _ url.Values, _ []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	view.Title, view.Sub, view.State, view.Next = v.Name, rhythmWord(v.Rhythm)+"，"+v.SchemeID, v.State.Title(), v.Next()
	if v.Adopted != nil {
		line, err := s.adoptions.Line(ctx, v.Rhythm)
		if err != nil {
			return err
		}
		for i := range line {
			if line[i].ID == id {
				view.State = s.usedWord(ctx, line, i)
			}
		}
	}
	view.Facts = filled([][2]string{{"修改的理由", v.Why}, {"提出", s.titleOfOffice(string(v.Office)) + "，" + v.Opened.Chinese()}, {"拟施行", v.From.Chinese() + "起建立的周期"}, {"对照的版本", v.BaseVersion + " 版"}, {"方案文件", v.Origin}, {"指纹", hashGroups(v.Hash)}})
	for _, w := range v.Waivers {
		view.Facts = append(view.Facts, [2]string{"放行理由", w.Reason + "（" + s.titleOfOffice(string(w.Office)) + "，" + dateTime(w.At.Time) + "）"})
	}
	if a := v.Adopted; a != nil {
		view.Facts = append(view.Facts, [2]string{"采用", a.Number + "，" + s.titleOfOffice(string(a.Office)) + "，" + dateTime(a.At.Time)}, [2]string{"使用", a.From.Chinese() + "起建立的周期"})
	}
	view.Papers = append(view.Papers, caseLink{"这一版的评价办法", view.Path + "/method"}, caseLink{"方案文件（YAML）", view.Path + "/scheme.yaml"}, caseLink{"与现行的一版对照", schemesPath + "/compare?rhythm=" + v.Rhythm + "&two=" + id})
	progress, err := s.adoptions.Studying(ctx, by, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	study, err := s.studyView(ctx, by, id, v)
	if err != nil {
		return err
	}
	if progress.Running() && s.clocks.Business().Sub(progress.Begun.Time) < studyFor {
		study.Running = progress.Stage + " " + strconv.Itoa(progress.Done) + " / " + strconv.Itoa(progress.Total) + "，" + dateTime(progress.Begun.Time) + "开始"
	} else if v.State == adoption.Draft {
		study.Failure = progress.Failure
	}
	if v.State == adoption.Draft {
		if study.Stale, err = s.adoptions.Stale(ctx, v); err != nil {
			return err
		}
	}
	view.Study = study
	return nil
}

// studyFor is how long a study that says nothing is taken to go on: a stop of the program leaves it unended.
const studyFor = 15 * time.Minute

// newSchemeView is what scheme_new.html shows.
type newSchemeView struct {
	Key    string
	Form   []field
	Errors []string
}

// newScheme is the form for a new version.
func (s *Server) newScheme(c *fiber.Ctx, by policy.Actor) error {
	next := s.clockOf(c.UserContext()).today.Add(30)
	return s.showNewScheme(c, by, url.Values{"from": {next.String()}}, nil)
}

func (s *Server) showNewScheme(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	options := []option{{Label: "上传自己的文件"}}
	for _, name := range slices.Sorted(maps.Keys(s.adoptions.Shipped)) {
		if scheme, err := rating.ParseScheme(s.adoptions.Shipped[name]); err == nil && (scheme.Rhythm == cycle.RhythmQuarter || scheme.Rhythm == cycle.RhythmYear) {
			options = append(options, option{name, scheme.Title + " " + scheme.Version + " 版（" + name + "）"})
		}
	}
	v := newSchemeView{Key: newKey(), Form: withErrors([]field{{Name: "shipped", Label: "方案从哪里来", Options: options, Value: typed.Get("shipped")}, {Name: "from", Label: "拟施行日期", Type: "date", Value: typed.Get("from"), Hint: "这一天起建立的周期使用；已经建立的不变"},
		{Name: "why", Label: "修改的理由", Rows: 3, Value: typed.Get("why")}}, refused)}
	for _, f := range refused {
		if f.Name == "file" {
			v.Errors = append(v.Errors, f.Message)
		}
	}
	p := page{Title: "提出新的一版方案", Nav: schemesPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "scheme_new", p)
	}
	return s.render(c, by, "scheme_new", p)
}

// proposeScheme takes a new version in and begins to look into it.
func (s *Server) proposeScheme(c *fiber.Ctx, by policy.Actor) error {
	in, values, err := s.readProposal(c)
	if err != nil {
		return err
	}
	if in.From, err = readDay(values.Get("from")); err != nil {
		// Every mistake of the file is told too, which is why the messages of one field are not merged here.
		_, tried := s.adoptions.Propose(store.Trial(c.UserContext()), by, in, nil)
		return s.showNewScheme(c, by, values, append([]fault.Field{{Name: "from", Message: dayFault(values.Get("from"))}}, slices.DeleteFunc(refusedForm(tried), func(f fault.Field) bool { return f.Name == "from" })...))
	}
	doc, err := s.adoptions.Propose(c.UserContext(), by, in, idemFrom(c, values, strconv.Itoa(len(in.File))))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showNewScheme(c, by, values, refused)
	}
	if fault.Is(err, fault.Conflict) {
		return s.showNewScheme(c, by, values, []fault.Field{{Name: "file", Message: fault.MessageOf(err)}})
	}
	if err != nil {
		return err
	}
	if err := s.adoptions.StartStudy(c.UserContext(), by, doc.ID); err != nil {
		return err
	}
	return seeOther(c, schemesPath+"/"+doc.ID+"?done=propose")
}

// readProposal reads the form of a new version with its file.
func (s *Server) readProposal(c *fiber.Ctx) (adoption.Proposal, url.Values, error) {
	var in adoption.Proposal
	values, err := s.readForm(c, maxFundForm, func(name string, r io.Reader) (err error) {
		in.Name = name
		// One byte more than is allowed, so that a file that is too large is told as such.
		if in.File, err = io.ReadAll(io.LimitReader(r, rating.MaxSchemeBytes+1)); err != nil {
			return notArrived(err)
		}
		return skipFile(r)
	})
	if errors.Is(err, errEndless) {
		err = nil
	}
	if name := values.Get("shipped"); name != "" && err == nil {
		in.Name, in.File = name, s.adoptions.Shipped[name]
	}
	in.Why = values.Get("why")
	return in, values, err
}

// readDay reads a day of a form; no day for an empty field.
func readDay(text string) (calendar.Date, error) {
	if text = strings.TrimSpace(text); text == "" {
		return calendar.Date{}, nil
	}
	return calendar.ParseDate(text)
}

// schemeFile hands the file of a version out.
func (s *Server) schemeFile(c *fiber.Ctx, by policy.Actor) error {
	data, err := s.adoptions.File(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return attach(c, "scheme.yaml", "application/yaml; charset=utf-8", data)
}

// schemeMethod is the method as a version puts it into words.
func (s *Server) schemeMethod(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.adoptions.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	data, err := s.adoptions.File(c.UserContext(), by, doc.ID)
	if err != nil {
		return err
	}
	scheme, err := rating.ParseScheme(data)
	if err != nil {
		return err
	}
	v := describeScheme(&board{}, scheme)
	v.Proposed, v.Back = doc.State.State.Title(), schemesPath+"/"+doc.ID
	return s.render(c, by, "method", page{Title: "评价办法：" + doc.State.Name, Nav: schemesPath, Data: v, Script: true})
}

// SchemeTasks is the work with versions of schemes, for everybody whose step is next.
type SchemeTasks struct {
	// Schemes keeps them, and tells who may do what.
	Schemes *adoption.Service
}

// schemeWork are the steps that stand on a to-do page, the most pressing first.
var schemeWork = []caseWork[adoption.State, adoption.Step]{
	{adoption.StepSign, []adoption.State{adoption.Signing}, "看测算结果，签署", "去签署"},
	{adoption.StepAdopt, []adoption.State{adoption.Approved}, "编文号采用", "去采用"},
	{adoption.StepWaive, []adoption.State{adoption.Draft}, "有保证不成立，放行要写理由", "去看"},
	{adoption.StepSend, []adoption.State{adoption.Draft}, "测算好了，送审", "去送审"},
}

// Tasks implements Tasks.
func (t SchemeTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Schemes.Guard.Allow(by, policy.ReadPeriods) {
		return nil, nil
	}
	found, err := openCases(func(after string) (store.Page[adoption.Version], error) {
		return t.Schemes.List(ctx, by, casework.Filter{}, "", true, after)
	})
	can := func(v *adoption.Version, do adoption.Step) bool { return t.Schemes.Can(ctx, by, v, do) }
	clock := func(*adoption.Version, adoption.Step) calendar.Deadline { return calendar.Deadline{} }
	return caseTasks(found, schemeWork, func(v *adoption.Version) adoption.State { return v.State }, can, clock, func(id string, v *adoption.Version, w caseWork[adoption.State, adoption.Step]) Task {
		return Task{Title: v.Name + "：" + w.verb, Context: "拟自" + v.From.Chinese() + "起使用，改动 " + strconv.Itoa(v.Changes) + " 条", Link: schemesPath + "/" + id, Button: w.button, Nav: schemesPath}
	}), err
}

// schemeNote says of a period that is not published that its scheme has been changed since it was planned, "" if it has not: a period keeps the version with which it was planned.
func (s *Server) schemeNote(ctx context.Context, p *cycle.Period) (string, error) {
	if s.adoptions == nil || p.State == cycle.StatePublished {
		return "", nil
	}
	line, err := s.adoptions.Line(ctx, p.Rhythm)
	if err != nil {
		return "", err
	}
	last := line[len(line)-1]
	if last.ID == "" || last.Hash == p.SchemeHash {
		return "", nil
	}
	return "方案 " + last.Version + " 版（" + last.Number + "）自" + last.From.Chinese() + "起用于以后建立的周期。这一期在此以前建立，仍按 " + p.SchemeVersion + " 版评价。", nil
}

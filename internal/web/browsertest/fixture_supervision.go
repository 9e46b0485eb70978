package browsertest

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/report/templates"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
	"redsteward/supervision/rectification"
)

// FixtureClocks are the clocks of a fixture that begins now, on its business day; the store below it takes the business clock.
func FixtureClocks(now func() time.Time) policy.Clocks {
	begun := now()
	return policy.Clocks{Business: func() time.Time { return noon.Add(now().Sub(begun)) }, Security: now}
}

// Ground is a register of three projects: p1 and p2 in one community, held by firm f1, and p3 in another without a firm.
type Ground struct{}

func (Ground) rows() []registry.Place {
	return []registry.Place{
		{Project: "p1", Name: "东街花园", Community: "360428100009", CommunityName: "东街社区", Township: "360428100000", TownshipName: "都昌镇", Firm: "f1", FirmName: "一盏灯物业（演示）", Households: 640},
		{Project: "p2", Name: "望湖苑", Community: "360428100009", CommunityName: "东街社区", Township: "360428100000", TownshipName: "都昌镇", Firm: "f1", FirmName: "一盏灯物业（演示）", Households: 320},
		{Project: "p3", Name: Hostile, Community: "360428100001", CommunityName: "城东社区", Township: "360428100000", TownshipName: "都昌镇", Households: 90},
	}
}

// Place implements supervision.Places.
func (g Ground) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	for _, p := range g.rows() {
		if p.Project == project {
			return p, nil
		}
	}
	return registry.Place{}, fault.New("browsertest.Place", fault.NotFound, "没有找到这个小区")
}

// Held implements supervision.Holdings.
func (g Ground) Held(_ context.Context, firm string, _ calendar.Date) ([]registry.Place, error) {
	var out []registry.Place
	for _, p := range g.rows() {
		if p.Firm == firm {
			out = append(out, p)
		}
	}
	return out, nil
}

// Project implements supervision.Finder.
func (g Ground) Project(_ context.Context, _, community, name string) (string, []fault.Field, error) {
	for _, p := range g.rows() {
		if p.Name == name && p.CommunityName == community {
			return p.Project, nil, nil
		}
	}
	return "", []fault.Field{registry.NoProject(community, name)}, nil
}

// Firm implements supervision.Finder: the code of a firm is its id.
func (g Ground) Firm(ctx context.Context, code string) (string, []fault.Field, error) {
	if held, _ := g.Held(ctx, code, calendar.Date{}); len(held) > 0 {
		return code, nil, nil
	}
	return "", []fault.Field{registry.NoFirm(code)}, nil
}

// ServiceLevel implements inspection.Levels.
func (Ground) ServiceLevel(context.Context, string, calendar.Date) (string, error) {
	return "二级", nil
}

// Projects implements web.Projects.
func (g Ground) Projects(_ context.Context, _ policy.Actor, q registry.ProjectQuery) (registry.Page[registry.ProjectRow], error) {
	var page registry.Page[registry.ProjectRow]
	for _, p := range g.rows() {
		if strings.Contains(p.Name, q.Text) {
			page.Rows = append(page.Rows, registry.ProjectRow{ID: p.Project, Place: p})
		}
	}
	return page, nil
}

// Asked are the questions of the fixture: one of each kind of column.
type Asked struct{}

// Questions implements web.Questions.
func (Asked) Questions(context.Context, string) ([]web.Question, error) {
	return []web.Question{{Name: "2026年第四季度", Days: calendar.Quarter{Year: 2026, N: 4}.Span(), Asks: []supervision.Ask{
		{Fact: "answers", Name: "诉求答复（按期答复/应答复）", Note: "责任在物业企业、诉求合理的诉求。", Points: "5.00", Clause: "应由物业企业办的合理诉求，按期答复的占 95 % 以上得满分。", Columns: []supervision.Column{
			{Name: "answers_on_time", Label: "按期答复", Unit: "件", Kind: supervision.ColumnCount, OfColumn: "answers_due"},
			{Name: "answers_due", Label: "应答复", Unit: "件", Kind: supervision.ColumnCount}}},
		{Fact: "veto_decisions", Name: "一票否决认定书", Columns: []supervision.Column{{Name: "veto_decisions", Label: "认定理由", Kind: supervision.ColumnEvent,
			Values: []supervision.Choice{{ID: "accident", Text: "发生有责任的安全事故"}}}}},
		{Fact: "contract_filed", Name: "合同已备案", Columns: []supervision.Column{{Name: "contract_filed", Label: "已备案", Kind: supervision.ColumnBool}}},
		{Fact: "training", Name: "骨干和入党申请人培训（已办/应办）", Note: "每季度 1 次，由指导员登记。", Columns: []supervision.Column{{Name: "training_held", Label: "已办", Unit: "次", Kind: supervision.ColumnCount, OfColumn: "training_due"},
			{Name: "training_due", Label: "应办", Unit: "次", Kind: supervision.ColumnCount}}},
	}}}, nil
}

// fewChains is one fact that party organisations confirm, as the shipped configuration has them.
const fewChains = `chains:
  - id: party
    version: 1
    title: 党建事实逐级确认
    basis: 建议
    facts: [training]
    levels:
      - {name: 社区党组织确认, role: community_secretary}
      - {name: 物业行业党支部确认, role: industry_secretary, paper: true}
      - {name: 组织部（社会工作部）确认, role: organisation}
`

// FirmNames implements rectification.Firms.
func (g Ground) FirmNames(ctx context.Context, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for _, id := range ids {
		if held, _ := g.Held(ctx, id, calendar.Date{}); len(held) > 0 {
			out[id] = held[0].FirmName
		}
	}
	return out, nil
}

// rectificationChains is the way of approval of a paper, one signature.
const rectificationChains = `approvals:
  - {id: rectification, title: 整改文书审批, basis: 建议, versions: [{version: 1, from: 2025-01-01, levels: [{name: 股长签发, paper: true, seats: [{role: section_chief}]}]}]}
  - {id: inspection, title: 行政检查审批, basis: 建议, versions: [{version: 1, from: 2025-01-01, levels: [{name: 股长审核, paper: true, seats: [{role: section_chief}]}]}]}
`

// fewMatters is a list of two matters, one of them not confirmed.
const fewMatters = `version: "1"
bureau: 县住建局
yearly_cap: 1
basis: 建议
remedy: {text: 可以申请行政复议}
draw: {per_firm: 1, persons: 2, ahead: 0, floor: 1, stars: [3, 4, 3, 2, 1, 1], each: 2, most: 3, basis: 建议}
matters:
  - {id: openness, name: 服务公开, department: 县住建局, law: 《物业管理条例》, article: 第五条, competence: 监督管理, checks: [{id: "1", sentence: 公开了收费标准, how: 看公示栏。, paper: suggestion, request: 公开收费标准}, {id: "2", sentence: 没有一并委托他人, how: 看合同。, paper: order, law: 《物业管理条例》, article: 第五十九条, request: 停止一并委托}]}
  - {id: safety, name: 房屋安全, department: 县住建局, law: 待确认, checks: [{id: "3", sentence: 有巡查记录, how: 看记录。, paper: suggestion, request: 巡查}]}
`

// inspections opens inspections whose officers all hold certificates.
func (f *Fixture) inspections(ctx context.Context, desk casework.Desk) (err error) {
	agenda, err := inspection.ParseAgenda("inspections.yaml", []byte(fewMatters))
	if err != nil {
		return err
	}
	cards, err := inspection.NewCertificates(ctx, desk.DB, desk.Guard, desk.Persons)
	if err != nil {
		return err
	}
	lawyer := policy.Actor{ID: "lawyer", Appointments: []policy.Appointment{{Role: "legal_officer", Scopes: []string{policy.County}}}}
	inspectors, err := f.People.Colleagues(ctx, lawyer, policy.KeepCertificate, policy.DoInspection)
	if err != nil {
		return err
	}
	for i, who := range inspectors {
		card := inspection.Certificate{Number: "360428-" + strconv.Itoa(i+1), Issuer: "九江市司法局"}
		if card.From, err = calendar.ParseDate("2025-01-01"); err != nil {
			return err
		}
		if card.Until, err = calendar.ParseDate("2030-12-31"); err != nil {
			return err
		}
		if err := cards.Enter(ctx, lawyer, who.ID, 0, card); err != nil {
			return err
		}
	}
	recusals, err := inspection.NewRecusals(ctx, desk.DB, desk.Guard, Ground{})
	if err != nil {
		return err
	}
	if f.Inspections, err = inspection.NewInspections(ctx, inspection.ChecksConfig{Desk: desk, Places: Ground{}, Firms: Ground{}, Agenda: agenda, Certificates: cards, Recusals: recusals}); err != nil {
		return err
	}
	f.Draws, err = inspection.NewDraws(ctx, inspection.DrawsConfig{Inspections: f.Inspections, Listing: Ground{}, Standing: Ground{}})
	return err
}

// AllProjects implements inspection.Listing.
func (g Ground) AllProjects(_ context.Context, _ policy.Actor, _ registry.ProjectQuery, yield func(registry.ProjectRow) error) error {
	for _, p := range g.rows() {
		if err := yield(registry.ProjectRow{ID: p.Project, Place: p}); err != nil {
			return err
		}
	}
	return nil
}

// Stars implements inspection.Standing.
func (Ground) Stars(context.Context) (map[string]int64, error) { return map[string]int64{"p1": 5}, nil }

// Points implements inspection.Standing.
func (Ground) Points(context.Context, policy.Actor, string) (num.Num, int, error) {
	return num.FromInt(-3), 1, nil
}

// StartSupervised serves observations and visits over Ground on a free port of this machine, over a store whose clock is a BusinessClock; sheets are the checklists, folder takes
// unfinished uploads. The accounts are inspector and lin (inspectors), officer and chief of the bureau, worker (community_worker of p1 and p2), secretary of the same
// community, elsewhere (community_secretary of p3), manager (of firm f1), and those of the party: instructor, industry and organiser.
func StartSupervised(ctx context.Context, db *store.DB, clocks policy.Clocks, conf, csv []byte, folder string, sheets ...inspection.File) (*Fixture, error) {
	rules, err := policytest.Load(conf, csv)
	if err != nil {
		return nil, err
	}
	guard := policy.NewGuard(rules, policy.TenureTable{})
	f := &Fixture{DB: db, Log: &Buffer{}, Access: &AccessList{}, done: make(chan error, 1)}
	if f.People, err = policy.NewService(ctx, db, guard, clocks, policy.Options{Idle: time.Hour, HashMemoryKiB: 64}); err != nil {
		return nil, err
	}
	admin, err := f.admin(ctx)
	if err != nil {
		return nil, err
	}
	for _, person := range []struct {
		login, name string
		role        policy.Role
		scope       string
	}{
		{"inspector", "周望平", "inspector", policy.County}, {"lin", "林阿秀", "inspector", policy.County}, {"officer", "陈大江", "property_officer", policy.County},
		{"chief", "王立新", "section_chief", policy.County}, {"worker", "吴小青", "community_worker", "c:360428100009"}, {"elsewhere", "何东来", "community_secretary", "c:360428100001"},
		{"instructor", "郑国华", "party_instructor", policy.County}, {"secretary", "孙桂英", "community_secretary", "c:360428100009"}, {"industry", "胡立本", "industry_secretary", policy.County},
		{"organiser", "邵文清", "organisation", policy.County}, {"manager", "罗启明", "firm_manager", "f:f1"},
	} {
		if err := f.account(ctx, admin, person.login, person.name, policy.Appointment{Role: person.role, Scopes: []string{person.scope}}, true); err != nil {
			return nil, err
		}
	}
	loaded, err := inspection.LoadSheets(sheets...)
	if err != nil {
		return nil, err
	}
	chains, err := supervision.ParseChains("confirmations.yaml", []byte(fewChains), rules)
	if err != nil {
		return nil, err
	}
	keeper := files.NewKeeper(db, folder)
	f.Supervision = &web.Supervision{Questions: Asked{}, Projects: Ground{}, Colleagues: f.People, Photos: web.Pictures{Keeper: keeper}}
	if f.Supervision.Observations, err = supervision.NewObservations(ctx, db, guard, Ground{}, Ground{}, chains, supervision.Papers{Keeper: keeper, Persons: f.People}); err != nil {
		return nil, err
	}
	if f.Supervision.Imports, err = supervision.NewObservationImports(ctx, f.Supervision.Observations, func() supervision.Finder { return Ground{} }); err != nil {
		return nil, err
	}
	// Nothing is drawn to be scored a second time unless a test says so.
	config := inspection.Config{DB: db, Guard: guard, Places: Ground{}, Levels: Ground{}, Crew: f.People, Sheets: loaded, Draw: func(string, int64) bool { return false }}
	if f.Supervision.Visits, err = inspection.NewVisits(ctx, config); err != nil {
		return nil, err
	}
	ways, err := policy.ParseChains("approvals.yaml", []byte(rectificationChains), rules)
	if err != nil {
		return nil, err
	}
	if f.Letters, err = casework.NewLetters(ctx, casework.LettersConfig{DB: db, Guard: guard, Keeper: keeper, Now: clocks.Business, Series: sampleSeries()}); err != nil {
		return nil, err
	}
	desk := casework.Desk{DB: db, Letters: f.Letters, Guard: guard, Keeper: keeper, Persons: f.People, Chains: ways, Now: clocks.Business,
		Deadlines: func(rule string, start calendar.Date) (calendar.Deadline, error) {
			return calendar.Deadline{Rule: rule, Start: start, N: 7, Unit: calendar.UnitDay, Basis: "建议", Due: start.Add(7)}, nil
		}}
	if err := f.inspections(ctx, desk); err != nil {
		return nil, err
	}
	if f.Rectifications, err = rectification.New(ctx, rectification.Config{Visits: f.Supervision.Visits, Inspections: f.Inspections, Firms: Ground{}, Desk: desk}); err != nil {
		return nil, err
	}
	secret, err := db.Secret(ctx, "form")
	if err != nil {
		return nil, err
	}
	shelf, err := templates.Open(ctx, db, "paper-template", guard, keeper, clocks.Business, templates.Rights{Read: policy.KeepPaperTemplate, Keep: policy.KeepPaperTemplate})
	if err != nil {
		return nil, err
	}
	phrases, err := policy.NewPhrases(ctx, db, guard)
	if err != nil {
		return nil, err
	}
	if f.Server, err = web.New(web.Options{Phrases: phrases, Templates: shelf, Guard: guard, People: f.People, Clocks: clocks, Secret: secret, Access: f.Access, Settings: settings(), Supervision: f.Supervision, Rectifications: f.Rectifications, Inspections: f.Inspections, Draws: f.Draws, Letters: f.Letters, Files: keeper,
		Log: slog.New(slog.NewJSONHandler(f.Log, nil))}); err != nil {
		return nil, err
	}
	return f, f.serve(ctx)
}

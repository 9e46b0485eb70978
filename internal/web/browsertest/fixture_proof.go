package browsertest

import (
	"context"
	"log/slog"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
	"redsteward/supervision/repair"
)

// ProofPeriod is the period of the fixture of proof; it closes on 19 October 2026 at midnight.
const ProofPeriod = "2026Q4"

// town is a small register: two compounds of one firm in one community, one of another.
type town struct{}

// Place implements supervision.Places.
func (town) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	p := registry.Place{Project: project, Community: "360428001001", CommunityName: "东街社区", Township: "360428001000", TownshipName: "都昌镇", Firm: "f1", FirmName: "一盏灯物业", Households: 400}
	switch project {
	case "p1":
		p.Name = "东街花园"
	case "p2":
		p.Name = "望湖苑"
	case "p3":
		p.Name, p.Firm, p.FirmName, p.Community, p.CommunityName = "书院坊", "f2", "小满物业", "360428001002", "西街社区"
	default:
		return registry.Place{}, fault.New("browsertest.Place", fault.NotFound, "没有找到要看的内容")
	}
	return p, nil
}

// Projects implements web.Projects: all there are; what an actor may see of each, the pages ask elsewhere.
func (t town) Projects(ctx context.Context, _ policy.Actor, _ registry.ProjectQuery) (registry.Page[registry.ProjectRow], error) {
	var page registry.Page[registry.ProjectRow]
	for _, id := range []string{"p1", "p2", "p3"} {
		place, err := t.Place(ctx, id, calendar.Date{})
		if err != nil {
			return page, err
		}
		page.Rows = append(page.Rows, registry.ProjectRow{ID: id, Place: place})
	}
	return page, nil
}

// proofAsks are what the period asks: a count of its own kind of column each.
func proofAsks() []supervision.Ask {
	return []supervision.Ask{
		{Fact: "party_day", Name: "主题党日", Indicator: "主题党日按期开展", Clause: "1.3 每月 1 次，签到和照片齐全", Note: "应到为在册党员人数，实到以签到为准", Points: "4.00", Uploads: 3,
			Columns: []supervision.Column{{Name: "here", Label: "实到人数", Unit: "人", Kind: supervision.ColumnCount, OfColumn: "due"},
				{Name: "due", Label: "应到人数", Unit: "人", Kind: supervision.ColumnCount}}},
		{Fact: "revenue", Name: "公共收益公示", Indicator: "公共收益公示", Clause: "3.6 每半年公示", Points: "3.00", Uploads: 1,
			Columns: []supervision.Column{{Name: "shown", Label: "已在小区公示", Kind: supervision.ColumnBool}}},
		{Fact: "volunteer", Name: "志愿服务", Indicator: "志愿服务时长", Clause: "5.1 员工志愿服务", Points: "2.00", Uploads: 1, Held: repair.Source,
			Columns: []supervision.Column{{Name: "hours", Label: "时长", Unit: "小时", Kind: supervision.ColumnNumber}}},
	}
}

// StartProof serves an open window for proof on a free port of this machine, over a store whose clock is the business clock. folder takes unfinished uploads. The accounts
// are clerk (project_manager of p1 and p2), rival (firm_manager of f2), worker and secretary of the community of p1, officer and chief of the bureau.
func StartProof(ctx context.Context, db *store.DB, clocks policy.Clocks, conf, csv []byte, folder string) (*Fixture, error) {
	rules, err := policytest.Load(conf, csv)
	if err != nil {
		return nil, err
	}
	guard := policy.NewGuard(rules, policy.TenureTable{{Firm: "f1", Project: "p1"}, {Firm: "f1", Project: "p2"}})
	f := &Fixture{DB: db, Log: &Buffer{}, Access: &AccessList{}, done: make(chan error, 1)}
	if f.People, err = policy.NewService(ctx, db, guard, clocks, policy.Options{Idle: time.Hour, HashMemoryKiB: 64}); err != nil {
		return nil, err
	}
	admin, err := f.admin(ctx)
	if err != nil {
		return nil, err
	}
	const community = "c:360428001001"
	for _, person := range []struct {
		login, name string
		ap          policy.Appointment
	}{
		{"clerk", "陈一鸣", policy.Appointment{Role: "project_manager", Unit: "f:f1", Scopes: []string{"p:p1", "p:p2"}}},
		{"rival", "李香远", policy.Appointment{Role: "firm_manager", Unit: "f:f2", Scopes: []string{"f:f2"}}},
		{"worker", "何书兰", policy.Appointment{Role: "community_worker", Unit: community, Scopes: []string{community}}},
		{"secretary", "赵望湖", policy.Appointment{Role: "community_secretary", Unit: community, Scopes: []string{community}}},
		{"officer", "刘建华", policy.Appointment{Role: "property_officer", Unit: policy.County, Scopes: []string{policy.County}}},
	} {
		if err := f.account(ctx, admin, person.login, person.name, person.ap, true); err != nil {
			return nil, err
		}
	}
	everyDay := func(rule string, start calendar.Date) (calendar.Deadline, error) {
		return calendar.Deadline{Rule: rule, Start: start, N: 3, Unit: calendar.UnitDay, Due: start.Add(3)}, nil
	}
	if f.Proofs, err = evidence.NewService(ctx, db, guard, town{}, files.NewKeeper(db, folder), everyDay); err != nil {
		return nil, err
	}
	last := calendar.DateOf(noon)
	days := calendar.QuarterOf(last).Span()
	window := evidence.Window{Title: "2026年第四季度", Days: days, Opens: journal.At(days.First.Begins()), Closes: journal.At(last.Ends()), Asks: proofAsks(),
		Objection: "对得分有异议的，得分告知后 3 个工作日内从“异议与申诉”提出。"}
	if _, err := f.Proofs.OpenWindow(ctx, policy.SystemActor(), ProofPeriod, window); err != nil {
		return nil, err
	}
	secret, err := db.Secret(ctx, "form")
	if err != nil {
		return nil, err
	}
	if f.Server, err = web.New(web.Options{Guard: guard, People: f.People, Clocks: clocks, Secret: secret, Access: f.Access, Settings: settings(),
		Evidence: &web.Evidence{Proofs: f.Proofs, Projects: town{}}, Log: slog.New(slog.NewJSONHandler(f.Log, nil))}); err != nil {
		return nil, err
	}
	return f, f.serve(ctx)
}

package registry

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// expiries are the ends that somebody sees: “望湖苑 物业服务合同 2026-12-31 90”.
func (d *desk) expiries(by policy.Actor, q ExpiryQuery) string {
	d.t.Helper()
	list, err := d.Expiries(d.t.Context(), by, q)
	if err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, x := range list {
		out = append(out, fmt.Sprintf("%s %s %s %d", x.Name, x.What, x.Until, x.Stage))
	}
	return strings.Join(out, "; ")
}

func TestStageOf(t *testing.T) {
	for days, want := range map[int]string{-1: "0 true", 0: "30 true", 30: "30 true", 31: "60 true", 60: "60 true", 61: "90 true", 90: "90 true", 91: "0 false"} {
		if stage, told := StageOf(days); fmt.Sprint(stage, told) != want {
			t.Errorf("%d days: %d %v, want %s", days, stage, told, want)
		}
	}
}

// TestReminderDays: a contract is told 90, 60 and 30 days before its end, not a day earlier; a reminder rests until the next of these days, and never after the end. Who looks back sees
// the days that were left then.
func TestReminderDays(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	firm, id := d.firm("赣北物业服务有限公司", codeOne), d.project("望湖苑", east)
	d.contract(id, contractOf(t, firm, "2025-01-01", "2027-01-31"))
	end, noon := day(t, "2027-01-31"), 12*time.Hour
	remind := func() error { return d.Remind(ctx, d.officer, id, "contract/c1") }
	told := func(ctx context.Context) string {
		t.Helper()
		list, err := d.Expiries(ctx, d.officer, ExpiryQuery{})
		if err != nil || len(list) > 1 {
			t.Fatal(list, err)
		}
		for _, x := range list {
			return fmt.Sprint(x.Days, " ", x.Stage, " ", !x.Reminded.IsZero())
		}
		return ""
	}
	for _, step := range []struct {
		left    int
		want    string
		refused string
	}{
		{91, "", "90 日以上"}, {90, "90 90 false", ""}, {89, "89 90 true", ""}, {61, "61 90 true", ""}, {60, "60 60 false", ""}, {59, "59 60 true", ""},
		{31, "31 60 true", ""}, {30, "30 30 false", ""}, {29, "29 30 true", ""}, {1, "1 30 true", ""}, {0, "0 30 true", ""}, {-1, "-1 0 false", "已经过期"}, {-400, "-400 0 false", "已经过期"},
	} {
		d.on.MoveTo(end.Add(-step.left).Begins().Add(noon))
		if got := told(ctx); got != step.want {
			t.Errorf("%d days before the end: %q, want %q", step.left, got, step.want)
		}
		if step.refused != "" {
			d.refused(fmt.Sprint(step.left), fault.Conflict, remind, step.refused)
		} else if err := remind(); err != nil {
			t.Errorf("%d days before the end: %v", step.left, err)
		}
	}
	for left, want := range map[int]string{91: "", 90: "90 90 true", 61: "61 90 true", 30: "30 30 true", -1: "-1 0 false"} {
		if got := told(store.KnownAt(ctx, end.Add(-left).Ends().Add(-time.Millisecond))); got != want {
			t.Errorf("looked back at %d days before the end: %q, want %q", left, got, want)
		}
	}
	d.contract(id, contractOf(t, firm, "2027-02-01", "2029-12-31"))
	if got := told(ctx); got != "" {
		t.Errorf("renewed: %q", got)
	}
	if got := told(store.KnownAt(ctx, end.Ends().Add(-time.Millisecond))); got != "0 30 true" {
		t.Errorf("looked back at the last day after the renewal: %q", got)
	}
}

// TestExpiries: the earliest end first, those that ended among them, nobody outside of the scope, and a firm only as long as it holds the project; what is renewed goes.
func TestExpiries(t *testing.T) {
	d, firms, projects := county(t)
	const ours, theirs = "望湖苑 物业服务合同 2026-12-31 90", "棠荫新村 物业服务合同 2026-10-18 0"
	for _, tt := range []struct {
		name string
		by   policy.Actor
		q    ExpiryQuery
		want string
	}{
		{"the county", d.officer, ExpiryQuery{}, theirs + "; " + ours},
		{"by name", d.officer, ExpiryQuery{Text: "why"}, ours},
		{"by stage", d.officer, ExpiryQuery{Stage: "0"}, theirs},
		{"by township", d.officer, ExpiryQuery{Township: "360428101000"}, theirs},
		{"by kind", d.officer, ExpiryQuery{Kind: ExpiryBody}, ""},
		{"a community", person("community_secretary", "c:"+east), ExpiryQuery{}, ours},
		{"a community without any", person("community_secretary", "c:"+west), ExpiryQuery{}, ""},
		{"the firm that holds it", person("firm_manager", "f:"+firms[0]), ExpiryQuery{}, ours},
		{"a firm whose contract has ended", person("firm_manager", "f:"+firms[1]), ExpiryQuery{}, ""},
	} {
		if got := d.expiries(tt.by, tt.q); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	// A contract that goes on after the one that ends, and one without end, renew it.
	d.contract(projects["望湖苑"], contractOf(t, firms[2], "2027-01-01", "2029-12-31"))
	d.contract(projects["棠荫新村"], contractOf(t, firms[2], "2026-10-19", ""))
	if got := d.expiries(d.officer, ExpiryQuery{}); got != "" {
		t.Error(got)
	}
	d.refused("no right", fault.Forbidden, func() error {
		_, err := d.Expiries(t.Context(), person("building_head", policy.County), ExpiryQuery{})
		return err
	})
}

// TestExpiriesOfPhases: each phase by its own last contract; terms and papers too; a paper that is renewed or withdrawn goes.
func TestExpiriesOfPhases(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	firm, id := d.firm("赣北物业服务有限公司", codeOne), d.project("望湖苑", east)
	for _, name := range []string{"一期", "二期"} {
		if err := d.PutPhase(ctx, d.officer, id, d.seq(id), "", name); err != nil {
			t.Fatal(err)
		}
	}
	first := contractOf(t, firm, "2026-01-01", "2026-11-30")
	first.Phase = "ph1"
	d.contract(id, first)
	second := contractOf(t, firm, "2026-07-01", "2026-12-01")
	second.Phase, second.Kind = "ph2", ContractCustody
	d.contract(id, second)
	if err := d.SetBody(ctx, d.officer, id, d.seq(id), Body{Kind: BodyCommittee, Days: span(t, "2021-12-01", "2026-11-01")}); err != nil {
		t.Fatal(err)
	}
	paper := func(id string, project string, seq int64, in PaperInput) func() error {
		return func() error { return d.PutPaper(ctx, d.officer, project, seq, id, in) }
	}
	lift := PaperInput{Kind: PaperLift, Subject: "1幢1号梯", Days: span(t, "2025-10-01", "2026-09-30")}
	d.refused("paper: nothing", fault.Invalid, paper("", id, d.seq(id), PaperInput{}), "请选择证照种类", "请填写有效期起始日", "请填写有效期截止日")
	d.refused("paper: ends before it begins", fault.Invalid, paper("", id, d.seq(id), PaperInput{Kind: PaperFire, Days: span(t, "2026-10-01", "2026-09-30")}), "until 截止日2026年9月30日早于起始日2026年10月1日")
	d.refused("paper: overtaken", fault.Conflict, paper("", id, d.seq(id)-1, lift))
	d.refused("paper: none", fault.NotFound, paper("q9", id, d.seq(id), lift))
	d.refused("paper: no right", fault.Forbidden, func() error {
		return d.PutPaper(ctx, person("firm_manager", policy.FirmKey(firm)), id, d.seq(id), "", lift)
	})
	for _, in := range []PaperInput{lift, {Kind: PaperInsurance, Days: span(t, "2026-01-01", "2026-12-31")}, {Kind: PaperOther, Subject: "录错的", Days: span(t, "2026-01-01", "2026-10-20")}} {
		if err := paper("", id, d.seq(id), in)(); err != nil {
			t.Fatal(err)
		}
	}
	d.refused("paper: twice", fault.Invalid, paper("", id, d.seq(id), lift), "已经登记了同一对象、同一起始日的电梯定期检验")
	if err := d.WithdrawPaper(ctx, d.officer, id, d.seq(id), "q3", "录错小区"); err != nil {
		t.Fatal(err)
	}
	want := "望湖苑 1幢1号梯电梯定期检验 2026-09-30 0; 望湖苑 业委会任期 2026-11-01 30; 望湖苑 一期物业服务合同 2026-11-30 60; 望湖苑 二期应急托管 2026-12-01 60; 望湖苑 公众责任险 2026-12-31 90"
	if got := d.expiries(d.officer, ExpiryQuery{}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	list, err := d.Expiries(ctx, d.officer, ExpiryQuery{Kind: ExpiryBody})
	if err != nil || len(list) != 1 || list[0].Party != list[0].CommunityName || list[0].Party == "" {
		t.Errorf("the community sees to the term of an owners' body: %+v %v", list, err)
	}
	renewed := lift
	renewed.Days = span(t, "2026-10-01", "2027-09-30")
	if err := paper("", id, d.seq(id), renewed)(); err != nil {
		t.Fatal(err)
	}
	if got := d.expiries(d.officer, ExpiryQuery{Kind: ExpiryPaper}); got != "望湖苑 公众责任险 2026-12-31 90" {
		t.Error(got)
	}
	// The rows of its papers are read back as they were.
	row, err := d.OneProject(ctx, d.officer, id)
	if err != nil {
		t.Fatal(err)
	}
	file := fileOf(ImportPapers)
	for i, l := range LinesOfPapers(row) {
		file.Lines = append(file.Lines, Line{Row: int64(i + 2), Paper: &l})
	}
	if run := d.dry(file); run.Same != 3 || run.Faulty != 0 {
		t.Errorf("%+v", run)
	}
	fresh := PaperLine{PaperInput: PaperInput{Kind: PaperFire, Days: span(t, "2026-01-01", "2026-12-31")}, CommunityName: "城东社区", ProjectName: "望湖苑"}
	done := d.imported(fileOf(ImportPapers, Line{Row: 2, Paper: &fresh}), false)
	look, err := d.LookBackImport(ctx, d.officer, done.ID)
	if err != nil || look.Withdrawn != 1 {
		t.Fatalf("%+v %v", look, err)
	}
	if err := d.ReverseImport(ctx, d.officer, done.ID, look.Seq, "录错小区"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.RunImports(ctx); err != nil {
		t.Fatal(err)
	}
	if p, err := d.Built(ctx, id); err != nil || len(p.Papers) != 4 {
		t.Errorf("%+v %v", p.Papers, err)
	}
}

// TestRemind: a reminder rests at its stage, is not repeated, and ends with the renewal.
func TestRemind(t *testing.T) {
	d, firms, projects := county(t)
	ctx := t.Context()
	ours, theirs := projects["望湖苑"], projects["棠荫新村"]
	remind := func(by policy.Actor, project, item string) func() error {
		return func() error { return d.Remind(ctx, by, project, item) }
	}
	d.refused("no right", fault.Forbidden, remind(person("firm_manager", policy.FirmKey(firms[0])), ours, "contract/c1"))
	d.refused("out of scope", fault.NotFound, remind(person("property_officer", "t:360428101000"), ours, "contract/c1"))
	d.refused("no such end", fault.Conflict, remind(d.officer, ours, "contract/c9"), "已经续办")
	d.refused("past", fault.Conflict, remind(d.officer, theirs, "contract/c1"), "已经过期")
	if err := remind(d.officer, ours, "contract/c1")(); err != nil {
		t.Fatal(err)
	}
	before := d.records()
	if err := remind(d.officer, ours, "contract/c1")(); err != nil || d.records() != before {
		t.Errorf("reminding twice: %v, %d records", err, d.records()-before)
	}
	list, err := d.Expiries(ctx, d.officer, ExpiryQuery{Text: "望湖苑"})
	if err != nil || len(list) != 1 || list[0].Reminded != today || list[0].Days != 73 {
		t.Errorf("%+v %v", list, err)
	}
	d.contract(ours, contractOf(t, firms[2], "2027-01-01", "2029-12-31"))
	d.refused("renewed", fault.Conflict, remind(d.officer, ours, "contract/c1"), "已经续办")
	d.refused("not told yet", fault.Conflict, remind(d.officer, ours, "contract/c2"), "90 日以上")
}

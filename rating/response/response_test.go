package response

import (
	"context"
	"os"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

func TestStoredFields(t *testing.T) {
	if err := store.CheckType[Response](); err != nil {
		t.Error(err)
	}
	golden, err := os.ReadFile("testdata/response.fields")
	if got := strings.Join(store.FieldNames[Response](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields of response changed; old records would not be read:\n%s%v", got, err)
	}
}

// desk is a service on a real store; the star of p1 was earned by f1, p2 had no firm, p3 has no star.
type desk struct {
	*Service
	*registrytest.Desk
	c store.Doc[Response]
}

var (
	day     = registrytest.Day
	officer = registrytest.Person("officer", "property_officer", policy.County)
	chief   = registrytest.Person("chief", "section_chief", policy.County)
	deputy  = registrytest.Person("deputy", "deputy_director", policy.County)
	firm    = registrytest.Person("firm", "firm_manager", "f:f1")
	manager = registrytest.Person("manager", "project_manager", "f:f1")
	rival   = registrytest.Person("rival", "firm_manager", "f:f2")
)

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func star(_ context.Context, project string) (Star, error) {
	one := Star{Period: "2025", PeriodName: "2025年度", Name: "望湖苑", Place: "城东社区", Firm: "一盏灯物业", Keys: []string{"p:" + project, "c:c1", "t:t1", "f:f1"}, Day: day("2025-12-31")}
	switch project {
	case "p1":
	case "p2":
		one.Firm, one.Keys = "", []string{"p:p2", "c:c1", "f:f1"}
	default:
		return Star{}, fault.New("star", fault.NotFound, "没有")
	}
	return one, nil
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Desk: registrytest.NewDesk(t, day("2026-04-01").Begins())}
	d.Service = must[*Service](t)(New(t.Context(), Config{Star: star, Desk: casework.Desk{DB: d.DB, Letters: d.Letters, Guard: d.Guard, Keeper: d.Keeper, Persons: registrytest.Persons{officer, chief, deputy, firm}, Chains: d.Chains(), Now: d.Clock,
		Deadlines: func(string, calendar.Date) (calendar.Deadline, error) { return calendar.Deadline{}, nil }}}))
	return d
}

const said = "电梯已于三月全部更换，业主可以在公示栏看到合同。"

func (d *desk) write(by policy.Actor, project, words string) func() error {
	return func() error {
		doc, err := d.Write(d.T.Context(), by, project, words, nil)
		if err == nil {
			d.c = doc
		}
		return err
	}
}

func (d *desk) step(by policy.Actor, do Step, text string) func() error {
	return func() error {
		doc, err := d.Do(d.T.Context(), by, casework.At{ID: d.c.ID, Seq: d.c.Seq}, do, casework.Input{Text: text})
		if err == nil {
			d.c = doc
		}
		return err
	}
}

func (d *desk) sign(by policy.Actor, move policy.ApprovalMove) func() error {
	return func() error {
		doc, err := d.Sign(d.T.Context(), by, casework.At{ID: d.c.ID, Seq: d.c.Seq}, policy.Sign{Move: move, Reason: "请写明依据", SubjectHash: d.c.State.Approval.SubjectHash}, registrytest.Password)
		if err == nil {
			d.c = doc
		}
		return err
	}
}

func (d *desk) ok(calls ...func() error) {
	d.T.Helper()
	for _, call := range calls {
		if err := call(); err != nil {
			d.T.Fatal(err, fault.FieldsOf(err))
		}
	}
}

// public is what everybody sees of p1.
func (d *desk) public() string {
	d.T.Helper()
	shown, err := d.Shown(d.T.Context(), "2025", "p1")
	if err != nil {
		d.T.Fatal(err)
	}
	if shown == nil {
		return ""
	}
	return shown.Firm + "：" + shown.Words
}

// TestLife: nothing is public before three persons signed the same words, what is returned is written anew and reviewed from the first level, what is taken down or back is gone at once.
func TestLife(t *testing.T) {
	d := newDesk(t)
	d.ok(d.write(firm, "p1", said))
	if d.c.State.State != Reviewing || d.public() != "" {
		t.Fatal(d.c.State.State, d.public())
	}
	d.ok(d.sign(officer, policy.MoveAgree), d.sign(chief, policy.MoveReturn))
	if d.c.State.State != SentBack || d.c.State.Reason != "请写明依据" || d.public() != "" {
		t.Fatalf("%+v", d.c.State)
	}
	d.ok(d.step(firm, StepRewrite, said+"验收报告在物业服务中心。"), d.sign(officer, policy.MoveAgree), d.sign(chief, policy.MoveAgree))
	if d.public() != "" {
		t.Fatal("shown before the last level")
	}
	d.ok(d.sign(deputy, policy.MoveAgree))
	if want := "一盏灯物业：" + said + "验收报告在物业服务中心。"; d.public() != want || d.c.State.State != Public || d.c.State.Shown != day("2026-04-01") {
		t.Errorf("%q in %s", d.public(), d.c.State.State)
	}
	if other, err := d.Shown(t.Context(), "2024", "p1"); other != nil || err != nil {
		t.Errorf("said of another year: %+v %v", other, err)
	}
	d.ok(d.step(officer, StepHide, "内容已经过时"))
	if d.public() != "" || d.c.State.State != Hidden || d.c.State.Reason != "内容已经过时" {
		t.Errorf("%+v", d.c.State)
	}
	d.ok(d.step(firm, StepRewrite, said))
	if d.c.State.State != Reviewing || d.c.State.Approval.Level != 0 || len(d.c.State.Approval.Decisions) != 0 {
		t.Errorf("not reviewed from the beginning: %+v", d.c.State.Approval)
	}
	d.ok(d.step(firm, StepWithdraw, ""), d.step(firm, StepRewrite, said), d.sign(officer, policy.MoveRefuse))
	if d.c.State.State != Refused || d.public() != "" {
		t.Errorf("%+v", d.c.State)
	}
}

// TestRefusals: what is not allowed writes nothing and says why.
func TestRefusals(t *testing.T) {
	d := newDesk(t)
	refused := func(name string, call func() error, kind fault.Kind, words string) {
		t.Helper()
		d.Refused(name, kind, call, words)
	}
	refused("a project manager", d.write(manager, "p1", said), fault.Forbidden, "")
	refused("the bureau", d.write(officer, "p1", said), fault.Forbidden, "")
	refused("another firm", d.write(rival, "p1", said), fault.NotFound, "")
	refused("no star", d.write(firm, "p3", said), fault.NotFound, "")
	refused("no firm then", d.write(firm, "p2", said), fault.Conflict, "没有物业企业")
	refused("too short", d.write(firm, "p1", "谢谢"), fault.Invalid, "说明")
	refused("too long", d.write(firm, "p1", strings.Repeat("好", MaxWords+1)), fault.Invalid, "说明")
	refused("a phone", d.write(firm, "p1", said+"联系 13812345678"), fault.Invalid, "电话")
	d.ok(d.write(firm, "p1", said))
	refused("a second one", d.write(firm, "p1", said), fault.Conflict, "已经有一份")
	refused("the firm signs", d.sign(firm, policy.MoveAgree), fault.Forbidden, "")
	refused("the last level first", d.sign(deputy, policy.MoveAgree), fault.Forbidden, "")
	refused("hidden before it is shown", d.step(officer, StepHide, "内容不实"), fault.Conflict, "")
	refused("rewritten under review", d.step(firm, StepRewrite, said), fault.Conflict, "")
	refused("another firm takes it back", d.step(rival, StepWithdraw, ""), fault.NotFound, "")
	refused("a signature as a step", d.step(officer, StepApprove, ""), fault.Conflict, "")
	d.ok(d.sign(officer, policy.MoveAgree))
	refused("one person twice", d.sign(officer, policy.MoveAgree), fault.Forbidden, "")
	d.ok(d.sign(chief, policy.MoveAgree), d.sign(deputy, policy.MoveAgree))
	refused("taken down without a reason", d.step(officer, StepHide, ""), fault.Invalid, "理由")
	refused("taken down by the firm", d.step(firm, StepHide, "内容不实"), fault.Forbidden, "")
	if !d.Can(t.Context(), officer, &d.c.State, StepHide) || d.Can(t.Context(), firm, &d.c.State, StepHide) || !d.Can(t.Context(), firm, &d.c.State, StepWithdraw) || d.Can(t.Context(), firm, &d.c.State, StepRewrite) {
		t.Error("what can be done does not fit the state")
	}
	list := func(by policy.Actor, w casework.Filter, due bool) int {
		t.Helper()
		return len(must[store.Page[Response]](t)(d.List(t.Context(), by, w, due, "")).Docs)
	}
	if list(officer, casework.Filter{Text: "电梯", State: string(Public)}, false) != 1 || list(officer, casework.Filter{}, true) != 0 || list(rival, casework.Filter{}, false) != 0 || list(manager, casework.Filter{Text: "一盏灯"}, false) != 1 {
		t.Error("the lists do not fit")
	}
}

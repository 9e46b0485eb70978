package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"redsteward/policy"
	"redsteward/registry"
)

// newBureau answers what a bureau has.
type newBureau struct {
	begun registry.Begun
	staff map[policy.Action][]string
	kinds []registry.Choice
}

func (b newBureau) Begun(context.Context, policy.Actor) (registry.Begun, error) { return b.begun, nil }

func (b newBureau) MayImport(policy.Actor) []registry.Choice { return b.kinds }

func (b newBureau) Staffed(context.Context, policy.Actor, []policy.Action) (map[policy.Action][]string, error) {
	return b.staff, nil
}

// TestStartTasks: each line is there while what it asks for is missing, for those who can bring it.
func TestStartTasks(t *testing.T) {
	all, fewer := registry.ImportKinds(), registry.ImportKinds()[1:]
	if registry.ImportKind(all[0].ID) != registry.ImportDivisions {
		t.Fatalf("the first kind is %s", all[0].ID)
	}
	staffed := func(change func(map[policy.Action][]string)) map[policy.Action][]string {
		m := map[policy.Action][]string{policy.ReloadRules: {"s"}, policy.SignCheckpoint: {"a"}, policy.RunEvaluation: {"o", "c"}, policy.PublishEvaluation: {"c"},
			policy.AcceptEvidence: {"w"}, policy.DoVisit: {"i", "o"}, policy.ConfirmPartyFact: {"x", "y", "z"}, policy.SubmitEvidence: {"f"}}
		change(m)
		return m
	}
	nothing := func(map[policy.Action][]string) {}
	whole := registry.Begun{Communities: true, Firms: true, Projects: true, Contracts: true}
	for _, c := range []struct {
		name string
		role policy.Role
		has  newBureau
		want string
	}{
		{"the first day", "administrator", newBureau{kinds: all}, "载入行政区划：还没有一个社区|" +
			"开设账号并任命：安全管理员、安全审计员|开设账号并任命：物业管理股经办人、公布结果的股长或者局领导、初审材料的社区工作者、走访打分的检查员（两人）、逐级确认党建事实的三级党组织人员|导入登记：物业服务企业、小区、物业服务合同"},
		{"divisions are there", "administrator", newBureau{begun: registry.Begun{Communities: true}, staff: staffed(nothing), kinds: all}, "导入登记：物业服务企业、小区、物业服务合同"},
		{"firms have nobody", "administrator", newBureau{begun: whole, staff: staffed(func(m map[policy.Action][]string) { delete(m, policy.SubmitEvidence) }), kinds: all}, "开设账号并任命：物业企业负责人"},
		{"contracts are missing", "administrator", newBureau{begun: registry.Begun{Communities: true, Firms: true, Projects: true}, staff: staffed(nothing), kinds: all}, "导入登记：物业服务合同"},
		{"one for two", "administrator", newBureau{begun: whole, staff: staffed(func(m map[policy.Action][]string) { m[policy.RunEvaluation] = []string{"c"} }), kinds: all}, "开设账号并任命：公布结果的第二人"},
		{"one inspector", "administrator", newBureau{begun: whole, staff: staffed(func(m map[policy.Action][]string) { m[policy.DoVisit] = []string{"i"} }), kinds: all}, "开设账号并任命：走访打分的检查员（两人）"},
		{"all is there", "administrator", newBureau{begun: whole, staff: staffed(nothing), kinds: all}, ""},
		{"an officer", "property_officer", newBureau{kinds: fewer}, "导入登记：物业服务企业、小区、物业服务合同"},
		{"somebody else", "inspector", newBureau{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			by := policy.Actor{ID: "me", Appointments: []policy.Appointment{{Role: c.role, Scopes: []string{policy.County}}}}
			tasks, err := StartTasks{Guard: options(t).Guard, People: c.has, Register: c.has}.Tasks(t.Context(), by, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			s := &Server{clocks: policy.Clocks{Business: func() time.Time { return day(t, "2026-10-19").Begins() }}}
			var titles []string
			for _, section := range s.todoView(tasks).Sections {
				for _, row := range section.Rows {
					titles = append(titles, row.Title)
				}
			}
			if got := strings.Join(titles, "|"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

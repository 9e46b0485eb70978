package policy_test

import (
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/policy/policytest"
)

// TestModules: all shipped modules are on and name their office; every mistake of an own file is told at its place.
func TestModules(t *testing.T) {
	shipped, err := policytest.Modules()
	if err != nil {
		t.Fatal(err)
	}
	if len(shipped.All()) != len(policy.ModuleIDs()) || shipped.SomeOff() {
		t.Errorf("%+v", shipped.All())
	}
	for _, id := range policy.ModuleIDs() {
		if m, ok := shipped.Of(id); !ok || m.Name == "" || m.Office == "" || !shipped.On(id) {
			t.Errorf("%s: %+v", id, m)
		}
	}
	var none *policy.Modules
	if none.SomeOff() || !none.On(policy.ModuleWish) {
		t.Error("without modules nothing is off")
	}
	text := string(policytest.Config(t, "modules.yaml"))
	for _, tt := range []struct{ name, old, new, want string }{
		{"switched off", "{id: wish, name: 微心愿, office: organisation}", "{id: wish, name: 微心愿, office: organisation, off: 由县文明办平台办理}", ""},
		{"unknown module", "{id: wish,", "{id: wishes,", "没有代码为 wishes 的模块，只能是 filing、change"},
		{"left out", "{id: wish,", "{id: wishes,", "缺少模块 wish；"},
		{"twice", "{id: wish,", "{id: matter,", "模块 matter 写了两次"},
		{"unknown office", "name: 微心愿, office: organisation", "name: 微心愿, office: youth", "主管单位 youth 没有写在 offices 里"},
		{"no office", "name: 微心愿, office: organisation", "name: 微心愿", "office"},
		{"office twice", "{id: housing, name: 县住房和城乡建设局}", "{id: organisation, name: 县住房和城乡建设局}", "单位 organisation 写了两次"},
		{"long name", "name: 微心愿,", "name: " + strings.Repeat("微", 21) + ",", "模块名称最多 20 字，现在是 21 字"},
		{"a reason of spaces", "name: 微心愿,", "name: 微心愿, off: ' ',", "停用的原因前后有空格"},
		{"a key that is none", "name: 微心愿,", "name: 微心愿, on: true,", "on"},
		{"nothing", text, "", "modules"},
	} {
		if !strings.Contains(text, tt.old) {
			t.Fatal(tt.name)
		}
		m, err := policy.ParseModules("own.yaml", []byte(strings.Replace(text, tt.old, tt.new, 1)))
		if tt.want == "" {
			if off, _ := m.Of(policy.ModuleWish); err != nil || off.Off == "" || m.On(policy.ModuleWish) || !m.On(policy.ModuleMatter) || !m.SomeOff() {
				t.Errorf("%s: %+v %v", tt.name, off, err)
			}
			continue
		}
		var said []string
		for _, f := range fault.FieldsOf(err) {
			said = append(said, f.Name+" "+f.Message)
		}
		if all := strings.Join(said, "\n"); !fault.Is(err, fault.Invalid) || !strings.Contains(all, tt.want) || !strings.HasPrefix(all, "own.yaml:") {
			t.Errorf("%s: %v\n%s", tt.name, err, all)
		}
	}
}

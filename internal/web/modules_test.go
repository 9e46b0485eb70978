package web

import (
	"slices"
	"strings"
	"testing"

	"redsteward/policy"
	"redsteward/policy/policytest"
)

// withoutWishes are the shipped modules, with wishes switched off.
func withoutWishes(t *testing.T) *policy.Modules {
	t.Helper()
	text := string(policytest.Config(t, "modules.yaml"))
	m, err := policy.ParseModules("modules.yaml", []byte(strings.Replace(text, "name: 微心愿,", "name: 微心愿, off: 由志愿服务平台办理,", 1)))
	if err != nil || !m.SomeOff() {
		t.Fatal(m, err)
	}
	return m
}

// TestModuleOf: no address is claimed twice, what begins alike is another's, and what nobody claimed is told.
func TestModuleOf(t *testing.T) {
	seen := map[string]bool{}
	for id, paths := range modulePaths {
		if !slices.Contains(policy.ModuleIDs(), id) {
			t.Errorf("no module %s", id)
		}
		for _, path := range paths {
			if seen[path] || slices.Contains(corePaths, path) {
				t.Errorf("%s is claimed twice", path)
			}
			seen[path] = true
		}
	}
	for _, id := range policy.ModuleIDs() {
		if len(modulePaths[id]) == 0 {
			t.Errorf("%s has no page", id)
		}
	}
	for path, want := range map[string]string{"/wish": "wish", "/wishes": "wish", "/needs/:id<maxLen(64)>/photos/:n<int>": "wish", "/needs.xlsx": "wish", "/survey": "survey", "/surveys/x": "survey", "/inspection": "inspection",
		"/register/bodies/new": "bodies", "/register/risk.xlsx": "change", "/register/projects": "", "/": "", "/fund/claims/:id": "fund", "/favicon.ico": "", "/admin/modules": ""} {
		if got, known := ModuleOf(path); string(got) != want || !known {
			t.Errorf("%s: %q %v, want %q", path, got, known, want)
		}
	}
	for _, path := range []string{"/wished", "/nowhere", "/registers", ""} {
		if got, known := ModuleOf(path); known {
			t.Errorf("%q belongs to %q", path, got)
		}
	}
	for _, r := range newServer(t, nil).Routes() {
		if _, known := ModuleOf(r.Path); !known {
			t.Errorf("%s belongs to no module and not to the core", r.Path)
		}
	}
}

// TestHideOff: what leads to a module that is switched off is no link, no button, no form and no line of the to-do page; all else stays as it was.
func TestHideOff(t *testing.T) {
	s := &Server{modules: withoutWishes(t)}
	for in, want := range map[string]string{
		`<p>见<a class="nm" href="/needs/1?x=1"><b>扶手</b> &amp; 灯</a>。</p>`:                                           `<p>见<b>扶手</b> &amp; 灯。</p>`,
		`<a class="btn p" href="/needs/new">提<i>出</i></a><a href="/matters">事项</a>`:                                  `<a href="/matters">事项</a>`,
		`<form action="/needs/1/take" method="post"><input name="a"><a href="/x">y</a></form><br/>`:                  `<br/>`,
		`<form action="/matters/1/close" method="post"><input name="a" value="/needs"></form>`:                       `<form action="/matters/1/close" method="post"><input name="a" value="/needs"></form>`,
		`<a href="https://example.cn/needs">别处</a><a href="#needs">这里</a><script>let a="<a href='/needs'>"</script>`: `<a href="https://example.cn/needs">别处</a><a href="#needs">这里</a><script>let a="<a href='/needs'>"</script>`,
	} {
		if got := string(s.hideOff([]byte(in))); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", in, got, want)
		}
	}
	left := s.withoutOff([]Task{{Title: "a", Link: "/needs/1", Nav: needsPath}, {Title: "b", Link: "/matters/1", Nav: mattersPath}, {Title: "c", Link: projectsPath + "/1"}, {Title: "d", Link: "/todo", Nav: needsPath}})
	if len(left) != 2 || left[0].Title != "b" || left[1].Title != "c" {
		t.Errorf("%+v", left)
	}
	for _, path := range []string{needsPath, shiningPath, "/needs?q=x", "/needs/1#step"} {
		if !s.off(path) {
			t.Errorf("%s is on", path)
		}
	}
	if s.serves(shiningPath) || s.off(mattersPath) || (&Server{}).off(needsPath) {
		t.Error("what is on is off, or the other way round")
	}
}

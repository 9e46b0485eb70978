package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/web"
	"redsteward/policy"
)

// side is a township with one community, one firm and one project; all names of a side hold its mark.
type side struct {
	mark                       string
	township, community        string
	firm, project, projectName string
	people                     map[policy.Role]policy.Actor
}

// todoPassword is that of everybody.
const todoPassword = "Chuntian-2026"

// twoSides is a bureau with two such townships and the real pages. Everybody of a side has that side as scope, bureau people too.
type twoSides struct {
	*service
	t       *testing.T
	clock   *movedClock
	address string
	ours    *side
	theirs  *side
	// officer, chief and admin act for the whole county.
	officer, chief, admin policy.Actor
	// open is what stands on the to-do pages of our side.
	open map[policy.Role][]openTask
	// had tells who had work when the pages were looked at before.
	had map[policy.Role]bool
}

// openTask is a line that a to-do page must have; n is how many pieces it counts for, 0 for one that waits for somebody else.
type openTask struct {
	title string
	n     int
}

// doors lets people in by their role: signing in is tested elsewhere and costs a second each under the race detector.
type doors struct {
	web.People
	of map[policy.Role]policy.Actor
}

// Resolve implements web.People.
func (d doors) Resolve(_ context.Context, token string) (policy.Actor, error) {
	by, ok := d.of[policy.Role(token)]
	if !ok {
		return by, fault.New("doors.Resolve", fault.Unauthenticated, "请登录")
	}
	return by, nil
}

// servedFor serves the pages of a bureau to some people, each by his role, and returns the address.
func servedFor(t testing.TB, s *service, people map[policy.Role]policy.Actor) string {
	t.Helper()
	options, err := s.webOptions(t.Context(), "", "小区")
	if err != nil {
		t.Fatal(err)
	}
	options.People = doors{s.accounts, people}
	server, err := web.New(options)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range server.Routes() {
		if _, known := web.ModuleOf(r.Path); !known {
			t.Errorf("%s belongs to no module and not to what no installation can do without", r.Path)
		}
	}
	address, stop := serving(t, server)
	t.Cleanup(stop)
	return address
}

// serving lets a server answer until it is stopped.
func serving(t testing.TB, server *web.Server) (address string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, l, nil) }()
	return "http://" + l.Addr().String(), func() {
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// askAs opens a page as somebody whom doors knows.
func askAs(t testing.TB, role policy.Role, address string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "rs_session", Value: string(role)})
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// schemeAskingTwice is the shipped quarter of a bureau that wants to be shown the tasks too: a quarter that asks for one piece of proof alone would not tell a firm's work piece by piece.
func schemeAskingTwice(t *testing.T) string {
	t.Helper()
	data, err := configs.Files.ReadFile("schemes/five-goods-quarter.yaml")
	if err != nil {
		t.Fatal(err)
	}
	head, fact, found := strings.Cut(string(data), "  - id: community_tasks\n")
	fact = strings.Replace(fact, "otherwise: observation", "otherwise: evidence\n    upload: 1", 1)
	name := filepath.Join(t.TempDir(), "quarter.yaml")
	if err := os.WriteFile(name, []byte(head+"  - id: community_tasks\n"+fact), 0o600); err != nil || !found {
		t.Fatal(found, err)
	}
	return name
}

func openTwoSides(t *testing.T) *twoSides {
	t.Helper()
	settings, err := loadConfig("", nil, []string{"store.uri=" + filepath.Join(t.TempDir(), "data"), "log.level=warn", "files.scheme_quarter=" + schemeAskingTwice(t)})
	if err != nil {
		t.Fatal(err)
	}
	settings.Files.Checklists = sheetsWithoutDraw(t)
	w := &twoSides{t: t, clock: &movedClock{now: hour(calendar.Quarter{Year: 2026, N: 4}.Span().First.Add(10), 9)}, open: map[policy.Role][]openTask{}, had: map[policy.Role]bool{}}
	p := &program{ctx: t.Context(), out: os.Stderr, errOut: os.Stderr, now: time.Now}
	if w.service, err = openServiceAs(p, settings, opening{relaxed: true, business: w.clock.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.must(w.close()) })
	w.must(w.seedDivisions(t.Context()))
	w.must(w.accounts.Setup(t.Context(), w.accounts.SetupToken(), "admin", "刘建华", todoPassword))
	w.admin, err = w.accounts.ActorOf(t.Context(), "admin")
	w.must(err)
	county := []string{policy.County}
	bureau := w.hire([]policy.Newcomer{{Login: "o1", Name: "周望平", Appointment: policy.Appointment{Role: "property_officer", Scopes: county}},
		{Login: "c1", Name: "林知秀", Appointment: policy.Appointment{Role: "section_chief", Scopes: county}}})
	w.officer, w.chief = bureau[0], bureau[1]
	plan, err := planCounty(countySeed, smallCounty())
	w.must(err)
	_, err = w.cycle.Plan(t.Context(), w.officer, "2026Q4", day(t, "2026-12-31"), day(t, "2027-01-08"))
	w.must(err)
	_, err = w.cycle.Open(t.Context(), w.officer, "2026Q4")
	w.must(err)
	w.ours = w.found(plan, 0, side{mark: "甲字", township: "360428100000", community: "360428100009"})
	w.theirs = w.found(plan, 1, side{mark: "乙字", township: "360428101000", community: "360428101001"})
	w.address = servedFor(t, w.service, w.ours.people)
	return w
}

// sheetsWithoutDraw are the shipped sheets, of which none draws a visit for a second scoring: the draw is by an id that nobody knows before, and what is open must be known.
func sheetsWithoutDraw(t *testing.T) (names []string) {
	t.Helper()
	dir, drawing := t.TempDir(), 0
	shipped, err := fs.Glob(configs.Files, "checklists/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range shipped {
		data, err := configs.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if still := bytes.ReplaceAll(data, []byte("\noverlap: 10\n"), []byte("\noverlap: 0\n")); !bytes.Equal(still, data) {
			data = still
			drawing++
		}
		names = append(names, filepath.Join(dir, filepath.Base(name)))
		if err := os.WriteFile(names[len(names)-1], data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if drawing == 0 {
		t.Fatal("no shipped sheet draws visits any more")
	}
	return names
}

func day(t *testing.T, text string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *twoSides) must(errs ...error) {
	w.t.Helper()
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

// hire opens accounts and returns who they are.
func (w *twoSides) hire(list []policy.Newcomer) []policy.Actor {
	w.t.Helper()
	ids, err := w.accounts.CreateShared(w.t.Context(), w.admin, todoPassword, list)
	w.must(err)
	actors := make([]policy.Actor, len(ids))
	for i, id := range ids {
		actors[i], err = w.accounts.Person(w.t.Context(), id)
		w.must(err)
	}
	return actors
}

// found registers a side and opens an account for every role that can be granted.
func (w *twoSides) found(plan *countyPlan, n int, s side) *side {
	w.t.Helper()
	ctx := w.t.Context()
	firm, project, contract := plan.firms[n].input, plan.projects[n].input, plan.projects[n].contract
	s.projectName = s.mark + "花园"
	firm.Name, project.Name, project.Community, project.Grids = s.mark+"物业服务有限公司", s.projectName, s.community, nil
	var err error
	s.firm, err = w.register.CreateFirm(ctx, w.officer, firm)
	w.must(err)
	s.project, err = w.register.CreateProject(ctx, w.officer, project)
	w.must(err)
	contract.Firm, contract.Days = s.firm, policy.Span{From: day(w.t, "2025-01-01"), Until: day(w.t, "2026-12-31")}
	w.must(w.register.AddContract(ctx, w.officer, s.project, 1, contract))
	var list []policy.Newcomer
	for _, info := range w.guard.Rules().Roles() {
		if info.Grant == policy.GrantNone {
			continue
		}
		ap := policy.Appointment{Role: info.Role, Scopes: []string{policy.TownshipKey(s.township)}}
		switch info.Role {
		case "firm_manager", "party_instructor":
			ap.Unit, ap.Scopes = policy.FirmKey(s.firm), []string{policy.FirmKey(s.firm)}
		case "project_manager":
			ap.Unit, ap.Scopes = policy.FirmKey(s.firm), []string{policy.ProjectKey(s.project)}
		case "community_worker", "community_secretary", "grid_worker", "building_head":
			ap.Scopes = []string{policy.CommunityKey(s.community)}
		case "owners_committee", "owner", "developer":
			ap.Scopes = []string{policy.ProjectKey(s.project)}
		}
		if info.Grant == policy.GrantOrder {
			today := calendar.DateOf(w.clock.Now())
			ap.Order, ap.Days, ap.Access = "调阅单1号", policy.Span{From: today, Until: today.Add(info.Longest - 1)}, &policy.AccessOrder{Reason: "核对全部工作", FirstYear: 2020, LastYear: 2028}
			for _, m := range w.service.guard.Rules().Matters(info.Role) {
				ap.Access.Matters = append(ap.Access.Matters, m.Resource)
			}
		}
		list = append(list, policy.Newcomer{Login: fmt.Sprintf("%s-%d", strings.ReplaceAll(string(info.Role), "_", "-"), n), Name: "何书兰", Appointment: ap})
	}
	s.people = map[policy.Role]policy.Actor{}
	for i, by := range w.hire(list) {
		s.people[list[i].Appointment.Role] = by
	}
	return &s
}

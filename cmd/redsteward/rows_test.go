//go:build !race

package main

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
)

// watched is the engine of the county, which learns the kinds and their indexes, and once it is shut counts what would be written and writes nothing.
type watched struct {
	store.Engine
	mu    sync.Mutex
	kinds map[string][]string
	shut  atomic.Bool
	wrote atomic.Int64
}

var errShut = fault.New("rows", fault.Unavailable, "")

func (w *watched) refuses() bool {
	if w.shut.Load() {
		w.wrote.Add(1)
		return true
	}
	return false
}

func (w *watched) Declare(ctx context.Context, kind string, indexes []string) error {
	w.mu.Lock()
	w.kinds[kind] = indexes
	w.mu.Unlock()
	return w.Engine.Declare(ctx, kind, indexes)
}

func (w *watched) Commit(ctx context.Context, c *store.Commit) (int64, error) {
	if w.refuses() {
		return 0, errShut
	}
	return w.Engine.Commit(ctx, c)
}

func (w *watched) PutEphemeral(ctx context.Context, e store.Ephemeral, rev int64) (int64, error) {
	if w.refuses() {
		return 0, errShut
	}
	return w.Engine.PutEphemeral(ctx, e, rev)
}

func (w *watched) SetValue(ctx context.Context, name string, value []byte) error {
	if w.refuses() {
		return errShut
	}
	return w.Engine.SetValue(ctx, name, value)
}

func (w *watched) CreateBlob(ctx context.Context) (store.BlobWriter, error) {
	if w.refuses() {
		return nil, errShut
	}
	return w.Engine.CreateBlob(ctx)
}

// row is a document of the county with the scope keys under which it is listed.
type row struct {
	kind, id string
	keys     []string
}

// listing are rows as they are called here: of which kind, what stands before a scope key in its lists, and around the id of a document in the id of a row.
type listing struct{ called, kind, prefix, before, after string }

// listings are all kinds under their scope keys, and those that are listed by something else first: the rows of each book, and bookings of the day on which there is one.
func listings(w *watched, books *registry.BookSet, booked string) []listing {
	var out []listing
	for _, kind := range slices.Sorted(maps.Keys(w.kinds)) {
		out = append(out, listing{called: kind, kind: kind})
	}
	for _, b := range books.All() {
		l := listing{called: "entry", kind: "entry", prefix: b.ID + "/on/", before: b.ID + "/"}
		if b.ID == registry.BookSupplies || b.ID == registry.BookPapers {
			l.called, l.before = b.ID, ""
		}
		out = append(out, l)
	}
	return append(out, listing{called: "booking", kind: "bookings", prefix: booked + "/", after: "/1"})
}

// rowsOf lists for each kind up to some rows with their scope keys, those with the most first.
func rowsOf(t *testing.T, w *watched, lists []listing, scopes []string) map[string][]row {
	t.Helper()
	out := map[string][]row{}
	for _, l := range lists {
		keys, order := map[string][]string{}, []string{}
		for _, index := range w.kinds[l.kind] {
			for _, key := range scopes {
				found, err := w.List(t.Context(), store.ListQuery{Kind: l.kind, Index: index, Key: l.prefix + key, Limit: 200})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range found {
					_, id, err := journal.ParseStreamKey(r.Stream)
					if err != nil {
						t.Fatal(err)
					}
					if keys[id] == nil {
						order = append(order, id)
					}
					if !slices.Contains(keys[id], key) {
						keys[id] = append(keys[id], key)
					}
				}
			}
		}
		for _, id := range order {
			out[l.called] = append(out[l.called], row{l.called, l.before + id + l.after, keys[id]})
		}
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b row) int { return len(b.keys) - len(a.keys) })
	}
	return out
}

// placed are the beginnings of the routes about an object that lies somewhere, and its kind. The longest one decides.
var placed = map[string]string{
	"/applications/:id": "star-application", "/changes/:id": "change", "/coach/:project": "project", "/collections/sheets/:id": "collection-sheet", "/credit/:id": "conduct-credit",
	"/deliberation/:id": "deliberation-item", "/deliberation/meetings/:id": "deliberation-meeting", "/filings/:id": "filing", "/fund/:project": "fund", "/fund/dunnings/:id": "fund-dunning",
	"/fund/refunds/:id": "fund-refund", "/handovers/:handover": "handover", "/handovers/:id": "handover", "/honours/:id": "conduct-honour", "/inspections/:id": "inspection", "/marks/:id": "conduct-mark",
	"/matters/:id": "matter", "/matters/feedback/:id": "matter-feedback", "/members/:id": "member", "/models/:id": "model", "/needs/:id": "wish", "/objections/:id": "objection", "/observations/:id": "observation",
	"/party/sheets/:firm/:community/:quarter": "party-sheet", "/proof/:id": "proof", "/rectifications/:id": "rectification", "/register/bodies/:id": "owners-body", "/register/developers/:id": "developer",
	"/register/firms/:id": "firm", "/register/projects/:id": "project", "/remarks/:id": "remark", "/repairs/:id": "repair", "/repairs/calls/:id": "repair-sample", "/responses/:id": "response", "/returns/one/:id": "return",
	"/books/:book/:id": "entry", "/papers/:id": "papers", "/supplies/:id": "supplies", "/coach-tasks/:id": "coach-task", "/collections/plans/:id": "collection-plan", "/points/:id": "points-entry", "/stations/bookings/:entry/:day/:no": "booking", "/collections/:id": "collection-task", "/notices/sent/:id": "notice", "/fund/claims/:id": "fund-claim", "/standings/:id": "star-decision",
	"/reviews/audit/:id": "proof", "/reviews/bureau/:id": "proof", "/reviews/community/:id": "proof", "/reviews/objections/:id": "proof", "/surveys/:id": "survey", "/vetoes/:id": "veto", "/visits/:id": "visit",
}

// never says of a kind at which levels nobody has a row of it, and why: whoever sits there and has the right is tried with those of others only.
var never = map[string]struct{ levels, why string }{
	"change":          {"d:", "a developer sees no row about a firm's service"},
	"collection-task": {"c: f: d:", "a task is its sender's, who is asked has his sheet"},
	"developer":       {"t: c: f: p:", "a developer is its own row; elsewhere it is named by its projects"},
	"firm":            {"t: c: d: p:", "a firm is its own row; elsewhere it is named by the projects that it serves"},
	"matter-feedback": {"c:", "feedback goes to townships and departments"},
	"owners-body":     {"d:", "a developer sees itself and what it built"},
	"supplies":        {"p:", "what is offered is offered to a community"},
}

// nowhere are the beginnings of the routes about objects that lie in no rows, and why whoever has the right may ask for each of them.
var nowhere = map[string]string{
	"/account/phrases/:id":        "one's own account",
	"/account/views/:id":          "one's own account",
	"/boards/:chart":              "a chart over one's own rows",
	"/books/:book":                "a book, not a row",
	"/books/:book/imports/:id":    anImport,
	"/books/:book/imports/marked": anImport,
	"/collections/marked":         anImport,
	"/fund/bank/lines/:line":      countyOnly,
	"/fund/bank/months/:month":    countyOnly,
	"/matters/orders":             anImport,
	"/notices/:id":                "one's own copy",
	"/matters/platforms/:source":  "a platform, not a row",
	"/observations/imports":       anImport,
	"/party/sheets/imports":       anImport,
	"/periods/:id":                narrowed,
	"/proofs/:period":             narrowed,
	"/records/:kind/:id":          "asks what the page of the document asks (TestFundPages, TestPeriodsThroughPages)",
	"/register/divisions/:id":     "divisions are public",
	"/repairs/imports":            anImport,
	"/returns/forms/:form":        "a form, not a row",
	"/schemes/:id":                "a scheme is the whole county's",
	"/scores/:period":             narrowed,
	"/sent/:id":                   ownOnly,
	"/sent/desk/:id":              "a paper that waits at the office of the county",
	"/sent/seals/:id":             ownOnly,
	"/stars/:id":                  narrowed,
	"/supplies/imports":           anImport,
}

// Why an object lies in no rows.
const (
	anImport   = "an import is seen by who made it"
	narrowed   = "of everybody, its rows are narrowed inside"
	ownOnly    = "who reaches less than the county has what his own office entered"
	countyOnly = "refused inside to whoever reaches less than the county"
)

// levels are the roles whose rows are less than the county, and of what level they are.
var levels = map[policy.Role]string{
	"dispatcher": "t:", "township_party": "t:", "community_secretary": "c:", "community_worker": "c:", "grid_worker": "c:", "building_head": "c:", "firm_manager": "f:", "project_manager": "f:", "party_instructor": "f:",
	"developer": "d:", "owners_committee": "p:", "owner": "p:", "cobuilder": "c:",
}

// before are the routes that refuse for another reason before they look at the row, and with what: they look at no row for this role, or at what was typed first.
var before = map[string]int{
	"POST /deliberation/:id/:step":     http.StatusForbidden,
	"GET /collections/:id/phones.xlsx": http.StatusForbidden, // a developer may not read tasks at all
	"POST /needs/:id/prove":            http.StatusForbidden,
	"POST /needs/:id/:step":            http.StatusForbidden, // which step depends on the wish
	"GET /surveys/:id/list":            http.StatusForbidden,
	"POST /fund/claims/:id/repaired":   http.StatusForbidden, // a developer reads claims and confirms none
	"POST /reviews/community/:id":      http.StatusUnprocessableEntity,
}

// narrowRoles are the roles that have the right of a route and rows less than the county.
func narrowRoles(rules *policy.Rules, r web.Route) []policy.Role {
	var out []policy.Role
	for _, info := range rules.Roles() {
		by := policy.Actor{ID: "x", Appointments: []policy.Appointment{{Role: info.Role}}}
		if levels[info.Role] != "" && (rules.Allow(by, r.Action) || r.Or != "" && rules.Allow(by, r.Or)) {
			out = append(out, info.Role)
		}
	}
	return out
}

// rowOf says what decides about the object that the address of a route names: its kind, or why it lies in no rows; "" if the address names nothing or the route is open to
// everybody. It fails for an address of which nothing is known.
func rowOf(t *testing.T, rules *policy.Rules, r web.Route) string {
	t.Helper()
	path := plainPath(r.Path)
	if !strings.Contains(path, ":") || r.Plain || rules.Allow(policy.Actor{}, r.Action) {
		return ""
	}
	narrow := narrowRoles(rules, r)
	if len(narrow) == 0 {
		return " | whole county"
	}
	if kind, _ := longest(placed, path); kind != "" {
		return " | " + kind
	}
	why, _ := longest(nowhere, path)
	if why == "" {
		t.Errorf("%s %s names something and is open to %v, whose rows are less than the county: give its kind in placed, or in nowhere why it lies in no rows", r.Method, r.Path, narrow)
	}
	return " | " + why
}

// plainPath is a pattern without the conditions of its parameters.
func plainPath(path string) string {
	return pathParameter.ReplaceAllString(path, ":$1")
}

// longest is what a table says of the longest beginning of a path, and that beginning.
func longest(table map[string]string, path string) (said, begin string) {
	for b, k := range table {
		if rest, ok := strings.CutPrefix(path, b); ok && (rest == "" || rest[0] == '/' || rest[0] == '.') && len(b) > len(begin) {
			said, begin = k, b
		}
	}
	return said, begin
}

// asSeat answers for sessions whose token names a role, the unit and the rows.
type asSeat struct{ web.People }

func (asSeat) Resolve(_ context.Context, token string) (policy.Actor, error) {
	role, rest, _ := strings.Cut(token, "|")
	unit, scope, _ := strings.Cut(rest, "|")
	if role == "all" {
		by := policy.Actor{ID: "role-all"}
		for _, r := range strings.Split(rest, "|") {
			by.Appointments = append(by.Appointments, policy.Appointment{Role: policy.Role(r), Unit: policy.County, Scopes: []string{policy.County}})
		}
		return by, nil
	}
	return policy.Actor{ID: "role-" + strings.ReplaceAll(role, "_", "-"), Appointments: []policy.Appointment{{Role: policy.Role(role), Unit: unit, Scopes: []string{scope}}}}, nil
}

// testRows tries every route about an object as every role whose rows are less than the county: with an object of its own rows, and as a holder of the same office elsewhere.
// Elsewhere it answers as if there was no such object, and nothing would be written.
func testRows(t *testing.T, s *service, w *watched) {
	t.Helper()
	options, err := s.webOptions(t.Context(), "", "小区")
	if err != nil {
		t.Fatal(err)
	}
	options.People, options.Access, options.Log = asSeat{options.People}, nil, nil
	server, err := web.New(options)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener, nil) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	d := &doorman{base: "http://" + listener.Addr().String(), secret: options.Secret,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}

	testPublicPersons(ctx, t, s, server)
	testPublicRange(ctx, t, s, server)
	d.testLogNames(ctx, t, s)

	var scopes []string
	for kind, begins := range map[string][]string{"project": {"p:"}, "firm": {"f:"}, "developer": {"d:"}, "division": {"c:", "t:"}} {
		if err := w.Each(ctx, kind, "", 0, func(r store.Row) error {
			_, id, err := journal.ParseStreamKey(r.Stream)
			for _, b := range begins {
				scopes = append(scopes, b+id)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	rows := rowsOf(t, w, listings(w, s.books.Set(), makeRows(t, s, w)), scopes)
	w.shut.Store(true)
	defer w.shut.Store(false)

	rules := s.guard.Rules()
	var everything []string
	for _, info := range rules.Roles() {
		if info.Grant == policy.GrantNone {
			continue
		}
		if info.Duty == policy.DutyBusiness {
			everything = append(everything, string(info.Role))
		}
		level := ""
		if by, err := s.accounts.ActorOf(ctx, loginOf(info.Role, 0)); err == nil && len(by.Appointments) == 1 && len(by.Appointments[0].Scopes) == 1 && by.Appointments[0].Scopes[0] != policy.County {
			level = by.Appointments[0].Scopes[0][:2]
		}
		if level != "" && level != levels[info.Role] || level == "" && levels[info.Role] != "" {
			t.Errorf("the rows of %s are %q in the county, %q in the table", info.Role, level, levels[info.Role])
		}
	}
	all := "all|" + strings.Join(everything, "|")

	var tries []*rowTry
	known, pages := map[string]map[string]string{}, map[string]bool{}
	for _, r := range server.Routes() {
		path := plainPath(r.Path)
		kind, begin := longest(placed, path)
		if kind == "" || rules.Allow(policy.Actor{}, r.Action) {
			continue
		}
		page := r.Method == http.MethodGet && path == begin
		for _, role := range narrowRoles(rules, r) {
			level, some := levels[role], false
			for i, o := range rows[kind] {
				none := strings.Contains(never[kind].levels, level)
				if none && o.at(level) != "" {
					t.Errorf("%s %s lies at %s, although %s", kind, o.id, level, never[kind].why)
				}
				if o.at(level) == "" != none {
					continue
				}
				some = true
				address := d.addresses(ctx, t, known, server.Routes(), all, begin, o)[path]
				if address == "" {
					address = fillPath(begin, o.id) + pathOf(strings.TrimPrefix(path, begin))
				}
				own := rowTry{name: r.Method + " " + path, r: r, address: address, own: true}
				if !none {
					own.seat = o.seat(string(role), level)
				}
				other := own
				other.own, other.seat = false, elsewhere(string(role), level, o, scopes)
				if tries = append(tries, &other); none {
					break
				}
				if tries = append(tries, &own); page {
					pages[own.name] = pages[own.name] || false
				}
				if !page || i > 8 { // what its holder may see depends on how far it is: of some objects one is open
					break
				}
			}
			if !some {
				t.Errorf("%s %s as %s: of %d rows (%s) none is at %s: give the county one, or say in never why nobody has one there", r.Method, path, role, len(rows[kind]), kind, level)
			}
		}
	}
	wrote := w.wrote.Load()
	var group errgroup.Group
	group.SetLimit(4)
	for _, try := range tries {
		if !try.own {
			group.Go(func() error { return d.knock(ctx, try) })
		}
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if n := w.wrote.Load() - wrote; n != 0 {
		t.Errorf("the tries from elsewhere would have written %d times", n)
	}
	for _, try := range tries {
		if try.own {
			group.Go(func() error { return d.knock(ctx, try) })
		}
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	own, opened := 0, 0
	for _, try := range tries {
		closed := try.status == http.StatusNotFound || try.status == http.StatusForbidden
		if try.own {
			if own++; !closed {
				opened++
			}
			if _, page := pages[try.name]; page && !closed {
				pages[try.name] = true
			}
			continue
		}
		if want := cmp.Or(before[try.name], http.StatusNotFound); try.status != http.StatusNotFound && try.status != want {
			t.Errorf("%s as %s: %d, want %d: it is not his", try.name, try.seat, try.status, want)
		}
	}
	for name, open := range pages {
		if !open {
			t.Errorf("%s opens to none of those whose row it is, so that its refusals prove nothing", name)
		}
	}
	t.Logf("%d tries with other rows, %d with one's own, of which %d opened; %d pages of objects", len(tries)-own, own, opened, len(pages))
	if own < 800 || opened*2 < own || len(pages) < 25 {
		t.Error("the walk is broken")
	}
}

// testPublicRange: everybody sees how firmly a star stands once an adopted document publishes that, and nothing of it before.
func testPublicRange(ctx context.Context, t *testing.T, s *service, server *web.Server) {
	t.Helper()
	file, err := ownOr(s.config.Files.Ranges, "ranges.yaml")
	if err != nil {
		t.Fatal(err)
	}
	adopted, err := cycle.ParseRangeRules("ranges.yaml", []byte(strings.Replace(string(file), `publish: ""`, `publish: "都建发〔2026〕12号"`, 1)))
	if err != nil || adopted.Published() == "" {
		t.Fatal(err, "nothing is published")
	}
	rules := s.cycle.RangeRules()
	internal := *rules
	open := func(path string) string {
		_, body, err := server.Outward(ctx, path, "")
		if err != nil {
			t.Fatal(path, err)
		}
		return string(body)
	}
	const heading = "敏感性区间"
	links := slices.Compact(regexp.MustCompile(`/stars/[A-Za-z0-9]+`).FindAllString(open("/"), -1))
	told := 0
	for _, path := range links[:min(4, len(links))] {
		before := open(path)
		*rules = *adopted
		after := open(path)
		*rules = internal
		if again := open(path); strings.Contains(before, heading) || strings.Contains(again, heading) {
			t.Errorf("%s tells everybody what is internal", path)
		}
		if !strings.Contains(after, heading) {
			continue // it has no total
		}
		if told++; !strings.Contains(after, "不是置信区间") || !strings.Contains(after, "总分 5%–95%") || strings.Contains(after, "内部</span>") || strings.Contains(after, "/ranges") {
			t.Errorf("%s tells everybody: %.3000s", path, after)
		}
	}
	if told == 0 {
		t.Errorf("none of %d stars says how firmly it stands", len(links))
	}
}

// phoneNumber is a mobile number that nothing masked.
var phoneNumber = regexp.MustCompile(`(?:^|[^0-9A-Za-z./_-])(1[3-9]\d{9})(?:[^0-9A-Za-z]|$)`)

// testPublicPersons opens what everybody may open, and what these pages lead to: no account's name and no phone stands on any of them, in whatever form it is given.
func testPublicPersons(ctx context.Context, t *testing.T, s *service, server *web.Server) {
	t.Helper()
	admin, err := s.accounts.ActorOf(ctx, demoAdmin)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for after := ""; ; {
		list, next, err := s.accounts.ListAccounts(ctx, admin, after)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			names[a.Name] = true
		}
		if after = next; after == "" {
			break
		}
	}
	queue := server.OutwardRoots()
	seen, opened := map[string]bool{}, 0
	begins := map[string]int{} // a few of each kind of page
	for len(queue) > 0 {
		address := queue[0]
		queue = queue[1:]
		path, _, _ := strings.Cut(address, "?")
		parts := strings.Split(path, "/")
		kind := parts[1]
		if len(parts) > 3 {
			kind += "/" + parts[len(parts)-1]
		}
		if begins[kind]++; seen[address] || begins[kind] > 6 || strings.Contains(path, "bundle") || strings.HasSuffix(path, "/verify") {
			continue
		}
		seen[address] = true
		_, body, err := server.Outward(ctx, address, "")
		if err != nil {
			continue
		}
		opened++
		text := string(body)
		if m := phoneNumber.FindStringSubmatch(text); m != nil {
			t.Errorf("%s shows the phone %s to everybody", address, m[1])
		}
		for name := range names {
			if strings.Contains(text, name) && parts[1] != "models" { // who is named there agreed to it
				t.Errorf("%s shows the name of an account to everybody", address)
			}
		}
		for _, m := range linkForm.FindAllStringSubmatch(text, -1) {
			queue = append(queue, html.UnescapeString(m[1]))
		}
	}
	if opened < 40 || len(names) < 40 {
		t.Errorf("only %d public pages and %d accounts: the walk is broken", opened, len(names))
	}
}

// opaque is the id of something and nothing else.
var opaque = regexp.MustCompile(`^[0-9a-f]{32}$`)

// unnamed are places of the log with an id that needs no name, and why.
var unnamed = map[string]string{
	"evaluation:id": "its own", "collection-sheet:rows[].id": "a row, the compound stands beside it", "collection-sheet:draft[].id": "a row, the compound stands beside it", "collection-sheet:to.id": "its name stands beside it",
	"collection-task:to[].id": "its name stands beside it", "repair-sample:seed": "what a draw began with", "facts:late[].record": "of whatever source",
}

// testLogNames goes through the whole log: every id that the auditor is shown has a kind, so that its name stands beside it; and on the pages of the first record of each kind it does.
func (d *doorman) testLogNames(ctx context.Context, t *testing.T, s *service) {
	t.Helper()
	last, err := s.db.Engine().LastN(ctx)
	if err != nil {
		t.Fatal(err)
	}
	first, told, shown, rules := map[string]int64{}, map[string]bool{}, 0, 0
	for n := int64(1); n <= last; n++ {
		v, err := s.db.ChangeOf(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		first[v.Kind] = cmp.Or(first[v.Kind], n)
		for _, f := range v.Fields {
			place := v.Kind + ":" + listed.ReplaceAllString(f.Path, "[]")
			if id := cmp.Or(f.After, f.Before); opaque.MatchString(id) && !web.Named(v.Kind, f.Path) && unnamed[place] == "" && !told[place] {
				told[place] = true
				t.Errorf("record %d of the log shows %s as %s: say in internal/web/fields.csv what it names, or in unnamed why it needs no name", n, place, id)
			}
		}
	}
	for kind, n := range first {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/admin/log/%d", d.base, n), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(&http.Cookie{Name: "rs_session", Value: "audit_officer|county|county"})
		res, err := d.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("record %d of %s: %d %v", n, kind, res.StatusCode, err)
		}
		shown += strings.Count(string(body), `<td>`) - strings.Count(string(body), `<td>—`)
		for _, m := range ofDeadline.FindAllStringSubmatch(string(body), -1) {
			if rules++; !strings.ContainsFunc(m[1], func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("record %d of the log, of %s, calls the rule of a deadline %s", n, kind, m[1])
			}
		}
		for _, m := range bareID.FindAllStringSubmatch(string(body), -1) {
			if web.Named(kind, m[1]) {
				t.Errorf("record %d of the log shows %s as %s without a name", n, m[1], m[2])
			}
		}
	}
	if rules < 5 {
		t.Errorf("%d values name a rule of a deadline: the walk is broken", rules)
	}
	if len(first) < 60 || shown < 300 {
		t.Errorf("%d kinds and %d values: the walk is broken", len(first), shown)
	}
}

// bareID is a place on the page of a record, and its new value if that is nothing but an id.
var bareID = regexp.MustCompile(`<span class="sub">([^<]*)</span></th><td>[^<]*</td><td>([0-9a-f]{32})</td>`)

// ofDeadline is the new value of a place that names a rule of deadlines.yaml, on the page of a record.
var ofDeadline = regexp.MustCompile(`<span class="sub">[^<]*\.rule</span></th><td>[^<]*</td><td>([^<—]+)`)

// listed is the number or key of an element in a place.
var listed = regexp.MustCompile(`\[[^\]]*\]`)

// rowTry is one try of a route about an object.
type rowTry struct {
	name, seat, address string
	r                   web.Route
	own                 bool
	status              int
}

// at is the key of a level under which a row lies, "" for none.
func (o row) at(level string) string {
	if i := slices.IndexFunc(o.keys, func(k string) bool { return strings.HasPrefix(k, level) }); i >= 0 {
		return o.keys[i]
	}
	return ""
}

// seat is the token of a role that has the row.
func (o row) seat(role, level string) string {
	key := o.at(level)
	return role + "|" + unitOf(role, key, o) + "|" + key
}

// unitOf is the unit of an office.
func unitOf(role, key string, o row) string {
	switch role {
	case "project_manager", "firm_manager":
		return o.at("f:")
	case "owners_committee", "owner":
		return ""
	case "party_instructor":
		return policy.County
	}
	return key
}

// elsewhere is the token of the same office for other rows.
func elsewhere(role, level string, o row, scopes []string) string {
	key := level + "elsewhere"
	if i := slices.IndexFunc(scopes, func(k string) bool { return strings.HasPrefix(k, level) && !slices.Contains(o.keys, k) }); i >= 0 {
		key = scopes[i]
	}
	unit := key
	if role == "owners_committee" || role == "owner" {
		unit = ""
	}
	if role == "party_instructor" {
		unit = policy.County
	}
	return role + "|" + unit + "|" + key
}

// fillPath is the address of an object.
func fillPath(begin, id string) string {
	parts := strings.Split(id, "/")
	if strings.Count(begin, ":") == 1 {
		parts = []string{url.PathEscape(id)}
	}
	return pathParameter.ReplaceAllStringFunc(begin, func(string) string {
		if len(parts) == 0 {
			return "none"
		}
		part := parts[0]
		parts = parts[1:]
		return part
	})
}

// doorman knocks.
type doorman struct {
	base   string
	secret []byte
	client *http.Client
}

var linkForm = regexp.MustCompile(`(?:href|action|src)="(/[^"#?]*)`)

// addresses are the addresses about an object that its page leads to, by the pattern of their route; who has all roles reads it.
func (d *doorman) addresses(ctx context.Context, t *testing.T, known map[string]map[string]string, routes []web.Route, all, begin string, o row) map[string]string {
	t.Helper()
	home := fillPath(begin, o.id)
	if found, ok := known[home]; ok {
		return found
	}
	found := map[string]string{}
	known[home] = found
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+home, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "rs_session", Value: all})
	res, err := d.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	var inside []string
	for _, m := range linkForm.FindAllStringSubmatch(string(body), -1) {
		if strings.HasPrefix(m[1], home+"/") {
			inside = append(inside, m[1])
		}
	}
	for _, r := range routes {
		path := plainPath(r.Path)
		rest, ok := strings.CutPrefix(path, begin)
		if !ok || !strings.Contains(rest, ":") {
			continue
		}
		pattern := regexp.MustCompile("^" + regexp.QuoteMeta(home) + pathParameter.ReplaceAllString(rest, `[^/]+`) + "$")
		for _, link := range inside {
			if pattern.MatchString(link) && found[path] == "" {
				found[path] = link
			}
		}
	}
	return found
}

// knock asks for an address and keeps the status.
func (d *doorman) knock(ctx context.Context, try *rowTry) error {
	mac := hmac.New(sha256.New, d.secret)
	mac.Write([]byte("form\x00" + try.seat))
	form := url.Values{"_t": {base64.RawURLEncoding.EncodeToString(mac.Sum(nil))}, "seq": {"1"}}
	req, err := http.NewRequestWithContext(ctx, try.r.Method, d.base+try.address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.AddCookie(&http.Cookie{Name: "rs_session", Value: try.seat})
	res, err := d.client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	try.status = res.StatusCode
	if err == nil && try.status == http.StatusInternalServerError {
		err = fmt.Errorf("%s %s as %s: %d", try.r.Method, try.address, try.seat, try.status)
	}
	return errors.Join(err, res.Body.Close())
}

package registry

import (
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// TestManagers: who answers for a compound is found by it, under the name that people type; a compound of another community is none.
func TestManagers(t *testing.T) {
	d := newBookDesk(t)
	ctx := t.Context()
	here, away := d.project("望湖苑", east), d.project("安居苑", west)
	values := map[string]string{"project": "望湖苑", "from": "2026-01-10", "name": "王梅（演示）", "firm": codeOne, "reported": "2026-01-15"}
	id, err := d.CreateEntry(ctx, d.secretary, BookManagers, east, values)
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	found := func(project string) (out []EntryRow) {
		t.Helper()
		err := d.AllEntries(ctx, d.firm, EntryQuery{Book: BookManagers, Community: east, Project: project}, func(row EntryRow) error {
			out = append(out, row)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if rows := found(here); len(rows) != 1 || rows[0].ID != id || rows[0].Texts["project"] != "望湖苑" || !rows[0].Masked || len(found(away)) != 0 {
		t.Errorf("%+v", rows)
	}
	for text, want := range map[string]int{"望湖": 1, "why": 1, "安居": 0} {
		page, err := d.Entries(ctx, d.secretary, EntryQuery{Book: BookManagers, Text: text})
		if err != nil || page.Count != want {
			t.Errorf("%s finds %d rows, %v", text, page.Count, err)
		}
	}
	// Who answers on a day: who came last of those who hold the post then; nobody before, and of no other compound.
	values["name"], values["from"], values["phone"], values["reported"] = "李和平（演示）", "2026-05-01", "13800005678", "2026-05-02"
	if _, err := d.CreateEntry(ctx, d.secretary, BookManagers, east, values); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	for on, want := range map[string]string{"2026-01-09": "", "2026-04-30": "王梅（演示）", "2026-05-01": "李和平（演示） 13800005678"} {
		name, phone, err := d.ManagerOf(ctx, here, day(t, on))
		if got := strings.TrimSpace(name + " " + phone); err != nil || got != want {
			t.Errorf("%s: %q, %v", on, got, err)
		}
	}
	if name, _, err := d.ManagerOf(ctx, away, day(t, "2026-05-01")); err != nil || name != "" {
		t.Errorf("%q, %v", name, err)
	}
	for name, project := range map[string]string{"by name": "安居苑", "by id": away, "unknown": "没有的小区"} {
		values["project"] = project
		if _, err := d.CreateEntry(ctx, d.secretary, BookManagers, east, values); !fault.Is(err, fault.Invalid) {
			t.Errorf("a compound of another community %s: %v", name, err)
		}
	}
}

// TestCrossPosts: managers with a seat in a party organisation count while they hold both posts, each once; a firm of which nothing was recorded keeps its old
// number; whoever does not see names does not see them here.
func TestCrossPosts(t *testing.T) {
	d := newBookDesk(t)
	ctx := t.Context()
	post := func(code, name, job, seat, from, until string) string {
		t.Helper()
		id, err := d.CreateEntry(ctx, d.secretary, BookCrossings, east, map[string]string{"code": code, "name": name, "firm": codeOne, "post": job, "seat": seat, "from": from, "until": until})
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
		return id
	}
	on := func(text string) CrossPosts {
		t.Helper()
		posts, err := d.CrossPosts(ctx, day(t, text))
		if err != nil {
			t.Fatal(err)
		}
		return posts
	}
	old := Firm{FirmMore: FirmMore{Crossing: 3}}
	if got := on("2026-05-01").Of(d.firmID, old); got != 3 {
		t.Errorf("nothing is recorded, and the number that was entered is %d", got)
	}
	first := post("1", "王梅（演示）", "项目负责人", "社区党组织兼职委员", "2026-01-10", "2026-06-30")
	post("2", "王梅（演示）", "manager", "party", "2026-03-01", "")
	post("3", "李强（演示）", "manager", "owners", "2026-01-01", "")
	post("4", "赵云（演示）", "head", "party", "2026-01-01", "")
	post("5", "孙丽（演示）", "manager", "party", "2026-02-01", "2026-04-30")
	for text, want := range map[string]int64{"2026-01-09": 0, "2026-01-10": 1, "2026-04-30": 2, "2026-05-01": 1, "2026-07-01": 1} {
		if got := on(text).Of(d.firmID, old); got != want {
			t.Errorf("on %s: %d, want %d", text, got, want)
		}
	}
	if got := on("2026-05-01").Of("another", old); got != 3 {
		t.Errorf("another firm: %d", got)
	}
	row, err := d.OneEntry(ctx, d.firm, BookCrossings, first)
	if err != nil || !row.Masked || row.Texts["name"] == "王梅（演示）" || row.Texts["seat"] != "社区党组织兼职委员" {
		t.Errorf("what the firm sees: %+v, %v", row.Texts, err)
	}
	if row, err = d.OneEntry(ctx, d.secretary, BookCrossings, first); err != nil || row.Texts["name"] != "王梅（演示）" {
		t.Errorf("what the community sees: %+v, %v", row.Texts, err)
	}
	before, err := d.desk.db.Engine().LastN(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range map[string]map[string]string{
		"ends before it begins": {"code": "9", "name": "钱进（演示）", "firm": codeOne, "post": "manager", "seat": "party", "from": "2026-05-01", "until": "2026-04-30"},
		"without a firm":        {"code": "9", "name": "钱进（演示）", "post": "manager", "seat": "party", "from": "2026-05-01"},
		"an unknown seat":       {"code": "9", "name": "钱进（演示）", "firm": codeOne, "post": "manager", "seat": "书记", "from": "2026-05-01"},
		"a day to come":         {"code": "9", "name": "钱进（演示）", "firm": codeOne, "post": "manager", "seat": "party", "from": calendar.DateOf(d.desk.db.Now()).Add(1).String()},
	} {
		if _, err := d.CreateEntry(ctx, d.secretary, BookCrossings, east, values); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after, err := d.desk.db.Engine().LastN(ctx); err != nil || after != before {
		t.Errorf("a refused post wrote something: %d, %d, %v", before, after, err)
	}
}

package calendar_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// shippedData reads the holiday file that the program embeds.
func shippedData(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "configs", "calendar", "holidays-2014-2026.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// shipped is the calendar that the program starts with.
func shipped(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Parse(calendar.File{Name: "holidays.csv", Data: shippedData(t)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// date is a date literal.
func date(t testing.TB, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// year2027 is a made-up notice with the seven holidays; it moves nothing.
const year2027 = "date,kind,name\n2027-01-01,off,元旦\n2027-02-08,off,春节\n2027-04-05,off,清明\n2027-05-03,off,劳动节\n2027-06-09,off,端午\n2027-09-15,off,中秋\n2027-10-01,off,国庆节\n"

func TestWorkdays(t *testing.T) {
	c := shipped(t)
	tests := []struct {
		name, from string
		n          int
		want       string // "" for not known.
	}{
		{"over the national holiday with a worked Saturday", "2026-09-30", 5, "2026-10-13"},
		{"the start does not count even if worked", "2026-10-12", 1, "2026-10-13"},
		{"from a day of rest", "2026-10-01", 1, "2026-10-08"},
		{"the same day", "2026-10-12", 0, "2026-10-12"},
		{"the same day, which is one of rest", "2026-10-01", 0, "2026-10-08"},
		{"backwards", "2026-10-13", -5, "2026-09-30"},
		{"last loaded day", "2026-12-30", 1, "2026-12-31"},
		{"past the loaded years", "2026-12-31", 1, ""},
		{"before the loaded years", "2014-01-02", -1, ""},
		{"far past them", "2031-05-05", 3, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, known := c.Workdays(date(t, tt.from), tt.n)
			if got.String() != tt.want || known != (tt.want != "") {
				t.Errorf("got %s, %v, want %q", got, known, tt.want)
			}
		})
	}
}

// TestSecondSource compares every day of the shipped years with a library that keeps its own list.
func TestSecondSource(t *testing.T) {
	c := shipped(t)
	if got := fmt.Sprint(c.Loaded()); got != "{2014-01-01 2026-12-31}" {
		t.Fatalf("loaded %s", got)
	}
	days := 0
	for d := c.Loaded().First; c.Loaded().Has(d); d = d.Add(1) {
		year, month, day := d.Parts()
		want := d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
		if h := HolidayUtil.GetHolidayByYmd(year, int(month), day); h != nil {
			want = h.IsWork()
		}
		if got, known := c.Workday(d); got != want || !known {
			t.Errorf("%s: worked %v, known %v, the other source says %v", d, got, known, want)
		}
		days++
	}
	if days != 4748 {
		t.Errorf("%d days compared", days)
	}
}

func TestDeadline(t *testing.T) {
	c := shipped(t)
	rule := func(n int, unit calendar.Unit, before, rolls bool) calendar.Rule {
		return calendar.Rule{ID: "a.b", N: n, Unit: unit, Before: before, Rolls: rolls, Basis: "依据"}
	}
	tests := []struct {
		name  string
		rule  calendar.Rule
		start string
		want  string
		asked bool // Whether the calendar was needed for it.
	}{
		{"working days", rule(5, calendar.UnitWorkday, false, false), "2026-09-30", "2026-10-13", true},
		{"working days before", rule(5, calendar.UnitWorkday, true, false), "2026-10-13", "2026-09-30", true},
		{"days end on a holiday", rule(7, calendar.UnitDay, false, false), "2026-09-28", "2026-10-05", false},
		{"days move past a holiday", rule(7, calendar.UnitDay, false, true), "2026-09-28", "2026-10-08", true},
		{"days before", rule(15, calendar.UnitDay, true, false), "2026-10-01", "2026-09-16", false},
		{"the same day", rule(0, calendar.UnitDay, false, false), "2026-10-01", "2026-10-01", false},
		{"a month to a shorter one", rule(1, calendar.UnitMonth, false, false), "2026-01-31", "2026-02-28", false},
		{"a month before", rule(1, calendar.UnitMonth, true, false), "2026-03-31", "2026-02-28", false},
		{"eight years need no calendar", rule(8, calendar.UnitYear, false, false), "2024-02-29", "2032-02-29", false},
		{"a year from the leap day", rule(1, calendar.UnitYear, false, false), "2024-02-29", "2025-02-28", false},
		{"working days past the calendar", rule(3, calendar.UnitWorkday, false, false), "2026-12-30", "", false},
		{"moving days past the calendar", rule(30, calendar.UnitDay, false, true), "2026-12-20", "", false},
		{"moving days that end on the last day", rule(1, calendar.UnitDay, false, true), "2026-12-30", "2026-12-31", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := c.Deadline(tt.rule, date(t, tt.start))
			if d.Due.String() != tt.want || d.Resolved() != (tt.want != "") || (d.Calendar != "") != tt.asked {
				t.Errorf("got %+v, want %q, asked %v", d, tt.want, tt.asked)
			}
		})
	}
}

// TestUnresolved: what has no due date is not late, and gets its date when the year is loaded; the date stands from then on.
func TestUnresolved(t *testing.T) {
	old := shipped(t)
	d := old.Deadline(calendar.Rule{ID: "a.b", N: 3, Unit: calendar.UnitWorkday, Basis: "依据"}, date(t, "2026-12-30"))
	if d.Resolved() || d.Late(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)) || d.Calendar != "" || !strings.Contains(d.Chinese(), "待定") {
		t.Fatalf("an unresolved deadline: %+v %s", d, d.Chinese())
	}
	longer, err := calendar.Parse(calendar.File{Name: "a.csv", Data: shippedData(t)}, calendar.File{Name: "b.csv", Data: []byte(year2027)})
	if err != nil {
		t.Fatal(err)
	}
	if longer.Version() == old.Version() {
		t.Error("two calendars have the same version")
	}
	d = longer.Resolve(d)
	if d.Due.String() != "2027-01-05" || d.Calendar != longer.Version() {
		t.Fatalf("resolved: %+v", d)
	}
	if got := old.Resolve(d); got != d {
		t.Errorf("a resolved deadline changed: %+v", got)
	}
	in, late := time.Date(2027, 1, 5, 15, 59, 59, 0, time.UTC), time.Date(2027, 1, 5, 16, 0, 0, 0, time.UTC)
	if d.Late(in) || !d.Late(late) {
		t.Error("the day ends at midnight in China, which is 16:00 UTC")
	}
	if left, ok := d.Left(in); left != 0 || !ok {
		t.Errorf("left %d %v", left, ok)
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var back calendar.Deadline
	if err := json.Unmarshal(text, &back); err != nil || back != d {
		t.Errorf("%s came back as %+v, %v", text, back, err)
	}
}

func TestWarning(t *testing.T) {
	c := shipped(t)
	if w := c.Warning(date(t, "2026-10-31")); w != "" {
		t.Errorf("too early: %s", w)
	}
	for _, day := range []string{"2026-11-01", "2027-02-01"} {
		if w := c.Warning(date(t, day)); !strings.Contains(w, "2027年") {
			t.Errorf("%s: %q", day, w)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	full := string(shippedData(t))
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"x:1:1 文件是空的"}},
		{"header only", "date,kind,name\n", []string{"x:1:1 没有任何一年"}},
		{"header", "day,kind,name\n", []string{"x:1:1 第一行要写"}},
		{"every mistake", "date,kind,name\n2026-02-30,off,春节\n2026-03-02,work,清明\n2026-03-03,rest,清明\n2026-03-01,off,清明\n2026-04-01,off\n2026-05-01,off, \n",
			[]string{"x:2:1 \"2026-02-30\" 不是日期", "x:3:12 2026-03-02 本来就是工作日", "x:4:12 kind 只能是", "x:5:1 日期要按先后排", "x:6:1 要有 3 列", "x:7:16 name 要写"}},
		{"quotes", "date,kind,name\n2026-02-03,off,\"春\n", []string{"x:2:21 不是有效的 CSV"}},
		{"half a year", full + "2027-01-01,off,元旦\n", []string{"x:1:1 2027年不完整，缺少：春节、清明、劳动节、端午、国庆"}},
		{"a hole", full + strings.ReplaceAll(strings.TrimPrefix(year2027, "date,kind,name\n"), "2027-", "2028-"), []string{"x:1:1 2026年之后直接是2028年"}},
		{"december of the next notice", full + "2026-12-31,off,元旦\n", []string{"x:1:1 2027年不完整"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := calendar.Parse(calendar.File{Name: "x", Data: []byte(tt.text)})
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("err = %v", err)
			}
			checkFields(t, err, tt.want)
		})
	}
	_, err := calendar.Parse(calendar.File{Name: "a", Data: []byte(full)}, calendar.File{Name: "b", Data: []byte("date,kind,name\n2026-01-01,off,元旦\n")})
	checkFields(t, err, []string{"b:2:1 2026-01-01（元旦）在另一个文件里已经有了"})
}

// checkFields compares places and the beginnings of messages.
func checkFields(t *testing.T, err error, want []string) {
	t.Helper()
	fields := fault.FieldsOf(err)
	if len(fields) != len(want) {
		t.Fatalf("mistakes %v, want %v", fields, want)
	}
	for i, f := range fields {
		if !strings.HasPrefix(f.Name+" "+f.Message, want[i]) {
			t.Errorf("mistake %d: %s %s, want %s", i, f.Name, f.Message, want[i])
		}
	}
}

// TestNextYearMovesDecember: rows of late December come with the notice of the next year and belong to it.
func TestNextYearMovesDecember(t *testing.T) {
	moved := strings.Replace(year2027, "name\n", "name\n2026-12-31,off,元旦\n", 1)
	c, err := calendar.Parse(calendar.File{Name: "a", Data: shippedData(t)}, calendar.File{Name: "b", Data: []byte(moved)})
	if err != nil {
		t.Fatal(err)
	}
	if worked, known := c.Workday(date(t, "2026-12-31")); worked || !known {
		t.Errorf("worked %v, known %v", worked, known)
	}
	if got := c.Name(date(t, "2026-12-31")); got != "元旦" {
		t.Errorf("name %q", got)
	}
}

// TestVersionIgnoresFiles: the version names the content, not how it is cut into files or where lines end.
func TestVersionIgnoresFiles(t *testing.T) {
	whole := shipped(t)
	text := string(shippedData(t))
	cut := strings.Index(text, "2020-01-01")
	parts, err := calendar.Parse(
		calendar.File{Name: "b", Data: []byte("date,kind,name\r\n" + strings.ReplaceAll(text[cut:], "\n", "\r\n"))},
		calendar.File{Name: "a", Data: []byte("\ufeff" + text[:cut])})
	if err != nil {
		t.Fatal(err)
	}
	if parts.Version() != whole.Version() || len(whole.Version()) != 16 {
		t.Errorf("versions %s and %s", parts.Version(), whole.Version())
	}
}

// TestPropertyDeadlines: more days never end earlier, and a calendar with more years agrees wherever the shorter one had an answer.
func TestPropertyDeadlines(t *testing.T) {
	long := shipped(t)
	text := string(shippedData(t))
	shorter := map[int]*calendar.Calendar{}
	for year := 2015; year <= 2026; year++ {
		cut := strings.Index(text, fmt.Sprintf("\n%d-01-01", year)) + 1
		head := text[:cut]
		// Rows of late December belong to the notice of the year that is cut off.
		for {
			last := strings.LastIndexByte(strings.TrimSuffix(head, "\n"), '\n') + 1
			if row := head[last:]; !strings.HasPrefix(row[4:], "-12-") || !strings.Contains(row, "元旦") {
				break
			}
			head = head[:last]
		}
		c, err := calendar.Parse(calendar.File{Name: "head", Data: []byte(head)})
		if err != nil {
			t.Fatal(err)
		}
		shorter[year] = c
	}
	units := []calendar.Unit{calendar.UnitDay, calendar.UnitWorkday, calendar.UnitMonth, calendar.UnitYear}
	rapid.Check(t, func(t *rapid.T) {
		first, _ := calendar.ParseDate("2013-06-01")
		start := first.Add(rapid.IntRange(0, 5200).Draw(t, "start"))
		rule := calendar.Rule{ID: "a.b", N: rapid.IntRange(0, 40).Draw(t, "n"), Unit: rapid.SampledFrom(units).Draw(t, "unit"), Rolls: rapid.Bool().Draw(t, "rolls")}
		more := rule
		more.N++
		a, b := long.Deadline(rule, start), long.Deadline(more, start)
		if a.Resolved() && b.Resolved() && a.Due.Compare(b.Due) > 0 {
			t.Fatalf("%d ends %s, %d ends %s", rule.N, a.Due, more.N, b.Due)
		}
		if a.Resolved() && a.Due.Compare(start) < 0 {
			t.Fatalf("ends %s, before its start %s", a.Due, start)
		}
		year := rapid.IntRange(2015, 2026).Draw(t, "year")
		short := shorter[year].Deadline(rule, start)
		// The last week of December is only certain once the notice of the next year is out.
		december, _ := calendar.NewDate(year-1, time.December, 24)
		if short.Resolved() && short.Due.Compare(december) <= 0 && short.Due != a.Due {
			t.Fatalf("loading years after %d moved %s to %s", year-1, short.Due, a.Due)
		}
		if short.Resolved() && long.Resolve(short) != short {
			t.Fatalf("a resolved deadline changed")
		}
	})
}

func TestDates(t *testing.T) {
	d := date(t, "2026-10-13")
	if d.Weekday() != time.Tuesday || d.Add(-13).String() != "2026-09-30" || d.Chinese() != "2026年10月13日" || d.Year() != 2026 {
		t.Errorf("parts of %s", d)
	}
	if got := d.Begins(); !got.Equal(time.Date(2026, 10, 12, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("begins %s", got)
	}
	if got := calendar.DateOf(time.Date(2026, 10, 12, 16, 0, 0, 0, time.UTC)); got != d {
		t.Errorf("16:00 UTC is the next day in China, not %s", got)
	}
	for _, s := range []string{"", "2026-1-2", "2026-02-29", "0000-01-01", "2026-10-13 ", "20261013"} {
		if _, err := calendar.ParseDate(s); err == nil {
			t.Errorf("%q was taken for a date", s)
		}
	}
	var none calendar.Date
	if !none.IsZero() || none.String() != "" || none.Chinese() != "" {
		t.Error("the zero date shows something")
	}
	if _, err := calendar.NewDate(2026, 2, 29); err == nil {
		t.Error("29 February 2026 was accepted")
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 3652058).Draw(t, "days")
		first, _ := calendar.ParseDate("0001-01-01")
		a := first.Add(n)
		b, err := calendar.ParseDate(a.String())
		if err != nil || a != b || a.Sub(first) != n {
			t.Fatalf("%s came back as %s, %v", a, b, err)
		}
	})
}

func TestPeriods(t *testing.T) {
	q := calendar.QuarterOf(date(t, "2026-09-30"))
	if q.String() != "2026Q3" || q.Chinese() != "2026年第三季度" || fmt.Sprint(q.Span()) != "{2026-07-01 2026-09-30}" || q.Span().Days() != 92 {
		t.Errorf("quarter %s %s %v", q, q.Chinese(), q.Span())
	}
	if q.Add(2).String() != "2027Q1" || q.Add(-3).String() != "2025Q4" {
		t.Errorf("quarters around: %s %s", q.Add(2), q.Add(-3))
	}
	from, until := q.Span().Instants()
	if !from.Equal(time.Date(2026, 6, 30, 16, 0, 0, 0, time.UTC)) || !until.Equal(time.Date(2026, 9, 30, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("instants %s %s", from, until)
	}
	for _, s := range []string{"2026Q0", "2026Q5", "2026q1", "26Q1", "2026Q10", "0000Q1", "+026Q1"} {
		if _, err := calendar.ParseQuarter(s); err == nil {
			t.Errorf("%q was taken for a quarter", s)
		}
	}
	y, err := calendar.ParseYear("2026")
	if err != nil || fmt.Sprint(y.Span()) != "{2026-01-01 2026-12-31}" || y.Quarters()[2] != q || y.Chinese() != "2026年" {
		t.Errorf("year %v %v", y, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(shippedData(f))
	f.Add([]byte(year2027))
	f.Add([]byte("date,kind,name\n2026-01-01,off,\"元旦\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := calendar.Parse(calendar.File{Name: "f", Data: data})
		if err != nil {
			if len(fault.FieldsOf(err)) == 0 {
				t.Errorf("no place in %v", err)
			}
			return
		}
		if c.Loaded().Days() < 365 || c.Version() == "" {
			t.Errorf("accepted without a whole year: %v", c.Loaded())
		}
	})
}

package registry

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Level is the level of a division.
type Level string

// The levels, highest first.
const (
	// LevelCounty is the county (县).
	LevelCounty Level = "county"
	// LevelTownship is a town or township (镇、乡), which does the work of a 街道 here.
	LevelTownship Level = "township"
	// LevelCommunity is an urban community or a village (居委会、村委会).
	LevelCommunity Level = "community"
	// LevelGrid is a grid of a community (网格).
	LevelGrid Level = "grid"
)

// Levels lists the levels.
func Levels() []Choice {
	return []Choice{{string(LevelCounty), "县"}, {string(LevelTownship), "乡镇"}, {string(LevelCommunity), "社区（村）"}, {string(LevelGrid), "网格"}}
}

// Division is one division. Its id is the code under which it was registered: 12 digits of the National Bureau of Statistics, for a grid the id of its community, “-” and a
// number. The id stays when the code changes.
type Division struct {
	// Level is one of Levels.
	Level Level `json:"level" privacy:"public"`
	// Name is the official name: 城东居委会.
	Name string `json:"name" privacy:"public"`
	// Display is what people say: 城东社区.
	Display string `json:"display" privacy:"public"`
	// Parent is the id of the division above, "" for the county.
	Parent string `json:"parent,omitempty" privacy:"public"`
	// Statistical marks a unit that exists for statistics only, and everything below it: no picker offers it.
	Statistical bool `json:"statistical,omitempty"`
	// Days are the days on which it exists; no first day: since ever.
	Days policy.Span `json:"days"`
	// Grid is what is counted of a grid; the zero value if nothing was, and for every other level.
	Grid GridFacts `json:"grid,omitzero"`
	// Reach is where a township or community is reached; the zero value if nothing is known, and for every other level. What reads divisions leaves it out: Service.Reaches says it to who may know.
	Reach Reach `json:"reach,omitzero"`
	// Reached is the day on which Reach was entered or taken out, no date if it never was; Era is the era of its personal data: each Reach has a key of its own.
	Reached calendar.Date `json:"reached,omitzero"`
	Era     store.Era     `json:"era,omitempty"`
	// Codes are the codes that it got after its registration, oldest first; none for a grid, whose code follows its community.
	Codes []CodeChange `json:"codes,omitempty"`
	// Successors are the ids of the divisions that took its place when it was closed; none if it went up in nothing that is known.
	Successors []string `json:"successors,omitempty" privacy:"public"`
}

const divisionKind = "division"

var (
	divisionCode = regexp.MustCompile(`^[0-9]{12}$`)
	gridCode     = regexp.MustCompile(`^([0-9]{12})-[0-9]{2,3}$`)
)

// byPlace lists divisions by level (l:), parent (d:, of it o: those that are open and x: the others), state (t:), later code (n:, and n: alone for all that have one) and successor (j:); byWord lists them by name.
const (
	byPlace = "place"
	byWord  = "word"
)

// divisionDocument is how divisions are stored. Sorted by id; display order is that of the list asked for.
func divisionDocument() store.Kind[Division] {
	sort := func(id string, _ *Division) string { return id }
	return store.Kind[Division]{
		Name: divisionKind, Version: 1,
		Indexes: []store.Index[Division]{
			{Name: byPlace, Sort: sort, Keys: func(_ string, d *Division) []string {
				open := "o:"
				if d.Statistical || !d.Days.Until.IsZero() {
					open = "x:"
				}
				keys := []string{"", "l:" + string(d.Level), "d:" + d.Parent, open + d.Parent}
				if !d.Days.Until.IsZero() {
					keys = append(keys, stateKey(DivisionsClosed))
				}
				if d.Statistical {
					keys = append(keys, stateKey(DivisionsStatistical))
				}
				if len(d.Codes) > 0 {
					keys = append(keys, heldKey(""))
				}
				for _, c := range d.Codes {
					if key := heldKey(c.Code); !slices.Contains(keys, key) {
						keys = append(keys, key)
					}
				}
				for _, id := range d.Successors {
					keys = append(keys, "j:"+id)
				}
				return keys
			}},
			{Name: byWord, Sort: sort, Keys: func(_ string, d *Division) []string { return findKeys(d.Name, d.Display) }},
		},
		Subject: func(id string, d *Division) string { return d.Era.Subject(divisionKind, id) },
	}
}

// DivisionRow is a division with its id.
type DivisionRow struct {
	// ID is the code under which it was registered.
	ID string
	// Seq is the number of its last change.
	Seq int64
	Division
}

// rowOf is a stored division without where it is reached.
func rowOf(d store.Doc[Division]) DivisionRow {
	d.State.Reach = Reach{}
	return DivisionRow{ID: d.ID, Seq: d.Seq, Division: d.State}
}

// DivisionsBelow lists the divisions of a parent that exist on the day, without those for statistics only, in order of code; parent "" lists the county.
func (r *Register) DivisionsBelow(ctx context.Context, parent string, day calendar.Date) ([]DivisionRow, error) {
	return r.divisionsUnder(ctx, "d:"+parent, func(d Division) bool { return !d.Statistical && d.Days.Holds(day) })
}

// DivisionsAt lists the divisions of a level that exist on the day, without those for statistics only, in order of code.
func (r *Register) DivisionsAt(ctx context.Context, level Level, day calendar.Date) ([]DivisionRow, error) {
	return r.divisionsUnder(ctx, "l:"+string(level), func(d Division) bool { return !d.Statistical && d.Days.Holds(day) })
}

func (r *Register) divisionsUnder(ctx context.Context, key string, keep func(Division) bool) ([]DivisionRow, error) {
	var out []DivisionRow
	q := store.Query{Index: byPlace, Key: key, Limit: store.MaxLimit}
	for {
		page, err := r.divisions.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			if keep(d.State) {
				out = append(out, rowOf(d))
			}
		}
		if page.Next == "" {
			return out, nil
		}
		q.After = page.Next
	}
}

// Division returns one division, whether it still exists or not. Returns NotFound.
func (r *Register) Division(ctx context.Context, id string) (DivisionRow, error) {
	d, err := r.divisions.Load(ctx, id)
	if err != nil {
		return DivisionRow{}, fault.Wrap("registry.Division", "", "没有编号为“"+id+"”的行政区划", err)
	}
	return rowOf(d), nil
}

// SeedDivisions loads a table of divisions (columns code, name, level 3 to 5, parent; see configs/divisions) into an empty register and returns how
// many it added; a register that has a county already stays as it is. It may be repeated after a crash. Returns Invalid with every bad line.
func (r *Register) SeedDivisions(ctx context.Context, table []byte) (int, error) {
	const op = "registry.SeedDivisions"
	counties, err := r.DivisionsAt(ctx, LevelCounty, calendar.DateOf(r.db.Now()))
	if err != nil || len(counties) > 0 {
		return 0, err
	}
	rows, err := readDivisions(table)
	if err != nil {
		return 0, err
	}
	// The county comes last: until it is there, the seed is not complete and is begun again.
	slices.SortStableFunc(rows, func(a, b DivisionRow) int {
		return strings.Compare(boolText(a.Level == LevelCounty), boolText(b.Level == LevelCounty))
	})
	meta := store.Meta{By: policy.SystemActor().ID, Action: policy.SeedDivisions}
	put := func(ctx context.Context, row DivisionRow) error {
		if _, err := r.divisions.Commit(ctx, meta, row.ID, 0, row.Division); err != nil && !fault.Is(err, fault.Conflict) {
			return fault.Wrap(op, "", "", err)
		}
		return nil
	}
	// Commits at the same time share one write to the disk.
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(32)
	for _, row := range rows[:len(rows)-1] {
		all.Go(func() error { return put(within, row) })
	}
	if err := all.Wait(); err != nil {
		return 0, err
	}
	return len(rows), put(ctx, rows[len(rows)-1])
}

func boolText(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// readDivisions reads the table; the county is one of its rows. Returns Invalid with every bad line.
func readDivisions(table []byte) ([]DivisionRow, error) {
	const op = "registry.readDivisions"
	lines := csv.NewReader(bytes.NewReader(table))
	lines.FieldsPerRecord = 4
	levels := map[string]Level{"3": LevelCounty, "4": LevelTownship, "5": LevelCommunity}
	var bad faults
	var rows []DivisionRow
	at := map[string]int{}
	for n := 1; ; n++ {
		cells, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.Wrap(op, fault.Invalid, fmt.Sprintf("区划表第 %d 行不能读取", n), err)
		}
		if n == 1 {
			continue // the heading
		}
		where := fmt.Sprintf("第%d行", n)
		code, name, level, parent := cells[0], cells[1], levels[cells[2]], cells[3]
		_, twice := at[code]
		switch {
		case !divisionCode.MatchString(code):
			bad.add(where, "代码“%s”要写 12 位数字", code)
		case twice:
			bad.add(where, "代码 %s 出现两次", code)
		case level == "":
			bad.add(where, "级别“%s”要写 3（县）、4（乡镇）或 5（社区、村）", cells[2])
		case name == "" || !utf8.ValidString(name):
			bad.add(where, "代码 %s 没有名称，或者文件不是 UTF-8 编码", code)
		}
		at[code] = len(rows)
		rows = append(rows, DivisionRow{ID: code, Division: Division{Level: level, Name: name, Display: displayName(name), Parent: parent}})
	}
	counties := 0
	for i := range rows {
		d := &rows[i]
		up, known := at[d.Parent]
		switch {
		case d.Level == LevelCounty:
			counties++
			d.Parent = ""
		case !known:
			bad.add(d.ID, "上级 %s 不在表中", d.Parent)
		case above(d.Level) != rows[up].Level:
			bad.add(d.ID, "%s的上级不能是%s", TextOf(Levels(), d.Level), TextOf(Levels(), rows[up].Level))
		}
	}
	if counties != 1 && len(bad.list) == 0 {
		bad.add("表", "要有一行县（级别 3），现在有 %d 行", counties)
	}
	if err := bad.err(op); err != nil {
		return nil, err
	}
	for i := range rows {
		d := &rows[i]
		town := d.ID
		if d.Level == LevelCommunity {
			town = d.Parent
		}
		// Digits 7 to 9 from 400 to 599 are units that statistics treat like a township.
		d.Statistical = d.Level != LevelCounty && town[6] >= '4' && town[6] <= '5'
	}
	return rows, nil
}

// above is the level above a level, "" above the county.
func above(l Level) Level {
	switch l {
	case LevelTownship:
		return LevelCounty
	case LevelCommunity:
		return LevelTownship
	case LevelGrid:
		return LevelCommunity
	}
	return ""
}

// displayName is what people call a division: 城东居委会 is 城东社区, 西河村委会 is 西河村.
func displayName(official string) string {
	if short, ok := strings.CutSuffix(official, "社区居委会"); ok {
		return short + "社区"
	}
	if short, ok := strings.CutSuffix(official, "居委会"); ok {
		return short + "社区"
	}
	if short, ok := strings.CutSuffix(official, "村委会"); ok {
		return short + "村"
	}
	return official
}

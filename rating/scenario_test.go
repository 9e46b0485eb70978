package rating

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"redsteward/internal/num"
)

// scenario is a scheme with a table, and if wanted a second table and earlier results.
type scenario struct {
	scheme    *Scheme
	subjects  []Subject
	histories map[string]History
	results   map[string]*Result
	groups    map[string][]Group
}

// runScenario evaluates files: scheme.yaml, facts.csv, join.csv (joined on its first column), history.csv (columns subject, id and some of
// total, grade, level, hash, points.X, rate.X, output.X).
func runScenario(t *testing.T, files map[string]string) *scenario {
	t.Helper()
	sc := &scenario{scheme: mustParse(t, files["scheme.yaml"]), histories: map[string]History{}, results: map[string]*Result{}, groups: map[string][]Group{}}
	asOf, err := ParseDate("2026-09-30")
	if err != nil {
		t.Fatal(err)
	}
	options := TableOptions{AsOf: asOf, Period: "2026Q3"}
	if text, ok := files["join.csv"]; ok {
		on, _, _ := strings.Cut(text, ",")
		if options.Join, err = ReadJoin(strings.NewReader(text), on); err != nil {
			t.Fatal(err)
		}
	}
	if sc.subjects, err = ReadTable(sc.scheme, strings.NewReader(files["facts.csv"]), options); err != nil {
		t.Fatal(err)
	}
	if text, ok := files["history.csv"]; ok {
		sc.readHistory(t, text)
	}
	past := func(id string) History { return sc.histories[id] }
	cohort, err := NewCohort(sc.scheme, slices.Values(sc.subjects), past)
	if err != nil {
		t.Fatal(err)
	}
	var rollers []*Roller
	for _, r := range sc.scheme.Rollups {
		roller, err := sc.scheme.NewRoller(r.ID)
		if err != nil {
			t.Fatal(err)
		}
		rollers = append(rollers, roller)
	}
	for _, sub := range sc.subjects {
		r := Evaluate(sc.scheme, cohort, sub, past(sub.ID))
		sc.results[sub.ID] = &r
		for _, roller := range rollers {
			roller.Add(sub, &r)
		}
	}
	for i, roller := range rollers {
		sc.groups[sc.scheme.Rollups[i].ID] = roller.Groups()
	}
	return sc
}

func (sc *scenario) readHistory(t *testing.T, text string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		p := Past{Points: map[string]num.Num{}, Rates: map[string]num.Num{}, Outputs: map[string]num.Num{}}
		for i, name := range rows[0][2:] {
			cell := row[i+2]
			if cell == "" {
				continue
			}
			group, id, _ := strings.Cut(name, ".")
			switch group {
			case "total":
				p.Total, p.HasTotal = num.MustParse(cell), true
			case "grade":
				p.Grade = cell
			case "hash":
				p.Hash = cell
			case "level":
				level, err := strconv.Atoi(cell)
				if err != nil {
					t.Fatal(err)
				}
				p.Level = &level
			case "points":
				p.Points[id] = num.MustParse(cell)
			case "rate":
				p.Rates[id] = num.MustParse(cell)
			case "output":
				p.Outputs[id] = num.MustParse(cell)
			default:
				t.Fatalf("history.csv: unknown column %s", name)
			}
		}
		if sc.histories[row[0]] == nil {
			sc.histories[row[0]] = History{}
		}
		sc.histories[row[0]][row[1]] = p
	}
}

// dump prints results so that a reviewer can follow every point.
func (sc *scenario) dump(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, sub := range sc.subjects {
		r := sc.results[sub.ID]
		e, err := Explain(sc.scheme, r)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "== %s: total %s of %s, %s, grade %q %s\n", r.Subject, shownOr(r.Total.Shown), r.Total.Max, r.Status, r.Grade, r.Label)
		for _, l := range e.Lines {
			fmt.Fprintf(&b, "  %s: ", l.ID)
			if l.Counted {
				fmt.Fprintf(&b, "%s of %s", l.Points, l.Max)
			} else {
				b.WriteString("left out")
			}
			if l.HasValue {
				fmt.Fprintf(&b, ", value %s", l.Value)
			}
			if l.State != LineScored {
				fmt.Fprintf(&b, " [%s: %s: %s]", lineWords[l.State], l.Treated, l.Reason)
			}
			if len(l.FactTexts) > 0 {
				fmt.Fprintf(&b, " <- %s", strings.Join(l.FactTexts, "; "))
			}
			b.WriteByte('\n')
			for _, item := range l.Items {
				fmt.Fprintf(&b, "    %s:", item.Name)
				switch {
				case item.State != Present:
					fmt.Fprintf(&b, " %s", stateWords[item.State])
				case item.Date != 0:
					fmt.Fprintf(&b, " %s..%s %s", item.Date, item.Until, item.Points)
				default:
					fmt.Fprintf(&b, " %s -> %s of %s", item.Value, item.Points, item.Max)
				}
				b.WriteByte('\n')
			}
		}
		for _, p := range e.Parts {
			fmt.Fprintf(&b, "  part %s: %s of %s", p.ID, shownOr(p.Shown), p.Max)
			if p.Chosen != "" {
				fmt.Fprintf(&b, ", chosen %s", p.Chosen)
			}
			for _, step := range p.Steps {
				fmt.Fprintf(&b, ", %s -> %s", step.ID, step.After)
			}
			b.WriteByte('\n')
		}
		for _, a := range e.Adjust {
			fmt.Fprintf(&b, "  adjust %s: %s\n", a.ID, a.Text)
		}
		for _, o := range e.Outputs {
			fmt.Fprintf(&b, "  output %s: %s\n", o.ID, o.Text)
		}
		for _, v := range e.Voices {
			fmt.Fprintf(&b, "  voice %s: %s of %s\n", v.ID, v.Points.Fixed(2), v.Max.Fixed(2))
		}
		if n := e.Next; n != nil {
			fmt.Fprintf(&b, "  next %s:", n.ID)
			for _, d := range n.Demands {
				fmt.Fprintf(&b, " %s %s known %v met %v;", d.Of, d.Has, d.Known, d.Met)
			}
			fmt.Fprintf(&b, " held %v promotion %v\n", n.Held, n.Promotion)
		}
		if len(r.Blocked)+len(r.Unmet) > 0 || r.Held != "" {
			fmt.Fprintf(&b, "  blocked %v unmet %v held %q\n", r.Blocked, r.Unmet, r.Held)
		}
		fmt.Fprintf(&b, "  facts %s\n  result %s\n", r.Facts, r.Hash())
	}
	for _, d := range sc.scheme.Rollups {
		for _, g := range sc.groups[d.ID] {
			fmt.Fprintf(&b, "== %s %s %s: %s, %d of %d, weight %s, grade %q, %v\n", d.ID, g.Kind, g.Name, shownOr(g.Shown), g.Counted, len(g.Members), g.Weight, g.Grade, g.Spellings)
		}
	}
	return b.Bytes()
}

func shownOr(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// TestScenarios replays the golden scenarios: the lines, the totals, the grades and the hashes of every result must stay what they are.
func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob("testdata/scenarios/*.txtar")
	if err != nil || len(paths) < 15 {
		t.Fatalf("%d scenarios found, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
			}
			if name, ok := strings.CutPrefix(strings.TrimSpace(files["scheme.yaml"]), "file: "); ok {
				data, err := os.ReadFile(filepath.Join("testdata", name))
				if err != nil {
					t.Fatal(err)
				}
				files["scheme.yaml"] = string(data)
			}
			got := runScenario(t, files).dump(t)
			if *update {
				archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
				archive.Files = append(archive.Files, txtar.File{Name: "want", Data: got})
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if string(got) != files["want"] {
				t.Errorf("%s differs; run make golden and look at what changed.\n--- got\n%s", path, got)
			}
		})
	}
}

var (
	fence   = regexp.MustCompile("(?s)```(yaml scheme|csv facts|csv join|csv history|text result|text errors|text verdicts)( continued)?\n(.*?)```")
	factRow = regexp.MustCompile(`^([^:]+): (.*)$`)
)

// TestReadmeExamples computes the worked examples of README.md. A scheme starts an example; its tables follow; each line of a result names a
// subject, or a group of a roll-up, and numbers that were computed by hand.
func TestReadmeExamples(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	examples, claims := 0, 0
	for _, m := range fence.FindAllStringSubmatch(string(data), -1) {
		switch m[1] {
		case "yaml scheme":
			files = map[string]string{"scheme.yaml": m[3]}
		case "text errors":
			_, err := ParseScheme([]byte(files["scheme.yaml"]))
			if got := ProblemsOf(err).Error() + "\n"; got != m[3] {
				t.Errorf("errors are\n%swant\n%s", got, m[3])
			}
			examples++
		case "text verdicts":
			var got strings.Builder
			for _, v := range Guarantees(mustParse(t, files["scheme.yaml"]), 1, 300) {
				got.WriteString(strings.TrimSpace(v.Guarantee+" "+v.About) + ": " + string(v.Finding) + "\n")
			}
			if got.String() != m[3] {
				t.Errorf("verdicts are\n%swant\n%s", got.String(), m[3])
			}
			examples++
		case "text result":
			examples++
			t.Run(strconv.Itoa(examples), func(t *testing.T) {
				sc := runScenario(t, files)
				for _, line := range strings.Split(strings.TrimSpace(m[3]), "\n") {
					row := factRow.FindStringSubmatch(line)
					if row == nil {
						t.Fatalf("cannot read %q", line)
					}
					for _, claim := range strings.Fields(row[2]) {
						name, want, _ := strings.Cut(claim, "=")
						claims++
						if got := sc.claim(row[1], name); got != want {
							t.Errorf("%s: %s is %q, README.md says %q", row[1], name, got, want)
						}
					}
				}
			})
		default:
			files[strings.TrimPrefix(m[1], "csv ")+".csv"] = m[3]
		}
	}
	t.Logf("%d examples, %d numbers", examples, claims)
	if examples < 12 || claims < 60 {
		t.Errorf("only %d examples with %d numbers found", examples, claims)
	}
}

// claim returns what an example says about: total, grade, status, held, an indicator or part, output.X; of a group value, grade, counted,
// weight, members and spellings.
func (sc *scenario) claim(subject, name string) string {
	if rollup, group, ok := strings.Cut(subject, " "); ok {
		for _, g := range sc.groups[rollup] {
			if g.Name != group {
				continue
			}
			switch name {
			case "value":
				return shownOr(g.Shown)
			case "grade":
				return g.Grade
			case "counted":
				return strconv.Itoa(g.Counted)
			case "members":
				return strconv.Itoa(len(g.Members))
			case "spellings":
				return strconv.Itoa(len(g.Spellings))
			case "weight":
				return g.Weight.String()
			}
		}
		return "no such group"
	}
	r := sc.results[subject]
	if r == nil {
		return "no such subject"
	}
	switch name {
	case "total":
		return shownOr(r.Total.Shown)
	case "grade":
		return r.Grade
	case "status":
		return r.Status
	case "held":
		return r.Held
	}
	if id, ok := strings.CutPrefix(name, "output."); ok {
		if o := r.Output(id); o != nil && o.Known {
			return o.Shown
		}
		return "unknown"
	}
	if l := r.Line(name); l != nil {
		if !l.Counted {
			return lineWords[l.State]
		}
		return l.Points.String()
	}
	if p := r.Part(name); p != nil {
		return shownOr(p.Shown)
	}
	return "skipped"
}

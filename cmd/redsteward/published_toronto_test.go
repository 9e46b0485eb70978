//go:build !race

package main

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// torontoData returns the paths of the City's inspections and registrations. Without the data the test is skipped, unless it is required.
func torontoData(t testing.TB) (inspections, registrations string) {
	t.Helper()
	dir := os.Getenv("REDSTEWARD_DATA")
	if dir == "" {
		if os.Getenv("REDSTEWARD_DATA_REQUIRED") == "1" {
			t.Fatal("REDSTEWARD_DATA_REQUIRED=1, but REDSTEWARD_DATA is not set")
		}
		t.Skip("REDSTEWARD_DATA is not set: the City of Toronto's files are not here")
	}
	return filepath.Join(dir, "toronto-rentsafe-2023-2026.csv.gz"), filepath.Join(dir, "toronto-registrations-2026.csv.gz")
}

// readPacked reads a packed table as one map a row.
func readPacked(t testing.TB, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = strings.TrimSpace(record[i])
		}
		rows = append(rows, row)
	}
	return rows
}

// TestScoreAgreesWithTheCity holds what the command prints against what the City published for the same 6,090 inspections.
func TestScoreAgreesWithTheCity(t *testing.T) {
	inspections, _ := torontoData(t)
	out, errOut, code := runMain(t, "score", "--scheme", "rentsafe-toronto", "--facts", inspections, "--format", "csv")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	got, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	published := readPacked(t, inspections)
	if len(got) != len(published)+1 || len(published) != 6090 {
		t.Fatalf("%d rows for %d", len(got)-1, len(published))
	}
	explained := explainedDifferences(t)
	// Two of the corrected ones cross the cut of 85 by their correction, one by a current score that its own parts do not explain.
	otherSign := []string{"4153614", "5365276", "4155602"}
	total, current, sign := 0, 0, 0
	for i, row := range published {
		id, ours := row["RSN"]+"/"+row["EVALUATION COMPLETED ON"], got[i+1]
		if ours[0] != id {
			t.Fatalf("row %d is %s, want %s", i+1, ours[0], id)
		}
		if ours[1] == row["PROACTIVE BUILDING SCORE"] {
			total++
		}
		if ours[3] == row["CURRENT BUILDING EVAL SCORE"] {
			current++
		}
		if ours[1] != row["PROACTIVE BUILDING SCORE"] || ours[3] != row["CURRENT BUILDING EVAL SCORE"] {
			want := strings.Join([]string{row["PROACTIVE BUILDING SCORE"], ours[1], row["CURRENT BUILDING EVAL SCORE"], ours[3]}, " ")
			if explained[id] != want {
				t.Errorf("%s: published and computed total, published and computed current are %s, explained are %q", id, want, explained[id])
			}
			delete(explained, id)
		}
		if ours[2] == signOf(t, row["CURRENT BUILDING EVAL SCORE"]) {
			sign++
		} else if !slices.Contains(otherSign, row["RSN"]) {
			t.Errorf("%s: sign %s, published score %s", id, ours[2], row["CURRENT BUILDING EVAL SCORE"])
		}
	}
	if len(explained) > 0 {
		t.Errorf("explained, and yet the same as published: %v", explained)
	}
	t.Logf("of 6090: total agrees in %d, current in %d, sign in %d", total, current, sign)
	if total != 6080 || current != 6079 || sign != 6087 {
		t.Errorf("total %d, current %d, sign %d", total, current, sign)
	}
}

// explainedDifferences reads the table of what differs from the file that explains it: by inspection, the published and the computed total, and the same
// of the current score.
func explainedDifferences(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../configs/schemes/README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| (\d+/\S+) \| (\S+) \| (\S+) \| (\S+) \| (\S+) \| \S.* \|$`)
	out := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		out[m[1]] = strings.Join(m[2:6], " ")
	}
	if len(out) != 11 {
		t.Fatalf("%d differences are explained, want 11", len(out))
	}
	return out
}

// signOf is the colour of the sign by the City's cuts.
func signOf(t testing.TB, score string) string {
	t.Helper()
	x, err := strconv.ParseFloat(score, 64)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case x >= 85:
		return "绿牌"
	case x >= 70:
		return "黄牌"
	}
	return "红牌"
}

// TestRollupOfTheCity rolls the inspections up to management companies and checks that what was merged differs in nothing but the declared ways.
func TestRollupOfTheCity(t *testing.T) {
	inspections, registrations := torontoData(t)
	args := []string{"score", "--scheme", "rentsafe-toronto", "--facts", inspections, "--join", registrations, "--on", "RSN"}
	out, errOut, code := runMain(t, append(args, "--rollup", "PROP_MANAGEMENT_COMPANY_NAME", "--format", "json")...)
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	manager := map[string]string{}
	blankBuildings := 0
	for _, row := range readPacked(t, registrations) {
		manager[row["RSN"]] = row["PROP_MANAGEMENT_COMPANY_NAME"]
		if row["PROP_MANAGEMENT_COMPANY_NAME"] == "" {
			blankBuildings++
		}
	}
	blankRows, spellings := 0, map[string]bool{}
	for _, row := range readPacked(t, inspections) {
		if m := manager[row["RSN"]]; m == "" {
			blankRows++
		} else {
			spellings[m] = true
		}
	}
	if blankBuildings != 477 {
		t.Errorf("%d registrations without a manager, want 477", blankBuildings)
	}
	rows, named, merged, seen := 0, 0, 0, 0
	decoder := json.NewDecoder(strings.NewReader(out))
	for decoder.More() {
		var g groupJSON
		if err := decoder.Decode(&g); err != nil {
			t.Fatal(err)
		}
		rows += g.Rows
		switch g.Kind {
		case "blank":
			if g.Rows != blankRows || len(g.Spellings) != 1 || g.Spellings[0].Text != "" {
				t.Errorf("the blank group has %d rows (want %d) and the spellings %v", g.Rows, blankRows, g.Spellings)
			}
			continue
		case "placeholder":
			seen += len(g.Spellings)
			continue
		}
		named++
		seen += len(g.Spellings)
		if len(g.Spellings) > 1 {
			merged++
		}
		for _, s := range g.Spellings[1:] {
			if bare(s.Text) != bare(g.Spellings[0].Text) {
				t.Errorf("%q and %q were merged and are not the same name", s.Text, g.Spellings[0].Text)
			}
		}
	}
	t.Logf("%d rows, %d spellings, %d companies of which %d were written in several ways, %d rows without a manager", rows, seen, named, merged, blankRows)
	if rows != 6090 || seen != len(spellings) || named != 875 || merged != 62 || blankRows != 815 {
		t.Errorf("%d rows, %d of %d spellings, %d companies, %d merged, %d blank", rows, seen, len(spellings), named, merged, blankRows)
	}
}

// bare is a name without its marks, blanks and the word "and", with the forms of a company in one spelling each: what is left must be equal.
func bare(name string) string {
	words := strings.FieldsFunc(strings.NewReplacer(".", "", "'", "", "’", "", "&", " ").Replace(strings.ToUpper(name)), func(r rune) bool { return r == ' ' || r == ',' })
	forms := map[string]string{"LIMITED": "LTD", "INCORPORATED": "INC", "CORPORATION": "CORP", "COMPANY": "CO", "AND": "", "C/O": ""}
	var b strings.Builder
	for _, w := range words {
		if form, ok := forms[w]; ok {
			w = form
		}
		b.WriteString(w)
	}
	return strings.ReplaceAll(b.String(), "LTDPARTNERSHIP", "LP")
}

// BenchmarkScoreToronto times the whole command on the 6,090 inspections.
func BenchmarkScoreToronto(b *testing.B) {
	inspections, _ := torontoData(b)
	for b.Loop() {
		if _, errOut, code := runMain(b, "score", "--scheme", "rentsafe-toronto", "--facts", inspections, "--format", "csv"); code != exitOK {
			b.Fatal(errOut)
		}
	}
	b.ReportMetric(6090*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"redsteward/internal/fault"
	"redsteward/rating"
)

// findRollup returns the roll-up that the scheme declares for a column of the table, for a fact, or under an id.
func (r *scoring) findRollup() (*rating.Rollup, error) {
	name := r.command.Rollup
	var known []string
	for i := range r.scheme.Rollups {
		d := &r.scheme.Rollups[i]
		column := d.By
		if at, ok := r.scheme.FactIndex(d.By); ok && r.scheme.Facts[at].Column != "" {
			column = r.scheme.Facts[at].Column
		}
		if name == column || name == d.By || name == d.ID {
			return d, nil
		}
		known = append(known, column)
	}
	if len(known) == 0 {
		return nil, fault.New("cmd.rollup", fault.Invalid, "方案没有声明任何汇总")
	}
	return nil, fault.New("cmd.rollup", fault.Invalid, fmt.Sprintf("方案没有声明按 %q 的汇总，可以写：%s", name, strings.Join(known, "、")))
}

// printRollup gathers all rows into groups and prints these, and every name that was written in several ways.
func (r *scoring) printRollup(out io.Writer) error {
	d, err := r.findRollup()
	if err != nil {
		return err
	}
	roller, err := r.scheme.NewRoller(d.ID)
	if err != nil {
		return err
	}
	err = r.each(func(sub rating.Subject) error {
		result := r.evaluate(sub)
		roller.Add(sub, &result)
		return nil
	})
	if err != nil {
		return err
	}
	groups := roller.Groups()
	switch r.command.Format {
	case "csv":
		return rollupCSV(out, groups)
	case "json":
		return rollupJSON(out, groups)
	}
	return rollupTable(out, d, groups)
}

// spelled joins the spellings of a group, the most frequent first.
func spelled(g *rating.Group) string {
	var all []string
	for _, s := range g.Spellings {
		all = append(all, fmt.Sprintf("%s ×%d", s.Text, s.Count))
	}
	return strings.Join(all, " | ")
}

func rollupCSV(out io.Writer, groups []rating.Group) error {
	w := csv.NewWriter(out)
	if err := w.Write([]string{"name", "total", "grade", "kind", "key", "rows", "counted", "weight", "spellings"}); err != nil {
		return err
	}
	for i := range groups {
		g := &groups[i]
		row := []string{g.Name, g.Shown, g.Label, g.Kind, g.Key, strconv.Itoa(len(g.Members)), strconv.Itoa(g.Counted), g.Weight.String(), spelled(g)}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// groupJSON is one group as --format json prints it, one a line. Numbers are exact decimal texts.
type groupJSON struct {
	Name      string         `json:"name"`
	Kind      string         `json:"kind"`
	Key       string         `json:"key"`
	Total     string         `json:"total"`
	Grade     string         `json:"grade"`
	Label     string         `json:"label"`
	Rows      int            `json:"rows"`
	Counted   int            `json:"counted"`
	Weight    string         `json:"weight"`
	Spellings []spellingJSON `json:"spellings"`
	Members   []string       `json:"members"`
}

type spellingJSON struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

func rollupJSON(out io.Writer, groups []rating.Group) error {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for i := range groups {
		g := &groups[i]
		line := groupJSON{
			Name: g.Name, Kind: g.Kind, Key: g.Key, Total: g.Shown, Grade: g.Grade, Label: g.Label,
			Rows: len(g.Members), Counted: g.Counted, Weight: g.Weight.String(), Members: g.Members, Spellings: []spellingJSON{},
		}
		for _, s := range g.Spellings {
			line.Spellings = append(line.Spellings, spellingJSON{s.Text, s.Count})
		}
		if err := lines.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func rollupTable(out io.Writer, d *rating.Rollup, groups []rating.Group) error {
	table := textTable{Head: []string{d.Name, "汇总分", "等级", "行数", "计入", "权重", "写法"}, Right: []bool{false, true, false, true, true, true, true}}
	named, spellings, rows, blank := 0, 0, 0, 0
	var merged []*rating.Group
	for i := range groups {
		g := &groups[i]
		table.Rows = append(table.Rows, []string{
			g.Name, g.Shown, g.Label, strconv.Itoa(len(g.Members)), strconv.Itoa(g.Counted), g.Weight.String(), strconv.Itoa(len(g.Spellings)),
		})
		rows += len(g.Members)
		switch g.Kind {
		case rating.GroupBlank:
			blank += len(g.Members)
		case rating.GroupNamed:
			named++
			spellings += len(g.Spellings)
			if len(g.Spellings) > 1 {
				merged = append(merged, g)
			}
		}
	}
	if err := table.write(out); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "\n%d 行；%d 种写法归为 %d 个名称，其中 %d 个名称合并了几种写法；没有填写的 %d 行自成一组\n", rows, spellings, named, len(merged), blank); err != nil {
		return err
	}
	for _, g := range merged {
		if _, err := fmt.Fprintf(out, "  %s ← %s\n", oneLine(g.Key), oneLine(spelled(g))); err != nil {
			return err
		}
	}
	return nil
}

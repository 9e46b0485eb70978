package cycle

import (
	"cmp"
	"slices"
	"strings"

	"redsteward/internal/num"
	"redsteward/rating"
	"redsteward/supervision"
)

// fractional are the units of which there may be a half; everything else is counted in whole numbers.
var fractional = []string{"分", "元", "%", "㎡", "平方米", "小时"}

// Asks lists what a scheme needs to be told, by the source that tells it, in the order of the scheme; where the scheme names a second source, by that. What the register holds is not asked.
func Asks(s *rating.Scheme) map[string][]supervision.Ask {
	readers := map[string][]*rating.Indicator{}
	for i := range s.Indicators {
		for _, fact := range s.Reads(s.Indicators[i].ID) {
			readers[fact] = append(readers[fact], &s.Indicators[i])
		}
	}
	asks := map[string][]supervision.Ask{}
	for i := range s.Facts {
		f := &s.Facts[i]
		source := cmp.Or(f.Otherwise, f.Source)
		if source == "" || source == SourceRegistry {
			continue
		}
		ask := supervision.Ask{Fact: f.ID, Name: f.Name, Note: f.Note, Columns: columns(f), Uploads: f.Upload}
		read := readers[f.ID]
		var names []string
		for _, in := range read {
			names = append(names, in.Name)
		}
		ask.Indicator = strings.Join(names, "、")
		if len(read) == 1 {
			ask.Clause, ask.Points = read[0].Clause, s.ShownMax(read[0])
		}
		if f.Otherwise != "" {
			ask.Held = f.Source
			ask.Note += "系统里有" + SourceName(f.Source) + "的小区以它为准，不用填。"
		}
		asks[source] = append(asks[source], ask)
	}
	return asks
}

// windowAsks are the asks of one window: without the facts that add up over a year, which the windows of its quarters ask for.
func windowAsks(s *rating.Scheme) map[string][]supervision.Ask {
	asks := Asks(s)
	for source, list := range asks {
		asks[source] = slices.DeleteFunc(list, func(a supervision.Ask) bool {
			at, ok := s.FactIndex(a.Fact)
			return ok && s.Facts[at].Window == "year"
		})
	}
	return asks
}

// columns are the cells of a fact.
func columns(f *rating.Fact) []supervision.Column {
	names := f.ColumnNames()
	kind, limit := supervision.ColumnCount, ""
	if f.Type == rating.TypeNumber || slices.Contains(fractional, f.Unit) {
		kind = supervision.ColumnNumber
	}
	if f.Max != nil {
		limit = f.Max.String()
	}
	switch f.Type {
	case rating.TypeRatio:
		above, below := ratioLabels(f.Name)
		cols := []supervision.Column{{Name: names[0], Label: above, Unit: f.Unit, Kind: kind}, {Name: names[1], Label: below, Unit: f.Unit, Kind: kind}}
		if f.Max == nil || !num.FromInt(1).Less(*f.Max) {
			cols[0].OfColumn = names[1]
		}
		return cols
	case rating.TypeChecklist:
		cols := make([]supervision.Column, len(f.Items))
		for i := range f.Items {
			cols[i] = supervision.Column{Name: names[i], Label: f.Items[i].Name, Unit: f.Unit, Kind: kind, Max: limit}
		}
		return cols
	case rating.TypeSurvey:
		cols := []supervision.Column{{Name: names[0], Label: "总户数", Unit: "户", Kind: supervision.ColumnCount}}
		for i := range f.Levels {
			cols = append(cols, supervision.Column{Name: names[i+1], Label: f.Levels[i].Name, Unit: "份", Kind: supervision.ColumnCount, OfColumn: names[0]})
		}
		return cols
	}
	col := supervision.Column{Name: names[0], Label: f.Name, Unit: f.Unit, Kind: kind, Max: limit}
	switch f.Type {
	case rating.TypeBool:
		col.Kind = supervision.ColumnBool
	case rating.TypeText, rating.TypeDate:
		col.Kind = supervision.ColumnText
		for _, v := range f.Values {
			col.Values = append(col.Values, supervision.Choice{ID: v.ID, Text: v.Text})
		}
	case rating.TypeEvents:
		col.Kind = supervision.ColumnEvent
		for i := range f.Codes {
			col.Values = append(col.Values, supervision.Choice{ID: f.Codes[i].ID, Text: f.Codes[i].Name})
		}
	}
	return []supervision.Column{col}
}

// ratioLabels takes what a scheme writes behind the name, as in 报修按时办理（按时/应办）.
func ratioLabels(name string) (above, below string) {
	if from := strings.LastIndex(name, "（"); from >= 0 && strings.HasSuffix(name, "）") {
		inside := strings.TrimSuffix(name[from+len("（"):], "）")
		if _, after, ok := strings.Cut(inside, "，"); ok {
			inside = after
		}
		if a, b, ok := strings.Cut(inside, "/"); ok {
			return a, b
		}
	}
	return name + "：分子", name + "：分母"
}

package charts

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

// Colours of options are names of CSS variables; the page's script puts in what the style sheet says.
const (
	colourMain = "--red"
	colourInk  = "--ink2"
	colourCalm = "--wash"
	colourWeak = "#cf9a96" // the fourth of the star ramp
)

// partColours are for categories without order, in the order of the style guide.
var partColours = []string{"--red", "--amber", "--link", "--green", "--violet"}

// Series is one line of a trend. A value that is not there is nil.
type Series struct {
	Name   string
	Values []*float64
}

// option is what every chart of a board has in common: drawn on canvas, tooltips as rich text, no movement, described for screen readers, patterns for print.
func option(made map[string]any) ([]byte, error) {
	for _, off := range []string{"title", "toolbox", "legend"} {
		delete(made, off)
	}
	made["animation"] = false
	made["aria"] = map[string]any{"enabled": true}
	made["textStyle"] = map[string]any{"color": "--ink", "fontFamily": "sans-serif"}
	made["tooltip"] = map[string]any{"show": true, "renderMode": "richText", "confine": true}
	return json.Marshal(made)
}

// SpreadOption draws how many have totals of each band.
func SpreadOption(bands []string, counts []int, unit string) ([]byte, error) {
	bar := charts.NewBar()
	data := make([]opts.BarData, len(counts))
	for i, n := range counts {
		data[i] = opts.BarData{Value: n}
	}
	bar.SetXAxis(bands).AddSeries(unit, data, charts.WithLabelOpts(opts.Label{Show: opts.Bool(true), Position: "top"}),
		charts.WithItemStyleOpts(opts.ItemStyle{Color: colourMain}))
	bar.SetGlobalOptions(charts.WithYAxisOpts(opts.YAxis{Min: 0}), charts.WithGridOpts(opts.Grid{Left: "8", Right: "16", Top: "24", Bottom: "8", ContainLabel: opts.Bool(true)}))
	bar.Validate()
	return option(bar.JSON())
}

// TrendOption draws at most five lines over the same periods, from 0 to 100, each with its name at its end.
func TrendOption(periods []string, lines []Series) ([]byte, error) {
	line := charts.NewLine()
	line.SetXAxis(periods)
	for i, s := range lines {
		data := make([]opts.LineData, len(s.Values))
		for j, v := range s.Values {
			data[j] = opts.LineData{Value: "-"}
			if v != nil {
				data[j] = opts.LineData{Value: *v, Symbol: "circle", SymbolSize: 6}
			}
		}
		line.AddSeries(s.Name, data, charts.WithItemStyleOpts(opts.ItemStyle{Color: partColours[i%len(partColours)]}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: partColours[i%len(partColours)], Width: 2}))
	}
	line.SetGlobalOptions(charts.WithYAxisOpts(opts.YAxis{Min: 0, Max: 100}), charts.WithGridOpts(opts.Grid{Left: "8", Right: "96", Top: "24", Bottom: "8", ContainLabel: opts.Bool(true)}))
	line.Validate()
	raw, err := option(line.JSON())
	if err != nil {
		return nil, err
	}
	return withEndLabels(raw)
}

// withEndLabels names each line at its end; the option builder does not know this.
func withEndLabels(raw []byte) ([]byte, error) {
	return changed(raw, func(made map[string]any) {
		each(made["series"], func(one map[string]any) {
			one["endLabel"] = map[string]any{"show": true, "formatter": "{a}"}
			one["labelLayout"] = map[string]any{"moveOverlap": "shiftY"}
		})
	})
}

// changed puts into an option what the builder does not know.
func changed(raw []byte, change func(made map[string]any)) ([]byte, error) {
	var made map[string]any
	if err := json.Unmarshal(raw, &made); err != nil {
		return nil, err
	}
	change(made)
	return json.Marshal(made)
}

// each changes every object of a list.
func each(list any, change func(one map[string]any)) {
	objects, _ := list.([]any)
	for _, o := range objects {
		if one, ok := o.(map[string]any); ok {
			change(one)
		}
	}
}

// MoveOption draws by how much each name changed, to two places and with its sign as the table beside it has it, the first on top. Up and down have one colour: their side of the axis tells them apart. It can be read at the width
// of a phone: a change stands to the right of its bar, so that one that is below zero does not run into the names, long names are cut, and the axis has few marks.
func MoveOption(names []string, changes []float64, unit string) ([]byte, error) {
	bar := charts.NewBar()
	data := make([]opts.BarData, len(changes))
	for i, x := range changes {
		data[i] = opts.BarData{Value: x, Label: &opts.Label{Show: opts.Bool(true), Position: "right", Formatter: types.FuncStr(strings.ReplaceAll(fmt.Sprintf("%+.2f", x), "-", "−"))}}
	}
	bar.SetXAxis(names).AddSeries(unit, data,
		charts.WithItemStyleOpts(opts.ItemStyle{Color: colourInk}))
	bar.XYReversal()
	bar.SetGlobalOptions(charts.WithYAxisOpts(opts.YAxis{Inverse: opts.Bool(true)}),
		charts.WithGridOpts(opts.Grid{Left: "4", Right: "12", Top: "4", Bottom: "4", ContainLabel: opts.Bool(true)}))
	bar.Validate()
	raw, err := option(bar.JSON())
	if err != nil {
		return nil, err
	}
	return changed(raw, func(made map[string]any) {
		each(made["xAxis"], func(axis map[string]any) {
			axis["splitNumber"], axis["boundaryGap"] = 3, []string{"16%", "16%"}
			axis["axisLabel"] = map[string]any{"hideOverlap": true}
		})
		each(made["yAxis"], namesFit)
	})
}

// namesFit cuts long names of an axis, so that a phone has room for the picture.
func namesFit(axis map[string]any) {
	axis["axisLabel"], axis["axisTick"] = map[string]any{"width": nameWidth, "overflow": "truncate", "interval": 0}, map[string]any{"show": false}
}

// nameWidth is how many pixels of a narrow chart a name may take.
const nameWidth = 84

// heatWidth is how many pixels the columns share on a sheet of paper.
const heatWidth = 480

// HeatOption draws a table of rates in percent; cells holds a row of cells for each row, nil where there is none. The first row stands on top.
func HeatOption(rows, columns []string, cells [][]*float64) ([]byte, error) {
	heat := charts.NewHeatMap()
	var data []opts.HeatMapData
	lowest := 100.0
	for i, row := range cells {
		for j, v := range row {
			if v != nil {
				data = append(data, opts.HeatMapData{Value: [3]any{j, i, *v}})
				lowest = min(lowest, *v)
			}
		}
	}
	heat.AddSeries("得分率", data, charts.WithLabelOpts(opts.Label{Show: opts.Bool(true), Color: "--ink"}))
	heat.SetGlobalOptions(
		charts.WithXAxisOpts(opts.XAxis{Type: "category", Data: columns, Position: "top"}),
		charts.WithYAxisOpts(opts.YAxis{Type: "category", Data: rows, Inverse: opts.Bool(true)}),
		charts.WithVisualMapOpts(opts.VisualMap{Min: float32(lowest), Max: 100, Show: opts.Bool(false), InRange: &opts.VisualMapInRange{Color: []string{colourWeak, colourCalm}}}),
		charts.WithGridOpts(opts.Grid{Left: "8", Right: "8", Top: "8", Bottom: "8", ContainLabel: opts.Bool(true)}))
	heat.Validate()
	raw, err := option(heat.JSON())
	if err != nil {
		return nil, err
	}
	return changed(raw, func(made map[string]any) {
		each(made["xAxis"], func(axis map[string]any) {
			axis["axisLabel"] = map[string]any{"interval": 0, "width": min(72, max(24, heatWidth/max(1, len(columns)))), "overflow": "break", "hideOverlap": false}
		})
		each(made["yAxis"], func(axis map[string]any) {
			axis["axisLabel"] = map[string]any{"interval": 0, "width": 2 * nameWidth, "overflow": "truncate"}
		})
	})
}

// StarOption draws how many have each grade, now as red bars and the period before as outlines beside them; before is nil without one. Each bar carries its number.
func StarOption(grades []string, now, before []int, nowName, beforeName string) ([]byte, error) {
	bar := charts.NewBar()
	bar.SetXAxis(grades)
	add := func(name string, counts []int, style opts.ItemStyle) {
		data := make([]opts.BarData, len(counts))
		for i, n := range counts {
			data[i] = opts.BarData{Value: n}
		}
		bar.AddSeries(name, data, charts.WithLabelOpts(opts.Label{Show: opts.Bool(true), Position: "top"}), charts.WithItemStyleOpts(style))
	}
	if before != nil {
		add(beforeName, before, opts.ItemStyle{Color: "#fff", BorderColor: colourInk})
	}
	add(nowName, now, opts.ItemStyle{Color: colourMain})
	bar.SetGlobalOptions(charts.WithYAxisOpts(opts.YAxis{Min: 0}), charts.WithGridOpts(opts.Grid{Left: "8", Right: "8", Top: "40", Bottom: "8", ContainLabel: opts.Bool(true)}))
	bar.Validate()
	raw, err := option(bar.JSON())
	if err != nil {
		return nil, err
	}
	return changed(raw, func(made map[string]any) {
		withLegend(made)
		each(made["xAxis"], func(axis map[string]any) {
			axis["axisLabel"] = map[string]any{"interval": 0, "width": 44, "overflow": "break"}
		})
	})
}

// withLegend names the series above the picture.
func withLegend(made map[string]any) {
	made["legend"] = map[string]any{"top": 0, "left": 0, "itemHeight": 10, "itemWidth": 16, "textStyle": map[string]any{"color": "--ink"}}
}

// CutLine is a line across the values at which something begins, with its label.
type CutLine struct {
	Label string
	At    float64
}

// CutsOption draws how many have each value, in steps of one from first on, with the lines at which something else begins: what gathers just above a line shows.
func CutsOption(first float64, counts []int, lines []CutLine, unit string) ([]byte, error) {
	bar := charts.NewBar()
	data := make([]opts.BarData, len(counts))
	for i, n := range counts {
		data[i] = opts.BarData{Value: []float64{first + float64(i) + .5, float64(n)}}
	}
	end := first + float64(len(counts))
	marks := make([]opts.MarkLineNameXAxisItem, 0, len(lines))
	for _, l := range lines {
		if l.At >= first && l.At <= end {
			marks = append(marks, opts.MarkLineNameXAxisItem{Name: l.Label, XAxis: l.At})
		}
	}
	bar.AddSeries(unit, data, charts.WithItemStyleOpts(opts.ItemStyle{Color: colourMain, BorderColor: "#fff"}), charts.WithMarkLineNameXAxisItemOpts(marks...),
		charts.WithMarkLineStyleOpts(opts.MarkLineStyle{Symbol: []string{"none", "none"}, Label: &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: "end", Color: "--ink"},
			LineStyle: &opts.LineStyle{Color: "--ink", Type: "dashed", Width: 1}}))
	bar.SetGlobalOptions(charts.WithXAxisOpts(opts.XAxis{Type: "value", Min: first, Max: end}), charts.WithYAxisOpts(opts.YAxis{Min: 0}),
		charts.WithGridOpts(opts.Grid{Left: "8", Right: "16", Top: "28", Bottom: "8", ContainLabel: opts.Bool(true)}))
	bar.Validate()
	raw, err := option(bar.JSON())
	if err != nil {
		return nil, err
	}
	return changed(raw, func(made map[string]any) {
		each(made["series"], func(one map[string]any) { one["barWidth"] = "98%" })
		each(made["xAxis"], func(axis map[string]any) { axis["splitLine"] = map[string]any{"show": false}; delete(axis, "data") })
		each(made["yAxis"], func(axis map[string]any) { axis["minInterval"] = 1 })
	})
}

// Stack is one kind of a stacked bar: a count for each row.
type Stack struct {
	Name   string
	Counts []int
}

// stackColours are for kinds in the order of a life: done, under way, sent back, lost; the fifth and what follows are hollow.
var stackColours = []string{"--green", "--link", "--amber", "--violet"}

// StackOption draws for each row how many there are of each kind, stacked in one bar, the first row on top. The kinds have names above and patterns, so that they are told apart without colour.
func StackOption(rows []string, kinds []Stack) ([]byte, error) {
	bar := charts.NewBar()
	bar.SetXAxis(rows)
	for i, k := range kinds {
		data := make([]opts.BarData, len(k.Counts))
		for j, n := range k.Counts {
			data[j] = opts.BarData{Value: n}
			if n > 0 {
				data[j].Label = &opts.Label{Show: opts.Bool(true), Position: "inside", Color: "#fff"}
			}
		}
		style := opts.ItemStyle{Color: "#fff", BorderColor: colourInk}
		if i < len(stackColours) {
			style = opts.ItemStyle{Color: stackColours[i]}
		} else {
			for j := range data {
				if data[j].Label != nil {
					data[j].Label.Color = "--ink"
				}
			}
		}
		bar.AddSeries(k.Name, data, charts.WithBarChartOpts(opts.BarChart{Stack: "all"}), charts.WithItemStyleOpts(style))
	}
	bar.XYReversal()
	bar.SetGlobalOptions(charts.WithYAxisOpts(opts.YAxis{Inverse: opts.Bool(true)}), charts.WithGridOpts(opts.Grid{Left: "4", Right: "16", Top: "48", Bottom: "4", ContainLabel: opts.Bool(true)}))
	bar.Validate()
	raw, err := option(bar.JSON())
	if err != nil {
		return nil, err
	}
	return changed(raw, func(made map[string]any) {
		withLegend(made)
		made["aria"] = map[string]any{"enabled": true, "decal": map[string]any{"show": true}}
		each(made["series"], func(one map[string]any) { one["barMaxWidth"] = 28 })
		each(made["xAxis"], func(axis map[string]any) { axis["minInterval"] = 1 })
		each(made["yAxis"], namesFit)
	})
}

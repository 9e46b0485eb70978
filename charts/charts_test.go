package charts

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sampleRadar() Radar {
	return Radar{ID: "rt", Title: "五好得分率雷达图，数值见右表", HasBefore: true, Axes: []Axis{
		{"组织建设好", "88.0%", 88, 86}, {"党员队伍好", "82.0%", 82, 78}, {"服务质量好", "85.3%", 85.3, 80.3},
		{"运营管理好", "86.1%", 86.1, 87}, {"社会形象好", "78.3%", 78.3, 74.6}}}
}

func sampleWaterfall() Waterfall {
	steps := []Step{{"满分", "100.00", 100, true}, {"组织建设好", "−2.40", -2.4, false}, {"党员队伍好", "−2.70", -2.7, false},
		{"服务质量好", "−5.15", -5.15, false}, {"运营管理好", "−2.08", -2.08, false}, {"社会形象好", "−3.25", -3.25, false},
		{"加分项", "+3.00", 3, false}, {"扣分项", "−1.00", -1, false}, {"总分", "86.42", 86.42, true}}
	return Waterfall{ID: "wt", Title: "得失分瀑布图", Steps: steps, From: AxisFrom(steps), To: 100,
		Cuts: []Cut{{"四星线 84", 84}, {"五星线 92", 92}, {"一星线 60", 60}}}
}

func sampleTrend() Trend {
	points := []TrendPoint{{0, "81.20", 81.2, false, false}, {1, "83.00", 83, false, true}, {3, "84.50", 84.5, false, true}, {3, "84.10", 84.1, true, false}, {4, "79.00", 79, false, false}, {7, "88.00", 88, true, false}, {11, "91.30", 91.3, true, true}}
	return Trend{ID: "tt", Title: "历次总分图", Slots: []string{"2024年", "", "", "", "2025年", "", "", "", "2026年", "", "", ""}, Points: points, Breaks: []int{4}, From: TrendFrom(points), To: 100}
}

func TestGolden(t *testing.T) {
	for name, svg := range map[string]SVG{
		"radar.svg":     sampleRadar().SVG(),
		"waterfall.svg": sampleWaterfall().SVG(),
		"trend.svg":     sampleTrend().SVG(),
		"bar.svg":       Bar(5, 0.4) + "\n" + Bar(0, 0.001) + "\n" + Bar(3, 0),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, []byte(svg+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(svg)+"\n" != string(want) {
				t.Errorf("differs from %s:\n%s", file, svg)
			}
		})
	}
}

func TestRadarNeedsThreeAxes(t *testing.T) {
	r := sampleRadar()
	r.Axes = r.Axes[:2]
	if got := r.SVG(); got != "" {
		t.Errorf("two axes gave %q", got)
	}
}

func TestAxisFrom(t *testing.T) {
	tests := []struct {
		name  string
		steps []Step
		want  float64
	}{
		{"none", nil, 0},
		{"small losses cut the axis", sampleWaterfall().Steps, 80},
		{"a total of nothing begins at nothing", []Step{{Value: 100, Total: true}, {Value: -100}, {Value: 0, Total: true}}, 0},
		{"low levels begin at nothing", []Step{{Value: 100, Total: true}, {Value: -97}, {Value: 3, Total: true}}, 0},
	}
	for _, tt := range tests {
		if got := AxisFrom(tt.steps); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestHostileText proves that any text and any number give well-formed SVG that consists of drawing elements and drawing attributes only.
func TestHostileText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			`</title><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onload='x`, `&lt;b&gt;`, "\x00", `]]>`}))
		value := rapid.Float64()
		r := Radar{ID: "i", Title: text.Draw(t, "title"), HasBefore: rapid.Bool().Draw(t, "before")}
		w := Waterfall{ID: "j", Title: text.Draw(t, "title2"), From: value.Draw(t, "from"), To: value.Draw(t, "to")}
		line := Trend{ID: "k", Title: text.Draw(t, "title3"), From: value.Draw(t, "from"), To: value.Draw(t, "to"), Slots: []string{text.Draw(t, "slot"), ""}, Breaks: []int{1}}
		for i := range rapid.IntRange(3, 8).Draw(t, "n") {
			line.Points = append(line.Points, TrendPoint{i, text.Draw(t, "t"), value.Draw(t, "v"), rapid.Bool().Draw(t, "year"), rapid.Bool().Draw(t, "joined")})
			r.Axes = append(r.Axes, Axis{text.Draw(t, "l"), text.Draw(t, "t"), value.Draw(t, "v"), value.Draw(t, "b")})
			w.Steps = append(w.Steps, Step{text.Draw(t, "l"), text.Draw(t, "t"), value.Draw(t, "v"), rapid.Bool().Draw(t, "total")})
			w.Cuts = append(w.Cuts, Cut{text.Draw(t, "l"), value.Draw(t, "v")})
		}
		checkPlain(t, r.SVG())
		checkPlain(t, w.SVG())
		checkPlain(t, line.SVG())
		checkPlain(t, Bar(rapid.Int().Draw(t, "level"), value.Draw(t, "share")))
	})
}

func checkPlain(t *rapid.T, svg SVG) {
	elements := map[string]bool{"svg": true, "title": true, "line": true, "rect": true, "polygon": true, "circle": true, "text": true}
	attributes := map[string]bool{"class": true, "viewBox": true, "role": true, "aria-labelledby": true, "aria-hidden": true, "id": true, "points": true,
		"x": true, "y": true, "x1": true, "y1": true, "x2": true, "y2": true, "cx": true, "cy": true, "r": true, "width": true, "height": true, "text-anchor": true}
	d := xml.NewDecoder(strings.NewReader(strings.Map(printable, string(svg))))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not well formed: %v in %s", err, svg)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !elements[start.Name.Local] {
			t.Fatalf("element %s in %s", start.Name.Local, svg)
		}
		for _, a := range start.Attr {
			if !attributes[a.Name.Local] {
				t.Fatalf("attribute %s in %s", a.Name.Local, svg)
			}
			if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
				t.Fatalf("attribute %s=%q", a.Name.Local, a.Value)
			}
		}
	}
}

// printable drops what XML forbids but HTML, where the pictures go, shows as a replacement character.
func printable(r rune) rune {
	if r == 0xFFFE || r == 0xFFFF || r < 0x20 && r != '\t' && r != '\n' && r != '\r' {
		return -1
	}
	return r
}

// TestInterval draws range, figure and the cuts on the axis; what is not known is not drawn.
func TestInterval(t *testing.T) {
	whole := string(Interval{From: 60, To: 100, Low: 80, High: 90, At: 84, Cuts: []float64{84, 92, 101}}.SVG())
	for _, want := range []string{`aria-hidden="true"`, `<rect class="k1" x="80" y="4" width="39" height="8"/>`, `<circle class="dot" cx="95.6"`, `<line class="cut" x1="126.8"`} {
		if !strings.Contains(whole, want) {
			t.Errorf("%s lacks %s", whole, want)
		}
	}
	if n := strings.Count(whole, `class="cut"`); n != 2 {
		t.Errorf("%d cuts on the axis, want 2", n)
	}
	none := string(Interval{From: 60, To: 60, Low: math.NaN(), High: math.NaN(), At: math.NaN()}.SVG())
	if strings.Contains(none, "rect") || strings.Contains(none, "circle") || strings.Contains(none, "NaN") {
		t.Errorf("nothing known: %s", none)
	}
}

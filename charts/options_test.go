package charts

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// TestOptionsAreSafeForTheStrictPolicy: every chart of a board is drawn on canvas with rich text, does not move, and a name stays a text.
func TestOptionsAreSafeForTheStrictPolicy(t *testing.T) {
	x, name := 87.5, `</script><b>演示小区&"`
	for kind, f := range map[string]func() ([]byte, error){
		"spread": func() ([]byte, error) { return SpreadOption([]string{name}, []int{3}, "个") },
		"trend": func() ([]byte, error) {
			return TrendOption([]string{name, "二"}, []Series{{name, []*float64{&x, nil}}})
		},
		"move": func() ([]byte, error) { return MoveOption([]string{name}, []float64{-3}, "分") },
		"heat": func() ([]byte, error) {
			return HeatOption([]string{name}, []string{name, "二"}, [][]*float64{{&x, nil}})
		},
		"star":  func() ([]byte, error) { return StarOption([]string{name}, []int{3}, nil, "年", "") },
		"cuts":  func() ([]byte, error) { return CutsOption(80, []int{1, 2}, []CutLine{{name, 81}}, "个") },
		"stack": func() ([]byte, error) { return StackOption([]string{name}, []Stack{{"未交", []int{3}}}) },
	} {
		raw, err := f()
		if err != nil {
			t.Fatal(kind, err)
		}
		var made struct {
			Animation *bool
			Aria      struct{ Enabled bool }
			Tooltip   struct{ RenderMode string }
			Series    []struct {
				Data []struct{ Value any }
			}
		}
		if err := json.Unmarshal(raw, &made); err != nil {
			t.Fatal(kind, err)
		}
		if made.Animation == nil || *made.Animation || !made.Aria.Enabled || made.Tooltip.RenderMode != "richText" || len(made.Series) != 1 {
			t.Errorf("%s: %s", kind, raw)
		}
		if strings.Contains(string(raw), "<") || !strings.Contains(string(raw), "演示小区") {
			t.Errorf("%s: the name is not escaped: %s", kind, raw)
		}
	}
	raw, err := HeatOption([]string{"甲", "乙"}, []string{"一"}, [][]*float64{{nil}, {&x}})
	if err != nil || !strings.Contains(string(raw), `[0,1,87.5]`) || strings.Count(string(raw), `"value"`) != 1 {
		t.Errorf("a rate that is not there is drawn: %s, %v", raw, err)
	}
	raw, err = TrendOption([]string{"一", "二"}, []Series{{"甲", []*float64{nil, &x}}})
	if err != nil || !strings.Contains(string(raw), `"value":"-"`) || !strings.Contains(string(raw), "endLabel") {
		t.Errorf("a gap is not a gap: %s, %v", raw, err)
	}
	raw, err = CutsOption(80, []int{1, 2}, []CutLine{{"在", 82}, {"不在", 90}}, "个")
	if err != nil || !strings.Contains(string(raw), `[81.5,2]`) || !strings.Contains(string(raw), `"在"`) || strings.Contains(string(raw), "不在") || strings.Contains(string(raw), `"category"`) {
		t.Errorf("the bars do not lie between the lines: %s, %v", raw, err)
	}
	raw, err = StackOption([]string{"甲"}, []Stack{{"已交", []int{0}}, {"未交", []int{2}}})
	if err != nil || strings.Count(string(raw), `"stack":"all"`) != 2 || !strings.Contains(string(raw), `"decal":{"show":true}`) || strings.Count(string(raw), `"position":"inside"`) != 1 {
		t.Errorf("kinds cannot be told apart without colour: %s, %v", raw, err)
	}
	raw, err = StarOption([]string{"五星"}, []int{3}, []int{2}, "今年", "去年")
	if err != nil || strings.Index(string(raw), `"去年"`) < 0 || !strings.Contains(string(raw), `"legend"`) {
		t.Errorf("the year before is not named: %s, %v", raw, err)
	}
	raw, err = MoveOption([]string{"甲", "乙"}, []float64{-3, 2}, "分")
	var moves struct {
		XAxis, YAxis []map[string]any
		Series       []struct {
			Data []struct {
				Label struct{ Position, Formatter string }
			}
		}
	}
	if err = errors.Join(err, json.Unmarshal(raw, &moves)); err != nil {
		t.Fatal(err)
	}
	if data := moves.Series[0].Data; data[0].Label.Position != "right" || data[1].Label.Position != "right" || data[0].Label.Formatter != "−3.00" || data[1].Label.Formatter != "+2.00" {
		t.Errorf("changes do not stand at the outer ends as the table has them: %s", raw)
	}
	if len(moves.XAxis) != 1 || moves.XAxis[0]["splitNumber"] == nil || len(moves.YAxis) != 1 || moves.YAxis[0]["axisLabel"].(map[string]any)["overflow"] != "truncate" || moves.YAxis[0]["inverse"] != true {
		t.Errorf("the axes do not fit a phone: %s", raw)
	}
}

package yamlstrict_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/yamlstrict"
)

// colour accepts two words only.
type colour string

func (c *colour) UnmarshalText(text []byte) error {
	if s := string(text); s != "红" && s != "黑" {
		return fmt.Errorf("只能写 红 或 黑")
	}
	*c = colour(text)
	return nil
}

type inner struct {
	Name  string `yaml:"name,required"`
	Count int    `yaml:"count"`
}

type outer struct {
	Title  string        `yaml:"title"`
	On     bool          `yaml:"on"`
	Idle   time.Duration `yaml:"idle"`
	Colour colour        `yaml:"colour"`
	Inner  inner         `yaml:"inner"`
	List   []inner       `yaml:"list"`
	Hidden string
}

func TestDecode(t *testing.T) {
	got := outer{Title: "保留", Idle: time.Minute}
	doc := yamlstrict.Decode("a.yaml", []byte("on: true\nidle: 90s\ncolour: 红\ninner: {name: 2026, count: 3}\nlist:\n  - name: a\n  - name: b\n    count: -1\n"), &got)
	if err := doc.Err(); err != nil {
		t.Fatal(err)
	}
	want := outer{Title: "保留", On: true, Idle: 90 * time.Second, Colour: "红", Inner: inner{"2026", 3}, List: []inner{{"a", 0}, {"b", -1}}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestMistakes names the place of every mistake; one file may have many.
func TestMistakes(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // Each as line:column and a part of the message, in order.
	}{
		{"empty sets nothing", "", nil},
		{"comment only", "# nothing\n", nil},
		{"unknown key", "titel: x\n", []string{"1:1 没有 titel 这个键"}},
		{"key twice", "title: a\non: true\ntitle: b\n", []string{"3:1 title 写了两次，第一次在第 1 行"}},
		{"types", "title: [a]\non: yes\nidle: 90\ninner: {name: a, count: 1.0}\n",
			[]string{"1:8 title 要写一个值", "2:5 on 只能是 true 或 false", "3:7 idle 要写时长", "4:25 inner.count 要写整数"}},
		{"nothing is no value", "title:\ninner:\n  name: ~\n", []string{"1:7 title 没有填写", "3:9 inner.name 没有填写"}},
		{"required", "inner: {count: 1}\nlist:\n  - count: 2\n", []string{"1:8 缺少 inner.name", "3:5 缺少 list[1].name"}},
		{"own type", "colour: 白\n", []string{"1:9 colour 的值 \"白\" 不对：只能写 红 或 黑"}},
		{"alias", "inner: &x {name: a}\nlist:\n  - *x\n", []string{"1:8 不能使用 & 和 * 引用", "3:5 不能使用 & 和 * 引用"}},
		{"two documents", "title: a\n---\ntitle: b\n", []string{"2:1 一个文件只能有一份内容"}},
		{"no mapping", "- a\n", []string{"1:1 文件 要写成"}},
		{"group for a value", "inner: x\nlist: x\n", []string{"1:8 inner 要写成", "2:7 list 要写成列表"}},
		{"no YAML", "title: a\n\tb: c\n", []string{"2:1 不是有效的 YAML"}},
		{"octal-looking and big", "inner: {name: a, count: 99999999999999999999}\n", []string{"1:25 inner.count 要写整数"}},
		{"negative time", "idle: -5m\n", []string{"1:7 idle 要写时长"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var target outer
			fields := fault.FieldsOf(yamlstrict.Decode("a.yaml", []byte(tt.text), &target).Err())
			if len(fields) != len(tt.want) {
				t.Fatalf("mistakes %v, want %v", fields, tt.want)
			}
			for i, f := range fields {
				at, part, _ := strings.Cut(tt.want[i], " ")
				if f.Name != "a.yaml:"+at || !strings.Contains(f.Message, part) {
					t.Errorf("mistake %d: %s %s, want %s", i, f.Name, f.Message, tt.want[i])
				}
			}
		})
	}
}

func TestAdd(t *testing.T) {
	var target outer
	doc := yamlstrict.Decode("a.yaml", []byte("title: a\nlist:\n  - name: b\n  - name: c\n"), &target)
	doc.Add("list.1.name", "太短")
	doc.Add("list.1.count", "没有")
	doc.Add("", "整个文件")
	err := doc.Err()
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("kind %v", fault.KindOf(err))
	}
	want := "[{a.yaml:1:1 整个文件} {a.yaml:4:5 没有} {a.yaml:4:11 太短}]"
	if got := fmt.Sprint(fault.FieldsOf(err)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSetText(t *testing.T) {
	var target outer
	v := reflect.ValueOf(&target).Elem()
	for _, tt := range []struct {
		field, text, want string
	}{
		{"Title", "", ""}, {"Title", "true", ""}, {"On", "true", ""}, {"On", "1", "k 只能是 true 或 false"}, {"Idle", "5m", ""},
		{"Idle", "5", "k 要写时长"}, {"Colour", "红", ""}, {"Colour", "绿", "k 的值"}, {"Count", "12", ""}, {"Count", "0x1f", "k 要写整数"}, {"Count", "", "k 没有填写"},
	} {
		f := v.FieldByName(tt.field)
		if tt.field == "Count" {
			f = v.FieldByName("Inner").FieldByName("Count")
		}
		err := yamlstrict.SetText(f, "k", tt.text)
		fields := fault.FieldsOf(err)
		if tt.want == "" && err != nil || tt.want != "" && (len(fields) != 1 || !strings.HasPrefix(fields[0].Message, tt.want)) {
			t.Errorf("%s=%q: %v, want %q", tt.field, tt.text, fields, tt.want)
		}
	}
	if !target.On || target.Inner.Count != 12 || target.Title != "true" {
		t.Errorf("got %+v", target)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("title: a\ninner: {name: 1}\nlist: [{name: x}]\n")
	f.Add("a: &a [*a]\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		var target outer
		err := yamlstrict.Decode("f", []byte(text), &target).Err()
		for _, field := range fault.FieldsOf(err) {
			if field.Message == "" || !strings.HasPrefix(field.Name, "f:") {
				t.Errorf("mistake without place or words: %+v", field)
			}
		}
	})
}

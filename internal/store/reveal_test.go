package store

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"redsteward/internal/journal"
)

type personName string

type contact struct {
	Phone string `json:"phone" privacy:"pii"`
	Place string `json:"place" privacy:"internal"`
}

type everyPlace struct {
	Title   string              `json:"title" privacy:"public"`
	Name    personName          `json:"name" privacy:"pii"`
	Empty   string              `json:"empty" privacy:"pii"`
	Others  []string            `json:"others" privacy:"pii"`
	Maybe   *string             `json:"maybe,omitempty" privacy:"pii"`
	Nobody  *contact            `json:"nobody,omitempty"`
	One     *contact            `json:"one"`
	Many    []contact           `json:"many"`
	Two     [2]contact          `json:"two"`
	ByRole  map[string]contact  `json:"by_role" privacy:"internal"`
	Aliases map[string][]string `json:"aliases" privacy:"internal"`
	At      journal.Time        `json:"at"`
	Raw     json.RawMessage     `json:"raw" privacy:"internal"`
	contact
	Named contact `json:"named"`
	Deep  struct {
		Inner []struct {
			Who *personName `json:"who" privacy:"pii"`
		} `json:"inner"`
	} `json:"deep"`
	Left string `json:"-"`
}

// TestReveal: what hide sealed is opened where it stands in a decoded state, in every kind of place, under the path under which it was sealed.
func TestReveal(t *testing.T) {
	text, who := "其他 \"引号\"", personName("王五")
	state := everyPlace{Title: "标题", Name: "张三", Others: []string{"李四", ""}, Maybe: &text, One: &contact{"1", "a"}, Many: []contact{{"2", "b"}, {}, {"3", "c"}}, Two: [2]contact{{"4", ""}, {"5", ""}},
		ByRole: map[string]contact{"经理": {"6", "d"}, "保安": {"7", "e"}}, Aliases: map[string][]string{"a": {"b"}}, Raw: json.RawMessage(`{"phone":"8"}`), contact: contact{"9", "f"}, Named: contact{"10", "g"}}
	state.Deep.Inner = append(state.Deep.Inner, struct {
		Who *personName `json:"who" privacy:"pii"`
	}{&who})
	raw, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	var sealed []string
	stored, err := journal.Rewrite(raw, shapeOf(reflect.TypeFor[everyPlace]()).marks, func(path, text string) (string, error) {
		if text == "" {
			return "", nil
		}
		sealed = append(sealed, path)
		return path + "|" + text, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	opens, ok := revealOf(reflect.TypeFor[everyPlace](), "", map[reflect.Type]bool{})
	if !ok || opens == nil {
		t.Fatal("nothing to open")
	}
	var got everyPlace
	if err := journal.Decode(stored, &got); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := opens(reflect.ValueOf(&got).Elem(), "", func(path, text string) (string, error) {
		plain, under := strings.CutPrefix(text, path+"|")
		if !under {
			t.Errorf("%s is opened as %s", text, path)
		}
		n++
		return plain, nil
	}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, state) || n != len(sealed) || n < 12 {
		t.Errorf("%d of %d opened\n%+v\n%+v", n, len(sealed), got, state)
	}
	err = opens(reflect.ValueOf(&got).Elem(), "", func(string, string) (string, error) { return "\xff", nil })
	if err == nil {
		t.Error("broken UTF-8 was taken")
	}
	for name, wrong := range map[string]reflect.Type{
		"bytes": reflect.TypeFor[struct {
			A []byte `privacy:"pii"`
		}](),
		"read itself": reflect.TypeFor[struct {
			A []selfRead `privacy:"pii"`
		}](),
	} {
		if _, ok := revealOf(wrong, "", map[reflect.Type]bool{}); ok {
			t.Errorf("%s: not refused", name)
		}
	}
}

// selfRead is a text that reads itself.
type selfRead string

// UnmarshalText implements encoding.TextUnmarshaler.
func (*selfRead) UnmarshalText([]byte) error { return nil }

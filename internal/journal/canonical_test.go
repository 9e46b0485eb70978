package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/fault"
)

func TestCanonical(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{}`, `{}`},
		{` [ ] `, `[]`},
		{`{"b":1,"a":[true,false,null]}`, `{"a":[true,false,null],"b":1}`},
		{`{"乙":1,"a":2,"B":3,"_id":4}`, `{"B":3,"_id":4,"a":2,"乙":1}`},
		{"{\"a\" :\t{\"d\":1 ,\n\"c\":-2}}", `{"a":{"c":-2,"d":1}}`},
		{`"\u4e2d\u006e\/\u003c\ud83d\ude00"`, `"中n/<😀"`},
		{`"\u0000\u001f\b\f\n\r\t\"\\"`, `"\u0000\u001f\b\f\n\r\t\"\\"`},
		{`"\u007f"`, "\"\x7f\""},
		{`9223372036854775807`, `9223372036854775807`},
		{`-9223372036854775808`, `-9223372036854775808`},
		{`{"a":1,"aa":2,"":3}`, `{"":3,"a":1,"aa":2}`},
	} {
		got, err := Canonical([]byte(tt.in))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %s, %v; want %s", tt.in, got, err, tt.want)
		}
	}
}

// TestWhere: what cannot be read is told by its place.
func TestWhere(t *testing.T) {
	var v struct {
		A int `json:"a"`
		B struct {
			C []int `json:"c"`
		} `json:"b"`
	}
	for text, want := range map[string]string{`{"a":"1"}`: "a", `{"b":{"c":[1,"x"]}}`: "b.c.1", `{"a":1,"x":2}`: "多出的成员 x", `{"b":{"d":1}}`: "多出的成员 d"} {
		if got := Where(DecodeStrict([]byte(text), &v)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if _, err := Canonical([]byte(`{"a":1.5}`)); Where(err) != "第 7 字节处" {
		t.Errorf("%s: %v", Where(err), err)
	}
	if Where(errors.New("x")) == "" {
		t.Error("nothing said")
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for _, in := range []string{
		``, ` `, `nul`, `tru`, `{`, `[`, `[1`, `[1,]`, `[1 2]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{"a":1 "b":2}`, `"`, `"a`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`,
		"\"\n\"", "\"a\x00\"", `1.0`, `1e3`, `1E3`, `0.5`, `-0`, `01`, `-`, `--1`, `1-1`, `+1`, `9223372036854775808`, `-9223372036854775809`, `NaN`, `Infinity`,
		`{"a":1,"a":1}`, `{"b":0,"a":1,"b":2}`, `{"a":1,"\u0061":1}`, `1 2`, `{} x`, "\"\xff\"", "\"\\n\xff\"", `"\ud83d"`, `"\ud83d\u0041"`, `"\ude00"`, `"\ud83dx"`,
		strings.Repeat("[", 100) + strings.Repeat("]", 100), strings.Repeat("[", 1_000_000),
	} {
		if got, err := Canonical([]byte(in)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.40q was taken: %q, %v", in, got, err)
		}
	}
	if _, err := Canonical([]byte(strings.Repeat("[", 64) + strings.Repeat("]", 64))); err != nil {
		t.Errorf("64 levels: %v", err)
	}
}

// TestCanonicalIsOneForm writes one random value in two ways and expects one result that means the same.
func TestCanonicalIsOneForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := randomValue(3).Draw(t, "value")
		tidy, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var loose bytes.Buffer
		if err := json.Indent(&loose, tidy, " ", "\t"); err != nil {
			t.Fatal(err)
		}
		one, err := Canonical(tidy)
		if err != nil {
			t.Fatal(err)
		}
		two, err := Canonical(loose.Bytes())
		if err != nil || !bytes.Equal(one, two) {
			t.Fatalf("%s\n%s\n%v", one, two, err)
		}
		var back any
		d := json.NewDecoder(bytes.NewReader(one))
		d.UseNumber()
		if err := d.Decode(&back); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(back); err != nil || !bytes.Equal(again, tidy) {
			t.Fatalf("the meaning changed:\n%s\n%s", tidy, again)
		}
	})
}

// randomValue makes values as json.Marshal writes them: maps come out sorted.
func randomValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 5
		if depth == 0 {
			kinds = 3
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return rapid.Int64().Draw(t, "integer")
		case 1:
			return rapid.String().Draw(t, "text")
		case 2:
			return rapid.SampledFrom([]any{true, false, nil}).Draw(t, "literal")
		case 3:
			return rapid.SliceOfN(randomValue(depth-1), 0, 4).Draw(t, "array")
		default:
			return rapid.MapOfN(rapid.String(), randomValue(depth-1), 0, 20).Draw(t, "object")
		}
	})
}

func TestRewriteChangesMarkedTextsOnly(t *testing.T) {
	marks := &Marks{Members: map[string]*Marks{
		"name":  {Here: true},
		"tags":  {Here: true},
		"plain": {},
		"list":  {Elements: &Marks{Members: map[string]*Marks{"phone": {Here: true}}}},
		"map":   {Elements: &Marks{Members: map[string]*Marks{"phone": {Here: true}}}},
	}}
	in := `{"name":"王","other":"王","tags":["a","b",null],"plain":"p","list":[{"phone":"1","x":"1"}],"map":{"k":{"phone":"2"}}}`
	got, err := Rewrite([]byte(in), marks, func(path, text string) (string, error) { return path + "=" + text + `"`, nil })
	want := `{"list":[{"phone":"list.phone=1\"","x":"1"}],"map":{"k":{"phone":"map.k.phone=2\""}},"name":"name=王\"","other":"王","plain":"p","tags":["tags=a\"","tags=b\"",null]}`
	if err != nil || string(got) != want {
		t.Fatalf("%s\n%s\n%v", got, want, err)
	}
	for _, in := range []string{`{"name":1}`, `{"name":{}}`, `{"name":true}`, `{"tags":[[1]]}`} {
		if _, err := Rewrite([]byte(in), marks, func(_, text string) (string, error) { return text, nil }); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: a marked value that is no text was taken: %v", in, err)
		}
	}
	stop := errors.New("stop")
	if _, err := Rewrite([]byte(in), marks, func(string, string) (string, error) { return "", stop }); !errors.Is(err, stop) {
		t.Errorf("the error of change is lost: %v", err)
	}
	if _, err := Rewrite([]byte(in), marks, func(string, string) (string, error) { return "\xff", nil }); !fault.Is(err, fault.Invalid) {
		t.Errorf("broken UTF-8 from change was taken: %v", err)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"b":[1,-2,"\u4e2d\n"],"a":{"x":null}}`, `1.5`, `{"a":1e9}`, `"\ud83d\ude00"`, `[[[]]]`, "\"\xff\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := Canonical(in)
		if err != nil {
			return
		}
		twice, err := Canonical(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("canonical(canonical(x)) differs: %q %q %v", once, twice, err)
		}
		if !json.Valid(in) {
			t.Fatalf("no JSON, and yet taken: %q", in)
		}
		var value any
		d := json.NewDecoder(bytes.NewReader(once))
		d.UseNumber()
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		refuseFloats(t, value)
	})
}

func refuseFloats(t *testing.T, value any) {
	switch v := value.(type) {
	case json.Number:
		if _, err := v.Int64(); err != nil {
			t.Fatalf("float in canonical form: %s", v)
		}
	case []any:
		for _, e := range v {
			refuseFloats(t, e)
		}
	case map[string]any:
		for _, e := range v {
			refuseFloats(t, e)
		}
	}
}

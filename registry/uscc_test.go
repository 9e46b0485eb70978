package registry

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"redsteward/internal/fault"
)

func TestParseUSCC(t *testing.T) {
	tests := []struct{ name, text, want, message string }{
		{"widely used example", "91350100M000100Y43", "91350100M000100Y43", ""},
		{"invented", "91360428MA7XAMPL5W", "91360428MA7XAMPL5W", ""},
		{"the sum is a multiple of 31", "91360428MA0TEYAT30", "91360428MA0TEYAT30", ""},
		{"X at position 17", "91360428MA0TEYAKX9", "91360428MA0TEYAKX9", ""},
		{"as typed", " 9135 0100m0001 00y43 ", "91350100M000100Y43", ""},
		{"full width", "９１３５０１００Ｍ０００１００Ｙ４３", "91350100M000100Y43", ""},
		{"wrong check sign that a wrong formula gives", "91350100M000100Y4Z", "", "第 18 位是“Z”，代码中没有字母 Z，可能是数字 2"},
		{"wrong check sign", "91350100M000100Y42", "", "校验码应为 3，请核对营业执照"},
		{"two signs changed places", "91350100M000010Y43", "", "校验码应为"},
		{"short", "91350100M000100Y4", "", "有 17 位，要填 18 位"},
		{"long", "91350100M000100Y433", "", "有 19 位，要填 18 位"},
		{"nothing", "", "", "有 0 位，要填 18 位"},
		{"O for 0", "9135O100M000100Y43", "", "没有字母 O，可能是数字 0"},
		{"a Chinese sign", "9135010县M000100Y43", "", "第 8 位是“县”"},
		{"a letter in the county code", "91A50100M000100Y43", "", "第 3 位是“A”"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseUSCC(tt.text)
			if string(got) != tt.want || (err != nil) != (tt.message != "") {
				t.Fatalf("%q %v", got, err)
			}
			if err != nil && (!fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), tt.message)) {
				t.Errorf("%v, want %q", err, tt.message)
			}
		})
	}
}

func TestInnerWarning(t *testing.T) {
	for code, want := range map[USCC]string{
		"91350100M000100Y43": "",
		"91360428MA0TEYAKX9": "",
		"91360428MA0TEYAT30": "",
		"":                   "",
		"91350100M00010Y":    "",
	} {
		if got := code.InnerWarning(); got != want {
			t.Errorf("%s: %q", code, got)
		}
	}
	wrong := "91350100M000100Y"
	for _, last := range usccAlphabet {
		code := USCC(wrong + string(last))
		code += USCC(usccCheck(string(code)))
		if _, err := ParseUSCC(string(code)); err != nil {
			t.Fatal(err)
		}
		if got := code.InnerWarning(); (got == "") != (last == '4') {
			t.Errorf("%s: %q", code, got)
		}
	}
}

// TestOneWrongSignIsFound: the check sign finds every code in which one sign was mistyped.
func TestOneWrongSignIsFound(t *testing.T) {
	sign := rapid.SampledFrom([]byte(usccAlphabet))
	rapid.Check(t, func(t *rapid.T) {
		body := []byte("91360428")
		for len(body) < usccLength-1 {
			body = append(body, sign.Draw(t, "sign"))
		}
		code := append(body, usccCheck(string(body)))
		if _, err := ParseUSCC(string(code)); err != nil {
			t.Fatal(err)
		}
		at := rapid.IntRange(0, usccLength-1).Draw(t, "at")
		other := sign.Draw(t, "other")
		if other == code[at] {
			return
		}
		code[at] = other
		if got, err := ParseUSCC(string(code)); err == nil {
			t.Fatalf("%s was accepted", got)
		}
	})
}

func FuzzParseUSCC(f *testing.F) {
	for _, seed := range []string{"91350100M000100Y43", "91360428MA0TEYAKX9", "", "ｚｚ", "9135010县M000100Y43"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := ParseUSCC(text)
		if err != nil {
			if code != "" || !fault.Is(err, fault.Invalid) || !utf8.ValidString(fault.MessageOf(err)) {
				t.Fatalf("%q: %q %v", text, code, err)
			}
			return
		}
		again, err := ParseUSCC(string(code))
		if err != nil || again != code || len(code) != usccLength {
			t.Fatalf("%q: %q is not read back: %q %v", text, code, again, err)
		}
		_ = code.InnerWarning()
	})
}

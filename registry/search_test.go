package registry

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFinds(t *testing.T) {
	tests := []struct {
		name, query string
		want        bool
	}{
		{"望湖苑", "望湖苑", true},
		{"望湖苑", "湖苑", true},
		{"望湖苑", "wanghuyuan", true},
		{"望湖苑", "wanghu", true},
		{"望湖苑", "HuYuan", true},
		{"望湖苑", "why", true},
		{"望湖苑", "wanghuy", true},
		{"望湖苑", "w湖y", true},
		{"望湖苑", "望 湖", true},
		{"望湖苑", "望苑", false},
		{"望湖苑", "anghu", false},
		{"望湖苑", "whz", false},
		{"望湖苑", "", true},
		{"长岭小区", "changling", true},
		{"长岭小区", "zhangling", true},
		{"东湖38号院", "38", true},
		{"东湖３８号院", "dh38h", true},
		{"东湖38号院", "8号", true},
		{"赣北物业服务有限公司", "gbwy", true},
		{"天鹅湖", "tianeh", true},
		{"91350100M000100Y43", "91350100m", true},
	}
	for _, tt := range tests {
		if got := finds(tt.name, tt.query); got != tt.want {
			t.Errorf("%s by %q: %v", tt.name, tt.query, got)
		}
		if key := findKey(tt.query); tt.want && key != "" && !slices.Contains(findKeys(tt.name), key) {
			t.Errorf("%s is not listed under %q of %q", tt.name, key, tt.query)
		}
	}
}

// TestEveryStretchIsFound: any stretch of a name, each sign as itself, as one of its readings or as an initial, finds it, and under its key.
func TestEveryStretchIsFound(t *testing.T) {
	signs := rapid.SampledFrom([]rune("望湖苑长岭重安乐单娥恩3a号 ·"))
	rapid.Check(t, func(t *rapid.T) {
		name := string(rapid.SliceOfN(signs, 1, 6).Draw(t, "name"))
		runes := plain(name)
		if len(runes) == 0 {
			return
		}
		from := rapid.IntRange(0, len(runes)-1).Draw(t, "from")
		query := ""
		for _, r := range runes[from : from+rapid.IntRange(1, len(runes)-from).Draw(t, "signs")] {
			as := append(slices.Clone(readings(r)), string(r))
			word := rapid.SampledFrom(as).Draw(t, "as")
			if rapid.Bool().Draw(t, "initial") {
				word = firstRunes(word, 1)
			}
			query += word
		}
		if !finds(name, query) {
			t.Fatalf("%q does not find %q", query, name)
		}
		if key := findKey(query); !slices.Contains(findKeys(name), key) {
			t.Fatalf("%q finds %q, which is not listed under %q", query, name, key)
		}
	})
}

func TestSpelledOrdersAndFits(t *testing.T) {
	names := []string{"芝城花园", "安居苑", "望湖苑", "望湖阁"}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(spelled(a), spelled(b)) })
	if want := []string{"安居苑", "望湖阁", "望湖苑", "芝城花园"}; !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
	if n := len(spelled(strings.Repeat("庄", 100))); n > 160 {
		t.Errorf("%d bytes", n)
	}
	for _, key := range findKeys(strings.Repeat("庄望湖苑", 30)) {
		if len(key) > 20 {
			t.Errorf("key of %d bytes", len(key))
		}
	}
}

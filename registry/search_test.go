package registry

import (
	"context"
	"fmt"
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
		keys := findKeys(tt.name)
		for _, key := range findCandidates(tt.query) {
			if tt.want && !slices.Contains(keys, key) {
				t.Errorf("%s is not listed under %q of %q", tt.name, key, tt.query)
			}
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
		keys := findKeys(name)
		for _, key := range findCandidates(query) {
			if !slices.Contains(keys, key) {
				t.Fatalf("%q finds %q, which is not listed under %q", query, name, key)
			}
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

// TestNarrowest: of a query by address the key with the fewest rows is taken, without deciding anything but the speed.
func TestNarrowest(t *testing.T) {
	if got := findCandidates("都昌镇东风大道 87 号"); !slices.Contains(got, findPrefix+"87") || !slices.Contains(got, findPrefix+"道8") || got[0] != findPrefix+"都昌" {
		t.Fatal(got)
	}
	if got := findCandidates("dongfeng"); len(got) != 1 {
		t.Fatalf("letters may be pinyin: %v", got)
	}
	d := newDesk(t)
	ctx := context.Background()
	for i := range fewEnough + 20 {
		in := ProjectInput{Name: fmt.Sprintf("小区%d", i), Address: fmt.Sprintf("都昌镇东风大道 %d 号", i), Community: east, Households: 20, Kind: KindCommodity}
		if _, err := d.CreateProject(ctx, d.officer, in); err != nil {
			t.Fatal(err)
		}
	}
	key, err := narrowest(ctx, d.projects, ByName, "都昌镇东风大道 87")
	if err != nil || key != findPrefix+"道8" && key != findPrefix+"87" {
		t.Fatal(key, err)
	}
	found, err := d.Projects(ctx, d.officer, ProjectQuery{Text: "都昌镇东风大道 87"})
	if err != nil || found.Count != 1 || found.Rows[0].Project.Address != "都昌镇东风大道 87 号" {
		t.Fatal(found, err)
	}
}

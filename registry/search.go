package registry

import (
	"context"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"

	"redsteward/internal/store"
)

// A name is found by any stretch of it, each sign given as itself, as its pinyin or as the initial of its pinyin: 望湖苑 by 湖苑, huyuan, why, wanghuy.
// A query is looked up in two steps: FindKey names the one index key of its first signs, and Finds decides for the rows below that key.

// maxFound bounds how many signs of a name and of a query are looked at.
const maxFound = 40

// plain brings a name or a query to the form in which it is compared: compatibility width, lower case, letters and digits only.
func plain(text string) []rune {
	var out []rune
	for _, r := range strings.ToLower(norm.NFKC.String(text)) {
		if (unicode.IsLetter(r) || unicode.IsDigit(r)) && len(out) < maxFound {
			out = append(out, r)
		}
	}
	return out
}

// known keeps the readings of every sign that was asked for: some thousands at most, and a list asks for the same ones in every row.
var known sync.Map

// readings are the pinyin of a sign, all of them where it has several (长: zhang, chang); none for what is no Chinese sign. The result is shared: it is not
// to be changed.
func readings(r rune) []string {
	if r < 0x3400 {
		return nil
	}
	if found, ok := known.Load(r); ok {
		return found.([]string)
	}
	out := dictionary(r)
	known.Store(r, out)
	return out
}

// dictionary asks for all readings of a sign, which takes a microsecond.
func dictionary(r rune) []string {
	args := pinyin.NewArgs()
	args.Heteronym = true
	var out []string
	for _, s := range pinyin.SinglePinyin(r, args) {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// spelled gives the pinyin by which a name is sorted, the most usual reading of each sign, and then the name itself.
func spelled(name string) string {
	var b strings.Builder
	for _, r := range plain(name) {
		if all := readings(r); len(all) > 0 {
			b.WriteString(all[0])
		} else {
			b.WriteRune(r)
		}
		b.WriteByte(' ')
	}
	// The longest sort text is 200 bytes; a cut inside of a sign would not be valid text.
	text := b.String()
	for len(text) > 160 {
		text = text[:strings.LastIndexByte(text[:160], ' ')]
	}
	return text
}

// findPrefix keeps the keys of searches apart from scope keys.
const findPrefix = "s:"

// findKeys are the index keys under which a name can be found.
func findKeys(names ...string) []string {
	var keys []string
	seen := map[string]bool{}
	add := func(signs string) {
		if !seen[signs] {
			seen[signs] = true
			keys = append(keys, findPrefix+signs)
		}
	}
	for _, name := range names {
		signs := plain(name)
		spell := make([][]string, len(signs))
		for i, r := range signs {
			spell[i] = readings(r)
			if len(spell[i]) == 0 {
				spell[i] = []string{string(r)}
			}
		}
		for i, r := range signs {
			add(string(r))
			if i+1 < len(signs) {
				add(string(signs[i : i+2]))
			}
			for _, s := range spell[i] {
				add(firstRunes(s, 1))
				add(firstRunes(s, 2))
				if i+1 < len(signs) {
					for _, next := range spell[i+1] {
						add(firstRunes(s, 1) + firstRunes(next, 1))
					}
				}
			}
		}
	}
	return keys
}

func firstRunes(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(n, len(runes))])
}

// findKey is the index key under which every row that a query finds is listed; "" if the query holds nothing to look for.
func findKey(query string) string {
	signs := plain(query)
	switch {
	case len(signs) == 0:
		return ""
	case len(signs) == 1, (signs[0] >= 0x3400) != (signs[1] >= 0x3400):
		return findPrefix + string(signs[0])
	}
	return findPrefix + string(signs[:2])
}

// exact reports whether a sign of a query stands for itself only: a Chinese sign or a digit, while a letter may be part of a pinyin.
func exact(r rune) bool { return r >= 0x3400 || unicode.IsDigit(r) }

// findCandidates are index keys under each of which every row that a query finds is listed; none if the query holds nothing to look for. All addresses of a town begin alike, so
// that the first signs of a query say little: any two signs that stand for themselves do as well.
func findCandidates(query string) []string {
	first := findKey(query)
	if first == "" {
		return nil
	}
	keys, signs := []string{first}, plain(query)
	for i := 0; i+1 < len(signs); i++ {
		if key := findPrefix + string(signs[i:i+2]); exact(signs[i]) && exact(signs[i+1]) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// fewEnough is from where on it is not worth while to look for a key with fewer rows; counted is how far the rows of a key are counted at a time.
const (
	fewEnough = 100
	counted   = store.MaxLimit
)

// narrowest is the key of an index with the fewest rows that a query can find, "" for a query without signs. It reads index entries and decodes no row.
func narrowest[T any](ctx context.Context, c *store.Collection[T], index, query string) (string, error) {
	keys := findCandidates(query)
	if len(keys) < 2 {
		return findKey(query), nil
	}
	// All keys are counted side by side: the first of which nothing is left has the fewest, and no other was read much further.
	after := make([]string, len(keys))
	for read := 0; read < store.MaxResidual; read += counted {
		best, fewest := "", counted+1
		for i, key := range keys {
			page, err := c.Rows(ctx, store.Query{Index: index, Key: key, After: after[i], Limit: min(fewest, counted)})
			if err != nil {
				return "", err
			}
			if n := len(page.Rows); page.Next == "" && n < fewest {
				best, fewest = key, n
			}
			if after[i] = page.Next; read+fewest <= fewEnough {
				break
			}
		}
		if best != "" {
			return best, nil
		}
	}
	return keys[0], nil
}

// finds reports whether the query names a stretch of the name that begins at a sign; an empty query finds everything.
func finds(name, query string) bool {
	want := plain(query)
	if len(want) == 0 {
		return true
	}
	signs := plain(name)
	if strings.Contains(string(signs), string(want)) {
		return true
	}
	spell := make([][]string, len(signs))
	for i, r := range signs {
		spell[i] = readings(r)
	}
	// tried[i][j]: the query from j on does not fit the name from i on.
	tried := make([][]bool, len(signs))
	for i := range tried {
		tried[i] = make([]bool, len(want))
	}
	var fits func(i, j int) bool
	fits = func(i, j int) bool {
		if j == len(want) {
			return true
		}
		if i == len(signs) || tried[i][j] {
			return false
		}
		tried[i][j] = true
		if want[j] == signs[i] && fits(i+1, j+1) {
			return true
		}
		rest := string(want[j:])
		for _, s := range spell[i] {
			switch {
			case strings.HasPrefix(s, rest):
				return true
			case strings.HasPrefix(rest, s) && fits(i+1, j+len(s)), want[j] == rune(s[0]) && fits(i+1, j+1):
				return true
			}
		}
		return false
	}
	for i := range signs {
		if fits(i, 0) {
			return true
		}
	}
	return false
}

// Searchable reports whether a text holds anything to look for: a letter, a digit or a Chinese sign.
func Searchable(text string) bool { return findKey(text) != "" }

// Finds reports whether a name is found by a text, as in the lists of the register: any stretch of it, as itself, as pinyin or as initials; an empty text finds
// everything.
func Finds(name, text string) bool { return finds(name, text) }

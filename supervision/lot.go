package supervision

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/fault"
)

// Lot is what decides a draw: the smaller one is drawn. It is SHA-256 over the seed and the name of what it stands for.
type Lot [sha256.Size]byte

// LotOf is the SHA-256 over "seed/part/part…". Whoever has the seed computes the same.
func LotOf(seed string, parts ...any) Lot {
	text := []byte(seed)
	for _, part := range parts {
		text = fmt.Appendf(text, "/%v", part)
	}
	return sha256.Sum256(text)
}

// Compare orders lots, the smallest first.
func (l Lot) Compare(other Lot) int { return bytes.Compare(l[:], other[:]) }

// Smallest are the places, ascending, of the n smallest of some lots; all of them if there are fewer.
func Smallest(lots []Lot, n int) []int {
	order := make([]int, len(lots))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(lots[a].Compare(lots[b]), cmp.Compare(a, b)) })
	drawn := order[:min(n, len(order))]
	slices.Sort(drawn)
	return drawn
}

// Commitment is the hash of a seed that is made public before a draw; the seed itself follows with the result, so that nobody knows beforehand who is drawn, and everybody can check afterwards.
func Commitment(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return hex.EncodeToString(sum[:])
}

// CheckSeed refuses a seed that is not the one that was promised. Returns Invalid.
func CheckSeed(seed, commitment string) error {
	if Commitment(seed) != commitment {
		return fault.New("supervision.CheckSeed", fault.Invalid, "种子的 SHA-256 不是抽取前公布的校验值，种子被换过")
	}
	return nil
}

// Changed says line by line what differs between two lists: what is gone from the first, what is new in the second; nothing for equal ones. The order does not count.
func Changed(before, now []string) (out []string) {
	minus := func(list, other []string, word string) {
		for _, line := range list {
			if !slices.Contains(other, line) {
				out = append(out, word+strings.ReplaceAll(line, "\t", " "))
			}
		}
	}
	minus(before, now, "少了：")
	minus(now, before, "多了：")
	return out
}

// DigestOf is the SHA-256 over the lines of a list, each ended by a line feed.
func DigestOf(lines []string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))
	return hex.EncodeToString(sum[:])
}

package survey

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Block is one building of the frame from which households are drawn.
type Block struct {
	// Name is what people call it: 3幢. Households is how many of its households are occupied.
	Name       string `json:"name" privacy:"public"`
	Households int64  `json:"households"`
}

// Drawn are the households of one building that were drawn.
type Drawn struct {
	// Block is the building.
	Block Block
	// Places are the places of the households in it, counted from 1 by ascending number of the door among those occupied, ascending.
	Places []int64
}

// Draw draws so many households of a frame by a seed. Every building has its share by its households (largest remainder, ties to the earlier building); within a building the households with the smallest
// SHA-256 over "seed/number of the building/place" are drawn, both counted from 1. Whoever has the seed and the frame draws the same again.
func Draw(seed string, frame []Block, invited int64) []Drawn {
	shares := allot(frame, invited)
	out := make([]Drawn, len(frame))
	for b, block := range frame {
		type ticket struct {
			place int64
			lot   [sha256.Size]byte
		}
		tickets := make([]ticket, block.Households)
		for i := range tickets {
			place := int64(i) + 1
			tickets[i] = ticket{place, sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", seed, b+1, place))}
		}
		slices.SortFunc(tickets, func(x, y ticket) int { return bytes.Compare(x.lot[:], y.lot[:]) })
		out[b].Block = block
		for _, t := range tickets[:shares[b]] {
			out[b].Places = append(out[b].Places, t.place)
		}
		slices.Sort(out[b].Places)
	}
	return out
}

// allot gives every building its share of the draw.
func allot(frame []Block, invited int64) []int64 {
	total := occupiedOf(frame)
	shares, order := make([]int64, len(frame)), make([]int, len(frame))
	if total == 0 {
		return shares
	}
	invited = min(invited, total)
	left := invited
	for i, b := range frame {
		shares[i], order[i] = invited*b.Households/total, i
		left -= shares[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(invited*frame[b].Households%total, invited*frame[a].Households%total)
	})
	for _, i := range order[:left] {
		shares[i]++
	}
	return shares
}

// occupiedOf is how many households a frame has.
func occupiedOf(frame []Block) (n int64) {
	for _, b := range frame {
		n += b.Households
	}
	return n
}

// Commitment is the hash of a seed that is made public before anybody is asked; the seed itself follows with the result, so that nobody knows beforehand whom to talk to, and everybody can check afterwards.
func Commitment(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return hex.EncodeToString(sum[:])
}

package survey

import (
	"cmp"
	"slices"

	"redsteward/internal/fault"
	"redsteward/supervision"
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
		lots := make([]supervision.Lot, block.Households)
		for i := range lots {
			lots[i] = supervision.LotOf(seed, b+1, i+1)
		}
		out[b].Block = block
		for _, i := range supervision.Smallest(lots, int(shares[b])) {
			out[b].Places = append(out[b].Places, int64(i)+1)
		}
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

// DrawFile is what everybody needs to draw the households of a published survey again.
type DrawFile struct {
	// Draw is DrawFormat, Title names the survey.
	Draw  string `json:"draw"`
	Title string `json:"title"`
	// Commitment was public before the survey, Seed since its result.
	Commitment string `json:"commitment"`
	Seed       string `json:"seed"`
	// Frame are the buildings, Invited how many households were drawn, Places which, by building.
	Frame   []Block   `json:"frame"`
	Invited int64     `json:"invited"`
	Places  [][]int64 `json:"places"`
}

// DrawFormat names the format of a DrawFile.
const DrawFormat = "survey-1"

// DrawFile is the file of a survey whose result is public.
func (o *Survey) DrawFile() DrawFile {
	f := DrawFile{Draw: DrawFormat, Title: o.Title(), Commitment: o.Commitment, Seed: o.Seed, Frame: o.Frame, Invited: o.Invited}
	for _, d := range Draw(o.Seed, o.Frame, o.Invited) {
		f.Places = append(f.Places, d.Places)
	}
	return f
}

// Again draws again and says how many households were drawn. Returns Invalid, naming what is wrong, for a seed that was not promised, for a frame that cannot be drawn from, and for other households than stand in the file.
func (f *DrawFile) Again() (households int, err error) {
	const op = "survey.Again"
	if err := supervision.CheckSeed(f.Seed, f.Commitment); err != nil {
		return 0, err
	}
	var b bad
	b.frame(f.Frame, maxFrame*maxHouseholds)
	if f.Invited < 0 {
		b.add("invited", "抽取的户数不能是负数，现在是 %d", f.Invited)
	}
	if err := b.err(op); err != nil {
		return 0, err
	}
	if len(f.Places) != len(f.Frame) {
		return 0, fault.InvalidFields(op, fault.Field{Name: "places", Message: "楼栋的个数与抽取结果的个数不同"})
	}
	for i, d := range Draw(f.Seed, f.Frame, f.Invited) {
		if !slices.Equal(d.Places, f.Places[i]) {
			b.add("places", "%s：重新抽取得到 %v，文件里是 %v；楼栋、户数或者结果被改过", d.Block.Name, d.Places, f.Places[i])
		}
		households += len(d.Places)
	}
	return households, b.err(op)
}

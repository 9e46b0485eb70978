package files

import (
	"encoding/binary"
	"encoding/hex"
	"image"
	"math/bits"
	"slices"
	"strconv"
)

// lookGrid is the edge of the grid of means to which a picture is reduced.
const lookGrid = 9

// lookBits is how many bits a look has: for each of 8 × 8 fields whether it brightens to the right, and whether it brightens downwards.
const lookBits = 2 * (lookGrid - 1) * (lookGrid - 1)

// LookNear is the largest number of bits in which the looks of two copies of one photo differ: saved anew, scaled, a little brighter or darker, turned by quarters, mirrored. A
// photo that was cut is another picture to a look.
const LookNear = 12

// LookOf is what a picture looks like, as 32 hex digits (a difference hash of 128 bits) whichever way it is turned or mirrored; "" for one in which there is too little to
// see, such as a blank sheet or a sky. It compares neighbouring means and takes for a step only what is more than an eighth of the usual step, so that neither light nor
// contrast nor the noise of a plain wall counts.
//
// Which way is up is told by the light: it rises to the right and downwards, and more to the right. Where that is too close to call for a copy to come out the same, the
// looks of the other ways follow, up to seven.
func LookOf(m *image.RGBA) string {
	grid := means(m)
	if grid == nil {
		return ""
	}
	looks := ""
	for i, way := range ways(grid) {
		look := lookOfGrid(grid.turned(way))
		if look == "" && i == 0 {
			break
		}
		looks += look
	}
	return looks
}

// lookOfGrid is the look of one way to turn a picture.
func lookOfGrid(grid *lights) string {
	var right, down [lookBits / 2]int64
	total := int64(0)
	for i := range right {
		y, x := i/(lookGrid-1), i%(lookGrid-1)
		right[i], down[i] = grid[y][x+1]-grid[y][x], grid[y+1][x]-grid[y][x]
		total += max(right[i], -right[i]) + max(down[i], -down[i])
	}
	usual := total / lookBits
	if usual < plainStep {
		return ""
	}
	across, along := steps(right, usual/8), steps(down, usual/8)
	if turns(across)+turns(along) < fewTurns {
		return ""
	}
	var out [lookBits / 8]byte
	binary.BigEndian.PutUint64(out[:8], across)
	binary.BigEndian.PutUint64(out[8:], along)
	return hex.EncodeToString(out[:])
}

// lights are the means of a grid laid over a picture, in units of means.
type lights [lookGrid][lookGrid]int64

// way is one of the eight ways to turn and mirror a picture.
type way struct{ mirrored, upended, swapped bool }

// turned is the grid of a picture turned that way.
func (g *lights) turned(w way) *lights {
	var out lights
	const last = lookGrid - 1
	for y := range out {
		for x := range out[y] {
			from, at := x, y
			if w.swapped {
				from, at = y, x
			}
			if w.mirrored {
				from = last - from
			}
			if w.upended {
				at = last - at
			}
			out[y][x] = g[at][from]
		}
	}
	return &out
}

// closeCall is below which share of the usual step, over the whole grid, light does not tell for certain which way is up.
const closeCall = 10

// ways are the ways to turn a picture so that its light rises to the right and downwards, and more to the right: the first is the one, those after it are too close to call.
func ways(g *lights) []way {
	var right, down, steep int64
	const half, last = lookGrid / 2, lookGrid - 1
	for y := range g {
		for x := range half {
			right, down = right+g[y][last-x]-g[y][x], down+g[last-x][y]-g[x][y]
			steep += abs(g[y][last-x]-g[y][x]) + abs(g[last-x][y]-g[x][y])
		}
	}
	near := steep * closeCall / 100
	out := []way{{right < 0, down < 0, abs(down) > abs(right)}}
	also := func(change func(*way)) {
		for _, w := range out {
			change(&w)
			out = append(out, w)
		}
	}
	if abs(right) < near {
		also(func(w *way) { w.mirrored = !w.mirrored })
	}
	if abs(down) < near {
		also(func(w *way) { w.upended = !w.upended })
	}
	if abs(abs(right)-abs(down)) < near {
		also(func(w *way) { w.swapped = !w.swapped })
	}
	return out
}

func abs(n int64) int64 { return max(n, -n) }

// fewTurns is below how many turns, of the 224 that there could be, a picture is nothing but a light that rises or falls, as many others are.
const fewTurns = 40

// turns counts the neighbours in eight rows of eight bits that differ.
func turns(of uint64) int {
	const notLast = 0x7f7f7f7f7f7f7f7f // all but the last bit of each row
	return bits.OnesCount64((of^of>>1)&notLast) + bits.OnesCount64((of^of>>8)&(1<<56-1))
}

// lookUnit is how finely a mean is counted: 16 to one of the 256 levels of light.
const lookUnit = 16

// plainStep is the usual step, in units of means, below which there is nothing to tell a picture by: one level of light.
const plainStep = lookUnit

// steps sets a bit for each step that is more than least.
func steps(of [lookBits / 2]int64, least int64) uint64 {
	out := uint64(0)
	for i, step := range of {
		if step > least {
			out |= 1 << i
		}
	}
	return out
}

// means are the lights of a grid laid over a picture, in units of means; nil for a picture smaller than the grid.
func means(m *image.RGBA) *lights {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if w < lookGrid || h < lookGrid {
		return nil
	}
	var sum, n lights
	for y := range h {
		row := m.Pix[y*m.Stride:]
		gy := y * lookGrid / h
		for x := range w {
			gx := x * lookGrid / w
			// The weights of ITU-R BT.601, out of 1000.
			sum[gy][gx] += (299*int64(row[4*x]) + 587*int64(row[4*x+1]) + 114*int64(row[4*x+2])) * lookUnit / 1000
			n[gy][gx]++
		}
	}
	for y := range sum {
		for x := range sum[y] {
			sum[y][x] /= n[y][x]
		}
	}
	return &sum
}

// lookDigits is how many hex digits one look has.
const lookDigits = lookBits / 4

// LookApart is in how many bits two looks differ, turned the way in which they differ least; false if one of them is none.
func LookApart(a, b string) (int, bool) {
	x, errX := hex.DecodeString(a)
	y, errY := hex.DecodeString(b)
	const size = lookBits / 8
	if errX != nil || errY != nil || len(x) < size || len(y) < size || len(x)%size+len(y)%size != 0 {
		return 0, false
	}
	least := apart(x[:size], y[:size])
	for at := size; at < len(x); at += size {
		least = min(least, apart(x[at:at+size], y[:size]))
	}
	for at := size; at < len(y); at += size {
		least = min(least, apart(x[:size], y[at:at+size]))
	}
	return least, true
}

// apart is in how many bits two looks of one way differ.
func apart(x, y []byte) int {
	n := 0
	for i := range x {
		n += bits.OnesCount8(x[i] ^ y[i])
	}
	return n
}

// LookKeys are the keys under which an index lists a look: each two bytes of it with their place, without those in which nothing rises, which too many share. Two looks that
// differ in at most 7 bits share a key for certain, unless they share only such; of those that differ in LookNear bits 91 in 100 do. Of photos that have nothing to do
// with each other about one pair in 140 shares one.
func LookKeys(look string) []string {
	var out []string
	for i := 0; i+4 <= min(len(look), lookDigits); i += 4 {
		if part := look[i : i+4]; part != "0000" {
			out = append(out, strconv.Itoa(i/4)+part)
		}
	}
	return out
}

// LookAsks are the keys under which the copies of a look are found: those of LookKeys, and those of the other ways to turn it that are too close to call.
func LookAsks(look string) []string {
	var out []string
	for ; look != ""; look = look[min(len(look), lookDigits):] {
		for _, key := range LookKeys(look) {
			if !slices.Contains(out, key) {
				out = append(out, key)
			}
		}
	}
	return out
}

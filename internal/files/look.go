package files

import (
	"encoding/binary"
	"encoding/hex"
	"image"
	"math/bits"
	"strconv"
)

// lookGrid is the edge of the grid of means to which a picture is reduced.
const lookGrid = 9

// lookBits is how many bits a look has: for each of 8 × 8 fields whether it brightens to the right, and whether it brightens downwards.
const lookBits = 2 * (lookGrid - 1) * (lookGrid - 1)

// LookNear is the largest number of bits in which the looks of two copies of one photo differ: saved anew, scaled, a little brighter or darker. A photo that was turned,
// mirrored or cut is another picture to a look.
const LookNear = 12

// lookOf is what a picture looks like, as 32 hex digits (a difference hash of 128 bits); "" for one in which there is too little to see, such as a blank sheet or a sky. It
// compares neighbouring means and takes for a step only what is more than an eighth of the usual step, so that neither light nor contrast nor the noise of a plain wall
// counts.
func lookOf(m *image.RGBA) string {
	grid := means(m)
	if grid == nil {
		return ""
	}
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
func means(m *image.RGBA) *[lookGrid][lookGrid]int64 {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if w < lookGrid || h < lookGrid {
		return nil
	}
	var sum, n [lookGrid][lookGrid]int64
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

// LookApart is in how many bits two looks differ; false if one of them is none.
func LookApart(a, b string) (int, bool) {
	x, errX := hex.DecodeString(a)
	y, errY := hex.DecodeString(b)
	if errX != nil || errY != nil || len(x) != lookBits/8 || len(y) != lookBits/8 {
		return 0, false
	}
	n := 0
	for i := range x {
		n += bits.OnesCount8(x[i] ^ y[i])
	}
	return n, true
}

// LookKeys are the keys under which an index lists a look: each two bytes of it with their place, without those in which nothing rises, which too many share. Two looks that
// differ in at most 7 bits share a key for certain, unless they share only such; of those that differ in LookNear bits 91 in 100 do. Of photos that have nothing to do
// with each other about one pair in 250 shares one.
func LookKeys(look string) []string {
	var out []string
	for i := 0; i+4 <= len(look); i += 4 {
		if part := look[i : i+4]; part != "0000" {
			out = append(out, strconv.Itoa(i/4)+part)
		}
	}
	return out
}

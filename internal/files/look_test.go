package files

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// scene is a made-up photo: light that falls off over a wall, with things before it, and the noise of a sensor.
func scene(seed uint64) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 7))
	m := image.NewRGBA(image.Rect(0, 0, 240, 180))
	left, down := r.IntN(120)-60, r.IntN(120)-60
	for y := range 180 {
		for x := range 240 {
			l := uint8(120 + left*x/240 + down*y/180 + r.IntN(5))
			m.SetRGBA(x, y, color.RGBA{l, l - 10, l - 30, 255})
		}
	}
	for range 14 {
		x, y := r.IntN(240), r.IntN(180)
		l := uint8(r.IntN(200))
		thing := image.Rect(x, y, x+10+r.IntN(90), y+10+r.IntN(70)).Intersect(m.Rect)
		draw.Draw(m, thing, image.NewUniform(color.RGBA{l, l + uint8(r.IntN(50)), l + uint8(r.IntN(50)), 255}), image.Point{}, draw.Src)
	}
	return m
}

// handedOn is what a chat program makes of a photo: smaller, a little brighter, saved anew with loss.
func handedOn(t *testing.T, m *image.RGBA) *image.RGBA {
	t.Helper()
	small := shrink(m, 180)
	for i, v := range small.Pix {
		if i%4 != 3 {
			small.Pix[i] = uint8(min(255, int(v)*11/10+6))
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: 50}); err != nil {
		t.Fatal(err)
	}
	again, err := jpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return shrink(again, 180)
}

// A copy of a photo is near it and found by an index, whichever way it was turned or mirrored; other photos are not near.
func TestLooks(t *testing.T) {
	const scenes = 60
	var looks []string
	for i := range uint64(scenes) {
		m := scene(i)
		look := LookOf(m)
		for orientation := 1; orientation <= 8; orientation++ {
			copied := LookOf(upright(handedOn(t, m), orientation))
			n, ok := LookApart(look, copied)
			back, _ := LookApart(copied, look)
			shared := slices.ContainsFunc(LookKeys(look), func(key string) bool { return slices.Contains(LookAsks(copied), key) })
			if !ok || n > LookNear || back != n || !shared {
				t.Errorf("scene %d: a copy turned as %d is %d bits apart (%v), %d the other way round, shares a key: %v", i, orientation, n, ok, back, shared)
			}
		}
		looks = append(looks, look)
	}
	least := lookBits
	for i, a := range looks {
		for _, b := range looks[:i] {
			n, _ := LookApart(a, b)
			least = min(least, n)
		}
	}
	if least <= LookNear {
		t.Errorf("two scenes are only %d bits apart", least)
	}
	t.Logf("the nearest two of %d scenes are %d bits apart", scenes, least)
}

// There is nothing to tell a blank sheet or a speck by, and what is no look is near nothing.
func TestNoLook(t *testing.T) {
	blank := image.NewRGBA(image.Rect(0, 0, 100, 100))
	draw.Draw(blank, blank.Rect, image.White, image.Point{}, draw.Src)
	if got := LookOf(blank); got != "" || len(LookKeys(got)) != 0 {
		t.Errorf("a blank sheet looks like %q", got)
	}
	if got := LookOf(shrink(scene(1), 8)); got != "" {
		t.Errorf("a speck looks like %q", got)
	}
	sky := image.NewRGBA(image.Rect(0, 0, 100, 100))
	for y := range 100 {
		draw.Draw(sky, image.Rect(0, y, 100, y+1), image.NewUniform(color.Gray{Y: uint8(100 + y)}), image.Point{}, draw.Src)
	}
	if got := LookOf(sky); got != "" {
		t.Errorf("a sky looks like %q", got)
	}
	look := LookOf(scene(1))
	for _, bad := range []string{"", look[1:], look + "00", strings.Repeat("x", 32)} {
		if _, ok := LookApart(look, bad); ok {
			t.Errorf("%q counts as a look", bad)
		}
	}
	if n, ok := LookApart(look, look); n != 0 || !ok || len(LookKeys(look)) == 0 {
		t.Errorf("a look is %d from itself", n)
	}
}

package evidence

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// madeUp is what a made-up photo looks like: light that falls off, with fields before it. Of two of them about as many share a key as of real ones.
func madeUp(r *rand.Rand) string {
	m := image.NewRGBA(image.Rect(0, 0, 36, 36))
	left, down := r.IntN(120)-60, r.IntN(120)-60
	light := func(x, y int) int { return 120 + left*x/36 + down*y/36 + r.IntN(5) }
	for y := range 36 {
		for x := range 36 {
			l := uint8(light(x, y))
			m.SetRGBA(x, y, color.RGBA{l, l, l, 255})
		}
	}
	for range 14 {
		x0, y0, w, h, l := r.IntN(36), r.IntN(36), 2+r.IntN(13), 2+r.IntN(13), uint8(r.IntN(200))
		for y := y0; y < min(36, y0+h); y++ {
			for x := x0; x < min(36, x0+w); x++ {
				m.SetRGBA(x, y, color.RGBA{l, l, l, 255})
			}
		}
	}
	return files.LookOf(m)
}

// BenchmarkAlike looks for copies of the four photos of a piece among 1,000 photos and among 100,000, in one run, and tells how many times longer the second takes.
func BenchmarkAlike(b *testing.B) {
	const few, many, each = 1_000, 100_000, 4
	d := newDesk(b)
	template := d.submit(b)
	r := rand.New(rand.NewPCG(7, 7))
	put := func(from, to int) {
		group, ctx := errgroup.WithContext(context.Background())
		group.SetLimit(64)
		for n := from / each; n < to/each; n++ {
			p := template.State
			p.Files = nil
			for k := range each {
				p.Files = append(p.Files, files.Stored{Original: fmt.Sprintf("%064x", n*each+k), Name: "现场.jpg", Kind: files.JPEG, Size: 400_000, Width: 4000, Height: 3000, Look: madeUp(r)})
			}
			p.Submitted = supervision.Hand{By: "x", At: journal.At(d.Clock().Add(-time.Duration(n) * time.Minute))}
			p.State = Confirmed
			group.Go(func() error {
				meta := store.Meta{By: "x", Action: string(policy.SubmitEvidence)}
				_, err := d.rows.Commit(ctx, meta, d.DB.NewID(meta), 0, p)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	// The piece that is asked about holds a copy of one of the first photos.
	asked := template.State
	asked.Firm = "another"
	for range each {
		asked.Files = append(asked.Files, files.Stored{Original: fmt.Sprintf("%064x", 1<<40), Kind: files.JPEG, Look: madeUp(r)})
	}
	look := func(count int) time.Duration {
		const times = 10
		began := time.Now()
		for range times {
			if _, err := d.alike(b.Context(), "asked", &asked, mostAlike); err != nil {
				b.Fatal(err)
			}
		}
		took := time.Since(began) / times
		b.ReportMetric(float64(took.Microseconds())/1000, fmt.Sprintf("ms/%d", count))
		return took
	}
	for b.Loop() {
		put(0, few)
		first := look(few)
		put(few, many)
		b.ReportMetric(float64(look(many))/float64(first), "times")
	}
}

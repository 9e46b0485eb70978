package inspection

import (
	"fmt"

	"redsteward/internal/yamlstrict"
)

// Weights say how likely a draw takes a firm: the part for its star, and one for each mark of the trade against it, between the floor and the ceiling.
type Weights struct {
	// Star are the weights of no star, one star, … five stars; exactly six of them.
	Star []int64 `yaml:"star,required"`
	// Record is what each finding of the record adds, Floor what no firm is below, so that everybody can be drawn, Ceiling what no firm is above.
	Record  int64 `yaml:"record,required"`
	Floor   int64 `yaml:"floor,required"`
	Ceiling int64 `yaml:"ceiling,required"`
	// Least is the smallest part of the firms, in percent, that a draw takes.
	Least int64 `yaml:"least_percent,required"`
}

// check notes what weights must not be.
func (w *Weights) check(doc *yamlstrict.Document) {
	if len(w.Star) != 6 {
		doc.Add("draw.star", fmt.Sprintf("star 要写六个数：没有星、一星至五星，现在有 %d 个", len(w.Star)))
	}
	if w.Floor < 1 || w.Ceiling < w.Floor || w.Ceiling > 1000 {
		doc.Add("draw.floor", fmt.Sprintf("floor 至少是 1，ceiling 在 floor 和 1000 之间，现在是 %d 和 %d", w.Floor, w.Ceiling))
	}
	if w.Record < 0 || w.Record > 100 {
		doc.Add("draw.record", fmt.Sprintf("record 要在 0 至 100 之间，现在是 %d", w.Record))
	}
	if w.Least < 1 || w.Least > 100 {
		doc.Add("draw.least_percent", fmt.Sprintf("least_percent 要在 1 至 100 之间，现在是 %d", w.Least))
	}
	for i, n := range w.Star {
		if n < 0 || n > w.Ceiling {
			doc.Add(fmt.Sprintf("draw.star.%d", i), fmt.Sprintf("权重要在 0 至 %d 之间，现在是 %d", w.Ceiling, n))
		}
	}
}

package rating

import (
	"slices"

	"redsteward/internal/num"
)

// Changed is something that gave more or fewer points than in another result.
type Changed struct {
	// ID names it.
	ID string
	// Was and Is are the points; what did not count has none.
	Was, Is *num.Num
	// Change is the difference, what is missing counting as 0.
	Change num.Num
}

// Changes compares two results by the points that was and is tell of each id, nil for what does not count: it returns those that gave other points or counted in one of them only,
// the largest change first, equal ones in the order of ids.
func Changes(ids []string, was, is func(id string) *num.Num) []Changed {
	var list []Changed
	for _, id := range ids {
		c := Changed{ID: id, Was: was(id), Is: is(id)}
		if c.Is != nil {
			c.Change = *c.Is
		}
		if c.Was != nil {
			c.Change = c.Change.Sub(*c.Was)
		}
		if !c.Change.IsZero() || (c.Was == nil) != (c.Is == nil) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b Changed) int { return b.Change.Abs().Cmp(a.Change.Abs()) })
	return list
}

package rating

import "strings"

// refKind is what a name in an expression stands for.
type refKind uint8

const (
	refFact        refKind = iota // the number of fact a; 1 or 0 of a bool, population of a survey
	refQuotient                   // numerator ÷ denominator of ratio a
	refDay                        // days of date a
	refNumerator                  // of ratio a
	refDenominator                // of ratio a
	refItem                       // item or level b of fact a
	refAnswers                    // sum of the levels of survey a
	refValue                      // whether text a has its declared value b
	refActive                     // number of valid events of fact a with code b, or of all if b is -1
	refKnown                      // whether fact a is present
	refPoints                     // points of node a
	refRate                       // points ÷ max of node a
	refCounted                    // whether node a counts
	refBase                       // the aggregated total
	refRunning                    // the total as the adjustments have left it so far
	refTotal                      // the total after all adjustments
	refOutput                     // output a
	refAsOf                       // the day of evaluation
	refPastKnown                  // whether history a is there
	refPastTotal                  // its total
	refPastLevel                  // its grade's level
	refPastGrade                  // whether its grade is the grade named in text
	refPastPoints                 // its points of the part or indicator named in text
	refPastRate                   // its rate of the part or indicator named in text
	refPastOutput                 // its output named in text
)

// nameRef is a resolved name.
type nameRef struct {
	kind refKind
	a, b int
	text string
}

// isBool reports whether the name is a condition.
func (r nameRef) isBool(s *Scheme) bool {
	switch r.kind {
	case refFact:
		return s.Facts[r.a].Type == TypeBool
	case refValue, refKnown, refCounted, refPastKnown, refPastGrade:
		return true
	}
	return false
}

// reserved are words that cannot name a fact, because expressions use them.
var reserved = words(`known points rate counted output history total base running as_of true false null in none
	min max abs round floor ceil clamp ln exp pow sqrt
	as break const continue else for function if import let loop package namespace return var void while`)

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// resolve finds what a name stands for.
func (p *program) resolve(name string) (nameRef, bool) {
	switch name {
	case "base":
		return nameRef{kind: refBase}, true
	case "running":
		return nameRef{kind: refRunning}, true
	case "total":
		return nameRef{kind: refTotal}, true
	case "as_of":
		return nameRef{kind: refAsOf}, true
	}
	first, rest, dotted := strings.Cut(name, ".")
	if !dotted {
		i, ok := p.factIndex[first]
		if !ok {
			return nameRef{}, false
		}
		switch p.scheme.Facts[i].Type {
		case TypeText, TypeChecklist, TypeSurvey, TypeEvents:
			return nameRef{}, false
		case TypeRatio:
			return nameRef{kind: refQuotient, a: i}, true
		case TypeDate:
			return nameRef{kind: refDay, a: i}, true
		}
		return nameRef{kind: refFact, a: i}, true
	}
	switch first {
	case "known":
		i, ok := p.factIndex[rest]
		return nameRef{kind: refKnown, a: i}, ok
	case "points", "rate", "counted":
		i, ok := p.nodeIndex[rest]
		return nameRef{kind: map[string]refKind{"points": refPoints, "rate": refRate, "counted": refCounted}[first], a: i}, ok
	case "output":
		i, ok := p.outputIndex[rest]
		return nameRef{kind: refOutput, a: i}, ok
	case "history":
		return p.resolvePast(rest)
	}
	if i, ok := p.factIndex[first]; ok {
		return p.scheme.Facts[i].resolve(i, rest)
	}
	return nameRef{}, false
}

// resolvePast finds what a name after "history." stands for. Grades of other schemes are not known here, so any grade id is accepted.
func (p *program) resolvePast(name string) (nameRef, bool) {
	id, what, _ := strings.Cut(name, ".")
	i, ok := p.historyIndex[id]
	if !ok {
		return nameRef{}, false
	}
	switch what {
	case "known":
		return nameRef{kind: refPastKnown, a: i}, true
	case "total":
		return nameRef{kind: refPastTotal, a: i}, true
	case "level":
		return nameRef{kind: refPastLevel, a: i}, true
	}
	earlier := &p.scheme.History[i]
	group, member, _ := strings.Cut(what, ".")
	switch group {
	case "grade":
		return nameRef{kind: refPastGrade, a: i, text: member}, patterns["id"].shape.MatchString(member)
	case "points":
		return nameRef{kind: refPastPoints, a: i, text: member}, contains(earlier.Parts, member)
	case "rate":
		return nameRef{kind: refPastRate, a: i, text: member}, contains(earlier.Parts, member)
	case "output":
		return nameRef{kind: refPastOutput, a: i, text: member}, contains(earlier.Outputs, member)
	}
	return nameRef{}, false
}

// resolve finds what a name after "<fact>." stands for; i is the fact's place.
func (f *Fact) resolve(i int, name string) (nameRef, bool) {
	switch f.Type {
	case TypeRatio:
		if name == "num" {
			return nameRef{kind: refNumerator, a: i}, true
		}
		return nameRef{kind: refDenominator, a: i}, name == "den"
	case TypeText:
		for j := range f.Values {
			if f.Values[j].ID == name {
				return nameRef{kind: refValue, a: i, b: j}, true
			}
		}
	case TypeChecklist:
		for j := range f.Items {
			if f.Items[j].ID == name {
				return nameRef{kind: refItem, a: i, b: j}, true
			}
		}
	case TypeSurvey:
		switch name {
		case "population":
			return nameRef{kind: refFact, a: i}, true
		case "answers":
			return nameRef{kind: refAnswers, a: i}, true
		}
		for j := range f.Levels {
			if f.Levels[j].ID == name {
				return nameRef{kind: refItem, a: i, b: j}, true
			}
		}
	case TypeEvents:
		if name == "active" {
			return nameRef{kind: refActive, a: i, b: -1}, true
		}
		for j := range f.Codes {
			if f.Codes[j].ID == name {
				return nameRef{kind: refActive, a: i, b: j}, true
			}
		}
	}
	return nameRef{}, false
}

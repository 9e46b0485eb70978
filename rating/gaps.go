package rating

import (
	"fmt"
	"strings"
)

// gaps are the places of a scheme that could not be read. Everything else is checked all the same, so that one reading tells every mistake; what
// is only an echo of a gap is not told.
type gaps struct {
	unread  []string // paths of values that could not be read, of required ones that are missing, and of those whose key seems misspelt
	unknown []string // paths of keys that nobody knows: what they were meant to say is not known
}

// inside reports whether a path is another one or leads into it.
func inside(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// above is the path of the mapping or list in which a path ends.
func above(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }

// hides reports whether a problem at a path may be an echo: it lies in what was not read, or around it, or beside it in one mapping.
func (g *gaps) hides(path string) bool {
	for _, u := range g.unread {
		if inside(path, u) || inside(u, path) || above(u) != "" && above(u) == above(path) {
			return true
		}
	}
	for _, u := range g.unknown {
		if inside(path, u) || inside(u, path) {
			return true
		}
	}
	return false
}

// hole reports whether something at or under a path was not read.
func (g *gaps) hole(path string) bool {
	for _, list := range [][]string{g.unread, g.unknown} {
		for _, u := range list {
			if inside(u, path) {
				return true
			}
		}
	}
	return false
}

// missed reports whether the value at a path was not read.
func (g *gaps) missed(path string) bool { return contains(g.unread, path) }

// misspelt reports whether a key that nobody knows may be meant for one that was not given.
func misspelt(key, known string) bool { return distance(key, known) <= max(1, min(2, len(key)/3)) }

// readEnough reports whether there is anything left to check.
func (g *gaps) readEnough() bool {
	return !g.missed("") && !g.missed("facts") && !g.missed("indicators")
}

// nameless reports whether a list may hold ids that were not read, so that nobody can say that one is not there.
func (g *gaps) nameless(list string) bool {
	for _, u := range g.unread {
		if inside(list, u) {
			return true
		}
		if rest, ok := strings.CutPrefix(u, list+"["); ok {
			if _, key, _ := strings.Cut(rest, "]"); key == "" || key == ".id" {
				return true
			}
		}
	}
	return false
}

// absentFrom reports an id that is in none of the lists, unless they may hold it unread.
func (c *schemeChecker) absentFrom(lists []string, path, format string, args ...any) {
	for _, list := range lists {
		if c.nameless(list) {
			c.unread = append(c.unread, path)
			return
		}
	}
	c.reportAt(path, format, args...)
}

// vague reports whether a name leads to a fact or an earlier result that was not read completely. What reads it counts as unread too.
func (c *schemeChecker) vague(path, name string) bool {
	first, rest, _ := strings.Cut(name, ".")
	if first == "known" {
		first = rest
	}
	at := ""
	if i, ok := c.p.factIndex[first]; ok {
		at = fmt.Sprintf("facts[%d]", i)
	}
	if first == "history" {
		id, _, _ := strings.Cut(rest, ".")
		if i, ok := c.p.historyIndex[id]; ok {
			at = fmt.Sprintf("history[%d]", i)
		}
	}
	if at == "" || !c.hole(at) {
		return false
	}
	c.unread = append(c.unread, path)
	return true
}

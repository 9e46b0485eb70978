package rating

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"redsteward/internal/fault"
)

// Problem is one thing that is wrong with a file, at its place.
type Problem struct {
	// Line and Column count from 1.
	Line, Column int
	// Path is the key path, such as indicators[2].rule.of; entries count from 0. In a table it is the column's name.
	Path string
	// Message says in Chinese what is wrong and what would be right.
	Message string
}

// String is line:column path: message.
func (p Problem) String() string {
	if p.Path == "" {
		return fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message)
	}
	return fmt.Sprintf("%d:%d %s: %s", p.Line, p.Column, p.Path, p.Message)
}

// Problems are all problems of one file in the order of their places.
type Problems []Problem

// Error gives one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// ProblemsOf returns the problems that err carries, or nil.
func ProblemsOf(err error) Problems {
	var ps Problems
	if errors.As(err, &ps) {
		return ps
	}
	return nil
}

// collector gathers problems; it keeps the first maxProblems and counts the others.
type collector struct {
	found Problems
	more  int
}

func (c *collector) add(p Problem) {
	if len(c.found) >= maxProblems {
		c.more++
		return
	}
	c.found = append(c.found, p)
}

// err returns nil if nothing was found, else an Invalid fault that lists every problem as a field.
func (c *collector) err(op, what string) error {
	if len(c.found) == 0 {
		return nil
	}
	sort.SliceStable(c.found, func(i, j int) bool {
		a, b := c.found[i], c.found[j]
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
	message := fmt.Sprintf("%s有 %d 处错误", what, len(c.found)+c.more)
	if c.more > 0 {
		message += fmt.Sprintf("（只列出前 %d 处）", len(c.found))
	}
	e := fault.Wrap(op, fault.Invalid, message, c.found)
	for _, p := range c.found {
		e.Fields = append(e.Fields, fault.Field{Name: strings.TrimSpace(fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Path)), Message: p.Message})
	}
	return e
}

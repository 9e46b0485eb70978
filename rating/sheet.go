package rating

import (
	"encoding/json"
	"fmt"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// About is what people call a subject. It names no person.
type About struct {
	// Community and Township are its divisions, Place the text that stands below the name.
	Community string `json:"community,omitempty"`
	Firm      string `json:"firm,omitempty"`
	Name      string `json:"name,omitempty"`
	Place     string `json:"place,omitempty"`
	Township  string `json:"township,omitempty"`
}

// Sheet is what everybody may see of one result (公开本). Its hash is a leaf of the tree with the root Evaluation.Sheets.
type Sheet struct {
	// About is what the subject is called.
	About About `json:"about"`
	// Facts are the open facts, Result the open result, both canonical. The result names the open facts by their hash.
	Facts json.RawMessage `json:"facts"`
	// Full are the SHA-256 of all facts and of the whole result.
	Full struct {
		Facts  string `json:"facts"`
		Result string `json:"result"`
	} `json:"full"`
	// Kept stands for what is kept back, in the order of the parts.
	Kept   []Kept          `json:"kept,omitempty"`
	Result json.RawMessage `json:"result"`
}

// sheet makes the canonical JSON of a Sheet from a whole result.
func (s *Scheme) sheet(about About, sub *Subject, r *Result, salt string) []byte {
	open := sub.openFacts()
	facts := open.Canonical()
	result := s.openResult(r, hashOf(facts))
	kept := s.kept(r, salt)
	c := &canon{b: make([]byte, 0, 2048+len(facts)+200*len(r.Lines))}
	c.object(func() {
		c.key("about")
		c.object(func() {
			c.text("community", about.Community)
			c.text("firm", about.Firm)
			c.text("name", about.Name)
			c.text("place", about.Place)
			c.text("township", about.Township)
		})
		c.raw("facts", facts)
		c.key("full")
		c.object(func() {
			c.text("facts", r.Facts)
			c.text("result", r.Hash())
		})
		c.list("kept", len(kept), func(i int) {
			c.object(func() {
				c.text("hash", kept[i].Hash)
				c.key("part")
				c.string(kept[i].Part)
			})
		})
		c.raw("result", result.Canonical())
	})
	return c.b
}

// raw writes what is canonical already.
func (c *canon) raw(k string, v []byte) {
	c.key(k)
	c.b = append(c.b, v...)
}

// about is what a stored result is called.
func (a *ArchivedResult) about() About {
	return About{Community: a.Community, Firm: a.Firm, Name: a.Name, Place: a.Place, Township: a.Township}
}

// sheet makes the sheet of a stored result. Returns Invalid if it is damaged.
func (a *ArchivedResult) sheet(s *Scheme) ([]byte, error) {
	sub, r, err := a.Open(s)
	if err != nil {
		return nil, err
	}
	return s.sheet(a.about(), &sub, r, a.Salt), nil
}

// readSheet reads a sheet back. Returns Invalid if it is no sheet.
func readSheet(data []byte) (*Sheet, error) {
	var sheet Sheet
	if err := journal.DecodeStrict(data, &sheet); err != nil {
		return nil, fault.Wrap("rating.readSheet", fault.Invalid, "公开本读不出来", err)
	}
	if len(sheet.Facts) == 0 || len(sheet.Result) == 0 {
		return nil, fault.Wrap("rating.readSheet", fault.Invalid, "公开本没有事实或结果", fmt.Errorf("%d and %d bytes", len(sheet.Facts), len(sheet.Result)))
	}
	return &sheet, nil
}

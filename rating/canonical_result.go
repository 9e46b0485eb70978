package rating

// lineStates and lineWords are the words of LineState; scored is not written.
var lineWords = map[LineState]string{LineMissing: "missing", LineNotApplicable: "na"}

// Canonical returns the canonical JSON of the result. The texts of rules stand in the scheme, which is named by its hash; what a fact's value
// has in items stands in the line's items.
func (r *Result) Canonical() []byte {
	c := &canon{b: make([]byte, 0, 1024+160*len(r.Lines))}
	c.object(func() {
		c.list("adjust", len(r.Adjust), func(i int) { c.adjustLine(&r.Adjust[i]) })
		c.date("as_of", r.AsOf)
		c.key("base")
		c.partLine(&r.Base)
		c.texts("blocked", r.Blocked)
		c.text("cohort", r.Cohort)
		c.int("engine", r.Engine)
		c.text("facts", r.Facts)
		c.text("grade", r.Grade)
		c.text("hash", "sha256")
		c.text("held", r.Held)
		c.list("history", len(r.History), func(i int) {
			c.object(func() {
				c.text("hash", r.History[i].Hash)
				c.text("id", r.History[i].ID)
			})
		})
		c.text("label", r.Label)
		if r.Level != nil {
			c.int("level", *r.Level)
		}
		c.list("lines", len(r.Lines), func(i int) { c.line(&r.Lines[i]) })
		c.list("outputs", len(r.Outputs), func(i int) { c.outputLine(&r.Outputs[i]) })
		c.list("parts", len(r.Parts), func(i int) { c.partLine(&r.Parts[i]) })
		c.text("period", r.Period)
		c.key("scheme")
		c.object(func() {
			c.text("hash", r.SchemeHash)
			c.text("id", r.SchemeID)
			c.text("version", r.SchemeVersion)
		})
		c.text("status", r.Status)
		c.text("subject", r.Subject)
		c.key("total")
		c.partLine(&r.Total)
		c.texts("unmet", r.Unmet)
	})
	return c.b
}

// MarshalJSON is Canonical.
func (r Result) MarshalJSON() ([]byte, error) { return r.Canonical(), nil }

// Hash is the SHA-256 of the canonical form, 64 hex digits.
func (r *Result) Hash() string { return hashOf(r.Canonical()) }

func (c *canon) line(l *Line) {
	c.object(func() {
		c.list("facts", len(l.Facts), func(i int) { c.factUse(&l.Facts[i]) })
		c.text("id", l.ID)
		c.list("items", len(l.Items), func(i int) { c.itemLine(&l.Items[i]) })
		if l.Counted {
			c.number("max", l.Max)
			c.number("points", l.Points)
		}
		c.text("reason", l.Reason)
		c.text("state", lineWords[l.State])
		c.text("treated", l.Treated)
		if l.HasValue {
			c.number("value", l.Value)
		}
	})
}

// factUse writes a fact behind a line; what a checklist, survey or events hold stands in the items of the line.
func (c *canon) factUse(u *FactUse) {
	v := u.Value
	c.object(func() {
		c.text("by", v.By)
		c.date("day", v.Day)
		if !v.Den.IsZero() {
			c.number("den", v.Den)
		}
		c.text("id", u.ID)
		if v.State == Present && u.numeric {
			c.number("num", v.Number)
		}
		c.text("reviewed", v.Reviewed)
		c.texts("sources", sorted(v.Sources))
		c.text("state", stateWords[v.State])
		c.text("text", v.Text)
	})
}

func (c *canon) itemLine(l *ItemLine) {
	c.object(func() {
		c.date("date", l.Date)
		c.text("id", l.ID)
		if !l.Max.IsZero() {
			c.number("max", l.Max)
		}
		if l.State == Present {
			c.number("points", l.Points)
		}
		c.text("source", l.Source)
		c.text("state", stateWords[l.State])
		c.date("until", l.Until)
		if l.State == Present && l.Date == 0 {
			c.number("value", l.Value)
		}
	})
}

func (c *canon) partLine(p *PartLine) {
	c.object(func() {
		c.text("chosen", p.Chosen)
		c.text("id", p.ID)
		if p.Counted {
			c.number("max", p.Max)
			c.number("points", p.Points)
			c.text("shown", p.Shown)
		}
		c.list("steps", len(p.Steps), func(i int) {
			c.object(func() {
				c.number("after", p.Steps[i].After)
				c.text("id", p.Steps[i].ID)
			})
		})
	})
}

func (c *canon) adjustLine(a *AdjustLine) {
	c.object(func() {
		if a.Applied && a.GradeBefore == "" && a.GradeAfter == "" {
			c.number("after", a.After)
			c.number("before", a.Before)
		}
		c.list("facts", len(a.Facts), func(i int) { c.factUse(&a.Facts[i]) })
		c.text("grade_after", a.GradeAfter)
		c.text("grade_before", a.GradeBefore)
		c.text("id", a.ID)
		c.list("items", len(a.Items), func(i int) { c.itemLine(&a.Items[i]) })
		c.text("reason", a.Reason)
		c.flag("unknown", !a.Applied)
	})
}

func (c *canon) outputLine(o *OutputLine) {
	c.object(func() {
		c.list("facts", len(o.Facts), func(i int) { c.factUse(&o.Facts[i]) })
		c.text("id", o.ID)
		c.text("reason", o.Reason)
		if o.Known {
			c.text("shown", o.Shown)
			c.number("value", o.Value)
		}
	})
}

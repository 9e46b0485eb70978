package supervision

import (
	"context"
	"encoding/json"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// ObservationLine is one row of a file of observations, read but not yet checked against the register and what was recorded.
type ObservationLine struct {
	// Row is the number of the row in the sheet.
	Row int64 `json:"row"`
	// Township, Community and Project name a project in words, FirmCode is the 统一社会信用代码 of a whole firm; a row says one of both.
	Township  string `json:"township,omitempty" privacy:"public"`
	Community string `json:"community,omitempty" privacy:"public"`
	Project   string `json:"project,omitempty" privacy:"public"`
	FirmCode  string `json:"firm_code,omitempty" privacy:"public"`
	// Ask is what was asked; Cells, Day and Source are as in Draft.
	Ask    Ask           `json:"ask"`
	Cells  []Cell        `json:"cells"`
	Day    calendar.Date `json:"day"`
	Source string        `json:"source" privacy:"internal"`
	// Period is the name of the period that the row is for, Within its days; "" and zero if the row names none.
	Period string        `json:"period,omitempty" privacy:"public"`
	Within calendar.Span `json:"within"`
	// Office is the office in which the importing person records; set when the file is checked.
	Office string `json:"office" privacy:"public"`
}

// subjectKey names what a row is about, as typed.
func (l ObservationLine) subjectKey() string {
	return strings.Join([]string{l.Township, l.Community, l.Project, l.FirmCode}, "/")
}

// Finder finds what a file calls by name. registry.Finder implements it.
type Finder interface {
	// Project returns the id of a project, or "" with what is wrong by field (township, community, project).
	Project(ctx context.Context, township, community, name string) (string, []fault.Field, error)
	// Firm returns the id of a firm, or "" with what is wrong (firm).
	Firm(ctx context.Context, code string) (string, []fault.Field, error)
}

// ObservationImports brings observations in from Excel, through the mechanism of all imports. Every row becomes an observation as if the importing person
// had recorded it by hand, and waits for the second person.
type ObservationImports struct {
	*registry.Intake[ObservationLine]
	rows   *Observations
	finder func() Finder
}

// NewObservationImports opens imports into observations. finder makes a finder for one goroutine.
func NewObservationImports(ctx context.Context, rows *Observations, finder func() Finder) (*ObservationImports, error) {
	s := &ObservationImports{rows: rows, finder: finder}
	var err error
	s.Intake, err = registry.OpenIntake(ctx, rows.guard, policy.RecordObservation, imports.Config[ObservationLine]{
		DB: rows.db, Name: "observation-import",
		Row: func(l ObservationLine) int64 { return l.Row }, Target: ObservationLine.subjectKey,
		// Rights and scope were asked when the file was accepted.
		Checker: func() imports.Checker[ObservationLine] {
			return (&lineChecker{ObservationImports: s, find: finder(), covers: func([]string, calendar.Date) bool { return true }}).check
		},
	}, s.checking)
	if err != nil {
		return nil, err
	}
	s.Stamp = func(by policy.Actor, l *ObservationLine) {
		l.Office, l.Ask = HandOf(rows.guard.Rules(), by, policy.RecordObservation, journal.At(rows.db.Now())).Office, l.Ask.kept()
	}
	return s, nil
}

// lineChecker checks the lines of one file, one after the other.
type lineChecker struct {
	*ObservationImports
	find   Finder
	covers func(keys []string, day calendar.Date) bool
	// mayRecord asks for the right to record a fact; nil once it was asked.
	mayRecord func(fact string) error
	// fresh remembers what the file itself says, by fact, subject and day, of lines that are not recorded yet; nil to look at what is recorded only.
	fresh map[string]bool
}

// check says what a line would do: record it (New), record it beside another one about the same fact and day (Changed), or nothing, because the same is
// recorded already (Same).
func (c *lineChecker) check(ctx context.Context, l ObservationLine) (imports.Step, error) {
	o := Observation{Ask: l.Ask.kept(), Cells: l.Cells, Day: l.Day, Source: strings.TrimSpace(l.Source)}
	bad, err := c.subject(ctx, l, &o)
	if err != nil {
		return imports.Step{}, err
	}
	bad = append(bad, c.rows.faults(&o)...)
	if l.Period != "" && !l.Within.Has(l.Day) {
		bad = append(bad, fault.Field{Name: "day", Message: "日期 " + l.Day.Chinese() + " 不在" + l.Period + "内（" + l.Within.First.Chinese() + "至" + l.Within.Last.Chinese() + "）"})
	}
	if c.mayRecord != nil {
		if err := c.mayRecord(o.Ask.Fact); err != nil {
			bad = append(bad, fault.Field{Name: "fact", Message: "“" + o.Ask.Name + "”由党组织登记，" + fault.MessageOf(err)})
		}
	}
	if len(bad) > 0 {
		return imports.Step{Outcome: imports.Faulty, Faults: bad}, nil
	}
	said, err := saidIn(&o)
	if err != nil {
		return imports.Step{}, err
	}
	about := o.Ask.Fact + "/" + o.Project + "/" + o.Firm + "/" + o.Day.String()
	step := imports.Step{Outcome: imports.New, Key: about + said, Do: func(ctx context.Context, meta store.Meta, newID string) error {
		_, err := c.rows.save(ctx, meta, Hand{By: meta.By, Office: l.Office}, newID, 0, o)
		return err
	}}
	standing, err := c.recorded(ctx, &o)
	if err != nil {
		return step, err
	}
	if len(standing) > 0 || c.fresh[about] {
		step.Outcome = imports.Changed
	}
	for _, d := range standing {
		earlier, err := saidIn(&d.State)
		if err != nil {
			return step, err
		}
		if earlier == said {
			step.Outcome, step.ID = imports.Same, d.ID
		}
	}
	if c.fresh != nil && step.Outcome != imports.Same {
		c.fresh[about] = true
	}
	return step, nil
}

// saidIn is the content of an observation as a text to compare.
func saidIn(o *Observation) (string, error) {
	text, err := json.Marshal([]any{o.Cells, o.Source})
	if err != nil {
		return "", fault.Wrap("supervision.saidIn", fault.Internal, "", err)
	}
	return string(text), nil
}

// subject fills in what a line is about. What lies outside of the scope is told as if it were not registered.
func (c *lineChecker) subject(ctx context.Context, l ObservationLine, o *Observation) ([]fault.Field, error) {
	var project, firm string
	var unknown fault.Field
	var bad []fault.Field
	var err error
	switch {
	case (l.Project == "") == (l.FirmCode == ""):
		return []fault.Field{{Name: "project", Message: "小区名称和企业代码要填一个，只能填一个"}}, nil
	case l.Project != "":
		unknown = registry.NoProject(l.Community, l.Project)
		project, bad, err = c.find.Project(ctx, l.Township, l.Community, l.Project)
	default:
		unknown = registry.NoFirm(l.FirmCode)
		firm, bad, err = c.find.Firm(ctx, l.FirmCode)
	}
	if err != nil || len(bad) > 0 {
		return bad, err
	}
	if l.Day.IsZero() {
		return nil, nil // faults says that it is missing
	}
	err = c.rows.about(ctx, "supervision.subject", o, project, firm)
	switch {
	case fault.Is(err, fault.Invalid):
		return fault.FieldsOf(err), nil
	case err != nil:
		return nil, err
	case !c.covers(o.Keys, o.Day):
		return []fault.Field{unknown}, nil
	}
	return nil, nil
}

// recorded are the observations about the same fact, subject and day that were not taken back.
func (c *lineChecker) recorded(ctx context.Context, o *Observation) ([]store.Doc[Observation], error) {
	key := policy.FirmKey(o.Firm)
	if o.Project != "" {
		key = policy.ProjectKey(o.Project)
	}
	var out []store.Doc[Observation]
	for q := (store.Query{Index: byDay, Key: key + "/" + calendar.QuarterOf(o.Day).String(), Limit: store.MaxLimit}); ; {
		page, err := c.rows.rows.ListWhere(ctx, q, func(d *store.Doc[Observation]) bool {
			s := &d.State
			return s.Ask.Fact == o.Ask.Fact && s.Project == o.Project && s.Firm == o.Firm && s.Day == o.Day && s.State != ObservationWithdrawn
		})
		if err != nil {
			return nil, err
		}
		out = append(out, page.Docs...)
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// checking checks the lines of a file for an actor.
func (s *ObservationImports) checking(ctx context.Context, by policy.Actor) (imports.Checker[ObservationLine], error) {
	scope, err := s.rows.desk.Scope(ctx, by, policy.RecordObservation)
	if err != nil {
		return nil, err
	}
	return (&lineChecker{ObservationImports: s, find: s.finder(), covers: scope.Covers, fresh: map[string]bool{},
		mayRecord: func(fact string) error { return s.rows.requireRecord(by, fact) }}).check, nil
}

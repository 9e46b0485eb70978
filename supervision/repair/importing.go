package repair

import (
	"context"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Line is one row of a monthly file, read but not yet checked.
type Line struct {
	// Row is the number of the row in the sheet.
	Row int64 `json:"row"`
	// Township, Community and Project name the compound in words.
	Township  string `json:"township,omitempty" privacy:"public"`
	Community string `json:"community" privacy:"public"`
	Project   string `json:"project" privacy:"public"`
	// Number is the firm's own number, Urgency 是 or 否.
	Number  string  `json:"number" privacy:"public"`
	Urgency Urgency `json:"urgency,omitempty" privacy:"public"`
	// Said is what the file says, without Urgent.
	Said Said `json:"said"`
	// Office is the office in which the importing person acts; set when the file is checked.
	Office string `json:"office,omitempty" privacy:"public"`
}

// Urgency is how a file says whether somebody has to come at once; "" is no.
type Urgency string

// Urgencies are what a file can say.
func Urgencies() []registry.Choice {
	return []registry.Choice{{ID: "yes", Text: "是"}, {ID: "no", Text: "否"}}
}

// importKind is the kind of imports; their lines lie under a key of the file's month.
const importKind = "repair-import"

func (s *Service) openImports(ctx context.Context) (err error) {
	s.Imports, err = registry.OpenIntake(ctx, s.Guard, policy.WriteRepairs, imports.Config[Line]{
		DB: s.DB, Name: importKind, Row: func(l Line) int64 { return l.Row }, Target: func(l Line) string { return l.Community + "/" + l.Project + "/" + l.Number },
		Subject: func(l *Line) string {
			return importKind + "/" + s.DB.MAC(importKind, l.Community+"/"+l.Project+"/"+MomentText(l.Said.Reported.Time))[:32]
		},
		// Right and scope were asked when the file was accepted.
		Checker: func() imports.Checker[Line] {
			return (&lineChecker{s, s.Finder(), func([]string, calendar.Date) bool { return true }}).check
		},
	}, func(ctx context.Context, by policy.Actor) (imports.Checker[Line], error) {
		scope, err := s.Guard.Scope(ctx, by, policy.WriteRepairs)
		return (&lineChecker{s, s.Finder(), scope.Covers}).check, err
	})
	if err == nil {
		s.Imports.Stamp = func(by policy.Actor, l *Line) {
			l.Office = supervision.HandOf(s.Guard.Rules(), by, policy.WriteRepairs, journal.At(s.Now())).Office
		}
	}
	return err
}

// lineChecker checks the lines of one file, one after the other.
type lineChecker struct {
	*Service
	find   *registry.Finder
	covers func(keys []string, day calendar.Date) bool
}

// check says what a line would do: enter a repair (New), complete or correct one (Changed), or nothing. What a file leaves empty stays as it was.
func (c *lineChecker) check(ctx context.Context, l Line) (imports.Step, error) {
	faulty := func(bad ...fault.Field) (imports.Step, error) {
		return imports.Step{Outcome: imports.Faulty, Faults: bad}, nil
	}
	project, bad, err := c.find.Project(ctx, l.Township, l.Community, l.Project)
	if err != nil || len(bad) > 0 {
		return imports.Step{Outcome: imports.Faulty, Faults: bad}, err
	}
	l.Said.Urgent = l.Urgency == "yes"
	number := strings.TrimSpace(l.Number)
	var now store.Change[Repair]
	if !l.Said.Reported.IsZero() {
		if now, err = c.rows.Head(ctx, c.idOf(project, l.Said.Reported.Time, number)); err != nil && !fault.Is(err, fault.NotFound) {
			return imports.Step{}, err
		}
	}
	if now.Seq > 0 {
		if err := open(&now.State); err != nil {
			return faulty(fault.Field{Name: "number", Message: fault.MessageOf(err)})
		}
		l.Said = now.State.Said.with(l.Said)
	}
	var w wrong
	r, err := c.entered(ctx, &w, Input{Project: project, Number: number, Said: l.Said})
	if err != nil {
		return imports.Step{}, err
	}
	if len(r.Keys) > 0 && !c.covers(r.Keys, r.Day) {
		w = append(wrong{registry.NoProject(l.Community, l.Project)}, w...)
	}
	if len(w) > 0 {
		return faulty(w...)
	}
	id := c.idOf(project, r.Said.Reported.Time, r.Number)
	step := imports.Step{Outcome: imports.New, Key: id}
	r.Hand = supervision.Hand{Office: l.Office}
	if now.Seq > 0 {
		step.ID, step.Cause, step.Outcome = id, now.Meta.Cause, imports.Changed
		if len(changes(&now.State, &r)) == 0 {
			step.Outcome = imports.Same
			return step, nil
		}
		r.Reason = "按导入文件补齐或者更正"
	}
	step.Do = func(ctx context.Context, meta store.Meta, _ string) error {
		r.Hand.By, r.Hand.At = meta.By, journal.At(c.Now())
		_, err := c.rows.Commit(ctx, meta, id, now.Seq, r)
		return err
	}
	return step, nil
}

// with is what a file says now over what was said before: empty cells, and a phone that is given masked, stay as they were.
func (s Said) with(news Said) Said {
	phone := strings.TrimSpace(news.Phone)
	if phone == "" || phone == Mask(s.Phone) {
		news.Phone = s.Phone
	}
	for _, at := range []struct{ news, was *journal.Time }{{&news.Agreed, &s.Agreed}, {&news.Arrived, &s.Arrived}, {&news.Done, &s.Done}} {
		if at.news.IsZero() {
			*at.news = *at.was
		}
	}
	if strings.TrimSpace(news.Result) == "" {
		news.Result = s.Result
	}
	return news
}

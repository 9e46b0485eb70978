package adoption

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/registry/casework"
)

// Report is all that was found out about a version, stored as one file: what is signed is what was read.
type Report struct {
	// Changes are the rules that differ from the version in force, Base its name.
	Base    string              `json:"base"`
	Changes []rating.RuleChange `json:"changes"`
	// Verdicts are the guarantees, Trials how often was tried what cannot be proved.
	Verdicts []Verdict `json:"verdicts"`
	Trials   int       `json:"trials"`
	// Unfed are facts whose source is not connected: they would be missing for everybody.
	Unfed []Unfed `json:"unfed,omitempty"`
	// Replays are the published periods, the latest first.
	Replays []*rating.Replay `json:"replays"`
}

// Verdict is one guarantee in words.
type Verdict struct {
	Guarantee string         `json:"guarantee"`
	About     string         `json:"about,omitempty"`
	Title     string         `json:"title"`
	Finding   rating.Finding `json:"finding"`
	Advice    bool           `json:"advice,omitempty"`
	Why       string         `json:"why"`
	Trials    int            `json:"trials,omitempty"`
	// Example is the counterexample of a refuted one: a table of the facts of two subjects, Before and After what they get.
	Example []FactRow `json:"example,omitempty"`
	Before  string    `json:"before,omitempty"`
	After   string    `json:"after,omitempty"`
}

// FactRow is one line of the two facts tables: the same fact of both subjects. Of an example without a second subject One is all.
type FactRow struct {
	Name string `json:"name"`
	One  string `json:"one"`
	Two  string `json:"two,omitempty"`
}

// Differs reports whether the fact is another one.
func (r FactRow) Differs() bool { return r.Two != "" && r.One != r.Two }

// Unfed is a fact without a source.
type Unfed struct {
	Name   string `json:"name"`
	Source string `json:"source"`
}

// studySeed makes two studies of one file say the same, as `redsteward check` does.
const studySeed = 1

// maxPeriods is how many of the latest published periods a version is replayed over, maxReport how large a report may be.
const (
	maxPeriods = 8
	maxReport  = 64 << 20
)

// Progress says how far a study is, or how the last one ended. It has no journal.
type Progress struct {
	// Stage is what is being done in Chinese, Done of Total parts of it are.
	Stage string `json:"stage" privacy:"public"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
	// Begun and Ended are when; Failure says in Chinese why it failed.
	Begun   journal.Time `json:"begun"`
	Ended   journal.Time `json:"ended,omitzero"`
	Failure string       `json:"failure,omitempty" privacy:"internal"`
}

// Running reports whether a study goes on.
func (p *Progress) Running() bool { return !p.Begun.IsZero() && p.Ended.IsZero() }

// replayable are the published periods of a rhythm that a version is replayed over, the latest first.
func (s *Service) replayable(ctx context.Context, rhythm string) ([]rating.PastPeriod, error) {
	list, err := s.Past.PastPeriods(ctx, rhythm)
	slices.Reverse(list)
	return list[:min(len(list), maxPeriods)], err
}

// StartStudy begins to look into a version and leaves it to run in the background; Studying tells how far it is. Returns Forbidden without ProposeScheme, NotFound for an unknown version, Conflict if it is no draft any more.
func (s *Service) StartStudy(ctx context.Context, by policy.Actor, id string) error {
	doc, err := s.One(ctx, by, id)
	if err != nil {
		return err
	}
	if err := s.Guard.Require(by, StepStudy.Action()); err != nil {
		return err
	}
	if _, err := doc.State.State.next(StepStudy); err != nil {
		return err
	}
	if err := s.tell(ctx, id, Progress{Stage: "测算", Begun: journal.At(s.Now())}); err != nil {
		return err
	}
	s.Background(func(ctx context.Context) {
		_, _ = s.study(ctx, by, casework.At{ID: id, Seq: doc.Seq}) // how it ended stands in its progress
	})
	return nil
}

// Studying tells how far the study of a version is. Returns NotFound if none ran lately.
func (s *Service) Studying(ctx context.Context, by policy.Actor, id string) (Progress, error) {
	if _, err := s.One(ctx, by, id); err != nil {
		return Progress{}, err
	}
	at, err := s.progress.Get(ctx, id)
	return at.State, err
}

// progressFor is how many days it can be looked up how a study ended.
const progressFor = 30

func (s *Service) tell(ctx context.Context, id string, p Progress) error {
	return s.progress.Put(ctx, id, p, s.DB.Now().AddDate(0, 0, progressFor))
}

// study computes guarantees and replay and commits their sum.
func (s *Service) study(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Version], error) {
	p := Progress{Begun: journal.At(s.Now())}
	doc, err := s.studied(ctx, by, at, &p)
	p.Ended = journal.At(s.Now())
	if err != nil {
		if p.Failure = fault.MessageOf(err); p.Failure == "" {
			p.Failure = "系统出错，请看运行日志"
		}
	}
	if told := s.tell(context.WithoutCancel(ctx), at.ID, p); err == nil {
		err = told
	}
	return doc, err
}

func (s *Service) studied(ctx context.Context, by policy.Actor, at casework.At, p *Progress) (store.Doc[Version], error) {
	none := store.Doc[Version]{}
	if err := s.Guard.Require(by, StepStudy.Action()); err != nil {
		return none, err
	}
	doc, err := s.One(ctx, by, at.ID)
	if err != nil {
		return none, err
	}
	if _, err := doc.State.State.next(StepStudy); err != nil {
		return none, err
	}
	told := func(stage string, done, total int) {
		p.Stage, p.Done, p.Total = stage, done, total
		_ = s.tell(ctx, at.ID, *p) // how far it is helps who waits; that it cannot be told stops nothing
	}
	study, report, err := s.report(ctx, &doc.State, told)
	if err != nil {
		return none, err
	}
	text, err := json.Marshal(report)
	if err != nil {
		return none, fault.Wrap("adoption.study", fault.Internal, "", err)
	}
	stored, err := s.DB.PutFile(ctx, store.Meta{By: by.ID, Action: string(StepStudy.Action())}, bytes.NewReader(text), maxReport)
	if err != nil {
		return none, err
	}
	study.File, study.At, study.By = stored.SHA256, journal.At(s.Now()), by.ID
	return s.Change(ctx, by, StepStudy.Action(), at, StepStudy.Title(), func(v *Version) error {
		next, err := v.State.next(StepStudy)
		if err != nil {
			return err
		}
		if v.Study != nil && !slices.Equal(v.Study.Broken, study.Broken) {
			v.Waivers = nil // they were about something else
		}
		v.State, v.Last, v.Study = next, StepStudy, study
		return nil
	})
}

// report finds out everything about a version.
func (s *Service) report(ctx context.Context, v *Version, told func(stage string, done, total int)) (*Study, *Report, error) {
	file, err := s.read(ctx, v.Hash, rating.MaxSchemeBytes)
	if err != nil {
		return nil, nil, err
	}
	scheme, err := rating.ParseScheme(file)
	if err != nil {
		return nil, nil, err
	}
	base, err := s.InForce(ctx, v.Rhythm, s.Today())
	if err != nil {
		return nil, nil, err
	}
	r := &Report{Base: base.Version, Trials: s.Trials}
	if r.Changes, err = rating.Differences(base.File, file); err != nil {
		return nil, nil, err
	}
	study := &Study{Base: base.Hash}
	told("核对保证", 0, 1)
	for _, one := range rating.Guarantees(scheme, studySeed, s.Trials) {
		r.Verdicts = append(r.Verdicts, verdict(scheme, &one))
		switch {
		case one.Finding == rating.FindingProved:
			study.Proved++
		case one.Finding == rating.FindingNotRefuted:
			study.NotRefuted++
		case one.Finding == rating.FindingNotApplicable:
			study.NotApplicable++
		case one.Advice:
			study.Reminders++
		default:
			study.Refuted++
			study.Broken = append(study.Broken, Broken{one.Guarantee, one.About, one.Title})
		}
	}
	sources := s.Past.FactSources()
	for i := range scheme.Facts {
		for _, source := range []string{scheme.Facts[i].Source, scheme.Facts[i].Otherwise} {
			if source != "" && !slices.Contains(sources, source) {
				r.Unfed = append(r.Unfed, Unfed{scheme.Facts[i].Name, source})
			}
		}
	}
	periods, err := s.replayable(ctx, v.Rhythm)
	if err != nil {
		return nil, nil, err
	}
	for i := range periods {
		told("重放"+periods[i].Name, i, len(periods))
		p, err := s.Past.PastPeriod(ctx, periods[i].ID)
		if err != nil {
			return nil, nil, err
		}
		replay, err := p.Replay(nil, file, nil)
		if err != nil {
			return nil, nil, fault.Wrap("adoption.report", "", periods[i].Name+"重放不了："+fault.MessageOf(err), err)
		}
		r.Replays = append(r.Replays, replay)
		study.Periods, study.Evaluations = append(study.Periods, p.ID), append(study.Evaluations, p.Evaluation)
		study.Subjects, study.Moved, study.Up, study.Down = study.Subjects+replay.Subjects, study.Moved+replay.Moved, study.Up+replay.Up, study.Down+replay.Down
		for _, l := range replay.Lost {
			if !l.Noted {
				study.Lost++
			}
		}
	}
	return study, r, nil
}

// verdict puts a verdict into words, with the two facts tables of a counterexample.
func verdict(s *rating.Scheme, v *rating.Verdict) Verdict {
	out := Verdict{Guarantee: v.Guarantee, About: v.About, Title: v.Title, Finding: v.Finding, Advice: v.Advice, Why: v.Why, Trials: v.Trials}
	if v.Finding != rating.FindingRefuted || v.Example == nil {
		return out
	}
	for _, row := range v.Example.Table(s) {
		out.Example = append(out.Example, FactRow{row[0], row[1], row[2]})
	}
	out.Before, out.After = v.Example.Before, v.Example.After
	return out
}

// Read returns what was found out about a version, as far as the rows of the actor reach; nil before its study. Returns NotFound for an unknown version.
func (s *Service) Read(ctx context.Context, by policy.Actor, id string) (*Report, error) {
	doc, err := s.One(ctx, by, id)
	if err != nil || doc.State.Study == nil {
		return nil, err
	}
	text, err := s.read(ctx, doc.State.Study.File, maxReport)
	if err != nil {
		return nil, err
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fault.Wrap("adoption.Read", fault.Internal, "测算结果读不出来", err)
	}
	scope, err := s.Scope(ctx, by, policy.ReadPeriods)
	if err != nil {
		return nil, err
	}
	file, err := s.read(ctx, doc.State.Hash, rating.MaxSchemeBytes)
	if err != nil {
		return nil, err
	}
	scheme, err := rating.ParseScheme(file)
	if err != nil {
		return nil, err
	}
	for _, replay := range r.Replays {
		if err := s.within(ctx, by, replay, scope, scheme); err != nil {
			return nil, err
		}
	}
	return &r, nil
}

// within leaves of the rows of a replay those in a scope, and of what moved them what the actor may see.
func (s *Service) within(ctx context.Context, by policy.Actor, replay *rating.Replay, scope policy.Scope, schemes ...*rating.Scheme) error {
	kept, err := s.Guard.KeptScope(ctx, by)
	if err != nil {
		return err
	}
	replay.Rows = slices.DeleteFunc(replay.Rows, func(row rating.ReplayRow) bool { return !scope.Covers(row.Keys, s.Today()) })
	for i := range replay.Rows {
		if !kept.Covers(replay.Rows[i].Keys, s.Today()) {
			replay.KeepBack(&replay.Rows[i], schemes...)
		}
	}
	return nil
}

// Compare replays a published period under two versions side by side: each is the id of a version, or "" for the one of the configuration. Returns NotFound for what is not there, Invalid if they are of different rhythms.
func (s *Service) Compare(ctx context.Context, by policy.Actor, rhythm, one, two, period string) (*Comparison, error) {
	scope, err := s.Scope(ctx, by, policy.ReadPeriods)
	if err != nil {
		return nil, err
	}
	c := &Comparison{}
	var files [2][]byte
	for i, id := range []string{one, two} {
		if files[i], err = s.fileOf(ctx, by, rhythm, id); err != nil {
			return nil, err
		}
		scheme, err := rating.ParseScheme(files[i])
		if err != nil {
			return nil, err
		}
		if scheme.Rhythm != rhythm {
			return nil, fault.InvalidFields("adoption.Compare", fault.Field{Name: "two", Message: "两版方案的评价周期不同，不能对照"})
		}
		c.Schemes[i] = scheme
	}
	if c.Changes, err = rating.Differences(files[0], files[1]); err != nil {
		return nil, err
	}
	if c.Periods, err = s.replayable(ctx, rhythm); err != nil {
		return nil, err
	}
	if period == "" && len(c.Periods) > 0 {
		period = c.Periods[0].ID
	}
	if period == "" {
		return c, nil
	}
	if !slices.ContainsFunc(c.Periods, func(p rating.PastPeriod) bool { return p.ID == period }) {
		return nil, fault.New("adoption.Compare", fault.NotFound, fmt.Sprintf("没有已经公布的 %s", period))
	}
	p, err := s.Past.PastPeriod(ctx, period)
	if err != nil {
		return nil, err
	}
	if c.Replay, err = p.Replay(files[0], files[1], nil); err != nil {
		return nil, err
	}
	return c, s.within(ctx, by, c.Replay, scope, c.Schemes[:]...)
}

// Comparison is two versions side by side.
type Comparison struct {
	// Schemes are the two, Changes what differs, Periods those to choose from, Replay the chosen one, nil if nothing was published yet.
	Schemes [2]*rating.Scheme
	Changes []rating.RuleChange
	Periods []rating.PastPeriod
	Replay  *rating.Replay
}

// fileOf is the scheme file of a version, "" for the one of the configuration.
func (s *Service) fileOf(ctx context.Context, by policy.Actor, rhythm, id string) ([]byte, error) {
	if id != "" {
		return s.File(ctx, by, id)
	}
	file, ok := s.First[rhythm]
	if !ok {
		return nil, fault.New("adoption.fileOf", fault.NotFound, "没有这种周期的评价方案")
	}
	return file, nil
}

// earlierFiles are the files of the configuration by which published periods were rated before the one that stands there now, the earliest first.
func (s *Service) earlierFiles(ctx context.Context, rhythm string, line []InForce) ([]InForce, error) {
	periods, err := s.Past.PastPeriods(ctx, rhythm)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, v := range line {
		known[v.Hash] = true
	}
	var out []InForce
	for _, p := range periods {
		scheme, err := rating.ParseScheme(p.Scheme)
		if err != nil {
			return nil, err
		}
		if known[scheme.Hash] {
			continue
		}
		known[scheme.Hash] = true
		out = append(out, InForce{Rhythm: rhythm, SchemeID: scheme.ID, Version: scheme.Version, Title: scheme.Title, Hash: scheme.Hash, Since: p.Name, File: p.Scheme})
	}
	return out, nil
}

// RuleMoment is a rule as one version has it.
type RuleMoment struct {
	InForce
	// Title is what the rule is called there, Keys its values, empty if the version has no such rule.
	Title string
	Keys  []rating.KeyChange
	// Changed are the values that differ from the version before; Same: none does.
	Changed []rating.KeyChange
	Same    bool
}

// RuleHistory follows one rule through the versions that were used, the earliest first: who proposed and adopted what, when and under which number. section and rule are those of rating.RuleChange. Returns NotFound if no version has it.
func (s *Service) RuleHistory(ctx context.Context, by policy.Actor, rhythm, section, rule string) ([]RuleMoment, error) {
	if err := s.Guard.Require(by, policy.ReadPeriods); err != nil {
		return nil, err
	}
	line, err := s.Line(ctx, rhythm)
	if err != nil {
		return nil, err
	}
	earlier, err := s.earlierFiles(ctx, rhythm, line)
	if err != nil {
		return nil, err
	}
	line = append(earlier, line...)
	var out []RuleMoment
	found := false
	for i, v := range line {
		m := RuleMoment{InForce: v}
		if m.Keys, m.Title, err = rating.RuleText(v.File, section, rule); err != nil {
			return nil, err
		}
		found = found || len(m.Keys) > 0
		if i > 0 {
			changes, err := rating.Differences(line[i-1].File, v.File)
			if err != nil {
				return nil, err
			}
			m.Same = true
			for _, c := range changes {
				if c.Section == section && c.ID == rule {
					m.Changed, m.Same = c.Keys, false
				}
			}
		}
		out = append(out, m)
	}
	if !found {
		return nil, fault.New("adoption.RuleHistory", fault.NotFound, "没有一版方案有这条规则")
	}
	return out, nil
}

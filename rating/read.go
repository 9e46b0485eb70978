package rating

import (
	"bytes"
	"fmt"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/num"
)

// The wire structs are the canonical JSON read back; canonical.go writes.

type wireValue struct {
	By       string            `json:"by"`
	Day      string            `json:"day"`
	Den      num.Num           `json:"den"`
	Events   []wireEvent       `json:"events"`
	Items    map[string]string `json:"items"`
	Num      num.Num           `json:"num"`
	Reviewed string            `json:"reviewed"`
	Sources  []string          `json:"sources"`
	State    string            `json:"state"`
	Text     string            `json:"text"`
}

type wireEvent struct {
	Code   string   `json:"code"`
	Date   string   `json:"date"`
	Points *num.Num `json:"points"`
	Source string   `json:"source"`
	Until  string   `json:"until"`
}

type wireFacts struct {
	AsOf    string               `json:"as_of"`
	Facts   map[string]wireValue `json:"facts"`
	Period  string               `json:"period"`
	Subject string               `json:"subject"`
}

// optionalDate reads a date that may be empty.
func optionalDate(text string) (Date, error) {
	if text == "" {
		return 0, nil
	}
	return ParseDate(text)
}

// ReadSubject reads frozen facts from their canonical JSON. It returns Invalid if they are damaged, not canonical, or not what the scheme
// declares.
func (s *Scheme) ReadSubject(data []byte) (Subject, error) {
	const op = "rating.ReadSubject"
	var w wireFacts
	if err := journal.DecodeStrict(data, &w); err != nil {
		return Subject{}, fault.Wrap(op, fault.Invalid, "事实文件读不出来", err)
	}
	asOf, err := optionalDate(w.AsOf)
	if err != nil {
		return Subject{}, fault.Wrap(op, fault.Invalid, "事实文件读不出来", err)
	}
	sub := s.NewSubject(w.Subject, w.Period, asOf)
	for id, value := range w.Facts {
		i, ok := s.FactIndex(id)
		if !ok {
			return Subject{}, fault.New(op, fault.Invalid, fmt.Sprintf("方案没有声明事实 %q", short(id)))
		}
		v, err := value.value(&s.Facts[i])
		if err != nil {
			return Subject{}, fault.Wrap(op, fault.Invalid, fmt.Sprintf("事实 %s 读不出来", id), err)
		}
		if err := sub.Set(id, v); err != nil {
			return Subject{}, err
		}
	}
	if !bytes.Equal(sub.Canonical(), data) {
		return Subject{}, fault.New(op, fault.Invalid, "事实文件不是规范写法，可能被改动过")
	}
	return sub, nil
}

func (w *wireValue) value(f *Fact) (Value, error) {
	v := Value{State: Present, Number: w.Num, Den: w.Den, Text: w.Text, Sources: w.Sources, By: w.By, Reviewed: w.Reviewed}
	switch w.State {
	case "":
	case stateWords[NotApplicable]:
		v.State = NotApplicable
		return v, nil
	default:
		return v, fmt.Errorf("unknown state %q", w.State)
	}
	var err error
	if v.Day, err = optionalDate(w.Day); err != nil {
		return v, err
	}
	if w.Items != nil {
		ids := f.itemIDs()
		v.Items = make([]ItemValue, len(ids))
		for i, id := range ids {
			text, ok := w.Items[id]
			switch {
			case !ok:
			case text == stateWords[NotApplicable]:
				v.Items[i].State = NotApplicable
			default:
				v.Items[i].State = Present
				if v.Items[i].Number, err = num.ParseCanonical(text); err != nil {
					return v, err
				}
			}
		}
	}
	for _, e := range w.Events {
		event := Event{Code: e.Code, Points: e.Points, Source: e.Source}
		if event.Date, err = optionalDate(e.Date); err != nil {
			return v, err
		}
		if event.Until, err = optionalDate(e.Until); err != nil {
			return v, err
		}
		v.Events = append(v.Events, event)
	}
	return v, nil
}

type wireFactUse struct {
	By       string   `json:"by"`
	Day      string   `json:"day"`
	Den      num.Num  `json:"den"`
	ID       string   `json:"id"`
	Num      *num.Num `json:"num"`
	Reviewed string   `json:"reviewed"`
	Sources  []string `json:"sources"`
	State    string   `json:"state"`
	Text     string   `json:"text"`
}

type wireItem struct {
	Date   string   `json:"date"`
	ID     string   `json:"id"`
	Max    num.Num  `json:"max"`
	Points *num.Num `json:"points"`
	Source string   `json:"source"`
	State  string   `json:"state"`
	Until  string   `json:"until"`
	Value  num.Num  `json:"value"`
}

type wireLine struct {
	Facts   []wireFactUse `json:"facts"`
	ID      string        `json:"id"`
	Items   []wireItem    `json:"items"`
	Max     num.Num       `json:"max"`
	Points  *num.Num      `json:"points"`
	Reason  string        `json:"reason"`
	State   string        `json:"state"`
	Treated string        `json:"treated"`
	Value   *num.Num      `json:"value"`
}

type wireStep struct {
	After num.Num `json:"after"`
	ID    string  `json:"id"`
}

type wirePart struct {
	Chosen string     `json:"chosen"`
	ID     string     `json:"id"`
	Max    num.Num    `json:"max"`
	Points *num.Num   `json:"points"`
	Shown  string     `json:"shown"`
	Steps  []wireStep `json:"steps"`
}

type wireAdjust struct {
	After       num.Num       `json:"after"`
	Before      num.Num       `json:"before"`
	Facts       []wireFactUse `json:"facts"`
	GradeAfter  string        `json:"grade_after"`
	GradeBefore string        `json:"grade_before"`
	ID          string        `json:"id"`
	Items       []wireItem    `json:"items"`
	Reason      string        `json:"reason"`
	Unknown     bool          `json:"unknown"`
}

type wireOutput struct {
	Facts  []wireFactUse `json:"facts"`
	ID     string        `json:"id"`
	Reason string        `json:"reason"`
	Shown  string        `json:"shown"`
	Value  *num.Num      `json:"value"`
}

type wireResult struct {
	Adjust  []wireAdjust `json:"adjust"`
	AsOf    string       `json:"as_of"`
	Base    wirePart     `json:"base"`
	Blocked []string     `json:"blocked"`
	Cohort  string       `json:"cohort"`
	Engine  int          `json:"engine"`
	Facts   string       `json:"facts"`
	Grade   string       `json:"grade"`
	Hash    string       `json:"hash"`
	Held    string       `json:"held"`
	History []struct {
		Hash string `json:"hash"`
		ID   string `json:"id"`
	} `json:"history"`
	Label   string       `json:"label"`
	Level   *int         `json:"level"`
	Lines   []wireLine   `json:"lines"`
	Outputs []wireOutput `json:"outputs"`
	Parts   []wirePart   `json:"parts"`
	Period  string       `json:"period"`
	Scheme  struct {
		Hash    string `json:"hash"`
		ID      string `json:"id"`
		Version string `json:"version"`
	} `json:"scheme"`
	Status  string   `json:"status"`
	Subject string   `json:"subject"`
	Total   wirePart `json:"total"`
	Unmet   []string `json:"unmet"`
}

// ReadResult reads a result from its canonical JSON. It returns Invalid if it is damaged or not canonical, or of an engine that is not known.
func ReadResult(data []byte) (*Result, error) {
	const op = "rating.ReadResult"
	var w wireResult
	if err := journal.DecodeStrict(data, &w); err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "结果文件读不出来", err)
	}
	if w.Engine != EngineVersion || w.Hash != "sha256" {
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf("结果由引擎 %d、算法 %s 产生，本程序只认引擎 %d、算法 sha256", w.Engine, short(w.Hash), EngineVersion))
	}
	r, err := w.result()
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "结果文件读不出来", err)
	}
	if !bytes.Equal(r.Canonical(), data) {
		return nil, fault.New(op, fault.Invalid, "结果文件不是规范写法，可能被改动过")
	}
	return r, nil
}

// UnmarshalJSON is ReadResult.
func (r *Result) UnmarshalJSON(data []byte) error {
	read, err := ReadResult(data)
	if err == nil {
		*r = *read
	}
	return err
}

func (w *wireResult) result() (*Result, error) {
	r := &Result{
		Engine: w.Engine, SchemeID: w.Scheme.ID, SchemeVersion: w.Scheme.Version, SchemeHash: w.Scheme.Hash, Cohort: w.Cohort, Facts: w.Facts,
		Subject: w.Subject, Period: w.Period, Blocked: w.Blocked, Unmet: w.Unmet, Status: w.Status, Grade: w.Grade, Label: w.Label,
		Level: w.Level, Held: w.Held, Base: w.Base.part(), Total: w.Total.part(),
	}
	var err error
	if r.AsOf, err = optionalDate(w.AsOf); err != nil {
		return nil, err
	}
	for _, h := range w.History {
		r.History = append(r.History, PastUse{ID: h.ID, Hash: h.Hash})
	}
	for i := range w.Lines {
		line, err := w.Lines[i].line()
		if err != nil {
			return nil, err
		}
		r.Lines = append(r.Lines, line)
	}
	for i := range w.Parts {
		r.Parts = append(r.Parts, w.Parts[i].part())
	}
	for _, a := range w.Adjust {
		line := AdjustLine{
			ID: a.ID, Applied: !a.Unknown, Reason: a.Reason, Before: a.Before, After: a.After, GradeBefore: a.GradeBefore, GradeAfter: a.GradeAfter,
		}
		if line.Items, err = items(a.Items); err != nil {
			return nil, err
		}
		if line.Facts, err = uses(a.Facts); err != nil {
			return nil, err
		}
		r.Adjust = append(r.Adjust, line)
	}
	for _, o := range w.Outputs {
		line := OutputLine{ID: o.ID, Reason: o.Reason, Shown: o.Shown}
		if o.Value != nil {
			line.Known, line.Value = true, *o.Value
		}
		if line.Facts, err = uses(o.Facts); err != nil {
			return nil, err
		}
		r.Outputs = append(r.Outputs, line)
	}
	return r, nil
}

func (w *wirePart) part() PartLine {
	p := PartLine{ID: w.ID, Max: w.Max, Shown: w.Shown, Chosen: w.Chosen}
	if w.Points != nil {
		p.Counted, p.Points = true, *w.Points
	}
	for _, s := range w.Steps {
		p.Steps = append(p.Steps, StepLine{ID: s.ID, After: s.After})
	}
	return p
}

func (w *wireLine) line() (Line, error) {
	l := Line{ID: w.ID, Treated: w.Treated, Reason: w.Reason, Max: w.Max}
	switch w.State {
	case "":
	case lineWords[LineMissing]:
		l.State = LineMissing
	case lineWords[LineNotApplicable]:
		l.State = LineNotApplicable
	default:
		return l, fmt.Errorf("unknown state %q", w.State)
	}
	if w.Points != nil {
		l.Counted, l.Points = true, *w.Points
	}
	if w.Value != nil {
		l.read(*w.Value)
	}
	var err error
	if l.Facts, err = uses(w.Facts); err != nil {
		return l, err
	}
	l.Items, err = items(w.Items)
	return l, err
}

func uses(list []wireFactUse) ([]FactUse, error) {
	var out []FactUse
	for i := range list {
		f := &list[i]
		v := Value{Den: f.Den, Text: f.Text, Sources: f.Sources, By: f.By, Reviewed: f.Reviewed}
		var err error
		if v.State, err = stateOf(f.State); err != nil {
			return nil, err
		}
		if v.Day, err = optionalDate(f.Day); err != nil {
			return nil, err
		}
		if f.Num != nil {
			v.Number = *f.Num
		}
		out = append(out, FactUse{ID: f.ID, Value: &v, numeric: f.Num != nil})
	}
	return out, nil
}

func stateOf(word string) (State, error) {
	switch word {
	case "":
		return Present, nil
	case stateWords[Missing]:
		return Missing, nil
	case stateWords[NotApplicable]:
		return NotApplicable, nil
	}
	return Missing, fmt.Errorf("unknown state %q", word)
}

func items(list []wireItem) ([]ItemLine, error) {
	var out []ItemLine
	for _, w := range list {
		item := ItemLine{ID: w.ID, Max: w.Max, Value: w.Value, Source: w.Source}
		if w.Points != nil {
			item.Points = *w.Points
		}
		var err error
		if item.State, err = stateOf(w.State); err != nil {
			return nil, err
		}
		if item.Date, err = optionalDate(w.Date); err != nil {
			return nil, err
		}
		if item.Until, err = optionalDate(w.Until); err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}

type wireCohort struct {
	Scheme     string `json:"scheme"`
	Statistics []struct {
		Groups []struct {
			Count           int      `json:"count"`
			Deviation       num.Num  `json:"deviation"`
			Group           string   `json:"group"`
			Max             num.Num  `json:"max"`
			Mean            num.Num  `json:"mean"`
			Min             num.Num  `json:"min"`
			SampleDeviation num.Num  `json:"sample_deviation"`
			Values          [][2]any `json:"values"`
		} `json:"groups"`
		Indicator string `json:"indicator"`
	} `json:"statistics"`
	Subjects int `json:"subjects"`
}

// readCohort reads statistics from their canonical JSON. It returns Invalid if they are damaged, not canonical, or not those of the scheme.
func (s *Scheme) readCohort(data []byte) (*Cohort, error) {
	const op = "rating.readCohort"
	var w wireCohort
	if err := journal.DecodeStrict(data, &w); err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "全体统计读不出来", err)
	}
	if w.Scheme != s.Hash || len(w.Statistics) != len(s.program.statistics) {
		return nil, fault.New(op, fault.Invalid, "全体统计不是这份方案的")
	}
	c := &Cohort{SchemeHash: w.Scheme, Subjects: w.Subjects, groups: make([]map[string]*Statistics, len(w.Statistics)), hash: hashOf(data)}
	for i, of := range w.Statistics {
		c.groups[i] = map[string]*Statistics{}
		for _, g := range of.Groups {
			stats := &Statistics{Count: g.Count, Min: g.Min, Max: g.Max, Mean: g.Mean, Deviation: g.Deviation, SampleDeviation: g.SampleDeviation}
			below := 0
			for _, pair := range g.Values {
				text, isText := pair[0].(string)
				count, isNumber := pair[1].(float64)
				x, err := num.ParseCanonical(text)
				if !isText || !isNumber || err != nil {
					return nil, fault.New(op, fault.Invalid, "全体统计读不出来")
				}
				stats.Values = append(stats.Values, ValueCount{Value: x, Count: int(count), below: below})
				below += int(count)
			}
			c.groups[i][g.Group] = stats
		}
	}
	if !bytes.Equal(c.canonical(s), data) {
		return nil, fault.New(op, fault.Invalid, "全体统计不是规范写法，可能被改动过")
	}
	return c, nil
}

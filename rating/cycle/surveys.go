package cycle

import (
	"context"
	"encoding/hex"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/supervision"
	"redsteward/supervision/survey"
)

// surveyFact is the fact that surveys tell.
const surveyFact = "survey"

// SourceSurvey are the published surveys of satisfaction.
const SourceSurvey = "survey"

// Surveys makes readings of the surveys of satisfaction whose result was made public.
type Surveys struct {
	// Surveys keeps them.
	Surveys *survey.Service
}

// Source implements supervision.Readings.
func (s *Surveys) Source() string { return SourceSurvey }

// EachReading implements supervision.Readings. A survey is about the day on which it was closed, and counts from its publication on.
func (s *Surveys) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return s.Surveys.EachPublished(ctx, span, asOf, upTo, func(c store.Change[survey.Survey]) error { return yield(surveyReading(c)) })
}

// surveyReading is what a survey says of the overall question. One without enough answers says that nobody answered, which the scheme's own rule of numbers takes for missing: what few answered is no fact.
func surveyReading(c store.Change[survey.Survey]) supervision.Reading {
	o := &c.State
	cells := []supervision.Cell{{Column: "survey_population", Number: num.FromInt(o.Population)}}
	for i, level := range survey.Levels() {
		cell := supervision.Cell{Column: "survey_" + level.ID}
		if o.Enough() && len(o.Result.Questions[0].Levels) > 0 {
			cell.Number = num.FromInt(o.Result.Questions[0].Levels[i])
		}
		cells = append(cells, cell)
	}
	made, published := o.Makers()
	r := supervision.Reading{Project: o.Project, Firm: o.Firm, Fact: surveyFact, Cells: cells, Day: o.Closed, Accepted: c.At, Record: c.RecordID, Hash: hex.EncodeToString(c.Hash[:]), N: c.N, ReviewedBy: published}
	if len(made) > 0 {
		r.ScoredBy = made[0]
	}
	return r
}

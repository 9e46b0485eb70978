package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/supervision/survey"
)

// fixtureQuestions is a questionnaire that three answers make a result of.
const fixtureQuestions = `version: "1"
title: 物业服务满意度调查
unit: 物业管理股
sizes: [{at_least: 3}]
sizes_basis: 测试
invite_percent: 100
least_shown: 3
pass: [{level: second, percent: 75}]
questions: [{id: overall, text: 您对本小区物业服务总体上是否满意}, {id: green, text: 绿化的养护}]
`

// openSurveys opens the surveys over the register; every deadline is ten days, so that no calendar is needed.
func (f *Fixture) openSurveys(ctx context.Context, guard *policy.Guard, now func() time.Time) error {
	terms, err := survey.ParseTerms("satisfaction.yaml", []byte(fixtureQuestions))
	if err != nil {
		return err
	}
	f.Surveys, err = survey.New(ctx, survey.Config{DB: f.DB, Guard: guard, Now: now, Register: f.Register, Terms: terms, Deadlines: tenDays, Days: &calendar.Calendar{}})
	return err
}

package application

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// ChoiceAgree is the choice of a joint review that keeps nothing back; the others are the highest star that it leaves, "0" to "4".
const ChoiceAgree = "agree"

var heldChoices = []string{"0", "1", "2", "3", "4"}

// Choices are what a joint review can decide about an application, with words for people.
func Choices() (out [][2]string) {
	out = append(out, [2]string{ChoiceAgree, JointAgreed})
	for star, choice := range heldChoices {
		out = append(out, [2]string{choice, HeldTitle(int64(star))})
	}
	return out
}

// minutes are those of the joint review as a form says them, taken in unless they are kept already, whose number is taken for the application id, for none yet if that is "". after is the first day on which it can have met. It adds to f what is wrong (number, day).
func (s *Service) minutes(ctx context.Context, by policy.Actor, id string, f *casework.Check, in *casework.Input, after calendar.Date, kept *files.Stored) (casework.Paper, error) {
	f.Text("number", "联审纪要文号", &in.Number, 2, maxNumber)
	f.Past("day", "联审日期", in.Day, after)
	of := casework.Bearing{Target: caseKind + "/" + id, Slot: slotMinutes, Joint: true, Day: in.Day}
	if err := errors.Join(s.FreeNumber(ctx, f, &in.Number, of), f.Err()); err != nil {
		return casework.Paper{}, err
	}
	if kept == nil {
		file, err := s.Keep(ctx, by, policy.HoldStar, in.Upload, "请上传联审纪要")
		if err != nil {
			return casework.Paper{}, err
		}
		kept = &file
	}
	if id != "" {
		if err := s.TakeNumber(ctx, by, StepHold, in.Number, of); err != nil {
			return casework.Paper{}, err
		}
	}
	return casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: kept, By: by.ID}, nil
}

// agree records that the joint review agrees to what the rule gives. Fields number, day, paper (the minutes).
func (s *Service) agree(ctx context.Context, by policy.Actor, id string, a *Application, in casework.Input, kept *files.Stored) error {
	in.Text = ""
	paper, err := s.minutes(ctx, by, id, s.Check(), &in, a.Opened, kept)
	if err != nil {
		return err
	}
	agreed := &Agreed{Minutes: paper, Recorded: supervision.HandOf(s.Guard.Rules(), by, policy.HoldStar, s.stamp()), frees: a.Held != nil}
	if a.Agreed != nil && !a.Agreed.At.IsZero() {
		agreed.N, agreed.At = a.Agreed.N, a.Agreed.At
	}
	a.Agreed, a.Held, a.Reason = agreed, nil, ""
	return nil
}

// hold records what the joint review keeps back. Fields choice (0 to 4), number, day, text, paper (the minutes).
func (s *Service) hold(ctx context.Context, by policy.Actor, id string, a *Application, in casework.Input, kept *files.Stored) error {
	f := s.Check()
	star := slices.Index(heldChoices, in.Choice)
	if star < 0 {
		f.Fail("choice", "请选择联审的结果；联审只能不评或者降低，不能高于按规则算出的星级")
	}
	f.Text("text", "理由", &in.Text, leastWords, maxWords)
	paper, err := s.minutes(ctx, by, id, f, &in, a.Opened, kept)
	if err != nil {
		return err
	}
	a.Held = &Held{Star: int64(star), Minutes: paper, Recorded: supervision.HandOf(s.Guard.Rules(), by, policy.HoldStar, s.stamp())}
	a.Agreed, a.Reason = nil, in.Text
	return nil
}

// Verdict is what the joint review decided about one application, as it was seen.
type Verdict struct {
	casework.At
	// Choice is one of Choices.
	Choice string
}

// Reviewed is what came of a verdict.
type Reviewed struct {
	// ID is the application; Name its compound and Result what was to be recorded, for people.
	ID, Name, Result string
	// Err says why it was not recorded, nil if it was.
	Err error
}

// maxReviewed is how many verdicts one joint review records at once.
const maxReviewed = 200

// Review records what one joint review decided about several applications, each for itself: one that is refused does not stop the others, and the result says what came of each. Returns Forbidden without HoldStar, Invalid for refused
// fields (chosen, number, day, text if something is kept back, paper), in which case nothing is recorded.
func (s *Service) Review(ctx context.Context, by policy.Actor, verdicts []Verdict, in casework.Input) ([]Reviewed, error) {
	if err := s.Guard.Require(by, policy.HoldStar); err != nil {
		return nil, err
	}
	f := s.Check()
	keeps := false
	for _, v := range verdicts {
		switch {
		case slices.Contains(heldChoices, v.Choice):
			keeps = true
		case v.Choice != ChoiceAgree:
			f.Fail("chosen", "没有“%s”这个联审结果", v.Choice)
		}
	}
	if n := len(verdicts); n < 1 || n > maxReviewed {
		f.Fail("chosen", "请给 1 至 %d 份申报选联审结果，现在选了 %d 份", maxReviewed, n)
	}
	if keeps {
		f.Text("text", "不评或者降低的理由", &in.Text, leastWords, maxWords)
	}
	paper, err := s.minutes(ctx, by, "", f, &in, calendar.Date{}, nil)
	if err != nil {
		return nil, err
	}
	out := make([]Reviewed, 0, len(verdicts))
	for _, v := range verdicts {
		one := Reviewed{ID: v.ID, Result: JointAgreed}
		do, said := StepAgree, in
		if v.Choice != ChoiceAgree {
			do, said.Choice, one.Result = StepHold, v.Choice, HeldTitle(int64(slices.Index(heldChoices, v.Choice)))
		}
		before, err := s.One(ctx, by, v.ID)
		if err == nil {
			one.Name = before.State.Name
			_, err = s.do(ctx, by, v.At, do, said, paper.File)
		}
		if err != nil && !refusal(err) {
			return out, fmt.Errorf("已登记 %d 份：%w", len(out), err)
		}
		one.Err = err
		out = append(out, one)
	}
	return out, nil
}

// slotMinutes is the place of the minutes of the joint review among the papers of an application.
const slotMinutes = "minutes"

// outgoing are the papers with a number of the bureau: the minutes of the joint review.
func (a *Application) outgoing() (out []casework.Outgoing) {
	add := func(p casework.Paper) {
		out = append(out, casework.Outgoing{Slot: slotMinutes, Title: "联审纪要", Paper: p, Joint: true})
	}
	if a.Held != nil {
		add(a.Held.Minutes)
	}
	if a.Agreed != nil {
		add(a.Agreed.Minutes)
	}
	return out
}

// refusal reports whether an error is an answer about one application, and no failure of the system.
func refusal(err error) bool {
	return slices.Contains([]fault.Kind{fault.Conflict, fault.Invalid, fault.Forbidden, fault.NotFound}, fault.KindOf(err))
}

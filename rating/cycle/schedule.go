package cycle

import (
	"context"
	"errors"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/schedule"
	"redsteward/policy"
)

// QuarterEndJob is the name of the job that evaluates quarters when their cut-off has passed.
const QuarterEndJob = "evaluate-quarter"

// EvaluateQuarter is what the scheduler does at a slot: every quarter whose cut-off day is over and that was not evaluated since is evaluated, its window closed before if it is open still. It skips, with the reason for each
// quarter that is not published yet, when none is due; one slot makes up for all that were missed. Running twice for one slot does nothing twice. One that fails does not keep the next from being evaluated.
func (s *Service) EvaluateQuarter(ctx context.Context, _ time.Time) error {
	list, err := s.list(ctx, "")
	if err != nil {
		return err
	}
	var waits []string
	var failed error
	due, now := false, s.db.Now()
	for i := range list {
		p := &list[i]
		if p.Rhythm != RhythmQuarter || p.State == StatePublished {
			continue
		}
		switch why := p.waits(now); {
		case why != "":
			waits = append(waits, p.Name+why)
		default:
			due, failed = true, errors.Join(failed, s.evaluateQuarter(ctx, p.ID, p.State))
		}
	}
	if !due {
		if len(waits) == 0 {
			waits = []string{"没有要评价的季度"}
		}
		return &schedule.Skip{Reason: strings.Join(waits, "；")}
	}
	return failed
}

// waits says why the job does not evaluate a quarter now, "" if it does.
func (p *Period) waits(now time.Time) string {
	switch {
	case p.State == StatePlanned:
		return "没有开启"
	case now.Before(p.Cutoff.Ends()):
		return "统计到" + p.Cutoff.Chinese() + "为止，还没有截止"
	case p.State == StateEvaluated && !p.Early():
		return "统计截止以后已经评价"
	}
	return ""
}

// Early reports whether the present evaluation was made before the cut-off: what is accepted until then counts too, so that it is for looking only.
func (p Period) Early() bool {
	return p.State == StateEvaluated && p.Evaluated.At.Before(p.Cutoff.Ends())
}

// Wait says until when an evaluation that was made before the cut-off waits, "" for every other.
func (p Period) Wait() string {
	if !p.Early() {
		return ""
	}
	return "统计到" + p.Cutoff.Chinese() + "为止，这次评价在这以前，只供预览；截止以后重新评价"
}

func (s *Service) evaluateQuarter(ctx context.Context, id string, state State) error {
	system := policy.SystemActor()
	if state == StateOpen {
		if _, err := s.Close(ctx, system, id); err != nil {
			return err
		}
	}
	r, err := s.begin(ctx, system, id)
	if err != nil {
		return err
	}
	_, err = r.finishWithRanges(ctx)
	return err
}

// WindowsJob is the name of the job that opens and closes windows.
const WindowsJob = "move-windows"

// MoveWindows is what the scheduler does at a slot: it opens the periods whose first day has come and closes those whose last day of submission has passed. A window never ends early. It skips, with the reason, when nothing is due; running twice for one
// slot moves nothing twice, and after a stop of days one slot makes up for all.
func (s *Service) MoveWindows(ctx context.Context, slot time.Time) error {
	today, moved := calendar.DateOf(slot), 0
	list, err := s.list(ctx, "")
	if err != nil {
		return err
	}
	for i := range list {
		p := &list[i]
		switch {
		case p.State == StatePlanned && today.Compare(p.Days.First) >= 0 && today.Compare(p.Submit) <= 0:
			_, err = s.Open(ctx, policy.SystemActor(), p.ID)
		case p.State == StateOpen && today.Compare(p.Submit) > 0:
			_, err = s.Close(ctx, policy.SystemActor(), p.ID)
		default:
			continue
		}
		switch {
		case fault.Is(err, fault.Conflict): // somebody was quicker
		case err != nil:
			return err
		default:
			moved++
		}
	}
	if moved == 0 {
		return &schedule.Skip{Reason: "没有到期要开启或者截止的评价周期"}
	}
	return nil
}

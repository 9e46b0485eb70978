package cycle

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/schedule"
	"redsteward/policy"
)

// QuarterEndJob is the name of the job that evaluates at the end of a quarter.
const QuarterEndJob = "evaluate-quarter"

// EvaluateQuarter is what the scheduler does at a slot: it closes the window of the quarter that ended before the slot's day, if it is open still, and
// evaluates it. It skips a quarter that was not planned or opened, or is published. Running twice for one slot does nothing twice: the same facts give the
// same evaluation.
func (s *Service) EvaluateQuarter(ctx context.Context, slot time.Time) error {
	id := calendar.QuarterOf(calendar.DateOf(slot)).Add(-1).String()
	p, err := s.load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return &schedule.Skip{Reason: id + " 没有建立评价周期"}
	}
	if err != nil {
		return err
	}
	system := policy.SystemActor()
	switch p.State {
	case StatePlanned:
		return &schedule.Skip{Reason: p.Name + "没有开启"}
	case StatePublished:
		return &schedule.Skip{Reason: p.Name + "已经公布"}
	case StateOpen:
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

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
// evaluates it. It skips a quarter that was not planned or opened, takes proof still, or is published. Running twice for one slot does nothing twice: the same facts give the
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
		if !p.SubmitOver(s.db.Now()) {
			return &schedule.Skip{Reason: p.Name + "的材料提交到" + p.Submit.Chinese() + "为止，还没有截止"}
		}
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

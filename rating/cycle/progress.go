package cycle

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Progress says how far the present evaluation is, or how the last one ended. It has no journal.
type Progress struct {
	// Period is being evaluated.
	Period string `json:"period" privacy:"public"`
	// Begun says who let it run and when.
	Begun Act `json:"begun"`
	// Stage is what is being done, Done of Total parts of it are.
	Stage string `json:"stage" privacy:"public"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
	// Ended is when it ended; the zero time while it runs.
	Ended journal.Time `json:"ended,omitzero"`
	// Evaluation is its id once it succeeded, Failure says in Chinese why it did not.
	Evaluation string `json:"evaluation,omitempty" privacy:"public"`
	Failure    string `json:"failure,omitempty" privacy:"internal"`
	// Ranges says in Chinese why no ranges could be made of an evaluation that succeeded.
	Ranges string `json:"ranges,omitempty" privacy:"internal"`
	// Holder is the run that holds the lease.
	Holder string `json:"holder" privacy:"internal"`
}

// The stages of an evaluation.
const (
	StageGather = "gather"
	StageFreeze = "freeze"
	StageRate   = "rate"
	StageStore  = "store"
	StageDone   = "done"
)

// StageText says a stage in Chinese.
func (p *Progress) StageText() string {
	switch p.Stage {
	case StageGather:
		return "收集数据"
	case StageFreeze:
		return "固定数据"
	case StageRate:
		return "逐个计算"
	case StageStore:
		return "保存结果"
	case StageRanges:
		return "计算敏感性区间"
	case StageDone:
		return "已经完成"
	}
	return p.Stage
}

// Running reports whether it has not ended.
func (p *Progress) Running() bool { return p.Ended.IsZero() }

const (
	// leaseName is the lease under which one evaluation runs in all processes together.
	leaseName = "evaluation"
	// leaseFor is how long a run that says nothing keeps the lease: after a crash another may begin then.
	leaseFor = 2 * time.Minute
	// progressFor is how long it can be looked up how a run ended.
	progressFor = 30 * 24 * time.Hour
	// progressSteps is how often a stage tells how far it is.
	progressSteps = 20
)

// run is one evaluation that holds the lease.
type run struct {
	s        *Service
	by       policy.Actor
	period   Period
	progress Progress
}

// begin checks rights and state and takes the lease. Returns Conflict that says since when and how far if one is running.
func (s *Service) begin(ctx context.Context, by policy.Actor, id string) (*run, error) {
	if err := s.guard.Require(by, policy.RunEvaluation); err != nil {
		return nil, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := p.after(MoveEvaluate); err != nil {
		return nil, err
	}
	return s.hold(ctx, by, p, StageGather, len(s.sources)+1)
}

// hold takes the lease for a run that begins with a stage.
func (s *Service) hold(ctx context.Context, by policy.Actor, p Period, stage string, total int) (*run, error) {
	now := journal.At(s.db.Now())
	r := &run{s: s, by: by, period: p, progress: Progress{Period: p.ID, Begun: Act{By: by.ID, At: now}, Stage: stage, Holder: s.db.NewID(store.Meta{})}}
	if err := s.db.Lease(ctx, leaseName, r.progress.Holder, leaseFor); err != nil {
		if fault.Is(err, fault.Conflict) {
			return nil, s.busy(ctx, err)
		}
		return nil, err
	}
	return r, r.tell(ctx, stage, 0, total)
}

// busy says which evaluation runs, since when and how far.
func (s *Service) busy(ctx context.Context, cause error) error {
	text := "另一次评价正在运行，请稍后再试"
	if at, err := s.progress.Get(ctx, leaseName); err == nil && at.State.Running() {
		p := &at.State
		name := p.Period
		if period, err := parsePeriod(p.Period); err == nil {
			name = period.Name
		}
		begun := p.Begun.At.In(time.FixedZone("", 8*60*60))
		text = fmt.Sprintf("%s的评价正在运行：%s %s 开始，%s %d / %d，请等它结束", name, calendar.DateOf(begun).Chinese(), begun.Format("15:04"), p.StageText(), p.Done, p.Total)
	}
	return fault.Wrap("cycle.Evaluate", fault.Conflict, text, cause)
}

// tell renews the lease and writes down how far the run is. Returns Conflict if another run took the lease because this one was silent for too long.
func (r *run) tell(ctx context.Context, stage string, done, total int) error {
	if err := r.s.db.Lease(ctx, leaseName, r.progress.Holder, leaseFor); err != nil {
		return err
	}
	r.progress.Stage, r.progress.Done, r.progress.Total = stage, done, total
	return r.s.progress.Put(ctx, leaseName, r.progress, r.s.db.Now().Add(progressFor))
}

// step tells every now and then.
func (r *run) step(ctx context.Context, stage string, done, total int) error {
	if done%max(1, total/progressSteps) != 0 && done != total {
		return nil
	}
	return r.tell(ctx, stage, done, total)
}

// end writes down how the run ended and gives the lease back. It works although the request is gone.
func (r *run) end(ctx context.Context, evaluation string, err error) error {
	ctx = context.WithoutCancel(ctx)
	r.progress.Ended, r.progress.Evaluation = journal.At(r.s.db.Now()), evaluation
	if err == nil {
		r.progress.Stage = StageDone
	} else {
		r.progress.Failure = failureText(err)
	}
	if leaseErr := r.s.db.Lease(ctx, leaseName, r.progress.Holder, leaseFor); leaseErr != nil {
		return leaseErr // another run has begun; what it says stands
	}
	if putErr := r.s.progress.Put(ctx, leaseName, r.progress, r.s.db.Now().Add(progressFor)); putErr != nil {
		return putErr
	}
	return r.s.db.Unlease(ctx, leaseName, r.progress.Holder)
}

// failureText says in Chinese why something failed.
func failureText(err error) string {
	return cmp.Or(fault.MessageOf(err), "系统出错，请看运行日志")
}

// Progress returns how far the evaluation of a period is or how its last one ended. Returns NotFound if none ran lately.
func (s *Service) Progress(ctx context.Context, by policy.Actor, period string) (Progress, error) {
	if err := s.guard.Require(by, policy.ReadPeriods); err != nil {
		return Progress{}, err
	}
	at, err := s.progress.Get(ctx, leaseName)
	if err == nil && at.State.Period != period {
		err = fault.New("cycle.Progress", fault.NotFound, "这个周期最近没有评价")
	}
	return at.State, err
}

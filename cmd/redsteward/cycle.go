package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/adoption"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// errands are pieces of work that go on after their request was answered: they end with the program, which waits for them.
type errands struct {
	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup
}

func newErrands(ctx context.Context) *errands {
	e := &errands{}
	e.ctx, e.stop = context.WithCancel(ctx)
	return e
}

// do lets work run on its own.
func (e *errands) do(work func(ctx context.Context)) {
	e.wg.Go(func() { work(e.ctx) })
}

// end tells all work to stop and waits for it.
func (e *errands) end() {
	e.stop()
	e.wg.Wait()
}

// openCycle opens the rating cycle over the register and the sources of facts, and the jobs that run at their times.
func (s *service) openCycle(ctx context.Context) error {
	quarter, err := ownOr(s.config.Files.SchemeQuarter, "schemes/five-goods-quarter.yaml")
	if err != nil {
		return err
	}
	year, err := ownOr(s.config.Files.SchemeYear, "schemes/five-goods-year.yaml")
	if err != nil {
		return err
	}
	if s.archive, err = rating.NewArchive(ctx, s.db); err != nil {
		return err
	}
	revenueDue, err := s.revenueDue()
	if err != nil {
		return err
	}
	ranges, t, err := ruled(s, s.config.Files.Ranges, "ranges.yaml", untimed(cycle.ParseRangeRules))
	if err != nil {
		return err
	}
	actions, err := s.actions()
	if err != nil {
		return err
	}
	lists, _, err := ruled(s, s.config.Files.Lists, "lists.yaml", untimed(cycle.ParseLists))
	if err != nil {
		return err
	}
	s.errands = newErrands(ctx)
	schemes := map[string][]byte{cycle.RhythmQuarter: quarter, cycle.RhythmYear: year}
	s.cycle, err = cycle.New(ctx, cycle.Options{Rating: s.config.Site.Rating, DB: s.db, Guard: s.guard, Archive: s.archive, Register: s.register, Chains: s.chains, Persons: s.accounts, Keeper: s.keeper, Letters: s.letters, Sources: s.sources(), Windows: proofWindows{s.proofs}, Applications: s.applications,
		Schemes: schemes, Adopted: s.adoptedScheme, Ranges: ranges, Seconds: s.visits, Actions: actions, Lists: lists, Background: s.errands.do, RevenueDue: revenueDue, Deadlines: t.deadline, Resolve: t.resolve})
	if err != nil {
		return err
	}
	s.applications.Settled = s.cycle.Settled
	if err := s.openAdoptions(ctx, schemes); err != nil {
		return err
	}
	if s.checkUps, err = store.NewEphemeral[checkUp](s.db, "checkup"); err != nil {
		return err
	}
	s.jobs, err = schedule.New(ctx, s.db, s.jobList()...)
	return err
}

// openAdoptions opens the versions of the schemes, of which those of the configuration are the first.
func (s *service) openAdoptions(ctx context.Context, first map[string][]byte) error {
	shipped := map[string][]byte{}
	entries, err := configs.Files.ReadDir("schemes")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".yaml") {
			if shipped[e.Name()], err = configs.Files.ReadFile("schemes/" + e.Name()); err != nil {
				return err
			}
		}
	}
	desk, err := s.caseDesk()
	if err != nil {
		return err
	}
	s.adoptions, err = adoption.New(ctx, adoption.Config{Desk: desk,
		Past: s.cycle, First: first, Shipped: shipped, Background: s.errands.do})
	return err
}

// adoptedScheme implements cycle.Options.Adopted.
func (s *service) adoptedScheme(ctx context.Context, rhythm string, day calendar.Date) ([]byte, error) {
	now, err := s.adoptions.InForce(ctx, rhythm, day)
	if err != nil || now.ID == "" {
		return nil, err
	}
	return now.File, nil
}

// plannedJob is a job of the program, and whether it runs here.
type plannedJob struct {
	job schedule.Job
	on  bool
}

// jobList are the jobs that run by themselves. What a module does by itself rests while the module is switched off; personal data is destroyed all the same.
func (s *service) jobList() (jobs []schedule.Job) {
	for _, one := range s.allJobs() {
		if one.on {
			jobs = append(jobs, one.job)
		}
	}
	return jobs
}

// allJobs are all jobs of the program: what the log tells of one that rests has its title too.
func (s *service) allJobs() []plannedJob {
	return []plannedJob{
		{schedule.Job{Name: cycle.QuarterEndJob, Title: "统计截止以后评价季度", Spec: s.config.Schedule.EvaluateQuarter, Catchup: schedule.CatchupLatest, Run: s.cycle.EvaluateQuarter}, true},
		{schedule.Job{Name: cycle.WindowsJob, Title: "评价周期开启和截止", Spec: s.config.Schedule.MoveWindows, Catchup: schedule.CatchupLatest, Run: s.cycle.MoveWindows}, true},
		{schedule.Job{Name: "remove-files", Title: "清理没有提交的文件", Anytime: true, Spec: s.config.Schedule.RemoveFiles, Catchup: schedule.CatchupLatest, Run: s.proofs.SweepFiles}, true},
		{schedule.Job{Name: "forget-bookings", Title: "清除保存期满的个人信息", Anytime: true, Spec: s.config.Schedule.ForgetBookings, Catchup: schedule.CatchupLatest, Run: func(ctx context.Context, slot time.Time) error {
			// The stations open after the jobs.
			done := s.forget(ctx, slot)
			if s.modules.On(policy.ModuleWish) {
				done = errors.Join(done, s.wishes.BookPoints(ctx))
			}
			return done
		}}, true},
		{schedule.Job{Name: "remind-due", Title: "到期前提醒", Spec: s.config.Schedule.RemindDue, Catchup: schedule.CatchupLatest, Run: s.remindDue}, true},
		{schedule.Job{Name: "draft-returns", Title: "生成到期报表的草稿", Anytime: true, Spec: s.config.Schedule.DraftReturns, Catchup: schedule.CatchupLatest, Run: func(ctx context.Context, slot time.Time) error { return s.returns.DraftDue(ctx, slot) }}, true},
		{schedule.Job{Name: web.CheckUpJob, Title: "全面体检", Anytime: true, Spec: s.config.Schedule.CheckUp, Catchup: schedule.CatchupLatest, Run: s.checkUpJob}, true},
		{s.digestJob(), s.sends()},
		{schedule.Job{Name: "back-up", Title: "自动备份", Anytime: true, Spec: s.config.Schedule.BackUp, Catchup: schedule.CatchupLatest, Run: s.backUpJob}, s.config.Backup.Folder != ""},
		{schedule.Job{Name: "draw-repairs", Title: "抽取要回访的报修", Spec: s.config.Schedule.DrawRepairs, Catchup: schedule.CatchupLatest, Run: func(ctx context.Context, _ time.Time) error { return s.repairs.DrawDue(ctx) }}, s.modules.On(policy.ModuleRepair)},
		{schedule.Job{Name: "matter-feedback", Title: "事项定期反馈", Spec: s.config.Schedule.MatterFeedback, Catchup: schedule.CatchupLatest, Run: func(ctx context.Context, _ time.Time) error { return s.matters.MakeFeedbackDue(ctx) }}, s.modules.On(policy.ModuleMatter)},
		{schedule.Job{Name: "send-collections", Title: "下发到日子的周期收表", Anytime: true, Spec: s.config.Schedule.SendCollections, Catchup: schedule.CatchupLatest, Run: func(ctx context.Context, _ time.Time) error { return s.collections.RunPlans(ctx) }}, s.modules.On(policy.ModuleCollection)},
		{schedule.Job{Name: "draw-audits", Title: "抽取要抽查的佐证材料", Spec: s.config.Schedule.DrawAudits, Catchup: schedule.CatchupLatest, Run: s.proofs.DrawAudits}, s.modules.On(policy.ModuleEvidence)},
	}
}

// remindDue reminds who must act of the clocks of stars: of applications, of objections, appeals and remarks, and of the decisions that lower or remove one. With 通知与催办 switched off nobody gets a notice, and the marks are all there is.
func (s *service) remindDue(ctx context.Context, slot time.Time) error {
	t, err := s.timetable()
	if err != nil {
		return err
	}
	r := casework.Reminding{Sources: []func(context.Context) ([]casework.Due, error){s.applications.Dues, s.cycle.Objections().Dues, s.cycle.Remarks().Dues, s.standings.Dues},
		Marks: s.register.Marks, Mark: s.register.Mark, People: s.everybody, Resolve: t.resolve, Now: s.clocks.Business, Before: s.config.Schedule.RemindBefore, Log: s.log}
	if s.modules.On(policy.ModuleReach) {
		r.Tell = s.notices.Remind
	}
	return r.Run(ctx, slot)
}

// everybody are all who hold an office today.
func (s *service) everybody(ctx context.Context) ([]policy.Actor, error) {
	offices, err := s.accounts.Offices(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []policy.Actor
	for _, o := range offices {
		if seen[o.Account] {
			continue
		}
		seen[o.Account] = true
		person, err := s.accounts.Person(ctx, o.Account)
		if fault.Is(err, fault.NotFound) { // disabled meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, person)
	}
	return out, nil
}

// sources are what the rating cycle gathers facts from. A module that is switched off tells nothing, whatever was recorded in it before; what its facts are worth then is for each scheme's rule of missing facts to say.
func (s *service) sources() []supervision.Readings {
	community := &cycle.Community{Firms: s.register.Register}
	if s.modules.On(policy.ModuleWish) {
		community.Wishes = s.wishes
	}
	together := policy.ModuleWish
	if s.modules.On(policy.ModuleDeliberation) {
		community.Items, together = s.deliberations, policy.ModuleDeliberation
	}
	var on []supervision.Readings
	for _, one := range []struct {
		module policy.ModuleID
		tells  supervision.Readings
	}{
		{policy.ModuleEvidence, s.proofs}, {policy.ModuleObservation, s.observations}, {policy.ModuleVisit, s.visits}, {policy.ModuleRectification, s.rectifications}, {policy.ModuleVeto, s.vetoes}, {"", s.applications},
		{policy.ModuleRepair, cycle.Repairs{Service: s.repairs}}, {policy.ModuleMatter, s.matters}, {policy.ModuleSurvey, &cycle.Surveys{Surveys: s.surveys}}, {policy.ModuleParty, &cycle.PartySheets{Sheets: s.party, Firms: s.register.Register}},
		{policy.ModuleConduct, &cycle.Honours{Books: s.conduct, Firms: s.register.Register}}, {policy.ModuleFiling, &cycle.Contracts{Filings: s.filings, Estate: s.register.Register}},
		{policy.ModuleHandover, &cycle.Handovers{Handovers: s.handovers, Filings: s.filings}}, {together, community},
	} {
		if s.modules.On(one.module) {
			on = append(on, one.tells)
		}
	}
	return on
}

// revenueDue is the rule by which public revenue is to be shown; past the loaded years of the calendar its last day does not move off days of rest.
func (s *service) revenueDue() (func(ended calendar.Date) calendar.Date, error) {
	t, err := s.timetable()
	if err != nil {
		return nil, err
	}
	const rule = "owners.public_revenue"
	if _, err := t.deadline(rule, calendar.DateOf(s.clocks.Business())); err != nil {
		return nil, err
	}
	return func(ended calendar.Date) calendar.Date {
		due, err := t.deadline(rule, ended)
		if err == nil && !due.Resolved() {
			due.Rolls = false
			due = (&calendar.Calendar{}).Resolve(due)
		}
		if err != nil || !due.Resolved() {
			return ended.Add(due.N)
		}
		return due.Due
	}, nil
}

// runJobs runs what is due at once, and then looks every minute.
func (s *service) runJobs(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		if _, err := s.jobs.Tick(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("jobs", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// newestYear says which year the public board shows.
func (s *service) newestYear(ctx context.Context) (cycle.Period, *cycle.Period, error) {
	return s.cycle.Newest(ctx, cycle.RhythmYear)
}

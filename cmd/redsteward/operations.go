package main

import (
	"context"
	"math"
	"sync"
	"syscall"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
)

// checkUp is what the last whole check found; there is one of a bureau.
type checkUp struct {
	At       journal.Time `json:"at"`
	Problems int          `json:"problems"`
	Warnings int          `json:"warnings"`
	Findings []finding    `json:"findings"`
}

// checkUpKept is how long the last check is shown if none follows.
const checkUpKept = 60 * 24 * time.Hour

// lastCheckUp is the name of the one document.
const lastCheckUp = "last"

// checkUpJob makes the whole check of doctor and keeps what it found.
func (s *service) checkUpJob(ctx context.Context, _ time.Time) error {
	found := checkUp{At: journal.At(s.clocks.Security())}
	d := &diagnosis{ctx: ctx, now: s.clocks.Security, env: s.env, tell: func(f finding) { found.Findings = append(found.Findings, f) }}
	d.examine(s, nil)
	if err := ctx.Err(); err != nil {
		return err // a check that was cut short says nothing
	}
	found.Problems, found.Warnings = d.problems, d.warnings
	return s.checkUps.Put(ctx, lastCheckUp, found, s.db.Now().Add(checkUpKept))
}

// operations implements web.Operations.
type operations struct{ *service }

// Jobs implements web.Operations.
func (o operations) Jobs(ctx context.Context, by policy.Actor) ([]web.Job, error) {
	if err := o.guard.Require(by, policy.ReadSystem); err != nil {
		return nil, err
	}
	var out []web.Job
	for _, j := range o.jobs.Jobs() {
		runs, err := o.jobs.Fires(ctx, j.Name, 1)
		if err != nil {
			return nil, err
		}
		job := o.shown(j)
		if len(runs) > 0 {
			last := runOf(runs[0])
			job.Last = &last
		}
		out = append(out, job)
	}
	return out, nil
}

func (o operations) shown(j schedule.Job) web.Job {
	return web.Job{Name: j.Name, Title: j.Title, Spec: j.Spec, Anytime: j.Anytime, Next: o.jobs.Next(j.Name, o.db.Now())}
}

// runOf is a run in the words of the page.
func runOf(r schedule.Run) web.JobRun {
	run := web.JobRun{Slot: r.Slot.Time, At: r.At, Reason: r.Reason}
	switch {
	case r.State == schedule.StateClaimed && r.Reason != "":
		run.State = "失败待重试"
	case r.State == schedule.StateClaimed:
		run.State = "运行中"
	case r.State == schedule.StateAsked:
		run.State = "已安排"
	case r.State == schedule.StateSkipped:
		run.State = "跳过"
	default:
		run.State = "已完成"
	}
	return run
}

// JobRuns implements web.Operations.
func (o operations) JobRuns(ctx context.Context, by policy.Actor, name string, limit int) (web.Job, []web.JobRun, error) {
	if err := o.guard.Require(by, policy.ReadSystem); err != nil {
		return web.Job{}, nil, err
	}
	for _, j := range o.jobs.Jobs() {
		if j.Name != name {
			continue
		}
		runs, err := o.jobs.Fires(ctx, name, limit)
		out := make([]web.JobRun, len(runs))
		for i, r := range runs {
			out[i] = runOf(r)
		}
		return o.shown(j), out, err
	}
	return web.Job{}, nil, fault.New("cmd.JobRuns", fault.NotFound, "没有这个定时任务")
}

// JobTitle implements web.Operations.
func (o operations) JobTitle(name string) string {
	for _, one := range o.allJobs() {
		if one.job.Name == name {
			return one.job.Title
		}
	}
	return ""
}

// RunJob implements web.Operations.
func (o operations) RunJob(ctx context.Context, by policy.Actor, name string) error {
	if err := o.guard.Require(by, policy.AskJob); err != nil {
		return err
	}
	return o.jobs.Ask(ctx, by.ID, string(policy.AskJob), name)
}

// Around implements web.Operations.
func (o operations) Around(ctx context.Context, by policy.Actor) ([]web.Finding, error) {
	if err := o.guard.Require(by, policy.ReadSystem); err != nil {
		return nil, err
	}
	var found []finding
	d := &diagnosis{ctx: ctx, now: o.clocks.Security, env: o.env, tell: func(f finding) { found = append(found, f) }}
	d.examineSurroundings(o.service)
	return shownFindings(found), nil
}

// CheckUp implements web.Operations.
func (o operations) CheckUp(ctx context.Context, by policy.Actor) ([]web.Finding, time.Time, error) {
	if err := o.guard.Require(by, policy.ReadSystem); err != nil {
		return nil, time.Time{}, err
	}
	last, err := o.checkUps.Get(ctx, lastCheckUp)
	if fault.Is(err, fault.NotFound) {
		return nil, time.Time{}, nil
	}
	return shownFindings(last.State.Findings), last.State.At.Time, err
}

// SlowReads implements web.Operations.
func (o operations) SlowReads(_ context.Context, by policy.Actor) ([]store.Slow, int64, error) {
	if err := o.guard.Require(by, policy.ReadSystem); err != nil {
		return nil, 0, err
	}
	kept, count := o.db.SlowReads()
	return kept, count, nil
}

func shownFindings(found []finding) []web.Finding {
	out := make([]web.Finding, len(found))
	for i, f := range found {
		out[i] = web.Finding(f)
	}
	return out
}

// sizeKept is how long the size of the data is remembered: to count a folder of a million files takes a second, and who collects metrics asks every few.
const sizeKept = 5 * time.Minute

// sizes remembers the size of the data.
type sizes struct {
	mu   sync.Mutex
	last store.Bytes
	at   time.Time
}

// of is the size of the data, not older than sizeKept.
func (z *sizes) of(ctx context.Context, s *service) (store.Bytes, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	now := s.clocks.Security()
	if !z.at.IsZero() && now.Sub(z.at) < sizeKept {
		return z.last, nil
	}
	size, err := s.db.Size(ctx)
	if err == nil {
		z.last, z.at = size, now
	}
	return size, err
}

// gauges are the numbers of this bureau, in the metrics and on the page of operations alike.
func (s *service) gauges(ctx context.Context) []web.Gauge {
	size := &sizes{}
	checked := func(pick func(checkUp) int) func(context.Context) (int64, error) {
		return func(ctx context.Context) (int64, error) {
			last, err := s.checkUps.Get(ctx, lastCheckUp)
			return int64(pick(last.State)), err
		}
	}
	all := []web.Gauge{
		{Name: "log_records", Title: "变更日志（条）", Help: "Records of the log of changes.", Read: gauge(ctx, s.db.Engine().LastN)},
		{Name: "pending_records", Title: "列表还没有的变更（条）", Help: "Records that lists may not show yet.", Read: gauge(ctx, s.db.Pending)},
		{Name: "rules_behind", Title: "后续处理还没有读的变更（条）", Help: "Records that follow-ups have not read yet.", Read: gauge(ctx, s.db.RulesBehind)},
		{Name: "jobs_failing", Title: "失败待重试的定时任务（个）", Help: "Jobs whose last run failed.", Read: gauge(ctx, s.jobsFailing)},
		{Name: "slow_reads_total", Title: "启动以来的慢查询（次）", Help: "Reads of lists that took long, since the start of this process.", Read: gauge(ctx, func(context.Context) (int64, error) {
			_, count := s.db.SlowReads()
			return count, nil
		})},
		{Name: "database_bytes", Title: "数据库", Unit: web.UnitBytes, Help: "Bytes of journal, states and indexes on disk.", Read: gauge(ctx, func(ctx context.Context) (int64, error) {
			n, err := size.of(ctx, s)
			return n.Database, err
		})},
		{Name: "files_bytes", Title: "上传的文件", Unit: web.UnitBytes, Help: "Bytes of uploaded files on disk.", Read: gauge(ctx, func(ctx context.Context) (int64, error) {
			n, err := size.of(ctx, s)
			return n.Files, err
		})},
		{Name: "checkpoint_age_seconds", Title: "最近一次日志签名（检查点）距今", Unit: web.UnitSeconds, Help: "Age of the newest checkpoint of the log, by the business clock.", Read: gauge(ctx, func(ctx context.Context) (int64, error) {
			c, err := s.db.LastCheckpoint(ctx)
			return int64(s.db.Now().Sub(c.At.Time).Seconds()), err
		})},
		{Name: "unsigned_records", Title: "还没有签名的变更（条）", Help: "Records after the newest checkpoint.", Read: gauge(ctx, func(ctx context.Context) (int64, error) {
			c, err := s.db.LastCheckpoint(ctx)
			if err != nil {
				return 0, err
			}
			last, err := s.db.Engine().LastN(ctx)
			return last - c.Size, err
		})},
		{Name: "witnessed_records", Title: "见证人联署到（第几条）", Help: "Up to which record somebody outside co-signed the log.", Read: gauge(ctx, func(ctx context.Context) (int64, error) {
			newest, err := s.witnesses.Newest(ctx)
			return newest.Size, err
		})},
		{Name: "checkup_problems", Title: "最近体检发现的问题（个）", Help: "Problems that the last whole check found.", Read: gauge(ctx, checked(func(c checkUp) int { return c.Problems }))},
		{Name: "checkup_warnings", Title: "最近体检的提醒（个）", Help: "Warnings of the last whole check.", Read: gauge(ctx, checked(func(c checkUp) int { return c.Warnings }))},
	}
	if s.sends() {
		all = append(all, s.outboxGauges(ctx)...)
	}
	if s.sqlite != nil {
		all = append(all, web.Gauge{Name: "disk_free_bytes", Title: "数据所在磁盘剩余", Unit: web.UnitBytes, Help: "Bytes that are free beside the data.", Read: gauge(ctx, func(context.Context) (int64, error) { return diskFree(s.dir) })})
	}
	if s.config.Backup.Folder != "" {
		all = append(all, web.Gauge{Name: "backup_age_seconds", Title: "最近一次自动备份距今", Unit: web.UnitSeconds, Help: "Age of the newest scheduled backup.", Read: gauge(ctx, func(context.Context) (int64, error) {
			age, err := s.backupAge()
			return int64(age.Seconds()), err
		})}, web.Gauge{Name: "drill_age_seconds", Title: "最近一次恢复演练距今", Unit: web.UnitSeconds, Help: "Age of the newest drill of restoring the scheduled backup.", Read: gauge(ctx, func(ctx context.Context) (int64, error) {
			last, err := s.lastDrill(ctx)
			return int64(s.clocks.Security().Sub(last.At).Seconds()), err
		})}, web.Gauge{Name: "drill_passed", Help: "1 if the newest drill of restoring passed, 0 if it did not.", Read: gauge(ctx, func(ctx context.Context) (int64, error) {
			last, err := s.lastDrill(ctx)
			if last.OK {
				return 1, err
			}
			return 0, err
		})})
	}
	return all
}

// gauge makes a metric of a count; one that cannot be read is no number.
func gauge(ctx context.Context, count func(context.Context) (int64, error)) func() float64 {
	return func() float64 {
		n, err := count(ctx)
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	}
}

// jobsFailing counts the jobs whose last run failed and waits to be tried again.
func (s *service) jobsFailing(ctx context.Context) (int64, error) {
	var failing int64
	for _, j := range s.jobs.Jobs() {
		runs, err := s.jobs.Fires(ctx, j.Name, 1)
		if err != nil {
			return 0, err
		}
		if len(runs) > 0 && runs[0].State == schedule.StateClaimed && runs[0].Reason != "" {
			failing++
		}
	}
	return failing, nil
}

// diskFree is how many bytes are free beside a folder.
func diskFree(dir string) (int64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return 0, err
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil
}

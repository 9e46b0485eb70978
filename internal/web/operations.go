package web

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/store"
	"redsteward/policy"
)

// operationsPath shows how the program runs.
const operationsPath = "/admin/operations"

// Operations is what 运行状况 shows beside the gauges. The figures of both are the same ones.
type Operations interface {
	// Jobs are the jobs that run at their times. Returns Forbidden without system.read.
	Jobs(ctx context.Context, by policy.Actor) ([]Job, error)
	// JobRuns are the newest runs of a job, at most limit. Returns NotFound, Forbidden without system.read.
	JobRuns(ctx context.Context, by policy.Actor, name string, limit int) (Job, []JobRun, error)
	// JobTitle is what a job is called, also one that does not run here now; "" if there is none of the name.
	JobTitle(name string) string
	// RunJob lets a job run now. Returns NotFound, Forbidden without job.ask or if the job must not, Conflict while it runs.
	RunJob(ctx context.Context, by policy.Actor, name string) error
	// Around are the findings that can be made at once. Returns Forbidden without system.read.
	Around(ctx context.Context, by policy.Actor) ([]Finding, error)
	// CheckUp are the findings of the last whole check, and when it was made; the zero time if it was not. Returns Forbidden without system.read.
	CheckUp(ctx context.Context, by policy.Actor) ([]Finding, time.Time, error)
	// SlowReads are the slow reads of this process, the newest last, and how many there were. Returns Forbidden without system.read.
	SlowReads(ctx context.Context, by policy.Actor) ([]store.Slow, int64, error)
}

// Job is something that runs at its times.
type Job struct {
	// Name is its code, Title what people call it, Spec its times as cron writes them.
	Name, Title, Spec string
	// Next is when it runs next, by the business clock; the zero time if never.
	Next time.Time
	// Last is its newest run; nil before the first.
	Last *JobRun
	// Anytime: it may be asked to run now.
	Anytime bool
}

// JobRun is one run of a job.
type JobRun struct {
	// Slot is the time for which it ran, At when it last changed.
	Slot, At time.Time
	// State is a word of looks, Reason why it was skipped or failed.
	State, Reason string
}

// Finding is one thing that a check looked at.
type Finding struct {
	// Level is a word of looks; "" for a line that says more about the finding before.
	Level string
	// Subject is what was looked at, Text what was seen.
	Subject, Text string
}

// operationRoutes are the pages of 运行状况; none without it.
func (s *Server) operationRoutes() []Route {
	if s.operations == nil {
		return nil
	}
	return []Route{
		{Method: fiber.MethodGet, Path: operationsPath, Action: policy.ReadSystem, Handler: s.operating},
		{Method: fiber.MethodGet, Path: operationsPath + "/jobs/:name<maxLen(64)>", Action: policy.ReadSystem, Handler: s.jobRuns},
		{Method: fiber.MethodPost, Path: operationsPath + "/jobs/:name<maxLen(64)>/run", Action: policy.AskJob, Handler: s.runJob},
	}
}

// reading is a gauge as people read it.
type reading struct{ Title, Text, Name string }

// operationsView is what operations.html shows.
type operationsView struct {
	Figures           []reading
	Jobs              []Job
	Around, CheckUp   []Finding
	Checked           time.Time
	Slow              []slowRow
	SlowCount         int64
	SlowFrom, Kept    int
	Runs              bool
	JobsPath, CheckBy string
}

// slowRow is a slow read as people read it.
type slowRow struct {
	store.Slow
	// Text is how long it took, List what was listed, Order by what.
	Text, List, Order string
}

// orderWords are what the orders of lists are called, by the name of their index; the longer names of what another part keeps are found in fieldsFile.
var orderWords = map[string]string{"account": "按账号", "agenda": "按议程", "all": "全部", "by-content": "按内容", "by-day": "按日期", "by-item": "按条目", "by-later": "按以后的记录", "by-scope": "按范围", "by-work": "按办理", "confirmed": "已确认的", "day": "按日期", "decided": "按决定", "delivered": "按送达", "deputy": "按代理",
	"due": "按期限", "end": "按到期", "first": "按最早", "hour": "按时段", "households": "按户数", "job": "按任务", "loose": "没有提交的", "made": "按时间", "mine": "本人的", "month": "按月份", "name": "按名称", "names": "按名称", "next": "按下一个日期", "notice": "按通知", "number": "按文号", "open": "未办结的", "period": "按周期", "person": "按人员",
	"place": "按地点", "public": "公开的", "quarter": "按季度", "recent": "按最近", "scope": "按范围", "size": "按面积", "state": "按状态", "taker": "按承接", "target": "按对象", "task": "按任务", "term": "按期次", "time": "按时间", "until": "按截止", "word": "按字词", "words": "按字词", "work": "按办理", "year": "按年度"}

// orderWord is what the order of a list is called, the name of its index if it has no word.
func orderWord(kind, index string) string {
	if word := orderWords[index]; word != "" {
		return word
	}
	if w, is := wordOf(kind, index); is {
		return "按" + w.word
	}
	return index
}

// CheckUpJob is the job that makes the whole check.
const CheckUpJob = "check-up"

// operating shows how the program runs: figures, jobs, findings, slow reads.
func (s *Server) operating(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	v := operationsView{Runs: s.guard.Allow(by, policy.AskJob), JobsPath: operationsPath + "/jobs/", CheckBy: CheckUpJob, SlowFrom: int(store.SlowRead.Milliseconds())}
	for _, g := range s.watch.gauges {
		if g.Title != "" {
			v.Figures = append(v.Figures, reading{g.Title, inWords(g.Read(), g.Unit), "redsteward_" + g.Name})
		}
	}
	var err error
	if v.Jobs, err = s.operations.Jobs(ctx, by); err != nil {
		return err
	}
	if v.Around, err = s.operations.Around(ctx, by); err != nil {
		return err
	}
	if v.CheckUp, v.Checked, err = s.operations.CheckUp(ctx, by); err != nil {
		return err
	}
	slow, count, err := s.operations.SlowReads(ctx, by)
	if err != nil {
		return err
	}
	v.SlowCount, v.Kept = count, len(slow)
	for i := len(slow) - 1; i >= 0; i-- {
		v.Slow = append(v.Slow, slowRow{slow[i], fmt.Sprintf("%d 毫秒", slow[i].Took.Milliseconds()), kindWord(slow[i].Kind), orderWord(slow[i].Kind, slow[i].Index)})
	}
	return s.render(c, by, "operations", page{Title: "运行状况", Nav: operationsPath, Data: v})
}

// The units of a gauge.
const (
	UnitCount   = "count"
	UnitBytes   = "bytes"
	UnitSeconds = "seconds"
)

// inWords is the value of a gauge as people read it.
func inWords(value float64, unit string) string {
	if math.IsNaN(value) {
		return "没有数据"
	}
	switch unit {
	case UnitBytes:
		switch {
		case value < 1<<20:
			return fmt.Sprintf("%.0f KB", value/(1<<10))
		case value < 1<<30:
			return fmt.Sprintf("%.1f MB", value/(1<<20))
		}
		return fmt.Sprintf("%.1f GB", value/(1<<30))
	case UnitSeconds:
		switch {
		case value < 120:
			return fmt.Sprintf("%.0f 秒", value)
		case value < 2*3600:
			return fmt.Sprintf("%.0f 分钟", value/60)
		case value < 48*3600:
			return fmt.Sprintf("%.0f 小时", value/3600)
		}
		return fmt.Sprintf("%.0f 天", math.Floor(value/86400))
	}
	return count(int(value))
}

// runsShown is how many runs of a job its page shows.
const runsShown = 50

// jobView is what operations_job.html shows.
type jobView struct {
	Job
	Runs []JobRun
	// Asks: the reader may let it run now, at Address.
	Asks    bool
	Address string
	Limit   int
}

// jobRuns shows the run log of a job.
func (s *Server) jobRuns(c *fiber.Ctx, by policy.Actor) error {
	name, err := url.PathUnescape(c.Params("name"))
	if err != nil {
		name = ""
	}
	job, runs, err := s.operations.JobRuns(c.UserContext(), by, name, runsShown)
	if err != nil {
		return err
	}
	v := jobView{Job: job, Runs: runs, Asks: job.Anytime && s.guard.Allow(by, policy.AskJob), Address: operationsPath + "/jobs/" + job.Name + "/run", Limit: runsShown}
	return s.render(c, by, "operations_job", page{Title: job.Title, Nav: operationsPath, Data: v})
}

// runJob lets a job run now.
func (s *Server) runJob(c *fiber.Ctx, by policy.Actor) error {
	name, err := url.PathUnescape(c.Params("name"))
	if err == nil {
		err = s.operations.RunJob(c.UserContext(), by, name)
	}
	if err != nil {
		return err
	}
	return seeOther(c, operationsPath+"/jobs/"+name)
}

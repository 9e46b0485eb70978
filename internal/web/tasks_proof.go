package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision/evidence"
)

// ProofTasks is the work with proof: a firm's missing and returned pieces, the first review of a community, the review of the bureau.
type ProofTasks struct {
	// Guard tells who may do what; Proofs keeps windows and proofs; Projects lists the projects of an actor. All are required.
	Guard    *policy.Guard
	Proofs   *evidence.Service
	Projects Projects
}

// proofsNav is the page of what projects still have to submit.
const proofsNav = "/proofs"

// Tasks implements Tasks.
func (t ProofTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	var out []Task
	if t.Guard.Allow(by, policy.SubmitEvidence) {
		some, err := t.toSubmit(ctx, by, now)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
		if some, err = t.toAnswer(ctx, by, now); err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	for _, d := range desks() {
		some, err := t.toReview(ctx, by, d)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// toReview is what waits at one desk, a line for each day on which some of it is due.
func (t ProofTasks) toReview(ctx context.Context, by policy.Actor, d desk) ([]Task, error) {
	if !t.Guard.Allow(by, d.action) {
		return nil, nil
	}
	page, err := t.Proofs.Queue(ctx, by, d.stage, "")
	if err != nil {
		return nil, err
	}
	var p pile
	for _, doc := range page.Docs {
		one := doc.State
		k := deadlineTask(one.Due)
		k.Context, k.Party = "先办"+one.ProjectName+"的“"+one.Ask.Name+"”", one.FirmName
		k.Link, k.Button, k.Nav = d.path, "去"+d.verb, d.nav()
		if d.stage == evidence.StageBureau && one.Concern != "" {
			k.Context += "，社区请住建局看"
		}
		if d.stage == evidence.StageBureau && one.Reused {
			k.Context += "，有文件在别处用过"
		}
		p.add(k)
	}
	return p.lines(func(n string) string {
		return d.task + " " + n + " 件"
	}, "家企业", page.Next != ""), nil
}

// toAnswer is what was taken back of a firm, while it may object, and what was returned to it after the window had closed.
func (t ProofTasks) toAnswer(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	docs, err := t.Proofs.Owed(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, doc := range docs {
		p := doc.State
		k := deadlineTask(p.Due)
		if p.State == evidence.Returned {
			window, err := t.Proofs.Window(ctx, by, p.Period)
			if err != nil {
				return nil, err
			}
			if window.State.Open(now) == nil {
				continue // It stands in the line of its window.
			}
			k.Title, k.Context, k.Party = p.ProjectName+"的“"+p.Ask.Name+"”要补正", p.Title+"："+p.Reason, p.FirmName
			k.Link, k.Button, k.Nav, k.Count = "/proof/"+doc.ID, "去补正", proofsNav, 1
			out = append(out, k)
			continue
		}
		k.Title, k.Context, k.Party = p.ProjectName+"的“"+p.Ask.Name+"”抽查追回，不再计分；有异议的在期限内提出", p.Title+"："+p.Audit.Reason, p.FirmName
		k.Link, k.Button, k.Nav, k.Count = "/proof/"+doc.ID, "去查看", proofsNav, 1
		out = append(out, k)
	}
	return out, nil
}

// deadlineTask is a task with the deadline that was counted for it.
func deadlineTask(d calendar.Deadline) Task {
	if d.Rule == "" {
		return Task{}
	}
	return Task{Due: d.Due, Unresolved: !d.Resolved(), Basis: fmt.Sprintf("%s后 %d %s", d.Start.Chinese()[len("2026年"):], d.N, d.Unit)}
}

// toSubmit is what a firm owes in the windows that are open, by project.
func (t ProofTasks) toSubmit(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	windows, err := t.Proofs.Windows(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Task
	var held []string
	for _, w := range windows {
		if w.State.Open(now) != nil {
			continue
		}
		if held == nil {
			page, err := t.Projects.Projects(ctx, by, registry.ProjectQuery{})
			if err != nil {
				return nil, err
			}
			held = projectIDs(page.Rows)
		}
		needs, err := t.Proofs.NeedsOf(ctx, by, w.ID, held)
		if err != nil {
			return nil, err
		}
		for _, one := range needs {
			out = append(out, owes(w, one, now)...)
		}
	}
	return out, nil
}

// projectIDs are the ids of some rows.
func projectIDs(rows []registry.ProjectRow) []string {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

// owes turns what a window asks of one project into tasks: what to correct, what is missing, what waits for the community.
func owes(w store.Doc[evidence.Window], needs evidence.Needs, now time.Time) []Task {
	page := proofsNav + "/" + w.ID + "/" + needs.Place.Project
	last := calendar.DateOf(w.State.Closes.Add(-time.Millisecond))
	task := func(title string) Task {
		return Task{Due: last, At: w.State.Closes.Time, Basis: "材料提交截止", Party: needs.Place.FirmName, Title: title, Context: w.State.Title,
			Link: page, Button: "去提交", Nav: proofsNav}
	}
	var returned, waiting int
	var reasons, missing []string
	waits := Task{}
	for _, need := range needs.List {
		if need.Missing {
			missing = append(missing, need.Ask.Name)
		}
		for _, d := range need.Proofs {
			switch p := d.State; {
			case p.State == evidence.Returned:
				returned++
				reasons = append(reasons, need.Ask.Name+"："+p.Reason)
			case p.State.Waits():
				waiting++
				if due := deadlineTask(p.Due); waits.Basis == "" || due.Due.Compare(waits.Due) < 0 {
					waits = due
				}
			}
		}
	}
	var out []Task
	name := needs.Place.Name
	if returned > 0 {
		k := task(fmt.Sprintf("%s有 %d 件佐证材料要补正，%s截止", name, returned, untilText(w.State, now)))
		k.Context, k.Button, k.Count = strings.Join(reasons, "；"), "去补正", returned
		out = append(out, k)
	}
	if n := len(missing); n > 0 {
		k := task(fmt.Sprintf("%s%s还缺 %d 项材料，%s截止", name, periodWordOf(w, now), n, untilText(w.State, now)))
		k.Context, k.Count = someOf(missing, 3), n
		out = append(out, k)
	}
	if waiting > 0 {
		waits.Title, waits.Context, waits.Party = fmt.Sprintf("%s的 %d 件佐证材料等社区初审", name, waiting), w.State.Title, needs.Place.CommunityName
		waits.Link, waits.Button, waits.Nav, waits.Count, waits.Waits = page, "去查看", proofsNav, waiting, true
		out = append(out, waits)
	}
	return out
}

// periodWordOf is 本季度 or 本年度 for the period that runs, else its title.
func periodWordOf(w store.Doc[evidence.Window], now time.Time) string {
	if !w.State.Days.Has(calendar.DateOf(now)) {
		return w.State.Title
	}
	if w.State.Days.Days() > 100 {
		return "本年度"
	}
	return "本季度"
}

// untilText is until when a window is open: 今天, 10月21日, 今天 18:00.
func untilText(w evidence.Window, now time.Time) string {
	last, today := calendar.DateOf(w.Closes.Add(-time.Millisecond)), calendar.DateOf(now)
	text := "今天"
	if last != today {
		text = shortDate(last, today)
	}
	if w.Closes.Before(last.Ends()) {
		text += " " + w.Closes.In(shanghai).Format("15:04")
	}
	return text
}

// someOf names the first of some things and counts the rest.
func someOf(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, "、")
	}
	return fmt.Sprintf("%s等 %d 项", strings.Join(names[:most], "、"), len(names))
}

package main

import (
	"context"
	"fmt"
	"regexp"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/adoption"
	"redsteward/registry/casework"
)

// schemeTale is a proposed version of a shipped scheme and how far it gets.
type schemeTale struct {
	*countyLoader
	// file is the shipped scheme, version the name of the new one; each of changes is a place in the file and what stands there afterwards.
	file, version, why string
	changes            [][2]string
	from               calendar.Date
	doc                store.Doc[adoption.Version]
}

// versionLine is the version of a scheme file.
const versionLine = `(?m)^version: .*$`

// maxOf finds the maximum of an indicator.
func maxOf(indicator string) string { return `(- id: ` + indicator + `\n(?:    .*\n)*?    max: )\d+` }

// text is the new version.
func (t *schemeTale) text() ([]byte, error) {
	data, err := configs.Files.ReadFile("schemes/" + t.file)
	if err != nil {
		return nil, err
	}
	for _, change := range append([][2]string{{versionLine, `version: "` + t.version + `"`}}, t.changes...) {
		place := regexp.MustCompile(change[0])
		if len(place.FindAllIndex(data, -1)) != 1 {
			return nil, fault.New("cmd.schemeTale", fault.Internal, fmt.Sprintf("演示方案 %s 里没有唯一的 %s", t.file, change[0]))
		}
		data = place.ReplaceAll(data, []byte(change[1]))
	}
	return data, nil
}

// propose hands the version in and looks into it.
func (t *schemeTale) propose(ctx context.Context) error {
	data, err := t.text()
	if err != nil {
		return err
	}
	by := t.of("property_officer", 0)
	if t.doc, err = t.adoptions.Propose(ctx, by, adoption.Proposal{File: data, Name: t.file, From: t.from, Why: t.why}, nil); err != nil {
		return err
	}
	return t.do(ctx, by, adoption.StepStudy, casework.Input{})
}

func (t *schemeTale) do(ctx context.Context, by policy.Actor, step adoption.Step, in casework.Input) (err error) {
	t.doc, err = t.adoptions.Do(ctx, by, casework.At{ID: t.doc.ID, Seq: t.doc.Seq}, step, in)
	return err
}

func (t *schemeTale) send(ctx context.Context) error {
	return t.do(ctx, t.of("property_officer", 0), adoption.StepSend, casework.Input{})
}

// sign lets the first person of a role sign.
func (t *schemeTale) sign(ctx context.Context, role policy.Role) error {
	password, err := t.demoPassword(ctx, role)
	if err != nil {
		return err
	}
	t.doc, err = t.adoptions.Sign(ctx, t.of(role, 0), casework.At{ID: t.doc.ID, Seq: t.doc.Seq}, policy.Sign{Move: policy.MoveAgree, SubjectHash: t.doc.State.Approval.SubjectHash}, password)
	return err
}

// schemeActs are two versions: one of the quarter that was adopted for the quarters to come, while the open one keeps its own; one of the year that waits for a signature with its replay.
func (l *countyLoader) schemeActs() []act {
	today := calendar.DateOf(mustTime(demoStart))
	quarter := &schemeTale{countyLoader: l, file: "five-goods-quarter.yaml", version: "2028.1", from: today.Add(-7), why: "今年业主反映最多的是报修慢：报修按时办理加 1 分，保洁和绿化减 1 分（演示）",
		changes: [][2]string{{maxOf("svc_repair_time"), "${1}4"}, {maxOf("svc_clean"), "${1}3"}}}
	year := &schemeTale{countyLoader: l, file: "five-goods-year.yaml", version: "2028.1", from: calendar.Year(today.Year() + 1).Span().First.Add(-20), why: "四星偏多，分数线由 84 分调到 86 分；满意度加 1 分，房屋和设施减 1 分（演示）",
		changes: [][2]string{{`(?s)(id: star4\n.*?at_least: )84`, "${1}86"}, {maxOf("svc_satisfaction"), "${1}16"}, {maxOf("svc_facility"), "${1}4"}}}
	at := func(d calendar.Date, h int, do func(context.Context) error) act {
		return act{hour(d, h), partPeriods, do}
	}
	first, second := today.Add(-41), today.Add(-11)
	return []act{at(first, 9, quarter.propose), at(first, 15, quarter.send), at(first.Add(1), 9, func(ctx context.Context) error {
		for _, role := range []policy.Role{"section_chief", "deputy_director", "director"} {
			if err := quarter.sign(ctx, role); err != nil {
				return err
			}
		}
		return quarter.do(ctx, l.of("section_chief", 0), adoption.StepAdopt, casework.Input{Number: fmt.Sprintf("都建发〔%d〕33号", first.Year())})
	}), at(second, 9, year.propose), at(second, 15, year.send), at(second.Add(1), 9, func(ctx context.Context) error { return year.sign(ctx, "section_chief") })}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/supervision/inspection"
	"redsteward/supervision/survey"
)

// drawCommand draws a published draw again.
type drawCommand struct {
	File   string `arg:"" placeholder:"FILE" help:"从公开网页下载的抽取文件"`
	Before string `placeholder:"FILE" help:"抽取前下载的名单文件；名单改过的逐行列出"`
}

// Run implements the subcommand. Exit code 0: the same again; 1: another list, seed or result, with what differs; 2: not such a file.
func (c *drawCommand) Run(p *program) error {
	data, err := readInput(c.File)
	if err != nil {
		return err
	}
	format := struct {
		Draw string `json:"draw"`
	}{}
	if err := json.Unmarshal(data, &format); err != nil {
		return fault.Wrap("cmd.draw", fault.Invalid, c.File+" 不是抽取文件："+err.Error(), err)
	}
	switch format.Draw {
	case inspection.DrawFormat:
		return c.inspections(p, data)
	case survey.DrawFormat:
		var f survey.DrawFile
		if err := readDraw(c.File, data, &f); err != nil {
			return err
		}
		households, err := f.Again()
		return differing(p, fmt.Sprintf("%s：重新抽取 %d 户，与公布的相同", oneLine(f.Title), households), err)
	}
	return fault.New("cmd.draw", fault.Invalid, fmt.Sprintf("%s 不是抽取文件：draw 是 %q，只认 %s 和 %s", c.File, format.Draw, inspection.DrawFormat, survey.DrawFormat))
}

// inspections draws a 双随机 draw again.
func (c *drawCommand) inspections(p *program, data []byte) error {
	var f inspection.DrawFile
	if err := readDraw(c.File, data, &f); err != nil {
		return err
	}
	var before *inspection.DrawFile
	if c.Before != "" {
		data, err := readInput(c.Before)
		if err != nil {
			return err
		}
		before = &inspection.DrawFile{}
		if err := readDraw(c.Before, data, before); err != nil {
			return err
		}
	}
	return differing(p, fmt.Sprintf("%s：名单 %d 个小区、%d 名检查人员，重新抽取 %d 个小区，与公布的相同", oneLine(f.Title), len(f.Lists.Objects), len(f.Lists.Inspectors), len(f.Picks)), f.Again(before))
}

// readDraw reads a file strictly: a field that the format does not know may hide something.
func readDraw(name string, data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("文件末尾还有别的内容")
	}
	return fault.Wrap("cmd.readDraw", fault.Invalid, name+" 读不了："+err.Error(), err)
}

// differing prints what a draw came to. A file that can be read but says something else is found, not a wrong input.
func differing(p *program, same string, err error) error {
	if !fault.Is(err, fault.Invalid) {
		if err == nil {
			fmt.Fprintln(p.out, same)
		}
		return err
	}
	fmt.Fprintln(p.out, "不相同：", fault.MessageOf(err))
	for _, f := range fault.FieldsOf(err) {
		fmt.Fprintf(p.out, "  %s\n", oneLine(f.Message))
	}
	return errFound
}

// drawStanding tells draws how compounds and firms stand.
type drawStanding struct{ s *service }

// Stars implements inspection.Standing: the stars of the newest published year that stand today, as many as they have now.
func (t drawStanding) Stars(ctx context.Context) (map[string]int64, error) {
	stars := map[string]int64{}
	year, _, err := t.s.cycle.Newest(ctx, cycle.RhythmYear)
	if fault.Is(err, fault.NotFound) {
		return stars, nil
	}
	if err != nil {
		return nil, err
	}
	_, all, err := t.s.standings.All(ctx, &year, calendar.DateOf(t.s.clocks.Business()))
	for i := range all {
		if all[i].Status.Stands() {
			stars[all[i].Project] = all[i].Level
		}
	}
	return stars, err
}

// Points implements inspection.Standing.
func (t drawStanding) Points(ctx context.Context, by policy.Actor, firm string) (num.Num, int, error) {
	return t.s.conduct.Points(ctx, by, firm)
}

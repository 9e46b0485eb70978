package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating"
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

// standing tells draws how compounds and firms stand.
type standing struct{ s *service }

// Stars implements inspection.Standing: the grades of the newest published year, without those that lapsed.
func (t standing) Stars(ctx context.Context) (map[string]int64, error) {
	stars, held := map[string]int64{}, map[string]string{}
	year, _, err := t.s.cycle.Newest(ctx, cycle.RhythmYear)
	if fault.Is(err, fault.NotFound) {
		return stars, nil
	}
	if err != nil {
		return nil, err
	}
	for stored, err := range t.s.archive.Results(ctx, year.Evaluation) {
		if err != nil {
			return nil, err
		}
		result, err := rating.ReadResult([]byte(stored.Result))
		if err != nil {
			return nil, err
		}
		if result.Level == nil || *result.Level < 1 {
			continue
		}
		stars[stored.Subject] = int64(*result.Level)
		for _, key := range stored.Keys {
			if firm, ok := strings.CutPrefix(key, policy.FirmKey("")); ok {
				held[stored.Subject] = firm
			}
		}
	}
	ends, err := t.s.register.StarEnds(ctx, held, year.Days.Last, calendar.DateOf(t.s.clocks.Business()))
	for project := range ends {
		delete(stars, project)
	}
	return stars, err
}

// Points implements inspection.Standing.
func (t standing) Points(ctx context.Context, by policy.Actor, firm string) (num.Num, int, error) {
	return t.s.conduct.Points(ctx, by, firm)
}

package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry/conduct"
)

// firmAddress is the page of a firm.
func firmAddress(id string) string { return "/firms/" + url.PathEscape(id) }

// firmPageView is what firm.html shows.
type firmPageView struct {
	*board
	F                 *rankedFirm
	Merged            string
	Counted           int
	RankedFirms       int
	RankedRows        int
	Meaning, Changed  string
	Compared          []string
	Dimensions        []firmDimension
	Radar             charts.SVG
	RadarBefore       string
	Spread            []spreadRow
	Past              *historyView
	Reasons           []firmReason
	Whole             bool
	Sampled           int
	Filter            filter
	Filtered, CanFind bool
	Facets            []facetView
	Page              result
	Rows              []firmMemberRow
	Apart             []apartRow
	Rank, Name        sortLink
	GradeSort, Weigh  sortLink
	Next, Back        string
	Here, Excel       string
	// Report is the same as an official report.
	Report string
	// Credit is the valid 失信信息 of the firm that is shown to everybody; CreditKept says that it is kept here at all.
	Credit     []conductLine
	CreditKept bool
}

// firmDimension is a top part of a firm: its mean rate and that of all firms.
type firmDimension struct{ Name, Rate, All string }

// firmReason is a part with the indicators in which most of the firm's subjects lost points.
type firmReason struct {
	Name, Names string
	Hidden      bool
	Lines       []firmLoss
}

// firmLoss is one indicator: how many subjects lost points in it, and how many points in all.
type firmLoss struct {
	Clause, Name, Lost string
	Subjects, Of       int
	lost               num.Num
}

// firmMemberRow is one subject of the firm.
type firmMemberRow struct {
	rankingRow
	Weight, Share string
	// ToNext is how far it is from the grade above, "" if no points lack.
	ToNext string
}

// findAbove is how many subjects a list holds before it offers a search.
const findAbove = 8

// firmPage is one firm: its roll-up, how it moved, and its subjects.
func (s *Server) firmPage(c *fiber.Ctx, by policy.Actor) error {
	b, f, filter, err := s.findFirm(c)
	if err != nil {
		return err
	}
	past, err := s.pastNow(c.UserContext())
	if err != nil {
		return err
	}
	whole, err := s.seesWhole(c.UserContext(), by, b, f)
	if err != nil {
		return err
	}
	credit, err := s.publicCredit(c.UserContext(), f.Name)
	if err != nil {
		return err
	}
	query := filter.query()
	for _, e := range credit {
		query += "&credit=" + url.QueryEscape(e.Number+e.State)
	}
	if whole {
		query += "&lines=all" // what those in whose scope the firm lies see is another page
	}
	cached, err := s.cache.get(s.cacheKey(c, by, b, firmAddress(f.ID), query+"&past="+past.version), func() ([]byte, error) {
		v, err := s.firmView(c.UserContext(), b, f, filter, past.list, whole)
		if err != nil {
			return nil, err
		}
		v.Credit, v.CreditKept = credit, s.conduct != nil
		return s.renderBytes(c, by, "firm", page{Title: strings.TrimSpace(f.Name + " " + f.Grade + " " + f.Shown), Nav: "/firms", Data: v, Script: true})
	})
	if err != nil {
		return err
	}
	return cached.send(c)
}

// publicCredit is what everybody may know of the 失信信息 of the registered firm of a name.
func (s *Server) publicCredit(ctx context.Context, name string) ([]conductLine, error) {
	if s.conduct == nil {
		return nil, nil
	}
	id, err := s.registered.FirmOfName(ctx, name)
	if err != nil || id == "" {
		return nil, err
	}
	list, err := s.conduct.PublicCredit(ctx, id)
	var out []conductLine
	for i := range list {
		line := s.conductLineOf(calendar.DateOf(s.clocks.Business()), conduct.Credit, "", &list[i])
		line.Authority = list[i].Authority
		out = append(out, line)
	}
	return out, err
}

// findFirm is the firm of the address with the filter of its list. Returns NotFound if the shown evaluation has no such firm.
func (s *Server) findFirm(c *fiber.Ctx) (*board, *rankedFirm, filter, error) {
	const op = "web.findFirm"
	b, err := s.boardNow(c.UserContext())
	if err != nil {
		return nil, nil, filter{}, err
	}
	id, err := url.PathUnescape(c.Params("id"))
	if err != nil {
		return nil, nil, filter{}, fault.Wrap(op, fault.NotFound, "", err)
	}
	f := b.firms.byID[id]
	if f == nil {
		return nil, nil, filter{}, fault.New(op, fault.NotFound, "")
	}
	asked := readFilter(c, b)
	asked.of = f
	return b, f, asked, nil
}

// seesWhole reports whether every subject of the firm lies in the actor's scope: then losses are told with their points.
func (s *Server) seesWhole(ctx context.Context, by policy.Actor, b *board, f *rankedFirm) (bool, error) {
	if !b.Restricted {
		return true, nil
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadEvaluation)
	if err != nil || scope.Empty() {
		return false, err
	}
	return !slices.ContainsFunc(f.Members, func(m Member) bool {
		r := b.byID[m.ID]
		return r != nil && !scope.Covers(r.Keys, b.Day)
	}), nil
}

func (s *Server) firmView(ctx context.Context, b *board, f *rankedFirm, asked filter, past []PastFirms, whole bool) (*firmPageView, error) {
	here := firmAddress(f.ID)
	found := b.page(asked)
	v := &firmPageView{board: b, F: f, Merged: f.merged(), RankedFirms: b.firms.ranked, RankedRows: len(b.rows), Whole: whole, Filter: asked, Filtered: asked.narrows(), Page: found, Here: here, Excel: asked.first().address(here + "/projects.xlsx"), Report: here + "/report",
		Rank: asked.header(here, "rank", "名次"), Name: asked.header(here, "name", b.Subject), GradeSort: asked.header(here, "grade", "等级"), Weigh: asked.header(here, "weight", cmp.Or(b.FirmsWeight, "权重"))}
	if b.Levels {
		v.GradeSort.Label = "星级"
	}
	v.CanFind = v.Filtered || f.Count > findAbove
	v.Next, v.Back = asked.pages(here, found)
	counts := map[string]int{}
	values := make([]map[string]bool, len(b.facets))
	for i := range values {
		values[i] = map[string]bool{}
	}
	var own []*ranked
	for _, m := range f.Members {
		if m.Weight != nil {
			v.Counted++
		}
		r := b.byID[m.ID]
		if r == nil {
			continue
		}
		counts[r.Grade]++
		own = append(own, r)
		for i := range min(len(values), len(r.Facets)) {
			values[i][r.Facets[i]] = true
		}
	}
	for i, label := range b.Evaluation.Facets {
		if i < len(facetNames) && len(values[i]) > 1 {
			v.Facets = append(v.Facets, facetView{Field: facetNames[i], Label: label, Value: asked.Facets[i],
				Values: slices.DeleteFunc(slices.Clone(b.facets[i]), func(x string) bool { return !values[i][x] })})
		}
	}
	v.Facets = append(v.Facets, asked.standsView(standsOf(own))...)
	v.Spread = b.spread(counts, f.Count)
	for _, r := range found.Rows {
		row := firmMemberRow{rankingRow: b.rankingRow(r), Weight: "不计入", Share: "—"}
		if next, lack := b.toNext(&r.Row); next != "" {
			row.ToNext = "离" + next + "差 " + lack
		}
		if r.weight != nil {
			row.Weight, row.Share = grouped(r.weight.String()), rate(*r.weight, f.weight())
		}
		v.Rows = append(v.Rows, row)
	}
	for _, r := range found.Apart {
		v.Apart = append(v.Apart, b.apartRow(r))
	}
	v.Meaning, v.Compared = v.meaning(), b.firms.compare(f, b.Places)
	before := v.history(past)
	v.dimensions(before)
	reasons, err := s.firmReasons(ctx, b, f, whole)
	v.Reasons, v.Sampled = reasons, min(f.Count, reasonsOf)
	return v, err
}

// weight is the sum of what counts.
func (f *rankedFirm) weight() num.Num {
	var sum num.Num
	for _, m := range f.Members {
		if m.Weight != nil {
			sum = sum.Add(*m.Weight)
		}
	}
	return sum
}

// meaning says in one sentence how the firm's result came about.
func (v *firmPageView) meaning() string {
	if v.F.Total == nil {
		return fmt.Sprintf("这一次没有汇总得分：所管的 %d 个%s都没有可以计入的结果，原因列在下面。", v.F.Count, v.Subject)
	}
	return fmt.Sprintf("“%s”是汇总得出的：计入所管 %d 个%s中的 %d 个，汇总得分 %s 分。评的是%s，企业不单独评级。", v.F.Grade, v.F.Count, v.Subject, v.Counted, v.F.Shown, v.Subject)
}

// compare says how a firm stands among all of them; nothing where there are too few.
func (all rankedFirms) compare(f *rankedFirm, places int) []string {
	if f.Total == nil || all.ranked < fewest {
		return nil
	}
	higher, lower := 0, 0
	var sum num.Num
	for _, other := range all.list[:all.ranked] {
		sum = sum.Add(*other.Total)
		switch {
		case f.Total.Less(*other.Total):
			higher++
		case other.Total.Less(*f.Total):
			lower++
		}
	}
	mean, err := sum.Quo(num.FromInt(int64(all.ranked)))
	if err != nil {
		return nil
	}
	return []string{fmt.Sprintf("有汇总得分的企业 %d 家，平均 %s 分；除自己以外的 %d 家当中，比它高的 %d 家，比它低的 %d 家，同分的 %d 家。",
		all.ranked, points(mean, places), all.ranked-1, higher, lower, all.ranked-1-higher-lower)}
}

// history lists the firm's periods, the newest first, says what changed, and returns the firm in the period before of the same kind and rule; nil if there is none.
func (v *firmPageView) history(past []PastFirms) (before *Firm) {
	v.Past = historyOf(v.Parts, v.Subject, pastOfFirms(v.F.ID, past))
	if v.Past != nil {
		v.Past.CSV = firmAddress(v.F.ID) + "/history.csv"
	}
	var lastStars *PastFirms // the period with stars before the shown one
	for i := range past {
		p := &past[i]
		if p.Evaluation == v.Evaluation.ID {
			break
		}
		if at := slices.IndexFunc(p.Firms, func(f Firm) bool { return f.ID == v.F.ID && !f.Apart }); at >= 0 && p.Stars {
			lastStars, before = p, &p.Firms[at]
		}
	}
	if before == nil {
		return nil
	}
	v.Changed = v.changedSince(lastStars, before)
	if lastStars.Rule != v.SchemeHash || len(before.Parts) != len(v.Parts) {
		return nil
	}
	v.RadarBefore = lastStars.Period
	return before
}

// changedSince says in one sentence what changed since the published period before.
func (v *firmPageView) changedSince(p *PastFirms, was *Firm) string {
	text := p.Period + "是“" + was.Grade + "”"
	if was.Total != nil {
		text += "，" + was.Shown + " 分"
	}
	switch {
	case was.Total == nil || v.F.Total == nil:
		return text + "。"
	case p.Rule != v.SchemeHash:
		return text + "，评价办法后来修订过，分数不直接比较。"
	}
	return text + "；" + changeText(v.F.Total.Sub(*was.Total), p.Places, was.Grade, v.F.Grade)
}

// dimensions are the mean rates with those of all firms, and the radar with the period before, if there is one under the same rule.
func (v *firmPageView) dimensions(before *Firm) {
	var axes []charts.Axis
	hasBefore := before != nil
	for i, column := range v.Parts {
		if i >= len(v.F.Parts) {
			break
		}
		d := firmDimension{Name: column.Name, Rate: "—", All: "—"}
		var sum num.Num
		n := int64(0)
		for _, f := range v.firms.list {
			if !f.Apart && f.Parts[i] != nil {
				sum, n = sum.Add(*f.Parts[i]), n+1
			}
		}
		if mean, err := sum.Quo(num.FromInt(n)); err == nil && n >= fewest {
			d.All = mean.Fixed(firmPartPlaces) + "%"
		}
		if own := v.F.Parts[i]; own != nil {
			d.Rate = own.Fixed(firmPartPlaces) + "%"
			axis := charts.Axis{Label: column.Name, Text: d.Rate, Value: own.Float64()}
			if hasBefore = hasBefore && before.Parts[i] != nil; hasBefore {
				axis.Before = before.Parts[i].Float64()
			}
			axes = append(axes, axis)
		}
		v.Dimensions = append(v.Dimensions, d)
	}
	if !hasBefore {
		v.RadarBefore = ""
	}
	v.Radar = charts.Radar{ID: "radar-title", Title: "各部分平均得分率雷达图，数值见左表", Axes: axes, HasBefore: hasBefore}.SVG()
}

// reasonsOf is of how many subjects the reasons are gathered at most: those that weigh most.
const reasonsOf = 40

// firmReasons gathers in which indicators the firm's subjects lost points. Without whole, only the names of the most frequent ones are told (practice.md §7).
func (s *Server) firmReasons(ctx context.Context, b *board, f *rankedFirm, whole bool) ([]firmReason, error) {
	var members []*ranked
	for _, m := range f.Members {
		if r := b.byID[m.ID]; r != nil {
			members = append(members, r)
		}
	}
	slices.SortStableFunc(members, byWeightOf)
	var out []firmReason
	at := map[string]int{}
	for _, r := range members[:min(len(members), reasonsOf)] {
		one, err := s.stars.Star(ctx, b.ID, r.ID, false)
		if err != nil {
			return nil, err
		}
		for _, g := range one.Groups {
			if g.Max == nil {
				continue
			}
			i, known := at[g.ID]
			if !known {
				i = len(out)
				at[g.ID], out = i, append(out, firmReason{Name: g.Name, Hidden: g.Hidden})
			}
			out[i].add(g.Lines)
		}
	}
	for i := range out {
		out[i].sum(whole, b.Places)
	}
	return out, nil
}

// add counts the losses of one subject.
func (r *firmReason) add(lines []Line) {
	for _, l := range lines {
		if l.Points == nil || l.Max == nil || l.Part {
			continue
		}
		i := slices.IndexFunc(r.Lines, func(x firmLoss) bool { return x.Clause == l.Clause && x.Name == l.Name })
		if i < 0 {
			i = len(r.Lines)
			r.Lines = append(r.Lines, firmLoss{Clause: l.Clause, Name: l.Name})
		}
		r.Lines[i].Of++
		if l.Points.Less(*l.Max) {
			r.Lines[i].Subjects++
			r.Lines[i].lost = r.Lines[i].lost.Add(l.Max.Sub(*l.Points))
		}
	}
}

// sum keeps what was lost, the most frequent first; without whole only names.
func (r *firmReason) sum(whole bool, places int) {
	r.Lines = slices.DeleteFunc(r.Lines, func(x firmLoss) bool { return x.Subjects == 0 })
	slices.SortStableFunc(r.Lines, func(x, y firmLoss) int {
		return cmp.Or(y.Subjects-x.Subjects, y.lost.Cmp(x.lost))
	})
	var names []string
	for i := range r.Lines {
		r.Lines[i].Lost = lostText(r.Lines[i].lost, places)
		if i < shownReasons {
			names = append(names, r.Lines[i].Name)
		}
	}
	r.Names = strings.Join(names, "、")
	if !whole {
		r.Lines = nil
	}
}

// firmExcel is the list of the firm's subjects under the filter as a workbook. Making one takes a while and anybody may ask, so that it is kept like a page.
func (s *Server) firmExcel(c *fiber.Ctx, by policy.Actor) error {
	b, f, asked, err := s.findFirm(c)
	if err != nil {
		return err
	}
	cached, err := s.cache.get(s.cacheKey(c, by, b, firmAddress(f.ID)+"/projects.xlsx", asked.first().query()), func() ([]byte, error) {
		return figureBook(b.firmFigures(f, asked))
	})
	if err != nil {
		return err
	}
	return sendExcel(c, f.Name+"的"+b.Subject+".xlsx", cached.plain)
}

// firmFigures lists the firm's subjects with what each brings into the roll-up, so that anybody can add it up again.
func (b *board) firmFigures(f *rankedFirm, asked filter) report.Figures {
	members := make(map[string]Member, len(f.Members))
	for _, m := range f.Members {
		members[m.ID] = m
	}
	sheet := report.Figures{Sheet: b.Subject, Heads: []string{"名次", "编号", b.Subject, "位置", "等级", "总分", cmp.Or(b.FirmsWeight, "权重"), "计入汇总的分值"},
		Note: fmt.Sprintf("%s，%s。汇总得分 %s，由%s；没有写%s和分值的不计入。规则 %s %s 版，指纹 %s。", b.Title, f.Name, cmp.Or(f.Shown, "无"), b.FirmsRule, cmp.Or(b.FirmsWeight, "权重"), b.SchemeID, b.SchemeVersion, b.SchemeHash)}
	for _, p := range b.Parts {
		sheet.Heads = append(sheet.Heads, p.Name+"（得分率%）")
	}
	sheet.Heads = append(sheet.Heads, "说明")
	for _, r := range b.every(asked.first()) {
		m := members[r.ID]
		row := []any{report.Rank(r.Rank), r.ID, r.Name, r.Place, cmp.Or(b.grades[r.Grade].Label, "未评等级"), report.Maybe(r.Total, b.Places), report.Maybe(m.Weight, 0), report.Maybe(m.Value, b.Places)}
		for _, p := range r.Parts {
			row = append(row, report.Maybe(p, 1))
		}
		sheet.Rows = append(sheet.Rows, append(row, strings.TrimSpace(r.Mark+" "+r.Since()+r.Reason)))
	}
	return sheet
}

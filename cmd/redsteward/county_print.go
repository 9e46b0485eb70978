package main

import (
	"fmt"
	"io"
	"strconv"

	"redsteward/rating"
)

// write prints what a loaded county came to: the star table, the spread beside the published one, and what it took.
func (r *countyResult) write(out io.Writer) error {
	fmt.Fprintf(out, "%s物业服务星级评价（%s，演示数据）\n", r.period.Name, r.period.Publication.Number)
	rows := textTable{Head: []string{"名次", "小区", "社区", "企业", "总分", "结果"}, Right: []bool{true, false, false, false, true, false}}
	counts, rated := map[string]int{}, 0
	for i := range r.results {
		stored := &r.results[i]
		result, err := rating.ReadResult([]byte(stored.Result))
		if err != nil {
			return err
		}
		counts[result.Grade]++
		if stored.Rank > 0 {
			rated++
		}
		switch {
		case i == demoRows && len(r.results) > 2*demoRows:
			rows.Rows = append(rows.Rows, []string{"", fmt.Sprintf("…… 另有 %d 个小区", len(r.results)-2*demoRows)})
			continue
		case i > demoRows && i < len(r.results)-demoRows:
			continue
		}
		place, total := "—", "—"
		if stored.Rank > 0 {
			place = strconv.Itoa(stored.Rank)
		}
		if result.Total.Counted {
			total = result.Total.Points.Fixed(2)
		}
		rows.Rows = append(rows.Rows, []string{place, stored.Name, stored.Place, stored.Firm, total, result.Label})
	}
	if err := rows.write(out); err != nil {
		return err
	}
	spread := textTable{Head: []string{"结果", "小区", "占参评", "南昌市 2023 年"}, Right: []bool{false, true, true, true}}
	for _, g := range r.scheme.Grades.List {
		share, beside := "", ""
		if g.Level != nil {
			share = fmt.Sprintf("%.1f %%", 100*float64(counts[g.ID])/float64(max(rated, 1)))
			for _, s := range starShares {
				if s.grade == g.ID {
					beside = fmt.Sprintf("%.1f %%", 100*s.share)
				}
			}
		}
		spread.Rows = append(spread.Rows, []string{g.Label, strconv.Itoa(counts[g.ID]), share, beside})
	}
	if err := spread.write(out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "共 %d 个小区，%d 条变更记录；用时：%s\n", len(r.results), r.changes, r.seconds)
	return err
}

// writeAccounts prints one account for each role.
func (r *countyResult) writeAccounts(out io.Writer) error {
	rows := textTable{Head: []string{"演示账号", "密码", "岗位"}, Rows: r.accounts}
	if err := rows.write(out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "同一岗位的演示账号共用一个密码，例如 community-worker-02 与 community-worker 相同。")
	return err
}

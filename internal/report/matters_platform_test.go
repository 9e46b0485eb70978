package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/policy/policytest"
	"redsteward/supervision"
	"redsteward/supervision/matter"
)

// shippedPlatforms are the categories and platforms of the shipped matters.yaml.
func shippedPlatforms(t *testing.T) *matter.Tree {
	t.Helper()
	tree, err := matter.ParseTree("matters.yaml", policytest.Config(t, "matters.yaml"), policytest.Rules(t), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestPlatformOrders: what each platform's workbook says is read as it is written, in its own words, moments as days; a word that it does not know is refused with those that it does.
func TestPlatformOrders(t *testing.T) {
	tree := shippedPlatforms(t)
	day := func(text string) calendar.Date {
		d, err := calendar.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if len(tree.Platforms()) != 2 {
		t.Fatal(tree.Platforms())
	}
	for _, p := range tree.Platforms() {
		line := matter.OrderLine{Order: matter.Order{Number: "J-1", Received: day("2026-10-16"), Due: day("2026-10-30"), Outcome: matter.OutcomeFixed, Done: day("2026-10-20"), Words: "已办好"}, Category: "fire_exit", Township: "都昌镇", Community: "城东社区", Project: "望湖苑", Where: "北门", Words: "通道被堵"}
		table := PlatformOrders(tree, p)
		data, err := Write(table.Filled([]matter.OrderLine{line}))
		if err != nil {
			t.Fatal(err)
		}
		read, err := table.Read(bytes.NewReader(data))
		if err != nil || len(read.Faults) > 0 || len(read.Rows) != 1 || read.Rows[0].Value != line {
			t.Errorf("%s: %+v %v %v", p.Source, read.Rows, read.Faults, err)
		}
		cells, err := Cells(bytes.NewReader(data), 5)
		if err != nil || !strings.Contains(strings.Join(cells[1], " "), map[matter.Source]string{matter.SourceHotline: "消防通道", matter.SourceGovern: "消防隐患"}[p.Source]) {
			t.Errorf("%s writes %q %v", p.Source, cells, err)
		}
		if _, err := table.Template(); err != nil {
			t.Error(err)
		}
	}
	hotline, _ := tree.Platform(matter.SourceHotline)
	read, err := PlatformOrders(tree, hotline).Read(bytes.NewReader(written(t, Figures{Sheet: "导出", Heads: []string{"来电人", "工单编号", "派单时间", "办理时限", "诉求分类", "所属社区", "诉求地点", "诉求内容", "办理结果", "办结时间"}, Rows: [][]any{
		{"王某", "J-1", "2026-10-16 09:30:05", "46325.75", "绿化养护", "城东社区", "北门", "垃圾没有清运", "已办结", "2026-10-20T16:00:00"}, {"李某", "J-2", "上周五", "", "天气", "城东社区", "北门", "垃圾没有清运", "", ""}}})))
	if err != nil || len(read.Rows) != 1 || len(read.Faults) != 2 || !strings.Contains(read.Faults[1].Text(), "物业保洁、物业秩序") {
		t.Fatalf("%+v %v %v", read.Rows, read.Faults, err)
	}
	if l := read.Rows[0].Value; l.Category != "green" || l.Order.Received != day("2026-10-16") || l.Order.Due != day("2026-10-30") || l.Order.Done != day("2026-10-20") || l.Order.Outcome != matter.OutcomeFixed {
		t.Errorf("%+v", l)
	}
}

// TestPlatformAnswers: what goes back has the columns of the platform, in its order and words; 46315 is 2026-10-20 as Excel keeps it.
func TestPlatformAnswers(t *testing.T) {
	tree := shippedPlatforms(t)
	at := journal.At(time.Date(2026, 10, 20, 2, 0, 0, 0, time.UTC))
	m := matter.Matter{DepartmentTitle: "县住建局", Order: &matter.Order{Number: "J-1"}, Answer: &matter.Answer{Words: "已清运", Fixed: true, Late: true, Reasonable: false, By: supervision.Hand{At: at}}}
	for source, want := range map[matter.Source]string{matter.SourceHotline: "工单编号|承办单位|办理时间|办理意见|是否解决|是否按时办结|诉求是否合理\nJ-1|县住建局|46315|已清运|已解决|否|不合理", matter.SourceGovern: "事件编号|处置部门|处置时间|处置情况|是否化解|是否超期\nJ-1|县住建局|46315|已清运|是|是"} {
		p, _ := tree.Platform(source)
		data, err := Write(PlatformAnswers(p).Filled([]matter.Matter{m}))
		if err != nil {
			t.Fatal(err)
		}
		cells, err := Cells(bytes.NewReader(data), 5)
		var got []string
		for _, row := range cells {
			got = append(got, strings.Join(row, "|"))
		}
		if strings.Join(got, "\n") != want || err != nil {
			t.Errorf("%s: %q %v", source, got, err)
		}
	}
}

// written is a workbook of one sheet.
func written(t *testing.T, f Figures) []byte {
	t.Helper()
	data, err := Write(f.Filled())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

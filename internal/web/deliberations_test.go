package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"redsteward/policy"
	"redsteward/supervision/deliberation"
)

// TestDeliberationPages follows a matter through the six steps on its pages: worker, secretary, firm, township, the public, and who may not.
func TestDeliberationPages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	for login, a := range map[string]policy.Appointment{"worker": {Role: "community_worker", Unit: "c:" + cityEast, Scopes: []string{"c:" + cityEast}}, "townhall": {Role: "dispatcher", Scopes: []string{"t:360428100000"}}} {
		if err := f.Appoint(context.Background(), login, "测试人员", a); err != nil {
			t.Fatal(err)
		}
	}
	people := map[string]*person{}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	const list, form = "/deliberation", "/deliberation/new"
	run(
		scenario{name: "nothing yet", role: "worker", path: list, status: 200, contains: []string{"还没有收集议事的问题", "收集问题"}},
		scenario{name: "nothing is public", path: "/deliberation/results", status: 200, contains: []string{"还没有公开的议事结果"}},
		scenario{name: "the public sees no list", path: list, status: 401},
		scenario{name: "the form", role: "worker", path: form, status: 200, contains: []string{"望湖苑", "居民反映"}},
		scenario{name: "the firm collects nothing", role: "firm", path: form, status: 403},
		scenario{name: "fields", role: "worker", method: "POST", path: form, form: pairs("source", "resident", "found", "昨天", "problem", "电话 13800001234"), status: 422, contains: []string{"发现日期“昨天”不是日期"}},
		scenario{name: "personal data", role: "worker", method: "POST", path: form, form: pairs("project", project, "source", "resident", "found", "2026-06-01", "problem", "占车位，电话 13800001234"), status: 422, contains: []string{"像是电话"}},
		scenario{name: "collect", role: "worker", method: "POST", path: form, form: pairs("project", project, "source", "resident", "found", "2026-06-01", "problem", "电动车占用消防通道，居民意见不一"), status: 303, changes: 1},
	)
	ctx, worker := context.Background(), policy.Actor{ID: "a-worker", Appointments: []policy.Appointment{{Role: "community_worker", Scopes: []string{"c:" + cityEast}}}}
	items, err := f.Deliberations.Items(ctx, worker, deliberation.Filter{})
	if err != nil || len(items) != 1 {
		t.Fatal(items, err)
	}
	page := list + "/" + items[0].ID
	run(
		scenario{name: "its work", role: "worker", path: "/todo", status: 200, contains: []string{"的问题拟定议题", page}},
		scenario{name: "its page", role: "worker", path: page, status: 200, contains: []string{"待拟议题", "拟定议题", "不予商议"}, excludes: []string{"登记调研"}},
		scenario{name: "the firm reads it", role: "firm", path: page, status: 200, contains: []string{"电动车"}, excludes: []string{`action="` + page + `/topic"`}},
		scenario{name: "another community does not", role: "elsewhere", path: page, status: 404},
		scenario{name: "the firm words nothing", role: "firm", method: "POST", path: page + "/topic", form: pairs("seq", "1"), status: 403},
		scenario{name: "topic: fields", role: "worker", method: "POST", path: page + "/topic", form: pairs("seq", "1", "topic-title", "车"), status: 422, contains: []string{`id="topic-title-e"`, `value="车"`}},
		scenario{name: "topic", role: "worker", method: "POST", path: page + "/topic", form: pairs("seq", "1", "topic-title", "电动车集中停放点设在哪里", "topic-class", "minor", "topic-subject", "parking", "topic-must", "d"), status: 303, changes: 1},
		scenario{name: "what must be heard is not declined", role: "worker", method: "POST", path: page + "/decline", form: pairs("seq", "2", "decline-reason", "这件事不用议了"), status: 409},
		scenario{name: "no such step", role: "worker", method: "POST", path: page + "/burn", form: pairs("seq", "2"), status: 404},
		scenario{name: "a step that is not next", role: "worker", method: "POST", path: page + "/finish", form: pairs("seq", "2"), status: 409},
		scenario{name: "enquire", role: "worker", method: "POST", path: page + "/enquire", form: pairs("seq", "2", "enquire-enquired", "2026-06-02", "enquire-findings", "走访三栋楼，多数同意设在北门外侧"), status: 303, changes: 1},
		scenario{name: "the meeting's form", role: "worker", path: "/deliberation/meetings/new", status: 200, contains: []string{"板凳议事会至少到 3 人", "赣北物业服务有限公司"}},
		scenario{name: "no seats", role: "worker", method: "POST", path: "/deliberation/meetings/new", form: pairs("community", cityEast, "kind", "bench", "on", "2026-06-03", "at", "19:30", "spot", "北门凉亭"), status: 422, contains: []string{"请填写各类参加人员的应到人数"}},
		scenario{name: "call a meeting", role: "worker", method: "POST", path: "/deliberation/meetings/new", form: pairs("community", cityEast, "kind", "bench", "on", "2026-06-03", "at", "19:30", "spot", "北门凉亭", "invited-residents", "6", "invited-firm", "1", "firm-firm", firm), status: 303, changes: 1},
	)
	meetings, err := f.Deliberations.Meetings(ctx, worker, deliberation.MeetingFilter{})
	if err != nil || len(meetings) != 1 {
		t.Fatal(meetings, err)
	}
	meeting := "/deliberation/meetings/" + meetings[0].ID
	run(
		scenario{name: "no minutes without an item", role: "worker", method: "POST", path: meeting + "/hold", form: pairs("seq", "1", "hold-present-residents", "5", "hold-minutes", "各方说明情况，逐件商议。"), status: 409},
		scenario{name: "no paper of what was not held", role: "worker", path: meeting + "/print/minutes", status: 404},
		scenario{name: "schedule", role: "worker", method: "POST", path: page + "/schedule", form: pairs("seq", "3", "schedule-meeting", meetings[0].ID), status: 303, changes: 1},
		scenario{name: "no quorum", role: "worker", method: "POST", path: meeting + "/hold", form: pairs("seq", "1", "hold-present-residents", "2", "hold-minutes", "各方说明情况，逐件商议。"), status: 422, contains: []string{"至少要到 3 人，实到 2 人"}},
		scenario{name: "minutes", role: "worker", method: "POST", path: meeting + "/hold", form: pairs("seq", "1", "hold-present-residents", "5", "hold-present-firm", "1", "hold-minutes", "各方说明情况，逐件商议。"), status: 303, changes: 1},
		scenario{name: "agreed by half", role: "worker", method: "POST", path: page + "/decide", form: pairs("seq", "4", "decide-outcome", "agreed", "decide-agreed", "3", "decide-decision", "停放点设在北门外侧"), status: 422, contains: []string{"没有超过实到 6 人的 50%"}},
		scenario{name: "decide", role: "worker", method: "POST", path: page + "/decide", form: pairs("seq", "4", "decide-outcome", "agreed", "decide-agreed", "5", "decide-decision", "停放点设在北门外侧"), status: 303, changes: 1},
		scenario{name: "words", role: "worker", method: "POST", path: page + "/draft", form: pairs("seq", "5", "draft-words", "电动车停放点设在北门外侧，由物业服务企业划线。"), status: 303, changes: 1},
		scenario{name: "nobody sees them yet", path: "/deliberation/results", status: 200, excludes: []string{"北门外侧"}},
		scenario{name: "the secretary's work", role: "secretary", path: "/todo", status: 200, contains: []string{"议事的公开内容"}},
		scenario{name: "publish", role: "secretary", method: "POST", path: page + "/publish", form: pairs("seq", "6"), status: 303, changes: 1},
		scenario{name: "everybody sees them", path: "/deliberation/results", status: 200, contains: []string{"北门外侧", "达成一致"}, excludes: []string{page, "走访三栋楼"}},
		scenario{name: "a task", role: "worker", method: "POST", path: page + "/task", form: pairs("seq", "7", "task-what", "划停车线、装充电桩", "task-to", "firm", "task-firm", firm, "task-days", "5"), status: 303, changes: 1},
		scenario{name: "the firm's work", role: "firm", path: "/todo", status: 200, contains: []string{"办理议事任务：划停车线", page}},
		scenario{name: "an extension: fields", role: "firm", method: "POST", path: page + "/more0", form: pairs("seq", "8", "more0-days", "三天"), status: 422, contains: []string{"more0-days-e", "more0-why-e", "“三天”要填整数"}},
		scenario{name: "only whose task it is", role: "worker", method: "POST", path: page + "/more0", form: pairs("seq", "8", "more0-days", "3", "more0-why", "划线漆还没有到货"), status: 403, contains: []string{"申请延期"}},
		scenario{name: "an extension", role: "firm", method: "POST", path: page + "/more0", form: pairs("seq", "8", "more0-days", "3", "more0-why", "划线漆还没有到货"), status: 303, changes: 1},
		scenario{name: "once", role: "firm", path: page, status: 200, contains: []string{"划线漆还没有到货；等答复"}, excludes: []string{"more0-days"}},
		scenario{name: "the township's work", role: "townhall", path: "/todo", status: 200, contains: []string{"答复赣北物业服务有限公司的延期申请：划停车线", page}},
		scenario{name: "the community does not answer it", role: "worker", method: "POST", path: page + "/grant0", form: pairs("seq", "9", "grant0-answer", "yes"), status: 403},
		scenario{name: "yes or no", role: "townhall", method: "POST", path: page + "/grant0", form: pairs("seq", "9"), status: 422, contains: []string{"grant0-answer-e"}},
		scenario{name: "granted", role: "townhall", method: "POST", path: page + "/grant0", form: pairs("seq", "9", "grant0-answer", "yes", "grant0-reason", "配件确实在途"), status: 303, changes: 1},
		scenario{name: "and shown", role: "worker", path: page, status: 200, contains: []string{"申请延期 3 个工作日：划线漆还没有到货", "同意 · 配件确实在途", "申请任务延期", "答复任务延期"}},
		scenario{name: "report", role: "firm", method: "POST", path: page + "/report0", form: pairs("seq", "10", "report0-report", "已经划好停车线"), status: 303, changes: 1},
		scenario{name: "not done yet", role: "worker", method: "POST", path: page + "/finish", form: pairs("seq", "11", "finish-result", "停放点已经启用"), status: 409},
		scenario{name: "verify", role: "worker", method: "POST", path: page + "/verify0", form: pairs("seq", "11"), status: 303, changes: 1},
		scenario{name: "the result", role: "worker", method: "POST", path: page + "/finish", form: pairs("seq", "12", "finish-result", "停放点已经启用，通道畅通"), status: 303, changes: 1},
		scenario{name: "the minutes are to be closed", role: "worker", path: "/todo", status: 200, contains: []string{"归档"}},
		scenario{name: "the result goes back", role: "worker", method: "POST", path: meeting + "/archive", form: pairs("seq", "2"), status: 303, changes: 1},
		scenario{name: "and stands in the minutes", role: "firm", path: meeting, status: 200, contains: []string{"写回", "通道畅通"}},
		scenario{name: "printed minutes", role: "worker", path: meeting + "/print/minutes", status: 200, contains: []string{"板凳议事会纪要", "通道畅通", "实到 6 人"}},
		scenario{name: "printed notice of the meeting", role: "worker", path: meeting + "/print/notice", status: 200, contains: []string{"议事结果公告", "北门外侧"}},
		scenario{name: "printed notice", role: "worker", path: page + "/print/notice", status: 200, contains: []string{"议事结果公告"}},
		scenario{name: "printed topic", role: "worker", path: page + "/print/topic", status: 200, contains: []string{"议题单", "走访三栋楼"}},
		scenario{name: "printed tasks", role: "firm", path: page + "/print/tasks", status: 200, contains: []string{"划停车线"}},
		scenario{name: "papers to choose", role: "worker", path: "/prints?of=/deliberation", status: 200, contains: []string{items[0].ID + "~topic", items[0].ID + "~notice", items[0].ID + "~tasks"}},
		scenario{name: "papers of meetings to choose", role: "worker", path: "/prints?of=/deliberation/meetings", status: 200, contains: []string{strings.TrimPrefix(meeting, "/deliberation/meetings/") + "~minutes"}},
		scenario{name: "papers together", role: "worker", path: "/prints/sheets?of=/deliberation&p=" + items[0].ID + "~topic&p=" + items[0].ID + "~tasks&p=" + items[0].ID + "~none", status: 200, contains: []string{"批量打印，2 份", "走访三栋楼", "划停车线", "有 1 份打不开"}},
		scenario{name: "the whole file", role: "worker", path: page + "/whole", status: 200, contains: []string{"卷内目录", "会议纪要", "第 1 次商议的结果", "第 1 项任务的办理情况", "已经划好停车线", "办理经过", "走访三栋楼"}},
		scenario{name: "its link", role: "worker", path: page, status: 200, contains: []string{page + "/whole"}},
		scenario{name: "no such paper", role: "firm", path: page + "/print/none", status: 404},
		scenario{name: "found", role: "officer", path: list + "?state=done&outcome=agreed&q=diandongche", status: 200, contains: []string{"电动车集中停放点"}},
		scenario{name: "found by the box", role: "officer", path: "/search?q=diandongche", status: 200, contains: []string{`id="topics"`, page}},
		scenario{name: "not found", role: "officer", path: list + "?state=declined", status: 200, contains: []string{"没有符合条件的内容"}},
		scenario{name: "counts", role: "officer", path: "/deliberation/counts", status: 200, contains: []string{"1 / 1", "分母"}},
		scenario{name: "meetings", role: "officer", path: "/deliberation/meetings?kind=bench", status: 200, contains: []string{"北门凉亭", "已归档"}},
		scenario{name: "taken down", role: "secretary", method: "POST", path: page + "/hide", form: pairs("seq", "13", "hide-reason", "内容有误"), status: 303, changes: 1},
		scenario{name: "nobody sees it any more", path: "/deliberation/results", status: 200, excludes: []string{"北门外侧"}},
		scenario{name: "and nobody looks back to it", path: "/deliberation/results?known=2026-10-01", status: 200, excludes: []string{"北门外侧", "回看"}},
	)
	for path, sheet := range map[string]string{"/deliberation.xlsx": "红色议事", "/deliberation/meetings.xlsx": "议事会议", "/deliberation/counts.xlsx": "议事统计"} {
		_, sheets := workbook(t, people["officer"].get(t, path))
		if said := fmt.Sprint(sheets[sheet]); !strings.Contains(said, "城东") && !strings.Contains(said, "望湖苑") {
			t.Error(path, said)
		}
	}
}

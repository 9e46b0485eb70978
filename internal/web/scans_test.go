package web_test

import (
	"context"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/registry"
)

// TestScans: the papers of a vote are seen by who handles and audits it, the photo of a notice by everybody who sees the compound; a correction of the row leaves them.
func TestScans(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	ctx := context.Background()
	all := registry.Owners{Area: num.FromInt(1000), Heads: 100}
	on := func(text string) calendar.Date { d, _ := calendar.ParseDate(text); return d }
	input := registry.VoteInput{Matter: registry.MatterElection, Title: "选举首届业主委员会", Notified: on("2026-05-01"), Held: on("2026-05-20"), All: all, Joined: all, Agreed: all}
	vote, err := f.Register.RecordVote(ctx, clerk, project, input)
	if err != nil {
		t.Fatal(err)
	}
	page := "/register/projects/" + project
	papers, photos := page+"/votes/"+vote+"/scans", page+"/revenue/2025H2/photos"
	people := map[string]*person{}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	photo := picture(t, 7)
	send := func(role, path, seq, kind, name string, data []byte, status int, written int64, contains string) {
		t.Helper()
		before := changes(t, f)
		answer := people[role].upload(t, path, [][2]string{{"seq", seq}, {"kind", kind}}, nil, attachment{name, data})
		got, body := answer.StatusCode, answer.body
		if n := changes(t, f) - before; got != status || written >= 0 && n != written || !strings.Contains(body, contains) {
			t.Errorf("%s %s by %s: status %d, %d records, want %d, %d, %q:\n%s", path, name, role, got, n, status, written, contains, body[:min(len(body), 300)])
		}
	}
	run(scenario{name: "nothing yet", role: "officer", path: papers, status: 200, contains: []string{"还没有交", "达到法定比例", "交一份"}},
		scenario{name: "firm: may not", role: "firm", path: papers, status: 200, excludes: []string{"交一份"}},
		scenario{name: "secretary", role: "secretary", path: papers, status: 200}, scenario{name: "elsewhere", role: "elsewhere", path: papers, status: 404})
	pdf := []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
	send("firm", papers, "1", "tally", "表决票.pdf", pdf, 403, 0, "")
	send("officer", papers, "1", "", "表决票.pdf", pdf, 422, 0, "请选择是什么")
	send("officer", papers, "1", "notice", "公示.pdf", pdf, 422, 0, "公示照片只收")
	send("officer", papers, "1", "tally", "表决票.pdf", []byte("<html>not a paper</html>"), 422, 0, "表决票.pdf")
	send("officer", papers, "1", "tally", "张小敏表决票.pdf", pdf, 303, 2, "")
	send("officer", papers, "1", "notice", "公示.png", photo, 422, 0, "刚被别人改过")
	send("officer", papers, "2", "notice", "公示.png", photo, 303, -1, "")
	run(scenario{name: "the officer opens both", role: "officer", path: papers, status: 200, contains: []string{"张小敏表决票.pdf", papers + "/0", papers + "/1"}},
		scenario{name: "the tally", role: "secretary", path: papers + "/0", status: 200, contains: []string{"%PDF"}},
		scenario{name: "not for the firm, nor its name", role: "firm", path: papers, status: 200, contains: []string{papers + "/1", "不能打开"}, excludes: []string{papers + `/0"`, "张小敏"}},
		scenario{name: "not by its address", role: "firm", path: papers + "/0", status: 404},
		scenario{name: "the notice", role: "firm", path: papers + "/1", status: 200},
		scenario{name: "no such scan", role: "officer", path: papers + "/2", status: 404},
		scenario{name: "without a reason", role: "officer", method: "POST", path: papers + "/0/withdraw", form: pairs("seq", "3", "reason", ""), status: 422, contains: []string{"请填写原因"}},
		scenario{name: "not by the firm", role: "firm", method: "POST", path: papers + "/0/withdraw", form: pairs("seq", "3", "reason", "交错了"), status: 403},
		scenario{name: "taken back", role: "officer", method: "POST", path: papers + "/0/withdraw", form: pairs("seq", "3", "reason", "交错了小区"), status: 303, changes: 1},
		scenario{name: "nobody opens it", role: "officer", path: papers + "/0", status: 404})
	input.Title = "选举第一届业主委员会"
	if err := f.Register.CorrectVote(ctx, clerk, project, vote, 4, input, "名称录错"); err != nil {
		t.Fatal(err)
	}
	if row, named, err := f.Register.OneVote(ctx, clerk, project, vote); err != nil || !named || len(row.Scans) != 2 {
		t.Errorf("%+v %v %v", row.Scans, named, err)
	}

	revenue := registry.RevenueInput{Half: "2025H2", Income: []registry.RevenueLine{{Kind: "parking", Fen: 120_050}}}
	record := func(seq int64, why string) {
		t.Helper()
		if err := f.Register.RecordRevenue(ctx, clerk, project, seq, revenue, why); err != nil {
			t.Fatal(err)
		}
	}
	record(0, "")
	send("officer", photos, "1", "", "公示.png", photo, 422, 0, "还没有登记公示")
	revenue.Published, revenue.Where, revenue.Days = on("2026-01-20"), "小区公告栏", 30
	record(1, "补登公示")
	send("officer", photos, "2", "", "公示.pdf", pdf, 422, 0, "这里只收")
	send("officer", photos, "2", "", "公示.png", photo, 303, -1, "")
	revenue.Account = "农商银行，尾号 0031"
	record(3, "补登账户")
	run(scenario{name: "the photo", role: "firm", path: photos, status: 200, contains: []string{"公示.png", "小区公告栏公示 30 日"}},
		scenario{name: "its bytes", role: "firm", path: photos + "/0", status: 200},
		scenario{name: "the project page counts", role: "officer", path: page, status: 200, contains: []string{"扫描件 1 份", "照片 1 张"}},
		scenario{name: "the photo: taken back", role: "officer", method: "POST", path: photos + "/0/withdraw", form: pairs("seq", "4", "reason", "拍到了人"), status: 303, changes: 1},
		scenario{name: "the photo: gone", role: "firm", path: photos + "/0", status: 404})
	result, shown := page+"/votes/"+vote+"/print/result", page+"/revenue/2025H2/print/shown"
	people["firm"].paper(t, result, "业主大会表决结果公告", "望湖苑业主大会", "选举第一届业主委员会", "表决达到法定比例，已经通过", "2026年5月20日", "《民法典》第二百七十八条", "全体业主", "参与表决")
	people["officer"].paper(t, shown, "公共收益公示表", "2025年下半年", "期末余额（元）", "收支明细", "停车", "补充维修资金", "物业企业（盖章）")
	for _, path := range []string{result, shown} {
		if a := people["elsewhere"].get(t, path+"?as=docx"); a.StatusCode != 404 {
			t.Errorf("another community opens %s: %d", path, a.StatusCode)
		}
	}
	run(scenario{name: "they are linked", role: "firm", path: page, status: 200, contains: []string{result, shown}}, scenario{name: "no such vote", role: "officer", path: page + "/votes/none/print/result", status: 404}, scenario{name: "no such half-year", role: "officer", path: page + "/revenue/2019H1/print/shown", status: 404})
}

package web_test

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/journal"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
)

// fundStaff makes the accounts that the pages of the fund are asked with.
func fundStaff(t testing.TB, f *browsertest.Fixture, project string) {
	t.Helper()
	for _, p := range []struct {
		login string
		role  policy.Role
		scope string
	}{{"officer", "property_officer", policy.County}, {"chief", "section_chief", policy.County}, {"cashier", "cashier", policy.County}, {"developer", "developer", policy.ProjectKey(project)},
		{"committee", "owners_committee", policy.ProjectKey(project)}, {"elsewhere", "developer", "p:other"}} {
		if err := f.Appoint(context.Background(), p.login, "测试人员", policy.Appointment{Role: p.role, Scopes: []string{p.scope}}); err != nil {
			t.Fatal(err)
		}
	}
}

// fundRule is a whole rule as the form sends it.
func fundRule(change ...string) url.Values {
	v := pairs("title", "保修金暂行办法", "document", "都建发〔2026〕3号", "clause", "第五条", "rate", "2", "base", "cost", "due_before", "acceptance", "starts", "first_delivery", "years", "8", "letter", "1",
		"rounding", "fen", "from", "2026-01-01")
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

// scanned posts a form of the fund with a scan.
func (p *person) scanned(t testing.TB, path string, values url.Values, files ...attachment) answer {
	t.Helper()
	var fields [][2]string
	for name, list := range values {
		fields = append(fields, [2]string{name, list[0]})
	}
	return p.upload(t, path, fields, nil, files...)
}

var keptInPage = regexp.MustCompile(`name="kept" value="([^"]+)"`)

// TestFundPages lets a rule be proposed and adopted, an amount computed, paid and reversed through the pages, each by who may.
func TestFundPages(t *testing.T) {
	f := start(t, 3)
	_, project := fill(t, f)
	fundStaff(t, f, project)
	page := "/fund/" + project
	people := map[string]*person{}
	assess := func(change ...string) url.Values {
		v := pairs("phase", "一期", "cost", "1,000,000.00", "day", "2026-10-09", "begun", "2026-10-12")
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	for _, s := range []scenario{
		{name: "signed out", path: "/fund", status: 401},
		{name: "no right", role: "inspector", path: "/fund", status: 403, contains: []string{"你不能查看保修金"}},
		{name: "nothing yet", role: "officer", path: "/fund", status: 200, contains: []string{"还没有保修金的账", "今天没有已采用的规则", "局领导采用", "备案"}},
		{name: "no rule yet", role: "officer", path: "/fund/rules", status: 200, contains: []string{"还没有填报过规则", "不预设比例"}},
		{name: "an assessment without a rule", role: "officer", method: "POST", path: page + "/assess", form: assess(), status: 422, contains: []string{"没有已采用的保修金规则", "经办人在", "股长或局领导采用", "1,000,000.00"}},
		{name: "the cashier proposes nothing", role: "cashier", path: "/fund/rules/new", status: 403},
		{name: "a rule with a wrong rate", role: "officer", method: "POST", path: "/fund/rules/new", form: fundRule("rate", "二"), status: 422, contains: []string{"缴存比例“二”要填数字", "都建发〔2026〕3号"}},
		{name: "a late fee without clause", role: "officer", method: "POST", path: "/fund/rules/new", form: fundRule("late_percent", "0.05"), status: 422, contains: []string{"要写明是哪一条规定的"}},
		{name: "a fine without clause", role: "officer", method: "POST", path: "/fund/rules/new", form: fundRule("fine_max", "30,000"), status: 422, contains: []string{"要写明是哪一条规定的", `id="fine_clause-e"`}},
		{name: "stages that cannot be read", role: "officer", method: "POST", path: "/fund/rules/new", form: fundRule("stages", "满3年退20%\n五年三成"), status: 422, contains: []string{"分期退还第 2 行“五年三成”看不懂", "满3年退20%"}},
		{name: "stages out of order", role: "officer", method: "POST", path: "/fund/rules/new", form: fundRule("stages", "满5年退20%\n满3年退20%"), status: 422, contains: []string{"按年数从小到大"}},
		{name: "a rule", role: "officer", method: "POST", path: "/fund/rules/new", form: fundRule("stages", "满3年退20%\n 5 年 30 %", "fine_min", "10000", "fine_max", "30000", "fine_clause", "第十三条"), status: 303, changes: 1},
		{name: "waits for the second person", role: "officer", path: "/fund/rules", status: 200, contains: []string{"待采用", "2%", "四舍五入到分", "满 3 年退 20%；满 5 年退 30%<", "10,000.00 元以上，30,000.00 元以下（第十三条）"}, excludes: []string{"采用这一版"}},
		{name: "not for the officer", role: "officer", method: "POST", path: "/fund/rules/r1/adopt", form: url.Values{}, status: 403, contains: []string{"你不能采用保修金规则"}},
		{name: "on the chief's list", role: "chief", path: "/todo", status: 200, contains: []string{"决定是否采用保修金规则：保修金暂行办法"}},
		{name: "refused without reason", role: "chief", method: "POST", path: "/fund/rules/r1/refuse", form: pairs("reason-r1", ""), status: 422, contains: []string{"请填写理由"}},
		{name: "adopted", role: "chief", method: "POST", path: "/fund/rules/r1/adopt", form: pairs("key", "k1"), status: 303, changes: 1},
		{name: "adopted twice", role: "chief", method: "POST", path: "/fund/rules/r1/adopt", form: pairs("key", "k2"), status: 422, contains: []string{"“已采用”，不能再办"}},
		{name: "three decimals", role: "officer", method: "POST", path: page + "/assess", form: assess("cost", "1000000.005"), status: 422, contains: []string{"总造价“1000000.005”有 3 位小数", `id="cost-e"`}},
		{name: "a day that is none", role: "officer", method: "POST", path: page + "/assess", form: assess("day", "10月9日"), status: 422, contains: []string{"缴存期限“10月9日”不是日期"}},
		{name: "tried, and nothing is booked", role: "officer", method: "POST", path: page + "/assess", form: assess(), status: 200, contains: []string{"还没有记账", "1000000 × 2%（都建发〔2026〕3号第五条）", "20,000.00 元", `name="tried" value="2000000"`}},
		{name: "changed after the trial", role: "officer", method: "POST", path: page + "/assess", form: assess("tried", "1"), status: 200, contains: []string{"还没有记账"}},
		{name: "assessed", role: "officer", method: "POST", path: page + "/assess", form: assess("tried", "2000000", "key", "k3"), status: 303, changes: 1},
		{name: "the same form again", role: "officer", method: "POST", path: page + "/assess", form: assess("tried", "2000000", "key", "k3"), status: 303},
		{name: "the ledger", role: "officer", path: page, status: 200, contains: []string{"望湖苑保修金", "20,000.00", "未缴清", "2034年10月12日", "借 应收建设单位 20,000.00；贷 保修金本金 20,000.00", "登记保函或保险"}, excludes: []string{"登记收款"}},
		{name: "the overview", role: "officer", path: "/fund", status: 200, contains: []string{"望湖苑", "都昌镇 城东社区", "逾期", "1 个小区"}},
		{name: "as Excel", role: "officer", path: "/fund.xlsx", status: 200, contains: []string{"PK"}},
		{name: "who is late", role: "officer", path: "/fund?state=late&township=360428100000", status: 200, contains: []string{"望湖苑", "1 个小区"}},
		{name: "who is frozen", role: "officer", path: "/fund?state=frozen", status: 200, contains: []string{"没有符合条件的内容", "0 个小区"}, excludes: []string{"望湖苑"}},
		{name: "the ageing", role: "officer", path: "/fund/ageing", status: 200, contains: []string{"望湖苑", "10 日", "应缴逾期 0–30 日", "20,000.00 元", "1 笔", "补存逾期 90 日以上", "已催缴未缴 31–60 日"}},
		{name: "of another band", role: "officer", path: "/fund/ageing?band=1", status: 200, contains: []string{"没有符合条件的内容", "20,000.00 元", "1 笔"}, excludes: []string{"望湖苑"}},
		{name: "the ageing as Excel", role: "developer", path: "/fund/ageing.xlsx", status: 200, contains: []string{"PK"}},
		{name: "the ageing of another developer", role: "elsewhere", path: "/fund/ageing", status: 200, contains: []string{"没有逾期的应缴和补存"}, excludes: []string{"望湖苑"}},
		{name: "no ageing without the right", role: "inspector", path: "/fund/ageing", status: 403},
		{name: "the statement of the committee", role: "committee", path: page + "/statement", status: 200, contains: []string{`class="big"`, "望湖苑的质量保修金", "开发商还欠 20,000.00 元没有交", "一笔一笔的收支", "回我的小区", "新建物业质量保修金对账单", "望湖苑业主委员会", "20,000.00", "核定应缴", "2026年10月9日", "应收建设单位"}},
		{name: "the statement of the officer", role: "officer", path: page + "/statement", status: 200, contains: []string{"望湖苑业主委员会"}, excludes: []string{`class="big"`, "一笔一笔的收支", "回我的小区"}},
		{name: "the statement of another developer", role: "elsewhere", path: page + "/statement", status: 404},
		{name: "the ledger as Excel", role: "developer", path: page + "/ledger.xlsx", status: 200, contains: []string{"PK"}},
		{name: "the developer sees what is due", role: "developer", path: page, status: 200, contains: []string{"还应缴 20,000.00 元"}, excludes: []string{"核定应缴</a>", "登记收款", "冲正</a>"}},
		{name: "in plain words for the committee", role: "committee", path: "/home", status: 200, contains: []string{"质量保修金", "账上现在有 ", "开发商还欠 20,000.00 元没有交", "/statement"}},
		{name: "and on the to-do page", role: "developer", path: "/todo", status: 200, contains: []string{"望湖苑：一期还应缴 20,000.00 元"}},
		{name: "the committee too", role: "committee", path: "/fund", status: 200, contains: []string{"望湖苑"}},
		{name: "another developer does not", role: "elsewhere", path: page, status: 404},
		{name: "nor in the list", role: "elsewhere", path: "/fund", status: 200, excludes: []string{"望湖苑"}},
		{name: "the developer books nothing", role: "developer", path: page + "/pay", status: 403},
		{name: "the officer books nothing", role: "officer", path: page + "/pay", status: 403, contains: []string{"出纳"}},
		{name: "a payment without a slip", role: "cashier", method: "POST", path: page + "/pay", form: pairs("due", "d1", "amount", "5000", "day", "2026-10-19", "receipt", "赣财0001"), status: 422, contains: []string{"请上传银行回单", `id="paper-e"`}},
	} {
		s.run(t, f, people)
	}
	pay := func(change ...string) url.Values {
		v := pairs("due", "d1", "amount", "15,000.00", "day", "2026-10-19", "receipt", "赣财0001", "key", "p1")
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	slip := attachment{"回单.png", picture(t, 7)}
	cashier := people["cashier"]
	before := changes(t, f)
	if a := cashier.scanned(t, page+"/pay", pay("amount", "15000.001"), slip); a.StatusCode != 422 || !containsAll(a.body, []string{"金额“15000.001”有 3 位小数", "银行回单没有保存，改好以后请重新选择"}) {
		t.Errorf("three decimals: %d %.600s", a.StatusCode, a.body)
	}
	if a := cashier.scanned(t, page+"/pay", pay(), attachment{"回单.png", []byte("#!/bin/sh")}); a.StatusCode != 422 || !strings.Contains(a.body, "不是图片文件") {
		t.Errorf("a slip that is none: %d %.600s", a.StatusCode, a.body)
	}
	if n := changes(t, f) - before; n != 0 {
		t.Errorf("%d changes by refused forms", n)
	}
	a := cashier.scanned(t, page+"/pay", pay("amount", "25000"), slip)
	kept := keptInPage.FindStringSubmatch(a.body)
	if a.StatusCode != 422 || !strings.Contains(a.body, "还差 20,000.00 元，这次是 25,000.00 元") || kept == nil {
		t.Fatalf("too much: %d %.600s", a.StatusCode, a.body)
	}
	if a := cashier.scanned(t, page+"/pay", pay("kept", kept[1])); a.StatusCode != 303 {
		t.Fatalf("the scan that was taken in before: %d %.900s", a.StatusCode, a.body)
	}
	before = changes(t, f)
	if a := cashier.scanned(t, page+"/pay", pay("kept", kept[1])); a.StatusCode != 303 || changes(t, f) != before {
		t.Errorf("a double click booked twice: %d", a.StatusCode)
	}
	for _, s := range []scenario{
		{name: "the receipt is used", role: "cashier", method: "POST", path: page + "/pay", form: pay("amount", "1", "kept", kept[1], "key", "p2"), status: 422, contains: []string{"票据号码“赣财0001”已经用过"}},
		{name: "paid", role: "officer", path: page, status: 200, contains: []string{"15,000.00", "5,000.00", "票据 赣财0001", "看扫描件", page + "/entries/2/reverse"}},
		{name: "the slip", role: "officer", path: page + "/entries/2/paper", status: 200},
		{name: "not for the developer", role: "developer", path: page + "/entries/2/paper", status: 404},
		{name: "an entry without paper", role: "officer", path: page + "/entries/1/paper", status: 404},
		{name: "one's own entry", role: "officer", method: "POST", path: page + "/entries/1/reverse", form: pairs("reason", "造价录错"), status: 403, contains: []string{"另一人"}},
		{name: "form of a letter", role: "officer", path: page + "/letter", status: 200, contains: []string{"一期，还差 5,000.00 元", "保函或保单扫描件", "银行保函"}},
		{name: "form of the end of a letter", role: "officer", path: page + "/letters/l1/end", status: 200, contains: []string{"终止替代"}},
		{name: "form of the begin of the period", role: "officer", path: page + "/dues/d1/begin", status: 200, contains: []string{"登记起算日"}},
		{name: "form of a freeze", role: "officer", path: page + "/freeze", status: 200, contains: []string{"协助执行通知书扫描件"}},
		{name: "form of a release", role: "chief", path: page + "/freezes/h1/release", status: 200, contains: []string{"解除冻结"}},
		{name: "form of a deduction", role: "chief", path: page + "/freezes/h1/deduct", status: 200, contains: []string{"登记扣划"}},
		{name: "form of interest", role: "cashier", path: page + "/interest", status: 200, contains: []string{"银行回单扫描件"}},
		{name: "form of a fine", role: "officer", path: page + "/penalty", status: 200, contains: []string{"决定书扫描件", "不进保修金的账"}},
		{name: "a fine without its document", role: "officer", method: "POST", path: page + "/penalty", form: pairs("due", "d1", "kind", "fine", "document", "都建罚〔2026〕1号", "day", "2026-10-19", "amount", "15000"), status: 422, contains: []string{"请上传决定书"}},
		{name: "the cashier fines nobody", role: "cashier", path: page + "/penalty", status: 403},
		{name: "form of the end of a fine", role: "officer", path: page + "/penalties/p1/end", status: 200, contains: []string{"缴款书"}},
		{name: "the end of a fine that is none", role: "officer", method: "POST", path: page + "/penalties/p1/end", form: pairs("end", "paid", "day", "2026-10-19", "document", "缴款书1号"), status: 404},
		{name: "a letter that the ledger does not have", role: "officer", method: "POST", path: page + "/letters/l9/end", form: pairs("reason", "到期未续"), status: 404},
		{name: "the period has begun", role: "officer", method: "POST", path: page + "/dues/d1/begin", form: pairs("begun", "2026-10-01"), status: 422, contains: []string{"已从2026年10月12日起算"}},
		{name: "reversed", role: "officer", method: "POST", path: page + "/entries/2/reverse", form: pairs("reason", "金额录错", "key", "r1"), status: 303, changes: 1},
		{name: "twice", role: "chief", method: "POST", path: page + "/entries/2/reverse", form: pairs("reason", "金额录错", "key", "r2"), status: 422, contains: []string{"已经冲正过", "第 2 笔"}},
		{name: "the records behind it", role: "developer", path: "/records/fund/" + project, status: 200, contains: []string{"第 1 笔：核定应缴", "第 2 笔：缴存", "redsteward verify", "/proof.json"}, excludes: []string{"测试人员", "金额录错", "/admin/log/"}},
		{name: "those of another's", role: "elsewhere", path: "/records/fund/" + project, status: 404},
		{name: "without the right", role: "inspector", path: "/records/fund/" + project, status: 403},
		{name: "those of no kind", role: "officer", path: "/records/account/" + project, status: 404},
		{name: "both stay", role: "developer", path: page, status: 200, contains: []string{"已冲正", "冲正第 2 笔（缴存）：金额录错"}},
	} {
		s.run(t, f, people)
	}
	proofs := regexp.MustCompile(`/records/fund/[^"]+/proof\.json`).FindAllString(people["developer"].get(t, page).body, -1)
	if len(proofs) != 3 {
		t.Fatalf("the ledger leads to %v", proofs)
	}
	for _, address := range proofs {
		if _, _, err := journal.OpenRecordProof([]byte(people["developer"].get(t, address).body), ""); err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if a := people["elsewhere"].get(t, address); a.StatusCode != 404 {
			t.Errorf("%s for another developer: %d", address, a.StatusCode)
		}
	}
	for _, other := range []string{"1", "0", "99999999"} { // the first record of the log is of something else
		if a := people["developer"].get(t, "/records/fund/"+project+"/"+other+"/proof.json"); a.StatusCode != 404 {
			t.Errorf("record %s: %d", other, a.StatusCode)
		}
	}
	if _, entries, err := f.Fund.Audit(context.Background(), nil); err != nil || entries != 3 {
		t.Errorf("%d entries, %v", entries, err)
	}
}

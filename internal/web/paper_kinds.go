package web

import (
	"maps"
	"slices"
	"strings"

	"redsteward/internal/docx"
)

// paperKind is a kind of paper that the product prints. What it says is read off its sheet, for the default Word document and for the office's own template alike.
type paperKind struct {
	// ID stands in addresses, Title is what the paper is called (page.Paper), At where it is printed: its module.
	ID, Title, At string
	// Labels are the headings of its rows that are always the same; Rows: it has a table of rows.
	Labels []string
	Rows   bool
	// Lists are its tables under a caption, with their columns.
	Lists map[string][]string
	// Party: it goes to a party of a case, which the template may call so.
	Party bool
}

// Fields of every paper that do not stand on its sheet.
const (
	fieldParty  = "当事人"
	fieldBureau = "本局"
	fieldMade   = "制作日期"
)

// caseRows is a paper of a case: a letter with a table of rows.
func caseRows(at, id, title string, labels ...string) paperKind {
	return paperKind{ID: id, Title: title, At: at, Labels: labels, Rows: true}
}

// toParty is a paper of a case that goes to its party.
func toParty(at, id, title string, labels ...string) paperKind {
	k := caseRows(at, id, title, labels...)
	k.Party = true
	return k
}

// tabled is a paper with a table under a caption.
func tabled(at, id, title, caption string, columns ...string) paperKind {
	return paperKind{ID: id, Title: title, At: at, Lists: map[string][]string{caption: columns}}
}

// paperKinds are the kinds of papers, in the order of the work.
var paperKinds = slices.Concat([]paperKind{
	toParty(rectificationsPath, "rectify-suggestion", "整改建议书"), toParty(rectificationsPath, "rectify-assignment", "问题交办单"), toParty(rectificationsPath, "rectify-order", "责令限期改正通知书"), caseRows(rectificationsPath, "rectify-transfer", "移送函", "办理内容"),
	toParty(rectificationsPath, "rectify-remind", "整改提醒函", "办理内容"), toParty(rectificationsPath, "rectify-press", "整改督办通知书", "办理内容"),
	toParty(rectificationsPath, "rectify-talk", "约谈通知书", "时间", "地点", "联系人和电话", "办理内容", "时间和地点", "约谈人（不少于两人）和职务", "被约谈单位", "被约谈人和职务", "事项", "约谈内容", "被约谈单位的陈述", "整改承诺和完成日期", "被约谈人签名", "约谈人签名", "记录人签名"),
	toParty(rectificationsPath, "rectify-recheck", "整改复查意见书"),
	caseRows(rectificationsPath, "service-receipt", "送达回证", "送达的文书", "受送达人", "送达地址", "送达方式", "收件人签名、盖章和日期", "代收人、关系和代收理由", "拒收的：事由、日期和见证人签名", "送达人签名"),
	caseRows(rectificationsPath, "transfer-receipt", "移送函回执", "收到的文书", "事由", "收到日期", "收件人签名、盖章", "承办部门和联系电话"),
	caseRows(rectificationsPath, "service-address", "送达地址确认书", "受送达人", "送达地址", "收件人和职务", "联系电话", "同意电子送达：邮箱、政务微信等", "受送达人签名、盖章"),

	caseRows(inspectionsPath, "inspect-approval", "行政检查审批表", "检查对象", "物业企业", "地点", "事由", "理由", "检查日期", "专项检查", "年度次数", "事项清单"),
	toParty(inspectionsPath, "inspect-notice", "行政检查通知书", "检查码"),
	caseRows(inspectionsPath, "inspect-record", "现场检查笔录", "检查机关", "被检查单位", "地点", "事由", "理由", "检查日期", "事项", "检查人员", "检查通知", "结果", "被检查单位意见", "被检查单位签名", "检查人员 1 签名", "检查人员 2 签名"),
	toParty(inspectionsPath, "inspect-result", "检查结果告知书"),
	caseRows(lotsPath, "inspect-draw", "双随机抽取结果", "名单摘要", "种子的校验值", "种子"),

	caseRows(vetoesPath, "hearing-record", hearingTitle, "当事人", "小区", "事由", "通知书", "时间和地点", "听取人和职务", "陈述人、职务和联系电话", "委托手续", "陈述申辩的内容", "提交的证据", "听取人的意见", "陈述人核对无误，签名、日期", "听取人签名", "记录人签名"),
	toParty(vetoesPath, "veto-notice", "一票否决告知书", "小区", "理由", "生效文书", "生效日期", "认定的事实"), toParty(vetoesPath, "veto-decision", "一票否决认定书", "小区", "理由", "生效文书", "生效日期", "认定的事实", "有效期"),
	toParty(vetoesPath, "veto-answer", "一票否决异议答复书", "小区", "理由", "生效文书", "生效日期", "认定的事实", "异议", "答复的理由"),
	toParty(vetoesPath, "veto-lift", "解除一票否决认定决定书", "小区", "理由", "生效文书", "生效日期", "认定的事实", "解除的理由"),
}, rulingKinds("star-lower", "降星"), rulingKinds("star-remove", "摘牌"), []paperKind{
	toParty(standingsPath, "star-appeal", "申诉决定书", "小区", "公布的星级", "处理", "理由", "凭据文书", "生效日期", "认定的事实", "申诉", "复核的理由"),

	caseRows(claimsPath, "fund-repair", "保修通知书", "小区", "部位", "位置", "缺陷", "保修期"), caseRows(claimsPath, "fund-urge", "督促通知书", "小区", "部位", "位置", "缺陷"),
	caseRows(claimsPath, "fund-review", "使用审核表", "小区", "部位", "位置", "缺陷", "申请人", "保修通知书", "督促通知书", "歇业、破产", "险情", "申请金额", "现场核查", "核定金额"),
	caseRows(claimsPath, "fund-account", "决算公示", "小区", "部位", "位置", "缺陷", "批准预留", "决算", "公示期"), caseRows(claimsPath, "fund-settled", "结算审核表", "小区", "部位", "位置", "缺陷", "申请人", "批准预留", "决算", "余下退回本金", "决算公示", "决算材料", "审核情况"),
	caseRows(claimsPath, "fund-replenish", "补存通知书", "小区", "部位", "位置", "缺陷"), caseRows(claimsPath, "fund-dun", "催缴函", "小区", "部位", "位置", "缺陷"), caseRows(claimsPath, "fund-refusal", "不予使用通知书", "小区", "部位", "位置", "缺陷"),
	caseRows(fundPath, "fund-deposit", "保修金缴存通知书", "小区", "分期", "依据", "应缴金额", "缴存期限", "存储期", "可以替代的", "逾期"),
	caseRows(fundPath, "fund-late", "催缴通知书", "小区", "依据", "缴存期限", "还差"), caseRows(refundsPath, "fund-refund", "退还公示", "公示地点", "公示期"), caseRows(refundsPath, "fund-refund-review", "退还审核表", "小区", "退还事项", "届满日期", "规则", "公示", "公示期异议", "退还金额", "审核人签名"),
	{ID: "fund-statement", Title: "保修金对账单", At: fundPath, Lists: map[string][]string{"余额": {"科目", "余额"}, "应缴": {"应缴", "金额", "已缴", "替代", "还差"}, "预留与冻结": {"预留与冻结", "金额", "日期"}, "滞纳金与罚款": {"滞纳金与罚款", "金额", "结果"}, "明细": {"日期和事项", "收入", "支出", "银行存款"}, "下一个日期": {"下一个日期", "事项", "依据"}}},

	caseRows(filingsPath, "filing-receipt", "备案回执", "备案号", "说明", "依据", "材料"), caseRows(filingsPath, "filing-intake", "备案材料收件回执", filedLabels("收到日期", "收到的材料", "办理期限", "依据")...), caseRows(filingsPath, "filing-community", "备案事项告知函", filedLabels("提交人", "答复期限", "依据", "社区答复")...),
	caseRows(filingsPath, "filing-ask", "一次性告知书", filedLabels("要补正的全部内容", "已经收到的材料", "补正期限", "备案依据", "告知依据")...), caseRows(filingsPath, "filing-refuse", "不予备案告知书", filedLabels("理由", "依据的条款")...),
	caseRows(filingsPath, "filing-party", "党建信息采集表", sheetLabels...), caseRows(filingsPath, "filing-supervision", "日常监管档案", sheetLabels...), caseRows(filingsPath, "filing-rating", "考核评价档案", sheetLabels...),
	caseRows(changesPath, "change-notice", "物业服务退出告知函", leavingLabels("由谁通知", "收到通知的日期", "原因", "移交依据", "应当通知的日期")...), caseRows(changesPath, "change-announce", "物业更换公告", leavingLabels("由谁通知", "接下来的安排", "公告地点")...),
	caseRows(changesPath, "change-custody", "应急托管函", leavingLabels("托管企业", "托管期限", "最迟到", "期限依据")...),
	{ID: "change-urge", Title: "督促退出和移交通知书", At: changesPath, Labels: leavingLabels("事实", "依据", "退出期限"), Rows: true, Lists: map[string][]string{"还没有移交的": {"序号", "移交的内容"}}},
	{ID: "change-list", Title: "物业交接清单", At: changesPath, Labels: leavingLabels("接收单位", "退出期限", "移交档案归档", "依据", "移交单位（盖章）", "接收单位（盖章）", "业主委员会或者社区（见证）", "住建局（见证）"), Rows: true, Lists: map[string][]string{"移交": handingColumns}},
	{ID: "handover-record", Title: "承接查验记录", At: handoversPath, Lists: map[string][]string{"问题": findingColumns}},
	{ID: "handover-defects", Title: "承接查验问题清单", At: handoversPath, Lists: map[string][]string{"问题": findingColumns}},
	{ID: "handover-agreement", Title: "物业承接查验协议", At: handoversPath, Lists: map[string][]string{"问题": findingColumns, "资料": documentColumns, "用房": roomColumns}},
	{ID: "handover-documents", Title: "移交资料清单", At: handoversPath, Lists: map[string][]string{"资料": documentColumns}},
	{ID: "handover-transfer", Title: "物业交接记录", At: handoversPath, Lists: map[string][]string{"资料": documentColumns, "用房": roomColumns}},
	{ID: "handover-board", Title: "承接查验结果公示", At: handoversPath, Lists: map[string][]string{"问题": findingColumns}},

	caseRows(deliberationPath, "deliberation-topic", "议题单", "议题", "社区、小区", "大小缓急", "来源", "问题", "议前调研", "可选方案"),
	{ID: "deliberation-minutes", Title: "会议纪要", At: deliberationPath, Lists: map[string][]string{"议题": {"议题", "结果", "商议意见", "落实结果"}}, Labels: []string{"主持人（签字）", "记录人（签字）"}, Rows: true},
	tabled(deliberationPath, "deliberation-notice", "议事结果公告", "议题", "议题", "结果", "内容"), tabled(deliberationPath, "deliberation-tasks", "任务交办单", "任务", "序号", "要办的事", "责任单位", "期限", "情况"),
	{ID: "vote-result", Title: "业主大会表决结果公告", At: projectsPath, Labels: []string{"表决事项", "表决内容", "通知业主的日期", "表决截止日期", "需要", "结果", "公示日期", "依据"}, Rows: true, Lists: map[string][]string{"表决情况": voteColumns}},
	{ID: "revenue-shown", Title: "公共收益公示表", At: projectsPath, Labels: []string{"期初余额（元）", "收入合计（元）", "支出合计（元）", "期末余额（元）", "与上期期末的差额", "账户", "公示", "业主意见", "答复", "依据", "业主委员会（盖章）", "物业企业（盖章）"}, Rows: true, Lists: map[string][]string{"收支明细": revenueColumns}},
	namesPaper("body-group", "筹备组成立公告", "筹备组成立日期", "人数", "首次业主大会会议的期限"), namesPaper("body-qualify", "候选人资格审查表", "报送日期", "应选人数", "候选人数", "审查期限", "通过人数", "审查意见", "社区党组织书记签名、盖章"), namesPaper("body-notice", "候选人公示", "候选人数", "公示地点", "公示期", "依据"), namesPaper("body-chosen", "业主组织组成人员公告", "产生日期", "人数", "产生方式", "备案期限", "备案号"),
	caseRows(mattersPath, "matter-dispatch", "事项交办单", matterLabels("缓急", "办结期限", "签收期限", "签收人、日期", "办理情况", "承办人签名")...), caseRows(mattersPath, "matter-answer", "事项办理反馈单", answeredLabels...), caseRows(mattersPath, "matter-order", "工单办理回复", append([]string{"工单编号", "来件日期", "平台的期限"}, answeredLabels...)...),
	caseRows(creditPath, "credit-told", "失信信息登记告知书", conductLabels("失信程度", "文书日期", "依据")...), caseRows(marksPath, "mark-told", "行业评价记录登记告知书", conductLabels("记录种类", "事实发生日期", "记分", "依据")...), caseRows(creditPath, "conduct-answer", "登记异议答复书", conductLabels("异议的理由", "提出时间", "核查和答复", "结果")...),
	{ID: "party-sheet", Title: "党建活动台账", At: sheetsPath, Labels: []string{"企业", "社区", "季度", "情况", "支部活动", "五个共", "填写人签名、日期"}, Rows: true, Lists: map[string][]string{"活动": activityColumns}},
	{ID: "visit-sheet", Title: visitSheetTitle, At: visitsPath, Labels: []string{"小区", "物业企业", "由谁评", "评价表", "走访日期", "走访人员", "情况", "得分", "发现问题", "走访人员 1 签名", "走访人员 2 签名", "物业企业在场人员签名、职务", "物业企业的说明"}, Rows: true, Lists: map[string][]string{"条目": visitColumns}},
	{ID: "collection-notice", Title: "收表通知", At: collectionsPath, Labels: []string{"上报期限", "填几行", "填报方式", "联系人", "周期"}, Rows: true, Lists: map[string][]string{"栏目": askedColumns}},
	caseRows(collectionsPath, "collection-form", "收表填报表", "填报单位", "下发单位", "上报期限", "状态", "签收", "上报", "填报人签名", "单位负责人签名、盖章"),
	caseRows(needsPath, "wish-receipt", "收件回执", "回执号", "代办事项", "委托人", "承办", "收到的材料", "收件时间", "委托人签名", "收件人签名"), {ID: "member-letter", Title: "在职党员服务情况反馈函", At: membersPath}, {ID: "member-certificate", Title: "在职党员服务证明", At: membersPath},
	tabled(dutyPath, "duty-roster", "值班表", "值班", "日期", "星期", "班次", "值班人员"),
	caseRows(surveysPath, "survey-notice", "调查公告", "调查时间", "抽样", "抽样种子的校验值", "核对办法"), caseRows(surveysPath, "survey-result", "调查结果", "抽样种子的校验值", "抽样种子"), tabled(surveysPath, "survey-drawn", "抽中名单", "楼栋", "楼序", "楼栋", "户数", "抽中的户"),

	caseRows(applicationsPath, "star-pledge", "星级申报承诺书", "小区", "物业企业", "申报说明"), caseRows(applicationsPath, "star-sheet", "星级申报审核表", "小区", "物业企业", "申报说明", "办到"),
	tabled(applicationsPath, "star-joint", "联审意见表", "名单", "小区", "企业、社区", "各级意见", "拟评", "联审"), tabled(publicityPath, "star-publicity", "星级公示", "名单", "小区", "所在社区", "物业服务企业"), tabled("/circulars", "circular", "评价通报", "名单", "小区", "所在社区", "物业服务企业", "得分", "原因"),
	caseRows(objectionsPath, "score-objection", "得分异议书", objectionLabels...), toParty(objectionsPath, "score-answer", "得分异议答复书", answerLabels...), caseRows(objectionsPath, "star-complaint", "星级申诉书", objectionLabels...), toParty(objectionsPath, "star-answer", "星级申诉复核决定书", answerLabels...),
	caseRows(remarksPath, "remark-answer", "公示意见答复书", "关于", "意见", "答复"), caseRows(responsesPath, "response-review", "企业说明审核表", "企业", "小区", "年度", "说明", "状态"), caseRows(coachTasksPath, "coach-task", "争星任务单"),
	caseRows(schemesPath, "scheme-form", "方案审批表", "方案", "周期", "修改的理由", "对照的版本", "保证", "方案文件指纹", "测算结果指纹"), caseRows(schemesPath, "scheme-decision", "方案采用决定", "方案", "周期", "修改的理由", "对照的版本", "保证", "方案文件指纹", "测算结果指纹"),
	caseRows("/stars", "star-report", "评价结果说明"), caseRows("/firms", "firm-report", "企业汇总说明"), caseRows(scoresPath, "score-report", "得分说明", "小区", "所在", "物业企业", "结果", "总分", "说明", "规则"),
	tabled(returnsPath, "return", "统计报表", "数字", "指标", "单位", "本期", "上期", "环比", "上年同期", "同比"), tabled("/admin/parts", "sample", "公文样张", "样例", "序号", "位置", "问题", "期限"),
})

// Columns and headings that several papers share.
var (
	findingColumns  = []string{"序号", "对象和位置", "问题", "责任单位", "情况"}
	documentColumns = []string{"序号", "资料", "移交"}
	visitColumns    = []string{"序号", "条目", "结果", "位置和说明", "照片"}
	askedColumns    = []string{"序号", "栏目", "填什么", "要求"}
	answerColumns   = []string{"栏目", "填报内容"}
	voteColumns     = []string{"项目", "专有部分面积 m²", "人数"}
	revenueColumns  = []string{"类别", "项目", "金额（元）"}
	nameColumns     = []string{"序号", "姓名", "身份或者房号", "政治面貌", "备注"}
	answeredLabels  = matterLabels("承办部门", "办理情况", "办理结果", "责任方", "诉求合理", "答复时间", "逾期", "核实方式", "满意度")
	activityColumns = []string{"序号", "种类", "日期", "应到人数", "实到人数", "备注", "照片"}
	handingColumns  = []string{"序号", "移交的内容", "移交日期", "没有移交的原因"}
	roomColumns     = []string{"用房", "位置", "登记 m²", "移交 m²"}
	objectionLabels = []string{"小区", "周期", "项目", "告知得分", "异议理由", "提出日期"}
	sheetLabels     = []string{"小区", "物业企业", "备案号", "填写期限", "填写单位、填写人签名"}
	answerLabels    = append(slices.Clip(objectionLabels), "答复理由", "更正", "更正后得分")
)

// filedLabels are the headings of a paper of a filing, with what all of them say first.
func filedLabels(own ...string) []string {
	return append([]string{"备案事项", "小区", "物业企业"}, own...)
}

// matterLabels are the headings of a paper of a matter, with what all of them say first.
func matterLabels(own ...string) []string {
	return append([]string{"事项编号", "分类", "位置", "物业企业", "情况", "上报时间"}, own...)
}

// namesPaper is a paper of a founding of an owners' body, with lines for names.
func namesPaper(id, title string, own ...string) paperKind {
	return paperKind{ID: id, Title: title, At: bodiesPath, Labels: append([]string{"小区", "业主组织"}, own...), Rows: true, Lists: map[string][]string{"人员": nameColumns}}
}

// conductLabels are the headings of a paper about an entry of a book of conduct, with what all of them say.
func conductLabels(own ...string) []string {
	return append([]string{"企业", "小区", "事项", "文号", "作出或者提供的机关", "截止日"}, own...)
}

// leavingLabels are the headings of a paper of a change of firm, with what all of them say first.
func leavingLabels(own ...string) []string {
	return append([]string{"小区", "原物业企业", "服务的最后一天"}, own...)
}

// rulingKinds are the papers of lowering or removing a star.
func rulingKinds(id, title string) []paperKind {
	labels := []string{"小区", "公布的星级", "处理", "理由", "凭据文书", "生效日期", "认定的事实"}
	return []paperKind{toParty(standingsPath, id+"-notice", title+"事先通知书", labels...), toParty(standingsPath, id, title+"决定书", labels...)}
}

// paperKindOf finds a kind by what its paper is called.
func paperKindOf(title string) (*paperKind, bool) {
	i := slices.IndexFunc(paperKinds, func(k paperKind) bool { return k.Title == title })
	if i < 0 {
		return nil, false
	}
	return &paperKinds[i], true
}

// names are the fields that a template of a kind may have.
func (k *paperKind) names() docx.Names {
	n := docx.Names{Texts: []string{fieldBureau, fieldMade}, Lists: docx.CommonLists()}
	for _, f := range docx.CommonTexts() {
		n.Texts = append(n.Texts, f[0])
	}
	if k.Party {
		n.Texts = append(n.Texts, fieldParty)
	}
	n.Texts = append(n.Texts, k.Labels...)
	for list, columns := range k.Lists {
		n.Lists[list] = append([]string{docx.ColumnNo, docx.ColumnGroup}, slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == docx.ColumnNo })...)
	}
	return n
}

// paperField is a field in words, for the page of a kind.
type paperField struct{ Name, Text string }

// fields are the fields of a kind in words, those of its own first.
func (k *paperKind) fields() (own, common []paperField) {
	for _, label := range k.Labels {
		own = append(own, paperField{"{{" + label + "}}", "表里“" + label + "”一行"})
	}
	for _, list := range slices.Sorted(maps.Keys(k.Lists)) {
		for _, column := range k.names().Lists[list] {
			own = append(own, paperField{"{{" + list + "." + column + "}}", "“" + list + "”表的" + column})
		}
	}
	if k.Party {
		common = append(common, paperField{"{{" + fieldParty + "}}", "当事人，即主送单位"})
	}
	common = append(common, paperField{"{{" + fieldBureau + "}}", "本局的名称"}, paperField{"{{" + fieldMade + "}}", "导出的日期"})
	for _, f := range docx.CommonTexts() {
		common = append(common, paperField{"{{" + f[0] + "}}", f[1]})
	}
	lists := docx.CommonLists()
	common = append(common, paperField{"{{" + docx.ListRows + "." + docx.ColumnName + "}}", "两栏表格的每一行：" + strings.Join(lists[docx.ListRows], "、")},
		paperField{"{{" + docx.ListLines + ".列1}}", "其他表格的每一行：" + strings.Join(lists[docx.ListLines], "、") + "；组是表格上面的小标题"})
	return own, common
}

// starter is the default form as a page of fields, to make a template of.
func (k *paperKind) starter() string {
	var b strings.Builder
	b.WriteString(`<main><article class="sheet"><p class="org">{{发文机关}}</p><p class="no">{{文号}}</p><h1>{{标题}}</h1><p class="flush">{{主送}}：</p><p>{{正文}}</p>`)
	if k.Rows {
		b.WriteString(`<table><tbody><tr><th scope="row">{{各项.名称}}</th><td>{{各项.内容}}</td></tr></tbody></table>`)
	}
	for _, list := range slices.Sorted(maps.Keys(k.Lists)) {
		b.WriteString(`<p class="hd">` + list + `</p><table><thead><tr>`)
		for _, column := range k.Lists[list] {
			b.WriteString(`<th>` + column + `</th>`)
		}
		b.WriteString(`</tr></thead><tbody><tr>`)
		for _, column := range k.Lists[list] {
			b.WriteString(`<td>{{` + list + `.` + column + `}}</td>`)
		}
		b.WriteString(`</tr></tbody></table>`)
	}
	b.WriteString(`<p class="flush">{{附注}}</p><div class="sign">{{落款}}<br>{{日期}}</div><p class="imp"><span>内容校验值</span><span>{{校验值}}</span></p></article></main>`)
	return b.String()
}

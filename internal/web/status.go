package web

import (
	"html"
	"slices"
)

// look is how a state is shown: one colour family, one icon.
type look struct{ family, icon string }

// looks are the states of ui.md §3 by their base word. A new state gets a row here and in CONTRIBUTING's list.
var looks = map[string]look{
	"草稿": {"grey", "edit"}, "待签发": {"amber", "hour"}, "已报出": {"green", "flag"}, "变化较大": {"amber", "alert"}, "人工填写": {"grey", "edit"}, "没有办成": {"wine", "alert"}, "数据不足": {"grey", "dash"}, "未评星": {"grey", "dash"}, "已冻结": {"grey", "lock"}, "已撤回": {"grey", "undo"},
	"已归档": {"grey", "lock"}, "已到期": {"grey", "dash"}, "已收回": {"wine", "undo"}, "伪造": {"wine", "alert"}, "不是本网站的": {"wine", "ban"}, "读不出": {"grey", "dash"}, "企业更换而终止": {"grey", "ban"}, "已由新年度接替": {"grey", "undo"}, "已降星": {"wine", "ban"}, "已摘牌": {"wine", "ban"}, "已生效": {"wine", "ban"}, "不予处理": {"grey", "undo"}, "离线": {"grey", "off"}, "停用": {"grey", "lock"}, "已离任": {"grey", "dash"}, "已锁定": {"wine", "lock"}, "没有任命": {"amber", "hour"}, "已注销": {"grey", "ban"}, "无合同": {"grey", "dash"},
	"待开启": {"grey", "dash"}, "收集材料中": {"blue", "clock"}, "待评价": {"blue", "clock"}, "待公布": {"amber", "hour"},
	"待审": {"blue", "clock"}, "期限内": {"blue", "clock"}, "时限未定": {"grey", "dash"}, "待受理": {"blue", "clock"}, "审批中": {"blue", "clock"}, "审批退回": {"amber", "undo"}, "不予备案": {"wine", "ban"}, "复核中": {"blue", "eye"}, "临界复评": {"blue", "eye"}, "整改中": {"blue", "tool"}, "办理中": {"blue", "tool"},
	"通过": {"green", "check"}, "已核实整改": {"green", "check"}, "已签收": {"green", "check"}, "已发布": {"green", "flag"}, "已备案": {"green", "flag"},
	"可导入": {"green", "check"}, "已登记": {"green", "check"}, "没有登记": {"wine", "alert"}, "已收到": {"green", "check"}, "核对一致": {"green", "check"}, "在任": {"green", "check"}, "现行": {"green", "check"},
	"已补正，待审": {"blue", "clock"}, "复核通过": {"green", "check"}, "缺材料": {"amber", "hour"},
	"待复核": {"blue", "clock"}, "已更正，待复核": {"blue", "clock"}, "逐级确认中": {"blue", "clock"}, "已确认": {"green", "check"}, "已被更正替代": {"grey", "undo"},
	"待走访": {"blue", "clock"}, "走访中": {"blue", "tool"}, "已取消": {"grey", "undo"},
	"待核对条件": {"blue", "clock"}, "待查验": {"blue", "clock"}, "查验中": {"blue", "tool"}, "问题整改中": {"amber", "hour"}, "复验中": {"blue", "eye"}, "待签协议": {"amber", "hour"},
	"待交接": {"amber", "hour"}, "待备案": {"amber", "hour"}, "待整改": {"amber", "hour"}, "缺照片": {"amber", "cam"}, "已整改，待复验": {"blue", "clock"}, "复验合格": {"green", "check"}, "复验不合格": {"wine", "alert"},
	"填写中": {"grey", "edit"}, "待确认": {"blue", "clock"}, "待核对": {"blue", "clock"}, "有效": {"green", "check"}, "已过有效期": {"grey", "dash"}, "已修复": {"green", "check"}, "已撤销": {"grey", "ban"},
	"退回": {"amber", "undo"}, "临期": {"amber", "hour"}, "今天到期": {"amber", "hour"}, "已延期": {"amber", "pause"}, "待补正": {"amber", "undo"}, "需确认": {"amber", "undo"},
	"待采用": {"blue", "clock"}, "已采用": {"green", "check"}, "不采用": {"grey", "undo"}, "未设定": {"amber", "hour"}, "未缴清": {"amber", "hour"}, "已冲正": {"grey", "undo"}, "已终止": {"grey", "undo"}, "冻结中": {"violet", "speech"},
	"待关账": {"blue", "clock"}, "已关账": {"green", "check"}, "未匹配": {"amber", "hour"}, "已匹配": {"green", "check"},
	"起草保修通知": {"grey", "edit"}, "已通知保修": {"amber", "hour"}, "督促中": {"amber", "hour"}, "待核查": {"blue", "clock"}, "待送审": {"blue", "clock"}, "维修中": {"blue", "tool"}, "决算公示中": {"teal", "mega"},
	"退汇待重付": {"amber", "undo"}, "待通知补存": {"amber", "hour"}, "补存中": {"amber", "hour"}, "起草催缴通知": {"grey", "edit"}, "催缴中": {"amber", "hour"}, "已缴清": {"green", "check"}, "已办结": {"green", "check"}, "不予使用": {"wine", "ban"}, "建设单位已修复": {"green", "check"},
	"联合查验中": {"blue", "eye"}, "延长存储": {"amber", "pause"}, "退还公示中": {"teal", "mega"}, "待退还": {"blue", "clock"}, "已退还": {"green", "check"}, "达成一致": {"green", "check"}, "已起诉或仲裁": {"violet", "speech"}, "已撤回异议": {"grey", "undo"},
	"待审核": {"blue", "clock"}, "待公示": {"blue", "clock"}, "已命名": {"green", "flag"}, "已撤销命名": {"grey", "ban"}, "未通过": {"grey", "ban"}, "已预约": {"blue", "clock"}, "已到": {"green", "check"}, "未到": {"grey", "dash"},
	"筹备中": {"blue", "tool"}, "资格审查中": {"blue", "eye"},
	"已通知": {"amber", "hour"}, "已公告": {"teal", "mega"}, "应急托管中": {"amber", "hour"}, "已选聘": {"blue", "clock"}, "移交中": {"blue", "tool"}, "拒不退出": {"wine", "alert"}, "已完成": {"green", "check"},
	"待填写": {"blue", "clock"}, "已填写": {"green", "check"}, "社区无异议": {"green", "check"}, "社区有意见": {"violet", "speech"}, "等社区答复": {"blue", "clock"},
	"待到场": {"blue", "clock"}, "已到场": {"blue", "tool"}, "已修好": {"green", "check"}, "待回访": {"blue", "clock"}, "待派单": {"blue", "clock"}, "待签收": {"blue", "clock"}, "退回待派": {"amber", "undo"}, "已受理": {"blue", "tool"}, "待核实": {"blue", "eye"}, "办结已解决": {"green", "check"}, "办结未解决": {"wine", "alert"}, "重新办理待派": {"amber", "undo"}, "紧急": {"wine", "alert"}, "已并入": {"grey", "undo"}, "催办": {"amber", "hour"}, "督办": {"wine", "alert"},
	"待交还": {"amber", "hour"}, "已报到": {"green", "check"}, "未予确认": {"grey", "ban"}, "已转出": {"grey", "undo"}, "待认领": {"amber", "hour"}, "待接单": {"blue", "clock"}, "服务中": {"blue", "tool"}, "待社区确认": {"blue", "eye"}, "待评单": {"teal", "mega"}, "不受理": {"grey", "ban"},
	"待拟议题": {"blue", "clock"}, "待调研": {"blue", "clock"}, "待排会": {"blue", "clock"}, "待商议": {"blue", "clock"}, "待拟公开内容": {"amber", "hour"}, "待审公开内容": {"blue", "eye"}, "待业主大会表决": {"amber", "hour"},
	"待转办": {"amber", "hour"}, "执行中": {"blue", "tool"}, "未达成一致": {"violet", "speech"}, "办结，已解决": {"green", "check"}, "办结，未解决": {"wine", "alert"}, "不予商议": {"grey", "ban"}, "待召开": {"blue", "clock"}, "已召开": {"green", "check"},
	"待落实": {"amber", "hour"}, "不再需要": {"grey", "undo"}, "另行商议": {"violet", "speech"}, "已落实": {"green", "check"},
	"待通知": {"amber", "hour"}, "待检查": {"blue", "clock"}, "检查中": {"blue", "tool"}, "待告知": {"amber", "hour"}, "已告知": {"green", "check"}, "已签名": {"green", "check"}, "无效": {"wine", "alert"},
	"待公布校验值": {"amber", "hour"}, "待抽取": {"blue", "clock"}, "待公布抽取结果": {"amber", "hour"}, "抽查进行中": {"blue", "tool"}, "抽查结果已公示": {"green", "flag"}, "已公示": {"green", "flag"}, "已解除": {"grey", "undo"},
	"待开始": {"blue", "clock"}, "调查中": {"blue", "tool"}, "待公布结果": {"amber", "hour"}, "已公布结果": {"green", "flag"}, "答卷不足": {"grey", "dash"},
	"待送达": {"blue", "clock"}, "待复查": {"blue", "eye"}, "已移送": {"teal", "mega"}, "未整改办结": {"wine", "ban"}, "移送办结": {"green", "check"},
	"待抽查": {"blue", "eye"}, "抽查维持": {"green", "check"}, "抽查追回": {"wine", "undo"}, "追回异议中": {"violet", "speech"}, "恢复认定": {"green", "check"}, "维持追回": {"wine", "ban"},
	"待提交": {"grey", "edit"}, "逐级审核中": {"blue", "clock"}, "退回补正": {"amber", "undo"}, "审核通过": {"green", "check"}, "审核未通过": {"wine", "ban"}, "逾期未补正": {"wine", "alert"}, "已撤回申报": {"grey", "undo"},
	"意见待答复": {"violet", "speech"}, "答复待审核": {"blue", "eye"}, "已公开答复": {"green", "check"}, "已答复不公开": {"grey", "lock"}, "公示期满": {"blue", "clock"}, "申诉期": {"violet", "speech"},
	"未申报": {"grey", "dash"}, "初评未通过": {"grey", "ban"}, "复核未通过": {"grey", "ban"}, "联审不评星": {"grey", "ban"},
	"审核中": {"blue", "clock"}, "退回修改": {"amber", "undo"}, "已公开": {"green", "flag"}, "已撤下": {"grey", "ban"}, "不予公开": {"grey", "ban"}, "企业撤回": {"grey", "undo"},
	"异议待答复": {"violet", "speech"}, "采纳待更正": {"amber", "tool"}, "采纳并已更正": {"green", "check"}, "不予采纳": {"grey", "ban"},
	"陈述申辩期": {"amber", "hour"}, "联审中": {"blue", "clock"}, "联审退回": {"amber", "undo"}, "认定生效": {"wine", "ban"}, "解除审批中": {"blue", "clock"}, "期满失效": {"grey", "dash"}, "提前解除": {"grey", "undo"}, "维持认定": {"wine", "ban"},
	"待发文": {"amber", "hour"}, "待施行": {"blue", "clock"}, "使用中": {"green", "check"}, "已被代替": {"grey", "lock"}, "审批未同意": {"wine", "ban"},
	"已发出": {"blue", "clock"}, "等文号": {"amber", "hour"}, "等用印": {"amber", "hour"}, "等送达": {"blue", "clock"}, "已用印": {"green", "check"}, "未读": {"amber", "hour"}, "已读": {"green", "check"}, "等待发送": {"blue", "clock"}, "正在发送": {"blue", "tool"}, "已送出": {"green", "check"}, "结果不明": {"amber", "alert"}, "没有发出": {"wine", "alert"}, "已停发": {"grey", "ban"},
	"未下发": {"grey", "edit"}, "收表中": {"blue", "clock"}, "已撤回任务": {"grey", "undo"}, "未签收": {"amber", "hour"}, "已签收未报": {"blue", "clock"}, "已报": {"green", "check"}, "已退回待改": {"amber", "undo"}, "待补填新栏": {"amber", "edit"}, "到归档没有报": {"wine", "alert"}, "免报": {"grey", "dash"},
	"已取号，没有发出": {"amber", "hour"}, "已签署": {"green", "check"}, "作废": {"grey", "ban"}, "空号": {"amber", "alert"}, "重号": {"wine", "alert"}, "有回证": {"green", "check"}, "没有回证": {"grey", "dash"},
	"迟报": {"amber", "hour"}, "没有账号能签收": {"wine", "alert"}, "周期运行中": {"blue", "clock"}, "周期已停止": {"grey", "lock"}, "周期已暂停": {"amber", "hour"}, "周期已结束": {"grey", "lock"},
	"须改密码": {"amber", "key"}, "认为不当": {"wine", "alert"}, "待答复": {"blue", "clock"}, "已办理": {"green", "check"}, "不予办理": {"grey", "ban"}, "已核查": {"green", "check"}, "进行中": {"amber", "hour"},
	"正常": {"green", "check"}, "提醒": {"amber", "alert"}, "问题": {"wine", "alert"}, "运行中": {"blue", "clock"}, "已安排": {"blue", "hour"}, "跳过": {"grey", "dash"}, "失败待重试": {"wine", "alert"},
	"公示中": {"teal", "mega"}, "征求意见": {"teal", "mega"},
	"异议中": {"violet", "speech"}, "申诉中": {"violet", "speech"}, "争议调解": {"violet", "speech"},
	"逾期": {"wine", "alert"}, "未整改": {"wine", "alert"}, "不予认定": {"wine", "ban"}, "降星": {"wine", "ban"}, "摘牌": {"wine", "ban"}, "一票否决": {"wine", "ban"},
	"有错": {"wine", "alert"}, "未收下": {"wine", "alert"}, "核对不符": {"wine", "alert"}, "锁定": {"wine", "lock"}, "失联": {"wine", "alert"},
}

// chip is the one function that makes a status chip. state is a word of looks and decides colour and icon; precise, if not empty, is
// shown instead of it (“逾期 3 个工作日”). A word that is not in the list is shown grey, so that it can be read, never guessed.
func (a *assets) chip(state, precise string) string {
	l, ok := looks[state]
	if !ok {
		l = look{"grey", "dash"}
	}
	if precise == "" {
		precise = state
	}
	return `<span class="st" data-s="` + l.family + `">` + a.icon(l.icon) + html.EscapeString(precise) + `</span>`
}

// icon is a picture of the sprite, always beside a word.
func (a *assets) icon(name string) string {
	return `<svg class="i" aria-hidden="true"><use href="` + a.sprite + `#i-` + html.EscapeString(name) + `"/></svg>`
}

// stars is the row of five stars with its word for assistive technology; the word also stands beside it in the page.
func (a *assets) stars(level int, word string, large bool) string {
	if level < 0 || level > 5 {
		return ""
	}
	class := "star"
	if large {
		class = "star xl"
	}
	return `<svg class="` + class + `" role="img" aria-label="` + html.EscapeString(word) + `"><use href="` + a.sprite + `#s` + string(rune('0'+level)) + `"/></svg>`
}

// statesOf are the words of one colour family, in order.
func statesOf(family string) []string {
	var out []string
	for word, l := range looks {
		if l.family == family {
			out = append(out, word)
		}
	}
	slices.Sort(out)
	return out
}

package web

import (
	"context"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/change"
)

// changePapers are the papers that a change of firm has now for the actor, each by the step to which it belongs. None of them orders: an order comes of an inspection (行政检查) only.
func (s *Server) changePapers(by policy.Actor, k *change.Change) []pagePaper {
	out := []pagePaper{{"notice", "物业服务退出告知函", "change.notice", always(s.changeNotice(k))}}
	if k.Where != "" {
		out = append(out, pagePaper{"announce", "物业更换公告", "change.announce", always(s.changeAnnounced(k))})
	}
	if k.Custody != "" && s.guard.Allow(by, policy.WriteRegister) { // it goes to another firm than the one that leaves
		out = append(out, pagePaper{"custody", "应急托管函", "change.custody", func(ctx context.Context) (printView, error) { return s.changeCustody(ctx, by, k) }})
	}
	if len(k.Measures) > 0 {
		out = append(out, pagePaper{"urge", "督促退出和移交通知书", "change.urge", always(s.changeUrged(k))})
	}
	if len(k.Items) > 0 {
		out = append(out, pagePaper{"list", "物业交接清单", "", always(s.changeList(k))})
	}
	return out
}

// leavingFacts are what every paper of a change says of it.
func leavingFacts(k *change.Change) [][2]string {
	return [][2]string{{"小区", k.Name()}, {"原物业企业", k.FirmName}, {"服务的最后一天", k.Leaves.Chinese()}}
}

// changeNotice tells the firm that its leaving is entered, what the law asks until its last day, and whether the notice came in time.
func (s *Server) changeNotice(k *change.Change) printView {
	v := printView{To: k.FirmName, Words: []string{k.Given.Chinese() + "收到" + k.Name() + "终止物业服务的通知（" + registry.TextOf(change.Givers(), k.Giver) + "）。在服务的最后一天以前，请你单位继续做好物业服务，保管好资料、用房和设施，不得停水停电、擅自撤离；合同终止后按期退出，办理移交。"},
		Rows: append(leavingFacts(k), [2]string{"由谁通知", registry.TextOf(change.Givers(), k.Giver)}, [2]string{"收到通知的日期", k.Given.Chinese()}, [2]string{"原因", k.Reason}, [2]string{"移交依据", change.LeaveBasis})}
	if k.InTime.Resolved() {
		said := k.InTime.Due.Chinese() + "以前（" + k.InTime.Basis + "）"
		if n := k.Short(); n > 0 {
			said += "，晚了 " + count(n) + " 日"
		}
		v.Rows = append(v.Rows, [2]string{"应当通知的日期", said})
	}
	return v
}

// changeAnnounced tells the owners; it is dated as it was put up.
func (s *Server) changeAnnounced(k *change.Change) printView {
	next := "按业主共同决定选聘新的物业服务企业；表决前没有企业服务的，依法安排应急托管。"
	switch {
	case k.NextFirm != "":
		next = "业主共同决定选聘" + k.NextFirm + "，按期办理移交。"
	case k.Custody != "":
		next = "已安排应急托管，最迟到" + k.Limit.Chinese() + "；期间按业主共同决定选聘新的物业服务企业。"
	}
	return printView{To: "全体业主", Date: k.Announced.Chinese(), Words: []string{k.Name() + "的物业服务合同将要终止，现将有关事项公告如下。新的物业服务企业接管以前，请各位业主共同维护小区秩序；对交接有意见的，向社区居民委员会、业主委员会反映。"},
		Rows: append(leavingFacts(k), [2]string{"由谁通知", registry.TextOf(change.Givers(), k.Giver)}, [2]string{"接下来的安排", next}, [2]string{"公告地点", k.Where})}
}

// changeCustody asks the firm of the custody to serve the compound meanwhile.
func (s *Server) changeCustody(ctx context.Context, by policy.Actor, k *change.Change) (printView, error) {
	row, err := s.registered.OneProject(ctx, by, k.Project)
	if err != nil {
		return printView{}, err
	}
	v := printView{Rows: leavingFacts(k)}
	for _, c := range row.Project.Contracts {
		if c.ID != k.Custody {
			continue
		}
		names, err := s.registered.FirmNames(ctx, []string{c.Firm})
		if err != nil {
			return v, err
		}
		v.To = names[c.Firm]
		v.Rows = append(v.Rows, [2]string{"托管企业", names[c.Firm]}, [2]string{"托管期限", spanText(c.Days)})
	}
	v.Words = []string{k.FirmName + "不再服务" + k.Name() + "，业主还没有选聘新的企业。现请你单位按应急托管合同提供应急物业服务，保障保洁、秩序、电梯、消防、供水等基本服务；选聘的企业接管时配合移交。托管不得超过下列期限。"}
	v.Rows = filled(append(v.Rows, [2]string{"最迟到", k.Limit.Chinese()}, [2]string{"期限依据", k.Limit.Basis}))
	return v, nil
}

// changeUrged urges a firm that does not leave.
func (s *Server) changeUrged(k *change.Change) printView {
	first := k.Measures[0]
	v := printView{To: k.FirmName, Words: []string{"你单位服务" + k.Name() + "的合同已经终止，到今天还没有退出、移交。请你单位自收到本通知书之日起立即退出，将物业服务用房、相关设施和物业服务必需的资料交还，配合新的企业交接，并书面报告办理情况。合同终止后不退出、不移交的，不得请求业主支付终止后的物业费；造成损失的，依法赔偿。"},
		Rows: append(leavingFacts(k), [2]string{"事实", first.What + "（" + first.On.Chinese() + "）"}, [2]string{"依据", change.LeaveBasis})}
	if k.Leave.Rule != "" {
		v.Rows = append(v.Rows, [2]string{"退出期限", k.Leave.Chinese()})
	}
	open := printTable{Caption: "还没有移交的", Heads: []string{"序号", "移交的内容"}}
	for _, i := range k.Items {
		if i.On.IsZero() {
			open.Rows = append(open.Rows, []string{strconv.Itoa(len(open.Rows) + 1), i.Title})
		}
	}
	if len(open.Rows) > 0 {
		v.Tables = append(v.Tables, open)
	}
	return v
}

// changeList is the list by which the firms hand over, for the seals of both and of who witnesses.
func (s *Server) changeList(k *change.Change) printView {
	t := printTable{Caption: "移交", Heads: handingColumns}
	for n, i := range k.Items {
		row := []string{strconv.Itoa(n + 1), i.Title, blank, blank}
		if !i.On.IsZero() {
			row[2] = i.On.Chinese()
		}
		if i.Lack != "" {
			row[3] = i.Lack
		}
		t.Rows = append(t.Rows, row)
	}
	return printView{From: k.FirmName, Date: "　　年　　月　　日", Words: []string{k.Name() + "更换物业服务企业，原企业按下列内容移交，接收单位逐项核对。没有移交的写明原因和补交的日期。"},
		Rows:   filled(append(leavingFacts(k), [2]string{"接收单位", k.NextFirm}, [2]string{"退出期限", k.Leave.Chinese()}, [2]string{"移交档案归档", k.Archive.Chinese()}, [2]string{"依据", change.LeaveBasis})),
		Tables: []printTable{t}, Below: [][2]string{{"移交单位（盖章）", room}, {"接收单位（盖章）", room}, {"业主委员会或者社区（见证）", room}, {"住建局（见证）", room}}}
}

// changePaper is one of them for printing.
func (s *Server) changePaper(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.changes.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.printPaper(c, by, changesPath, doc.ID, s.changePapers(by, &doc.State))
}

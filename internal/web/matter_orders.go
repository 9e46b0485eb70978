package web

import (
	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/matter"
)

// ordersPath is where orders of other platforms come in, and go back with what was answered.
const ordersPath = mattersPath + "/orders"

// orderDesk is where orders of other platforms come in.
func (s *Server) orderDesk() *importDesk {
	d := s.orderCommon()
	for _, p := range s.matters.Tree.Platforms() {
		path := platformPath + "/" + string(p.Source)
		d.Others = append(d.Others, link{"按“" + p.Title + "”的栏目导入", path}, link{p.Title + "：下载交回平台的表", path + "/answers.xlsx"})
	}
	return rowsDesk(s, d, "matter-order", report.MatterOrders(s.matters.Tree), s.matters.Orders, func(l *matter.OrderLine, row int64) { l.Row = row })
}

// orderCommon is what all desks of orders have in common.
func (s *Server) orderCommon() *importDesk {
	return &importDesk{Path: ordersPath, Title: "导入其他平台工单", Nav: mattersPath, List: "事项", New: "新来件", Changed: "更新期限或结果", Same: "没有变化", KindWord: func(string) string { return "" },
		Look: "会更新期限或结果的行", LookText: "平台的期限和结果以平台为准，导入后覆盖已登记的。",
		Intro: "12345热线和综治平台的工单从这里进来：按平台和编号认，同一编号再次导入只更新期限和结果，不会重复。平台规定的期限以平台为准；答复以后导出办理情况交回平台，平台办结后把结果再导入一次，事项随之办结。",
		Next: func(string) []link {
			return []link{{"看其他平台来件", mattersPath + "?orders=1"}, {"导出办理情况", ordersPath + ".xlsx"}}
		}}
}

// platformPath is where orders come in as another platform hands them out, and go back as it takes them.
const platformPath = mattersPath + "/platforms"

// platformDesk is where the orders of one platform come in, in its own columns and words. Returns NotFound for one whose workbooks are not described.
func (s *Server) platformDesk(c *fiber.Ctx, _ policy.Actor) (*importDesk, error) {
	p, err := s.platformOf(c)
	if err != nil {
		return nil, err
	}
	d, path := *s.orderCommon(), platformPath+"/"+string(p.Source)
	d.Path, d.Title, d.Above, d.Others = path, "导入"+p.Title, ordersPath, []link{{"下载交回平台的表", path + "/answers.xlsx"}, {"按通用模板导入", ordersPath}}
	d.Intro = "平台导出的表可以直接上传，只读下面模板里的栏，其余的栏（来电人、电话等）一概不读。" + d.Intro
	d.Next = func(string) []link {
		return []link{{"看其他平台来件", mattersPath + "?orders=1"}, d.Others[0]}
	}
	return rowsDesk(s, &d, "matter-order", report.PlatformOrders(s.matters.Tree, p), s.matters.Orders, func(l *matter.OrderLine, row int64) { l.Row, l.Order.System = row, p.Source }), nil
}

// platformOf is the platform that an address names.
func (s *Server) platformOf(c *fiber.Ctx) (matter.Platform, error) {
	p, known := s.matters.Tree.Platform(matter.Source(c.Params("source")))
	if !known {
		return p, fault.New("web.platformOf", fault.NotFound, "没有这个平台的表")
	}
	return p, nil
}

// platformAnswers sends what was answered and waits for the platform's result, in the platform's own columns.
func (s *Server) platformAnswers(c *fiber.Ctx, by policy.Actor) error {
	p, err := s.platformOf(c)
	if err != nil {
		return err
	}
	var rows []matter.Matter
	if err := s.matters.Each(c.UserContext(), by, matter.Filter{Orders: true, State: matter.Answered}, func(d store.Doc[matter.Matter]) {
		if d.State.Order.System == p.Source {
			rows = append(rows, d.State)
		}
	}); err != nil {
		return err
	}
	return sendSheets(c, p.Title+"反馈.xlsx", report.PlatformAnswers(p).Filled(rows))
}

// ordersExcel sends what was done about the orders of other platforms, for them.
func (s *Server) ordersExcel(c *fiber.Ctx, by policy.Actor) error {
	var rows []matter.Matter
	if err := s.matters.Each(c.UserContext(), by, matter.Filter{Orders: true}, func(d store.Doc[matter.Matter]) { rows = append(rows, d.State) }); err != nil {
		return err
	}
	return sendSheets(c, "工单办理情况.xlsx", report.OrderAnswers().Filled(rows))
}

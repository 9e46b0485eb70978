package web

import (
	"github.com/gofiber/fiber/v2"

	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/matter"
)

// ordersPath is where orders of other platforms come in, and go back with what was answered.
const ordersPath = mattersPath + "/orders"

// orderDesk is where orders of other platforms come in.
func (s *Server) orderDesk() *importDesk {
	d := &importDesk{Path: ordersPath, Title: "导入其他平台工单", Nav: mattersPath, List: "事项", New: "新来件", Changed: "更新期限或结果", Same: "没有变化", KindWord: func(string) string { return "" },
		Look: "会更新期限或结果的行", LookText: "平台的期限和结果以平台为准，导入后覆盖已登记的。",
		Intro: "12345热线和综治平台的工单从这里进来：按平台和编号认，同一编号再次导入只更新期限和结果，不会重复。平台规定的期限以平台为准；答复以后导出办理情况交回平台，平台办结后把结果再导入一次，事项随之办结。",
		Next: func(string) []link {
			return []link{{"看其他平台来件", mattersPath + "?orders=1"}, {"导出办理情况", ordersPath + ".xlsx"}}
		}}
	return rowsDesk(s, d, "matter-order", report.MatterOrders(s.matters.Tree), s.matters.Orders, func(l *matter.OrderLine, row int64) { l.Row = row })
}

// ordersExcel sends what was done about the orders of other platforms, for them.
func (s *Server) ordersExcel(c *fiber.Ctx, by policy.Actor) error {
	var rows []matter.Matter
	if err := s.matters.Each(c.UserContext(), by, matter.Filter{Orders: true}, func(d store.Doc[matter.Matter]) { rows = append(rows, d.State) }); err != nil {
		return err
	}
	return sendSheets(c, "工单办理情况.xlsx", report.OrderAnswers().Filled(rows))
}

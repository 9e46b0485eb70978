package web

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// printsDossier shows a dossier (一企一档, 一小区一档) as a book: cover, contents with page numbers, every part that holds something.
func (s *Server) printsDossier(made makeDossier) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		d, err := made(c, by)
		if err != nil {
			return err
		}
		v := volumeView{Back: d.Back, Kind: d.Kind, Name: d.Name, Cover: [][2]string{{"名称", d.Name}, {"登记", d.Sub}, {"截至", s.clockOf(c.UserContext()).today.Chinese()}}}
		for _, p := range d.Parts {
			if len(p.Rows) == 0 {
				continue
			}
			if d.MostPrinted > 0 && len(p.Rows) > d.MostPrinted {
				return fault.New("web.printsDossier", fault.Invalid, "一次最多打印 "+count(d.MostPrinted)+" 项，现在有 "+count(len(p.Rows))+" 项：请先按日期、乡镇或者来源缩小范围，全部的在 Excel 里")
			}
			v.Items = append(v.Items, volumeItem{Title: p.Title, Note: strconv.Itoa(len(p.Rows)) + " 条"})
			v.Parts = append(v.Parts, p.filled())
		}
		return s.showVolume(c, by, v)
	}
}

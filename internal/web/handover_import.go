package web

import (
	"context"
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry/handover"
)

// handoverImportRoutes are the desks at which documents and results of the walk of one handover come in from Excel.
func (s *Server) handoverImportRoutes() []Route {
	const below = handoversPath + "/:handover<maxLen(64)>/imports/"
	return slices.Concat(s.deskRoutes(below+"documents", policy.OpenHandover, false, s.handoverDesk(s.paperDesk)), s.deskRoutes(below+"findings", policy.WalkHandover, false, s.handoverDesk(s.findingDesk)))
}

// handoverDesk is a desk of the handover that a request names, which lies in the actor's scope.
func (s *Server) handoverDesk(desk func(*handover.Walk) *importDesk) func(c *fiber.Ctx, by policy.Actor) (*importDesk, error) {
	return func(c *fiber.Ctx, by policy.Actor) (*importDesk, error) {
		w, err := s.handovers.Service.One(c.UserContext(), by, c.Params("handover"))
		if err != nil {
			return nil, err
		}
		return desk(&w), nil
	}
}

// ofHandover completes a desk: only imports of this handover are listed, and a file is read only when it is the time.
func ofHandover(d *importDesk, w *handover.Walk, open bool) *importDesk {
	recent, dry := d.Recent, d.Dry
	d.Recent = func(ctx context.Context, by policy.Actor) ([]imports.View, error) {
		list, err := recent(ctx, by)
		return slices.DeleteFunc(list, func(v imports.View) bool { return v.Kind != w.Doc.ID }), err
	}
	d.Dry = func(c *fiber.Ctx, by policy.Actor, upload *files.Upload) (dryView, error) {
		if !open {
			return dryView{}, fault.InvalidFields("web.ofHandover", fault.Field{Name: "file", Message: "这次承接查验现在是“" + w.Doc.State.State.Title() + "”，不能导入"})
		}
		return dry(c, by, upload)
	}
	return d
}

// handoverDeskOf is what the two desks have in common.
func handoverDeskOf(w *handover.Walk, kind, word string) *importDesk {
	base := handoversPath + "/" + w.Doc.ID
	return &importDesk{Path: base + "/imports/" + kind, Title: "导入" + word, Nav: handoversPath, List: w.Doc.State.Title() + "承接查验", Above: base, New: "新登记", Changed: "修改", Same: "没有变化",
		Look: "会修改已有登记的行", LookText: "请确认这些行确实要改。", KindWord: func(string) string { return word }, Next: func(string) []link { return []link{{"看这次承接查验", base}} }}
}

// paperDesk is where documents come in.
func (s *Server) paperDesk(w *handover.Walk) *importDesk {
	d := handoverDeskOf(w, "documents", "移交资料")
	d.Intro = "没有移交的写明承诺和补交日期；不填的行不改。"
	d.Template = func(*fiber.Ctx, policy.Actor) (string, []byte, error) {
		data, err := report.HandoverPapers().Prepared(w.PaperRows())
		return w.Doc.State.Title() + "移交资料", data, err
	}
	rowsDesk(s, d, w.Doc.ID, report.HandoverPapers(), s.handovers.Service.Papers, func(r *handover.PaperRow, row int64) { r.Row, r.Handover = row, w.Doc.ID })
	return ofHandover(d, w, w.Doc.State.State.Takes())
}

// findingDesk is where results of the walk come in.
func (s *Server) findingDesk(w *handover.Walk) *importDesk {
	d := handoverDeskOf(w, "findings", "查验结果")
	d.Intro = "模板列出还没有查的项目；没有查的行不填，就不导入。不符合的不用附照片，导入以后标“缺照片”，在手机查验页补拍，补齐以后才能发整改通知。"
	d.Template = func(*fiber.Ctx, policy.Actor) (string, []byte, error) {
		data, err := report.HandoverFindings().Prepared(w.FindingRows())
		return w.Doc.State.Title() + "查验结果", data, err
	}
	rowsDesk(s, d, w.Doc.ID, report.HandoverFindings(), s.handovers.Service.Findings, func(r *handover.FindingRow, row int64) { r.Row, r.Handover = row, w.Doc.ID })
	return ofHandover(d, w, w.Doc.State.State.TakesAnswers())
}

package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/report/returns"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// returnBatches are sending on, checking and signing several returns.
func (s *Server) returnBatches() []batch {
	one := func(path, title, button, done string, do returns.Step, action policy.Action) batch {
		return batch{path: returnsPath + path, back: returnsPath, backTitle: "报表台", title: title, sub: "先点开看数字和清单，再勾选；每张分别办理，一张没有办成不影响其他的", button: button, unit: "张", none: "没有在等的报表", action: action,
			rows: func(c *fiber.Ctx, by policy.Actor) ([]batchRow, error) { return s.waitingReturns(c, by, do) },
			do: func(c *fiber.Ctx, by policy.Actor, list []casework.At, _ url.Values) ([]batchResult, error) {
				outcomes, err := s.returns.DoAll(c.UserContext(), by, do, list)
				if err != nil {
					return nil, err
				}
				results := make([]batchResult, len(outcomes))
				for i, o := range outcomes {
					results[i] = batchResult{Name: o.Name, State: done, Path: returnPath(o.ID), Err: o.Err}
					if o.Err != "" {
						results[i].State = notDone
					}
					if o.Name == "" {
						results[i].Name, results[i].Path = "不在你的范围内的一张", ""
					}
				}
				return results, nil
			}}
	}
	return []batch{one("/compile", "批量送审", "送审勾选的", "已送审", returns.StepCompile, policy.CompileReturn), one("/check", "批量审核", "审核勾选的", "已审核", returns.StepCheck, policy.CheckReturn), one("/sign", "批量签发", "签发勾选的", "已签发", returns.StepSign, policy.SignReturn)}
}

// waitingReturns are the returns that wait for a step, with what hinders the actor.
func (s *Server) waitingReturns(c *fiber.Ctx, by policy.Actor, do returns.Step) ([]batchRow, error) {
	waiting, err := s.returns.Waiting(c.UserContext(), by, do)
	if err != nil {
		return nil, err
	}
	today := s.returns.Today()
	var rows []batchRow
	for i := range waiting {
		w := &waiting[i]
		hands, _, err := s.handsOf(c.UserContext(), w.State.Hands)
		if err != nil {
			return nil, err
		}
		said := []string{w.State.Place}
		for _, h := range hands {
			said = append(said, h.Part+" "+h.Who)
		}
		if w.Odd > 0 {
			said = append(said, count(w.Odd)+" 个数字变化较大")
		}
		if w.Hand > 0 {
			said = append(said, count(w.Hand)+" 个数字人工填写")
		}
		if w.Unfilled > 0 {
			said = append(said, "其中 "+count(w.Unfilled)+" 个还没有填，填齐才能送审")
		}
		rows = append(rows, batchRow{Path: returnPath(w.ID), Name: w.State.Words + w.State.Title, Text: strings.Join(said, "；"), Value: w.ID + "@" + strconv.FormatInt(w.Seq, 10), Why: w.Why, Late: w.State.Late(today)})
	}
	return rows, nil
}

package web

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/report/returns"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// returnBatch is a page on which one step is taken for several returns.
type returnBatch struct {
	path, title, button, done string
	do                        returns.Step
	action                    policy.Action
}

// returnBatches are checking and signing.
var returnBatches = []returnBatch{
	{returnsPath + "/check", "批量审核", "审核勾选的", "已审核", returns.StepCheck, policy.CheckReturn},
	{returnsPath + "/sign", "批量签发", "签发勾选的", "已签发", returns.StepSign, policy.SignReturn},
}

// returnBatchView is what return_batch.html shows: what waits, or what came of it.
type returnBatchView struct {
	Path, Title, Button, Error string
	Key                        string
	Rows                       []batchRow
	Results                    []returnResult
	Done                       int
}

// batchRow is a return that waits; Value is what its box sends.
type batchRow struct {
	Path, Name, Place, Compiled, Value, Why string
	Odd, Hand                               int
	Late, Checked                           bool
}

// returnBatch lists what waits for a step, with what hinders the actor.
func (s *Server) returnBatch(b returnBatch) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error { return s.showReturnBatch(c, by, b, nil, nil) }
}

func (s *Server) showReturnBatch(c *fiber.Ctx, by policy.Actor, b returnBatch, results []returnResult, refused []fault.Field) error {
	v := returnBatchView{Path: b.path, Title: b.title, Button: b.button, Key: newKey(), Results: results}
	for _, r := range results {
		if r.Text == "" {
			v.Done++
		}
	}
	for _, f := range refused {
		v.Error = f.Message
	}
	if results == nil {
		waiting, err := s.returns.Waiting(c.UserContext(), by, b.do)
		if err != nil {
			return err
		}
		today := s.returns.Today()
		for i := range waiting {
			w := &waiting[i]
			hands, _, err := s.handsOf(c.UserContext(), w.State.Hands)
			if err != nil {
				return err
			}
			row := batchRow{Path: returnPath(w.ID), Name: w.State.Words + w.State.Title, Place: w.State.Place, Value: w.ID + "@" + strconv.FormatInt(w.Seq, 10), Why: w.Why, Odd: w.Odd, Hand: w.Hand, Late: w.State.Late(today)}
			for _, h := range hands {
				row.Compiled = strings.TrimPrefix(row.Compiled+"；"+h.Part+" "+h.Who, "；")
			}
			v.Rows = append(v.Rows, row)
		}
	}
	p := page{Title: b.title, Nav: returnsPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "return_batch", p)
	}
	return s.render(c, by, "return_batch", p)
}

// doReturnBatch takes the step for what was ticked and tells what came of each.
func (s *Server) doReturnBatch(b returnBatch) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		var list []casework.At
		idem := formIdem(c)
		for _, box := range formValues(c)["row"] {
			id, seq, _ := strings.Cut(box, "@")
			at := casework.At{ID: id, Seq: seqOf(seq)}
			if idem != nil {
				at.Idem = &store.Idem{Key: idem.Key + "/" + id, Body: []byte(box)}
			}
			list = append(list, at)
		}
		outcomes, err := s.returns.DoAll(c.UserContext(), by, b.do, list)
		if refused := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(refused) > 0 {
			return s.showReturnBatch(c, by, b, nil, refused)
		}
		if err != nil {
			return err
		}
		results := make([]returnResult, len(outcomes))
		for i, o := range outcomes {
			results[i] = returnResult{Name: o.Name, State: b.done, Path: returnPath(o.ID)}
			if o.Err != "" {
				results[i].State, results[i].Text = "没有办成", o.Err
			}
			if o.Name == "" {
				results[i].Name, results[i].Path = "不在你的范围内的一张", ""
			}
		}
		return s.showReturnBatch(c, by, b, results, nil)
	}
}

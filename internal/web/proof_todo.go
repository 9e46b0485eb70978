package web

import (
	"fmt"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision/evidence"
)

// proofTodo is what a person has to do about proof: submit and correct what is missing, decide what waits.
func (s *Server) proofTodo(c *fiber.Ctx, by policy.Actor) ([]todoItem, error) {
	if s.evidence == nil {
		return nil, nil
	}
	var out []todoItem
	if s.guard.Allow(by, policy.SubmitEvidence) {
		missing, err := s.missingTodo(c, by)
		if err != nil {
			return nil, err
		}
		out = missing
	}
	for _, d := range []desk{communityDesk, bureauDesk} {
		if !s.guard.Allow(by, d.action) {
			continue
		}
		queue, err := s.evidence.Proofs.Queue(c.UserContext(), by, d.stage, "")
		if err != nil {
			return nil, err
		}
		if len(queue.Docs) == 0 {
			continue
		}
		first := queue.Docs[0].State
		item := todoItem{Title: fmt.Sprintf("%d 件佐证材料待%s", len(queue.Docs), map[bool]string{true: "初审", false: "复核"}[d.stage == evidence.StageCommunity]),
			Sub: "最早的是“" + first.ProjectName + " " + first.Ask.Name + "”", Link: d.path, Button: "去审核", Sort: first.Due.Due.String()}
		if item.Sort == "" {
			item.Sort = "9999"
		}
		item.Due, item.Class = dueText(first.Due, s.clocks.Business())
		out = append(out, item)
	}
	return out, nil
}

// missingTodo has a line for each project of which something is missing or to be corrected in an open window.
func (s *Server) missingTodo(c *fiber.Ctx, by policy.Actor) ([]todoItem, error) {
	windows, err := s.evidence.Proofs.Windows(c.UserContext(), by)
	if err != nil {
		return nil, err
	}
	var out []todoItem
	for _, w := range windows {
		view := s.windowView(w.ID, w.State)
		if view.Closed != "" {
			continue
		}
		page, err := s.evidence.Projects.Projects(c.UserContext(), by, registry.ProjectQuery{})
		if err != nil {
			return nil, err
		}
		rows, err := s.projectNeeds(c, by, w.ID, page.Rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			item := todoItem{Due: view.Left, Class: view.Class, Sort: w.State.Closes.String(), Link: r.Link, Button: "去提交", Sub: view.Title + "，" + view.Until + "截止"}
			switch {
			case r.Returned > 0:
				item.Title, item.Button = fmt.Sprintf("%s：%d 项要补正，还缺 %d 项材料", r.Name, r.Returned, r.Missing), "去补正"
			case r.Missing > 0:
				item.Title = fmt.Sprintf("%s：本期还缺 %d 项材料", r.Name, r.Missing)
			default:
				continue
			}
			out = append(out, item)
		}
	}
	return out, nil
}

package web

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/supervision/inspection"
	"redsteward/supervision/survey"
)

// drawWhole is the file of a draw (双随机): its frozen lists and its result.
func (s *Server) drawWhole(c *fiber.Ctx, by policy.Actor) (pageFile, error) {
	doc, err := s.draws.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return pageFile{}, err
	}
	d, path := &doc.State, lotsPath+"/"+doc.ID
	one := pageFile{kind: "双随机抽查", name: d.Title, state: d.State.Title(), opened: d.Day, ended: d.Published, pages: []crumb{{"名单和权重", path + "/lists"}}}
	if len(d.Picks) > 0 {
		one.papers = []crumb{{"双随机抽取结果", path + "/print"}}
	}
	if d.State != inspection.Shown {
		one.ended = calendar.Date{}
	}
	return one, nil
}

// surveyWhole is the file of a survey: notice, households drawn for who may print them, result.
func (s *Server) surveyWhole(c *fiber.Ctx, by policy.Actor) (pageFile, error) {
	doc, err := s.surveys.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return pageFile{}, err
	}
	o, path := &doc.State, surveysPath+"/"+doc.ID
	one := pageFile{kind: "满意度调查", name: o.Title(), party: o.FirmName, state: o.State.Title(), opened: o.Opened, ended: o.Published}
	for _, p := range s.surveyPapers(by, o) {
		one.papers = append(one.papers, crumb{p.Label, path + "/" + p.Path})
	}
	if o.State == survey.Cancelled {
		one.ended = o.Closed
	}
	return one, nil
}

// collectionWhole is the file of a task of collection: the notice with what is attached, and what every unit filed.
func (s *Server) collectionWhole(c *fiber.Ctx, by policy.Actor) (pageFile, error) {
	task, err := s.collections.Task(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return pageFile{}, err
	}
	t := &task.State
	one := pageFile{kind: "收表任务", name: t.Title, party: t.OwnerName, state: t.State.Title(), opened: t.Day, papers: boundPapers(collectionsPath, task.ID, s.collectionPapers(&task))}
	if t.Ended != nil {
		one.ended = calendar.DateOf(t.Ended.At.Time)
	}
	for i := range task.Sheets {
		if a := &task.Sheets[i].State; !a.State.Open() {
			one.pages = append(one.pages, crumb{"上报：" + a.To.Name, sheetPath(task.Sheets[i].ID)})
		}
	}
	for i := range t.Files {
		one.scans = append(one.scans, pageScan{t.Files[i].Name, collectionPath(task.ID) + "/files/" + strconv.Itoa(i+1), &t.Files[i]})
	}
	return one, nil
}

// repairWhole is the file of a repair (报修).
func (s *Server) repairWhole(c *fiber.Ctx, by policy.Actor) (pageFile, error) {
	doc, err := s.repairs.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return pageFile{}, err
	}
	r := &doc.State
	one := pageFile{kind: "报修", name: r.CategoryTitle + "（" + r.ProjectName + " " + r.Said.Where + "）", party: r.FirmName, state: r.State().Title(), opened: r.Day}
	if !r.Said.Done.IsZero() {
		one.ended = calendar.DateOf(r.Said.Done.Time)
	}
	return one, nil
}

package web

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/policy"
)

// The timeline of a project is made from its dossier: every day that a row of the dossier names, and that has come, is one line. What gets a part in the dossier stands on the timeline too, by the same rights and rows; a
// day that is looked back to looks back here.

// moment is one line of a timeline.
type moment struct {
	day calendar.Date
	// Day and Kind are for people, What is what happened, Title of what, Path where that is kept, "" for nowhere, State how it stands.
	Day, Kind, What, Title, Path, State string
}

// moments are the days that the parts of a dossier name, the latest first, those of a part of the name kind only unless that is "". A day after last has not come.
func moments(parts []dossierPart, kind string, last calendar.Date) []moment {
	var out []moment
	for _, p := range parts {
		if kind != "" && p.ID != kind {
			continue
		}
		stated := len(p.Heads) > 1 && p.Heads[1] == "状态"
		for _, r := range p.Rows {
			texts := r.Texts()
			for i, cell := range r.Cells {
				day, ok := cell.(calendar.Date)
				if !ok || day.IsZero() || day.Compare(last) > 0 || i == 0 {
					continue
				}
				m := moment{day: day, Day: day.Chinese(), Kind: p.Title, What: p.Heads[i], Title: texts[0], Path: r.Path}
				if stated {
					m.State = texts[1]
				}
				// The facts of the register name the day in the second column and what it is in the first.
				if len(p.Heads) == 2 {
					m.What, m.Title = texts[0], ""
				}
				out = append(out, m)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b moment) int { return cmp.Or(b.day.Compare(a.day), cmp.Compare(a.Kind, b.Kind)) })
	return out
}

// timelineView is what timeline.html shows.
type timelineView struct {
	Name, Sub     string
	Crumbs        []crumb
	Path          string
	Kind          field
	Rows          []moment
	Count         int
	Next, Dossier string
}

// momentsShown is how many lines a page of a timeline has.
const momentsShown = 50

// projectTimeline shows what happened about a project in the order of time, the latest first.
func (s *Server) projectTimeline(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.projectDossier(c, by)
	if err != nil {
		return err
	}
	last, kind := s.registered.On(c.UserContext()), c.Query("kind")
	path := projectPath(c.Params("id"))
	v := timelineView{Name: d.Name, Sub: d.Sub, Crumbs: d.Crumbs, Path: path + "/timeline", Dossier: path + "/dossier", Kind: field{Name: "kind", Label: "种类", Options: []option{{Label: "全部"}}, Value: kind}}
	for _, p := range d.Parts {
		if n := len(moments([]dossierPart{p}, "", last)); n > 0 {
			v.Kind.Options = append(v.Kind.Options, option{p.ID, p.Title + "（" + count(n) + "）"})
		}
	}
	all := moments(d.Parts, kind, last)
	v.Count = len(all)
	from := max(0, int(seqOf(c.Query("after"))))
	v.Rows = all[min(from, len(all)):min(from+momentsShown, len(all))]
	if from+momentsShown < len(all) {
		v.Next = nextPage(c, strconv.Itoa(from+momentsShown))
	}
	return s.render(c, by, "timeline", page{Title: v.Name + "时间线", Nav: projectsPath, Data: v})
}

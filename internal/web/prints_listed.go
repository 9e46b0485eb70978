package web

import (
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/report/returns"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/filing"
	"redsteward/registry/handover"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/inspection"
	"redsteward/supervision/survey"
	"redsteward/supervision/wish"
)

// listedPapers are the papers of a list that is no list of cases. A paper opens at its own address with its own right; here is only told which a row has.
type listedPapers[T any] struct {
	path, title string
	read        policy.Action
	// names narrow the list, as its own page calls them, beside the search; filters are the fields for them.
	names   []string
	filters func(value map[string]string) []field
	// page is a page of the list, row what a row says and which papers it has: Value is what at gets.
	page func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[T], error)
	row  func(by policy.Actor, id string, one *T) printRow
	at   func(id, paper string) string
}

func (p listedPapers[T]) about() (path, title string, read policy.Action) {
	return p.path, p.title, p.read
}

func (p listedPapers[T]) paperAt(id, paper string) string { return p.at(id, paper) }

func (p listedPapers[T]) papersOf(c *fiber.Ctx, by policy.Actor) ([]field, []printRow, string, error) {
	l := readList(c, printsPath, append([]string{"q"}, p.names...)...)
	found, err := p.page(c, by, l)
	if err != nil {
		return nil, nil, "", err
	}
	var rows []printRow
	for i := range found.Docs {
		row := p.row(by, found.Docs[i].ID, &found.Docs[i].State)
		for k := range row.Papers {
			row.Papers[k].Value = found.Docs[i].ID + "~" + row.Papers[k].Value
		}
		if len(row.Papers) > 0 {
			rows = append(rows, row)
		}
	}
	var filters []field
	if p.filters != nil {
		filters = p.filters(l.value)
	}
	return filters, rows, nextPage(c, found.Next), nil
}

// printPaths makes addresses of papers that lie below "/print/" of what they are of.
func printPaths(path string) func(id, paper string) string {
	return func(id, paper string) string { return path + "/" + id + "/print/" + paper }
}

// below makes addresses of papers that lie right below what they are of.
func below(path string) func(id, paper string) string {
	return func(id, paper string) string { return path + "/" + id + "/" + paper }
}

// boxes are the papers of a row, each with what its box sends.
func boxes(papers []crumb) (out []printBox) {
	for _, p := range papers {
		out = append(out, printBox{Value: p.Path, Title: p.Label})
	}
	return out
}

// pageFrom is a page of rows that are read all at once; the address of the next one is how many come before it.
func pageFrom[T any](l listAddress, rows []store.Doc[T]) (page store.Page[T]) {
	from, err := strconv.Atoi(l.after)
	if err != nil || from < 0 || from > len(rows) {
		from = 0
	}
	to := min(from+registry.PageSize, len(rows))
	if page.Docs = rows[from:to]; to < len(rows) {
		page.Next = strconv.Itoa(to)
	}
	return page
}

// listedKinds are the lists beside those of cases whose papers are printed together.
func (s *Server) listedKinds() (out []printKind) {
	add := func(has bool, kind printKind) {
		if has && !s.off(first3(kind.about())) {
			out = append(out, kind)
		}
	}
	add(s.filings != nil, listedPapers[filing.Filing]{path: filingsPath, title: "登记备案", read: policy.ReadFiling, names: []string{"kind", "state"}, at: filingPaperAt,
		filters: func(value map[string]string) []field {
			kinds := []option{{Label: "全部"}}
			for _, k := range s.filings.Kinds.All() {
				kinds = append(kinds, option{Value: k.ID, Label: k.Title})
			}
			return []field{{Name: "kind", Label: "种类", Options: kinds, Value: value["kind"]}, stateFilter(filing.States(), value)}
		},
		page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[filing.Filing], error) {
			return s.filings.List(c.UserContext(), by, filingFilter(l), l.after)
		},
		row: func(by policy.Actor, id string, f *filing.Filing) printRow {
			return printRow{Path: filingsPath + "/" + id, Name: f.Subject(), Sub: f.Title + " " + f.Number, State: f.State.Title(), Papers: append(boxes(filingPapers(f)), pageBoxes(s.filingPapers(by, f))...)}
		}})
	add(s.handovers != nil, listedPapers[handover.Handover]{path: handoversPath, title: "承接查验", read: policy.ReadHandover, names: []string{"state"}, at: printPaths(handoversPath),
		filters: func(value map[string]string) []field { return []field{stateFilter(handover.States(), value)} },
		page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[handover.Handover], error) {
			return s.handovers.Service.ListPage(c.UserContext(), by, handover.Filter{Text: l.value["q"], State: handover.State(l.value["state"])}, l.after)
		},
		row: func(_ policy.Actor, id string, h *handover.Handover) printRow {
			row := printRow{Path: handoversPath + "/" + id, Name: h.Title(), Sub: h.Number(id), State: h.State.Title()}
			for _, kind := range handoverOrder {
				if printable(h, kind) {
					row.Papers = append(row.Papers, printBox{Value: kind, Title: handoverPapers[kind]})
				}
			}
			return row
		}})
	add(s.deliberations != nil, listedPapers[deliberation.Item]{path: deliberationPath, title: "红色议事", read: policy.ReadDeliberation, names: []string{"state"}, at: printPaths(deliberationPath),
		filters: func(value map[string]string) []field {
			return []field{{Name: "state", Label: "状态", Value: value["state"], Options: choicesOf("全部", deliberation.States())}}
		},
		page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[deliberation.Item], error) {
			list, err := s.deliberations.Items(c.UserContext(), by, deliberation.Filter{Text: l.value["q"], State: deliberation.State(l.value["state"])})
			return pageFrom(l, list), err
		},
		row: func(_ policy.Actor, id string, i *deliberation.Item) printRow {
			return printRow{Path: deliberationPath + "/" + id, Name: i.Name(), Sub: i.Place(), State: i.State.Title(), Papers: boxes(deliberationPapers(i))}
		}})
	add(s.deliberations != nil, listedPapers[deliberation.Meeting]{path: sessionsPath, title: "议事会议", read: policy.ReadDeliberation, names: []string{"state"}, at: printPaths(sessionsPath),
		filters: func(value map[string]string) []field {
			return []field{{Name: "state", Label: "状态", Value: value["state"], Options: choicesOf("全部", deliberation.MeetingStates())}}
		},
		page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[deliberation.Meeting], error) {
			list, err := s.deliberations.Meetings(c.UserContext(), by, deliberation.MeetingFilter{Text: l.value["q"], State: deliberation.MeetingState(l.value["state"])})
			return pageFrom(l, list), err
		},
		row: func(_ policy.Actor, id string, m *deliberation.Meeting) printRow {
			row := printRow{Path: sessionsPath + "/" + id, Name: m.On.Chinese() + " " + m.At, Sub: m.Place(), State: m.State.Title()}
			if len(m.Agenda) > 0 { // the notice is there only once a result may be told, which its page looks up
				row.Papers = []printBox{{Value: "minutes", Title: "会议纪要"}, {Value: "notice", Title: "议事结果公告"}}
			}
			return row
		}})
	add(s.wishes != nil, listedPapers[wish.Wish]{path: needsPath, title: "收件回执", read: policy.ReadWish, names: []string{"state"}, at: func(id, paper string) string { return needsPath + "/" + id + "/receipts/" + paper },
		filters: func(value map[string]string) []field {
			return []field{{Name: "state", Label: "状态", Value: value["state"], Options: choicesOf("全部", wish.States())}}
		},
		page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[wish.Wish], error) {
			list, err := s.wishes.List(c.UserContext(), by, wish.Filter{Text: l.value["q"], State: wish.State(l.value["state"]), Order: string(wish.OrderErrand)})
			return pageFrom(l, list), err
		},
		row: func(_ policy.Actor, id string, w *wish.Wish) printRow {
			row := printRow{Path: needsPath + "/" + id, Name: cut(w.Words, 24), Sub: w.Spotted(), State: w.Title()}
			for i, r := range w.Receipts {
				row.Papers = append(row.Papers, printBox{Value: count(i), Title: "收件" + r.Text()})
			}
			return row
		}})
	add(s.returns != nil, listedPapers[returns.Return]{path: returnsPath, title: "报表", read: policy.ReadReturn, names: []string{"form", "state"}, at: func(id, _ string) string { return returnPath(id) + "/print" },
		filters: func(value map[string]string) []field {
			return []field{{Name: "form", Label: "报表", Options: s.formOptions(), Value: value["form"]}, {Name: "state", Label: "状态", Options: choicesOf("全部", returns.States()), Value: value["state"]}}
		},
		page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[returns.Return], error) {
			return s.returns.List(c.UserContext(), by, s.returnFilter(l), l.after)
		},
		row: func(_ policy.Actor, id string, r *returns.Return) printRow {
			return printRow{Path: returnPath(id), Name: r.Words + r.Title, Sub: r.Place, State: r.State.Title(), Papers: []printBox{{Value: "print", Title: "统计报表"}}}
		}})
	add(s.cycle != nil, listedPapers[cycle.Period]{path: "/circulars", title: "评价通报", read: policy.Public, at: below("/circulars"),
		page: func(c *fiber.Ctx, _ policy.Actor, l listAddress) (store.Page[cycle.Period], error) {
			found, err := s.publishedPeriods(c.UserContext())
			var docs []store.Doc[cycle.Period]
			for _, p := range found {
				if registry.Finds(p.Name, l.value["q"]) {
					docs = append(docs, store.Doc[cycle.Period]{ID: p.ID, State: p})
				}
			}
			return pageFrom(l, docs), err
		},
		row: func(_ policy.Actor, id string, p *cycle.Period) printRow {
			return printRow{Path: "/circulars/" + id, Name: p.Name, Sub: p.Publication.Number, State: rhythmWord(p.Rhythm), Papers: []printBox{{Value: "paper", Title: "评价通报"}}}
		}})
	add(s.draws != nil, listedPapers[inspection.Draw]{path: lotsPath, title: "双随机抽取", read: policy.DrawInspection, at: below(lotsPath),
		page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[inspection.Draw], error) {
			found, err := s.draws.List(c.UserContext(), by, l.after)
			found.Docs = slices.DeleteFunc(found.Docs, func(d store.Doc[inspection.Draw]) bool { return !registry.Finds(d.State.Title, l.value["q"]) })
			return found, err
		},
		row: func(_ policy.Actor, id string, d *inspection.Draw) printRow {
			row := printRow{Path: lotsPath + "/" + id, Name: d.Title, Sub: d.Day.Chinese(), State: d.State.Title()}
			if len(d.Picks) > 0 {
				row.Papers = []printBox{{Value: "print", Title: "双随机抽取结果"}}
			}
			return row
		}})
	add(s.surveys != nil, listedPapers[survey.Survey]{path: surveysPath, title: "满意度调查", read: policy.ReadSurvey, names: []string{"state"}, at: below(surveysPath),
		filters: func(value map[string]string) []field { return []field{stateFilter(survey.States(), value)} },
		page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[survey.Survey], error) {
			list, err := s.surveys.List(c.UserContext(), by, surveyFilter(l))
			return pageFrom(l, list), err
		},
		row: func(by policy.Actor, id string, o *survey.Survey) printRow {
			return printRow{Path: surveysPath + "/" + id, Name: o.Name, Sub: strconv.FormatInt(o.Year, 10) + " 年", State: o.State.Title(), Papers: boxes(s.surveyPapers(by, o))}
		}})
	return append(out, s.listedPages()...)
}

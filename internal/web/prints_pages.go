package web

import (
	"github.com/gofiber/fiber/v2"

	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/change"
	"redsteward/registry/conduct"
	"redsteward/registry/owners"
	"redsteward/supervision/collection"
	"redsteward/supervision/inspection"
	"redsteward/supervision/matter"
)

// pageBoxes are the papers of a page (pagePaper), each with what its box sends.
func pageBoxes(papers []pagePaper) (out []printBox) {
	for _, p := range papers {
		out = append(out, printBox{Value: p.link, Title: p.title})
	}
	return out
}

// filingPaperAt is the address of a paper of a filing: its receipt has one of its own.
func filingPaperAt(id, paper string) string {
	if paper == "receipt" {
		return filingsPath + "/" + id + "/" + paper
	}
	return printPaths(filingsPath)(id, paper)
}

// printedList is a list with filters of its own (caseList) of which papers are printed; home is where its rows have their pages, papers tells which a row has.
type printedList[T any] struct {
	caseList[T]
	s      *Server
	home   string
	papers func(one *T) []printBox
}

func (p printedList[T]) about() (path, title string, read policy.Action) {
	return p.home, p.title, p.read
}

func (p printedList[T]) paperAt(id, paper string) string { return printPaths(p.home)(id, paper) }

func (p printedList[T]) papersOf(c *fiber.Ctx, by policy.Actor) ([]field, []printRow, string, error) {
	return p.printed(p.s, c, by, p.home, p.papers)
}

// listedPages are the lists whose rows have a page with papers (pagePaper).
func (s *Server) listedPages() (out []printKind) {
	add := func(has bool, kind func() printKind) {
		if !has {
			return
		}
		if k := kind(); !s.off(first3(k.about())) {
			out = append(out, k)
		}
	}
	add(s.changes != nil, func() printKind {
		return listedPapers[change.Change]{path: changesPath, title: "物业更换", read: policy.ReadRegister, names: []string{"state"}, at: printPaths(changesPath),
			filters: func(value map[string]string) []field {
				return []field{{Name: "state", Label: "状态", Value: value["state"], Options: choicesOf("全部", change.States())}}
			},
			page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[change.Change], error) {
				list, err := s.changes.Find(c.UserContext(), by, change.Filter{Text: l.value["q"], State: change.State(l.value["state"])})
				return pageFrom(l, list), err
			},
			row: func(by policy.Actor, id string, k *change.Change) printRow {
				return printRow{Path: changesPath + "/" + id, Name: k.Name(), Sub: k.FirmName, State: k.State.Title(), Papers: pageBoxes(s.changePapers(by, k))}
			}}
	})
	add(s.bodies != nil, func() printKind {
		return listedPapers[owners.Founding]{path: bodiesPath, title: "业主组织", read: policy.ReadRegister, names: []string{"state"}, at: printPaths(bodiesPath),
			filters: func(value map[string]string) []field {
				return []field{{Name: "state", Label: "组建和换届", Value: value["state"], Options: choicesOf("全部", owners.States())}}
			},
			page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[owners.Founding], error) {
				lines, err := s.bodies.Lines(c.UserContext(), by, owners.Query{Text: l.value["q"], State: owners.State(l.value["state"])})
				var list []store.Doc[owners.Founding]
				for _, line := range lines {
					if line.Founding != nil {
						list = append(list, *line.Founding)
					}
				}
				return pageFrom(l, list), err
			},
			row: func(_ policy.Actor, id string, f *owners.Founding) printRow {
				return printRow{Path: bodyPath(id), Name: f.Title(), State: f.State.Title(), Papers: pageBoxes(s.bodyPapers(f))}
			}}
	})
	add(s.matters != nil, func() printKind {
		return listedPapers[matter.Matter]{path: mattersPath, title: "事项", read: policy.ReadMatter, names: matterFilters[1:], at: printPaths(mattersPath),
			filters: func(value map[string]string) []field {
				return []field{{Name: "state", Label: "状态", Value: value["state"], Options: choicesOf("全部", matter.States())}}
			},
			page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[matter.Matter], error) {
				return s.matters.List(c.UserContext(), by, matterFilter(l), l.after)
			},
			row: func(_ policy.Actor, id string, m *matter.Matter) printRow {
				return printRow{Path: mattersPath + "/" + id, Name: m.CategoryTitle, Sub: joinWords(m.CommunityName, m.ProjectName, m.Day.Chinese()), State: m.State.Title(), Papers: pageBoxes(s.matterPapers(id, m))}
			}}
	})
	add(s.supervision != nil, func() printKind {
		return listedPapers[inspection.Visit]{path: visitsPath, title: "走访评价", read: policy.ReadVisit, names: []string{"state"}, at: printPaths(visitsPath),
			filters: func(value map[string]string) []field { return []field{stateFilter(inspection.VisitStates(), value)} },
			page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[inspection.Visit], error) {
				return s.supervision.Visits.List(c.UserContext(), by, inspection.VisitFilter{Name: l.value["q"], State: inspection.VisitState(l.value["state"])}, l.after)
			},
			row: func(_ policy.Actor, id string, v *inspection.Visit) printRow {
				row := printRow{Path: visitsPath + "/" + id, Name: v.Name, Sub: v.Day.Chinese(), State: v.State.Title()}
				if v.State != inspection.Planned && v.State != inspection.Cancelled {
					row.Papers = []printBox{{Value: "sheet", Title: visitSheetTitle}}
				}
				return row
			}}
	})
	if s.conduct != nil {
		for _, b := range conduct.Books() {
			add(b.Object() != "", func() printKind { return s.listedBook(b) })
		}
	}
	add(s.collections != nil, func() printKind {
		return printedList[collection.Task]{s.collectionList(), s, collectionsPath, func(*collection.Task) []printBox { return []printBox{{Value: "notice", Title: "收表通知"}} }}
	})
	add(s.collections != nil, func() printKind {
		return printedList[collection.Sheet]{s.receivedList(), s, collectionSheetsPath, func(*collection.Sheet) []printBox {
			return []printBox{{Value: "notice", Title: "收表通知"}, {Value: "form", Title: "收表填报表"}}
		}}
	})
	add(s.letters != nil, func() printKind {
		return printedList[casework.Letter]{s.letterList(), s, lettersPath, func(*casework.Letter) []printBox { return []printBox{{Value: "receipt", Title: receiptTitle}} }}
	})
	return out
}

// listedBook is a book of conduct against whose entries a firm may object.
func (s *Server) listedBook(b conduct.Book) printKind {
	return listedPapers[conduct.Entry]{path: bookPath(b), title: b.Title(), read: b.Read(), names: conductFilters[1:], at: printPaths(bookPath(b)),
		filters: func(value map[string]string) []field {
			return []field{{Name: "class", Label: classWord(b), Value: value["class"], Options: choicesOf("全部", s.conduct.Terms.ClassChoices(b))}, stateFilter(conduct.States(), value)}
		},
		page: func(c *fiber.Ctx, by policy.Actor, l listAddress) (store.Page[conduct.Entry], error) {
			return s.conduct.List(c.UserContext(), by, b, conductFilter(l), l.after)
		},
		row: func(_ policy.Actor, id string, e *conduct.Entry) printRow {
			return printRow{Path: bookPath(b) + "/" + id, Name: e.FirmName, Sub: joinWords(e.Title, e.Number), State: e.State.Title(), Papers: pageBoxes(s.conductPapers(b, e))}
		}}
}

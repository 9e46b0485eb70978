package web

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/filing"
	"redsteward/registry/handover"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/inspection"
	"redsteward/supervision/matter"
	"redsteward/supervision/rectification"
	"redsteward/supervision/wish"
)

// searchPath is the one box for all registers.
const searchPath = "/search"

// searchShown is how many hits of one kind the page shows; more are in the list that it leads to.
const searchShown = 8

// searchView is what search.html shows.
type searchView struct {
	Query  string
	Groups []searchGroup
}

// searchGroup are the hits of one kind.
type searchGroup struct {
	// ID is the anchor, Title the heading, More the list with all of them, "" if there is none.
	ID, Title, More string
	Rows            []searchHit
	// Count is how many there are; Over: more than that.
	Count int
	Over  bool
	// Narrow: there is so much of this kind that a text alone finds nothing; its list has filters.
	Narrow bool
}

// searchHit is one hit.
type searchHit struct{ Name, Path, Sub string }

// add appends a hit, as long as the page has room for it.
func (g *searchGroup) add(name, path string, sub ...string) {
	g.Count++
	if len(g.Rows) < searchShown {
		var said []string
		for _, text := range sub {
			if text = strings.TrimSpace(text); text != "" {
				said = append(said, text)
			}
		}
		g.Rows = append(g.Rows, searchHit{name, path, strings.Join(said, " · ")})
	}
}

// counted says how many a register page found in all.
func (g *searchGroup) counted(n int) {
	g.Count, g.Over = min(n, registry.CountTo), n > registry.CountTo
}

// searched is one kind of thing that the box finds: who may see it, and how it is found.
type searched struct {
	id, title string
	action    policy.Action
	there     bool
	find      func(ctx context.Context, by policy.Actor, text string, g *searchGroup) error
}

// searchedText is what is looked for, cut to the longest query of a list.
func searchedText(c *fiber.Ctx) string {
	text := []rune(strings.TrimSpace(c.Query("q")))
	return string(text[:min(len(text), maxQuery)])
}

// search finds a text in every register that the actor may read, each asked through its own service with its own scope.
func (s *Server) search(c *fiber.Ctx, by policy.Actor) error {
	v := searchView{Query: searchedText(c)}
	if registry.Searchable(v.Query) {
		for _, kind := range s.searchedKinds() {
			if !kind.there || !s.guard.Allow(by, kind.action) {
				continue
			}
			g := searchGroup{ID: kind.id, Title: kind.title}
			err := kind.find(c.UserContext(), by, v.Query, &g)
			if g.Narrow = fault.Is(err, fault.Invalid); err != nil && !g.Narrow {
				return err
			}
			if g.Count > 0 || g.Narrow {
				v.Groups = append(v.Groups, g)
			}
		}
	}
	return s.render(c, by, "search", page{Title: "查找", Nav: searchPath, Data: v, Scripts: []string{"search.js"}})
}

// found is the address of a list that shows what was searched for.
func foundIn(path, text string) string { return path + "?q=" + url.QueryEscape(text) }

func (s *Server) searchedKinds() []searched {
	return []searched{
		{"projects", "小区", policy.ReadRegister, s.registered != nil, s.searchProjects},
		{"firms", "物业服务企业", policy.ReadRegister, s.registered != nil, s.searchFirms},
		{"developers", "建设单位", policy.ReadRegister, s.registered != nil, s.searchDevelopers},
		{"divisions", "行政区划与网格", policy.ReadRegister, s.registered != nil, s.searchDivisions},
		{"stations", "红色驿站用房", policy.ReadStation, s.serves(stationsPath), s.searchStations},
		{"filings", "登记备案", policy.ReadFiling, s.serves(filingsPath), s.searchFilings},
		{"handovers", "承接查验", policy.ReadHandover, s.serves(handoversPath), s.searchHandovers},
		{"matters", "事项", policy.ReadMatter, s.serves(mattersPath), s.searchMatters},
		{"wishes", "微心愿", policy.ReadWish, s.serves(needsPath), s.searchWishes},
		{"visits", "走访评价", policy.ReadVisit, s.serves(visitsPath), s.searchVisits},
		{"inspections", "行政检查", policy.ReadInspection, s.serves(inspectionsPath), s.searchInspections},
		{"standings", "降星与摘牌", policy.ReadStanding, s.serves(standingsPath), s.searchStandings},
		{"vetoes", "一票否决认定", policy.ReadVeto, s.serves(vetoesPath), s.searchVetoes},
		{"notices", "站内通知", policy.ReadNotice, s.serves(noticesPath), s.searchNotices},
		{"collections", "收表任务", policy.ReadCollection, s.serves(collectionsPath), s.searchCollections},
		{"applications", "星级申报", policy.ReadApplication, s.serves(applicationsPath), s.searchApplications},
		{"rectifications", "整改", policy.ReadRectification, s.serves(rectificationsPath), s.searchRectifications},
		{"topics", "红色议事", policy.ReadDeliberation, s.serves(deliberationPath), s.searchTopics},
		{"accounts", "账号", policy.ReadAccounts, true, s.searchAccounts},
		{"stars", "星级榜", policy.Public, true, s.searchStars},
	}
}

// searchProjects finds projects by name and address, with the owners' body of each.
func (s *Server) searchProjects(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.registered.Projects(ctx, by, registry.ProjectQuery{Text: text})
	for _, r := range found.Rows {
		body := ""
		if r.Body.InOffice() {
			body = registry.TextOf(registry.BodyKinds(), r.Body.Kind)
		}
		g.add(r.Name, projectPath(r.ID), r.TownshipName+" "+r.CommunityName, r.Project.Address, r.FirmName, body)
	}
	g.More = foundIn(projectsPath, text)
	g.counted(found.Count)
	return err
}

func (s *Server) searchFirms(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.registered.Firms(ctx, by, registry.FirmQuery{Text: text})
	for _, r := range found.Rows {
		g.add(r.Name, firmPath(r.ID), string(r.Code), "在管小区 "+count(int(r.Projects))+" 个")
	}
	g.More = foundIn(firmsPath, text)
	g.counted(found.Count)
	return err
}

func (s *Server) searchDevelopers(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.registered.Developers(ctx, by, registry.DeveloperQuery{Text: text})
	for _, r := range found.Rows {
		g.add(r.Name, developerPath(r.ID), string(r.Code))
	}
	g.More = foundIn(developersPath, text)
	g.counted(found.Count)
	return err
}

func (s *Server) searchDivisions(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.registered.FindDivisions(ctx, by, registry.DivisionQuery{Text: text}, "")
	for _, d := range found.Rows {
		above := ""
		if n := len(d.Above); n > 0 {
			above = d.Above[n-1].Display
		}
		g.add(d.Display, divisionPath(d.ID), registry.TextOf(registry.Levels(), d.Level), above, d.CodeOn(s.registered.On(ctx)))
	}
	g.More = foundIn(divisionsPath, text)
	g.counted(found.Count)
	return err
}

func (s *Server) searchStations(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.stations.Books.Entries(ctx, by, registry.EntryQuery{Book: registry.BookPremises, Text: text})
	path := booksPath + "/" + registry.BookPremises
	for _, r := range found.Rows {
		g.add(r.Name, path+"/"+r.ID, r.TownshipName+" "+r.CommunityName, r.Texts["place"])
	}
	g.More = foundIn(path, text)
	g.counted(found.Count)
	return err
}

func (s *Server) searchFilings(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.filings.List(ctx, by, filing.Filter{Text: text}, "")
	for _, d := range found.Docs {
		f := &d.State
		g.add(f.Title, filingsPath+"/"+d.ID, f.ProjectName, f.FirmName, f.Number, f.State.Title())
	}
	g.More, g.Over = foundIn(filingsPath, text), found.Next != ""
	return err
}

// searchHandovers finds handovers by project, phase, developer, firm or number.
func (s *Server) searchHandovers(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.handovers.Service.ListPage(ctx, by, handover.Filter{Text: text}, "")
	for _, d := range found.Docs {
		h := &d.State
		g.add(h.Title(), handoversPath+"/"+d.ID, h.DeveloperName, h.FirmName, h.State.Title(), h.Number(d.ID))
	}
	g.More, g.Over = foundIn(handoversPath, text), found.Next != ""
	return err
}

// searchMatters finds matters by words, place, category, firm and the number that another platform gave, as far as each is shown to the actor.
func (s *Server) searchMatters(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	g.More = foundIn(mattersPath, text)
	found, err := s.matters.List(ctx, by, matter.Filter{Text: text}, "")
	for i := range found.Docs {
		m := &found.Docs[i].State
		g.add(m.CategoryTitle+"："+cut(m.Words, 20), mattersPath+"/"+found.Docs[i].ID, m.Place(), m.Day.Chinese(), m.State.Title())
	}
	g.Over = found.Next != ""
	return err
}

// searchWishes finds wishes by words, place, kind and who serves; who asked is in none of them.
func (s *Server) searchWishes(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	g.More = foundIn(needsPath, text)
	found, err := s.wishes.List(ctx, by, wish.Filter{Text: text})
	for i := range found {
		w := &found[i].State
		g.add(cut(w.Words, 24), needsPath+"/"+found[i].ID, w.KindTitle, w.Spotted(), w.Title())
	}
	return err
}

// searchVisits finds visits by compound; a visit that is kept from the actor is not among them.
func (s *Server) searchVisits(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	g.More = foundIn(visitsPath, text)
	found, err := s.supervision.Visits.List(ctx, by, inspection.VisitFilter{Name: text}, "")
	for i := range found.Docs {
		v := &found.Docs[i].State
		g.add(v.Name, visitsPath+"/"+found.Docs[i].ID, v.Day.Chinese(), cmp.Or(plainTitle(v.Sheet.Title), s.seriesTitle(v.Series)), v.State.Title())
	}
	g.Over = found.Next != ""
	return err
}

// searchInspections finds administrative inspections by compound, firm, number of the notice and electronic code.
func (s *Server) searchInspections(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.inspections.List(ctx, by, inspection.CheckFilter{Text: text}, false, "")
	for i := range found.Docs {
		k := &found.Docs[i].State
		number := ""
		if k.Notice != nil {
			number = k.Notice.Number
		}
		g.add(k.Name, inspectionsPath+"/"+found.Docs[i].ID, k.FirmName, k.Opened.Chinese()+k.Ground.Title(), k.State.Title(), number)
	}
	g.More, g.Over = foundIn(inspectionsPath, text), found.Next != ""
	return err
}

// searchRectifications finds rectifications by compound, firm, problem and number of a paper.
func (s *Server) searchRectifications(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.rectifications.List(ctx, by, rectification.Filter{Text: text}, false, "")
	for i := range found.Docs {
		k := &found.Docs[i].State
		number := ""
		if k.Served != nil {
			number = k.Served.Number
		}
		g.add(k.Name+"："+k.Kind.Title(), rectificationsPath+"/"+found.Docs[i].ID, k.FirmName, k.State.Title(), number)
	}
	g.More, g.Over = foundIn(rectificationsPath, text), found.Next != ""
	return err
}

// searchTopics finds items of 红色议事 by topic, problem and place.
func (s *Server) searchTopics(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.deliberations.Items(ctx, by, deliberation.Filter{Text: text})
	for i := range found {
		topic := &found[i].State
		g.add(topic.Name(), deliberationPath+"/"+found[i].ID, topic.Place(), topic.State.Title())
	}
	g.More = foundIn(deliberationPath, text)
	return err
}

// searchAccounts finds accounts by name and login; an installation has some hundreds.
func (s *Server) searchAccounts(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	for after := ""; ; {
		found, next, err := s.people.ListAccounts(ctx, by, after)
		if err != nil {
			return err
		}
		for _, a := range found {
			if registry.Finds(a.Name, text) || strings.HasPrefix(a.Login, strings.ToLower(strings.TrimSpace(text))) {
				var offices []string
				for _, o := range s.offices(a.Appointments) {
					offices = append(offices, o.Title)
				}
				g.add(a.Name, accountsPath+"/"+a.ID, a.Login, strings.Join(offices, "、"))
			}
		}
		if after = next; after == "" {
			return nil
		}
	}
}

// searchStars finds subjects on the shown board.
func (s *Server) searchStars(ctx context.Context, _ policy.Actor, text string, g *searchGroup) error {
	b, err := s.boardNow(ctx)
	if err != nil {
		return ignoreMissing(err)
	}
	found := b.page(filter{Query: text})
	for _, r := range found.Rows {
		g.add(r.Name, starAddress(r.ID), b.grades[r.Grade].Label, r.Place, r.Firm)
	}
	for _, r := range found.Apart {
		g.add(r.Name, starAddress(r.ID), r.Reason, r.Place, r.Firm)
	}
	g.More, g.Count = foundIn("/", text), found.Count+len(found.Apart)
	return nil
}

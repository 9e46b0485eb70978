package web

import (
	"bytes"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/net/html"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// modulesPath lists the modules.
const modulesPath = "/admin/modules"

// modulePaths are the beginnings of the addresses of each module. What an address decides belongs to the module with it: pages, forms, imports, public pages, entries of the navigation, lines
// of the to-do pages, hits of the search. A module that is switched off has none of them; what was recorded in it stays in dossiers and timelines, and no longer counts.
var modulePaths = map[policy.ModuleID][]string{
	policy.ModuleFiling:        {filingsPath},
	policy.ModuleChange:        {changesPath, riskPath},
	policy.ModuleBodies:        {bodiesPath},
	policy.ModuleHandover:      {handoversPath},
	policy.ModuleFund:          {fundPath},
	policy.ModuleConduct:       {creditPath, marksPath, honoursPath},
	policy.ModuleParty:         {partyPath},
	policy.ModuleStation:       {stationsPath, booksPath, reservePath, modelsPath},
	policy.ModulePapers:        {papersPath},
	policy.ModuleInspection:    {inspectionsPath, inspectedPath, certificatesPath, drawsPath, recusalsPath},
	policy.ModuleRectification: {rectificationsPath},
	policy.ModuleVeto:          {vetoesPath},
	policy.ModuleVisit:         {visitsPath},
	policy.ModuleObservation:   {observationsPath},
	policy.ModuleEvidence:      {"/proofs", "/proof", "/reviews"},
	policy.ModuleMatter:        {mattersPath, tellPath},
	policy.ModuleRepair:        {repairsPath},
	policy.ModuleWish:          {needsPath, servedPath, suppliesPath, membersPath, pointsPath, askPath, shiningPath},
	policy.ModuleDeliberation:  {deliberationPath},
	policy.ModuleCollection:    {collectionsPath},
	policy.ModuleReach:         {noticesPath, outboxPath},
	policy.ModuleSurvey:        {surveysPath, satisfactionPath, answerPath},
}

// corePaths are the beginnings of the addresses that no installation can do without.
var corePaths = []string{"/stars", besidePath, platePath, platesPath, standingsPath, "/firms", "/method", "/open", "/help", privacyPath, "/type", "/signin", "/setup", "/signout", "/todo", urgingPath, homePath, searchPath, recordsPath, "/account", "/rights", "/admin", approvalsPath, "/register", "/periods", schemesPath, "/boards", scorersPath,
	scoresPath, objectionsPath, applicationsPath, responsesPath, publicityPath, remarksPath, coachPath, coachTasksPath, listsPath, returnsPath, lettersPath, printsPath, "/print", templatesPath, "/circulars", "/healthz", "/readyz", "/assets", "/favicon", "/robots", "/api"}

// ModuleOf is the module to which an address or a pattern of the route table belongs, "" for what no installation can do without; false if nobody has said where it belongs.
func ModuleOf(path string) (policy.ModuleID, bool) {
	found, longest, known := policy.ModuleID(""), 0, path == "/"
	try := func(id policy.ModuleID, begin string) {
		if rest, ok := strings.CutPrefix(path, begin); ok && (rest == "" || rest[0] == '/' || rest[0] == '.') && len(begin) > longest {
			found, longest, known = id, len(begin), true
		}
	}
	for _, begin := range corePaths {
		try("", begin)
	}
	for id, paths := range modulePaths {
		for _, begin := range paths {
			try(id, begin)
		}
	}
	return found, known
}

// moduleAt is the module of an address of this site; the zero Module for what is none.
func (s *Server) moduleAt(address string) policy.Module {
	if end := strings.IndexAny(address, "?#"); end >= 0 {
		address = address[:end]
	}
	id, _ := ModuleOf(address)
	module, _ := s.modules.Of(id)
	return module
}

// off reports whether an address of this site belongs to a module that is switched off.
func (s *Server) off(address string) bool {
	return s.modules.SomeOff() && s.moduleAt(address).Off != ""
}

// moduleOff is the refusal of what belongs to a module that is switched off.
type moduleOff struct{ policy.Module }

// Error implements error.
func (m *moduleOff) Error() string { return "module " + string(m.ID) + " is switched off" }

// inModule refuses a route of a module that is switched off: with NotFound, since there is nothing here now, and nobody has tried what he may not.
func inModule(m policy.Module) error {
	if m.Off == "" {
		return nil
	}
	return fault.Wrap("web.inModule", fault.NotFound, "", &moduleOff{m})
}

// offOf is the module that a request was refused for.
func offOf(err error) (policy.Module, bool) {
	var off *moduleOff
	if !errors.As(err, &off) {
		return policy.Module{}, false
	}
	return off.Module, true
}

// withoutOff leaves out the tasks of modules that are switched off.
func (s *Server) withoutOff(tasks []Task) []Task {
	return slices.DeleteFunc(tasks, func(k Task) bool { return s.off(k.Link) || s.off(k.Nav) })
}

// hideOff takes out of a finished page what leads to modules that are switched off: buttons and forms go, of other links the words stay.
func (s *Server) hideOff(page []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(page))
	z := html.NewTokenizer(bytes.NewReader(page))
	// drop is the element that is left out up to its end, bare that of which only the inside stays.
	drop, bare := "", false
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.Bytes()
		}
		raw := bytes.Clone(z.Raw())
		if kind != html.StartTagToken && kind != html.EndTagToken {
			if drop == "" {
				out.Write(raw)
			}
			continue
		}
		t := z.Token()
		switch {
		case drop != "":
			if kind == html.EndTagToken && t.Data == drop {
				drop = ""
			}
			continue
		case kind == html.EndTagToken && t.Data == "a" && bare:
			bare = false
			continue
		case kind == html.StartTagToken && (t.Data == "a" || t.Data == "form"):
			at := "href"
			if t.Data == "form" {
				at = "action"
			}
			_, address := attribute(t, at)
			_, class := attribute(t, "class")
			if u, err := url.Parse(address); err == nil && u.Host == "" && s.off(u.Path) {
				if t.Data == "form" || slices.Contains(strings.Fields(class), "btn") {
					drop = t.Data
				} else {
					bare = true
				}
				continue
			}
		}
		out.Write(raw)
	}
}

// moduleLine is a module on the page of modules.
type moduleLine struct {
	policy.Module
	// Pages are the entries of the navigation that belong to it.
	Pages []string
}

// moduleList shows which modules this installation has and who is responsible for each.
func (s *Server) moduleList(c *fiber.Ctx, by policy.Actor) error {
	var lines []moduleLine
	for _, m := range s.modules.All() {
		line := moduleLine{Module: m}
		add := func(item navItem) {
			if id, _ := ModuleOf(item.Path); id == m.ID && !slices.Contains(line.Pages, item.Label) {
				line.Pages = append(line.Pages, item.Label)
			}
		}
		for _, g := range officeNav {
			for _, item := range g.Items {
				add(item)
			}
		}
		for _, item := range publicNav {
			add(item)
		}
		lines = append(lines, line)
	}
	return s.render(c, by, "modules", page{Title: "模块与主管单位", Nav: modulesPath, Data: lines})
}

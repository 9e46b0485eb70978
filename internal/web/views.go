package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// Every list whose filter stands in its address has saved views: the frame of the page offers them above it. A handler needs nothing of its own beside readList or markList.

// viewsPath is where one's saved views are renamed and removed.
const viewsPath = "/account/views"

// notSaved are the parameters of a list that a saved view leaves out: its page, its look back, and what was just done.
var notSaved = []string{"after", "trail", "all", "done", knownName}

type listKey struct{}

// markList says that a page is a list with its filter and order in its address.
func markList(c *fiber.Ctx) { c.Locals(listKey{}, true) }

// savedBar is what the frame shows above a list.
type savedBar struct {
	Views []savedLink
	// Path and Query are the list as it stands; Query is "" where there is nothing to save.
	Path, Query string
}

// savedLink is one saved view.
type savedLink struct {
	ID            int64
	Name, Address string
	Current       bool
}

// listQuery is the filter and order of an address, in one spelling.
func listQuery(raw string) string {
	v, err := url.ParseQuery(raw)
	if err != nil {
		return ""
	}
	for _, name := range notSaved {
		v.Del(name)
	}
	for name, values := range v {
		if len(values) == 0 || strings.TrimSpace(values[0]) == "" {
			v.Del(name)
		}
	}
	return v.Encode()
}

func savedLinkOf(v policy.SavedView) savedLink {
	return savedLink{ID: v.ID, Name: v.Name, Address: v.Path + "?" + v.Query}
}

// savedFor is the bar of a page; nil for a page that is no list, when looking back, and where there is nothing to show.
func (s *Server) savedFor(c *fiber.Ctx, by policy.Actor) (*savedBar, error) {
	if list, _ := c.Locals(listKey{}).(bool); !list || s.views == nil || !by.SignedIn() || by.MustChangePassword || looksBackNow(c) {
		return nil, nil
	}
	own, err := s.views.Own(c.UserContext(), by, c.Path())
	if err != nil {
		return nil, err
	}
	bar := &savedBar{Path: strings.Clone(c.Path()), Query: listQuery(string(c.Request().URI().QueryString()))}
	now := bar.Query
	for _, v := range own {
		link := savedLinkOf(v)
		if link.Current = v.Query == now; link.Current {
			bar.Query = ""
		}
		bar.Views = append(bar.Views, link)
	}
	if len(bar.Views) == 0 && bar.Query == "" {
		return nil, nil
	}
	return bar, nil
}

// viewRoutes are the rows of saved views.
func (s *Server) viewRoutes() []Route {
	if s.views == nil {
		return nil
	}
	const get, post = fiber.MethodGet, fiber.MethodPost
	return []Route{
		{Method: get, Path: viewsPath, Action: policy.ReadOwnAccount, Handler: s.savedViews},
		{Method: post, Path: viewsPath, Action: policy.UpdateOwnAccount, Handler: s.saveView},
		{Method: post, Path: viewsPath + "/:id<int>/rename", Action: policy.UpdateOwnAccount, Handler: s.renameView},
		{Method: post, Path: viewsPath + "/:id<int>/remove", Action: policy.UpdateOwnAccount, Handler: s.removeView},
	}
}

// viewsView is what views.html shows.
type viewsView struct {
	Views []savedRow
	// New is the form of a view that was refused, with its list; nil without one.
	New         *field
	Path, Query string
}

// savedRow is one saved view with the list that it is of.
type savedRow struct {
	savedLink
	List string
}

var viewsSaid = map[string]string{"renamed": "已改名。", "removed": "已删去。"}

// savedViews lists one's saved views.
func (s *Server) savedViews(c *fiber.Ctx, by policy.Actor) error {
	return s.showViews(c, by, viewsView{}, nil)
}

func (s *Server) showViews(c *fiber.Ctx, by policy.Actor, v viewsView, refused []fault.Field) error {
	own, err := s.views.Own(c.UserContext(), by, "")
	if err != nil {
		return err
	}
	for _, one := range own {
		v.Views = append(v.Views, savedRow{savedLinkOf(one), s.listTitle(one.Path)})
	}
	p := page{Title: "保存的视图", Nav: "/account", Data: v, Fields: refused, Said: saidParam(c, viewsSaid)}
	if len(refused) > 0 {
		return s.refuse(c, by, "views", p)
	}
	return s.render(c, by, "views", p)
}

// listTitle is what the navigation calls a list, its path if it is not there.
func (s *Server) listTitle(path string) string {
	for _, g := range officeNav {
		for _, item := range g.Items {
			if item.Path == path {
				return item.Label
			}
		}
	}
	return path
}

// saveView keeps the filter of a list under a name. The list must be a page that the actor may open.
func (s *Server) saveView(c *fiber.Ctx, by policy.Actor) error {
	in := policy.SavedView{Path: c.FormValue("path"), Query: listQuery(c.FormValue("query")), Name: c.FormValue("name")}
	r := s.routeTo(in.Path)
	if r == nil || r.Path != in.Path || !s.guard.Allow(by, r.Action) {
		return fault.New("web.saveView", fault.NotFound, "没有找到要保存的列表")
	}
	err := s.views.Save(c.UserContext(), by, in)
	if refused := refusedForm(err); len(refused) > 0 {
		shown := withErrors([]field{{Name: "name", Label: "视图名称", Type: "text", Autocomplete: "off", Value: in.Name}}, refused)
		return s.showViews(c, by, viewsView{New: &shown[0], Path: in.Path, Query: in.Query}, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, in.Path+"?"+in.Query)
}

func viewID(c *fiber.Ctx) int64 {
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return 0 // no view has it
	}
	return id
}

func (s *Server) renameView(c *fiber.Ctx, by policy.Actor) error {
	err := s.views.Rename(c.UserContext(), by, viewID(c), c.FormValue("name"))
	if refused := refusedForm(err); len(refused) > 0 {
		refused[0].Name = "name-" + c.Params("id")
		return s.showViews(c, by, viewsView{}, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, viewsPath+"?done=renamed")
}

func (s *Server) removeView(c *fiber.Ctx, by policy.Actor) error {
	if err := s.views.Remove(c.UserContext(), by, viewID(c)); err != nil {
		return err
	}
	return seeOther(c, viewsPath+"?done=removed")
}

package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/net/html"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Looking back: a page that reads the registers is opened “as known at the end of a day” with ?known=2026-06-30. The context of the request then makes
// every collection answer from its journal as of that moment (store.KnownAt), so handlers and services need nothing of their own for it. What comes out is
// filtered: links to pages that can look back keep the day, forms that change something and links to them are left out.

// knownName is the parameter of an address that looks back.
const knownName = "known"

// lookBackPaths are the beginnings of the addresses that can look back. A part of the program whose documents tell the whole of its pages adds its own.
var lookBackPaths = []string{"/register/", filingsPath, handoversPath, changesPath, fundPath, deliberationPath, creditPath, marksPath, honoursPath, standingsPath, partyPath, stationsPath, rectificationsPath, vetoesPath, applicationsPath, inspectionsPath, booksPath, papersPath, modelsPath, approvalsPath, mattersPath, repairsPath, surveysPath}

// looksBack reports whether a page can be opened as known on an earlier day: it reads, and it reads nothing but documents with a journal. Pages for everybody do so only for
// those with the right that they name, because what was taken down stays down.
func (r *Route) looksBack() bool {
	action := cmp.Or(r.Knows, r.Action)
	return r.Method == fiber.MethodGet && action.Verb() == "read" && action != policy.Public && slices.ContainsFunc(lookBackPaths, func(path string) bool { return strings.HasPrefix(r.Path, path) })
}

type lookKey struct{}

// lookView is what the frame of a page shows about looking back.
type lookView struct {
	// Day is the day that is looked back to; zero for the present.
	Day calendar.Date
	// Path and Hidden are the address of this page without the day, Last the latest day that can be asked for.
	Path   string
	Hidden []option
	Last   string
}

// Now is the address of this page as it is now.
func (l lookView) Now() string {
	v := url.Values{}
	for _, h := range l.Hidden {
		v.Add(h.Value, h.Label)
	}
	if len(v) == 0 {
		return l.Path
	}
	return l.Path + "?" + v.Encode()
}

// lookBack reads the day that a request looks back to and lets everything it reads answer as of then. Returns Invalid for what is no day before today, Unauthenticated or
// Forbidden for an open page without the right that it names.
func (s *Server) lookBack(c *fiber.Ctx, by policy.Actor, r *Route) error {
	const op = "web.lookBack"
	if !r.looksBack() {
		return nil
	}
	text := c.Query(knownName)
	if r.Knows != "" && !s.guard.Allow(by, r.Knows) {
		if text == "" {
			return nil
		}
		return s.guard.Require(by, r.Knows)
	}
	today := calendar.DateOf(s.clocks.Business())
	look := &lookView{Path: c.Path(), Last: today.Add(-1).String()}
	for name, value := range c.Request().URI().QueryArgs().All() {
		if string(name) != knownName && string(name) != "after" && string(name) != "trail" && len(value) > 0 {
			look.Hidden = append(look.Hidden, option{Value: string(name), Label: string(value)})
		}
	}
	c.Locals(lookKey{}, look)
	if text == "" {
		return nil
	}
	day, err := calendar.ParseDate(text)
	if err != nil {
		return fault.InvalidFields(op, fault.Field{Name: knownName, Message: "回看的日期：" + err.Error()})
	}
	if day.Compare(today) >= 0 {
		return fault.InvalidFields(op, fault.Field{Name: knownName, Message: "只能回看今天（" + today.Chinese() + "）以前的登记，所写的是" + day.Chinese()})
	}
	look.Day = day
	c.SetUserContext(store.KnownAt(c.UserContext(), day.Ends().Add(-time.Millisecond)))
	return nil
}

// clockOf is the clock of what a page shows, for all days that it counts and all that it calls late: it stands at now, or at the end of the day that is looked back to. What is
// written, and the forms for it, count from today.
func (s *Server) clockOf(ctx context.Context) taskClock {
	return newTaskClock(store.ClockIn(ctx, s.clocks.Business), s.holidays)
}

// lookOf is how a request looks back; nil on a page that cannot.
func lookOf(c *fiber.Ctx) *lookView {
	look, _ := c.Locals(lookKey{}).(*lookView)
	return look
}

// looksBackNow reports whether the request looks back.
func looksBackNow(c *fiber.Ctx) bool {
	look := lookOf(c)
	return look != nil && !look.Day.IsZero()
}

// routeTo finds the GET route that answers a path of this site; nil if none does.
func (s *Server) routeTo(path string) *Route {
	parts := strings.Split(path, "/")
	for i := range s.routes {
		r := &s.routes[i]
		if r.Method != fiber.MethodGet {
			continue
		}
		pattern := strings.Split(r.Path, "/")
		if len(pattern) == len(parts) && fits(pattern, parts) {
			return r
		}
	}
	return nil
}

// fits compares a path with a pattern of the route table, part by part.
func fits(pattern, parts []string) bool {
	for i, want := range pattern {
		fixed, _, open := strings.Cut(want, ":")
		if open && (parts[i] == "" || !strings.HasPrefix(parts[i], fixed)) || !open && parts[i] != want {
			return false
		}
	}
	return true
}

// keepLooking filters a finished page that looks back to a day.
func (s *Server) keepLooking(page []byte, day calendar.Date) ([]byte, error) {
	f := lookFilter{s: s, day: day.String(), z: html.NewTokenizer(bytes.NewReader(page))}
	f.out.Grow(len(page) + 4096)
	for {
		switch f.z.Next() {
		case html.ErrorToken:
			if err := f.z.Err(); !errors.Is(err, io.EOF) {
				return nil, fault.Wrap("web.keepLooking", fault.Internal, "", err)
			}
			return f.out.Bytes(), nil
		case html.StartTagToken:
			f.start()
		case html.EndTagToken:
			f.end()
		default:
			f.copy()
		}
	}
}

// lookFilter copies a page token by token.
type lookFilter struct {
	s    *Server
	day  string
	z    *html.Tokenizer
	out  bytes.Buffer
	main bool
	// dropping is the element that is left out up to its end; neither links nor forms lie within their like.
	dropping string
}

func (f *lookFilter) copy() {
	if f.dropping == "" {
		f.out.Write(f.z.Raw())
	}
}

func (f *lookFilter) end() {
	raw := bytes.Clone(f.z.Raw())
	name, _ := f.z.TagName()
	switch {
	case f.dropping == string(name):
		f.dropping = ""
		return
	case f.dropping != "":
		return
	case string(name) == "main":
		f.main = false
	}
	f.out.Write(raw)
}

func (f *lookFilter) start() {
	if f.dropping != "" {
		return
	}
	raw := bytes.Clone(f.z.Raw())
	t := f.z.Token()
	switch t.Data {
	case "main":
		f.main = true
	case "a":
		f.link(t, raw)
		return
	case "form":
		f.form(t, raw)
		return
	}
	f.out.Write(raw)
}

func attribute(t html.Token, name string) (at int, value string) {
	at = slices.IndexFunc(t.Attr, func(a html.Attribute) bool { return a.Key == name })
	if at >= 0 {
		value = t.Attr[at].Val
	}
	return at, value
}

// link keeps the day in a link, or leaves the link out if it leads to a form.
func (f *lookFilter) link(t html.Token, raw []byte) {
	at, address := attribute(t, "href")
	leaves, _ := attribute(t, "data-now")
	u, err := url.Parse(address)
	if at < 0 || leaves >= 0 || err != nil || u.Host != "" || u.Path == "" {
		f.out.Write(raw)
		return
	}
	r := f.s.routeTo(u.Path)
	switch {
	case r != nil && r.looksBack():
		q := u.Query()
		q.Set(knownName, f.day)
		u.RawQuery = q.Encode()
		t.Attr[at].Val = u.String()
		f.out.WriteString(t.String())
	case f.main && r != nil && r.Action.Verb() != "read":
		f.dropping = "a"
	default:
		f.out.Write(raw)
	}
}

// form leaves out a form that changes something; one that asks keeps the day.
func (f *lookFilter) form(t html.Token, raw []byte) {
	_, method := attribute(t, "method")
	_, action := attribute(t, "action")
	leaves, _ := attribute(t, "data-now")
	if f.main && strings.EqualFold(method, "post") {
		f.dropping = "form"
		return
	}
	f.out.Write(raw)
	if r := f.s.routeTo(action); leaves < 0 && r != nil && r.looksBack() {
		f.out.WriteString(`<input type="hidden" name="` + knownName + `" value="` + f.day + `">`)
	}
}

// workOf is what waits for an actor now, also while he looks back.
func (s *Server) workOf(c *fiber.Ctx, by policy.Actor) map[string]workCount {
	return s.workFor(store.Present(c.UserContext()), by)
}

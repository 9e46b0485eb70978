package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
)

// batch is a page on which one step is taken for several documents: what waits is listed to be confirmed, each is done for itself by the rules of its service, and what came of each is told.
type batch struct {
	// path is the page, back the list to which it belongs, with its title; nav is the entry of the navigation that is lit, "" for back.
	path, back, backTitle, nav string
	title, sub, button         string
	// unit counts rows, none is said where nothing waits; most is how many are done at once, 0 for mostAtOnce.
	unit, none string
	most       int
	action     policy.Action
	// ticked: every row is ticked beforehand.
	ticked bool
	// find are the fields that narrow the rows by the query of the address, form those that hold for all rows; nil for none.
	find, form func(c *fiber.Ctx, by policy.Actor, typed url.Values) ([]field, error)
	// rows are all that wait; the page shows as many as are done at once.
	rows func(c *fiber.Ctx, by policy.Actor) ([]batchRow, error)
	// plan makes of what was ticked the list that is confirmed before anything is done, with why the service would refuse a row; nil where the rows themselves are that list.
	plan func(c *fiber.Ctx, by policy.Actor, list []casework.At, values url.Values) ([]batchRow, error)
	// do takes the step for what was ticked. An error of fields (row, or one of the form) is shown on the page.
	do func(c *fiber.Ctx, by policy.Actor, list []casework.At, values url.Values) ([]batchResult, error)
}

// batchRow is a document that waits; Value is what its box sends, Why why the actor may not take the step.
type batchRow struct {
	Path, Name, Text, Value, Why string
	Late, On                     bool
}

// batchResult is what came of one document; Err is why nothing was done, "" if it was.
type batchResult struct{ Path, Name, State, Err string }

// batchView is what batch.html shows: what waits, or what came of it.
type batchView struct {
	// Path is the page without, Here with what narrows it.
	Path, Here, Back, BackTitle, Title, Sub, Button, Unit, None, Error, Key string
	Find, Form                                                              []field
	// Kept are the fields of a form whose list is confirmed.
	Kept         []option
	Rows         []batchRow
	Results      []batchResult
	Done, Failed int
	// Most is how many rows are done at once, Beyond how many more wait; All and No are the addresses that tick all and none.
	Most, Beyond int
	All, No      string
}

// routes are the two rows of a batch.
func (b batch) routes(s *Server) []Route {
	return []Route{{Method: fiber.MethodGet, Path: b.path, Action: b.action, Handler: func(c *fiber.Ctx, by policy.Actor) error { return b.show(c, s, by, url.Values{}, nil, nil) }},
		{Method: fiber.MethodPost, Path: b.path, Action: b.action, Handler: func(c *fiber.Ctx, by policy.Actor) error { return b.run(c, s, by) }}}
}

// limit is how many rows are done at once.
func (b batch) limit() int { return cmp.Or(b.most, mostAtOnce) }

// tickName is the parameter of the address that ticks all rows or none.
const tickName = "tick"

// here is the address of the page with what narrows its rows, and with another choice of ticks.
func (b batch) here(c *fiber.Ctx, tick string) string { return ticks(c, b.path, tick) }

// ticks is the address of a page with what a request narrows its rows to, and with another choice of ticks.
func ticks(c *fiber.Ctx, path, tick string) string {
	q := url.Values{}
	for name, value := range c.Request().URI().QueryArgs().All() {
		if len(value) > 0 && string(name) != tickName {
			q.Add(string(name), string(value))
		}
	}
	if tick != "" {
		q.Set(tickName, tick)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

func (b batch) show(c *fiber.Ctx, s *Server, by policy.Actor, typed url.Values, results []batchResult, refused []fault.Field) error {
	v := batchView{Path: b.path, Here: b.here(c, ""), Back: b.back, BackTitle: b.backTitle, Title: b.title, Sub: b.sub, Button: b.button, Unit: b.unit, None: b.none, Key: newKey(), Results: results, Most: b.limit(), All: b.here(c, "all"), No: b.here(c, "none")}
	for i := range results {
		if results[i].Err == "" {
			v.Done++
		} else {
			v.Failed++
		}
	}
	for _, f := range refused {
		if f.Name == "row" {
			v.Error = f.Message
		}
	}
	if results == nil {
		var err error
		if v.Rows, err = b.rows(c, by); err != nil {
			return err
		}
		v.Beyond = max(0, len(v.Rows)-v.Most)
		v.Rows = v.Rows[:len(v.Rows)-v.Beyond]
		tick := c.Query(tickName)
		for i := range v.Rows {
			on := tick == "all" || tick != "none" && b.ticked
			if len(refused) > 0 { // as it came in
				on = slices.Contains(typed["row"], v.Rows[i].Value)
			}
			v.Rows[i].On = on && v.Rows[i].Why == ""
		}
		if b.find != nil {
			if v.Find, err = b.find(c, by, typed); err != nil {
				return err
			}
		}
		if b.form != nil {
			if v.Form, err = b.form(c, by, typed); err != nil {
				return err
			}
			v.Form = withErrors(v.Form, refused)
		}
	}
	p := page{Title: b.title, Nav: cmp.Or(b.nav, b.back), Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "batch", p)
	}
	return s.render(c, by, "batch", p)
}

// run takes the step for what was ticked and tells what came of each.
func (b batch) run(c *fiber.Ctx, s *Server, by policy.Actor) error {
	values := formValues(c)
	idem := formIdem(c)
	var list []casework.At
	for _, box := range values["row"] {
		id, seq, _ := strings.Cut(box, "@")
		at := casework.At{ID: id, Seq: seqOf(seq)}
		if idem != nil { // each row is an act of its own: sent again, it is done once
			at.Idem = &store.Idem{Key: idem.Key + "/" + id, Body: []byte(box)}
		}
		list = append(list, at)
	}
	if n := len(list); n < 1 || n > b.limit() {
		return b.show(c, s, by, values, nil, []fault.Field{{Name: "row", Message: "请勾选 1 至 " + count(b.limit()) + " " + b.unit + "，现在勾选了 " + count(n) + " " + b.unit}})
	}
	if b.plan != nil && values.Get("confirmed") == "" {
		rows, err := b.plan(c, by, list, values)
		if refused := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(refused) > 0 {
			return b.show(c, s, by, values, nil, refused)
		}
		if err != nil {
			return err
		}
		for i := range rows {
			rows[i].On = rows[i].Why == ""
		}
		v := batchView{Path: b.path, Here: b.here(c, ""), Back: b.here(c, ""), BackTitle: b.title, Title: "核对后确认", Sub: "每一行分别办理；不要的去掉勾", Button: b.button, Unit: b.unit, Key: newKey(), Rows: rows, Most: b.limit(), Kept: []option{{"confirmed", "1"}}}
		for _, name := range sortedKeys(values) {
			if name != "row" && name != "key" && name != tokenField {
				v.Kept = append(v.Kept, option{name, values.Get(name)})
			}
		}
		return s.render(c, by, "batch", page{Title: b.title + "：核对", Nav: cmp.Or(b.nav, b.back), Data: v})
	}
	results, err := b.do(c, by, list, values)
	if refused := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(refused) > 0 {
		return b.show(c, s, by, values, nil, refused)
	}
	if err != nil {
		return err
	}
	return b.show(c, s, by, values, results, nil)
}

// notDone is the state of what was refused in a batch.
const notDone = "没有办成"

// mostAtOnce is how many documents one batch takes.
const mostAtOnce = 200

// eachOf takes a step for each of a list by itself: one that is refused stops no other. do returns the name and the page of the document, as far as it is known, and why nothing was done. A refusal of a field that holds
// for all of them (a password) stops everything and is returned.
func eachOf(ctx context.Context, list []casework.At, done, unit string, do func(ctx context.Context, at casework.At) (name, path string, err error), forAll ...string) ([]batchResult, error) {
	out := make([]batchResult, len(list))
	for i, at := range list {
		name, path, err := do(ctx, at)
		out[i] = batchResult{Name: name, Path: path, State: done}
		if name == "" {
			out[i].Name, out[i].Path = "不在你的范围内的一"+unit, ""
		}
		if err == nil {
			continue
		}
		if slices.ContainsFunc(refusedForm(err), func(f fault.Field) bool { return slices.Contains(forAll, f.Name) }) {
			return nil, err
		}
		out[i].State = notDone
		if out[i].Err = refusalText(err); out[i].Err == "" {
			return nil, err // a failure of the system, not of a row
		}
	}
	return out, nil
}

// refusalText is why something was refused, with its fields; "" for what is no refusal.
func refusalText(err error) string {
	if !slices.Contains([]fault.Kind{fault.Conflict, fault.Invalid, fault.Forbidden, fault.NotFound}, fault.KindOf(err)) {
		return ""
	}
	var parts []string
	for _, f := range fault.FieldsOf(err) {
		parts = append(parts, f.Message)
	}
	return cmp.Or(strings.Join(parts, "；"), fault.MessageOf(err))
}

// rowsFound leaves the rows whose name or text is found by a text, as itself or as pinyin.
func rowsFound(rows []batchRow, text string) []batchRow {
	text = strings.TrimSpace(text)
	return slices.DeleteFunc(rows, func(r batchRow) bool { return !registry.Finds(r.Name, text) && !registry.Finds(r.Text, text) })
}

// findByText is the field of rowsFound.
func findByText(c *fiber.Ctx, _ policy.Actor, _ url.Values) ([]field, error) {
	return []field{{Name: "q", Label: "名称、单位或拼音", Type: "search", Autocomplete: "off", Value: c.Query("q")}}, nil
}

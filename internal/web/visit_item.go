package web

import (
	"context"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/inspection"
)

// walkItem is one item as the phone has it: everything to judge it without network.
type walkItem struct {
	ID       string `json:"id"`
	Category string `json:"category"`
	// Label is what stands above the sentence: the category, in a visit with the number of the item.
	Label    string `json:"label"`
	Sentence string `json:"sentence"`
	How      string `json:"how"`
	Points   int64  `json:"points"`
	// Losses is what is chosen beside 不符合: the points that it costs, or who is liable.
	Losses []walkChoice `json:"losses"`
	Photo  bool         `json:"photo"`
	Values []walkChoice `json:"values"`
	// Last is the last result in words, LastBad says that it was a finding.
	Last    string `json:"last"`
	LastBad bool   `json:"last_bad"`
	// Value, Lost, Where, Note and Photos are the answer so far; Photos are ids.
	Value  string   `json:"value"`
	Lost   string   `json:"lost"`
	Where  string   `json:"where"`
	Note   string   `json:"note"`
	Photos []string `json:"photos"`
}

type walkChoice struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// walkView is what visit_item.html shows, and what its script reads.
type walkView struct {
	// Base is the address of the list to which the items belong.
	Base     string     `json:"base"`
	Token    string     `json:"-"`
	Name     string     `json:"name"`
	Sub      string     `json:"-"`
	Items    []walkItem `json:"items"`
	Key      string     `json:"-"`
	Item     walkItem   `json:"-"`
	Position int        `json:"-"`
	Done     int        `json:"-"`
	Prev     string     `json:"-"`
	Next     string     `json:"-"`
	Form     []field    `json:"-"`
	Errors   []string   `json:"-"`
	// Place: a finding needs a place.
	Place bool `json:"where,omitempty"`
	// CanPhoto: pictures can be kept.
	CanPhoto bool `json:"can_photo"`
	// Groups: what is left of a group can be answered at once, as at a handover; Left is how many that are.
	Groups bool `json:"groups,omitempty"`
	Left   int  `json:"-"`
	// Account tells the phone whose answers it keeps, Worker is the address of the script that keeps the sheet.
	Account string `json:"account"`
	Worker  string `json:"worker"`
}

// sheets are what the walk answers: the sheets of visits or the records of inspections.
type sheets interface {
	One(ctx context.Context, by policy.Actor, id string) (inspection.Walk, error)
	Last(ctx context.Context, by policy.Actor, sheet, item string) (inspection.Answer, error)
	Ready(ctx context.Context, by policy.Actor, sheet, item string, in inspection.Found, idem *store.Idem) (bool, error)
	Reply(ctx context.Context, by policy.Actor, sheet, item string, in inspection.Found, idem *store.Idem) (store.Doc[inspection.Answer], error)
}

// walkDesk is where sheets are answered: home is the list above their addresses, nav the navigation entry, do the right to answer.
type walkDesk struct {
	sheets
	home, nav string
	do        policy.Action
}

// visitDesk answers visits, recordDesk the records of inspections.
func (s *Server) visitDesk() walkDesk {
	return walkDesk{s.supervision.Visits, visitsPath, minePath, policy.DoVisit}
}

func (s *Server) recordDesk() walkDesk {
	return walkDesk{s.inspections.Records(), inspectionsPath, inspectionsPath, policy.DoInspection}
}

// visitItem is one item on the phone, recordItem one of the record of an inspection.
func (s *Server) visitItem(c *fiber.Ctx, by policy.Actor) error {
	return s.showItem(c, by, s.visitDesk(), nil, nil)
}

func (s *Server) recordItem(c *fiber.Ctx, by policy.Actor) error {
	return s.showItem(c, by, s.recordDesk(), nil, nil)
}

func (s *Server) showItem(c *fiber.Ctx, by policy.Actor, desk walkDesk, typed *inspection.Found, refused []fault.Field) error {
	w, err := desk.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	visit := w.Visit.State
	if !slices.Contains(visit.Officers, by.ID) || w.Sheet == nil {
		return fault.New("web.visitItem", fault.NotFound, "")
	}
	if !visit.State.Answers() {
		return seeOther(c, desk.home+"/"+w.Visit.ID)
	}
	v := walkView{Base: desk.home + "/" + w.Visit.ID, Name: visit.Name, Key: newKey(), Position: -1, Done: len(w.Answers), CanPhoto: s.supervision.Photos != nil, Account: by.ID, Worker: s.workerFor(by, desk.home)}
	names, err := s.officerNames(c.UserContext(), visit)
	if err != nil {
		return err
	}
	v.Sub = plainTitle(visit.Sheet.Title) + " · " + names
	today := calendar.DateOf(s.clocks.Business())
	for _, cat := range w.Sheet.Categories {
		for _, item := range cat.Items {
			one := walkItem{ID: item.ID, Category: cat.Name, Label: cat.Name + " · " + item.ID, Sentence: item.Sentence, How: item.How, Points: item.Points, Photo: item.Photo, Losses: pointChoices(item.Losses()), Photos: []string{}}
			if item.Scale > 0 {
				one.Losses = []walkChoice{}
			}
			for _, value := range item.Values() {
				one.Values = append(one.Values, walkChoice{string(value), value.Title()})
			}
			if a, ok := w.Answers[item.ID]; ok {
				one.Value, one.Lost, one.Where, one.Note = string(a.Value), strconv.FormatInt(a.Lost, 10), a.Where, a.Note
				for _, photo := range a.Photos {
					one.Photos = append(one.Photos, photo.Original)
				}
			}
			last, err := desk.Last(c.UserContext(), by, w.Visit.ID, item.ID)
			switch {
			case err == nil:
				one.Last, one.LastBad = lastResult(last, today), last.Value == inspection.Fail
			case !fault.Is(err, fault.NotFound):
				return err
			}
			if item.ID == c.Params("item") {
				v.Position = len(v.Items)
			}
			v.Items = append(v.Items, one)
		}
	}
	if v.Position < 0 {
		return fault.New("web.visitItem", fault.NotFound, "")
	}
	v.turn()
	if typed != nil {
		v.Item.Value, v.Item.Lost, v.Item.Where, v.Item.Note = string(typed.Value), strconv.FormatInt(typed.Lost, 10), typed.Where, typed.Note
	}
	for _, f := range refused {
		v.Errors = append(v.Errors, f.Message)
	}
	p := page{Title: v.Item.ID + " " + v.Item.Sentence + " " + visit.Name, Nav: desk.nav, Fields: refused, Script: true, Scripts: []string{walkScript}, Data: &v}
	if len(refused) > 0 {
		return s.refuse(c, by, "visit_item", p)
	}
	return s.render(c, by, "visit_item", p)
}

// turn fills in the item of the position and its neighbours.
func (v *walkView) turn() {
	v.Item = v.Items[v.Position]
	if v.Position > 0 {
		v.Prev = v.Items[v.Position-1].ID
	}
	if v.Position+1 < len(v.Items) {
		v.Next = v.Items[v.Position+1].ID
	}
}

// pointChoices are the points that a finding may cost.
func pointChoices(points []int64) []walkChoice {
	out := make([]walkChoice, len(points))
	for i, n := range points {
		text := strconv.FormatInt(n, 10)
		out[i] = walkChoice{text, text}
	}
	return out
}

// lastResult puts the last answer of an item into words.
func lastResult(a inspection.Answer, today calendar.Date) string {
	text := "上次（" + shortDate(a.Day, today) + "）：" + a.Value.Title()
	if a.Lost > 0 {
		text += "，扣 " + strconv.FormatInt(a.Lost, 10) + " 分"
	}
	return joinWords(text, a.Where, a.Note)
}

// walkDone is what the script gets for an answer.
type walkDone struct {
	Done int   `json:"done"`
	Of   int64 `json:"of"`
}

// answerBytes is the most that one answer with nine photos of a phone may have.
const answerBytes = 60 << 20

// answerItem answers an item of a visit, answerRecord one of the record of an inspection.
func (s *Server) answerItem(c *fiber.Ctx, by policy.Actor) error {
	return s.takeAnswer(c, by, s.visitDesk())
}

func (s *Server) answerRecord(c *fiber.Ctx, by policy.Actor) error {
	return s.takeAnswer(c, by, s.recordDesk())
}

// takeAnswer takes one answer with its photos: nothing of them is kept unless the answer is one that would be taken.
func (s *Server) takeAnswer(c *fiber.Ctx, by policy.Actor, desk walkDesk) error {
	ctx, visit, item := c.UserContext(), c.Params("id"), c.Params("item")
	var uploads []*files.Upload
	defer func() {
		for _, u := range uploads {
			_ = u.Close() // a temporary file that stays behind harms nobody
		}
	}()
	values, err := s.readForm(c, answerBytes, func(name string, r io.Reader) error {
		if s.supervision.Photos == nil {
			return fault.InvalidFields("web.answerItem", fault.Field{Name: "photos", Message: "这台服务器还不能保存照片，请联系系统管理员"})
		}
		u, err := s.supervision.Photos.Receive(name, r)
		if err == nil {
			uploads = append(uploads, u)
		}
		return err
	})
	if err != nil {
		return err
	}
	in := inspection.Found{Value: inspection.Value(values.Get("value")), Where: values.Get("where"), Note: values.Get("note")}
	if in.Value == inspection.Fail {
		in.Lost, _ = strconv.ParseInt(values.Get("lost"), 10, 64) // nothing typed stands for all points
	}
	if in.Photos, err = s.keptPhotos(c, by, desk, values["keep"]); err != nil {
		return err
	}
	if err := s.reply(ctx, by, desk, visit, item, in, uploads, idemFrom(c, values, hashesOf(uploads)...)); err != nil {
		if refused := refusedForm(err); refused != nil && !wantsJSON(c) {
			return s.showItem(c, by, desk, &in, refused)
		}
		return err
	}
	return s.answered(c, by, desk, visit, item)
}

// reply keeps the photos of an answer that would be taken, and gives it.
func (s *Server) reply(ctx context.Context, by policy.Actor, desk walkDesk, visit, item string, in inspection.Found, uploads []*files.Upload, idem *store.Idem) error {
	kept := in.Photos
	in.Photos = append(slices.Clone(kept), make([]inspection.Photo, len(uploads))...)
	done, err := desk.Ready(ctx, by, visit, item, in, idem)
	if err != nil || done {
		return err
	}
	in.Photos = slices.Clone(kept)
	for _, u := range uploads {
		photo, err := s.supervision.Photos.Keep(ctx, store.Meta{By: by.ID, Action: string(desk.do)}, u)
		if err != nil {
			return err
		}
		if !slices.Contains(in.Photos, photo) {
			in.Photos = append(in.Photos, photo)
		}
	}
	_, err = desk.Reply(ctx, by, visit, item, in, idem)
	return err
}

func hashesOf(uploads []*files.Upload) []string {
	var out []string
	for _, u := range uploads {
		out = append(out, u.SHA256)
	}
	return out
}

// answered goes on after an answer: the script gets a count, a page the next item.
func (s *Server) answered(c *fiber.Ctx, by policy.Actor, desk walkDesk, visit, item string) error {
	w, err := desk.One(c.UserContext(), by, visit)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.JSON(walkDone{Done: len(w.Answers), Of: w.Sheet.Count()})
	}
	items := w.Sheet.Items()
	for i, one := range items {
		if one.ID == item && i+1 < len(items) {
			return seeOther(c, desk.home+"/"+visit+"/items/"+items[i+1].ID)
		}
	}
	return seeOther(c, desk.home+"/"+visit)
}

// keptPhotos are the photos of the answer so far that the form keeps.
func (s *Server) keptPhotos(c *fiber.Ctx, by policy.Actor, desk walkDesk, keep []string) ([]inspection.Photo, error) {
	if len(keep) == 0 {
		return nil, nil
	}
	w, err := desk.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return nil, err
	}
	var kept []inspection.Photo
	for _, photo := range w.Answers[c.Params("item")].Photos {
		if slices.Contains(keep, photo.Original) {
			kept = append(kept, photo)
		}
	}
	return kept, nil
}

// walkScript keeps answers on the phone until there is a network, workerScript the sheet itself.
const (
	walkScript   = "walk.js"
	workerScript = "worker.js"
	// workerFile stands below the list whose sheets the worker keeps, and bounds what it sees.
	workerFile = "/worker.js"
)

// workerFor is the address under which the worker of an account is registered for the sheets below a list: another account or another version is another worker, which throws away what the one before
// kept.
func (s *Server) workerFor(by policy.Actor, list string) string {
	version := strings.NewReplacer("/assets/", "", ".js", "", ".css", "").Replace(s.assets.addresses[walkScript] + s.assets.css)
	return list + workerFile + "?" + url.Values{"account": {by.ID}, "version": {version}}.Encode()
}

// walkWorker serves the worker under an address that stays, so that browsers ask for a newer one.
func (s *Server) walkWorker(c *fiber.Ctx, _ policy.Actor) error {
	return s.sendWorker(c, workerScript)
}

// scriptsIf is the script of visits for the pages on which somebody may have answers waiting.
func scriptsIf(waiting bool) []string {
	if waiting {
		return []string{walkScript}
	}
	return nil
}

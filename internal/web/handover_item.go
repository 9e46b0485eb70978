package web

import (
	"context"
	"io"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/handover"
)

// handoverItem is one item of the walk on the phone, in the page of the visits.
func (s *Server) handoverItem(c *fiber.Ctx, by policy.Actor) error {
	return s.showHandoverItem(c, by, nil, nil)
}

func (s *Server) showHandoverItem(c *fiber.Ctx, by policy.Actor, typed *handover.Found, refused []fault.Field) error {
	w, err := s.handovers.Service.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	h := &w.Doc.State
	if _, ok := w.Find(c.Params("item")); !ok {
		return fault.New("web.handoverItem", fault.NotFound, "")
	}
	base := handoversPath + "/" + w.Doc.ID
	if h.State != handover.Walking {
		return seeOther(c, base)
	}
	v := walkView{Base: base, Name: h.Title(), Sub: "承接查验 · " + h.DeveloperName, Key: newKey(), Done: w.Done(), CanPhoto: true, Place: true, Groups: true, Account: by.ID, Worker: s.workerFor(by, handoversPath)}
	for i, l := range w.Lines {
		if l.Item.ID == c.Params("item") {
			v.Position = i
		}
		v.Items = append(v.Items, handoverWalkItem(l))
	}
	for _, i := range v.Items {
		if i.Value == "" && i.Category == v.Items[v.Position].Category {
			v.Left++
		}
	}
	v.turn()
	if typed != nil {
		v.Item.Value, v.Item.Lost, v.Item.Where, v.Item.Note = string(typed.Value), string(typed.Party), typed.Place, typed.Note
	}
	p := page{Title: v.Item.Category + " " + v.Item.Sentence + " " + v.Name, Nav: handoversPath, Fields: refused, Script: true, Scripts: []string{walkScript}, Data: &v}
	if len(refused) > 0 {
		return s.refuse(c, by, "visit_item", p)
	}
	return s.render(c, by, "visit_item", p)
}

// handoverWalkItem is an item as the phone has it.
func handoverWalkItem(l handover.Line) walkItem {
	one := walkItem{ID: l.Item.ID, Category: l.Where + " · " + l.Group, Label: l.Where + " · " + l.Group, Sentence: l.Name + "：" + l.Sentence, How: "查验方法：" + l.Method, Photo: true, Photos: []string{}, Value: string(l.Value),
		Lost: string(l.Party), Where: l.Answer.Place, Note: l.Note}
	if one.Lost == "" {
		one.Lost = string(handover.PartyDeveloper)
	}
	for _, value := range handover.Values() {
		one.Values = append(one.Values, walkChoice{string(value), value.Title()})
	}
	for _, party := range handover.AllParties() {
		one.Losses = append(one.Losses, walkChoice{string(party), party.Title()})
	}
	if l.Unpictured() {
		one.Last, one.LastBad = "缺照片：请拍照后保存，补齐以后才能发整改通知", true
	}
	for _, photo := range l.Photos {
		one.Photos = append(one.Photos, photo.Original)
	}
	return one
}

// answerHandover takes one answer with its photos: nothing of them is kept unless the answer is one that would be taken.
func (s *Server) answerHandover(c *fiber.Ctx, by policy.Actor) error {
	values, uploads, err := s.takePhotos(c)
	defer closeAll(uploads)
	if err != nil {
		return err
	}
	w, err := s.handovers.Service.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	in := handover.Found{Value: handover.Value(values.Get("value")), Party: handover.Party(values.Get("lost")), Place: values.Get("where"), Note: values.Get("note")}
	line, _ := w.Find(c.Params("item"))
	for _, photo := range line.Photos {
		if slices.Contains(values["keep"], photo.Original) {
			in.Photos = append(in.Photos, photo)
		}
	}
	if err := s.replyHandover(c.UserContext(), by, w.Doc.ID, c.Params("item"), in, uploads, idemFrom(c, values, hashesOf(uploads)...)); err != nil {
		if refused := refusedForm(err); refused != nil && !wantsJSON(c) {
			return s.showHandoverItem(c, by, &in, refused)
		}
		return err
	}
	done := w.Done()
	if line.Seq == 0 {
		done++
	}
	if wantsJSON(c) {
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.JSON(walkDone{Done: done, Of: int64(len(w.Lines))})
	}
	at := slices.IndexFunc(w.Lines, func(l handover.Line) bool { return l.Item.ID == c.Params("item") })
	if at+1 < len(w.Lines) {
		return seeOther(c, handoversPath+"/"+w.Doc.ID+"/items/"+w.Lines[at+1].Item.ID)
	}
	return seeOther(c, handoversPath+"/"+w.Doc.ID)
}

// takePhotos reads a form with pictures; the caller closes them.
func (s *Server) takePhotos(c *fiber.Ctx) (url.Values, []*files.Upload, error) {
	var uploads []*files.Upload
	values, err := s.readForm(c, answerBytes, func(name string, r io.Reader) error {
		u, err := s.handovers.Photos.Receive(name, r)
		if err == nil {
			uploads = append(uploads, u)
		}
		return err
	})
	return values, uploads, err
}

// closeAll removes the temporary files of uploads; one that stays behind harms nobody.
func closeAll(uploads []*files.Upload) {
	for _, u := range uploads {
		_ = u.Close()
	}
}

// restHandover answers with 符合 what is left of the group of an item.
func (s *Server) restHandover(c *fiber.Ctx, by policy.Actor) error {
	if _, err := s.handovers.Service.Rest(c.UserContext(), by, c.Params("id"), c.Params("item"), formIdem(c)); err != nil {
		return err
	}
	w, err := s.handovers.Service.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	base := handoversPath + "/" + w.Doc.ID
	for _, l := range w.Lines {
		if l.Seq == 0 {
			return seeOther(c, base+"/items/"+l.Item.ID)
		}
	}
	return seeOther(c, base)
}

// replyHandover keeps the photos of an answer that would be taken, and gives it.
func (s *Server) replyHandover(ctx context.Context, by policy.Actor, id, item string, in handover.Found, uploads []*files.Upload, idem *store.Idem) error {
	kept := in.Photos
	in.Photos = append(slices.Clone(kept), make([]handover.Photo, len(uploads))...)
	done, err := s.handovers.Service.Ready(ctx, by, id, item, in, idem)
	if err != nil || done {
		return err
	}
	in.Photos = slices.Clone(kept)
	for _, u := range uploads {
		photo, err := s.handovers.Photos.Keep(ctx, store.Meta{By: by.ID, Action: string(policy.WalkHandover)}, u)
		if err != nil {
			return err
		}
		if next := (handover.Photo{Original: photo.Original, Shown: photo.Shown}); !slices.Contains(in.Photos, next) {
			in.Photos = append(in.Photos, next)
		}
	}
	_, err = s.handovers.Service.Reply(ctx, by, id, item, in, idem)
	return err
}

// repairHandover tells how a finding was repaired.
func (s *Server) repairHandover(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.handovers.Service.Repair(c.UserContext(), by, c.Params("id"), c.Params("item"), c.FormValue("repair"), formIdem(c))
	if refused := refusedForm(err); refused != nil {
		refused[0].Name = "repair-" + c.Params("item")
		return s.showHandover(c, by, formValues(c), refused[:1])
	}
	if err != nil {
		return err
	}
	return seeOther(c, handoversPath+"/"+c.Params("id")+"?done=repair#findings")
}

// judgeHandover says whether a finding was repaired.
func (s *Server) judgeHandover(c *fiber.Ctx, by policy.Actor) error {
	if _, err := s.handovers.Service.Judge(c.UserContext(), by, c.Params("id"), c.Params("item"), c.FormValue("passed") == "yes", formIdem(c)); err != nil {
		return err
	}
	return seeOther(c, handoversPath+"/"+c.Params("id")+"?done=judge#findings")
}

package wish

import (
	"context"
	"errors"
	"io"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Write writes words for the public (晒单); they wait for their review. Returns Invalid with the field draft for anything personal.
func (s *Service) Write(ctx context.Context, by policy.Actor, at casework.At, words string) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, StepDraft, func(w *Wish, b *bad) error {
		b.text("draft", "晒单内容", &words, 5, MaxWords)
		if name := w.Asker.Name; name != "" && name != store.PurgedText && contains(words, name) {
			b.Add("draft", "晒单内容里写了点单人的姓名“%s”，公开的内容不写姓名", name)
		}
		w.Draft, w.DraftBy = words, by.ID
		return nil
	})
}

// Return gives the words back to who wrote them. Returns Invalid without a reason, Forbidden for who wrote them.
func (s *Service) Return(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Wish], error) {
	return s.because(ctx, by, at, StepReturn, "退回的理由", reason, func(w *Wish) error {
		writer := w.DraftBy
		w.Draft, w.DraftBy = "", ""
		return other(by, writer)
	})
}

// Publish shows the words to everybody. Returns Forbidden for who wrote them.
func (s *Service) Publish(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, StepPublish, func(w *Wish, _ *bad) error {
		writer := w.DraftBy
		w.Public, w.Published, w.Hidden, w.Draft, w.DraftBy = w.Draft, s.today(), false, "", ""
		return other(by, writer)
	})
}

func other(by policy.Actor, writer string) error {
	if by.ID == writer {
		return apart("晒单内容由你拟写，要由另一人审核")
	}
	return nil
}

// Hide takes the words down. Returns Invalid without a reason, Conflict if the public does not see them.
func (s *Service) Hide(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Wish], error) {
	return s.because(ctx, by, at, StepHide, "撤下的理由", reason, func(w *Wish) error {
		w.Hidden = true
		return nil
	})
}

// Shining is what everybody sees of a wish: reviewed words, where and by whom it was served, nothing of who asked.
type Shining struct {
	// Kind, Place and Words are for people, Taker who served it; Community is the code, On the day of publication.
	Kind, Place, Words, Taker, Community string
	On                                   calendar.Date
}

// Board returns a page of what is public, the last first, and the cursor of the next page. It asks for no right.
func (s *Service) Board(ctx context.Context, community, after string) ([]Shining, string, error) {
	key := everybody
	if community != "" {
		key = policy.CommunityKey(community)
	}
	page, err := s.rows.Docs.List(ctx, store.Query{Index: byPublic, Key: key, Desc: true, After: after, Limit: registry.PageSize})
	if err != nil {
		return nil, "", err
	}
	var out []Shining
	for _, d := range page.Docs {
		w := &d.State
		one := Shining{Kind: w.KindTitle, Place: w.Place(), Words: w.Public, Community: w.Community, On: w.Published}
		if w.Taker != nil {
			one.Taker = w.Taker.Name
		}
		out = append(out, one)
	}
	return out, page.Next, nil
}

// OpenPhoto opens a photo of the proof as pages show it, without what the camera wrote into it; n counts from 0. Returns NotFound for what is not there, and the errors of One.
func (s *Service) OpenPhoto(ctx context.Context, by policy.Actor, id string, n int) (io.ReadSeekCloser, int64, error) {
	d, err := s.One(ctx, by, id)
	if err != nil {
		return nil, 0, err
	}
	if p := d.State.Proof; p != nil && n >= 0 && n < len(p.Photos) {
		return s.Keeper.Open(ctx, p.Photos[n].Shown)
	}
	return nil, 0, fault.New("wish.OpenPhoto", fault.NotFound, "没有找到要看的内容")
}

// forgetBack is how many days back Forget looks, for a program that stood still.
const forgetBack = 800

// Forget destroys names, phones and doors of wishes, and names and phones of those who reported, whose term after the end has passed; what was asked and done stays. A job of every night.
func (s *Service) Forget(ctx context.Context) error {
	return errors.Join(forget(ctx, s, s.rows.Docs, wishKind, personalRule, "点单人的个人信息保存期满"), forget(ctx, s, s.members.Docs, memberKind, memberRule, "报到党员的个人信息保存期满"))
}

// forget destroys the keys of documents of a kind that ended longer ago than a rule says.
func forget[T any](ctx context.Context, s *Service, docs *store.Collection[T], kind, rule, why string) error {
	meta := store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: why}
	for back := 1; back <= forgetBack; back++ {
		day := s.today().Add(-back)
		term, err := s.Deadlines(rule, day)
		if err != nil {
			return err
		}
		if !term.Late(s.Now()) {
			continue
		}
		var due []string
		for q := (store.Query{Index: byEnd, Key: day.String(), Limit: store.MaxLimit}); ; {
			page, err := docs.List(ctx, q)
			if err != nil {
				return err
			}
			for _, d := range page.Docs {
				if !d.Purged {
					due = append(due, d.ID)
				}
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		for _, id := range due {
			if err := s.DB.Purge(ctx, meta, kind+"/"+id); err != nil {
				return err
			}
		}
	}
	return nil
}

// Happened is one change of a wish.
type Happened struct {
	// At is who did it and when, Step what was done; Reason what was said with it, Taker who had it then, "" for nobody.
	At     supervision.Hand
	Step   Step
	Reason string
	Taker  string
}

// History returns what happened to a wish, oldest first. Errors as those of One.
func (s *Service) History(ctx context.Context, by policy.Actor, id string) ([]Happened, error) {
	if _, err := s.One(ctx, by, id); err != nil {
		return nil, err
	}
	changes, err := s.rows.History(ctx, by, id)
	if err != nil {
		return nil, err
	}
	var out []Happened
	for _, c := range changes {
		h := Happened{At: c.State.Hand, Step: c.State.Last, Reason: c.State.Reason}
		if c.State.Taker != nil {
			h.Taker = c.State.Taker.Name
		}
		out = append(out, h)
	}
	return out, nil
}

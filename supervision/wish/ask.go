package wish

import (
	"context"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Input is what is said of a wish.
type Input struct {
	// Kind is a code of wishes.yaml; Community a code, Project an id, one of them is enough; Spot says the place, "" for none.
	Kind, Community, Project, Spot string
	// Words are what is wished for, without anything personal; Asker is who asks, wholly empty for nobody.
	Words string
	Asker Asker
	// Idem makes a retry safe, nil for none.
	Idem *store.Idem
}

// written is the wish that an input makes.
func (s *Service) written(ctx context.Context, in Input) (Wish, error) {
	var b bad
	kind, ok := s.Terms.kind(in.Kind)
	if !ok {
		b.Add("kind", "请选择种类")
	}
	b.text("words", "心愿", &in.Words, 5, MaxWords)
	b.optional("spot", "具体位置", &in.Spot, MaxSpot)
	a := &in.Asker
	a.Name, a.Phone, a.Door = strings.TrimSpace(a.Name), strings.ReplaceAll(strings.TrimSpace(a.Phone), " ", ""), strings.TrimSpace(a.Door)
	if a.Name != "" {
		b.Text("name", "姓名", &a.Name, 1, 20)
	}
	if a.Phone != "" && !registry.ValidPhone(a.Phone) {
		b.Add("phone", "电话“%s”不像手机号或者座机号", a.Phone)
	}
	if a.Door != "" {
		b.Text("door", "门牌", &a.Door, 1, 40)
	}
	where, err := supervision.Locate(ctx, s.Register, in.Community, in.Project, s.today(), b.Add)
	if err != nil {
		return Wish{}, err
	}
	return Wish{Where: where, Order: kind.Order, Kind: kind.ID, KindTitle: kind.Title, Within: kind.Within, Photo: kind.Photo, Terms: s.Terms.Version(), Spot: in.Spot, Words: in.Words, Asker: *a}, b.Err("wish.written")
}

// begun is a written wish in its first state.
func (s *Service) begun(w Wish, hand supervision.Hand) (_ Wish, err error) {
	w.State, w.Last, w.Asked, w.Hand = Asked, StepAsk, hand, hand
	w.Due, err = s.dueOf(&w, Asked)
	return w, err
}

// Enter enters a wish for a resident. Returns Forbidden without EnterWish, NotFound outside the scope, Invalid for refused fields (kind, community, project, spot, words, name, phone, door).
func (s *Service) Enter(ctx context.Context, by policy.Actor, in Input) (store.Doc[Wish], error) {
	doc, err := s.rows.Begin(ctx, by, policy.EnterWish, string(StepAsk), in.Idem, func(begun casework.New) (Wish, error) {
		w, err := s.written(ctx, in)
		if err != nil {
			return w, err
		}
		if err := begun.Scope.Require("wish.Enter", w.Keys, w.Day); err != nil {
			return w, err
		}
		return s.begun(w, s.hand(by, policy.EnterWish))
	})
	if err != nil {
		return doc, err
	}
	return s.seen(ctx, by, doc)
}

// Told is what somebody without an account sees of his wish.
type Told struct {
	// Number is the number, Code the code, only right after he asked.
	Number, Code string
	// Kind, Place and Words are what he asked for, Taker who has it, "" before; Reason why it was refused, "" otherwise.
	Kind, Place, Words, Taker, Reason string
	State                             State
	// Title is the state for people, Papers are the receipts of documents in words.
	Title  string
	Papers []string
	// Asked is when, Due until when the present step is to be done.
	Asked calendar.Date
	Due   calendar.Deadline
	// Did is what was done, "" before; Score what he rated, 0 before.
	Did   string
	Score int64
	// CanRate and CanCancel say what he can do now.
	CanRate, CanCancel bool
}

// stranger is who acts without an account.
func (s *Service) stranger() supervision.Hand {
	return supervision.Hand{By: string(policy.Anonymous), Office: string(policy.Anonymous), At: journal.At(s.Now())}
}

func strangerMeta(step Step, idem *store.Idem) store.Meta {
	return store.Meta{By: string(policy.Anonymous), Action: string(policy.AskWish), Why: string(step), Idem: idem}
}

// Tell takes in a wish of somebody without an account, and gives the number and the code with which he finds it again. The same form twice is one wish. Returns Forbidden without AskWish, Invalid for refused fields as
// those of Enter, and for a phone without a name, Conflict for a form that was sent before with other words.
func (s *Service) Tell(ctx context.Context, by policy.Actor, in Input) (Told, error) {
	if err := s.Guard.Require(by, policy.AskWish); err != nil {
		return Told{}, err
	}
	number, code := s.tickets.Draw(in.Idem)
	meta := strangerMeta(StepAsk, in.Idem)
	doc, done, err := s.rows.Docs.Replay(ctx, meta)
	if err != nil {
		return Told{}, err
	}
	if !done {
		w, err := s.written(ctx, in)
		if err != nil {
			return Told{}, err
		}
		if w, err = s.begun(w, s.stranger()); err != nil {
			return Told{}, err
		}
		w.Ticket = s.tickets.Ticket(number, code)
		if doc, err = s.rows.Docs.Commit(ctx, meta, s.tickets.ID(number), 0, w); err != nil {
			return Told{}, err
		}
	}
	told := s.told(&doc.State)
	told.Code = code
	return told, nil
}

// told is what a stranger sees.
func (s *Service) told(w *Wish) Told {
	s.resolve(w)
	t := Told{Number: w.Ticket.Number, Kind: w.KindTitle, Place: w.Spotted(), Words: w.Words, State: w.State, Title: w.Title(), Asked: w.Day, Due: w.Due, CanRate: w.Can(StepRate), CanCancel: w.Can(StepCancel)}
	if w.Taker != nil {
		t.Taker = w.Taker.Name
	}
	for _, r := range w.Receipts {
		t.Papers = append(t.Papers, r.Text())
	}
	if w.State == Refused {
		t.Reason = w.Reason
	}
	if w.Proof != nil && !w.Served.IsZero() {
		t.Did = w.Proof.Words
	}
	if w.Rating != nil {
		t.Score = w.Rating.Score
	}
	return t
}

// toldOf loads the wish of a number and a code. Returns NotFound, which does not say which of both is wrong.
func (s *Service) toldOf(ctx context.Context, by policy.Actor, number, code string) (store.Doc[Wish], error) {
	none := fault.New("wish.toldOf", fault.NotFound, "没有这个查询号，或者查询码不对，请看清再填")
	if err := s.Guard.Require(by, policy.AskWish); err != nil {
		return store.Doc[Wish]{}, err
	}
	doc, err := s.rows.Docs.Load(ctx, s.tickets.ID(number))
	switch {
	case fault.Is(err, fault.NotFound):
		return doc, none
	case err != nil:
		return doc, err
	case !s.tickets.Opens(doc.State.Ticket, number, code):
		return store.Doc[Wish]{}, none
	}
	return doc, nil
}

// LookUp is what became of a wish, for who has its number and code. Returns Forbidden without AskWish, NotFound.
func (s *Service) LookUp(ctx context.Context, by policy.Actor, number, code string) (Told, error) {
	doc, err := s.toldOf(ctx, by, number, code)
	if err != nil {
		return Told{}, err
	}
	return s.told(&doc.State), nil
}

// strange changes a wish for who has its number and code.
func (s *Service) strange(ctx context.Context, by policy.Actor, number, code string, step Step, idem *store.Idem, f func(*Wish, *bad) error) (Told, error) {
	doc, err := s.toldOf(ctx, by, number, code)
	if err != nil {
		return Told{}, err
	}
	meta := strangerMeta(step, idem)
	if again, done, err := s.rows.Docs.Replay(ctx, meta); err != nil || done {
		if err == nil {
			err = s.book(ctx, again.ID, &again.State)
		}
		return s.told(&again.State), err
	}
	if err := s.apply(&doc.State, step, s.stranger(), f); err != nil {
		return Told{}, err
	}
	if doc, err = s.rows.Docs.Commit(ctx, meta, doc.ID, doc.Seq, doc.State); err != nil {
		return Told{}, err
	}
	return s.told(&doc.State), s.book(ctx, doc.ID, &doc.State)
}

// rated checks a rating.
func rated(w *Wish, b *bad, score int64, words string, by supervision.Hand) {
	b.Count("score", "评分", "分", score, 1, best)
	b.optional("words", "评语", &words, MaxWords)
	w.Rating = &Rating{Score: score, Words: words, By: by}
}

// afterRating is where a rating leads: somebody asks again if it is low.
func (s *Service) afterRating(w *Wish) State {
	if w.Rating.Score <= s.Terms.file.Low {
		return Following
	}
	return Done
}

// RateTold rates a wish, 1 to 5, for who has its number and code. Returns NotFound, Invalid for refused fields (score, words), Conflict before it was served.
func (s *Service) RateTold(ctx context.Context, by policy.Actor, number, code string, score int64, words string, idem *store.Idem) (Told, error) {
	return s.strange(ctx, by, number, code, StepRate, idem, func(w *Wish, b *bad) error {
		rated(w, b, score, words, s.stranger())
		return nil
	})
}

// CancelTold gives a wish up for who has its number and code. Returns NotFound, Conflict once the proof is there.
func (s *Service) CancelTold(ctx context.Context, by policy.Actor, number, code string, idem *store.Idem) (Told, error) {
	return s.strange(ctx, by, number, code, StepCancel, idem, func(w *Wish, _ *bad) error {
		w.Reason = "点单人自己撤销"
		return nil
	})
}

// Call enters what a resident said of a wish when he was called. Returns Forbidden without EnterWish and for who confirmed the service, Invalid for refused fields (score, words).
func (s *Service) Call(ctx context.Context, by policy.Actor, at casework.At, score int64, words string) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, StepCall, func(w *Wish, b *bad) error {
		if by.ID == w.Confirmed.By {
			return apart("这次服务由你确认，评单要由另一人询问登记")
		}
		rated(w, b, score, words, s.hand(by, policy.EnterWish))
		return nil
	})
}

// Withdraw gives a wish up for a resident, by anybody who enters wishes there. Returns Invalid without a reason.
func (s *Service) Withdraw(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, StepWithdraw, func(w *Wish, b *bad) error {
		b.text("reason", "撤销的原因", &reason, 2, supervision.MaxReason)
		w.Reason = reason
		return nil
	})
}

// OpenPlaces are the communities of today and, for one of them, its compounds, for the form without an account. Returns Forbidden without AskWish.
func (s *Service) OpenPlaces(ctx context.Context, by policy.Actor, community string) (communities, compounds []registry.Choice, err error) {
	if err := s.Guard.Require(by, policy.AskWish); err != nil {
		return nil, nil, err
	}
	return supervision.OpenPlaces(ctx, s.Register, s.today(), community)
}

// Places are the communities in which the actor may enter wishes, and the compounds that lie in his scope. Returns Forbidden without EnterWish.
func (s *Service) Places(ctx context.Context, by policy.Actor) (communities, compounds []registry.Choice, err error) {
	scope, err := s.rows.Scope(ctx, by, policy.EnterWish)
	if err != nil {
		return nil, nil, err
	}
	list, err := s.Register.DivisionsAt(ctx, registry.LevelCommunity, s.today())
	if err != nil {
		return nil, nil, err
	}
	for _, d := range list {
		if scope.Covers([]string{policy.CommunityKey(d.ID), policy.TownshipKey(d.Parent)}, s.today()) {
			communities = append(communities, registry.Choice{ID: d.ID, Text: d.Display})
		}
	}
	keys := scope.Keys()
	if scope.All() {
		keys = []string{policy.County}
	}
	for _, key := range keys {
		if id, one := strings.CutPrefix(key, policy.ProjectKey("")); one {
			p, err := s.Register.Place(ctx, id, s.today())
			if err != nil {
				return nil, nil, err
			}
			compounds = append(compounds, registry.Choice{ID: p.Project, Text: p.Name})
			continue
		}
		found, err := s.Register.Compounds(ctx, key)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range found {
			compounds = append(compounds, registry.Choice{ID: c.ID, Text: c.Name})
		}
	}
	return communities, compounds, nil
}

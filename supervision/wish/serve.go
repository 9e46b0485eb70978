package wish

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Accept puts a wish on the list (需求清单). The community words it for those who read the list: words replace what was asked, without anything personal. Returns Forbidden without DispatchWish, Invalid for refused fields (kind, words).
func (s *Service) Accept(ctx context.Context, by policy.Actor, at casework.At, kind, words string) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, StepAccept, func(w *Wish, b *bad) error {
		k, ok := s.Terms.kind(kind)
		if !ok {
			b.Add("kind", "请选择种类")
		}
		b.text("words", "心愿", &words, 5, MaxWords)
		w.Order, w.Kind, w.KindTitle, w.Within, w.Photo, w.Terms, w.Words = k.Order, k.ID, k.Title, k.Within, k.Photo, s.Terms.Version(), words
		return nil
	})
}

// because is a step that only needs a reason, which who asked may read.
func (s *Service) because(ctx context.Context, by policy.Actor, at casework.At, step Step, label, reason string, then func(*Wish) error) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, step, func(w *Wish, b *bad) error {
		b.text("reason", label, &reason, 2, supervision.MaxReason)
		w.Reason = reason
		return then(w)
	})
}

func nothing(*Wish) error { return nil }

// Refuse does not accept a wish (不予受理). Returns Invalid without a reason.
func (s *Service) Refuse(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Wish], error) {
	return s.because(ctx, by, at, StepRefuse, "不予受理的理由", reason, nothing)
}

// Takers are those to whom a wish can be dispatched: the units and teams of its community, and the firms, that of its compound first; to whom an errand: the station of its community and the firm of its compound. Returns Forbidden without DispatchWish, NotFound outside the scope.
func (s *Service) Takers(ctx context.Context, by policy.Actor, id string) ([]Taker, error) {
	scope, err := s.rows.Scope(ctx, by, policy.DispatchWish)
	if err != nil {
		return nil, err
	}
	d, err := s.rows.In(ctx, by, scope, id)
	if err != nil {
		return nil, err
	}
	return s.takersOf(ctx, &d.State)
}

func (s *Service) takersOf(ctx context.Context, w *Wish) ([]Taker, error) {
	if w.Order == OrderErrand {
		out := []Taker{w.station()}
		if w.Firm != "" {
			out = append(out, Taker{policy.FirmKey(w.Firm), w.FirmName, TakerFirm})
		}
		return out, nil
	}
	helpers, err := s.Register.Helpers(ctx, w.Community)
	if err != nil {
		return nil, err
	}
	var out []Taker
	for _, h := range helpers {
		out = append(out, helping(h))
	}
	firms, err := s.Register.FirmChoices(ctx)
	for _, f := range firms {
		t := Taker{policy.FirmKey(f.ID), f.Text, TakerFirm}
		if f.ID == w.Firm {
			out = slices.Insert(out, 0, t)
		} else {
			out = append(out, t)
		}
	}
	return out, err
}

// station is the station of the community as a taker.
func (w *Wish) station() Taker {
	return Taker{policy.CommunityKey(w.Community), w.CommunityName + "红色驿站", TakerStation}
}

// helping is a unit or team as a taker.
func helping(h registry.Helper) Taker {
	kind := TakerUnit
	if h.Book == registry.BookTeams {
		kind = TakerTeam
	}
	return Taker{registry.HelperPrefix + h.ID, h.Name, kind}
}

// Dispatch asks one unit, team or firm to take a wish (派单). Returns Forbidden without DispatchWish, Invalid with the field taker for one that is none of Takers or just gave it back.
func (s *Service) Dispatch(ctx context.Context, by policy.Actor, at casework.At, taker string) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, StepDispatch, func(w *Wish, b *bad) error {
		list, err := s.takersOf(ctx, w)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(t Taker) bool { return t.Key == taker })
		switch {
		case i < 0:
			b.Add("taker", "请选择派给哪个单位、队伍或者企业")
			return nil
		case w.gaveBack(taker):
			b.Add("taker", "%s退过这一单，请改派别的", list[i].Name)
		}
		w.Taker = &list[i]
		if firm, ok := strings.CutPrefix(taker, policy.FirmKey("")); ok {
			w.Reach(firm)
		}
		return nil
	})
}

// Pool lets whoever may take a wish (待认领).
func (s *Service) Pool(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, StepPool, func(w *Wish, _ *bad) error { return nil })
}

// Recall takes a wish back from who was asked or has it, to be dispatched anew. Returns Invalid without a reason.
func (s *Service) Recall(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Wish], error) {
	return s.because(ctx, by, at, StepRecall, "收回的理由", reason, func(w *Wish) error {
		w.release()
		return nil
	})
}

// release takes a wish from who has it.
func (w *Wish) release() {
	w.Taker, w.More, w.Taken, w.ServeBy = nil, nil, calendar.Date{}, calendar.Deadline{}
}

// Take takes a wish (接单) for the actor's unit, team or firm; key says for which if he acts for several, "" for his only one. Of two that take it at once one wins. Returns Forbidden without TakeWish and for who acts for
// nobody, Invalid with the field taker if it is not clear for whom, Conflict for who was overtaken.
func (s *Service) Take(ctx context.Context, by policy.Actor, at casework.At, key string) (store.Doc[Wish], error) {
	const op = "wish.Take"
	return s.step(ctx, by, at, StepTake, func(w *Wish, b *bad) error {
		mine := s.serves(by, w.Order)
		if len(mine) == 0 {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "你的任职没有写明代表哪个单位、队伍或者企业，请找系统管理员补上", Rule: "任职的单位：u:台账编号，或者 f:企业编号"}
		}
		if key == "" && len(mine) == 1 {
			key = mine[0]
		}
		switch {
		case w.State == Dispatched:
			key = w.Taker.Key
		case w.Order == OrderErrand:
			key = w.station().Key
		}
		if !slices.Contains(mine, key) {
			b.Add("taker", "请选择由哪个单位、队伍或者企业接单")
			return nil
		}
		taker, err := w.station(), error(nil)
		if key != taker.Key {
			if taker, err = s.takerOf(ctx, key); err != nil {
				return err
			}
		}
		w.Taker, w.Taken = &taker, s.today()
		if firm, ok := strings.CutPrefix(key, policy.FirmKey("")); ok {
			w.Reach(firm)
		}
		w.ServeBy, err = s.Deadlines(w.Within, s.today())
		return err
	})
}

// CanTake reports whether the actor serves for somebody who can take the wish now.
func (s *Service) CanTake(by policy.Actor, w *Wish) bool {
	mine := s.serves(by, w.Order)
	switch {
	case !w.Can(StepTake):
		return false
	case w.State == Dispatched:
		return slices.Contains(mine, w.Taker.Key)
	case w.Order == OrderErrand:
		return slices.Contains(mine, w.station().Key)
	}
	return len(mine) > 0
}

// takerOf is the taker of a key. Returns NotFound for a unit or team that is not in its book any more, and for a firm that is not registered.
func (s *Service) takerOf(ctx context.Context, key string) (Taker, error) {
	if firm, ok := strings.CutPrefix(key, policy.FirmKey("")); ok {
		names, err := s.Register.FirmNames(ctx, []string{firm})
		if err == nil && names[firm] == "" {
			err = fault.New("wish.takerOf", fault.NotFound, "没有登记这家企业")
		}
		return Taker{key, names[firm], TakerFirm}, err
	}
	h, err := s.Register.HelperOf(ctx, strings.TrimPrefix(key, registry.HelperPrefix))
	return helping(h), err
}

// Mine are the units, teams and firms for which the actor can take wishes; one that is not registered any more is left out.
func (s *Service) Mine(ctx context.Context, by policy.Actor) ([]Taker, error) {
	var out []Taker
	for _, key := range s.serves(by, OrderWish) {
		t, err := s.takerOf(ctx, key)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// own is step for who has the wish.
func (s *Service) own(ctx context.Context, by policy.Actor, at casework.At, step Step, f func(*Wish, *bad) error) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, step, func(w *Wish, b *bad) error {
		if !s.Holds(by, w) {
			return &fault.Error{Op: "wish.own", Kind: fault.Forbidden, Message: "这件" + w.Noun() + "不由你们服务", Rule: "谁接单，谁服务"}
		}
		return f(w, b)
	})
}

// Leave gives a wish back to the pool (退单). Returns Forbidden for everybody else than who has it, Invalid without a reason.
func (s *Service) Leave(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Wish], error) {
	return s.own(ctx, by, at, StepLeave, func(w *Wish, b *bad) error {
		b.text("reason", "退单的理由", &reason, 2, supervision.MaxReason)
		w.Reason = reason
		if w.Taker.Kind != TakerStation && !w.gaveBack(w.Taker.Key) { // the station can be asked again
			w.GivenBack = append(slices.Clone(w.GivenBack), w.Taker.Key)
		}
		w.release()
		return nil
	})
}

// AskMore asks for more time, once and before the deadline. Returns Invalid without a reason, Conflict after the deadline, the second time, and while the deadline is unresolved.
func (s *Service) AskMore(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Wish], error) {
	const op = "wish.AskMore"
	return s.own(ctx, by, at, StepMore, func(w *Wish, b *bad) error {
		switch {
		case !w.ServeBy.Resolved():
			return fault.New(op, fault.Conflict, "服务期限要等节假日安排装载以后才能算出，现在不会逾期，不用延期")
		case w.ServeBy.Late(s.Now()):
			return fault.New(op, fault.Conflict, "服务期限"+w.ServeBy.Due.Chinese()+"已经过了，延期要在届满以前申请")
		}
		b.text("reason", "延期的理由", &reason, 2, supervision.MaxReason)
		w.Reason, w.More = reason, &More{Reason: reason, Asked: journal.At(s.Now())}
		return nil
	})
}

// Decide grants more time or not. Returns Conflict if nothing is asked for, or once the deadline is not known.
func (s *Service) Decide(ctx context.Context, by policy.Actor, at casework.At, grant bool) (store.Doc[Wish], error) {
	step := StepDeny
	if grant {
		step = StepGrant
	}
	return s.step(ctx, by, at, step, func(w *Wish, _ *bad) error {
		more := *w.More
		more.Decided, more.Granted = journal.At(s.Now()), grant
		w.More = &more
		if !grant {
			return nil
		}
		var err error
		w.ServeBy, err = s.Deadlines(extensionRule, w.ServeBy.Due)
		w.Due = w.ServeBy
		return err
	})
}

// ProofInput is what was done for a wish.
type ProofInput struct {
	// Words say what was done, without names; for a wish HalfHours are the hours of all helpers together in halves, Helpers how many they were.
	Words              string
	HalfHours, Helpers int64
	// Photos show it; they stay the caller's to close.
	Photos []*files.Upload
}

// Prove hands in what was done. Returns Forbidden for everybody else than who has it, Invalid for refused fields (words, hours, helpers, photos: a kind may need one).
func (s *Service) Prove(ctx context.Context, by policy.Actor, at casework.At, in ProofInput) (store.Doc[Wish], error) {
	return s.own(ctx, by, at, StepProve, func(w *Wish, b *bad) error {
		p := Proof{Words: in.Words, HalfHours: in.HalfHours, Helpers: in.Helpers, By: s.hand(by, w.Action(StepProve)), Late: w.ServeBy.Late(s.Now())}
		b.text("words", "服务情况", &p.Words, 5, MaxWords)
		if w.Order == OrderErrand {
			p.HalfHours, p.Helpers = 0, 0 // nobody counts the hours of an errand
		} else {
			b.Count("helpers", "参加人数", "人", p.Helpers, 1, MaxHelpers)
			if p.HalfHours < 1 || p.HalfHours > MaxHalfHours {
				b.Add("hours", "服务时长合计要在 0.5 至 %d 小时之间，按半小时记", MaxHalfHours/2)
			}
		}
		switch {
		case len(in.Photos) > MaxPhotos:
			b.Add("photos", "最多 %d 张照片，现在有 %d 张", MaxPhotos, len(in.Photos))
		case w.Photo && len(in.Photos) == 0:
			b.Add("photos", "“%s”办好以后要拍一张现场照片，不拍人脸和门牌", w.KindTitle)
		}
		if err := b.Err("wish.Prove"); err != nil {
			return err
		}
		for i, photo := range in.Photos {
			photo.Name = "照片" + string(rune('1'+i)) // what a phone calls a file may name a person
			stored, err := s.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(w.Action(StepProve))}, photo)
			if err != nil {
				return err
			}
			p.Photos = append(p.Photos, stored)
		}
		w.Proof = &p
		return nil
	})
}

// Confirm says that a wish was served, and which of the reported party members took part: one name a line, "" for nobody. Returns Forbidden for who handed the proof in, Invalid with the field members.
func (s *Service) Confirm(ctx context.Context, by policy.Actor, at casework.At, members string) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, StepConfirm, func(w *Wish, b *bad) error {
		if by.ID == w.Proof.By.By {
			return apart("服务情况由你提交，要由另一人确认")
		}
		w.Confirmed, w.Served = s.hand(by, policy.DispatchWish), s.today()
		p := *w.Proof
		p.Members, w.Proof = nil, &p
		return s.helped(ctx, by, w, members, b)
	})
}

// Redo sends a proof back; the deadline stays. Returns Invalid without a reason.
func (s *Service) Redo(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Wish], error) {
	return s.because(ctx, by, at, StepRedo, "退回的理由", reason, nothing)
}

// Close ends a wish that nobody rated once the time for it is over; it counts as not rated. Returns Invalid without a reason, Conflict before.
func (s *Service) Close(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Wish], error) {
	return s.because(ctx, by, at, StepClose, "没有评单的情况", reason, func(w *Wish) error {
		if !w.Due.Late(s.Now()) {
			return fault.New("wish.Close", fault.Conflict, "评单的期限"+w.Due.Chinese()+"还没有过，请先请点单人评单，或者电话询问后登记")
		}
		return nil
	})
}

// Settle ends a wish that was rated low after somebody asked again (回访). Returns Invalid without words.
func (s *Service) Settle(ctx context.Context, by policy.Actor, at casework.At, words string) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, StepSettle, func(w *Wish, b *bad) error {
		b.text("words", "回访情况", &words, 5, MaxWords)
		w.FollowUp = words
		return nil
	})
}

// Again dispatches a wish anew that was rated low (回访); what was done and said before stays in its history, and what the public saw of it is taken down. Returns Invalid without words.
func (s *Service) Again(ctx context.Context, by policy.Actor, at casework.At, words string) (store.Doc[Wish], error) {
	return s.step(ctx, by, at, StepAgain, func(w *Wish, b *bad) error {
		b.text("words", "回访情况", &words, 5, MaxWords)
		w.release()
		w.FollowUp, w.Proof, w.Rating, w.Confirmed, w.Served = words, nil, nil, supervision.Hand{}, calendar.Date{}
		w.Draft, w.DraftBy, w.Hidden = "", "", !w.Published.IsZero()
		return nil
	})
}

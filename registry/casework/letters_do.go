package casework

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// LetterStep is what is done with a line of the register by hand.
type LetterStep string

// The steps of a line.
const (
	// LetterEnter enters a paper that no case sends; LetterNumber gives one without a number its number; LetterSend records one time that it was sent; LetterReceipt adds the receipt to the last time without one; LetterGiveUp gives up a number that was taken and not used.
	LetterEnter   LetterStep = "enter"
	LetterNumber  LetterStep = "number"
	LetterSend    LetterStep = "send"
	LetterReceipt LetterStep = "receipt"
	LetterGiveUp  LetterStep = "void"
)

// LetterSteps are the steps of a line that is there.
func LetterSteps() []LetterStep {
	return []LetterStep{LetterSend, LetterNumber, LetterReceipt, LetterGiveUp}
}

// Title is the step for people.
func (s LetterStep) Title() string {
	return map[LetterStep]string{LetterEnter: "登记", LetterSend: "登记发送", LetterNumber: "补编文号", LetterReceipt: "补登送达回证", LetterGiveUp: "文号作废"}[s]
}

// Action is the right of the step.
func (s LetterStep) Action() policy.Action { return policy.RecordSent }

// NewLetter is a paper that is entered by hand.
type NewLetter struct {
	// Number is what the office gave; "" with Word takes the next one of that series, "" without enters a paper that has none.
	Number, Word string
	// Title is what the paper is called, About what it is about.
	Title, About string
	// Case is "<kind>/<id>" of the case that it belongs to, "" for none: then About is its name. For is the paper of the case that is to bear the number, a code as in SeriesRow.Papers; "" for any.
	Case, For string
}

// codes reports whether a code names a paper of a case.
func codes(code, target string) bool {
	kind, _, _ := strings.Cut(target, "/")
	return codeOf.MatchString(code) && strings.HasPrefix(code, kind+".")
}

// own are the series from which somebody with a scope may take.
func (r *Letters) own(scope policy.Scope) (out []SeriesRow) {
	for _, row := range r.Series.All() {
		if row.in(scope) {
			out = append(out, row)
		}
	}
	return out
}

// Own are the series from which the actor may take numbers. Returns Forbidden without RecordSent.
func (r *Letters) Own(ctx context.Context, by policy.Actor) ([]SeriesRow, error) {
	scope, err := r.Scope(ctx, by, policy.RecordSent)
	if err != nil {
		return nil, err
	}
	return r.own(scope), nil
}

// keyed refuses a number of a series that is not the actor's, and gives a paper without a case its scope keys: those of the township in whose series its number is, or of the one township whose paper it is.
func (r *Letters) keyed(scope policy.Scope, f *Check, l *Letter) {
	row, known := r.Series.Word(l.Word)
	if known && !row.in(scope) {
		f.Fail("number", "“%s”不是你单位的机关代字", l.Word)
	}
	switch {
	case l.Target != "":
	case known:
		l.Keys = row.keys()
	case !scope.All():
		l.Keys = slices.DeleteFunc(scope.Keys(), func(key string) bool { return !strings.HasPrefix(key, "t:") })
		if len(l.Keys) != 1 {
			f.Fail("word", "请选择机关代字，说明是哪个单位的文书")
		}
	}
}

// Record enters a paper by hand, with a number that it is given or takes. Returns Forbidden without RecordSent, NotFound for a case outside the scope, Invalid for refused fields (number, word, title, about), naming the paper that bears the number. A number is taken once for a paper of a case.
func (r *Letters) Record(ctx context.Context, by policy.Actor, in NewLetter, idem *store.Idem) (store.Doc[Letter], error) {
	return r.Begin(ctx, by, policy.RecordSent, LetterEnter.Title(), idem, func(begun New) (Letter, error) {
		today := calendar.DateOf(r.Now())
		l := Letter{Day: today, By: by.ID}
		f := &Check{today: today}
		f.Text("title", "文书名称", &in.Title, 2, maxTitle)
		switch {
		case in.Case != "":
			kind, id, _ := strings.Cut(in.Case, "/")
			hidden := fault.New("casework.Record", fault.NotFound, "没有找到这一件")
			bearer, known := r.bearers[kind]
			if !known {
				return l, hidden
			}
			of, err := bearer(ctx, id)
			if err != nil || !begun.Scope.Covers(of.Keys, of.Day) || !begun.Scope.All() { // see Letters.Shows
				return l, hidden
			}
			l.Target, l.About, l.Project, l.Keys, l.Stamp = in.Case, of.Name, of.Project, of.Keys, of.Day
			if in.For != "" {
				if !codes(in.For, in.Case) {
					return l, hidden
				}
				l.For = in.For
				held, err := r.Held(ctx, in.Case, in.For)
				if err != nil {
					return l, err
				}
				if held != "" {
					f.Fail("number", "已经为这一件取了“%s”，还没有用；不用的先在发文登记簿里作废", held)
				}
			}
		default:
			f.Text("about", "有关的小区、单位或者事项", &in.About, 0, maxTitle)
			l.About = in.About
		}
		of := Bearing{Target: letterKind + "/" + begun.ID}
		f.Text("number", "文号", &in.Number, 0, maxNumber)
		if in.Number == "" && in.Word != "" {
			row, known := r.Series.Word(in.Word)
			if !known {
				f.Fail("word", "没有“%s”这个机关代字", in.Word)
			} else if !row.in(begun.Scope) {
				f.Fail("word", "“%s”不是你单位的机关代字", in.Word)
			} else if next, err := r.nextOf(ctx, row, int64(today.Year())); err != nil {
				return l, err
			} else {
				in.Number = next
			}
		}
		if in.Number != "" {
			words, _, err := r.Taken(ctx, in.Number, of)
			if err != nil {
				return l, err
			}
			if words != "" {
				f.Fail("number", "%s", words)
			}
		}
		l.Title, l.Number = in.Title, in.Number
		l.numbered()
		r.keyed(begun.Scope, f, &l)
		if err := f.Err(); err != nil {
			return l, err
		}
		if l.Number == "" {
			return l, nil
		}
		// A number that lies taken is not taken once more.
		if words, held, err := r.Taken(ctx, l.Number, of); err != nil || held != "" || words != "" {
			if err == nil {
				err = fault.InvalidFields("casework.Record", fault.Field{Name: "number", Message: "文号“" + l.Number + "”已经取过，还没有用：在发文登记簿里打开那一条登记"})
			}
			return l, err
		}
		return l, r.Take(ctx, begun.Meta, l.Number, of)
	})
}

// Do carries a step out on a line. Fields: of number number; of send text (to whom), choice (one of Ways), day, paper (the receipt, optional); of receipt paper; of void text (why). Returns Forbidden without RecordSent, NotFound outside the scope, Invalid for refused
// fields, Conflict if the line does not allow the step or somebody was quicker.
func (r *Letters) Do(ctx context.Context, by policy.Actor, at At, do LetterStep, in Input) (store.Doc[Letter], error) {
	const op = "casework.Do"
	return r.Change(ctx, by, policy.RecordSent, at, do.Title(), func(l *Letter) error {
		if why := l.Waits(do); why != "" {
			return fault.New(op, fault.Conflict, why)
		}
		f := &Check{today: calendar.DateOf(r.Now())}
		desk := Desk{DB: r.DB, Keeper: r.Keeper}
		switch do {
		case LetterSend:
			f.Text("text", "送给谁", &in.Text, 2, maxTo)
			way := registry.TextOf(Ways(), in.Choice)
			if way == "" || way == in.Choice {
				f.Fail("choice", "请选择送达方式")
			}
			f.Past("day", "日期", in.Day, calendar.Date{})
			if len(l.Sent) >= maxSendings {
				f.Fail("text", "已经登记发送 %d 次，另登一条", maxSendings)
			}
			if err := f.Err(); err != nil {
				return err
			}
			sent := Sending{To: in.Text, Way: way, Day: in.Day, By: by.ID}
			if in.Upload != nil {
				file, err := desk.Keep(ctx, by, policy.RecordSent, in.Upload, "")
				if err != nil {
					return err
				}
				sent.Receipt = &file
			}
			l.Sent = append(slices.Clone(l.Sent), sent)
		case LetterNumber:
			return r.number(ctx, by, at.ID, l, f, in.Number)
		case LetterReceipt:
			file, err := desk.Keep(ctx, by, policy.RecordSent, in.Upload, "请上传送达回证")
			if err != nil {
				return err
			}
			l.Sent = slices.Clone(l.Sent)
			l.Sent[l.lacks()].Receipt = &file
		case LetterGiveUp:
			f.Text("text", "作废的原因", &in.Text, 2, maxTo)
			l.Void = in.Text
			return f.Err()
		default:
			return fault.New(op, fault.Internal, "没有这一步："+string(do))
		}
		return nil
	})
}

// number gives a line its number, in the series of the actor's own scope.
func (r *Letters) number(ctx context.Context, by policy.Actor, id string, l *Letter, f *Check, number string) error {
	scope, err := r.Scope(ctx, by, policy.RecordSent)
	if err != nil {
		return err
	}
	of := Bearing{Target: letterKind + "/" + id}
	if f.Text("number", "文号", &number, 2, maxNumber); f.Err() == nil {
		words, held, err := r.Taken(ctx, number, of)
		if err != nil {
			return err
		}
		if held != "" {
			words = "文号“" + number + "”已经取过，还没有用：在发文登记簿里打开那一条登记"
		}
		if words != "" {
			f.Fail("number", "%s", words)
		}
	}
	l.Number = number
	l.numbered()
	if row, known := r.Series.Word(l.Word); known && !row.in(scope) {
		f.Fail("number", "“%s”不是你单位的机关代字", l.Word)
	}
	if err := f.Err(); err != nil {
		return err
	}
	return r.Take(ctx, store.Meta{By: by.ID, Action: string(policy.RecordSent), Why: LetterNumber.Title()}, l.Number, of)
}

// lacks is the last time that it was sent by hand without a receipt, -1 for none.
func (l *Letter) lacks() int {
	for i := len(l.Sent) - 1; i >= int(l.Own); i-- {
		if l.Sent[i].Receipt == nil {
			return i
		}
	}
	return -1
}

// Waits says why a step cannot be taken, "" if it can.
func (l *Letter) Waits(do LetterStep) string {
	switch {
	case l.Void != "":
		return "这个文号已经作废：" + l.Void
	case do == LetterReceipt && l.lacks() < 0:
		return "没有等着补送达回证的登记"
	case do == LetterNumber && l.Number != "":
		return "已经有文号：" + l.Number
	case do == LetterNumber && l.Slot != "" && l.For == "":
		return "这份文书的文号由办件登记"
	case do == LetterGiveUp && (l.State() != LetterHeld || l.Number == ""):
		return "只有取了号、还没有发出的可以作废"
	}
	return ""
}

// LetterFilter narrows the list; what is "" does not narrow. Way is a code of Ways, State one of the words of State, Case "<kind>/<id>", Kind the kind of what sent it or ByHand, Lack "1" those without receipt.
type LetterFilter struct {
	Text, Way, State, Case, Kind, Lack string
	From, Until                        calendar.Date
}

// ByHand is the kind of what was entered by hand.
const ByHand = "hand"

// kind is the kind of what sent it.
func (l *Letter) kind() string {
	kind, _, _ := strings.Cut(l.Target, "/")
	if l.Slot == "" {
		kind = ByHand
	}
	return kind
}

// lets reports whether a line passes.
func (w LetterFilter) lets(l *Letter) bool {
	way := registry.TextOf(Ways(), w.Way)
	texts, ways := []string{l.Number, l.Title, l.About}, w.Way == ""
	for _, s := range l.Sent {
		texts = append(texts, s.To)
		ways = ways || strings.Contains(s.Way, strings.TrimSuffix(way, "送达"))
	}
	last := l.Last()
	return ways && Says(w.Text, texts...) && (w.State == "" || w.State == l.State()) && (w.Case == "" || w.Case == l.Target) && (w.Kind == "" || w.Kind == l.kind()) &&
		(w.Lack == "" || slices.ContainsFunc(l.Sent, Sending.Lacks)) &&
		(w.From.IsZero() || last.Compare(w.From) >= 0) && (w.Until.IsZero() || last.Compare(w.Until) <= 0)
}

// List returns a page of the register, what went out last first. Returns Forbidden without ReadSent.
func (r *Letters) List(ctx context.Context, by policy.Actor, w LetterFilter, after string) (store.Page[Letter], error) {
	q := store.Query{Index: ByScope, Desc: true, After: after, Limit: PageSize}
	return r.Page(ctx, by, q, w.lets)
}

// Of returns the lines of a case, the oldest first, as far as the actor sees them. Returns Forbidden without ReadSent.
func (r *Letters) Of(ctx context.Context, by policy.Actor, target string) ([]store.Doc[Letter], error) {
	return r.All(ctx, by, store.Query{Index: byTarget, Key: target}, func(*Letter) bool { return true })
}

// NumberLine is a number of a series in a year: the lines that bear it, none for a gap; a gap may be several numbers, until Last.
type NumberLine struct {
	Number, Last string
	Letters      []store.Doc[Letter]
}

// SeriesYear is one series in one year.
type SeriesYear struct {
	// Word and Title name the series; Title is "" for one that the file does not name.
	Word, Title string
	Lines       []NumberLine
	// Used counts the numbers that are borne, Gaps those between the first and the last one that are not; Next is the next free one, "" for a series that the file does not name.
	Used, Gaps int
	Next       string
}

// Numbers is the register of the numbers of a year, by the series that lie in the actor's scope in the order of the file, then those of which he sees single numbers. Gaps are told to whose series it is and who sees the whole county: in a part of it nobody can tell. Returns Forbidden without ReadSent.
func (r *Letters) Numbers(ctx context.Context, by policy.Actor, year int) ([]SeriesYear, error) {
	scope, err := r.Scope(ctx, by, policy.ReadSent)
	if err != nil {
		return nil, err
	}
	docs, err := r.All(ctx, by, store.Query{Index: byYear, Key: strconv.Itoa(year)}, func(*Letter) bool { return true })
	if err != nil {
		return nil, err
	}
	words := map[string][]store.Doc[Letter]{}
	var others []string
	for _, d := range docs {
		if row, known := r.Series.Word(d.State.Word); (!known || !row.in(scope)) && words[d.State.Word] == nil {
			others = append(others, d.State.Word)
		}
		words[d.State.Word] = append(words[d.State.Word], d)
	}
	var out []SeriesYear
	for _, row := range r.own(scope) {
		one := SeriesYear{Word: row.Word, Title: row.Title}
		first := row.first(int64(year))
		if lines := words[row.Word]; row.On && len(lines) > 0 { // the year before ended where nobody here can tell
			first = lines[0].State.Nth
		}
		one.fill(words[row.Word], int64(year), first, true)
		if one.Next, err = r.nextOf(ctx, row, int64(year)); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	for _, word := range others {
		one := SeriesYear{Word: word}
		one.fill(words[word], int64(year), 1, scope.All())
		out = append(out, one)
	}
	return out, nil
}

// fill puts the numbers of a series, which come in their order, into lines, with the gaps between them.
func (y *SeriesYear) fill(docs []store.Doc[Letter], year, first int64, gaps bool) {
	next := first
	for _, d := range docs {
		l := d.State
		if n := len(y.Lines); n > 0 && len(y.Lines[n-1].Letters) > 0 && y.Lines[n-1].Number == l.Number {
			y.Lines[n-1].Letters = append(y.Lines[n-1].Letters, d)
			continue
		}
		if gaps && l.Nth > next {
			y.Lines = append(y.Lines, NumberLine{Number: Number{y.Word, year, next}.String(), Last: Number{y.Word, year, l.Nth - 1}.String()})
			y.Gaps += int(l.Nth - next)
		}
		y.Lines = append(y.Lines, NumberLine{Number: l.Number, Letters: []store.Doc[Letter]{d}})
		y.Used++
		next = max(next, l.Nth+1)
	}
}

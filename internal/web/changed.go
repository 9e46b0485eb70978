package web

import (
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/num"
	"redsteward/rating"
)

// changesView is what the template "changes" shows: line by line what gave other points than in the period before.
type changesView struct {
	// Period is the one before, Then and Now are the totals, "—" for none.
	Period, Then, Now string
	// Restricted: some parts stand there by their total, because who asks does not see their lines.
	Restricted bool
	// OtherRule: the rule was changed in between.
	OtherRule bool
	Lines     []changedLine
}

// changedLine is a line, a part of which the lines are not shown, or a step to the total.
type changedLine struct {
	Name, Was, Is, Change, Why string
	Minus                      bool
}

// changesOf compares a star with the period before; nil if there is nothing to compare: a star belongs to project, firm and contract. A part whose lines are kept back now, or were kept
// back then, is compared by its total.
func changesOf(one Star, places int) *changesView {
	b := one.Before
	if b == nil || b.OtherFirm || b.Groups == nil {
		return nil
	}
	v := &changesView{Period: b.Period, OtherRule: b.OtherRule, Then: "—", Now: "—"}
	if b.Total != nil {
		v.Then = points(*b.Total, places)
	}
	if one.Total != nil {
		v.Now = points(*one.Total, places)
	}
	closed := map[string]bool{}
	for _, groups := range [][]LineGroup{one.Groups, b.Groups} {
		for _, g := range groups {
			closed[g.ID] = closed[g.ID] || g.Hidden || g.Kept
			v.Restricted = v.Restricted || g.Kept
		}
	}
	ids, is := compared(one.Groups, one.Adjustments, closed, places)
	old, was := compared(b.Groups, b.Adjustments, closed, places)
	for _, id := range old {
		if _, ok := is[id]; !ok {
			ids = append(ids, id)
		}
	}
	of := func(lines map[string]Line) func(string) *num.Num {
		return func(id string) *num.Num { return lines[id].Points }
	}
	for _, c := range rating.Changes(ids, of(was), of(is)) {
		then, had := was[c.ID]
		now, has := is[c.ID]
		at := max(then.Places, now.Places)
		line := changedLine{Name: strings.TrimSpace(now.Clause + " " + now.Name), Was: "—", Is: "—", Change: signed(c.Change, at), Minus: c.Change.Sign() < 0}
		if c.Was != nil {
			line.Was = points(*c.Was, at)
		}
		if c.Is != nil {
			line.Is = points(*c.Is, at)
		}
		if !has {
			line.Name = strings.TrimSpace(then.Clause + " " + then.Name)
		}
		switch {
		case !strings.HasPrefix(c.ID, lineKey): // a part or a step has no facts of its own
			line.Why = now.State
		case !has:
			line.Why = "本期没有列出这一项"
		case !had:
			line.Why = "上期没有列出这一项"
		default:
			line.Why = changeWhy(then, now, b.OtherRule)
		}
		v.Lines = append(v.Lines, line)
	}
	return v
}

// lineKey begins what names a line among what is compared.
const lineKey = "line/"

// compared are the lines that count, the parts of which only the total is shown, and the steps to the total, in their order and by what names them.
func compared(groups []LineGroup, steps []Adjustment, closed map[string]bool, places int) (ids []string, by map[string]Line) {
	by = map[string]Line{}
	put := func(id string, l Line) { ids, by[id] = append(ids, id), l }
	for _, g := range groups {
		switch {
		case g.ID == asideGroup:
		case closed[g.ID]:
			l := Line{Name: g.Name, Points: g.Points, Max: g.Max, Places: places}
			if g.Hidden {
				l.State = "按规则只公开合计"
			}
			put("part/"+g.ID, l)
		default:
			for _, l := range g.Lines {
				put(lineKey+l.ID, l)
			}
		}
	}
	for _, a := range steps {
		put("step/"+a.Name, Line{Name: a.Name, Points: a.Change, State: a.Said, Places: places})
	}
	return ids, by
}

// shownItems is how many items explain the change of a line.
const shownItems = 3

// changeWhy says in a few words why a line gives other points: the rule, what was found then and now, the items. otherRule says that the periods have other versions of the rule.
func changeWhy(was, is Line, otherRule bool) string {
	var why []string
	if otherRule && (was.Rule != is.Rule || (was.Max == nil) != (is.Max == nil) || was.Max != nil && !was.Max.Equal(*is.Max)) {
		said := "规则改了"
		if was.Max != nil && is.Max != nil && !was.Max.Equal(*is.Max) {
			said += "，满分 " + was.Max.String() + " → " + is.Max.String()
		}
		why = append(why, said)
	}
	if said := factChange(was.Fact, is.Fact); said != "" {
		why = append(why, said)
	}
	if said := itemChanges(was.Items, is.Items); said != "" {
		why = append(why, said)
	}
	if was.State != is.State && len(why) == 0 {
		for _, state := range []*string{&was.State, &is.State} {
			if *state == "" {
				*state = "计分"
			}
		}
		why = append(why, was.State+" → "+is.State)
	}
	switch {
	case len(why) > 0:
		return strings.Join(why, "；")
	case is.State != "":
		return is.State
	case was.Fact == "" && is.Fact == "":
		return ""
	}
	return "本项事实没有变"
}

// factChange says which facts of a line are others than before: “收缴率 = 300 ÷ 400 户 → 312 ÷ 400 户”, "" for none.
func factChange(was, is string) string {
	if was == is {
		return ""
	}
	then, now := strings.Split(was, "；"), strings.Split(is, "；")
	if len(then) != len(now) {
		return was + " → " + is
	}
	var out []string
	for i := range now {
		if then[i] != now[i] {
			out = append(out, fromTo(then[i], now[i]))
		}
	}
	return strings.Join(out, "；")
}

// fromTo puts an arrow between two texts and says the name that both begin with once.
func fromTo(was, is string) string {
	for _, mark := range []string{" = ", "：", ": ", " "} {
		name, then, ok := strings.Cut(was, mark)
		if other, now, found := strings.Cut(is, mark); ok && found && name == other {
			return name + mark + then + " → " + now
		}
	}
	return was + " → " + is
}

// itemChanges names the items of which something else was found; of items with the same name the first is compared with the first, and so on.
func itemChanges(was, is []Item) string {
	found := func(items []Item) (names []string, by map[string]string) {
		by = map[string]string{}
		for _, i := range items {
			name := i.Name
			for n := 2; by[name] != ""; n++ {
				name = i.Name + " " + strconv.Itoa(n)
			}
			names, by[name] = append(names, name), joinWords(i.Found, i.State)
		}
		return names, by
	}
	names, now := found(is)
	old, then := found(was)
	for _, name := range old {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var out []string
	n := 0
	for _, name := range names {
		if then[name] == now[name] {
			continue
		}
		if n++; n <= shownItems {
			out = append(out, name+" "+orNone(then[name])+" → "+orNone(now[name]))
		}
	}
	if n > shownItems {
		return strings.Join(out, "、") + "等 " + count(n) + " 条"
	}
	return strings.Join(out, "、")
}

// orNone is “无” for nothing.
func orNone(text string) string {
	if text == "" {
		return "无"
	}
	return text
}

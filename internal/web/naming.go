package web

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
)

// What stands in the third column of fieldsFile instead of a unit: the value names something else.
const (
	// refMark begins it: "@firm" is the id of a document of this kind.
	refMark = "@"
	// refStream is a kind with an id, refKey a scope key, refRole the code of a role, refJob the name of a job, refDeadline the id of a rule of deadlines.yaml, refGather the rule by which readings became one value.
	refStream   = "@stream"
	refKey      = "@key"
	refRole     = "@role"
	refJob      = "@job"
	refDeadline = "@deadline"
	refGather   = "@gather"
)

// wordRefs name no document.
var wordRefs = []string{refRole, refJob, refDeadline, refGather}

// ownDeadline is what a deadline is called that comes from no rule of deadlines.yaml but from what asks for something, "" for any other.
func ownDeadline(id string) string {
	switch begin, _, _ := strings.Cut(id, "."); begin {
	case "collection":
		return "收表任务写明的期限"
	case "return":
		return "报表写明的上报期限"
	}
	return ""
}

// accountKind is the kind of accounts, which say who they are by KnownAs and not by what is stored of them.
const accountKind = "account"

// keyKinds are the kinds of the rows that scope keys name, by what a key begins with.
var keyKinds = map[string]string{"p": "project", "f": "firm", "d": "developer", "c": "division", "t": "division"}

// Named reports whether a place of a kind holds what names something else, so that the log shows what that is called beside it.
func Named(kind, path string) bool {
	_, unit := tellPlace(kind, path)
	return strings.HasPrefix(unit, refMark)
}

// namePlaces are the places that say what a document of a kind is called, in the third column of its row in fieldsFile; none for a kind that has no name. "@visit" stands for the visit that the first part of its id names,
// "@stream" for what the whole id names.
func namePlaces(kind string) []string { return strings.Fields(fieldWords[kind+":"].unit) }

// refOf is the document that a value names, false if it names none.
func refOf(unit, value string) (store.Ref, bool) {
	switch {
	case value == "" || !strings.HasPrefix(unit, refMark) || slices.Contains(wordRefs, unit):
		return store.Ref{}, false
	case unit == refStream:
		kind, id, ok := strings.Cut(value, "/")
		return store.Ref{Kind: kind, ID: id}, ok && id != ""
	case unit == refKey:
		begin, id, _ := strings.Cut(value, ":")
		return store.Ref{Kind: keyKinds[begin], ID: id}, keyKinds[begin] != "" && id != ""
	}
	return store.Ref{Kind: strings.TrimPrefix(unit, refMark), ID: value}, true
}

// ownPart is the part of an id that names something else.
func ownPart(ref store.Ref, place string) string {
	if place == refStream {
		return ref.ID
	}
	first, _, _ := strings.Cut(ref.ID, "/")
	return first
}

// naming finds what the documents and people of a page are called, all that are asked for at once together, and keeps it. Names are those that everybody who reads the log may see; that of a person is masked for who
// may not read accounts.
type naming struct {
	s      *Server
	by     policy.Actor
	called map[store.Ref]*store.Called // nil: there is none of it
	people map[string]policy.KnownAs
}

func (s *Server) naming(by policy.Actor) *naming {
	return &naming{s: s, by: by, called: map[store.Ref]*store.Called{}, people: map[string]policy.KnownAs{}}
}

// namingDepth is how often a name leads on to another: a copy of a notice, the notice, its sender's township.
const namingDepth = 3

// learn reads what documents are called, and what they are called by.
func (n *naming) learn(ctx context.Context, want []store.Ref) error {
	people := map[string]bool{}
	for range namingDepth {
		var fresh []store.Ref
		for _, ref := range want {
			if ref.Kind == accountKind {
				people[ref.ID] = true
			} else if _, known := n.called[ref]; !known {
				n.called[ref] = nil
				fresh = append(fresh, ref)
			}
		}
		if want = nil; len(fresh) == 0 {
			break
		}
		found, err := n.s.journal.Called(ctx, fresh, namePlaces)
		if err != nil {
			return err
		}
		for _, ref := range fresh {
			one, is := found[ref]
			if !is {
				continue
			}
			n.called[ref] = &one
			for i, place := range namePlaces(ref.Kind) {
				_, unit := tellPlace(ref.Kind, place)
				value := one.Values[i].Text
				if strings.HasPrefix(place, refMark) {
					unit, value = place, ownPart(ref, place)
				}
				if next, names := refOf(unit, value); names {
					want = append(want, next)
				}
			}
		}
	}
	maps.DeleteFunc(people, func(id string, _ bool) bool { _, known := n.people[id]; return known })
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(people)), store.MaxLimit) {
		known, err := n.s.people.KnownAs(ctx, n.by, chunk)
		if err != nil {
			return err
		}
		for _, id := range chunk {
			n.people[id] = known[id] // nobody, if it is none
		}
	}
	return nil
}

// gone stands where something was taken away or destroyed.
const gone = "（已清除）"

// name is what a document is called, "" if it has no name or nobody knows it. day is that of what an account did: with the offices that it held then.
func (n *naming) name(ref store.Ref, day calendar.Date) string {
	switch {
	case ref.Kind == accountKind && ref.ID == policy.SystemActor().ID:
		return policy.SystemActor().Name
	case ref.Kind == accountKind:
		who, known := n.people[ref.ID]
		switch {
		case !known || who.Name == "" && !who.Purged:
			return ""
		case who.Purged:
			return joinWords(who.TitlesOn(day), gone)
		}
		return joinWords(who.TitlesOn(day), who.Name)
	}
	one := n.called[ref]
	if one == nil {
		return ""
	}
	var words []string
	for i, place := range namePlaces(ref.Kind) {
		var text string
		if strings.HasPrefix(place, refMark) {
			if of, names := refOf(place, ownPart(ref, place)); names && of != ref {
				text = n.name(of, day)
			}
		} else if i < len(one.Values) {
			text = n.tell(ref.Kind, place, one.Values[i].Type, one.Values[i].Text, day).Text
		}
		if text != "" && !slices.Contains(words, text) {
			words = append(words, text)
		}
	}
	if one.Deleted || one.Purged {
		words = append(words, gone)
	}
	return strings.Join(words, " ")
}

// toldValue is a value in words, and what is stored if that is an id.
type toldValue struct{ Text, ID string }

// String is both, for a cell.
func (v toldValue) String() string {
	if v.ID == "" {
		return v.Text
	}
	return v.Text + "（" + v.ID + "）"
}

// tell is a value of a place in words; an id with the name of what it names, if that was learnt.
func (n *naming) tell(kind, place string, t reflect.Type, value string, day calendar.Date) toldValue {
	_, unit := tellPlace(kind, place)
	if ref, names := refOf(unit, value); names {
		if name := n.name(ref, day); name != "" {
			return toldValue{name, value}
		}
	}
	if title := n.s.jobTitle(value); unit == refJob && title != "" {
		return toldValue{title, value}
	}
	if unit == refGather {
		return toldValue{cycle.RuleText(value), ""}
	}
	if unit == refDeadline && n.s.journal != nil {
		if title := cmp.Or(n.s.journal.DeadlineTitle(value), ownDeadline(value)); title != "" {
			return toldValue{title, value}
		}
	}
	if unit == refKey && value == policy.County {
		return toldValue{"全县", ""}
	}
	if unit == refRole {
		t = roleType
	}
	return toldValue{tellValue(n.s.guard.Rules(), t, unit, value), ""}
}

package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry/conduct"
)

// Behind is what a fact rests on.
type Behind struct {
	// Source is what its source is called, Count on how many records it rests; 0 for what the register tells.
	Source string
	Count  int
	// Records are the ids of these records, as far as they were named one by one when the facts were frozen.
	Records []string
}

// BehindOf tells of every fact behind the lines of a result what it rests on. rules say how the facts were gathered; nil for a table.
func BehindOf(s *rating.Scheme, r *rating.Result, rules []cycle.GatheredFact) map[string]Behind {
	gathered := make(map[string]*cycle.GatheredFact, len(rules))
	for i := range rules {
		gathered[rules[i].Fact] = &rules[i]
	}
	out := map[string]Behind{}
	for i := range r.Lines {
		for k := range r.Lines[i].Facts {
			use := &r.Lines[i].Facts[k]
			at, ok := s.FactIndex(use.ID)
			if !ok || use.Value == nil || use.Value.State == rating.Missing {
				continue
			}
			b := Behind{Source: s.Facts[at].Source, Count: recordsBehind(use.Value.Sources)}
			if rule := gathered[use.ID]; rule != nil {
				b.Source, b.Records = cmp.Or(rule.Source, b.Source), rule.Records
			}
			if b.Source == "" {
				continue
			}
			b.Source = cycle.SourceName(b.Source)
			out[use.ID] = b
		}
	}
	return out
}

// recordPage is where the records of a kind are shown, and who may see them.
type recordPage struct {
	kind, path string
	action     policy.Action
}

// recordPages are the kinds of records from which facts are gathered and that have a page of their own.
var recordPages = []recordPage{
	{"visit", visitsPath, policy.ReadVisit}, {"observation", observationsPath, policy.ReadObservation}, {"proof", "/proof", policy.ReadEvidence}, {"matter", mattersPath, policy.ReadMatter},
	{"repair", repairsPath, policy.ReadRepairs}, {"rectification", rectificationsPath, policy.ReadRectification}, {"survey", surveysPath, policy.ReadSurvey}, {"veto", vetoesPath, policy.ReadVeto},
	{"filing", filingsPath, policy.ReadFiling}, {"handover", handoversPath, policy.ReadHandover}, {"wish", needsPath, policy.ReadWish}, {"deliberation-item", deliberationPath, policy.ReadDeliberation},
	{"star-application", applicationsPath, policy.ReadApplication}, {"conduct-" + string(conduct.Honours), honoursPath, policy.ReadHonours}, {"party-sheet", sheetsPath, policy.ReadPartyFact},
}

// opens says which kinds of records of a row the actor may open.
func (s *Server) opens(ctx context.Context, by policy.Actor, keys []string, day calendar.Date) (kinds []string, err error) {
	for _, p := range recordPages {
		if !s.serves(p.path) {
			continue
		}
		scope, err := s.guard.Scope(ctx, by, p.action)
		if err != nil {
			return nil, err
		}
		if scope.Covers(keys, day) {
			kinds = append(kinds, p.kind)
		}
	}
	return kinds, nil
}

// recordLink is the page of a record by its id <xx>/<kind>/<id>/<seq>, "" for a kind that may not be opened.
func recordLink(id string, kinds []string) string {
	parts := strings.Split(id, "/")
	if len(parts) < 4 || !slices.Contains(kinds, parts[1]) {
		return ""
	}
	at := slices.IndexFunc(recordPages, func(p recordPage) bool { return p.kind == parts[1] })
	return recordPages[at].path + "/" + strings.Join(parts[2:len(parts)-1], "/")
}

// restOn puts below every line what it rests on, with the records of the kinds that may be opened.
func (one *Star) restOn(kinds []string) {
	for i := range one.Groups {
		for k := range one.Groups[i].Lines {
			l := &one.Groups[i].Lines[k]
			var parts []string
			for _, fact := range l.reads {
				b, ok := one.Behind[fact]
				if !ok {
					continue
				}
				text := b.Source
				if b.Count > 0 {
					text += " " + count(b.Count) + " 条"
				}
				if !slices.Contains(parts, text) {
					parts = append(parts, text)
				}
				for _, record := range b.Records {
					link := recordLink(record, kinds)
					if link != "" && !slices.ContainsFunc(l.Records, func(c crumb) bool { return c.Path == link }) {
						l.Records = append(l.Records, crumb{b.Source + " " + strconv.Itoa(len(l.Records)+1), link})
					}
				}
			}
			l.Proof = strings.Join(parts, "、")
		}
	}
}

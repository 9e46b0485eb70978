package web

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
)

// maxSuggested is how many names a field suggests at most; what it does not suggest is found all the same by who types it.
const maxSuggested = 600

// wholeCounty is the word for policy.County on a form.
const wholeCounty = "全县"

// communityWord is what a community is among the things that a field suggests.
const communityWord = "社区"

// namedKey is something that an appointment can name: its key, what it is called, and what it is.
type namedKey struct{ Key, Name, Kind string }

// label is how a field suggests it: “东街社区（社区）”. It is read back by placing.keys.
func (n namedKey) label() string { return n.Name + "（" + n.Kind + "）" }

// placing turns what people call units and rows into their keys, for one form or one file: the divisions and firms are read once.
// It asks for no right: names of compounds, firms, developers, divisions and departments are public.
type placing struct {
	s *Server
	// known are divisions, firms and departments; the others are looked up as they are named.
	known []namedKey
	found map[string][]namedKey
}

// placing reads what a form suggests.
func (s *Server) placing(ctx context.Context) (*placing, error) {
	p := &placing{s: s, found: map[string][]namedKey{}}
	if s.matters != nil {
		for _, d := range s.matters.Tree.Departments() {
			p.known = append(p.known, namedKey{registry.HelperPrefix + d.ID, d.Title, "部门"})
		}
	}
	if s.registered == nil {
		return p, nil
	}
	for _, level := range []struct {
		level registry.Level
		key   func(string) string
		kind  string
	}{{registry.LevelTownship, policy.TownshipKey, "乡镇"}, {registry.LevelCommunity, policy.CommunityKey, communityWord}} {
		rows, err := s.registered.DivisionsAt(ctx, level.level, s.registered.On(ctx))
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			p.known = append(p.known, namedKey{level.key(r.ID), r.Name, level.kind})
		}
	}
	firms, err := s.registered.FirmChoices(ctx)
	for _, f := range firms {
		name := f.Text
		if at := strings.LastIndex(name, "（"); at > 0 { // behind it stands the code
			name = name[:at]
		}
		p.known = append(p.known, namedKey{policy.FirmKey(f.ID), name, "企业"})
	}
	return p, err
}

// suggestions are what a field offers, the whole county first.
func (p *placing) suggestions() []string {
	out := []string{wholeCounty}
	for _, n := range p.known[:min(len(p.known), maxSuggested)] {
		out = append(out, n.label())
	}
	return out
}

// near are the things whose name a text finds: as a stretch, as pinyin or as initials.
func (p *placing) near(ctx context.Context, text string) ([]namedKey, error) {
	if out, known := p.found[text]; known {
		return out, nil
	}
	var out []namedKey
	for _, n := range p.known {
		if registry.Finds(n.Name, text) {
			out = append(out, n)
		}
	}
	if s := p.s; s.registered != nil && registry.Searchable(text) {
		projects, err := s.registered.Projects(ctx, policy.SystemActor(), registry.ProjectQuery{Text: text})
		if err != nil {
			return nil, err
		}
		for _, r := range projects.Rows {
			out = append(out, namedKey{policy.ProjectKey(r.ID), r.Name, "小区，" + r.CommunityName})
		}
		developers, err := s.registered.Developers(ctx, policy.SystemActor(), registry.DeveloperQuery{Text: text})
		if err != nil {
			return nil, err
		}
		for _, r := range developers.Rows {
			out = append(out, namedKey{policy.DeveloperKey(r.ID), r.Name, "建设单位"})
		}
	}
	if s := p.s; s.stations != nil {
		for _, n := range p.known {
			if n.Kind != communityWord {
				continue
			}
			helpers, err := s.stations.Books.Helpers(ctx, strings.TrimPrefix(n.Key, policy.CommunityKey("")))
			if err != nil {
				return nil, err
			}
			for _, h := range helpers {
				if registry.Finds(h.Name, text) {
					out = append(out, namedKey{registry.HelperPrefix + h.ID, h.Name, "共建单位或者志愿队，" + n.Name})
				}
			}
		}
	}
	p.found[text] = out
	return out, nil
}

// key is the key of what a text names: a key as it is written, 全县, or a name with or without what it is in brackets. What cannot be told is said by the field named at.
func (p *placing) key(ctx context.Context, at, text string) (string, []fault.Field, error) {
	text = strings.TrimSpace(text)
	refuse := func(message string) (string, []fault.Field, error) {
		return "", []fault.Field{{Name: at, Message: message}}, nil
	}
	switch {
	case text == "":
		return "", nil, nil
	case text == wholeCounty:
		return policy.County, nil, nil
	case policy.ValidScopeKey(text), strings.HasPrefix(text, registry.HelperPrefix):
		return text, nil, nil // whether it is one is said by who appoints
	}
	name, kind, said := strings.Cut(strings.TrimSuffix(text, "）"), "（")
	found, err := p.near(ctx, name)
	if err != nil {
		return "", nil, err
	}
	exact := slices.DeleteFunc(slices.Clone(found), func(n namedKey) bool {
		return strings.TrimSpace(n.Name) != name && n.label() != text || said && n.label() != text && !strings.HasPrefix(n.Kind, kind)
	})
	list := func(all []namedKey) string {
		var texts []string
		for _, n := range all[:min(len(all), 8)] {
			texts = append(texts, n.label()+" "+n.Key)
		}
		return strings.Join(texts, "、")
	}
	switch {
	case len(exact) == 1:
		return exact[0].Key, nil, nil
	case len(exact) > 1:
		return refuse("有 " + count(len(exact)) + " 个都叫“" + name + "”，请写编号：" + list(exact))
	case len(found) > 0:
		return refuse("没有正好叫“" + text + "”的；相近的有 " + list(found) + "，请写全称或者编号")
	}
	return refuse("没有叫“" + text + "”的乡镇、社区、企业、小区、建设单位、部门或共建单位，请写全称或者编号")
}

// keys are the keys of several things, which commas, semicolons or blanks part.
func (p *placing) keys(ctx context.Context, at, text string) (out []string, refused []fault.Field, err error) {
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \u3000\t\r\n、；;", r) }) {
		key, bad, err := p.key(ctx, at, one)
		if err != nil {
			return nil, nil, err
		}
		if refused = append(refused, bad...); key != "" && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out, refused, nil
}

// text is what keys are called, so that keys reads it back; a key that nothing bears stays as it is.
func (p *placing) text(ctx context.Context, list []string) (string, error) {
	var out []string
	for _, key := range list {
		text := key
		if key == policy.County {
			text = wholeCounty
		} else if i := slices.IndexFunc(p.known, func(n namedKey) bool { return n.Key == key }); i >= 0 {
			text = p.known[i].label()
		} else if name, err := p.s.nameOfKey(ctx, key); err != nil && !fault.Is(err, fault.NotFound) {
			return "", err
		} else if name != "" && !strings.ContainsAny(name, " 、；;") {
			// Of compounds of one name only the key tells which; so it does for everything else that is not read whole.
			if found, refused, err := p.key(ctx, "", name); err != nil {
				return "", err
			} else if len(refused) == 0 && found == key {
				text = name
			}
		}
		out = append(out, text)
	}
	return strings.Join(out, "、"), nil
}

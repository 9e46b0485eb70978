package rating

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"redsteward/internal/fault"
)

// The sections of a scheme in which rules are compared, in the order in which one after the other is changed: what others read comes before them, so that most
// states in between are schemes of their own. What changes no points comes first.
var diffSections = []diffSection{
	{path: []string{"title"}, label: "方案名称"}, {path: []string{"version"}, label: "方案版本"}, {path: []string{"basis"}, label: "方案的依据"}, {path: []string{"proposal"}, label: "是否建议稿"},
	{path: []string{"note"}, label: "方案说明"}, {path: []string{"valid"}, label: "方案的有效期"}, {path: []string{"table"}, label: "表格约定"}, {path: []string{"rhythm"}, label: "评价周期"}, {path: []string{"id"}, label: "方案编号"},
	{path: []string{"voices"}, label: "评价主体", of: reflect.TypeFor[Voice](), list: true}, {path: []string{"defaults"}, label: "通用规则", of: reflect.TypeFor[Defaults]()},
	{path: []string{"facts"}, label: "事实", of: reflect.TypeFor[Fact](), list: true}, {path: []string{"history"}, label: "以往结果", of: reflect.TypeFor[Earlier](), list: true},
	{path: []string{"parts"}, label: "部分", of: reflect.TypeFor[Part](), list: true}, {path: []string{"indicators"}, label: "指标", of: reflect.TypeFor[Indicator](), list: true},
	{path: []string{"total"}, label: "总分", of: reflect.TypeFor[Aggregate]()}, {path: []string{"outputs"}, label: "其他结果", of: reflect.TypeFor[Output](), list: true},
	{path: []string{"adjust"}, label: "加减分和否决", of: reflect.TypeFor[Adjustment](), list: true}, {path: []string{"eligibility"}, label: "参评条件", of: reflect.TypeFor[Requirement](), list: true},
	{path: []string{"grades", "of"}, label: "分级依据"}, {path: []string{"grades", "list"}, label: "等级", of: reflect.TypeFor[Grade](), list: true},
	{path: []string{"promotion"}, label: "升级限制", of: reflect.TypeFor[Promotion]()}, {path: []string{"rollups"}, label: "汇总", of: reflect.TypeFor[Rollup](), list: true},
}

// diffSection is a part of a scheme file: one value, or a list whose members have ids.
type diffSection struct {
	path  []string
	label string
	of    reflect.Type // what a member or the value is, for the names of its keys; nil for a plain value
	list  bool
}

func (d *diffSection) name() string { return strings.Join(d.path, ".") }

// RuleChange is one rule that differs between two versions of a scheme.
type RuleChange struct {
	// Section is the key of the file, such as indicators or grades.list; ID the rule's id there, "" for what is one value, orderID for the order of a list.
	Section string `json:"section"`
	ID      string `json:"id,omitempty"`
	// Title says in Chinese what it is: 指标“物业费收缴率”.
	Title string `json:"title"`
	// Added and Removed: it is in one version only.
	Added   bool `json:"added,omitempty"`
	Removed bool `json:"removed,omitempty"`
	// Keys are what differs in it.
	Keys []KeyChange `json:"keys,omitempty"`
}

// KeyChange is one value of a rule that differs.
type KeyChange struct {
	// Key is the path within the rule, such as rule.tiers[1].points; Label what it is called.
	Key   string `json:"key"`
	Label string `json:"label"`
	// Before and After are the values as the files write them, in one line; "" for none.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// orderID is the ID of a change of the order of a list whose order counts: grades and adjustments.
const orderID = "*"

// Rule names the rule: section, slash, id.
func (c RuleChange) Rule() string { return c.Section + "/" + c.ID }

// Differences lists what differs between two scheme files, rule by rule. Returns Invalid if one is no scheme.
func Differences(before, after []byte) ([]RuleChange, error) {
	var roots [2]*yaml.Node
	for i, data := range [][]byte{before, after} {
		if _, err := ParseScheme(data); err != nil {
			return nil, err
		}
		root, err := schemeRoot(data)
		if err != nil {
			return nil, err
		}
		roots[i] = root
	}
	return differences(roots[0], roots[1]), nil
}

// schemeRoot is the mapping of a file that ParseScheme takes.
func schemeRoot(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc); err != nil || len(doc.Content) != 1 {
		return nil, fault.Wrap("rating.schemeRoot", fault.Invalid, "评分方案读不出来", err)
	}
	return doc.Content[0], nil
}

// child is the value of a key of a mapping, nil if it is not there.
func childOf(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func at(n *yaml.Node, path []string) *yaml.Node {
	for _, key := range path {
		n = childOf(n, key)
	}
	return n
}

// idOf is the id of a member of a list.
func idOf(n *yaml.Node) string {
	if id := childOf(n, "id"); id != nil {
		return id.Value
	}
	return ""
}

func memberOf(list *yaml.Node, id string) *yaml.Node {
	if list != nil {
		for _, m := range list.Content {
			if idOf(m) == id {
				return m
			}
		}
	}
	return nil
}

// oneLine writes a value as the file could have it in one line.
func oneLine(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	if n.Kind == yaml.ScalarNode {
		return strings.Join(strings.Fields(n.Value), " ")
	}
	var parts []string
	switch n.Kind {
	case yaml.SequenceNode:
		for _, m := range n.Content {
			parts = append(parts, oneLine(m))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			parts = append(parts, n.Content[i].Value+": "+oneLine(n.Content[i+1]))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// sameNode reports whether two values say the same, however they are laid out.
func sameNode(a, b *yaml.Node) bool { return (a == nil) == (b == nil) && oneLine(a) == oneLine(b) }

func differences(before, after *yaml.Node) []RuleChange {
	var out []RuleChange
	for i := range diffSections {
		s := &diffSections[i]
		from, to := at(before, s.path), at(after, s.path)
		if sameNode(from, to) {
			continue
		}
		if !s.list {
			c := RuleChange{Section: s.name(), Title: s.label, Added: from == nil, Removed: to == nil}
			c.Keys = keyChanges(s.of, "", from, to)
			out = append(out, c)
			continue
		}
		out = append(out, s.members(from, to)...)
	}
	return out
}

// members compares two lists by the ids of their members, in the order of the later list; what is gone comes last.
func (d *diffSection) members(from, to *yaml.Node) []RuleChange {
	var out []RuleChange
	title := func(n *yaml.Node) string {
		for _, key := range []string{"name", "label", "id"} {
			if name := childOf(n, key); name != nil {
				return d.label + "“" + name.Value + "”"
			}
		}
		return d.label
	}
	var kept []string
	if to != nil {
		for _, m := range to.Content {
			id := idOf(m)
			was := memberOf(from, id)
			if was != nil {
				kept = append(kept, id)
			}
			if !sameNode(was, m) {
				out = append(out, RuleChange{Section: d.name(), ID: id, Title: title(m), Added: was == nil, Keys: keyChanges(d.of, "", was, m)})
			}
		}
	}
	var order []string
	if from != nil {
		for _, m := range from.Content {
			id := idOf(m)
			if memberOf(to, id) == nil {
				out = append(out, RuleChange{Section: d.name(), ID: id, Title: title(m), Removed: true, Keys: keyChanges(d.of, "", m, nil)})
			} else {
				order = append(order, id)
			}
		}
	}
	if name := d.name(); (name == "adjust" || name == "grades.list") && !slices.Equal(order, kept) {
		out = append(out, RuleChange{Section: name, ID: orderID, Title: d.label + "的先后次序", Keys: []KeyChange{{Key: "", Label: "次序", Before: strings.Join(order, "、"), After: strings.Join(kept, "、")}}})
	}
	return out
}

// keyChanges lists the values that differ, down to the single one where both sides have the same shape. A rule that is in one file only is told by its keys of the first level.
func keyChanges(of reflect.Type, path string, from, to *yaml.Node) []KeyChange {
	if sameNode(from, to) {
		return nil
	}
	one := func(n *yaml.Node) *yaml.Node {
		if n == nil {
			return &yaml.Node{Kind: yaml.MappingNode}
		}
		return n
	}
	nested := from != nil && to != nil
	switch {
	case (path == "" || nested) && one(from).Kind == yaml.MappingNode && one(to).Kind == yaml.MappingNode:
		var keys []string
		for _, side := range []*yaml.Node{one(from), one(to)} {
			for i := 0; i < len(side.Content); i += 2 {
				if key := side.Content[i].Value; !slices.Contains(keys, key) {
					keys = append(keys, key)
				}
			}
		}
		var out []KeyChange
		for _, key := range keys {
			out = append(out, keyChanges(of, strings.TrimPrefix(path+"."+key, "."), childOf(from, key), childOf(to, key))...)
		}
		return out
	case nested && from.Kind == yaml.SequenceNode && to.Kind == yaml.SequenceNode && len(from.Content) == len(to.Content):
		var out []KeyChange
		for i := range from.Content {
			out = append(out, keyChanges(of, path+"["+strconv.Itoa(i)+"]", from.Content[i], to.Content[i])...)
		}
		return out
	}
	return []KeyChange{{Key: path, Label: keyLabel(of, path), Before: oneLine(from), After: oneLine(to)}}
}

// keyLabel is what the JSON Schema calls the first key of a path, with the rest of the path as the file has it.
func keyLabel(of reflect.Type, path string) string {
	if of == nil || path == "" {
		return "内容"
	}
	end := strings.IndexAny(path, ".[")
	first, rest := path, ""
	if end >= 0 {
		first, rest = path[:end], strings.TrimPrefix(path[end:], ".")
	}
	label := docOf(of, first)
	if label == "" {
		return path
	}
	if rest != "" {
		label += " " + rest
	}
	return label
}

// docOf is the beginning of the Chinese text of a key.
func docOf(of reflect.Type, key string) string {
	for i := range of.NumField() {
		f := of.Field(i)
		t := readTag(f)
		if t.inline {
			if label := docOf(f.Type, key); label != "" {
				return label
			}
		}
		if t.key == key && t.doc != "" {
			if end := strings.IndexAny(t.doc, "；：（，;"); end > 0 {
				return t.doc[:end]
			}
			return t.doc
		}
	}
	return ""
}

// ReplayedScheme is a scheme between two versions: the later one in the rules that Changes and the steps before it name, the earlier one in all others.
type replayedScheme struct {
	changes []RuleChange
	scheme  *Scheme
}

// wayBetween lists the schemes on the way from one version to another, one rule changed at a time; the last one is the other version itself. A rule that makes no scheme while the next ones
// are still as they were is taken together with them.
func wayBetween(before, after []byte) ([]replayedScheme, error) {
	to, err := ParseScheme(after)
	if err != nil {
		return nil, err
	}
	var roots [2]*yaml.Node
	for i, data := range [][]byte{before, after} {
		if roots[i], err = schemeRoot(data); err != nil {
			return nil, err
		}
	}
	changes := differences(roots[0], roots[1])
	// What others may still read goes last.
	slices.SortStableFunc(changes, func(a, b RuleChange) int {
		rank := func(c RuleChange) int {
			if c.Removed && (c.Section == "facts" || c.Section == "history") {
				return 1
			}
			return 0
		}
		return rank(a) - rank(b)
	})
	var out []replayedScheme
	var pending []RuleChange
	now := roots[0]
	for i, c := range changes {
		pending = append(pending, c)
		if i == len(changes)-1 {
			break
		}
		applyChange(now, roots[1], &c)
		text, err := yaml.Marshal(now)
		if err != nil {
			return nil, fault.Wrap("rating.wayBetween", fault.Internal, "方案的中间状态写不出来", err)
		}
		if s, err := ParseScheme(text); err == nil {
			out = append(out, replayedScheme{pending, s})
			pending = nil
		}
	}
	return append(out, replayedScheme{pending, to}), nil
}

// applyChange makes one rule of a file as it is in another.
func applyChange(now, after *yaml.Node, c *RuleChange) {
	i := slices.IndexFunc(diffSections, func(s diffSection) bool { return s.name() == c.Section })
	section := &diffSections[i]
	to := at(after, section.path)
	if !section.list {
		setKey(now, section.path, to)
		return
	}
	list := at(now, section.path)
	if list == nil {
		list = &yaml.Node{Kind: yaml.SequenceNode}
		setKey(now, section.path, list)
	}
	place := func(id string) int {
		return slices.IndexFunc(list.Content, func(m *yaml.Node) bool { return idOf(m) == id })
	}
	switch {
	case c.ID == orderID:
		var order []string
		for _, m := range to.Content {
			order = append(order, idOf(m))
		}
		slices.SortStableFunc(list.Content, func(a, b *yaml.Node) int { return slices.Index(order, idOf(a)) - slices.Index(order, idOf(b)) })
	case c.Removed:
		list.Content = slices.Delete(slices.Clone(list.Content), place(c.ID), place(c.ID)+1)
		if len(list.Content) == 0 {
			setKey(now, section.path, nil)
		}
	case c.Added: // behind the one before it in the later version
		where := 0
		for _, m := range to.Content {
			if idOf(m) == c.ID {
				break
			}
			if p := place(idOf(m)); p >= 0 {
				where = p + 1
			}
		}
		list.Content = slices.Insert(slices.Clone(list.Content), where, memberOf(to, c.ID))
	default:
		list.Content = slices.Clone(list.Content)
		list.Content[place(c.ID)] = memberOf(to, c.ID)
	}
}

// setKey puts a value at a path of a mapping, or takes it away if it is nil.
func setKey(n *yaml.Node, path []string, value *yaml.Node) {
	if len(path) > 1 {
		inner := childOf(n, path[0])
		if inner == nil {
			inner = &yaml.Node{Kind: yaml.MappingNode}
			setKey(n, path[:1], inner)
		}
		setKey(inner, path[1:], value)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != path[0] {
			continue
		}
		if value == nil {
			n.Content = slices.Delete(slices.Clone(n.Content), i, i+2)
			return
		}
		n.Content = slices.Clone(n.Content)
		n.Content[i+1] = value
		return
	}
	if value != nil {
		n.Content = append(slices.Clone(n.Content), &yaml.Node{Kind: yaml.ScalarNode, Value: path[0]}, value)
	}
}

// RuleText writes a rule of a scheme file in one line a key: section and id as in RuleChange. It is empty if the file has no such rule. Returns Invalid for a file that is none.
func RuleText(file []byte, section, id string) ([]KeyChange, string, error) {
	root, err := schemeRoot(file)
	if err != nil {
		return nil, "", err
	}
	i := slices.IndexFunc(diffSections, func(s diffSection) bool { return s.name() == section })
	if i < 0 {
		return nil, "", fault.New("rating.RuleText", fault.NotFound, fmt.Sprintf("方案没有“%s”这一部分", short(section)))
	}
	s := &diffSections[i]
	n := at(root, s.path)
	if s.list {
		if n = memberOf(n, id); n == nil {
			return nil, "", nil
		}
		title := s.members(nil, &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}})[0].Title
		return keyChanges(s.of, "", nil, n), title, nil
	}
	return keyChanges(s.of, "", nil, n), s.label, nil
}

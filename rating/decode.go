package rating

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// ParseScheme reads, checks and compiles a scheme file. It returns Invalid with every problem it finds, each with line and column
// (ProblemsOf lists them); a file with a single problem is refused.
func ParseScheme(data []byte) (*Scheme, error) {
	d := &decoder{positions: map[string]position{}}
	s := &Scheme{}
	d.document(data, s)
	if d.readEnough() {
		(&schemeChecker{decoder: d, s: s}).check()
	}
	if err := d.problems.err("rating.ParseScheme", "评分方案"); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	s.Hash = hex.EncodeToString(sum[:])
	return s, nil
}

// position is where a value stands in the file.
type position struct{ line, column int }

// decoder fills the structs of this package from YAML nodes by their tags and remembers where each value stood.
type decoder struct {
	problems  collector
	positions map[string]position
	gaps
}

// report reports a value that cannot be read.
func (d *decoder) report(n *yaml.Node, path, format string, args ...any) {
	d.unread = append(d.unread, path)
	d.mistake(n, path, format, args...)
}

// mistake reports what is wrong beside the values.
func (d *decoder) mistake(n *yaml.Node, path, format string, args ...any) {
	d.problems.add(Problem{Line: n.Line, Column: n.Column, Path: path, Message: fmt.Sprintf(format, args...)})
}

// reportAt reports a problem at the value of a path, or at the nearest value around it that is in the file.
func (d *decoder) reportAt(path, format string, args ...any) {
	if !d.hides(path) {
		d.place(path, format, args...)
	}
}

// place reports a problem whatever could not be read around it.
func (d *decoder) place(path, format string, args ...any) {
	p := d.positions[path]
	for at := path; p.line == 0 && at != ""; {
		at = at[:max(strings.LastIndexAny(at, ".["), 0)]
		p = d.positions[at]
	}
	d.problems.add(Problem{Line: max(p.line, 1), Column: max(p.column, 1), Path: path, Message: fmt.Sprintf(format, args...)})
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// document reads the one document of a file.
func (d *decoder) document(data []byte, into any) {
	start := &yaml.Node{Line: 1, Column: 1}
	if len(data) > MaxSchemeBytes {
		d.report(start, "", "文件有 %d 字节，超过上限 %d 字节", len(data), MaxSchemeBytes)
		return
	}
	if !utf8.Valid(data) {
		d.report(start, "", "文件不是 UTF-8 编码，请另存为 UTF-8")
		return
	}
	reader := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	if err := reader.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			d.report(start, "", "文件是空的")
			return
		}
		d.syntax(err)
		return
	}
	if err := reader.Decode(&second); err == nil {
		d.report(&second, "", "文件中只能有一个文档，不能再用 --- 分隔")
		return
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err)
		return
	}
	if len(doc.Content) != 1 {
		d.report(start, "", "文件是空的")
		return
	}
	d.value(doc.Content[0], reflect.ValueOf(into).Elem(), "", tag{}, 0)
}

// syntax reports an error of the YAML reader, which knows only the line.
func (d *decoder) syntax(err error) {
	n := &yaml.Node{Line: 1, Column: 1}
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		n.Line, _ = strconv.Atoi(m[1])
		message = m[2]
	}
	d.report(n, "", "不是正确的 YAML：%s", message)
}

// tag is what the struct tag of a field says.
type tag struct {
	key      string
	required bool
	inline   bool
	enum     []string
	pattern  string
	doc      string
}

func readTag(f reflect.StructField) tag {
	key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	t := tag{key: key, required: options == "required", inline: options == "inline", pattern: f.Tag.Get("pattern"), doc: f.Tag.Get("doc")}
	if e := f.Tag.Get("enum"); e != "" {
		t.enum = strings.Fields(e)
	}
	return t
}

// patterns are the shapes of identifiers, by the word in a pattern tag.
var patterns = map[string]struct {
	shape *regexp.Regexp
	words string
}{
	"id":      {regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`), "小写字母开头，只含小写字母、数字和下划线，最多 64 个字符"},
	"code":    {regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`), "字母开头，只含字母、数字和下划线，最多 64 个字符"},
	"slug":    {regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`), "小写字母开头，只含小写字母、数字和连字符，最多 64 个字符"},
	"version": {regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$`), "只含字母、数字、点、下划线和连字符，最多 32 个字符"},
	"source":  {regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`), "小写字母开头，只含小写字母、数字、点、下划线和连字符，最多 64 个字符"},
}

var (
	typeNum      = reflect.TypeFor[num.Num]()
	typeDate     = reflect.TypeFor[Date]()
	typeExpr     = reflect.TypeFor[Expr]()
	typeAbsent   = reflect.TypeFor[Absent]()
	typeRounding = reflect.TypeFor[Rounding]()
	typeRule     = reflect.TypeFor[Rule]()
)

// value decodes one node into one Go value. What cannot be decoded is reported and left at its zero value.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string, t tag, depth int) {
	d.positions[path] = position{n.Line, n.Column}
	switch {
	case depth > maxDepth:
		d.report(n, path, "嵌套太深，最多 %d 层", maxDepth)
		return
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.report(n, path, "不能使用锚点和引用（& 和 *）")
		return
	case n.Style&yaml.TaggedStyle != 0:
		d.report(n, path, "不能使用类型标签（%s）", short(n.Tag))
		return
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		d.report(n, path, "值是空的；不需要就删去这个键")
		return
	}
	switch v.Type() {
	case typeNum:
		d.number(n, v, path)
		return
	case typeDate:
		if text, ok := d.scalar(n, path, "日期"); ok {
			date, err := ParseDate(text)
			if err != nil {
				d.report(n, path, "%s", err.Error())
			}
			v.SetInt(int64(date))
		}
		return
	case typeAbsent:
		d.absent(n, v, path)
		return
	case typeRounding:
		d.rounding(n, v, path)
		return
	case typeRule:
		d.rule(n, v, path, depth)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p, before := reflect.New(v.Type().Elem()), len(d.unread)
		d.value(n, p.Elem(), path, t, depth)
		if len(d.unread) == before {
			v.Set(p)
		}
	case reflect.Struct:
		d.mapping(n, []reflect.Value{v}, path, depth, "")
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.report(n, path, "这里要写一个列表")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			d.value(c, v.Index(i), path+"["+strconv.Itoa(i)+"]", t, depth+1)
		}
		if len(n.Content) == 0 && t.required {
			d.report(n, path, "列表是空的")
		}
	case reflect.Map:
		d.stringMap(n, v, path, depth)
	case reflect.String:
		d.text(n, v, path, t)
	case reflect.Bool:
		if text, ok := d.scalar(n, path, "true 或 false"); ok {
			if text != "true" && text != "false" || n.Tag != "!!bool" {
				d.report(n, path, "要写 true 或 false，不能是 %q", short(text))
			}
			v.SetBool(text == "true")
		}
	case reflect.Int:
		if text, ok := d.scalar(n, path, "整数"); ok {
			i, err := strconv.Atoi(text)
			if err != nil || i < -1_000_000 || i > 1_000_000 {
				d.report(n, path, "要写整数，不能是 %q", short(text))
			}
			v.SetInt(int64(i))
		}
	default:
		panic("rating: no decoder for " + v.Type().String())
	}
}

// scalar returns the text of a scalar node.
func (d *decoder) scalar(n *yaml.Node, path, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		d.report(n, path, "这里要写%s，不能是列表或键值", what)
		return "", false
	}
	return n.Value, true
}

// number reads the text of the scalar, so that 0.1 is one tenth and nothing passes through floating point. A fraction n/d is a number too.
func (d *decoder) number(n *yaml.Node, v reflect.Value, path string) {
	text, ok := d.scalar(n, path, "数值")
	if !ok {
		return
	}
	x, err := parseNumber(text)
	if err != nil {
		d.report(n, path, "%s", err.Error())
		return
	}
	v.Set(reflect.ValueOf(x))
}

// parseNumber reads a decimal or a fraction of two decimals, such as 1/3.
func parseNumber(text string) (num.Num, error) {
	upper, lower, fraction := strings.Cut(text, "/")
	x, err := num.Parse(upper)
	if err != nil {
		return num.Num{}, errors.New(fault.MessageOf(err))
	}
	if !fraction {
		return x, nil
	}
	y, err := num.Parse(lower)
	if err != nil {
		return num.Num{}, errors.New(fault.MessageOf(err))
	}
	q, err := x.Quo(y)
	if err != nil {
		return num.Num{}, errors.New("分母不能为零")
	}
	return q, nil
}

// text reads words. Line breaks and tabs are allowed inside; other control characters are not.
func (d *decoder) text(n *yaml.Node, v reflect.Value, path string, t tag) {
	text, ok := d.scalar(n, path, "文字")
	if !ok {
		return
	}
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		d.report(n, path, "文字是空的")
	case utf8.RuneCountInString(text) > 4000:
		d.report(n, path, "文字太长，最多 4000 字")
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		d.report(n, path, "文字中有控制字符")
	case len(t.enum) > 0 && !contains(t.enum, text):
		d.report(n, path, "不认识 %q，可以写：%s", short(text), strings.Join(t.enum, "、"))
	case t.pattern != "" && v.Type() != typeExpr && !patterns[t.pattern].shape.MatchString(text):
		d.report(n, path, "%q 的写法不对：%s", short(text), patterns[t.pattern].words)
	}
	v.SetString(text)
}

func contains(list []string, word string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}

// absent reads a word, or {points: n}.
func (d *decoder) absent(n *yaml.Node, v reflect.Value, path string) {
	a := Absent{Mode: AbsentPoints}
	if n.Kind == yaml.MappingNode {
		fixed := struct {
			Points num.Num `yaml:"points,required"`
		}{}
		d.mapping(n, []reflect.Value{reflect.ValueOf(&fixed).Elem()}, path, 0, "")
		a.Points = fixed.Points
	} else {
		a.Mode, _ = d.scalar(n, path, " exclude、zero、block 或 {points: 数值}")
		if a.Mode != AbsentExclude && a.Mode != AbsentZero && a.Mode != AbsentBlock {
			d.report(n, path, "不认识 %q，可以写：exclude、zero、block 或 {points: 数值}", short(a.Mode))
		}
	}
	v.Set(reflect.ValueOf(a))
}

// roundModes are the words of the rounding modes.
var roundModes = map[string]num.Mode{
	"half_up": num.HalfUp, "half_even": num.HalfEven, "down": num.Down, "up": num.Up, "floor": num.Floor, "ceiling": num.Ceiling,
}

// rounding reads none, a number of places, {places, mode}, or a list of these.
func (d *decoder) rounding(n *yaml.Node, v reflect.Value, path string) {
	steps := Rounding{}
	nodes := []*yaml.Node{n}
	switch {
	case n.Kind == yaml.SequenceNode:
		nodes = n.Content
		if len(nodes) == 0 {
			d.report(n, path, "列表是空的；不修约写 none")
		}
	case n.Kind == yaml.ScalarNode && n.Value == "none":
		nodes = nil
	}
	for i, c := range nodes {
		at := path
		if n.Kind == yaml.SequenceNode {
			at += "[" + strconv.Itoa(i) + "]"
		}
		step := RoundStep{Mode: num.HalfUp}
		if c.Kind == yaml.MappingNode {
			full := struct {
				Places int    `yaml:"places,required"`
				Mode   string `yaml:"mode" enum:"half_up half_even down up floor ceiling"`
			}{}
			d.mapping(c, []reflect.Value{reflect.ValueOf(&full).Elem()}, at, 0, "")
			step.Places = full.Places
			if full.Mode != "" {
				step.Mode = roundModes[full.Mode]
			}
		} else {
			d.value(c, reflect.ValueOf(&step.Places).Elem(), at, tag{}, 0)
		}
		if step.Places < 0 || step.Places > 10 {
			d.report(c, at, "修约的小数位数只能是 0 到 10")
		}
		steps = append(steps, step)
	}
	v.Set(reflect.ValueOf(steps))
}

// rule reads the key kind first, then the other keys of that kind.
func (d *decoder) rule(n *yaml.Node, v reflect.Value, path string, depth int) {
	if n.Kind != yaml.MappingNode {
		d.report(n, path, "这里要写键值，例如 {kind: tiers, …}")
		return
	}
	var kinds []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "kind" {
			continue
		}
		word := n.Content[i+1]
		for _, k := range ruleKinds {
			if word.Kind == yaml.ScalarNode && k.kind == word.Value {
				r := k.make()
				d.mapping(n, []reflect.Value{reflect.ValueOf(r).Elem()}, path, depth, "kind")
				v.Set(reflect.ValueOf(r))
				return
			}
			kinds = append(kinds, k.kind)
		}
		d.report(word, path+".kind", "不认识 %q，可以写：%s", short(word.Value), strings.Join(kinds, "、"))
		return
	}
	d.report(n, path, "缺少键 kind")
}

// field is one key of a mapping and where its value goes.
type field struct {
	tag
	value reflect.Value
}

// fields lists the keys of structs, those of inlined structs included.
func fields(targets []reflect.Value) []field {
	var all []field
	for _, v := range targets {
		for i := 0; i < v.NumField(); i++ {
			t := readTag(v.Type().Field(i))
			switch {
			case t.inline:
				all = append(all, fields([]reflect.Value{v.Field(i)})...)
			case t.key != "" && t.key != "-":
				all = append(all, field{t, v.Field(i)})
			}
		}
	}
	return all
}

// mapping fills structs from one mapping; the key skip is allowed and ignored.
func (d *decoder) mapping(n *yaml.Node, targets []reflect.Value, path string, depth int, skip string) {
	if n.Kind != yaml.MappingNode {
		d.report(n, path, "这里要写键值，例如 {id: …}")
		return
	}
	known := map[string]field{}
	var names []string
	for _, f := range fields(targets) {
		known[f.key] = f
		names = append(names, f.key)
	}
	seen := map[string]int{}
	var strange []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, c := n.Content[i], n.Content[i+1]
		at := strings.TrimPrefix(path+"."+k.Value, ".")
		if line, twice := seen[k.Value]; twice {
			d.mistake(k, at, "键 %q 重复了，第 %d 行已经写过", short(k.Value), line)
			continue
		}
		seen[k.Value] = k.Line
		f, ok := known[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode || k.Anchor != "":
			d.report(k, path, "键只能是一个词")
		case skip != "" && k.Value == skip:
			d.positions[at] = position{c.Line, c.Column}
		case !ok:
			sort.Strings(names)
			d.unknown = append(d.unknown, at)
			strange = append(strange, k.Value)
			d.mistake(k, at, "没有键 %q；这里可以写：%s", short(k.Value), strings.Join(names, "、"))
		default:
			d.value(c, f.value, at, f.tag, depth+1)
		}
	}
	for _, f := range fields(targets) {
		if _, given := seen[f.key]; given {
			continue
		}
		if f.required {
			d.mistake(n, path, "缺少键 %s", f.key)
		}
		if f.required || slices.ContainsFunc(strange, func(key string) bool { return misspelt(key, f.key) }) {
			d.unread = append(d.unread, strings.TrimPrefix(path+"."+f.key, "."))
		}
	}
}

// stringMap reads words to words or to numbers.
func (d *decoder) stringMap(n *yaml.Node, v reflect.Value, path string, depth int) {
	if n.Kind != yaml.MappingNode {
		d.report(n, path, "这里要写键值，例如 {一级: 10}")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, c := n.Content[i], n.Content[i+1]
		at := path + "." + k.Value
		if k.Kind != yaml.ScalarNode || k.Anchor != "" {
			d.report(k, path, "键只能是一个词")
			continue
		}
		if line, twice := seen[k.Value]; twice {
			d.report(k, at, "键 %q 重复了，第 %d 行已经写过", short(k.Value), line)
			continue
		}
		seen[k.Value] = k.Line
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(c, e, at, tag{}, depth+1)
		v.SetMapIndex(reflect.ValueOf(k.Value), e)
	}
}

// Package yamlstrict reads the YAML files that an operator writes into Go values, and refuses them completely.
//
//  1. Every mistake is reported, each with line and column, in Chinese; nothing is read from a file that has one.
//  2. An unknown key, a key given twice, a value of another type, an anchor, an alias and a second document are mistakes.
//  3. Nothing is converted silently: yes is text and no truth value, 1.0 is no integer, an empty value is no zero.
//
// Keys are the `yaml` tags of the struct's fields. A field whose tag says `required` must be there. What is absent keeps the value that the target had.
package yamlstrict

import (
	"bytes"
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"redsteward/internal/fault"
)

// mistake is one thing wrong with a file; line and column count from 1.
type mistake struct {
	line, column int
	message      string
}

// Document is a decoded file that remembers where its values stood, so that later checks can point at them.
type Document struct {
	file  string
	root  *yaml.Node
	found []mistake
}

// durationType is decoded from text such as 30m.
var durationType = reflect.TypeFor[time.Duration]()

// syntaxLine finds the line in an error of the YAML parser.
var syntaxLine = regexp.MustCompile(`line (\d+): (.*)`)

// Decode reads data into target, a pointer to a struct. The mistakes are kept: the caller may Add its own and then asks for Err. An empty file is a file
// that sets nothing; whether that is enough is up to the required keys.
func Decode(file string, data []byte, target any) *Document {
	d := &Document{file: file}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var root yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		root = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode, Line: 1, Column: 1}}}
	case err != nil:
		d.syntax(err)
		return d
	}
	d.root = root.Content[0]
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		d.addAt(&second, "一个文件只能有一份内容，不能用 --- 再开一份")
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err)
	}
	d.value(d.root, reflect.ValueOf(target).Elem(), "")
	return d
}

// SetText gives one value, addressable and of a type that a file could set, what a text from elsewhere (an environment variable, a flag) means.
// Returns Invalid; key names it in the message.
func SetText(v reflect.Value, key, text string) error {
	d := &Document{file: key}
	node := yaml.Node{Kind: yaml.ScalarNode, Value: text, Line: 1, Column: 1}
	if k := v.Kind(); k == reflect.Bool || k == reflect.Int || k == reflect.Int64 {
		node.Tag = node.ShortTag()
	} else {
		node.Tag = "!!str"
	}
	d.value(&node, v, key)
	return d.Err()
}

// Add notes a mistake at a key path such as "deadlines.3.n" (positions in lists count from 0), or as near to it as the file goes.
func (d *Document) Add(path, message string) {
	if d.root == nil {
		d.found = append(d.found, mistake{1, 1, message})
		return
	}
	node := d.root
	if path != "" {
		for part := range strings.SplitSeq(path, ".") {
			next := child(node, part)
			if next == nil {
				break
			}
			node = next
		}
	}
	d.addAt(node, message)
}

// Err returns nil, or Invalid with one field for each mistake in the order of the file, named file:line:column.
func (d *Document) Err() error {
	if len(d.found) == 0 {
		return nil
	}
	list := slices.Clone(d.found)
	slices.SortStableFunc(list, func(a, b mistake) int {
		return cmp.Or(a.line-b.line, a.column-b.column)
	})
	fields := make([]fault.Field, len(list))
	for i, m := range list {
		fields[i] = fault.Field{Name: fmt.Sprintf("%s:%d:%d", d.file, m.line, m.column), Message: m.message}
	}
	return fault.InvalidFields("yamlstrict.Decode", fields...)
}

// child returns the value under a key or a position, nil if there is none.
func child(node *yaml.Node, part string) *yaml.Node {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == part {
				return node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(node.Content) {
			return node.Content[i]
		}
	}
	return nil
}

// syntax notes an error of the YAML parser, which knows the line only.
func (d *Document) syntax(err error) {
	m := mistake{1, 1, "不是有效的 YAML：" + err.Error()}
	if at := syntaxLine.FindStringSubmatch(err.Error()); at != nil {
		if line, convErr := strconv.Atoi(at[1]); convErr == nil {
			m.line = max(line, 1)
		}
		m.message = "不是有效的 YAML：" + at[2]
	}
	d.found = append(d.found, m)
}

// addAt notes a mistake at a node.
func (d *Document) addAt(node *yaml.Node, message string) {
	d.found = append(d.found, mistake{max(node.Line, 1), max(node.Column, 1), message})
}

// value decodes one node into v; path names it in messages.
func (d *Document) value(node *yaml.Node, v reflect.Value, path string) {
	if node.Kind == yaml.AliasNode || node.Anchor != "" {
		d.addAt(node, "不能使用 & 和 * 引用，请把内容写全")
		return
	}
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if !d.isScalar(node, path) {
			return
		}
		if err := text.UnmarshalText([]byte(node.Value)); err != nil {
			d.addAt(node, fmt.Sprintf("%s 的值 %q 不对：%s", path, node.Value, err))
		}
		return
	}
	switch {
	case v.Type() == durationType:
		if !d.isScalar(node, path) {
			return
		}
		parsed, err := time.ParseDuration(node.Value)
		if err != nil || parsed < 0 {
			d.addAt(node, fmt.Sprintf("%s 要写时长，例如 30s、10m、2h，现在是 %q", path, node.Value))
			return
		}
		v.SetInt(int64(parsed))
	case v.Kind() == reflect.Struct:
		d.mapping(node, v, path)
	case v.Kind() == reflect.Slice:
		if node.Kind != yaml.SequenceNode {
			d.addAt(node, path+" 要写成列表，每项以 - 开头")
			return
		}
		list := reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content))
		for i, item := range node.Content {
			d.value(item, list.Index(i), path+"["+strconv.Itoa(i+1)+"]")
		}
		v.Set(list)
	default:
		d.scalar(node, v, path)
	}
}

// isScalar notes a mistake unless the node is one plain value with text in it.
func (d *Document) isScalar(node *yaml.Node, path string) bool {
	if node.Kind != yaml.ScalarNode {
		d.addAt(node, path+" 要写一个值，不是列表或分组")
		return false
	}
	if node.Tag == "!!null" {
		d.addAt(node, path+" 没有填写")
		return false
	}
	return true
}

// scalar decodes text, truth values and integers.
func (d *Document) scalar(node *yaml.Node, v reflect.Value, path string) {
	if !d.isScalar(node, path) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(node.Value)
	case reflect.Bool:
		switch {
		case node.Tag == "!!bool" && strings.EqualFold(node.Value, "true"):
			v.SetBool(true)
		case node.Tag == "!!bool" && strings.EqualFold(node.Value, "false"):
			v.SetBool(false)
		default:
			d.addAt(node, fmt.Sprintf("%s 只能是 true 或 false，现在是 %q", path, node.Value))
		}
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(node.Value, 10, 64)
		if err != nil || node.Tag != "!!int" || v.OverflowInt(n) {
			d.addAt(node, fmt.Sprintf("%s 要写整数，现在是 %q", path, node.Value))
			return
		}
		v.SetInt(n)
	default:
		panic("yamlstrict: no rule for a field of type " + v.Type().String())
	}
}

// mapping decodes the keys of a struct.
func (d *Document) mapping(node *yaml.Node, v reflect.Value, path string) {
	if node.Kind != yaml.MappingNode {
		where := path
		if where == "" {
			where = "文件"
		}
		d.addAt(node, where+" 要写成“键: 值”的分组")
		return
	}
	fields, known := keys(v.Type())
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := key.Value
		if path != "" {
			at = path + "." + at
		}
		if line, twice := seen[key.Value]; twice {
			d.addAt(key, fmt.Sprintf("%s 写了两次，第一次在第 %d 行", at, line))
			continue
		}
		seen[key.Value] = key.Line
		f, ok := fields[key.Value]
		if !ok {
			d.addAt(key, fmt.Sprintf("没有 %s 这个键，这里可以写：%s", at, strings.Join(known, "、")))
			continue
		}
		d.value(value, v.Field(f.index), at)
	}
	for _, name := range known {
		if _, there := seen[name]; fields[name].required && !there {
			at := name
			if path != "" {
				at = path + "." + name
			}
			d.addAt(node, "缺少 "+at)
		}
	}
}

// field is one key that a struct takes.
type field struct {
	index    int
	required bool
}

// keys lists what a struct takes: by name, and the names in the order of the struct.
func keys(t reflect.Type) (map[string]field, []string) {
	fields := map[string]field{}
	var names []string
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		fields[name] = field{index: i, required: options == "required"}
		names = append(names, name)
	}
	return fields, names
}

package rating

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares got with a file, or writes the file.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run make golden and look at what changed.\n--- got\n%s", path, got)
	}
}

type object = map[string]any

// schemaOf describes a Go type by the tags that the decoder reads, so that schema and decoder cannot part.
func schemaOf(typ reflect.Type, t tag) object {
	number := object{"oneOf": []any{object{"type": "number"}, object{"type": "string", "pattern": `^[+-]?[0-9]+(\.[0-9]+)?(/[0-9]+(\.[0-9]+)?)?$`}}}
	var out object
	switch {
	case typ == typeNum:
		out = number
	case typ == typeDate:
		out = object{"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}
	case typ == typeAbsent:
		out = object{"oneOf": []any{
			object{"enum": []any{AbsentExclude, AbsentZero, AbsentBlock}},
			object{"type": "object", "properties": object{"points": number}, "required": []any{"points"}, "additionalProperties": false},
		}}
	case typ == typeRounding:
		var modes []any
		for mode := range roundModes {
			modes = append(modes, mode)
		}
		slices.SortFunc(modes, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		step := object{"oneOf": []any{
			object{"type": "integer", "minimum": 0, "maximum": 10},
			object{
				"type": "object", "required": []any{"places"}, "additionalProperties": false,
				"properties": object{"places": object{"type": "integer", "minimum": 0, "maximum": 10}, "mode": object{"enum": modes}},
			},
		}}
		out = object{"oneOf": []any{object{"const": "none"}, step, object{"type": "array", "minItems": 1, "items": step}}}
	case typ == typeExpr:
		out = object{"oneOf": []any{object{"type": "string"}, object{"type": "number"}, object{"type": "boolean"}}}
	case typ == typeRule:
		var kinds []any
		for _, k := range ruleKinds {
			s := schemaOf(reflect.TypeOf(k.make()).Elem(), tag{doc: k.doc})
			s["properties"].(object)["kind"] = object{"const": k.kind}
			required, _ := s["required"].([]any)
			s["required"] = append([]any{"kind"}, required...)
			kinds = append(kinds, s)
		}
		out = object{"oneOf": kinds}
	case typ.Kind() == reflect.Pointer:
		return schemaOf(typ.Elem(), t)
	case typ.Kind() == reflect.Slice:
		out = object{"type": "array", "items": schemaOf(typ.Elem(), tag{enum: t.enum, pattern: t.pattern})}
		if t.required {
			out["minItems"] = 1
		}
	case typ.Kind() == reflect.Map:
		out = object{"type": "object", "additionalProperties": schemaOf(typ.Elem(), tag{})}
	case typ.Kind() == reflect.Struct:
		properties := object{}
		var required []any
		for _, f := range fields([]reflect.Value{reflect.New(typ).Elem()}) {
			properties[f.key] = schemaOf(f.value.Type(), f.tag)
			if f.required {
				required = append(required, f.key)
			}
		}
		out = object{"type": "object", "properties": properties, "additionalProperties": false}
		if required != nil {
			out["required"] = required
		}
	case typ.Kind() == reflect.String && len(t.enum) > 0:
		out = object{"enum": t.enum}
	case typ.Kind() == reflect.String && t.pattern != "":
		out = object{"type": "string", "pattern": patterns[t.pattern].shape.String()}
	case typ.Kind() == reflect.String:
		out = object{"type": []any{"string", "number"}}
	case typ.Kind() == reflect.Bool:
		out = object{"type": "boolean"}
	case typ.Kind() == reflect.Int:
		out = object{"type": "integer"}
	default:
		panic("no schema for " + typ.String())
	}
	if t.doc != "" {
		out["description"] = t.doc
	}
	return out
}

// TestSchemaFile holds scheme.schema.json to the keys of the decoder.
func TestSchemaFile(t *testing.T) {
	s := schemaOf(reflect.TypeFor[Scheme](), tag{doc: "评分方案"})
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Redsteward scheme, format 1"
	got, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "scheme.schema.json", append(got, '\n'))
}

// keysOf gathers every key of a schema file, by the path of keys that leads to it.
func keysOf(v any, path string, into map[string]bool) {
	switch x := v.(type) {
	case map[string]any:
		if p, ok := x["properties"].(map[string]any); ok {
			for key, sub := range p {
				into[path+"/"+key] = true
				keysOf(sub, path+"/"+key, into)
			}
		}
		for _, word := range []string{"items", "additionalProperties"} {
			keysOf(x[word], path, into)
		}
		if list, ok := x["oneOf"].([]any); ok {
			for _, sub := range list {
				keysOf(sub, path, into)
			}
		}
	}
}

// TestEveryKeyIsExplained wants each key of the format in README.md, as code, and a Chinese explanation in its tag.
func TestEveryKeyIsExplained(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("scheme.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	paths := map[string]bool{}
	keysOf(schema, "", paths)
	if len(paths) < 150 {
		t.Fatalf("only %d keys found in the schema", len(paths))
	}
	var missing []string
	for path := range paths {
		key := path[strings.LastIndex(path, "/")+1:]
		if !strings.Contains(string(readme), "`"+key+"`") {
			missing = append(missing, path)
		}
	}
	sort.Strings(missing)
	if len(missing) > 0 {
		t.Errorf("README.md does not explain: %v", missing)
	}
	var undocumented func(typ reflect.Type)
	seen := map[reflect.Type]bool{}
	undocumented = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] || typ == typeNum {
			return
		}
		seen[typ] = true
		for _, f := range fields([]reflect.Value{reflect.New(typ).Elem()}) {
			if f.doc == "" {
				t.Errorf("key %s of %s has no doc tag", f.key, typ)
			}
			undocumented(f.value.Type())
		}
	}
	undocumented(reflect.TypeFor[Scheme]())
	for _, k := range ruleKinds {
		undocumented(reflect.TypeOf(k.make()).Elem())
	}
}

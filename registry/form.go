package registry

import (
	"context"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// Form is a list of columns that are data, as those of a book, for papers that are no row of one. It has no columns about persons, and none that look something up.
type Form []BookField

// Check looks at the columns; what is wrong goes to add with its place below the form: .fields.0.kind.
func (f Form) Check(add func(place, format string, args ...any)) {
	b := Book{Rights: AreaPaper, Fields: f}
	b.check(&BookSet{}, add)
	for n, field := range f {
		if field.Kind == FieldFirm || field.Kind == FieldProject {
			add(".fields."+strconv.Itoa(n)+".kind", "这里不能用种类 %s，企业和小区从登记里来", field.Kind)
		}
	}
}

// Fill brings values as typed, by the code of the column, into the form in which they are stored, without empty ones. With whole, what is required must be there.
// Returns Invalid with every refused column.
func (f Form) Fill(values map[string]string, today calendar.Date, whole bool) (map[string]string, error) {
	var bad faults
	out := map[string]string{}
	for _, field := range f {
		field.Required = field.Required && whole
		text, err := field.value(context.Background(), nil, "", values[field.ID], today, &bad)
		if err != nil {
			return nil, err
		}
		if text != "" {
			out[field.ID] = text
		}
	}
	inOrder(f, func(id string) string { return out[id] }, &bad)
	return out, bad.err("registry.Fill")
}

// Shown is what a column says, in words.
func (f BookField) Shown(stored string) string { return f.shown(stored, nil) }

// inOrder refuses days that precede the day after which they must come.
func inOrder(fields []BookField, value func(id string) string, bad *faults) {
	for _, f := range fields {
		first, last := value(f.After), value(f.ID)
		if f.After == "" || first == "" || last == "" || last >= first {
			continue
		}
		for _, before := range fields {
			if before.ID == f.After {
				bad.list = append(bad.list, fault.Field{Name: f.ID, Message: f.Label + f.shown(last, nil) + "早于" + before.Label + before.shown(first, nil)})
			}
		}
	}
}

package registry

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
)

// The usual bounds of columns.
const (
	mostText  = 60
	mostLong  = 500
	mostWhole = 1_000_000
)

// hoursForm is from when to when on a day.
var hoursForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$`)

// ReadHours brings a span of a day, as people type it, into the form 08:30-17:30, of which text order is time order; false for what is none or ends before it begins.
func ReadHours(text string) (string, bool) {
	text = strings.NewReplacer("：", ":", "—", "-", "－", "-", "至", "-", "~", "-", " ", "").Replace(text)
	return text, hoursForm.MatchString(text) && text[:5] < text[6:]
}

// ValidPhone reports whether a text is a mobile number or one with its area code.
func ValidPhone(text string) bool { return phoneForm.MatchString(text) }

// value brings one value, as typed, into the form in which it is stored; what is wrong goes to bad. Firms and references are looked up by reader.
func (f BookField) value(ctx context.Context, reader *bookReader, community, text string, today calendar.Date, bad *faults) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		if f.Required && (f.Kind == FieldChoice || f.Kind == FieldCheck || f.Kind == FieldFirm || f.Kind == FieldProject || f.Kind == FieldRef || f.Kind == FieldHelper) {
			bad.add(f.ID, "请选择%s", f.Label)
		} else if f.Required {
			bad.add(f.ID, "请填写%s", f.Label)
		}
		return "", nil
	}
	switch f.Kind {
	case FieldText:
		bad.text(f.ID, f.Label, &text, 0, int(f.most(mostText)))
	case FieldLong:
		if n := len([]rune(text)); n > int(f.most(mostLong)) {
			bad.add(f.ID, "%s有 %d 个字，最多 %d 个字", f.Label, n, f.most(mostLong))
		}
		text = strings.ReplaceAll(text, "\r\n", "\n")
	case FieldPerson:
		bad.person(f.ID, f.Label, &text)
	case FieldPhone:
		bad.phone(f.ID, f.Label, &text)
	case FieldWhole:
		n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
		if err != nil {
			bad.add(f.ID, "%s“%s”要填整数，例如 12", f.Label, text)
			return "", nil
		}
		bad.count(f.ID, f.Label, "", n, 0, f.most(mostWhole))
		text = strconv.FormatInt(n, 10)
	case FieldDecimal, FieldMoney:
		n, err := num.Parse(strings.TrimSuffix(strings.ReplaceAll(text, ",", ""), "元"))
		switch {
		case err != nil:
			bad.add(f.ID, "%s“%s”要填数字，例如 580.50", f.Label, text)
			return "", nil
		case !n.Equal(n.Round(2, num.HalfUp)):
			bad.add(f.ID, "%s最多两位小数，现在是 %s", f.Label, text)
		case n.Sign() < 0 || num.FromInt(f.most(maxArea)).Less(n):
			bad.add(f.ID, "%s是 %s，要在 0 至 %d 之间", f.Label, text, f.most(maxArea))
		}
		text = n.Fixed(2)
	case FieldDate:
		day, err := calendar.ParseDate(text)
		if err != nil {
			bad.add(f.ID, "%s“%s”不是日期，要写成 2026-10-19", f.Label, text)
			return "", nil
		}
		if f.Past {
			bad.past(f.ID, f.Label, day, today)
		}
		text = day.String()
	case FieldChoice, FieldCheck:
		for _, c := range f.words() {
			if text == c.Text {
				text = c.ID
			}
		}
		choice(bad, f.ID, f.Label, text, f.words())
	case FieldHours:
		var ok bool
		if text, ok = ReadHours(text); !ok {
			bad.add(f.ID, "%s“%s”要写成起止时间，例如 08:30-17:30", f.Label, text)
		}
	case FieldFirm:
		return reader.firm(ctx, f, text, bad)
	case FieldProject:
		return reader.project(ctx, f, community, text, bad)
	case FieldRef:
		return reader.ref(ctx, f, community, text, bad)
	case FieldHelper:
		return reader.helper(ctx, f, community, text, bad)
	}
	return text, nil
}

func (f BookField) most(usual int64) int64 {
	if f.Most > 0 {
		return f.Most
	}
	return usual
}

// bookReader looks up what rows name.
type bookReader struct{ books *Books }

// firm finds a firm by id, 统一社会信用代码 or name.
func (r *bookReader) firm(ctx context.Context, f BookField, text string, bad *faults) (string, error) {
	if code, err := ParseUSCC(text); err == nil {
		id, err := r.books.firmByCode(ctx, code)
		if err == nil && id == "" {
			bad.list = append(bad.list, fault.Field{Name: f.ID, Message: NoFirm(text).Message})
		}
		return id, err
	}
	if journal.ValidPart(text) {
		if names, err := r.books.FirmNames(ctx, []string{text}); err != nil || names[text] != "" {
			return text, err
		}
	}
	var found []string
	named := func(d *store.Doc[Firm]) bool { return d.State.Name == text }
	err := every(ctx, r.books.firms, store.Query{Index: ByName, Key: findKey(text)}, named, func(d store.Doc[Firm]) error {
		found = append(found, d.ID)
		return nil
	})
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		bad.add(f.ID, "没有登记名为“%s”的企业", text)
		return "", nil
	case len(found) > 1:
		bad.add(f.ID, "名为“%s”的企业有 %d 家，请填统一社会信用代码", text, len(found))
	}
	return found[0], nil
}

// project finds a project of the community by id or name.
func (r *bookReader) project(ctx context.Context, f BookField, community, text string, bad *faults) (string, error) {
	if journal.ValidPart(text) {
		d, err := r.books.projects.Load(ctx, text)
		if err == nil && d.State.Community == community {
			return d.ID, nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return "", err
		}
	}
	id, err := claimed(ctx, r.books.db, r.books.projects, projectNameClaim, projectNameKey(community, text), projectKind)
	if err == nil && id == "" {
		bad.add(f.ID, "这个社区没有登记名为“%s”的小区", text)
	}
	return id, err
}

// ref finds a row of another book of the same community by id or by its name.
func (r *bookReader) ref(ctx context.Context, f BookField, community, text string, bad *faults) (string, error) {
	of, _ := r.books.set.Find(f.Of)
	id := text
	if !journal.ValidPart(text) {
		id = ""
	}
	d, err := store.Doc[Entry]{}, error(nil)
	if id != "" {
		d, err = r.books.entries.LoadOpen(ctx, id)
	}
	if id == "" || fault.Is(err, fault.NotFound) {
		id, err = claimed(ctx, r.books.db, r.books.entries, entryClaim, entryKey(of, community, []string{text}), entryKind)
		if err != nil {
			return "", err
		}
		if id == "" {
			bad.add(f.ID, "%s没有名为“%s”的登记", of.Title, text)
			return "", nil
		}
		d, err = r.books.entries.LoadOpen(ctx, id)
	}
	if err != nil {
		return "", err
	}
	if d.State.Book != of.ID || d.State.Community != community || d.State.Withdrawn {
		bad.add(f.ID, "%s“%s”不在这个社区，或者已经撤下", of.Title, text)
	}
	return d.ID, nil
}

// shown is a stored value for people; names are those of firms and references by id.
func (f BookField) shown(text string, names map[string]string) string {
	switch f.Kind {
	case FieldChoice, FieldCheck:
		return TextOf(f.words(), text)
	case FieldDate:
		day, err := calendar.ParseDate(text)
		if err != nil {
			return text
		}
		return day.Chinese()
	case FieldFirm, FieldProject, FieldRef, FieldHelper:
		if f.Kind == FieldHelper {
			_, text, _ = strings.Cut(text, ":")
		}
		if text != "" && names[text] == "" {
			return "登记已撤回"
		}
		return names[text]
	}
	return text
}

// masked hides a personal value.
func (f BookField) masked(text string) string {
	switch {
	case text == "":
		return ""
	case f.Kind == FieldPerson:
		return policy.MaskName(text)
	case f.Kind == FieldPhone:
		return policy.MaskPhone(text)
	}
	return "＊＊"
}

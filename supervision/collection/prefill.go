package collection

import (
	"context"
	"slices"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
)

// Source says what of the registers is filled into a column beforehand.
type Source string

// The sources. Those about a compound need a row that is about one.
const (
	SourceUnit         Source = "unit.name"
	SourceFirmCode     Source = "firm.code"
	SourceProject      Source = "project.name"
	SourceTownship     Source = "project.township"
	SourceCommunity    Source = "project.community"
	SourceFirm         Source = "project.firm"
	SourceAddress      Source = "project.address"
	SourceHouseholds   Source = "project.households"
	SourceArea         Source = "project.area"
	SourceDelivered    Source = "project.delivered"
	SourceManager      Source = "project.manager"
	SourceManagerPhone Source = "project.manager_phone"
)

// source is one row of the table of sources.
type source struct {
	id    Source
	title string
	// fits are the kinds of columns that can take it.
	fits []Kind
}

// sources are all sources. A new one gets a row here and its case in fill.
var sources = []source{
	{SourceUnit, "填报单位", []Kind{KindText}}, {SourceFirmCode, "统一社会信用代码", []Kind{KindText}}, {SourceProject, "小区名称", []Kind{KindText, KindProject}}, {SourceTownship, "所属乡镇", []Kind{KindText}},
	{SourceCommunity, "所属社区", []Kind{KindText}}, {SourceFirm, "物业企业", []Kind{KindText}}, {SourceAddress, "小区地址", []Kind{KindText, KindLong}}, {SourceHouseholds, "户数", []Kind{KindWhole}},
	{SourceArea, "建筑面积", []Kind{KindDecimal}}, {SourceDelivered, "交付日期", []Kind{KindDate}}, {SourceManager, "项目负责人", []Kind{KindPerson}}, {SourceManagerPhone, "项目负责人电话", []Kind{KindPhone}},
}

// Sources lists what can be filled in beforehand, for a form.
func Sources() []registry.Choice {
	out := make([]registry.Choice, len(sources))
	for i, s := range sources {
		out[i] = registry.Choice{ID: string(s.id), Text: s.title}
	}
	return out
}

func sourceOf(id Source) (source, bool) {
	i := slices.IndexFunc(sources, func(s source) bool { return s.id == id })
	if i < 0 {
		return source{title: string(id)}, false
	}
	return sources[i], true
}

// known is what the registers hold of a compound on a day, for one answer.
type known struct {
	place registry.Place
	built registry.Project
	// manager and phone are those of who answers for it, "" if nobody is registered.
	manager, phone string
}

// look asks the registers about a compound.
func (s *Service) look(ctx context.Context, project string, on calendar.Date) (k known, err error) {
	if k.place, err = s.Register.Place(ctx, project, on); err != nil {
		return k, err
	}
	if k.built, err = s.Register.Built(ctx, project); err != nil {
		return k, err
	}
	k.manager, k.phone, err = s.Manager(ctx, project, on)
	return k, err
}

// fill is what a source says of a row; "" for nothing.
func (s *Service) fill(ctx context.Context, c Column, to Addressee, k *known, on calendar.Date) (string, error) {
	switch c.Source {
	case SourceUnit:
		return to.Name, nil
	case SourceFirmCode:
		if to.Kind != ToFirm {
			return "", nil
		}
		firm, err := s.Register.Contractor(ctx, to.ID)
		if fault.Is(err, fault.NotFound) {
			return "", nil
		}
		return string(firm.Code), err
	}
	if k == nil {
		return s.fillUnit(c.Source, to), nil
	}
	switch c.Source {
	case SourceProject:
		if c.Kind == KindProject {
			return k.place.Project, nil
		}
		return k.place.Name, nil
	case SourceTownship:
		return k.place.TownshipName, nil
	case SourceCommunity:
		return k.place.CommunityName, nil
	case SourceFirm:
		return k.place.FirmName, nil
	case SourceAddress:
		return k.built.Address, nil
	case SourceHouseholds:
		return positive(strconv.FormatInt(k.built.Households, 10)), nil
	case SourceArea:
		return positive(k.built.Area.String()), nil
	case SourceDelivered:
		if k.built.Delivered.IsZero() {
			return "", nil
		}
		return k.built.Delivered.String(), nil
	case SourceManager:
		return k.manager, nil
	case SourceManagerPhone:
		return k.phone, nil
	}
	return "", nil
}

// positive leaves out a number that says that nothing is known.
func positive(text string) string {
	if text == "0" {
		return ""
	}
	return text
}

// fillUnit is what a source says of a unit whose row is about no compound.
func (s *Service) fillUnit(of Source, to Addressee) string {
	switch {
	case of == SourceFirm && to.Kind == ToFirm, of == SourceCommunity && to.Kind == ToCommunity, of == SourceTownship && to.Kind == ToTownship:
		return to.Name
	case of == SourceTownship && to.Kind == ToCommunity:
		return to.TownshipName
	}
	return ""
}

// Compound is a compound about which a unit can answer.
type Compound struct {
	// ID is that of the project, Text its name, with its community where two are called alike.
	ID, Text string
}

// compounds are those of a unit on a day, by name: those that a firm serves, or that lie in a community or township.
func (s *Service) compounds(ctx context.Context, to Addressee, on calendar.Date) ([]Compound, error) {
	var places []registry.Place
	if to.Kind == ToFirm {
		held, err := s.Register.Held(ctx, to.ID, on)
		if err != nil {
			return nil, err
		}
		places = held
	} else {
		key := policy.CommunityKey(to.ID)
		if to.Kind == ToTownship {
			key = policy.TownshipKey(to.ID)
		}
		list, err := s.Register.Compounds(ctx, key)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			places = append(places, registry.Place{Project: c.ID, Name: c.Name, Community: c.Community})
		}
	}
	alike := map[string]int{}
	for _, p := range places {
		alike[p.Name]++
	}
	out := make([]Compound, len(places))
	for i, p := range places {
		out[i] = Compound{p.Project, p.Name}
		if alike[p.Name] < 2 {
			continue
		}
		if p.CommunityName == "" {
			named, err := s.Register.Place(ctx, p.Project, on)
			if err != nil {
				return nil, err
			}
			p = named
		}
		out[i].Text = p.Name + "（" + p.CommunityName + "）"
	}
	return out, nil
}

// prepared are the rows with which an answer begins: what the registers hold is filled in, one row for the unit or one for each of its compounds; none where the unit says itself how many there are.
func (s *Service) prepared(ctx context.Context, t *Task, to Addressee, on calendar.Date) ([]Row, error) {
	if t.Rows == RowsMany {
		return nil, nil
	}
	if t.Rows == RowsOne {
		row, err := s.prepare(ctx, t, to, "", on)
		return []Row{row}, err
	}
	list, err := s.compounds(ctx, to, on)
	if err != nil {
		return nil, err
	}
	out := make([]Row, len(list))
	for i, c := range list {
		if out[i], err = s.prepare(ctx, t, to, c.ID, on); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// prepare is one row, about a compound or none, with what the registers hold.
func (s *Service) prepare(ctx context.Context, t *Task, to Addressee, project string, on calendar.Date) (Row, error) {
	row := Row{Project: project}
	var k *known
	if project != "" {
		found, err := s.look(ctx, project, on)
		if err != nil {
			return row, err
		}
		k = &found
	}
	for i, c := range t.Columns {
		if c.Source == "" || !c.Stands() {
			continue
		}
		text, err := s.fill(ctx, c, to, k, on)
		if err != nil {
			return row, err
		}
		if kept, wrong := c.Read(text); wrong == "" { // what a register holds may be longer than the column takes
			row.Set(t.Columns, i, kept)
		}
	}
	return row, nil
}

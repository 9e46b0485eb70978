package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
)

// Phase is a part of a project that is built and handed over by itself (分期).
type Phase struct {
	// ID is unique within the project: ph1, ph2, ….
	ID string `json:"id" privacy:"public"`
	// Name is what people call it: 一期.
	Name string `json:"name" privacy:"public"`
}

// BuildingKind is what a building is.
type BuildingKind string

// The kinds of buildings.
const (
	// BuildingLow: houses of up to three floors (低层住宅).
	BuildingLow BuildingKind = "low"
	// BuildingMulti: flats of four to six floors (多层住宅).
	BuildingMulti BuildingKind = "multi"
	// BuildingHigh: flats of seven floors and more (高层住宅).
	BuildingHigh BuildingKind = "high"
	// BuildingShops: shops and offices (商业办公).
	BuildingShops BuildingKind = "shops"
	// BuildingGarage: an underground garage (地下车库).
	BuildingGarage BuildingKind = "garage"
	// BuildingService: what belongs to all, as a pump house or a kindergarten (配套公建).
	BuildingService BuildingKind = "service"
)

// BuildingKinds lists the kinds of buildings.
func BuildingKinds() []Choice {
	return []Choice{{string(BuildingHigh), "高层住宅"}, {string(BuildingMulti), "多层住宅"}, {string(BuildingLow), "低层住宅"}, {string(BuildingShops), "商业办公"},
		{string(BuildingGarage), "地下车库"}, {string(BuildingService), "配套公建"}}
}

// Building is one building of a project.
type Building struct {
	// ID is unique within the project: b1, b2, ….
	ID string `json:"id" privacy:"public"`
	BuildingInput
	// Withdrawn is why it was taken off the register, "" if it stands. A withdrawn building counts nowhere.
	Withdrawn string `json:"withdrawn,omitempty" privacy:"internal"`
}

// BuildingInput is what an officer says about a building.
type BuildingInput struct {
	// Name is what people call it: 12幢. Two buildings of one phase do not share it.
	Name string `json:"name" privacy:"public"`
	// Phase is the id of the phase in which it was built, "" if the project has none.
	Phase string `json:"phase,omitempty" privacy:"public"`
	// Kind is what it is.
	Kind BuildingKind `json:"kind" privacy:"public"`
	// Floors is the number of floors above ground, for a garage of those below.
	Floors int64 `json:"floors"`
	// Area is the floor area in m², at most two decimals; 0 if not known.
	Area num.Num `json:"area"`
	// Households is the number of households, 0 for what nobody lives in.
	Households int64 `json:"households,omitempty"`
	// Completed is the day on which its completion was accepted (竣工验收); Delivered the one on which it was handed over to the owners. No date if not known.
	Completed calendar.Date `json:"completed"`
	Delivered calendar.Date `json:"delivered"`
}

// RoomKind is what a room that the developer hands over is for.
type RoomKind string

// The kinds of rooms.
const (
	// RoomService: for the property firm (物业用房).
	RoomService RoomKind = "service"
	// RoomCommunity: for the community (社区用房).
	RoomCommunity RoomKind = "community"
	// RoomCommittee: for the owners' committee (业委会用房).
	RoomCommittee RoomKind = "committee"
)

// RoomKinds lists the kinds of rooms.
func RoomKinds() []Choice {
	return []Choice{{string(RoomService), "物业用房"}, {string(RoomCommunity), "社区用房"}, {string(RoomCommittee), "业委会用房"}}
}

// Room is a room that the developer hands over for property service or for the community.
type Room struct {
	// ID is unique within the project: r1, r2, ….
	ID string `json:"id" privacy:"public"`
	RoomInput
	// Withdrawn is why it was taken off the register, "" if it stands.
	Withdrawn string `json:"withdrawn,omitempty" privacy:"internal"`
}

// RoomInput is what an officer says about a room.
type RoomInput struct {
	// Kind is what it is for.
	Kind RoomKind `json:"kind" privacy:"public"`
	// Place says where it is: 3幢1单元101.
	Place string `json:"place" privacy:"public"`
	// Area is its floor area in m², at most two decimals.
	Area num.Num `json:"area"`
	// HandedOver is the day on which it was handed over, no date if it was not yet.
	HandedOver calendar.Date `json:"handed_over"`
}

// The most phases, buildings and rooms of a project, so that its record stays far below the limit of 64 KiB.
const (
	maxPhases    = 20
	maxBuildings = 120
	maxRooms     = 30
)

// PhaseName is the name of a phase of the project, "" for the id "" and for one that it does not have.
func (p Project) PhaseName(id string) string {
	for _, phase := range p.Phases {
		if phase.ID == id {
			return phase.Name
		}
	}
	return ""
}

// StandingBuildings are the buildings that were not withdrawn.
func (p Project) StandingBuildings() []Building {
	return slices.DeleteFunc(slices.Clone(p.Buildings), func(b Building) bool { return b.Withdrawn != "" })
}

// StandingRooms are the rooms that were not withdrawn.
func (p Project) StandingRooms() []Room {
	return slices.DeleteFunc(slices.Clone(p.Rooms), func(r Room) bool { return r.Withdrawn != "" })
}

// sameName reports whether two names are one to people: blanks, width and case do not count.
func sameName(a, b string) bool { return string(plain(a)) == string(plain(b)) }

// entryAt finds the entry with an id; "" stands for a new one, which comes last. Returns NotFound with the message.
func entryAt[T any](list []T, id, message string, idOf func(T) string) (int, error) {
	if id == "" {
		return len(list), nil
	}
	at := slices.IndexFunc(list, func(e T) bool { return idOf(e) == id })
	if at < 0 {
		return 0, fault.New("registry.entryAt", fault.NotFound, message)
	}
	return at, nil
}

// PutPhase adds a phase to a project, or renames the one with the id. Returns Forbidden without WriteRegister, NotFound, also for a phase that the project
// does not have, Invalid for refused fields (name), Conflict if seq is not the last change.
func (s *Service) PutPhase(ctx context.Context, by policy.Actor, project string, seq int64, id, name string) error {
	return s.change(ctx, by, project, seq, "", func(p *Project, bad *faults) error {
		at, err := entryAt(p.Phases, id, "没有找到这一期", func(e Phase) string { return e.ID })
		if err != nil {
			return err
		}
		bad.text("name", "分期名称", &name, 1, 20)
		for i, other := range p.Phases {
			if i != at && sameName(other.Name, name) {
				bad.add("name", "已经有名为“%s”的分期", other.Name)
			}
		}
		if at == maxPhases {
			bad.add("name", "分期已有 %d 个，不能再加", maxPhases)
		}
		p.Phases = slices.Clone(p.Phases)
		if id == "" {
			p.Phases = append(p.Phases, Phase{ID: fmt.Sprintf("ph%d", at+1)})
		}
		p.Phases[at].Name = name
		return nil
	})
}

// check completes the input for a project in which others stand beside it.
func (in *BuildingInput) check(p *Project, others []Building, today calendar.Date, bad *faults) {
	bad.text("name", "楼栋名称", &in.Name, 1, 20)
	if in.Phase != "" && p.PhaseName(in.Phase) == "" {
		bad.add("phase", "没有编号为“%s”的分期", in.Phase)
	}
	if in.Phase == "" && len(p.Phases) > 0 {
		bad.add("phase", "请选择分期")
	}
	choice(bad, "kind", "楼栋类型", in.Kind, BuildingKinds())
	bad.count("floors", "层数", "层", in.Floors, 1, 100)
	bad.area("area", "建筑面积", in.Area)
	bad.count("households", "户数", "户", in.Households, 0, 10_000)
	bad.past("completed", "竣工验收日期", in.Completed, today)
	bad.past("delivered", "交付日期", in.Delivered, today)
	if !in.Completed.IsZero() && !in.Delivered.IsZero() && in.Delivered.Compare(in.Completed) < 0 {
		bad.add("delivered", "交付日期%s早于竣工验收日期%s", in.Delivered.Chinese(), in.Completed.Chinese())
	}
	for _, other := range others {
		if other.Withdrawn == "" && other.Phase == in.Phase && sameName(other.Name, in.Name) {
			bad.add("name", "已经有名为“%s”的楼栋", strings.TrimSpace(in.Name))
		}
	}
}

// putBuilding puts an input into a project, as a new building for the id "".
func (p *Project) putBuilding(id string, in BuildingInput, today calendar.Date, bad *faults) error {
	at, err := entryAt(p.Buildings, id, "没有找到这幢楼", func(e Building) string { return e.ID })
	if err != nil {
		return err
	}
	p.Buildings = slices.Clone(p.Buildings)
	if id == "" {
		in.check(p, p.Buildings, today, bad)
		if at >= maxBuildings {
			bad.add("name", "楼栋登记已有 %d 幢，不能再加", maxBuildings)
		}
		p.Buildings = append(p.Buildings, Building{ID: fmt.Sprintf("b%d", at+1), BuildingInput: in})
		return nil
	}
	in.check(p, slices.Delete(slices.Clone(p.Buildings), at, at+1), today, bad)
	p.Buildings[at].BuildingInput = in
	return nil
}

// PutBuilding adds a building to a project, or corrects the one with the id. Returns Forbidden without WriteRegister, NotFound, also for a building that the
// project does not have, Invalid for refused fields (name, phase, kind, floors, area, households, completed, delivered), Conflict if seq is not the last change.
func (s *Service) PutBuilding(ctx context.Context, by policy.Actor, project string, seq int64, id string, in BuildingInput) error {
	return s.change(ctx, by, project, seq, "", func(p *Project, bad *faults) error { return p.putBuilding(id, in, s.Today(), bad) })
}

// WithdrawBuilding takes a building off the register that was entered by mistake or does not stand any more. Returns Forbidden without WriteRegister, NotFound,
// also for a building that the project does not have, Invalid for the reason, Conflict if it is withdrawn already or if seq is not the last change.
func (s *Service) WithdrawBuilding(ctx context.Context, by policy.Actor, project string, seq int64, id, why string) error {
	return s.change(ctx, by, project, seq, why, func(p *Project, bad *faults) error {
		at, err := entryAt(p.Buildings, id, "没有找到这幢楼", func(e Building) string { return e.ID })
		if err != nil || id == "" {
			return err
		}
		return withdraw(&p.Buildings, at, func(b *Building) *string { return &b.Withdrawn }, why, bad)
	})
}

// withdraw marks an entry as withdrawn. Returns Conflict if it is.
func withdraw[T any](list *[]T, at int, mark func(*T) *string, why string, bad *faults) error {
	*list = slices.Clone(*list)
	text := mark(&(*list)[at])
	if *text != "" {
		return fault.New("registry.withdraw", fault.Conflict, "已经撤下，原因："+*text)
	}
	*text = reason(bad, why)
	return nil
}

// PutRoom adds a room to a project, or corrects the one with the id. Returns Forbidden without WriteRegister, NotFound, also for a room that the project does
// not have, Invalid for refused fields (kind, place, area, handed_over), Conflict if seq is not the last change.
func (s *Service) PutRoom(ctx context.Context, by policy.Actor, project string, seq int64, id string, in RoomInput) error {
	return s.change(ctx, by, project, seq, "", func(p *Project, bad *faults) error {
		at, err := entryAt(p.Rooms, id, "没有找到这处用房", func(e Room) string { return e.ID })
		if err != nil {
			return err
		}
		choice(bad, "kind", "用途", in.Kind, RoomKinds())
		bad.text("place", "位置", &in.Place, 2, 60)
		bad.area("area", "面积", in.Area)
		if in.Area.IsZero() {
			bad.add("area", "请填写面积（平方米），例如 120.50")
		}
		bad.past("handed_over", "移交日期", in.HandedOver, s.Today())
		if at == maxRooms {
			bad.add("place", "用房登记已有 %d 处，不能再加", maxRooms)
		}
		p.Rooms = slices.Clone(p.Rooms)
		if id == "" {
			p.Rooms = append(p.Rooms, Room{ID: fmt.Sprintf("r%d", at+1)})
		}
		p.Rooms[at].RoomInput = in
		return nil
	})
}

// WithdrawRoom takes a room off the register. Returns as WithdrawBuilding.
func (s *Service) WithdrawRoom(ctx context.Context, by policy.Actor, project string, seq int64, id, why string) error {
	return s.change(ctx, by, project, seq, why, func(p *Project, bad *faults) error {
		at, err := entryAt(p.Rooms, id, "没有找到这处用房", func(e Room) string { return e.ID })
		if err != nil || id == "" {
			return err
		}
		return withdraw(&p.Rooms, at, func(r *Room) *string { return &r.Withdrawn }, why, bad)
	})
}

// Built returns a project with its phases, buildings and rooms. Returns NotFound if there is none. It asks for no right.
func (r *Register) Built(ctx context.Context, project string) (Project, error) {
	d, err := r.projects.Load(ctx, project)
	return d.State, noProject("registry.Built", err)
}

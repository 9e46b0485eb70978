package handover

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Body is who takes part or witnesses; none of them concludes the agreement.
type Body string

// The bodies.
const (
	// BodyOwners: representatives of the owners.
	BodyOwners Body = "owners"
	// BodyCommunity: the residents' committee of the community.
	BodyCommunity Body = "community"
	// BodyBureau: the housing bureau.
	BodyBureau Body = "bureau"
)

// Bodies are the bodies in the order of the pages.
func Bodies() []Body { return []Body{BodyOwners, BodyCommunity, BodyBureau} }

// Title is the body for people.
func (b Body) Title() string {
	switch b {
	case BodyOwners:
		return "业主代表"
	case BodyCommunity:
		return "社区居委会"
	case BodyBureau:
		return "住建局"
	}
	return string(b)
}

// bodyOf is for which body an actor witnesses.
func bodyOf(by policy.Actor) (Body, bool) {
	for _, role := range by.Roles() {
		switch role {
		case "owners_committee":
			return BodyOwners, true
		case "community_worker", "community_secretary":
			return BodyCommunity, true
		case "property_officer", "section_chief", "inspector":
			return BodyBureau, true
		}
	}
	return "", false
}

// Witness is somebody who took part in the walk (参加) or witnessed the agreement (见证).
type Witness struct {
	// Body is for whom.
	Body Body `json:"body" privacy:"public"`
	// Name is who took part, as the firm wrote it down; "" for who witnessed by his own account.
	Name string `json:"name,omitempty" privacy:"pii"`
	// Digest is what was witnessed, "" for who took part in the walk.
	Digest string `json:"digest,omitempty" privacy:"internal"`
	Hand   Hand   `json:"hand"`
}

// Scan is the sealed paper of the agreement as it was scanned.
type Scan struct {
	File files.Stored `json:"file"`
	// Digest is what the paper was printed for; By uploaded it, Look is the second person who compared the paper's digest, without a time as long as nobody did.
	Digest string `json:"digest" privacy:"internal"`
	By     Hand   `json:"by"`
	Look   Hand   `json:"look,omitzero"`
}

// Looked reports whether a second person compared it.
func (s *Scan) Looked() bool { return s.Look.By != "" }

const (
	maxWitnesses = 30
	maxPerson    = 20
	// checkDigits are how many digits of the digest are typed off the paper.
	checkDigits = 8
)

// unsign lets everything fall away that was said of the agreement as it was.
func (h *Handover) unsign() {
	h.Signatures, h.Digest, h.Scan = nil, "", nil
	h.Witnesses = slices.DeleteFunc(slices.Clone(h.Witnesses), func(w Witness) bool { return w.Digest != "" })
}

// Witnessed is who witnessed for a body what stands now; false if nobody did.
func (w *Walk) Witnessed(body Body) (Witness, bool) {
	for _, one := range w.Doc.State.Witnesses {
		if one.Body == body && one.Digest != "" && one.Digest == w.Digest() {
			return one, true
		}
	}
	return Witness{}, false
}

// WitnessedBy reports whether a body witnessed what both parties signed.
func (h *Handover) WitnessedBy(body Body) bool {
	return slices.ContainsFunc(h.Witnesses, func(w Witness) bool { return w.Body == body && w.Digest != "" && w.Digest == h.Digest })
}

// Sealed is the scan of what stands now, nil if there is none.
func (w *Walk) Sealed() *Scan {
	if scan := w.Doc.State.Scan; scan != nil && scan.Digest == w.Digest() {
		return scan
	}
	return nil
}

// BodyOf is for which body an actor witnesses; false if he does not.
func (s *Service) BodyOf(by policy.Actor) (Body, bool) {
	if !s.Guard.Allow(by, policy.WitnessHandover) {
		return "", false
	}
	return bodyOf(by)
}

// Attend writes down who took part in the walk for a body. Returns Forbidden without WalkHandover, NotFound outside the scope, Invalid for refused fields (body,
// name), Conflict if it is not the time or somebody was quicker.
func (s *Service) Attend(ctx context.Context, by policy.Actor, at At, body Body, name string) (store.Doc[Handover], error) {
	const op = "handover.Attend"
	return s.change(ctx, by, policy.WalkHandover, at, stepAttend, "", func(h *Handover) error {
		name, bad := text("name", "参加人员的姓名", name, maxPerson)
		if !slices.Contains(Bodies(), body) {
			bad = append(bad, fault.Field{Name: "body", Message: "请选择代表哪一方参加：业主代表、社区居委会或住建局"})
		}
		if len(h.Witnesses) >= maxWitnesses {
			bad = append(bad, fault.Field{Name: "name", Message: fmt.Sprintf("参加和见证最多登记 %d 人", maxWitnesses)})
		}
		if err := refused(op, bad); err != nil {
			return err
		}
		h.Witnesses = append(slices.Clone(h.Witnesses), Witness{Body: body, Name: name, Hand: h.By})
		return nil
	})
}

// Witness witnesses for a body what developer and firm agree on. Returns Forbidden without WitnessHandover or for who stands for no body, NotFound outside the scope,
// Conflict if the body has witnessed it, if it is not the time or somebody was quicker.
func (s *Service) Witness(ctx context.Context, by policy.Actor, at At) (store.Doc[Handover], error) {
	const op = "handover.Witness"
	if err := s.Guard.Require(by, policy.WitnessHandover); err != nil {
		return store.Doc[Handover]{}, err
	}
	body, ok := bodyOf(by)
	if !ok {
		return store.Doc[Handover]{}, fault.New(op, fault.Forbidden, "承接查验由业主代表、社区和住建局见证，你的岗位不代表其中一方")
	}
	return s.moving(ctx, by, policy.WitnessHandover, at, stepWitness, func(h *Handover, w *Walk) error {
		if _, done := w.Witnessed(body); done {
			return fault.New(op, fault.Conflict, body.Title()+"已经见证过")
		}
		if len(h.Witnesses) >= maxWitnesses {
			return fault.New(op, fault.Conflict, fmt.Sprintf("参加和见证最多登记 %d 人", maxWitnesses))
		}
		h.Witnesses = append(slices.Clone(h.Witnesses), Witness{Body: body, Digest: w.Digest(), Hand: h.By})
		return nil
	})
}

// Scan keeps the scan of the sealed paper of what stands now; an earlier one is replaced. Returns Forbidden for who stands for neither party, NotFound outside the
// scope, Invalid (field files) for a file that cannot be kept, Conflict if it is not the time or somebody was quicker.
func (s *Service) Scan(ctx context.Context, by policy.Actor, at At, upload *files.Upload) (store.Doc[Handover], error) {
	if _, err := s.side(by); err != nil {
		return store.Doc[Handover]{}, err
	}
	return s.moving(ctx, by, policy.SignHandover, at, stepScan, func(h *Handover, w *Walk) error {
		file, err := s.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(policy.SignHandover)}, upload)
		if err != nil {
			return err
		}
		h.Scan = &Scan{File: file, Digest: w.Digest(), By: h.By}
		return nil
	})
}

// Compare says for a second person whether the scanned paper carries the digest of what stands now: typed are the first eight digits that stand on the paper. A
// paper that does not is taken away. Returns Forbidden without WitnessHandover, NotFound outside the scope, Invalid (field typed) if other digits stand on it,
// Conflict if there is no scan of what stands now, if it was compared, if the actor uploaded it, if it is not the time or somebody was quicker.
func (s *Service) Compare(ctx context.Context, by policy.Actor, at At, same bool, typed string) (store.Doc[Handover], error) {
	const op = "handover.Compare"
	return s.moving(ctx, by, policy.WitnessHandover, at, stepLook, func(h *Handover, w *Walk) error {
		scan := w.Sealed()
		switch {
		case scan == nil:
			return fault.New(op, fault.Conflict, "没有要核对的盖章原件，或者上传后内容又改了")
		case scan.Looked():
			return fault.New(op, fault.Conflict, "盖章原件已经核对过")
		case scan.By.By == by.ID:
			return fault.New(op, fault.Conflict, "上传的人不能自己核对，请另一人核对")
		case !same:
			h.Scan = nil
			return nil
		}
		typed = strings.ToLower(strings.Join(strings.Fields(typed), ""))
		if want := w.Digest()[:checkDigits]; typed != want {
			return fault.InvalidFields(op, fault.Field{Name: "typed", Message: fmt.Sprintf("纸面校验值的前 %d 位应为 %s，抄的是“%.20s”；不一样就退回重新打印盖章", checkDigits, want, typed)})
		}
		looked := *scan
		looked.Look = h.By
		h.Scan = &looked
		return nil
	})
}

// OpenScan opens the sealed paper. Returns Forbidden without ReadHandover, NotFound outside the scope and if there is none.
func (s *Service) OpenScan(ctx context.Context, by policy.Actor, id string) (io.ReadSeekCloser, int64, files.Stored, error) {
	w, err := s.One(ctx, by, id)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	scan := w.Doc.State.Scan
	if scan == nil {
		return nil, 0, files.Stored{}, fault.New("handover.OpenScan", fault.NotFound, "还没有上传盖章原件")
	}
	r, size, err := s.Keeper.Open(ctx, scan.File.Original)
	return r, size, scan.File, err
}

// roomsOf are the rooms that the register has.
func roomsOf(p registry.Project) []Room {
	var out []Room
	for _, r := range p.StandingRooms() {
		out = append(out, Room{r.Kind, r.Place, r.Area})
	}
	return out
}

// Registered are the rooms of a project as the register has them now. Returns Forbidden without ReadHandover, NotFound outside the scope.
func (s *Service) Registered(ctx context.Context, by policy.Actor, id string) ([]Room, error) {
	w, err := s.One(ctx, by, id)
	if err != nil {
		return nil, err
	}
	built, err := s.Estate.Built(ctx, w.Doc.State.Project)
	return roomsOf(built), err
}

// maxReceived bounds the rooms of a handover.
const maxReceived = 30

// Receive records the rooms as they were found on site, with those of the register beside them. Signatures given before fall away with the next one. Returns
// Forbidden without WalkHandover, NotFound outside the scope, Invalid for refused fields (kind-<n>, place-<n>, area-<n>, n from 0), Conflict if it is not the time
// or somebody was quicker.
func (s *Service) Receive(ctx context.Context, by policy.Actor, at At, rooms []Room) (store.Doc[Handover], error) {
	return s.change(ctx, by, policy.WalkHandover, at, stepRooms, "", func(h *Handover) error {
		if err := refused("handover.Receive", roomFaults(rooms)); err != nil {
			return err
		}
		built, err := s.Estate.Built(ctx, h.Project)
		if err != nil {
			return err
		}
		h.Rooms, h.Received = roomsOf(built), slices.Clone(rooms)
		return nil
	})
}

func roomFaults(rooms []Room) []fault.Field {
	var bad []fault.Field
	if len(rooms) > maxReceived {
		return []fault.Field{{Name: "place-0", Message: fmt.Sprintf("移交的用房最多 %d 间，现在有 %d 间", maxReceived, len(rooms))}}
	}
	seen := map[string]bool{}
	for i, r := range rooms {
		fail := func(name, format string, args ...any) {
			bad = append(bad, fault.Field{Name: fmt.Sprintf("%s-%d", name, i), Message: fmt.Sprintf("第 %d 间：", i+1) + fmt.Sprintf(format, args...)})
		}
		if !slices.ContainsFunc(registry.RoomKinds(), func(c registry.Choice) bool { return c.ID == string(r.Kind) }) {
			fail("kind", "请选择物业用房、社区用房或业委会用房")
		}
		if n := len([]rune(r.Place)); n < 1 || n > maxPlace {
			fail("place", "请填写位置，最多 %d 个字，现在有 %d 个", maxPlace, n)
		}
		if key := string(r.Kind) + "/" + r.Place; seen[key] {
			fail("place", "“%s”写了两次", r.Place)
		} else {
			seen[key] = true
		}
		if r.Area.Sign() <= 0 || !r.Area.Equal(r.Area.Round(2, num.HalfUp)) || num.FromInt(100_000).Less(r.Area) {
			fail("area", "面积要大于 0、不超过 100000 平方米，最多两位小数，现在是 %s", r.Area.String())
		}
	}
	return bad
}

// RoomPair is a room as the register has it beside what was found on site; one of them is nil if it stands only on the other side.
type RoomPair struct{ Registered, Received *Room }

// Same reports whether register and site say the same.
func (p RoomPair) Same() bool {
	return p.Registered != nil && p.Received != nil && p.Registered.Area.Equal(p.Received.Area)
}

// RoomPairs compares the rooms of the register with those found on site, by kind and place; with nothing recorded on site those of the register stand for both.
func (h *Handover) RoomPairs() []RoomPair {
	var out []RoomPair
	found := h.Received
	if len(found) == 0 {
		found = h.Rooms
	}
	same := func(a Room) func(Room) bool {
		return func(b Room) bool { return a.Kind == b.Kind && a.Place == b.Place }
	}
	for i := range h.Rooms {
		p := RoomPair{Registered: &h.Rooms[i]}
		if at := slices.IndexFunc(found, same(h.Rooms[i])); at >= 0 {
			p.Received = &found[at]
		}
		out = append(out, p)
	}
	for i := range found {
		if !slices.ContainsFunc(h.Rooms, same(found[i])) {
			out = append(out, RoomPair{Received: &found[i]})
		}
	}
	return out
}

// Show says where and when the result was shown to the owners.
type Show struct {
	// From is the day on which it was put up, Place the board, Photo the picture of it; Until is the period for which it must stay.
	From  calendar.Date     `json:"from"`
	Place string            `json:"place" privacy:"internal"`
	Photo Photo             `json:"photo"`
	Until calendar.Deadline `json:"until"`
	// Down is the day on which it was taken down, no day as long as it hangs; Why says why before its time.
	Down calendar.Date `json:"down"`
	Why  string        `json:"why,omitempty" privacy:"internal"`
	Hand Hand          `json:"hand"`
}

// Early reports whether it was taken down before its time: then it does not count.
func (s *Show) Early() bool { return !s.Down.IsZero() && s.Down.Compare(s.Until.Due) < 0 }

const maxShows = 6

// Unshown reports whether the result has to be shown to the owners and neither hangs nor hung for its time.
func (h *Handover) Unshown() bool {
	return h.Publish.Rule != "" && !slices.ContainsFunc(h.Shows, func(s Show) bool { return !s.Early() })
}

// Shown reports whether the result was shown for its whole time until a day.
func (h *Handover) Shown(on calendar.Date) bool {
	return slices.ContainsFunc(h.Shows, func(s Show) bool { return !s.Early() && s.Until.Resolved() && s.Until.Due.Compare(on) <= 0 })
}

// Showing is what is to be recorded of a notice board.
type Showing struct {
	// From is the day on which the sheet was put up, Place the board (2 to 60 characters), Photo the picture, a JPEG or PNG.
	From  calendar.Date
	Place string
	Photo *files.Upload
}

// Show records that the result was put up on a notice board. Returns Forbidden without WalkHandover, NotFound outside the scope, Invalid for refused fields (from,
// board, photo), Conflict if it hangs already, if it is not the time or somebody was quicker.
func (s *Service) Show(ctx context.Context, by policy.Actor, at At, in Showing) (store.Doc[Handover], error) {
	const op = "handover.Show"
	return s.change(ctx, by, policy.WalkHandover, at, stepShow, "", func(h *Handover) error {
		if !h.Unshown() || len(h.Shows) == maxShows {
			return fault.New(op, fault.Conflict, "查验结果正在公示或者已经公示过，不用再登记")
		}
		place, bad := text("board", "张贴的位置", in.Place, maxPlace)
		if in.From.Compare(h.Agreed) < 0 || in.From.Compare(s.today()) > 0 {
			bad = append(bad, fault.Field{Name: "from", Message: fmt.Sprintf("张贴日期要在签协议的%s和今天（%s）之间", h.Agreed.Chinese(), s.today().Chinese())})
		}
		if in.Photo == nil || !in.Photo.Kind.Image() {
			bad = append(bad, fault.Field{Name: "photo", Message: "请拍一张看得清张贴位置的照片"})
		}
		if err := refused(op, bad); err != nil {
			return err
		}
		until, err := s.Deadlines(ruleShown, in.From)
		if err != nil {
			return err
		}
		photo, err := s.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(policy.WalkHandover)}, in.Photo)
		if err != nil {
			return err
		}
		h.Shows = append(slices.Clone(h.Shows), Show{From: in.From, Place: place, Photo: Photo{photo.Original, photo.Shown}, Until: until, Hand: h.By})
		return nil
	})
}

// TakeDown records that the sheet was taken down. Before its time that needs a reason, stays visible, and the result has to be shown anew. Returns Forbidden without
// WalkHandover, NotFound outside the scope, Invalid for refused fields (down, why), Conflict if nothing hangs, if it is not the time or somebody was quicker.
func (s *Service) TakeDown(ctx context.Context, by policy.Actor, at At, day calendar.Date, why string) (store.Doc[Handover], error) {
	const op = "handover.TakeDown"
	return s.change(ctx, by, policy.WalkHandover, at, stepTakeDown, "", func(h *Handover) error {
		n := len(h.Shows)
		if n == 0 || !h.Shows[n-1].Down.IsZero() {
			return fault.New(op, fault.Conflict, "没有正在公示的查验结果")
		}
		h.Shows = slices.Clone(h.Shows)
		last := &h.Shows[n-1]
		if day.Compare(last.From) < 0 || day.Compare(s.today()) > 0 {
			return fault.InvalidFields(op, fault.Field{Name: "down", Message: fmt.Sprintf("撤下日期要在张贴的%s和今天（%s）之间", last.From.Chinese(), s.today().Chinese())})
		}
		if last.Down, last.Why = day, strings.TrimSpace(why); !last.Early() {
			return nil
		}
		_, bad := text("why", fmt.Sprintf("提前撤下的理由（公示到%s），撤下后要重新公示", last.Until.Due.Chinese()), why, maxReason)
		return refused(op, bad)
	})
}

package station

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Model is somebody who is recommended as 红色达人, with all that was decided.
type Model struct {
	// Community and Township are codes, Keys the scope keys.
	Community string   `json:"community" privacy:"public"`
	Township  string   `json:"township" privacy:"public"`
	Keys      []string `json:"keys" privacy:"internal"`
	// Name is that of the person, Deeds what is told of him without his name.
	Name  string `json:"name" privacy:"pii"`
	Deeds string `json:"deeds" privacy:"internal"`
	// Consent: the person agrees that the name is shown; Consented since when, or since when not any more.
	Consent   bool          `json:"consent,omitempty"`
	Consented calendar.Date `json:"consented,omitzero"`
	// State is where it stands, Last what was done last, Reason why it was returned or refused.
	State  ModelState `json:"state" privacy:"public"`
	Last   ModelMove  `json:"last" privacy:"internal"`
	Reason string     `json:"reason,omitempty" privacy:"internal"`
	// By, Reviewed and Named are the accounts that recommended, reviewed, and opened the publicity.
	By       string `json:"by" privacy:"internal"`
	Reviewed string `json:"reviewed,omitempty" privacy:"internal"`
	Named    string `json:"named,omitempty" privacy:"internal"`
	// Publicity is how long it is shown to the public, Day the day of naming.
	Publicity calendar.Deadline `json:"publicity,omitzero"`
	Day       calendar.Date     `json:"day,omitzero"`
	// Ended is the day on which the naming was taken back.
	Ended calendar.Date `json:"ended,omitzero"`
	// Paper is the scan of what the person signed; nil as long as none was taken in. It goes with the consent and with the name.
	Paper *ConsentPaper `json:"paper,omitempty"`
}

// ModelState is where a selection stands. A new one gets a row in modelMoves and a word and colour in internal/web.
type ModelState string

// The states of a selection.
const (
	// ModelRecommended: waits for the township.
	ModelRecommended ModelState = "recommended"
	// ModelReturned: the community is to mend it.
	ModelReturned ModelState = "returned"
	// ModelReviewed: waits for publicity.
	ModelReviewed ModelState = "reviewed"
	// ModelShown: the public is asked.
	ModelShown ModelState = "shown"
	// ModelNamed: named. The consent may change, and the naming may be taken back.
	ModelNamed ModelState = "named"
	// ModelEnded: the naming was taken back, with a reason. Final.
	ModelEnded ModelState = "ended"
	// ModelRefused: not named, with a reason. Final; the name is not shown any more and is destroyed in the next night.
	ModelRefused ModelState = "refused"
	// ModelWithdrawn: taken back by the community. Final, as ModelRefused.
	ModelWithdrawn ModelState = "withdrawn"
)

// ModelStates are all states in the order of a life.
func ModelStates() []ModelState {
	return []ModelState{ModelRecommended, ModelReturned, ModelReviewed, ModelShown, ModelNamed, ModelEnded, ModelRefused, ModelWithdrawn}
}

// Title is the state for people.
func (s ModelState) Title() string {
	switch s {
	case ModelRecommended:
		return "待审核"
	case ModelReturned:
		return "待补正"
	case ModelReviewed:
		return "待公示"
	case ModelShown:
		return "公示中"
	case ModelNamed:
		return "已命名"
	case ModelEnded:
		return "已撤销命名"
	case ModelRefused:
		return "未通过"
	case ModelWithdrawn:
		return "已撤回"
	}
	return string(s)
}

// ModelMove is what is done to a selection; its text is for people.
type ModelMove string

// The moves.
const (
	// MoveRecommend, MoveRetract and MoveConsent are the community's: recommend or mend, take back, and record whether the name may be shown.
	MoveRecommend ModelMove = "推荐"
	MoveRetract   ModelMove = "撤回推荐"
	MoveConsent   ModelMove = "登记是否同意公开姓名"
	// MovePaper is the community's too: the scan of the consent.
	MovePaper ModelMove = "上传同意书"
	// MoveReview, MoveReturn and MoveRefuse are the township's; MoveRefuse is the county's too while the public is asked (异议成立).
	MoveReview ModelMove = "审核通过"
	MoveReturn ModelMove = "退回"
	MoveRefuse ModelMove = "不通过"
	// MoveShow, MoveName and MoveEnd are the county's.
	MoveShow ModelMove = "公示"
	MoveName ModelMove = "命名"
	MoveEnd  ModelMove = "撤销命名"
)

// ModelMoves are all moves but the first recommendation.
func ModelMoves() []ModelMove {
	return []ModelMove{MoveRecommend, MoveRetract, MoveConsent, MovePaper, MoveReview, MoveReturn, MoveRefuse, MoveShow, MoveName, MoveEnd}
}

// modelMoves is the one table of transitions; what is not in it is a Conflict.
var modelMoves = map[ModelState]map[ModelMove]ModelState{
	ModelRecommended: {MoveRetract: ModelWithdrawn, MoveConsent: ModelRecommended, MovePaper: ModelRecommended, MoveReview: ModelReviewed, MoveReturn: ModelReturned, MoveRefuse: ModelRefused},
	ModelReturned:    {MoveRecommend: ModelRecommended, MoveRetract: ModelWithdrawn, MoveConsent: ModelReturned, MovePaper: ModelReturned},
	ModelReviewed:    {MoveConsent: ModelReviewed, MovePaper: ModelReviewed, MoveShow: ModelShown},
	ModelShown:       {MoveConsent: ModelShown, MovePaper: ModelShown, MoveRefuse: ModelRefused, MoveName: ModelNamed},
	ModelNamed:       {MoveConsent: ModelNamed, MovePaper: ModelNamed, MoveEnd: ModelEnded},
	ModelEnded:       {},
	ModelRefused:     {},
	ModelWithdrawn:   {},
}

// Can reports whether the table knows a move from the present state.
func (m *Model) Can(move ModelMove) bool { _, ok := modelMoves[m.State][move]; return ok }

// action is the right that a move asks for.
func (m *Model) action(move ModelMove) policy.Action {
	switch move {
	case MoveReview, MoveReturn:
		return policy.ReviewModel
	case MoveRefuse:
		if m.State == ModelShown {
			return policy.NameModel
		}
		return policy.ReviewModel
	case MoveShow, MoveName, MoveEnd:
		return policy.NameModel
	}
	return policy.RecommendModel
}

const (
	modelKind = "model"
	// publicityRule is how long the public is asked.
	publicityRule = "model.publicity"
	// byRecent lists selections by scope key, the last first; namedKey those that everybody may see.
	byRecent = "recent"
	namedKey = "named"
	// byPerson lists those whose name is to be destroyed (goneKey) and those with the scan of a consent (paperKey).
	byPerson = "person"
	goneKey  = "gone"
	paperKey = "paper"
)

// modelDocument is how selections are stored.
func modelDocument() store.Kind[Model] {
	return store.Kind[Model]{Name: modelKind, Version: 1, Subject: func(id string, _ *Model) string { return modelKind + "/" + id }, Indexes: []store.Index[Model]{{
		Name: byRecent,
		Keys: func(_ string, m *Model) []string {
			out := append([]string{policy.County}, m.Keys...)
			if m.State == ModelNamed || m.State == ModelShown {
				out = append(out, namedKey)
			}
			return out
		},
	}, {Name: byPerson, Keys: func(_ string, m *Model) []string {
		switch {
		case m.State.nameless():
			return []string{goneKey}
		case m.Paper != nil:
			return []string{paperKey}
		}
		return nil
	}}}}
}

// nameless reports whether the selection came to nothing, so that nobody needs the name any more.
func (s ModelState) nameless() bool { return s == ModelRefused || s == ModelWithdrawn }

// ModelInput is what a community says.
type ModelInput struct {
	// Name is that of the person, Deeds what he does, without his name.
	Name, Deeds string
	// Consent: he agrees that his name is shown.
	Consent bool
}

func (in *ModelInput) check() []fault.Field {
	in.Name, in.Deeds = strings.TrimSpace(in.Name), strings.TrimSpace(in.Deeds)
	var bad []fault.Field
	if n := utf8.RuneCountInString(in.Name); n < 2 || n > 40 || strings.Contains(in.Name, "*") {
		bad = append(bad, fault.Field{Name: "name", Message: "请填写姓名全名"})
	}
	if n := utf8.RuneCountInString(in.Deeds); n < 10 || n > 500 {
		bad = append(bad, fault.Field{Name: "deeds", Message: fmt.Sprintf("事迹有 %d 个字，要写 10 至 500 个字", n)})
	}
	if in.Name != "" && strings.Contains(in.Deeds, in.Name) {
		bad = append(bad, fault.Field{Name: "deeds", Message: "事迹里不要写本人姓名：不同意公开姓名时，事迹照样公开"})
	}
	return bad
}

// Recommend recommends somebody and returns the id. Returns Forbidden without RecommendModel, NotFound outside the scope, Invalid for refused fields (community, name, deeds).
func (s *Service) Recommend(ctx context.Context, by policy.Actor, community string, in ModelInput) (string, error) {
	if err := s.guard.Require(by, policy.RecommendModel); err != nil {
		return "", err
	}
	if community == "" {
		return "", fault.InvalidFields("station.Recommend", fault.Field{Name: "community", Message: "请选择社区"})
	}
	_, keys, err := s.within(ctx, by, policy.RecommendModel, community)
	if err != nil {
		return "", err
	}
	if bad := in.check(); len(bad) > 0 {
		return "", fault.InvalidFields("station.Recommend", bad...)
	}
	m := Model{Community: community, Township: keys[1][2:], Keys: keys, Name: in.Name, Deeds: in.Deeds, Consent: in.Consent, Consented: s.today(), State: ModelRecommended, Last: MoveRecommend, By: by.ID}
	meta := store.Meta{By: by.ID, Action: string(policy.RecommendModel)}
	id := s.db.NewID(meta)
	_, err = s.models.Commit(ctx, meta, id, 0, m)
	return id, err
}

// ModelStep is one move with what it needs.
type ModelStep struct {
	// Move is what to do, Seq the change that the actor saw.
	Move ModelMove
	Seq  int64
	// Reason is needed to return, to refuse and to take a naming back, Input to recommend again; Consent says for MoveConsent whether the name may be shown. Paper is the scan for
	// MovePaper: an upload whose content was checked, which stays the caller's to close.
	Reason  string
	Input   ModelInput
	Consent bool
	Paper   *files.Upload
}

// MoveModel does a move. Who reviews did not recommend, who names did neither. A withdrawn consent counts at once, in every state. Returns Forbidden without the right or for
// somebody who did another part, NotFound outside the scope, Invalid for the fields reason, name, deeds, paper, Conflict for a move that the state does not know, for a publicity that has not ended,
// or if Seq is not the last change.
func (s *Service) MoveModel(ctx context.Context, by policy.Actor, id string, step ModelStep) error {
	const op = "station.MoveModel"
	if err := s.guard.Require(by, policy.ReadModel); err != nil {
		return err
	}
	d, err := s.models.Load(ctx, id)
	if err == nil {
		_, _, err = s.within(ctx, by, policy.ReadModel, d.State.Community)
	}
	if err != nil {
		return fault.Wrap(op, "", "没有找到要看的内容", err)
	}
	m := d.State
	action := m.action(step.Move)
	if _, _, err := s.within(ctx, by, action, m.Community); err != nil {
		return err
	}
	if d.Seq != step.Seq {
		return fault.New(op, fault.Conflict, "这条推荐刚被别人办过，请刷新后再办")
	}
	to, ok := modelMoves[m.State][step.Move]
	if !ok {
		return fault.New(op, fault.Conflict, fmt.Sprintf("这条推荐现在是“%s”，不能%s", m.State.Title(), step.Move))
	}
	if action != policy.RecommendModel {
		earlier := []policy.Act{{Part: policy.PartMake, By: m.By}}
		if action == policy.NameModel {
			earlier = append(earlier, policy.Act{Part: policy.PartMake, By: m.Reviewed})
		}
		if err := policy.Separate(by, policy.PartCheck, earlier); err != nil {
			return err
		}
	}
	step.Reason = strings.TrimSpace(step.Reason)
	switch step.Move {
	case MoveReturn, MoveRefuse, MoveEnd:
		if n := utf8.RuneCountInString(step.Reason); n < 2 || n > 200 {
			return fault.InvalidFields(op, fault.Field{Name: "reason", Message: "请写明理由，2 至 200 个字"})
		}
	case MoveRecommend:
		if bad := step.Input.check(); len(bad) > 0 {
			return fault.InvalidFields(op, bad...)
		}
		if m.Name != step.Input.Name {
			// Whoever is meant now has not agreed to anything yet.
			m.Consent, m.Consented, m.Paper = false, s.today(), nil
		}
		m.Name, m.Deeds, m.By = step.Input.Name, step.Input.Deeds, by.ID
	case MoveConsent:
		if m.Consent, m.Consented = step.Consent, s.today(); !m.Consent {
			m.Paper = nil
		}
	case MovePaper:
		if m.Paper, err = s.consentPaper(ctx, by, &m, step.Paper); err != nil {
			return err
		}
	case MoveReview:
		m.Reviewed = by.ID
	case MoveShow:
		m.Named = by.ID
		if m.Publicity, err = s.deadlines(publicityRule, s.today()); err != nil {
			return err
		}
	case MoveName:
		if !m.Publicity.Late(s.now()) {
			return fault.New(op, fault.Conflict, "公示到"+m.Publicity.Chinese()+"，期满以后才能命名")
		}
		m.Day = s.today()
	}
	if to == ModelEnded {
		m.Ended = s.today()
	}
	if to == ModelEnded || to.nameless() {
		m.Paper = nil
	}
	m.State, m.Last, m.Reason = to, step.Move, step.Reason
	_, err = s.models.Commit(ctx, store.Meta{By: by.ID, Action: string(action), Why: step.Reason}, id, d.Seq, m)
	return err
}

// ModelRow is a selection for people.
type ModelRow struct {
	// ID and Seq as in the store; CommunityName is for people. Name is masked where the actor may not see it.
	ID            string
	Seq           int64
	CommunityName string
	Model
	// Opens: the actor may open the scan of the consent.
	Opens bool
}

// nameless is what stands for a name that its person does not want to be shown.
const nameless = "不公开姓名"

// Models lists selections of the actor's scope, the last first; of one state if it is not "". Without ReadModel, as for everybody, those that are named or shown, with the name only by consent.
func (s *Service) Models(ctx context.Context, by policy.Actor, state ModelState) ([]ModelRow, error) {
	inside := s.guard.Allow(by, policy.ReadModel)
	scope, err := s.guard.Scope(ctx, by, policy.ReadModel)
	if err != nil {
		return nil, err
	}
	ask := store.Query{Index: byRecent, Desc: true, Limit: store.MaxLimit}
	switch {
	case !inside:
		ask.Key = namedKey
	case scope.All():
		ask.Key = policy.County
	default:
		ask.In = scope.Keys()
	}
	var out []ModelRow
	for {
		page, err := s.models.ListWhere(ctx, ask, func(d *store.Doc[Model]) bool {
			return (!inside || scope.Covers(d.State.Keys, s.today())) && (state == "" || d.State.State == state)
		})
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			row, err := s.modelRow(ctx, by, d, inside)
			if err != nil {
				return nil, err
			}
			out = append(out, row)
		}
		if ask.After = page.Next; ask.After == "" {
			return out, nil
		}
	}
}

// standing is what of a selection counts for showing its name also to who looks back: whether it came to nothing and whether the person agrees, as of now. What was taken down stays down.
func (s *Service) standing(ctx context.Context, d *store.Doc[Model]) (Model, error) {
	if _, past := store.Known(ctx); !past {
		return d.State, nil
	}
	now, err := s.models.Load(store.Present(ctx), d.ID)
	return now.State, err
}

// modelRow puts a selection into words for an actor, or for everybody.
func (s *Service) modelRow(ctx context.Context, by policy.Actor, d store.Doc[Model], inside bool) (ModelRow, error) {
	row := ModelRow{ID: d.ID, Seq: d.Seq, Model: d.State}
	division, err := s.Books.Division(ctx, d.State.Community)
	if err != nil {
		return row, err
	}
	row.CommunityName = division.Display
	now, err := s.standing(ctx, &d)
	if err != nil {
		return row, err
	}
	staff, err := s.guard.Scope(ctx, by, policy.ReadStaff)
	row.Opens = inside && err == nil && d.State.Paper != nil && now.Paper != nil && now.Paper.Original == d.State.Paper.Original && staff.Covers(d.State.Keys, s.today())
	if row.Paper != nil && !row.Opens {
		paper := *row.Paper
		paper.Name, row.Paper = "", &paper
	}
	switch {
	case err != nil:
		return row, err
	case now.State.nameless():
		row.Name = store.PurgedText
	case inside && staff.Covers(d.State.Keys, s.today()), now.Consent && d.State.Consent && (d.State.State == ModelNamed || d.State.State == ModelShown):
	case inside:
		row.Name = policy.MaskName(row.Name)
	default:
		row.Name = nameless
	}
	if !inside {
		row.Paper = nil
		row.Reason, row.By, row.Reviewed, row.Named = "", "", "", ""
	}
	return row, nil
}

// OneModel returns a selection of the actor's scope. Returns Forbidden without ReadModel, NotFound.
func (s *Service) OneModel(ctx context.Context, by policy.Actor, id string) (ModelRow, error) {
	if err := s.guard.Require(by, policy.ReadModel); err != nil {
		return ModelRow{}, err
	}
	d, err := s.models.Load(ctx, id)
	if err == nil {
		_, _, err = s.within(ctx, by, policy.ReadModel, d.State.Community)
	}
	if err != nil {
		return ModelRow{}, fault.Wrap("station.OneModel", "", "没有找到要看的内容", err)
	}
	return s.modelRow(ctx, by, d, true)
}

// MayMove lists the moves that the actor may do to a selection now.
func (s *Service) MayMove(ctx context.Context, by policy.Actor, m *Model) ([]ModelMove, error) {
	var out []ModelMove
	for _, move := range ModelMoves() {
		action := m.action(move)
		scope, err := s.guard.Scope(ctx, by, action)
		if err != nil {
			return nil, err
		}
		mine := action == policy.RecommendModel || by.ID != m.By && (action != policy.NameModel || by.ID != m.Reviewed)
		if m.Can(move) && mine && scope.Covers(m.Keys, s.today()) && (move != MoveName || m.Publicity.Late(s.now())) {
			out = append(out, move)
		}
	}
	return slices.Clip(out), nil
}

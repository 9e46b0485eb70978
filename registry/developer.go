package registry

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

const (
	developerKind      = "developer"
	developerCodeClaim = "developer-code"
)

// Developer is who built a compound (建设单位). What a developer owes — fund, handover, papers — is told of it, never of a firm. Its id is opaque; the names
// and phones of its people are ciphertext under a key of the developer.
type Developer struct {
	// Name is as on the business licence.
	Name string `json:"name" privacy:"public"`
	// Code is the 统一社会信用代码; a code belongs to one developer.
	Code USCC `json:"code" privacy:"public"`
	// LegalPerson is the legal representative, Contact who answers for it, Phone where.
	LegalPerson string `json:"legal_person,omitempty" privacy:"pii"`
	Contact     string `json:"contact,omitempty" privacy:"pii"`
	Phone       string `json:"phone,omitempty" privacy:"pii"`
	// Address is the registered seat.
	Address string `json:"address,omitempty" privacy:"public"`
	// Standings say whether it is still there, since when, oldest first; none: it is.
	Standings []Standing `json:"standings,omitempty"`
	// Era is that of the personal data.
	Era store.Era `json:"era,omitempty"`
}

// StandingState says whether a developer is still there to answer.
type StandingState string

// The states of a developer.
const (
	// StandingActive: it can be reached (正常).
	StandingActive StandingState = "active"
	// StandingGone: it is registered but cannot be reached (失联).
	StandingGone StandingState = "gone"
	// StandingDissolved: it was struck off the register of companies (已注销); somebody else must take over what it owes.
	StandingDissolved StandingState = "dissolved"
)

// Standings lists the states of a developer.
func Standings() []Choice {
	return []Choice{{string(StandingActive), "正常"}, {string(StandingGone), "失联"}, {string(StandingDissolved), "已注销"}}
}

// Standing is a state of a developer from a day on.
type Standing struct {
	// State is one of Standings.
	State StandingState `json:"state" privacy:"public"`
	// From is the first day.
	From calendar.Date `json:"from"`
	// Basis is what it was found from: a notice of the market regulator, a returned letter.
	Basis string `json:"basis" privacy:"internal"`
}

// StandingOn is the state on a day; StandingActive if nothing is said.
func (d Developer) StandingOn(day calendar.Date) StandingState {
	state := StandingActive
	for _, s := range d.Standings {
		if s.From.Compare(day) <= 0 {
			state = s.State
		}
	}
	return state
}

func (d Developer) identity() (USCC, string) { return d.Code, d.Name }

// codedDevelopers says where developers are stored under their codes.
func (r *Register) codedDevelopers() coded[Developer] {
	return coded[Developer]{r.developers, developerKind, developerCodeClaim, func(d *Developer) *store.Era { return &d.Era }}
}

// developerDocument is how developers are stored.
func developerDocument() store.Kind[Developer] {
	return store.Kind[Developer]{
		Name: developerKind, Version: 1,
		Indexes: []store.Index[Developer]{{
			Name: ByName,
			Keys: func(id string, d *Developer) []string {
				return append(findKeys(d.Name, string(d.Code)), "", policy.DeveloperKey(id))
			},
			Sort: func(_ string, d *Developer) string { return spelled(d.Name) },
		}},
		Subject: func(id string, d *Developer) string { return d.Era.Subject(developerKind, id) },
	}
}

// DeveloperInput is what an officer says about a developer.
type DeveloperInput struct {
	// The fields are those of Developer; Code as typed.
	Name        string `json:"name" privacy:"public"`
	Code        string `json:"code" privacy:"public"`
	LegalPerson string `json:"legal_person,omitempty" privacy:"pii"`
	Contact     string `json:"contact,omitempty" privacy:"pii"`
	Phone       string `json:"phone,omitempty" privacy:"pii"`
	Address     string `json:"address,omitempty" privacy:"public"`
}

// onto gives the developer after the input; what is wrong goes to bad.
func (in DeveloperInput) onto(d Developer, bad *faults) Developer {
	bad.text("name", "建设单位名称", &in.Name, 4, 60)
	code, err := ParseUSCC(in.Code)
	if err != nil {
		bad.add("code", "%s", fault.MessageOf(err))
	}
	bad.person("legal_person", "法定代表人", &in.LegalPerson)
	bad.person("contact", "联系人", &in.Contact)
	bad.phone("phone", "联系电话", &in.Phone)
	bad.text("address", "住所", &in.Address, 0, 100)
	d.Name, d.Code, d.LegalPerson, d.Contact, d.Phone, d.Address = in.Name, code, in.LegalPerson, in.Contact, in.Phone, in.Address
	return d
}

// CreateDeveloper registers a developer and returns its id. Returns Forbidden without WriteRegister, NotFound if the actor's scope is not the whole bureau,
// Invalid for refused fields (name, code, legal_person, contact, phone, address), Conflict for a code that another developer holds.
func (s *Service) CreateDeveloper(ctx context.Context, by policy.Actor, in DeveloperInput) (string, error) {
	meta := s.meta(by, policy.WriteRegister, "")
	id := s.db.NewID(meta)
	if err := s.within(ctx, by, policy.WriteRegister, []string{policy.DeveloperKey(id)}); err != nil {
		return "", err
	}
	var bad faults
	d := in.onto(Developer{}, &bad)
	if err := bad.err("registry.CreateDeveloper"); err != nil {
		return "", err
	}
	return id, putCoded(ctx, s.Register, s.codedDevelopers(), meta, store.Doc[Developer]{ID: id}, d)
}

// ChangeDeveloper corrects a developer. Returns Forbidden without WriteRegister, NotFound, Invalid for refused fields as CreateDeveloper, Conflict for a code
// that another developer holds or if seq is not the last change.
func (s *Service) ChangeDeveloper(ctx context.Context, by policy.Actor, id string, seq int64, in DeveloperInput) error {
	return changeCoded(ctx, s, s.codedDevelopers(), by, id, policy.DeveloperKey(id), seq, func(d *Developer, bad *faults) { *d = in.onto(*d, bad) })
}

// SetStanding says whether a developer is still there, from a day on. A state of the same first day as the last one corrects it. Returns Forbidden without
// WriteRegister, NotFound, Invalid for refused fields (state, from, basis), Conflict if seq is not the last change.
func (s *Service) SetStanding(ctx context.Context, by policy.Actor, id string, seq int64, next Standing) error {
	return changeCoded(ctx, s, s.codedDevelopers(), by, id, policy.DeveloperKey(id), seq, func(d *Developer, bad *faults) {
		choice(bad, "state", "状态", next.State, Standings())
		bad.text("basis", "依据", &next.Basis, 2, 100)
		if next.From.IsZero() {
			bad.add("from", "请填写起始日，例如 2026-10-19")
		}
		bad.past("from", "起始日", next.From, s.Today())
		list := slices.Clone(d.Standings)
		if n := len(list); n > 0 {
			last := list[n-1]
			switch order := next.From.Compare(last.From); {
			case next.From.IsZero():
			case order < 0:
				bad.add("from", "起始日%s早于现有登记的起始日%s", next.From.Chinese(), last.From.Chinese())
			case order == 0:
				list = list[:n-1]
			}
		}
		if len(list) >= maxSpans {
			bad.add("from", "状态登记已有 %d 条，不能再加", len(list))
		}
		d.Standings = append(list, next)
	})
}

// DeveloperQuery asks for a page of developers. The zero value is the first page of all developers by name.
type DeveloperQuery struct {
	// Text is looked for in the name, its pinyin and initials, and at the beginning of the code.
	Text string
	// State keeps those with this state today; "" keeps all.
	State StandingState
	// Desc reverses the order by name, After is the cursor of the page before.
	Desc  bool
	After string
}

// DeveloperRow is a developer with what it built. Names and phones of its people are masked without ReadContacts.
type DeveloperRow struct {
	// ID and Seq as in the store.
	ID  string
	Seq int64
	Developer
	// State is its state today.
	State StandingState
	// Purged: the personal data of its people were destroyed.
	Purged bool
	// Projects are the projects that it built and that the actor may see, by name.
	Projects []ProjectRow
}

// developerQuery gives the index query of an actor's list and what decides each row, with the scope in which contacts are not masked. Returns Forbidden
// without ReadRegister.
func (s *Service) developerQuery(ctx context.Context, by policy.Actor, q DeveloperQuery) (ask store.Query, keep func(*store.Doc[Developer]) bool, contacts policy.Scope, err error) {
	scope, err := s.readScope(ctx, by)
	if err != nil {
		return ask, nil, contacts, err
	}
	if contacts, err = s.guard.Scope(ctx, by, policy.ReadContacts); err != nil {
		return ask, nil, contacts, err
	}
	today := s.On(ctx)
	ask = store.Query{Index: ByName, Desc: q.Desc, After: q.After, Limit: PageSize}
	if scope.All() {
		ask.Key = findKey(q.Text)
	} else {
		ask.In = scope.Keys()
	}
	return ask, func(d *store.Doc[Developer]) bool {
		return scope.Covers([]string{policy.DeveloperKey(d.ID)}, today) && (q.State == "" || d.State.StandingOn(today) == q.State) &&
			(finds(d.State.Name, q.Text) || strings.HasPrefix(strings.ToLower(string(d.State.Code)), string(plain(q.Text))))
	}, contacts, nil
}

// Developers lists developers in the actor's scope. Returns Forbidden without ReadRegister.
func (s *Service) Developers(ctx context.Context, by policy.Actor, q DeveloperQuery) (Page[DeveloperRow], error) {
	ask, keep, contacts, err := s.developerQuery(ctx, by, q)
	if err != nil {
		return Page[DeveloperRow]{}, err
	}
	docs, next, count, err := listed(ctx, s.developers, ask, keep)
	if err != nil {
		return Page[DeveloperRow]{}, err
	}
	page := Page[DeveloperRow]{Next: next, Count: count}
	for _, d := range docs {
		row, err := s.developerRow(ctx, by, d, contacts)
		if err != nil {
			return Page[DeveloperRow]{}, err
		}
		page.Rows = append(page.Rows, row)
	}
	return page, nil
}

// AllDevelopers calls yield for every developer that the query finds, in its order. Returns Forbidden without ReadRegister, and what yield returns.
func (s *Service) AllDevelopers(ctx context.Context, by policy.Actor, q DeveloperQuery, yield func(DeveloperRow) error) error {
	ask, keep, contacts, err := s.developerQuery(ctx, by, q)
	if err != nil {
		return err
	}
	return every(ctx, s.developers, ask, keep, func(d store.Doc[Developer]) error {
		row, err := s.developerRow(ctx, by, d, contacts)
		if err != nil {
			return err
		}
		return yield(row)
	})
}

// OneDeveloper returns a developer of the actor's scope. Returns Forbidden without ReadRegister, NotFound.
func (s *Service) OneDeveloper(ctx context.Context, by policy.Actor, id string) (DeveloperRow, error) {
	d, err := codedFor(ctx, s, s.codedDevelopers(), by, policy.ReadRegister, id, policy.DeveloperKey(id))
	if err != nil {
		return DeveloperRow{}, err
	}
	contacts, err := s.guard.Scope(ctx, by, policy.ReadContacts)
	if err != nil {
		return DeveloperRow{}, err
	}
	return s.developerRow(ctx, by, d, contacts)
}

func (s *Service) developerRow(ctx context.Context, by policy.Actor, d store.Doc[Developer], contacts policy.Scope) (DeveloperRow, error) {
	row := DeveloperRow{ID: d.ID, Seq: d.Seq, Developer: d.State, State: d.State.StandingOn(s.On(ctx)), Purged: d.Purged}
	if !d.Purged && !contacts.Covers([]string{policy.DeveloperKey(d.ID)}, s.Today()) {
		row.LegalPerson, row.Contact, row.Phone = policy.MaskName(row.LegalPerson), policy.MaskName(row.Contact), policy.MaskPhone(row.Phone)
	}
	err := s.AllProjects(ctx, by, ProjectQuery{Developer: d.ID}, func(p ProjectRow) error {
		row.Projects = append(row.Projects, p)
		return nil
	})
	return row, err
}

// DeveloperChoices lists all developers by name, for pickers: id and name with code.
func (r *Register) DeveloperChoices(ctx context.Context) ([]Choice, error) {
	return choices(ctx, r.developers)
}

// choices lists all rows by name, for pickers.
func choices[T identified](ctx context.Context, docs *store.Collection[T]) ([]Choice, error) {
	var out []Choice
	err := every(ctx, docs, store.Query{Index: ByName}, func(*store.Doc[T]) bool { return true }, func(d store.Doc[T]) error {
		code, name := d.State.identity()
		out = append(out, Choice{d.ID, name + "（" + string(code) + "）"})
		return nil
	})
	return out, err
}

// DeveloperName returns the name of a developer, "" for the id "" and for one that does not exist.
func (r *Register) DeveloperName(ctx context.Context, id string) (string, error) {
	d, err := r.developerOpen(ctx, id)
	return d.Name, err
}

// developerOpen loads a developer without its people, the zero value for the id "" and for one that does not exist.
func (r *Register) developerOpen(ctx context.Context, id string) (Developer, error) {
	if id == "" {
		return Developer{}, nil
	}
	d, err := r.developers.LoadOpen(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return Developer{}, nil
	}
	return d.State, err
}

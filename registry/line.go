package registry

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/store"
	"redsteward/policy"
)

// ImportKind says what the rows of an import are.
type ImportKind string

// The kinds of imports, in the order in which an empty register needs them.
const (
	// ImportDivisions: divisions, for who may change them.
	ImportDivisions ImportKind = "divisions"
	// ImportFirms: firms with their party form.
	ImportFirms ImportKind = "firms"
	// ImportProjects: projects with their owners' body.
	ImportProjects ImportKind = "projects"
	// ImportDevelopers: developers.
	ImportDevelopers ImportKind = "developers"
	// ImportBuildings: buildings of projects, with their phases.
	ImportBuildings ImportKind = "buildings"
	// ImportContracts: contracts between the two.
	ImportContracts ImportKind = "contracts"
	// ImportPapers: insurances, certificates and tests of projects.
	ImportPapers ImportKind = "papers"
	// ImportRevenues: public revenue of projects, by half-year.
	ImportRevenues ImportKind = "revenues"
	// ImportRepairs: facts about the repair funds of projects.
	ImportRepairs ImportKind = "repairs"
)

// ImportKinds lists the kinds of imports.
func ImportKinds() []Choice {
	return []Choice{{string(ImportDivisions), "行政区划"}, {string(ImportFirms), "物业服务企业"}, {string(ImportDevelopers), "建设单位"}, {string(ImportProjects), "小区"},
		{string(ImportBuildings), "楼栋"}, {string(ImportContracts), "物业服务合同"}, {string(ImportPapers), "保险与证照"},
		{string(ImportRevenues), "公共收益"}, {string(ImportRepairs), "维修资金"}}
}

// Line is one row of an import, read but not yet checked against the register. Exactly one of the others is set.
type Line struct {
	// Row is the number of the row in the sheet.
	Row int64 `json:"row"`
	// Division, Firm, Developer, Project, Building, Contract, Paper, Revenue, Repair: what the row says.
	Division  *DivisionLine   `json:"division,omitempty"`
	Firm      *FirmLine       `json:"firm,omitempty"`
	Developer *DeveloperInput `json:"developer,omitempty"`
	Project   *ProjectLine    `json:"project,omitempty"`
	Building  *BuildingLine   `json:"building,omitempty"`
	Contract  *ContractLine   `json:"contract,omitempty"`
	Paper     *PaperLine      `json:"paper,omitempty"`
	Revenue   *HalfYearLine   `json:"revenue,omitempty"`
	Repair    *RepairLine     `json:"repair,omitempty"`
}

// target names what a row is about: the rows of one target are applied one after the other.
func (l Line) target() string {
	switch {
	case l.Division != nil:
		// All in one row, because one may lie below another.
		return divisionKind
	case l.Firm != nil:
		return l.Firm.Code
	case l.Developer != nil:
		return l.Developer.Code
	case l.Project != nil:
		return l.Project.CommunityName + string(plain(l.Project.Name))
	case l.Building != nil:
		return string(plain(l.Building.ProjectName))
	case l.Contract != nil:
		return string(plain(l.Contract.ProjectName))
	case l.Paper != nil:
		return string(plain(l.Paper.ProjectName))
	case l.Revenue != nil:
		return string(plain(l.Revenue.ProjectName))
	case l.Repair != nil:
		return string(plain(l.Repair.ProjectName))
	}
	return ""
}

// FirmLine is a row of firms. A firm that is registered under the code is corrected.
type FirmLine struct {
	FirmInput
	// Party is its party organisation from a day on; Form "" says nothing about it.
	Party Party `json:"party"`
}

// ProjectLine is a row of projects. A project of that name in the community is corrected.
type ProjectLine struct {
	ProjectInput
	// TownshipName and CommunityName name the community in words or by code; Community is found from them.
	TownshipName  string `json:"township_name" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	// DeveloperCode is the 统一社会信用代码 of its developer; "" leaves the one that is registered.
	DeveloperCode string `json:"developer_code,omitempty" privacy:"public"`
	// GridNames name its grids as SplitGrids reads them; "" leaves those that are registered.
	GridNames string `json:"grid_names,omitempty" privacy:"public"`
	// Body is its owners' body; Kind "" says nothing about it.
	Body Body `json:"owners_body"`
}

// ContractLine is a row of contracts. A contract of the project with the same firm, first day and phase is corrected.
type ContractLine struct {
	ContractInput
	// TownshipName, CommunityName and ProjectName name the project, FirmCode the firm.
	TownshipName  string `json:"township_name" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	ProjectName   string `json:"project_name" privacy:"public"`
	FirmCode      string `json:"firm_code" privacy:"public"`
	// PhaseName names the phase, "" for the whole project.
	PhaseName string `json:"phase_name,omitempty" privacy:"public"`
}

// LineOfFirm is the row that would register the firm as it is on a day.
func LineOfFirm(f Firm, day calendar.Date) FirmLine {
	l := FirmLine{FirmInput: FirmInput{Name: f.Name, Code: string(f.Code), LegalPerson: f.LegalPerson, Phone: f.Phone, Address: f.Address, Origin: f.Origin, FirmMore: f.FirmMore}, Party: f.PartyOn(day)}
	l.Party.Days.Until = calendar.Date{}
	return l
}

// LineOfProject is the row that would register the project as it is.
func LineOfProject(r ProjectRow) ProjectLine {
	p := r.Project
	return ProjectLine{TownshipName: r.TownshipName, CommunityName: r.CommunityName, Body: r.Body, GridNames: strings.Join(p.Grids, "、"), ProjectInput: ProjectInput{Name: p.Name, Address: p.Address, Community: p.Community,
		Households: p.Households, Area: p.Area, Kind: p.Kind, Completed: p.Completed, Delivered: p.Delivered, TakenOver: p.TakenOver, Developer: p.Developer}}
}

// LinesOfContracts are the rows that would register the contracts of a project.
func (r *Register) LinesOfContracts(ctx context.Context, row ProjectRow) ([]ContractLine, error) {
	var out []ContractLine
	for _, c := range row.Project.Contracts {
		firm, err := r.Contractor(ctx, c.Firm)
		if err != nil {
			return nil, err
		}
		out = append(out, ContractLine{TownshipName: row.TownshipName, CommunityName: row.CommunityName, ProjectName: row.Name, FirmCode: string(firm.Code),
			PhaseName: row.Project.PhaseName(c.Phase), ContractInput: ContractInput{Firm: c.Firm, Kind: c.Kind, Level: c.Level, Charge: c.Charge, Fee: c.Fee, Days: c.Days, Phase: c.Phase}})
	}
	return out, nil
}

// step is what a checked line would do.
type step struct {
	outcome imports.Outcome
	// key names what the line is about; two lines of one file must not share it.
	key string
	// do applies it under an id for what is new; nil if there is nothing to do.
	do func(ctx context.Context, meta store.Meta, newID string) error
	// cause is the cause of the last change of what exists, "" if it was made by a person or does not exist.
	cause string
}

// checker checks lines: those of a file one after the other, or, without the maps of what the lines before would leave, those of an import at once.
type checker struct {
	*Service
	// may decides whether rows with these scope keys may be imported; nil allows all.
	may func(keys []string) bool
	// names are the townships and communities, read once.
	names divisionNames
	// pending and newDivisions are projects and divisions as the lines before would leave them, nil to look at what is stored only.
	pending      map[string]Project
	newDivisions map[string]Division
	// halves and repairFunds are public revenue and repair funds as the lines before would leave them, by id; nil likewise.
	halves      map[string]Revenue
	repairFunds map[string]RepairFund
	// mayDivide is why divisions may not be imported, nil if they may.
	mayDivide error
}

// checker returns one that looks at what is stored only.
func (s *Service) checker() *checker { return &checker{Service: s} }

// check checks one line; what is wrong goes to bad.
func (c *checker) check(ctx context.Context, l Line, bad *faults) (step, error) {
	switch {
	case l.Division != nil:
		return c.divisionLine(ctx, *l.Division, bad)
	case l.Firm != nil:
		return c.firmLine(ctx, *l.Firm, bad)
	case l.Developer != nil:
		return c.developerLine(ctx, *l.Developer, bad)
	case l.Project != nil:
		return c.projectLine(ctx, *l.Project, bad)
	case l.Building != nil:
		return c.buildingLine(ctx, *l.Building, bad)
	case l.Contract != nil:
		return c.contractLine(ctx, *l.Contract, bad)
	case l.Paper != nil:
		return c.paperLine(ctx, *l.Paper, bad)
	case l.Revenue != nil:
		return c.revenueLine(ctx, *l.Revenue, bad)
	case l.Repair != nil:
		return c.repairLine(ctx, *l.Repair, bad)
	}
	return step{}, fault.New("registry.check", fault.Internal, "导入的行没有内容")
}

// firmLine checks a row of firms; what is wrong goes to bad.
func (s *checker) firmLine(ctx context.Context, l FirmLine, bad *faults) (step, error) {
	code, parseErr := ParseUSCC(l.Code)
	var now store.Doc[Firm]
	if parseErr == nil {
		var err error
		if now, err = s.coded().loadByCode(ctx, s.Register, code); err != nil {
			return step{}, err
		}
	}
	l.Party = l.Party.keep(now.State.Party)
	party := &l.Party
	party.Days.Until = calendar.Date{}
	known := func(p Party) bool { p.Days.Until = calendar.Date{}; return p == *party }
	if party.Form == "" && (party.Members != 0 || party.Full != 0 || party.Branch+party.Secretary+party.Instructor+party.Office != "" || !party.Days.From.IsZero()) {
		bad.add("form", "填了党员人数、党支部、书记、指导员或起始日，也要填党组织形式")
	}
	if party.Form == "" || slices.ContainsFunc(now.State.Party, known) {
		party = nil
	}
	l.FirmMore = l.orOf(now.State.FirmMore)
	f := l.onto(now.State, party, s.Today(), bad)
	if s.may != nil && !s.may([]string{policy.FirmKey(now.ID)}) {
		bad.add("code", "企业登记面向全县，不在你的任职范围内")
	}
	return codedStep(ctx, s.Register, s.coded(), now, f, code)
}

// codedStep is what a checked row of firms or developers would do.
func codedStep[T identified](ctx context.Context, r *Register, c coded[T], now store.Doc[T], next T, code USCC) (st step, err error) {
	st = step{key: string(code), outcome: outcomeOf(now, next)}
	st.do = func(ctx context.Context, meta store.Meta, newID string) error {
		if now.Seq == 0 {
			now.ID = newID
		}
		return putCoded(ctx, r, c, meta, now, next)
	}
	st.cause, err = causeOf(ctx, c.docs, now)
	return st, err
}

// outcomeOf compares what would be stored with what is.
func outcomeOf[T any](now store.Doc[T], next T) imports.Outcome {
	switch {
	case now.Seq == 0:
		return imports.New
	case reflect.DeepEqual(now.State, next):
		return imports.Same
	}
	return imports.Changed
}

// causeOf is the cause of the last change, "" for what does not exist.
func causeOf[T any](ctx context.Context, c *store.Collection[T], now store.Doc[T]) (string, error) {
	if now.Seq == 0 {
		return "", nil
	}
	head, err := c.Head(ctx, now.ID)
	return head.Meta.Cause, err
}

// community finds a community by its code, or by official name or what people say, within a township named likewise; "" after naming the fault.
func (s *checker) community(ctx context.Context, township, name string, bad *faults) (string, error) {
	township, name = strings.TrimSpace(township), strings.TrimSpace(name)
	if name == "" {
		bad.add("community", "请填写社区（村）")
		return "", nil
	}
	if divisionCode.MatchString(name) {
		id, err := s.idOfCode(ctx, name)
		if err != nil {
			return "", err
		}
		d, err := s.Division(ctx, id)
		if fault.Is(err, fault.NotFound) || err == nil && d.Level != LevelCommunity {
			bad.add("community", "没有编号为“%s”的社区（村）", name)
			return "", nil
		}
		return d.ID, err
	}
	var towns []DivisionRow
	if township != "" {
		var err error
		if towns, err = s.divisionsNamed(ctx, LevelTownship, township); err != nil {
			return "", err
		}
		if len(towns) == 0 {
			bad.add("township", "没有名为“%s”的乡镇", township)
			return "", nil
		}
	}
	all, err := s.divisionsNamed(ctx, LevelCommunity, name)
	if err != nil {
		return "", err
	}
	var found []DivisionRow
	for _, d := range all {
		if township == "" || slices.ContainsFunc(towns, func(t DivisionRow) bool { return t.ID == d.Parent }) {
			found = append(found, d)
		}
	}
	switch {
	case len(found) == 1:
		return found[0].ID, nil
	case len(found) > 1:
		bad.add("community", "名为“%s”的社区（村）有 %d 个，请填写乡镇或者 12 位代码", name, len(found))
	case township != "":
		bad.add("community", "%s没有名为“%s”的社区（村）", towns[0].Display, name)
	default:
		bad.add("community", "没有名为“%s”的社区（村）", name)
	}
	return "", nil
}

// divisionNames are the townships and communities that exist on a day by level and by code, official name and what people say. They are read with the first question; several may ask at once.
type divisionNames struct {
	mu  sync.Mutex
	all map[string][]DivisionRow
}

// of returns those of a level that a text names.
func (n *divisionNames) of(ctx context.Context, r *Register, day calendar.Date, level Level, text string) ([]DivisionRow, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all == nil {
		all := map[string][]DivisionRow{}
		for _, l := range []Level{LevelTownship, LevelCommunity} {
			rows, err := r.DivisionsAt(ctx, l, day)
			if err != nil {
				return nil, err
			}
			for _, d := range rows {
				texts := []string{d.ID, d.Name, d.Display}
				slices.Sort(texts)
				for _, t := range slices.Compact(texts) {
					all[string(l)+"/"+t] = append(all[string(l)+"/"+t], d)
				}
			}
		}
		n.all = all
	}
	return n.all[string(level)+"/"+text], nil
}

// divisionsNamed are the divisions of a level that exist today and that a text names.
func (s *checker) divisionsNamed(ctx context.Context, level Level, text string) ([]DivisionRow, error) {
	return s.names.of(ctx, s.Register, s.Today(), level, text)
}

// projectLine checks a row of projects; what is wrong goes to bad.
func (s *checker) projectLine(ctx context.Context, l ProjectLine, bad *faults) (step, error) {
	var err error
	before := len(bad.list)
	if l.Community, err = s.community(ctx, l.TownshipName, l.CommunityName, bad); err != nil {
		return step{}, err
	}
	var now store.Doc[Project]
	if l.Community != "" {
		if now, err = s.projectNamed(ctx, l.Community, l.Name); err != nil {
			return step{}, err
		}
	}
	if l.DeveloperCode == "" {
		l.Developer = now.State.Developer
	} else if l.Developer, err = s.developerOfCode(ctx, l.DeveloperCode, bad); err != nil {
		return step{}, err
	}
	if l.Grids = SplitGrids(l.GridNames); len(l.Grids) == 0 {
		l.Grids = now.State.Grids
	}
	if l.Completed.IsZero() {
		l.Completed = now.State.Completed
	}
	body := &l.Body
	if body.Kind == "" && (!body.Days.From.IsZero() || !body.Days.Until.IsZero()) {
		bad.add("body", "填了任期，也要填业主组织")
	}
	known := slices.IndexFunc(now.State.Bodies, func(b Body) bool { return b.Kind == body.Kind && b.Days.From == body.Days.From })
	if body.Kind == "" || known >= 0 && known < len(now.State.Bodies)-1 {
		body = nil
	}
	unfound := l.Community == "" && len(bad.list) > before
	p, err := l.onto(ctx, s.Register, s.Today(), now.State, body, bad)
	if err != nil {
		return step{}, err
	}
	if unfound {
		// That no community was chosen follows from the name that was not found.
		bad.list = slices.DeleteFunc(bad.list, func(f fault.Field) bool { return f.Message == chooseCommunity })
	} else if s.may != nil && !s.may(p.keysOn(now.ID, s.Today())) {
		bad.add("community", "没有名为“%s”的社区（村）", l.CommunityName)
	}
	st := step{key: projectNameKey(l.Community, l.Name), outcome: outcomeOf(now, p)}
	st.do = func(ctx context.Context, meta store.Meta, newID string) error {
		if now.Seq == 0 {
			now.ID = newID
		}
		return s.putProject(ctx, meta, now, p)
	}
	st.cause, err = causeOf(ctx, s.projects, now)
	return st, err
}

// projectNamed returns the project of that name in a community, the zero value if there is none.
func (s *checker) projectNamed(ctx context.Context, community, name string) (store.Doc[Project], error) {
	id, err := claimed(ctx, s.db, s.projects, projectNameClaim, projectNameKey(community, name), projectKind)
	if err != nil || id == "" {
		return store.Doc[Project]{}, err
	}
	return s.projects.Load(ctx, id)
}

// contractLine checks a row of contracts; what is wrong goes to bad, an overlap too.
func (s *checker) contractLine(ctx context.Context, l ContractLine, bad *faults) (step, error) {
	before := len(bad.list)
	now, err := s.projectOfLine(ctx, l.TownshipName, l.CommunityName, l.ProjectName, bad)
	if err != nil {
		return step{}, err
	}
	code, parseErr := ParseUSCC(l.FirmCode)
	if parseErr != nil {
		bad.add("firm", "%s", fault.MessageOf(parseErr))
	} else if l.Firm, err = s.firmByCode(ctx, code); err != nil {
		return step{}, err
	} else if l.Firm == "" {
		bad.list = append(bad.list, NoFirm(string(code)))
	}
	l.check(bad)
	st := step{key: fmt.Sprintf("%s/%s/%s/%s", now.ID, code, l.Days.From, string(plain(l.PhaseName)))}
	p := now.State
	if now.Seq > 0 {
		l.Phase = p.phaseNamed(l.PhaseName, bad)
	}
	if len(bad.list) > before {
		return st, nil
	}
	at := slices.IndexFunc(p.Contracts, func(c Contract) bool { return c.Firm == l.Firm && c.Days.From == l.Days.From && c.Phase == l.Phase })
	if at < 0 {
		st.outcome = imports.New
		err = s.addContract(ctx, &p, l.ContractInput, bad)
	} else {
		p.Contracts = slices.Clone(p.Contracts)
		l.Charge = cmp.Or(l.Charge, p.Contracts[at].Charge)
		err = s.correct(ctx, &p, at, l.ContractInput)
		st.outcome = outcomeOf(now, p)
	}
	if fault.Is(err, fault.Conflict) {
		bad.add("from", "%s", fault.MessageOf(err))
		return st, nil
	}
	if err != nil {
		return st, err
	}
	return s.intoProject(ctx, st, now, p)
}

// projectOfLine finds the project of a row as the rows before would leave it; what cannot be found goes to bad.
func (s *checker) projectOfLine(ctx context.Context, township, community, name string, bad *faults) (store.Doc[Project], error) {
	at, err := s.community(ctx, township, community, bad)
	if err != nil || at == "" {
		return store.Doc[Project]{}, err
	}
	now, err := s.projectNamed(ctx, at, name)
	if err != nil {
		return now, err
	}
	if now.Seq == 0 || s.may != nil && !s.may(now.State.keysOn(now.ID, s.Today())) {
		bad.list = append(bad.list, NoProject(community, name))
	}
	if pending, ok := s.pending[now.ID]; ok {
		now.State = pending
	}
	return now, nil
}

// intoProject completes the step of a row that changes a project.
func (s *checker) intoProject(ctx context.Context, st step, now store.Doc[Project], p Project) (_ step, err error) {
	if s.pending != nil {
		s.pending[now.ID] = p
	}
	st.do = func(ctx context.Context, meta store.Meta, _ string) error {
		_, err := s.projects.Commit(ctx, meta, now.ID, now.Seq, p)
		return err
	}
	st.cause, err = causeOf(ctx, s.projects, now)
	return st, err
}

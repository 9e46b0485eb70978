package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/store"
	"redsteward/policy"
)

// BuildingLine is a row of buildings. A building of that name in the phase is corrected; a phase that the project does not have is added.
type BuildingLine struct {
	BuildingInput
	// TownshipName, CommunityName and ProjectName name the project; PhaseName the phase, "" for none.
	TownshipName  string `json:"township_name,omitempty" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	ProjectName   string `json:"project_name" privacy:"public"`
	PhaseName     string `json:"phase_name,omitempty" privacy:"public"`
}

// LineOfDeveloper is the row that would register the developer.
func LineOfDeveloper(d Developer) DeveloperInput {
	return DeveloperInput{Name: d.Name, Code: string(d.Code), LegalPerson: d.LegalPerson, Contact: d.Contact, Phone: d.Phone, Address: d.Address}
}

// LinesOfBuildings are the rows that would register the standing buildings of a project.
func LinesOfBuildings(row ProjectRow) []BuildingLine {
	var out []BuildingLine
	for _, b := range row.Project.StandingBuildings() {
		out = append(out, BuildingLine{BuildingInput: b.BuildingInput, TownshipName: row.TownshipName, CommunityName: row.CommunityName, ProjectName: row.Name,
			PhaseName: row.Project.PhaseName(b.Phase)})
	}
	return out
}

// DeveloperCode returns the code of a developer, "" for the id "" and for one that does not exist.
func (r *Register) DeveloperCode(ctx context.Context, id string) (USCC, error) {
	d, err := r.developerOpen(ctx, id)
	return d.Code, err
}

// developerOfCode finds a developer by its code, "" after naming the fault.
func (s *checker) developerOfCode(ctx context.Context, text string, bad *faults) (string, error) {
	code, err := ParseUSCC(text)
	if err != nil {
		bad.add("developer", "%s", fault.MessageOf(err))
		return "", nil
	}
	id, err := s.codedDevelopers().byCode(ctx, s.Register, code)
	if err == nil && id == "" {
		bad.add("developer", "没有登记统一社会信用代码为 %s 的建设单位，请先登记建设单位", code)
	}
	return id, err
}

// developerLine checks a row of developers; what is wrong goes to bad.
func (s *checker) developerLine(ctx context.Context, in DeveloperInput, bad *faults) (step, error) {
	code, parseErr := ParseUSCC(in.Code)
	var now store.Doc[Developer]
	if parseErr == nil {
		var err error
		if now, err = s.codedDevelopers().loadByCode(ctx, s.Register, code); err != nil {
			return step{}, err
		}
	}
	d := in.onto(now.State, bad)
	if s.may != nil && !s.may([]string{policy.DeveloperKey(now.ID)}) {
		bad.add("code", "建设单位登记面向全县，不在你的任职范围内")
	}
	return codedStep(ctx, s.Register, s.codedDevelopers(), now, d, code)
}

// buildingLine checks a row of buildings; what is wrong goes to bad.
func (s *checker) buildingLine(ctx context.Context, l BuildingLine, bad *faults) (step, error) {
	before := len(bad.list)
	now, err := s.projectOfLine(ctx, l.TownshipName, l.CommunityName, l.ProjectName, bad)
	if err != nil {
		return step{}, err
	}
	st := step{key: fmt.Sprintf("%s/%s/%s", now.ID, string(plain(l.PhaseName)), string(plain(l.Name)))}
	if now.Seq == 0 {
		l.check(&Project{}, nil, s.Today(), bad)
		return st, nil
	}
	p := now.State
	l.Phase = p.phaseNamed(l.PhaseName, bad)
	at := slices.IndexFunc(p.Buildings, func(b Building) bool { return b.Withdrawn == "" && b.Phase == l.Phase && sameName(b.Name, l.Name) })
	id := ""
	if at >= 0 {
		id = p.Buildings[at].ID
	}
	if err := p.putBuilding(id, l.BuildingInput, s.Today(), bad); err != nil || len(bad.list) > before {
		return st, err
	}
	if st.outcome = outcomeOf(now, p); at < 0 {
		st.outcome = imports.New
	}
	return s.intoProject(ctx, st, now, p)
}

// phaseNamed finds a phase by its name and adds it if the project does not have it; "" for the name "".
func (p *Project) phaseNamed(name string, bad *faults) string {
	name = strings.TrimSpace(name)
	if name == "" {
		return ""
	}
	for _, phase := range p.Phases {
		if sameName(phase.Name, name) {
			return phase.ID
		}
	}
	bad.text("phase", "分期名称", &name, 1, 20)
	if len(p.Phases) >= maxPhases {
		bad.add("phase", "分期已有 %d 个，不能再加", maxPhases)
	}
	next := Phase{ID: fmt.Sprintf("ph%d", len(p.Phases)+1), Name: name}
	p.Phases = append(slices.Clone(p.Phases), next)
	return next.ID
}

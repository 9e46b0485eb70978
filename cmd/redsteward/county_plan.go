package main

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/yamlstrict"
	"redsteward/policy"
	"redsteward/registry"
)

// countySeed is the seed of the demonstration county. Another seed gives another county of the same kind.
const countySeed = 20261019

// countySize says how large a demonstration county is.
type countySize struct {
	communities, projects, grids, firms, ownBranches int
	// matters is how many there are.
	matters int
	// first is the first quarter that is rated, current the one that is open at demoStart. A year is rated if all its quarters are.
	first, current calendar.Quarter
}

// wholeCounty is the county of the founding article (domain.md §1): 13 urban communities, 129 compounds, 93 grids; 8 firms with a branch of their own, 16 with an instructor; 6,561 matters, here in one year.
func wholeCounty() countySize {
	current := calendar.QuarterOf(calendar.DateOf(mustTime(demoStart)))
	return countySize{communities: 13, projects: 129, grids: 93, firms: 24, ownBranches: 8, matters: 6561, first: current.Add(-7), current: current}
}

// mustTime reads an instant that is written in the program.
func mustTime(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

// countyNames is configs/demo/county.yaml.
type countyNames struct {
	Format       int64    `yaml:"format,required"`
	Communities  []string `yaml:"communities,required"`
	Firms        []string `yaml:"firms,required"`
	ProjectFirst []string `yaml:"project_first,required"`
	ProjectLast  []string `yaml:"project_last,required"`
	OldUnits     []string `yaml:"old_units,required"`
	Streets      []string `yaml:"streets,required"`
	Surnames     []string `yaml:"surnames,required"`
	GivenNames   []string `yaml:"given_names,required"`
	Offices      []string `yaml:"instructor_offices,required"`
}

// countyPlan is everything about a county that does not happen but is.
type countyPlan struct {
	seed     uint64
	size     countySize
	names    countyNames
	grids    []plannedGrid
	firms    []plannedFirm
	projects []plannedProject
	// developers built the projects that are not old.
	developers []registry.DeveloperInput
}

// plannedGrid is a grid below a community, with the households of its projects and of the houses between them.
type plannedGrid struct {
	id, community, name string
	households          int64
}

// plannedFirm is a firm and how good it is.
type plannedFirm struct {
	input  registry.FirmInput
	party  registry.Party
	trend  float64 // points of a hundred that it gains each quarter
	spirit float64 // share of what the party sheets ask that it does
	// crossing is how many of its managers serve in the party organisation of a community too, as far as it serves so many.
	crossing int64
	points   float64 // what the party sheets give its projects of 20 points, as partyPoints computes it
}

// plannedProject is a compound and how well it is kept.
type plannedProject struct {
	input    registry.ProjectInput
	body     registry.Body
	contract registry.ContractInput // without the id of the firm
	firm     int
	// earlier is the firm that held it until the day before the contract, -1 for none.
	earlier int
	// target is the total of the first rated year towards which its records are drawn.
	target float64
	// oddity is what is special about it.
	oddity oddity
	// applies is what becomes of its application for the star of the first year, "" for the usual.
	applies applies
	// developer is the place of who built it, -1 for none.
	developer int
	// equipment is how many things need upkeep, lifts and extinguishers and policies.
	equipment int64
	// cameras and insured earn a bonus; income says that it has public revenue.
	cameras, insured, income bool
	// commended: the county commended it in the first year, which earns a point.
	commended bool
	// houses is how many buildings it is registered with, 0 for one that gets them otherwise: with its phases, or with its handover.
	houses int
}

// oddity is what is special about a project of the demonstration.
type oddity string

// The oddities.
const (
	ordinary   oddity = ""
	noSurvey   oddity = "no_survey"   // too few owners answered: 数据不足
	newlyTaken oddity = "newly_taken" // the firm came within the year: 不参评
	unfiled    oddity = "unfiled"     // the contract was not filed: 不参评
	vetoed     oddity = "vetoed"      // 一票否决
)

// countyDay is the day on which the registers of a demonstration begin: before its first quarter.
func (s countySize) countyDay() calendar.Date { return s.first.Span().First.Add(-20) }

// draws returns the random numbers for one purpose. They depend on the seed and the names of the purpose alone, so that the order of the work does not matter.
func draws(seed uint64, names ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintln(h, names...)
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// pick takes one of a list.
func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// planCounty makes a county of a size from a seed. The same seed gives the same county.
func planCounty(seed uint64, size countySize) (*countyPlan, error) {
	const file = "demo/county.yaml"
	data, err := configs.Files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p := &countyPlan{seed: seed, size: size}
	if err := yamlstrict.Decode(file, data, &p.names).Err(); err != nil {
		return nil, err
	}
	if len(p.names.Communities) < size.communities || len(p.names.Firms) < size.firms {
		return nil, fault.New("cmd.planCounty", fault.Internal, file+" 的名字不够")
	}
	p.planGrids()
	if err := p.planFirms(); err != nil {
		return nil, err
	}
	if err := p.planDevelopers(); err != nil {
		return nil, err
	}
	p.planProjects()
	p.placeProjects()
	return p, nil
}

func (p *countyPlan) planGrids() {
	for i := range p.size.grids {
		community := p.names.Communities[i%p.size.communities]
		n := i/p.size.communities + 1
		p.grids = append(p.grids, plannedGrid{id: fmt.Sprintf("%s-%02d", community, n), community: community, name: fmt.Sprintf("第%d网格", n)})
	}
}

// person is an invented name.
func (p *countyPlan) person(r *rand.Rand) string {
	return pick(r, p.names.Surnames) + pick(r, p.names.GivenNames) + "（演示）"
}

// demoUSCC completes an invented 统一社会信用代码 by its two check signs. The registration office 999999 does not exist.
func demoUSCC(serial int) (string, error) {
	const signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	for _, inner := range "0123456789X" {
		for _, last := range signs {
			code, err := registry.ParseUSCC(fmt.Sprintf("91999999MA%06d%c%c", serial, inner, last))
			if err == nil && code.InnerWarning() == "" {
				return string(code), nil
			}
		}
	}
	return "", fault.New("cmd.demoUSCC", fault.Internal, fmt.Sprintf("序号 %d 没有合规的统一社会信用代码", serial))
}

// plannedMore draws age, capital and staff of a firm.
func plannedMore(r *rand.Rand, day calendar.Date) registry.FirmMore {
	staff := int64(12 + r.IntN(60))
	managers := 1 + staff/12
	return registry.FirmMore{Founded: day.Add(-700 - r.IntN(5000)), Capital: int64(1+r.IntN(20)) * 50_000_000, Staff: staff, Managers: managers,
		Crossing: r.Int64N(managers + 1)}
}

// branchFirm is the place of the branch of a firm from outside, which has a code of its own.
const branchFirm = 21

// fallbackFirm is the place of the state-owned firm that takes what nobody else does.
const fallbackFirm = 23

func (p *countyPlan) planFirms() error {
	since := p.size.countyDay()
	for i := range p.size.firms {
		r := draws(p.seed, "firm", i)
		code, err := demoUSCC(1000 + i*37)
		if err != nil {
			return err
		}
		f := plannedFirm{input: registry.FirmInput{
			Name: p.names.Firms[i] + "物业服务有限公司（演示）", Code: code, LegalPerson: p.person(r), Phone: fmt.Sprintf("0792-0000%03d", i+1),
			Address: fmt.Sprintf("都昌县%s %d 号", pick(r, p.names.Streets), 1+r.IntN(200)), Origin: registry.OriginMarket, FirmMore: plannedMore(draws(p.seed, "firm more", i), since)}}
		f.crossing, f.input.Crossing = f.input.Crossing, 0 // its posts stand in a book, one by one
		if i == branchFirm {
			f.input.Name, f.input.HeadName = p.names.Firms[i]+"物业服务有限公司都昌分公司（演示）", p.names.Firms[i]+"物业服务有限公司（演示）"
			head, err := demoUSCC(9000)
			if err != nil {
				return err
			}
			f.input.HeadCode = registry.USCC(head)
		}
		if i == fallbackFirm {
			f.input.Name, f.input.Origin = p.names.Firms[i]+"城市服务有限公司（演示）", registry.OriginState
		}
		f.party = registry.Party{Form: registry.PartyInstructor, Members: int64(r.IntN(3)), Office: pick(r, p.names.Offices), Days: policy.Span{From: since}}
		if i < p.size.ownBranches {
			f.party = registry.Party{Form: registry.PartyOwn, Members: int64(3 + r.IntN(7)), Days: policy.Span{From: since}}
		}
		f.trend = r.Float64()*0.8 - 0.4
		p.firms = append(p.firms, f)
	}
	return nil
}

// developerCount is how many developers a demonstration county has; the last two cannot be reached any more.
const developerCount = 9

func (p *countyPlan) planDevelopers() error {
	for i := range developerCount {
		r := draws(p.seed, "developer", i)
		code, err := demoUSCC(5000 + i*41)
		if err != nil {
			return err
		}
		p.developers = append(p.developers, registry.DeveloperInput{Name: p.names.ProjectFirst[i%len(p.names.ProjectFirst)] + "房地产开发有限公司（演示）", Code: code, LegalPerson: p.person(r),
			Contact: p.person(r), Phone: fmt.Sprintf("0792-0001%03d", i+1), Address: fmt.Sprintf("都昌县%s %d 号", pick(r, p.names.Streets), 1+r.IntN(200))})
	}
	return nil
}

// firmOf shares the projects out: a few firms hold many, most hold a few; every firm holds at least one.
func (p *countyPlan) firmOf(i int) int {
	n := len(p.firms)
	if i < n {
		return i
	}
	r := draws(p.seed, "share", i)
	return min(int(float64(n)*r.Float64()*r.Float64()), n-1)
}

func (p *countyPlan) planProjects() {
	used := map[string]bool{}
	for i := range p.size.projects {
		p.projects = append(p.projects, p.planProject(i, used))
	}
	p.oddities()
	p.planHouses()
	p.targets()
	p.spirits()
}

// detailed is how many projects of the demonstration may have phases, buildings and rooms in the register: those of a developer that change no hands.
const detailed = 6

// phased reports whether a project has phases, buildings and rooms.
func (p *countyPlan) phased(i int) bool {
	return i < detailed && p.projects[i].developer >= 0 && p.projects[i].earlier < 0
}

// planHouses gives every other project but those that are handed over a building for about 150 households.
func (p *countyPlan) planHouses() {
	handed := p.handoverProjects()
	for i := range p.projects {
		if pr := &p.projects[i]; !p.phased(i) && !slices.Contains(handed, i) {
			pr.houses = int(min(max(pr.input.Households/150, 1), 6))
		}
	}
}

// movers is how many firms rise, and how many fall.
const movers = 3

// spirits gives each firm the spirit that belongs to its projects, and lets the largest firms that have room above and below rise or fall in turn.
func (p *countyPlan) spirits() {
	var movable []int
	held := make([]int, len(p.firms))
	for i := range p.firms {
		sum := 0.0
		for k := range p.projects {
			if p.projects[k].firm == i {
				sum, held[i] = sum+p.projects[k].target, held[i]+1
			}
		}
		mean := sum / float64(max(held[i], 1))
		p.firms[i].spirit = min(mean/100+0.03, 1)
		p.firms[i].points = p.partyPoints(i)
		if mean > 72 && mean < 85 {
			movable = append(movable, i)
		}
	}
	slices.SortStableFunc(movable, func(a, b int) int { return cmp.Compare(held[b], held[a]) })
	for n, i := range movable[:min(2*movers, len(movable))] {
		p.firms[i].trend = 2
		if n%2 == 1 {
			// More than the others rise: claims told by the matters of a year are answered better than those observed before it.
			p.firms[i].trend = -2.7
		}
	}
}

// residentsOf is how many people live in so many households: 2.9 in each, so that the grids hold about as many as the town has (106,000, domain.md §1).
func residentsOf(households int64) int64 { return households * 29 / 10 }

// largestInGrid is from how many households on a project lies in two grids.
const largestInGrid = 450

// placeProjects puts the projects of a community into its grids, the largest first, each where there is most room; every fifth small one is not placed yet. A grid counts what lies in it of
// its projects, and the houses between them until it is about as large as grids are meant to be: a few come out smaller or larger.
func (p *countyPlan) placeProjects() {
	inside := map[string]int64{}
	order := make([]int, len(p.projects))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(p.projects[b].input.Households, p.projects[a].input.Households)
	})
	for _, i := range order {
		in := &p.projects[i].input
		var grids []string
		for _, g := range p.grids {
			if g.community == in.Community {
				grids = append(grids, g.id)
			}
		}
		if len(grids) == 0 || in.Households < 200 && i%5 == 4 {
			continue
		}
		slices.SortStableFunc(grids, func(a, b string) int { return cmp.Compare(inside[a], inside[b]) })
		lies := 1
		if in.Households > largestInGrid && len(grids) > 1 {
			lies = 2
		}
		in.Grids = grids[:lies]
		slices.Sort(in.Grids)
		for k, grid := range in.Grids {
			inside[grid] += p.projects[i].inGrid(k)
		}
	}
	for i := range p.grids {
		g := &p.grids[i]
		r := draws(p.seed, "households", g.id)
		g.households = max(int64(290+r.IntN(200)), inside[g.id]+int64(r.IntN(30)))
	}
}

// inGrid is how many households of a project lie in the k-th of its grids.
func (p *plannedProject) inGrid(k int) int64 {
	n := int64(len(p.input.Grids))
	if k > 0 {
		return p.input.Households / n
	}
	return p.input.Households/n + p.input.Households%n
}

// planProject draws a compound. The households of all of them add up to what a town of 106,000 people has (domain.md §1), less the houses that stand alone.
func (p *countyPlan) planProject(i int, used map[string]bool) plannedProject {
	r := draws(p.seed, "project", i)
	day := p.size.countyDay()
	out := plannedProject{firm: p.firmOf(i), earlier: -1, equipment: int64(3 + r.IntN(4)), income: r.Float64() < 0.9}
	in := registry.ProjectInput{Community: p.names.Communities[i%p.size.communities], Address: fmt.Sprintf("都昌镇%s %d 号", pick(r, p.names.Streets), 1+r.IntN(300))}
	kind := r.Float64()
	year := 2012 + r.IntN(11)
	switch {
	case kind < 0.22:
		in.Kind, year, out.equipment, out.income = registry.KindOld, 1992+r.IntN(12), 2, r.Float64() < 0.4
		in.Households = int64(60 + r.IntN(180))
	case kind < 0.32:
		in.Kind, in.Households = registry.KindResettlement, int64(120+r.IntN(300))
	case kind < 0.42:
		in.Kind, in.Households = registry.KindMixed, int64(80+r.IntN(240))
	default:
		in.Kind, in.Households = registry.KindCommodity, int64(100+r.IntN(400))
	}
	in.Area = num.FromInt(in.Households * int64(85+r.IntN(45)))
	in.Delivered = day.AddMonths(-12*(day.Year()-year) - r.IntN(12))
	in.TakenOver, in.Completed = in.Delivered.Add(-15), in.Delivered.Add(-30)
	for in.Name == "" || used[in.Name] {
		in.Name = pick(r, p.names.ProjectFirst) + pick(r, p.names.ProjectLast)
		if in.Kind == registry.KindOld && r.IntN(4) > 0 {
			in.Name = "原" + pick(r, p.names.OldUnits) + "宿舍"
		}
	}
	used[in.Name] = true
	if out.developer = -1; in.Kind != registry.KindOld {
		out.developer = draws(p.seed, "developer of", i).IntN(developerCount)
	}
	out.input = in
	out.contract = planContract(r, in.Kind, day)
	// A committee is elected for five years, a management committee stands for three; endsSoon shortens the terms of some.
	elected := r.IntN(18)
	out.body = registry.Body{Kind: registry.BodyCommittee, Days: termOf(day.AddMonths(-6-elected), 60)}
	switch n := r.Float64(); {
	case n < 0.5:
		out.body.Kind, out.body.Days = registry.BodyManagement, termOf(day.AddMonths(-elected/2), 36)
	case n < 0.6:
		out.body.Kind, out.body.Days.Until = registry.BodyNone, calendar.Date{}
	}
	if out.body.Kind != registry.BodyNone {
		members := draws(p.seed, "members", i)
		out.body.Members, out.body.PartyMembers = int64(5+2*members.IntN(3)), int64(2+members.IntN(4))
	}
	return out
}

// termOf is a term of so many months.
func termOf(from calendar.Date, months int) policy.Span {
	return policy.Span{From: from, Until: from.AddMonths(months).Add(-1)}
}

// planContract draws what was agreed; it began one to four years before the first quarter and runs past the last.
func planContract(r *rand.Rand, kind registry.ProjectKind, day calendar.Date) registry.ContractInput {
	c := registry.ContractInput{Kind: registry.ContractChosen, Fee: int64(60 + 5*r.IntN(20)), Days: policy.Span{From: day.AddMonths(-14 - r.IntN(30)), Until: day.AddMonths(40 + r.IntN(20))}}
	switch n := r.Float64(); {
	case kind == registry.KindOld:
		c.Level, c.Fee = registry.LevelNone, int64(20+5*r.IntN(6))
	case n < 0.15:
		c.Level, c.Fee = registry.LevelFirst, int64(160+5*r.IntN(12))
	case n < 0.6:
		c.Level = registry.LevelSecond
	default:
		c.Level = registry.LevelThird
	}
	if kind == registry.KindCommodity && r.Float64() < 0.3 {
		c.Kind = registry.ContractEarly
	}
	if c.Charge = registry.ChargeLump; c.Fee%15 == 0 {
		c.Charge = registry.ChargeReward
	}
	return c
}

// oddities makes some projects special, about one in twenty of each kind but the veto, which falls on one.
func (p *countyPlan) oddities() {
	order := draws(p.seed, "oddities").Perm(len(p.projects))
	each := max(1, len(p.projects)/40)
	for place, i := range order {
		pr := &p.projects[i]
		switch {
		case place == 0:
			pr.oddity = vetoed
		case place <= each:
			pr.oddity = noSurvey
		case place <= 2*each && len(p.firms) > 1:
			pr.oddity = newlyTaken
			pr.earlier = (pr.firm + 1) % len(p.firms)
		case place <= 3*each:
			pr.oddity = unfiled
		case place == 3*each+1 && each > 1:
			pr.applies = appliesNot
		case place == 3*each+2 && each > 1:
			pr.applies = refusedFirst
		case place == 3*each+3 && each > 1:
			pr.applies = heldBack
		}
	}
}

// starShare is a share of all rated projects and the span of totals that its projects are given.
type starShare struct {
	grade             string
	share, from, upTo float64
}

// starShares are the shares of Nanchang's firms in 2023 (domain.md §2.1), best first. The spans keep away from the cuts, because what is drawn misses its target a little.
var starShares = []starShare{
	{"star5", 0.063, 94, 96.5}, {"star4", 0.147, 85.2, 90.5}, {"star3", 0.596, 77.2, 82}, {"star2", 0.173, 69.2, 74.8}, {"star1", 0.021, 61, 65.5},
}

// targets ranks the projects by a draw for the firm and one for the project, and gives each a total that the spread asks for.
func (p *countyPlan) targets() {
	order := make([]int, len(p.projects))
	merit := make([]float64, len(p.projects))
	for i := range order {
		order[i] = i
		merit[i] = draws(p.seed, "merit of firm", p.projects[i].firm).NormFloat64() + 0.8*draws(p.seed, "merit", i).NormFloat64()
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(merit[b], merit[a]) })
	rated := slices.DeleteFunc(order, func(i int) bool { return p.projects[i].oddity != ordinary })
	at, sum := 0, 0.0
	for _, s := range starShares {
		sum += s.share
		end := min(int(sum*float64(len(rated))+0.5), len(rated))
		for k := at; k < end; k++ {
			p.projects[rated[k]].target = s.upTo - (s.upTo-s.from)*(float64(k-at)+0.5)/float64(end-at)
		}
		at = end
	}
	for i := range p.projects {
		pr := &p.projects[i]
		r := draws(p.seed, "bonus", i)
		if pr.target == 0 {
			pr.target = 78 + 4*r.Float64()
		}
		pr.cameras = r.Float64() < (pr.target-60)/40
		pr.insured = r.Float64() < (pr.target-60)/40
		pr.commended = r.Float64() < (pr.target-78)/40
	}
}

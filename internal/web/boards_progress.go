package web

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"redsteward/charts"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/evidence"
)

// objections is how far the objections and appeals of the period are, by place and state.
func (d *boardDesk) objections() (*boardView, error) {
	v := &boardView{ID: boardObjections, Title: "异议与申诉办理", sheet: "异议与申诉", Head: []string{d.placeWord(), "提出"},
		Note: d.Period.Name + "告知得分或者公示以后提出的，按现在的状态；逾期是答复期限已过还没有答复的。"}
	states := cycle.ObjectionStates()
	counts := map[string]map[cycle.ObjectionState]int{}
	late, sums := map[string]int{}, map[string]int{}
	today := d.s.clockOf(d.c.UserContext()).today
	for after := ""; ; {
		found, err := d.s.cycle.Objections().List(d.c.UserContext(), d.by, casework.Filter{}, d.Period.ID, false, after)
		if err != nil {
			return nil, err
		}
		for i := range found.Docs {
			o := &found.Docs[i].State
			town, community, _ := strings.Cut(o.Place, " ")
			if d.Township != "" && town != d.Township {
				continue
			}
			place := town
			if d.communities {
				place = cmp.Or(community, town)
			}
			for _, name := range slices.Compact([]string{"", place}) {
				if counts[name] == nil {
					counts[name] = map[cycle.ObjectionState]int{}
				}
				counts[name][o.State]++
				sums[name]++
				if due := o.Clock.Due; o.State == cycle.ObjectionOpen && !due.IsZero() && due.Compare(today) < 0 {
					late[name]++
				}
			}
		}
		if after = found.Next; after == "" {
			break
		}
	}
	if sums[""] == 0 {
		v.Nothing = d.Period.Name + "还没有人提出异议或者申诉。"
		return v, nil
	}
	for _, state := range states {
		v.Head = append(v.Head, state.Title())
	}
	v.Head = append(v.Head, "逾期")
	kinds := []cycle.ObjectionState{cycle.ObjectionCorrected, cycle.ObjectionOpen, cycle.ObjectionUpheld, cycle.ObjectionRefused, cycle.ObjectionWithdrawn}
	drawn := make([]charts.Stack, len(kinds))
	for i, k := range kinds {
		drawn[i].Name = k.Title()
	}
	var names []string
	for _, name := range sortedKeys(counts) {
		shown := cmp.Or(name, d.Township, "全部")
		link := func(state cycle.ObjectionState) string {
			q := url.Values{"period": {d.Period.ID}}
			if text := cmp.Or(name, d.Township); text != "" {
				q.Set("q", text)
			}
			if state != "" {
				q.Set("state", string(state))
			}
			return objectionsPath + "?" + q.Encode()
		}
		cells := []chartFigure{number(sums[name], link(""))}
		for _, state := range states {
			cells = append(cells, number(counts[name][state], link(state)))
		}
		v.row(shown, "", append(cells, number(late[name], link(cycle.ObjectionOpen)))...)
		names = append(names, shown)
		for i, k := range kinds {
			drawn[i].Counts = append(drawn[i].Counts, counts[name][k])
		}
	}
	v.Tall = len(names) > shortBars
	v.draw = func() ([]byte, error) { return charts.StackOption(names, drawn) }
	return v, nil
}

// shortBars is how many stacked bars a picture of the usual height holds.
const shortBars = 8

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](of map[string]V) []string {
	var out []string
	for name := range of {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// proofStage is how far one piece of material is that a period asks for.
type proofStage string

// The stages in the order of the board.
const (
	proofCounts   proofStage = "counts"
	proofWaits    proofStage = "waits"
	proofReturned proofStage = "returned"
	proofRefused  proofStage = "refused"
	proofMissing  proofStage = "missing"
)

var proofStages = []proofStage{proofCounts, proofWaits, proofReturned, proofRefused, proofMissing}

func (p proofStage) title() string {
	return map[proofStage]string{proofCounts: "已认可", proofWaits: "待审核", proofReturned: "退回待补", proofRefused: "不予认定", proofMissing: "未交"}[p]
}

// stageOf is how far an ask is, by the best of its proofs.
func stageOf(n *evidence.Need) proofStage {
	stage := proofMissing
	for i := range n.Proofs {
		state, one := n.Proofs[i].State.State, proofWaits
		switch {
		case state.Counts():
			one = proofCounts
		case state == evidence.Returned:
			one = proofReturned
		case state == evidence.Withdrawn:
			one = proofMissing
		case !state.Lives():
			one = proofRefused
		}
		if slices.Index(proofStages, one) < slices.Index(proofStages, stage) {
			stage = one
		}
	}
	return stage
}

// askedProof is one thing that a period asks of a compound.
type askedProof struct {
	registry.Place
	ask, name string
	stage     proofStage
}

// maxProofPlaces is of how many compounds the material is counted at once; beyond that the page asks for a township.
const maxProofPlaces = 2000

// asksOf are the things that the period asks of the compounds of the scope and township; free is how many the system holds itself. tooMany: there are more than can be counted at once. None while the period takes no material.
func (d *boardDesk) asksOf() (out []askedProof, free int, tooMany bool, err error) {
	ctx := d.c.UserContext()
	var ids []string
	for q := (registry.ProjectQuery{}); ; {
		found, err := d.s.evidence.Projects.Projects(ctx, d.by, q)
		if err != nil {
			return nil, 0, false, err
		}
		for i := range found.Rows {
			if d.Township == "" || found.Rows[i].TownshipName == d.Township {
				ids = append(ids, found.Rows[i].ID)
			}
		}
		if len(ids) > maxProofPlaces {
			return nil, 0, true, nil
		}
		if q.After = found.Next; q.After == "" {
			break
		}
	}
	all, err := d.s.evidence.Proofs.NeedsOf(ctx, d.by, d.Period.ID, ids)
	if fault.Is(err, fault.NotFound) {
		return nil, 0, false, nil
	}
	for i := range all {
		for k := range all[i].List {
			n := &all[i].List[k]
			if n.Held {
				free++
				continue
			}
			out = append(out, askedProof{all[i].Place, n.Ask.Fact, n.Ask.Name, stageOf(n)})
		}
	}
	return out, free, false, err
}

// proofPlace is where an ask is counted.
func (d *boardDesk) proofPlace(a *askedProof) string {
	if d.communities {
		return a.CommunityName
	}
	return a.TownshipName
}

// proof is how far the material of the period is, by place and stage.
func (d *boardDesk) proof() (*boardView, error) {
	v := &boardView{ID: boardProof, Title: "佐证材料进度", sheet: "佐证材料", Head: []string{d.placeWord(), "要交"}}
	asks, free, tooMany, err := d.asksOf()
	switch {
	case err != nil:
		return nil, err
	case tooMany:
		v.Nothing = "小区太多，请先选一个乡镇。"
		return v, nil
	case len(asks) == 0 && free == 0:
		v.Nothing = d.Period.Name + "还没有开始收材料，或者不用交材料。"
		return v, nil
	}
	v.Note = d.Period.Name + "要求的材料，每个小区每项算一件，交过几次的按最好的一次；系统里已经有记录、免报的 " + count(free) + " 件不算。"
	counts, sums := map[string]map[proofStage]int{}, map[string]int{}
	for i := range asks {
		for _, name := range slices.Compact([]string{"", d.proofPlace(&asks[i])}) {
			if counts[name] == nil {
				counts[name] = map[proofStage]int{}
			}
			counts[name][asks[i].stage]++
			sums[name]++
		}
	}
	drawn := make([]charts.Stack, len(proofStages))
	for i, stage := range proofStages {
		v.Head, drawn[i].Name = append(v.Head, stage.title()), stage.title()
	}
	var names []string
	for _, name := range sortedKeys(counts) {
		link := func(stage proofStage) string { return d.to(boardProofsPath, "place", name, "stage", string(stage)) }
		cells := []chartFigure{number(sums[name], link(""))}
		for i, stage := range proofStages {
			n := counts[name][stage]
			cells, drawn[i].Counts = append(cells, number(n, link(stage))), append(drawn[i].Counts, n)
		}
		names = append(names, cmp.Or(name, d.Township, "全部"))
		v.row(names[len(names)-1], "", cells...)
	}
	v.Tall = len(names) > shortBars
	v.draw = func() ([]byte, error) { return charts.StackOption(names, drawn) }
	return v, nil
}

// proofList is the list of what was asked behind a number.
func (d *boardDesk) proofList() (*boardList, error) {
	if err := d.s.guard.Require(d.by, policy.ReadEvidence); err != nil {
		return nil, err
	}
	l := readList(d.c, boardProofsPath, "q", "period", "with", "town", "place", "stage")
	if d.Period == nil {
		return nil, fault.New("web.boardProofs", fault.NotFound, "还没有评价周期")
	}
	asks, _, tooMany, err := d.asksOf()
	if err != nil {
		return nil, err
	}
	v := boardRowsView{Title: d.Period.Name + "：佐证材料明细", Path: boardProofsPath, Boards: d.to(boardsPath), Excel: l.excel(), Query: l.value["q"], Clear: d.to(boardProofsPath), Head: []rowHead{{sortLink{Label: "小区"}, ""}, {sortLink{Label: "材料"}, onDesk}, {sortLink{Label: "进度"}, ""}}}
	v.Sub = strings.Join(filledWords([]string{cmp.Or(d.Township, "全部范围"), l.value["place"], proofStage(l.value["stage"]).title()}), "，")
	if tooMany {
		v.Sub = "小区太多，请先选一个乡镇"
	}
	stages := []option{{"", "全部"}}
	for _, stage := range proofStages {
		stages = append(stages, option{string(stage), stage.title()})
	}
	v.Filters = append(d.filters(), field{Name: "stage", Label: "进度", Options: stages, Value: l.value["stage"]})
	if l.value["place"] != "" {
		v.Hidden = []option{{"place", l.value["place"]}}
	}
	out := &boardList{address: l, sheet: report.Figures{Sheet: "佐证材料明细", Heads: []string{"小区", "物业服务企业", "社区", "乡镇", "材料", "进度"}, Note: v.Sub}}
	for i := range asks {
		a := &asks[i]
		if l.value["place"] != "" && d.proofPlace(a) != l.value["place"] || l.value["stage"] != "" && string(a.stage) != l.value["stage"] || !says(l.value["q"], a.Name, a.FirmName, a.CommunityName, a.name) {
			continue
		}
		v.Rows = append(v.Rows, boardRowView{Name: a.Name, Link: "/proofs/" + d.Period.ID + "/" + a.Project, Sub: joinWords(a.FirmName, a.CommunityName), Cells: []rowCell{{a.name, onDesk}, {a.stage.title(), ""}}})
		out.sheet.Rows = append(out.sheet.Rows, []any{a.Name, a.FirmName, a.CommunityName, a.TownshipName, a.name, a.stage.title()})
	}
	out.view = v
	return out, nil
}

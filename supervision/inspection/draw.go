package inspection

import (
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Draw is one 双随机 draw: lists frozen, hash of the seed public, drawn, result public, and in the end what the inspections found.
type Draw struct {
	// Title is what people call it, Matters what is inspected.
	Title   string      `json:"title" privacy:"public"`
	Matters []MatterRef `json:"matters"`
	// Day is the day on which the lists were frozen, Planned the day for which the inspections are planned.
	Day     calendar.Date `json:"day"`
	Planned calendar.Date `json:"planned"`
	// Digest is the fingerprint of the lists, Parts in how many documents they are kept, Objects and Left how many compounds can be drawn and how many cannot.
	Digest  string `json:"digest" privacy:"public"`
	Parts   int64  `json:"parts"`
	Objects int64  `json:"objects"`
	Left    int64  `json:"left,omitempty"`
	// Seed is what the draw goes by, Commitment its hash; the seed is shown with the result only.
	Seed       string `json:"seed" privacy:"internal"`
	Commitment string `json:"commitment" privacy:"public"`
	// State is where it stands, Last what was done last, Reason why it was given up.
	State  DrawState `json:"state" privacy:"public"`
	Last   DrawStep  `json:"last" privacy:"internal"`
	Reason string    `json:"reason,omitempty" privacy:"public"`
	// Announced, Drew and Published are the days of these steps.
	Announced calendar.Date `json:"announced,omitzero"`
	Drew      calendar.Date `json:"drew,omitzero"`
	Published calendar.Date `json:"published,omitzero"`
	// Picks are what was drawn.
	Picks []Picked `json:"picks,omitempty"`
	// Acts are who prepared and who published it.
	Acts []policy.Act `json:"acts"`
}

// Public reports whether everybody sees that there is such a draw: from the announcement on, also when it is given up afterwards, or somebody
// could announce draws until one suits him.
func (d *Draw) Public() bool { return !d.Announced.IsZero() }

// Picked is one compound that was drawn, and what became of its inspection.
type Picked struct {
	Pick
	// Name and Company are the compound and its firm in the words of then.
	Name    string `json:"name" privacy:"public"`
	Company string `json:"company" privacy:"public"`
	// Inspection is the id of what was planned, "" for nothing; Why why it was not, or why it did not take place.
	Inspection string `json:"inspection,omitempty" privacy:"internal"`
	Why        string `json:"why,omitempty" privacy:"public"`
	// Result is what was found, Shown the day on which that was made public, Done the day of the inspection.
	Result string        `json:"result,omitempty" privacy:"public"`
	Done   calendar.Date `json:"done,omitzero"`
	Shown  calendar.Date `json:"shown,omitzero"`
}

// over reports whether nothing is to be made public of it any more.
func (p *Picked) over() bool { return p.Why != "" || !p.Shown.IsZero() }

// DrawState is where a draw stands. A new one gets a row in drawSteps and a word and colour in internal/web.
type DrawState string

// The states of a draw.
const (
	// Frozen: the lists are fixed; nobody knows the hash of the seed.
	Frozen DrawState = "frozen"
	// Announced: lists and hash are public; waits for the draw.
	Announced DrawState = "announced"
	// Drawn: drawn; the inspections are planned.
	Drawn DrawState = "drawn"
	// Inspecting: seed and result are public; inspections are carried out, their results made public.
	Inspecting DrawState = "inspecting"
	// Shown: all results are public. Final.
	Shown DrawState = "shown"
	// GivenUp: no draw takes place. Final.
	GivenUp DrawState = "given_up"
)

// DrawStates are all states in the order of a life.
func DrawStates() []DrawState {
	return []DrawState{Frozen, Announced, Drawn, Inspecting, Shown, GivenUp}
}

// Title is the state for people.
func (s DrawState) Title() string {
	return map[DrawState]string{Frozen: "待公布校验值", Announced: "待抽取", Drawn: "待公布抽取结果", Inspecting: "抽查进行中", Shown: "抽查结果已公示", GivenUp: "已取消"}[s]
}

// Open reports whether everybody sees the seed and what was drawn.
func (s DrawState) Open() bool { return s == Inspecting || s == Shown }

// DrawStep is what is done to a draw; it names the form on its page.
type DrawStep string

// The steps.
const (
	// StepFreeze fixes the lists, StepAnnounce makes them and the hash of the seed public, StepDrawLots draws.
	StepFreeze   DrawStep = "freeze"
	StepAnnounce DrawStep = "announce"
	StepDrawLots DrawStep = "lots"
	// StepArrange plans the inspections that are not planned yet, StepOpen makes seed and result public.
	StepArrange DrawStep = "arrange"
	StepOpen    DrawStep = "open"
	// StepShow makes the results of finished inspections public, StepGiveUp gives the draw up.
	StepShow   DrawStep = "show"
	StepGiveUp DrawStep = "giveup"
)

// DrawSteps are all steps in the order of a life.
func DrawSteps() []DrawStep {
	return []DrawStep{StepFreeze, StepAnnounce, StepDrawLots, StepArrange, StepOpen, StepShow, StepGiveUp}
}

// Title is the step for people.
func (s DrawStep) Title() string {
	return map[DrawStep]string{StepFreeze: "冻结名单", StepAnnounce: "公布名单和校验值", StepDrawLots: "抽取", StepArrange: "安排检查", StepOpen: "公布抽取结果", StepShow: "公示抽查结果", StepGiveUp: "取消抽取"}[s]
}

// drawSteps is the one table of transitions; what is not in it is a Conflict. StepShow leads to Shown once nothing is left to be made public.
var drawSteps = casework.Table[DrawState, DrawStep]{
	"":         {StepFreeze: Frozen},
	Frozen:     {StepAnnounce: Announced, StepGiveUp: GivenUp},
	Announced:  {StepDrawLots: Drawn, StepGiveUp: GivenUp},
	Drawn:      {StepArrange: Drawn, StepOpen: Inspecting},
	Inspecting: {StepShow: Inspecting},
	Shown:      {},
	GivenUp:    {},
}

// next returns the state after a step, or Conflict.
func (s DrawState) next(do DrawStep) (DrawState, error) { return drawSteps.Next("这次抽取", s, do) }

// Next is what comes next and who does it.
func (d *Draw) Next() string {
	return map[DrawState]string{Frozen: "核对名单后公布名单和种子的校验值", Announced: "到日子以后抽取", Drawn: "检查都安排好以后，由没有经办的人公布抽取结果", Inspecting: "按行政检查的程序办理，结果告知企业后公示"}[d.State]
}

// frozen is the document in which a part of the lists is kept, with what cannot be drawn.
type frozen struct {
	Lists
	// Left are the compounds that cannot be drawn, and why.
	Left []LeftOut `json:"left,omitempty"`
}

// LeftOut is a compound that cannot be drawn, and why.
type LeftOut struct {
	Name    string `json:"name" privacy:"public"`
	Company string `json:"company,omitempty" privacy:"public"`
	Why     string `json:"why" privacy:"public"`
}

// DrawFile is what everybody needs to draw again: the frozen lists before the draw, with seed and result afterwards.
type DrawFile struct {
	// Draw is DrawFormat, Title names the draw.
	Draw  string `json:"draw"`
	Title string `json:"title"`
	// Commitment and Digest were public before the draw; Seed and Picks are there afterwards.
	Commitment string `json:"commitment"`
	Digest     string `json:"digest"`
	Seed       string `json:"seed,omitempty"`
	Lists      Lists  `json:"lists"`
	Picks      []Pick `json:"picks,omitempty"`
}

// DrawFormat names the format of a DrawFile.
const DrawFormat = "inspection-1"

// Again draws again. before is the file of the frozen lists from before the draw, nil if there is none. Returns Invalid, with what differs line by line in its fields: lists that are not those of the digest or of
// before, a seed that was not promised, a file without a result, another result than stands in the file.
func (f *DrawFile) Again(before *DrawFile) error {
	const op = "inspection.Again"
	changed := func(said string, lines []string) error {
		e := fault.New(op, fault.Invalid, said)
		var fields []fault.Field
		for _, line := range lines {
			fields = append(fields, fault.Field{Name: "名单", Message: line})
		}
		if len(fields) == 0 {
			return e
		}
		return &fault.Error{Op: op, Kind: fault.Invalid, Message: said, Fields: fields}
	}
	if before != nil {
		if err := before.whole(); err != nil {
			return fault.Wrap(op, fault.Invalid, "抽取前的名单文件："+fault.MessageOf(err), err)
		}
		if lines := supervision.Changed(before.Lists.Lines(), f.Lists.Lines()); len(lines) > 0 {
			return changed(fmt.Sprintf("名单与抽取前公布的不同，有 %d 处", len(lines)), lines)
		}
		if before.Commitment != f.Commitment || before.Digest != f.Digest {
			return changed("校验值或者名单摘要与抽取前公布的不同", nil)
		}
	}
	if err := f.whole(); err != nil {
		return err
	}
	if f.Seed == "" {
		return fault.New(op, fault.Invalid, "这份文件里没有种子和抽取结果，是抽取前的名单")
	}
	if err := supervision.CheckSeed(f.Seed, f.Commitment); err != nil {
		return err
	}
	if err := f.Lists.Check(); err != nil {
		return err
	}
	if lines := supervision.Changed(f.lines(f.Picks), f.lines(f.Lists.Draw(f.Seed))); len(lines) > 0 {
		return changed("重新抽取的结果与文件里的不同（少了的是文件里的，多了的是重新抽取的）", lines)
	}
	return nil
}

// whole refuses lists that are not those of the digest; names that were drawn and are gone from the lists are told.
func (f *DrawFile) whole() error {
	const op = "inspection.whole"
	if f.Lists.Digest() == f.Digest {
		return nil
	}
	var fields []fault.Field
	for _, p := range f.Picks {
		if f.Lists.object(p.Project) == nil {
			fields = append(fields, fault.Field{Name: "名单", Message: "抽中的小区 " + p.Project + " 不在名单里"})
		}
		for _, key := range p.Inspectors {
			if f.Lists.Inspector(key).Key == "" {
				fields = append(fields, fault.Field{Name: "名单", Message: "抽中的 " + key + " 不在名单里"})
			}
		}
	}
	return &fault.Error{Op: op, Kind: fault.Invalid, Message: "名单被改过：它的摘要不是抽取前公布的那个；用 --before 指定抽取前下载的名单文件，可以逐行列出差异", Fields: fields}
}

// lines are what was drawn, line by line and in order.
func (f *DrawFile) lines(picks []Pick) []string {
	out := make([]string, len(picks))
	for i, p := range picks {
		name := p.Project
		if o := f.Lists.object(p.Project); o != nil {
			name = o.Name + "（" + o.Company + "）"
		}
		out[i] = fmt.Sprintf("第 %d 个 %s：%v", i+1, name, p.Inspectors)
	}
	return out
}

// made notes who prepared it, once each.
func (d *Draw) made(by string) {
	act := policy.Act{Part: policy.PartMake, By: by}
	if !slices.Contains(d.Acts, act) {
		d.Acts = append(slices.Clip(d.Acts), act)
	}
}

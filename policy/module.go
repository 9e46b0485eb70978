package policy

import (
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/yamlstrict"
)

// ModuleID names a module.
type ModuleID string

// The modules: what an installation can do without, because another system does it or nobody is responsible for it yet (practice.md §6). The register, accounts, approvals and the rating
// itself are no modules: nothing works without them.
const (
	// ModuleFiling: 登记备案.
	ModuleFiling ModuleID = "filing"
	// ModuleChange: 物业更换 and the compounds at risk.
	ModuleChange ModuleID = "change"
	// ModuleBodies: the founding of owners' bodies (业主组织).
	ModuleBodies ModuleID = "bodies"
	// ModuleHandover: 承接查验.
	ModuleHandover ModuleID = "handover"
	// ModuleFund: the guarantee fund (保修金) with its claims, refunds, dunnings and bank.
	ModuleFund ModuleID = "fund"
	// ModuleConduct: 失信信息, 行业评价记录 and 表彰奖励.
	ModuleConduct ModuleID = "conduct"
	// ModuleParty: the sheets of party organisations (党建台账).
	ModuleParty ModuleID = "party"
	// ModuleStation: 红色驿站 with its books, roster, bookings and 红色达人.
	ModuleStation ModuleID = "station"
	// ModulePapers: the library of policy papers (政策文件).
	ModulePapers ModuleID = "papers"
	// ModuleInspection: 行政检查 with certificates, draws and recusals.
	ModuleInspection ModuleID = "inspection"
	// ModuleRectification: 整改.
	ModuleRectification ModuleID = "rectification"
	// ModuleVeto: 一票否决认定.
	ModuleVeto ModuleID = "veto"
	// ModuleVisit: 走访评价.
	ModuleVisit ModuleID = "visit"
	// ModuleObservation: 观察记录.
	ModuleObservation ModuleID = "observation"
	// ModuleEvidence: 佐证材料.
	ModuleEvidence ModuleID = "evidence"
	// ModuleMatter: 事项, with what residents tell.
	ModuleMatter ModuleID = "matter"
	// ModuleRepair: 报修台账.
	ModuleRepair ModuleID = "repair"
	// ModuleWish: 微心愿.
	ModuleWish ModuleID = "wish"
	// ModuleDeliberation: 红色议事.
	ModuleDeliberation ModuleID = "deliberation"
	// ModuleSurvey: 满意度调查.
	ModuleSurvey ModuleID = "survey"
	// ModuleCollection: 收表任务.
	ModuleCollection ModuleID = "collection"
	// ModuleReach: 站内通知, with what goes out by SMS, 政务微信 and mail.
	ModuleReach ModuleID = "reach"
)

// ModuleIDs are all modules.
func ModuleIDs() []ModuleID {
	return []ModuleID{ModuleFiling, ModuleChange, ModuleBodies, ModuleHandover, ModuleFund, ModuleConduct, ModuleParty, ModuleStation, ModulePapers, ModuleInspection, ModuleRectification, ModuleVeto, ModuleVisit,
		ModuleObservation, ModuleEvidence, ModuleMatter, ModuleRepair, ModuleWish, ModuleDeliberation, ModuleSurvey, ModuleCollection, ModuleReach}
}

// Module is one module as an installation has it.
type Module struct {
	// ID is one of ModuleIDs, Name what people call it, Office the name of who is responsible for it (主管单位).
	ID           ModuleID
	Name, Office string
	// Off says in Chinese why it is switched off; "" while it is on.
	Off string
}

// Modules are the modules of an installation; nil or the zero value knows none, and then nothing is switched off.
type Modules struct {
	list []Module
}

// All are the modules in the order of the file.
func (m *Modules) All() []Module {
	if m == nil {
		return nil
	}
	return m.list
}

// Of finds a module; false if the installation knows nothing about it.
func (m *Modules) Of(id ModuleID) (Module, bool) {
	for _, one := range m.All() {
		if one.ID == id {
			return one, true
		}
	}
	return Module{}, false
}

// On reports whether a module is not switched off.
func (m *Modules) On(id ModuleID) bool {
	one, _ := m.Of(id)
	return one.Off == ""
}

// SomeOff reports whether any module is switched off.
func (m *Modules) SomeOff() bool {
	return slices.ContainsFunc(m.All(), func(one Module) bool { return one.Off != "" })
}

// modulesFile is the shape of modules.yaml.
type modulesFile struct {
	Offices []officeEntry `yaml:"offices,required"`
	Modules []moduleEntry `yaml:"modules,required"`
}

type officeEntry struct {
	ID   string `yaml:"id,required"`
	Name string `yaml:"name,required"`
}

type moduleEntry struct {
	ID     ModuleID `yaml:"id,required"`
	Name   string   `yaml:"name,required"`
	Office string   `yaml:"office,required"`
	Off    string   `yaml:"off"`
}

// The longest names of modules.yaml, in characters: a name stands in a heading, an office below each page, a reason in one sentence.
const (
	moduleName   = 20
	moduleOffice = 40
	moduleReason = 100
)

// ParseModules reads a modules.yaml: every module stands there once, with one of the offices that the file lists. Returns Invalid with every mistake, named file:line:column.
func ParseModules(file string, data []byte) (*Modules, error) {
	var in modulesFile
	doc := yamlstrict.Decode(file, data, &in)
	text := func(at, label, value string, most int) {
		switch n := len([]rune(value)); {
		case strings.TrimSpace(value) != value:
			doc.Add(at, label+"前后有空格")
		case n > most:
			doc.Add(at, fmt.Sprintf("%s最多 %d 字，现在是 %d 字", label, most, n))
		}
	}
	offices := map[string]string{}
	for i, o := range in.Offices {
		at := fmt.Sprintf("offices.%d", i)
		if _, twice := offices[o.ID]; twice {
			doc.Add(at+".id", "单位 "+o.ID+" 写了两次")
		}
		text(at+".name", "单位名称", o.Name, moduleOffice)
		offices[o.ID] = o.Name
	}
	out, known := &Modules{}, ModuleIDs()
	for i, m := range in.Modules {
		at := fmt.Sprintf("modules.%d", i)
		if _, twice := out.Of(m.ID); twice {
			doc.Add(at+".id", "模块 "+string(m.ID)+" 写了两次")
		}
		if m.ID != "" && !slices.Contains(known, m.ID) {
			doc.Add(at+".id", fmt.Sprintf("没有代码为 %s 的模块，只能是 %s", m.ID, joinModules(known)))
		}
		name, ok := offices[m.Office]
		if m.Office != "" && !ok {
			doc.Add(at+".office", "主管单位 "+m.Office+" 没有写在 offices 里")
		}
		text(at+".name", "模块名称", m.Name, moduleName)
		text(at+".off", "停用的原因", m.Off, moduleReason)
		out.list = append(out.list, Module{ID: m.ID, Name: m.Name, Office: name, Off: m.Off})
	}
	lacking := slices.DeleteFunc(known, func(id ModuleID) bool { _, there := out.Of(id); return there })
	if len(lacking) > 0 && in.Modules != nil {
		doc.Add("modules", "缺少模块 "+joinModules(lacking)+"；不用的也要写，并在 off 里写明原因")
	}
	return out, doc.Err()
}

// joinModules lists codes of modules.
func joinModules(ids []ModuleID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, "、")
}

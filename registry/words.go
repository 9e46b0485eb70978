package registry

// Choice is one allowed value of a field: the code that is stored and the word that people read and type.
type Choice struct {
	// ID is stored.
	ID string
	// Text is Chinese, in forms and in Excel.
	Text string
}

// TextOf gives the word of a code; the code itself if the list does not know it.
func TextOf[T ~string](list []Choice, id T) string {
	for _, c := range list {
		if c.ID == string(id) {
			return c.Text
		}
	}
	return string(id)
}

// knows reports whether the list holds the code.
func knows[T ~string](list []Choice, id T) bool {
	for _, c := range list {
		if c.ID == string(id) {
			return true
		}
	}
	return false
}

// PartyForm is how the party is organised in a firm (practice.md §2): PartyOwn, PartyJoint, PartyInstructor or PartyNone.
type PartyForm string

// PartyForms lists the party forms.
func PartyForms() []Choice {
	return []Choice{{PartyOwn, "单建"}, {PartyJoint, "联建"}, {PartyInstructor, "选派指导员"}, {PartyNone, "无"}}
}

// Origin says whether a firm works on the market or is the bureau's fallback.
type Origin string

// The origins.
const (
	// OriginMarket: a firm of the market (市场化).
	OriginMarket Origin = "market"
	// OriginState: the state-owned fallback for compounds that no other firm takes (国有兜底).
	OriginState Origin = "state"
)

// Origins lists the origins.
func Origins() []Choice {
	return []Choice{{string(OriginMarket), "市场化"}, {string(OriginState), "国有兜底"}}
}

// ProjectKind is what was built.
type ProjectKind string

// The kinds of projects.
const (
	// KindCommodity: housing built for the market (商品住宅).
	KindCommodity ProjectKind = "commodity"
	// KindResettlement: resettlement and subsidised housing (安置、保障住房).
	KindResettlement ProjectKind = "resettlement"
	// KindOld: an old compound (老旧小区).
	KindOld ProjectKind = "old"
	// KindMixed: shops and housing together (商住综合).
	KindMixed ProjectKind = "mixed"
	// KindOther: anything else (其他).
	KindOther ProjectKind = "other"
)

// ProjectKinds lists the kinds of projects.
func ProjectKinds() []Choice {
	return []Choice{{string(KindCommodity), "商品住宅"}, {string(KindResettlement), "安置保障住房"}, {string(KindOld), "老旧小区"}, {string(KindMixed), "商住综合"}, {string(KindOther), "其他"}}
}

// ContractKind says who chose the firm.
type ContractKind string

// The kinds of contracts.
const (
	// ContractEarly: by the developer, before there is an owners' meeting (前期).
	ContractEarly ContractKind = "early"
	// ContractChosen: by the owners' meeting (业主大会选聘).
	ContractChosen ContractKind = "chosen"
	// ContractCustody: by the township or community, for the time until a firm is chosen (应急托管).
	ContractCustody ContractKind = "custody"
)

// ContractKinds lists the kinds of contracts.
func ContractKinds() []Choice {
	return []Choice{{string(ContractEarly), "前期"}, {string(ContractChosen), "业主大会选聘"}, {string(ContractCustody), "应急托管"}}
}

// ServiceLevel is the level of service that a contract promises.
type ServiceLevel string

// The service levels.
const (
	// LevelFirst is the highest (一级).
	LevelFirst ServiceLevel = "first"
	// LevelSecond is the middle one (二级).
	LevelSecond ServiceLevel = "second"
	// LevelThird is the lowest (三级).
	LevelThird ServiceLevel = "third"
	// LevelNone: the contract names none, as for old compounds (无等级).
	LevelNone ServiceLevel = "none"
)

// ServiceLevels lists the service levels.
func ServiceLevels() []Choice {
	return []Choice{{string(LevelFirst), "一级"}, {string(LevelSecond), "二级"}, {string(LevelThird), "三级"}, {string(LevelNone), "无等级"}}
}

// Charge says how a firm is paid (发改价格〔2003〕1864号).
type Charge string

// The ways in which a firm is paid.
const (
	// ChargeLump: owners pay a fixed fee, gain and loss are the firm's (包干制).
	ChargeLump Charge = "lump"
	// ChargeReward: the firm draws an agreed reward from what is paid in advance, the rest is the owners' (酬金制).
	ChargeReward Charge = "reward"
)

// Charges lists the ways in which a firm is paid.
func Charges() []Choice {
	return []Choice{{string(ChargeLump), "包干制"}, {string(ChargeReward), "酬金制"}}
}

// BodyKind is the owners' body of a project.
type BodyKind string

// The owners' bodies.
const (
	// BodyCommittee: the owners' committee (业委会).
	BodyCommittee BodyKind = "committee"
	// BodyManagement: the property management committee (物管会).
	BodyManagement BodyKind = "management"
	// BodyNone: neither (无).
	BodyNone BodyKind = "none"
)

// BodyKinds lists the owners' bodies.
func BodyKinds() []Choice {
	return []Choice{{string(BodyCommittee), "业委会"}, {string(BodyManagement), "物管会"}, {string(BodyNone), "无"}}
}

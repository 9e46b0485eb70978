package report

import (
	"io"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/registry"
)

// Divisions is the sheet of divisions.
func Divisions() Table[registry.DivisionLine] {
	type line = registry.DivisionLine
	return Table[line]{Sheet: "行政区划", Columns: []Column[line]{
		Text("code", "编号", func(l *line) *string { return &l.Code }).Must().Wide(18).Says("12 位统计用区划代码；网格写社区编号加“-”和序号，例如 360428100001-01"),
		Text("name", "正式名称", func(l *line) *string { return &l.Name }).Must().Wide(24).Says("例如 城东居委会"),
		Text("display", "通用名称", func(l *line) *string { return &l.Display }).Wide(20).Says("平时的叫法，例如 城东社区；不填由正式名称得出"),
		Text("parent", "上级编号", func(l *line) *string { return &l.Parent }).Wide(18).Says("县不填；新设上级的行要排在前面"),
		Date("from", "设立日期", "2026-01-01", func(l *line) *calendar.Date { return &l.From }),
		Date("until", "撤销日期", "2026-12-31", func(l *line) *calendar.Date { return &l.Until }).Says("存在的最后一天；没有撤销的不填"),
		Whole("grid_households", "网格户数", "420", func(l *line) *int64 { return &l.Grid.Households }).Says("这一列到“常住居民”只有网格才填；全不填的不改"),
		Whole("full_time", "专职网格员", "1", func(l *line) *int64 { return &l.Grid.FullTime }),
		Whole("part_time", "兼职网格员", "3", func(l *line) *int64 { return &l.Grid.PartTime }),
		Whole("branches", "网格党支部", "1", func(l *line) *int64 { return &l.Grid.Branches }),
		Whole("groups", "楼栋党小组", "4", func(l *line) *int64 { return &l.Grid.Groups }),
		Whole("homes", "党员中心户", "6", func(l *line) *int64 { return &l.Grid.Homes }),
		Whole("residents", "常住居民", "1150", func(l *line) *int64 { return &l.Grid.Residents }).Says("不填的不改"),
		Text("contact", "联系人", func(l *line) *string { return &l.Reach.Contact }).Says("这一列和下一列只有乡镇、社区（村）才填；都不填的不改，填了的两项一起换"),
		Text("contact_phone", "联系电话", func(l *line) *string { return &l.Reach.Phone }).Wide(16).Says("11 位手机号，或者带区号的固定电话"),
	}}
}

// DivisionSheets are the sheet of divisions with rows, their levels and the codes of a day, and behind it the sheet of all codes of those whose code changed.
func DivisionSheets(rows []registry.DivisionLeaf, day calendar.Date) []Sheet {
	type row struct {
		registry.DivisionLine
		of registry.DivisionLeaf
	}
	type spell struct {
		registry.CodeSpell
		name string
	}
	filled := make([]row, len(rows))
	var spells []spell
	for i, d := range rows {
		filled[i] = row{registry.LineOfDivision(d, day), d}
		if len(d.Codes) > 0 {
			for _, s := range d.Spells() {
				spells = append(spells, spell{s, d.Display})
			}
		}
	}
	columns := append(Within(Divisions().Columns, func(r *row) *registry.DivisionLine { return &r.DivisionLine }),
		Shown("级别", func(r *row) any { return registry.TextOf(registry.Levels(), r.of.Level) }), Shown("撤销后由谁承接（登记时的编号）", func(r *row) any { return strings.Join(r.of.Successors, "、") }).Wide(32))
	codes := Table[spell]{Sheet: "编号沿革", Columns: []Column[spell]{
		Shown("名称", func(s *spell) any { return s.name }).Wide(20), Shown("编号", func(s *spell) any { return s.Code }).Wide(18), Shown("启用日期", func(s *spell) any { return s.Days.From }),
		Shown("停用日期", func(s *spell) any { return s.Days.Until }), Shown("依据", func(s *spell) any { return s.Reason }).Wide(40)}}
	return []Sheet{Table[row]{Sheet: Divisions().Sheet, Columns: columns}.Filled(filled), codes.Filled(spells)}
}

// Firms is the sheet of firms.
func Firms() Table[registry.FirmLine] {
	type line = registry.FirmLine
	return Table[line]{Sheet: "物业服务企业", Columns: []Column[line]{
		Text("name", "企业名称", func(l *line) *string { return &l.Name }).Must().Wide(32).Says("与营业执照一致"),
		Text("code", "统一社会信用代码", func(l *line) *string { return &l.Code }).Must().Wide(22).Says("18 位，与营业执照一致；已登记的企业按代码修改"),
		Pick("origin", "企业性质", registry.Origins(), func(l *line) *registry.Origin { return &l.Origin }).Must(),
		Text("legal_person", "法定代表人", func(l *line) *string { return &l.LegalPerson }),
		Text("phone", "联系电话", func(l *line) *string { return &l.Phone }).Wide(16).Says("11 位手机号，或者带区号的固定电话"),
		Text("address", "住所", func(l *line) *string { return &l.Address }).Wide(32),
		Date("founded", "成立日期", "2015-06-30", func(l *line) *calendar.Date { return &l.Founded }).Says("这一列到“交叉任职”，不填的不改"),
		Money("capital", "注册资本（元）", "5000000", func(l *line) *int64 { return &l.Capital }).Wide(18),
		Text("head_name", "总公司名称", func(l *line) *string { return &l.HeadName }).Wide(28).Says("外来企业的分公司才填"),
		Text("head_code", "总公司统一社会信用代码", func(l *line) *string { return (*string)(&l.HeadCode) }).Wide(22),
		Whole("staff", "从业人员", "60", func(l *line) *int64 { return &l.Staff }).Says("在本县从业的人数"),
		Whole("managers", "项目负责人", "6", func(l *line) *int64 { return &l.Managers }),
		Whole("crossing", "交叉任职", "2", func(l *line) *int64 { return &l.Crossing }).Says("项目负责人中在社区党组织任职的人数；在台账里逐条登记的，以台账为准"),
		Pick("form", "党组织形式", registry.PartyForms(), func(l *line) *registry.PartyForm { return &l.Party.Form }),
		Whole("members", "党员人数", "3", func(l *line) *int64 { return &l.Party.Members }).Says("只填人数"),
		Whole("full", "正式党员", "3", func(l *line) *int64 { return &l.Party.Full }).Says("这一列到“指导员派出单位”，不填的不改"),
		Text("branch", "党支部名称", func(l *line) *string { return &l.Party.Branch }).Wide(24).Says("单建、联建的才填"),
		Text("secretary", "书记", func(l *line) *string { return &l.Party.Secretary }).Says("单建、联建的才填"),
		Text("instructor", "指导员", func(l *line) *string { return &l.Party.Instructor }).Says("党组织形式是选派指导员的才填"),
		Text("office", "指导员派出单位", func(l *line) *string { return &l.Party.Office }).Wide(20).Says("党组织形式是选派指导员的才填"),
		Date("from", "党组织起始日", "2026-01-01", func(l *line) *calendar.Date { return &l.Party.Days.From }).Says("填了党组织形式的要填"),
	}}
}

// Developers is the sheet of developers.
func Developers() Table[registry.DeveloperInput] {
	type line = registry.DeveloperInput
	return Table[line]{Sheet: "建设单位", Columns: []Column[line]{
		Text("name", "建设单位名称", func(l *line) *string { return &l.Name }).Must().Wide(32).Says("与营业执照一致"),
		Text("code", "统一社会信用代码", func(l *line) *string { return &l.Code }).Must().Wide(22).Says("18 位，与营业执照一致；已登记的建设单位按代码修改"),
		Text("legal_person", "法定代表人", func(l *line) *string { return &l.LegalPerson }),
		Text("contact", "联系人", func(l *line) *string { return &l.Contact }),
		Text("phone", "联系电话", func(l *line) *string { return &l.Phone }).Wide(16).Says("11 位手机号，或者带区号的固定电话"),
		Text("address", "住所", func(l *line) *string { return &l.Address }).Wide(32),
	}}
}

// Buildings is the sheet of buildings.
func Buildings() Table[registry.BuildingLine] {
	type line = registry.BuildingLine
	return Table[line]{Sheet: "楼栋", Columns: append(placed(func(l *line) *string { return &l.TownshipName }, func(l *line) *string { return &l.CommunityName }, func(l *line) *string { return &l.ProjectName }),
		Text("phase", "分期", func(l *line) *string { return &l.PhaseName }).Says("没有分期的不填；没有登记过的分期会一并登记"),
		Text("name", "楼栋", func(l *line) *string { return &l.Name }).Must().Says("例如 3幢；同一期内按名称修改"),
		Pick("kind", "楼栋类型", registry.BuildingKinds(), func(l *line) *registry.BuildingKind { return &l.Kind }).Must(),
		Whole("floors", "层数", "18", func(l *line) *int64 { return &l.Floors }).Must().Says("地下车库填地下层数"),
		Decimal("area", "建筑面积（平方米）", "9600.50", 2, func(l *line) *num.Num { return &l.Area }).Wide(18),
		Whole("households", "户数", "72", func(l *line) *int64 { return &l.Households }),
		Date("completed", "竣工验收日期", "2015-05-30", func(l *line) *calendar.Date { return &l.Completed }),
		Date("delivered", "交付日期", "2015-06-30", func(l *line) *calendar.Date { return &l.Delivered }),
	)}
}

// Projects is the sheet of projects.
func Projects() Table[registry.ProjectLine] {
	type line = registry.ProjectLine
	return Table[line]{Sheet: "小区", Columns: []Column[line]{
		Text("name", "小区名称", func(l *line) *string { return &l.Name }).Must().Wide(24).Says("同一社区内不能重名；已登记的小区按社区和名称修改"),
		Text("township", "乡镇", func(l *line) *string { return &l.TownshipName }).Says("社区重名时要填"),
		Text("community", "社区（村）", func(l *line) *string { return &l.CommunityName }).Must().Says("名称或 12 位代码，例如 城东社区"),
		Text("address", "地址", func(l *line) *string { return &l.Address }).Must().Wide(32),
		Whole("households", "户数", "400", func(l *line) *int64 { return &l.Households }).Must(),
		Decimal("area", "建筑面积（平方米）", "52000.50", 2, func(l *line) *num.Num { return &l.Area }).Wide(18),
		Pick("kind", "物业类型", registry.ProjectKinds(), func(l *line) *registry.ProjectKind { return &l.Kind }).Must(),
		Date("delivered", "交付日期", "2015-06-30", func(l *line) *calendar.Date { return &l.Delivered }),
		Date("taken_over", "首次承接日期", "2015-07-01", func(l *line) *calendar.Date { return &l.TakenOver }).Says("物业服务企业第一次接管的日期；2011年1月1日以前承接的不评承接查验"),
		Text("developer", "建设单位统一社会信用代码", func(l *line) *string { return &l.DeveloperCode }).Wide(22).Says("已登记的建设单位；不填的不改"),
		Pick("body", "业主组织", registry.BodyKinds(), func(l *line) *registry.BodyKind { return &l.Body.Kind }),
		Date("body_from", "任期起始日", "2024-05-01", func(l *line) *calendar.Date { return &l.Body.Days.From }).Says("填了业主组织的要填"),
		Date("body_until", "任期届满日", "2029-04-30", func(l *line) *calendar.Date { return &l.Body.Days.Until }),
		Date("completed", "竣工验收日期", "2015-05-30", func(l *line) *calendar.Date { return &l.Completed }).Says("分期的填最后一期；不填的不改"),
		Text("grids", "网格", func(l *line) *string { return &l.GridNames }).Wide(24).Says("所在网格的序号、编号或名称，几个的用顿号隔开，例如 01、02；不填的不改"),
	}}
}

// Contracts is the sheet of contracts.
func Contracts() Table[registry.ContractLine] {
	type line = registry.ContractLine
	return Table[line]{Sheet: "物业服务合同", Columns: append(placed(func(l *line) *string { return &l.TownshipName }, func(l *line) *string { return &l.CommunityName }, func(l *line) *string { return &l.ProjectName }),
		Text("firm", "企业统一社会信用代码", func(l *line) *string { return &l.FirmCode }).Must().Wide(22).Says("已登记的企业"),
		Pick("kind", "合同类型", registry.ContractKinds(), func(l *line) *registry.ContractKind { return &l.Kind }).Must(),
		Pick("level", "服务等级", registry.ServiceLevels(), func(l *line) *registry.ServiceLevel { return &l.Level }).Must(),
		Money("fee", "物业费（元/平方米·月）", "1.20", func(l *line) *int64 { return &l.Fee }).Must().Wide(20),
		Date("from", "合同起始日", "2026-01-01", func(l *line) *calendar.Date { return &l.Days.From }).Must().Says("同一企业、同一起始日的合同按新内容修改"),
		Date("until", "合同截止日", "2028-12-31", func(l *line) *calendar.Date { return &l.Days.Until }).Says("没有约定截止日的不填；应急托管要填"),
		Text("phase", "分期", func(l *line) *string { return &l.PhaseName }).Says("只管一期的合同填分期名称；管整个小区的不填"),
		Pick("charge", "收费方式", registry.Charges(), func(l *line) *registry.Charge { return &l.Charge }).Says("不填的不改"),
	)}
}

// Papers is the sheet of insurances, certificates and tests.
func Papers() Table[registry.PaperLine] {
	type line = registry.PaperLine
	return Table[line]{Sheet: "保险与证照", Columns: append(placed(func(l *line) *string { return &l.TownshipName }, func(l *line) *string { return &l.CommunityName }, func(l *line) *string { return &l.ProjectName }),
		Pick("kind", "证照种类", registry.PaperKinds(), func(l *line) *registry.PaperKind { return &l.Kind }).Must(),
		Text("subject", "对象", func(l *line) *string { return &l.Subject }).Says("同一种有几份的才填，例如 1幢1号梯；不写个人姓名"),
		Text("number", "编号", func(l *line) *string { return &l.Number }).Wide(22),
		Date("from", "有效期起始日", "2026-01-01", func(l *line) *calendar.Date { return &l.Days.From }).Must().Says("同一对象、同一起始日的按新内容修改"),
		Date("until", "有效期截止日", "2026-12-31", func(l *line) *calendar.Date { return &l.Days.Until }).Must(),
	)}
}

// placed are the columns that name a project.
func placed[T any](township, community, project func(*T) *string) []Column[T] {
	return []Column[T]{
		Text("township", "乡镇", township).Says("社区重名时要填"),
		Text("community", "社区（村）", community).Must(),
		Text("project", "小区名称", project).Must().Wide(24).Says("已登记的小区"),
	}
}

// Revenues is the sheet of public revenue.
func Revenues() Table[registry.HalfYearLine] {
	type line = registry.HalfYearLine
	columns := append(placed(func(l *line) *string { return &l.TownshipName }, func(l *line) *string { return &l.CommunityName }, func(l *line) *string { return &l.ProjectName }),
		Text("half", "半年", func(l *line) *string { return &l.Half }).Must().Says("2026H1 是上半年，2026H2 是下半年；也可以写 2026年上半年。同一小区、同一半年按新内容更正"),
		Money("opening", "期初余额（元）", "1200.50", func(l *line) *int64 { return &l.Opening }).Must().Wide(18).Says("等于上个半年的期末余额"))
	for _, part := range []struct {
		word string
		list []registry.Choice
	}{{"收入：", registry.Incomes()}, {"支出：", registry.Expenses()}} {
		for _, k := range part.list {
			columns = append(columns, Money(k.ID, part.word+k.Text+"（元）", "1200.50", func(l *line) *int64 { return l.Amount(k.ID) }).Wide(22).Says("没有的不填"))
		}
	}
	columns = append(columns,
		Text("gap", "与上期期末不符的原因", func(l *line) *string { return &l.Gap }).Wide(24).Says("期初余额与上期期末相同的不填；这一列和以后各列，不填的不改"),
		Text("account", "账户", func(l *line) *string { return &l.Account }).Wide(22).Says("只写开户银行和尾号，例如 农商银行，尾号 0031"),
		Date("published", "公示日期", "2026-07-10", func(l *line) *calendar.Date { return &l.Published }).Says("没有公示的不填"),
		Text("where", "公示地点", func(l *line) *string { return &l.Where }).Wide(22).Says("填了公示日期的要填"),
		Whole("days", "公示天数", "30", func(l *line) *int64 { return &l.Days }).Says("填了公示日期的要填"),
		Text("objection", "业主异议", func(l *line) *string { return &l.Objection }).Wide(28).Says("不写个人姓名"),
		Text("answer", "答复", func(l *line) *string { return &l.Answer }).Wide(28).Says("不写个人姓名"))
	return Table[line]{Sheet: "公共收益", Columns: columns}
}

// Repairs is the sheet of facts about repair funds.
func Repairs() Table[registry.RepairLine] {
	type line = registry.RepairLine
	return Table[line]{Sheet: "维修资金", Columns: append(placed(func(l *line) *string { return &l.TownshipName }, func(l *line) *string { return &l.CommunityName }, func(l *line) *string { return &l.ProjectName }),
		Pick("kind", "种类", registry.RepairKinds(), func(l *line) *registry.RepairKind { return &l.Kind }).Must(),
		Date("on", "日期", "2026-06-30", func(l *line) *calendar.Date { return &l.On }).Must().Says("余额填截止日期，使用填划款日期"),
		Money("fen", "金额（元）", "1200.50", func(l *line) *int64 { return &l.Fen }).Must().Wide(18),
		Text("what", "用途", func(l *line) *string { return &l.What }).Wide(32).Says("使用和应急使用要填，例如 3幢电梯更换主板；余额不填"))}
}

// Read is a sheet of the register as read.
type Read struct {
	// Sheet is the name of the sheet that was read.
	Sheet string
	// Lines are the rows without fault, Faults those of the others.
	Lines  []registry.Line
	Faults []Fault
	// At puts a fault that the register found into the sheet.
	At func(row int64, field, message string) Fault
}

// ReadRegister reads the sheet of a kind. Returns as Table.Read, and Invalid for an unknown kind.
func ReadRegister(kind registry.ImportKind, r io.Reader) (Read, error) {
	switch kind {
	case registry.ImportDivisions:
		return lines(Divisions(), r, func(l *registry.DivisionLine) registry.Line { return registry.Line{Division: l} })
	case registry.ImportFirms:
		return lines(Firms(), r, func(l *registry.FirmLine) registry.Line { return registry.Line{Firm: l} })
	case registry.ImportDevelopers:
		return lines(Developers(), r, func(l *registry.DeveloperInput) registry.Line { return registry.Line{Developer: l} })
	case registry.ImportBuildings:
		return lines(Buildings(), r, func(l *registry.BuildingLine) registry.Line { return registry.Line{Building: l} })
	case registry.ImportProjects:
		return lines(Projects(), r, func(l *registry.ProjectLine) registry.Line { return registry.Line{Project: l} })
	case registry.ImportContracts:
		return lines(Contracts(), r, func(l *registry.ContractLine) registry.Line { return registry.Line{Contract: l} })
	case registry.ImportPapers:
		return lines(Papers(), r, func(l *registry.PaperLine) registry.Line { return registry.Line{Paper: l} })
	case registry.ImportRevenues:
		return lines(Revenues(), r, func(l *registry.HalfYearLine) registry.Line { return registry.Line{Revenue: l} })
	case registry.ImportRepairs:
		return lines(Repairs(), r, func(l *registry.RepairLine) registry.Line { return registry.Line{Repair: l} })
	}
	return Read{}, fault.New("report.ReadRegister", fault.Invalid, "请选择要导入的内容")
}

// RegisterTemplate gives the template of a kind. Returns NotFound for an unknown kind.
func RegisterTemplate(kind registry.ImportKind) ([]byte, error) {
	switch kind {
	case registry.ImportDivisions:
		return Divisions().Template()
	case registry.ImportFirms:
		return Firms().Template()
	case registry.ImportDevelopers:
		return Developers().Template()
	case registry.ImportBuildings:
		return Buildings().Template()
	case registry.ImportProjects:
		return Projects().Template()
	case registry.ImportContracts:
		return Contracts().Template()
	case registry.ImportPapers:
		return Papers().Template()
	case registry.ImportRevenues:
		return Revenues().Template()
	case registry.ImportRepairs:
		return Repairs().Template()
	}
	return nil, fault.New("report.RegisterTemplate", fault.NotFound, "没有这种模板")
}

func lines[T any](t Table[T], r io.Reader, line func(*T) registry.Line) (Read, error) {
	p, err := t.Read(r)
	if err != nil {
		return Read{}, err
	}
	out := Read{Sheet: p.Sheet, Faults: p.Faults, At: p.At}
	for i := range p.Rows {
		l := line(&p.Rows[i].Value)
		l.Row = p.Rows[i].Number
		out.Lines = append(out.Lines, l)
	}
	return out, nil
}

package report

import (
	"redsteward/internal/calendar"
	"redsteward/registry"
)

// AccountLine is one row of a workbook of accounts: an account with one of its appointments. An account with several has a row for each; one with none has a row without role.
type AccountLine struct {
	// Login and Name are those of the account.
	Login, Name string
	// Role is the code of an office, "" for none. Unit and Scopes are names or keys, as a form takes them.
	Role, Unit, Scopes string
	// From and Until are the days of the appointment; none for today and for no end.
	From, Until calendar.Date
	// Order is the number of the paper that grants it.
	Order string
	// State is where the account stands; it is written and never read.
	State string
}

// Accounts is the sheet of accounts, out and in. roles are the offices that can be given.
func Accounts(roles []registry.Choice) Table[AccountLine] {
	return Table[AccountLine]{Sheet: "账号", Columns: []Column[AccountLine]{
		Text("login", "用户名", func(l *AccountLine) *string { return &l.Login }).Must().Says("2 至 32 位，文字、字母、数字和 . _ - @；登录时不分大小写"),
		Text("name", "姓名", func(l *AccountLine) *string { return &l.Name }).Must(),
		Pick("role", "岗位", roles, func(l *AccountLine) *string { return &l.Role }).Says("不填就只建账号，以后再任命；一人几个岗位的，用户名和姓名照写，一个岗位一行").Wide(24),
		Text("unit", "所在单位", func(l *AccountLine) *string { return &l.Unit }).Says("乡镇、社区、企业、建设单位、部门的名称，或者编号；全县写“全县”").Wide(28),
		Text("scopes", "管辖范围", func(l *AccountLine) *string { return &l.Scopes }).Says("乡镇、社区、企业、小区的名称，或者编号；几个的用顿号分开；全县写“全县”").Wide(28),
		Date("from", "起始日", "2026-10-19", func(l *AccountLine) *calendar.Date { return &l.From }).Says("不填就是从今天起"),
		Date("until", "截止日", "2026-12-31", func(l *AccountLine) *calendar.Date { return &l.Until }).Says("不填就没有截止日"),
		Text("order", "文号", func(l *AccountLine) *string { return &l.Order }).Says("任命文件的文号，可以不填；审计、纪检人员的调阅单不在这里导入，逐件登记").Wide(20),
		Shown("状态", func(l *AccountLine) any { return l.State }),
	}}
}

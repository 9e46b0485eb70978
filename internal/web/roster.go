package web

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// accountImportsPath is where accounts come in from Excel.
const accountImportsPath = accountsPath + "/imports"

// rosterRoutes are the list as a workbook and the import. They stand before the address of one account, which would take “imports” for an id.
func (s *Server) rosterRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	rows := []Route{{Method: get, Path: accountsPath + ".xlsx", Action: policy.ReadAccounts, Handler: s.accountsExcel}}
	if s.files == nil {
		return rows
	}
	desk := func(do func(*importDesk) func(*fiber.Ctx, policy.Actor) error) func(*fiber.Ctx, policy.Actor) error {
		return func(c *fiber.Ctx, by policy.Actor) error { return do(s.accountDesk())(c, by) }
	}
	return append(rows, Route{Method: get, Path: accountImportsPath, Action: policy.CreateAccount, Handler: desk(s.showDesk)},
		Route{Method: post, Path: accountImportsPath, Action: policy.CreateAccount, Handler: desk(s.dryDesk), Upload: maxImport},
		Route{Method: post, Path: accountImportsPath + "/accept", Action: policy.CreateAccount, Handler: s.acceptAccounts},
		Route{Method: get, Path: accountImportsPath + "/template.xlsx", Action: policy.CreateAccount, Handler: desk(s.deskTemplate)},
		Route{Method: get, Path: accountImportsPath + "/marked/:id", Action: policy.CreateAccount, Handler: s.markedWorkbook})
}

// accountsView is what accounts.html shows.
type accountsView struct {
	Rows                 []accountLine
	Form                 []field
	Login, Name, End     sortLink
	Page                 pager
	Filtered             bool
	Excel, Clear, Import string
	CanCreate            bool
	Query                string
}

type accountLine struct{ ID, Login, Name, Offices, Units, End, State string }

// rosterFilters are the filters of the list of accounts.
var rosterFilters = []string{"q", "role", "unit", "state", "within"}

// withinDays are the choices for an appointment that ends soon, in days.
var withinDays = []int{7, 30, 90}

// roster reads the list that an address asks for; refused says what is wrong with the name of a unit.
func (s *Server) roster(c *fiber.Ctx, by policy.Actor) (l listAddress, rows []policy.AccountRow, refused []fault.Field, err error) {
	ctx := c.UserContext()
	l = readList(c, accountsPath, rosterFilters...)
	q := policy.AccountQuery{Text: l.value["q"], Role: policy.Role(l.value["role"]), State: policy.AccountState(l.value["state"]), Sort: l.value["sort"], Desc: l.value["desc"] != ""}
	q.Within, _ = strconv.Atoi(l.value["within"]) // what is no number narrows nothing
	if s.outbox != nil {
		q.Phones = func(ctx context.Context, ids []string) ([]string, error) { return s.outbox.Phones(ctx, by, ids) }
	}
	if l.value["unit"] != "" {
		places, err := s.placing(ctx)
		if err != nil {
			return l, nil, nil, err
		}
		if q.Unit, refused, err = places.key(ctx, "unit", l.value["unit"]); err != nil || len(refused) > 0 {
			return l, nil, refused, err
		}
	}
	rows, err = s.people.Roster(ctx, by, q)
	return l, rows, nil, err
}

// accounts lists the accounts.
func (s *Server) accounts(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	l, rows, refused, err := s.roster(c, by)
	if err != nil {
		return err
	}
	roles, states, within := []option{{"", "全部"}}, []option{{"", "全部"}}, []option{{"", "不限"}}
	for _, r := range s.grantedRoles() {
		roles = append(roles, option{r.ID, r.Text})
	}
	for _, one := range policy.AccountStates() {
		states = append(states, option{string(one.State), one.Title})
	}
	for _, days := range withinDays {
		within = append(within, option{strconv.Itoa(days), strconv.Itoa(days) + " 日内到期"})
	}
	places, err := s.placing(ctx)
	if err != nil {
		return err
	}
	v := accountsView{Query: l.value["q"], Login: l.sorted(policy.AccountsByLogin, "用户名", policy.AccountsByLogin), Name: l.sorted(policy.AccountsByName, "姓名", policy.AccountsByLogin), End: l.sorted(policy.AccountsByEnd, "任期到", policy.AccountsByLogin),
		Filtered: l.filtered(), Excel: l.excel(), Clear: accountsPath, CanCreate: s.guard.Allow(by, policy.CreateAccount)}
	if v.CanCreate && s.files != nil && s.guard.Allow(by, policy.AppointAccount) {
		v.Import = accountImportsPath
	}
	v.Form = withErrors([]field{{Name: "role", Label: "岗位", Options: roles, Value: l.value["role"]}, {Name: "unit", Label: "单位或范围", Type: "text", Value: l.value["unit"], Suggest: places.suggestions()},
		{Name: "state", Label: "状态", Options: states, Value: l.value["state"]}, {Name: "within", Label: "任期", Options: within, Value: l.value["within"]}}, refused)
	from, _ := strconv.Atoi(l.after) // what is no number begins at the first page
	from = min(max(from, 0), len(rows))
	to, next := min(from+registry.PageSize, len(rows)), ""
	if to < len(rows) {
		next = strconv.Itoa(to)
	}
	shown := rows[from:to]
	if err := s.people.Locks(ctx, shown); err != nil {
		return err
	}
	v.Page = l.pager(len(shown), len(rows), next)
	day, named := calendar.DateOf(s.clocks.Business()), map[string]string{}
	for _, a := range shown {
		line := accountLine{ID: a.ID, Login: a.Login, Name: a.Name, End: a.End.Chinese(), State: rosterState(a)}
		if a.Purged {
			line.Login, line.Name = a.ID, gone
		}
		var titles, units []string
		for i, o := range s.offices(a.Appointments) {
			if ap := a.Appointments[i]; ap.Days.Holds(day) {
				titles = append(titles, o.Title)
				if ap.Unit == "" {
					continue
				}
				unit, err := s.scopeName(ctx, named, ap.Unit)
				if err != nil {
					return err
				}
				if !slices.Contains(units, unit) {
					units = append(units, unit)
				}
			}
		}
		line.Offices, line.Units = strings.Join(titles, "、"), strings.Join(units, "、")
		v.Rows = append(v.Rows, line)
	}
	if len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
	}
	return s.render(c, by, "accounts", page{Title: "账号与任命", Nav: accountsPath, Data: v, Fields: refused})
}

// rosterState is the word of a row: what is wrong with the account, or that its password is still the one that was issued.
func rosterState(a policy.AccountRow) string {
	if a.State == policy.AccountActive {
		if a.OneTime {
			return accountState(a.AccountView)
		}
		return ""
	}
	return a.State.Title()
}

// grantedRoles are the offices that can be given, as choices.
func (s *Server) grantedRoles() []registry.Choice {
	var out []registry.Choice
	for _, r := range s.guard.Rules().Roles() {
		if r.Grant != policy.GrantNone {
			out = append(out, registry.Choice{ID: string(r.Role), Text: r.Title})
		}
	}
	return out
}

// accountsExcel writes the accounts that the filter shows, each with its offices of today, in the columns of the template.
func (s *Server) accountsExcel(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	_, rows, refused, err := s.roster(c, by)
	if err == nil && len(refused) > 0 {
		err = fault.InvalidFields("web.accountsExcel", refused...)
	}
	if err == nil {
		err = s.people.Locks(ctx, rows)
	}
	if err != nil {
		return err
	}
	places, err := s.placing(ctx)
	if err != nil {
		return err
	}
	day := calendar.DateOf(s.clocks.Business())
	var lines []report.AccountLine
	for _, a := range rows {
		line := report.AccountLine{Login: a.Login, Name: a.Name, State: a.State.Title()}
		if a.Purged {
			line.Login, line.Name = a.ID, gone
		}
		held := 0
		for _, ap := range a.Appointments {
			if !ap.Days.Holds(day) {
				continue
			}
			one := line
			one.Role, one.From, one.Until, one.Order = string(ap.Role), ap.Days.From, ap.Days.Until, ap.Order
			if ap.Unit != "" {
				if one.Unit, err = places.text(ctx, []string{ap.Unit}); err != nil {
					return err
				}
			}
			if one.Scopes, err = places.text(ctx, ap.Scopes); err != nil {
				return err
			}
			lines, held = append(lines, one), held+1
		}
		if held == 0 {
			lines = append(lines, line)
		}
	}
	return sendSheets(c, "账号.xlsx", report.Accounts(s.grantedRoles()).Filled(lines))
}

// accountDesk is where accounts come in. What it accepts is carried out at once, because the first passwords stand in the answer and nowhere else.
func (s *Server) accountDesk() *importDesk {
	d := &importDesk{Path: accountImportsPath, Title: "导入账号", Nav: accountsPath, List: "账号与任命", Above: accountsPath, New: "新建", Changed: "修改", Same: "没有变化", KindWord: func(string) string { return "账号" },
		Intro:  "一次最多 " + strconv.Itoa(policy.MaxBatch) + " 个账号；导入以后显示每个账号的一次性密码，只显示这一次，当时打印或者抄下。",
		Next:   func(string) []link { return []link{{"看账号", accountsPath}} },
		Recent: func(context.Context, policy.Actor) ([]imports.View, error) { return nil, nil }}
	d.Template = func(*fiber.Ctx, policy.Actor) (string, []byte, error) {
		data, err := report.Accounts(s.grantedRoles()).Template()
		return "账号", data, err
	}
	d.Dry = func(c *fiber.Ctx, by policy.Actor, upload *files.Upload) (dryView, error) {
		read, err := s.readAccounts(c, by, "", upload.Reader())
		if err != nil {
			return dryView{}, err
		}
		run := imports.DryRun{Kind: "accounts", Name: upload.Name, New: int64(len(read.good)), Faulty: read.faulty(), Faults: read.faults}
		if len(read.accounts) == 0 && run.Faulty == 0 {
			return dryView{}, fault.New("web.accountDesk", fault.Invalid, "这个文件没有数据行，请从模板的第 2 行起填写")
		}
		if len(read.good) > 0 {
			data, err := io.ReadAll(upload.Reader())
			if err != nil {
				return dryView{}, fault.Wrap("web.accountDesk", fault.Unavailable, "读不出上传的文件，请重新上传", err)
			}
			if run.Draft, err = s.files.Lend(c.UserContext(), by.ID, upload.Name, data); err != nil {
				return dryView{}, err
			}
		}
		return s.dryView(c, by, d, run, upload, read.sheet, read.at)
	}
	return d
}

// accountFile is a workbook of accounts as it was read.
type accountFile struct {
	accounts []policy.NewAccount
	// good are those that can be opened, in order.
	good   []policy.NewAccount
	faults []imports.LineFault
	sheet  string
	at     func(row int64, field, message string) report.Fault
}

// faulty is how many rows have something wrong with them.
func (f *accountFile) faulty() int64 {
	rows := map[int64]bool{}
	for _, bad := range f.faults {
		rows[bad.Row] = true
	}
	return int64(len(rows))
}

// readAccounts reads a workbook and checks each account: its rows are those of one login. An account of which one row is wrong is not opened at all.
func (s *Server) readAccounts(c *fiber.Ctx, by policy.Actor, batch string, r io.Reader) (*accountFile, error) {
	ctx := c.UserContext()
	read, err := report.Accounts(s.grantedRoles()).Read(r)
	if err != nil {
		return nil, err
	}
	places, err := s.placing(ctx)
	if err != nil {
		return nil, err
	}
	out := &accountFile{faults: unread(read.Faults), sheet: read.Sheet, at: read.At}
	wrong := func(row int64, bad ...fault.Field) {
		for _, f := range bad {
			name, _, _ := strings.Cut(f.Name, "[")
			out.faults = append(out.faults, imports.LineFault{Row: row, Field: name, Message: f.Message})
		}
	}
	today := calendar.DateOf(s.clocks.Business())
	var rowsOf [][]int64
	at := map[string]int{}
	for _, row := range read.Rows {
		l := row.Value
		login := policy.NormalLogin(l.Login)
		i, known := at[login]
		if !known {
			i = len(out.accounts)
			at[login] = i
			out.accounts, rowsOf = append(out.accounts, policy.NewAccount{Login: l.Login, Name: l.Name}), append(rowsOf, nil)
		}
		rowsOf[i] = append(rowsOf[i], row.Number)
		if a := &out.accounts[i]; known && strings.TrimSpace(l.Name) != strings.TrimSpace(a.Name) {
			wrong(row.Number, fault.Field{Name: "name", Message: "用户名“" + login + "”在上面的行里是“" + a.Name + "”，同一用户名的姓名要一样"})
		}
		if l.Role == "" {
			if l.Unit+l.Scopes+l.Order != "" || known || !l.From.IsZero() || !l.Until.IsZero() {
				wrong(row.Number, fault.Field{Name: "role", Message: "请选择岗位；只建账号不任命的，只填用户名和姓名，写一行"})
			}
			continue
		}
		ap := policy.Appointment{Role: policy.Role(l.Role), Days: policy.Span{From: l.From, Until: l.Until}, Order: strings.TrimSpace(l.Order)}
		if ap.Days.From.IsZero() {
			ap.Days.From = today
		}
		var bad, more []fault.Field
		if ap.Unit, bad, err = places.key(ctx, "unit", l.Unit); err != nil {
			return nil, err
		}
		if ap.Scopes, more, err = places.keys(ctx, "scopes", l.Scopes); err != nil {
			return nil, err
		}
		wrong(row.Number, append(bad, more...)...)
		out.accounts[i].Appointments = append(out.accounts[i].Appointments, ap)
	}
	for _, bad := range read.Faults { // whose row it was that could not be read
		if i, known := at[policy.NormalLogin(read.At(bad.Row, "login", "").Found)]; known {
			rowsOf[i] = append(rowsOf[i], bad.Row)
		}
	}
	checked, err := s.people.CheckAccounts(ctx, by, batch, out.accounts)
	if err != nil {
		return nil, err
	}
	for i, bad := range checked {
		wrong(rowsOf[i][0], bad...)
	}
	slices.SortStableFunc(out.faults, func(a, b imports.LineFault) int { return int(a.Row - b.Row) })
	for i, a := range out.accounts {
		if !slices.ContainsFunc(out.faults, func(f imports.LineFault) bool { return slices.Contains(rowsOf[i], f.Row) }) {
			out.good = append(out.good, a)
		}
	}
	return out, nil
}

// issuedView is what account_secrets.html shows, once.
type issuedView struct {
	Rows []policy.Issued
	// Issued counts the passwords, Left the rows of the file that were not imported.
	Issued, Left int
}

// acceptAccounts opens the accounts of a workbook that a dry run showed and shows their first passwords. The same again finishes what was interrupted: it gives anew a password to each account that
// has not set an own one.
func (s *Server) acceptAccounts(c *fiber.Ctx, by policy.Actor) error {
	const op = "web.acceptAccounts"
	ctx, draft := c.UserContext(), c.FormValue("draft")
	_, data, err := s.files.Lent(ctx, by.ID, draft)
	if err != nil {
		return err
	}
	read, err := s.readAccounts(c, by, draft, strings.NewReader(string(data)))
	if err != nil {
		return err
	}
	if n := read.faulty(); n > 0 && c.FormValue("only") != "good" || len(read.good) == 0 {
		return fault.New(op, fault.Conflict, "试运行以后有了变化，现在有 "+strconv.FormatInt(n, 10)+" 行有错，请重新上传看一遍")
	}
	issued, err := s.people.CreateAccounts(ctx, by, draft, read.good)
	if err != nil {
		return err
	}
	v := issuedView{Rows: issued, Left: int(read.faulty())}
	for _, one := range issued {
		if one.OneTime != "" {
			v.Issued++
		}
	}
	return s.render(c, by, "account_secrets", page{Title: "账号已建立", Nav: accountsPath, Data: v})
}

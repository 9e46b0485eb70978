package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
)

// People is what the pages need from accounts; policy's service implements it. Every method checks the actor's right again and
// lists its errors there.
type People interface {
	policy.Accounts
	Colleagues
	// Person returns who somebody is, to name who signed. Returns NotFound.
	Person(ctx context.Context, id string) (policy.Actor, error)
	// KnownAs tells who accounts are that did something, masked for who may not read accounts; see policy.
	KnownAs(ctx context.Context, by policy.Actor, ids []string) (map[string]policy.KnownAs, error)
	// Absences are the absences of a person with the change that they are of; RecordAbsence and EndAbsence change them. They return Forbidden for anybody but the
	// person, who must be able to sign approvals, and administrators, Invalid for refused fields, Conflict if seq is not the last change.
	Absences(ctx context.Context, by policy.Actor, id string) ([]policy.Absence, int64, error)
	RecordAbsence(ctx context.Context, by policy.Actor, id string, seq int64, days policy.Span, deputy string) error
	EndAbsence(ctx context.Context, by policy.Actor, id string, seq int64, index int) error
	// SetupOpen reports whether there is no account yet, so that the first administrator can be made.
	SetupOpen(ctx context.Context) (bool, error)
	// Setup makes the first administrator with the one-time setup token. Returns Forbidden for a wrong token, with that field, or if it is done already,
	// Invalid for refused fields.
	Setup(ctx context.Context, token, login, name, password string) error
	// Reauthenticate asks for the password, or for a one-time code, again. Returns Invalid for the field current.
	Reauthenticate(ctx context.Context, by policy.Actor, given string) error
	// ChangePassword changes the actor's own password and ends all its sessions. Returns Invalid for refused fields.
	ChangePassword(ctx context.Context, by policy.Actor, current, next string) error
	// NewTOTP returns a fresh secret for one-time codes and the address for an authenticator app; nothing is stored yet.
	NewTOTP(ctx context.Context, by policy.Actor) (secret, address string, err error)
	// EnableTOTP stores the secret once a code proves that the app has it. Returns Invalid for a wrong code.
	EnableTOTP(ctx context.Context, by policy.Actor, secret, code string) error
	// ListAccounts returns up to 50 accounts after the cursor, and the next cursor.
	ListAccounts(ctx context.Context, by policy.Actor, after string) ([]policy.AccountView, string, error)
	// Roster lists the accounts of a query, whole; Locks marks those of some rows that are locked. They return Forbidden, Invalid for an order that is none.
	Roster(ctx context.Context, by policy.Actor, q policy.AccountQuery) ([]policy.AccountRow, error)
	Locks(ctx context.Context, rows []policy.AccountRow) error
	// CheckAccounts tells what is wrong with each account of a file, CreateAccounts opens them with their first passwords. They return Forbidden, Invalid before anything is written.
	CheckAccounts(ctx context.Context, by policy.Actor, batch string, list []policy.NewAccount) ([][]fault.Field, error)
	CreateAccounts(ctx context.Context, by policy.Actor, batch string, list []policy.NewAccount) ([]policy.Issued, error)
	// OneAccount returns an account. Returns NotFound.
	OneAccount(ctx context.Context, by policy.Actor, id string) (policy.AccountView, error)
	// OwnAccount returns the actor's own account.
	OwnAccount(ctx context.Context, by policy.Actor) (policy.AccountView, error)
	// TakeEmergency gives the actor another office for some hours, EndEmergency gives it back. They return Forbidden, Invalid for refused fields, Conflict while another one runs, or none.
	TakeEmergency(ctx context.Context, by policy.Actor, role policy.Role, hours int, reason string) (policy.Emergency, error)
	EndEmergency(ctx context.Context, by policy.Actor) error
	// Emergencies are those of all accounts, OwnEmergencies the actor's, newest first. ReviewEmergency records what somebody found. They return Forbidden, NotFound, Invalid for the
	// field words, Conflict.
	Emergencies(ctx context.Context, by policy.Actor) ([]policy.EmergencyView, error)
	OwnEmergencies(ctx context.Context, by policy.Actor) ([]policy.EmergencyView, error)
	ReviewEmergency(ctx context.Context, by policy.Actor, id string, number int64, proper bool, words string) error
	// Simulate tells what a person may do on a day, WhoCan who may do something about a row, Manned how many hold each role. They return Forbidden without ReadAccounts, Invalid for
	// what is no action or no scope.
	Simulate(ctx context.Context, by policy.Actor, id string, day calendar.Date) (policy.Simulation, error)
	WhoCan(ctx context.Context, by policy.Actor, action policy.Action, keys []string, day calendar.Date) ([]policy.CanDo, error)
	Manned(ctx context.Context, by policy.Actor) (map[policy.Role]int, error)
	// CreateAccount opens an account and returns its id and one-time password. Returns Invalid for refused fields, Conflict for a login that is taken.
	CreateAccount(ctx context.Context, by policy.Actor, login, name string) (id, oneTime string, err error)
	// Appoint adds an appointment, EndAppointment ends one today. They return Invalid for refused fields and Conflict if seq is not the last change.
	Appoint(ctx context.Context, by policy.Actor, id string, seq int64, ap policy.Appointment) error
	EndAppointment(ctx context.Context, by policy.Actor, id string, seq int64, index int) error
	// SetDisabled closes or reopens an account. Returns Conflict if seq is not the last change.
	SetDisabled(ctx context.Context, by policy.Actor, id string, seq int64, disabled bool) error
	// Rename corrects the display name of somebody else's account. Returns Forbidden, NotFound, Invalid for the field name, Conflict.
	Rename(ctx context.Context, by policy.Actor, id string, seq int64, name string) error
	Staffing
	// ResetPassword issues a one-time password and removes the second factor. Returns Conflict if seq is not the last change.
	ResetPassword(ctx context.Context, by policy.Actor, id string, seq int64) (oneTime string, err error)
}

// accountsPath is the page of the accounts.
const accountsPath = "/admin/accounts"

// accountState is the word that makes an account an exception.
func accountState(a policy.AccountView) string {
	switch {
	case a.Disabled:
		return "停用"
	case a.OneTime:
		return "须改密码"
	}
	return ""
}

func (s *Server) setupForm(login, name string, refused []fault.Field) []field {
	return withErrors([]field{
		{Name: "token", Label: "设置口令", Type: "text", Autocomplete: "off", Hint: "服务器终端上显示的一次性口令"},
		{Name: "login", Label: "用户名", Type: "text", Autocomplete: "username", Value: login, Hint: "2 至 32 位文字或字母"},
		{Name: "name", Label: "姓名", Type: "text", Autocomplete: "name", Value: name},
		{Name: "password", Label: "密码", Type: "password", Autocomplete: "new-password", Hint: "至少 8 位，大写字母、小写字母、数字、其他字符中至少三类"},
		{Name: againField, Label: "再输一次密码", Type: "password", Autocomplete: "new-password"},
	}, refused)
}

// againField is where a new password is typed a second time, so that a slip of the finger locks nobody out.
const againField = "again"

// typedAgain returns what is wrong if the two entries of a new password differ.
func typedAgain(c *fiber.Ctx) []fault.Field {
	if c.FormValue("password") == c.FormValue(againField) {
		return nil
	}
	return []fault.Field{{Name: againField, Message: "两次输入的密码不一样，请重新输入"}}
}

type formView struct{ Form []field }

// setupPage is there until the first administrator exists.
func (s *Server) setupPage(c *fiber.Ctx, by policy.Actor) error {
	open, err := s.people.SetupOpen(c.UserContext())
	if err != nil {
		return err
	}
	if !open {
		return fault.New("web.setupPage", fault.NotFound, "")
	}
	return s.render(c, by, "setup", page{Title: "首次启动", Data: formView{s.setupForm("", "", nil)}})
}

// setup makes the first administrator.
func (s *Server) setup(c *fiber.Ctx, by policy.Actor) error {
	login, name := c.FormValue("login"), c.FormValue("name")
	again := func(refused []fault.Field) page {
		return page{Title: "首次启动", Data: formView{s.setupForm(login, name, refused)}, Fields: refused}
	}
	if refused := typedAgain(c); refused != nil {
		return s.refuse(c, by, "setup", again(refused))
	}
	err := s.people.Setup(c.UserContext(), c.FormValue("token"), login, name, c.FormValue("password"))
	if refused := fault.FieldsOf(err); len(refused) > 0 {
		if fault.Is(err, fault.Forbidden) {
			s.logRefusal(c, by, policy.RunSetup, err, "")
		}
		c.Status(statusOf(fault.KindOf(err)))
		return s.render(c, by, "setup", again(refused))
	}
	if err != nil {
		return err
	}
	return seeOther(c, "/signin")
}

// refuse shows a form again with everything typed and every error, with the status of Invalid.
func (s *Server) refuse(c *fiber.Ctx, by policy.Actor, name string, p page) error {
	c.Status(statusOf(fault.Invalid))
	return s.render(c, by, name, p)
}

// accountView is what account.html shows.
type accountView struct {
	Offices  []officeView
	Password []field
	// Away is nil for somebody who signs no approvals.
	Away *awayView
	// HasViews: lists can be saved here. Emergencies: another office can be taken in an emergency, or was.
	HasViews, Emergencies bool
	// HasPrinters: printers can be kept here.
	HasPrinters bool
	// HasData: there is a page of what is held about the person.
	HasData bool
}

// accountPage is the page of one's own account; refused belong to the form of the password.
func (s *Server) accountPage(c *fiber.Ctx, by policy.Actor, refused []fault.Field) (page, error) {
	away, err := s.awayOf(c, by, by.ID, nil)
	if err != nil {
		return page{}, err
	}
	offices, err := s.officesNamed(c.UserContext(), by.Appointments)
	if err != nil {
		return page{}, err
	}
	form := withErrors([]field{
		{Name: "current", Label: "现在的密码", Type: "password", Autocomplete: "current-password"},
		{Name: "password", Label: "新密码", Type: "password", Autocomplete: "new-password", Hint: "至少 8 位，大写字母、小写字母、数字、其他字符中至少三类；不能与最近五次相同"},
		{Name: againField, Label: "再输一次新密码", Type: "password", Autocomplete: "new-password"},
	}, refused)
	return page{Title: "我的账号", Nav: "/account", Data: accountView{Offices: offices, Password: form, Away: away, HasViews: s.views != nil, HasPrinters: s.printers != nil, HasData: s.privacy != nil, Emergencies: by.Mark() != "" || len(s.guard.Rules().EmergencyOffices(by)) > 0}, Fields: refused}, nil
}

// account shows one's own account.
func (s *Server) account(c *fiber.Ctx, by policy.Actor) error {
	p, err := s.accountPage(c, by, nil)
	if err != nil {
		return err
	}
	p.Said = saidParam(c, awaySaid)
	return s.render(c, by, "account", p)
}

// changePassword changes one's own password; every session ends, this one too.
func (s *Server) changePassword(c *fiber.Ctx, by policy.Actor) error {
	var err error
	refused := typedAgain(c)
	if refused == nil {
		err = s.people.ChangePassword(c.UserContext(), by, c.FormValue("current"), c.FormValue("password"))
		refused = refusedForm(err)
	}
	if len(refused) > 0 {
		p, err := s.accountPage(c, by, refused)
		if err != nil {
			return err
		}
		return s.refuse(c, by, "account", p)
	}
	if err != nil {
		return err
	}
	s.setCookie(c, sessionCookie, "", -1)
	return s.renderSignIn(c, policy.Actor{}, signInForm{Next: "/todo", Notice: "密码已修改，全部设备已退出。请用新密码登录。"})
}

// totpView is what totp.html shows.
type totpView struct {
	Secret, Grouped string
	Form            []field
}

func totpForm(secret string, refused []fault.Field) page {
	var groups []string
	for rest := secret; rest != ""; rest = rest[min(4, len(rest)):] {
		groups = append(groups, rest[:min(4, len(rest))])
	}
	form := withErrors([]field{{Name: "code", Label: "动态口令", Type: "text", Mode: "numeric", Autocomplete: "one-time-code", Hint: "应用里显示的 6 位数字"}}, refused)
	return page{Title: "开通动态口令", Nav: "/account", Fields: refused, Data: totpView{Secret: secret, Grouped: strings.Join(groups, " "), Form: form}}
}

// totpPage offers a fresh secret for an authenticator app.
func (s *Server) totpPage(c *fiber.Ctx, by policy.Actor) error {
	secret, _, err := s.people.NewTOTP(c.UserContext(), by)
	if err != nil {
		return err
	}
	return s.render(c, by, "totp", totpForm(secret, nil))
}

// enableTOTP switches the second factor on once a code proves that the app has the secret.
func (s *Server) enableTOTP(c *fiber.Ctx, by policy.Actor) error {
	secret := c.FormValue("secret")
	err := s.people.EnableTOTP(c.UserContext(), by, secret, strings.TrimSpace(c.FormValue("code")))
	if refused := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(refused) > 0 {
		return s.refuse(c, by, "totp", totpForm(secret, refused))
	}
	if err != nil {
		return err
	}
	p, err := s.accountPage(c, by, nil)
	if err != nil {
		return err
	}
	p.Said = "动态口令已开通，下次登录时要填。"
	return s.render(c, by, "account", p)
}

func newAccountForm(login, name string, refused []fault.Field) formView {
	return formView{withErrors([]field{
		{Name: "login", Label: "用户名", Type: "text", Autocomplete: "off", Value: login, Hint: "2 至 32 位，文字、字母、数字和 . _ - @；登录时不分大小写"},
		{Name: "name", Label: "姓名", Type: "text", Autocomplete: "off", Value: name},
	}, refused)}
}

// newAccount is the form for an account.
func (s *Server) newAccount(c *fiber.Ctx, by policy.Actor) error {
	return s.render(c, by, "account_new", page{Title: "新建账号", Nav: accountsPath, Data: newAccountForm("", "", nil)})
}

// secretView shows a one-time password, once.
type secretView struct{ ID, Title, Login, Name, Secret string }

// createAccount opens an account.
func (s *Server) createAccount(c *fiber.Ctx, by policy.Actor) error {
	login, name := c.FormValue("login"), c.FormValue("name")
	id, secret, err := s.people.CreateAccount(c.UserContext(), by, login, name)
	refused := fault.FieldsOf(err)
	if fault.Is(err, fault.Conflict) {
		refused = []fault.Field{{Name: "login", Message: fault.MessageOf(err)}}
	}
	if err != nil && len(refused) > 0 {
		return s.refuse(c, by, "account_new", page{Title: "新建账号", Nav: accountsPath, Data: newAccountForm(login, name, refused), Fields: refused})
	}
	if err != nil {
		return err
	}
	return s.render(c, by, "account_secret", page{Title: "账号已建立", Nav: accountsPath,
		Data: secretView{ID: id, Title: "账号已建立", Login: policy.NormalLogin(login), Name: name, Secret: secret}})
}

// oneAccountView is what account_one.html shows.
type oneAccountView struct {
	ID, Login, Name, State string
	Seq                    int64
	Disabled               bool
	Appointments           []appointmentView
	Form                   []field
	// Order is where a 调阅单 is entered, "" for who may not.
	Order string
	// Rename is the form that corrects the name, none for who may not.
	Rename               []field
	CanAppoint, CanReset bool
	CanDisable           bool
	// Away is nil for somebody who cannot appoint.
	Away *awayView
	// Changes and Accesses lead to what the account changed, and to what it was refused and looked at; "" for who may not read them.
	Changes, Accesses string
}

type appointmentView struct {
	Index                           int
	Title, Span, Scope, Order, Unit string
	Now, CanEnd                     bool
	// Access is what an order lets read, nil for an appointment without.
	Access *orderView
}

// oneAccount shows an account and what can be done with it.
func (s *Server) oneAccount(c *fiber.Ctx, by policy.Actor) error {
	said := saidParam(c, awaySaid)
	if c.Query("done") == "name" {
		said = "姓名已更正，变更日志留有记录。"
	}
	return s.showAccount(c, by, said, nil)
}

// showAccount renders an account; refused are the errors of the appointment form, whose typed values stay.
func (s *Server) showAccount(c *fiber.Ctx, by policy.Actor, said string, refused []fault.Field) error {
	a, err := s.people.OneAccount(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	v := oneAccountView{ID: a.ID, Login: a.Login, Name: a.Name, State: accountState(a), Seq: a.Seq, Disabled: a.Disabled,
		CanAppoint: s.guard.Allow(by, policy.AppointAccount), CanReset: s.guard.Allow(by, policy.ResetAccount), CanDisable: s.guard.Allow(by, policy.DisableAccount)}
	if s.journal != nil && s.guard.Allow(by, policy.ReadLog) {
		v.Changes = logPath + "?by=" + a.ID
	}
	if s.privacy != nil && s.privacy.Accesses != nil && s.guard.Allow(by, policy.ReadAccessLog) {
		v.Accesses = accessPath + "?by=" + a.ID
	}
	day := calendar.DateOf(s.clocks.Business())
	offices, err := s.officesNamed(c.UserContext(), a.Appointments)
	if err != nil {
		return err
	}
	for i, o := range offices {
		ap := a.Appointments[i]
		now := ap.Days.Holds(day)
		v.Appointments = append(v.Appointments, appointmentView{Index: i, Title: o.Title, Span: o.Span, Scope: o.Scope, Unit: o.Unit, Order: ap.Order, Access: o.Order, Now: now,
			CanEnd: v.CanAppoint && (now || day.Compare(ap.Days.From) < 0)})
	}
	if v.CanAppoint {
		places, err := s.placing(c.UserContext())
		if err != nil {
			return err
		}
		v.Form, v.Order = withErrors(s.appointForm(c, places), refused), orderPath(a.ID)
	}
	if s.guard.Allow(by, policy.UpdateAccount) && a.ID != by.ID {
		name := a.Name
		if c.Method() == fiber.MethodPost && len(refused) > 0 && c.FormValue("name") != "" {
			name = c.FormValue("name")
		}
		v.Rename = withErrors([]field{{Name: "name", Label: "姓名", Type: "text", Value: name, Autocomplete: "off"}}, refused)
	}
	if v.Away, err = s.awayOf(c, by, a.ID, refused); err != nil {
		return err
	}
	return s.render(c, by, "account_one", page{Title: "账号 " + a.Login, Nav: accountsPath, Data: v, Said: said, Fields: refused})
}

// appointForm asks for an appointment; what takes an order has a form of its own.
func (s *Server) appointForm(c *fiber.Ctx, places *placing) []field {
	roles := []option{{"", "请选择"}}
	for _, r := range s.guard.Rules().Roles() {
		if r.Grant == policy.GrantStanding {
			roles = append(roles, option{string(r.Role), r.Title})
		}
	}
	return []field{
		{Name: "role", Label: "岗位", Options: roles, Value: c.FormValue("role")},
		{Name: "unit", Label: "所在单位", Type: "text", Optional: true, Value: c.FormValue("unit"), Suggest: places.suggestions(), Hint: "乡镇、社区、企业、建设单位、部门的名称，可以只打几个字再从列表里选；也可以写编号（t:、c:、f:、d:、u:）；局里的人写“全县”"},
		{Name: "scopes", Label: "管辖范围", Type: "text", Value: c.FormValue("scopes"), Suggest: places.suggestions(), Hint: "乡镇、社区、企业、小区的名称或者编号，几个的用顿号分开；全县写“全县”", Optional: true},
		{Name: "from", Label: "起始日", Type: "date", Optional: true, Value: c.FormValue("from"), Hint: "不填即从今天起"},
		{Name: "until", Label: "截止日", Type: "date", Optional: true, Value: c.FormValue("until")},
		{Name: "order", Label: "文号", Type: "text", Optional: true, Value: c.FormValue("order"), Hint: "任命文件的文号"},
	}
}

// formSeq is the change that the form was made from; 0 never matches, so a form without it is refused as overtaken.
func formSeq(c *fiber.Ctx) int64 { return seqOf(c.FormValue("seq")) }

func seqOf(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// appoint gives an office.
func (s *Server) appoint(c *fiber.Ctx, by policy.Actor) error {
	ap := policy.Appointment{Role: policy.Role(c.FormValue("role")), Order: strings.TrimSpace(c.FormValue("order"))}
	return s.appointAs(c, by, ap, nil, func(refused []fault.Field) error { return s.showAccount(c, by, "", refused) })
}

// appointAs gives an office whose days, unit and scopes stand in the form; unread is what else of the form cannot be read, again shows the form with what was refused.
func (s *Server) appointAs(c *fiber.Ctx, by policy.Actor, ap policy.Appointment, unread []fault.Field, again func(refused []fault.Field) error) error {
	ap.Days.From = calendar.DateOf(s.clocks.Business())
	for name, day := range map[string]*calendar.Date{"from": &ap.Days.From, "until": &ap.Days.Until} {
		text := c.FormValue(name)
		if text == "" {
			continue
		}
		var err error
		if *day, err = calendar.ParseDate(text); err != nil {
			unread = append(unread, fault.Field{Name: name, Message: fmt.Sprintf("“%s”不是日期，要写成 2026-10-19", text)})
		}
	}
	places, err := s.placing(c.UserContext())
	if err != nil {
		return err
	}
	var wrong, more []fault.Field
	if ap.Unit, wrong, err = places.key(c.UserContext(), "unit", c.FormValue("unit")); err != nil {
		return err
	}
	if ap.Scopes, more, err = places.keys(c.UserContext(), "scopes", c.FormValue("scopes")); err != nil {
		return err
	}
	unread = slices.Concat(unread, wrong, more)
	err = inOneRound(c.UserContext(), &unread, func(ctx context.Context) error {
		err := s.people.Appoint(ctx, by, c.Params("id"), formSeq(c), ap)
		refused := refusedForm(err)
		if len(refused) == 0 {
			return err
		}
		for i := range refused { // policy names the place in the record: appointments[2].role
			if at := strings.LastIndexByte(refused[i].Name, '.'); at >= 0 {
				refused[i].Name = refused[i].Name[at+1:]
			}
			if name, _, ok := strings.Cut(refused[i].Name, "["); ok {
				refused[i].Name = name
			}
			if refused[i].Name == "appointments" {
				refused[i].Name = "role"
			}
		}
		return fault.InvalidFields("web.appoint", refused...)
	})
	if refused := refusedForm(err); len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
		return again(refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, "/admin/accounts/"+c.Params("id"))
}

// endAppointment ends an office today.
func (s *Server) endAppointment(c *fiber.Ctx, by policy.Actor) error {
	index, err := strconv.Atoi(c.FormValue("index"))
	if err != nil {
		return fault.InvalidFields("web.endAppointment", fault.Field{Name: "index", Message: "没有指明要免去的岗位，请回到账号页面再选"})
	}
	if err := s.people.EndAppointment(c.UserContext(), by, c.Params("id"), formSeq(c), index); err != nil {
		return err
	}
	return seeOther(c, "/admin/accounts/"+c.Params("id"))
}

// renameAccount corrects the name of an account, as who it belongs to asked or the appointment says.
func (s *Server) renameAccount(c *fiber.Ctx, by policy.Actor) error {
	err := s.people.Rename(c.UserContext(), by, c.Params("id"), formSeq(c), c.FormValue("name"))
	if refused := refusedForm(err); len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showAccount(c, by, "", refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, accountsPath+"/"+c.Params("id")+"?done=name")
}

// disableAccount closes an account.
func (s *Server) disableAccount(c *fiber.Ctx, by policy.Actor) error {
	if err := s.people.SetDisabled(c.UserContext(), by, c.Params("id"), formSeq(c), true); err != nil {
		return err
	}
	return seeOther(c, "/admin/accounts/"+c.Params("id"))
}

// enableAccount reopens an account.
func (s *Server) enableAccount(c *fiber.Ctx, by policy.Actor) error {
	if err := s.people.SetDisabled(c.UserContext(), by, c.Params("id"), formSeq(c), false); err != nil {
		return err
	}
	return seeOther(c, "/admin/accounts/"+c.Params("id"))
}

// resetAccount issues a one-time password.
func (s *Server) resetAccount(c *fiber.Ctx, by policy.Actor) error {
	id := c.Params("id")
	secret, err := s.people.ResetPassword(c.UserContext(), by, id, formSeq(c))
	if err != nil {
		return err
	}
	a, err := s.people.OneAccount(c.UserContext(), by, id)
	if err != nil {
		return err
	}
	return s.render(c, by, "account_secret", page{Title: "密码已重置", Nav: accountsPath,
		Data: secretView{ID: id, Title: "密码已重置", Login: a.Login, Name: a.Name, Secret: secret}})
}

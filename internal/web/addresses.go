package web

import (
	"context"
	"io"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/policy/outbox"
	"redsteward/registry"
)

// addressesPath is where message addresses of accounts come in from Excel.
const addressesPath = outboxPath + "/addresses"

// addressRoutes are its desk; none without a place for uploads.
func (s *Server) addressRoutes() []Route {
	if s.files == nil {
		return nil
	}
	const get, post, right = fiber.MethodGet, fiber.MethodPost, policy.UpdateAccount
	desk := func(do func(*importDesk) func(*fiber.Ctx, policy.Actor) error) func(*fiber.Ctx, policy.Actor) error {
		return func(c *fiber.Ctx, by policy.Actor) error { return do(s.addressDesk())(c, by) }
	}
	return []Route{
		{Method: get, Path: addressesPath, Action: right, Handler: desk(s.showDesk)},
		{Method: post, Path: addressesPath, Action: right, Handler: desk(s.dryDesk), Upload: maxImport},
		{Method: post, Path: addressesPath + "/accept", Action: right, Handler: s.acceptAddresses},
		{Method: get, Path: addressesPath + "/template.xlsx", Action: right, Handler: desk(s.deskTemplate)},
		{Method: get, Path: addressesPath + "/marked/:id", Action: right, Handler: s.markedWorkbook},
	}
}

// addressSheet is the sheet with the addresses that the channels need.
func (s *Server) addressSheet() report.Table[report.AddressLine] {
	var kinds []registry.Choice
	for _, kind := range s.outbox.Kinds() {
		kinds = append(kinds, registry.Choice{ID: string(kind), Text: kind.Title()})
	}
	return report.Addresses(kinds)
}

// addressDesk is where addresses come in. They are personal data: what it accepts is carried out at once and kept nowhere else, and no page shows them.
func (s *Server) addressDesk() *importDesk {
	d := &importDesk{Path: addressesPath, Title: "导入消息地址", Nav: outboxPath, List: "发件箱", New: "登记", Changed: "修改", Same: "没有变化", KindWord: func(string) string { return "消息地址" },
		Intro:  "模板里列出在用的、还缺地址的账号。只登记地址；用哪些渠道仍由各人在“接收方式”里选。",
		Next:   func(string) []link { return []link{{"看发件箱", outboxPath}} },
		Recent: func(context.Context, policy.Actor) ([]imports.View, error) { return nil, nil }}
	const noChannel = "没有配置渠道，不用登记地址"
	d.Template = func(c *fiber.Ctx, by policy.Actor) (string, []byte, error) {
		if len(s.outbox.Kinds()) == 0 {
			return "", nil, fault.New("web.addressDesk", fault.Conflict, noChannel)
		}
		lines, err := s.unreached(c.UserContext(), by)
		if err != nil {
			return "", nil, err
		}
		data, err := s.addressSheet().Prepared(lines)
		return "消息地址", data, err
	}
	d.Dry = func(c *fiber.Ctx, by policy.Actor, upload *files.Upload) (dryView, error) {
		if len(s.outbox.Kinds()) == 0 {
			return dryView{}, fault.New("web.addressDesk", fault.Conflict, noChannel)
		}
		read, err := s.readAddresses(c.UserContext(), by, upload.Reader())
		if err != nil {
			return dryView{}, err
		}
		run := imports.DryRun{Kind: "addresses", Name: upload.Name, New: read.changes, Same: int64(len(read.good)) - read.changes, Faulty: read.faulty(), Faults: read.faults}
		if len(read.good) == 0 && run.Faulty == 0 {
			return dryView{}, fault.New("web.addressDesk", fault.Invalid, "这个文件没有数据行，请从模板的第 2 行起填写")
		}
		if read.changes > 0 {
			data, err := io.ReadAll(upload.Reader())
			if err != nil {
				return dryView{}, fault.Wrap("web.addressDesk", fault.Unavailable, "读不出上传的文件，请重新上传", err)
			}
			if run.Draft, err = s.files.Lend(c.UserContext(), by.ID, upload.Name, data); err != nil {
				return dryView{}, err
			}
		}
		return s.dryView(c, by, d, run, upload, read.sheet, read.at)
	}
	return d
}

// unreached are the accounts in use that lack an address of one of the channels, without any address.
func (s *Server) unreached(ctx context.Context, by policy.Actor) (lines []report.AddressLine, err error) {
	rows, err := s.people.Roster(ctx, by, policy.AccountQuery{State: policy.AccountActive})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	lack, err := s.outbox.Unreached(ctx, by, ids)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if lack[i] {
			lines = append(lines, report.AddressLine{Login: rows[i].Login, Name: rows[i].Name})
		}
	}
	return lines, nil
}

// addressFile is a workbook of addresses as it was read.
type addressFile struct {
	accountFile
	// good are the rows that can be stored; changes of them say something new.
	good    []outbox.Addresses
	changes int64
}

// readAddresses reads a workbook and looks at each row.
func (s *Server) readAddresses(ctx context.Context, by policy.Actor, r io.Reader) (*addressFile, error) {
	read, err := s.addressSheet().Read(r)
	if err != nil {
		return nil, err
	}
	rows, err := s.people.Roster(ctx, by, policy.AccountQuery{})
	if err != nil {
		return nil, err
	}
	accounts := map[string]policy.AccountRow{}
	for _, a := range rows {
		accounts[policy.NormalLogin(a.Login)] = a
	}
	out := &addressFile{accountFile: accountFile{faults: unread(read.Faults), sheet: read.Sheet, at: read.At}}
	seen := map[string]bool{}
	for _, row := range read.Rows {
		l, login := row.Value, policy.NormalLogin(row.Value.Login)
		a, known := accounts[login]
		one := outbox.Addresses{Account: a.ID, Phone: l.Phone, Mail: l.Mail, Network: l.Network}
		var bad []fault.Field
		switch name := strings.TrimSpace(l.Name); {
		case !known || a.Purged:
			bad = append(bad, fault.Field{Name: "login", Message: "没有用户名为“" + login + "”的账号"})
		case a.State == policy.AccountClosed || a.State == policy.AccountLeft:
			bad = append(bad, fault.Field{Name: "login", Message: "用户名“" + login + "”的账号" + a.State.Title() + "，不登记地址"})
		case seen[login]:
			bad = append(bad, fault.Field{Name: "login", Message: "用户名“" + login + "”在上面的行里已经有了"})
		case name != "" && name != a.Name:
			bad = append(bad, fault.Field{Name: "name", Message: "用户名“" + login + "”的姓名不是这个，请核对是不是填错了行"})
		}
		seen[login] = true
		changes := false
		if len(bad) == 0 {
			if changes, bad, err = s.outbox.LookAtAddresses(ctx, by, one); err != nil {
				return nil, err
			}
		}
		for _, f := range bad {
			out.faults = append(out.faults, imports.LineFault{Row: row.Number, Field: f.Name, Message: f.Message})
		}
		if len(bad) > 0 {
			continue
		}
		out.good = append(out.good, one)
		if changes {
			out.changes++
		}
	}
	return out, nil
}

// acceptAddresses stores the addresses of a workbook that a dry run showed; the same again finishes what was interrupted.
func (s *Server) acceptAddresses(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	_, data, err := s.files.Lent(ctx, by.ID, c.FormValue("draft"))
	if err != nil {
		return err
	}
	read, err := s.readAddresses(ctx, by, strings.NewReader(string(data)))
	if err != nil {
		return err
	}
	if n := read.faulty(); n > 0 && c.FormValue("only") != "good" || len(read.good) == 0 {
		return fault.New("web.acceptAddresses", fault.Conflict, "试运行以后有了变化，或者有的行有错，请重新上传看一遍")
	}
	if _, err := s.outbox.EnterAddresses(ctx, by, read.good); err != nil {
		return err
	}
	return seeOther(c, outboxPath+"?done=addresses")
}

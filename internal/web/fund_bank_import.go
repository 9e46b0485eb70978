package web

import (
	"bytes"
	"context"
	"io"
	"math/big"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry/fund"
	"redsteward/registry/fund/bank"
)

const (
	// maxCSV is the largest statement as text.
	maxCSV = 4 << 20
	// maxStatementForm is the largest form with a statement: a workbook and the fields beside it.
	maxStatementForm = files.MaxPaper + 1<<20
	// maxShownLines is how many lines the preview shows.
	maxShownLines = 20
)

// statementView is what fund_bank_import.html shows.
type statementView struct {
	Form []field
	// FileError is what is wrong with the file, Kept the id under which the uploaded one waits, KeptName its name.
	FileError, Kept, KeptName string
	// Read: there is a preview.
	Read                      bool
	Columns                   []field
	Lines                     []bankLineRow
	Faults                    []bank.Fault
	More, LinesMore           int
	Account, Days             string
	Opening, In, Out, Closing string
	Count                     int
	New                       int64
	Old                       []int64
	Gap                       string
	Balanced, Ready           bool
}

// bankImportForm shows the form of an import.
func (s *Server) bankImportForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showStatement(c, by, url.Values{}, statementView{}, nil)
}

func (s *Server) showStatement(c *fiber.Ctx, by policy.Actor, values url.Values, v statementView, refused []fault.Field) error {
	accounts, err := s.bank.Accounts(c.UserContext(), by)
	if err != nil {
		return err
	}
	options := make([]option, 0, len(accounts)+1)
	if len(accounts) != 1 {
		options = append(options, option{"", "请选择"})
	}
	for _, a := range accounts {
		options = append(options, option{a.ID, a.State.Name + "（" + a.State.Tail() + "）"})
	}
	v.Form = withErrors([]field{{Name: "account", Label: "银行账户", Options: options, Value: values.Get("account")},
		{Name: "opening", Label: "期初余额（元）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: values.Get("opening"), Optional: true, Hint: "文件里有余额这一列的不用填；填了就核对"},
		{Name: "closing", Label: "期末余额（元）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: values.Get("closing"), Optional: true}}, refused)
	v.Columns, v.FileError = withErrors(v.Columns, refused), fileError(refused)
	p := page{Title: "导入对账单", Nav: fundPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "fund_bank_import", p)
	}
	return s.render(c, by, "fund_bank_import", p)
}

// statementFile is an uploaded statement.
type statementFile struct {
	name string
	data []byte
}

// receiveStatement reads the form of an import; the file, if one came with it, is held in memory.
func (s *Server) receiveStatement(c *fiber.Ctx, by policy.Actor) (values url.Values, file statementFile, err error) {
	values, err = s.readForm(c, maxStatementForm, func(name string, r io.Reader) error {
		if file.data != nil {
			return fault.InvalidFields("web.receiveStatement", fault.Field{Name: "file", Message: "一次只能导入一个文件"})
		}
		head := make([]byte, 4)
		n, _ := io.ReadFull(r, head)
		r = io.MultiReader(bytes.NewReader(head[:n]), r)
		file.name = name
		if string(head[:n]) == "PK\x03\x04" {
			upload, err := s.files.Receive(name, r, files.XLSX)
			if err != nil {
				return err
			}
			defer upload.Close() //nolint:errcheck // a temporary file that only we know
			file.data, err = io.ReadAll(upload.Reader())
			return err
		}
		data, err := io.ReadAll(io.LimitReader(r, maxCSV+1))
		if err == nil && len(data) > maxCSV {
			return fault.InvalidFields("web.receiveStatement", fault.Field{Name: "file", Message: "这个文件超过 4 MB，请按月份分开导入"})
		}
		if err == nil && len(data) == 0 {
			return fault.InvalidFields("web.receiveStatement", fault.Field{Name: "file", Message: "这个文件是空的"})
		}
		file.data = data
		return err
	})
	if err == nil && file.data == nil && values.Get("kept") != "" {
		file.name, file.data, err = s.files.Lent(c.UserContext(), by.ID, values.Get("kept"))
	}
	return values, file, err
}

// sheetOf reads the cells of a statement.
func sheetOf(file statementFile) (bank.Sheet, error) {
	if !bytes.HasPrefix(file.data, []byte("PK\x03\x04")) {
		return bank.ReadCSV(file.data)
	}
	rows, err := report.Cells(bytes.NewReader(file.data), bank.MaxFileRows)
	return bank.Sheet{Rows: rows, Excel: true}, err
}

// balance reads a balance that somebody typed, nil for none.
func (t *typed) balance(name, label string) *int64 {
	text := strings.TrimSpace(t.values.Get(name))
	if text == "" {
		return nil
	}
	n, err := num.Parse(strings.ReplaceAll(text, ",", ""))
	fen, whole := n.Mul(num.FromInt(100)).Int64()
	if err != nil || !whole || fen > fund.MaxFen || fen < -fund.MaxFen {
		t.fail(name, "%s“%s”要填金额（元），最多两位小数", label, text)
		return nil
	}
	return &fen
}

// tryStatement shows what importing a statement would do, or imports the one that was looked at.
func (s *Server) tryStatement(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	values, file, err := s.receiveStatement(c, by)
	in := &typed{c: c, values: values}
	up := bank.Upload{Account: values.Get("account"), FileName: file.name, Data: file.data}
	if err == nil {
		up.Opening, up.Closing = in.balance("opening", "期初余额"), in.balance("closing", "期末余额")
		if up.Account == "" {
			in.fail("account", "请选择银行账户")
		}
		if file.data == nil {
			in.fail("file", "请选择要导入的对账单（CSV 或者 Excel）")
		}
		for _, role := range bank.Roles() {
			*role.At(&up.Mapping) = values.Get("column-" + role.Field)
		}
		err = in.with(func(ctx context.Context) (err error) { up.Sheet, err = sheetOf(file); return err })
	}
	var v statementView
	var p bank.Preview
	if err == nil {
		if values.Get("do") == "import" {
			if _, err = s.bank.Import(ctx, by, up); err == nil {
				return seeOther(c, bankPath+"?done=imported")
			}
		}
		if err == nil || fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
			first := err
			if p, err = s.bank.Preview(ctx, by, up); err == nil {
				err = first
			}
			v = statementPreview(p)
		}
		if v.Columns != nil {
			if v.KeptName = file.name; values.Get("kept") != "" {
				v.Kept = values.Get("kept")
			} else if kept, lendErr := s.files.Lend(ctx, by.ID, file.name, file.data); lendErr == nil {
				v.Kept = kept
			} else {
				return lendErr
			}
		}
	}
	refused := statementFaults(err)
	if err != nil && len(refused) == 0 {
		return err
	}
	return s.showStatement(c, by, values, v, refused)
}

// statementFaults are the refused places of an import; what names no field of the form is about the file.
func statementFaults(err error) []fault.Field {
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
		return []fault.Field{{Name: "file", Message: fault.MessageOf(err)}}
	}
	refused := fileFaults(err, append(columnFields(), "account", "opening", "closing")...)
	for i, f := range refused {
		for _, role := range bank.Roles() {
			if f.Name == role.Field {
				refused[i].Name = "column-" + f.Name
			}
		}
	}
	return refused
}

func columnFields() []string {
	var out []string
	for _, role := range bank.Roles() {
		out = append(out, role.Field)
	}
	return out
}

// statementPreview puts a preview into words.
func statementPreview(p bank.Preview) statementView {
	v := statementView{Read: len(p.Lines) > 0 || len(p.Faults) > 0, Account: p.Account.Name, Days: p.From.Chinese() + "至" + p.Until.Chinese(), Opening: fund.Yuan(p.Opening), In: fund.Yuan(p.In), Out: fund.Yuan(p.Out), Closing: fund.Yuan(p.Closing), Count: len(p.Lines),
		New: p.New, Old: p.Old, Gap: p.Gap, Balanced: p.Known && len(p.Faults) == 0, Ready: p.Ready()}
	for _, role := range bank.Roles() {
		if p.Headings == nil {
			break
		}
		f := field{Name: "column-" + role.Field, Label: role.Title, Value: *role.At(&p.Mapping), Options: []option{{"", "没有这一列"}}}
		for _, h := range p.Headings {
			f.Options = append(f.Options, option{h, h})
		}
		v.Columns = append(v.Columns, f)
	}
	shown := min(len(p.Faults), maxShownFaults)
	v.Faults, v.More = p.Faults[:shown], len(p.Faults)-shown
	for _, l := range p.Lines[:min(len(p.Lines), maxShownLines)] {
		v.Lines = append(v.Lines, bankLineRow{Day: l.Day.Chinese(), Payer: l.Payer, Text: l.Text, Serial: l.Serial, Amount: inOut(l.Fen)})
	}
	v.LinesMore = len(p.Lines) - len(v.Lines)
	return v
}

// queryValues are the parameters of an address.
func queryValues(c *fiber.Ctx) url.Values {
	values := url.Values{}
	for name, value := range c.Request().URI().QueryArgs().All() {
		values.Set(string(name), string(value))
	}
	return values
}

// yuanDays shows balances added up by days, in yuan and days.
func yuanDays(fenDays *big.Int) string {
	whole, rest := new(big.Int).QuoRem(fenDays, big.NewInt(100), new(big.Int))
	return whole.String() + "." + string([]byte{byte('0' + rest.Int64()/10), byte('0' + rest.Int64()%10)})
}

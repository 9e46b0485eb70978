package bank

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// Service keeps bank accounts, their statements and the reports of months. Every call names the actor and asks for right and scope first; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	db         *store.DB
	guard      *policy.Guard
	fund       *fund.Service
	accounts   *store.Collection[Account]
	statements *store.Collection[Statement]
	lines      *store.Collection[Line]
	divisions  *store.Collection[Division]
	months     *store.Collection[Closing]
}

// The kinds and the indexes.
const (
	accountKind   = "bank-account"
	statementKind = "bank-statement"
	lineKind      = "bank-line"
	divisionKind  = "bank-division"
	monthKind     = "bank-month"
	all           = "all"
	accountClaim  = "bank-account"
)

// NewService opens the reconciliation on a store.
func NewService(ctx context.Context, db *store.DB, guard *policy.Guard, ledgers *fund.Service) (*Service, error) {
	s := &Service{db: db, guard: guard, fund: ledgers}
	var err error
	if s.accounts, err = store.NewCollection(ctx, db, store.Kind[Account]{Name: accountKind, Version: 1,
		Indexes: []store.Index[Account]{{Name: all, Keys: func(string, *Account) []string { return []string{""} }, Sort: func(_ string, a *Account) string { return a.Name }}}}); err != nil {
		return nil, err
	}
	if s.statements, err = store.NewCollection(ctx, db, store.Kind[Statement]{Name: statementKind, Version: 1,
		Indexes: []store.Index[Statement]{{Name: all, Keys: func(string, *Statement) []string { return []string{""} }, Sort: func(_ string, st *Statement) string { return st.Until.String() + st.At.String() }}}}); err != nil {
		return nil, err
	}
	if s.lines, err = store.NewCollection(ctx, db, store.Kind[Line]{Name: lineKind, Version: 1,
		Indexes: []store.Index[Line]{{Name: all, Keys: func(string, *Line) []string { return []string{""} }, Sort: func(_ string, l *Line) string {
			return fmt.Sprintf("%s %s %06d", l.Day, l.Account, l.Place)
		}}}}); err != nil {
		return nil, err
	}
	if s.divisions, err = store.NewCollection(ctx, db, store.Kind[Division]{Name: divisionKind, Version: 1}); err != nil {
		return nil, err
	}
	s.months, err = store.NewCollection(ctx, db, store.Kind[Closing]{Name: monthKind, Version: 1,
		Indexes: []store.Index[Closing]{{Name: all, Keys: func(string, *Closing) []string { return []string{""} }, Sort: func(_ string, m *Closing) string { return m.Report.Month }}}})
	return s, err
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.db.Now()) }

// require asks for a right for the whole county.
func (s *Service) require(ctx context.Context, by policy.Actor, action policy.Action) error {
	if err := s.guard.Require(by, action); err != nil {
		return err
	}
	scope, err := s.guard.Scope(ctx, by, action)
	if err != nil {
		return err
	}
	if !scope.All() {
		return fault.New("bank.require", fault.NotFound, "银行对账只给看全县账目的岗位")
	}
	return nil
}

// everything reads all documents of a collection in the order of its index.
func everything[T any](ctx context.Context, c *store.Collection[T]) ([]store.Doc[T], error) {
	q := store.Query{Index: all, Limit: store.MaxLimit}
	var out []store.Doc[T]
	for {
		page, err := c.List(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Docs...)
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// AddAccount enters a bank account of the fund and returns its id. Returns Forbidden without BookFund, Invalid for refused fields, Conflict for a number that is there.
func (s *Service) AddAccount(ctx context.Context, by policy.Actor, in AccountInput, idem *store.Idem) (string, error) {
	const op = "bank.AddAccount"
	if err := s.require(ctx, by, policy.BookFund); err != nil {
		return "", err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.BookFund), Idem: idem}
	if doc, done, err := s.accounts.Replay(ctx, meta); err != nil || done {
		return doc.ID, err
	}
	if err := in.check(); err != nil {
		return "", err
	}
	id := s.db.MAC(accountKind, in.Number)[:16]
	_, err := s.accounts.Commit(ctx, meta, id, 0, Account{Bank: in.Bank, Number: in.Number, Name: in.Name})
	if fault.Is(err, fault.Conflict) {
		return "", fault.Wrap(op, fault.Conflict, "账号 "+in.Number+" 已经登记过", err)
	}
	return id, err
}

// Accounts are all bank accounts by name. Returns Forbidden without ReadFund, NotFound for who does not see the whole county.
func (s *Service) Accounts(ctx context.Context, by policy.Actor) ([]store.Doc[Account], error) {
	if err := s.require(ctx, by, policy.ReadFund); err != nil {
		return nil, err
	}
	return everything(ctx, s.accounts)
}

// Statements are all imported files, the latest first. Returns as Accounts.
func (s *Service) Statements(ctx context.Context, by policy.Actor) ([]store.Doc[Statement], error) {
	if err := s.require(ctx, by, policy.ReadFund); err != nil {
		return nil, err
	}
	docs, err := everything(ctx, s.statements)
	for i, j := 0, len(docs)-1; i < j; i, j = i+1, j-1 {
		docs[i], docs[j] = docs[j], docs[i]
	}
	return docs, err
}

// Upload is a statement that somebody handed in.
type Upload struct {
	// Account is the id of the account, FileName what the file is called, Data its bytes, Sheet its cells.
	Account, FileName string
	Data              []byte
	Sheet             Sheet
	// Mapping is how to read it; nothing: as the account's last statement, or by usual headings. A mapping that was remembered and does not fit this file is guessed anew.
	Mapping Mapping
	// Opening and Closing are balances that somebody typed, nil for none.
	Opening, Closing *int64
}

// Preview is what an import would do.
type Preview struct {
	Read
	// Account is whose statement it is.
	Account Account
	// New lines would be stored, Old are the rows of lines that are there from another statement.
	New int64
	Old []int64
	// Gap says that it does not begin where the latest one before ended, "" if it does.
	Gap string
	// ids are those of the lines.
	ids []string
}

// Ready reports whether it can be imported.
func (p Preview) Ready() bool { return len(p.Faults) == 0 && p.Known && p.New > 0 }

// Preview reads a statement and says what importing it would do; nothing is written. Returns Forbidden without BookFund, NotFound for an unknown account, Invalid for a file or a mapping that cannot
// be read, Conflict, naming the statement, for a file that was imported before.
func (s *Service) Preview(ctx context.Context, by policy.Actor, up Upload) (Preview, error) {
	const op = "bank.Preview"
	if err := s.require(ctx, by, policy.BookFund); err != nil {
		return Preview{}, err
	}
	account, err := s.account(ctx, up.Account)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Account: account.State}
	if known, err := s.statements.Load(ctx, s.statementID(up)); err == nil {
		return out, fault.New(op, fault.Conflict, fmt.Sprintf("这个文件已经在 %s 导入过（%s，%s至%s），不再导入", calendar.DateOf(known.State.At.Time).Chinese(), known.State.FileName, known.State.From.Chinese(), known.State.Until.Chinese()))
	} else if !fault.Is(err, fault.NotFound) {
		return out, err
	}
	if up.Mapping == (Mapping{}) && account.State.Mapping != (Mapping{}) {
		out.Read, err = ReadStatement(up.Sheet, account.State.Mapping, up.Opening, up.Closing)
		if fault.Is(err, fault.Invalid) {
			out.Read, err = ReadStatement(up.Sheet, Mapping{}, up.Opening, up.Closing)
		}
	} else {
		out.Read, err = ReadStatement(up.Sheet, up.Mapping, up.Opening, up.Closing)
	}
	if err != nil {
		return out, err
	}
	if len(out.Faults) > 0 {
		return out, nil
	}
	return out, s.compare(ctx, up, account.State, &out)
}

// compare looks at the lines that are there already.
func (s *Service) compare(ctx context.Context, up Upload, account Account, p *Preview) error {
	statement := s.statementID(up)
	seen := map[string]int{}
	for i := range p.Lines {
		l := &p.Lines[i]
		l.Account, l.Statement = up.Account, statement
		if l.Day.Compare(s.today()) > 0 {
			p.Faults = append(p.Faults, Fault{Row: l.Row, Title: p.Mapping.Day, Found: l.Day.String(), Message: fmt.Sprintf("日期%s还没有到，今天是%s", l.Day.Chinese(), s.today().Chinese())})
		}
		p.ids = append(p.ids, s.lineID(*l, seen))
	}
	known, err := s.lines.LoadEach(ctx, p.ids)
	if err != nil {
		return err
	}
	for i, doc := range known {
		l := p.Lines[i]
		switch {
		case doc == nil || doc.State.Statement == statement: // or left by an import of this file that was cut off
			p.New++
		case doc.State.Fen != l.Fen || doc.State.Day != l.Day:
			p.Faults = append(p.Faults, Fault{Row: l.Row, Title: p.Mapping.Serial, Found: l.Serial, Message: fmt.Sprintf("流水号“%s”已经导入过，那一行是%s、%s 元，这一行是%s、%s 元", shorten(l.Serial), doc.State.Day.Chinese(), fund.Yuan(doc.State.Fen), l.Day.Chinese(), fund.Yuan(l.Fen))})
		default:
			p.Old = append(p.Old, l.Row)
		}
	}
	if len(p.Faults) == 0 && p.Known && !account.Last.IsZero() && p.From.Compare(account.Last) > 0 && p.Opening != account.Closing {
		p.Gap = fmt.Sprintf("上一份对账单到%s，余额 %s 元；这一份期初 %s 元，中间可能缺一份", account.Last.Chinese(), fund.Yuan(account.Closing), fund.Yuan(p.Opening))
	}
	return nil
}

func (s *Service) account(ctx context.Context, id string) (store.Doc[Account], error) {
	if !journal.ValidPart(id) {
		return store.Doc[Account]{}, fault.New("bank.account", fault.NotFound, "没有找到这个银行账户")
	}
	doc, err := s.accounts.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		err = fault.Wrap("bank.account", fault.NotFound, "没有找到这个银行账户", err)
	}
	return doc, err
}

func (s *Service) statementID(up Upload) string {
	sum := sha256.Sum256(up.Data)
	return s.db.MAC(statementKind, up.Account+hex.EncodeToString(sum[:]))[:32]
}

// lineID derives from account and serial number; without one from what the line says, and how many lines of the file that say the same stand before it.
func (s *Service) lineID(l Line, seen map[string]int) string {
	key := l.Account + "\x00#" + l.Serial
	if l.Serial == "" {
		balance := ""
		if l.Balance != nil {
			balance = fmt.Sprint(*l.Balance)
		}
		key = fmt.Sprintf("%s\x00%s\x00%d\x00%s\x00%s\x00%s", l.Account, l.Day, l.Fen, balance, l.Payer, l.Text)
		seen[key]++
		key = fmt.Sprintf("%s\x00%d", key, seen[key])
	}
	return s.db.MAC(lineKind, key)[:32]
}

// workers is how many lines are stored side by side: commits at the same time share one write to the disk.
const workers = 32

// maxTries is how often an account is tried anew when others import into it at the same moment.
const maxTries = 20

// Import stores the lines of a statement, the file and the statement itself, which is written last: after a crash the same file is imported again and doubles nothing. Returns what Preview returns, and
// Invalid if there is a fault, a balance is missing, or every line is there already.
func (s *Service) Import(ctx context.Context, by policy.Actor, up Upload) (string, error) {
	const op = "bank.Import"
	p, err := s.Preview(ctx, by, up)
	if err != nil {
		return "", err
	}
	switch {
	case len(p.Faults) > 0:
		return "", fault.New(op, fault.Invalid, p.Faults[0].Text())
	case !p.Known:
		return "", fault.InvalidFields(op, fault.Field{Name: "opening", Message: "文件里没有余额这一列，要填期初余额和期末余额"})
	case p.New == 0:
		return "", fault.New(op, fault.Conflict, fmt.Sprintf("这个文件的 %d 行都已经从别的文件导入过，没有新的流水", len(p.Old)))
	}
	meta := store.Meta{By: by.ID, Action: string(policy.BookFund)}
	file, err := s.db.PutFile(ctx, meta, bytes.NewReader(up.Data), int64(len(up.Data)))
	if err != nil {
		return "", err
	}
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i, l := range p.Lines {
		group.Go(func() error {
			_, err := s.lines.Commit(within, meta, p.ids[i], 0, l)
			if fault.Is(err, fault.Conflict) {
				return nil // it is there
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	id := s.statementID(up)
	if err := s.remember(ctx, meta, up.Account, p.Read); err != nil {
		return "", err
	}
	_, err = s.statements.Commit(ctx, meta, id, 0, Statement{Account: up.Account, FileName: shorten(up.FileName), FileHash: file.SHA256, From: p.From, Until: p.Until, Opening: p.Opening, Closing: p.Closing, In: p.In, Out: p.Out,
		New: p.New, Known: int64(len(p.Old)), By: by.ID, At: journal.At(s.db.Now())})
	if fault.Is(err, fault.Conflict) {
		return "", fault.Wrap(op, fault.Conflict, "这个文件刚刚由别人导入了，没有重复", err)
	}
	return id, err
}

// remember keeps with the account how its statement was read, where the first began and the latest ended.
func (s *Service) remember(ctx context.Context, meta store.Meta, id string, r Read) error {
	for range maxTries {
		doc, err := s.account(ctx, id)
		if err != nil {
			return err
		}
		a := doc.State
		a.Mapping = r.Mapping
		if a.Started.IsZero() || r.From.Compare(a.Started) < 0 {
			a.Started, a.Opening = r.From, r.Opening
		}
		if r.Until.Compare(a.Last) > 0 {
			a.Last, a.Closing = r.Until, r.Closing
		}
		if a == doc.State {
			return nil
		}
		if _, err = s.accounts.Commit(ctx, meta, id, doc.Seq, a); !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.New("bank.remember", fault.Unavailable, "这个账户正在被别人同时导入，请过一分钟再试")
}

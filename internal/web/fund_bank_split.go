package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry/fund"
	"redsteward/registry/fund/bank"
)

// splitRows is how many parts the form of a split has; more are split in a second step from what is left.
const splitRows = 6

// splitView is what fund_bank_split.html shows.
type splitView struct {
	Line, Day, Payer, Open, Error string
	Parts                         []splitPart
}

type splitPart struct {
	No     int
	Fields []field
}

// maxSplitDues is how many amounts due the form offers.
const maxSplitDues = 300

// openDues are the amounts due of which something is open, those first whose project the line names.
func openDues(b *bank.Books, said string) []option {
	type one struct {
		option
		named bool
	}
	var list []one
	for _, r := range b.Ledgers {
		for _, d := range r.Ledger.Dues {
			if d.Open() > 0 {
				list = append(list, one{option{r.Project + "/" + d.ID, r.Ledger.Name + d.Phase + "，还差 " + fund.Yuan(d.Open()) + " 元"}, strings.Contains(said, r.Ledger.Name)})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b one) int {
		if a.named == b.named {
			return cmp.Compare(a.Label, b.Label)
		}
		if a.named {
			return -1
		}
		return 1
	})
	out := []option{{"", "不用这一行"}}
	for _, o := range list[:min(len(list), maxSplitDues)] {
		out = append(out, o.option)
	}
	return out
}

// splitForm asks for the amounts due that a line pays.
func (s *Server) splitForm(c *fiber.Ctx, by policy.Actor) error { return s.showSplit(c, by, nil) }

func (s *Server) showSplit(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	b, l, open, err := s.bank.Splittable(c.UserContext(), by, c.Params("line"))
	if err != nil {
		if fault.Is(err, fault.Conflict) {
			return s.showBankLine(c, by, []fault.Field{{Name: "line", Message: fault.MessageOf(err)}})
		}
		return err
	}
	v := splitView{Line: bankLinePath(l.ID), Day: l.State.Day.Chinese(), Payer: l.State.Payer, Open: fund.Yuan(open)}
	dues := openDues(b, l.State.Payer+" "+l.State.Text)
	for n := 1; n <= splitRows; n++ {
		at := "-" + strconv.Itoa(n)
		value := func(name string) string { return c.FormValue(name + at) }
		v.Parts = append(v.Parts, splitPart{n, withErrors([]field{{Name: "due" + at, Label: "应缴", Options: dues, Value: value("due")},
			{Name: "amount" + at, Label: "金额（元）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: value("amount"), Optional: n > 1}, {Name: "receipt" + at, Label: "票据号码", Type: "text", Autocomplete: "off", Value: value("receipt"), Optional: n > 1}}, refused)})
	}
	for _, r := range refused {
		if r.Name == "line" {
			v.Error = r.Message
		}
	}
	p := page{Title: "分到几笔应缴", Nav: fundPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "fund_bank_split", p)
	}
	return s.render(c, by, "fund_bank_split", p)
}

// splitLine books the parts. A row without an amount due is left out; the fields of the others keep the number of their row.
func (s *Server) splitLine(c *fiber.Ctx, by policy.Actor) error {
	var parts []bank.Share
	var rows []int
	in := typed{c: c}
	for n := 1; n <= splitRows; n++ {
		at := "-" + strconv.Itoa(n)
		project, due, chosen := strings.Cut(in.text("due"+at), "/")
		if !chosen {
			if in.text("amount"+at) != "" || in.text("receipt"+at) != "" {
				in.bad = append(in.bad, fault.Field{Name: "due" + at, Message: "第 " + strconv.Itoa(n) + " 笔要选择是哪一笔应缴"})
			}
			continue
		}
		parts, rows = append(parts, bank.Share{Project: project, Due: due, Fen: in.money("amount"+at, "第 "+strconv.Itoa(n)+" 笔的金额"), Receipt: in.text("receipt" + at)}), append(rows, n)
	}
	err := in.with(func(ctx context.Context) error { return s.bank.Split(ctx, by, c.Params("line"), parts) })
	switch {
	case err == nil:
		return seeOther(c, bankPath+"?done=split")
	case fault.Is(err, fault.Conflict), fault.Is(err, fault.NotFound) && len(parts) > 0:
		return s.showSplit(c, by, []fault.Field{{Name: "line", Message: fault.MessageOf(err)}})
	case fault.Is(err, fault.Invalid):
		refused := fault.FieldsOf(err)
		for i := range refused {
			// What the service refuses counts the parts, the form its rows.
			name, nth, found := strings.Cut(refused[i].Name, "-")
			if k, bad := strconv.Atoi(nth); len(in.bad) == 0 && found && bad == nil && k >= 1 && k <= len(rows) {
				refused[i].Name = name + "-" + strconv.Itoa(rows[k-1])
			}
		}
		return s.showSplit(c, by, refused)
	}
	return err
}

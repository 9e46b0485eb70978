package bank

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/registry/fund"
)

func TestReadStatement(t *testing.T) {
	const two = "交易日期,收入金额,支出金额,余额\n"
	for _, tt := range []struct {
		name, text string
		m          Mapping
		lines      int
		kind       fault.Kind
		said       []string
	}{
		{name: "two columns", text: two + "2026-09-01,5,,15\n2026/9/2,,3.50,11.50\n", lines: 2},
		{name: "the newest first", text: two + "2026-09-02,,3.50,11.50\n2026-09-01,5,,15\n", lines: 2},
		{name: "the newest first on one day", text: two + "2026-09-02,,3.50,11.50\n2026-09-02,5,,15\n", lines: 2},
		{name: "a time behind the day", text: two + "2026-09-01 13:05:09,5,,15\n20260902130509,1,,16\n", lines: 2},
		{name: "a sign", text: "日期,金额,余额\n2026-09-01,-5.00,15\n2026-09-02,+1,16\n", lines: 2},
		{name: "debit and credit", text: "日期,金额,借贷标志,余额\n2026-09-01,5.00,贷,15\n2026-09-02,1,借,14\n", lines: 2},
		{name: "tabs", text: "日期\t收入\t支出\t余额\n2026-09-01\t5\t\t5\n", lines: 1},
		{name: "sums below", text: two + "2026-09-01,5,,15\n\n合计,5,0,\n", lines: 1},
		{name: "a mapping", text: "哪天,进,出,剩\n2026-09-01,5,,5\n", m: Mapping{Day: "哪天", In: "进", Out: "出", Balance: "剩"}, lines: 1},
		{name: "no headings", text: "a,b,c\n1,2,3\n", kind: fault.Invalid, said: []string{"没有找到表头"}},
		{name: "no line", text: two, kind: fault.Invalid, said: []string{"没有流水行"}},
		{name: "a heading twice", text: "日期,收入,支出,余额,余额\n", kind: fault.Invalid, said: []string{"“余额”出现两次"}},
		{name: "no column for the way out", text: "交易日期,收入金额,余额,摘要\n2026-09-01,5,5,x\n", kind: fault.Invalid, said: []string{"收入、支出两列都要指明"}},
		{name: "a mapped column that is not there", text: two, m: Mapping{Day: "交易日期", In: "进账", Out: "支出金额"}, kind: fault.Invalid, said: []string{"第 1 行没有“进账”这一列"}},
		{name: "both kinds of amounts", text: "日期,收入,支出,金额\n", m: Mapping{Day: "日期", In: "收入", Out: "支出", Amount: "金额"}, kind: fault.Invalid, said: []string{"不能都指明"}},
		{name: "three decimals", text: two + "2026-09-01,5.005,,15\n", said: []string{"第 2 行", "收入金额", "“5.005”超过两位小数"}},
		{name: "a bad day", text: two + "2026-02-30,5,,15\n", said: []string{"第 2 行", "“2026-02-30”不是日期"}},
		{name: "a number for a day", text: two + "46000,5,,15\n", said: []string{"“46000”不是日期"}},
		{name: "both columns", text: two + "2026-09-01,5,2,15\n", said: []string{"一行只能有一个"}},
		{name: "no amount", text: two + "2026-09-01,,,15\n", said: []string{"都没有金额"}},
		{name: "words for an amount", text: two + "2026-09-01,五元,,15\n", said: []string{"“五元”不是金额"}},
		{name: "two signs", text: "日期,金额,余额\n2026-09-01,--5,15\n", said: []string{"“--5”有两个正负号"}},
		{name: "a sign and a side", text: "日期,金额,借贷标志,余额\n2026-09-01,-5.00,贷,15\n", said: []string{"请只用一种"}},
		{name: "a side that is none", text: "日期,金额,借贷标志,余额\n2026-09-01,5.00,入,15\n", said: []string{"“入”要填 借 或者 贷"}},
		{name: "too much", text: two + "2026-09-01,99999999999999999,,15\n", said: []string{"太大"}},
		{name: "no balance in one row", text: two + "2026-09-01,5,,\n", said: []string{"余额没有填写"}},
		{name: "a missing row", text: two + "2026-09-01,5,,15\n2026-09-02,5,,25\n", said: []string{"第 3 行", "余额 25.00", "15.00", "缺行"}},
		{name: "a serial number twice", text: "日期,收入,支出,流水号\n2026-09-01,5,,A\n2026-09-01,5,,A\n", said: []string{"第 3 行", "“A”与第 2 行重复"}},
		{name: "a serial number that lost digits", text: "日期,收入,支出,流水号\n2026-09-01,5,,1.2E+17\n", said: []string{"末几位已经丢失"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sheet, err := ReadCSV([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			r, err := ReadStatement(sheet, tt.m, nil, nil)
			text := fault.MessageOf(err)
			for _, f := range fault.FieldsOf(err) {
				text += f.Message
			}
			for _, f := range r.Faults {
				text += f.Text()
			}
			if fault.KindOf(err) != tt.kind || len(r.Lines) != tt.lines && tt.lines > 0 || (len(r.Faults) > 0) != (tt.kind == "" && tt.said != nil) {
				t.Fatalf("%+v %v", r, err)
			}
			for _, part := range tt.said {
				if !strings.Contains(text, part) {
					t.Errorf("%q does not say %q", text, part)
				}
			}
		})
	}
}

func TestBalancesThatWereTyped(t *testing.T) {
	sheet, err := ReadCSV([]byte("日期,收入,支出\n2026-09-01,5,\n2026-09-02,,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	opening, closing, wrong := int64(1000), int64(1300), int64(1301)
	if r, err := ReadStatement(sheet, Mapping{}, &opening, &closing); err != nil || len(r.Faults) > 0 || !r.Known || r.Closing != 1300 {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := ReadStatement(sheet, Mapping{}, &opening, &wrong); err != nil || len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Message, "13.01") {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := ReadStatement(sheet, Mapping{}, nil, nil); err != nil || r.Known {
		t.Errorf("%+v %v", r, err)
	}
	with, err := ReadCSV([]byte("日期,收入,支出,余额\n2026-09-01,5,,15\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := ReadStatement(with, Mapping{}, &wrong, nil); err != nil || len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Message, "10.00") {
		t.Errorf("%+v %v", r, err)
	}
}

func TestReadCSV(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("交易日期,收入金额,支出金额,余额\n2026-09-01,5,,15\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"GB18030": gb, "a mark at the beginning": []byte("\xef\xbb\xbf交易日期,收入金额,支出金额,余额\r\n2026-09-01,5,,15\r\n")} {
		sheet, err := ReadCSV(data)
		if err != nil {
			t.Fatal(name, err)
		}
		if r, err := ReadStatement(sheet, Mapping{}, nil, nil); err != nil || len(r.Lines) != 1 || r.Opening != 1000 {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
	wide := strings.Repeat("a,", 80)
	long := strings.Repeat("a,b\n", MaxFileRows+1)
	for name, data := range map[string]string{"no text": "\xff\xff\xff", "zeros": "a\x00b", "too wide": wide, "too long": long} {
		if _, err := ReadCSV([]byte(data)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The row that a fault names is that of the file, also below rows without anything.
	sheet, err := ReadCSV([]byte("日期,收入,支出,余额\n\n\n2026-09-99,5,,15\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := ReadStatement(sheet, Mapping{}, nil, nil); err != nil || len(r.Faults) != 1 || r.Faults[0].Row != 4 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestReadExcelDays(t *testing.T) {
	if d, ok := readDay("46266", true); !ok || d != day("2026-09-01") {
		t.Error(d, ok)
	}
	if fen, why := readAmount("0.30000000000000004"); fen != 30 || why != "" {
		t.Error(fen, why)
	}
}

// FuzzReadStatement: whatever is uploaded, what is read holds together.
func FuzzReadStatement(f *testing.F) {
	f.Add([]byte(september))
	f.Add([]byte("日期,金额,借贷标志,余额\n2026-09-01,5.00,贷,15\n"))
	f.Add([]byte("日期\t收入\t支出\n2026-09-01\t5\t\n\"x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		sheet, err := ReadCSV(data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		r, err := ReadStatement(sheet, Mapping{}, nil, nil)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if len(r.Faults) > 0 {
			return
		}
		sum := r.In - r.Out
		for i, l := range r.Lines {
			if l.Fen == 0 && r.Mapping.Amount != "" || l.Day.IsZero() || l.Place != int64(i+1) || l.Row < 1 || int(l.Row) > len(sheet.Rows) {
				t.Fatalf("%+v", l)
			}
			sum -= l.Fen
		}
		if sum != 0 || r.Known && r.Opening+r.In-r.Out != r.Closing {
			t.Fatalf("%+v does not add up", r)
		}
	})
}

// TestSharesAddUp: the shares of any amount among any weights add up to it, and none is a fen or more away from its exact part.
func TestSharesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.Int64Range(1, 1e12).Draw(t, "fen")
		var weights []*big.Int
		total := new(big.Int)
		for range rapid.IntRange(1, 40).Draw(t, "projects") {
			w := big.NewInt(rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 1e17)).Draw(t, "weight"))
			weights = append(weights, w)
			total.Add(total, w)
		}
		if total.Sign() == 0 {
			return
		}
		shares, extra := divide(fen, weights)
		sum := int64(0)
		for i, share := range shares {
			sum += share
			exact := new(big.Int).Mul(big.NewInt(fen), weights[i])
			off := new(big.Int).Sub(new(big.Int).Mul(big.NewInt(share), total), exact)
			if share < 0 || off.CmpAbs(total) >= 0 || extra[i] != (off.Sign() > 0) {
				t.Fatalf("%d of %d for %s of %s", share, fen, weights[i], total)
			}
		}
		if sum != fen {
			t.Fatalf("%d of %d", sum, fen)
		}
	})
	if shares, _ := divide(100, []*big.Int{big.NewInt(1), big.NewInt(1), big.NewInt(1)}); fmt.Sprint(shares) != "[34 33 33]" {
		t.Error(shares)
	}
}

// TestDifferenceIsExplained: whatever is matched, reversed and left, the difference of a month is what base and unmatched items say.
func TestDifferenceIsExplained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &Books{uses: map[string][]int{}, days: map[string]calendar.Date{}}
		first := day("2026-08-01")
		started := first.Add(rapid.IntRange(0, 60).Draw(t, "start"))
		b.Start = started
		b.Accounts = []store.Doc[Account]{{ID: "a", State: Account{Started: started, Opening: rapid.Int64Range(0, 500).Draw(t, "opening")}}}
		for i := range rapid.IntRange(0, 12).Draw(t, "lines") {
			l := store.Doc[Line]{ID: fmt.Sprint(i), State: Line{Account: "a", Day: started.Add(rapid.IntRange(0, 50).Draw(t, "day")), Fen: rapid.Int64Range(-50, 50).Filter(func(n int64) bool { return n != 0 }).Draw(t, "fen")}}
			b.Lines, b.days[l.ID] = append(b.Lines, l), l.State.Day
		}
		entries := int64(0)
		for range rapid.IntRange(0, 15).Draw(t, "entries") {
			entries++
			e := fund.Booked{Project: "p", Fen: rapid.Int64Range(-50, 50).Draw(t, "fen"), Entry: fund.Entry{No: entries, Kind: fund.EntryPayment, Day: first.Add(rapid.IntRange(-10, 100).Draw(t, "day"))}}
			if len(b.Lines) > 0 && rapid.Bool().Draw(t, "matched") {
				l := rapid.SampledFrom(b.Lines).Draw(t, "line")
				if len(b.Behind(l.ID)) == 0 {
					e.Fen, e.Line = l.State.Fen, &fund.LineUse{Line: l.ID, Turn: b.turn(l.ID)}
				}
			}
			e.Undone = rapid.IntRange(0, 3).Draw(t, "undone") == 0
			b.Entries = append(b.Entries, e)
			if e.Line != nil {
				b.uses[e.Line.Line] = append(b.uses[e.Line.Line], len(b.Entries)-1)
			}
			if e.Undone {
				entries++
				b.Entries = append(b.Entries, fund.Booked{Project: "p", Fen: -e.Fen, Entry: fund.Entry{No: entries, Kind: fund.EntryReversal, Reverses: e.No, Day: e.Day.Add(rapid.IntRange(0, 40).Draw(t, "later"))}})
			}
		}
		for _, l := range b.Lines {
			if len(b.Behind(l.ID)) > 1 {
				t.Fatalf("two entries stand behind line %s", l.ID)
			}
		}
		for _, text := range []string{"2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11", "2026-12"} {
			m, err := ParseMonth(text)
			if err != nil {
				t.Fatal(err)
			}
			r := b.Report(m)
			for _, side := range []Side{r.Ledger, r.Bank} {
				if side.Opening+side.In-side.Out != side.Closing {
					t.Fatalf("%+v", side)
				}
			}
			if r.Explained() != r.Difference() {
				t.Fatalf("%s: the difference is %d, explained are %d: %+v", m, r.Difference(), r.Explained(), r)
			}
		}
	})
}

package fund

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
	"redsteward/internal/store/storetest"
)

// deskOver opens a desk in a folder as a new process does; the caller closes the engine.
func deskOver(t testing.TB, engine store.Engine) *desk {
	t.Helper()
	db, err := store.Open(context.Background(), engine, store.Options{Now: newClock(), MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	d := people(&desk{t: t})
	if d.Service, err = NewService(context.Background(), db, shippedGuard(t), ground{}); err != nil {
		t.Fatal(err)
	}
	d.keepSlip()
	return d
}

func folder(t testing.TB, dir string) *sqlite.Engine {
	t.Helper()
	engine, err := sqlite.Open(context.Background(), dir, sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// TestCrashAfterEveryStep lets the process die before and after every write of a payment and of a reversal, opens the store anew and repeats the request: it
// takes effect once, and every account adds up. Each case has a project of its own.
func TestCrashAfterEveryStep(t *testing.T) {
	engine := folder(t, t.TempDir())
	defer func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}()
	d := deskOver(t, engine)
	d.adopt(twoPercent())
	pay := func(d *desk, project string) (store.Doc[Ledger], error) {
		return d.Pay(d.ctx(), d.cashier, project, d.money(700_000, "赣财"+project), &store.Idem{Key: "pay" + project, Body: []byte("700000")})
	}
	reverse := func(d *desk, project string) (store.Doc[Ledger], error) {
		return d.Reverse(d.ctx(), d.officer, project, 2, "录错金额", &store.Idem{Key: "reverse" + project, Body: []byte("2")})
	}
	entries := 0
	for _, tt := range []struct {
		name   string
		writes int // of a payment: the claim of the receipt, the entry
		do     func(*desk, string) (store.Doc[Ledger], error)
		before bool
		want   Ledger
	}{
		{"pay", 2, pay, false, Ledger{Entries: 2, Balances: Balances{Bank: 700_000, Due: 1_300_000, Deposit: 2_000_000}}},
		{"reverse", 1, reverse, true, Ledger{Entries: 3, Balances: Balances{Due: 2_000_000, Deposit: 2_000_000}}},
	} {
		for step := 1; step <= tt.writes; step++ {
			for _, after := range []bool{false, true} {
				project := fmt.Sprintf("more-%s-%d-%t", tt.name, step, after)
				d.assessed(project)
				if tt.before {
					must(t)(pay(d, project))
				}
				killer := &storetest.Dying{Engine: engine, Left: 1 << 20, After: after}
				dies := deskOver(t, killer)
				killer.Left = step
				if _, err := tt.do(dies, project); !errors.Is(err, storetest.ErrDead) {
					t.Fatalf("%s: the process did not die: %v", project, err)
				}
				d = deskOver(t, engine)
				d.audited(-1)
				for range 2 {
					if l := must(t)(tt.do(d, project)); l.Balances != tt.want.Balances || l.Entries != tt.want.Entries {
						t.Errorf("%s: after the crash %+v", project, l)
					}
				}
				entries += int(tt.want.Entries)
			}
		}
	}
	d.audited(entries)
}

// killDir names the folder of a child that pays until it is killed; only the child has it set.
const killDir = "REDSTEWARD_TEST_FUND_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := payUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func killOrder(i int64) (Money, *store.Idem) {
	return Money{Due: "d1", Fen: i, Day: today, Receipt: fmt.Sprintf("赣财%05d", i)}, &store.Idem{Key: fmt.Sprint("pay-", i), Body: []byte(fmt.Sprint(i))}
}

// payUntilKilled pays 1, 2, 3 … fen and prints each payment that was acknowledged.
func payUntilKilled(dir string) error {
	engine, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	if err != nil {
		return err
	}
	t := &testing.T{} // for the helpers; nothing fails through it
	d := deskOver(t, engine)
	s, err := d.Statement(d.ctx(), d.officer, "p1")
	if err != nil {
		return err
	}
	for i := s.Ledger.Entries; ; i++ {
		m, idem := killOrder(i)
		m.Paper = d.slip
		if _, err := d.Pay(d.ctx(), d.cashier, "p1", m, idem); err != nil {
			return err
		}
		if _, err := fmt.Println(i); err != nil {
			return err
		}
	}
}

// TestKilledPayer kills a process in the middle of its payments, again and again: what was acknowledged is there once, what was not can be repeated, and
// every account adds up.
func TestKilledPayer(t *testing.T) {
	dir := t.TempDir()
	engine := folder(t, dir)
	d := deskOver(t, engine)
	d.adopt(twoPercent())
	d.assessed("p1")
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		last := killPayer(t, dir, 8+6*round)
		engine = folder(t, dir)
		d = deskOver(t, engine)
		s, err := d.Statement(d.ctx(), d.officer, "p1")
		if err != nil || s.Ledger.Entries-1 < last {
			t.Fatalf("%d payments were acknowledged, %d are there: %v", last, s.Ledger.Entries-1, err)
		}
		// The last one that was acknowledged, and the one that perhaps was not, sent again.
		for _, i := range []int64{last, last + 1} {
			m, idem := killOrder(i)
			m.Paper = d.slip
			must(t)(d.Pay(d.ctx(), d.cashier, "p1", m, idem))
		}
		if s, err = d.Statement(d.ctx(), d.officer, "p1"); err != nil {
			t.Fatal(err)
		}
		n := s.Ledger.Entries - 1
		if want := n * (n + 1) / 2; s.Ledger.Balances.Bank != want || n != last+1 {
			t.Fatalf("%d payments, acknowledged %d: the bank has %d, want %d", n, last, s.Ledger.Balances.Bank, want)
		}
		d.audited(int(n) + 1)
		if err := engine.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killPayer starts a payer, kills it after some acknowledgements and returns the last payment that it told of.
func killPayer(t *testing.T, dir string, lines int) (last int64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), killDir+"="+dir)
	var told strings.Builder
	child.Stderr = &told
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(out)
	for read := 1; scanner.Scan(); read++ {
		if read == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		// Lines after the kill were printed before it: they count too.
		if i, err := strconv.ParseInt(scanner.Text(), 10, 64); err == nil {
			last = i
		}
	}
	var ended *exec.ExitError
	if err := child.Wait(); !errors.As(err, &ended) || ended.ProcessState.Exited() {
		t.Fatalf("the child was not killed: %v %s", err, told.String())
	}
	return last
}

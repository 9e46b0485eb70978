package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
)

// demoCommand loads a demonstration county, or with --rentsafe rates real inspections, prints the stars and serves the pages.
type demoCommand struct {
	Data   string `placeholder:"DIR" help:"放演示数据的新文件夹；不写则用临时文件夹，结束时删除"`
	Once   bool   `help:"载入、评价、打印，然后结束，不启动网页"`
	Listen string `default:"127.0.0.1:8080" placeholder:"ADDR" help:"网页的地址"`
	// RentSafe rates Toronto's table instead of loading the county.
	RentSafe bool `name:"rentsafe" help:"不用演示县，改为评价多伦多市的公寓楼检查表（REDSTEWARD_DATA 指明数据所在）"`
}

// The demonstration stands at this moment on the business clock (design §4) and goes on from there.
const demoStart = "2026-10-19T09:00:00+08:00"

const (
	demoScheme = "rentsafe-toronto"
	// demoRows is how many rows of each end of the table are printed.
	demoRows = 12
)

// demoTable is what is rated: the City's files, or the dozen rows that the program carries.
type demoTable struct {
	facts, join []byte // unpacked CSV; join may be nil
	source      string
}

// Run implements the subcommand.
func (c *demoCommand) Run(p *program) (err error) {
	dir, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if c.RentSafe {
		return c.rentSafe(p, dir)
	}
	return c.county(p, dir)
}

// county loads the demonstration county, prints its stars and one account for each role, and serves its pages.
func (c *demoCommand) county(p *program, dir string) error {
	began := p.now()
	plan, err := planCounty(countySeed, wholeCounty())
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "正在载入演示县：%d 个社区、%d 个小区、%d 个网格、%d 家企业；除区划外全部虚构\n", plan.size.communities, plan.size.projects, plan.size.grids, plan.size.firms)
	county, err := loadCounty(p, plan, dir, p.out)
	if err != nil {
		return err
	}
	if err := county.write(p.out); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "从启动到打印 %.1f 秒\n", p.now().Sub(began).Seconds())
	if c.Once {
		return nil
	}
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "listen=" + c.Listen, "business_clock=" + demoStart, "log.level=warn"})
	if err != nil {
		return err
	}
	s, err := openService(p, settings, false)
	if err != nil {
		return err
	}
	if err := county.writeAccounts(p.out); err != nil {
		return errors.Join(err, s.close())
	}
	err = s.serve(p, "演示数据：区划真实，企业、小区、人名、记录全部虚构", "小区", func(address string) { fmt.Fprintf(p.out, "网页已打开：%s （按 Ctrl+C 结束）\n", address) })
	return errors.Join(err, s.close())
}

// rentSafe rates a table of Toronto's inspections.
func (c *demoCommand) rentSafe(p *program, dir string) error {
	table, err := loadDemoTable(p)
	if err != nil {
		return err
	}
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "listen=" + c.Listen, "business_clock=" + demoStart, "log.level=warn"})
	if err != nil {
		return err
	}
	s, err := openService(p, settings, true)
	if err != nil {
		return err
	}
	return errors.Join(c.serveTable(p, s, table), s.close())
}

// serveTable rates the table, prints what came out and serves its pages.
func (c *demoCommand) serveTable(p *program, s *service, table demoTable) error {
	s.ratesTables = true
	fmt.Fprintln(p.out, "数据："+table.source)
	if err := s.rateDemo(p, table); err != nil {
		return err
	}
	// Loading did not wait for the disk; from here on every change does.
	if err := s.sqlite.Harden(p.ctx); err != nil {
		return err
	}
	if c.Once {
		return nil
	}
	if err := s.demoAccounts(p); err != nil {
		return err
	}
	return s.serve(p, "演示数据："+table.source, "建筑", func(address string) { fmt.Fprintf(p.out, "网页已打开：%s （按 Ctrl+C 结束）\n", address) })
}

// folder returns a fresh data folder and what removes it in the end.
func (c *demoCommand) folder() (dir string, remove func() error, err error) {
	if c.Data == "" {
		dir, err = os.MkdirTemp("", "redsteward-demo-")
		if err != nil {
			return "", nil, fault.Wrap("cmd.demo", fault.Unavailable, "不能建立临时文件夹", err)
		}
		return dir, func() error { return os.RemoveAll(dir) }, nil
	}
	entries, err := os.ReadDir(c.Data)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", nil, fault.Wrap("cmd.demo", fault.Invalid, "读不了 "+c.Data, err)
	case len(entries) > 0:
		return "", nil, fault.New("cmd.demo", fault.Invalid, c.Data+" 不是空文件夹；演示只在新文件夹里进行")
	}
	return c.Data, func() error { return nil }, nil
}

// loadDemoTable takes the City's files when REDSTEWARD_DATA names their folder, else the rows of the repository.
func loadDemoTable(p *program) (demoTable, error) {
	dir, ok := lookup(p.env, "REDSTEWARD_DATA")
	if !ok || dir == "" {
		facts, err := configs.Files.ReadFile("demo/" + demoScheme + ".csv")
		return demoTable{facts: facts, source: "程序自带的十二栋虚构建筑（设置 REDSTEWARD_DATA 可改用多伦多市的全部评估）"}, err
	}
	facts, err := readGzip(filepath.Join(dir, "toronto-rentsafe-2023-2026.csv.gz"))
	if err != nil {
		return demoTable{}, err
	}
	join, err := readGzip(filepath.Join(dir, "toronto-registrations-2026.csv.gz"))
	return demoTable{facts: facts, join: join, source: "多伦多市 RentSafeTO 公寓楼评估，2023–2026 年。Contains information licensed under the Open Government Licence – Toronto."}, err
}

func readGzip(name string) ([]byte, error) {
	packed, err := readInput(name)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fault.Wrap("cmd.readGzip", fault.Invalid, name+" 不是 gzip 文件", err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, fault.Wrap("cmd.readGzip", fault.Invalid, name+" 已损坏", err)
	}
	return data, nil
}

// rateDemo rates the table, stores the evaluation and prints what came out.
func (s *service) rateDemo(p *program, table demoTable) error {
	began := p.now()
	data, err := configs.Files.ReadFile("schemes/" + demoScheme + ".yaml")
	if err != nil {
		return err
	}
	scheme, err := parseScheme(demoScheme, data)
	if err != nil {
		return err
	}
	var options rating.TableOptions
	if table.join != nil {
		if options.Join, err = rating.ReadJoin(bytes.NewReader(table.join), "RSN"); err != nil {
			return err
		}
	}
	subjects, err := rating.ReadTable(scheme, bytes.NewReader(table.facts), options)
	if err != nil {
		return fault.Wrap("cmd.demo", fault.Invalid, fault.MessageOf(err), err)
	}
	read := p.now()
	results := make([]rating.Result, len(subjects))
	for i := range subjects {
		results[i] = rating.Evaluate(scheme, nil, subjects[i], nil)
	}
	rated := p.now()
	if err := s.storeDemo(p, scheme, data, table, subjects, results); err != nil {
		return err
	}
	stored := p.now()
	if err := printDemo(p.out, scheme, subjects, results); err != nil {
		return err
	}
	seconds := func(from, to time.Time) string {
		return strconv.FormatFloat(to.Sub(from).Seconds(), 'f', 2, 64) + " 秒"
	}
	fmt.Fprintf(p.out, "读取 %s，评分 %s，入库 %s\n", seconds(began, read), seconds(read, rated), seconds(rated, stored))
	return nil
}

// storeDemo stores the evaluation with every result.
func (s *service) storeDemo(p *program, scheme *rating.Scheme, file []byte, table demoTable, subjects []rating.Subject, results []rating.Result) error {
	sum := sha256.New()
	sum.Write(table.facts)
	sum.Write(table.join)
	entries := make([]rating.Entry, len(results))
	for i := range results {
		entries[i] = rating.Entry{Subject: subjects[i], Result: &results[i], Name: results[i].Subject, Firm: subjects[i].Get("manager").Text}
	}
	meta := store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunEvaluation)}
	_, err := s.archive.Save(p.ctx, meta, file, nil, rating.Evaluation{Title: scheme.Title, Made: journal.At(s.clocks.Business()),
		FactsHash: hex.EncodeToString(sum.Sum(nil)), FactsSource: table.source}, entries)
	return err
}

// demoDiffering is how many totals that differ from the published ones are printed.
const demoDiffering = 20

// totalOf is a total in whole points, as the City publishes it.
func totalOf(r *rating.Result) string {
	if !r.Total.Counted {
		return "—"
	}
	return r.Total.Points.Fixed(0)
}

// printDemo prints the count of each grade, both ends of the table, how many totals agree with those that the City published, and which do not.
func printDemo(out io.Writer, scheme *rating.Scheme, subjects []rating.Subject, results []rating.Result) error {
	rows := textTable{Head: []string{"编号", "得分", "现行得分", "等级", "管理公司"}, Right: []bool{false, true, true}}
	for i := range results {
		if i == demoRows && len(results) > 2*demoRows {
			rows.Rows = append(rows.Rows, []string{fmt.Sprintf("…… 另有 %d 行", len(results)-2*demoRows)})
		}
		if i >= demoRows && i < len(results)-demoRows {
			continue
		}
		r := &results[i]
		current := "—"
		if o := r.Output("current"); o != nil && o.Known {
			current = o.Shown
		}
		rows.Rows = append(rows.Rows, []string{r.Subject, totalOf(r), current, r.Label, subjects[i].Get("manager").Text})
	}
	if err := rows.write(out); err != nil {
		return err
	}
	counts := map[string]int{}
	published, agree := 0, 0
	var differ []string
	for i := range results {
		counts[results[i].Grade]++
		if city := subjects[i].Get("published_proactive"); city.State == rating.Present {
			published++
			if results[i].Total.Counted && results[i].Total.Points.Equal(city.Number) {
				agree++
			} else if len(differ) < demoDiffering {
				differ = append(differ, fmt.Sprintf("%s：公布 %s，按公布的逐项得分是 %s", results[i].Subject, city.Number, totalOf(&results[i])))
			}
		}
	}
	fmt.Fprintf(out, "共 %d 行：", len(results))
	for i, g := range scheme.Grades.List {
		if i > 0 {
			fmt.Fprint(out, "，")
		}
		fmt.Fprintf(out, "%s %d", g.Label, counts[g.ID])
	}
	fmt.Fprintln(out)
	if published > 0 {
		fmt.Fprintf(out, "与市政府公布的得分一致：%d / %d\n", agree, published)
		for _, line := range differ {
			fmt.Fprintln(out, "  "+line)
		}
		if len(differ) > 0 {
			fmt.Fprintln(out, "  （每一处的原因见 configs/schemes/README.md）")
		}
	}
	return nil
}

// demoAccounts makes one account for each role that can be granted and prints how to sign in. The administrator's password is good for the whole demonstration, those of
// the others are one-time passwords as an administrator would hand them out.
func (s *service) demoAccounts(p *program) error {
	secret, err := s.db.Secret(p.ctx, "demo")
	if err != nil {
		return err
	}
	const login = "admin"
	password := "Demo-" + hex.EncodeToString(secret[:6])
	if err := s.accounts.Setup(p.ctx, s.accounts.SetupToken(), login, "演示管理员", password); err != nil {
		return err
	}
	admin, err := s.accounts.ActorOf(p.ctx, login)
	if err != nil {
		return err
	}
	rows := textTable{Head: []string{"演示账号", "密码", "岗位"}, Rows: [][]string{{login, password, "系统管理员"}}}
	year := calendar.Year(calendar.DateOf(s.clocks.Business()).Year()).Span()
	for _, role := range s.guard.Rules().Roles() {
		if role.Grant == policy.GrantNone || role.Role == policy.Administrator {
			continue
		}
		name := strings.ReplaceAll(string(role.Role), "_", "-")
		id, oneTime, err := s.accounts.CreateAccount(p.ctx, admin, name, "演示"+role.Title)
		if err != nil {
			return err
		}
		account, err := s.accounts.OneAccount(p.ctx, admin, id)
		if err != nil {
			return err
		}
		appointment := policy.Appointment{Role: role.Role, Unit: policy.County, Scopes: []string{policy.County}, Days: policy.Span{From: year.First}}
		if role.Grant == policy.GrantOrder {
			today := calendar.DateOf(s.clocks.Business())
			appointment.Order, appointment.Days = "演示调阅单〔"+strconv.Itoa(today.Year())+"〕1号", policy.Span{From: today, Until: today.Add(role.Longest - 1)}
			appointment.Access = &policy.AccessOrder{Reason: "核对星级评价（演示）", Matters: orderMatters[role.Role], FirstYear: int64(today.Year() - 1), LastYear: int64(today.Year()), Whole: "演示数据没有划分乡镇和社区"}
		}
		if err := s.accounts.Appoint(p.ctx, admin, id, account.Seq, appointment); err != nil {
			return err
		}
		rows.Rows = append(rows.Rows, []string{name, oneTime, role.Title})
	}
	if err := rows.write(p.out); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "除 admin 外，第一次登录要改密码。")
	return nil
}

package main

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"redsteward/internal/fault"
	"redsteward/rating"
)

// scoreCommand scores any table with any scheme, offline. It reads the table twice: nothing is printed before the whole of it has been found
// right, and no row is kept in memory.
type scoreCommand struct {
	Scheme  string   `required:"" placeholder:"F" help:"评分方案：文件，或自带方案的名称（如 five-goods-quarter）"`
	Facts   string   `required:"" placeholder:"F.csv[.gz]" help:"事实表，CSV，可用 gzip 压缩"`
	Join    string   `placeholder:"F" help:"第二张表，按 --on 的列补充事实表的列"`
	On      string   `placeholder:"COLUMN" help:"两张表都有、用来关联的列"`
	Rollup  string   `placeholder:"COLUMN" help:"按这一列汇总（方案要声明这一列的汇总），并列出合并了哪些写法"`
	Explain string   `placeholder:"ID" help:"逐项说明这个编号的得分"`
	Format  string   `enum:"table,csv,json" default:"table" help:"输出格式:${enum}。json 每行一个完整结果"`
	AsOf    string   `placeholder:"DATE" help:"评价日期 YYYY-MM-DD，方案没有声明日期列时使用，默认今天"`
	Past    []string `placeholder:"ID=F" help:"以往结果：方案 history 中的编号=用 --format json 得到的文件（可用 gzip 压缩）；可写多次"`
}

// Run scores the table and prints what was asked for.
func (c *scoreCommand) Run(p *program) error {
	const op = "cmd.score"
	switch {
	case (c.Join == "") != (c.On == ""):
		return fault.New(op, fault.Invalid, "--join 和 --on 要一起写")
	case c.Rollup != "" && c.Explain != "":
		return fault.New(op, fault.Invalid, "--rollup 和 --explain 不能一起写")
	case c.Explain != "" && c.Format == "csv":
		return fault.New(op, fault.Invalid, "--explain 只能用 --format table 或 json")
	}
	s, err := loadScheme(c.Scheme)
	if err != nil {
		return err
	}
	run := &scoring{command: c, scheme: s}
	if err := run.prepare(p); err != nil {
		return err
	}
	out := bufio.NewWriterSize(p.out, 1<<16)
	if err := run.print(p, out); err != nil {
		return err
	}
	return out.Flush()
}

// scoring is one run of the command: the scheme, what it needs besides the table, and the statistics over all rows.
type scoring struct {
	command *scoreCommand
	scheme  *rating.Scheme
	options rating.TableOptions
	past    map[string]map[string]rating.Past // by history id, then by subject
	cohort  *rating.Cohort
}

// prepare reads everything but the rows that are to be printed, and so finds every problem there is.
func (r *scoring) prepare(p *program) error {
	const op = "cmd.score"
	c := r.command
	day := rating.DateOf(p.now())
	if c.AsOf != "" {
		var err error
		if day, err = rating.ParseDate(c.AsOf); err != nil {
			return fault.Wrap(op, fault.Invalid, "--as-of："+err.Error(), err)
		}
	}
	r.options.AsOf = day
	if c.Join != "" {
		if err := r.readJoin(); err != nil {
			return err
		}
	}
	if err := r.readPast(); err != nil {
		return err
	}
	if r.scheme.Table != nil && r.scheme.Table.AsOf != "" && c.AsOf != "" {
		return fault.New(op, fault.Invalid, fmt.Sprintf("方案从列 %q 读评价日期，不能再写 --as-of", r.scheme.Table.AsOf))
	}
	var broken error
	rows := func(yield func(rating.Subject) bool) {
		err := r.each(func(sub rating.Subject) error {
			if !yield(sub) {
				return errStopped
			}
			return nil
		})
		if !errors.Is(err, errStopped) && broken == nil {
			broken = err
		}
	}
	cohort, err := rating.NewCohort(r.scheme, rows, r.history)
	if broken != nil {
		return broken
	}
	r.cohort = cohort
	return err
}

// errStopped ends a walk over the rows whose caller has had enough.
var errStopped = errors.New("stopped")

// each walks over the rows of the table in their order. Its error names the file.
func (r *scoring) each(row func(rating.Subject) error) error {
	f, err := openTable(r.command.Facts)
	if err != nil {
		return err
	}
	defer f.Close()
	err = rating.EachRow(r.scheme, f, r.options, row)
	if rating.ProblemsOf(err) != nil {
		return fault.Wrap("cmd.score", fault.Invalid, r.command.Facts+"："+fault.MessageOf(err)+"（行:列 列名）", err)
	}
	return err
}

func (r *scoring) readJoin() error {
	f, err := openTable(r.command.Join)
	if err != nil {
		return err
	}
	defer f.Close()
	r.options.Join, err = rating.ReadJoin(f, r.command.On)
	if err != nil {
		return fault.Wrap("cmd.score", fault.Invalid, r.command.Join+"："+fault.MessageOf(err)+"（行:列 列名）", err)
	}
	return nil
}

// readPast reads the earlier results that the scheme's history names.
func (r *scoring) readPast() error {
	const op = "cmd.score"
	r.past = map[string]map[string]rating.Past{}
	declared := map[string]bool{}
	for _, h := range r.scheme.History {
		declared[h.ID] = true
	}
	for _, arg := range r.command.Past {
		id, name, ok := strings.Cut(arg, "=")
		switch {
		case !ok || name == "":
			return fault.New(op, fault.Invalid, fmt.Sprintf("--past 要写成 编号=文件，不能是 %q", arg))
		case !declared[id]:
			return fault.New(op, fault.Invalid, fmt.Sprintf("方案的 history 没有 %q", id))
		case r.past[id] != nil:
			return fault.New(op, fault.Invalid, fmt.Sprintf("--past %s 写了两次", id))
		}
		results, err := readResults(name)
		if err != nil {
			return err
		}
		r.past[id] = results
	}
	return nil
}

// history gives the earlier results of one subject.
func (r *scoring) history(id string) rating.History {
	if len(r.past) == 0 {
		return nil
	}
	h := rating.History{}
	for name, results := range r.past {
		if past, ok := results[id]; ok {
			h[name] = past
		}
	}
	return h
}

func (r *scoring) evaluate(sub rating.Subject) rating.Result {
	return rating.Evaluate(r.scheme, r.cohort, sub, r.history(sub.ID))
}

// print writes what was asked for.
func (r *scoring) print(p *program, out io.Writer) error {
	switch {
	case r.command.Explain != "":
		return r.printExplanation(out)
	case r.command.Rollup != "":
		return r.printRollup(out)
	}
	head := append([]string{"id", "total", "grade"}, r.outputIDs()...)
	switch r.command.Format {
	case "json":
		return r.each(func(sub rating.Subject) error {
			if err := p.ctx.Err(); err != nil {
				return err
			}
			result := r.evaluate(sub)
			_, err := out.Write(append(result.Canonical(), '\n'))
			return err
		})
	case "csv":
		w := csv.NewWriter(out)
		if err := w.Write(head); err != nil {
			return err
		}
		err := r.each(func(sub rating.Subject) error {
			if err := p.ctx.Err(); err != nil {
				return err
			}
			return w.Write(r.row(sub))
		})
		if err != nil {
			return err
		}
		w.Flush()
		return w.Error()
	}
	table := textTable{Head: []string{"编号", "总分", "等级"}, Right: []bool{false, true, false}}
	for _, o := range r.scheme.Outputs {
		table.Head = append(table.Head, o.Name)
		table.Right = append(table.Right, true)
	}
	err := r.each(func(sub rating.Subject) error {
		table.Rows = append(table.Rows, r.row(sub))
		return p.ctx.Err()
	})
	if err != nil {
		return err
	}
	if err := table.write(out); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n%d 行，方案 %s %s（SHA-256 %s）\n", len(table.Rows), r.scheme.ID, r.scheme.Version, r.scheme.Hash[:16])
	return err
}

func (r *scoring) outputIDs() []string {
	var ids []string
	for _, o := range r.scheme.Outputs {
		ids = append(ids, o.ID)
	}
	return ids
}

// row is one line of the table: id, total, the grade as it is called, and the named outputs. What could not be computed is blank.
func (r *scoring) row(sub rating.Subject) []string {
	result := r.evaluate(sub)
	total := ""
	if result.Total.Counted {
		total = result.Total.Shown
	}
	row := []string{result.Subject, total, result.Label}
	for i := range result.Outputs {
		shown := ""
		if result.Outputs[i].Known {
			shown = result.Outputs[i].Shown
		}
		row = append(row, shown)
	}
	return row
}

// tableFile is a table that is being read; gzip is recognised by its first bytes, whatever the file is called.
type tableFile struct {
	io.Reader
	file *os.File
}

// Close closes the file.
func (t *tableFile) Close() { _ = t.file.Close() }

func openTable(name string) (*tableFile, error) {
	const op = "cmd.openTable"
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "打不开 "+name, err)
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		_ = f.Close()
		return nil, fault.Wrap(op, fault.Invalid, name+" 不是文件", err)
	}
	buffered := bufio.NewReaderSize(f, 1<<16)
	magic, err := buffered.Peek(2)
	if err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return &tableFile{Reader: buffered, file: f}, nil
	}
	z, err := gzip.NewReader(buffered)
	if err != nil {
		_ = f.Close()
		return nil, fault.Wrap(op, fault.Invalid, name+" 的压缩格式有误", err)
	}
	return &tableFile{Reader: z, file: f}, nil
}

// maxResultBytes is the longest line of a file of results.
const maxResultBytes = 4 << 20

// readResults reads results, one a line, as --format json writes them.
func readResults(name string) (map[string]rating.Past, error) {
	const op = "cmd.readResults"
	f, err := openTable(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	results := map[string]rating.Past{}
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<16), maxResultBytes)
	for n := 1; lines.Scan(); n++ {
		result, err := rating.ReadResult(lines.Bytes())
		if err != nil {
			return nil, fault.Wrap(op, fault.Invalid, fmt.Sprintf("%s 第 %d 行不是评价结果：%s", name, n, fault.MessageOf(err)), err)
		}
		if _, twice := results[result.Subject]; twice {
			return nil, fault.New(op, fault.Invalid, fmt.Sprintf("%s 第 %d 行：编号 %s 重复", name, n, result.Subject))
		}
		results[result.Subject] = result.Past()
	}
	if err := lines.Err(); err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "读不完 "+name, err)
	}
	if len(results) == 0 {
		return nil, fault.New(op, fault.Invalid, name+" 是空的")
	}
	return results, nil
}

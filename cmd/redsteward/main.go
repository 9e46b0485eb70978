// Command redsteward rates residential compounds and property firms, and serves the pages and interfaces around it.
//
//  1. Wiring lives here and nowhere else: configuration, clocks, signals, and which implementation is given to whom.
//  2. Only this package asks for the time; all others are given a clock.
//  3. Exit codes: 0 as expected, 1 something was found or failed, 2 the input cannot be used (then nothing was written).
//  4. A subcommand is one struct in a file of its own with a method Run; it is listed in commands once it works.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"redsteward/internal/fault"
)

// The exit codes of every subcommand.
const (
	exitOK     = 0
	exitFailed = 1
	exitInput  = 2
)

// errFound says that the command did its work, has printed what it found, and that this is not what one hopes for.
var errFound = errors.New("found something")

// commands lists the subcommands; kong reads the field names and tags.
type commands struct {
	Demo    demoCommand    `cmd:"" help:"载入演示县，打印星级和演示账号，打开网页"`
	Serve   serveCommand   `cmd:"" help:"启动服务"`
	Check   checkCommand   `cmd:"" help:"检查方案、时限、角色、节假日和配置文件"`
	Verify  verifyCommand  `cmd:"" help:"重新计算一颗公布的星（复算包），或者核验一个数据文件夹的全部日志和其中的评价"`
	Doctor  doctorCommand  `cmd:"" help:"体检：数据版本、日志、列表索引、节假日、磁盘；--rebuild 按日志重做状态"`
	Backup  backupCommand  `cmd:"" help:"备份到一个文件夹；服务可以照常运行"`
	Restore restoreCommand `cmd:"" help:"从备份恢复到空的数据文件夹或数据库；--drill 只演练"`
	Migrate migrateCommand `cmd:"" help:"把数据搬到另一个文件夹或数据库（SQLite 与 MongoDB 之间），核验后才算完成"`
	Witness witnessCommand `cmd:"" help:"见证人（例如审计）：生成自己的密钥，核对后联署日志的检查点"`
	Export  exportCommand  `cmd:"" help:"导出：公开页面的静态副本（public），供网站使用"`
	Import  importCommand  `cmd:"" help:"导入一份 Excel（企业、小区、合同等），与网页上的“Excel 导入”相同；服务要先停止"`
	Intake  intakeCommand  `cmd:"" help:"外网来件：在外网接收居民反映并封装，在内网打开登记，各一次"`
	Why     whyCommand     `cmd:"" help:"说明某人为什么能办或不能办某件事，谁能办"`
	Draw    drawCommand    `cmd:"" help:"重新抽一遍一次公开的双随机抽取或者满意度调查抽样，与公布的结果比较"`
	Bench   benchCommand   `cmd:"" help:"量这台机器和这块磁盘能承受多少"`
	Score   scoreCommand   `cmd:"" help:"用一个方案给一张表格评分，不需要网络和数据库"`
}

// program is what a subcommand may use of the world around it.
type program struct {
	ctx    context.Context
	out    io.Writer
	errOut io.Writer
	env    []string
	now    func() time.Time
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(&program{ctx: ctx, out: os.Stdout, errOut: os.Stderr, env: os.Environ(), now: time.Now}, os.Args[1:])
	stop()
	os.Exit(code)
}

// run carries out one command line and returns its exit code.
func run(p *program, args []string) int {
	var cli commands
	asked := -1 // The code that kong asks for after it has printed help; parsing just goes on and changes nothing.
	parser, err := kong.New(&cli,
		kong.Name("redsteward"),
		kong.Description("红色管家：住宅小区物业服务评价系统"),
		kong.Writers(p.out, p.errOut),
		kong.Exit(func(code int) { asked = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return p.fail(err)
	}
	kctx, err := parser.Parse(args)
	if asked >= 0 {
		return asked
	}
	if err != nil {
		fmt.Fprintln(p.errOut, "redsteward:", err)
		return exitInput
	}
	return p.fail(kctx.Run(p))
}

// fail prints an error once, with every refused place on a line of its own, and returns the exit code that belongs to it.
func (p *program) fail(err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errFound) {
		return exitFailed
	}
	message := fault.MessageOf(err)
	if message == "" {
		message = err.Error()
	}
	fmt.Fprintln(p.errOut, "redsteward:", message)
	for _, f := range fault.FieldsOf(err) {
		fmt.Fprintf(p.errOut, "  %s: %s\n", f.Name, f.Message)
	}
	if fault.Is(err, fault.Invalid) {
		return exitInput
	}
	return exitFailed
}

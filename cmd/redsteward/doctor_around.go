package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/pdf"
	"redsteward/internal/store/mongo"
)

// oldestServer is the oldest MongoDB that the driver speaks to.
const oldestServer = "4.4"

// clockAllowed is by how much the clocks of this machine, the database and the log may differ. Leases last ten seconds and are renewed well before, so a few seconds do no harm.
const clockAllowed = 5 * time.Second

// examineServer looks at the database server: its version, and whether one machine's failure loses data. A folder has none.
func (d *diagnosis) examineServer(s *service) {
	const subject = "数据库服务"
	engine, ok := s.db.Engine().(*mongo.Engine)
	if !ok {
		return
	}
	began := d.now()
	server, err := engine.Server(d.ctx)
	if err != nil {
		d.failed(subject, err)
		return
	}
	d.judgeServer(subject, server)
	// Half of what the question took is the way back.
	took := d.now().Sub(began)
	d.judgeClock("数据库的时钟", server.Clock.Sub(began.Add(took/2)).Abs(), "与本机相差")
}

// judgeServer tells what a server's version and form mean.
func (d *diagnosis) judgeServer(subject string, server mongo.Server) {
	text := "MongoDB " + server.Version
	switch {
	case olderThan(server.Version, oldestServer):
		d.bad(subject, text+"，太旧；需要 "+oldestServer+" 或更新的版本")
	case server.Shards:
		d.good(subject, text+"，分片集群")
	case server.Set != "":
		d.good(subject, text+"，复制集 "+server.Set)
	default:
		d.warn(subject, text+"，单机运行，没有复制集：可以用，但这台机器坏了只能从备份恢复")
	}
}

// olderThan compares two versions number by number; what is no number counts as 0.
func olderThan(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range b {
		var have int
		if i < len(a) {
			have, _ = strconv.Atoi(a[i])
		}
		if need, _ := strconv.Atoi(b[i]); have != need {
			return have < need
		}
	}
	return false
}

// examineClock looks whether the clock of this machine stands before what was recorded last: then it was set back, and deadlines and the order of days would be wrong.
func (d *diagnosis) examineClock(s *service) {
	const subject = "本机时钟"
	if !s.config.BusinessClock.IsZero() {
		return // records bear the time of a demonstration
	}
	last, err := s.db.Engine().LastN(d.ctx)
	if err != nil {
		d.failed(subject, err)
		return
	}
	var at time.Time
	err = s.db.Engine().Log(d.ctx, max(0, last-1), last, func(r journal.Record) error {
		_, content, err := journal.Unseal(r.Sealed)
		at = content.At.Time
		return err
	})
	if err != nil {
		return // examineLog says what is wrong with the record
	}
	now := d.now()
	text := calendar.Moment(now) + "（北京时间）"
	if ahead := at.Sub(now); last > 0 && ahead > clockAllowed {
		d.bad(subject, fmt.Sprintf("%s，比最后一条记录还早 %s，时钟被拨回过；请校准（建议开启时间同步）", text, roughly(ahead)))
		return
	}
	d.good(subject, text+"，不早于最后一条记录")
}

// examineChromium looks whether the Chromium that makes PDFs runs here; without one nothing is said.
func (d *diagnosis) examineChromium(s *service) {
	const subject = "生成 PDF"
	path := s.config.Print.Chromium
	if path == "" {
		return
	}
	printer, err := pdf.New(path, 0, 0, 0)
	version := ""
	if err == nil {
		version, err = printer.Version(d.ctx)
	}
	if err != nil {
		d.warn(subject, fault.MessageOf(err)+"；打印不受影响，没有“下载 PDF”")
		return
	}
	d.good(subject, version+"，"+path)
}

// judgeClock tells how far a clock is off.
func (d *diagnosis) judgeClock(subject string, off time.Duration, than string) {
	text := than + " " + roughly(off)
	if off > clockAllowed {
		d.warn(subject, text+"，租约和到期会不准；请让两台机器都做时间同步")
		return
	}
	d.good(subject, text)
}

// roughly is a duration for people.
func roughly(t time.Duration) string {
	switch {
	case t < time.Second:
		return "不到 1 秒"
	case t < 2*time.Minute:
		return fmt.Sprintf("%.0f 秒", t.Seconds())
	case t < 2*time.Hour:
		return fmt.Sprintf("%.0f 分钟", t.Minutes())
	case t < 48*time.Hour:
		return fmt.Sprintf("%.0f 小时", t.Hours())
	}
	return fmt.Sprintf("%d 天", int(t.Hours()/24))
}

// certificateWarning is how long before its end a certificate is told: longer than the program's own one is renewed before (30 days), so that one whose renewal failed shows too.
const certificateWarning = 28 * 24 * time.Hour

// examineCertificate looks when the certificate of the service and its own authority end.
func (d *diagnosis) examineCertificate(s *service) {
	const subject = "证书"
	c := s.config
	if c.TLS.Mode == "off" {
		if c.TLS.BehindProxy {
			d.good(subject, "加密由前面的代理负责，证书请在代理上看")
		} else {
			d.warn(subject, "没有加密（tls.mode: off），账号密码会明文经过网络；只在本机试用时可以这样")
		}
		return
	}
	files := []string{c.TLS.Cert}
	if c.TLS.Mode != "files" {
		files = []string{filepath.Join(s.dir, "tls", "server.pem"), filepath.Join(s.dir, "tls", "ca.pem")}
	}
	for _, file := range files {
		ends, err := certificateEnd(file)
		switch left := ends.Sub(d.now()); {
		case errors.Is(err, fs.ErrNotExist) && c.TLS.Mode != "files":
			d.good(subject, "还没有生成，第一次启动服务时生成")
			return
		case err != nil:
			d.bad(subject, filepath.Base(file)+" 不能使用："+err.Error())
		case left <= 0:
			d.bad(subject, fmt.Sprintf("%s 已于 %s 到期，浏览器会拒绝打开", filepath.Base(file), calendar.DateOf(ends).Chinese()))
		case left < certificateWarning:
			d.warn(subject, fmt.Sprintf("%s 到 %s 到期，还有 %s，请更换", filepath.Base(file), calendar.DateOf(ends).Chinese(), roughly(left)))
		default:
			d.good(subject, fmt.Sprintf("%s 到 %s 到期", filepath.Base(file), calendar.DateOf(ends).Chinese()))
		}
	}
}

// certificateEnd is when the first certificate of a PEM file ends, which is the one of the service.
func certificateEnd(file string) (time.Time, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return time.Time{}, fault.New("cmd.certificateEnd", fault.Invalid, "不是 PEM 文件")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}, err
	}
	return cert.NotAfter, nil
}

package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"image"
	_ "image/jpeg" // what photos are decoded with
	_ "image/png"  // what photos are decoded with
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"redsteward/internal/fault"
)

const (
	// PerHour is how many reports an address sends in an hour: a neighbourhood behind one address can still work, a program that floods cannot.
	PerHour = 20
	// MaxWaiting is how many files may wait in the folder to be taken in.
	MaxWaiting = 5_000
	// MaxWaitingBytes is how many bytes they may have together.
	MaxWaitingBytes = 8 << 30

	maxField   = 4 << 10
	maxPixels  = 60_000_000
	atOnce     = 4         // forms that are read at the same time; each is held in memory
	sameWithin = time.Hour // the same form again within this is the same report
	remembered = 10_000    // addresses and forms
)

// Receiver takes reports in over HTTP and leaves them in a folder, sealed. It keeps no text on disk and writes none into a log.
type Receiver struct {
	// Dir is where sealed files are left; Key is to whom they are sealed.
	Dir string
	Key PublicKey
	// Now is the clock of the outer zone. Draw makes a number or code of so many signs that nobody can guess; NumberLength and CodeLength are how many.
	Now                      func() time.Time
	Draw                     func(length int) string
	NumberLength, CodeLength int
	// Check says what of the resident's own words is refused, by the rules of the import.
	Check func(where, words string) []fault.Field
	// BehindProxy: the address of the resident is the last of X-Forwarded-For, which the proxy adds.
	BehindProxy bool
	// Follow is the address where numbers are followed, "" if residents ask the community.
	Follow string
	// Failed is told of what went wrong inside, without anything of a report.
	Failed func(error)

	once  sync.Once
	slots chan struct{}
	mu    sync.Mutex
	tries map[string][]time.Time
	sent  map[string]receipt
}

// receipt is what a form was answered with, by the hash of the form; in memory only.
type receipt struct {
	number, code string
	at           time.Time
}

// page is an answer as people see it; parts are escaped.
func page(w http.ResponseWriter, status int, title string, parts ...string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	var b strings.Builder
	b.WriteString(`<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>` + html.EscapeString(title) +
		`</title><style>body{font:18px/1.7 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}b{font-size:1.4em}</style></head><body><main><h1>` + html.EscapeString(title) + `</h1>`)
	for _, part := range parts {
		b.WriteString(part)
	}
	b.WriteString("</main></body></html>")
	_, _ = io.WriteString(w, b.String()) // nobody is left to be told
}

func paragraph(text string) string { return "<p>" + html.EscapeString(text) + "</p>" }

// refuse answers with what is wrong; the browser's way back still holds what was typed.
func refuse(w http.ResponseWriter, status int, messages ...string) {
	parts := []string{}
	for _, m := range messages {
		parts = append(parts, paragraph(m))
	}
	page(w, status, "没有收下", append(parts, paragraph("请按浏览器的“返回”，改好后再提交；写的内容还在。"))...)
}

// ServeHTTP takes one form in.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.once.Do(func() {
		r.slots, r.tries, r.sent = make(chan struct{}, atOnce), map[string][]time.Time{}, map[string]receipt{}
	})
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		page(w, http.StatusMethodNotAllowed, "反映问题", paragraph("这里只接收填好的表，请从县政府网站的“反映问题”页面填写。"))
		return
	}
	if !r.admit(r.addressOf(req)) {
		w.Header().Set("Retry-After", "3600")
		refuse(w, http.StatusTooManyRequests, "同一个地址一小时内反映得太多，请过一会儿再试。危急情况请直接拨打 119、110。")
		return
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	default:
		w.Header().Set("Retry-After", "30")
		refuse(w, http.StatusServiceUnavailable, "现在提交的人多，请半分钟后再试。")
		return
	}
	report, err := r.read(w, req)
	if err == nil {
		var t receipt
		if t, err = r.take(report); err == nil {
			r.thank(w, t)
			return
		}
	}
	if fields := fault.FieldsOf(err); len(fields) > 0 {
		var messages []string
		for _, f := range fields {
			messages = append(messages, f.Message)
		}
		refuse(w, http.StatusUnprocessableEntity, messages...)
		return
	}
	if fault.Is(err, fault.Invalid) {
		refuse(w, http.StatusBadRequest, fault.MessageOf(err))
		return
	}
	if r.Failed != nil {
		r.Failed(err)
	}
	refuse(w, http.StatusServiceUnavailable, "现在收不下，请过一会儿再试，或者直接联系社区。危急情况请拨打 119、110。")
}

func (r *Receiver) thank(w http.ResponseWriter, t receipt) {
	follow := paragraph("凭查询号和查询码可以问社区办到哪一步。")
	if r.Follow != "" {
		follow = `<p>办到哪一步，在<a href="` + html.EscapeString(r.Follow) + `">查看办到哪一步</a>填查询号和查询码。</p>`
	}
	page(w, http.StatusOK, "已收到", paragraph("请记下或者截图保存："), "<p>查询号 <b>"+html.EscapeString(t.number)+"</b>　查询码 <b>"+html.EscapeString(t.code)+"</b></p>",
		paragraph("内容已加密，送到内网以后登记办理，登记之前查不到。"), follow)
}

// addressOf is the address by which tries are counted.
func (r *Receiver) addressOf(req *http.Request) string {
	if r.BehindProxy {
		all := strings.Split(strings.Join(req.Header.Values("X-Forwarded-For"), ","), ",")
		if ip := net.ParseIP(strings.TrimSpace(all[len(all)-1])); ip != nil {
			return ip.String()
		}
	}
	host, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		return req.RemoteAddr
	}
	return host
}

// admit counts a try of an address. A memory that is full of addresses of this hour admits nobody new, instead of forgetting who floods.
func (r *Receiver) admit(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	if len(r.tries) >= remembered {
		for a, at := range r.tries {
			if now.Sub(at[len(at)-1]) > time.Hour {
				delete(r.tries, a)
			}
		}
	}
	at := r.tries[address]
	for len(at) > 0 && now.Sub(at[0]) > time.Hour {
		at = at[1:]
	}
	if len(at) >= PerHour || len(at) == 0 && len(r.tries) >= remembered {
		return false
	}
	r.tries[address] = append(at, now)
	return true
}

// read reads a form into memory; nothing of it touches the disk.
func (r *Receiver) read(w http.ResponseWriter, req *http.Request) (*Report, error) {
	const op = "intake.read"
	req.Body = http.MaxBytesReader(w, req.Body, MaxSealed)
	form, err := req.MultipartReader()
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "不是从“反映问题”页面提交的表", err)
	}
	report := &Report{}
	texts := map[string]*string{"community": &report.Community, "project": &report.Project, "category": &report.Category, "where": &report.Where, "words": &report.Words}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, cut(err)
		}
		if err := readPart(part, texts, report); err != nil {
			return nil, err
		}
	}
	return report, r.check(report)
}

// cut is for a body that is too long or stopped coming.
func cut(err error) error {
	if fault.KindOf(err) == fault.Invalid {
		return err
	}
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		return fault.Wrap("intake.read", fault.Invalid, fmt.Sprintf("照片太大：最多 %d 张，每张不超过 %d MB", MaxPhotos, MaxPhoto>>20), err)
	}
	return fault.Wrap("intake.read", fault.Invalid, "没有传完，请再提交一次", err)
}

func readPart(part *multipart.Part, texts map[string]*string, report *Report) error {
	const op = "intake.read"
	name := part.FormName()
	if text := texts[name]; text != nil {
		data, err := io.ReadAll(io.LimitReader(part, maxField+1))
		switch {
		case err != nil:
			return cut(err)
		case len(data) > maxField || !utf8.Valid(data) || *text != "":
			return fault.New(op, fault.Invalid, "不是从“反映问题”页面提交的表")
		}
		*text = strings.TrimSpace(strings.ToValidUTF8(string(data), ""))
		return nil
	}
	if name != "photos" {
		return nil // a field of another page; closing the part reads over it
	}
	data, err := io.ReadAll(io.LimitReader(part, MaxPhoto+1))
	switch {
	case err != nil:
		return cut(err)
	case len(data) == 0: // a browser sends an empty part for no photo
		return nil
	case len(report.Photos) == MaxPhotos:
		return fault.New(op, fault.Invalid, fmt.Sprintf("最多 %d 张照片", MaxPhotos))
	case len(data) > MaxPhoto:
		return fault.New(op, fault.Invalid, fmt.Sprintf("第 %d 张照片超过 %d MB", len(report.Photos)+1, MaxPhoto>>20))
	}
	report.Photos = append(report.Photos, data)
	return nil
}

// check refuses what the import would refuse, as far as it can be seen from outside.
func (r *Receiver) check(report *Report) error {
	fields := r.Check(report.Where, report.Words)
	if report.Community == "" {
		fields = append(fields, fault.Field{Name: "community", Message: "请选择社区"})
	}
	if report.Category == "" {
		fields = append(fields, fault.Field{Name: "category", Message: "请选择分类"})
	}
	for i, photo := range report.Photos {
		size, kind, err := image.DecodeConfig(bytes.NewReader(photo))
		switch {
		case err != nil || kind != "jpeg" && kind != "png":
			fields = append(fields, fault.Field{Name: "photos", Message: fmt.Sprintf("第 %d 张不是 JPG 或 PNG 照片", i+1)})
		case size.Width*size.Height > maxPixels:
			fields = append(fields, fault.Field{Name: "photos", Message: fmt.Sprintf("第 %d 张照片的像素太多", i+1)})
		default:
			if _, _, err := image.Decode(bytes.NewReader(photo)); err != nil {
				fields = append(fields, fault.Field{Name: "photos", Message: fmt.Sprintf("第 %d 张照片是坏的，请重拍或者重选", i+1)})
			}
		}
	}
	if len(fields) > 0 {
		return fault.InvalidFields("intake.check", fields...)
	}
	return nil
}

// take seals a report and leaves it in the folder; the same form again within the hour is the same report.
func (r *Receiver) take(report *Report) (receipt, error) {
	const op = "intake.take"
	sum := sha256.New()
	for _, part := range []string{report.Community, report.Project, report.Category, report.Where, report.Words} {
		fmt.Fprintf(sum, "%d/%s", len(part), part)
	}
	for _, photo := range report.Photos {
		one := sha256.Sum256(photo)
		sum.Write(one[:])
	}
	form := hex.EncodeToString(sum.Sum(nil))
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	if old, was := r.sent[form]; was && now.Sub(old.at) < sameWithin {
		return old, nil
	}
	if err := r.room(); err != nil {
		return receipt{}, err
	}
	t := receipt{number: r.Draw(r.NumberLength), code: r.Draw(r.CodeLength), at: now}
	report.Number, report.Code, report.Received = t.number, t.code, now.UTC().Truncate(time.Second)
	sealed, err := r.Key.Seal(report)
	if err != nil {
		return receipt{}, err
	}
	if err := Put(r.Dir, NameOf(sealed), sealed); err != nil {
		return receipt{}, fault.Wrap(op, fault.Unavailable, "封装文件写不下", err)
	}
	if len(r.sent) >= remembered {
		clear(r.sent)
	}
	r.sent[form] = t
	return t, nil
}

// room refuses when too much waits.
func (r *Receiver) room() error {
	const op = "intake.room"
	entries, err := os.ReadDir(r.Dir)
	if err != nil {
		return fault.Wrap(op, fault.Unavailable, "接收文件夹打不开", err)
	}
	count, size := 0, int64(0)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), Ending) {
			count, size = count+1, size+info.Size()
		}
	}
	if count >= MaxWaiting || size >= MaxWaitingBytes {
		return fault.New(op, fault.Unavailable, fmt.Sprintf("接收文件夹里已有 %d 个文件没有取走", count))
	}
	return nil
}

// Put writes a sealed file into a folder, whole or not at all, replacing one of the same name.
func Put(dir, name string, data []byte) (err error) {
	f, err := os.CreateTemp(dir, ".incoming-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o640), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, name))
}

// Server is an HTTP server for a receiver that nobody can hold up with a slow form.
func Server(r *Receiver) *http.Server {
	return &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, WriteTimeout: 3 * time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
}

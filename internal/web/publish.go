package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
)

// maxMinutes is the largest request with a scan of minutes: one file and the fields beside it.
const maxMinutes = files.MaxPaper + 1<<20

// scanField is the field of the scan, keptField the one that names a scan taken in before the form came back.
const (
	scanField = "minutes_file"
	keptField = "kept"
)

// publishView is what publish.html shows.
type publishView struct {
	cycle.Period
	Path, Rule string
	Form       []field
	// FileError is what is wrong with the scan; Kept names the one that was taken in before, KeptName is for people.
	FileError, Kept, KeptName string
	MaxMB, MaxImageMB         int64
}

// publishTyped is what stands in the form.
type publishTyped struct {
	evaluation, number, minutes string
	// scan was taken in with an earlier try; its Original is "" if there is none.
	scan files.Stored
}

// publishPage is the form of who publishes.
func (s *Server) publishPage(c *fiber.Ctx, by policy.Actor) error {
	p, err := s.cycle.Period(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	if p.State != cycle.StateEvaluated {
		return fault.New("web.publishPage", fault.Conflict, p.Name+"现在是“"+p.State.Chinese()+"”，不能公布")
	}
	return s.showPublish(c, by, &p, publishTyped{}, "", nil)
}

// showPublish renders the form with what was typed; the status was set before.
func (s *Server) showPublish(c *fiber.Ctx, by policy.Actor, p *cycle.Period, typed publishTyped, said string, refused []fault.Field) error {
	form := []field{{Name: "number", Label: "文号", Type: "text", Value: typed.number, Autocomplete: "off", Hint: "例如 都建发〔2026〕12号；一个文号只用于一份文件", Optional: !p.Stars()}}
	if p.Stars() {
		form = append(form, field{Name: "minutes", Label: "联审纪要", Type: "text", Value: typed.minutes, Autocomplete: "off", Hint: "纪要的编号和日期，例如 联审纪要第3期（2027年1月22日）；编号和扫描件至少要有一样"})
	}
	v := publishView{Period: *p, Path: periodPath(p.ID), Form: withErrors(form, refused), MaxMB: files.PDF.Limit() >> 20, MaxImageMB: files.JPEG.Limit() >> 20}
	if typed.scan.Original != "" {
		v.Kept, v.KeptName = s.sealScan(c, p.ID, typed.scan), typed.scan.Name
	}
	for _, f := range refused {
		if f.Name == scanField {
			v.FileError = f.Message
		}
	}
	if p.Evaluated.By == by.ID {
		v.Rule = "这次评价由你运行，公布必须由另一人完成。"
	}
	return s.render(c, by, "publish", page{Title: "公布" + p.Name, Nav: "/periods", Data: v, Fields: refused, Said: said, Script: true})
}

// publishPeriod publishes a period. A scan is stored only if this person may publish now; one that was taken in stays with the form when a field is wrong.
func (s *Server) publishPeriod(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), c.Params("id")
	typed, upload, refused, err := s.readPublish(c, id)
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err != nil {
		return err
	}
	p, err := s.cycle.MayPublish(ctx, by, id, typed.evaluation)
	if err != nil {
		return err
	}
	if upload != nil && len(refused) == 0 {
		kept, err := s.files.Keep(ctx, store.Meta{By: by.ID, Action: string(policy.PublishEvaluation)}, upload)
		if fault.Is(err, fault.Invalid) {
			refused = scanFaults(err)
		} else if err != nil {
			return err
		} else {
			typed.scan = kept
		}
	}
	if len(refused) == 0 {
		published, err := s.cycle.Publish(ctx, by, id, typed.evaluation, cycle.Paper{Number: typed.number, Minutes: typed.minutes,
			MinutesFile: typed.scan.Original, MinutesKind: typed.scan.Kind, MinutesShown: typed.scan.Shown})
		if err == nil {
			return s.showPeriod(c, by, published.Name+"已公布，共 "+strconv.Itoa(published.Publication.Count)+" 个小区，结果不能再改。")
		}
		if fault.Is(err, fault.Conflict) {
			return s.publishConflict(c, by, &p, typed, err)
		}
		if refused = fault.FieldsOf(err); !fault.Is(err, fault.Invalid) || len(refused) == 0 {
			return err
		}
	}
	c.Status(statusOf(fault.Invalid))
	return s.showPublish(c, by, &p, typed, "", refused)
}

// publishConflict shows the form again while the period can still be published, with what was typed: another paper has the number.
func (s *Server) publishConflict(c *fiber.Ctx, by policy.Actor, p *cycle.Period, typed publishTyped, reason error) error {
	if _, err := s.cycle.MayPublish(c.UserContext(), by, p.ID, typed.evaluation); err != nil {
		return err
	}
	c.Status(statusOf(fault.Conflict))
	return s.showPublish(c, by, p, typed, "没有公布："+fault.MessageOf(reason), nil)
}

// readPublish reads the form. The scan waits in a temporary file, which the caller closes; what is wrong with it comes as refused fields.
func (s *Server) readPublish(c *fiber.Ctx, id string) (typed publishTyped, upload *files.Upload, refused []fault.Field, err error) {
	values, err := s.readForm(c, maxMinutes, func(name string, r io.Reader) error {
		if upload != nil {
			refused = append(refused, fault.Field{Name: scanField, Message: "联审纪要只收一个文件，多页请合成一个 PDF"})
			return skipFile(r)
		}
		received, err := s.files.Receive(name, r, files.PDF, files.JPEG, files.PNG)
		if fields := scanFaults(err); len(fields) > 0 {
			refused = append(refused, fields...)
			return skipFile(r)
		}
		upload = received
		return err
	})
	if errors.Is(err, errEndless) { // the form is answered with what was read until then
		err = nil
	}
	typed = publishTyped{evaluation: values.Get("evaluation"), number: values.Get("number"), minutes: values.Get("minutes")}
	if text := values.Get(keptField); text != "" && upload == nil && err == nil {
		var ok bool
		if typed.scan, ok = s.openScan(c, id, text); !ok {
			refused = append(refused, fault.Field{Name: scanField, Message: "联审纪要的扫描件要重新选择"})
		}
	}
	return typed, upload, refused, err
}

// scanFaults are what is wrong with a scan, under its field; nil for any other error.
func scanFaults(err error) []fault.Field {
	if !fault.Is(err, fault.Invalid) {
		return nil
	}
	var out []fault.Field
	for _, f := range fault.FieldsOf(err) {
		out = append(out, fault.Field{Name: scanField, Message: f.Message})
	}
	return out
}

// sealScan names a scan that was taken in, for the form of this session and period only.
func (s *Server) sealScan(c *fiber.Ctx, id string, scan files.Stored) string {
	data, err := json.Marshal(scan)
	if err != nil {
		return "" // plain strings and numbers always marshal
	}
	return base64.RawURLEncoding.EncodeToString(data) + "." + base64.RawURLEncoding.EncodeToString(s.scanMark(c, id, data))
}

// openScan reads what sealScan wrote; false for anything else.
func (s *Server) openScan(c *fiber.Ctx, id, text string) (scan files.Stored, ok bool) {
	body, mark, _ := strings.Cut(text, ".")
	data, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return scan, false
	}
	given, err := base64.RawURLEncoding.DecodeString(mark)
	if err != nil || !hmac.Equal(given, s.scanMark(c, id, data)) || json.Unmarshal(data, &scan) != nil {
		return files.Stored{}, false
	}
	return scan, true
}

func (s *Server) scanMark(c *fiber.Ctx, id string, data []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("minutes\x00" + s.tokenKey(c) + "\x00" + id + "\x00"))
	mac.Write(data)
	return mac.Sum(nil)
}

// periodMinutes hands out the scan of the minutes on which a publication stands.
func (s *Server) periodMinutes(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	p, err := s.cycle.Period(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	if p.Publication == nil || p.Publication.MinutesFile == "" {
		return fault.New("web.periodMinutes", fault.NotFound, "没有联审纪要的扫描件")
	}
	kind, original := p.Publication.MinutesKind, c.Query("original") == "1"
	hash := p.Publication.MinutesShown
	if original || hash == "" {
		hash, original = p.Publication.MinutesFile, original || kind != files.PDF
	}
	r, size, err := s.files.Open(ctx, hash)
	if err != nil {
		return err
	}
	name := p.ID + "联审纪要"
	switch kind {
	case files.PDF:
		name += ".pdf"
	case files.JPEG:
		name += ".jpg"
	case files.PNG:
		name += ".png"
	}
	sendFile(c, r, size, kind, name, original)
	return nil
}

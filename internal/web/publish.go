package web

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// maxMinutes is the largest request with a scan of minutes: one file and the fields beside it.
const maxMinutes = files.MaxPaper + 1<<20

// scanField is the field of the scan, keptField the one that names a scan taken in before the form came back.
const (
	scanField = "minutes_file"
	keptField = "kept"
)

// publishView is what publish.html shows: where the publication of a period stands in its approval, and what the actor can do.
type publishView struct {
	cycle.Period
	Path, Word, Next string
	// Rule is why the actor can do nothing although it would be for his office.
	Rule string
	// Form are the fields of showing it or of publishing it.
	Form                             []field
	CanSend, CanWithdraw, CanPublish bool
	// FileError is what is wrong with the scan; Kept names the one that was taken in before, KeptName is for people.
	FileError, Kept, KeptName string
	MaxMB, MaxImageMB         int64
	Signing                   signingView
	Levels                    []approvalLevelView
	Scans                     []caseLink
	// Hold is why a period can neither be sent nor published yet, or a year not be shown, Heard when its scores were told or shown, Objections how many there are by state; CanTell: it is for the actor to tell or show them now.
	Hold       string
	Heard      []tellingView
	Objections []caseLink
	CanTell    bool
	// Near says how many projects lie near a cut and how many of them a second person has scored, "" where none does.
	Near string
}

// tellingView is one telling of scores.
type tellingView struct{ At, Until, Projects string }

// sendTyped is what stands in the form of showing.
type sendTyped struct {
	evaluation, minutes string
	// scan was taken in with an earlier try; its Original is "" if there is none.
	scan files.Stored
}

// publishTyped is what was typed in one of the forms of the page, and what was refused.
type publishTyped struct {
	send    sendTyped
	number  string
	sign    url.Values
	said    string
	refused []fault.Field
}

// publishPage shows where a publication stands.
func (s *Server) publishPage(c *fiber.Ctx, by policy.Actor) error {
	return s.showPublish(c, by, publishTyped{said: saidParam(c, map[string]string{"tell": "已告知企业，企业在待办里看到，可以在异议期内逐项提出异议。", "show": "已公示，公众在星级公示页看到，可以提意见；企业在申诉期内可以申诉。", "send": "已送审，等各级签署。", "sign": "已签署。", "paper": paperSaid, "withdraw": "已撤回，签过的都不算。"})})
}

// showPublish renders the page with what was typed; the status was set before. Returns Conflict before there is a result.
func (s *Server) showPublish(c *fiber.Ctx, by policy.Actor, typed publishTyped) error {
	ctx := c.UserContext()
	p, err := s.cycle.Period(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	if p.State != cycle.StateEvaluated && p.State != cycle.StatePublished {
		return fault.New("web.publishPage", fault.Conflict, p.Name+"现在是“"+p.State.Chinese()+"”，不能公布")
	}
	h, err := s.hearing(ctx, &p)
	if err != nil {
		return err
	}
	v := publishView{Period: p, Path: periodPath(p.ID), Word: periodWord(&p, h), Next: publishNext(&p, h), Levels: s.approvalLevels(p.Approval), MaxMB: files.PDF.Limit() >> 20, MaxImageMB: files.JPEG.Limit() >> 20}
	v.Scans = scanLinks(v.Path, len(p.Scans))
	switch near, scored, err := s.cycle.NearScored(ctx, &p); {
	case err != nil:
		return err
	case near > 0:
		v.Near = fmt.Sprintf("%d 个，第二人评分完成 %d 个", near, scored)
	}
	manages := s.guard.Allow(by, policy.ManagePeriod)
	if p.State == cycle.StateEvaluated {
		v.Hold, v.CanTell = cmp.Or(p.Wait(), h.Why()), p.ToTell() && manages
		if v.CanTell && p.Stars() {
			if _, err := s.cycle.MayShow(ctx, by, p.ID, p.Evaluation); fault.Is(err, fault.Conflict) {
				v.CanTell, v.Hold = false, strings.TrimPrefix(fault.MessageOf(err), p.Name)
			} else if err != nil {
				return err
			}
		}
	}
	if v.Heard, v.Objections, err = s.toldOf(ctx, by, &p); err != nil {
		return err
	}
	v.CanSend, v.CanWithdraw = p.ToSend() && manages && v.Hold == "", manages && p.Approval != nil && p.Approval.Maker == by.ID && (p.Signing() || p.Approval.State == policy.ApprovalReturned)
	if v.CanTell && p.Stars() {
		if n := len(p.Tellings); n > 0 && typed.send.minutes == "" {
			typed.send.minutes = p.Tellings[n-1].Minutes
		}
		v.Form = withErrors([]field{{Name: "minutes", Label: "联审纪要", Type: "text", Value: typed.send.minutes, Autocomplete: "off", Hint: "纪要的编号和日期，例如 联审纪要第3期（2027年1月22日）；编号和扫描件至少要有一样"}}, typed.refused)
		for _, f := range typed.refused {
			if f.Name == scanField {
				v.FileError = f.Message
			}
		}
		if typed.send.scan.Original != "" {
			v.Kept, v.KeptName = s.sealScan(c, p.ID, typed.send.scan), typed.send.scan.Name
		}
	}
	if p.Approved() && s.guard.Allow(by, policy.PublishEvaluation) {
		if apart := s.cycle.Apart(by, &p); apart != nil {
			v.Rule = fault.MessageOf(apart)
		} else {
			v.CanPublish = true
			if typed.number == "" && typed.refused == nil {
				if next, err := s.suggested(ctx, by, caseForm{number: "文号"}, "period/"+p.ID, "period.published", "评价结果"); err != nil {
					return err
				} else if p.Stars() {
					typed.number = next.next
				}
			}
			v.Form = withErrors([]field{{Name: "number", Label: "文号", Type: "text", Value: typed.number, Autocomplete: "off", Hint: "例如 都建发〔2026〕12号；一个文号只用于一份文件", Optional: !p.Stars()}}, typed.refused)
		}
	}
	if p.Signing() && p.Evaluated.By == by.ID && s.guard.Allow(by, policy.PublishEvaluation) {
		v.Rule = "这次评价由你运行，签署和公布必须由另一人完成。"
	}
	mayLook := func(scan string) bool { return s.cycle.MayLook(ctx, by, &p, scan) }
	if v.Signing, err = s.signing(c, by, v.Path, p.Seq, toSign{approval: p.Approval, maySign: s.cycle.MaySign(ctx, by, &p), mayLook: mayLook, scans: len(p.Scans)}, typed.sign, typed.refused); err != nil {
		return err
	}
	return s.render(c, by, "publish", page{Title: "公布" + p.Name, Nav: periodsPath, Data: v, Fields: typed.refused, Said: typed.said, Script: true})
}

// toldOf are the tellings of a quarter and its objections by state, with where they are listed for who may read them.
func (s *Server) toldOf(ctx context.Context, by policy.Actor, p *cycle.Period) (told []tellingView, objections []caseLink, err error) {
	for _, t := range p.Tellings {
		one := tellingView{At: dateTime(t.At.Time), Projects: count(t.Projects), Until: "没有变化，不另设期限"}
		switch {
		case t.Window.Rule != "" && p.Stars():
			one.Until = "公示期到" + t.Window.Chinese() + "，申诉期到" + t.Appeal.Chinese()
		case t.Window.Rule != "":
			one.Until = "异议期到" + t.Window.Chinese()
		}
		told = append(told, one)
	}
	if len(told) == 0 {
		return nil, nil, nil
	}
	h, err := s.cycle.Hearing(ctx, p)
	for _, state := range cycle.ObjectionStates() {
		if n := h.Counts[state]; n > 0 {
			link := caseLink{Title: state.Title() + " " + count(n)}
			if s.guard.Allow(by, policy.ReadObjection) {
				link.Link = objectionsPath + "?period=" + url.QueryEscape(p.ID) + "&state=" + string(state)
			}
			objections = append(objections, link)
		}
	}
	return told, objections, err
}

// tellScores tells the scores of a quarter to the firms.
func (s *Server) tellScores(c *fiber.Ctx, by policy.Actor) error {
	if _, err := s.cycle.Tell(c.UserContext(), by, c.Params("id"), c.FormValue("evaluation")); err != nil {
		return err
	}
	return seeOther(c, periodPath(c.Params("id"))+"/publish?done=tell")
}

// publishNext says what comes next in the publication of a period, and who does it; h is its hearing.
func publishNext(p *cycle.Period, h cycle.Hearing) string {
	switch {
	case p.Early():
		return "统计截止以后重新评价"
	case p.ToTell() && p.Stars():
		return "物业管理股凭联审纪要公示拟评结果；申报没有办结的先办结、重新评价"
	case p.ToSend() && p.Stars() && h.Shows:
		return "等公示期届满，公众意见逐条答复"
	case p.ToSend() && p.Stars() && h.Runs:
		return "等申诉期届满"
	case p.ToSend() && p.Stars() && h.Remarks > 0:
		return "答复公示意见"
	case p.ToSend() && p.Stars() && h.Contested() > 0:
		return "办结申诉：由没有参与评价、审核的人答复；采纳的更正以后重新评价、再次公示"
	case p.ToTell():
		return "物业管理股告知企业得分，企业在异议期内可以逐项提出异议"
	case p.ToSend() && !p.Stars() && h.Runs:
		return "等异议期届满"
	case p.ToSend() && !p.Stars() && h.Contested() > 0:
		return "办结异议：由没有给那一项评分、复核的人答复；采纳的更正以后重新评价、再次告知"
	case p.ToSend():
		return "物业管理股送审"
	case p.Signing():
		return "等“" + p.Approval.Chain.Levels[p.Approval.Level].Name + "”"
	case p.Approved():
		return "各级都已签署，由评价和送审以外的人公布"
	}
	return ""
}

// showStars shows the stars of a year to the public. A scan of the minutes is stored only if this person may show it now; one that was taken in stays with the form when a field
// is wrong.
func (s *Server) showStars(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), c.Params("id")
	typed, upload, refused, err := s.readSend(c, id)
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err != nil {
		return err
	}
	if _, err := s.cycle.MayShow(ctx, by, id, typed.evaluation); err != nil {
		return err
	}
	if upload != nil && len(refused) == 0 {
		kept, err := s.files.Keep(ctx, store.Meta{By: by.ID, Action: string(policy.ManagePeriod)}, upload)
		if fault.Is(err, fault.Invalid) {
			refused = scanFaults(err)
		} else if err != nil {
			return err
		} else {
			typed.scan = kept
		}
	}
	if len(refused) == 0 {
		_, err := s.cycle.Show(ctx, by, id, typed.evaluation, cycle.Minutes{Cited: typed.minutes, File: typed.scan.Original, Kind: typed.scan.Kind, Shown: typed.scan.Shown})
		if err == nil {
			return seeOther(c, periodPath(id)+"/publish?done=show")
		}
		if refused = refusedForm(err); len(refused) == 0 {
			return err
		}
	}
	c.Status(statusOf(fault.Invalid))
	return s.showPublish(c, by, publishTyped{send: typed, refused: refused})
}

// sendPeriod sends the result through its approval.
func (s *Server) sendPeriod(c *fiber.Ctx, by policy.Actor) error {
	if _, err := s.cycle.Send(c.UserContext(), by, c.Params("id"), c.FormValue("evaluation")); err != nil {
		return err
	}
	return seeOther(c, periodPath(c.Params("id"))+"/publish?done=send")
}

// withdrawPeriod takes the result out of its approval again.
func (s *Server) withdrawPeriod(c *fiber.Ctx, by policy.Actor) error {
	if _, err := s.cycle.Withdraw(c.UserContext(), by, c.Params("id")); err != nil {
		return err
	}
	return seeOther(c, periodPath(c.Params("id"))+"/publish?done=withdraw")
}

// signPeriod signs at one's level of the approval.
func (s *Server) signPeriod(c *fiber.Ctx, by policy.Actor) error {
	id := c.Params("id")
	return s.caseSign(c, periodPath(id)+"/publish", func(_ casework.At, sign policy.Sign, password string) error {
		_, err := s.cycle.Sign(c.UserContext(), by, id, sign, password)
		return err
	}, func(typed url.Values, refused []fault.Field) error {
		return s.showPublish(c, by, publishTyped{sign: typed, refused: refused})
	})
}

// paperPeriod records a signature on paper.
func (s *Server) paperPeriod(c *fiber.Ctx, by policy.Actor) error {
	id := c.Params("id")
	return s.casePaper(c, periodPath(id)+"/publish", func(_ casework.At, in policy.OnPaper, password string) error {
		_, err := s.cycle.SignOnPaper(c.UserContext(), by, id, in, password)
		return err
	}, func(typed url.Values, refused []fault.Field) error {
		return s.showPublish(c, by, publishTyped{sign: typed, refused: refused})
	})
}

// periodFile hands out the scan of a signed paper.
func (s *Server) periodFile(c *fiber.Ctx, by policy.Actor) error {
	p, err := s.cycle.Period(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.sendStored(c, scanOf(p.Scans, c.Params("file")))
}

// publishPeriod publishes a period that was approved.
func (s *Server) publishPeriod(c *fiber.Ctx, by policy.Actor) error {
	ctx, id, evaluation, number := c.UserContext(), c.Params("id"), c.FormValue("evaluation"), c.FormValue("number")
	if _, err := s.cycle.MayPublish(ctx, by, id, evaluation); err != nil {
		return err
	}
	published, err := s.cycle.Publish(ctx, by, id, evaluation, number)
	if err == nil {
		return s.showPeriod(c, by, published.Name+"已公布，共 "+strconv.Itoa(published.Publication.Count)+" 个小区，结果不能再改。")
	}
	if refused := refusedForm(err); len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showPublish(c, by, publishTyped{number: number, refused: refused})
	}
	if _, still := s.cycle.MayPublish(ctx, by, id, evaluation); still != nil || !fault.Is(err, fault.Conflict) {
		return err
	}
	// It can still be published, under another number.
	c.Status(statusOf(fault.Conflict))
	return s.showPublish(c, by, publishTyped{number: number, said: "没有公布：" + fault.MessageOf(err)})
}

// readSend reads the form of showing. The scan waits in a temporary file, which the caller closes; what is wrong with it comes as refused fields.
func (s *Server) readSend(c *fiber.Ctx, id string) (typed sendTyped, upload *files.Upload, refused []fault.Field, err error) {
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
	typed = sendTyped{evaluation: values.Get("evaluation"), minutes: values.Get("minutes")}
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

// periodMinutes hands out the scan of the minutes on which a publication stands or is to stand.
func (s *Server) periodMinutes(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	p, err := s.cycle.Period(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	if p.Sent == nil && p.Publication != nil { // published before publications were approved
		p.Sent = &cycle.Sending{MinutesFile: p.Publication.MinutesFile, MinutesKind: p.Publication.MinutesKind, MinutesShown: p.Publication.MinutesShown}
	}
	if n := len(p.Tellings); p.Sent == nil && n > 0 { // shown, and not sent yet
		t := &p.Tellings[n-1]
		p.Sent = &cycle.Sending{MinutesFile: t.MinutesFile, MinutesKind: t.MinutesKind, MinutesShown: t.MinutesShown}
	}
	if p.Sent == nil || p.Sent.MinutesFile == "" {
		return fault.New("web.periodMinutes", fault.NotFound, "没有联审纪要的扫描件")
	}
	kind, original := p.Sent.MinutesKind, c.Query("original") == "1"
	hash := p.Sent.MinutesShown
	if original || hash == "" {
		hash, original = p.Sent.MinutesFile, original || kind != files.PDF
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

package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/policy/witness"
)

// logPath is the log of changes, witnessPath what witnesses co-signed of it.
const (
	logPath     = "/admin/log"
	witnessPath = logPath + "/witnesses"
)

// witnessPage is how many co-signed checkpoints one page shows.
const witnessPage = 50

// witnessRoutes are the pages of the witnesses; none without them.
func (s *Server) witnessRoutes() []Route {
	if s.witnesses == nil {
		return nil
	}
	const get = fiber.MethodGet
	return append([]Route{
		{Method: get, Path: witnessPath, Action: policy.ReadLog, Handler: s.witnessList},
		{Method: get, Path: witnessPath + "/checkpoint.txt", Action: policy.VerifyLog, Handler: s.newCheckpoint},
		{Method: get, Path: witnessPath + "/growth.json", Action: policy.VerifyLog, Handler: s.growth},
	}, append(s.formRoutes(registerForm{path: witnessPath + "/key", action: policy.SignCheckpoint, entry: s.witnessKeyEntry, send: s.enrolWitness, conflictAt: "key"}),
		s.formRoutes(registerForm{path: witnessPath + "/sign", action: policy.SignCheckpoint, entry: s.coSignEntry, send: s.coSign, conflictAt: "note"})...)...)
}

// witnessView is what witnesses.html shows.
type witnessView struct {
	witness.Status
	// Own is the reader's own key, Signs: he may co-sign, Verifies: he may download.
	Own             witness.Witness
	Signs, Verifies bool
	Rows            []witnessRow
	// Last is up to which record he co-signed last, for the proof that the log has only grown since; Growth is its address.
	Last         int64
	Growth, Next string
	// Differs counts what does not fit the log.
	Differs int
}

type witnessRow struct {
	witness.Signed
	At time.Time
}

// witnessList shows what was co-signed.
func (s *Server) witnessList(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	v := witnessView{Signs: s.guard.Allow(by, policy.SignCheckpoint), Verifies: s.guard.Allow(by, policy.VerifyLog)}
	var err error
	if v.Status, err = s.witnesses.Status(ctx, by); err != nil {
		return err
	}
	if v.Signs {
		if v.Own, err = s.witnesses.Own(ctx, by); err != nil {
			return err
		}
	}
	found, err := s.witnesses.List(ctx, by, c.Query("after"), witnessPage)
	if err != nil {
		return err
	}
	for _, d := range found.Docs {
		v.Rows = append(v.Rows, witnessRow{Signed: d.State, At: d.At})
		if d.State.Differs {
			v.Differs++
		} else if d.State.Witness == by.ID {
			v.Last = max(v.Last, d.State.Size)
		}
	}
	if found.Next != "" {
		v.Next = witnessPath + "?" + url.Values{"after": {found.Next}}.Encode()
	}
	if v.Last > 0 && v.Last < v.Records {
		v.Growth = fmt.Sprintf("%s/growth.json?from=%d&to=%d", witnessPath, v.Last, v.Records)
	}
	return s.render(c, by, "witnesses", page{Title: "日志的联署", Nav: logPath, Data: v, Said: map[string]string{"key": "公钥已登记。", "sign": "已收下，与日志相符。", "differs": "已收下，但是与日志不符：前面有记录被改过，请马上报告。"}[c.Query("done")]})
}

// newCheckpoint gives the log up to now, signed.
func (s *Server) newCheckpoint(c *fiber.Ctx, by policy.Actor) error {
	note, err := s.witnesses.Checkpoint(c.UserContext(), by)
	if err != nil {
		return err
	}
	if note == nil {
		return fault.New("web.newCheckpoint", fault.NotFound, "日志还是空的")
	}
	return attach(c, "checkpoint.txt", fiber.MIMETextPlainCharsetUTF8, note)
}

// growth gives the proof that the log has only grown from one record to another.
func (s *Server) growth(c *fiber.Ctx, by policy.Actor) error {
	from, fromErr := strconv.ParseInt(c.Query("from"), 10, 64)
	to, toErr := strconv.ParseInt(c.Query("to"), 10, 64)
	if fromErr != nil || toErr != nil {
		return fault.New("web.growth", fault.Invalid, "要写明从第几条到第几条")
	}
	proof, err := s.witnesses.Growth(c.UserContext(), by, from, to)
	if err != nil {
		return err
	}
	hashes := make([]string, len(proof))
	for i, h := range proof {
		hashes[i] = base64.StdEncoding.EncodeToString(h[:])
	}
	data, err := json.Marshal(map[string]any{"from": from, "to": to, "proof": hashes})
	if err != nil {
		return fault.Wrap("web.growth", fault.Internal, "", err)
	}
	return attach(c, fmt.Sprintf("growth-%d-%d.json", from, to), fiber.MIMEApplicationJSON, data)
}

var witnessCrumbs = []crumb{{"变更日志", logPath}, {"联署", witnessPath}}

func (s *Server) witnessKeyEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	own, err := s.witnesses.Own(c.UserContext(), by)
	if err != nil {
		return entry{}, err
	}
	e := entry{title: "登记见证人公钥", nav: logPath, entryView: entryView{Crumbs: witnessCrumbs, Address: witnessPath + "/key", Button: "登记", Back: witnessPath,
		Intro: "在自己的电脑上运行 redsteward witness key 文件名，生成密钥；私钥留在自己手里，这里只登记公钥。"}}
	e.Form = []field{{Name: "office", Label: "代表的单位", Type: "text", Value: typedOr(c, "office", own.Office), Hint: "例如 县审计局"},
		{Name: "key", Label: "公钥", Rows: 2, Value: typedOr(c, "key", own.Key), Hint: "一整行，以 redsteward/witness/ 开头"}}
	if own.Key != "" {
		e.title = "更换见证人公钥"
		e.Form = append(e.Form, field{Name: "why", Label: "更换的原因", Type: "text", Value: typedOr(c, "why", "")})
	}
	return e, nil
}

func (s *Server) enrolWitness(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	w, why := witness.Witness{Key: in.text("key"), Office: in.text("office")}, in.text("why")
	return witnessPath + "?done=key", in.with(func(ctx context.Context) error { return s.witnesses.Enrol(ctx, by, w, why) })
}

func (s *Server) coSignEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	return entry{title: "交来联署的检查点", nav: logPath, entryView: entryView{Crumbs: witnessCrumbs, Address: witnessPath + "/sign", Button: "交来", Back: witnessPath,
		Intro: "在自己的电脑上运行 redsteward witness sign，把它打印的检查点（从 redsteward/log/ 到最后一行签名）贴在这里。与日志不符的也收下，作为证据。",
		Form:  []field{{Name: "note", Label: "联署过的检查点", Rows: 10, Value: typedOr(c, "note", "")}}}}, nil
}

func (s *Server) coSign(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	note := in.text("note")
	err = in.with(func(ctx context.Context) error {
		signed, err := s.witnesses.CoSign(ctx, by, note)
		next = witnessPath + "?done=sign"
		if signed.Differs {
			next = witnessPath + "?done=differs"
		}
		return err
	})
	return next, err
}

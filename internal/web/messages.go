package web

import (
	"context"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/gateway"
	"redsteward/policy"
	"redsteward/policy/outbox"
)

// outboxPath is what goes out by SMS, 政务微信 and mail, for the administrator.
const outboxPath = "/admin/outbox"

// channelRoutes are the pages of the ways by which people are reached outside of the system; none without an outbox.
func (s *Server) channelRoutes() []Route {
	if s.outbox == nil {
		return nil
	}
	const get, post = fiber.MethodGet, fiber.MethodPost
	return append(s.addressRoutes(), []Route{
		{Method: get, Path: channelsPath, Action: policy.ReadOwnAccount, Handler: s.channels},
		{Method: post, Path: channelsPath, Action: policy.UpdateOwnAccount, Handler: s.chooseChannels},
		{Method: post, Path: channelsPath + "/try", Action: policy.UpdateOwnAccount, Handler: s.tryChannels},
		{Method: get, Path: outboxPath, Action: policy.ReadMessage, Handler: s.messages},
		{Method: post, Path: outboxPath + "/stop", Action: policy.HandleMessage, Handler: s.stopMessages},
		{Method: post, Path: outboxPath + "/:id<maxLen(80)>/again", Action: policy.HandleMessage, Handler: s.handleMessage(s.outbox.Again)},
		{Method: post, Path: outboxPath + "/:id<maxLen(80)>/stop", Action: policy.HandleMessage, Handler: s.handleMessage(s.outbox.Stop)},
	}...)
}

// channelsView is what channels.html shows.
type channelsView struct {
	Seq      int64
	Form     []field
	Channels []channelChoice
	Digest   bool
	Hour     field
	Error    string
	// Quiet says when nothing is sent; CanTry: a channel is chosen.
	Quiet  string
	CanTry bool
}

// channelChoice is a channel that can be chosen.
type channelChoice struct {
	ID, Name, Hint string
	Checked        bool
}

// channels shows by which ways the actor is reached.
func (s *Server) channels(c *fiber.Ctx, by policy.Actor) error {
	own, seq, err := s.outbox.Own(c.UserContext(), by)
	if err != nil {
		return err
	}
	return s.showChannels(c, by, own, seq, nil)
}

func (s *Server) showChannels(c *fiber.Ctx, by policy.Actor, own outbox.Contact, seq int64, refused []fault.Field) error {
	rules := s.outbox.Rules
	v := channelsView{Seq: seq, Digest: own.Digest, CanTry: len(own.Channels) > 0 && len(refused) == 0, Quiet: strconv.Itoa(rules.Quiet.From) + " 点至 " + strconv.Itoa(rules.Quiet.To) + " 点"}
	values := map[outbox.AddressKind]string{outbox.Phone: own.Phone, outbox.Mailbox: own.Mail, outbox.Network: own.Network}
	for _, kind := range outbox.AddressKinds() {
		needed := false
		for _, channel := range rules.Channels {
			needed = needed || channel.To == kind
		}
		if needed {
			v.Form = append(v.Form, field{Name: string(kind), Label: kind.Title(), Type: "text", Autocomplete: map[outbox.AddressKind]string{outbox.Phone: "tel", outbox.Mailbox: "email"}[kind], Value: values[kind], Optional: true})
		}
	}
	v.Form = withErrors(v.Form, refused)
	for _, channel := range rules.Channels {
		v.Channels = append(v.Channels, channelChoice{channel.ID, channel.Name, "发到" + channel.To.Title(), slices.Contains(own.Channels, channel.ID)})
	}
	v.Hour = field{Name: "hour", Label: "每天几点发", Value: strconv.FormatInt(own.Hour, 10)}
	for _, hour := range rules.Hours() {
		v.Hour.Options = append(v.Hour.Options, option{strconv.Itoa(hour), strconv.Itoa(hour) + " 点"})
	}
	v.Hour = withErrors([]field{v.Hour}, refused)[0]
	for _, f := range refused {
		if f.Name == "channels" {
			v.Error = f.Message
		}
	}
	p := page{Title: "接收方式", Nav: noticesPath, Data: v, Fields: refused, Said: saidParam(c, map[string]string{"save": "已保存。", "try": "试发的消息已放进发件箱，一分钟内发出；没有收到请告诉系统管理员。"})}
	if len(refused) > 0 {
		return s.refuse(c, by, "channels", p)
	}
	return s.render(c, by, "channels", p)
}

// chooseChannels stores what the actor wants.
func (s *Server) chooseChannels(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	hour, err := strconv.ParseInt(values.Get("hour"), 10, 64)
	if err != nil {
		hour = -1 // none that can be chosen
	}
	in := outbox.Contact{Phone: values.Get("phone"), Mail: values.Get("mail"), Network: values.Get("network"), Channels: values["channels"], Digest: values.Get("digest") != "", Hour: hour}
	err = s.outbox.Choose(c.UserContext(), by, seqOf(values.Get("seq")), in)
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showChannels(c, by, in, seqOf(values.Get("seq")), refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, channelsPath+"?done=save")
}

// tryChannels sends the actor a message by his channels.
func (s *Server) tryChannels(c *fiber.Ctx, by policy.Actor) error {
	if err := s.outbox.Try(c.UserContext(), by); err != nil {
		return err
	}
	return seeOther(c, channelsPath+"?done=try")
}

// outboxView is what outbox.html shows.
type outboxView struct {
	// Off: there is no channel, so that nothing is sent.
	Off                     bool
	Waiting                 int64
	Oldest, LastSent        string
	Filters                 []field
	Rows                    []messageLine
	Next                    string
	Filtered, CanStop, Owns bool
	Channel                 string
	// Addresses is where addresses come in, "" for who may not enter them.
	Addresses string
}

// messageLine is a message in words.
type messageLine struct {
	ID, Name, Channel, About, Text, State, Made, Due, Why string
	Seq                                                   int64
	Tries                                                 []string
	CanAgain, CanStop, Twice                              bool
}

// aboutMessages says what a message is about.
var aboutMessages = map[outbox.TemplateID]string{outbox.NewNotice: "新通知", outbox.Urging: "催办", outbox.Digest: "待办汇总", outbox.Probe: "试发"}

// outcomes are what became of tries, for people.
var outcomes = map[gateway.Outcome]string{gateway.Taken: "收下了", gateway.Refused: "没有接受", gateway.Later: "稍后再试", gateway.Unknown: "结果不明"}

// messages lists the outbox.
func (s *Server) messages(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	l := readList(c, outboxPath, "channel", "state")
	found, err := s.outbox.Messages(ctx, by, outbox.Filter{Channel: l.value["channel"], State: outbox.State(l.value["state"])}, l.after)
	if err != nil {
		return err
	}
	stands, err := s.outbox.Stands(ctx)
	if err != nil {
		return err
	}
	v := outboxView{Off: len(s.outbox.Rules.Channels) == 0, Waiting: stands.Waiting, Next: nextPage(c, found.Next), Filtered: l.filtered(), Owns: s.guard.Allow(by, policy.HandleMessage), Channel: l.value["channel"]}
	v.CanStop = v.Owns && stands.Waiting > 0
	if s.files != nil && !v.Off && s.guard.Allow(by, policy.UpdateAccount) {
		v.Addresses = addressesPath
	}
	if !stands.Oldest.IsZero() {
		v.Oldest = dateTime(stands.Oldest)
	}
	if !stands.LastSent.IsZero() {
		v.LastSent = dateTime(stands.LastSent)
	}
	channels := field{Name: "channel", Label: "渠道", Options: []option{{Label: "全部"}}, Value: l.value["channel"]}
	names := map[string]string{}
	for _, channel := range s.outbox.Rules.Channels {
		channels.Options = append(channels.Options, option{channel.ID, channel.Name})
		names[channel.ID] = channel.Name
	}
	v.Filters = []field{channels, stateFilter(outbox.States(), l.value)}
	for i := range found.Docs {
		m := &found.Docs[i].State
		line := messageLine{ID: found.Docs[i].ID, Seq: found.Docs[i].Seq, Name: "账号已停用", Channel: m.Channel, About: aboutMessages[m.Template], Text: m.Text, State: m.State.Title(), Made: dateTime(m.Made.Time), Why: m.LastWhy(),
			CanAgain: v.Owns && m.State != outbox.Sending && m.State.Can(outbox.Waiting), CanStop: v.Owns && m.State.Can(outbox.Stopped), Twice: m.State == outbox.Unsure}
		if names[m.Channel] != "" {
			line.Channel = names[m.Channel]
		}
		if who, err := s.people.Person(ctx, m.Account); err == nil {
			line.Name = s.receiverName(by, who.Name)
		}
		if m.State == outbox.Waiting {
			line.Due = dateTime(m.Due.Time)
		}
		for _, t := range m.Tries {
			text := dateTime(t.At.Time) + " " + outcomes[t.Outcome]
			if t.Why != "" {
				text += "：" + t.Why
			}
			line.Tries = append(line.Tries, text)
		}
		v.Rows = append(v.Rows, line)
	}
	return s.render(c, by, "outbox", page{Title: "发件箱", Nav: outboxPath, Data: v, Said: saidParam(c, map[string]string{"again": "已放回发件箱，一分钟内再发。", "stop": "已停发。", "addresses": "地址已登记。"})})
}

// handleMessage answers the form of a message.
func (s *Server) handleMessage(do func(ctx context.Context, by policy.Actor, id string, seq int64) error) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		if err := do(c.UserContext(), by, c.Params("id"), formSeq(c)); err != nil {
			return err
		}
		return seeOther(c, outboxPath+"?done="+c.FormValue("done"))
	}
}

// stopMessages stops everything that waits on a channel, or on all.
func (s *Server) stopMessages(c *fiber.Ctx, by policy.Actor) error {
	if _, err := s.outbox.StopAll(c.UserContext(), by, c.FormValue("channel")); err != nil {
		return err
	}
	return seeOther(c, outboxPath+"?done=stop")
}

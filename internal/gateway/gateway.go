// Package gateway hands a short text over to an HTTP gateway (SMS, 政务微信, 企业微信) or a mail server that the operator named.
//
//  1. Addresses come from the operator's file only: nothing of a message decides where a call goes, redirects are not followed, and no proxy of the environment is asked.
//  2. The form of a call is data: headers, a JSON or form body with places, and what counts as success. Secrets are named there and never stand in the file.
//  3. No text, address of a person or secret stands in a result. A gateway that hangs holds nothing up longer than its timeout.
//  4. A result says whether another try can do harm: only what was surely not taken is Later.
package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"redsteward/internal/fault"
)

// Outcome is what became of a try.
type Outcome string

// The outcomes.
const (
	// Taken: the gateway says that it has the message.
	Taken Outcome = "taken"
	// Refused: it says that it will not take it; another try does not help.
	Refused Outcome = "refused"
	// Later: it was surely not taken, and another try may help.
	Later Outcome = "later"
	// Unknown: nobody can tell whether it was taken, so that another try could send it twice.
	Unknown Outcome = "unknown"
)

// Result is the outcome of a try and why, for people; Why holds neither text nor address nor secret, and is "" for what was taken.
type Result struct {
	Outcome Outcome
	Why     string
}

// Message is one text to one address.
type Message struct {
	// To is a phone, a mail address or an account of the office network; Text is what is said; ID is the same for every try of a message, so that a gateway can drop a second one.
	To, Text, ID string
}

// Sender hands messages over; it is safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, m Message) Result
}

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 64 << 10

// The bounds of a timeout.
const leastTimeout, mostTimeout = time.Second, time.Minute

// HTTP is how one HTTP gateway is called, as its file says.
type HTTP struct {
	// Address is https://…, or http:// to this machine. Its query may have the places {{token}} and {{secret NAME}}.
	Address string `yaml:"address"`
	// Method is POST or PUT.
	Method string `yaml:"method"`
	// Headers have the places of the body.
	Headers []Entry `yaml:"headers"`
	// JSON is the body as JSON, Form as fields; one of the two. Their texts have the places {{to}}, {{text}}, {{id}}, {{token}} and {{secret NAME}}.
	JSON string  `yaml:"json"`
	Form []Entry `yaml:"form"`
	// Success says what of an answer means that it was taken: its status, and the value of a field of its JSON ("" for any answer with the status).
	Success struct {
		Status int    `yaml:"status"`
		Field  string `yaml:"field"`
		Value  string `yaml:"value"`
	} `yaml:"success"`
	// Token is asked for first, where a gateway wants that (企业微信); no address for none.
	Token struct {
		// Address is like HTTP.Address, Field the field of its answer, Keep how long it is used.
		Address string        `yaml:"address"`
		Field   string        `yaml:"field"`
		Keep    time.Duration `yaml:"keep"`
	} `yaml:"token"`
	// Timeout is how long one call may take.
	Timeout time.Duration `yaml:"timeout"`
}

// Entry is a header or a field of a form.
type Entry struct {
	// Name is its name, Value its value with places.
	Name  string `yaml:"name,required"`
	Value string `yaml:"value"`
}

// place is a place in a text of the file.
var place = regexp.MustCompile(`\{\{\s*(?:(to|text|id|token)|secret ([A-Z][A-Z0-9_]*))\s*\}\}`)

// wrongPlaces reports whether a text has something that looks like a place and is none.
func wrongPlaces(text string) bool { return strings.Contains(place.ReplaceAllString(text, ""), "{{") }

// Check tells every mistake of the file with the key below which it stands.
func (c *HTTP) Check(add func(key, message string)) {
	checkAddress := func(key, address string, personal bool) {
		u, err := url.Parse(place.ReplaceAllString(address, "x"))
		switch {
		case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
			add(key, "要写成 https://…；不加密的 http:// 只能到本机，口令不能写在网址里")
		case wrongPlaces(address) || place.MatchString(strings.SplitN(address, "?", 2)[0]):
			add(key, "网址里只有问号后面能用 {{token}} 和 {{secret 名称}}")
		case slices.ContainsFunc(place.FindAllStringSubmatch(address, -1), func(m []string) bool { return m[2] == "" && (personal || m[1] != "token") }):
			add(key, "网址里不能有收件人、内容和编号，它们会留在别人的日志里")
		}
	}
	checkAddress("address", c.Address, false)
	if c.Token.Address != "" {
		checkAddress("token.address", c.Token.Address, true)
		if c.Token.Field == "" {
			add("token.field", "要写回答里哪一项是令牌，例如 access_token")
		}
		if c.Token.Keep < leastTimeout || c.Token.Keep > 24*time.Hour {
			add("token.keep", "令牌用多久要在 1s 到 24h 之间，例如 1h")
		}
	}
	if c.Method != http.MethodPost && c.Method != http.MethodPut {
		add("method", "只能是 POST 或 PUT")
	}
	all := c.JSON
	if (c.JSON == "") == (len(c.Form) == 0) {
		add("json", "json 和 form 要写一个，也只能写一个")
	}
	var body any
	if err := json.Unmarshal([]byte(c.JSON), &body); c.JSON != "" && err != nil {
		add("json", "不是有效的 JSON："+err.Error())
	}
	if wrongPlaces(c.JSON) {
		add("json", placesAllowed)
	}
	for key, list := range map[string][]Entry{"headers": c.Headers, "form": c.Form} {
		for i, e := range list {
			all += e.Value
			if wrongPlaces(e.Value) {
				add(fmt.Sprintf("%s.%d.value", key, i), placesAllowed)
			}
		}
	}
	for _, must := range []string{"to", "text"} {
		if !slices.ContainsFunc(place.FindAllStringSubmatch(all, -1), func(m []string) bool { return m[1] == must }) {
			add("json", "没有 {{"+must+"}}，发不出去")
		}
	}
	if strings.Contains(c.Address+all, "{{token}}") != (c.Token.Address != "") {
		add("token.address", "写了 {{token}} 就要写从哪里取，写了从哪里取就要用到 {{token}}")
	}
	if c.Success.Status < 200 || c.Success.Status > 299 {
		add("success.status", "要在 200 到 299 之间")
	}
	checkTimeout(c.Timeout, add)
}

const placesAllowed = "只能用 {{to}}、{{text}}、{{id}}、{{token}} 和 {{secret 名称}}（大写字母、数字、下划线）"

func checkTimeout(d time.Duration, add func(key, message string)) {
	if d < leastTimeout || d > mostTimeout {
		add("timeout", "要在 1s 到 1m 之间")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Secrets are the names of the secrets that the file needs, in order.
func (c *HTTP) Secrets() []string {
	texts := c.Address + c.Token.Address + c.JSON
	for _, e := range slices.Concat(c.Headers, c.Form) {
		texts += e.Value
	}
	names := map[string]bool{}
	for _, m := range place.FindAllStringSubmatch(texts, -1) {
		if m[2] != "" {
			names[m[2]] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// caller calls one HTTP gateway.
type caller struct {
	config  HTTP
	secrets map[string]string
	client  *http.Client
	now     func() time.Time
	mu      sync.Mutex
	token   string
	until   time.Time
}

// NewHTTP is a gateway of a checked file. secret gives the value of a name, false if it is not set. Returns Invalid with each secret that lacks.
func NewHTTP(c HTTP, secret func(name string) (string, bool), now func() time.Time) (Sender, error) {
	g := &caller{config: c, now: now}
	var err error
	if g.secrets, err = secretsOf(c.Secrets(), secret); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// No connection is used twice: a stale one could fail after the gateway has read the message.
	transport.Proxy, transport.MaxResponseHeaderBytes, transport.DisableKeepAlives = nil, maxAnswer, true
	g.client = &http.Client{Transport: transport, Timeout: c.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return g, nil
}

// secretsOf looks the secrets up.
func secretsOf(names []string, secret func(name string) (string, bool)) (map[string]string, error) {
	found := map[string]string{}
	var lacking []fault.Field
	for _, name := range names {
		value, ok := secret(name)
		if !ok || value == "" {
			lacking = append(lacking, fault.Field{Name: name, Message: "没有设置环境变量 " + name + "，也没有设置写着密钥文件的 " + name + "_FILE"})
		}
		found[name] = value
	}
	if len(lacking) > 0 {
		return nil, fault.InvalidFields("gateway.New", lacking...)
	}
	return found, nil
}

// filled puts a message and the secrets into a text, at once, so that no message can name a secret.
func (g *caller) filled(text string, m Message, token string, escape func(string) string) string {
	return place.ReplaceAllStringFunc(text, func(p string) string {
		found := place.FindStringSubmatch(p)
		value := g.secrets[found[2]]
		switch found[1] {
		case "to":
			value = m.To
		case "text":
			value = m.Text
		case "id":
			value = m.ID
		case "token":
			value = token
		}
		return escape(value)
	})
}

func plain(text string) string { return text }

// filledIn puts a message into every text of a JSON value.
func (g *caller) filledIn(value any, m Message, token string) any {
	switch v := value.(type) {
	case string:
		return g.filled(v, m, token, plain)
	case []any:
		for i := range v {
			v[i] = g.filledIn(v[i], m, token)
		}
	case map[string]any:
		for key := range v {
			v[key] = g.filledIn(v[key], m, token)
		}
	}
	return value
}

// Send implements Sender.
func (g *caller) Send(ctx context.Context, m Message) Result {
	token, result := g.fetch(ctx)
	if result.Outcome != Taken {
		return result
	}
	req, err := g.request(ctx, m, token)
	if err != nil {
		return Result{Refused, "网关的地址或者内容写不成请求"}
	}
	status, body, result := g.do(req)
	switch {
	case result.Outcome != Taken:
		return result
	case status >= 500 || status == http.StatusTooManyRequests:
		return Result{Later, fmt.Sprintf("网关暂时不能用（HTTP %d）", status)}
	case status >= 300 && status < 400:
		return Result{Refused, fmt.Sprintf("网关要转到别处（HTTP %d），没有跟过去", status)}
	case status != g.config.Success.Status:
		return Result{Refused, fmt.Sprintf("网关没有接受（HTTP %d）", status)}
	case g.config.Success.Field == "":
		return Result{Outcome: Taken}
	}
	value, ok := fieldOf(body, g.config.Success.Field)
	switch {
	case !ok:
		return Result{Unknown, "网关的回答读不懂，不知道收下没有"}
	case value != g.config.Success.Value:
		if token == "" {
			return Result{Refused, "网关没有接受（" + g.config.Success.Field + " 不是 " + g.config.Success.Value + "）"}
		}
		// The token may have been called back: another try asks for a new one.
		g.forget(token)
		return Result{Later, "网关没有接受（" + g.config.Success.Field + " 不是 " + g.config.Success.Value + "），下次换一个令牌"}
	}
	return Result{Outcome: Taken}
}

// do makes a call and reads its answer. Taken means that there is one.
func (g *caller) do(req *http.Request) (status int, body []byte, result Result) {
	var connected atomic.Bool
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}))
	answer, err := g.client.Do(req)
	if err != nil {
		// The error of the client names the address with its query: none of it is told.
		why := "网关连不上"
		if cause, ok := errors.AsType[*url.Error](err); ok && cause.Timeout() {
			why = fmt.Sprintf("网关 %s 内没有回答", g.config.Timeout)
		}
		if connected.Load() {
			return 0, nil, Result{Unknown, why + "，不知道收下没有"}
		}
		return 0, nil, Result{Later, why}
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil && answer.StatusCode < 300 {
		return 0, nil, Result{Unknown, "网关的回答没有传完，不知道收下没有"}
	}
	return answer.StatusCode, body, Result{Outcome: Taken}
}

// fieldOf is a field of a JSON object; its name may lead down, as in data.code.
func fieldOf(body []byte, name string) (string, bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil {
		return "", false
	}
	for part := range strings.SplitSeq(name, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return "", false
		}
		if value, ok = object[part]; !ok {
			return "", false
		}
	}
	switch value.(type) {
	case string, json.Number, bool:
		return fmt.Sprint(value), true
	}
	return "", false
}

// fetch is the token, asked for anew when its time is over; "" where none is needed. Nothing was sent yet if there is none.
func (g *caller) fetch(ctx context.Context) (string, Result) {
	if g.config.Token.Address == "" {
		return "", Result{Outcome: Taken}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token != "" && g.now().Before(g.until) {
		return g.token, Result{Outcome: Taken}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.filled(g.config.Token.Address, Message{}, "", url.QueryEscape), nil)
	if err != nil {
		return "", Result{Refused, "取令牌的地址写不成请求"}
	}
	status, body, result := g.do(req)
	if result.Outcome != Taken {
		return "", Result{Later, "取令牌：" + strings.TrimSuffix(result.Why, "，不知道收下没有")}
	}
	token, ok := fieldOf(body, g.config.Token.Field)
	if status != http.StatusOK || !ok || token == "" {
		return "", Result{Later, fmt.Sprintf("没有取到令牌（HTTP %d）", status)}
	}
	g.token, g.until = token, g.now().Add(g.config.Token.Keep)
	return token, Result{Outcome: Taken}
}

// forget drops a token with which a message was refused: it may have been called back.
func (g *caller) forget(token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token == token {
		g.token = ""
	}
}

// request is the call of a message.
func (g *caller) request(ctx context.Context, m Message, token string) (*http.Request, error) {
	kind, body := "application/json", []byte(nil)
	if g.config.JSON != "" {
		d := json.NewDecoder(strings.NewReader(g.config.JSON))
		d.UseNumber()
		var value any
		err := d.Decode(&value)
		if err == nil {
			body, err = json.Marshal(g.filledIn(value, m, token))
		}
		if err != nil {
			return nil, err
		}
	} else {
		values := url.Values{}
		for _, e := range g.config.Form {
			values.Add(e.Name, g.filled(e.Value, m, token, plain))
		}
		kind, body = "application/x-www-form-urlencoded", []byte(values.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, g.config.Method, g.filled(g.config.Address, m, token, url.QueryEscape), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.GetBody = nil // nothing of it is sent twice
	req.Header.Set("Content-Type", kind)
	for _, e := range g.config.Headers {
		req.Header.Set(e.Name, g.filled(e.Value, m, token, plain))
	}
	return req, nil
}

package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
)

// phone and secret must stand in no result.
const phone, secret = "13800000000", "s3cret"

func secretFor(name string) (string, bool) { return secret, name == "SMS_KEY" }

func httpConfig(address string) HTTP {
	c := HTTP{Address: address + "/send?key={{secret SMS_KEY}}", Method: "POST", Timeout: time.Minute, Headers: []Entry{{"Authorization", "Bearer {{secret SMS_KEY}}"}},
		JSON: `{"mobile": "{{to}}", "text": {"content": "{{text}}", "n": 1}, "serial": "{{id}}"}`}
	c.Success.Status, c.Success.Field, c.Success.Value = 200, "data.code", "0"
	return c
}

func faultsOf(check func(add func(key, message string))) string {
	var out strings.Builder
	check(func(key, message string) { fmt.Fprintln(&out, key, message) })
	return out.String()
}

func TestSend(t *testing.T) {
	release := make(chan struct{})
	var giveUp func()
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer "+secret || r.URL.Query().Get("key") != secret || !strings.Contains(string(body), `"mobile":"`+phone+`"`) || !strings.Contains(string(body), `"serial":"a"`) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch way := string(body); {
		case strings.Contains(way, "no"):
			fmt.Fprint(w, `{"data":{"code":7}}`)
		case strings.Contains(way, "busy"):
			w.WriteHeader(http.StatusBadGateway)
		case strings.Contains(way, "hang"):
			giveUp()
			<-release
		case strings.Contains(way, "cut"):
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"data"`) // and no more: the connection ends
		case strings.Contains(way, "garbage"):
			fmt.Fprint(w, `<html>`)
		case strings.Contains(way, "elsewhere"):
			http.Redirect(w, r, "http://127.0.0.1:1/elsewhere", http.StatusFound)
		case strings.Contains(way, `{{secret`) && strings.Count(way, secret) > 0:
			t.Error("a text names a secret")
		default:
			fmt.Fprint(w, `{"data":{"code":0}}`)
		}
	}))
	defer stub.Close()
	defer close(release)
	c := httpConfig(stub.URL)
	if found := faultsOf(c.Check); found != "" {
		t.Fatal(found)
	}
	if _, err := NewHTTP(c, func(string) (string, bool) { return "", false }, time.Now); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.FieldsOf(err)[0].Message, "SMS_KEY_FILE") {
		t.Error(err)
	}
	g, err := NewHTTP(c, secretFor, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	dead := httpConfig("http://127.0.0.1:1")
	nobody, err := NewHTTP(dead, secretFor, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		to   Sender
		text string
		want Outcome
		says string
	}{{g, "好", Taken, ""}, {g, "{{secret SMS_KEY}}", Taken, ""}, {g, "no", Refused, "没有接受"}, {g, "busy", Later, "502"}, {g, "hang", Unknown, "不知道收下没有"}, {g, "cut", Unknown, "没有传完"},
		{g, "garbage", Unknown, "读不懂"}, {g, "elsewhere", Refused, "没有跟过去"}, {nobody, "好", Later, "连不上"}} {
		ctx, cancel := context.WithCancel(t.Context())
		giveUp = cancel
		got := tt.to.Send(ctx, Message{To: phone, Text: tt.text, ID: "a"})
		cancel()
		if got.Outcome != tt.want || !strings.Contains(got.Why, tt.says) {
			t.Errorf("%s: %v", tt.text, got)
		}
		if strings.Contains(got.Why, phone) || strings.Contains(got.Why, secret) || strings.Contains(got.Why, "127.0.0.1") {
			t.Errorf("%s: the result tells too much: %v", tt.text, got)
		}
	}
	// A gateway that hangs is left after the timeout.
	giveUp, c.Timeout = func() {}, time.Second
	if g, err = NewHTTP(c, secretFor, time.Now); err != nil {
		t.Fatal(err)
	}
	if got := g.Send(t.Context(), Message{To: phone, Text: "hang", ID: "a"}); got.Outcome == Taken || !strings.Contains(got.Why, "1s 内没有回答") {
		t.Error(got)
	}
}

func TestToken(t *testing.T) {
	asked, valid := 0, ""
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			asked++
			valid = fmt.Sprint("t", asked)
			fmt.Fprintf(w, `{"access_token":%q}`, valid)
			return
		}
		if r.URL.Query().Get("access_token") != valid {
			fmt.Fprint(w, `{"errcode":42001}`)
			return
		}
		fmt.Fprint(w, `{"errcode":0}`)
	}))
	defer stub.Close()
	c := HTTP{Address: stub.URL + "/send?access_token={{token}}", Method: "POST", Timeout: time.Minute, Form: []Entry{{"to", "{{to}}"}, {"text", "{{text}}"}}}
	c.Success.Status, c.Success.Field, c.Success.Value = 200, "errcode", "0"
	c.Token.Address, c.Token.Field, c.Token.Keep = stub.URL+"/token?secret={{secret SMS_KEY}}", "access_token", time.Hour
	if found := faultsOf(c.Check); found != "" {
		t.Fatal(found)
	}
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	g, err := NewHTTP(c, secretFor, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	send := func(want Outcome, tokens int) {
		t.Helper()
		if got := g.Send(t.Context(), Message{To: "u1", Text: "好", ID: "a"}); got.Outcome != want || asked != tokens {
			t.Errorf("%v after %d tokens", got, asked)
		}
	}
	send(Taken, 1)
	send(Taken, 1)
	valid = "called back"
	send(Later, 1)
	send(Taken, 2)
	now = now.Add(time.Hour)
	send(Taken, 3)
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		change func(*HTTP)
		key    string
	}{
		{func(c *HTTP) { c.Address = "http://sms.example.org/" }, "address"}, {func(c *HTTP) { c.Address = "https://u:p@sms.example.org/" }, "address"}, {func(c *HTTP) { c.Address = "ftp://x/" }, "address"},
		{func(c *HTTP) { c.Address = "https://{{to}}/" }, "address"}, {func(c *HTTP) { c.Address = "https://x/?to={{to}}" }, "address"}, {func(c *HTTP) { c.Address = "https://x/?to={{phone}}" }, "address"},
		{func(c *HTTP) { c.Method = "GET" }, "method"}, {func(c *HTTP) { c.JSON = "" }, "json"}, {func(c *HTTP) { c.JSON = `{"a": ` }, "json"}, {func(c *HTTP) { c.JSON = `{"a": "{{to}}"}` }, "json"},
		{func(c *HTTP) { c.JSON = `{"a": "{{to}}{{text}}{{name}}"}` }, "json"}, {func(c *HTTP) { c.Headers[0].Value = "{{secret lower}}" }, "headers.0.value"}, {func(c *HTTP) { c.Headers[0].Value = "{{token}}" }, "token.address"},
		{func(c *HTTP) { c.Success.Status = 302 }, "success.status"}, {func(c *HTTP) { c.Timeout = time.Hour }, "timeout"},
		{func(c *HTTP) { c.Token.Address, c.Token.Keep = "https://x/?a={{token}}", time.Hour }, "token.address"},
	} {
		c := httpConfig("https://sms.example.org")
		tt.change(&c)
		if found := faultsOf(c.Check); !strings.Contains(found, tt.key+" ") {
			t.Errorf("%s: %s", tt.key, found)
		}
	}
	good := Mail{Address: "smtp.example.org:587", TLS: TLSStart, From: "a@example.org", Subject: "通知", User: "a", Password: "MAIL_KEY", Timeout: time.Second}
	if found := faultsOf(good.Check); found != "" {
		t.Error(found)
	}
	for key, change := range map[string]func(*Mail){"address": func(c *Mail) { c.Address = "smtp.example.org" }, "tls": func(c *Mail) { c.TLS = TLSNone }, "from": func(c *Mail) { c.From = "A <a@example.org>" }, "subject": func(c *Mail) { c.Subject = "a\r\nBcc: b@x" },
		"user": func(c *Mail) { c.User = "" }, "password": func(c *Mail) { c.Password = "geheim" }, "timeout": func(c *Mail) { c.Timeout = 0 }} {
		c := good
		change(&c)
		if found := faultsOf(c.Check); !strings.Contains(found, key+" ") {
			t.Errorf("%s: %s", key, found)
		}
	}
}

// FuzzAnswer: what a gateway answers is read as a field or as none, never more of it than one value.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{"", "{}", `{"code":0}`, `{"data":{"code":"ok"}}`, `{"data":[{"code":1}]}`, `{"code":1e999999}`, `{"code":{}}`, `[[[[`, "\xff", `{"code":null}x`} {
		f.Add([]byte(body), "data.code")
		f.Add([]byte(body), "code")
	}
	f.Add([]byte(`{"":1}`), "")
	f.Fuzz(func(t *testing.T, body []byte, name string) {
		if value, found := fieldOf(body, name); !found && value != "" || len(value) > len(body)*3+8 {
			t.Fatalf("%q %v", value, found)
		}
	})
}

package gateway

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"
)

// stubMail is a mail server that speaks SMTP; who is mailed to decides how it behaves.
type stubMail struct {
	at    string
	pair  tls.Certificate
	trust *tls.Config
	// got are the mails that it took, giveUp is called where it hangs.
	got     chan string
	giveUp  func()
	release chan struct{}
	// plain: it offers no encryption. full: it encrypts from the first byte.
	plain, full bool
}

func newStubMail(t *testing.T, as ...func(*stubMail)) *stubMail {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s := &stubMail{pair: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, trust: &tls.Config{RootCAs: x509.NewCertPool()}, got: make(chan string, 9), release: make(chan struct{})}
	s.trust.RootCAs.AddCert(cert)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.at = listener.Addr().String()
	t.Cleanup(func() { close(s.release); listener.Close() })
	for _, set := range as {
		set(s)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.talk(conn)
		}
	}()
	return s
}

func (s *stubMail) talk(conn net.Conn) {
	defer func() { conn.Close() }()
	if s.full {
		conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.pair}})
	}
	in := bufio.NewReader(conn)
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	hang := func() { s.giveUp(); <-s.release }
	say("220 stub")
	to, encrypted := "", s.full
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch word := strings.ToUpper(strings.TrimSpace(line)); {
		case strings.HasPrefix(word, "EHLO") && !encrypted && !s.plain:
			say("250-stub\r\n250 STARTTLS")
		case strings.HasPrefix(word, "EHLO"):
			say("250-stub\r\n250 AUTH PLAIN")
		case word == "STARTTLS":
			say("220 go")
			conn, encrypted = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.pair}}), true
			in = bufio.NewReader(conn)
		case strings.HasPrefix(word, "AUTH PLAIN "):
			sent, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(line)[len("AUTH PLAIN "):])
			if string(sent) != "\x00wuye\x00"+secret {
				say("535 no")
				continue
			}
			say("235 yes")
		case strings.HasPrefix(word, "RCPT"):
			if to = line; strings.Contains(to, "unknown@") {
				say("550 %s is unknown", strings.TrimSpace(to))
				continue
			}
			if strings.Contains(to, "full@") {
				say("452 full")
				continue
			}
			say("250 ok")
		case word == "DATA":
			if strings.Contains(to, "early@") {
				hang()
				return
			}
			say("354 go")
			var text strings.Builder
			for line != ".\r\n" {
				if line, err = in.ReadString('\n'); err != nil {
					return
				}
				text.WriteString(line)
			}
			switch {
			case strings.Contains(to, "late@"):
				hang()
				return
			case strings.Contains(to, "spam@"):
				say("554 spam")
			default:
				s.got <- text.String()
				say("250 taken")
			}
		case word == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestMail(t *testing.T) {
	config := Mail{TLS: TLSStart, From: "wuye@example.org", Subject: "物业管理股：您有新的待办", User: "wuye", Password: "SMS_KEY", Timeout: time.Minute}
	send := func(s *stubMail, change func(*Mail), to string) Result {
		t.Helper()
		c := config
		c.Address = s.at
		if change != nil {
			change(&c)
		}
		g, err := NewMail(c, secretFor, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		g.(*mailer).trust = s.trust
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.giveUp = cancel
		return g.Send(ctx, Message{To: to, Text: "您有 3 件新的待办，请登录查看。" + strings.Repeat("长", 60), ID: "abc"})
	}
	start := newStubMail(t)
	for _, tt := range []struct {
		to   string
		want Outcome
		says string
	}{{"li@example.org", Taken, ""}, {"unknown@example.org", Refused, "550"}, {"full@example.org", Later, "452"}, {"early@example.org", Later, "没有按时回答"}, {"late@example.org", Unknown, "不知道收下没有"}, {"spam@example.org", Refused, "554"},
		{"a@b\r\nRCPT TO:<c@d>", Refused, "不合规则"}, {"李 <li@example.org>", Refused, "不合规则"}} {
		if got := send(start, nil, tt.to); got.Outcome != tt.want || !strings.Contains(got.Why, tt.says) || strings.Contains(got.Why, "@") || strings.Contains(got.Why, secret) {
			t.Errorf("%s: %v", tt.to, got)
		}
	}
	sent, err := mail.ReadMessage(strings.NewReader(<-start.got))
	if err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 1000)
	n, _ := base64.NewDecoder(base64.StdEncoding, sent.Body).Read(text)
	if subject := sent.Header.Get("Subject"); !strings.HasPrefix(subject, "=?utf-8?b?") || sent.Header.Get("Message-ID") != "<abc@example.org>" || !strings.HasPrefix(string(text[:n]), "您有 3 件新的待办") {
		t.Errorf("%q %q", subject, text[:n])
	}
	if len(start.got) != 0 {
		t.Error("what was refused was taken")
	}
	if got := send(start, func(c *Mail) { c.User = "other" }, "li@example.org"); got.Outcome != Refused || !strings.Contains(got.Why, "535") {
		t.Error(got)
	}
	if got := send(start, func(c *Mail) { c.Address = "127.0.0.1:1" }, "li@example.org"); got.Outcome != Later {
		t.Error(got)
	}
	untrusted := *start
	untrusted.trust = nil
	if got := send(&untrusted, nil, "li@example.org"); got.Outcome != Later || len(start.got) != 0 {
		t.Error("a certificate that nobody trusts:", got)
	}
	plain := newStubMail(t, func(s *stubMail) { s.plain = true })
	if got := send(plain, nil, "li@example.org"); got.Outcome != Refused || !strings.Contains(got.Why, "STARTTLS") {
		t.Error("without encryption:", got)
	}
	full := newStubMail(t, func(s *stubMail) { s.full = true })
	if got := send(full, func(c *Mail) { c.TLS = TLSFull }, "li@example.org"); got.Outcome != Taken {
		t.Error(got)
	}
}

package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
)

// The ways of encryption to a mail server.
const (
	// TLSStart begins in the clear and encrypts before anything is told (STARTTLS); TLSFull encrypts from the first byte; TLSNone does not encrypt, to this machine only.
	TLSStart, TLSFull, TLSNone = "starttls", "tls", "none"
)

// Mail is how a mail server is asked to deliver, as its file says.
type Mail struct {
	// Address is host:port.
	Address string `yaml:"address"`
	// TLS is starttls, tls or none.
	TLS string `yaml:"tls"`
	// From is the sender's address, Subject what every mail has as its subject.
	From    string `yaml:"from"`
	Subject string `yaml:"subject"`
	// User signs in with the password that the secret named Password holds; both "" for a server that asks for none.
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	// Timeout is how long one mail may take.
	Timeout time.Duration `yaml:"timeout"`
}

// Check tells every mistake of the file with the key below which it stands.
func (c *Mail) Check(add func(key, message string)) {
	host, port, err := net.SplitHostPort(c.Address)
	if err != nil || host == "" || port == "" {
		add("address", "要写成 主机:端口，例如 smtp.example.gov.cn:587")
	}
	switch c.TLS {
	case TLSStart, TLSFull:
	case TLSNone:
		if !loopback(host) {
			add("tls", "不加密只能到本机，要写 starttls 或 tls")
		}
	default:
		add("tls", "只能是 starttls、tls 或 none")
	}
	if from, err := mail.ParseAddress(c.From); err != nil || from.Address != c.From {
		add("from", "要写发件邮箱地址，例如 wuye@example.gov.cn")
	}
	if strings.TrimSpace(c.Subject) == "" || strings.ContainsAny(c.Subject, "\r\n") {
		add("subject", "要写邮件主题，一行")
	}
	if (c.User == "") != (c.Password == "") {
		add("user", "user 和 password（密钥的名称）要写就都写")
	}
	if c.Password != "" && !place.MatchString("{{secret "+c.Password+"}}") {
		add("password", "这里写密钥的名称（大写字母、数字、下划线），不写密码")
	}
	checkTimeout(c.Timeout, add)
}

// Secrets are the names of the secrets that the file needs.
func (c *Mail) Secrets() []string {
	if c.Password == "" {
		return nil
	}
	return []string{c.Password}
}

// mailer delivers to one mail server.
type mailer struct {
	config   Mail
	host     string
	password string
	now      func() time.Time
	// trust is what certificates are checked with; nil for what the machine trusts.
	trust *tls.Config
}

// NewMail is a mail server of a checked file; secret and errors are those of NewHTTP.
func NewMail(c Mail, secret func(name string) (string, bool), now func() time.Time) (Sender, error) {
	found, err := secretsOf(c.Secrets(), secret)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(c.Address)
	return &mailer{config: c, host: host, password: found[c.Password], now: now}, err
}

// Send implements Sender.
func (g *mailer) Send(ctx context.Context, m Message) Result {
	to, err := mail.ParseAddress(m.To)
	if err != nil || to.Address != m.To || strings.ContainsAny(m.To, "\r\n") {
		return Result{Refused, "收件邮箱地址不合规则"}
	}
	ctx, cancel := context.WithTimeout(ctx, g.config.Timeout)
	defer cancel()
	conn, err := g.dial(ctx)
	if err != nil {
		return Result{Later, "邮件服务器连不上，或者它的证书不被信任"}
	}
	defer conn.Close()
	// Whatever the server does, the connection ends with the timeout or with who asked.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	client, err := g.greet(conn)
	if err != nil {
		return told(err)
	}
	if err := client.Mail(g.config.From); err != nil {
		return told(err)
	}
	if err := client.Rcpt(m.To); err != nil {
		return told(err)
	}
	w, err := client.Data()
	if err != nil {
		return told(err)
	}
	if _, err := w.Write(g.written(m)); err != nil {
		return told(err) // without the final dot nothing is taken
	}
	if err := w.Close(); err != nil {
		if _, answered := errors.AsType[*textproto.Error](err); answered {
			return told(err)
		}
		return Result{Unknown, "邮件服务器没有确认，不知道收下没有"}
	}
	_ = client.Quit() // it has the mail, whatever it says now
	return Result{Outcome: Taken}
}

// dial connects, encrypted from the first byte where the file says so.
func (g *mailer) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{}
	if g.config.TLS != TLSFull {
		return dialer.DialContext(ctx, "tcp", g.config.Address)
	}
	return (&tls.Dialer{NetDialer: dialer, Config: g.tls()}).DialContext(ctx, "tcp", g.config.Address)
}

func (g *mailer) tls() *tls.Config {
	c := &tls.Config{}
	if g.trust != nil {
		c = g.trust.Clone()
	}
	c.ServerName, c.MinVersion = g.host, tls.VersionTLS12
	return c
}

// errPlain: the server does not encrypt although it has to.
var errPlain = errors.New("no STARTTLS")

// greet opens the conversation: encrypts and signs in as the file says.
func (g *mailer) greet(conn net.Conn) (*smtp.Client, error) {
	client, err := smtp.NewClient(conn, g.host)
	if err != nil {
		return nil, err
	}
	if g.config.TLS == TLSStart {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return nil, errPlain
		}
		if err := client.StartTLS(g.tls()); err != nil {
			return nil, err
		}
	}
	if g.config.User == "" {
		return client, nil
	}
	return client, client.Auth(smtp.PlainAuth("", g.config.User, g.password, g.host))
}

// told puts what went wrong before a mail was taken into words. What the server says besides its code is not told: it may repeat an address.
func told(err error) Result {
	answer, ok := errors.AsType[*textproto.Error](err)
	switch {
	case errors.Is(err, errPlain):
		return Result{Refused, "邮件服务器不支持 STARTTLS，没有发出"}
	case ok && answer.Code >= 500:
		return Result{Refused, fmt.Sprintf("邮件服务器没有接受（%d）", answer.Code)}
	case ok:
		return Result{Later, fmt.Sprintf("邮件服务器暂时不能用（%d）", answer.Code)}
	}
	return Result{Later, "邮件服务器没有按时回答，或者中断了"}
}

// written is the mail as it is sent.
func (g *mailer) written(m Message) []byte {
	var b bytes.Buffer
	_, domain, _ := strings.Cut(g.config.From, "@")
	for _, line := range [][2]string{
		{"From", g.config.From}, {"To", m.To}, {"Subject", mime.BEncoding.Encode("utf-8", g.config.Subject)}, {"Date", g.now().Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.ID + "@" + domain + ">"}, {"Auto-Submitted", "auto-generated"}, {"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "base64"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", line[0], line[1])
	}
	b.WriteString("\r\n")
	const width = 76
	for text := base64.StdEncoding.EncodeToString([]byte(m.Text)); text != ""; {
		n := min(width, len(text))
		b.WriteString(text[:n] + "\r\n")
		text = text[n:]
	}
	return b.Bytes()
}

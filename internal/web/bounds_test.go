package web

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestConnectionsAreBounded: one connection more than there may be is told so and closed; the others go on.
func TestConnectionsAreBounded(t *testing.T) {
	l := freePort(t)
	serveOn(t, newServer(t, func(o *Options) { o.Settings.Connections = 1 }), l)
	ask := func(c net.Conn) (int, bool) {
		t.Helper()
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return 0, true
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, errors.Join(err, resp.Body.Close()) != nil || resp.Close
	}
	var open []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
		status, closed := ask(c)
		if want := map[int]int{1: http.StatusOK, 2: http.StatusServiceUnavailable}[len(open)]; status != want || closed != (want != http.StatusOK) {
			t.Errorf("connection %d: %d, closed %v", len(open), status, closed)
		}
	}
	if status, closed := ask(open[0]); status != http.StatusOK || closed {
		t.Errorf("the first one afterwards: %d, closed %v", status, closed)
	}
}

// FuzzNext: where somebody is led after signing in is a page of this service, whatever the address asks for.
func FuzzNext(f *testing.F) {
	for _, next := range []string{"/", "/stars?q=a#b", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example/", "/%2f%2fevil.example", "/..//evil.example", "/signin", "/a?next=//b", "/%2fevil.example/\x89", "/;@evil.example", "/\xff"} {
		f.Add(next)
	}
	here, err := url.Parse("https://wuye.example.gov.cn/signin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		to := safeNext(next)
		if to == "" {
			return
		}
		at, err := here.Parse(to)
		if err != nil || at.Host != here.Host || at.Scheme != here.Scheme || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
			t.Errorf("%q leads to %q (%v)", next, to, at)
		}
	})
}

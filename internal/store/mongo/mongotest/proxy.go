package mongotest

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// headerSize is the length of the header of a wire message: four little-endian 32-bit numbers, the first of them the whole length.
const headerSize = 16

// largestMessage bounds what the proxy keeps in memory for one message; the protocol's own bound.
const largestMessage = 48_000_000

// Proxy stands between an engine and its server and loses chosen messages, as a network does.
type Proxy struct {
	listener net.Listener
	upstream string
	uri      string

	lock  sync.Mutex
	conns map[net.Conn]struct{}
	lose  func(request []byte) Loss
}

// Loss says what becomes of one request.
type Loss int

const (
	// Pass hands the request on and the answer back.
	Pass Loss = iota
	// LoseAnswer lets the server carry the request out and cuts the connection instead of giving the answer.
	LoseAnswer
	// LoseRequest cuts the connection before the server has seen the request.
	LoseRequest
)

// NewProxy starts a proxy to the server of a database address; it ends with the test.
func NewProxy(t testing.TB, uri string) *Proxy {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, upstream: u.Host, conns: map[net.Conn]struct{}{}}
	u.Host = l.Addr().String()
	p.uri = u.String()
	var running sync.WaitGroup
	running.Go(func() { p.accept(&running) })
	t.Cleanup(func() {
		_ = l.Close()
		p.Cut()
		running.Wait()
	})
	return p
}

// URI is the database address that leads through the proxy.
func (p *Proxy) URI() string { return p.uri }

// Lose asks decide about every request from now on; nil loses nothing. It is called from several connections at once.
func (p *Proxy) Lose(decide func(request []byte) Loss) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.lose = decide
}

// LoseOnce applies loss to the first request that contains every one of the texts, and tells through the returned function whether it came.
func (p *Proxy) LoseOnce(loss Loss, texts ...string) (happened func() bool) {
	var lock sync.Mutex
	done := false
	p.Lose(func(request []byte) Loss {
		for _, text := range texts {
			if !bytes.Contains(request, []byte(text)) {
				return Pass
			}
		}
		lock.Lock()
		defer lock.Unlock()
		if done {
			return Pass
		}
		done = true
		return loss
	})
	return func() bool {
		lock.Lock()
		defer lock.Unlock()
		return done
	}
}

// Cut ends all connections that are open now; new ones are let in.
func (p *Proxy) Cut() {
	p.lock.Lock()
	defer p.lock.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// accept serves connections until the listener closes.
func (p *Proxy) accept(running *sync.WaitGroup) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		running.Go(func() { p.serve(client, running) })
	}
}

// serve carries one connection, message by message towards the server, byte by byte back.
func (p *Proxy) serve(client net.Conn, running *sync.WaitGroup) {
	server, err := net.Dial("tcp", p.upstream)
	if err != nil {
		_ = client.Close()
		return
	}
	p.keep(client, server)
	defer p.drop(client, server)

	answers := &answerPipe{to: client}
	running.Go(func() {
		_, _ = io.Copy(answers, server)
		answers.end()
		_ = client.Close()
	})
	for {
		request, err := readMessage(client)
		if err != nil {
			return
		}
		switch p.decide(request) {
		case LoseRequest:
			return
		case LoseAnswer:
			swallowed := answers.swallow()
			_, err = server.Write(request)
			if err == nil {
				<-swallowed
			}
			return
		case Pass:
			_, err = server.Write(request)
			if err != nil {
				return
			}
		}
	}
}

// decide asks the test about one request.
func (p *Proxy) decide(request []byte) Loss {
	p.lock.Lock()
	decide := p.lose
	p.lock.Unlock()
	if decide == nil {
		return Pass
	}
	return decide(request)
}

// keep remembers connections for Cut.
func (p *Proxy) keep(conns ...net.Conn) {
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, c := range conns {
		p.conns[c] = struct{}{}
	}
}

// drop closes and forgets connections.
func (p *Proxy) drop(conns ...net.Conn) {
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// answerPipe hands answers to the client until it is told to swallow them.
type answerPipe struct {
	lock  sync.Mutex
	to    io.Writer
	lost  chan struct{}
	ended bool
}

// swallow keeps back every answer from now on; the channel closes when one has come, which proves that the server did the work, or when none can.
func (a *answerPipe) swallow() <-chan struct{} {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.lost = make(chan struct{})
	if a.ended {
		close(a.lost)
	}
	return a.lost
}

// Write implements io.Writer.
func (a *answerPipe) Write(b []byte) (int, error) {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.lost != nil {
		return 0, io.ErrClosedPipe
	}
	return a.to.Write(b)
}

// end says that the server's side is over.
func (a *answerPipe) end() {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.ended {
		return
	}
	a.ended = true
	if a.lost != nil {
		close(a.lost)
	}
}

// readMessage reads one whole wire message.
func readMessage(r io.Reader) ([]byte, error) {
	header := make([]byte, headerSize)
	_, err := io.ReadFull(r, header)
	if err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(header)
	if size < headerSize || size > largestMessage {
		return nil, io.ErrUnexpectedEOF
	}
	message := make([]byte, size)
	copy(message, header)
	_, err = io.ReadFull(r, message[headerSize:])
	return message, err
}

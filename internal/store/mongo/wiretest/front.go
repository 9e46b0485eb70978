package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
)

// maxMessage is the largest message of the protocol.
const maxMessage = 48_000_000

// front stands before FerretDB, which looks for the documents of an update first and writes them in a second step, so that two updates
// with the same condition may both succeed. MongoDB tests the condition and writes in one step; here, updates go one after the other.
type front struct {
	server  string
	updates sync.Mutex
}

// serve carries connections until the listener closes.
func (f *front) serve(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			server, err := net.Dial("tcp", f.server)
			if err != nil {
				return
			}
			defer server.Close()
			for f.carry(client, server) == nil {
			}
		}()
	}
}

// carry hands one request on and its answer back. The clients of the tests wait for every answer.
func (f *front) carry(client, server net.Conn) error {
	request, err := message(client)
	if err != nil {
		return err
	}
	// A message with a document: header 16, flags 4, kind of section 1, length of document 4; then the first field, the command, of type text.
	if len(request) > 25 && slices.ContainsFunc([]string{"\x02update\x00", "\x02findAndModify\x00"}, func(command string) bool { return bytes.HasPrefix(request[25:], []byte(command)) }) {
		f.updates.Lock()
		defer f.updates.Unlock()
	}
	if _, err := server.Write(request); err != nil {
		return err
	}
	answer, err := message(server)
	if err != nil {
		return err
	}
	_, err = client.Write(answer)
	return err
}

// message reads one message: its length stands in front.
func message(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n < 16 || n > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	out := make([]byte, n)
	copy(out, head[:])
	_, err := io.ReadFull(r, out[4:])
	return out, err
}

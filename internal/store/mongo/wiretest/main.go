// Command wiretest is a small server that speaks the MongoDB wire protocol, for tests alone.
//
// It is FerretDB with its SQLite backend, in a module of its own so that nothing it needs reaches the program.
//
//  1. It listens on the loopback address only and prints one line on standard output: its mongodb:// address.
//  2. It ends on SIGTERM, on an interrupt, and when its standard input closes; a test that dies leaves no server behind.
//  3. Its data lies in the folder given with -data, or in a temporary folder that is removed at the end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "loopback address to listen on")
	data := flag.String("data", "", "folder of the databases; empty means a temporary one")
	verbose := flag.Bool("v", false, "log to standard error")
	flag.Parse()

	err := run(*listen, *data, *verbose, os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "wiretest:", err)
		os.Exit(1)
	}
}

// run serves until a signal comes or in is closed, and says on out where it listens.
func run(listen, data string, verbose bool, in io.Reader, out io.Writer) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%s is not a loopback address", listen)
	}

	if data == "" {
		data, err = os.MkdirTemp("", "redsteward-wiretest-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(data)
	}
	data, err = filepath.Abs(data)
	if err != nil {
		return err
	}

	logger := slog.New(slog.DiscardHandler)
	if verbose {
		logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}

	// The backend takes options of SQLite in the address; it wants a folder with a closing slash.
	folder := url.URL{Scheme: "file", Opaque: filepath.ToSlash(data) + "/"}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: net.JoinHostPort(host, "0")},
		Logger:    logger,
		Handler:   "sqlite",
		SQLiteURL: folder.String(),
	})
	if err != nil {
		return err
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		// Nothing is read; only the end of the stream matters: whoever started the server is gone.
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()

	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()

	address, err := url.Parse(server.MongoDBURI())
	var door net.Listener
	if err == nil {
		door, err = net.Listen("tcp", listen)
	}
	if err == nil {
		defer door.Close()
		go (&front{server: address.Host}).serve(door)
		address.Host = door.Addr().String()
		_, err = fmt.Fprintln(out, address)
	}
	if err != nil {
		cancel()
		return errors.Join(err, <-done)
	}
	return <-done
}

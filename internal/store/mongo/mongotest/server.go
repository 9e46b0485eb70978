// Package mongotest gives tests a server that speaks the MongoDB wire protocol.
//
//  1. The server is real software over real files: FerretDB, built from the module ../wiretest, and beside it the server named in
//     REDSTEWARD_TEST_MONGODB_URI when that is set. A test that cannot have one fails; it never skips.
//  2. Every test gets a database name of its own, so tests may run beside each other on one server.
//  3. Servers listen on the loopback address and end with the test process, however that ends.
package mongotest

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// realServerVariable names the environment variable that adds a real MongoDB to the tests.
const realServerVariable = "REDSTEWARD_TEST_MONGODB_URI"

// startLimit is how long a built server may take to print its address.
const startLimit = 3 * time.Minute

// serverBinary builds the test server once for a test process and returns its path.
var serverBinary = sync.OnceValues(build)

// shared starts the server that most tests of a process use.
var shared = sync.OnceValues(func() (*process, error) { return startProcess("127.0.0.1:0", "") })

// Main runs the tests of a package and then removes what the servers left behind. Call it from TestMain as os.Exit(mongotest.Main(m)).
func Main(m *testing.M) int {
	code := m.Run()
	if used(&sharedUsed) {
		if p, err := shared(); err == nil {
			p.stop()
		}
	}
	if used(&binaryUsed) {
		if path, err := serverBinary(); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	return code
}

// sharedUsed and binaryUsed tell Main what there is to tidy up; asking the once-functions would start what no test wanted.
var (
	usedLock               sync.Mutex
	sharedUsed, binaryUsed bool
)

func used(flag *bool) bool {
	usedLock.Lock()
	defer usedLock.Unlock()
	return *flag
}

func use(flag *bool) {
	usedLock.Lock()
	defer usedLock.Unlock()
	*flag = true
}

// Target is a server to test against.
type Target struct {
	// Name is ferretdb or mongodb.
	Name string
	// Slow says that the server reads all documents to change one, so a test must do with few.
	Slow bool
	// server is the address; empty means the server that the tests of this process share.
	server string
}

// Targets returns every server there is.
func Targets() []Target {
	targets := []Target{{Name: "ferretdb", Slow: true}}
	if real := os.Getenv(realServerVariable); real != "" {
		targets = append(targets, Target{Name: "mongodb", server: real})
	}
	return targets
}

// URI returns the address of a fresh database, as store.uri takes it.
func (g Target) URI(t testing.TB) string {
	t.Helper()
	if g.server != "" {
		return withDatabase(t, g.server)
	}
	use(&sharedUsed)
	use(&binaryUsed)
	p, err := shared()
	if err != nil {
		t.Fatalf("the MongoDB test server cannot be had: %v", err)
	}
	return withDatabase(t, p.uri)
}

// Each runs test as a subtest against every server there is, with the address of a fresh database.
func Each(t *testing.T, test func(t *testing.T, uri string)) {
	t.Helper()
	for _, target := range Targets() {
		t.Run(target.Name, func(t *testing.T) { test(t, target.URI(t)) })
	}
}

// URI returns the address of a fresh database on the server that the tests of this process share.
func URI(t testing.TB) string {
	t.Helper()
	return Target{Name: "ferretdb", Slow: true}.URI(t)
}

// Server is a test server of one test's own, which that test may stop and start again over the same files.
type Server struct {
	t    testing.TB
	data string
	addr string
	db   string
	proc *process
}

// Start starts a server with a folder of its own; it is stopped when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := Reserve(t)
	s.Restart()
	return s
}

// Reserve returns a server that has an address but does not run yet.
func Reserve(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, data: t.TempDir(), addr: Address(t), db: databaseName(t)}
	t.Cleanup(s.Stop)
	return s
}

// addresses counts those that were given, so that none is given twice.
var addresses atomic.Int64

// Address returns a free address on the loopback interface for a server that starts later, or that stops and starts again. Its port lies below those that the
// system hands out: meanwhile no other program gets it, and no connection comes from it.
func Address(t testing.TB) string {
	t.Helper()
	const first, ports = 20_000, 10_000
	for range ports {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+(os.Getpid()+int(addresses.Add(1)))%ports))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

// URI is the address of the server's database; it stays the same over a restart.
func (s *Server) URI() string { return "mongodb://" + s.addr + "/" + s.db }

// Stop ends the server as a power cut would: at once, in the middle of what it does. Stopping a stopped server does nothing.
func (s *Server) Stop() {
	if s.proc != nil {
		_ = s.proc.cmd.Process.Kill()
		s.proc.stop()
		s.proc = nil
	}
}

// Restart starts the server on its old address and files.
func (s *Server) Restart() {
	s.t.Helper()
	use(&binaryUsed)
	p, err := startProcess(s.addr, s.data)
	if err != nil {
		s.t.Fatalf("the MongoDB test server cannot be had: %v", err)
	}
	s.proc = p
	u, err := url.Parse(p.uri)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = u.Host
}

// process is one running server.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	uri   string
}

// stop closes the server's input, which ends it, and waits until it has gone.
func (p *process) stop() {
	_ = p.stdin.Close()
	timer := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	timer.Stop()
}

// startProcess starts the built server and waits for its address.
func startProcess(listen, data string) (*process, error) {
	path, err := serverBinary()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "-listen", listen, "-data", data)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	err = cmd.Start()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin}

	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(stdout).ReadString('\n')
		line <- strings.TrimSpace(text)
	}()
	select {
	case p.uri = <-line:
	case <-time.After(startLimit):
	}
	if !strings.HasPrefix(p.uri, "mongodb://") {
		p.stop()
		return nil, fmt.Errorf("it printed %q instead of its address: %s", p.uri, complaints.String())
	}
	return p, nil
}

// build compiles ../wiretest; with a warm build cache only the linker works.
func build() (string, error) {
	found, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list -m: %w", err)
	}
	folder := filepath.Join(strings.TrimSpace(string(found)), "internal", "store", "mongo", "wiretest")
	dir, err := os.MkdirTemp("", "redsteward-mongotest-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "wiretest")
	cmd := exec.Command("go", "build", "-C", folder, "-o", path, ".")
	// The server is no part of what is measured or checked for races, and the flags of the test run are not for its module.
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", fmt.Errorf("go build -C %s: %w\n%s", folder, err, out)
	}
	return path, nil
}

// withDatabase puts a fresh database name into a server's address.
func withDatabase(t testing.TB, server string) string {
	t.Helper()
	// The address of a replica set lists several hosts, which net/url does not read.
	scheme, rest, ok := strings.Cut(server, "://")
	if !ok {
		t.Fatalf("%s=%q is no MongoDB address", realServerVariable, server)
	}
	hosts, query, _ := strings.Cut(rest, "?")
	hosts, _, _ = strings.Cut(hosts, "/")
	uri := scheme + "://" + hosts + "/" + databaseName(t)
	if query != "" {
		uri += "?" + query
	}
	return uri
}

// databaseName is short enough for every server and says on a real one that a test left it there.
func databaseName(t testing.TB) string {
	t.Helper()
	var b [8]byte
	_, err := rand.Read(b[:])
	if err != nil {
		t.Fatal(err)
	}
	return "redsteward_test_" + hex.EncodeToString(b[:])
}

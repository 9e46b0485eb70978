package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A disk stands between the program and its disk, as the kernel lets it (seccomp, user notification): what the program writes to its files and what it flushes is held up or refused, in a process that
// knows nothing of it and while it runs. No root is needed.
type disk struct {
	fd int
	// flush is how long each flush takes, in nanoseconds; full refuses every write to a file with “no space left”.
	flush atomic.Int64
	full  atomic.Bool
	// slowed and refused count what was held up and what was refused.
	slowed, refused atomic.Int64
	gone            atomic.Bool
	ended           sync.WaitGroup
}

// diskVariable is set for a child that runs this test's own binary: it becomes the command in its arguments, watched. Its third descriptor takes the listener of the kernel.
const diskVariable = "REDSTEWARD_TEST_DISK"

// What the kernel calls these things (linux/seccomp.h, linux/prctl.h).
const (
	prSetNoNewPrivs      = 38
	seccompSetFilter     = 1
	seccompNewListener   = 8
	seccompNotify        = 0x7fc00000
	seccompAllow         = 0x7fff0000
	seccompReceive       = 0xc0502100
	seccompSend          = 0xc0182101
	seccompContinue      = 1
	pollIn, pollHangUp   = 1, 16
	loadNumber, jumpIfIs = 0x20, 0x15
	give                 = 0x06
)

// seccompCall is the number of the system call on this machine.
var seccompCall = map[string]uintptr{"amd64": 317, "arm64": 277, "loong64": 277}[runtime.GOARCH]

// becomeWatched turns this process into the command in its arguments, whose writes and flushes the parent decides about. It returns only if that cannot be.
func becomeWatched(args []string) error {
	runtime.LockOSThread()
	notified := []uintptr{syscall.SYS_FSYNC, syscall.SYS_FDATASYNC, syscall.SYS_PWRITE64, syscall.SYS_WRITE}
	filter := []syscall.SockFilter{{Code: loadNumber}}
	for i, call := range notified {
		filter = append(filter, syscall.SockFilter{Code: jumpIfIs, Jt: uint8(len(notified) - i), K: uint32(call)})
	}
	filter = append(filter, syscall.SockFilter{Code: give, K: seccompAllow}, syscall.SockFilter{Code: give, K: seccompNotify})
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); e != 0 {
		return e
	}
	fd, _, e := syscall.RawSyscall(seccompCall, seccompSetFilter, seccompNewListener, uintptr(unsafe.Pointer(&syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})))
	if e != 0 {
		return e
	}
	if err := syscall.Sendmsg(3, []byte{1}, syscall.UnixRights(int(fd)), nil, 0); err != nil {
		return err
	}
	if err := errors.Join(syscall.Close(int(fd)), syscall.Close(3), os.Unsetenv(diskVariable)); err != nil {
		return err
	}
	return syscall.Exec(args[0], args, os.Environ())
}

// startWatched is startProgram behind a disk of which every flush takes so long at first. The disk is nil, and the program runs as always, where the kernel does not let one process watch another.
func startWatched(t testing.TB, flush time.Duration, command string, args ...string) (*running, *disk) {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer ours.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{command}, args...)...)
	cmd.Env, cmd.ExtraFiles = []string{diskVariable + "=1"}, []*os.File{theirs}
	d := &disk{}
	d.flush.Store(int64(flush))
	started := make(chan error, 1)
	go func() {
		rights := make([]byte, syscall.CmsgSpace(4))
		_, n, _, _, err := syscall.Recvmsg(pair[0], make([]byte, 1), rights, syscall.MSG_CMSG_CLOEXEC)
		if err == nil && n > 0 {
			messages, _ := syscall.ParseSocketControlMessage(rights[:n])
			fds, _ := syscall.ParseUnixRights(&messages[0])
			d.fd = fds[0]
			d.ended.Go(d.watch)
		} else {
			err = errors.Join(err, errors.New("the child has no listener"))
		}
		started <- err
	}()
	r := launch(cmd, t)
	_ = theirs.Close()
	r.await(t)
	if err := <-started; err != nil {
		t.Logf("no disk between: %v", err)
		return r, nil
	}
	t.Cleanup(func() {
		if r.cmd.ProcessState == nil { // before the cleanup that waits for it
			_ = r.cmd.Process.Kill()
			_ = r.cmd.Wait()
		}
		d.gone.Store(true)
		d.ended.Wait()
		_ = syscall.Close(d.fd)
	})
	return r, d
}

// sysCall is what the kernel tells of one system call (struct seccomp_notif), verdict the answer (struct seccomp_notif_resp).
type (
	sysCall struct {
		id         uint64
		pid, flags uint32
		call       int32
		arch       uint32
		at         uint64
		args       [6]uint64
	}
	verdict struct {
		id    uint64
		value int64
		err   int32
		flags uint32
	}
)

// watch answers until the program has ended.
func (d *disk) watch() {
	for !d.gone.Load() {
		look := struct {
			fd              int32
			events, happens int16
		}{fd: int32(d.fd), events: pollIn}
		wait := syscall.NsecToTimespec(int64(200 * time.Millisecond))
		_, _, e := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&look)), 1, uintptr(unsafe.Pointer(&wait)), 0, 0, 0)
		switch {
		case e != 0 && e != syscall.EINTR:
			return
		case look.happens&pollIn != 0:
			var n sysCall
			if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(d.fd), seccompReceive, uintptr(unsafe.Pointer(&n))); e == 0 {
				d.ended.Go(func() { d.answer(n) })
			}
		case look.happens&pollHangUp != 0:
			return
		}
	}
}

// answer lets one call happen, late or not at all.
func (d *disk) answer(n sysCall) {
	v := verdict{id: n.id, flags: seccompContinue}
	if n.call == syscall.SYS_PWRITE64 || n.call == syscall.SYS_WRITE {
		if d.full.Load() && n.toFile() {
			d.refused.Add(1)
			v = verdict{id: n.id, err: -int32(syscall.ENOSPC)}
		}
	} else if wait := time.Duration(d.flush.Load()); wait > 0 {
		d.slowed.Add(1)
		time.Sleep(wait)
	}
	// Whoever was killed meanwhile needs no answer.
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, uintptr(d.fd), seccompSend, uintptr(unsafe.Pointer(&v)))
}

// toFile tells whether a write goes to a file and not to a connection, a pipe or a device.
func (n *sysCall) toFile() bool {
	target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", n.pid, int32(n.args[0])))
	return err == nil && strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "/dev/")
}

// fill lets no file of a running program grow, or, with false, lets them grow again: the limit that a quota or a unit file sets, which holds for uploads and logs too.
func fill(t testing.TB, r *running, full bool) {
	t.Helper()
	var limit struct{ soft, hard uint64 }
	set := func(change, old unsafe.Pointer) {
		if _, _, e := syscall.Syscall6(syscall.SYS_PRLIMIT64, uintptr(r.cmd.Process.Pid), syscall.RLIMIT_FSIZE, uintptr(change), uintptr(old), 0, 0); e != 0 {
			t.Fatal("prlimit: ", e)
		}
	}
	set(nil, unsafe.Pointer(&limit))
	if limit.soft = limit.hard; full {
		limit.soft = 0
	}
	set(unsafe.Pointer(&limit), nil)
}

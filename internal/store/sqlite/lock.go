package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"redsteward/internal/fault"
)

// lockName is the file whose kernel lock makes a process the only writer of a folder. The kernel frees it when the process ends, however it ends.
const lockName = "writer.lock"

// lockFolder takes the writer's lock. Returns Conflict naming the process that holds it.
func lockFolder(dir string) (*os.File, error) {
	const op = "sqlite.lockFolder"
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, translate(op, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, readErr := os.ReadFile(f.Name())
		closeErr := f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, translate(op, err)
		}
		who := strings.TrimSpace(string(holder))
		if readErr != nil || who == "" {
			who = "另一个进程"
		}
		return nil, fault.Wrap(op, fault.Conflict, fmt.Sprintf("数据目录正被占用：%s。请先停止它，再重试", who), errors.Join(err, closeErr))
	}
	text := fmt.Sprintf("进程 %d（%s）", os.Getpid(), filepath.Base(os.Args[0]))
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(translate(op, err), f.Close())
	}
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		return nil, errors.Join(translate(op, err), f.Close())
	}
	return f, nil
}

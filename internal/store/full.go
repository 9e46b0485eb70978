package store

import (
	"errors"
	"syscall"

	"redsteward/internal/fault"
)

// ErrFull is the cause of an error that says for certain that nothing was written, because nothing more fits.
var ErrFull = errors.New("no space left")

// diskFull is what a user reads then.
const diskFull = "磁盘已满，这次改动没有保存。请清理磁盘后重试"

// Full gives an error whose cause is a full disk its kind and its words: Unavailable, with ErrFull among its causes.
func Full(op string, err error) error {
	return fault.Wrap(op, fault.Unavailable, diskFull, errors.Join(ErrFull, err))
}

// IsFull tells whether an error says that nothing more fits on a disk, or no more may be written there.
func IsFull(err error) bool {
	return errors.Is(err, ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

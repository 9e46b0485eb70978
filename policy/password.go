package policy

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"redsteward/internal/fault"
)

// The password rules (domain.md §8.5; customary values of 等保 2.0 guides). The upper bound keeps hashing short.
const (
	minPassword     = 8
	maxPassword     = 128
	minClasses      = 3
	passwordHistory = 5
)

// The cost of one argon2id hash (design §3.13): 19 MiB, two passes, one lane.
const (
	argonMemoryKiB = 19 * 1024
	argonPasses    = 2
	argonLanes     = 1
	argonSalt      = 16
	argonKey       = 32
)

// hashText is the PHC form of a hash without salt and key.
const hashText = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

// passwordFaults checks a new password against the rules that need no history.
func passwordFaults(password, login string) []fault.Field {
	field := func(message string) []fault.Field { return []fault.Field{{Name: "password", Message: message}} }
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return field("密码含有无法识别的字符，请换一个")
	case n < minPassword:
		return field(fmt.Sprintf("密码有 %d 位，至少要 %d 位", n, minPassword))
	case n > maxPassword:
		return field(fmt.Sprintf("密码有 %d 位，最多 %d 位", n, maxPassword))
	}
	var lower, upper, digit, other int
	for _, r := range password {
		switch {
		case unicode.IsControl(r):
			return field("密码不能含有换行、制表等控制字符")
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	if classes := lower + upper + digit + other; classes < minClasses {
		return field(fmt.Sprintf("密码只用了 %d 类字符，大写字母、小写字母、数字、其他字符中至少要有 %d 类", classes, minClasses))
	}
	if login != "" && strings.Contains(strings.ToLower(password), login) {
		return field("密码不能包含用户名")
	}
	return nil
}

// hasher runs argon2 for at most two callers at once; a hash takes 19 MiB.
type hasher struct {
	slots   chan struct{}
	waiting chan struct{}
	patient time.Duration
	// memory in KiB of new hashes; a stored hash names its own.
	memory uint32
	// dummy is verified for unknown logins, so that they take as long as known ones.
	dummy string
}

// The bounds of the queue before argon2: whoever comes later is told to try again instead of waiting unseen.
const (
	hashSlots   = 2
	hashQueue   = 64
	hashPatient = 10 * time.Second
)

func newHasher(ctx context.Context, memory uint32) (*hasher, error) {
	h := &hasher{
		slots:   make(chan struct{}, hashSlots),
		waiting: make(chan struct{}, hashQueue),
		patient: hashPatient,
		memory:  memory,
	}
	return h, h.setDummy(ctx)
}

// setDummy makes the dummy as costly as a new hash.
func (h *hasher) setDummy(ctx context.Context) error {
	random, err := randomText(argonKey)
	if err != nil {
		return err
	}
	h.dummy, err = h.hash(ctx, random)
	return err
}

// enter waits for a slot; leave must be called if it returns nil.
func (h *hasher) enter(ctx context.Context) error {
	const message = "现在登录的人太多，请过几秒再试"
	select {
	case h.waiting <- struct{}{}:
	default:
		return fault.New("policy.hash", fault.Unavailable, message)
	}
	defer func() { <-h.waiting }()
	ctx, cancel := context.WithTimeout(ctx, h.patient)
	defer cancel()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.Wrap("policy.hash", fault.Unavailable, message, ctx.Err())
	}
}

func (h *hasher) leave() { <-h.slots }

// hash returns the PHC text of a new hash. Returns Unavailable if too many wait.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", fault.Wrap("policy.hash", fault.Internal, "", err)
	}
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	key := argon2.IDKey([]byte(password), salt, argonPasses, h.memory, argonLanes, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf(hashText+"%s$%s", argon2.Version, h.memory, argonPasses, argonLanes,
		b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// verify reports whether the password made the hash. Returns Unavailable if too many wait, Internal for a damaged hash.
func (h *hasher) verify(ctx context.Context, password, hash string) (bool, error) {
	p, err := parseHash(hash)
	if err != nil {
		return false, fault.Wrap("policy.verify", fault.Internal, "", err)
	}
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	key := argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(key, p.key) == 1, nil
}

type phc struct {
	memory, passes uint32
	lanes          uint8
	salt, key      []byte
}

// parseHash reads the PHC text; bounds keep a damaged record from asking for gigabytes.
func parseHash(hash string) (phc, error) {
	var p phc
	var version int
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return p, errors.New("not an argon2id hash")
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return p, errors.New("unknown argon2 version")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); err != nil {
		return p, fmt.Errorf("argon2 cost: %w", err)
	}
	if p.memory < 8 || p.memory > 64*1024 || p.passes < 1 || p.passes > 10 || p.lanes < 1 || p.lanes > 4 {
		return p, errors.New("argon2 cost out of bounds")
	}
	var err1, err2 error
	p.salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
	p.key, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(err1, err2); err != nil {
		return p, err
	}
	if len(p.salt) < 8 || len(p.key) < 16 || len(p.key) > 64 {
		return p, errors.New("argon2 salt or key of a wrong length")
	}
	return p, nil
}

// randomText returns n random bytes as base64url without padding.
func randomText(n int) (string, error) {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return "", fault.Wrap("policy.random", fault.Internal, "", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// oneTimeAlphabet leaves out what is easily misread aloud or on paper: 0 O o 1 l I.
const oneTimeAlphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// oneTimePassword returns a random password of twelve signs that keeps the rules: over 69 bits, in three groups by dashes.
func oneTimePassword() (string, error) {
	for {
		raw := make([]byte, 64)
		if _, err := rand.Read(raw); err != nil {
			return "", fault.Wrap("policy.random", fault.Internal, "", err)
		}
		var signs []byte
		for _, b := range raw {
			// Bytes past the last full round of the alphabet would favour its beginning.
			if int(b) < 256/len(oneTimeAlphabet)*len(oneTimeAlphabet) && len(signs) < 12 {
				signs = append(signs, oneTimeAlphabet[int(b)%len(oneTimeAlphabet)])
			}
		}
		if len(signs) < 12 {
			continue
		}
		password := string(signs[:4]) + "-" + string(signs[4:8]) + "-" + string(signs[8:])
		if passwordFaults(password, "") == nil {
			return password, nil
		}
	}
}

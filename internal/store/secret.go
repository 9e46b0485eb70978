package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

const (
	keySize       = 32
	masterKeyName = "master.key"
	secretPrefix  = "secret/"
	subjectPrefix = "subject/"
	// cipherPrefix names the algorithm of a stored pii text: AES-256-GCM, nonce before the ciphertext.
	cipherPrefix = "aes256gcm:"
	// UnreadableText is what a pii field reads when the store was opened without the master key.
	UnreadableText = "（无密钥，不能读取）"
)

// destroyed stands in place of the key of a purged subject.
var destroyed = []byte{0}

// MasterKeyFile reads the master key from the file `master.key` in a data folder and creates it with mode 0600 if create is set
// and it does not exist. Returns NotFound if it does not exist, Invalid if it is damaged or readable by others.
func MasterKeyFile(dir string, create bool) ([]byte, error) {
	const op = "store.MasterKeyFile"
	path := filepath.Join(dir, masterKeyName)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		return createMasterKey(dir, path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(op, fault.NotFound, "没有主密钥文件 "+path, err)
	}
	if err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "主密钥文件不能读取", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf("主密钥文件 master.key 的权限是 %o，其他人可以读取，应改为 600", info.Mode().Perm()))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "主密钥文件不能读取", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keySize {
		return nil, fault.New(op, fault.Invalid, "主密钥文件 master.key 已损坏，应为 64 位十六进制数")
	}
	return key, nil
}

func createMasterKey(dir, path string) ([]byte, error) {
	const op = "store.MasterKeyFile"
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "数据目录不能创建", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return MasterKeyFile(dir, false)
	}
	if err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "主密钥文件不能创建", err)
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "主密钥文件不能写入", errors.Join(err, os.Remove(path)))
	}
	return key, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// encrypt returns nonce and ciphertext; place is bound to it, so that a ciphertext cannot be moved to another field.
func encrypt(key, plain []byte, place string) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, plain, []byte(place)), nil
}

func decrypt(key, sealed []byte, place string) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("ciphertext too short")
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(place))
}

// Secret returns 32 bytes kept under a name ("cookie", "csrf" …), generated at first use, the same for every process of the database.
// Returns Invalid if the master key does not fit the data.
func (db *DB) Secret(ctx context.Context, name string) ([]byte, error) {
	return db.wrapped(ctx, secretPrefix+name)
}

// wrapped returns the 32 bytes under a name of the engine's values, and makes them if there are none.
func (db *DB) wrapped(ctx context.Context, name string) ([]byte, error) {
	const op = "store.Secret"
	if db.opt.MasterKey == nil {
		return nil, fault.New(op, fault.Unavailable, "没有主密钥，不能读取受保护的数据")
	}
	stored, err := db.engine.Value(ctx, name)
	if fault.Is(err, fault.NotFound) {
		fresh := make([]byte, keySize)
		if _, err := rand.Read(fresh); err != nil {
			return nil, fault.Wrap(op, fault.Internal, "", err)
		}
		sealed, err := encrypt(db.opt.MasterKey, fresh, name)
		if err != nil {
			return nil, fault.Wrap(op, fault.Internal, "", err)
		}
		// Whoever is first decides: what stands counts, not what was made here.
		stored, err = db.engine.InsertValue(ctx, name, sealed)
		if err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	if len(stored) == len(destroyed) {
		return nil, nil
	}
	key, err := decrypt(db.opt.MasterKey, stored, name)
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "主密钥与数据不符，请核对 master.key", err)
	}
	return key, nil
}

// MAC returns the 64 hex digits of HMAC-SHA-256 over text under the database's own key for the purpose: an id part that hides
// a name, phone, login or household. Without master key the result is of no use.
func (db *DB) MAC(purpose, text string) string {
	h := hmac.New(sha256.New, db.macKey)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

// keyring keeps the keys of subjects for a short while; another process may purge a subject meanwhile.
type keyring struct {
	mu   sync.Mutex
	keys map[string]heldKey
}

type heldKey struct {
	key  []byte // nil: destroyed
	till time.Time
}

const (
	keyringSize = 10_000
	keyringTime = 30 * time.Second
)

// subjectKey returns the key of a subject, making it if create is set; nil without error means destroyed. Returns Internal if the key is
// missing though it was not destroyed: then the values were damaged.
func (db *DB) subjectKey(ctx context.Context, subject string, create bool) ([]byte, error) {
	now := db.Now()
	db.keys.mu.Lock()
	held, ok := db.keys.keys[subject]
	db.keys.mu.Unlock()
	if ok && now.Before(held.till) {
		return held.key, nil
	}
	name := subjectPrefix + subject
	if !create {
		if _, err := db.engine.Value(ctx, name); fault.Is(err, fault.NotFound) {
			return nil, fault.Wrap("store.subjectKey", fault.Internal, "个人信息的密钥缺失，数据可能已损坏", err)
		} else if err != nil {
			return nil, err
		}
	}
	key, err := db.wrapped(ctx, name)
	if err != nil {
		return nil, err
	}
	db.keys.mu.Lock()
	defer db.keys.mu.Unlock()
	if len(db.keys.keys) >= keyringSize {
		clear(db.keys.keys)
	}
	db.keys.keys[subject] = heldKey{key: key, till: now.Add(keyringTime)}
	return key, nil
}

// forget drops a key from memory.
func (k *keyring) forget(subject string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, subject)
}

// hide puts the ciphertext in place of every marked text; place prefix is the kind.
func (db *DB) hide(ctx context.Context, kind, subject string, raw []byte, marks *journal.Marks) ([]byte, error) {
	const op = "store.hide"
	var key []byte
	return journal.Rewrite(raw, marks, func(path, text string) (string, error) {
		if text == "" || text == PurgedText {
			// What was read after a purge may be written back unchanged; it says nothing.
			return text, nil
		}
		if subject == "" {
			return "", fault.InvalidFields(op, fault.Field{Name: path, Message: "没有说明这是谁的个人信息，不能保存"})
		}
		if key == nil {
			var err error
			if key, err = db.subjectKey(ctx, subject, true); err != nil {
				return "", err
			}
			if key == nil {
				return "", fault.New(op, fault.Conflict, "此人的个人信息已清除，不能再写入")
			}
		}
		sealed, err := encrypt(key, []byte(text), kind+"."+path)
		if err != nil {
			return "", fault.Wrap(op, fault.Internal, "", err)
		}
		return cipherPrefix + base64.RawStdEncoding.EncodeToString(sealed), nil
	})
}

// show is the reverse of hide. purged tells that the key is gone.
func (db *DB) show(ctx context.Context, kind, subject string, stored []byte, marks *journal.Marks) (plain []byte, purged bool, err error) {
	plain, err = journal.Rewrite(stored, marks, db.opener(ctx, kind, subject, &purged))
	return plain, purged, err
}

// opener opens the personal texts of one subject, and sets purged if there was one whose key is destroyed.
func (db *DB) opener(ctx context.Context, kind, subject string, purged *bool) openText {
	const op = "store.show"
	var key []byte
	asked := false
	return func(path, text string) (string, error) {
		if text == "" {
			return "", nil
		}
		if text == PurgedText {
			*purged = true
			return text, nil
		}
		if db.opt.MasterKey == nil {
			return UnreadableText, nil
		}
		if !asked {
			asked = true
			var err error
			if key, err = db.subjectKey(ctx, subject, false); err != nil {
				return "", err
			}
		}
		if key == nil {
			*purged = true
			return PurgedText, nil
		}
		sealed, ok := strings.CutPrefix(text, cipherPrefix)
		raw, err := base64.RawStdEncoding.DecodeString(sealed)
		if !ok || err != nil {
			return "", fault.Wrap(op, fault.Internal, "加密的个人信息已损坏", err)
		}
		out, err := decrypt(key, raw, kind+"."+path)
		if err != nil {
			return "", fault.Wrap(op, fault.Internal, "加密的个人信息已损坏", err)
		}
		return string(out), nil
	}
}

// PurgedText is what a pii field reads after its subject's key was destroyed.
const PurgedText = "（已清除）"

// purgeState is the record of a purge; the subject is the id of its stream.
type purgeState struct{}

// Purge destroys the key of a subject for good and journals that as `purge/<subject>`. Twice is once.
func (db *DB) Purge(ctx context.Context, meta Meta, subject string) error {
	if _, err := db.purges.Commit(ctx, meta, subject, 0, purgeState{}); err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	return db.destroy(ctx, subject)
}

// destroy overwrites the key of a subject.
func (db *DB) destroy(ctx context.Context, subject string) error {
	if err := db.engine.SetValue(ctx, subjectPrefix+subject, destroyed); err != nil {
		return err
	}
	db.keys.forget(subject)
	if s, ok := db.engine.(Scrubber); ok {
		return s.Scrub(ctx)
	}
	return nil
}

// purgeRule destroys the key again for every journaled purge: a crash between record and key must not leave the key.
func (db *DB) purgeRule() Rule {
	return Rule{Name: "purge", Title: "销毁已清除的个人信息的密钥", Kinds: []string{"purge"}, Apply: func(ctx context.Context, e Event) error { return db.destroy(ctx, e.ID) }}
}

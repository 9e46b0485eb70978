// Package intake brings what residents tell of from an outer zone into the inner network, in sealed files that nobody in the outer zone can read.
//
//  1. A file is sealed to the public key of the bureau (anonymous box: X25519, XSalsa20-Poly1305). The secret key never leaves the inner network, and the receiver keeps nothing else.
//  2. A file names the key for which it is, so that a foreign file is told from one that was changed or cut; it is called after its SHA-256, so that none takes the place of another.
//  3. What a file holds was checked when it came in, while the resident could still mend it, by the rules by which it is imported.
package intake

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/curve25519"
	"golang.org/x/crypto/nacl/box"

	"redsteward/internal/fault"
)

const (
	// Ending ends the name of every sealed file.
	Ending = ".sealed"
	// MaxPhotos is how many photos a report has at most.
	MaxPhotos = 3
	// MaxPhoto is how many bytes a photo has at most.
	MaxPhoto = 20 << 20
	// MaxSealed is how many bytes a sealed file has at most.
	MaxSealed = MaxPhotos*MaxPhoto + maxHead + 4<<10
	// maxHead bounds everything but the photos, in bytes.
	maxHead = 16 << 10
	// Ahead is how far the clock of the outer zone may run before ours.
	Ahead = time.Hour

	format     = "redsteward-intake-1\n"
	printSize  = 16 // signs of the fingerprint of a key
	checkSize  = 8  // signs at the end of a public key by which a slip of the pen is noticed
	keySize    = 32
	secretName = "redsteward-intake-secret-"
	publicName = "redsteward-intake-public-"
)

// Report is what a resident tells of.
type Report struct {
	// Number and Code are what he was given to follow it.
	Number string `json:"number"`
	Code   string `json:"code"`
	// Received is when the outer zone took it in, by its own clock.
	Received time.Time `json:"received"`
	// Community, Project and Category are the ids that the form offered, Project "" for a place outside of compounds.
	Community string `json:"community"`
	Project   string `json:"project,omitempty"`
	Category  string `json:"category"`
	// Where and Words are his own.
	Where string `json:"where"`
	Words string `json:"words"`
	// Redirected says what the form had offered before somebody inside changed it (Redirect), "" for a form as it was filled in.
	Redirected string `json:"redirected,omitempty"`
	// Photos are JPEG or PNG files.
	Photos [][]byte `json:"-"`
}

// head is a report as it stands before its photos.
type head struct {
	Report
	// Sizes are the bytes of each photo.
	Sizes []int `json:"sizes,omitempty"`
}

// PublicKey is the key to which reports are sealed.
type PublicKey struct{ key [keySize]byte }

// SecretKey opens what was sealed to its public key.
type SecretKey struct {
	key    [keySize]byte
	public PublicKey
}

// NewKey makes a key.
func NewKey() (*SecretKey, error) {
	public, secret, err := box.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fault.Wrap("intake.NewKey", fault.Internal, "", err)
	}
	return &SecretKey{key: *secret, public: PublicKey{*public}}, nil
}

// Public is the key that may be given away.
func (s *SecretKey) Public() PublicKey { return s.public }

// Text is the secret key as a file holds it.
func (s *SecretKey) Text() string { return secretName + hex.EncodeToString(s.key[:]) }

// Text is the public key as people copy it.
func (p PublicKey) Text() string {
	return publicName + hex.EncodeToString(p.key[:]) + checkOf(p.key[:])[:checkSize]
}

// Print is the fingerprint of the key, by which people tell keys apart.
func (p PublicKey) Print() string { return checkOf(p.key[:])[checkSize : checkSize+printSize] }

func checkOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// ParsePublic reads a public key. Returns Invalid for what is none, also with one sign wrong.
func ParsePublic(text string) (PublicKey, error) {
	const op = "intake.ParsePublic"
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, secretName) {
		return PublicKey{}, fault.New(op, fault.Invalid, "这是私钥，不能放到外网；请写以 "+publicName+" 开头的公钥")
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(text, publicName))
	if err != nil || !strings.HasPrefix(text, publicName) || len(raw) != keySize+checkSize/2 || hex.EncodeToString(raw[keySize:]) != checkOf(raw[:keySize])[:checkSize] {
		return PublicKey{}, fault.New(op, fault.Invalid, "公钥抄错了：要整行复制 redsteward intake key 打印的那一行，以 "+publicName+" 开头")
	}
	return PublicKey{[keySize]byte(raw)}, nil
}

// ParseSecret reads a secret key. Returns Invalid for what is none, and does not repeat it.
func ParseSecret(text string) (*SecretKey, error) {
	const op = "intake.ParseSecret"
	text = strings.TrimSpace(text)
	raw, err := hex.DecodeString(strings.TrimPrefix(text, secretName))
	if err != nil || !strings.HasPrefix(text, secretName) || len(raw) != keySize {
		return nil, fault.New(op, fault.Invalid, "私钥文件读不出来：要用 redsteward intake key 生成的文件")
	}
	public, err := curve25519.X25519(raw, curve25519.Basepoint)
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "私钥文件读不出来", err)
	}
	return &SecretKey{key: [keySize]byte(raw), public: PublicKey{[keySize]byte(public)}}, nil
}

// Seal makes the file of a report. Returns Invalid for one that is too large.
func (p PublicKey) Seal(r *Report) ([]byte, error) {
	const op = "intake.Seal"
	h := head{Report: *r}
	for _, photo := range r.Photos {
		h.Sizes = append(h.Sizes, len(photo))
	}
	front, err := json.Marshal(h)
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	if err := h.fits(len(front)); err != nil {
		return nil, err
	}
	plain := binary.BigEndian.AppendUint32(nil, uint32(len(front)))
	plain = append(plain, front...)
	for _, photo := range r.Photos {
		plain = append(plain, photo...)
	}
	sealed, err := box.SealAnonymous([]byte(format+p.Print()+"\n"), plain, &p.key, rand.Reader)
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	return sealed, nil
}

func (h *head) fits(front int) error {
	tooLarge := front > maxHead || len(h.Sizes) > MaxPhotos
	for _, size := range h.Sizes {
		tooLarge = tooLarge || size <= 0 || size > MaxPhoto
	}
	if tooLarge {
		return fault.New("intake.fits", fault.Invalid, fmt.Sprintf("内容太大：最多 %d 张照片，每张不超过 %d MB", MaxPhotos, MaxPhoto>>20))
	}
	return nil
}

// Redirect puts another place or category into a report that the register refuses as it is, and notes what stood there; what the resident wrote and when stays. A community goes without the compound that the form named, "" leaves it.
// Returns Invalid if nothing changes.
func (r *Report) Redirect(community, category string) error {
	was := "社区 " + r.Community
	if r.Project != "" {
		was += "，小区 " + r.Project
	}
	was += "，类别 " + r.Category
	to := *r
	if community != "" {
		to.Community, to.Project = community, ""
	}
	if category != "" {
		to.Category = category
	}
	if to.Community == r.Community && to.Project == r.Project && to.Category == r.Category {
		return fault.New("intake.Redirect", fault.Invalid, "改投没有改变什么：它本来就是"+was)
	}
	if to.Redirected == "" {
		to.Redirected = "外网来件由内网改投，居民原来选的是：" + was
	}
	*r = to
	return nil
}

// NameOf is the name of a sealed file.
func NameOf(sealed []byte) string { return checkOf(sealed)[:32] + Ending }

// Open opens a file. Returns Invalid with a sentence that says what is wrong: too large, no sealed file, for another key, changed or cut, or of the future.
func (s *SecretKey) Open(sealed []byte, now time.Time) (*Report, error) {
	const op = "intake.Open"
	if len(sealed) > MaxSealed {
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf("文件太大，超过 %d MB", MaxSealed>>20))
	}
	rest, ours := bytes.CutPrefix(sealed, []byte(format))
	if !ours || len(rest) < printSize+1 || rest[printSize] != '\n' {
		return nil, fault.New(op, fault.Invalid, "不是封装文件，或者开头被改过、没有传完")
	}
	if print := string(rest[:printSize]); print != s.public.Print() {
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf("是给另一把密钥的（%q），现在的密钥是 %s", print, s.public.Print()))
	}
	plain, ok := box.OpenAnonymous(nil, rest[printSize+1:], &s.public.key, &s.key)
	if !ok {
		return nil, fault.New(op, fault.Invalid, "打不开：内容被改过或者没有传完，请从外网重新取一次")
	}
	r, err := read(plain)
	if err != nil {
		return nil, err
	}
	if r.Received.After(now.Add(Ahead)) {
		return nil, fault.New(op, fault.Invalid, "收到的时间 "+r.Received.UTC().Format(time.RFC3339)+" 还没有到，请校准外网机器的时钟")
	}
	return r, nil
}

// read reads what was sealed. Whoever knows the public key can seal anything, so nothing is believed.
func read(plain []byte) (*Report, error) {
	const op = "intake.read"
	broken := func(err error) error {
		return fault.Wrap(op, fault.Invalid, "里面的内容读不出来，不是本系统的接收程序封装的", err)
	}
	if len(plain) < 4 {
		return nil, broken(io.ErrUnexpectedEOF)
	}
	size, rest := binary.BigEndian.Uint32(plain), plain[4:]
	if size > maxHead || int(size) > len(rest) {
		return nil, broken(io.ErrUnexpectedEOF)
	}
	var h head
	d := json.NewDecoder(bytes.NewReader(rest[:size]))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return nil, broken(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, broken(errors.New("more than one value"))
	}
	rest = rest[size:]
	if err := h.fits(int(size)); err != nil {
		return nil, err
	}
	for _, size := range h.Sizes {
		if size > len(rest) {
			return nil, broken(io.ErrUnexpectedEOF)
		}
		h.Photos, rest = append(h.Photos, rest[:size:size]), rest[size:]
	}
	if len(rest) > 0 {
		return nil, broken(errors.New("bytes behind the last photo"))
	}
	return &h.Report, nil
}

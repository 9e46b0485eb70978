package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"redsteward/internal/fault"
)

// How long own certificates last: the authority is installed once on the office's machines, the server's own is renewed by itself.
const (
	authorityYears = 10
	serverDays     = 397
	renewBefore    = 30 * 24 * time.Hour
)

// Certificates hands out the server's certificate: given files, or one signed by an authority of its own that is made at first start.
type Certificates struct {
	// Dir is where the own authority and certificate are kept, readable by the service alone.
	Dir string
	// Hosts are the names and addresses that people type, for the own certificate; localhost and loopback are always in it.
	Hosts []string
	// CertFile and KeyFile use these PEM files instead of an own authority. They are read again when they change.
	CertFile, KeyFile string
	// Now is the security clock. Required.
	Now func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	read    time.Time
}

// The files of the own authority in Certificates.Dir.
const (
	authorityCert = "ca.pem"
	authorityKey  = "ca-key.pem"
	serverCert    = "server.pem"
	serverKey     = "server-key.pem"
)

// AuthorityFile is the certificate to install on the machines of the office so that browsers trust the service; "" with given files.
func (k *Certificates) AuthorityFile() string {
	if k.CertFile != "" {
		return ""
	}
	return filepath.Join(k.Dir, authorityCert)
}

// Config returns the TLS configuration; it makes sure now that there is a certificate. Returns Invalid for unusable files and
// Unavailable if Dir cannot be written.
func (k *Certificates) Config() (*tls.Config, error) {
	if _, err := k.certificate(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return k.certificate() },
	}, nil
}

// certificate returns a certificate that is valid now, reading or making it as needed.
func (k *Certificates) certificate() (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.Now()
	if k.CertFile != "" {
		return k.given()
	}
	if k.current != nil && k.current.Leaf.NotAfter.Sub(now) > renewBefore {
		return k.current, nil
	}
	const op = "web.Certificates"
	if err := os.MkdirAll(k.Dir, 0o700); err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "不能建立证书文件夹", err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(k.Dir, serverCert), filepath.Join(k.Dir, serverKey))
	if err == nil && pair.Leaf.NotAfter.Sub(now) > renewBefore && coversAll(pair.Leaf, k.hosts()) {
		k.current = &pair
		return k.current, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(op, fault.Invalid, "数据文件夹中的服务器证书不能使用", err)
	}
	if k.current, err = k.issue(now); err != nil {
		return nil, err
	}
	return k.current, nil
}

// given reads the configured files when they have changed.
func (k *Certificates) given() (*tls.Certificate, error) {
	const op = "web.Certificates"
	info, err := os.Stat(k.CertFile)
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "找不到配置的证书文件", err)
	}
	if k.current != nil && info.ModTime().Equal(k.read) {
		return k.current, nil
	}
	pair, err := tls.LoadX509KeyPair(k.CertFile, k.KeyFile)
	if err != nil {
		if k.current != nil { // half replaced: keep the old pair until both files fit
			return k.current, nil
		}
		return nil, fault.Wrap(op, fault.Invalid, "配置的证书与私钥不能使用", err)
	}
	k.current, k.read = &pair, info.ModTime()
	return k.current, nil
}

func (k *Certificates) hosts() []string {
	return append([]string{"localhost", "127.0.0.1", "::1"}, k.Hosts...)
}

// coversAll reports whether every host stands in the certificate.
func coversAll(leaf *x509.Certificate, hosts []string) bool {
	return !slices.ContainsFunc(hosts, func(h string) bool { return leaf.VerifyHostname(h) != nil })
}

// issue signs a new server certificate, making the authority first if there is none.
func (k *Certificates) issue(now time.Time) (*tls.Certificate, error) {
	authority, key, err := k.authority(now)
	if err != nil {
		return nil, err
	}
	own := &x509.Certificate{
		Subject:     pkix.Name{CommonName: k.hosts()[len(k.hosts())-1], Organization: []string{"Redsteward"}},
		NotBefore:   now.Add(-time.Hour), // machines whose clock is a little behind
		NotAfter:    now.AddDate(0, 0, serverDays),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range k.hosts() {
		if ip := net.ParseIP(h); ip != nil {
			own.IPAddresses = append(own.IPAddresses, ip)
		} else {
			own.DNSNames = append(own.DNSNames, h)
		}
	}
	return k.sign(own, authority, key, serverCert, serverKey)
}

// authority reads or makes the own authority.
func (k *Certificates) authority(now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	const op = "web.Certificates"
	pair, err := tls.LoadX509KeyPair(filepath.Join(k.Dir, authorityCert), filepath.Join(k.Dir, authorityKey))
	if errors.Is(err, fs.ErrNotExist) {
		root := &x509.Certificate{
			Subject:               pkix.Name{CommonName: "Redsteward " + now.UTC().Format(time.DateOnly), Organization: []string{"Redsteward"}},
			NotBefore:             now.Add(-time.Hour),
			NotAfter:              now.AddDate(authorityYears, 0, 0),
			KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
			IsCA:                  true,
			BasicConstraintsValid: true,
			MaxPathLenZero:        true,
		}
		var made *tls.Certificate
		if made, err = k.sign(root, nil, nil, authorityCert, authorityKey); err == nil {
			pair = *made
		}
	}
	if err != nil {
		return nil, nil, fault.Wrap(op, fault.Invalid, "数据文件夹中的自有证书机构不能使用", err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, fault.New(op, fault.Invalid, "数据文件夹中的自有证书机构不是本系统生成的")
	}
	return pair.Leaf, key, nil
}

// sign makes a key, signs the template (by itself if parent is nil) and writes both files, the key first.
func (k *Certificates) sign(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey, certFile, keyFile string) (*tls.Certificate, error) {
	const op = "web.Certificates"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "不能生成密钥", err)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, fault.Wrap(op, fault.Internal, "不能生成证书序号", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "不能签发证书", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "不能保存私钥", err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	for _, f := range []struct {
		name string
		data []byte
		mode fs.FileMode
	}{{keyFile, keyPEM, 0o600}, {certFile, certPEM, 0o644}} {
		if err := replaceFile(filepath.Join(k.Dir, f.name), f.data, f.mode); err != nil {
			return nil, fault.Wrap(op, fault.Unavailable, "不能保存证书", err)
		}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "证书与私钥不配对", err)
	}
	return &pair, nil
}

// replaceFile writes a file so that a reader sees the old or the new content, never a part.
func replaceFile(name string, data []byte, mode fs.FileMode) error {
	tmp := name + ".new"
	if err := os.WriteFile(tmp, data, mode); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

// tlsListener remembers that its connections are encrypted, which a plain net.Listener does not tell.
type tlsListener struct{ net.Listener }

// ListenTLS wraps a listener with the certificates.
func ListenTLS(l net.Listener, k *Certificates) (net.Listener, error) {
	config, err := k.Config()
	if err != nil {
		return nil, err
	}
	return tlsListener{tls.NewListener(l, config)}, nil
}

// isTLS reports whether the listener was made by ListenTLS.
func isTLS(l net.Listener) bool {
	_, ok := l.(tlsListener)
	return ok
}

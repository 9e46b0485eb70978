package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

//go:embed assets
var assetFiles embed.FS

// cssLimit is the budget of the one design system (ui.md §9).
const cssLimit = 40 << 10

// asset is one embedded file, compressed once.
type asset struct {
	contentType         string
	plain, gzip, brotli []byte
}

// assets are the files by served name, which carries a hash of the content so that browsers may keep them for ever.
type assets struct {
	files               map[string]asset
	addresses           map[string]string // by the name of the file
	css, sprite, script string            // addresses
}

var contentTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8"}

// quickAbove is the size from which a file is compressed less thoroughly, so that the start is not held up.
const quickAbove = 256 << 10

// loadAssets gives the embedded files, compressed. They are part of the binary, so that all servers of one process share them.
var loadAssets = sync.OnceValues(readAssets)

// readAssets reads and compresses the embedded files. It fails if one is missing, of an unknown kind, or above its budget.
func readAssets() (*assets, error) {
	a := &assets{files: make(map[string]asset), addresses: make(map[string]string)}
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		data, err := assetFiles.ReadFile(path.Join("assets", e.Name()))
		if err != nil {
			return nil, err
		}
		ext := path.Ext(e.Name())
		contentType, ok := contentTypes[ext]
		if !ok {
			return nil, fmt.Errorf("%s: no content type is known", e.Name())
		}
		if ext == ".css" && len(data) > cssLimit {
			return nil, fmt.Errorf("%s: %d bytes are more than the budget of %d", e.Name(), len(data), cssLimit)
		}
		sum := sha256.Sum256(data)
		name := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:5]) + ext
		gzipLevel, brotliLevel := gzip.BestCompression, brotli.BestCompression
		if len(data) > quickAbove {
			gzipLevel, brotliLevel = gzip.DefaultCompression, 4
		}
		small, err := gzipped(data, gzipLevel)
		if err != nil {
			return nil, err
		}
		var br bytes.Buffer
		w := brotli.NewWriterLevel(&br, brotliLevel)
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		a.files[name] = asset{contentType: contentType, plain: data, gzip: small, brotli: br.Bytes()}
		a.addresses[e.Name()] = "/assets/" + name
	}
	for name, address := range map[string]*string{"redsteward.css": &a.css, "sprite.svg": &a.sprite, "app.js": &a.script} {
		if *address = a.addresses[name]; *address == "" {
			return nil, fmt.Errorf("%s is missing", name)
		}
	}
	return a, nil
}

// address is where a file is served. Returns an error for a file that is not there, which stops the start.
func (a *assets) address(name string) (string, error) {
	if at, ok := a.addresses[name]; ok {
		return at, nil
	}
	return "", fmt.Errorf("the asset %s is missing", name)
}

// gzipped compresses a finished text.
func gzipped(data []byte, level int) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// asset serves one embedded file by its hashed name.
func (s *Server) asset(c *fiber.Ctx, _ policy.Actor) error {
	f, ok := s.assets.files[c.Params("name")]
	if !ok {
		return fault.New("web.asset", fault.NotFound, "")
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	c.Response().Header.SetContentType(f.contentType)
	body := f.plain
	switch accepted := c.Get(fiber.HeaderAcceptEncoding); {
	case strings.Contains(accepted, "br"):
		c.Set(fiber.HeaderContentEncoding, "br")
		body = f.brotli
	case strings.Contains(accepted, "gzip"):
		c.Set(fiber.HeaderContentEncoding, "gzip")
		body = f.gzip
	}
	c.Response().SetBodyRaw(body)
	return nil
}

// favicon sends browsers that ask for the fixed address to the mark in the sprite.
func (s *Server) favicon(c *fiber.Ctx, _ policy.Actor) error {
	return c.Redirect(s.assets.sprite, fiber.StatusMovedPermanently)
}

// robots lets search engines read the public pages only.
func (s *Server) robots(c *fiber.Ctx, _ policy.Actor) error {
	return c.SendString("User-agent: *\nDisallow: /admin/\nDisallow: /account\nDisallow: /todo\nDisallow: /signin\n")
}

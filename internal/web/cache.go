package web

import (
	"compress/gzip"
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/singleflight"
)

// cacheBytes bounds the memory of the rendered public pages.
const cacheBytes = 16 << 20

// cachedPage is a rendered page, compressed once.
type cachedPage struct {
	key   string
	plain []byte
	gzip  []byte
	etag  string
}

// pageCache keeps the public pages that were asked for most recently. Its key holds the log number of the evaluation, so a publication
// needs no clearing; what nobody asks for any more falls out.
type pageCache struct {
	mu     sync.Mutex
	room   int
	size   int
	order  *list.List
	byKey  map[string]*list.Element
	flight singleflight.Group
}

func newPageCache(room int) *pageCache {
	return &pageCache{room: room, order: list.New(), byKey: make(map[string]*list.Element)}
}

// get returns the page under a key; many who ask at once for a page that is not there wait for one rendering.
func (p *pageCache) get(key string, render func() ([]byte, error)) (*cachedPage, error) {
	p.mu.Lock()
	if e, ok := p.byKey[key]; ok {
		p.order.MoveToFront(e)
		p.mu.Unlock()
		return e.Value.(*cachedPage), nil
	}
	p.mu.Unlock()
	v, err, _ := p.flight.Do(key, func() (any, error) {
		plain, err := render()
		if err != nil {
			return nil, err
		}
		small, err := gzipped(plain, gzip.DefaultCompression)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(plain)
		made := &cachedPage{key: key, plain: plain, gzip: small, etag: `W/"` + hex.EncodeToString(sum[:12]) + `"`}
		p.put(made)
		return made, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*cachedPage), nil
}

func (p *pageCache) put(made *cachedPage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.byKey[made.key]; ok {
		return
	}
	p.byKey[made.key] = p.order.PushFront(made)
	p.size += made.bytes()
	for p.size > p.room && p.order.Len() > 1 {
		oldest := p.order.Remove(p.order.Back()).(*cachedPage)
		delete(p.byKey, oldest.key)
		p.size -= oldest.bytes()
	}
}

// bytes is what a page takes in memory.
func (c *cachedPage) bytes() int { return len(c.plain) + len(c.gzip) + len(c.key) }

// send writes a cached page, or says that the browser's copy is still right.
func (c *cachedPage) send(ctx *fiber.Ctx) error {
	h := &ctx.Response().Header
	h.Set(fiber.HeaderCacheControl, "private, no-cache")
	h.Set(fiber.HeaderVary, "Accept-Encoding, Cookie")
	h.Set(fiber.HeaderETag, c.etag)
	if match := ctx.Get(fiber.HeaderIfNoneMatch); match != "" && strings.Contains(match, c.etag) {
		ctx.Status(fiber.StatusNotModified)
		return nil
	}
	h.SetContentType(fiber.MIMETextHTMLCharsetUTF8)
	if strings.Contains(ctx.Get(fiber.HeaderAcceptEncoding), "gzip") {
		h.Set(fiber.HeaderContentEncoding, "gzip")
		ctx.Response().SetBodyRaw(c.gzip)
		return nil
	}
	ctx.Response().SetBodyRaw(c.plain)
	return nil
}

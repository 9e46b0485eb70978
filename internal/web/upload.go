package web

import (
	"bytes"
	"crypto/hmac"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"redsteward/internal/fault"
)

const (
	// uploadTimeout is how long a request with files may take to arrive: 30 MB over 1 Mbit/s take four minutes.
	uploadTimeout = 5 * time.Minute
	// maxFormValue and maxFormValues bound the fields that stand beside the files of a form.
	maxFormValue  = 64 << 10
	maxFormValues = 200
)

// slowBodies gives requests with files more time to arrive than others.
func slowBodies(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if bytes.HasPrefix(header.ContentType(), []byte(fiber.MIMEMultipartForm)) {
		return fasthttp.RequestConfig{ReadTimeout: uploadTimeout}
	}
	return fasthttp.RequestConfig{}
}

// takeBody reads the body of a request whose route takes no files, so that none is larger than Settings.BodyLimit. Routes that take files read theirs as it comes.
func (s *Server) takeBody(c *fiber.Ctx, r *Route) error {
	stream := c.Request().BodyStream()
	limit := s.set.BodyLimit
	if r.Upload > 0 {
		limit = r.Upload
	}
	if c.Request().Header.ContentLength() > limit {
		return fiber.ErrRequestEntityTooLarge
	}
	if r.Upload > 0 {
		return nil
	}
	if stream == nil {
		if !utf8.Valid(c.Request().Body()) {
			return errUnreadable("提交的内容")
		}
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(stream, int64(limit)+1))
	if err != nil {
		return notArrived(err)
	}
	if len(body) > limit {
		return fiber.ErrRequestEntityTooLarge
	}
	if !utf8.Valid(body) {
		return errUnreadable("提交的内容")
	}
	if r.JSON { // huma reads a stream where streaming is on
		c.Request().SetBodyStream(bytes.NewReader(body), len(body))
	} else {
		c.Request().SetBodyRaw(body)
	}
	return nil
}

func notArrived(err error) error {
	return fault.Wrap("web.upload", fault.Unavailable, "内容没有传完，请重新提交", err)
}

// readForm reads a form part by part, calling take for each file as its bytes arrive; nothing is held in memory but the other fields. The form token must stand before
// the first file: a form from another site stores nothing. An error of take ends the reading; the fields
// read until then come with it. Only for routes with Upload.
func (s *Server) readForm(c *fiber.Ctx, limit int, take func(name string, r io.Reader) error) (url.Values, error) {
	kind, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil {
		return nil, fiber.ErrBadRequest
	}
	body := &limited{r: c.Request().BodyStream(), left: int64(limit)}
	if body.r == nil {
		body.r = bytes.NewReader(c.Body())
	}
	values := url.Values{}
	switch kind {
	case fiber.MIMEApplicationForm:
		body.left = min(body.left, int64(s.set.BodyLimit))
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, partial(err)
		}
		if values, err = url.ParseQuery(string(text)); err != nil {
			return nil, fiber.ErrBadRequest
		}
		if err := readableForm(values); err != nil {
			return nil, err
		}
	case fiber.MIMEMultipartForm:
		if err := s.readParts(c, multipart.NewReader(body, params["boundary"]), values, take); err != nil {
			return values, err
		}
	default:
		return nil, fiber.ErrUnsupportedMediaType
	}
	phrased(c, values)
	return values, s.checkToken(c, values.Get(tokenField))
}

func (s *Server) readParts(c *fiber.Ctx, parts *multipart.Reader, values url.Values, take func(name string, r io.Reader) error) error {
	for count := 0; ; count++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return partial(err)
		}
		if count >= maxFormValues {
			return fiber.ErrRequestEntityTooLarge
		}
		name, isFile := fileName(part)
		switch {
		case !isFile:
			text, err := io.ReadAll(io.LimitReader(part, maxFormValue+1))
			if err != nil {
				return partial(err)
			}
			if len(text) > maxFormValue {
				return fiber.ErrRequestEntityTooLarge
			}
			if !utf8.Valid(text) || !utf8.ValidString(part.FormName()) {
				return errUnreadable("填写的内容")
			}
			values.Add(part.FormName(), string(text))
		case name != "": // A browser sends a file without a name where none was chosen.
			if err := s.checkToken(c, values.Get(tokenField)); err != nil {
				return err
			}
			if !utf8.ValidString(name) {
				return errUnreadable("文件名")
			}
			if err := take(name, part); err != nil {
				return err
			}
		}
	}
}

// fileName is the name of the file that a part holds; isFile is false for an ordinary field.
func fileName(part *multipart.Part) (name string, isFile bool) {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return part.FileName(), part.FileName() != ""
	}
	name, isFile = params["filename"]
	return name, isFile
}

// checkToken refuses a form whose token does not belong to the sender's session.
func (s *Server) checkToken(c *fiber.Ctx, token string) error {
	key := s.tokenKey(c)
	if key == "" || !hmac.Equal([]byte(token), []byte(s.tokenFor(key))) {
		return errOtherSite("表单令牌")
	}
	return nil
}

// limited reads at most left bytes and then fails, so that a body without a length cannot go on for ever.
type limited struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fiber.ErrRequestEntityTooLarge
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// partial is the failure of a body that did not arrive whole: too large, or cut off.
func partial(err error) error {
	var large *fiber.Error
	if errors.As(err, &large) {
		return large
	}
	return notArrived(err)
}

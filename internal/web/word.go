package web

import (
	"bytes"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"redsteward/internal/docx"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/policy"
)

// Every paper comes as an editable Word document too: the address of its print with ?as=docx. It is made of the page, so that the two never differ, and who may open the page may have it.

const (
	wordName  = "as"
	wordValue = "docx"
	// maxWordPictures bounds the bytes of all pictures of one document; what comes after stands there by its words.
	maxWordPictures = 64 << 20
)

// wordless are prints of which nobody edits a word: slips that are cut apart.
var wordless = []string{"survey_slips"}

// inWord reports whether a page comes as a document too.
func inWord(name string) bool {
	return declared[name] == layoutDesk && !slices.Contains(wordless, name)
}

// wordAddress is where the page that a request opened comes as a document; empty if it does not.
func wordAddress(c *fiber.Ctx, name string) string {
	if c.Method() != fiber.MethodGet || !inWord(name) {
		return ""
	}
	return asAddress(c, wordValue)
}

// formName chooses the default form of a document where the office has a template of its own.
const formName, formDefault = "form", "default"

// offerWord puts the addresses of a paper as a document on its page.
func (s *Server) offerWord(c *fiber.Ctx, by policy.Actor, v *view) error {
	k, known := paperKindOf(v.Paper)
	if !known {
		v.Paper = ""
	}
	if v.Word == "" || !known || s.templates == nil {
		return nil
	}
	if s.guard.Allow(by, policy.KeepPaperTemplate) {
		v.Template = templatesPath + "/" + k.ID
	}
	used, err := s.templates.InUse(c.UserContext(), k.ID)
	if used {
		v.PlainWord = v.Word + "&" + formName + "=" + formDefault
	}
	return err
}

// sendWord answers with a page as a document: in the office's own template of its kind if one is used, unless the default form is asked for.
func (s *Server) sendWord(c *fiber.Ctx, p page, body []byte) error {
	var data []byte
	if k, known := paperKindOf(p.Paper); known && s.templates != nil && c.Query(formName) != formDefault {
		var err error
		if data, err = s.inTemplate(c.UserContext(), k, body); err != nil {
			return err
		}
	}
	if data == nil {
		var b bytes.Buffer
		info := docx.Info{Title: p.Title, Author: s.set.Authority, Made: s.clocks.Business()}
		if err := docx.Write(&b, bytes.NewReader(body), info, s.pictures(c)); err != nil {
			return fault.Wrap("web.sendWord", fault.Internal, "", err)
		}
		data = b.Bytes()
	}
	return attach(c, fileTitle(p.Title)+".docx", files.DOCX.MediaType(), data)
}

// pictures gives the pictures of a page as who asked for the page sees them: each is asked for in his name, so that the rights of its own route hold.
func (s *Server) pictures(c *fiber.Ctx) docx.Picture {
	const op = "web.pictures"
	left := maxWordPictures
	return func(address string) ([]byte, error) {
		if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") {
			return nil, fault.New(op, fault.Invalid, "图片不在本系统内")
		}
		status, body := s.within(c, address)
		if status != fiber.StatusOK || len(body) > left {
			return nil, fault.New(op, fault.NotFound, "图片打不开")
		}
		left -= len(body)
		return body, nil
	}
}

// within asks for an address of this site in the name of who asks for the page, so that the rights of its own route hold.
func (s *Server) within(c *fiber.Ctx, address string) (status int, body []byte) {
	var asked fasthttp.Request
	c.Request().Header.CopyTo(&asked.Header)
	for _, name := range []string{fiber.HeaderRange, fiber.HeaderIfNoneMatch, fiber.HeaderIfModifiedSince, fiber.HeaderAcceptEncoding} {
		asked.Header.Del(name)
	}
	asked.Header.SetMethod(fiber.MethodGet)
	asked.SetRequestURI(address)
	var one fasthttp.RequestCtx
	one.Init(&asked, c.Context().RemoteAddr(), nil)
	s.app.Handler()(&one)
	return one.Response.StatusCode(), bytes.Clone(one.Response.Body())
}

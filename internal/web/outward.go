package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// standsAlone are the rights of pages that still say something when nobody answers behind them.
func standsAlone(a policy.Action) bool { return a == policy.Public || a == policy.VerifyResult }

// OutwardForm is the address of the form that a copy can take along, for the receiver of an outer zone.
const OutwardForm = tellPath

// Outward answers an address as somebody without account gets it, for a static copy of what is public. Returns NotFound for everything that is not open to everybody, that only takes something in,
// or that is no page with an answer of its own, Conflict for what is open but cannot be given now, such as a bundle that no checkpoint of the log covers yet.
// form is the form that the copy takes along, "" for none.
func (s *Server) Outward(ctx context.Context, address, form string) (contentType string, body []byte, err error) {
	const op = "web.Outward"
	at, err := url.Parse(address)
	if err != nil {
		return "", nil, fault.Wrap(op, fault.NotFound, "", err)
	}
	if !slices.ContainsFunc(s.routes, func(r Route) bool {
		return r.Method == fiber.MethodGet && (standsAlone(r.Action) || r.Path == form) && fiber.RoutePatternMatch(at.EscapedPath(), r.Path)
	}) {
		return "", nil, fault.New(op, fault.NotFound, "")
	}
	answer, err := s.app.Test(httptest.NewRequestWithContext(ctx, http.MethodGet, address, nil), -1)
	if err != nil {
		return "", nil, fault.Wrap(op, fault.Internal, "", err)
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode >= http.StatusInternalServerError:
		return "", nil, fault.New(op, fault.Internal, "页面打不开："+address)
	case answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusConflict:
		return "", nil, fault.New(op, fault.Conflict, "现在给不出来")
	case answer.StatusCode != http.StatusOK:
		return "", nil, fault.New(op, fault.NotFound, "")
	}
	if body, err = io.ReadAll(answer.Body); err != nil {
		return "", nil, fault.Wrap(op, fault.Internal, "", err)
	}
	return answer.Header.Get(fiber.HeaderContentType), body, nil
}

// OutwardRoots are the public addresses without variables: what a copy begins with.
func (s *Server) OutwardRoots() []string {
	var roots []string
	for _, r := range s.routes {
		if r.Method == fiber.MethodGet && standsAlone(r.Action) && !strings.ContainsAny(r.Path, ":*+") && !r.Plain {
			roots = append(roots, r.Path)
		}
	}
	return roots
}

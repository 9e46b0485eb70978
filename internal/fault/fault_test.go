package fault

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestChain(t *testing.T) {
	inner := &Error{Op: "store.Commit", Kind: Conflict, Message: "已有人先保存", Err: io.ErrUnexpectedEOF}
	tests := []struct {
		name    string
		err     error
		kind    Kind
		message string
	}{
		{"nil", nil, "", ""},
		{"foreign error is internal and shows nothing", io.EOF, Internal, ""},
		{"plain", inner, Conflict, "已有人先保存"},
		{"wrapped by fmt", fmt.Errorf("x: %w", inner), Conflict, "已有人先保存"},
		{"outer kind wins, inner message is kept", Wrap("web.save", Unavailable, "", inner), Unavailable, "已有人先保存"},
		{"kindless wrap keeps the inner kind", &Error{Op: "a.B", Err: inner}, Conflict, "已有人先保存"},
		{"kindless without cause", &Error{Op: "a.B"}, Internal, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := KindOf(tt.err); got != tt.kind {
				t.Errorf("KindOf = %q, want %q", got, tt.kind)
			}
			if got := MessageOf(tt.err); got != tt.message {
				t.Errorf("MessageOf = %q, want %q", got, tt.message)
			}
		})
	}
	if !errors.Is(Wrap("x", Internal, "", inner), io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}

func TestFieldsAndRuleSurviveWrapping(t *testing.T) {
	err := Wrap("outer", "", "", InvalidFields("inner", Field{Name: "户数", Message: "要填整数，例如 400"}))
	if f := FieldsOf(err); len(f) != 1 || f[0].Name != "户数" {
		t.Errorf("FieldsOf = %v", f)
	}
	if Is(err, Invalid) == false {
		t.Error("kind lost")
	}
	if r := RuleOf(fmt.Errorf("x: %w", &Error{Kind: Forbidden, Rule: "r7"})); r != "r7" {
		t.Errorf("RuleOf = %q", r)
	}
}

package store

import "context"

// markKey is the key of a mark in a context.
type markKey struct{}

// Marked returns a context in which every record says, in front of its reason, under what extraordinary power it was made (应急授权 1). The mark is short and no personal data; with
// it a reason may be so much shorter.
func Marked(ctx context.Context, mark string) context.Context {
	return context.WithValue(ctx, markKey{}, mark)
}

// why is the reason of a record with the mark of its context.
func why(ctx context.Context, reason string) string {
	if mark, _ := ctx.Value(markKey{}).(string); mark != "" {
		return "〔" + mark + "〕" + reason
	}
	return reason
}

package journal

import (
	"errors"
	"fmt"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/v1"
)

// Decode reads JSON into a value by the rules of encoding/json, in a quarter of its time: most of what a command does is reading what was stored.
// Returns the library's error if the bytes are no JSON or do not fit.
func Decode(data []byte, into any) error { return json.Unmarshal(data, into) }

// DecodeStrict is Decode that also refuses members which the value does not have.
func DecodeStrict(data []byte, into any) error {
	return jsonv2.Unmarshal(data, into, json.DefaultOptionsV1(), jsonv2.RejectUnknownMembers(true))
}

// placeError says at which byte something stands that is not allowed there.
type placeError struct {
	what string
	at   int
}

// Error implements error.
func (e *placeError) Error() string { return fmt.Sprintf("%s at byte %d", e.what, e.at) }

// Where says in Chinese where an error of Canonical, Decode or DecodeStrict found what it did not like: the byte, or the members that lead there.
func Where(err error) string {
	var place *placeError
	if errors.As(err, &place) {
		return fmt.Sprintf("第 %d 字节处", place.at+1)
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) { // the library tells an unknown member by its text alone
		if name, ok := strings.CutPrefix(inner.Error(), "json: unknown field "); ok {
			return "多出的成员 " + strings.Trim(name, `"`)
		}
	}
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) && typed.Field != "" {
		return typed.Field
	}
	return "不知道是哪一处"
}

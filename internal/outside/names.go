package outside

import (
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// plainName is a part of an address that can stand in the name of a file as it is.
var plainName = regexp.MustCompile(`^[\p{Han}A-Za-z0-9（）_-][\p{Han}A-Za-z0-9（）_.-]{0,79}$`)

// extensions are those of the content types that pages give; others keep what the address says.
var extensions = map[string]string{"text/html": ".html", "application/json": ".json", "text/csv": ".csv", "text/css": ".css", "text/plain": ".txt", "image/svg+xml": ".svg", "application/openapi+json": ".json"}

// fileOf is the file of an address: its path, where a part that is not plain stands as its hash, and the hash of its query.
func fileOf(address *url.URL, contentType string) string {
	parts := strings.Split(strings.Trim(address.Path, "/"), "/")
	for i, part := range parts {
		if part != "" && !plainName.MatchString(part) {
			parts[i] = "x-" + shortHash(part)
		}
	}
	name := path.Join(parts...)
	if name == "" || name == "." {
		name = "index"
	}
	suffix := ""
	if address.RawQuery != "" {
		suffix = "-" + shortHash(address.Query().Encode())
	}
	kind, _, _ := mime.ParseMediaType(contentType)
	ext, known := extensions[kind]
	if given := path.Ext(name); given != "" && (!known || given == ext || kind == "text/plain") {
		return strings.TrimSuffix(name, given) + suffix + given
	}
	return name + suffix + ext
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// hrefTo is the way from one file of a copy to another, as it stands in a page.
func hrefTo(from, to string) string {
	up := strings.Repeat("../", strings.Count(from, "/"))
	parts := strings.Split(to, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return up + strings.Join(parts, "/")
}

// Package docxtest opens documents in LibreOffice, for tests only.
package docxtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
)

// Opened is what LibreOffice shows of a document.
type Opened struct {
	// Words are the words of headers, footers and body without space, Fonts those named first for Chinese, each between bars: |仿宋_GB2312|黑体|. Pages is how many it laid out, 0 if it does not say.
	Words, Fonts string
	Pages        int
}

// Open opens documents (.docx) in one run of LibreOffice with a fresh profile. Without LibreOffice the test fails with CI=true, and is left out elsewhere.
func Open(t *testing.T, documents map[string][]byte) map[string]Opened {
	t.Helper()
	if _, err := exec.LookPath("soffice"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("there is no LibreOffice (Debian: libreoffice-writer-nogui)")
	}
	dir := t.TempDir()
	args := []string{"-env:UserInstallation=file://" + filepath.Join(dir, "profile"), "--headless", "--norestore", "--convert-to", "fodt", "--outdir", filepath.Join(dir, "out")}
	for name, data := range documents {
		path := filepath.Join(dir, name+".docx")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	began := time.Now()
	said, err := exec.CommandContext(ctx, "soffice", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("LibreOffice (Debian: libreoffice-writer-nogui): %v %s", err, said)
	}
	t.Logf("LibreOffice opened %d documents in %s", len(documents), time.Since(began).Round(100*time.Millisecond))
	out := map[string]Opened{}
	for name := range documents {
		data, err := os.ReadFile(filepath.Join(dir, "out", name+".fodt"))
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		out[name] = read(t, data)
	}
	return out
}

// read reads a flat document.
func read(t *testing.T, data []byte) Opened {
	t.Helper()
	var words strings.Builder
	o := Opened{Fonts: "|"}
	shown := false
	families := map[string]string{}
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			o.Words = words.String()
			return o
		}
		if err != nil {
			t.Fatal(err)
		}
		switch k := token.(type) {
		case xml.StartElement:
			shown = shown || k.Name.Local == "body" || k.Name.Local == "master-styles" // headers and footers stand there
			for _, a := range k.Attr {
				switch {
				case k.Name.Local == "font-face" && a.Name.Local == "font-family":
					families[attribute(k, "name")] = strings.Trim(a.Value, "'")
				case a.Name.Local == "font-name-asian":
					if name := "|" + cmp.Or(families[a.Value], a.Value) + "|"; !strings.Contains(o.Fonts, name) {
						o.Fonts += name[1:]
					}
				case k.Name.Local == "document-statistic" && a.Name.Local == "page-count":
					o.Pages, _ = strconv.Atoi(a.Value)
				}
			}
		case xml.CharData:
			if shown {
				words.WriteString(Bare(string(k)))
			}
		}
	}
}

// attribute is one of an element, "" if it has none of that name.
func attribute(k xml.StartElement, name string) string {
	for _, a := range k.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Bare is a text without space, as Words is.
func Bare(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

package web

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

// What Chromium 86 lacks, the oldest browser in the office; later versions brought it.
var (
	newScript = regexp.MustCompile(`structuredClone|Object\.(hasOwn|groupBy)\b|\.at\(|\.findLast|\.to(Sorted|Reversed|Spliced)\(|randomUUID|AbortSignal\.(timeout|any)|Intl\.Segmenter|showPicker|userAgentData|hasIndices|static ?\{|Array\.fromAsync|Promise\.withResolvers`)
	newStyle  = regexp.MustCompile(`@(container|layer|scope|starting-style)\b|:(is|where|modal|user-valid|user-invalid)\b\(?|(^|[;{])(inset|inset-inline|inset-block|margin-inline|margin-block|padding-inline|padding-block|translate|rotate|scale|text-wrap|scrollbar-gutter|field-sizing) ?:|\d[dsl]v[hw]\b|color-mix\(|light-dark\(|\b(ok)?l(ab|ch)\(|subgrid|overflow(-[xy])? ?: ?clip|(^|[;{}])&`)
	newMarkup = regexp.MustCompile(`\s(popover|inert|fetchpriority|commandfor)\b|<search\b|<selectlist\b`)
	rulesOf   = regexp.MustCompile(`([^{}]+)\{([^{}]*)\}`)
)

// TestOldBrowser: pages ask nothing of a browser that Chromium 86 lacks. A rule with :has() is passed over there whole, so that nothing else may stand in it, and it only adds a mark or hides what does no harm.
func TestOldBrowser(t *testing.T) {
	read := 0
	for folder, files := range map[string]fs.FS{"assets": assetFiles, "templates": templateFiles} {
		entries, err := fs.ReadDir(files, folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			data, err := fs.ReadFile(files, folder+"/"+e.Name())
			if err != nil {
				t.Fatal(err)
			}
			text, found := string(data), ""
			switch path.Ext(e.Name()) {
			case ".js":
				found = newScript.FindString(text)
			case ".css":
				found = newStyle.FindString(text)
				for _, rule := range rulesOf.FindAllStringSubmatch(text, -1) {
					if strings.Contains(rule[2], "aspect-ratio:") && !strings.Contains(rule[2], "min-height:") { // 88; what min-height stands for there
						t.Errorf("%s: %s has a shape without min-height", e.Name(), rule[1])
					}
					for _, selector := range strings.Split(rule[1], ",") {
						if strings.Contains(rule[1], ":has(") && !strings.Contains(selector, ":has(") {
							t.Errorf("%s: %s is lost with the rule of :has()", e.Name(), selector)
						}
					}
				}
			case ".html":
				found = newMarkup.FindString(text)
			default:
				continue
			}
			read++
			if found != "" {
				t.Errorf("%s/%s has %q, which Chromium 86 lacks", folder, e.Name(), found)
			}
		}
	}
	if read < 150 {
		t.Errorf("only %d files were read", read)
	}
	for text, is := range map[string]bool{"a{inset:0}": true, "p{margin-inline:1px}": true, ".a:where(.b){}": true, "a{box-shadow:inset 0 0 1px}": false, "a{transform:scale(2)}": false, "h1{height:100dvh}": true} {
		if newStyle.MatchString(text) != is {
			t.Errorf("%s is told apart wrongly", text)
		}
	}
}

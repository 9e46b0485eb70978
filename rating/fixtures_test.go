package rating

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redsteward/internal/fault"
)

// TestGoodSchemes reads every scheme that must be read: the fixtures and the shipped ones.
func TestGoodSchemes(t *testing.T) {
	for _, pattern := range []string{"testdata/good/*.yaml", "../configs/schemes/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no scheme in %s (%v)", pattern, err)
		}
		for _, path := range paths {
			t.Run(filepath.Base(path), func(t *testing.T) {
				if s := readScheme(t, path); len(s.Hash) != 64 {
					t.Errorf("hash %q", s.Hash)
				}
			})
		}
	}
}

// TestBadSchemes wants every problem of every bad scheme, in order, at its place: the .want file beside it.
func TestBadSchemes(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(paths) < 25 {
		t.Fatalf("%d bad schemes found, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := ParseScheme(data)
			if err == nil || s != nil {
				t.Fatal("the scheme was accepted")
			}
			if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) != len(ProblemsOf(err)) || fault.MessageOf(err) == "" {
				t.Errorf("not an Invalid fault with one field for each problem: %v", err)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".want", []byte(ProblemsOf(err).Error()+"\n"))
		})
	}
}

// TestTooLarge refuses a file before reading it.
func TestTooLarge(t *testing.T) {
	_, err := ParseScheme([]byte(strings.Repeat("#", MaxSchemeBytes+1)))
	if ps := ProblemsOf(err); len(ps) != 1 || !strings.Contains(ps[0].Message, "超过上限") {
		t.Errorf("problems %v", ps)
	}
}

// TestManyProblemsAreCounted lists the first problems and counts the others.
func TestManyProblemsAreCounted(t *testing.T) {
	_, err := ParseScheme([]byte("format: 1\n" + "facts: [" + strings.Repeat("{oops: 1}, ", 500) + "]\n"))
	if n := len(ProblemsOf(err)); n != maxProblems {
		t.Errorf("%d problems listed, want %d", n, maxProblems)
	}
	if m := fault.MessageOf(err); !strings.Contains(m, "只列出前 200 处") {
		t.Errorf("message %q does not say that there are more", m)
	}
}

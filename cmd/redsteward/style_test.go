//go:build !race

package main

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// maxLines is the most lines a file may have before it is several rooms, not one.
const maxLines = 800

// safeHTML are the types of html/template that switch escaping off.
var safeHTML = []string{"HTML", "HTMLAttr", "JS", "JSStr", "CSS", "URL", "Srcset"}

// sentinel is the look of a variable that holds one particular error.
var sentinel = regexp.MustCompile(`^([Ee]rr[A-Z]\w*|EOF|ErrUnexpectedEOF)$`)

// unfinished are the words that announce work left undone.
var unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)

// outgoing are the names by which a program calls another machine, callers the folders that may: the gateways that the configuration names, and the driver of the database. No address of a
// request can be called from anywhere else (SSRF). runners may start another program: what makes PDFs with the Chromium that the configuration names, and what a developer runs (test servers without the name of a test, benchmarks).
var (
	outgoing = map[string][]string{"net/http": {"Get", "Head", "Post", "PostForm", "Client", "Transport", "DefaultClient", "DefaultTransport", "NewRequest", "NewRequestWithContext"}, "net": {"Dial", "DialTimeout", "Dialer", "DialTCP", "DialUDP"},
		"net/smtp": {"SendMail", "Dial", "NewClient"}, "crypto/tls": {"Dial", "DialWithDialer", "Dialer"}}
	callers = []string{"internal/gateway", "internal/store/mongo", "internal/web/browsertest"}
	runners = []string{"internal/pdf", "internal/store/mongo", "internal/web/browsertest", "cmd/figures"}
)

// parsers of Fiber fill a structure with whatever a request holds; patterns are what package regexp makes of a text.
var (
	parsers  = []string{"BodyParser", "QueryParser", "ParamsParser", "ReqHeaderParser", "CookieParser"}
	patterns = []string{"Compile", "MustCompile", "CompilePOSIX", "MustCompilePOSIX", "Match", "MatchString", "MatchReader"}
)

// styleFaults checks what go vet and staticcheck do not: clocks, hidden state, escapes, comments, comparisons, size.
func styleFaults(s source) []string {
	var faults []string
	add := func(pos token.Pos, why string) { faults = append(faults, s.at(pos)+": "+why) }
	names := importNames(s.file)
	if n := s.set.Position(s.file.End()).Line; n > maxLines {
		add(s.file.End(), "more than "+strconv.Itoa(maxLines)+" lines: is it one room, or several?")
	}
	for _, group := range s.file.Comments {
		for _, c := range group.List {
			if unfinished.MatchString(c.Text) {
				add(c.Pos(), "work left undone belongs into an issue, not into a comment")
			}
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if !ok {
				return true
			}
			switch names[pkg.Name] {
			case "time":
				if !s.isTest() && !within(s.path, "cmd") && slices.Contains([]string{"Now", "Since", "Until"}, n.Sel.Name) {
					add(n.Pos(), "the time comes in: only cmd asks for time."+n.Sel.Name)
				}
			case "net/http", "net", "net/smtp", "crypto/tls":
				if slices.Contains(outgoing[names[pkg.Name]], n.Sel.Name) && !s.isTest() && !slices.ContainsFunc(callers, func(folder string) bool { return within(s.path, folder) }) {
					add(n.Pos(), "calls go out to what the configuration names only, from "+strings.Join(callers, " and ")+": "+pkg.Name+"."+n.Sel.Name)
				}
			case "os/exec", "plugin", "unsafe":
				if !s.isTest() && !slices.ContainsFunc(runners, func(folder string) bool { return within(s.path, folder) }) {
					add(n.Pos(), "no other program is run: "+pkg.Name+"."+n.Sel.Name)
				}
			case "html/template":
				if slices.Contains(safeHTML, n.Sel.Name) && !(within(s.path, "internal/web") && strings.HasPrefix(path.Base(s.path), "render")) {
					add(n.Pos(), "only render*.go of internal/web may call text safe: template."+n.Sel.Name)
				}
			}
			if within(s.path, "internal/web") && slices.Contains(parsers, n.Sel.Name) {
				add(n.Pos(), "a form gives what is asked for by name, never all that it holds (mass assignment): "+n.Sel.Name)
			}
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && (isSentinel(n.X) || isSentinel(n.Y)) && !isPlain(n.X) && !isPlain(n.Y) {
				add(n.Pos(), "compare errors with errors.Is: a wrapped one is not equal")
			}
		case *ast.CallExpr:
			if of, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 && !s.isTest() && !within(s.path, "cmd") {
				if pkg, ok := of.X.(*ast.Ident); ok && names[pkg.Name] == "regexp" && slices.Contains(patterns, of.Sel.Name) && !isText(n.Args[0]) {
					add(n.Pos(), "a pattern is part of the program and no input (ReDoS): regexp."+of.Sel.Name)
				}
			}
			if within(s.path, "internal/web") && borrowsContext(n) {
				add(n.Pos(), "a command that may only be tried (typed.with, inOneRound, oneRound) uses the context that it gets: another one would write")
			}
		case *ast.TypeAssertExpr:
			if id, ok := n.X.(*ast.Ident); ok && id.Name == "err" {
				add(n.Pos(), "look into errors with errors.As: a wrapped one has another type")
			}
		}
		return true
	})
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			add(f.Pos(), "nothing happens on import: no init")
		}
	}
	if !s.isTest() && s.file.Name.Name != "main" {
		faults = append(faults, commentFaults(s)...)
	}
	return faults
}

// borrowsContext reports whether a call of typed.with, inOneRound or oneRound passes a function that asks the request for its context.
func borrowsContext(call *ast.CallExpr) bool {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	if !slices.Contains([]string{"with", "inOneRound", "oneRound", "caseStep"}, name) {
		return false
	}
	found := false
	for _, arg := range call.Args {
		run, ok := arg.(*ast.FuncLit)
		if !ok {
			continue
		}
		ast.Inspect(run.Body, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			found = found || ok && sel.Sel.Name == "UserContext"
			return true
		})
	}
	return found
}

// importNames maps the name by which a file calls a package to its path.
func importNames(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}

// isPlain reports whether x is nil or a literal: what is compared with it is no sentinel, whatever its name (errX == nil, errOut == "").
func isPlain(x ast.Expr) bool {
	if _, literal := x.(*ast.BasicLit); literal {
		return true
	}
	name, ok := x.(*ast.Ident)
	return ok && name.Name == "nil"
}

// isText reports whether an expression is made of literal texts only, or of texts that were quoted.
func isText(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.BinaryExpr:
		return isText(e.X) && isText(e.Y)
	case *ast.CallExpr:
		of, ok := e.Fun.(*ast.SelectorExpr)
		return ok && of.Sel.Name == "QuoteMeta"
	}
	return false
}

// isSentinel tells whether an expression names one particular error.
func isSentinel(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return sentinel.MatchString(e.Name)
	case *ast.SelectorExpr:
		return sentinel.MatchString(e.Sel.Name)
	}
	return false
}

// commentFaults lists exported top-level names without a comment, and comments that do not end as a sentence does; a remark on the same line need not.
func commentFaults(s source) []string {
	var faults []string
	check := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		if !name.IsExported() {
			return
		}
		for _, doc := range docs {
			if doc == nil {
				continue
			}
			if text := strings.TrimSpace(doc.Text()); text != "" && !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "。") && !indented(doc) && s.set.Position(doc.Pos()).Line != s.set.Position(name.Pos()).Line {
				faults = append(faults, s.at(doc.Pos())+": the comment of "+name.Name+" does not end with a full stop")
			}
			return
		}
		faults = append(faults, s.at(name.Pos())+": "+name.Name+" has no comment")
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || receiverExported(d.Recv) {
				check(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					check(spec.Name, spec.Doc, d.Doc)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						check(name, spec.Doc, spec.Comment, d.Doc)
					}
				}
			}
		}
	}
	return faults
}

// indented tells whether a comment ends with a block of code, which needs no full stop.
func indented(doc *ast.CommentGroup) bool {
	lines := strings.Split(strings.TrimRight(doc.Text(), "\n"), "\n")
	last := lines[len(lines)-1]
	return strings.HasPrefix(last, "\t") || strings.HasPrefix(last, "  ")
}

// receiverExported tells whether a method belongs to an exported type.
func receiverExported(recv *ast.FieldList) bool {
	typ := recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return false
		}
	}
}

func TestStyle(t *testing.T) {
	packages := map[string]bool{}
	for _, s := range allSources(t) {
		for _, f := range styleFaults(s) {
			t.Error(f)
		}
		if !strings.HasSuffix(s.path, "_test.go") {
			packages[s.folder()] = packages[s.folder()] || s.file.Doc != nil
		}
	}
	for folder, documented := range packages {
		if !documented {
			t.Errorf("%s: no package comment says what it is for", folder)
		}
	}
}

// TestStyleCatches proves that each rule can fail.
func TestStyleCatches(t *testing.T) {
	tests := []struct{ name, path, body, want string }{
		{"clean", "rating/a.go", "// Max is the cut.\nconst Max = 1\n", ""},
		{"clock", "rating/a.go", "import \"time\"\n\nfunc f() time.Time { return time.Now() }\n", "time.Now"},
		{"clock as a value", "rating/a.go", "import \"time\"\n\nvar clock = time.Now\n", "time.Now"},
		{"clock under another name", "rating/a.go", "import tm \"time\"\n\nfunc f(t tm.Time) tm.Duration { return tm.Since(t) }\n", "time.Since"},
		{"clock in cmd", "cmd/redsteward/a.go", "import \"time\"\n\nvar now = time.Now\n", ""},
		{"clock in a test", "rating/a_test.go", "import \"time\"\n\nvar now = time.Now\n", ""},
		{"unescaped text", "internal/web/pages.go", "import \"html/template\"\n\nfunc f(s string) template.HTML { return template.HTML(s) }\n", "template.HTML"},
		{"unescaped text in the one place", "internal/web/render.go", "import \"html/template\"\n\nfunc f(s string) template.HTML { return template.HTML(s) }\n", ""},
		{"error compared", "rating/a.go", "import \"io\"\n\nfunc f(err error) bool { return err == io.EOF }\n", "errors.Is"},
		{"a second error compared with nil", "rating/a.go", "func f(errX error) bool { return errX == nil }\n", ""},
		{"own error compared", "rating/a.go", "var errGone error\n\nfunc f(err error) bool { return err != errGone }\n", "errors.Is"},
		{"nil beside a name like an error's", "rating/a.go", "func f(errX error) bool { return errX == nil }\n", ""},
		{"error asserted", "rating/a.go", "func f(err error) bool { _, ok := err.(interface{ X() }); return ok }\n", "errors.As"},
		{"nil is no sentinel", "rating/a.go", "func f(err error) bool { return err == nil }\n", ""},
		{"a trial with the context of the request", "internal/web/a.go", "func f(in typed, c ctx) { in.with(func() { g(c.UserContext()) }) }\n", "may only be tried"},
		{"a trial with its own", "internal/web/a.go", "func f(in typed, c ctx) { in.with(func(ctx x) { g(ctx) }); g(c.UserContext()) }\n", ""},
		{"a call to an address", "internal/web/a.go", "import \"net/http\"\n\nfunc f(u string) { _, _ = http.Get(u) }\n", "calls go out"},
		{"a connection", "registry/a.go", "import \"net\"\n\nfunc f(u string) { _, _ = net.Dial(\"tcp\", u) }\n", "calls go out"},
		{"the gateway calls", "internal/gateway/a.go", "import \"net/http\"\n\nvar c http.Client\n", ""},
		{"another program", "internal/files/a.go", "import \"os/exec\"\n\nfunc f() { _ = exec.Command(\"x\") }\n", "no other program"},
		{"a pattern of somebody's", "registry/a.go", "import \"regexp\"\n\nfunc f(p string) { _ = regexp.MustCompile(\"^\" + p) }\n", "ReDoS"},
		{"a pattern of our own", "registry/a.go", "import \"regexp\"\n\nvar p, q = regexp.MustCompile(`a`), func(t string) { _ = regexp.MustCompile(`^` + regexp.QuoteMeta(t)) }\n", ""},
		{"a form taken whole", "internal/web/a.go", "func f(c ctx, to *T) { _ = c.BodyParser(to) }\n", "mass assignment"},
		{"undone", "rating/a.go", "// TO" + "DO later\nvar x = 1\n", "issue"},
		{"init", "rating/a.go", "func init() {}\n", "no init"},
		{"no comment", "rating/a.go", "func Exported() {}\n", "has no comment"},
		{"no full stop", "rating/a.go", "// Exported does it\nfunc Exported() {}\n", "full stop"},
		{"method of an exported type", "rating/a.go", "// T is one.\ntype T[K any] struct{}\n\nfunc (t *T[K]) Do() {}\n", "Do has no comment"},
		{"method of a hidden type", "rating/a.go", "type t struct{}\n\nfunc (t) Do() {}\n", ""},
		{"group comment", "rating/a.go", "// The cuts.\nconst (\n\tA = 1\n\tB = 2\n)\n", ""},
		{"remark on the line", "rating/a.go", "// The cuts.\nconst (\n\tA = 1 // the first\n)\n", ""},
		{"too long", "rating/a.go", strings.Repeat("\n", maxLines) + "var x = 1\n", "lines"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(styleFaults(parseSource(t, tt.path, "package x\n\n"+tt.body)), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("faults %q, want %q", got, tt.want)
			}
		})
	}
}

package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/docx"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/report/templates"
	"redsteward/internal/store"
	"redsteward/policy"
)

// templatesPath is where the office keeps its own Word templates of papers (文书模板).
const templatesPath = "/templates"

// shelfView is what the part “shelf” of a page shows: the templates of one return or paper, and what can be done with them.
type shelfView struct {
	Path, Title, Label, Hint, Accept string
	Rows                             []templateLine
	Seq                              int64
	May, Off                         bool
	Errors                           []string
}

// templateLine is one version.
type templateLine struct {
	No         int64
	Path, Name string
	At, By     string
	Names      int64
	Used       bool
}

// maxTemplate is the largest upload of a template.
const maxTemplate = 6 << 20

// templateSaid are the sentences after something was done with a template.
var templateSaid = map[string]string{"put": "已上传，以后按这一版填。", "off": "已停用模板，用默认格式。", "on": "已启用最近一版模板。"}

// fill puts the versions of a set into words, the newest first.
func (v *shelfView) fill(s *Server, doc store.Doc[templates.Set], refused []fault.Field) {
	v.Seq, v.Off = doc.Seq, doc.State.Off
	for _, r := range refused {
		v.Errors = append(v.Errors, r.Message)
	}
	last := doc.State.Last()
	for _, t := range slices.Backward(doc.State.Versions) {
		v.Rows = append(v.Rows, templateLine{No: t.No, Path: v.Path + "/files/" + strconv.FormatInt(t.No, 10), Name: t.File.Name, At: dateTime(t.By.At.Time), By: s.titleOfOffice(t.By.Office), Names: t.Names, Used: last != nil && last.No == t.No})
	}
}

// templatePut takes in the upload of a form: put is given the file and the sequence number that the page showed; again shows the page with what was refused.
func (s *Server) templatePut(c *fiber.Ctx, path string, kind files.Kind, put func(int64, *files.Upload) error, again func([]fault.Field) error) error {
	var upload *files.Upload
	var bad []fault.Field
	values, err := s.readForm(c, maxTemplate, func(name string, r io.Reader) error {
		if upload != nil {
			return nil
		}
		var err error
		upload, err = s.files.Receive(name, r, kind)
		if fault.Is(err, fault.Invalid) {
			bad = append(bad, fault.FieldsOf(err)...)
			return nil
		}
		return err
	})
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err != nil {
		return err
	}
	if len(bad) == 0 {
		if err = put(seqOf(values.Get("seq")), upload); fault.Is(err, fault.Invalid) {
			if bad = slices.Clone(fault.FieldsOf(err)); len(bad) == 0 {
				bad = []fault.Field{{Message: fault.MessageOf(err)}}
			}
		}
	}
	if len(bad) > 0 {
		for i := range bad {
			bad[i].Name = "file"
		}
		c.Status(statusOf(fault.Invalid))
		return again(bad)
	}
	if err != nil {
		return err
	}
	return seeOther(c, path+"?done=put")
}

// templateUse goes back to the default form, or to the last template.
func templateUse(c *fiber.Ctx, by policy.Actor, shelf *templates.Shelf, id, path string) error {
	values := formValues(c)
	off := values.Get("off") != ""
	if err := shelf.Switch(c.UserContext(), by, id, seqOf(values.Get("seq")), off); err != nil {
		return err
	}
	return seeOther(c, path+"?done="+map[bool]string{true: "off", false: "on"}[off])
}

// templateFile hands out one version.
func templateFile(c *fiber.Ctx, by policy.Actor, shelf *templates.Shelf, id string) error {
	in, size, stored, err := shelf.OpenVersion(c.UserContext(), by, id, seqOf(c.Params("no")))
	if err != nil {
		return err
	}
	sendFile(c, in, size, stored.Kind, stored.Name, true)
	return nil
}

// templateRoutes are the pages of the office's own templates of papers; none without them.
func (s *Server) templateRoutes() []Route {
	if s.templates == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, templatesPath + "/:kind<maxLen(32)>"
	const keep = policy.KeepPaperTemplate
	return []Route{
		{Method: get, Path: templatesPath, Action: keep, Handler: s.templateList},
		{Method: get, Path: one, Action: keep, Handler: s.oneKind(func(c *fiber.Ctx, by policy.Actor, k *paperKind) error { return s.showTemplate(c, by, k, nil) })},
		{Method: get, Path: one + "/blank.docx", Action: keep, Handler: s.oneKind(s.blankTemplate)},
		{Method: get, Path: one + "/files/:no<maxLen(4)>", Action: keep, Handler: s.oneKind(func(c *fiber.Ctx, by policy.Actor, k *paperKind) error {
			return templateFile(c, by, s.templates, k.ID)
		})},
		{Method: post, Path: one, Action: keep, Handler: s.oneKind(s.putTemplate), Upload: maxTemplate},
		{Method: post, Path: one + "/use", Action: keep, Handler: s.oneKind(func(c *fiber.Ctx, by policy.Actor, k *paperKind) error {
			return templateUse(c, by, s.templates, k.ID, templatesPath+"/"+k.ID)
		})},
	}
}

// oneKind finds the kind that an address names.
func (s *Server) oneKind(then func(*fiber.Ctx, policy.Actor, *paperKind) error) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		i := slices.IndexFunc(paperKinds, func(k paperKind) bool { return k.ID == c.Params("kind") })
		if i < 0 || !s.serves(paperKinds[i].At) {
			return fault.New("web.oneKind", fault.NotFound, "没有这种文书")
		}
		return then(c, by, &paperKinds[i])
	}
}

// templatesView is what templates.html shows.
type templatesView struct {
	Filters  []field
	Filtered bool
	Rows     []kindLine
	Own, All int
}

// kindLine is a kind of paper with the template that is used.
type kindLine struct{ Path, Title, State, File, At string }

// The states of a kind of paper.
const (
	ownForm     = "本局模板"
	defaultForm = "默认格式"
)

// templateList lists every kind of paper with the template that is used.
func (s *Server) templateList(c *fiber.Ctx, by policy.Actor) error {
	q, state := strings.TrimSpace(c.Query("q")), c.Query("state")
	v := templatesView{Filtered: q != "" || state != "", Filters: []field{{Name: "q", Label: "文书名称", Type: "search", Autocomplete: "off", Value: q}, {Name: "state", Label: "用哪种", Value: state, Options: []option{{"", "全部"}, {ownForm, ownForm}, {defaultForm, defaultForm}}}}}
	for i := range paperKinds {
		k := &paperKinds[i]
		if !s.serves(k.At) {
			continue
		}
		doc, err := s.templates.Of(c.UserContext(), by, k.ID)
		if err != nil {
			return err
		}
		line := kindLine{Path: templatesPath + "/" + k.ID, Title: k.Title, State: defaultForm}
		if last := doc.State.Last(); last != nil {
			line.State, line.File, line.At = ownForm, last.File.Name, dateTime(last.By.At.Time)
			v.Own++
		}
		v.All++
		if strings.Contains(k.Title, q) && (state == "" || state == line.State) {
			v.Rows = append(v.Rows, line)
		}
	}
	return s.render(c, by, "templates", page{Title: "文书模板", Nav: templatesPath, Data: v})
}

// templateView is what template.html shows.
type templateView struct {
	Title       string
	Shelf       shelfView
	Own, Common []paperField
}

func (s *Server) showTemplate(c *fiber.Ctx, by policy.Actor, k *paperKind, refused []fault.Field) error {
	doc, err := s.templates.Of(c.UserContext(), by, k.ID)
	if err != nil {
		return err
	}
	v := templateView{Title: k.Title, Shelf: shelfView{Path: templatesPath + "/" + k.ID, Title: "Word 模板", Label: "本局的 Word 模板", Accept: ".docx", May: true, Hint: "在要填的地方写 {{字段}}，字段是下面的名称；表格里写列表的列，有几行就填几行。不收带宏、带外部链接的文件"}}
	v.Shelf.fill(s, doc, refused)
	v.Own, v.Common = k.fields()
	return s.render(c, by, "template", page{Title: k.Title + "的模板", Nav: templatesPath, Data: v, Fields: refused, Said: saidParam(c, templateSaid)})
}

// blankTemplate is the default form with fields in place of words.
func (s *Server) blankTemplate(c *fiber.Ctx, _ policy.Actor, k *paperKind) error {
	var b bytes.Buffer
	if err := docx.Write(&b, strings.NewReader(k.starter()), docx.Info{Title: k.Title, Author: s.set.Authority, Made: s.clocks.Business()}, nil); err != nil {
		return fault.Wrap("web.blankTemplate", fault.Internal, "", err)
	}
	return attach(c, k.Title+"模板.docx", files.DOCX.MediaType(), b.Bytes())
}

// putTemplate takes a template in; every field in it must be known.
func (s *Server) putTemplate(c *fiber.Ctx, by policy.Actor, k *paperKind) error {
	return s.templatePut(c, templatesPath+"/"+k.ID, files.DOCX, func(seq int64, upload *files.Upload) error {
		return s.templates.Put(c.UserContext(), by, k.ID, seq, upload, " Word 模板（.docx）", func(u *files.Upload) (int64, error) { return k.check(u, u.Size) })
	}, func(bad []fault.Field) error { return s.showTemplate(c, by, k, bad) })
}

// check tells how many fields of a template are filled; every one must be known, and there must be one.
func (k *paperKind) check(r io.ReaderAt, size int64) (int64, error) {
	const op = "web.checkTemplate"
	t, err := docx.Read(r, size)
	if err != nil {
		return 0, templateFault(op, err)
	}
	names := k.names()
	used, bad := t.Check(names)
	if len(bad) == 0 && len(used) == 0 {
		bad = append(bad, "这个文件里没有一个 {{字段}}，填不了：在要填的地方写上下面的字段")
	}
	if len(bad) == 0 {
		return int64(len(used)), nil
	}
	var out []fault.Field
	for _, message := range bad {
		out = append(out, fault.Field{Name: "file", Message: message})
	}
	return 0, fault.InvalidFields(op, append(out, fault.Field{Name: "file", Message: "“" + k.Title + "”可以用的字段：" + strings.Join(names.Texts, "、") + "；列表：" + strings.Join(sortedKeys(names.Lists), "、") + "，各列见下面的表"})...)
}

// templateFault is a refusal of a template; what is none stays an error.
func templateFault(op string, err error) error {
	var why *docx.Fault
	if errors.As(err, &why) {
		return fault.InvalidFields(op, fault.Field{Name: "file", Message: why.Message})
	}
	return fault.Wrap(op, fault.Internal, "", err)
}

// inTemplate fills the office's own template with the papers of a page; nil if the kind has none in use.
func (s *Server) inTemplate(ctx context.Context, k *paperKind, body []byte) ([]byte, error) {
	const op = "web.inTemplate"
	data, used, err := s.templates.Used(ctx, k.ID)
	if err != nil || used == nil {
		return nil, err
	}
	t, err := docx.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, templates.CannotFill(used, templateFault(op, err))
	}
	papers, err := docx.Fields(bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	for _, p := range papers {
		p.Texts[fieldBureau], p.Texts[fieldMade], p.Texts[fieldParty] = s.set.Authority, s.clocks.Business().Format("2006年1月2日"), p.Texts[docx.FieldTo]
	}
	var b bytes.Buffer
	if err := t.Fill(&b, papers); err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	return b.Bytes(), nil
}

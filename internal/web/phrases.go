package web

import (
	"bytes"
	"html"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
)

// Phrases (常用语) need no script and nothing of the pages that have a field for them: below each text of a form for an opinion, a reason or a finding stands a choice, and what is chosen is put before what was typed when the form comes in.

// phrasesPath is where one's own phrases and those of the bureau are kept.
const phrasesPath = "/account/phrases"

// phraseSuffix ends the name of the choice beside the text to which it belongs.
const phraseSuffix = "~phrase"

type phraseKey struct{}

// phrased puts chosen phrases before what was typed, and notes that they were used.
func phrased(c *fiber.Ctx, values url.Values) {
	var used []string
	for name, chosen := range values {
		field, is := strings.CutSuffix(name, phraseSuffix)
		if !is {
			continue
		}
		delete(values, name)
		if len(chosen) == 0 || chosen[0] == "" {
			continue
		}
		used = append(used, strings.Clone(chosen[0]))
		values.Set(field, strings.TrimSpace(chosen[0]+strings.TrimSpace(values.Get(field))))
	}
	if len(used) > 0 {
		c.Locals(phraseKey{}, used)
	}
}

// phrasedArgs is phrased for a form that fasthttp read.
func phrasedArgs(c *fiber.Ctx) {
	args := c.Request().PostArgs()
	if !bytes.Contains(args.QueryString(), []byte("phrase=")) {
		return
	}
	values := url.Values{}
	for name, value := range args.All() {
		values.Add(string(name), string(value))
	}
	phrased(c, values)
	args.Reset()
	for name, list := range values {
		for _, value := range list {
			args.Add(name, value)
		}
	}
}

// countPhrases counts what was chosen once the form did something. What was done must not be told as failed for it: a failure is logged.
func (s *Server) countPhrases(c *fiber.Ctx, by policy.Actor) {
	used, _ := c.Locals(phraseKey{}).([]string)
	if len(used) == 0 || s.phrases == nil || !by.SignedIn() || c.Response().StatusCode() >= fiber.StatusBadRequest {
		return
	}
	if err := s.phrases.Used(c.UserContext(), by, used); err != nil {
		s.log.LogAttrs(c.UserContext(), slog.LevelError, "phrases", slog.String("error", err.Error()))
	}
}

// textField finds the texts of forms as the template “field” writes them, and those of templates that write them likewise.
var textField = regexp.MustCompile(`<textarea (?:class="low" )?id="([^"]+)" name="([^"]+)"[^>]*>[^<]*</textarea>`)

// fieldLabel is the label of a field that stands before a place of a page.
func fieldLabel(before []byte, id string) string {
	open := []byte(`<label for="` + id + `">`)
	i := bytes.LastIndex(before, open)
	if i < 0 {
		return ""
	}
	label, _, _ := bytes.Cut(before[i+len(open):], []byte("<"))
	return html.UnescapeString(string(label))
}

// phraseWords say by the label of a field which kind of phrase belongs there; the first that fits counts.
var phraseWords = []struct {
	kind  policy.PhraseKind
	words []string
}{
	{policy.PhraseOpinion, []string{"意见", "结论", "评语", "交代的话"}},
	{policy.PhraseReason, []string{"理由", "原因", "为什么", "依据", "事由"}},
	{policy.PhraseFinding, []string{"情况", "问题", "结果", "答复", "做了什么", "怎样", "怎么", "说明", "要求", "要改", "补正", "事实", "另外要说"}},
}

// phraseKindOf is the kind of phrase for a label, "" for none.
func phraseKindOf(label string) policy.PhraseKind {
	for _, k := range phraseWords {
		for _, word := range k.words {
			if strings.Contains(label, word) {
				return k.kind
			}
		}
	}
	return ""
}

// mostPhrases are the phrases that one choice offers.
const mostPhrases = 30

// offerPhrases puts the choices onto a finished page.
func (s *Server) offerPhrases(c *fiber.Ctx, by policy.Actor, page []byte) ([]byte, error) {
	if s.phrases == nil || !by.SignedIn() || by.MustChangePassword || looksBackNow(c) || strings.HasPrefix(c.Path(), phrasesPath) || !bytes.Contains(page, []byte("<textarea ")) {
		return page, nil
	}
	offered, err := s.phrases.Offered(c.UserContext(), by)
	if err != nil || len(offered) == 0 {
		return page, err
	}
	var b bytes.Buffer
	done := 0
	for _, m := range textField.FindAllSubmatchIndex(page, -1) {
		id, name := string(page[m[2]:m[3]]), string(page[m[4]:m[5]])
		label := fieldLabel(page[:m[0]], id)
		list := offered[phraseKindOf(label)]
		if len(list) == 0 {
			continue
		}
		b.Write(page[done:m[1]])
		done = m[1]
		b.WriteString(`<label class="sm" for="` + id + `-phrase">常用语<span class="vh">，用在“` + html.EscapeString(label) + `”</span>（提交时写在前面）</label><select id="` + id + `-phrase" name="` + name + phraseSuffix + `"><option value="">不用</option>`)
		for _, text := range list[:min(len(list), mostPhrases)] {
			b.WriteString(`<option>` + html.EscapeString(text) + `</option>`)
		}
		b.WriteString(`</select>`)
	}
	b.Write(page[done:])
	return b.Bytes(), nil
}

// phraseRoutes are the pages of phrases; none without them.
func (s *Server) phraseRoutes() []Route {
	if s.phrases == nil {
		return nil
	}
	const get, post, bureau = fiber.MethodGet, fiber.MethodPost, phrasesPath + "/bureau"
	return []Route{
		{Method: get, Path: phrasesPath, Action: policy.ReadOwnAccount, Handler: func(c *fiber.Ctx, by policy.Actor) error { return s.showPhrases(c, by, phrasesView{}) }},
		{Method: post, Path: phrasesPath, Action: policy.UpdateOwnAccount, Handler: s.putPhrase(false)},
		{Method: post, Path: phrasesPath + "/:id<int>", Action: policy.UpdateOwnAccount, Handler: s.putPhrase(false)},
		{Method: post, Path: phrasesPath + "/:id<int>/remove", Action: policy.UpdateOwnAccount, Handler: s.removePhrase(false)},
		{Method: get, Path: phrasesPath + ".xlsx", Action: policy.ReadOwnAccount, Handler: s.phrasesExcel(false)},
		{Method: post, Path: phrasesPath + "/import", Action: policy.UpdateOwnAccount, Handler: s.importPhrases(false), Upload: maxImport},
		{Method: get, Path: bureau + ".xlsx", Action: policy.KeepPhrases, Handler: s.phrasesExcel(true)},
		{Method: post, Path: bureau + "/import", Action: policy.KeepPhrases, Handler: s.importPhrases(true), Upload: maxImport},
		{Method: post, Path: bureau, Action: policy.KeepPhrases, Handler: s.putPhrase(true)},
		{Method: post, Path: bureau + "/:id<int>", Action: policy.KeepPhrases, Handler: s.putPhrase(true)},
		{Method: post, Path: bureau + "/:id<int>/remove", Action: policy.KeepPhrases, Handler: s.removePhrase(true)},
	}
}

// phrasesView is what phrases.html shows: the own phrases and those of the bureau.
type phrasesView struct {
	Parts []phrasePart
}

// phrasePart is one book: its phrases, and the form of a new one for who keeps it.
type phrasePart struct {
	Title, Path, None string
	Rows              []phraseLine
	New               []field
	Error             string
	// FileErrors are what is wrong with a table that was sent, row by row.
	FileErrors []string
}

// phraseLine is one phrase; Path is where it is changed, "" for who may not.
type phraseLine struct {
	ID                      int64
	Path, Kind, Text, Value string
	Role, RoleID            string
}

var phrasesSaid = map[string]string{"put": "已保存。", "removed": "已删去。", "imported": "已导入，原来有的没有重复。"}

// showPhrases shows both books; typed carries a refused form, in the part whose path it names.
func (s *Server) showPhrases(c *fiber.Ctx, by policy.Actor, typed phrasesView) error {
	ctx := c.UserContext()
	own, err := s.phrases.Own(ctx, by)
	if err != nil {
		return err
	}
	bureau, err := s.phrases.Bureau(ctx, by)
	if err != nil {
		return err
	}
	v := phrasesView{Parts: []phrasePart{{Title: "我的", Path: phrasesPath, None: "还没有。把常写的句子存在这里，办理时一点就用上。", New: s.phraseForm(false, policy.Phrase{})}, {Title: "本局的", None: "本局还没有放。"}}}
	if s.guard.Allow(by, policy.KeepPhrases) {
		v.Parts[1].Path, v.Parts[1].New = phrasesPath+"/bureau", s.phraseForm(true, policy.Phrase{})
	}
	for i, list := range [][]policy.Phrase{own, bureau} {
		part := &v.Parts[i]
		for _, k := range policy.PhraseKinds() {
			for _, f := range list {
				if f.Kind != k {
					continue
				}
				line := phraseLine{ID: f.ID, Kind: k.Title(), Value: string(k), Text: f.Text, RoleID: string(f.Role), Role: "全部岗位"}
				if f.Role != "" {
					line.Role = s.titleOfOffice(string(f.Role))
				}
				if part.Path != "" {
					line.Path = part.Path + "/" + strconv.FormatInt(f.ID, 10)
				}
				part.Rows = append(part.Rows, line)
			}
		}
		for _, t := range typed.Parts {
			if t.Path == part.Path {
				part.New, part.Error, part.FileErrors = t.New, t.Error, t.FileErrors
			}
		}
	}
	return s.render(c, by, "phrases", page{Title: "常用语", Nav: phrasesPath, Data: v, Said: saidParam(c, phrasesSaid)})
}

// phraseForm is the form of a new phrase; the fields of the bureau's have names of their own, so that both stand on one page.
func (s *Server) phraseForm(bureau bool, in policy.Phrase) []field {
	kinds := []option{}
	for _, k := range policy.PhraseKinds() {
		kinds = append(kinds, option{string(k), k.Title()})
	}
	of := ""
	if bureau {
		of = "bureau-"
	}
	form := []field{{Name: of + "kind", Label: "用在", Options: kinds, Value: string(in.Kind), Hint: "意见、理由，或者办理、检查的情况"}, {Name: of + "text", Label: "常用语", Rows: 2, Value: in.Text}}
	if bureau {
		roles := []option{{"", "全部岗位，含企业和业主"}}
		for _, r := range s.guard.Rules().Roles() {
			if r.Grant != policy.GrantNone {
				roles = append(roles, option{string(r.Role), r.Title})
			}
		}
		form = append(form, field{Name: of + "role", Label: "给哪个岗位", Options: roles, Value: string(in.Role)})
	}
	return form
}

// putPhrase adds a phrase, or changes the one that the address names.
func (s *Server) putPhrase(bureau bool) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		of, path := "", phrasesPath
		if bureau {
			of, path = "bureau-", phrasesPath+"/bureau"
		}
		id, _ := strconv.ParseInt(c.Params("id"), 10, 64)
		in := policy.Phrase{ID: id, Kind: policy.PhraseKind(c.FormValue(of + "kind")), Text: strings.Clone(c.FormValue(of + "text")), Role: policy.Role(strings.Clone(c.FormValue(of + "role")))}
		in.Kind = policy.PhraseKind(strings.Clone(string(in.Kind)))
		err := s.phrases.Put(c.UserContext(), by, bureau, in)
		if refused := refusedForm(err); len(refused) > 0 {
			for i := range refused {
				refused[i].Name = of + refused[i].Name
			}
			part := phrasePart{Path: path, New: withErrors(s.phraseForm(bureau, in), refused)}
			if id != 0 {
				part.New, part.Error = s.phraseForm(bureau, policy.Phrase{}), "没有改：“"+in.Text+"”，"+refused[0].Message
			}
			c.Status(fiber.StatusUnprocessableEntity)
			return s.showPhrases(c, by, phrasesView{Parts: []phrasePart{part}})
		}
		if err != nil {
			return err
		}
		return seeOther(c, phrasesPath+"?done=put")
	}
}

// removePhrase takes a phrase away.
func (s *Server) removePhrase(bureau bool) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		id, _ := strconv.ParseInt(c.Params("id"), 10, 64)
		if err := s.phrases.Remove(c.UserContext(), by, bureau, id); err != nil {
			return err
		}
		return seeOther(c, phrasesPath+"?done=removed")
	}
}

// phraseHeads are the columns of a table of phrases; the last one is the bureau's only.
var phraseHeads = []string{"用在", "常用语", "岗位"}

// allRoles is what stands in a table for a phrase of all offices.
const allRoles = "全部岗位"

// maxPhraseRows is the longest table of phrases.
const maxPhraseRows = 300

// phrasesExcel sends the phrases as a workbook, which can be filled in and imported again.
func (s *Server) phrasesExcel(bureau bool) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		name, list, err := "我的常用语", []policy.Phrase(nil), error(nil)
		if bureau {
			name = "本局常用语"
			list, err = s.phrases.Bureau(c.UserContext(), by)
		} else {
			list, err = s.phrases.Own(c.UserContext(), by)
		}
		if err != nil {
			return err
		}
		sheet := report.Figures{Sheet: "常用语", Heads: phraseHeads[:2]}
		if bureau {
			sheet.Heads = phraseHeads
		}
		for _, f := range list {
			row := []any{f.Kind.Title(), f.Text}
			if bureau {
				role := allRoles
				if f.Role != "" {
					role = s.titleOfOffice(string(f.Role))
				}
				row = append(row, role)
			}
			sheet.Rows = append(sheet.Rows, row)
		}
		return sendFigures(c, name+".xlsx", sheet)
	}
}

// readPhrases reads a table of phrases: under a row of headings. Returns Invalid with a field “row<n>” for each row that cannot be read.
func (s *Server) readPhrases(cells [][]string, bureau bool) ([]policy.Phrase, error) {
	at := func(row []string, i int) string {
		if i < 0 || i >= len(row) {
			return ""
		}
		return strings.TrimSpace(row[i])
	}
	if len(cells) == 0 || !slices.Contains(cells[0], phraseHeads[0]) || !slices.Contains(cells[0], phraseHeads[1]) {
		return nil, fault.InvalidFields("web.readPhrases", fault.Field{Name: "file", Message: "第 1 行要有“用在”“常用语”两个表头，可以先导出再填"})
	}
	kindAt, textAt, roleAt := slices.Index(cells[0], phraseHeads[0]), slices.Index(cells[0], phraseHeads[1]), slices.Index(cells[0], phraseHeads[2])
	var out []policy.Phrase
	var bad []fault.Field
	for i, row := range cells[1:] {
		one, kind, role := policy.Phrase{Text: at(row, textAt)}, at(row, kindAt), at(row, roleAt)
		for _, k := range policy.PhraseKinds() {
			if k.Title() == kind {
				one.Kind = k
			}
		}
		known := !bureau || role == "" || role == allRoles
		for _, r := range s.guard.Rules().Roles() {
			if bureau && !known && r.Title == role {
				one.Role, known = r.Role, true
			}
		}
		switch {
		case kind == "" && one.Text == "": // an empty row says nothing
		case one.Kind == "":
			bad = append(bad, fault.Field{Name: "row" + strconv.Itoa(i), Message: "“用在”要写意见、理由或者情况，现在是“" + kind + "”"})
		case !known:
			bad = append(bad, fault.Field{Name: "row" + strconv.Itoa(i), Message: "没有“" + role + "”这个岗位"})
		}
		out = append(out, one)
	}
	if len(bad) > 0 {
		return nil, fault.InvalidFields("web.readPhrases", bad...)
	}
	return out, nil
}

// importPhrases adds the phrases of a workbook, all or none.
func (s *Server) importPhrases(bureau bool) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		path := phrasesPath
		if bureau {
			path += "/bureau"
		}
		_, upload, err := s.receiveWorkbook(c)
		if upload != nil {
			defer upload.Close() //nolint:errcheck // a temporary file that only we know
		}
		if err == nil && upload == nil {
			err = fault.InvalidFields("web.importPhrases", fault.Field{Name: "file", Message: "请选择常用语的 Excel 文件"})
		}
		var cells [][]string
		if err == nil {
			cells, err = report.Cells(upload.Reader(), maxPhraseRows)
		}
		var list, rows []policy.Phrase
		if err == nil {
			rows, err = s.readPhrases(cells, bureau)
		}
		var lines []int // of each phrase the row of the sheet
		for i, one := range rows {
			if one.Kind != "" {
				list, lines = append(list, one), append(lines, i)
			}
		}
		if err == nil {
			if _, err = s.phrases.Add(c.UserContext(), by, bureau, list); err == nil {
				return seeOther(c, phrasesPath+"?done=imported")
			}
		} else {
			lines = nil
		}
		var names []string
		for i := range cells {
			names = append(names, "row"+strconv.Itoa(i))
		}
		refused := fileFaults(err, names...)
		if len(refused) == 0 {
			return err
		}
		part := phrasePart{Path: path, New: s.phraseForm(bureau, policy.Phrase{})}
		for _, f := range refused {
			said := f.Message
			if n, numeric := strings.CutPrefix(f.Name, "row"); numeric {
				if at, err := strconv.Atoi(n); err == nil {
					if lines != nil && at < len(lines) {
						at = lines[at]
					}
					said = "第 " + strconv.Itoa(at+2) + " 行：" + said
				}
			}
			part.FileErrors = append(part.FileErrors, said)
		}
		c.Status(fiber.StatusUnprocessableEntity)
		return s.showPhrases(c, by, phrasesView{Parts: []phrasePart{part}})
	}
}

package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Fault is why a template is not taken: a sentence for who uploads it.
type Fault struct{ Message string }

// Error is the sentence.
func (f *Fault) Error() string { return f.Message }

func faultf(format string, args ...any) error { return &Fault{fmt.Sprintf(format, args...)} }

const (
	maxParts = 2000
	maxPart  = 16 << 20 // bytes of one part of text
	maxDepth = 200      // elements within one another
)

// dangers are the kinds of relationship that bring in something that is no text, by the last word of their type.
var dangers = map[string]string{
	"vbaProject": "带有宏，请另存为不带宏的 .docx 再上传", "wordVbaData": "带有宏，请另存为不带宏的 .docx 再上传", "oleObject": "里嵌入了别的文件（对象），请删掉再上传", "package": "里嵌入了别的文件（例如图表的数据表），请换成图片再上传",
	"control": "里有 ActiveX 控件，请删掉再上传", "aFChunk": "里嵌入了另一份文档，请改成正文再上传", "subDocument": "里引用了子文档，请改成正文再上传", "attachedToolbars": "带有工具栏，请另存为普通的 .docx 再上传",
}

// fetching are the fields of Word that read another file or start a program.
var fetching = []string{"INCLUDETEXT", "INCLUDEPICTURE", "IMPORT", "DDE", "DDEAUTO", "LINK", "DATABASE", "MACROBUTTON"}

// opened is a package that was looked through.
type opened struct {
	zip *zip.Reader
	// texts are the parts in which fields may stand, the body first.
	texts []string
}

// open looks through a package: what it promises and what it holds. A Fault is why it is not taken.
func open(r io.ReaderAt, size int64) (*opened, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, faultf("这个文件打不开：不是 .docx，或者已经损坏，请用 Word 或 WPS 另存为 .docx 再上传")
	}
	if len(z.File) > maxParts {
		return nil, faultf("这个文件里的部件超过 %d 个，请另存为简单的 .docx 再上传", maxParts)
	}
	seen := map[string]bool{}
	var texts []string
	for _, f := range z.File {
		name := strings.ToLower(f.Name)
		if seen[name] || strings.Contains(name, `\`) || strings.HasPrefix(name, "/") || slices.Contains(strings.Split(name, "/"), "..") {
			return nil, faultf("这个文件的内部结构不正常（%q），请用 Word 或 WPS 另存一份再上传", f.Name)
		}
		seen[name] = true
		switch base := path.Base(name); {
		case base == "vbaproject.bin" || base == "vbadata.xml":
			return nil, faultf("这个文件%s", dangers["vbaProject"])
		case strings.Contains(name, "/embeddings/"):
			return nil, faultf("这个文件%s", dangers["oleObject"])
		case strings.Contains(name, "/activex/"):
			return nil, faultf("这个文件%s", dangers["control"])
		case strings.HasSuffix(base, ".rels"):
			if err := checkLinks(f); err != nil {
				return nil, err
			}
		case path.Dir(name) == "word" && strings.HasSuffix(base, ".xml") && (strings.HasPrefix(base, "header") || strings.HasPrefix(base, "footer") || base == "footnotes.xml" || base == "endnotes.xml"):
			texts = append(texts, f.Name)
		}
	}
	if !seen["word/document.xml"] || !seen["[content_types].xml"] {
		return nil, faultf("这个文件不是 Word 的 .docx，请用 Word 或 WPS 另存为 .docx 再上传")
	}
	slices.Sort(texts)
	o := &opened{zip: z, texts: append([]string{"word/document.xml"}, texts...)}
	types, err := o.read("[Content_Types].xml")
	if err != nil {
		return nil, err
	}
	return o, checkTypes(types)
}

// read reads one part whole.
func (o *opened) read(name string) ([]byte, error) {
	for _, f := range o.zip.File {
		if strings.EqualFold(f.Name, name) {
			return readPart(f)
		}
	}
	return nil, faultf("这个文件缺少部件 %s，请用 Word 或 WPS 另存一份再上传", name)
}

func readPart(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, faultf("这个文件已经损坏（%s），请重新导出后上传", f.Name)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxPart+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, faultf("这个文件已经损坏（%s），请重新导出后上传", f.Name)
	}
	if len(data) > maxPart {
		return nil, faultf("这个文件解开以后太大（%s 超过 %d MB），请精简后再上传", f.Name, maxPart>>20)
	}
	return data, nil
}

// each tells every element of a part; a document type, with which XML could read other files, is refused.
func each(name string, data []byte, tell func(xml.StartElement) error) error {
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return faultf("这个文件已经损坏（%s 不是正确的 XML），请用 Word 或 WPS 另存一份再上传", name)
		}
		switch k := token.(type) {
		case xml.Directive:
			return faultf("这个文件里有不该有的声明（%s），请用 Word 或 WPS 另存一份再上传", name)
		case xml.StartElement:
			if err := tell(k); err != nil {
				return err
			}
		}
	}
}

func valueOf(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// checkLinks refuses what leads out of the package, or into something that is no text.
func checkLinks(f *zip.File) error {
	data, err := readPart(f)
	if err != nil {
		return err
	}
	return each(f.Name, data, func(e xml.StartElement) error {
		if e.Name.Local != "Relationship" {
			return nil
		}
		kind := path.Base(valueOf(e, "Type"))
		if why, bad := dangers[kind]; bad {
			return faultf("这个文件%s", why)
		}
		if strings.EqualFold(valueOf(e, "TargetMode"), "External") {
			to := valueOf(e, "Target")
			switch kind {
			case "hyperlink":
				return faultf("这个文件里有指向外面的超链接（%s），请取消超链接再上传", to)
			case "attachedTemplate":
				return faultf("这个文件连着外面的模板（%s），请在 Word 的“开发工具—文档模板”里改成 Normal 再上传", to)
			}
			return faultf("这个文件引用了外面的内容（%s），请嵌进文件里再上传", to)
		}
		return nil
	})
}

// checkTypes refuses what is not a plain document.
func checkTypes(data []byte) error {
	plain := false
	err := each("[Content_Types].xml", data, func(e xml.StartElement) error {
		kind := valueOf(e, "ContentType")
		if strings.Contains(kind, "macroEnabled") || strings.Contains(kind, "vbaProject") {
			return faultf("这个文件%s", dangers["vbaProject"])
		}
		if strings.HasSuffix(kind, "wordprocessingml.template.main+xml") {
			return faultf("这个文件是 Word 模板（.dotx），请另存为 .docx 再上传")
		}
		plain = plain || strings.HasSuffix(kind, "wordprocessingml.document.main+xml")
		return nil
	})
	if err == nil && !plain {
		err = faultf("这个文件不是 Word 的 .docx，请用 Word 或 WPS 另存为 .docx 再上传")
	}
	return err
}

package files

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// finding is what the first bytes of a file say.
type finding struct {
	kind Kind   // "" if none of ours
	name string // for people, if none of ours
}

func (f finding) title() string {
	if f.kind != "" {
		return f.kind.Title()
	}
	return f.name
}

// magic is how a kind of file begins.
type magic struct {
	at    int
	bytes string
	found finding
}

// magics are looked through in order. A zip counts as a sheet until checkOffice has looked inside.
var magics = []magic{
	{0, "\xff\xd8\xff", finding{kind: JPEG}},
	{0, "\x89PNG\r\n\x1a\n", finding{kind: PNG}},
	{0, "%PDF-1.", finding{kind: PDF}},
	{0, "%PDF-2.", finding{kind: PDF}},
	{0, "PK\x03\x04", finding{kind: XLSX}},
	{0, "PK\x05\x06", finding{name: "空的压缩包"}},
	{0, "GIF8", finding{name: "GIF 图片"}},
	{8, "WEBP", finding{name: "WebP 图片"}},
	{4, "ftypheic", finding{name: "HEIC 图片（苹果手机的格式，请在“设置、相机、格式”中改为“兼容性最佳”，或转成 JPG）"}},
	{4, "ftypheix", finding{name: "HEIC 图片（苹果手机的格式，请在“设置、相机、格式”中改为“兼容性最佳”，或转成 JPG）"}},
	{4, "ftypmif1", finding{name: "HEIF 图片（请转成 JPG）"}},
	{4, "ftyp", finding{name: "视频"}},
	{0, "BM", finding{name: "BMP 图片"}},
	{0, "II*\x00", finding{name: "TIFF 图片"}},
	{0, "MM\x00*", finding{name: "TIFF 图片"}},
	{0, "MZ", finding{name: "Windows 程序"}},
	{0, "\x7fELF", finding{name: "Linux 程序"}},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", finding{name: "旧版 Office 文件，或者加了密码（请去掉密码，另存为 xlsx、docx 或导出为 PDF）"}},
	{0, "Rar!\x1a\x07", finding{name: "RAR 压缩包"}},
	{0, "7z\xbc\xaf\x27\x1c", finding{name: "7z 压缩包"}},
	{0, "\x1f\x8b", finding{name: "gzip 压缩包"}},
	{0, "#!", finding{name: "脚本"}},
}

// sniff tells what the first bytes of a file are.
func sniff(head []byte) finding {
	for _, m := range magics {
		if len(head) >= m.at+len(m.bytes) && string(head[m.at:m.at+len(m.bytes)]) == m.bytes {
			return m.found
		}
	}
	text := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")))
	for _, begin := range []string{"<!doctype html", "<html", "<script", "<head", "<body"} {
		if strings.HasPrefix(text, begin) {
			return finding{name: "网页"}
		}
	}
	if strings.HasPrefix(text, "<svg") || strings.HasPrefix(text, "<?xml") && strings.Contains(text, "<svg") {
		return finding{name: "SVG 图片"}
	}
	if !bytes.ContainsRune(head, 0) && validText(head) {
		return finding{name: "文本文件"}
	}
	return finding{name: "不认识的文件"}
}

// validText tolerates a character that the end of head cuts in two.
func validText(head []byte) bool {
	for cut := range min(utf8.UTFMax, len(head)) {
		if utf8.Valid(head[:len(head)-cut]) {
			return true
		}
	}
	return false
}

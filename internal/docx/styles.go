package docx

const (
	head     = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainType = "application/vnd.openxmlformats-officedocument.wordprocessingml"
	spaces   = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" ` +
		`xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"`

	// pageNumber is the field of the page's number.
	pageNumber = `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>`

	// textWidth is the width of the text in twentieths of a point: A4 without its margins.
	textWidth = 11906 - 1474 - 1588
)

// fonts of the styles. The Chinese names come first; fontTable names what a machine without them may take instead.
const (
	fang = `<w:rFonts w:ascii="仿宋_GB2312" w:hAnsi="仿宋_GB2312" w:eastAsia="仿宋_GB2312" w:cs="仿宋_GB2312"/>`
	song = `<w:rFonts w:ascii="方正小标宋简体" w:hAnsi="方正小标宋简体" w:eastAsia="方正小标宋简体" w:cs="方正小标宋简体"/>`
	hei  = `<w:rFonts w:ascii="黑体" w:hAnsi="黑体" w:eastAsia="黑体" w:cs="黑体"/>`
)

// styles are those of the sheet that is printed (redsteward.css, .sheet), under names that the office can change in Word.
const styles = `<w:styles ` + spaces + `><w:docDefaults><w:rPrDefault><w:rPr>` + fang + `<w:sz w:val="32"/><w:szCs w:val="32"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault>` +
	`<w:pPrDefault><w:pPr><w:spacing w:before="0" w:after="0" w:line="580" w:lineRule="exact"/></w:pPr></w:pPrDefault></w:docDefaults>` +
	`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/><w:pPr><w:ind w:firstLineChars="200" w:firstLine="640"/><w:jc w:val="both"/></w:pPr></w:style>` +
	`<w:style w:type="character" w:default="1" w:styleId="Plain"><w:name w:val="Default Paragraph Font"/></w:style>` +
	`<w:style w:type="table" w:default="1" w:styleId="PlainTable"><w:name w:val="Normal Table"/><w:tblPr><w:tblCellMar><w:top w:w="80" w:type="dxa"/><w:left w:w="100" w:type="dxa"/><w:bottom w:w="80" w:type="dxa"/><w:right w:w="100" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>` +
	`<w:style w:type="table" w:styleId="Grid"><w:name w:val="Table Grid"/><w:basedOn w:val="PlainTable"/><w:tblPr><w:tblBorders>` +
	`<w:top w:val="single" w:sz="6" w:space="0" w:color="000000"/><w:left w:val="single" w:sz="6" w:space="0" w:color="000000"/><w:bottom w:val="single" w:sz="6" w:space="0" w:color="000000"/><w:right w:val="single" w:sz="6" w:space="0" w:color="000000"/>` +
	`<w:insideH w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:insideV w:val="single" w:sz="4" w:space="0" w:color="000000"/></w:tblBorders></w:tblPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Flush"><w:name w:val="顶格"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:ind w:firstLineChars="0" w:firstLine="0"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Org"><w:name w:val="发文机关"/><w:basedOn w:val="Flush"/><w:qFormat/><w:pPr><w:spacing w:line="240" w:lineRule="auto"/><w:jc w:val="center"/></w:pPr><w:rPr>` + song + `<w:color w:val="C00D0D"/><w:spacing w:val="36"/><w:sz w:val="60"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Number"><w:name w:val="文号"/><w:basedOn w:val="Flush"/><w:qFormat/><w:pPr><w:pBdr><w:bottom w:val="single" w:sz="16" w:space="8" w:color="C00D0D"/></w:pBdr><w:spacing w:before="200"/><w:jc w:val="center"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Flush"/><w:qFormat/><w:pPr><w:keepNext/><w:spacing w:before="400" w:after="320" w:line="680" w:lineRule="exact"/><w:jc w:val="center"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr>` + song + `<w:sz w:val="44"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/><w:outlineLvl w:val="1"/></w:pPr><w:rPr>` + hei + `</w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Sign"><w:name w:val="落款"/><w:basedOn w:val="Flush"/><w:qFormat/><w:pPr><w:keepLines/><w:spacing w:before="280"/><w:ind w:right="1280"/><w:jc w:val="right"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Imprint"><w:name w:val="版记"/><w:basedOn w:val="Flush"/><w:pPr><w:pBdr><w:top w:val="single" w:sz="8" w:space="1" w:color="000000"/><w:bottom w:val="single" w:sz="8" w:space="1" w:color="000000"/></w:pBdr><w:tabs><w:tab w:val="right" w:pos="8564"/></w:tabs><w:spacing w:before="400" w:line="0" w:lineRule="auto"/><w:ind w:left="280" w:right="280"/><w:jc w:val="left"/></w:pPr><w:rPr><w:sz w:val="28"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Item"><w:name w:val="List Paragraph"/><w:basedOn w:val="Flush"/><w:pPr><w:ind w:left="640" w:hanging="640"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Rule"><w:name w:val="分隔线"/><w:basedOn w:val="Flush"/><w:pPr><w:pBdr><w:bottom w:val="dashed" w:sz="6" w:space="1" w:color="888888"/></w:pBdr></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Cell"><w:name w:val="表格"/><w:basedOn w:val="Flush"/><w:qFormat/><w:pPr><w:spacing w:line="360" w:lineRule="exact"/><w:jc w:val="left"/></w:pPr><w:rPr><w:sz w:val="24"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="CellHead"><w:name w:val="表头"/><w:basedOn w:val="Cell"/><w:qFormat/><w:pPr><w:keepNext/><w:jc w:val="center"/></w:pPr><w:rPr>` + hei + `</w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="CellNumber"><w:name w:val="表格数字"/><w:basedOn w:val="Cell"/><w:pPr><w:jc w:val="right"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Picture"><w:name w:val="图片"/><w:basedOn w:val="Flush"/><w:pPr><w:keepNext/><w:spacing w:before="120" w:line="240" w:lineRule="auto"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Footer"><w:name w:val="footer"/><w:basedOn w:val="Flush"/><w:pPr><w:spacing w:line="240" w:lineRule="auto"/><w:jc w:val="center"/></w:pPr><w:rPr><w:sz w:val="28"/></w:rPr></w:style></w:styles>`

// fontTable names for each font another one that Windows, WPS or a Linux desktop has.
const fontTable = `<w:fonts ` + spaces + `><w:font w:name="仿宋_GB2312"><w:altName w:val="FangSong"/><w:charset w:val="86"/><w:family w:val="modern"/></w:font>` +
	`<w:font w:name="方正小标宋简体"><w:altName w:val="华文中宋"/><w:charset w:val="86"/><w:family w:val="script"/></w:font>` +
	`<w:font w:name="黑体"><w:altName w:val="SimHei"/><w:charset w:val="86"/><w:family w:val="modern"/></w:font></w:fonts>`

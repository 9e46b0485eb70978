// Package docx makes an editable Word document (ISO/IEC 29500, WordprocessingML) of a paper that stands on a page: the paper is written once, as the page that is printed, and the document is that page again.
// The measures are those of GB/T 9704—2012 for official papers: A4, margins 37, 26, 35 and 28 mm, body in FangSong of size 3 (16 pt), lines of 29 pt, page numbers at the foot.
package docx

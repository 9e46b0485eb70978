package files

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
)

// pdfTree is the count of a node of the page tree, pdfPage one page; both also with the keys in another order.
var (
	pdfTree = regexp.MustCompile(`/Type\s*/Pages\b[^>]*?/Count\s+(\d+)|/Count\s+(\d+)[^>]*?/Type\s*/Pages\b`)
	pdfPage = regexp.MustCompile(`/Type\s*/Page\b[^s]`)
)

// PDFPages counts the pages of a PDF by its page tree: the largest count of a node, which is that of the root. 0 for one whose tree is packed (object streams), of which nothing can be told without unpacking.
func PDFPages(r io.Reader) (int, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	most := 0
	for _, m := range pdfTree.FindAllSubmatch(data, -1) {
		n, err := strconv.Atoi(string(bytes.Join(m[1:], nil)))
		if err == nil {
			most = max(most, n)
		}
	}
	if most == 0 {
		most = len(pdfPage.FindAll(data, -1))
	}
	return most, nil
}

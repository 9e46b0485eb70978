package files

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"testing"
)

// wideProfile is a profile as cameras of telephones write it (Display P3, version 2): white, the three lights, one curve, and a text as long as pad.
func wideProfile(pad int) []byte {
	fixed := func(xyz ...float64) []byte {
		out := []byte("XYZ \x00\x00\x00\x00")
		for _, v := range xyz {
			out = binary.BigEndian.AppendUint32(out, uint32(int32(v*65536)))
		}
		return out
	}
	curve := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33\x00\x00") // 2.2
	text := append(append([]byte("text\x00\x00\x00\x00CC0"), bytes.Repeat([]byte(" "), pad)...), 0)
	tags := []struct {
		name string
		data []byte
	}{{"wtpt", fixed(0.9642, 1, 0.8249)}, {"rXYZ", fixed(0.5151, 0.2412, -0.0011)}, {"gXYZ", fixed(0.292, 0.6922, 0.0419)}, {"bXYZ", fixed(0.1571, 0.0666, 0.7841)},
		{"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve}, {"cprt", text}}
	table, body := binary.BigEndian.AppendUint32(nil, uint32(len(tags))), []byte(nil)
	for _, tag := range tags {
		at := 128 + 4 + 12*len(tags) + len(body)
		table = append(table, tag.name...)
		table = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(table, uint32(at)), uint32(len(tag.data)))
		body = append(body, tag.data...)
		body = append(body, make([]byte, -len(body)&3)...)
	}
	out := make([]byte, 128)
	copy(out[8:], "\x02\x10\x00\x00mntrRGB XYZ ")
	copy(out[36:], "acsp")
	copy(out[68:], fixed(0.9642, 1, 0.8249)[8:])
	out = append(append(out, table...), body...)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}

// withProfile is a JPEG with a profile in front, as our own encoder writes it.
func withProfile(t testing.TB, data, profile []byte) []byte {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := encode(&b, m, profile); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withChunk is a PNG with a chunk behind its first one.
func withChunk(data []byte, kind string, body []byte) []byte {
	const first = 8 + 8 + 13 + 4
	chunk := append([]byte(kind), body...)
	out := binary.BigEndian.AppendUint32(bytes.Clone(data[:first]), uint32(len(body)))
	out = binary.BigEndian.AppendUint32(append(out, chunk...), crc32.ChecksumIEEE(chunk))
	return append(out, data[first:]...)
}

// The copy that pages show names the colours of its picture, whole, and keeps nothing else; what is no profile of its pixels is left out.
func TestShownCopyKeepsColours(t *testing.T) {
	s := newShelf(t)
	small, large := wideProfile(0), wideProfile(2*maxPart) // one segment, and three
	changed := func(at int, text string) []byte {
		p := bytes.Clone(small)
		copy(p[at:], text)
		return p
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(small); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	plain, drawn := photo(t, 120, 60), drawing(t, image.NewNRGBA(image.Rect(0, 0, 30, 20)))
	for name, tt := range map[string]struct{ data, want []byte }{
		"没有配置.jpg":  {plain, nil},
		"手机.jpg":    {withExif(withProfile(t, plain, small), 6, false), small},
		"分几段.jpg":   {withProfile(t, plain, large), large},
		"少一段.jpg":   {bytes.Replace(withProfile(t, plain, large), []byte(profileHead+"\x02"), []byte("ICC_PROFILF\x00\x02"), 1), nil},
		"灰度.jpg":    {withProfile(t, plain, changed(16, "GRAY")), nil},
		"不是配置.jpg":  {withProfile(t, plain, changed(36, "xxxx")), nil},
		"长度不对.jpg":  {withProfile(t, plain, small[:len(small)-4]), nil},
		"截图.png":    {withChunk(drawn, "iCCP", append([]byte("P3\x00\x00"), packed.Bytes()...)), small},
		"压缩不对.png":  {withChunk(drawn, "iCCP", []byte("P3\x00\x00abc")), nil},
		"没有配置的.png": {drawn, nil},
	} {
		shown := s.bytes(t, s.must(t, name, tt.data).Shown)
		var scan jpegScan
		scan.read(bufio.NewReader(bytes.NewReader(shown)))
		if got := scan.profile(); !bytes.Equal(got, tt.want) || scan.orientation != 0 || bytes.Contains(shown, []byte("DUCHANG")) {
			t.Errorf("%s: a profile of %d bytes, want %d; orientation %d", name, len(got), len(tt.want), scan.orientation)
		}
		if _, err := jpeg.Decode(bytes.NewReader(shown)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

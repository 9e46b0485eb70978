package files

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"
)

// A shown copy keeps the ICC profile of its picture, because the pixels of a wide-gamut camera mean other colours without it. Nothing else of what stands beside the pixels is
// kept.

const (
	// maxProfile is the largest profile that is kept; those of cameras and screens have some hundred bytes to some ten thousand.
	maxProfile = 1 << 20
	// profileHead begins each part of a profile in a JPEG; the number of the part, from 1, and how many there are follow.
	profileHead = "ICC_PROFILE\x00"
	// maxPart is how much of a profile one segment takes.
	maxPart = 0xffff - 2 - len(profileHead) - 2
)

// keep notes a part of a profile.
func (j *jpegScan) keep(segment []byte) {
	part, ok := bytes.CutPrefix(segment, []byte(profileHead))
	if !ok || len(part) < 2 {
		return
	}
	if j.parts == nil {
		j.parts = map[byte][]byte{}
	}
	j.parts[part[0]] = part[1:]
}

// profile puts the parts together; nil if one is missing.
func (j *jpegScan) profile() []byte {
	var out []byte
	for n := range len(j.parts) {
		part, ok := j.parts[byte(n+1)]
		if !ok || int(part[0]) != len(j.parts) {
			return nil
		}
		out = append(out, part[1:]...)
	}
	return out
}

// profileOfPNG is the profile in the iCCP chunk before the pixels; nil if there is none that can be read.
func profileOfPNG(r *bufio.Reader) []byte {
	if _, err := r.Discard(8); err != nil {
		return nil
	}
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil
		}
		size, kind := int(binary.BigEndian.Uint32(head[:])), string(head[4:])
		if kind == "IDAT" || kind == "IEND" || size < 0 || size > maxProfile && kind == "iCCP" {
			return nil
		}
		if kind != "iCCP" {
			if _, err := r.Discard(size + 4); err != nil { // the sum of the chunk follows
				return nil
			}
			continue
		}
		chunk := make([]byte, size)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil
		}
		// Its name, the end of the name, the one way to pack that there is.
		_, packed, ok := bytes.Cut(chunk, []byte{0, 0})
		if !ok {
			return nil
		}
		plain, err := zlib.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil
		}
		out, err := io.ReadAll(io.LimitReader(plain, maxProfile+1))
		if err != nil {
			return nil
		}
		return out
	}
}

// ofRGB returns a profile if it is one of the RGB pixels that a shown copy has and says its own length, else nil.
func ofRGB(profile []byte) []byte {
	const head = 128
	if len(profile) < head || len(profile) > maxProfile || int64(binary.BigEndian.Uint32(profile)) != int64(len(profile)) || string(profile[16:20]) != "RGB " || string(profile[36:40]) != "acsp" {
		return nil
	}
	return profile
}

// encode writes a picture as a JPEG that names its profile, nil for none.
func encode(w io.Writer, m image.Image, profile []byte) error {
	options := &jpeg.Options{Quality: shownQuality}
	if profile == nil {
		return jpeg.Encode(w, m, options)
	}
	start := []byte{0xff, markSOI}
	parts := (len(profile) + maxPart - 1) / maxPart
	for n := range parts {
		part := profile[n*maxPart : min(len(profile), (n+1)*maxPart)]
		start = append(start, 0xff, markAPP2)
		start = binary.BigEndian.AppendUint16(start, uint16(2+len(profileHead)+2+len(part)))
		start = append(append(append(start, profileHead...), byte(n+1), byte(parts)), part...)
	}
	if _, err := w.Write(start); err != nil {
		return err
	}
	// The encoder begins with the two bytes that are written already.
	return jpeg.Encode(&withoutStart{w: w, left: 2}, m, options)
}

// withoutStart leaves out the first bytes of what is written.
type withoutStart struct {
	w    io.Writer
	left int
}

// Write implements io.Writer.
func (o *withoutStart) Write(b []byte) (int, error) {
	skip := min(o.left, len(b))
	o.left -= skip
	n, err := o.w.Write(b[skip:])
	return n + skip, err
}

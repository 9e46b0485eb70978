package intake

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
)

var noon = time.Date(2026, 10, 19, 4, 0, 0, 0, time.UTC)

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newKey(t testing.TB) *SecretKey {
	t.Helper()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func report(t testing.TB) *Report {
	return &Report{Number: "ABCDEFGH", Code: "234567", Received: noon, Community: "d1", Project: "p1", Category: "lamp", Where: "3幢电梯", Words: "灯坏了三天", Photos: [][]byte{picture(t), []byte("b")}}
}

func TestKeys(t *testing.T) {
	key := newKey(t)
	again, err := ParseSecret(key.Text() + "\n")
	if err != nil || again.Public() != key.Public() {
		t.Fatal(err)
	}
	public := key.Public().Text()
	if p, err := ParsePublic(" " + public + "\n"); err != nil || p != key.Public() {
		t.Error(err)
	}
	// One sign wrong, cut, the secret key, and nothing.
	other := []byte(public)
	other[len(publicName)] ^= 1
	for name, text := range map[string]string{"抄错": string(other), "整行复制": public[:len(public)-1], "私钥": key.Text(), "公钥": ""} {
		if _, err := ParsePublic(text); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), name) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ParseSecret(key.Text()[:60]); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), key.Text()[30:60]) {
		t.Error(err)
	}
}

// TestOpen: what was sealed comes back; every single changed byte, every cut, a foreign key, a later clock and a wrong inside are refused.
func TestOpen(t *testing.T) {
	key := newKey(t)
	in := report(t)
	sealed, err := key.Public().Seal(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := key.Open(sealed, noon)
	if err != nil || fmt.Sprint(*out) != fmt.Sprint(*in) {
		t.Fatalf("%v, %+v", err, out)
	}
	if bytes.Contains(sealed, []byte(in.Words)) || bytes.Contains(sealed, []byte(in.Number)) {
		t.Error("the file can be read")
	}
	refused := func(name, words string, data []byte, now time.Time) {
		t.Helper()
		if _, err := key.Open(data, now); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 0x20
		refused(fmt.Sprint("byte ", i), "", changed, noon)
	}
	for _, n := range []int{0, 1, len(format), len(format) + printSize + 1, len(sealed) / 2, len(sealed) - 1} {
		refused(fmt.Sprint("cut at ", n), "没有传完", sealed[:n], noon)
	}
	refused("another byte at the end", "被改过", append(bytes.Clone(sealed), 0), noon)
	foreign, err := newKey(t).Public().Seal(in)
	if err != nil {
		t.Fatal(err)
	}
	refused("foreign key", "另一把密钥", foreign, noon)
	refused("of the future", "还没有到", sealed, noon.Add(-Ahead-time.Second))
	refused("too large", "太大", make([]byte, MaxSealed+1), noon)
	if _, err := key.Public().Seal(&Report{Photos: make([][]byte, MaxPhotos+1)}); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

// plainOf is what is sealed: a head, and what follows it.
func plainOf(head string, rest string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(head))), head+rest...)
}

// FuzzRead: whatever somebody with the public key seals is read or refused, and what is read can be sealed again.
func FuzzRead(f *testing.F) {
	good, err := json.Marshal(head{Report: Report{Number: "A", Received: noon}, Sizes: []int{2, 1}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{nil, {0, 0}, plainOf(string(good), "abc"), plainOf(string(good), "ab"), plainOf(string(good), "abcd"), plainOf(`{"sizes":[-1]}`, ""), plainOf(`{"sizes":[1,1,1,1]}`, "abcd"), plainOf(`{"x":1}`, ""), plainOf(`{}{}`, ""), {0xff, 0xff, 0xff, 0xff, 0}} {
		f.Add(seed)
	}
	key := newKey(f)
	f.Fuzz(func(t *testing.T, plain []byte) {
		r, err := read(plain)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if len(r.Photos) > MaxPhotos {
			t.Fatal(len(r.Photos))
		}
		if _, err := key.Public().Seal(r); err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	})
}

// outer is a receiver with a clock, and what it is asked.
type outer struct {
	t   *testing.T
	r   *Receiver
	key *SecretKey
	now time.Time
}

func newOuter(t *testing.T) *outer {
	o := &outer{t: t, key: newKey(t), now: noon}
	drawn := 0
	o.r = &Receiver{Dir: t.TempDir(), Key: o.key.Public(), Now: func() time.Time { return o.now }, NumberLength: 8, CodeLength: 6, Failed: func(err error) { t.Log(err) },
		Draw: func(length int) string { drawn++; return fmt.Sprintf("%0*d", length, drawn) },
		Check: func(_, words string) []fault.Field {
			if strings.Contains(words, "138") {
				return []fault.Field{{Name: "words", Message: "情况里不要写电话号码"}}
			}
			return nil
		}}
	return o
}

type formPart struct{ name, text string }

func goodForm(words string) []formPart {
	return []formPart{{"_t", "x"}, {"community", "d1"}, {"project", ""}, {"category", "lamp"}, {"where", "3幢电梯"}, {"words", words}}
}

// send sends a form with photos and returns the status and the page.
func (o *outer) send(from string, form []formPart, photos ...[]byte) (int, string) {
	o.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range form {
		if err := w.WriteField(p.name, p.text); err != nil {
			o.t.Fatal(err)
		}
	}
	for _, photo := range photos {
		part, err := w.CreateFormFile("photos", "王芳家.png")
		if err == nil {
			_, err = part.Write(photo)
		}
		if err != nil {
			o.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		o.t.Fatal(err)
	}
	return o.post(from, w.FormDataContentType(), body.Bytes())
}

func (o *outer) post(from, kind string, body []byte) (int, string) {
	req := httptest.NewRequestWithContext(o.t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	req.Header.Set("Content-Type", kind)
	req.RemoteAddr = "127.0.0.1:1"
	req.Header.Set("X-Forwarded-For", "1.2.3.4, "+from)
	rec := httptest.NewRecorder()
	o.r.ServeHTTP(rec, req)
	return rec.Code, rec.Body.String()
}

func (o *outer) sealed() []string {
	o.t.Helper()
	files, err := filepath.Glob(filepath.Join(o.r.Dir, "*"))
	if err != nil {
		o.t.Fatal(err)
	}
	return files
}

// TestReceiver: a form becomes one sealed file, also when it is sent twice; what is refused leaves nothing.
func TestReceiver(t *testing.T) {
	o := newOuter(t)
	o.r.BehindProxy = true
	code, page := o.send("9.9.9.1", goodForm("灯坏了三天"), picture(t), nil)
	if code != http.StatusOK || !strings.Contains(page, "00000001") || !strings.Contains(page, "000002") || strings.Contains(page, "灯坏了") {
		t.Fatalf("%d %s", code, page)
	}
	o.now = o.now.Add(time.Minute)
	if code, again := o.send("9.9.9.1", goodForm("灯坏了三天"), picture(t)); code != http.StatusOK || again != page {
		t.Errorf("the same form again: %d %s", code, again)
	}
	files := o.sealed()
	if len(files) != 1 {
		t.Fatal(files)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.key.Open(data, o.now)
	if err != nil || filepath.Base(files[0]) != NameOf(data) || r.Words != "灯坏了三天" || r.Community != "d1" || len(r.Photos) != 1 || !bytes.Equal(r.Photos[0], picture(t)) || !r.Received.Equal(noon) {
		t.Errorf("%v %+v", err, r)
	}
	whole := picture(t)
	for name, tt := range map[string]struct {
		status int
		words  string
		form   []formPart
		photos [][]byte
	}{
		"words":           {http.StatusUnprocessableEntity, "不要写电话", goodForm("打138找我"), nil},
		"no community":    {http.StatusUnprocessableEntity, "请选择社区", goodForm("x")[2:], nil},
		"no photo":        {http.StatusUnprocessableEntity, "第 1 张不是 JPG 或 PNG", goodForm("x"), [][]byte{[]byte("<script>alert(1)</script>")}},
		"half a photo":    {http.StatusUnprocessableEntity, "第 1 张照片是坏的", goodForm("x"), [][]byte{whole[:len(whole)-20]}},
		"four photos":     {http.StatusBadRequest, "最多 3 张", goodForm("x"), [][]byte{whole, whole, whole, whole}},
		"a large photo":   {http.StatusBadRequest, "第 1 张照片超过", goodForm("x"), [][]byte{make([]byte, MaxPhoto+1)}},
		"a field twice":   {http.StatusBadRequest, "不是从", append(goodForm("x"), formPart{"words", "y"}), nil},
		"a large field":   {http.StatusBadRequest, "不是从", goodForm(strings.Repeat("x", maxField+1)), nil},
		"no text at all":  {http.StatusBadRequest, "不是从", goodForm("\xff"), nil},
		"script in words": {http.StatusOK, "已收到", goodForm("<script>"), nil},
	} {
		if code, page := o.send("9.9.9.2", tt.form, tt.photos...); code != tt.status || !strings.Contains(page, tt.words) || strings.Contains(page, "<script>") {
			t.Errorf("%s: %d %s", name, code, page)
		}
	}
	if code, _ := o.post("9.9.9.3", "application/json", []byte("{}")); code != http.StatusBadRequest {
		t.Errorf("no form: %d", code)
	}
	if code, page := o.post("9.9.9.3", "multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"words\"\r\n\r\nab")); code != http.StatusBadRequest || !strings.Contains(page, "没有传完") {
		t.Errorf("cut off: %d %s", code, page)
	}
	rec := httptest.NewRecorder()
	o.r.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", rec.Code)
	}
	if files := o.sealed(); len(files) != 2 {
		t.Errorf("%d files", len(files))
	}
	if err := os.RemoveAll(o.r.Dir); err != nil {
		t.Fatal(err)
	}
	if code, page := o.send("9.9.9.4", goodForm("没有文件夹")); code != http.StatusServiceUnavailable || strings.Contains(page, "已收到") {
		t.Errorf("no folder: %d %s", code, page)
	}
}

// TestReceiverSlowsDown: an address has so many tries in an hour; what a client writes into the header itself does not change who it is.
func TestReceiverSlowsDown(t *testing.T) {
	o := newOuter(t)
	for _, behind := range []bool{true, false} {
		o.r.BehindProxy = behind
		for i := range PerHour {
			if code, page := o.send("9.9.9.1", goodForm(fmt.Sprint(behind, i))); code != http.StatusOK {
				t.Fatalf("%d: %d %s", i, code, page)
			}
		}
		if code, _ := o.send("9.9.9.1", goodForm("x")); code != http.StatusTooManyRequests {
			t.Errorf("one more: %d", code)
		}
		code, _ := o.send("9.9.9.2", goodForm(fmt.Sprint(behind)))
		if want := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[behind]; code != want {
			t.Errorf("another address, behind a proxy %v: %d", behind, code)
		}
	}
	o.now = o.now.Add(time.Hour + time.Second)
	if code, _ := o.send("9.9.9.1", goodForm("later")); code != http.StatusOK {
		t.Errorf("an hour later: %d", code)
	}
	for range atOnce {
		o.r.slots <- struct{}{}
	}
	if code, page := o.send("9.9.9.1", goodForm("busy")); code != http.StatusServiceUnavailable || !strings.Contains(page, "半分钟") {
		t.Errorf("busy: %d", code)
	}
}

// FuzzForm: whatever is posted to the outer form is taken in or refused with a page, and what was taken in opens with the key.
func FuzzForm(f *testing.F) {
	part := func(name, text string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n"
	}
	whole := part("community", "d1") + part("category", "lamp") + part("where", "3幢") + part("words", "灯坏了")
	photo := "--b\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"a.png\"\r\n\r\n"
	for _, seed := range []string{"", whole + "--b--\r\n", whole, whole + photo + string(picture(f)) + "\r\n--b--\r\n", whole + photo + "\x89PNG\r\n\x1a\n\r\n--b--\r\n", part("words", "\xff") + "--b--", part("community", "d1") + whole + "--b--"} {
		f.Add("multipart/form-data; boundary=b", []byte(seed))
	}
	f.Add("application/x-www-form-urlencoded", []byte("community=d1&words=x"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		o := newOuter(t)
		status, page := o.post("1.2.3.4", kind, body)
		sealed := o.sealed()
		switch status {
		case http.StatusOK:
			if len(sealed) != 1 {
				t.Fatalf("%d files", len(sealed))
			}
			data, err := os.ReadFile(sealed[0])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.key.Open(data, o.now); err != nil {
				t.Fatal(err)
			}
		case http.StatusBadRequest, http.StatusUnprocessableEntity:
			if len(sealed) != 0 || !strings.Contains(page, "没有收下") {
				t.Fatalf("%d files\n%s", len(sealed), page)
			}
		default:
			t.Fatalf("%d %s", status, page)
		}
	})
}

package web

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/calendar"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating/standing"
)

const (
	// platePath is 标牌核验, platesPath the list of plates for who may print them.
	platePath  = "/plate"
	platesPath = "/plates"
	// withdrawnPath is the signed list of withdrawn plates, plateWorkerPath the worker that keeps the page.
	withdrawnPath   = platePath + "/withdrawn.txt"
	plateWorkerPath = platePath + ".js"
	// plateScript tells plates apart without network, plateWorker keeps the page for that, ed25519Script checks the signatures: Chromium 86 has no Ed25519 of its own.
	plateScript   = "plate.js"
	plateWorker   = "plateworker.js"
	ed25519Script = "noble-ed25519-2.3.0.js"
)

// plateRoutes are the pages about plates; none without stars that stand.
func (s *Server) plateRoutes() []Route {
	if s.standings == nil {
		return nil
	}
	const get = fiber.MethodGet
	return []Route{
		{Method: get, Path: platePath, Action: policy.VerifyResult, Handler: s.checkPlate},
		{Method: get, Path: withdrawnPath, Action: policy.VerifyResult, Handler: s.withdrawnPlates},
		{Method: get, Path: plateWorkerPath, Action: policy.Public, Handler: s.plateWorker, Plain: true},
		{Method: get, Path: platesPath, Action: policy.ReadPlate, Handler: s.plates},
		{Method: get, Path: platesPath + ".xlsx", Action: policy.ReadPlate, Handler: s.platesExcel},
		{Method: get, Path: platesPath + "/print", Action: policy.ReadPlate, Handler: s.printPlates},
	}
}

// plateVerdict is what one verdict says; the page holds all of them, and server or script shows one.
type plateVerdict struct {
	ID                 standing.Verdict
	Chip, Title, Words string
	Warn, Shown        bool
}

// verdicts are the words of every verdict in the order of the page.
func (s *Server) verdicts(shown standing.Verdict) []plateVerdict {
	list := []plateVerdict{
		{ID: standing.Genuine, Chip: "有效", Title: "真牌，有效", Words: "这块标牌由" + s.set.Authority + "签发，没有被改动，在有效期内，没有收回。"},
		{ID: standing.Over, Chip: "已到期", Title: "真牌，已到期", Words: "标牌是真的，但是有效期已经过了，不代表现在的星级。", Warn: true},
		{ID: standing.Gone, Chip: "已收回", Title: "真牌，已收回", Words: "标牌是真的，但是已经收回，应当摘下，不代表现在的星级。", Warn: true},
		{ID: standing.Forged, Chip: "伪造", Title: "假牌：伪造或者改动过", Words: "二维码里写的和签名对不上，不是" + s.set.Authority + "签发的内容。请不要相信，可以向我们反映。", Warn: true},
		{ID: standing.Foreign, Chip: "不是本网站的", Title: "不是本网站签发的标牌", Words: "签它的密钥不是本网站的。可能是别的县的标牌，请到签发它的主管部门的网站核验；写着本县名称的是假牌。", Warn: true},
		{ID: standing.Broken, Chip: "读不出", Title: "读不出标牌", Words: "二维码的内容不完整，或者不是标牌。请擦干净以后重新扫；一直读不出的，请按名称查星级榜。", Warn: true},
	}
	for i := range list {
		list[i].Shown = list[i].ID == shown
	}
	return list
}

// plateSays are the lines of a plate, by the names under which the script fills them too.
type plateSays struct{ Number, Name, Firm, Level, Period, Until, Since, Why, Code string }

// plateView is what plate.html shows.
type plateView struct {
	Verdicts []plateVerdict
	Says     plateSays
	Stars    int
	// Asked is what was asked for, Payload what is checked, Shown: there is a verdict. Missing: there is no plate of the number that was asked for.
	Asked, Payload string
	Shown, Missing bool
	// Key, List, Ed25519 and Worker are what the script needs; Today is the business day.
	Key, List, Ed25519, Worker, Today string
	// Board finds the compound on the board.
	Board string
}

// plateNumber is the form of the number of a plate.
var plateNumber = regexp.MustCompile(`^\d{4}-\d{4,6}(-\d{1,2})?$`)

// payloadOf takes the payload out of what somebody scanned or typed: the payload itself, or the whole address.
func payloadOf(asked string) string {
	asked = strings.TrimSpace(asked)
	if _, after, found := strings.Cut(asked, "#"); found {
		return after
	}
	if _, query, found := strings.Cut(asked, "?"); found {
		if values, err := url.ParseQuery(query); err == nil && values.Get("p") != "" {
			return values.Get("p")
		}
	}
	return asked
}

// codeOf is the check code of a plate: what can be compared by eye, the end of what was signed.
func codeOf(payload string) string {
	if len(payload) < 8 {
		return ""
	}
	end := payload[len(payload)-8:]
	return end[:4] + " " + end[4:]
}

// checkPlate tells what a plate is worth (标牌核验). Without a payload it says how.
func (s *Server) checkPlate(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	asked := c.Query("p")
	if len(asked) > 2*standing.MaxPlate {
		asked = asked[:2*standing.MaxPlate]
	}
	v := plateView{Asked: asked, List: withdrawnPath, Today: calendar.DateOf(s.clocks.Business()).String()}
	var err error
	if v.Key, err = s.standings.Key(ctx); err != nil {
		return err
	}
	if v.Ed25519, err = s.assets.address(ed25519Script); err != nil {
		return err
	}
	v.Worker = plateWorkerPath + "?" + url.Values{"version": {strings.NewReplacer("/assets/", "", ".js", "", ".css", "").Replace(s.assets.addresses[plateScript] + s.assets.css)}}.Encode()
	shown := standing.Verdict("")
	switch number := strings.TrimSpace(asked); {
	case number == "":
	case plateNumber.MatchString(number):
		payload, err := s.standings.PayloadOf(ctx, number)
		if err != nil {
			return err
		}
		v.Payload, v.Missing = payload, payload == ""
	default:
		v.Payload = payloadOf(number)
	}
	if v.Payload != "" {
		checked, err := s.standings.Check(ctx, v.Payload)
		if err != nil {
			return err
		}
		p := checked.Plate
		shown, v.Shown = checked.Verdict, true
		if v.Stars = int(p.Level); checked.Verdict != standing.Broken {
			v.Says = plateSays{Number: p.Number, Name: p.Name, Firm: p.Firm, Level: levelWord(p.Level), Period: p.Period + "年度", Until: p.Until.Chinese(), Since: checked.Since.Chinese(), Why: checked.Why, Code: codeOf(v.Payload)}
			v.Board = "/?q=" + url.QueryEscape(p.Name)
		}
	}
	v.Verdicts = s.verdicts(shown)
	return s.render(c, by, "plate", page{Title: "标牌核验", Nav: platePath, Data: v, Script: true, Scripts: []string{plateScript}})
}

// levelWord is a number of stars in words.
func levelWord(level int64) string {
	if level < 1 || level > 5 {
		return strconv.FormatInt(level, 10) + " 星"
	}
	return []string{"一星", "二星", "三星", "四星", "五星"}[level-1]
}

// withdrawnPlates is the signed list.
func (s *Server) withdrawnPlates(c *fiber.Ctx, _ policy.Actor) error {
	list, err := s.standings.Withdrawn(c.UserContext())
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Response().Header.SetContentType(fiber.MIMETextPlainCharsetUTF8)
	return c.SendString(list)
}

// plateWorker serves the worker under an address that stays.
func (s *Server) plateWorker(c *fiber.Ctx, _ policy.Actor) error { return s.sendWorker(c, plateWorker) }

// sendWorker serves a worker's script so that browsers ask for a newer one.
func (s *Server) sendWorker(c *fiber.Ctx, name string) error {
	address, err := s.assets.address(name)
	if err != nil {
		return err
	}
	f := s.assets.files[path.Base(address)]
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Response().Header.SetContentType(f.contentType)
	c.Response().SetBodyRaw(f.plain)
	return nil
}

// platesView is what plates.html shows.
type platesView struct {
	Query, Excel, Print, Clear string
	Filters                    []field
	Rows                       []plateRow
	Count, Printable           int
	Next                       string
	Filtered                   bool
}

// plateRow is one plate of the list.
type plateRow struct {
	Number, Name, Firm, Grade, Period, Until, State, Why, Print, Star string
	Level                                                             int
}

// platesPage is how many plates a page of the list has.
const platesPage = 50

// askedPlates are the plates that an address asks for.
func (s *Server) askedPlates(c *fiber.Ctx, by policy.Actor) (listAddress, []standing.Issued, error) {
	at := readList(c, platesPath, "q", "status")
	w := standing.PlateFilter{Text: at.value["q"], Number: c.Query("number"), Status: standing.Status(at.value["status"]), All: at.value["status"] != ""}
	all, err := s.standings.Plates(c.UserContext(), by, w)
	return at, all, err
}

// plates lists the plates of the actor's scope.
func (s *Server) plates(c *fiber.Ctx, by policy.Actor) error {
	at, all, err := s.askedPlates(c, by)
	if err != nil {
		return err
	}
	v := platesView{Query: at.value["q"], Excel: at.excel(), Clear: platesPath, Filters: []field{codeFilter("status", "星级的状态", standing.Statuses(), at.value)}, Count: len(all), Filtered: at.filtered()}
	if at.value["q"] != "" || at.value["status"] != "" {
		v.Print = platesPath + "/print?" + url.Values{"q": {at.value["q"]}, "status": {at.value["status"]}}.Encode()
	} else {
		v.Print = platesPath + "/print"
	}
	for i := range all {
		if hangs(&all[i]) {
			v.Printable++
		}
	}
	from, _ := strconv.Atoi(at.after) // anything else is the first page
	from = max(0, min(from, len(all)))
	for i := from; i < min(from+platesPage, len(all)); i++ {
		v.Rows = append(v.Rows, plateRowOf(&all[i]))
	}
	if from+platesPage < len(all) {
		v.Next = nextPage(c, strconv.Itoa(from+platesPage))
	}
	return s.render(c, by, "plates", page{Title: "标牌", Nav: platesPath, Data: v})
}

// hangs reports whether a plate is that of a star that stands.
func hangs(p *standing.Issued) bool { return !p.Withdrawn && p.Star.Status.Stands() }

func plateRowOf(p *standing.Issued) plateRow {
	r := plateRow{Number: p.Number, Name: p.Name, Firm: p.Firm, Grade: levelWord(p.Level), Level: int(p.Level), Period: p.Period + "年度", Until: p.Until.Chinese(), State: p.Star.Status.Title(), Why: p.Why, Star: starAddress(p.Star.Project)}
	if p.Withdrawn {
		r.State = "已收回"
	}
	if hangs(p) {
		r.Print = platesPath + "/print?number=" + url.QueryEscape(p.Number)
	}
	return r
}

// platesExcel is the list as Excel, with what stands in each code.
func (s *Server) platesExcel(c *fiber.Ctx, by policy.Actor) error {
	_, all, err := s.askedPlates(c, by)
	if err != nil {
		return err
	}
	sheet := report.Figures{Sheet: "标牌", Heads: []string{"标牌编号", "小区", "物业服务企业", "星级", "年度", "有效至", "状态", "从哪天起", "说明", "核验地址"}}
	for i := range all {
		p, r := &all[i], plateRowOf(&all[i])
		address, err := s.plateAddress(c, &p.Plate)
		if err != nil {
			return err
		}
		sheet.Rows = append(sheet.Rows, []any{r.Number, r.Name, r.Firm, r.Grade, r.Period, p.Until, r.State, p.Since, r.Why, address})
	}
	return sendFigures(c, "标牌.xlsx", sheet)
}

// plateAddress is what the code of a plate holds: the page of the check with the signed payload.
func (s *Server) plateAddress(c *fiber.Ctx, p *standing.Plate) (string, error) {
	payload, err := s.standings.Payload(c.UserContext(), p)
	return c.BaseURL() + platePath + "?p=" + payload, err
}

// platePrint is one plate to print.
type platePrint struct {
	standing.Plate
	Stars                            int
	Grade, Until, Code, Where, Rated string
	QR                               charts.SVG
}

// printPlatesView is what plate_print.html shows.
type printPlatesView struct {
	Back, Kind string
	Plates     []platePrint
}

// printPlates are the plates of stars that stand, one a sheet.
func (s *Server) printPlates(c *fiber.Ctx, by policy.Actor) error {
	_, all, err := s.askedPlates(c, by)
	if err != nil {
		return err
	}
	v := printPlatesView{Back: platesPath, Kind: "标牌"}
	for i := range all {
		if !hangs(&all[i]) {
			continue
		}
		p := platePrint{Plate: all[i].Plate, Stars: int(all[i].Level), Grade: levelWord(all[i].Level), Until: all[i].Until.Chinese(), Where: c.BaseURL() + platePath, Rated: all[i].Period + "年度"}
		address, err := s.plateAddress(c, &p.Plate)
		if err != nil {
			return err
		}
		p.Code = codeOf(address)
		if p.QR, err = charts.QR(address, "标牌核验的二维码，编号 "+p.Number); err != nil {
			return err
		}
		v.Plates = append(v.Plates, p)
	}
	return s.render(c, by, "plate_print", page{Title: "标牌", Data: v, Script: true})
}

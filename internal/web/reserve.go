package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/station"
)

// reservePath is where residents book without an account.
const reservePath = "/reserve"

// Bookings and wrong booking numbers from one address before it has to wait: a family or an office can book, a program cannot fill the days or guess numbers.
const (
	reserveTries  = 10
	reserveWindow = time.Hour
)

// reserveRoutes are the pages of booking without an account.
func (s *Server) reserveRoutes() []Route {
	const get, post, one = fiber.MethodGet, fiber.MethodPost, reservePath + "/:book<maxLen(40)>/:entry<maxLen(64)>"
	return []Route{
		{Method: get, Path: reservePath, Action: policy.ReserveTime, Handler: s.reserveList},
		{Method: get, Path: reservePath + "/find", Action: policy.ReserveTime, Handler: s.reserveFind},
		{Method: post, Path: reservePath + "/find", Action: policy.ReserveTime, Handler: s.reserveFound},
		{Method: post, Path: reservePath + "/cancel", Action: policy.ReserveTime, Handler: s.reserveCancel},
		{Method: get, Path: one, Action: policy.ReserveTime, Handler: s.reserveForm},
		{Method: post, Path: one, Action: policy.ReserveTime, Handler: s.reserve},
	}
}

// slowDown refuses an address that has used up its tries.
func (s *Server) slowDown(c *fiber.Ctx, l *limiter, what string) error {
	wait := l.wait(c.Context().RemoteIP().String(), s.clocks.Security())
	if wait == 0 {
		return nil
	}
	c.Set(fiber.HeaderRetryAfter, fmt.Sprint(int(wait.Seconds())+1))
	return fiber.NewError(fiber.StatusTooManyRequests, fmt.Sprintf("这个地址%s太多次，请 %d 分钟后再试，或者直接联系社区。", what, int(wait/time.Minute)+1))
}

// used counts a try of an address.
func (s *Server) used(c *fiber.Ctx, l *limiter) {
	l.fail(c.Context().RemoteIP().String(), s.clocks.Security())
}

// reserveListView is what reserve.html shows.
type reserveListView struct {
	Communities []option
	Community   string
	Rows        []reserveLine
}

// reserveLine is one room or service that can be booked.
type reserveLine struct{ Path, Name, Community, Hours, Papers string }

// reserveList shows what can be booked.
func (s *Server) reserveList(c *fiber.Ctx, by policy.Actor) error {
	v := reserveListView{Community: c.Query("community"), Communities: []option{{"", "全部社区"}}}
	rows, err := s.stations.Books.Offered(c.UserContext(), "")
	if err != nil {
		return err
	}
	slices.SortStableFunc(rows, func(a, b registry.EntryRow) int { return strings.Compare(a.Community, b.Community) })
	seen := map[string]bool{}
	for _, row := range rows {
		if !seen[row.Community] {
			seen[row.Community] = true
			v.Communities = append(v.Communities, option{row.Community, row.CommunityName})
		}
		if v.Community == "" || v.Community == row.Community {
			v.Rows = append(v.Rows, reserveLine{reservePath + "/" + row.Book.ID + "/" + row.ID, row.Name, row.CommunityName, row.Values["hours"], row.Texts["papers"]})
		}
	}
	return s.render(c, by, "reserve", page{Title: "网上预约", Nav: reservePath, Data: v})
}

// reserveFormView is what reserve_form.html shows.
type reserveFormView struct {
	Path, Name, Community, Hours, Papers, Day, DayText string
	Taken                                              []string
	Form                                               []field
}

// reserveForm asks when and who.
func (s *Server) reserveForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showReserve(c, by, url.Values{"day": {c.Query("day")}}, nil)
}

func (s *Server) showReserve(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	row, err := s.stations.Books.OneOffered(c.UserContext(), c.Params("book"), c.Params("entry"))
	if err != nil {
		return err
	}
	day, err := calendar.ParseDate(typed.Get("day"))
	if err != nil {
		day = s.registered.Today()
	}
	v := reserveFormView{Path: reservePath + "/" + row.Book.ID + "/" + row.ID, Name: row.Name, Community: row.CommunityName, Hours: row.Values["hours"], Papers: row.Texts["papers"], Day: day.String(), DayText: day.Chinese() + " " + weekdayOf(day)}
	if v.Taken, err = s.stations.Service.Taken(c.UserContext(), row, day); err != nil {
		return err
	}
	asked := typed.Get("day")
	if asked == "" {
		asked = day.String()
	}
	v.Form = withErrors([]field{{Name: "day", Label: "日期", Type: "date", Value: asked}, {Name: "hours", Label: "时间", Type: "text", Value: typed.Get("hours"), Hint: "开放时间 " + v.Hours + "，例如 14:00-15:00"},
		{Name: "person", Label: "姓名", Type: "text", Autocomplete: "name", Value: typed.Get("person")}, {Name: "phone", Label: "电话", Type: "text", Mode: "tel", Autocomplete: "tel", Value: typed.Get("phone"), Hint: "有变动时社区联系你"},
		{Name: "purpose", Label: "办什么事", Type: "text", Value: typed.Get("purpose"), Optional: true, Hint: "不要写身份证号和别人的信息"}}, refused)
	p := page{Title: "预约" + row.Name, Nav: reservePath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "reserve_form", p)
	}
	return s.render(c, by, "reserve_form", p)
}

// reservedView is what reserve_one.html shows.
type reservedView struct {
	Form                                      []field
	Code, Word, Name, Community, When, Person string
	Fresh, CanCancel                          bool
}

// showReserved shows a booking by its number.
func (s *Server) showReserved(c *fiber.Ctx, by policy.Actor, code string, fresh bool) error {
	row, err := s.stations.Service.Reserved(c.UserContext(), by, code)
	if err != nil {
		return err
	}
	v := reservedView{Code: row.Code[:4] + " " + row.Code[4:], Word: row.State.Title(), Name: row.Name, Community: row.Community, When: row.Day.Chinese() + " " + weekdayOf(row.Day) + " " + row.Hours, Person: row.Person + " " + row.Phone, Fresh: fresh, CanCancel: row.State.Open()}
	return s.render(c, by, "reserve_one", page{Title: "我的预约", Nav: reservePath, Data: v})
}

// reserve books.
func (s *Server) reserve(c *fiber.Ctx, by policy.Actor) error {
	if err := s.slowDown(c, s.reserves, "预约"); err != nil {
		return err
	}
	typed, t := formValues(c), &typed{c: c}
	in := station.BookingInput{Book: c.Params("book"), Entry: c.Params("entry"), Day: t.date("day", "日期"), Hours: t.text("hours"), Person: t.text("person"), Phone: t.text("phone"), Purpose: t.text("purpose")}
	var code string
	err := t.with(func(ctx context.Context) (err error) {
		code, err = s.stations.Service.Reserve(ctx, by, in)
		return err
	})
	refused := refusedForm(err)
	if fault.Is(err, fault.Conflict) {
		refused = []fault.Field{{Name: "hours", Message: fault.MessageOf(err)}}
	}
	if len(refused) > 0 {
		return s.showReserve(c, by, typed, refused)
	}
	if err != nil {
		return err
	}
	s.used(c, s.reserves)
	return s.showReserved(c, by, code, true)
}

// reserveFind asks for the booking number.
func (s *Server) reserveFind(c *fiber.Ctx, by policy.Actor) error {
	return s.showFind(c, by, "", nil)
}

func (s *Server) showFind(c *fiber.Ctx, by policy.Actor, code string, refused []fault.Field) error {
	form := withErrors([]field{{Name: "code", Label: "预约号", Type: "text", Autocomplete: "off", Value: code, Hint: "预约成功时给出的 8 位号码"}}, refused)
	p := page{Title: "查看或取消预约", Nav: reservePath, Data: reservedView{Form: form}, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "reserve_one", p)
	}
	return s.render(c, by, "reserve_one", p)
}

// reserveFound shows the booking of a number.
func (s *Server) reserveFound(c *fiber.Ctx, by policy.Actor) error {
	return s.byCode(c, by, func(code string) error { return s.showReserved(c, by, code, false) })
}

// reserveCancel cancels the booking of a number and shows it.
func (s *Server) reserveCancel(c *fiber.Ctx, by policy.Actor) error {
	return s.byCode(c, by, func(code string) error {
		if err := s.stations.Service.CancelReserved(c.UserContext(), by, code); err != nil {
			return err
		}
		return s.showReserved(c, by, code, false)
	})
}

// byCode does something with the booking of the number that was typed; a number that is none counts against the address.
func (s *Server) byCode(c *fiber.Ctx, by policy.Actor, do func(code string) error) error {
	if err := s.slowDown(c, s.codes, "填错预约号"); err != nil {
		return err
	}
	code := c.FormValue("code")
	err := do(code)
	if fault.Is(err, fault.NotFound) {
		s.used(c, s.codes)
		return s.showFind(c, by, code, []fault.Field{{Name: "code", Message: fault.MessageOf(err)}})
	}
	return err
}

package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/station"
)

// dutyPath is the duty roster, bookingsPath the bookings.
const (
	dutyPath     = "/stations/duty"
	bookingsPath = "/stations/bookings"
)

// dutyRoutes are the pages of rosters and bookings.
func (s *Server) dutyRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	return []Route{
		{Method: get, Path: dutyPath, Action: policy.ReadStation, Handler: s.dutyMonth},
		{Method: get, Path: dutyPath + ".xlsx", Action: policy.ReadStation, Handler: s.dutyExcel},
		{Method: get, Path: dutyPath + "/sheet", Action: policy.ReadStation, Handler: s.dutySheet},
		{Method: post, Path: dutyPath + "/plan", Action: policy.WriteStation, Handler: s.planDuty},
		{Method: get, Path: dutyPath + "/swap", Action: policy.WriteStation, Handler: s.swapForm},
		{Method: post, Path: dutyPath + "/swap", Action: policy.WriteStation, Handler: s.swapDuty},
		{Method: get, Path: bookingsPath, Action: policy.ReadStation, Handler: s.bookingDay},
		{Method: get, Path: bookingsPath + "/new", Action: policy.WriteStation, Handler: s.bookingForm},
		{Method: post, Path: bookingsPath + "/new", Action: policy.WriteStation, Handler: s.bookTime},
		{Method: get, Path: bookingsPath + "/:entry<maxLen(64)>/:day<maxLen(10)>/:no<int>", Action: policy.WriteStation, Handler: s.settleForm},
		{Method: post, Path: bookingsPath + "/:entry<maxLen(64)>/:day<maxLen(10)>/:no<int>", Action: policy.WriteStation, Handler: s.settleBooking},
	}
}

// dutyView is what duty.html and duty_sheet.html show.
type dutyView struct {
	station.MonthView
	Title             string
	Communities       []option
	Before, After     string
	Path, Excel       string
	Sheet, Swap       string
	CanWrite, Planned bool
	Rows              []dutyRow
	Loads             []dutyLoad
	Problem           string
}

// dutyRow is one day of a month.
type dutyRow struct {
	Date, Weekday, Kind, Name, Holiday, Swap string
	Gap, Rest                                bool
}

// dutyLoad is how many shifts somebody has.
type dutyLoad struct {
	Name string
	N    int
}

// dutyCommunity is the community of a page: the one of the address, or the first of the actor's.
func (s *Server) dutyCommunity(c *fiber.Ctx, by policy.Actor) (string, []option, error) {
	options, err := s.bookCommunities(c.UserContext(), by, policy.ReadStation)
	community := c.Query("community", c.FormValue("community"))
	if community == "" && len(options) > 1 {
		community = options[1].Value
	}
	return community, options[1:], err
}

// dutyOf reads the month that a page is about.
func (s *Server) dutyOf(c *fiber.Ctx, by policy.Actor) (dutyView, error) {
	community, options, err := s.dutyCommunity(c, by)
	if err != nil {
		return dutyView{}, err
	}
	month := c.Query("month", c.FormValue("month"))
	if month == "" {
		month = s.registered.On(c.UserContext()).String()[:7]
	}
	m, err := s.stations.Service.Month(c.UserContext(), by, community, month)
	if err != nil {
		return dutyView{}, err
	}
	first := m.Days[0].Day
	year, number, _ := first.Parts()
	v := dutyView{MonthView: m, Title: m.Name + strconv.Itoa(year) + "年" + strconv.Itoa(int(number)) + "月值班表", Communities: options, Planned: m.Seq > 0,
		Before: first.Add(-1).String()[:7], After: first.AddMonths(1).String()[:7], Path: dutyPath + "?community=" + community + "&month=" + month,
		Excel: dutyPath + ".xlsx?community=" + community + "&month=" + month, Sheet: dutyPath + "/sheet?community=" + community + "&month=" + month}
	may, err := s.stations.Books.CommunitiesFor(c.UserContext(), by, policy.WriteStation)
	if err != nil {
		return v, err
	}
	for _, d := range may {
		v.CanWrite = v.CanWrite || d.ID == community
	}
	today := s.registered.Today()
	for _, day := range m.Days {
		row := dutyRow{Date: shortDate(day.Day, first), Weekday: weekdayOf(day.Day), Kind: day.Kind.Title(), Name: day.Name, Holiday: day.Holiday, Gap: day.Gap, Rest: day.Kind == station.ShiftDay}
		if v.CanWrite && v.Planned && day.Day.Compare(today) >= 0 {
			row.Swap = dutyPath + "/swap?community=" + community + "&month=" + month + "&day=" + day.Day.String()
		}
		v.Rows = append(v.Rows, row)
	}
	for i, w := range m.Workers {
		v.Loads = append(v.Loads, dutyLoad{w.Text, m.Loads[i]})
	}
	// A month that is over cannot be planned any more, nor one that is looked back at.
	v.CanWrite = v.CanWrite && !looksBackNow(c) && first.AddMonths(1).Compare(today) > 0
	return v, nil
}

// weekdayOf is 星期一.
func weekdayOf(d calendar.Date) string {
	return "星期" + string([]rune("日一二三四五六")[int(d.Weekday())])
}

// dutyMonth shows the roster of a month.
func (s *Server) dutyMonth(c *fiber.Ctx, by policy.Actor) error {
	markList(c)
	community, _, err := s.dutyCommunity(c, by)
	if err != nil {
		return err
	}
	if community == "" { // firms read stations that they share, and have no community whose roster they could see
		return c.Redirect(stationsPath, fiber.StatusSeeOther)
	}
	return s.showDuty(c, by, "duty", "")
}

func (s *Server) showDuty(c *fiber.Ctx, by policy.Actor, template, problem string) error {
	v, err := s.dutyOf(c, by)
	if err != nil {
		return err
	}
	v.Problem = problem
	return s.render(c, by, template, page{Title: v.Title, Nav: dutyPath, Data: v, Script: true, Paper: "值班表"})
}

// dutySheet is the roster for the wall.
func (s *Server) dutySheet(c *fiber.Ctx, by policy.Actor) error {
	return s.showDuty(c, by, "duty_sheet", "")
}

// dutyExcel is the roster as Excel.
func (s *Server) dutyExcel(c *fiber.Ctx, by policy.Actor) error {
	v, err := s.dutyOf(c, by)
	if err != nil {
		return err
	}
	type row = station.DayView
	table := report.Table[row]{Sheet: "值班表", Columns: []report.Column[row]{
		report.Shown("日期", func(r *row) any { return r.Day }), report.Shown("星期", func(r *row) any { return weekdayOf(r.Day) }), report.Shown("节假日", func(r *row) any { return r.Holiday }),
		report.Shown("班次", func(r *row) any { return r.Kind.Title() }), report.Shown("值班人员", func(r *row) any { return r.Name }), report.Shown("提醒", func(r *row) any {
			if r.Gap {
				return "缺人"
			}
			return ""
		})}}
	return sendSheets(c, v.Title+".xlsx", table.Filled(v.Days))
}

// planDuty plans a month, or plans it anew.
func (s *Server) planDuty(c *fiber.Ctx, by policy.Actor) error {
	community, month, seq := c.FormValue("community"), c.FormValue("month"), formSeq(c)
	err := s.stations.Service.PlanMonth(c.UserContext(), by, community, month, seq, seq > 0)
	if refused := refusedForm(err); len(refused) > 0 {
		c.Status(fiber.StatusUnprocessableEntity)
		return s.showDuty(c, by, "duty", refused[0].Message)
	}
	if err != nil {
		return err
	}
	return seeOther(c, dutyPath+"?community="+community+"&month="+month)
}

// swapEntry describes the form that changes who is on duty on a day.
func (s *Server) swapEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	v, err := s.dutyOf(c, by)
	if err != nil {
		return entry{}, err
	}
	day := c.Query("day", c.FormValue("day"))
	now, days := "缺人", []option{{"", "不对换，直接换人"}}
	for _, d := range v.Days {
		if d.Day.String() == day && d.Name != "" {
			now = d.Name
		}
		if d.Day.String() != day && d.Day.Compare(s.registered.Today()) >= 0 {
			days = append(days, option{d.Day.String(), d.Day.Chinese() + " " + d.Name})
		}
	}
	date, err := calendar.ParseDate(day)
	if err != nil {
		return entry{}, fault.New("web.swapEntry", fault.NotFound, "请在值班表里选要换班的一天")
	}
	back := v.Path
	return entry{title: "换班", nav: dutyPath, entryView: entryView{Crumbs: []crumb{{"值班表", back}}, Intro: v.Name + date.Chinese() + "，现在是" + now, Seq: v.Seq, Button: "换班", Back: back,
		Address: dutyPath + "/swap?community=" + v.Community + "&month=" + v.Month + "&day=" + day, Notes: []string{"选了对换的日期，两天的人互换；不选的，由所选的人来值班。"},
		Form: []field{{Name: "with", Label: "与哪一天对换", Options: days, Value: c.FormValue("with"), Optional: true},
			{Name: "worker", Label: "换成谁", Options: choicesOf("请选择", v.Workers), Value: c.FormValue("worker"), Optional: true}, reasonField(c, "换班的原因", "会记入变更日志")}}}, nil
}

// swapForm asks who takes the shift.
func (s *Server) swapForm(c *fiber.Ctx, by policy.Actor) error {
	e, err := s.swapEntry(c, by)
	if err != nil {
		return err
	}
	return s.showEntry(c, by, e, nil)
}

// swapDuty changes who is on duty.
func (s *Server) swapDuty(c *fiber.Ctx, by policy.Actor) error {
	e, err := s.swapEntry(c, by)
	if err != nil {
		return err
	}
	t := &typed{c: c}
	day, _ := calendar.ParseDate(c.Query("day"))
	with := t.date("with", "对换的日期")
	err = t.with(func(ctx context.Context) error {
		return s.stations.Service.Swap(ctx, by, c.Query("community"), c.Query("month"), formSeq(c), day, t.text("worker"), with, t.text("reason"))
	})
	return s.settled(c, by, e, err, "reason", e.Back)
}

// bookingsView is what bookings.html shows.
type bookingsView struct {
	Day, DayText, Before, After string
	Communities                 []option
	Community                   string
	Rows                        []bookingLine
	CanWrite                    bool
}

// bookingLine is one booking of a list.
type bookingLine struct {
	station.BookingRow
	// Place names its community where several are listed.
	Word, Settle, Place string
}

// bookingDay lists the bookings of a day.
func (s *Server) bookingDay(c *fiber.Ctx, by policy.Actor) error {
	markList(c)
	day := s.registered.On(c.UserContext())
	if asked, err := calendar.ParseDate(c.Query("day")); err == nil {
		day = asked
	}
	rows, err := s.stations.Service.BookingsOn(c.UserContext(), by, day, c.Query("community"))
	if err != nil {
		return err
	}
	options, err := s.bookCommunities(c.UserContext(), by, policy.ReadStation)
	if err != nil {
		return err
	}
	asked, among := c.Query("community"), ""
	if asked != "" {
		among = "&community=" + url.QueryEscape(asked)
	}
	slices.SortStableFunc(rows, func(a, b station.BookingRow) int { return strings.Compare(a.Community, b.Community) })
	v := bookingsView{Day: day.String(), DayText: day.Chinese() + " " + weekdayOf(day), Before: bookingsPath + "?day=" + day.Add(-1).String() + among, After: bookingsPath + "?day=" + day.Add(1).String() + among, Communities: options, Community: asked,
		CanWrite: s.guard.Allow(by, policy.WriteStation) && s.guard.Allow(by, policy.ReadStaff)}
	for _, row := range rows {
		line := bookingLine{BookingRow: row, Word: row.State.Title()}
		if i := slices.IndexFunc(options, func(o option) bool { return o.Value == row.Community }); i >= 0 && asked == "" && len(options) > 2 {
			line.Place = options[i].Label
		}
		if v.CanWrite && row.State.Open() {
			line.Settle = bookingsPath + "/" + row.Entry + "/" + v.Day + "/" + strconv.FormatInt(row.No, 10)
		}
		v.Rows = append(v.Rows, line)
	}
	return s.render(c, by, "bookings", page{Title: "预约", Nav: bookingsPath, Data: v})
}

// bookingEntry describes the form of a booking.
func (s *Server) bookingEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	options, err := s.bookableOptions(c.UserContext(), by)
	if err != nil {
		return entry{}, err
	}
	day := c.FormValue("day", c.Query("day", s.registered.Today().String()))
	return entry{title: "登记预约", nav: bookingsPath, entryView: entryView{Crumbs: []crumb{{"预约", bookingsPath}}, Intro: "功能室和窗口事项，由工作人员代为登记", Address: bookingsPath + "/new", Button: "登记预约", Back: bookingsPath,
		Notes: []string{"时间有冲突、超出开放时间的约不上。", "姓名、电话加密保存，只有本社区、乡镇党委和组织部看得到。"},
		Form: []field{{Name: "entry", Label: "预约什么", Options: options, Value: c.FormValue("entry", c.Query("entry"))}, {Name: "day", Label: "日期", Type: "date", Value: day},
			{Name: "hours", Label: "时间", Type: "text", Value: c.FormValue("hours"), Hint: "例如 14:00-15:30"}, {Name: "person", Label: "预约人", Type: "text", Value: c.FormValue("person")},
			{Name: "phone", Label: "联系电话", Type: "text", Mode: "tel", Value: c.FormValue("phone"), Optional: true}, {Name: "purpose", Label: "事由", Type: "text", Value: c.FormValue("purpose"), Optional: true}}}}, nil
}

// bookableOptions are the rooms and services that take bookings in the actor's scope; the value is book and row.
func (s *Server) bookableOptions(ctx context.Context, by policy.Actor) ([]option, error) {
	out := []option{{"", "请选择"}}
	for _, book := range []string{registry.BookRooms, registry.BookServices} {
		err := s.stations.Books.AllEntries(ctx, by, registry.EntryQuery{Book: book}, func(row registry.EntryRow) error {
			if row.Values["bookable"] == "yes" {
				label := row.CommunityName + " " + row.Name
				if row.Values["hours"] != "" {
					label += "（" + row.Values["hours"] + "）"
				}
				out = append(out, option{book + "/" + row.ID, label})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// bookingForm asks what is booked.
func (s *Server) bookingForm(c *fiber.Ctx, by policy.Actor) error {
	e, err := s.bookingEntry(c, by)
	if err != nil {
		return err
	}
	return s.showEntry(c, by, e, nil)
}

// bookTime books.
func (s *Server) bookTime(c *fiber.Ctx, by policy.Actor) error {
	t := &typed{c: c}
	in := station.BookingInput{Day: t.date("day", "日期"), Hours: t.text("hours"), Person: t.text("person"), Phone: t.text("phone"), Purpose: t.text("purpose")}
	for _, book := range []string{registry.BookRooms, registry.BookServices} {
		if entry := t.text("entry"); len(entry) > len(book) && entry[:len(book)+1] == book+"/" {
			in.Book, in.Entry = book, entry[len(book)+1:]
		}
	}
	err := t.with(func(ctx context.Context) error {
		_, err := s.stations.Service.BookTime(ctx, by, in)
		return err
	})
	if err == nil {
		return seeOther(c, bookingsPath+"?day="+in.Day.String())
	}
	e, formErr := s.bookingEntry(c, by)
	if formErr != nil {
		return formErr
	}
	return s.settled(c, by, e, err, "hours", bookingsPath)
}

// settleEntry describes the form that says what became of a booking.
func (s *Server) settleEntry(c *fiber.Ctx) entry {
	at := c.Params("entry") + "/" + c.Params("day") + "/" + c.Params("no")
	return entry{title: "办理预约", nav: bookingsPath, entryView: entryView{Crumbs: []crumb{{"预约", bookingsPath + "?day=" + c.Params("day")}}, Intro: "到了、没有到，或者取消；登记以后不能再改", Address: bookingsPath + "/" + at,
		Button: "登记结果", Back: bookingsPath + "?day=" + c.Params("day"),
		Form: []field{{Name: "state", Label: "结果", Value: c.FormValue("state"), Options: []option{{"", "请选择"}, {string(station.Came), station.Came.Title()}, {string(station.Missed), station.Missed.Title()}, {string(station.Cancelled), "取消预约"}}},
			{Name: "reason", Label: "取消的原因", Rows: 2, Value: c.FormValue("reason"), Optional: true}}}}
}

// settleForm asks what became of a booking, and says which one it is.
func (s *Server) settleForm(c *fiber.Ctx, by policy.Actor) error {
	none := fault.New("web.settleForm", fault.NotFound, "没有找到这个预约")
	day, err := calendar.ParseDate(c.Params("day"))
	if err != nil {
		return none
	}
	rows, err := s.stations.Service.BookingsOn(c.UserContext(), by, day, "")
	if err != nil {
		return err
	}
	no, _ := c.ParamsInt("no")
	i := slices.IndexFunc(rows, func(r station.BookingRow) bool { return r.Entry == c.Params("entry") && r.No == int64(no) })
	if i < 0 {
		return none
	}
	e := s.settleEntry(c)
	e.Intro = joinWords(rows[i].Name, day.Chinese(), rows[i].Hours, rows[i].Person) + "。" + e.Intro
	return s.showEntry(c, by, e, nil)
}

// settleBooking says what became of a booking.
func (s *Server) settleBooking(c *fiber.Ctx, by policy.Actor) error {
	e := s.settleEntry(c)
	t := &typed{c: c}
	no, _ := c.ParamsInt("no")
	day, err := calendar.ParseDate(c.Params("day"))
	if err == nil {
		err = s.stations.Service.SettleBooking(c.UserContext(), by, c.Params("entry"), day, int64(no), station.BookingState(t.text("state")), t.text("reason"))
	}
	return s.settled(c, by, e, err, "state", e.Back)
}

package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision/deliberation"
)

// sends sends the form of a page that leads to an address, with fields filled in, as the one who is signed in, without opening the page; it returns status and text of the answer, 0 if the page offers him no such form.
func (tb *tab) sends(t *testing.T, page, action string, values map[string]string) (status int64, text string) {
	t.Helper()
	fields, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	answer := value[string](t, tb, fmt.Sprintf(`(async () => {
		const read = async r => new DOMParser().parseFromString(await r.text(), "text/html");
		const form = (await read(await fetch(%q))).querySelector('form[action=%q]');
		if (!form) return "0 no form";
		const body = new URLSearchParams(new FormData(form));
		for (const [name, value] of Object.entries(%s || {})) body.set(name, value);
		const r = await fetch(form.getAttribute("action"), {method: "POST", body});
		return r.status + " " + (await read(r)).body.textContent;
	})()`, page, action, fields), chromedp.EvalAwaitPromise)
	if _, err := fmt.Sscanf(answer, "%d", &status); err != nil {
		t.Fatal(err)
	}
	return status, answer
}

// journeyDeliberation is journey 11 with the community whose secretary's login is given, on phones: a shade before a lift divides two buildings, is worded, enquired, talked over on benches, shown, and done by three
// units, one of whom gets more time; a fee change is stopped until the owners' vote is recorded.
func journeyDeliberation(t *testing.T, tb *tab, f *Fixture, login string, officer policy.Actor, community string) {
	t.Helper()
	ctx, key := context.Background(), policy.CommunityKey(community)
	found, err := f.Register.Projects(ctx, officer, registry.ProjectQuery{Text: "望湖苑"})
	if err != nil || len(found.Rows) != 1 {
		t.Fatal(found, err)
	}
	project, firm := found.Rows[0].ID, found.Rows[0].Firm
	for _, who := range []struct {
		login string
		at    policy.Appointment
	}{{"talks", policy.Appointment{Role: "community_worker", Unit: key, Scopes: []string{key}}}, {"builds", policy.Appointment{Role: "firm_manager", Unit: policy.FirmKey(firm), Scopes: []string{policy.FirmKey(firm)}}},
		{"urges", policy.Appointment{Role: "dispatcher", Scopes: []string{policy.TownshipKey("360428100000")}}}} {
		if err := f.Appoint(ctx, who.login, "姓名"+who.login, who.at); err != nil {
			t.Fatal(err)
		}
	}
	today, page := f.Register.Today().String(), ""
	// does sends the form of a step; the last word of it is that of its fields.
	does := func(step string, want int64, values ...string) string {
		t.Helper()
		fields := map[string]string{}
		for i := 0; i < len(values); i += 2 {
			fields[step+"-"+values[i]] = values[i+1]
		}
		status, text := tb.sends(t, page, page+"/"+step, fields)
		if status != want {
			t.Fatalf("%s answers %d: %.600s", step, status, text)
		}
		return text
	}
	as := func(login string) {
		t.Helper()
		signIn(t, tb, f, login, Password)
	}
	collect := func(problem string) {
		t.Helper()
		tb.do(t, chromedp.SetValue("#project", project), chromedp.SetValue("#source", "resident"), chromedp.SetValue("#found", today), chromedp.SetValue("#problem", problem))
		tb.press(t, `form[action="/deliberation/new"] button`)
		tb.until(t, `/^\/deliberation\/[0-9a-f]+$/.test(location.pathname)`)
		page = value[string](t, tb, "location.pathname")
	}
	meeting := ""
	talked := func(outcome, agreed, decision string) { // on benches, the same evening
		t.Helper()
		const form = "/deliberation/meetings/new"
		if status, text := tb.sends(t, form, form, map[string]string{"community": community, "kind": "bench", "on": today, "at": "19:30", "spot": "北门凉亭", "invited-residents": "8", "invited-firm": "1", "firm-firm": firm}); status != 200 {
			t.Fatalf("a meeting is not called: %d %.600s", status, text)
		}
		open, err := f.Deliberations.Meetings(ctx, officer, deliberation.MeetingFilter{Open: true})
		if err != nil || len(open) == 0 {
			t.Fatal(open, err)
		}
		id := ""
		for _, m := range open {
			if m.State.State == deliberation.Planned {
				id = m.ID
			}
		}
		does("schedule", 200, "meeting", id)
		meeting = "/deliberation/meetings/" + id
		if status, text := tb.sends(t, meeting, meeting+"/hold", map[string]string{"hold-present-residents": "7", "hold-present-firm": "1", "hold-minutes": "各方说明情况，逐件商议。"}); status != 200 {
			t.Fatalf("no minutes: %d %.600s", status, text)
		}
		does("decide", 200, "outcome", outcome, "agreed", agreed, "decision", decision)
	}
	// shown is written by one and reviewed by another.
	shown := func(words string) {
		t.Helper()
		does("draft", 200, "words", words)
		as(login)
		does("publish", 200)
	}

	as("talks")
	tb.open(t, f.Base+"/deliberation/new", widths[1].width, widths[1].height)
	tb.lookAt(t, "deliberation-new", 200)
	collect("电梯前室的遮阳棚挡光，两栋楼意见不一" + Hostile[:30])
	tb.lookAt(t, "deliberation-collected", 200)
	does("topic", 200, "title", "电梯前室遮阳棚怎么改", "class", "minor", "subject", "parking")
	does("enquire", 200, "enquired", today, "findings", "走访两栋楼，多数同意保留但要改小")
	talked("agreed", "6", "改为半透明材料，由物业服务企业更换")
	shown("电梯前室遮阳棚改为半透明材料，由物业服务企业更换。")
	for _, task := range [][]string{{"what", "更换遮阳棚材料", "to", "firm", "firm", firm, "days", "5"}, {"what", "公示更换方案和时间", "to", "community", "days", "3"}, {"what", "查看前室的消防条件", "to", "department", "unit", "消防救援大队", "days", "5"}} {
		does("task", 200, task...)
	}
	// The firm asks for more time on its phone, the township grants it, and the to-do page counts from the new deadline.
	as("builds")
	tb.open(t, f.Base+page, widths[1].width, widths[1].height)
	value[bool](t, tb, `[...document.querySelectorAll("details")].forEach(d => d.open = true), true`)
	tb.do(t, chromedp.SetValue("#more0-days", "3"), chromedp.SetValue("#more0-why", "材料还没有到货"))
	tb.press(t, `form[action="`+page+`/more0"] button`)
	tb.until(t, `document.body.innerText.includes("材料还没有到货；等答复")`)
	as("urges")
	does("grant0", 200, "answer", "yes")
	as("builds")
	tb.open(t, f.Base+"/todo", widths[1].width, widths[1].height)
	tb.says(t, "办理议事任务：更换遮阳棚材料")
	does("report0", 200, "report", "已经更换完毕，请核实")
	as(login)
	does("report1", 200, "report", "已经在两栋楼公示三天")
	does("report2", 200, "report", "消防救援大队看过，符合要求")
	if status, _ := tb.sends(t, page, page+"/verify1", nil); status != 0 {
		t.Errorf("who reported is offered to verify: %d", status)
	}
	does("verify0", 200)
	as("talks")
	does("verify1", 200)
	does("verify2", 200)
	does("finish", 200, "result", "遮阳棚已经更换，两栋楼没有意见")
	if status, text := tb.sends(t, meeting, meeting+"/archive", nil); status != 200 {
		t.Fatalf("the minutes are not closed: %d %.600s", status, text)
	}
	tb.look(t, f, []opened{{"deliberation-done", page, 200}, {"deliberation-minutes", meeting, 200}})
	tb.says(t, "遮阳棚已经更换，两栋楼没有意见")

	// A fee change waits for the owners.
	tb.open(t, f.Base+"/deliberation/new", widths[1].width, widths[1].height)
	collect("物业服务企业提出上调物业费，居民意见不一")
	does("topic", 200, "title", "物业费要不要调整", "class", "minor", "subject", "fee")
	does("enquire", 200, "enquired", today, "findings", "走访三栋楼，一半的人同意先公开账目")
	talked("owners", "5", "先公开账目，提请业主大会表决")
	shown("物业费是否调整由业主大会表决，表决以前不调整。")
	if status, _ := tb.sends(t, page, page+"/finish", nil); status != 0 {
		t.Errorf("a fee change without a vote can be closed as solved: %d", status)
	}
	tb.look(t, f, []opened{{"deliberation-awaiting", page, 200}})
	tb.says(t, "待业主大会表决")
	all := registry.Owners{Area: num.FromInt(4000), Heads: 400}
	day := f.Register.Today()
	vote, err := f.Register.RecordVote(ctx, officer, project, registry.VoteInput{Matter: "m9", Title: "物业费调整", Notified: day.Add(-30), Held: day, All: all, Joined: registry.Owners{Area: num.FromInt(3000), Heads: 300}, Agreed: registry.Owners{Area: num.FromInt(2000), Heads: 200}})
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	if text := does("vote", 200, "vote", vote); !strings.Contains(text, "表决，通过") || !strings.Contains(text, "执行中") {
		t.Errorf("after the vote: %.600s", text)
	}
	tb.signOut(t)
	tb.look(t, f, []opened{{"deliberation-results", "/deliberation/results", 200}})
	tb.says(t, "半透明材料", "表决以前不调整")
}

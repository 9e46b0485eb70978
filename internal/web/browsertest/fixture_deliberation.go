package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/supervision/deliberation"
)

// fixtureLists are lists of deliberation with everything that a page shows of one; the two lists of 五必议 and 三不议 are set.
const fixtureLists = `agree_over: 50
must: [{id: a, title: 公共设施建设改造}, {id: b, title: 公共收益使用}, {id: c, title: 物业选聘}, {id: d, title: 停车秩序}, {id: e, title: 群众反映强烈的矛盾}]
never: [{id: f, title: 违反法律政策的}, {id: g, title: 已进入司法程序的}, {id: h, title: 超出社区职权的}]
sources: [{id: resident, title: 居民反映}]
classes: [{id: minor, title: 小事, within: ten.days, enquiry: true}, {id: urgent, title: 急事, within: ten.days}]
subjects: [{id: parking, title: 停车秩序}, {id: fee, title: 物业服务收费调整, reserved: m9}]
seats: [{id: residents, title: 居民代表}, {id: firm, title: 物业服务企业, firm: true}, {id: department, title: 部门、单位, unit: true}]
kinds: [{id: bench, title: 板凳议事会, least: 3, percent: 50, seats: [residents]}]
`

// openDeliberation opens deliberation over the register; every deadline is ten days, so that no calendar is needed.
func (f *Fixture) openDeliberation(ctx context.Context, guard *policy.Guard, now func() time.Time) error {
	terms, err := deliberation.ParseTerms("deliberation.yaml", []byte(fixtureLists), func(string) bool { return true })
	if err != nil {
		return err
	}
	f.Deliberations, err = deliberation.New(ctx, deliberation.Config{DB: f.DB, Guard: guard, Now: now, Register: f.Register, Terms: terms, Deadlines: tenDays, Days: &calendar.Calendar{}})
	return err
}

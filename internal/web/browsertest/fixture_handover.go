package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/handover"
)

// fewObjects is a checklist that is quickly walked.
const fewObjects = `format: 1
handover: "1"
title: 物业承接查验清单
basis: 《物业承接查验办法》
conditions:
  - {id: accepted, name: 竣工验收合格并已竣工备案}
  - {id: equipment, name: 电梯、消防等取得使用合格证书并调试合格}
documents:
  - {id: drawings, name: 竣工图}
  - {id: owners, name: 业主名册}
groups:
  - id: parts
    name: 共用部位
    objects:
      - {id: roof, name: 屋顶, sentence: 防水完好、排水通畅，蓄水或淋水后不渗漏, method: 试验}
      - {id: rails, name: 扶手、护栏, sentence: 牢固，高度和间距与竣工图一致, method: 检测, kinds: [high]}
  - id: facilities
    name: 共用设施
    site: true
    objects:
      - {id: roads, name: 道路, sentence: 路面平整、不积水，消防车能通过, method: 观察}
`

// openHandovers opens handover inspections over the register: each period is thirty days.
func (f *Fixture) openHandovers(ctx context.Context, db *store.DB, guard *policy.Guard, register *registry.Register, now func() time.Time) error {
	list, err := handover.ParseList("few.yaml", []byte(fewObjects))
	if err != nil {
		return err
	}
	thirty := func(rule string, start calendar.Date) (calendar.Deadline, error) {
		return calendar.Deadline{Rule: rule, Start: start, N: 30, Unit: calendar.UnitDay, Basis: "《物业承接查验办法》", Due: start.Add(30)}, nil
	}
	service, err := handover.New(ctx, handover.Config{DB: db, Guard: guard, Estate: register, Filings: f.Filings, Deadlines: thirty, List: list, Hash: handover.Hash([]byte(fewObjects)), Keeper: files.NewKeeper(db, ""), Now: now})
	f.Handovers = &web.Handovers{Service: service, Photos: web.Pictures{Keeper: files.NewKeeper(db, "")}}
	return err
}

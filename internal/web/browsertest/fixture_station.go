package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/station"
)

// fewBooks have the columns that the program needs and one of each kind.
const fewBooks = `premises_norm: "350.00"
norm_basis: 演示的通知
books:
  - id: premises
    title: 办公用房
    unit: 处
    about: 一居一策
    rights: station
    key: [name]
    number: area
    fields:
      - {id: name, label: 用房名称, kind: text, required: true, find: true}
      - {id: area, label: 面积（平方米）, kind: decimal, required: true, list: true, sum: true}
      - {id: from, label: 启用日期, kind: date}
      - {id: until, label: 使用截止日, kind: date, expires: true}
      - {id: problem, label: 存在的问题, kind: text}
      - {id: solved, label: 销号日期, kind: date, past: true}
  - id: rooms
    title: 功能室
    unit: 间
    about: 三大功能区的功能室
    rights: station
    key: [name]
    fields:
      - {id: name, label: 名称, kind: text, required: true, find: true}
      - {id: zone, label: 功能区, kind: choice, required: true, filter: true, list: true, choices: [{id: service, text: 公共服务}, {id: council, text: 协商议事}]}
      - {id: hours, label: 开放时间, kind: hours, list: true}
      - {id: bookable, label: 可以预约, kind: choice, required: true, choices: [{id: "yes", text: 可以}, {id: "no", text: 不可以}]}
      - {id: places, label: 同时接待, kind: whole}
  - id: services
    title: 窗口服务事项
    unit: 项
    about: 一窗通办的事项清单
    rights: station
    key: [name]
    fields:
      - {id: name, label: 事项, kind: text, required: true, find: true}
      - {id: hours, label: 办理时间, kind: hours, list: true}
      - {id: bookable, label: 可以预约, kind: choice, required: true, choices: [{id: "yes", text: 可以}, {id: "no", text: 不可以}]}
      - {id: places, label: 同时接待, kind: whole}
  - id: sharing
    title: 阵地共用
    unit: 份
    about: 企业共用功能室
    rights: station
    key: [number]
    day: until
    fields:
      - {id: number, label: 协议编号, kind: text, required: true, find: true}
      - {id: room, label: 功能室, kind: ref, of: rooms, required: true, list: true}
      - {id: firm, label: 物业服务企业, kind: firm, required: true, list: true}
      - {id: until, label: 截止日, kind: date, expires: true, list: true}
  - id: standard
    title: 规范化核查
    unit: 次
    about: 标识与功能布局核查
    rights: station
    key: [day]
    day: day
    proposal: true
    fields:
      - {id: day, label: 核查日期, kind: date, required: true, past: true}
      - {id: sign, label: 外部标识规范, kind: check, required: true}
      - {id: note, label: 说明, kind: long}
  - id: workers
    title: 社区工作者
    unit: 名
    about: 配备、培训、考核和持证
    rights: station
    key: [code]
    day: from
    fields:
      - {id: code, label: 编号, kind: text, required: true}
      - {id: name, label: 姓名, kind: person, required: true, find: true, list: true}
      - {id: phone, label: 电话, kind: phone}
      - {id: from, label: 任职日期, kind: date, required: true, past: true, list: true}
      - {id: until, label: 聘期截止日, kind: date, after: from, expires: true}
      - {id: duty, label: 参加值班, kind: choice, required: true, choices: [{id: "yes", text: 参加}, {id: "no", text: 不参加}]}
      - {id: allowance, label: 补贴（元/月）, kind: money, personal: true}
  - id: crossings
    title: 交叉任职
    unit: 条
    about: 企业人员在社区的任职
    rights: station
    key: [code]
    fields:
      - {id: code, label: 编号, kind: text, required: true}
      - {id: name, label: 姓名, kind: person, required: true, find: true, list: true}
      - {id: firm, label: 物业企业, kind: firm, required: true, list: true}
      - {id: post, label: 企业职务, kind: choice, required: true, choices: [{id: manager, text: 项目负责人}]}
      - {id: seat, label: 兼任职务, kind: choice, required: true, choices: [{id: party, text: 社区党组织兼职委员}]}
      - {id: from, label: 任职日期, kind: date, required: true, past: true}
      - {id: until, label: 任期截止日, kind: date, after: from, expires: true}
  - id: units
    title: 共建单位
    unit: 家
    about: 与社区结对共建的单位
    rights: station
    key: [name]
    fields:
      - {id: name, label: 单位名称, kind: text, required: true, find: true}
  - id: teams
    title: 志愿服务队
    unit: 支
    about: 党员志愿服务队
    rights: station
    key: [name]
    fields:
      - {id: name, label: 队名, kind: text, required: true, find: true}
  - id: supplies
    title: 供给清单
    unit: 项
    about: 谁能为居民做什么
    rights: supply
    key: [name, giver]
    watch: 14
    fields:
      - {id: name, label: 服务内容, kind: text, required: true, find: true}
      - {id: giver, label: 谁提供, kind: helper, required: true, find: true, list: true}
      - {id: kind, label: 种类, kind: choice, required: true, filter: true, list: true, choices: [{id: repair, text: 小修小补}, {id: care, text: 陪伴照料}]}
      - {id: place, label: 服务范围, kind: text}
      - {id: hours, label: 服务时间, kind: hours}
      - {id: orders, label: 同时能接（单）, kind: whole}
      - {id: from, label: 起始日, kind: date}
      - {id: until, label: 截止日, kind: date, after: from, expires: true}
  - id: papers
    title: 政策文件
    unit: 份
    about: 公开的任何人都能查
    rights: paper
    key: [number]
    files: true
    fields:
      - {id: number, label: 文号, kind: text, required: true, find: true}
      - {id: title, label: 标题, kind: text, required: true, find: true, list: true, most: 100}
      - {id: replaces, label: 替代的文件, kind: text, find: true}
      - {id: open, label: 公开, kind: choice, required: true, filter: true, choices: [{id: "yes", text: 公开}, {id: "no", text: 内部}]}
`

// openStations opens the books of stations and papers over the register.
func (f *Fixture) openStations(ctx context.Context, guard *policy.Guard, now func() time.Time) error {
	set, err := registry.ParseBooks("few.yaml", []byte(fewBooks))
	if err != nil {
		return err
	}
	keeper := files.NewKeeper(f.DB, "")
	books, err := registry.NewBooks(ctx, f.Register, set, keeper)
	if err != nil {
		return err
	}
	five := func(rule string, start calendar.Date) (calendar.Deadline, error) {
		return calendar.Deadline{Rule: rule, Start: start, N: 5, Unit: calendar.UnitDay, Basis: "建议", Due: start.Add(5)}, nil
	}
	service, err := station.New(ctx, station.Config{DB: f.DB, Books: books, Guard: guard, Files: keeper, Days: &calendar.Calendar{}, Deadlines: five, Now: now})
	f.Stations = &web.Stations{Books: books, Service: service}
	return err
}

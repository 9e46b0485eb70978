package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"redsteward/configs"
	"redsteward/internal/fault"
	"redsteward/internal/schedule"
	"redsteward/internal/web"
	"redsteward/internal/yamlstrict"
)

// config is redsteward.yaml: what every key means stands in the embedded file, configs/redsteward.yaml. A field without a value takes what stands there.
type config struct {
	Listen  string `yaml:"listen"`
	Metrics string `yaml:"metrics"`
	Store   struct {
		URI       string `yaml:"uri"`
		MasterKey string `yaml:"master_key"`
	} `yaml:"store"`
	TLS struct {
		Mode        tlsMode  `yaml:"mode"`
		Cert        string   `yaml:"cert"`
		Key         string   `yaml:"key"`
		Hosts       []string `yaml:"hosts"`
		BehindProxy bool     `yaml:"behind_proxy"`
	} `yaml:"tls"`
	Site struct {
		Name      string `yaml:"name"`
		Unit      string `yaml:"unit"`
		Authority string `yaml:"authority"`
		// Rating is the legal name of the rating; RatingApproval the number of the approval that a name with words of creation, demonstration, commendation or naming needs.
		Rating         string `yaml:"rating"`
		RatingApproval string `yaml:"rating_approval"`
	} `yaml:"site"`
	Archive struct {
		// Permanent and Years30 are kinds of files (web.VolumeKinds) that are kept for good and for 30 years.
		Permanent []string `yaml:"permanent"`
		Years30   []string `yaml:"years_30"`
	} `yaml:"archive"`
	Session struct {
		Idle      time.Duration `yaml:"idle"`
		IdleField time.Duration `yaml:"idle_field"`
		Longest   time.Duration `yaml:"longest"`
	} `yaml:"session"`
	Log struct {
		Level logLevel `yaml:"level"`
	} `yaml:"log"`
	HTTP struct {
		BodyBytes  int           `yaml:"body_bytes"`
		Timeout    time.Duration `yaml:"timeout"`
		StopWithin time.Duration `yaml:"stop_within"`
	} `yaml:"http"`
	Files struct {
		Deadlines  string   `yaml:"deadlines"`
		Divisions  string   `yaml:"divisions"`
		RolesModel string   `yaml:"roles_model"`
		Roles      string   `yaml:"roles"`
		Holidays   []string `yaml:"holidays"`
		Checklists []string `yaml:"checklists"`
		// Handover is the checklist of handover inspections.
		Handover string `yaml:"handover"`
		// Fund says what claims and refunds of the guarantee fund go by.
		Fund string `yaml:"fund"`
		// Books says which columns the registers of stations, teams and papers have.
		Books string `yaml:"books"`
		// Confirmations says which facts are confirmed level by level.
		Confirmations string `yaml:"confirmations"`
		// Approvals says who approves what, level by level.
		Approvals string `yaml:"approvals"`
		// Modules says which modules are on, and who is responsible for each.
		Modules string `yaml:"modules"`
		// Matters says who reports what to whom.
		Matters string `yaml:"matters"`
		// Filings says what is filed.
		Filings string `yaml:"filings"`
		// Conduct are the classes and terms of 失信信息, 行业评价记录 and 表彰奖励.
		Conduct string `yaml:"conduct"`
		// Inspections is the list of what is inspected (行政检查事项清单).
		Inspections string `yaml:"inspections"`
		// Deliberation are the lists of 红色议事.
		Deliberation string `yaml:"deliberation"`
		// Standing are the grounds of 降星 and 摘牌 and the documents on which they can rest.
		Standing string `yaml:"standing"`
		// Numbers are the series of document numbers (文号).
		Numbers string `yaml:"numbers"`
		// Repairs says what a repair log has, what is in time and how much is called back.
		Repairs string `yaml:"repairs"`
		// Vetoes are the grounds of 一票否决 and the documents on which they can stand.
		Vetoes string `yaml:"vetoes"`
		// Lists say what the 红榜 and the 整改提示榜 hold.
		Lists string `yaml:"lists"`
		// Returns are the statistical returns (报表台).
		Returns string `yaml:"returns"`
		// Applications say until when firms apply for a star, how long each level takes, and what the pledge says.
		Applications string `yaml:"applications"`
		// Coach are the actions of firms for their stars (争星晋位).
		Coach string `yaml:"coach"`
		// Messages says by which gateways messages go out, when, and what they say.
		Messages string `yaml:"messages"`
		// Wishes are the kinds of small wishes (微心愿).
		Wishes string `yaml:"wishes"`
		// Satisfaction is the questionnaire of surveys and how many answers they need.
		Satisfaction string `yaml:"satisfaction"`
		// Ranges says by which assumptions results are tried and what is near a cut.
		Ranges string `yaml:"ranges"`
		// SchemeQuarter and SchemeYear are the schemes of the rating cycle.
		SchemeQuarter string `yaml:"scheme_quarter"`
		SchemeYear    string `yaml:"scheme_year"`
	} `yaml:"files"`
	Print struct {
		// Chromium is the program that makes PDFs of papers, "" for none.
		Chromium string `yaml:"chromium"`
	} `yaml:"print"`
	Backup struct {
		// Folder is where the scheduled backup goes, "" for none; Keep how many are kept, 0 for all.
		Folder string `yaml:"folder"`
		Keep   int    `yaml:"keep"`
		// DrillWithin is after how many days without a drill of restoring doctor tells a problem, 0 for never.
		DrillWithin int `yaml:"drill_within"`
	} `yaml:"backup"`
	Intake struct {
		// Folder is where sealed files of the outer zone arrive, "" for none; Secret is the file with the key that opens them.
		Folder string `yaml:"folder"`
		Secret string `yaml:"secret"`
	} `yaml:"intake"`
	Schedule struct {
		// BackUp is when the data is backed up into Backup.Folder.
		BackUp string `yaml:"back_up"`
		// CheckUp is when the whole check of doctor is made.
		CheckUp string `yaml:"check_up"`
		// EvaluateQuarter is when quarters whose cut-off has passed are evaluated.
		EvaluateQuarter string `yaml:"evaluate_quarter"`
		// MoveWindows is when periods are opened and closed whose day has come.
		MoveWindows string `yaml:"move_windows"`
		// RemoveFiles is when files that were uploaded and never handed in are removed.
		RemoveFiles string `yaml:"remove_files"`
		// DrawRepairs is when the repairs of the month that ended are drawn that are called back.
		DrawRepairs string `yaml:"draw_repairs"`
		// DrawAudits is when proof is drawn for the random audit.
		DrawAudits string `yaml:"draw_audits"`
		// MatterFeedback is when townships and departments are told of the month and quarter that ended.
		MatterFeedback string `yaml:"matter_feedback"`
		// DraftReturns is when drafts are made of the returns that are due.
		DraftReturns string `yaml:"draft_returns"`
		// SendCollections is when the tasks of collection that come back in every period are handed out.
		SendCollections string `yaml:"send_collections"`
		// RemindDue is when who must act is reminded of the clocks of stars; RemindBefore is how many days before the last day.
		RemindDue    string `yaml:"remind_due"`
		RemindBefore int64  `yaml:"remind_before"`
		// ForgetBookings is when names and phones of bookings and repairs are destroyed whose term has passed.
		ForgetBookings string `yaml:"forget_bookings"`
	} `yaml:"schedule"`
	BusinessClock startTime `yaml:"business_clock"`
}

// tlsMode is how the service encrypts: off, own or files.
type tlsMode string

func (m *tlsMode) UnmarshalText(text []byte) error {
	if !slices.Contains([]string{"off", "own", "files"}, string(text)) {
		return errors.New("只能是 off、own 或 files")
	}
	*m = tlsMode(text)
	return nil
}

// logLevel is the least level that is logged.
type logLevel slog.Level

func (l *logLevel) UnmarshalText(text []byte) error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, string(text)) {
		return errors.New("只能是 debug、info、warn 或 error")
	}
	return (*slog.Level)(l).UnmarshalText(text)
}

// startTime is the instant from which a clock runs; zero for the real one.
type startTime struct{ time.Time }

func (s *startTime) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = startTime{}
		return nil
	}
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return errors.New("要写成 2026-10-19T09:00:00+08:00 这样")
	}
	*s = startTime{t}
	return nil
}

const (
	// configName is the embedded file with the defaults.
	configName = "redsteward.yaml"
	// envPrefix begins the name of every environment variable of ours.
	envPrefix = "REDSTEWARD_"
)

// otherEnv lists our environment variables that are no key of the configuration.
var otherEnv = []string{"REDSTEWARD_CONFIG", migrateURI, "REDSTEWARD_DATA", "REDSTEWARD_DATA_REQUIRED", "REDSTEWARD_TEST_MONGODB_URI"}

// loadConfig puts the configuration together: embedded defaults, then the file (the named one, or that of REDSTEWARD_CONFIG, or none), then the environment, then
// key=value settings. Returns Invalid with every mistake of the first of these that has one.
func loadConfig(file string, env, settings []string) (*config, error) {
	defaults, err := configs.Files.ReadFile(configName)
	if err != nil {
		return nil, fmt.Errorf("embedded defaults: %w", err)
	}
	c := &config{}
	if err := yamlstrict.Decode(configName, defaults, c).Err(); err != nil {
		return nil, err
	}
	if file == "" {
		file, _ = lookup(env, envPrefix+"CONFIG")
	}
	if file != "" {
		data, err := readInput(file)
		if err != nil {
			return nil, err
		}
		if err := parseConfig(file, data, c); err != nil {
			return nil, err
		}
	}
	if err := c.override(env, settings); err != nil {
		return nil, err
	}
	return c, c.consistent()
}

// parseConfig reads a configuration file over the values that c has.
func parseConfig(file string, data []byte, c *config) error {
	doc := yamlstrict.Decode(file, data, c)
	if u, err := url.Parse(c.Store.URI); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			doc.Add("store.uri", "口令不能写在配置文件里，请放进环境变量 REDSTEWARD_STORE_URI")
		}
	}
	return doc.Err()
}

// override applies environment variables and key=value settings, in that order.
func (c *config) override(env, settings []string) error {
	keys := c.keys()
	names := map[string]string{}
	for key := range keys {
		names[envPrefix+strings.ToUpper(strings.ReplaceAll(key, ".", "_"))] = key
	}
	var faults []fault.Field
	set := func(from, key, value string) {
		for _, f := range setKey(keys[key], key, value) {
			faults = append(faults, fault.Field{Name: from, Message: f.Message})
		}
	}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(otherEnv, name) {
			continue
		}
		if key, ok := names[name]; ok {
			set(name, key, value)
			continue
		}
		faults = append(faults, fault.Field{Name: name, Message: "没有这个环境变量，请对照配置文件里的键"})
	}
	for _, entry := range settings {
		key, value, found := strings.Cut(entry, "=")
		switch _, ok := keys[key]; {
		case !found:
			faults = append(faults, fault.Field{Name: "--set " + entry, Message: "要写成 键=值，例如 --set listen=127.0.0.1:8081"})
		case !ok:
			faults = append(faults, fault.Field{Name: "--set " + entry, Message: "没有 " + key + " 这个键"})
		default:
			set("--set "+key, key, value)
		}
	}
	if len(faults) > 0 {
		return fault.InvalidFields("cmd.override", faults...)
	}
	return nil
}

// keys maps every key with its dots to its place in c.
func (c *config) keys() map[string]reflect.Value {
	found := map[string]reflect.Value{}
	var walk func(v reflect.Value, prefix string)
	walk = func(v reflect.Value, prefix string) {
		for i := range v.NumField() {
			key := prefix + v.Type().Field(i).Tag.Get("yaml")
			if f := v.Field(i); f.Kind() == reflect.Struct && f.Type() != reflect.TypeFor[startTime]() {
				walk(f, key+".")
			} else {
				found[key] = f
			}
		}
	}
	walk(reflect.ValueOf(c).Elem(), "")
	return found
}

// setKey gives one key the value that a text means; a list is written with commas.
func setKey(v reflect.Value, key, value string) []fault.Field {
	if v.Kind() == reflect.Slice {
		var list []string
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		v.Set(reflect.ValueOf(list))
		return nil
	}
	return fault.FieldsOf(yamlstrict.SetText(v, key, value))
}

// consistent checks what no single key can show.
func (c *config) consistent() error {
	var faults []fault.Field
	add := func(key, message string) { faults = append(faults, fault.Field{Name: key, Message: message}) }
	for key, address := range map[string]string{"listen": c.Listen, "metrics": c.Metrics} {
		if _, _, err := net.SplitHostPort(address); err != nil && (address != "" || key == "listen") {
			add(key, fmt.Sprintf("要写成 地址:端口，例如 127.0.0.1:8080，现在是 %q", address))
		}
	}
	for key, name := range map[string]string{"site.rating": c.Site.Rating, "site.name": c.Site.Name} {
		if word := approvedWord(name); word != "" && strings.TrimSpace(c.Site.RatingApproval) == "" {
			add(key, "名称写有“"+word+"”，要先经批准，把批准文号写在 site.rating_approval（《创建示范活动管理办法》）；没有批准的，用“物业服务星级评价（行业评价）”")
		}
	}
	for key, list := range map[string][]string{"archive.permanent": c.Archive.Permanent, "archive.years_30": c.Archive.Years30} {
		for _, kind := range list {
			if !slices.Contains(web.VolumeKinds(), kind) {
				add(key, "没有“"+kind+"”这种案卷，只能是"+strings.Join(web.VolumeKinds(), "、"))
			}
		}
	}
	if c.Store.URI == "" {
		add("store.uri", "要写数据文件夹或 mongodb:// 地址")
	}
	if c.onMongo() && c.Store.MasterKey == "" {
		add("store.master_key", "用 MongoDB 时要写主密钥文件的路径，各台机器放同一份")
	}
	if c.TLS.Mode == "files" && (c.TLS.Cert == "" || c.TLS.Key == "") {
		add("tls.cert", "tls.mode 是 files 时，tls.cert 和 tls.key 都要写")
	}
	if c.TLS.Mode != "files" && c.TLS.Cert+c.TLS.Key != "" {
		add("tls.mode", "写了证书文件，tls.mode 要写 files")
	}
	for key, d := range map[string]time.Duration{"session.idle": c.Session.Idle, "session.idle_field": c.Session.IdleField, "session.longest": c.Session.Longest} {
		if d < time.Minute || d > 24*time.Hour {
			add(key, fmt.Sprintf("要在 1m 到 24h 之间，现在是 %s", d))
		}
	}
	for name, spec := range map[string]string{"evaluate_quarter": c.Schedule.EvaluateQuarter, "move_windows": c.Schedule.MoveWindows, "remove_files": c.Schedule.RemoveFiles, "draw_repairs": c.Schedule.DrawRepairs, "draw_audits": c.Schedule.DrawAudits, "matter_feedback": c.Schedule.MatterFeedback, "send_collections": c.Schedule.SendCollections, "forget_bookings": c.Schedule.ForgetBookings, "draft_returns": c.Schedule.DraftReturns, "remind_due": c.Schedule.RemindDue, "back_up": c.Schedule.BackUp, "check_up": c.Schedule.CheckUp} {
		if err := schedule.Check(spec); err != nil {
			add("schedule."+name, fault.MessageOf(err))
		}
	}
	if n := c.Schedule.RemindBefore; n < 1 || n > 30 {
		add("schedule.remind_before", fmt.Sprintf("要在 1 到 30 日之间，现在是 %d", n))
	}
	if c.Backup.Keep < 0 {
		add("backup.keep", "不能是负数；0 表示全部保留")
	}
	if n := c.Backup.DrillWithin; n < 0 || n > 400 {
		add("backup.drill_within", fmt.Sprintf("要在 0 到 400 天之间，0 表示不检查，现在是 %d", n))
	}
	if (c.Intake.Folder == "") != (c.Intake.Secret == "") {
		add("intake.folder", "intake.folder 和 intake.secret 要写就都写")
	}
	if c.HTTP.BodyBytes < 64<<10 || c.HTTP.BodyBytes > 1<<30 {
		add("http.body_bytes", fmt.Sprintf("要在 65536 到 1073741824 之间，现在是 %d", c.HTTP.BodyBytes))
	}
	if len(faults) > 0 {
		slices.SortFunc(faults, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
		return fault.InvalidFields("cmd.consistent", faults...)
	}
	return nil
}

// approvedWord is the first word of a name that needs an approval (practice.md §1), "" for none.
func approvedWord(name string) string {
	for _, word := range []string{"创建", "示范", "表彰", "命名"} {
		if strings.Contains(name, word) {
			return word
		}
	}
	return ""
}

// onMongo tells whether the store is a MongoDB and not a folder.
func (c *config) onMongo() bool {
	return strings.HasPrefix(c.Store.URI, "mongodb://") || strings.HasPrefix(c.Store.URI, "mongodb+srv://")
}

// lookup finds a variable in an environment; the last entry counts.
func lookup(env []string, name string) (string, bool) {
	for _, entry := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// readInput reads a file that the user named; Invalid if it cannot be read.
func readInput(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Wrap("cmd.readInput", fault.Invalid, "没有这个文件："+name, err)
	case err != nil:
		return nil, fault.Wrap("cmd.readInput", fault.Invalid, "读不了 "+name, err)
	}
	return data, nil
}

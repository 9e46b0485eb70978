package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"redsteward/configs"
	"redsteward/internal/store"
	"redsteward/policy"
)

// fileKeys are the files that the program carries, by the key of the configuration that names the operator's own. "" stands for what is not in force: divisions are put into an empty register once, and changed in it from then on.
// A name ending in "/" is a folder: holidays come beside those of the program, checklists in their place.
var fileKeys = map[string]string{
	"deadlines": "deadlines.yaml", "divisions": "", "roles_model": "roles.conf", "roles": "roles.csv", "holidays": "calendar/", "checklists": "checklists/", "handover": "handover.yaml", "fund": "fund.yaml", "books": "books.yaml",
	"confirmations": "confirmations.yaml", "approvals": "approvals.yaml", "modules": "modules.yaml", "matters": "matters.yaml", "filings": "filings.yaml", "conduct": "conduct.yaml", "inspections": "inspections.yaml",
	"deliberation": "deliberation.yaml", "standing": "standing.yaml", "numbers": "numbers.yaml", "repairs": "repairs.yaml", "vetoes": "vetoes.yaml", "lists": "lists.yaml", "returns": "returns.yaml", "applications": "applications.yaml",
	"coach": "coach.yaml", "messages": "messages.yaml", "wishes": "wishes.yaml", "satisfaction": "satisfaction.yaml", "ranges": "ranges.yaml", "scheme_quarter": "schemes/five-goods-quarter.yaml", "scheme_year": "schemes/five-goods-year.yaml",
}

// ofProgram is where a file comes from that no operator replaced.
const ofProgram = "随程序"

// filesInForce are all files of a configuration as they are in force, the configuration itself first: every key with its value, wherever that was given.
func (c *config) filesInForce(rules *policy.Rules) ([]policy.SettingFile, error) {
	all := []policy.SettingFile{{Name: configName, Source: "配置文件、环境变量和命令行", Data: c.inForce()}}
	read := func(name, source string, get func(string) ([]byte, error), file string) error {
		data, err := get(file)
		if err != nil {
			return err
		}
		f := policy.SettingFile{Name: name, Source: source, Data: data}
		switch name {
		case "roles.csv":
			f.Words = rules.Words
		case "messages.yaml":
			f.Hides = "value" // of a header that a gateway wants
		}
		all = append(all, f)
		return nil
	}
	keys := c.keys()
	seen := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(fileKeys)) {
		shipped := fileKeys[key]
		var own []string
		switch value := keys["files."+key].Interface().(type) {
		case string:
			if value != "" {
				own = []string{value}
			}
		case []string:
			own = value
		}
		if shipped == "" {
			continue
		}
		folder := strings.HasSuffix(shipped, "/")
		if len(own) == 0 || key == "holidays" {
			names := []string{shipped}
			if folder {
				var err error
				if names, err = fs.Glob(configs.Files, shipped+map[string]string{"holidays": "*.csv", "checklists": "*.yaml"}[key]); err != nil {
					return nil, err
				}
			}
			for _, name := range names {
				seen[name] = true
				if err := read(name, ofProgram, configs.Files.ReadFile, name); err != nil {
					return nil, err
				}
			}
		}
		for _, file := range own {
			if err := read(policy.SettingName(shipped, file), file, readInput, file); err != nil {
				return nil, err
			}
		}
	}
	// The other schemes that the program carries can be proposed on the page of schemes.
	schemes, err := fs.Glob(configs.Files, "schemes/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range schemes {
		if seen[name] || slices.ContainsFunc(all, func(f policy.SettingFile) bool { return f.Name == name }) {
			continue
		}
		if err := read(name, ofProgram, configs.Files.ReadFile, name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// inForce are the keys of the configuration with their values, a line each, in the order of the keys.
func (c *config) inForce() []byte {
	var b strings.Builder
	keys := c.keys()
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		value := keys[key].Interface()
		switch v := value.(type) {
		case []string:
			value = "[" + strings.Join(v, ", ") + "]"
		case startTime:
			if value = ""; !v.IsZero() {
				value = v.Time
			}
		case logLevel:
			value = slog.Level(v)
		}
		fmt.Fprintf(&b, "%s: %v\n", key, value)
	}
	return []byte(b.String())
}

// recordSettings tells the log which configuration this process serves by, as far as it is another than the one before. It cannot be switched off: who cannot record it does not serve.
func (s *service) recordSettings(ctx context.Context) error {
	files, err := s.config.filesInForce(s.guard.Rules())
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "本机"
	}
	changed, err := s.settings.Record(ctx, programVersion(), fmt.Sprintf("%s，进程 %d", host, os.Getpid()), files)
	if len(changed) > 0 {
		s.log.Info("configuration recorded", slog.Any("files", changed))
	}
	return err
}

// programVersion is the version of this program as far as its build tells, with the form of data that it writes.
func programVersion() string {
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				version = s.Value[:min(12, len(s.Value))]
			}
		}
		version = cmp.Or(version, strings.Trim(info.Main.Version, "()"))
	}
	return fmt.Sprintf("%s，数据第 %d 版", cmp.Or(version, "未标版本"), store.DataVersion)
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"redsteward/configs"
	"redsteward/internal/fault"
	"redsteward/rating"
)

// loadScheme reads a scheme: a file, or one that the program carries, by the name of its file without .yaml or by its id. It returns Invalid with
// every problem of the file, or if there is none of that name.
func loadScheme(name string) (*rating.Scheme, error) {
	const op = "cmd.loadScheme"
	data, err := os.ReadFile(name)
	switch {
	case err == nil:
		return parseScheme(name, data)
	case !errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml"):
		return nil, fault.Wrap(op, fault.Invalid, "读不了评分方案 "+name, err)
	}
	shipped, err := fs.Glob(configs.Files, "schemes/*.yaml")
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	var names []string
	var byID []*rating.Scheme
	var files []string
	for _, file := range shipped {
		base := strings.TrimSuffix(path.Base(file), ".yaml")
		names = append(names, base)
		data, err := configs.Files.ReadFile(file)
		if err != nil {
			return nil, fault.Wrap(op, fault.Internal, "", err)
		}
		s, err := parseScheme(file, data)
		if base == name {
			return s, err
		}
		if err == nil && s.ID == name {
			byID, files = append(byID, s), append(files, base)
		}
	}
	switch len(byID) {
	case 1:
		return byID[0], nil
	case 0:
		slices.Sort(names)
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf("没有评分方案 %q：既不是文件，也不是自带的方案（%s）", name, strings.Join(names, "、")))
	}
	return nil, fault.New(op, fault.Invalid, fmt.Sprintf("编号 %s 的自带方案不止一个，请写明是哪一个：%s", name, strings.Join(files, "、")))
}

// parseScheme names the file in what is wrong with it.
func parseScheme(file string, data []byte) (*rating.Scheme, error) {
	s, err := rating.ParseScheme(data)
	if err != nil {
		return nil, fault.Wrap("cmd.parseScheme", fault.Invalid, file+"："+fault.MessageOf(err), err)
	}
	return s, nil
}

package main

import (
	"fmt"

	"redsteward/rating"
)

// actions reads what firms can do for their stars.
func (s *service) actions() (*rating.Actions, error) {
	const file = "coach.yaml"
	data, err := ownOr(s.config.Files.Coach, file)
	if err != nil {
		return nil, err
	}
	return rating.ParseActions(file, data, nil)
}

// checkActions checks a coach.yaml against the scheme of the year that the configuration which the environment names goes by.
func checkActions(name string, data []byte, p *program) (kind string, err error) {
	kind = "争星晋位的措施"
	c, err := loadConfig("", p.env, nil)
	if err != nil {
		return kind, err
	}
	year, err := ownOr(c.Files.SchemeYear, "schemes/five-goods-year.yaml")
	if err != nil {
		return kind, err
	}
	scheme, err := rating.ParseScheme(year)
	if err != nil {
		return kind, err
	}
	actions, err := rating.ParseActions(name, data, scheme)
	if err != nil {
		return kind, err
	}
	return fmt.Sprintf("%s %s，%d 条，对照 %s %s", kind, actions.Version, len(actions.List), scheme.ID, scheme.Version), nil
}

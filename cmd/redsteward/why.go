package main

import (
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
)

// whyCommand explains a right: may this person do this, by which rule, and who else could.
type whyCommand struct {
	dataFlags
	Actor  string   `required:"" placeholder:"LOGIN" help:"用户名；写 - 表示未登录的公众"`
	Action string   `required:"" placeholder:"ACTION" help:"办理事项的代码，如 account.create"`
	Row    []string `placeholder:"KEY" help:"某一条数据的范围，如 p:项目编号，可写多次；不写则只问权限"`
	Date   string   `placeholder:"DATE" help:"这条数据的事实日期，如 2026-10-19；不写则为今天"`
}

// Run implements the subcommand. Exit code 0 means allowed, 1 not allowed.
func (c *whyCommand) Run(p *program) error {
	settings, err := c.settings(p)
	if err != nil {
		return err
	}
	s, keyErr, err := openReader(p, settings)
	if err != nil {
		return err
	}
	decision, err := c.ask(p, s, keyErr)
	closeErr := s.close()
	switch {
	case err != nil:
		return err
	case closeErr != nil:
		return closeErr
	case !decision.Allowed:
		return errFound
	}
	return nil
}

// ask finds the person and the row, and prints the decision.
func (c *whyCommand) ask(p *program, s *service, keyErr error) (policy.Decision, error) {
	err := declareAll(p.ctx, s)
	if err != nil {
		return policy.Decision{}, err
	}
	action, err := c.action(s.guard.Rules())
	if err != nil {
		return policy.Decision{}, err
	}
	row, err := c.row(s)
	if err != nil {
		return policy.Decision{}, err
	}
	actor, who := policy.Actor{}, "未登录的公众"
	if c.Actor != "-" {
		// Logins are stored as HMAC only; without the key nobody can be found.
		if keyErr != nil {
			return policy.Decision{}, keyErr
		}
		actor, err = s.accounts.ActorOf(p.ctx, c.Actor)
		if fault.Is(err, fault.NotFound) {
			err = fault.New("cmd.why", fault.Invalid, "没有用户名 "+c.Actor)
		}
		if err != nil {
			return policy.Decision{}, err
		}
		who = c.Actor
	}
	decision, err := s.guard.Why(p.ctx, actor, action, row)
	if err != nil {
		return policy.Decision{}, err
	}
	printDecision(p, s.guard.Rules(), who, actor, decision)
	return decision, nil
}

// action checks that the action exists, and names its neighbours if not.
func (c *whyCommand) action(rules *policy.Rules) (policy.Action, error) {
	action := policy.Action(c.Action)
	if _, known := rules.Action(action); known {
		return action, nil
	}
	var same []string
	for _, a := range policy.Actions() {
		if a.Action.Resource() == action.Resource() {
			same = append(same, string(a.Action))
		}
	}
	message := "没有 " + c.Action + " 这个办理事项"
	if len(same) > 0 {
		slices.Sort(same)
		message += "；相近的有 " + strings.Join(same, "、")
	}
	return "", fault.New("cmd.why", fault.Invalid, message)
}

// row puts the scope keys and the date together; nil if no row was asked for.
func (c *whyCommand) row(s *service) (*policy.Row, error) {
	if len(c.Row) == 0 {
		if c.Date != "" {
			return nil, fault.New("cmd.why", fault.Invalid, "--date 要和 --row 一起写")
		}
		return nil, nil
	}
	for _, key := range c.Row {
		if !policy.ValidScopeKey(key) {
			return nil, fault.New("cmd.why", fault.Invalid, key+" 不是范围：要写 p:项目、f:企业、c:社区、t:乡镇 加编号，或 county")
		}
	}
	fact := calendar.DateOf(s.clocks.Business())
	if c.Date != "" {
		var err error
		fact, err = calendar.ParseDate(c.Date)
		if err != nil {
			return nil, fault.Wrap("cmd.why", fault.Invalid, "--date 要写成 2026-10-19 这样", err)
		}
	}
	return &policy.Row{Keys: c.Row, Fact: fact}, nil
}

// printDecision prints what was decided, why, and who could.
func printDecision(p *program, rules *policy.Rules, who string, actor policy.Actor, d policy.Decision) {
	titles := make([]string, 0, len(actor.Appointments)+1)
	for _, code := range actor.Roles() {
		title := string(code)
		if info, ok := rules.Role(code); ok {
			title = info.Title
		}
		titles = append(titles, title)
	}
	answer := "不可以"
	if d.Allowed {
		answer = "可以"
	}
	fmt.Fprintf(p.out, "%s（%s）办理“%s”（%s）：%s\n", who, strings.Join(titles, "、"), d.Action.Name, d.Action.Action, answer)
	fmt.Fprintf(p.out, "说明：%s\n", d.Reason)
	fmt.Fprintf(p.out, "依据：%s\n", d.Rule)
	switch d.Row {
	case policy.RowInside:
		fmt.Fprintln(p.out, "这一条：在任职范围内")
	case policy.RowOutside:
		fmt.Fprintln(p.out, "这一条：不在任职范围内")
	case policy.RowNotAsked:
	}
	fmt.Fprintf(p.out, "有权办理的岗位：%s\n", d.WhoTitles())
}

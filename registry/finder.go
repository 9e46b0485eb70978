package registry

import (
	"context"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// Finder finds what people call by name, for rows of other packages' files. It reads the divisions once: one finder serves one file. It is safe for concurrent use.
type Finder struct{ c *checker }

// Finder returns a new finder.
func (s *Service) Finder() *Finder { return &Finder{s.checker()} }

// Project finds a project by its name and the name or code of its community, and by that of the township if communities share their name. What cannot be
// found is told by fields (township, community, project), and the id is "" then. It asks for no scope.
func (f *Finder) Project(ctx context.Context, township, community, name string) (string, []fault.Field, error) {
	var bad faults
	in, err := f.c.community(ctx, township, community, &bad)
	if err != nil || in == "" {
		return "", bad.list, err
	}
	found, err := f.c.projectNamed(ctx, in, name)
	if err != nil {
		return "", nil, err
	}
	if found.Seq == 0 {
		bad.list = append(bad.list, NoProject(community, name))
	}
	return found.ID, bad.list, nil
}

// Community finds a community by its name or code, and by that of the township if communities share their name. What cannot be found is told by fields (township, community), and the id is
// "" then. It asks for no scope.
func (f *Finder) Community(ctx context.Context, township, name string) (string, []fault.Field, error) {
	var bad faults
	id, err := f.c.community(ctx, township, name, &bad)
	return id, bad.list, err
}

// NoProject is what is said of a project that is not registered or lies outside of the actor's scope, which is the same to him.
func NoProject(community, name string) fault.Field {
	return fault.Field{Name: "project", Message: strings.TrimSpace(community) + "没有登记名为“" + strings.TrimSpace(name) + "”的小区"}
}

// Firm finds a firm by its 统一社会信用代码. What cannot be found is told by the field firm, and the id is "" then. It asks for no scope.
func (f *Finder) Firm(ctx context.Context, code string) (string, []fault.Field, error) {
	valid, err := ParseUSCC(code)
	if err != nil {
		return "", []fault.Field{{Name: "firm", Message: fault.MessageOf(err)}}, nil
	}
	id, err := f.c.firmByCode(ctx, valid)
	if err != nil {
		return "", nil, err
	}
	if id == "" {
		return "", []fault.Field{NoFirm(code)}, nil
	}
	return id, nil, nil
}

// FirmSaid is Firm for people who know the firm by its name: it takes the 统一社会信用代码 or the exact name.
func (f *Finder) FirmSaid(ctx context.Context, text string) (string, []fault.Field, error) {
	text = strings.TrimSpace(text)
	if _, err := ParseUSCC(text); err == nil {
		return f.Firm(ctx, text)
	}
	id, err := f.c.FirmOfName(ctx, text)
	if err != nil || id != "" {
		return id, nil, err
	}
	return "", []fault.Field{{Name: "firm", Message: "没有登记名为“" + text + "”的企业，请填写完整的企业名称或者 18 位统一社会信用代码"}}, nil
}

// NoFirm is what is said of a firm that is not registered or lies outside of the actor's scope.
func NoFirm(code string) fault.Field {
	return fault.Field{Name: "firm", Message: "没有登记统一社会信用代码为 " + strings.TrimSpace(code) + " 的企业，请先登记企业"}
}

// FirmOfName finds the one firm of exactly this name; "" if there is none or several. It asks for no right.
func (r *Register) FirmOfName(ctx context.Context, name string) (string, error) {
	found, n := "", 0
	err := every(ctx, r.firms, store.Query{Index: ByName, Key: findKey(name)}, func(d *store.Doc[Firm]) bool { return d.State.Name == name }, func(d store.Doc[Firm]) error {
		found, n = d.ID, n+1
		return nil
	})
	if n != 1 {
		found = ""
	}
	return found, err
}

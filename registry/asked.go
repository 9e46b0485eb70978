package registry

import (
	"context"

	"redsteward/internal/calendar"
)

// Held returns the projects that a firm holds on a day, by name; none if it holds none or does not exist.
func (r *Register) Held(ctx context.Context, firm string, on calendar.Date) ([]Place, error) {
	docs, err := r.heldBy(ctx, firm, on)
	if err != nil {
		return nil, err
	}
	out := make([]Place, 0, len(docs))
	for _, d := range docs {
		place, err := r.placeOf(ctx, d.ID, d.State, on)
		if err != nil {
			return nil, err
		}
		out = append(out, place)
	}
	return out, nil
}

// ServiceLevel returns the level that a project's contract of a day promises, in the words of ServiceLevels: 一级, 二级, 三级, 无等级; the last also if no contract runs.
// Returns NotFound if there is no such project.
func (r *Register) ServiceLevel(ctx context.Context, project string, on calendar.Date) (string, error) {
	d, err := r.projects.Load(ctx, project)
	if err != nil {
		return "", noProject("registry.ServiceLevel", err)
	}
	level := d.State.ContractOn(on).Level
	for _, choice := range ServiceLevels() {
		if choice.ID == string(level) {
			return choice.Text, nil
		}
	}
	return "无等级", nil
}

package main

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/policy"
)

// phraseActs keep the phrases (常用语) of the bureau, for all offices and for single ones, and two of an officer's own.
func (l *countyLoader) phraseActs() []act {
	bureau := []policy.Phrase{
		{Kind: policy.PhraseOpinion, Text: "情况属实，同意。"},
		{Kind: policy.PhraseOpinion, Text: "材料齐全，符合规定，建议同意。", Role: "property_officer"},
		{Kind: policy.PhraseReason, Text: "材料不全，请补充后再报。"},
		{Kind: policy.PhraseReason, Text: "不属于本单位职责范围，请改派。"},
		{Kind: policy.PhraseReason, Text: "与核查的事实不符，不予采纳。", Role: "property_officer"},
		{Kind: policy.PhraseFinding, Text: "请逐项整改，并附整改前后同一角度的照片。", Role: "property_officer"},
		{Kind: policy.PhraseFinding, Text: "已到现场核实，情况属实。"},
		{Kind: policy.PhraseFinding, Text: "已联系物业企业当场改正。", Role: "community_worker"},
	}
	own := []policy.Phrase{{Kind: policy.PhraseOpinion, Text: "请按时限办理并反馈结果。"}, {Kind: policy.PhraseFinding, Text: "已电话告知项目经理，约定三日内改正。"}}
	return []act{{hour(calendar.DateOf(mustTime(demoStart)).Add(-20), 9), partMatters, func(ctx context.Context) error {
		for _, in := range bureau {
			if err := l.phrases.Put(ctx, l.of("section_chief", 0), true, in); err != nil {
				return err
			}
		}
		for _, in := range own {
			if err := l.phrases.Put(ctx, l.of("property_officer", 0), false, in); err != nil {
				return err
			}
		}
		return nil
	}}}
}

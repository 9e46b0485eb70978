package main

import (
	"fmt"
	"io"
	"strings"

	"redsteward/rating"
)

// guaranteeSeed makes two checks of one file say the same.
const guaranteeSeed = 1

// printGuarantees prints the verdict on every promise that a scheme could make, and returns how many are refuted. What a scheme may do
// otherwise with good reason, such as a voice outside its band, is a reminder and not counted.
func printGuarantees(out io.Writer, s *rating.Scheme, trials int) (refuted int) {
	verdicts := rating.Guarantees(s, guaranteeSeed, trials)
	var proved, open, reminders, without int
	for i := range verdicts {
		switch v := &verdicts[i]; {
		case v.Finding == rating.FindingProved:
			proved++
		case v.Finding == rating.FindingNotRefuted:
			open++
		case v.Finding == rating.FindingNotApplicable:
			without++
		case v.Advice:
			reminders++
		default:
			refuted++
		}
	}
	fmt.Fprintf(out, "  保证 %d 项：已证明 %d，试验未能推翻 %d，已推翻 %d，提醒 %d，不适用 %d\n", len(verdicts), proved, open, refuted, reminders, without)
	for i := range verdicts {
		v := &verdicts[i]
		fmt.Fprintf(out, "  %s：%s。%s\n", verdictWord(v), v.Title, v.Why)
		if v.Finding == rating.FindingRefuted && v.Example != nil {
			printCounterexample(out, s, v.Example)
		}
	}
	return refuted
}

// printWeights prints nominal and effective weights of a scheme on the facts of a past period.
func printWeights(out io.Writer, r *rating.Replay) {
	fmt.Fprintf(out, "  实际权重（按%s %d 个小区的事实；占分是在满分里的份额，实际是在总分差异里的份额）\n", r.Name, r.Subjects)
	for i := range r.Lost {
		if l := &r.Lost[i]; !l.Noted {
			fmt.Fprintf(out, "    这一期没有的事实：%s，%s，读它的规则不算\n", l.Name, l.Why)
		}
	}
	if len(r.Weights) == 0 {
		fmt.Fprintln(out, "    有总分的不到三个，或者总分都一样，算不出")
		return
	}
	fmt.Fprintln(out, "      占分 %    实际 %  指标")
	for i := range r.Weights {
		w := &r.Weights[i]
		name := w.Name
		if w.In != "" {
			name = "其中：" + name
		}
		if said := w.Says(); said != "" {
			name += "（" + said + "）"
		}
		fmt.Fprintf(out, "    %8s  %8s  %s\n", w.Nominal.Fixed(2), w.Effective.Fixed(2), name)
	}
}

// verdictWord is the finding as people read it.
func verdictWord(v *rating.Verdict) string {
	switch v.Finding {
	case rating.FindingProved:
		return "已证明"
	case rating.FindingNotRefuted:
		return fmt.Sprintf("%d 次试验未能推翻", v.Trials)
	case rating.FindingNotApplicable:
		return "不适用"
	}
	if v.Advice {
		return "提醒，不成立"
	}
	return "已推翻"
}

// printCounterexample prints what anybody needs to rate the counterexample again.
func printCounterexample(out io.Writer, s *rating.Scheme, e *rating.Example) {
	fmt.Fprintf(out, "    反例：%s\n", strings.Join(e.Facts(s), "；"))
	for _, c := range e.Changes {
		fmt.Fprintf(out, "    只改：%s，%s → %s\n", c.Name, c.Before, c.After)
	}
	if e.After != "" {
		fmt.Fprintf(out, "    结果：%s → %s\n", e.Before, e.After)
	} else {
		fmt.Fprintf(out, "    结果：%s\n", e.Before)
	}
}

package rating

// Reads returns the ids of the facts that an indicator's rule reads, in the order of the scheme's trace; nil for an indicator that is not declared.
func (s *Scheme) Reads(indicator string) []string {
	i, ok := s.program.nodeIndex[indicator]
	if !ok || i >= len(s.program.indicators) {
		return nil
	}
	var ids []string
	for _, f := range s.program.indicators[i].facts {
		ids = append(ids, s.Facts[f].ID)
	}
	return ids
}

// Compares reports whether a rule of the scheme compares subjects with each other, so that Evaluate needs a Cohort.
func (s *Scheme) Compares() bool { return len(s.program.statistics) > 0 }

// ShownMax is the maximum of an indicator as the scheme prints it, such as "9.00".
func (s *Scheme) ShownMax(in *Indicator) string { return in.Max.Fixed(s.decimals(in.Decimals)) }

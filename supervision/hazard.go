package supervision

// Hazard is what a row of an answer to a task of collection (收表任务) tells of, on its way to becoming a matter.
type Hazard struct {
	// Key names the row for good: of one key there is one matter. From is the id of the answer.
	Key, From string
	// Category is a code of matters.yaml; Community or Project say where it is, Where says it in words, Words what is the matter.
	Category, Community, Project, Where, Words string
}

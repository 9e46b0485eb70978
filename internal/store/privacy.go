package store

// CheckType reports everything in T that may not be stored: a text field without a privacy tag, a float, an interface, a time.Time, a pii
// tag on something that is not text. The error is Invalid with one Field for each place. Domain packages call it in a test for each kind.
func CheckType[T any]() error { return errPending }

// FieldNames lists the stored fields of T as "path type tag", sorted: kept in a golden file, it makes a rename fail a test.
func FieldNames[T any]() []string { return nil }

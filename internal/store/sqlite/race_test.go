//go:build race

package sqlite

// manyDocuments is smaller under the race detector, which makes the translated SQLite ten times slower.
const manyDocuments = 25_000

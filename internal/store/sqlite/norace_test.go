//go:build !race

package sqlite

// manyDocuments is how many documents the design asks to be read in constant memory.
const manyDocuments = 100_000

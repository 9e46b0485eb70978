package mongo_test

import (
	"testing"
	"time"

	"redsteward/internal/store"
	"redsteward/internal/store/mongo"
	"redsteward/internal/store/mongo/mongotest"
	"redsteward/internal/store/storetest"
)

// database is one database that the suite opens again and again.
type database struct{ uri string }

// Open implements storetest.Data.
func (d database) Open(t *testing.T, readOnly bool) store.Engine {
	t.Helper()
	e, err := mongo.Open(t.Context(), mongo.Options{URI: d.uri, Now: time.Now, ReadOnly: readOnly})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestConformance runs the suite of the contract.
func TestConformance(t *testing.T) {
	for _, target := range mongotest.Targets() {
		suite := storetest.Suite{
			New:     func(t *testing.T) storetest.Data { return database{target.URI(t)} },
			Many:    100_000,
			Writers: 64,
		}
		if target.Slow {
			suite.Many, suite.Writers = 300, 16
		}
		t.Run(target.Name, func(t *testing.T) { storetest.Run(t, suite) })
	}
}

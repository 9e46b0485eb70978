package browsertest

import (
	"context"
	"time"

	"redsteward/internal/files"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision/collection"
)

// openCollections opens the tasks of collection over the register, the books and the matters; every deadline is ten days, so that no calendar is needed.
func (f *Fixture) openCollections(ctx context.Context, guard *policy.Guard, now func() time.Time) (err error) {
	f.Collections, err = collection.New(ctx, collection.Config{Register: f.Register.Register, Matters: f.Matters, Manager: f.Stations.Books.ManagerOf, Holding: f.People.Holding,
		Desk: casework.Desk{DB: f.DB, Letters: f.Letters, Guard: guard, Keeper: files.NewKeeper(f.DB, ""), Now: now, Deadlines: tenDays}})
	return err
}

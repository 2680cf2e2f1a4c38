package webapi

import (
	"net/http"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// lateCommit is a write that has taken its row versions and is not visible yet. The zero value is one that is.
type lateCommit struct {
	transaction *rows.Transaction
	after       time.Duration
}

// holdBack puts the changes of a write into a transaction, where writes commit late. The caller holds the lock since before
// the write.
func holdBack(db *rows.Database, j *rows.Journal) lateCommit {
	if db.Behaviors.LateCommits <= 0 {
		return lateCommit{}
	}
	transaction := db.Begin()
	transaction.Hold(j)
	return lateCommit{transaction, db.CommitDelay()}
}

// wait waits for the moment of the commit, and commits at once if the client goes away.
func (c lateCommit) wait(r *http.Request) {
	if c.transaction == nil {
		return
	}
	odata.Pause(r, c.after)
	c.transaction.Commit()
}

package simulator

import (
	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// Transaction changes rows whose row versions are taken at each change, and which others see only after Commit, as those
// of a long import: under row versions that readers have already passed. A delta token that is issued meanwhile
// corresponds to the moment before the transaction. A write of others to one of its rows commits it, because that write
// would wait for it. So does a change of a definition. Rows of elastic tables change at once.
type Transaction struct {
	database *rows.Database
	open     *rows.Transaction
}

// Begin starts a transaction.
func (e *Environment) Begin() *Transaction { return &Transaction{e.database, e.database.Begin()} }

// Create adds a row as Environment.Create does.
func (t *Transaction) Create(table string, row Row) (string, error) {
	return edit.CreateIn(t.open, t.database, table, row)
}

// Update changes a row as Environment.Update does. A transaction can change a row only once.
func (t *Transaction) Update(table, id string, row Row) error {
	return edit.UpdateIn(t.open, t.database, table, id, row)
}

// Delete removes a row as Environment.Delete does.
func (t *Transaction) Delete(table, id string) error {
	return edit.DeleteIn(t.open, t.database, table, id)
}

// Commit makes the changes visible. It does nothing the second time.
func (t *Transaction) Commit() { t.open.Commit() }

// Rollback drops the changes. Their row versions stay used.
func (t *Transaction) Rollback() { t.open.Rollback() }

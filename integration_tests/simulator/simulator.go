// Package simulator serves a Dataverse environment from memory, over TLS, to test a client of the Web API against:
// sign-in by Microsoft Entra ID, metadata, rows, paging, change tracking and writes. It refuses what the service
// refuses, with the service's codes and messages.
//
// New makes an Environment, Start serves it, and Server.Inject makes chosen requests fail. The subpackages hold the
// parts of the service; of them a test needs schema, for definitions of tables and columns of its own, and faults.
package simulator

import (
	"encoding/json"
	"iter"
	"net/http"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Environment is a Dataverse environment in memory. Its rows are generated, and only what is changed is held. It is
// safe for concurrent use. Requests reach it through Start or Handler; Go code by Create, Update, Delete and the
// methods that change its schema.
type Environment struct{ database *rows.Database }

// Row is a row for Create and Update, by property as the Web API names it: "name", "_primarycontactid_value". Its
// values are what encoding/json can write, among them json.Number and json.RawMessage.
type Row map[string]any

// New makes an environment from its options. It refuses tables that contradict one another (two of one name, two of
// one entity set, one without a primary key) and rows of a table that is not there.
func New(o rows.Options) (*Environment, error) {
	d, err := rows.New(o)
	if err != nil {
		return nil, err
	}
	return &Environment{d}, nil
}

// Handler serves the environment with default options: the sign-in endpoints and the Web API of one host. It works
// behind any server; the addresses in its responses echo the host that was called.
func (e *Environment) Handler() http.Handler { return e.HandlerWith(ServerOptions{}) }

// HandlerWith serves the environment with options that have nothing to do with a network address or TLS.
func (e *Environment) HandlerWith(o ServerOptions) http.Handler { return newHost(e.database, o) }

// Create adds a row as a POST would, even to tables that take none. The row may hold the primary key; the id is
// returned in lower case. Columns that the service sets itself are ignored, and numbers may lie outside the bounds of
// their columns, where earlier versions of an application have left them. Errors are those of the Web API.
func (e *Environment) Create(table string, row Row) (string, error) {
	return edit.Create(e.database, table, row)
}

// Update changes a row as a PATCH with If-Match: * would.
func (e *Environment) Update(table, id string, row Row) error {
	return edit.Update(e.database, table, id, row)
}

// Delete removes a row. Rows that point to it keep their lookups, unlike in the service, which would clear them.
func (e *Environment) Delete(table, id string) error { return edit.Delete(e.database, table, id) }

// Rows yields every row of a table in the service's order: its id, and each readable property with the JSON that the
// Web API prints for it, null included, and the annotation with the table that a lookup refers to. A table that does not exist has no rows. Rows may be changed meanwhile.
func (e *Environment) Rows(table string) iter.Seq2[string, map[string]json.RawMessage] {
	return edit.Rows(e.database, table)
}

// IDs returns the id of every row of a table in the service's order. A table that does not exist has no rows.
func (e *Environment) IDs(table string) []string { return edit.IDs(e.database, table) }

// Table returns a copy of a table's definition, and whether the table exists.
func (e *Environment) Table(logicalName string) (schema.Table, bool) {
	return e.database.Table(logicalName)
}

// AddTable adds a table with generated rows.
func (e *Environment) AddTable(t *schema.Table, rows int) error { return e.database.AddTable(t, rows) }

// RemoveTable removes a table with its rows.
func (e *Environment) RemoveTable(logicalName string) error {
	return e.database.RemoveTable(logicalName)
}

// AddColumn adds a column, which is null in the rows that exist.
func (e *Environment) AddColumn(table string, c schema.Column) error {
	return e.database.AddColumn(table, c)
}

// RemoveColumn removes a column and its values. The primary key stays.
func (e *Environment) RemoveColumn(table, logicalName string) error {
	return e.database.RemoveColumn(table, logicalName)
}

// RetypeColumn gives a column a new definition. Its generated values follow the new type; values that were written
// before are lost.
func (e *Environment) RetypeColumn(table string, c schema.Column) error {
	return e.database.RetypeColumn(table, c)
}

// SetOptions gives a choice column other options, and all columns of its global choice as well. Rows keep their values, also
// those that no option has any more, and delta tokens stay valid.
func (e *Environment) SetOptions(table, column string, options []schema.Option) error {
	return e.database.SetOptions(table, column, options)
}

// SetEntitySet changes the name by which a table is addressed; empty: it can no longer be addressed.
func (e *Environment) SetEntitySet(table, set string) error {
	return e.database.SetEntitySet(table, set)
}

// SetTracked switches change tracking. Tokens issued before expire.
func (e *Environment) SetTracked(table string, on bool) error {
	return e.database.SetTracked(table, on)
}

// SetReadDepth sets how far the signed-in user may read a table.
func (e *Environment) SetReadDepth(table string, d schema.Depth) { e.database.SetReadDepth(table, d) }

// SetOrganization gives the environment another OrganizationId, as a copy at the same url would have. The id must
// be a guid; any other is ignored.
func (e *Environment) SetOrganization(id string) { e.database.SetOrganization(id) }

// Expire makes every delta token that was issued for the table too old.
func (e *Environment) Expire(table string) { e.database.Expire(table) }

// Backup is the rows of an environment at one moment, with their versions, their change log and the delta tokens that
// are valid then.
type Backup struct{ rows *rows.Backup }

// Backup copies the rows of all tables.
func (e *Environment) Backup() *Backup { return &Backup{e.database.Backup()} }

// Restore puts the rows of a backup in place of those that the tables have now, under the same organization id, as a
// restored environment at the same url has them. The row version continues from that of the backup, raised by ahead,
// with which it can overtake the versions that clients have seen. Definitions stay as they are, and so do tables that
// the backup lacks.
func (e *Environment) Restore(b *Backup, ahead int64) { e.database.Restore(b.rows, ahead) }

// Version returns the row version of the last change to a row that is not elastic.
func (e *Environment) Version() int64 { return e.database.Version() }

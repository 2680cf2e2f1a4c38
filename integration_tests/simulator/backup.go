package simulator

import "source-microsoft-dataverse/integration_tests/simulator/rows"

// Backup is the rows of an environment at one moment.
type Backup struct{ rows *rows.Backup }

// Backup copies the rows of all tables, with their versions and the delta tokens that are good now.
func (e *Environment) Backup() *Backup { return &Backup{e.database.Backup()} }

// Restore replaces the rows of all tables by those of a backup, under the same organization id. The row version continues
// from that of the backup, raised by ahead: a client sees that it went backward unless it has overtaken the version that
// the client knows. Definitions stay as they are.
func (e *Environment) Restore(b *Backup, ahead int64) { e.database.Restore(b.rows, ahead) }

// Version returns the row version of the last change to a row that is not elastic.
func (e *Environment) Version() int64 { return e.database.LastVersion() }

package replicate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/finops/entityfile"
)

// EntityFileError reports that the package of an execution lacks what it should have of an entity.
type EntityFileError struct {
	Entity string
	Reason string // a clause
}

func (e *EntityFileError) Error() string { return "entity " + e.Entity + ": " + e.Reason }

// KeyColumnError reports that the file of an entity lacks a column of the key.
type KeyColumnError struct {
	Entity  string
	Columns []string
}

func (e *KeyColumnError) Error() string {
	return fmt.Sprintf("the file of entity %s has no column %s, which is in the key", e.Entity, strings.Join(e.Columns, ", "))
}

// read sends the rows of the entity's file that have not been sent yet, and completes the company. A package without a file of the
// entity has no rows of it if the job log counts none.
func (m *packageReader) read(ctx context.Context, p *entityfile.Package, o finops.Outcome) error {
	counted := o.Entity(m.stream.Entity)
	sent, err := m.readFile(ctx, p)
	switch {
	case errors.Is(err, entityfile.ErrNoFile) && counted.Records == 0 && strings.EqualFold(counted.Status, "Finished"):
		m.log.InfoContext(ctx, "The package has no file of the entity, and the job history counts no record.")
	case errors.Is(err, entityfile.ErrNoFile):
		return &EntityFileError{m.stream.Entity, fmt.Sprintf("the package has no file, although the job history counts %d records with status %q",
			counted.Records, counted.Status)}
	case err != nil:
		return err
	case sent == 0 && counted.Records > 0:
		return &EntityFileError{m.stream.Entity, fmt.Sprintf("the file has no row, although the job history counts %d records", counted.Records)}
	case sent < counted.Records:
		m.log.WarnContext(ctx, fmt.Sprintf("The file of the entity has %d rows, and the job history counts %d records. Compare them in finance & operations.",
			sent, counted.Records))
	}
	m.state.EndCompany()
	return m.save()
}

// readFile sends the rows of the entity's file and returns how many it has.
func (m *packageReader) readFile(ctx context.Context, p *entityfile.Package) (rows int64, err error) {
	if p == nil {
		return 0, entityfile.ErrNoFile
	}
	entity, found := p.Manifest.Entity(m.stream.Entity)
	if !found {
		return 0, entityfile.ErrNoFile
	}
	if err := p.Verify(ctx, entity); err != nil {
		return 0, err
	}
	file, err := p.Rows(ctx, entity, m.encoder.Columns())
	if err != nil {
		return 0, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	absent := absentColumns(entity, file, m.encoder.Columns())
	open := m.state.Open
	m.encoder.Begin(map[string]string{
		catalog.Company: open.Company, catalog.PackageExecution: open.ID, catalog.PackageCompleted: open.Completed.Format(time.RFC3339),
	}, absent)
	if err := file.Skip(open.Rows); err != nil {
		return 0, m.tooShort(err, file.Count())
	}
	if err := m.sendRows(ctx, file, absent); err != nil {
		return 0, err
	}
	m.report(ctx, file, absent)
	return file.Count(), nil
}

// sendRows sends the rows of a file from the next one on, with a state after every rowsPerState of them.
func (m *packageReader) sendRows(ctx context.Context, file *entityfile.Rows, absent []string) error {
	firstRow := file.Count() + 1
	for sinceState := 0; ; sinceState++ {
		if sinceState == rowsPerState {
			sinceState = 0
			if err := errors.Join(m.flush(file.Count()), m.save()); err != nil {
				return err
			}
		}
		cells, err := file.Next()
		if errors.Is(err, io.EOF) {
			return m.flush(file.Count())
		}
		if err != nil {
			return errors.Join(m.flush(file.Count()), err)
		}
		if file.Count() == firstRow { // a file without rows may be without a header
			if err := m.checkKey(absent); err != nil {
				return err
			}
		}
		if err := m.encoder.Row(cells); err != nil {
			return fmt.Errorf("row %d of the file of entity %s: %w", file.Count(), m.stream.Entity, err)
		}
		if m.encoder.Len() < cellBytes {
			continue
		}
		if err := m.flush(file.Count()); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// tooShort returns the error of a file that ends before the rows that were sent of it.
func (m *packageReader) tooShort(err error, rows int64) error {
	if errors.Is(err, io.EOF) {
		return &EntityFileError{m.stream.Entity, fmt.Sprintf("the file has %d rows, fewer than the %d that were sent before", rows, m.state.Open.Rows)}
	}
	return err
}

// flush writes the records that are encoded and notes the position in the file.
func (m *packageReader) flush(position int64) error {
	records := m.encoder.Records()
	if records.Count > 0 {
		if err := output(m.job.Output.Tracker().Record(records, m.name(), "")); err != nil {
			return err
		}
		m.progress.PageRead(records.Count)
		m.progress.Delivered(records.Count, 0, int64(len(records.Lines)))
	}
	m.state.Open.Rows = position
	return nil
}

// absentColumns returns those of the columns that a file does not have. XML has no header: there, the mapping of the entity shows them.
func absentColumns(entity entityfile.Entity, file *entityfile.Rows, columns []string) []string {
	if file.Form != entityfile.XML {
		return file.Missing()
	}
	if len(entity.Columns) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(columns), func(column string) bool {
		return slices.ContainsFunc(entity.Columns, func(mapped string) bool { return strings.EqualFold(mapped, column) })
	})
}

// checkKey finds columns of the key that the file does not have: without them, a destination would take different rows for one.
func (m *packageReader) checkKey(absent []string) error {
	missing := slices.DeleteFunc(m.encoder.Keys(), func(key string) bool { return !slices.Contains(absent, key) })
	if len(missing) > 0 {
		return &KeyColumnError{m.stream.Entity, missing}
	}
	return nil
}

// report warns about what a file lacks or has lost. absent are the columns that are null in all its rows.
func (m *packageReader) report(ctx context.Context, file *entityfile.Rows, absent []string) {
	if others := file.Others(); len(others) > 0 {
		m.log.DebugContext(ctx, "columns of the file are not selected", "columns", strings.Join(others, ","))
	}
	if file.Count() > 0 && len(absent) > 0 && !slices.Equal(absent, m.missing) {
		m.missing = absent
		m.log.WarnContext(ctx, "Selected columns are not in the file of the entity and are sent as null. Add them to the mapping of the entity in its "+
			"project, or deselect them.", "columns", strings.Join(absent, ","))
	}
	if cut := file.Cut(); len(cut) > 0 {
		m.log.WarnContext(ctx, "Columns have values of exactly 255 characters, where an export to Excel cuts longer ones. Set the source data format of "+
			"the entity to XML-Element or CSV-Unicode in its project.", "columns", strings.Join(cut, ","))
	}
}

package replicate

import (
	"context"
	"errors"
	"strings"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// target is a table to read, with its definition as known now. Dataverse may change it while a stream is read.
type target struct {
	stream protocol.ConfiguredStream
	table  dataverse.Table
	labels map[string]*record.Labels // by choice column
	plan   *record.Plan
	// contents reports that the table has the columns of catalog.WithContents.
	contents bool
}

// firstPage is the first page of the table's rows.
func (t *target) firstPage() dataverse.Link {
	return dataverse.NewLink(t.table.EntitySet, t.plan.Select())
}

// firstKeys is the first page of the table's keys alone.
func (t *target) firstKeys() dataverse.Link {
	return dataverse.NewLink(t.table.EntitySet, []string{t.table.PrimaryID})
}

// rowsWithin is the first page of the rows whose keys are in a range, in ascending order.
func (t *target) rowsWithin(r keyrange.Range) dataverse.Link {
	return t.within(t.firstPage(), r, "asc")
}

// keysWithin is the same of the keys alone, in ascending order.
func (t *target) keysWithin(r keyrange.Range) dataverse.Link {
	return t.within(t.firstKeys(), r, "asc")
}

// keysDownFrom is the same in descending order.
func (t *target) keysDownFrom(r keyrange.Range) dataverse.Link {
	return t.within(t.firstKeys(), r, "desc")
}

// within restricts a first page to a range of keys. That the Web API compares unique identifiers is not documented, and several
// public clients rely on it: rangeScan.prove finds out.
func (t *target) within(link dataverse.Link, r keyrange.Range, order string) dataverse.Link {
	var conditions []string
	if r.After != nil {
		conditions = append(conditions, t.table.PrimaryID+"%20gt%20"+r.After.String())
	}
	if r.UpTo != nil {
		conditions = append(conditions, t.table.PrimaryID+"%20le%20"+r.UpTo.String())
	}
	if len(conditions) > 0 {
		link = link.With("$filter=" + strings.Join(conditions, "%20and%20"))
	}
	return link.With("$orderby=" + t.table.PrimaryID + "%20" + order)
}

// editsSelection reports whether the changes since a delta link are requested with other columns than the link names.
// They are not if the service has refused these columns before, or if the link has an unknown form.
func (t *target) editsSelection(s *checkpoint.State) bool {
	wanted := t.plan.Select()
	refused := s.ByKeys && checkpoint.SameColumns(s.Columns, wanted)
	return !checkpoint.SameColumns(s.DeltaLink.Select(), wanted) && !refused && s.DeltaLink.DeltaToken() != ""
}

// rememberColumns keeps the current selection next to a delta link that was taken with another one, and the derived columns.
func (t *target) rememberColumns(s *checkpoint.State) {
	s.Columns, s.Derived = nil, t.plan.Derived()
	if now := t.plan.Select(); !checkpoint.SameColumns(s.DeltaLink.Select(), now) {
		s.Columns = now
	} else {
		s.ByKeys = false
	}
}

// placeOf returns the place in a scan that a state has reached.
func (t *target) placeOf(s *checkpoint.State) Place {
	switch {
	case s.Phase != checkpoint.Changes && s.InMiddle():
		return AtLaterPage
	case s.Phase != checkpoint.Changes:
		return AtFirstPage
	case s.InMiddle():
		return AtPageOfChanges
	case t.editsSelection(s):
		return AtEditedDeltaLink
	default:
		return AtDeltaLink
	}
}

// definition reads the table as it is now. Its error wraps the cause that made this necessary, unless the table is
// gone.
func (t *target) definition(ctx context.Context, e Environment, cause error) (*dataverse.Table, error) {
	table, err := e.Table(ctx, t.table.LogicalName)
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	if table == nil {
		return nil, &TableGoneError{Table: t.table.LogicalName}
	}
	return table, nil
}

// define sets the definition of the table.
func (t *target) define(table dataverse.Table) error {
	if t.contents {
		table = catalog.WithContents(table)
	}
	plan, err := record.Compile(table, t.stream, t.labels)
	if err == nil {
		t.table, t.plan = table, plan
	}
	return err
}

package dataverse

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// TableNames lists the logical names of all tables that the Web API can address, sorted, each once.
func (c *Client) TableNames(ctx context.Context) ([]string, error) {
	var names []string
	err := c.get(ctx, request{
		operation: "list the tables of the environment",
		link:      "EntityDefinitions?$select=LogicalName,EntitySetName",
		maxBytes:  maxFactBytes,
		read: func(_ *http.Response, body io.Reader) error {
			names = names[:0]
			return c.eachTable(body, "value", func(t Table) {
				if t.EntitySet != "" {
					names = append(names, t.LogicalName)
				}
			})
		},
	})
	slices.Sort(names)
	return slices.Compact(names), err
}

// Table reads the definition of one table. It returns nil if the environment has no such table that the Web API can
// address, and an error if the definition could not be read.
func (c *Client) Table(ctx context.Context, name string) (*Table, error) {
	var found *Table
	failed, err := c.Tables(ctx, []string{name}, func(t Table) error {
		found = &t
		return nil
	})
	for _, f := range failed {
		if !f.Missing() {
			return nil, f
		}
	}
	return found, err
}

// definitions gets a response and returns the tables in one of its arrays that were asked for, each once.
func (r *definitionReader) definitions(ctx context.Context, names []string, link Link, array string, attempts int) ([]Table, error) {
	var found []Table
	err := r.client.get(ctx, request{
		operation: "read the definitions of " + someOf(names),
		link:      link,
		maxBytes:  maxMetadataBytes,
		policy:    RetryPolicy{PartialAttempts: attempts},
		read: func(_ *http.Response, body io.Reader) error {
			r.decoders <- struct{}{}
			defer func() { <-r.decoders }()
			found = found[:0]
			return r.client.eachTable(body, array, func(t Table) {
				if slices.Contains(names, t.LogicalName) && !isAmong(found, t.LogicalName) {
					found = append(found, t)
				}
			})
		},
	})
	return found, err
}

// metadataChanges reads tables by RetrieveMetadataChanges (Microsoft, "Query schema definitions"), the only request
// that returns the behaviors of dates together with all other columns.
func (r *definitionReader) metadataChanges(ctx context.Context, names []string, attempts int) ([]Table, error) {
	query := metadataQuery(names, r.client.options.LookupTargets)
	return r.definitions(ctx, names, query.link(), "EntityMetadata", attempts)
}

// plainDefinitions reads tables by EntityDefinitions. Its expansion of columns lacks the behaviors of dates and the targets
// of lookups, which belong to derived types, so a table that has such columns takes one more request for each.
func (r *definitionReader) plainDefinitions(ctx context.Context, names []string, attempts int) ([]Table, error) {
	link := "EntityDefinitions?$select=" + strings.Join(tableProperties(), ",") +
		"&$filter=" + escape(nameFilter(names)) +
		"&$expand=Attributes($select=" + strings.Join(columnProperties(), ",") + ")"
	found, err := r.definitions(ctx, names, Link(link), "value", attempts)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if err := r.dateBehaviors(ctx, &found[i], attempts); err != nil {
			return nil, err
		}
		if err := r.lookupTargets(ctx, &found[i], attempts); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// nameFilter returns the condition that the named tables meet.
func nameFilter(names []string) string {
	filter := make([]string, len(names))
	for i, name := range names {
		filter[i] = "LogicalName eq '" + strings.ReplaceAll(name, "'", "''") + "'"
	}
	return strings.Join(filter, " or ")
}

// dateBehaviors adds the behaviors of a table's DateTime columns, which its plain definition does not have.
func (r *definitionReader) dateBehaviors(ctx context.Context, t *Table, attempts int) error {
	if !slices.ContainsFunc(t.Columns, func(col Column) bool { return col.Type == DateTime }) {
		return nil
	}
	dates := derivedColumns{"date columns", "DateTimeAttributeMetadata", behaviorProperty}
	return r.derived(ctx, t, dates, attempts, func(date definedColumn) {
		if column := t.Column(date.name); column != nil {
			column.Behavior = DateBehavior(date.behavior)
		}
	})
}

// lookupTargets adds which lookups of a table are polymorphic, which its plain definition does not show.
func (r *definitionReader) lookupTargets(ctx context.Context, t *Table, attempts int) error {
	if !r.client.options.LookupTargets || !slices.ContainsFunc(t.Columns, Column.IsLookup) {
		return nil
	}
	lookups := derivedColumns{"lookup columns", "LookupAttributeMetadata", targetsProperty}
	return r.derived(ctx, t, lookups, attempts, func(lookup definedColumn) {
		if column := t.Column(lookupProperty(lookup.name)); column != nil {
			column.Polymorphic = lookup.polymorphic
		}
	})
}

// derivedColumns names columns of a type derived from AttributeMetadata, and one property of that type.
type derivedColumns struct{ noun, typ, property string }

// derived reads the columns of a table that are of a derived type.
func (r *definitionReader) derived(ctx context.Context, t *Table, of derivedColumns, attempts int, each func(definedColumn)) error {
	return r.client.get(ctx, request{
		operation: "read the " + of.noun + " of " + t.LogicalName,
		link: Link("EntityDefinitions(LogicalName='" + t.LogicalName + "')/Attributes/" +
			"Microsoft.Dynamics.CRM." + of.typ + "?$select=LogicalName," + of.property),
		maxBytes: maxMetadataBytes,
		policy:   RetryPolicy{PartialAttempts: attempts},
		read: func(_ *http.Response, body io.Reader) error {
			return eachDefinition(body, "value", func(d *jsontext.Decoder) error {
				column, err := readColumn(d, nil)
				if err == nil {
					each(column)
				}
				return err
			})
		},
	})
}

// eachDefinition reads the elements of one array of a response and skips all else. The service does not page
// definitions, so a response that announces more of them is broken.
func eachDefinition(body io.Reader, array string, element func(*jsontext.Decoder) error) error {
	d := newDecoder(body)
	found := false
	var others envelope
	err := eachMember(d, func(name []byte) error {
		if string(name) != array {
			return others.read(d, name)
		}
		found = true
		return eachElement(d, func() error { return element(d) })
	})
	if err != nil {
		return err
	}
	if err := others.check(false); err != nil {
		return err
	}
	if !found {
		return &BrokenResponseError{Reason: `it has no "` + array + `"`}
	}
	return drain(d)
}

// someOf names a few of the tables in an error.
func someOf(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:few], ", ") + ", ..."
}

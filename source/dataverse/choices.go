package dataverse

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"
)

// Choice is a choice column: its values are codes of an option set.
type Choice struct {
	Table  string     // logical name
	Column string     // logical name, which is also the property of rows
	Type   ColumnType // Picklist, MultiSelect, State, Status or Boolean
	Set    *OptionSet // never nil; all columns with the same global set share it
}

// IsChoice reports whether the values of columns of the type are codes of an option set. Those of a MultiSelect column are
// texts of codes with commas in between, and those of a Boolean column are true for the code 1 and false for 0.
func (t ColumnType) IsChoice() bool { return slices.Contains(choiceTypes(), t) }

func choiceTypes() []ColumnType { return []ColumnType{Picklist, MultiSelect, State, Status, Boolean} }

// Choices reads the choice columns of tables with their options, and passes them to yield one by one, in no particular order
// and never concurrently. A column whose options the service does not return is left out. The labels are those in the given
// languages, which are LCIDs; without any, those in all languages of the environment.
//
// One request covers fifty tables (Microsoft, "Query schema definitions"). Columns of Table.Columns that its response lacks
// are requested by table and type, as are all columns if the service refuses the request. The tables whose options could not
// be read are returned with the reasons, sorted by name. An error means that the service could not be read at all, or that
// yield failed.
func (c *Client) Choices(ctx context.Context, tables []Table, languages []int, yield func(Choice) error) ([]*TableError, error) {
	tables = slices.DeleteFunc(slices.Clone(tables), func(t Table) bool { return len(t.choiceTypes(nil)) == 0 })
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.Slots())
	r := &choiceReader{client: c, languages: languages, yield: yield, global: map[string]*OptionSet{}}
	for part := range slices.Chunk(tables, tablesPerRequest) {
		group.Go(func() error { return r.read(ctx, part) })
	}
	err := group.Wait()
	slices.SortFunc(r.failed, func(a, b *TableError) int { return strings.Compare(a.Table, b.Table) })
	return r.failed, err
}

// choiceTypes returns the types of the table's choice columns, without those of the columns that were found.
func (t Table) choiceTypes(found []Choice) []ColumnType {
	var types []ColumnType
	for _, c := range t.Columns {
		isFound := func(f Choice) bool { return f.Table == t.LogicalName && f.Column == c.Property }
		if c.Type.IsChoice() && !slices.Contains(types, c.Type) && !slices.ContainsFunc(found, isFound) {
			types = append(types, c.Type)
		}
	}
	return types
}

// choiceReader reads the choice columns of tables.
type choiceReader struct {
	client    *Client
	languages []int

	mu     sync.Mutex // of what follows, and while yield runs
	yield  func(Choice) error
	global map[string]*OptionSet // by MetadataId
	failed []*TableError
}

// read reads the choice columns of as many tables as fit into one request.
func (r *choiceReader) read(ctx context.Context, tables []Table) error {
	found, err := r.together(ctx, tables)
	if err != nil {
		return err
	}
	if err := r.deliver(found); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, t := range tables {
		if missing := t.choiceTypes(found); len(missing) > 0 {
			group.Go(func() error { return r.byType(ctx, t, missing, found) })
		}
	}
	return group.Wait()
}

// together reads choice columns by RetrieveMetadataChanges. It returns none if the service refuses that.
func (r *choiceReader) together(ctx context.Context, tables []Table) ([]Choice, error) {
	c := r.client
	if c.plain.Load() || c.plainChoices.Load() {
		return nil, nil
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.LogicalName
	}
	found, err := r.get(ctx, names, choicesQuery(names, r.languages).link(), "EntityMetadata", readChoicesOfTable)
	switch {
	case err == nil || ctx.Err() != nil:
		return found, err
	case refusesFunction(err):
		if c.plainChoices.CompareAndSwap(false, true) {
			c.log.InfoContext(ctx, fmt.Sprintf("Dataverse refuses to return the options of choice columns by RetrieveMetadataChanges. "+
				"The connector reads them by table and type instead. The reason: %v", err))
		}
		return nil, nil
	case blamesTables(err):
		return nil, nil
	default:
		return nil, err
	}
}

// byType reads the choice columns of a table that were not found, one type after the other.
func (r *choiceReader) byType(ctx context.Context, t Table, types []ColumnType, found []Choice) error {
	for _, typ := range types {
		more, err := r.ofType(ctx, t.LogicalName, typ)
		switch {
		case err == nil:
		case ctx.Err() != nil, !blamesTables(err):
			return err
		default:
			r.mu.Lock()
			defer r.mu.Unlock()
			r.failed = append(r.failed, &TableError{Table: t.LogicalName, cause: err})
			return nil
		}
		more = slices.DeleteFunc(more, func(c Choice) bool {
			return slices.ContainsFunc(found, func(f Choice) bool { return f.Table == c.Table && f.Column == c.Column })
		})
		if err := r.deliver(more); err != nil {
			return err
		}
	}
	return nil
}

// ofType reads the columns of one type of a table. Whether a column's options are in OptionSet or in GlobalOptionSet differs
// between versions of the service, so both are requested.
func (r *choiceReader) ofType(ctx context.Context, table string, typ ColumnType) ([]Choice, error) {
	link := "EntityDefinitions(LogicalName='" + table + "')/Attributes/Microsoft.Dynamics.CRM." + string(typ) +
		"AttributeMetadata?$select=LogicalName&$expand=OptionSet,GlobalOptionSet"
	return r.get(ctx, []string{table}, Link(link), "value", func(d *jsontext.Decoder) ([]Choice, error) {
		choice, err := readChoice(d)
		choice.Table, choice.Type = table, typ
		return []Choice{choice}, err
	})
}

// get gets a response and returns the choice columns in one of its arrays, each once.
func (r *choiceReader) get(
	ctx context.Context, names []string, link Link, array string, read func(*jsontext.Decoder) ([]Choice, error),
) ([]Choice, error) {
	var found []Choice
	err := r.client.get(ctx, request{
		operation: "read the options of " + someOf(names),
		link:      link,
		maxBytes:  maxMetadataBytes,
		policy:    RetryPolicy{PartialAttempts: fewAttempts},
		read: func(_ *http.Response, body io.Reader) error {
			found = found[:0]
			return eachDefinition(body, array, func(d *jsontext.Decoder) error {
				some, err := read(d)
				for _, c := range some {
					is := func(f Choice) bool { return f.Table == c.Table && f.Column == c.Column }
					if c.Set != nil && c.Type.IsChoice() && slices.Contains(names, c.Table) && !slices.ContainsFunc(found, is) {
						c.Set.restrict(r.languages)
						found = append(found, c)
					}
				}
				return err
			})
		},
	})
	return found, err
}

// deliver passes on choice columns.
func (r *choiceReader) deliver(found []Choice) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range found {
		if c.Set.Global && c.Set.MetadataID != "" {
			if known := r.global[c.Set.MetadataID]; known != nil {
				c.Set = known
			} else {
				r.global[c.Set.MetadataID] = c.Set
			}
		}
		if err := r.yield(c); err != nil {
			return err
		}
	}
	return nil
}

package dataverse

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"
)

// chunk is how many tables one request for definitions names: about 12 KB of url of the 32 that a GET may have, and
// an answer of some megabytes.
const chunk = 50

// TableNames lists the logical names of all tables that the Web API can address, sorted.
func (c *Client) TableNames(ctx context.Context) ([]string, error) {
	var names []string
	err := c.get(ctx, request{
		operation: "list the tables of the environment",
		link:      "EntityDefinitions?$select=LogicalName,EntitySetName",
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
	return names, err
}

// Table reads the definition of one table, nil if the environment has none that the Web API can address.
func (c *Client) Table(ctx context.Context, name string) (*Table, error) {
	var found *Table
	err := c.Tables(ctx, []string{name}, func(t Table) error {
		found = &t
		return nil
	})
	return found, err
}

// Tables reads the definitions of the named tables, columns included, and hands them to yield one by one, in no
// order and never two at once. Tables that do not exist, or that the Web API cannot address, are left out.
func (c *Client) Tables(ctx context.Context, names []string, yield func(Table) error) error {
	group, ctx := errgroup.WithContext(ctx)
	reader := definitionReader{c, make(chan struct{}, runtime.GOMAXPROCS(0))}
	group.SetLimit(c.Slots() + cap(reader.decoders)) // an answer that is being decoded has no place any more
	var turn sync.Mutex
	for part := range slices.Chunk(names, chunk) {
		group.Go(func() error {
			found, err := reader.definitions(ctx, part)
			if err != nil {
				return err
			}
			turn.Lock()
			defer turn.Unlock()
			for _, t := range found {
				if err := yield(t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// definitionReader is a client that reads definitions. Answers lie compressed until one of the decoders is free: decoded
// they take many times the memory, and more decoders than processors are no faster.
type definitionReader struct {
	*Client
	decoders chan struct{}
}

// tables gets an answer and keeps the tables in one of its arrays that can be used.
func (r definitionReader) tables(ctx context.Context, names []string, link Link, array string) ([]Table, error) {
	var found []Table
	err := r.get(ctx, request{
		operation: "read the definitions of " + someOf(names),
		link:      link,
		read: func(_ *http.Response, body io.Reader) error {
			r.decoders <- struct{}{}
			defer func() { <-r.decoders }()
			found = found[:0]
			return r.eachTable(body, array, func(t Table) {
				if t.EntitySet != "" && t.Has(t.PrimaryID) { // else the Web API cannot address it or read its key
					found = append(found, t)
				}
			})
		},
	})
	return found, err
}

// definitions reads one chunk, by RetrieveMetadataChanges, the only request that has the behaviours of dates beside all
// other columns. Where a service refuses it, the plain definitions serve from then on.
func (r definitionReader) definitions(ctx context.Context, names []string) ([]Table, error) {
	if r.plain.Load() {
		return r.plainDefinitions(ctx, names)
	}
	found, err := r.metadataChanges(ctx, names)
	if !refusesFunction(err) {
		return found, err
	}
	r.plain.Store(true)
	r.log.LogAttrs(ctx, slog.LevelInfo, "RetrieveMetadataChanges is refused, reading EntityDefinitions instead",
		slog.String("reason", err.Error()))
	return r.plainDefinitions(ctx, names)
}

// refusesFunction says whether the service refused one request as such, for good or until the attempts were used up.
// A limit, a refused token and a gateway, whose answers have no code, would meet any other request as well.
func refusesFunction(err error) bool {
	var refused *APIError
	var wait *WaitError
	if !errors.As(err, &refused) || errors.As(err, &wait) || refused.Status == http.StatusUnauthorized {
		return false
	}
	return !refused.Temporary() || refused.Code != "" && !refused.Throttled()
}

// metadataChanges reads tables by RetrieveMetadataChanges (Microsoft, "Query schema definitions").
func (r definitionReader) metadataChanges(ctx context.Context, names []string) ([]Table, error) {
	query, err := metadataQuery(names)
	if err != nil {
		return nil, err
	}
	return r.tables(ctx, names, Link("RetrieveMetadataChanges(Query=@p1)?@p1="+escape(query)), "EntityMetadata")
}

// plainDefinitions reads tables by EntityDefinitions. Its expansion of columns has no behaviours of dates, for they
// belong to a derived type: they take one more request for each table that has dates.
func (r definitionReader) plainDefinitions(ctx context.Context, names []string) ([]Table, error) {
	filter := make([]string, len(names))
	for i, name := range names {
		filter[i] = "LogicalName eq '" + strings.ReplaceAll(name, "'", "''") + "'"
	}
	link := "EntityDefinitions?$select=" + strings.Join(tableProperties(), ",") +
		"&$filter=" + escape(strings.Join(filter, " or ")) +
		"&$expand=Attributes($select=" + strings.Join(columnProperties(), ",") + ")"
	found, err := r.tables(ctx, names, Link(link), "value")
	if err != nil {
		return nil, err
	}
	for i := range found {
		if err := r.dateBehaviors(ctx, &found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// dateBehaviors fills in what the plain definition of a table does not tell of its DateTime columns.
func (c *Client) dateBehaviors(ctx context.Context, t *Table) error {
	if !slices.ContainsFunc(t.Columns, func(col Column) bool { return col.Type == DateTime }) {
		return nil
	}
	return c.get(ctx, request{
		operation: "read the date columns of " + t.LogicalName,
		link: Link("EntityDefinitions(LogicalName='" + t.LogicalName + "')/Attributes/" +
			"Microsoft.Dynamics.CRM.DateTimeAttributeMetadata?$select=LogicalName," + behaviorProperty),
		read: func(_ *http.Response, body io.Reader) error {
			return eachDefinition(body, "value", func(d *jsontext.Decoder) error {
				date, err := readColumn(d, nil)
				if column := t.Column(date.name); err == nil && column != nil {
					column.Behavior = DateBehavior(date.behavior)
				}
				return err
			})
		},
	})
}

// eachDefinition reads the elements of one array of an answer and skips all else.
func eachDefinition(body io.Reader, array string, element func(*jsontext.Decoder) error) error {
	d := newDecoder(body)
	seen := false
	err := eachMember(d, func(name []byte) error {
		if string(name) != array {
			return d.SkipValue()
		}
		seen = true
		return eachElement(d, func() error { return element(d) })
	})
	if err == nil && !seen {
		return &BrokenResponseError{Reason: `it has no "` + array + `"`}
	}
	if err != nil {
		return err
	}
	return drain(d)
}

// someOf names tables in an error without filling a page with them.
func someOf(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:few], ", ") + ", ..."
}

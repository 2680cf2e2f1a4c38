package dataverse

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"
)

// chunk is how many tables one request for definitions names: about 12 KB of url of the 32 that a GET may have, and
// an answer of some megabytes.
const chunk = 50

// parallel is how many requests for definitions run at once. Four busy requests use up what the service grants one
// user for good: 20 minutes of execution in any five (Microsoft, "Service protection API limits").
const parallel = 4

// TableNames lists the logical names of all tables that the Web API can address, sorted.
func (c *Client) TableNames(ctx context.Context) ([]string, error) {
	var names []string
	err := c.get(ctx, request{
		operation: "list the tables of the environment",
		link:      "EntityDefinitions?$select=LogicalName,EntitySetName",
		read: func(_ *http.Response, body io.Reader) error {
			names = names[:0]
			return eachDefinition(body, "value", func(d *jsontext.Decoder) error {
				t, err := readTable(d)
				if err == nil && t.EntitySet != "" {
					names = append(names, t.LogicalName)
				}
				return err
			})
		},
	})
	slices.Sort(names)
	return names, err
}

// Tables reads the definitions of the named tables, columns included, and hands them to yield one by one, in no
// order and never two at once. Tables that do not exist, or that the Web API cannot address, are left out.
func (c *Client) Tables(ctx context.Context, names []string, yield func(Table) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	var turn sync.Mutex
	for part := range slices.Chunk(names, chunk) {
		group.Go(func() error {
			found, err := c.definitions(ctx, part)
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

// definitions reads one chunk, by RetrieveMetadataChanges, the only request that has behaviours of dates and targets
// of lookups beside all other columns. Where a service refuses it, the plain definitions serve from then on.
func (c *Client) definitions(ctx context.Context, names []string) ([]Table, error) {
	if c.plain.Load() {
		return c.plainDefinitions(ctx, names)
	}
	found, err := c.metadataChanges(ctx, names)
	if !refusesFunction(err) {
		return found, err
	}
	c.plain.Store(true)
	c.log.LogAttrs(ctx, slog.LevelInfo, "RetrieveMetadataChanges is refused, reading EntityDefinitions instead",
		slog.String("reason", err.Error()))
	return c.plainDefinitions(ctx, names)
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
func (c *Client) metadataChanges(ctx context.Context, names []string) ([]Table, error) {
	query, err := metadataQuery(names)
	if err != nil {
		return nil, err
	}
	var found []Table
	err = c.get(ctx, request{
		operation: "read the definitions of " + someOf(names),
		link:      Link("RetrieveMetadataChanges(Query=@p1)?@p1=" + escape(query)),
		read: func(_ *http.Response, body io.Reader) error {
			found = found[:0]
			return eachDefinition(body, "EntityMetadata", func(d *jsontext.Decoder) error {
				return appendTable(&found, d)
			})
		},
	})
	return found, err
}

// plainDefinitions reads tables by EntityDefinitions. Its expansion of columns has no behaviours of dates, for they
// belong to a derived type: they take one more request for each table that has dates.
func (c *Client) plainDefinitions(ctx context.Context, names []string) ([]Table, error) {
	filter := make([]string, len(names))
	for i, name := range names {
		filter[i] = "LogicalName eq '" + strings.ReplaceAll(name, "'", "''") + "'"
	}
	link := "EntityDefinitions?$select=" + strings.Join(tableProperties(), ",") +
		"&$filter=" + escape(strings.Join(filter, " or ")) +
		"&$expand=Attributes($select=" + strings.Join(columnProperties(), ",") + ")"
	var found []Table
	err := c.get(ctx, request{
		operation: "read the definitions of " + someOf(names),
		link:      Link(link),
		read: func(_ *http.Response, body io.Reader) error {
			found = found[:0]
			return eachDefinition(body, "value", func(d *jsontext.Decoder) error {
				return appendTable(&found, d)
			})
		},
	})
	if err != nil {
		return nil, err
	}
	for i := range found {
		if err := c.dateBehaviors(ctx, &found[i]); err != nil {
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
			"Microsoft.Dynamics.CRM.DateTimeAttributeMetadata?$select=LogicalName,DateTimeBehavior"),
		read: func(_ *http.Response, body io.Reader) error {
			return eachDefinition(body, "value", func(d *jsontext.Decoder) error {
				date, err := readColumn(d)
				if column := t.Column(date.LogicalName); err == nil && column != nil {
					column.Behavior = date.Behavior
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
	err := eachMember(d, func(name string) error {
		if name != array {
			return d.SkipValue()
		}
		seen = true
		return eachElement(d, func() error { return element(d) })
	})
	if err == nil && !seen {
		return &BrokenAnswerError{Reason: `it has no "` + array + `"`}
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

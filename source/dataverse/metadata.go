package dataverse

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// MetadataRequest asks for rows that describe some tables.
type MetadataRequest struct {
	Kind   MetadataKind
	Tables []string // logical names; see MaxMetadataTables
	// Described reports whether a table is described, by this request or by another. A relationship of many to many belongs to
	// both of its tables and is described with the first of them that is described at all.
	Described func(table string) bool
	// Languages are the codes (LCID) of the languages of names and descriptions, the preferred one first. The labels of choices
	// come in all languages.
	Languages []int
	// AllLanguages requests the texts in all languages of the environment, in case that they are in none of Languages.
	AllLanguages bool
	// OnThrottled and OnRetry are those of a PageRequest.
	OnThrottled func(until time.Time)
	OnRetry     func(after time.Duration)
}

// MaxMetadataTables is how many tables one MetadataRequest should name: see tablesPerRequest.
const MaxMetadataTables = tablesPerRequest

// Metadata reads the definitions of tables into a sink, as rows of the kind's own table. It returns the time of the response.
// Tables that no longer exist have no rows. The rows in sink are valid only if the error is nil.
//
// It sends RetrieveMetadataChanges (Microsoft, "Query schema definitions"). A service that refuses this function gets a
// request for EntityDefinitions, whose response has the same objects but no option sets: choices are then read by table and
// type.
func (c *Client) Metadata(ctx context.Context, q MetadataRequest, sink Sink) (time.Time, error) {
	reader := &metadataReader{client: c, request: q, rows: metadataRows{sink: sink}}
	if !c.plain.Load() && !c.plainMetadata.Load() {
		at, err := reader.get(ctx, q.changes(), "EntityMetadata")
		if err == nil || !refusesFunction(err) {
			return at, err
		}
		if c.plainMetadata.CompareAndSwap(false, true) {
			c.log.InfoContext(ctx, fmt.Sprintf("Dataverse refuses RetrieveMetadataChanges. The connector reads EntityDefinitions instead. The reason: %v", err))
		}
	}
	if q.Kind == ChoiceMetadata {
		return reader.choicesByType(ctx)
	}
	return reader.get(ctx, q.definitions(), "value")
}

// get sends one of the two requests, whose response has the tables in an array.
func (r *metadataReader) get(ctx context.Context, link Link, array string) (at time.Time, err error) {
	err = r.client.get(ctx, request{
		operation:   fmt.Sprintf("read the metadata (%s) of %s", r.request.Kind, someOf(r.request.Tables)),
		link:        link,
		maxBytes:    maxMetadataBytes,
		policy:      RetryPolicy{ExpensiveAttempts: r.attempts()},
		onThrottled: r.request.OnThrottled,
		onRetry:     r.request.OnRetry,
		read: func(response *http.Response, body io.Reader) error {
			at = responseTime(response)
			if err := r.rows.sink.Begin(ctx, at); err != nil {
				return fmt.Errorf("%w: %w", ErrSink, err)
			}
			err := r.read(body, array)
			if err != nil {
				r.rows.sink.Discard()
			}
			return err
		},
	})
	return at, err
}

// attempts returns the number of attempts at a response that is too expensive: one if the tables can be requested in
// smaller groups.
func (r *metadataReader) attempts() int {
	if len(r.request.Tables) > 1 {
		return 1
	}
	return 0
}

// responseTime returns when the service responded, by its clock.
func responseTime(response *http.Response) time.Time {
	at, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		at = time.Now()
	}
	return at.UTC()
}

// changes returns the request for RetrieveMetadataChanges.
func (q *MetadataRequest) changes() Link {
	query := entityQuery{Criteria: tablesNamed(q.Tables)}
	properties := metadataProperties{PropertyNames: describedProperties(q.Kind)}
	switch q.Kind {
	case TableMetadata:
		query.Properties = properties
	case ColumnMetadata:
		query.Properties.PropertyNames = []string{"LogicalName", "Attributes"}
		query.AttributeQuery = &attributeQuery{Properties: properties}
	case ChoiceMetadata:
		query.Properties.PropertyNames = []string{"LogicalName", "Attributes"}
		query.AttributeQuery = &attributeQuery{Properties: properties, Criteria: choiceCriteria()}
	case RelationshipMetadata:
		query.Properties.PropertyNames = []string{"LogicalName", "ManyToOneRelationships", "ManyToManyRelationships"}
		query.RelationshipQuery = &relationshipQuery{Properties: properties}
	}
	if len(q.Languages) > 0 && !q.AllLanguages && (q.Kind == TableMetadata || q.Kind == ColumnMetadata) {
		query.LabelQuery = &labelQuery{FilterLanguages: q.Languages}
	}
	return query.link()
}

// definitions returns the request for EntityDefinitions. A selection of columns could not name the properties of derived
// types, so all properties are requested.
func (q *MetadataRequest) definitions() Link {
	expanded := map[MetadataKind]string{
		ColumnMetadata:       "&$expand=Attributes",
		RelationshipMetadata: "&$expand=ManyToOneRelationships,ManyToManyRelationships",
	}[q.Kind]
	selected := []string{"LogicalName"}
	if q.Kind == TableMetadata {
		selected = describedProperties(TableMetadata)
	}
	return Link("EntityDefinitions?$select=" + strings.Join(selected, ",") + "&$filter=" + escape(nameFilter(q.Tables)) + expanded)
}

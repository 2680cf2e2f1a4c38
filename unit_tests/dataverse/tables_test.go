package dataverse_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// metadataService is a Web API that has the definitions of tables. spoil, unless it is nil, may give another response to a
// request for the definitions of some tables; plain reports whether it is one for plain definitions.
type metadataService struct {
	tables []string
	spoil  func(names []string, plain bool) http.HandlerFunc
}

func (c metadataService) respond(t *testing.T) http.HandlerFunc {
	t.Helper()
	inFilter := regexp.MustCompile(`LogicalName eq '([^']*)'`)
	return func(w http.ResponseWriter, r *http.Request) {
		var names []string
		list := "EntityMetadata"
		switch path := strings.TrimPrefix(r.URL.Path, "/api/data/v9.2/"); path {
		case "WhoAmI":
			good(`{"UserId":"u","OrganizationId":"o"}`)(w, r)
			return
		case "$batch":
			refuse(http.StatusMethodNotAllowed, "")(w, r)
			return
		case "EntityDefinitions":
			list = "value"
			for _, found := range inFilter.FindAllStringSubmatch(r.URL.Query().Get("$filter"), -1) {
				names = append(names, found[1])
			}
		default:
			names = asked(t, &url.URL{RawQuery: r.URL.RawQuery})
		}
		if c.spoil != nil {
			if other := c.spoil(names, list == "value"); other != nil {
				other(w, r)
				return
			}
		}
		var definitions []string
		for _, name := range names {
			if slices.Contains(c.tables, name) {
				definitions = append(definitions, definition(name))
			}
		}
		good(`{"`+list+`":[`+strings.Join(definitions, ",")+`]}`)(w, r)
	}
}

// hundred are the names of a hundred tables.
func hundred() []string {
	names := make([]string, 100)
	for i := range names {
		names[i] = fmt.Sprintf("t%02d", i)
	}
	return names
}

// readAll returns the sorted names of the tables that are found, and the errors of the others.
func readAll(t *testing.T, s *service, names []string) (found []string, failed []*dataverse.TableError) {
	t.Helper()
	failed, err := s.client().Tables(t.Context(), names, func(table dataverse.Table) error {
		found = append(found, table.LogicalName)
		return nil
	})
	require.NoError(t, err)
	slices.Sort(found)
	return found, failed
}

func without(names []string, some ...string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(some, name) })
}

func TestOneUnreadableDefinitionDoesNotFailTheOthers(t *testing.T) {
	for name, spoilt := range map[string]http.HandlerFunc{
		"an error of Dataverse":  refuse(http.StatusInternalServerError, `{"error":{"code":"0x80040216","message":"The given key was not present in the dictionary."}}`),
		"a gateway's error":      refuse(http.StatusBadGateway, ""),
		"an inconclusive error":  refuse(http.StatusBadRequest, "<html>"),
		"a url that is too long": refuse(http.StatusRequestURITooLong, ""),
		"JSON that is none":      good(`{"EntityMetadata":[{"LogicalName":}],"value":[]}`),
		"a misshapen definition": good(`{"EntityMetadata":[{"LogicalName":1}],"value":[{"LogicalName":1}]}`),
		"an error beside tables": good(`{"EntityMetadata":[],"value":[],"error":{"message":"no"}}`),
		"a response cut off":     good(`{"EntityMetadata":[`),
	} {
		t.Run(name, func(t *testing.T) {
			bad := []string{"t07", "t63"}
			s := newService(t, metadataService{hundred(), func(names []string, _ bool) http.HandlerFunc {
				if slices.Contains(names, bad[0]) || slices.Contains(names, bad[1]) {
					return spoilt
				}
				return nil
			}}.respond(t))
			began := time.Now()
			found, failed := readAll(t, s, hundred())
			assert.Equal(t, without(hundred(), bad...), found)
			require.Len(t, failed, 2)
			for i, table := range bad {
				assert.Equal(t, table, failed[i].Table)
				assert.Contains(t, failed[i].Error(), "table "+table+": read the definitions of "+table)
				assert.False(t, failed[i].Missing())
			}
			assert.Less(t, len(s.requests()), 90)
			assert.Less(t, time.Since(began), time.Minute)
		})
	}
}

func TestMissingDefinitionsAreRequestedOnceMore(t *testing.T) {
	lost := []string{"t00", "t49", "t99"}
	s := newService(t, metadataService{hundred(), func(names []string, plain bool) http.HandlerFunc {
		if plain {
			return nil
		}
		var some []string
		for _, name := range without(names, lost...) {
			some = append(some, definition(name))
		}
		return changes(some...)
	}}.respond(t))
	found, failed := readAll(t, s, hundred())
	assert.Equal(t, hundred(), found)
	assert.Empty(t, failed)
	assert.Len(t, s.requests(), 4)
}

func TestDefinitionsThatStayMissingAreReported(t *testing.T) {
	s := newService(t, metadataService{tables: without(hundred(), "t10", "t20")}.respond(t))
	found, failed := readAll(t, s, hundred())
	assert.Len(t, found, 98)
	require.Len(t, failed, 2)
	for i, table := range []string{"t10", "t20"} {
		assert.Equal(t, table, failed[i].Table)
		require.ErrorIs(t, failed[i], dataverse.ErrNoDefinition)
		assert.True(t, failed[i].Missing())
	}
}

func TestTableThatRowsCannotBeReadOfIsReported(t *testing.T) {
	noSet := strings.Replace(definition("a"), `"as"`, "null", 1)
	found, failed := readAll(t, newService(t, changes(noSet, definition("b"))), []string{"a", "b"})
	assert.Equal(t, []string{"b"}, found)
	require.Len(t, failed, 1)
	require.ErrorIs(t, failed[0], dataverse.ErrNotAddressable)
}

func TestTableListedTwiceComesOnce(t *testing.T) {
	s := newService(t, good(`{"value":[{"LogicalName":"a","EntitySetName":"as"},{"LogicalName":"b","EntitySetName":"bs"},{"LogicalName":"a","EntitySetName":"as"}]}`))
	names, err := s.client().TableNames(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, names)

	found, failed := readAll(t, newService(t, changes(definition("a"), definition("a"), definition("other"))), []string{"a", "a"})
	assert.Equal(t, []string{"a"}, found, "and none that was not asked for")
	assert.Empty(t, failed)
}

func TestPassingFailureOfDefinitionsCostsNoTable(t *testing.T) {
	fails := 5
	s := newService(t, metadataService{hundred(), func([]string, bool) http.HandlerFunc {
		if fails--; fails >= 0 {
			return refuse(http.StatusInternalServerError, `{"error":{"code":"0x80040216","message":"An unexpected error occurred."}}`)
		}
		return nil
	}}.respond(t))
	found, failed := readAll(t, s, hundred()[:50])
	assert.Equal(t, hundred()[:50], found)
	assert.Empty(t, failed)
}

func TestFailureOfTheWholeServiceIsAnErrorOfAllTables(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"an outage":             refuse(http.StatusServiceUnavailable, ""),
		"no application user":   refuse(http.StatusForbidden, `{"error":{"code":"0x80072560","message":"no"}}`),
		"a refused token":       refuse(http.StatusUnauthorized, ""),
		"a page of HTML":        refuse(http.StatusOK, "<html>", "Content-Type", "text/html"),
		"everything fails":      refuse(http.StatusInternalServerError, `{"error":{"code":"0x80040216","message":"no"}}`),
		"a limit that lasts":    refuse(http.StatusTooManyRequests, throttled, "Retry-After", "3600"),
		"a connection that cut": cut,
	} {
		t.Run(name, func(t *testing.T) {
			failed, err := newService(t, response).client().Tables(t.Context(), hundred(), func(dataverse.Table) error { return nil })
			require.Error(t, err)
			assert.Empty(t, failed)
		})
	}
}

func TestTableReturnsWhyItsDefinitionCannotBeRead(t *testing.T) {
	bad := metadataService{[]string{"a"}, func([]string, bool) http.HandlerFunc {
		return refuse(http.StatusInternalServerError, `{"error":{"code":"0x80040216","message":"no"}}`)
	}}
	table, err := newService(t, bad.respond(t)).client().Table(t.Context(), "a")
	assert.Nil(t, table)
	var failed *dataverse.TableError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "a", failed.Table)

	table, err = newService(t, metadataService{}.respond(t)).client().Table(t.Context(), "a")
	require.NoError(t, err)
	assert.Nil(t, table, "the environment has no such table")
	assert.NotErrorIs(t, errors.Join(err), dataverse.ErrNoDefinition)
}

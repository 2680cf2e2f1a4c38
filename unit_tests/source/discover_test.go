package source_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listed responds with a list of tables, and with no definition of any.
func listed(names ...string) http.HandlerFunc {
	entries := make([]string, len(names))
	for i, name := range names {
		entries[i] = fmt.Sprintf(`{"LogicalName":%q,"EntitySetName":%q}`, name, name+"s")
	}
	return func(w http.ResponseWriter, r *http.Request) {
		list := strings.Join(entries, ",")
		if r.URL.Query().Has("$filter") {
			list = ""
		}
		good(`{"value":[`+list+`]}`)(w, r)
	}
}

// defined responds with the definitions of tables.
func defined(definitions ...string) http.HandlerFunc {
	return good(`{"EntityMetadata":[` + strings.Join(definitions, ",") + `]}`)
}

func TestATableThatIsListedOrDefinedTwiceIsOneStream(t *testing.T) {
	e := newEnvironment(t)
	e.respond(definitions, listed("tag", "account", "tag"))
	e.respond(metadata, defined(table("tag", "tags", false), table("account", "accounts", true), table("tag", "tags", false)))
	code, o := e.run(t, "discover", process{})
	require.Equal(t, 0, code, o.text)
	streams := o.of("CATALOG")[0].Catalog.Streams
	require.Len(t, streams, 2)
	assert.Equal(t, "account", streams[0].Name)
	assert.Equal(t, "tag", streams[1].Name)
	assert.Empty(t, warnings(o))
}

func TestEveryTableThatADiscoveryLosesIsNamed(t *testing.T) {
	without := func(name, part, instead string) string {
		return strings.Replace(table(name, name+"s", false), part, instead, 1)
	}
	columns := func(name string) string {
		_, columns, _ := strings.Cut(table(name, name+"s", false), `"Attributes":`)
		return strings.TrimSuffix(columns, "}")
	}
	names := []string{"hollow", "keyless", "nameless", "secret", "tag"}
	var absent []string
	for i := range 25 {
		absent = append(absent, fmt.Sprintf("absent%02d", i))
	}
	e := newEnvironment(t)
	e.respond(definitions, listed(append(absent, names...)...))
	e.respond(metadata, defined(
		without("hollow", columns("hollow"), "[]"), without("keyless", `"PrimaryIdAttribute":"keylessid"`, `"PrimaryIdAttribute":null`),
		without("nameless", `"EntitySetName":"namelesss"`, `"EntitySetName":null`),
		without("secret", `"PrimaryIdAttribute":"secretid"`, `"PrimaryIdAttribute":"another"`), table("tag", "tags", false),
	))
	code, o := e.run(t, "discover", process{})
	require.Equal(t, 0, code, o.text)
	assert.Len(t, o.of("CATALOG")[0].Catalog.Streams, 1)
	require.Len(t, warnings(o), 1)
	const rows = "the Web API cannot address the table's rows: "
	assert.Contains(t, warnings(o)[0], "29 tables are not in the catalog: "+strings.Join(absent, ", ")+" (the service returned no definition of the table); "+
		"hollow ("+rows+"its definition has no column that can be read); keyless ("+rows+"its definition has no key column); "+
		"nameless ("+rows+"its definition has no entity set); secret ("+rows+"its key column cannot be read). If you need one of them, ")
}

func TestADiscoveryWithoutAnyStreamIsAnError(t *testing.T) {
	for name, example := range map[string]struct {
		list, definitions http.HandlerFunc
		beginning         string
	}{
		"no table is listed":  {listed(), defined(), "Dataverse listed no tables"},
		"no table is defined": {listed("absent"), defined(), "Dataverse returned no usable definition of any selected table"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			e.respond(definitions, example.list)
			e.respond(metadata, example.definitions)
			code, o := e.run(t, "discover", process{})
			assertFailed(t, code, o, "transient_error", example.beginning)
			assert.Empty(t, o.of("CATALOG"))
		})
	}
}

func TestACatalogThatAirbyteMayRejectBringsAWarning(t *testing.T) {
	manyColumns := func(columns int) string {
		var b strings.Builder
		for i := range columns {
			fmt.Fprintf(&b, `{"LogicalName":"contoso_column%06d","AttributeTypeName":{"Value":"StringType"},"IsValidODataAttribute":true,"IsValidForRead":true},`, i)
		}
		return b.String()
	}
	for name, example := range map[string]struct {
		tables, columns int
		warned          string
	}{
		"1,000 streams":          {1000, 0, ""},
		"1,001 streams":          {1001, 0, "The catalog has 1,001 streams"},
		"more than 10 megabytes": {2, 100_000, "The catalog has 2 streams"},
	} {
		t.Run(name, func(t *testing.T) {
			columns := manyColumns(example.columns)
			var names, tables []string
			for i := range example.tables {
				name := fmt.Sprintf("contoso_table%d", i)
				names = append(names, name)
				tables = append(tables, strings.Replace(table(name, name+"s", false), `"Attributes":[`, `"Attributes":[`+columns, 1))
			}
			e := newEnvironment(t)
			e.respond(definitions, listed(names...))
			e.respond(metadata, defined(tables...))
			code, o := e.run(t, "discover", process{})
			require.Equal(t, 0, code)
			require.Len(t, o.of("CATALOG"), 1)
			assert.Len(t, o.of("CATALOG")[0].Catalog.Streams, example.tables)
			if example.warned == "" {
				assert.Empty(t, warnings(o))
				return
			}
			require.Len(t, warnings(o), 1)
			assert.Contains(t, warnings(o)[0], "include_tables")
			assert.Contains(t, warnings(o)[0], example.warned)
		})
	}
}

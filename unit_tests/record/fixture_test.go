package record_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// TestRealRowsArriveWithEveryValue holds the encoder against payloads of real environments. They are not part of the
// repository: DATAVERSE_FIXTURES names their folder.
func TestRealRowsArriveWithEveryValue(t *testing.T) {
	folder := os.Getenv("DATAVERSE_FIXTURES")
	if folder == "" {
		t.Skip("DATAVERSE_FIXTURES names no folder with real payloads")
	}
	for file, key := range map[string]string{
		"account_full_record_v9.0.json": "accountid", "amplabs_contacts-read.json": "contactid", "msft_accounts_page.json": "accountid",
	} {
		t.Run(file, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(folder, "records", file))
			require.NoError(t, err)
			var page struct{ Value []json.RawMessage }
			require.NoError(t, json.Unmarshal(raw, &page))
			require.NotEmpty(t, page.Value)
			for _, row := range page.Value {
				members := decode(t, row)
				table := dataverse.Table{LogicalName: "real", PrimaryID: key}
				var columns []string
				for name := range members {
					if strings.Contains(name, "@") {
						delete(members, name)
						continue
					}
					columns = append(columns, name)
					table.Columns = append(table.Columns, dataverse.Column{Property: name, Type: dataverse.String})
				}
				var line struct {
					Record struct{ Data json.RawMessage }
				}
				var compact bytes.Buffer // as the service sends it
				require.NoError(t, json.Compact(&compact, row))
				for _, text := range []string{string(row), compact.String()} {
					stream := configured(table, columns...)
					for name := range stream.Columns {
						stream.Columns[name] = protocol.Property{} // any type
					}
					got := lines(t, newEncoder(compile(t, table, stream), record.Options{}), pageTime(), "["+text+"]")
					require.NoError(t, json.Unmarshal([]byte(got), &line))
					assert.Equal(t, members, decode(t, line.Record.Data))
				}
			}
		})
	}
}

// decode reads an object and keeps the digits of its numbers.
func decode(t *testing.T, object []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	var members map[string]any
	require.NoError(t, d.Decode(&members))
	return members
}

package dataverse_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// TestSkippedMetadataTakesNoMemory reads 500 tables of 200 columns twice: with labels that are not needed, which make
// each column thrice as large, and without.
func TestSkippedMetadataTakesNoMemory(t *testing.T) {
	labels := `"DisplayName":{"LocalizedLabels":[` +
		strings.TrimSuffix(strings.Repeat(`{"Label":"Konto","LanguageCode":1031,"IsManaged":true},`, 6), ",") + `]}`
	narrow, narrowBytes := discoverWide(t, `"x":0`)
	wide, wideBytes := discoverWide(t, labels)
	skipped := wideBytes - narrowBytes
	t.Logf("%d bytes allocated for %d, %d for %d", narrow, narrowBytes, wide, wideBytes)
	require.Greater(t, skipped, uint64(30<<20), "the second responses are much larger")
	assert.Less(t, wide, narrow+skipped/20, "what is skipped is not kept in memory, not even for a moment")
}

// discoverWide reads wide definitions and returns how many bytes were allocated for it and how many were read.
func discoverWide(t *testing.T, more string) (allocated, read uint64) {
	t.Helper()
	s := &wideService{t: t}
	var columns []string
	for i := range 200 {
		columns = append(columns, column(fmt.Sprintf("contoso_column%d", i), "StringType", more))
	}
	s.table = `{"LogicalName":"NAME","EntitySetName":"NAMEs","PrimaryIdAttribute":"contoso_column0","Attributes":[` +
		strings.Join(columns, ",") + `]}`
	names := make([]string, 500)
	for i := range names {
		names[i] = fmt.Sprintf("contoso_table%d", i)
	}
	var before, after runtime.MemStats
	found := 0
	runtime.ReadMemStats(&before)
	_, err := dataverse.New("https://contoso.example", &tokens{}, s, options()).Tables(t.Context(), names, func(table dataverse.Table) error {
		found++
		assert.Len(t, table.Columns, 200)
		return nil
	})
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Equal(t, len(names), found)
	return after.TotalAlloc - before.TotalAlloc, uint64(len(s.table)) * uint64(len(names))
}

// wideService is a Web API without a network, whose responses are made while they are read and take no memory.
type wideService struct {
	t     *testing.T
	table string
}

// RoundTrip responses a request of RetrieveMetadataChanges.
func (s *wideService) RoundTrip(r *http.Request) (*http.Response, error) {
	parts := []io.Reader{strings.NewReader(`{"EntityMetadata":[`)}
	before, after, _ := strings.Cut(s.table, "NAME")
	middle, after, _ := strings.Cut(after, "NAME")
	for i, name := range asked(s.t, &url.URL{RawQuery: r.URL.RawQuery}) {
		if i > 0 {
			parts = append(parts, strings.NewReader(","))
		}
		for _, part := range []string{before, name, middle, name, after} {
			parts = append(parts, strings.NewReader(part))
		}
	}
	parts = append(parts, strings.NewReader("]}"))
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(io.MultiReader(parts...)), Request: r,
	}, nil
}

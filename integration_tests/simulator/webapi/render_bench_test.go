package webapi

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// BenchmarkPageOfWideRows renders full pages of accounts, which have some 180 properties.
func BenchmarkPageOfWideRows(b *testing.B) {
	env, err := rows.New(rows.Options{Seed: 1, DefaultRows: 20_000})
	require.NoError(b, err)
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, testBase+"/accounts", nil)
	b.ReportAllocs()
	for b.Loop() {
		response, refusal := Respond(env, r, testBase, "accounts")
		require.Nil(b, refusal)
		b.SetBytes(int64(len(response.Body)))
		GiveBack(env, response)
	}
	b.ReportMetric(float64(odata.MaxPage*b.N)/b.Elapsed().Seconds(), "rows/s")
}

package simulator

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkPageOfWideRows renders full pages of accounts, which have some 180 properties.
func BenchmarkPageOfWideRows(b *testing.B) {
	env, err := New(Options{Seed: 1, DefaultRows: 20_000})
	require.NoError(b, err)
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, testBase+"/accounts", nil)
	b.ReportAllocs()
	for b.Loop() {
		answer, refusal := env.answer(r, testBase, "accounts")
		require.Nil(b, refusal)
		b.SetBytes(int64(len(answer.body)))
		env.giveBack(answer)
	}
	b.ReportMetric(float64(maxPage*b.N)/b.Elapsed().Seconds(), "rows/s")
}

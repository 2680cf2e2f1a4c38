//go:build !race

package dataverse_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// The race detector allocates on its own account, so the test is not built with it.

func TestACachedColumnAllocatesItsNameAlone(t *testing.T) {
	body := fifty()
	c := dataverse.New("https://contoso.example", &tokens{}, packed(gzipOf(t, body)), options())
	read := func() {
		_, err := c.Tables(t.Context(), []string{"t0"}, func(dataverse.Table) error { return nil })
		require.NoError(t, err)
	}
	const columns, each = 50 * 200, 5 // one in six matches no template, and is decoded
	assert.Less(t, testing.AllocsPerRun(3, read), float64(columns*each))
}

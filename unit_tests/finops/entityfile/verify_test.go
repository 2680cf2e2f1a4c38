package entityfile_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops/entityfile"
)

func TestAFileIsVerifiedBeforeItsFirstRow(t *testing.T) {
	content := packaged(t, "a.csv", "CUSTOMERGROUPID\n"+strings.Repeat("1\n", 10), "CUSTOMERGROUPID")
	verify := func(ctx context.Context, content string) error {
		p, err := open(t, content, entityfile.Options{})
		require.NoError(t, err)
		e, found := p.Manifest.Entity("Customer groups")
		require.True(t, found)
		return p.Verify(ctx, e)
	}
	require.NoError(t, verify(t.Context(), content))

	changed := patched(content, "a.csv", func(header []byte) { header[16] ^= 0xff }) // of the checksum
	var damaged *entityfile.DamagedError
	require.ErrorAs(t, verify(t.Context(), changed), &damaged)

	require.ErrorIs(t, verify(t.Context(), zipped(t, file{"Manifest.xml", manifest("none.csv")})), entityfile.ErrNoFile)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, verify(ended, content), context.Canceled)
}

package rows

import (
	"testing"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

func TestTablesThatCannotStandTogether(t *testing.T) {
	small := func(name, set string) *schema.Table {
		return &schema.Table{LogicalName: name, EntitySetName: set, PrimaryID: "id", Columns: []schema.Column{{LogicalName: "id", Type: schema.Uniqueidentifier}}}
	}
	for name, tables := range map[string][]*schema.Table{
		"two of one name":       {small("a", "as"), small("a", "bs")},
		"two of one entity set": {small("a", "as"), small("b", "as")},
		"one without a key":     {{LogicalName: "a", PrimaryID: "id"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(Options{Tables: tables})
			require.Error(t, err)
		})
	}
	t.Run("an organization that is no guid", func(t *testing.T) {
		_, err := New(Options{Tables: []*schema.Table{}, Organization: "contoso"})
		require.ErrorContains(t, err, "not a guid")
	})
}

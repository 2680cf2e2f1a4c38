package webapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestAPageSizeThatChangesInTheMiddleOfAScan(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 20}, simulator.ServerOptions{})
	// scan reads the first page at one size and all others at another, and counts each row.
	scan := func(set, key, first, then string) map[any]int {
		seen := map[any]int{}
		for link, size := set, first; link != ""; size = then {
			page := c.Sized(link, "odata.maxpagesize="+size)
			for _, id := range simulatortest.Column(page.Values(t), key) {
				seen[id]++
			}
			link, _ = page.JSON(t)["@odata.nextLink"].(string)
			link = strings.TrimPrefix(link, c.Server.URL)
		}
		return seen
	}
	count := func(seen map[any]int) (rows, repeated int) {
		for _, n := range seen {
			if n > 1 {
				repeated++
			}
		}
		return len(seen), repeated
	}
	for _, test := range []struct {
		name, set, key, first, then string
		rows, repeated              int
	}{
		{"smaller pages after a key continue where the larger one ended", "accounts", "accountid", "8", "3", 20, 0},
		{"larger pages behind a key do so too", "accounts", "accountid", "3", "8", 20, 0},
		{"smaller pages of a virtual table repeat rows, for only their number is known", "contoso_legacyorders", "contoso_legacyorderid", "8", "3", 20, 5},
		{"larger pages of a virtual table lose rows", "contoso_legacyorders", "contoso_legacyorderid", "3", "8", 15, 0},
		{"pages of one size lose and repeat none", "contoso_legacyorders", "contoso_legacyorderid", "3", "3", 20, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, repeated := count(scan(test.set, test.key, test.first, test.then))
			assert.Equal(t, test.rows, rows)
			assert.Equal(t, test.repeated, repeated)
		})
	}
}

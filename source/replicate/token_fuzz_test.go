package replicate

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
)

// FuzzTokenVersion feeds arbitrary tokens. A version is known only of a token that begins with it, and no token is older
// than itself.
func FuzzTokenVersion(f *testing.F) {
	for _, seed := range []string{
		"919058%2108%2f22%2f2017%2008%3a21%3a20", "919058!08/22/2017", "%21", "!", "1", "-1%21", "18446744073709551616%21", "1%211%21", "a&$deltatoken=2%21",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		link := dataverse.NewDeltaLink("accounts", []string{"accountid"}, token)
		version, known := tokenVersion(link)
		assert.False(t, wentBackward(link, link))
		if !known {
			return
		}
		next := dataverse.NewDeltaLink("accounts", nil, fmt.Sprintf("%d%%21", version))
		assert.False(t, wentBackward(link, next))
		if version > 0 {
			assert.True(t, wentBackward(link, dataverse.NewDeltaLink("accounts", nil, fmt.Sprintf("%d%%21", version-1))))
		}
	})
}

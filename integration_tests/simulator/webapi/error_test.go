package webapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDetailsOfAnError(t *testing.T) {
	s := newService(t, nil)
	const target = "accounts(00000000-0000-0000-0000-0000000000aa)"
	t.Run("are sent only on request", func(t *testing.T) {
		assert.Equal(t, `{"error":{"code":"0x80040217","message":"Entity 'account' With Id = 00000000-0000-0000-0000-0000000000aa Does Not Exist"}}`,
			s.do(http.MethodGet, target, "").body)
	})
	t.Run("stand behind the message", func(t *testing.T) {
		assert.Equal(t, `{"error":{"code":"0x80040217","message":"Entity 'account' With Id = 00000000-0000-0000-0000-0000000000aa Does Not Exist",`+
			`"@Microsoft.PowerApps.CDS.ErrorDetails.ApiExceptionCategory":"ClientError",`+
			`"@Microsoft.PowerApps.CDS.ErrorDetails.ApiExceptionMessageName":"ObjectDoesNotExist",`+
			`"@Microsoft.PowerApps.CDS.ErrorDetails.ApiExceptionHttpStatusCode":"404",`+
			`"@Microsoft.PowerApps.CDS.HelpLink":"http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a80040217&client=platform",`+
			`"@Microsoft.PowerApps.CDS.InnerError.Message":"Entity 'account' With Id = 00000000-0000-0000-0000-0000000000aa Does Not Exist"}}`,
			s.do(http.MethodGet, target, "", `Prefer: odata.include-annotations="*"`).body)
	})
	t.Run("can be chosen by prefix", func(t *testing.T) {
		a := s.do(http.MethodGet, target, "", `Prefer: odata.include-annotations="Microsoft.PowerApps.CDS.ErrorDetails.*"`)
		assert.Contains(t, a.body, "ApiExceptionHttpStatusCode")
		assert.NotContains(t, a.body, "HelpLink")
	})
}

package dataverse_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The response is that of Microsoft's documentation of RetrieveFinanceAndOperationsIntegrationDetails.
func TestLinkedFinanceAndOperationsEnvironmentHasAnAddress(t *testing.T) {
	s := newService(t, good(`{"@odata.context":"x","Url":"https://contoso.operations.dynamics.com","TenantId":"t","Id":"i"}`))
	address, err := s.client().FinanceOperationsURL(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "https://contoso.operations.dynamics.com", address)
	assert.True(t, strings.HasSuffix(s.seen[0].uri, "/RetrieveFinanceAndOperationsIntegrationDetails"))
}

func TestEnvironmentWithoutFinanceAndOperationsHasNoAddress(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"it is not linked": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":{"code":"0x80048d0b","message":"The environment is not linked."}}`))
		},
		"the address is null": good(`{"Url":null}`),
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response)
			address, err := s.client().FinanceOperationsURL(t.Context())
			require.NoError(t, err)
			assert.Empty(t, address)
			assert.Len(t, s.seen, 1)
		})
	}
}

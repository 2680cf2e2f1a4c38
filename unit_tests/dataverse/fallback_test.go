package dataverse_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// plain is a service without RetrieveMetadataChanges.
func plain(refusal http.HandlerFunc, definitions string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch path := strings.TrimPrefix(r.URL.Path, "/api/data/v9.2/"); path {
		case "RetrieveMetadataChanges(Query=@p1)":
			refusal(w, r)
		case "EntityDefinitions":
			good(`{"value":[`+definitions+`]}`)(w, r)
		case "EntityDefinitions(LogicalName='account')/Attributes/Microsoft.Dynamics.CRM.DateTimeAttributeMetadata":
			good(`{"@odata.context":"c","value":[`+
				`{"LogicalName":"birthdate","DateTimeBehavior":{"Value":"DateOnly"},"MetadataId":"1"},`+
				`{"LogicalName":"createdon","DateTimeBehavior":{"Value":"UserLocal"},"MetadataId":"2"},`+
				`{"LogicalName":"hidden","DateTimeBehavior":{"Value":"UserLocal"},"MetadataId":"3"}]}`)(w, r)
		default:
			refuse(http.StatusNotFound, `{"error":{"code":"0x80060888","message":"Resource not found for the segment."}}`)(w, r)
		}
	}
}

func TestPlainDefinitionsServeWithoutRetrieveMetadataChanges(t *testing.T) {
	account := strings.Replace(definition("account"), `"Attributes":[`,
		`"Attributes":[`+column("createdon", "DateTimeType", "")+","+column("birthdate", "DateTimeType", "")+","+column("ownerid", "OwnerType", "")+",", 1)
	for name, refusal := range map[string]http.HandlerFunc{
		"not found":       refuse(http.StatusNotFound, `{"error":{"code":"0x80060888","message":"Resource not found for the segment 'RetrieveMetadataChanges'."}}`),
		"not implemented": refuse(http.StatusNotImplemented, `{"error":{"code":"0x80060888","message":"no"}}`),
		"bad request":     refuse(http.StatusBadRequest, `{"error":{"code":"0x80060888","message":"no"}}`),
		"forbidden":       refuse(http.StatusForbidden, `{"error":{"code":"0x80040220","message":"no"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := newService(t, plain(refusal, account+","+definition("contact")))
			found, err := tables(t, s.client(logTo(&log)), "account", "contact")
			require.NoError(t, err)
			assert.Equal(t, dataverse.DateOnly, found["account"].Column("birthdate").Behavior)
			assert.Equal(t, dataverse.UserLocal, found["account"].Column("createdon").Behavior)
			assert.True(t, found["account"].Has("_ownerid_value"))
			assert.Contains(t, found, "contact")
			assert.Contains(t, log.String(), "reads EntityDefinitions instead")

			all := s.requests()
			require.Len(t, all, 3, "contact has no dates to ask for")
			sent, err := url.Parse(all[1].uri)
			require.NoError(t, err)
			assert.Equal(t, url.Values{
				"$select": {"LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled,TableType,DataProviderId"},
				"$filter": {"LogicalName eq 'account' or LogicalName eq 'contact'"},
				"$expand": {"Attributes($select=LogicalName,AttributeTypeName,IsValidODataAttribute,IsValidForRead)"},
			}, sent.Query())
			assert.Equal(t, "/api/data/v9.2/EntityDefinitions(LogicalName='account')/Attributes/"+
				"Microsoft.Dynamics.CRM.DateTimeAttributeMetadata?$select=LogicalName,DateTimeBehavior", all[2].uri)
		})
	}
}

func TestQuoteInTableNameIsEscaped(t *testing.T) {
	s := newService(t, plain(refuse(http.StatusNotImplemented, ""), definition("account")))
	_, err := tables(t, s.client(), "o'brien & co")
	require.NoError(t, err)
	sent, err := url.Parse(s.requests()[1].uri)
	require.NoError(t, err)
	assert.Equal(t, "LogicalName eq 'o''brien & co'", sent.Query().Get("$filter"))
}

func TestPlainDefinitionsServeWhereRetrieveMetadataChangesFails(t *testing.T) {
	failing := refuse(http.StatusInternalServerError, `{"error":{"code":"0x80040216","message":"An unexpected error occurred."}}`)
	s := newService(t, plain(failing, definition("account")))
	c := s.client()
	found, err := tables(t, c, "account")
	require.NoError(t, err)
	assert.Contains(t, found, "account")
	assert.Len(t, s.requests(), 4, "three attempts, and the plain definitions")

	_, err = tables(t, c, "account")
	require.NoError(t, err)
	assert.Len(t, s.requests(), 5, "what the service refused is not asked for again")
}

func TestOutageDoesNotLeadToPlainDefinitions(t *testing.T) {
	for name, refusal := range map[string]http.HandlerFunc{
		"an outage":       refuse(http.StatusServiceUnavailable, ""),
		"a limit":         refuse(http.StatusTooManyRequests, throttled),
		"a long wait":     refuse(http.StatusInternalServerError, `{"error":{"code":"0x80040216","message":"no"}}`, "Retry-After", "3600"),
		"a refused token": refuse(http.StatusUnauthorized, ""),
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, plain(refusal, definition("account")))
			_, err := tables(t, s.client(), "account")
			var refused *dataverse.APIError
			require.ErrorAs(t, err, &refused)
			for _, request := range s.requests() {
				assert.Contains(t, request.uri, "RetrieveMetadataChanges")
			}
		})
	}
}

func TestRefusalOfPlainDefinitionsIsReturned(t *testing.T) {
	s := newService(t, refuse(http.StatusForbidden, `{"error":{"code":"0x80072560","message":"The user is not a member of the organization."}}`))
	_, err := tables(t, s.client(), "account")
	assert.True(t, dataverse.HasCode(err, dataverse.CodeNotMember))
}

func TestRefusalOfDateColumnsIsReturned(t *testing.T) {
	dated := strings.Replace(definition("contact"), `"Attributes":[`, `"Attributes":[`+column("createdon", "DateTimeType", "")+",", 1)
	s := newService(t, plain(refuse(http.StatusNotImplemented, ""), dated))
	_, err := tables(t, s.client(), "contact")
	require.ErrorContains(t, err, "read the date columns of contact: ")
}

package users_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/users"
)

func TestColumnRightsAreUnknownUnlessBothRequestsAreServed(t *testing.T) {
	readable := map[string]bool{"1": true}
	outage := errors.New("no response came")
	hidden := &dataverse.APIError{Status: http.StatusForbidden, Code: dataverse.CodePrivilegeMissing}
	for name, c := range map[string]struct {
		client *client
		want   users.ColumnRights
		err    error
	}{
		"both are served":                 {&client{columns: readable}, users.ColumnRights{Known: true, Readable: readable}, nil},
		"of an administrator":             {&client{administrator: true}, users.ColumnRights{Known: true, Everything: true}, nil},
		"the user may not read its roles": {&client{columns: readable, roles: hidden}, users.ColumnRights{Known: true, Readable: readable}, nil},
		"the roles are not served":        {&client{columns: readable, roles: outage}, users.ColumnRights{}, outage},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := users.RetrieveColumnRights(t.Context(), c.client, "u")
			require.ErrorIs(t, err, c.err)
			assert.Equal(t, c.want, got)
		})
	}
}

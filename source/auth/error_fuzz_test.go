package auth

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
)

func FuzzError(f *testing.F) {
	f.Add(`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret","error_codes":[7000215],"correlation_id":"1"}`, 401)
	f.Add(`{"error":"invalid_client","error_description":"AADSTS7000215"}`, 400)
	f.Add(`{"error_codes":["x"]}`, 400)
	f.Add("<html>", 502)
	f.Fuzz(func(t *testing.T, body string, status int) {
		response := &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}
		err := withoutSecrets(msal.CallErr{Resp: response, Err: errors.New(body)})
		var refused *Error
		if !errors.As(err, &refused) || refused.Status != status {
			t.Fatalf("%q gave %v", body, err)
		}
		for _, code := range refused.Codes {
			if !refused.Has(code) {
				t.Fatalf("%d is lost", code)
			}
		}
		if refused.Error() == "" {
			t.Fatal("the error has no text")
		}
	})
}

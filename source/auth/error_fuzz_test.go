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
	f.Add(`{"error":"invalid_client","error_description":"AADSTS7000215: The secret 'Hidden' of 5c0a1f2e-7d34-4b8e-9a10-3f6e2d1c0b9a is wrong. Trace ID: 1"}`, 401)
	f.Add("<html><title>Bad gateway</title>", 502)
	f.Fuzz(func(t *testing.T, body string, status int) {
		response := &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}
		err := withoutSecrets(msal.CallErr{Resp: response, Err: errors.New(body)}, []string{"hidden"})
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
		if strings.Contains(strings.ToLower(refused.Description), "hidden") {
			t.Fatalf("%q shows what is hidden", refused.Description)
		}
	})
}

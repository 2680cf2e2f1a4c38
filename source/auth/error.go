package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"source-microsoft-dataverse/source/webpage"
)

// Error is an error response of the sign-in host, or a web page in its place. The codes of Entra give the reason.
type Error struct {
	Status      int          // HTTP status
	Name        string       // OAuth error, such as invalid_client
	Codes       []int        // AADSTS codes, the most specific first
	Description string       // Entra's own sentences without ids, addresses of users and anything else that is secret
	Correlation string       // id under which Microsoft's support finds the request
	Page        webpage.Page // that came in place of Entra's response

	// ManagedIdentity reports that the endpoint of managed identities of this machine sent the response.
	ManagedIdentity bool
	// Assertion is what the token of a workload identity claimed, zero for other credentials.
	Assertion Assertion
}

// Error gives the code, the name and the correlation id, but not the description.
func (e *Error) Error() string {
	if e.ManagedIdentity {
		return e.identityText()
	}
	if e.Name == "" && len(e.Codes) == 0 {
		what := fmt.Sprintf("status %d", e.Status)
		if page := e.Page.String(); page != "" {
			what += " and " + page
		}
		return "the sign-in host responded with " + what + ", which is not a response of Microsoft Entra"
	}
	text := "Microsoft Entra rejected the sign-in"
	if len(e.Codes) > 0 {
		text += fmt.Sprintf(" with AADSTS%d", e.Codes[0])
	}
	if e.Name != "" {
		text += " (" + e.Name + ")"
	}
	if e.Correlation != "" {
		text += ", correlation id " + e.Correlation
	}
	return text
}

func (e *Error) identityText() string {
	text := fmt.Sprintf("the endpoint of managed identities rejected the sign-in with status %d", e.Status)
	if e.Name != "" {
		text += " (" + e.Name + ")"
	}
	if e.Correlation != "" {
		text += ", correlation id " + e.Correlation
	}
	return text
}

// Has reports whether the response has an AADSTS code.
func (e *Error) Has(code int) bool { return slices.Contains(e.Codes, code) }

// Temporary reports whether the same sign-in may succeed later: Entra, or the issuer of a workload identity's token, is unavailable
// or busy, by the status, the name or the code of the error.
// https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
func (e *Error) Temporary() bool {
	busy := []int{90033, 90006, 90090, 50033, 90055, 50196}
	issuerUnreachable := []int{90061, 900612, 50166}
	return slices.ContainsFunc(busy, e.Has) || slices.ContainsFunc(issuerUnreachable, e.Has) ||
		e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooManyRequests ||
		e.Status >= http.StatusInternalServerError || e.Name == "temporarily_unavailable"
}

// NotFromEntra reports whether the response did not come from Microsoft Entra but from a proxy or a portal: the next one may.
func (e *Error) NotFromEntra() bool {
	return e.Name == "" && len(e.Codes) == 0 && !e.ManagedIdentity && !e.Temporary()
}

// withoutSecrets turns an error response that MSAL reports into an *Error. Any other error keeps its cause but not its
// text, because MSAL quotes whole responses and URLs that hold the tenant's id. What is hidden is removed from Entra's
// description.
func withoutSecrets(err error, hidden []string) error {
	var page *Error
	var call msal.CallErr
	switch {
	case errors.As(err, &page):
		return page
	case !errors.As(err, &call) || call.Resp == nil:
		return failure{err}
	}
	refused := &Error{Status: call.Resp.StatusCode}
	raw, err := io.ReadAll(call.Resp.Body)
	if err != nil {
		return refused
	}
	var body struct {
		Error         string `json:"error"`
		Description   string `json:"error_description"`
		Codes         []int  `json:"error_codes"`
		CorrelationID string `json:"correlation_id"`
	}
	if json.Unmarshal(raw, &body) != nil {
		refused.Page = webpage.Of(call.Resp, raw)
		return refused
	}
	refused.Name, refused.Codes, refused.Correlation = body.Error, body.Codes, body.CorrelationID
	refused.Description = withoutIDs(body.Description, hidden)
	if len(refused.Codes) == 0 {
		refused.Codes = codesOf(body.Description)
	}
	return refused
}

// codesOf returns the code at the beginning of a description, for a response that does not list its codes.
func codesOf(description string) []int {
	digits, found := strings.CutPrefix(description, "AADSTS")
	if !found {
		return nil
	}
	digits, _, _ = strings.Cut(digits, ":")
	code, err := strconv.Atoi(digits)
	if err != nil {
		return nil
	}
	return []int{code}
}

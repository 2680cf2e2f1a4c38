package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
)

// Error is a refusal by Microsoft Entra. It carries the codes that tell why; Entra's own description repeats the
// tenant's and the application's ids and is left out of Error.
type Error struct {
	Status      int    // HTTP status
	Name        string // OAuth error, such as invalid_client
	Codes       []int  // AADSTS codes, the most specific first
	Correlation string // id under which Microsoft's support finds the request
}

func (e *Error) Error() string {
	if e.Name == "" && len(e.Codes) == 0 {
		return fmt.Sprintf("the sign-in host answered %d, and not in the form of Microsoft Entra", e.Status)
	}
	text := "Microsoft Entra refused the sign-in"
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

// Has says whether the refusal carries an AADSTS code.
func (e *Error) Has(code int) bool { return slices.Contains(e.Codes, code) }

// Temporary says whether the same sign-in may succeed later.
func (e *Error) Temporary() bool {
	return e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooManyRequests ||
		e.Status >= http.StatusInternalServerError || e.Name == "temporarily_unavailable"
}

// Foreign says whether the answer is none of Microsoft Entra's, as that of a proxy or a portal: the next one may be.
func (e *Error) Foreign() bool { return e.Name == "" && len(e.Codes) == 0 && !e.Temporary() }

// refusal turns an answer of Entra that MSAL reports into an *Error. Any other error keeps its cause but not its
// text, for MSAL quotes urls with the tenant's id and whole answers.
func refusal(err error) error {
	var call msal.CallErr
	if !errors.As(err, &call) || call.Resp == nil {
		return fmt.Errorf("sign in: %w", unreachable{err})
	}
	refused := &Error{Status: call.Resp.StatusCode}
	var body struct {
		Error         string `json:"error"`
		Description   string `json:"error_description"`
		Codes         []int  `json:"error_codes"`
		CorrelationID string `json:"correlation_id"`
	}
	if json.NewDecoder(call.Resp.Body).Decode(&body) != nil {
		return refused
	}
	refused.Name, refused.Codes, refused.Correlation = body.Error, body.Codes, body.CorrelationID
	if len(refused.Codes) == 0 {
		refused.Codes = codesOf(body.Description)
	}
	return refused
}

// codesOf finds the code at the head of a description, for an answer that does not list its codes.
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

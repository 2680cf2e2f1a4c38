package auth

import (
	"cmp"
	"encoding/json"
)

// error returns the refusal as an *Error. App Service and Container Apps send a message, the metadata service an OAuth error
// (Microsoft, "How to use managed identities for App Service" and "How to use managed identities on an Azure VM to acquire an
// access token").
func (r *identityRefusal) error(hidden []string) *Error {
	var body struct {
		Error       json.RawMessage `json:"error"` // a text, or an object in some services
		Description string          `json:"error_description"`
		Message     string          `json:"message"`
		Correlation string          `json:"correlation_id"`
	}
	refused := &Error{Status: r.status, ManagedIdentity: true}
	if json.Unmarshal(r.body, &body) != nil {
		return refused
	}
	_ = json.Unmarshal(body.Error, &refused.Name) // "" for what is not a text
	text := cmp.Or(body.Description, body.Message)
	refused.Codes, refused.Correlation, refused.Description = codesOf(text), body.Correlation, withoutIDs(text, hidden)
	return refused
}

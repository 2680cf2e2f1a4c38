package checkpoint

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

// parsePython reads the delta token of the Python connector, which saves it decoded and without a link.
func parsePython(raw json.RawMessage) (*State, error) {
	var token *string
	if err := json.Unmarshal(raw, &token); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadState, err)
	}
	if token == nil || *token == "" || *token == "None" {
		return nil, nil
	}
	return &State{Version: Version, Phase: Changes, Issued: issuedOf(*token), PythonToken: dataverse.EncodeToken(*token)}, nil
}

// issuedOf returns the time that follows the version in a delta token, as in "919042!08/22/2017 08:10:44" (Microsoft,
// "Use change tracking to synchronize data with external systems"), or zero if the token has another form.
func issuedOf(token string) time.Time {
	if decoded, err := url.PathUnescape(token); err == nil {
		token = decoded
	}
	_, text, _ := strings.Cut(token, "!")
	issued, err := time.Parse("01/02/2006 15:04:05", text)
	if err != nil {
		return time.Time{}
	}
	return issued
}

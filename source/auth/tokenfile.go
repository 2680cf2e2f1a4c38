package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
)

// Assertion is what the token of a workload identity claims, which Entra compares with the federated credentials of the app
// registration. The zero value is no token.
type Assertion struct {
	Issuer   string
	Subject  string
	Audience string
}

// tokenFile is the file in which a platform keeps the token of a workload identity. Kubernetes replaces it after four fifths of
// the token's life, so it is read at each sign-in (Kubernetes, "Projected volumes", serviceAccountToken).
type tokenFile struct {
	path      string
	microsoft bool      // the sign-in host is one of Microsoft's
	sent      Assertion // what the last token claimed
	read      bool      // the file has held a usable token
}

// TokenFileError reports a token file whose content cannot be sent to Entra. It does not quote the content.
type TokenFileError struct {
	Path    string
	Problem string // the predicate of a sentence about the file

	passing bool
}

func (e *TokenFileError) Error() string { return "the token file " + e.Path + " " + e.Problem }

// Temporary reports whether a later sign-in may succeed: the file held a usable token earlier in this run, so it may be in the
// middle of its replacement.
func (e *TokenFileError) Temporary() bool { return e.passing }

// maxToken bounds the size of a token file in bytes.
const maxToken = 64 << 10

// assertion returns the token of the file. A configuration could name any file and a sign-in host of its own, so whatever is not a
// JWT stays on this machine, and a token with another purpose, such as the one for the API of a Kubernetes cluster, is sent to
// Microsoft alone.
func (f *tokenFile) assertion(context.Context, confidential.AssertionRequestOptions) (string, error) {
	f.sent = Assertion{}
	text, err := readToken(f.path)
	if err != nil {
		return "", f.fail("cannot be read: " + reasonOf(err) + ".")
	}
	claims, ok := claimsOf(text)
	switch {
	case text == "":
		return "", f.fail("is empty.")
	case !ok:
		return "", f.fail("does not hold a token (JWT).")
	case claims.Expires != 0 && !time.Now().Before(time.Unix(int64(claims.Expires), 0)):
		return "", f.fail("holds a token that expired at " + time.Unix(int64(claims.Expires), 0).UTC().Format(time.DateTime) + " UTC.")
	case !f.microsoft && !strings.HasPrefix(claims.audience(), federationAudience):
		return "", f.fail("holds a token with the audience " + strconv.Quote(claims.audience()) + ", but the sign-in host, which is not one of Microsoft's, " +
			"gets only tokens with the audience " + federationAudience + ".")
	}
	f.sent, f.read = Assertion{claims.Issuer, claims.Subject, claims.audience()}, true
	return text, nil
}

func (f *tokenFile) fail(problem string) error { return &TokenFileError{f.path, problem, f.read} }

// readToken reads a file without the white space around its text, which MSAL would send.
func readToken(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // the user names the file, and only a JWT in it is sent
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxToken))
	return string(bytes.TrimSpace(data)), err
}

// reasonOf returns the reason of a file error without the path.
func reasonOf(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// assertionClaims are the claims of a JWT that a person compares with a federated credential, and its end.
type assertionClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audiences json.RawMessage `json:"aud"` // a text or a list of texts
	Expires   float64         `json:"exp"`
}

func (c assertionClaims) audience() string {
	var list []string
	if json.Unmarshal(c.Audiences, &list) == nil {
		return strings.Join(list, ", ")
	}
	var one string
	_ = json.Unmarshal(c.Audiences, &one) // "" for what is no audience
	return one
}

// claimsOf parses a JWT in its compact form, without verifying it, and reports whether it is one (RFC 7519).
func claimsOf(token string) (assertionClaims, bool) {
	var claims assertionClaims
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[2] == "" {
		return claims, false
	}
	decoded := make([][]byte, len(parts))
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return claims, false
		}
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if json.Unmarshal(decoded[0], &header) != nil || header.Algorithm == "" {
		return claims, false
	}
	return claims, json.Unmarshal(decoded[1], &claims) == nil
}

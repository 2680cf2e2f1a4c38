package dataverse

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"source-microsoft-dataverse/source/webpage"
)

// newAPIError reads a refusal. The body of a 401 is mostly empty, that of a gateway is a web page. Each part of the body is
// read independently, so that one of an unexpected form does not hide the others.
func newAPIError(response *http.Response, body io.Reader) *APIError {
	e := &APIError{Status: response.StatusCode, RequestID: response.Header.Get("x-ms-service-request-id")}
	raw, _ := io.ReadAll(body) // a body that ends early is not JSON
	e.Code, e.Message = readFailure(raw)
	if e.Code == "" {
		e.Page = webpage.Of(response, raw)
		e.Page.Title = withoutTokens(e.Page.Title, response.Request)
		e.Message = cmp.Or(e.Message, e.Page.String())
	}
	e.Message = withoutTokens(e.Message, response.Request)
	if e.Message == "" {
		e.Message = http.StatusText(e.Status)
	}
	return e
}

// readFailure reads the code and the message of a failure in JSON: {"error":{"code":...,"message":...}}, the
// "odata.error" of OData 3, an error that is a string, or {"Message":...} of ASP.NET.
func readFailure(raw []byte) (code, message string) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		return "", ""
	}
	for _, name := range []string{"error", "odata.error"} {
		if failure, found := parts[name]; found {
			return readFailureValue(failure)
		}
	}
	return "", firstText(parts, "message", "Message")
}

// readFailureValue reads the value of a member "error".
func readFailureValue(failure json.RawMessage) (code, message string) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(failure, &parts) != nil {
		return "", textIn(failure)
	}
	return readCode(parts["code"]), firstText(parts, "message", "Message")
}

func firstText(parts map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		if text := textIn(parts[name]); text != "" {
			return text
		}
	}
	return ""
}

// textIn returns a string, or the value of OData 3's {"lang":...,"value":...}.
func textIn(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var localized struct {
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(value, &localized) == nil && bytes.HasPrefix(localized.Value, []byte{'"'}) {
		return textIn(localized.Value)
	}
	return ""
}

var hexCode = regexp.MustCompile(`^0x[0-9a-f]{1,8}$`)

// readCode returns a code of Dataverse in its usual form, "" for anything else. The code may be a number, as the
// organization service writes it: -2147220970 is 0x80040216.
func readCode(value json.RawMessage) string {
	text := textIn(value)
	if text == "" {
		text = string(value)
	}
	code := strings.ToLower(strings.TrimSpace(text))
	if hexCode.MatchString(code) {
		return code
	}
	number, err := strconv.ParseInt(code, 10, 64)
	switch {
	case err != nil:
		return ""
	case number < 0 && number >= -1<<31:
		number += 1 << 32
	case number < 1<<31 || number >= 1<<32: // the status, or a code of another service
		return ""
	}
	return "0x" + strconv.FormatInt(number, 16)
}

// withoutTokens removes the access token, the paging cookie and the delta token of a request from a text, in all
// encodings in which the service may repeat them.
func withoutTokens(text string, request *http.Request) string {
	const shortest = 4 // anything shorter is not a token
	link := Link("?" + request.URL.RawQuery)
	values := []string{strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")}
	for _, encoded := range []string{link.option("$skiptoken"), link.DeltaToken()} {
		once, _ := url.QueryUnescape(encoded)
		twice, _ := url.QueryUnescape(once)
		values = append(values, encoded, once, twice)
	}
	for _, value := range values {
		if len(value) >= shortest {
			text = strings.ReplaceAll(text, value, "...")
		}
	}
	return text
}

package dataverse

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// envelope interprets the members at the top level of a response that its reader does not know. Most are annotations to
// skip. Two kinds change what the response means: a failure that occurred after the service had sent status 200 (OASIS,
// OData JSON Format 4.01, 21.4 "In-Stream Error"), and the announcement of more rows.
type envelope struct {
	failure string // the message of the error
	more    string // the member that announces more rows
}

// meaning is what a member at the top level announces, by its name alone.
type meaning int

const (
	noMeaning  meaning = iota
	isFailure          // an error, unless it is null
	isMore             // more rows, if it is true
	isNextLink         // more rows, unless it is null or empty
)

// meaningOf returns what a member announces. Its namespace, its letter case and its annotation syntax do not matter:
// "@Microsoft.Dynamics.CRM.morerecords", "@nextLink", "odata.nextLink" and "@odata.NextLink" are all in use.
func meaningOf(member []byte) meaning {
	name := strings.ToLower(string(member[bytes.LastIndexAny(member, ".@")+1:]))
	switch strings.NewReplacer("_", "", "-", "", "$", "").Replace(name) {
	case "error":
		return isFailure
	case "morerecords", "moreresults", "hasmore", "hasmorerecords", "hasmoreresults", "hasnext", "hasnextpage":
		return isMore
	case "nextlink", "next", "nextpage", "nextpagelink", "skiptoken", "continuationtoken":
		return isNextLink
	default:
		return noMeaning
	}
}

// read reads the value of a member that the reader of the response does not know.
func (e *envelope) read(d *jsontext.Decoder, member []byte) error {
	means := meaningOf(member)
	if means == noMeaning {
		return d.SkipValue()
	}
	name := string(member)
	value, err := d.ReadValue()
	if err != nil {
		return broken(err)
	}
	switch {
	case value.Kind() == 'n':
	case means == isFailure:
		code, message := readFailureValue([]byte(value))
		e.failure = strings.TrimSpace(code + " " + message)
		if e.failure == "" {
			e.failure = "without a message"
		}
	case means == isNextLink && (value.Kind() != '"' || len(bytes.TrimSpace(unquote(value))) > 0),
		means == isMore && (value.Kind() == 't' || value.Kind() == '"' && strings.EqualFold(string(unquote(value)), "true")):
		e.more = name
	}
	return nil
}

// check returns an error if the members mean that the response failed or is incomplete. hasNext reports whether the
// response has a link to more rows that can be followed.
func (e *envelope) check(hasNext bool) error {
	switch {
	case e.failure != "":
		return &BrokenResponseError{Reason: "it holds an error next to its content: " + e.failure}
	case e.more != "" && !hasNext:
		return &BrokenResponseError{Reason: fmt.Sprintf("it announces more rows with %q but has no usable link to them", e.more)}
	default:
		return nil
	}
}

package faults

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/webapi"
)

// Phase is what a request is for. It is a Matcher of the requests of that phase.
type Phase string

// The phases. A scan that has one page has its first page as its last.
const (
	PhaseSignIn     Phase = "sign-in"     // every request of the sign-in host
	PhaseWhoAmI     Phase = "who-am-i"    // the function WhoAmI
	PhaseMetadata   Phase = "metadata"    // definitions of tables, columns, relationships and choices, and $metadata
	PhasePage       Phase = "page"        // any page of rows or of changes
	PhaseFirstPage  Phase = "first-page"  // of rows
	PhaseMiddlePage Phase = "middle-page" // of rows: neither the first nor the last
	PhaseLastPage   Phase = "last-page"   // of rows
	PhaseChanges    Phase = "changes"     // any page of changes
	PhaseRow        Phase = "row"         // a row by its key
)

// Phases returns all phases.
func Phases() []Phase {
	return []Phase{PhaseSignIn, PhaseWhoAmI, PhaseMetadata, PhasePage, PhaseFirstPage, PhaseMiddlePage, PhaseLastPage, PhaseChanges, PhaseRow}
}

// Matches implements Matcher.
func (p Phase) Matches(r *Request) bool {
	ofRows := r.Phase == PhasePage && !r.Changes
	switch p { //nolint:exhaustive // the others are recognized by the request alone
	case PhaseFirstPage:
		return ofRows && r.Page == 1
	case PhaseMiddlePage:
		return ofRows && r.Page > 1 && !r.ends()
	case PhaseLastPage:
		return ofRows && r.ends()
	case PhaseChanges:
		return r.Phase == PhasePage && r.Changes
	default:
		return r.Phase == p
	}
}

// Request is a request as matchers see it.
type Request struct {
	HTTP    *http.Request
	Phase   Phase  // the widest that holds; empty for what is none
	Table   string // logical name of the table whose rows are asked for
	Changes bool   // changes are asked for
	Page    int    // number of the page in its scan, from 1; 0 for what is no page
	Size    int    // rows asked for on the page

	ends      func() bool              // reports whether the page is the last one of its scan
	satisfies func(claims string) bool // reports whether the token was asked for with these claims
}

// describe determines what a request asks for.
func (s *Set) describe(r *http.Request) *Request {
	q := &Request{HTTP: r, satisfies: func(claims string) bool { return s.entra.Satisfied(r, claims) }}
	rest, api := strings.CutPrefix(r.URL.Path, odata.APIPrefix)
	if !api {
		q.Phase = PhaseSignIn
		return q
	}
	version, path, _ := strings.Cut(rest, "/")
	segment, behind := path, ""
	if end := strings.IndexAny(path, "(/"); end >= 0 {
		segment, behind = path[:end], path[end:]
	}
	switch {
	case segment == "WhoAmI":
		q.Phase = PhaseWhoAmI
		return q
	case slices.Contains([]string{"EntityDefinitions", "RelationshipDefinitions", "GlobalOptionSetDefinitions", "RetrieveMetadataChanges", "$metadata"}, segment):
		q.Phase = PhaseMetadata
		return q
	}
	table := s.database.TableBySet(segment)
	if table == nil {
		return q
	}
	q.Table = table.LogicalName
	switch {
	case strings.HasPrefix(behind, "("):
		q.Phase = PhaseRow
	case behind == "" && r.Method == http.MethodGet:
		s.describePage(q, odata.Origin(r)+"/api/data/"+version, path)
	}
	return q
}

// describePage determines which page of a scan a request asks for.
func (s *Set) describePage(q *Request, base, path string) {
	options, refusal := odata.ParseRowQuery(q.HTTP.URL.RawQuery, s.database.Behaviors.ExactLinks)
	if refusal != nil {
		return
	}
	q.Phase, q.Page, q.Size = PhasePage, 1, odata.MaxPage
	if size := odata.ReadPreferences(q.HTTP).PageSize; size > 0 {
		q.Size = size
	}
	q.Changes = options.Present["$deltatoken"]
	if options.Present["$skiptoken"] {
		q.Page = 0 // of a cookie that the service does not accept
		if c, refusal := query.ParseCookie(options.SkipToken); refusal == nil {
			q.Page = c.Page
		}
	}
	q.ends = func() bool { return s.endsScan(q.HTTP, base, path) }
}

// endsScan reports whether the ordinary response to a request has no next link. It asks the environment, and not what
// stands before it, so that no limit counts the request.
func (s *Set) endsScan(r *http.Request, base, path string) bool {
	asked := r.Clone(r.Context())
	odata.OnePrefer(asked)
	reply, refusal := webapi.Respond(s.database, asked, base, path)
	if refusal != nil {
		return false
	}
	defer webapi.GiveBack(s.database, reply)
	return !bytes.Contains(reply.Body, []byte(nextLinkMember))
}

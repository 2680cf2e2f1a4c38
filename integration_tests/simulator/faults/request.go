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

// Phase is what a request is for, as faults choose by it.
type Phase string

// The phases. A walk that has one page has its first page as its last.
const (
	PhaseSignIn     Phase = "sign-in"     // whatever is asked of the sign-in host
	PhaseWhoAmI     Phase = "who-am-i"    // the function WhoAmI
	PhaseMetadata   Phase = "metadata"    // definitions of tables, columns, relations and choices, and $metadata
	PhasePage       Phase = "page"        // any page of rows or of changes
	PhaseFirstPage  Phase = "first-page"  // of rows
	PhaseMiddlePage Phase = "middle-page" // of rows: neither the first nor the last
	PhaseLastPage   Phase = "last-page"   // of rows
	PhaseDelta      Phase = "delta"       // any page of changes
	PhaseRow        Phase = "row"         // a row by its key
)

// Phases are all phases.
func Phases() []Phase {
	return []Phase{PhaseSignIn, PhaseWhoAmI, PhaseMetadata, PhasePage, PhaseFirstPage, PhaseMiddlePage, PhaseLastPage, PhaseDelta, PhaseRow}
}

// question is what a request wants, as faults choose by it.
type question struct {
	http  *http.Request
	phase Phase       // the widest that holds; empty for what is none
	table string      // whose rows are asked for
	delta bool        // changes are asked for
	page  int         // in its walk, from 1; 0 for what is no page
	size  int         // rows asked for on the page
	ends  func() bool // whether the page is the last one of its walk
}

func (f *Fault) matches(q question) bool {
	r := q.http
	return (f.Match == nil || f.Match(r)) &&
		(f.Method == "" || f.Method == r.Method) &&
		strings.HasPrefix(r.URL.Path, f.Path) &&
		strings.Contains(r.URL.RequestURI(), f.Contains) &&
		(f.Table == "" || f.Table == q.table) &&
		(f.Page == 0 || f.Page == q.page) &&
		(f.LargerThan == 0 || q.size > f.LargerThan) &&
		(f.Phase == "" || q.in(f.Phase))
}

// in says whether a request belongs to a phase.
func (q question) in(p Phase) bool {
	rows := q.phase == PhasePage && !q.delta
	switch p { //nolint:exhaustive // the others are told by the request alone
	case PhaseFirstPage:
		return rows && q.page == 1
	case PhaseMiddlePage:
		return rows && q.page > 1 && !q.ends()
	case PhaseLastPage:
		return rows && q.ends()
	case PhaseDelta:
		return q.phase == PhasePage && q.delta
	default:
		return q.phase == p
	}
}

// ask finds out what a request wants.
func (f *Set) ask(r *http.Request) question {
	q := question{http: r}
	rest, api := strings.CutPrefix(r.URL.Path, odata.APIPrefix)
	if !api {
		q.phase = PhaseSignIn
		return q
	}
	version, path, _ := strings.Cut(rest, "/")
	segment, behind := path, ""
	if end := strings.IndexAny(path, "(/"); end >= 0 {
		segment, behind = path[:end], path[end:]
	}
	switch {
	case segment == "WhoAmI":
		q.phase = PhaseWhoAmI
		return q
	case slices.Contains([]string{"EntityDefinitions", "RelationshipDefinitions", "GlobalOptionSetDefinitions", "RetrieveMetadataChanges", "$metadata"}, segment):
		q.phase = PhaseMetadata
		return q
	}
	table := f.Environment.TableBySet(segment)
	if table == nil {
		return q
	}
	q.table = table.LogicalName
	switch {
	case strings.HasPrefix(behind, "("):
		q.phase = PhaseRow
	case behind == "" && r.Method == http.MethodGet:
		f.askPage(&q, odata.Origin(r)+"/api/data/"+version, path)
	}
	return q
}

// askPage finds out which page of a walk a request wants.
func (f *Set) askPage(q *question, base, path string) {
	options, refusal := odata.ParseRowQuery(q.http.URL.RawQuery, f.Environment.Behaviors.ExactLinks)
	if refusal != nil {
		return
	}
	q.phase, q.page, q.size = PhasePage, 1, odata.MaxPage
	if size := odata.ReadPreferences(q.http).PageSize; size > 0 {
		q.size = size
	}
	q.delta = options.Present["$deltatoken"]
	if options.Present["$skiptoken"] {
		q.page = 0 // of a cookie that the service does not take
		if c, refusal := query.ParseCookie(options.SkipToken); refusal == nil {
			q.page = c.Page
		}
	}
	q.ends = func() bool { return f.endsWalk(q.http, base, path) }
}

// endsWalk says whether the true answer to a request has no next link. The environment is asked, and not what stands
// before it, so that no limit counts the question.
func (f *Set) endsWalk(r *http.Request, base, path string) bool {
	asked := r.Clone(r.Context())
	odata.OnePrefer(asked)
	answer, refusal := webapi.Answer(f.Environment, asked, base, path)
	if refusal != nil {
		return false
	}
	defer webapi.GiveBack(f.Environment, answer)
	return !bytes.Contains(answer.Body, []byte(nextLinkMember))
}

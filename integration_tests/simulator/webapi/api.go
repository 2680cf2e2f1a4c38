// Package webapi serves the Web API of an environment: rows with their pages, change tracking and annotations, writes,
// $batch, bulk actions, files and functions. It knows nothing of tokens, limits and faults, which are applied before it.
package webapi

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"source-microsoft-dataverse/integration_tests/simulator/metadata"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// API is the Web API of an environment.
type API struct {
	environment *rows.Database
	history     *metadata.History
	tenant      string                 // of the environment
	isUser      func(id string) bool   // whether an application user has that systemuserid
	linked      atomic.Pointer[string] // the address of the finance & operations environment; nil: none
}

// Link links the environment to a finance & operations environment at that address.
func (a *API) Link(address string) { a.linked.Store(&address) }

// New returns the Web API of a database. tenant is the id of its Microsoft Entra tenant, and isUser reports whether an
// application user has that systemuserid.
func New(db *rows.Database, tenant string, isUser func(id string) bool) *API {
	return &API{environment: db, history: metadata.NewHistory(), tenant: tenant, isUser: isUser}
}

// Route serves one request of a user whose token was accepted.
func (a *API) Route(w http.ResponseWriter, r *http.Request, base, path string, user string) {
	first, _, _ := strings.Cut(path, "/")
	name, _, _ := strings.Cut(first, "(")
	switch {
	case path == "":
		a.serveServiceDocument(w, base)
	case path == "$metadata":
		metadata.ServeCSDL(w, r, a.environment.Tables())
	case path == "$batch":
		serveBatch(a.environment, w, r, base, a.part(base, user))
	case path == "BulkDelete":
		serveBulkDelete(a.environment, w, r, base)
	case slices.Contains([]string{"EntityDefinitions", "RelationshipDefinitions", "GlobalOptionSetDefinitions"}, name):
		metadata.Serve(a.environment, w, r, base, path)
	default:
		a.call(w, r, base, path, user)
	}
}

// call tries the functions and actions, and then the rows.
func (a *API) call(w http.ResponseWriter, r *http.Request, base, path string, user string) {
	found, refusal := a.callFunction(w, r, base, path, user)
	if !found {
		found, refusal = metadata.ServeAction(a.environment, w, r, base, path)
	}
	if !found {
		found, refusal = a.serveBlocks(w, r, base, path)
	}
	if !found {
		found, refusal = a.callPrivilegeFunction(w, r, base, path)
	}
	if !found {
		found, refusal = a.callUser(w, r, base, path)
	}
	if !found {
		found, refusal = addPrivileges(a.environment, w, r, path)
	}
	switch {
	case refusal != nil:
		refusal.Write(w, r)
	case !found:
		serveRows(a.environment, w, r, base, path)
	}
}

// maxBatchURL is the longest address that a GET inside $batch may have (Microsoft, "Query data using the Web API").
const maxBatchURL = 65_536

// part serves a request inside $batch, whose address may be absolute, relative to the host or relative to the Web API.
func (a *API) part(base string, user string) http.Handler {
	root := base[strings.Index(base, odata.APIPrefix):]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.RequestURI()) > maxBatchURL {
			http.Error(w, "Request URL Too Long", http.StatusRequestURITooLong)
			return
		}
		odata.OnePrefer(r)
		path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, root), "/")
		if path == "$batch" {
			odata.BadQuery("A batch request cannot contain a batch request.").Write(w, r)
			return
		}
		a.Route(w, r, base, path, user)
	})
}

// serveServiceDocument lists the entity sets.
func (a *API) serveServiceDocument(w http.ResponseWriter, base string) {
	out := odata.NewStream(w, `{"@odata.context":"`+base+`/$metadata","value":[`)
	for _, t := range a.environment.Tables() {
		if t.EntitySetName == "" || t.Undeclared {
			continue
		}
		out.Element(func(dst []byte) []byte {
			return append(dst, `{"name":"`+t.EntitySetName+`","kind":"EntitySet","url":"`+t.EntitySetName+`"}`...)
		})
	}
	out.End()
}

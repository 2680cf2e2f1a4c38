package simulator

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// maxURL is the longest address that a GET may have, and maxBatchURL that of a GET inside $batch (Microsoft, "Query
// data using the Web API"). The status of a longer one is not documented; here it is 414.
const (
	maxURL      = 32_768
	maxBatchURL = 65_536
)

// host is everything behind one address: the sign-in endpoints and the Web API.
type host struct {
	environment *Environment
	directory   *directory
	throttle    *throttle
	schemas     *schemaHistory
	faults      *faults
	log         *requestLog
	affinity    string
	dopHint     atomic.Int64
	latency     time.Duration // of each request of the Web API
	stats       counters
	kept        *keeper  // nil: each answer is made anew
	addresses   []string // that name the environment in a scope; empty: the host that was called
	handler     http.Handler
}

// Handler serves the environment with default options: the sign-in endpoints and the Web API of one host. It may
// stand behind any server; the addresses in its answers echo the host that was called.
func (e *Environment) Handler() http.Handler { return newHost(e, ServerOptions{}) }

func newHost(e *Environment, o ServerOptions) *host {
	h := &host{
		environment: e,
		directory:   newDirectory(o.Applications, o.TokenLife, e.user()),
		throttle:    newThrottle(o.Limits),
		schemas:     newSchemaHistory(),
		faults:      &faults{},
		log:         &requestLog{},
		affinity:    strings.ReplaceAll(stableID("affinity", e.organization()), "-", ""),
		latency:     o.Latency,
	}
	h.setDOPHint(o.DOPHint)
	if o.Keep {
		h.kept = newKeeper(e)
	}
	for _, f := range o.Faults {
		h.faults.inject(f, e.now())
	}
	h.handler = h.withLog(h.withHeaders(h.withFaults(newCompression().wrap(http.HandlerFunc(h.serve)))))
	if o.Admin {
		h.handler = h.withAdmin(h.handler)
	}
	return h
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }

func (h *host) serve(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, apiPrefix); ok {
		h.serveAPI(w, r, rest)
		return
	}
	if !h.serveEntra(w, r) {
		http.NotFound(w, r)
	}
}

// serveAPI checks who calls and how much, and then answers.
func (h *host) serveAPI(w http.ResponseWriter, r *http.Request, rest string) {
	if len(r.URL.RequestURI()) > maxURL {
		http.Error(w, "Request URL Too Long", http.StatusRequestURITooLong)
		return
	}
	version, path, _ := strings.Cut(rest, "/")
	if !slices.Contains([]string{"v9.0", "v9.1", "v9.2"}, version) {
		http.NotFound(w, r)
		return
	}
	user, known := h.directory.user(bearer(r), h.environment.now())
	if !known {
		h.challenge(w, r, "")
		return
	}
	if refusal := user.refusal(); refusal != nil {
		refusal.write(w, r)
		return
	}
	id := user.TenantID + "/" + user.ClientID
	leave, refusal := h.throttle.enter(id, h.environment.now())
	h.throttle.setHeaders(w.Header(), id)
	if refusal != nil {
		refusal.write(w, r)
		return
	}
	start := time.Now()
	defer func() { leave(h.environment.now(), time.Since(start)) }()
	if h.latency > 0 && !pause(r, h.latency) {
		return
	}
	onePrefer(r)
	h.kept.serve(w, r, func(w http.ResponseWriter, r *http.Request) {
		h.route(w, r, origin(r)+"/api/data/"+version, path, user)
	})
}

// refusal is what is wrong with the application user, nil if nothing is.
func (a application) refusal() *apiError {
	switch {
	case a.NotMember:
		return refuse(http.StatusForbidden, "0x80072560", "The user is not a member of the organization.")
	case a.Disabled:
		return refuse(http.StatusForbidden, "0x80040225", "The specified user(Id = %s) is disabled. Consider enabling this user. Additional Details: {\"Id\": \"%s\"}", a.userID, a.userID)
	case a.NoRoles:
		return refuse(http.StatusForbidden, "0x80042F09", "The user with id %s has not been assigned any roles.", a.userID)
	default:
		return nil
	}
}

// onePrefer keeps the first of several Prefer headers. The service does not combine them: with track-changes and
// annotations in two headers the delta link is missing (MicrosoftDocs/powerapps-docs issue 439).
func onePrefer(r *http.Request) {
	if values := r.Header.Values("Prefer"); len(values) > 1 {
		r.Header.Set("Prefer", values[0])
	}
}

// route answers one request of a user who may call.
func (h *host) route(w http.ResponseWriter, r *http.Request, base, path string, user application) {
	first, _, _ := strings.Cut(path, "/")
	name, _, _ := strings.Cut(first, "(")
	switch {
	case path == "":
		h.serveServiceDocument(w, base)
	case path == "$metadata":
		h.serveCSDL(w, r)
	case path == "$batch":
		h.environment.serveBatch(w, r, base, h.part(base, user))
	case path == "BulkDelete":
		h.environment.serveBulkDelete(w, r, base)
	case slices.Contains([]string{"EntityDefinitions", "RelationshipDefinitions", "GlobalOptionSetDefinitions"}, name):
		h.environment.serveMetadata(w, r, base, path)
	default:
		h.call(w, r, base, path, user)
	}
}

// call tries the functions, and then the rows.
func (h *host) call(w http.ResponseWriter, r *http.Request, base, path string, user application) {
	found, refusal := h.callFunction(w, r, base, path, user)
	if !found {
		found, refusal = h.environment.serveDefinitionAction(w, r, path)
	}
	if !found {
		found, refusal = h.callPrivilegeFunction(w, r, base, path)
	}
	switch {
	case refusal != nil:
		refusal.write(w, r)
	case !found:
		h.environment.serveRows(w, r, base, path)
	}
}

// part answers a request inside $batch, whose address may be absolute, relative to the host or relative to the Web API.
func (h *host) part(base string, user application) http.Handler {
	root := base[strings.Index(base, apiPrefix):]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.RequestURI()) > maxBatchURL {
			http.Error(w, "Request URL Too Long", http.StatusRequestURITooLong)
			return
		}
		onePrefer(r)
		path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, root), "/")
		if path == "$batch" {
			badQuery("A batch request cannot contain a batch request.").write(w, r)
			return
		}
		h.route(w, r, base, path, user)
	})
}

// serveServiceDocument lists the entity sets.
func (h *host) serveServiceDocument(w http.ResponseWriter, base string) {
	out := newStream(w, `{"@odata.context":"`+base+`/$metadata","value":[`)
	for _, t := range h.environment.tables() {
		if t.EntitySetName == "" {
			continue
		}
		out.element(func(dst []byte) []byte {
			return append(dst, `{"name":"`+t.EntitySetName+`","kind":"EntitySet","url":"`+t.EntitySetName+`"}`...)
		})
	}
	out.end()
}

// bearer is the token of the request, empty without one.
func bearer(r *http.Request) string {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// origin is the scheme and host that the client called.
func origin(r *http.Request) string {
	if r.TLS == nil {
		return "http://" + strings.ToLower(r.Host)
	}
	return "https://" + strings.ToLower(r.Host)
}

package simulator

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/entra"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/limits"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/webapi"
)

// maxURL is the longest address that a GET may have (Microsoft, "Query data using the Web API"). The status of a longer
// one is not documented; here it is 414.
const maxURL = 32_768

// host serves everything at one address: the sign-in endpoints and the Web API.
type host struct {
	environment *rows.Database
	entra       *entra.Service
	api         *webapi.API
	limiter     *limits.Limiter
	faults      *faults.Set
	log         *requestLog
	servers     []string // the affinity cookie of each
	nextServer  atomic.Uint64
	dopHint     atomic.Int64
	queries     *limits.Queries
	literals    *regexp.Regexp
	latency     time.Duration // of each request of the Web API
	keyLatency  time.Duration // of requests for the rows of one column; 0: latency
	stats       counters
	kept        *keeper // nil: each response is made when it is asked for
	handler     http.Handler
}

func newHost(db *rows.Database, o ServerOptions) *host {
	directory := entra.NewDirectory(o.Applications, o.TokenLife, db.User())
	signIn := &entra.Service{Directory: directory, Now: db.Now, Provider: entra.NewProvider()}
	signIn.Machine = entra.NewMachine(signIn)
	h := &host{
		environment: db,
		entra:       signIn,
		api:         webapi.New(db, directory.Applications[0].TenantID, directory.IsUser),
		limiter:     limits.New(o.Limits),
		faults:      faults.NewSet(db, signIn),
		log:         &requestLog{},
		servers:     affinities(db.Organization(), o.Servers),
		queries:     limits.NewQueries(o.QueryThrottling),
		literals:    literals(),
		latency:     o.Latency,
		keyLatency:  o.KeyLatency,
	}
	h.setDOPHint(o.DOPHint)
	if o.Keep {
		h.kept = newKeeper(db)
	}
	for _, f := range o.Faults {
		h.faults.Inject(f)
	}
	h.handler = h.withLog(h.withHeaders(h.faults.Wrap(newCompression().wrap(http.HandlerFunc(h.serve)))))
	if o.Admin {
		h.handler = h.withAdmin(h.handler)
	}
	return h
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }

func (h *host) serve(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, odata.APIPrefix); ok {
		h.serveAPI(w, r, rest)
		return
	}
	if !h.entra.Serve(w, r) {
		http.NotFound(w, r)
	}
}

// serveAPI checks the token and the limits, and then serves the request.
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
	user, known := h.entra.Directory.User(odata.Bearer(r), h.environment.Now())
	if !known {
		h.entra.Challenge(w, r, "")
		return
	}
	if refusal := user.Refusal(); refusal != nil {
		refusal.Write(w, r)
		return
	}
	id := user.TenantID + "/" + user.ClientID + "@" + serverOf(r)
	leave, refusal := h.limiter.Enter(id, h.environment.Now())
	h.limiter.SetHeaders(w.Header(), id)
	if refusal != nil {
		refusal.Write(w, r)
		return
	}
	start := time.Now()
	defer func() { leave(h.environment.Now(), time.Since(start)) }()
	query, ofRows := h.rowsQuery(r, path)
	if ofRows {
		leave, refusal := h.queries.Enter(h.shapeOf(query, path))
		if refusal != nil {
			refusal.Write(w, r)
			return
		}
		defer leave()
	}
	if delay := h.delay(query, ofRows); delay > 0 && !odata.Pause(r, delay) {
		return
	}
	odata.OnePrefer(r)
	r = odata.WithUser(r, user.UserID)
	h.kept.serve(w, r, func(w http.ResponseWriter, r *http.Request) {
		h.api.Route(w, r, odata.Origin(r)+"/api/data/"+version, path, user.UserID)
	})
}

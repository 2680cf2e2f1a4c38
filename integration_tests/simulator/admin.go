package simulator

import (
	"encoding/json"
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// withAdmin adds what Dataverse does not have: GET /simulator/stats for Stats as JSON, POST /simulator/faults to inject
// faults, one a line as faults.ParseAll reads them, and DELETE /simulator/faults to remove them all. These
// requests are neither counted nor struck by faults.
func (h *host) withAdmin(inner http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /simulator/stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(h.stats.read())
	})
	mux.HandleFunc("POST /simulator/faults", func(w http.ResponseWriter, r *http.Request) {
		list, err := faults.ParseAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for _, f := range list {
			h.faults.Inject(f)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /simulator/faults", func(w http.ResponseWriter, _ *http.Request) {
		h.faults.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/simulator/") {
			mux.ServeHTTP(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

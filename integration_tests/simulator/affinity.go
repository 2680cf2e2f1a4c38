package simulator

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// affinityCookie keeps a client with the server that it is on (Microsoft, "Send parallel requests": without the cookie requests
// spread over all servers).
const affinityCookie = "ARRAffinity"

// affinities returns the value of the cookie for each of n servers, at least one.
func affinities(organization string, n int) []string {
	all := []string{strings.ReplaceAll(guid.Derived("affinity", organization), "-", "")}
	for i := 2; i <= n; i++ {
		all = append(all, strings.ReplaceAll(guid.Derived("affinity", organization, strconv.Itoa(i)), "-", ""))
	}
	return all
}

type serverKey struct{}

// withServer assigns a request to the server that its cookie names, or to the next one.
func (h *host) withServer(r *http.Request) *http.Request {
	var server string
	if cookie, err := r.Cookie(affinityCookie); err == nil && slices.Contains(h.servers, cookie.Value) {
		server = cookie.Value
	} else {
		server = h.servers[(h.nextServer.Add(1)-1)%uint64(len(h.servers))]
	}
	return r.WithContext(context.WithValue(r.Context(), serverKey{}, server))
}

// serverOf returns the server of a request.
func serverOf(r *http.Request) string {
	server, _ := r.Context().Value(serverKey{}).(string)
	return server
}

package source

import (
	"errors"
	"net/http"
	"net/url"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// situation is what a sentence about an error depends on besides the error itself. The zero value knows nothing.
type situation struct {
	verb     protocol.Verb
	config   *config.Config // nil: it was not loaded
	getenv   func(string) string
	resuming bool // a stream has a state, so that the environment was reached before
	stream   bool // the error is one of a stream
	number   int  // of the application user that the error is about, from 0
	changes  bool // the stream is read by its changes
}

// verbError is an error with the situation in which it occurred.
type verbError struct {
	situation situation
	cause     error
}

func (e *verbError) Error() string { return e.cause.Error() }

func (e *verbError) Unwrap() error { return e.cause }

// situationOf returns the situation that an error carries.
func situationOf(err error) situation {
	var failed *verbError
	if errors.As(err, &failed) {
		return failed.situation
	}
	return situation{}
}

// of returns the situation of an error of a stream.
func (s situation) of(stream replicate.Stream) situation {
	s.stream = true
	switch replicate.ModeOf(stream.Configured, stream.Table) {
	case replicate.FollowsChanges, replicate.TrackingOff:
		s.changes = true
	case replicate.FullRefresh, replicate.NeverOffered, replicate.ElasticTable, replicate.ReadsByCursor:
	}
	return s
}

// reached reports whether the environment has responded, to an earlier sync or before the streams were read. Its name and
// its address are right then.
func (s situation) reached() bool { return s.resuming || s.stream }

// variable returns an environment variable.
func (s situation) variable(name string) string {
	if s.getenv == nil {
		return ""
	}
	return s.getenv(name)
}

// run is the verb as a noun, for sentences such as "report it with the log of this sync".
func (s situation) run() string {
	switch s.verb {
	case protocol.Read:
		return "sync"
	case protocol.Check:
		return "check"
	default:
		return "run"
	}
}

// again is what to do later: a sync is run again, anything else is tried again.
func (s situation) again() string {
	if s.verb == protocol.Read {
		return "Sync again"
	}
	return "Try again"
}

// resumes returns a space and the sentence on how a stream continues after an error. It is "" for anything but a stream.
func (s situation) resumes() string {
	switch {
	case !s.stream:
		return ""
	case s.changes:
		return " The state is kept, and the next sync resumes from the last checkpoint."
	default:
		return " The next attempt of this sync resumes after the last page that was delivered."
	}
}

// host is a host that the connector connects to, and the setting that names it.
type host struct {
	name    string // with its port, if that is not 443
	setting string // "" if no setting names it
}

// environment returns the environment's host.
func (s situation) environment() host {
	if s.config == nil {
		return host{name: "the environment", setting: "url"}
	}
	return host{name: hostIn(s.config.Environment), setting: "url"}
}

// signInHost returns the host that issues tokens.
func (s situation) signInHost() host {
	switch {
	case s.config == nil:
		return host{name: "the sign-in host"}
	case s.config.AuthorityHost != "":
		return host{name: hostIn(s.config.AuthorityHost), setting: "authority_host"}
	default:
		return host{name: hostIn(auth.AuthorityOf(s.config))}
	}
}

// hostIn returns the host of a root such as https://contoso.crm.dynamics.com.
func hostIn(root string) string {
	parsed, err := url.Parse(root)
	if err != nil {
		return root
	}
	return parsed.Host
}

// proxyServer is a proxy that the connector connects through.
type proxyServer struct {
	address  string // host and port
	variable string // that names it
}

// proxyTo returns the proxy for a host, and false if the connection is direct.
func (s situation) proxyTo(h host) (proxyServer, bool) {
	address, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: h.name}})
	if err != nil || address == nil {
		return proxyServer{}, false
	}
	return proxyServer{address: address.Host, variable: s.proxyVariable()}, true
}

// proxyVariable is the variable that names the proxy: in capital letters it comes first, as in net/http.
func (s situation) proxyVariable() string {
	if s.variable("HTTPS_PROXY") == "" && s.variable("https_proxy") != "" {
		return "https_proxy"
	}
	return "HTTPS_PROXY"
}

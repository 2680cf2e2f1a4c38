package simulator

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/entra"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/limits"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// ServerOptions describe how an environment is served. The zero value listens on a free loopback port, knows
// DefaultApplication and enforces no limits.
type ServerOptions struct {
	Address      string              // to listen on; empty: 127.0.0.1:0
	CAFile       string              // where to write the certificate authority, PEM; empty: nowhere
	Applications []entra.Application // that may sign in; empty: DefaultApplication
	TokenLife    time.Duration       // of access tokens, by the environment's clock; 0: 3599 s
	Limits       limits.Limits       // service protection limits to enforce, for each user on each server
	Servers      int                 // that the requests spread over; 0: 1
	DOPHint      int                 // header x-ms-dop-hint; 0: 4
	Latency      time.Duration       // of each request of the Web API; it counts as execution time
	KeyLatency   time.Duration       // of requests for rows that select one column, in place of Latency; 0: Latency
	Faults       []faults.Fault      // at work from the start
	Keep         bool                // caches the responses to reads and sends them again as long as nothing changes
	Admin        bool                // statistics and faults are available over HTTP, below /simulator/

	QueryThrottling limits.QueryThrottling // of queries that run in parallel
}

// Server is an environment behind TLS, with a certificate authority of its own.
type Server struct {
	URL       string // of the environment, without a slash at the end
	Authority string // of the sign-in host; the authority of a tenant is Authority/<tenant id>
	CAPEM     []byte // the certificate authority that clients must trust

	host      *host
	authority *authority
	http      *http.Server
	stop      func() bool // forgets the context
	done      chan error
}

// Start serves the environment until Close is called or the context ends. The environment is at the same host as
// its sign-in endpoints. HTTP/1.1 and HTTP/2 are spoken.
func Start(ctx context.Context, e *Environment, o ServerOptions) (*Server, error) {
	address := o.Address
	if address == "" {
		address = "127.0.0.1:0"
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	leaf, err := ca.leaf(name)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	s := &Server{URL: "https://" + listener.Addr().String(), CAPEM: ca.pem, authority: ca, host: newHost(e.database, o), done: make(chan error, 1)}
	s.Authority = s.URL
	s.host.entra.Addresses = addressesOf(listener.Addr().String(), name)
	s.host.entra.Issuer = entra.IssuerAt(s.URL)
	if o.CAFile != "" {
		if err := s.WriteCA(o.CAFile); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
	}
	s.http = &http.Server{
		Handler:           s.host,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12},
		ConnContext:       faults.WithConnection,
		ReadHeaderTimeout: 30 * time.Second,
		MaxHeaderBytes:    1 << 20,
		ErrorLog:          log.New(io.Discard, "", 0), // broken connections are expected
	}
	go func() { s.done <- s.http.ServeTLS(listener, "", "") }()
	s.stop = context.AfterFunc(ctx, func() { _ = s.http.Close() })
	return s, nil
}

// addressesOf returns the urls by which clients of this machine call a server.
func addressesOf(address, name string) []string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return []string{"https://" + address}
	}
	list := []string{"https://" + address}
	for _, host := range []string{"127.0.0.1", "localhost", "::1", name} {
		list = append(list, "https://"+net.JoinHostPort(host, port))
	}
	return list
}

// Close ends the server and breaks its connections.
func (s *Server) Close() error {
	s.stop()
	err := s.http.Close()
	if serveErr := <-s.done; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	s.done <- http.ErrServerClosed // for a second Close
	return err
}

// WriteCA writes the certificate authority to a file, PEM.
func (s *Server) WriteCA(path string) error {
	if err := os.WriteFile(path, s.CAPEM, 0o600); err != nil {
		return fmt.Errorf("write the certificate authority: %w", err)
	}
	return nil
}

// Requests returns the latest requests, the oldest first.
func (s *Server) Requests() []Request { return s.host.log.all() }

// RevokeTokens makes every token issued so far worthless: the next requests with them get 401.
func (s *Server) RevokeTokens() { s.host.entra.Directory.Revoke() }

// ChangeApplication changes what is right or wrong with an application and its user from now on, also for the tokens
// that it was given before. It reports whether there is an application with that client id.
func (s *Server) ChangeApplication(clientID string, change func(*entra.Application)) bool {
	return s.host.entra.Directory.Change(clientID, change)
}

// SetRights replaces what the user of an application may read, where that is not what SetReadDepth and the definitions of
// the tables say.
func (s *Server) SetRights(clientID string, r rows.Rights) {
	s.host.environment.SetRights(s.host.entra.Directory.UserOf(clientID), r)
}

// WorkloadToken returns a token of the server's identity provider, with which a workload signs in as an application that has a
// federated credential of that subject. An empty audience is the usual one.
func (s *Server) WorkloadToken(subject, audience string, life time.Duration) (string, error) {
	return s.host.entra.Provider.Token(s.host.entra.Issuer, subject, cmp.Or(audience, entra.FederationAudience), s.host.entra.Now(), life)
}

// IdentityVariables returns the environment variables by which a process finds the managed identities of the server's machine.
func (s *Server) IdentityVariables() []string { return s.host.entra.Machine.Variables(s.URL) }

// MetadataService returns a transport that reaches the instance metadata service of the server's machine, and nothing else.
func (s *Server) MetadataService() http.RoundTripper { return s.host.entra.Machine.Transport(s.URL) }

// Inject sets a fault to work until it is removed.
func (s *Server) Inject(f faults.Fault) *faults.Injection {
	return s.host.faults.Inject(f)
}

// SetDOPHint changes the header x-ms-dop-hint of the responses from now on; 0 is 4.
func (s *Server) SetDOPHint(n int) { s.host.setDOPHint(n) }

// Stats counts the requests of the Web API so far.
func (s *Server) Stats() Stats {
	stats := s.host.stats.read()
	stats.ThrottledQueries = s.host.queries.Refused()
	return stats
}

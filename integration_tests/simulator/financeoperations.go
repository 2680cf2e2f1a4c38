package simulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// FinanceOperationsOptions describe how a finance & operations environment is served. The zero value listens on free loopback ports
// and links the environment to that of the server.
type FinanceOperationsOptions struct {
	Address        string // to listen on; empty: 127.0.0.1:0
	StorageAddress string // of the storage of packages; empty: 127.0.0.1:0
	Prefix         string // of its paths, as in the options of the environment
	Unlinked       bool   // Dataverse does not know of it
	Faults         []faults.Fault
}

// FinanceOperations is a finance & operations environment behind TLS. Its certificates are those of the server's authority, and its
// applications and their secrets those of the server too. Its tokens are its own: it refuses those of Dataverse.
type FinanceOperations struct {
	URL     string // of the environment, without a slash at the end
	Storage string // the origin of the storage from which packages are downloaded

	faults  *faults.Set
	log     *requestLog
	servers []*http.Server
	done    chan error
	stop    func() bool
}

// StartFinanceOperations serves a finance & operations environment beside the server, until Close is called or the context ends.
func (s *Server) StartFinanceOperations(ctx context.Context, e *finops.Environment, o FinanceOperationsOptions) (*FinanceOperations, error) {
	f := &FinanceOperations{faults: faults.NewSet(s.host.environment, s.host.entra), log: &requestLog{}, done: make(chan error, 2)}
	for _, fault := range o.Faults {
		f.faults.Inject(fault)
	}
	api, apiTLS, err := s.listen(ctx, o.Address)
	if err != nil {
		return nil, err
	}
	storage, storageTLS, err := s.listen(ctx, o.StorageAddress)
	if err != nil {
		return nil, errors.Join(err, api.Close())
	}
	f.URL, f.Storage = "https://"+api.Addr().String()+o.Prefix, "https://"+storage.Addr().String()
	resource := "https://" + api.Addr().String()
	s.host.entra.AddResource(resource)
	access := func(r *http.Request) (string, bool) {
		user, known := s.host.entra.Directory.UserAt(odata.Bearer(r), resource, s.host.entra.Now())
		return user.ClientID, known
	}
	f.serve(api, apiTLS, newCompression().wrap(e.API(access, f.Storage)), access)
	f.serve(storage, storageTLS, e.Blobs(), access) // storage sends bytes as they are
	if !o.Unlinked {
		s.host.api.Link(f.URL)
	}
	f.stop = context.AfterFunc(ctx, func() { _ = f.closeServers() })
	return f, nil
}

// listen listens with a certificate of the server's authority.
func (s *Server) listen(ctx context.Context, address string) (net.Listener, *tls.Config, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	leaf, err := s.authority.leaf(name)
	if err != nil {
		return nil, nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return listener, &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12}, nil
}

// serve serves one host.
func (f *FinanceOperations) serve(listener net.Listener, config *tls.Config, inner http.Handler, access finops.Access) {
	server := &http.Server{
		TLSConfig:         config,
		Handler:           f.withLog(f.faults.Wrap(inner), access),
		ConnContext:       faults.WithConnection,
		ReadHeaderTimeout: 30 * time.Second,
		MaxHeaderBytes:    1 << 20,
		ErrorLog:          log.New(io.Discard, "", 0), // broken connections are expected
	}
	f.servers = append(f.servers, server)
	go func() { f.done <- server.ServeTLS(listener, "", "") }()
}

// withLog notes each request once it is served.
func (f *FinanceOperations) withLog(inner http.Handler, access finops.Access) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := Request{Method: r.Method, Path: r.URL.Path, RawQuery: r.URL.RawQuery, Prefer: r.Header.Get("Prefer")}
		entry.ClientID, _ = access(r)
		start := time.Now()
		counted := &countingWriter{ResponseWriter: w}
		defer func() { // also where a fault cuts the response
			entry.Status, entry.Bytes, entry.Duration = max(counted.status, http.StatusOK), counted.bytes, time.Since(start)
			f.log.add(entry)
		}()
		inner.ServeHTTP(counted, r)
	})
}

// Inject sets a fault to work, on the environment's host and on the storage.
func (f *FinanceOperations) Inject(fault faults.Fault) *faults.Injection {
	return f.faults.Inject(fault)
}

// Requests returns the latest requests of both hosts, the oldest first.
func (f *FinanceOperations) Requests() []Request { return f.log.all() }

// Close ends both hosts and breaks their connections.
func (f *FinanceOperations) Close() error {
	f.stop()
	err := f.closeServers()
	for range f.servers {
		if serveErr := <-f.done; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
	}
	for range f.servers {
		f.done <- http.ErrServerClosed // for a second Close
	}
	return err
}

func (f *FinanceOperations) closeServers() error {
	var err error
	for _, server := range f.servers {
		err = errors.Join(err, server.Close())
	}
	return err
}

// LoseResponse is what happens to a request that is carried out and whose response never arrives.
func LoseResponse() faults.Effect {
	return faults.Handle(func(_ http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		next(odata.NewCapture(http.Header{}), r)
		panic(http.ErrAbortHandler)
	})
}

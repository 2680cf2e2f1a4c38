package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// downloadVerb is the first argument with which the bench starts itself as a plain client.
const downloadVerb = "download"

// planFile is the file of a stage's plan.
const planFile = "download.json"

// plan is what the plain client downloads, and how.
type plan struct {
	Connection connection
	CAFile     string
	Parallel   int
	Requests   []sent
}

// planDownload writes the plan: every request that the service has received, and the most it had in flight.
func (s *stage) planDownload() error {
	p := plan{Connection: s.connection, CAFile: s.setting.CAFile}
	if err := s.ask(askRequests, &p.Requests); err != nil {
		return err
	}
	p.Requests = slices.DeleteFunc(p.Requests, func(r sent) bool { return !strings.HasPrefix(r.Target, "/api/data/") })
	c, err := s.count()
	if err != nil {
		return err
	}
	p.Parallel = c.Stats.MostInFlight
	return s.write(planFile, p)
}

// download is the process of the plain client: Go's own, which only unpacks the responses.
func download(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s takes one argument, the file of the plan", downloadVerb)
	}
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	var p plan
	if err := json.Unmarshal(raw, &p); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	client, err := trusting(p.CAFile)
	if err != nil {
		return err
	}
	token, err := signIn(ctx, client, p.Connection)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, p.Parallel))
	for _, r := range p.Requests {
		group.Go(func() error { return get(ctx, client, p.Connection.URL, token, r) })
	}
	return group.Wait()
}

// trusting returns a client that trusts the certificate authority of the service.
func trusting(caFile string) (*http.Client, error) {
	authority, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate authority: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}, nil
}

// signIn gets a token as applications do (Microsoft, "OAuth 2.0 client credentials flow").
func signIn(ctx context.Context, client *http.Client, c connection) (string, error) {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.Client}, "client_secret": {c.Secret}, "scope": {c.URL + "/.default"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Authority+"/"+c.Tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var response struct {
		Token string `json:"access_token"`
	}
	err = receive(client, request, func(body io.Reader) error { return json.NewDecoder(body).Decode(&response) })
	if err == nil && response.Token == "" {
		err = errors.New("the response has no token")
	}
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	return response.Token, nil
}

// get sends a request of the connector. Go's client unpacks gzip itself.
func get(ctx context.Context, client *http.Client, base, token string, r sent) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+r.Target, nil)
	if err != nil {
		return fmt.Errorf("download %s: %w", r.Target, err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	if r.Prefer != "" {
		request.Header.Set("Prefer", r.Prefer)
	}
	err = receive(client, request, func(body io.Reader) error {
		_, err := io.Copy(io.Discard, body)
		return err
	})
	if err != nil {
		return fmt.Errorf("download %s: %w", r.Target, err)
	}
	return nil
}

func receive(client *http.Client, request *http.Request, read func(io.Reader) error) (err error) {
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the response has status %s", response.Status)
	}
	return read(response.Body)
}

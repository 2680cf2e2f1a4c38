package simulator_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// An environment with three accounts is started, a client signs in and reads them, and the second attempt is throttled.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	environment, err := simulator.New(simulator.Options{Rows: map[string]int{"account": 3}})
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := simulator.Start(ctx, environment, simulator.ServerOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	client, token, err := signIn(ctx, server)
	if err != nil {
		fmt.Println(err)
		return
	}
	read := func() {
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/data/v9.2/accounts?$select=name", nil)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(request)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer response.Body.Close()
		var page struct{ Value []json.RawMessage }
		_ = json.NewDecoder(response.Body).Decode(&page)
		fmt.Printf("%s, %d rows\n", response.Status, len(page.Value))
	}

	read()
	injection := server.Inject(faults.Throttling("17").On(faults.Table("account")))
	read()
	read()
	fmt.Println("struck", injection.Hits(), "request")

	// Output:
	// 200 OK, 3 rows
	// 429 Too Many Requests, 0 rows
	// 200 OK, 3 rows
	// struck 1 request
}

// signIn returns a client that trusts the server, and an access token of its default application.
func signIn(ctx context.Context, server *simulator.Server) (*http.Client, string, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.CAPEM)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}}
	application := simulator.DefaultApplication()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {application.ClientID}, "client_secret": {application.Secret},
		"scope": {server.URL + "/.default"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.Authority+"/"+application.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	var granted struct {
		Token string `json:"access_token"`
	}
	err = json.NewDecoder(response.Body).Decode(&granted)
	return client, granted.Token, err
}

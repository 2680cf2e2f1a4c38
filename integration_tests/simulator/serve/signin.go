package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// identityClient is the client id of the managed identity that --managed-identity adds.
const identityClient = "66666666-7777-4888-9999-cccccccccccc"

// workloadLife is how long the token of --token-file is valid.
const workloadLife = 24 * time.Hour

// signIn is how the applications of the environment sign in.
type signIn struct {
	certificates []*x509.Certificate
	subject      string // of a federated credential
	tokenFile    string
	identity     bool
	users        int // application users with a client secret, at least one
	refused      int
}

// addSignIn adds the flags of sign-ins.
func (s *settings) addSignIn(f *flag.FlagSet) {
	f.Func("certificate", "PEM `file` with a certificate that the application may sign in with; may be repeated", s.signIn.addCertificate)
	f.StringVar(&s.signIn.subject, "federated-subject", "", "`subject` whose tokens of the simulator's identity provider the application accepts")
	f.StringVar(&s.signIn.tokenFile, "token-file", "", "`file` to write such a token to; needs --federated-subject")
	f.BoolVar(&s.signIn.identity, "managed-identity", false, "add a system-assigned managed identity, and print the variables by which it is found")
	f.IntVar(&s.signIn.users, "users", 1, "`number` of application users, each with limits of its own and a client secret in the configuration")
	f.IntVar(&s.signIn.refused, "refuse-sign-in", 0, "AADSTS `code` with which each sign-in is refused")
}

func (s *signIn) addCertificate(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		s.certificates = append(s.certificates, certificate)
		return nil
	}
	return fmt.Errorf("%s has no certificate", path)
}

// applications returns the applications of the environment, nil for the default one as it is.
func (s *signIn) applications() ([]simulator.Application, error) {
	switch {
	case s.tokenFile != "" && s.subject == "":
		return nil, errors.New("--token-file needs --federated-subject")
	case s.users < 1 || s.users > mostUsers:
		return nil, fmt.Errorf("--users: from 1 to %d", mostUsers)
	case s.refused != 0 && !slices.Contains(simulator.RefusalCodes(), s.refused):
		return nil, fmt.Errorf("--refuse-sign-in: %d is not a known code", s.refused)
	}
	application := simulator.DefaultApplication()
	application.Certificates, application.Refused = s.certificates, s.refused
	if s.subject != "" {
		application.FederatedCredentials = []simulator.FederatedCredential{{Subject: s.subject}}
	}
	all := append([]simulator.Application{application}, s.further()...)
	if s.identity {
		all = append(all, simulator.Application{
			TenantID: application.TenantID, ClientID: identityClient, Identity: simulator.SystemAssigned, Refused: s.refused,
		})
	}
	return all, nil
}

// mostUsers is the largest number of application users.
const mostUsers = 99

// further returns the applications of --users after the default one.
func (s *signIn) further() []simulator.Application {
	var all []simulator.Application
	for number := 2; number <= s.users; number++ {
		all = append(all, simulator.Application{
			TenantID: simulator.DefaultApplication().TenantID, ClientID: fmt.Sprintf("66666666-7777-4888-9999-%012d", number),
			Secret: fmt.Sprintf("secret-of-user-%d", number), Refused: s.refused,
		})
	}
	return all
}

// introduce writes the token of a workload, and prints how to use it and the managed identity.
func (s *signIn) introduce(log io.Writer, server *simulator.Server) error {
	if s.tokenFile != "" {
		token, err := server.WorkloadToken(s.subject, "", workloadLife)
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.tokenFile, []byte(token), 0o600); err != nil {
			return fmt.Errorf("write the token: %w", err)
		}
		fmt.Fprintf(log, "token        %s, a token of a workload, valid for %d hours\n", s.tokenFile, int(workloadLife.Hours()))
	}
	if s.identity {
		fmt.Fprintf(log, "identity     %s\n", strings.Join(server.IdentityVariables(), " "))
	}
	return nil
}

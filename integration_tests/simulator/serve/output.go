package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// introduce writes the configuration and prints where everything is and what to do next. The line that begins with
// config is for scripts: once it is there, clients can connect.
func (s *settings) introduce(log io.Writer, server *simulator.Server) error {
	fmt.Fprintf(log, "environment  %s\n", server.URL)
	if s.server.CAFile != "" {
		fmt.Fprintf(log, "certificate  %s, the certificate authority that clients must trust\n", s.server.CAFile)
	}
	if err := s.signIn.introduce(log, server); err != nil {
		return err
	}
	if s.config == "" {
		return nil
	}
	if err := writeConfig(s.config, server, s.signIn.further(), s.finance.packages()); err != nil {
		return err
	}
	fmt.Fprintf(log, "config       %s, a configuration of the connector\n", s.config)
	if s.server.CAFile != "" {
		fmt.Fprintf(log, "\nNext, in another terminal, in the root of the repository:\n\n    DATAVERSE_CA_FILE=%s go run . check --config %s\n\n", s.server.CAFile, s.config)
		fmt.Fprintln(log, "Other clients take the certificate authority from SSL_CERT_FILE or NODE_EXTRA_CA_CERTS. Press Ctrl+C to stop.")
	}
	return nil
}

// report prints at the end what clients have asked of the server.
func report(log io.Writer, stats simulator.Stats) error {
	raw, err := json.Marshal(stats)
	if err != nil {
		return fmt.Errorf("report the statistics: %w", err)
	}
	fmt.Fprintf(log, "statistics   %s\n", raw)
	return nil
}

// configuration is a connector's configuration, as far as it signs in to an environment.
type configuration struct {
	URL          string    `json:"url"`
	TenantID     string    `json:"tenant_id"`
	ClientID     string    `json:"client_id"`
	ClientSecret string    `json:"client_secret_value"`
	Authority    string    `json:"authority_host"`
	Further      []user    `json:"additional_credentials,omitempty"`
	Packages     []project `json:"packages,omitempty"`
}

// user is a further application user of a configuration.
type user struct {
	ClientID    string     `json:"client_id"`
	Credentials credential `json:"credentials"`
}

type credential struct {
	Kind   string `json:"auth_type"`
	Secret string `json:"client_secret"`
}

// writeConfig writes the configuration of a connector that signs in as the default application and further ones, with
// the packages of finance & operations. It does not overwrite a file that it has not written itself: a configuration of that name may hold the secret of a real environment.
func writeConfig(path string, server *simulator.Server, further []simulator.Application, packages []project) error {
	application := simulator.DefaultApplication()
	if err := mayOverwrite(path, application); err != nil {
		return err
	}
	var users []user
	for _, a := range further {
		users = append(users, user{a.ClientID, credential{"client_secret", a.Secret}})
	}
	raw, err := json.MarshalIndent(configuration{
		URL:          server.URL,
		TenantID:     application.TenantID,
		ClientID:     application.ClientID,
		ClientSecret: application.Secret,
		Authority:    server.Authority,
		Further:      users,
		Packages:     packages,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the configuration: %w", err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

func mayOverwrite(path string, application simulator.Application) error {
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("read the configuration: %w", err)
	}
	var old configuration
	if json.Unmarshal(raw, &old) != nil || old.ClientID != application.ClientID {
		return fmt.Errorf("%s exists and is not a configuration of the simulator; name another file with --config", path)
	}
	return nil
}

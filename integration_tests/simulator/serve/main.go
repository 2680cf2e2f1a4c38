// Command serve runs a simulated Dataverse environment behind TLS and writes a configuration with which the connector
// reads it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"source-microsoft-dataverse/integration_tests/simulator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// settings are the command line.
type settings struct {
	environment simulator.Options
	server      simulator.ServerOptions
	config      string
}

// run serves until the context ends.
func run(ctx context.Context, args []string, log io.Writer) error {
	s, err := parse(args, log)
	if err != nil {
		return err
	}
	environment, err := simulator.New(s.environment)
	if err != nil {
		return fmt.Errorf("make the environment: %w", err)
	}
	server, err := simulator.Start(ctx, environment, s.server)
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	fmt.Fprintf(log, "environment  %s\n", server.URL)
	fmt.Fprintf(log, "authority    %s\n", server.Authority)
	if s.server.CAFile != "" {
		fmt.Fprintf(log, "certificate  %s (the connector's DATAVERSE_CA_FILE; SSL_CERT_FILE or NODE_EXTRA_CA_CERTS of other clients)\n", s.server.CAFile)
	}
	if s.config != "" {
		if err := writeConfig(s.config, server); err != nil {
			return errors.Join(err, server.Close())
		}
		fmt.Fprintf(log, "config       %s\n", s.config)
	}
	<-ctx.Done()
	return errors.Join(server.Close(), report(log, server.Stats()))
}

func parse(args []string, usage io.Writer) (settings, error) {
	var s settings
	var firstPage, ignoredSelect, refusedSelect bool
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&s.server.Address, "address", "127.0.0.1:8443", "`host:port` to listen on")
	f.StringVar(&s.server.CAFile, "ca", "", "`file` to write the certificate authority to")
	f.StringVar(&s.config, "config", "", "`file` to write a connector configuration to")
	f.DurationVar(&s.server.TokenLife, "token-life", 0, "life of access tokens (default 59m59s)")
	s.addTrouble(f)
	f.Uint64Var(&s.environment.Seed, "seed", 1, "of the generated rows")
	f.IntVar(&s.environment.DefaultRows, "rows", 1000, "generated rows of each table")
	f.IntVar(&s.environment.ExpireDays, "expire-days", 0, "life of delta tokens in days (default 7)")
	b := &s.environment.Behaviors
	f.BoolVar(&firstPage, "token-at-first-page", false, "a delta token stands for the moment of the first page")
	f.BoolVar(&ignoredSelect, "ignore-edited-select", false, "pass over a $select that was edited into a delta link")
	f.BoolVar(&refusedSelect, "refuse-edited-select", false, "refuse a $select that was edited into a delta link")
	f.BoolVar(&b.RecreatedOnlyUpserted, "recreated-only-upserted", false, "leave out the deletion of a row that was created again")
	f.BoolVar(&b.DeletionsAtPageEnd, "deletions-at-page-end", false, "put deletions at the end of each page")
	f.IntVar(&b.ExpiredStatus, "expired-status", 0, "HTTP `status` of an expired delta token (default 400)")
	f.BoolVar(&b.RepeatRows, "repeat-rows", false, "begin each page with the last row of the page before")
	f.BoolVar(&b.MetadataChangesUnavailable, "no-metadata-changes", false, "refuse RetrieveMetadataChanges")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if firstPage {
		b.TokenAt = simulator.FirstPage
	}
	switch {
	case ignoredSelect && refusedSelect:
		return s, errors.New("an edited $select cannot be both ignored and refused")
	case ignoredSelect:
		b.EditedSelect = simulator.Ignored
	case refusedSelect:
		b.EditedSelect = simulator.Refused
	}
	return s, nil
}

// report tells at the end what was asked of the server.
func report(log io.Writer, stats simulator.Stats) error {
	raw, err := json.Marshal(stats)
	if err != nil {
		return fmt.Errorf("report the statistics: %w", err)
	}
	fmt.Fprintf(log, "statistics   %s\n", raw)
	return nil
}

// writeConfig writes the configuration of a connector that signs in as the default application.
func writeConfig(path string, server *simulator.Server) error {
	application := simulator.DefaultApplication()
	raw, err := json.MarshalIndent(map[string]any{
		"url":                 server.URL,
		"tenant_id":           application.TenantID,
		"client_id":           application.ClientID,
		"client_secret_value": application.Secret,
		"authority_host":      server.Authority,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the configuration: %w", err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// tables returns the tables of the demo: common ones, an N:N table, and custom ones with every column type, without change
// tracking, and elastic.
func tables() []string {
	return []string{
		"account", "contact", "contoso_child", "contoso_everything", "contoso_sensordata", "opportunity", "systemuserroles", "task", "team",
	}
}

// demo is one run of the demo.
type demo struct {
	out       *bufio.Writer
	directory string
	rows      int

	connector   *binary.Binary
	environment *simulator.Environment
	destination *destination.Destination
	streams     []destination.Stream
	finance     *finance
}

// play builds the connector, starts the simulator, and runs the acts.
func (d *demo) play(ctx context.Context) (err error) {
	d.title("Building the connector and starting a simulated Dataverse environment")
	if d.connector, err = binary.Build(ctx, d.directory); err != nil {
		return err
	}
	rows := map[string]int{}
	for _, table := range tables() {
		rows[table] = d.rows
	}
	if d.environment, err = simulator.New(simulator.Options{Seed: 2026, DefaultRows: 1, Rows: rows}); err != nil {
		return fmt.Errorf("make the environment: %w", err)
	}
	server, err := simulator.Start(ctx, d.environment, simulator.ServerOptions{CAFile: d.path("ca.pem")})
	if err != nil {
		return fmt.Errorf("start the simulator: %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if d.finance, err = startFinance(ctx, server); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.finance.server.Close()) }()
	d.say("Binary       %s\nEnvironment  %s (HTTPS with a certificate authority of its own)", d.connector.Path, server.URL)
	d.say("Tables       %d, of which %d with %d rows each are read", len(schema.Realistic()), len(tables()), d.rows)
	d.say("Packages     %s, a finance & operations environment that is linked to it", d.finance.server.URL)
	if err := d.writeConfig(server); err != nil {
		return err
	}
	d.say("\n$ export DATAVERSE_CA_FILE=ca.pem")
	d.destination = destination.New()
	for _, act := range []func(context.Context) error{d.doctor, d.spec, d.check, d.discover, d.replicate, d.accounts, d.packages} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) path(name string) string { return filepath.Join(d.directory, name) }

func (d *demo) writeConfig(server *simulator.Server) error {
	application := simulator.DefaultApplication()
	const pageSize = 100 // small, so that each table takes several pages
	return d.write("config.json", map[string]any{
		"url": server.URL, "authority_host": server.Authority, "odata_maxpagesize": pageSize,
		"tenant_id": application.TenantID, "client_id": application.ClientID, "client_secret_value": application.Secret,
		"packages":             []map[string]any{{"project": dataProject, "legal_entities": d.finance.environment.Companies()}},
		"cursor_for_untracked": "off", // so that all deletions arrive, and the copy is exact
	})
}

func (d *demo) write(name string, content any) error {
	raw, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.WriteFile(d.path(name), raw, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// run prints the command line as a person would type it, and runs it.
func (d *demo) run(ctx context.Context, args ...string) (binary.Result, error) {
	d.command(args)
	result, err := d.connector.Run(ctx, d.absolute(args), []string{"DATAVERSE_CA_FILE=" + d.path("ca.pem")})
	switch {
	case err != nil:
		return result, fmt.Errorf("run %s: %w", args[0], err)
	case result.ExitCode != 0:
		d.excerpt(result.Lines, len(result.Lines))
		return result, fmt.Errorf("%s ended with code %d: %s", args[0], result.ExitCode, result.Stderr)
	default:
		return result, nil
	}
}

// absolute adds the directory to the names of files, which are printed without it.
func (d *demo) absolute(args []string) []string {
	full := make([]string, len(args))
	for i, arg := range args {
		full[i] = arg
		if filepath.Ext(arg) == ".json" {
			full[i] = d.path(arg)
		}
	}
	return full
}

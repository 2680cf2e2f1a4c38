// Command serve runs a simulated Dataverse environment behind TLS. It writes the certificate authority that clients must
// trust and a configuration with which the connector reads the environment, and prints the command to run next.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
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
	signIn      signIn
	config      string
	finance     finance
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
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("start the server: %w; use --address 127.0.0.1:0", err)
	}
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	endFinance, err := s.finance.start(ctx, log, server)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	if err := s.introduce(log, server); err != nil {
		return errors.Join(err, endFinance(), server.Close())
	}
	<-ctx.Done()
	return errors.Join(endFinance(), server.Close(), report(log, server.Stats()))
}

// setLanguages reads a list of language codes.
func (s *settings) setLanguages(text string) error {
	s.environment.Languages = nil
	for part := range strings.SplitSeq(text, ",") {
		code, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || code <= 0 {
			return fmt.Errorf("%q is not a language code", part)
		}
		s.environment.Languages = append(s.environment.Languages, code)
	}
	return nil
}

func parse(args []string, usage io.Writer) (settings, error) {
	var s settings
	var firstPage, ignoredSelect, refusedSelect bool
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	f.SetOutput(io.Discard) // main prints the error, and --help the flags
	f.Usage = func() {}
	f.StringVar(&s.server.Address, "address", "127.0.0.1:8443", "`host:port` to listen on")
	f.StringVar(&s.server.CAFile, "ca", "ca.pem", "`file` to write the certificate authority to; empty: none")
	f.StringVar(&s.config, "config", "config.json", "`file` to write a connector configuration to; empty: none")
	f.DurationVar(&s.server.TokenLife, "token-life", 0, "life of access tokens (default 59m59s)")
	s.addSignIn(f)
	s.addTrouble(f)
	s.addKeys(f)
	s.addFinance(f)
	f.Uint64Var(&s.environment.Seed, "seed", 1, "of the generated rows")
	f.IntVar(&s.environment.DefaultRows, "rows", 1000, "generated rows of each table")
	f.Func("languages", "`codes` of the provisioned languages (LCIDs), the base language first, such as 1033,1031 (default 1033)", s.setLanguages)
	f.BoolVar(&s.environment.Contents, "contents", false, "give generated notes the size of their files")
	f.BoolFunc("more-tables", "add the audit log, attachments, the labels of options as rows, and surveys with files and full images", func(string) error {
		s.environment.Tables = schema.Extended()
		return nil
	})
	f.IntVar(&s.environment.ExpireDays, "expire-days", 0, "life of delta tokens in days (default 7)")
	b := &s.environment.Behaviors
	f.BoolVar(&firstPage, "token-at-first-page", false, "a delta token corresponds to the moment of the first page")
	f.BoolVar(&ignoredSelect, "ignore-edited-select", false, "ignore a $select that was edited into a delta link")
	f.BoolVar(&refusedSelect, "refuse-edited-select", false, "refuse a $select that was edited into a delta link")
	f.BoolVar(&b.RecreatedOnlyUpserted, "recreated-only-upserted", false, "leave out the deletion of a row that was created again")
	f.BoolVar(&b.DeletionsAtPageEnd, "deletions-at-page-end", false, "put deletions at the end of each page")
	f.IntVar(&b.ExpiredStatus, "expired-status", 0, "HTTP `status` of an expired delta token (default 400)")
	f.BoolVar(&b.RepeatRows, "repeat-rows", false, "begin each page with the last row of the page before")
	f.DurationVar(&b.LateCommits, "late-commits", 0, "time within which a write commits after it has taken its row version")
	f.BoolVar(&b.UnstableTies, "unstable-ties", false, "order rows with equal values of $orderby differently on each page")
	f.BoolVar(&b.ElasticWithoutOwningColumns, "elastic-without-owning-columns", false, "leave the owning user and the owning team of elastic rows null")
	f.BoolVar(&b.WholeFiles, "whole-files", false, "refuse to send a file in parts")
	f.BoolVar(&b.BothOptionSets, "both-option-sets", false, "put the options of a choice column into OptionSet and GlobalOptionSet of its definition")
	f.BoolVar(&b.AnnotationsDropDeltaLink, "annotations-drop-delta-link", false, "leave out the delta link of a last page that was requested with annotations")
	f.BoolVar(&b.MetadataChangesUnavailable, "no-metadata-changes", false, "refuse RetrieveMetadataChanges")
	f.BoolVar(&b.Uncounted, "uncounted", false, "return 0 as the number of rows of every table")
	f.BoolVar(&b.UnnamedPrivileges, "unnamed-privileges", false, "leave the names out of the privileges of a user")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(usage)
		fmt.Fprintln(usage, "Flags of serve:")
		f.PrintDefaults()
		return s, err
	case err != nil:
		return s, fmt.Errorf("%w; see --help", err)
	case f.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q; see --help", f.Arg(0))
	}
	var err error
	if s.server.Applications, err = s.signIn.applications(); err != nil {
		return s, fmt.Errorf("%w; see --help", err)
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

package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
)

// finance is the finance & operations environment that is linked to the Dataverse environment.
type finance struct {
	serve       bool
	environment finops.Options
	options     simulator.FinanceOperationsOptions
}

// addFinance adds the flags of finance & operations.
func (s *settings) addFinance(f *flag.FlagSet) {
	s.finance.environment = finops.Sample()
	f.BoolVar(&s.finance.serve, "finance-operations", false, "link a finance & operations environment with data projects, whose packages the configuration has as streams")
	f.StringVar(&s.finance.options.Address, "finance-operations-address", "", "`host:port` of that environment (default a free port)")
	f.DurationVar(&s.finance.environment.RunTime, "export-time", 0, "how long the export of a project takes (default 0s)")
	f.Func("finance-operations-fault", "a `fault` at work in that environment and its storage, such as 'path=/dmf/ cut-after=1000'; may be repeated", func(text string) error {
		fault, err := faults.Parse(text)
		s.finance.options.Faults = append(s.finance.options.Faults, fault)
		return err
	})
}

// start starts the environment if it is asked for, and returns what ends it.
func (f *finance) start(ctx context.Context, log io.Writer, server *simulator.Server) (end func() error, err error) {
	if !f.serve {
		return func() error { return nil }, nil
	}
	environment, err := finops.New(f.environment)
	if err != nil {
		return nil, fmt.Errorf("make the finance & operations environment: %w", err)
	}
	running, err := server.StartFinanceOperations(ctx, environment, f.options)
	if err != nil {
		return nil, fmt.Errorf("start the finance & operations environment: %w", err)
	}
	fmt.Fprintf(log, "packages     %s, a finance & operations environment\n", running.URL)
	return running.Close, nil
}

// packages returns the projects of a connector's configuration: those of the sample that can be exported in full.
func (f *finance) packages() []project {
	if !f.serve {
		return nil
	}
	companies := []string{}
	for _, c := range f.environment.Companies {
		companies = append(companies, c.ID)
	}
	return []project{{"Airbyte export", companies}, {"Workbooks", companies}}
}

// project is a data project of a configuration.
type project struct {
	Name      string   `json:"project"`
	Companies []string `json:"legal_entities"`
}

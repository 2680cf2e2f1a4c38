package main

import (
	"flag"
	"fmt"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// addKeys adds the flags of the rows' primary keys.
func (s *settings) addKeys(f *flag.FlagSet) {
	f.Func("keys", "`pattern` of the generated rows' primary keys: one-node (default), three-nodes or random", func(text string) error {
		return choose(&s.environment.Keys, text, map[string]simulator.KeyPattern{
			"one-node": simulator.OneNode, "three-nodes": simulator.ThreeNodes, "random": simulator.RandomKeys,
		})
	})
	f.Func("key-comparison", "what gt and le do with a primary key in a filter: `compared` (default), as-text, ignored or refused", func(text string) error {
		return choose(&s.environment.Behaviors.KeyComparison, text, map[string]simulator.KeyComparison{
			"compared": simulator.KeysCompared, "as-text": simulator.KeysComparedAsText,
			"ignored": simulator.KeysNotCompared, "refused": simulator.KeyComparisonRefused,
		})
	})
	f.BoolVar(&s.environment.Behaviors.ScanByVersion, "scan-by-version", false, "return the rows of a scan with change tracking in the order of their row versions")
}

// choose sets one of several named values.
func choose[T any](to *T, text string, values map[string]T) error {
	value, ok := values[text]
	if !ok {
		return fmt.Errorf("%q is not one of the possible values", text)
	}
	*to = value
	return nil
}

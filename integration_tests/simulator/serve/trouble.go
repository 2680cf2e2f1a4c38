package main

import (
	"errors"
	"flag"
	"os"

	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// addTrouble adds the flags of limits, delays and faults.
func (s *settings) addTrouble(f *flag.FlagSet) {
	f.IntVar(&s.server.DOPHint, "dop-hint", 0, "recommended degree of parallelism (default 4)")
	f.DurationVar(&s.server.Latency, "latency", 0, "delay added to each request of the Web API")
	f.DurationVar(&s.server.KeyLatency, "key-latency", 0, "the same for requests that select one column (default that of --latency)")
	f.Func("fault", "a `fault` at work from the start, such as 'throttled-requests table=account page=2'; may be repeated", s.addFault)
	f.Func("faults", "`file` of such faults, one per line", s.addFaults)
	f.BoolVar(&s.server.Admin, "admin", false, "serve statistics and accept faults under /simulator/")
	f.IntVar(&s.server.Limits.Requests, "limit-requests", 0, "requests of a user within the window; 0: no limit")
	f.DurationVar(&s.server.Limits.Execution, "limit-execution", 0, "execution time of a user within the window; 0: no limit")
	f.IntVar(&s.server.Limits.Concurrent, "limit-concurrent", 0, "concurrent requests of a user; 0: no limit")
	f.IntVar(&s.server.Servers, "servers", 1, "servers that the requests spread over, each with its own count of a user's limits")
	f.IntVar(&s.server.QueryThrottling.Parallel, "throttle-queries", 0, "queries of one shape at one moment, by all users; 0: no limit")
	f.StringVar(&s.server.QueryThrottling.Code, "throttle-queries-code", "", "`code` of the refusal of a query (default 0x80048544)")
	f.DurationVar(&s.server.Limits.Window, "limit-window", 0, "the window of the limits (default 5m0s)")
}

func (s *settings) addFault(text string) error {
	fault, err := faults.Parse(text)
	s.server.Faults = append(s.server.Faults, fault)
	return err
}

func (s *settings) addFaults(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	list, err := faults.ParseAll(file)
	s.server.Faults = append(s.server.Faults, list...)
	return errors.Join(err, file.Close())
}

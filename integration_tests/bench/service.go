package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"runtime"
	"syscall"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// serviceVerb is the first argument by which the bench starts itself as the simulator's process.
const serviceVerb = "service"

// setting is the environment that a scenario is played in. It crosses the command line of the service as JSON.
type setting struct {
	Shape   shape
	Tables  int
	Rows    int // of each table
	Short   int // rows of one table more; 0: there is none
	Page    int // rows on a page; 0: as many as the service allows
	Latency time.Duration
	Hint    int           // x-ms-dop-hint; 0: the simulator's own
	Writes  time.Duration // between two changes to a row of a table that is not read; 0: nothing is written
	TokenAt simulator.TokenAt
	Keep    bool   // pages are made once and then sent from memory
	CAFile  string // where the certificate authority is to be written
}

// The questions that the service answers on its stdin, one a line; each answer is a line of JSON on its stdout.
const (
	askCount    = "count"    // count
	askUnpack   = "unpack"   // unpacked
	askRequests = "requests" // []sent, of the Web API, the oldest first
)

// count is what the service has counted since it started.
type count struct {
	Stats  simulator.Stats
	Kept   simulator.Kept
	Memory int64 // greatest resident size until now, bytes
}

// unpacked is how long compress/gzip took, on one core, for all bodies that the service keeps.
type unpacked struct {
	Bytes   int64 // decoded
	Seconds float64
}

// sent is a request that the service has answered.
type sent struct {
	Target string // path and query
	Prefer string
}

// connection is how a client reaches the service: the first line of its stdout, and a configuration of the connector.
type connection struct {
	URL       string `json:"url"`
	Authority string `json:"authority_host"`
	Tenant    string `json:"tenant_id"`
	Client    string `json:"client_id"`
	Secret    string `json:"client_secret_value"`
}

// serve is the simulator's process: it serves until its stdin ends, and so never outlives the bench.
func serve(ctx context.Context, args []string, in io.Reader, out io.Writer) (err error) {
	var s setting
	if len(args) != 1 {
		return fmt.Errorf("%s takes one argument, the setting as JSON", serviceVerb)
	}
	if err := json.Unmarshal([]byte(args[0]), &s); err != nil {
		return fmt.Errorf("read the setting: %w", err)
	}
	environment, err := s.environment()
	if err != nil {
		return err
	}
	server, err := simulator.Start(ctx, environment, simulator.ServerOptions{
		CAFile: s.CAFile, Latency: s.Latency, DOPHint: s.Hint, Keep: s.Keep,
	})
	if err != nil {
		return fmt.Errorf("start the simulator: %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	application := simulator.DefaultApplication()
	answers := json.NewEncoder(out)
	err = answers.Encode(connection{server.URL, server.Authority, application.TenantID, application.ClientID, application.Secret})
	if err != nil {
		return fmt.Errorf("tell the address: %w", err)
	}
	writing, stop := context.WithCancel(ctx)
	wrote := make(chan error, 1)
	go func() { wrote <- s.write(writing, environment) }()
	defer func() { stop(); err = errors.Join(err, <-wrote) }()
	questions := bufio.NewScanner(in)
	for questions.Scan() {
		answer, err := reply(server, questions.Text())
		if err != nil {
			return err
		}
		if err := answers.Encode(answer); err != nil {
			return fmt.Errorf("answer %q: %w", questions.Text(), err)
		}
	}
	return questions.Err()
}

// environment is an ordinary one with the setting's tables added.
func (s setting) environment() (*simulator.Environment, error) {
	const ordinaryRows = 50 // what lookups may point to
	options := simulator.Options{Seed: 6, Tables: schema.Realistic(), DefaultRows: ordinaryRows, Rows: map[string]int{}}
	options.Behaviors.TokenAt = s.TokenAt
	for i := range s.streams() {
		t := s.Shape.table(i)
		options.Tables = append(options.Tables, t)
		options.Rows[t.LogicalName] = s.Rows
		if i == s.Tables {
			options.Rows[t.LogicalName] = s.Short
		}
	}
	environment, err := simulator.New(options)
	if err != nil {
		return nil, fmt.Errorf("make the environment: %w", err)
	}
	return environment, nil
}

// streams is how many tables are read.
func (s setting) streams() int {
	if s.Short > 0 {
		return s.Tables + 1
	}
	return s.Tables
}

// records is how many rows they have.
func (s setting) records() int { return s.Tables*s.Rows + s.Short }

// write changes a row now and then, until the context ends.
func (s setting) write(ctx context.Context, e *simulator.Environment) error {
	if s.Writes == 0 {
		return nil
	}
	id := ""
	for first := range e.Rows(written) {
		id = first
		break
	}
	tick := time.NewTicker(s.Writes)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := e.Update(written, id, simulator.Row{"name": fmt.Sprintf("written %d times", n)}); err != nil {
			return err
		}
	}
}

// written is an ordinary table, which is not read.
const written = "account"

// reply answers a question of the bench.
func reply(server *simulator.Server, question string) (any, error) {
	switch question {
	case askCount:
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			return nil, fmt.Errorf("measure the simulator: %w", err)
		}
		return count{server.Stats(), server.Kept(), peak(&usage)}, nil
	case askUnpack:
		return unpack(server)
	case askRequests:
		var list []sent
		for _, r := range server.Requests() {
			target := url.URL{Path: r.Path, RawQuery: r.RawQuery}
			list = append(list, sent{target.RequestURI(), r.Prefer})
		}
		return list, nil
	default:
		return nil, fmt.Errorf("no answer to %q", question)
	}
}

// unpack lets the standard library do what every reader of the pages has to do at least.
func unpack(server *simulator.Server) (unpacked, error) {
	runtime.GC() // not while the clock runs
	var all unpacked
	var z gzip.Reader
	start := time.Now()
	for body := range server.KeptBodies() {
		if err := z.Reset(bytes.NewReader(body)); err != nil {
			return all, fmt.Errorf("unpack a page: %w", err)
		}
		n, err := io.Copy(io.Discard, &z)
		if err != nil {
			return all, fmt.Errorf("unpack a page: %w", err)
		}
		all.Bytes += n
	}
	all.Seconds = time.Since(start).Seconds()
	return all, nil
}

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

// serviceVerb is the first argument with which the bench starts itself as the simulator's process.
const serviceVerb = "service"

// setting is the environment of a scenario. It is JSON on the command line of the service.
type setting struct {
	Shape     shape
	Tables    int
	Rows      int // of each table
	Short     int // rows of one more table; 0: there is none
	Page      int // rows of a page; 0: as many as the service allows
	Latency   time.Duration
	Hint      int           // x-ms-dop-hint; 0: the simulator's default
	Writes    time.Duration // between two changes to a row of a table that is not read; 0: nothing is written
	TokenAt   simulator.TokenAt
	Parallel  bool   // a large table is read with several requests at once
	Metadata  bool   // its streams are offered
	Languages []int  // of labels, the base language first; none: English
	Keep      bool   // pages are rendered once and then sent from memory
	CAFile    string // where the certificate authority is written
}

// The commands that the service reads from its stdin, one a line. Each result is a line of JSON on its stdout.
const (
	askCount    = "count"    // count
	askUnpack   = "unpack"   // unpacked
	askRequests = "requests" // []sent, of the Web API, the oldest first
)

// count is the statistics of the service since it started.
type count struct {
	Stats  simulator.Stats
	Kept   simulator.Kept
	Memory int64 // peak resident size so far, bytes
}

// unpacked is the time that compress/gzip took, on one core, for all bodies that the service keeps.
type unpacked struct {
	Bytes   int64 // decoded
	Seconds float64
}

// sent is a request that the service has received.
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

// serve is the simulator's process. It ends with its stdin, so it never outlives the bench.
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
	results := json.NewEncoder(out)
	err = results.Encode(connection{server.URL, server.Authority, application.TenantID, application.ClientID, application.Secret})
	if err != nil {
		return fmt.Errorf("write the connection: %w", err)
	}
	writing, stop := context.WithCancel(ctx)
	wrote := make(chan error, 1)
	go func() { wrote <- s.write(writing, environment) }()
	defer func() { stop(); err = errors.Join(err, <-wrote) }()
	commands := bufio.NewScanner(in)
	for commands.Scan() {
		result, err := execCommand(server, commands.Text())
		if err != nil {
			return err
		}
		if err := results.Encode(result); err != nil {
			return fmt.Errorf("write the result of %q: %w", commands.Text(), err)
		}
	}
	return commands.Err()
}

// environment returns an ordinary environment with the setting's tables added.
func (s setting) environment() (*simulator.Environment, error) {
	const ordinaryRows = 50 // what lookups may point to
	options := simulator.Options{Seed: 6, Tables: schema.Realistic(), DefaultRows: ordinaryRows, Rows: map[string]int{}, Languages: s.Languages}
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

// language returns the last language, in which names are preferred, 0 if none is stated.
func (s setting) language() int {
	if len(s.Languages) == 0 {
		return 0
	}
	return s.Languages[len(s.Languages)-1]
}

// streams returns the number of tables to read.
func (s setting) streams() int {
	if s.Short > 0 {
		return s.Tables + 1
	}
	return s.Tables
}

// records returns the number of their rows.
func (s setting) records() int { return s.Tables*s.Rows + s.Short }

// write changes a row at intervals until the context ends.
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

// written is a table that is not read.
const written = "account"

// execCommand executes a command of the bench.
func execCommand(server *simulator.Server, command string) (any, error) {
	switch command {
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
		return nil, fmt.Errorf("unknown command %q", command)
	}
}

// unpack unpacks all pages with the standard library, the least that every reader has to do.
func unpack(server *simulator.Server) (unpacked, error) {
	runtime.GC() // not during the measurement
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

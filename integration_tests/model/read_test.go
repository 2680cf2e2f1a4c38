package model_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/source"
)

// readTimeout is how long one read may take before it counts as hanging.
const readTimeout = time.Minute

// connector runs the reads of a trial.
type connector struct {
	specification []byte
	binary        *binary.Binary
	directory     string // of the files of a read
	server        *simulator.Server
	hint          int // how many requests the service recommends to send at once; 0: as many as the simulator does
}

// serve gives the environment an address that it did not have before.
func (c *connector) serve(ctx context.Context, e *simulator.Environment) error {
	const long = 100 * 365 * 24 * time.Hour // sign-in is not what is tried here
	server, err := simulator.Start(ctx, e, simulator.ServerOptions{
		CAFile: c.authority(), TokenLife: long, Applications: applications(), DOPHint: c.hint,
	})
	if err != nil {
		return err
	}
	err = c.close()
	c.server = server
	return err
}

// close ends the server, if there is one.
func (c *connector) close() error {
	if c.server == nil {
		return nil
	}
	return c.server.Close()
}

// file writes a file for the connector.
func (c *connector) file(name string, content any) (string, error) {
	raw, ok := content.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(content); err != nil {
			return "", fmt.Errorf("write %s: %w", name, err)
		}
	}
	path := filepath.Join(c.directory, name)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return path, nil
}

// arguments writes the files of a verb and returns its command line.
func (c *connector) arguments(verb string, s switches, catalog, state any) ([]string, error) {
	application, expired := simulator.DefaultApplication(), "resync"
	if s.fail {
		expired = "fail"
	}
	files := []struct {
		option, name string
		content      any
	}{
		{"--config", "config.json", s.labels.settings(map[string]any{
			"url": c.server.URL, "authority_host": c.server.Authority, "odata_maxpagesize": s.size(), "on_expired_token": expired,
			"cursor_for_untracked": s.notes.setting(), "lookup_types": s.types, "parallel_snapshots": !s.ranges.off, "additional_credentials": s.furtherUsers(),
			"tenant_id": application.TenantID, "client_id": application.ClientID, "client_secret_value": application.Secret,
		})},
		{"--catalog", "catalog.json", catalog}, {"--state", "state.json", state},
	}
	args := []string{verb}
	for _, f := range files {
		if f.content == nil {
			continue
		}
		path, err := c.file(f.name, f.content)
		if err != nil {
			return nil, err
		}
		args = append(args, f.option, path)
	}
	return args, nil
}

// inProcess runs the connector in this process, with short pauses before it repeats a request.
func (c *connector) inProcess(ctx context.Context, args, variables []string, o *output) int {
	values := map[string]string{}
	for _, v := range c.variables(variables) {
		name, value, _ := strings.Cut(v, "=")
		values[name] = value
	}
	return source.Run(ctx, source.Process{
		Specification: c.specification, Version: "model", Args: args, Stdout: o,
		Getenv: func(name string) string { return values[name] },
		Limits: source.Limits{Backoff: time.Millisecond},
	})
}

// variables adds what every run needs to the variables of a run. Its garbage is collected rarely: often costs as much time
// as all else in a trial, whose rows are few.
func (c *connector) variables(of []string) []string {
	return append(slices.Clone(of), "DATAVERSE_CA_FILE="+c.authority(), "GOGC="+strconv.Itoa(garbagePercent))
}

// garbagePercent is the garbage, in percent of the live memory, that starts a collection.
const garbagePercent = 300

func (c *connector) authority() string { return filepath.Join(c.directory, "ca.pem") }

// asProcess runs the built binary, and kills it by force where its output is cut.
func (c *connector) asProcess(ctx context.Context, args, variables []string, o *output) (int, error) {
	result, err := c.binary.Stream(ctx, args, c.variables(variables), func(p *binary.Process, line []byte) {
		o.begun(func() { _ = p.Signal(syscall.SIGKILL) })
		if _, err := o.Write(append(bytes.Clone(line), '\n')); err != nil {
			_ = p.Signal(syscall.SIGKILL) // it may have ended by itself
		}
	})
	if err == nil && len(result.Rest) > 0 && !o.broken {
		err = fmt.Errorf("the output ends within a line: %.80q", result.Rest)
	}
	return result.ExitCode, err
}

// read reads, disturbs the read as the step describes, and applies the output to the destination. The code is the exit code, or
// -1 where the output was cut.
func (w *world) read(ctx context.Context, c *connector, s step) (*destination.Report, int, error) {
	w.beginRead(s.read.newJob)
	began := w.clock.now()
	clear(w.lost)
	args, err := c.arguments("read", w.switches, w.catalog, w.destination.StateFile())
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	killed := false
	admit, checkBlame := w.revoking(c, s.seed, w.admission(s, func() { killed = true }))
	g := newGate(s.seed, w.configured(), w.switches.ranges.settle(), admit)
	o := newOutput(s.read.cut, g.ended, g.release)
	injection := inject(c.server, func(r *http.Request) response {
		if asksForBound(r) {
			return w.respondToBound()
		}
		w.shorten(r)
		refused := g.pass(r)
		if g.now(&killed) {
			o.kill()
		}
		return refused
	})
	defer injection.Remove()
	code := 0
	if w.switches.binary {
		code, err = c.asProcess(ctx, args, w.platform.Variables(), o)
	} else {
		code = c.inProcess(ctx, args, w.platform.Variables(), o)
	}
	g.release()
	switch {
	case err != nil:
		return nil, code, err
	case ctx.Err() != nil:
		return nil, code, errors.New("the read hangs")
	case w.failed != nil:
		return nil, code, w.failed
	case o.broken:
		code = -1
	}
	report, err := w.apply(o.lines, code, s.read)
	if report != nil {
		w.endRead(report, began, code == 0, s.read.loses)
	}
	if err == nil {
		err = checkBlame(report, code)
	}
	return report, code, err
}

// shorten requests fewer rows on a page than the connector did, as a service does that has a limit of its own. The
// response does not show it.
func (w *world) shorten(r *http.Request) {
	longest := w.switches.longest(streamOf(r.URL.Path))
	if longest == 0 || streamOf(r.URL.Path) == "" {
		return
	}
	for _, part := range strings.Split(r.Header.Get("Prefer"), ",") {
		size, found := strings.CutPrefix(part, "odata.maxpagesize=")
		if n, err := strconv.Atoi(size); found && err == nil && n > longest {
			r.Header.Set("Prefer", strings.Replace(r.Header.Get("Prefer"), part, "odata.maxpagesize="+strconv.Itoa(longest), 1))
		}
	}
}

// admission returns what happens before each request of a read.
func (w *world) admission(s step, kill func()) func(request) response {
	sent, looked, random := map[string]int{}, map[string]bool{}, random(s.seed+1)
	refusals, counts := slices.Clone(s.read.refused), make([]int, len(s.read.refused))
	for i := range refusals {
		if w.switches.binary { // it pauses for a second before each further attempt
			refusals[i].times = 1
		}
	}
	return func(q request) response {
		stream := q.stream
		w.advance(time.Duration(random.IntN(3000)) * time.Millisecond)
		drift := time.Duration(random.IntN(3)-1) * time.Hour
		if w.switches.drift {
			w.clock.respondWith(drift)
		}
		sent[stream]++
		if s.read.busy {
			w.do(step{kind: change, table: notes, n: 1, seed: random.Uint64()})
		}
		for _, e := range s.read.events {
			if e.before == (place{stream, sent[stream]}) || e.before == (place{table: stream}) && q.lookup && !looked[stream] {
				w.do(e.stepAt(q))
			}
		}
		looked[stream] = looked[stream] || q.lookup
		if s.read.kill == (place{stream, sent[stream]}) {
			kill()
		}
		return refuse(refusals, counts, q, sent[stream])
	}
}

// apply applies an output to the destination, and returns the first violation of the protocol.
func (w *world) apply(lines [][]byte, code int, d disturbances) (*destination.Report, error) {
	if code < 0 && !d.keep {
		lines = covered(lines)
	}
	sync, err := w.destination.Begin(w.catalog)
	if err != nil {
		return nil, fmt.Errorf("begin a sync: %w", err)
	}
	if d.loses {
		sync.KeepStates(d.kept)
	}
	report := sync.Apply(lines, code, nil)
	for _, violation := range report.Violations {
		if !w.excused(violation) {
			return report, fmt.Errorf("a violation of the protocol: %w", violation)
		}
	}
	return report, nil
}

// excused reports whether rows differ in their columns because the table lost one during this read: the later rows lack it.
func (w *world) excused(violation error) bool {
	_, rest, _ := strings.Cut(violation.Error(), "stream ")
	stream, violated, _ := strings.Cut(rest, ": ")
	return w.lost[stream] && strings.Contains(violated, "and one before had")
}

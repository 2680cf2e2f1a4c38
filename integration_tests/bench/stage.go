package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mode is how a stream is read.
type mode string

// The sync modes of the protocol. A first incremental read also takes a delta token.
const (
	fullRefresh mode = "full_refresh"
	incremental mode = "incremental"
)

// stage is a simulation and the connector's files to read it.
type stage struct {
	*simulation
	connector string
	directory string
	setting   setting
}

// set starts the simulation of a setting and configures the connector for its tables, in a new directory.
func (b *bench) set(ctx context.Context, s setting) (*stage, error) {
	directory, err := os.MkdirTemp(b.directory, "stage-")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	s.CAFile = filepath.Join(directory, "ca.pem")
	simulation, err := simulate(ctx, s)
	if err != nil {
		return nil, err
	}
	st := &stage{simulation: simulation, connector: b.connector, directory: directory, setting: s}
	err = st.writeConfig(false)
	if err != nil {
		return nil, errors.Join(err, st.end())
	}
	return st, nil
}

// writeConfig writes the connector's configuration.
func (s *stage) writeConfig(labels bool) error {
	return s.write("config.json", struct {
		connection
		Include  []string `json:"include_tables"`
		Page     int      `json:"odata_maxpagesize,omitempty"`
		Labels   bool     `json:"choice_labels,omitempty"`
		Parallel bool     `json:"parallel_snapshots"` // false: every read sends the same requests
		Metadata bool     `json:"metadata_streams"`
		Language int      `json:"label_language,omitempty"`
	}{s.connection, []string{tablePrefix + "*"}, s.setting.Page, labels, s.setting.Parallel, s.setting.Metadata, s.setting.language()})
}

// configureLabels configures full refreshes with or without the labels of choice columns.
func (s *stage) configureLabels(ctx context.Context, labels bool) error {
	if err := s.writeConfig(labels); err != nil {
		return err
	}
	return s.configure(ctx, fullRefresh)
}

func (s *stage) path(name string) string { return filepath.Join(s.directory, name) }

func (s *stage) write(name string, content any) error {
	raw, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	if err := os.WriteFile(s.path(name), raw, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// env makes the connector trust the simulator.
func (s *stage) env() []string { return []string{"DATAVERSE_CA_FILE=" + s.setting.CAFile} }

// configure discovers the setting's tables and writes a catalog of all their columns.
func (s *stage) configure(ctx context.Context, m mode) error {
	type configured struct {
		Stream      json.RawMessage `json:"stream"`
		Mode        mode            `json:"sync_mode"`
		Destination string          `json:"destination_sync_mode"`
	}
	streams, err := s.discover(ctx)
	if err != nil {
		return err
	}
	if len(streams) != s.setting.streams() {
		return fmt.Errorf("discover found %d streams of %d tables", len(streams), s.setting.streams())
	}
	var catalog struct {
		Streams []configured `json:"streams"`
	}
	for _, stream := range streams {
		catalog.Streams = append(catalog.Streams, configured{stream, m, "append"})
	}
	return s.write("catalog.json", catalog)
}

func (s *stage) discover(ctx context.Context) ([]json.RawMessage, error) {
	var out bytes.Buffer
	if _, err := execute(ctx, s.connector, s.discoverArgs(), s.env(), &out); err != nil {
		return nil, fmt.Errorf("discover: %w\n%s", err, out.Bytes())
	}
	for line := range bytes.Lines(out.Bytes()) {
		var parsed struct {
			Catalog struct {
				Streams []json.RawMessage `json:"streams"`
			} `json:"catalog"`
		}
		if err := json.Unmarshal(line, &parsed); err != nil {
			return nil, fmt.Errorf("read what discover printed: %w", err)
		}
		if parsed.Catalog.Streams != nil {
			return parsed.Catalog.Streams, nil
		}
	}
	return nil, errors.New("discover printed no catalog")
}

// read runs one read of the catalog. It fails unless the read delivers exactly the given number of records, each covered by
// a STATE, and completes every stream.
func (s *stage) read(ctx context.Context, records int64, more ...string) (cost, *messages, error) {
	output := &messages{}
	args := slices.Concat([]string{"read", "--config", s.path("config.json"), "--catalog", s.path("catalog.json")}, more)
	c, err := execute(ctx, s.connector, args, s.env(), output)
	switch {
	case err != nil:
		return c, output, fmt.Errorf("%w\n%s", err, strings.Join(output.Errors, "\n"))
	case len(output.Errors) > 0:
		return c, output, fmt.Errorf("the read reported errors and exited with 0: %s", strings.Join(output.Errors, "; "))
	case output.Records != records || output.Covered != float64(records):
		return c, output, fmt.Errorf("the read sent %d records of %d, and its states cover %.0f", output.Records, records, output.Covered)
	case len(output.States) != s.setting.streams():
		return c, output, fmt.Errorf("%d of %d streams have a state", len(output.States), s.setting.streams())
	}
	for stream, complete := range output.Complete {
		if !complete {
			return c, output, fmt.Errorf("stream %s is not complete", stream)
		}
	}
	if len(output.Complete) != s.setting.streams() {
		return c, output, fmt.Errorf("%d of %d streams have a status", len(output.Complete), s.setting.streams())
	}
	return c, output, nil
}

// again reads from the last states of an incremental read. Nothing has changed since, so nothing may be delivered.
func (s *stage) again(ctx context.Context, before *messages) error {
	var states []json.RawMessage
	for _, state := range before.States {
		states = append(states, state)
	}
	if err := s.write("state.json", states); err != nil {
		return err
	}
	if _, _, err := s.read(ctx, 0, "--state", s.path("state.json")); err != nil {
		return fmt.Errorf("read again from the states: %w", err)
	}
	return nil
}

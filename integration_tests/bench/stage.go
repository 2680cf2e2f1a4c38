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

// The sync modes of the protocol. A first incremental read of a tracked table also takes a delta token.
const (
	fullRefresh mode = "full_refresh"
	incremental mode = "incremental"
)

// stage is a simulation with the connector set up to read it.
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
	err = st.write("config.json", struct {
		connection
		Include []string `json:"include_tables"`
		Page    int      `json:"odata_maxpagesize,omitempty"`
	}{simulation.connection, []string{tablePrefix + "*"}, s.Page})
	if err != nil {
		return nil, errors.Join(err, st.end())
	}
	return st, nil
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

// env has the connector trust the simulator.
func (s *stage) env() []string { return []string{"DATAVERSE_CA_FILE=" + s.setting.CAFile} }

// configure discovers the setting's tables and writes a catalog that reads all of them with all columns.
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
		var said struct {
			Catalog struct {
				Streams []json.RawMessage `json:"streams"`
			} `json:"catalog"`
		}
		if err := json.Unmarshal(line, &said); err != nil {
			return nil, fmt.Errorf("read what discover printed: %w", err)
		}
		if said.Catalog.Streams != nil {
			return said.Catalog.Streams, nil
		}
	}
	return nil, errors.New("discover printed no catalog")
}

// read runs one read of the catalog, and fails unless it sent exactly so many records, covered each of them by a STATE
// and completed every stream.
func (s *stage) read(ctx context.Context, records int64, more ...string) (cost, *messages, error) {
	said := &messages{}
	args := slices.Concat([]string{"read", "--config", s.path("config.json"), "--catalog", s.path("catalog.json")}, more)
	c, err := execute(ctx, s.connector, args, s.env(), said)
	switch {
	case err != nil:
		return c, said, fmt.Errorf("%w\n%s", err, strings.Join(said.Errors, "\n"))
	case len(said.Errors) > 0:
		return c, said, fmt.Errorf("the read told errors and ended with 0: %s", strings.Join(said.Errors, "; "))
	case said.Records != records || said.Covered != float64(records):
		return c, said, fmt.Errorf("the read sent %d records of %d, and its states cover %.0f", said.Records, records, said.Covered)
	case len(said.States) != s.setting.streams():
		return c, said, fmt.Errorf("%d of %d streams have a state", len(said.States), s.setting.streams())
	}
	for stream, complete := range said.Complete {
		if !complete {
			return c, said, fmt.Errorf("stream %s is not complete", stream)
		}
	}
	if len(said.Complete) != s.setting.streams() {
		return c, said, fmt.Errorf("%d of %d streams have a status", len(said.Complete), s.setting.streams())
	}
	return c, said, nil
}

// again reads from the last states of a tracked read. Nothing has changed since, so nothing may come.
func (s *stage) again(ctx context.Context, before *messages) error {
	var states []json.RawMessage
	for _, state := range before.States {
		states = append(states, state)
	}
	if err := s.write("state.json", states); err != nil {
		return err
	}
	if _, _, err := s.read(ctx, 0, "--state", s.path("state.json")); err != nil {
		return fmt.Errorf("read once more from the states: %w", err)
	}
	return nil
}

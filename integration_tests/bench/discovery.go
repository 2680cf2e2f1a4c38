package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// discovery discovers thousands of tables. The time beyond that of a plain download of the same responses is the
// connector's own.
func (b *bench) discovery(ctx context.Context) (err error) {
	s, err := b.set(ctx, setting{Shape: deep(b.columns), Tables: b.definitions, Keep: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	b.say("discovering %d tables of %d columns: rendering the responses", b.definitions, b.columns)
	size, err := s.firstDiscovery(ctx, b.columns)
	if err != nil {
		return err
	}
	if err := s.planDownload(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the bench's own executable: %w", err)
	}
	var found, bare []sample
	for range b.runs {
		c, err := execute(ctx, self, []string{downloadVerb, s.path(planFile)}, nil, io.Discard)
		if err != nil {
			return err
		}
		bare = append(bare, sample{cost: c})
		var printed length
		if c, err = execute(ctx, s.connector, s.discoverArgs(), s.env(), &printed); err != nil {
			return err
		}
		if printed != size {
			return fmt.Errorf("discover printed %d bytes, and %d before", printed, size)
		}
		found = append(found, sample{cost: c})
		b.say("discovered in %.2f s, CPU %.2f s, %.1f MiB; downloaded in %.2f s",
			c.Wall.Seconds(), c.CPU.Seconds(), mebibytes(c.Memory), bare[len(bare)-1].Wall.Seconds())
	}
	return b.addDiscovery(s, found, bare)
}

func (b *bench) addDiscovery(s *stage, found, bare []sample) error {
	end, err := s.count()
	if err != nil {
		return err
	}
	seconds := func(s sample) float64 { return s.Wall.Seconds() }
	name := fmt.Sprintf("`discover` of %s tables with %d columns each", grouped(int64(b.definitions)), b.columns)
	b.say("the responses have %.0f MB, %.0f MB as sent; the simulator took %.0f MiB",
		megabytes(float64(end.Kept.Bytes)), megabytes(float64(end.Kept.Gzipped)), mebibytes(end.Memory))
	const memory, bound = 100, 1.5
	most := maxMemory(found)
	b.results.want(name+": peak memory", fmt.Sprintf("%.0f MiB", most), fmt.Sprintf("below %d MiB", memory), most < memory)
	download := median(bare, seconds)
	ratio := median(found, seconds) / download
	b.results.want(fmt.Sprintf("%s: time, of the %.2f s of downloading the same %.0f MB", name, download, megabytes(float64(end.Kept.Bytes))),
		fmt.Sprintf("%.2f", ratio), fmt.Sprintf("at most %.2f", bound), ratio <= bound)
	return nil
}

// length counts what is written.
type length int64

func (l *length) Write(p []byte) (int, error) {
	*l += length(len(p))
	return len(p), nil
}

func (s *stage) discoverArgs() []string {
	return []string{"discover", "--config", s.path("config.json")}
}

// firstDiscovery makes the service render its responses and checks that the catalog is complete. It returns the size of the
// output.
func (s *stage) firstDiscovery(ctx context.Context, columns int) (_ length, err error) {
	file, err := os.Create(s.path("discovered.jsonl"))
	if err != nil {
		return 0, fmt.Errorf("keep the catalog: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := execute(ctx, s.connector, s.discoverArgs(), s.env(), file); err != nil {
		return 0, err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return 0, fmt.Errorf("read the catalog: %w", err)
	}
	streams := 0
	err = eachStream(file, func(properties int) error {
		streams++
		if properties < columns {
			return fmt.Errorf("stream %d of the catalog has %d properties, and its table %d columns", streams, properties, columns)
		}
		return nil
	})
	if err == nil && streams != s.setting.Tables {
		err = fmt.Errorf("the catalog has %d streams of %d tables", streams, s.setting.Tables)
	}
	return length(size), err
}

// eachStream finds the catalog in the output of discover, and calls back with the number of each stream's properties. It
// keeps one stream at a time, because the bench must stay small.
func eachStream(output io.Reader, found func(properties int) error) error {
	d := json.NewDecoder(output)
	var before json.Token
	for {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("read the catalog: %w", err) // io.EOF too: there is no catalog
		}
		if before == "streams" && token == json.Delim('[') {
			break
		}
		before = token
	}
	for d.More() {
		var stream struct {
			Schema struct {
				Properties map[string]json.RawMessage `json:"properties"`
			} `json:"json_schema"`
		}
		if err := d.Decode(&stream); err != nil {
			return fmt.Errorf("read a stream of the catalog: %w", err)
		}
		if err := found(len(stream.Schema.Properties)); err != nil {
			return err
		}
	}
	return nil
}

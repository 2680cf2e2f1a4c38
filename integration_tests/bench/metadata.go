package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// metadata reads the streams of metadata of thousands of tables, with labels in two languages. Its time is compared with that
// of a plain download of the same responses.
func (b *bench) metadata(ctx context.Context) (err error) {
	const english, german = 1033, 1031
	s, err := b.set(ctx, setting{Shape: deep(b.columns), Tables: b.definitions, Metadata: true, Languages: []int{english, german}, Keep: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	if err := s.configureMetadata(ctx); err != nil {
		return err
	}
	b.say("metadata of %d tables of %d columns in two languages: rendering the responses", b.definitions, b.columns)
	_, first, err := s.readMetadata(ctx)
	if err != nil {
		return err
	}
	if least := int64(b.definitions) * int64(b.columns); first.Records < least {
		return fmt.Errorf("the read sent %d records, and the tables have %d columns", first.Records, least)
	}
	if err := s.planDownload(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the bench's own executable: %w", err)
	}
	var read, bare []sample
	for range b.runs {
		c, err := execute(ctx, self, []string{downloadVerb, s.path(planFile)}, nil, io.Discard)
		if err != nil {
			return err
		}
		bare = append(bare, sample{cost: c})
		c, output, err := s.readMetadata(ctx)
		if err != nil {
			return err
		}
		if output.Records != first.Records {
			return fmt.Errorf("the read sent %d records, and %d before", output.Records, first.Records)
		}
		read = append(read, sample{cost: c})
		b.say("read in %.2f s, CPU %.2f s, %.1f MiB; downloaded in %.2f s, CPU %.2f s",
			c.Wall.Seconds(), c.CPU.Seconds(), mebibytes(c.Memory), bare[len(bare)-1].Wall.Seconds(), bare[len(bare)-1].CPU.Seconds())
	}
	return b.addMetadata(s, first.Records, read, bare)
}

func (b *bench) addMetadata(s *stage, records int64, read, bare []sample) error {
	end, err := s.count()
	if err != nil {
		return err
	}
	b.say("the responses have %.0f MB, %.0f MB as sent; the simulator took %.0f MiB",
		megabytes(float64(end.Kept.Bytes)), megabytes(float64(end.Kept.Gzipped)), mebibytes(end.Memory))
	name := fmt.Sprintf("metadata of %s tables with %d columns each, %s records", grouped(int64(b.definitions)), b.columns, grouped(records))
	const memory, bound = 100, 2.0
	most := maxMemory(read)
	b.results.want(name+": peak memory", fmt.Sprintf("%.0f MiB", most), fmt.Sprintf("below %d MiB", memory), most < memory)
	seconds := func(s sample) float64 { return s.Wall.Seconds() }
	download := median(bare, seconds)
	ratio := median(read, seconds) / download
	b.results.want(fmt.Sprintf("%s: time, of the %.2f s of downloading the same %.0f MB", name, download, megabytes(float64(end.Kept.Bytes))),
		fmt.Sprintf("%.2f", ratio), fmt.Sprintf("at most %.2f", bound), ratio <= bound)
	return nil
}

// configureMetadata writes a catalog of the streams of metadata alone.
func (s *stage) configureMetadata(ctx context.Context) (err error) {
	file, err := os.Create(s.path("catalog.json"))
	if err != nil {
		return fmt.Errorf("write the catalog: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = execute(ctx, s.connector, []string{"catalog", "--config", s.path("config.json"), "--tables", "_metadata_*"}, s.env(), file)
	return err
}

// readMetadata reads the streams of metadata. It fails unless each completes and states cover all records.
func (s *stage) readMetadata(ctx context.Context) (cost, *messages, error) {
	output := &messages{}
	c, err := execute(ctx, s.connector, []string{"read", "--config", s.path("config.json"), "--catalog", s.path("catalog.json")}, s.env(), output)
	if err != nil {
		return c, output, err
	}
	const streams = 4
	complete := 0
	for _, is := range output.Complete {
		if is {
			complete++
		}
	}
	if complete != streams || output.Covered != float64(output.Records) {
		return c, output, fmt.Errorf("%d of %d streams are complete, and states cover %.0f of %d records", complete, streams, output.Covered, output.Records)
	}
	return c, output, nil
}

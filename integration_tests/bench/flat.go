package main

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// flatness reads tables of growing length in a first incremental sync, which keeps more than a full refresh. Their pages are
// rendered while they are read, so the time is not that of the connector.
func (b *bench) flatness(ctx context.Context) error {
	least, most := math.Inf(1), 0.0
	for _, rows := range b.flat {
		c, _, err := b.readOnce(ctx, setting{Shape: narrow(), Tables: 1, Rows: rows, Page: b.pageRows})
		if err != nil {
			return err
		}
		memory := mebibytes(c.Memory)
		b.say("read %d rows in %.1f s, %.1f MiB", rows, c.Wall.Seconds(), memory)
		least, most = min(least, memory), max(most, memory)
		b.results.memory = append(b.results.memory, memoryRow{rows: rows, memory: memory, seconds: c.Wall.Seconds()})
	}
	const bound = 1.25
	b.results.want(fmt.Sprintf("peak memory from %s to %s rows, most ÷ least", grouped(int64(b.flat[0])), grouped(int64(b.flat[len(b.flat)-1]))),
		fmt.Sprintf("%.2f", most/least), fmt.Sprintf("at most %.2f", bound), most/least <= bound)
	return nil
}

// readOnce makes a first incremental read of all rows of a setting. A read from its states must then deliver nothing. end is what
// the service counted in both.
func (b *bench) readOnce(ctx context.Context, of setting) (c cost, end count, err error) {
	s, err := b.set(ctx, of)
	if err != nil {
		return c, end, err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	if err := s.configure(ctx, incremental); err != nil {
		return c, end, err
	}
	c, output, err := s.read(ctx, int64(of.records()))
	if err != nil {
		return c, end, err
	}
	if err := s.again(ctx, output); err != nil {
		return c, end, err
	}
	end, err = s.count()
	return c, end, err
}

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
		c, err := b.readOnce(ctx, rows)
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

func (b *bench) readOnce(ctx context.Context, rows int) (_ cost, err error) {
	s, err := b.set(ctx, setting{Shape: narrow(), Tables: 1, Rows: rows, Page: b.pageRows})
	if err != nil {
		return cost{}, err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	if err := s.configure(ctx, incremental); err != nil {
		return cost{}, err
	}
	c, output, err := s.read(ctx, int64(rows))
	if err != nil {
		return c, err
	}
	return c, s.again(ctx, output)
}

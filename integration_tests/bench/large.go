package main

import (
	"context"
	"fmt"
	"strconv"
)

// large reads one table of wide rows by ranges of its key. No two reads divide the table in the same way, so its pages are rendered
// during the read, and only the memory is measured.
func (b *bench) large(ctx context.Context) error {
	c, end, err := b.readOnce(ctx, setting{Shape: wide(), Tables: 1, Rows: b.wideRows, Page: b.pageRows, Hint: b.hint, Parallel: true})
	if err != nil {
		return err
	}
	const most = 128
	memory, inFlight := mebibytes(c.Memory), end.Stats.MostInFlight
	b.say("read %d wide rows by ranges of the key in %.1f s, %.1f MiB", b.wideRows, c.Wall.Seconds(), memory)
	name := "one wide table, by ranges of its key"
	b.results.want(name+": requests in flight", strconv.Itoa(inFlight), strconv.Itoa(b.hint), inFlight == b.hint)
	b.results.want(name+": peak memory", fmt.Sprintf("%.0f MiB", memory), fmt.Sprintf("at most %d MiB", most), memory <= most)
	return nil
}

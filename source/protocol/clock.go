package protocol

import (
	"bytes"
	"errors"
	"strconv"
	"sync/atomic"
	"time"
)

// clock returns the time in milliseconds since 1970. It never goes back, although the system's clock may.
type clock struct{ last atomic.Int64 }

func (c *clock) now() int64 {
	now := time.Now().UnixMilli()
	for {
		last := c.last.Load()
		if now <= last {
			return last
		}
		if c.last.CompareAndSwap(last, now) {
			return now
		}
	}
}

// stampRecords sets the emitted_at of RECORD lines of one stream, in place. The stream's name and the time stand in front
// of the data, so the time has the same place in each line, and no column of that name can be met before it.
func stampRecords(lines []byte, emittedAt int64) error {
	const mark = `"emitted_at":`
	stamp := strconv.AppendInt(nil, emittedAt, 10)
	from := bytes.Index(lines, []byte(mark)) + len(mark)
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n') + 1
		to := from + len(stamp)
		if from < len(mark) || to >= end || string(lines[from-len(mark):from]) != mark || lines[to] != ',' {
			return errors.New("a line has no emitted_at of thirteen digits in the place where the first one has it")
		}
		copy(lines[from:to], stamp)
		lines = lines[end:]
	}
	return nil
}

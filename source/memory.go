package source

import (
	"io/fs"
	"math"
	"runtime/debug"
	"strconv"
	"strings"
)

const (
	// resident is what the connector needs beside the answers that it keeps: its code, tables of definitions, two pages
	// of encoded rows.
	resident = 64 << 20
	// perRequest is what an answer takes while it waits, compressed, to be read.
	perRequest = 4 << 20
	// garbage is how much of it there may be, in percent of what lives, before it is collected.
	garbage = 35
	// pageShare is the part of the memory that the rows of one page may fill: two of them exist at once.
	pageShare = 5
)

// memory is what the process may use, in bytes; 0: as much as it likes.
type memory int64

// containerMemory is the limit that the container's control group sets (Linux, cgroup v2 "memory.max" and
// v1 "memory.limit_in_bytes"), as it is seen within.
func containerMemory(root fs.FS) memory {
	for _, file := range []string{"sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil || limit <= 0 || limit >= math.MaxInt64>>12 { // "max", and what version 1 has for it
			return 0
		}
		return memory(limit)
	}
	return 0
}

// keep makes the garbage collector work often, which costs little, for what lives here is large and holds few pointers,
// and in time before the container's limit ends the process. GOGC and GOMEMLIMIT, where they are set, say otherwise.
func (m memory) keep(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	if m > 0 && getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(m) / 10 * 9)
	}
}

// requests is how many requests the memory bears at once; 0: any number.
func (m memory) requests() int {
	if m == 0 {
		return 0
	}
	return max(2, int((int64(m)-resident)/(perRequest*streamsPerPlace)))
}

// answerBytes is how large any answer may be; 0: the client's own measure.
func (m memory) answerBytes() int64 { return int64(m) / 2 }

// pageBytes is how large a page may be; 0: the client's own measure, which more memory does not change.
func (m memory) pageBytes() int64 {
	if share := int64(m) / pageShare; share < 64<<20 {
		return share
	}
	return 0
}

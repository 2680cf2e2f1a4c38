package source

import (
	"io/fs"
	"math"
	"runtime/debug"
	"strconv"
	"strings"
)

const (
	// resident is the memory, in bytes, for all but buffered responses: code, table definitions, two pages of encoded rows.
	resident = 64 << 20
	// perRequest is the memory, in bytes, of a response that waits, compressed, to be read.
	perRequest = 4 << 20
	// garbagePercent is GOGC: the garbage, in percent of the live memory, that starts a collection.
	garbagePercent = 35
	// pageShare is the divisor of the memory that the rows of one page may fill: two pages exist at the same time.
	pageShare = 5
)

// memory is the memory limit of the process in bytes; 0: there is none.
type memory int64

// containerMemory returns the limit that the container's control group sets (Linux, cgroup v2 "memory.max" and v1
// "memory.limit_in_bytes"), as a process inside the container sees it.
func containerMemory(root fs.FS) memory {
	for _, file := range []string{"sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil || limit <= 0 || limit >= math.MaxInt64>>12 { // "max", or its equivalent in version 1
			return 0
		}
		return memory(limit)
	}
	return 0
}

// tuneCollector makes the garbage collector run often, which is cheap because live objects are large and have few
// pointers, and before the process reaches the container's limit. GOGC and GOMEMLIMIT take precedence.
func (m memory) tuneCollector(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if m > 0 && getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(m) / 10 * 9)
	}
}

// slots is the number of concurrent requests that fit in the memory; 0: any number.
func (m memory) slots() int {
	if m == 0 {
		return 0
	}
	return max(2, int((int64(m)-resident)/(perRequest*streamsPerSlot)))
}

// room is the memory, in bytes, for the pages of one table that are under way at once; 0: any.
func (m memory) room() int64 {
	if m == 0 {
		return 0
	}
	return max(int64(m)-resident, 1)
}

// responseBytes is the largest response that fits in the memory; 0: the client's default.
func (m memory) responseBytes() int64 { return int64(m) / 2 }

// pageBytes is the largest page that fits in the memory; 0: the client's default, which more memory does not raise.
func (m memory) pageBytes() int64 {
	if share := int64(m) / pageShare; share < 64<<20 {
		return share
	}
	return 0
}

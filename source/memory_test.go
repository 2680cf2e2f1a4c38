package source

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
)

func TestTheContainersMemoryLimitSetsSlotsAndPageSize(t *testing.T) {
	const megabyte = 1 << 20
	for name, example := range map[string]struct {
		files     fstest.MapFS
		memory    memory
		slots     int
		pageBytes int64
	}{
		"outside a container":           {nil, 0, 0, 0},
		"in one without a limit":        {fstest.MapFS{"sys/fs/cgroup/memory.max": file("max\n")}, 0, 0, 0},
		"in one of version 1, the same": {fstest.MapFS{"sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n")}, 0, 0, 0},
		"in the smallest":               {fstest.MapFS{"sys/fs/cgroup/memory.max": file("67108864\n")}, 64 * megabyte, 2, 64 * megabyte / 5},
		"in a small one of version 1":   {fstest.MapFS{"sys/fs/cgroup/memory/memory.limit_in_bytes": file("134217728\n")}, 128 * megabyte, 8, 128 * megabyte / 5},
		"in a large one":                {fstest.MapFS{"sys/fs/cgroup/memory.max": file("4294967296\n")}, 4096 * megabyte, 504, 0},
		"where the limit is no number":  {fstest.MapFS{"sys/fs/cgroup/memory.max": file("much")}, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := containerMemory(example.files)
			assert.Equal(t, example.memory, m)
			assert.Equal(t, example.slots, m.slots())
			assert.Equal(t, example.pageBytes, m.pageBytes())
		})
	}
}

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }

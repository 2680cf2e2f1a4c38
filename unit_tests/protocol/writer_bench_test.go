package protocol_test

import (
	"io"
	"strconv"
	"strings"
	"testing"

	"source-microsoft-dataverse/source/protocol"
)

// BenchmarkWriter measures what a page costs under the writer's lock: setting its times and handing its lines on.
func BenchmarkWriter(b *testing.B) {
	for _, length := range []int{200, 2700} {
		b.Run(strconv.Itoa(length)+" bytes a line", func(b *testing.B) {
			page := chunked(strings.Repeat("x", length))
			tracker := protocol.NewWriter(io.Discard).Tracker()
			size := 0
			for _, chunk := range page {
				size += len(chunk.Lines)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, chunk := range page {
					if err := tracker.Record(chunk, "account", ""); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// chunked are the lines of a page of 17 MB in chunks as an encoder makes them, more than a core's cache holds.
func chunked(data string) []protocol.Records {
	line := prepared(data)
	chunks := make([]protocol.Records, 34)
	for i := range chunks {
		chunks[i].Count = (512 << 10) / len(line)
		chunks[i].Lines = []byte(strings.Repeat(line, chunks[i].Count))
	}
	return chunks
}

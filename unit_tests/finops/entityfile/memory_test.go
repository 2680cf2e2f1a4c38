package entityfile_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/finops/entityfile"
)

// large returns a file of each form with the given number of rows of twelve columns.
func large(t testing.TB, rows int) map[string]string {
	names := make([]string, 12)
	for i := range names {
		names[i] = fmt.Sprintf("COLUMN%c", 'A'+i)
	}
	var elements, attributes, delimited, cells strings.Builder
	elements.WriteString("<Document>")
	attributes.WriteString("<Document>")
	delimited.WriteString(strings.Join(names, ",") + "\r\n")
	cells.WriteString("<row>")
	for i, name := range names {
		cells.WriteString(inline(fmt.Sprintf("%c1", 'A'+i), name))
	}
	cells.WriteString("</row>")
	for row := range rows {
		elements.WriteString("<X>")
		attributes.WriteString("<X")
		cells.WriteString("<row>")
		for i, name := range names {
			value := fmt.Sprintf("%d.5 &amp; é%d", row, i)
			elements.WriteString("<" + name + ">" + value + "</" + name + ">")
			attributes.WriteString(" " + name + `="` + value + `"`)
			cells.WriteString(inline(fmt.Sprintf("%c%d", 'A'+i, row+2), value))
			if i > 0 {
				delimited.WriteString(",")
			}
			delimited.WriteString(`"` + value + `"`)
		}
		elements.WriteString("</X>")
		attributes.WriteString("/>")
		delimited.WriteString("\r\n")
		cells.WriteString("</row>")
	}
	return map[string]string{
		"XML with elements":   packaged(t, "a.xml", elements.String()+"</Document>"),
		"XML with attributes": packaged(t, "a.xml", attributes.String()+"</Document>"),
		"delimited, UTF-8":    packaged(t, "a.csv", delimited.String()),
		"delimited, UTF-16":   packaged(t, "a.csv", utf16LE(delimited.String())),
		"Excel":               packaged(t, "a.xlsx", sheet(t, cells.String())),
	}
}

var largeColumns = []string{"ColumnA", "ColumnC", "ColumnL"}

func TestARowAllocatesNothing(t *testing.T) {
	for name, content := range large(t, 1000) {
		t.Run(name, func(t *testing.T) {
			rows, err := rowsOf(t, content, largeColumns...)
			require.NoError(t, err)
			_, err = rows.Next()
			require.NoError(t, err)
			var out []byte
			require.Zero(t, testing.AllocsPerRun(900, func() {
				cells, err := rows.Next()
				if err != nil {
					panic(err)
				}
				out = out[:0]
				for i, of := range []finops.Type{finops.String, finops.Number, finops.Date} {
					out, _ = entityfile.Conversion{}.Append(out, finops.Property{Type: of}, cells[i])
				}
			}))
		})
	}
}

// TestMemoryDoesNotGrowWithTheFile reads files whose rows take several times the memory that it allows. The package itself is on disk in a sync.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	for name, content := range large(t, 6_000) {
		t.Run(name, func(t *testing.T) {
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			rows, err := rowsOf(t, content, largeColumns...)
			require.NoError(t, err)
			for {
				if _, err = rows.Next(); err != nil {
					break
				}
			}
			require.True(t, errors.Is(err, io.EOF), "%v", err)
			require.EqualValues(t, 6_000, rows.Count())
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(700<<10))
		})
	}
}

func BenchmarkRows(b *testing.B) {
	for name, content := range large(b, 20_000) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rows, err := rowsOf(b, content, largeColumns...)
				require.NoError(b, err)
				for err == nil {
					_, err = rows.Next()
				}
				require.ErrorIs(b, err, io.EOF)
			}
		})
	}
}

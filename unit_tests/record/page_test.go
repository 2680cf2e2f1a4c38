package record_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// chunk is what one call of the writer takes at most, but for a line that is longer.
const chunk = 512 << 10

// pooled is an encoder whose pages are counted.
func pooled(t *testing.T, pool *record.Pool) *record.Encoder {
	t.Helper()
	return newEncoder(compile(t, account(), configured(account(), "accountid", "name")), record.Options{Pool: pool})
}

// rowsOf is a page with a row for each text.
func rowsOf(texts ...string) string {
	rows := make([]string, len(texts))
	for i, text := range texts {
		rows[i] = fmt.Sprintf(`{"accountid":"a%d","name":"%s"}`, i, text)
	}
	return "[" + strings.Join(rows, ",") + "]"
}

// linesOf are the lines of such a page.
func linesOf(texts ...string) string {
	var all strings.Builder
	for i, text := range texts {
		all.WriteString(line("account", fmt.Sprintf(`"accountid":"a%d","name":"%s"`, i, text)))
	}
	return all.String()
}

// chunksOf writes a page and returns copies of its chunks.
func chunksOf(t *testing.T, page *record.Page) []string {
	t.Helper()
	var chunks []string
	require.NoError(t, page.Write(func(records protocol.Records) error {
		require.Equal(t, bytes.Count(records.Lines, []byte("\n")), records.Count)
		require.True(t, bytes.HasSuffix(records.Lines, []byte("\n")), "a chunk ends where a line ends")
		chunks = append(chunks, string(records.Lines))
		return nil
	}))
	return chunks
}

// mustWait reports whether an encoder would have to wait for a permit.
func mustWait(t *testing.T, e *record.Encoder) bool {
	t.Helper()
	waited := false
	synctest.Test(t, func(t *testing.T) { // a second passes when nothing else can happen
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := e.Begin(ctx, pageTime())
		if waited = err != nil; waited {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		e.Discard()
	})
	return waited
}

func TestAPageArrivesInChunksOfWholeLines(t *testing.T) {
	many := make([]string, 2000)
	for i := range many {
		many[i] = strings.Repeat("x", 500+i)
	}
	middling := []string{strings.Repeat("a", chunk/2), strings.Repeat("b", chunk/2), strings.Repeat("c", chunk/3), "d"}
	long := []string{"a", strings.Repeat("b", 3*chunk), "c", strings.Repeat("d", chunk), strings.Repeat("e", chunk-300), "f"}
	for name, c := range map[string]struct {
		texts   []string
		chunks  int
		longest int
	}{
		"no rows":                       {nil, 0, 0},
		"one chunk":                     {[]string{"a", "b"}, 1, chunk},
		"many rows":                     {many, 7, chunk},
		"rows of half a chunk":          {middling, 2, chunk},
		"rows that are longer than one": {long, 4, 3*chunk + 400},
	} {
		t.Run(name, func(t *testing.T) {
			e := pooled(t, record.NewPool(1))
			for range 2 { // the second page meets the chunks of the first
				require.NoError(t, begin(e, pageTime(), rowsOf(c.texts...)))
				page := e.Records()
				assert.Equal(t, len(c.texts), page.Count)
				chunks := chunksOf(t, page)
				assert.True(t, linesOf(c.texts...) == strings.Join(chunks, ""), "every line arrives as it is")
				assert.Equal(t, c.chunks, len(chunks))
				for _, each := range chunks {
					assert.LessOrEqual(t, len(each), c.longest)
				}
			}
		})
	}
}

func TestAReplacedRowLeavesItsChunk(t *testing.T) {
	first, second := strings.Repeat("x", chunk/2-300), strings.Repeat("y", chunk/2-300)
	page := strings.ReplaceAll(rowsOf(first, "gone", second, "stays", "last"), `"a4"`, `"a1"`)
	e := pooled(t, record.NewPool(1))
	require.NoError(t, begin(e, pageTime(), page))
	chunks := chunksOf(t, e.Records())
	want := linesOf(first, "gone", second, "stays", "last")
	want = strings.Replace(want, line("account", `"accountid":"a1","name":"gone"`), "", 1)
	want = strings.Replace(want, `"a4"`, `"a1"`, 1)
	assert.True(t, want == strings.Join(chunks, ""))
	assert.Equal(t, 2, len(chunks))
}

func TestAnEmptyChunkIsNotWritten(t *testing.T) {
	long := strings.Repeat("x", chunk)
	e := pooled(t, record.NewPool(1))
	require.NoError(t, begin(e, pageTime(), `[{"accountid":"a1","name":"`+long+`"},{"accountid":"a1","name":"`+long+`!"}]`))
	page := e.Records()
	assert.Equal(t, 1, page.Count)
	assert.Equal(t, 1, len(chunksOf(t, page)))
}

func TestAPageKeepsItsLinesWhileTheNextIsRead(t *testing.T) {
	e := pooled(t, record.NewPool(2))
	require.NoError(t, begin(e, pageTime(), rowsOf("first")))
	first := e.Records()
	require.NoError(t, begin(e, pageTime(), rowsOf("second", "third")))
	assert.Equal(t, []string{linesOf("first")}, chunksOf(t, first))
	assert.Equal(t, []string{linesOf("second", "third")}, chunksOf(t, e.Records()))
}

func TestNoMorePagesExistThanThePoolHasPermits(t *testing.T) {
	refused := errors.New("broken pipe")
	ends := map[string]func(*record.Page) error{
		"is written":        func(p *record.Page) error { return p.Write(func(protocol.Records) error { return nil }) },
		"cannot be written": func(p *record.Page) error { return p.Write(func(protocol.Records) error { return refused }) },
		"is dropped":        func(p *record.Page) error { p.Release(); return nil },
		"is dropped, twice": func(p *record.Page) error { p.Release(); p.Release(); return nil },
		"is written and gone": func(p *record.Page) error {
			defer p.Release()
			return p.Write(func(protocol.Records) error { return nil })
		},
	}
	for name, end := range ends {
		t.Run("the next begins when one "+name, func(t *testing.T) {
			pool := record.NewPool(2)
			one, other, third := pooled(t, pool), pooled(t, pool), pooled(t, pool)
			require.NoError(t, begin(one, pageTime(), rowsOf("a")))
			page := one.Records()
			require.NoError(t, begin(other, pageTime(), rowsOf("b")))
			require.True(t, mustWait(t, third))
			require.True(t, mustWait(t, one), "the encoder's own pages count too")
			if err := end(page); err != nil {
				assert.Equal(t, refused, err)
			}
			require.False(t, mustWait(t, third))
			require.NoError(t, begin(third, pageTime(), rowsOf("c")))
			assert.True(t, mustWait(t, one), "one page leaves its permit to one")
		})
	}
}

func TestAnEncoderWaitsForAPermit(t *testing.T) {
	pool := record.NewPool(1)
	first, second := pooled(t, pool), pooled(t, pool)
	require.NoError(t, begin(first, pageTime(), rowsOf("a")))
	page := first.Records()
	begun := make(chan error)
	go func() { begun <- begin(second, pageTime(), rowsOf("b")) }()
	assert.Equal(t, []string{linesOf("a")}, chunksOf(t, page))
	require.NoError(t, <-begun)
	assert.Equal(t, linesOf("b"), taken(t, second))
}

func TestALongPageWaitsForMemoryOfOneBeingWritten(t *testing.T) {
	long := make([]string, 40)
	for i := range long {
		long[i] = strings.Repeat("x", chunk/2+1000) // a chunk each
	}
	growing := make([]string, 200)
	for i := range growing {
		growing[i] = strings.Repeat("\u2028", 10_000) // escaped it is twice as long
	}
	synctest.Test(t, func(t *testing.T) {
		e := pooled(t, record.NewPool(2))
		for range 8 { // what such pages take is returned, and no more
			require.NoError(t, begin(e, pageTime(), rowsOf(growing...)))
			e.Records().Release()
		}
		require.NoError(t, begin(e, pageTime(), rowsOf(long...)))
		page := e.Records()
		encoded := errors.New("waits")
		go func() { encoded = begin(e, pageTime(), rowsOf(long...)) }()
		synctest.Wait()
		require.EqualError(t, encoded, "waits", "two such pages would need more than a small container has")
		written := 0
		require.NoError(t, page.Write(func(protocol.Records) error {
			synctest.Wait()
			if written++; written == 20 {
				require.Error(t, encoded)
			}
			if written == 40 {
				require.NoError(t, encoded, "it continues with every chunk that is written")
			}
			return nil
		}))
		synctest.Wait()
		require.NoError(t, encoded)
		assert.Equal(t, 40, e.Records().Count)
	})
}

func TestAPageThatIsAloneNeverWaits(t *testing.T) {
	long := make([]string, 60)
	for i := range long {
		long[i] = strings.Repeat("x", chunk/2+1000)
	}
	pool := record.NewPool(2)
	one, other := pooled(t, pool), pooled(t, pool)
	require.NoError(t, begin(one, pageTime(), rowsOf(long...)))
	require.NoError(t, begin(other, pageTime(), rowsOf("a")), "pages that are not complete do not wait for each other")
	one.Records().Release()
	assert.Equal(t, linesOf("a"), taken(t, other))
}

func TestAnotherAttemptTakesNoFurtherPermit(t *testing.T) {
	pool := record.NewPool(1)
	e, other := pooled(t, pool), pooled(t, pool)
	require.Error(t, begin(e, pageTime(), strings.TrimSuffix(rowsOf("a", "b"), "}]")))
	require.NoError(t, begin(e, pageTime(), rowsOf("c")), "the permit of an attempt that was not discarded is kept")
	assert.True(t, mustWait(t, other))
	e.Discard()
	assert.False(t, mustWait(t, other))
	e.Discard()
	require.NoError(t, begin(e, pageTime(), rowsOf("d")))
	assert.True(t, mustWait(t, other), "it was returned once")
	assert.Equal(t, linesOf("d"), taken(t, e))
}

func TestADiscardedPageLeavesNothing(t *testing.T) {
	e := changesOf(t, withCDC())
	require.NoError(t, begin(e, pageTime(), `[{"accountid":"a1","modifiedon":"2031-01-01T00:00:00Z"},`+deletion("d1")+`]`))
	e.Discard()
	assert.Empty(t, e.Deleted())
	assert.Empty(t, e.MaxCursor())
	e.Keys(func(key []byte) { t.Errorf("the key %s is left", key) })
	assert.Empty(t, taken(t, e))
}

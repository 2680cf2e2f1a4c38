// Package model_test tries the connector at random. Each trial draws a service (what Microsoft leaves open is a switch of
// the simulator), tables, and a sequence of steps: changes between reads and during them, reads whose output breaks at any
// byte, whose process is killed or whose states the platform loses, expired tokens, refused requests, refreshes, restored
// backups, columns and tables that change. In the end, after a quiet read, the destination has to hold what the environment
// holds; verdict_test.go lists the exceptions.
//
//	go test ./integration_tests/model                              60 trials, 20 with the race detector
//	go run ./integration_tests/model/trials -n 10000               more of them, without a deadline
//	go test ./integration_tests/model -seed 17                     one of them
package model_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
)

var (
	trialsFlag = flag.Int("trials", usualTrials, "how many trials")
	fromFlag   = flag.Int64("from", 1, "the seed of the first")
	seedFlag   = flag.Uint64("seed", 0, "of the only trial; 0: run -trials trials")
	shrinkFlag = flag.Duration("shrink", 40*time.Second, "for how long to look for a shorter sequence that fails too; 0: not at all")
	failFlag   = flag.Int64("failures", 1, "after how many failures to stop")
)

func TestTheDestinationEqualsTheEnvironmentWhateverHappens(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(garbagePercent))
	p := newProduct(t)
	if *seedFlag != 0 {
		p.try(t, *seedFlag)
		return
	}
	trials := int64(*trialsFlag)
	if testing.Short() {
		const few = 20
		trials = min(trials, few)
	}
	if reason := tooLittleTime(t, trials); reason != "" {
		t.Fatal(reason)
	}
	p.tryAll(t, *fromFlag, *fromFlag+trials-1)
}

// parallel returns how many tests run at a time, which is the flag -parallel of go test.
func parallel() int {
	if value, ok := flag.Lookup("test.parallel").Value.(flag.Getter); ok {
		if n, ok := value.Get().(int); ok {
			return n
		}
	}
	return runtime.GOMAXPROCS(0)
}

// tryAll runs the trials of a range of seeds, as many at a time as tests run in parallel.
func (p product) tryAll(t *testing.T, first, last int64) {
	t.Helper()
	var drawn, failed atomic.Int64
	drawn.Store(first - 1)
	running := make([]atomic.Int64, parallel()) // the seeds
	for i := range running {
		running[i].Store(first)
	}
	stop := everyMinute(func() {
		seed := drawn.Load()
		for i := range running {
			seed = min(seed, running[i].Load())
		}
		fmt.Printf("an interrupted run continues with -from %d\n", seed)
	})
	defer stop()
	t.Run("trials", func(t *testing.T) {
		for share := range running {
			t.Run(fmt.Sprintf("in share %d", share+1), func(t *testing.T) {
				t.Parallel()
				for seed := drawn.Add(1); seed <= last; seed = drawn.Add(1) {
					running[share].Store(seed)
					if !p.try(t, uint64(seed)) && failed.Add(1) >= *failFlag {
						drawn.Add(last)
					}
				}
				running[share].Store(math.MaxInt64)
			})
		}
	})
}

// everyMinute calls report every minute of a verbose test, until the returned function is called.
func everyMinute(report func()) (stop func()) {
	if !testing.Verbose() {
		return func() {}
	}
	ticker, done := time.NewTicker(time.Minute), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case <-ticker.C:
				report()
			case <-done:
				return
			}
		}
	})
	return func() {
		ticker.Stop()
		close(done)
		wait.Wait()
	}
}

// limited is a test that may have a deadline.
type limited interface {
	Deadline() (deadline time.Time, ok bool)
}

// tooLittleTime returns why the trials would not end before the test's deadline, "" if they will.
func tooLittleTime(t limited, trials int64) string {
	deadline, ok := t.Deadline()
	need := time.Duration(trials)*perTrial + *shrinkFlag
	if !ok || time.Until(deadline) >= need {
		return ""
	}
	return fmt.Sprintf("%d trials may take %d minutes: go run ./integration_tests/model/trials -n %d", trials, int64(need/time.Minute)+1, trials)
}

// newProduct builds the connector.
func newProduct(t *testing.T) product {
	t.Helper()
	specification, err := os.ReadFile("../../spec.json")
	require.NoError(t, err)
	built, err := binary.Build(t.Context(), t.TempDir())
	require.NoError(t, err)
	return product{specification: specification, binary: built}
}

// try runs the trial of a seed. If it fails, it reports the shortest one it can find that fails too.
func (p product) try(t *testing.T, seed uint64) bool {
	t.Helper()
	drawn := draw(seed)
	err := p.run(t.Context(), drawn)
	if err == nil {
		return true
	}
	t.Errorf("%s%v", drawn, err)
	if *shrinkFlag == 0 {
		return false
	}
	short := shrink(drawn, func(candidate trial) bool { return p.run(t.Context(), candidate) != nil }, time.Now().Add(*shrinkFlag))
	t.Errorf("the shortest sequence found, of %d steps:\n%s%v", len(short.steps), short, p.run(context.WithoutCancel(t.Context()), short))
	return false
}

func TestAShorterTrialThatStillFailsIsFound(t *testing.T) {
	drawn := draw(4)
	culprit := step{kind: expire, table: tags}
	drawn.steps = append(drawn.steps[:3:3], append([]step{culprit}, drawn.steps[3:]...)...)
	fails := func(candidate trial) bool {
		for _, s := range candidate.steps {
			if s.kind == culprit.kind && s.table == culprit.table {
				return true
			}
		}
		return false
	}
	short := shrink(drawn, fails, time.Now().Add(time.Minute))
	assert.Len(t, short.steps, 1)
	assert.Empty(t, short.switches.simpler())
}

// endsIn is a test that has so much time left; 0: as much as it needs.
type endsIn time.Duration

func (e endsIn) Deadline() (time.Time, bool) { return time.Now().Add(time.Duration(e)), e != 0 }

func TestTrialsThatWouldNotEndInTimeDoNotStart(t *testing.T) {
	assert.Equal(t, "", tooLittleTime(endsIn(10*time.Minute), usualTrials))
	assert.Equal(t, "", tooLittleTime(endsIn(0), 1_000_000))
	assert.Contains(t, tooLittleTime(endsIn(10*time.Minute), 10_000), "go run ./integration_tests/model/trials -n 10000")
}

func TestASeedAlwaysMakesTheSameTrial(t *testing.T) {
	assert.Equal(t, draw(11), draw(11))
	assert.NotEqual(t, draw(11), draw(12))
}

func TestOtherColumnsAreExcusedOnlyWhereTheTableLostOne(t *testing.T) {
	w := newWorld(switches{})
	w.lost[orders] = true
	differ := func(stream string) error {
		return fmt.Errorf("line 7: stream %s: the row has the columns [a], and one before had [a b]", stream)
	}
	assert.True(t, w.excused(differ(orders)))
	assert.False(t, w.excused(differ(tags)))
	assert.False(t, w.excused(fmt.Errorf("line 7: stream %s: emitted_at falls from 2 to 1", orders)))
}

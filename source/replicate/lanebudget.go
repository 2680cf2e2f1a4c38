package replicate

import (
	"sync"
	"time"
)

// flow decides how many lanes may read a table at once: fewer after a page that was too expensive, and more again after several that
// were not, as long as their pages fit in the memory.
type flow struct {
	room    int64 // bytes for pages; 0: any
	most    int
	largest int64     // bytes of the largest page so far
	pages   int       // good ones since the number has changed
	needed  int       // good ones before one more lane; doubles with each failure that follows too soon
	lowered time.Time // when the number was lowered last
}

func newFlow(room int64) flow { return flow{room: room, most: maxLanes, needed: pagesBeforeLarger} }

// lanes returns how many lanes may read at once. For a moment a page is in memory twice: as it was received, and as it is sent.
func (f *flow) lanes() int {
	if f.room > 0 && f.largest > 0 {
		return max(min(f.most, int(f.room/(2*f.largest))), 1)
	}
	return f.most
}

// good notes a page that arrived, and its length in bytes.
func (f *flow) good(bytes int64) {
	f.largest = max(f.largest, bytes)
	if f.pages++; f.pages >= f.needed && f.most < maxLanes {
		f.most++
		f.pages = 0
	}
}

// tooExpensive halves the number of lanes after a page that was too expensive, and reports whether it may succeed now. Lanes whose
// requests were sent at the same time fail together, and count once. now is the time, and sent that of the request.
func (f *flow) tooExpensive(sent, now time.Time, active int) bool {
	if sent.Before(f.lowered) {
		return true
	}
	if before := min(f.most, active); before > 1 {
		if f.pages < f.needed && f.most < maxLanes {
			f.needed *= 2
		}
		f.most, f.pages, f.lowered = before/2, 0, now
		return true
	}
	return false
}

// laneBudget limits the lanes of all tables together, apart from the first of each, so that other streams wait for at most as many
// requests again as there are slots. It is safe for concurrent use.
type laneBudget struct {
	mu      sync.Mutex
	taken   int
	streams int // that are being read
}

// stream adds n to the number of streams that are being read.
func (b *laneBudget) stream(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.streams += n
}

// take reports whether one more lane may read, and counts it. slots is how many requests may be under way at once.
func (b *laneBudget) take(slots int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken >= b.most(slots) {
		return false
	}
	b.taken++
	return true
}

// most returns how many lanes there may be. One slot is left to the other streams, if there are any. The lock is held.
func (b *laneBudget) most(slots int) int {
	if b.streams > 1 {
		slots--
	}
	return slots - 1
}

// giveBack ends the permission of take.
func (b *laneBudget) giveBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken--
}

// exceeded reports whether more lanes read than are permitted now.
func (b *laneBudget) exceeded(slots int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken > max(b.most(slots), 0)
}

// slots returns how many requests may be under way at once, 1 if each table is read one page after the other.
func (j *Job) slots() int {
	if j.Slots == nil {
		return 1
	}
	return j.Slots()
}

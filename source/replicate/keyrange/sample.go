package keyrange

import "slices"

// maxSample is the most keys of a sample: 256 KB of memory.
const maxSample = 16384

// Sample holds evenly spaced keys of a scan of all keys, whatever the order of the scan. The zero value is an empty sample. It is
// not safe for concurrent use.
type Sample struct {
	keys   []Key
	spread uint // each key stands for 2^spread keys of the scan
	seen   int64
	sorted bool // the keys are in ascending order
}

// Add adds the next key of the scan.
func (s *Sample) Add(k Key) {
	take := s.seen&(1<<s.spread-1) == 0
	s.seen++
	if !take {
		return
	}
	if len(s.keys) == maxSample {
		s.thin()
	}
	s.sorted = len(s.keys) == 0 || s.sorted && s.keys[len(s.keys)-1].Compare(k) < 0
	s.keys = append(s.keys, k)
}

// thin drops every other key.
func (s *Sample) thin() {
	for i := range len(s.keys) / 2 {
		s.keys[i] = s.keys[2*i]
	}
	s.keys = s.keys[:len(s.keys)/2]
	s.spread++
}

// Spread returns how many keys of the scan each key of the sample stands for.
func (s *Sample) Spread() int64 { return 1 << s.spread }

// Sorted returns the keys in ascending order, each once. The slice is valid until the next Add.
func (s *Sample) Sorted() []Key {
	if !s.sorted {
		slices.SortFunc(s.keys, Key.Compare)
		s.keys = slices.Compact(s.keys)
		s.sorted = true
	}
	return s.keys
}

// Quantiles returns up to n-1 keys, ascending, that divide the scan's keys into n parts of similar size.
func (s *Sample) Quantiles(n int) []Key {
	sorted := s.Sorted()
	var cuts []Key
	for i := 1; i < n && len(sorted) > 0; i++ {
		cuts = append(cuts, sorted[i*len(sorted)/n])
	}
	return slices.Compact(cuts)
}

// Within returns the keys of the sample that are in a range. The slice is valid until the next Add.
func (s *Sample) Within(r Range) []Key {
	sorted := s.Sorted()
	from, to := 0, len(sorted)
	if r.After != nil {
		from = firstAfter(sorted, *r.After)
	}
	if r.UpTo != nil {
		to = firstAfter(sorted, *r.UpTo)
	}
	return sorted[from:max(from, to)]
}

// firstAfter returns the index of the first key that is greater than k.
func firstAfter(sorted []Key, k Key) int {
	at, found := slices.BinarySearchFunc(sorted, k, Key.Compare)
	if found {
		at++
	}
	return at
}

// Missing returns the keys of the sample in a range that are not among the given ones, which are ascending.
func (s *Sample) Missing(r Range, keys []Key) []Key {
	var missing []Key
	for _, k := range s.Within(r) {
		at, found := slices.BinarySearchFunc(keys, k, Key.Compare)
		keys = keys[at:]
		if !found {
			missing = append(missing, k)
		}
	}
	return missing
}

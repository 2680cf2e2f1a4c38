package progress

import "time"

const (
	// maxSamples bounds the samples of a sync, and with them the size of its report.
	maxSamples = 240
	// firstSampling is the time between two samples, until there are too many.
	firstSampling = time.Second
)

// samples keeps at most maxSamples samples, evenly over the whole time: when there are too many, every second one is
// dropped, and further ones are taken half as often.
type samples struct {
	taken []Sample
	every time.Duration
}

func newSamples() samples { return samples{every: firstSampling} }

// due reports whether the next sample is to be taken at a time after the start of the sync.
func (s *samples) due(after time.Duration) bool {
	return len(s.taken) == 0 || after >= time.Duration(s.taken[len(s.taken)-1].After)+s.every
}

// add adds a sample.
func (s *samples) add(next Sample) {
	if len(s.taken) == maxSamples {
		kept := s.taken[:0]
		for i := 0; i < len(s.taken); i += 2 {
			kept = append(kept, s.taken[i])
		}
		s.taken = kept
		s.every *= 2
	}
	s.taken = append(s.taken, next)
}

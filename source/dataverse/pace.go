package dataverse

import "time"

const (
	// brisk is a time in which no answer counts as slow.
	brisk = 250 * time.Millisecond
	// slowness is how many times its best time the service may take on average before there are too many requests.
	slowness = 3
	// recent is the weight of one answer in that average.
	recent = 0.2
)

// pace tells from the service's answers whether it slows down. Requests differ by nature, so each kind is compared with
// the best of its own.
type pace struct {
	best  map[string]time.Duration
	ratio float64
}

// note notes an answer and says whether the service has become slow.
func (p *pace) note(kind string, took time.Duration) (slow bool) {
	if p.best == nil {
		p.best, p.ratio = map[string]time.Duration{}, 1
	}
	took = max(took, brisk)
	best, known := p.best[kind]
	if !known || took < best {
		best = took
		p.best[kind] = took
	}
	p.ratio += recent * (float64(took)/float64(best) - p.ratio)
	return p.ratio > slowness
}

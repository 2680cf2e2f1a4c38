package dataverse

import "time"

const (
	// brisk is a time in which no answer counts as slow.
	brisk = 250 * time.Millisecond
	// slowness is how many times its best time the service may take on average before there are too many requests.
	slowness = 3
	// recent is the weight of one answer in that average.
	recent = 0.2
	// aging is how much longer the best time counts as with each answer that takes longer: what was true once need not be
	// now.
	aging = 1.005
)

// pace tells from the service's answers whether it slows down. Requests differ by nature, so each kind is compared with
// the best of its own, and those of no kind with nothing.
type pace struct {
	best  map[string]float64 // seconds
	ratio float64
}

// note notes an answer and says whether the service has become slow.
func (p *pace) note(kind string, took time.Duration) (slow bool) {
	if kind == "" {
		return false
	}
	if p.best == nil {
		p.best, p.ratio = map[string]float64{}, 1
	}
	now := max(took, brisk).Seconds()
	best, known := p.best[kind]
	if !known || now < best {
		best = now
	}
	p.best[kind] = min(best*aging, now)
	p.ratio += recent * (now/best - p.ratio)
	return p.ratio > slowness
}

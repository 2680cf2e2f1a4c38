package progress

import "time"

// pauses adds up the time of pauses that may overlap.
type pauses struct {
	total time.Duration // of all pauses, up to last
	last  time.Time     // the end of the latest pause
}

// add adds a pause.
func (p *pauses) add(from, until time.Time) {
	if from.Before(p.last) {
		from = p.last
	}
	if until.After(from) {
		p.total += until.Sub(from)
		p.last = until
	}
}

// until returns how much of the pauses lies before a moment that is not before the beginning of the latest one.
func (p *pauses) until(at time.Time) time.Duration {
	return p.total - max(p.last.Sub(at), 0)
}

// end ends a pause that has not ended by itself.
func (p *pauses) end(at time.Time) {
	p.total = p.until(at)
	if p.last.After(at) {
		p.last = at
	}
}

package model_test

import (
	"slices"
	"time"
)

// shrink looks for the shortest trial that still fails: it leaves out steps, many at once at first, then what happens
// within reads, then what is unusual about the service. It ends when nothing more can be left out, or at the deadline.
func shrink(t trial, fails func(trial) bool, deadline time.Time) trial {
	try := func(candidate trial) bool {
		if time.Now().After(deadline) || !fails(candidate) {
			return false
		}
		t = candidate
		return true
	}
	for again := true; again && time.Now().Before(deadline); {
		again = false
		for size := max(1, len(t.steps)/2); size > 0; size /= 2 {
			for at := 0; at+size <= len(t.steps); {
				if try(t.with(slices.Delete(slices.Clone(t.steps), at, at+size))) {
					again = true
				} else {
					at += size
				}
			}
		}
		for i := 0; i < len(t.steps); i++ {
			again = slices.ContainsFunc(t.steps[i].simpler(), func(s step) bool { return try(t.with(replaced(t.steps, i, s))) }) || again
		}
		again = slices.ContainsFunc(t.switches.simpler(), func(s switches) bool {
			return try(trial{t.seed, s, t.steps})
		}) || again
	}
	return t
}

func (t trial) with(steps []step) trial { return trial{t.seed, t.switches, steps} }

func replaced(steps []step, at int, s step) []step {
	changed := slices.Clone(steps)
	changed[at] = s
	return changed
}

// simpler are forms of a step in which less happens.
func (s step) simpler() []step {
	var all []step
	add := func(change func(*step)) {
		c := s
		c.read.refuse, c.read.during = slices.Clone(s.read.refuse), slices.Clone(s.read.during)
		change(&c)
		all = append(all, c)
	}
	if s.kind != read {
		if s.n > 1 {
			add(func(s *step) { s.n = 1 })
			add(func(s *step) { s.n /= 2 })
		}
		return all
	}
	if s.read.cut != (cut{}) {
		add(func(s *step) { s.read.cut = cut{} })
	}
	if s.read.kill.n > 0 {
		add(func(s *step) { s.read.kill = place{} })
	}
	if s.read.keep {
		add(func(s *step) { s.read.keep = false })
	}
	if !s.read.newJob {
		add(func(s *step) { s.read.newJob = true })
	}
	if s.read.busy {
		add(func(s *step) { s.read.busy = false })
	}
	for i := range s.read.refuse {
		add(func(s *step) { s.read.refuse = slices.Delete(s.read.refuse, i, i+1) })
	}
	for i, e := range s.read.during {
		add(func(s *step) { s.read.during = slices.Delete(s.read.during, i, i+1) })
		if e.step.n > 1 {
			add(func(s *step) { s.read.during[i].step.n = 1 })
		}
	}
	return all
}

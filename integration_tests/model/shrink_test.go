package model_test

import (
	"slices"
	"time"
)

// shrink looks for the shortest trial that still fails: it removes steps, many at once at first, then what happens
// during reads, then what is unusual about the service. It ends when nothing more can be removed, or at the deadline.
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

// simpler returns forms of a step in which less happens.
func (s step) simpler() []step {
	var all []step
	add := func(change func(*step)) {
		c := s
		c.read.refused, c.read.events = slices.Clone(s.read.refused), slices.Clone(s.read.events)
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
	if s.read.loses {
		add(func(s *step) { s.read.loses = false })
	}
	for i, f := range s.read.refused {
		add(func(s *step) { s.read.refused = slices.Delete(s.read.refused, i, i+1) })
		if f.times > 1 {
			add(func(s *step) { s.read.refused[i].times = 1 })
		}
	}
	for i, e := range s.read.events {
		add(func(s *step) { s.read.events = slices.Delete(s.read.events, i, i+1) })
		if e.step.n > 1 {
			add(func(s *step) { s.read.events[i].step.n = 1 })
		}
	}
	return all
}

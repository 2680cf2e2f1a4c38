package progress

import (
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// Remaining is the range in which the rest of a sync takes its time. Least and Most are zero unless Known is set.
type Remaining struct {
	Known       bool
	Least, Most time.Duration
}

const (
	// optimism and pessimism are by how much the rest may take less or more time than what was measured so far suggests: the
	// numbers of rows are a day old, and pages differ in size.
	optimism, pessimism = 0.8, 1.4
	// slack is added at both ends of the range: it is the order of a pause that the service asks for.
	slack = 30 * time.Second
)

// times is a range of time: least without further waits for the service, most with as many as so far.
type times struct{ least, most time.Duration }

func (t times) plus(other times) times { return times{t.least + other.least, t.most + other.most} }

func (t times) max(other times) times {
	return times{max(t.least, other.least), max(t.most, other.most)}
}

func (t times) by(n int) times { return times{t.least / time.Duration(n), t.most / time.Duration(n)} }

// EstimateRemaining estimates the time that the streams still need. It is not known as long as a stream that is read in full has
// no estimate or exceeds it, or no page of the kind that it still has to read has been measured.
//
// Each stream requests one page at a time, or one in each of its lanes, so the rest takes at least as long as the longest stream alone.
// All streams together take their share of the parallel requests.
func EstimateRemaining(at time.Time, streams []StreamFigures, parallel int) Remaining {
	measured := measure(at, streams)
	var longest, sum times
	lanes := 0
	for i := range streams {
		if streams[i].Outcome != Open {
			continue
		}
		rest, known := measured.rest(at, &streams[i])
		if !known {
			return Remaining{}
		}
		lanes += max(streams[i].Lanes, 1)
		longest, sum = longest.max(rest.alone), sum.plus(rest.inTurn)
	}
	if lanes == 0 {
		return Remaining{}
	}
	rest := longest.max(sum.by(max(min(parallel, lanes), 1)))
	return Remaining{
		Known: true,
		Least: max(time.Duration(float64(rest.least)*optimism)-slack, 0),
		Most:  time.Duration(float64(rest.most)*pessimism) + slack,
	}
}

// remainder is the time that one stream still needs.
type remainder struct {
	alone  times // if no other stream is read
	inTurn times // that its pages take one after the other
}

// inLanes returns the rest of a stream that requests n pages at once.
func (t times) inLanes(n int) remainder { return remainder{alone: t.by(max(n, 1)), inTurn: t} }

// plus returns the rest of a stream that reads both in turn.
func (r remainder) plus(other remainder) remainder {
	return remainder{r.alone.plus(other.alone), r.inTurn.plus(other.inTurn)}
}

// rest returns the time that one stream still needs.
func (p *paces) rest(at time.Time, s *StreamFigures) (left remainder, known bool) {
	var span PhaseSpan
	if len(s.Phases) > 0 {
		span = s.Phases[len(s.Phases)-1]
	}
	own := paceOf(at, span)
	rows := s.Figures.Estimate - span.Scanned
	inFull := s.EstimateKnown && (span.Pages <= 1 || rows > -s.Figures.Estimate/tolerated)
	switch span.Phase {
	case checkpoint.Changes, checkpoint.ReconcileDeletions: // mostly one page; how many is not known
		return p.changes.or(p.rows).of(0).inLanes(1), span.Pages <= 1
	case checkpoint.FullRefresh, checkpoint.Start, checkpoint.Snapshot:
		own.support(p.rows)
		return own.of(rows).inLanes(s.Lanes), inFull && own.pages > 0
	case checkpoint.TokenScan:
		own.support(p.keys)
		return own.of(rows).inLanes(1).plus(p.rows.of(s.Figures.Estimate).inLanes(s.Lanes)), inFull && own.pages > 0 && p.rows.pages > 0
	case checkpoint.ByVersion, checkpoint.ByTime: // shown as snapshots or changes
	case checkpoint.PackageExport, checkpoint.PackageRows: // how many rows a package has is not known
	}
	switch { // it has not started
	case s.ReadsChanges:
		pages := p.changes.or(p.rows)
		return pages.of(0).inLanes(1), pages.pages > 0
	case s.Mode == modeText(true) && s.Figures.Estimate > dataverse.MaxPageSize:
		return p.keys.or(p.rows).of(rows).inLanes(1).plus(p.rows.of(rows).inLanes(s.Lanes)), s.EstimateKnown && p.rows.pages > 0
	default:
		return p.rows.of(rows).inLanes(s.Lanes), s.EstimateKnown && p.rows.pages > 0
	}
}

// tolerated is the reciprocal of the share by which a stream may exceed its estimate before that counts as wrong.
const tolerated = 10

// paces is what was measured of all streams: their scans of keys, of rows, and of changes.
type paces struct{ keys, rows, changes pace }

func measure(at time.Time, streams []StreamFigures) paces {
	var all paces
	for i := range streams {
		for _, span := range streams[i].Phases {
			switch span.Phase {
			case checkpoint.TokenScan:
				all.keys.add(paceOf(at, span))
			case checkpoint.FullRefresh, checkpoint.Start, checkpoint.Snapshot:
				all.rows.add(paceOf(at, span))
			case checkpoint.Changes:
				all.changes.add(paceOf(at, span))
			case checkpoint.ReconcileDeletions, checkpoint.ByVersion, checkpoint.ByTime, checkpoint.PackageExport, checkpoint.PackageRows:
			}
		}
	}
	return all
}

// pace is the time that pages took, one after the other.
type pace struct {
	took    time.Duration
	waited  time.Duration // the part of it in which the service made the stream wait
	pages   int64
	scanned int64 // rows or keys on them
}

func paceOf(at time.Time, span PhaseSpan) pace {
	to := span.To
	if to.IsZero() {
		to = at
	}
	p := pace{took: to.Sub(span.From), waited: time.Duration(span.Waited), pages: span.Pages, scanned: span.Scanned}
	if span.Lanes > 0 && p.took > 0 { // all lanes wait together
		p.waited = time.Duration(float64(p.waited) * float64(span.Lanes) / float64(p.took))
		p.took = time.Duration(span.Lanes)
	}
	return p
}

func (p *pace) add(other pace) {
	if other.pages > 0 {
		p.took, p.waited = p.took+other.took, p.waited+other.waited
		p.pages, p.scanned = p.pages+other.pages, p.scanned+other.scanned
	}
}

// or returns the pace, or another one where none was measured.
func (p pace) or(other pace) pace {
	if p.pages == 0 {
		return other
	}
	return p
}

// enoughPages is the number of pages from which on a pace of its own says more of a stream than that of all streams.
const enoughPages = 30

// support adds a number of typical pages to the pace of a stream: its own first pages say little.
func (p *pace) support(all pace) {
	if all.pages == 0 {
		return
	}
	share := float64(enoughPages) / float64(all.pages)
	p.took += time.Duration(float64(all.took) * share)
	p.waited += time.Duration(float64(all.waited) * share)
	p.pages += enoughPages
	p.scanned += int64(float64(all.scanned) * share)
}

// of returns the time for a number of rows, at least that for one page.
func (p pace) of(rows int64) times {
	pages := max(1/float64(max(p.pages, 1)), float64(rows)/float64(max(p.scanned, 1)))
	return times{least: time.Duration(float64(p.took-p.waited) * pages), most: time.Duration(float64(p.took) * pages)}
}

package destination

import (
	"encoding/json"
	"strconv"
)

// Refresh is how a user has a stream read in full once more (https://docs.airbyte.com/platform/operator-guides/refreshes).
type Refresh string

const (
	// RemoveRecords raises generation_id and minimum_generation_id to the same value: the rows of lower generations are
	// removed once the stream is complete.
	RemoveRecords Refresh = "refresh and remove records"
	// RetainRecords raises generation_id alone: the rows stay, and lose only to rows with a greater cursor.
	RetainRecords Refresh = "refresh and retain records"
)

// Platform runs the syncs of a connection: it counts jobs, attempts and generations, and hands the source its states, as
// Airbyte's platform does (AttemptHandler, CatalogGenerationSetter and BackfillHelper in
// https://github.com/airbytehq/airbyte-platform). Unlike the platform it hands on the state of a full refresh from one job
// to the next, as other schedulers do.
type Platform struct {
	destination  *Destination
	job, attempt int64
	generations  map[string]int64
	refreshes    map[string]Refresh // that have not succeeded yet
}

// NewPlatform returns the platform of a destination. It has run no job.
func NewPlatform(d *Destination) *Platform {
	return &Platform{destination: d, generations: map[string]int64{}, refreshes: map[string]Refresh{}}
}

// Refresh refreshes a stream with the next job, and with every later one until a job succeeds.
func (p *Platform) Refresh(stream string, how Refresh) { p.refreshes[stream] = how }

// Refreshing returns the refresh of a stream that has not succeeded yet, "" if there is none.
func (p *Platform) Refreshing(stream string) Refresh { return p.refreshes[stream] }

// Clear removes the rows of a stream and its state ("clear data"), which raises its generation too.
func (p *Platform) Clear(stream string) {
	p.destination.Clear(stream)
	delete(p.refreshes, stream)
	p.generations[stream]++
}

// Backfill puts an explicit null in place of a stream's state and leaves its rows, as the platform does where a
// column is added to the stream and backfill is on.
func (p *Platform) Backfill(stream string) error {
	return p.destination.SetState(stream, json.RawMessage("null"))
}

// BeginJob begins the first attempt of a new job: it drops the states of the streams that are refreshed, and raises the
// generations of these and of full refreshes that overwrite.
func (p *Platform) BeginJob(c Catalog) {
	p.job++
	p.attempt = 0
	for _, s := range c.Streams {
		name := s.Stream.Name
		how := p.refreshes[name]
		if how != "" {
			delete(p.destination.states, name)
		}
		if how != "" || s.DestinationSyncMode == Overwrite {
			p.generations[name]++
		}
	}
	p.number(c)
}

// BeginAttempt begins another attempt of the job, in the same generations.
func (p *Platform) BeginAttempt(c Catalog) {
	p.attempt++
	p.number(c)
}

// number writes the generations and the job into the catalog.
func (p *Platform) number(c Catalog) {
	for _, s := range c.Streams {
		name := s.Stream.Name
		s.SyncID, s.GenerationID, s.MinimumGenerationID = p.job, p.generations[name], 0
		if p.refreshes[name] == RemoveRecords || s.DestinationSyncMode == Overwrite {
			s.MinimumGenerationID = s.GenerationID
		}
	}
}

// End ends the attempt. Refreshes end with the first attempt that succeeds.
func (p *Platform) End(succeeded bool) {
	if succeeded {
		clear(p.refreshes)
	}
}

// Job returns the number of the job, from 1, and of its attempt, from 0.
func (p *Platform) Job() (job, attempt int64) { return p.job, p.attempt }

// Variables returns the environment variables that name the job and its attempt to the source.
func (p *Platform) Variables() []string {
	return []string{"WORKER_JOB_ID=" + strconv.FormatInt(p.job, 10), "WORKER_JOB_ATTEMPT=" + strconv.FormatInt(p.attempt, 10)}
}

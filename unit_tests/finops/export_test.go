package finops_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops"
)

const jobDetails = "/data/DataManagementExecutionJobDetails"

// exporting returns a service whose execution goes through the statuses of the replies, the last of which stays, and has one
// finished entity in its job log.
func exporting(t *testing.T, statuses ...reply) *service {
	t.Helper()
	s := newService()
	s.actions["ExportToPackage"] = func(arguments map[string]any) reply { return value(arguments["executionId"].(string)) } //nolint:forcetypeassert // the test panics
	s.actions["GetExecutionSummaryStatus"] = func(map[string]any) reply {
		next := statuses[0]
		if len(statuses) > 1 {
			statuses = statuses[1:]
		}
		return next
	}
	s.actions["GetExecutionErrors"] = func(map[string]any) reply { return value("[]") }
	s.sets[jobDetails] = func(*http.Request) reply {
		return rows(t, map[string]any{
			"JobId": execution().ID, "EntityName": "Customers", "StagingStatus": "NotRun", "TargetStatus": "Finished", "TargetRecordsCreatedCount": 3,
			"TargetEndDateTime": "2026-11-28T12:05:00Z", "StagingEndDateTime": "1900-01-01T00:00:00Z",
		})
	}
	return s
}

func TestExportEndsWithTheOutcomeOfTheJobLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("NotRun"), value("Executing"), value("Succeeded"))
		var seen []finops.Status
		outcome, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), false, func(status finops.Status) { seen = append(seen, status) })
		require.NoError(t, err)
		assert.Equal(t, finops.Succeeded, outcome.Status)
		assert.Equal(t, finops.EntityOutcome{Status: "Finished", Records: 3}, outcome.Entity("CUSTOMERS"))
		assert.Equal(t, "2026-11-28T12:05:00Z", outcome.Completed.Format(time.RFC3339))
		assert.Equal(t, []finops.Status{finops.NotRun, finops.Executing}, seen)
		assert.Equal(t, 1, s.count("ExportToPackage"))
	})
}

func TestExportRequestHasAllParametersWithTheirTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Succeeded"))
		var sent map[string]any
		s.actions["ExportToPackage"] = func(arguments map[string]any) reply {
			sent = arguments
			return value("")
		}
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), false, nil)
		require.NoError(t, err)
		assert.Equal(t, map[string]any{
			"definitionGroupId": "Sales", "packageName": execution().ID, "executionId": execution().ID, "reExecute": false, "legalEntityId": "USMF",
		}, sent)
	})
}

func TestNestedValuesAreReadAsFlatOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, reply{body: `{"@odata.context":"x","value":{"value":"Succeeded"}}`})
		outcome, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), true, nil)
		require.NoError(t, err)
		assert.Equal(t, finops.Succeeded, outcome.Status)
	})
}

func TestExecutionIsPendingBeforeItsRecordExists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, unknownExecution(), unknownExecution(), unknownExecution(), unknownExecution(), unknownExecution(), value("Succeeded"))
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), false, nil)
		require.NoError(t, err)
		assert.Equal(t, 1, s.count("ExportToPackage"))
	})
}

func TestRequestThatBreaksOffIsFollowedByItsStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Executing"), value("Succeeded"))
		s.actions["ExportToPackage"] = func(map[string]any) reply { return reply{err: context.DeadlineExceeded} }
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), false, nil)
		require.NoError(t, err)
		assert.Equal(t, 1, s.count("ExportToPackage"), "the export may run although there was no response")
	})
}

func TestRequestThatNeverArrivedIsRepeatedAfterTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Succeeded"))
		requested := 0
		s.actions["ExportToPackage"] = func(map[string]any) reply {
			if requested++; requested == 1 {
				return reply{err: context.DeadlineExceeded}
			}
			return value("")
		}
		s.actions["GetExecutionSummaryStatus"] = func(map[string]any) reply {
			if requested == 1 {
				return unknownExecution()
			}
			return value("Succeeded")
		}
		log := s.sets[jobDetails]
		s.sets[jobDetails] = func(r *http.Request) reply {
			if requested == 1 {
				return rows(t)
			}
			return log(r)
		}
		began := time.Now()
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), false, nil)
		require.NoError(t, err)
		assert.Equal(t, 2, requested)
		assert.GreaterOrEqual(t, time.Since(began), 15*time.Minute)
	})
}

func TestExecutionOfAnEarlierProcessGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Executing"), value("Succeeded"))
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), true, nil)
		require.NoError(t, err)
		assert.Zero(t, s.count("ExportToPackage"))
	})
}

func TestExecutionThatNoProcessRequestedIsRequestedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, unknownExecution(), unknownExecution(), unknownExecution(), value("Succeeded"))
		log := s.sets[jobDetails]
		s.sets[jobDetails] = func(r *http.Request) reply {
			if s.count("ExportToPackage") == 0 {
				return rows(t)
			}
			return log(r)
		}
		began := time.Now()
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), true, nil)
		require.NoError(t, err)
		assert.Equal(t, 1, s.count("ExportToPackage"))
		assert.Less(t, time.Since(began), time.Minute)
	})
}

func TestExecutionThatIsCleanedUpIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Executing"), unknownExecution())
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), true, nil)
		var lost *finops.LostError
		require.ErrorAs(t, err, &lost)
		assert.Zero(t, s.count("ExportToPackage"))
	})
}

func TestExecutionThatDoesNotEndIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Executing"))
		began := time.Now()
		_, err := s.client(t, finops.Options{Timeout: 2 * time.Hour}).Export(t.Context(), execution(), false, nil)
		var stuck *finops.StuckError
		require.ErrorAs(t, err, &stuck)
		assert.Equal(t, execution().ID, stuck.Execution)
		assert.InDelta(t, 2*time.Hour, time.Since(began), float64(2*time.Minute))
		assert.Less(t, s.count("GetExecutionSummaryStatus"), 150, "the waits grow to a minute")
	})
}

func TestFailedExecutionHasItsMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Failed"))
		s.actions["GetExecutionErrors"] = func(map[string]any) reply {
			return value(`[{"RecordId":"1","Field":"","ErrorMessage":"DMF1968 the file is locked"}]`)
		}
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), false, nil)
		var failed *finops.ExportError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, finops.Failed, failed.Status)
		assert.Equal(t, []string{"DMF1968 the file is locked"}, failed.Messages)
	})
}

func TestRefusedExportIsNotRepeatedByTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, unknownExecution())
		s.actions["ExportToPackage"] = func(map[string]any) reply {
			return refusal(http.StatusBadRequest, "Export to package failed for definition group: Sales")
		}
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), false, nil)
		var refused *finops.RefusedError
		require.ErrorAs(t, err, &refused)
		assert.Contains(t, err.Error(), "Export to package failed for definition group: Sales")
		assert.NotContains(t, err.Error(), "Stack", "a stack trace does not help the reader")
		assert.Equal(t, 1, s.count("ExportToPackage"))
	})
}

func TestRefusedExportThatRunsAfterAllGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Executing"), value("Succeeded"))
		s.actions["ExportToPackage"] = func(map[string]any) reply { return refusal(http.StatusBadRequest, "The execution id was used before.") }
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), false, nil)
		require.NoError(t, err)
	})
}

func TestHostThatCannotBeReachedGetsTheRequestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Succeeded"))
		failures := 2
		s.actions["ExportToPackage"] = func(map[string]any) reply {
			if failures--; failures >= 0 {
				return reply{err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
			}
			return value("")
		}
		_, err := s.client(t, finops.Options{}).Export(t.Context(), execution(), false, nil)
		require.NoError(t, err)
		assert.Equal(t, 3, s.count("ExportToPackage"))
	})
}

func TestOwnExecutionThatRunsIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Executing"))
		s.sets[jobDetails] = func(*http.Request) reply {
			return rows(t, map[string]any{"JobId": execution().ID, "StagingStatus": "NotRun", "TargetStatus": "Executing"})
		}
		x, err := s.client(t, finops.Options{}).AwaitIdle(t.Context(), "Sales", "USMF", false, nil)
		require.NoError(t, err)
		require.NotNil(t, x)
		assert.Equal(t, execution().ID, x.ID)
		assert.Equal(t, "2026-11-28T12:00:00Z", x.Requested.Format(time.RFC3339))
	})
}

func TestExecutionOfSomeoneElseIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Executing"), value("Executing"), value("Succeeded"))
		s.sets[jobDetails] = func(*http.Request) reply {
			return rows(t, map[string]any{"JobId": "someone", "TargetStatus": "Executing"}, map[string]any{"JobId": "old", "TargetStatus": "Finished"})
		}
		var waitedFor []string
		x, err := s.client(t, finops.Options{}).AwaitIdle(t.Context(), "Sales", "USMF", false, func(id string) { waitedFor = append(waitedFor, id) })
		require.NoError(t, err)
		assert.Nil(t, x)
		assert.Equal(t, []string{"someone", "someone"}, waitedFor)
	})
}

func TestExecutionOfSomeoneElseThatDoesNotEndIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exporting(t, value("Executing"))
		s.sets[jobDetails] = func(*http.Request) reply {
			return rows(t, map[string]any{"JobId": "someone", "TargetStatus": "Executing"})
		}
		_, err := s.client(t, finops.Options{Timeout: time.Hour}).AwaitIdle(t.Context(), "Sales", "USMF", false, func(string) {})
		var stuck *finops.StuckError
		require.ErrorAs(t, err, &stuck)
		assert.True(t, stuck.Foreign)
	})
}

func TestEntityCountsAsExportedOnlyIfTheJobLogHasIt(t *testing.T) {
	for _, c := range []struct {
		status finops.Status
		entity finops.EntityOutcome
		fails  bool
	}{
		{finops.Succeeded, finops.EntityOutcome{Status: "Finished"}, false},
		{finops.Succeeded, finops.EntityOutcome{}, false},
		{finops.Succeeded, finops.EntityOutcome{Status: "Error"}, true},
		{finops.PartiallySucceeded, finops.EntityOutcome{Status: "Finished"}, false},
		{finops.PartiallySucceeded, finops.EntityOutcome{Status: "Error"}, true},
		{finops.PartiallySucceeded, finops.EntityOutcome{Status: "Aborted"}, true},
		{finops.PartiallySucceeded, finops.EntityOutcome{Status: "NotRun"}, true},
		{finops.PartiallySucceeded, finops.EntityOutcome{}, true},
	} {
		s := exporting(t, value("Succeeded"))
		outcome := finops.Outcome{Status: c.status, Entities: map[string]finops.EntityOutcome{"customers": c.entity}}
		err := s.client(t, finops.Options{}).EntityFailed(t.Context(), execution(), outcome, "Customers")
		assert.Equal(t, c.fails, err != nil, "%s %+v", c.status, c.entity)
	}
}

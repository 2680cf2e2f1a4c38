package replicate

import (
	"errors"
	"regexp"
	"slices"

	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/finops/entityfile"
	"source-microsoft-dataverse/source/record"
)

// packageAction is what follows an error of an export or its package.
type packageAction int

const (
	endStreams    packageAction = iota // the streams end with the error
	exportAgain                        // another execution follows
	downloadAgain                      // the same package is downloaded again
)

// The most executions that follow one that failed. A failure that Microsoft describes as temporary gets one more than others.
const (
	moreRuns          = 1
	moreTemporaryRuns = 2
)

// temporaryCodes are those of failures of an export that often pass, such as a lock or a lost connection to the database (Microsoft,
// "Data management error descriptions and known limitations").
func temporaryCodes() []string {
	return []string{
		"DMF042", "DMF1968", "DMF1995", "DMF1996", "DMF1997", "DMF2008", "DMF2028", "DMF2037", "DMF2039", "DMF2043", "DMF2045", "DMF2048",
	}
}

var exportCode = regexp.MustCompile(`\bDMF\d+\b`)

// afterExport decides what follows an error after a number of repetitions. Every line is a full push, so that another execution
// has all rows again.
func afterExport(err error, runs int) packageAction {
	var failed *finops.ExportError
	var lost *finops.LostError
	var refused *finops.RefusedError
	var damaged *entityfile.DamagedError
	switch {
	case errors.As(err, &damaged) && runs < moreRuns:
		return downloadAgain
	case (errors.As(err, &lost) || errors.As(err, &refused)) && runs < moreRuns:
		return exportAgain
	case errors.As(err, &failed) && failed.Status == finops.Failed && runs < runsAfter(failed):
		return exportAgain
	default:
		return endStreams
	}
}

// isSpent reports whether an error shows that a later read cannot use an execution: it ended without what the stream needs, or its
// package is lost, damaged, or not in a form that can be read. A later read exports the project again.
func isSpent(err error) bool {
	var failed *finops.ExportError
	var entity *finops.EntityError
	var lost *finops.LostError
	var damaged *entityfile.DamagedError
	var refused *entityfile.RefusedError
	var form *entityfile.FormError
	var file *EntityFileError
	var key *KeyColumnError
	var cell *record.CellError
	for _, target := range []any{&failed, &entity, &lost, &damaged, &refused, &form, &file, &key, &cell} {
		if errors.As(err, target) {
			return true
		}
	}
	return false
}

// runsAfter is the number of executions that follow one that failed.
func runsAfter(failed *finops.ExportError) int {
	for _, message := range failed.Messages {
		if slices.ContainsFunc(exportCode.FindAllString(message, -1), func(code string) bool { return slices.Contains(temporaryCodes(), code) }) {
			return moreTemporaryRuns
		}
	}
	return moreRuns
}

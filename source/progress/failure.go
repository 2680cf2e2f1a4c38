package progress

import (
	"errors"
	"slices"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// newFailure returns what is reported of an error: the facts that it holds, and how it was explained.
func newFailure(at time.Time, cause error, explained protocol.Failure) Failure {
	f := Failure{
		At: at, Stream: explained.Stream, FailureType: string(explained.Type), Message: explained.Internal, Advice: explained.Message,
	}
	if f.Message == "" {
		f.Message = explained.Message
	}
	var request *dataverse.RequestError
	if errors.As(cause, &request) {
		f.Operation = request.Operation
	}
	var refused *dataverse.APIError
	if errors.As(cause, &refused) {
		f.Code, f.Status, f.RequestID = refused.Code, refused.Status, refused.RequestID
	}
	return f
}

// redact masks the secrets in the texts of a failure.
func (f *Failure) redact(mask func(string) string) {
	f.Operation, f.Message, f.Advice = mask(f.Operation), mask(f.Message), mask(f.Advice)
}

// maxWarnings bounds the warnings that a report has.
const maxWarnings = 200

// warnings keeps the first warnings, and counts the others.
type warnings struct {
	kept    []Warning
	omitted int
}

func (w *warnings) add(next Warning) {
	if len(w.kept) == maxWarnings {
		w.omitted++
		return
	}
	w.kept = append(w.kept, next)
}

// redacted returns the warnings without secrets.
func (w *warnings) redacted(mask func(string) string) []Warning {
	kept := slices.Clone(w.kept)
	for i := range kept {
		kept[i].Text = mask(kept[i].Text)
	}
	return kept
}

package source

import (
	"fmt"
	"slices"
	"sync"

	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// partialError reports that some streams, or all, failed. Each of them has an error message of its own.
type partialError struct {
	failed, of int
	typ        protocol.FailureType
	changes    bool // of a stream that failed are read
}

func (e *partialError) Error() string {
	return fmt.Sprintf("%s of %s were not read completely", prose.Grouped(e.failed), prose.Quantity(e.of, "stream"))
}

// resumes returns a space and the sentence on how the failed streams continue.
func (e *partialError) resumes() string {
	if e.changes {
		return " The states are kept, and the next sync resumes from the last checkpoints."
	}
	return ""
}

// streamFailures explains the errors of streams, which may fail at the same time, and remembers their types.
type streamFailures struct {
	situation situation

	mu      sync.Mutex
	types   []protocol.FailureType
	changes bool // of a stream that failed are read
}

func (f *streamFailures) explain(stream replicate.Stream, err error) protocol.Failure {
	s := f.situation.of(stream)
	explained := explain(&verbError{s, err})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changes = f.changes || s.changes
	f.types = append(f.types, explained.Type)
	return explained
}

// overall is the failure type of the whole read: another attempt may succeed only if that is so for every failed stream.
func (f *streamFailures) overall() protocol.FailureType {
	for _, typ := range []protocol.FailureType{protocol.ConfigError, protocol.SystemError} {
		if slices.Contains(f.types, typ) {
			return typ
		}
	}
	return protocol.TransientError
}

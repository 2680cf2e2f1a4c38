package source

import (
	"fmt"
	"slices"
	"sync"

	"source-microsoft-dataverse/source/protocol"
)

// partialError says that some streams failed, each with an error of its own before.
type partialError struct {
	failed, of int
	typ        protocol.FailureType
}

func (e *partialError) Error() string {
	return fmt.Sprintf("%d of %d streams could not be read to their end", e.failed, e.of)
}

// explainer explains the errors of streams, several at once, and remembers who can help.
type explainer struct {
	mu    sync.Mutex
	types []protocol.FailureType
}

func (e *explainer) explain(err error) protocol.Failure {
	told := explain(err)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.types = append(e.types, told.Type)
	return told
}

// overall is the type of a whole read: another attempt may mend it only if it may mend every stream that failed.
func (e *explainer) overall() protocol.FailureType {
	for _, typ := range []protocol.FailureType{protocol.ConfigError, protocol.SystemError} {
		if slices.Contains(e.types, typ) {
			return typ
		}
	}
	return protocol.TransientError
}

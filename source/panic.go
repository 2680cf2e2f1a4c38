package source

import (
	"fmt"
	"runtime/debug"
)

// panicError is a mistake in the connector itself, with the stack for whoever mends it.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

// recovered runs f and returns its panic as an error, so that the platform is told of it as of any other.
func recovered(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value: value, stack: debug.Stack()}
		}
	}()
	return f()
}

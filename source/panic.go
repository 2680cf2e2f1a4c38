package source

import (
	"fmt"
	"runtime/debug"
)

// panicError is a defect of the connector. Its stack shows the developer where it is.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

// recovered runs f and returns a panic of it as an error, so that the platform gets an error message for it too.
func recovered(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value: value, stack: debug.Stack()}
		}
	}()
	return f()
}

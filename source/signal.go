package source

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// EndBy ends the process by a signal, as callers expect of one they stopped: Python's subprocess reports -15 for it, and
// PyAirbyte takes no other code for a stop of its own making. It returns the exit code that shells use for the signal
// where raising it has no effect, as for PID 1 or on Windows.
func EndBy(sig os.Signal) int {
	const raised = 128 // POSIX shells report a process that a signal ended as 128 and the signal's number
	signal.Reset()
	self, err := os.FindProcess(os.Getpid())
	if err == nil && os.Getpid() != 1 && self.Signal(sig) == nil {
		time.Sleep(time.Second) // the signal may reach another thread first
	}
	number, _ := sig.(syscall.Signal)
	return raised + int(number)
}

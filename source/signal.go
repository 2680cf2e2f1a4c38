package source

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// EndBy ends the process by raising a signal that it received, as callers expect of a process that they stopped:
// Python's subprocess then reports -15, the only code that PyAirbyte accepts for a stop of its own. Where raising the
// signal has no effect, as for PID 1 or on Windows, EndBy returns the exit code that shells use for the signal.
func EndBy(sig os.Signal) int {
	const signaled = 128 // POSIX shells add the signal's number to it
	signal.Reset()
	self, err := os.FindProcess(os.Getpid())
	if err == nil && os.Getpid() != 1 && self.Signal(sig) == nil {
		time.Sleep(time.Second) // the signal may reach another thread first
	}
	number, _ := sig.(syscall.Signal)
	return signaled + int(number)
}

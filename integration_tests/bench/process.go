package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// cost is the time and the memory of a process.
type cost struct {
	Wall   time.Duration
	CPU    time.Duration // user and system
	Memory int64         // peak resident size, bytes
}

// drainBuffer is larger than the capacity of a pipe on Linux.
const drainBuffer = 256 << 10

// execute runs a program to its end and copies its stdout to out. An exit code other than 0 is an error, which has the
// program's stderr.
//
// On Linux the peak memory of a new process includes the memory of its parent at that moment, so the bench itself must stay
// smaller than what it measures.
func execute(ctx context.Context, path string, args, env []string, out io.Writer) (cost, error) {
	var stderr bytes.Buffer
	command := exec.CommandContext(ctx, path, args...)
	command.Env = append(os.Environ(), env...)
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		return cost{}, fmt.Errorf("connect to %s: %w", path, err)
	}
	start := time.Now()
	if err := command.Start(); err != nil {
		return cost{}, fmt.Errorf("start %s: %w", path, err)
	}
	// The buffer of io.Copy is smaller than the capacity of the pipe.
	_, drainErr := io.CopyBuffer(onlyWriter{out}, onlyReader{stdout}, make([]byte, drainBuffer))
	waitErr := command.Wait()
	c := cost{Wall: time.Since(start), CPU: command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.Memory = peak(usage)
	}
	switch {
	case waitErr != nil:
		return c, fmt.Errorf("run %s: %w\n%s", args, waitErr, stderr.Bytes())
	case drainErr != nil:
		return c, fmt.Errorf("read what %s prints: %w", args, drainErr)
	default:
		return c, nil
	}
}

// onlyReader and onlyWriter hide the methods with which io.CopyBuffer would bypass its buffer.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)

// peak returns the peak resident size in bytes, which Linux reports in kilobytes.
func peak(usage *syscall.Rusage) int64 { return usage.Maxrss << 10 }

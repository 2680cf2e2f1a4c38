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

// cost is what a process took from its start to its end.
type cost struct {
	Wall   time.Duration
	CPU    time.Duration // user and system
	Memory int64         // greatest resident size, bytes
}

// drainBuffer is more than a pipe of Linux gives at once.
const drainBuffer = 256 << 10

// execute runs a program to its end, its stdout on a pipe whose content goes to out. An exit code other than 0 is an error,
// with what the program wrote to stderr.
//
// Linux counts to a new process's peak memory what its parent had in memory at that moment, so the bench must itself
// stay smaller than what it measures.
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
	// Not io.Copy, whose buffer is smaller than what the pipe holds.
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

// onlyReader and onlyWriter hide the methods by which io.CopyBuffer would go round its buffer.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)

// peak is the greatest resident size in bytes; Linux counts kilobytes.
func peak(usage *syscall.Rusage) int64 { return usage.Maxrss << 10 }

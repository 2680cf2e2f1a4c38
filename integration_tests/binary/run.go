package binary

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// Result is the output of a run and how it ended.
type Result struct {
	// Lines are the lines of stdout, without their line feeds.
	Lines [][]byte
	// Rest is the part of stdout after the last line feed. It is empty unless the run was killed.
	Rest []byte
	// ExitCode is the exit code of the process, -1 if a signal ended it.
	ExitCode int
	// Signal is the signal that ended the process, 0 if none did.
	Signal syscall.Signal
	Stderr string
}

// Process is a run that has not ended.
type Process struct {
	command *exec.Cmd
	stdout  io.Closer
}

// Signal sends the process a signal.
func (p *Process) Signal(signal os.Signal) error { return p.command.Process.Signal(signal) }

// CloseOutput closes the reading end of stdout.
func (p *Process) CloseOutput() error { return p.stdout.Close() }

// Run runs the connector to its end. The variables of env, each "NAME=value", are added to the current environment. An exit
// code other than 0 is not an error.
func (b *Binary) Run(ctx context.Context, args, env []string) (Result, error) {
	return b.Stream(ctx, args, env, nil)
}

// Stream is Run with a callback for each line as soon as it is read. The callback may end the process or close its stdout.
// The connector waits while the callback runs and the pipe is full. The result has all lines as well.
func (b *Binary) Stream(ctx context.Context, args, env []string, each func(p *Process, line []byte)) (Result, error) {
	var stderr bytes.Buffer
	command := exec.CommandContext(ctx, b.Path, args...)
	command.Env = append(os.Environ(), env...)
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		return Result{}, fmt.Errorf("connect to the connector's stdout: %w", err)
	}
	if err := command.Start(); err != nil {
		return Result{}, fmt.Errorf("start the connector: %w", err)
	}
	var result Result
	readErr := result.read(stdout, func(line []byte) {
		if each != nil {
			each(&Process{command, stdout}, line)
		}
	})
	waitErr := command.Wait()
	result.Stderr = stderr.String()
	return result, errors.Join(readErr, result.end(command, waitErr))
}

// read collects lines until stdout ends or is closed.
func (r *Result) read(stdout io.Reader, each func(line []byte)) error {
	reader := bufio.NewReaderSize(stdout, 1<<20)
	for {
		line, err := reader.ReadBytes('\n')
		switch {
		case err == nil:
			line = bytes.TrimSuffix(line, []byte{'\n'})
			r.Lines = append(r.Lines, line)
			each(line)
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrClosed):
			r.Rest = line
			return nil
		default:
			return fmt.Errorf("read the connector's stdout: %w", err)
		}
	}
}

// end records how the process ended. Its error is one of waiting for the process, not one of the connector.
func (r *Result) end(command *exec.Cmd, err error) error {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("wait for the connector: %w", err)
	}
	r.ExitCode = command.ProcessState.ExitCode()
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		r.Signal = status.Signal()
	}
	return nil
}

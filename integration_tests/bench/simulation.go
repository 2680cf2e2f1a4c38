package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// simulation is a service that runs in another process.
type simulation struct {
	connection connection
	command    *exec.Cmd
	commands   io.WriteCloser
	results    *bufio.Reader
}

// simulate starts a service and waits until it is ready.
func simulate(ctx context.Context, s setting) (*simulation, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the bench's own executable: %w", err)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode the setting: %w", err)
	}
	command := exec.CommandContext(ctx, self, serviceVerb, string(raw))
	command.Stderr = os.Stderr
	commands, commandsErr := command.StdinPipe()
	results, resultsErr := command.StdoutPipe()
	if err := errors.Join(commandsErr, resultsErr); err != nil {
		return nil, fmt.Errorf("connect to the simulator: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	m := &simulation{command: command, commands: commands, results: bufio.NewReader(results)}
	if err := m.receive(&m.connection); err != nil {
		return nil, errors.Join(err, m.end())
	}
	return m, nil
}

// ask sends a command and reads its result.
func (m *simulation) ask(name string, result any) error {
	if _, err := fmt.Fprintln(m.commands, name); err != nil {
		return fmt.Errorf("ask the simulator for its %s: %w", name, err)
	}
	return m.receive(result)
}

func (m *simulation) receive(result any) error {
	line, err := m.results.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, result)
	}
	if err != nil {
		return fmt.Errorf("read the simulator's result: %w", err)
	}
	return nil
}

// count returns the statistics of the service.
func (m *simulation) count() (count, error) {
	var c count
	return c, m.ask(askCount, &c)
}

// end stops the service.
func (m *simulation) end() error {
	closeErr := m.commands.Close()
	if err := errors.Join(closeErr, m.command.Wait()); err != nil {
		return fmt.Errorf("end the simulator: %w", err)
	}
	return nil
}

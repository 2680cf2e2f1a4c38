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

// simulation is the bench's end of a service that runs in a process of its own.
type simulation struct {
	connection connection
	command    *exec.Cmd
	questions  io.WriteCloser
	answers    *bufio.Reader
}

// simulate starts a service and waits until it can be called.
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
	questions, questionsErr := command.StdinPipe()
	answers, answersErr := command.StdoutPipe()
	if err := errors.Join(questionsErr, answersErr); err != nil {
		return nil, fmt.Errorf("connect to the simulator: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	m := &simulation{command: command, questions: questions, answers: bufio.NewReader(answers)}
	if err := m.receive(&m.connection); err != nil {
		return nil, errors.Join(err, m.end())
	}
	return m, nil
}

// ask puts a question, and reads the answer.
func (m *simulation) ask(question string, answer any) error {
	if _, err := fmt.Fprintln(m.questions, question); err != nil {
		return fmt.Errorf("ask the simulator for its %s: %w", question, err)
	}
	return m.receive(answer)
}

func (m *simulation) receive(answer any) error {
	line, err := m.answers.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, answer)
	}
	if err != nil {
		return fmt.Errorf("read the simulator's answer: %w", err)
	}
	return nil
}

// count is what the service has counted until now.
func (m *simulation) count() (count, error) {
	var c count
	return c, m.ask(askCount, &c)
}

// end stops the service.
func (m *simulation) end() error {
	closeErr := m.questions.Close()
	if err := errors.Join(closeErr, m.command.Wait()); err != nil {
		return fmt.Errorf("end the simulator: %w", err)
	}
	return nil
}

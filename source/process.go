package source

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Process is what a run of the connector gets from its surroundings.
type Process struct {
	Specification []byte   // spec.json
	Version       string   // the build stamp; "" for the version under which Go downloaded the module
	Args          []string // the command line without the program's name
	Getenv        func(string) string
	Stdout        io.Writer
	Stderr        io.Writer // nil discards what is written
	// StdoutTerminal and StderrTerminal report whether a person sees what is written.
	StdoutTerminal, StderrTerminal bool
	Limits                         Limits
}

// ThisProcess returns what the running process gets, with the content of spec.json and the build stamp.
func ThisProcess(specification []byte, version string) Process {
	return Process{
		Specification: specification, Version: version, Args: os.Args[1:], Getenv: os.Getenv, Stdout: os.Stdout, Stderr: os.Stderr,
		StdoutTerminal: term.IsTerminal(int(os.Stdout.Fd())), StderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

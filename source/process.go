package source

import (
	"io"
	"os"
	"path/filepath"

	"golang.org/x/term"
)

// Process is what a run of the connector gets from its surroundings.
type Process struct {
	Specification []byte   // spec.json
	Version       string   // the build stamp; "" for the version under which Go downloaded the module
	Program       string   // the path by which the program was started; "" for its plain name
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
		Specification: specification, Version: version, Program: programPath(os.Args[0]), Args: os.Args[1:],
		Getenv: os.Getenv, Stdout: os.Stdout, Stderr: os.Stderr,
		StdoutTerminal: term.IsTerminal(int(os.Stdout.Fd())), StderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// programPath returns the program's name as typed if it is a path, else "".
func programPath(typed string) string {
	if filepath.Base(typed) == typed {
		return ""
	}
	return typed
}

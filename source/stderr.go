package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"syscall"

	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/protocol"
)

// logger returns the log of the verb: LOG messages for a verb of the protocol, lines on stderr for any other, whose level
// is warn unless LOG_LEVEL or --debug sets another. It warns of a LOG_LEVEL that does not exist, except before a
// specification, which must be the first message.
func (i *invocation) logger(ctx context.Context) *slog.Logger {
	level, write := slog.LevelWarn, airbyte.LogWriter(i.logLine)
	if i.command.Verb.OfProtocol() {
		level, write = slog.LevelInfo, i.out.Tracker().Log
	}
	value := i.process.Getenv("LOG_LEVEL")
	wanted, known := protocol.ParseLevel(value)
	if known {
		level = wanted
	}
	if i.command.Debug {
		level = slog.LevelDebug
	}
	log := slog.New(protocol.NewLogHandler(write, level))
	if value != "" && !known && len(variablesOf(i.command.Verb)) > 0 {
		log.WarnContext(ctx, fmt.Sprintf("The environment variable LOG_LEVEL has the unknown value %q and is ignored. %s", value, levelAdvice(value)))
	}
	return log
}

// levelAdvice is what to do about a value of LOG_LEVEL that names no level.
func levelAdvice(value string) string {
	levels := []string{"debug", "info", "warn", "error", "trace"}
	if nearest := protocol.Nearest(value, levels); nearest != "" {
		return "Did you mean " + nearest + "?"
	}
	return "Set it to debug, info, warn, or error."
}

// logLine writes a log as a line to stderr.
func (i *invocation) logLine(level airbyte.LogLevel, text string) error {
	return i.writeStderr(fmt.Sprintf("%s%s: %s\n", i.clearProgress(), level, i.out.Redacted(text)))
}

// fail reports why the run failed: as an error message of the protocol, unless the verb is for people, and as a line on
// stderr, if the verb is for people, the command line is invalid, or a person sees stderr but not the message. An error of
// writing has no reader.
func (i *invocation) fail(err error) {
	failure := explain(err)
	verb := i.command.Verb
	var usage *protocol.UsageError
	misused := errors.As(err, &usage)
	if misused {
		verb = usage.Verb
	}
	forPeople := verb != "" && !verb.OfProtocol()
	if !forPeople {
		_ = i.out.Fail(failure)
	}
	if forPeople || misused || i.process.StderrTerminal && !i.process.StdoutTerminal {
		_, _ = fmt.Fprintln(i.process.Stderr, i.out.Redacted(failure.Message))
	}
}

// unwritable returns the reason why standard output cannot be written, nil if err has another cause, or if the reader of
// standard output has closed it.
func unwritable(err error) error {
	var failed *fs.PathError
	if !errors.As(err, &failed) || failed.Path != os.Stdout.Name() || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return failed.Err
}

// failOutput reports on stderr that standard output cannot be written.
func (i *invocation) failOutput(reason error) {
	advice := "Free space, for example, and run the command again."
	if i.command.Verb == protocol.Read {
		advice = "Free space, for example, and read again. With the output so far as --state, the read continues where this one stopped."
	}
	_, _ = fmt.Fprintf(i.process.Stderr, "Standard output cannot be written: %v. %s\n", reason, advice)
}

// nameVerbForPeople advises a person who sees the messages of the protocol, which are made for programs: on the verb that
// is made for people, or on saving the messages.
func (i *invocation) nameVerbForPeople() {
	if !i.process.StdoutTerminal || !i.process.StderrTerminal {
		return
	}
	program, config := i.process.Program, i.command.Config
	if program == "" || !plainWord(program) {
		program = name
	}
	if !plainWord(config) {
		config = "FILE"
	}
	var advice string
	switch i.command.Verb {
	case protocol.Spec:
		advice = fmt.Sprintf("For the settings as a list, run: %s help check", program)
	case protocol.Check:
		advice = fmt.Sprintf("For a report to read, run: %s doctor --config %s", program, config)
	case protocol.Discover:
		advice = fmt.Sprintf("For a list of tables to read, run: %s tables --config %s", program, config)
	case protocol.Read:
		advice = "To save them, redirect the output to a file: > rows.jsonl"
		if i.command.State != "" { // rows.jsonl may be the state
			advice = "To save them, redirect the output to a new file."
		}
	default:
		return
	}
	_, _ = fmt.Fprintf(i.process.Stderr, "%s prints messages for programs. %s\n", i.command.Verb, advice)
}

// plainWord reports whether a shell takes a word as it is.
func plainWord(word string) bool { return !strings.ContainsAny(word, " \t'\"\\$") }

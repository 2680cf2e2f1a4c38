package source

import (
	"fmt"
	"os"

	"golang.org/x/term"

	"source-microsoft-dataverse/source/listing"
)

// print writes the result of a verb for people to stdout.
func (i *invocation) print(text []byte) error {
	_, err := i.process.Stdout.Write(text)
	return err
}

// progress shows on stderr what a verb for people is doing. It replaces what it showed before, and "" removes it. If stderr is not
// a terminal, it shows nothing.
func (i *invocation) progress(text string) {
	if before := i.clearProgress(); before != "" {
		_ = i.writeStderr(before + text)
	}
}

// clearProgress returns what removes the text of progress, "" if nothing is shown.
func (i *invocation) clearProgress() string {
	if i.process.StderrTerminal && i.process.Getenv("TERM") != "dumb" {
		return "\r\x1b[K"
	}
	return ""
}

// comment writes a sentence to stderr if a person watches.
func (i *invocation) comment(format string, args ...any) {
	if i.process.StderrTerminal {
		_ = i.writeStderr(fmt.Sprintf(format+"\n", args...))
	}
}

// writeStderr writes a text to stderr as a whole, because requests that run at the same time may all log.
func (i *invocation) writeStderr(text string) error {
	i.stderr.Lock()
	defer i.stderr.Unlock()
	_, err := fmt.Fprint(i.process.Stderr, text)
	return err
}

// width returns the width of the terminal on stdout, listing.NoLimit if it is not a terminal or its size is unknown.
func (p Process) width() int {
	file, is := p.Stdout.(*os.File)
	if !is || !p.StdoutTerminal {
		return listing.NoLimit
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 {
		return listing.NoLimit
	}
	return width
}

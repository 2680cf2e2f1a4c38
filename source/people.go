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

// progress shows on stderr what a verb for people is doing, in place of what it showed before, and nothing for "". Where
// no person watches, it shows nothing.
func (i *invocation) progress(text string) {
	const clearLine = "\r\x1b[K"
	if i.process.StderrTerminal && i.process.Getenv("TERM") != "dumb" {
		_, _ = fmt.Fprint(i.process.Stderr, clearLine+text)
	}
}

// comment writes a sentence to stderr if a person watches.
func (i *invocation) comment(format string, args ...any) {
	if i.process.StderrTerminal {
		_, _ = fmt.Fprintf(i.process.Stderr, format+"\n", args...)
	}
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

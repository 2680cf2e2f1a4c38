package report

import (
	"slices"
	"strings"
	"unicode"

	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/prose"
)

// Style is how a text is laid out.
type Style struct {
	Width   int  // of the terminal in cells; 0: it is not one
	Unicode bool // characters other than ASCII can be shown
	Color   bool
}

const (
	// readable is the width of lines where there is room for more.
	readable = 100
	// narrowest is the width below which lines are left to the terminal to break.
	narrowest = 40
)

// width returns the width of lines.
func (s Style) width() int {
	if s.Width < narrowest {
		return readable
	}
	return min(s.Width, readable)
}

// The colors of marks, as commands of ECMA-48 (8.3.117, SGR).
const (
	red    = "31"
	yellow = "33"
	green  = "32"
	bold   = "1"
)

// mark returns a mark for what is right, or for what is not, which differ by their shapes and not by color alone.
func (s Style) mark(of level) string {
	marks := map[level]struct{ unicode, ascii, color string }{
		right:   {"✓", "ok", green},
		neutral: {"-", "- ", ""},
		warned:  {"!", "! ", yellow},
		wrong:   {"✗", "x ", red},
	}
	m := marks[of]
	if !s.Unicode {
		return s.colored(m.ascii, m.color)
	}
	return s.colored(m.unicode, m.color)
}

// level is what a mark stands for.
type level int

const (
	right   level = iota // as it should be
	neutral              // good to know
	warned
	wrong
)

// levelOf returns the level of a finding. Infos that only describe what was found are right; other infos have a reason.
func levelOf(f inspect.Finding) level {
	switch {
	case f.Severity == inspect.Error:
		return wrong
	case f.Severity == inspect.Warning:
		return warned
	case slices.Contains([]inspect.Code{inspect.AboutEnvironment, inspect.AboutUser, inspect.AboutTables, inspect.AboutProject}, f.Code):
		return right
	default:
		return neutral
	}
}

// arrow precedes what to do.
func (s Style) arrow() string {
	if s.Unicode {
		return "→"
	}
	return "->"
}

// colored returns a text in a color, if there are colors.
func (s Style) colored(text, color string) string {
	if !s.Color || color == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// shown returns a text without what a terminal could take for a command, and without characters that cannot be shown.
func (s Style) shown(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r <= unicode.MaxASCII || s.Unicode:
			return r
		case unicode.Is(unicode.Cf, r): // joins characters
			return -1
		default:
			return '?'
		}
	}, prose.Printable(text))
}

// paragraph breaks a text into lines after words. The first line has a beginning, and the others an indent of the same width.
func (s Style) paragraph(beginning, text string) string {
	indent := prose.Cells(uncolored(beginning))
	lines := prose.Lines(s.shown(text), s.width()-indent)
	return beginning + strings.Join(lines, "\n"+strings.Repeat(" ", indent)) + "\n"
}

// uncolored returns a text without the commands of colored.
func uncolored(text string) string {
	var plain strings.Builder
	for {
		before, command, found := strings.Cut(text, "\x1b[")
		plain.WriteString(before)
		if !found {
			return plain.String()
		}
		_, text, _ = strings.Cut(command, "m")
	}
}

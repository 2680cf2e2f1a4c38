package progress_test

import (
	"fmt"
	"strings"
)

// screen shows what a terminal would after it was sent some text: it knows lines, and the two commands that mpb sends. Like the
// terminals of today it wraps lines again when its width changes.
type screen struct {
	lines []string // as written, not wrapped
	at    int      // the line of the cursor, which is always at its beginning
	width int
}

func newScreen(width int) *screen { return &screen{lines: []string{""}, width: width} }

// write takes text that ends with a line feed or a command. An unknown command is an error.
func (s *screen) write(text string) error {
	for text != "" {
		if command, found := strings.CutPrefix(text, "\x1b["); found {
			end := strings.IndexAny(command, "AJ")
			if end < 0 {
				return fmt.Errorf("unknown command %q", text)
			}
			if command[end] == 'J' {
				s.lines = append(s.lines[:s.at], "")
			} else if err := s.up(command[:end]); err != nil {
				return err
			}
			text = command[end+1:]
			continue
		}
		line, rest, ended := strings.Cut(text, "\n")
		if !ended || strings.Contains(line, "\x1b") {
			return fmt.Errorf("no line: %q", text)
		}
		s.lines[s.at] = strings.TrimSuffix(line, "\r")
		s.lines = append(s.lines[:s.at+1], "")
		s.at++
		text = rest
	}
	return nil
}

// up moves the cursor up by a number of lines as the terminal shows them.
func (s *screen) up(count string) error {
	var rows int
	if _, err := fmt.Sscan(count, &rows); err != nil {
		return fmt.Errorf("move up by %q: %w", count, err)
	}
	for rows > 0 && s.at > 0 {
		s.at--
		rows -= max(1, (len([]rune(s.lines[s.at]))+s.width-1)/s.width)
	}
	if rows != 0 {
		return fmt.Errorf("the cursor ends in the middle of a line or above the screen: %d", rows)
	}
	return nil
}

// text returns all lines.
func (s *screen) text() string { return strings.Join(s.lines, "\n") }

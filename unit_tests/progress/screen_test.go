package progress_test

import (
	"fmt"
	"strings"
)

// screen shows what a terminal would after it was sent some text: it knows lines, and the commands of the display. Like most
// terminals it wraps lines again when its width changes.
type screen struct {
	lines  [][]rune // as written, not wrapped
	row    int      // the line of the cursor
	column int
	width  int
}

func newScreen(width int) *screen { return &screen{lines: [][]rune{nil}, width: width} }

// write takes text. An unknown command is an error.
func (s *screen) write(text string) error {
	for text != "" {
		if command, found := strings.CutPrefix(text, "\x1b["); found {
			end := strings.IndexAny(command, "AJK")
			if end < 0 {
				return fmt.Errorf("unknown command %q", text)
			}
			if err := s.command(command[:end], command[end]); err != nil {
				return err
			}
			text = command[end+1:]
			continue
		}
		letter := []rune(text)[0]
		text = text[len(string(letter)):]
		switch letter {
		case '\r':
			s.column = 0
		case '\n':
			s.row, s.column = s.row+1, 0
			if s.row == len(s.lines) {
				s.lines = append(s.lines, nil)
			}
		default:
			s.lines[s.row] = append(s.lines[s.row][:s.column], append([]rune{letter}, s.lines[s.row][min(s.column+1, len(s.lines[s.row])):]...)...)
			s.column++
		}
	}
	return nil
}

func (s *screen) command(count string, letter byte) error {
	switch letter {
	case 'A':
		return s.up(count)
	case 'J':
		s.lines = s.lines[:s.row+1]
	}
	s.lines[s.row] = s.lines[s.row][:s.column]
	return nil
}

// up moves the cursor up by a number of lines as the terminal shows them.
func (s *screen) up(count string) error {
	var rows int
	if _, err := fmt.Sscan(count, &rows); err != nil {
		return fmt.Errorf("move up by %q: %w", count, err)
	}
	for rows > 0 && s.row > 0 {
		s.row--
		rows -= max(1, (len(s.lines[s.row])+s.width-1)/s.width)
	}
	if rows != 0 {
		return fmt.Errorf("the cursor ends in the middle of a line or above the screen: %d", rows)
	}
	return nil
}

// text returns all lines.
func (s *screen) text() string {
	var text []string
	for _, line := range s.lines {
		text = append(text, string(line))
	}
	return strings.Join(text, "\n")
}

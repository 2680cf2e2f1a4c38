package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// widest is the number of characters of a line that are printed, and endShown how many of them are its last.
const (
	widest   = 170
	endShown = 80
)

func (d *demo) title(text string) {
	d.say("\n%s\n%s", text, strings.Repeat("-", utf8.RuneCountInString(text)))
}

func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.out, format+"\n", args...)
	_ = d.out.Flush() // show each step at once; Flush at the end returns the error
}

func (d *demo) command(args []string) {
	d.say("$ source-microsoft-dataverse %s", strings.Join(args, " "))
}

// excerpt prints the first lines, long ones without their middle, and the number of the others.
func (d *demo) excerpt(lines [][]byte, most int) {
	for _, line := range lines[:min(most, len(lines))] {
		text := strings.ReplaceAll(string(line), d.directory+string(os.PathSeparator), "")
		d.say("  %s", shortened(text))
	}
	if len(lines) > most {
		d.say("  … and %d more lines", len(lines)-most)
	}
}

// shortened returns a long line without its middle.
func shortened(text string) string {
	runes := []rune(text)
	if len(runes) <= widest {
		return text
	}
	return string(runes[:widest-endShown]) + " … " + string(runes[len(runes)-endShown:])
}

// samples returns the lines with the first of each kind of one stream at the front.
func samples(lines [][]byte, stream string) [][]byte {
	seen := map[string]bool{}
	var first, rest [][]byte
	for _, line := range lines {
		kind := kindOf(line)
		if !seen[kind] && bytes.Contains(line, []byte(`"`+stream+`"`)) {
			seen[kind] = true
			first = append(first, line)
			continue
		}
		rest = append(rest, line)
	}
	return append(first, rest...)
}

func kindOf(line []byte) string {
	for _, mark := range []string{`"STARTED"`, `"RUNNING"`, `"COMPLETE"`, `"type":"STATE"`, `"type":"LOG"`, `"_ab_cdc_deleted_at":"`} {
		if bytes.Contains(line, []byte(mark)) {
			return mark
		}
	}
	return "record"
}

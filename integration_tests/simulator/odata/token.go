package odata

import (
	"strings"
	"unicode"
)

// FilterToken is a word, number, quoted string or bracket of a $filter.
type FilterToken struct {
	Text   string
	Quoted bool
	At     int
}

// filterTokens cuts a $filter into tokens. An enum literal such as
// Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned' becomes two tokens that touch.
func filterTokens(text string) ([]FilterToken, *Error) {
	var tokens []FilterToken
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case ' ', '\t', '\n', '\r':
			i++
		case '(', ')', ',', '=':
			tokens = append(tokens, FilterToken{Text: string(c), At: i})
			i++
		case '[':
			end := strings.IndexByte(text[i:], ']')
			if end < 0 {
				return nil, BadQuery("')' or ',' expected at position %d in '%s'.", len(text), text)
			}
			tokens = append(tokens, FilterToken{Text: text[i : i+end+1], Quoted: true, At: i})
			i += end + 1
		case '\'':
			value, length := QuotedString(text[i:])
			if length == 0 {
				return nil, BadQuery("There is an unterminated string literal at position %d in '%s'.", len(text), text)
			}
			tokens = append(tokens, FilterToken{Text: value, Quoted: true, At: i})
			i += length
		default:
			length := WordLength(text[i:])
			if length == 0 {
				return nil, BadQuery("Syntax error: character '%c' is not valid at position %d in '%s'.", c, i, text)
			}
			tokens = append(tokens, FilterToken{Text: text[i : i+length], At: i})
			i += length
		}
	}
	return tokens, nil
}

// QuotedString reads a string literal, in which a quote is doubled, and its length in the text; 0 if it has no end.
func QuotedString(text string) (string, int) {
	var value strings.Builder
	for i := 1; i < len(text); i++ {
		if text[i] != '\'' {
			value.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			value.WriteByte('\'')
			i++
			continue
		}
		return value.String(), i + 1
	}
	return "", 0
}

// WordLength returns the length of the name, path, number or guid that the text begins with.
func WordLength(text string) int {
	end := strings.IndexFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_./-+:$@", r)
	})
	if end < 0 {
		return len(text)
	}
	return end
}

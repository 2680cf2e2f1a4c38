package simulator

import (
	"strings"
	"unicode"
)

// filterToken is a word, number, quoted string or bracket of a $filter.
type filterToken struct {
	text   string
	quoted bool
	at     int
}

// filterTokens cuts a $filter into tokens. An enum literal such as
// Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned' becomes two tokens that touch.
func filterTokens(text string) ([]filterToken, *apiError) {
	var tokens []filterToken
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case ' ', '\t', '\n', '\r':
			i++
		case '(', ')', ',', '=':
			tokens = append(tokens, filterToken{text: string(c), at: i})
			i++
		case '[':
			end := strings.IndexByte(text[i:], ']')
			if end < 0 {
				return nil, badQuery("')' or ',' expected at position %d in '%s'.", len(text), text)
			}
			tokens = append(tokens, filterToken{text: text[i : i+end+1], quoted: true, at: i})
			i += end + 1
		case '\'':
			value, length := quotedString(text[i:])
			if length == 0 {
				return nil, badQuery("There is an unterminated string literal at position %d in '%s'.", len(text), text)
			}
			tokens = append(tokens, filterToken{text: value, quoted: true, at: i})
			i += length
		default:
			length := wordLength(text[i:])
			if length == 0 {
				return nil, badQuery("Syntax error: character '%c' is not valid at position %d in '%s'.", c, i, text)
			}
			tokens = append(tokens, filterToken{text: text[i : i+length], at: i})
			i += length
		}
	}
	return tokens, nil
}

// quotedString reads a string literal, in which a quote is doubled, and its length in the text; 0 if it has no end.
func quotedString(text string) (string, int) {
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

// wordLength is the length of the name, path, number or guid that the text begins with.
func wordLength(text string) int {
	end := strings.IndexFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_./-+:$@", r)
	})
	if end < 0 {
		return len(text)
	}
	return end
}

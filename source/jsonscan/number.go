package jsonscan

// EndOfNumber returns the end of the number that begins at the given position (RFC 8259, section 6), and whether it is
// an Integer or a Fraction. It refuses a number at the end of the text, because there may be more digits.
func EndOfNumber(text []byte, at int) (end int, kind Kind) {
	kind = Integer
	if at < len(text) && text[at] == '-' {
		at++
	}
	if at < len(text) && text[at] == '0' {
		at++
	} else if at = endOfDigits(text, at); at == 0 {
		return 0, 0
	}
	if at < len(text) && text[at] == '.' {
		if at = endOfDigits(text, at+1); at == 0 {
			return 0, 0
		}
		kind = Fraction
	}
	if at < len(text) && text[at]|' ' == 'e' {
		at++
		if at < len(text) && (text[at] == '+' || text[at] == '-') {
			at++
		}
		if at = endOfDigits(text, at); at == 0 {
			return 0, 0
		}
		kind = Fraction
	}
	if at >= len(text) {
		return 0, 0
	}
	return at, kind
}

// endOfDigits returns the end of one or more digits, 0 if there is no digit.
func endOfDigits(text []byte, at int) int {
	from := at
	for at < len(text) && isDigit(text[at]) {
		at++
	}
	if at == from {
		return 0
	}
	return at
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

package config

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shownCharacters is the number of characters of an id that remain, so that a person can distinguish ids.
const shownCharacters = 4

// mask finds a value in a text in all its encodings.
type mask struct {
	pattern     *regexp.Regexp
	only        func(match string) bool // nil: whatever matches the pattern is replaced
	replacement string
}

// jwt matches tokens and assertions in the compact form of a JWT (RFC 7519): a header of JSON, claims, and a signature.
var jwt = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`)

// signed matches the signature of a url that needs no token, such as that of a package (Microsoft, "Create a service SAS").
var signed = regexp.MustCompile(`\bsig=[^&\s"'\\]+`)

// Redact masks the ids, client secrets, passwords and certificates of all credentials in a text: plain, percent-encoded, escaped
// as in JSON, or in base64; the ids in any letter case. It masks tokens as well: whatever has the shape of a JWT, and the
// signatures of urls. The first characters of an id remain, none of a secret. Values shorter than four characters are not masked,
// because they are parts of common words.
func (c *Config) Redact(text string) string {
	masks := c.masks
	if masks == nil {
		masks = c.newMasks()
	}
	for _, mask := range masks {
		text = mask.apply(text)
	}
	return text
}

// apply replaces what the mask finds.
func (m mask) apply(text string) string {
	if m.only == nil {
		return m.pattern.ReplaceAllLiteralString(text, m.replacement)
	}
	return m.pattern.ReplaceAllStringFunc(text, func(run string) string {
		if m.only(run) {
			return m.replacement
		}
		return run
	})
}

func (c *Config) newMasks() []mask {
	masks := []mask{{pattern: jwt, replacement: stars}, {pattern: signed, replacement: "sig=" + stars}}
	for _, user := range append([]Credentials{c.Credentials}, c.AdditionalCredentials...) {
		if keys := user.keyTexts(); keys.content != "" {
			masks = append(masks, mask{pattern: run, only: newFragments(keys.content).in, replacement: stars})
			masks = append(masks, maskOf(keys.password)...)
		}
		masks = append(masks, maskOf(user.ClientSecret.Reveal())...)
		for _, id := range []Secret{user.TenantID, user.ClientID, user.IdentityClientID} {
			value := id.Reveal()
			if utf8.RuneCountInString(value) >= shownCharacters {
				masks = append(masks, mask{pattern: formsOf(value, true), replacement: beginning(value) + "…"})
			}
		}
	}
	return masks
}

// maskOf masks a secret, unless it is too short.
func maskOf(secret string) []mask {
	if utf8.RuneCountInString(secret) < shownCharacters {
		return nil
	}
	return []mask{{pattern: formsOf(secret, false), replacement: stars}}
}

// beginning returns the characters of an id that remain: none if they would be half of it or more.
func beginning(id string) string {
	runes := []rune(id)
	if len(runes) <= 2*shownCharacters {
		return ""
	}
	return string(runes[:shownCharacters])
}

// formsOf matches the value's encodings, in any letter case if anyCase is set.
func formsOf(value string, anyCase bool) *regexp.Regexp {
	spellings := []string{value}
	if anyCase {
		spellings = append(spellings, strings.ToLower(value), strings.ToUpper(value))
	}
	var plain strings.Builder
	for _, r := range value {
		forms := characterForms(r)
		if anyCase {
			forms = append(characterForms(unicode.ToLower(r)), characterForms(unicode.ToUpper(r))...)
		}
		plain.WriteString("(?:" + strings.Join(forms, "|") + ")")
	}
	return regexp.MustCompile(strings.Join(append(base64Forms(spellings), plain.String()), "|"))
}

// characterForms matches one character plain, percent-encoded once or more often, or escaped as in a JSON string.
// Encoders differ in which characters they encode, so each character may have any form.
func characterForms(r rune) []string {
	forms := []string{regexp.QuoteMeta(string(r)), percentForm(string(r))}
	if r <= 0xffff {
		forms = append(forms, fmt.Sprintf(`\\+u(?i:%04x)`, r))
	}
	switch r {
	case ' ': // a plus sign in a query
		forms = append(forms, `\+`, percentForm("+"))
	case '"', '\'', '\\', '/':
		forms = append(forms, `\\+`+regexp.QuoteMeta(string(r)))
	}
	return forms
}

func percentForm(character string) string {
	var form strings.Builder
	for _, b := range []byte(character) {
		fmt.Fprintf(&form, "%%(?:25)*(?i:%02x)", b)
	}
	return form.String()
}

// base64Forms matches the values in both alphabets, padded or not. For values of some length it also matches the
// characters that appear where a value is a part of what was encoded, as in "client:secret". Longer forms come first.
func base64Forms(values []string) []string {
	var forms []string
	for _, value := range values {
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			forms = append(forms, regexp.QuoteMeta(encoding.EncodeToString([]byte(value)))+"={0,2}")
			if len(value) < 2*shownCharacters {
				continue
			}
			for before := range 3 {
				forms = append(forms, regexp.QuoteMeta(base64Inside(encoding, value, before)))
			}
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return slices.Compact(forms)
}

// base64Inside encodes the value with the given number of bytes before it and drops the characters that encode other
// bytes too. Four characters of base64 encode three bytes.
func base64Inside(encoding *base64.Encoding, value string, before int) string {
	encoded := encoding.EncodeToString(append(make([]byte, before), value...))
	if (before+len(value))%3 != 0 {
		encoded = encoded[:len(encoded)-1]
	}
	return encoded[(before*8+5)/6:]
}

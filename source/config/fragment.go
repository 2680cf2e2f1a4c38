package config

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
)

const (
	// fragmentLength is the number of characters by which a piece of a long secret is recognized, and fragmentStep the distance
	// between two of them in the secret. A line of a PEM file has 64 characters.
	fragmentLength, fragmentStep = 16, 8
)

// run matches characters of base64, percent-encoded or not, as many as have a fragment in them wherever they are cut from.
var run = regexp.MustCompile(`[A-Za-z0-9+/=_%-]{23,}`)

// fragments are pieces of a long secret in base64, such as a private key, of which a text may show any part.
type fragments struct{ of map[string]bool }

// newFragments returns the fragments of a secret by lines and without line breaks, as they are and in base64 at each position.
func newFragments(secret string) *fragments {
	f := &fragments{map[string]bool{}}
	texts := []string{strings.Join(strings.Fields(secret), "")}
	for line := range strings.Lines(secret) {
		texts = append(texts, strings.TrimSpace(line))
	}
	for _, text := range texts {
		if len(text) < fragmentLength {
			continue
		}
		f.add(text)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			for before := range 3 {
				f.add(base64Inside(encoding, text, before))
			}
		}
	}
	return f
}

func (f *fragments) add(text string) {
	for at := 0; at+fragmentLength <= len(text); at += fragmentStep {
		if piece := text[at : at+fragmentLength]; !strings.Contains(piece, "-----") { // the boundaries of PEM are no secret
			f.of[piece] = true
		}
	}
}

// in reports whether a text has one of the fragments.
func (f *fragments) in(text string) bool {
	for { // texts are encoded more than once
		plain, err := url.PathUnescape(text)
		if err != nil || plain == text {
			break
		}
		text = plain
	}
	for at := 0; at+fragmentLength <= len(text); at++ {
		if f.of[text[at:at+fragmentLength]] {
			return true
		}
	}
	return false
}

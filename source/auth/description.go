package auth

import (
	"regexp"
	"strings"
	"sync"
)

// maxDescription is the length of a description in characters, beyond which it is cut off. Entra's longest sentences
// have about 500.
const maxDescription = 600

var (
	codePrefix = regexp.MustCompile(`^\s*AADSTS\d+\s*:\s*`)
	// trailer begins what Entra appends to its sentences (Microsoft, "Microsoft Entra authentication and authorization
	// error codes").
	trailer = regexp.MustCompile(`(?i)\s*(?:trace id|correlation id|timestamp)\s*:`)
	// private matches ids, addresses of users, the names of tenants, and texts that are long enough for a key, a
	// thumbprint or a token.
	// It is compiled when it is used first, so that processes that do not need it start faster.
	private = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\w.+-]+@[\w.-]+\w|[\w-]+\.onmicrosoft\.\w+|` +
			`eyJ[\w-]+\.[\w.-]+|[\w+=~-]{32,}`)
	})
	// emptied matches what is left of a quotation whose content is removed.
	emptied = regexp.MustCompile(`'\.\.\.'(?:\(\.\.\.\))?|"\.\.\."`)
)

// withoutIDs returns Entra's sentences on one line, without the code in front, the ids behind, and with "..." in place
// of ids, names and secrets.
func withoutIDs(description string, secrets []string) string {
	text := codePrefix.ReplaceAllString(description, "")
	if at := trailer.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	for _, secret := range secrets {
		const shortest = 4 // anything shorter is not a secret
		if len(secret) >= shortest {
			text = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(secret)).ReplaceAllString(text, "...")
		}
	}
	text = emptied.ReplaceAllString(private().ReplaceAllString(text, "..."), "...")
	runes := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " "))
	if len(runes) > maxDescription {
		return string(runes[:maxDescription]) + "..."
	}
	return string(runes)
}

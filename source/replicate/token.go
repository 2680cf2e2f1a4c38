package replicate

import (
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// honored reports whether a response has all the wanted columns. A response that names none has those of the link's own
// selection, which are all columns only if the link selects none. If all are wanted, a response should name none.
func honored(named, wanted, before []string) bool {
	if len(wanted) == 0 {
		return named == nil
	}
	if named == nil {
		return before == nil
	}
	return !slices.ContainsFunc(wanted, func(column string) bool { return !slices.Contains(named, column) })
}

// wentBackward reports whether a delta token has a lower version than an earlier one. A token begins with the version
// of the database, which only rises, and "!" (Microsoft, "Use change tracking to synchronize data with external
// systems"); the version of any other form is not known.
func wentBackward(before, after dataverse.Link) bool {
	from, known := tokenVersion(before)
	to, alsoKnown := tokenVersion(after)
	return known && alsoKnown && to < from
}

// isAfter reports whether a version is greater than that of a delta token.
func isAfter(version uint64, token dataverse.Link) bool {
	of, known := tokenVersion(token)
	return known && version > of
}

func tokenVersion(link dataverse.Link) (version uint64, known bool) {
	text, _, found := strings.Cut(strings.Replace(link.DeltaToken(), "%21", "!", 1), "!")
	if !found {
		return 0, false
	}
	version, err := strconv.ParseUint(text, 10, 64)
	return version, err == nil
}

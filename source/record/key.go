package record

import "bytes"

// Keys are written and compared in one form: a GUID in lower case, without braces. It is the form in which the Web API
// prints keys in rows and in deletions. Other forms of a GUID are converted; anything else is not a key: as a key it
// would identify another row, and a deletion would leave its row in the destination.

// canonicalKey returns the key that a text represents, and whether it represents one. A text that is already in
// canonical form is returned unchanged; one in upper case or in braces, as in paging cookies, is rewritten.
func canonicalKey(text []byte) (key []byte, ok bool) {
	if isCanonicalKey(text) {
		return text, true
	}
	if len(text) > 2 && text[0] == '{' && text[len(text)-1] == '}' {
		text = text[1 : len(text)-1]
	}
	key = bytes.ToLower(text)
	return key, isCanonicalKey(key)
}

// canonicalID returns the key of the row whose deletion has a given id: the key itself, as Dataverse prints it
// (Microsoft, "Use change tracking to synchronize data with external systems"), or the address of the row, which ends
// with the key in parentheses (OData JSON Format 4.0, section 14.3.2).
func canonicalID(text []byte) (key []byte, ok bool) {
	if open := bytes.LastIndexByte(text, '('); open >= 0 && text[len(text)-1] == ')' {
		text = text[open+1 : len(text)-1]
	}
	return canonicalKey(text)
}

// isCanonicalKey reports whether a text has only characters of a key in lower case.
func isCanonicalKey(text []byte) bool {
	for _, c := range text {
		if ('a' > c || c > 'z') && ('0' > c || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(text) > 0
}

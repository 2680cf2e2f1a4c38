package entityfile

import "strings"

// InUTC reports whether a source data format of finance & operations certainly has its times in UTC. The built-in formats of
// XML and Excel do unless an administrator changes them; a delimited format has a language and a time zone of its own
// (Microsoft, "Data import and export jobs overview").
func InUTC(sourceFormat string) bool {
	for _, name := range []string{"XML-Element", "XML-Attribute", "EXCEL"} {
		if strings.EqualFold(sourceFormat, name) {
			return true
		}
	}
	return false
}

// CutsText reports whether an export in a source data format cuts texts at 255 characters and refuses more than 255 columns,
// as Excel does (Microsoft, "Data management error descriptions and known limitations").
func CutsText(sourceFormat string) bool { return strings.EqualFold(sourceFormat, "EXCEL") }

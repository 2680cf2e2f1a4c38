package timing

import "path"

// Omittable reports whether a column can be left out of most syncs: Dataverse keeps it for its own use, or it repeats
// another column. docs/tables.md, "Columns that can be left out", has the reason for each.
func Omittable(property string) bool {
	for _, pattern := range omittable() {
		if matched, err := path.Match(pattern, property); err == nil && matched {
			return true
		}
	}
	return false
}

// omittable returns the names and patterns of the columns that can be left out.
func omittable() []string {
	return []string{
		"versionnumber", "timezoneruleversionnumber", "utcconversiontimezonecode", "importsequencenumber",
		"_owninguser_value", "_owningteam_value", "_owningbusinessunit_value",
		"_createdonbehalfby_value", "_modifiedonbehalfby_value",
		"processid", "stageid", "traversedpath",
		"_slaid_value", "_slainvokedid_value", "onholdtime", "lastonholdtime",
		"address1_addressid", "address1_composite", "address2_*",
		"yominame", "yomifullname",
	}
}

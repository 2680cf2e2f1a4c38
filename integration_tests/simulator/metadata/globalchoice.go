package metadata

import (
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// globalChoices returns a column of each global choice, by the choice's name.
func (m *metadata) globalChoices() []attribute {
	var all []attribute
	for _, t := range m.tables {
		for _, a := range attributes(t) {
			known := func(other attribute) bool { return other.column.GlobalChoice == a.column.GlobalChoice }
			if a.column.GlobalChoice != "" && !slices.ContainsFunc(all, known) {
				all = append(all, a)
			}
		}
	}
	slices.SortFunc(all, func(a, b attribute) int { return strings.Compare(a.column.GlobalChoice, b.column.GlobalChoice) })
	return all
}

// globalOptions serves GlobalOptionSetDefinitions: all global choices, or one by Name='...' or MetadataId, whether or not
// they are cast to OptionSetMetadata. The service does not filter them.
func (m *metadata) globalOptions(w http.ResponseWriter, q metadataQuery, segments []string) *odata.Error {
	_, key, keyed := cutKey(segments[0])
	context := m.base + "/$metadata#GlobalOptionSetDefinitions"
	switch {
	case q.filter != "":
		return odata.BadQuery("The query parameter $filter is not supported.")
	case len(q.expanded) > 0:
		return odata.UnknownProperty(q.expanded[0].name, "OptionSetMetadataBase")
	case len(segments) > 2 || len(segments) == 2 && segments[1] != "Microsoft.Dynamics.CRM.OptionSetMetadata":
		return odata.NotFound(segments[len(segments)-1])
	case len(segments) == 2:
		context += "/" + segments[1]
	}
	p, err := project(q, "OptionSetMetadata", optionSetProperties("PicklistAttributeMetadata"))
	if err != nil {
		return err
	}
	if len(segments) == 1 {
		p.typeOf = func(attribute) string { return "OptionSetMetadata" }
	}
	context += p.selection(q)
	if !keyed {
		out := odata.NewStream(w, string(odata.AppendQuoted([]byte(`{"@odata.context":`), context))+`,"value":[`)
		for _, a := range m.globalChoices() {
			out.Element(func(dst []byte) []byte { return p.appendObject(dst, a, "") })
		}
		out.End()
		return nil
	}
	for _, a := range m.globalChoices() {
		if key == "Name='"+a.column.GlobalChoice+"'" || strings.EqualFold(key, a.optionSetID()) {
			odata.WriteJSON(w, p.appendObject(nil, a, string(odata.AppendQuoted([]byte(`"@odata.context":`), context+"/$entity"))))
			return nil
		}
	}
	return odata.Refuse(http.StatusNotFound, "0x80040217", "Could not find an optionset with the key %s.", key)
}

package metadata

import (
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// metadataQuery is what a request for metadata may ask for.
type metadataQuery struct {
	selected []string // nil: everything
	filter   string
	expanded []expansion
	labels   languages
}

// expansion is a navigation property of $expand with its own options.
type expansion struct {
	name  string
	query metadataQuery
}

// parseMetadataQuery reads the options of a request for metadata. $top, $skip, $orderby and $count are refused, for
// metadata is served whole (Microsoft, "Query schema definitions using the Web API").
func parseMetadataQuery(rawQuery string, provisioned languages) (metadataQuery, *odata.Error) {
	options, err := odata.QueryOptions(rawQuery)
	if err != nil {
		return metadataQuery{}, err
	}
	return readMetadataOptions(options, provisioned)
}

func readMetadataOptions(options []odata.QueryOption, provisioned languages) (metadataQuery, *odata.Error) {
	q := metadataQuery{labels: provisioned}
	seen := map[string]bool{}
	for _, o := range options {
		if strings.HasPrefix(o.Name, "$") && seen[o.Name] {
			return q, odata.BadQuery("Query option '%s' was specified more than once, but it must be specified at most once.", o.Name)
		}
		seen[o.Name] = true
		var err *odata.Error
		switch {
		case o.Name == "$select":
			q.selected, err = odata.SplitSelect(o.Value)
		case o.Name == "$filter":
			q.filter = o.Value
		case o.Name == "$expand":
			q.expanded, err = parseExpand(o.Value)
		case o.Name == "LabelLanguages":
			q.labels = provisioned.only(labelLanguages(o.Value))
		case strings.HasPrefix(o.Name, "$"):
			err = odata.BadQuery("The query parameter %s is not supported.", o.Name)
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

func parseExpand(value string) ([]expansion, *odata.Error) {
	parts, ok := odata.SplitOutside(value, ',')
	if !ok {
		return nil, odata.BadQuery("')' or ',' expected at position %d in '%s'.", len(value), value)
	}
	var list []expansion
	for _, part := range parts {
		e, err := parseExpansion(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// parseExpansion reads Name or Name($select=...;$filter=...;$expand=...).
func parseExpansion(text string) (expansion, *odata.Error) {
	name, inside, nested := strings.Cut(text, "(")
	if !nested {
		return expansion{name: text}, nil
	}
	inside, closed := strings.CutSuffix(inside, ")")
	parts, ok := odata.SplitOutside(inside, ';')
	if !closed || !ok {
		return expansion{}, odata.BadQuery("')' or ',' expected at position %d in '%s'.", len(text), text)
	}
	var options []odata.QueryOption
	for _, part := range parts {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		options = append(options, odata.QueryOption{Name: strings.TrimSpace(key), Value: strings.TrimSpace(value)})
	}
	q, err := readMetadataOptions(options, languages{})
	return expansion{name, q}, err
}

package metadata

import (
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// projection is what is written of each object of a type: chosen properties, then expanded navigation properties.
type projection[T any] struct {
	properties []property[T]
	expanded   []navigation[T]
	labels     languages
	typeOf     func(T) string // @odata.type, empty where the type is the declared one; nil: never written
	more       func(T) []property[T]
}

// navigation writes the value of one expanded navigation property.
type navigation[T any] struct {
	name    string
	context string // as it stands in the context url, with its own selection
	write   func(dst []byte, item T) []byte
}

// project chooses properties by $select. Without one all are written. MetadataId is always among them; it comes
// after the simple properties and before the complex ones unless it was named.
func project[T any](q metadataQuery, typeName string, properties []property[T]) (projection[T], *odata.Error) {
	p := projection[T]{labels: q.labels}
	if q.selected == nil {
		p.properties = properties
		return p, nil
	}
	wanted := map[string]bool{}
	for _, name := range q.selected {
		if !hasProperty(properties, name) {
			return p, odata.UnknownProperty(name, typeName)
		}
		wanted[name] = true
	}
	var structured []property[T]
	for _, prop := range properties {
		switch {
		case !wanted[prop.name]:
		case prop.shape.simple():
			p.properties = append(p.properties, prop)
		default:
			structured = append(structured, prop)
		}
	}
	if !wanted["MetadataId"] {
		i := slices.IndexFunc(properties, func(q property[T]) bool { return q.name == "MetadataId" })
		p.properties = append(p.properties, properties[i])
	}
	p.properties = append(p.properties, structured...)
	return p, nil
}

func hasProperty[T any](properties []property[T], name string) bool {
	return slices.ContainsFunc(properties, func(p property[T]) bool { return p.name == name })
}

// appendObject writes one object; head holds members that come first, already encoded without a comma after them.
func (p *projection[T]) appendObject(dst []byte, item T, head string) []byte {
	dst = append(dst, '{')
	dst = append(dst, head...)
	if p.typeOf != nil {
		if name := p.typeOf(item); name != "" {
			dst = odata.AppendQuoted(appendMember(dst, "@odata.type"), "#Microsoft.Dynamics.CRM."+name)
		}
	}
	for _, prop := range p.properties {
		dst = appendValue(appendMember(dst, prop.name), prop.value(item), p.labels)
	}
	if p.more != nil {
		for _, prop := range p.more(item) {
			dst = appendValue(appendMember(dst, prop.name), prop.value(item), p.labels)
		}
	}
	for _, n := range p.expanded {
		dst = n.write(appendMember(dst, n.name), item)
	}
	return append(dst, '}')
}

// appendArray writes an array of the items that match.
func (p *projection[T]) appendArray(dst []byte, items []T, keep odata.Predicate[T]) []byte {
	dst = append(dst, '[')
	for _, item := range items {
		if keep(item) {
			if dst[len(dst)-1] != '[' {
				dst = append(dst, ',')
			}
			dst = p.appendObject(dst, item, "")
		}
	}
	return append(dst, ']')
}

// selection returns the part of a context url that names what was selected and expanded, such as
// (LogicalName,Attributes(LogicalName)). It is empty for a whole object.
func (p *projection[T]) selection(q metadataQuery) string {
	parts := slices.Clone(q.selected)
	for _, n := range p.expanded {
		if q.selected != nil || n.context != n.name+"()" {
			parts = append(parts, n.context)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ",") + ")"
}

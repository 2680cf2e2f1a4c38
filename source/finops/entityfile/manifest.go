package entityfile

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
)

// manifestName is the file that lists the entities of a package.
const manifestName = "Manifest.xml"

// Manifest describes the entities of a package (schema schemas.microsoft.com/dynamics/2015/01/DataManagement, as in
// the packages of Microsoft, "Data entities overview").
type Manifest struct {
	Project  string // DefinitionGroupName
	Entities []Entity
}

// Entity is an entity of a package.
type Entity struct {
	Name         string // the label of the entity, as in the lines of the project: "Customer groups"
	TargetName   string // the entity's name in the application, "" in packages of older versions: "CustCustomerGroupEntity"
	File         string // in the package: "Customer groups.xml"; "": the manifest names none
	SourceFormat string // the name of the source data format: "XML-Element"
	RefreshType  string // "FullPush", "IncrementalPush", or "" if the package does not state it
	// Columns are the columns of the file, in the order of the mapping, which is not that of the file.
	Columns []string
}

// Entity returns the entity with a name. Case is ignored.
func (m Manifest) Entity(name string) (e Entity, found bool) {
	for _, e := range m.Entities {
		if strings.EqualFold(e.Name, name) {
			return e, true
		}
	}
	return Entity{}, false
}

// readManifest reads the manifest of a package.
func readManifest(f *zip.File, limits Limits) (Manifest, error) {
	if f.UncompressedSize64 > uint64(limits.Manifest) { //nolint:gosec // not negative
		return Manifest{}, &RefusedError{f.Name, "has more bytes than a manifest may have"}
	}
	unpacked, err := open(f)
	if err != nil {
		return Manifest{}, err
	}
	defer unpacked.Close()
	m, err := parseManifest(unpacked, limits.Row)
	if err != nil {
		return Manifest{}, typed(f.Name, err)
	}
	return m, nil
}

// parseManifest reads the elements of a manifest by their names, and skips those that it does not know.
func parseManifest(r io.Reader, most int) (Manifest, error) {
	x, err := newXMLScanner(r, most)
	if err != nil {
		return Manifest{}, err
	}
	p := manifestParser{}
	for {
		kind, err := x.next()
		switch {
		case err == io.EOF: //nolint:errorlint // next returns it as it is
			return p.manifest, nil
		case err != nil:
			return Manifest{}, err
		}
		switch kind {
		case xmlStart:
			if err := p.start(x); err != nil {
				return Manifest{}, err
			}
		case xmlText:
			p.text = append(p.text, x.value...)
		case xmlEnd:
			p.end(x.depth())
		}
	}
}

// The depths of a manifest: the root, the list, an entity and its fields; the list of mappings, a mapping and its fields.
const (
	entityDepth  = 3
	fieldDepth   = entityDepth + 1
	mappingDepth = entityDepth + 3
)

const (
	manifestElement = "DataManagementPackageManifest"
	entityElement   = "DataManagementPackageEntityData"
	mapListElement  = "EntityMapList"
	columnElement   = "XMLField"
)

type manifestParser struct {
	manifest Manifest
	path     [mappingDepth][]byte // the names of the open elements
	text     []byte               // of the innermost element
}

func (p *manifestParser) start(x *xmlScanner) error {
	p.text = p.text[:0]
	depth := x.depth()
	if depth == 1 && string(x.name) != manifestElement {
		return &FormError{Reason: "its root element is " + shown(x.name) + ", not " + manifestElement}
	}
	if depth <= mappingDepth {
		p.path[depth-1] = append(p.path[depth-1][:0], x.name...)
	}
	if depth == entityDepth && string(x.name) == entityElement {
		p.manifest.Entities = append(p.manifest.Entities, Entity{})
	}
	return nil
}

// end takes over the text of the element that ended, inside which depth elements are open.
func (p *manifestParser) end(depth int) {
	depth++
	text := string(bytes.TrimSpace(p.text))
	p.text = p.text[:0]
	inEntity := len(p.manifest.Entities) > 0 && string(p.path[entityDepth-1]) == entityElement
	switch {
	case depth == 2 && string(p.path[1]) == "DefinitionGroupName":
		p.manifest.Project = text
	case depth == fieldDepth && inEntity:
		p.field(string(p.path[fieldDepth-1]), text)
	case depth == mappingDepth && inEntity && text != "" &&
		string(p.path[fieldDepth-1]) == mapListElement && string(p.path[mappingDepth-1]) == columnElement:
		e := &p.manifest.Entities[len(p.manifest.Entities)-1]
		e.Columns = append(e.Columns, text)
	}
}

func (p *manifestParser) field(name, text string) {
	e := &p.manifest.Entities[len(p.manifest.Entities)-1]
	switch name {
	case "EntityName":
		e.Name = text
	case "TargetEntity":
		e.TargetName = text
	case "InputFilePath":
		e.File = text
	case "SourceFormat":
		e.SourceFormat = text
	case "DefaultRefreshType":
		e.RefreshType = text
	}
}

package metadata

import (
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// hasOptions reports whether a metadata type has the navigation properties OptionSet and GlobalOptionSet.
func hasOptions(class string) bool {
	return slices.Contains([]string{
		"BooleanAttributeMetadata", "PicklistAttributeMetadata", "MultiSelectPicklistAttributeMetadata",
		"StateAttributeMetadata", "StatusAttributeMetadata", "EntityNameAttributeMetadata",
	}, class)
}

// optionType returns OptionSetMetadataBase.OptionSetType of a column's options.
func optionType(kind schema.ColumnType) string {
	switch kind {
	case schema.Boolean, schema.State, schema.Status:
		return string(kind)
	default:
		return string(schema.Picklist)
	}
}

// optionSetProperties returns the properties of OptionSetMetadata, or of BooleanOptionSetMetadata for Boolean columns.
func optionSetProperties(class string) []property[attribute] {
	list := []property[attribute]{
		{name: "MetadataId", shape: guidShape, value: func(a attribute) any { return guid.Derived("options", a.id()) }},
		constant("HasChanged", boolShape, nil),
		{name: "Description", shape: labelShape, value: func(attribute) any { return label{} }},
		{name: "DisplayName", shape: labelShape, value: attributeLabel},
		constant("ExternalTypeName", stringShape, nil),
		{name: "IsCustomOptionSet", shape: boolShape, value: func(a attribute) any { return a.column.Custom }},
		constant("IsCustomizable", boolValueShape, managedProperty{true, false, "iscustomizable"}),
		constant("IsGlobal", boolShape, false),
		{name: "IsManaged", shape: boolShape, value: func(a attribute) any { return !a.column.Custom }},
		{name: "Name", shape: stringShape, value: func(a attribute) any { return a.table.LogicalName + "_" + a.column.LogicalName }},
		{name: "OptionSetType", shape: enumShape, enum: "OptionSetType", value: func(a attribute) any { return optionType(a.column.Type) }},
		constant("IntroducedVersion", stringShape, "5.0.0.0"),
	}
	if class == "BooleanAttributeMetadata" {
		return append(list,
			property[attribute]{name: "FalseOption", shape: listShape, value: func(a attribute) any { return boolOption(a, 0) }},
			property[attribute]{name: "TrueOption", shape: listShape, value: func(a attribute) any { return boolOption(a, 1) }})
	}
	return append(list,
		property[attribute]{name: "Options", shape: listShape, value: func(a attribute) any { return optionList{a} }},
		constant("ParentOptionSetName", stringShape, nil))
}

func boolOption(a attribute, value int) any {
	for _, o := range a.column.Options {
		if o.Value == value {
			return option{a, o}
		}
	}
	return nil
}

// optionList is OptionSetMetadata.Options.
type optionList struct {
	of attribute
}

// AppendJSON implements jsonValue.
func (l optionList) AppendJSON(dst []byte, labels bool) []byte {
	dst = append(dst, '[')
	for i, o := range l.of.column.Options {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = option{l.of, o}.AppendJSON(dst, labels)
	}
	return append(dst, ']')
}

// option is OptionMetadata, or the richer type that the options of a state or a status reason have.
type option struct {
	of attribute
	schema.Option
}

// AppendJSON implements jsonValue.
func (o option) AppendJSON(dst []byte, labels bool) []byte {
	dst = append(dst, '{')
	kind := o.of.column.Type
	if kind == schema.State || kind == schema.Status {
		dst = odata.AppendQuoted(appendMember(dst, "@odata.type"), "#Microsoft.Dynamics.CRM."+string(kind)+"OptionMetadata")
	}
	dst = appendValue(appendMember(dst, "Value"), o.Value, labels)
	dst = append(dst, `,"Color":null,"IsManaged":true,"ExternalValue":null,"ParentValues":[],"Tag":null,"IsHidden":false,"MetadataId":null,"HasChanged":null`...)
	switch kind {
	case schema.State:
		dst = appendValue(appendMember(dst, "DefaultStatus"), o.of.defaultStatus(o.Value), labels)
		dst = odata.AppendQuoted(appendMember(dst, "InvariantName"), o.Label)
	case schema.Status:
		dst = appendValue(appendMember(dst, "State"), o.State, labels)
		dst = append(dst, `,"TransitionData":null`...)
	default: // other choices have no further members
	}
	dst = label{o.Label, o.of.id() + "." + o.Label}.AppendJSON(appendMember(dst, "Label"), labels)
	dst = label{}.AppendJSON(appendMember(dst, "Description"), labels)
	return append(dst, '}')
}

// defaultStatus returns the first status reason of a state.
func (a attribute) defaultStatus(state int) any {
	status := a.table.Column("statuscode")
	if status == nil {
		return nil
	}
	for _, o := range status.Options {
		if o.State == state {
			return o.Value
		}
	}
	return nil
}

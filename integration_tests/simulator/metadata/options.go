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

// optionSetID returns the MetadataId of a column's option set, which all columns of a global one share.
func (a attribute) optionSetID() string {
	if a.column.GlobalChoice != "" {
		return guid.Derived("options", a.column.GlobalChoice)
	}
	return guid.Derived("options", a.id())
}

// optionSetName returns the Name of a column's option set: that of a global one, or the names of table and column.
func (a attribute) optionSetName() string {
	if a.column.GlobalChoice != "" {
		return a.column.GlobalChoice
	}
	return a.table.LogicalName + "_" + a.column.LogicalName
}

// optionSetProperties returns the properties of OptionSetMetadata, or of BooleanOptionSetMetadata for Boolean columns.
func optionSetProperties(class string) []property[attribute] {
	list := []property[attribute]{
		{name: "MetadataId", shape: guidShape, value: func(a attribute) any { return a.optionSetID() }},
		{name: "HasChanged", shape: boolShape, value: func(a attribute) any { return a.beneath() }},
		{name: "Description", shape: labelShape, value: func(attribute) any { return label{} }},
		{name: "DisplayName", shape: labelShape, value: optionSetLabel},
		constant("ExternalTypeName", stringShape, nil),
		{name: "IsCustomOptionSet", shape: boolShape, value: func(a attribute) any { return a.column.Custom }},
		constant("IsCustomizable", boolValueShape, managedProperty{true, false, "iscustomizable"}),
		{name: "IsGlobal", shape: boolShape, value: func(a attribute) any { return a.column.GlobalChoice != "" }},
		{name: "IsManaged", shape: boolShape, value: func(a attribute) any { return !a.column.Custom }},
		{name: "Name", shape: stringShape, value: func(a attribute) any { return a.optionSetName() }},
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

// optionSetLabel returns the display name: a local set has that of its column.
func optionSetLabel(a attribute) any {
	if a.column.GlobalChoice != "" {
		return label{text: schema.DisplayName(a.column.GlobalChoice, a.column.Custom), of: "options " + a.column.GlobalChoice}
	}
	return attributeLabel(a)
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
func (l optionList) AppendJSON(dst []byte, labels languages) []byte {
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

// AppendJSON implements jsonValue. Among the changes since a stamp only an option that is new, or that was changed, has its labels.
func (o option) AppendJSON(dst []byte, labels languages) []byte {
	dst = append(dst, '{')
	kind := o.of.column.Type
	if kind == schema.State || kind == schema.Status {
		dst = odata.AppendQuoted(appendMember(dst, "@odata.type"), "#Microsoft.Dynamics.CRM."+string(kind)+"OptionMetadata")
	}
	var changed any
	if o.of.stamped {
		if o.of.changedOption(o.Option) {
			changed = true
		} else {
			labels.shown = nil
		}
	}
	dst = appendValue(appendMember(dst, "Value"), o.Value, labels)
	dst = appendValue(appendMember(dst, "Color"), nullable(o.Color), labels)
	dst = appendValue(append(dst, `,"IsManaged":true,"ExternalValue":`...), nullable(o.ExternalValue), labels)
	dst = appendValue(append(dst, `,"ParentValues":[],"Tag":null,"IsHidden":`...), o.Hidden, labels)
	dst = appendValue(append(dst, `,"MetadataId":null,"HasChanged":`...), changed, labels)
	switch kind {
	case schema.State:
		dst = appendValue(appendMember(dst, "DefaultStatus"), o.of.defaultStatus(o.Value), labels)
		dst = odata.AppendQuoted(appendMember(dst, "InvariantName"), o.Label)
	case schema.Status:
		dst = appendValue(appendMember(dst, "State"), o.State, labels)
		dst = append(dst, `,"TransitionData":null`...)
	default: // other choices have no further members
	}
	dst = label{o.Label, o.of.optionSource() + "." + o.Label, o.Translations}.AppendJSON(appendMember(dst, "Label"), labels)
	dst = label{text: o.Description, of: o.of.optionSource() + ".description." + o.Label}.AppendJSON(appendMember(dst, "Description"), labels)
	return append(dst, '}')
}

// optionSource returns what the ids of the options' labels are made from.
func (a attribute) optionSource() string {
	if a.column.GlobalChoice != "" {
		return a.column.GlobalChoice
	}
	return a.id()
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

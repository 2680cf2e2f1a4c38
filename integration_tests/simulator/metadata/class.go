package metadata

import (
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// baseClass is the type of the columns that have no type of their own: the shadows.
const baseClass = "AttributeMetadata"

// abstractClasses returns metadata types that no column is of, so that a query cannot be cast to them.
func abstractClasses() []string { return []string{"EnumAttributeMetadata"} }

// class returns the name of the column's metadata type, such as StringAttributeMetadata.
func (a attribute) class() string {
	switch a.column.Type {
	case schema.Uniqueidentifier:
		return "UniqueIdentifierAttributeMetadata"
	case schema.Lookup, schema.Customer, schema.Owner, schema.PartyList:
		return "LookupAttributeMetadata"
	case schema.VirtualColumn, schema.CalendarRules:
		return baseClass
	default:
		return string(a.column.Type) + "AttributeMetadata"
	}
}

// derivedProperties returns the properties that each metadata type has beyond AttributeMetadata (Web API reference,
// the types derived from AttributeMetadata). Option sets are navigation properties and not among them.
func derivedProperties() map[string][]property[attribute] {
	return map[string][]property[attribute]{
		"BigIntAttributeMetadata":              {bound("MaxValue", 9223372036854775807), bound("MinValue", -9223372036854775808)},
		"BooleanAttributeMetadata":             append([]property[attribute]{constant("DefaultValue", boolShape, false)}, calculated()...),
		"DateTimeAttributeMetadata":            append(dateTimeProperties(), calculated()...),
		"DecimalAttributeMetadata":             append(numberProperties(), calculated()...),
		"DoubleAttributeMetadata":              append(numberProperties(), calculated()...),
		"MoneyAttributeMetadata":               append(moneyProperties(), calculated()...),
		"IntegerAttributeMetadata":             append(integerProperties(), calculated()...),
		"StringAttributeMetadata":              append(stringProperties(), calculated()...),
		"MemoAttributeMetadata":                textProperties("TextArea"),
		"LookupAttributeMetadata":              lookupProperties(),
		"PicklistAttributeMetadata":            append(choiceProperties(), calculated()...),
		"MultiSelectPicklistAttributeMetadata": append(choiceProperties(), calculated()...),
		"StateAttributeMetadata":               enumProperties(),
		"StatusAttributeMetadata":              enumProperties(),
		"EntityNameAttributeMetadata":          append(enumProperties(), constant("IsEntityReferenceStored", boolShape, true)),
		"ImageAttributeMetadata":               imageProperties(),
		"FileAttributeMetadata":                {maxSize()},
		"ManagedPropertyAttributeMetadata":     managedPropertyProperties(),
		"UniqueIdentifierAttributeMetadata":    nil,
	}
}

func constant(name string, s shape, value any) property[attribute] {
	return property[attribute]{name: name, shape: s, value: func(attribute) any { return value }}
}

func bound(name string, value int) property[attribute] { return constant(name, numberShape, value) }

// calculated returns the properties of types that a formula can compute.
func calculated() []property[attribute] {
	return []property[attribute]{
		constant("FormulaDefinition", stringShape, nil),
		constant("SourceTypeMask", numberShape, 0),
	}
}

func precision() property[attribute] {
	return property[attribute]{name: "Precision", shape: numberShape, value: func(a attribute) any { return a.column.Precision }}
}

func maxLength() property[attribute] {
	return property[attribute]{name: "MaxLength", shape: numberShape, value: func(a attribute) any { return a.column.MaxLength }}
}

func imeMode(mode string) property[attribute] {
	return property[attribute]{name: "ImeMode", shape: enumShape, enum: "ImeMode", value: func(attribute) any { return mode }}
}

// bounds returns the maximum and the minimum value of a number.
func bounds() []property[attribute] {
	return []property[attribute]{
		{name: "MaxValue", shape: numberShape, value: func(a attribute) any { _, high := a.column.Bounds(); return high }},
		{name: "MinValue", shape: numberShape, value: func(a attribute) any { low, _ := a.column.Bounds(); return low }},
	}
}

func numberProperties() []property[attribute] {
	return append(append([]property[attribute]{imeMode("Disabled")}, bounds()...), precision())
}

func moneyProperties() []property[attribute] {
	return append(numberProperties(),
		property[attribute]{name: "CalculationOf", shape: stringShape, value: func(a attribute) any {
			if !a.baseAmount() {
				return nil
			}
			return a.column.LogicalName[:len(a.column.LogicalName)-len("_base")]
		}},
		constant("PrecisionSource", numberShape, 2),
		property[attribute]{name: "IsBaseCurrency", shape: boolShape, value: func(a attribute) any { return a.baseAmount() }})
}

// baseAmount reports whether the column is an amount in the base currency, beside one in the row's.
func (a attribute) baseAmount() bool {
	const suffix = "_base"
	name := a.column.LogicalName
	return len(name) > len(suffix) && name[len(name)-len(suffix):] == suffix && a.table.Column(name[:len(name)-len(suffix)]) != nil
}

func integerProperties() []property[attribute] {
	format := property[attribute]{name: "Format", shape: enumShape, enum: "IntegerFormat", value: func(a attribute) any { return integerFormat(a.column) }}
	return append([]property[attribute]{format}, bounds()...)
}

// integerFormat returns IntegerAttributeMetadata.Format.
func integerFormat(c *schema.Column) string {
	switch {
	case strings.HasSuffix(c.LogicalName, "utcoffset"):
		return "TimeZone"
	case strings.HasSuffix(c.LogicalName, "durationminutes"):
		return "Duration"
	default:
		return "None"
	}
}

func dateTimeProperties() []property[attribute] {
	return []property[attribute]{
		{name: "Format", shape: enumShape, enum: "DateTimeFormat", value: func(a attribute) any {
			if a.column.Behavior == schema.DateOnly || a.column.Format == "DateOnly" {
				return "DateOnly"
			}
			return "DateAndTime"
		}},
		imeMode("Inactive"),
		{name: "CanChangeDateTimeBehavior", shape: boolValueShape, value: func(a attribute) any {
			return managedProperty{a.column.Custom && a.column.Behavior == schema.UserLocal, false, "canmodifybehavior"}
		}},
		{name: "DateTimeBehavior", shape: stringValueShape, value: func(a attribute) any { return wrapped(a.column.Behavior) }},
	}
}

func textProperties(usual string) []property[attribute] {
	format := func(a attribute) string {
		if a.column.Format == "" {
			return usual
		}
		return a.column.Format
	}
	return []property[attribute]{
		{name: "Format", shape: enumShape, enum: "StringFormat", value: func(a attribute) any {
			if f := format(a); f != "Phone" && f != "Json" && f != "RichText" { // newer formats, which the enum lacks
				return f
			}
			return "Text"
		}},
		imeMode("Auto"), maxLength(),
		{name: "FormatName", shape: stringValueShape, value: func(a attribute) any { return wrapped(format(a)) }},
		constant("IsLocalizable", boolShape, false),
	}
}

func stringProperties() []property[attribute] {
	return append(textProperties("Text"),
		constant("YomiOf", stringShape, nil),
		property[attribute]{name: "DatabaseLength", shape: numberShape, value: func(a attribute) any { return 2 * a.column.MaxLength }})
}

func lookupProperties() []property[attribute] {
	return []property[attribute]{
		{name: "Format", shape: enumShape, enum: "LookupFormat", value: func(a attribute) any {
			if a.column.LogicalName == "regardingobjectid" {
				return "Regarding"
			}
			return "None"
		}},
		{name: "Targets", shape: listShape, value: func(a attribute) any { return Names(a.column.Targets) }},
	}
}

func enumProperties() []property[attribute] {
	return []property[attribute]{
		constant("DefaultFormValue", numberShape, -1),
		constant("ParentEnumAttributeLogicalName", stringShape, nil),
	}
}

func choiceProperties() []property[attribute] {
	return append(enumProperties(),
		constant("ChildPicklistLogicalNames", listShape, Names(nil)),
		constant("ParentPicklistLogicalName", stringShape, nil))
}

func maxSize() property[attribute] {
	return property[attribute]{name: "MaxSizeInKB", shape: numberShape, value: func(a attribute) any { return a.column.MaxKilobytes() }}
}

func imageProperties() []property[attribute] {
	return []property[attribute]{
		{name: "CanStoreFullImage", shape: boolShape, value: func(a attribute) any { return a.column.FullImage }},
		{name: "IsPrimaryImage", shape: boolShape, value: func(a attribute) any { return a.column.LogicalName == a.table.PrimaryImage() }},
		constant("MaxHeight", numberShape, 144), maxSize(), constant("MaxWidth", numberShape, 144),
	}
}

func managedPropertyProperties() []property[attribute] {
	return []property[attribute]{
		{name: "ManagedPropertyLogicalName", shape: stringShape, value: func(a attribute) any { return a.column.LogicalName }},
		constant("ParentAttributeName", stringShape, nil),
		constant("ParentComponentType", numberShape, nil),
		{name: "ValueAttributeTypeCode", shape: enumShape, enum: "AttributeTypeCode", value: func(attribute) any { return "Boolean" }},
	}
}

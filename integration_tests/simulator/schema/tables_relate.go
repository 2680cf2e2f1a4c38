package schema

import (
	"math"
	"slices"
	"strings"
)

// options numbers labels from first upward.
func options(first int, labels ...string) []Option {
	list := make([]Option, len(labels))
	for i, label := range labels {
		list[i] = Option{Value: first + i, Label: label}
	}
	return list
}

// choice adds a Picklist column with options numbered from 1, and its display-name shadow.
func (d *Definition) choice(schemaName string, labels ...string) {
	d.Choices(Picklist, schemaName, options(1, labels...))
}

// Choices adds a column of one of the choice types with its display-name shadow.
func (d *Definition) Choices(kind ColumnType, schemaName string, list []Option) {
	d.Add(Column{SchemaName: schemaName, Type: kind, Options: list})
	d.shadow(schemaName+"Name", strings.ToLower(schemaName), VirtualColumn)
}

// plainChoice adds a Picklist column for which the service has no display-name shadow.
func (d *Definition) plainChoice(schemaName string, list []Option) {
	d.Add(Column{SchemaName: schemaName, Type: Picklist, Options: list})
}

func (d *Definition) flags(schemaNames ...string) {
	for _, s := range schemaNames {
		d.Choices(Boolean, s, options(0, "No", "Yes"))
	}
}

// plainFlags adds Boolean columns for which the service has no display-name shadow.
func (d *Definition) plainFlags(schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: Boolean, Options: options(0, "No", "Yes")})
	}
}

// states adds statecode, numbered from 0, and statuscode.
func (d *Definition) states(labels []string, statuses ...Option) {
	d.Choices(State, "StateCode", options(0, labels...))
	d.Choices(Status, "StatusCode", statuses)
}

// activeOrInactive adds the state and status reason that most tables have.
func (d *Definition) activeOrInactive() {
	d.states([]string{"Active", "Inactive"}, Option{Value: 1, Label: "Active"}, Option{Value: 2, Label: "Inactive", State: 1})
}

// shadow adds a column that only repeats another one for SDK clients. The Web API returns its value as an annotation.
func (d *Definition) shadow(schemaName, of string, kind ColumnType) {
	c := Column{SchemaName: schemaName, Type: kind, AttributeOf: of, Logical: true, NotOData: true}
	if kind == String {
		c.MaxLength = 100
	}
	d.Add(c)
}

// Lookup adds a lookup with the shadows of its target's name.
func (d *Definition) Lookup(schemaName string, targets ...string) {
	d.reference(Lookup, schemaName, targets)
}

// reference adds a column of one of the lookup types with the shadows of its target's name.
func (d *Definition) reference(kind ColumnType, schemaName string, targets []string) {
	d.Add(Column{SchemaName: schemaName, Type: kind, Targets: targets})
	d.nameShadows(strings.ToLower(schemaName), schemaName, targets)
}

// nameShadows adds the shadow of the target's name, and of its phonetic name where people and firms can be the target.
func (d *Definition) nameShadows(of, schemaName string, targets []string) {
	d.shadow(schemaName+"Name", of, String)
	if phonetic := []string{"systemuser", "account", "contact", "externalparty"}; slices.ContainsFunc(targets, func(t string) bool {
		return slices.Contains(phonetic, t)
	}) {
		d.shadow(schemaName+"YomiName", of, String)
	}
}

// typed adds the column that holds the logical name of a polymorphic lookup's target; it is not a property of the Web API.
func (d *Definition) typed(schemaName, of string) {
	d.Add(Column{SchemaName: schemaName, Type: EntityName, AttributeOf: strings.ToLower(of), NotOData: true})
}

func (d *Definition) customer(schemaName string) {
	d.reference(Customer, schemaName, []string{"account", "contact"})
	d.typed(schemaName+"Type", schemaName)
}

// regarding adds an activity's polymorphic lookup.
func (d *Definition) regarding(targets ...string) {
	d.Lookup("RegardingObjectId", targets...)
	d.typed("RegardingObjectTypeCode", "RegardingObjectId")
}

func (d *Definition) parties(schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: PartyList, Targets: []string{"account", "contact", "systemuser"}, NotOData: true})
	}
}

// Owner adds the columns of a user-owned row.
func (d *Definition) Owner() {
	d.reference(Owner, "OwnerId", []string{"systemuser", "team"})
	d.typed("OwnerIdType", "OwnerId")
	d.Lookup("OwningBusinessUnit", "businessunit")
	d.Add(Column{SchemaName: "OwningTeam", Type: Lookup, Targets: []string{"team"}, Logical: true})
	d.Add(Column{SchemaName: "OwningUser", Type: Lookup, Targets: []string{"systemuser"}, Logical: true})
}

// created adds who made and changed a row, and when.
func (d *Definition) created() {
	d.dates(UserLocal, "CreatedOn", "ModifiedOn")
	for _, s := range []string{"CreatedBy", "CreatedOnBehalfBy", "ModifiedBy", "ModifiedOnBehalfBy"} {
		d.Lookup(s, "systemuser")
	}
}

// imported adds the columns that data import and time zones need.
func (d *Definition) imported() {
	d.integers("ImportSequenceNumber")
	d.dates(UserLocal, "OverriddenCreatedOn")
}

func (d *Definition) zoned() {
	d.within(-1, math.MaxInt32, "TimeZoneRuleVersionNumber", "UTCConversionTimeZoneCode")
}

// Version adds the row version.
func (d *Definition) Version() {
	d.bigInts("VersionNumber")
}

// Usual adds the columns that the service adds to most tables, beside those of an owner.
func (d *Definition) Usual() {
	d.created()
	d.imported()
	d.zoned()
	d.Version()
	d.activeOrInactive()
}

// Currency adds the row's currency and exchange rate.
func (d *Definition) Currency() {
	d.Lookup("TransactionCurrencyId", "transactioncurrency")
	d.numbers(Decimal, 12, "ExchangeRate")
}

package schema

import (
	"fmt"
	"math"
)

// everything returns a custom table with each column type and each behaviour that a column can have.
func everything() *Table {
	d := Define("contoso_Everything", "contoso_everythings", 10001).Describe("One column of every kind.").Custom()
	d.Key("contoso_EverythingId")
	d.name("contoso_Name", 100)
	d.text(4000, "contoso_LongText")
	d.formatted("Email", 100, "contoso_Email")
	d.formatted("Url", 200, "contoso_Url")
	d.formatted("TextArea", 2000, "contoso_TextArea")
	d.formatted("Json", 4000, "contoso_Json")
	d.memo(1048576, "contoso_Memo")
	d.integers("contoso_Integer")
	d.bigInts("contoso_BigInt")
	d.numbers(Decimal, 10, "contoso_Decimal")
	d.numbers(Decimal, 0, "contoso_WholeDecimal")
	d.numbers(Double, 5, "contoso_Double")
	d.Money("contoso_Money")
	d.flags("contoso_Flag")
	d.dates(UserLocal, "contoso_UserLocal")
	d.dates(DateOnly, "contoso_DateOnly")
	d.dates(TimeZoneIndependent, "contoso_ZoneIndependent")
	d.Choices(Picklist, "contoso_Choice", options(100000000, "Red", "Green", "Blue"))
	d.Choices(MultiSelectPicklist, "contoso_Choices", options(100000000, "Morning", "Noon", "Evening", "Night"))
	d.managed("contoso_Managed")
	d.Add(Column{SchemaName: "contoso_TableName", Type: EntityName})
	d.Guids("contoso_Guid")
	d.File("contoso_Document")
	d.Image("contoso_Photo")
	d.Lookup("contoso_Contact", "contact")
	d.customer("contoso_Customer")
	d.Lookup("contoso_Anything", "account", "contact", "contoso_child")
	d.typed("contoso_AnythingIdType", "contoso_Anything")
	d.parties("contoso_Parties")
	d.Add(Column{SchemaName: "contoso_Rules", Type: CalendarRules, NotOData: true})
	d.Add(Column{SchemaName: "contoso_Calculated", Type: Decimal, Precision: 2, SourceType: 1})
	d.Add(Column{SchemaName: "contoso_CalculatedText", Type: String, MaxLength: 200, SourceType: 1})
	d.rollup("contoso_ChildCount", Integer, 0)
	d.Add(Column{SchemaName: "contoso_Salary", Type: Money, Precision: 2, Secured: true})
	d.Add(Column{SchemaName: "contoso_Secret", Type: String, MaxLength: 100, Secured: true})
	d.Add(Column{SchemaName: "contoso_WriteOnly", Type: String, MaxLength: 100, NotOData: true, NotReadable: true})
	d.Owner()
	d.Usual()
	d.Currency()
	return d.Done()
}

// child returns a custom table whose entity set is an irregular plural, and whose change tracking is off.
func child() *Table {
	d := Define("contoso_Child", "contoso_children", 10002).Describe("Child of contoso_everything.").Custom().Untracked(true)
	d.Key("contoso_ChildId")
	d.name("contoso_Name", 100)
	d.Lookup("contoso_Parent", "contoso_everything")
	d.dates(DateOnly, "contoso_BornOn")
	d.Owner()
	d.Usual()
	return d.Done()
}

// sensorData returns an elastic table: rows live in partitions and may expire.
func sensorData() *Table {
	d := Define("contoso_SensorData", "contoso_sensordatas", 10003).Describe("Readings of devices.").Custom()
	d.Table.Type = Elastic
	d.Key("contoso_SensorDataId")
	d.name("contoso_DeviceId", 100)
	d.integers("contoso_Value")
	d.formatted("Json", 4000, "contoso_EnergyConsumption")
	d.dates(UserLocal, "contoso_Timestamp")
	d.text(100, "PartitionId")
	d.counts(math.MaxInt32, "TTLInSeconds")
	d.Owner()
	d.Usual()
	return d.Done()
}

// legacyOrder returns a virtual table: its rows live in another system. It has no state, no owner and is never tracked
// (Microsoft, "API considerations of virtual tables").
func legacyOrder() *Table {
	d := Define("contoso_LegacyOrder", "contoso_legacyorders", 10004).Describe("Orders of the system before.").Custom().Ownership("OrganizationOwned").Untracked(false)
	d.Table.Type = Virtual
	d.Key("contoso_LegacyOrderId")
	d.name("contoso_Number", 100)
	d.numbers(Decimal, 2, "contoso_Amount")
	d.dates(UserLocal, "contoso_OrderedOn")
	d.memo(2000, "contoso_Remarks")
	return d.Done()
}

// wide returns a custom table of several hundred columns, which makes long addresses.
func wide() *Table {
	d := Define("contoso_Wide", "contoso_wides", 10005).Describe("Many columns.").Custom()
	d.Key("contoso_WideId")
	d.name("contoso_Name", 100)
	for i := range 60 {
		d.text(100, fmt.Sprintf("contoso_AttributeWithARatherLongName%03d", i))
		d.integers(fmt.Sprintf("contoso_CounterWithARatherLongName%03d", i))
		d.numbers(Decimal, 4, fmt.Sprintf("contoso_MeasureWithARatherLongName%03d", i))
		d.dates(UserLocal, fmt.Sprintf("contoso_MomentWithARatherLongName%03d", i))
		d.flags(fmt.Sprintf("contoso_FlagWithARatherLongName%03d", i))
	}
	d.Owner()
	d.created()
	d.imported()
	d.Version()
	d.activeOrInactive()
	return d.Done()
}

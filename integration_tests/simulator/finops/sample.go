package finops

// Sample returns the options of an environment with two companies and a few entities: shared ones and others, one that is not
// public, and one with every type. The project "Airbyte export" has some of them, as XML and text.
func Sample() Options {
	return Options{
		Seed:      1,
		Companies: []Company{{"USMF", "Contoso Entertainment System USA"}, {"DEMF", "Contoso Entertainment System Germany"}},
		Entities:  entities(),
		Projects: []Project{
			{Name: "Airbyte export", Lines: []Line{
				{Entity: "Currencies", Format: "XML-Element"},
				{Entity: "Customer groups", Format: "XML-Element"},
				{Entity: "Workers", Format: "CSV-Unicode"},
				{Entity: "Fixed assets V2", Format: "XML-Attribute"},
			}},
			{Name: "Workbooks", Lines: []Line{
				{Entity: "Country/regions", Format: "EXCEL"},
				{Entity: "Customer groups", Format: "EXCEL"},
			}},
			{Name: "Changes", Lines: []Line{{Entity: "Customer groups", Format: "CSV-Unicode", Incremental: true}}},
			{Name: "Import of customers", Operation: "Import", Lines: []Line{{Entity: "Customer groups", Format: "EXCEL"}}},
		},
	}
}

// entities returns the entities of Sample. Names and labels are those of Microsoft's entities, with some of their fields.
func entities() []Entity {
	return []Entity{
		{Label: "Currencies", Name: "CurrencyEntity", PublicName: "Currency", Collection: "Currencies", Shared: true, Rows: 12, Fields: []Field{
			{Name: "CurrencyCode", Key: true}, {Name: "Name"}, {Name: "Symbol"},
			{Name: "RoundingRulePrice", Type: Decimal}, {Name: "GenderMaleFemale", Type: Enum, Enum: "CurrencyGender", Members: []string{"Male", "Female"}},
		}},
		{Label: "Customer groups", Name: "CustCustomerGroupEntity", PublicName: "CustomerGroup", Collection: "CustomerGroups", Rows: 25, Fields: []Field{
			{Name: "CustomerGroupId", Key: true}, {Name: "Description"}, {Name: "PaymentTermId"},
			{Name: "IsSalesTaxIncludedInPrice", Type: Enum}, {Name: "ClearingPeriodDays", Type: Int32}, {Name: "DefaultDimensionRecId", Type: Int64, Private: true},
		}},
		{Label: "Workers", Name: "HcmWorkerEntity", PublicName: "Worker", Collection: "Workers", Shared: true, Rows: 40, Fields: []Field{
			{Name: "PersonnelNumber", Key: true}, {Name: "Name"}, {Name: "BirthDate", Type: Date}, {Name: "AddressValidFrom", Type: DateTime},
			{Name: "Gender", Type: Enum, Enum: "HcmPersonGender", Members: []string{"None", "Male", "Female"}}, {Name: "WorkerRecordId", Type: Int64},
		}},
		{Label: "Fixed assets V2", Name: "AssetFixedAssetV2Entity", PublicName: "FixedAssetV2", Collection: "FixedAssetsV2", Rows: 30, Fields: []Field{
			{Name: "FixedAssetNumber", Key: true}, {Name: "LineNumber", Type: Int32, Key: true}, {Name: "Name"}, {Name: "AcquisitionPrice", Type: Decimal, Scale: 6},
			{Name: "Quantity", Type: Decimal}, {Name: "AcquisitionDate", Type: Date}, {Name: "ModifiedAt", Type: DateTime}, {Name: "MajorType", Type: Enum, Enum: "AssetMajorType", Members: []string{"Tangible", "Intangible", "Financial"}},
			{Name: "AssetGuid", Type: GUID}, {Name: "RecordId", Type: Int64}, {Name: "Notes", Long: true},
		}},
		{Label: "Country/regions", Name: "LogisticsAddressCountryRegionEntity", PublicName: "AddressCountryRegion", Collection: "AddressCountryRegions", Shared: true, Rows: 20, Fields: []Field{
			{Name: "CountryRegion", Key: true}, {Name: "ShortName"}, {Name: "LongName", Long: true}, {Name: "TimeZone", Type: Enum, Enum: "Timezone", Members: []string{"GMT_COORDINATEDUNIVERSALTIME", "GMTMINUS0300BRASILIA"}},
		}},
		{Label: "Payroll position details", Name: "PayrollPositionDetailsEntity", Rows: 8, Fields: []Field{
			{Name: "PositionId", Key: true}, {Name: "AnnualHours", Type: Decimal}, {Name: "ValidFrom", Type: DateTime},
		}},
	}
}

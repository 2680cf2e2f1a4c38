package schema

import "strconv"

// Account returns Dataverse's widest ordinary table: addresses kept with the row, money, an image, unreadable columns.
func Account() *Table {
	d := Define("Account", "accounts", 1).Describe("Business that represents a customer or potential customer.").party()
	d.Key("AccountId")
	d.name("Name", 160)
	d.formatted("PhoneticGuide", 160, "YomiName")
	d.text(20, "AccountNumber", "SIC", "StockExchange")
	d.formatted("TickerSymbol", 10, "TickerSymbol")
	d.formatted("Email", 100, "EMailAddress1", "EMailAddress2", "EMailAddress3")
	d.formatted("Phone", 50, "Telephone1", "Telephone2", "Telephone3")
	d.formatted("Url", 200, "WebSiteURL", "FtpSiteURL")
	d.text(50, "Fax")
	d.text(200, "PrimarySatoriId")
	d.text(128, "PrimaryTwitterId")
	d.text(1250, "TraversedPath", "TimeSpentByMeOnEmailAndMeetings")
	d.memo(2000, "Description")
	d.counts(1_000_000_000, "NumberOfEmployees", "SharesOutstanding")
	d.integers("OnHoldTime")
	d.Money("Revenue", "CreditLimit", "MarketCap", "Aging30", "Aging60", "Aging90")
	d.dates(UserLocal, "LastUsedInCampaign", "LastOnHoldTime")
	d.Guids("ProcessId", "StageId")
	d.Image("EntityImage")
	d.accountChoices()
	d.accountLookups()
	d.rollup("OpenRevenue", Money, 2)
	d.numbers(Money, 4, "OpenRevenue_Base")
	d.rollup("OpenDeals", Integer, 0)
	d.address("Address1_")
	d.address("Address2_")
	d.Owner()
	d.Usual()
	d.Currency()
	return d.Done()
}

func (d *Definition) accountChoices() {
	d.choice("AccountCategoryCode", "Preferred Customer", "Standard")
	d.choice("AccountClassificationCode", "Default Value")
	d.choice("AccountRatingCode", "Default Value")
	d.choice("BusinessTypeCode", "Default Value")
	d.choice("CustomerSizeCode", "Default Value")
	d.choice("CustomerTypeCode", "Competitor", "Consultant", "Customer", "Investor", "Partner", "Influencer",
		"Press", "Prospect", "Reseller", "Supplier", "Vendor", "Other")
	d.choice("IndustryCode", "Accounting", "Agriculture and Non-petrol Natural Resource Extraction",
		"Broadcasting Printing and Publishing", "Brokers", "Building Supply Retail", "Business Services", "Consulting")
	d.choice("OwnershipCode", "Public", "Private", "Subsidiary", "Other")
	d.choice("PaymentTermsCode", "Net 30", "2% 10, Net 30", "Net 45", "Net 60")
	d.Choices(Picklist, "PreferredAppointmentDayCode", options(0, "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"))
	d.choice("PreferredAppointmentTimeCode", "Morning", "Afternoon", "Evening")
	d.choice("PreferredContactMethodCode", "Any", "Email", "Phone", "Fax", "Mail")
	d.choice("ShippingMethodCode", "Default Value")
	d.choice("TerritoryCode", "Default Value")
	d.flags("CreditOnHold", "DoNotBulkEMail", "DoNotBulkPostalMail", "DoNotEMail", "DoNotFax", "DoNotPhone",
		"DoNotPostalMail", "FollowEmail", "MarketingOnly", "Merged", "ParticipatesInWorkflow")
	d.unsolicited()
	d.private()
}

// unsolicited adds a flag whose shadow is not called after it.
func (d *Definition) unsolicited() {
	d.plainFlags("DoNotSendMM")
	d.shadow("DoNotSendMarketingMaterialName", "donotsendmm", VirtualColumn)
}

// private adds a column that cannot be read at all.
func (d *Definition) private() {
	d.Add(Column{SchemaName: "IsPrivate", Type: Boolean, Options: options(0, "No", "Yes"), NotOData: true, NotReadable: true})
	d.shadow("IsPrivateName", "isprivate", VirtualColumn)
}

func (d *Definition) accountLookups() {
	d.Lookup("PrimaryContactId", "contact")
	d.Lookup("ParentAccountId", "account")
	d.Lookup("PreferredSystemUserId", "systemuser")
	d.Add(Column{SchemaName: "MasterId", Type: Lookup, Targets: []string{"account"}})
	d.nameShadows("masterid", "MasterAccountId", []string{"account"})
	d.Lookup("CreatedByExternalParty", "externalparty")
	d.Lookup("ModifiedByExternalParty", "externalparty")
	d.sla()
}

func (d *Definition) sla() {
	for _, s := range []string{"SLAId", "SLAInvokedId"} {
		d.Add(Column{SchemaName: s, Type: Lookup, Targets: []string{"sla"}})
	}
	d.shadow("SLAName", "slaid", String)
	d.shadow("SLAInvokedIdName", "slainvokedid", String)
}

// address adds an address that is stored elsewhere but read with the row, such as address1_.
func (d *Definition) address(prefix string) {
	first := len(d.Table.Columns)
	d.addressKey(prefix + "AddressId")
	d.choice(prefix+"AddressTypeCode", "Bill To", "Ship To", "Primary", "Other")
	d.choice(prefix+"FreightTermsCode", "FOB", "No Charge")
	d.choice(prefix+"ShippingMethodCode", "Airborne", "DHL", "FedEx", "UPS", "Postal Mail", "Full Load", "Will Call")
	d.text(80, prefix+"City", prefix+"Country")
	d.text(50, prefix+"County", prefix+"StateOrProvince", prefix+"Fax")
	d.text(250, prefix+"Line1", prefix+"Line2", prefix+"Line3")
	d.text(200, prefix+"Name")
	d.text(20, prefix+"PostalCode", prefix+"PostOfficeBox")
	d.text(100, prefix+"PrimaryContactName")
	d.text(4, prefix+"UPSZone")
	for i := 1; i <= 3; i++ {
		d.formatted("Phone", 50, prefix+"Telephone"+strconv.Itoa(i))
	}
	d.memo(1000, prefix+"Composite")
	d.Add(Column{SchemaName: prefix + "Latitude", Type: Double, Precision: 5, Min: -90, Max: 90})
	d.Add(Column{SchemaName: prefix + "Longitude", Type: Double, Precision: 5, Min: -180, Max: 180})
	d.within(-1500, 1500, prefix+"UTCOffset")
	for i := first; i < len(d.Table.Columns); i++ {
		d.Table.Columns[i].Logical = true
	}
}

// contact shows date-only columns and a Customer lookup.
func contact() *Table {
	d := Define("Contact", "contacts", 2).Describe("Person with whom a business unit has a relationship, such as customer, supplier, and colleague.").party()
	d.Key("ContactId")
	d.name("FullName", 160)
	d.formatted("PhoneticGuide", 450, "YomiFullName")
	d.text(50, "FirstName", "MiddleName", "LastName", "Fax", "EmployeeId")
	d.text(100, "JobTitle", "Salutation", "NickName", "SpousesName", "Department", "ManagerName", "AssistantName")
	d.text(10, "Suffix")
	d.text(50, "GovernmentId", "ExternalUserIdentifier", "Pager")
	d.formatted("Email", 100, "EMailAddress1", "EMailAddress2", "EMailAddress3")
	d.formatted("Phone", 50, "Telephone1", "Telephone2", "Telephone3", "MobilePhone", "Home2", "Business2", "Company", "Callback",
		"ManagerPhone", "AssistantPhone")
	d.formatted("Url", 200, "WebSiteUrl")
	d.text(255, "ChildrensNames")
	d.memo(2000, "Description")
	d.dates(DateOnly, "BirthDate", "Anniversary")
	d.dates(UserLocal, "LastUsedInCampaign")
	d.counts(1_000_000_000, "NumberOfChildren")
	d.Money("AnnualIncome", "CreditLimit")
	d.choice("GenderCode", "Male", "Female")
	d.choice("FamilyStatusCode", "Single", "Married", "Divorced", "Widowed")
	d.choice("EducationCode", "Default Value")
	d.choice("LeadSourceCode", "Default Value")
	d.choice("CustomerTypeCode", "Default Value")
	d.choice("CustomerSizeCode", "Default Value")
	d.choice("HasChildrenCode", "Default Value")
	d.choice("PreferredContactMethodCode", "Any", "Email", "Phone", "Fax", "Mail")
	d.flags("CreditOnHold", "DoNotBulkEMail", "DoNotEMail", "DoNotPhone", "Merged", "FollowEmail", "ParticipatesInWorkflow")
	d.unsolicited()
	d.private()
	d.Lookup("AccountId", "account")
	d.customer("ParentCustomerId")
	d.Lookup("MasterId", "contact")
	d.Lookup("PreferredSystemUserId", "systemuser")
	d.Image("EntityImage")
	d.address("Address1_")
	d.address("Address2_")
	d.addressKey("Address3_AddressId")
	d.Owner()
	d.Usual()
	d.Currency()
	return d.Done()
}

package schema

// systemUser inherits from principal: its OData key is ownerid, not its primary key column.
func systemUser() *Table {
	d := Define("SystemUser", "systemusers", 8).Describe("Person with access to the Microsoft CRM system and who owns objects in the Microsoft CRM database.").Ownership("BusinessOwned").party()
	d.Table.Key = "ownerid"
	d.Key("SystemUserId")
	d.name("FullName", 200)
	d.text(64, "FirstName", "LastName", "MiddleName")
	d.text(1024, "DomainName", "WindowsLiveID")
	d.formatted("PhoneticGuide", 200, "YomiFullName")
	d.formatted("Email", 100, "InternalEMailAddress", "PersonalEMailAddress")
	d.text(100, "Title", "JobTitle", "Salutation", "NickName", "EmployeeId")
	d.formatted("Phone", 64, "MobilePhone", "HomePhone")
	d.Guids("ApplicationId", "AzureActiveDirectoryObjectId", "OrganizationId")
	d.flags("IsDisabled", "SetupUser", "IsLicensed", "IsSyncWithDirectory", "IsIntegrationUser")
	d.Choices(Picklist, "AccessMode", options(0, "Read-Write", "Administrative", "Read", "Support User", "Non-interactive", "Delegated Admin"))
	d.Lookup("BusinessUnitId", "businessunit")
	d.Lookup("ParentSystemUserId", "systemuser")
	d.integers("UserLicenseType", "IdentityId")
	d.Image("EntityImage")
	d.created()
	d.imported()
	d.zoned()
	d.Currency()
	d.Version()
	return d.Done()
}

// team inherits from principal too. Its change tracking is on, yet CanChangeTrackingBeEnabled is false.
func team() *Table {
	d := Define("Team", "teams", 9).Describe("Collection of system users that routinely collaborate. Teams can be used to simplify record sharing and provide team members with common access to organization data.").
		Ownership("BusinessOwned").trackedForGood()
	d.Table.Key = "ownerid"
	d.Key("TeamId")
	d.name("Name", 160)
	d.formatted("PhoneticGuide", 160, "YomiName")
	d.formatted("Email", 100, "EMailAddress")
	d.memo(2000, "Description")
	d.Guids("AzureActiveDirectoryObjectId", "OrganizationId", "ProcessId", "StageId")
	d.shadow("OrganizationIdName", "organizationid", String)
	d.Choices(Picklist, "TeamType", options(0, "Owner", "Access", "Security Group", "Office Group"))
	d.plainChoice("MembershipType", options(0, "Members and guests", "Members", "Owners", "Guests"))
	d.shadow("membershiptypeName", "membershiptype", VirtualColumn)
	d.flags("IsDefault", "SystemManaged")
	d.Add(Column{SchemaName: "SasToken", Type: String, MaxLength: 50, NotOData: true, NotReadable: true})
	d.text(1250, "TraversedPath", "ShareLinkQualifier")
	d.Lookup("AdministratorId", "systemuser")
	d.Lookup("BusinessUnitId", "businessunit")
	d.Lookup("QueueId", "queue")
	d.Add(Column{SchemaName: "TeamTemplateId", Type: Lookup, Targets: []string{"teamtemplate"}})
	d.Add(Column{SchemaName: "RegardingObjectId", Type: Lookup, Targets: []string{"knowledgearticle"}})
	d.typed("RegardingObjectTypeCode", "RegardingObjectId")
	d.created()
	d.imported()
	d.Currency()
	d.Version()
	return d.Done()
}

func businessUnit() *Table {
	d := Define("BusinessUnit", "businessunits", 10).Describe("Business, division, or department in the Microsoft Dynamics 365 database.").Ownership("BusinessOwned")
	d.Key("BusinessUnitId")
	d.name("Name", 160)
	d.text(100, "DivisionName", "CostCenter")
	d.formatted("Email", 100, "EMailAddress")
	d.formatted("Url", 200, "WebSiteUrl")
	d.memo(2000, "Description")
	d.Add(Column{SchemaName: "CreditLimit", Type: Double, Precision: 2, Max: 1_000_000_000})
	d.flags("IsDisabled")
	d.Lookup("OrganizationId", "organization")
	d.Lookup("ParentBusinessUnitId", "businessunit")
	d.created()
	d.imported()
	d.Currency()
	d.Version()
	return d.Done()
}

// organization has one row: the environment and its settings, among them how many days deletions are remembered.
func organization() *Table {
	d := Define("Organization", "organizations", 1019).Describe("Top level of the Microsoft Dynamics 365 business hierarchy. The organization can be a specific business, holding company, or corporation.").
		Ownership("None").Untracked(false)
	d.Key("OrganizationId")
	d.name("Name", 160)
	d.counts(maxExpireDays, "ExpireChangeTrackingInDays", "ExpireSubscriptionsInDays")
	d.integers("LanguageCode", "LocaleId", "FiscalPeriodType")
	d.text(100, "TimeSeparator", "DateSeparator", "CurrencySymbol", "SqlAccessGroupName")
	d.plainFlags("IsAuditEnabled", "IsDisabled", "IsFullTextSearchEnabled", "UserAccessAuditing")
	d.Lookup("BaseCurrencyId", "transactioncurrency")
	d.created()
	d.Version()
	return d.Done()
}

func transactionCurrency() *Table {
	d := Define("TransactionCurrency", "transactioncurrencies", 9105).Describe("Currency in which a financial transaction is carried out.").Ownership("OrganizationOwned")
	d.Key("TransactionCurrencyId")
	d.name("CurrencyName", 100)
	d.text(5, "ISOCurrencyCode")
	d.text(13, "CurrencySymbol")
	d.counts(10, "CurrencyPrecision")
	d.numbers(Decimal, 12, "ExchangeRate")
	d.Lookup("OrganizationId", "organization")
	d.created()
	d.imported()
	d.Version()
	d.activeOrInactive()
	return d.Done()
}

func securityRole() *Table {
	d := Define("Role", "roles", 1036).Describe("Grouping of security privileges. Users are assigned roles that authorize their access to the Microsoft CRM system.").
		Ownership("BusinessOwned")
	d.Key("RoleId")
	d.name("Name", 100)
	d.Lookup("BusinessUnitId", "businessunit")
	d.Guids("OrganizationId", "SolutionId", "RoleIdUnique")
	d.managed("IsCustomizable", "CanBeDeleted")
	d.flags("IsManaged")
	d.created()
	d.imported()
	d.Version()
	return d.Done()
}

// systemUserRoles returns the intersect behind an N:N relationship: no names, no owner, but change tracking.
func systemUserRoles() *Table {
	d := Define("SystemUserRoles", "systemuserrolescollection", 15).Intersect()
	d.Key("SystemUserRoleId")
	d.Guids("SystemUserId", "RoleId")
	d.Version()
	return d.Done()
}

func teamMembership() *Table {
	d := Define("TeamMembership", "teammemberships", 23).Intersect()
	d.Key("TeamMembershipId")
	d.Guids("SystemUserId", "TeamId")
	d.Version()
	return d.Done()
}

// maxExpireDays is the maximum value of organization.expirechangetrackingindays (Microsoft, "Use change tracking to
// synchronize data with external systems").
const maxExpireDays = 365

package simulator

// systemUser inherits from principal: its OData key is ownerid, not its primary key column.
func systemUser() *Table {
	d := define("SystemUser", "systemusers", 8).describe("Person with access to the Microsoft CRM system and who owns objects in the Microsoft CRM database.").ownership("BusinessOwned").party()
	d.table.Key = "ownerid"
	d.key("SystemUserId")
	d.name("FullName", 200)
	d.text(64, "FirstName", "LastName", "MiddleName")
	d.text(1024, "DomainName", "WindowsLiveID")
	d.formatted("PhoneticGuide", 200, "YomiFullName")
	d.formatted("Email", 100, "InternalEMailAddress", "PersonalEMailAddress")
	d.text(100, "Title", "JobTitle", "Salutation", "NickName", "EmployeeId")
	d.formatted("Phone", 64, "MobilePhone", "HomePhone")
	d.guids("ApplicationId", "AzureActiveDirectoryObjectId", "OrganizationId")
	d.flags("IsDisabled", "SetupUser", "IsLicensed", "IsSyncWithDirectory", "IsIntegrationUser")
	d.choices(Picklist, "AccessMode", options(0, "Read-Write", "Administrative", "Read", "Support User", "Non-interactive", "Delegated Admin"))
	d.lookup("BusinessUnitId", "businessunit")
	d.lookup("ParentSystemUserId", "systemuser")
	d.integers("UserLicenseType", "IdentityId")
	d.image("EntityImage")
	d.created()
	d.imported()
	d.zoned()
	d.currency()
	d.version()
	return d.done()
}

// team inherits from principal too. Its change tracking is on, yet CanChangeTrackingBeEnabled is false.
func team() *Table {
	d := define("Team", "teams", 9).describe("Collection of system users that routinely collaborate. Teams can be used to simplify record sharing and provide team members with common access to organization data.").
		ownership("BusinessOwned").trackedForGood()
	d.table.Key = "ownerid"
	d.key("TeamId")
	d.name("Name", 160)
	d.formatted("PhoneticGuide", 160, "YomiName")
	d.formatted("Email", 100, "EMailAddress")
	d.memo(2000, "Description")
	d.guids("AzureActiveDirectoryObjectId", "OrganizationId", "ProcessId", "StageId")
	d.shadow("OrganizationIdName", "organizationid", String)
	d.choices(Picklist, "TeamType", options(0, "Owner", "Access", "Security Group", "Office Group"))
	d.plainChoice("MembershipType", options(0, "Members and guests", "Members", "Owners", "Guests"))
	d.shadow("membershiptypeName", "membershiptype", VirtualColumn)
	d.flags("IsDefault", "SystemManaged")
	d.add(Column{SchemaName: "SasToken", Type: String, MaxLength: 50, NotOData: true, NotReadable: true})
	d.text(1250, "TraversedPath", "ShareLinkQualifier")
	d.lookup("AdministratorId", "systemuser")
	d.lookup("BusinessUnitId", "businessunit")
	d.lookup("QueueId", "queue")
	d.add(Column{SchemaName: "TeamTemplateId", Type: Lookup, Targets: []string{"teamtemplate"}})
	d.add(Column{SchemaName: "RegardingObjectId", Type: Lookup, Targets: []string{"knowledgearticle"}})
	d.typed("RegardingObjectTypeCode", "RegardingObjectId")
	d.created()
	d.imported()
	d.currency()
	d.version()
	return d.done()
}

func businessUnit() *Table {
	d := define("BusinessUnit", "businessunits", 10).describe("Business, division, or department in the Microsoft Dynamics 365 database.").ownership("BusinessOwned")
	d.key("BusinessUnitId")
	d.name("Name", 160)
	d.text(100, "DivisionName", "CostCenter")
	d.formatted("Email", 100, "EMailAddress")
	d.formatted("Url", 200, "WebSiteUrl")
	d.memo(2000, "Description")
	d.add(Column{SchemaName: "CreditLimit", Type: Double, Precision: 2, Max: 1_000_000_000})
	d.flags("IsDisabled")
	d.lookup("OrganizationId", "organization")
	d.lookup("ParentBusinessUnitId", "businessunit")
	d.created()
	d.imported()
	d.currency()
	d.version()
	return d.done()
}

// organization has one row: the environment and its settings, among them how many days deletions are remembered.
func organization() *Table {
	d := define("Organization", "organizations", 1019).describe("Top level of the Microsoft Dynamics 365 business hierarchy. The organization can be a specific business, holding company, or corporation.").
		ownership("None").untracked(false)
	d.key("OrganizationId")
	d.name("Name", 160)
	d.counts(maxExpireDays, "ExpireChangeTrackingInDays", "ExpireSubscriptionsInDays")
	d.integers("LanguageCode", "LocaleId", "FiscalPeriodType")
	d.text(100, "TimeSeparator", "DateSeparator", "CurrencySymbol", "SqlAccessGroupName")
	d.plainFlags("IsAuditEnabled", "IsDisabled", "IsFullTextSearchEnabled", "UserAccessAuditing")
	d.lookup("BaseCurrencyId", "transactioncurrency")
	d.created()
	d.version()
	return d.done()
}

func transactionCurrency() *Table {
	d := define("TransactionCurrency", "transactioncurrencies", 9105).describe("Currency in which a financial transaction is carried out.").ownership("OrganizationOwned")
	d.key("TransactionCurrencyId")
	d.name("CurrencyName", 100)
	d.text(5, "ISOCurrencyCode")
	d.text(13, "CurrencySymbol")
	d.counts(10, "CurrencyPrecision")
	d.numbers(Decimal, 12, "ExchangeRate")
	d.lookup("OrganizationId", "organization")
	d.created()
	d.imported()
	d.version()
	d.activeOrInactive()
	return d.done()
}

func securityRole() *Table {
	d := define("Role", "roles", 1036).describe("Grouping of security privileges. Users are assigned roles that authorize their access to the Microsoft CRM system.").
		ownership("BusinessOwned")
	d.key("RoleId")
	d.name("Name", 100)
	d.lookup("BusinessUnitId", "businessunit")
	d.guids("OrganizationId", "SolutionId", "RoleIdUnique")
	d.managed("IsCustomizable", "CanBeDeleted")
	d.flags("IsManaged")
	d.created()
	d.imported()
	d.version()
	return d.done()
}

// systemUserRoles is the intersect behind an N:N relationship: no names, no owner, but change tracking.
func systemUserRoles() *Table {
	d := define("SystemUserRoles", "systemuserrolescollection", 15).intersect()
	d.key("SystemUserRoleId")
	d.guids("SystemUserId", "RoleId")
	d.version()
	return d.done()
}

func teamMembership() *Table {
	d := define("TeamMembership", "teammemberships", 23).intersect()
	d.key("TeamMembershipId")
	d.guids("SystemUserId", "TeamId")
	d.version()
	return d.done()
}

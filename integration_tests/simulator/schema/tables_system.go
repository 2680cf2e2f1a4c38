package schema

import "math"

// systemForm has managed properties, a key that is not called after the table, and choices without name shadows.
func systemForm() *Table {
	d := Define("SystemForm", "systemforms", 1030).Describe("Organization-owned entity customizations including form layout and dashboards.").Ownership("OrganizationOwned")
	d.Key("FormId")
	d.name("Name", 100)
	d.memo(2000, "Description")
	d.memo(1073741823, "FormXml", "FormJson", "FormXmlManaged")
	d.text(200, "UniqueName")
	d.formatted("VersionNumber", 48, "IntroducedVersion")
	d.Add(Column{SchemaName: "ObjectTypeCode", Type: EntityName})
	d.shadow("ObjectTypeCodeName", "objecttypecode", VirtualColumn)
	d.Choices(Picklist, "Type", options(0, "Dashboard", "AppointmentBook", "Main", "MiniCampaignBO", "Preview", "Mobile - Express", "Quick View Form", "Quick Create"))
	d.Choices(Picklist, "FormActivationState", options(0, "Inactive", "Active"))
	d.Choices(Picklist, "FormPresentation", options(0, "ClassicForm", "AirForm", "ConvertedICForm"))
	d.plainChoice("ComponentState", options(0, "Published", "Unpublished", "Deleted", "Deleted Unpublished"))
	d.managed("CanBeDeleted", "IsCustomizable")
	d.flags("IsDefault", "IsManaged")
	d.plainFlags("IsAIRMerged", "IsDesktopEnabled", "IsTabletEnabled")
	d.Lookup("AncestorFormId", "systemform")
	d.Lookup("OrganizationId", "organization")
	d.Guids("FormIdUnique", "SolutionId")
	d.Add(Column{SchemaName: "SupportingSolutionId", Type: Uniqueidentifier, NotOData: true, NotReadable: true})
	d.dates(UserLocal, "OverwriteTime", "PublishedOn")
	d.counts(math.MaxInt32, "Version")
	d.Version()
	return d.Done()
}

// userSettings returns keyed by another table's id and has an irregular plural.
func userSettings() *Table {
	d := Define("UserSettings", "usersettingscollection", 150).Describe("User's preferred settings.").Ownership("BusinessOwned").Untracked(false)
	d.Key("SystemUserId")
	d.Lookup("BusinessUnitId", "businessunit")
	d.integers("UILanguageId", "LocaleId", "TimeZoneCode")
	d.counts(250, "PagingLimit")
	d.counts(10, "TransactionCurrencyPrecision")
	d.text(255, "DateFormatString", "TimeFormatString", "HomepageArea", "EmailUsername")
	d.flags("IsSendAsAllowed", "SyncContactCompany")
	d.created()
	d.Version()
	return d.Done()
}

func languageLocale() *Table {
	d := Define("LanguageLocale", "languagelocale", 9957).Ownership("OrganizationOwned").Untracked(true)
	d.Key("LanguageLocaleId")
	d.name("Name", 100)
	d.text(10, "Code")
	d.text(80, "Language", "Region")
	d.integers("LocaleId")
	d.Lookup("OrganizationId", "organization")
	d.Version()
	d.activeOrInactive()
	return d.Done()
}

// asyncOperation has no versionnumber and can never be tracked.
func asyncOperation() *Table {
	d := Define("AsyncOperation", "asyncoperations", 4700).Describe("Process whose execution can proceed independently or in the background.").Untracked(false)
	d.Key("AsyncOperationId")
	d.name("Name", 256)
	d.memo(1073741823, "Message", "FriendlyMessage")
	d.choice("OperationType", "System Event", "Bulk Email", "Import File Parse", "Transform Parse Data", "Import")
	d.counts(1000, "RetryCount", "Depth", "Sequence")
	d.integers("ErrorCode")
	d.dates(UserLocal, "StartedOn", "CompletedOn", "PostponeUntil")
	d.Add(Column{SchemaName: "ExecutionTimeSpan", Type: Double, Precision: 2, Max: 1_000_000_000})
	d.Guids("CorrelationId", "RequestId")
	d.Lookup("RegardingObjectId", "account", "contact")
	d.Add(Column{SchemaName: "WorkflowIsBlocked", Type: Boolean, NotOData: true, NotReadable: true, Options: options(0, "No", "Yes")})
	d.Owner()
	d.created()
	d.states([]string{"Ready", "Suspended", "Locked", "Completed"}, Option{Value: 0, Label: "Waiting For Resources"},
		Option{Value: 10, Label: "Waiting", State: 1}, Option{Value: 20, Label: "In Progress", State: 2}, Option{Value: 30, Label: "Succeeded", State: 3})
	return d.Done()
}

// subject has a hierarchy and no owner.
func subject() *Table {
	d := Define("Subject", "subjects", 129).Describe("Information regarding subjects available in the system.").Ownership("OrganizationOwned")
	d.Key("SubjectId")
	d.name("Title", 500)
	d.memo(2000, "Description")
	d.integers("FeatureMask")
	d.Lookup("OrganizationId", "organization")
	d.Lookup("ParentSubject", "subject")
	d.created()
	d.imported()
	d.Version()
	return d.Done()
}

// feedback returns a table whose entity set is its logical name, without a plural.
func feedback() *Table {
	d := Define("Feedback", "feedback", 9986).Describe("Container for feedback and ratings for knowledge articles.")
	d.Key("FeedbackId")
	d.name("Title", 200)
	d.memo(2000, "Comments")
	d.counts(5, "Rating", "MinRating", "MaxRating")
	d.Add(Column{SchemaName: "NormalizedRating", Type: Decimal, Precision: 2, Max: 1})
	d.regarding("account", "contact")
	d.Owner()
	d.created()
	d.imported()
	d.zoned()
	d.Currency()
	d.Version()
	d.states([]string{"Open", "Closed"}, Option{Value: 1, Label: "Proposed"}, Option{Value: 2, Label: "Accepted", State: 1})
	return d.Done()
}

// sharePointDocument returns listed in the metadata but has no entity set, so the Web API cannot address it.
func sharePointDocument() *Table {
	d := Define("SharePointDocument", "", 9507).Ownership("OrganizationOwned").Untracked(false)
	d.Table.CollectionName = "sharepointdocuments"
	d.Key("SharePointDocumentId")
	d.name("FullName", 255)
	d.formatted("Url", 400, "AbsoluteUrl")
	d.bigInts("FileSize")
	d.dates(UserLocal, "Modified")
	return d.Done()
}

// postRegarding has an entity set, but reading many of its rows is refused.
func postRegarding() *Table {
	d := Define("PostRegarding", "postregardings", 8002).Ownership("None").Untracked(false)
	d.Table.NoRetrieve = true
	d.Key("PostRegardingId")
	d.Lookup("RegardingObjectId", "account", "contact")
	d.typed("RegardingObjectTypeCode", "RegardingObjectId")
	d.dates(UserLocal, "LatestManualPostModifiedOn")
	return d.Done()
}

// annotation carries files as base64 text in an ordinary column.
func annotation() *Table {
	d := Define("Annotation", "annotations", 5).Describe("Note that is attached to one or more objects, including other notes.")
	d.Key("AnnotationId")
	d.name("Subject", 500)
	d.memo(100000, "NoteText")
	d.text(1073741823, "DocumentBody")
	d.text(255, "FileName")
	d.text(256, "MimeType")
	d.counts(1_000_000_000, "FileSize")
	d.flags("IsDocument")
	d.private()
	d.Lookup("ObjectId", "account", "contact", "opportunity")
	d.Add(Column{SchemaName: "ObjectTypeCode", Type: EntityName, TypeOf: "objectid"})
	d.Owner()
	d.created()
	d.imported()
	d.Version()
	return d.Done()
}

// plugInTraceLog may not be read by the user that the simulator signs in, and has neither modifiedon nor versionnumber.
func plugInTraceLog() *Table {
	d := Define("PlugInTraceLog", "plugintracelogs", 4619).Describe("Plug-in trace log.").Ownership("None").Untracked(false)
	d.Table.Restricted = true
	d.Key("PlugInTraceLogId")
	d.Table.PrimaryName = "typename"
	d.text(1024, "TypeName")
	d.memo(1048576, "MessageBlock", "ExceptionDetails", "Configuration")
	d.counts(1_000_000_000, "Depth", "PerformanceExecutionDuration")
	d.Choices(Picklist, "Mode", options(0, "Synchronous", "Asynchronous"))
	d.Guids("CorrelationId", "RequestId")
	d.dates(UserLocal, "CreatedOn", "PerformanceExecutionStartTime")
	d.Lookup("CreatedBy", "systemuser")
	return d.Done()
}

package simulator

import "math"

// systemForm has managed properties, a key that is not called after the table, and choices without name shadows.
func systemForm() *Table {
	d := define("SystemForm", "systemforms", 1030).describe("Organization-owned entity customizations including form layout and dashboards.").ownership("OrganizationOwned")
	d.key("FormId")
	d.name("Name", 100)
	d.memo(2000, "Description")
	d.memo(1073741823, "FormXml", "FormJson", "FormXmlManaged")
	d.text(200, "UniqueName")
	d.formatted("VersionNumber", 48, "IntroducedVersion")
	d.add(Column{SchemaName: "ObjectTypeCode", Type: EntityName})
	d.shadow("ObjectTypeCodeName", "objecttypecode", VirtualColumn)
	d.choices(Picklist, "Type", options(0, "Dashboard", "AppointmentBook", "Main", "MiniCampaignBO", "Preview", "Mobile - Express", "Quick View Form", "Quick Create"))
	d.choices(Picklist, "FormActivationState", options(0, "Inactive", "Active"))
	d.choices(Picklist, "FormPresentation", options(0, "ClassicForm", "AirForm", "ConvertedICForm"))
	d.plainChoice("ComponentState", options(0, "Published", "Unpublished", "Deleted", "Deleted Unpublished"))
	d.managed("CanBeDeleted", "IsCustomizable")
	d.flags("IsDefault", "IsManaged")
	d.plainFlags("IsAIRMerged", "IsDesktopEnabled", "IsTabletEnabled")
	d.lookup("AncestorFormId", "systemform")
	d.lookup("OrganizationId", "organization")
	d.guids("FormIdUnique", "SolutionId")
	d.add(Column{SchemaName: "SupportingSolutionId", Type: Uniqueidentifier, NotOData: true, NotReadable: true})
	d.dates(UserLocal, "OverwriteTime", "PublishedOn")
	d.counts(math.MaxInt32, "Version")
	d.version()
	return d.done()
}

// userSettings is keyed by another table's id and has a plural nobody would guess.
func userSettings() *Table {
	d := define("UserSettings", "usersettingscollection", 150).describe("User's preferred settings.").ownership("BusinessOwned").untracked(false)
	d.key("SystemUserId")
	d.lookup("BusinessUnitId", "businessunit")
	d.integers("UILanguageId", "LocaleId", "TimeZoneCode")
	d.counts(250, "PagingLimit")
	d.counts(10, "TransactionCurrencyPrecision")
	d.text(255, "DateFormatString", "TimeFormatString", "HomepageArea", "EmailUsername")
	d.flags("IsSendAsAllowed", "SyncContactCompany")
	d.created()
	d.version()
	return d.done()
}

func languageLocale() *Table {
	d := define("LanguageLocale", "languagelocale", 9957).ownership("OrganizationOwned").untracked(true)
	d.key("LanguageLocaleId")
	d.name("Name", 100)
	d.text(10, "Code")
	d.text(80, "Language", "Region")
	d.integers("LocaleId")
	d.lookup("OrganizationId", "organization")
	d.version()
	d.activeOrInactive()
	return d.done()
}

// asyncOperation has no versionnumber and can never be tracked.
func asyncOperation() *Table {
	d := define("AsyncOperation", "asyncoperations", 4700).describe("Process whose execution can proceed independently or in the background.").untracked(false)
	d.key("AsyncOperationId")
	d.name("Name", 256)
	d.memo(1073741823, "Message", "FriendlyMessage")
	d.choice("OperationType", "System Event", "Bulk Email", "Import File Parse", "Transform Parse Data", "Import")
	d.counts(1000, "RetryCount", "Depth", "Sequence")
	d.integers("ErrorCode")
	d.dates(UserLocal, "StartedOn", "CompletedOn", "PostponeUntil")
	d.add(Column{SchemaName: "ExecutionTimeSpan", Type: Double, Precision: 2, Max: 1_000_000_000})
	d.guids("CorrelationId", "RequestId")
	d.lookup("RegardingObjectId", "account", "contact")
	d.add(Column{SchemaName: "WorkflowIsBlocked", Type: Boolean, NotOData: true, NotReadable: true, Options: options(0, "No", "Yes")})
	d.owner()
	d.created()
	d.states([]string{"Ready", "Suspended", "Locked", "Completed"}, Option{Value: 0, Label: "Waiting For Resources"},
		Option{Value: 10, Label: "Waiting", State: 1}, Option{Value: 20, Label: "In Progress", State: 2}, Option{Value: 30, Label: "Succeeded", State: 3})
	return d.done()
}

// subject has a hierarchy and no owner.
func subject() *Table {
	d := define("Subject", "subjects", 129).describe("Information regarding subjects available in the system.").ownership("OrganizationOwned")
	d.key("SubjectId")
	d.name("Title", 500)
	d.memo(2000, "Description")
	d.integers("FeatureMask")
	d.lookup("OrganizationId", "organization")
	d.lookup("ParentSubject", "subject")
	d.created()
	d.imported()
	d.version()
	return d.done()
}

// feedback is a table whose entity set is its logical name, without a plural.
func feedback() *Table {
	d := define("Feedback", "feedback", 9986).describe("Container for feedback and ratings for knowledge articles.")
	d.key("FeedbackId")
	d.name("Title", 200)
	d.memo(2000, "Comments")
	d.counts(5, "Rating", "MinRating", "MaxRating")
	d.add(Column{SchemaName: "NormalizedRating", Type: Decimal, Precision: 2, Max: 1})
	d.regarding("account", "contact")
	d.owner()
	d.created()
	d.imported()
	d.zoned()
	d.currency()
	d.version()
	d.states([]string{"Open", "Closed"}, Option{Value: 1, Label: "Proposed"}, Option{Value: 2, Label: "Accepted", State: 1})
	return d.done()
}

// sharePointDocument is listed in the metadata but has no entity set, so the Web API cannot address it.
func sharePointDocument() *Table {
	d := define("SharePointDocument", "", 9507).ownership("OrganizationOwned").untracked(false)
	d.table.CollectionName = "sharepointdocuments"
	d.key("SharePointDocumentId")
	d.name("FullName", 255)
	d.formatted("Url", 400, "AbsoluteUrl")
	d.bigInts("FileSize")
	d.dates(UserLocal, "Modified")
	return d.done()
}

// postRegarding has an entity set, but reading many of its rows is refused.
func postRegarding() *Table {
	d := define("PostRegarding", "postregardings", 8002).ownership("None").untracked(false)
	d.table.NoRetrieve = true
	d.key("PostRegardingId")
	d.lookup("RegardingObjectId", "account", "contact")
	d.typed("RegardingObjectTypeCode", "RegardingObjectId")
	d.dates(UserLocal, "LatestManualPostModifiedOn")
	return d.done()
}

// annotation carries files as base64 text in an ordinary column.
func annotation() *Table {
	d := define("Annotation", "annotations", 5).describe("Note that is attached to one or more objects, including other notes.")
	d.key("AnnotationId")
	d.name("Subject", 500)
	d.memo(100000, "NoteText")
	d.text(1073741823, "DocumentBody")
	d.text(255, "FileName")
	d.text(256, "MimeType")
	d.counts(1_000_000_000, "FileSize")
	d.flags("IsDocument")
	d.private()
	d.lookup("ObjectId", "account", "contact", "opportunity")
	d.typed("ObjectTypeCode", "ObjectId")
	d.owner()
	d.created()
	d.imported()
	d.version()
	return d.done()
}

// plugInTraceLog may not be read by the user that the simulator signs in, and has neither modifiedon nor versionnumber.
func plugInTraceLog() *Table {
	d := define("PlugInTraceLog", "plugintracelogs", 4619).describe("Plug-in trace log.").ownership("None").untracked(false)
	d.table.Restricted = true
	d.key("PlugInTraceLogId")
	d.table.PrimaryName = "typename"
	d.text(1024, "TypeName")
	d.memo(1048576, "MessageBlock", "ExceptionDetails", "Configuration")
	d.counts(1_000_000_000, "Depth", "PerformanceExecutionDuration")
	d.choices(Picklist, "Mode", options(0, "Synchronous", "Asynchronous"))
	d.guids("CorrelationId", "RequestId")
	d.dates(UserLocal, "CreatedOn", "PerformanceExecutionStartTime")
	d.lookup("CreatedBy", "systemuser")
	return d.done()
}

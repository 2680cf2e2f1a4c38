package schema

import "math"

// activity adds what activitypointer and every kind of activity have in common.
func (d *Definition) activity() {
	d.Table.Type, d.Table.Activity = Activity, true
	d.Key("ActivityId")
	d.name("Subject", 400)
	d.memo(2000, "Description")
	d.Add(Column{SchemaName: "ActivityTypeCode", Type: EntityName})
	d.shadow("ActivityTypeCodeName", "activitytypecode", VirtualColumn)
	d.regarding("account", "contact", "opportunity")
	d.dates(UserLocal, "ScheduledStart", "ScheduledEnd", "ActualStart", "ActualEnd", "SortDate")
	d.counts(math.MaxInt32, "ActualDurationMinutes", "ScheduledDurationMinutes")
	d.Choices(Picklist, "PriorityCode", options(0, "Low", "Normal", "High"))
	d.flags("IsBilled", "IsWorkflowCreated", "IsRegularActivity")
	d.memo(8192, "ExchangeItemId")
	d.text(1250, "TraversedPath")
	d.Guids("ProcessId", "StageId")
	d.sla()
	d.Owner()
	d.created()
	d.zoned()
	d.Currency()
	d.Version()
}

// startedOrDone adds the states of an activity.
func (d *Definition) startedOrDone() {
	d.states([]string{"Open", "Completed", "Canceled"},
		Option{Value: 2, Label: "Not Started"}, Option{Value: 3, Label: "In Progress"}, Option{Value: 4, Label: "Waiting on someone else"},
		Option{Value: 5, Label: "Completed", State: 1}, Option{Value: 6, Label: "Canceled", State: 2}, Option{Value: 7, Label: "Deferred"})
}

func activityPointer() *Table {
	d := Define("ActivityPointer", "activitypointers", 4200).Describe("Task performed, or to be performed, by a user.")
	d.activity()
	d.parties("AllParties")
	d.states([]string{"Open", "Completed", "Canceled", "Scheduled"},
		Option{Value: 1, Label: "Open"}, Option{Value: 2, Label: "Completed", State: 1},
		Option{Value: 3, Label: "Canceled", State: 2}, Option{Value: 4, Label: "Scheduled", State: 3})
	return d.Done()
}

func task() *Table {
	d := Define("Task", "tasks", 4212).Describe("Generic activity representing work needed to be done.")
	d.activity()
	d.text(250, "Category", "Subcategory")
	d.counts(100, "PercentComplete")
	d.imported()
	d.startedOrDone()
	return d.Done()
}

func phoneCall() *Table {
	d := Define("PhoneCall", "phonecalls", 4210).Describe("Activity to track a telephone call.")
	d.activity()
	d.text(250, "Category", "Subcategory")
	d.text(200, "PhoneNumber")
	d.flags("DirectionCode", "LeftVoiceMail")
	d.parties("From", "To")
	d.imported()
	d.states([]string{"Open", "Completed", "Canceled"}, Option{Value: 1, Label: "Open"}, Option{Value: 2, Label: "Made", State: 1},
		Option{Value: 3, Label: "Canceled", State: 2}, Option{Value: 4, Label: "Received", State: 1})
	return d.Done()
}

// email has party lists, which are not properties of the Web API, beside the strings Sender and ToRecipients, which are.
func email() *Table {
	d := Define("Email", "emails", 4202).Describe("Activity that is delivered using email protocols.")
	d.activity()
	d.formatted("Email", 250, "Sender")
	d.text(500, "ToRecipients")
	d.text(320, "MessageId", "InReplyTo")
	d.text(250, "Category", "Subcategory", "TrackingToken")
	d.text(100, "MimeType")
	d.counts(1_000_000_000, "DeliveryAttempts", "AttachmentCount")
	d.flags("DirectionCode", "Compressed", "ReadReceiptRequested", "DeliveryReceiptRequested")
	d.parties("From", "To", "Cc", "Bcc")
	d.customer("EmailSender")
	d.Lookup("TemplateId", "template")
	d.Lookup("ParentActivityId", "email")
	d.text(2048, "ConversationIndex")
	d.dates(UserLocal, "SentOn", "OverriddenCreatedOn")
	d.states([]string{"Open", "Completed", "Canceled"}, Option{Value: 1, Label: "Draft"}, Option{Value: 2, Label: "Completed", State: 1},
		Option{Value: 3, Label: "Sent", State: 1}, Option{Value: 4, Label: "Received", State: 1}, Option{Value: 5, Label: "Canceled", State: 2})
	return d.Done()
}

// activityParty returns where the people of a party list are found through the Web API.
func activityParty() *Table {
	d := Define("ActivityParty", "activityparties", 135).Describe("Person or group associated with an activity.").Ownership("None").Untracked(false)
	d.Key("ActivityPartyId")
	d.Lookup("ActivityId", "activitypointer")
	d.Lookup("PartyId", "account", "contact", "systemuser")
	d.typed("PartyObjectTypeCode", "PartyId")
	d.choice("ParticipationTypeMask", "Sender", "To Recipient", "CC Recipient", "BCC Recipient")
	d.text(320, "AddressUsed")
	d.Add(Column{SchemaName: "Effort", Type: Double, Precision: 2, Max: 1_000_000_000})
	d.dates(UserLocal, "ScheduledStart", "ScheduledEnd")
	d.plainFlags("DoNotEmail", "DoNotPhone", "IsPartyDeleted")
	d.Version()
	return d.Done()
}

// opportunity has amounts, a date without a time of day, and a Customer lookup.
func opportunity() *Table {
	d := Define("Opportunity", "opportunities", 3).Describe("Potential revenue-generating event, or sale to an account, which needs to be tracked through a sales process to completion.")
	d.Key("OpportunityId")
	d.name("Name", 300)
	d.memo(2000, "Description", "CustomerNeed", "CurrentSituation", "ProposedSolution", "QuoteComments")
	d.Money("EstimatedValue", "ActualValue", "BudgetAmount", "TotalAmount", "TotalTax", "FreightAmount", "DiscountAmount",
		"TotalLineItemAmount", "TotalAmountLessFreight")
	d.Add(Column{SchemaName: "DiscountPercentage", Type: Decimal, Precision: 2, Max: 100})
	d.counts(100, "CloseProbability")
	d.dates(DateOnly, "EstimatedCloseDate", "ActualCloseDate", "FinalDecisionDate")
	d.dates(UserLocal, "ScheduleFollowup_Prospect")
	d.choice("OpportunityRatingCode", "Hot", "Warm", "Cold")
	d.Choices(Picklist, "SalesStage", options(0, "Qualify", "Develop", "Propose", "Close"))
	d.flags("IsRevenueSystemCalculated", "DecisionMaker", "ParticipatesInWorkflow")
	d.Choices(Picklist, "PurchaseTimeframe", options(0, "Immediate", "This Quarter", "Next Quarter", "This Year", "Unknown"))
	d.Choices(Picklist, "BudgetStatus", options(0, "No Committed Budget", "May Buy", "Can Buy", "Will Buy"))
	d.Choices(Picklist, "Need", options(0, "Must have", "Should have", "Good to have", "No need"))
	d.text(200, "StepName")
	d.formatted("Email", 100, "EmailAddress")
	d.customer("CustomerId")
	d.Lookup("PriceLevelId", "pricelevel")
	d.Lookup("CampaignId", "campaign")
	d.Lookup("OriginatingLeadId", "lead")
	d.Lookup("ParentAccountId", "account")
	d.Lookup("ParentContactId", "contact")
	d.Guids("ProcessId", "StageId")
	d.Owner()
	d.created()
	d.imported()
	d.zoned()
	d.Currency()
	d.Version()
	d.states([]string{"Open", "Won", "Lost"}, Option{Value: 1, Label: "In Progress"}, Option{Value: 2, Label: "On Hold"},
		Option{Value: 3, Label: "Won", State: 1}, Option{Value: 4, Label: "Canceled", State: 2}, Option{Value: 5, Label: "Out-Sold", State: 2})
	return d.Done()
}

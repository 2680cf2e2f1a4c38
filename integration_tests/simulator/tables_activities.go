package simulator

import "math"

// activity adds what activitypointer and every kind of activity have in common.
func (d *definition) activity() {
	d.table.Type, d.table.Activity = Activity, true
	d.key("ActivityId")
	d.name("Subject", 400)
	d.memo(2000, "Description")
	d.add(Column{SchemaName: "ActivityTypeCode", Type: EntityName})
	d.shadow("ActivityTypeCodeName", "activitytypecode", VirtualColumn)
	d.regarding("account", "contact", "opportunity")
	d.dates(UserLocal, "ScheduledStart", "ScheduledEnd", "ActualStart", "ActualEnd", "SortDate")
	d.counts(math.MaxInt32, "ActualDurationMinutes", "ScheduledDurationMinutes")
	d.choices(Picklist, "PriorityCode", options(0, "Low", "Normal", "High"))
	d.flags("IsBilled", "IsWorkflowCreated", "IsRegularActivity")
	d.memo(8192, "ExchangeItemId")
	d.text(1250, "TraversedPath")
	d.guids("ProcessId", "StageId")
	d.sla()
	d.owner()
	d.created()
	d.zoned()
	d.currency()
	d.version()
}

// startedOrDone adds the states of an activity.
func (d *definition) startedOrDone() {
	d.states([]string{"Open", "Completed", "Canceled"},
		Option{Value: 2, Label: "Not Started"}, Option{Value: 3, Label: "In Progress"}, Option{Value: 4, Label: "Waiting on someone else"},
		Option{Value: 5, Label: "Completed", State: 1}, Option{Value: 6, Label: "Canceled", State: 2}, Option{Value: 7, Label: "Deferred"})
}

func activityPointer() *Table {
	d := define("ActivityPointer", "activitypointers", 4200).describe("Task performed, or to be performed, by a user.")
	d.activity()
	d.parties("AllParties")
	d.states([]string{"Open", "Completed", "Canceled", "Scheduled"},
		Option{Value: 1, Label: "Open"}, Option{Value: 2, Label: "Completed", State: 1},
		Option{Value: 3, Label: "Canceled", State: 2}, Option{Value: 4, Label: "Scheduled", State: 3})
	return d.done()
}

func task() *Table {
	d := define("Task", "tasks", 4212).describe("Generic activity representing work needed to be done.")
	d.activity()
	d.text(250, "Category", "Subcategory")
	d.counts(100, "PercentComplete")
	d.imported()
	d.startedOrDone()
	return d.done()
}

func phoneCall() *Table {
	d := define("PhoneCall", "phonecalls", 4210).describe("Activity to track a telephone call.")
	d.activity()
	d.text(250, "Category", "Subcategory")
	d.text(200, "PhoneNumber")
	d.flags("DirectionCode", "LeftVoiceMail")
	d.parties("From", "To")
	d.imported()
	d.states([]string{"Open", "Completed", "Canceled"}, Option{Value: 1, Label: "Open"}, Option{Value: 2, Label: "Made", State: 1},
		Option{Value: 3, Label: "Canceled", State: 2}, Option{Value: 4, Label: "Received", State: 1})
	return d.done()
}

// email has party lists, which are no properties of the Web API, next to the strings Sender and ToRecipients, which are.
func email() *Table {
	d := define("Email", "emails", 4202).describe("Activity that is delivered using email protocols.")
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
	d.lookup("TemplateId", "template")
	d.lookup("ParentActivityId", "email")
	d.text(2048, "ConversationIndex")
	d.dates(UserLocal, "SentOn", "OverriddenCreatedOn")
	d.states([]string{"Open", "Completed", "Canceled"}, Option{Value: 1, Label: "Draft"}, Option{Value: 2, Label: "Completed", State: 1},
		Option{Value: 3, Label: "Sent", State: 1}, Option{Value: 4, Label: "Received", State: 1}, Option{Value: 5, Label: "Canceled", State: 2})
	return d.done()
}

// activityParty is where the people of a party list are found through the Web API.
func activityParty() *Table {
	d := define("ActivityParty", "activityparties", 135).describe("Person or group associated with an activity.").ownership("None").untracked(false)
	d.key("ActivityPartyId")
	d.lookup("ActivityId", "activitypointer")
	d.lookup("PartyId", "account", "contact", "systemuser")
	d.typed("PartyObjectTypeCode", "PartyId")
	d.choice("ParticipationTypeMask", "Sender", "To Recipient", "CC Recipient", "BCC Recipient")
	d.text(320, "AddressUsed")
	d.add(Column{SchemaName: "Effort", Type: Double, Precision: 2, Max: 1_000_000_000})
	d.dates(UserLocal, "ScheduledStart", "ScheduledEnd")
	d.plainFlags("DoNotEmail", "DoNotPhone", "IsPartyDeleted")
	d.version()
	return d.done()
}

// opportunity has amounts, a date without a time of day, and a Customer lookup.
func opportunity() *Table {
	d := define("Opportunity", "opportunities", 3).describe("Potential revenue-generating event, or sale to an account, which needs to be tracked through a sales process to completion.")
	d.key("OpportunityId")
	d.name("Name", 300)
	d.memo(2000, "Description", "CustomerNeed", "CurrentSituation", "ProposedSolution", "QuoteComments")
	d.money("EstimatedValue", "ActualValue", "BudgetAmount", "TotalAmount", "TotalTax", "FreightAmount", "DiscountAmount",
		"TotalLineItemAmount", "TotalAmountLessFreight")
	d.add(Column{SchemaName: "DiscountPercentage", Type: Decimal, Precision: 2, Max: 100})
	d.counts(100, "CloseProbability")
	d.dates(DateOnly, "EstimatedCloseDate", "ActualCloseDate", "FinalDecisionDate")
	d.dates(UserLocal, "ScheduleFollowup_Prospect")
	d.choice("OpportunityRatingCode", "Hot", "Warm", "Cold")
	d.choices(Picklist, "SalesStage", options(0, "Qualify", "Develop", "Propose", "Close"))
	d.flags("IsRevenueSystemCalculated", "DecisionMaker", "ParticipatesInWorkflow")
	d.choices(Picklist, "PurchaseTimeframe", options(0, "Immediate", "This Quarter", "Next Quarter", "This Year", "Unknown"))
	d.choices(Picklist, "BudgetStatus", options(0, "No Committed Budget", "May Buy", "Can Buy", "Will Buy"))
	d.choices(Picklist, "Need", options(0, "Must have", "Should have", "Good to have", "No need"))
	d.text(200, "StepName")
	d.formatted("Email", 100, "EmailAddress")
	d.customer("CustomerId")
	d.lookup("PriceLevelId", "pricelevel")
	d.lookup("CampaignId", "campaign")
	d.lookup("OriginatingLeadId", "lead")
	d.lookup("ParentAccountId", "account")
	d.lookup("ParentContactId", "contact")
	d.guids("ProcessId", "StageId")
	d.owner()
	d.created()
	d.imported()
	d.zoned()
	d.currency()
	d.version()
	d.states([]string{"Open", "Won", "Lost"}, Option{Value: 1, Label: "In Progress"}, Option{Value: 2, Label: "On Hold"},
		Option{Value: 3, Label: "Won", State: 1}, Option{Value: 4, Label: "Canceled", State: 2}, Option{Value: 5, Label: "Out-Sold", State: 2})
	return d.done()
}

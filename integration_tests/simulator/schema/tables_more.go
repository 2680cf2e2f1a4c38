package schema

// Extended returns the tables of Realistic, and after them those that hold what a client needs to give values a meaning:
// the audit log, files of file columns and of e-mails, the labels of options as rows, and a custom table with global choices,
// full images and files.
func Extended() []*Table {
	return append(Realistic(), audit(), fileAttachment(), activityMIMEAttachment(), stringMap(), survey())
}

// audit has neither versionnumber nor modifiedon, and only the service writes it (Microsoft, "Retrieve the history of audited
// data changes").
func audit() *Table {
	d := Define("Audit", "audits", 4567).Describe("Track changes to records for analysis, record keeping, and compliance.").Ownership("None").Untracked(false)
	d.Table.ReadOnly, d.Table.Flat = true, true
	d.Key("AuditId")
	d.Add(Column{SchemaName: "Action", Type: Picklist, Options: []Option{{Value: 1, Label: "Create"}, {Value: 2, Label: "Update"}, {Value: 3, Label: "Delete"}, {Value: 13, Label: "Assign"}}})
	d.Add(Column{SchemaName: "Operation", Type: Picklist, Options: options(1, "Create", "Update", "Delete", "Access")})
	d.memo(10000, "AttributeMask")
	d.memo(1073741823, "ChangeData")
	d.Guids("TransactionId")
	d.Lookup("ObjectId", "account", "contact", "opportunity")
	d.Add(Column{SchemaName: "ObjectTypeCode", Type: EntityName, TypeOf: "objectid"})
	d.Lookup("UserId", "systemuser")
	d.Lookup("CallingUserId", "systemuser")
	d.dates(UserLocal, "CreatedOn")
	return d.Done()
}

// fileAttachment describes the files of file columns. Only the service writes it.
func fileAttachment() *Table {
	d := Define("FileAttachment", "fileattachments", 55).Describe("File Attachment").Ownership("None").Untracked(false)
	d.Table.ReadOnly = true
	d.Key("FileAttachmentId")
	d.Add(Column{SchemaName: "ObjectId", Type: Lookup, Targets: []string{"contoso_everything", "contoso_survey"}})
	d.typed("ObjectTypeCode", "ObjectId")
	d.name("FileName", 256)
	d.text(256, "MimeType", "RegardingFieldName")
	d.bigInts("FileSizeInBytes")
	d.dates(UserLocal, "CreatedOn")
	d.Version()
	return d.Done()
}

// activityMIMEAttachment carries the files of e-mails as base64 text in an ordinary column.
func activityMIMEAttachment() *Table {
	d := Define("ActivityMimeAttachment", "activitymimeattachments", 1001).Describe("MIME attachment for an activity.").Ownership("None").Untracked(false)
	d.Key("ActivityMimeAttachmentId")
	d.text(1073741823, "Body")
	d.name("FileName", 255)
	d.text(256, "MimeType")
	d.text(200, "Subject")
	d.counts(1_000_000_000, "FileSize", "AttachmentNumber")
	d.Lookup("ObjectId", "email")
	d.Add(Column{SchemaName: "ObjectTypeCode", Type: EntityName, TypeOf: "objectid"})
	d.Version()
	return d.Done()
}

// stringMap can be read by its entity set, which $metadata does not mention.
func stringMap() *Table {
	d := Define("StringMap", "stringmaps", 1043).Describe("Mapping between strings.").Ownership("None").Untracked(false)
	d.Table.ReadOnly, d.Table.Undeclared = true, true
	d.Key("StringMapId")
	d.text(100, "AttributeName")
	d.integers("AttributeValue", "DisplayOrder", "LangId")
	d.text(100, "ObjectTypeCode")
	d.text(4000, "Value")
	d.Guids("OrganizationId")
	d.Version()
	return d.Done()
}

// survey has global choices, options with everything that an option can have, full images and files.
func survey() *Table {
	d := Define("contoso_Survey", "contoso_surveys", 10006).Describe("Surveys of customers.").Custom()
	d.Key("contoso_SurveyId")
	d.name("contoso_Name", 100)
	scale := []Option{
		{Value: 100000000, Label: "Poor", Translations: map[int]string{1031: "Schlecht", 1036: "Mauvais"}, Color: "#D13438", ExternalValue: "1", Description: "Well below what was expected"},
		{Value: 100000001, Label: "Fair", Translations: map[int]string{1031: "Mäßig", 1036: ""}, Color: "#FFB900", ExternalValue: "2"},
		{Value: 100000002, Label: "Good", Translations: map[int]string{1031: "Gut", 1036: "Bon"}, Color: "#107C10", ExternalValue: "3"},
		{Value: 100000003, Label: "Not asked", Hidden: true},
	}
	for _, name := range []string{"contoso_Service", "contoso_Price"} {
		d.Add(Column{SchemaName: name, Type: Picklist, Options: scale, GlobalChoice: "contoso_rating", Description: "How satisfied the customer is."})
		d.shadow(name+"Name", name, VirtualColumn)
	}
	d.Add(Column{SchemaName: "contoso_Compared", Type: MultiSelectPicklist, Options: scale, GlobalChoice: "contoso_rating"})
	d.Choices(Picklist, "contoso_Channel", options(1, "Mail", "Telephone", "Web"))
	d.flags("contoso_Repeated")
	d.File("contoso_Transcript")
	d.Image("contoso_Signature")
	for i := range d.Table.Columns {
		if d.Table.Columns[i].Type == Image {
			d.Table.Columns[i].FullImage = true
		}
	}
	d.customer("contoso_Respondent")
	d.Lookup("contoso_Subject", "account", "contact", "opportunity", "contoso_everything")
	d.Owner()
	d.Usual()
	return d.Done()
}

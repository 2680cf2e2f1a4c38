package simulator

import (
	"cmp"
	"slices"
	"strings"
)

// The data providers that EntityMetadata.DataProviderId names: the one of elastic tables, and one of the kind that virtual tables have.
const (
	elasticProvider = "1d9bde74-9ebd-4da9-8ff5-aa74945b9f74"
	virtualProvider = "7015a531-cc0d-4537-b5f2-c882a1eb65ad"
)

// platformDate is the date that the service gives for the making of its own tables.
const platformDate = "1900-01-01T00:00:00Z"

// tableID is the MetadataId of a table.
func tableID(t *Table) string { return stableID("table", t.LogicalName) }

// tableProperties are the properties of EntityMetadata (Web API reference, EntityMetadata).
func tableProperties() []property[*Table] {
	return slices.Concat(tableIdentity(), tableNulls(), tableKinds(), tableFeatures(), tableManagedProperties())
}

func tableIdentity() []property[*Table] {
	text := func(name string, value func(*Table) string) property[*Table] {
		return property[*Table]{name: name, shape: stringShape, value: func(t *Table) any { return nullable(value(t)) }}
	}
	number := func(name string, value func(*Table) int) property[*Table] {
		return property[*Table]{name: name, shape: numberShape, value: func(t *Table) any { return value(t) }}
	}
	return []property[*Table]{
		{name: "MetadataId", shape: guidShape, value: func(t *Table) any { return tableID(t) }},
		number("ActivityTypeMask", func(*Table) int { return 0 }),
		{name: "ClusterMode", shape: enumShape, enum: "ClusterMode", value: func(*Table) any { return "Local" }},
		{name: "CreatedOn", shape: dateShape, value: func(*Table) any { return platformDate }},
		{name: "DataProviderId", shape: guidShape, value: dataProvider},
		{name: "DataSourceId", shape: guidShape, value: func(*Table) any { return nil }},
		{name: "Description", shape: labelShape, value: func(t *Table) any { return label{t.Description, "description " + t.LogicalName} }},
		{name: "DisplayCollectionName", shape: labelShape, value: collectionLabel},
		{name: "DisplayName", shape: labelShape, value: func(t *Table) any {
			return label{cmp.Or(t.DisplayName, displayName(t.SchemaName, t.Custom)), t.LogicalName}
		}},
		text("ExternalName", func(t *Table) string { return external(t, t.LogicalName) }),
		text("LogicalName", func(t *Table) string { return t.LogicalName }),
		{name: "ModifiedOn", shape: dateShape, value: func(*Table) any { return platformDate }},
		number("ObjectTypeCode", func(t *Table) int { return t.TypeCode }),
		number("OwnerIdType", func(*Table) int { return 8 }),
		{name: "OwnershipType", shape: enumShape, enum: "OwnershipTypes", value: func(t *Table) any { return t.Ownership }},
		text("PrimaryIdAttribute", func(t *Table) string { return t.PrimaryID }),
		text("PrimaryNameAttribute", func(t *Table) string { return t.PrimaryName }),
		text("ReportViewName", func(t *Table) string { return "Filtered" + t.SchemaName }),
		text("SchemaName", func(t *Table) string { return t.SchemaName }),
		text("TableType", func(t *Table) string { return string(t.Type) }),
		text("IntroducedVersion", func(*Table) string { return "5.0.0.0" }),
		text("PrimaryImageAttribute", primaryImage),
		text("CollectionSchemaName", collectionSchema),
		text("ExternalCollectionName", func(t *Table) string { return external(t, t.CollectionName) }),
		text("LogicalCollectionName", func(t *Table) string { return t.CollectionName }),
		number("DaysSinceRecordLastModified", func(*Table) int { return 0 }),
		text("EntitySetName", func(t *Table) string { return t.EntitySetName }),
		{name: "Privileges", shape: listShape, value: func(t *Table) any { return tablePrivileges(t) }},
	}
}

// tableNulls are the properties that the simulated tables leave empty.
func tableNulls() []property[*Table] {
	shapes := map[shape][]string{
		boolShape:   {"HasChanged"},
		guidShape:   {"OwnerId", "OwningBusinessUnit"},
		stringShape: {"EntityColor", "EntityHelpUrl", "IconLargeName", "IconMediumName", "IconSmallName", "IconVectorName", "PrimaryKey", "RecurrenceBaseEntityLogicalName", "SettingOf"},
	}
	var list []property[*Table]
	for _, s := range []shape{boolShape, guidShape, stringShape} {
		for _, name := range shapes[s] {
			list = append(list, property[*Table]{name: name, shape: s, value: func(*Table) any { return nil }})
		}
	}
	return list
}

func flag(name string, value func(*Table) bool) property[*Table] {
	return property[*Table]{name: name, shape: boolShape, value: func(t *Table) any { return value(t) }}
}

func never(*Table) bool { return false }

func userOwned(t *Table) bool { return t.Ownership == "UserOwned" }

// storedByRow says whether the rows are ordinary ones of the environment's own database.
func storedByRow(t *Table) bool { return t.Type != Virtual && t.Type != Elastic && !t.Intersect }

// tableKinds are the flags that say what sort of table it is.
func tableKinds() []property[*Table] {
	return []property[*Table]{
		flag("ChangeTrackingEnabled", func(t *Table) bool { return t.Tracked }),
		flag("IsAIRUpdated", func(t *Table) bool { return !t.Intersect }),
		flag("IsActivity", func(t *Table) bool { return t.Activity }),
		flag("IsActivityParty", func(t *Table) bool { return t.ActivityParty }),
		flag("IsAvailableOffline", userOwned),
		flag("IsBPFEntity", never),
		flag("IsChildEntity", func(t *Table) bool { return t.Ownership == "None" && !t.Intersect }),
		flag("IsCustomEntity", func(t *Table) bool { return t.Custom }),
		flag("IsImportable", userOwned),
		flag("IsIntersect", func(t *Table) bool { return t.Intersect }),
		flag("IsLogicalEntity", func(t *Table) bool { return t.Logical }),
		flag("IsManaged", func(t *Table) bool { return !t.Custom }),
		flag("IsOptimisticConcurrencyEnabled", func(t *Table) bool { return storedByRow(t) && t.Column("versionnumber") != nil }),
		flag("IsPrivate", func(t *Table) bool { return t.Private }),
		flag("IsSolutionAware", func(t *Table) bool { return t.Column("solutionid") != nil }),
		flag("IsStateModelAware", func(t *Table) bool { return t.Column("statecode") != nil }),
		flag("IsValidForAdvancedFind", func(t *Table) bool { return !t.Intersect }),
	}
}

// tableFeatures are the flags of what is switched on for a table.
func tableFeatures() []property[*Table] {
	return []property[*Table]{
		flag("AutoCreateAccessTeams", never),
		flag("AutoReplicateClusterRecords", never),
		flag("AutoRouteToOwnerQueue", never),
		flag("CanChangeClusterMode", storedByRow),
		flag("CanTriggerWorkflow", storedByRow),
		flag("DefaultToLocalPartition", never),
		flag("EnforceStateTransitions", never),
		flag("EntityHelpUrlEnabled", never),
		flag("HasActivities", userOwned),
		flag("HasEmailAddresses", func(t *Table) bool { return t.Column("emailaddress1") != nil }),
		flag("HasFeedback", never),
		flag("HasNotes", userOwned),
		flag("IsArchivalEnabled", never),
		flag("IsBusinessProcessEnabled", func(t *Table) bool { return t.Column("processid") != nil }),
		flag("IsDocumentManagementEnabled", never),
		flag("IsDocumentRecommendationsEnabled", never),
		flag("IsEnabledForCharts", userOwned),
		flag("IsEnabledForExternalChannels", userOwned),
		flag("IsEnabledForTrace", never),
		flag("IsInteractionCentricEnabled", userOwned),
		flag("IsKnowledgeManagementEnabled", never),
		flag("IsMSTeamsIntegrationEnabled", never),
		flag("IsOneNoteIntegrationEnabled", userOwned),
		flag("IsQuickCreateEnabled", userOwned),
		flag("IsReadingPaneEnabled", userOwned),
		flag("IsRetentionEnabled", never),
		flag("IsRetrieveAuditEnabled", never),
		flag("IsRetrieveMultipleAuditEnabled", never),
		flag("IsSLAEnabled", never),
		flag("SyncToExternalSearchIndex", never),
		flag("UsesBusinessDataLabelTable", never),
	}
}

// tableManagedProperties are the properties that a solution's maker can lock.
func tableManagedProperties() []property[*Table] {
	managed := func(name, setting string, changeable bool, value func(*Table) bool) property[*Table] {
		return property[*Table]{name: name, shape: boolValueShape, value: func(t *Table) any {
			return managedProperty{value(t), changeable, setting}
		}}
	}
	shown := func(t *Table) bool { return !t.Intersect }
	ordinary := func(t *Table) bool { return !t.Intersect && t.Type != Virtual }
	no := func(*Table) bool { return false }
	return []property[*Table]{
		managed("CanBeInCustomEntityAssociation", "canbeincustomentityassociation", false, ordinary),
		managed("CanBeInManyToMany", "canbeinmanytomany", false, ordinary),
		managed("CanBePrimaryEntityInRelationship", "canbeprimaryentityinrelationship", false, shown),
		managed("CanBeRelatedEntityInRelationship", "canberelatedentityinrelationship", false, shown),
		managed("CanChangeHierarchicalRelationship", "canchangehierarchicalrelationship", false, no),
		{name: "CanChangeTrackingBeEnabled", shape: boolValueShape, value: func(t *Table) any {
			return managedProperty{t.CanBeTracked, t.CanBeTracked, "canchangetrackingbeenabled"}
		}},
		managed("CanCreateAttributes", "cancreateattributes", false, shown),
		managed("CanCreateCharts", "cancreatecharts", false, shown),
		managed("CanCreateForms", "cancreateforms", false, shown),
		managed("CanCreateViews", "cancreateviews", false, shown),
		managed("CanEnableSyncToExternalSearchIndex", "canenablesynctoexternalsearchindex", true, ordinary),
		managed("CanModifyAdditionalSettings", "canmodifyadditionalsettings", true, shown),
		managed("IsAuditEnabled", "canmodifyauditsettings", true, no),
		managed("IsConnectionsEnabled", "canmodifyconnectionsettings", true, ordinary),
		managed("IsCustomizable", "iscustomizable", false, shown),
		managed("IsDuplicateDetectionEnabled", "canmodifyduplicatedetectionsettings", true, ordinary),
		managed("IsMailMergeEnabled", "canmodifymailmergesettings", true, no),
		managed("IsMappable", "ismappable", false, shown),
		managed("IsOfflineInMobileClient", "canmodifymobileclientoffline", true, shown),
		managed("IsReadOnlyInMobileClient", "canmodifymobileclientreadonly", true, no),
		managed("IsRenameable", "isrenameable", false, shown),
		managed("IsValidForQueue", "canmodifyqueuesettings", true, no),
		managed("IsVisibleInMobile", "canmodifymobilevisibility", true, shown),
		managed("IsVisibleInMobileClient", "canmodifymobileclientvisibility", true, shown),
	}
}

func dataProvider(t *Table) any {
	switch t.Type {
	case Elastic:
		return elasticProvider
	case Virtual:
		return virtualProvider
	case Standard, Activity:
		return nil
	default:
		return nil
	}
}

func external(t *Table, name string) string {
	if t.Type != Virtual {
		return ""
	}
	return strings.TrimPrefix(name, "contoso_")
}

func primaryImage(t *Table) string {
	for i := range t.Columns {
		if t.Columns[i].Type == Image {
			return t.Columns[i].LogicalName
		}
	}
	return ""
}

func collectionSchema(t *Table) string {
	if t.CollectionName == "" {
		return ""
	}
	return t.SchemaName + "s"
}

func collectionLabel(t *Table) any {
	if t.CollectionName == "" {
		return label{}
	}
	return label{cmp.Or(t.DisplayName, displayName(t.SchemaName, t.Custom)) + "s", "collection " + t.LogicalName}
}

// displayName turns a schema name such as contoso_DeviceId into the words "Device Id".
func displayName(schemaName string, custom bool) string {
	if _, rest, ok := strings.Cut(schemaName, "_"); ok && custom {
		schemaName = rest
	}
	var words strings.Builder
	previous := ' '
	for i, r := range strings.ReplaceAll(schemaName, "_", " ") {
		upper := r >= 'A' && r <= 'Z'
		if i > 0 && upper && previous >= 'a' && previous <= 'z' {
			words.WriteByte(' ')
		}
		words.WriteRune(r)
		previous = r
	}
	return words.String()
}

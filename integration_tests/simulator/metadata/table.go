package metadata

import (
	"cmp"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// The data providers that EntityMetadata.DataProviderId names: the one of elastic tables, and one of the kind that virtual tables have.
const (
	elasticProvider = "1d9bde74-9ebd-4da9-8ff5-aa74945b9f74"
	virtualProvider = "7015a531-cc0d-4537-b5f2-c882a1eb65ad"
)

// platformDate is the date at which the service's own tables were created, as it reports it.
const platformDate = "1900-01-01T00:00:00Z"

// tableID returns the MetadataId of a table.
func tableID(t *schema.Table) string { return guid.Derived("table", t.LogicalName) }

// tableProperties returns the properties of EntityMetadata (Web API reference, EntityMetadata).
func tableProperties() []property[*schema.Table] {
	return slices.Concat(tableIdentity(), tableNulls(), tableKinds(), tableFeatures(), tableManagedProperties())
}

func tableIdentity() []property[*schema.Table] {
	text := func(name string, value func(*schema.Table) string) property[*schema.Table] {
		return property[*schema.Table]{name: name, shape: stringShape, value: func(t *schema.Table) any { return nullable(value(t)) }}
	}
	number := func(name string, value func(*schema.Table) int) property[*schema.Table] {
		return property[*schema.Table]{name: name, shape: numberShape, value: func(t *schema.Table) any { return value(t) }}
	}
	return []property[*schema.Table]{
		{name: "MetadataId", shape: guidShape, value: func(t *schema.Table) any { return tableID(t) }},
		number("ActivityTypeMask", func(*schema.Table) int { return 0 }),
		{name: "ClusterMode", shape: enumShape, enum: "ClusterMode", value: func(*schema.Table) any { return "Local" }},
		{name: "CreatedOn", shape: dateShape, value: func(*schema.Table) any { return platformDate }},
		{name: "DataProviderId", shape: guidShape, value: dataProvider},
		{name: "DataSourceId", shape: guidShape, value: func(*schema.Table) any { return nil }},
		{name: "Description", shape: labelShape, value: func(t *schema.Table) any { return label{text: t.Description, of: "description " + t.LogicalName} }},
		{name: "DisplayCollectionName", shape: labelShape, value: collectionLabel},
		{name: "DisplayName", shape: labelShape, value: func(t *schema.Table) any {
			return label{text: cmp.Or(t.DisplayName, schema.DisplayName(t.SchemaName, t.Custom)), of: t.LogicalName}
		}},
		text("ExternalName", func(t *schema.Table) string { return external(t, t.LogicalName) }),
		text("LogicalName", func(t *schema.Table) string { return t.LogicalName }),
		{name: "ModifiedOn", shape: dateShape, value: func(*schema.Table) any { return platformDate }},
		number("ObjectTypeCode", func(t *schema.Table) int { return t.TypeCode }),
		number("OwnerIdType", func(*schema.Table) int { return 8 }),
		{name: "OwnershipType", shape: enumShape, enum: "OwnershipTypes", value: func(t *schema.Table) any { return t.Ownership }},
		text("PrimaryIdAttribute", func(t *schema.Table) string { return t.PrimaryID }),
		text("PrimaryNameAttribute", func(t *schema.Table) string { return t.PrimaryName }),
		text("ReportViewName", func(t *schema.Table) string { return "Filtered" + t.SchemaName }),
		text("SchemaName", func(t *schema.Table) string { return t.SchemaName }),
		text("TableType", func(t *schema.Table) string { return string(t.Type) }),
		text("IntroducedVersion", func(*schema.Table) string { return "5.0.0.0" }),
		text("PrimaryImageAttribute", (*schema.Table).PrimaryImage),
		text("CollectionSchemaName", collectionSchema),
		text("ExternalCollectionName", func(t *schema.Table) string { return external(t, t.CollectionName) }),
		text("LogicalCollectionName", func(t *schema.Table) string { return t.CollectionName }),
		number("DaysSinceRecordLastModified", func(*schema.Table) int { return 0 }),
		text("EntitySetName", func(t *schema.Table) string { return t.EntitySetName }),
		{name: "Privileges", shape: listShape, value: func(t *schema.Table) any { return tablePrivileges(t) }},
	}
}

// tableNulls returns the properties that the simulated tables leave empty.
func tableNulls() []property[*schema.Table] {
	shapes := map[shape][]string{
		boolShape:   {"HasChanged"},
		guidShape:   {"OwnerId", "OwningBusinessUnit"},
		stringShape: {"EntityColor", "EntityHelpUrl", "IconLargeName", "IconMediumName", "IconSmallName", "IconVectorName", "PrimaryKey", "RecurrenceBaseEntityLogicalName", "SettingOf"},
	}
	var list []property[*schema.Table]
	for _, s := range []shape{boolShape, guidShape, stringShape} {
		for _, name := range shapes[s] {
			list = append(list, property[*schema.Table]{name: name, shape: s, value: func(*schema.Table) any { return nil }})
		}
	}
	return list
}

func flag(name string, value func(*schema.Table) bool) property[*schema.Table] {
	return property[*schema.Table]{name: name, shape: boolShape, value: func(t *schema.Table) any { return value(t) }}
}

func never(*schema.Table) bool { return false }

func userOwned(t *schema.Table) bool { return t.Ownership == "UserOwned" }

// storedByRow reports whether the rows are ordinary ones of the environment's own database.
func storedByRow(t *schema.Table) bool {
	return t.Type != schema.Virtual && t.Type != schema.Elastic && !t.Intersect
}

// tableKinds returns the flags that say what sort of table it is.
func tableKinds() []property[*schema.Table] {
	return []property[*schema.Table]{
		flag("ChangeTrackingEnabled", func(t *schema.Table) bool { return t.Tracked }),
		flag("IsAIRUpdated", func(t *schema.Table) bool { return !t.Intersect }),
		flag("IsActivity", func(t *schema.Table) bool { return t.Activity }),
		flag("IsActivityParty", func(t *schema.Table) bool { return t.ActivityParty }),
		flag("IsAvailableOffline", userOwned),
		flag("IsBPFEntity", never),
		flag("IsChildEntity", func(t *schema.Table) bool { return t.Ownership == "None" && !t.Intersect }),
		flag("IsCustomEntity", func(t *schema.Table) bool { return t.Custom }),
		flag("IsImportable", userOwned),
		flag("IsIntersect", func(t *schema.Table) bool { return t.Intersect }),
		flag("IsLogicalEntity", func(t *schema.Table) bool { return t.Logical }),
		flag("IsManaged", func(t *schema.Table) bool { return !t.Custom }),
		flag("IsOptimisticConcurrencyEnabled", func(t *schema.Table) bool { return storedByRow(t) && t.Column("versionnumber") != nil }),
		flag("IsPrivate", func(t *schema.Table) bool { return t.Private }),
		flag("IsSolutionAware", func(t *schema.Table) bool { return t.Column("solutionid") != nil }),
		flag("IsStateModelAware", func(t *schema.Table) bool { return t.Column("statecode") != nil }),
		flag("IsValidForAdvancedFind", func(t *schema.Table) bool { return !t.Intersect }),
	}
}

// tableFeatures returns the flags of what is switched on for a table.
func tableFeatures() []property[*schema.Table] {
	return []property[*schema.Table]{
		flag("AutoCreateAccessTeams", never),
		flag("AutoReplicateClusterRecords", never),
		flag("AutoRouteToOwnerQueue", never),
		flag("CanChangeClusterMode", storedByRow),
		flag("CanTriggerWorkflow", storedByRow),
		flag("DefaultToLocalPartition", never),
		flag("EnforceStateTransitions", never),
		flag("EntityHelpUrlEnabled", never),
		flag("HasActivities", userOwned),
		flag("HasEmailAddresses", func(t *schema.Table) bool { return t.Column("emailaddress1") != nil }),
		flag("HasFeedback", never),
		flag("HasNotes", userOwned),
		flag("IsArchivalEnabled", never),
		flag("IsBusinessProcessEnabled", func(t *schema.Table) bool { return t.Column("processid") != nil }),
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

// tableManagedProperties returns the properties that a solution's maker can lock.
func tableManagedProperties() []property[*schema.Table] {
	managed := func(name, setting string, changeable bool, value func(*schema.Table) bool) property[*schema.Table] {
		return property[*schema.Table]{name: name, shape: boolValueShape, value: func(t *schema.Table) any {
			return managedProperty{value(t), changeable, setting}
		}}
	}
	shown := func(t *schema.Table) bool { return !t.Intersect }
	ordinary := func(t *schema.Table) bool { return !t.Intersect && t.Type != schema.Virtual }
	no := func(*schema.Table) bool { return false }
	return []property[*schema.Table]{
		managed("CanBeInCustomEntityAssociation", "canbeincustomentityassociation", false, ordinary),
		managed("CanBeInManyToMany", "canbeinmanytomany", false, ordinary),
		managed("CanBePrimaryEntityInRelationship", "canbeprimaryentityinrelationship", false, shown),
		managed("CanBeRelatedEntityInRelationship", "canberelatedentityinrelationship", false, shown),
		managed("CanChangeHierarchicalRelationship", "canchangehierarchicalrelationship", false, no),
		{name: "CanChangeTrackingBeEnabled", shape: boolValueShape, value: func(t *schema.Table) any {
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

func dataProvider(t *schema.Table) any {
	switch t.Type {
	case schema.Elastic:
		return elasticProvider
	case schema.Virtual:
		return virtualProvider
	case schema.Standard, schema.Activity:
		return nil
	default:
		return nil
	}
}

func external(t *schema.Table, name string) string {
	if t.Type != schema.Virtual {
		return ""
	}
	return strings.TrimPrefix(name, "contoso_")
}

func collectionSchema(t *schema.Table) string {
	if t.CollectionName == "" {
		return ""
	}
	return t.SchemaName + "s"
}

func collectionLabel(t *schema.Table) any {
	if t.CollectionName == "" {
		return label{}
	}
	return label{text: cmp.Or(t.DisplayName, schema.DisplayName(t.SchemaName, t.Custom)) + "s", of: "collection " + t.LogicalName}
}

package simulator

import (
	"source-microsoft-dataverse/integration_tests/simulator/entra"
	"source-microsoft-dataverse/integration_tests/simulator/limits"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

type (
	// Options describe an environment: its tables, its rows, its clock.
	Options = rows.Options
	// Behaviors settle what Microsoft's documentation leaves open.
	Behaviors = rows.Behaviors
	// TokenAt is the moment of a scan to which its delta token corresponds.
	TokenAt = rows.TokenAt
	// EditedSelect is what happens to a delta link whose $select the client has changed.
	EditedSelect = rows.EditedSelect
	// Rights are what one application user may read.
	Rights = rows.Rights
	// Application is an app registration and its application user.
	Application = entra.Application
	// TrustedName is a subject whose certificates an application accepts.
	TrustedName = entra.TrustedName
	// FederatedCredential is a trust of an application in the tokens of another identity provider.
	FederatedCredential = entra.FederatedCredential
	// KeyPattern is how the primary keys of generated rows are distributed in the order of SQL Server.
	KeyPattern = rows.KeyPattern
	// KeyComparison is what gt, ge, lt and le do with a primary key in a filter.
	KeyComparison = rows.KeyComparison
	// QueryThrottling refuses queries that load the database.
	QueryThrottling = limits.QueryThrottling
	// Limits are service protection limits.
	Limits = limits.Limits
)

// The moments to which a delta token can correspond, and what can happen to an edited $select.
const (
	LastPage  = rows.LastPage
	FirstPage = rows.FirstPage
	Honoured  = rows.Honoured
	Ignored   = rows.Ignored
	Refused   = rows.Refused
)

// The patterns of the keys of generated rows, and what comparisons do with keys.
const (
	OneNode              = rows.OneNode
	ThreeNodes           = rows.ThreeNodes
	RandomKeys           = rows.RandomKeys
	KeysCompared         = rows.KeysCompared
	KeysComparedAsText   = rows.KeysComparedAsText
	KeysNotCompared      = rows.KeysNotCompared
	KeyComparisonRefused = rows.KeyComparisonRefused
)

// The kinds of managed identities that an Application can be.
const (
	SystemAssigned = entra.SystemAssigned
	UserAssigned   = entra.UserAssigned
)

// DefaultApplication returns the application that signs in where no other is given.
func DefaultApplication() Application { return entra.DefaultApplication() }

// RefusalCodes returns the AADSTS codes with which Entra can refuse an application.
func RefusalCodes() []int { return entra.Codes() }

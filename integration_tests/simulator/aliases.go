package simulator

import (
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// The definitions of package schema, by their names here.
type (
	Table        = schema.Table
	Column       = schema.Column
	ColumnType   = schema.ColumnType
	AlternateKey = schema.AlternateKey
	Option       = schema.Option
	Behavior     = schema.Behavior
	Depth        = schema.Depth
	TableType    = schema.TableType
)

// The constants of package schema, by their names here.
const (
	Standard            = schema.Standard
	Activity            = schema.Activity
	Elastic             = schema.Elastic
	Virtual             = schema.Virtual
	BigInt              = schema.BigInt
	Boolean             = schema.Boolean
	CalendarRules       = schema.CalendarRules
	Customer            = schema.Customer
	DateTime            = schema.DateTime
	Decimal             = schema.Decimal
	Double              = schema.Double
	EntityName          = schema.EntityName
	File                = schema.File
	Image               = schema.Image
	Integer             = schema.Integer
	Lookup              = schema.Lookup
	ManagedProperty     = schema.ManagedProperty
	Memo                = schema.Memo
	Money               = schema.Money
	MultiSelectPicklist = schema.MultiSelectPicklist
	Owner               = schema.Owner
	PartyList           = schema.PartyList
	Picklist            = schema.Picklist
	State               = schema.State
	Status              = schema.Status
	String              = schema.String
	Uniqueidentifier    = schema.Uniqueidentifier
	VirtualColumn       = schema.VirtualColumn
	UserLocal           = schema.UserLocal
	DateOnly            = schema.DateOnly
	TimeZoneIndependent = schema.TimeZoneIndependent
	None                = schema.None
	Basic               = schema.Basic
	Local               = schema.Local
	Deep                = schema.Deep
	Global              = schema.Global
)

// Realistic is schema.Realistic.
func Realistic() []*Table { return schema.Realistic() }

// The types of package faults, by their names here.
type (
	Fault     = faults.Fault
	FaultKind = faults.FaultKind
	Injection = faults.Injection
	LinkFault = faults.LinkFault
	Phase     = faults.Phase
)

// The constants of package faults, by their names here.
const (
	PhaseSignIn        = faults.PhaseSignIn
	PhaseWhoAmI        = faults.PhaseWhoAmI
	PhaseMetadata      = faults.PhaseMetadata
	PhasePage          = faults.PhasePage
	PhaseFirstPage     = faults.PhaseFirstPage
	PhaseMiddlePage    = faults.PhaseMiddlePage
	PhaseLastPage      = faults.PhaseLastPage
	PhaseDelta         = faults.PhaseDelta
	PhaseRow           = faults.PhaseRow
	LimitOfExecution   = faults.LimitOfExecution
	LimitOfRequests    = faults.LimitOfRequests
	LimitOfConcurrency = faults.LimitOfConcurrency
	ForeignLinks       = faults.ForeignLinks
	RepeatedLinks      = faults.RepeatedLinks
	MissingDeltaLink   = faults.MissingDeltaLink
)

// The functions of package faults, by their names here.
var (
	Cut            = faults.Cut
	DemandedClaims = faults.DemandedClaims
	Dropped        = faults.Dropped
	Echoed         = faults.Echoed
	Garbage        = faults.Garbage
	Garbled        = faults.Garbled
	GatewayError   = faults.GatewayError
	HeavierThan    = faults.HeavierThan
	LoginPage      = faults.LoginPage
	LostToken      = faults.LostToken
	ParseFault     = faults.ParseFault
	ParseFaults    = faults.ParseFaults
	SQLTimeout     = faults.SQLTimeout
	SignInOutage   = faults.SignInOutage
	Slow           = faults.Slow
	Stalled        = faults.Stalled
	ThrottledBy    = faults.ThrottledBy
	Throttling     = faults.Throttling
	TooHeavy       = faults.TooHeavy
	FaultKinds     = faults.FaultKinds
	Phases         = faults.Phases
)

package simulator

import (
	"source-microsoft-dataverse/integration_tests/simulator/entra"
	"source-microsoft-dataverse/integration_tests/simulator/limits"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// The options of New and Start, from the packages of the parts of the service.
type (
	Options      = rows.Options      // the environment: its tables, its rows, its clock
	Behaviors    = rows.Behaviors    // what Microsoft's documentation leaves open
	TokenAt      = rows.TokenAt      // the moment that a delta token stands for
	EditedSelect = rows.EditedSelect // what happens to a delta link whose $select the client has changed
	Application  = entra.Application // an app registration and its application user
	Limits       = limits.Limits     // service protection limits
)

// The moments that a delta token can stand for, and what can happen to an edited $select.
const (
	LastPage  = rows.LastPage
	FirstPage = rows.FirstPage
	Honoured  = rows.Honoured
	Ignored   = rows.Ignored
	Refused   = rows.Refused
)

// DefaultApplication returns the application that signs in where no other is given.
func DefaultApplication() Application { return entra.DefaultApplication() }

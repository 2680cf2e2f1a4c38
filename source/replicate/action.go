package replicate

// Place is the place in a scan at which the service returned an error.
type Place int

// The places.
const (
	AtFirstPage       Place = iota // the first page of all rows, or of all keys
	AtLaterPage                    // a later page
	AtDeltaLink                    // the delta link as the service sent it
	AtEditedDeltaLink              // the delta link with other columns
	AtPageOfChanges                // a later page
	places
)

// Action is the reaction to an error.
type Action int

// The actions.
const (
	End             Action = iota // the stream ends and keeps its state
	DropColumn                    // the definition is read again, and the scan restarts without the column
	FindTable                     // the definition is read again: the table is gone, or renamed, or the service does not know the page
	Restart                       // the scan restarts
	RestartSmaller                // the same with smaller pages
	ReadByKeys                    // the changes are read by the keys of changed rows
	Resync                        // the delta token is given up
	ReadTypesByKeys               // the changes restart, and changed rows are read by their keys, with the types of their lookups
)

// ActionFor returns the action for a cause at a place.
func ActionFor(place Place, cause Cause) Action {
	return [places][causes]Action{
		AtFirstPage: {
			ColumnMissing: DropColumn, TableUnknown: FindTable, PageTooExpensive: RestartSmaller,
		},
		AtLaterPage: {
			ColumnMissing: DropColumn, TableUnknown: FindTable, PageTooExpensive: RestartSmaller,
			TokenRefused: Restart, LinkRefused: Restart,
		},
		AtDeltaLink: {
			ColumnMissing: DropColumn, TableUnknown: FindTable, PageTooExpensive: RestartSmaller,
			TokenRefused: Resync, LinkRefused: Resync, DeltaLinkLost: ReadTypesByKeys,
		},
		AtEditedDeltaLink: {
			ColumnMissing: DropColumn, TableUnknown: FindTable, PageTooExpensive: RestartSmaller,
			TokenRefused: Resync, LinkRefused: ReadByKeys, SelectionIgnored: ReadByKeys, DeltaLinkLost: ReadTypesByKeys,
		},
		AtPageOfChanges: {
			ColumnMissing: DropColumn, TableUnknown: FindTable, PageTooExpensive: RestartSmaller,
			TokenRefused: Resync, LinkRefused: Restart, SelectionIgnored: ReadByKeys, DeltaLinkLost: ReadTypesByKeys,
		},
	}[place][cause]
}

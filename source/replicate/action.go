package replicate

// Place is where in a scan an error of the service is met.
type Place int

// The places.
const (
	AtFirstPage       Place = iota // the first page of all rows, or of all keys
	AtLaterPage                    // a page behind it
	AtDeltaLink                    // the delta link as the service sent it
	AtEditedDeltaLink              // the delta link with other columns
	AtPageOfChanges                // a page behind it
	places
)

// Action is what follows an error.
type Action int

// The actions.
const (
	End            Action = iota // the stream ends, and its state stays
	DropColumn                   // the definition is read again, and the scan begins again without the column
	FindTable                    // the definition is read again: the table is gone, or renamed, or the page is unknown
	Restart                      // the scan begins again
	RestartSmaller               // the same with smaller pages
	ReadByKeys                   // the changes are read by the keys of changed rows
	Resync                       // the delta token is given up
)

// ActionFor decides what follows a cause at a place.
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
			TokenRefused: Resync, LinkRefused: Resync,
		},
		AtEditedDeltaLink: {
			ColumnMissing: DropColumn, TableUnknown: FindTable, PageTooExpensive: RestartSmaller,
			TokenRefused: Resync, LinkRefused: ReadByKeys, SelectionIgnored: ReadByKeys,
		},
		AtPageOfChanges: {
			ColumnMissing: DropColumn, TableUnknown: FindTable, PageTooExpensive: RestartSmaller,
			TokenRefused: Resync, LinkRefused: Restart, SelectionIgnored: ReadByKeys,
		},
	}[place][cause]
}

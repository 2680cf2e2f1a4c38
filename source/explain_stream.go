package source

import (
	"errors"
	"strings"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// startOver is Airbyte's name for a refresh after which no earlier row remains in the destination: rows that were
// deleted in Dataverse since the last sync would remain there otherwise.
const startOver = `run "Refresh and remove records" on the stream`

// explainStream explains what keeps one stream from being read.
func (s situation) explainStream(err error) explanation {
	var gone *replicate.TableGoneError
	var untracked *replicate.NotTrackedError
	var future *checkpoint.FutureStateError
	var nothing *record.NothingToReadError
	var expired *replicate.TokenExpiredError
	switch {
	case errors.As(err, &gone) && strings.HasPrefix(gone.Table, catalog.PackagePrefix):
		return configError("No data project in packages has the stream %s, and the environment has no table of that name. Add the project to packages, or "+
			"refresh the source schema and deselect the stream.", gone.Table)
	case errors.As(err, &gone):
		return configError("The environment has no table %s that the Web API can read. The table was deleted, or it never existed in this "+
			"environment. Refresh the source schema and deselect the stream.", gone.Table)
	case errors.As(err, &untracked):
		return configError("Change tracking of table %s is off, so the connector cannot read its changes. Turn it on in Power Apps "+
			"(Tables > %[1]s > Properties > Advanced options > Track changes), or set the stream to a full refresh sync mode.", untracked.Table)
	case errors.As(err, &future):
		return configError("A newer version of this connector wrote the saved state. Upgrade the connector to that version, or %s.", startOver)
	case errors.As(err, &expired):
		return configError("Dataverse no longer has the changes of table %s since the last sync, and on_expired_token is set to fail. "+
			"To read the table in full, %s, or set on_expired_token to resync.", expired.Table, startOver)
	case errors.Is(err, checkpoint.ErrBadState):
		return configError("The saved state of the stream was not written by this connector. To read the table in full, %s.", startOver)
	case errors.As(err, &nothing):
		return configError("No selected column of stream %s exists in Dataverse any more. Refresh the source schema and select columns "+
			"of the table.", nothing.Stream)
	case errors.Is(err, replicate.ErrNoChanges), errors.Is(err, replicate.ErrSelectIgnored), errors.Is(err, replicate.ErrRestored),
		errors.Is(err, replicate.ErrOtherHistory):
		return systemError("Dataverse does not return the changes of the table, although the connector restarted change tracking several "+
			"times: %s. If the environment is being restored, sync again when the restore is complete. If the problem persists, %s, or "+
			"set the stream to a full refresh sync mode.", clause(err), startOver)
	case errors.Is(err, replicate.ErrNoDeltaLink), errors.Is(err, replicate.ErrLinkRepeats), errors.Is(err, replicate.ErrNotInOrder),
		errors.Is(err, replicate.ErrNoProgress), errors.Is(err, dataverse.ErrLinkOutside):
		return systemError("The connector stopped the stream because it cannot follow the response of Dataverse without losing rows: %s. "+
			"The state is kept. Sync again; if the problem persists, report it with the log of this sync.", clause(err))
	default:
		return explanation{}
	}
}

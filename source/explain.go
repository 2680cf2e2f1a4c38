package source

import (
	"errors"
	"fmt"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// errSocketMode refuses the platform's socket channel, which it offers only to connectors whose metadata ask for it.
var errSocketMode = errors.New("this connector writes to stdout and does not support DATA_CHANNEL_MEDIUM=SOCKET")

// explain is the one place where errors become what Airbyte shows: who can help, and what to do next. The error's own
// text, which names the operation and the object, goes beside it.
func explain(err error) protocol.Failure {
	for _, known := range []func(error) (protocol.FailureType, string){
		explainInput, explainLimit, explainSignIn, explainStream, explainService, explainNetwork,
	} {
		if typ, message := known(err); message != "" {
			return protocol.Failure{Type: typ, Message: message, Internal: err.Error()}
		}
	}
	return protocol.Failure{
		Type:     protocol.SystemError,
		Message:  "The connector met an error that it has no name for. Please report it with the log of this sync.",
		Internal: err.Error(),
	}
}

// explainInput tells of the command line and the files it names.
func explainInput(err error) (protocol.FailureType, string) {
	var usage *protocol.UsageError
	var input *inputError
	var wrong *config.Error
	var caFile *caFileError
	var partial *partialError
	switch {
	case errors.As(err, &usage), errors.As(err, &input), errors.As(err, &wrong), errors.As(err, &caFile):
		return protocol.ConfigError, err.Error()
	case errors.Is(err, errNoTables):
		return protocol.ConfigError, "include_tables and exclude_tables leave no table of the environment. " +
			"Their patterns match logical names, such as account or contoso_*."
	case errors.Is(err, errSocketMode):
		return protocol.SystemError, err.Error() + ". Set DATA_CHANNEL_MEDIUM to STDIO."
	case errors.As(err, &partial):
		return partial.typ, explainPartial(partial)
	default:
		return "", ""
	}
}

func explainPartial(partial *partialError) string {
	if partial.failed == partial.of {
		return "None of the streams could be read to its end; each has an error of its own above. " +
			"What was read is saved, and the next sync goes on from there."
	}
	return fmt.Sprintf("%d of %d streams could not be read to their end; each has an error of its own above. "+
		"The others are read and their states are saved. Because this sync ends with an error, Airbyte replaces no table of the "+
		"sync modes that overwrite. To let them through, mend the failed streams, deselect them, or give them a connection of "+
		"their own.",
		partial.failed, partial.of)
}

// explainLimit tells that the answer did not come in the time that somebody waits for it.
func explainLimit(err error) (protocol.FailureType, string) {
	var slow *slowError
	if !errors.As(err, &slow) {
		return "", ""
	}
	advice := "check url and the network's way to it."
	if slow.verb == protocol.Discover {
		advice = "offer fewer tables, by include_tables or exclude_tables."
	}
	return protocol.TransientError, fmt.Sprintf("The %s took longer than %v, because Dataverse or the sign-in host is slow, or "+
		"answers of theirs do not arrive. The next attempt may succeed. If this stays so, %s", slow.verb, slow.limit, advice)
}

// explainStream tells what keeps one stream from being read.
func explainStream(err error) (protocol.FailureType, string) {
	var gone *replicate.TableGoneError
	var untracked *replicate.NotTrackedError
	var future *checkpoint.FutureStateError
	var nothing *record.NothingToReadError
	var expired *replicate.TokenExpiredError
	switch {
	case errors.As(err, &gone):
		return protocol.ConfigError, fmt.Sprintf("Dataverse has no table %s that the Web API can read. It was removed or renamed, "+
			"or never existed in this environment: refresh the connection's schema and deselect the stream.", gone.Table)
	case errors.As(err, &untracked):
		return protocol.ConfigError, fmt.Sprintf("Change tracking of table %s is off, so its changes cannot be followed. "+
			"Switch it on in Power Apps (Tables > %s > Properties > Advanced options > Track changes), "+
			"or set the stream to full refresh.", untracked.Table, untracked.Table)
	case errors.As(err, &future):
		return protocol.ConfigError, "A newer version of this connector wrote the saved state. " +
			"Use that version, or refresh the stream to read it anew."
	case errors.As(err, &expired):
		return protocol.ConfigError, fmt.Sprintf("The changes of table %s since the last sync can no longer be had, "+
			"and on_expired_token is set to fail. Refresh the stream to read it anew, or set on_expired_token to resync.",
			expired.Table)
	case errors.Is(err, checkpoint.ErrBadState):
		return protocol.ConfigError, "The saved state of the stream is not one of this connector. " +
			"Refresh the stream to read it anew."
	case errors.As(err, &nothing):
		return protocol.ConfigError, fmt.Sprintf("None of the columns selected of %s exists in Dataverse any more. "+
			"Refresh the connection's schema.", nothing.Stream)
	case errors.Is(err, replicate.ErrNoChanges), errors.Is(err, replicate.ErrRestored), errors.Is(err, replicate.ErrOtherHistory):
		return protocol.SystemError, "Dataverse does not tell the changes of the table, although the connector took up its delta " +
			"tracking from the start several times: " + err.Error() + ". If an environment is being restored, sync again when that " +
			"is done. If this stays so, refresh the stream, or set it to full refresh."
	case errors.Is(err, replicate.ErrNoDeltaLink), errors.Is(err, replicate.ErrLinkRepeats), errors.Is(err, replicate.ErrNoProgress), errors.Is(err, dataverse.ErrLinkOutside):
		return protocol.SystemError, "Dataverse's answer cannot be followed without losing rows, so the stream was stopped: " +
			err.Error() + "."
	default:
		return "", ""
	}
}

package source

import (
	"errors"
	"fmt"
	"strings"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/protocol"
)

// errSocketMode rejects the platform's socket channel, which it offers only to connectors whose metadata declare it.
var errSocketMode = errors.New("DATA_CHANNEL_MEDIUM=SOCKET is not supported")

// explanation is the sentence for an error and its failure type, which decides what the platform does next. The zero
// value is no explanation.
type explanation struct {
	typ     protocol.FailureType
	message string
}

// explain turns an error into what Airbyte shows: what happened, and what to do, in the situation that the error carries.
// The error's own text, which names the operation and the object, is the internal message. The first function that knows
// the error explains it.
func explain(err error) protocol.Failure {
	s := situationOf(err).ofUser(err)
	explained := systemError("The connector failed with an unexpected error. Report it with the log of this %s.", s.run())
	for _, known := range []func(error) explanation{
		explainInput, s.explainUsers, s.explainSelection, s.explainLimit, s.explainPackages, s.explainSignIn, s.explainStream, s.explainService, s.explainNetwork,
	} {
		if e := known(err); e.message != "" {
			explained = e
			break
		}
	}
	var unlabeled *labelsError
	if errors.As(err, &unlabeled) {
		explained.message += " " + unlabeled.remedy()
	}
	return protocol.Failure{Type: explained.typ, Message: userIn(err) + explained.message, Internal: err.Error()}
}

// configError, transientError and systemError make an explanation of each type.
func configError(format string, args ...any) explanation {
	return explanation{protocol.ConfigError, fmt.Sprintf(format, args...)}
}

func transientError(format string, args ...any) explanation {
	return explanation{protocol.TransientError, fmt.Sprintf(format, args...)}
}

func systemError(format string, args ...any) explanation {
	return explanation{protocol.SystemError, fmt.Sprintf(format, args...)}
}

// clause returns the text of an error as a part of a sentence: messages of the service end with a period.
func clause(err error) string { return strings.TrimRight(err.Error(), ". ") }

// explainInput explains errors of the command line, of the files that it names, and of environment variables.
func explainInput(err error) explanation {
	var usage *protocol.UsageError
	var input *protocol.InputError
	var invalid *config.Error
	var variable *variableError
	var pattern *catalog.PatternError
	var report *progress.ReportFileError
	switch {
	case errors.As(err, &pattern):
		return explanation{protocol.ConfigError, pattern.Error()}
	case errors.As(err, &usage), errors.As(err, &input), errors.As(err, &invalid), errors.As(err, &variable),
		errors.As(err, &report):
		return explanation{protocol.ConfigError, err.Error()}
	case errors.Is(err, errSocketMode):
		return systemError("The connector writes its messages to standard output and does not support DATA_CHANNEL_MEDIUM=SOCKET. " +
			"Set DATA_CHANNEL_MEDIUM to STDIO.")
	default:
		return explanation{}
	}
}

// explainSelection explains what leaves no table to sync.
func (s situation) explainSelection(err error) explanation {
	var unreadable *unreadableError
	var few *fewStreamsError
	switch {
	case errors.As(err, &few):
		return configError("The catalog has %s, which cannot be split into %s parts. Select more tables, or give a smaller --split.",
			prose.Quantity(few.streams, "stream"), prose.Grouped(few.parts))
	case errors.Is(err, errNoSelection):
		return configError("include_tables and exclude_tables select no table of the environment. " +
			"Patterns match logical names, such as account or contoso_*. Correct the patterns.")
	case errors.As(err, &unreadable):
		return configError("The application user can read none of the tables that --tables selects: %s. Assign it a security role that has "+
			"Read at Organization level on them.", firstOf(unreadable.tables))
	case errors.Is(err, inspect.ErrNoTables):
		return transientError("Dataverse listed no tables of the environment, which every environment has. Try again. "+
			"If the problem persists, check whether a proxy or firewall changes the responses of %s.", s.environment().name)
	case errors.Is(err, errNoDefinitions):
		return transientError("Dataverse returned no usable definition of any selected table. Try again. If the problem persists, " +
			"check the Read privileges of the application user and the patterns in include_tables and exclude_tables.")
	default:
		return explanation{}
	}
}

// explainLimit explains a verb that did not finish within its limit, and a read whose streams failed.
func (s situation) explainLimit(err error) explanation {
	var slow *slowError
	var partial *partialError
	switch {
	case errors.As(err, &partial) && partial.failed == partial.of:
		return explanation{partial.typ, "No stream was read completely. Each has its own error above." + partial.resumes()}
	case errors.As(err, &partial):
		return explanation{partial.typ, fmt.Sprintf("%s of %s streams were not read completely. Each has its own error above. "+
			"The other streams were read and their states are saved. Because this sync ends with an error, Airbyte does not replace "+
			"the tables of streams whose sync mode overwrites. To let the other streams through, fix the failed streams, deselect "+
			"them, or move them to a connection of their own.", prose.Grouped(partial.failed), prose.Grouped(partial.of))}
	case errors.As(err, &slow) && slow.verb != protocol.Check && slow.verb != protocol.Doctor:
		return transientError("The discovery of tables did not finish within %v, because Dataverse or the sign-in host responds slowly "+
			"or not at all. Try again. If the problem persists, offer fewer tables with include_tables or exclude_tables.", slow.limit)
	case errors.As(err, &slow):
		return transientError("The connection check did not finish within %v, because Dataverse or the sign-in host responds slowly "+
			"or not at all. Try again. If the problem persists, check %s.", slow.limit, s.wayTo(s.environment()))
	default:
		return explanation{}
	}
}

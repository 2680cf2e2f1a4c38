package source

import (
	"errors"
	"net"
	"net/http"
	"strings"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/finops/entityfile"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate"
)

// Names of pages in finance & operations.
const (
	entraApplications = "System administration > Setup > Microsoft Entra applications"
	jobHistory        = inspect.JobHistory
)

// explainPackages explains what concerns finance & operations: its projects, executions and packages, and its requests.
func (s situation) explainPackages(err error) explanation {
	for _, known := range []func(error) explanation{s.explainProject, s.explainExport, s.explainEntity, s.explainFinance} {
		if e := known(err); e.message != "" {
			return e
		}
	}
	return explanation{}
}

// explainProject explains what is wrong with the set-up of a project or a line.
func (s situation) explainProject(err error) explanation {
	var project *projectError
	var line *lineError
	var same *catalog.SameNameError
	switch {
	case errors.Is(err, errNotLinked):
		return configError("The environment is not linked with finance & operations, so the connector does not know its address. Enter it as " +
			"finance_operations_url, or link the environments in the Power Platform admin center.")
	case errors.Is(err, errLinkedRoot):
		return configError("Dataverse returned an address of finance & operations that the connector cannot use. Enter the address as finance_operations_url.")
	case errors.As(err, &project):
		var sentences []string
		for _, f := range inspect.ProjectFindings(project.problems) {
			sentences = append(sentences, f.Text())
		}
		return configError("%s", strings.Join(sentences, " "))
	case errors.As(err, &line) && line.incremental:
		return configError("The entity %s of project %s is set to incremental push. An export of such an entity has only what changed since the last "+
			"export by any user, and no later export repeats it: if a package were lost, its changes would be lost. The connector "+
			"therefore reads only entities that are set to full push. Set Default refresh type of the entity to Full push only in the project, or deselect the stream.",
			line.entity, line.project)
	case errors.As(err, &line):
		return configError("Project %s of finance & operations has no entity for stream %s, or the entity is disabled. Refresh the source schema and "+
			"deselect the stream, or add the entity to the project.", line.project, line.stream)
	case errors.As(err, &same):
		return configError("%s. The platform needs a name of its own for each stream: rename one of the projects, or remove one of the entities.", same.Error())
	default:
		return explanation{}
	}
}

// explainExport explains an execution that failed, does not end, or is lost.
func (s situation) explainExport(err error) explanation {
	var failed *finops.ExportError
	var entity *finops.EntityError
	var stuck *finops.StuckError
	var lost *finops.LostError
	var refused *finops.RefusedError
	switch {
	case errors.As(err, &refused):
		return configError("Finance & operations did not start the export of project %s for company %s: %s. Check that the legal entity exists, that the project "+
			"exports, and under %s that no other execution of the project is running.", refused.Execution.Project, refused.Execution.Company,
			messageOf(refused), jobHistory)
	case errors.As(err, &entity):
		return configError("The export of project %s for company %s did not export the entity %s (%s).%s The log of execution %s under %s has the details.",
			entity.Execution.Project, entity.Execution.Company, entity.Entity, statusText(entity.Status), messagesText(entity.Messages), entity.Execution.ID, jobHistory)
	case errors.As(err, &failed) && failed.Status == finops.Canceled:
		return transientError("Someone canceled the export of project %s for company %s (execution %s). %s.", failed.Execution.Project,
			failed.Execution.Company, failed.Execution.ID, s.again())
	case errors.As(err, &failed):
		return transientError("The export of project %s for company %s failed, and failed again when it was repeated.%s The log of execution %s under %s has the "+
			"details.", failed.Execution.Project, failed.Execution.Company, messagesText(failed.Messages), failed.Execution.ID, jobHistory)
	case errors.As(err, &stuck) && stuck.Foreign:
		return transientError("Execution %s of project %s, which this connector did not start, has been running for more than %v. A project has one execution at "+
			"a time, so the connector could not export it. If the execution does not end, delete it under %s.", stuck.Execution, stuck.Project, stuck.After, jobHistory)
	case errors.As(err, &stuck):
		return transientError("The export of project %s did not end within %v: execution %s is still %s. The execution keeps running, and the next attempt "+
			"continues with it. If it does not end, delete it under %s. If the export takes that long, raise package_timeout_minutes.",
			stuck.Project, stuck.After, stuck.Execution, stuck.Status, jobHistory)
	case errors.As(err, &lost):
		return transientError("The package of execution %s is lost: %s. Packages are kept for seven days, or less if the job history is cleaned up. %s to "+
			"export the project again.", lost.Execution, lost.Reason, s.again())
	default:
		return explanation{}
	}
}

// messageOf is the message of a refusal as a part of a sentence.
func messageOf(err error) string {
	var refused *finops.APIError
	if errors.As(err, &refused) {
		return strings.TrimRight(refused.Message, ". ")
	}
	return clause(err)
}

// statusText is a status of the job log as a part of a sentence.
func statusText(status string) string {
	if status == "" {
		return "the job history does not have it"
	}
	return "status " + status
}

// messagesText quotes the messages of finance & operations, after a space.
func messagesText(messages []string) string {
	if len(messages) == 0 {
		return ""
	}
	return " Finance & operations reports: " + strings.TrimRight(strings.Join(messages, "; "), ". ") + "."
}

// explainEntity explains a package or an entity file that cannot be read.
func (s situation) explainEntity(err error) explanation {
	var damaged *entityfile.DamagedError
	var refused *entityfile.RefusedError
	var form *entityfile.FormError
	var file *replicate.EntityFileError
	var key *replicate.KeyColumnError
	var cell *record.CellError
	var storage *finops.StorageError
	switch {
	case errors.As(err, &damaged):
		return transientError("The package arrived damaged, and so did the second download: %s. A proxy or a firewall may change what it forwards. %s.",
			clause(damaged), s.again())
	case errors.As(err, &refused):
		return configError("The connector does not read the package, to protect the machine it runs on: %s. Split the entity with a filter in its project.", clause(refused))
	case errors.As(err, &form):
		return configError("The entity file is in a form that the connector cannot read without losing data: %s.", clause(form))
	case errors.As(err, &file):
		return transientError("The package is not complete: %s. The connector did not treat the entity as empty. %s. If the problem persists, compare the execution under %s.",
			clause(file), s.again(), jobHistory)
	case errors.As(err, &key):
		return configError("The file of entity %s has no column %s, which is in the key of the stream. Add it to the mapping of the entity in the "+
			"project, under the name that the public metadata has in upper case.", key.Entity, strings.Join(key.Columns, ", "))
	case errors.As(err, &cell):
		return configError("%s. A key cannot be delivered as null, because destinations match rows by it. Refresh the source schema; if the problem persists, "+
			"correct the row in finance & operations.", prose.Capital(clause(err)))
	case errors.As(err, &storage):
		return systemError("The package could not be stored in %s: %s. A package needs as much space as its zip file, and an Excel file in it as much again. "+
			"Provide the space, or set TMPDIR to a folder that has it.", storage.Folder, clause(storage.Unwrap()))
	default:
		return explanation{}
	}
}

// explainFinance explains why a request to finance & operations failed.
func (s situation) explainFinance(err error) explanation {
	var failed *finops.RequestError
	if !errors.As(err, &failed) {
		return explanation{}
	}
	var refused *finops.APIError
	var broken *finops.BrokenResponseError
	var connection *dataverse.ConnectionError
	var signIn *auth.Error
	switch {
	case errors.As(err, &signIn) && (signIn.Has(500011) || signIn.Has(650057)):
		return configError("Microsoft Entra does not know the address of finance & operations in this tenant: %v. Check finance_operations_url; it must be the "+
			"address of the environment itself.", signIn)
	case errors.As(err, &refused) && !s.reached() && refused.LeadsElsewhere():
		return configError("The address of finance & operations does not lead to it: %s responds to the request to %s with status %d. Enter the address of the "+
			"environment as finance_operations_url, for example https://contoso.operations.dynamics.com.", failed.Host, failed.Operation, refused.Status)
	case errors.As(err, &refused) && refused.Page.HTML:
		return transientError("The response to the request to %s has status %d and is %s. A proxy, a firewall or a sign-in page responded in place of finance & "+
			"operations.%s Check finance_operations_url, and the network.", failed.Operation, refused.Status, refused.Page, s.resumes())
	case errors.As(err, &refused) && refused.Forbidden():
		return configError("Finance & operations does not accept the application: the request to %s was refused with status %d. In finance & operations, open "+
			"%s, and add the client ID with a user whose security roles may read data projects.", failed.Operation, refused.Status, entraApplications)
	case errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests:
		return transientError("Finance & operations limits the requests of the connector: %s.%s %s later.", clause(refused), s.resumes(), s.again())
	case errors.As(err, &refused) && refused.Message != "" && refused.Status == http.StatusBadRequest:
		return configError("Finance & operations rejected the request to %s: %s. Check the project, and the legal entity.", failed.Operation, clause(refused))
	case errors.As(err, &refused):
		return transientError("The request to %s failed each time: %s.%s %s later.", failed.Operation, clause(refused), s.resumes(), s.again())
	case errors.As(err, &broken):
		return transientError("Every response to the request to %s was unusable: %s.%s If the problem persists, check the network.",
			failed.Operation, clause(broken), s.resumes())
	case errors.Is(err, finops.ErrLinkOutside):
		return systemError("The connector stopped because it cannot follow the response of finance & operations: %s. Report it with the log of this %s.",
			clause(finops.ErrLinkOutside), s.run())
	case errors.As(err, &connection):
		return s.explainFinanceConnection(err, failed.Host, connection)
	default:
		var missing *dataverse.SignInError
		if errors.As(err, &missing) {
			return explanation{} // as any other sign-in
		}
		return transientError("The request to %s failed: %s. %s.", failed.Operation, clause(failed.Unwrap()), s.again())
	}
}

// explainFinanceConnection explains why no response came from finance & operations or from the storage of its packages.
func (s situation) explainFinanceConnection(err error, address string, connection *dataverse.ConnectionError) explanation {
	if e := s.explainProxy(err); e.message != "" {
		return e
	}
	to := host{name: address, setting: "finance_operations_url"}
	if e := s.explainTLS(err, to); e.message != "" {
		return e
	}
	var unknown *net.DNSError
	if errors.As(err, &unknown) && unknown.IsNotFound && !s.reached() && unknown.Name == hostName(address) {
		return configError("The host %s of finance & operations cannot be found. Check finance_operations_url. If it is correct, or if it is empty and Dataverse "+
			"returned this address, the name server (DNS) does not know the host.", unknown.Name)
	}
	return transientError("Finance & operations at %s, or the storage of its packages, could not be reached: %s.%s If the problem persists, check "+
		"finance_operations_url and %s.%s", address, clause(connection.Unwrap()), s.resumes(), s.wayTo(to), s.proxyHint(to))
}

// hostName returns a host without its port.
func hostName(address string) string {
	if name, _, err := net.SplitHostPort(address); err == nil {
		return name
	}
	return address
}

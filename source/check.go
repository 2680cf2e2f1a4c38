package source

import (
	"context"
	"errors"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// check reports whether the configuration gives access to an environment whose tables can be listed. What the user can
// fix is reported as FAILED; an outage is an error of the run.
func (i *invocation) check(ctx context.Context) error {
	problem := i.connectWithin(ctx, i.process.Limits.standard().Check, i.tryEnvironment)
	if problem == nil {
		return i.out.ConnectionStatus(nil)
	}
	var invalid *config.Error
	if errors.As(problem, &invalid) {
		i.rejected = true
		return i.out.ConnectionStatus(invalid.Problems)
	}
	if explained := explain(problem); explained.Type == protocol.ConfigError {
		i.rejected = true
		return i.out.ConnectionStatus([]string{explained.Message})
	}
	return problem
}

// tryEnvironment makes the first requests of every read: sign-in, application user, list of tables.
func (i *invocation) tryEnvironment(ctx context.Context, c *config.Config, client *dataverse.Client) error {
	if _, err := client.WhoAmI(ctx); err != nil {
		return err
	}
	if err := i.tryLanguage(ctx, c, client); err != nil {
		return err
	}
	if _, err := i.selectedTables(ctx, client, c.Tables); err != nil {
		return err
	}
	return i.tryPackages(ctx, c, client)
}

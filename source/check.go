package source

import (
	"context"
	"errors"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// check tells whether the configuration leads to an environment whose tables can be listed. What the user can mend
// is told as FAILED; an outage is an error of the run.
func (v *verbs) check(ctx context.Context) error {
	problem := v.within(ctx, v.Limits.standard().Check, v.tryEnvironment)
	if problem == nil {
		return v.out.ConnectionStatus(nil)
	}
	var wrong *config.Error
	if errors.As(problem, &wrong) {
		return v.out.ConnectionStatus(wrong.Problems)
	}
	if told := explain(problem); told.Type == protocol.ConfigError {
		return v.out.ConnectionStatus([]string{told.Message})
	}
	return problem
}

// tryEnvironment goes the way of every read: configuration, sign-in, environment, metadata.
func (v *verbs) tryEnvironment(ctx context.Context, c *config.Config, client *dataverse.Client) error {
	if _, err := client.WhoAmI(ctx); err != nil {
		return err
	}
	_, err := v.tableNames(ctx, client, c.Tables)
	return err
}

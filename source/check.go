package source

import (
	"context"
	"errors"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/users"
)

// check reports whether syncs can work with the configuration: FAILED with everything that a person must fix, or SUCCEEDED. It
// logs what syncs lack and what will fail later. An outage is an error of the run.
func (i *invocation) check(ctx context.Context) error {
	var problems []string
	problem := i.within(ctx, i.process.Limits.standard().Check, func(ctx context.Context) error {
		return i.connectAll(ctx, func(ctx context.Context, c *config.Config, all []account) error {
			facts := i.inspect(ctx, c, all, inspect.Options{})
			if err := facts.Outage(); err != nil {
				return err
			}
			problems = i.logFindings(ctx, facts.Findings())
			return ctx.Err()
		})
	})
	var invalid *config.Error
	switch {
	case errors.As(problem, &invalid):
		problems = invalid.Problems
	case problem != nil:
		explained := explain(problem)
		if explained.Type != protocol.ConfigError {
			return problem
		}
		problems = []string{explained.Message}
	}
	i.rejected = len(problems) > 0
	return i.out.ConnectionStatus(problems)
}

// inspect gathers the facts about a configuration and its environment. It sets the options that follow from the invocation.
func (i *invocation) inspect(ctx context.Context, c *config.Config, all []account, o inspect.Options) inspect.Facts {
	inspected := make([]inspect.Account, len(all))
	for n, a := range all {
		inspected[n] = inspect.Account{Client: a.client, Name: a.name, Credentials: a.credentials}
	}
	o.Config = c
	o.Explain = func(f inspect.Failure) inspect.Problem {
		s := i.situation(c)
		s.number = f.User
		err := f.Err
		if f.SignIn && len(all) > 1 {
			err = &users.UserError{Name: all[f.User].name, Number: f.User, Cause: err}
		}
		explained := explain(&verbError{s, err})
		return inspect.Problem{Sentence: explained.Message, Fixable: explained.Type == protocol.ConfigError, Err: err}
	}
	o.Packages = func(ctx context.Context, user int) (inspect.Packages, error) {
		return i.financeClient(ctx, c, all[user].client)
	}
	return inspect.Inspect(ctx, inspected, o)
}

// logFindings logs the warnings and infos among findings, and returns the errors as texts.
func (i *invocation) logFindings(ctx context.Context, findings []inspect.Finding) []string {
	var problems []string
	for _, f := range findings {
		switch f.Severity {
		case inspect.Error:
			problems = append(problems, f.Text())
		case inspect.Warning:
			i.log.WarnContext(ctx, f.Text())
		case inspect.Info:
			i.log.InfoContext(ctx, f.Text())
		}
	}
	return problems
}

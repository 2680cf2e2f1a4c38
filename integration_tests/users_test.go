package integration_tests_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// withUsers opens a lab with so many application users, all in the configuration.
func withUsers(t *testing.T, n int, o simulator.Options, server simulator.ServerOptions) *lab {
	t.Helper()
	server.Applications = []simulator.Application{simulator.DefaultApplication()}
	var more []any
	for i := range n - 1 {
		a := further(i + 1)
		server.Applications = append(server.Applications, a)
		more = append(more, map[string]any{
			"client_id": a.ClientID, "credentials": map[string]any{"auth_type": "client_secret", "client_secret": a.Secret},
		})
	}
	l := serve(t, o, server)
	l.config["additional_credentials"] = more
	return l
}

// readers returns the client ids of the users who have requested rows of a table, each once.
func (l *lab) readers(table string) []string {
	definition, _ := l.environment.Table(table)
	var ids []string
	for _, r := range l.server.Requests() {
		if strings.HasSuffix(r.Path, "/"+definition.EntitySetName) && r.Status == http.StatusOK {
			ids = append(ids, r.ClientID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// warningsWith returns the warnings of an output with a text.
func warningsWith(t *testing.T, result binary.Result, text string) []string {
	t.Helper()
	var found []string
	for _, m := range messages(t, result) {
		if m.Log != nil && m.Log.Level == "WARN" && strings.Contains(m.Log.Message, text) {
			found = append(found, m.Log.Message)
		}
	}
	return found
}

func someRows() simulator.Options {
	return simulator.Options{Seed: 3, Rows: map[string]int{"account": 400, "contact": 400, "opportunity": 300, "task": 300, "contoso_everything": 30}}
}

func TestTwoUsersReadTheStreamsBetweenThem(t *testing.T) {
	t.Parallel()
	l := withUsers(t, 2, someRows(), simulator.ServerOptions{})
	c, d := l.configured("account", "contact", "opportunity", "task"), destination.New()
	report, result := l.read(d, c)
	require.Equal(t, 0, result.ExitCode, "%v", report.Errors)
	l.equal(d, "account", "contact", "opportunity", "task")
	var all []string
	for _, table := range []string{"account", "contact", "opportunity", "task"} {
		readers := l.readers(table)
		assert.Len(t, readers, 1, "%s keeps its user", table)
		all = append(all, readers...)
	}
	slices.Sort(all)
	assert.Len(t, slices.Compact(all), 2)
	assert.Empty(t, warningsWith(t, result, "application user"))
	var summary struct {
		Summary struct {
			Users []struct {
				Name              string
				Requests, Records int64
			}
		} `json:"sync_summary"`
	}
	for _, m := range messages(t, result) {
		if m.Log != nil && strings.HasPrefix(m.Log.Message, `{"sync_summary"`) {
			require.NoError(t, json.Unmarshal([]byte(m.Log.Message), &summary))
		}
	}
	require.Len(t, summary.Summary.Users, 2)
	assert.Equal(t, "the first application user", summary.Summary.Users[0].Name)
	assert.Equal(t, "the application user of additional_credentials[0]", summary.Summary.Users[1].Name)
	assert.EqualValues(t, 1400, summary.Summary.Users[0].Records+summary.Summary.Users[1].Records)
	t.Run("and keep them in the next sync", func(t *testing.T) {
		before := map[string][]string{}
		for _, table := range []string{"account", "contact", "opportunity", "task"} {
			before[table] = l.readers(table)
			require.NoError(t, l.environment.Update(table, l.environment.IDs(table)[0], simulator.Row{"description": "changed"}))
		}
		l.sync(d, c)
		l.equal(d, "account", "contact", "opportunity", "task")
		for table, readers := range before {
			assert.Equal(t, readers, l.readers(table), table)
		}
	})
}

func TestOneUserLeavesNoTraceOfUsers(t *testing.T) {
	t.Parallel()
	l := withUsers(t, 1, someRows(), simulator.ServerOptions{})
	c, d := l.configured("account"), destination.New()
	_, result := l.read(d, c)
	for _, line := range result.Lines {
		assert.NotContains(t, string(line), `"user"`)
		assert.NotContains(t, string(line), `"users"`)
	}
	for _, r := range l.server.Requests() {
		assert.NotContains(t, r.Path, "RetrievePrincipalAttributePrivileges")
	}
}

func TestUserRevokedInTheMiddleLeavesTheDataExact(t *testing.T) {
	t.Parallel()
	for name, example := range map[string]struct {
		application simulator.Application
		begins      string // the warning
		revoke      func(*simulator.Application)
	}{
		"the first is disabled": {simulator.DefaultApplication(), "The first application user ", func(a *simulator.Application) { a.Disabled = true }},
		"the second loses its roles": {further(1), "The application user of additional_credentials[0] ", func(a *simulator.Application) {
			a.NoRoles = true
		}},
		"the secret of the second expires": {further(1), "The application user of additional_credentials[0] ", func(a *simulator.Application) {
			a.SecretExpired = true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := withUsers(t, 2, someRows(), simulator.ServerOptions{})
			streams := []string{"account", "contact", "opportunity", "task"}
			c, d := l.configured(streams...), destination.New()
			pages := 0
			l.server.Inject(faults.Fault{Match: faults.Func(func(r *http.Request) bool {
				if strings.Contains(r.URL.RawQuery, "skiptoken") {
					if pages++; pages == 9 {
						l.server.ChangeApplication(example.application.ClientID, example.revoke)
						l.server.RevokeTokens()
					}
				}
				return false
			}), Then: faults.Error{Status: http.StatusInternalServerError}}.Always())
			report, result := l.read(d, c)
			require.Equal(t, 0, result.ExitCode, "%v", report.Errors)
			require.Greater(t, pages, 9)
			l.equal(d, streams...)
			warnings := warningsWith(t, result, "")
			require.Len(t, warnings, 1, "%v", warnings)
			assert.True(t, strings.HasPrefix(warnings[0], example.begins), warnings[0])
			assert.Contains(t, warnings[0], "cannot be used. The other application users read its streams. The reason: ")
		})
	}
}

func TestAllUsersRevokedEndsWithTheErrorOfTheFirst(t *testing.T) {
	t.Parallel()
	first, second := simulator.DefaultApplication(), further(1)
	l := withUsers(t, 2, someRows(), simulator.ServerOptions{})
	c := l.configured("account", "contact")
	l.server.ChangeApplication(first.ClientID, func(a *simulator.Application) { a.Disabled = true })
	l.server.ChangeApplication(second.ClientID, func(a *simulator.Application) { a.NoRoles = true })
	report, result := l.read(destination.New(), c)
	assert.Equal(t, 1, result.ExitCode)
	require.NotEmpty(t, report.Errors)
	assert.Contains(t, report.Errors[0].Message, "is deactivated in this environment")
}

func TestUserWithALesserRightReadsOnlyWhatItMay(t *testing.T) {
	t.Parallel()
	l := withUsers(t, 2, someRows(), simulator.ServerOptions{})
	c, d := l.configured("account", "contact", "opportunity", "contoso_everything"), destination.New()
	l.server.SetRights(further(1).ClientID, simulator.Rights{Depths: map[string]schema.Depth{"account": schema.Local, "contact": schema.None}})
	l.server.SetRights(simulator.DefaultApplication().ClientID, simulator.Rights{Columns: map[string][]string{"contoso_everything": {"contoso_secret"}}})
	report, result := l.read(d, c)
	require.Equal(t, 0, result.ExitCode, "%v", report.Errors)
	l.equal(d, "account", "contact", "opportunity")
	for _, table := range []string{"account", "contact", "contoso_everything"} {
		assert.Equal(t, []string{simulator.DefaultApplication().ClientID}, l.readers(table), table)
	}
	warnings := warningsWith(t, result, "may read less")
	require.Len(t, warnings, 1)
	for _, part := range []string{
		"The application user of additional_credentials[0]", "account (Read at Business Unit level instead of Organization level)",
		"contact (no Read privilege)", "contoso_everything (without column contoso_secret)",
	} {
		assert.Contains(t, warnings[0], part)
	}
}

func TestCheckNamesTheUserThatCannotSignIn(t *testing.T) {
	t.Parallel()
	for name, example := range map[string]struct {
		change func(*lab)
		parts  []string
	}{
		"an expired secret": {func(l *lab) {
			l.server.ChangeApplication(further(2).ClientID, func(a *simulator.Application) { a.SecretExpired = true })
		}, []string{"additional_credentials[1]", "AADSTS7000222"}},
		"a user of the environment that is disabled": {func(l *lab) {
			l.server.ChangeApplication(further(1).ClientID, func(a *simulator.Application) { a.Disabled = true })
		}, []string{"additional_credentials[0]", "deactivated"}},
		"the first user": {func(l *lab) {
			l.server.ChangeApplication(simulator.DefaultApplication().ClientID, func(a *simulator.Application) { a.NotMember = true })
		}, []string{"The first application user cannot be used", "no application user"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := withUsers(t, 3, simulator.Options{Seed: 1}, simulator.ServerOptions{})
			example.change(l)
			result := l.run("check", "--config", l.configFile())
			assert.Equal(t, 0, result.ExitCode)
			var status *destination.ConnectionStatus
			for _, m := range messages(t, result) {
				if m.ConnectionStatus != nil {
					status = m.ConnectionStatus
				}
			}
			require.NotNil(t, status)
			assert.Equal(t, "FAILED", status.Status)
			for _, part := range example.parts {
				assert.Contains(t, status.Message, part)
			}
		})
	}
}

func TestDeltaTokenOfTheOnlyUserIsAskedForByIt(t *testing.T) {
	t.Parallel()
	for _, expired := range []string{"resync", "fail"} {
		t.Run(expired, func(t *testing.T) {
			o := someRows()
			o.Behaviors.TokensOfUser = true
			l := withUsers(t, 2, o, simulator.ServerOptions{})
			more := l.config["additional_credentials"]
			delete(l.config, "additional_credentials")
			l.config["on_expired_token"] = expired
			streams := []string{"account", "contact"}
			c, d := l.configured(streams...), destination.New()
			l.sync(d, c)
			l.config["additional_credentials"] = more
			for _, table := range streams {
				require.NoError(t, l.environment.Update(table, l.environment.IDs(table)[0], simulator.Row{"description": "changed"}))
			}
			report := l.sync(d, c)
			l.equal(d, streams...)
			for _, table := range streams {
				assert.Equal(t, 1, report.Streams[table].Records, "only the change of %s is read", table)
				assert.Contains(t, l.readers(table), simulator.DefaultApplication().ClientID)
			}
		})
	}
}

func TestEachOfTwoUsersMeetsItsOwnLimits(t *testing.T) {
	t.Parallel()
	l := withUsers(t, 2, someRows(), simulator.ServerOptions{Limits: simulator.Limits{Requests: 40, Window: 2 * time.Second}, DOPHint: 8})
	streams := []string{"account", "contact", "opportunity", "task"}
	c, d := l.configured(streams...), destination.New()
	l.sync(d, c)
	l.equal(d, streams...)
	assert.LessOrEqual(t, l.server.Stats().MostInFlight, 8)
}

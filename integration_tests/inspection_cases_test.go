package integration_tests_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// refusing injects a refusal of each request whose address contains a text.
func refusing(text string, status int, code, message string) func(*lab) {
	return func(l *lab) {
		l.server.Inject(faults.Fault{Match: faults.Contains(text), Then: faults.Error{Status: status, Code: code, Message: message}}.Always())
	}
}

// changedApplication is an environment whose application has a fault.
func changedApplication(failed, error string, change func(*simulator.Application)) wrongEnvironment {
	return wrongEnvironment{failed: failed, error: error, server: func(_ *testing.T, s *simulator.ServerOptions) {
		a := simulator.DefaultApplication()
		change(&a)
		s.Applications = []simulator.Application{a}
	}}
}

// twice is an environment with two application users, with what is wrong with the second.
func twice(w wrongEnvironment, change func(*simulator.Application)) wrongEnvironment {
	a := further(1)
	w.server = func(_ *testing.T, s *simulator.ServerOptions) {
		other := a
		change(&other)
		s.Applications = []simulator.Application{simulator.DefaultApplication(), other}
	}
	w.config = map[string]any{"additional_credentials": []any{map[string]any{
		"client_id": a.ClientID, "credentials": map[string]any{"auth_type": "client_secret", "client_secret": a.Secret},
	}}}
	return w
}

// wrongSignIns are environments in which something about the sign-in is wrong.
func wrongSignIns() map[string]wrongEnvironment {
	expiring := withinDays(10)
	expiring.logged, expiring.warning = "The client certificate in credentials.certificate expires on ", "The client certificate in credentials.certificate expires on"
	return map[string]wrongEnvironment{
		"a wrong secret": {
			config: map[string]any{"client_secret_value": "wrong~secret-0123456789"}, failed: "AADSTS7000215", error: "AADSTS7000215",
		},
		"an expired secret": changedApplication("AADSTS7000222", "AADSTS7000222", func(a *simulator.Application) { a.SecretExpired = true }),
		"no application user": changedApplication("no application user for the client_id", "no application user", func(a *simulator.Application) {
			a.NotMember = true
		}),
		"no security role":              changedApplication("has no security role", "has no security role", func(a *simulator.Application) { a.NoRoles = true }),
		"a deactivated user":            changedApplication("is deactivated", "is deactivated", func(a *simulator.Application) { a.Disabled = true }),
		"Conditional Access":            changedApplication("AADSTS53003", "AADSTS53003", func(a *simulator.Application) { a.Refused = 53003 }),
		"an unknown tenant":             {config: map[string]any{"tenant_id": "99999999-2222-4333-8444-555555555555"}, failed: "AADSTS90002", error: "AADSTS90002"},
		"an unknown client":             {config: map[string]any{"client_id": "99999999-7777-4888-9999-aaaaaaaaaaaa"}, failed: "AADSTS700016", error: "AADSTS700016"},
		"a certificate about to expire": expiring,
		"a second user with a wrong secret": twice(wrongEnvironment{
			failed: "The application user of additional_credentials[0] cannot be used.", warning: "The other application users read its streams.",
		}, func(a *simulator.Application) { a.Secret = "another~secret-0123456789" }),
		"a second user that is deactivated": twice(wrongEnvironment{
			failed: "additional_credentials[0] cannot be used. The application user is deactivated", warning: "The other application users read its streams.",
		}, func(a *simulator.Application) { a.Disabled = true }),
		"a second user that reads less": func() wrongEnvironment {
			w := twice(wrongEnvironment{
				logged:  "The application user of additional_credentials[0] may read less than the other application users, so only they read these tables: account (",
				warning: "may read less than the other application users",
			}, func(*simulator.Application) {})
			w.spoil = func(l *lab) {
				l.server.SetRights(further(1).ClientID, simulator.Rights{Depths: map[string]schema.Depth{"account": schema.Local}})
			}
			return w
		}(),
	}
}

// depth sets how far a table may be read.
func depth(table string, d schema.Depth) func(*lab) {
	return func(l *lab) { l.environment.SetReadDepth(table, d) }
}

// include selects tables.
func include(names ...string) map[string]any { return map[string]any{"include_tables": names} }

// wrongRights are environments in which the application user may not do something.
func wrongRights() map[string]wrongEnvironment {
	unreadable := []string{"account", "contact"}
	administrator := func(l *lab) {
		l.server.SetRights(simulator.DefaultApplication().ClientID, simulator.Rights{Administrator: true})
	}
	return map[string]wrongEnvironment{
		"a table that is forbidden": {
			spoil: depth("account", schema.None), logged: "account (prvReadAccount)", error: "lacks the privilege prvReadAccount",
		},
		"a named table that is forbidden": {
			config: include("account", "contact"), spoil: depth("account", schema.None),
			failed: "lacks the privilege to read 1 table of include_tables: account (prvReadAccount).", error: "lacks the privilege prvReadAccount",
		},
		"a pattern with a forbidden table": {
			config: include("acc*", "contact"), spoil: depth("account", schema.None), logged: "account (prvReadAccount)", error: "prvReadAccount",
		},
		"nothing can be read": {
			config: include("acc*", "cont*t"), read: unreadable, error: "prvReadContact", failed: "can read none of the selected tables",
			spoil: func(l *lab) {
				for _, name := range unreadable {
					l.environment.SetReadDepth(name, schema.None)
				}
			},
		},
		"rows of the user alone, followed": {
			spoil: depth("account", schema.Basic), logged: "below Organization level, so its changes cannot be followed, and a full refresh reads only the rows that it may see: account (User level)",
			error: "below Organization level, which change tracking requires",
		},
		"rows of the business unit, in full": {
			spoil: depth("account", schema.Local), logged: "account (Business Unit level)", full: true, warning: "table account below Organization level (Business Unit level)",
		},
		"rows of the units below, in full": {
			spoil: depth("account", schema.Deep), logged: "account (Parent: Child Business Units level)", full: true, warning: "table account below Organization level (Parent: Child Business Units level)",
		},
		"a named table below Organization level": {
			config: include("account"), spoil: depth("account", schema.Local), logged: "account (Business Unit level)", error: "below Organization level",
		},
		"secured columns without a profile": {
			config: include("contoso_everything"), read: []string{"contoso_everything"},
			logged:  "may not read 2 secured columns, so Dataverse sends null in place of every value: contoso_everything.contoso_salary, contoso_everything.contoso_secret.",
			warning: "contoso_everything.contoso_salary, contoso_everything.contoso_secret",
		},
		"one secured column without a profile": {
			read: []string{"contoso_everything"}, logged: "1 secured column, so Dataverse sends null in place of every value: contoso_everything.contoso_salary.",
			warning: "contoso_everything.contoso_salary",
			spoil: func(l *lab) {
				l.server.SetRights(simulator.DefaultApplication().ClientID, simulator.Rights{Columns: map[string][]string{"contoso_everything": {"contoso_secret"}}})
			},
		},
		"secured columns that an administrator reads": {read: []string{"contoso_everything"}, spoil: administrator, logged: "INFO System Administrator"},
		"privileges without their names": {
			options: func(o *simulator.Options) { o.Behaviors.UnnamedPrivileges = true }, spoil: depth("account", schema.Local), logged: "account (Business Unit level)",
			error: "below Organization level",
		},
		"privileges that may not be read": {
			spoil:  refusing("RetrieveUserPrivileges", http.StatusForbidden, "0x80040220", "is missing prvReadRole privilege"),
			logged: "INFO The privileges of the application user cannot be retrieved: the application user lacks the privilege prvReadRole.",
		},
		"a table below Organization level, with unknown privileges": {
			config: include("account"), logged: "so its changes cannot be followed, and a full refresh reads only the rows that it may see: account.",
			error: "below Organization level",
			spoil: func(l *lab) {
				l.environment.SetReadDepth("account", schema.Local)
				refusing("RetrieveUserPrivileges", http.StatusForbidden, "0x80040220", "is missing prvReadRole privilege")(l)
			},
		},
		"a list of privileges that is wrong": { // a row that arrives is better evidence
			logged: "lacks the privilege to read",
			spoil: func(l *lab) {
				l.server.Inject(faults.Fault{Match: faults.Contains("RetrieveUserPrivileges"), Then: faults.Response{
					ContentType: "application/json", Body: []byte(`{"RolePrivileges":[{"Depth":"Global","PrivilegeName":"prvWriteAccount","PrivilegeId":"w"}]}`),
				}}.Always())
			},
		},
		"roles that may not be read": {
			spoil: depth("role", schema.None), logged: "INFO The security roles of the application user cannot be retrieved: the application user lacks the privilege prvReadRole.",
		},
		"column permissions that may not be read": {
			spoil: refusing("RetrievePrincipalAttributePrivileges", http.StatusForbidden, "0x80040220", "no"), read: []string{"contoso_everything"},
			logged: "INFO The column permissions of the application user cannot be retrieved",
		},
	}
}

// wrongTables are environments in which something about tables or their selection is wrong.
func wrongTables() map[string]wrongEnvironment {
	return map[string]wrongEnvironment{
		"a named table that does not exist": {
			config: include("account", "acount"), failed: "1 table that the environment does not have: acount (the nearest is account).",
		},
		"a named table that is not in the Web API": {
			config: include("account", "contoso_internal"), failed: "include_tables names 1 table whose rows the Web API cannot list: contoso_internal.",
			options: func(o *simulator.Options) {
				o.Tables = append(schema.Realistic(), &schema.Table{
					LogicalName: "contoso_internal", SchemaName: "contoso_Internal", PrimaryID: "contoso_internalid", Type: schema.Standard,
					Ownership: "OrganizationOwned", TypeCode: 20_000, Custom: true,
					Columns: []schema.Column{{LogicalName: "contoso_internalid", SchemaName: "contoso_InternalId", Type: schema.Uniqueidentifier, PrimaryID: true}},
				})
			},
		},
		"a pattern without a table":    {config: include("account", "new_*"), logged: `The pattern "new_*" in include_tables matches no table`},
		"an exclusion without a table": {config: map[string]any{"exclude_tables": []string{"msdyn_x"}}, logged: `The pattern "msdyn_x" in exclude_tables matches no table`},
		"no table left":                {config: map[string]any{"exclude_tables": []string{"*"}}, failed: "select no table of the environment"},
		"a table without change tracking": {
			config: include("contoso_child"), read: []string{"contoso_child"}, logged: "Change tracking is off for 1 selected table, so rows deleted in Dataverse are not found: contoso_child.",
		},
		"a table without change tracking, in full": {
			config: map[string]any{"include_tables": []string{"contoso_child"}, "cursor_for_untracked": "off"}, read: []string{"contoso_child"},
			logged: "so each sync reads all rows: contoso_child.",
		},
		"a table that lost change tracking": {
			config: include("account"), logged: "Change tracking is off for 1 selected table", error: "Change tracking of table account is off",
			options: func(o *simulator.Options) {
				o.Tables = schema.Realistic()
				for _, t := range o.Tables {
					if t.LogicalName == "account" {
						t.Tracked = false
					}
				}
			},
		},
		"an elastic table": {config: include("contoso_sensordata"), read: []string{"contoso_sensordata"}, logged: "INFO contoso_sensordata (elastic)"},
		"a virtual table":  {config: include("contoso_legacyorder"), read: []string{"contoso_legacyorder"}, logged: "INFO contoso_legacyorder (virtual)"},
		"a named table whose rows cannot be listed": {
			config: include("account"), failed: "No row of table account could be retrieved. Dataverse does not allow the rows of table account to be listed.",
			error: "does not allow the rows of table account to be listed",
			spoil: refusing("/accounts?", http.StatusBadRequest, "0x80040800", "The 'RetrieveMultiple' method does not support entities of type 'account'."),
		},
		"a pattern with such a table": {
			config: include("acc*", "contact"), logged: "No row of table account could be retrieved.", error: "does not allow the rows of table account to be listed",
			spoil: refusing("/accounts?", http.StatusBadRequest, "0x80040800", "The 'RetrieveMultiple' method does not support entities of type 'account'."),
		},
	}
}

// wrongServices are environments whose service is restricted, old or slow.
func wrongServices() map[string]wrongEnvironment {
	labels := map[string]any{"choice_labels": true, "label_language": 1036}
	unknown := maps.Clone(labels)
	return map[string]wrongEnvironment{
		"delta tokens that expire after a day": {
			options: func(o *simulator.Options) { o.ExpireDays = 1 }, logged: "keeps deletions and delta tokens for only 1 day", warning: "for only 1 day",
		},
		"a clock that is wrong": {
			options: func(o *simulator.Options) {
				o.Clock = func() time.Time { return time.Now().Add(7 * time.Minute) }
			},
			logged: "The clock of this machine is ",
		},
		"a language that is missing": {config: labels, failed: "label_language is 1036, but the environment does not provide this language."},
		"languages that are unknown": {
			config: unknown, logged: "INFO The languages of the environment cannot be retrieved",
			spoil: refusing("RetrieveProvisionedLanguages", http.StatusForbidden, "0x80040220", "no"),
		},
		"an environment that does not describe itself": {
			spoil:  refusing("RetrieveCurrentOrganization", http.StatusForbidden, "0x80040220", "no"),
			logged: "INFO The name and the version of the environment cannot be retrieved",
		},
		"no RetrieveMetadataChanges": {
			options: func(o *simulator.Options) { o.Behaviors.MetadataChangesUnavailable = true }, logged: "may not read 2 secured columns",
		},
		"a list of tables without their properties": {
			spoil:  refusing("CanChangeTrackingBeEnabled", http.StatusForbidden, "0x80040220", "is missing prvReadEntity privilege"),
			logged: "INFO Which tables have change tracking and which privileges they need cannot be retrieved",
		},
		"a list of tables that is forbidden": {
			spoil:  refusing("EntityDefinitions?", http.StatusForbidden, "0x80040220", "is missing prvReadEntity privilege"),
			failed: "lacks the privilege prvReadEntity",
		},
		"the IP firewall": {
			spoil:  refusing("WhoAmI", http.StatusForbidden, "0x80095ffe", "Access to your ip 203.0.113.7 is blocked."),
			failed: "which is 203.0.113.7", error: "which is 203.0.113.7",
		},
		"administration mode": {
			spoil:  refusing("WhoAmI", http.StatusForbidden, "0x8004a104", "The organization is disabled."),
			failed: "administration mode", error: "administration mode",
		},
	}
}

package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/users"
)

// subject returns what findings about a user call it.
func (u User) subject() string { return cmp.Or(u.Setting, SubjectUser) }

// usersRefused reports the users that cannot be used.
func (f Facts) usersRefused() []Finding {
	var findings []Finding
	for _, u := range f.Users {
		if u.SignIn == nil {
			continue
		}
		findings = append(findings, Finding{Severity: Error, Code: UserRefused, Subject: u.subject(), Sentence: u.SignIn.Sentence, Key: u.Setting})
	}
	return findings
}

// aboutUsers names the users and their security roles.
func (f Facts) aboutUsers() []Finding {
	var findings []Finding
	for _, u := range f.Users {
		if u.SignIn != nil || u.FullName == "" && len(u.Roles)+len(u.TeamRoles) == 0 {
			continue
		}
		sentence := prose.Capital(u.Name)
		if u.FullName != "" {
			sentence += fmt.Sprintf(" is %q", u.FullName)
		}
		switch {
		case len(u.Roles)+len(u.TeamRoles) == 0:
		case u.FullName == "":
			sentence += " has " + rolesOf(u)
		default:
			sentence += " with " + rolesOf(u)
		}
		findings = append(findings, Finding{Severity: Info, Code: AboutUser, Subject: u.subject(), Sentence: sentence + "."})
	}
	return findings
}

// rolesOf lists the security roles of a user.
func rolesOf(u User) string {
	roles := func(names []string) string {
		return "the security " + prose.Plural(len(names), "role") + " " + listed(names)
	}
	var parts []string
	if len(u.Roles) > 0 {
		parts = append(parts, roles(u.Roles))
	}
	if len(u.TeamRoles) > 0 {
		parts = append(parts, roles(u.TeamRoles)+" through its teams")
	}
	return strings.Join(parts, " and ")
}

// certificateNotice is how long before a certificate expires the warning begins. An organization can take weeks to renew one.
const certificateNotice = 30 * 24 * time.Hour

// certificatesExpire warns of client certificates that expire soon. An application cannot see when its client secret expires.
func (f Facts) certificatesExpire() []Finding {
	var findings []Finding
	for _, u := range f.Users {
		left := u.CertificateExpires.Sub(f.Now)
		if u.CertificateExpires.IsZero() || left > certificateNotice || left <= 0 {
			continue
		}
		findings = append(findings, Finding{
			Severity: Warning, Code: CertificateExpires, Subject: u.subject(), Key: u.CertificateSetting,
			Sentence: fmt.Sprintf("The client certificate in %s expires on %s, %s. Syncs cannot sign in with it after that.", u.CertificateSetting,
				u.CertificateExpires.UTC().Format("2006-01-02 15:04 UTC"), inDays(left)),
			NextStep: "Create a new certificate, upload it to the app registration in Microsoft Entra (Certificates & secrets > Certificates), and " +
				"replace this one.",
		})
	}
	return findings
}

func inDays(left time.Duration) string {
	const day = 24 * time.Hour
	if left < day {
		return "in less than a day"
	}
	return "in " + prose.Quantity(int(left/day), "day")
}

// lessRights warns of users that may read less of some tables than others, and therefore do not read these tables.
func (f Facts) lessRights() []Finding {
	if len(f.Users) < 2 {
		return nil
	}
	lesser := make([][]string, len(f.Users))
	names := make([][]string, len(f.Users))
	for _, t := range f.Tables {
		for i, u := range f.Users {
			if less := u.less(t); less != "" {
				lesser[i] = append(lesser[i], t.Summary.Table.LogicalName+" ("+less+")")
				names[i] = append(names[i], t.Summary.Table.LogicalName)
			}
		}
	}
	var findings []Finding
	for i, u := range f.Users {
		if len(lesser[i]) > 0 {
			findings = append(findings, Finding{
				Severity: Warning, Code: LessRights, Subject: u.subject(), Tables: slices.Clone(names[i]), Key: u.Setting,
				Sentence: fmt.Sprintf("%s may read less than the other application users, so only they read these tables: %s.", prose.Capital(u.Name), listed(lesser[i])),
				NextStep: "Give all application users the same security roles and column security profiles.",
			})
		}
	}
	return findings
}

// less returns what a user may not read of a table that another one may, "" if there is nothing, or if it is unknown.
func (u User) less(t Table) string {
	depth := u.depth(t)
	if depth == "" {
		return ""
	}
	return users.Difference(depth, t.Depth, u.Columns.Unreadable(t.Secured), t.Hidden)
}

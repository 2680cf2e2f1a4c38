package webapi

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// The role templates of the System Administrator and of the Basic User, which are the same in all environments.
const (
	administratorTemplate = "627090ff-40a3-4053-8790-584edc5be201"
	basicUserTemplate     = "119f245c-3cc8-4b62-b31c-d1a046ced15d"
)

// applicationName is the name of an application user that has neither a row nor a name of its own.
const applicationName = "# Simulated application"

// callUser serves what a client reads about an application user: its name, the roles that it has itself, and its teams with
// theirs. found is false for other paths.
func (a *API) callUser(w http.ResponseWriter, r *http.Request, base, path string) (found bool, failure *odata.Error) {
	id, rest, isUser := strings.Cut(strings.TrimPrefix(path, "systemusers("), ")")
	if !isUser || !strings.HasPrefix(path, "systemusers(") {
		return false, nil
	}
	serve := map[string]func(w http.ResponseWriter, query, base, user string) *odata.Error{
		"": a.writeName, "/systemuserroles_association": a.writeRoles, "/teammembership_association": a.writeTeams,
	}[rest]
	id = strings.ToLower(id)
	switch {
	case serve == nil, rest == "" && !a.named(r, id):
		return false, nil
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return true, odata.ReadOnly(w, r.Method)
	case !a.isUser(id):
		return true, odata.Refuse(http.StatusNotFound, "0x80040217", "Entity 'systemuser' With Id = %s Does Not Exist", id)
	}
	for _, table := range map[string][]string{"": {"systemuser"}, "/systemuserroles_association": {"role"}, "/teammembership_association": {"team", "role"}}[rest] {
		if t := a.environment.TableByName(table); t != nil && a.environment.Depth(odata.UserOf(r), table) == schema.None {
			return true, missingPrivilege(odata.UserOf(r), t)
		}
	}
	return true, serve(w, r.URL.RawQuery, base, id)
}

// named reports whether a request is for the name of an application user that has no row.
func (a *API) named(r *http.Request, id string) bool {
	if r.URL.RawQuery != "$select=fullname" || !a.isUser(id) {
		return false
	}
	_, refusal := Respond(a.environment, &http.Request{Method: http.MethodGet, URL: r.URL, Header: http.Header{}}, "", "systemusers("+id+")")
	return refusal != nil || a.environment.RightsOf(id).FullName != ""
}

// writeName writes the name of an application user.
func (a *API) writeName(w http.ResponseWriter, _, base, user string) *odata.Error {
	name := applicationName
	if given := a.environment.RightsOf(user).FullName; given != "" {
		name = given
	}
	odata.WriteJSON(w, []byte(`{"@odata.context":"`+base+`/$metadata#systemusers(fullname)/$entity","systemuserid":"`+user+`","fullname":`+
		strconv.Quote(name)+`,"ownerid":"`+user+`"}`))
	return nil
}

// roleColumns are the columns of roles that a client selects.
const roleColumns = "name,_roletemplateid_value"

// writeRoles lists the roles that a user has itself, with the templates that they were made from.
func (a *API) writeRoles(w http.ResponseWriter, query, base, user string) *odata.Error {
	selected := strings.TrimPrefix(query, "$select=")
	if query != "" && selected != "_roletemplateid_value" && selected != roleColumns {
		return odata.BadQuery("The query options of systemuserroles_association are not supported by this simulator, except $select=%s.", roleColumns)
	}
	rights := a.environment.RightsOf(user)
	names := rights.Roles
	if names == nil {
		names = []string{"Basic User"}
		if rights.Administrator {
			names = []string{administratorRole}
		}
	}
	out := odata.NewStream(w, `{"@odata.context":"`+base+`/$metadata#roles(`+selected+`)","value":[`)
	for _, name := range names {
		out.Element(func(dst []byte) []byte { return append(dst, role(user, name)...) })
	}
	out.End()
	return nil
}

// administratorRole is the name of the role that reads every secured column.
const administratorRole = "System Administrator"

// role is a role of a user or a team.
func role(of, name string) string {
	template := "null"
	switch name {
	case administratorRole:
		template = `"` + administratorTemplate + `"`
	case "Basic User":
		template = `"` + basicUserTemplate + `"`
	}
	return `{"name":` + strconv.Quote(name) + `,"_roletemplateid_value":` + template + `,"roleid":"` + guid.Derived("role", of, name) + `"}`
}

// writeTeams lists the teams of a user with their roles.
func (a *API) writeTeams(w http.ResponseWriter, query, base, user string) *odata.Error {
	const options = "$select=name&$expand=teamroles_association($select=" + roleColumns + ")"
	if query != options {
		return odata.BadQuery("The query options of teammembership_association are not supported by this simulator, except %s.", options)
	}
	teams := a.environment.RightsOf(user).Teams
	out := odata.NewStream(w, `{"@odata.context":"`+base+`/$metadata#teams(name,teamroles_association(`+roleColumns+`))","value":[`)
	for _, team := range slices.Sorted(maps.Keys(teams)) {
		roles := make([]string, len(teams[team]))
		for i, name := range teams[team] {
			roles[i] = role(team, name)
		}
		out.Element(func(dst []byte) []byte {
			return append(dst, `{"name":`+strconv.Quote(team)+`,"teamid":"`+guid.Derived("team", team)+`","teamroles_association":[`+
				strings.Join(roles, ",")+`]}`...)
		})
	}
	out.End()
	return nil
}

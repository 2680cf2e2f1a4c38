package finops

import (
	"context"
	"slices"
	"strings"
)

// allCompanies makes a set hold the rows of all companies. Otherwise it has those of the user's default company
// (Microsoft, "Open Data Protocol (OData)": cross-company behavior).
const allCompanies = "cross-company=true"

// Try reads any one project. It is the cheapest request that is refused if the application is not registered in Microsoft Entra
// applications.
func (c *Client) Try(ctx context.Context) error {
	_, err := rowsOf[struct{}](ctx, c, "list the data management projects", dataPath+"DataManagementDefinitionGroups?$top=1")
	return err
}

// Project reads a project with its lines, nil if there is none of that name.
//
// The sets DataManagementDefinitionGroups and DataManagementDefinitionGroupDetails hold all projects and their lines, with enums
// as the names of their members, as in the rows that the public repository EnvironmentDataLoader has recorded.
func (c *Client) Project(ctx context.Context, name string) (*Project, error) {
	type row struct {
		Name          string `json:"Name"`
		OperationType string `json:"OperationType"`
	}
	rows, err := rowsOf[row](ctx, c, "read project "+name, filtered(dataPath+"DataManagementDefinitionGroups", "Name", name, allCompanies))
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(rows, func(r row) bool { return r.Name == name })
	if at < 0 {
		at = slices.IndexFunc(rows, func(r row) bool { return strings.EqualFold(r.Name, name) })
	}
	if at < 0 {
		return nil, nil
	}
	p := &Project{Name: rows[at].Name, Exports: strings.EqualFold(rows[at].OperationType, "Export")}
	p.Lines, err = c.lines(ctx, p.Name)
	return p, err
}

// lines reads the lines of a project, in the order of their execution.
func (c *Client) lines(ctx context.Context, project string) ([]Line, error) {
	type row struct {
		DefinitionGroupID  string `json:"DefinitionGroupId"`
		EntityName         string `json:"EntityName"`
		SourceFormat       string `json:"SourceFormat"`
		DefaultRefreshType string `json:"DefaultRefreshType"`
		ValidationStatus   string `json:"ValidationStatus"`
		Disable            string `json:"Disable"`
	}
	rows, err := rowsOf[row](ctx, c, "read the lines of project "+project,
		filtered(dataPath+"DataManagementDefinitionGroupDetails", "DefinitionGroupId", project, allCompanies))
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, r := range rows {
		if !strings.EqualFold(r.DefinitionGroupID, project) || r.EntityName == "" {
			continue
		}
		lines = append(lines, Line{
			Entity: r.EntityName, Format: r.SourceFormat,
			Incremental: !strings.EqualFold(r.DefaultRefreshType, "FullPush") && r.DefaultRefreshType != "",
			Unmapped:    strings.EqualFold(r.ValidationStatus, "No"),
			Disabled:    strings.EqualFold(r.Disable, "Yes"),
		})
	}
	return lines, nil
}

// Companies returns the ids of the legal entities, as the service writes them.
func (c *Client) Companies(ctx context.Context) ([]string, error) {
	type row struct {
		LegalEntityID string `json:"LegalEntityId"`
	}
	rows, err := rowsOf[row](ctx, c, "list the legal entities", dataPath+"LegalEntities?$select=LegalEntityId&"+allCompanies)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.LegalEntityID
	}
	return ids, nil
}

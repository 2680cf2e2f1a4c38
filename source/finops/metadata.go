package finops

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Entity reads what data management and the public metadata describe of an entity by its label, nil if data management has no
// entity of that label. An entity that is not public has no properties.
//
// A label leads to a name (DataManagementEntities), the name to a public name (DataEntities of the metadata), and that to the
// properties (PublicEntities); see Microsoft, "Service endpoints overview": metadata.
func (c *Client) Entity(ctx context.Context, label string) (*Entity, error) {
	entity, err := c.managedEntity(ctx, label)
	if entity == nil || err != nil {
		return nil, err
	}
	if entity.PublicName, err = c.publicName(ctx, entity.Name); err != nil || entity.PublicName == "" {
		return entity, err
	}
	entity.Properties, err = c.properties(ctx, entity.PublicName)
	if entity.Properties == nil {
		entity.PublicName = ""
	}
	return entity, err
}

// managedEntity reads what data management alone describes of an entity: its names, and whether its rows are shared.
func (c *Client) managedEntity(ctx context.Context, label string) (*Entity, error) {
	type row struct {
		EntityName string `json:"EntityName"`
		TargetName string `json:"TargetName"`
		IsShared   string `json:"IsShared"`
	}
	rows, err := rowsOf[row](ctx, c, "read the definition of entity "+label, filtered(dataPath+"DataManagementEntities", "EntityName", label, allCompanies))
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(rows, func(r row) bool { return strings.EqualFold(r.EntityName, label) })
	if at < 0 {
		return nil, nil
	}
	return &Entity{Label: rows[at].EntityName, Name: rows[at].TargetName, Shared: strings.EqualFold(rows[at].IsShared, "Yes")}, nil
}

// IsShared reports whether the rows of an entity belong to no company.
func (c *Client) IsShared(ctx context.Context, label string) (bool, error) {
	entity, err := c.managedEntity(ctx, label)
	return entity != nil && entity.Shared, err
}

// publicName returns the public name of an entity, "" if it is not public.
func (c *Client) publicName(ctx context.Context, name string) (string, error) {
	type row struct {
		Name             string `json:"Name"`
		PublicEntityName string `json:"PublicEntityName"`
		// DataServiceEnabled is null or absent in older versions.
		DataServiceEnabled *bool `json:"DataServiceEnabled"`
	}
	rows, err := rowsOf[row](ctx, c, "find the public name of entity "+name, filtered(metadataPath+"DataEntities", "Name", name))
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(rows, func(r row) bool { return strings.EqualFold(r.Name, name) })
	if at < 0 || rows[at].DataServiceEnabled != nil && !*rows[at].DataServiceEnabled {
		return "", nil
	}
	return rows[at].PublicEntityName, nil
}

// properties reads the properties of a public entity, nil if it does not exist or is not one that has properties.
func (c *Client) properties(ctx context.Context, publicName string) ([]Property, error) {
	type property struct {
		Name     string `json:"Name"`
		TypeName string `json:"TypeName"`
		DataType string `json:"DataType"`
		IsKey    bool   `json:"IsKey"`
	}
	var document struct {
		Properties []property `json:"Properties"`
	}
	err := c.send(ctx, request{
		operation: "read the public metadata of entity " + publicName,
		path:      metadataPath + "PublicEntities('" + url.PathEscape(strings.ReplaceAll(publicName, "'", "''")) + "')",
		read: func(body []byte) error {
			document.Properties = nil
			if err := json.Unmarshal(body, &document); err != nil {
				return &BrokenResponseError{Reason: "it is not the metadata of an entity"}
			}
			return nil
		},
	})
	var refused *APIError
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound && refused.Message != "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Property
	for _, p := range document.Properties {
		if p.Name != "" {
			all = append(all, Property{Name: p.Name, Type: TypeOf(p.TypeName, p.DataType), Key: p.IsKey})
		}
	}
	return all, nil
}

// TypeOf returns the type of a property by its TypeName, such as Edm.String, and its DataType, such as String. How the service
// distinguishes dates from times is not documented: a DataType of Date is a date, and every other property of a time is a time,
// which at worst has a date at midnight.
func TypeOf(typeName, dataType string) Type {
	switch strings.ToLower(dataType) {
	case "int32", "int64", "integer":
		return Integer
	case "decimal", "real", "double":
		return Number
	case "enum":
		return Enum
	case "guid":
		return GUID
	case "date":
		return Date
	case "datetime", "utcdatetime", "datetimeoffset":
		return DateTime
	case "string":
		return String
	}
	switch strings.ToLower(typeName) {
	case "edm.int16", "edm.int32", "edm.int64", "edm.byte":
		return Integer
	case "edm.decimal", "edm.double", "edm.single":
		return Number
	case "edm.guid":
		return GUID
	case "edm.date":
		return Date
	case "edm.datetimeoffset", "edm.datetime":
		return DateTime
	}
	if strings.Contains(strings.ToLower(typeName), "dynamics.dataentities.") {
		return Enum
	}
	return String
}

package dataverse

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	gojson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func FuzzDefinitions(f *testing.F) {
	column := func(more string) string {
		return `{"@odata.type":"#c","MetadataId":"1","LogicalName":"aid","AttributeTypeName":{"Value":"LookupType"},` + more +
			`"IsValidODataAttribute":true,"IsValidForRead":true,"DateTimeBehavior":null}`
	}
	response := func(columns ...string) string {
		return `{"value":[{"LogicalName":"a","EntitySetName":"as","PrimaryIdAttribute":"aid","Attributes":[` + strings.Join(columns, ",") + `]}]}`
	}
	f.Add(response(column("")))
	f.Add(response(column(""), column(""), column(`"x":null,`), column(""), column(`"x":null,`), column("")))
	f.Add(response(column(`"x":{"Attributes":[`+column("")+`,`+column("")+`]},`), column(""), column("")) + " ")
	f.Add(`{"value":[null]}`)
	f.Add(`{"value":[{"Attributes":{}}]}`)
	f.Add(`{"value":[{"Attributes":null,"TableType":"Elastic"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		var found []Table
		client := &Client{fastReaders: new(fastReaders)}
		err := client.eachTable(strings.NewReader(body), "value", func(t Table) { found = append(found, t) })
		var broken *BrokenResponseError
		if err != nil && !errors.As(err, &broken) {
			t.Fatalf("%q made an error without a type: %v", body, err)
		}
		valid := jsontext.Value(body).IsValid(decoding())
		if err != nil && strings.Contains(err.Error(), "it holds an error") || err != nil && strings.Contains(err.Error(), "it announces more") {
			return
		}
		if err == nil && !valid {
			t.Fatalf("%q passed for a response with %v", body, found)
		}
		if !valid || !jsontext.Value(body).IsValid() {
			return // if two members have the same name, either may count
		}
		want, fits := decodeTables([]byte(body))
		if fits != (err == nil) || fits && !reflect.DeepEqual(want, found) {
			t.Fatalf("%q made %v (%v), but %v when decoded at once", body, found, err, want)
		}
	})
}

// decodeTables reads a response at once and by reflection.
func decodeTables(body []byte) (tables []Table, fits bool) {
	type managed struct{ Value string }
	var response struct {
		Tables *[]struct {
			LogicalName, EntitySetName, PrimaryIdAttribute, TableType, DataProviderId string
			ChangeTrackingEnabled                                                     bool
			Attributes                                                                []struct {
				LogicalName                           string
				AttributeTypeName, DateTimeBehavior   managed
				IsValidODataAttribute, IsValidForRead bool
			}
		} `json:"value"`
	}
	if gojson.Unmarshal(body, &response) != nil || response.Tables == nil {
		return nil, false
	}
	for _, d := range *response.Tables {
		t := Table{LogicalName: d.LogicalName, EntitySet: d.EntitySetName, PrimaryID: d.PrimaryIdAttribute, Tracked: d.ChangeTrackingEnabled}
		t.Elastic = d.TableType == "Elastic" || strings.EqualFold(d.DataProviderId, elasticProvider)
		for _, a := range d.Attributes {
			c := definedColumn{
				name: a.LogicalName, typ: a.AttributeTypeName.Value, behavior: a.DateTimeBehavior.Value,
				valid: a.IsValidODataAttribute, readable: a.IsValidForRead,
			}
			if c.inRows() {
				t.Columns = append(t.Columns, c.column())
			}
		}
		slices.SortStableFunc(t.Columns, byProperty)
		tables = append(tables, t)
	}
	return tables, true
}

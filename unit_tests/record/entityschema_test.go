package record_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/finops/entityfile"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// publicEntity is a response of the metadata service to PublicEntities('ExchangeRate'), as the public repositories
// EnvironmentDataLoader and d365fo-client record them, with a property of each type.
const publicEntity = `{"@odata.context":"https://contoso.operations.dynamics.com/metadata/$metadata#PublicEntities/$entity",
"Name":"ExchangeRate","EntitySetName":"ExchangeRates","LabelId":"@SYS1","IsReadOnly":false,"ConfigurationEnabled":true,"Properties":[
{"Name":"dataAreaId","TypeName":"Edm.String","DataType":"String","LabelId":"@SYS13342","IsKey":true,"IsMandatory":true,"ConfigurationEnabled":true,"AllowEdit":false,"AllowEditOnCreate":true,"IsDimension":false},
{"Name":"FromCurrency","TypeName":"Edm.String","DataType":"String","IsKey":true,"IsMandatory":true},
{"Name":"StartDate","TypeName":"Edm.DateTimeOffset","DataType":"Date","IsKey":true,"IsMandatory":true},
{"Name":"Rate","TypeName":"Edm.Decimal","DataType":"Decimal","IsKey":false},
{"Name":"Deviation","TypeName":"Edm.Double","DataType":"Real","IsKey":false},
{"Name":"ConversionFactor","TypeName":"Microsoft.Dynamics.DataEntities.ExchangeRateDisplayFactor","DataType":"Enum","IsKey":false},
{"Name":"IsActive","TypeName":"Microsoft.Dynamics.DataEntities.NoYes","DataType":"Enum","IsKey":false},
{"Name":"Precision","TypeName":"Edm.Int32","DataType":"Int32","IsKey":false},
{"Name":"SourceRecId","TypeName":"Edm.Int64","DataType":"Int64","IsKey":false},
{"Name":"ImportId","TypeName":"Edm.Guid","DataType":"Guid","IsKey":false},
{"Name":"ImportedAt","TypeName":"Edm.DateTimeOffset","DataType":"UtcDateTime","IsKey":false},
{"Name":"ExpiresOn","TypeName":"Edm.DateTimeOffset","DataType":"DateTimeOffset","IsKey":false}],
"NavigationProperties":[],"PropertyGroups":[],"Actions":[]}`

// exchangeRates returns the entity that the document describes.
func exchangeRates(t *testing.T) finops.Entity {
	t.Helper()
	var document struct {
		Name       string
		Properties []struct {
			Name, TypeName, DataType string
			IsKey                    bool
		}
	}
	require.NoError(t, json.Unmarshal([]byte(publicEntity), &document))
	e := finops.Entity{Label: "Exchange rates", Name: "ExchangeRateEntity", PublicName: document.Name}
	for _, p := range document.Properties {
		e.Properties = append(e.Properties, finops.Property{Name: p.Name, Type: finops.TypeOf(p.TypeName, p.DataType), Key: p.IsKey})
	}
	return e
}

func TestAPublicEntityHasItsSchemaAndKey(t *testing.T) {
	stream := catalog.PackageStream("Sales export", finops.Line{Entity: "Exchange rates", Format: "XML-Element"}, exchangeRates(t))
	require.Equal(t, "dmf_sales_export_exchange_rates", stream.Name)
	require.Equal(t, [][]string{{"FromCurrency"}, {"StartDate"}, {"dataAreaId"}}, stream.SourceDefinedPrimaryKey)
	types := map[string]string{}
	for _, p := range stream.JSONSchema.Properties {
		types[p.Name] = strings.Join(append(p.Type[1:], p.Format, p.AirbyteType), " ")
	}
	const instant = "string date-time timestamp_with_timezone"
	require.Equal(t, map[string]string{
		"dataAreaId": "string  ", "FromCurrency": "string  ", "StartDate": "string date ", "Rate": "number  ", "Deviation": "number  ",
		"ConversionFactor": "string  ", "IsActive": "string  ", "Precision": "integer  ", "SourceRecId": "integer  ", "ImportId": "string  ",
		"ImportedAt": instant, "ExpiresOn": instant, "_ab_package_completed_at": instant, "_ab_package_execution_id": "string  ",
	}, types)
}

func TestRecordsOfAnEntityFileFitTheirSchema(t *testing.T) {
	header := []string{"FROMCURRENCY", "STARTDATE", "RATE", "DEVIATION", "CONVERSIONFACTOR", "ISACTIVE", "PRECISION", "SOURCERECID", "IMPORTID", "IMPORTEDAT", "EXPIRESON"}
	rows := [][]string{
		{"EUR", "2011-01-31 00:00:00", "1.3357400000000000", "-.5000000000000000", "One", "Yes", "2", "5637144576", "6f9619ff-8b86-d011-b42d-00c04fc964ff", "2011-01-31 13:14:15", "1900-01-01 00:00:00"},
		{"", "1900-01-01 00:00:00", "", "", "", "", "", "", "", "", ""},
		{"USD", "2011-02-01", "1,5", "n/a", "Hundred", "No", "2.5", "x", "no guid", "31.01.2011", "never"},
	}
	want := []string{
		`{"ConversionFactor":"One","Deviation":-0.5000000000000000,"ExpiresOn":null,"FromCurrency":"EUR","ImportId":"6f9619ff-8b86-d011-b42d-00c04fc964ff",` +
			`"ImportedAt":"2011-01-31T13:14:15Z","IsActive":"Yes","Precision":2,"Rate":1.3357400000000000,"SourceRecId":5637144576,"StartDate":"2011-01-31",` +
			`"_ab_package_completed_at":"2026-01-02T03:04:05Z","_ab_package_execution_id":"ab-1","dataAreaId":"USMF"}`,
		`{"ConversionFactor":"","Deviation":null,"ExpiresOn":null,"FromCurrency":"","ImportId":"","ImportedAt":null,"IsActive":"","Precision":null,` +
			`"Rate":null,"SourceRecId":null,"StartDate":"1900-01-01","_ab_package_completed_at":"2026-01-02T03:04:05Z","_ab_package_execution_id":"ab-1","dataAreaId":"USMF"}`,
		`{"ConversionFactor":"Hundred","Deviation":null,"ExpiresOn":null,"FromCurrency":"USD","ImportId":"no guid","ImportedAt":null,"IsActive":"No","Precision":null,` +
			`"Rate":null,"SourceRecId":null,"StartDate":"2011-02-01","_ab_package_completed_at":"2026-01-02T03:04:05Z","_ab_package_execution_id":"ab-1","dataAreaId":"USMF"}`,
	}
	for format, content := range map[string]string{"XML-Element": elements(header, rows), "XML-Attribute": attributes(header, rows), "CSV-Unicode": delimited(header, rows)} {
		t.Run(format, func(t *testing.T) {
			stream := catalog.PackageStream("Sales export", finops.Line{Entity: "Exchange rates", Format: format}, exchangeRates(t))
			var stats record.ColumnStats
			data, schema := delivered(t, stream, content, &stats)
			require.Len(t, data, len(want))
			for i := range want {
				expected := want[i]
				if format == "CSV-Unicode" { // whose time zone is not known
					expected = strings.Replace(expected, "13:14:15Z", "13:14:15", 1)
				}
				require.Equal(t, expected, data[i])
				result, err := gojsonschema.Validate(gojsonschema.NewGoLoader(schema), gojsonschema.NewStringLoader(data[i]))
				require.NoError(t, err)
				require.Empty(t, result.Errors())
			}
			nulled := 0
			for _, c := range stats.Nulled() {
				require.Equal(t, protocol.SourceSerializationError, c.Reason)
				nulled += c.Count
			}
			require.Equal(t, 6, nulled)
		})
	}
}

// delivered returns the data of the records of an entity file, and the schema of the stream.
func delivered(t *testing.T, stream protocol.Stream, content string, stats *record.ColumnStats) (data []string, schema map[string]any) {
	t.Helper()
	s := protocol.ConfiguredStream{Name: stream.Name, PrimaryKey: stream.SourceDefinedPrimaryKey, Columns: map[string]protocol.Property{}}
	properties := map[string]any{}
	for _, p := range stream.JSONSchema.Properties {
		s.Columns[p.Name] = p.Property
		property := map[string]any{"type": p.Type}
		if p.Format != "" && p.AirbyteType != catalog.WithoutTimezone {
			property["format"] = p.Format
		}
		properties[p.Name] = property
	}
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for name, text := range map[string]string{
		"Exchange rates.txt": content,
		"Manifest.xml": `<DataManagementPackageManifest><PackageEntityList><DataManagementPackageEntityData><EntityName>Exchange rates</EntityName>` +
			`<InputFilePath>Exchange rates.txt</InputFilePath></DataManagementPackageEntityData></PackageEntityList></DataManagementPackageManifest>`,
	} {
		file, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(file, text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	p, err := entityfile.Open(bytes.NewReader(packed.Bytes()), int64(packed.Len()), entityfile.Options{})
	require.NoError(t, err)
	encoder := record.NewCellEncoder(s, entityfile.Conversion{}, stats)
	rows, err := p.Rows(context.Background(), p.Manifest.Entities[0], encoder.Columns())
	require.NoError(t, err)
	defer rows.Close()
	encoder.Begin(map[string]string{catalog.Company: "USMF", catalog.PackageExecution: "ab-1", catalog.PackageCompleted: "2026-01-02T03:04:05Z"}, nil)
	for {
		cells, err := rows.Next()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
		require.NoError(t, encoder.Row(cells))
	}
	require.Empty(t, rows.Missing())
	require.Empty(t, rows.Others())
	for line := range strings.Lines(string(encoder.Records().Lines)) {
		var message struct {
			Record struct{ Data json.RawMessage }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &message))
		data = append(data, string(message.Record.Data))
	}
	return data, map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}

func elements(header []string, rows [][]string) string {
	var text strings.Builder
	text.WriteString(`<?xml version="1.0" encoding="utf-8"?><Document>`)
	for _, row := range rows {
		text.WriteString("<EXCHANGERATEENTITY>")
		for i, value := range row {
			fmt.Fprintf(&text, "<%s>%s</%s>", header[i], value, header[i])
		}
		text.WriteString("</EXCHANGERATEENTITY>")
	}
	return text.String() + "</Document>"
}

func attributes(header []string, rows [][]string) string {
	var text strings.Builder
	text.WriteString("<Document>")
	for _, row := range rows {
		text.WriteString("<EXCHANGERATEENTITY")
		for i, value := range row {
			fmt.Fprintf(&text, " %s=%q", header[i], value)
		}
		text.WriteString("/>")
	}
	return text.String() + "</Document>"
}

func delimited(header []string, rows [][]string) string {
	text := strings.Join(header, ";") + "\r\n"
	for _, row := range rows {
		text += strings.Join(row, ";") + "\r\n"
	}
	return text
}

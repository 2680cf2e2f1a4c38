package integration_tests_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// filed opens a lab whose tables hold files. With this seed, one file of 70 surveys is larger than what is requested at once, and
// one is larger than what is delivered.
func filed(t *testing.T, rows map[string]int, b simulator.Behaviors) *lab {
	t.Helper()
	return newLab(t, simulator.Options{Seed: 43, Tables: schema.Extended(), Contents: true, Rows: rows, Behaviors: b})
}

// decoded returns the bytes of a base64 text, nil if the value is null.
func decoded(t *testing.T, value json.RawMessage) []byte {
	t.Helper()
	var text *string
	require.NoError(t, json.Unmarshal(value, &text))
	if text == nil {
		return nil
	}
	content, err := base64.StdEncoding.DecodeString(*text)
	require.NoError(t, err)
	return content
}

func TestContentsOfFilesArriveAsBase64(t *testing.T) {
	t.Parallel()
	for name, behaviors := range map[string]simulator.Behaviors{"in parts": {}, "as a whole": {WholeFiles: true}} {
		t.Run(name, func(t *testing.T) {
			l := filed(t, map[string]int{"contoso_survey": 70}, behaviors)
			l.config["include_binary_columns"], l.config["odata_maxpagesize"] = true, 5000
			d, catalog := destination.New(), l.configured("contoso_survey")
			report, result := l.read(d, catalog)
			require.Equal(t, 0, result.ExitCode, "%v", report.Errors)
			sizes := map[string]int{}
			for _, file := range l.environment.Rows("fileattachment") {
				var size int
				require.NoError(t, json.Unmarshal(file["filesizeinbytes"], &size))
				sizes[string(file["fileattachmentid"])] = size
			}
			const most = 6 << 20
			changes := changesOf(t, recordsOf(t, result), "contoso_surveyid")
			delivered := d.Rows("contoso_survey")
			files, large, images := 0, 0, 0
			for id, row := range l.environment.Rows("contoso_survey") {
				got := delivered[id]
				require.NotNil(t, got, "row %s", id)
				content := decoded(t, got["contoso_transcript_content"])
				switch size := sizes[string(row["contoso_transcript"])]; {
				case size > most:
					large++
					assert.Nil(t, content)
					assert.Equal(t, []string{"contoso_transcript_content SOURCE_FIELD_SIZE_LIMITATION"}, changes[id])
				case string(row["contoso_transcript"]) == "null":
					assert.Nil(t, content)
				default:
					files++
					assert.Len(t, content, size)
				}
				if thumbnail := decoded(t, row["contoso_signature"]); len(thumbnail) > 0 {
					images++
					full := decoded(t, got["contoso_signature"])
					assert.Greater(t, len(full), len(thumbnail))
				}
			}
			assert.Positive(t, files)
			assert.Positive(t, images)
			assert.Equal(t, 1, large)
			assert.Len(t, changes, 1)
			assert.Len(t, logged(report, "Stream contoso_survey: 1 cell was sent as null: 1 (SOURCE_FIELD_SIZE_LIMITATION)."), 1)
		})
	}
}

func TestBodiesOfNotesAndAttachmentsArrive(t *testing.T) {
	t.Parallel()
	tables := map[string]int{"annotation": 120, "activitymimeattachment": 60, "account": 3, "contact": 3, "email": 3}
	for name, included := range map[string]bool{"apart from the rows": true, "with them under a catalog that selects them": false} {
		t.Run(name, func(t *testing.T) {
			l := filed(t, tables, simulator.Behaviors{})
			l.config["include_binary_columns"] = true
			d, catalog := destination.New(), l.configured("annotation", "activitymimeattachment")
			l.config["include_binary_columns"] = included
			report := l.sync(d, catalog)
			l.equal(d, "annotation", "activitymimeattachment")
			assert.Empty(t, warnings(report, "sent as null"))
			byKeys := 0
			for _, r := range l.server.Requests() {
				if strings.HasPrefix(r.RawQuery, "$select=annotationid,documentbody&$filter=") {
					byKeys++
				}
			}
			assert.Equal(t, included, byKeys > 0, "bodies are requested by their keys")

			id := l.environment.IDs("annotation")[7]
			require.NoError(t, l.environment.Update("annotation", id, simulator.Row{"documentbody": "bmV3"}))
			l.sync(d, catalog)
			l.equal(d, "annotation")
		})
	}
}

func TestContentsAreOfferedAsConfigured(t *testing.T) {
	t.Parallel()
	l := filed(t, map[string]int{"contoso_survey": 3, "annotation": 3}, simulator.Behaviors{})
	columns := func(stream string) map[string]destination.Property {
		for _, s := range l.discover() {
			if s.Name == stream {
				return s.JSONSchema.Properties
			}
		}
		return nil
	}
	for _, name := range []string{"contoso_signature", "contoso_transcript_content"} {
		assert.NotContains(t, columns("contoso_survey"), name)
	}
	assert.Contains(t, columns("contoso_survey"), "contoso_transcript", "the id of a file is no content")
	assert.NotContains(t, columns("annotation"), "documentbody")

	report := destination.New()
	catalog := l.configured("contoso_survey")
	require.NotContains(t, catalog.Stream("contoso_survey").Stream.JSONSchema.Properties, "contoso_signature")
	assert.Empty(t, warnings(l.sync(report, catalog), "contoso_signature"))

	l.config["include_binary_columns"] = true
	assert.Contains(t, columns("annotation"), "documentbody")
	with := l.configured("contoso_survey")
	for _, name := range []string{"contoso_signature", "contoso_transcript_content"} {
		assert.Contains(t, with.Stream("contoso_survey").Stream.JSONSchema.Properties, name)
	}
	l.config["include_binary_columns"] = false
	got := l.sync(destination.New(), with)
	assert.Len(t, warnings(got, "include_binary_columns", "contoso_transcript_content"), 1)
	assert.Empty(t, warnings(got, "contoso_signature"), "a catalog that selects an image keeps its thumbnail")
}

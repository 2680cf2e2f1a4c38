package integration_tests_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// text is a file of the repository.
func text(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	return string(content)
}

// group is what a pattern's one group matches.
func group(t *testing.T, pattern, in string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(in)
	require.Len(t, found, 2, pattern)
	return found[1]
}

// The rules are those of airbytehq/airbyte's connector-acceptance-test (tests/test_core.py, class TestDockerImage): the
// platform starts the variable, docker run the entrypoint, and registries find the image by its label.
func TestTheImageIsStartedInOneWayAndBearsItsName(t *testing.T) {
	dockerfile, metadata := text(t, "Dockerfile"), text(t, "metadata.yaml")
	var entrypoint []string
	require.NoError(t, json.Unmarshal([]byte(group(t, `(?m)^ENTRYPOINT (.+)$`, dockerfile)), &entrypoint))
	assert.Equal(t, strings.Join(entrypoint, " "), group(t, `(?m)^ENV AIRBYTE_ENTRYPOINT="(.+)"$`, dockerfile))
	assert.Equal(t, group(t, `(?m)^  dockerRepository: (.+)$`, metadata), group(t, `io\.airbyte\.name="([^"]+)"`, dockerfile))
	assert.Contains(t, dockerfile, `io.airbyte.version="${VERSION}"`)
	assert.Contains(t, text(t, "acceptance-test-config.yml"), "connector_image: "+group(t, `io\.airbyte\.name="([^"]+)"`, dockerfile)+":")
}

func TestTheImageIsBuiltOnTheBuildersOwnProcessor(t *testing.T) {
	dockerfile := text(t, "Dockerfile")
	assert.Regexp(t, `(?m)^FROM --platform=\$BUILDPLATFORM golang\S* AS build$`, dockerfile)
	assert.Contains(t, dockerfile, "GOARCH=${TARGETARCH}")
}

// The rules are those of airbytehq/airbyte's connector-acceptance-test (config.py, and the checks of its fixtures for
// test_strictness_level high): basic_read takes no catalog of its own, and what is not tested names its reason. Its
// successor, airbyte_cdk.test.standard_tests, refuses the settings that it does not read.
func TestTheAcceptanceTestsKeepToHighStrictness(t *testing.T) {
	config := text(t, "acceptance-test-config.yml")
	assert.Contains(t, config, "test_strictness_level: high")
	_, sections, found := strings.Cut(config, "\nacceptance_tests:\n")
	require.True(t, found)
	for _, name := range []string{"spec", "connection", "discovery", "basic_read", "full_refresh", "incremental"} {
		section := group(t, `(?ms)^  `+name+`:\n(.+?)(?:^  \w|\z)`, sections)
		assert.Regexp(t, `^    (tests|bypass_reason):`, section, name)
		if name == "basic_read" {
			assert.NotContains(t, section, "configured_catalog_path")
		}
	}
	assert.Contains(t, sections, "future_state:\n          bypass_reason: ")
}

"""What a run of the suite must not do: leave tests out."""

import pytest

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]

# The suite makes each test for each configuration. acceptance-test-config.yml says which of them belong together; these
# are the words in which the suite passes over the others.
UNASKED = ("does not run for scenario", "do not run for scenario", "(expected to fail)")


def pytest_configure(config):
    config.addinivalue_line("markers", "requires_creds: the suite's mark of configurations in secrets")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Makes a failure of every test that is skipped for another reason, for want of docker or of a network say."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not any(words in str(report.longrepr) for words in UNASKED):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} could not run: {report.longrepr}"


def pytest_report_teststatus(report, config):
    """Counts what acceptance-test-config.yml does not ask for apart from tests that were skipped: of those there are none."""
    if report.skipped:
        return "not asked for", "-", "NOT ASKED FOR"
    return None

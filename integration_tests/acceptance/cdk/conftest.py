"""Fails a run of the suite in which a test was skipped."""

import pytest

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]

# The suite creates each test for each configuration. acceptance-test-config.yml selects some of them; the suite skips the
# others with these words.
UNASKED = ("does not run for scenario", "do not run for scenario", "(expected to fail)")


def pytest_configure(config):
    config.addinivalue_line("markers", "requires_creds: marks tests that use configurations in secrets")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Turns a test that is skipped for another reason, such as a missing docker or network, into a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not any(words in str(report.longrepr) for words in UNASKED):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} could not run: {report.longrepr}"


def pytest_report_teststatus(report, config):
    """Counts tests that acceptance-test-config.yml does not ask for separately. Other tests are never skipped."""
    if report.skipped:
        return "not asked for", "-", "NOT ASKED FOR"
    return None

"""The page that --report writes, as Chromium shows it."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

import chromium
from connector import Connector, configured
from environment import Environment

TABLES = ["account", "contact", "contoso_everything", "contoso_legacyorder", "task"]
REFUSED = "plugintracelog"  # the application user of the simulator may not read it


class Rendered:
    """A read with a throttled stream and one that fails, its report as a page, and what Chromium makes of it."""

    def __init__(self, folder):
        environment = Environment(folder, 200, "--latency", "50ms", "--fault", "throttled-requests table=account page=2")
        try:
            connector = Connector(folder / "connector", {**environment.config, "odata_maxpagesize": 50},
                                  environment={"DATAVERSE_CA_FILE": str(environment.ca)})
            streams = connector.discover()
            catalog = connector._write("catalog.json", configured(streams, *TABLES, REFUSED))
            self.path = folder / "report.html"
            self.read = connector.run("read", "--catalog", catalog, "--report", str(self.path))
        finally:
            environment.close()
        self.folder = folder
        server = chromium.Server(self.path)
        try:
            dom = chromium.run(folder, server.url, "--dump-dom", f"--log-net-log={folder / 'net.json'}")
        finally:
            server.close()
        self.requested = server.requested
        self.page = chromium.Page(dom)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    return Rendered(tmp_path_factory.mktemp("report"))


def test_nothing_is_requested_but_the_page(rendered):
    assert rendered.requested == ["/report.html"]
    assert chromium.requested_by_pages(rendered.folder / "net.json") == set()


def test_a_request_would_be_noticed(rendered):
    picture = "https://127.0.0.1:1/picture.png"
    changed, log = rendered.folder / "changed.html", rendered.folder / "changed.json"
    page = re.sub(r"<meta http-equiv[^>]*>", "", rendered.path.read_text())
    changed.write_text(page.replace("</main>", f'<img src="{picture}"></main>'))
    chromium.run(rendered.folder, changed.as_uri(), "--dump-dom", f"--log-net-log={log}")
    assert chromium.requested_by_pages(log) == {picture}


def test_nothing_runs_in_the_page(rendered):
    tags = {tag for _, tag, _ in rendered.page.attributes}
    assert not tags & {"script", "iframe", "object", "embed", "img", "form", "base"}
    assert not [a for _, _, values in rendered.page.attributes for a in values if a.startswith("on")]


def test_the_table_has_what_was_delivered(rendered):
    delivered = Counter(r["stream"] for r in rendered.read.of("RECORD", "record"))
    assert delivered["account"] == 200
    rows = [dict(zip(["name", "mode", "outcome", "rows"], [name, *cells])) for name, cells in table(rendered.page)]
    assert {r["name"]: int(r["rows"].replace(",", "")) for r in rows if r["name"] != "Total"} == {n: delivered[n] for n in [*TABLES, REFUSED]}
    assert {r["name"]: r["outcome"] for r in rows if r["name"] != "Total"} == {**dict.fromkeys(TABLES, "complete"), REFUSED: "failed"}
    assert rows[0]["name"] == REFUSED, "what needs attention comes first"
    assert rows[-1] == {"name": "Total", "mode": "", "outcome": "", "rows": f"{delivered.total():,}"}


def table(page):
    """The rows of the table of streams: the head of each row, and its cells."""
    cells = page.texts("streams", "td")
    rows = sum(s == "streams" and tag == "th" and values.get("scope") == "row" for s, tag, values in page.attributes)
    heads = page.texts("streams", "th")[-rows:]
    width = len(cells) // rows
    return [(head, cells[n * width:n * width + 3]) for n, head in enumerate(heads)]


def test_the_timeline_has_each_stream_with_its_phases(rendered):
    lanes = [values["aria-label"] for s, tag, values in rendered.page.attributes if s == "timeline" and tag == "svg" and "aria-label" in values]
    assert sorted(lane.split(":")[0] for lane in lanes) == sorted([*TABLES, REFUSED])
    (account,) = [lane for lane in lanes if lane.startswith("account:")]
    assert re.search(r"token scan, .* snapshot, .* changes, ", account)
    boxes = Counter(values["class"] for s, tag, values in rendered.page.attributes if s == "timeline" and tag == "rect")
    assert boxes["p-token_scan"] > 1 and boxes["p-snapshot"] > 1 and boxes["p-full_refresh"] > 1
    legend = rendered.page.texts("timeline", "li")
    assert {"token scan", "snapshot", "full refresh", "failed"} <= set(legend)


def test_throttled_time_and_rates_are_drawn(rendered):
    throttled = [v for s, tag, v in rendered.page.attributes if s == "rate" and tag == "rect" and v["class"] == "throttled"]
    assert throttled
    curve = [v["d"] for s, tag, v in rendered.page.attributes if s == "rate" and tag == "path" and v["class"] == "curve"]
    assert re.fullmatch(r"M[\d.,HV]+", curve[0])


def test_a_failure_comes_with_advice(rendered):
    (failure,) = rendered.page.texts("failures", "article")
    (explained,) = [m["error"] for m in rendered.read.of("TRACE", "trace") if m["type"] == "ERROR" and "stream_descriptor" in m["error"]]
    assert REFUSED in rendered.page.texts("failures", "h3")
    assert " ".join(explained["message"].split()) in failure
    assert "Request ID" in failure


def test_each_picture_and_each_table_has_a_name(rendered):
    for section, tag, values in rendered.page.attributes:
        if tag == "svg" and values.get("role") == "img":
            assert values.get("aria-label"), section
        if tag == "section":
            assert values["aria-labelledby"] == f"{values['id']}-title"
    assert rendered.page.texts("streams", "caption")
    assert rendered.page.title.startswith("Sync of 127.0.0.1:")


@pytest.mark.parametrize("options,dark", [([], False), ([chromium.DARK], True)])
def test_the_colors_follow_the_reader(rendered, options, dark):
    picture = rendered.folder / f"dark-{dark}.png"
    chromium.run(rendered.folder, rendered.path.as_uri(), "--window-size=1200,900", f"--screenshot={picture}", *options)
    assert (max(chromium.first_pixel(picture)) < 60) == dark
    assert (min(chromium.first_pixel(picture)) > 200) != dark


def test_the_report_as_json_has_the_same_figures(rendered):
    (line,) = [m["message"] for m in rendered.read.of("LOG", "log") if m["message"].startswith('{"sync_summary"')]
    summary = json.loads(line)["sync_summary"]
    total = next(cells for name, cells in table(rendered.page) if name == "Total")
    assert int(total[2].replace(",", "")) == summary["totals"]["rows"]

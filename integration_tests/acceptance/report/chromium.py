"""Chromium without a window: what it makes of a page, and what it requests."""

from __future__ import annotations

import json
import subprocess
import zlib
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

TIMEOUT_SECONDS = 60
DARK = "--blink-settings=preferredColorScheme=0"


class Server:
    """Serves one page, and records what is requested."""

    def __init__(self, page: Path):
        requested = self.requested = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                requested.append(self.path)
                self.send_response(200 if self.path == "/report.html" else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                if self.path == "/report.html":
                    self.wfile.write(page.read_bytes())

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http:{'//'}127.0.0.1:{self._server.server_port}/report.html"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def run(folder: Path, url: str, *options: str) -> str:
    """Runs Chromium with a profile of its own and returns what it prints. As root it has no sandbox."""
    command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
               "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
               f"--user-data-dir={folder / 'profile'}", *options, url]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_SECONDS).stdout


def requested_by_pages(log: Path) -> set[str]:
    """The addresses that pages requested, by a log of Chromium's network. Chromium's own requests have no origin."""
    text = log.read_text()
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # Chromium ended before it had closed the list
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    parameters = [e["params"] for e in events if isinstance(e.get("params"), dict)]
    return {p["url"] for p in parameters if "url" in p and p.get("initiator", "not an origin") != "not an origin"}


def first_pixel(picture: Path) -> tuple[int, ...]:
    """The color of the upper left corner of a PNG file. No filter of PNG changes it."""
    data, at, compressed = picture.read_bytes(), 8, b""
    while at < len(data):
        length, kind = int.from_bytes(data[at:at + 4]), data[at + 4:at + 8]
        if kind == b"IDAT":
            compressed += data[at + 8:at + 8 + length]
        at += 12 + length
    return tuple(zlib.decompress(compressed)[1:4])


class Page(HTMLParser):
    """A page as Chromium has parsed it: for each section the text of its elements, in their order, by tag and class."""

    VOID = {"meta", "link", "br", "hr", "img", "input"}

    def __init__(self, dom: str):
        super().__init__()
        self._open: list[tuple[str, str, list[str]]] = []
        self._section = ""
        self.title = ""
        self.elements: list[tuple[str, str, str, str]] = []  # section, tag, class, text
        self.attributes: list[tuple[str, str, dict]] = []  # section, tag, attributes
        self.feed(dom)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "section":
            self._section = values["id"]
        self.attributes.append((self._section, tag, values))
        if tag not in self.VOID:
            self._open.append((tag, values.get("class", ""), []))

    def handle_startendtag(self, tag, attrs):
        self.attributes.append((self._section, tag, dict(attrs)))

    def handle_data(self, data):
        for _, _, texts in self._open:
            texts.append(data)

    def handle_endtag(self, tag):
        while self._open:
            name, kind, texts = self._open.pop()
            text = " ".join("".join(texts).split())
            self.elements.append((self._section, name, kind, text))
            if name == "title" and not self._section:
                self.title = text
            if name == tag:
                break
        if tag == "section":
            self._section = ""

    def texts(self, section: str, tag: str, kind: str | None = None) -> list[str]:
        return [text for s, t, k, text in self.elements if s == section and t == tag and kind in (None, k)]

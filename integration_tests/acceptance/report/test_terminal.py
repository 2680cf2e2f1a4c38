"""The display at a terminal: a read whose stderr is one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

import pytest

from connector import Connector, configured
from environment import Environment

TABLES = ["account", "contact", "task"]
FRAME_ENDS = "\x1b[J"


class Terminal:
    """A process with a terminal as its stderr, and as its stdout if that is asked for."""

    def __init__(self, command: list[str], variables: dict[str, str], stdout: bool = False, size: tuple[int, int] = (40, 120)):
        inherited = {name: value for name, value in os.environ.items() if name not in ("CI", "LC_ALL", "LC_CTYPE", "LOG_LEVEL")}
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs if stdout else subprocess.DEVNULL, stderr=theirs,
                                        env={**inherited, "TERM": "xterm-256color", "LANG": "C.UTF-8", **variables})
        os.close(theirs)
        self._chunks: list[bytes] = []
        self.drawn = threading.Event()  # three frames have been drawn
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        frames = 0
        while True:
            try:
                chunk = os.read(self._ours, 1 << 16)
            except OSError:  # nobody has the other end open any more
                return
            self._chunks.append(chunk)
            frames += chunk.count(FRAME_ENDS.encode())
            if frames >= 3:
                self.drawn.set()

    def end(self) -> int:
        code = self.process.wait(60)
        self._reader.join(10)
        os.close(self._ours)
        self.text = b"".join(self._chunks).decode().replace("\r\n", "\n")
        return code

    def frames(self) -> list[str]:
        """The frames, without the commands between their lines, and at last what follows the last of them."""
        return [re.sub(r"\x1b\[\d*[AK]", "", frame) for frame in self.text.split(FRAME_ENDS)]


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Starts a read of three tables that takes about a second, with arguments and variables of its own."""
    folder = tmp_path_factory.mktemp("terminal")
    environment = Environment(folder, 300, "--latency", "100ms")
    connector = Connector(folder / "connector", {**environment.config, "odata_maxpagesize": 50})
    connector.environment = {"DATAVERSE_CA_FILE": str(environment.ca)}
    catalog = connector._write("catalog.json", configured(connector.discover(), *TABLES))

    def start(*arguments: str, stdout: bool = False, catalog: str = catalog, config: str = connector.config, **variables: str) -> Terminal:
        command = [*connector.command, "read", "--config", config, "--catalog", catalog, *arguments]
        return Terminal(command, {**connector.environment, **variables}, stdout)

    start.wrong = connector._write("wrong.json", {**environment.config, "client_secret_value": "not-the-value-of-a-client-secret"})
    start.refused = connector._write("refused.json", configured(connector.discover(), "account", "plugintracelog"))
    yield start
    environment.close()


def test_the_tables_and_a_total_are_drawn(read):
    terminal = read()
    assert terminal.end() == 0
    *frames, rest = terminal.frames()
    for table in TABLES:
        assert any(re.search(rf"(?m)^{table} +snapshot +\d+ rows +\d+ % +[█░]+", frame) for frame in frames), table
    assert any(re.search(r"(?m)^Total +\d of 3 complete +\d+ rows +\d+ % +[█░]+", frame) for frame in frames)
    assert re.fullmatch(r"Total +3 of 3 complete +900 rows +[\d,]+ rows/s\nEnded after 0:\d\d\.\n", frames[-1])
    assert rest == "", "nothing follows the last frame"


def test_no_line_is_wider_than_the_terminal(read):
    terminal = read()
    terminal.end()
    assert max(len(line) for frame in terminal.frames() for line in frame.split("\n")) <= 120


def test_a_locale_without_unicode_gets_ascii(read):
    terminal = read(LANG="C")
    terminal.end()
    assert terminal.text.isascii()
    assert re.search(r"\[=*>?-*\]", terminal.text)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_the_terminal_clean(read, number):
    terminal = read()
    assert terminal.drawn.wait(30)
    terminal.process.send_signal(number)
    assert terminal.end() == -number
    *frames, rest = terminal.frames()
    assert re.search(r"Ended after 0:\d\d, \d streams? not read to the end\.\n$", frames[-1])
    assert rest == ""
    commands = set(re.findall(r"\x1b\[\??\d*[A-Za-z]", terminal.text))
    assert all(re.fullmatch(r"\x1b\[\d+A|\x1b\[[JK]", c) for c in commands), "the cursor moves up, and lines are erased, and nothing else"


@pytest.mark.parametrize("arguments,stdout,variables", [
    (["--no-progress"], False, {}), (["--debug"], False, {}), ([], False, {"LOG_LEVEL": "debug"}), ([], False, {"TERM": "dumb"}),
    ([], False, {"CI": "true"}),
])
def test_the_display_is_off(read, arguments, stdout, variables):
    terminal = read(*arguments, stdout=stdout, **variables)
    assert terminal.end() == 0
    assert terminal.text == ""


def test_messages_at_a_terminal_are_not_mixed_with_a_display(read):
    terminal = read(stdout=True)
    assert terminal.end() == 0
    assert "\x1b" not in terminal.text
    lines = [line for line in terminal.text.split("\n") if line]
    assert sum(line.startswith('{"type":"RECORD"') for line in lines) == 900
    assert [line for line in lines if not line.startswith("{")] == [line for line in lines if line.startswith("read prints messages")]


def test_a_failure_is_shown_below_the_display(read):
    terminal = read(catalog=read.refused)
    assert terminal.end() == 1
    text = terminal.frames()[-1].replace("\n", " ")
    assert text.startswith("Failed: plugintracelog: ")
    assert "1 of 2 streams were not read completely" in text


def test_a_read_that_cannot_begin_is_explained_once(read):
    terminal = read(config=read.wrong)
    assert terminal.end() == 1
    assert terminal.frames()[-2].endswith("No stream was read.\n")
    assert terminal.text.count("client_secret_value") == 1

"""A container as Airbyte's platform starts it: by sh, with a script around the connector, and files in place of a terminal.

The script does what that of airbytehq/airbyte-platform does (ContainerCommandFactory.kt in airbyte-workload-launcher), but
looks more often for the marker that ends it.
"""

import os
import subprocess
import threading
from pathlib import Path

from engine import TIMEOUT_SECONDS, RESTRICTED, SIMULATOR_IMAGE, shared

SCRIPT = """
[ -n "$AIRBYTE_ENTRYPOINT" ] || exit 127
({command}) &
child=$!
(while :; do if [ -f TERMINATED ]; then kill $child; exit 0; fi; sleep 1; done) &
wait $child
code=$?
echo $code > exitCode.txt.new
mv exitCode.txt.new exitCode.txt
exit $code
"""

READ = """
if [ -f /source/inputState.json ]; then
  eval "$AIRBYTE_ENTRYPOINT read --config /source/connectorConfig.json --catalog /source/catalog.json\\
 --state /source/inputState.json" 2> /source/stderr > /source/stdout
else
  eval "$AIRBYTE_ENTRYPOINT read --config /source/connectorConfig.json --catalog /source/catalog.json" 2> /source/stderr > /source/stdout
fi
"""

# The variables that the platform sets for the source of a sync
# (RuntimeEnvVarFactory.kt in airbyte-workload-launcher).
VARIABLES = {
    "AIRBYTE_EDITION": "COMMUNITY",
    "DEPLOYMENT_MODE": "OSS",
    "LOG_LEVEL": "INFO",
    "USE_FILE_TRANSFER": "false",
    "USE_STREAM_CAPABLE_STATE": "true",
    "WORKER_JOB_ATTEMPT": "0",
    "WORKER_JOB_ID": "1",
}


class Pod:
    """A run of the connector in a directory, which the container mounts as /source or /config."""

    def __init__(self, directory: Path, seen_as: str):
        self.directory = shared(directory)
        self.seen_as = seen_as

    def start(self, command: str) -> subprocess.Popen:
        return subprocess.Popen(
            ["podman", "run", "--rm", *RESTRICTED, *(f"--env={name}={value}" for name, value in VARIABLES.items())]
            + ["--workdir", self.seen_as, "--volume", f"{self.directory}:{self.seen_as}"]
            + ["--entrypoint", "sh", SIMULATOR_IMAGE, "-c", SCRIPT.replace("{command}", command)],
        )

    def operate(self, operation: str) -> int:
        """Runs spec, check or discover to its end, and returns the container's exit code."""
        arguments = "" if operation == "spec" else "--config /config/connectionConfiguration.json"
        return self.start(f'eval "$AIRBYTE_ENTRYPOINT {operation} {arguments}" > /config/jobOutput.json').wait(TIMEOUT_SECONDS)

    def terminate(self):
        """Sets the marker by which the platform ends a container."""
        (self.directory / "TERMINATED").touch()

    def exit_code(self) -> int:
        return int((self.directory / "exitCode.txt").read_text())


class Read(Pod):
    """A read in progress, through named pipes. As a context manager it leaves no process behind."""

    def __init__(self, directory: Path):
        super().__init__(directory, "/source")
        for pipe in ("stdout", "stderr"):
            os.mkfifo(self.directory / pipe)
            (self.directory / pipe).chmod(0o666)

    def __enter__(self):
        (self.stdout, out), (stderr, err) = self._open("stdout"), self._open("stderr")
        self.process = self.start(READ)
        self.errors = ""
        self.listener = threading.Thread(target=self._listen, args=(stderr,))
        self.listener.start()
        threading.Thread(target=self._end, args=(out, err)).start()
        return self

    def _open(self, pipe: str):
        """Opens a pipe without waiting for the container, by holding a writing end as well."""
        path = self.directory / pipe
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        writing = os.open(path, os.O_WRONLY)
        os.set_blocking(reader, True)
        return open(reader, "rb"), writing

    def _end(self, *writing: int):
        """Waits for the container, for a limited time, then closes the pipes."""
        try:
            self.process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
        for end in writing:
            os.close(end)

    def _listen(self, stderr):
        with stderr:
            self.errors = stderr.read().decode()

    def wait(self) -> int:
        code = self.process.wait(TIMEOUT_SECONDS)
        self.listener.join(TIMEOUT_SECONDS)
        return code

    def __exit__(self, *_):
        self.stdout.close()
        self.terminate()
        self.wait()

"""Prints how large the image is and how long a container takes to print spec."""

import statistics
import time

from engine import IMAGE, connector, inspect

RUNS = 9


def seconds(run):
    started = time.monotonic()
    run()
    return time.monotonic() - started


size = int(inspect(IMAGE, "{{.Size}}"))
base = int(inspect("docker.io/library/debian:bookworm-slim", "{{.Size}}"))
start = statistics.median(seconds(lambda: connector("spec", image=IMAGE)) for _ in range(RUNS))
print(f"image: {size / 1e6:.0f} MB, {(size - base) / 1e6:.1f} MB of them on top of its base; podman run to the end of spec: {start:.2f} s")

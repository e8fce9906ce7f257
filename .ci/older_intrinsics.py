"""Makes the calls of x86 intrinsics explicit for a compiler to which they are unsafe.

    python3 .ci/older_intrinsics.py CARGO check ...

Since Rust 1.87 most functions of core::arch are safe to call where their target features are on.
An older compiler refuses such calls (E0133); each is put into an unsafe block, in place, until
nothing is refused. Any other error is one. To be run in a copy of the tree.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

CALL = re.compile(rb"(?:core::arch::x86_64::)?(_mm\w*)\s*(?:::<[^>]*>)?\(")


def errors(command: list[str]) -> list[dict]:
    run = subprocess.run([*command, "--message-format=json"], stdout=subprocess.PIPE, stderr=sys.stderr)
    messages = [json.loads(line) for line in run.stdout.splitlines()]
    found = [
        m["message"] for m in messages
        if m["reason"] == "compiler-message" and m["message"]["level"] == "error" and m["message"]["spans"]
    ]
    if run.returncode != 0 and not found:
        sys.exit("older_intrinsics.py: failed, and no error has a place")
    return found


def place(span: dict) -> tuple[str, int, int]:
    """Where the call stands, also if that is in the definition of a macro."""
    return span["file_name"], span["byte_start"], span["byte_end"]


def main() -> None:
    command, names, calls = sys.argv[1:], set(), 0
    while found := errors(command):
        spots = defaultdict(set)
        for error in found:
            [span] = [span for span in error["spans"] if span["is_primary"]]
            file, start, end = place(span)
            call = CALL.match(Path(file).read_bytes()[start:end])
            if (error["code"] or {}).get("code") != "E0133" or not call:
                sys.exit(error["rendered"])
            names.add(call[1])
            spots[file].add((start, end))
        for file, ranges in spots.items():
            text = Path(file).read_bytes()
            # A call among the arguments of another ends first and begins last.
            marks = [(start, 1, -end, b"unsafe { ") for start, end in ranges]
            marks += [(end, 0, -start, b" }") for start, end in ranges]
            for at, _, _, mark in sorted(marks, reverse=True):
                text = text[:at] + mark + text[at:]
            Path(file).write_bytes(text)
            calls += len(ranges)
    print(f"{calls} calls of {len(names)} intrinsics that are safe since 1.87 were put into unsafe blocks.")


main()

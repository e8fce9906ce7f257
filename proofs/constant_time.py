"""Runs the program constant-time under valgrind and judges what memcheck reports.

    python3 proofs/constant_time.py BUILD=PROGRAM ...

Every report must stand at a line that docs/CONSTANT-TIME.md lists: a table of files, the text of
the line, and why its outcome is public. Nothing else may branch on a secret, and nothing at all may
use one as an address but where the list says "address". Each row of the list must be met in some
build, so that it does not outlive its reason. The control (argument `leak`) must be reported, both
its branch and its address. Prints a table for docs/EVIDENCE.md.
"""

import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "docs" / "CONSTANT-TIME.md"
KINDS = {"UninitCondition": "branch", "UninitValue": "address", "SyscallParam": "address"}
OURS = ("accel", "srtp-core", "sdes-sdp", "proofs")


def rows() -> list[tuple[str, str, str]]:
    """File, text of the line, kind."""
    found = re.findall(r"^\| `([^`]+\.rs)` \| `` (.+?) `` \| (branch|address) \|", LIST.read_text(), re.M)
    if not found:
        sys.exit(f"constant_time.py: no list in {LIST}")
    return [(file, text.replace("\\|", "|"), kind) for file, text, kind in found]


def run(program: str, *arguments: str) -> tuple[str, list]:
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        command = ["valgrind", "--quiet", "--xml=yes", f"--xml-file={report.name}", "--leak-check=no",
                   "--error-limit=no", "--num-callers=40", "--fullpath-after=", program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"constant_time.py: {' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout.strip(), xml.parse(report.name).getroot().findall("error")


def frames(error) -> list[tuple[str, int, str]]:
    """Those of our own sources, innermost first: file, line, function."""
    result = []
    for frame in error.find("stack").findall("frame"):
        place = Path(frame.findtext("dir", ""), frame.findtext("file", ""))
        try:
            file = place.resolve().relative_to(ROOT).as_posix()
        except ValueError:
            continue
        line = int(frame.findtext("line", "0"))
        # Line 0 is code of no line of its own; the caller's is the next best.
        if line and file.startswith(tuple(f"{name}/" for name in OURS)):
            result.append((file, line, frame.findtext("fn", "")))
    return result


def judge(error, allowed) -> tuple[tuple | None, str]:
    """The row of the list that allows it, or None, and the place."""
    kind = KINDS.get(error.findtext("kind"), error.findtext("kind"))
    ours = frames(error)
    if not ours:
        return None, f"{kind} outside our sources: {error.find('stack/frame').findtext('fn')}"
    file, line, function = ours[0]
    text = (ROOT / file).read_text().splitlines()[line - 1].strip()
    place = f"{kind} at {file}:{line} in {function}: {text}"
    inner = error.find("stack/frame").findtext("fn")
    if inner != function:
        place += f" (inside {inner})"
    for row in allowed:
        if row == (file, text, kind):
            return row, place
    return None, place


def main() -> None:
    allowed, met, failed = rows(), set(), False
    print("| build | what ran | reports outside the list | rows of the list met | the leaky control |")
    print("|---|---|--:|--:|---|")
    for argument in sys.argv[1:]:
        build, program = argument.split("=", 1)
        said, errors = run(program)
        judged = [judge(error, allowed) for error in errors]
        bad = sorted({place for row, place in judged if row is None})
        good = {row for row, _ in judged if row}
        met |= good
        _, leaks = run(program, "leak")
        kinds = {KINDS.get(error.findtext("kind")) for error in leaks
                 if any("leaky" in function for _, _, function in frames(error))}
        seen = "reported, branch and address" if {"branch", "address"} <= kinds else f"NOT SEEN: {kinds}"
        print(f"| {build} | {said} | {len(bad)} | {len(good)} | {seen} |")
        for place in bad:
            print(f"constant_time.py: {build}: {place}", file=sys.stderr)
        failed |= bool(bad) or "NOT" in seen
    for file, text, kind in sorted(set(allowed) - met):
        print(f"constant_time.py: listed, but nothing happens there: {kind}, {file}: {text}", file=sys.stderr)
        failed = True
    print(f"\nThe list has {len(allowed)} rows: docs/CONSTANT-TIME.md.")
    sys.exit(failed)


main()

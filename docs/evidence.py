"""Writes one section of EVIDENCE.md, from standard input, and leaves the others as they are.

    COMMAND | python3 docs/evidence.py NAME TITLE

NAME is the step of ci.sh that the figures come from. The date, the commit and the machine are put
under the title. A section that is new goes behind the others.
"""

import datetime
import platform
import re
import subprocess
import sys
from pathlib import Path

FILE = Path(__file__).with_name("EVIDENCE.md")
HEAD = """# Evidence

Figures of checks that are too long or need too much for every run of CI. Generated: each section is
what the step of `ci.sh` named under its title printed last. `./ci.sh help` says what a step does.
"""


def output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def processor() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def provenance(name: str) -> str:
    commit = output("git", "rev-parse", "--short", "HEAD") or "no commit"
    # EVIDENCE.md is what is being written.
    if output("git", "status", "--porcelain", "--", ":!docs/EVIDENCE.md"):
        commit += " with changes"
    date = datetime.date.today().isoformat()
    rustc = " ".join(output("rustc", "--version").split()[:2])
    return f"`./ci.sh {name}`, {date}, {commit}, {rustc}, {processor()}."


def main() -> None:
    name, title = sys.argv[1:]
    body = sys.stdin.read().strip()
    if not body:
        sys.exit(f"evidence.py: the step {name} printed nothing")
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    section = f"{begin}\n## {title}\n\n{provenance(name)}\n\n{body}\n{end}"
    text = FILE.read_text() if FILE.exists() else HEAD
    old = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if old.search(text):
        text = old.sub(lambda _: section, text)
    else:
        text = f"{text.rstrip()}\n\n{section}\n"
    FILE.write_text(text)


main()

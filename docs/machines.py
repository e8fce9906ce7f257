"""What `cargo test` printed on another machine, one line for each crate, as Markdown.

    cargo test ... 2>&1 | python3 docs/machines.py TARGET RUNNER
"""

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict

RUNNING = re.compile(r"\s+Running .*/deps/(.*)-[0-9a-f]{16}\)$")
RESULT = re.compile(r"test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored; .*?(\d+) filtered out; "
                    r"finished in ([0-9.]+)s")


def packages() -> dict[str, str]:
    """The crate that a test program belongs to, by its name."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["packages"]
    owners = defaultdict(set)
    for package in found:
        # Benchmarks are no part of this, and have a program of the name of another's tests.
        if package["name"] == "srtp-benches":
            continue
        for target in package["targets"]:
            owners[target["name"].replace("-", "_")].add(package["name"])
    return {program: " or ".join(sorted(names)) for program, names in owners.items()}


def main() -> None:
    target, runner = sys.argv[1:]
    owners, counts, crate = packages(), defaultdict(Counter), None
    for line in sys.stdin:
        if running := RUNNING.match(line):
            crate = owners[running[1].replace("-", "_")]
        if result := RESULT.match(line):
            passed, failed, ignored, skipped, seconds = result.groups()
            counts[crate].update(passed=int(passed), failed=int(failed), ignored=int(ignored),
                                 skipped=int(skipped), seconds=float(seconds))
    total = sum(counts.values(), Counter())
    if not total["passed"]:
        sys.exit("machines.py: no test has run")
    print(f"{target}, {runner.rstrip('.')}. Doctests are not among them.\n")
    print("| crate | tests passed | failed | left out | seconds |\n|---|--:|--:|--:|--:|")
    for name, count in [*sorted(counts.items()), ("all", total)]:
        print(f"| {name} | {count['passed']} | {count['failed']} | {count['ignored'] + count['skipped']} "
              f"| {count['seconds']:.0f} |")


main()

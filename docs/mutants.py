"""What `./ci.sh mutants` has found so far, as Markdown for EVIDENCE.md.

    python3 docs/mutants.py FOLDER

FOLDER holds one folder for each crate, and in it one for each shard that is done, as cargo-mutants
wrote it.
"""

import json
import sys
from pathlib import Path

KINDS = ["CaughtMutant", "MissedMutant", "Timeout", "Unviable"]


def main() -> None:
    print("A mutant is caught when a test fails or does not end; one that does not build is not counted.\n")
    print("| crate | files | shards | mutants | caught | missed | share caught |")
    print("|---|---|--:|--:|--:|--:|--:|")
    missed = []
    for crate in sorted(Path(sys.argv[1]).iterdir()):
        shards = (crate / "shards").read_text().strip()
        # "SHARDS of FILES HASH", as ci.sh wrote it.
        files = (crate / "run").read_text().split(" of ")[1].rsplit(" ", 1)[0]
        done = [shard.parent for shard in crate.glob("*/done")]
        counts = dict.fromkeys(KINDS, 0)
        for shard in done:
            out = shard / "mutants.out"
            for outcome in json.loads((out / "outcomes.json").read_text())["outcomes"]:
                if outcome["summary"] in counts and outcome["scenario"] != "Baseline":
                    counts[outcome["summary"]] += 1
            missed += (out / "missed.txt").read_text().splitlines()
        caught = counts["CaughtMutant"] + counts["Timeout"]
        viable = caught + counts["MissedMutant"]
        share = f"{100 * caught / viable:.1f} %" if viable else "-"
        print(f"| {crate.name} | {'all' if files == '*' else files} | {len(done)} of {shards} | {viable} | {caught} "
              f"| {counts['MissedMutant']} | {share} |")
    if missed:
        print("\nMissed:\n")
        for mutant in sorted(missed):
            print(f"* `{mutant}`")


main()

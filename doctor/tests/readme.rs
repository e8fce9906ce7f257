//! The commands a newcomer is told to run are the ones that CI runs, letter for letter.
#![allow(clippy::unwrap_used, clippy::expect_used)]

const README: &str = include_str!("../../README.md");
const CI: &str = include_str!("../../ci.sh");

/// Every command inside a `sh` fence of the README.
fn printed() -> Vec<&'static str> {
    README
        .split("```sh\n")
        .skip(1)
        .flat_map(|fence| fence.split("```").next().unwrap_or_default().lines())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn readme_shows_the_commands_that_ci_runs() {
    let required = [
        "cargo run --release -p srtp-doctor -- decrypt \
         test-vectors/captures/baresip-sdes-pcmu.pcap --wav --out target/call",
        "cargo test --workspace",
        "cargo run --release -p srtp-doctor --example secure_call",
    ];
    let printed = printed();
    assert_eq!(printed.first(), required.first(), "the first command decrypts the recorded call");
    assert_eq!(printed.get(1), required.get(1), "the second runs the tests");
    for command in required {
        assert!(printed.contains(&command), "README.md lacks: {command}");
        assert!(CI.contains(&format!("'{command}'")), "ci.sh does not insist on: {command}");
    }
    for command in printed {
        let runs = ["cargo run ", "cargo test "].iter().any(|start| command.starts_with(start));
        assert!(runs, "CI runs only cargo commands of README.md, not: {command}");
    }
}

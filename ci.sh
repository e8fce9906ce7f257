#!/usr/bin/env bash
# Every check of this repository as a named step, the same by hand and on a CI machine.
# ./ci.sh help lists them. A step installs what it needs: Debian packages by apt-get, cargo tools
# by `cargo install`.
set -euo pipefail
# What fails while its output is being caught fails, too.
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly LIBRARIES=(-p srtp-core -p sdes-sdp -p srtp-negotiation --no-default-features)
readonly BARE_METAL=thumbv7em-none-eabihf
readonly SKIPPED=77

# Name and one line each; the order is that of a run without arguments.
readonly STEPS='
fmt          rustfmt agrees with every line
clippy       no warning from clippy in any target
features     srtp-core builds with each family of suites alone and passes its tests with all features
doc          the documentation builds without a warning
no_std       the three libraries build for a microcontroller without std and alloc
embedded     the known packets pass on an emulated Cortex-M4 (QEMU)
secrets      dropped and replaced keys leave nothing in memory, commands nothing on the heap; no type prints one
vectors      the known packets are what the second implementation (Python) makes of the RFCs
deny         licences, bans, sources and, where they can be had, advisories of all dependencies
msrv         the workspace builds with the oldest Rust it promises, if that is installed
api          what the published crates offer is what docs/api says; API=write ./ci.sh api renews that
instructions no packet costs over 3 % more instructions than the committed count
bench-smoke  every benchmark runs once
fuzz-smoke   the seeds of the fuzz targets pass; with a nightly Rust every target runs for 5 seconds
readme       every command of README.md runs as printed there, the tests among them
'
readonly ON_DEMAND='
aarch64      the tests of the libraries on an emulated 64-bit Arm (QEMU)
docs         the commands of all other READMEs and of the guides do what the text says; links, quoted figures
package      the crates that are for a registry can be published, as far as that shows without one
test         cargo test --workspace (a command of README.md, so a part of readme)
draws        the random tests with DRAWS other seeds from DRAWS_FROM on, ten times as long each
big-capture  srtp-doctor decrypts a capture of 1 GB within 64 MB of memory, and says how fast
interop      packets of libsrtp, pylibsrtp, pion, GStreamer, ffmpeg and baresip, both ways, byte for byte
others       the suites of webrtc-srtp and rtc-srtp that README.md says yes to, byte for byte ours
fuzz         every fuzz target runs for FUZZ_SECONDS, or those of FUZZ; executions and edges are noted
coverage     what the inputs of the fuzz targets execute of the library crates
mutants      every change of the code fails a test, but for those it lists; hours, in shards, resumes
differential the same random sequences of operations to libsrtp and to us, DIFFERENTIAL of them
constant-time valgrind follows keys through all that touches them: no branch, no address but the public ones
minimal-versions the published crates pass with the oldest dependencies that their manifests admit
msrv-older   how near the libraries come to Rust 1.85, for want of the promised one
powerset     the libraries without std in every set of features that can matter, clippy without a warning
footprint    flash, memory and stack of one session on a Cortex-M4, every suite, within the bounds
big-endian   the tests of the libraries on an emulated big-endian machine (s390x)
bits32       the tests of the libraries on a 32-bit x86
soak         a day of a gateway with 10 000 streams: loss, forgeries, replays, rekeying, moves; flat memory
'

# The commands that README.md must show, whatever else it shows.
readonly README_COMMANDS=(
    'cargo run --release -p srtp-doctor -- decrypt test-vectors/captures/baresip-sdes-pcmu.pcap --wav --out target/call'
    'cargo test --workspace'
    'cargo run --release -p srtp-doctor --example secure_call'
)

say() { printf 'ci.sh: %s\n' "$*"; }

# Tools ----------------------------------------------------------------------------------------

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

has_package() {
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

need_packages() {
    local package missing=()
    if ! command -v apt-get >/dev/null; then
        say "no apt-get here; install what these Debian packages hold: $*"
        return 1
    fi
    for package; do
        has_package "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    say "installing ${missing[*]}"
    as_root apt-get update --quiet
    # Another program may be installing something just now.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get --option DPkg::Lock::Timeout=300 \
        install --yes --quiet --no-install-recommends --no-remove "${missing[@]}"
}

need_cargo_tool() {
    command -v "$1" >/dev/null && return
    say "installing $1 from source"
    cargo install --locked "$1"
}

has_toolchain() {
    command -v rustup >/dev/null && grep --quiet "^$1" <<<"$(rustup toolchain list)"
}

# cargo for $BARE_METAL: the one in PATH if it has that target, else Debian's compiler, which comes
# with the source of `core` to build.
bare_metal_cargo() {
    local command=$1
    shift
    if [[ -z ${BUILD_STD-} && -d $(rustc --print sysroot)/lib/rustlib/$BARE_METAL ]]; then
        cargo "$command" --target "$BARE_METAL" "$@"
        return
    fi
    if ! command -v apt-get >/dev/null; then
        say "the Rust target is missing: rustup target add $BARE_METAL"
        return 1
    fi
    need_packages rustc-web cargo-web rust-web-src
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
        /usr/bin/cargo "$command" -Zbuild-std=core --target "$BARE_METAL" "$@"
}

# Steps ----------------------------------------------------------------------------------------

step_fmt() {
    cargo fmt --all --check
    cargo fmt --manifest-path embedded/Cargo.toml --check
    cargo fmt --manifest-path interop/Cargo.toml --check
    cargo fmt --manifest-path proofs/Cargo.toml --check
    [[ ! -e fuzz/Cargo.toml ]] || cargo fmt --manifest-path fuzz/Cargo.toml --check
}

step_clippy() {
    cargo clippy --locked --workspace --all-targets -- -D warnings
}

step_features() {
    local features
    for features in '' accel aes-cm accel,aes-cm,gcm aes-cm,aes-192 aes-cm,aes-256,alloc f8 gcm gcm,aes-256 null \
        header-encryption aes-cm,header-encryption f8,header-encryption counters,bytes \
        aes-cm,compact aes-cm,gcm,cryptex,rcc aes-cm,aes-192,aes-256,f8,gcm,null; do
        say "srtp-core with [$features]"
        cargo clippy --locked --quiet -p srtp-core --no-default-features --features "$features" \
            -- -D warnings
    done
    cargo test --locked -p srtp-core --all-features
}

step_test() {
    cargo test --workspace
}

# What a test draws in CI is the same in every run, so that what fails is of the change; what no run
# has drawn yet is for this step and for the fuzz targets.
step_draws() {
    local from=${DRAWS_FROM:-$((RANDOM * 32768 + RANDOM))} draws=${DRAWS:-20} seed
    export PROPTEST_CASES=${PROPTEST_CASES:-2560}
    for ((seed = from; seed < from + draws; seed++)); do
        say "PROPTEST_RNG_SEED=$seed PROPTEST_CASES=$PROPTEST_CASES"
        PROPTEST_RNG_SEED=$seed cargo test --locked --quiet --lib --tests --no-fail-fast \
            -p srtp-accel -p srtp-core -p sdes-sdp -p srtp-negotiation -p srtp-doctor \
            --features srtp-core/alloc,srtp-core/bytes,srtp-core/counters
    done
}

step_big-capture() {
    local dir=target/big-capture
    mkdir -p "$dir"
    cargo build --locked --release -p srtp-doctor --bins --example big_capture
    cargo run --locked --release -p srtp-doctor --example big_capture -- "$dir/big.pcap" 1000
    ls -l "$dir/big.pcap"
    # The limit is on address space, of which the program, its libraries and a stack are a part.
    (
        ulimit -v 65536
        time target/release/srtp-doctor decrypt "$dir/big.pcap" --out "$dir/plain"
    )
    rm -r "$dir"
}

step_doc() {
    RUSTDOCFLAGS=-Dwarnings cargo doc --locked --workspace --no-deps
}

step_no_std() {
    bare_metal_cargo build --locked "${LIBRARIES[@]}"
}

# QEMU for ARM boards. Where its package would drive out other QEMU tools that are here already, it
# is unpacked under target/ and not installed.
need_qemu_arm() {
    local root libraries packages
    if command -v qemu-system-arm >/dev/null || (need_packages qemu-system-arm); then
        return
    fi
    root=$PWD/target/qemu
    say "unpacking qemu-system-arm into $root"
    mkdir -p "$root/debs"
    mapfile -t packages < <(
        apt-get install --simulate --no-install-recommends qemu-system-arm | awk '/^Inst / { print $2 }'
    )
    (cd "$root/debs" && apt-get download --quiet "${packages[@]}")
    local deb
    for deb in "$root"/debs/*.deb; do
        dpkg --extract "$deb" "$root"
    done
    libraries=$(dirname "$(find "$root/usr/lib" -name 'libfdt.so*' -print -quit)")
    export PATH=$root/usr/bin:$PATH LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    qemu-system-arm --version
}

step_embedded() {
    need_packages binutils-arm-none-eabi
    need_qemu_arm
    cd embedded
    # A program that hangs in QEMU hangs for good.
    local runner
    runner=$(sed --quiet 's/^runner = "\(.*\)"/\1/p' .cargo/config.toml)
    export CARGO_TARGET_THUMBV7EM_NONE_EABIHF_RUNNER="timeout 120 $runner"
    bare_metal_cargo run --locked --release
    arm-none-eabi-size "${CARGO_TARGET_DIR:-target}/$BARE_METAL/release/srtp-firmware-test"
}

step_vectors() {
    local python=python3
    if ! "$python" -c 'import cryptography' 2>/dev/null; then
        need_packages python3 python3-cryptography
        python=/usr/bin/python3
    fi
    "$python" -B test-vectors/tools/known_packets.py --check
}

# The tests of the libraries for another machine, with Debian's compiler and its source of `std`, run
# under qemu-user or, of the same family, by this one. An emulator takes fifty times as long as a
# processor, so that there random tests make fewer attempts (PROPTEST_CASES), and those that count
# in thousands count less far (SRTP_EMULATED); none is left out.
tests_for() {
    local target=$1 linker=$2 runner=$3 name=${1//-/_} log=$PWD/target/$1.log
    need_packages rustc-web cargo-web rust-web-src python3 >&2
    export "CARGO_TARGET_${name^^}_LINKER=$linker" "CARGO_TARGET_${name^^}_RUNNER=$runner"
    if [[ $runner == qemu-* ]]; then
        export PROPTEST_CASES=${PROPTEST_CASES:-16} SRTP_EMULATED=1
        runner=$("${runner%% *}" --version | head -n 1)
    else
        runner="by this processor, with $("${runner%% *}" --version | head -n 1)"
    fi
    mkdir -p target
    CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/$target RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
        /usr/bin/cargo test --locked -Zbuild-std --target "$target" --lib --tests \
        -p srtp-accel -p srtp-core -p sdes-sdp -p srtp-negotiation \
        --features srtp-core/alloc,srtp-core/bytes,srtp-core/counters,sdes-sdp/sdp-types 2>&1 |
        tee "$log" >&2
    python3 docs/machines.py "$target, $(/usr/bin/rustc --version | cut -d ' ' -f 1,2)" "$runner" <"$log"
}

step_aarch64() {
    need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
    evidence aarch64 'A 64-bit Arm' tests_for aarch64-unknown-linux-gnu aarch64-linux-gnu-gcc \
        'qemu-aarch64 -L /usr/aarch64-linux-gnu'
}

step_big-endian() {
    need_packages gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user
    evidence big-endian 'A big-endian machine' tests_for s390x-unknown-linux-gnu \
        s390x-linux-gnu-gcc 'qemu-s390x -L /usr/s390x-linux-gnu'
}

step_bits32() {
    need_packages gcc-i686-linux-gnu libc6-dev-i386-cross
    # Not emulated: this processor's 32-bit mode, with the loader of the cross compiler's libc.
    local lib=/usr/i686-linux-gnu/lib
    evidence bits32 'A 32-bit machine' tests_for i686-unknown-linux-gnu i686-linux-gnu-gcc \
        "$lib/ld-linux.so.2 --library-path $lib"
}

step_instructions() {
    cargo run --locked --release -p srtp-benches --bin instructions
    cargo run --locked --release -p srtp-benches --no-default-features --bin instructions
}

step_bench-smoke() {
    cargo bench --locked -p srtp-benches -- --test
    cargo run --locked --release -p srtp-benches --bin report -- --smoke
    cargo run --locked --release -p srtp-benches --bin batches -- --smoke
}

step_fuzz-smoke() {
    local target seeds
    # In fuzz/ so that cargo finds the workspace of the targets, not the one above it. Without
    # srtp-doctor, whose one target takes longer to build than all others to run.
    cd fuzz
    cargo clippy --locked --no-default-features --all-targets -- -D warnings
    cargo test --locked --no-default-features
    if ! has_toolchain nightly; then
        say 'no nightly Rust here, so that the targets only replay; rustup toolchain install nightly'
        return
    fi
    need_cargo_tool cargo-fuzz
    for target in $(cargo +nightly fuzz list --fuzz-dir .); do
        [[ $target != pcap ]] || continue
        seeds=(corpus/"$target")
        mkdir -p "${seeds[0]}"
        [[ ! -d seeds/$target ]] || seeds+=("seeds/$target")
        cargo +nightly fuzz run --fuzz-dir . --no-default-features --features libfuzzer \
            "$target" "${seeds[@]}" -- -seed="$PROPTEST_RNG_SEED" -max_total_time=5 -verbosity=0 -print_final_stats=1
    done
}

# Commands in the fenced blocks of the README that run something of ours, one a line.
readme_commands() {
    awk '/^```/ { fenced = !fenced; next } fenced && /^cargo (run|test) / { print }' README.md
}

step_readme() {
    local command shown
    mapfile -t shown < <(readme_commands)
    for command in "${README_COMMANDS[@]}"; do
        if ! among "$command" "${shown[@]}"; then
            say "README.md does not show: $command"
            return 1
        fi
    done
    for command in "${shown[@]}"; do
        say "README.md: $command"
        bash -c "$command"
    done
}

# The picture in README.md and docs/why-488.md, as the command in its first line draws it.
draw_refused_call() {
    local command='srtp-doctor explain test-vectors/captures/baresip-refused-488.pcap'
    PATH="${CARGO_TARGET_DIR:-$PWD/target}/release:$PATH" bash -c "$command --color always || true" |
        python3 docs/tools/terminal_svg.py "$command"
}

step_docs() {
    need_packages python3 redis-server
    cargo build --locked --release -p srtp-doctor --bins --examples
    cargo test --locked -p srtp-docs
    python3 -B docs/tools/commands.py
    if ! cmp <(draw_refused_call) docs/images/explain-refused.svg; then
        say 'docs/images/explain-refused.svg is not what the command prints now'
        return 1
    fi
}

step_package() {
    cargo publish --workspace --dry-run --locked --allow-dirty
}

# Runs a command and makes what it prints the section of docs/EVIDENCE.md that belongs to a step.
evidence() {
    local step=$1 title=$2 printed
    shift 2
    printed=$("$@")
    printf '%s\n' "$printed"
    python3 docs/evidence.py "$step" "$title" <<<"$printed"
}

step_interop() {
    need_packages gcc libc6-dev libsrtp2-dev python3 python3-venv ffmpeg baresip-core \
        golang-go golang-github-pion-srtp.v2-dev \
        gstreamer1.0-tools gstreamer1.0-plugins-{base,good,bad}
    local venv=target/pylibsrtp
    [[ -x $venv/bin/python ]] || /usr/bin/python3 -m venv "$venv"
    "$venv"/bin/pip install --quiet --disable-pip-version-check 'pylibsrtp==1.0.0'
    # By the sources that Debian has; no module is fetched.
    GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$PWD/target/go-build \
        go build -o target/pion-filter interop/pion/filter.go
    cargo build --locked --quiet -p srtp-doctor --example user_agent
    cargo build --locked --quiet --release --manifest-path interop/Cargo.toml
    export INTEROP_PYTHON=$venv/bin/python INTEROP_PION=$PWD/target/pion-filter
    export INTEROP_USER_AGENT=${CARGO_TARGET_DIR:-target}/debug/examples/user_agent
    evidence interop 'Other implementations' \
        "${CARGO_TARGET_DIR:-interop/target}"/release/srtp-interop interop
}

step_others() {
    cargo test --locked -p srtp-benches --features peer-rtc-srtp,peer-webrtc-srtp --test others
}

step_differential() {
    need_packages gcc libc6-dev libsrtp2-dev python3
    cargo test --locked --quiet --release --manifest-path interop/Cargo.toml
    cargo build --locked --quiet --release --manifest-path interop/Cargo.toml
    evidence differential 'Differential fuzzing against libsrtp' \
        "${CARGO_TARGET_DIR:-interop/target}"/release/srtp-interop \
        differential 0 "${DIFFERENTIAL:-20000}"
}

# Without a sanitizer, for it runs twice as often so, but for the target of the one crate that has
# unsafe code.
fuzz_targets() {
    local target seeds log row sanitizer longest words commit rows=../target/fuzz
    cd fuzz
    commit=$(git rev-parse --short HEAD)
    mkdir -p "$rows"
    for target in ${FUZZ:-$(cargo +nightly fuzz list --fuzz-dir .)}; do
        seeds=(corpus/"$target")
        mkdir -p "${seeds[0]}"
        [[ ! -d seeds/$target ]] || seeds+=("seeds/$target")
        log=$rows/$target.log
        sanitizer=none
        [[ $target != accel ]] || sanitizer=address
        # Of these two every few bytes are a key, a batch or a primitive on kilobytes.
        longest=2048
        [[ $target != accel && $target != batch ]] || longest=512
        words=()
        case $target in
            crypto_line | sdp | exchange) words=(-dict=dictionaries/sdes.dict) ;;
            cisco | polycom) words=(-dict=dictionaries/configuration.dict) ;;
        esac
        cargo +nightly fuzz run --fuzz-dir . --sanitizer "$sanitizer" ${FUZZ_FEATURES:-} "$target" \
            "${seeds[@]}" -- -max_total_time="${FUZZ_SECONDS:-600}" -max_len="$longest" "${words[@]}" \
            -print_final_stats=1 >"$log" 2>&1 || {
            tail -n 40 "$log" >&2
            return 1
        }
        row=$(awk '/^#.*(DONE|REDUCE|NEW|INITED|pulse)/ { for (i = 1; i < NF; i++) {
                if ($i == "cov:") edges = $(i + 1); if ($i == "corp:") corpus = $(i + 1) } }
            /number_of_executed_units/ { executions = $2 }
            /^Done .* in/ { seconds = $(NF - 1) }
            END { printf "%s | %s | %s | %s", executions, seconds, edges, corpus }' "$log")
        printf '| %s | %s | %s | %s |\n' "$target" "$row" "$(date -I)" "$commit" >"$rows/$target.row"
        printf '%s: %s\n' "$target" "$row" >&2
    done
    printf 'No target has an open finding. Edges are those that libFuzzer counts in the target with all it is linked to.\n\n'
    printf '| target | executions | seconds | edges reached | inputs kept | day | commit |\n'
    printf '|---|--:|--:|--:|--:|---|---|\n'
    cat "$rows"/*.row
}

step_fuzz() {
    if ! has_toolchain nightly; then
        say 'no nightly Rust here; to have it: rustup toolchain install nightly'
        return $SKIPPED
    fi
    need_cargo_tool cargo-fuzz
    evidence fuzz 'Fuzz targets' fuzz_targets
}

# Replays the inputs in a build that counts; the tools must be of the LLVM that rustc has.
coverage_table() {
    local llvm profiles=$PWD/target/coverage objects=() object
    llvm=$(rustc --version --verbose | sed --quiet 's/^LLVM version: \([0-9]*\).*/\1/p')
    rm -rf "$profiles"
    mkdir -p "$profiles"
    (
        cd fuzz
        export RUSTFLAGS=-Cinstrument-coverage LLVM_PROFILE_FILE=$profiles/%p-%m.profraw
        export CARGO_TARGET_DIR=$profiles-build FUZZ_CORPUS=$PWD/corpus
        cargo test --quiet --no-default-features >&2
        cargo test --no-default-features --no-run --message-format=json 2>/dev/null |
            sed --quiet 's/.*"executable":"\([^"]*\)".*/\1/p' >"$profiles/objects"
    )
    "llvm-profdata-$llvm" merge --sparse --output "$profiles/all.profdata" "$profiles"/*.profraw
    while read -r object; do
        objects+=(--object "$object")
    done <"$profiles/objects"
    "llvm-cov-$llvm" export --summary-only --instr-profile "$profiles/all.profdata" \
        "${objects[@]:1}" | python3 docs/coverage.py
}

step_coverage() {
    need_packages python3 \
        "llvm-$(rustc --version --verbose | sed --quiet 's/^LLVM version: \([0-9]*\).*/\1/p')"
    evidence coverage 'Coverage by the fuzz targets' coverage_table
}

# What `cargo test` is told, then the tests that tell mutants apart fast, then those for what they
# miss, and so on: every test but those that take minutes. Of srtp-core three builds, which have
# different ways to the same packets, and one that lacks most.
mutants_tests() {
    local suites=aes-cm,aes-192,aes-256,f8,gcm,null,cryptex,header-encryption,rcc build
    local slowest=' --skip forged_ssrcs'
    local slow=$slowest
    slow+=' --skip conversations_go --skip conferences_go --skip no_bit_can --skip no_prefix_of'
    slow+=' --skip rollover_counter_ --skip a_distributor_is'
    case $1 in
        srtp-core)
            for build in alloc,bytes,counters "$suites --no-default-features" \
                "compact,$suites --no-default-features"; do
                printf -- '--lib --features %s --%s --%s\n' "$build" "$slow" "$slowest"
            done
            # What a build has not: only the tests that ask for that.
            printf -- '--lib --no-default-features --features aes-cm,gcm -- tests::builds newest_epoch\n'
            ;;
        srtp-negotiation)
            printf -- '--lib --test mutants -- --skip every_phone_against --skip everything_else_in_all --\n'
            ;;
        sdes-sdp)
            printf -- '--lib --test mutants --all-features --'
            printf -- ' --skip %s' neighbours every_group_is hostile_lengths
            printf -- ' --\n'
            ;;
    esac
}

# A copy of the tree to be changed in place, with the tests/ of each package as one program, so that a
# mutant is linked once, and with a tenth of the cases of each property test.
mutants_tree() {
    local tree=$1 tests file
    rm -rf "$tree"
    mkdir -p "$tree"
    # With the time of now: what the last mutant left in the build is older.
    git ls-files -z --cached --others --exclude-standard | xargs --null ls -d 2>/dev/null |
        tar --create --files-from - | tar --extract --touch --directory "$tree"
    for tests in "$tree"/{sdes-sdp,negotiation}/tests; do
        printf '//! All of this folder.\n' >"$tests/mutants.rs"
        for file in "$tests"/*.rs; do
            file=$(basename "$file" .rs)
            [[ $file == mutants ]] || printf '#[path = "%s.rs"]\nmod %s;\n' "$file" "$file"
        done >>"$tests/mutants.rs"
    done
    find "$tree"/{srtp-core,sdes-sdp,negotiation} -name '*.rs' -exec \
        sed --in-place --regexp-extended 's/\<(cases: |with_cases\()([0-9]+)0\>/\1\2/' {} +
}

# Of the crates MUTANTS, each in MUTANTS_SHARDS shards, only the files that match MUTANTS_FILE; after
# MUTANTS_MINUTES no further shard is begun. What is on record in target/mutants is not tried again.
step_mutants() {
    need_cargo_tool cargo-mutants
    need_packages python3
    local crate tests state=$PWD/target/mutants tree=${MUTANTS_TREE:-$PWD/target/mutants-tree}
    mutants_tree "$tree"
    for crate in ${MUTANTS:-srtp-negotiation sdes-sdp srtp-core}; do
        while read -r -a tests; do
            # Beside the tree, so that what does not change is built once.
            CARGO_TARGET_DIR=$tree-build PROPTEST_CASES=30 python3 docs/mutants.py run "$state" "$tree" "$crate" \
                "${tests[@]}" </dev/null
        done < <(mutants_tests "$crate")
    done
    evidence mutants 'Mutation testing' python3 docs/mutants.py table "$state"
    python3 docs/mutants.py check "$state"
}

step_secrets() {
    # One at a time: what another test does on the heap or its stack would be looked at, too.
    cargo test --locked --release --manifest-path proofs/Cargo.toml --test secrets \
        --test secrets_signalling --test secrets_heap -- --test-threads 1
}

step_constant-time() {
    need_packages gcc libc6-dev valgrind python3
    local build target=${CARGO_TARGET_DIR:-$PWD/proofs/target} builds=()
    for build in accel rustcrypto soft; do
        local features=(--features valgrind) flags=()
        [[ $build == accel ]] || features+=(--no-default-features)
        [[ $build != soft ]] || flags=(--cfg 'aes_backend="soft"' --cfg 'polyval_backend="soft"'
            --cfg 'sha1_backend="soft"')
        RUSTFLAGS=${flags[*]} cargo build --locked --quiet --release --manifest-path \
            proofs/Cargo.toml --target-dir "$target/$build" --bin constant-time "${features[@]}"
        builds+=("$build=$target/$build/release/constant-time")
    done
    evidence constant-time 'Constant time' python3 proofs/constant_time.py "${builds[@]}"
}

# The features of embedded/ that a suite needs.
footprint_features() {
    case $1 in
        AES_CM_128_*) printf cm ;;
        AES_192_CM_*) printf cm,aes-192 ;;
        AES_256_CM_*) printf cm,aes-256 ;;
        F8_*) printf f8 ;;
        AEAD_AES_128_GCM) printf gcm ;;
        AEAD_AES_256_GCM) printf gcm,aes-256 ;;
        NULL_*) printf null ;;
    esac
}

# Bounds, of AES-CM and AES-GCM with 128 bits: 20 KB of flash, 2 KB of memory, less than 2 KB of stack. The
# other suites are measured beside them.
footprint_table() {
    cd embedded
    local suite features flash row sender receiver stacks by_new deepest missed over=() beyond=()
    local elf=${CARGO_TARGET_DIR:-target}/$BARE_METAL/release/footprint
    # `core` for size too, as a firmware would: the one that comes with a target is built for speed.
    export BUILD_STD=1
    local runner
    runner=$(sed --quiet 's/^runner = "\(.*\)"/\1/p' .cargo/config.toml)
    printf '| suite | flash | sender | receiver | stack: set-up | SRTP | SRTCP | set-up by `new` |\n'
    printf '|---|--:|--:|--:|--:|--:|--:|--:|\n'
    for suite in AES_CM_128_HMAC_SHA1_{80,32} AES_{192,256}_CM_HMAC_SHA1_{80,32} \
        F8_128_HMAC_SHA1_80 AEAD_AES_{128,256}_GCM NULL_HMAC_SHA1_{80,32}; do
        features=$(footprint_features "$suite")
        SUITE=$suite bare_metal_cargo build --quiet --locked --release --bin footprint \
            --no-default-features --features "$features" >&2
        flash=$(arm-none-eabi-size "$elf" | awk 'NR == 2 { print $1 + $2 }')
        SUITE=$suite bare_metal_cargo build --quiet --locked --release --bin footprint \
            --no-default-features --features "$features,report" >&2
        row=$(timeout 60 $runner "$elf")
        read -r _ sender receiver stacks <<<"$row"
        printf '| %s | %s | %s | %s | %s |\n' "$suite" "$flash" "$sender" "$receiver" "${stacks// / | }"
        printf 'ci.sh: %s %s %s\n' "$suite" "$flash" "$row" >&2
        by_new=${stacks##* }
        deepest=$(tr ' ' '\n' <<<"${stacks% "$by_new"}" | sort -n | tail -n 1)
        missed=()
        ((flash <= 20480)) || missed+=("$suite: flash of $flash")
        ((sender + receiver <= 2048)) || missed+=("$suite: memory of $((sender + receiver))")
        ((deepest < 2048)) || missed+=("$suite: stack of $deepest")
        case $suite in
            AES_CM_128_* | AEAD_AES_128_GCM) over+=("${missed[@]}") ;;
            *) beyond+=("${missed[@]}") ;;
        esac
    done
    printf '\nBytes. Flash is the whole program: vectors, start-up code, suite, both directions, SRTP and\n'
    printf 'SRTCP; built, `core` too, with opt-level "z" and LTO, without alloc. Sender and receiver are what one stream\n'
    printf 'each way takes in memory, keys and windows included; the stack is painted and looked at. Set-up is what\n'
    printf 'a firmware does: two contexts made `without_key`, and a key for both by `rekey`; beside it, for comparison,\n'
    printf 'how deep it is where `new` returns a context.\n'
    printf '\nThe bounds are those of AES-CM and AES-GCM with 128 bits: at most 20480 bytes of flash and 2048 of memory,\n'
    printf 'less than 2048 of stack.'
    if ((${#beyond[@]} == 0)); then
        printf ' The other suites keep them too.\n'
    else
        printf ' Of the other suites beyond them: %s.\n' "$(joined_by '; ' "${beyond[@]}")"
    fi
    ((${#over[@]} == 0)) || printf '\nOver its bound: %s.\n' "$(joined_by '; ' "${over[@]}")"
}

# The arguments behind the first, with that between them.
joined_by() {
    local between=$1 text=$2 more
    for more in "${@:3}"; do
        text+=$between$more
    done
    printf '%s' "$text"
}

step_footprint() {
    need_packages binutils-arm-none-eabi qemu-system-arm python3
    evidence footprint 'Footprint on a Cortex-M4' footprint_table
    # After the figures are written down: a bound that is not kept is a figure too.
    ! sed --quiet '/<!-- footprint -->/,/<!-- \/footprint -->/p' docs/EVIDENCE.md | grep 'Over its bound'
}

step_soak() {
    cargo build --locked --quiet --release --manifest-path proofs/Cargo.toml --bin soak
    evidence soak 'A day of a gateway' "${CARGO_TARGET_DIR:-proofs/target}"/release/soak
}

# What the crates stand on: deny, minimal-versions, msrv, msrv-older, powerset, api.
source .ci/supply.sh

# Running them ---------------------------------------------------------------------------------

names() { awk 'NF { print $1 }' <<<"$1"; }

# Whether the first argument is one of the others.
among() {
    local wanted=$1 other
    shift
    for other; do
        [[ $other != "$wanted" ]] || return 0
    done
    return 1
}

help() {
    printf 'usage: ./ci.sh [STEP...]     without a STEP: all of the first list, in that order\n'
    printf '%s\n%s' "$STEPS" "${ON_DEMAND#$'\n'}"
}

main() {
    local step status started bad=0 summary=() steps=("$@") known
    mapfile -t known < <(names "$STEPS$ON_DEMAND")
    case ${1-} in
        help | -h | --help)
            help
            return
            ;;
        '' | default) mapfile -t steps < <(names "$STEPS") ;;
    esac
    for step in "${steps[@]}"; do
        if ! among "$step" "${known[@]}"; then
            say "there is no step '$step'"
            help
            return 2
        fi
    done

    # See step_draws, which has seeds of its own.
    export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-3711}
    for step in "${steps[@]}"; do
        printf '\n==> %s\n' "$step"
        started=$SECONDS
        # A shell of its own, and not in a condition: there `set -e` would be off.
        set +e
        (
            set -e
            "step_$step"
        )
        status=$?
        set -e
        case $status in
            0) status=ok ;;
            "$SKIPPED") status=skipped ;;
            *)
                status=FAILED
                bad=1
                ;;
        esac
        summary+=("$(printf '%-12s %-8s %4d s' "$step" "$status" $((SECONDS - started)))")
    done
    printf '\n'
    printf '%s\n' "${summary[@]}"
    return $bad
}

main "$@"

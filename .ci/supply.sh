# Steps of ci.sh about what the crates stand on and what they promise: dependencies, compilers,
# features, the public API. Sourced by ci.sh.

readonly PUBLISHED=(srtp-accel srtp-core sdes-sdp srtp-negotiation srtp-doctor)

# A copy of what is published, and what its tests need, in the empty directory $1; the own lock and
# manifests stay untouched by what is tried there.
copy_of_published() {
    rm -rf "$1"
    mkdir -p "$1"
    tar --create --exclude=./target --exclude=./.git --exclude='./*/target' --exclude=./fuzz . |
        tar --extract --directory "$1"
    sed --in-place --regexp-extended \
        -e '/^members = /s/, "(docs|benches)"//g' -e '/^exclude = /s/"fuzz", //' "$1/Cargo.toml"
}

# Dependencies ---------------------------------------------------------------------------------

step_deny() {
    need_cargo_tool cargo-deny
    local manifest report
    for manifest in Cargo.toml {embedded,fuzz,interop,proofs}/Cargo.toml; do
        say "$manifest"
        # One list serves five workspaces, none of which needs all of it.
        cargo deny --locked --manifest-path "$manifest" --config deny.toml check \
            --hide-inclusion-graph --allow license-exception-not-encountered --allow unused-wrapper \
            licenses bans sources
    done
    say 'no crate twice below what is published'
    cargo deny --locked --exclude srtp-benches --exclude srtp-docs check --hide-inclusion-graph \
        --allow unused-wrapper --deny duplicate bans
    for manifest in Cargo.toml {embedded,fuzz,interop,proofs}/Cargo.toml; do
        if report=$(cargo deny --locked --manifest-path "$manifest" --config deny.toml \
            check advisories 2>&1); then
            printf '%s\n' "$report"
        elif [[ $report == *'failed to fetch advisory database'* ]]; then
            say 'advisories were NOT checked: their database cannot be reached from here'
            break
        else
            printf '%s\n' "$report"
            return 1
        fi
    done
}

# Direct dependencies at the oldest version that a manifest admits, theirs as new as can be.
oldest_dependencies() {
    local tree=target/minimal-versions/tree crate packages=() log=$PWD/target/minimal-versions/log
    copy_of_published "$tree"
    cd "$tree"
    rm Cargo.lock
    cargo +nightly generate-lockfile --quiet -Z direct-minimal-versions >&2
    for crate in "${PUBLISHED[@]}"; do
        packages+=(--package "$crate")
    done
    CARGO_TARGET_DIR=$PWD/../build cargo test --locked --all-features "${packages[@]}" \
        --lib --bins --tests 2>&1 | tee "$log" >&2
    printf 'The published crates with all features, with each direct dependency at the oldest version that its\n'
    printf 'Cargo.toml admits: %s tests passed, %s failed, with %s.\n\n' \
        $(awk '/^test result:/ { passed += $4; failed += $6 } END { print passed, failed }' "$log") \
        "$(rustc --version | cut -d ' ' -f 1,2)"
    cargo tree --locked --quiet --depth 1 --edges normal,dev --all-features --prefix none \
        "${packages[@]}" | sed --quiet --regexp-extended 's/^([^ ]+) v([^ ]+)( \(\*\))?$/\1 \2/p' |
        sort --unique | awk '{ printf "%s%s", (NR > 1 ? ", " : ""), $0 } END { print "." }' | fold -s -w 110 |
        sed 's/ $//'
}

step_minimal-versions() {
    if ! has_toolchain nightly; then
        say 'no nightly Rust here; to have it: rustup toolchain install nightly'
        return "$SKIPPED"
    fi
    evidence minimal-versions 'Oldest dependencies' oldest_dependencies
}

# Features -------------------------------------------------------------------------------------

# Clippy without a warning in crate $1 with the features $2 and sets of others: $3 says which, the
# arguments behind it tell cargo-hack.
powerset() {
    local crate=$1 always=$2 sets=$3 log with=()
    shift 3
    [[ $always == none ]] || with=(--features "$always")
    log=$(cargo hack clippy --locked --target "$BARE_METAL" --package "$crate" --feature-powerset \
        "${with[@]}" "$@" -- -D warnings 2>&1) || {
        printf '%s\n' "$log" | tail -n 40 >&2
        return 1
    }
    printf '| %s | %s | %s | %s |\n' "$crate" "$always" "$sets" "$(grep --count '^info: running' <<<"$log")"
    printf 'ci.sh: %s with %s, sets of %s: done\n' "$crate" "$always" "$sets" >&2
}

# What looks at several features of srtp-core at once are the modes with their keys, key sizes and
# instructions on one side, the additions on the other; both are gone through whole. All features
# would be 16384 sets: of those, none, each and every pair. By --skip, for --include-features loses
# what is grouped.
powerset_table() {
    printf 'Clippy has no warning in any of these sets of features, for %s: without std,\n' "$BARE_METAL"
    printf 'and without alloc but where the feature of that name asks for it.\n\n'
    printf '| crate | always | sets of | sets built |\n|---|---|---|--:|\n'
    powerset srtp-core none 'aes-cm, f8, gcm, null, accel, header-encryption, aes-192 with aes-256' \
        --skip default,hmac-sha1,alloc,bytes,counters,compact,cryptex,rcc --group-features aes-192,aes-256
    powerset srtp-core aes-cm,gcm 'alloc, bytes, counters, compact, cryptex with rcc' \
        --skip default,hmac-sha1,f8,null,accel,header-encryption,aes-192,aes-256 --group-features cryptex,rcc
    powerset srtp-core none 'all, up to 2 at a time' --depth 2 --skip default,hmac-sha1
    powerset srtp-accel none 'all (it has none)'
    powerset sdes-sdp none 'all' --skip default,sdp-types
    powerset srtp-negotiation none 'all' --skip default
    printf '\nLeft out: hmac-sha1 of srtp-core, which is not to be named, sdp-types of sdes-sdp, which needs\n'
    printf 'std, and of srtp-core what takes three features or more that no row above has together.\n'
}

step_powerset() {
    need_cargo_tool cargo-hack
    if [[ ! -d $(rustc --print sysroot)/lib/rustlib/$BARE_METAL ]]; then
        say "the Rust target is missing: rustup target add $BARE_METAL"
        return "$SKIPPED"
    fi
    evidence powerset 'Sets of features' powerset_table
}

# Compilers ------------------------------------------------------------------------------------

promised_rust() { sed --quiet 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml; }

step_msrv() {
    local version crate
    version=$(promised_rust)
    if ! has_toolchain "$version"; then
        say "no Rust $version here; to have it: rustup toolchain install $version; else: ./ci.sh msrv-older"
        return "$SKIPPED"
    fi
    cargo "+$version" check --locked --workspace
    for crate in "${PUBLISHED[@]}"; do
        cargo "+$version" check --locked --all-features --package "$crate"
    done
}

# Debian's rustc-web of bookworm, which is older than any promise, under $1. Not installed, for a newer
# one serves other steps.
unpack_older_rust() {
    local root=$1 name version wanted=()
    version=$(apt-cache madison rustc-web | awk '$3 ~ /^1\.85\./ { print $3; exit }')
    if [[ -z $version ]]; then
        say "apt-get has no rustc-web 1.85; Debian 12 does"
        return "$SKIPPED"
    fi
    mkdir -p "$root/debs"
    for name in rustc-web cargo-web libstd-rust-web-dev libstd-rust-web-1.85; do
        wanted+=("$name=$version")
    done
    (
        cd "$root/debs"
        apt-get download --quiet --quiet "${wanted[@]}"
        # Libraries that they need and this machine lacks.
        for name in *.deb; do
            dpkg-deb --field "$name" Depends | tr , '\n' | sed 's/^ *//; s/[ |].*//'
        done | sort --unique | while read -r name; do
            has_package "$name" || compgen -G "${name}_*" >/dev/null ||
                apt-get download --quiet --quiet "$name"
        done
        for name in *.deb; do
            dpkg --extract "$name" "$root"
        done
    ) >&2
}

# What Rust 1.85 lacks and a crate of ours uses. Below is checked that the promised Rust has it.
readonly NEWER_THAN_185=let_chains,slice_as_chunks,unsigned_is_multiple_of,const_array_as_mut_slice,integer_sign_cast,target_feature_11,avx512_target_feature,stdarch_x86_avx512

# Name and version since which it is stable, as the compiler in PATH says.
stable_since() {
    RUSTC_BOOTSTRAP=1 rustc --crate-type lib --emit metadata --out-dir "$2" \
        "-Zcrate-attr=feature($1)" - </dev/null 2>&1 |
        sed --quiet --regexp-extended 's/.*feature `([^`]*)` has been stable since `?([0-9.]+)`?.*/\1 \2/p'
}

older_compiler() {
    local dir=$PWD/target/msrv-older tree root=$PWD/target/rust-1.85 version name since heapless intrinsics
    local names=() core
    version=$(promised_rust)
    tree=$dir/tree
    [[ -x $root/usr/bin/cargo ]] || unpack_older_rust "$root"
    copy_of_published "$tree"
    while read -r name since; do
        if [[ $(printf '%s\n' "$since" "$version.0" | sort --version-sort | tail -n 1) != "$version.0" ]]; then
            say "$name is stable since $since only" >&2
            return 1
        fi
        names+=("$name ($since)")
    done < <(stable_since "$NEWER_THAN_185" "$dir" | sort)
    if ((${#names[@]} != $(tr , '\n' <<<"$NEWER_THAN_185" | wc -l))); then
        say "not all of $NEWER_THAN_185 are stable: ${names[*]}" >&2
        return 1
    fi
    cd "$tree"
    # Dependencies that call themselves good for 1.85.
    sed --in-place -e "s/^rust-version = .*/rust-version = \"1.85\"/" \
        -e '/^members = /s/, "doctor"//' Cargo.toml
    rm Cargo.lock
    cargo generate-lockfile --quiet >&2
    # heapless names none. It uses Rust 1.87 for C strings, which we do not: without them then.
    heapless=$(cargo metadata --format-version 1 | python3 -c 'import json, os, sys
print(*(os.path.dirname(p["manifest_path"]) for p in json.load(sys.stdin)["packages"] if p["name"] == "heapless"))')
    cp --recursive "$heapless" heapless
    sed --in-place /c_string/d heapless/src/lib.rs
    sed --in-place 's/^exclude = \[/exclude = ["heapless", /' Cargo.toml
    printf '[patch.crates-io]\nheapless = { path = "heapless" }\n' >>Cargo.toml
    cargo update --quiet --offline heapless >&2
    # Only our crates may use what 1.85 does not have yet.
    printf '#!/bin/sh\nexec "$@" --cap-lints allow "-Zcrate-attr=feature(%s)"\n' "$NEWER_THAN_185" >"$dir/rustc"
    chmod +x "$dir/rustc"
    export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
    export RUSTC=$root/usr/bin/rustc RUSTC_WORKSPACE_WRAPPER=$dir/rustc RUSTC_BOOTSTRAP=1
    export CARGO_TARGET_DIR=$dir/build
    intrinsics=$(python3 .ci/older_intrinsics.py "$root/usr/bin/cargo" check --locked --package srtp-accel)
    core=aes-cm,aes-192,aes-256,f8,gcm,null,cryptex,header-encryption,rcc,counters,alloc,bytes
    "$root/usr/bin/cargo" check --locked --quiet --no-default-features --features "srtp-core/${core//,/,srtp-core\/}" \
        --features sdes-sdp/sdp-types -p srtp-core -p sdes-sdp -p srtp-negotiation >&2
    "$root/usr/bin/cargo" check --locked --quiet --all-features -p srtp-core >&2
    printf 'Not the promised Rust %s itself, which `./ci.sh msrv` asks for, but one older still, %s of\n' \
        "$version" "$("$RUSTC" --version | cut -d ' ' -f 1,2)"
    printf 'Debian 12: with it the four libraries build, with all features, with dependencies that call themselves\n'
    printf 'good for it, and with these unstable features switched on for our crates alone. In brackets since when\n'
    printf 'each is stable, as a newer compiler says. Of what came after 1.85 they use nothing else.\n\n%s.\n\n' \
        "$(printf '%s, ' "${names[@]}" | sed 's/, $//' | fold -s -w 110 | sed 's/ $//')"
    printf 'What features cannot say: %s\nHeapless was built without its C strings.\n' "$intrinsics"
}

step_msrv-older() {
    if ! command -v apt-get >/dev/null || [[ $(uname -m) != x86_64 ]]; then
        say 'wants the packages of Debian 12 for x86-64'
        return "$SKIPPED"
    fi
    evidence msrv-older 'An older compiler' older_compiler
}

# The public API -------------------------------------------------------------------------------

# What a crate offers, one line each; what all features add comes behind what the default ones have.
# Left out is what another line implies: the methods of the common traits, and that a type is Send and
# Sync, so that one which is not shows. The other auto traits are nobody's promise.
readonly API_IMPLIED='
/^impl(<.*>)? core::marker::(Send|Sync) for .* where /b
/^impl(<.*>)? core::marker::(Send|Sync) for /d
/^impl(<.*>)? !?core::(marker::(Freeze|Unpin|UnsafeUnpin|StructuralPartialEq)|panic::unwind_safe::\w+) for /d
/^pub fn .*::(clone|fmt|eq|hash|cmp|partial_cmp|drop|zeroize)\(/d
'

api_listing() {
    local crate=$1 dir=target/api features
    mkdir -p "$dir"
    for features in '' --all-features; do
        cargo +nightly public-api --color never --omit blanket-impls --package "$crate" $features |
            sed --regexp-extended "$API_IMPLIED" >"$dir/$crate$features"
    done
    cat "$dir/$crate"
    if ! cmp --quiet "$dir/$crate" "$dir/$crate--all-features"; then
        printf '\n# With all features\n'
        diff --unchanged-line-format= --old-line-format='gone: %L' --new-line-format=%L \
            "$dir/$crate" "$dir/$crate--all-features" || (($? == 1))
    fi
}

step_api() {
    local crate changed=()
    if ! has_toolchain nightly; then
        say 'no nightly Rust here; to have it: rustup toolchain install nightly'
        return "$SKIPPED"
    fi
    need_cargo_tool cargo-public-api
    mkdir -p docs/api target/api
    for crate in "${PUBLISHED[@]}"; do
        api_listing "$crate" >"target/api/$crate.txt"
        if [[ ${API-} == write ]]; then
            cp "target/api/$crate.txt" "docs/api/$crate.txt"
        elif ! diff --unified=0 "docs/api/$crate.txt" "target/api/$crate.txt"; then
            changed+=("$crate")
        fi
        say "$crate: $(grep --count . "docs/api/$crate.txt") lines"
    done
    if ((${#changed[@]})); then
        say "the public API of ${changed[*]} is not what docs/api says; if that is meant: API=write ./ci.sh api"
        return 1
    fi
}

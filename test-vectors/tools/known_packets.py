"""Writes the known packets under ../srtp/, after checking the reference against the RFCs' vectors.

Read first: reference.py; RFC 3711 Appendix B, RFC 6188 §7, RFC 7714 §16 and §17, RFC 6904 and RFC
9335 Appendix A.

    python3 test-vectors/tools/known_packets.py           write the tables
    python3 test-vectors/tools/known_packets.py --check   only compare them with what is there

Needs Python 3.10 and the `cryptography` package. Everything in the packets is made from names by
SHA-256, so that a second run gives the same bytes.
"""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import rfc_vectors
from reference import SUITES, Session, end_to_end, protect_rtcp, protect_rtp

FOLDER = Path(__file__).resolve().parent.parent / "srtp"


def filler(name: str, length: int) -> bytes:
    """`length` octets that belong to `name` and to nothing else."""
    blocks = (hashlib.sha256(f"{name} {i}".encode()).digest() for i in range(length // 32 + 1))
    return b"".join(blocks)[:length]


# Packets to protect ---------------------------------------------------------------------------


def rtp(name: str, payload: bytes | int, *, seq: int = 0x1234, marker: bool = False,
        csrcs: int = 0, extension: tuple[int, int | bytes] | None = None,
        padding: int = 0) -> bytes:
    """An RTP packet; `extension` is profile and body, or profile and length in 32-bit words."""
    if isinstance(payload, int):
        payload = filler(name, payload)
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension else 0) | csrcs
    packet = bytes([first, (0x80 if marker else 0) | 0x00]) + seq.to_bytes(2, "big")
    packet += (160 * seq).to_bytes(4, "big") + filler(f"{name} ssrc", 4)
    packet += filler(f"{name} csrc", 4 * csrcs)
    if extension:
        profile, body = extension
        if isinstance(body, int):
            body = filler(f"{name} extension", 4 * body)
        packet += profile.to_bytes(2, "big") + (len(body) // 4).to_bytes(2, "big") + body
    packet += payload
    if padding:
        packet += bytes(padding - 1) + bytes([padding])
    return packet


def rtcp_part(first: int, packet_type: int, body: bytes) -> bytes:
    assert len(body) % 4 == 0
    return bytes([first, packet_type]) + (len(body) // 4).to_bytes(2, "big") + body


def sender_report(name: str) -> bytes:
    """SR with one report block, then SDES with a CNAME: a usual compound packet."""
    ssrc = filler(f"{name} ssrc", 4)
    report = rtcp_part(0x81, 200, ssrc + filler(f"{name} sr", 20 + 24))
    cname = b"alice@example.com"
    item = bytes([1, len(cname)]) + cname
    item += bytes(4 - len(item) % 4)
    return report + rtcp_part(0x81, 202, ssrc + item)


def receiver_report(name: str, blocks: int = 0) -> bytes:
    """RR; without report blocks it is the shortest RTCP packet of all, eight octets."""
    body = filler(f"{name} ssrc", 4) + filler(f"{name} rr", 24 * blocks)
    return rtcp_part(0x80 | blocks, 201, body)


def goodbye(name: str) -> bytes:
    return receiver_report(name) + rtcp_part(0x81, 203, filler(f"{name} ssrc", 4))


# Tables ---------------------------------------------------------------------------------------

HEADER = """\
# Known packets: {title}.
#
# Made by test-vectors/tools/known_packets.py, a second implementation from the text of
# {rfcs}, which reproduces the vectors printed there before it writes.
#
# One packet a line, columns separated by blanks, `-` for nothing:
#   what     rtp or rtcp
#   name     which rule the packet is there for
#   suite    name of the crypto-suite
#   key      master key
#   salt     master salt
#   mki      master key identifier, as it stands in the packet
#   policy   session parameters of RFC 4568 §6.3 joined by commas; KDR=n is a rate of 2^n;
#            EXTENSIONS=a+b: their data is encrypted (RFC 6904); CRYPTEX (RFC 9335);
#            RCC=m/R/n: mode, rate and tag length in octets (RFC 4771)
#   roc      rollover counter of an RTP packet, decimal
#   index    index of an SRTCP packet (31 bits), decimal
#   plain    the RTP or RTCP packet
#   secured  the SRTP or SRTCP packet
# Bytes are in hex.
"""


class Table:
    def __init__(self, title: str, rfcs: str):
        self.lines = [HEADER.format(title=title, rfcs=rfcs).rstrip()]

    def section(self, text: str):
        self.lines.append("")
        self.comment(text)

    def comment(self, text: str):
        self.lines.append(f"# {text}")

    def session(self, suite: str, **agreed) -> Session:
        row = SUITES[suite]
        key, salt = filler(f"{suite} key", row.key), filler(f"{suite} salt", row.salt)
        return Session(row, key, salt, **agreed)

    def rtp(self, name: str, session: Session, packet: bytes, roc: int = 0):
        self.row("rtp", name, session, str(roc), "-", packet, protect_rtp(session, roc, packet))

    def rtcp(self, name: str, session: Session, packet: bytes, index: int = 1):
        secured = protect_rtcp(session, index, packet)
        self.row("rtcp", name, session, "-", str(index), packet, secured)

    def row(self, what, name, session, roc, index, plain, secured):
        policy = [word.upper() for word in
                  ("unencrypted_srtp", "unencrypted_srtcp", "unauthenticated_srtp")
                  if getattr(session, word)]
        if session.rate:
            policy.append(f"KDR={session.rate.bit_length() - 1}")
        if session.extensions:
            policy.append("EXTENSIONS=" + "+".join(map(str, sorted(session.extensions))))
        if session.cryptex:
            policy.append("CRYPTEX")
        if session.rcc:
            policy.append("RCC=" + "/".join(map(str, session.rcc)))
        self.lines.append(" ".join([
            what, name, session.suite.name, session.master_key.hex(), session.master_salt.hex(),
            session.mki.hex() or "-", ",".join(policy) or "-", roc, index,
            plain.hex(), secured.hex()]))

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def fill(table: Table, suite: str):
    """The same situations for every suite that has them."""
    plain = table.session(suite)
    gcm = plain.suite.cipher == "gcm"
    null = plain.suite.cipher == "null"

    table.section(f"{suite}: payload lengths around the block size, and those of usual codecs")
    for length in (0, 1, 15, 16, 17, 20, 160, 1200):
        table.rtp(f"payload-{length}", plain, rtp(f"payload-{length}", length))

    table.section(f"{suite}: headers; the payload starts after CSRCs and extension (RFC 3550 §5.1)")
    for name, shape in {
        "marker": dict(marker=True),
        "csrc-1": dict(csrcs=1),
        "csrc-15": dict(csrcs=15),
        "extension-empty": dict(extension=(0xBEDE, 0)),
        "extension-one-byte": dict(extension=(0xBEDE, 2)),
        "extension-two-byte": dict(extension=(0x1000, 3)),
        "csrc-and-extension": dict(csrcs=3, extension=(0xABCD, 4)),
        "padding": dict(padding=8),
    }.items():
        table.rtp(name, plain, rtp(name, 20, **shape))
    table.rtp("csrc-extension-no-payload", plain,
              rtp("csrc-extension-no-payload", 0, csrcs=2, extension=(0xBEDE, 1)))

    table.section(f"{suite}: packet indices (RFC 3711 §3.3.1, §4.1)")
    for name, roc, seq in [("first-of-all", 0, 0), ("last-before-wrap", 0, 0xFFFF),
                           ("first-after-wrap", 1, 0), ("roc-1", 1, 0x1234),
                           ("roc-large", 0xDEADBEEF, 0x8000), ("last-of-all", 0xFFFFFFFF, 0xFFFF)]:
        table.rtp(name, plain, rtp(name, 20, seq=seq), roc)

    table.section(f"{suite}: MKI (RFC 3711 §3.1; up to 128 octets, RFC 4568 §6.1)")
    for length in (1, 4, 32, 128):
        session = replace(plain, mki=filler("mki", length))
        table.rtp(f"mki-{length}", session, rtp(f"mki-{length}", 20))
        table.rtcp(f"mki-{length}", session, sender_report(f"mki-{length}"))

    table.section(f"{suite}: RTCP shapes (RFC 3711 §3.4)")
    table.rtcp("sender-report-and-sdes", plain, sender_report("sr"))
    table.rtcp("receiver-report-empty", plain, receiver_report("rr-empty"))
    table.rtcp("receiver-report-1", plain, receiver_report("rr-1", 1))
    table.rtcp("receiver-report-31", plain, receiver_report("rr-31", 31))
    table.rtcp("goodbye", plain, goodbye("bye"))

    table.section(f"{suite}: SRTCP indices, 0 to 2^31 - 1 (RFC 3711 §3.4)")
    for index in (0, 1, 0x7F, 0x80, 0xFFFF, 0x10000, 0x7FFFFFFF):
        table.rtcp(f"index-{index}", plain, receiver_report(f"index-{index}", 1), index)

    table.section(f"{suite}: session parameters (RFC 4568 §6.3.2, §6.3.3)")
    flagged = [] if null else ["unencrypted_srtp", "unencrypted_srtcp"]
    if gcm:
        table.comment("RFC 7714 §8.2 has every SRTP packet encrypted; §16.1.3 shows one that is not")
    else:
        flagged.append("unauthenticated_srtp")
    for flag in flagged:
        session = replace(plain, **{flag: True})
        name = flag.replace("_", "-")
        with_mki = replace(session, mki=filler("mki", 4))
        table.rtp(name, session, rtp(name, 160), 1)
        table.rtp(f"{name}-no-payload", session, rtp(f"{name}-no-payload", 0), 1)
        table.rtp(f"{name}-mki-4", with_mki, rtp(f"{name}-mki-4", 20), 1)
        table.rtcp(name, session, sender_report(name), 5)
        table.rtcp(f"{name}-empty", session, receiver_report(f"{name}-empty"), 6)
        table.rtcp(f"{name}-mki-4", with_mki, sender_report(f"{name}-mki-4"), 7)
    if len(flagged) > 1:
        session = replace(plain, **{flag: True for flag in flagged})
        table.rtp("all-parameters", session, rtp("all-parameters", 20))
        table.rtcp("all-parameters", session, sender_report("all-parameters"))


def fill_rates(table: Table, suite: str):
    """Packets around the borders where new session keys come into force (RFC 3711 §4.3.1)."""
    for exponent in (0, 1, 8, 16, 24):
        rate = 1 << exponent
        session = table.session(suite, rate=rate)
        table.section(f"{suite}: a key derivation rate of 2^{exponent} packets")
        for index in sorted({0, rate - 1, rate, 2 * rate - 1, 7 * rate, 2**48 - rate, 2**48 - 1}):
            name = f"kdr-{exponent}-at-{index:#x}"
            table.rtp(name, session, rtp(name, 20, seq=index & 0xFFFF), index >> 16)
        for index in sorted({0, rate - 1, rate, 2 * rate - 1, 7 * rate, 2**31 - rate, 2**31 - 1}):
            name = f"kdr-{exponent}-at-{index:#x}"
            table.rtcp(name, session, receiver_report(name, 1), index)


# An extension body for every thing the walk over it must know.
BODIES = {
    "empty": (0xBEDE, b""),
    "one-element": (0xBEDE, bytes.fromhex("10aa0000")),
    "padding-everywhere": (0xBEDE, bytes.fromhex("0010aa00002bb1b2 b3b4b5b6b7b8b9babbbc0000")),
    "one-byte-longest": (0xBEDE, bytes.fromhex("1f") + bytes(range(16)) + bytes.fromhex("4f")
                         + bytes(range(16, 32)) + bytes(2)),
    "id-15-ends-it": (0xBEDE, bytes.fromhex("10aaf0bb10cc0000")),
    "id-0-with-length-ends-it": (0xBEDE, bytes.fromhex("10aa03bb10cc0000")),
    "cut-element": (0xBEDE, bytes.fromhex("10aa4fbb")),
    "two-byte": (0x1000, bytes.fromhex("0104a1a2a3a4 0200 0f01a5 ff02a6a7 00")),
    "two-byte-application-bits": (0x1005, bytes.fromhex("0101aa00 0400 0401bb00 0000")),
    "two-byte-long": (0x1000, bytes.fromhex("01c8") + bytes(range(200)) + bytes(2)),
    "other-profile": (0xABCD, bytes.fromhex("10aa2bb1")),
}


def fill_headers(table: Table, suite: str):
    """Header extensions encrypted element by element (RFC 6904) and whole (RFC 9335)."""
    for title, agreed in {
        "elements 1, 4, 15 and 255 (RFC 6904)": dict(extensions=frozenset((1, 4, 15, 255))),
        "Cryptex (RFC 9335)": dict(cryptex=True),
        "both agreed; Cryptex goes before (RFC 9335 §5)":
            dict(extensions=frozenset((1, 4)), cryptex=True),
    }.items():
        session = table.session(suite, **agreed)
        short = "-".join(sorted(agreed))
        table.section(f"{suite}: {title}")
        for name, extension in BODIES.items():
            for csrcs in (0, 2):
                name_ = f"{short}-{name}-csrc-{csrcs}"
                table.rtp(name_, session, rtp(name_, 20, csrcs=csrcs, extension=extension), 1)
        for csrcs in (0, 1, 15):
            name = f"{short}-no-extension-csrc-{csrcs}"
            table.rtp(name, session, rtp(name, 40, csrcs=csrcs), 3)
        name = f"{short}-csrc-15-no-payload"
        table.rtp(name, session, rtp(name, 0, csrcs=15, extension=BODIES["one-element"]))
        with_mki = replace(session, mki=filler("mki", 4))
        name = f"{short}-mki-4"
        table.rtp(name, with_mki, rtp(name, 20, csrcs=3, extension=BODIES["two-byte"]))
        table.rtcp(name, with_mki, sender_report(name))
    session = table.session(suite, extensions=frozenset((1, 4)), rate=256)
    table.section(f"{suite}: header keys of later key-derivation epochs")
    for seq, roc in ((255, 0), (256, 0), (0xFFFF, 7)):
        name = f"kdr-8-at-{roc}-{seq}"
        packet = rtp(name, 20, seq=seq, extension=BODIES["one-byte-longest"])
        table.rtp(name, session, packet, roc)


def fill_rcc(table: Table, suite: str):
    """Packets that carry the rollover counter and packets that do not (RFC 4771)."""
    gcm = SUITES[suite].cipher == "gcm"
    for mode, tag in [(3, 4)] if gcm else [(1, 14), (2, 14), (1, 8), (2, 20), (3, 4)]:
        for rate in (1, 5):
            session = table.session(suite, rcc=(mode, rate, tag))
            with_mki = replace(session, mki=filler("mki", 3))
            table.section(f"{suite}: RCCm{mode}, R = {rate}, a tag of {tag} octets")
            for seq, roc in ((5, 0), (6, 0), (0, 1), (65535, 0xFFFFFFFF), (10, 0x01020304)):
                name = f"rcc-{mode}-{rate}-{tag}-at-{roc}-{seq}"
                table.rtp(name, session, rtp(name, 20, seq=seq), roc)
                table.rtp(f"{name}-mki-3", with_mki, rtp(f"{name}-mki-3", 20, seq=seq), roc)
            name = f"rcc-{mode}-{rate}-{tag}"
            table.rtcp(name, session, sender_report(name))


DOUBLE_HEADER = """\
# Known packets: double encryption (RFC 8723).
#
# Made by test-vectors/tools/known_packets.py, a second implementation from the text of RFC 8723 and
# RFC 7714, which reproduces the vectors printed in the latter before it writes.
#
# One packet a line, columns separated by blanks:
#   name        which rule the packet is there for
#   suite       suite of either half
#   key         master key, inner half and outer half
#   salt        master salt, inner half and outer half
#   roc         the speaker's rollover counter, decimal
#   hop_roc     the last hop's rollover counter, decimal
#   plain       the RTP packet as spoken
#   changed     its first four octets after a media distributor changed them
#   end_to_end  the packet between the transforms, its original-header block included
#   secured     the SRTP packet on the last hop
# Bytes are in hex.
"""


def double() -> str:
    lines = [DOUBLE_HEADER.rstrip()]
    for suite in ("AEAD_AES_128_GCM", "AEAD_AES_256_GCM"):
        row = SUITES[suite]
        inner = Session(row, filler(f"{suite} inner", row.key), filler(f"{suite} inner s", row.salt))
        outer = Session(row, filler(f"{suite} outer", row.key), filler(f"{suite} outer s", row.salt))
        lines += ["", f"# {suite} twice"]
        shapes = {
            "plain": dict(),
            "marker": dict(marker=True),
            "csrc-15": dict(csrcs=15),
            "extension": dict(extension=(0xBEDE, 2)),
            "csrc-and-extension": dict(csrcs=2, extension=(0x1000, 3)),
            "padding": dict(padding=4),
        }
        for name, shape in shapes.items():
            packet = rtp(f"double-{name}", 20, **shape)
            first, second, s0, s1 = packet[:4]
            for what, changed in {
                "unchanged": packet[:4],
                "payload-type": bytes([first, second ^ 0x11, s0, s1]),
                "sequence-number": bytes([first, second, s0 ^ 0x40, s1 ^ 1]),
                "marker": bytes([first, second ^ 0x80, s0, s1]),
                "everything": bytes([first, second ^ 0x91, s0 ^ 0x20, s1 ^ 3]),
            }.items():
                for roc, hop_roc in ((0, 0), (7, 9)):
                    middle = end_to_end(inner, roc, packet, changed)
                    secured = protect_rtp(outer, hop_roc, middle)
                    lines.append(" ".join([
                        f"{name}-{what}-roc-{roc}", suite,
                        (inner.master_key + outer.master_key).hex(),
                        (inner.master_salt + outer.master_salt).hex(),
                        str(roc), str(hop_roc), packet.hex(), changed.hex(), middle.hex(),
                        secured.hex()]))
    return "\n".join(lines) + "\n"


def table(title: str, rfcs: str, *suites: str, fill=fill) -> str:
    made = Table(title, rfcs)
    for suite in suites:
        fill(made, suite)
    return made.text()


def tables() -> dict[str, str]:
    return {
        "known-packets.txt": table(
            "AES-CM with 128-bit keys", "RFC 3711",
            "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"),
        "known-packets-aes-192-256.txt": table(
            "AES-CM with 192- and 256-bit keys", "RFC 3711 and RFC 6188",
            "AES_192_CM_HMAC_SHA1_80", "AES_192_CM_HMAC_SHA1_32",
            "AES_256_CM_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32"),
        "known-packets-gcm.txt": table(
            "AES-GCM", "RFC 3711 and RFC 7714", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"),
        "known-packets-f8.txt": table("AES-f8", "RFC 3711", "F8_128_HMAC_SHA1_80"),
        "known-packets-null.txt": table(
            "no encryption; E is 0 in every SRTCP packet", "RFC 3711",
            "NULL_HMAC_SHA1_80", "NULL_HMAC_SHA1_32"),
        "known-packets-kdr.txt": table(
            "key derivation rates other than 0", "RFC 3711", "AES_CM_128_HMAC_SHA1_80",
            fill=fill_rates),
        "known-packets-headers.txt": table(
            "encrypted header extensions", "RFC 3711, RFC 7714, RFC 6904 and RFC 9335",
            "AES_CM_128_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32", "F8_128_HMAC_SHA1_80",
            "AEAD_AES_128_GCM", "AEAD_AES_256_GCM", "NULL_HMAC_SHA1_80", fill=fill_headers),
        "known-packets-rcc.txt": table(
            "rollover counters in the packets", "RFC 3711, RFC 7714 and RFC 4771",
            "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "F8_128_HMAC_SHA1_80",
            "NULL_HMAC_SHA1_80", "AEAD_AES_128_GCM", fill=fill_rcc),
        "known-packets-double.txt": double(),
    }


def main() -> int:
    rfc_vectors.check()
    stale = 0
    for name, text in tables().items():
        path = FOLDER / name
        if "--check" in sys.argv[1:]:
            same = path.exists() and path.read_text() == text
            stale += not same
            print(f"{name}: {'up to date' if same else 'DIFFERS'}")
        else:
            path.write_text(text)
            packets = sum(bool(line) and not line.startswith("#") for line in text.splitlines())
            print(f"{name}: {packets} packets")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

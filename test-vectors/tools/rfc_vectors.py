"""Holds the reference against every test vector the RFCs print.

Read first: RFC 3711 Appendix B, RFC 6188 §7, RFC 7714 §16 and §17, RFC 6904 and RFC 9335 Appendix A.
"""

from pathlib import Path

from reference import (
    SUITES, Session, SessionKeys, aes, cm_iv, cm_keystream, derive, element_mask, encrypt_elements,
    f8_keystream, gcm_rtcp_iv, gcm_rtp_iv, protect_rtp, secure_rtcp, secure_rtp, xor)

FOLDER = Path(__file__).resolve().parent.parent / "srtp"


def read(name: str) -> dict[str, bytes]:
    """A file of `name = hex` lines; `#` starts a comment."""
    lines = (line.split("#")[0] for line in (FOLDER / name).read_text().splitlines())
    pairs = (line.split("=") for line in lines if line.strip())
    return {key.strip(): bytes.fromhex(value.strip()) for key, value in pairs}


def number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def same(what: str, made: bytes, printed: bytes):
    if made != printed:
        raise SystemExit(f"{what}: made {made.hex()}, the RFC prints {printed.hex()}")


def rfc3711_b1():
    v = read("rfc3711-b1-f8.txt")
    keys = SessionKeys(v["session_key"], b"", v["session_salt"])
    session = Session(SUITES["F8_128_HMAC_SHA1_80"], b"", b"", unauthenticated_srtp=True)
    made = secure_rtp(session, keys, number(v["roc"]), v["header"] + v["payload"])
    same("B.1 packet", made, v["header"] + v["ciphertext"])
    # The printed steps, each from the printed step before it.
    same("B.1 m", v["session_salt"] + b"\x55" * 12, v["key_mask"])
    same("B.1 k_e xor m", xor(v["session_key"], v["key_mask"]), v["masked_key"])
    same("B.1 IV", b"\0" + v["header"][1:] + v["roc"], v["iv"])
    same("B.1 IV'", aes(v["masked_key"], v["iv"]), v["masked_iv"])
    stream = v["s_0"] + v["s_1"] + v["s_2"]
    same("B.1 S", f8_keystream(v["session_key"], v["session_salt"], v["iv"], 48), stream)


def counter_mode(name: str):
    v = read(name)
    index = number(v["roc"]) << 16 | number(v["sequence_number"])
    iv = cm_iv(v["session_salt"], number(v["ssrc"]), index)
    same(f"{name}: iv", iv.to_bytes(16, "big"), v["iv"])
    stream = cm_keystream(v["session_key"], iv, 1044512)
    for block in (key for key in v if key.startswith("block_")):
        at = 16 * int(block.removeprefix("block_"), 16)
        same(f"{name}: {block}", stream[at:at + 16], v[block])


def key_derivation(name: str):
    v = read(name)
    for label, key in enumerate(["cipher_key", "auth_key", "cipher_salt"]):
        made, first = derive(v["master_key"], v["master_salt"], label, len(v[key])), v[key][:16]
        same(f"{name}: {key}", made, v[key])
        same(f"{name}: {key}_input", aes(v["master_key"], v[f"{key}_input"])[:len(first)], first)


def gcm(name: str, secure, make_iv, counter: str):
    v = read(name)
    same(f"{name}: iv", make_iv(v["salt"], number(v[counter]), v["packet"]), v["iv"])
    for bits in (128, 256):
        suite = SUITES[f"AEAD_AES_{bits}_GCM"]
        keys = SessionKeys(v[f"key_{bits}"], b"", v["salt"])
        for form, clear in (("encrypted", False), ("tagged", True)):
            session = Session(suite, b"", b"", unencrypted_srtp=clear, unencrypted_srtcp=clear)
            made = secure(session, keys, number(v[counter]), v["packet"])
            same(f"{name}: {form}_{bits}", made, v[f"{form}_{bits}"])


def header_encryption():
    v = read("rfc6904-a-header-encryption.txt")
    k_he = derive(v["master_key"], v["master_salt"], 6, 16)
    k_hs = derive(v["master_key"], v["master_salt"], 7, 14)
    same("RFC 6904 A.1 k_he", k_he, v["header_cipher_key"])
    same("RFC 6904 A.1 k_hs", k_hs, v["header_cipher_salt"])
    iv = cm_iv(k_hs, number(v["ssrc"]), number(v["sequence_number"]))
    same("RFC 6904 A.2 IV", iv.to_bytes(16, "big"), v["iv"])
    same("RFC 6904 A.2 keystream", cm_keystream(k_he, iv, 24), v["keystream"])
    ids = frozenset((1, 3, 4))
    same("RFC 6904 A.2 mask", element_mask(0xBEDE, v["extension"], ids), v["mask"])
    packet = (bytes.fromhex("9000") + v["sequence_number"] + bytes(4) + v["ssrc"]
              + bytes.fromhex("bede0006") + v["extension"])
    session = Session(SUITES["AES_CM_128_HMAC_SHA1_80"], b"", b"", extensions=ids)
    made = encrypt_elements(session, k_he, k_hs, number(v["roc"]), packet)
    same("RFC 6904 A.2 ciphertext", made[16:], v["encrypted"])


def cryptex():
    for line in (FOLDER / "rfc9335-a-cryptex.txt").read_text().splitlines():
        if not line.startswith("rtp "):
            continue
        _, name, suite, key, salt, _, _, roc, _, plain, secured = line.split()
        session = Session(SUITES[suite], bytes.fromhex(key), bytes.fromhex(salt), cryptex=True)
        made = protect_rtp(session, int(roc), bytes.fromhex(plain))
        same(f"RFC 9335 {suite} {name}", made, bytes.fromhex(secured))


def check():
    header_encryption()
    cryptex()
    rfc3711_b1()
    for name in ("rfc3711-b2-aes-cm", "rfc6188-7.1-aes-256-cm", "rfc6188-7.3-aes-192-cm"):
        counter_mode(f"{name}.txt")
    for name in ("rfc3711-b3-key-derivation", "rfc6188-7.2-aes-256-cm-prf",
                 "rfc6188-7.4-aes-192-cm-prf"):
        key_derivation(f"{name}.txt")
    gcm("rfc7714-16-srtp-gcm.txt", secure_rtp, gcm_rtp_iv, "roc")
    gcm("rfc7714-17-srtcp-gcm.txt", secure_rtcp, gcm_rtcp_iv, "index")

"""SRTP and SRTCP written down a second time, slowly, to say what a protected packet must be.

Read first: RFC 3711 §3.1, §3.4 and §4; RFC 6188 §2 and §3; RFC 7714 §8, §9 and §11.

One function per formula, arguments named as in the RFCs, integers for whatever an RFC writes as an
integer. Nothing here is shared with the Rust libraries: agreement of the two means something.
Only AES itself, AES-GCM, HMAC and SHA-1 come from elsewhere.
"""

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def xor(a: bytes, b: bytes) -> bytes:
    assert len(a) == len(b)
    return bytes(x ^ y for x, y in zip(a, b))


def aes(key: bytes, blocks: bytes) -> bytes:
    """E(k, x) of RFC 3711 §4.1, for one or many blocks."""
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(blocks)


# Keystreams and IVs (RFC 3711 §4.1) -----------------------------------------------------------


def cm_keystream(key: bytes, iv: int, length: int) -> bytes:
    """§4.1.1: E(k, IV) || E(k, IV + 1 mod 2^128) || ..."""
    blocks = (length + 15) // 16
    counters = b"".join(((iv + i) % 2**128).to_bytes(16, "big") for i in range(blocks))
    return aes(key, counters)[:length]


def cm_iv(k_s: bytes, ssrc: int, index: int) -> int:
    """§4.1.1: IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16)."""
    return (int.from_bytes(k_s, "big") << 16) ^ (ssrc << 64) ^ (index << 16)


def f8_keystream(k_e: bytes, k_s: bytes, iv: bytes, length: int) -> bytes:
    """§4.1.2.1: m = k_s || 0x555..5, IV' = E(k_e XOR m, IV), S(j) = E(k_e, IV' XOR j XOR S(j-1))."""
    m = k_s + b"\x55" * (len(k_e) - len(k_s))
    masked_iv = aes(xor(k_e, m), iv)
    stream, s = b"", bytes(16)
    for j in range((length + 15) // 16):
        s = aes(k_e, xor(xor(masked_iv, j.to_bytes(16, "big")), s))
        stream += s
    return stream[:length]


def gcm_rtp_iv(k_s: bytes, roc: int, packet: bytes) -> bytes:
    """RFC 7714 §8.1: (00 00 || SSRC || ROC || SEQ) XOR salt."""
    return xor(bytes(2) + packet[8:12] + roc.to_bytes(4, "big") + packet[2:4], k_s)


def gcm_rtcp_iv(k_s: bytes, index: int, packet: bytes) -> bytes:
    """RFC 7714 §9.1: (00 00 || SSRC || 00 00 || 0 || SRTCP index) XOR salt."""
    return xor(bytes(2) + packet[4:8] + bytes(2) + index.to_bytes(4, "big"), k_s)


# Key derivation (RFC 3711 §4.3) ---------------------------------------------------------------


def derive(master_key: bytes, master_salt: bytes, label: int, length: int,
           index: int = 0, rate: int = 0) -> bytes:
    """§4.3.1 and §4.3.3: PRF_n(k_master, x), x = (<label> || r) XOR master_salt.

    The AES key size of the PRF is that of the master key (RFC 6188 §3). A 96-bit salt takes the
    upper 12 of the 14 octets (RFC 7714 §11). The SRTCP index fills r's 48 bits like any other: the
    "32-bit quantity" of §4.3.2 would move the label, and nobody does that.
    """
    r = index // rate if rate else 0
    key_id = (label << 48) | r
    x = key_id ^ int.from_bytes(master_salt.ljust(14, b"\0"), "big")
    return cm_keystream(master_key, x << 16, length)


# Suites ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Suite:
    name: str
    cipher: str         # "cm", "f8", "gcm" or "null"
    key: int            # octets of the master key and of k_e
    salt: int           # octets of the master salt and of k_s
    srtp_tag: int       # octets
    srtcp_tag: int      # octets; RFC 3711 §5.2 allows SRTCP no less than 80 bits of HMAC-SHA1


SUITES = {suite.name: suite for suite in [
    Suite("AES_CM_128_HMAC_SHA1_80", "cm", 16, 14, 10, 10),
    Suite("AES_CM_128_HMAC_SHA1_32", "cm", 16, 14, 4, 10),
    Suite("AES_192_CM_HMAC_SHA1_80", "cm", 24, 14, 10, 10),
    Suite("AES_192_CM_HMAC_SHA1_32", "cm", 24, 14, 4, 10),
    Suite("AES_256_CM_HMAC_SHA1_80", "cm", 32, 14, 10, 10),
    Suite("AES_256_CM_HMAC_SHA1_32", "cm", 32, 14, 4, 10),
    Suite("F8_128_HMAC_SHA1_80", "f8", 16, 14, 10, 10),
    Suite("NULL_HMAC_SHA1_80", "null", 16, 14, 10, 10),
    Suite("NULL_HMAC_SHA1_32", "null", 16, 14, 4, 10),
    Suite("AEAD_AES_128_GCM", "gcm", 16, 12, 16, 16),
    Suite("AEAD_AES_256_GCM", "gcm", 32, 12, 16, 16),
]}


@dataclass(frozen=True)
class SessionKeys:
    k_e: bytes
    k_a: bytes
    k_s: bytes


@dataclass(frozen=True)
class Session:
    """What both ends agreed. `rate` is the key derivation rate itself, not its exponent."""
    suite: Suite
    master_key: bytes
    master_salt: bytes
    mki: bytes = b""
    unencrypted_srtp: bool = False
    unencrypted_srtcp: bool = False
    unauthenticated_srtp: bool = False
    rate: int = 0

    def keys(self, labels: tuple[int, int, int], index: int) -> SessionKeys:
        """The keys of the packet with this index. HMAC-SHA1 takes 160 bits (RFC 3711 §5.2)."""
        lengths = (self.suite.key, 20, self.suite.salt)
        return SessionKeys(*(
            derive(self.master_key, self.master_salt, label, length, index, self.rate)
            for label, length in zip(labels, lengths)))


# Packets --------------------------------------------------------------------------------------


def rtp_header_length(packet: bytes) -> int:
    """RFC 3550 §5.1 and §5.3.1: 12 octets, the CSRCs, and the extension if X is set."""
    length = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        length += 4 + 4 * int.from_bytes(packet[length + 2:length + 4], "big")
    assert length <= len(packet)
    return length


def rtp_index(roc: int, packet: bytes) -> int:
    """RFC 3711 §3.3.1: i = 2^16 * ROC + SEQ."""
    return (roc << 16) | int.from_bytes(packet[2:4], "big")


def protect_rtp(session: Session, roc: int, packet: bytes) -> bytes:
    return secure_rtp(session, session.keys((0, 1, 2), rtp_index(roc, packet)), roc, packet)


def protect_rtcp(session: Session, index: int, packet: bytes) -> bytes:
    return secure_rtcp(session, session.keys((3, 4, 5), index), index, packet)


def secure_rtp(session: Session, keys: SessionKeys, roc: int, packet: bytes) -> bytes:
    """RFC 3711 §3.1 and §3.3; RFC 7714 §8 for GCM."""
    suite = session.suite
    split = rtp_header_length(packet)
    header, plaintext = packet[:split], packet[split:]
    roc_octets = roc.to_bytes(4, "big")

    if suite.cipher == "gcm":
        iv = gcm_rtp_iv(keys.k_s, roc, packet)
        if session.unencrypted_srtp:  # §8.2 would not have it; §16.1.3 shows what it looks like
            sealed = packet + AESGCM(keys.k_e).encrypt(iv, b"", packet)
        else:
            sealed = header + AESGCM(keys.k_e).encrypt(iv, plaintext, header)
        return sealed + session.mki

    if suite.cipher == "null" or session.unencrypted_srtp:
        stream = bytes(len(plaintext))
    elif suite.cipher == "cm":
        iv = cm_iv(keys.k_s, int.from_bytes(packet[8:12], "big"), rtp_index(roc, packet))
        stream = cm_keystream(keys.k_e, iv, len(plaintext))
    else:
        # §4.1.2.2: IV = 0x00 || M || PT || SEQ || TS || SSRC || ROC
        stream = f8_keystream(keys.k_e, keys.k_s, b"\0" + packet[1:12] + roc_octets, len(plaintext))

    authenticated = header + xor(plaintext, stream)
    tag = hmac.digest(keys.k_a, authenticated + roc_octets, "sha1")[:suite.srtp_tag]
    return authenticated + session.mki + (b"" if session.unauthenticated_srtp else tag)


def secure_rtcp(session: Session, keys: SessionKeys, index: int, packet: bytes) -> bytes:
    """RFC 3711 §3.4; RFC 7714 §9 for GCM. The first eight octets stay in the clear."""
    assert 0 <= index < 2**31
    suite = session.suite
    header, plaintext = packet[:8], packet[8:]
    encrypted = suite.cipher != "null" and not session.unencrypted_srtcp
    e_index = ((encrypted << 31) | index).to_bytes(4, "big")

    if suite.cipher == "gcm":
        iv = gcm_rtcp_iv(keys.k_s, index, packet)
        if encrypted:
            sealed = header + AESGCM(keys.k_e).encrypt(iv, plaintext, header + e_index)
        else:
            sealed = packet + AESGCM(keys.k_e).encrypt(iv, b"", packet + e_index)
        return sealed + e_index + session.mki

    if not encrypted:
        stream = bytes(len(plaintext))
    elif suite.cipher == "cm":
        iv = cm_iv(keys.k_s, int.from_bytes(packet[4:8], "big"), index)
        stream = cm_keystream(keys.k_e, iv, len(plaintext))
    else:
        # §4.1.2.3: IV = 0..0 || E || SRTCP index || V || P || RC || PT || length || SSRC
        stream = f8_keystream(keys.k_e, keys.k_s, bytes(4) + e_index + header, len(plaintext))

    authenticated = header + xor(plaintext, stream) + e_index
    tag = hmac.digest(keys.k_a, authenticated, "sha1")[:suite.srtcp_tag]
    return authenticated + session.mki + tag

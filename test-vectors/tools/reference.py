"""SRTP and SRTCP written down a second time, slowly, to say what a protected packet must be.

Read first: RFC 3711 §3.1, §3.4 and §4; RFC 6188 §2 and §3; RFC 7714 §8, §9 and §11; RFC 6904 §3;
RFC 9335 §5 and §6; RFC 4771 §2; RFC 8723 §4 and §5.

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
    extensions: frozenset[int] = frozenset()    # IDs whose data is encrypted (RFC 6904)
    cryptex: bool = False                       # RFC 9335
    rcc: tuple[int, int, int] | None = None     # mode, R and tag length (RFC 4771)

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
    index = rtp_index(roc, packet)
    if session.extensions and not (session.cryptex and hides(packet)):
        header_keys = session.keys((6, 1, 7), index)
        # AES-CM's salt has 112 bits, with AES-GCM too (RFC 7714 §8.3).
        k_hs = derive(session.master_key, session.master_salt, 7, 14, index, session.rate)
        packet = encrypt_elements(session, header_keys.k_e, k_hs, roc, packet)
    return secure_rtp(session, session.keys((0, 1, 2), index), roc, packet)


def protect_rtcp(session: Session, index: int, packet: bytes) -> bytes:
    return secure_rtcp(session, session.keys((3, 4, 5), index), index, packet)


def extension_at(packet: bytes) -> int:
    return 12 + 4 * (packet[0] & 0x0F)


def element_mask(profile: int, body: bytes, ids: frozenset[int]) -> bytes:
    """RFC 6904 §3.1 over RFC 8285 §4.2 and §4.3: 0xff where data of an element in `ids` stands."""
    mask, at = bytearray(len(body)), 0
    two_byte = profile & 0xFFF0 == 0x1000
    if profile != 0xBEDE and not two_byte:
        return bytes(mask)
    while at < len(body):
        if body[at] == 0:
            at += 1
            continue
        if two_byte:
            if at + 1 == len(body):
                break
            number, start, length = body[at], at + 2, body[at + 1]
        else:
            number, start, length = body[at] >> 4, at + 1, (body[at] & 0x0F) + 1
        if number == 0 or (number == 15 and not two_byte) or start + length > len(body):
            break
        if number in ids:
            mask[start:start + length] = b"\xff" * length
        at = start + length
    return bytes(mask)


def rtp_keystream(suite: Suite, k_e: bytes, k_s: bytes, roc: int, packet: bytes,
                  length: int) -> bytes:
    """The keystream of AES-CM, f8 and NULL for a packet; AES-GCM's headers take AES-CM's."""
    if suite.cipher == "null":
        return bytes(length)
    if suite.cipher == "f8":
        # §4.1.2.2: IV = 0x00 || M || PT || SEQ || TS || SSRC || ROC
        return f8_keystream(k_e, k_s, b"\0" + packet[1:12] + roc.to_bytes(4, "big"), length)
    iv = cm_iv(k_s, int.from_bytes(packet[8:12], "big"), rtp_index(roc, packet))
    return cm_keystream(k_e, iv, length)


def encrypt_elements(session: Session, k_he: bytes, k_hs: bytes, roc: int, packet: bytes) -> bytes:
    """RFC 6904 §3: EncryptedHeader = (Encrypt(Key, Plaintext) AND MASK) OR (Plaintext AND NOT MASK)."""
    if not packet[0] & 0x10:
        return packet
    at, end = extension_at(packet), rtp_header_length(packet)
    body = packet[at + 4:end]
    mask = element_mask(int.from_bytes(packet[at:at + 2], "big"), body, session.extensions)
    stream = rtp_keystream(session.suite, k_he, k_hs, roc, packet, len(body))
    body = bytes(p ^ (s & m) for p, s, m in zip(body, stream, mask))
    return packet[:at + 4] + body + packet[end:]


def hides(packet: bytes) -> bool:
    """RFC 9335 §5.1: whether there is something for Cryptex to hide."""
    if not packet[0] & 0x10:
        return packet[0] & 0x0F > 0
    at = extension_at(packet)
    profile = int.from_bytes(packet[at:at + 2], "big")
    return profile == 0xBEDE or profile & 0xFFF0 == 0x1000


def rcc_lengths(session: Session, packet: bytes) -> tuple[int, int]:
    """RFC 4771 §2 and §5: octets of ROC and of MAC in the tag of this packet."""
    aead = session.suite.cipher == "gcm"
    if session.rcc is None:
        return 0, 0 if aead or session.unauthenticated_srtp else session.suite.srtp_tag
    mode, rate, tag = session.rcc
    carried = int.from_bytes(packet[2:4], "big") % rate == 0
    mac = {(1, True): tag - 4, (2, True): tag - 4, (2, False): tag}.get((mode, carried), 0)
    return (4 if carried else 0), mac


def secure_rtp(session: Session, keys: SessionKeys, roc: int, packet: bytes) -> bytes:
    """RFC 3711 §3.1 and §3.3; RFC 7714 §8 for GCM; RFC 9335 §6 for Cryptex; RFC 4771 §2."""
    suite = session.suite
    roc_octets = roc.to_bytes(4, "big")
    csrc_end = extension_at(packet)
    cryptex = session.cryptex and hides(packet)
    if cryptex:
        if not packet[0] & 0x10:
            empty = b"\xbe\xde\0\0"
            packet = bytes([packet[0] | 0x10]) + packet[1:csrc_end] + empty + packet[csrc_end:]
        tag = b"\xc0\xde" if packet[csrc_end] == 0xBE else b"\xc2\xde"
        # "Associated Data: fixed header || extension header"; "Plaintext = CSRC identifiers ||
        # header extension data || RTP payload"
        associated = packet[:12] + tag + packet[csrc_end + 2:csrc_end + 4]
        plaintext = packet[12:csrc_end] + packet[csrc_end + 4:]
    else:
        split = len(packet) if session.unencrypted_srtp else rtp_header_length(packet)
        associated, plaintext = packet[:split], packet[split:]

    aead_tag = b""
    if suite.cipher == "gcm":
        # §8.2 would not have a packet unencrypted; §16.1.3 shows what it looks like
        iv = gcm_rtp_iv(keys.k_s, roc, packet)
        sealed = AESGCM(keys.k_e).encrypt(iv, plaintext, associated)
        ciphertext, aead_tag = sealed[:-16], sealed[-16:]
    else:
        stream = rtp_keystream(suite, keys.k_e, keys.k_s, roc, packet, len(plaintext))
        ciphertext = xor(plaintext, stream)

    if cryptex:
        csrcs = csrc_end - 12
        secured = associated[:12] + ciphertext[:csrcs] + associated[12:] + ciphertext[csrcs:]
    else:
        secured = associated + ciphertext
    mac = b"" if suite.cipher == "gcm" else hmac.digest(keys.k_a, secured + roc_octets, "sha1")
    roc_length, mac_length = rcc_lengths(session, packet)
    return secured + aead_tag + session.mki + roc_octets[:roc_length] + mac[:mac_length]


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


# Double encryption (RFC 8723) -----------------------------------------------------------------


def original_header_block(original: bytes, changed: bytes) -> bytes:
    """§4: what of payload type, sequence number and marker the header said before."""
    config, block = 0, b""
    if original[1] & 0x7F != changed[1] & 0x7F:
        config, block = config | 0x02, block + bytes([original[1] & 0x7F])
    if original[2:4] != changed[2:4]:
        config, block = config | 0x01, block + original[2:4]
    if original[1] & 0x80 != changed[1] & 0x80:
        config |= 0x04 | (0x08 if original[1] & 0x80 else 0)
    return block + bytes([config])


def end_to_end(session: Session, roc: int, packet: bytes, changed: bytes) -> bytes:
    """§5.1 steps 3 to 5, and §5.2: the packet between both transforms, after somebody made its
    first four octets `changed`."""
    split, csrc_end = rtp_header_length(packet), extension_at(packet)
    synthetic = bytes([packet[0] & ~0x10]) + packet[1:csrc_end] + packet[split:]
    sealed = secure_rtp(session, session.keys((0, 1, 2), rtp_index(roc, packet)), roc, synthetic)
    block = original_header_block(packet[:4], changed)
    return changed + packet[4:split] + sealed[csrc_end:] + block

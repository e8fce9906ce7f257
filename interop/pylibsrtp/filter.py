"""Packets through pylibsrtp, one a line: `protect HEX` in, `ok HEX` or `error WHAT` out.

    filter.py SUITE KEY_AND_SALT_IN_HEX

The verbs are the methods of pylibsrtp's Session.
"""

import sys

from pylibsrtp import Error, Policy, Session

PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}


def session(ssrc_type):
    return Session(Policy(key=bytes.fromhex(sys.argv[2]), ssrc_type=ssrc_type,
                          srtp_profile=PROFILES[sys.argv[1]]))


SESSIONS = {
    "protect": session(Policy.SSRC_ANY_OUTBOUND),
    "unprotect": session(Policy.SSRC_ANY_INBOUND),
}

for line in sys.stdin:
    verb, packet = line.split()
    method = getattr(SESSIONS[verb.removesuffix("_rtcp")], verb)
    try:
        print("ok", method(bytes.fromhex(packet)).hex(), flush=True)
    except Error as error:
        print("error", error, flush=True)

#!/usr/bin/env python3
"""Makes the captures in test-vectors/captures/ that other programs' calls are recorded in.

Needs root, Linux, and the Debian packages of `baresip`, `linphone-cli`, `ffmpeg`, `gstreamer1.0-tools`,
`gstreamer1.0-plugins-good`, `gstreamer1.0-plugins-bad`, `tcpdump`, `iproute2`. Two network namespaces with a
wire between them are made for the time of a call; nothing leaves them. Keys are fresh every time,
so that a new run gives other bytes and the same story.

    captures.py [NAME ...]     makes the captures named, all without a name
"""

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CAPTURES = Path(__file__).resolve().parent.parent / "captures"
SPEECH = CAPTURES / "speech-8khz-mono.wav"
# Caller and callee: namespace, interface, address.
A = ("srtp-doc-a", "sdoc-va", "10.78.0.1")
B = ("srtp-doc-b", "sdoc-vb", "10.78.0.2")


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


class Wire:
    """Two namespaces with a wire between them."""

    def __enter__(self):
        for name, _, _ in (A, B):
            run("ip", "netns", "add", name)
        run("ip", "link", "add", A[1], "type", "veth", "peer", "name", B[1])
        for name, link, address in (A, B):
            run("ip", "link", "set", link, "netns", name)
            run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", link)
            run("ip", "-n", name, "link", "set", link, "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", name, "route", "add", "default", "dev", link)
            run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        self.children = []
        return self

    def __exit__(self, *_):
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
        for name, _, _ in (A, B):
            subprocess.run(["ip", "netns", "del", name], check=False)

    def start(self, where, *command, **options):
        words = ["ip", "netns", "exec", where[0], *map(str, command)]
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        child = subprocess.Popen(words, **options)
        self.children.append(child)
        return child

    def record(self, name, what="udp or tcp"):
        """Captures the caller's end of the wire into a file."""
        path = CAPTURES / name
        command = ["tcpdump", "-Z", "root", "-U", "-i", A[1], "-w", path, what]
        child = self.start(A, *command)
        time.sleep(1)
        return child

    def stop(self, child):
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        child.wait(10)


# baresip --------------------------------------------------------------------------------------

BARESIP = """\
sip_listen {address}:5060
audio_player aubridge,nil
audio_source aufile,{speech}
audio_alert aubridge,nil
rtp_ports 9000-9100
audio_buffer 20-160
ctrl_tcp_listen 127.0.0.1:4444
module_path /usr/lib/baresip/modules
module aufile.so
module aubridge.so
module g711.so
module srtp.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
"""


def baresip(wire, where, home, account):
    home.mkdir()
    (home / "config").write_text(BARESIP.format(address=where[2], speech=SPEECH))
    (home / "accounts").write_text(account + "\n")
    (home / "contacts").write_text("")
    return wire.start(where, "baresip", "-4", "-f", home, stdin=subprocess.DEVNULL)


def tell(where, command, params=""):
    """One command to the baresip of a namespace, as a netstring of JSON."""
    text = json.dumps({"command": command, "params": params})
    code = (
        "import socket,sys;s=socket.create_connection(('127.0.0.1',4444));"
        "s.sendall(sys.argv[1].encode());s.settimeout(1);print(s.recv(4000))"
    )
    run("ip", "netns", "exec", where[0], sys.executable, "-c", code, f"{len(text)}:{text},",
        stdout=subprocess.DEVNULL)


def baresip_call(name, caller, callee, steps, uri="sip:b@10.78.0.2"):
    with Wire() as wire, tempfile.TemporaryDirectory() as home:
        home = Path(home)
        plain = "regint=0;audio_codecs=pcmu/8000/1;ptime=60"
        baresip(wire, B, home / "b", f"<sip:b@{B[2]}>;{plain};{callee}")
        baresip(wire, A, home / "a", f"<sip:a@{A[2]}>;{plain};{caller}")
        time.sleep(2)
        recording = wire.record(name)
        tell(A, "dial", uri)
        time.sleep(0.5)
        if steps:
            tell(B, "accept")
        time.sleep(1)
        for step in steps:
            tell(A, step)
            time.sleep(1.5)
        wire.stop(recording)


def baresip_hold():
    secured = "mediaenc=srtp-mand"
    steps = ["hold", "resume", "hangup"]
    baresip_call("baresip-hold.pcap", secured, secured, steps)


def baresip_refused():
    baresip_call("baresip-refused-488.pcap", "mediaenc=srtp-mand", "mediaenc=none", [])


# Linphone -------------------------------------------------------------------------------------

LINPHONE = """\
[sip]
sip_port=5060
sip_tcp_port=5060
sip_tls_port=-1
media_encryption=srtp
media_encryption_mandatory=1
srtp_crypto_suites=AES_256_CM_HMAC_SHA1_80
keep_srtp_keys=0
contact="{user}" <sip:{user}@{address}>
[rtp]
audio_rtp_port=7078
[net]
firewall_policy=0
ipv6=0
[audio_codec_0]
mime=PCMU
rate=8000
channels=1
enabled=1
"""


def linphone(wire, where, home, user, *options):
    # Without these it has no database and does not start.
    for path in (".local/share/linphone", ".config/linphone"):
        (home / path).mkdir(parents=True)
    (home / "linphonerc").write_text(LINPHONE.format(user=user, address=where[2]))
    # It reads commands and does its work only on a terminal.
    command = f"linphonec -c {home}/linphonerc {' '.join(options)}"
    environment = {**os.environ, "HOME": str(home), "TERM": "dumb"}
    return wire.start(where, "script", "-qfc", command, "/dev/null", stdin=subprocess.PIPE,
                      env=environment, cwd=home, text=True)


def say(child, text, seconds):
    child.stdin.write(text + "\n")
    child.stdin.flush()
    time.sleep(seconds)


def linphone_rekey():
    """SIP over TCP, AES-256, and a hold and a resume with new keys each."""
    with Wire() as wire, tempfile.TemporaryDirectory() as home:
        home = Path(home)
        callee = linphone(wire, B, home / "b", "b", "-a")
        caller = linphone(wire, A, home / "a", "a")
        time.sleep(4)
        for child in (callee, caller):
            say(child, "soundcard use files", 0.5)
            say(child, f"play {SPEECH}", 0.5)
        recording = wire.record("linphone-tcp-aes-256-rekey.pcap")
        say(caller, f"call sip:b@{B[2]};transport=tcp", 2)
        say(caller, "pause", 1)
        say(caller, "resume", 1.5)
        say(caller, "terminate", 1)
        wire.stop(recording)
        for child in (callee, caller):
            say(child, "quit", 1)


# GStreamer and ffmpeg: no SIP, so an SDP stands beside the capture -------------------------------


def sdp(name, program, port, suite, key, payload="0", rtpmap="PCMU/8000"):
    text = (
        f"v=0\r\no=- 1 1 IN IP4 {A[2]}\r\ns={program}\r\nc=IN IP4 {A[2]}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/SAVP {payload}\r\na=rtpmap:{payload} {rtpmap}\r\na=sendonly\r\n"
        f"a=crypto:1 {suite} inline:{base64.b64encode(key).decode()}\r\n"
    )
    (CAPTURES / name).write_bytes(text.encode())


def gstreamer(name, suite, cipher, auth, key_len, late):
    """A sine from GStreamer's srtpenc, whose sequence numbers wrap in the first second; a late capture
    begins after that."""
    key = secrets.token_bytes(key_len)
    with Wire() as wire:
        pipeline = (
            f"audiotestsrc num-buffers={180 if late else 100} samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1"
            f" ! mulawenc ! rtppcmupay seqnum-offset=65500 ssrc=0x0c0ffee0 timestamp-offset=0"
            f" ! srtpenc key={key.hex()} rtp-cipher={cipher} rtp-auth={auth}"
            f" rtcp-cipher={cipher} rtcp-auth={auth}"
            f" ! udpsink host={B[2]} port=5004 bind-port=5002 sync=true"
        )
        if not late:
            recording = wire.record(f"{name}.pcap", "udp")
        sender = wire.start(A, "gst-launch-1.0", "-q", *pipeline.split())
        if late:
            time.sleep(1.2)
            recording = wire.record(f"{name}.pcap", "udp")
        sender.wait(30)
        wire.stop(recording)
    sdp(f"{name}.sdp", "GStreamer", 5002, suite, key)


def gstreamer_gcm():
    gstreamer("gstreamer-aes-256-gcm", "AEAD_AES_256_GCM", "aes-256-gcm", "null", 44, False)


def gstreamer_late():
    gstreamer("gstreamer-late-aes-256-cm", "AES_256_CM_HMAC_SHA1_80", "aes-256-icm",
              "hmac-sha1-80", 46, True)


def ffmpeg():
    key = secrets.token_bytes(30)
    with Wire() as wire:
        recording = wire.record("ffmpeg-aes-128-cm-32.pcap", "udp")
        run("ip", "netns", "exec", A[0], "ffmpeg", "-v", "error", "-re", "-f", "lavfi",
            "-i", "sine=frequency=440:sample_rate=8000:duration=2", "-c:a", "pcm_mulaw",
            "-f", "rtp", "-srtp_out_suite", "AES_CM_128_HMAC_SHA1_32",
            "-srtp_out_params", base64.b64encode(key).decode(), f"srtp://{B[2]}:5004?localrtpport=5002",
            stdout=subprocess.DEVNULL)
        wire.stop(recording)
    sdp("ffmpeg-aes-128-cm-32.sdp", "ffmpeg", 5002, "AES_CM_128_HMAC_SHA1_32", key)


ALL = {
    "baresip-hold": baresip_hold,
    "baresip-refused-488": baresip_refused,
    "linphone-tcp-aes-256-rekey": linphone_rekey,
    "gstreamer-aes-256-gcm": gstreamer_gcm,
    "gstreamer-late-aes-256-cm": gstreamer_late,
    "ffmpeg-aes-128-cm-32": ffmpeg,
}


def main():
    names = sys.argv[1:] or list(ALL)
    for name in names:
        if name not in ALL:
            sys.exit(f"{name}: there are {', '.join(ALL)}")
    for name in names:
        print(name, flush=True)
        ALL[name]()


if __name__ == "__main__":
    main()

// Packets through pion/srtp, one a line: `protect HEX` in, `ok HEX` or `error WHAT` out.
//
//	filter SUITE KEY_AND_SALT_IN_HEX ROC SSRC
//
// Verbs are those of pylibsrtp/filter.py: protect, unprotect and both with _rtcp.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/pion/srtp/v2"
)

var profiles = map[string]srtp.ProtectionProfile{
	"AES_CM_128_HMAC_SHA1_80": srtp.ProtectionProfileAes128CmHmacSha1_80,
	"AES_CM_128_HMAC_SHA1_32": srtp.ProtectionProfileAes128CmHmacSha1_32,
	"AEAD_AES_128_GCM":        srtp.ProtectionProfileAeadAes128Gcm,
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func context() *srtp.Context {
	const keyLen = 16 // of all three suites
	keySalt := must(hex.DecodeString(os.Args[2]))
	context := must(srtp.CreateContext(keySalt[:keyLen], keySalt[keyLen:], profiles[os.Args[1]],
		srtp.SRTPReplayProtection(1024), srtp.SRTCPReplayProtection(1024)))
	roc := must(strconv.ParseUint(os.Args[3], 10, 32))
	ssrc := must(strconv.ParseUint(os.Args[4], 10, 32))
	context.SetROC(uint32(ssrc), uint32(roc))
	return context
}

func main() {
	sender, receiver := context(), context()
	verbs := map[string]func([]byte) ([]byte, error){
		"protect":        func(p []byte) ([]byte, error) { return sender.EncryptRTP(nil, p, nil) },
		"protect_rtcp":   func(p []byte) ([]byte, error) { return sender.EncryptRTCP(nil, p, nil) },
		"unprotect":      func(p []byte) ([]byte, error) { return receiver.DecryptRTP(nil, p, nil) },
		"unprotect_rtcp": func(p []byte) ([]byte, error) { return receiver.DecryptRTCP(nil, p, nil) },
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		verb, packet, _ := strings.Cut(lines.Text(), " ")
		made, err := verbs[verb](must(hex.DecodeString(packet)))
		if err != nil {
			fmt.Println("error", err)
			continue
		}
		fmt.Println("ok", hex.EncodeToString(made))
	}
}

/* What the benchmarks ask of Intel's multi-buffer library: AES-CM and HMAC-SHA1 of a batch of RTP
 * packets. The library knows no SRTP: rollover counter and IV come from here, the replay rules from
 * nobody. */

#include <stdlib.h>
#include <string.h>

#include <intel-ipsec-mb.h>

struct key {
    _Alignas(64) uint8_t encrypt[16 * 15];
    _Alignas(64) uint8_t decrypt[16 * 15];
    uint8_t inner[20], outer[20], salt[16];
};

struct packet {
    uint8_t *bytes;
    uint64_t len;
    const struct key *key;
    uint64_t index;
    _Alignas(16) uint8_t iv[16];
    uint8_t digest[20];
};

IMB_MGR *peer_new(void)
{
    IMB_MGR *manager = alloc_mb_mgr(0);
    if (manager != NULL)
        init_mb_mgr_auto(manager, NULL);
    return manager;
}

static void state_after_pad(IMB_MGR *manager, const uint8_t *auth, uint8_t pad, uint8_t *state)
{
    uint8_t block[64];
    memset(block, pad, sizeof block);
    for (int i = 0; i < 20; i++)
        block[i] ^= auth[i];
    IMB_SHA1_ONE_BLOCK(manager, block, state);
}

struct key *peer_key(IMB_MGR *manager, const uint8_t *cipher, const uint8_t *auth, const uint8_t *salt)
{
    struct key *key = aligned_alloc(64, (sizeof *key + 63) / 64 * 64);
    memset(key, 0, sizeof *key);
    IMB_AES_KEYEXP_128(manager, cipher, key->encrypt, key->decrypt);
    state_after_pad(manager, auth, 0x36, key->inner);
    state_after_pad(manager, auth, 0x5c, key->outer);
    memcpy(key->salt, salt, 14);
    return key;
}

/* RFC 3711 §4.1.1 and §4.2: each packet is followed by room for rollover counter and tag. */
void peer_protect(IMB_MGR *manager, struct packet *packets, uint64_t count)
{
    for (uint64_t n = 0; n < count; n++) {
        struct packet *packet = &packets[n];
        uint64_t index = __builtin_bswap64(packet->index << 16);
        uint32_t roc = __builtin_bswap32((uint32_t)(packet->index >> 16));
        uint64_t half;
        uint32_t ssrc, word;
        memcpy(packet->iv, packet->key->salt, 16);
        memcpy(&ssrc, packet->bytes + 8, 4);
        memcpy(&word, packet->iv + 4, 4);
        word ^= ssrc;
        memcpy(packet->iv + 4, &word, 4);
        memcpy(&half, packet->iv + 8, 8);
        half ^= index;
        memcpy(packet->iv + 8, &half, 8);
        memcpy(packet->bytes + packet->len, &roc, 4);

        IMB_JOB *job = IMB_GET_NEXT_JOB(manager);
        job->enc_keys = packet->key->encrypt;
        job->dec_keys = packet->key->decrypt;
        job->key_len_in_bytes = 16;
        job->src = packet->bytes;
        job->dst = packet->bytes + 12;
        job->cipher_start_src_offset_in_bytes = 12;
        job->msg_len_to_cipher_in_bytes = packet->len - 12;
        job->hash_start_src_offset_in_bytes = 0;
        job->msg_len_to_hash_in_bytes = packet->len + 4;
        job->iv = packet->iv;
        job->iv_len_in_bytes = 16;
        job->auth_tag_output = packet->digest;
        job->auth_tag_output_len_in_bytes = 12;
        job->u.HMAC._hashed_auth_key_xor_ipad = packet->key->inner;
        job->u.HMAC._hashed_auth_key_xor_opad = packet->key->outer;
        job->cipher_mode = IMB_CIPHER_CNTR;
        job->cipher_direction = IMB_DIR_ENCRYPT;
        job->hash_alg = IMB_AUTH_HMAC_SHA_1;
        job->chain_order = IMB_ORDER_CIPHER_HASH;
        IMB_SUBMIT_JOB_NOCHECK(manager);
    }
    while (IMB_FLUSH_JOB(manager) != NULL)
        ;
    for (uint64_t n = 0; n < count; n++)
        memcpy(packets[n].bytes + packets[n].len, packets[n].digest, 10);
}

/*
 * libsrtp 2 behind functions of plain arguments: one session of one direction, with all its SSRCs
 * under the same master keys. src/libsrtp.rs is the other side of every function here.
 */
#include <arpa/inet.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 4, MAX_KEY_SALT = 46, MAX_MKI = 128, MAX_SPECIFIC = 16 };

/* The order of SUITES in src/libsrtp.rs. */
static const struct suite {
    void (*rtp)(srtp_crypto_policy_t *);
    void (*rtcp)(srtp_crypto_policy_t *);
    int rtp_tag_len;
} SUITES[] = {
    {srtp_crypto_policy_set_rtp_default, srtp_crypto_policy_set_rtcp_default, 10},
    {srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32, srtp_crypto_policy_set_rtcp_default, 4},
    {srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80,
     srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80, 10},
    {srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32,
     srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80, 4},
    {srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
     srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80, 10},
    {srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
     srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80, 4},
    {srtp_crypto_policy_set_aes_gcm_128_16_auth, srtp_crypto_policy_set_aes_gcm_128_16_auth, 16},
    {srtp_crypto_policy_set_aes_gcm_256_16_auth, srtp_crypto_policy_set_aes_gcm_256_16_auth, 16},
    {srtp_crypto_policy_set_null_cipher_hmac_sha1_80,
     srtp_crypto_policy_set_null_cipher_hmac_sha1_80, 10},
    {srtp_crypto_policy_set_null_cipher_hmac_sha1_80,
     srtp_crypto_policy_set_null_cipher_hmac_sha1_80, 4},
};

struct session {
    srtp_t srtp;
    srtp_policy_t policy;
    srtp_master_key_t keys[MAX_KEYS];
    srtp_master_key_t *key_list[MAX_KEYS];
    unsigned char key_salts[MAX_KEYS][MAX_KEY_SALT];
    unsigned char mkis[MAX_KEYS][MAX_MKI];
    /* SSRCs with a stream of their own, which srtp_update leaves alone. */
    unsigned int specific[MAX_SPECIFIC];
    size_t specific_count;
};

/* `key_salts` and `mkis` are `count` of each, one behind the other; an `mki_len` of 0 means none. */
static int set_keys(struct session *s, const unsigned char *key_salts, size_t key_salt_len,
                    const unsigned char *mkis, size_t mki_len, size_t count)
{
    if (count == 0 || count > MAX_KEYS || key_salt_len > MAX_KEY_SALT || mki_len > MAX_MKI)
        return -1;
    for (size_t i = 0; i < count; i++) {
        memcpy(s->key_salts[i], key_salts + i * key_salt_len, key_salt_len);
        if (mki_len != 0)
            memcpy(s->mkis[i], mkis + i * mki_len, mki_len);
        s->keys[i].key = s->key_salts[i];
        s->keys[i].mki_id = s->mkis[i];
        s->keys[i].mki_size = (unsigned int)mki_len;
        s->key_list[i] = &s->keys[i];
    }
    if (mki_len == 0) {
        s->policy.key = s->key_salts[0];
        s->policy.keys = NULL;
        s->policy.num_master_keys = 0;
    } else {
        s->policy.key = NULL;
        s->policy.keys = s->key_list;
        s->policy.num_master_keys = count;
    }
    return 0;
}

/* Once, before everything else. */
int shim_init(void)
{
    return srtp_init();
}

int shim_new(struct session **out, unsigned int suite, int inbound, int clear_rtp, int clear_rtcp,
             unsigned long window, const unsigned char *key_salts, size_t key_salt_len,
             const unsigned char *mkis, size_t mki_len, size_t count)
{
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL || suite >= sizeof SUITES / sizeof SUITES[0])
        return -1;
    SUITES[suite].rtp(&s->policy.rtp);
    SUITES[suite].rtcp(&s->policy.rtcp);
    s->policy.rtp.auth_tag_len = SUITES[suite].rtp_tag_len;
    if (clear_rtp)
        s->policy.rtp.sec_serv = sec_serv_auth;
    if (clear_rtcp)
        s->policy.rtcp.sec_serv = sec_serv_auth;
    s->policy.window_size = window;
    s->policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
    int status = set_keys(s, key_salts, key_salt_len, mkis, mki_len, count);
    if (status == 0)
        status = srtp_create(&s->srtp, &s->policy);
    if (status != 0) {
        free(s);
        return status;
    }
    *out = s;
    return 0;
}

void shim_free(struct session *s)
{
    srtp_dealloc(s->srtp);
    free(s);
}

static srtp_policy_t specific_policy(const struct session *s, unsigned int ssrc)
{
    srtp_policy_t policy = s->policy;
    policy.ssrc.type = ssrc_specific;
    policy.ssrc.value = ssrc;
    return policy;
}

/* Other master keys; rollover counters and SRTCP indices stay. */
int shim_rekey(struct session *s, const unsigned char *key_salts, size_t key_salt_len,
               const unsigned char *mkis, size_t mki_len, size_t count)
{
    int status = set_keys(s, key_salts, key_salt_len, mkis, mki_len, count);
    if (status == 0)
        status = srtp_update(s->srtp, &s->policy);
    for (size_t i = 0; status == 0 && i < s->specific_count; i++) {
        srtp_policy_t policy = specific_policy(s, s->specific[i]);
        status = srtp_update_stream(s->srtp, &policy);
    }
    return status;
}

/* A stream that has seen no packet yet, with a rollover counter given by hand. */
int shim_set_roc(struct session *s, unsigned int ssrc, unsigned int roc)
{
    if (s->specific_count == MAX_SPECIFIC)
        return -1;
    srtp_policy_t policy = specific_policy(s, ssrc);
    int status = srtp_add_stream(s->srtp, &policy);
    if (status == 0)
        s->specific[s->specific_count++] = ssrc;
    return status != 0 ? status : (int)srtp_set_stream_roc(s->srtp, ssrc, roc);
}

int shim_roc(struct session *s, unsigned int ssrc, unsigned int *roc)
{
    return srtp_get_stream_roc(s->srtp, ssrc, roc);
}

int shim_remove(struct session *s, unsigned int ssrc)
{
    for (size_t i = 0; i < s->specific_count; i++)
        if (s->specific[i] == ssrc)
            s->specific[i] = s->specific[--s->specific_count];
    /* Unlike the others, this one wants network order. */
    return srtp_remove_stream(s->srtp, htonl(ssrc));
}

int shim_protect(struct session *s, int rtcp, void *packet, int *len, unsigned int mki_index)
{
    unsigned int use_mki = s->policy.keys != NULL;
    return rtcp ? srtp_protect_rtcp_mki(s->srtp, packet, len, use_mki, mki_index)
                : srtp_protect_mki(s->srtp, packet, len, use_mki, mki_index);
}

int shim_unprotect(struct session *s, int rtcp, void *packet, int *len)
{
    unsigned int use_mki = s->policy.keys != NULL;
    return rtcp ? srtp_unprotect_rtcp_mki(s->srtp, packet, len, use_mki)
                : srtp_unprotect_mki(s->srtp, packet, len, use_mki);
}

const char *shim_version(void)
{
    return srtp_get_version_string();
}

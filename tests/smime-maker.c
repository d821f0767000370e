/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "smime-maker.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <string.h>

struct SmimeKey {
    EVP_PKEY *key;
    X509 *certificate;
};

static void add_usage(X509 *certificate, const char *usage)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, usage);
    g_assert_nonnull(extension);
    g_assert_cmpint(X509_add_ext(certificate, extension, -1), ==, 1);
    X509_EXTENSION_free(extension);
}

SmimeKey *smime_key_new(const char *name, gint64 from, gint64 until, const char *usage,
                        gboolean rsa)
{
    SmimeKey *key = g_new0(SmimeKey, 1);
    X509 *certificate = key->certificate = X509_new();

    key->key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    g_assert_nonnull(key->key);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               (const guchar *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)from);
    ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)until);
    X509_set_pubkey(certificate, key->key);
    if (usage != NULL)
        add_usage(certificate, usage);
    g_assert_cmpint(X509_sign(certificate, key->key, EVP_sha256()), >, 0);
    return key;
}

void smime_key_free(SmimeKey *key)
{
    EVP_PKEY_free(key->key);
    X509_free(key->certificate);
    g_free(key);
}

char *smime_key_fingerprint(const SmimeKey *key, gboolean sha1)
{
    guint8 bytes[EVP_MAX_MD_SIZE];
    guint size;
    GString *text = g_string_new(NULL);

    g_assert_cmpint(
        X509_digest(key->certificate, sha1 ? EVP_sha1() : EVP_sha256(), bytes, &size), ==, 1);
    for (guint i = 0; i < size; i++)
        g_string_append_printf(text, "%02X", bytes[i]);
    return g_string_free(text, FALSE);
}

static GBytes *bytes_of(BIO *bio)
{
    char *data;
    long size = BIO_get_mem_data(bio, &data);
    GBytes *bytes = g_bytes_new(data, (gsize)size);
    BIO_free(bio);
    return bytes;
}

GBytes *smime_key_pem(const SmimeKey *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, key->certificate);
    return bytes_of(bio);
}

GBytes *smime_key_der(const SmimeKey *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    i2d_X509_bio(bio, key->certificate);
    return bytes_of(bio);
}

GBytes *smime_key_secret_pem(const SmimeKey *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, key->certificate);
    PEM_write_bio_PrivateKey(bio, key->key, NULL, NULL, 0, NULL, NULL);
    return bytes_of(bio);
}

GBytes *smime_key_secret_der(const SmimeKey *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    i2d_PKCS8PrivateKey_bio(bio, key->key, NULL, NULL, 0, NULL, NULL);
    return bytes_of(bio);
}

GBytes *smime_key_pkcs12(const SmimeKey *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PKCS12 *store = PKCS12_create("x", "x", key->key, key->certificate, NULL, 0, 0, 0, 0, 0);
    i2d_PKCS12_bio(bio, store);
    PKCS12_free(store);
    return bytes_of(bio);
}

static void add_signer(PKCS7 *pkcs7, const SmimeKey *key, const SmimeOrder *order)
{
    const EVP_MD *digest = EVP_get_digestbyname(order->digest != NULL ? order->digest : "SHA256");
    int flags = PKCS7_NOCERTS | (order->no_attributes ? PKCS7_NOATTR : 0);
    PKCS7_SIGNER_INFO *signer
        = PKCS7_sign_add_signer(pkcs7, key->certificate, key->key, digest, flags);

    g_assert_nonnull(signer);
    if (!order->no_attributes && order->time != 0)
        PKCS7_add0_attrib_signing_time(signer, ASN1_UTCTIME_set(NULL, (time_t)order->time));
}

/* OpenSSL has put one in: out with it, and signed once more. */
static void remove_time(PKCS7 *pkcs7)
{
    PKCS7_SIGNER_INFO *signer = sk_PKCS7_SIGNER_INFO_value(PKCS7_get_signer_info(pkcs7), 0);
    int place = X509at_get_attr_by_NID(signer->auth_attr, NID_pkcs9_signingTime, -1);
    X509_ATTRIBUTE_free(X509at_delete_attr(signer->auth_attr, place));
    g_assert_cmpint(PKCS7_SIGNER_INFO_sign(signer), ==, 1);
}

GBytes *smime_sign(const SmimeOrder *order, const char *text)
{
    int flags = PKCS7_PARTIAL | PKCS7_BINARY | (order->with_content ? 0 : PKCS7_DETACHED);
    BIO *content = BIO_new_mem_buf(text, -1), *out = BIO_new(BIO_s_mem());
    PKCS7 *pkcs7 = PKCS7_sign(NULL, NULL, NULL, content, flags);

    for (guint i = 0; i < G_N_ELEMENTS(order->signers) && order->signers[i] != NULL; i++)
        add_signer(pkcs7, order->signers[i], order);
    for (guint i = 0; order->signers[0] != NULL && i < order->n_certificates; i++)
        PKCS7_add_certificate(pkcs7, order->signers[0]->certificate);
    g_assert_cmpint(PKCS7_final(pkcs7, content, flags), ==, 1);
    if (order->time == 0 && !order->no_attributes)
        remove_time(pkcs7);
    g_assert_cmpint(i2d_PKCS7_bio(out, pkcs7), ==, 1);
    PKCS7_free(pkcs7);
    BIO_free(content);
    return bytes_of(out);
}

GBytes *smime_encrypt(const SmimeKey *key, const char *text)
{
    BIO *content = BIO_new_mem_buf(text, -1), *out = BIO_new(BIO_s_mem());
    STACK_OF(X509) *readers = sk_X509_new_null();

    sk_X509_push(readers, key->certificate);
    PKCS7 *pkcs7 = PKCS7_encrypt(readers, content, EVP_aes_128_cbc(), PKCS7_BINARY);
    g_assert_nonnull(pkcs7);
    i2d_PKCS7_bio(out, pkcs7);
    PKCS7_free(pkcs7);
    sk_X509_free(readers);
    BIO_free(content);
    return bytes_of(out);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Signs with a key and a certificate of one PEM file (CMS, RFC 5652), which is read anew each
 * time: who puts another one there need tell nobody.  A file that asks for a passphrase is
 * refused, for nobody is there to answer. */
#include "sign.h"

#include "errors.h"
#include "smime-internal.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define PEM_FILE_MAX (1024 * 1024) /* bytes; a key and a chain of four have 10,000 */
#define BASE64_LINE 72             /* a multiple of 4; RFC 2045 section 6.8 allows 76 */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)

typedef struct {
    EVP_PKEY *key;
    X509 *certificate;
    STACK_OF(X509) *chain;
} Pem;

static void pem_clear(Pem *pem)
{
    EVP_PKEY_free(pem->key);
    X509_free(pem->certificate);
    sk_X509_pop_free(pem->chain, X509_free);
    ERR_clear_error();
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pem, pem_clear)

static int no_passphrase(char *buffer G_GNUC_UNUSED, int size G_GNUC_UNUSED,
                         int writing G_GNUC_UNUSED, void *data G_GNUC_UNUSED)
{
    return -1;
}

static void read_all(BIO *bio, Pem *pem)
{
    X509 *next;

    pem->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    (void)BIO_reset(bio);
    pem->certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    pem->chain = sk_X509_new_null();
    while (pem->chain != NULL && (next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
        if (sk_X509_push(pem->chain, next) == 0)
            X509_free(next);
    ERR_clear_error(); /* that there is no more is one, too */
}

static const char *what_lacks(const Pem *pem)
{
    if (pem->key == NULL)
        return "has no private key, or one with a passphrase";
    if (pem->certificate == NULL)
        return "has no certificate";
    if (X509_check_private_key(pem->certificate, pem->key) != 1)
        return "has a key that is not its first certificate's";
    if (X509_cmp_time(X509_get0_notAfter(pem->certificate), NULL) < 0)
        return "has a certificate that has expired";
    if (X509_cmp_time(X509_get0_notBefore(pem->certificate), NULL) > 0)
        return "has a certificate that is not valid yet";
    if (X509_check_purpose(pem->certificate, X509_PURPOSE_SMIME_SIGN, 0) != 1)
        return "has a certificate that is not for signing mail";
    return NULL;
}

static gboolean load(const char *path, Pem *pem, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *text = NULL;
    gsize size;

    if (!g_file_get_contents(path, &text, &size, &why)) {
        error_input(error, "%s", why->message);
        return FALSE;
    }
    const char *lacks = size > PEM_FILE_MAX ? "has more than 1 MiB" : NULL;
    if (lacks == NULL) {
        g_autoptr(BIO) bio = BIO_new_mem_buf(text, (int)size);
        if (bio != NULL)
            read_all(bio, pem);
        lacks = what_lacks(pem);
    }
    OPENSSL_cleanse(text, size);
    if (lacks != NULL)
        error_input(error, "%s %s; expected a private key without a passphrase, its certificate, "
                           "and those that issued it, as PEM",
                    path, lacks);
    return lacks == NULL;
}

gboolean sign_check_smime(const Config *config, GError **error)
{
    g_auto(Pem) pem = { NULL };
    return load(config->sign_key, &pem, error);
}

static char *as_lines(CMS_ContentInfo *cms)
{
    guint8 *der = NULL;
    int size = i2d_CMS_ContentInfo(cms, &der);
    if (size <= 0)
        return NULL;
    g_autofree char *base64 = g_base64_encode(der, (gsize)size);
    GString *lines = g_string_new(NULL);

    OPENSSL_free(der);
    for (gsize i = 0, length = strlen(base64); i < length; i += BASE64_LINE)
        g_string_append_printf(lines, "%.*s\r\n", BASE64_LINE, base64 + i);
    return g_string_free(lines, FALSE);
}

gboolean sign_with_smime(const Config *config, GBytes *part, Signature *signature_r, GError **error)
{
    const guint flags = CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP | CMS_PARTIAL;
    g_auto(Pem) pem = { NULL };
    g_autoptr(GError) why = NULL;
    gsize size;
    const guint8 *data = g_bytes_get_data(part, &size);

    if (!load(config->sign_key, &pem, &why)) { /* somebody can mend it */
        error_temporary(error, "%s", why->message);
        return FALSE;
    }
    g_autoptr(BIO) bio = BIO_new_mem_buf(data, (int)size);
    g_autoptr(CMS_ContentInfo) cms = CMS_sign(NULL, NULL, pem.chain, NULL, flags);
    char *text = NULL;
    if (bio != NULL && cms != NULL
        && CMS_add1_signer(cms, pem.certificate, pem.key, EVP_sha256(), flags) != NULL
        && CMS_final(cms, bio, NULL, flags) == 1)
        text = as_lines(cms);
    if (text == NULL) {
        const char *reason = ERR_reason_error_string(ERR_peek_error());
        error_temporary(error, "%s can't sign: %s", config->sign_key,
                        reason != NULL ? reason : "no reason given");
        return FALSE;
    }
    *signature_r = (Signature) { "application/pkcs7-signature", "sha-256", "smime.p7s", "base64",
                                 text };
    return TRUE;
}

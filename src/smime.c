/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A detached CMS signature (RFC 5652): the form first, then the pin, then the mathematics, so
 * that a stranger's certificate costs nothing. */
#include "smime.h"

#include "errors.h"
#include "provenance.h"
#include "smime-certificates.h"
#include "smime-internal.h"
#include "timestamp.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

typedef struct {
    const Config *config;
    const Trust *trust;
    const SignedPart *part;
    CMS_ContentInfo *cms;
    CMS_SignerInfo *signer;
    X509 *certificate; /* the signer's; owned by cms */
    gboolean dated;
    gint64 time; /* of signing, or now */
    Finding *finding;
} Examination;

static gboolean fail(Examination *examination, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Returns FALSE. */
static gboolean fail(Examination *examination, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    finding_set(examination->finding, FINDING_FAILED, "%s", text);
    return FALSE;
}

static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text != NULL ? text : "no reason given";
}

static gboolean is_sound_digest(const X509_ALGOR *algorithm)
{
    int nid = OBJ_obj2nid(algorithm->algorithm);
    return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

/* The one value of an attribute that must stand once; NULL when it does not. */
static const void *attribute(CMS_SignerInfo *signer, int nid, int type)
{
    return CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(nid), -3, type);
}

static gboolean read_cms(Examination *examination)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(examination->part->signature, &size);

    if (size > SMIME_SIGNATURE_MAX)
        return fail(examination, "the signature has more than %d bytes", SMIME_SIGNATURE_MAX);
    examination->cms = d2i_CMS_ContentInfo(NULL, &data, (long)size);
    if (examination->cms == NULL)
        return fail(examination, "the signature can't be read: %s", reason());
    if (OBJ_obj2nid(CMS_get0_type(examination->cms)) != NID_pkcs7_signed)
        return fail(examination, "this is no signature but another kind of CMS");
    if (OBJ_obj2nid(CMS_get0_eContentType(examination->cms)) != NID_pkcs7_data)
        return fail(examination, "the signature is not over a mail's content");
    ASN1_OCTET_STRING **content = CMS_get0_content(examination->cms);
    if (content == NULL || *content != NULL)
        return fail(examination, "the signature has content of its own");
    return TRUE;
}

static gboolean read_signer(Examination *examination)
{
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(examination->cms);
    X509_ALGOR *digest = NULL;
    int n = signers != NULL ? sk_CMS_SignerInfo_num(signers) : 0;

    if (n != 1)
        return fail(examination, "the signature has %d signers, not one", MAX(n, 0));
    CMS_SignerInfo *signer = examination->signer = sk_CMS_SignerInfo_value(signers, 0);
    CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, NULL);
    if (!is_sound_digest(digest))
        return fail(examination, "the signature's hash algorithm (%s) is not of SHA-2",
                    OBJ_nid2sn(OBJ_obj2nid(digest->algorithm)));
    if (attribute(signer, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING) == NULL
        || attribute(signer, NID_pkcs9_contentType, V_ASN1_OBJECT) == NULL)
        return fail(examination, "the signature has no signed attributes");
    return TRUE;
}

static gboolean within_limit(CMS_ContentInfo *cms)
{
    STACK_OF(X509) *own = CMS_get1_certs(cms);
    int n = own != NULL ? sk_X509_num(own) : 0;

    sk_X509_pop_free(own, X509_free);
    return n <= SMIME_CERTIFICATES_MAX;
}

/* Pinned ones of the directory, else the mail's own. */
static gboolean find_certificate(Examination *examination)
{
    g_autoptr(GPtrArray) damaged = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;

    if (!within_limit(examination->cms))
        return fail(examination, "the signature has more than %d certificates",
                    SMIME_CERTIFICATES_MAX);
    g_autoptr(GPtrArray) kept
        = smime_pinned_certificates(examination->config->gnupg_home, examination->trust->keys,
                                    damaged, &error);
    if (kept == NULL) {
        gboolean later = g_error_matches(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
        finding_set(examination->finding, later ? FINDING_TROUBLE : FINDING_FAILED, "%s",
                    error->message);
        return FALSE;
    }
    STACK_OF(X509) *stack = sk_X509_new_null();
    for (guint i = 0; stack != NULL && i < kept->len; i++)
        sk_X509_push(stack, g_ptr_array_index(kept, i));
    CMS_set1_signers_certs(examination->cms, stack, 0);
    sk_X509_free(stack);
    CMS_SignerInfo_get0_algs(examination->signer, NULL, &examination->certificate, NULL, NULL);
    if (examination->certificate == NULL)
        return fail(examination, "the signer's certificate is neither in the mail nor among those "
                                 "in gnupg-home=%s%s", damaged->len > 0 ? "; " : "",
                    damaged->len > 0 ? (const char *)g_ptr_array_index(damaged, 0) : "");
    return TRUE;
}

static gboolean check_pin(Examination *examination)
{
    if (smime_is_pinned(examination->certificate, examination->trust->keys))
        return TRUE;
    g_autofree char *sha256 = smime_fingerprint(examination->certificate, EVP_sha256());
    return fail(examination, "signature by certificate %s, which is not in keys=", sha256);
}

static gboolean read_time(Examination *examination)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    const ASN1_OBJECT *name = OBJ_nid2obj(NID_pkcs9_signingTime);
    char when[TIMESTAMP_TEXT_SIZE];

    examination->time = now;
    if (CMS_signed_get_attr_by_OBJ(examination->signer, name, -1) < 0)
        return TRUE;
    const ASN1_TIME *time = attribute(examination->signer, NID_pkcs9_signingTime, V_ASN1_UTCTIME);
    if (time == NULL)
        time = attribute(examination->signer, NID_pkcs9_signingTime, V_ASN1_GENERALIZEDTIME);
    if (!smime_time(time, &examination->time))
        return fail(examination, "the signing time can't be read");
    if (examination->time > now + PROVENANCE_FUTURE_SECS)
        return fail(examination, "the signature is of %s, which is in the future",
                    timestamp_format(examination->time, when));
    examination->dated = TRUE;
    return TRUE;
}

static gboolean check_certificate(Examination *examination)
{
    guint32 usage = X509_get_key_usage(examination->certificate); /* all bits: no such extension */
    gint64 from, until;

    if (!smime_time(X509_get0_notBefore(examination->certificate), &from)
        || !smime_time(X509_get0_notAfter(examination->certificate), &until))
        return fail(examination, "the certificate's dates can't be read");
    if (examination->time < from || examination->time > until)
        return fail(examination, "the certificate was %s when it signed",
                    examination->time < from ? "not valid yet" : "expired");
    if ((usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
        return fail(examination, "the certificate is not for signatures");
    return TRUE;
}

/* Behind a filter, for CMS_verify() copies the head of a plain memory BIO, and loses the copy
 * when it fails early (OpenSSL 3.0). */
static BIO *open_content(GBytes *bytes)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    BIO *filter = BIO_new(BIO_f_null());
    BIO *memory = BIO_new_mem_buf(size > 0 ? (const char *)data : "", (int)size);

    if (filter != NULL && memory != NULL)
        return BIO_push(filter, memory);
    BIO_free(filter);
    BIO_free(memory);
    return NULL;
}

static gboolean verify(Examination *examination)
{
    BIO *content = open_content(examination->part->bytes);
    gboolean good = content != NULL
        && CMS_verify(examination->cms, NULL, NULL, content, NULL,
                      CMS_DETACHED | CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY)
            == 1;

    BIO_free_all(content);
    return good || fail(examination, "bad signature: %s", reason());
}

/* The same for each copy, and no other can be made of it without the key: none of what goes in
 * can be changed. */
static char *id_of(const Examination *examination)
{
    const ASN1_OCTET_STRING *digest
        = attribute(examination->signer, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *sha256 = smime_fingerprint(examination->certificate, EVP_sha256());
    g_autofree char *head = g_strdup_printf("%s %" G_GINT64_FORMAT "\n", sha256,
                                            examination->dated ? examination->time : 0);

    g_checksum_update(checksum, (const guint8 *)head, (gssize)strlen(head));
    g_checksum_update(checksum, ASN1_STRING_get0_data(digest), ASN1_STRING_length(digest));
    return g_strconcat("smime:", g_checksum_get_string(checksum), NULL);
}

static void pass(Examination *examination)
{
    Finding *finding = examination->finding;
    g_autofree char *sha256 = smime_fingerprint(examination->certificate, EVP_sha256());
    char when[TIMESTAMP_TEXT_SIZE];

    finding_set(finding, FINDING_PASSED, "signed by certificate %s%s%s", sha256,
                examination->dated ? " at " : ", without a time",
                examination->dated ? timestamp_format(examination->time, when) : "");
    finding->dated = examination->dated;
    finding->time = examination->dated ? examination->time : 0;
    finding->id = id_of(examination);
}

void smime_examine(const Config *config, const Trust *trust, const SignedPart *part,
                   Finding *finding_r)
{
    Examination examination
        = { .config = config, .trust = trust, .part = part, .finding = finding_r };

    ERR_clear_error();
    if (trust->keys[0] == NULL)
        fail(&examination, "no certificate is in keys=");
    else if (read_cms(&examination) && read_signer(&examination) && find_certificate(&examination)
             && check_pin(&examination) && read_time(&examination)
             && check_certificate(&examination) && verify(&examination))
        pass(&examination);
    CMS_ContentInfo_free(examination.cms);
    ERR_clear_error(); /* the thread's, and libcurl's next */
}

void smime_check_config(const Config *config, Faults *faults)
{
    g_autoptr(GPtrArray) damaged = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = certificates_list(config->gnupg_home, damaged, &error);
    guint line = config_line(config, "provenance", "gnupg-home");

    if (list == NULL)
        faults_warn(faults, config->path, line, "[provenance] gnupg-home: %s", error->message);
    for (guint i = 0; i < damaged->len; i++)
        faults_warn(faults, config->path, line,
                    "[provenance] gnupg-home: %s; expected certificates there, as certbundctl key "
                    "import writes them", (const char *)g_ptr_array_index(damaged, i));
}

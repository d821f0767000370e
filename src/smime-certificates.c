/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* X.509 certificates in files: read, described, kept.  None is verified: the operator's pin
 * is what makes one count. */
#include "smime-certificates.h"

#include "errors.h"
#include "smime-internal.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>

#define DIRECTORY "certificates"
#define SUFFIX ".pem"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)

/* ---- of a certificate */

char *smime_fingerprint(const X509 *x509, const EVP_MD *digest)
{
    guint8 bytes[EVP_MAX_MD_SIZE];
    guint size = 0;
    GString *text = g_string_new(NULL);

    if (X509_digest(x509, digest, bytes, &size) != 1)
        size = 0;
    for (guint i = 0; i < size; i++)
        g_string_append_printf(text, "%02X", bytes[i]);
    return g_string_free(text, FALSE);
}

gboolean smime_is_pinned(const X509 *x509, char **pins)
{
    g_autofree char *sha256 = smime_fingerprint(x509, EVP_sha256());
    g_autofree char *sha1 = smime_fingerprint(x509, EVP_sha1());

    return g_strv_contains((const char *const *)pins, sha256)
        || g_strv_contains((const char *const *)pins, sha1);
}

gboolean smime_time(const ASN1_TIME *time, gint64 *time_r)
{
    struct tm tm;

    if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
        return FALSE;
    g_autoptr(GDateTime) date = g_date_time_new_utc(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                                                    tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (date != NULL)
        *time_r = g_date_time_to_unix(date);
    return date != NULL;
}

static char *take_text(BIO *bio)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    return g_strndup(data != NULL ? data : "", (gsize)MAX(size, 0));
}

static Certificate *describe(X509 *x509)
{
    Certificate *certificate = g_new0(Certificate, 1);
    g_autoptr(BIO) subject = BIO_new(BIO_s_mem()), pem = BIO_new(BIO_s_mem());

    X509_NAME_print_ex(subject, X509_get_subject_name(x509), 0,
                       XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    PEM_write_bio_X509(pem, x509);
    g_autofree char *name = take_text(subject);
    certificate->subject = g_utf8_make_valid(name, -1);
    certificate->pem = take_text(pem);
    certificate->sha256 = smime_fingerprint(x509, EVP_sha256());
    certificate->sha1 = smime_fingerprint(x509, EVP_sha1());
    smime_time(X509_get0_notBefore(x509), &certificate->from);
    smime_time(X509_get0_notAfter(x509), &certificate->until);
    return certificate;
}

static void certificate_free(gpointer data)
{
    Certificate *certificate = data;

    g_free(certificate->sha256);
    g_free(certificate->sha1);
    g_free(certificate->subject);
    g_free(certificate->pem);
    g_free(certificate);
}

static GPtrArray *describe_all(const GPtrArray *list)
{
    GPtrArray *certificates = g_ptr_array_new_with_free_func(certificate_free);

    for (guint i = 0; i < list->len; i++)
        g_ptr_array_add(certificates, describe(g_ptr_array_index(list, i)));
    ERR_clear_error();
    return certificates;
}

/* ---- of a file */

static void free_x509(gpointer x509)
{
    X509_free(x509);
}

/* An encrypted one is not asked a password for at the terminal. */
static int no_password(char *buffer G_GNUC_UNUSED, int size G_GNUC_UNUSED,
                       int writing G_GNUC_UNUSED, void *data G_GNUC_UNUSED)
{
    return -1;
}

static BIO *open_bytes(GBytes *bytes)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    return BIO_new_mem_buf(size > 0 ? (const char *)data : "", (int)MIN(size, G_MAXINT));
}

GPtrArray *smime_read_certificates(GBytes *bytes)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(free_x509);
    g_autoptr(BIO) pem = open_bytes(bytes), der = open_bytes(bytes);
    X509 *x509;

    while (list->len < CERTIFICATES_MAX
           && (x509 = PEM_read_bio_X509(pem, NULL, no_password, NULL)) != NULL)
        g_ptr_array_add(list, x509);
    if (list->len == 0 && (x509 = d2i_X509_bio(der, NULL)) != NULL)
        g_ptr_array_add(list, x509);
    ERR_clear_error();
    return list;
}

GPtrArray *certificates_of_file(GBytes *bytes)
{
    g_autoptr(GPtrArray) list = smime_read_certificates(bytes);
    return describe_all(list);
}

gboolean certificates_has_secret(GBytes *bytes)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    const guint8 *p = data, *q = data;
    gboolean secret = size > 0 && memmem(data, size, "PRIVATE KEY-----", 16) != NULL;

    if (!secret && size > 0 && size <= CERTIFICATE_FILE_MAX) {
        EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)size);
        PKCS12 *store = d2i_PKCS12(NULL, &q, (long)size);
        secret = key != NULL || store != NULL;
        EVP_PKEY_free(key);
        PKCS12_free(store);
    }
    ERR_clear_error();
    return secret;
}

/* ---- the directory */

static char *path_of(const char *home, const char *name)
{
    return g_build_filename(home, DIRECTORY, name, NULL);
}

/* A file that is no certificate is passed over and named; one that can't be read may be, later.
 */
static gboolean read_into(GPtrArray *list, const char *path, GPtrArray *damaged, GError **error)
{
    g_autoptr(GError) why = NULL;
    GStatBuf status;
    char *data = NULL;
    gsize size = 0;

    gboolean gone = g_stat(path, &status) != 0; /* a link may lead nowhere, or round */
    if (gone && errno != ENOENT && errno != ELOOP) {
        error_temporary(error, "%s: %s", path, g_strerror(errno));
        return FALSE;
    }
    gboolean fits = !gone && S_ISREG(status.st_mode) && status.st_size <= CERTIFICATE_FILE_MAX;
    if (fits && !g_file_get_contents(path, &data, &size, &why)) {
        error_temporary(error, "%s", why->message);
        return FALSE;
    }
    g_autoptr(GBytes) bytes = g_bytes_new_take(data, size);
    g_autoptr(GPtrArray) found = fits ? smime_read_certificates(bytes) : NULL;
    if (found != NULL && found->len == 1)
        g_ptr_array_add(list, g_ptr_array_steal_index(found, 0));
    else
        g_ptr_array_add(damaged, g_strdup_printf("%s: not one certificate", path));
    return TRUE;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the files, or NULL. */
static GPtrArray *names_in(const char *directory, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, &why);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (dir == NULL && !g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        error_temporary(error, "%s", why->message);
        g_ptr_array_unref(names);
        return NULL;
    }
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        if (g_str_has_suffix(name, SUFFIX))
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, by_name);
    return names;
}

static GPtrArray *read_directory(const char *home, GPtrArray *damaged, GError **error)
{
    g_autofree char *directory = path_of(home, NULL);
    g_autoptr(GPtrArray) names = names_in(directory, error);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_x509);

    if (names == NULL)
        return NULL;
    if (names->len > CERTIFICATES_MAX) {
        error_input(error, "%s: more than %d certificates", directory, CERTIFICATES_MAX);
        return NULL;
    }
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = path_of(home, g_ptr_array_index(names, i));
        if (!read_into(list, path, damaged, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

GPtrArray *smime_pinned_certificates(const char *home, char **pins, GPtrArray *damaged,
                                     GError **error)
{
    g_autoptr(GPtrArray) list = read_directory(home, damaged, error);

    for (guint i = list != NULL ? list->len : 0; i > 0; i--)
        if (!smime_is_pinned(g_ptr_array_index(list, i - 1), pins))
            g_ptr_array_remove_index(list, i - 1);
    return g_steal_pointer(&list);
}

GPtrArray *certificates_list(const char *home, GPtrArray *damaged, GError **error)
{
    g_autoptr(GPtrArray) list = read_directory(home, damaged, error);
    return list != NULL ? describe_all(list) : NULL;
}

gboolean certificates_keep(const char *home, const Certificate *certificate, GError **error)
{
    g_autofree char *directory = path_of(home, NULL);
    g_autofree char *name = g_strconcat(certificate->sha256, SUFFIX, NULL);
    g_autofree char *path = path_of(home, name);
    g_autoptr(GError) why = NULL;

    if (g_mkdir(directory, 0700) != 0 && errno != EEXIST) {
        error_temporary(error, "%s: can't make this directory: %s", directory, g_strerror(errno));
        return FALSE;
    }
    if (!g_file_set_contents_full(path, certificate->pem, -1,
                                  G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                  0640, &why)) {
        error_temporary(error, "%s", why->message);
        return FALSE;
    }
    return TRUE;
}

gboolean certificates_remove(const char *home, const char *sha256, GError **error)
{
    g_autofree char *name = g_strconcat(sha256, SUFFIX, NULL);
    g_autofree char *path = path_of(home, name);

    if (g_unlink(path) == 0)
        return TRUE;
    if (errno != ENOENT)
        error_temporary(error, "%s: %s", path, g_strerror(errno));
    return FALSE;
}

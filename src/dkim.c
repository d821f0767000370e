/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Verifies a mail's DKIM signatures: libopendkim does the canonicalisation and the
 * cryptography, what may count is decided here.
 *
 * The order is: is the header such that it can be vouched for at all; which signatures could
 * count, by their tags alone; only for these is DNS asked and the signature verified.
 * What libopendkim finds right is still refused when it is right for less than the
 * whole mail, or by a key that must not be relied on. */
#include "dkim.h"

#include "dkim-fields.h"
#include "dns.h"
#include "errors.h"

#include <opendkim/dkim.h>
#include <stdlib.h>
#include <string.h>

/* libopendkim 2.11 writes one pointer behind an array when h= names every field and one
 * more (dkim_canon_selecthdrs), and reads on behind an i= that ends in '='
 * (dkim_qp_decode): both fall into the zeroes that are allocated behind everything. */
#define SLACK_BYTES 32

/* A header list is copied into a buffer of this size and cut there. */
#define LIST_MAX (DKIM_MAXHEADER - 1)

/* How much is known of a signature; of several, the first with the highest counts. */
typedef enum {
    KNOWN_NOTHING,
    KNOWN_FOREIGN,  /* of a domain that is not CERT-Bund's */
    KNOWN_REFUSED,  /* could not count if it were right */
    KNOWN_FAILED,   /* is wrong, or its key is */
    KNOWN_TROUBLE,  /* can't be told now */
    KNOWN_PASSED,
    KNOWN_DATED     /* passed, and covers Date */
} Known;

typedef struct {
    DKIM_SIGINFO *info; /* owned by the DKIM */
    Known known;
    char *text; /* NULL: not judged yet */
} Signature;

typedef struct {
    const Config *config;
    const Trust *trust;
    Message *message;
    DkimFields fields;
    char *domain; /* of the From address, lower case */
    GArray *signatures; /* of Signature */
} Examination;

static void *allocate(void *closure G_GNUC_UNUSED, size_t size)
{
    return calloc(1, size + SLACK_BYTES);
}

static void release(void *closure G_GNUC_UNUSED, void *memory)
{
    free(memory);
}

/* What is libopendkim's is not to be written to, but its calls take it as unsigned char. */
static u_char *bytes_of(const char *text)
{
    return (u_char *)(gsize)text;
}

static const char *tag(const Signature *signature, const char *name)
{
    return (const char *)dkim_sig_gettagvalue(signature->info, FALSE, bytes_of(name));
}

static const char *key_tag(const Signature *signature, const char *name)
{
    return (const char *)dkim_sig_gettagvalue(signature->info, TRUE, bytes_of(name));
}

static void judge(Signature *signature, Known known, const char *text)
{
    g_free(signature->text);
    signature->known = known;
    signature->text = g_strdup(text);
}

static void signature_clear(gpointer data)
{
    g_free(((Signature *)data)->text);
}

static void examination_clear(Examination *examination)
{
    dkim_fields_clear(&examination->fields);
    g_free(examination->domain);
    g_array_unref(examination->signatures);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Examination, examination_clear)

static Signature *signature_at(const Examination *examination, guint i)
{
    return &g_array_index(examination->signatures, Signature, i);
}

static Signature *signature_of(const Examination *examination, const DKIM_SIGINFO *info)
{
    guint i = 0;

    while (signature_at(examination, i)->info != info)
        i++; /* all that are asked for were collected */
    return signature_at(examination, i);
}

/* Called by libopendkim for a signature that it is to verify. */
static DKIM_CBSTAT look_up_key(DKIM *dkim, DKIM_SIGINFO *info, u_char *record, size_t size)
{
    const Examination *examination = dkim_get_user_context(dkim);
    Signature *signature = signature_of(examination, info);
    g_autofree char *name = g_strdup_printf("%s._domainkey.%s", dkim_sig_getselector(info),
                                            dkim_sig_getdomain(info));
    g_autoptr(GError) error = NULL;
    g_autofree char *text = dns_text(examination->config->nameservers, name, &error);

    if (text != NULL && strlen(text) < size) {
        g_strlcpy((char *)record, text, size);
        return DKIM_CBSTAT_CONTINUE;
    }
    gboolean trouble = g_error_matches(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    g_autofree char *why = g_strdup_printf(
        "its key: %s", error != NULL ? error->message : "the record in DNS is too long");
    judge(signature, trouble ? KNOWN_TROUBLE : KNOWN_FAILED, why);
    return trouble ? DKIM_CBSTAT_TRYAGAIN : DKIM_CBSTAT_NOTFOUND;
}

static gboolean set_option(DKIM_LIB *lib, dkim_opts_t option, void *value, size_t size)
{
    return dkim_options(lib, DKIM_OP_SETOPT, option, value, size) == DKIM_STAT_OK;
}

static DKIM_LIB *open_library(void)
{
    DKIM_LIB *lib = dkim_init(allocate, release);
    unsigned int flags = DKIM_LIBFLAGS_DELAYSIGPROC; /* no key before signatures are judged */
    unsigned int bits = DKIM_RSA_BITS_MIN;
    guint64 drift = DKIM_FUTURE_SECS; /* of x=, too, which is looked at here without any */

    if (lib == NULL)
        return NULL;
    if (set_option(lib, DKIM_OPTS_FLAGS, &flags, sizeof flags)
        && set_option(lib, DKIM_OPTS_MINKEYBITS, &bits, sizeof bits)
        && set_option(lib, DKIM_OPTS_CLOCKDRIFT, &drift, sizeof drift)
        && dkim_set_key_lookup(lib, look_up_key) == DKIM_STAT_OK)
        return lib;
    dkim_close(lib);
    return NULL;
}

/* Shared by all threads: never written to after this, its cache of keys is off.  NULL: it
 * can't be had. */
static DKIM_LIB *library(void)
{
    static gsize once;
    static DKIM_LIB *shared;

    if (g_once_init_enter(&once)) {
        shared = open_library();
        g_once_init_leave(&once, 1);
    }
    return shared;
}

gboolean dkim_available(void)
{
    return library() != NULL;
}

/* Why no signature could vouch for such a mail; NULL: one could. */
static char *mail_fault(Examination *examination, GBytes *bytes)
{
    if (message_header_count(examination->message, "DKIM-Signature") == 0)
        return g_strdup("no signature");
    if (!dkim_fields_read(bytes, &examination->fields)
        || examination->fields.n != message_n_headers(examination->message))
        return g_strdup("the header is malformed"); /* or the other parser read another one */
    char *fault = dkim_fields_fault(&examination->fields, DKIM_SIGNATURES_MAX);
    if (fault != NULL)
        return fault;
    g_autofree char *address
        = message_only_address(message_raw_header(examination->message, "From", 0));
    if (address == NULL)
        return g_strdup("From is not one address");
    examination->domain = g_ascii_strdown(strrchr(address, '@') + 1, -1);
    return NULL;
}

/* What could end a question to DNS, or begin another one, is no selector. */
static gboolean is_selector(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
        == strlen(text);
}

static gboolean is_accepted(const Trust *trust, const char *domain)
{
    for (char **accepted = trust->dkim_domains; *accepted != NULL; accepted++)
        if (g_ascii_strcasecmp(*accepted, domain) == 0)
            return TRUE;
    return FALSE;
}

/* Never NULL, which would be no fault. */
static const char *error_text(int error)
{
    const char *text = dkim_sig_geterrorstr(error);
    return text != NULL ? text : "it can't be verified";
}

static gboolean has_expired(const Signature *signature)
{
    const char *end = tag(signature, "x");

    return end != NULL
        && g_ascii_strtoull(end, NULL, 10) < (guint64)g_get_real_time() / G_USEC_PER_SEC;
}

/* Why a signature of an accepted domain could not count if it were right; NULL: it could. */
static const char *tag_fault(const Examination *examination, const Signature *signature)
{
    int error = dkim_sig_geterror(signature->info);
    const char *names = tag(signature, "h");
    dkim_alg_t algorithm = DKIM_SIGN_UNKNOWN;

    if (has_expired(signature) || error == DKIM_SIGERROR_EXPIRED)
        return "expired";
    if (error != DKIM_SIGERROR_UNKNOWN)
        return error_text(error);
    if (g_ascii_strcasecmp(examination->domain,
                           (const char *)dkim_sig_getdomain(signature->info))
        != 0)
        return "From is of another domain";
    if (tag(signature, "l") != NULL)
        return "l= leaves the end of the body unsigned";
    if (strlen(names) > LIST_MAX)
        return "h= is too long";
    if (!dkim_names_hold(names, "From") || !dkim_names_hold(names, "Subject"))
        return "From or Subject is not signed";
    (void)dkim_sig_getsignalg(signature->info, &algorithm);
    if (algorithm != DKIM_SIGN_RSASHA256 && algorithm != DKIM_SIGN_ED25519SHA256)
        return "the algorithm is not a safe one";
    return is_selector((const char *)dkim_sig_getselector(signature->info))
        ? NULL
        : "the selector is malformed";
}

/* By its tags alone; what is judged here is not verified. */
static void judge_tags(const Examination *examination, Signature *signature)
{
    const char *domain = (const char *)dkim_sig_getdomain(signature->info);

    if (domain == NULL || dkim_sig_getselector(signature->info) == NULL)
        judge(signature, KNOWN_NOTHING, "malformed");
    else if (!is_accepted(examination->trust, domain))
        judge(signature, KNOWN_FOREIGN, "not one of dkim-domains=");
    else {
        const char *fault = tag_fault(examination, signature);
        if (fault != NULL)
            judge(signature, KNOWN_REFUSED, fault);
    }
    if (signature->text != NULL)
        dkim_sig_ignore(signature->info);
}

/* Why a signature that was verified does not count. */
static const char *outcome_fault(const Signature *signature)
{
    int error = dkim_sig_geterror(signature->info);
    unsigned int flags = dkim_sig_getflags(signature->info);
    dkim_alg_t algorithm = DKIM_SIGN_UNKNOWN;
    const char *type = key_tag(signature, "k");

    (void)dkim_sig_getsignalg(signature->info, &algorithm);
    if (dkim_sig_getbh(signature->info) == DKIM_SIGBH_MISMATCH)
        return "bad signature, the body was altered";
    if (error == DKIM_SIGERROR_BADSIG)
        return "bad signature";
    if (error != DKIM_SIGERROR_OK || !DKIM_SIG_CHECK(signature->info))
        return error_text(error);
    if ((flags & DKIM_SIGFLAG_TESTKEY) != 0)
        return "its key is for testing";
    if (type == NULL
        || g_ascii_strcasecmp(type, algorithm == DKIM_SIGN_RSASHA256 ? "rsa" : "ed25519") != 0)
        return "its key is of another type";
    return NULL;
}

static void judge_outcome(const Examination *examination, Signature *signature)
{
    const char *fault = outcome_fault(signature);
    gboolean dated = dkim_fields_count(&examination->fields, "Date") == 1
        && dkim_names_hold(tag(signature, "h"), "Date");

    if (fault != NULL)
        judge(signature, KNOWN_FAILED, fault);
    else
        judge(signature, dated ? KNOWN_DATED : KNOWN_PASSED, "");
}

/* A field that libopendkim can't read is no signature of ours; others may be. */
static DKIM_STAT feed(const Examination *examination, DKIM *dkim)
{
    const DkimFields *fields = &examination->fields;

    for (guint i = 0; i < fields->n; i++) {
        DKIM_STAT status = dkim_header(dkim, bytes_of(fields->fields[i].text),
                                       fields->fields[i].length);
        if (status != DKIM_STAT_OK && status != DKIM_STAT_SYNTAX)
            return status;
    }
    return dkim_eoh(dkim);
}

static void collect(const Examination *examination, DKIM *dkim)
{
    DKIM_SIGINFO **infos = NULL;
    int n = 0;

    (void)dkim_getsiglist(dkim, &infos, &n);
    for (int i = 0; i < n; i++) {
        Signature signature = { .info = infos[i] };
        g_array_append_val(examination->signatures, signature);
    }
}

static const Signature *most_telling(const Examination *examination)
{
    const Signature *best = NULL;

    for (guint i = 0; i < examination->signatures->len; i++)
        if (best == NULL || signature_at(examination, i)->known > best->known)
            best = signature_at(examination, i);
    return best;
}

static void conclude(const Examination *examination, Finding *finding_r)
{
    const Signature *best = most_telling(examination);

    if (best == NULL || best->known == KNOWN_NOTHING) {
        finding_set(finding_r, FINDING_FAILED, "no signature that can be read");
        return;
    }
    const char *domain = (const char *)dkim_sig_getdomain(best->info);
    const char *selector = (const char *)dkim_sig_getselector(best->info);
    if (best->known == KNOWN_FOREIGN)
        finding_set(finding_r, FINDING_FAILED, "signature of %s: %s", domain, best->text);
    else if (best->known < KNOWN_PASSED)
        finding_set(finding_r,
                    best->known == KNOWN_TROUBLE ? FINDING_TROUBLE : FINDING_FAILED,
                    "signature of %s (s=%s): %s", domain, selector, best->text);
    else
        finding_set(finding_r, FINDING_PASSED, "%s, selector %s", domain, selector);
    finding_r->dated = best->known == KNOWN_DATED
        && message_date(examination->message, &finding_r->time);
}

/* Those that are not judged yet. */
static void verify_body(const Examination *examination, DKIM *dkim)
{
    const DkimFields *fields = &examination->fields;
    DKIM_STAT status = DKIM_STAT_OK;

    if (fields->body_length > 0)
        status = dkim_body(dkim, bytes_of(fields->body), fields->body_length);
    if (status == DKIM_STAT_OK)
        (void)dkim_eom(dkim, NULL); /* what it says of one signature is asked of each */
    for (guint i = 0; i < examination->signatures->len; i++)
        if (signature_at(examination, i)->text == NULL)
            judge_outcome(examination, signature_at(examination, i));
}

/* FALSE when libopendkim gives up; *status_r says why. */
static gboolean verify(const Examination *examination, DKIM *dkim, DKIM_STAT *status_r)
{
    gboolean left = FALSE;

    (void)dkim_set_user_context(dkim, (void *)(gsize)examination);
    *status_r = feed(examination, dkim);
    if (*status_r != DKIM_STAT_OK && *status_r != DKIM_STAT_NOSIG)
        return FALSE;
    collect(examination, dkim);
    for (guint i = 0; i < examination->signatures->len; i++) {
        judge_tags(examination, signature_at(examination, i));
        left = left || signature_at(examination, i)->text == NULL;
    }
    if (left)
        verify_body(examination, dkim);
    return TRUE;
}

void dkim_examine(const Config *config, const Trust *trust, Message *message,
                  Finding *finding_r)
{
    g_auto(Examination) examination
        = { .config = config, .trust = trust, .message = message,
            .signatures = g_array_new(FALSE, FALSE, sizeof(Signature)) };
    g_autoptr(GBytes) bytes = message_bytes(message);
    g_autofree char *fault = mail_fault(&examination, bytes);
    DKIM_LIB *lib = library();
    DKIM_STAT status = DKIM_STAT_OK;

    g_array_set_clear_func(examination.signatures, signature_clear);
    if (fault != NULL) {
        finding_set(finding_r, FINDING_FAILED, "%s", fault);
        return;
    }
    DKIM *dkim = lib != NULL ? dkim_verify(lib, (const u_char *)"-", NULL, &status) : NULL;
    if (dkim == NULL)
        finding_set(finding_r, FINDING_TROUBLE, "out of memory");
    else if (verify(&examination, dkim, &status))
        conclude(&examination, finding_r);
    else
        finding_set(finding_r, FINDING_FAILED, "libopendkim can't read the mail: %s",
                    dkim_getresultstr(status));
    if (dkim != NULL)
        (void)dkim_free(dkim);
}

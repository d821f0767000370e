/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Believes our own filter's word, and looks for what its word does not say.
 *
 * Everything that is not plain fails: two fields that disagree, one that can't be read,
 * a signature over less than we rely on. */
#include "auth-results.h"

#include "auth-field.h"
#include "dkim-tags.h"

#include <string.h>

#define FIELD "Authentication-Results"
#define SIGNATURE "DKIM-Signature"

/* What is looked for, while it is looked for. */
typedef struct {
    const Config *config;
    const Trust *trust;
    Message *message;
    char *domain;      /* of the From address, lower case */
    GPtrArray *fields; /* of AuthField: those of our own name */
    const AuthField *believed; /* the field with the pass, */
    const AuthResult *pass;    /* and this in it */
    gboolean dated;
    Finding *finding;
} Examination;

static void examination_clear(Examination *examination)
{
    g_free(examination->domain);
    g_ptr_array_unref(examination->fields);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Examination, examination_clear)

#define FAIL(examination, ...)                                                                     \
    (finding_set((examination)->finding, FINDING_FAILED, __VA_ARGS__), FALSE)

/* Length of a raw value without the line end behind it. */
static gsize value_length(const char *value)
{
    gsize length = strlen(value);

    if (length > 0 && value[length - 1] == '\n')
        length--;
    if (length > 0 && value[length - 1] == '\r')
        length--;
    return length;
}

/* A value is read up to a NUL, and others may read on. */
static gboolean header_has_nul(Message *message)
{
    g_autoptr(GBytes) bytes = message_bytes(message);
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    const char *end = memmem(data, size, "\r\n\r\n", 4);

    return memchr(data, '\0', end != NULL ? (gsize)(end - data) : size) != NULL;
}

/* All fields of our name, each of which must be understood. */
static gboolean find_fields(Examination *examination)
{
    const char *id = examination->config->authserv_id;
    guint n = message_header_count(examination->message, FIELD);

    if (n > AUTH_RESULTS_FIELDS_MAX)
        return FAIL(examination, "%u " FIELD " fields, more than %d", n, AUTH_RESULTS_FIELDS_MAX);
    for (guint i = 0; i < n; i++) {
        const char *value = message_raw_header(examination->message, FIELD, i);
        g_autofree char *why = NULL;
        g_autoptr(AuthField) field = auth_field_parse(value, value_length(value), &why);
        if (field->authserv_id == NULL || g_ascii_strcasecmp(field->authserv_id, id) != 0)
            continue;
        if (why != NULL)
            return FAIL(examination, "%s: a field that can't be read: %s", id, why);
        if (field->version != 1)
            return FAIL(examination, "%s: a field of version %u", id, field->version);
        g_ptr_array_add(examination->fields, g_steal_pointer(&field));
    }
    if (examination->fields->len == 0)
        return FAIL(examination, "no " FIELD " of %s", id);
    return TRUE;
}

/* The domain that must have signed. */
static gboolean find_domain(Examination *examination)
{
    Message *message = examination->message;
    guint from = message_header_count(message, "From");
    guint subject = message_header_count(message, "Subject");

    if (from != 1 || subject != 1)
        return FAIL(examination, "%u From and %u Subject fields, not one of each", from, subject);
    g_autofree char *address = message_only_address(message_raw_header(message, "From", 0));
    if (address == NULL)
        return FAIL(examination, "From is not one address");
    examination->domain = g_ascii_strdown(strrchr(address, '@') + 1, -1);
    if (!g_strv_contains((const char *const *)examination->trust->dkim_domains,
                         examination->domain))
        return FAIL(examination, "From is of %s, which is not in dkim-domains=",
                    examination->domain);
    return TRUE;
}

static gboolean is_dkim(const AuthResult *result)
{
    return strcmp(result->method, "dkim") == 0 && result->version == 1;
}

/* Whose signature a result is about, "" when it does not say, or says two. */
static const char *result_domain(const AuthResult *result)
{
    guint n_d, n_i;
    const char *d = auth_result_property(result, "header", "d", &n_d);
    const char *i = auth_result_property(result, "header", "i", &n_i);
    const char *at = i != NULL ? strrchr(i, '@') : NULL;

    if (n_d > 1 || n_i > 1)
        return "";
    return d != NULL ? d : at != NULL ? at + 1 : "";
}

static gboolean is_pass(const Examination *examination, const AuthResult *result)
{
    guint n;

    auth_result_property(result, "header", "s", &n);
    return is_dkim(result) && strcmp(result->result, "pass") == 0 && n <= 1
        && g_ascii_strcasecmp(result_domain(result), examination->domain) == 0;
}

/* Without a pass: what comes nearest to it. */
static gboolean tell_result(const Examination *examination)
{
    const char *id = examination->config->authserv_id;
    const AuthResult *nearest = NULL;
    gboolean near = FALSE;

    for (guint f = 0; f < examination->fields->len; f++) {
        const AuthField *field = g_ptr_array_index(examination->fields, f);
        for (guint r = 0; r < field->results->len; r++) {
            const AuthResult *result = g_ptr_array_index(field->results, r);
            gboolean ours
                = g_ascii_strcasecmp(result_domain(result), examination->domain) == 0;
            if (is_dkim(result) && (nearest == NULL || (ours && !near))) {
                nearest = result;
                near = ours;
            }
        }
    }
    if (nearest == NULL)
        return FAIL(examination, "%s: no dkim result", id);
    const char *domain = result_domain(nearest);
    return FAIL(examination, "%s: dkim=%s (%s)%s%s", id, nearest->result,
                *domain != '\0' ? domain : "no domain", near ? "" : ", but From is of ",
                near ? "" : examination->domain);
}

static gboolean find_pass(Examination *examination)
{
    for (guint f = 0; f < examination->fields->len; f++) {
        const AuthField *field = g_ptr_array_index(examination->fields, f);
        for (guint r = 0; r < field->results->len; r++)
            if (is_pass(examination, g_ptr_array_index(field->results, r))) {
                examination->believed = field;
                examination->pass = g_ptr_array_index(field->results, r);
                return TRUE;
            }
    }
    return tell_result(examination);
}

/* Does this say of our domain's signature that it is not good?  Two selectors are two
 * signatures, of which CERT-Bund's mails have one each for RSA and Ed25519. */
static gboolean contradicts(const Examination *examination, const AuthResult *result)
{
    const char *domain = result_domain(result);
    const char *ours = auth_result_property(examination->pass, "header", "s", NULL);
    const char *theirs = auth_result_property(result, "header", "s", NULL);

    if (!is_dkim(result) || strcmp(result->result, "pass") == 0
        || (*domain != '\0' && g_ascii_strcasecmp(domain, examination->domain) != 0))
        return FALSE;
    return ours == NULL || theirs == NULL || g_ascii_strcasecmp(ours, theirs) == 0;
}

static gboolean undisputed(const Examination *examination)
{
    for (guint f = 0; f < examination->fields->len; f++) {
        const AuthField *field = g_ptr_array_index(examination->fields, f);
        for (guint r = 0; field != examination->believed && r < field->results->len; r++) {
            const AuthResult *result = g_ptr_array_index(field->results, r);
            if (contradicts(examination, result))
                return FAIL(examination, "%s: two fields, dkim=pass and dkim=%s (%s)",
                            examination->config->authserv_id, result->result,
                            examination->domain);
        }
    }
    return TRUE;
}

static gboolean is_tag(GHashTable *tags, const char *name, const char *value)
{
    const char *found = g_hash_table_lookup(tags, name);
    return found != NULL && g_ascii_strcasecmp(found, value) == 0;
}

/* RFC 6376 section 3.5: without one of these it is no signature, and nobody verified it. */
static gboolean is_whole(GHashTable *tags)
{
    static const char *const required[] = { "a", "b", "bh", "d", "h", "s" };

    for (guint i = 0; i < G_N_ELEMENTS(required); i++)
        if (!g_hash_table_contains(tags, required[i]))
            return FALSE;
    return is_tag(tags, "v", "1");
}

/* What the result does not tell: whether what we read was signed. */
static gboolean covers(Examination *examination, GHashTable *tags)
{
    const char *domain = examination->domain;

    if (!is_whole(tags))
        return FAIL(examination, "a " SIGNATURE " of %s that is none", domain);
    if (!dkim_tags_cover(tags, "From") || !dkim_tags_cover(tags, "Subject"))
        return FAIL(examination, "the signature of %s does not cover From and Subject", domain);
    if (g_hash_table_contains(tags, "l"))
        return FAIL(examination, "the signature of %s has l=: more may stand below", domain);
    examination->dated = examination->dated && dkim_tags_cover(tags, "Date");
    return TRUE;
}

static gboolean check_signatures(Examination *examination)
{
    const char *selector = auth_result_property(examination->pass, "header", "s", NULL);
    guint n = message_header_count(examination->message, SIGNATURE), found = 0;

    if (n > AUTH_RESULTS_FIELDS_MAX)
        return FAIL(examination, "%u " SIGNATURE " fields, more than %d", n,
                    AUTH_RESULTS_FIELDS_MAX);
    examination->dated = message_header_count(examination->message, "Date") == 1;
    for (guint i = 0; i < n; i++) {
        const char *value = message_raw_header(examination->message, SIGNATURE, i);
        g_autoptr(GHashTable) tags = dkim_tags_parse(value, value_length(value));
        if (tags == NULL)
            return FAIL(examination, "a " SIGNATURE " that can't be read");
        if (!is_tag(tags, "d", examination->domain)
            || (selector != NULL && !is_tag(tags, "s", selector)))
            continue;
        if (!covers(examination, tags))
            return FALSE;
        found++;
    }
    return found > 0 || FAIL(examination, "no " SIGNATURE " of %s", examination->domain);
}

void auth_results_examine(const Config *config, const Trust *trust, Message *message,
                          Finding *finding_r)
{
    g_auto(Examination) examination = {
        .config = config, .trust = trust, .message = message, .finding = finding_r,
        .fields = g_ptr_array_new_with_free_func((GDestroyNotify)auth_field_free),
    };

    if (*config->authserv_id == '\0') {
        finding_set(finding_r, FINDING_FAILED, "authserv-id= is empty");
        return;
    }
    if (header_has_nul(message)) {
        finding_set(finding_r, FINDING_FAILED, "a NUL byte in the header");
        return;
    }
    if (!find_fields(&examination) || !find_domain(&examination) || !find_pass(&examination)
        || !undisputed(&examination) || !check_signatures(&examination))
        return;
    finding_set(finding_r, FINDING_PASSED, "%s: dkim=pass of %s", config->authserv_id,
                examination.domain);
    finding_r->dated = examination.dated && message_date(message, &finding_r->time);
}

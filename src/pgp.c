/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Has gpg verify, and judges what it says.
 *
 * gpg's word for a key that is expired hides that it may be revoked, too, and says nothing of
 * when it expired: the listing of the key does.  Only what gpg can take for a signature ever
 * counts: a signed text of its own in the signature's part is "not a detached signature". */
#include "pgp.h"

#include "errors.h"
#include "gpg.h"
#include "pgp-keys.h"
#include "pgp-status.h"
#include "provenance.h"
#include "timestamp.h"

#include <string.h>

#define CLASS_BYTES 0
#define CLASS_TEXT 1

/* SHA-256, SHA-384, SHA-512, SHA-224: RFC 4880 section 9.4. */
static gboolean is_sound_hash(guint hash)
{
    return hash >= 8 && hash <= 11;
}

/* A text signature takes any number of CR in front of a LF for one (GnuPG), of which a reader
 * makes empty lines. */
static gboolean has_stray_cr(GBytes *bytes)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);

    for (const char *p = data, *end = data + size; p < end; p++) {
        p = memchr(p, '\r', (gsize)(end - p));
        if (p == NULL)
            return FALSE;
        if (p + 1 == end || p[1] != '\n')
            return TRUE;
    }
    return FALSE;
}

/* A good signature by a key that has expired by now: had it when it signed? */
static void judge_expired(const Config *config, const PgpSignature *signature, Finding *finding)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) keys
        = pgp_keys_list(config->gnupg_home, signature->primary, &error);
    guint alive = 0, wanted = strcmp(signature->primary, signature->fingerprint) == 0 ? 1 : 2;

    if (keys == NULL) {
        finding_set(finding, FINDING_TROUBLE, "%s", error->message);
        return;
    }
    for (guint i = 0; i < keys->len; i++) {
        const PgpKey *key = g_ptr_array_index(keys, i);
        if (strcmp(key->fingerprint, signature->primary) != 0
            && strcmp(key->fingerprint, signature->fingerprint) != 0)
            continue;
        if (key->revoked) {
            finding_set(finding, FINDING_FAILED, "the key %s is revoked", key->fingerprint);
            return;
        }
        alive += key->usable && (key->expires == 0 || signature->created < key->expires);
    }
    if (alive != wanted)
        finding_set(finding, FINDING_FAILED, "the key %s had expired before it signed",
                    signature->fingerprint);
    else
        finding->result = FINDING_PASSED;
}

/* gpg reads a text by lines and leaves out of its digest what is beyond 19,995 bytes of one. */
static gboolean has_long_line(GBytes *bytes)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);

    for (const char *line = data, *end = data + size, *next; line < end; line = next) {
        const char *lf = memchr(line, '\n', (gsize)(end - line));
        next = lf != NULL ? lf + 1 : end;
        if (next - line > PGP_TEXT_LINE_MAX)
            return TRUE;
    }
    return FALSE;
}

/* What no key makes good.  FALSE when there is such a thing. */
static gboolean judge_form(const PgpSignature *signature, const SignedPart *part, Finding *finding)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    char when[TIMESTAMP_TEXT_SIZE];

    if (!is_sound_hash(signature->hash))
        finding_set(finding, FINDING_FAILED,
                    "the signature's hash algorithm (%u) can be forged; expected SHA-2",
                    signature->hash);
    else if (signature->class_ != CLASS_BYTES && signature->class_ != CLASS_TEXT)
        finding_set(finding, FINDING_FAILED, "a signature of class %02x, which is not over a text",
                    signature->class_);
    else if (signature->class_ == CLASS_TEXT && has_stray_cr(part->bytes))
        finding_set(finding, FINDING_FAILED,
                    "the signature is over a text, and a CR stands within a line");
    else if (signature->class_ == CLASS_TEXT && has_long_line(part->bytes))
        finding_set(finding, FINDING_FAILED,
                    "the signature is over a text, and a line of it has more than %d bytes, of "
                    "which gpg would not see the end", PGP_TEXT_LINE_MAX);
    else if (signature->created > now + PROVENANCE_FUTURE_SECS)
        finding_set(finding, FINDING_FAILED, "the signature is of %s, which is in the future",
                    timestamp_format(signature->created, when));
    else
        return TRUE;
    return FALSE;
}

static const char *verdict_text(PgpVerdict verdict)
{
    switch (verdict) {
    case PGP_BAD:
        return "bad signature, as if by key";
    case PGP_NO_KEY:
        return "signature by unknown key";
    case PGP_EXPIRED:
        return "the signature itself has expired, by key";
    case PGP_KEY_REVOKED:
        return "signature by revoked key";
    default:
        return "a signature that gpg can't check, by key";
    }
}

/* Leaves a text in any case. */
static void judge(const Config *config, const Trust *trust, const PgpSignature *signature,
                  const SignedPart *part, Finding *finding)
{
    char when[TIMESTAMP_TEXT_SIZE];

    if (signature->verdict != PGP_GOOD && signature->verdict != PGP_KEY_EXPIRED) {
        finding_set(finding, FINDING_FAILED, "%s %s", verdict_text(signature->verdict),
                    signature->key);
        return;
    }
    if (!g_strv_contains((const char *const *)trust->keys, signature->primary)) {
        finding_set(finding, FINDING_FAILED, "signature by key %s, which is not in keys=",
                    signature->primary);
        return;
    }
    if (!judge_form(signature, part, finding))
        return;
    finding->result = FINDING_PASSED;
    if (signature->verdict == PGP_KEY_EXPIRED)
        judge_expired(config, signature, finding);
    if (finding->result == FINDING_PASSED)
        finding_set(finding, FINDING_PASSED, "signed by %s at %s", signature->primary,
                    timestamp_format(signature->created, when));
}

static char *id_of(const PgpSignature *signature, const SignedPart *part)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *head
        = g_strdup_printf("%s %" G_GINT64_FORMAT "\n", signature->primary, signature->created);
    gsize size;
    const guint8 *data = g_bytes_get_data(part->bytes, &size);

    g_checksum_update(checksum, (const guint8 *)head, (gssize)strlen(head));
    g_checksum_update(checksum, data, (gssize)size);
    return g_strconcat("pgp:", g_checksum_get_string(checksum), NULL);
}

/* The first that passes, else trouble, else what is wrong with the first. */
static void judge_all(const Config *config, const Trust *trust, const GArray *signatures,
                      const SignedPart *part, Finding *finding_r)
{
    for (guint i = 0; i < signatures->len; i++) {
        const PgpSignature *signature = &g_array_index(signatures, PgpSignature, i);
        g_auto(Finding) finding = { .result = FINDING_FAILED };

        judge(config, trust, signature, part, &finding);
        if (i == 0 || finding.result == FINDING_PASSED
            || (finding.result == FINDING_TROUBLE && finding_r->result == FINDING_FAILED))
            finding_set(finding_r, finding.result, "%s", finding.text);
        if (finding.result != FINDING_PASSED)
            continue;
        finding_r->dated = TRUE;
        finding_r->time = signature->created;
        finding_r->id = id_of(signature, part);
        return;
    }
}

/* FALSE with an error: gpg was not asked, or gave no answer. */
static gboolean verify(const Config *config, const Trust *trust, const SignedPart *part,
                       ChildResult *result_r, GError **error)
{
    static const char *const words[] = { "--verify", "--", GPG_DATA, GPG_MORE_DATA, NULL };
    const ChildOrder order = { .data = { part->signature, part->bytes } };

    if (trust->keys[0] == NULL)
        error_input(error, "no key is in keys=");
    else if (g_bytes_get_size(part->signature) > PGP_SIGNATURE_MAX)
        error_input(error, "the signature has more than %d bytes", PGP_SIGNATURE_MAX);
    else
        return gpg_keyring(config->gnupg_home, error) == GPG_KEYRING
            && gpg_run(config->gnupg_home, GPG_READ, words, &order, result_r, error);
    return FALSE;
}

void pgp_examine(const Config *config, const Trust *trust, const SignedPart *part,
                 Finding *finding_r)
{
    g_auto(ChildResult) result = { .output = NULL };
    g_autoptr(GError) error = NULL;

    if (!verify(config, trust, part, &result, &error)) {
        gboolean later = g_error_matches(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
        finding_set(finding_r, later ? FINDING_TROUBLE : FINDING_FAILED, "%s", error->message);
        return;
    }
    g_autoptr(GArray) signatures = pgp_status_read(result.output->str);
    g_autofree char *said = gpg_words(&result);
    if (signatures->len == 0)
        finding_set(finding_r, FINDING_FAILED, "gpg finds no signature: %s", said);
    else
        judge_all(config, trust, signatures, part, finding_r);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tags of envelope senders, and what is done about a bounce.
 *
 * Refused: a tag that is not ours, to the last character and compared in constant
 * time; recipients that the notice did not have.  Every step can be done twice: the
 * MTA hands the same notification in again whenever our answer is lost. */
#include "bounce.h"

#include "bounce-mail.h"
#include "errors.h"
#include "mailbox.h"

#include <string.h>

#define REFERENCE_PREFIX "A-"

G_STATIC_ASSERT(CONFIG_ENVELOPE_LOCAL_MAX + 1 + 2 + SECRET_REFERENCE_CHARS_MAX + 1 +
                    SECRET_TAG_CHARS ==
                MAILBOX_LOCAL_MAX);

/* ---- tags */

char *bounce_sender(const Secret *secret, const char *envelope_from, const char *reference)
{
    const char *at = envelope_from != NULL ? strrchr(envelope_from, '@') : NULL;

    if (at == NULL)
        return g_strdup("");
    g_autofree char *tag = secret_tag(secret, reference);
    g_autofree char *sender = g_strdup_printf("%.*s+%s-%s%s", (int)(at - envelope_from),
                                              envelope_from, reference, tag, at);
    return mailbox_valid(sender) ? g_steal_pointer(&sender) : g_strdup(envelope_from);
}

/* What stands between "local+" and "@domain" of envelope_from in recipient, in upper
 * case; NULL: it is another address. */
static char *tag_in(const char *envelope_from, const char *recipient)
{
    const char *own = strrchr(envelope_from, '@'), *at = strrchr(recipient, '@');
    gsize local;

    if (own == NULL || at == NULL || g_ascii_strcasecmp(own, at) != 0)
        return NULL;
    local = (gsize)(own - envelope_from);
    if ((gsize)(at - recipient) <= local || recipient[local] != '+' ||
        g_ascii_strncasecmp(recipient, envelope_from, local) != 0)
        return NULL;
    return g_ascii_strup(recipient + local + 1, at - recipient - (gssize)local - 1);
}

static gboolean is_reference(const char *text)
{
    gsize length;

    if (!g_str_has_prefix(text, REFERENCE_PREFIX))
        return FALSE;
    text += strlen(REFERENCE_PREFIX);
    length = strspn(text, "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    return text[length] == '\0' && length >= SECRET_REFERENCE_CHARS &&
           length <= SECRET_REFERENCE_CHARS_MAX;
}

/* Takes as long for a tag that is nearly right as for any other. */
static gboolean same_tag(const char *a, const char *b)
{
    volatile guint8 difference = 0;

    for (guint i = 0; i < SECRET_TAG_CHARS; i++)
        difference |= (guint8)(a[i] ^ b[i]);
    return difference == 0;
}

char *bounce_reference(const Secret *secret, const char *envelope_from, const char *recipient)
{
    g_autofree char *reference = tag_in(envelope_from, recipient);
    char *hyphen = reference != NULL ? strrchr(reference, '-') : NULL;

    if (hyphen == NULL || strlen(hyphen + 1) != SECRET_TAG_CHARS)
        return NULL;
    *hyphen = '\0';
    if (!is_reference(reference))
        return NULL;
    g_autofree char *tag = secret_tag(secret, reference);
    return same_tag(tag, hyphen + 1) ? g_steal_pointer(&reference) : NULL;
}

char *bounce_intake(const Secret *secret, const Config *config, const char *sender,
                    const char *recipient)
{
    return *sender == '\0' ? bounce_reference(secret, config->envelope_from, recipient) : NULL;
}

/* ---- outcomes */

void bounce_outcome_free(BounceOutcome *outcome)
{
    if (outcome == NULL)
        return;
    g_free(outcome->text);
    g_free(outcome);
}

G_GNUC_PRINTF(3, 4)
static BounceOutcome *outcome(BounceKind kind, BounceTold told, const char *format, ...)
{
    BounceOutcome *outcome = g_new(BounceOutcome, 1);
    va_list arguments;

    outcome->kind = kind;
    outcome->told = told;
    va_start(arguments, format);
    outcome->text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return outcome;
}

/* What the ledger can't use is an outcome, what it can't do now is an error. */
static BounceOutcome *unknown_or_error(GError *failure, GError **error)
{
    if (!g_error_matches(failure, CERTBUND_ERROR, CERTBUND_ERROR_INPUT)) {
        g_propagate_error(error, failure);
        return NULL;
    }
    BounceOutcome *unknown =
        outcome(BOUNCE_UNKNOWN, TOLD_NOBODY, "bounce passed over: %s", failure->message);
    g_error_free(failure);
    return unknown;
}

static BounceOutcome *no_failure(const char *reference, const Dsn *dsn)
{
    const DsnRecipient *first = dsn->recipients->len > 0 ? dsn->recipients->pdata[0] : NULL;

    return outcome(BOUNCE_NO_FAILURE, TOLD_NOBODY, "%s: no bounce, its recipient is %s", reference,
                   first != NULL ? dsn_action_name(first->action) : "not named");
}

/* ---- recording */

/* Whom of the notice's recipients is this about?  The original recipient is whom we wrote
 * to; a notice's only one is meant in any case (he was forwarded). */
static const char *match(const LedgerNoticeInfo *notice, const DsnRecipient *failed)
{
    for (char **recipient = notice->recipients; *recipient != NULL; recipient++)
        if (g_ascii_strcasecmp(*recipient, failed->original) == 0)
            return *recipient;
    for (char **recipient = notice->recipients; *recipient != NULL; recipient++)
        if (g_ascii_strcasecmp(*recipient, failed->final) == 0)
            return *recipient;
    return g_strv_length(notice->recipients) == 1 ? notice->recipients[0] : NULL;
}

/* One for each of the notice's recipients that failed, and one for all others: how many
 * a remote host has named costs nothing further. */
static GPtrArray *failures_of(const LedgerNoticeInfo *notice, const Dsn *dsn)
{
    GPtrArray *failures = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < dsn->recipients->len; i++) {
        const DsnRecipient *recipient = dsn->recipients->pdata[i];
        const char *address = match(notice, recipient);
        BounceFailure *failure;
        if (recipient->action != DSN_FAILED ||
            !g_hash_table_add(seen, (char *)(gsize)(address != NULL ? address : "")))
            continue;
        failure = g_new(BounceFailure, 1);
        failure->address = address != NULL ? address : "";
        failure->status = recipient->status;
        failure->diagnostic = recipient->diagnostic;
        failure->for_good = *recipient->status == '5';
        g_ptr_array_add(failures, failure);
    }
    return failures;
}

static gboolean record(const BounceContext *context, const LedgerNoticeInfo *notice,
                       const GPtrArray *failures, gint64 now, GError **error)
{
    gboolean first;

    for (guint i = 0; i < failures->len; i++) {
        const BounceFailure *failure = failures->pdata[i];
        if (!ledger_bounced(context->ledger, notice->reference,
                            *failure->address != '\0' ? failure->address : NULL, failure->status,
                            failure->for_good, now, &first, error))
            return FALSE;
    }
    return TRUE;
}

static BounceOutcome *tell(const BounceContext *context, const LedgerNoticeInfo *notice,
                           const GPtrArray *failures, gint64 now, GError **error)
{
    static const char *const told_texts[] = {
        [TOLD_NOBODY] = "nobody",
        [TOLD_ESCALATION] = "escalation contact",
        [TOLD_DESK] = "desk",
        [TOLD_BEFORE] = "before",
    };
    const BounceFailure *failure = failures->pdata[0];
    const char *why = "";
    BounceTold told;

    if (!bounce_tell(context, notice, failures, now, &told, &why, error))
        return NULL;
    return outcome(BOUNCE_RECORDED, told,
                   "%s bounced: customer=%s recipients=%u status=%s told=%s%s%s", notice->reference,
                   notice->customer, failures->len,
                   *failure->status != '\0' ? failure->status : "unknown", told_texts[told],
                   *why != '\0' ? ": " : "", why);
}

BounceOutcome *bounce_record(const BounceContext *context, const char *reference, GBytes *mail,
                             gint64 now, GError **error)
{
    GError *failure = NULL;
    g_autoptr(Dsn) dsn = dsn_parse(mail, &failure);

    if (dsn == NULL) {
        BounceOutcome *unreadable =
            outcome(BOUNCE_UNREADABLE, TOLD_NOBODY, "%s: no bounce that can be read: %s", reference,
                    failure->message);
        g_error_free(failure);
        return unreadable;
    }
    if (dsn->n_failed == 0)
        return no_failure(reference, dsn);
    g_autoptr(LedgerNoticeInfo) notice = ledger_notice_info(context->ledger, reference, &failure);
    if (notice == NULL)
        return unknown_or_error(failure, error);
    g_autoptr(GPtrArray) failures = failures_of(notice, dsn);
    if (!record(context, notice, failures, now, &failure))
        return unknown_or_error(failure, error);
    return tell(context, notice, failures, now, error);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Signs what a worker has claimed, and has many signatures stored in one commit.  What can't be
 * signed never goes without. */
#include "outbox-sign.h"

#include "desk.h"
#include "notice.h"
#include "sign.h"

#include <string.h>

static gboolean needs_signature(const Config *config, const LedgerClaim *claim)
{
    return *config->sign_key != '\0' && *claim->customer != '\0' && !claim->is_signed;
}

static gboolean sign_one(const Config *config, LedgerClaim *claim, gint64 until, char **why_r)
{
    g_autoptr(GError) error = NULL;

    if (g_get_monotonic_time() >= until) {
        *why_r = g_strdup("there was no time left for its signature");
        return FALSE;
    }
    GBytes *bytes = sign_mail(config, claim->bytes, &error);
    if (bytes == NULL) {
        *why_r = g_strdup(error->message);
        return FALSE;
    }
    g_bytes_unref(claim->bytes);
    claim->bytes = bytes;
    claim->is_signed = TRUE;
    return TRUE;
}

/* Those that still need it, out of claims. */
static GPtrArray *take_unsigned(const Config *config, GPtrArray *claims)
{
    GPtrArray *left = g_ptr_array_new_with_free_func((GDestroyNotify)ledger_claim_free);

    for (guint i = 0; i < claims->len;)
        if (needs_signature(config, g_ptr_array_index(claims, i)))
            g_ptr_array_add(left, g_ptr_array_steal_index(claims, i));
        else
            i++;
    return left;
}

gboolean outbox_sign(Ledger *ledger, const Config *config, GPtrArray *claims, gint64 until,
                     GPtrArray **left_r, char **why_r, guint *n_r, GError **error)
{
    g_autofree LedgerSigned *signed_ = g_new0(LedgerSigned, claims->len);
    guint n = 0;

    *left_r = NULL;
    *why_r = NULL;
    *n_r = 0;
    for (guint i = 0; i < claims->len && *why_r == NULL; i++) {
        LedgerClaim *claim = g_ptr_array_index(claims, i);
        if (needs_signature(config, claim) && sign_one(config, claim, until, why_r))
            signed_[n++] = (LedgerSigned) { claim->id, claim->bytes };
    }
    if (n > 0 && !ledger_store_signed(ledger, signed_, n, error)) {
        g_clear_pointer(why_r, g_free);
        return FALSE;
    }
    *n_r = n;
    if (*why_r != NULL)
        *left_r = take_unsigned(config, claims);
    return TRUE;
}

/* ---- the desk */

static GBytes *write_mail(const Config *config, const char *why, const char *subject,
                          const char *message_id, gint64 now, GError **error)
{
    const char *const to[] = { config->desk, NULL };
    const NoticeHead head = { .from = desk_from(config),
                              .to = to, .subject = subject, .message_id = message_id,
                              .language = "en", .date = now / G_USEC_PER_SEC };
    GString *text = g_string_new(NULL);

    g_string_append_printf(text,
                           "sign-key= is set, and the key does not sign:\n\n  %s\n\nNotices wait, "
                           "for none goes out without its signature.  They go as soon as the\nkey "
                           "signs again; nothing else need be done.\n\nTo see what waits, and "
                           "whether the key can sign:\n\n  certbundctl notices --state pending\n"
                           "  certbundctl check\n\nYou are told once a day, while it lasts.\n",
                           why);
    return notice_write(&head, text, error);
}

/* Law 4: the id is the day, so asking again adds nothing. */
gboolean outbox_sign_tell(Ledger *ledger, const Secret *secret, const Config *config,
                          const char *why, gint64 now, GError **error)
{
    const char *const to[] = { config->desk, NULL };
    static const char subject[] = "Notices wait: the key of sign-key= does not sign";
    g_autofree char *day
        = g_strdup_printf("%" G_GINT64_FORMAT, now / (86400 * (gint64)G_USEC_PER_SEC));
    const NoticeKey key = { day, "", "", "sign-key" };

    if (*config->desk == '\0')
        return TRUE;
    g_autofree char *id = secret_notice_id(secret, &key);
    g_autofree char *reference = secret_reference(secret, &key, SECRET_REFERENCE_CHARS_MAX);
    g_autofree char *message_id = desk_message_id(config, secret, &key);
    g_autoptr(GBytes) mail = write_mail(config, why, subject, message_id, now, error);
    const LedgerNotice notice
        = { .id = id, .reference = reference, .customer = "", .group = "", .class_id = "",
            .state = NOTICE_PENDING, .sender = config->envelope_from, .recipients = to,
            .message_id = message_id, .subject = subject, .bytes = mail, .template_digest = "",
            .config_digest = config->digest, .due = now };

    return mail != NULL && ledger_add_mail(ledger, &notice, NULL, error);
}

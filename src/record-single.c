/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Decides whether the mail in hand becomes the notice, and keeps the desk's copy of it.
 * Refused: what the outbox must sign, what is held or not all of the report, and a mail of which
 * only the signed part is proven, for anybody could send that again and again. */
#include "record-single.h"

#include "intake.h"
#include "mark.h"
#include "rewrite.h"

#include <string.h>

static gboolean may_rewrite(const Config *config)
{
    return strcmp(config->disposition, "rewrite") == 0 && config->rewrite_single
        && *config->sign_key == '\0';
}

gboolean single_is(const RecordInput *input, const Decision *decision, const Notice *notice)
{
    return input->copy != NULL && may_rewrite(decision->snapshot->config)
        && decision->mode == MODE_LIVE && decision->status == STATUS_HANDLED
        && !decision_is_part(decision)
        && notice->held == NULL && notice->n_events == decision->report->n_events
        && rewrite_fits(notice->bytes);
}

LedgerClaim *single_note(const LedgerNotice *row)
{
    LedgerClaim *single = g_new0(LedgerClaim, 1);

    single->id = g_strdup(row->id);
    single->reference = g_strdup(row->reference);
    single->customer = g_strdup(row->customer);
    single->sender = g_strdup(row->sender);
    single->recipients = g_strdupv((char **)(gsize)row->recipients);
    single->bytes = g_bytes_ref(row->bytes);
    return single;
}

gboolean single_repeat(const RecordInput *input, const Decision *decision, const char *digest,
                       gint64 now, LedgerClaim **single_r, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (*input->person != '\0' || decision->report == NULL || decision_is_part(decision))
        return TRUE;
    g_autoptr(LedgerClaim) single
        = ledger_in_mta(input->ledger, input->subject->ticket, digest,
                        decision->report->message_id, now - SINGLE_SECS * (gint64)G_USEC_PER_SEC,
                        &why);
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    if (single == NULL)
        return TRUE;
    if (!may_rewrite(decision->snapshot->config))
        return ledger_change_notice(input->ledger, single->id, NOTICE_PENDING, "",
                                    "its mail came again, and is rewritten no more", now, error);
    if (input->copy != NULL)
        *single_r = g_steal_pointer(&single);
    return TRUE;
}

/* ---- the original, where its mail becomes a notice */

static GBytes *marked(const DeskCase *told)
{
    g_autofree char *mark = mark_format(told->decision, told->recorded->n_notices);
    g_autofree char *whole = mark_sign(mark, told->input->copy->id);
    g_auto(GStrv) lines = g_strsplit(whole, "\n", -1);
    g_autofree char *folded = g_strjoinv("\r\n", lines);
    GString *mail = g_string_new(NULL);
    gsize size;
    const char *data = g_bytes_get_data(told->input->bytes, &size);

    g_string_append_printf(mail, MARK_FIELD ": %s\r\n", folded);
    g_string_append_len(mail, data, (gssize)size);
    return g_string_free_to_bytes(mail);
}

/* As they stand in the intake: the MTA has accepted them. */
static char **recipients_of(const CopyInHand *copy)
{
    GStrvBuilder *builder = g_strv_builder_new();

    for (guint i = 0; i < copy->recipients->len; i++) {
        g_autofree char *address = intake_address(g_ptr_array_index(copy->recipients, i));
        g_strv_builder_add(builder, address);
    }
    char **found = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return found;
}

gboolean single_keep_original(LedgerTransaction *transaction, const DeskCase *told,
                              GError **error)
{
    const Config *config = told->decision->snapshot->config;
    const Secret *secret = told->input->secret;

    if (told->recorded->single == NULL)
        return TRUE;
    const NoticeKey key = { told->input->subject->ticket, ledger_report_id(transaction), "",
                            "original" };
    g_autofree char *id = secret_notice_id(secret, &key);
    g_autofree char *reference = secret_reference(secret, &key, SECRET_REFERENCE_CHARS_MAX);
    g_autoptr(GBytes) mail = marked(told);
    g_auto(GStrv) to = recipients_of(told->input->copy);
    /* Not from CERT-Bund: who forwards the desk's mail would break its policy. */
    const LedgerNotice row = {
        .id = id, .reference = reference, .customer = "", .group = "original",
        .class_id = told->decision->class_id, .state = NOTICE_PENDING,
        .sender = config->envelope_from, .recipients = (const char *const *)to,
        .message_id = told->decision->report->message_id, .subject = told->input->subject->title,
        .bytes = mail, .template_digest = "", .config_digest = config->digest, .due = told->now,
    };

    return ledger_add_notice(transaction, &row, error);
}

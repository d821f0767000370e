/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Makes a step's mail, decides and records it, and looks at what became of it. */
#include "story.h"

#include "ledger-maker.h"
#include "mail-maker.h"

#include <string.h>

static const char customers_csv[]
    = "network,customer,email,deliver\n"
      "192.0.2.0/28,anna,anna@example.net;noc@example.net,\n"
      "192.0.2.16/28,berta,berta@example.net,\n"
      "192.0.2.32/28,carl,carl@example.net,hold\n";

void story_set_up(FixtureWorld *world, const char *extra)
{
    fixture_set_up(world, extra, customers_csv);
}

GBytes *story_mail(const StoryStep *step)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (guint i = 0; i < G_N_ELEMENTS(step->addresses) && step->addresses[i] != NULL; i++)
        g_ptr_array_add(rows, mail_row("64496", step->addresses[i], "2025-02-11 11:10:25", NULL));
    const MailOptions options = {
        .ticket = step->ticket, .title = step->title != NULL ? step->title : "Offene Telnet-Server",
        .scope = "AS64496", .critical = step->critical, .rows = rows,
        .below = step->no_end ? "" : NULL, .message_id = step->message_id,
    };
    return mail_make(&options);
}

Subject *story_subject(const StoryStep *step)
{
    g_autofree char *text
        = g_strdup_printf("[%s] %s%s", step->ticket, step->critical ? "[KRITISCH] " : "",
                          step->title != NULL ? step->title : "Offene Telnet-Server");
    return subject_parse(text);
}

void story_prove_less(Decision *decision, const StoryStep *step)
{
    if (step->signature == NULL)
        return;
    g_free(decision->provenance->signature);
    decision->provenance->signature = g_strdup(step->signature);
    decision->provenance->header = FALSE;
}

gboolean story_record(FixtureWorld *world, const StoryStep *step, GBytes *mail,
                      const char *released, Decision **decision_r, Recorded *recorded_r,
                      GError **error)
{
    static const Address stranger = { { 0x20, 0x01, 0x0d, 0xb8 } };
    g_autoptr(Subject) subject = story_subject(step);
    *decision_r = decide(world->snapshot, mail, step->stranger ? &stranger : &fixture_client,
                         SENT + step->at, released != NULL ? VOUCHED_WHOLE : VOUCHED_BY_NOBODY,
                         error);
    if (*decision_r == NULL)
        return FALSE;
    story_prove_less(*decision_r, step);
    const RecordInput input = { .ledger = world->ledger, .secret = world->secret, .bytes = mail,
                                .subject = subject, .queue_id = "4TEST", .client = "",
                                .released = released, .person = released != NULL ? "eva" : "" };
    return record_decision(&input, *decision_r, (SENT + step->at) * G_USEC_PER_SEC, recorded_r,
                           error);
}

void story_check(const StoryStep *step, const Decision *decision, const Recorded *recorded)
{
    const guint none[FATE_N] = { 0 };
    const guint *counts = decision->assignment != NULL ? decision->assignment->counts : none;

    g_assert_cmpstr(status_name(decision->status), ==, step->status);
    g_assert_cmpuint(recorded->n_notices, ==, step->notices);
    if (decision->status == STATUS_DUPLICATE)
        return;
    g_assert_cmpuint(counts[FATE_NOTIFIED], ==, step->notified);
    g_assert_cmpuint(counts[FATE_HELD], ==, step->held);
    g_assert_cmpuint(counts[FATE_EXEMPT], ==, step->exempt);
    g_assert_cmpuint(counts[FATE_SUPPRESSED], ==, step->suppressed);
    g_assert_cmpuint(counts[FATE_UNASSIGNED], ==, step->unassigned);
}

void story_step(FixtureWorld *world, const StoryStep *step, const char *released)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) decision = NULL;
    g_autoptr(GBytes) mail = story_mail(step);
    Recorded recorded = { .problems = NULL };

    gboolean fine = story_record(world, step, mail, released, &decision, &recorded, &error);
    g_assert_no_error(error);
    g_assert_true(fine);
    story_check(step, decision, &recorded);
    recorded_clear(&recorded);
}

char *story_notice_text(const FixtureWorld *world, const char *state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reference = maker_value(world->ledger, LEDGER_NOTICES, state, "reference");
    g_assert_nonnull(reference);
    g_autoptr(GBytes) bytes = ledger_notice_bytes(world->ledger, reference, &error);
    g_assert_no_error(error);
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    gsize length;
    return message_part_text(message, 0, &length, &error);
}

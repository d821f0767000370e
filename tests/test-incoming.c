/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What is kept of a message while it comes in, and where that ends. */
#include "bounce.h"
#include "fixture.h"
#include "incoming.h"
#include "mark.h"
#include "message.h"
#include "rewrite.h"

#include <string.h>

#define REPORT "[CB-Report#20250212-10000001] Offene Telnet-Server in AS64496"

typedef struct {
    char *directory;
    Snapshot *snapshot;
    Secret *secret;
} World;

static void set_up(World *world, gconstpointer data)
{
    (void)data;
    world->directory = fixture_directory();
    world->snapshot = fixture_snapshot(world->directory,
                                       "[notices]\nenvelope-from=bounce@example.org\n",
                                       "network,customer,email\n");
    world->secret = secret_dummy();
}

static void tear_down(World *world, gconstpointer data)
{
    (void)data;
    secret_free(world->secret);
    snapshot_unref(world->snapshot);
    fixture_remove(world->directory);
}

static Incoming *begin(const World *world, const char *sender, const char *recipient)
{
    Incoming *incoming = incoming_new(world->snapshot, sender);
    incoming_add_recipient(incoming, world->secret, recipient);
    return incoming;
}

static Incoming *begin_report(const World *world)
{
    Incoming *incoming = begin(world, "<reports@reports.cert-bund.de>", "<x@example.net>");
    incoming_add_header(incoming, "Subject", " " REPORT, TRUE);
    return incoming;
}

static void body(Incoming *incoming, gsize size)
{
    g_autofree char *chunk = g_strnfill(size, 'x');
    incoming_add_body(incoming, (const guint8 *)chunk, size);
}

/* The bytes are those that the MTA got: CRLF, folds with theirs, one blank at the colon. */
static void test_bytes(World *world, gconstpointer data)
{
    static const struct {
        const char *value;
        gboolean space;
        const char *want;
    } cases[] = {
        { "a", FALSE, "X: a\r\n" },
        { " a", TRUE, "X: a\r\n" },
        { "a\n\tb\n c", FALSE, "X: a\r\n\tb\r\n c\r\n" },
        { "a\r\n b", FALSE, "X: a\r\n b\r\n" },
        { "", FALSE, "X: \r\n" },
        { "", TRUE, "X:\r\n" },
    };
    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Incoming) incoming = incoming_new(world->snapshot, "");
        incoming_add_header(incoming, "X", cases[i].value, cases[i].space);
        g_assert_cmpmem(incoming->bytes->data, incoming->bytes->len, cases[i].want,
                        strlen(cases[i].want));
    }
}

/* Of mail that is nothing of ours the body is not wanted. */
static void test_wanted(World *world, gconstpointer data)
{
    g_autoptr(Incoming) other = begin(world, "<a@example.com>", "<b@example.net>");
    g_autoptr(Incoming) report = begin_report(world);
    g_autofree char *tagged = bounce_sender(world->secret, "bounce@example.org", "A-7F3K2Q");
    g_autoptr(Incoming) bounce = begin(world, "<>", tagged);
    g_autoptr(Incoming) marked = begin(world, "<a@example.com>", "<b@example.net>");

    (void)data;
    g_assert_false(other->wanted);
    incoming_end_headers(other, world->secret);
    g_assert_null(other->id);
    incoming_end_headers(report, world->secret);
    g_assert_nonnull(report->id);
    g_assert_cmpstr(report->report->ticket, ==, "CB-Report#20250212-10000001");
    g_assert_true(bounce->wanted);
    g_assert_cmpstr(bounce->bounced, ==, "A-7F3K2Q");
    incoming_add_header(marked, MARK_FIELD, "status=handled", FALSE);
    incoming_end_headers(marked, world->secret);
    g_assert_nonnull(marked->id);
    body(marked, 100000); /* only its digest is of use */
    g_assert_cmpuint(marked->bytes->len, <, 1000);
}

/* The same report, from the same sender to the same mailbox, but for one thing. */
static void test_answers(World *world, gconstpointer data)
{
    static const struct {
        const char *sender, *from, *name, *value;
        gboolean want;
    } rows[] = {
        { "<reports@reports.cert-bund.de>", "reports@reports.cert-bund.de", "X", "y", TRUE },
        { "<list-bounces@example.net>", "list@example.net", "Precedence", "list", TRUE },
        { "<>", "reports@reports.cert-bund.de", "X", "y", FALSE },
        { "", "reports@reports.cert-bund.de", "X", "y", FALSE },
        { "<k@example.net>", "reports@reports.cert-bund.de", "Auto-Submitted", "auto-replied",
          FALSE },
        { "<k@example.net>", "reports@reports.cert-bund.de", "Auto-Submitted", "no", TRUE },
        { "<k@example.net>", "reports@reports.cert-bund.de", "Content-Type",
          "multipart/report;\n\treport-type=disposition-notification", FALSE },
        { "<k@example.net>", "k@example.net", "In-Reply-To", "<x@example.org>", FALSE },
        { "<k@example.net>", "k@example.net", "References", "<x@example.org>", FALSE },
        { "<certbund@bsi.bund.de>", "certbund@bsi.bund.de", "References", "<x@example.org>", TRUE },
    };
    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Incoming) incoming = begin(world, rows[i].sender, "<abuse@lab.example.org>");
        g_test_message("%s %s: %s", rows[i].sender, rows[i].name, rows[i].value);
        g_assert_true(incoming->wanted);
        incoming_add_header(incoming, rows[i].name, rows[i].value, FALSE);
        incoming_add_header(incoming, "From", rows[i].from, FALSE);
        incoming_add_header(incoming, "Subject", REPORT, FALSE);
        incoming_add_header(incoming, "Auto-Submitted", "no", FALSE); /* takes nothing back */
        incoming_end_headers(incoming, world->secret);
        g_assert_true((incoming->report != NULL) == rows[i].want);
        g_assert_true((incoming->id != NULL) == rows[i].want); /* else the body is not read */
    }
}

/* INCOMING_HEAD_MAX bytes of header and the field after them, and none behind. */
static void test_head_limit(World *world, gconstpointer data)
{
    (void)data;
    for (guint above = 0; above < 2; above++) {
        g_autoptr(Incoming) incoming = begin_report(world);
        gsize left = INCOMING_HEAD_MAX + above - incoming->bytes->len;
        g_autofree char *filler = g_strnfill(left - strlen("X: \r\n"), 'x');
        incoming_add_header(incoming, "X", filler, FALSE);
        g_assert_cmpuint(incoming->bytes->len, ==, INCOMING_HEAD_MAX + above);
        incoming_add_header(incoming, "Y", "y", FALSE);
        g_assert_true(incoming->header_too_large == (above == 1));
        incoming_end_headers(incoming, world->secret);
        body(incoming, 1);
        g_assert_true(incoming->too_large == (above == 1));
    }
}

/* max-size, header and body together. */
static void test_size_limit(World *world, gconstpointer data)
{
    (void)data;
    for (guint above = 0; above < 2; above++) {
        g_autoptr(Incoming) incoming = begin_report(world);
        incoming_end_headers(incoming, world->secret);
        gsize left = world->snapshot->config->max_size_bytes - incoming->bytes->len;
        body(incoming, left / 2);
        body(incoming, left - left / 2 + above);
        g_assert_true(incoming->too_large == (above == 1));
        g_assert_true((incoming->bytes == NULL) == (above == 1));
        body(incoming, 10); /* nothing is kept again */
        g_assert_true(incoming->too_large);
    }
}

/* Of a bounce DSN_BYTES_MAX, however much comes. */
static void test_bounce_limit(World *world, gconstpointer data)
{
    g_autofree char *tagged = bounce_sender(world->secret, "bounce@example.org", "A-7F3K2Q");
    g_autoptr(Incoming) incoming = begin(world, "<>", tagged);

    (void)data;
    incoming_add_header(incoming, "Subject", "Undelivered", FALSE);
    incoming_end_headers(incoming, world->secret);
    body(incoming, DSN_BYTES_MAX - incoming->bytes->len);
    g_assert_cmpuint(incoming->bytes->len, ==, DSN_BYTES_MAX);
    body(incoming, 1);
    g_assert_cmpuint(incoming->bytes->len, ==, DSN_BYTES_MAX);
    g_assert_false(incoming->too_large);
}

/* Marks are counted, but no more kept than may be; of each so many bytes. */
static void test_marks_limit(World *world, gconstpointer data)
{
    g_autoptr(Incoming) incoming = begin_report(world);
    g_autofree char *fits = g_strnfill(INCOMING_MARK_BYTES_MAX, 'm');
    g_autofree char *longer = g_strnfill(INCOMING_MARK_BYTES_MAX + 1, 'm');

    (void)data;
    incoming_add_header(incoming, MARK_FIELD, fits, FALSE);
    incoming_add_header(incoming, MARK_FIELD, longer, FALSE);
    g_assert_cmpstr(incoming->marks->pdata[0], ==, fits);
    g_assert_cmpstr(incoming->marks->pdata[1], ==, fits);
    for (guint i = 2; i <= INCOMING_MARKS_MAX; i++)
        incoming_add_header(incoming, MARK_FIELD, "x", FALSE);
    g_assert_cmpuint(incoming->n_marks, ==, INCOMING_MARKS_MAX + 1);
    g_assert_cmpuint(incoming->marks->len, ==, INCOMING_MARKS_MAX);
}

/* Every recipient in the intake, and no more fields than the limit; and only when wanted. */
static void test_may_rewrite(void)
{
    static const struct {
        const char *name, *disposition, *further;
        guint fields;
        gboolean may;
    } cases[] = {
        { "at the limit", "rewrite", NULL, REWRITE_FIELDS_MAX, TRUE },
        { "above it", "rewrite", NULL, REWRITE_FIELDS_MAX + 1, FALSE },
        { "one in the intake, too", "rewrite", "<ABUSE@lab.example.org>", 3, TRUE },
        { "one outside", "rewrite", "<other@lab.example.org>", 3, FALSE },
        { "keep", "keep", NULL, 3, FALSE },
        { "discard", "discard", NULL, 3, FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FixtureWorld world;
        g_autofree char *extra = g_strdup_printf(
            "[original]\ndisposition=%s\n[notices]\ndesk=desk@example.org\n",
            cases[i].disposition);
        g_test_message("%s", cases[i].name);
        fixture_set_up(&world, extra, "network,customer,email\n");
        g_autoptr(Incoming) incoming = incoming_new(world.snapshot, "<a@example.net>");
        incoming_add_recipient(incoming, world.secret, "<abuse@lab.example.org>");
        if (cases[i].further != NULL)
            incoming_add_recipient(incoming, world.secret, cases[i].further);
        incoming_add_header(incoming, "Received", "not counted", FALSE);
        incoming_add_header(incoming, MARK_FIELD, "not counted", FALSE);
        for (guint n = 0; n < cases[i].fields; n++)
            incoming_add_header(incoming, "X-Field", "x", FALSE);
        g_assert_true(incoming_may_rewrite(incoming) == cases[i].may);
        fixture_tear_down(&world);
    }
}

#define ADD(name, test) g_test_add("/incoming/" name, World, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    ADD("bytes", test_bytes);
    ADD("wanted", test_wanted);
    ADD("answers", test_answers);
    ADD("head-limit", test_head_limit);
    ADD("size-limit", test_size_limit);
    ADD("bounce-limit", test_bounce_limit);
    ADD("marks-limit", test_marks_limit);
    g_test_add_func("/incoming/may-rewrite", test_may_rewrite);
    return g_test_run();
}

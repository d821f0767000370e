/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The X-CertBund-Milter field: written and read. */
#include "mark.h"

#include "secret.h"

#include <string.h>

static Subject subject = { .ticket = (char *)"CB-Report#20250212-10004759",
                           .title = (char *)"Offene Telnet-Server" };
static Provenance provenance = { .proven = TRUE, .methods = (char *)"client" };

static void test_format(void)
{
    Report report = { .subject = &subject, .n_events = 9 };
    Assignment assignment = { .n_events = 9 };
    Decision decision = { .provenance = &provenance, .report = &report,
                          .class_id = "open-telnet", .mode = MODE_LIVE,
                          .assignment = &assignment, .status = STATUS_ATTENTION,
                          .reason = (char *)"" };
    assignment.counts[FATE_NOTIFIED] = 4;
    assignment.counts[FATE_UNASSIGNED] = 2;
    assignment.counts[FATE_HELD] = 3;
    g_autofree char *mark = mark_format(&decision, 2);
    g_assert_cmpstr(mark, ==,
                    "status=attention;\n\tticket=CB-Report#20250212-10004759;\n\tclass=open-telnet;"
                    "\n\tevents=9;\n\tcustomers=0;\n\tnotices=2;\n\tunassigned=2;\n\theld=3;"
                    "\n\tprovenance=client");
    decision.mode = MODE_PILOT;
    g_autofree char *pilot = mark_format(&decision, 2);
    g_assert_nonnull(strstr(pilot, "mode=pilot;"));
}

/* A reason quotes what stood in the mail: it can't end the field or the quotes. */
static void test_hostile_reason(void)
{
    Report report = { .subject = &subject };
    Decision decision = { .provenance = &provenance, .report = &report, .class_id = "x",
                          .status = STATUS_HELD,
                          .reason = (char *)"row 3: \"a\\b\"\r\nX-Evil: \xc3\xa4; id=1" };
    g_autofree char *mark = mark_format(&decision, 0);
    g_assert_nonnull(strstr(mark, "reason=\"row 3: \\\"a\\\\b\\\"??X-Evil: ??; id=1\";\n\t"));
    g_assert_null(strstr(mark, "\nX-Evil"));
}

static void test_long_reason(void)
{
    static const struct {
        guint length, kept;
    } cases[] = { { MARK_REASON_MAX - 1, MARK_REASON_MAX - 1 }, { MARK_REASON_MAX, MARK_REASON_MAX - 1 } };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *reason = g_strnfill(cases[i].length, 'x');
        g_autofree char *mark = mark_format_unread(&subject, STATUS_TOO_LARGE, reason);
        const char *start = strstr(mark, "\"") + 1;
        g_assert_cmpuint(strspn(start, "x"), ==, cases[i].kept);
        g_assert_true(g_str_has_prefix(mark, "status=too-large;\n\tticket="));
    }
}

/* By the id a mail that was here is known, and a mark that others wrote is not
 * taken for ours: other words, another mail, another installation. */
static void test_sign(void)
{
    static const char words[] = "status=handled;\n\tnotices=3";
    g_autoptr(Secret) secret = secret_dummy();
    g_autoptr(GHmac) digest = secret_mark_start(secret, "<a@example.org>");
    g_autoptr(GHmac) other = secret_mark_start(secret, "<b@example.org>");
    g_hmac_update(digest, (const guint8 *)"body", 4);
    g_hmac_update(other, (const guint8 *)"body", 4);
    g_autofree char *mark = mark_sign(words, digest);
    g_autofree char *again = mark_sign(words, digest);
    const char *id = strstr(mark, "id=");
    g_autofree char *refolded = g_strdup_printf(" status=handled; notices=3;\n %s ", id);
    g_autofree char *forged = g_strdup_printf("status=handled; notices=4; %s", id);
    g_autofree char *longer = g_strdup_printf("%s0", mark);
    g_autofree char *added = g_strdup_printf("%s; notices=9", mark);

    g_assert_cmpstr(mark, ==, again); /* the digest is left as it was */
    g_assert_true(mark_is_ours(mark, digest));
    g_assert_true(mark_is_ours(refolded, digest));
    g_assert_false(mark_is_ours(mark, other));
    g_assert_false(mark_is_ours(forged, digest));
    g_assert_false(mark_is_ours(longer, digest));
    g_assert_false(mark_is_ours(added, digest));
    g_assert_false(mark_is_ours(id, digest));
    g_assert_false(mark_is_ours("", digest));
    g_assert_false(mark_is_ours(";", digest));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mark/format", test_format);
    g_test_add_func("/mark/hostile-reason", test_hostile_reason);
    g_test_add_func("/mark/long-reason", test_long_reason);
    g_test_add_func("/mark/sign", test_sign);
    return g_test_run();
}

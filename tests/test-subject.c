/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Subjects and titles; the grammar stands in src/subject.h. */
#include "subject.h"

#include <string.h>

typedef struct {
    const char *name, *subject;
    const char *ticket, *title, *scope; /* ticket NULL: no ticket */
    ReportFamily family;
    gboolean critical, foreign;
} Case;

#define T "CB-Report#20250212-10004759"
#define M "CERT-Bund#2021032128001112"

static const Case cases[] = {
    { "as", "[" T "] Offene Telnet-Server in AS64496", T, "Offene Telnet-Server", "AS64496",
      FAMILY_AUTOMATED, FALSE, FALSE },
    { "network", "[" T "] Offene DNS-Resolver in Netzbereich 192.0.2.0/24", T,
      "Offene DNS-Resolver", "Netzbereich 192.0.2.0/24", FAMILY_AUTOMATED, FALSE, FALSE },
    { "country", "[" T "] Malware infections (Avalanche) in country DE", T,
      "Malware infections (Avalanche)", "country DE", FAMILY_AUTOMATED, FALSE, FALSE },
    { "critical, no blank", "[" T "][KRITISCH] Verwundbare Fortinet-Systeme in AS64496", T,
      "Verwundbare Fortinet-Systeme", "AS64496", FAMILY_AUTOMATED, TRUE, FALSE },
    { "critical, a fold became a blank", "[" T "] [KRITISCH] X in AS1", T, "X", "AS1",
      FAMILY_AUTOMATED, TRUE, FALSE },
    { "other flags are dropped", "[" T "][TLP:GREEN][KRITISCH] X in AS1", T, "X", "AS1",
      FAMILY_AUTOMATED, TRUE, FALSE },
    { "brackets of the title stay", "[" T "] [x] Y in AS1", T, "[x] Y", "AS1", FAMILY_AUTOMATED,
      FALSE, FALSE },
    { "the last in is the scope's", "[" T "] Dienste in Betrieb in AS1", T, "Dienste in Betrieb",
      "AS1", FAMILY_AUTOMATED, FALSE, FALSE },
    { "an in that is no scope", "[" T "] Dienste in Betrieb", T, "Dienste in Betrieb", NULL,
      FAMILY_AUTOMATED, FALSE, FALSE },
    { "AS without number", "[" T "] X in ASx", T, "X in ASx", NULL, FAMILY_AUTOMATED, FALSE,
      FALSE },
    { "manual, two blanks", "[" M "]  Botnet infections", M, "Botnet infections", NULL,
      FAMILY_MANUAL, FALSE, FALSE },
    { "manual, empty", "[" M "]", M, "", NULL, FAMILY_MANUAL, FALSE, FALSE },
    { "manual, forwarded", "Fwd: [" M "] ...", M, "...", NULL, FAMILY_MANUAL, FALSE, TRUE },
    { "reply", "Re: [" T "] X in AS1", T, "X", "AS1", FAMILY_AUTOMATED, FALSE, TRUE },
    { "counted reply", "RE[2]: [" T "] X", T, "X", NULL, FAMILY_AUTOMATED, FALSE, TRUE },
    { "German reply", "AW: WG: [" T "] X", T, "X", NULL, FAMILY_AUTOMATED, FALSE, TRUE },
    { "French forward", "TR : [" T "] X", T, "X", NULL, FAMILY_AUTOMATED, FALSE, TRUE },
    { "reply inside list prefix", "[abuse] Antw: [" T "] X", T, "X", NULL, FAMILY_AUTOMATED,
      FALSE, TRUE },
    { "list prefix is no reply", "[abuse] [" T "] X", T, "X", NULL, FAMILY_AUTOMATED, FALSE,
      FALSE },
    { "a word that ends in re:", "Hardware: [" T "] X", T, "X", NULL, FAMILY_AUTOMATED, FALSE,
      FALSE },
    { "re: behind the ticket", "[" T "] Re: X", T, "Re: X", NULL, FAMILY_AUTOMATED, FALSE,
      FALSE },
    { "first ticket counts", "[" M "] [" T "] X", M, "[" T "] X", NULL, FAMILY_MANUAL, FALSE,
      FALSE },
    { "false one, then a ticket", "[CB-Report#1] [" T "] X", T, "X", NULL, FAMILY_AUTOMATED,
      FALSE, FALSE },
    { "nine digits", "[CB-Report#20250212-100047590] X", NULL, NULL, NULL, 0, FALSE, FALSE },
    { "seven digits", "[CB-Report#20250212-1000475] X", NULL, NULL, NULL, 0, FALSE, FALSE },
    { "other case", "[CB-REPORT#20250212-10004759] X", NULL, NULL, NULL, 0, FALSE, FALSE },
    { "no brackets", T " X", NULL, NULL, NULL, 0, FALSE, FALSE },
    { "not closed", "[" T, NULL, NULL, NULL, 0, FALSE, FALSE },
    { "fullwidth digits", "[CB-Report#2025021\xef\xbc\x92-10004759] X", NULL, NULL, NULL, 0,
      FALSE, FALSE },
    { "manual, 15 digits", "[CERT-Bund#202103212800111] X", NULL, NULL, NULL, 0, FALSE, FALSE },
    { "empty", "", NULL, NULL, NULL, 0, FALSE, FALSE },
};

static void test_subject(gconstpointer data)
{
    const Case *want = data;
    g_autoptr(Subject) got = subject_parse(want->subject);
    if (want->ticket == NULL) {
        g_assert_null(got);
        return;
    }
    g_assert_nonnull(got);
    g_assert_cmpstr(got->ticket, ==, want->ticket);
    g_assert_cmpstr(got->title, ==, want->title);
    g_assert_cmpstr(got->scope, ==, want->scope);
    g_assert_cmpint(got->family, ==, want->family);
    g_assert_cmpint(got->critical, ==, want->critical);
    g_assert_cmpint(got->foreign, ==, want->foreign);
}

static void test_fold(void)
{
    static const char *const rows[][2] = {
        { "Offene  Telnet-Server ", "offene telnet-server" },
        { "M\xc3\x96GLICH", "moeglich" },
        { "Mo\xcc\x88glich", "moeglich" }, /* decomposed */
        { "Moeglich", "moeglich" },
        { "Gr\xc3\xb6\xc3\x9f" "e", "groesse" },
        { " a\t\xc2\xa0" "b", "a b" },
        { "Tel\xc2\xadnet", "telnet" }, /* U+00AD, a soft hyphen */
        { "\xff", "\xef\xbf\xbd" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *folded = subject_fold_title(rows[i][0]);
        g_assert_cmpstr(folded, ==, rows[i][1]);
    }
}

/* What programs write before the subject that they answer. */
static void test_automatic(void)
{
    static const struct {
        const char *subject;
        gboolean want;
    } rows[] = {
        { "Automatische Antwort: [" T "] X", TRUE },
        { "Automatic reply: [" T "] X", TRUE },
        { "Auto: [" T "] X", TRUE },
        { "AUTO: RE: [" T "] X", TRUE },
        { "Autoreply: [" T "] X", TRUE },
        { "Out of Office: [" T "] X", TRUE },
        { "[abuse] Out of office Re: [" T "] X", TRUE },
        { "Abwesenheitsnotiz: [" T "] X", TRUE },
        { "Re: Abwesenheit [" T "] X", TRUE },
        { "Undelivered Mail Returned to Sender [" T "] X", TRUE },
        { "Undeliverable: [" M "] X", TRUE },
        { "Unzustellbar: [" T "] X", TRUE },
        { "Delivery Status Notification (Failure) [" T "]", TRUE },
        { "Gelesen: [" T "] X", TRUE },
        { "[" T "] X", FALSE },
        { "[" T "] Automatische Antwort: X", FALSE }, /* a title */
        { "[" M "] Out of Office", FALSE },
        { "Auto [" T "] X", FALSE },
        { "[auto-immune] [" T "] X", FALSE },
        { "Thread: [" T "] X", FALSE },
        { "Re: [" T "] X", FALSE },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Subject) subject = subject_parse(rows[i].subject);
        g_test_message("%s", rows[i].subject);
        g_assert_nonnull(subject);
        g_assert_true(subject->automatic == rows[i].want);
    }
}

/* SUBJECT_MAX: the ticket may end there and not one byte later; a title is cut. */
static void test_limit(void)
{
    static const char ticket[] = "[CB-Report#20250212-10004759]";
    for (guint more = 0; more < 2; more++) {
        g_autofree char *blanks = g_strnfill(SUBJECT_MAX - strlen(ticket) + more, ' ');
        g_autofree char *text = g_strconcat(blanks, ticket, NULL);
        g_autoptr(Subject) subject = subject_parse(text);
        g_assert_true((subject != NULL) == (more == 0));
    }
    g_autofree char *long_title = g_strnfill(5000, 'x');
    g_autofree char *text = g_strconcat(ticket, " ", long_title, NULL);
    g_autoptr(Subject) subject = subject_parse(text);
    g_assert_cmpuint(strlen(subject->title), ==, SUBJECT_MAX - strlen(ticket) - 1);
}

/* A title may reach a terminal, a log and a subject of ours. */
static void test_control_characters(void)
{
    g_autoptr(Subject) subject
        = subject_parse("[CB-Report#20250212-10004759] a\x1b[31m\n\xc2\x9b" "b\x7f in AS64496");
    g_assert_cmpstr(subject->title, ==, "a [31m   b");
    g_assert_cmpstr(subject->scope, ==, "AS64496");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/subject/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_subject);
    }
    g_test_add_func("/subject/automatic", test_automatic);
    g_test_add_func("/subject/limit", test_limit);
    g_test_add_func("/subject/control-characters", test_control_characters);
    g_test_add_func("/title/fold", test_fold);
    return g_test_run();
}

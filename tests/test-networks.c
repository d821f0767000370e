/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* <networks/>, from the customers' list to the notice that the guard has read: which networks
 * it names, and that it is held when naming one names somebody else's system.  So it is with
 * the labels of a layout. */
#include "fixture.h"
#include "letter-maker.h"
#include "mail-maker.h"
#include "notices.h"

#include <glib/gstdio.h>
#include <string.h>

static const char *const telnet_columns[] = { "asn", "ip", "timestamp", "port", NULL };
static const char *const account_columns[] = { "asn", "ip", "timestamp", "email", NULL };

static const char layout[]
    = "<layout version='1' id='default'><languages>de</languages><text xml:lang='de'>"
      "<more>und <one>ein weiteres</one><many><count/> weitere</many></more></text></layout>";

#define HEAD "network,customer,email,valid_from,valid_until,deliver\n"
#define A(network) network ",a,a@example.net,,,\n"
#define B(network) network ",b,b@example.net,,,\n"
#define HELD " (held)"

#define LABELLED 0

static const struct {
    const char *name;
    const char *element;    /* with which the networks are named, in subject and text */
    gboolean by_address;    /* a notice for each address */
    const char *customers;
    const char *rows;       /* addresses (accounts), blanks between */
    const char *want;       /* subjects in order, ", " between */
} cases[] = {
    { "beside a row that is nobody's", "<networks/>", FALSE, A("192.0.2.0/24"),
      "192.0.2.7 198.51.100.1", "T 192.0.2.0/24" }, /* LABELLED */
    { "as in the file", "<networks/>", FALSE, A("192.0.2.0/24"), "192.0.2.7", "T 192.0.2.0/24" },
    { "normalised", "<networks/>", FALSE, A("192.0.2.0-192.0.2.127"), "192.0.2.7",
      "T 192.0.2.0/25" },
    { "a range", "<networks/>", FALSE, A("192.0.2.3-192.0.2.9"), "192.0.2.7",
      "T 192.0.2.3-192.0.2.9" },
    { "IPv6", "<networks/>", FALSE, A("2001:DB8:1::/48"), "2001:db8:1::17", "T 2001:db8:1::/48" },
    { "the most specific", "<networks/>", FALSE, A("192.0.2.0/24") A("192.0.2.0/28"), "192.0.2.7",
      "T 192.0.2.0/28" },
    { "each once, in the order of the rows", "<networks max='9'/>", FALSE,
      A("192.0.2.0/28") A("198.51.100.0/24"), "198.51.100.1 192.0.2.7 198.51.100.2",
      "T 198.51.100.0/24; 192.0.2.0/28" },
    { "the same network for two times", "<networks max='9'/>", FALSE,
      "192.0.2.0/28,a,a@example.net,,2025-02-11T12:00:00Z,\n"
      "192.0.2.0/28,a,,2025-02-11T12:00:00Z,,\n", "192.0.2.1 192.0.2.2 192.0.2.3",
      "T 192.0.2.0/28" },
    { "one more than max", "<networks/>", FALSE, A("192.0.2.0/28") A("198.51.100.0/24"),
      "192.0.2.7 198.51.100.1", "T 192.0.2.0/28 und ein weiteres" },
    { "of each customer his own", "<networks/>", FALSE, A("192.0.2.0/28") B("192.0.2.16/28"),
      "192.0.2.17 192.0.2.7", "T 192.0.2.16/28; T 192.0.2.0/28" },
    { "the network's own address is his row", "<networks/>", FALSE, A("192.0.2.0/24"),
      "192.0.2.0", "T 192.0.2.0/24" },
    { "the network's own address is in another notice of his", "<networks/>", TRUE,
      A("192.0.2.0/24"), "192.0.2.0 192.0.2.7", "T 192.0.2.0/24; T 192.0.2.0/24" },
    { "both ends of a range are", "<networks/>", TRUE, A("192.0.2.3-192.0.2.9"),
      "192.0.2.3 192.0.2.7 192.0.2.9",
      "T 192.0.2.3-192.0.2.9; T 192.0.2.3-192.0.2.9; T 192.0.2.3-192.0.2.9" },
    { "IPv6 likewise", "<networks/>", TRUE, A("2001:db8:1::/48"), "2001:db8:1:: 2001:db8:1::7",
      "T 2001:db8:1::/48; T 2001:db8:1::/48" },
    { "another's more specific network has it", "<networks/>", FALSE,
      A("192.0.2.0/24") B("192.0.2.0/28"), "192.0.2.0 192.0.2.77",
      "T 192.0.2.0/28; T 192.0.2.0/24" HELD },
    { "another's range ends where his does", "<networks/>", FALSE,
      A("192.0.2.3-192.0.2.9") B("192.0.2.9"), "192.0.2.7 192.0.2.9",
      "T 192.0.2.3-192.0.2.9" HELD "; T 192.0.2.9" },
    { "another's, IPv6", "<networks/>", FALSE, A("2001:db8:1::/48") B("2001:db8:1::/64"),
      "2001:db8:1:: 2001:db8:1:7::1", "T 2001:db8:1::/64; T 2001:db8:1::/48" HELD },
    { "another's address is how his begins, IPv6", "<networks/>", FALSE,
      B("2001:db8::/48") A("2001:db8::1:0/112"), "2001:db8::1 2001:db8::1:5",
      "T 2001:db8::/48; T 2001:db8::1:0/112" },
    { "another's address is how his begins, shortened", "<networks/>", FALSE,
      B("2001:db8:2::/64") A("2001:db8:2::20/124"), "2001:db8:2:: 2001:db8:2::21",
      "T 2001:db8:2::/64; T 2001:db8:2::20/124" },
    { "his, and somebody else's at another time", "<networks/>", TRUE,
      A("192.0.2.0/24") "192.0.2.0/28,b,b@example.net,2025-02-11T12:00:00Z,,\n",
      "192.0.2.77 192.0.2.0 192.0.2.0", "T 192.0.2.0/24; T 192.0.2.0/24" HELD "; T 192.0.2.0/28" },
    { "nobody's, of a pool", "<networks/>", FALSE,
      A("192.0.2.0/24") "192.0.2.0/28,p,,,,pool\n", "192.0.2.77 192.0.2.0",
      "T 192.0.2.0/24" HELD },
    { "another address of his, which writes no network", "<networks/> 192.0.2.5", TRUE,
      A("192.0.2.0/24"), "192.0.2.5 192.0.2.7", "T 192.0.2.0/24 192.0.2.5; "
      "T 192.0.2.0/24 192.0.2.5" HELD },
    { "the network of other rows of his", "<networks/> 198.51.100.0/24", TRUE,
      A("192.0.2.0/24") A("198.51.100.0/24"), "198.51.100.0 192.0.2.7",
      "T 192.0.2.0/24 198.51.100.0/24" HELD "; T 198.51.100.0/24 198.51.100.0/24" },
    { "domains", "<networks max='2'/>", FALSE, A("example.org") A("mail.example.net"),
      "x@example.org y@sub.mail.example.net", "T example.org; mail.example.net" },
};

/* The last row is from the time behind noon, the others before. */
static GBytes *make_report(guint i)
{
    g_auto(GStrv) subjects = g_strsplit(cases[i].rows, " ", -1);
    gboolean accounts = strchr(cases[i].rows, '@') != NULL;
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    MailOptions options = { .ticket = "CB-Report#20250212-10000001", .scope = "AS64496",
                            .title = accounts ? "Kompromittierte E-Mail-Konten"
                                              : "Offene Telnet-Server",
                            .columns = accounts ? account_columns : telnet_columns, .rows = rows };

    for (guint r = 0; subjects[r] != NULL; r++) {
        const char *time = r > 0 && subjects[r + 1] == NULL ? "2025-02-11 13:10:25"
                                                            : "2025-02-11 11:10:25";
        g_ptr_array_add(rows, accounts ? mail_row("64496", "203.0.113.9", time, subjects[r], NULL)
                                       : mail_row("64496", subjects[r], time, "23", NULL));
    }
    return mail_make(&options);
}

/* The subject, whose commas become ";" so that a case is one line; the text has the same. */
static gboolean note(const Notice *notice, gpointer data, GError **error)
{
    GString *got = data;
    g_autofree char *subject = g_strdup(notice->subject);
    g_autoptr(Message) message = message_parse(notice->bytes, error);

    g_assert_nonnull(message);
    gsize length;
    g_autofree char *text = message_part_text(message, 0, &length, error);
    g_autofree char *named = g_strdup_printf("in %s\n", subject + strlen("T "));
    g_assert_nonnull(strstr(text, named));
    g_auto(GStrv) parts = g_strsplit(subject, ", ", -1);
    g_autofree char *joined = g_strjoinv("; ", parts);
    g_string_append_printf(got, "%s%s%s", got->len > 0 ? "; " : "", joined,
                           notice->held != NULL ? HELD : "");
    return TRUE;
}

static void run(const char *directory, guint i, const char *want)
{
    g_autofree char *customers = g_strconcat(HEAD, cases[i].customers, NULL);
    g_autofree char *template_ = g_strdup_printf(
        "<template version='1' id='open-telnet'><match><title>Offene Telnet-Server</title>"
        "<title>Kompromittierte E-Mail-Konten</title></match>"
        "<notice xml:lang='de'%s><subject>T %s</subject><p>in %s</p></notice></template>",
        cases[i].by_address ? " group-by='address'" : "", cases[i].element, cases[i].element);
    fixture_write(directory, "templates/t.xml", template_);
    g_autofree char *templates = g_build_filename(directory, "templates", NULL);
    g_autoptr(Snapshot) snapshot = fixture_snapshot(directory, "", customers);
    templates_unref(snapshot->templates);
    snapshot->templates = letter_set(templates, NULL);
    g_autoptr(Secret) secret = secret_dummy();
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GBytes) mail = make_report(i);
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) decision
        = decide(snapshot, mail, &fixture_client, 1739354227, VOUCHED_WHOLE, &error);
    g_assert_no_error(error);
    g_autoptr(GString) got = g_string_new(NULL);
    const NoticeOrder order = { .secret = secret, .now = 1739354227, .sink = note, .data = got,
                                .problems = problems };

    g_assert_true(notices_make(decision, &order, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(got->str, ==, want);
}

static void test_cases(void)
{
    char *directory = fixture_directory();
    g_autofree char *templates = g_build_filename(directory, "templates", NULL);

    g_assert_cmpint(g_mkdir(templates, 0700), ==, 0);
    fixture_write(directory, "templates/default.xml", layout);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].name);
        run(directory, i, cases[i].want);
    }
    fixture_remove(directory);
}

/* The first case, where a label has a system of the report, or a word that none has. */
static void test_labels(void)
{
    static const struct {
        const char *label, *want;
    } labels[] = {
        { "Nummer 23", "T 192.0.2.0/24" },
        { "wie 192.0.2.7", "T 192.0.2.0/24" },
        { "wie 198.51.100.1", "T 192.0.2.0/24" HELD },
    };
    char *directory = fixture_directory();
    g_autofree char *templates = g_build_filename(directory, "templates", NULL);

    g_assert_cmpint(g_mkdir(templates, 0700), ==, 0);
    for (guint form = 0; form < 3; form++)
        for (guint i = 0; i < G_N_ELEMENTS(labels); i++) {
            static const char *const forms[] = { "labels", "table", "csv html" };
            g_autofree char *with = g_strdup_printf(
                "<layout version='1' id='default'><languages>de</languages><table form='%s'/>"
                "<text xml:lang='de'><more/><label column='port'>%s</label></text></layout>",
                forms[form], labels[i].label);
            g_test_message("%s: %s", forms[form], labels[i].label);
            fixture_write(directory, "templates/default.xml", with);
            run(directory, LABELLED, labels[i].want);
        }
    fixture_remove(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/networks/cases", test_cases);
    g_test_add_func("/networks/labels", test_labels);
    return g_test_run();
}

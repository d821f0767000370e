/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Titles -> classes, and the tables of classes and columns that are compiled in.
 *
 * The catalogue of what is known of CERT-Bund's reports is not part of the sources: where it
 * is (CERTBUND_CATALOGUE, or ../shared/catalogue.csv beside the source tree), each of its
 * titles is tried. */
#include "classes.h"
#include "columns.h"
#include "subject.h"
#include "title.h"

#include <string.h>

#define TICKET "[CB-Report#20250212-10004759]"

static void check_title(const char *title, const char *id)
{
    const ReportClass *class = classes_find(title);
    if (class == NULL || strcmp(class->id, id) != 0)
        g_test_message("\"%s\" is %s instead of %s", title, class != NULL ? class->id : "unknown",
                       id);
    g_assert_nonnull(class);
    g_assert_cmpstr(class->id, ==, id);
}

static const struct {
    const char *title, *id; /* NULL: no class is known for it */
} titles[] = {
    { "Offene Telnet-Server", "open-telnet" },
    { "Offener Telnet-Server", "open-telnet" },
    { "Offenen Telnet-Servern", "open-telnet" },
    { "OFFENE TELNET-SERVER", "open-telnet" },
    { "Openly accessible Telnet server", "open-telnet" },
    { "openly accessible TELNET servers", "open-telnet" },
    { "Offene  Telnet\xe2\x80\x93Server", "open-telnet" },        /* en dash */
    { "Offene\xc2\xa0Telnet\xe2\x80\x91Server", "open-telnet" },  /* NBSP, hyphen that stays */
    { "Offene Tel\xc2\xadnet- Server", "open-telnet" },           /* folded badly on the way */
    { "\xe2\x80\x9eOffene Telnet-Server\xe2\x80\x9c", "open-telnet" },
    { "[KRITISCH] Offene Telnet-Server", "open-telnet" },
    { "[TLP:GREEN][KRITISCH] Offene Telnet-Server", "open-telnet" },
    { "Offene Telnet-Server (CVE-2030-1234)", "open-telnet" },
    { "Offene Telnet-Server, CVE-2030-1234", "open-telnet" },
    { "Offene Telnet-Server-Farmen", NULL },
    { "Keine offenen Telnet-Server", NULL },
    { "Offene Telnets", NULL },
    { "Offener DNS-Resolver", "open-dns-resolver" },
    { "Schadprogramm-Infektionen", "malware" },
    { "Schadprogramm-Infektion", "malware" },
    { "Schadprogramm-Infektionen (Avalanche)", "malware-avalanche" },
    { "Schadprogramm-Infektion \xe2\x80\x93 Avalanche", "malware-avalanche" },
    { "Malware infections (Avalanche)", "malware-avalanche" },
    { "Malware infections (Andromeda)", "malware" },
    { "Malware infections2", NULL },
    { "POP3-Server mit unverschluesselter Authentifizierung", "plaintext-pop3" },
    { "POP3-Server mit unverschlu\xcc\x88sselter Authentifizierung", "plaintext-pop3" },
    { "NTP-Server mit aktiver \xe2\x80\x9amonlist\xe2\x80\x98 Funktion", "open-ntp-monlist" },
    { "NTP-Server mit aktiver monlist-Funktion", "open-ntp-monlist" },
    { "Kompromittiertes E-Mail-Konto", "compromised-mail-accounts" },
    { "Verwundbares Fortinet-System (CVE-2030-1)", "vulnerable-fortinet" },
    { "Offene RDP-Dienste", NULL }, /* not all of them are BlueKeep's */
    { "Verwundbare Systeme CVE-2020-29583", "manual-vulnerable-zyxel" },
    { "Verwundbare Systeme CVE-2030-1", NULL },
    { "Verwundbare Systeme", NULL },
    { "Infizierte Systeme - Qakbot", "manual-qakbot" },
    { "Infizierte Systeme", NULL },
    { "[Feodo Tracker] Active Botnet C2(s) in your constituency", "manual-botnet-c2" },
    { "\xe3\x80\x90TWCERT-EXC-1\xe3\x80\x91MALWARE -CNC Foo outbound", "manual-malware-outbound" },
    { "[KRITISCH]", NULL },
    { "[KRITISCH", NULL },
    { "Verwundbare Foo-Server", NULL },
    { "", NULL },
    { " - ", NULL },
    { "\xff", NULL },
};

static void test_titles(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(titles); i++)
        if (titles[i].id != NULL)
            check_title(titles[i].title, titles[i].id);
        else {
            g_test_message("\"%s\"", titles[i].title);
            g_assert_null(classes_find(titles[i].title));
        }
}

static void test_keys(void)
{
    static const char *const rows[][2] = {
        { "Offene Telnet-Server", "offe telnet-serv" },
        { "dns mdns open konto konten", "dns mdns open konto kont" },
        { "a - b", "a b" },
        { "a- b", "a-b" },
        { "a -b", "a b" },
        { "[x] y", "y" },
        { "[x][y]", "x y" }, /* nothing else is there */
        { "[x y", "x y" },
        { "nnnnn", "nnnn" },
        { "\xe4\xbe\x8b" "e", "\xe4\xbe\x8b" "e" }, /* four bytes: kept */
        { " ! ", "" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *key = title_key(rows[i][0]);
        g_assert_cmpstr(key, ==, rows[i][1]);
    }
}

static void test_matches(void)
{
    static const struct {
        const char *key, *pattern;
        gboolean want;
    } rows[] = {
        { "malware infectio avalanch", "malware infectio", TRUE },
        { "malware infectio", "malware infectio", TRUE },
        { "malware infectio2", "malware infectio", FALSE },
        { "telnet-serv", "telnet", FALSE }, /* '-' joins words */
        { "telnet-serv", "telnet serv", TRUE },
        { "telnet serv", "telnet-serv", TRUE },
        { "telnet", "telnet-serv", FALSE },
        { "x", "", FALSE },
        { "", "", FALSE },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(title_matches(rows[i].key, rows[i].pattern), ==, rows[i].want);
}

/* ---- every title of every class, as it may come */

static char *replace(const char *text, const char *old, const char *by)
{
    g_auto(GStrv) pieces = g_strsplit(text, old, -1);
    return g_strjoinv(by, pieces);
}

static char *as_it_is(const char *title)
{
    return g_strdup(title);
}

static char *in_capitals(const char *title)
{
    return g_utf8_strup(title, -1);
}

static char *decomposed(const char *title)
{
    return g_utf8_normalize(title, -1, G_NORMALIZE_NFD);
}

static char *spelt_out(const char *title)
{
    g_autofree char *ae = replace(title, "\xc3\xa4", "ae");
    g_autofree char *oe = replace(ae, "\xc3\xb6", "oe");
    return replace(oe, "\xc3\xbc", "ue");
}

static char *with_dashes(const char *title)
{
    return replace(title, "-", "\xe2\x80\x93");
}

static char *without_hyphens(const char *title)
{
    return replace(title, "-", " ");
}

static char *with_wide_blanks(const char *title)
{
    return replace(title, " ", " \xc2\xa0 ");
}

static char *with_typographic_quotes(const char *title)
{
    return replace(title, "'", "\xe2\x80\x99");
}

/* A title that is all brackets is not told from flags, if there are any. */
static char *critical(const char *title)
{
    return g_strconcat(*title == '[' ? "" : "[KRITISCH] ", title, NULL);
}

static char *with_cve(const char *title)
{
    return g_strconcat(title, *title == '[' ? "" : " (CVE-2030-12345)", NULL);
}

static char *(*const spellings[])(const char *title) = {
    as_it_is,        in_capitals,      decomposed,              spelt_out, with_dashes,
    without_hyphens, with_wide_blanks, with_typographic_quotes, critical,  with_cve,
};

static void check_spellings(const ReportClass *class, char **known)
{
    for (; *known != NULL; known++)
        for (gsize i = 0; i < G_N_ELEMENTS(spellings); i++) {
            g_autofree char *title = spellings[i](*known);
            check_title(title, class->id);
        }
}

/* That a class's title finds it means that no other class's title is a longer match. */
static void test_spellings(void)
{
    for (guint i = 0; i < classes_count(); i++) {
        const ReportClass *class = classes_at(i);
        check_spellings(class, class->titles_de);
        check_spellings(class, class->titles_en);
    }
}

/* Two classes of one key would shadow each other. */
static void add_keys(GHashTable *owners, const ReportClass *class, char **known)
{
    for (; *known != NULL; known++) {
        char *key = title_key(*known);
        const ReportClass *other = g_hash_table_lookup(owners, key);
        g_assert_cmpstr(key, !=, "");
        g_assert_true(other == NULL || other == class);
        g_hash_table_replace(owners, key, (gpointer)class);
    }
}

static void test_pairs(void)
{
    g_autoptr(GHashTable) owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < classes_count(); i++) {
        add_keys(owners, classes_at(i), classes_at(i)->titles_de);
        add_keys(owners, classes_at(i), classes_at(i)->titles_en);
    }
    g_assert_cmpuint(g_hash_table_size(owners), >=, 2 * classes_count());
}

/* ---- the tables */

static void check_ports(const char *ports)
{
    g_auto(GStrv) all = g_strsplit(ports, " ", -1);
    for (char **port = all; *port != NULL; port++) {
        char *behind;
        guint64 number = g_ascii_strtoull(*port, &behind, 10);
        g_assert_cmpuint(number, >, 0);
        g_assert_cmpuint(number, <, 65536);
        g_assert_true(strcmp(behind, "/tcp") == 0 || strcmp(behind, "/udp") == 0);
    }
}

/* Within a class no name may stand for two of its columns. */
static void check_columns(const ReportClass *class)
{
    for (guint i = 0; i < class->n_columns; i++) {
        const Column *column = columns_find(class->columns[i].name);
        g_test_message("%s: %s", class->id, class->columns[i].name);
        g_assert_nonnull(column);
        g_assert_cmpstr(column->label_de, !=, "");
        g_assert_cmpstr(column->label_en, !=, "");
        for (guint k = 0; k < class->n_columns; k++)
            g_assert_true(i == k
                          || !columns_same(class->columns[i].name, class->columns[k].name));
    }
}

static void test_table(void)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < classes_count(); i++) {
        const ReportClass *class = classes_at(i);
        g_autofree char *slug = classes_slug(class->id);
        g_assert_cmpstr(slug, ==, class->id);
        g_assert_true(g_hash_table_add(ids, (gpointer)class->id));
        g_assert_cmpstr(class->title_de, !=, "");
        g_assert_cmpstr(class->title_en, !=, "");
        check_ports(class->ports);
        check_columns(class);
    }
    g_assert_cmpstr(classes_find("Kompromittierte E-Mail-Konten")->account_column, ==, "email");
    g_assert_cmpstr(classes_find("Offene Telnet-Server")->account_column, ==, "");
}

static void test_severity(void)
{
    static const struct {
        const char *title;
        gboolean critical;
        const char *want;
        gboolean urgent;
    } rows[] = {
        { "Offene Telnet-Server", FALSE, "low", FALSE },
        { "Offene Telnet-Server", TRUE, "high", FALSE },
        { "Verwundbare Fortinet-Systeme", FALSE, "medium", FALSE },
        { "Netzwerkscans", FALSE, "medium", FALSE },
        { "Schadprogramm-Infektionen", FALSE, "high", TRUE },
        { "Kompromittierte Cisco-Systeme", FALSE, "high", TRUE },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const ReportClass *class = classes_find(rows[i].title);
        g_assert_cmpstr(severity_name(classes_severity(class, rows[i].critical)), ==,
                        rows[i].want);
        g_assert_cmpint(class->urgent, ==, rows[i].urgent);
    }
    g_assert_cmpstr(severity_name(classes_severity(NULL, FALSE)), ==, "medium");
    g_assert_cmpstr(severity_name(classes_severity(NULL, TRUE)), ==, "high");
}

/* ---- columns */

/* "Columns drift over the years for one class (malware +proto, portmapper +rpc_response,
 * ssdp +port, names version/memcached_version)" */
static void test_fit(void)
{
    static const struct {
        const char *title, *header;
        gboolean want;
    } rows[] = {
        { "Offene Memcached-Server", "asn,ip,timestamp,memcached_version,proto", TRUE },
        { "Offene Memcached-Server", "ASN,IP,timestamp,version,Protocol", TRUE },
        { "Offene Memcached-Server", "asn,ip,timestamp,version,memcached_version,proto", FALSE },
        { "Offene Memcached-Server", "asn,ip,timestamp,proto", FALSE },
        { "Offene Memcached-Server", "asn,ip,timestamp,memcached_version,proto,more", FALSE },
        { "Offene SSDP-Dienste", "asn,ip,timestamp,ssdp_server", TRUE },
        { "Offene SSDP-Dienste", "asn,ip,timestamp,port,ssdp_server", TRUE },
        { "Offene SNMP-Dienste", "ASN,IP address,Timestamp (UTC),Device ID", TRUE },
        { "Offene SNMP-Dienste", "asn,ip,timestamp,version", FALSE },
        { "SystemBC-Infektionen",
          "FirstSeen,LastSeen,Victim IP,Victim Windows Domain,Victim_Windows_Account,C2 host",
          TRUE },
        { "Verwundbare Foo-Server", "asn,ip,timestamp", FALSE },
        { "Verwundbare n8n-Server", "asn,ip,timestamp", FALSE }, /* its columns are not known */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Table) table = table_read(rows[i].header, strlen(rows[i].header), ',', NULL);
        g_test_message("%s: %s", rows[i].title, rows[i].header);
        g_assert_cmpint(classes_fit(rows[i].title, table), ==, rows[i].want);
    }
}

static void test_columns(void)
{
    static const char header[] = "version,memcached_version,dst-port";
    g_autoptr(Table) table = table_read(header, strlen(header), ',', NULL);

    g_assert_cmpint(columns_locate(table, "memcached_version"), ==, 1); /* before its alias */
    g_assert_cmpint(columns_locate(table, "redis_version"), ==, 0);
    g_assert_cmpint(columns_locate(table, "DST_PORT"), ==, 2);
    g_assert_cmpint(columns_locate(table, "port"), ==, -1);
    g_assert_cmpstr(columns_find("banner")->label_en, ==, "Service banner");
    g_assert_null(columns_find("no such"));
    g_assert_false(columns_same("no such", "other"));
    g_assert_true(columns_same("no such", "No-Such"));
    g_assert_false(columns_same("version", "memcached_version")); /* one way only */
}

/* ---- the catalogue */

static char *catalogue_path(void)
{
    const char *given = g_getenv("CERTBUND_CATALOGUE");
    if (given != NULL && *given != '\0')
        return g_strdup(given);
    return g_test_build_filename(G_TEST_DIST, "..", "..", "shared", "catalogue.csv", NULL);
}

static const char *cell(const Table *table, guint row, const char *column)
{
    int index = table_find_column(table, column);
    g_assert_cmpint(index, >=, 0);
    return table_cell(table, row, (guint)index);
}

/* A subject pattern as a subject would have it. */
static char *subject_of(const char *pattern)
{
    static const char *const words[][2] = {
        { "<SCOPE>", "AS64496" }, { "<CC>", "DE" }, { "<ip>", "192.0.2.1" }, { "<name>", "foo" },
        { "<TWCERT-EXC-id in CJK brackets>", "\xe3\x80\x90TWCERT-EXC-1\xe3\x80\x91" },
    };
    char *text = g_strconcat(TICKET, " ", pattern, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *old = text;
        text = replace(old, words[i][0], words[i][1]);
    }
    return text;
}

/* No title, or one that does not tell the class. */
static gboolean says_nothing(const char *pattern)
{
    return strcmp(pattern, "(empty)") == 0
        || strcmp(pattern, "Schadprogramm-Infektion") == 0 /* any malware; so class malware */
        || g_str_has_prefix(pattern, "CE18-27572 ");       /* another team's ticket */
}

/* Classes with the same columns are told apart by CERT-Bund's own words only. */
static void test_contradiction(void)
{
    static const struct {
        const char *title, *text, *other;
    } rows[] = {
        { "Offene DNS-Resolver", "Offene CHARGEN-Dienste sind ein Problem.", "open-chargen" },
        { "Offene DNS-Resolver", "Offene DNS-Resolver und offene CHARGEN-Dienste", NULL },
        { "Offene DNS-Resolver", "Nichts davon", NULL },
        { "Offene DNS-Resolver", "Offene Redis-Server", NULL }, /* these have a column more */
        { "Offene DNS-Resolver", NULL, NULL },
    };
    g_autoptr(GError) error = NULL;
    char *csv = g_strdup("asn,ip,timestamp\n64496,192.0.2.1,2025-02-11 11:10:25\n");
    g_autoptr(Table) table = table_take(csv, 0, strlen(csv), ',', &error);

    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const ReportClass *other
            = classes_contradiction(classes_named(rows[i].title), table, rows[i].text);
        g_test_message("%s", rows[i].text);
        g_assert_cmpstr(other != NULL ? other->id : NULL, ==, rows[i].other);
    }
    g_assert_null(classes_named("Offene DNS-Resolver und mehr"));
    g_assert_nonnull(classes_named("offener dns resolver"));
    g_assert_cmpstr(classes_time_column("malware-ebury"), ==, "Time");
    g_assert_cmpstr(classes_time_column("manual-ssh-bruteforce"), ==, "timestamp(UTC+0)");
    g_assert_cmpstr(classes_time_column("malware"), ==, "timestamp");
    g_assert_cmpstr(classes_time_column("no-class"), ==, "timestamp");
}

static void check_patterns(const char *cell_text, const char *id)
{
    g_auto(GStrv) patterns = g_strsplit(cell_text, " | ", -1);
    for (char **pattern = patterns; *pattern != NULL; pattern++) {
        if (says_nothing(*pattern))
            continue;
        g_autofree char *text = subject_of(*pattern);
        g_autoptr(Subject) subject = subject_parse(text);
        g_assert_nonnull(subject);
        check_title(subject->title, id);
    }
}

/* What a later report of the class has besides is marked "?" with us. */
static void check_same_columns(const ReportClass *class, const char *columns)
{
    g_auto(GStrv) wanted = g_strsplit(columns, " ", -1);
    guint required = 0;
    for (guint i = 0; i < class->n_columns; i++) {
        gboolean there = g_strv_contains((const char *const *)wanted, class->columns[i].name);
        g_assert_true(there || class->columns[i].optional);
        required += there;
    }
    g_assert_cmpuint(required, ==, g_strv_length(wanted));
}

static void check_row(const Table *table, guint row)
{
    const char *id = cell(table, row, "id");
    const char *de = cell(table, row, "title_de"), *en = cell(table, row, "title_en");

    g_test_message("%s", id);
    check_title(de, id);
    if (*en != '\0')
        check_title(en, id);
    check_patterns(cell(table, row, "subject_pattern_de"), id);
    check_patterns(cell(table, row, "subject_pattern_en"), id);
    const ReportClass *class = classes_find(de);
    g_assert_cmpstr(class->title_de, ==, de);
    g_assert_cmpstr(class->title_en, ==, en);
    g_assert_cmpstr(class->kind, ==, cell(table, row, "kind"));
    g_assert_cmpstr(class->howto_de, ==, cell(table, row, "howto_de"));
    g_assert_cmpstr(class->howto_en, ==, cell(table, row, "howto_en"));
    g_assert_cmpint(*class->ports == '\0', ==, *cell(table, row, "port_proto") == '\0');
    check_same_columns(class, cell(table, row, "columns"));
}

/* kind `other` is a page about several classes, not one. */
static void test_catalogue(void)
{
    g_autofree char *path = catalogue_path();
    g_autofree char *text = NULL;
    gsize length;
    guint checked = 0;
    if (!g_file_get_contents(path, &text, &length, NULL)) {
        g_test_skip("the catalogue is not here; CERTBUND_CATALOGUE may name it");
        return;
    }
    g_autoptr(Table) table = table_read(text, length, ',', NULL);
    g_assert_nonnull(table);
    for (guint i = 0; i < table_n_rows(table); i++)
        if (*cell(table, i, "title_de") != '\0' && strcmp(cell(table, i, "kind"), "other") != 0) {
            check_row(table, i);
            checked++;
        }
    g_assert_cmpuint(checked, ==, classes_count());
}

/* ---- titles that are not known */

static void test_slug(void)
{
    g_autofree char *plain = classes_slug("Verwundbare  Foo-Server (CVE-2030-1)");
    g_assert_cmpstr(plain, ==, "verwundbare-foo-server-cve-2030-1");
    g_autofree char *umlaut = classes_slug("../\xc3\x9c" "ble <Ger\xc3\xa4te>");
    g_assert_cmpstr(umlaut, ==, "ueble-geraete");
    g_autofree char *nothing = classes_slug(" ... ");
    g_assert_cmpstr(nothing, ==, "unknown");
    g_autoptr(Subject) by_hand = subject_parse("[CERT-Bund#2021032128001112] ...");
    g_autofree char *manual = classes_id_of(by_hand);
    g_assert_cmpstr(manual, ==, "manual");
    g_autoptr(Subject) titled = subject_parse("[CERT-Bund#2021032128001112] Toaster");
    g_autofree char *toaster = classes_id_of(titled);
    g_assert_cmpstr(toaster, ==, "toaster");
    g_autoptr(Subject) automated = subject_parse("[CB-Report#20250212-10004759] in AS64496");
    g_autofree char *unknown = classes_id_of(automated);
    g_assert_cmpstr(unknown, ==, "unknown");
    g_autofree char *long_title = g_strnfill(61, 'x');
    g_autofree char *cut = classes_slug(long_title);
    g_assert_cmpuint(strlen(cut), ==, 60);
}

int main(int argc, char **argv)
{
    g_autofree char *sources = g_path_get_dirname(__FILE__);
    g_setenv("G_TEST_SRCDIR", sources, FALSE); /* `make check` has set it */
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/title/keys", test_keys);
    g_test_add_func("/title/matches", test_matches);
    g_test_add_func("/classes/titles", test_titles);
    g_test_add_func("/classes/contradiction", test_contradiction);
    g_test_add_func("/classes/spellings", test_spellings);
    g_test_add_func("/classes/pairs", test_pairs);
    g_test_add_func("/classes/table", test_table);
    g_test_add_func("/classes/severity", test_severity);
    g_test_add_func("/classes/fit", test_fit);
    g_test_add_func("/classes/catalogue", test_catalogue);
    g_test_add_func("/classes/slug", test_slug);
    g_test_add_func("/columns/names", test_columns);
    return g_test_run();
}

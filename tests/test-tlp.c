/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Markings of the Traffic Light Protocol, and where in a report they count. */
#include "mail-maker.h"
#include "report.h"
#include "tlp.h"

#include <string.h>

typedef struct {
    const char *text;
    Tlp want;
} Case;

/* FIRST's standards TLP 2.0 and 1.0: "TLP:COLOR, capital letters, no blank"; and what
 * people make of it, CERT-Bund too ("TLP-AMBER"). */
static const Case spellings[] = {
    { "TLP:RED", TLP_RED },
    { "TLP:AMBER", TLP_AMBER },
    { "TLP:AMBER+STRICT", TLP_AMBER_STRICT },
    { "TLP:GREEN", TLP_GREEN },
    { "TLP:CLEAR", TLP_CLEAR },
    { "TLP:WHITE", TLP_CLEAR },
    { "TLP: AMBER", TLP_AMBER },
    { "TLP : AMBER", TLP_AMBER },
    { "TLP-AMBER", TLP_AMBER },
    { "TLP AMBER", TLP_AMBER },
    { "TLP_AMBER", TLP_AMBER },
    { "tlp:amber", TLP_AMBER },
    { "Tlp:Red", TLP_RED },
    { "[TLP:RED]", TLP_RED },
    { "[TLP]: [RED]", TLP_RED },
    { "(TLP=AMBER).", TLP_AMBER },
    { "**TLP:** AMBER", TLP_AMBER },
    { "TLP: AMBER + STRICT", TLP_AMBER_STRICT },
    { "TLP-AMBER-STRICT", TLP_AMBER_STRICT },
    { "TLP:AMBERSTRICT", TLP_AMBER_STRICT },
    { "TLP:\nAMBER", TLP_AMBER },
    { "TLP:\n\n  AMBER", TLP_AMBER },
    { "TLP:AMBER+\nSTRICT", TLP_AMBER_STRICT },
    { "x_TLPGREEN.pdf", TLP_GREEN },
    { "TLP 2.0: RED", TLP_RED },
    { "TLPv2: RED", TLP_RED },
    { "TLP-Einstufung: AMBER", TLP_AMBER },
    { "The TLP classification is AMBER.", TLP_AMBER },
    { "This information is to be treated as TLP-AMBER.", TLP_AMBER },
    { "TLP:AMBER would mean", TLP_AMBER },
    { "TLP TLP:RED", TLP_RED },

    /* what can't be seen, and other forms of letters */
    { "TLP:\xc2\xa0" "AMBER", TLP_AMBER },            /* NBSP */
    { "TLP:\xe2\x80\xaf" "AMBER", TLP_AMBER },        /* narrow NBSP */
    { "T\xc2\xadLP:AM\xc2\xad" "BER", TLP_AMBER },    /* soft hyphen */
    { "TL\xe2\x80\x8bP:R\xe2\x80\x8d" "ED", TLP_RED },/* zero width blank, joiner */
    { "TLP:\xef\xbb\xbfRED", TLP_RED },               /* byte order mark */
    { "\xe2\x80\xaeTLP:RED", TLP_RED },               /* right to left */
    { "TLP:R\xcc\x81" "ED", TLP_RED },                /* combining accent */
    { "TLP:R\xc3\x89" "D", TLP_RED },                 /* E with acute */
    { "TLP:R\x01" "ED", TLP_RED },
    { "TLP\xef\xbc\x9a\xef\xbc\xb2\xef\xbc\xa5\xef\xbc\xa4", TLP_RED }, /* full width */
    { "TLP\xe2\x80\x93" "AMBER", TLP_AMBER },         /* en dash */

    /* in words */
    { "TLP (Traffic Light Protocol): AMBER", TLP_AMBER },
    { "Traffic Light Protocol: AMBER", TLP_AMBER },
    { "Traffic-Light-Protokoll: AMBER", TLP_AMBER },
    { "Traffic Traffic Light Protocol RED", TLP_RED },
    { "TLP-Klassifizierung: AMBER", TLP_AMBER },
    { "TLP-Klassifikation: GREEN", TLP_GREEN },
    { "TLP marking of this mail: RED", TLP_RED },
    { "TLP: ROT", TLP_RED },
    { "TLP: GELB", TLP_AMBER },
    { "TLP: GR\xc3\x9cN", TLP_GREEN },
    { "TLP: WEISS", TLP_CLEAR },
    { "TLP: WEI\xc3\x9f", TLP_CLEAR },
    { "TLP:CLEAR bis 01.12., danach AMBER", TLP_AMBER },
    { "Traffic  Light\nProtocol: AMBER", TLP_AMBER },
    { "Traffic - Light - Protocol: RED", TLP_RED },
    { "TLP:CLEAR bis zum 1. Dezember 2026 um 12 Uhr mittags MEZ, danach jedoch AMBER", TLP_AMBER },
    { "TLP:CLEAR\nRed Hat", TLP_CLEAR },
    { "TLP:GREEN\nTLP:YELLOW", TLP_UNCLEAR },
    { "TLP:AMBER\nTLP:YELLOW", TLP_AMBER },
    { "TLP: the colour is GREEN", TLP_GREEN },
    { "TLP a b c d e f g h i j k RED", TLP_RED },
    { "TLP a b c d e f g h i j k l RED", TLP_UNCLEAR },
    { "TLP:GREEN, see www.example.org/tlp", TLP_GREEN },

    /* the strictest counts */
    { "TLP:GREEN, TLP:RED, TLP:AMBER", TLP_RED },
    { "TLP:WHITE TLP:GREEN", TLP_GREEN },
    { "TLP:AMBER+STRICT TLP:AMBER", TLP_AMBER_STRICT },

    { "", TLP_NONE },
    { "TLP", TLP_UNCLEAR },
    { "TLP: see the website, green or red", TLP_RED },
    { "TLP: see the website", TLP_UNCLEAR },
    { "Traffic Light Protocol", TLP_UNCLEAR },
    { "Traffic Light", TLP_NONE },
    { "AMBER", TLP_NONE },
    { "the red one", TLP_NONE },
    { "XTLP:RED", TLP_NONE },
    { "TLP:REDACTED", TLP_UNCLEAR },
    { "TLP:RED\xc3\xb6", TLP_UNCLEAR },
    { "TLP:YELLOW", TLP_UNCLEAR },
    { "strict", TLP_NONE },
    { "RED TLP", TLP_UNCLEAR },
    { "TLP:\xff RED", TLP_RED },
    { "TLP:\xc3", TLP_UNCLEAR },
};

/* formats.md section 7: what others wrote is none of CERT-Bund's markings. */
static const Case texts[] = {
    { "a\nTLP:RED\nb\n", TLP_RED },
    { "> TLP:RED\n", TLP_NONE },
    { "  > TLP:RED\n", TLP_NONE },
    { ">TLP:RED\nTLP:GREEN\n", TLP_GREEN },
    { "a > TLP:RED\n", TLP_RED },
    { "TLP:GREEN\n---- Weitergeleitete Nachricht von x <x@example.org> ---\nTLP:RED\n", TLP_GREEN },
    { "---- Weitergeleitete Nachricht von x ---\nTLP:RED\n"
      "---- Ende der weitergeleiteten Nachricht ---\nTLP:AMBER\n", TLP_AMBER },
    { " -----Urspr\xc3\xbcngliche Nachricht-----\nTLP:RED\n", TLP_NONE },
    { "-------- Forwarded Message --------\nTLP:RED\n", TLP_NONE },
    { "-----Original Message-----\nTLP:RED\n", TLP_NONE },
    { "Weitergeleitete Nachricht\nTLP:RED\n", TLP_RED }, /* no dashes */
    { "-- \nTLP:RED\n", TLP_RED },                       /* a signature is CERT-Bund's own */
    { "----\nTLP:RED", TLP_RED },
    { "TLP:\n> x\nRED\n", TLP_RED },
};

static void test_spellings(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(spellings); i++) {
        g_autofree char *in_text = g_strdup_printf("Guten Tag,\n\n%s\n\nEnde\n",
                                                   spellings[i].text);
        g_test_message("%s", spellings[i].text);
        g_assert_cmpint(tlp_of_line(spellings[i].text, strlen(spellings[i].text)), ==,
                        spellings[i].want);
        g_assert_cmpint(tlp_of_text(in_text, strlen(in_text)), ==, spellings[i].want);
    }
}

static void test_texts(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        gsize length = strlen(texts[i].text);
        g_autofree char *bare = g_memdup2(texts[i].text, length);
        g_test_message("%s", texts[i].text);
        g_assert_cmpint(tlp_of_text(bare, length), ==, texts[i].want);
    }
}

static void test_names(void)
{
    static const struct {
        Tlp tlp;
        const char *name;
        gboolean restricts;
    } rows[] = {
        { TLP_NONE, "", FALSE }, { TLP_UNCLEAR, "TLP without a known colour", TRUE },
        { TLP_CLEAR, "TLP:CLEAR", FALSE },
        { TLP_GREEN, "TLP:GREEN", FALSE }, { TLP_AMBER, "TLP:AMBER", TRUE },
        { TLP_AMBER_STRICT, "TLP:AMBER+STRICT", TRUE }, { TLP_RED, "TLP:RED", TRUE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpstr(tlp_name(rows[i].tlp), ==, rows[i].name);
        g_assert_true(tlp_restricts(rows[i].tlp) == rows[i].restricts);
    }
}

#define HEAD "\"asn\",\"ip\",\"timestamp\",\"banner\"\n\"1\",\"192.0.2.7\",\"2025-02-11 11:10:25\","

/* In a report: subject and the words round the table, never its cells. */
static void test_report(void)
{
    static const struct {
        const char *name;
        MailOptions options;
        Tlp want;
    } rows[] = {
        { "nowhere", { .table = HEAD "\"x\"\n" }, TLP_NONE },
        { "in the title", { .table = HEAD "\"x\"\n", .title = "[TLP:RED] Offene Telnet-Server" },
          TLP_RED },
        { "behind the sign-off", { .table = HEAD "\"x\"\n",
          .below = "\n\nMit freundlichen Gr\xc3\xbc\xc3\x9f" "en\nTLP:AMBER\n" }, TLP_AMBER },
        { "behind an attached table's text", { .table = HEAD "\"x\"\n", .place = MAIL_ATTACHED,
          .below = "\nMit freundlichen Gr\xc3\xbc\xc3\x9f" "en\nTLP:AMBER\n" }, TLP_AMBER },
        { "in a cell", { .table = HEAD "\"TLP:RED\"\n" }, TLP_NONE },
        { "in a cell of several lines", { .table = HEAD "\"\n\nTLP:RED\n\n\"\n" }, TLP_NONE },
        { "in a cell, attached", { .table = HEAD "\"TLP:RED\"\n", .place = MAIL_ATTACHED },
          TLP_NONE },
        { "in a cell, attached as text", { .table = HEAD "\"TLP:RED\"\n",
          .place = MAIL_ATTACHED_PLAIN }, TLP_NONE },
        { "in a cell and behind", { .table = HEAD "\"TLP:RED\"\n",
          .below = "\n\nKind regards\nTLP:GREEN\n" }, TLP_GREEN },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) bytes = mail_make(&rows[i].options);
        g_autoptr(GError) error = NULL;
        g_autoptr(Message) message = message_parse(bytes, &error);
        g_autoptr(Report) report = report_read(message, &error);
        g_test_message("%s", rows[i].name);
        g_assert_no_error(error);
        g_assert_cmpstr(report->doubt, ==, NULL);
        g_assert_cmpint(report->tlp, ==, rows[i].want);
    }
}

#define PARTS(subject, first, second)                                                              \
    "Subject: " subject "\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" first             \
    "\n--b\nContent-Transfer-Encoding: base64\n\n" second "\n--b--\n"
#define TABLE "Affected hosts on your networks:\n\n" HEAD "\"x\"\n\nKind regards\n"
#define AUTOMATED "[CB-Report#20250212-10000001] x in AS64496"
#define MANUAL "[CERT-Bund#2021032128001112] x"

/* All text parts count, in both families; VExQOlJFRA== is TLP:RED. */
static void test_parts(void)
{
    static const Case rows[] = {
        { PARTS(AUTOMATED, TABLE, "eA=="), TLP_NONE },
        { PARTS(AUTOMATED, TABLE, "VExQOlJFRA=="), TLP_RED },
        { PARTS(AUTOMATED, "TLP:AMBER\n" TABLE, "eA=="), TLP_AMBER },
        { PARTS("=?utf-8?q?[CB-Report#20250212-10000001]_TLP=C2=A0AM?=\n =?utf-8?q?BER?=", TABLE,
                "eA=="), TLP_AMBER },
        { PARTS(MANUAL, "hello", "eA=="), TLP_NONE },
        { PARTS(MANUAL, "hello", "VExQOlJFRA=="), TLP_RED },
        { PARTS(MANUAL, "This is TLP-AMBER.", "eA=="), TLP_AMBER },
        { PARTS(MANUAL " [TLP:GREEN]", "hello", "eA=="), TLP_GREEN },
        { "Subject: " MANUAL "\nContent-Disposition: attachment\n\nTLP:RED\n", TLP_NONE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) bytes = g_bytes_new(rows[i].text, strlen(rows[i].text));
        g_autoptr(GError) error = NULL;
        g_autoptr(Message) message = message_parse(bytes, &error);
        g_autoptr(Report) report = report_read(message, &error);
        g_test_message("%s", rows[i].text);
        g_assert_no_error(error);
        g_assert_cmpint(report->tlp, ==, rows[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/tlp/spellings", test_spellings);
    g_test_add_func("/tlp/texts", test_texts);
    g_test_add_func("/tlp/names", test_names);
    g_test_add_func("/tlp/report", test_report);
    g_test_add_func("/tlp/parts", test_parts);
    return g_test_run();
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of customers: what customers.csv may hold, and every fault by its text and line. */
#include "customers-fixture.h"
#include "fixture.h"

#include <string.h>

static const struct {
    const char *text;
    const char *want; /* faults, LF between; "" for none */
    const char *why;
} files[] = {
    { HEADER "192.0.2.0/24," A, "", "the three columns" },
    { "\xef\xbb\xbf" HEADER "192.0.2.0/24," A, "", "BOM" },
    { "network,customer,email\r\n192.0.2.0/24,A,a@example.org\r\n\r\n", "", "CR LF" },
    { "# our customers, \"quoted\n\n" HEADER "\n  \n#192.0.2.0/24,x\n192.0.2.0/24,A,a@example.org",
      "", "comments, empty lines, no line end at the end" },
    { "email,Network, CUSTOMER \na@example.org,192.0.2.0/24,A\n", "",
      "columns by name, case ignored" },
    { HEADER " 192.0.2.0/24 ,\" A \",\"a@example.org ;\n b@example.org\"\n192.0.2.7,A,\n", "",
      "blanks around cells, a line break in a list" },
    { "network,customer,email,cc,escalation,reference,kind,form\n"
      "192.0.2.0/24,A,a@example.org,c@example.org,+49 0,R1,business,csv\n",
      "", "further optional columns" },
    { "network,customer,email,form\n192.0.2.0/24,A,a@example.org,xls\n",
      "c.csv:2: form \"xls\": unknown word \"xls\"; csv, table or labels, attachment, xarf or xarf-bundle, html "
      "and hide=COLUMN, divided by blanks, were expected",
      "unknown form" },
    { "network,customer,email,form\n192.0.2.0/24,A,a@example.org,hide=baner hide=\n",
      "c.csv:2: form \"hide=baner hide=\": unknown word \"hide=\"; csv, table or labels, attachment, xarf or xarf-bundle, "
      "html and hide=COLUMN, divided by blanks, were expected",
      "a form that is refused is not warned of, too" },
    { "network,customer,email,form\n192.0.2.0/24,A,a@example.org,hide=baner\n"
      "192.0.2.9,B,a@example.org,table hide=baner hide=naics hide=IP_address\n"
      "192.0.2.10,C,a@example.org,hide=details\n",
      "c.csv:2: warning: form: no report is known to have a column \"baner\", did you mean "
      "\"banner\"? expected one that certbundctl classes --json lists, if it is not new or "
      "Shadowserver's\n"
      "c.csv:3: warning: form: no report is known to have a column \"naics\"; expected one that "
      "certbundctl classes --json lists, if it is not new or Shadowserver's",
      "columns to hide that are not known, each once" },
    { "network,customer,email,deliver\n192.0.2.0/24,A,,none\n192.0.2.9,P,,pool\n", "",
      "no email needed" },
    { HEADER "example.org," A "MAIL.Example.ORG,A,\n", "", "domains" },
    { "", "c.csv: warning: no customers in it, at least one was expected", "empty file" },
    { HEADER "# nobody yet\n", "c.csv: warning: no customers in it, at least one was expected",
      "only a header" },
    { "network,customer\n192.0.2.0/24,A\n",
      "c.csv:1: column \"email\" is missing, a header with at least network,customer,email was "
      "expected",
      "missing column" },
    { "network,customer,email,mail,mail,email\n192.0.2.0/24,A,a@example.org,,,\n",
      "c.csv:1: unknown column \"mail\", names such as network,customer,email, divided by commas, "
      "were expected\n"
      "c.csv:1: unknown column \"mail\", names such as network,customer,email, divided by commas, "
      "were expected\n"
      "c.csv:1: column \"email\" stands here twice, once was expected",
      "unknown and repeated columns" },
    { "#\nnetwork;customer;email\n",
      "c.csv:2: unknown column \"network;customer;email\", names such as network,customer,email, "
      "divided by commas, were expected\n"
      "c.csv:2: column \"network\" is missing, a header with at least network,customer,email was "
      "expected",
      "semicolons; nothing can be read without columns" },
    { HEADER "192.0.2.0/24,A\n192.0.2.1,A,,\n",
      "c.csv:2: 2 cells, 3 were expected as in the header on line 1\n"
      "c.csv:3: 4 cells, 3 were expected as in the header on line 1",
      "ragged lines" },
    { HEADER "\"192.0.2.0/24\",A,\"a@example.org;\n\nb@example.org\"\n192.0.2.300,A,\n",
      "c.csv:5: network \"192.0.2.300\": an address, a network such as 192.0.2.0/24 or a range "
      "such "
      "as 192.0.2.5-192.0.2.9 was expected",
      "line numbers behind a cell with line breaks" },
    { HEADER "192.0.2.0/24,A,\"a@example.org\n\n192.0.2.1,B,b@example.org\n",
      "c.csv:2: a quoted cell begins in this record and is never closed, a '\"' was expected",
      "unterminated quote" },
    { HEADER "192.0.2.0/24,A\"B,a@example.org\n192.0.2.1,B,x\n",
      "c.csv:2: a quote stands inside a cell, the whole cell in quotes and this one doubled was "
      "expected\n"
      "c.csv:3: email \"x\": plain addresses such as abuse@example.org, divided by ';', were "
      "expected",
      "stray quote spoils its own line only" },
    { HEADER "192.0.2.0/24,\"A\"B,a@example.org\n",
      "c.csv:2: a quote stands inside a cell, the whole cell in quotes and this one doubled was "
      "expected",
      "text behind the closing quote" },
    { "network,customer,email\r192.0.2.0/24,A,a@example.org\r",
      "c.csv:1: a carriage return stands alone, line ends LF or CR LF were expected", "CR alone" },
    { HEADER "192.0.2.0/24,A\xfc,a@example.org\n",
      "c.csv:2: bytes that are no UTF-8, UTF-8 was expected", "ISO 8859-1" },
    { HEADER "# \xfc\n192.0.2.0/24," A, "c.csv:2: bytes that are no UTF-8, UTF-8 was expected",
      "ISO 8859-1 in a comment" },
    { HEADER "192.0.2.0/24,,a@example.org\n192.0.2.1,\"A\tB\",a@example.org\n",
      "c.csv:2: customer \"\": 1 to 200 bytes of text without control characters were expected\n"
      "c.csv:3: customer \"A?B\": 1 to 200 bytes of text without control characters were expected",
      "ids" },
    { HEADER ",A,a@example.org\n192.0.2.1/24,A,\nlocalhost,A,\n*.example.org,A,\n"
             "m\xc3\xbcller.example,A,\n192.0.2.0-255,A,\n::/80,A,\nexample.org.,A,\n",
      "c.csv:2: network \"\": an address, a network, a range, or a domain such as example.org "
      "without '*' and '@' was expected\n"
      "c.csv:3: network \"192.0.2.1/24\": host bits are set, 192.0.2.0/24 was expected\n"
      "c.csv:4: network \"localhost\": an address, a network, a range, or a domain such as "
      "example.org without '*' and '@' was expected\n"
      "c.csv:5: network \"*.example.org\": an address, a network, a range, or a domain such as "
      "example.org without '*' and '@' was expected\n"
      "c.csv:6: network \"m\xc3\xbcller.example\": a network, or a domain in its ASCII form "
      "(xn--...), was expected\n"
      "c.csv:7: network \"192.0.2.0-255\": two whole addresses were expected around the '-'\n"
      "c.csv:8: network \"::/80\": its ends are of two families, IPv4 and IPv6\n"
      "c.csv:9: network \"example.org.\": an address, a network, a range, or a domain such as "
      "example.org without '*' and '@' was expected",
      "networks" },
    { HEADER "192.0.2.0/24,A,\n192.0.2.1,B,a@example.org;\n192.0.2.2,C,\"a@example.org, "
             "b@example.org\"\n192.0.2.3,D,\"a@example.org\r\nBcc: x@example.net\"\n",
      "c.csv:2: email is empty, at least one address was expected on the customer's first line "
      "unless deliver is none or pool\n"
      "c.csv:3: email \"a@example.org;\": plain addresses such as abuse@example.org, divided by "
      "';', were expected\n"
      "c.csv:4: email \"a@example.org, b@example.org\": plain addresses such as abuse@example.org, "
      "divided by ';', were expected\n"
      "c.csv:5: email \"a@example.org??Bcc: x@example.net\": plain addresses such as "
      "abuse@example.org, divided by ';', were expected",
      "email; the line of the record's begin" },
    { "network,customer,email,language,deliver,kind,cc,name\n"
      "192.0.2.0,A,a@example.org,DE,,,,\n192.0.2.1,B,a@example.org,de  en,,,,\n"
      "192.0.2.2,C,a@example.org,de de,,,,\n192.0.2.3,D,a@example.org,deu,,,,\n"
      "192.0.2.4,E,a@example.org,,digest,,,\n192.0.2.5,F,a@example.org,,Hold,,,\n"
      "192.0.2.6,G,a@example.org,,,private,,\n192.0.2.7,H,a@example.org,,,,x,\n"
      "192.0.2.8,I,a@example.org,,,,,\"x\ny\"\n",
      "c.csv:2: language \"DE\": two-letter codes divided by one blank, such as \"de en\", were "
      "expected\n"
      "c.csv:3: language \"de  en\": two-letter codes divided by one blank, such as \"de en\", "
      "were "
      "expected\n"
      "c.csv:4: language \"de de\": two-letter codes divided by one blank, such as \"de en\", were "
      "expected\n"
      "c.csv:5: language \"deu\": two-letter codes divided by one blank, such as \"de en\", were "
      "expected\n"
      "c.csv:7: deliver \"Hold\": notify, digest, hold, none or pool was expected\n"
      "c.csv:8: kind \"private\": consumer, business or reseller was expected\n"
      "c.csv:9: cc \"x\": plain addresses such as abuse@example.org, divided by ';', were "
      "expected\n"
      "c.csv:10: name \"x?y\": text without control characters was expected",
      "the customer's other cells" },
    { "network,customer,email,language,brand,deliver,name\n"
      "192.0.2.0,A,a@example.org,,,,\n192.0.2.1,A,,,,,\n"
      "192.0.2.2,A,a@example.org,de en,default,notify,\n"
      "192.0.2.3,A,b@example.org,de,x,hold,y\n",
      "c.csv:5: deliver is not the one on this customer's first line, 2, an empty cell or the same "
      "was expected\n"
      "c.csv:5: email is \"b@example.org\" but \"a@example.org\" on this customer's first line, 2, "
      "an empty cell or the same was expected\n"
      "c.csv:5: name is \"y\" but \"\" on this customer's first line, 2, an empty cell or the same "
      "was expected\n"
      "c.csv:5: language is \"de\" but \"\" on this customer's first line, 2, an empty cell or the "
      "same was expected\n"
      "c.csv:5: brand is \"x\" but \"\" on this customer's first line, 2, an empty cell or the "
      "same "
      "was expected",
      "later lines: empty, the same, the default where the first is empty, different" },
    { "network,customer,email,valid_from,valid_until\n"
      "192.0.2.0,A,a@example.org,2025-01-01,2025-01-01\n192.0.2.0,A,,2025-01-02,2025-01-01\n"
      "192.0.2.0,A,,soon,01.02.2025\n192.0.2.0,A,,2025-01-01T12:00:00,\n"
      "192.0.2.0,A,,2025-01-01,2025-01-01T00:00:01Z\n",
      "c.csv:2: valid_until \"2025-01-01\": a time later than valid_from was expected\n"
      "c.csv:3: valid_until \"2025-01-01\": a time later than valid_from was expected\n"
      "c.csv:4: valid_from \"soon\": a date such as 2025-02-11 or a time such as "
      "2025-02-11T12:10:25+01:00 was expected\n"
      "c.csv:4: valid_until \"01.02.2025\": a date such as 2025-02-11 or a time such as "
      "2025-02-11T12:10:25+01:00 was expected\n"
      "c.csv:5: valid_from \"2025-01-01T12:00:00\": a date such as 2025-02-11 or a time such as "
      "2025-02-11T12:10:25+01:00 was expected",
      "validity" },
};

static void test_files(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *faults = customers_faults(files[i].text, strlen(files[i].text));
        g_test_message("%s", files[i].why);
        g_assert_cmpstr(faults, ==, files[i].want);
    }
}

/* The same network, whatever its spelling, for two customers at one time. */
static const struct {
    const char *lines;
    const char *want;
} twice[] = {
    { "192.0.2.0/24,A,,,\n192.0.2.0-192.0.2.255,B,,,\n",
      "c.csv:3: 192.0.2.0/24 is given to customer \"B\" here and to \"A\" on line 2 at the same "
      "time, one customer at any time was expected" },
    { "2001:db8::/32,A,,,\n2001:db8:0::/32,B,,,\n",
      "c.csv:3: 2001:db8::/32 is given to customer \"B\" here and to \"A\" on line 2 at the same "
      "time, one customer at any time was expected" },
    { "Example.org,B,,,\nexample.ORG,A,,,\n",
      "c.csv:3: example.org is given to customer \"A\" here and to \"B\" on line 2 at the same "
      "time, one customer at any time was expected" },
    { "192.0.2.1,B,,2025-01-01,\n192.0.2.1,A,,,2025-01-01T00:00:01Z\n",
      "c.csv:3: 192.0.2.1 is given to customer \"A\" here and to \"B\" on line 2 at the same time, "
      "one customer at any time was expected" },
    { "192.0.2.1,A,,,\n192.0.2.1,A,,2025-01-01,\n192.0.2.1,A,,,2025-01-01\n", "" },
    { "192.0.2.1,B,,2025-01-01,\n192.0.2.1,A,,,2025-01-01\n", "" },
    { "192.0.2.0/24,B,,,\n192.0.2.0/25,A,,,\n192.0.2.128/25,A,,,\n", "" },
    { "192.0.2.0-192.0.2.9,A,,,\n192.0.2.5-192.0.2.14,B,,,\n", "" },
    { "example.org,A,,,\nmail.example.org,B,,,\n", "" },
    /* The long claim of A lies under a short one of A: B still meets it. */
    { "192.0.2.1,A,,2025-01-01,2025-12-01\n192.0.2.1,A,,2025-02-01,2025-03-01\n"
      "192.0.2.1,B,,2025-04-01,2025-05-01\n",
      "c.csv:4: 192.0.2.1 is given to customer \"B\" here and to \"A\" on line 2 at the same time, "
      "one customer at any time was expected" },
};

static void test_twice(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(twice); i++) {
        g_autofree char *text =
            g_strconcat("network,customer,email,valid_from,valid_until\n", twice[i].lines, NULL);
        /* Only the claims matter here: everybody gets an address. */
        g_auto(GStrv) at_a = g_strsplit(text, ",A,,", -1);
        g_autofree char *with_a = g_strjoinv(",A,x@example.org,", at_a);
        g_auto(GStrv) at_b = g_strsplit(with_a, ",B,,", -1);
        g_autofree char *with_b = g_strjoinv(",B,x@example.org,", at_b);
        g_autofree char *faults = customers_faults(with_b, strlen(with_b));
        g_assert_cmpstr(faults, ==, twice[i].want);
    }
}

static void test_nul(void)
{
    const char text[] = HEADER "192.0.2.0/24,A\0,a@example.org\n";
    g_autofree char *faults = customers_faults(text, sizeof text - 1);
    g_assert_cmpstr(faults, ==, "c.csv:2: a NUL byte, text in UTF-8 was expected");
}

static void test_no_file(void)
{
    g_autofree char *missing = customers_fault_of_file("missing.csv");
    g_autofree char *folder = customers_fault_of_file(".");

    g_assert_cmpstr(missing, ==, "missing.csv: can't be opened: No such file or directory");
    g_assert_cmpstr(folder, ==, ".: a regular file of at most 268435456 bytes was expected");
}

static void test_views(void)
{
    g_autoptr(Customers) customers = customers_good(
        "network,customer,email,name,language,brand,deliver,cc,escalation,reference,kind,form\n"
        "192.0.2.0/24,A,a@example.org; b@example.org,M\xc3\xbcller & S\xc3\xb6hne,de en,x,hold,"
        "c@example.org,e,r,reseller,labels hide=asn\n"
        "2001:DB8:0::/48,B,b@example.org,,,,,,,,,\n"
        "example.ORG,A,a@example.org;b@example.org,,,,,,,,,\n");
    Customer a, b;

    g_assert_cmpuint(customers_count(customers), ==, 2);
    g_assert_cmpuint(customers_n_networks(customers), ==, 3);
    g_assert_cmpstr(customers_path(customers), ==, CUSTOMERS_NAME);
    customers_get(customers, 0, &a);
    customers_get(customers, 1, &b);
    g_assert_cmpstr(a.id, ==, "A");
    g_assert_cmpstr(a.email, ==, "a@example.org;b@example.org");
    g_assert_cmpstr(a.name, ==, "M\xc3\xbcller & S\xc3\xb6hne");
    g_assert_cmpstr(a.language, ==, "de en");
    g_assert_cmpstr(a.brand, ==, "x");
    g_assert_cmpstr(a.cc, ==, "c@example.org");
    g_assert_cmpstr(a.escalation, ==, "e");
    g_assert_cmpstr(a.reference, ==, "r");
    g_assert_cmpstr(a.kind, ==, "reseller");
    g_assert_cmpstr(a.form, ==, "labels hide=asn");
    g_assert_cmpint(a.deliver, ==, DELIVER_HOLD);
    g_assert_cmpint(customers_deliver(customers, 0), ==, DELIVER_HOLD);
    g_assert_cmpuint(a.line, ==, 2);
    g_assert_cmpstr(b.id, ==, "B");
    g_assert_cmpstr(b.language, ==, "");
    g_assert_cmpstr(b.form, ==, "");
    g_assert_cmpint(b.deliver, ==, DELIVER_NOTIFY);
    g_assert_cmpuint(b.line, ==, 3);

    g_autofree char *ipv4 = customers_network_of_line(customers, 2);
    g_autofree char *ipv6 = customers_network_of_line(customers, 3);
    g_autofree char *domain = customers_network_of_line(customers, 4);
    g_assert_cmpstr(ipv4, ==, "192.0.2.0/24");
    g_assert_cmpstr(ipv6, ==, "2001:db8::/48");
    g_assert_cmpstr(domain, ==, "example.org");
    g_assert_null(customers_network_of_line(customers, 1));
    g_assert_null(customers_network_of_line(customers, 5));
}

/* A reload leaves the old snapshot as it was, and tells what is gone. */
static void test_dropped(void)
{
    g_autoptr(Customers) old = customers_good(HEADER "192.0.2.0/24," A "192.0.2.0/25,A,\n"
                                                "192.0.2.0-192.0.2.4,A,\n2001:db8::/32,A,\n"
                                                "example.org,A,\nexample.net,A,\n");
    g_autoptr(Customers) new_ = customers_good(HEADER "192.0.2.0/24," B "192.0.2.0-192.0.2.5,B,\n"
                                                 "2001:db8::/33,B,\nexample.net,B,\n");
    g_autoptr(Customers) none = customers_good(HEADER "198.51.100.1," A);
    g_autoptr(Customers) again = customers_ref(old);

    g_assert_cmpuint(customers_n_dropped(old, new_), ==, 4);
    g_assert_cmpuint(customers_n_dropped(new_, old), ==, 2);
    g_assert_cmpuint(customers_n_dropped(old, none), ==, 6);
    g_assert_cmpuint(customers_n_dropped(old, again), ==, 0);
}

/* The example that operators start from. */
static void test_example(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "..", "contrib", "customers.csv", NULL);
    g_autoptr(Faults) faults = faults_new();
    g_autoptr(Customers) customers = customers_load(path, faults);

    for (guint i = 0; i < faults_count(faults); i++)
        g_test_message("%s", faults_text(faults, i));
    g_assert_nonnull(customers);
    g_assert_cmpuint(faults_count(faults), ==, 0);
    g_assert_cmpuint(customers_count(customers), >, 3);
}

/* By id: the whole of it, in this case. */
static void test_by_id(void)
{
    static const struct {
        const char *id;
        int want; /* -1: nobody */
    } cases[] = {
        { "A", 0 }, { "B", 1 }, { "AB", 2 }, { "a", -1 }, { "ABC", -1 }, { "", -1 },
        { "a@example.org", -1 },
    };
    g_autoptr(Customers) customers = customers_good(HEADER "192.0.2.0/24," A "192.0.2.7," B
                                                      "192.0.2.9,AB,a@example.org\n");

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint32 customer = 77;
        gboolean there = customers_find(customers, cases[i].id, &customer);
        g_assert_cmpint(there ? (int)customer : -1, ==, cases[i].want);
    }
}

static void add(void)
{
    g_test_add_func("/customers/example", test_example);
    g_test_add_func("/customers/files", test_files);
    g_test_add_func("/customers/twice", test_twice);
    g_test_add_func("/customers/nul", test_nul);
    g_test_add_func("/customers/no-file", test_no_file);
    g_test_add_func("/customers/views", test_views);
    g_test_add_func("/customers/by-id", test_by_id);
    g_test_add_func("/customers/dropped", test_dropped);
}

int main(int argc, char **argv)
{
    return fixture_run_apart(argc, argv, add);
}

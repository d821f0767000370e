/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of customers: what customers.csv may hold, every fault by its text and
 * line, every limit, and who is found for an address or account and a time. */
#include "customers.h"

#include <glib/gstdio.h>
#include <string.h>

#include "timestamp.h"

#define FILE_NAME "c.csv" /* in a folder of its own, the working directory */
#define SEED      20250212
#define HEADER    "network,customer,email\n"
#define A         "A,a@example.org\n"
#define B         "B,b@example.org\n"

static Customers *load_span(const char *text, gsize length, Faults *faults)
{
    g_autoptr(GError) error = NULL;
    g_file_set_contents(FILE_NAME, text, (gssize)length, &error);
    g_assert_no_error(error);
    return customers_load(FILE_NAME, faults);
}

static Customers *load_good(const char *text)
{
    g_autoptr(Faults) faults = faults_new();
    Customers *customers = load_span(text, strlen(text), faults);
    for (guint i = 0; i < faults_count(faults); i++)
        g_test_message("%s", faults_text(faults, i));
    g_assert_nonnull(customers);
    g_assert_cmpuint(faults_count(faults), ==, 0);
    return customers;
}

static char *faults_of_span(const char *text, gsize length)
{
    g_autoptr(Faults) faults = faults_new();
    g_autoptr(Customers) customers = load_span(text, length, faults);
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < faults_count(faults); i++)
        g_string_append_printf(all, "%s%s", i > 0 ? "\n" : "", faults_text(faults, i));
    g_assert_cmpint(customers == NULL, ==, faults_errors(faults) > 0);
    return g_string_free(all, FALSE);
}

static gint64 time_of(const char *text)
{
    gint64 time;
    g_assert_true(timestamp_parse_rfc3339(text, &time));
    return time;
}

/* Who has it, as text: a customer's id and the line, "nobody" or "ambiguous".
 * what: an address, an account, or "" for neither. */
static char *who(const Customers *customers, const char *what, gint64 earliest, gint64 latest)
{
    Address address;
    CustomerKey key = { .earliest = earliest, .latest = latest };
    CustomerAnswer answer = { ANSWER_NONE, 0, 0 };
    Customer customer;

    if (strchr(what, '@') != NULL)
        key.account = what;
    else if (*what != '\0') {
        g_assert_true(address_parse(what, strlen(what), &address));
        key.address = &address;
    }
    g_assert_true(customers_lookup(customers, &key, 1, &answer, NULL));
    if (answer.kind != ANSWER_CUSTOMER)
        return g_strdup(answer.kind == ANSWER_NONE ? "nobody" : "ambiguous");
    customers_get(customers, answer.customer, &customer);
    return g_strdup_printf("%s %u", customer.id, answer.line);
}

/* --- reading --- */

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
      "c.csv:2: form \"xls\": csv, table or labels, attachment, xarf or xarf-bundle, html "
      "and hide=COLUMN, divided by blanks, were expected",
      "unknown form" },
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
        g_autofree char *faults = faults_of_span(files[i].text, strlen(files[i].text));
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
        g_autofree char *faults = faults_of_span(with_b, strlen(with_b));
        g_assert_cmpstr(faults, ==, twice[i].want);
    }
}

static void test_nul(void)
{
    const char text[] = HEADER "192.0.2.0/24,A\0,a@example.org\n";
    g_autofree char *faults = faults_of_span(text, sizeof text - 1);
    g_assert_cmpstr(faults, ==, "c.csv:2: a NUL byte, text in UTF-8 was expected");
}

static char *faults_of_path(const char *path)
{
    g_autoptr(Faults) faults = faults_new();
    g_assert_null(customers_load(path, faults));
    g_assert_cmpuint(faults_count(faults), ==, 1);
    return g_strdup(faults_text(faults, 0));
}

static void test_no_file(void)
{
    g_autofree char *missing = faults_of_path("missing.csv");
    g_autofree char *folder = faults_of_path(".");

    g_assert_cmpstr(missing, ==, "missing.csv: can't be opened: No such file or directory");
    g_assert_cmpstr(folder, ==, ".: a regular file of at most 268435456 bytes was expected");
}

static void test_views(void)
{
    g_autoptr(Customers) customers = load_good(
        "network,customer,email,name,language,brand,deliver,cc,escalation,reference,kind,form\n"
        "192.0.2.0/24,A,a@example.org; b@example.org,M\xc3\xbcller & S\xc3\xb6hne,de en,x,hold,"
        "c@example.org,e,r,reseller,labels hide=asn\n"
        "2001:DB8:0::/48,B,b@example.org,,,,,,,,,\n"
        "example.ORG,A,a@example.org;b@example.org,,,,,,,,,\n");
    Customer a, b;

    g_assert_cmpuint(customers_count(customers), ==, 2);
    g_assert_cmpuint(customers_n_networks(customers), ==, 3);
    g_assert_cmpstr(customers_path(customers), ==, FILE_NAME);
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
    g_autoptr(Customers) old = load_good(HEADER "192.0.2.0/24," A "192.0.2.0/25,A,\n"
                                                "192.0.2.0-192.0.2.4,A,\n2001:db8::/32,A,\n"
                                                "example.org,A,\nexample.net,A,\n");
    g_autoptr(Customers) new_ = load_good(HEADER "192.0.2.0/24," B "192.0.2.0-192.0.2.5,B,\n"
                                                 "2001:db8::/33,B,\nexample.net,B,\n");
    g_autoptr(Customers) none = load_good(HEADER "198.51.100.1," A);
    g_autoptr(Customers) again = customers_ref(old);

    g_assert_cmpuint(customers_n_dropped(old, new_), ==, 4);
    g_assert_cmpuint(customers_n_dropped(new_, old), ==, 2);
    g_assert_cmpuint(customers_n_dropped(old, none), ==, 6);
    g_assert_cmpuint(customers_n_dropped(old, again), ==, 0);
}

/* --- limits --- */

static void test_limit_faults(void)
{
    g_autoptr(GString) text = g_string_new(HEADER);

    for (int i = 0; i < CUSTOMERS_FAULTS_MAX; i++)
        g_string_append(text, "x,A,a@example.org\n");
    g_autofree char *limit = faults_of_span(text->str, text->len);
    g_auto(GStrv) lines = g_strsplit(limit, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, CUSTOMERS_FAULTS_MAX);
    g_assert_true(g_str_has_prefix(lines[CUSTOMERS_FAULTS_MAX - 1], "c.csv:101: network"));
    g_string_append(text, "x,A,a@example.org\nx,A,a@example.org\n");
    g_autofree char *above = faults_of_span(text->str, text->len);
    g_auto(GStrv) more = g_strsplit(above, "\n", -1);
    g_assert_cmpuint(g_strv_length(more), ==, CUSTOMERS_FAULTS_MAX + 1);
    g_assert_cmpstr(more[CUSTOMERS_FAULTS_MAX], ==,
                    "c.csv: more than 100 faults, the others are not named");
}

static void test_limit_cells(void)
{
    g_autofree char *id = g_strnfill(CUSTOMERS_ID_MAX + 1, 'i');
    g_autofree char *name = g_strnfill(CUSTOMERS_CELL_MAX + 1, 'n');
    const char *header = "network,customer,email,name\n";

    g_autofree char *good =
        g_strdup_printf("%s192.0.2.0,%s,a@example.org,%s\n", header, id + 1, name + 1);
    g_autofree char *long_id = g_strdup_printf("%s192.0.2.0,%s,a@example.org,\n", header, id);
    g_autofree char *long_name = g_strdup_printf("%s192.0.2.0,A,a@example.org,%s\n", header, name);
    g_autofree char *none = faults_of_span(good, strlen(good));
    g_autofree char *of_id = faults_of_span(long_id, strlen(long_id));
    g_autofree char *of_name = faults_of_span(long_name, strlen(long_name));
    g_assert_cmpstr(none, ==, "");
    g_assert_true(g_str_has_prefix(of_id, "c.csv:2: customer \"iiii"));
    g_assert_true(g_str_has_suffix(of_id, "i...\": 1 to 200 bytes of text without control "
                                          "characters were expected"));
    g_assert_cmpstr(of_name, ==, "c.csv:2: cell 4 is longer than 4096 bytes, less was expected");
}

/* A sparse file: at the limit its NULs are found, one above it is not even read. */
static void test_limit_file(void)
{
    g_file_set_contents(FILE_NAME, HEADER "192.0.2.0," A "#", -1, NULL);
    g_assert_cmpint(truncate(FILE_NAME, CUSTOMERS_FILE_MAX), ==, 0);
    g_autofree char *limit = faults_of_path(FILE_NAME);
    g_assert_cmpint(truncate(FILE_NAME, CUSTOMERS_FILE_MAX + 1), ==, 0);
    g_autofree char *above = faults_of_path(FILE_NAME);
    g_assert_cmpstr(limit, ==, "c.csv:3: a NUL byte, text in UTF-8 was expected");
    g_assert_cmpstr(above, ==, "c.csv: a regular file of at most 268435456 bytes was expected");
}

/* n ranges around 198.18.8.0, each inside the one before. */
static char *nested_file(guint n)
{
    GString *text = g_string_new(HEADER);

    for (guint i = 0; i < n; i++) {
        guint low = 2048 - (n - i), high = 2048 + (n - i);
        g_string_append_printf(text, "198.18.%u.%u-198.18.%u.%u,A,a@example.org\n", low >> 8,
                               low & 255, high >> 8, high & 255);
    }
    return g_string_free(text, FALSE);
}

static void test_limit_depth(void)
{
    g_autofree char *limit = nested_file(CUSTOMERS_DEPTH_MAX);
    g_autofree char *above = nested_file(CUSTOMERS_DEPTH_MAX + 1);

    g_autoptr(Customers) customers = load_good(limit);
    g_autofree char *inner = who(customers, "198.18.8.0", 0, 0);
    g_autofree char *middle = who(customers, "198.18.7.0", 0, 0);
    g_autofree char *outside = who(customers, "198.18.0.1", 0, 0);
    g_assert_cmpstr(inner, ==, "A 1001");
    g_assert_cmpstr(middle, ==, "A 746");
    g_assert_cmpstr(outside, ==, "nobody");
    g_autofree char *faults = faults_of_span(above, strlen(above));
    g_assert_cmpstr(faults, ==,
                    "c.csv:1002: 1000 other lines cover the first address of this network, fewer "
                    "were expected");
}

/* n ranges of `width` addresses, each beginning one address behind the one before,
 * and some networks of one address elsewhere. */
static char *staircase_file(guint n, guint width, guint singles)
{
    GString *text = g_string_new(HEADER);

    for (guint i = 0; i < n; i++) {
        guint high = i + width - 1;
        g_string_append_printf(text, "198.18.%u.%u-198.18.%u.%u,A,a@example.org\n", i >> 8, i & 255,
                               high >> 8, high & 255);
    }
    for (guint i = 0; i < singles; i++)
        g_string_append_printf(text, "198.19.%u.%u,A,\n", i >> 8, i & 255);
    return g_string_free(text, FALSE);
}

static void test_limit_links(void)
{
    /* Of equal ranges the lower wins, so each further one goes below all others and
     * these are linked anew: 1, 2 ... width, width, width links; a single costs one. */
    const guint width = CUSTOMERS_DEPTH_MAX, first = width * (width + 1) / 2;
    const guint n = width + (CUSTOMERS_LINKS_MAX - first) / width;
    const guint singles = (CUSTOMERS_LINKS_MAX - first) % width;
    g_autofree char *limit = staircase_file(n, width, singles);
    g_autofree char *above = staircase_file(n, width, singles + 1);

    g_autofree char *none = faults_of_span(limit, strlen(limit));
    g_autofree char *faults = faults_of_span(above, strlen(above));
    g_autofree char *want = g_strdup_printf("c.csv:%u: too many ranges overlap each other partly, "
                                            "nested networks were expected",
                                            n + singles + 2);
    g_assert_cmpstr(none, ==, "");
    g_assert_cmpstr(faults, ==, want);
}

/* --- finding --- */

static const char found_file[] =
    "network,customer,email,valid_from,valid_until\n"
    "192.0.2.0/24,A,a@example.org,,\n"                            /* 2 */
    "192.0.2.128/25,B,b@example.org,,\n"                          /* 3 */
    "192.0.2.200-192.0.2.205,C,c@example.org,,\n"                 /* 4 */
    "192.0.2.203-192.0.2.208,D,d@example.org,,\n"                 /* 5 */
    "192.0.2.7,E,e@example.org,2025-01-01,2025-02-01\n"           /* 6 */
    "192.0.2.7,F,f@example.org,2025-02-01,2025-03-01\n"           /* 7 */
    "192.0.2.7,F,f@example.org,2025-03-01,2025-04-01\n"           /* 8 */
    "::/0,G,g@example.org,,\n"                                    /* 9 */
    "2001:db8::/32,H,h@example.org,2025-01-01,\n"                 /* 10 */
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,I,i@example.org,,\n" /* 11 */
    "255.255.255.255,J,j@example.org,,\n"                         /* 12 */
    "example.org,A,a@example.org,,\n"                             /* 13 */
    "mail.example.org,B,b@example.org,2025-01-01,2025-02-01\n"    /* 14 */
    "198.51.100.1,A,a@example.org,,2025-01-01\n"                  /* 15 */
    "198.51.100.0-198.51.100.9,K,k@example.org,,\n"               /* 16 */
    "198.51.100.5-198.51.100.14,K,k@example.org,,\n"              /* 17 */
    "0.0.0.0,L,l@example.org,,\n";                                /* 18 */

static const struct {
    const char *what;
    const char *earliest, *latest; /* NULL: no time at all; latest "": the same */
    const char *want;
    const char *why;
} found[] = {
    { "192.0.2.1", "2025-01-15", "", "A 2", "the one network" },
    { "192.0.2.129", "2025-01-15", "", "B 3", "the more specific one" },
    { "192.0.2.199", "2025-01-15", "", "B 3", "just below the range" },
    { "192.0.2.200", "2025-01-15", "", "C 4", "range in network" },
    { "192.0.2.203", "2025-01-15", "", "ambiguous", "two ranges of equal size" },
    { "192.0.2.205", "2025-01-15", "", "ambiguous", "last of both" },
    { "192.0.2.206", "2025-01-15", "", "D 5", "behind the overlap" },
    { "192.0.2.209", "2025-01-15", "", "B 3", "behind the ranges" },
    { "192.0.3.0", "2025-01-15", "", "nobody", "behind the network" },
    { "192.0.1.255", "2025-01-15", "", "nobody", "before the network" },
    { "::ffff:192.0.2.1", "2025-01-15", "", "A 2", "mapped spelling" },
    { "198.51.100.7", "2025-01-15", "", "K 16", "equal ranges of one customer" },
    { "192.0.2.7", "2024-12-31T23:59:59Z", "", "A 2", "before the validity" },
    { "192.0.2.7", "2025-01-01", "", "E 6", "valid_from is inclusive" },
    { "192.0.2.7", "2025-01-31T23:59:59Z", "", "E 6", "last second" },
    { "192.0.2.7", "2025-02-01", "", "F 7", "valid_until is exclusive" },
    { "192.0.2.7", "2025-04-01", "", "A 2", "behind all" },
    { "192.0.2.7", "2025-01-01", "2025-01-31T23:59:59Z", "E 6", "span within the validity" },
    { "192.0.2.7", "2025-01-01", "2025-02-01", "ambiguous", "span over a change of customer" },
    { "192.0.2.7", "2024-12-31T23:59:59Z", "2025-01-01", "ambiguous", "span over a beginning" },
    { "192.0.2.7", "2025-02-15", "2025-03-15", "F 7", "span over two lines of one customer" },
    { "192.0.2.7", "2024-01-01", "2026-01-01", "ambiguous", "same at both ends, others between" },
    { "192.0.2.7", NULL, NULL, "ambiguous", "no time, intervals apply" },
    { "192.0.2.1", NULL, NULL, "A 2", "no time, no intervals" },
    { "198.51.100.1", NULL, NULL, "ambiguous", "no time, another one before" },
    { "2001:db8::1", "2025-01-15", "", "H 10", "IPv6" },
    { "2001:db8::1", "2024-12-31", "", "G 9", "IPv6 before the validity" },
    { "2001:db8::1", "2024-12-31", "2025-01-01", "ambiguous", "IPv6 over a change" },
    { "::1", "2025-01-15", "", "G 9", "all of IPv6" },
    { "::", "2025-01-15", "", "G 9", "lowest IPv6" },
    { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2025-01-15", "", "I 11", "highest IPv6" },
    { "203.0.113.1", "2025-01-15", "", "nobody", "::/0 has no IPv4" },
    { "255.255.255.255", "2025-01-15", "", "J 12", "highest IPv4" },
    { "255.255.255.254", "2025-01-15", "", "nobody", "one below" },
    { "0.0.0.0", "2025-01-15", "", "L 18", "lowest IPv4" },
    { "x@example.org", "2025-01-15", "", "A 13", "account" },
    { "x@EXAMPLE.Org", "2025-01-15", "", "A 13", "account, case" },
    { "x@example.org.", "2025-01-15", "", "A 13", "account, root dot" },
    { "x@example.org..", "2025-01-15", "", "nobody", "only one dot is cut" },
    { "x@www.example.org", "2025-01-15", "", "A 13", "suffix at a dot" },
    { "x@xexample.org", "2025-01-15", "", "nobody", "suffix not at a dot" },
    { "x@a.mail.example.org", "2025-01-15", "", "B 14", "longest suffix" },
    { "x@a.mail.example.org", "2025-02-01", "", "A 13", "longest suffix that is valid" },
    { "x@a.mail.example.org", "2025-01-15", "2025-02-15", "ambiguous", "span over a change" },
    { "x@a.mail.example.org", NULL, NULL, "ambiguous", "no time" },
    { "x@example.org@example.net", "2025-01-15", "", "nobody", "the last @ counts" },
    { "x@example.net@example.org", "2025-01-15", "", "A 13", "the last @ counts" },
    { "x@", "2025-01-15", "", "nobody", "empty domain" },
    { "x@org", "2025-01-15", "", "nobody", "above the line" },
    { "x@192.0.2.1", "2025-01-15", "", "nobody", "an account is not looked up by address" },
    { "", "2025-01-15", "", "nobody", "neither address nor account" },
    { "192.0.2.1", "2025-01-15", "2025-01-14", "ambiguous", "an empty span" },
};

static void test_found(void)
{
    g_autoptr(Customers) customers = load_good(found_file);

    for (gsize i = 0; i < G_N_ELEMENTS(found); i++) {
        gint64 earliest = TIMESTAMP_MIN, latest = TIMESTAMP_MAX;
        if (found[i].earliest != NULL) {
            earliest = time_of(found[i].earliest);
            latest = *found[i].latest == '\0' ? earliest : time_of(found[i].latest);
        }
        g_autofree char *got = who(customers, found[i].what, earliest, latest);
        g_test_message("%s: %s", found[i].what, found[i].why);
        g_assert_cmpstr(got, ==, found[i].want);
    }
}

/* A text without '@' is no account, however it looks. */
static void test_account_without_at(void)
{
    g_autoptr(Customers) customers = load_good(found_file);
    CustomerKey key = { .account = "example.org" };
    CustomerAnswer answer;

    g_assert_true(customers_lookup(customers, &key, 1, &answer, NULL));
    g_assert_cmpint(answer.kind, ==, ANSWER_NONE);
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
    g_autoptr(Customers) customers = load_good(HEADER "192.0.2.0/24," A "192.0.2.7," B
                                                      "192.0.2.9,AB,a@example.org\n");

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint32 customer = 77;
        gboolean there = customers_find(customers, cases[i].id, &customer);
        g_assert_cmpint(there ? (int)customer : -1, ==, cases[i].want);
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const char *given = g_getenv("G_TEST_SRCDIR");

    /* Absolute, as the tests run in a folder of their own. */
    g_autofree char *beside = g_path_get_dirname(__FILE__);
    g_autofree char *source = g_canonicalize_filename(given != NULL ? given : beside, NULL);
    g_setenv("G_TEST_SRCDIR", source, TRUE);
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = g_dir_make_tmp("test-customers-XXXXXX", &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_chdir(folder), ==, 0);
    g_test_add_func("/customers/example", test_example);
    g_test_add_func("/customers/files", test_files);
    g_test_add_func("/customers/twice", test_twice);
    g_test_add_func("/customers/nul", test_nul);
    g_test_add_func("/customers/no-file", test_no_file);
    g_test_add_func("/customers/views", test_views);
    g_test_add_func("/customers/by-id", test_by_id);
    g_test_add_func("/customers/dropped", test_dropped);
    g_test_add_func("/customers/limit-faults", test_limit_faults);
    g_test_add_func("/customers/limit-cells", test_limit_cells);
    g_test_add_func("/customers/limit-file", test_limit_file);
    g_test_add_func("/customers/limit-depth", test_limit_depth);
    g_test_add_func("/customers/limit-links", test_limit_links);
    g_test_add_func("/customers/found", test_found);
    g_test_add_func("/customers/account-without-at", test_account_without_at);
    int result = g_test_run();
    g_unlink(FILE_NAME);
    g_assert_cmpint(g_chdir("/"), ==, 0);
    g_rmdir(folder);
    return result;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of customers: who is found for an address or account and a time. */
#include "customers-fixture.h"
#include "fixture.h"
#include "timestamp.h"

static gint64 time_of(const char *text)
{
    gint64 time;
    g_assert_true(timestamp_parse_rfc3339(text, &time));
    return time;
}

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
    g_autoptr(Customers) customers = customers_good(found_file);

    for (gsize i = 0; i < G_N_ELEMENTS(found); i++) {
        gint64 earliest = TIMESTAMP_MIN, latest = TIMESTAMP_MAX;
        if (found[i].earliest != NULL) {
            earliest = time_of(found[i].earliest);
            latest = *found[i].latest == '\0' ? earliest : time_of(found[i].latest);
        }
        g_autofree char *got = customers_who(customers, found[i].what, earliest, latest);
        g_test_message("%s: %s", found[i].what, found[i].why);
        g_assert_cmpstr(got, ==, found[i].want);
    }
}

/* A text without '@' is no account, however it looks. */
static void test_account_without_at(void)
{
    g_autoptr(Customers) customers = customers_good(found_file);
    CustomerKey key = { .account = "example.org" };
    CustomerAnswer answer;

    g_assert_true(customers_lookup(customers, &key, 1, &answer, NULL));
    g_assert_cmpint(answer.kind, ==, ANSWER_NONE);
}

static void add(void)
{
    g_test_add_func("/customers/found", test_found);
    g_test_add_func("/customers/account-without-at", test_account_without_at);
}

int main(int argc, char **argv)
{
    return fixture_run_apart(argc, argv, add);
}

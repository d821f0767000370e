/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of address: spellings of addresses and networks, and their canonical text. */
#include "address.h"

#include <arpa/inet.h>
#include <string.h>

#include "errors.h"

#define SEED 5952

typedef struct {
    const char *text;
    const char *want; /* canonical; NULL: refused */
    const char *why;
} Case;

/* RFC 4291 section 2.2 (the three forms), RFC 5952 sections 2 and 4 (which to print). */
static const Case addresses[] = {
    { "192.0.2.1", "192.0.2.1", "dotted quad" },
    { "0.0.0.0", "0.0.0.0", "lowest" },
    { "255.255.255.255", "255.255.255.255", "highest" },
    { "192.0.2.01", NULL, "leading zero: octal to some" },
    { "192.0.2.00", NULL, "two zeros" },
    { "192.0.2.256", NULL, "part out of range" },
    { "192.0.2.1000", NULL, "four digits" },
    { "192.0.2", NULL, "three parts" },
    { "192.0.2.1.1", NULL, "five parts" },
    { "192.0..1", NULL, "empty part" },
    { "192.0.2.", NULL, "ends in a dot" },
    { ".192.0.2.1", NULL, "begins with a dot" },
    { "192[.]0[.]2[.]1", NULL, "defanged" },
    { "0xc0.0.2.1", NULL, "hexadecimal" },
    { "3221225985", NULL, "one number" },
    { "-1.0.2.1", NULL, "sign" },
    { " 192.0.2.1", NULL, "blank before" },
    { "192.0.2.1 ", NULL, "blank behind" },
    { "192.0.2.1:80", NULL, "port" },
    { "192.0.2.1/32", NULL, "prefix" },
    { "", NULL, "empty" },
    { "2001:db8::1", "2001:db8::1", "compressed" },
    { "2001:DB8::A", "2001:db8::a", "upper case (RFC 5952 section 4.3)" },
    { "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1", "leading zeros (4.1)" },
    { "2001:db8:0:0:0:0:2:1", "2001:db8::2:1", "shortened as far as possible (4.2.1)" },
    { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "not for one group (4.2.2)" },
    { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "the longest run (4.2.3)" },
    { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "the first of equal runs (4.2.3)" },
    { "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "\"::\" for one group is read" },
    { "::", "::", "all zero" },
    { "::1", "::1", "zeros first" },
    { "1::", "1::", "zeros last" },
    { "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "no zeros" },
    { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", "one group at the end" },
    { "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", "one group at the begin" },
    { "2001:db8::192.0.2.33", "2001:db8::c000:221", "IPv4 at the end (RFC 4291 form 3)" },
    { "::192.0.2.33", "::c000:221", "IPv4-compatible is deprecated: IPv6" },
    { "::ffff:192.0.2.33", "192.0.2.33", "IPv4-mapped is IPv4 (RFC 4291 section 2.5.5.2)" },
    { "::ffff:c000:221", "192.0.2.33", "the same in hexadecimal" },
    { "0:0:0:0:0:ffff:192.0.2.33", "192.0.2.33", "the same in full" },
    { "1:2:3:4:5:6:192.0.2.33", "1:2:3:4:5:6:c000:221", "six groups and IPv4" },
    { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
      "highest" },
    { "1:2:3:4:5:6:7:8::", NULL, "\"::\" for no group" },
    { "1:2:3:4::5:6:7:8", NULL, "\"::\" for no group inside" },
    { "1::2::3", NULL, "two \"::\"" },
    { ":::", NULL, "three colons" },
    { "1:2:3:4:5:6:7", NULL, "seven groups" },
    { "1:2:3:4:5:6:7:8:9", NULL, "nine groups" },
    { ":1:2:3:4:5:6:7:8", NULL, "colon first" },
    { "1:2:3:4:5:6:7:8:", NULL, "colon last" },
    { ":1", NULL, "colon and group" },
    { "1:", NULL, "group and colon" },
    { ":", NULL, "colon" },
    { "12345::", NULL, "five digits" },
    { "g::", NULL, "no digit" },
    { "1:2:3:4:5:6:7:192.0.2.33", NULL, "seven groups and IPv4" },
    { "1:2:3:4:5:6::192.0.2.33", NULL, "\"::\" for no group before IPv4" },
    { "::192.0.2.33:1", NULL, "IPv4 not at the end" },
    { "::192.0.2", NULL, "IPv4 with three parts" },
    { "::192.0.02.1", NULL, "IPv4 with leading zero" },
    { "fe80::1%eth0", NULL, "zone" },
    { "[2001:db8::1]", NULL, "brackets" },
    { "2001:db8::/32", NULL, "prefix" },
};

static void test_addresses(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
        gsize length = strlen(addresses[i].text);
        g_autofree char *exact = g_memdup2(addresses[i].text, length);
        char text[ADDRESS_TEXT_SIZE];
        Address address;
        g_test_message("%s: %s", addresses[i].text, addresses[i].why);
        g_assert_cmpint(address_parse(exact, length, &address), ==, addresses[i].want != NULL);
        if (addresses[i].want != NULL)
            g_assert_cmpstr(address_format(&address, text), ==, addresses[i].want);
    }
}

/* The longest text there is, one byte more, and what the size bounds. */
static void test_length(void)
{
    const char *longest = "0000:0000:0000:0000:0000:0000:192.000.002.001";
    Address address;

    g_assert_cmpuint(strlen(longest), ==, ADDRESS_TEXT_SIZE - 1);
    g_assert_false(address_parse(longest, strlen(longest), &address)); /* its leading zeros */
    const char *allowed = "0001:0002:0003:0004:0005:0006:192.168.255.255";
    g_assert_cmpuint(strlen(allowed), ==, ADDRESS_TEXT_SIZE - 1);
    g_assert_true(address_parse(allowed, strlen(allowed), &address));
    g_autofree char *longer = g_strconcat(allowed, "5", NULL);
    g_assert_false(address_parse(longer, strlen(longer), &address));
}

static void test_nul_inside(void)
{
    Address address;
    g_assert_false(address_parse("192.0.2.1\0x", 11, &address));
    g_assert_false(address_parse("192.0.2.1\0", 10, &address));
}

/* Random addresses, many with zero groups, against the C library's reader; and back. */
static void test_against_libc(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);

    g_test_message("seed %d", SEED);
    for (int i = 0; i < 20000; i++) {
        Address address, back;
        char text[ADDRESS_TEXT_SIZE];
        struct in6_addr theirs;
        for (int group = 0; group < 8; group++) {
            guint value =
                g_rand_boolean(rand) ? 0 : g_rand_int(rand) >> g_rand_int_range(rand, 0, 16);
            address.bytes[2 * group] = (guint8)(value >> 8);
            address.bytes[2 * group + 1] = (guint8)value;
        }
        address_format(&address, text);
        g_assert_true(address_parse(text, strlen(text), &back));
        g_assert_true(address_equal(&address, &back));
        g_assert_cmpuint(address_hash(&address), ==, address_hash(&back));
        if (address_is_ipv4(&address))
            continue;
        g_assert_cmpint(inet_pton(AF_INET6, text, &theirs), ==, 1);
        g_assert_cmpint(memcmp(&theirs, &address, 16), ==, 0);
    }
}

/* Random texts of the letters that addresses are made of: we and the C library
 * accept the same. */
static void test_random_texts(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
    const char letters[] = "::::....00112fF9";

    for (int i = 0; i < 300000; i++) {
        char text[24];
        gsize length = (gsize)g_rand_int_range(rand, 1, (gint32)sizeof text);
        struct in6_addr theirs;
        Address address;
        for (gsize j = 0; j < length; j++)
            text[j] = letters[g_rand_int_range(rand, 0, (gint32)sizeof letters - 1)];
        text[length - 1] = '\0';
        gboolean ipv6 = strchr(text, ':') != NULL;
        gboolean ours = address_parse(text, length - 1, &address);
        if (ours != (inet_pton(ipv6 ? AF_INET6 : AF_INET, text, &theirs) == 1))
            g_error("seed %d: \"%s\" is %s here only", SEED, text, ours ? "good" : "bad");
        if (ours)
            g_assert_cmpint(memcmp(&theirs, address.bytes + (ipv6 ? 0 : 12), ipv6 ? 16 : 4), ==, 0);
    }
}

static const Case networks[] = {
    { "192.0.2.0/24", "192.0.2.0/24", "CIDR" },
    { "192.0.2.7", "192.0.2.7", "one address" },
    { "192.0.2.7/32", "192.0.2.7", "one address as CIDR" },
    { "0.0.0.0/0", "0.0.0.0/0", "all of IPv4" },
    { "192.0.2.5-192.0.2.9", "192.0.2.5-192.0.2.9", "range" },
    { "192.0.2.5 - 192.0.2.9", "192.0.2.5-192.0.2.9", "blanks around the hyphen" },
    { "192.0.2.0-192.0.2.255", "192.0.2.0/24", "range that is a CIDR" },
    { "192.0.2.7-192.0.2.7", "192.0.2.7", "range of one" },
    { "2001:db8::/32", "2001:db8::/32", "IPv6" },
    { "::/0", "::/0", "all of IPv6" },
    { "2001:db8::1/128", "2001:db8::1", "one IPv6 address" },
    { "2001:db8::1-2001:db8::f", "2001:db8::1-2001:db8::f", "IPv6 range" },
    { "::ffff:192.0.2.0/120", "192.0.2.0/24", "mapped, counted in 128 bits" },
    { "192.0.2.1/24", NULL, "host bits are set, 192.0.2.0/24 was expected" },
    { "2001:db8::1/64", NULL, "host bits are set, 2001:db8::/64 was expected" },
    { "192.0.2.0/33", NULL, "a prefix length of 0 to 32 was expected behind the '/'" },
    { "2001:db8::/129", NULL, "a prefix length of 0 to 128 was expected behind the '/'" },
    { "192.0.2.0/", NULL, "a prefix length of 0 to 32 was expected behind the '/'" },
    { "192.0.2.0/+24", NULL, "a prefix length of 0 to 32 was expected behind the '/'" },
    { "192.0.2.0/024", NULL, "a prefix length of 0 to 32 was expected behind the '/'" },
    { "192.0.2.0/ 24", NULL, "a prefix length of 0 to 32 was expected behind the '/'" },
    { "192.0.2.0/255.255.255.0", NULL, "a prefix length of 0 to 32 was expected behind the '/'" },
    { "192.0.2/24", NULL, "no address stands before the '/'" },
    { "/24", NULL, "no address stands before the '/'" },
    { "192.0.2.9-192.0.2.5", NULL, "its ends are swapped, the lower address comes first" },
    { "192.0.2.0-255", NULL, "two whole addresses were expected around the '-'" },
    { "192.0.2.5-", NULL, "two whole addresses were expected around the '-'" },
    { "192.0.2.5-2001:db8::1", NULL, "its ends are of two families, IPv4 and IPv6" },
    { "::-::ffff:192.0.2.1", NULL, "its ends are of two families, IPv4 and IPv6" },
    { "::/80", NULL, "its ends are of two families, IPv4 and IPv6" },
    { "192.0.2", NULL,
      "an address, a network such as 192.0.2.0/24 or a range such as 192.0.2.5-192.0.2.9 was "
      "expected" },
    { "", NULL,
      "an address, a network such as 192.0.2.0/24 or a range such as 192.0.2.5-192.0.2.9 was "
      "expected" },
};

/* why is the error's text where the network is refused. */
static void test_networks(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(networks); i++) {
        g_autoptr(GError) error = NULL;
        Network network;
        g_test_message("%s: %s", networks[i].text, networks[i].why);
        if (!network_parse(networks[i].text, &network, &error)) {
            g_assert_null(networks[i].want);
            g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
            g_assert_cmpstr(error->message, ==, networks[i].why);
            continue;
        }
        g_autofree char *text = network_format(&network);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, networks[i].want);
    }
}

static void test_contains(void)
{
    static const struct {
        const char *network, *address;
        gboolean want;
    } cases[] = {
        { "192.0.2.0/24", "192.0.2.0", TRUE },
        { "192.0.2.0/24", "192.0.2.255", TRUE },
        { "192.0.2.0/24", "192.0.3.0", FALSE },
        { "192.0.2.0/24", "192.0.1.255", FALSE },
        { "192.0.2.0/24", "::ffff:192.0.2.9", TRUE },
        { "0.0.0.0/0", "2001:db8::1", FALSE },
        { "::/0", "192.0.2.1", FALSE },
        { "::/0", "2001:db8::1", TRUE },
        { "192.0.2.5-192.0.2.9", "192.0.2.9", TRUE },
        { "192.0.2.5-192.0.2.9", "192.0.2.10", FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Network network;
        Address address;
        g_test_message("%s %s", cases[i].network, cases[i].address);
        g_assert_true(network_parse(cases[i].network, &network, NULL));
        g_assert_true(address_parse(cases[i].address, strlen(cases[i].address), &address));
        g_assert_cmpint(network_contains(&network, &address), ==, cases[i].want);
    }
}

static void test_network_written(void)
{
    static const struct {
        const char *text, *first, *last; /* NULL: none */
    } cases[] = {
        { "192.0.2.0/24", "192.0.2.0", NULL },
        { "192.0.2.7", "192.0.2.7", NULL },
        { "192.0.2.5-192.0.2.9", "192.0.2.5", "192.0.2.9" },
        { "2001:db8::/32", "2001:db8::", NULL },
        { "a-b.example.net", NULL, NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Address written[2];
        char text[ADDRESS_TEXT_SIZE];
        const char *const want[] = { cases[i].first, cases[i].last };
        guint n = network_written(cases[i].text, written);
        g_test_message("%s", cases[i].text);
        g_assert_cmpuint(n, ==, cases[i].first == NULL ? 0 : cases[i].last == NULL ? 1 : 2);
        for (guint k = 0; k < n; k++)
            g_assert_cmpstr(address_format(&written[k], text), ==, want[k]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/address/parse", test_addresses);
    g_test_add_func("/address/length", test_length);
    g_test_add_func("/address/nul-inside", test_nul_inside);
    g_test_add_func("/address/against-libc", test_against_libc);
    g_test_add_func("/address/random-texts", test_random_texts);
    g_test_add_func("/network/parse", test_networks);
    g_test_add_func("/network/contains", test_contains);
    g_test_add_func("/address/network-written", test_network_written);
    return g_test_run();
}

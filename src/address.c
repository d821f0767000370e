/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Parses and prints by hand instead of by inet_pton(): the text need not end in
 * a NUL, a million rows are read, and what libraries let pass differs.  Refused:
 * leading zeros in dotted quads (octal to some readers), "::" for no group at
 * all, anything before or behind.
 * Sources: RFC 4291 sections 2.2 and 2.5.5.2, RFC 5952 section 4. */
#include "address.h"

#include <string.h>

#include "errors.h"

#define IPV4_AT  12 /* offset of the IPv4 bytes in a mapped address */
#define TEXT_MAX (ADDRESS_TEXT_SIZE - 1)

static const guint8 mapped_prefix[IPV4_AT] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static gboolean parse_quad(const char *at, const char *end, guint8 quad_r[4])
{
    for (int part = 0; part < 4; part++) {
        if (part > 0 && (at == end || *at++ != '.'))
            return FALSE;
        const char *begin = at;
        int value = 0;
        while (at < end && at - begin < 3 && g_ascii_isdigit(*at))
            value = value * 10 + (*at++ - '0');
        if (at == begin || value > 255 || (*begin == '0' && at - begin > 1))
            return FALSE;
        quad_r[part] = (guint8)value;
    }
    return at == end;
}

/* Reads 1 to 4 hexadecimal digits; the place behind them, or NULL. */
static const char *parse_group(const char *at, const char *end, guint *group_r)
{
    const char *begin = at;

    *group_r = 0;
    while (at < end && at - begin < 4 && g_ascii_isxdigit(*at))
        *group_r = *group_r << 4 | (guint)g_ascii_xdigit_value(*at++);
    return at == begin ? NULL : at;
}

/* Puts the zeros that "::" stands for into bytes[gap..); n bytes are filled. */
static gboolean open_gap(guint8 bytes[16], int n, int gap)
{
    if (gap < 0)
        return n == 16;
    if (n > 14)
        return FALSE;
    memmove(bytes + 16 - (n - gap), bytes + gap, (gsize)(n - gap));
    memset(bytes + gap, 0, (gsize)(16 - n));
    return TRUE;
}

static gboolean parse_ipv6(const char *at, const char *end, guint8 bytes[16])
{
    int n = 0, gap = -1;

    if (end - at >= 2 && at[0] == ':' && at[1] == ':') {
        gap = 0;
        at += 2;
    }
    while (at < end) {
        guint group;
        const char *behind = parse_group(at, end, &group);
        if (behind == NULL || n > 14)
            return FALSE;
        if (behind < end && *behind == '.')
            return n <= IPV4_AT && parse_quad(at, end, bytes + n) && open_gap(bytes, n + 4, gap);
        bytes[n++] = (guint8)(group >> 8);
        bytes[n++] = (guint8)group;
        if (behind == end)
            break;
        if (*behind != ':' || behind + 1 == end)
            return FALSE;
        at = behind + 1;
        if (*at == ':') {
            if (gap >= 0)
                return FALSE;
            gap = n;
            at++;
        }
    }
    return open_gap(bytes, n, gap);
}

static gsize format_quad(const guint8 quad[4], char *text)
{
    char *at = text;

    for (int part = 0; part < 4; part++) {
        guint value = quad[part];
        if (part > 0)
            *at++ = '.';
        if (value >= 100)
            *at++ = (char)('0' + value / 100);
        if (value >= 10)
            *at++ = (char)('0' + value / 10 % 10);
        *at++ = (char)('0' + value % 10);
    }
    *at = '\0';
    return (gsize)(at - text);
}

/* RFC 5952 section 4.2: the longest run of two or more zero groups, the first of equals. */
static void longest_zero_run(const guint groups[8], int *begin_r, int *end_r)
{
    *begin_r = *end_r = -1;
    for (int i = 0; i < 8; i++) {
        int j = i;
        while (j < 8 && groups[j] == 0)
            j++;
        if (j - i >= 2 && j - i > *end_r - *begin_r) {
            *begin_r = i;
            *end_r = j;
        }
        if (j > i)
            i = j;
    }
}

static void format_ipv6(const guint8 bytes[16], char *text)
{
    guint groups[8];
    int begin, end;
    char *at = text;

    for (int i = 0; i < 8; i++)
        groups[i] = (guint)bytes[2 * i] << 8 | bytes[2 * i + 1];
    longest_zero_run(groups, &begin, &end);
    for (int i = 0; i < 8; i++) {
        if (i == begin) {
            *at++ = ':';
            *at++ = ':';
            i = end - 1;
            continue;
        }
        if (i > 0 && i != end)
            *at++ = ':';
        for (int shift = 12; shift >= 0; shift -= 4)
            if (groups[i] >> shift != 0 || shift == 0)
                *at++ = "0123456789abcdef"[groups[i] >> shift & 0xf];
    }
    *at = '\0';
}

/* Is bit i of the 128 set? */
static gboolean bit(const Address *address, int i)
{
    return (address->bytes[i / 8] >> (7 - i % 8) & 1) != 0;
}

/* Length of the prefix (of 128 bits) that the network is, or -1 when it is none. */
static int prefix_of(const Network *network)
{
    int length = 0;

    while (length < 128 && bit(&network->first, length) == bit(&network->last, length))
        length++;
    for (int i = length; i < 128; i++)
        if (bit(&network->first, i) || !bit(&network->last, i))
            return -1;
    return length;
}

/* base with the bits behind the prefix cleared in first and set in last. */
static void span_prefix(const Address *base, int length, Network *network_r)
{
    for (int i = 0; i < 16; i++) {
        int kept = CLAMP(length - 8 * i, 0, 8);
        guint8 host = (guint8)(0xff >> kept);
        network_r->first.bytes[i] = (guint8)(base->bytes[i] & ~host);
        network_r->last.bytes[i] = (guint8)(base->bytes[i] | host);
    }
}

static gboolean parse_prefix(const char *text, const char *slash, Network *network_r,
                             GError **error)
{
    Address base;
    guint64 length;

    if (!address_parse(text, (gsize)(slash - text), &base)) {
        error_input(error, "no address stands before the '/'");
        return FALSE;
    }
    gboolean ipv4 = address_is_ipv4(&base) && memchr(text, ':', (gsize)(slash - text)) == NULL;
    guint bits = ipv4 ? 32 : 128;
    if (!g_ascii_string_to_unsigned(slash + 1, 10, 0, bits, &length, NULL) ||
        !g_ascii_isdigit(slash[1]) || (slash[1] == '0' && slash[2] != '\0')) {
        error_input(error, "a prefix length of 0 to %u was expected behind the '/'", bits);
        return FALSE;
    }
    span_prefix(&base, (int)length + (ipv4 ? 96 : 0), network_r);
    if (!address_equal(&base, &network_r->first)) {
        char expected[ADDRESS_TEXT_SIZE];
        error_input(error, "host bits are set, %s/%u was expected",
                    address_format(&network_r->first, expected), (guint)length);
        return FALSE;
    }
    return TRUE;
}

static gboolean parse_range(const char *text, const char *dash, Network *network_r, GError **error)
{
    const char *second = dash + 1;
    gsize length = (gsize)(dash - text);

    while (length > 0 && g_ascii_isspace(text[length - 1]))
        length--;
    while (g_ascii_isspace(*second))
        second++;
    if (!address_parse(text, length, &network_r->first) ||
        !address_parse(second, strlen(second), &network_r->last)) {
        error_input(error, "two whole addresses were expected around the '-'");
        return FALSE;
    }
    return TRUE;
}

static gboolean check_ends(const Network *network, GError **error)
{
    if (address_is_ipv4(&network->first) != address_is_ipv4(&network->last)) {
        error_input(error, "its ends are of two families, IPv4 and IPv6");
        return FALSE;
    }
    if (address_compare(&network->first, &network->last) > 0) {
        error_input(error, "its ends are swapped, the lower address comes first");
        return FALSE;
    }
    return TRUE;
}

gboolean address_parse(const char *text, gsize length, Address *address_r)
{
    if (length == 0 || length > TEXT_MAX)
        return FALSE;
    if (memchr(text, ':', length) != NULL)
        return parse_ipv6(text, text + length, address_r->bytes);
    memcpy(address_r->bytes, mapped_prefix, IPV4_AT);
    return parse_quad(text, text + length, address_r->bytes + IPV4_AT);
}

gboolean address_is_ipv4(const Address *address)
{
    return memcmp(address->bytes, mapped_prefix, IPV4_AT) == 0;
}

int address_compare(const Address *a, const Address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

guint address_hash(gconstpointer address)
{
    guint64 half[2];

    /* Networks differ in few bits: the multiplications spread them over the word. */
    memcpy(half, ((const Address *)address)->bytes, sizeof half);
    guint64 mixed = (half[0] ^ half[0] >> 32) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    mixed = (mixed ^ half[1] ^ mixed >> 29) * G_GUINT64_CONSTANT(0xd6e8feb86659fd93);
    return (guint)(mixed >> 32);
}

gboolean address_equal(gconstpointer a, gconstpointer b)
{
    return address_compare(a, b) == 0;
}

const char *address_format(const Address *address, char text_r[ADDRESS_TEXT_SIZE])
{
    if (address_is_ipv4(address))
        format_quad(address->bytes + IPV4_AT, text_r);
    else
        format_ipv6(address->bytes, text_r);
    return text_r;
}

gboolean network_parse(const char *text, Network *network_r, GError **error)
{
    const char *slash = strchr(text, '/');
    const char *dash = strchr(text, '-');

    if (slash != NULL) {
        if (!parse_prefix(text, slash, network_r, error))
            return FALSE;
    } else if (dash != NULL) {
        if (!parse_range(text, dash, network_r, error))
            return FALSE;
    } else {
        if (!address_parse(text, strlen(text), &network_r->first)) {
            error_input(error, "an address, a network such as 192.0.2.0/24 or a range such as "
                               "192.0.2.5-192.0.2.9 was expected");
            return FALSE;
        }
        network_r->last = network_r->first;
    }
    return check_ends(network_r, error);
}

guint network_written(const char *text, Address written_r[2])
{
    Network network;

    if (!network_parse(text, &network, NULL))
        return 0;
    written_r[0] = network.first;
    written_r[1] = network.last;
    return strchr(text, '-') != NULL ? 2 : 1;
}

gboolean network_contains(const Network *network, const Address *address)
{
    return address_compare(&network->first, address) <= 0 &&
           address_compare(address, &network->last) <= 0 &&
           address_is_ipv4(&network->first) == address_is_ipv4(address);
}

char *network_format(const Network *network)
{
    char first[ADDRESS_TEXT_SIZE], last[ADDRESS_TEXT_SIZE];
    int prefix = prefix_of(network);

    address_format(&network->first, first);
    if (prefix == 128)
        return g_strdup(first);
    if (prefix >= 0)
        return g_strdup_printf("%s/%d", first,
                               address_is_ipv4(&network->first) ? prefix - 96 : prefix);
    return g_strdup_printf("%s-%s", first, address_format(&network->last, last));
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Finds addresses in a plain text.  Where a text can be read in several ways,
 * every reading is looked up, because a system named by mistake only holds a
 * notice; but what the customer's own address explains is not read again, so that
 * his own 2001:db8::1:5 does not name 2001:db8::1.
 * Sources: RFC 4291 section 2.2, RFC 1035 section 3.5 and RFC 3596 section 2.5
 * (reversed names). */
#include "guard-scan.h"

#include <string.h>

#define GROUPS 8   /* of an IPv6 address */
#define NIBBLES 32 /* of a name below ip6.arpa */
#define MANY 1000  /* a decimal group that is no byte of an address */

/* What may stand around a dot or colon that somebody spread or half defanged. */
static gboolean is_junk(char c)
{
    switch (c) {
    case ' ':
    case '[':
    case ']':
    case '{':
    case '}':
    case '(':
    case ')':
    case '<':
    case '>':
        return TRUE;
    default:
        return FALSE;
    }
}

static const char *skip_junk(const char *at)
{
    while (is_junk(*at))
        at++;
    return at;
}

static const char *back_over_junk(const char *begin, const char *at)
{
    while (at > begin && is_junk(at[-1]))
        at--;
    return at;
}

/* Overwritten, it is not read again. */
static void blank_out(GString *plain, const char *from, const char *to)
{
    memset(plain->str + (from - plain->str), ',', (gsize)(to - from));
}

/* ---- IPv6 ---- */

/* One end that an address could have. */
typedef struct {
    const char *behind; /* in the text */
    guint8 size;        /* of the address's text */
    gboolean loose;     /* something stands around a colon within */
} End;

/* The longest text that an address beginning here could have, without junk. */
typedef struct {
    char text[ADDRESS_TEXT_SIZE];
    gsize size;
    guint groups;
    gboolean gap, loose; /* "::" was read; junk was skipped */
    End ends[2 * ADDRESS_TEXT_SIZE];
    guint n_ends;
} Reading;

static gboolean push(Reading *reading, const char *text, gsize n)
{
    if (reading->size + n >= sizeof reading->text)
        return FALSE;
    memcpy(reading->text + reading->size, text, n);
    reading->size += n;
    return TRUE;
}

/* An address may end here, if it has all its groups. */
static void push_end(Reading *reading, const char *behind, guint groups)
{
    if (reading->gap || groups == GROUPS)
        reading->ends[reading->n_ends++]
            = (End){ behind, (guint8)reading->size, reading->loose };
}

static const char *skip_hex(const char *at)
{
    while (g_ascii_isxdigit(*at))
        at++;
    return at;
}

/* Is c, beside a run of hexadecimal digits, part of a word? */
static gboolean is_letter(char c)
{
    return g_ascii_isalpha(c) || (guchar)c >= 0x80;
}

/* The quad at the end of "::ffff:192.0.2.1"; digits are its first group, pushed already. */
static void read_tail(Reading *reading, const char *at)
{
    const char *behind = at;

    for (int dots = 0; dots < 3; dots++) {
        if (*behind != '.' || !g_ascii_isdigit(behind[1]))
            return;
        for (behind++; g_ascii_isdigit(*behind) && behind - at < ADDRESS_TEXT_SIZE;)
            behind++;
    }
    if (push(reading, at, (gsize)(behind - at)))
        push_end(reading, behind, reading->groups + 1);
}

/* Reads a group; FALSE when the address can't go on behind it.  Letters glued to
 * it may be no part of it ("2001:db8::1bis"), nor may what exceeds four digits. */
static gboolean read_group(Reading *reading, const char **at)
{
    const char *first = *at, *behind = skip_hex(first);

    while (behind - first > 4 && *first == '0')
        first++;
    gboolean whole = behind - first <= 4;
    gboolean cut = !whole || is_letter(*behind);
    reading->groups++;
    for (const char *p = first; p < MIN(first + 4, behind); p++) {
        if (!push(reading, p, 1))
            return FALSE;
        if (cut || p + 1 == behind)
            push_end(reading, p + 1, reading->groups);
    }
    *at = behind;
    if (whole)
        read_tail(reading, behind);
    return whole && reading->size < sizeof reading->text;
}

/* How many colons stand here, 3 at most, and is there junk before or among them? */
static guint count_colons(const char *at, char colon, gboolean *junk_r, const char **behind_r)
{
    guint n = 0;

    *junk_r = FALSE;
    for (*behind_r = at; n < 3; n++) {
        at = colon == ':' ? skip_junk(*behind_r) : *behind_r;
        if (*at != colon)
            break;
        *junk_r |= at > *behind_r;
        *behind_r = at + 1;
    }
    return n;
}

/* Reads the colons between two groups, or the dashes where the first separator was
 * one ("2001-db8--1"); FALSE when no group follows. */
static gboolean read_colons(Reading *reading, const char **at, char *colon)
{
    gboolean junk;
    const char *behind;

    if (*colon == '\0')
        *colon = **at == '-' ? '-' : ':';
    guint n = count_colons(*at, *colon, &junk, &behind);
    if (n == 0 || (n > 1 && reading->gap) || !push(reading, "::", MIN(n, 2)))
        return FALSE;
    reading->loose |= junk;
    reading->gap |= n > 1;
    if (n > 1)
        push_end(reading, n == 3 ? behind - 1 : behind, reading->groups);
    *at = *colon == ':' ? skip_junk(behind) : behind;
    reading->loose |= *at > behind;
    return n <= 2 && g_ascii_isxdigit(**at);
}

/* Every end that an address beginning at `at` could have, the shortest first. */
static void read_ipv6(Reading *reading, const char *at)
{
    char colon = '\0';

    reading->size = reading->groups = reading->n_ends = 0;
    reading->gap = reading->loose = FALSE;
    if (*at == ':' && !read_colons(reading, &at, &colon))
        return;
    while (reading->groups < GROUPS && read_group(reading, &at)
           && read_colons(reading, &at, &colon))
        ;
}

/* Whose address begins here?  The longest decides, but his own followed by a colon
 * and a blank is not lengthened by what stands behind these. */
static Named whose(const Reading *reading, const GuardNames *names, const char **behind_r)
{
    Named named = NAMED_NOBODY;

    for (guint i = reading->n_ends; i-- > 0;) {
        const End *end = &reading->ends[i];
        Address address;
        if (!address_parse(reading->text, end->size, &address))
            continue;
        Named this = names->address(&address, names->data);
        *behind_r = end->behind;
        if (this == NAMED_OWN && (named == NAMED_NOBODY || !end->loose))
            return NAMED_OWN;
        if (this == NAMED_FOREIGN && !end->loose)
            return NAMED_FOREIGN;
        if (this == NAMED_FOREIGN)
            named = NAMED_FOREIGN;
    }
    return named;
}

/* May an address begin at `at`, in the run of hexadecimal digits from word to end? */
static gboolean may_begin(const char *word, const char *at, const char *end, gboolean glued)
{
    return end - at <= 4 && (at == word || glued || end - word > 4);
}

/* Does a separator stand behind the run of hexadecimal digits that ends here?  Without one
 * no address begins in the run: read_colons() would end it before its second group. */
static gboolean goes_on(const char *end)
{
    return *end == '-' || *skip_junk(end) == ':';
}

static gboolean foreign_ipv6(GString *plain, const GuardNames *names)
{
    const char *at = plain->str, *word = at, *end = skip_hex(at);
    gboolean first = end > at && goes_on(end);

    for (; *at != '\0'; at++) {
        if (at >= end && *at != ':' && !g_ascii_isxdigit(*at))
            continue;
        if (at >= end) {
            word = at;
            end = skip_hex(at);
            first = end > at && goes_on(end);
        }
        if (at < end && !first) {
            at = end - 1;
            continue;
        }
        gboolean glued = word > plain->str && is_letter(word[-1]);
        gboolean begins = at < end ? may_begin(word, at, end, glued)
                                   : at[0] == ':' && at[1] == ':' && at[2] != ':';
        if (!begins)
            continue;
        Reading reading;
        const char *behind;
        read_ipv6(&reading, at);
        Named named = whose(&reading, names, &behind);
        if (named == NAMED_FOREIGN)
            return TRUE;
        if (named == NAMED_OWN) {
            blank_out(plain, at, behind);
            at = word = behind - 1;
            end = behind;
        }
    }
    return FALSE;
}

/* ---- Reversed names ---- */

/* Reads the label before `at` and the dot behind it, backwards: the place where the
 * label begins, or NULL. */
static const char *label_before(const char *begin, const char *at, gboolean hex, guint *value_r)
{
    const char *end = back_over_junk(begin, at);
    if (end == begin || *--end != '.')
        return NULL;
    end = back_over_junk(begin, end);
    const char *label = end;
    if (hex) {
        if (label == begin || !g_ascii_isxdigit(*--label))
            return NULL;
        *value_r = (guint)g_ascii_xdigit_value(*label);
        return label;
    }
    while (label > begin && g_ascii_isdigit(label[-1]))
        label--;
    *value_r = 0;
    for (const char *p = label; p < end && *value_r < MANY; p++)
        *value_r = *value_r * 10 + (guint)(*p - '0');
    return label < end && *value_r <= 255 ? label : NULL;
}

static void set_ipv4(Address *address, const guint quad[4])
{
    memset(address, 0, sizeof *address);
    address->bytes[10] = address->bytes[11] = 0xff;
    for (int i = 0; i < 4; i++)
        address->bytes[12 + i] = (guint8)quad[i];
}

/* The address whose name ends before the zone at `at`, first label last. */
static const char *read_reversed(const char *begin, const char *at, gboolean ipv6,
                                 Address *address_r)
{
    guint value, quad[4];

    memset(address_r, 0, sizeof *address_r);
    for (guint i = 0; i < (ipv6 ? NIBBLES : 4); i++) {
        at = label_before(begin, at, ipv6, &value);
        if (at == NULL)
            return NULL;
        if (ipv6)
            address_r->bytes[i / 2] |= (guint8)(i % 2 == 0 ? value << 4 : value);
        else
            quad[i] = value;
    }
    if (!ipv6)
        set_ipv4(address_r, quad);
    return at;
}

static gboolean foreign_reversed(GString *plain, const GuardNames *names, const char *zone,
                                 gboolean ipv6)
{
    for (const char *at = plain->str; (at = strstr(at, zone)) != NULL; at += strlen(zone)) {
        Address address;
        const char *from = read_reversed(plain->str, at, ipv6, &address);
        Named named = from != NULL ? names->address(&address, names->data) : NAMED_NOBODY;
        if (named == NAMED_FOREIGN)
            return TRUE;
        if (named == NAMED_OWN)
            blank_out(plain, from, at);
    }
    return FALSE;
}

/* ---- IPv4 ---- */

typedef enum { APART, DOT, DASH, LOOSE_DOT } Separator;

/* What stands between the decimal group that ends at `at` and the next one. */
static Separator read_separator(const char *at, const char **behind_r)
{
    const char *dot = skip_junk(at), *behind;

    *behind_r = at + 1;
    if ((*at == '.' || *at == '-') && g_ascii_isdigit(at[1]))
        return *at == '.' ? DOT : DASH;
    if (*dot != '.')
        return APART;
    behind = skip_junk(dot + 1);
    if (!g_ascii_isdigit(*behind))
        return APART;
    *behind_r = behind;
    return LOOSE_DOT;
}

/* The last four groups, and what stands before each and behind the last. */
typedef struct {
    guint quad[4];
    Separator around[5];
    guint n;
} Quad;

static void add_group(Quad *quad, guint value, Separator behind)
{
    memmove(quad->quad, quad->quad + 1, sizeof quad->quad - sizeof *quad->quad);
    memmove(quad->around, quad->around + 1, sizeof quad->around - sizeof *quad->around);
    quad->quad[3] = value;
    quad->around[4] = behind;
    quad->n++;
}

/* Would a reader take these four groups for one address?  Not when they hang together
 * more loosely than the outer ones with what is next to them: in a list "1. 192.0.2.1",
 * in a range "192.0.2.1-192.0.2.9". */
static gboolean is_quad(const Quad *quad)
{
    const Separator *s = quad->around;
    gboolean mixed = s[1] != s[2] || s[2] != s[3];
    gboolean goes_on = s[0] == DOT || s[0] == DASH || s[4] == DOT || s[4] == DASH;

    for (int i = 0; i < 4; i++)
        if (quad->quad[i] > 255)
            return FALSE;
    return quad->n >= 4 && !(mixed && goes_on);
}

static gboolean foreign_ipv4(const GString *plain, const GuardNames *names)
{
    Quad quad = { .n = 0 };

    for (const char *at = plain->str; *at != '\0';) {
        if (!g_ascii_isdigit(*at)) {
            at++;
            continue;
        }
        guint value = 0;
        for (; g_ascii_isdigit(*at); at++)
            value = MIN(value * 10 + (guint)(*at - '0'), MANY);
        Separator behind = read_separator(at, &at);
        add_group(&quad, value, behind);
        Address address;
        if (is_quad(&quad)) {
            set_ipv4(&address, quad.quad);
            if (names->address(&address, names->data) == NAMED_FOREIGN)
                return TRUE;
        }
        if (behind == APART) {
            at--;
            quad = (Quad){ .n = 0 };
        }
    }
    return FALSE;
}

gboolean guard_names_foreign_address(GString *plain, const GuardNames *names)
{
    /* Names and IPv6 first: they blank out what is not to be read as IPv4. */
    return foreign_reversed(plain, names, "ip6.arpa", TRUE)
        || foreign_reversed(plain, names, "in-addr.arpa", FALSE) || foreign_ipv6(plain, names)
        || foreign_ipv4(plain, names);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Properties of customers: random files and random keys against a reference that
 * looks at every line and at every instant at which an answer could change.  The
 * seed is fixed and printed. */
#include "customers-fixture.h"
#include "fixture.h"
#include "timestamp.h"

#include <stdlib.h>
#include <string.h>

#define SEED         20250212
#define RANDOM_FILES 400
#define RANDOM_KEYS  150
#define DAYS         8          /* the files' times are midnights of these days */
#define BASE_TIME    1735689600 /* 2025-01-01 */
#define DAY_SECS     86400

typedef struct {
    Network network;
    char *domain; /* or NULL */
    guint customer;
    gint64 from, until;
} Line;

static void clear_line(gpointer data)
{
    g_free(((Line *)data)->domain);
}

static Address random_address(GRand *rand, gboolean ipv4, guint32 low)
{
    Address address;
    char text[ADDRESS_TEXT_SIZE];

    /* Few addresses, many at the edges of the space. */
    if (ipv4 && g_rand_int_range(rand, 0, 20) == 0)
        g_snprintf(text, sizeof text, low & 1 ? "255.255.255.%u" : "0.0.0.%u",
                   low & 1 ? 255 - low : low);
    else if (ipv4)
        g_snprintf(text, sizeof text, "192.0.2.%u", low);
    else if (g_rand_int_range(rand, 0, 20) == 0)
        g_snprintf(text, sizeof text, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:%x", 0xffff - low);
    else /* over the border between the two halves of the number */
        g_snprintf(text, sizeof text,
                   low < 32 ? "2001:db8::%x:ffff:ffff:ffff:ffff" : "2001:db8:0:%x::", low % 32);
    g_assert_true(address_parse(text, strlen(text), &address));
    return address;
}

static char *random_domain(GRand *rand)
{
    static const char *const labels[] = { "a.", "b.", "" };
    return g_strdup_printf("%s%sexample.%s", labels[g_rand_int_range(rand, 0, 3)],
                           labels[g_rand_int_range(rand, 0, 3)],
                           g_rand_boolean(rand) ? "org" : "net");
}

static Line random_line(GRand *rand)
{
    Line line = { .customer = (guint)g_rand_int_range(rand, 0, 3),
                  .from = TIMESTAMP_MIN,
                  .until = TIMESTAMP_MAX };
    gboolean ipv4 = g_rand_boolean(rand);

    if (g_rand_int_range(rand, 0, 5) == 0) {
        line.domain = random_domain(rand);
    } else {
        line.network.first = random_address(rand, ipv4, (guint32)g_rand_int_range(rand, 0, 40));
        line.network.last = random_address(rand, ipv4, (guint32)g_rand_int_range(rand, 0, 40));
        if (address_compare(&line.network.first, &line.network.last) > 0) {
            Address swap = line.network.first;
            line.network.first = line.network.last;
            line.network.last = swap;
        }
    }
    int from = g_rand_int_range(rand, 0, DAYS), until = g_rand_int_range(rand, from + 1, DAYS + 2);
    if (g_rand_int_range(rand, 0, 3) == 0)
        line.from = BASE_TIME + from * DAY_SECS;
    if (g_rand_int_range(rand, 0, 3) == 0)
        line.until = BASE_TIME + until * DAY_SECS;
    return line;
}

static gboolean same_place(const Line *a, const Line *b)
{
    if (a->domain != NULL || b->domain != NULL)
        return g_strcmp0(a->domain, b->domain) == 0;
    return address_equal(&a->network.first, &b->network.first) &&
           address_equal(&a->network.last, &b->network.last);
}

static gboolean conflicts(const Line *a, const Line *b)
{
    return same_place(a, b) && a->customer != b->customer && a->from < b->until &&
           b->from < a->until;
}

static void write_time(GString *text, gint64 time)
{
    char written[TIMESTAMP_TEXT_SIZE];
    g_string_append_c(text, ',');
    if (time != TIMESTAMP_MIN && time != TIMESTAMP_MAX)
        g_string_append(text, timestamp_format(time, written));
}

static char *write_lines(const GArray *lines)
{
    GString *text = g_string_new("network,customer,email,valid_from,valid_until\n");

    for (guint i = 0; i < lines->len; i++) {
        const Line *line = &g_array_index(lines, Line, i);
        g_autofree char *network =
            line->domain != NULL ? g_strdup(line->domain) : network_format(&line->network);
        g_string_append_printf(text, "%s,%u,%u@example.org", network, line->customer,
                               line->customer);
        write_time(text, line->from);
        write_time(text, line->until);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

/* How many addresses less one, as text that sorts like the number; byte by byte
 * on purpose, other than in the code under test. */
static void size_of(const Network *network, guint8 size_r[16])
{
    int borrow = 0;

    for (int i = 15; i >= 0; i--) {
        int difference = network->last.bytes[i] - network->first.bytes[i] - borrow;
        borrow = difference < 0;
        size_r[i] = (guint8)(difference + (borrow ? 256 : 0));
    }
}

/* Negative: a is more specific than b; both match the key. */
static int compare_specific(const Line *a, const Line *b)
{
    guint8 one[16], other[16];

    if (a->domain != NULL)
        return (int)strlen(b->domain) - (int)strlen(a->domain);
    size_of(&a->network, one);
    size_of(&b->network, other);
    return memcmp(one, other, sizeof one);
}

static gboolean matches(const Line *line, const CustomerKey *key)
{
    if (key->account == NULL)
        return line->domain == NULL && network_contains(&line->network, key->address);
    if (line->domain == NULL)
        return FALSE;
    g_autofree char *dotted = g_strconcat(".", strrchr(key->account, '@') + 1, NULL);
    g_autofree char *suffix = g_strconcat(".", line->domain, NULL);
    return g_str_has_suffix(dotted, suffix);
}

/* The customer at this instant; -1 nobody, -2 several. */
static int reference_at(const GArray *lines, const CustomerKey *key, gint64 time)
{
    const Line *best = NULL;
    gboolean several = FALSE;

    for (guint i = 0; i < lines->len; i++) {
        const Line *line = &g_array_index(lines, Line, i);
        if (!matches(line, key) || time < line->from ||
            (time >= line->until && line->until != TIMESTAMP_MAX))
            continue;
        int order = best != NULL ? compare_specific(line, best) : -1;
        if (order < 0) {
            best = line;
            several = FALSE;
        } else if (order == 0 && line->customer != best->customer) {
            several = TRUE;
        }
    }
    return best == NULL ? -1 : several ? -2 : (int)best->customer;
}

/* Every midnight at which an answer could change, and the ends of the span. */
static int reference(const GArray *lines, const CustomerKey *key)
{
    int answer = reference_at(lines, key, key->earliest);

    for (int day = -1; day < DAYS + 4; day++) {
        gint64 time = BASE_TIME + day * DAY_SECS;
        if (time > key->earliest && time <= key->latest && reference_at(lines, key, time) != answer)
            return -2;
    }
    return reference_at(lines, key, key->latest) != answer ? -2 : answer;
}

static void random_span(GRand *rand, CustomerKey *key)
{
    gint64 time =
        BASE_TIME + g_rand_int_range(rand, -1, DAYS + 2) * DAY_SECS + g_rand_int_range(rand, -1, 2);

    key->earliest = key->latest = time;
    switch (g_rand_int_range(rand, 0, 4)) {
    case 0:
        key->earliest = TIMESTAMP_MIN;
        key->latest = TIMESTAMP_MAX;
        break;
    case 1:
        key->earliest -= CUSTOMERS_ZONE_SECS;
        key->latest += CUSTOMERS_ZONE_SECS;
        break;
    case 2:
        key->latest += g_rand_int_range(rand, 0, 4) * DAY_SECS;
        break;
    default:
        break;
    }
}

/* Ask the same keys in one call and line by line. */
static void compare_keys(GRand *rand, const Customers *customers, const GArray *lines, guint file,
                         guint *kinds)
{
    Address addresses[RANDOM_KEYS];
    char *accounts[RANDOM_KEYS];
    CustomerKey keys[RANDOM_KEYS] = { { 0 } };
    CustomerAnswer answers[RANDOM_KEYS];

    for (guint i = 0; i < RANDOM_KEYS; i++) {
        g_autofree char *domain = random_domain(rand);
        addresses[i] =
            random_address(rand, g_rand_boolean(rand), (guint32)g_rand_int_range(rand, 0, 44));
        accounts[i] = g_strconcat("x@", domain, NULL);
        keys[i].address = &addresses[i];
        if (g_rand_int_range(rand, 0, 4) == 0)
            keys[i].account = accounts[i];
        random_span(rand, &keys[i]);
    }
    g_assert_true(customers_lookup(customers, keys, RANDOM_KEYS, answers, NULL));
    for (guint i = 0; i < RANDOM_KEYS; i++) {
        int want = reference(lines, &keys[i]), got = answers[i].kind == ANSWER_NONE ? -1 : -2;
        if (answers[i].kind == ANSWER_CUSTOMER) {
            Customer customer;
            customers_get(customers, answers[i].customer, &customer);
            const Line *line = &g_array_index(lines, Line, answers[i].line - 2);
            got = atoi(customer.id);
            if (!matches(line, &keys[i]) || (int)line->customer != got)
                g_error("seed %d, file %u, key %u: line %u did not decide", SEED, file, i,
                        answers[i].line);
        }
        if (got != want)
            g_error("seed %d, file %u, key %u: %d, wanted %d", SEED, file, i, got, want);
        kinds[answers[i].kind]++;
        g_free(accounts[i]);
    }
}

static void test_random(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
    guint kinds[ANSWER_AMBIGUOUS + 1] = { 0 };

    g_test_message("seed %d", SEED);
    for (guint file = 0; file < RANDOM_FILES; file++) {
        g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(Line));
        g_array_set_clear_func(lines, clear_line);
        guint wanted = (guint)g_rand_int_range(rand, 1, 60);
        while (lines->len < wanted) {
            Line line = random_line(rand);
            gboolean refused = FALSE;
            for (guint i = 0; i < lines->len; i++)
                refused = refused || conflicts(&g_array_index(lines, Line, i), &line);
            if (refused)
                clear_line(&line);
            else
                g_array_append_val(lines, line);
        }
        g_autofree char *text = write_lines(lines);
        g_autoptr(Faults) faults = faults_new();
        g_autoptr(Customers) customers = customers_made(text, strlen(text), faults);
        g_assert_nonnull(customers);
        compare_keys(rand, customers, lines, file, kinds);
    }
    g_test_message("nobody %u, one customer %u, ambiguous %u", kinds[ANSWER_NONE],
                   kinds[ANSWER_CUSTOMER], kinds[ANSWER_AMBIGUOUS]);
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        g_assert_cmpuint(kinds[i], >, RANDOM_FILES * RANDOM_KEYS / 20);
}

/* Files with and without a pair that conflicts: a fault exactly where there is one. */
static void test_random_conflicts(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
    guint faulty = 0;

    g_test_message("seed %d", SEED);
    for (guint file = 0; file < 1000; file++) {
        g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(Line));
        g_array_set_clear_func(lines, clear_line);
        gboolean want = FALSE;
        guint n = (guint)g_rand_int_range(rand, 2, 9);
        for (guint i = 0; i < n; i++) {
            Line line = random_line(rand);
            g_clear_pointer(&line.domain, g_free);
            if (i % 2 == 0)
                line.domain = g_strdup("example.org");
            else
                g_assert_true(network_parse("192.0.2.7", &line.network, NULL));
            for (guint j = 0; j < i; j++)
                want = want || conflicts(&g_array_index(lines, Line, j), &line);
            g_array_append_val(lines, line);
        }
        g_autofree char *text = write_lines(lines);
        g_autoptr(Faults) faults = faults_new();
        g_autoptr(Customers) customers = customers_made(text, strlen(text), faults);
        if (want != (customers == NULL))
            g_error("seed %d, file %u: %u faults", SEED, file, faults_count(faults));
        faulty += want ? 1 : 0;
    }
    g_test_message("%u of 1000 with a conflict", faulty);
    g_assert_cmpuint(faulty, >, 100);
    g_assert_cmpuint(faulty, <, 900);
}

static void add(void)
{
    g_test_add_func("/customers/random", test_random);
    g_test_add_func("/customers/random-conflicts", test_random_conflicts);
}

int main(int argc, char **argv)
{
    return fixture_run_apart(argc, argv, add);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Laws 1 and 2 over random reports and random customer files: every row is
 * accounted for, and none reaches another customer than a plain reading of the
 * customer file says.  10,000 worlds unless CERTBUND_PROPERTY_RUNS says
 * otherwise; the seed is printed (--seed repeats a run). */
#include "notices.h"

#include "fixture.h"
#include "mail-maker.h"

#include <stdlib.h>
#include <string.h>

#define NETWORK 198 /* all addresses lie in 198.18.0.0/15 (RFC 2544): benchmark networks */
#define TIME_BASE 1739232000 /* 2025-02-11 00:00:00 UTC */

/* One line of the customer file, as the reference reads it. */
typedef struct {
    guint32 first, last;
    guint customer;
    gint64 from, until;
} Line;

/* One row of the report, and who must get it; -1: nobody. */
typedef struct {
    guint32 address;
    gint64 when;
    char *banner;
    gboolean unreadable;
    int customer;
} Row;

typedef struct {
    GArray *lines, *rows;
    guint n_customers;
    Deliver *delivers;
    gboolean *seen; /* by row: stood in a notice */
    guint n_held; /* notices that wait */
} World;

static const char *const deliver_names[] = { "notify", "hold", "none", "pool" };

static guint32 random_address(void)
{
    /* Few distinct ones, so that rows and networks meet. */
    return ((guint32)NETWORK << 24) | (18u << 16) | (guint32)g_test_rand_int_range(0, 64);
}

static char *address_text(guint32 a)
{
    return g_strdup_printf("%u.%u.%u.%u", a >> 24, (a >> 16) & 255, (a >> 8) & 255, a & 255);
}

static gboolean collides(const World *world, const Line *line)
{
    for (guint i = 0; i < world->lines->len; i++) {
        const Line *other = &g_array_index(world->lines, Line, i);
        gboolean same_size = other->last - other->first == line->last - line->first;
        if (same_size && other->first <= line->last && line->first <= other->last
            && other->from < line->until && line->from < other->until)
            return TRUE;
    }
    return FALSE;
}

/* The most specific line that is valid then, by looking at all of them. */
static int owner_of(const World *world, guint32 address, gint64 when)
{
    const Line *best = NULL;
    for (guint i = 0; i < world->lines->len; i++) {
        const Line *line = &g_array_index(world->lines, Line, i);
        if (address >= line->first && address <= line->last && when >= line->from
            && when < line->until
            && (best == NULL || line->last - line->first < best->last - best->first))
            best = line;
    }
    return best != NULL ? (int)best->customer : -1;
}

static void make_lines(World *world)
{
    for (int n = g_test_rand_int_range(0, 20); n > 0; n--) {
        guint32 size = 1u << g_test_rand_int_range(0, 6);
        Line line = { .from = G_MININT64, .until = G_MAXINT64 };
        line.first = random_address() & ~(size - 1);
        line.last = line.first + size - 1;
        line.customer = (guint)g_test_rand_int_range(0, (int)world->n_customers);
        if (g_test_rand_int_range(0, 4) == 0) {
            line.from = TIME_BASE + g_test_rand_int_range(-5, 5) * 3600;
            line.until = line.from + g_test_rand_int_range(1, 9) * 3600;
        }
        if (!collides(world, &line))
            g_array_append_val(world->lines, line);
    }
}

static void append_time(GString *csv, gint64 when)
{
    if (when != G_MININT64 && when != G_MAXINT64) {
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(when);
        g_autofree char *text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
        g_string_append(csv, text);
    }
}

static void write_customers(const World *world, const char *directory)
{
    g_autoptr(GString) csv
        = g_string_new("network,customer,email,language,deliver,valid_from,valid_until\n");
    static const char *const languages[] = { "", "de", "en", "de en" };
    for (guint i = 0; i < world->lines->len; i++) {
        const Line *line = &g_array_index(world->lines, Line, i);
        g_autofree char *first = address_text(line->first), *last = address_text(line->last);
        g_string_append_printf(csv, "%s-%s,k%u,k%u@example.net,%s,%s,", first, last,
                               line->customer, line->customer, languages[line->customer % 4],
                               deliver_names[world->delivers[line->customer]]);
        append_time(csv, line->from);
        g_string_append_c(csv, ',');
        append_time(csv, line->until);
        g_string_append_c(csv, '\n');
    }
    fixture_write(directory, "customers.csv", csv->str);
}

/* Hostile, but never one of the report's addresses. */
static char *random_banner(void)
{
    static const char *const pieces[] = { "login:", "\"", ",", "\n", "ä", "203.0.113.9", "=", "\n\n",
                                          "a@b.example", " ", "<b>", "Mit freundlichen", ";", "'" };
    g_autoptr(GString) text = g_string_new(NULL);
    for (int n = g_test_rand_int_range(0, 6); n > 0; n--)
        g_string_append(text, pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void make_rows(World *world)
{
    int n = g_test_rand_int_range(1, 60);
    for (int i = 0; i < n; i++) {
        Row row = { .address = random_address(), .banner = random_banner() };
        row.when = TIME_BASE + g_test_rand_int_range(-12, 12) * 1800;
        /* At most one of 30 or more rows: fewer would be drift. */
        row.unreadable = i == 29;
        row.customer = row.unreadable ? -1 : owner_of(world, row.address, row.when);
        g_array_append_val(world->rows, row);
    }
}

static GBytes *make_mail(const World *world)
{
    static const char *const columns[] = { "asn", "ip", "timestamp", "port", "banner", NULL };
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (guint i = 0; i < world->rows->len; i++) {
        const Row *row = &g_array_index(world->rows, Row, i);
        g_autofree char *address
            = row->unreadable ? g_strdup("192.0.2.300") : address_text(row->address);
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(row->when);
        g_autofree char *when = g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
        /* The port is the row's number: by it a row in a notice is known again. */
        g_autofree char *number = g_strdup_printf("%u", i);
        g_ptr_array_add(rows, mail_row("64496", address, when, number, row->banner, NULL));
    }
    const MailOptions options = {
        .ticket = "CB-Report#20250212-10000001", .scope = "AS64496", .columns = columns,
        .title = g_test_rand_bit() ? "Offene Telnet-Server" : "Offene Portmapper-Dienste",
        .rows = rows, .crlf = g_test_rand_bit(), .bilingual = g_test_rand_bit(),
        .encoding = (MailEncoding)g_test_rand_int_range(0, 2),
        .place = (MailPlace)g_test_rand_int_range(0, 4),
    };
    return mail_make(&options);
}

/* The notice's rows, read as a customer's script would: the CSV file, else the CSV at the
 * text's end. */
static Table *table_of(GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    gsize length;
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    gboolean attached = message_n_parts(message) == 2;
    g_autofree char *text = message_part_text(message, attached ? 1 : 0, &length, &error);
    const char *start = attached ? text - 1 : strstr(text, "\n\"asn\",\"ip\"");
    g_assert_nonnull(start);
    Table *table = table_read(start + 1, strlen(start + 1), ',', &error);
    g_assert_no_error(error);
    return table;
}

static gboolean check_notice(const Notice *notice, gpointer data, GError **error G_GNUC_UNUSED)
{
    World *world = data;
    int customer = atoi(notice->customer.id + 1);
    g_autofree char *want_to = g_strdup_printf("k%d@example.net", customer);
    g_autoptr(Table) table = table_of(notice->bytes);
    guint port = (guint)table_find_column(table, "port");
    guint ip = (guint)table_find_column(table, "ip");
    guint banner = (guint)table_find_column(table, "banner");

    g_assert_cmpstr(notice->recipients[0], ==, want_to);
    g_assert_null(notice->recipients[1]);
    g_assert_cmpuint(table_n_rows(table), >, 0);
    for (guint i = 0; i < table_n_rows(table); i++) {
        guint number = (guint)atoi(table_cell(table, i, port));
        const Row *row = &g_array_index(world->rows, Row, number);
        g_autofree char *address = address_text(row->address);
        g_assert_cmpint(row->customer, ==, customer); /* law 2 */
        g_assert_cmpstr(table_cell(table, i, ip), ==, address);
        g_assert_cmpstr(table_cell(table, i, banner), ==, row->banner);
        g_assert_false(world->seen[number]);
        world->seen[number] = TRUE;
    }
    /* Nothing of a customer with deliver=hold may go. */
    g_assert_true((notice->held != NULL) == (world->delivers[customer] == DELIVER_HOLD));
    world->n_held += notice->held != NULL;
    return TRUE;
}

/* Law 1, against the reference: each row has the fate that its owner has. */
static void check_fates(const World *world, const Assignment *assignment)
{
    static const Fate fates[] = { [DELIVER_NOTIFY] = FATE_NOTIFIED, [DELIVER_HOLD] = FATE_HELD,
                                  [DELIVER_NONE] = FATE_EXEMPT, [DELIVER_POOL] = FATE_UNASSIGNED };
    guint sum = 0;

    for (guint i = 0; i < world->rows->len; i++) {
        const Row *row = &g_array_index(world->rows, Row, i);
        Fate want = row->unreadable ? FATE_UNREADABLE
            : row->customer < 0     ? FATE_UNASSIGNED
                                    : fates[world->delivers[row->customer]];
        g_assert_cmpstr(fate_name(assignment->fates[i].fate), ==, fate_name(want));
        g_assert_true(world->seen[i] == (want == FATE_NOTIFIED || want == FATE_HELD));
    }
    for (Fate fate = 0; fate < FATE_N; fate++)
        sum += assignment->counts[fate];
    g_assert_cmpuint(sum, ==, world->rows->len);
}

static void clear_row(gpointer data)
{
    g_free(((Row *)data)->banner);
}

static World *world_new(void)
{
    World *world = g_new0(World, 1);
    world->n_customers = (guint)g_test_rand_int_range(1, 8);
    world->delivers = g_new(Deliver, world->n_customers);
    for (guint i = 0; i < world->n_customers; i++)
        world->delivers[i] = (Deliver)(g_test_rand_bit() ? 0 : g_test_rand_int_range(0, 4));
    world->lines = g_array_new(FALSE, FALSE, sizeof(Line));
    world->rows = g_array_new(FALSE, FALSE, sizeof(Row));
    g_array_set_clear_func(world->rows, clear_row);
    make_lines(world);
    make_rows(world);
    world->seen = g_new0(gboolean, world->rows->len);
    return world;
}

static void world_free(World *world)
{
    g_array_unref(world->lines);
    g_array_unref(world->rows);
    g_free(world->delivers);
    g_free(world->seen);
    g_free(world);
}

/* The base's config and templates with this world's customers. */
static Snapshot *snapshot_of(const Snapshot *base, const char *directory)
{
    g_autoptr(Faults) faults = faults_new();
    Snapshot *snapshot = g_atomic_rc_box_new0(Snapshot);
    snapshot->config = config_ref(base->config);
    snapshot->templates = templates_ref(base->templates);
    snapshot->customers = customers_load(base->config->customers_path, faults);
    for (guint i = 0; i < faults_count(faults); i++)
        if (!faults_is_warning(faults, i))
            g_error("%s: %s", directory, faults_text(faults, i));
    return snapshot;
}

static void run_world(const Snapshot *base, const char *directory, const Secret *secret)
{
    World *world = world_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    write_customers(world, directory);
    g_autoptr(Snapshot) snapshot = snapshot_of(base, directory);
    g_autoptr(GBytes) bytes = make_mail(world);
    g_autoptr(Decision) decision
        = decide(snapshot, bytes, &fixture_client, 1739354227, VOUCHED_BY_NOBODY, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(decision->report->doubt, ==, NULL);
    g_assert_cmpuint(decision->report->n_events, ==, world->rows->len);
    const NoticeOrder order = { .secret = secret, .now = 1739354227, .sink = check_notice,
                                .data = world, .problems = problems };
    g_assert_true(notices_make(decision, &order, &error));
    g_assert_cmpuint(problems->len, ==, world->n_held);
    check_fates(world, decision->assignment);
    world_free(world);
}

static void test_worlds(void)
{
    const char *wanted = g_getenv("CERTBUND_PROPERTY_RUNS");
    guint runs = wanted != NULL ? (guint)atoi(wanted) : 10000;
    char *directory = fixture_directory();
    g_autoptr(Snapshot) base = fixture_snapshot(directory, "", "network,customer,email\n");
    g_autoptr(Secret) secret = secret_dummy();

    for (guint i = 0; i < runs; i++)
        run_world(base, directory, secret);
    g_test_message("%u random reports with random customer files", runs);
    fixture_remove(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/property/conservation-and-separation", test_worlds);
    return g_test_run();
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The queue of drafts by itself: its limits, and its order. */
#include "notices-parts.h"

/* Stands in for notices-write.c: a draft is written when its subject is there. */
struct Writer {
    int unused;
};

static gint written; /* atomic */

Writer *writer_new(const Task *task G_GNUC_UNUSED)
{
    return g_new0(Writer, 1);
}

void writer_free(Writer *writer)
{
    g_free(writer);
}

void writer_write(Writer *writer G_GNUC_UNUSED, Draft *draft)
{
    g_assert_null(draft->notice.subject);
    draft->notice.subject = g_strdup("written");
    g_atomic_int_inc(&written);
}

static gint freed;

void draft_free(Draft *draft)
{
    freed++;
    g_free(draft->notice.subject);
    g_free(draft);
}

static Draft *draft_of(guint number, guint rows)
{
    Draft *draft = g_new0(Draft, 1);
    draft->notice.group_index = number;
    draft->notice.n_events = rows;
    return draft;
}

static void take(Ahead *ahead, guint number)
{
    g_autoptr(Draft) draft = ahead_take(ahead);
    g_assert_nonnull(draft);
    g_assert_cmpuint(draft->notice.group_index, ==, number);
    g_assert_cmpstr(draft->notice.subject, ==, "written");
}

/* Limits by count and by rows; full is said at the limit, not below. */
static void test_limits(void)
{
    static const struct {
        guint rows, full_at;
    } cases[] = {
        { 1, NOTICES_AHEAD },
        { NOTICES_AHEAD_ROWS / NOTICES_AHEAD, NOTICES_AHEAD },
        { NOTICES_AHEAD_ROWS / 10, 10 },
        { NOTICES_AHEAD_ROWS / 2 + 1, 2 },
        { NOTICES_AHEAD_ROWS - 1, 2 },
        { NOTICES_AHEAD_ROWS, 1 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Ahead) ahead = ahead_new(NULL, 1);
        guint n = 1;
        while (!ahead_put(ahead, draft_of(n, cases[i].rows)))
            n++;
        g_assert_cmpuint(n, ==, cases[i].full_at);
        g_assert_cmpuint(ahead_count(ahead), ==, n);
        take(ahead, 1); /* there is room again */
        gboolean full = ahead_put(ahead, draft_of(n + 1, 0));
        g_assert_cmpint(full, ==, n == NOTICES_AHEAD);
    }
}

static void test_order(void)
{
    for (guint threads = 0; threads <= NOTICES_THREADS_MAX; threads++) {
        g_autoptr(Ahead) ahead = ahead_new(NULL, threads);
        guint put = 0, taken = 0;
        g_atomic_int_set(&written, 0);
        while (put < 5000) {
            gboolean full = ahead_put(ahead, draft_of(put++, 1));
            g_assert_true(full || threads > 0); /* alone: each at once */
            while (full && ahead_count(ahead) > (guint)g_test_rand_int_range(0, NOTICES_AHEAD))
                take(ahead, taken++);
        }
        while (ahead_count(ahead) > 0)
            take(ahead, taken++);
        g_assert_null(ahead_take(ahead));
        g_assert_cmpuint(taken, ==, put);
        g_assert_cmpint(g_atomic_int_get(&written), ==, 5000);
    }
}

static void test_dropped(void)
{
    freed = 0;
    for (guint threads = 0; threads <= NOTICES_THREADS_MAX; threads++) {
        g_autoptr(Ahead) ahead = ahead_new(NULL, threads);
        for (guint i = 0; i < 10; i++)
            ahead_put(ahead, draft_of(i, 1));
    }
    g_assert_cmpint(freed, ==, 10 * (NOTICES_THREADS_MAX + 1));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notices-ahead/limits", test_limits);
    g_test_add_func("/notices-ahead/order", test_order);
    g_test_add_func("/notices-ahead/dropped", test_dropped);
    return g_test_run();
}

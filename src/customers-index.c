/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Makes a snapshot searchable.  A sweep over the networks' ends keeps the stack
 * of those that cover the current point, the least specific at the bottom, and
 * writes one segment wherever the stack changes.  The links of a stack that only
 * grows and shrinks at its top are written once; where ranges overlap partly,
 * those above the change are written anew.
 * Refused: a network that two customers have at the same time, too deep nesting. */
#include <string.h>

#include "customers-internal.h"
#include "timestamp.h"

typedef struct {
    Number at;
    guint32 entry;
} Point;

typedef struct {
    Number size; /* addresses less one */
    Number first;
    guint32 entry;
} Active;

typedef struct {
    Family *family;
    LoadFaults *faults;
    Active stack[CUSTOMERS_DEPTH_MAX];
    guint32 links[CUSTOMERS_DEPTH_MAX]; /* of stack[0..written) */
    guint depth, written;
    gboolean full;
} Sweep;

/* One line's claim to a network or domain, to be compared with the others'. */
typedef struct {
    Number last; /* all of a group have the same first */
    Validity validity;
    Owner owner;
} Claim;

static Number number_minus(Number a, Number b)
{
    return (Number){ a.high - b.high - (a.low < b.low), a.low - b.low };
}

static Number number_next(Number a)
{
    return (Number){ a.high + (a.low == G_MAXUINT64), a.low + 1 };
}

static gboolean is_last_of_all(const Family *family, Number a)
{
    return family->ipv4 ? a.low == G_MAXUINT32 : a.high == G_MAXUINT64 && a.low == G_MAXUINT64;
}

static int compare_points(gconstpointer a, gconstpointer b)
{
    return number_compare(((const Point *)a)->at, ((const Point *)b)->at);
}

/* Is a less specific than b?  Of equal ones the lower and the earlier line win, which
 * matters only for the line that an answer names. */
static gboolean below(const Active *a, const Active *b)
{
    int order = number_compare(a->size, b->size);

    if (order == 0)
        order = number_compare(a->first, b->first);
    return order != 0 ? order > 0 : a->entry > b->entry;
}

static void enter(Sweep *sweep, guint32 entry)
{
    Bounds bounds = family_bounds(sweep->family, entry);
    Active new_ = { number_minus(bounds.last, bounds.first), bounds.first, entry };
    guint place = sweep->depth;

    if (sweep->depth == CUSTOMERS_DEPTH_MAX) {
        load_fault(sweep->faults, g_array_index(sweep->family->owners, Owner, entry).line,
                   "%d other lines cover the first address of this network, fewer were expected",
                   CUSTOMERS_DEPTH_MAX);
        return;
    }
    while (place > 0 && below(&new_, &sweep->stack[place - 1]))
        place--;
    memmove(&sweep->stack[place + 1], &sweep->stack[place],
            (sweep->depth - place) * sizeof(Active));
    sweep->stack[place] = new_;
    sweep->depth++;
    sweep->written = MIN(sweep->written, place);
}

/* An entry that was refused for depth is not there. */
static void leave(Sweep *sweep, guint32 entry)
{
    guint behind = sweep->depth;

    while (behind > 0 && sweep->stack[behind - 1].entry != entry)
        behind--;
    if (behind == 0)
        return;
    memmove(&sweep->stack[behind - 1], &sweep->stack[behind],
            (sweep->depth - behind) * sizeof(Active));
    sweep->depth--;
    sweep->written = MIN(sweep->written, behind - 1);
}

/* Write the links that the stack lacks; its topmost one. */
static guint32 write_links(Sweep *sweep)
{
    GArray *links = sweep->family->links;

    for (guint i = sweep->written; i < sweep->depth; i++) {
        const Active *at = &sweep->stack[i];
        gboolean tied = i > 0 && number_compare(at->size, sweep->stack[i - 1].size) == 0;
        Link link = { at->entry | (tied ? LINK_TIED : 0), i > 0 ? sweep->links[i - 1] : LINK_END };
        if (links->len > CUSTOMERS_LINKS_MAX) {
            sweep->full = TRUE;
            load_fault(sweep->faults, g_array_index(sweep->family->owners, Owner, at->entry).line,
                       "too many ranges overlap each other partly, nested networks were expected");
            return LINK_END;
        }
        sweep->links[i] = links->len;
        g_array_append_val(links, link);
    }
    sweep->written = sweep->depth;
    return sweep->depth > 0 ? sweep->links[sweep->depth - 1] : LINK_END;
}

static void write_segment(Sweep *sweep, Number start)
{
    Family *family = sweep->family;
    guint32 head = write_links(sweep), narrow = (guint32)start.low;
    guint n = family->heads->len;

    if (n > 0 && g_array_index(family->heads, guint32, n - 1) == head)
        return;
    g_array_append_val(family->heads, head);
    if (family->ipv4)
        g_array_append_val(family->starts, narrow);
    else
        g_array_append_val(family->starts, start);
}

static void sweep_over(Sweep *sweep, const GArray *firsts, const GArray *lasts)
{
    guint i = 0, j = 0;

    while (j < lasts->len && !sweep->full && !sweep->faults->stop) {
        Number at = i < firsts->len ? g_array_index(firsts, Point, i).at : (Number){ 0, 0 };
        Number last = g_array_index(lasts, Point, j).at;
        if (i == firsts->len || number_compare(last, at) < 0) {
            for (; j < lasts->len && number_compare(g_array_index(lasts, Point, j).at, last) == 0;
                 j++)
                leave(sweep, g_array_index(lasts, Point, j).entry);
            if (is_last_of_all(sweep->family, last))
                break;
            at = number_next(last);
        }
        for (; i < firsts->len && number_compare(g_array_index(firsts, Point, i).at, at) == 0; i++)
            enter(sweep, g_array_index(firsts, Point, i).entry);
        write_segment(sweep, at);
    }
}

static GArray *sorted_points(const Family *family, gboolean lasts)
{
    guint n = family->owners->len;
    GArray *points = g_array_sized_new(FALSE, FALSE, sizeof(Point), n);

    for (guint32 entry = 0; entry < n; entry++) {
        Bounds bounds = family_bounds(family, entry);
        Point point = { lasts ? bounds.last : bounds.first, entry };
        g_array_append_val(points, point);
    }
    g_array_sort(points, compare_points);
    return points;
}

static int compare_claims(gconstpointer left, gconstpointer right)
{
    const Claim *a = left, *b = right;
    int order = number_compare(a->last, b->last);

    if (order != 0)
        return order;
    if (a->validity.from != b->validity.from)
        return a->validity.from < b->validity.from ? -1 : 1;
    return (a->owner.line > b->owner.line) - (a->owner.line < b->owner.line);
}

static void add_claim(const Customers *customers, GArray *claims, Number last, const Owner *owner)
{
    Claim claim = { last, g_array_index(customers->validities, Validity, owner->validity), *owner };
    g_array_append_val(claims, claim);
}

static void fault_twice(const Customers *customers, LoadFaults *faults, const Owner *a,
                        const Owner *b)
{
    const Owner *earlier = a->line < b->line ? a : b, *later = a->line < b->line ? b : a;
    g_autofree char *network = customers_network_of_line(customers, later->line);
    Customer one, other;

    customers_get(customers, later->customer, &one);
    customers_get(customers, earlier->customer, &other);
    g_autofree char *here = load_quote(one.id), *there = load_quote(other.id);
    load_fault(
        faults, later->line,
        "%s is given to customer %s here and to %s on line %u at the same time, one customer "
        "at any time was expected",
        network, here, there, earlier->line);
}

/* Claims with one first (or one name): those with one last too must not meet in time
 * unless they are one customer's.  Ordered by begin, it is enough to remember the
 * claim that lasts longest and the longest one of anybody else. */
static void check_claims(const Customers *customers, LoadFaults *faults, GArray *claims)
{
    const Claim *longest = NULL, *other = NULL;

    if (claims->len < 2)
        return;
    g_array_sort(claims, compare_claims);
    for (guint i = 0; i < claims->len; i++) {
        const Claim *at = &g_array_index(claims, Claim, i);
        if (longest != NULL && number_compare(longest->last, at->last) != 0)
            longest = other = NULL;
        const Claim *rival =
            longest != NULL && longest->owner.customer != at->owner.customer ? longest : other;
        if (rival != NULL && rival->validity.until > at->validity.from)
            fault_twice(customers, faults, &rival->owner, &at->owner);
        if (longest == NULL || at->validity.until > longest->validity.until) {
            if (longest != NULL && longest->owner.customer != at->owner.customer)
                other = longest;
            longest = at;
        } else if (longest->owner.customer != at->owner.customer &&
                   (other == NULL || at->validity.until > other->validity.until)) {
            other = at;
        }
    }
}

static void check_family(const Customers *customers, const Family *family, LoadFaults *faults,
                         const GArray *firsts)
{
    g_autoptr(GArray) claims = g_array_new(FALSE, FALSE, sizeof(Claim));

    for (guint i = 0; i < firsts->len && !faults->stop; i++) {
        const Point *at = &g_array_index(firsts, Point, i);
        add_claim(customers, claims, family_bounds(family, at->entry).last,
                  &g_array_index(family->owners, Owner, at->entry));
        if (i + 1 == firsts->len || compare_points(at, at + 1) != 0) {
            check_claims(customers, faults, claims);
            g_array_set_size(claims, 0);
        }
    }
}

static void index_family(Customers *customers, Family *family, LoadFaults *faults)
{
    const Number zero = { 0, 0 };
    g_autoptr(GArray) firsts = sorted_points(family, FALSE);
    g_autoptr(GArray) lasts = sorted_points(family, TRUE);

    if (firsts->len == 0)
        return;
    check_family(customers, family, faults, firsts);
    g_autofree Sweep *sweep = g_new0(Sweep, 1);
    sweep->family = family;
    sweep->faults = faults;
    if (number_compare(g_array_index(firsts, Point, 0).at, zero) != 0)
        write_segment(sweep, zero);
    sweep_over(sweep, firsts, lasts);
}

static int compare_names(gconstpointer left, gconstpointer right, gpointer data)
{
    guint32 a = *(const guint32 *)left, b = *(const guint32 *)right;
    int order = strcmp(domains_name(data, a), domains_name(data, b));

    return order != 0 ? order : (a > b) - (a < b);
}

static void index_domains(Customers *customers, LoadFaults *faults)
{
    GArray *order = customers->domains.order;
    g_autoptr(GArray) claims = g_array_new(FALSE, FALSE, sizeof(Claim));

    for (guint32 entry = 0; entry < customers->domains.owners->len; entry++)
        g_array_append_val(order, entry);
    g_array_sort_with_data(order, compare_names, customers);
    for (guint i = 0; i < order->len && !faults->stop; i++) {
        guint32 entry = g_array_index(order, guint32, i);
        add_claim(customers, claims, (Number){ 0, 0 },
                  &g_array_index(customers->domains.owners, Owner, entry));
        if (i + 1 == order->len ||
            strcmp(domains_name(customers, entry),
                   domains_name(customers, g_array_index(order, guint32, i + 1))) != 0) {
            check_claims(customers, faults, claims);
            g_array_set_size(claims, 0);
        }
    }
}

void customers_index(Customers *customers, LoadFaults *faults)
{
    index_family(customers, &customers->ipv4, faults);
    index_family(customers, &customers->ipv6, faults);
    index_domains(customers, faults);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The questions to a snapshot.  A key that one network without validity answers
 * (nearly all) costs a binary search and three loads.  Any other gathers its
 * candidates, most specific first, and looks at every instant of the key's span
 * at which their validities change; an answer that changes is ambiguous.
 * Nothing here writes to the snapshot: it is shared by threads. */
#include "customers.h"

#include <string.h>

#include "customers-internal.h"
#include "mailbox.h"
#include "timestamp.h"

typedef struct {
    Owner owner;
    Validity validity;
    guint32 rank; /* equal for equally specific ones */
} Candidate;

Number number_from_address(const Address *address)
{
    guint64 half[2];

    if (address_is_ipv4(address)) {
        guint32 quad;
        memcpy(&quad, address->bytes + 12, sizeof quad);
        return (Number){ 0, GUINT32_FROM_BE(quad) };
    }
    memcpy(half, address->bytes, sizeof half);
    return (Number){ GUINT64_FROM_BE(half[0]), GUINT64_FROM_BE(half[1]) };
}

Address number_to_address(Number number, gboolean ipv4)
{
    guint64 half[2] = { GUINT64_TO_BE(number.high), 0 };
    Address address;

    if (ipv4)
        number.low |= G_GUINT64_CONSTANT(0xffff00000000);
    half[1] = GUINT64_TO_BE(number.low);
    memcpy(address.bytes, half, sizeof half);
    return address;
}

int number_compare(Number a, Number b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return (a.low > b.low) - (a.low < b.low);
}

Bounds family_bounds(const Family *family, guint32 entry)
{
    if (!family->ipv4)
        return g_array_index(family->bounds, Bounds, entry);
    const Bounds4 *narrow = &g_array_index(family->bounds, Bounds4, entry);
    return (Bounds){ { 0, narrow->first }, { 0, narrow->last } };
}

const char *domains_name(const Customers *customers, guint32 entry)
{
    return customers->texts->str + g_array_index(customers->domains.names, guint32, entry);
}

static void family_init(Family *family, gboolean ipv4)
{
    const Link unused = { 0, LINK_END };

    family->ipv4 = ipv4;
    family->bounds = g_array_new(FALSE, FALSE, ipv4 ? sizeof(Bounds4) : sizeof(Bounds));
    family->owners = g_array_new(FALSE, FALSE, sizeof(Owner));
    family->starts = g_array_new(FALSE, FALSE, ipv4 ? sizeof(guint32) : sizeof(Number));
    family->heads = g_array_new(FALSE, FALSE, sizeof(guint32));
    family->links = g_array_new(FALSE, FALSE, sizeof(Link));
    g_array_append_val(family->links, unused);
}

static void family_clear(Family *family)
{
    g_array_unref(family->bounds);
    g_array_unref(family->owners);
    g_array_unref(family->starts);
    g_array_unref(family->heads);
    g_array_unref(family->links);
}

Customers *customers_new(const char *path)
{
    const Validity always = { TIMESTAMP_MIN, TIMESTAMP_MAX };
    Customers *customers = g_new0(Customers, 1);

    g_atomic_ref_count_init(&customers->references);
    customers->path = g_strdup(path);
    customers->texts = g_string_new(NULL);
    customers->records = g_array_new(FALSE, FALSE, sizeof(Record));
    customers->validities = g_array_new(FALSE, FALSE, sizeof(Validity));
    g_array_append_val(customers->validities, always);
    family_init(&customers->ipv4, TRUE);
    family_init(&customers->ipv6, FALSE);
    customers->domains.names = g_array_new(FALSE, FALSE, sizeof(guint32));
    customers->domains.owners = g_array_new(FALSE, FALSE, sizeof(Owner));
    customers->domains.order = g_array_new(FALSE, FALSE, sizeof(guint32));
    return customers;
}

/* Index of the last of n ascending starts that is not above key; starts[0] is 0.
 * Without branches that depend on the data: random keys would mispredict each. */
static guint segment4(const guint32 *starts, guint n, guint32 key)
{
    const guint32 *at = starts;

    while (n > 1) {
        guint half = n / 2;
        at += at[half] <= key ? half : 0;
        n -= half;
    }
    return (guint)(at - starts);
}

static guint segment6(const Number *starts, guint n, Number key)
{
    const Number *at = starts;

    while (n > 1) {
        guint half = n / 2;
        at += number_compare(at[half], key) <= 0 ? half : 0;
        n -= half;
    }
    return (guint)(at - starts);
}

/* The first link of the list of entries that cover the address. */
static guint32 family_find(const Family *family, Number key)
{
    guint n = family->heads->len;

    if (n == 0)
        return LINK_END;
    guint segment =
        family->ipv4 ? segment4((const guint32 *)(void *)family->starts->data, n, (guint32)key.low)
                     : segment6((const Number *)(void *)family->starts->data, n, key);
    return g_array_index(family->heads, guint32, segment);
}

static void add_candidate(const Customers *customers, GArray *candidates, const Owner *owner,
                          guint32 rank)
{
    Candidate candidate = { *owner, g_array_index(customers->validities, Validity, owner->validity),
                            rank };
    g_array_append_val(candidates, candidate);
}

static void gather_covering(const Customers *customers, const Family *family, guint32 link,
                            GArray *candidates)
{
    guint32 rank = 0;

    while (link != LINK_END) {
        const Link *at = &g_array_index(family->links, Link, link);
        guint32 entry = at->entry & ~LINK_TIED;
        add_candidate(customers, candidates, &g_array_index(family->owners, Owner, entry), rank);
        if ((at->entry & LINK_TIED) == 0)
            rank++;
        link = at->next;
    }
}

/* The place in domains.order of the first entry whose name is not below name. */
static guint domains_find(const Customers *customers, const char *name)
{
    const GArray *order = customers->domains.order;
    guint low = 0, high = order->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (strcmp(domains_name(customers, g_array_index(order, guint32, middle)), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void gather_named(const Customers *customers, const char *name, guint32 rank,
                         GArray *candidates)
{
    const Domains *domains = &customers->domains;

    for (guint i = domains_find(customers, name); i < domains->order->len; i++) {
        guint32 entry = g_array_index(domains->order, guint32, i);
        if (strcmp(domains_name(customers, entry), name) != 0)
            break;
        add_candidate(customers, candidates, &g_array_index(domains->owners, Owner, entry), rank);
    }
}

/* Candidates for the domain of the account, longest suffix first. */
static void gather_suffixes(const Customers *customers, const char *account, GArray *candidates)
{
    const char *at = strrchr(account, '@');
    guint32 rank = 0;

    if (at == NULL || customers->domains.order->len == 0)
        return;
    g_autofree char *domain = g_ascii_strdown(at + 1, -1);
    gsize length = strlen(domain);
    if (length > 0 && domain[length - 1] == '.')
        domain[--length] = '\0';
    for (const char *suffix = domain; suffix != NULL; suffix = strchr(suffix, '.')) {
        if (*suffix == '.')
            suffix++;
        /* No line can have a longer one: spares hostile accounts their cost. */
        if (strlen(suffix) <= MAILBOX_DOMAIN_MAX)
            gather_named(customers, suffix, rank++, candidates);
    }
}

/* Who wins at this instant?  NULL: nobody.  *tied_r: customers with equal claims.
 * *next_r: the first later instant at which the answer may be another. */
static const Owner *winner_at(const GArray *candidates, gint64 time, gboolean *tied_r,
                              gint64 *next_r)
{
    const Candidate *winner = NULL;

    *tied_r = FALSE;
    *next_r = TIMESTAMP_MAX;
    for (guint i = 0; i < candidates->len; i++) {
        const Candidate *at = &g_array_index(candidates, Candidate, i);
        if (winner != NULL && at->rank != winner->rank)
            break;
        if (time < at->validity.from) {
            *next_r = MIN(*next_r, at->validity.from);
            continue;
        }
        if (time >= at->validity.until && at->validity.until != TIMESTAMP_MAX)
            continue;
        *next_r = MIN(*next_r, at->validity.until);
        if (winner == NULL)
            winner = at;
        else if (winner->owner.customer != at->owner.customer)
            *tied_r = TRUE;
    }
    return winner != NULL ? &winner->owner : NULL;
}

static CustomerAnswer answer_over(const GArray *candidates, gint64 earliest, gint64 latest)
{
    const CustomerAnswer none = { ANSWER_NONE, 0, 0 }, ambiguous = { ANSWER_AMBIGUOUS, 0, 0 };
    gboolean tied;
    gint64 next;

    const Owner *first = winner_at(candidates, earliest, &tied, &next);
    while (!tied && next <= latest && next != TIMESTAMP_MAX) {
        const Owner *later = winner_at(candidates, next, &tied, &next);
        if ((first == NULL) != (later == NULL) ||
            (first != NULL && first->customer != later->customer))
            return ambiguous;
    }
    if (tied)
        return ambiguous;
    return first == NULL ? none : (CustomerAnswer){ ANSWER_CUSTOMER, first->customer, first->line };
}

static CustomerAnswer answer(const Customers *customers, const CustomerKey *key, GArray *candidates)
{
    if (key->latest < key->earliest)
        return (CustomerAnswer){ ANSWER_AMBIGUOUS, 0, 0 };
    g_array_set_size(candidates, 0);
    if (key->account != NULL) {
        gather_suffixes(customers, key->account, candidates);
    } else if (key->address != NULL) {
        const Family *family = address_is_ipv4(key->address) ? &customers->ipv4 : &customers->ipv6;
        guint32 link = family_find(family, number_from_address(key->address));
        if (link == LINK_END)
            return (CustomerAnswer){ ANSWER_NONE, 0, 0 };
        guint32 entry = g_array_index(family->links, Link, link).entry;
        const Owner *owner = &g_array_index(family->owners, Owner, entry & ~LINK_TIED);
        if ((entry & LINK_TIED) == 0 && owner->validity == 0)
            return (CustomerAnswer){ ANSWER_CUSTOMER, owner->customer, owner->line };
        gather_covering(customers, family, link, candidates);
    }
    return answer_over(candidates, key->earliest, key->latest);
}

/* The entry of this line, or -1; owners are in order of lines. */
static gint64 entry_of_line(const GArray *owners, guint32 line)
{
    guint low = 0, high = owners->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(owners, Owner, middle).line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low < owners->len && g_array_index(owners, Owner, low).line == line ? (gint64)low : -1;
}

static char *format_bounds(const Family *family, guint32 entry)
{
    Bounds bounds = family_bounds(family, entry);
    Network network = { number_to_address(bounds.first, family->ipv4),
                        number_to_address(bounds.last, family->ipv4) };
    return network_format(&network);
}

/* Whatever covers its first address is in one list, so the same network is too. */
static gboolean family_has(const Family *family, Bounds wanted)
{
    guint32 link = family_find(family, wanted.first);

    while (link != LINK_END) {
        const Link *at = &g_array_index(family->links, Link, link);
        Bounds bounds = family_bounds(family, at->entry & ~LINK_TIED);
        if (number_compare(bounds.first, wanted.first) == 0 &&
            number_compare(bounds.last, wanted.last) == 0)
            return TRUE;
        link = at->next;
    }
    return FALSE;
}

static guint family_n_dropped(const Family *old, const Family *new_)
{
    guint dropped = 0;

    for (guint32 entry = 0; entry < old->owners->len; entry++)
        if (!family_has(new_, family_bounds(old, entry)))
            dropped++;
    return dropped;
}

static guint domains_n_dropped(const Customers *old, const Customers *new_)
{
    const GArray *order = new_->domains.order;
    guint dropped = 0;

    for (guint32 entry = 0; entry < old->domains.names->len; entry++) {
        const char *name = domains_name(old, entry);
        guint place = domains_find(new_, name);
        if (place == order->len ||
            strcmp(domains_name(new_, g_array_index(order, guint32, place)), name) != 0)
            dropped++;
    }
    return dropped;
}

Customers *customers_ref(Customers *customers)
{
    g_atomic_ref_count_inc(&customers->references);
    return customers;
}

void customers_unref(Customers *customers)
{
    if (customers == NULL || !g_atomic_ref_count_dec(&customers->references))
        return;
    g_free(customers->path);
    g_string_free(customers->texts, TRUE);
    g_array_unref(customers->records);
    g_array_unref(customers->validities);
    family_clear(&customers->ipv4);
    family_clear(&customers->ipv6);
    g_array_unref(customers->domains.names);
    g_array_unref(customers->domains.owners);
    g_array_unref(customers->domains.order);
    g_free(customers);
}

gboolean customers_lookup(const Customers *customers, const CustomerKey *keys, gsize n,
                          CustomerAnswer *answers_r, GError **error)
{
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));

    (void)error; /* for sources that can fail */
    for (gsize i = 0; i < n; i++)
        answers_r[i] = answer(customers, &keys[i], candidates);
    return TRUE;
}

void customers_get(const Customers *customers, guint32 customer, Customer *customer_r)
{
    const char *texts[TEXT_N];

    g_assert(customer < customers->records->len);
    const Record *record = &g_array_index(customers->records, Record, customer);
    const char *at = customers->texts->str + record->text;
    customer_r->line = record->line;
    customer_r->deliver = (Deliver)*at++;
    for (int i = 0; i < TEXT_N; i++) {
        texts[i] = at;
        at += strlen(at) + 1;
    }
    customer_r->id = texts[TEXT_ID];
    customer_r->email = texts[TEXT_EMAIL];
    customer_r->cc = texts[TEXT_CC];
    customer_r->name = texts[TEXT_NAME];
    customer_r->language = texts[TEXT_LANGUAGE];
    customer_r->brand = texts[TEXT_BRAND];
    customer_r->escalation = texts[TEXT_ESCALATION];
    customer_r->reference = texts[TEXT_REFERENCE];
    customer_r->kind = texts[TEXT_KIND];
    customer_r->form = texts[TEXT_FORM];
}

gboolean customers_find(const Customers *customers, const char *id, guint32 *customer_r)
{
    G_STATIC_ASSERT(TEXT_ID == 0); /* it stands first, behind the byte Deliver */
    for (guint32 i = 0; i < customers->records->len; i++) {
        const Record *record = &g_array_index(customers->records, Record, i);
        if (strcmp(customers->texts->str + record->text + 1, id) == 0) {
            *customer_r = i;
            return TRUE;
        }
    }
    return FALSE;
}

Deliver customers_deliver(const Customers *customers, guint32 customer)
{
    g_assert(customer < customers->records->len);
    return (Deliver)customers->texts->str[g_array_index(customers->records, Record, customer).text];
}

guint customers_count(const Customers *customers)
{
    return customers->records->len;
}

char *customers_network_of_line(const Customers *customers, guint32 line)
{
    gint64 entry = entry_of_line(customers->ipv4.owners, line);

    if (entry >= 0)
        return format_bounds(&customers->ipv4, (guint32)entry);
    entry = entry_of_line(customers->ipv6.owners, line);
    if (entry >= 0)
        return format_bounds(&customers->ipv6, (guint32)entry);
    entry = entry_of_line(customers->domains.owners, line);
    return entry >= 0 ? g_strdup(domains_name(customers, (guint32)entry)) : NULL;
}

const char *customers_path(const Customers *customers)
{
    return customers->path;
}

gint64 customers_mtime(const Customers *customers)
{
    return customers->mtime;
}

guint customers_n_networks(const Customers *customers)
{
    return customers->ipv4.owners->len + customers->ipv6.owners->len +
           customers->domains.owners->len;
}

guint customers_n_dropped(const Customers *old, const Customers *new_)
{
    return family_n_dropped(&old->ipv4, &new_->ipv4) + family_n_dropped(&old->ipv6, &new_->ipv6) +
           domains_n_dropped(old, new_);
}

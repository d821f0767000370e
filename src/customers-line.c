/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* One record of customers.csv, its cells already sorted by column, becomes an
 * entry of the snapshot, and a customer when he is new.
 * Refused: cells that customers-cell.c doesn't know, a customer whose later line
 * differs from his first.  A customer is kept in spite of faulty cells, so that
 * his later lines are not all called faulty as well. */
#include <stdarg.h>
#include <string.h>

#include "columns.h"
#include "customers-internal.h"
#include "form.h"
#include "timestamp.h"

#define KEYS_BLOCK (1024 * 1024) /* bytes; large blocks go back to the system when freed */

static void fault_cell(Loader *loader, int column, const char *expected)
{
    g_autofree char *quote = load_quote(loader->cells[column]);
    load_fault(&loader->faults, loader->line, "%s %s: %s", column_name(column), quote, expected);
}

/* An empty or faulty cell is unset_value. */
static Deliver read_deliver(Loader *loader, Deliver unset_value)
{
    const char *cell = loader->cells[COLUMN_DELIVER];
    Deliver deliver = unset_value;

    if (*cell != '\0' && !deliver_read(cell, &deliver))
        fault_cell(loader, COLUMN_DELIVER, "notify, digest, hold, none or pool was expected");
    return deliver;
}

/* Each name once, for thousands of customers may share a slip. */
static void warn_hidden(Loader *loader, const char *form)
{
    g_auto(GStrv) hidden = form_hidden(form);

    for (char **name = hidden; *name != NULL; name++) {
        g_autofree char *unknown = columns_unknown(*name);
        if (unknown != NULL && g_hash_table_size(loader->unknown) < CUSTOMERS_FAULTS_MAX
            && g_hash_table_add(loader->unknown, g_strdup(*name)))
            faults_warn(loader->faults.faults, loader->faults.path, loader->line, "form: %s",
                        unknown);
    }
}

static guint32 add_customer(Loader *loader)
{
    Customers *customers = loader->customers;
    Record record = { (guint32)customers->texts->len, loader->line };
    guint32 number = customers->records->len;
    Deliver deliver = read_deliver(loader, DELIVER_NOTIFY);

    g_array_append_val(customers->records, record);
    g_string_append_c(customers->texts, (char)deliver);
    for (int text = 0; text < TEXT_N; text++) {
        const char *cell = loader->cells[COLUMN_TEXT + text];
        if (!customer_cells[text].read(cell, customers->texts)) {
            g_autofree char *fault = text == TEXT_FORM ? form_fault(cell) : NULL;
            fault_cell(loader, COLUMN_TEXT + text,
                       fault != NULL ? fault : customer_cells[text].expected);
            g_string_append(customers->texts, cell);
        } else if (text == TEXT_FORM) {
            warn_hidden(loader, cell);
        }
        g_string_append_c(customers->texts, '\0');
    }
    if (*loader->cells[COLUMN_TEXT + TEXT_EMAIL] == '\0' && deliver != DELIVER_NONE &&
        deliver != DELIVER_POOL)
        load_fault(&loader->faults, loader->line,
                   "email is empty, at least one address was expected on the customer's first line "
                   "unless deliver is none or pool");
    return number;
}

/* Does the cell of a later line say what the first one said? */
static gboolean says_same(const CustomerCell *kind, const char *cell, const char *first)
{
    if (*cell == '\0' || strcmp(cell, first) == 0)
        return TRUE;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!kind->read(cell, text))
        return FALSE;
    return strcmp(text->str, *first == '\0' && kind->unset != NULL ? kind->unset : first) == 0;
}

static void check_later_line(Loader *loader, guint32 number)
{
    const Customers *customers = loader->customers;
    const Record *record = &g_array_index(customers->records, Record, number);
    const char *first = customers->texts->str + record->text;
    Deliver deliver = (Deliver)*first++;

    if (read_deliver(loader, deliver) != deliver)
        load_fault(&loader->faults, loader->line,
                   "deliver is not the one on this customer's first line, %u, an empty cell or the "
                   "same was expected",
                   record->line);
    for (int text = 0; text < TEXT_N; text++) {
        const char *cell = loader->cells[COLUMN_TEXT + text];
        if (!says_same(&customer_cells[text], cell, first)) {
            g_autofree char *here = load_quote(cell), *there = load_quote(first);
            load_fault(&loader->faults, loader->line,
                       "%s is %s but %s on this customer's first line, %u, an empty cell or the "
                       "same was expected",
                       customer_cells[text].column, here, there, record->line);
        }
        first += strlen(first) + 1;
    }
}

/* The customer of the record in hand, made when he is new; FALSE: faulty. */
static gboolean read_customer(Loader *loader, guint32 *number_r)
{
    const char *id = loader->cells[COLUMN_TEXT + TEXT_ID];
    gpointer key, value;

    if (*id == '\0') {
        fault_cell(loader, COLUMN_TEXT + TEXT_ID, customer_cells[TEXT_ID].expected);
        return FALSE;
    }
    if (loader->last_id == NULL || strcmp(loader->last_id, id) != 0) {
        if (!g_hash_table_lookup_extended(loader->ids, id, &key, &value)) {
            key = g_string_chunk_insert(loader->keys, id);
            *number_r = add_customer(loader);
            g_hash_table_insert(loader->ids, key, GUINT_TO_POINTER(*number_r));
            loader->last_id = key;
            loader->last_customer = *number_r;
            return TRUE;
        }
        loader->last_id = key;
        loader->last_customer = GPOINTER_TO_UINT(value);
    }
    *number_r = loader->last_customer;
    check_later_line(loader, *number_r);
    return TRUE;
}

static gboolean read_time(Loader *loader, int column, gint64 *time_r)
{
    const char *cell = loader->cells[column];

    if (*cell == '\0' || timestamp_parse_rfc3339(cell, time_r))
        return TRUE;
    fault_cell(
        loader, column,
        "a date such as 2025-02-11 or a time such as 2025-02-11T12:10:25+01:00 was expected");
    return FALSE;
}

static gboolean read_validity(Loader *loader, guint32 *index_r)
{
    GArray *validities = loader->customers->validities;
    Validity validity = { TIMESTAMP_MIN, TIMESTAMP_MAX };

    *index_r = 0;
    if (*loader->cells[COLUMN_FROM] == '\0' && *loader->cells[COLUMN_UNTIL] == '\0')
        return TRUE;
    gboolean good = read_time(loader, COLUMN_FROM, &validity.from);
    if (!read_time(loader, COLUMN_UNTIL, &validity.until) || !good)
        return FALSE;
    if (validity.from >= validity.until) {
        fault_cell(loader, COLUMN_UNTIL, "a time later than valid_from was expected");
        return FALSE;
    }
    const Validity *last = &g_array_index(validities, Validity, validities->len - 1);
    if (last->from != validity.from || last->until != validity.until)
        g_array_append_val(validities, validity);
    *index_r = validities->len - 1;
    return TRUE;
}

static void add_network(Customers *customers, const Network *network, const Owner *owner)
{
    Bounds bounds = { number_from_address(&network->first), number_from_address(&network->last) };

    if (address_is_ipv4(&network->first)) {
        Bounds4 narrow = { (guint32)bounds.first.low, (guint32)bounds.last.low };
        g_array_append_val(customers->ipv4.bounds, narrow);
        g_array_append_vals(customers->ipv4.owners, owner, 1);
    } else {
        g_array_append_val(customers->ipv6.bounds, bounds);
        g_array_append_vals(customers->ipv6.owners, owner, 1);
    }
}

/* What a cell that is neither network nor domain was probably meant to be. */
static const char *network_expected(const char *cell, const GError *error)
{
    for (const char *at = cell; *at != '\0'; at++)
        if (!g_ascii_isprint(*at))
            return "a network, or a domain in its ASCII form (xn--...), was expected";
    if (strspn(cell, "0123456789abcdefABCDEF.:/- ") == strlen(cell) && *cell != '\0')
        return error->message;
    return "an address, a network, a range, or a domain such as example.org without '*' and '@' "
           "was expected";
}

void load_fault(LoadFaults *faults, guint line, const char *format, ...)
{
    va_list arguments;

    if (faults->stop)
        return;
    if (faults->noted++ == CUSTOMERS_FAULTS_MAX) {
        faults->stop = TRUE;
        faults_add(faults->faults, faults->path, 0, "more than %d faults, the others are not named",
                   CUSTOMERS_FAULTS_MAX);
        return;
    }
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    faults_add(faults->faults, faults->path, line, "%s", what);
}

const char *column_name(int column)
{
    static const char *const names[COLUMN_TEXT] = { "network", "deliver", "valid_from",
                                                    "valid_until" };

    return column < COLUMN_TEXT ? names[column] : customer_cells[column - COLUMN_TEXT].column;
}

void loader_init(Loader *loader, Customers *customers, Faults *faults)
{
    *loader = (Loader){ .customers = customers };
    loader->faults = (LoadFaults){ faults, customers->path, 0, FALSE };
    loader->ids = g_hash_table_new(g_str_hash, g_str_equal);
    loader->keys = g_string_chunk_new(KEYS_BLOCK);
    loader->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void loader_clear(Loader *loader)
{
    g_hash_table_unref(loader->ids);
    g_string_chunk_free(loader->keys);
    g_hash_table_unref(loader->unknown);
}

void loader_read(Loader *loader)
{
    Customers *customers = loader->customers;
    const char *cell = loader->cells[COLUMN_NETWORK];
    guint32 place = (guint32)customers->texts->len;
    g_autoptr(GError) error = NULL;
    Network network;
    Owner owner = { 0, loader->line, 0 };

    gboolean named = domain_read(cell, customers->texts);
    gboolean known = named || network_parse(cell, &network, &error);
    if (named)
        g_string_append_c(customers->texts, '\0');
    if (!known)
        fault_cell(loader, COLUMN_NETWORK, network_expected(cell, error));
    gboolean owned = read_customer(loader, &owner.customer);
    if (!read_validity(loader, &owner.validity) || !owned || !known)
        return;
    if (named) {
        g_array_append_val(customers->domains.names, place);
        g_array_append_val(customers->domains.owners, owner);
    } else {
        add_network(customers, &network, &owner);
    }
}

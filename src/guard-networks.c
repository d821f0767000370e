/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Asks the assignment and the customers' list, never what was rendered. */
#include "guard-networks.h"

struct GuardNetworks {
    const Report *report;
    const Assignment *assignment;
    const Customers *customers;
    GHashTable *owners; /* Address in the report's events -> customer, or NO_CUSTOMER where it
                           isn't one customer's; NULL: not asked yet */
};

GuardNetworks *guard_networks_new(const Report *report, const Assignment *assignment,
                                  const Customers *customers)
{
    GuardNetworks *networks = g_new0(GuardNetworks, 1);

    *networks = (GuardNetworks) { report, assignment, customers, NULL };
    return networks;
}

GuardNetworks *guard_networks_share(const GuardNetworks *networks)
{
    return guard_networks_new(networks->report, networks->assignment, networks->customers);
}

void guard_networks_free(GuardNetworks *networks)
{
    if (networks == NULL)
        return;
    g_clear_pointer(&networks->owners, g_hash_table_unref);
    g_free(networks);
}

static void add_written(GHashTable *written, const char *text)
{
    Address addresses[2];
    guint n = network_written(text, addresses); /* none of a domain */

    for (guint i = 0; i < n; i++)
        g_hash_table_add(written, g_memdup2(&addresses[i], sizeof addresses[i]));
}

GHashTable *guard_networks_written(const GuardNetworks *networks, const guint32 *events,
                                   guint n_events)
{
    GHashTable *written = g_hash_table_new_full(address_hash, address_equal, g_free, NULL);
    g_auto(GStrv) texts
        = assignment_networks(networks->assignment, networks->customers, events, n_events);

    for (char **text = texts; *text != NULL; text++)
        add_written(written, *text);
    return written;
}

static GHashTable *find_owners(const GuardNetworks *networks)
{
    const Report *report = networks->report;
    GHashTable *owners = g_hash_table_new(address_hash, address_equal);

    for (guint i = 0; i < report->n_events; i++) {
        const Address *address = &report->events[i].address;
        gpointer owner = GUINT_TO_POINTER(networks->assignment->fates[i].customer), other;
        if (report->events[i].unreadable || report_account(report, i) != NULL)
            continue;
        if (g_hash_table_lookup_extended(owners, address, NULL, &other) && other != owner)
            owner = GUINT_TO_POINTER(NO_CUSTOMER);
        g_hash_table_insert(owners, (gpointer)address, owner);
    }
    return owners;
}

gboolean guard_networks_own(GuardNetworks *networks, const Address *address, guint32 event)
{
    guint32 customer = networks->assignment->fates[event].customer;
    gpointer owner;

    if (networks->owners == NULL)
        networks->owners = find_owners(networks);
    return customer != NO_CUSTOMER
        && g_hash_table_lookup_extended(networks->owners, address, NULL, &owner)
        && owner == GUINT_TO_POINTER(customer);
}

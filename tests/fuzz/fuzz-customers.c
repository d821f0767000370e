/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* customers.csv -> customers: what it says of each, and who has an address. */
#include "fuzz.h"

#include "customers.h"
#include "mailbox.h"
#include "timestamp.h"

#include <string.h>

#define WHEN G_GINT64_CONSTANT(1739272225) /* 2025-02-11 11:10:25 UTC */

static void check_mailboxes(const char *list)
{
    g_auto(GStrv) mailboxes = g_strsplit(list, ";", -1);

    for (char **mailbox = mailboxes; *mailbox != NULL; mailbox++)
        g_assert_true(mailbox_valid(*mailbox));
}

static void check_customer(const Customers *customers, guint32 i)
{
    Customer customer;
    guint32 found;

    customers_get(customers, i, &customer);
    g_assert_true(customers_find(customers, customer.id, &found) && found == i);
    g_assert_cmpuint(strlen(customer.id), <=, CUSTOMERS_ID_MAX);
    g_assert_true(*customer.email != '\0' || customer.deliver == DELIVER_NONE
                  || customer.deliver == DELIVER_POOL);
    check_mailboxes(customer.email);
    check_mailboxes(customer.cc);
    g_assert_cmpint(customers_deliver(customers, i), ==, customer.deliver);
    g_assert_nonnull(deliver_name(customer.deliver));
    g_assert_cmpuint(customer.line, >, 0);
}

/* Is what the answering line names really this key's? */
static void check_line(const Customers *customers, const CustomerKey *key, guint32 line)
{
    g_autofree char *text = customers_network_of_line(customers, line);
    Network network;

    g_assert_nonnull(text);
    if (key->account != NULL) {
        g_autofree char *folded = g_ascii_strdown(key->account, -1);
        g_assert_true(g_str_has_suffix(folded, text));
        return;
    }
    g_assert_true(network_parse(text, &network, NULL));
    g_assert_true(network_contains(&network, key->address));
}

static void check_lookup(const Customers *customers)
{
    static const char *const texts[]
        = { "192.0.2.7", "198.51.100.255", "2001:db8::7", "0.0.0.0",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
    static const char *const accounts[] = { "a@example.org", "b@Sub.Example.NET" };
    enum { N_ADDRESSES = G_N_ELEMENTS(texts), N = 2 * N_ADDRESSES + G_N_ELEMENTS(accounts) };
    Address addresses[N_ADDRESSES];
    CustomerKey keys[N];
    CustomerAnswer answers[N];

    for (guint i = 0; i < N_ADDRESSES; i++) {
        g_assert_true(address_parse(texts[i], strlen(texts[i]), &addresses[i]));
        keys[2 * i] = (CustomerKey){ .address = &addresses[i], .earliest = WHEN, .latest = WHEN };
        keys[2 * i + 1] = (CustomerKey){ .address = &addresses[i],
                                         .earliest = TIMESTAMP_MIN,
                                         .latest = TIMESTAMP_MAX };
    }
    for (guint i = 0; i < G_N_ELEMENTS(accounts); i++)
        keys[2 * N_ADDRESSES + i]
            = (CustomerKey){ .account = accounts[i], .earliest = WHEN, .latest = WHEN };
    g_assert_true(customers_lookup(customers, keys, N, answers, NULL));
    for (guint i = 0; i < N; i++)
        if (answers[i].kind == ANSWER_CUSTOMER) {
            g_assert_cmpuint(answers[i].customer, <, customers_count(customers));
            check_line(customers, &keys[i], answers[i].line);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Faults) faults = faults_new();
    g_autofree char *path = fuzz_file(data, size);
    g_autoptr(Customers) customers = customers_load(path, faults);

    fuzz_check_faults(faults, customers == NULL);
    if (customers == NULL)
        return 0;
    for (guint32 i = 0; i < customers_count(customers); i++)
        check_customer(customers, i);
    g_assert_cmpuint(customers_n_dropped(customers, customers), ==, 0);
    check_lookup(customers);
    return 0;
}

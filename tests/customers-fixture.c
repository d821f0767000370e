/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Writes, reads and asks files of customers for their tests. */
#include "customers-fixture.h"

#include <string.h>

Customers *customers_made(const char *text, gsize length, Faults *faults)
{
    g_autoptr(GError) error = NULL;
    g_file_set_contents(CUSTOMERS_NAME, text, (gssize)length, &error);
    g_assert_no_error(error);
    return customers_load(CUSTOMERS_NAME, faults);
}

Customers *customers_good(const char *text)
{
    g_autoptr(Faults) faults = faults_new();
    Customers *customers = customers_made(text, strlen(text), faults);
    for (guint i = 0; i < faults_count(faults); i++)
        g_test_message("%s", faults_text(faults, i));
    g_assert_nonnull(customers);
    g_assert_cmpuint(faults_count(faults), ==, 0);
    return customers;
}

char *customers_faults(const char *text, gsize length)
{
    g_autoptr(Faults) faults = faults_new();
    g_autoptr(Customers) customers = customers_made(text, length, faults);
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < faults_count(faults); i++)
        g_string_append_printf(all, "%s%s", i > 0 ? "\n" : "", faults_text(faults, i));
    g_assert_cmpint(customers == NULL, ==, faults_errors(faults) > 0);
    return g_string_free(all, FALSE);
}

char *customers_fault_of_file(const char *path)
{
    g_autoptr(Faults) faults = faults_new();
    g_assert_null(customers_load(path, faults));
    g_assert_cmpuint(faults_count(faults), ==, 1);
    return g_strdup(faults_text(faults, 0));
}

char *customers_who(const Customers *customers, const char *what, gint64 earliest, gint64 latest)
{
    Address address;
    CustomerKey key = { .earliest = earliest, .latest = latest };
    CustomerAnswer answer = { ANSWER_NONE, 0, 0 };
    Customer customer;

    if (strchr(what, '@') != NULL)
        key.account = what;
    else if (*what != '\0') {
        g_assert_true(address_parse(what, strlen(what), &address));
        key.address = &address;
    }
    g_assert_true(customers_lookup(customers, &key, 1, &answer, NULL));
    if (answer.kind != ANSWER_CUSTOMER)
        return g_strdup(answer.kind == ANSWER_NONE ? "nobody" : "ambiguous");
    customers_get(customers, answer.customer, &customer);
    return g_strdup_printf("%s %u", customer.id, answer.line);
}

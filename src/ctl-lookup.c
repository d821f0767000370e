/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl lookup: whose is this address or mail account? */
#include "ctl.h"
#include "timestamp.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void print_customer(const Customers *customers, const CustomerAnswer *answer)
{
    g_autofree char *network = customers_network_of_line(customers, answer->line);
    Customer customer;
    customers_get(customers, answer->customer, &customer);
    const struct {
        const char *name, *value;
    } rows[] = {
        { "customer", customer.id },   { "network", network != NULL ? network : "" },
        { "email", customer.email },   { "cc", customer.cc },
        { "name", customer.name },     { "language", customer.language },
        { "brand", customer.brand },   { "deliver", deliver_name(customer.deliver) },
        { "kind", customer.kind },     { "reference", customer.reference },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if (*rows[i].value != '\0')
            printf("%-10s %s\n", rows[i].name, rows[i].value);
    printf("%-10s %s:%u\n", "line", customers_path(customers), answer->line);
}

static gboolean read_key(char **arguments, CustomerKey *key_r, Address *address_r)
{
    gint64 when = g_get_real_time() / G_USEC_PER_SEC;

    if (arguments[1] != NULL && !timestamp_parse_rfc3339(arguments[1], &when)) {
        ctl_complain("'%s' is no time; expected a date or RFC 3339, such as 2025-02-11T11:10:25Z",
                     arguments[1]);
        return FALSE;
    }
    *key_r = (CustomerKey) { .earliest = when, .latest = when };
    if (strchr(arguments[0], '@') != NULL)
        key_r->account = arguments[0];
    else if (address_parse(arguments[0], strlen(arguments[0]), address_r))
        key_r->address = address_r;
    else {
        ctl_complain("'%s' is neither an IPv4 or IPv6 address nor a mail account", arguments[0]);
        return FALSE;
    }
    return TRUE;
}

/* Config and customers only: a broken template must not stand in the way. */
static Customers *load_customers(const CtlCall *call)
{
    g_autoptr(Faults) faults = faults_new();
    g_autoptr(Config) config = ctl_load_config(call);
    Customers *customers
        = config != NULL ? customers_load(config->customers_path, faults) : NULL;

    ctl_print_faults(faults);
    return customers;
}

int ctl_lookup(const CtlCall *call)
{
    g_autoptr(GError) error = NULL;
    CustomerAnswer answer;
    CustomerKey key;
    Address address;

    if (call->arguments[0] == NULL || g_strv_length(call->arguments) > 2) {
        ctl_complain("expected certbundctl lookup ADDRESS|ACCOUNT [TIME]");
        return EX_USAGE;
    }
    if (!read_key(call->arguments, &key, &address))
        return EX_USAGE;
    g_autoptr(Customers) customers = load_customers(call);
    if (customers == NULL)
        return EX_CONFIG;
    if (!customers_lookup(customers, &key, 1, &answer, &error)) {
        ctl_complain("%s", error->message);
        return EX_TEMPFAIL;
    }
    if (answer.kind != ANSWER_CUSTOMER) {
        ctl_complain("%s: %s", call->arguments[0],
                     answer.kind == ANSWER_NONE ? "nobody in the customer list has it"
                                                : "equal networks of several customers have it");
        return CTL_WANTING;
    }
    print_customer(customers, &answer);
    return EX_OK;
}

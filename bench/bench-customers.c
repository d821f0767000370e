/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Measures customers.c against its budgets: a million networks in 100 MiB, loaded
 * within 2 s; and lookups over 100,000 networks.  The million is 100,000 IPv4
 * networks nested three deep in 198.18.0.0/15 (as many as it holds) and IPv6 /64
 * networks, the costlier family. */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customers.h"

#define SEED                  20250212
#define IPV4_NETWORKS         100000
#define NETWORKS              1000000
#define NETWORKS_PER_CUSTOMER 10
#define KEYS                  1000000
#define ROUNDS                10

static double rss_mib(void)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
        return 0;
    char *resident = text;
    g_ascii_strtoull(text, &resident, 10);
    return (double)g_ascii_strtoull(resident, NULL, 10) * (double)sysconf(_SC_PAGESIZE) /
           (1024 * 1024);
}

/* The i-th of the /31, /30, /29 ... that 198.18.0.0/15 holds. */
static void write_ipv4(FILE *file, guint i)
{
    guint prefix = 31, n = 65536;

    while (i >= n) {
        i -= n;
        n /= 2;
        prefix--;
    }
    guint32 address = (guint32)198 << 24 | 18 << 16 | i << (32 - prefix);
    fprintf(file, "%u.%u.%u.%u/%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
            address & 255, prefix);
}

static char *write_customers(const char *folder, guint n)
{
    char *path = g_build_filename(folder, "customers.csv", NULL);
    FILE *file = fopen(path, "w");

    if (file == NULL)
        g_error("%s can't be written", path);
    fprintf(file, "network,customer,email,name,language\n");
    for (guint i = 0; i < n; i++) {
        guint customer = i / NETWORKS_PER_CUSTOMER, k = i - IPV4_NETWORKS;
        if (i < IPV4_NETWORKS)
            write_ipv4(file, i);
        else /* every second one: gaps need segments too */
            fprintf(file, "2001:db8:%x:%x::/64", k >> 15, (k & 0x7fff) << 1);
        fprintf(file, ",C%07u,abuse@customer-%u.example.net,Invented Company %u,de en\n", customer,
                customer, customer);
    }
    fclose(file);
    return path;
}

static Customers *load(const char *path)
{
    g_autoptr(Faults) faults = faults_new();
    Customers *customers = customers_load(path, faults);

    if (customers == NULL)
        g_error("%s", faults_text(faults, 0));
    return customers;
}

static void bench_load(const char *folder)
{
    g_autofree char *path = write_customers(folder, NETWORKS);
    double before = rss_mib();
    gint64 begin = g_get_monotonic_time();
    g_autoptr(Customers) customers = load(path);
    double secs = (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;

    printf("customers: %u networks of %u customers loaded in %.2f s (budget 2), "
           "%.1f MiB resident (budget 100)\n",
           customers_n_networks(customers), customers_count(customers), secs, rss_mib() - before);
    g_unlink(path);
}

static void bench_lookup(const char *folder)
{
    g_autofree char *path = write_customers(folder, IPV4_NETWORKS);
    g_autoptr(Customers) customers = load(path);
    g_autofree Address *addresses = g_new(Address, KEYS);
    g_autofree CustomerKey *keys = g_new0(CustomerKey, KEYS);
    g_autofree CustomerAnswer *answers = g_new(CustomerAnswer, KEYS);
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
    guint found = 0;

    for (guint i = 0; i < KEYS; i++) {
        guint32 low = g_rand_int(rand);
        addresses[i] =
            (Address){ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198,
                         (guint8)(18 | (low >> 16 & 1)), (guint8)(low >> 8), (guint8)low } };
        keys[i].address = &addresses[i];
        keys[i].earliest = keys[i].latest = 1739272225;
    }
    gint64 begin = g_get_monotonic_time();
    for (int round = 0; round < ROUNDS; round++)
        customers_lookup(customers, keys, KEYS, answers, NULL);
    double secs = (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
    for (guint i = 0; i < KEYS; i++)
        found += answers[i].kind == ANSWER_CUSTOMER;
    printf("customers: %.1f million lookups/s over %u networks (budget 3), %u of %d found\n",
           (double)KEYS * ROUNDS / secs / 1e6, customers_n_networks(customers), found, KEYS);
    g_unlink(path);
}

int main(void)
{
    g_autofree char *folder = g_dir_make_tmp("bench-customers-XXXXXX", NULL);

    if (folder == NULL)
        g_error("no temporary folder");
    bench_load(folder);
    bench_lookup(folder);
    g_rmdir(folder);
    return EXIT_SUCCESS;
}

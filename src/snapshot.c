/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Loads what belongs together and checks it against each other. */
#include "snapshot.h"

#include "provenance.h"

/* Each brand needs its layout: a customer without one could get no notice. */
static void check_brands(const Customers *customers, const TemplateSet *templates, Faults *faults)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint32 i = 0; i < customers_count(customers); i++) {
        Customer customer;
        customers_get(customers, i, &customer);
        if (templates_layout(templates, customer.brand) == NULL
            && g_hash_table_add(seen, (gpointer)customer.brand))
            faults_add(faults, customers_path(customers), customer.line,
                       "no layout '%s' for this brand; expected the id of a layout in the "
                       "template directories",
                       customer.brand);
    }
}

/* A file that was cut by accident must not silence half of the customers. */
static void check_change(const Snapshot *new_, const Snapshot *old, Faults *faults)
{
    guint before = customers_n_networks(old->customers);
    guint dropped = customers_n_dropped(old->customers, new_->customers);

    if ((guint64)dropped * 100 > (guint64)before * new_->config->max_change_percent)
        faults_add(faults, customers_path(new_->customers), 0,
                   "%u of %u networks are gone, more than max-change=%u%% allows; expected a "
                   "smaller change, or a restart that takes the file as it is",
                   dropped, before, new_->config->max_change_percent);
}

static void load_files(Snapshot *snapshot, Faults *faults)
{
    const Config *config = snapshot->config;

    /* A path that was not understood names no file whose faults could be told. */
    if (!config_is_faulty(config, "customers", "source"))
        snapshot->customers = customers_load(config->customers_path, faults);
    if (!config_is_faulty(config, "templates", "directories"))
        snapshot->templates
            = templates_load((const char *const *)config->template_directories, faults);
    if (snapshot->customers != NULL && snapshot->templates != NULL)
        check_brands(snapshot->customers, snapshot->templates, faults);
}

static void check_start(const Config *config, Faults *faults)
{
    config_check_start(config, faults);
    if (!config_is_faulty(config, "provenance", "require"))
        provenance_check_config(config, faults);
}

Snapshot *snapshot_load(const char *config_path, gboolean start, const Snapshot *previous,
                        Faults *faults)
{
    g_autoptr(Snapshot) snapshot = g_atomic_rc_box_new0(Snapshot);
    guint errors = faults_errors(faults);

    snapshot->config = config_read(config_path, faults);
    if (snapshot->config == NULL)
        return NULL;
    if (start)
        check_start(snapshot->config, faults);
    load_files(snapshot, faults);
    if (snapshot->customers != NULL && previous != NULL)
        check_change(snapshot, previous, faults);
    return faults_errors(faults) > errors ? NULL : g_steal_pointer(&snapshot);
}

Snapshot *snapshot_ref(Snapshot *snapshot)
{
    return g_atomic_rc_box_acquire(snapshot);
}

static void clear(gpointer data)
{
    Snapshot *snapshot = data;
    g_clear_pointer(&snapshot->config, config_unref);
    g_clear_pointer(&snapshot->customers, customers_unref);
    g_clear_pointer(&snapshot->templates, templates_unref);
}

void snapshot_unref(Snapshot *snapshot)
{
    if (snapshot != NULL)
        g_atomic_rc_box_release_full(snapshot, clear);
}

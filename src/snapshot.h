/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* snapshot: config, customers and templates as one message is processed with.
 *
 * Immutable and counted: a message keeps the snapshot it began with, a reload
 * makes a new one and swaps the pointer. */
#ifndef CERTBUND_SNAPSHOT_H
#define CERTBUND_SNAPSHOT_H

#include "config.h"
#include "customers.h"
#include "template.h"

typedef struct {
    Config *config;
    Customers *customers;
    TemplateSet *templates;
} Snapshot;

/* Load everything that config_path names.  Every fault of all files is added;
 * NULL if there was an error.  start: also what stands only against the daemon's
 * start (config_check_start).  previous (or NULL): the one in use; a customers
 * file that drops more than max-change of its networks is then refused. */
Snapshot *snapshot_load(const char *config_path, gboolean start, const Snapshot *previous,
                        Faults *faults);
Snapshot *snapshot_ref(Snapshot *snapshot);
void snapshot_unref(Snapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Snapshot, snapshot_unref)

#endif

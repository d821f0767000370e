/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-networks: which affected addresses a notice may name because a network of its customer
 * is written with them, as 192.0.2.0/24 is with 192.0.2.0.
 *
 * Fail closed: an address counts only if every event about it is this customer's, whatever
 * became of it.  If one is somebody else's, or nobody's, the notice that names the network
 * names him, too. */
#ifndef CERTBUND_GUARD_NETWORKS_H
#define CERTBUND_GUARD_NETWORKS_H

#include "assign.h"

/* Of one report; all three must outlive it.  For one thread: what many questions need is made
 * at the first. */
typedef struct GuardNetworks GuardNetworks;
GuardNetworks *guard_networks_new(const Report *report, const Assignment *assignment,
                                  const Customers *customers);
GuardNetworks *guard_networks_share(const GuardNetworks *networks); /* for another thread */
void guard_networks_free(GuardNetworks *networks);

/* The addresses with which the networks are written that these events, one customer's, lie in:
 * a set of Address; g_hash_table_unref(). */
GHashTable *guard_networks_written(const GuardNetworks *networks, const guint32 *events,
                                   guint n_events);

/* Is every event about the affected address the customer's who has this event? */
gboolean guard_networks_own(GuardNetworks *networks, const Address *address, guint32 event);

#endif

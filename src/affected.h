/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* affected: what a column or a key is about, by its name.
 *
 * Names are read word by word ("client_ip_addr", "IP-Adresse(n)", "ip.src"), case and
 * umlauts' spellings ignored; one word that is not in the lists makes it some other
 * column ("ip owner").  Used for the manual family and for the old format with |; the
 * automated family knows "ip" and "timestamp" only. */
#ifndef CERTBUND_AFFECTED_H
#define CERTBUND_AFFECTED_H

#include "table.h"

#define COLUMNS_NAME_MAX 60 /* bytes; what is longer is no name but a sentence */

typedef enum {
    COLUMN_OTHER,
    COLUMN_AFFECTED, /* ip, IP address, Victim IP, client_ip_addr, SUSPICIOUS HOST */
    COLUMN_SOURCE,   /* src_ip, srcip, ip.src, Quell-IP: affected where nothing better is */
    COLUMN_DENIED    /* C2 host, dst_ip, dstip, server_ip_addr, Ziel-IP: never */
} ColumnKind;

ColumnKind column_kind(const char *name, gsize length);

/* 0: no time; the lowest other number is the time of the event ("timestamp" before
 * "LastSeen" before "FirstSeen").  A zone behind the name does not matter. */
guint column_time_rank(const char *name, gsize length);

/* The affected column among kinds[0..n): the only COLUMN_AFFECTED, else the only
 * COLUMN_SOURCE; -1 when there is none, -2 when there are several. */
int columns_affected(const ColumnKind *kinds, guint n);

/* The table's column of the event's time, or -1. */
int columns_time(const Table *table);

#endif

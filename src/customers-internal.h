/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* customers-internal: how a snapshot lies in memory.
 *
 * Only for customers.c (questions), customers-csv.c (file to records),
 * customers-line.c (record to entry and customer), customers-cell.c (what a cell
 * may hold) and customers-index.c (making it searchable).
 *
 * A line of the file gives one entry: an IPv4 network, an IPv6 network or a
 * domain.  Entries are numbered within their kind in the order of lines.  For
 * each family of addresses the space is cut where a network begins or ends;
 * each segment points to a list of the entries that cover it, the most specific
 * first.  These lists share their tails (a nested network only puts itself
 * before the list around it), so nesting costs one link per network. */
#ifndef CERTBUND_CUSTOMERS_INTERNAL_H
#define CERTBUND_CUSTOMERS_INTERNAL_H

#include "customers.h"

/* An address as a number; high is 0 for IPv4. */
typedef struct {
    guint64 high, low;
} Number;

typedef struct {
    Number first, last;
} Bounds;

typedef struct {
    guint32 first, last;
} Bounds4;

typedef struct {
    gint64 from, until; /* inclusive, exclusive; TIMESTAMP_MAX: without end */
} Validity;

typedef struct {
    guint32 customer;
    guint32 line;
    guint32 validity; /* index; 0 is: always */
} Owner;

#define LINK_END 0
#define LINK_TIED 0x80000000u /* the next one has as many addresses */

typedef struct {
    guint32 entry; /* may have LINK_TIED set */
    guint32 next;  /* LINK_END, or a less or equally specific one */
} Link;

typedef struct {
    gboolean ipv4;
    GArray *bounds; /* of Bounds4 if ipv4, else Bounds; by entry */
    GArray *owners; /* of Owner; by entry */
    GArray *starts; /* of guint32 if ipv4, else Number; ascending, the first is 0 */
    GArray *heads;  /* of guint32: the link at which the segment's list begins */
    GArray *links;  /* of Link; the one at 0 is unused */
} Family;

typedef struct {
    GArray *names;  /* of guint32: place in texts; by entry */
    GArray *owners; /* of Owner; by entry */
    GArray *order;  /* of guint32: entries by name, then by line */
} Domains;

typedef struct {
    guint32 text; /* place in texts: a byte Deliver, then the strings of CustomerText in order */
    guint32 line; /* his first one */
} Record;

struct Customers {
    gatomicrefcount references;
    char *path;
    gint64 mtime;
    GString *texts;     /* all strings, each with its NUL */
    GArray *records;    /* of Record; by customer */
    GArray *validities; /* of Validity; 0 is: always */
    Family ipv4, ipv6;
    Domains domains;
};

typedef enum {
    TEXT_ID,
    TEXT_EMAIL,
    TEXT_CC,
    TEXT_NAME,
    TEXT_LANGUAGE,
    TEXT_BRAND,
    TEXT_ESCALATION,
    TEXT_REFERENCE,
    TEXT_KIND,
    TEXT_FORM,
    TEXT_N
} CustomerText;

/* Faults of one reading, of which at most CUSTOMERS_FAULTS_MAX are noted. */
typedef struct {
    Faults *faults;
    const char *path;
    guint noted;
    gboolean stop; /* there were more: nothing further is read */
} LoadFaults;

void load_fault(LoadFaults *faults, guint line, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Text of a cell as a fault may show it: cut, control characters replaced. */
char *load_quote(const char *text);

/* A column that describes the customer. */
typedef struct {
    const char *column;
    const char *unset;                                   /* what an empty cell means, or NULL */
    const char *expected;                                /* for the fault */
    gboolean (*read)(const char *cell, GString *text_r); /* append it; FALSE: not as expected */
} CustomerCell;

extern const CustomerCell customer_cells[TEXT_N];

/* cell: not empty.  FALSE: no such word. */
gboolean deliver_read(const char *cell, Deliver *deliver_r);

/* A domain as a line may give it (at least one dot). */
gboolean domain_read(const char *cell, GString *text_r);

/* The columns; those of the customer stand from COLUMN_TEXT on as in CustomerText. */
enum {
    COLUMN_NETWORK,
    COLUMN_DELIVER,
    COLUMN_FROM,
    COLUMN_UNTIL,
    COLUMN_TEXT,
    COLUMN_N = COLUMN_TEXT + TEXT_N
};

const char *column_name(int column);

typedef struct {
    Customers *customers; /* that is being made */
    LoadFaults faults;
    guint32 line;                /* on which the record in hand begins */
    const char *cells[COLUMN_N]; /* of it, without blanks around; "" where there is none */

    GHashTable *ids;     /* id -> number of the customer */
    GStringChunk *keys;  /* the ids */
    const char *last_id; /* lines of one customer mostly follow each other */
    guint32 last_customer;
    GHashTable *unknown; /* columns to hide that were warned of: char *, owned */
} Loader;

void loader_init(Loader *loader, Customers *customers, Faults *faults);
void loader_clear(Loader *loader);

/* Take the record in hand into the snapshot, or note why not. */
void loader_read(Loader *loader);

Number number_from_address(const Address *address);
Address number_to_address(Number number, gboolean ipv4);
int number_compare(Number a, Number b);

Bounds family_bounds(const Family *family, guint32 entry);
const char *domains_name(const Customers *customers, guint32 entry);

Customers *customers_new(const char *path);

/* Cut the families into segments and sort the domains.  Adds faults for networks
 * that two customers have at one time, and for CUSTOMERS_DEPTH_MAX and
 * CUSTOMERS_LINKS_MAX. */
void customers_index(Customers *customers, LoadFaults *faults);

#endif

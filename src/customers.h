/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* customers: address or mail account, and a time -> customer.
 *
 * A snapshot read from customers.csv: immutable once loaded, so any number of
 * threads may use it, and a reload makes a new one.  A whole report is answered
 * in one call.  The memory for a million networks is bounded (see bench): hence
 * customers and lines are numbers here, and a Customer is a view that is filled
 * when asked for.
 *
 * Rules: the most specific network (fewest addresses) that is valid at the
 * event's time wins; overlaps and nesting are allowed; the same network for two
 * customers at the same time is a fault.  A mail account is looked up by its
 * domain alone, the longest suffix at a dot wins. */
#ifndef CERTBUND_CUSTOMERS_H
#define CERTBUND_CUSTOMERS_H

#include "address.h"
#include "faults.h"

#define CUSTOMERS_FILE_MAX (256 * 1024 * 1024) /* bytes; 3 million lines; bounds memory */
#define CUSTOMERS_ID_MAX 200                    /* bytes of a customer's id */
#define CUSTOMERS_CELL_MAX 4096                 /* bytes of any other cell */
#define CUSTOMERS_DEPTH_MAX 1000 /* lines whose networks may cover one address; bounds lookups */
#define CUSTOMERS_LINKS_MAX (16 * 1024 * 1024) /* only partly overlapping ranges cost more
                                                  than one link each; bounds memory */
#define CUSTOMERS_FAULTS_MAX 100 /* then reading stops: it is not the right file */
#define CUSTOMERS_ZONE_SECS (14 * 3600) /* UTC+14 is the farthest zone there is */

typedef enum {
    DELIVER_NOTIFY,
    DELIVER_HOLD,
    DELIVER_NONE,
    DELIVER_POOL,
    DELIVER_DIGEST /* notify, but one mail a day where it is not urgent */
} Deliver;

const char *deliver_name(Deliver deliver); /* "notify", ... as in the file */

/* One customer.  Strings are owned by the snapshot, never NULL, "" when not given. */
typedef struct {
    const char *id;
    const char *email; /* one or more addr-specs, ";" between, no blanks; "" only when
                          deliver is none or pool */
    const char *cc;    /* likewise */
    const char *name;
    const char *language; /* "de", "en", "de en"; empty means "de en" */
    const char *brand;    /* id of the layout; empty means "default" */
    const char *escalation, *reference, *kind, *form;
    Deliver deliver;
    guint32 line; /* of customers.csv: his first line */
} Customer;

/* What is asked: an address (account NULL) or a mail account, and the span of
 * time in which the event surely lies (earliest == latest when it is certain,
 * TIMESTAMP_MIN..TIMESTAMP_MAX when there is no time).  port (0: unknown) and
 * protocol (NULL: unknown) are for sources that need them; CSV does not. */
typedef struct {
    const Address *address;
    const char *account;
    gint64 earliest, latest;
    guint16 port;
    const char *protocol;
} CustomerKey;

typedef enum {
    ANSWER_NONE,     /* nobody has it */
    ANSWER_CUSTOMER, /* the same customer at every instant of the span */
    ANSWER_AMBIGUOUS /* it depends on the instant, or on two equal networks */
} AnswerKind;

typedef struct {
    AnswerKind kind;
    guint32 customer; /* for customers_get(), when ANSWER_CUSTOMER */
    guint32 line;     /* of customers.csv: the one that decided (at the span's begin) */
} CustomerAnswer;

typedef struct Customers Customers;

/* Read path (RFC 4180 CSV with commas, UTF-8, BOM allowed, header names the
 * columns, lines that are empty or begin with # are skipped, blanks around a
 * cell are cut off).  Every fault is added to faults, with the line on which its
 * record begins, up to CUSTOMERS_FAULTS_MAX; NULL if there was any.  A file that
 * can't be read is a fault of line 0; one without customers is a warning. */
Customers *customers_load(const char *path, Faults *faults);
Customers *customers_ref(Customers *customers);
void customers_unref(Customers *customers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Customers, customers_unref)

/* Answer n keys.  FALSE only for a failing source (CERTBUND_ERROR_TEMPORARY);
 * the CSV snapshot can't fail.  ANSWER_CUSTOMER only if the same customer wins at
 * every instant of the span; a span that is empty (latest before earliest) is
 * ANSWER_AMBIGUOUS, a key with neither address nor account ANSWER_NONE. */
gboolean customers_lookup(const Customers *customers, const CustomerKey *keys, gsize n,
                          CustomerAnswer *answers_r, GError **error);

void customers_get(const Customers *customers, guint32 customer, Customer *customer_r);

/* The customer of this id; FALSE: there is none.  Looks at one after the other (10 ms for
 * a million), for what happens now and then. */
gboolean customers_find(const Customers *customers, const char *id, guint32 *customer_r);

Deliver customers_deliver(const Customers *customers, guint32 customer); /* of it, but cheap */
guint customers_count(const Customers *customers);

/* The network or domain of a line in its shortest form; caller frees; NULL when
 * the line holds none. */
char *customers_network_of_line(const Customers *customers, guint32 line);

const char *customers_path(const Customers *customers);
gint64 customers_mtime(const Customers *customers); /* seconds since the epoch */
guint customers_n_networks(const Customers *customers); /* lines with a network or domain */

/* How many of customers_n_networks(old) have a network or domain that is not in new,
 * whoever has it there. */
guint customers_n_dropped(const Customers *old, const Customers *new_);

#endif

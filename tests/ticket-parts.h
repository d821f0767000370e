/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ticket-parts: what ticket-*.c have in common. */
#ifndef CERTBUND_TESTS_TICKET_PARTS_H
#define CERTBUND_TESTS_TICKET_PARTS_H

#include "ticket-maker.h"

#define OE "\xc3\xb6"
#define UE "\xc3\xbc"
#define SZ "\xc3\x9f"

typedef struct {
    const char *format; /* of GDateTime */
    gboolean zone;
} TimeFormat;

#define TIME_FORMATS 12
extern const TimeFormat time_formats[TIME_FORMATS];

typedef enum { AS_LINES, AS_CELLS, AS_ATTACHMENT } Place;

typedef struct {
    char delimiter;
    gboolean header, quoted;
    Place place;
} Layout;

/* Addresses and cells; caller frees. */
char *affected(Ticket *ticket);
char *foreign(Ticket *ticket);
char *defanged(Ticket *ticket);
char *hostile(Ticket *ticket);
char *written(gint64 time, const char *format);

gint64 any_time(Ticket *ticket);
guint n_rows(Ticket *ticket);
void add_truth(Ticket *ticket, const char *ip, gint64 time, gboolean zone);

/* Tables, each of some kind of report: ticket-tables.c. */
void systembc(Ticket *ticket, const Layout *layout);
void bot_rows(Ticket *ticket, const Layout *layout);
void reflection(Ticket *ticket, const Layout *layout);
void ssh(Ticket *ticket, const Layout *layout);
void flows(Ticket *ticket, const Layout *layout);

#endif

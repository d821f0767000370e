/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ticket-maker: a seed -> a manual ticket as CERT-Bund's people write it, and the truth.
 *
 * Every dialect of the manual family, and the automated one's old format: with hostile cells,
 * hard wrapping, HTML by OTRS' rules, both languages, all salutations and sign-offs, signatures,
 * footers, and forwarded copies that name foreign addresses.  Affected addresses are of
 * 192.0.2.0/24, 198.51.100.0/24 and 2001:db8:1::/48, all others of 203.0.113.0/24 and
 * 2001:db8:bad::/48: so whatever is taken by mistake shows. */
#ifndef CERTBUND_TESTS_TICKET_MAKER_H
#define CERTBUND_TESTS_TICKET_MAKER_H

#include "report.h"

typedef struct {
    char *ip;
    gint64 time;   /* what is meant, if zone */
    gboolean zone; /* a zone is stated */
    char **cells;  /* of a table; or NULL */
} TicketRow;

typedef struct {
    const char *dialect;
    Certainty certainty;
    gboolean hold;      /* there is nothing that may be read */
    GPtrArray *rows;    /* of TicketRow; those of the report, in order */

    /* What ticket-mail.c makes the mail of. */
    GRand *rand;
    GPtrArray *lines;   /* of text; TICKET_TABLE is where the cells stand */
    GPtrArray *cells;   /* of char **: a real table in HTML, flattened in the text; or NULL */
    char *attachment, *attachment_name; /* or NULL */
    gboolean german, automated;
} Ticket;

#define TICKET_TABLE "\x01"
#define TICKET_DIALECTS 22

Ticket *ticket_make(guint32 seed);
void ticket_free(Ticket *ticket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ticket, ticket_free)

/* The mail; with HTML, hard wrapping and signature as the seed has it. */
GBytes *ticket_mail(Ticket *ticket);

/* For both files: below n; one of the strings; a chance of percent. */
guint ticket_below(Ticket *ticket, guint n);
const char *ticket_pick(Ticket *ticket, const char *const *strings, guint n);
gboolean ticket_chance(Ticket *ticket, guint percent);
void ticket_line(Ticket *ticket, const char *format, ...) G_GNUC_PRINTF(2, 3);

#define TICKET_PICK(ticket, ...)                                                                   \
    ticket_pick(ticket, (const char *const[]){ __VA_ARGS__ },                                      \
                G_N_ELEMENTS(((const char *const[]){ __VA_ARGS__ })))

#endif

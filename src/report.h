/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* report: one CERT-Bund mail, read: ticket, title, class, events.
 *
 * A Report owns all it points to.  Reading never guesses: what is in doubt is
 * said in `doubt`, and a report in doubt has no events.
 *
 * Automated family: the table stands in the first text part behind the line
 * "Betroffene Systeme in Ihrem Netzbereich:" (and "Affected hosts on your
 * networks:" below it), ends at an empty line, and the sign-off follows; or it
 * is the whole attachment events.csv, or the one CSV in an attached zip (zip.h; a
 * zip that can't be read is in doubt whatever it holds).  Columns are found by name only: "ip" is
 * the affected address, "timestamp" its time, UTC by format.  An address-like
 * text in any other column is none.
 *
 * Manual family: recognised, not yet read: `unread` is set. */
#ifndef CERTBUND_REPORT_H
#define CERTBUND_REPORT_H

#include "address.h"
#include "message.h"
#include "subject.h"
#include "table.h"
#include "tlp.h"

#define REPORT_UNREADABLE_PERCENT 5 /* more rows than this without address: drift */

#define REPORT_QUOTE_MAX (16 * 1024) /* bytes; it stands in every notice, and real ones have 3,000 */

typedef enum { CERTAINTY_TABLE, CERTAINTY_LIST, CERTAINTY_TEXT } Certainty;

typedef enum {
    WHEN_UTC,  /* time is certain */
    WHEN_ZONE, /* time is as written, its zone unknown: up to 14 h off */
    WHEN_NONE  /* none that could be read */
} WhenCertainty;

/* One row of the table, in the table's order: event i is row i. */
typedef struct {
    Address address; /* all zero when unreadable */
    gint64 time;     /* seconds since the epoch; 0 when WHEN_NONE */
    guint8 time_certainty;
    guint8 unreadable; /* the address cell holds no address, or account is none */
} Event;

typedef struct {
    Subject *subject;
    char *class_id;
    char *message_id; /* as written with <>, or "" */
    char *doubt;      /* why nothing in it can be trusted, one line; or NULL */
    gboolean unread;  /* manual family */
    Tlp tlp;          /* in the subject, or in CERT-Bund's own words round the table */
    Certainty certainty;
    Table *table;     /* NULL when doubt or unread */
    char **columns;   /* its column names as written; also when the doubt is that one is lost */
    guint address_column, time_column;
    int account_column; /* -1 unless the class is about mail accounts */
    Event *events;
    guint n_events;
    guint n_unreadable;
    char *quote_de, *quote_en; /* CERT-Bund's own words, see report_read(); or NULL */
} Report;

/* CERTBUND_ERROR_INPUT only when no ticket stands in the subject; everything
 * else that is wrong with a report is told by its doubt.
 *
 * quote_*: the explaining paragraphs between salutation and the notes on
 * signature and replies, lines as written, LF, without banner, salutation,
 * reply notes, separator lines, table and sign-off; cut at REPORT_QUOTE_MAX. */
Report *report_read(Message *message, GError **error);

/* A report of our own making: this table (taken over; it has the columns ip and timestamp),
 * without a mail.  NULL, with CERTBUND_ERROR_BUG, when it is none. */
Report *report_of_table(Table *table, const char *subject, const char *class_id, GError **error);
void report_free(Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

/* Text of event i's address cell, time cell, and mailbox (NULL unless the class
 * is about mail accounts); owned by the report. */
const char *report_address_text(const Report *report, guint i);
const char *report_time_text(const Report *report, guint i);
const char *report_account(const Report *report, guint i);

/* Who or what event i is about: its account, where the class has such, else its address in
 * text_r.  Events about the same have the same text. */
const char *report_subject_text(const Report *report, guint i, char text_r[ADDRESS_TEXT_SIZE]);

/* Sort event numbers so that those about the same stand together, each run in the
 * report's order; and where the run that begins at start ends (one behind). */
void report_sort_by_subject(const Report *report, guint32 *events, guint n);
guint report_subject_run_end(const Report *report, const guint32 *events, guint n, guint start);

#define REPORT_DIGEST_SIZE 32 /* bytes, of SHA-256 */

/* SHA-256 over the column names and the cells of row i: a row of the same ticket that was
 * there before has the same. */
void report_event_digest(const Report *report, guint i, guint8 digest_r[REPORT_DIGEST_SIZE]);

/* SHA-256 (hex, caller frees) over column names and cells in order: the digest
 * of law 4, the same for two copies of a mail however they were encoded. */
char *report_digest(const Report *report);

#endif

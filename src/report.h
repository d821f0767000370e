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
 * Its format of 2017 and before, "Format: ASN | IP address | Timestamp (UTC) | ..." with |
 * between the cells, is read at the same place; there the names are those of affected.h.
 *
 * Shadowserver's: all of the one attached CSV, plain or in a zip, whose name is the ticket
 * (shadowserver.h); "ip", or what shadowserver.csv says, is the affected address, "timestamp"
 * its time, UTC by format.  Of the mail's text nothing is read but a TLP marking.
 *
 * Manual family: one carrier is read, in CERT-Bund's own words (letter.h), the first of: a
 * table of any dialect (dialect.h), log lines, keys, a list, one sentence (listing.h); of
 * attachments (text, or a zip with one .csv, .tsv, .txt or .tab) only when those words name
 * none.  What is not affected stays out:
 *   columns and keys of the other side     C2 host, dst_ip, dstip=, Ziel-IP: (affected.h)
 *   behind the first address of a row      2021-03-25,192.0.2.7,PC$,198.51.100.9 without header
 *   defanged addresses, the attackers'     198.51.100[.]9, 198.51.100.9[:]443
 *   URLs and hosts' names                  http://198.51.100.9/x, host-192.0.2.7.example.net
 *   version numbers                        Version 4.2.3.1, Chrome/4.2.3.1
 *   phone numbers, signatures              all below "Mit freundlichen", "Regards", "-- "
 *   forwarded and cited mails              below "---- Weitergeleitete Nachricht", Von/An/Betreff;
 *                                          of "> " lines only keys: "> SUSPICIOUS HOST : 192.0.2.7"
 *   nobody's addresses, outside of tables  10.0.0.1, 127.0.0.1, 169.254.0.1, 224.0.0.1, fe80::1;
 *                                          a column with a name is believed
 * In doubt is what is not told apart by these: an address beside the carrier, a list or
 * sentence of "C2", "exfiltriert", "target" (words.h), a network, two affected columns, HTML
 * and text or attachment that differ, a row without address, and a mail without any. */
#ifndef CERTBUND_REPORT_H
#define CERTBUND_REPORT_H

#include "address.h"
#include "message.h"
#include "subject.h"
#include "table.h"
#include "tlp.h"

#define REPORT_UNREADABLE_PERCENT 5 /* more rows than this without address: drift */

#define REPORT_QUOTE_MAX (16 * 1024) /* bytes; it stands in every notice, and real ones have 3,000 */

typedef enum {
    CERTAINTY_TABLE, /* a row of a table */
    CERTAINTY_LIST,  /* a log line, a key, a line of a list */
    CERTAINTY_TEXT   /* a sentence */
} Certainty;

typedef enum {
    WHEN_UTC,  /* time is certain */
    WHEN_ZONE, /* time is as written, its zone unknown: up to 14 h off */
    WHEN_NONE  /* none that could be read */
} WhenCertainty;

/* One row of the table, in the table's order: event i is row i. */
typedef struct {
    Address address; /* all zero when unreadable */
    gint64 time;     /* seconds since the epoch; 0 when WHEN_NONE */
    guint32 line;    /* where it stood: the line of its part in the manual family, the row in
                        the automated one; both from 1 */
    guint16 part : 12; /* of the mail, from 1; MESSAGE_PARTS_MAX fits */
    guint16 certainty : 4;
    guint8 time_certainty;
    guint8 unreadable; /* the address cell holds no address, or account is none */
} Event;

typedef struct {
    Subject *subject;
    char *class_id;
    char *message_id; /* as written with <>, or "" */
    char *doubt;      /* why nothing in it can be trusted, one line; or NULL */
    gboolean answer;  /* a reply or a forward: a person's, whose words are round others' */
    gboolean unread;  /* manual family, in doubt: a person must read it */
    Tlp tlp;          /* in the subject, or in CERT-Bund's own words round the table */
    Table *table;     /* NULL when doubt */
    char **columns;   /* its column names as written; also when the doubt is that one is lost */
    guint address_column;
    int time_column;  /* -1 when the manual family's table has no times */
    int account_column; /* -1 unless the class is about mail accounts */
    Event *events;
    guint n_events;
    guint n_unreadable;
    gboolean both_sources; /* rows of our own making (digest.h), of reports of each source */
    char *quote_de, *quote_en; /* CERT-Bund's own words, see report_read(); or NULL */
} Report;

/* Read message as a report of this source.  CERTBUND_ERROR_INPUT only when CERT-Bund's has no
 * ticket in the subject; everything else that is wrong with a report is told by its doubt.
 *
 * quote_*: the explaining paragraphs between salutation and the notes on
 * signature and replies, lines as written, LF, without banner, salutation,
 * reply notes, separator lines, table and sign-off; cut at REPORT_QUOTE_MAX.  Of the manual
 * family what stands between the salutation and the first address, in one language. */
Report *report_read_of(ReportSource source, Message *message, GError **error);

/* The same, whosesoever it is: Shadowserver's when it has no ticket, but one table attached
 * that is named as Shadowserver names them.  For people's eyes: nothing is proven by that. */
Report *report_read(Message *message, GError **error);

/* A report of our own making: this table (taken over; it has the columns ip and timestamp),
 * without a mail, under the ticket of another.  NULL, with CERTBUND_ERROR_BUG, when it is
 * none. */
Report *report_of_table(Table *table, const Subject *of, const char *class_id, GError **error);
void report_free(Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

/* Text of event i's address cell, time cell ("" without such a column), and mailbox (NULL unless the class
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

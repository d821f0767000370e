/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ledger: what must survive: reports, the fate of every event, notices.
 *
 * Operations, never SQL: another engine can stand behind this header.  Ids are
 * opaque texts made of keys, times are integer microseconds since the epoch, UTC,
 * uniqueness is a constraint, work is claimed with a lease.  The engine is SQLite
 * (WAL, synchronous=FULL); sqlite3.h is included by ledger*.c only.
 *
 * Threads: one Ledger may be used by any number of threads; a lock inside
 * serialises them, and a transaction holds it from begin to commit or abort, by the
 * thread that began it.  A LedgerRow must not call the ledger.
 * Processes: the daemon and certbundctl use the same file at the same time.
 * Errors: CERTBUND_ERROR_TEMPORARY (busy too long, disk full, I/O error, read-only),
 * CERTBUND_ERROR_INPUT (no such thing, a transition that is not allowed, a file
 * that is no ledger or of a newer version), CERTBUND_ERROR_BUG (corrupt).
 *
 * Why a report is known again by its key: a key is the ticket and the digest of
 * the decoded rows (report_digest), so two copies of a mail are one however they
 * came (other Received lines, envelope, boundaries).  Only a proven report takes
 * a key: an unproven copy must not keep the genuine one out.  The same ticket
 * with other rows is a follow-up: only events not yet recorded under the ticket
 * count.  The same rows under a new ticket are CERT-Bund's correction or a new
 * finding, and do notify.  */
#ifndef CERTBUND_LEDGER_H
#define CERTBUND_LEDGER_H

#include "assign.h"

#define LEDGER_BUSY_MSECS 10000  /* another process writes; then temporary */
#define LEDGER_LEASE_SECS 600    /* a worker that died gives its claims back */
#define LEDGER_AHEAD_SECS 172800 /* due later than this: the clock has jumped back, due now */

typedef struct Ledger Ledger;

/* The daemon creates what is missing, migrates forward, and is alone: a second
 * daemon on the same file is refused (CERTBUND_ERROR_TEMPORARY).  A tool needs an
 * existing file.  Quick checks only; see ledger_check_integrity(). */
typedef enum { LEDGER_DAEMON, LEDGER_TOOL } LedgerUse;
Ledger *ledger_open(const char *path, LedgerUse use, GError **error);
void ledger_close(Ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_close)

/* TRUE when the last daemon did not end by ledger_close(). */
gboolean ledger_was_unclean(const Ledger *ledger);

/* The engine's full check, on a connection of its own: nobody waits for it, but it
 * reads the whole file (4 s for 1.2 GB in memory).  FALSE: error tells the first fault, and
 * when it is damage (CERTBUND_ERROR_BUG) this Ledger records and hands out nothing more. */
gboolean ledger_check_integrity(Ledger *ledger, GError **error);

/* Law 1, counted again over the whole ledger: the sums of each report are those of its
 * events.  CERTBUND_ERROR_BUG names the first that is not so; nothing else follows. */
gboolean ledger_check_sums(Ledger *ledger, GError **error);

/* ---- reports */

typedef enum {
    REPORT_DONE,       /* its rows have their fates, its notices are made */
    REPORT_HELD,       /* bytes are kept; release runs it again */
    REPORT_UNVERIFIED, /* bytes are kept; accept makes it held */
    REPORT_UNREAD,     /* manual family, in doubt; bytes are kept */
    REPORT_DROPPED,
    REPORT_STATE_N
} ReportState;
/* held -> done | dropped; unverified -> held | dropped; unread -> held | dropped */

typedef enum {
    NOTICE_PENDING,     /* the outbox hands it over when it is due */
    NOTICE_HELD,        /* release makes it pending, drop dropped */
    NOTICE_PILOT,       /* made in pilot mode: never sent */
    NOTICE_HANDED_OVER, /* the MTA said 250 */
    NOTICE_BOUNCED,
    NOTICE_FAILED, /* refused for good, or too long not taken */
    NOTICE_DROPPED,
    NOTICE_IN_MTA, /* a report's mail became it (rewrite-single): never claimed */
    NOTICE_STATE_N
} NoticeState;
/* pending -> handed-over | failed | dropped; handed-over -> bounced;
 * held -> pending | dropped; failed -> pending (retry) | dropped;
 * in-mta -> bounced | pending (retry) */

const char *report_state_name(ReportState state);
const char *notice_state_name(NoticeState state); /* "pending", "handed-over", ... */

typedef struct {
    const char *ticket, *title, *class_id;
    const char *digest; /* of report_digest(), or NULL: takes no key */
    const char *message_id, *queue_id;
    const char *status, *reason; /* as in the mark */
    const char *provenance, *evidence;
    const char *mode; /* "live", "pilot", "redirect" */
    gboolean critical;
    gint64 sent; /* usecs, 0 unknown */
    ReportState state;
    GBytes *bytes;      /* the mail, kept when held, unverified or unread; or NULL */
    const char *client; /* address text, or "" */
    gint64 now;         /* usecs, when it is recorded; 0: the clock's time */
    const char *signature; /* names the signature that proves it, or NULL */
    gboolean part;         /* and only its signed part is proven */
} LedgerReport;

typedef struct {
    guint row;           /* from 0 */
    const char *address; /* canonical, or "" */
    const char *account; /* or "" */
    gint64 time;         /* usecs, 0 unknown */
    const char *digest;  /* hex of the event's column names and cells */
    Fate fate;
    Reason reason;
    const char *customer; /* or "" */
    const char *notice;   /* id of the notice that tells it, or "" */
} LedgerEvent;

typedef struct {
    const char *id;        /* opaque, from its key: unique */
    const char *reference; /* "A-7F3K2Q": unique */
    const char *customer;  /* "" for the desk's mails */
    const char *group;     /* "" or an address; of a mail about another notice, that one's
                            * reference: a desk's mail is erased with the notice it quotes */
    const char *class_id;
    NoticeState state;
    const char *sender; /* envelope, "" null sender */
    const char *const *recipients;
    const char *message_id, *subject;
    GBytes *bytes;
    const char *template_digest, *config_digest;
    guint customer_line; /* of customers.csv, 0 unknown */
    guint n_events;
    gint64 due; /* usecs: not handed over before */
    const char *why; /* it is held; or NULL */
} LedgerNotice;

/* ---- recording one report: one transaction, law 3.  Nothing of it is there
 * unless ledger_commit() has returned TRUE, and then it is on disk. */

typedef enum {
    LEDGER_NEW,
    LEDGER_DUPLICATE, /* the key is known: nothing to record; the transaction is over, and
                       * what is returned only wants ledger_abort() */
    LEDGER_FOLLOW_UP  /* the ticket is known with other rows: see ledger_event_known() */
} LedgerOutcome;

typedef struct LedgerTransaction LedgerTransaction;

/* person: "" for the daemon itself.  released: id of a held report that is being
 * run again (its key and provenance are its own; its events' fates are given anew; an accepted
 * one gets
 * its key now, and is LEDGER_DUPLICATE when the genuine one came meanwhile), or NULL.
 * NULL on failure.  A failure of any call below is remembered and fails the commit, so
 * calls without an error need none. */
LedgerTransaction *ledger_begin(Ledger *ledger, const LedgerReport *report, const char *released,
                                const char *person, LedgerOutcome *outcome_r, GError **error);

/* Why the person does it: kept with the change that the commit notes. */
void ledger_explain(LedgerTransaction *transaction, const char *why);

/* The report's opaque id, made of its key; owned by the transaction. */
const char *ledger_report_id(const LedgerTransaction *transaction);

/* Is an event of this digest recorded under this ticket by another proven report that
 * was not dropped?  The caller adds all rows of a follow-up; a known one gets
 * FATE_SUPPRESSED, and such a one never makes others known in turn (else a follow-up to
 * a held report would keep its rows from ever being told).  Always FALSE unless
 * LEDGER_FOLLOW_UP. */
gboolean ledger_event_known(LedgerTransaction *transaction, const char *digest);

/* When a customer was last told of this address (or account) and class. */
typedef struct {
    gint64 first_seen, last_seen, last_told, last_critical; /* usecs, 0 never */
    guint times;
} LedgerTold;
gboolean ledger_told(LedgerTransaction *transaction, const char *customer, const char *class_id,
                     const char *subject, LedgerTold *told_r, GError **error);

/* An exemption that holds now for this address and class: its id, else NULL. */
char *ledger_exempted(LedgerTransaction *transaction, const Address *address, const char *class_id);

/* TRUE when mail to this contact bounced for good and nobody has said `ok` since. */
gboolean ledger_contact_bounced(LedgerTransaction *transaction, const char *address);

/* The first other ticket under which the same signature came, or NULL; caller frees.  *n_r:
 * how many such reports there are. */
char *ledger_signature_elsewhere(LedgerTransaction *transaction, guint *n_r);

/* How many other reports have come since then that are still unverified. */
guint ledger_unverified_since(LedgerTransaction *transaction, gint64 since);

/* How many customer notices have become pending or handed over since then. */
guint ledger_notices_since(LedgerTransaction *transaction, gint64 since);

gboolean ledger_reference_taken(LedgerTransaction *transaction, const char *reference);
gboolean ledger_add_event(LedgerTransaction *transaction, const LedgerEvent *event, GError **error);
gboolean ledger_add_notice(LedgerTransaction *transaction, const LedgerNotice *notice,
                           GError **error);

/* A notice that grows from report to report until it is due (a daily digest). */
typedef enum {
    LEDGER_UNGROWN, /* there is none of this id yet */
    LEDGER_GROWING,
    LEDGER_GROWN /* due, claimed, or decided by a person: it must stay as it is */
} LedgerGrowth;

/* *lines_r: what ledger_put_growing() was last given, and *reference_r: the notice's; both
 * when LEDGER_GROWING, else NULL; caller frees. */
gboolean ledger_growth(LedgerTransaction *transaction, const char *id, LedgerGrowth *growth_r,
                       char **lines_r, char **reference_r, GError **error);

/* Add it, or put this in place of it (LEDGER_GROWING); its reference stays.  lines: UTF-8. */
gboolean ledger_put_growing(LedgerTransaction *transaction, const LedgerNotice *notice,
                            const char *lines, GError **error);

/* Note that the customer is told now (usecs) of this address or account (subject: the
 * account where the event has one, else the address as in the event).  When the notice
 * later fails, or is dropped while pending, its events count as not told again; when a
 * held or failed one becomes pending, as told then. */
gboolean ledger_add_told(LedgerTransaction *transaction, const char *customer, const char *class_id,
                         const char *subject, gint64 seen, gint64 now, gboolean critical,
                         GError **error);

/* The report has to wait for a person after all: why, and the mail itself, which is then
 * kept.  Instead of LedgerReport.bytes where that is not known at the begin. */
gboolean ledger_keep_waiting(LedgerTransaction *transaction, const char *reason, GBytes *bytes,
                             GError **error);

/* Bytes of mails that are kept although anybody may have sent them: unverified ones, and those
 * that wait and of which only the signed part is proven. */
guint64 ledger_doubtful_bytes(LedgerTransaction *transaction);

/* Law 1 is checked against the report's rows: every row from 0 to n_rows - 1 was added
 * once; and every notice that an event names was added.  CERTBUND_ERROR_BUG else.  The
 * transaction is over either way.  A commit that failed while syncing and is followed by a
 * crash may yet be found in the file: then the MTA's retry is a duplicate. */
gboolean ledger_commit(LedgerTransaction *transaction, guint n_rows, const char *status,
                       ReportState state, GError **error);
void ledger_abort(LedgerTransaction *transaction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerTransaction, ledger_abort)

/* ---- what is remembered of classes */

#define LEDGER_COLUMNS_MAX 300  /* per class; no feed has more than 60, a hostile report might */
#define LEDGER_CLASSES_MAX 1000 /* of which the desk was told: titles make new ones */

/* A column of a class: one that the report has (present), or one that the class is known for.
 * An optional one may lack.  name: UTF-8; the class's own one where the report's is another. */
typedef struct {
    const char *name;
    gboolean present, expected, optional;
} LedgerColumn;

/* Note which columns a report of this class has.  For each column that is new or is missing
 * for the first time, against the class and what was seen before, a line is added to drift
 * (char *).  Of a class that expects none the first report says what is expected.  Above
 * LEDGER_COLUMNS_MAX a new name is passed over. */
gboolean ledger_learn_columns(LedgerTransaction *transaction, const char *class_id,
                              const LedgerColumn *columns, guint n, GPtrArray *drift,
                              GError **error);

/* Has the desk not been told of this class yet?  FALSE too after LEDGER_CLASSES_MAX of them.
 * And: it is told now. */
gboolean ledger_class_is_new(LedgerTransaction *transaction, const char *class_id);
gboolean ledger_class_told(LedgerTransaction *transaction, const char *class_id, GError **error);

/* ---- the outbox */

typedef struct {
    char *id, *reference, *customer, *sender, *message_id, *ticket;
    char **recipients;
    GBytes *bytes;
    guint attempts;
    gint64 created;
    gboolean is_signed; /* these bytes are what ledger_store_signed() was given */
} LedgerClaim;
void ledger_claim_free(LedgerClaim *claim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerClaim, ledger_claim_free)

/* Up to max pending notices that are due, leased to worker; the desk's first, then the
 * oldest.  Empty
 * when there is none; *next_due_r (usecs, 0 none) is when the next one is.  A lease that
 * has ended by the caller's clock is still kept for LEDGER_LEASE_SECS of monotonic time
 * within the Ledger that gave it: a clock that jumps must not hand a notice over twice.
 * From the first claim on the notice has the SHA-256 of its bytes (the proof). */
GPtrArray *ledger_claim(Ledger *ledger, const char *worker, guint max, gint64 now,
                        gint64 *next_due_r, GError **error);

/* Give back what a worker of this name still holds (after a crash, or at a stop). */
gboolean ledger_unclaim(Ledger *ledger, const char *worker, GError **error);

typedef struct {
    const char *id;
    NoticeState state; /* HANDED_OVER, FAILED, or PENDING: try again at due */
    gint64 due;
    const char *reply;    /* the MTA's words */
    const char *queue_id; /* parsed from them, or "" */
} LedgerResult;

/* What goes out instead of a notice's bytes, on every try from now on. */
typedef struct {
    const char *id;
    GBytes *bytes;
} LedgerSigned;

/* Many in one commit, which is on disk when this returns TRUE.  One that is gone (erased) or
 * signed already is passed over. */
gboolean ledger_store_signed(Ledger *ledger, const LedgerSigned *notices, guint n, GError **error);

/* The notice in-mta, made since then (usecs), that the mail with this report has become; NULL
 * without an error: none.  Only the same mail, by its Message-ID, asks for it again: another
 * one with the same report is a copy. */
LedgerClaim *ledger_in_mta(Ledger *ledger, const char *ticket, const char *digest,
                           const char *message_id, gint64 since, GError **error);

/* Many results in one commit.  The same mark again is taken as done; a notice that is
 * not pending any more (erased, say) is passed over and told by CERTBUND_ERROR_INPUT when
 * the others have been committed. */
gboolean ledger_mark(Ledger *ledger, const LedgerResult *results, guint n, gint64 now,
                     GError **error);

/* A mail of our own making to the desk or an escalation contact, pending at once.  report:
 * an id or NULL.  Asked again with the same id it adds nothing and returns TRUE, so a
 * crash before the answer loses and repeats nothing. */
gboolean ledger_add_mail(Ledger *ledger, const LedgerNotice *notice, const char *report,
                         GError **error);

/* ---- bounces */

/* The notice of this reference has bounced: handed-over -> bounced, the recipients
 * that failed for good are marked.  *first_r: it had not bounced before.  recipient counts
 * only if it is one of the notice's; a notice's only recipient is meant in any case
 * (forwarding renames him).  CERTBUND_ERROR_TEMPORARY when the notice is still pending: the
 * bounce was quicker than our mark; CERTBUND_ERROR_INPUT when it was never handed over. */
gboolean ledger_bounced(Ledger *ledger, const char *reference, const char *recipient,
                        const char *status, gboolean for_good, gint64 now, gboolean *first_r,
                        GError **error);
gboolean ledger_contact_ok(Ledger *ledger, const char *address, const char *person, gint64 now,
                           GError **error);

/* ledger_contact_bounced() for who has no transaction. */
gboolean ledger_contact_is_bounced(Ledger *ledger, const char *address, gboolean *bounced_r,
                                   GError **error);

/* A notice, by reference or id, as it stands now.  CERTBUND_ERROR_INPUT when there is none. */
typedef struct {
    char *id, *reference, *customer, *group, *class_id, *message_id; /* never NULL */
    char *report;        /* id, or NULL: a mail of no report */
    char *ticket, *mode; /* of the report, or "" */
    char **recipients;   /* none once keep-content has passed */
    NoticeState state;
    gint64 handed_over; /* usecs, 0 never */
} LedgerNoticeInfo;
LedgerNoticeInfo *ledger_notice_info(Ledger *ledger, const char *id, GError **error);
void ledger_notice_info_free(LedgerNoticeInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerNoticeInfo, ledger_notice_info_free)

/* ---- people: every change notes time and person */

/* id: a notice's reference or id.  To pending (release, retry) or dropped; one that is
 * leased can't be dropped just now (CERTBUND_ERROR_TEMPORARY).  Released: its held events
 * become notified, and the report's sums follow. */
gboolean ledger_change_notice(Ledger *ledger, const char *id, NoticeState to, const char *person,
                              const char *why, gint64 now, GError **error);
/* id: a report's id, or a ticket: its newest report that can make this move.  Not to
 * done: that takes ledger_begin() with released. */
gboolean ledger_change_report(Ledger *ledger, const char *id, ReportState to, const char *person,
                              const char *why, gint64 now, GError **error);

/* *id_r: of the report of this key if it is held and only its signed part was proven, else
 * NULL; caller frees. */
gboolean ledger_weaker_copy(Ledger *ledger, const char *ticket, const char *digest, char **id_r,
                            GError **error);

/* The newest report of this ticket (or of this id) that has kept its bytes; one that waits
 * for a person comes before one that does not.  *part_r: LedgerReport.part.  Each *_r may be
 * NULL. */
GBytes *ledger_report_bytes(Ledger *ledger, const char *ticket_or_id, char **id_r,
                            ReportState *state_r, gboolean *part_r, GError **error);

typedef struct {
    Network network;
    const char *class_id; /* "" all */
    gint64 until;         /* usecs */
    const char *reason, *person;
} LedgerExemption;
gboolean ledger_exempt(Ledger *ledger, const LedgerExemption *exemption, gint64 now, char **id_r,
                       GError **error);
gboolean ledger_exempt_end(Ledger *ledger, const char *id, const char *person, gint64 now,
                           GError **error);

/* ---- questions.  A row is handed to each as texts by column name, in order;
 * columns are stable names for tables and JSON.  Values are UTF-8; times are
 * RFC 3339 UTC; rows of reports count from 1, as people do; NULL is nothing. */
typedef enum {
    LEDGER_REPORTS,    /* newest first; filter: state, ticket, id or NULL */
    LEDGER_NOTICES,    /* newest first; filter: state, reference, id or NULL */
    LEDGER_UNASSIGNED, /* events of fate unassigned or unreadable; filter: ticket or NULL */
    LEDGER_HELD,       /* reports and notices that wait for a person */
    LEDGER_SHOW,       /* filter: TICKET|REFERENCE|ADDRESS|CUSTOMER: events with their notices */
    LEDGER_CHANGES,    /* filter: as SHOW, or what was changed, or NULL: who did what when */
    LEDGER_EXEMPTIONS,
    LEDGER_CONTACTS, /* bounced ones */
    LEDGER_FAILURES, /* notices failed since the time in filter (RFC 3339) */
    LEDGER_NOTICES_OF, /* filter: as SHOW: its notices, also when the events are purged */
    LEDGER_DRIFT       /* columns of classes; filter: a class or NULL */
} LedgerQuestion;
typedef gboolean (*LedgerRow)(guint n_columns, const char *const *columns,
                              const char *const *values, gpointer data);
gboolean ledger_ask(Ledger *ledger, LedgerQuestion question, const char *filter, LedgerRow row,
                    gpointer data, GError **error);

/* The finished bytes of a notice by reference or id. */
GBytes *ledger_notice_bytes(Ledger *ledger, const char *id, GError **error);

/* ---- retention and people's rights; deleted means gone (secure_delete, WAL) */

/* Remove bytes, rows and personal cells of reports recorded before content, what remains
 * of those before proof (usecs since the epoch).  What still waits for a person is dropped
 * then, and noted; what is pending stays whole.  Where anything was removed the file is
 * rewritten (measured: 7 s for 1.2 GB), during which a commit waits: once a day at most. */
gboolean ledger_purge(Ledger *ledger, gint64 content, gint64 proof, guint *n_r, GError **error);
/* Everything about one customer as rows (the first column, kind, says which columns
 * follow: notice, event, told, contact), and its removal; pending notices too.  Sums of
 * reports stay, and so do the kept mails of reports that wait. */
gboolean ledger_export(Ledger *ledger, const char *customer, LedgerRow row, gpointer data,
                       GError **error);
gboolean ledger_erase(Ledger *ledger, const char *customer, const char *person, gint64 now,
                      guint *n_r, GError **error);

/* A small value that survives, by name ("last-failure-mail"); NULL if none. */
char *ledger_get(Ledger *ledger, const char *name);
gboolean ledger_set(Ledger *ledger, const char *name, const char *value, GError **error);

#endif

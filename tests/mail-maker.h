/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* mail-maker: columns and rows -> the bytes of a report mail, for tests.
 *
 * Writes what CERT-Bund's mailer writes, in all its variants, with encoders of
 * its own, so that a test doesn't check GMime with GMime.  Members left zero or
 * NULL give a plain German report with quoted-printable text. */
#ifndef CERTBUND_TESTS_MAIL_MAKER_H
#define CERTBUND_TESTS_MAIL_MAKER_H

#include <glib.h>

typedef enum { MAIL_QP, MAIL_BASE64, MAIL_8BIT } MailEncoding;

typedef enum {
    MAIL_INLINE,             /* the table stands in the text */
    MAIL_ATTACHED,           /* events.csv, text/csv */
    MAIL_ATTACHED_OCTETS,    /* events.csv, application/octet-stream */
    MAIL_ATTACHED_PLAIN      /* events.csv, text/plain without charset */
} MailPlace;

typedef struct {
    const char *ticket; /* "CB-Report#20250212-10000001" */
    const char *title;  /* "Offene Telnet-Server" */
    const char *scope;  /* "AS64496"; "" leaves " in ..." out */
    gboolean critical;  /* [KRITISCH] */

    const char *const *columns; /* NULL-terminated; NULL: asn ip timestamp */
    GPtrArray *rows;   /* of char **, each with as many cells as there are columns */
    const char *table; /* instead of columns and rows: these bytes, verbatim */
    const char *below; /* instead of blank line, sign-off and address; "" is nothing */

    MailEncoding encoding;
    MailPlace place;
    gboolean crlf;      /* line ends of the mail */
    gboolean bilingual;
    gboolean unsigned_; /* no multipart/signed round it */
    gboolean relayed;   /* by a list: multipart/mixed with a footer, From rewritten */

    const char *charset; /* of the text; "" leaves the parameter out */
    const char *from, *to, *message_id; /* as the fields have them */
    gint64 date;        /* seconds since the epoch; 0: 2025-02-12 09:57:07 UTC */
} MailOptions;

/* Caller frees with g_bytes_unref(). */
GBytes *mail_make(const MailOptions *options);

/* columns and rows as CERT-Bund writes them: every cell in quotes, LF. */
char *mail_make_table(const char *const *columns, GPtrArray *rows);

/* A row for GPtrArray with free function g_strfreev. */
char **mail_row(const char *first, ...) G_GNUC_NULL_TERMINATED;

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* notice: a rendered text -> one RFC 5322 message.
 *
 * The only writer of mails, with notice-fields.h; both include GMime.  Every
 * header value is encoded after RFC 2047, folded, and can't hold a line end;
 * the text is text/plain, UTF-8, quoted-printable (RFC 2045 section 6.7).  With a page the
 * two are a multipart/alternative (RFC 2046 section 5.1.4), with attachments this or the
 * text and those a multipart/mixed (section 5.1.3); their boundaries come from the
 * Message-ID: the same notice has the same bytes again. */
#ifndef CERTBUND_NOTICE_H
#define CERTBUND_NOTICE_H

#include <glib.h>

typedef struct {
    const char *from;       /* RFC 5322 mailbox, UTF-8 display name allowed */
    const char *reply_to;   /* likewise, or NULL or "" */
    const char *to_name;    /* display name of every To mailbox, or NULL or "" */
    const char *const *to;  /* addr-specs, NULL-terminated, at least one */
    const char *const *cc;  /* likewise, or NULL */
    const char *subject;    /* UTF-8 */
    const char *message_id; /* with <> */
    const char *language;   /* Content-Language (RFC 3282), or NULL */
    gint64 date;            /* seconds since the epoch, written as UTC */
    const GPtrArray *headers; /* further fields "Name: value", UTF-8, or NULL */
    GBytes *attached;       /* a whole mail to attach as message/rfc822, or NULL */
    GString *html;          /* the text as a page, LF line ends, taken over and freed; or NULL */
    GPtrArray *files;       /* of Attachment (attachment.h), taken over and freed; or NULL */
    GHashTable *known;      /* of notice_known_new(), for mails of one sender; or NULL */
} NoticeHead;

/* What is encoded alike in many mails, kept from one to the next; free with
 * g_hash_table_unref().  For one thread. */
GHashTable *notice_known_new(void);

/* text: UTF-8, LF line ends; taken over and freed, for it can be large.
 * The result has CRLF line ends.  CERTBUND_ERROR_BUG when from is no mailbox or
 * an address could break out of its field. */
GBytes *notice_write(const NoticeHead *head, GString *text, GError **error);

/* What stands behind the @ of Message-IDs from this RFC 5322 mailbox ("Name <a@b>" or "a@b"):
 * its domain, "localhost" when it has none; caller frees. */
char *notice_id_domain(const char *mailbox);

#endif

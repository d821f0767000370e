/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* notice-fields: header fields as they stand in a mail, and its text in its encoding; for
 * notice*.c only.
 *
 * Each appends whole lines with CRLF line ends to mail.  Values are UTF-8; bytes that are
 * not, and control characters, become blanks or U+FFFD, so that no value can end its line.
 * What is plain ASCII and fits on a line is put as it is; all else is GMime's to encode
 * (RFC 2047) and fold. */
#ifndef CERTBUND_NOTICE_FIELDS_H
#define CERTBUND_NOTICE_FIELDS_H

#include <glib.h>

#define NOTICE_LINE_MAX 76 /* bytes; RFC 2047 section 2 for encoded words, RFC 2045 for text */

void notice_field_text(GString *mail, const char *name, const char *value);

/* message_id: with <>; of it and of dates no reader expects folds within. */
void notice_field_message_id(GString *mail, const char *message_id);
void notice_field_date(GString *mail, gint64 secs);

/* Each address with the same display name (or NULL, ""); nothing when there is no address.
 * CERTBUND_ERROR_BUG when one is no addr-spec. */
gboolean notice_field_addresses(GString *mail, const char *name, const char *display,
                                const char *const *addresses, GError **error);

/* One mailbox, "Name <a@b>" or "a@b".  CERTBUND_ERROR_BUG when it is none. */
gboolean notice_field_mailbox(GString *mail, const char *name, const char *mailbox,
                              GError **error);

/* The addr-spec of such a mailbox, or NULL; caller frees.  name_r: its display name, or NULL
 * when it has none; may be NULL, else caller frees. */
char *notice_mailbox_address(const char *mailbox, char **name_r);

/* Quoted-printable, RFC 2045 section 6.7: LF becomes CRLF, a missing last one is added. */
void notice_quoted_printable(GString *mail, const char *text, gsize length);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* message: bytes of a mail -> MIME parts, decoded text, header fields.
 *
 * The only includer of GMime on the reading side.  A Message keeps a reference
 * on the bytes it was made of and decodes a part only when asked, so that a
 * large mail is not held twice.  Safe on any input; a message may be used by
 * one thread at a time. */
#ifndef CERTBUND_MESSAGE_H
#define CERTBUND_MESSAGE_H

#include <glib.h>

#define MESSAGE_PARTS_MAX 1000  /* leaf parts; BSI sends at most 6, bounds the walk */
#define MESSAGE_DEPTH_MAX 30    /* nested multiparts; BSI sends at most 4 */

/* Boundary lines and lines of headers, at the top and of parts: each
 * may cost some hundred bytes of objects, whatever its own length. */
#define MESSAGE_BOUNDARY_LINES_MAX 10000
#define MESSAGE_HEADER_LINES_MAX 20000

/* Bytes of one header field with its folds: Postfix cuts headers at 60,000. */
#define MESSAGE_FIELD_MAX (64 * 1024)
/* ';' and ',' in all header fields: each may be a parameter or an address, an
 * object of GMime's. */
#define MESSAGE_PARAMETERS_MAX 10000
#define MESSAGE_BYTES_MAX G_MAXINT32 /* lengths here are 32 bits wide */

typedef struct Message Message;

typedef struct {
    const char *type;     /* "text/plain", lower case */
    const char *within;   /* the multipart it stands in: "mixed", lower case; NULL: in none */
    const char *filename; /* decoded UTF-8, or NULL */
    gboolean attachment;  /* Content-Disposition: attachment */
    gboolean complete;    /* a boundary stands behind it, or it is the whole body */
} MessagePart;

/* Once per process, before any other function here and before threads. */
void message_init(void);

/* bytes: a whole mail, LF or CRLF line ends, an mbox "From " line in front is
 * skipped.  CERTBUND_ERROR_INPUT when there is no header, or a limit above is
 * passed.  The caller keeps its own reference on bytes. */
Message *message_parse(GBytes *bytes, GError **error);
void message_free(Message *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Message, message_free)

/* Value of the first field of this name, decoded (RFC 2047) and unfolded to
 * UTF-8, owned by the message; NULL when there is none. */
const char *message_header(Message *message, const char *name);
guint message_header_count(Message *message, const char *name);

/* All fields of the mail, those that describe its body included; i below their
 * number.  A value is decoded and owned as message_header()'s. */
guint message_n_headers(Message *message);
const char *message_header_at(Message *message, guint i);

/* The value of the i-th field of this name (from 0) as it stands in the mail, folds
 * included; NULL when there are fewer.  Fields of the mail itself, not of its parts. */
const char *message_raw_header(Message *message, const char *name, guint i);

/* The mail that was parsed, without an mbox line; header and body. */
GBytes *message_bytes(const Message *message);

/* The Date field in seconds since the epoch; FALSE when missing or unreadable. */
gboolean message_date(Message *message, gint64 *time_r);

/* Leaf parts in order of appearance; a message/rfc822 part is a leaf (what
 * somebody forwarded is not read). */
guint message_n_parts(const Message *message);
const MessagePart *message_part(const Message *message, guint i);

/* Decoded text of part i: transfer encoding undone, charset converted to UTF-8
 * (none or us-ascii with 8-bit bytes: UTF-8, else windows-1252), CRLF and lone
 * CR made LF, a BOM removed.  NUL-terminated, *length_r without the NUL; caller
 * frees with g_free().  CERTBUND_ERROR_INPUT on an unknown charset, bytes that
 * are not of it, or a NUL byte. */
char *message_part_text(Message *message, guint i, gsize *length_r, GError **error);

/* Decoded bytes of part i: transfer encoding undone, nothing else; caller frees.
 * CERTBUND_ERROR_INPUT for a message/rfc822 part. */
GBytes *message_part_bytes(Message *message, guint i, GError **error);

/* text[0..*length) in this charset (or NULL) -> what message_part_text() gives.  text, of
 * g_malloc(), is taken. */
char *message_clean_text(char *text, const char *charset, gsize *length, GError **error);

/* The one multipart/signed of a mail (RFC 1847 section 2.1), at the top or within the
 * multiparts that a mailing list put round it. */
typedef struct {
    GBytes *bytes;     /* the signed part: its header and body as they stand in the mail */
    GBytes *signature; /* transfer encoding undone: PGP armour, or DER */
    char *protocol;    /* "application/pgp-signature", lower case */
} SignedPart;

/* FALSE, with CERTBUND_ERROR_INPUT saying why, when there is none, more than one that is not
 * inside another, or it is not two whole parts.  The message must have been parsed from
 * bytes with CRLF, which is what is signed. */
gboolean message_signed_part(Message *message, SignedPart *part_r, GError **error);
void signed_part_clear(SignedPart *part);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SignedPart, signed_part_clear)

/* What may be read of a mail of which only this part is proven: that part, under the
 * Subject, Message-ID and Date of the mail. */
Message *message_of_signed_part(Message *message, GBytes *part, GError **error);

/* The same bytes with each LF a CRLF; the caller frees. */
GBytes *message_crlf(GBytes *bytes);

/* As g_utf8_validate_len(), with a quick way over ASCII, which most of a text is. */
gboolean message_is_utf8(const char *text, gsize length);

/* A field value as it stands in a mail -> decoded, unfolded UTF-8.  Encoded
 * words glued to plain text, split over folds, or raw UTF-8 are understood, as
 * OTRS and CERT-Bund's mailer write them.  Caller frees. */
char *message_decode_header(const char *value);

/* The addr-spec of the first mailbox in a raw From-like value, domain in lower
 * case, or NULL; caller frees. */
char *message_first_address(const char *value);

/* The same, but NULL unless the value is one mailbox and nothing else: no second one, no
 * group. */
char *message_only_address(const char *value);

#endif

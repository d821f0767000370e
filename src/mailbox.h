/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* mailbox: is this text a plain mail address, or a domain?
 *
 * For addresses that an operator writes into config and customers.csv and that
 * end in header fields and SMTP commands.  Stricter than RFC 5322 on purpose:
 * no quoted local part, comment, display name, address literal, route, blank
 * or anything but printable ASCII, so nothing of it can end a line or begin a
 * second address.  Internationalised domains are written as A-labels (xn--...). */
#ifndef CERTBUND_MAILBOX_H
#define CERTBUND_MAILBOX_H

#include <glib.h>

/* RFC 5321 section 4.5.3.1: the path may have 256 octets with its angle brackets. */
#define MAILBOX_MAX 254
#define MAILBOX_LOCAL_MAX 64

/* RFC 1035 section 2.3.4: a label has 63 octets, a name 255 on the wire. */
#define MAILBOX_DOMAIN_MAX 253
#define MAILBOX_LABEL_MAX 63

/* TRUE for one addr-spec: dot-atom (RFC 5322 section 3.2.3), '@', domain as below. */
gboolean mailbox_valid(const char *text);

/* TRUE when text[0..length) (no NUL needed) is a domain name: labels of letters,
 * digits and inner hyphens divided by single dots, the last one beginning with a
 * letter (RFC 1123 section 2.1: the highest-level label is alphabetic), so that
 * no IPv4 address or range is one.  One label suffices. */
gboolean mailbox_domain_valid(const char *text, gsize length);

#endif

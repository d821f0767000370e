/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard: law 2 (separation), checked on the finished bytes of every notice.
 *
 * The notice is decoded as its reader would decode it; its rows must be exactly
 * this customer's events, in the text, in the attached CSV, or in both, in the HTML where
 * they are in the text (of more than 500 it may have none), and in attached XARF; no other
 * part may be there.  Nothing outside these rows, header fields and the files' names included,
 * may name an affected address or mail account of the report that none of his events has.  It is found in these spellings, case ignored:
 * - IPv4: four decimal numbers, leading zeros allowed, divided by dots or by dashes
 *   ("192-0-2-1.dyn.example"), next to anything but a digit; below in-addr.arpa;
 *   within or mapped into IPv6.
 * - IPv6: every text of RFC 4291, more leading zeros, dashes for colons, behind any
 *   label, group or letters ("IPv6:2001:db8::1", "Adresse2001:db8::1") and before any
 *   port, group or letter that is no hexadecimal digit; 32 labels below ip6.arpa.
 * - Account: with anything glued before it, and behind it from a character on that no
 *   domain has, a dot or a hyphen; quoted; its domain as A-labels or U-labels.
 * - All of these with dots, colons or '@' defanged by brackets of any kind, halves of
 *   them, backslashes, blanks or line ends, or written as dot, punkt or at (in
 *   brackets or between blanks); with compatibility forms, digits of other scripts,
 *   other full stops, colons, dashes and quotes, and with invisible characters.
 * Not covered: an address as one number, in octal or hexadecimal parts, or with less
 * than four; blanks within a number; HTML entities, percent encoding; look-alike
 * letters of another script; an account described in words, or its parts apart; an
 * IPv6 address with hexadecimal digits glued to its last, not yet full group, which is
 * another address.
 *
 * Where more than one reading is possible each counts, and at worst a notice is held;
 * but an address of the customer's own is never taken for a part of itself, nor for
 * more together with the port, blank or bracket behind it.
 *
 * The networks that his events lie in may be named: see guard_know_networks(). */
#ifndef CERTBUND_GUARD_H
#define CERTBUND_GUARD_H

#include "assign.h"

typedef struct Guard Guard;

/* One for all notices of a report, which must outlive it.  For one thread. */
Guard *guard_new(const Report *report);
/* From now on a notice may name the addresses with which its customer's networks are written,
 * as 192.0.2.0/24 is with 192.0.2.0, also where it is an affected address that none of its rows
 * has, if all of the report's rows that have it are this customer's.  Both must outlive the
 * guard and those that share it. */
void guard_know_networks(Guard *guard, const Assignment *assignment, const Customers *customers);
/* Another of the same report, for another thread. */
Guard *guard_share(const Guard *guard);
void guard_free(Guard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guard, guard_free)

/* notice: a whole mail.  events: the customer's, in the order of the rows;
 * columns: those that the notice shows.  CERTBUND_ERROR_BUG says what is wrong;
 * the text names no foreign address. */
gboolean guard_check(const Guard *guard, GBytes *notice, const guint32 *events, guint n_events,
                     const guint *columns, guint n_columns, GError **error);

#endif

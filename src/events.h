/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* events: what `certbundctl events` shows of one report: JSON Lines.
 *
 * The output is an interface that scripts use; its keys and their order are
 * fixed.  No function here fails. */
#ifndef CERTBUND_EVENTS_H
#define CERTBUND_EVENTS_H

#include "report.h"

/* Append one JSON object and LF for each readable event, in the table's order:
 *   file, ticket, title, class, ip, [account], timestamp, [time_as_written],
 *   fields, certainty
 * ip is canonical text, or null where a mail account is affected and the cell is
 * no address; account only in classes about mail accounts; timestamp null and
 * time_as_written there when the time is not certain; fields: every other
 * column verbatim, in the table's order.  file is made valid UTF-8. */
void events_append(GString *out, const char *file, const Report *report);

/* Append what the lines above do not show, one line each, "file: reason" and LF:
 * why there are no events, or which rows were unreadable. */
void events_explain(GString *out, const char *file, const Report *report);

#endif

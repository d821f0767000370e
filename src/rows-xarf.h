/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* rows-xarf: a customer's rows -> reports of XARF v4 (https://xarf.org), for programs.
 *
 * src/xarf.csv is data: one line per class that a type of XARF says:
 *     class          id in classes.csv
 *     category, type of XARF
 *     service        vulnerability: which service or product
 *     protocol       connection: of the transport
 *     cve            type cve: of the class; empty: the row's, by its column "cve"
 *     method         type compromised_server: how it was broken into, or "unknown"
 *
 * A report is one event's: timestamp is the row's where that is certain, else the report's,
 * else the notice's; source_identifier is what is affected; reporter is who found it and
 * sender the operator.  Its one evidence is the row itself with the names of its columns, as
 * a CSV file (rows-csv.h), every cell verbatim.  report_id is a UUID of version 5 (RFC 9562
 * section 5.5), of the sender's domain, the ticket, the notice's reference and the row: the
 * same notice has the same bytes again. */
#ifndef CERTBUND_ROWS_XARF_H
#define CERTBUND_ROWS_XARF_H

#include "render.h"

#define XARF_VERSION "4.0.0"

/* Of a notice: of more rows all reports are in one file.  People open mails, too. */
#define XARF_FILES_MAX 50
/* Of a notice.  A report has about 2 KiB in base64, and many MTAs take 10 MB. */
#define XARF_ROWS_MAX 4000

/* Adds the rows' reports to files (of Attachment): one each, or in a bundle all in one JSON
 * array.  FALSE, and nothing added: XARF can't say all of them, for there are too many, no type
 * is known for their class, no CVE for a row of type cve, or what is affected is in none of
 * the columns, which are those that the notice shows. */
gboolean rows_xarf(GPtrArray *files, const RenderInput *input, const guint *columns,
                   guint n_columns, gboolean bundle);

#endif

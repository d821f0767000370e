/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* rows-xarf: a customer's rows -> reports of XARF v4 (https://xarf.org), for programs.
 *
 * src/xarf.csv is data: one line per class that a type of XARF says:
 *     class          id in classes.csv
 *     category, type of XARF: vulnerability or infrastructure, and one of its types
 *     service        vulnerability: which service or product
 *     cve            type cve: of the class; empty: the first of the row's, by its column "cve"
 *
 * A report is one event's: timestamp is the row's where that is certain, else the report's,
 * else the notice's; source_identifier is the affected address; reporter is who found it and
 * sender the operator.  Its one evidence is the row itself with the names of its columns, as
 * a CSV file (rows-csv.h), every cell verbatim.  report_id is a UUID of version 5 (RFC 9562
 * section 5.5), of the sender's domain, the ticket, the notice's reference and the row: the
 * same notice has the same bytes again.
 */
#ifndef CERTBUND_ROWS_XARF_H
#define CERTBUND_ROWS_XARF_H

#include "render.h"

#define XARF_VERSION "4.0.0"

/* Of a notice: of more rows all reports are in one file.  People open mails, too. */
#define XARF_FILES_MAX 50
/* Of all files of a notice together, before base64 makes them a third larger: many MTAs take
 * 10 MB.  Names of columns stand in each report, so that a few rows can be much. */
#define XARF_BYTES_MAX (6 * 1000 * 1000)

/* Adds the rows' reports to files (of Attachment): one each, or in a bundle all in one JSON
 * array.  FALSE, and nothing added: XARF can't say all of them, for they would be too large, no
 * type is known for their class, a row of category vulnerability has no port, one of type cve
 * no CVE number, or the affected address is in none of the columns, which are those that the
 * notice shows. */
gboolean rows_xarf(GPtrArray *files, const RenderInput *input, const guint *columns,
                   guint n_columns, gboolean bundle);

#endif

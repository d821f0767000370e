/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ctl-preview: what the files of the verb preview share. */
#ifndef CERTBUND_CTL_PREVIEW_H
#define CERTBUND_CTL_PREVIEW_H

#include "ctl.h"

/* Show the template in file with its sample rows, in each language, to one and to several, on
 * standard output, or as an HTML page in the file page.  Returns the exit status. */
int ctl_preview_template(const CtlCall *call, const char *file, const char *page);

#endif
